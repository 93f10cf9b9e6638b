//! Faults that nothing answered: where the SYNs went (the hang decoder).

use super::build::{Net, Says, V4, V6, World, route_entry, rule_entry};
use super::row::{Row, client, link, path, row, target};
use super::way::syn;
use crate::model::{Counters, Fact, Millis, NeighbourSample, NeighbourState, RouteType, Window};
use crate::verdict::Certainty::{Certain, Likely, Possible};
use nix::errno::Errno as E;

pub(super) fn rows() -> Vec<Row> {
    [V4, V6]
        .into_iter()
        .flat_map(|net| of_family(net).into_iter().map(move |row| row.of(net.family)))
        .collect()
}

/// The repeats of the SYN do not leave.
fn failing(world: World) -> World {
    world.silent(4).tcp(|tcp| tcp.in_flight_retransmits = Some(0))
}

/// What IP was asked to send around each of three repeats, and what it handed to a device.
fn counted(world: World, around: [(i64, i64); 3]) -> World {
    let window = |at: u32| {
        let repeat = around.get(at as usize / 4).filter(|_| at % 4 == 1);
        let (out_requests, sent) = repeat.copied().unwrap_or_default();
        let counters = Counters { out_requests, out_transmits: Some(sent), ..Counters::default() };
        let from = 627.0 + f64::from(at) * 250.0;
        Window { from_ms: Millis(from), to_ms: Millis(from + 250.0), syns: repeat.map_or(0, |_| 1), counters }
    };
    world.with(|attempt| attempt.windows = Fact::Seen((0..12).map(window).collect()))
}

/// IP keeps each of the repeats.
fn kept(net: Net) -> World {
    counted(failing(net.far()), [(1, 0); 3])
}

/// A kernel before Linux 6.7: IP counts what passed the filter, and not what reached a device.
fn counted_behind_the_filter(world: World, others: i64) -> World {
    counted(world, [(others, 0); 3]).with(|attempt| {
        let Fact::Seen(windows) = &mut attempt.windows else { return };
        windows.iter_mut().for_each(|window| window.counters.out_transmits = None);
    })
}

/// What a router forwards is sent as well: each repeat is dropped, and three packets pass.
fn counted_beside_forwarded(world: World) -> World {
    counted(world, [(1, 3); 3]).with(|attempt| {
        let Fact::Seen(windows) = &mut attempt.windows else { return };
        windows.iter_mut().filter(|window| window.syns > 0).for_each(|window| window.counters.forwarded = 3);
    })
}

/// The neighbour was asked for, and at the last look its entry was gone.
fn forgotten(world: World) -> World {
    let asked = world.neighbour(NeighbourState::Incomplete);
    asked.with(|attempt| {
        let Fact::Seen(samples) = &mut attempt.neighbour else { return };
        let gone = NeighbourSample { state: NeighbourState::Absent, ..samples[0].clone() };
        samples.push(gone);
    })
}

fn of_family(net: Net) -> Vec<Row> {
    let mut rows = never_left(net);
    rows.extend(left_and_lost(net));
    rows
}

