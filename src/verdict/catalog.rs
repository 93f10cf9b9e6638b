//! **The list** of verdicts: one block each. Help, `explain`, man page, schema and README follow from it.
//!
//! Words in braces are filled by `report::Words`; a headline or a step with a variant's name in front is
//! used only where the rule chose that variant.

use super::Class;
use serde::{Deserialize, Serialize};

/// Which wording of a verdict's headline fits; `""` is the usual one.
pub type Variant = &'static str;

/// Where a step is to be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// This host.
    Client,
    /// The target's host.
    Target,
    /// The name server, or whoever keeps the zone.
    Resolver,
    /// A router on the way.
    Router,
}

/// One thing to do next.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The variants that it is for; empty for all.
    pub only: &'static [Variant],
    /// On which machine.
    pub on: Side,
    /// What to do.
    pub text: &'static str,
    /// A command to paste, right for the target once its braces are filled; empty for none.
    pub command: &'static str,
}

/// One verdict.
#[derive(Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// As users write it.
    pub id: &'static str,
    /// Its class.
    pub class: Class,
    /// When it holds, in one line.
    pub holds_when: &'static str,
    /// The verdict line, by variant; the first is the usual one.
    pub headlines: &'static [(Variant, &'static str)],
    /// What to do, most useful first.
    pub next: &'static [Step],
    /// What may look the same, and how.
    pub look_alikes: &'static [(Code, &'static str)],
    /// The one thing to look at that tells the look-alikes apart; the first that fits the variant.
    pub apart: &'static [Step],
    /// The page that `explain` prints.
    pub text: &'static str,
}

macro_rules! catalog {
    ($( $code:ident = $class:ident . $id:literal {
        holds: $holds:literal;
        $( headline $($variant:literal)? : $headline:literal; )+
        $( next $(($($only:literal),+))? $on:ident : $step:literal $(=> $command:literal)? ; )*
        $( alike $alike:ident : $why:literal; )*
        $( apart $(($($when:literal),+))? $by:ident : $look:literal $(=> $with:literal)? ; )*
    } )+) => {
        /// A verdict code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub enum Code { $( #[doc = $holds] $code ),+ }

        /// Every verdict, in the order in which lists show them.
        pub static CATALOG: &[Entry] = &[ $( Entry {
            code: Code::$code,
            id: $id,
            class: Class::$class,
            holds_when: $holds,
            headlines: &[ $( (concat!($($variant)?), $headline) ),+ ],
            next: &[ $( Step {
                only: &[ $($($only),+)? ],
                on: Side::$on,
                text: $step,
                command: concat!($($command)?),
            } ),* ],
            look_alikes: &[ $( (Code::$alike, $why) ),* ],
            apart: &[ $( Step {
                only: &[ $($($when),+)? ],
                on: Side::$by,
                text: $look,
                command: concat!($($with)?),
            } ),* ],
            text: include_str!(concat!("text/", $id, ".md")),
        } ),+ ];
    };
}

