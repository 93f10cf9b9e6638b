//! Faults that the path sweep, the extra SYNs or the counters tell apart.

use super::build::{Net, Says, V4, V6, World};
use super::row::{Row, client, hop, path, row, service, target};
use crate::diagnose::{Culprit, Hop};
use crate::model::{
    AfterHandshake, Counters, Fact, Icmp, Millis, NeighbourSample, NeighbourState, PathAnswer, PathProbe,
    PathProtocol, Sweep, Trial, Window,
};
use crate::verdict::Certainty::{Certain, Likely, Possible};
use nix::errno::Errno as E;

use super::build::ip;
use PathProtocol::{Tcp, Udp};

pub(super) fn router(address: &str, hop: u8) -> Option<Culprit> {
    Some(Culprit::Router { address: Some(ip(address)), hop: Some(hop) })
}

pub(super) fn after(hop: u8, address: &str) -> Option<Culprit> {
    Some(Culprit::Path { after: Some(Hop { hop, address: Some(ip(address)) }) })
}

pub(super) fn exceeded(from: &str) -> Option<PathAnswer> {
    let left = if from == V4.gateway || from == V6.gateway { 64 } else { 63 };
    Some(PathAnswer::TimeExceeded { from: Some(ip(from)), hop_limit: Some(left) })
}

/// Probes of the sweep: protocol, TTL (0 for the host's own), answer.
pub(super) type Shot = (PathProtocol, u8, Option<PathAnswer>);

/// A SYN that a router let die.
pub(super) fn syn(ttl: u8, from: &str) -> Shot {
    (PathProtocol::Tcp, ttl, exceeded(from))
}

impl World {
    pub(super) fn sweep(self, shots: impl IntoIterator<Item = Shot>) -> Self {
        let probe = |(protocol, ttl, answer): Shot| PathProbe {
            protocol,
            ttl: (ttl > 0).then_some(ttl),
            sent_ms: Millis(300.0),
            answered_ms: answer.is_some().then_some(Millis(300.5)),
            answer,
        };
        let probes = shots.into_iter().map(probe).collect();
        self.with(|attempt| attempt.path = Fact::Seen(Sweep { probes, done: true, ..Sweep::default() }))
    }

    fn trials(self, count: usize, ttl: Option<u8>, answer: Option<PathAnswer>, counters: Counters) -> Self {
        let trial = Trial { at_ms: Millis(300.0), ttl, answer, counters };
        self.with(|attempt| attempt.trials = Fact::Seen(vec![trial; count]))
    }

    /// Four seconds in windows of 100 ms; a SYN at each whole second, a burst of three after 300 ms, and what
    /// was counted for each answer. `always` is counted in every window.
    fn heard(self, each: Counters, burst: Counters, always: Counters) -> Self {
        let window = |number: u32| {
            let syns = u32::from(number.is_multiple_of(10));
            let counters = if syns > 0 {
                each
            } else if number == 3 {
                burst
            } else {
                always
            };
            let from = f64::from(number) * 100.0;
            Window { from_ms: Millis(from), to_ms: Millis(from + 100.0), syns, counters }
        };
        self.trials(3, None, None, Counters::default())
            .with(|attempt| attempt.windows = Fact::Seen((0..40).map(window).collect()))
    }
}

pub(super) fn rows() -> Vec<Row> {
    [V4, V6]
        .into_iter()
        .flat_map(|net| {
            let mut rows = resets(net);
            rows.extend(rejections(net));
            rows.extend(silences(net));
            rows.extend(swallowed(net));
            rows.into_iter().map(move |row| row.of(net.family))
        })
        .collect()
}

fn says(net: Net, says: Says, from: &str) -> Option<PathAnswer> {
    let (kind, code) = net.icmp(says);
    let family = if net.own.contains(':') { 6 } else { 4 };
    Some(PathAnswer::Icmp { icmp: Icmp { family, kind, code }, from: Some(ip(from)), hop_limit: Some(63) })
}

