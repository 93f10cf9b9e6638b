//! Faults that something answered: a reset, an ICMP error, a handshake that breaks.

use super::build::{Net, Says, V4, V6, World, remote};
use super::row::{Row, client, hop, link, nobody, path, row, service, target};
use super::way::{router, syn};
use crate::model::{
    AfterHandshake, Attempt, Call, Counters, Fact, Millis, NeighbourState, RouteType, TcpState, Trial,
};
use crate::verdict::Certainty::{Certain, Likely, Possible};
use nix::errno::Errno as E;

pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [V4, V6].into_iter().flat_map(of_family).collect();
    rows.extend(every_icmp_of_its_family());
    let forged = V6.far().ended(0.3).icmp(V6.icmp(Says::Prohibited), V6.own);
    let name = "A4 over IPv6, or a foreign error with this host's own address: it counted at once";
    rows.push(
        row(name, forged, "local.firewall-reject", Likely, client(), "").or(&["unreachable.icmp-admin"]),
    );
    rows
}

fn of_family(net: Net) -> Vec<Row> {
    let mut rows = refused(net);
    rows.extend(answered_here(net));
    rows.extend(said_no(net));
    rows.extend(after_the_handshake(net));
    rows.into_iter().map(|row| row.of(net.family)).collect()
}

fn no_queue(attempt: &mut Attempt) {
    attempt.queue = Fact::CouldNotLook("ENOPROTOOPT".into());
}

fn refused(net: Net) -> Vec<Row> {
    let port = net.icmp(Says::Port);
    vec![
        row("A1 closed port", net.far().reset(), "refused.rst", Likely, target(), ""),
        row("A1 closed port on the link", net.near().reset(), "refused.rst", Likely, target(), ""),
        row(
            "A1, no TCP_INFO, an empty queue excludes ICMP",
            net.far().reset().with(|attempt| attempt.tcp = Fact::NotAsked),
            "refused.rst",
            Likely,
            target(),
            "",
        ),
        row(
            "A1, no TCP_INFO and no queue: either refusal",
            net.far().reset().with(no_queue).with(|attempt| attempt.tcp = Fact::NotAsked),
            "refused.rst",
            Possible,
            target(),
            "",
        ),
        row(
            "A2 rejected at the target",
            net.far().ended(0.5).icmp(port, net.far),
            "refused.icmp-port",
            Certain,
            target(),
            "",
        ),
        row(
            "A2, the packet hidden: no segment came",
            net.far().icmp(port, net.far).with(no_queue),
            "refused.icmp-port",
            Likely,
            path(),
            "unseen",
        ),
        row(
            "A3 rejected at a router",
            net.far().ended(0.5).icmp(port, net.router),
            "refused.icmp-port",
            Certain,
            hop(net.router),
            "router",
        ),
        row(
            "A3, nobody looked whose address that is",
            net.far().icmp(port, net.router).with(|attempt| {
                let Fact::Seen(queue) = &mut attempt.queue else { return };
                queue.iter_mut().for_each(|entry| entry.sender_is_ours = Fact::NotAsked);
            }),
            "refused.icmp-port",
            Likely,
            hop(net.router),
            "router",
        ),
        row(
            "trap 3: the answer is in the queue alone",
            net.far().soft_icmp(port, net.far).silent(2),
            "refused.icmp-port",
            Certain,
            target(),
            "",
        ),
        row(
            "A9 nothing listens on loopback",
            net.loopback().reset(),
            "refused.rst",
            Likely,
            target(),
            "local",
        ),
        row(
            "A9 nothing listens on our own address",
            remote(net.own).route_of(RouteType::Local).reset(),
            "refused.rst",
            Likely,
            target(),
            "local",
        ),
        row(
            "A15 a policy refuses at once",
            net.far().call(Call::Connect, E::ECONNREFUSED),
            "local.denied",
            Certain,
            client(),
            "",
        ),
    ]
}

