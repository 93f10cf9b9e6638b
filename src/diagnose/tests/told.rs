//! Builds what name servers, files and socket tables tell.

use super::build::{V4, V6, World, ip};
use crate::model::{
    Acceptance, Attempt, Counters, DirectView, DnsAnswer, Errno, Exchange, ExchangeOutcome, ExtendedError,
    Fact, ForeignListening, HostsLine, Listeners, Listening, Millis, NameFiles, NameSource, Owner,
    PathAnswer, PeerEnd, Process, RecordKind, Resolved, ResolverSettings, Route, RouteAnswer, RouteType,
    ServerView, Transport, Trial,
};
use nix::errno::Errno as E;
use std::net::{IpAddr, SocketAddr};

/// Name servers behind the gateway.
pub(super) const FIRST: &str = "203.0.113.53";
pub(super) const SECOND: &str = "203.0.113.54";

/// The name that is asked for where nothing else is said.
pub(super) const NAME: &str = "db.example";

fn answer() -> DnsAnswer {
    DnsAnswer {
        rcode: 0,
        truncated: false,
        addresses: Vec::new(),
        aliases: Vec::new(),
        alias_loop: false,
        extended: Vec::new(),
    }
}

/// An answer with this response code, and nothing else.
pub(super) fn rcode(rcode: u16) -> ExchangeOutcome {
    ExchangeOutcome::Answer(DnsAnswer { rcode, ..answer() })
}

pub(super) fn gives(addresses: &[&str]) -> ExchangeOutcome {
    let addresses = addresses.iter().map(|text| ip(text)).collect();
    ExchangeOutcome::Answer(DnsAnswer { addresses, ..answer() })
}

/// No error, and no address.
pub(super) fn empty() -> ExchangeOutcome {
    rcode(0)
}

/// An alias that leads to no address.
pub(super) fn alias(names: &[&str], alias_loop: bool) -> ExchangeOutcome {
    let aliases = names.iter().map(ToString::to_string).collect();
    ExchangeOutcome::Answer(DnsAnswer { aliases, alias_loop, ..answer() })
}

pub(super) fn cut_short() -> ExchangeOutcome {
    ExchangeOutcome::Answer(DnsAnswer { truncated: true, ..answer() })
}

/// The same of an answer that says no such name.
pub(super) fn no_name_cut_short() -> ExchangeOutcome {
    ExchangeOutcome::Answer(DnsAnswer { rcode: 3, truncated: true, ..answer() })
}

pub(super) fn extended(rcode: u16, code: u16, text: &str) -> ExchangeOutcome {
    let extended = vec![ExtendedError { code, text: text.into() }];
    ExchangeOutcome::Answer(DnsAnswer { rcode, extended, ..answer() })
}

pub(super) fn garbled() -> ExchangeOutcome {
    ExchangeOutcome::Malformed("unexpected end of input".into())
}

pub(super) fn errno(errno: E) -> ExchangeOutcome {
    ExchangeOutcome::Failed(errno.into())
}

/// A name server that has been asked over UDP; a question without an answer ended after 1.5 s.
pub(super) fn server(address: &str) -> ServerView {
    let address = SocketAddr::new(ip(address), 53);
    let mut attempt = Attempt::new(address, Millis(3.0));
    let local = address.ip().is_loopback();
    let (own, gateway) = if address.is_ipv4() { (V4.own, V4.gateway) } else { (V6.own, V6.gateway) };
    let source = if local { address.ip() } else { ip(own) };
    attempt.transport = Transport::Udp;
    attempt.source = Some(SocketAddr::new(source, 51_000));
    attempt.ended_ms = Some(Millis(1500.0));
    attempt.queue = Fact::Seen(Vec::new());
    attempt.route = Fact::Seen(RouteAnswer::Route(Route {
        kind: if local { RouteType::Local } else { RouteType::Unicast },
        gateway: (!local).then(|| ip(gateway)),
        device_index: Some(if local { 1 } else { 2 }),
        preferred_source: Some(source),
        table: Some(if local { 255 } else { 254 }),
        hop_limit: None,
    }));
    ServerView { attempt, exchanges: Vec::new() }
}

/// The name servers' side of the evidence, in a few words.
pub(super) trait Asked: Sized {
    /// One question and what came of it.
    fn exchange(self, name: &str, record: RecordKind, transport: Transport, outcome: ExchangeOutcome)
    -> Self;
    /// Changes how the server was reached.
    fn reached(self, change: impl FnOnce(World) -> World) -> Self;

    /// A and AAAA of the name.
    fn says(self, a: ExchangeOutcome, aaaa: ExchangeOutcome) -> Self {
        self.says_of(NAME, a, aaaa)
    }

