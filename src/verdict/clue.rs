//! Names for the observations that a diagnosis rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An observation that decided something. Taken away, the diagnosis or its certainty changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Clue {
    /// What `getaddrinfo` answered.
    NameAnswer,
    /// The name has addresses of the other family only.
    OtherFamilyOnly,
    /// The name breaks the rules of host names.
    NameMalformed,
    /// A system call failed at once.
    CallFailed,
    /// The handshake completed.
    Handshake,
    /// A datagram answered the datagram.
    PeerAnswered,
    /// Both ends of the connection are the same.
    SameEnds,
    /// The connection stayed open and quiet for the grace.
    StayedOpen,
    /// The peer sent data within the grace.
    PeerSpoke,
    /// The peer closed within the grace.
    PeerClosed,
    /// The peer reset within the grace.
    PeerReset,
    /// The address that clients try first failed.
    FirstAddressFailed,
    /// A reset answered the SYN.
    SynReset,
    /// An ICMP error ended the attempt.
    IcmpError,
    /// That ICMP error was made on this host.
    IcmpFromThisHost,
    /// `SO_ERROR` names an error, and the packet that made it was not shown.
    SoError,
    /// SYNs were sent, and nothing came back.
    SynUnanswered,
    /// A datagram was sent, and nothing came back.
    DatagramUnanswered,
    /// The datagram is still held in this host.
    DatagramHeld,
    /// UDP on this host found no socket for the datagram.
    ClosedByOwnUdp,
    /// UDP on this host did not answer the datagram: a filter did.
    NotByOwnUdp,
    /// The SYN is still held in this host.
    SynHeld,
    /// The timer ran out, and nothing was sent again.
    NoRepeat,
    /// A SYN like it left this host, and the reset came in from outside.
    LeftThisHost,
    /// What was sent to this host's own address did not pass its loopback device.
    NotOverLoopback,
    /// What was sent to another host passed this host's loopback device.
    OverLoopback,
    /// The TTL that this host sends with.
    OwnTtl,
    /// Retransmissions fail inside this host.
    SynNotSent,
    /// Segments reached the socket and were rejected.
    SegmentsRejected,
    /// The neighbour does not answer.
    NeighbourSilent,
    /// The device sent nothing while the neighbour was asked for.
    DeviceSentNothing,
    /// Packets came in by the device whenever the neighbour's answer was due, and at no other time.
    DeviceHeardAnswers,
    /// The neighbour answers.
    NeighbourAnswered,
    /// The kernel finds no route.
    NoRoute,
    /// The kernel's route lookup refuses.
    RouteRefuses,
    /// The route or rule that refuses is in the tables.
    RefusalFound,
    /// The kernel has a route.
    RouteFound,
    /// The target is an address of this host.
    TargetIsLocal,
    /// The destination is not one host's address.
    NotUnicast,
    /// A device is down.
    LinkDown,
    /// A device has no carrier.
    LinkNoCarrier,
    /// No address of this family to send from.
    NoOwnAddress,
    /// The family is switched off.
    FamilyOff,
    /// The device's MTU is too small for IPv6.
    MtuTooSmall,
    /// This host has an address of the family.
    FamilyOn,
    /// The kernel chose a loopback or link-local address to reach a target beyond.
    OddSource,
    /// Where privileged ports end.
    PrivilegedPorts,
    /// A link-local address without a scope.
    NoScope,
    /// No device has the source address.
    ForeignSource,
    /// The source address asked for is on another device than the one asked for.
    SourceElsewhere,
    /// The source address is tentative.
    TentativeSource,
    /// How far the SYNs get, hop by hop.
    Path,
    /// The target answers something else than this port.
    TargetAnswers,
    /// A reset came back to a SYN that could not have reached the target.
    ResetFromNearer,
    /// The target's own address answered a SYN that could not have reached the target.
    IcmpFromNearer,
    /// An ICMP error ended a SYN of the path sweep.
    PathRejected,
    /// The same routers come again and again.
    RoutersRepeat,
    /// A SYN with a greater TTL gets farther.
    GreaterTtlPasses,
    /// The reset was not sent by TCP on this host, and not from outside either.
    ResetByFilter,
    /// TCP on this host sent the reset.
    ResetByOwnTcp,
    /// What was sent to this host's own address was not delivered.
    NotDelivered,
    /// What was sent to this host's own address was delivered, and its answer was not.
    OwnAnswerKept,
    /// No route leads to the target by the device that was asked for.
    NoRouteByDevice,
    /// The accept queue overflowed.
    QueueOverflowed,
    /// The SYN did not reach a device.
    NotTransmitted,
    /// An IPsec policy wanted it protected, and there was no security association.
    NoAssociation,
    /// This host refuses to send a datagram to the target as well.
    DatagramDenied,
    /// Packets arrive when an answer is due, and go nowhere.
    RepliesSwallowed,
    /// Segments come in whenever an answer is due, and this host's TCP resets them.
    RepliesReset,
    /// Segments come in whenever an answer is due, each with a wrong checksum.
    RepliesBroken,
    /// Packets for an address that is not this host's come in whenever a SYN leaves.
    SynsReturn,
    /// A datagram came in when an answer was due, and no socket here has its addresses and ports.
    AnswerUnclaimed,
    /// The route to a loopback address leads away from this host.
    LoopbackLedAway,
    /// The answer came after the deadline.
    LateAnswer,
    /// The round trip alone is longer than the timeout.
    LongRoundTrip,
    /// What a name server answered.
    DnsAnswer,
    /// A name server gives addresses, where ordinary programs get none.
    DnsDisagrees,
    /// A name server answered later than ordinary programs wait.
    DnsLate,
    /// Name servers did not answer.
    DnsSilent,
    /// A name server can't be reached.
    DnsUnreachable,
    /// nsswitch.conf names no source that asks name servers.
    NoDnsSource,
    /// Files about names could not be read.
    FilesUnread,
    /// resolv.conf names no server.
    NoServerConfigured,
    /// `localhost` leads to an address that is not loopback.
    NotLoopback,
    /// The hosts file has the name.
    PinnedByHosts,
    /// The name servers give another address than the hosts file.
    DnsGivesOther,
    /// That other address completes the handshake.
    OtherAddressWorks,
    /// Nothing listens on the port, in any network namespace that can be seen.
    NoListener,
    /// The port is open on another address of this host.
    ListensElsewhere,
    /// The port is open in another network namespace of this machine.
    ListensInNamespace,
    /// The listener's accept queue is full.
    QueueFull,
    /// No process has accepted the connection.
    NotAccepted,
    /// Which socket has the source port.
    PortHeld,
    /// Which socket has the very four numbers.
    TupleHeld,
    /// How many ephemeral ports are taken towards the target.
    PortsCounted,
    /// A seccomp filter is on.
    SeccompOn,
    /// Who accepts on the port.
    AcceptedBy,
    /// A part of the path does not exist, or leads nowhere.
    PathMissing,
    /// What lies at the path is no socket.
    NotASocket,
    /// What lies at the path is a socket.
    FileIsSocket,
    /// A directory of the path may not be searched.
    DirectoryBarred,
    /// The socket may not be written to.
    NotWritable,
    /// The socket may be written to.
    FilePermits,
    /// No socket in the kernel's list has this file or name.
    SocketUnserved,
    /// A socket has this file or name, and does not listen.
    SocketBound,
    /// The listener has shut itself down.
    SocketShut,
    /// A socket in the kernel's list takes connections by now.
    SocketOpen,
    /// A program listens on a socket that was bound under this path, and has another file.
    NameKept,
    /// A program has the abstract name with NUL bytes behind it.
    NamePadded,
    /// The type of the socket, from the kernel's list.
    SocketTypeSeen,
    /// A datagram socket that is connected to another one takes datagrams from that one alone.
    PeerConnected,
    /// Connect said for a while that the queue is full.
    QueueStayedFull,
    /// The device asked for can't carry packets to the target.
    WrongDevice,
    /// In a list, other targets on the same way were rejected with an ICMP error.
    OthersRejected,
    /// The source address asked for is a loopback address, and the target is not on this host.
    LoopbackSource,
}