fn answered_here(net: Net) -> Vec<Row> {
    let own_word = |says| net.far().soft_icmp(net.icmp(says), net.own);
    let passed = |counts: &[i64], world: World| {
        let trials: Vec<Trial> = counts.iter().map(|count| trial(*count)).collect();
        world.with(|attempt| attempt.trials = Fact::Seen(trials))
    };
    let own_answer = |says| passed(&[1, 1, 1, 1], own_word(says));
    let no_look = |attempt: &mut Attempt| {
        attempt.neighbour = Fact::CouldNotLook("EPERM".into());
        attempt.link = Fact::Seen(super::build::device("eth0", true, Some(true)));
    };
    vec![
        row(
            "A4 our output filter rejects",
            own_answer(Says::Port).silent(2),
            "local.firewall-reject",
            Certain,
            client(),
            "",
        ),
        row(
            "A4 our output filter says host unreachable at once",
            own_answer(Says::HostSilent).neighbour(NeighbourState::Reachable).silent(2),
            "local.firewall-reject",
            Certain,
            client(),
            "",
        ),
        row(
            "A4 or a tunnel that leads nowhere: its device has no neighbours",
            own_answer(Says::HostSilent).neighbour(NeighbourState::Noarp).silent(2),
            "local.firewall-reject",
            Likely,
            client(),
            "",
        )
        .or(&["unreachable.icmp-host"]),
        row(
            "A4 our output filter says administratively prohibited",
            own_answer(Says::Prohibited).silent(2),
            "local.firewall-reject",
            Certain,
            client(),
            "",
        ),
        row(
            "A4, but nobody looked whether it went over loopback",
            own_word(Says::Port).silent(2),
            "local.firewall-reject",
            Likely,
            client(),
            "",
        )
        .or(&["refused.icmp-port"]),
        row(
            "a router that has an address of ours too rejects",
            passed(&[0, 0, 1, 0], own_word(Says::Prohibited).silent(2)),
            "unreachable.icmp-admin",
            Likely,
            hop(net.own),
            "",
        )
        .or(&["local.firewall-reject"]),
        row(
            "what this host sent came back, and its TTL ran out here",
            passed(&[1, 1, 1, 1], own_word(Says::TtlOut).silent(2)),
            "unreachable.icmp-other",
            Likely,
            client(),
            "time-exceeded",
        )
        .or(&["unreachable.loop"]),
        row(
            "what this host sent came back, and its TTL ran out here: routers repeat",
            own_word(Says::TtlOut)
                .silent(2)
                .with(|attempt| attempt.own_ttl = Fact::Seen(64))
                .sweep((1..=6).map(|ttl| syn(ttl, if ttl % 2 == 1 { net.gateway } else { net.own }))),
            "unreachable.loop",
            Certain,
            router(net.gateway, 1),
            "",
        ),
        row(
            "A10 our input filter rejects on loopback",
            looped(net.loopback().soft_icmp(net.icmp(Says::Port), net.loopback).silent(2)),
            "local.firewall-reject",
            Certain,
            client(),
            "",
        ),
        row(
            "A10 our input filter says host unreachable on loopback",
            looped(net.loopback().soft_icmp(net.icmp(Says::HostSilent), net.loopback).silent(2)),
            "local.firewall-reject",
            Certain,
            client(),
            "",
        ),
        row(
            "A10, but nobody looked whether it went over loopback",
            net.loopback().soft_icmp(net.icmp(Says::Port), net.loopback).silent(2),
            "local.firewall-reject",
            Likely,
            client(),
            "",
        ),
        row(
            "the port of our own address is forwarded, and rejected behind",
            net.loopback()
                .soft_icmp(net.icmp(Says::Port), net.loopback)
                .silent(2)
                .with(|attempt| attempt.trials = Fact::Seen(vec![trial(0)])),
            "refused.icmp-port",
            Likely,
            target(),
            "",
        ),
        row(
            "B9 the target does not answer ARP",
            net.near()
                .ended(3050.0)
                .icmp(net.icmp(Says::HostSilent), net.own)
                .neighbour(NeighbourState::Failed),
            "unreachable.neighbor",
            Certain,
            super::row::link(net.near),
            "",
        ),
        row(
            "B9 the gateway does not answer ARP",
            net.far()
                .ended(3050.0)
                .icmp(net.icmp(Says::HostSilent), net.own)
                .neighbour(NeighbourState::Failed),
            "unreachable.gateway",
            Certain,
            super::row::link(net.gateway),
            "",
        ),
        row(
            "B9 after three seconds, the neighbour table closed to us",
            net.far().ended(3050.0).icmp(net.icmp(Says::HostSilent), net.own).with(no_look),
            "unreachable.gateway",
            Likely,
            super::row::link(net.gateway),
            "",
        ),
        row(
            "A4 or B9: an error at once, while somebody else asks for the gateway",
            net.far()
                .ended(0.3)
                .icmp(net.icmp(Says::HostSilent), net.own)
                .neighbour(NeighbourState::Incomplete),
            "unreachable.gateway",
            Likely,
            link(net.gateway),
            "",
        ),
        row(
            "A4 at once, the neighbour table closed to us",
            net.far().ended(0.3).icmp(net.icmp(Says::HostSilent), net.own).with(no_look),
            "local.firewall-reject",
            Likely,
            client(),
            "",
        ),
        row(
            "B7 no carrier, told as an unanswered neighbour",
            net.near()
                .ended(3050.0)
                .icmp(net.icmp(Says::HostSilent), net.own)
                .neighbour(NeighbourState::Failed)
                .link(true, false),
            "local.interface",
            Certain,
            client(),
            "no-carrier",
        ),
    ]
}