    fn says_of(self, name: &str, a: ExchangeOutcome, aaaa: ExchangeOutcome) -> Self {
        self.exchange(name, RecordKind::A, Transport::Udp, a).exchange(
            name,
            RecordKind::Aaaa,
            Transport::Udp,
            aaaa,
        )
    }

    /// The same again over TCP.
    fn over_tcp(self, a: ExchangeOutcome, aaaa: ExchangeOutcome) -> Self {
        self.exchange(NAME, RecordKind::A, Transport::Tcp, a).exchange(
            NAME,
            RecordKind::Aaaa,
            Transport::Tcp,
            aaaa,
        )
    }

    fn silent(self) -> Self {
        self.says(ExchangeOutcome::Silent, ExchangeOutcome::Silent)
    }
}

impl Asked for ServerView {
    fn exchange(
        mut self,
        name: &str,
        record: RecordKind,
        transport: Transport,
        outcome: ExchangeOutcome,
    ) -> Self {
        let silent = outcome == ExchangeOutcome::Silent;
        self.exchanges.push(Exchange {
            name: name.into(),
            record,
            transport,
            sent: if silent { 2 } else { 1 },
            started_ms: Millis(3.0),
            elapsed_ms: Millis(if silent { 1497.0 } else { 0.75 }),
            outcome,
        });
        self
    }

    fn reached(mut self, change: impl FnOnce(World) -> World) -> Self {
        let mut world = super::build::remote(&self.address().ip().to_string());
        *world.last() = self.attempt;
        self.attempt = change(world).last().clone();
        self
    }
}

/// A socket in LISTEN, of a process that the user may see.
pub(super) fn listening(address: &str) -> Listening {
    let address: SocketAddr = address.parse().unwrap();
    let process = Fact::Seen(Process { pid: 812, name: "node".into() });
    Listening {
        only_v6: address.is_ipv6().then_some(false),
        address,
        device: None,
        queue: 0,
        queue_limit: 128,
        owner: Owner { uid: 1000, process, cgroup: Some("/system.slice/web.service".into()) },
        leads_to: None,
    }
}

pub(super) fn only_v6(listening: Listening) -> Listening {
    Listening { only_v6: Some(true), ..listening }
}

pub(super) fn on_device(device: &str, listening: Listening) -> Listening {
    Listening { device: Some(device.into()), ..listening }
}

pub(super) fn of_process(pid: u32, listening: Listening) -> Listening {
    let process = Fact::Seen(Process { pid, name: "other".into() });
    Listening { owner: Owner { process, ..listening.owner.clone() }, ..listening }
}

pub(super) fn waiting(queue: u32, queue_limit: u32, listening: Listening) -> Listening {
    Listening { queue, queue_limit, ..listening }
}

/// A listener of another network namespace, in a container.
pub(super) fn contained(address: &str, namespace: u64) -> ForeignListening {
    let cgroup =
        "/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope";
    ForeignListening {
        address: address.parse().unwrap(),
        namespace,
        owns_target: false,
        owner: Owner { uid: 0, process: Fact::CouldNotLook("EACCES".into()), cgroup: Some(cgroup.into()) },
    }
}

impl World {
    fn files(mut self, change: impl FnOnce(&mut NameFiles)) -> Self {
        if !self.0.name_files.was_asked() {
            self.0.name_files = Fact::Seen(NameFiles {
                hosts: Fact::Seen(Vec::new()),
                sources: Fact::NotAsked,
                resolver: Fact::NotAsked,
                own_name: Some("client".into()),
            });
        }
        let Fact::Seen(files) = &mut self.0.name_files else { panic!("no files to change") };
        change(files);
        self
    }

    /// The sources of nsswitch.conf.
    pub(super) fn sources(self, names: &[&str]) -> Self {
        let source = |name: &&str| NameSource { name: name.to_string(), action: None };
        self.files(|files| files.sources = Fact::Seen(names.iter().map(source).collect()))
    }

    /// resolv.conf with these servers.
    pub(super) fn resolv(self, servers: &[&str]) -> Self {
        let servers = servers.iter().map(|server| SocketAddr::new(ip(server), 53)).collect();
        self.files(|files| {
            files.resolver = Fact::Seen(ResolverSettings { present: true, servers, ..Default::default() });
        })
    }

    /// Lines of the hosts file that hold the name.
    pub(super) fn hosts(self, lines: &[(u32, &str)]) -> Self {
        let lines = lines.iter().map(|(line, address)| HostsLine { line: *line, address: ip(address) });
        let lines = lines.collect();
        self.files(|files| files.hosts = Fact::Seen(lines))
    }

