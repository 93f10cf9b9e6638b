//! What one datagram to a UDP port comes to.

use super::build::{Net, Says, V4, V6, World, device, errno, ip, own, unfiltered};
use super::row::{Row, client, hop, link, nobody, path, row, service, target};
use super::told::listening;
use super::way::{after, exceeded, router};
use crate::model::{
    AfterHandshake, Call, Counters, Fact, Icmp, Listening, Millis, NeighbourState, PathAnswer, PathProtocol,
    Payload, RouteType, SoError, Transport, Trial, Window,
};
use crate::verdict::Certainty::{Certain, Likely, Possible};
use PathProtocol::{Echo, Udp};
use nix::errno::Errno as E;
use std::net::{IpAddr, SocketAddr};

impl World {
    /// The last attempt over UDP: one empty datagram, and nothing heard yet.
    pub(super) fn udp(self) -> Self {
        self.asked(|request| request.target.transport = Transport::Udp).with(|attempt| {
            attempt.transport = Transport::Udp;
            attempt.payload = Some(Payload::Empty);
            attempt.tcp = Fact::NotAsked;
        })
    }

    /// A datagram of so many bytes came back.
    fn datagram_back(self, ms: f64, bytes: u32) -> Self {
        self.ended(ms).with(|attempt| {
            attempt.connected_ms = Some(Millis(ms));
            attempt.after = Fact::Seen(AfterHandshake::Data(bytes));
        })
    }

    /// The counters around a datagram to this host.
    fn counted(self, counters: Counters) -> Self {
        self.with(|attempt| {
            let answer = attempt.deciding_icmp().map(|(icmp, entry)| PathAnswer::Icmp {
                icmp,
                from: entry.sender,
                hop_limit: entry.hop_limit,
            });
            let trial = Trial { at_ms: Millis::default(), ttl: None, answer, counters };
            attempt.trials = Fact::Seen(vec![trial]);
        })
    }

    /// Port unreachable from this host's own address; so many datagrams found no socket, so many packets
    /// went over loopback.
    fn own_port(self, udp_no_ports: i64, loopback_out: i64) -> Self {
        let sender = self.0.attempts.last().unwrap().address.ip().to_string();
        let says = if ip(&sender).is_ipv4() { V4 } else { V6 }.icmp(Says::Port);
        self.datagram_icmp(says, &sender).counted(Counters {
            udp_no_ports: Some(udp_no_ports),
            loopback_out,
            in_receives: loopback_out,
            // What a filter answers itself is delivered to nobody.
            in_delivers: loopback_out - i64::from(udp_no_ports == 0 && loopback_out > 0),
            ..Counters::default()
        })
    }

    /// This host's kernel gave up on its neighbour.
    fn gave_up(self, net: Net, ms: f64) -> Self {
        self.datagram_icmp(net.icmp(Says::HostSilent), net.own).ended(ms).with(|attempt| {
            let Fact::Seen(entries) = &mut attempt.queue else { panic!("no queue") };
            entries.iter_mut().for_each(|entry| entry.at_ms = Millis(ms));
        })
    }
}

fn bound(address: IpAddr) -> Listening {
    Listening { queue_limit: 0, ..listening(&SocketAddr::new(address, 80).to_string()) }
}

/// An ICMP error for a probe.
fn says(net: Net, says: Says, from: &str) -> Option<PathAnswer> {
    let (kind, code) = net.icmp(says);
    let family = if net.far.contains(':') { 6 } else { 4 };
    Some(PathAnswer::Icmp { icmp: Icmp { family, kind, code }, from: Some(ip(from)), hop_limit: Some(62) })
}

pub(super) fn rows() -> Vec<Row> {
    [V4, V6]
        .into_iter()
        .flat_map(|net| {
            let mut rows = answers(net);
            rows.extend(refusals(net));
            rows.extend(closed_here(net));
            rows.extend(not_sent(net));
            rows.extend(silences(net));
            rows.into_iter().map(move |row| row.of(net.family))
        })
        .collect()
}