fn said_no(net: Net) -> Vec<Row> {
    let says = |says, sender| net.far().ended(0.5).icmp(net.icmp(says), sender);
    vec![
        row(
            "B13 a router without a route",
            says(Says::NoRoute, net.router),
            "unreachable.icmp-net",
            Certain,
            hop(net.router),
            "",
        ),
        row(
            "B11 the last router gets no ARP answer",
            net.far()
                .ended(3050.0)
                .icmp(net.icmp(Says::HostSilent), net.router)
                .neighbour(NeighbourState::Reachable),
            "unreachable.icmp-host",
            Certain,
            hop(net.router),
            "",
        ),
        row(
            "A14 the target says that a host behind it is silent",
            says(Says::HostSilent, net.far),
            "unreachable.icmp-host",
            Certain,
            target(),
            "target",
        ),
        row(
            "B13 a router prohibits",
            says(Says::Prohibited, net.router),
            "unreachable.icmp-admin",
            Certain,
            hop(net.router),
            "",
        ),
        row(
            "the target prohibits",
            says(Says::Prohibited, net.far),
            "unreachable.icmp-admin",
            Certain,
            target(),
            "target",
        ),
        row(
            "B15, B16 the TTL ran out",
            says(Says::TtlOut, net.router),
            "unreachable.icmp-other",
            Likely,
            hop(net.router),
            "time-exceeded",
        ),
        row(
            "the sender is not told",
            says(Says::Prohibited, net.router).with(|attempt| {
                let Fact::Seen(queue) = &mut attempt.queue else { return };
                queue.iter_mut().for_each(|entry| entry.sender = None);
            }),
            "unreachable.icmp-admin",
            Certain,
            path(),
            "",
        ),
        row(
            "an error whose packet is hidden",
            says(Says::HostSilent, net.router).with(no_queue),
            "unreachable.icmp-other",
            Possible,
            path(),
            "unseen",
        ),
        row(
            "a port of this host, and neither packet nor numbers are shown",
            net.loopback().reset().with(no_queue).with(|attempt| attempt.tcp = Fact::NotAsked),
            "refused.rst",
            Possible,
            target(),
            "",
        )
        .or(&["refused.icmp-port", "refused.rst-forged", "alias.bound-elsewhere"]),
    ]
}

