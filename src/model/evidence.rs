//! Everything that was seen, unfolded; enough to diagnose it again.

use super::schema::Endpoint;
use super::target::{Family, Target, Transport};
use super::{
    Acceptance, DirectView, Errno, Fact, HostFacts, HostsLine, Icmp, Link, Listeners, Millis, NameFiles,
    NeighbourSample, NeighbourState, OwnEnds, Payload, ProxyVariable, QueueEntry, Refusal, Route,
    RouteAnswer, RouteType, SoError, Sweep, TcpInfo, TcpState, Trace, Trial, UnixAttempt, Window,
};
use crate::sanitize::serialize_clean_option;
use nix::errno::Errno as E;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// What the user asked for, as far as it bears on the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The target.
    pub target: Target,
    /// `-4` or `-6`.
    pub family: Option<Family>,
    /// `--timeout`.
    pub timeout_ms: Millis,
    /// `--grace`.
    pub grace_ms: Millis,
    /// `--source`.
    pub source: Option<IpAddr>,
    /// `--source-port`.
    pub source_port: Option<u16>,
    /// `--interface`.
    #[serde(serialize_with = "serialize_clean_option")]
    pub interface: Option<String>,
    /// `--trace`.
    #[serde(default)]
    pub trace: Trace,
    /// `--dns`: the name server to ask instead of the system's.
    #[serde(default)]
    #[schemars(with = "Option<Endpoint>")]
    pub dns: Option<SocketAddr>,
    /// Variables of the environment that lead ordinary programs to a proxy; only those that are set, and would be
    /// heeded for this target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<ProxyVariable>,
}

impl Request {
    /// The timeout where none is asked for: four SYNs on Linux since 6.5.
    pub const TIMEOUT: Millis = Millis(4000.0);
    /// The grace where none is asked for.
    pub const GRACE: Millis = Millis(250.0);

    /// A request with the defaults.
    pub fn new(target: Target) -> Self {
        Request {
            target,
            family: None,
            timeout_ms: Self::TIMEOUT,
            grace_ms: Self::GRACE,
            source: None,
            source_port: None,
            interface: None,
            trace: Trace::Auto,
            dns: None,
            proxies: Vec::new(),
        }
    }
}

/// Where and when the question was asked: what a reader elsewhere has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// This host's name (gethostname(2)); null where the kernel does not say.
    pub on: Option<String>,
    /// At what time, by this host's clock (RFC 3339, UTC).
    pub when: String,
    /// The version of whyconn.
    pub version: String,
}

/// Every observation about one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Where and when; null in reports of before this was kept.
    #[serde(default)]
    pub asked: Option<Asked>,
    /// What was asked.
    pub request: Request,
    /// What ordinary programs get for the name; not asked for a literal address.
    #[serde(default)]
    pub lookup: Fact<Lookup>,
    /// What the files under /etc say about the name.
    #[serde(default)]
    pub name_files: Fact<NameFiles>,
    /// What the name servers say when they are asked directly.
    #[serde(default)]
    pub direct: Fact<DirectView>,
    /// One for each address, in the order in which an ordinary client tries them.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Attempts at addresses that the name servers give, and this host's files do not.
    #[serde(default)]
    pub contrast: Fact<Vec<Attempt>>,
    /// Who listens on this machine.
    #[serde(default)]
    pub listeners: Fact<Listeners>,
    /// Sockets of this host that stand in the way of a source port.
    #[serde(default)]
    pub own_ends: Fact<OwnEnds>,
    /// The attempt at a unix socket, for a target that is one.
    #[serde(default)]
    pub unix: Fact<UnixAttempt>,
    /// This host's own tables.
    #[serde(default)]
    pub host: HostFacts,
    /// In a list: what other targets on the same way were told, where this one was told nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
    /// A resource that whyconn itself lacked before it could try at all.
    #[serde(default)]
    pub lacking: Option<FailedCall>,
    /// From the start to the last observation.
    pub elapsed_ms: Millis,
}

impl Evidence {
    /// Evidence of a request that has not begun.
    pub fn new(request: Request) -> Self {
        Evidence {
            asked: None,
            request,
            lookup: Fact::NotAsked,
            name_files: Fact::NotAsked,
            direct: Fact::NotAsked,
            contrast: Fact::NotAsked,
            listeners: Fact::NotAsked,
            own_ends: Fact::NotAsked,
            attempts: Vec::new(),
            unix: Fact::NotAsked,
            host: HostFacts::default(),
            beside: None,
            lacking: None,
            elapsed_ms: Millis::default(),
        }
    }

