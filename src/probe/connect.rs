//! One connection attempt, watched closely: the socket's own account of it, and this host's tables while the
//! SYN is pending.

use super::acceptance::{Ended, watch_acceptance};
use super::{Observation, Tables};
use crate::model::Family;
use crate::model::{
    AfterHandshake, Attempt, Call, Counters, Errno, Fact, FailedCall, Host, Millis, QueueEntry, Request,
    SoError, TcpState, Trace, Transport, Window,
};
use crate::sys::{self, Connecting, CounterSet, Final, Flow, Heard, TcpClient, interface_index};
use nix::errno::Errno as E;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, sleep_until};

/// Windows beyond this many are not kept.
const MOST_WINDOWS: usize = 64;

/// How often the counters are read while an attempt is silent.
pub(super) const TICK: Duration = Duration::from_millis(250);
/// Timeouts up to this may be shorter than a round trip: then the answer is awaited a little longer.
pub(super) const SHORT: Duration = Duration::from_secs(2);
/// How much longer: an answer is promised within the timeout and a quarter of a second.
pub(crate) const LINGER: Duration = Duration::from_millis(200);

/// How long answers are awaited.
pub(crate) fn patience(timeout: Duration) -> Duration {
    if timeout <= SHORT { timeout + LINGER } else { timeout }
}

/// An ICMP error that did not end the attempt is one of two: the kernel's next SYN, a second later, draws the
/// other. Longer than this nobody waits for it.
const SECOND_ERROR: Duration = Duration::from_millis(1500);

/// A SYN that is held for so many ms is not held by a device that is slow.
const ASKED_BY_NOW: f64 = 1000.0;

/// A connection to this host that nobody has accepted is watched until this long after its handshake.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(3);

/// How long to leave a socket alone that woke us without news.
pub(super) const REST: Duration = Duration::from_millis(5);

/// What an attempt needs from the rest of the program.
#[derive(Debug)]
pub(crate) struct AttemptAsk {
    /// Its place among the addresses.
    pub(crate) index: usize,
    /// What the user asked for.
    pub(crate) request: Arc<Request>,
    /// This host's tables.
    pub(crate) tables: Arc<Tables>,
    /// Becomes true when the answer is clear without this attempt.
    pub(crate) stop: watch::Receiver<bool>,
    /// Where observations go.
    pub(crate) tell: mpsc::UnboundedSender<Observation>,
}

/// Runs one attempt to its end: an answer, the deadline, or the stop sign.
pub(crate) async fn attempt(ask: AttemptAsk, blank: Attempt) -> Attempt {
    let mut run = Run { begun: Instant::now(), seen: blank, ask, flow: None, counters: None, other: None };
    match run.seen.transport {
        Transport::Udp => super::udp::go(&mut run).await,
        _ => run.go().await,
    }
    run.seen.ended_ms = Some(run.now());
    run.tell();
    run.seen
}

pub(super) struct Run {
    pub(super) begun: Instant,
    pub(super) seen: Attempt,
    pub(super) ask: AttemptAsk,
    pub(super) flow: Option<Flow>,
    counters: Option<Reading>,
    /// The device of a neighbour that the SYN waits for and the route does not name.
    pub(super) other: Option<u32>,
}

/// The counters at one moment.
#[derive(Clone, Copy)]
struct Reading {
    at: Millis,
    syns: u32,
    counters: Counters,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Woken {
    Ready,
    Tick,
    Over,
}

/// What a look came to.
enum State {
    Waiting,
    Connected,
    Ended,
}

impl Run {
    /// An attempt that another has begun.
    pub(super) fn resumed(begun: Instant, seen: Attempt, ask: AttemptAsk) -> Run {
        Run { begun, seen, ask, flow: None, counters: None, other: None }
    }

