//! Builds evidence in a few words: what a probe would have seen of a fault.

use crate::model::{
    AfterHandshake, Attempt, Call, Errno, Evidence, Fact, FailedCall, Family, Host, Link, Lookup,
    LookupOutcome, Millis, NeighbourSample, NeighbourState, Origin, OwnAddress, QueueEntry, Refusal,
    RefusalKind, Request, Resolved, Route, RouteAnswer, RouteType, SoError, Target, TcpInfo, TcpState,
};
use nix::errno::Errno as E;
use std::net::{IpAddr, SocketAddr};

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The addresses of one family.
#[derive(Debug, Clone, Copy)]
pub(super) struct Net {
    pub(super) family: Family,
    /// A target behind the gateway.
    pub(super) far: &'static str,
    /// A target on our link.
    pub(super) near: &'static str,
    pub(super) own: &'static str,
    pub(super) gateway: &'static str,
    /// A router behind the gateway.
    pub(super) router: &'static str,
    pub(super) loopback: &'static str,
}

pub(super) const V4: Net = Net {
    family: Family::V4,
    far: "198.18.1.2",
    near: "198.51.100.9",
    own: "198.51.100.2",
    gateway: "198.51.100.1",
    router: "203.0.113.2",
    loopback: "127.0.0.1",
};

pub(super) const V6: Net = Net {
    family: Family::V6,
    far: "2001:db8:2::2",
    near: "2001:db8:1::9",
    own: "2001:db8:1::2",
    gateway: "2001:db8:1::1",
    router: "2001:db8:9::2",
    loopback: "::1",
};

/// What an ICMP error says, in either family.
#[derive(Debug, Clone, Copy)]
pub(super) enum Says {
    NoRoute,
    HostSilent,
    Port,
    Prohibited,
    TtlOut,
}

impl Net {
    /// Type and code.
    pub(super) fn icmp(self, says: Says) -> (u8, u8) {
        match (self.family, says) {
            (Family::V4, Says::NoRoute) => (3, 0),
            (Family::V4, Says::HostSilent) => (3, 1),
            (Family::V4, Says::Port) => (3, 3),
            (Family::V4, Says::Prohibited) => (3, 13),
            (Family::V4, Says::TtlOut) => (11, 0),
            (Family::V6, Says::NoRoute) => (1, 0),
            (Family::V6, Says::HostSilent) => (1, 3),
            (Family::V6, Says::Port) => (1, 4),
            (Family::V6, Says::Prohibited) => (1, 1),
            (Family::V6, Says::TtlOut) => (3, 0),
        }
    }

    /// An attempt to a target behind the gateway.
    pub(super) fn far(self) -> World {
        remote(self.far).route_via(self.gateway)
    }

    /// An attempt to a target on our link.
    pub(super) fn near(self) -> World {
        remote(self.near).on_link()
    }

    /// An attempt to the loopback address.
    pub(super) fn loopback(self) -> World {
        remote(self.loopback).source(self.loopback).route_of(RouteType::Local)
    }
}

/// errno of an ICMP error in SYN-SENT (`icmp_err_convert`, `tab_unreach`).
fn errno_of(family: Family, kind: u8, code: u8) -> E {
    match (family, kind, code) {
        (Family::V4, 3, 0 | 6 | 9 | 11) | (Family::V6, 1, 0) => E::ENETUNREACH,
        (Family::V4, 3, 2) => E::ENOPROTOOPT,
        (Family::V4, 3, 3) | (Family::V6, 1, 4) => E::ECONNREFUSED,
        (Family::V4, 3, 5) => E::EOPNOTSUPP,
        (Family::V4, 3, 7) => E::EHOSTDOWN,
        (Family::V4, 3, 8) => E::ENONET,
        (Family::V4, 12, _) | (Family::V6, 4, _) | (Family::V6, 1, 7 | 8) => E::EPROTO,
        (Family::V6, 1, 1 | 5 | 6) => E::EACCES,
        _ => E::EHOSTUNREACH,
    }
}

/// Evidence under construction; the methods speak of its last attempt.
#[derive(Debug, Clone)]
pub(super) struct World(pub(super) Evidence);

