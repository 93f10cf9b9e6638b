//! Who keeps the neighbour's answer away: nobody there, this host itself, or another next hop than the route's.

use super::build::{Net, Says, V4, V6, World, ip};
use super::row::{Row, client, link, row};
use crate::model::{Counters, DevicePackets, Fact, Millis, NeighbourSample, NeighbourState, Window};
use crate::verdict::Certainty::{Certain, Likely};

pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [V4, V6].into_iter().flat_map(of_family).collect();
    rows.extend(by_counters_of_ipv6().into_iter().map(|row| row.of(V6.family)));
    rows.extend(beside_other_packets().into_iter().map(|row| row.of(V4.family)));
    rows
}

impl World {
    /// A look each quarter of a second while the neighbour is asked for; `each` says what came in and went out in
    /// the quarter with this number.
    fn looks(self, each: impl Fn(u32) -> (u64, u64)) -> Self {
        self.looks_beside(0, each)
    }

    /// The same, with so many more packets of IPv6 in each quarter.
    fn looks_beside(self, of_ipv6: u64, each: impl Fn(u32) -> (u64, u64)) -> Self {
        self.with(|attempt| {
            let address = attempt.gateway().unwrap_or(attempt.address.ip());
            let mut packets =
                DevicePackets { received: 100, received_ipv6: 90, sent: 50, sent_ipv6: None, read_ms: None };
            let mut samples = Vec::new();
            for number in 0..=12 {
                if number > 0 {
                    let (received, sent) = each(number - 1);
                    packets.received += received + of_ipv6;
                    packets.received_ipv6 += of_ipv6;
                    packets.sent += sent;
                }
                let state = if number < 12 { NeighbourState::Incomplete } else { NeighbourState::Failed };
                samples.push(NeighbourSample {
                    at_ms: Millis(0.3 + f64::from(number) * 250.0),
                    address,
                    state,
                    confirmed_ms_ago: None,
                    device_packets: Some(packets),
                });
            }
            attempt.neighbour = Fact::Seen(samples);
            attempt.link = Fact::Seen(super::build::device("eth0", true, Some(true)));
        })
    }

    /// The same quarters by the counters of IP.
    fn counted_by_ip(self, each: impl Fn(u32) -> Counters) -> Self {
        let window = |number: u32| Window {
            from_ms: Millis(f64::from(number) * 250.0),
            to_ms: Millis(f64::from(number) * 250.0 + 250.0),
            syns: 0,
            counters: each(number),
        };
        self.with(|attempt| attempt.windows = Fact::Seen((0..12).map(window).collect()))
    }
}

/// The quarters in which the second and the third question are out.
fn asks(number: u32) -> bool {
    matches!(number, 4 | 8)
}

fn of_family(net: Net) -> Vec<Row> {
    let gave_up = |world: World| world.ended(3050.0).icmp(net.icmp(Says::HostSilent), net.own);
    let near = || gave_up(net.near());
    let far = || gave_up(net.far());
    let question = |number| u64::from(asks(number));
    let other = |state| {
        move |attempt: &mut crate::model::Attempt| {
            let sample = |address, state| NeighbourSample {
                at_ms: attempt.ended_ms.unwrap_or_default(),
                address: ip(address),
                state,
                confirmed_ms_ago: None,
                device_packets: None,
            };
            let samples = vec![sample(net.gateway, NeighbourState::Reachable), sample(net.router, state)];
            attempt.neighbour = Fact::Seen(samples);
            attempt.link = Fact::Seen(super::build::device("eth0", true, Some(true)));
        }
    };
    let rows = vec![
        row(
            "B9, questions go out and nothing comes in",
            near().looks(|number| (0, question(number))),
            "unreachable.neighbor",
            Certain,
            link(net.near),
            "",
        ),
        row(
            "B9 on a busy link: packets come in all the time",
            near().looks(|number| (2, question(number))),
            "unreachable.neighbor",
            Likely,
            link(net.near),
            "",
        )
        .or(&["local.reply-dropped"]),
        row(
            "B9 on a link with a packet now and then",
            near().looks(|number| (u64::from(number == 2), question(number))),
            "unreachable.neighbor",
            Certain,
            link(net.near),
            "",
        ),
        row(
            "questions go out of a bridge, behind which this host has filters too",
            near().looks(|number| (0, question(number))).with(|attempt| {
                if let Fact::Seen(device) = &mut attempt.link {
                    device.over_others = true;
                }
            }),
            "unreachable.neighbor",
            Likely,
            link(net.near),
            "",
        )
        .or(&["local.firewall-drop", "local.reply-dropped"]),
        row(
            "the question does not leave this host",
            far().looks(|_| (0, 0)),
            "local.firewall-drop",
            Likely,
            client(),
            "discovery",
        )
        .or(&["unreachable.gateway"]),
        row(
            "one of the questions does not leave this host, other packets do",
            near().looks(|number| (0, u64::from(number == 8))),
            "unreachable.neighbor",
            Likely,
            link(net.near),
            "",
        )
        .or(&["local.firewall-drop"]),
        row(
            "a count that came late has the last question in it",
            near().looks(|number| (0, u64::from(matches!(number, 3 | 4)))).with(|attempt| {
                let Fact::Seen(samples) = &mut attempt.neighbour else { return };
                if let Some(packets) = &mut samples[5].device_packets {
                    packets.read_ms = Some(Millis(2050.0));
                }
            }),
            "unreachable.neighbor",
            Certain,
            link(net.near),
            "",
        ),
        row(
            "something comes in after each question, and at no other time",
            near().looks(|number| (question(number), question(number))),
            "local.reply-dropped",
            Likely,
            client(),
            "discovery",
        )
        .or(&["unreachable.neighbor"]),
        row(
            "the same, and at first both ends said more, as a device does that has just come up",
            near().looks(|number| match number {
                0..3 => (1, u64::from(number == 1)),
                _ => (question(number), question(number)),
            }),
            "local.reply-dropped",
            Likely,
            client(),
            "discovery",
        )
        .or(&["unreachable.neighbor"]),
        row(
            "the same, and more comes in later as well",
            near().looks(|number| match number {
                2 | 7 => (1, 0),
                _ => (question(number), question(number)),
            }),
            "unreachable.neighbor",
            Likely,
            link(net.near),
            "",
        )
        .or(&["local.reply-dropped"]),
        row(
            "still waiting, and the question does not leave this host",
            net.near().held(2).ended(2900.0).looks(|_| (0, 0)),
            "local.firewall-drop",
            Likely,
            client(),
            "discovery",
        ),
        row(
            "B9 another gateway than the route's, which answers",
            far().with(other(NeighbourState::Failed)),
            "unreachable.gateway",
            Likely,
            link(net.router),
            "",
        )
        .or(&["local.firewall-reject"]),
        row(
            "B9 another gateway than the route's, and it may yet answer",
            net.far().held(1).with(other(NeighbourState::Incomplete)),
            "unreachable.gateway",
            Likely,
            link(net.router),
            "",
        )
        .or(&["timeout.silent"]),
        row(
            "A4 or B9: an error after three seconds, and the gateway answers",
            far().neighbour(NeighbourState::Reachable),
            "unreachable.gateway",
            Likely,
            client(),
            "detour",
        )
        .or(&["unreachable.neighbor", "local.firewall-reject"]),
    ];
    rows.into_iter().map(|row| row.of(net.family)).collect()
}