fn resets(net: Net) -> Vec<Row> {
    const RST: Option<PathAnswer> = Some(PathAnswer::Reset);
    let at = |reset: u8, contrast: Option<PathAnswer>| {
        let hops = [(Tcp, 1, exceeded(net.gateway)), (Tcp, 2, exceeded(net.router))];
        let before = hops.into_iter().filter(move |(_, ttl, _)| *ttl < reset);
        net.far().reset().sweep(before.chain([(Tcp, reset, RST), (Udp, reset, contrast)]))
    };
    let count = |loopback_out: i64, out_resets: i64| {
        // What a filter answers itself is delivered to nobody.
        let kept = i64::from(out_resets == 0 && loopback_out > 0);
        let in_delivers = loopback_out - kept;
        Counters { loopback_out, out_resets, in_receives: loopback_out, in_delivers, ..Counters::default() }
    };
    let here = |loopback, resets| at(1, None).trials(4, Some(1), RST, count(loopback, resets));
    let own = |resets| net.loopback().reset().trials(1, None, RST, count(2, resets));
    vec![
        row(
            "A1 the reset comes from as far as the target",
            at(3, says(net, Says::Port, net.far)),
            "refused.rst",
            Likely,
            target(),
            "",
        ),
        row(
            "A6 a router in the middle resets",
            at(2, exceeded(net.router)),
            "refused.rst-forged",
            Likely,
            router(net.gateway, 1),
            "",
        ),
        row(
            "A7 a reset before the first hop's look at the TTL, and not from here",
            at(1, exceeded(net.gateway)).trials(4, Some(1), RST, count(0, 0)),
            "refused.rst-forged",
            Likely,
            router(net.gateway, 1),
            "",
        ),
        row(
            "A7 or A8, nobody looked at the loopback device",
            at(1, exceeded(net.gateway)),
            "refused.rst-forged",
            Likely,
            router(net.gateway, 1),
            "",
        ),
        row(
            "A6 a router in the middle that does not name itself",
            net.far().reset().sweep([(Tcp, 1, None), (Tcp, 2, RST), (Udp, 2, exceeded(net.router))]),
            "refused.rst-forged",
            Likely,
            Some(Culprit::Router { address: None, hop: Some(1) }),
            "",
        ),
        row("A8 our output filter resets", here(1, 0), "local.firewall-reject", Certain, client(), ""),
        row(
            "A8 our output filter resets, on a busy host",
            here(2, 0),
            "local.firewall-reject",
            Likely,
            client(),
            "",
        ),
        row(
            "A8 our output filter resets, on a host that is busy now and then",
            here(1, 0).with(|attempt| {
                let Fact::Seen(trials) = &mut attempt.trials else { return };
                trials.insert(1, Trial { counters: count(7, 2), ..trials[0].clone() });
            }),
            "local.firewall-reject",
            Certain,
            client(),
            "",
        ),
        row("A12 a redirection to a dead proxy", here(2, 1), "refused.rst", Likely, client(), "intercepted"),
        row("A9 TCP here sent the reset", own(1), "refused.rst", Likely, target(), "local"),
        row("A11 our input filter sent the reset", own(0), "local.firewall-reject", Certain, client(), ""),
    ]
}