/// An attempt at port 80 of an address, begun and nothing seen yet.
pub(super) fn remote(address: &str) -> World {
    let ip = ip(address);
    let endpoint = SocketAddr::new(ip, 80);
    let target = Target::parse(&endpoint.to_string(), &|_| None).unwrap();
    let mut evidence = Evidence::new(Request::new(target));
    let mut attempt = Attempt::new(endpoint, Millis(0.05));
    attempt.ended_ms = Some(Millis(0.2));
    let own = if ip.is_ipv4() { V4.own } else { V6.own };
    attempt.source = Some(SocketAddr::new(self::ip(own), 40112));
    attempt.queue = Fact::Seen(Vec::new());
    attempt.unsent_bytes = Fact::Seen(0);
    attempt.tcp = Fact::Seen(TcpInfo {
        state: TcpState::SynSent,
        timeouts: 0,
        in_flight_retransmits: Some(0),
        retransmits: Some(0),
        segments_out: Some(1),
        segments_in: Some(0),
        rtt_ms: None,
    });
    evidence.attempts.push(attempt);
    evidence.elapsed_ms = Millis(0.3);
    World(evidence)
}

/// A name that `getaddrinfo` fails on.
pub(super) fn name(host: &str, outcome: LookupOutcome) -> World {
    let target =
        Target { host: Host::Name(host.into()), ..Target::parse("db.example:80", &|_| None).unwrap() };
    let mut evidence = Evidence::new(Request::new(target));
    evidence.lookup = Fact::Seen(Lookup { outcome, elapsed_ms: Millis(1.25), other_family: Fact::NotAsked });
    evidence.elapsed_ms = Millis(1.5);
    World(evidence)
}

/// `getaddrinfo` failing with a code.
pub(super) fn eai(host: &str, code: &str) -> World {
    name(host, LookupOutcome::Failed { eai: code.into(), errno: None })
}

impl World {
    pub(super) fn last(&mut self) -> &mut Attempt {
        self.0.attempts.last_mut().unwrap()
    }

