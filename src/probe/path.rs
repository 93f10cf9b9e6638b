//! The path sweep: TTL-limited SYNs to the very same address and port (for a UDP target, datagrams to a
//! traceroute-style high port), and datagrams that ask whether the
//! target is up. Which to send next is the plan's business.

use super::Observation;
use crate::model::{
    Attempt, Errno, Millis, PathAnswer, PathProbe, PathProtocol, Question, QueueEntry, Request, Sweep,
    TcpState, Transport,
};
use crate::plan::{Pace, Shot, SweepPlan, next_probes};
use crate::sys::{Connecting, Datagram, DatagramKind, TcpClient};
use nix::errno::Errno as E;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The kernel sends a SYN again after one second; a probe's socket is gone by then.
const LIFETIME: Duration = Duration::from_millis(900);
/// When it does so first.
const FIRST_REPEAT: Duration = Duration::from_millis(1000);
/// How long to wait for a descriptor.
const SHORTAGE: Duration = Duration::from_millis(10);
/// First of the ports that traceroute uses: nothing is expected to listen there.
const HIGH_PORT: u16 = 33434;

/// What a sweep needs from the rest of the program.
#[derive(Debug)]
pub(crate) struct SweepAsk {
    /// The attempt's place among the addresses.
    pub(crate) index: usize,
    /// What the user asked for.
    pub(crate) request: Arc<Request>,
    /// The attempt that the sweep explains: its address, and the probes that an earlier sweep sent.
    pub(crate) attempt: Attempt,
    /// When the attempt began.
    pub(crate) begun: Instant,
    /// When the answer is due.
    pub(crate) deadline: Instant,
    /// Why the path is asked.
    pub(crate) question: Question,
    /// Becomes true when the answer is clear without the sweep.
    pub(crate) stop: watch::Receiver<bool>,
    /// Where observations go.
    pub(crate) tell: mpsc::UnboundedSender<Observation>,
}

/// Sweeps until the plan has no more questions, or time is up.
pub(crate) async fn sweep(ask: SweepAsk) {
    let known = ask.attempt.path.seen().cloned().unwrap_or_default();
    let (sweep, _) = go(&ask, known, ask.question).await;
    tell(&ask, sweep);
}

/// Reports a sweep that has answered its question.
pub(super) fn tell(ask: &SweepAsk, mut sweep: Sweep) {
    sweep.done = true;
    sweep.questions.push(ask.question);
    let _ = ask.tell.send(Observation::Path(ask.index, sweep));
}

/// Goes on with a sweep until `question` is answered, or time is up; whether it came to its end by itself.
pub(super) async fn go(ask: &SweepAsk, mut sweep: Sweep, question: Question) -> (Sweep, bool) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut shots = JoinSet::new();
    let deadline = tokio::time::Instant::from_std(ask.deadline);
    let mut stop = ask.stop.clone();
    let hops = match ask.attempt.transport {
        // No other TCP port, and no second datagram to the port.
        Transport::Udp => PathProtocol::Udp,
        _ => PathProtocol::Tcp,
    };
    let pace = pace(ask, question);
    // The hops that the user wants to see are worth waiting for beside a success, too.
    let heeds_stop = question != Question::Hops;
    loop {
        let now = Millis::from(ask.begun.elapsed());
        if heeds_stop && *stop.borrow() {
            return (sweep, false);
        }
        if Instant::now() >= ask.deadline {
            // What still listened then had nothing more to send.
            let at_once = Pace { linger: Millis::default(), ..pace };
            let whole = next_probes(question, hops, &sweep.probes, at_once, now).done;
            return (sweep, whole);
        }
        let SweepPlan { send, wake_at, done } = next_probes(question, hops, &sweep.probes, pace, now);
        for shot in send {
            let number = sweep.probes.len();
            let Shot { protocol, ttl } = shot;
            sweep.probes.push(PathProbe { protocol, ttl, sent_ms: now, answered_ms: None, answer: None });
            let shooter =
                Shooter { number, shot, address: ask.attempt.address, request: Arc::clone(&ask.request) };
            let (begun, tell) = (ask.begun, tell.clone());
            shots.spawn(async move {
                let sent = Millis::from(begun.elapsed());
                let fate = tokio::time::timeout(LIFETIME, shooter.shoot(begun)).await;
                // Nobody listens any more once the sweep is over.
                if let Ok(answer) = fate {
                    let _ = tell.send((number, answer, sent, Millis::from(begun.elapsed())));
                }
            });
        }
        if done {
            return (sweep, true);
        }
        let wake = wake_at.map_or(deadline, |moment| {
            let moment = tokio::time::Instant::from_std(ask.begun + moment.to_duration());
            (moment + Duration::from_millis(1)).min(deadline)
        });
        tokio::select! {
            Some((number, answer, sent, at)) = told.recv() => {
                if let Some(probe) = sweep.probes.get_mut(number) {
                    probe.sent_ms = sent;
                    probe.answer = Some(answer);
                    probe.answered_ms = Some(at);
                }
            }
            () = tokio::time::sleep_until(wake) => {}
            _ = stop.wait_for(|stop| *stop), if heeds_stop => {}
        }
    }
}

