//! What the investigations of one list have in common: this host's tables, its listeners, and the way to each
//! network. Each is looked at once, and the next one takes it from here while it is fresh.

use super::listeners::{Look, listeners, listeners_here};
use super::path::{SweepAsk, go, tell};
use super::{Observation, Tables};
use crate::model::{
    Attempt, Fact, Link, Listeners, Millis, NeighbourSample, PathAnswer, PathProbe, PathProtocol, Question,
    Sweep, Transport,
};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout_at;

/// How long a look at the listeners holds.
const LISTENERS_FRESH: Duration = Duration::from_secs(1);

/// How long devices and gateways hold.
const TABLES_FRESH: Duration = Duration::from_millis(200);

/// How long the hops of a way hold.
const WAY_FRESH: Duration = Duration::from_secs(30);

/// How long it holds that a target is up.
const UP_FRESH: Duration = Duration::from_secs(5);

/// Ways and looks beyond this many are not kept.
const MOST_KEPT: usize = 1024;

/// What is shared.
#[derive(Debug)]
pub(crate) struct Shared {
    /// This host's tables.
    pub(crate) tables: Arc<Tables>,
    listening: Mutex<HashMap<(SocketAddr, Transport), (Instant, Listeners)>>,
    /// In a long list other network namespaces are not looked into: reading their tables costs more than
    /// thousands of attempts.
    long: AtomicBool,
    ways: Mutex<HashMap<WayKey, Arc<Way>>>,
    /// Networks to which the way was asked for, and when.
    known_networks: Mutex<HashMap<IpAddr, Instant>>,
    /// What answered for a target that was asked whether it is up.
    up: Mutex<HashMap<IpAddr, (Instant, PathProbe)>>,
    links: Mutex<Recent<u32, Link>>,
    neighbours: Mutex<Recent<(IpAddr, u32), NeighbourSample>>,
    /// For attempts that nobody follows while they run, and nobody stops.
    pub(super) nobody: mpsc::UnboundedSender<Observation>,
    pub(super) never: watch::Sender<bool>,
}

impl Default for Shared {
    fn default() -> Self {
        let (nobody, _) = mpsc::unbounded_channel();
        Shared {
            tables: Arc::default(),
            listening: Mutex::default(),
            long: AtomicBool::new(false),
            ways: Mutex::default(),
            known_networks: Mutex::default(),
            up: Mutex::default(),
            links: Mutex::default(),
            neighbours: Mutex::default(),
            nobody,
            never: watch::Sender::new(false),
        }
    }
}

/// What this host's tables said a moment ago.
type Recent<K, T> = HashMap<K, (Instant, Fact<T>)>;

fn recent<K: Eq + Hash, T: Clone>(
    all: &Mutex<Recent<K, T>>,
    key: K,
    ask: impl FnOnce() -> Fact<T>,
) -> Fact<T> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, fact)) = all.get(&key)
        && at.elapsed() < TABLES_FRESH
    {
        return fact.clone();
    }
    if all.len() >= MOST_KEPT {
        all.clear();
    }
    let fact = ask();
    all.insert(key, (Instant::now(), fact.clone()));
    fact
}

/// The way to a network: by which gateway, to which /24 or /64, in which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct WayKey {
    gateway: IpAddr,
    network: IpAddr,
    transport: Transport,
}

impl WayKey {
    /// The way of an attempt; `None` where no gateway is on it.
    pub(crate) fn of(attempt: &Attempt) -> Option<WayKey> {
        let (gateway, address) = (attempt.gateway()?, attempt.address.ip());
        Some(WayKey { gateway, network: network_of(address, 24, 64), transport: attempt.transport })
    }
}

/// The address with all but its first bits cleared.
pub(crate) fn network_of(address: IpAddr, v4_bits: u32, v6_bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - v4_bits).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - v6_bits).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
        }
    }
}

/// One way, and who is on it.
#[derive(Debug, Default)]
struct Way {
    /// Held by whoever sweeps: routers allow this host few ICMP errors, so sweeps of one way go in turn.
    turn: tokio::sync::Mutex<()>,
    swept: Mutex<Option<(Instant, Sweep)>>,
    /// What a sweep found that ended at somebody who rejects.
    begun: Mutex<Option<(Instant, Sweep)>>,
}

impl Way {
    fn known(&self) -> Option<Sweep> {
        fresh_of(&self.swept)
    }

    /// What bears on a question: hops up to somebody who rejects tell nothing of what is behind.
    fn known_for(&self, question: Question) -> Option<Sweep> {
        let near = matches!(question, Question::Rejection { .. } | Question::Nearer { .. });
        self.known().or_else(|| if near { fresh_of(&self.begun) } else { None })
    }

