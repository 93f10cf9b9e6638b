//! Takes one observation away again.

use super::build::{V4, V6, ip};
use crate::model::{
    Attempt, Call, Evidence, Fact, FailedCall, Host, NameFiles, PathProtocol, RouteAnswer, UnixAttempt,
};
use crate::verdict::Clue;
use nix::errno::Errno as E;
use std::net::SocketAddr;

fn files(evidence: &mut Evidence, change: fn(&mut NameFiles)) {
    if let Fact::Seen(files) = &mut evidence.name_files {
        change(files);
    }
}

/// The evidence without the observation that `clue` names, for the verdict about `attempt`. The `match` has no
/// catch-all: a new clue has to say here which observation it stands for.
pub(super) fn without(evidence: &Evidence, attempt: Option<usize>, clue: Clue) -> Evidence {
    let mut less = evidence.clone();
    let about = |less: &mut Evidence, change: fn(&mut Attempt)| {
        if let Some(attempt) = attempt.and_then(|index| less.attempts.get_mut(index)) {
            change(attempt);
        }
    };
    match clue {
        Clue::NameAnswer => less.lookup = Fact::NotAsked,
        Clue::PortHeld | Clue::TupleHeld | Clue::PortsCounted => less.own_ends = Fact::NotAsked,
        Clue::WrongDevice => less.request.interface = None,
        Clue::OthersRejected => less.beside = None,
        Clue::LoopbackSource => less.request.source = None,
        Clue::SeccompOn => less.host.seccomp = Fact::NotAsked,
        Clue::AcceptedBy => less.listeners = Fact::NotAsked,
        Clue::OtherFamilyOnly => {
            if let Fact::Seen(lookup) = &mut less.lookup {
                lookup.other_family = Fact::NotAsked;
            }
        }
        Clue::NameMalformed => less.request.target.host = Host::Name("db.example".into()),
        Clue::CallFailed => {
            less.lacking = None;
            if let Fact::Seen(lookup) = &mut less.lookup
                && let crate::model::LookupOutcome::Failed { errno, .. } = &mut lookup.outcome
            {
                *errno = None;
            }
            about(&mut less, |attempt| attempt.failed = None);
        }
        Clue::Handshake | Clue::PeerAnswered | Clue::LateAnswer => {
            less.attempts.iter_mut().for_each(|attempt| attempt.connected_ms = None)
        }
        Clue::SameEnds | Clue::OddSource => about(&mut less, |attempt| attempt.source = None),
        Clue::PeerClosed | Clue::PeerSpoke | Clue::StayedOpen => {
            about(&mut less, |attempt| attempt.after = Fact::NotAsked)
        }
        Clue::PeerReset => about(&mut less, |attempt| {
            attempt.after = Fact::NotAsked;
            attempt.so_errors.retain(|error| error.errno.get() != E::ECONNRESET);
            if let Fact::Seen(tcp) = &mut attempt.tcp {
                tcp.segments_in = None;
            }
        }),
        Clue::FirstAddressFailed => {
            if let Some(first) = less.attempts.first_mut() {
                first.ended_ms = None;
            }
        }
        // Another address may have drawn the same.
        Clue::SynReset | Clue::SoError => {
            less.attempts.iter_mut().for_each(|attempt| attempt.so_errors.clear());
        }
        Clue::IcmpError => about(&mut less, |attempt| attempt.queue = Fact::NotAsked),
        Clue::IcmpFromThisHost => about(&mut less, |attempt| {
            attempt.source = None;
            if let Fact::Seen(entries) = &mut attempt.queue {
                entries.iter_mut().for_each(|entry| entry.sender_is_ours = Fact::NotAsked);
            }
        }),
        // Silence is seen by waiting: nobody waited.
        Clue::SynUnanswered => about(&mut less, |attempt| {
            attempt.tcp = Fact::NotAsked;
            attempt.ended_ms = None;
        }),
        Clue::DatagramUnanswered => about(&mut less, |attempt| attempt.ended_ms = None),
        Clue::SynHeld | Clue::DatagramHeld => {
            about(&mut less, |attempt| attempt.unsent_bytes = Fact::NotAsked)
        }
        Clue::OwnTtl => about(&mut less, |attempt| attempt.own_ttl = Fact::NotAsked),
        Clue::SynNotSent | Clue::SegmentsRejected | Clue::NoRepeat => {
            about(&mut less, |attempt| attempt.tcp = Fact::NotAsked);
        }
        Clue::NeighbourSilent
        | Clue::NeighbourAnswered
        | Clue::DeviceSentNothing
        | Clue::DeviceHeardAnswers => {
            about(&mut less, |attempt| attempt.neighbour = Fact::NotAsked);
        }
        Clue::NoRoute => about(&mut less, |attempt| {
            attempt.route_at_end = Fact::NotAsked;
            if matches!(attempt.route, Fact::Seen(RouteAnswer::Refused(_))) {
                attempt.route = Fact::NotAsked;
            }
        }),
        Clue::LoopbackLedAway
        | Clue::NoRouteByDevice
        | Clue::RouteRefuses
        | Clue::RouteFound
        | Clue::NotUnicast => {
            about(&mut less, |attempt| attempt.route = Fact::NotAsked);
        }
        Clue::TargetIsLocal => about(&mut less, |attempt| {
            attempt.route = Fact::NotAsked;
            let far = if attempt.address.is_ipv4() { super::build::V4.far } else { super::build::V6.far };
            attempt.address = SocketAddr::new(super::build::ip(far), attempt.address.port());
        }),
        Clue::Path
        | Clue::PathRejected
        | Clue::ResetFromNearer
        | Clue::IcmpFromNearer
        | Clue::RoutersRepeat
        | Clue::GreaterTtlPasses
        | Clue::LongRoundTrip => about(&mut less, |attempt| attempt.path = Fact::NotAsked),
        // What other protocols' probes drew; the SYNs' own answers stay.
        Clue::TargetAnswers | Clue::DatagramDenied => about(&mut less, |attempt| {
            if let Fact::Seen(sweep) = &mut attempt.path {
                sweep.probes.retain(|probe| probe.protocol == PathProtocol::Tcp);
            }
        }),
        Clue::ClosedByOwnUdp
        | Clue::NotByOwnUdp
        | Clue::ResetByFilter
        | Clue::LeftThisHost
        | Clue::NotOverLoopback
        | Clue::OverLoopback
        | Clue::ResetByOwnTcp
        | Clue::NotDelivered
        | Clue::OwnAnswerKept
        | Clue::QueueOverflowed => about(&mut less, |attempt| attempt.trials = Fact::NotAsked),
        Clue::NotTransmitted | Clue::NoAssociation => about(&mut less, |attempt| {
            attempt.trials = Fact::NotAsked;
            attempt.windows = Fact::NotAsked;
        }),
        Clue::RepliesSwallowed
        | Clue::RepliesReset
        | Clue::RepliesBroken
        | Clue::SynsReturn
        | Clue::AnswerUnclaimed => about(&mut less, |attempt| attempt.windows = Fact::NotAsked),
        Clue::RefusalFound => about(&mut less, |attempt| attempt.refusals = Fact::NotAsked),
        Clue::LinkDown | Clue::LinkNoCarrier => {
            less.host.links = Fact::NotAsked;
            about(&mut less, |attempt| attempt.link = Fact::NotAsked);
        }
        Clue::NoOwnAddress
        | Clue::TentativeSource
        | Clue::FamilyOn
        | Clue::ForeignSource
        | Clue::SourceElsewhere => less.host.addresses = Fact::NotAsked,
        Clue::FamilyOff | Clue::MtuTooSmall => less.host.links = Fact::NotAsked,
        Clue::PrivilegedPorts => less.host.unprivileged_port_start = Fact::NotAsked,
        Clue::NoScope => about(&mut less, |attempt| {
            if let SocketAddr::V6(address) = &mut attempt.address {
                address.set_scope_id(2);
            }
        }),
        Clue::DnsAnswer
        | Clue::DnsDisagrees
        | Clue::DnsLate
        | Clue::DnsSilent
        | Clue::DnsUnreachable
        | Clue::DnsGivesOther => less.direct = Fact::NotAsked,
        Clue::NoDnsSource => files(&mut less, |files| files.sources = Fact::NotAsked),
        Clue::FilesUnread => files(&mut less, |files| {
            if matches!(files.hosts, Fact::CouldNotLook(_)) {
                files.hosts = Fact::Seen(Vec::new());
            }
            if matches!(files.sources, Fact::CouldNotLook(_)) {
                files.sources = Fact::NotAsked;
            }
            files.resolver = Fact::NotAsked;
        }),
        Clue::NoServerConfigured => files(&mut less, |files| files.resolver = Fact::NotAsked),
        Clue::PinnedByHosts => files(&mut less, |files| files.hosts = Fact::NotAsked),
        Clue::NotLoopback => about(&mut less, |attempt| {
            let loopback = if attempt.address.is_ipv4() { V4.loopback } else { V6.loopback };
            attempt.address = SocketAddr::new(ip(loopback), attempt.address.port());
        }),
        Clue::OtherAddressWorks => less.contrast = Fact::NotAsked,
        Clue::NoListener | Clue::ListensElsewhere | Clue::QueueFull => less.listeners = Fact::NotAsked,
        Clue::ListensInNamespace => {
            if let Fact::Seen(listeners) = &mut less.listeners {
                listeners.elsewhere = Fact::NotAsked;
            }
        }
        Clue::NotAccepted => about(&mut less, |attempt| attempt.acceptance = Fact::NotAsked),
        Clue::PathMissing
        | Clue::NotASocket
        | Clue::FileIsSocket
        | Clue::DirectoryBarred
        | Clue::NotWritable
        | Clue::FilePermits
        | Clue::SocketUnserved
        | Clue::SocketBound
        | Clue::SocketShut
        | Clue::SocketOpen
        | Clue::NameKept
        | Clue::NamePadded
        | Clue::SocketTypeSeen
        | Clue::PeerConnected
        | Clue::QueueStayedFull => {}
    }
    if let Fact::Seen(unix) = &mut less.unix {
        without_in_unix(unix, clue);
    }
    less
}

