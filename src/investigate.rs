//! The loop: asks the plan what to start, adds what probes bring to the evidence, ends when the plan says so.

use crate::model::{
    Attempt, DirectView, Evidence, Fact, Host, Lookup, LookupOutcome, Millis, Question, Request,
    ResolverSettings,
};
use crate::plan::{self, Plan, Probe};
use crate::probe::{self, AttemptAsk, ContrastAsk, DirectAsk, Look, Observation, Shared, SweepAsk, Tables};
use crate::sys::{self, Flow};
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long an answer that came may wait for the path that explains it.
const MOST_SWEEPING: Duration = Duration::from_millis(1000);

/// How long name servers may take to explain an answer that is there already.
const MOST_NAMING: Duration = Duration::from_millis(1500);

/// The least that name servers may take to explain a failed lookup, where the timeout allows it.
const EXPLAINING: Duration = Duration::from_secs(3);

/// An investigation ends by itself when all that it has begun has ended; in any case so long after the times that the
/// user gave.
const LAST: Duration = Duration::from_secs(10);

/// What every explanation may take, however late it is.
const LEAST: Duration = Duration::from_millis(250);

/// Gathers everything that bears on one target. Ends within the timeout for the name, the timeout for the
/// connection, and the grace.
///
/// A failed connection is a result, and so is the lack of a descriptor to try it with.
pub fn investigate(request: Request) -> Evidence {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(Investigation::new(Evidence::new(request), None, Bounds::default()).run())
        }
        Err(error) => without_runtime(request, &error),
    }
}

/// What is known where not even an event loop could be made.
pub(crate) fn without_runtime(request: Request, error: &std::io::Error) -> Evidence {
    let mut evidence = Evidence::new(request);
    evidence.lacking = Some(probe::lacking(error));
    evidence.host.descriptor_limit = sys::descriptor_limit().into();
    evidence
}

/// The same inside a runtime that is there already, one look of several.
pub(crate) async fn look(request: Request, bounds: Bounds) -> Evidence {
    Investigation::new(Evidence::new(request), None, bounds).run().await
}

/// The same among others: what one investigation has found about this host and the way serves the next.
/// `evidence` may hold what is known already, such as the answer to the lookup.
pub(crate) async fn investigate_among(evidence: Evidence, shared: Arc<Shared>) -> Evidence {
    Investigation::new(evidence, Some(shared), Bounds::default()).run().await
}

/// How far a look goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Depth {
    /// To whatever explains the answer.
    #[default]
    Full,
    /// To the answer alone: it is compared with the one before.
    Lean,
}

/// What bounds one look, beside its request.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    /// How far it goes.
    pub(crate) depth: Depth,
    /// Connecting has what is left until then, if that is less than its timeout.
    pub(crate) end: Option<Instant>,
    /// Becomes true when nobody waits any longer: what is known by then is all.
    pub(crate) cut: Option<watch::Receiver<bool>>,
}

struct Investigation {
    begun: Instant,
    request: Arc<Request>,
    evidence: Evidence,
    asked: Vec<Probe>,
    candidates: Vec<SocketAddr>,
    tables: Arc<Tables>,
    shared: Option<Arc<Shared>>,
    stop: watch::Sender<bool>,
    tell: mpsc::UnboundedSender<Observation>,
    told: mpsc::UnboundedReceiver<Observation>,
    /// What runs beside this; it ends with it.
    tasks: JoinSet<()>,
    bounds: Bounds,
}

impl Investigation {
    fn new(evidence: Evidence, shared: Option<Arc<Shared>>, bounds: Bounds) -> Self {
        let tables = shared.as_ref().map_or_else(Arc::default, |shared| Arc::clone(&shared.tables));
        let (tell, told) = mpsc::unbounded_channel();
        Investigation {
            begun: Instant::now(),
            request: Arc::new(evidence.request.clone()),
            evidence,
            asked: Vec::new(),
            candidates: Vec::new(),
            tables,
            shared,
            stop: watch::Sender::new(false),
            tell,
            told,
            tasks: JoinSet::new(),
            bounds,
        }
    }