    fn keep(&self, question: Question, sweep: Sweep) {
        let place = match question {
            Question::Silence | Question::Reset | Question::Hops => &self.swept,
            Question::Rejection { .. } | Question::Nearer { .. } => &self.begun,
            Question::Up => return,
        };
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), sweep));
    }
}

fn fresh_of(swept: &Mutex<Option<(Instant, Sweep)>>) -> Option<Sweep> {
    let swept = swept.lock().unwrap_or_else(PoisonError::into_inner);
    swept.as_ref().filter(|(at, _)| at.elapsed() < WAY_FRESH).map(|(_, sweep)| sweep.clone())
}

impl Shared {
    /// Says that the list is long.
    pub(crate) fn is_for_a_long_list(&self) {
        self.long.store(true, Ordering::Relaxed);
    }

    /// The listeners that bear on a target.
    ///
    /// Blocks for milliseconds, and while another look is taken.
    pub(crate) fn listeners(&self, target: SocketAddr, transport: Transport, at_ms: Millis) -> Listeners {
        let mut key = target;
        // Every network namespace has all of 127.0.0.0/8.
        if let IpAddr::V4(v4) = target.ip()
            && v4.is_loopback()
        {
            key.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let mut on_port = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, known)) = on_port.get(&(key, transport))
            && at.elapsed() < LISTENERS_FRESH
        {
            return Listeners { at_ms, ..known.clone() };
        }
        if self.long.load(Ordering::Relaxed) {
            return listeners_here(&self.tables, key, transport, at_ms);
        }
        let seen = match listeners(&self.tables, key, transport, at_ms) {
            Look::Done(seen) => seen,
            Look::Begun(look) => look.end(),
        };
        if on_port.len() >= MOST_KEPT {
            on_port.clear();
        }
        on_port.insert((key, transport), (Instant::now(), seen.clone()));
        seen
    }

    /// The hops of an attempt's way, as they were seen on the way to another target.
    pub(crate) fn hops(&self, attempt: &Attempt) -> Option<Sweep> {
        let key = WayKey::of(attempt)?;
        let way = self.ways.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()?;
        way.known()
    }

    /// A device, as it was a moment ago.
    pub(super) fn link(&self, index: u32) -> Fact<Link> {
        recent(&self.links, index, || self.tables.ask(|tables| tables.link(index)))
    }

    /// A gateway's neighbour entry, as it was a moment ago.
    pub(super) fn neighbour(&self, address: IpAddr, device: u32, at_ms: Millis) -> Fact<NeighbourSample> {
        let ask = || self.tables.ask(|tables| tables.neighbour(address, device, at_ms));
        match recent(&self.neighbours, (address, device), ask) {
            Fact::Seen(sample) => Fact::Seen(NeighbourSample { at_ms, ..sample }),
            fact => fact,
        }
    }

    /// Whether somebody sweeps, or has swept, the way to an address, whichever gateway it goes by.
    pub(super) fn is_known_way(&self, address: IpAddr) -> bool {
        let known = self.known_networks.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&network_of(address, 24, 64)).is_some_and(|at| at.elapsed() < WAY_FRESH)
    }

    /// Somebody begins to sweep it.
    pub(super) fn is_swept_now(&self, address: IpAddr) {
        let mut known = self.known_networks.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        known.insert(network_of(address, 24, 64), Instant::now());
    }

    /// Whether nobody has swept an attempt's way, and nobody is at it.
    pub(super) fn needs_sweep(&self, attempt: &Attempt) -> bool {
        WayKey::of(attempt).is_some_and(|key| {
            let way = self.way(key);
            way.known().is_none() && way.turn.try_lock().is_ok()
        })
    }

    /// Asks whether a target is up, if nobody has found that a moment ago: its host may allow us few ICMP errors.
    async fn up(&self, ask: &SweepAsk, mut sweep: Sweep) -> Sweep {
        let address = ask.attempt.address.ip();
        if self.known_up(address).is_none() {
            (sweep, _) = go(ask, sweep, Question::Up).await;
            self.keep_up(address, &sweep);
        }
        if !sweep.probes.iter().any(|probe| says_up(probe, address)) {
            sweep.probes.extend(self.known_up(address));
        }
        sweep
    }

    fn known_up(&self, address: IpAddr) -> Option<PathProbe> {
        let up = self.up.lock().unwrap_or_else(PoisonError::into_inner);
        up.get(&address).filter(|(at, _)| at.elapsed() < UP_FRESH).map(|(_, probe)| probe.clone())
    }

    fn keep_up(&self, address: IpAddr, sweep: &Sweep) {
        let Some(probe) = sweep.probes.iter().find(|probe| says_up(probe, address)) else { return };
        let mut up = self.up.lock().unwrap_or_else(PoisonError::into_inner);
        if up.len() >= MOST_KEPT {
            up.clear();
        }
        up.entry(address).or_insert_with(|| (Instant::now(), earlier(probe)));
    }

    fn way(&self, key: WayKey) -> Arc<Way> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if ways.len() >= MOST_KEPT && !ways.contains_key(&key) {
            // Whoever is on a way that is forgotten goes to its end all the same.
            ways.clear();
        }
        Arc::clone(ways.entry(key).or_default())
    }
}