catalog! {
    ConnectedOk = Connected."connected.ok" {
        holds: "the handshake completed on the address that an ordinary client would try first";
        headline: "{endpoint} completes the handshake";
        headline "unix": "{endpoint} takes the connection";
        headline "datagram": "a program has the socket {endpoint}, and this user may send to it";
        headline "udp": "{endpoint} answers over UDP";
        alike TimeoutAcceptQueue: "nothing was sent: the queue of its program may be full";
        alike ResolveTimeout: "a name server that programs ask first may yet give another address";
        apart ("datagram") Client: "does the queue in its Recv-Q column go down?" => "ss -xa";
        apart Client: "see what programs here get in the end" => "getent ahosts {host}";
    }
    ConnectedPartial = Connected."connected.partial" {
        holds: "some address works, but the one that clients try first does not, or not within 1 s";
        headline: "{working} completes the handshake, but clients try {endpoint} first, and that one fails";
        headline "slow": "{working} completes the handshake, but clients try {endpoint} first, and that one has not answered";
        headline "udp": "{working} answers over UDP, but clients try {endpoint} first, and that one fails";
        headline "udp-slow": "{working} answers over UDP, but clients try {endpoint} first, and that one has not answered";
        next Client: "see the order in which programs here try the addresses" => "getent ahosts {host}";
        next Client: "diagnose the failing address alone" => "whyconn {endpoint}";
    }

    ResolveNxdomain = Resolve."resolve.nxdomain" {
        holds: "the name does not exist";
        headline: "the name {host} does not exist";
        headline "disagree": "programs here get no address for {host}, though the name server {server} has one";
        next Client: "check the spelling, and what programs here get for it" => "getent ahosts {host}";
        next ("disagree") Client: "see which sources programs ask, and in which order" => "grep hosts: /etc/nsswitch.conf";
        next ("") Resolver: "is the record missing from the zone?";
        alike ResolveNoServer: "where this host is told to ask no name server, the C library gives the same answer";
        alike ResolveTimeout: "programs here still wait for a server, or another source of names, that may know better";
        apart Client: "see which sources of names programs here ask" => "grep hosts: /etc/nsswitch.conf";
    }
    ResolveNoAddress = Resolve."resolve.no-address" {
        holds: "the name exists, but has no address (of the family asked for)";
        headline: "the name {host} exists, but has no address";
        headline "alias": "the name {host} is an alias that leads to no address";
        headline "disagree": "programs here are told that {host} has no address, though the name server {server} gives one";
        headline "asked": "the name {host} has no {family} address";
        headline "family": "the name {host} has no {family} address, only {other_family} ones";
        next ("family") Client: "ask for addresses of either family" => "getent ahosts {host}";
        next ("disagree") Client: "see which sources programs ask, and in which order" => "grep hosts: /etc/nsswitch.conf";
        next ("", "asked", "family") Resolver: "does the zone have an A or AAAA record for the name?";
        next ("alias") Resolver: "does the name at the end of the CNAME records have an A or AAAA record?";
        alike ResolveServfail: "one of the two questions, A and AAAA, may have failed: the C library does not tell";
        alike ResolveNoServer: "where this host is told to ask no name server, the C library gives the same answer";
        alike ResolveTimeout: "programs here still wait for a server, or another source of names, that may know better";
        apart Client: "see which sources of names programs here ask" => "grep hosts: /etc/nsswitch.conf";
    }
    ResolveServfail = Resolve."resolve.servfail" {
        holds: "the name servers answer SERVFAIL";
        headline: "the name server {server} fails to look up {host} (SERVFAIL)";
        headline "bogus": "the name server {server} rejects what it finds for {host}: DNSSEC validation fails";
        headline "other": "the name server {server} answers {rcode} for {host}";
        headline "garbled": "the name server {server} answers for {host} what can't be read";
        headline "eai": "the name {host} could not be looked up: the name service says \"try again\"";
        next ("", "other", "garbled") Resolver: "see the server's log: can it reach the servers of the zone?";
        next ("bogus") Resolver: "are the zone's signatures and keys in order? ask without validation" => "dig @{server_address} -p {server_port} {host} +cd";
        next ("eai") Client: "see which name servers are asked" => "cat /etc/resolv.conf";
        next Client: "ask again: a passing fault goes away" => "getent ahosts {host}";
        alike ResolveRefused: "a name server answers REFUSED, and the C library folds both into one error";
        alike ResolveServerUnreachable: "a name server can't be reached, and the C library folds both into one error";
        alike ResolveNoServer: "with no name server configured, the C library asks 127.0.0.1 and gives the same error";
        alike ResolveNxdomain: "programs here were told that there is no such name, which may be so";
        alike ResolveTimeout: "another name server does not answer; what can't be read counts as no answer as well";
        alike ResolveNoAddress: "programs here were told that the name has no address, before the server failed";
        apart Client: "ask that server once more, and see what it says itself" => "whyconn --dns {server_endpoint} {endpoint}";
    }
    ResolveRefused = Resolve."resolve.refused" {
        holds: "the name server refuses to answer us";
        headline: "the name server {server} refuses to look up {host} for this host";
        next Resolver: "may this client ask? see the server's access list, and whether it looks up foreign names";
        next Client: "see which name servers are asked" => "cat /etc/resolv.conf";
        alike ResolveServerUnreachable: "another name server can't be reached";
        alike ResolveNxdomain: "programs here were told that there is no such name, which may be so";
        alike ResolveTimeout: "another name server does not answer";
        apart Client: "ask that server once more, and see what it says itself" => "whyconn --dns {server_endpoint} {endpoint}";
    }
    ResolveTimeout = Resolve."resolve.timeout" {
        holds: "no name server answered in time";
        headline: "no name server answered for {host} within {dns_waited}: {servers}";
        headline "slow": "the name server {server} takes {dns_elapsed} to answer for {host}, longer than programs here wait";
        headline "eai": "the name {host} was not answered within {timeout}";
        next Client: "see which name servers are asked" => "cat /etc/resolv.conf";
        next ("") Client: "see where the questions end" => "whyconn udp://{server_endpoint}";
        next ("slow") Resolver: "why does the server take so long? see its log, and the servers that it asks";
        alike ResolveServerUnreachable: "a name server that can't be reached looks the same where the error that would say so is lost or held back";
        alike ResolveServfail: "a name server that answers late, and with an error, looks the same until then";
        apart Client: "give that server more time" => "whyconn --dns {server_endpoint} -t {longer} {endpoint}";
    }
    ResolveServerUnreachable = Resolve."resolve.server-unreachable" {
        holds: "the name server's port or host is unreachable";
        headline: "the name server {server} can't be asked for {host}: {server_why}";
        headline "way": "the name server {server} can't be asked for {host}: {server_why}";
        headline "here": "the name server {server} can't be asked for {host}: {server_why}";
        headline "tcp": "the name server {server} has to be asked over TCP for {host}, and can't be ({dns_errno})";
        next Client: "see which name servers are asked" => "cat /etc/resolv.conf";
        next ("tcp") Resolver: "does the server listen on TCP port 53, and do the firewalls let it through?" => "ss -ltn 'sport = :{server_port}'";
        next ("way", "here") Client: "see where the questions end" => "whyconn udp://{server_endpoint}";
        next ("here") Client: "does a rule of this host reject or drop them (needs root)?" => "nft list ruleset";
        next ("") Resolver: "does the server run, and listen on this address?" => "ss -lun 'sport = :{server_port}'";
        alike ResolveTimeout: "another name server does not answer, or this one is only slow";
        apart Client: "give that server more time" => "whyconn --dns {server_endpoint} -t {longer} {endpoint}";
    }
    ResolveNoServer = Resolve."resolve.no-server" {
        holds: "no name server is configured, or ordinary programs are told not to ask any (nsswitch)";
        headline: "no name server is configured on this host to look up {host}";
        headline "nsswitch": "programs on this host are told to ask no name server for {host} (nsswitch.conf)";
        next ("") Client: "see which name servers are configured" => "cat /etc/resolv.conf";
        next Client: "see which sources programs ask" => "grep hosts: /etc/nsswitch.conf";
        alike ResolveNxdomain: "another source of names may have been asked, and not have it";
        alike ResolveTimeout: "something on 127.0.0.1 may be slow to answer";
        apart Client: "see which sources of names programs here ask" => "grep hosts: /etc/nsswitch.conf";
    }
    ResolveBadName = Resolve."resolve.bad-name" {
        holds: "the name can't be looked up at all: empty or over-long label, illegal characters";
        headline: "{host} can't be looked up: it is not a host name";
        headline "empty-label": "{host} can't be looked up: its label {label} is empty";
        headline "long-label": "{host} can't be looked up: the label {label} is longer than 63 characters";
        headline "long-name": "{host} can't be looked up: the name is longer than 253 characters";
        headline "non-ascii": "{host} can't be looked up: it has characters outside ASCII";
        headline "characters": "{host} can't be looked up: the label {label} has characters that no host name has";
        next Client: "check the spelling: letters, digits, hyphens, and dots between labels of 1 to 63 characters";
        next ("non-ascii") Client: "give the name in its xn-- form (RFC 5891)";
    }

    AliasLocalhostFamily = Alias."alias.localhost-family" {
        holds: "a loopback name leads to one family, the service listens on the other";
        headline: "{host} leads to {address}, but port {port} is open here only on {listeners}";
        next Client: "connect to the address on which it listens" => "whyconn {listener_endpoint}";
        next Client: "or give {host} an {other_family} address too: see what the hosts file has" => "getent -s files ahosts {host}";
        next Target: "or have the service listen on {address} as well" => "ss -l{ss}np 'sport = :{port}'";
        alike RefusedRst: "the reset may have another reason than the missing listener";
        alike RefusedIcmpPort: "the refusal may have another reason than the missing listener";
        apart Client: "is what listens there the service?" => "ss -l{ss}np 'sport = :{port}'";
    }
    AliasLocalhostMapping = Alias."alias.localhost-mapping" {
        holds: "localhost does not resolve for ordinary programs, or leads to something that is not loopback";
        headline: "{host} leads to {address}, which is not loopback, and {address} refuses port {port}";
        headline "unresolved": "{host} does not resolve for programs on this host";
        next Client: "see the hosts file: 127.0.0.1 and ::1 should have the name" => "grep -n localhost /etc/hosts";
        next Client: "and the sources that programs ask: files should be one" => "grep hosts: /etc/nsswitch.conf";
        alike ResolveTimeout: "a name server may be slow to answer for the name";
        apart Client: "see what programs here get in the end" => "getent ahosts {host}";
    }
    AliasBoundElsewhere = Alias."alias.bound-elsewhere" {
        holds: "the target is this host, and the port is open here, but on another local address or in another network namespace";
        headline: "you asked for {endpoint}; port {port} is open here only on {listeners}";
        headline "device": "you asked for {endpoint}; port {port} is open here only through the device {listener_device}: {listeners}";
        headline "namespace": "nothing listens on {endpoint}; port {port} is open in another network namespace of this machine: {foreign}";
        next ("") Client: "connect to the address on which it listens" => "whyconn {listener_endpoint}";
        next ("device") Target: "have the service listen on {address} as well, not on the device alone" => "ss -l{ss}np 'sport = :{port}'";
        next ("") Target: "or have the service listen on {address} as well" => "ss -l{ss}np 'sport = :{port}'";
        next ("namespace") Target: "publish the port of the container, have its service listen on more than its loopback, or ask from inside it";
        alike RefusedRst: "that listener may have nothing to do with what you want to reach";
        alike RefusedSelfConnect: "that listener may have nothing to do with what you want to reach";
        alike RefusedIcmpPort: "that listener may have nothing to do with what you want to reach";
        apart Client: "is what listens there the service?" => "ss -l{ss}np 'sport = :{port}'";
    }
    AliasHostsOverride = Alias."alias.hosts-override" {
        holds: "/etc/hosts pins the name to an address that fails, while DNS gives another";
        headline: "{hosts_line} sends {host} to {address}, which fails; the name servers give {others}";
        next Client: "see what the hosts file has for it" => "getent -s files ahosts {host}";
        next Client: "and what the name servers have" => "getent -s dns ahosts {host}";
        alike RefusedRst: "the service may be down, whichever address the name leads to";
        alike RefusedIcmpPort: "the service may be down, whichever address the name leads to";
        apart Client: "ask the address that the name servers give";
    }

    RefusedRst = Refused."refused.rst" {
        holds: "a TCP reset came back, as from a host on which nothing listens on the port";
        headline: "{endpoint} answered with a reset, as where nothing listens";
        headline "local": "{endpoint}, on this host, answered with a reset, as where nothing listens";
        headline "nothing-here": "nothing listens on {endpoint}, on this host: its TCP answered with a reset";
        headline "sinkhole": "{host} leads to {address}, as a filter of names answers: the connection ended at this host, with a reset";
        headline "forwarded": "{endpoint} is forwarded by this host, and what is behind it answered with a reset";
        headline "intercepted": "this host itself answered for {endpoint} with a reset: connections are redirected to a port on which nothing listens";
        next ("forwarded") Client: "see where the port leads (needs root)" => "nft list ruleset";
        next ("intercepted") Client: "find the redirection (needs root)" => "nft list ruleset";
        next ("nothing-here") Target: "does the service run? start it, or look for the port that it has" => "ss -ltnp";
        next ("sinkhole") Client: "see what programs here get for the name; its filter is kept by whoever runs the name server" => "getent ahosts {host}";
        next ("", "local") Target: "see what listens on the port; no line below the heading: the service does not run" => "ss -ltnp 'sport = :{port}'";
        alike RefusedRstForged: "a firewall on the way can send the reset in the target's name";
        alike LocalFirewallReject: "this host's own packet filter can answer with the same reset";
        alike AliasBoundElsewhere: "the service may listen on another address of this host, or in another network namespace";
        alike RefusedIcmpPort: "an ICMP error gives the same errno";
        apart Target: "does the SYN arrive there, and does the reset leave? (needs root)" => "tcpdump -ni any '{proto} port {port}'";
    }
    RefusedRstForged = Refused."refused.rst-forged" {
        holds: "the reset was sent by something nearer than the target";
        headline: "a reset came back for {endpoint}, sent by something nearer than the target";
        next Router: "look for the rule that rejects port {port} towards {address} (needs root)" => "nft list ruleset";
        alike RefusedRst: "a packet of another kind may have taken a longer way than the SYN";
        alike LocalFirewallReject: "this host's own packet filter can answer at once, too";
        apart Target: "does the SYN arrive there? then the reset is its own (needs root)" => "tcpdump -ni any '{proto} port {port}'";
    }

    RefusedIcmpPort = Refused."refused.icmp-port" {
        holds: "ICMP port unreachable came back";
        headline: "{address} rejects port {port} by ICMP port unreachable: a packet filter there does that";
        headline "unseen": "port {port} of {address} was rejected by ICMP; this kernel does not show by whom";
        headline "udp": "{address} answers that its UDP port {port} is closed (ICMP port unreachable)";
        headline "nothing-here": "nothing listens on UDP {endpoint}, on this host: it answered with ICMP port unreachable";
        headline "router": "{sender}, on the way, rejects port {port} of {address} by ICMP port unreachable";
        next ("") Target: "look for the rule that rejects port {port} (needs root)" => "nft list ruleset";
        next ("router") Router: "look on {sender} for the rule that rejects port {port} towards {address} (needs root)" => "nft list ruleset";
        next ("udp") Target: "does the service run, and listen on this address?" => "ss -lun 'sport = :{port}'";
        next ("udp") Target: "if it does: a rule that rejects the port gives the same answer (needs root)" => "nft list ruleset";
        next ("nothing-here") Target: "does the service run? start it, or look for the port that it has" => "ss -lunp";
        next ("unseen") Client: "see who answers (needs root), and try again" => "tcpdump -ni any 'icmp or icmp6 or {proto} port {port}'";
        alike AliasBoundElsewhere: "the service may be bound to another address of this host, or in another network namespace";
        alike TimeoutSilent: "only SYNs of the path sweep drew the error, the attempt itself stayed without an answer";
        alike RefusedRst: "a reset and an ICMP error give the same errno";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same way";
        apart Target: "does it arrive there, and does the ICMP error leave? (needs root)" => "tcpdump -ni any '{proto} port {port} or icmp or icmp6'";
    }
    RefusedSelfConnect = Refused."refused.self-connect" {
        holds: "the kernel joined the socket to itself: source and destination are the same, nothing listens";
        headline: "nothing listens on {endpoint}: the kernel joined the socket to itself";
        headline "udp": "nothing else listens on UDP {endpoint}: the datagram came back to the socket that sent it";
        next Target: "start the service, or choose another source port than {port}" => "ss -l{ss}n 'sport = :{port}'";
    }
    RefusedStaleSocket = Refused."refused.stale-socket" {
        holds: "a unix socket (file or abstract name) on which nothing listens any more or yet";
        headline: "nothing listens on the socket {host}";
        headline "bound": "a program has bound the socket {host}, and does not listen on it";
        headline "shut": "the listener on {host} has shut its socket down";
        headline "replaced": "nothing listens on the socket {host}: a program listens on another one that was bound there before";
        headline "abstract": "nothing has the abstract name {host} in this network namespace";
        headline "padded": "nothing has the abstract name {host}: a program has it with {unix_padding} NUL bytes behind it, which is another name";
        headline "namespace": "nothing has the abstract name {host} in this network namespace; another one of this machine has it: {unix_elsewhere}";
        next ("") Target: "does the service run? see whose the file is, and how old" => "ls -l {host}";
        next ("", "abstract") Target: "see where programs here do listen" => "ss -lxp";
        next ("bound") Target: "is it still starting? see which program has it" => "ss -lxp src {unix_listed}";
        next ("shut") Target: "is it shutting down? see which program has it" => "ss -lxp src {unix_listed}";
        next ("replaced") Target: "restart the program that listens, so that it makes its file anew" => "ss -lxp src {unix_listed}";
        next ("padded") Target: "have the program give the length of the name, not of the whole address, when it binds; or have the client pad it too" => "ss -lxp";
        next ("namespace") Client: "ask from inside that namespace (needs root)" => "nsenter -t {unix_pid} -n whyconn {endpoint}";
        alike UnreachableNoSocket: "the file there may be no socket: it could not be looked at";
        alike ConnectedOk: "a program may listen on it by now";
        apart Client: "run it again, as a user who may look at the file" => "whyconn {unix_typed}";
    }

    TimeoutSilent = Timeout."timeout.silent" {
        holds: "no answer to the SYNs, and no sign that the target is up";
        headline: "nothing came back from {address} for {syns} in {elapsed}";
        headline "udp": "nothing came back from {address} for {payload} to UDP port {port} in {elapsed}";
        next ("udp") Target: "watch whether the datagram arrives (needs root), and try again" => "tcpdump -ni any udp port {port}";
        next ("udp") Client: "ask in the words of the service: one that is alive may keep silent on {payload}";
        next ("") Target: "watch whether the SYN arrives (needs root), and try again" => "tcpdump -ni any 'tcp port {port} and tcp[tcpflags] & tcp-syn != 0'";
        alike TimeoutPortSilent: "the target may be up and drop what comes to this port";
        alike TimeoutAcceptQueue: "a full accept queue at the target drops SYNs in silence too";
        alike TimeoutTooShort: "the answer may take longer than {timeout}";
        alike LocalReplyDropped: "this host's own filter may drop the answer";
        alike LocalFirewallDrop: "this host's own filter may drop the SYN";
        alike UnreachableGateway: "a gateway that died lately is still in the neighbour table";
        apart ("udp") Target: "does the datagram arrive there, and does an answer leave? (needs root)" => "tcpdump -ni any '{proto} port {port}'";
        apart Target: "does the SYN arrive there, and does a SYN-ACK leave? (needs root)" => "tcpdump -ni any '{proto} port {port}'";
    }
    TimeoutPortSilent = Timeout."timeout.port-silent" {
        holds: "the target answers other packets, but nothing on this port";
        headline: "{address} is up, but nothing answers on port {port}";
        headline "local": "{address} is this host, but nothing answers on port {port}";
        headline "udp": "{address} is up, but UDP port {port} does not answer {payload}; a service may keep silent on that";
        headline "udp-local": "UDP port {port} of {address}, this host, does not answer {payload}; a service may keep silent on that";
        next ("udp", "udp-local") Target: "see whether the service listens; a Recv-Q that stays above 0 waits for a program that does not read" => "ss -lun 'sport = :{port}'";
        next ("udp", "udp-local") Client: "ask in the words of the service: one that is alive may keep silent on {payload}";
        next ("", "local") Target: "see whether the service listens; Recv-Q above Send-Q is a full accept queue" => "ss -ltn 'sport = :{port}'";
        next Target: "look for a rule that drops port {port} (needs root)" => "nft list ruleset";
        alike TimeoutAcceptQueue: "a full accept queue drops SYNs in silence too";
        alike TimeoutTooShort: "the answer may take longer than {timeout}";
        alike LocalReplyDropped: "this host's own filter may drop the answer";
        alike LocalFirewallDrop: "this host's own filter may drop what comes to the port";
        apart ("udp") Target: "does the datagram arrive there, and does an answer leave? (needs root)" => "tcpdump -ni any '{proto} port {port}'";
        apart Target: "does the SYN arrive there, and does a SYN-ACK leave? (needs root)" => "tcpdump -ni any '{proto} port {port}'";
    }
    TimeoutAcceptQueue = Timeout."timeout.accept-queue" {
        holds: "the listener (here, or a unix socket) has a full accept queue";
        headline: "the listener on {endpoint} has a full accept queue";
        headline "unix": "the listener on {endpoint} has a full accept queue: no room within {unix_full}";
        next ("") Target: "compare Recv-Q with Send-Q" => "ss -ltn 'sport = :{port}'";
        next ("unix") Target: "is the program stuck or stopped? Recv-Q counts what waits for it" => "ss -lxp src {unix_listed}";
        alike TimeoutPortSilent: "another listener's queue may have overflowed at the same moment";
        apart Target: "does ListenOverflows rise with each try?" => "nstat -az TcpExtListenOverflows";
    }
    TimeoutAnswerInvalid = Timeout."timeout.answer-invalid" {
        holds: "packets come back for this very connection, but none that completes the handshake";
        headline: "{address} answers on port {port}, but with packets that do not fit this connection";
        next Target: "is an old connection with the same four numbers left there?" => "ss -tan 'sport = :{port}'";
        next Client: "try from another source port: it is a new connection for everybody" => "whyconn {endpoint}";
        alike TimeoutSilent: "the packets that came may be strays, and the real answer lost";
        apart Client: "which packets come back? (needs root)" => "tcpdump -ni any '{proto} port {port}'";
    }
    TimeoutTooShort = Timeout."timeout.too-short" {
        holds: "the answer arrived, after the deadline that was asked for: the timeout is shorter than the round trip";
        headline: "{endpoint} answers, but not within {timeout}";
        next Client: "give it more time" => "whyconn -t {longer} {endpoint}";
        alike TimeoutSilent: "a packet or its answer may have been lost on the way";
        apart Client: "give it more time" => "whyconn -t {longer} {endpoint}";
    }

    UnreachableNoRoute = Unreachable."unreachable.no-route" {
        holds: "this host has no route to the target; nothing was sent";
        headline: "this host has no route to {address}";
        headline "lost": "the route to {address} went away while the connect was waiting";
        headline "udp-lost": "the route to {address} went away while the answer was awaited";
        headline "not-unicast": "{address} is not the address of one host: TCP can't be sent there";
        headline "udp-not-unicast": "{address} is not the address of one host: no datagram was sent, which would go to many";
        next Client: "see the routes" => "ip {family_flag} route get {address}";
        next Client: "is the link that should lead there up?" => "ip -br {family_flag} address";
        alike UnreachableLocalRoute: "a throw route, or a rule that says unreachable, gives the same error";
        alike TimeoutSilent: "what went out before may have been answered";
        apart Client: "see the rules and the routes that they lead to" => "ip {family_flag} rule";
    }
    UnreachableLocalRoute = Unreachable."unreachable.local-route" {
        holds: "a local unreachable, prohibit, blackhole or throw route, or rule, matches";
        headline: "this host refuses to send to {address}: {refusal} says so";
        headline "rule": "this host refuses to send to {address}: {refusal} says so";
        headline "unseen": "this host refuses to send to {address}: the route lookup fails with {errno}";
        next ("") Client: "see the route, and who put it there" => "ip {family_flag} route show table all type {refusal_type}";
        next ("rule") Client: "see the rules, and who put them there" => "ip {family_flag} rule";
        next ("unseen") Client: "see the routes and rules" => "ip {family_flag} rule; ip {family_flag} route show table all";
        alike LocalDenied: "a local policy can fail the connect with the same error";
        apart Client: "see the route for this very address" => "ip route get {address}";
    }
    UnreachableNeighbor = Unreachable."unreachable.neighbor" {
        holds: "the target is on our link, and does not answer ARP / neighbour discovery";
        headline: "{address} should be on the link {device}, and does not answer {arp}";
        next Client: "see the neighbour's state" => "ip {family_flag} neigh show {address} dev {device}";
        next Target: "is it up, on this link, with this address?" => "ip -br {family_flag} address";
        alike TimeoutPortSilent: "the neighbour may yet answer: it had only {elapsed}";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same words";
        apart Client: "is a rule of this host's own in the way? (needs root)" => "nft list ruleset";
    }
    UnreachableGateway = Unreachable."unreachable.gateway" {
        holds: "the gateway does not answer ARP / neighbour discovery";
        headline: "the gateway {gateway} on the link {device} does not answer {arp}";
        headline "stale": "the gateway {gateway} on the link {device} has stopped answering";
        next Client: "see the gateway's state" => "ip {family_flag} neigh show {gateway} dev {device}";
        next Client: "is it the right gateway?" => "ip {family_flag} route get {address}";
        next Router: "is {gateway} up, and on this link?";
        alike TimeoutSilent: "the gateway may yet answer, and what was sent be lost behind it";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same words";
        apart Client: "see whether the gateway is REACHABLE again" => "ip {family_flag} neigh show {gateway} dev {device}";
    }
    UnreachableIcmpNet = Unreachable."unreachable.icmp-net" {
        holds: "a router (or the target) answered ICMP network unreachable";
        headline: "{sender} says that it can't reach the network of {address} ({icmp})";
        next Router: "does {sender} have a route to {address}?" => "ip {family_flag} route get {address}";
        alike TimeoutSilent: "only packets of the path sweep drew the error, the attempt itself stayed without an answer";
        alike LocalFirewallReject: "this host's own packet filter answers in the same way, and whose address the sender has could not be looked up";
        apart Client: "try again, for longer" => "whyconn -t {longer} {endpoint}";
    }
    UnreachableIcmpHost = Unreachable."unreachable.icmp-host" {
        holds: "a router (or the target) answered ICMP host unreachable";
        headline: "{sender} says that it can't reach {address} ({icmp})";
        next Target: "is {address} up, on its link, with this address?" => "ip -br {family_flag} address";
        next Router: "does {address} answer {arp} there?" => "ip {family_flag} neigh show {address}";
        alike TimeoutSilent: "only packets of the path sweep drew the error, the attempt itself stayed without an answer";
        alike LocalFirewallReject: "this host's own packet filter answers in the same way, and whose address the sender has could not be looked up";
        apart Client: "try again, for longer" => "whyconn -t {longer} {endpoint}";
    }
    UnreachableIcmpAdmin = Unreachable."unreachable.icmp-admin" {
        holds: "a router (or the target) answered that it is administratively prohibited";
        headline: "{sender} prohibits this connection ({icmp})";
        headline "udp": "{sender} prohibits UDP to port {port} of {address} ({icmp})";
        next ("", "udp") Router: "look on {sender} for the rule that prohibits port {port} towards {address} (needs root)" => "nft list ruleset";
        next ("", "udp") Router: "or for the route" => "ip {family_flag} route get {address}";
        next ("target") Target: "look for the rule that prohibits port {port} (needs root)" => "nft list ruleset";
        alike TimeoutSilent: "only SYNs of the path sweep drew the error, the attempt itself stayed without an answer";
        alike LocalFirewallReject: "this host's own packet filter answers in the same way, and whose address the sender has could not be looked up";
        apart Client: "try again, for longer" => "whyconn -t {longer} {endpoint}";
    }
    UnreachableIcmpProtocol = Unreachable."unreachable.icmp-protocol" {
        holds: "a router (or the target) answered ICMP protocol unreachable";
        headline: "{sender} says that {transport} is not spoken at {address} ({icmp})";
        next ("") Router: "look on {sender} for the rule that rejects {transport} towards {address} (needs root)" => "nft list ruleset";
        next ("target") Target: "look for the rule that rejects {transport} (needs root)" => "nft list ruleset";
        alike TimeoutSilent: "only SYNs of the path sweep drew the error, the attempt itself stayed without an answer";
        alike LocalFirewallReject: "this host's own packet filter answers in the same way, and whose address the sender has could not be looked up";
        apart Client: "try again, for longer" => "whyconn -t {longer} {endpoint}";
    }
    UnreachableIcmpOther = Unreachable."unreachable.icmp-other" {
        holds: "a router (or the target) answered another ICMP error";
        headline: "{sender} ended the connection by an ICMP error: {icmp}";
        headline "udp": "{sender} answered the datagram with an ICMP error: {icmp}";
        headline "unseen": "an error packet ended the connection ({errno}); this kernel does not show it";
        headline "udp-unseen": "an error packet answered the datagram ({errno}); this kernel does not show it";
        headline "own-ttl": "this host's own TTL is too small: it runs out at {sender}, on the way to {address}";
        headline "time-exceeded": "the SYN's TTL ran out at {sender} on the way to {address}";
        headline "udp-time-exceeded": "the datagram's TTL ran out at {sender} on the way to {address}";
        next ("own-ttl") Client: "see the TTL that this host sends with; 64 is usual" => "sysctl {ttl_setting}";
        next ("time-exceeded", "udp-time-exceeded") Client: "see whether the same routers repeat" => "tracepath -n {address}";
        next ("time-exceeded", "udp-time-exceeded") Client: "is this host's own TTL too small?" => "sysctl {ttl_setting}";
        next ("", "udp") Router: "why does {sender} say so?";
        next ("unseen", "udp-unseen") Client: "see who answers (needs root), and try again" => "tcpdump -ni any 'icmp or icmp6'";
        alike UnreachableLoop: "a routing loop wears the TTL out too";
        alike TimeoutSilent: "only SYNs of the path sweep drew the error, the attempt itself stayed without an answer";
        alike UnreachableIcmpHost: "EHOSTUNREACH alone names no sender and no code";
        alike UnreachableNeighbor: "this host gives the same error when the target does not answer {arp}";
        alike UnreachableGateway: "this host gives the same error when the gateway does not answer {arp}";
        alike LocalFirewallReject: "this host's own packet filter answers in the same way, and whose address the sender has could not be looked up";
        apart Client: "try again, for longer" => "whyconn -t {longer} {endpoint}";
    }
    UnreachableLoop = Unreachable."unreachable.loop" {
        holds: "TTL expired on the way: the packets go round in a loop";
        headline: "packets to {address} go round in a loop";
        headline "flow": "packets of this connection to {address} go round, while others get farther";
        next Client: "see which routers repeat" => "tracepath -n {address}";
        alike TimeoutSilent: "packets of the sweep may have taken ways of unequal length";
        alike UnreachableIcmpOther: "this host may send these packets with a TTL that is too small";
        apart Client: "do the same routers repeat for other packets, too?" => "tracepath -n {address}";
    }
    UnreachableNoSocket = Unreachable."unreachable.no-socket" {
        holds: "no such unix socket, or the file there is not a socket";
        headline: "there is no socket at {host}";
        headline "missing": "there is no socket at {host}: {unix_at} does not exist";
        headline "link": "there is no socket at {host}: the symbolic link {unix_link} leads to {unix_at}, which does not exist";
        headline "not-a-directory": "there is no socket at {host}: {unix_at} is not a directory";
        headline "not-a-socket": "{host} is {unix_what}, not a socket";
        headline "removed": "there is no file {unix_at}, though a program listens on a socket that was bound there";
        next ("", "missing", "link", "not-a-directory") Client: "see where the path stops" => "namei -l {host}";
        next ("not-a-socket") Client: "see what lies there" => "ls -ld {host}";
        next ("removed") Target: "restart the program, so that it makes its file anew; if it is in a container, its path is another one" => "ss -lxp src {unix_listed}";
        next ("", "missing", "link", "not-a-directory", "not-a-socket") Target: "does the service run, and where does it put its socket?" => "ss -lxp";
        alike ConnectedOk: "the socket may be there by now";
        apart Client: "run it again" => "whyconn {unix_typed}";
    }

    LocalFirewallReject = Local."local.firewall-reject" {
        holds: "this host's own packet filter answered, on the way out or, for a target on this host, on the way in";
        headline: "this host's own packet filter rejects connections to {endpoint}";
        headline "udp": "this host's own packet filter rejects UDP to {endpoint}";
        next Client: "find the rule (needs root)" => "nft list ruleset";
        alike RefusedRstForged: "a router next to this host may have sent the reset while other traffic moved the counters";
        alike RefusedIcmpPort: "this host may forward the port to something that answers so";
        alike UnreachableIcmpNet: "this host may forward the port to something that answers so";
        alike UnreachableIcmpHost: "this host may forward the port to something that answers so";
        alike UnreachableIcmpAdmin: "this host may forward the port to something that answers so";
        alike UnreachableIcmpProtocol: "this host may forward the port to something that answers so";
        alike UnreachableIcmpOther: "this host may forward the port to something that answers so";
        alike RefusedRst: "other traffic over the loopback device may hide that the port is forwarded";
        apart Client: "does a rule of this host's own name the port? (needs root)" => "nft list ruleset";
    }
    LocalFirewallDrop = Local."local.firewall-drop" {
        holds: "this host's own packet filter (or a cgroup's) swallowed the packets";
        headline: "this host itself drops what it sends to {endpoint}: no SYN leaves it";
        headline "in": "this host itself drops what comes in for {endpoint}";
        headline "datagram": "this host's own packet filter forbids sending to {endpoint} ({errno})";
        headline "queue": "a queue of this host still holds the SYN to {endpoint}: it never left";
        headline "udp-queue": "a queue or filter of this host's device dropped the datagram to {endpoint} ({errno})";
        next ("", "datagram") Client: "find the rule in the output or postrouting chains (needs root)" => "nft list ruleset";
        next ("queue", "udp-queue") Client: "see the queues of the device, and their backlog" => "tc -s qdisc show dev {device}";
        next ("in") Client: "find the rule in the input or prerouting chains (needs root)" => "nft list ruleset";
        next ("") Client: "is the connection tracking table full?" => "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max";
        alike TimeoutSilent: "a SYN may have left, and the answer be lost: the repeat that would tell was not due yet";
        alike LocalLimits: "a buffer of the device may be full for good";
        alike TimeoutPortSilent: "something else on this host may take what comes to the port, and keep silent";
        apart Client: "does a rule of this host's own name the port? (needs root)" => "nft list ruleset";
    }
    LocalReplyDropped = Local."local.reply-dropped" {
        holds: "the answer from outside reached this host, and was dropped here (input filter, reverse path filter)";
        headline: "{address} answers on port {port}, and this host drops the answer";
        headline "rp-filter": "{address} answers on port {port}, and this host's reverse path filter drops the answer";
        headline "socket": "{address} answers on port {port}, and a filter on this host takes the answer from the socket";
        next ("rp-filter") Client: "see the filter: 1 is strict" => "sysctl net.ipv4.conf.all.rp_filter";
        next Client: "find the rule (needs root)" => "nft list ruleset";
        alike TimeoutSilent: "other packets may have come in just then";
        apart Client: "do answers of the target come in? (needs root)" => "tcpdump -ni any '{proto} port {port}'";
    }
    LocalSourceInUse = Local."local.source-in-use" {
        holds: "the source port or address:port asked for is taken";
        headline: "the source port {sport} is taken on this host";
        headline "held": "the source port {sport} is taken on this host by {holder}";
        headline "time-wait": "the source port {sport} is taken on this host by {holder}, which the kernel keeps for a minute";
        next ("", "held") Client: "see what holds it" => "ss -{ss}anp 'sport = :{sport}'";
        next ("time-wait") Client: "see what is left of it, and wait a minute" => "ss -{ss}ano 'sport = :{sport}'";
        next Client: "let the kernel choose a free one" => "whyconn {endpoint}";
    }
    LocalSourceAddress = Local."local.source-address" {
        holds: "the source address is not one of this host's";
        headline: "the source address {source} is not one of this host's";
        headline "lost": "the source address {source} went away while the connect was waiting";
        headline "loopback": "the source address {source} is a loopback address: nothing with it leaves this host for {address}";
        headline "tentative": "the source address {source} is tentative: duplicate address detection is not done, or failed";
        next Client: "see this host's addresses" => "ip -br address";
        alike UnreachableNoRoute: "the route may have gone and come back";
        apart Client: "see whether a device has the address" => "ip -br address";
    }
    LocalSourcePrivileged = Local."local.source-privileged" {
        holds: "the source port needs privileges";
        headline: "the source port {sport} needs privileges: on this host ports below {port_start} do";
        headline "unknown": "the source port {sport} needs privileges";
        next Client: "use a source port that needs none, or let the kernel choose" => "whyconn {endpoint}";
        next Client: "see where privileged ports end" => "sysctl net.ipv4.ip_unprivileged_port_start";
        alike LocalDenied: "a local policy can forbid the port with the same error";
        apart Client: "see from which port on no privileges are needed" => "sysctl net.ipv4.ip_unprivileged_port_start";
    }
    LocalTupleInUse = Local."local.tuple-in-use" {
        holds: "this very connection (same four numbers) exists or is in TIME_WAIT";
        headline: "a connection from port {sport} to {endpoint} exists already on this host";
        headline "held": "a connection from port {sport} to {endpoint} exists already on this host ({tuple_holder})";
        headline "time-wait": "a connection from port {sport} to {endpoint} is still in TIME_WAIT on this host";
        next Client: "see it" => "ss -tan 'sport = :{sport} and dport = :{port}'";
        alike LocalFamilyDisabled: "the same error means that no address is left to send from";
        apart Client: "see whose this connection is" => "ss -{ss}anp 'sport = :{sport} and dport = :{port}'";
    }
    LocalPortsExhausted = Local."local.ports-exhausted" {
        holds: "no ephemeral port is left towards this target";
        headline: "this host has no source port left towards {endpoint}";
        headline "counted": "this host has no source port left towards {endpoint}: all from {ports} are taken";
        next Client: "count what holds them" => "ss -{ss}an dst {address} dport = :{port}";
        next Client: "see the range" => "sysctl net.ipv4.ip_local_port_range";
        alike LocalTupleInUse: "the same error means that this very connection exists already";
        alike LocalFamilyDisabled: "the same error means that no address is left to send from";
        alike LocalSourceInUse: "the source address may be taken with every port";
        apart Client: "count the sockets, by state" => "ss -s";
    }
    LocalFamilyDisabled = Local."local.family-disabled" {
        holds: "this host has no usable IPv6 (or IPv4): switched off, or no address to send from";
        headline: "{family} is switched off on this host";
        headline "no-address": "this host has no {family} address to reach {address} from";
        next Client: "see this host's addresses" => "ip -br {family_flag} address";
        next ("") Client: "see the switch" => "sysctl -a -r 'net.ipv6.conf.*.disable_ipv6'";
        alike TimeoutSilent: "the answer may be lost on the way";
        apart Client: "see the addresses of this host" => "ip -br address";
    }
    LocalScopeMissing = Local."local.scope-missing" {
        holds: "a link-local address without its %interface";
        headline: "{address} is a link-local address: it needs the link, as in [{address}%DEV]:{port}";
        headline "source": "the source {source} is a link-local address: it needs the link, as in -i DEV";
        next Client: "see this host's links" => "ip -br link";
    }
    LocalInterface = Local."local.interface" {
        holds: "the device asked for, or the one that the route uses (lo included), does not exist, is down, has no carrier, or may not be used";
        headline: "the device {device} can't be used";
        headline "missing": "there is no device {device} on this host";
        headline "loopback": "{address} can't be reached through the loopback device {device}";
        headline "not-loopback": "{address} is a loopback address: it can't be reached through the device {device}";
        headline "down": "the device {device} is down";
        headline "no-carrier": "the device {device} has no carrier: nothing is connected at its other end";
        headline "denied": "this user may not bind to the device {device}";
        next ("loopback", "not-loopback") Client: "leave -i out: the kernel takes the device that fits" => "whyconn {endpoint}";
        next ("missing") Client: "see this host's devices" => "ip -br link";
        next ("down") Client: "switch it on (needs root)" => "ip link set dev {device} up";
        next ("", "no-carrier", "denied") Client: "see the device" => "ip link show dev {device}";
        next ("no-carrier") Client: "check the cable, the switch's port, or the other end of the virtual link";
        alike UnreachableNoRoute: "there may have been no route before it went down either";
        apart Client: "see the routes that are left" => "ip {family_flag} route";
    }
    LocalDenied = Local."local.denied" {
        holds: "a local policy (LSM, seccomp, cgroup, socket file permissions) forbids it";
        headline: "a policy of this host forbids the connection ({errno}), though there is a route";
        headline "directory": "this user may not pass through the directory {unix_at} on the way to {host}";
        headline "socket": "this user may not write to the socket {host}, and connecting takes that";
        headline "policy": "a policy of this host forbids connecting to {host} ({errno}): its file does not";
        headline "unix": "connecting to {host} is forbidden on this host ({errno})";
        headline "peer": "the datagram socket {host} is connected to another one, and takes datagrams from that one alone";
        headline "udp": "a policy of this host forbids the datagram ({errno}), though there is a route";
        next ("directory") Client: "see the owner and mode of each directory" => "namei -l {host}";
        next ("socket") Client: "see its owner and mode" => "ls -l {host}";
        next ("directory", "socket") Client: "see this user's groups: one that was added later takes a new login" => "id";
        next ("peer") Target: "see both ends" => "ss -xp src {unix_listed}";
        next ("", "policy", "unix", "udp") Client: "what confines this shell?" => "grep -E '^(NoNewPrivs|Seccomp)' /proc/self/status; cat /proc/self/attr/current";
        alike UnreachableNoSocket: "the file there may be no socket: it could not be looked at";
        alike UnreachableLocalRoute: "a policy rule may look at something that the route lookup does not know";
        apart Client: "see what of this host's routing could be meant" => "ip {family_flag} rule";
    }
    LocalSocketType = Local."local.socket-type" {
        holds: "the unix socket is of another type (datagram, seqpacket)";
        headline: "{host} is no {unix_asked} socket: it is of another type";
        headline "seen": "{host} is a {unix_type} socket, not a {unix_asked} one";
        next ("") Client: "see its type" => "ss -axp src {host}";
        next ("seen") Client: "ask it as what it is" => "whyconn {unix_typed}";
        next ("seen") Client: "and have the client use that type, or the service's other socket" => "ss -axp src {unix_listed}";
    }
    LocalLimits = Local."local.limits" {
        holds: "out of file descriptors, buffers or memory";
        headline: "this process is out of what a socket needs ({errno})";
        headline "files": "this process has no file descriptor left ({errno}): it may have {limit}";
        next ("files") Client: "see the limit" => "ulimit -n";
        next ("") Client: "see what is short" => "free -m";
    }

    ServiceClosed = Service."service.closed" {
        holds: "the peer closes at once, without a byte";
        headline: "{endpoint} accepts the connection and closes it at once";
        headline "proxy": "{endpoint} accepts the connection and closes it at once; a proxy listens there: {listeners}";
        headline "unix": "{endpoint} accepts the connection and closes it at once";
        next ("proxy") Target: "see where the proxy leads, and whether anything listens there" => "ss -ltnp 'sport = :{port}'";
        next ("") Target: "what does the service log, and is it a proxy whose backend is down?" => "ss -ltnp 'sport = :{port}'";
        next ("unix") Target: "what does the service log, does it turn this user away, and is it a proxy whose backend is down?" => "ss -lxp src {unix_listed}";
    }
    ServiceReset = Service."service.reset" {
        holds: "the peer resets at once";
        headline: "{endpoint} accepts the connection and resets it at once";
        headline "proxy": "{endpoint} accepts the connection and resets it at once; a proxy listens there: {listeners}";
        headline "unix": "{endpoint} accepts the connection and resets it at once";
        next ("proxy") Target: "see where the proxy leads, and whether anything listens there" => "ss -ltnp 'sport = :{port}'";
        next ("") Target: "what does the service log, and is it a proxy whose backend is down?" => "ss -ltnp 'sport = :{port}'";
        next ("unix") Target: "what does the service log, does it turn this user away, and is it a proxy whose backend is down?" => "ss -lxp src {unix_listed}";
    }
    ServiceNotAccepting = Service."service.not-accepting" {
        holds: "the listener on this host completes handshakes (the kernel does), but the program does not accept";
        headline: "{endpoint} completes the handshake, but the program behind it does not accept the connection";
        headline "unix": "{endpoint} takes the connection into its queue, but the program behind it does not accept it";
        next ("") Target: "is the program stuck or stopped? Recv-Q counts what waits for it" => "ss -ltnp 'sport = :{port}'";
        next ("unix") Target: "is the program stuck or stopped? Recv-Q counts what waits for it" => "ss -lxp src {unix_listed}";
        alike ConnectedOk: "the program may only be slow to accept";
        apart Client: "does it accept later? watch Recv-Q go down" => "ss -l{ss}n 'sport = :{port}'";
    }
}