/// B-1 and B-2: each type and code that ends a connect.
fn every_icmp_of_its_family() -> Vec<Row> {
    const NET: &str = "unreachable.icmp-net";
    const HOST: &str = "unreachable.icmp-host";
    const ADMIN: &str = "unreachable.icmp-admin";
    const OTHER: &str = "unreachable.icmp-other";
    type Types = &'static [(u8, u8)];
    let table: &[(Net, &str, Types)] = &[
        (V4, NET, &[(3, 0), (3, 6), (3, 11)]),
        (V4, HOST, &[(3, 1), (3, 7), (3, 8), (3, 12)]),
        (V4, ADMIN, &[(3, 9), (3, 10), (3, 13), (3, 14), (3, 15)]),
        (V4, "unreachable.icmp-protocol", &[(3, 2)]),
        (V4, OTHER, &[(3, 5), (12, 0), (12, 1)]),
        (V6, NET, &[(1, 0)]),
        (V6, HOST, &[(1, 3)]),
        (V6, ADMIN, &[(1, 1), (1, 5), (1, 6)]),
        (V6, OTHER, &[(1, 2), (1, 7), (1, 8), (4, 0), (4, 1), (4, 2), (4, 3), (100, 0)]),
    ];
    let one = |net: Net, code, (kind, number): (u8, u8)| {
        let world = net.far().ended(0.5).icmp((kind, number), net.router);
        row(&format!("ICMP {kind}/{number}"), world, code, Certain, hop(net.router), "").of(net.family)
    };
    table.iter().flat_map(|(net, code, all)| all.iter().map(move |icmp| one(*net, code, *icmp))).collect()
}

fn after_the_handshake(net: Net) -> Vec<Row> {
    let after = |after| net.far().connected(0.4, after);
    // A reset so early that no look found the connection open.
    let early = |world: World| {
        world.tcp(|tcp| {
            tcp.state = TcpState::Close;
            tcp.segments_in = Some(2);
        })
    };
    vec![
        row(
            "it connects, and nobody speaks",
            after(AfterHandshake::Quiet),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "it connects, and the service speaks",
            after(AfterHandshake::Data(21)),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "it connects, and nobody watched it",
            after(AfterHandshake::Quiet).with(|attempt| attempt.after = Fact::NotAsked),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row("F1 closed at once", after(AfterHandshake::Closed), "service.closed", Certain, service(), ""),
        row("F2 reset at once", after(AfterHandshake::Reset), "service.reset", Certain, service(), ""),
        row(
            "F2 reset before the first look, told by SO_ERROR",
            early(net.far()).so_error(E::ECONNRESET),
            "service.reset",
            Certain,
            service(),
            "",
        ),
        row(
            "F2 reset before the first look, told by nothing but two segments",
            early(net.far()),
            "service.reset",
            Certain,
            service(),
            "",
        ),
        row(
            "D7 the kernel joined the socket to itself",
            net.loopback()
                .connected(0.1, AfterHandshake::Quiet)
                .with(|attempt| attempt.source = Some(attempt.address)),
            "refused.self-connect",
            Certain,
            client(),
            "",
        ),
        row(
            "a real server on loopback",
            net.loopback().connected(0.1, AfterHandshake::Quiet),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
    ]
}

/// An extra SYN to an address of this host, which went over loopback with its answer.
fn looped(world: World) -> World {
    world.with(|attempt| attempt.trials = Fact::Seen(vec![trial(2)]))
}

fn trial(loopback_out: i64) -> Trial {
    // What a filter answers itself is delivered to nobody.
    let in_delivers = (loopback_out - 1).max(0);
    let counters = Counters { loopback_out, in_receives: loopback_out, in_delivers, ..Counters::default() };
    Trial { at_ms: Millis(300.0), ttl: None, answer: None, counters }
}
