//! An attempt for long lists: one socket, and of it only what costs next to nothing. What this host's tables say
//! is added where the attempt fails.

use super::connect::{AttemptAsk, Run};
use super::shared::Shared;
use super::{SweepAsk, sweep_in_turn};
use crate::model::{Attempt, Fact, Millis, Question, Request, SoError, TcpState};
use crate::sys::{Connecting, Final, TcpClient};
use nix::errno::Errno as E;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::time::{sleep, timeout_at};

/// How long to leave a socket alone that woke us without news.
const REST: Duration = Duration::from_millis(20);

/// An ICMP error that did not end the attempt is one of two: the kernel's next SYN, a second later, draws the
/// other.
const SECOND_ERROR: Duration = Duration::from_millis(1500);

/// One attempt.
pub(crate) struct Lean {
    begun: Instant,
    address: SocketAddr,
    source: Option<SocketAddr>,
    connecting: Connecting,
    /// The looks that brought something.
    seen: Vec<(Millis, Final)>,
    /// The last look, where it brought nothing.
    last: Option<Box<Final>>,
    state: State,
    /// When it was over, or connected.
    seen_at: Option<Millis>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Connected,
    Ended,
}

impl Lean {
    /// Sends the SYN.
    ///
    /// # Errors
    /// The attempt, where a call failed at once.
    pub(crate) fn start(request: &Request, address: SocketAddr) -> Result<Lean, Box<Attempt>> {
        let client = TcpClient {
            address,
            source: request.source,
            source_port: request.source_port,
            interface: request.interface.clone(),
            ttl: None,
            tell_source: true,
            hop_limits: false,
        };
        let begun = Instant::now();
        let started = client.start();
        match started.outcome {
            Ok(connecting) => {
                let mut lean = Lean {
                    begun,
                    address,
                    source: started.source,
                    connecting,
                    seen: Vec::new(),
                    last: None,
                    state: State::Waiting,
                    seen_at: None,
                };
                // Over loopback, the answer is here before connect returns.
                lean.look(false);
                Ok(lean)
            }
            Err(failed) => Err(Box::new(Attempt {
                source: started.source,
                failed: Some(failed),
                ended_ms: Some(Millis::from(begun.elapsed())),
                ..Attempt::new(address, Millis::default())
            })),
        }
    }

