//! What this host rewrites, marks for another route or forbids by a policy, in the words of something else.

use super::build::{Net, Says, V4, V6, World, device, ip, own, remote, without_ipv6};
use super::row::{Row, client, row, target};
use crate::model::{Call, Counters, Fact, Family, NeighbourState, Trial};
use crate::verdict::Certainty::{Certain, Likely};
use nix::errno::Errno as E;

impl World {
    /// Extra SYNs, or the datagram itself, that put so many packets on the loopback device.
    fn over_loopback(self, counts: &[i64]) -> Self {
        let trial = |count: &i64| {
            let counters = Counters { loopback_out: *count, ..Counters::default() };
            Trial { at_ms: crate::model::Millis(1.0), ttl: None, answer: None, counters }
        };
        self.with(|attempt| attempt.trials = Fact::Seen(counts.iter().map(trial).collect()))
    }

    /// The error came with the TTL with which it was sent.
    fn unrouted(self) -> Self {
        self.with(|attempt| {
            let Fact::Seen(entries) = &mut attempt.queue else { panic!("no queue") };
            entries.iter_mut().for_each(|entry| entry.hop_limit = Some(64));
        })
    }

    fn seccomp(mut self, mode: u8) -> Self {
        self.0.host.seccomp = Fact::Seen(mode);
        self
    }
}

pub(super) fn rows() -> Vec<Row> {
    [V4, V6]
        .into_iter()
        .flat_map(|net| {
            let mut rows = errors(net);
            rows.extend(neighbours(net));
            rows.extend(sources(net));
            rows.extend(policies(net));
            rows.into_iter().map(move |row| row.of(net.family))
        })
        .collect()
}

/// ICMP errors with the target's own address.
fn errors(net: Net) -> Vec<Row> {
    let rejected = |world: World, from| world.ended(0.5).icmp(net.icmp(Says::Prohibited), from);
    let far = || rejected(net.far(), net.far).unrouted();
    let near = || rejected(net.near(), net.near);
    let closed = || net.near().udp().datagram_icmp(net.icmp(Says::Port), net.near);
    let local = "local.firewall-reject";
    let admin = "unreachable.icmp-admin";
    let port = "refused.icmp-port";
    vec![
        row(
            "an error that a router has passed on",
            rejected(net.far(), net.far),
            admin,
            Certain,
            target(),
            "target",
        ),
        row("an error that no router has passed on", far(), admin, Likely, target(), "target").or(&[local]),
        row("the same, and SYNs leave", far().over_loopback(&[0, 0]), admin, Likely, target(), "target"),
        row("the same, and SYNs stay here", far().over_loopback(&[2, 2]), local, Certain, client(), ""),
        row("the same, on a busy host", far().over_loopback(&[2, 5]), local, Likely, client(), "")
            .or(&[admin]),
        row(
            "the same, and most of the SYNs met no other traffic",
            far().over_loopback(&[9, 2, 2, 5, 2, 2]),
            local,
            Certain,
            client(),
            "",
        ),
        row(
            "the same, and half of them did",
            far().over_loopback(&[9, 2, 2, 5, 2, 2, 7, 8]),
            local,
            Likely,
            client(),
            "",
        )
        .or(&[admin]),
        row("the same, and few did not", far().over_loopback(&[2, 2, 2, 5]), local, Likely, client(), "")
            .or(&[admin]),
        row("an error of a neighbour", near(), admin, Likely, target(), "target").or(&[local]),
        row(
            "the same, and one of the SYNs leaves",
            near().over_loopback(&[2, 0]),
            admin,
            Certain,
            target(),
            "target",
        ),
        row(
            "the same in its name, and SYNs stay here",
            near().over_loopback(&[2, 2]),
            local,
            Certain,
            client(),
            "",
        ),
        row("UDP: a closed port of a neighbour", closed(), port, Likely, target(), "udp").or(&[local]),
        row("UDP: the same, and it left", closed().over_loopback(&[0]), port, Certain, target(), "udp"),
        row(
            "UDP: the same, and it stayed here",
            closed().over_loopback(&[2]),
            port,
            Likely,
            client(),
            "intercepted",
        )
        .or(&[local]),
    ]
}