    async fn go(&mut self) {
        let Some(connecting) = self.start() else {
            self.read_route();
            return;
        };
        let timeout = self.ask.request.timeout_ms.to_duration();
        let mut state = self.look(&connecting).state;
        if matches!(state, State::Waiting) {
            self.read_route();
            self.read_neighbour();
            self.read_senders();
            self.tell();
            state = self.wait(&connecting, patience(timeout)).await;
        }
        match state {
            State::Connected => {
                let now = self.now();
                self.seen.connected_ms = Some(now);
                // A plain success needs no route; one whose path is to be shown does.
                if self.ask.request.trace == Trace::Always && !self.seen.route.was_asked() {
                    self.read_route();
                }
                // An answer after the deadline is a fact about the timeout, not a connection to watch.
                if self.seen.is_in_time(self.ask.request.timeout_ms) {
                    self.watch_after_handshake(&connecting).await;
                }
            }
            State::Ended if self.was_given_up() => {
                self.outwait_neighbour().await;
                self.explain_silence().await;
            }
            State::Ended => {
                self.hear_last_words(&connecting);
                self.explain_end().await;
            }
            State::Waiting => self.explain_silence().await,
        }
        if self.seen.deciding_icmp().is_some_and(|(icmp, _)| icmp.is_time_exceeded()) {
            self.seen.own_ttl = connecting.ttl().into();
        }
        if self.seen.connected_ms.is_some() {
            // Closing in the usual way would leave a TIME_WAIT behind for each run.
            connecting.abort();
        }
    }

    /// Whether the kernel stopped repeating the SYN before our time was up: that is silence as well.
    fn was_given_up(&self) -> bool {
        let last = self.seen.so_errors.last().map(|error| error.errno.get());
        let waited = self.seen.tcp.seen().is_some_and(|tcp| tcp.state == TcpState::SynSent);
        last == Some(E::ETIMEDOUT) && waited
    }

    /// A reset behind the first bytes leaves them to be read.
    pub(super) fn hear_last_words(&mut self, connecting: &Connecting) {
        let reset = self.seen.so_errors.last().map(|error| error.errno.get());
        if !matches!(reset, Some(E::ECONNRESET | E::EPIPE)) {
            return;
        }
        if let Some(heard) = connecting.read_once()
            && heard.said.is_some()
        {
            // What came in after the handshake proves the handshake.
            self.seen.connected_ms = Some(self.now());
            self.hear(heard);
        }
    }

    /// Makes the socket and sends the SYN; `None` if a call failed.
    fn start(&mut self) -> Option<Connecting> {
        if !self.find_scope() {
            return None;
        }
        let request = &self.ask.request;
        let client = TcpClient {
            address: self.seen.address,
            source: request.source,
            source_port: request.source_port,
            interface: request.interface.clone(),
            ttl: None,
            tell_source: true,
            hop_limits: true,
        };
        self.begun = Instant::now();
        let started = client.start();
        self.seen.source = started.source;
        match started.outcome {
            Ok(connecting) => Some(connecting),
            Err(failed) => {
                self.seen.failed = Some(failed);
                None
            }
        }
    }

    /// Finds the device of a `%scope`; `false` if there is none.
    pub(super) fn find_scope(&mut self) -> bool {
        let request = &self.ask.request;
        if let Host::Address { scope: Some(scope), .. } = &request.target.host
            && let SocketAddr::V6(address) = &mut self.seen.address
        {
            let index = scope.parse::<u32>().map_or_else(|_| interface_index(scope), Ok);
            match index {
                Ok(index) => address.set_scope_id(index),
                Err(errno) => {
                    self.seen.failed = Some(FailedCall { call: Call::Scope, errno });
                    return false;
                }
            }
        }
        true
    }

    pub(super) fn now(&self) -> Millis {
        Millis::from(self.begun.elapsed())
    }

    pub(super) fn tell(&self) {
        // The receiver lives as long as the investigation; after it nobody wants to know.
        let _ = self.ask.tell.send(Observation::Attempt(self.ask.index, Box::new(self.seen.clone())));
    }