fn rejections(net: Net) -> Vec<Row> {
    let rejected = |what| net.far().ended(0.5).icmp(net.icmp(what), net.router);
    let hops = [(Tcp, 1, exceeded(net.gateway)), (Tcp, 2, exceeded(net.router))];
    let worn_out =
        |farther| rejected(Says::TtlOut).sweep(hops.into_iter().chain([(Tcp, 3, farther), (Tcp, 4, None)]));
    let own_ttl = |ttl, world: World| world.with(|attempt| attempt.own_ttl = Fact::Seen(ttl));
    let beyond = if net.far.contains(':') { "2001:db8:9::9" } else { "203.0.113.99" };
    let round = [net.gateway, net.router, net.gateway, net.router, net.gateway];
    let round = (1..).zip(round).map(|(ttl, from)| (Tcp, ttl, exceeded(from)));
    vec![
        row(
            "A3 with its distance",
            rejected(Says::Port).sweep(hops.into_iter().chain([(Tcp, 3, says(net, Says::Port, net.router))])),
            "refused.icmp-port",
            Certain,
            router(net.router, 2),
            "router",
        ),
        row(
            "B13 with its distance, though it does not look at the TTL first",
            rejected(Says::NoRoute)
                .sweep([(Tcp, 1, exceeded(net.gateway)), (Tcp, 2, says(net, Says::NoRoute, net.router))]),
            "unreachable.icmp-net",
            Certain,
            router(net.router, 2),
            "",
        ),
        row(
            "A2 in the target's name, by something before the second hop's look at the TTL",
            net.far().ended(0.5).icmp(net.icmp(Says::Port), net.far).sweep([
                (Tcp, 1, exceeded(net.gateway)),
                (Tcp, 2, says(net, Says::Port, net.far)),
                (Udp, 2, exceeded(net.router)),
            ]),
            "refused.icmp-port",
            Likely,
            router(net.router, 2),
            "nearer",
        ),
        row(
            "A2 with its distance, where other packets get as far",
            net.far().ended(0.5).icmp(net.icmp(Says::Port), net.far).sweep([
                (Tcp, 1, exceeded(net.gateway)),
                (Tcp, 2, says(net, Says::Port, net.far)),
                (Udp, 2, says(net, Says::Port, net.far)),
            ]),
            "refused.icmp-port",
            Certain,
            target(),
            "",
        ),
        row(
            "A13 the first router translates, and the answer has the target's address",
            net.far().ended(0.5).icmp(net.icmp(Says::HostSilent), net.far).sweep([
                (Tcp, 1, exceeded(net.far)),
                (Tcp, 2, says(net, Says::HostSilent, net.far)),
                (Udp, 1, exceeded(net.gateway)),
            ]),
            "unreachable.icmp-host",
            Likely,
            router(net.gateway, 1),
            "nearer",
        ),
        row(
            "A2 by the first router, or something nearer: nobody else was heard there",
            net.far()
                .ended(0.5)
                .icmp(net.icmp(Says::Port), net.far)
                .sweep([(Tcp, 1, says(net, Says::Port, net.far)), (Udp, 1, None)]),
            "refused.icmp-port",
            Likely,
            target(),
            "",
        ),
        row(
            "A13 the target or something nearer translates",
            net.far().ended(0.5).icmp(net.icmp(Says::HostSilent), net.far).sweep([
                (Tcp, 1, exceeded(net.far)),
                (Tcp, 2, says(net, Says::HostSilent, net.far)),
                (Udp, 1, None),
            ]),
            "unreachable.icmp-host",
            Likely,
            target(),
            "target",
        ),
        row(
            "B15 the same routers come again, and a whole TTL is worn out",
            own_ttl(64, rejected(Says::TtlOut).sweep(round.clone())),
            "unreachable.loop",
            Certain,
            router(net.gateway, 1),
            "",
        ),
        row(
            "B15 beside B16: routers that share the load, and something sets each TTL to their distance",
            own_ttl(
                64,
                rejected(Says::TtlOut).sweep(
                    (1..)
                        .zip([net.router, beyond, net.router, beyond])
                        .map(|(ttl, from)| (Tcp, ttl, exceeded(from))),
                ),
            ),
            "unreachable.loop",
            Likely,
            router(net.router, 1),
            "",
        )
        .or(&["unreachable.icmp-other"]),
        row(
            "B15 the gateway sends back to this host",
            own_ttl(
                64,
                rejected(Says::TtlOut).sweep(
                    (1..)
                        .zip([net.gateway, net.own, net.gateway, net.own])
                        .map(|(ttl, from)| (Tcp, ttl, exceeded(from))),
                ),
            ),
            "unreachable.loop",
            Certain,
            router(net.gateway, 1),
            "",
        ),
        row(
            "B15 the same routers come again, this host's TTL unknown",
            rejected(Says::TtlOut).sweep(round.clone()),
            "unreachable.loop",
            Likely,
            router(net.gateway, 1),
            "",
        ),
        row(
            "B15 the routers have stopped saying so",
            own_ttl(64, net.far().silent(4).sweep(round)),
            "unreachable.loop",
            Likely,
            router(net.gateway, 1),
            "",
        ),
        row(
            "B16 a greater TTL gets farther, and this host's ends there",
            own_ttl(2, worn_out(Some(PathAnswer::SynAck))),
            "unreachable.icmp-other",
            Certain,
            client(),
            "own-ttl",
        ),
        row(
            "B16 a greater TTL gets farther, this host's TTL unknown",
            worn_out(Some(PathAnswer::SynAck)),
            "unreachable.icmp-other",
            Likely,
            client(),
            "own-ttl",
        ),
        row(
            "B15 beside B16: this host's TTL is great enough",
            own_ttl(64, worn_out(Some(PathAnswer::SynAck))),
            "unreachable.loop",
            Likely,
            router(net.router, 2),
            "flow",
        ),
        row(
            "B15, B16 a greater TTL finds nothing",
            worn_out(None),
            "unreachable.icmp-other",
            Likely,
            router(net.router, 2),
            "time-exceeded",
        ),
        row(
            "only the sweep drew the rejection",
            net.far().silent(4).sweep(hops.into_iter().chain([(
                Tcp,
                3,
                says(net, Says::Prohibited, net.router),
            )])),
            "unreachable.icmp-admin",
            Likely,
            router(net.router, 2),
            "",
        ),
    ]
}