    /// The lines of the hosts file that ordinary programs have the address of the name from.
    pub fn pins(&self) -> impl Iterator<Item = &HostsLine> {
        let lines = self.name_files.seen().and_then(|files| files.hosts.seen());
        let given = match self.lookup.seen().map(|lookup| &lookup.outcome) {
            Some(LookupOutcome::Addresses(addresses)) => addresses.as_slice(),
            _ => &[],
        };
        let reads_files = |files: &NameFiles| {
            // Of two sources that have the name the first is believed.
            files.sources.seen().is_none_or(|sources| {
                let first =
                    sources.iter().find(|source| matches!(source.name.as_str(), "files" | "dns" | "resolve"));
                first.is_some_and(|source| source.name == "files")
            })
        };
        let lines = lines.filter(|_| self.name_files.seen().is_some_and(reads_files));
        lines.into_iter().flatten().filter(|line| {
            given.iter().any(|resolved| resolved.address.to_canonical() == line.address.to_canonical())
        })
    }

    /// Whether the hosts file says something else than the name servers: none of its addresses is theirs.
    pub fn is_overridden(&self) -> bool {
        let direct = self.direct.seen().map(|view| view.addresses.as_slice()).unwrap_or_default();
        let theirs = |pin: &HostsLine| {
            direct.iter().any(|given| given.address.to_canonical() == pin.address.to_canonical())
        };
        // A filter's 0.0.0.0 or loopback address is no other place to connect to.
        let blocked = |given: &Resolved| {
            given.address.is_unspecified()
                || (given.address.is_loopback() && !self.pins().any(|pin| pin.address.is_loopback()))
        };
        let real = direct.iter().any(|given| !blocked(given));
        self.pins().next().is_some() && real && !direct.iter().any(blocked) && !self.pins().any(theirs)
    }

    /// Whether the name servers are the only source of nsswitch.conf that takes its time.
    pub fn asks_servers_only(&self) -> bool {
        let quick = ["files", "dns", "myhostname", "mymachines"];
        let sources = self.name_files.seen().and_then(|files| files.sources.seen());
        sources.is_some_and(|all| all.iter().all(|source| quick.contains(&source.name.as_str())))
    }

    /// What the name servers give for the name, and ordinary programs do not get.
    pub fn other_addresses(&self) -> Vec<&Resolved> {
        let given = match self.lookup.seen().map(|lookup| &lookup.outcome) {
            Some(LookupOutcome::Addresses(addresses)) => addresses.as_slice(),
            _ => &[],
        };
        let direct = self.direct.seen().map(|view| view.addresses.as_slice()).unwrap_or_default();
        direct.iter().filter(|other| !given.iter().any(|known| known.address == other.address)).collect()
    }

    /// The first address that connected in time.
    pub fn working(&self) -> Option<&Attempt> {
        let timeout = self.request.timeout_ms;
        self.attempts.iter().find(|attempt| attempt.connected_ms.is_some() && attempt.is_in_time(timeout))
    }
}

/// An ICMP error that ended attempts at other targets of the list, behind the same gateway and in the same
/// network or from a router on the same way. Routers send each peer few of those: silence may be the same error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Beside {
    /// Its type and code.
    pub icmp: Icmp,
    /// Its sender.
    pub from: Option<IpAddr>,
    /// How many targets it had ended when this one was given up.
    pub rejected: u32,
}

/// One `getaddrinfo` call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lookup {
    /// How it ended.
    pub outcome: LookupOutcome,
    /// How long it took, or was waited for.
    pub elapsed_ms: Millis,
    /// Addresses of the other family, asked for where `-4` or `-6` got none.
    #[serde(default)]
    pub other_family: Fact<Vec<Resolved>>,
}

/// How a lookup ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LookupOutcome {
    /// Addresses, in getaddrinfo's order (RFC 6724 as the C library applies it), each once.
    Addresses(Vec<Resolved>),
    /// An `EAI_*` code, by its name (`EAI_NONAME`), and errno for `EAI_SYSTEM`.
    Failed {
        /// The code's name, or its number where it has none here.
        #[schemars(regex(pattern = r"^EAI[_ ][A-Z0-9-]+$"))]
        eai: String,
        /// errno, with `EAI_SYSTEM`.
        errno: Option<Errno>,
    },
    /// No answer before the deadline.
    NoAnswer,
}

/// One address of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resolved {
    /// The address.
    pub address: IpAddr,
    /// The scope of a link-local IPv6 address: a device's index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<u32>,
}

/// A system call on the attempt's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// `socket(2)`.
    Socket,
    /// `setsockopt(SO_BINDTODEVICE)`.
    BindDevice,
    /// `if_nametoindex(3)`, for a `%scope`.
    Scope,
    /// `bind(2)`.
    Bind,
    /// `connect(2)`, failing before anything was sent.
    Connect,
    /// `send(2)` of a datagram.
    Send,
    /// The event loop's own descriptors.
    EventLoop,
}