    /// Waits for the socket to say something, until it is not pending any more or time is up.
    async fn wait(&mut self, connecting: &Connecting, timeout: Duration) -> State {
        let begun = tokio::time::Instant::from_std(self.begun);
        let mut deadline = begun + timeout;
        // Between the kernel's own ticks: SYNs are repeated at whole seconds.
        let mut tick = begun + TICK / 2;
        if self.seen.deciding_icmp().is_some() {
            deadline = deadline.min(begun + SECOND_ERROR);
        }
        let mut stop = self.ask.stop.clone();
        loop {
            let woken = {
                let ready = wake(connecting, Interest::WRITABLE);
                tokio::select! {
                    biased;
                    () = ready => Woken::Ready,
                    () = sleep_until(tick.min(deadline)) => if tick < deadline { Woken::Tick } else { Woken::Over },
                    _ = stop.wait_for(|stop| *stop) => Woken::Over,
                }
            };
            let look = self.look(connecting);
            if look.news && matches!(look.state, State::Waiting) {
                deadline = deadline.min(tokio::time::Instant::now() + SECOND_ERROR);
                self.read_senders();
                self.tell();
            }
            match look.state {
                State::Waiting if woken == Woken::Over => return State::Waiting,
                State::Waiting if woken == Woken::Tick => {
                    tick += TICK;
                    self.begin_link(deadline.saturating_duration_since(tokio::time::Instant::now()));
                    self.read_counters();
                    if self.neighbour_was_missing() {
                        self.read_neighbour();
                        self.tell();
                    } else if self.other.is_none() && self.is_held() && self.now().0 >= ASKED_BY_NOW {
                        self.find_other_neighbour();
                    }
                }
                // An ICMP error that came while connect held the socket's lock is only noted; the kernel goes
                // on trying, and the socket goes on saying so.
                State::Waiting if !look.news => sleep(REST).await,
                State::Waiting => {}
                state => return state,
            }
        }
    }

    /// Opens the first window of the counters with what was read already.
    pub(super) fn begin_counters(&mut self, counters: Counters) {
        self.counters = Some(Reading { at: self.now(), syns: 0, counters });
    }

    /// Closes a window of the counters and opens the next. A target on this host is silent for reasons that
    /// a trial shows better.
    pub(super) fn read_counters(&mut self) {
        if self.seen.is_local() {
            return;
        }
        let family = Family::of(self.seen.address.ip());
        let at = self.now();
        let syns = self.seen.tcp.seen().and_then(|tcp| tcp.retransmits).unwrap_or(0);
        let now = match sys::counters(family, CounterSet::All) {
            Ok(counters) => Reading { at, syns, counters },
            Err(error) => {
                self.seen.windows = Err(error).into();
                return;
            }
        };
        if let Some(before) = self.counters.replace(now) {
            let mut counters = sys::difference(&before.counters, &now.counters);
            if self.seen.transport == Transport::Tcp {
                counters.udp_no_ports = None;
            }
            let syns = syns.saturating_sub(before.syns);
            let window = Window { from_ms: before.at, to_ms: at, syns, counters };
            match &mut self.seen.windows {
                // The first ones tell as much as all.
                Fact::Seen(windows) if windows.len() >= MOST_WINDOWS => {}
                Fact::Seen(windows) => windows.push(window),
                windows => *windows = Fact::Seen(vec![window]),
            }
        }
    }

    /// Takes one look and adds it to what was seen.
    fn look(&mut self, connecting: &Connecting) -> Look {
        let at_ms = self.now();
        let Final { tcp, so_error, queue, unsent_bytes } = connecting.look(at_ms);
        let mut news = so_error.is_some();
        if let Some(errno) = so_error {
            self.seen.so_errors.push(SoError { at_ms, errno });
        }
        match (&mut self.seen.queue, queue) {
            (Fact::Seen(all), Fact::Seen(mut more)) => {
                news |= !more.is_empty();
                all.append(&mut more);
            }
            (known, fact) => {
                news |= fact.seen().is_some_and(|entries| !entries.is_empty());
                *known = fact;
            }
        }
        let state = match tcp.seen().map(|tcp| tcp.state) {
            Some(TcpState::SynSent | TcpState::SynReceived) => State::Waiting,
            Some(TcpState::Close) => State::Ended,
            Some(TcpState::Established | TcpState::CloseWait | TcpState::Other(_)) => State::Connected,
            // Without TCP_INFO: an error ended it, and a peer means that it is connected.
            None if so_error.is_some() => State::Ended,
            None if connecting.has_peer() => State::Connected,
            None => State::Waiting,
        };
        // A socket that the kernel gives up (tcp_syn_retries) is emptied: what it said while it waited counts.
        if !self.was_given_up() {
            self.seen.tcp = tcp;
            self.seen.unsent_bytes = unsent_bytes;
        }
        Look { state, news }
    }