/// A neighbour that the route does not name is asked for in vain.
fn neighbours(net: Net) -> Vec<Row> {
    let late = |world: World, from| {
        // Nothing but this host has seen it.
        world
            .held(3)
            .ended(3068.5)
            .icmp(net.icmp(Says::HostSilent), from)
            .unrouted()
            .neighbour(NeighbourState::Reachable)
    };
    let alike = &["unreachable.neighbor", "local.firewall-reject"];
    let code = "unreachable.gateway";
    let sent_on = net.far().ended(3068.5).icmp(net.icmp(Says::HostSilent), net.far).tcp(|tcp| {
        tcp.timeouts = 3;
        tcp.retransmits = Some(3);
    });
    vec![
        row("another neighbour than the gateway", late(net.far(), net.own), code, Likely, client(), "detour")
            .or(alike),
        row("the same in the target's name", late(net.far(), net.far), code, Likely, client(), "detour")
            .or(alike),
        row(
            "the target's own host has lost it",
            sent_on,
            "unreachable.icmp-host",
            Certain,
            target(),
            "target",
        ),
    ]
}

/// The kernel was told to connect to loopback instead, or may send from an address that it does not have.
fn sources(net: Net) -> Vec<Row> {
    let datagram = net.far().udp().source(net.loopback).datagram_icmp(net.icmp(Says::Port), net.loopback);
    let foreign = net
        .far()
        .call(Call::Connect, E::ENETUNREACH)
        .route_refused(E::ENETUNREACH)
        .asked(|request| request.source = Some(ip(net.router)))
        .addresses([own(net.own, 24)])
        .links([super::build::device("eth0", true, Some(true))])
        .refused_by([]);
    vec![
        row(
            "a reset to a SYN from loopback",
            net.far().source(net.loopback).reset(),
            "refused.rst",
            Likely,
            client(),
            "intercepted",
        ),
        row(
            "the loopback device lacks the address, and the SYN leaves by the gateway",
            remote(V6.loopback)
                .route_via(V6.gateway)
                .silent(4)
                .links([device("lo", true, Some(true)), device("eth0", true, Some(true))])
                .addresses([own(V6.own, 64)]),
            "local.interface",
            Certain,
            client(),
            "no-address",
        ),
        row(
            "the same, and nobody looked whether IPv6 is switched off there",
            remote(V6.loopback).route_via(V6.gateway).silent(4).addresses([own(V6.own, 64)]),
            "local.interface",
            Likely,
            client(),
            "no-address",
        )
        .or(&["unreachable.no-route"]),
        row(
            "the same, and nobody looked at the addresses",
            remote(net.loopback).route_via(net.gateway).silent(4).links([device("lo", true, Some(true))]),
            "local.interface",
            Likely,
            client(),
            "no-address",
        )
        .or(&["unreachable.no-route"]),
        row(
            "IPv6 is off on the loopback device alone",
            remote(V6.loopback)
                .route_via(V6.gateway)
                .silent(4)
                .links([without_ipv6(device("lo", true, Some(true))), device("eth0", true, Some(true))])
                .addresses([own(V6.own, 64)]),
            "local.family-disabled",
            Certain,
            client(),
            "loopback",
        ),
        row(
            "no address at all to send from",
            V4.far().source("0.0.0.0").silent(4).neighbour(NeighbourState::Incomplete),
            "local.family-disabled",
            Certain,
            client(),
            "no-address",
        ),
        row("UDP: from loopback", datagram, "refused.icmp-port", Likely, client(), "intercepted"),
        row(
            "a source that no device has, and bind took",
            foreign,
            "local.source-address",
            Likely,
            client(),
            "",
        )
        .or(&["unreachable.no-route"]),
    ]
}

fn policies(net: Net) -> Vec<Row> {
    let absent = || {
        super::build::remote(net.far)
            .call(Call::Socket, E::EAFNOSUPPORT)
            .with(|attempt| attempt.source = None)
    };
    let send = || {
        net.far().udp().with(|attempt| {
            attempt.failed = Some(crate::model::FailedCall { call: Call::Send, errno: E::EPERM.into() });
        })
    };
    let off = "local.family-disabled";
    let filtered = row(
        "no such family, and a filter",
        absent().addresses([own(V4.own, 24)]).seccomp(2),
        off,
        Likely,
        client(),
        "",
    )
    .or(&["local.denied"]);
    let filtered = Some(filtered).filter(|_| net.family == Family::V6);
    let rows = vec![
        row(
            "no such family, and an address of it",
            absent().addresses([own(net.own, 24)]),
            "local.denied",
            Certain,
            client(),
            "family",
        ),
        row("no such family, and nobody looked", absent(), off, Likely, client(), "").or(&["local.denied"]),
        row(
            "UDP: send is forbidden, and a filter of calls is on",
            send().seccomp(2),
            "local.firewall-drop",
            Likely,
            client(),
            "datagram",
        )
        .or(&["local.denied"]),
        row(
            "no route by the errno alone, though there is one",
            net.far().call(Call::Connect, E::ENETUNREACH),
            "unreachable.no-route",
            Likely,
            client(),
            "",
        )
        .or(&["unreachable.local-route", "local.denied"]),
    ];
    rows.into_iter().chain(filtered).collect()
}