    /// Changes the last attempt.
    /// Another target on the same way was rejected by a router.
    pub(super) fn beside_rejections(mut self, router: &str) -> Self {
        let from = Some(ip(router));
        let (family, kind, code) =
            if from.is_some_and(|from| from.is_ipv4()) { (4, 3, 13) } else { (6, 1, 1) };
        let icmp = crate::model::Icmp { family, kind, code };
        self.0.beside = Some(crate::model::Beside { icmp, from, rejected: 6 });
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Attempt)) -> Self {
        change(self.last());
        self
    }

    /// Changes what was asked.
    pub(super) fn asked(mut self, change: impl FnOnce(&mut Request)) -> Self {
        change(&mut self.0.request);
        self
    }

    /// Changes the TCP_INFO of the last attempt.
    pub(super) fn tcp(self, change: impl FnOnce(&mut TcpInfo)) -> Self {
        self.with(|attempt| {
            let Fact::Seen(tcp) = &mut attempt.tcp else { panic!("no TCP_INFO to change") };
            change(tcp);
        })
    }

    /// The attempts of `others` behind this one's, as of one name with several addresses.
    pub(super) fn named(mut self, host: &str, others: impl IntoIterator<Item = World>) -> Self {
        for other in others {
            self.0.attempts.extend(other.0.attempts);
        }
        self.0.request.target.host = Host::Name(host.into());
        self.0.request.target.input = format!("{host}:80");
        let addresses = self.0.attempts.iter();
        let addresses = addresses.map(|attempt| Resolved { address: attempt.address.ip(), scope: None });
        self.0.lookup = Fact::Seen(Lookup {
            outcome: LookupOutcome::Addresses(addresses.collect()),
            elapsed_ms: Millis(0.75),
            other_family: Fact::NotAsked,
        });
        self
    }

    pub(super) fn source(self, address: &str) -> Self {
        self.with(|attempt| attempt.source = Some(SocketAddr::new(ip(address), 40112)))
    }

    fn route(self, kind: RouteType, gateway: Option<&str>) -> Self {
        self.with(|attempt| {
            attempt.route = Fact::Seen(RouteAnswer::Route(Route {
                kind,
                gateway: gateway.map(ip),
                device_index: Some(if kind == RouteType::Local { 1 } else { 2 }),
                preferred_source: attempt.source.map(|source| source.ip()),
                table: Some(if kind == RouteType::Unicast { 254 } else { 255 }),
                hop_limit: None,
            }));
        })
    }

    pub(super) fn route_via(self, gateway: &str) -> Self {
        self.route(RouteType::Unicast, Some(gateway))
    }

    pub(super) fn on_link(self) -> Self {
        self.route(RouteType::Unicast, None)
    }

    pub(super) fn route_of(self, kind: RouteType) -> Self {
        self.route(kind, None)
    }

    pub(super) fn route_refused(self, errno: E) -> Self {
        self.with(|attempt| attempt.route = Fact::Seen(RouteAnswer::Refused(errno.into())))
    }

    pub(super) fn route_lost(self, errno: E) -> Self {
        self.with(|attempt| attempt.route_at_end = Fact::Seen(RouteAnswer::Refused(errno.into())))
    }

    /// The device of the route.
    pub(super) fn link(self, up: bool, carrier: bool) -> Self {
        self.with(|attempt| attempt.link = Fact::Seen(device("eth0", up, Some(carrier))))
    }

    /// A look at whoever the SYN goes through.
    pub(super) fn neighbour(self, state: NeighbourState) -> Self {
        self.neighbour_confirmed(state, None)
    }

    pub(super) fn neighbour_confirmed(self, state: NeighbourState, ms_ago: Option<f64>) -> Self {
        self.with(|attempt| {
            let sample = NeighbourSample {
                at_ms: attempt.ended_ms.unwrap_or_default(),
                address: attempt.gateway().unwrap_or(attempt.address.ip()),
                state,
                confirmed_ms_ago: ms_ago.map(Millis),
                device_packets: None,
            };
            attempt.neighbour = Fact::Seen(vec![sample]);
            // Whoever looks for the neighbour looks at the device too.
            if !attempt.link.was_asked() {
                attempt.link = Fact::Seen(device("eth0", true, Some(true)));
            }
        })
    }

    /// A segment with RST reached the socket.
    pub(super) fn reset(self) -> Self {
        self.so_error(E::ECONNREFUSED).tcp(|tcp| {
            tcp.state = TcpState::Close;
            tcp.segments_in = Some(1);
        })
    }

    pub(super) fn so_error(self, errno: E) -> Self {
        self.with(|attempt| {
            let at_ms = attempt.ended_ms.unwrap_or_default();
            attempt.so_errors.push(SoError { at_ms, errno: errno.into() });
        })
    }

    /// An ICMP error from elsewhere that ends the attempt.
    pub(super) fn icmp(self, (kind, code): (u8, u8), sender: &str) -> Self {
        let errno = errno_of(self.family(), kind, code);
        self.soft_icmp((kind, code), sender).so_error(errno).tcp(|tcp| tcp.state = TcpState::Close)
    }

    /// An ICMP error that is only noted: connect held the socket's lock.
    pub(super) fn soft_icmp(self, (kind, code): (u8, u8), sender: &str) -> Self {
        let family = self.family();
        self.with(|attempt| {
            let own = attempt.source.map(|source| source.ip());
            let entry = QueueEntry {
                at_ms: attempt.ended_ms.unwrap_or_default(),
                errno: errno_of(family, kind, code).into(),
                origin: if family == Family::V4 { Origin::Icmp } else { Origin::Icmp6 },
                kind,
                code,
                info: 0,
                sender: Some(ip(sender)),
                sender_is_ours: Fact::Seen(Some(ip(sender)) == own),
                // What the target behind the gateway says has passed a router or two.
                hop_limit: Some(if [V4.far, V6.far].contains(&sender) { 62 } else { 64 }),
            };
            let Fact::Seen(entries) = &mut attempt.queue else { panic!("no queue to fill") };
            entries.push(entry);
        })
    }

    fn family(&self) -> Family {
        Family::of(self.0.attempts.last().unwrap().address.ip())
    }

    pub(super) fn ended(self, at_ms: f64) -> Self {
        self.with(|attempt| attempt.ended_ms = Some(Millis(at_ms)))
    }

    /// The deadline came with this many SYNs sent.
    pub(super) fn silent(self, syns: u8) -> Self {
        self.ended(f64::from(syns) * 1000.0 + 0.4).tcp(|tcp| {
            tcp.timeouts = syns - 1;
            tcp.retransmits = Some(u32::from(syns - 1));
            tcp.in_flight_retransmits = Some(u32::from(syns > 1));
            tcp.segments_out = Some(u32::from(syns));
        })
    }

    /// The deadline came while the SYN was still in this host.
    pub(super) fn held(self, timeouts: u8) -> Self {
        self.ended(f64::from(timeouts) * 1000.0 + 0.4).tcp(|tcp| tcp.timeouts = timeouts).with(|attempt| {
            attempt.unsent_bytes = Fact::Seen(1280);
        })
    }

    /// A system call failed at once: nothing was sent.
    pub(super) fn call(self, call: Call, errno: E) -> Self {
        self.with(|attempt| {
            attempt.failed = Some(FailedCall { call, errno: errno.into() });
            attempt.source = None;
            attempt.queue = Fact::NotAsked;
            attempt.tcp = Fact::NotAsked;
            attempt.unsent_bytes = Fact::NotAsked;
        })
    }

    pub(super) fn refused_by(self, refusals: impl IntoIterator<Item = Refusal>) -> Self {
        self.with(|attempt| attempt.refusals = Fact::Seen(refusals.into_iter().collect()))
    }

    pub(super) fn addresses(mut self, all: impl IntoIterator<Item = OwnAddress>) -> Self {
        self.0.host.addresses = Fact::Seen(all.into_iter().collect());
        self
    }

    pub(super) fn links(mut self, all: impl IntoIterator<Item = Link>) -> Self {
        self.0.host.links = Fact::Seen(all.into_iter().collect());
        self
    }

    pub(super) fn port_start(mut self, start: u16) -> Self {
        self.0.host.unprivileged_port_start = Fact::Seen(start);
        self
    }

    /// The handshake completed after this long.
    pub(super) fn connected(self, ms: f64, after: AfterHandshake) -> Self {
        self.ended(ms + 250.0)
            .tcp(|tcp| {
                tcp.state = TcpState::Established;
                tcp.segments_in = Some(2);
                tcp.segments_out = Some(2);
                tcp.rtt_ms = Some(Millis(ms));
            })
            .with(|attempt| {
                attempt.connected_ms = Some(Millis(ms));
                attempt.after = Fact::Seen(after);
            })
    }
}