    async fn run(mut self) -> Evidence {
        let Request { timeout_ms, grace_ms, .. } = *self.request;
        let last = 2 * timeout_ms.to_duration() + grace_ms.to_duration() + LAST;
        loop {
            let next = match self.bounds.depth {
                Depth::Full => plan::next,
                Depth::Lean => plan::next_lean,
            };
            let Plan { start, stop_attempts, wake_at, done } = next(&self.evidence, &self.asked, self.now());
            for probe in start {
                self.asked.push(probe);
                self.start(probe).await;
            }
            let passed = self.begun.elapsed();
            if self.evidence.lacking.is_some() || done || passed >= last {
                break;
            }
            if stop_attempts {
                self.stop.send_replace(true);
            }
            let wake = wake_at
                .map_or(Duration::MAX, |moment| moment.to_duration().saturating_sub(passed))
                .min(last.saturating_sub(passed));
            // The channel can't close: this investigation holds a sender.
            tokio::select! {
                biased;
                () = is_cut(&mut self.bounds.cut) => {
                    self.cut_short().await;
                    break;
                }
                told = tokio::time::timeout(wake, self.told.recv()) => {
                    if let Ok(Some(observation)) = told {
                        self.add(observation);
                    }
                }
            }
        }
        self.evidence.elapsed_ms = self.now();
        self.evidence
    }

    /// Nobody waits any longer: the time that was asked for is what has passed, and attempts take their last look.
    async fn cut_short(&mut self) {
        let now = self.now();
        let begun = self.evidence.attempts.first().map_or(0.0, |first| first.started_ms.0);
        self.evidence.request.timeout_ms = Millis(now.0 - begun);
        let named = matches!(self.request.target.host, Host::Name(_));
        if named && self.evidence.attempts.is_empty() && !self.evidence.lookup.was_asked() {
            let outcome = LookupOutcome::NoAnswer;
            self.evidence.lookup =
                Fact::Seen(Lookup { outcome, elapsed_ms: now, other_family: Fact::NotAsked });
        }
        self.stop.send_replace(true);
        let end = tokio::time::Instant::now() + LEAST;
        let runs = |evidence: &Evidence| {
            let unix = evidence.request.target.socket().is_some() && !evidence.unix.was_asked();
            unix || evidence.attempts.iter().any(|attempt| attempt.ended_ms.is_none())
        };
        while runs(&self.evidence) {
            let Ok(Some(observation)) = tokio::time::timeout_at(end, self.told.recv()).await else { break };
            self.add(observation);
        }
    }

    fn now(&self) -> Millis {
        Millis::from(self.begun.elapsed())
    }

    /// Starts a probe; those that the kernel answers at once have answered when this returns.
    async fn start(&mut self, probe: Probe) {
        match probe {
            Probe::Lookup => self.look_up(),
            Probe::NameFiles => {
                if let Host::Name(name) = &self.request.target.host {
                    self.tell(Observation::NameFiles(Box::new(sys::name_files(name))));
                }
            }
            Probe::Direct => self.ask_directly(),
            Probe::Contrast => self.contrast(),
            Probe::Listeners => self.read_listeners(),
            Probe::Attempt(index) => self.connect(index),
            Probe::Path(index, question) => self.sweep(index, question),
            Probe::Trials(index, kind) => {
                let Some(attempt) = self.evidence.attempts.get(index) else { return };
                let begun = self.begun + attempt.started_ms.to_duration();
                let trials = probe::trials(&self.request, attempt.address, kind, begun);
                self.tell(Observation::Trials(index, trials));
            }
            Probe::Refusals(index) => {
                let Some(address) = self.candidates.get(index) else { return };
                // IPv4 looks again with the source that it has chosen (ip_route_connect).
                let route = self.evidence.attempts.get(index).and_then(Attempt::route);
                let chosen = route.and_then(|route| route.preferred_source).filter(|_| address.is_ipv4());
                let flow = Flow {
                    transport: self.request.target.transport,
                    destination: address.ip(),
                    port: address.port(),
                    source: self.request.source.or(chosen),
                    source_port: self.request.source_port,
                    device: None,
                };
                let refusals = self.tables.ask(|tables| tables.refusals(&flow));
                self.tell(Observation::Refusals(index, refusals));
            }
            Probe::Addresses => {
                let addresses = self.tables.ask(sys::Netlink::addresses);
                self.tell(Observation::Addresses(addresses));
            }
            Probe::Links => {
                let (tables, tell) = (Arc::clone(&self.tables), self.tell.clone());
                let begun = self.attempts_begun().unwrap_or(self.begun);
                let promised = begun + self.request.timeout_ms.to_duration() + probe::LINGER;
                let end = promised.max(Instant::now() + LEAST);
                self.tasks.spawn(async move { drop(tell.send(Observation::Links(tables.links(end).await))) });
            }
            Probe::Unix => {
                let (request, tables) = (Arc::clone(&self.request), Arc::clone(&self.tables));
                let (tell, stop) = (self.tell.clone(), self.stop.subscribe());
                let explained = self.bounds.depth == Depth::Full;
                self.tasks.spawn(async move {
                    let seen = probe::unix(&request, tables, explained, stop).await;
                    drop(tell.send(Observation::Unix(Box::new(seen))));
                });
            }
            Probe::PortStart => self.tell(Observation::PortStart(sys::unprivileged_port_start().into())),
            Probe::OwnEnds => self.read_own_ends(),
            Probe::Descriptors => self.tell(Observation::Descriptors(sys::descriptor_limit().into())),
            Probe::Seccomp => self.tell(Observation::Seccomp(sys::seccomp_mode().into())),
        }
    }