fn answers(net: Net) -> Vec<Row> {
    let udp = || net.far().udp();
    let same_end = net.loopback().udp().datagram_back(0.1, 0).with(|attempt| {
        attempt.source = Some(attempt.address);
    });
    let partial = udp()
        .datagram_icmp(net.icmp(Says::Port), net.far)
        .named("ns.example", [net.near().udp().datagram_back(0.5, 12)]);
    let slow = udp().ended(1000.5).named("ns.example", [net.near().udp().datagram_back(0.5, 12)]);
    let late = udp().datagram_back(310.0, 5).asked(|request| request.timeout_ms = Millis(300.0));
    vec![
        row("UDP: an answer", udp().datagram_back(1.5, 48), "connected.ok", Certain, nobody(), ""),
        row("UDP: an empty answer", udp().datagram_back(1.5, 0), "connected.ok", Certain, nobody(), ""),
        row("UDP: the socket's own datagram", same_end, "refused.self-connect", Certain, client(), ""),
        row("UDP: the first address is closed", partial, "connected.partial", Certain, target(), ""),
        row("UDP: the first address keeps silent", slow, "connected.partial", Likely, path(), "slow"),
        row("UDP: an answer after the deadline", late, "timeout.too-short", Certain, client(), ""),
    ]
}

fn refusals(net: Net) -> Vec<Row> {
    let by = |what, from| net.far().udp().datagram_icmp(net.icmp(what), from);
    let unseen = net.far().udp().with(|attempt| {
        attempt.queue = Fact::CouldNotLook("IP_RECVERR: ENOPROTOOPT".into());
        attempt.so_errors.push(SoError { at_ms: Millis(0.4), errno: errno(E::ECONNREFUSED) });
    });
    let named = by(Says::Port, net.gateway).sweep([(Udp, 1, exceeded(net.gateway))]);
    vec![
        row("UDP: a closed port", by(Says::Port, net.far), "refused.icmp-port", Certain, target(), "udp"),
        row(
            "UDP: a router's REJECT",
            by(Says::Port, net.router),
            "refused.icmp-port",
            Certain,
            hop(net.router),
            "router",
        ),
        row(
            "UDP: the first router's REJECT",
            named,
            "refused.icmp-port",
            Certain,
            router(net.gateway, 1),
            "router",
        ),
        row(
            "UDP: a router without a route",
            by(Says::NoRoute, net.router),
            "unreachable.icmp-net",
            Certain,
            hop(net.router),
            "",
        ),
        row(
            "UDP: prohibited on the way",
            by(Says::Prohibited, net.router),
            "unreachable.icmp-admin",
            Certain,
            hop(net.router),
            "",
        ),
        row(
            "UDP: prohibited at the target",
            by(Says::Prohibited, net.far),
            "unreachable.icmp-admin",
            Certain,
            target(),
            "target",
        ),
        row(
            "UDP: the last router finds nobody",
            by(Says::HostSilent, net.router),
            "unreachable.icmp-host",
            Certain,
            hop(net.router),
            "",
        ),
        row(
            "UDP: the TTL ran out",
            by(Says::TtlOut, net.router),
            "unreachable.icmp-other",
            Likely,
            hop(net.router),
            "time-exceeded",
        )
        .or(&["unreachable.loop"]),
        row("UDP: an error that is not shown", unseen, "refused.icmp-port", Likely, path(), "unseen")
            .or(&["local.firewall-reject"]),
    ]
}