/// The same for the attempt at a unix socket.
fn without_in_unix(unix: &mut UnixAttempt, clue: Clue) {
    match clue {
        Clue::CallFailed => {
            unix.failed = None;
        }
        Clue::Handshake => {
            unix.connected_ms = None;
            unix.failed = Some(FailedCall { call: Call::Connect, errno: E::ECONNREFUSED.into() });
        }
        Clue::PeerClosed | Clue::PeerSpoke | Clue::StayedOpen | Clue::PeerReset => {
            unix.after = Fact::NotAsked
        }
        Clue::PathMissing
        | Clue::NotASocket
        | Clue::FileIsSocket
        | Clue::DirectoryBarred
        | Clue::NotWritable
        | Clue::FilePermits => unix.file = Fact::NotAsked,
        Clue::SocketUnserved
        | Clue::SocketBound
        | Clue::SocketShut
        | Clue::SocketOpen
        | Clue::NameKept
        | Clue::NamePadded
        | Clue::SocketTypeSeen
        | Clue::PeerConnected
        | Clue::QueueFull => unix.listed = Fact::NotAsked,
        Clue::ListensInNamespace => unix.elsewhere = Fact::NotAsked,
        Clue::NotAccepted => unix.acceptance = Fact::NotAsked,
        // The errno that says it, and how long it did.
        Clue::QueueStayedFull => {
            unix.full_ms = None;
            unix.failed = None;
        }
        _ => {}
    }
}