/// Sweeps when it is the way's turn; what an earlier sweep of the way has shown is not asked again.
pub(crate) async fn sweep_in_turn(shared: Arc<Shared>, ask: SweepAsk) {
    let known = ask.attempt.path.seen().cloned().unwrap_or_default();
    let key = WayKey::of(&ask.attempt).filter(|_| ask.question != Question::Up && known.probes.is_empty());
    let Some(key) = key else {
        let (sweep, _) = go(&ask, known, ask.question).await;
        return tell(&ask, sweep);
    };
    // What was asked before stays answered, whatever takes the place of its answer.
    let answered = known.questions.clone();
    let way = shared.way(key);
    let at_once = way.turn.try_lock().ok();
    // Whether this target is up needs no turn, and may be all that there is time for.
    let known = match ask.question {
        Question::Silence if at_once.is_none() => shared.up(&ask, known).await,
        _ => known,
    };
    let turn = match at_once {
        Some(turn) => Some(turn),
        None => {
            let mut stop = ask.stop.clone();
            tokio::select! {
                turn = timeout_at(tokio::time::Instant::from_std(ask.deadline), way.turn.lock()) => turn.ok(),
                _ = stop.wait_for(|stop| *stop), if ask.question != Question::Hops => None,
            }
        }
    };
    let (sweep, rest) = match (way.known_for(ask.question), &turn) {
        (Some(mut lent), _) if !known.probes.is_empty() => {
            lent.probes.extend(known.probes);
            (lent, None)
        }
        (Some(lent), _) => prefilled(lent, ask.question),
        (None, Some(_)) => (known, Some(ask.question)),
        // The turn did not come in time.
        (None, None) => (known, None),
    };
    let first = sweep.hops_from.is_none();
    // Whether one target is up takes nothing from the routers' allowance.
    let turn = turn.filter(|_| rest != Some(Question::Up));
    let (sweep, whole) = match rest {
        Some(Question::Up) => (shared.up(&ask, sweep).await, false),
        Some(question) => go(&ask, sweep, question).await,
        None => (sweep, false),
    };
    shared.keep_up(ask.attempt.address.ip(), &sweep);
    // What was cut short shows less than there is.
    if first && whole && turn.is_some() {
        way.keep(ask.question, lent(&sweep, ask.attempt.address.ip()));
    }
    drop(turn);
    tell(&ask, Sweep { questions: answered, ..sweep });
}

/// What is true of the whole way: the hops, not what the target itself answered.
fn lent(sweep: &Sweep, target: IpAddr) -> Sweep {
    let of_the_way = |probe: &&PathProbe| {
        probe.protocol != PathProtocol::Echo
            && probe.ttl.is_some()
            && match probe.answer {
                Some(PathAnswer::TimeExceeded { from, .. }) => from != Some(target),
                Some(_) => false,
                None => true,
            }
    };
    Sweep {
        probes: sweep.probes.iter().filter(of_the_way).map(earlier).collect(),
        questions: Vec::new(),
        done: true,
        hops_from: Some(target),
    }
}

/// A probe of another target's sweep, in the times of one that begins now.
fn earlier(probe: &PathProbe) -> PathProbe {
    PathProbe { sent_ms: Millis::default(), answered_ms: probe.rtt(), ..probe.clone() }
}

/// Whether a probe with the host's own TTL, that was no SYN, was answered by the target itself.
fn says_up(probe: &PathProbe, target: IpAddr) -> bool {
    probe.ttl.is_none()
        && probe.protocol != PathProtocol::Tcp
        && match probe.answer {
            Some(PathAnswer::Reply) => true,
            Some(PathAnswer::Icmp { from, .. }) => from == Some(target),
            _ => false,
        }
}

/// The hops that are known, and what is left to ask about one target.
fn prefilled(mut lent: Sweep, question: Question) -> (Sweep, Option<Question>) {
    let names = |sweep: &Sweep, sender: Option<IpAddr>| {
        sweep.probes.iter().any(|probe| sender.is_some() && probe.time_exceeded_from() == sender)
    };
    match question {
        Question::Silence | Question::Up => (lent, Some(Question::Up)),
        Question::Hops => (lent, None),
        Question::Rejection { sender, .. } if names(&lent, sender) => (lent, None),
        // Where this one's answer comes from is its own.
        Question::Reset | Question::Rejection { .. } | Question::Nearer { .. } => {
            lent.probes.retain(|probe| probe.answer.is_some());
            (lent, Some(question))
        }
    }
}

#[cfg(test)]
#[path = "shared_tests.rs"]
mod tests;