pub(super) fn device(name: &str, up: bool, carrier: Option<bool>) -> Link {
    let loopback = name == "lo";
    let index = if loopback { 1 } else { 2 };
    Link {
        index,
        name: name.into(),
        up,
        carrier,
        loopback,
        ipv6_disabled: Some(false),
        narrow_mtu: None,
        over_others: false,
        routes_need_carrier: None,
    }
}

pub(super) fn without_ipv6(link: Link) -> Link {
    Link { ipv6_disabled: Some(true), ..link }
}

pub(super) fn own(address: &str, prefix_len: u8) -> OwnAddress {
    let address = ip(address);
    let device_index = if address.is_loopback() { 1 } else { 2 };
    OwnAddress { address, prefix_len, device_index, tentative: false }
}

pub(super) fn route_entry(action: RouteType, prefix: &str, table: u32) -> Refusal {
    Refusal {
        kind: RefusalKind::Route,
        action,
        prefix: Some(prefix.into()),
        table: Some(table),
        priority: None,
        other_selectors: Vec::new(),
    }
}

pub(super) fn rule_entry(action: RouteType, other_selectors: &[&str]) -> Refusal {
    Refusal {
        kind: RefusalKind::Rule,
        action,
        prefix: None,
        table: None,
        priority: Some(100),
        other_selectors: other_selectors.iter().map(ToString::to_string).collect(),
    }
}

/// No seccomp filter is on.
pub(super) fn unfiltered(mut world: World) -> World {
    world.0.host.seccomp = Fact::Seen(0);
    world
}

pub(super) fn errno(errno: E) -> Errno {
    errno.into()
}