    /// What the name servers said when they were asked directly.
    pub(super) fn direct(mut self, servers: impl IntoIterator<Item = ServerView>) -> Self {
        let servers: Vec<ServerView> = servers.into_iter().collect();
        let given = |server: &ServerView| -> Vec<IpAddr> {
            let answers = server.exchanges.iter().filter_map(|exchange| match &exchange.outcome {
                ExchangeOutcome::Answer(answer) if answer.rcode == 0 => Some(answer.addresses.clone()),
                _ => None,
            });
            answers.flatten().collect()
        };
        let first = servers.iter().map(given).find(|all| !all.is_empty()).unwrap_or_default();
        let addresses = first.into_iter().map(|address| Resolved { address, scope: None }).collect();
        let (started_ms, ended_ms) = (Millis(3.0), Millis(1503.0));
        self.0.direct = Fact::Seen(DirectView { servers, addresses, started_ms, ended_ms });
        self
    }

    /// An ordinary host: files, then the name servers of resolv.conf, which were asked.
    pub(super) fn told(self, servers: impl IntoIterator<Item = ServerView>) -> Self {
        let servers: Vec<ServerView> = servers.into_iter().collect();
        let addresses: Vec<String> = servers.iter().map(|server| server.address().ip().to_string()).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.sources(&["files", "dns"]).resolv(&addresses).direct(servers)
    }

    /// The lookup took this long.
    pub(super) fn after(mut self, ms: f64) -> Self {
        let Fact::Seen(lookup) = &mut self.0.lookup else { panic!("no lookup") };
        lookup.elapsed_ms = Millis(ms);
        self
    }

    /// `--dns`: nobody asked the C library.
    pub(super) fn by_dns(mut self, server: ServerView) -> Self {
        self.0.lookup = Fact::NotAsked;
        self.0.request.dns = Some(server.address());
        self.sources(&["files", "dns"]).direct([server])
    }

    /// Attempts at what only the name servers give.
    pub(super) fn contrast(mut self, others: impl IntoIterator<Item = World>) -> Self {
        self.0.contrast = Fact::Seen(others.into_iter().flat_map(|other| other.0.attempts).collect());
        self
    }

    /// All listeners of this machine that bear on the target.
    pub(super) fn listeners(
        mut self,
        here: impl IntoIterator<Item = Listening>,
        elsewhere: impl IntoIterator<Item = ForeignListening>,
    ) -> Self {
        self.0.listeners = Fact::Seen(Listeners {
            at_ms: Millis(0.8),
            here: Fact::Seen(here.into_iter().collect()),
            elsewhere: Fact::Seen(elsewhere.into_iter().collect()),
        });
        self
    }

    pub(super) fn here(self, here: impl IntoIterator<Item = Listening>) -> Self {
        self.listeners(here, [])
    }

    /// Extra SYNs to this host drew resets: so many went over loopback, so many were TCP's.
    pub(super) fn reset_trials(self, loopback_out: i64, out_resets: &[i64]) -> Self {
        // What a filter answers itself is delivered to nobody.
        let delivered = |out_resets: i64| loopback_out - i64::from(out_resets == 0 && loopback_out > 0);
        let trial = |out_resets: &i64| Trial {
            at_ms: Millis(0.5),
            ttl: None,
            answer: Some(PathAnswer::Reset),
            counters: Counters {
                loopback_out,
                out_resets: *out_resets,
                in_receives: loopback_out,
                in_delivers: delivered(*out_resets),
                ..Counters::default()
            },
        };
        let trials = out_resets.iter().map(trial).collect();
        self.with(|attempt| attempt.trials = Fact::Seen(trials))
    }

    /// TCP on this host refused, and its counters say so.
    pub(super) fn own_reset(self) -> Self {
        self.reset().reset_trials(2, &[1, 1, 1, 1])
    }

    pub(super) fn acceptance(self, peer: PeerEnd, after_ms: f64) -> Self {
        let seen = Acceptance { peer, after_ms: Millis(after_ms), listener: None };
        self.with(|attempt| attempt.acceptance = Fact::Seen(seen))
    }

    /// The datagram's call failed at once.
    pub(super) fn not_sent(self, call: crate::model::Call, errno: E) -> Self {
        let errno: Errno = errno.into();
        self.with(|attempt| attempt.failed = Some(crate::model::FailedCall { call, errno }))
    }

    /// An ICMP error that a datagram drew: the socket has no TCP state.
    pub(super) fn datagram_icmp(self, icmp: (u8, u8), sender: &str) -> Self {
        self.with(|attempt| {
            attempt.tcp = super::build::remote(V4.far).last().tcp.clone();
            attempt.ended_ms = Some(Millis(0.4));
        })
        .icmp(icmp, sender)
        .with(|attempt| attempt.tcp = Fact::NotAsked)
    }
}