fn never_left(net: Net) -> Vec<Row> {
    use NeighbourState::{Failed, Incomplete, Probe};
    vec![
        row(
            "row 1, B9 held: the target has not answered ARP yet",
            net.near().held(1).neighbour(Incomplete),
            "unreachable.neighbor",
            Likely,
            link(net.near),
            "",
        ),
        row(
            "row 1, B9 held: the gateway has not answered ARP yet",
            net.far().held(1).neighbour(Incomplete),
            "unreachable.gateway",
            Likely,
            link(net.gateway),
            "",
        ),
        row(
            "row 1, B9 held, and the neighbour has failed",
            net.near().held(3).neighbour(Failed),
            "unreachable.neighbor",
            Certain,
            link(net.near),
            "",
        ),
        row(
            "row 1, B9 held, and the gateway has failed",
            net.far().held(3).neighbour(Failed),
            "unreachable.gateway",
            Certain,
            link(net.gateway),
            "",
        ),
        row(
            "failed, but nothing is held: another program's failure",
            net.near().silent(4).neighbour(Failed),
            "unreachable.neighbor",
            Likely,
            link(net.near),
            "",
        ),
        row(
            "B12 the gateway leaves the kernel's probes unanswered",
            net.far().silent(4).neighbour(Probe),
            "unreachable.gateway",
            Likely,
            link(net.gateway),
            "stale",
        ),
        row(
            "row 1, C20 a local queue is stuck",
            net.near().held(3).neighbour(NeighbourState::Reachable),
            "local.firewall-drop",
            Likely,
            client(),
            "queue",
        ),
        row(
            "row 2, B8 the route went away",
            net.far().held(3).with(|attempt| attempt.unsent_bytes = Fact::Seen(0)).route_lost(E::ENETUNREACH),
            "unreachable.no-route",
            Likely,
            client(),
            "lost",
        ),
        row(
            "row 2, B8 our own address went away",
            net.far().held(3).with(|attempt| attempt.unsent_bytes = Fact::Seen(0)),
            "local.source-address",
            Likely,
            client(),
            "lost",
        ),
        row(
            "row 3, C4 our own filter drops",
            kept(net).refused_by([]),
            "local.firewall-drop",
            Certain,
            client(),
            "",
        ),
        row(
            "row 3, and IP keeps each repeat, on a busy host",
            counted(failing(net.far()), [(1, 0), (9, 8), (4, 3)]).refused_by([]),
            "local.firewall-drop",
            Certain,
            client(),
            "",
        ),
        row(
            "the repeats fail behind IP: the queue, the device, or no neighbour to be had",
            counted(failing(net.far()), [(1, 1), (2, 2), (1, 1)]).refused_by([]),
            "local.firewall-drop",
            Likely,
            client(),
            "device",
        )
        .or(&["local.limits", "local.interface", "timeout.silent"]),
        row(
            "our own filter lets some SYNs pass",
            counted(failing(net.far()), [(1, 0), (1, 1), (1, 0)]).refused_by([]),
            "local.firewall-drop",
            Likely,
            client(),
            "some",
        )
        .or(&["timeout.port-silent", "timeout.silent"]),
        row(
            "our own filter drops the repeats, and a hop had a SYN to the port",
            counted(failing(net.far()), [(1, 0); 3]).refused_by([]).sweep([syn(1, net.gateway)]),
            "local.firewall-drop",
            Likely,
            client(),
            "some",
        )
        .or(&["timeout.port-silent", "timeout.silent"]),
        row(
            "the repeats fail while our own filter drops others' packets all the time",
            kept(net).refused_by([]).with(|attempt| {
                let Fact::Seen(windows) = &mut attempt.windows else { return };
                windows.iter_mut().for_each(|window| window.counters.out_requests += 20);
            }),
            "local.firewall-drop",
            Likely,
            client(),
            "",
        )
        .or(&["local.limits", "local.interface", "timeout.silent"]),
        row(
            "the repeats fail, and nobody counted where",
            failing(net.far()).refused_by([]),
            "local.firewall-drop",
            Likely,
            client(),
            "",
        )
        .or(&["local.limits", "local.interface", "timeout.silent"]),
        row(
            "the repeats fail on a kernel that counts behind the filter alone",
            counted_behind_the_filter(failing(net.far()), 0).refused_by([]),
            "local.firewall-drop",
            Certain,
            client(),
            "",
        ),
        row(
            "the same, and others send as well",
            counted_behind_the_filter(failing(net.far()), 2).refused_by([]),
            "local.firewall-drop",
            Likely,
            client(),
            "",
        )
        .or(&["local.limits", "local.interface", "timeout.silent"]),
        row(
            "our own filter drops, and this host forwards for others",
            counted_beside_forwarded(failing(net.far())).refused_by([]),
            "local.firewall-drop",
            Likely,
            client(),
            "",
        )
        .or(&["local.limits", "local.interface", "timeout.silent"]),
        row(
            "row 3 on loopback",
            failing(net.loopback()).refused_by([]),
            "local.firewall-drop",
            Certain,
            client(),
            "",
        ),
        row(
            "row 3, and a route that refuses stands behind the one that is taken",
            kept(net).refused_by([route_entry(RouteType::Unreachable, "default", 254)]),
            "local.firewall-drop",
            Certain,
            client(),
            "",
        ),
        row(
            "row 3, and a rule refuses what is marked",
            kept(net).refused_by([rule_entry(RouteType::Prohibit, &["fwmark"])]),
            "local.firewall-drop",
            Likely,
            client(),
            "",
        )
        .or(&["unreachable.local-route"]),
        row(
            "row 3, and a route of another table refuses",
            kept(net).refused_by([route_entry(RouteType::Blackhole, "default", 100)]),
            "local.firewall-drop",
            Likely,
            client(),
            "",
        )
        .or(&["unreachable.local-route"]),
        row("row 3, and nobody looked what refuses", kept(net), "local.firewall-drop", Likely, client(), "")
            .or(&["unreachable.local-route"]),
        row(
            "row 3, but whether something is held is not known",
            failing(net.far()).with(|attempt| attempt.unsent_bytes = Fact::NotAsked),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "given up, and the neighbour that did not answer is forgotten already",
            forgotten(net.near().held(3)),
            "unreachable.neighbor",
            Certain,
            link(net.near),
            "",
        ),
        row(
            "an error after three seconds, and the gateway that did not answer is forgotten already",
            forgotten(net.far().ended(3068.5).icmp(net.icmp(Says::HostSilent), net.own)),
            "unreachable.gateway",
            Certain,
            link(net.gateway),
            "",
        ),
        row(
            "B7 no carrier, still waiting",
            net.near().held(1).neighbour(Incomplete).link(true, false),
            "local.interface",
            Certain,
            client(),
            "no-carrier",
        ),
        row(
            "the device was switched off meanwhile",
            failing(net.far()).link(false, false),
            "local.interface",
            Certain,
            client(),
            "down",
        ),
        row(
            "the cable went out at the end: a hop had answered, and the target kept silent before",
            net.far().silent(4).sweep([syn(1, net.gateway)]).link(true, false),
            "local.interface",
            Likely,
            client(),
            "no-carrier",
        )
        .or(&["timeout.port-silent"]),
        row(
            "the gateway was lost at the end: a hop had answered, and the target kept silent before",
            net.far().held(3).sweep([syn(1, net.gateway)]).neighbour(Failed),
            "unreachable.gateway",
            Likely,
            link(net.gateway),
            "",
        )
        .or(&["timeout.silent"]),
        row(
            "B24 lo was switched off meanwhile",
            net.loopback().silent(3).links([super::build::device("lo", false, Some(true))]),
            "local.interface",
            Certain,
            client(),
            "down",
        ),
    ]
}