    /// After the handshake: does the peer speak, close or reset? Ends at the first of these, or with the grace.
    pub(super) async fn watch_after_handshake(&mut self, connecting: &Connecting) {
        let grace = self.ask.request.grace_ms.to_duration();
        self.tell();
        if grace.is_zero() {
            return;
        }
        connecting.ignore_errors();
        let deadline = tokio::time::Instant::now() + grace;
        let mut stop = self.ask.stop.clone();
        loop {
            if let Some(heard) = connecting.read_once() {
                self.hear(heard);
                return;
            }
            tokio::select! {
                () = wake(connecting, Interest::READABLE) => {}
                () = sleep_until(deadline) => break,
                // Cut short: nobody saw it quiet to the end.
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
        if let Some(heard) = connecting.read_once() {
            self.hear(heard);
            return;
        }
        self.seen.after = Fact::Seen(AfterHandshake::Quiet);
        if self.is_to_this_host() {
            self.watch_other_end(connecting).await;
        }
    }

    fn hear(&mut self, heard: Heard) {
        self.seen.after = Fact::Seen(heard.after);
        self.seen.said = heard.said;
    }

    /// Whether the other end may be seen here: with one address at both ends it is this host's.
    fn is_to_this_host(&self) -> bool {
        let source = self.seen.source.map(|source| source.ip().to_canonical());
        self.seen.is_local() || source == Some(self.seen.address.ip().to_canonical())
    }

    /// A quiet connection to this host: has a process taken it?
    async fn watch_other_end(&mut self, connecting: &Connecting) {
        let handshake = self.begun + self.seen.connected_ms.unwrap_or_default().to_duration();
        let deadline =
            (handshake + ACCEPTED_WITHIN).min(self.begun + self.ask.request.timeout_ms.to_duration());
        let stop = self.ask.stop.clone();
        self.tell();
        match watch_acceptance(connecting, &self.ask.tables, handshake, deadline, stop).await {
            Ended::Looked(acceptance) => self.seen.acceptance = acceptance,
            Ended::Spoke(heard) => self.hear(heard),
        }
    }

    /// An error ended it: whose was it?
    pub(super) async fn explain_end(&mut self) {
        if !self.seen.route.was_asked() {
            self.read_route();
        }
        self.read_senders();
        let made_here = |entry: &QueueEntry| entry.sender_is_ours == Fact::Seen(true);
        if self.seen.queue.seen().is_some_and(|entries| entries.iter().any(made_here)) {
            self.read_link().await;
            self.read_last_neighbour(true).await;
        }
    }

    /// Whether what was sent last is still in a queue of this host.
    fn is_held(&self) -> bool {
        self.seen.unsent_bytes.seen().is_some_and(|bytes| *bytes > 0)
    }

    /// Time is up, or the answer is clear without this attempt: what do the tables say now?
    pub(super) async fn explain_silence(&mut self) {
        if let Some(flow) = self.flow {
            self.seen.route_at_end = self.ask.tables.ask(|tables| tables.route(&flow));
        }
        self.read_link().await;
        self.read_senders();
        self.read_last_neighbour(self.is_held()).await;
    }

    /// For each ICMP error: is its sender this very host?
    pub(super) fn read_senders(&mut self) {
        let own_end = self.seen.source.map(|source| source.ip());
        self.ask.tables.tell_senders(own_end, &mut self.seen.queue);
    }
}

struct Look {
    state: State,
    news: bool,
}

/// Ends when the socket has something to say; one that can't be watched is looked at now and then.
pub(super) async fn wake(connecting: &Connecting, interest: Interest) {
    if connecting.wake(interest).await.is_err() {
        sleep(REST).await;
    }
}

/// The errno of a failure to make a thread or an event loop, for the evidence.
pub(crate) fn lacking(error: &std::io::Error) -> FailedCall {
    FailedCall { call: Call::EventLoop, errno: Errno::from_io(error) }
}