fn silences(net: Net) -> Vec<Row> {
    let hops = [(Tcp, 1, exceeded(net.gateway)), (Tcp, 2, exceeded(net.router)), (Tcp, 3, None)];
    let silent = |extra: &[Shot]| net.far().silent(4).sweep(hops.into_iter().chain(extra.iter().copied()));
    let hurried = || net.far().ended(500.0);
    let transmits = |count| Counters { out_requests: 1, out_transmits: Some(count), ..Counters::default() };
    let unprotected = |count| Counters {
        out_requests: count,
        out_transmits: Some(0),
        ipsec_unmet: Some(count),
        ..Counters::default()
    };
    let still = Counters { out_transmits: Some(0), ..Counters::default() };
    let slow = |rtt: f64| {
        hurried().asked(|request| request.timeout_ms = Millis(500.0)).sweep(hops).with(|attempt| {
            let Fact::Seen(sweep) = &mut attempt.path else { return };
            sweep.probes[0].answered_ms = Some(Millis(300.0 + rtt));
        })
    };
    let late = |retransmits| {
        net.far()
            .connected(800.0, AfterHandshake::Quiet)
            .asked(|request| request.timeout_ms = Millis(500.0))
            .tcp(|tcp| tcp.retransmits = Some(retransmits))
    };
    vec![
        row(
            "C1 lost behind the last hop that answers",
            silent(&[(Udp, 0, None)]),
            "timeout.silent",
            Likely,
            after(2, net.router),
            "",
        ),
        row(
            "C1 no hop answers",
            net.far().silent(4).sweep([(Tcp, 1, None)]),
            "timeout.silent",
            Likely,
            Some(Culprit::Path { after: Some(Hop { hop: 0, address: None }) }),
            "",
        ),
        row(
            "C2 the target answers UDP",
            silent(&[(Udp, 0, says(net, Says::Port, net.far))]),
            "timeout.port-silent",
            Likely,
            after(2, net.router),
            "",
        ),
        row(
            "C2 the target answers an echo",
            silent(&[(PathProtocol::Echo, 0, Some(PathAnswer::Reply))]),
            "timeout.port-silent",
            Likely,
            after(2, net.router),
            "",
        ),
        row(
            "C2, and the socket's numbers are not shown: its SYNs may never have left",
            net.far()
                .silent(4)
                .sweep([(Udp, 0, says(net, Says::Port, net.far))])
                .with(|attempt| attempt.tcp = Fact::CouldNotLook("EPERM".into())),
            "timeout.port-silent",
            Possible,
            target(),
            "",
        )
        .or(&[
            "timeout.accept-queue",
            "local.reply-dropped",
            "timeout.too-short",
            "local.firewall-drop",
        ]),
        row(
            "C2 without a sweep of the hops",
            net.far().silent(4).sweep([(Udp, 0, says(net, Says::Port, net.far))]),
            "timeout.port-silent",
            Likely,
            target(),
            "",
        ),
        row(
            "C1 a router answers UDP, the target does not",
            silent(&[(Udp, 0, says(net, Says::Prohibited, net.router))]),
            "timeout.silent",
            Likely,
            after(2, net.router),
            "",
        ),
        row(
            "C4 in a hurry: an extra SYN reaches no device",
            hurried().trials(1, None, None, transmits(0)),
            "local.firewall-drop",
            Likely,
            client(),
            "",
        ),
        row(
            "an IPsec policy takes each SYN",
            net.far().silent(4).heard(unprotected(1), unprotected(3), still),
            "local.denied",
            Likely,
            client(),
            "ipsec",
        )
        .or(&["local.firewall-drop", "timeout.silent"]),
        row(
            "an IPsec policy takes each SYN but the last: the association was made meanwhile",
            net.far().silent(4).heard(unprotected(1), unprotected(3), still).with(|attempt| {
                let Fact::Seen(windows) = &mut attempt.windows else { return };
                windows[30].counters = transmits(1);
            }),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "an IPsec policy has no association for something, and a hop has seen a SYN",
            silent(&[]).heard(unprotected(1), unprotected(3), still),
            "timeout.silent",
            Likely,
            after(2, net.router),
            "",
        ),
        row(
            "in a hurry: an IPsec policy takes the extra SYN",
            hurried().trials(1, None, None, unprotected(1)),
            "local.denied",
            Likely,
            client(),
            "ipsec",
        ),
        row(
            "something behind IP takes each SYN, and it is no IPsec policy that says so",
            net.far().silent(4).heard(transmits(0), transmits(0), still),
            "local.firewall-drop",
            Likely,
            client(),
            "taken",
        )
        .or(&["local.denied", "timeout.silent"]),
        row(
            "an IPsec policy drops others' packets, and the SYNs leave",
            net.far().silent(4).heard(
                Counters {
                    out_requests: 2,
                    out_transmits: Some(1),
                    ipsec_unmet: Some(1),
                    ..Counters::default()
                },
                still,
                still,
            ),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "a SYN that was counted in the window before has left",
            net.far().silent(4).heard(transmits(0), transmits(0), transmits(1)),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "C1 in a hurry: the extra SYN left",
            hurried().trials(1, None, None, transmits(1)),
            "timeout.silent",
            Possible,
            path(),
            "",
        ),
        row(
            "C4 in a hurry: a datagram is denied",
            hurried().sweep([(Udp, 0, Some(PathAnswer::NotSent(super::build::errno(E::EPERM))))]),
            "local.firewall-drop",
            Likely,
            client(),
            "",
        ),
        row(
            "C16 the way alone takes longer than the timeout",
            slow(700.0),
            "timeout.too-short",
            Likely,
            client(),
            "",
        ),
        row(
            "C1 beside C16: the way takes less",
            slow(20.0),
            "timeout.silent",
            Possible,
            after(2, net.router),
            "",
        ),
        row(
            "C16 the answer was in time, and the program late to look",
            late(0).tcp(|tcp| tcp.rtt_ms = Some(Millis(20.0))),
            "connected.ok",
            Certain,
            None,
            "",
        ),
        row("C16 the answer came after the deadline", late(0), "timeout.too-short", Certain, client(), ""),
        row(
            "the answer came after the deadline, and the gateway's ARP was late",
            late(0).with(|attempt| {
                let sample = |at_ms, state| NeighbourSample {
                    at_ms: Millis(at_ms),
                    address: super::build::ip(net.gateway),
                    state,
                    confirmed_ms_ago: None,
                    device_packets: None,
                };
                attempt.neighbour = Fact::Seen(vec![sample(375.0, NeighbourState::Incomplete)]);
            }),
            "timeout.too-short",
            Likely,
            client(),
            "",
        )
        .or(&["unreachable.gateway"]),
        row(
            "C17 it came after the deadline and a repeat",
            late(1),
            "timeout.too-short",
            Likely,
            client(),
            "",
        ),
    ]
}