    fn look_up(&mut self) {
        let Host::Name(name) = &self.request.target.host else { return };
        let deadline = self.request.timeout_ms.to_duration();
        match probe::lookup(name.clone(), self.request.family, deadline) {
            Ok(lookup) => {
                let tell = self.tell.clone();
                // Nobody listens any more once the answer is clear without it.
                self.tasks.spawn(async move { drop(tell.send(Observation::Lookup(lookup.await))) });
            }
            Err(error) => self.evidence.lacking = Some(probe::lacking(&error)),
        }
    }

    /// Asks the servers of resolv.conf, or the one that was asked for.
    fn ask_directly(&mut self) {
        let Host::Name(name) = &self.request.target.host else { return };
        let settings = self.evidence.name_files.seen().and_then(|files| files.resolver.seen()).cloned();
        let settings = settings.unwrap_or_default();
        let servers = match self.request.dns {
            Some(server) => vec![server],
            None if settings.servers.is_empty() => vec![ResolverSettings::DEFAULT_SERVER],
            None => settings.servers.clone(),
        };
        let end = self.begun + self.request.timeout_ms.to_duration();
        // An answer is there, and this is to explain it; or the name is what everything waits for.
        let deadline = match self.attempts_begun() {
            Some(begun) => self.explaining(begun, MOST_NAMING),
            // A lookup that has failed is explained in the time that it may well have taken itself.
            None if self.evidence.lookup.was_asked() => {
                let patience = Duration::from_secs(u64::from(settings.timeout_s)).max(EXPLAINING);
                end.min(Instant::now() + patience).max(Instant::now() + LEAST)
            }
            None => end.max(Instant::now() + LEAST),
        };
        let compare = self.evidence.lookup.seen().is_some_and(|lookup| {
            matches!(&lookup.outcome, LookupOutcome::Failed { eai, .. } if eai == "EAI_NONAME" || eai == "EAI_NODATA")
        });
        let ask = DirectAsk {
            compare,
            names: sys::search_names(name, &settings),
            family: self.request.family,
            servers,
            over_tcp: settings.use_vc,
            begun: self.begun,
            deadline,
            tables: Arc::clone(&self.tables),
        };
        let tell = self.tell.clone();
        self.tasks.spawn(async move { drop(tell.send(Observation::Direct(probe::ask_directly(ask).await))) });
    }

    /// When the first attempt began.
    fn attempts_begun(&self) -> Option<Instant> {
        self.evidence.attempts.first().map(|first| self.begun + first.started_ms.to_duration())
    }