fn left_and_lost(net: Net) -> Vec<Row> {
    use NeighbourState::{Delay, Stale};
    let silent = net.far().silent(4);
    vec![
        row(
            "row 4, C1 silence behind a gateway",
            silent.clone().neighbour(NeighbourState::Reachable),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "row 4, the kernel is too old for segment counts",
            silent.tcp(|tcp| {
                tcp.segments_in = None;
                tcp.segments_out = None;
                tcp.in_flight_retransmits = None;
            }),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row("one SYN unanswered is little", net.far().ended(500.0), "timeout.silent", Possible, path(), ""),
        row(
            "G9 silence beside targets that a router rejects",
            net.far().silent(4).beside_rejections(net.gateway),
            "timeout.silent",
            Possible,
            path(),
            "others-rejected",
        )
        .or(&[
            "unreachable.icmp-admin",
            "timeout.port-silent",
            "timeout.accept-queue",
            "local.reply-dropped",
            "timeout.too-short",
        ]),
        row(
            "G9 a neighbour is silent for reasons of its own",
            net.near().held(3).neighbour(NeighbourState::Failed).beside_rejections(net.gateway),
            "unreachable.neighbor",
            Certain,
            link(net.near),
            "",
        ),
        row(
            "without TCP_INFO less is known",
            net.far().silent(4).with(|attempt| attempt.tcp = Fact::NotAsked),
            "timeout.silent",
            Possible,
            path(),
            "",
        ),
        row(
            "C21 the target answers ARP alone",
            net.near().silent(4).neighbour(NeighbourState::Reachable),
            "timeout.port-silent",
            Likely,
            target(),
            "",
        ),
        row(
            "C21 its ARP answer fell within this attempt",
            net.near().silent(4).neighbour_confirmed(Delay, Some(3000.0)),
            "timeout.port-silent",
            Likely,
            target(),
            "",
        ),
        row(
            "C21, but its last ARP answer was before this attempt",
            net.near().silent(4).neighbour_confirmed(Stale, Some(60_000.0)),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "C10, or our input filter, on loopback",
            net.loopback().silent(4),
            "timeout.port-silent",
            Likely,
            client(),
            "local",
        ),
        row(
            "the same, with little time",
            net.loopback().ended(300.0),
            "timeout.port-silent",
            Possible,
            client(),
            "local",
        ),
        row(
            "row 5 segments come, and none fits",
            net.far().silent(4).neighbour(NeighbourState::Reachable).tcp(|tcp| tcp.segments_in = Some(4)),
            "timeout.answer-invalid",
            Likely,
            target(),
            "",
        ),
        row(
            "row 5 behind a gateway that is being probed",
            net.far().silent(4).neighbour(NeighbourState::Probe).tcp(|tcp| tcp.segments_in = Some(4)),
            "timeout.answer-invalid",
            Likely,
            target(),
            "",
        ),
    ]
}