fn swallowed(net: Net) -> Vec<Row> {
    let nothing = Counters::default();
    let received = |count| Counters { in_receives: count, loopback_out: count, ..nothing };
    let filtered = |count| Counters { in_receives: count, reverse_path_filter: count, ..nothing };
    let taken = |count| Counters { in_receives: count, in_delivers: count, in_segments: count, ..nothing };
    let reset = |count| Counters { out_resets: count, ..taken(count) };
    let broken = |count| Counters { in_checksum_errors: Some(count), ..taken(count) };
    let back = |count| Counters { in_address_errors: Some(count), ..received(count) };
    let silent = || net.far().silent(4);
    let own = |counters| net.loopback().silent(4).trials(2, None, None, counters);
    let delivered = Counters { in_receives: 1, in_delivers: 1, ..nothing };
    vec![
        row(
            "D2 what stands for something behind it keeps silent, and others' packets were counted",
            own(Counters { in_receives: 1, forwarded: 1, loopback_out: 1, ..nothing }).with(|attempt| {
                let Fact::Seen(trials) = &mut attempt.trials else { return };
                trials[1].counters = nothing;
            }),
            "timeout.port-silent",
            Likely,
            client(),
            "local",
        ),
        row(
            "C6 our input filter drops the answers",
            silent().heard(received(1), received(3), nothing),
            "local.reply-dropped",
            Likely,
            client(),
            "",
        ),
        row(
            "C6 and a packet was between two counters while they were read",
            silent().heard(received(1), received(3), nothing).with(|attempt| {
                let Fact::Seen(windows) = &mut attempt.windows else { return };
                (windows[25].counters, windows[26].counters) = (received(1), received(-1));
            }),
            "local.reply-dropped",
            Likely,
            client(),
            "",
        ),
        row(
            "C6 and a packet was counted as delivered before it was as received",
            silent().heard(received(1), received(3), nothing).with(|attempt| {
                let Fact::Seen(windows) = &mut attempt.windows else { return };
                (windows[25].counters, windows[26].counters) = (received(-1), received(1));
            }),
            "local.reply-dropped",
            Likely,
            client(),
            "",
        ),
        row(
            "C6 and what was between two counters is taken back where an answer is due",
            silent().heard(received(1), received(3), nothing).with(|attempt| {
                let Fact::Seen(windows) = &mut attempt.windows else { return };
                let due = (26..windows.len()).find(|at| windows[*at].syns > 0).unwrap();
                windows[due - 1].counters = received(1);
            }),
            "local.reply-dropped",
            Likely,
            client(),
            "",
        ),
        row(
            "C6 or not: a packet goes nowhere at another time",
            silent().heard(received(1), received(3), nothing).with(|attempt| {
                let Fact::Seen(windows) = &mut attempt.windows else { return };
                windows[25].counters = received(1);
            }),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "B17 the reverse path filter drops them",
            silent().heard(filtered(1), filtered(3), nothing),
            "local.reply-dropped",
            Likely,
            client(),
            "rp-filter",
        ),
        row(
            "C8 a filter takes them from the socket",
            silent().heard(taken(1), taken(3), nothing),
            "local.reply-dropped",
            Likely,
            client(),
            "socket",
        ),
        row(
            "answers come in with a wrong checksum",
            silent().heard(broken(1), broken(3), nothing),
            "timeout.answer-invalid",
            Likely,
            path(),
            "broken",
        )
        .or(&["local.reply-dropped", "timeout.silent"]),
        row(
            "C8 and one answer comes in with a wrong checksum",
            silent().heard(taken(1), broken(3), nothing),
            "local.reply-dropped",
            Likely,
            client(),
            "socket",
        ),
        row(
            "a router sends our SYNs back",
            silent().heard(back(1), back(3), nothing),
            "unreachable.loop",
            Likely,
            hop(net.gateway),
            "back",
        )
        .or(&["local.reply-dropped"]),
        row(
            "answers come from another address: TCP here resets each",
            silent().heard(reset(1), reset(3), nothing),
            "timeout.answer-invalid",
            Likely,
            path(),
            "elsewhere",
        )
        .or(&["local.reply-dropped", "timeout.silent"]),
        row(
            "C1 beside C6: packets come all the time",
            silent().heard(received(1), received(3), received(1)),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "C1 beside C6: nothing answers the burst",
            silent().heard(received(1), nothing, nothing),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "C1 beside C6: what comes is delivered",
            silent().heard(delivered, delivered, nothing),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "our input filter drops on loopback",
            own(received(1)),
            "local.firewall-drop",
            Certain,
            client(),
            "in",
        ),
        row(
            "C10 the accept queue overflows",
            own(Counters { listen_overflows: 1, ..delivered }),
            "timeout.accept-queue",
            Likely,
            service(),
            "",
        ),
        row(
            "C15 delivered, and nothing overflows",
            own(delivered),
            "timeout.port-silent",
            Likely,
            client(),
            "local",
        ),
    ]
}