/// A call that failed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedCall {
    /// Which one.
    pub call: Call,
    /// Why.
    pub errno: Errno,
}

/// One connection attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Address and port of the far end.
    #[schemars(with = "Endpoint")]
    pub address: SocketAddr,
    /// TCP, or UDP.
    #[serde(default)]
    pub transport: Transport,
    /// What the datagram of a UDP attempt held; `None` where none was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// When it began, since the start of the run.
    pub started_ms: Millis,
    /// The client's end, as the kernel chose it.
    #[schemars(with = "Option<Endpoint>")]
    pub source: Option<SocketAddr>,
    /// The call that failed at once, if one did.
    pub failed: Option<FailedCall>,
    /// When the handshake was complete, or the answer to the datagram came, since the attempt's start.
    pub connected_ms: Option<Millis>,
    /// When the last look was taken, since the attempt's start; `None` while it runs.
    pub ended_ms: Option<Millis>,
    /// Every non-zero `SO_ERROR`, in the order read.
    #[serde(default)]
    pub so_errors: Vec<SoError>,
    /// The error queue, in the order read.
    #[serde(default)]
    pub queue: Fact<Vec<QueueEntry>>,
    /// The last `TCP_INFO`, read before `SO_ERROR` and the queue.
    #[serde(default)]
    pub tcp: Fact<TcpInfo>,
    /// `SO_MEMINFO`'s `wmem_alloc` in bytes: above 0 in SYN-SENT, the SYN is still held in this host.
    #[serde(default)]
    pub unsent_bytes: Fact<u32>,
    /// The route for this flow.
    #[serde(default)]
    pub route: Fact<RouteAnswer>,
    /// The same question again, at the end of an attempt that got no answer.
    #[serde(default)]
    pub route_at_end: Fact<RouteAnswer>,
    /// The device of that route.
    #[serde(default)]
    pub link: Fact<Link>,
    /// The neighbour that the SYN has to go through.
    #[serde(default)]
    pub neighbour: Fact<Vec<NeighbourSample>>,
    /// Routes and rules that refuse this destination on purpose.
    #[serde(default)]
    pub refusals: Fact<Vec<Refusal>>,
    /// TTL (hop limit) of what the socket sends, read where an answer turns on it.
    #[serde(default)]
    pub own_ttl: Fact<u32>,
    /// TTL-limited probes of the way.
    #[serde(default)]
    pub path: Fact<Sweep>,
    /// Extra SYNs, or the datagram of an attempt at this host, with the counters around them.
    #[serde(default)]
    pub trials: Fact<Vec<Trial>>,
    /// The counters while the attempt was silent.
    #[serde(default)]
    pub windows: Fact<Vec<Window>>,
    /// What the peer did within the grace.
    #[serde(default)]
    pub after: Fact<AfterHandshake>,
    /// The first bytes that it sent, at most 256, made safe.
    #[serde(default)]
    pub said: Option<String>,
    /// What became of it at the other end, where that is this host.
    #[serde(default)]
    pub acceptance: Fact<Acceptance>,
}

impl Attempt {
    /// Whether an answer that came was in time. Where one SYN drew it the kernel has measured how long it took
    /// (`tcpi_rtt`): a process that was stopped, or had no processor, comes to look later.
    pub fn is_in_time(&self, timeout: Millis) -> bool {
        let of_one_syn = self.tcp.seen().filter(|tcp| tcp.retransmits == Some(0));
        let measured = of_one_syn.and_then(|tcp| tcp.rtt_ms);
        let seen = self.connected_ms.is_some_and(|at| at <= timeout);
        seen || (self.transport == Transport::Tcp && measured.is_some_and(|rtt| rtt <= timeout))
    }

    /// An attempt that begins now.
    pub fn new(address: SocketAddr, started_ms: Millis) -> Self {
        Attempt {
            address,
            transport: Transport::Tcp,
            payload: None,
            started_ms,
            source: None,
            failed: None,
            connected_ms: None,
            ended_ms: None,
            so_errors: Vec::new(),
            queue: Fact::NotAsked,
            tcp: Fact::NotAsked,
            unsent_bytes: Fact::NotAsked,
            route: Fact::NotAsked,
            route_at_end: Fact::NotAsked,
            link: Fact::NotAsked,
            neighbour: Fact::NotAsked,
            refusals: Fact::NotAsked,
            own_ttl: Fact::NotAsked,
            path: Fact::NotAsked,
            trials: Fact::NotAsked,
            windows: Fact::NotAsked,
            after: Fact::NotAsked,
            said: None,
            acceptance: Fact::NotAsked,
        }
    }