/// ARP is no packet of IP: what IP has sent is no question.
fn beside_other_packets() -> Vec<Row> {
    let gave_up = || V4.far().ended(3050.0).icmp(V4.icmp(Says::HostSilent), V4.own);
    let by_ip = |all: i64, over_loopback: i64| {
        move |_: u32| Counters {
            out_requests: all,
            out_transmits: Some(all),
            loopback_out: over_loopback,
            ..Counters::default()
        }
    };
    vec![
        row(
            "questions go out beside others' packets",
            gave_up().looks(|number| (0, 3 + u64::from(asks(number)))).counted_by_ip(by_ip(3, 0)),
            "unreachable.gateway",
            Certain,
            link(V4.gateway),
            "",
        ),
        row(
            "others' packets are all that goes out",
            gave_up().looks(|_| (0, 3)).counted_by_ip(by_ip(3, 0)),
            "unreachable.gateway",
            Likely,
            link(V4.gateway),
            "",
        )
        .or(&["local.firewall-drop"]),
        row(
            "something goes out all the time, and nobody counted what",
            gave_up().looks(|_| (0, 3)),
            "unreachable.gateway",
            Likely,
            link(V4.gateway),
            "",
        )
        .or(&["local.firewall-drop"]),
        row(
            "what IPv6 sends is all that goes out",
            gave_up().looks(|_| (0, 3)).counted_by_ip(by_ip(0, 0)).with(|attempt| {
                let Fact::Seen(samples) = &mut attempt.neighbour else { return };
                let all = samples.iter_mut().filter_map(|sample| sample.device_packets.as_mut());
                all.for_each(|packets| packets.sent_ipv6 = Some(packets.sent));
            }),
            "unreachable.gateway",
            Likely,
            link(V4.gateway),
            "",
        )
        .or(&["local.firewall-drop"]),
        row(
            "questions go out while others speak over loopback",
            gave_up().looks(|number| (0, u64::from(asks(number)))).counted_by_ip(by_ip(3, 3)),
            "unreachable.gateway",
            Certain,
            link(V4.gateway),
            "",
        ),
    ]
}

fn by_counters_of_ipv6() -> Vec<Row> {
    let gave_up = || V6.near().ended(3050.0).icmp(V6.icmp(Says::HostSilent), V6.own);
    let noise = |number: u32| (0, 1 + u64::from(asks(number)));
    let noise_of_ip = |number: u32| Counters {
        in_receives: 2,
        in_multicast: 2,
        out_requests: 1 + i64::from(asks(number)),
        out_transmits: Some(1 + i64::from(asks(number))),
        ..Counters::default()
    };
    vec![
        row(
            "B9 on a busy link: what goes out hides whether the question does",
            gave_up().looks_beside(2, noise).counted_by_ip(noise_of_ip),
            "unreachable.neighbor",
            Likely,
            link(V6.near),
            "",
        )
        .or(&["local.firewall-drop"]),
        row(
            "a packet was between two counters while they were read",
            gave_up().looks(|number| (0, u64::from(asks(number)))).counted_by_ip(|number| Counters {
                out_requests: i64::from(asks(number)),
                out_transmits: Some(i64::from(matches!(number, 5 | 8))),
                ..Counters::default()
            }),
            "unreachable.neighbor",
            Certain,
            link(V6.near),
            "",
        ),
        row(
            "the question does not leave this host, other packets do",
            gave_up()
                .looks_beside(2, |_| (0, 1))
                .counted_by_ip(|number| Counters { out_transmits: Some(1), ..noise_of_ip(number) }),
            "local.firewall-drop",
            Likely,
            client(),
            "discovery",
        ),
        row(
            "what comes in after each question goes nowhere, other packets do",
            gave_up().looks_beside(2, |number| (u64::from(asks(number)), 2)).counted_by_ip(|number| {
                Counters { in_receives: 2 + i64::from(asks(number)), ..noise_of_ip(number) }
            }),
            "local.reply-dropped",
            Likely,
            client(),
            "discovery",
        ),
    ]
}