fn closed_here(net: Net) -> Vec<Row> {
    let own_port = |no_ports, lo| net.loopback().udp().own_port(no_ports, lo);
    let code = "refused.icmp-port";
    let elsewhere = if net.far.contains(':') { "2001:db8:1::2" } else { "198.51.100.2" };
    let other = if net.far.contains(':') { V4 } else { V6 };
    let uncounted = net.loopback().udp().datagram_icmp(net.icmp(Says::Port), net.loopback);
    vec![
        row("UDP: nothing here", own_port(1, 2).here([]), code, Certain, target(), "nothing-here"),
        row("UDP: nothing here, on a busy loopback", own_port(1, 8).here([]), code, Likely, target(), "udp"),
        row("UDP: nothing here, on a busy host", own_port(3, 6).here([]), code, Likely, target(), "udp")
            .or(&["local.firewall-reject"]),
        row("UDP: nobody looked for sockets", own_port(1, 2), code, Likely, target(), "udp")
            .or(&["alias.bound-elsewhere"]),
        row(
            "UDP: a socket that came too late",
            own_port(1, 2).here([bound(ip(net.loopback))]),
            code,
            Likely,
            target(),
            "udp",
        )
        .or(&["local.firewall-reject"]),
        row("UDP: the counters could not be read", uncounted, code, Likely, target(), "udp")
            .or(&["local.firewall-reject"]),
        row("UDP: a port that is forwarded", own_port(0, 0), code, Likely, target(), "udp")
            .or(&["local.firewall-reject"]),
        row("UDP: the input filter rejects", own_port(0, 2), "local.firewall-reject", Certain, client(), ""),
        row(
            "UDP: a container answers, while others talk over loopback",
            own_port(0, 2).with(|attempt| {
                let Fact::Seen(trials) = &mut attempt.trials else { return };
                trials.iter_mut().for_each(|trial| trial.counters.in_delivers = 2);
            }),
            "local.firewall-reject",
            Likely,
            client(),
            "",
        )
        .or(&["refused.icmp-port"]),
        row(
            "UDP: the input filter rejects, on a busy host",
            own_port(0, 9),
            "local.firewall-reject",
            Likely,
            client(),
            "",
        )
        .or(&["refused.icmp-port"]),
        row(
            "UDP: bound to another address",
            own_port(1, 2).here([bound(ip(elsewhere))]),
            "alias.bound-elsewhere",
            Certain,
            service(),
            "",
        ),
        row(
            "UDP: localhost of the other family",
            own_port(1, 2).named("localhost", []).here([bound(ip(other.loopback))]),
            "alias.localhost-family",
            Certain,
            client(),
            "",
        ),
    ]
}

fn not_sent(net: Net) -> Vec<Row> {
    let send = |error| {
        unfiltered(net.far().udp())
            .with(|attempt| attempt.payload = Some(Payload::Empty))
            .not_sent(Call::Send, error)
    };
    let rejected =
        net.far().udp().datagram_icmp(net.icmp(Says::Port), net.own).not_sent(Call::Send, E::EPERM);
    let nowhere = net.far().udp().call(Call::Connect, E::ENETUNREACH).route_refused(E::ENETUNREACH);
    let many = net.near().udp().route_of(RouteType::Broadcast).with(|attempt| {
        attempt.payload = None;
        attempt.queue = Fact::NotAsked;
    });
    let taken =
        net.far().udp().call(Call::Bind, E::EADDRINUSE).asked(|request| request.source_port = Some(5353));
    vec![
        row(
            "UDP: an output filter drops",
            send(E::EPERM),
            "local.firewall-drop",
            Certain,
            client(),
            "datagram",
        ),
        row("UDP: an output filter rejects", rejected, "local.firewall-reject", Certain, client(), ""),
        row(
            "UDP: a full queue of the device",
            send(E::ENOBUFS).link(true, true),
            "local.firewall-drop",
            Likely,
            client(),
            "queue",
        )
        .or(&["local.limits"]),
        row(
            "UDP: no route",
            nowhere.refused_by([]).addresses([own(net.own, 24)]).links([device("up", true, Some(true))]),
            "unreachable.no-route",
            Certain,
            client(),
            "",
        ),
        row("UDP: to everybody on the link", many, "unreachable.no-route", Certain, client(), "not-unicast"),
        row("UDP: the source port is taken", taken, "local.source-in-use", Certain, client(), ""),
        row(
            "UDP: no port left",
            net.far().udp().call(Call::Connect, E::EAGAIN),
            "local.ports-exhausted",
            Likely,
            client(),
            "",
        )
        .or(&["local.source-in-use"]),
        row(
            "UDP: connect is forbidden",
            net.far().udp().call(Call::Connect, E::EPERM),
            "local.denied",
            Certain,
            client(),
            "",
        ),
    ]
}