    /// When the SYN was sent.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Whether no answer is there yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.state == State::Waiting
    }

    /// Whether an ICMP error came that did not end the attempt.
    pub(crate) fn was_rejected(&self) -> bool {
        self.seen.iter().any(|(_, look)| look.queue.seen().is_some_and(|queue| !queue.is_empty()))
    }

    /// Waits for an answer, until then; behind an ICMP error that did not end it, not much longer.
    pub(crate) async fn wait(&mut self, until: Instant) {
        let mut until = tokio::time::Instant::from_std(until);
        while self.state == State::Waiting {
            if self.was_rejected() {
                until = until.min(tokio::time::Instant::from_std(self.begun + SECOND_ERROR));
            }
            let Ok(woken) = timeout_at(until, self.connecting.wake(Interest::WRITABLE)).await else { return };
            let news = self.look(true);
            if self.state == State::Waiting && (!news || woken.is_err()) {
                // A noted error wakes us without end.
                sleep(REST).await;
                if tokio::time::Instant::now() >= until {
                    return;
                }
            }
        }
    }

    /// Looks at the socket; whether there is news. One that still waits has little to say unless it woke us.
    fn look(&mut self, whole: bool) -> bool {
        let at = Millis::from(self.begun.elapsed());
        let look = if whole { self.connecting.look(at) } else { self.connecting.glance(at) };
        self.state = match look.tcp.seen().map(|tcp| tcp.state) {
            Some(TcpState::SynSent | TcpState::SynReceived) => State::Waiting,
            Some(TcpState::Close) => State::Ended,
            Some(TcpState::Established | TcpState::CloseWait | TcpState::Other(_)) => State::Connected,
            None if look.so_error.is_some() => State::Ended,
            None if self.connecting.has_peer() => State::Connected,
            None => State::Waiting,
        };
        let error = look.so_error.is_some() || look.queue.seen().is_some_and(|queue| !queue.is_empty());
        let news = error || self.state != State::Waiting;
        if self.state != State::Waiting {
            self.seen_at = Some(at);
        }
        if news {
            self.seen.push((at, look));
            self.last = None;
        } else if whole {
            self.last = Some(Box::new(look));
        }
        news
    }

    /// The whole attempt, with what this host's tables say about a failure, and after the handshake the grace.
    pub(crate) async fn finish(mut self, request: &Arc<Request>, shared: &Shared) -> Attempt {
        if self.state == State::Waiting {
            self.look(true);
        }
        if self.is_plain(request) {
            return self.plain();
        }
        // Boxed: it is much larger than all that a silent target needs while it waits.
        Box::pin(self.explain(request, shared)).await
    }

    async fn explain(mut self, request: &Arc<Request>, shared: &Shared) -> Attempt {
        let mut run = self.run(request, shared);
        match self.state {
            State::Connected => {
                let at = self.seen_at.unwrap_or_default();
                run.seen.connected_ms = Some(at);
                if run.seen.is_in_time(request.timeout_ms) {
                    run.watch_after_handshake(&self.connecting).await;
                }
            }
            State::Ended => {
                run.hear_last_words(&self.connecting);
                if run.seen.queue.seen().is_some_and(|queue| !queue.is_empty()) {
                    run.explain_end().await;
                }
            }
            State::Waiting => {
                run.read_route();
                run.read_senders();
                run.read_shared(shared);
            }
        }
        if run.seen.deciding_icmp().is_some_and(|(icmp, _)| icmp.is_time_exceeded()) {
            run.seen.own_ttl = self.connecting.ttl().into();
        }
        if run.seen.connected_ms.is_some() {
            self.connecting.abort();
        }
        run.seen.ended_ms = Some(run.now());
        run.seen
    }

    /// Whether neither a table of this host nor more time has anything to add: a handshake that is not watched, or
    /// a plain reset.
    fn is_plain(&self, request: &Request) -> bool {
        match self.state {
            State::Connected => request.grace_ms.0 <= 0.0,
            State::Ended => self.seen.iter().all(|(_, look)| {
                look.so_error.is_some_and(|errno| errno.get() == E::ECONNREFUSED)
                    && look.queue.seen().is_some_and(Vec::is_empty)
            }),
            State::Waiting => false,
        }
    }

    fn plain(mut self) -> Attempt {
        let mut seen = self.attempt();
        seen.ended_ms = self.seen_at;
        if self.state == State::Connected {
            seen.connected_ms = self.seen_at;
            self.connecting.abort();
        }
        seen
    }

    /// What the looks so far come to.
    fn attempt(&mut self) -> Attempt {
        let mut seen = Attempt { source: self.source, ..Attempt::new(self.address, Millis::default()) };
        for (at_ms, look) in std::mem::take(&mut self.seen) {
            let Final { tcp, so_error, queue, unsent_bytes } = look;
            seen.so_errors.extend(so_error.map(|errno| SoError { at_ms, errno }));
            match (&mut seen.queue, queue) {
                (Fact::Seen(all), Fact::Seen(mut more)) => all.append(&mut more),
                (known, fact) if fact.was_asked() => *known = fact,
                _ => {}
            }
            (seen.tcp, seen.unsent_bytes) = (tcp, unsent_bytes);
        }
        if let Some(last) = self.last.take() {
            let Final { tcp, queue, unsent_bytes, .. } = *last;
            (seen.tcp, seen.unsent_bytes) = (tcp, unsent_bytes);
            if !seen.queue.was_asked() {
                seen.queue = queue;
            }
        }
        seen
    }

    /// The same as an attempt of one target has it.
    fn run(&mut self, request: &Arc<Request>, shared: &Shared) -> Run {
        let seen = self.attempt();
        let ask = AttemptAsk {
            index: 0,
            request: Arc::clone(request),
            tables: Arc::clone(&shared.tables),
            stop: shared.never.subscribe(),
            tell: shared.nobody.clone(),
        };
        Run::resumed(self.begun, seen, ask)
    }

    /// Silence so far: has anybody swept the way? If not, a sweep begins, and all on this way share it.
    pub(crate) fn ask_the_way(&mut self, request: &Arc<Request>, shared: &Arc<Shared>) {
        if self.was_rejected() || shared.is_known_way(self.address.ip()) {
            return;
        }
        let mut run = self.run(request, shared);
        run.read_route();
        run.read_shared(shared);
        // What waits for the neighbour to answer has not left this host yet.
        if run.seen.neighbour_is_missing() || !shared.needs_sweep(&run.seen) {
            return;
        }
        shared.is_swept_now(self.address.ip());
        tokio::spawn(sweep_in_turn(
            Arc::clone(shared),
            SweepAsk {
                index: 0,
                request: Arc::clone(request),
                attempt: run.seen,
                begun: self.begun,
                deadline: self.begun + request.timeout_ms.to_duration(),
                question: Question::Silence,
                stop: shared.never.subscribe(),
                tell: shared.nobody.clone(),
            },
        ));
    }
}