    /// When an explanation has to be there: within the time for connecting, and never at once.
    fn explaining(&self, begun: Instant, most: Duration) -> Instant {
        let now = Instant::now();
        (begun + self.request.timeout_ms.to_duration()).min(now + most).max(now + LEAST)
    }

    fn contrast(&mut self) {
        let port = self.request.target.port;
        let others = self.evidence.other_addresses();
        let addresses = others.iter().map(|other| SocketAddr::new(other.address, port)).collect();
        let begun = self.attempts_begun().unwrap_or(self.begun);
        let ask = ContrastAsk {
            addresses,
            request: Arc::clone(&self.request),
            tables: Arc::clone(&self.tables),
            begun: self.begun,
            deadline: self.explaining(begun, MOST_SWEEPING),
        };
        let tell = self.tell.clone();
        self.tasks.spawn(async move { drop(tell.send(Observation::Contrast(probe::contrast(ask).await))) });
    }

    fn read_own_ends(&mut self) {
        let candidates = plan::candidates(&self.evidence).unwrap_or_default();
        let Some(target) = candidates.first().copied() else { return };
        let (port, transport) = (self.request.source_port, self.request.target.transport);
        let (at_ms, tell) = (self.now(), self.tell.clone());
        // A machine with many processes takes its time.
        tokio::spawn(async move {
            let ends = probe::aside(move || probe::own_ends(port, transport, target, at_ms)).await;
            drop(ends.map(|ends| tell.send(Observation::OwnEnds(ends))));
        });
    }

    fn read_listeners(&mut self) {
        let failed = |attempt: &&Attempt| attempt.connected_ms.is_none();
        let local = |attempt: &&Attempt| attempt.is_local();
        let attempts = || self.evidence.attempts.iter().filter(failed);
        let ended = || self.evidence.attempts.first();
        let Some(attempt) = attempts().find(local).or_else(|| attempts().next()).or_else(ended) else {
            return;
        };
        let (address, transport, at_ms) = (attempt.address, attempt.transport, self.now());
        let tell = self.tell.clone();
        if let Some(shared) = self.shared.clone() {
            // Another investigation may be looking.
            tokio::spawn(async move {
                let listeners = probe::aside(move || shared.listeners(address, transport, at_ms)).await;
                drop(listeners.map(|listeners| tell.send(Observation::Listeners(listeners))));
            });
            return;
        }
        match probe::listeners(&self.tables, address, transport, at_ms) {
            Look::Done(listeners) => self.tell(Observation::Listeners(listeners)),
            Look::Begun(look) => {
                // A machine with many processes takes its time.
                tokio::spawn(async move {
                    let listeners = probe::aside(move || look.end()).await;
                    drop(listeners.map(|listeners| tell.send(Observation::Listeners(listeners))));
                });
            }
        }
    }

    fn connect(&mut self, index: usize) {
        if self.candidates.is_empty() {
            self.candidates = plan::candidates(&self.evidence).unwrap_or_default();
        }
        if self.evidence.attempts.is_empty() {
            self.shorten();
        }
        let Some(address) = self.candidates.get(index) else { return };
        let transport = self.request.target.transport;
        let blank = Attempt { transport, ..Attempt::new(*address, self.now()) };
        self.evidence.attempts.push(blank.clone());
        let ask = AttemptAsk {
            index,
            request: Arc::clone(&self.request),
            tables: Arc::clone(&self.tables),
            stop: self.stop.subscribe(),
            tell: self.tell.clone(),
        };
        self.tasks.spawn(async move { drop(probe::attempt(ask, blank).await) });
    }