fn silences(net: Net) -> Vec<Row> {
    let far = || net.far().udp().ended(4000.5);
    let hops = [(Udp, 1, exceeded(net.gateway)), (Udp, 2, None), (Udp, 0, None), (Echo, 0, None)];
    let port = says(net, Says::Port, net.far);
    let up = far().sweep([(Udp, 1, exceeded(net.gateway)), (Udp, 2, port), (Udp, 0, port)]);
    let other_port = far().sweep([(Udp, 1, says(net, Says::Prohibited, net.gateway))]);
    let no_way =
        far().sweep([(Udp, 1, exceeded(net.gateway)), (Udp, 2, says(net, Says::NoRoute, net.router))]);
    let near = || net.near().udp().ended(4000.5);
    let lost = ["timeout.port-silent", "local.reply-dropped", "timeout.too-short"];
    let here = || net.loopback().udp().ended(4000.5);
    let came_in = Counters { loopback_out: 1, in_receives: 1, ..Counters::default() };
    let delivered = Counters { in_delivers: 1, ..came_in };
    let held =
        near().with(|attempt| attempt.unsent_bytes = Fact::Seen(768)).neighbour(NeighbourState::Failed);
    let counted = |at: u32, more: u32| {
        far().with(|attempt| {
            let window = |number: u32| {
                let no_ports = i64::from(number == at || number == more);
                let counters = Counters { udp_no_ports: Some(no_ports), ..Counters::default() };
                let to_ms = 125.0 + 250.0 * f64::from(number);
                Window { from_ms: Millis((to_ms - 250.0).max(0.1)), to_ms: Millis(to_ms), syns: 0, counters }
            };
            attempt.windows = Fact::Seen((0..16).map(window).collect());
        })
    };
    let by_name = counted(0, 0).named("db.example", []);
    let unclaimed = |name, world| row(name, world, "timeout.answer-invalid", Likely, path(), "unclaimed");
    vec![
        unclaimed("UDP: the answer comes from another address, at once", counted(0, 0))
            .or(&["timeout.port-silent"]),
        unclaimed("UDP: the answer comes from another address, a little later", counted(1, 1)),
        row("UDP: another name server may have answered late", by_name, "timeout.silent", Likely, path(), ""),
        row("UDP: a stray comes in later", counted(5, 5), "timeout.silent", Likely, path(), ""),
        row("UDP: strays come in now and then", counted(0, 9), "timeout.silent", Likely, path(), ""),
        row("UDP: silence", far(), "timeout.silent", Likely, path(), "").or(&lost),
        row("UDP: a short silence", far().ended(500.2), "timeout.silent", Possible, path(), "").or(&lost),
        row(
            "UDP: silence after a hop",
            far().sweep(hops),
            "timeout.silent",
            Likely,
            after(1, net.gateway),
            "",
        ),
        row("UDP: the target is up", up, "timeout.port-silent", Likely, path(), "")
            .or(&["local.reply-dropped", "timeout.too-short"]),
        row(
            "UDP: the high port is prohibited",
            other_port,
            "timeout.silent",
            Likely,
            Some(crate::diagnose::Culprit::Path {
                after: Some(crate::diagnose::Hop { hop: 0, address: None }),
            }),
            "",
        ),
        row("UDP: the sweep finds no way", no_way, "unreachable.icmp-net", Likely, router(net.router, 2), "")
            .or(&["timeout.silent"]),
        row(
            "UDP: a neighbour answers ARP alone",
            near().neighbour(NeighbourState::Reachable),
            "timeout.port-silent",
            Likely,
            target(),
            "",
        ),
        row(
            "UDP: a neighbour that is not there",
            net.near().udp().gave_up(net, 3060.0).neighbour(NeighbourState::Failed),
            "unreachable.neighbor",
            Certain,
            link(net.near),
            "",
        ),
        row(
            "UDP: a gateway that is not there",
            net.far().udp().gave_up(net, 3060.0).neighbour(NeighbourState::Failed),
            "unreachable.gateway",
            Certain,
            link(net.gateway),
            "",
        ),
        row(
            "UDP: a neighbour that has not answered yet",
            near().ended(1000.2).neighbour(NeighbourState::Incomplete),
            "unreachable.neighbor",
            Likely,
            link(net.near),
            "",
        ),
        row(
            "UDP: the datagram waits for its neighbour",
            held,
            "unreachable.neighbor",
            Certain,
            link(net.near),
            "",
        ),
        row(
            "UDP: the route went away",
            far().route_lost(E::ENETUNREACH),
            "unreachable.no-route",
            Likely,
            client(),
            "lost",
        ),
        row(
            "UDP: a silent socket here",
            here().counted(delivered).here([bound(ip(net.loopback))]),
            "timeout.port-silent",
            Likely,
            target(),
            "local",
        )
        .or(&["local.firewall-drop"]),
        row(
            "UDP: the input filter drops",
            here().counted(came_in).here([bound(ip(net.loopback))]),
            "local.firewall-drop",
            Certain,
            client(),
            "in",
        ),
        row(
            "UDP: silence, and no socket here",
            here().counted(delivered).here([]),
            "local.firewall-drop",
            Likely,
            client(),
            "in",
        )
        .or(&["timeout.port-silent"]),
    ]
}