    /// The route, where the kernel named one.
    pub fn route(&self) -> Option<&Route> {
        self.route.seen().and_then(RouteAnswer::route)
    }

    /// SYNs handed to IP, where the kernel counts them. After the handshake its count holds our ACKs as well: then
    /// it is one SYN and its repeats.
    pub fn syns_sent(&self) -> Option<u32> {
        let tcp = self.tcp.seen()?;
        let broken = |error: &SoError| matches!(error.errno.get(), E::ECONNRESET | E::EPIPE);
        let shaken = self.connected_ms.is_some() || self.so_errors.last().is_some_and(broken);
        if shaken {
            tcp.segments_out.map(|_| tcp.retransmits.unwrap_or(0).saturating_add(1))
        } else {
            tcp.segments_out
        }
    }

    /// The gateway, for a target that is not on our link.
    pub fn gateway(&self) -> Option<IpAddr> {
        self.route().and_then(|route| route.gateway)
    }

    /// Whether the target is an address of this host.
    pub fn is_local(&self) -> bool {
        // The kernel connects 0.0.0.0 and :: to loopback.
        let ip = self.address.ip();
        ip.is_loopback()
            || ip.is_unspecified()
            // No other host has our address.
            || self.source.is_some_and(|source| source.ip().to_canonical() == ip.to_canonical())
            || self.route().is_some_and(|route| route.kind == RouteType::Local)
    }

    /// The ICMP error that explains the attempt: the last that agrees with the last `SO_ERROR`, else the first.
    pub fn deciding_icmp(&self) -> Option<(Icmp, &QueueEntry)> {
        let entries = || {
            let queue = self.queue.seen().map(Vec::as_slice).unwrap_or_default();
            queue.iter().filter_map(|entry| entry.icmp().map(|icmp| (icmp, entry)))
        };
        let last = self.so_errors.last().map(|error| error.errno);
        // Entries read at one time have no order: type, code and sender give them one.
        entries()
            .filter(|(_, entry)| Some(entry.errno) == last)
            .max_by(|(_, a), (_, b)| {
                let rank = |entry: &QueueEntry| (entry.kind, entry.code, entry.sender);
                a.at_ms.0.total_cmp(&b.at_ms.0).then_with(|| rank(a).cmp(&rank(b)))
            })
            // An attempt that another error ended is not explained by what was only noted before.
            .or_else(|| entries().next().filter(|_| last.is_none() || !self.is_closed()))
    }

    /// Whether the SYN was tried again, none is in flight, and nothing waits in a queue: it failed inside this host
    /// (`__tcp_retransmit_skb`, net/ipv4/tcp_output.c).
    pub fn fails_to_repeat(&self) -> bool {
        self.unsent_bytes.seen() == Some(&0)
            && self.tcp.seen().is_some_and(|tcp| {
                tcp.timeouts > 0
                    && tcp.retransmits.is_some_and(|repeats| repeats > 0)
                    && tcp.in_flight_retransmits == Some(0)
                    && tcp.segments_in == Some(0)
            })
    }

    fn is_closed(&self) -> bool {
        self.tcp.seen().is_some_and(|tcp| tcp.state == TcpState::Close)
    }

    /// The last look at the neighbour.
    pub fn last_neighbour(&self) -> Option<&NeighbourSample> {
        self.neighbour.seen().and_then(|samples| samples.last())
    }

    /// The neighbour's state at the last look. An entry that is being asked for stays until it has failed, and may be
    /// forgotten at any moment from then on (`neigh_periodic_work`, net/core/neighbour.c).
    pub fn neighbour_state(&self) -> Option<NeighbourState> {
        let samples = self.neighbour.seen()?;
        let last = samples.last()?;
        let known = samples.iter().rev().find(|sample| sample.state != NeighbourState::Absent);
        let asked = known.is_some_and(|known| known.address == last.address && is_missing(known.state));
        Some(if asked && last.state == NeighbourState::Absent { NeighbourState::Failed } else { last.state })
    }

    /// Whether ARP or neighbour discovery had no answer at the last look.
    pub fn neighbour_is_missing(&self) -> bool {
        self.neighbour_state().is_some_and(is_missing)
    }
}

const fn is_missing(state: NeighbourState) -> bool {
    matches!(state, NeighbourState::Incomplete | NeighbourState::Failed)
}

/// What happened between the handshake and the end of the grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AfterHandshake {
    /// Nothing: the connection stayed open.
    Quiet,
    /// Data came; the number of bytes of the first read, at most 256, or of the first datagram.
    Data(u32),
    /// The peer closed without a byte.
    Closed,
    /// The peer reset without a byte.
    Reset,
}