    /// A name may have taken its time: connecting has what is left of it.
    fn shorten(&mut self) {
        let Some(end) = self.bounds.end else { return };
        let left = Millis::from(end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)));
        if left < self.request.timeout_ms {
            self.evidence.request.timeout_ms = left;
            self.request = Arc::new(self.evidence.request.clone());
        }
    }

    fn sweep(&mut self, index: usize, question: Question) {
        let Some(attempt) = self.evidence.attempts.get(index) else { return };
        let timeout = self.request.timeout_ms.to_duration();
        let begun = self.begun + attempt.started_ms.to_duration();
        let end = begun + probe::patience(timeout);
        // Silence is explained while it lasts; an answer that came may take a moment more.
        let deadline = match question {
            // Behind it an extra SYN is sent, before the attempt ends.
            Question::Silence if plan::repeat_is_late(timeout.into()) => begun + timeout,
            Question::Silence | Question::Up => end,
            Question::Reset | Question::Rejection { .. } | Question::Nearer { .. } | Question::Hops => {
                end.min(Instant::now() + MOST_SWEEPING)
            }
        };
        let ask = SweepAsk {
            index,
            request: Arc::clone(&self.request),
            attempt: attempt.clone(),
            begun,
            deadline,
            question,
            stop: self.stop.subscribe(),
            tell: self.tell.clone(),
        };
        match &self.shared {
            Some(shared) => drop(self.tasks.spawn(probe::sweep_in_turn(Arc::clone(shared), ask))),
            None => drop(self.tasks.spawn(probe::sweep(ask))),
        }
    }

    fn tell(&self, observation: Observation) {
        // The receiver is this investigation's own.
        let _ = self.tell.send(observation);
    }

    fn add(&mut self, observation: Observation) {
        match observation {
            // Connecting went on with what the servers said.
            Observation::Lookup(_) if self.evidence.lookup.was_asked() => {}
            Observation::Lookup(lookup) => self.evidence.lookup = Fact::Seen(lookup),
            Observation::NameFiles(files) => self.evidence.name_files = Fact::Seen(*files),
            Observation::Direct(view) => self.add_direct(view),
            Observation::Listeners(listeners) => self.evidence.listeners = Fact::Seen(listeners),
            Observation::Contrast(attempts) => self.evidence.contrast = Fact::Seen(attempts),
            Observation::Attempt(index, seen) => {
                if let Some(attempt) = self.evidence.attempts.get_mut(index) {
                    // What other probes brought about it stays.
                    let Attempt { path, trials, refusals, .. } = mem::replace(attempt, *seen);
                    (attempt.path, attempt.refusals) = (path, refusals);
                    // A datagram is its own trial.
                    if !attempt.trials.was_asked() {
                        attempt.trials = trials;
                    }
                }
            }
            Observation::Path(index, sweep) => {
                if let Some(attempt) = self.evidence.attempts.get_mut(index) {
                    attempt.path = Fact::Seen(sweep);
                }
            }
            Observation::Trials(index, trials) => {
                if let Some(attempt) = self.evidence.attempts.get_mut(index) {
                    attempt.trials = trials;
                }
            }
            Observation::Refusals(index, refusals) => {
                if let Some(attempt) = self.evidence.attempts.get_mut(index) {
                    attempt.refusals = refusals;
                }
            }
            Observation::Addresses(addresses) => self.evidence.host.addresses = addresses,
            Observation::Links(links) => self.evidence.host.links = links,
            Observation::Unix(seen) => self.evidence.unix = Fact::Seen(*seen),
            Observation::PortStart(start) => self.evidence.host.unprivileged_port_start = start,
            Observation::OwnEnds(ends) => self.evidence.own_ends = Fact::Seen(ends),
            Observation::Descriptors(limit) => self.evidence.host.descriptor_limit = limit,
            Observation::Seccomp(mode) => self.evidence.host.seccomp = mode,
        }
    }

    /// The servers have spoken. Where the C library still waits for a dead one, nobody waits for it here.
    fn add_direct(&mut self, view: DirectView) {
        let waiting = self.request.dns.is_none() && !self.evidence.lookup.was_asked();
        if waiting && plan::is_settled(&self.evidence, &view) {
            self.evidence.lookup = Fact::Seen(Lookup {
                outcome: LookupOutcome::NoAnswer,
                elapsed_ms: self.now(),
                other_family: Fact::NotAsked,
            });
        }
        self.evidence.direct = Fact::Seen(view);
    }
}

/// Ends when the look is cut short; never, where nothing can do that.
async fn is_cut(cut: &mut Option<watch::Receiver<bool>>) {
    let told = match cut {
        Some(cut) => cut.wait_for(|cut| *cut).await.is_ok(),
        None => false,
    };
    if !told {
        std::future::pending::<()>().await;
    }
}