/// What is silent may be far away: it is listened for as long as a probe lives, where there is so much time.
fn pace(ask: &SweepAsk, question: Question) -> Pace {
    let silent = matches!(question, Question::Silence | Question::Up);
    let left = ask.deadline.saturating_duration_since(Instant::now());
    let linger = if silent && left > LIFETIME { LIFETIME } else { Duration::ZERO };
    Pace { round_trip: round_trip(&ask.attempt), linger: linger.into() }
}

/// How long the answer to the attempt's first SYN took, if that was what was answered.
fn round_trip(attempt: &Attempt) -> Option<Millis> {
    let icmp = attempt.deciding_icmp().map(|(_, entry)| entry.at_ms);
    let error = attempt.so_errors.first().map(|error| error.at_ms);
    let answers = [attempt.connected_ms, icmp, error].into_iter().flatten();
    answers.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|first| first.to_duration() < FIRST_REPEAT)
}

struct Shooter {
    number: usize,
    shot: Shot,
    address: SocketAddr,
    request: Arc<Request>,
}

impl Shooter {
    /// Sends the probe and waits for its answer.
    async fn shoot(&self, begun: Instant) -> PathAnswer {
        match self.shot.protocol {
            PathProtocol::Tcp => self.syn(begun).await,
            PathProtocol::Udp => self.datagram(DatagramKind::Udp, begun).await,
            PathProtocol::Echo => self.datagram(DatagramKind::Echo, begun).await,
        }
    }

    async fn syn(&self, begun: Instant) -> PathAnswer {
        let client = tcp_client(&self.request, self.address, self.shot.ttl);
        let connecting = loop {
            match client.start().outcome {
                Ok(connecting) => break connecting,
                Err(failed) if is_shortage(failed.errno) => sleep(SHORTAGE).await,
                Err(failed) => return PathAnswer::NotSent(failed.errno),
            }
        };
        loop {
            if let Some(answer) = answer_of(&connecting, Millis::from(begun.elapsed())) {
                connecting.abort();
                return answer;
            }
            if connecting.wake(Interest::WRITABLE).await.is_err() {
                sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn datagram(&self, kind: DatagramKind, begun: Instant) -> PathAnswer {
        let mut address = self.address;
        address.set_port(match kind {
            // Each probe is a flow of its own.
            DatagramKind::Udp => HIGH_PORT + u16::try_from(self.number % 90).unwrap_or(0),
            DatagramKind::Echo => 0,
        });
        let request = &self.request;
        let (source, interface) = (request.source, request.interface.as_deref());
        let datagram = loop {
            match Datagram::send(kind, address, source, interface, self.shot.ttl)
                .map_err(|e| Errno::from_io(&e))
            {
                Ok(datagram) => break datagram,
                Err(errno) if is_shortage(errno) => sleep(SHORTAGE).await,
                Err(errno) => return PathAnswer::NotSent(errno),
            }
        };
        loop {
            if let Some(entry) = datagram.error(Millis::from(begun.elapsed())) {
                return icmp_answer(&entry);
            }
            if datagram.replied() {
                return PathAnswer::Reply;
            }
            if datagram.wake().await.is_err() {
                sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

/// Whether a descriptor is lacking: another probe's will be free in a moment.
fn is_shortage(errno: Errno) -> bool {
    matches!(errno.get(), E::EMFILE | E::ENFILE)
}

/// A client for an extra SYN: bound as the user asked, but from a port of its own.
pub(super) fn tcp_client(request: &Request, address: SocketAddr, ttl: Option<u8>) -> TcpClient {
    TcpClient {
        address,
        source: request.source,
        source_port: None,
        interface: request.interface.clone(),
        ttl,
        tell_source: false,
        hop_limits: true,
    }
}

/// What came back to an extra SYN so far.
pub(super) fn answer_of(connecting: &Connecting, at_ms: Millis) -> Option<PathAnswer> {
    let look = connecting.look(at_ms);
    let icmp = look.queue.seen().and_then(|entries| entries.iter().find(|entry| entry.icmp().is_some()));
    if let Some(entry) = icmp {
        return Some(icmp_answer(entry));
    }
    match (look.so_error.map(Errno::get), look.tcp.seen().map(|tcp| tcp.state)) {
        (Some(E::ECONNREFUSED), _) => Some(PathAnswer::Reset),
        // The handshake was complete before the reset came.
        (Some(E::ECONNRESET | E::EPIPE), _) => Some(PathAnswer::SynAck),
        (Some(errno), _) => Some(PathAnswer::NotSent(errno.into())),
        (None, Some(TcpState::SynSent | TcpState::SynReceived) | None) => None,
        (None, Some(_)) => Some(PathAnswer::SynAck),
    }
}

fn icmp_answer(entry: &QueueEntry) -> PathAnswer {
    let (from, hop_limit) = (entry.sender, entry.hop_limit);
    match entry.icmp() {
        Some(icmp) if icmp.is_time_exceeded() => PathAnswer::TimeExceeded { from, hop_limit },
        Some(icmp) => PathAnswer::Icmp { icmp, from, hop_limit },
        None => PathAnswer::NotSent(entry.errno),
    }
}
