//! What to ask next. Pure: the evidence so far and the time decide, nothing else.

mod datagram;
mod lean;
mod naming;
mod sweep;

pub use lean::next as next_lean;
pub use naming::{SLOW_NAME, answered as resolved, is_settled};
pub use sweep::{MOST_HOPS, Pace, Shot, SweepPlan, next as next_probes};

use crate::model::{
    Attempt, Call, Evidence, Fact, Host, Millis, PathAnswer, Question, RouteType, Trace, Transport,
};
use nix::errno::Errno as E;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Addresses beyond this many are not tried: a name that has more is answered by the first ones.
pub const MOST_ADDRESSES: usize = 64;

/// How long the address that clients try first may be slower than one that works.
const PATIENCE: Millis = Millis(1000.0);

/// A question to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// What ordinary programs get for the name.
    Lookup,
    /// What the files under /etc say about the name.
    NameFiles,
    /// What the name servers say when they are asked directly.
    Direct,
    /// Connect to addresses that the name servers give and the hosts file does not.
    Contrast,
    /// Who listens on this machine.
    Listeners,
    /// Connect to the address with this index.
    Attempt(usize),
    /// Sweep the way to that address.
    Path(usize, Question),
    /// Send that address extra SYNs with the counters around them.
    Trials(usize, TrialKind),
    /// Which routes and rules refuse that address on purpose.
    Refusals(usize),
    /// This host's addresses.
    Addresses,
    /// This host's devices.
    Links,
    /// Where privileged ports end.
    PortStart,
    /// Which sockets of this host stand in the way of a source port.
    OwnEnds,
    /// How many descriptors this process may have.
    Descriptors,
    /// Whether a seccomp filter is on.
    Seccomp,
    /// Connect to the unix socket, and look at all that bears on it.
    Unix,
}

/// What extra SYNs are to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialKind {
    /// Who answers no for a target on this host.
    OwnAnswer,
    /// What swallows the SYNs for a target on this host.
    OwnSilence,
    /// Whether a reset that no router can have sent on was made on this host.
    FirstHop,
    /// Whether a reset, or an ICMP error in the target's name, was made on this host.
    AnyAnswer,
    /// A burst whose answers, if this host drops them, stand out in the counters.
    Burst,
    /// Whether a SYN leaves this host at all, where time is too short to see its repeat.
    Leaving,
}

impl TrialKind {
    /// How many SYNs, and their TTL.
    pub fn shots(self) -> (usize, Option<u8>) {
        match self {
            TrialKind::OwnAnswer => (4, None),
            TrialKind::OwnSilence => (2, None),
            TrialKind::FirstHop => (6, Some(1)),
            TrialKind::AnyAnswer => (4, None),
            TrialKind::Burst => (3, None),
            TrialKind::Leaving => (1, None),
        }
    }
}

/// Addresses beyond this many are not swept.
const MOST_SWEEPS: usize = 3;

/// Silence for this long starts the sweep; a quarter of a short timeout does.
const SILENCE: Millis = Millis(300.0);

/// The repeat of a SYN is due after one second; a timeout below this does not see what became of it.
const REPEAT: Millis = Millis(1200.0);

/// Whether a timeout is too short to see what becomes of the SYN's repeat.
pub fn repeat_is_late(timeout: Millis) -> bool {
    timeout < REPEAT
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Probes to start.
    pub start: Vec<Probe>,
    /// Attempts that still run have nothing more to say: let them take their last look.
    pub stop_attempts: bool,
    /// When to ask again, even if nothing arrives.
    pub wake_at: Option<Millis>,
    /// Nothing more can change the answer.
    pub done: bool,
}

/// The addresses to try, in the order of an ordinary client; `None` while the name is not answered.
pub fn candidates(evidence: &Evidence) -> Option<Vec<SocketAddr>> {
    let port = evidence.request.target.port;
    match &evidence.request.target.host {
        // An IPv4-mapped address is IPv4 on the wire, with IPv4's routes and errors.
        Host::Address { ip, .. } => Some(vec![SocketAddr::new(ip.to_canonical(), port)]),
        // It has no address.
        Host::Socket(_) => Some(Vec::new()),
        Host::Name(_) => Some(
            naming::answered(evidence)?
                .iter()
                .take(MOST_ADDRESSES)
                .map(|resolved| match resolved.address.to_canonical() {
                    IpAddr::V4(v4) => SocketAddr::new(IpAddr::V4(v4), port),
                    IpAddr::V6(v6) => {
                        SocketAddr::V6(SocketAddrV6::new(v6, port, 0, resolved.scope.unwrap_or(0)))
                    }
                })
                .collect(),
        ),
    }
}

/// Plans the next step. `asked` are the probes started so far, `now` the time since the start.
pub fn next(evidence: &Evidence, asked: &[Probe], now: Millis) -> Plan {
    let mut plan = Plan::default();
    if evidence.request.target.socket().is_some() {
        plan.start = fresh([Probe::Unix], asked);
        plan.done = is_answered(evidence, Probe::Unix);
        return plan;
    }
    let Some(candidates) = candidates(evidence) else {
        return naming::pending(evidence, asked, now);
    };
    let attempts = &evidence.attempts;
    if attempts.len() < candidates.len() {
        // Who has the port is seen before a socket of ours has it.
        if evidence.request.source_port.is_some() && !evidence.own_ends.was_asked() {
            plan.start = fresh([Probe::OwnEnds], asked);
            return plan;
        }
        plan.start = fresh((0..candidates.len()).map(Probe::Attempt), asked);
        // The first SYN does not wait for files.
        if matches!(evidence.request.target.host, Host::Name(_)) {
            plan.start.extend(fresh([Probe::NameFiles], asked));
        }
        return plan;
    }
    let watch = while_waiting(evidence, asked, now);
    // One sweep of a path at a time: the next one builds on what it found.
    let sweeping = |index| {
        asked.iter().any(|probe| {
            matches!(probe, Probe::Path(other, _) if *other == index) && !is_answered(evidence, *probe)
        })
    };
    plan.start = fresh(watch.start.iter().copied(), asked);
    plan.start.retain(|probe| !matches!(probe, Probe::Path(index, _) if sweeping(*index)));
    let patience = patience(attempts);
    let until = match patience {
        Patience::Until(moment) if now < moment => Some(moment),
        _ => None,
    };
    plan.wake_at = earliest(until, watch.wake_at);
    if !plan.start.is_empty() || until.is_some() || matches!(patience, Patience::Wait) {
        return plan;
    }
    if attempts.iter().any(|attempt| attempt.ended_ms.is_none()) {
        plan.stop_attempts = true;
        return plan;
    }
    // A sweep that explains a failure is waited for; one beside a success has been told to stop.
    let works = attempts.iter().any(|attempt| attempt.connected_ms.is_some());
    // A connection needs no explanation by name servers, unless its name was slow.
    let slow = evidence.lookup.seen().is_some_and(|lookup| lookup.elapsed_ms >= SLOW_NAME);
    let awaited = |probe: &&Probe| !(works && !slow && matches!(probe, Probe::Direct | Probe::Contrast));
    if !asked.iter().filter(awaited).all(|probe| is_answered(evidence, *probe)) {
        plan.stop_attempts = works;
        return plan;
    }
    let wanted = explanations(evidence);
    plan.start = fresh(wanted.iter().copied(), asked);
    plan.done = wanted.iter().all(|probe| is_answered(evidence, *probe));
    plan
}

/// Whether an explaining probe has brought its observation.
fn is_answered(evidence: &Evidence, probe: Probe) -> bool {
    match probe {
        Probe::Lookup => evidence.lookup.was_asked(),
        Probe::NameFiles => evidence.name_files.was_asked(),
        Probe::Direct => evidence.direct.was_asked(),
        Probe::Contrast => evidence.contrast.was_asked(),
        Probe::Listeners => evidence.listeners.was_asked(),
        Probe::Attempt(index) => {
            evidence.attempts.get(index).is_some_and(|attempt| attempt.ended_ms.is_some())
        }
        Probe::Path(index, question) => evidence
            .attempts
            .get(index)
            .and_then(|attempt| attempt.path.seen())
            .is_some_and(|sweep| sweep.questions.contains(&question)),
        Probe::Trials(index, _) => {
            evidence.attempts.get(index).is_some_and(|attempt| attempt.trials.was_asked())
        }
        Probe::Refusals(index) => {
            evidence.attempts.get(index).is_some_and(|attempt| attempt.refusals.was_asked())
        }
        Probe::Addresses => evidence.host.addresses.was_asked(),
        Probe::Links => evidence.host.links.was_asked(),
        Probe::Unix => evidence.unix.was_asked(),
        Probe::PortStart => evidence.host.unprivileged_port_start.was_asked(),
        Probe::OwnEnds => evidence.own_ends.was_asked(),
        Probe::Descriptors => evidence.host.descriptor_limit.was_asked(),
        Probe::Seccomp => evidence.host.seccomp.was_asked(),
    }
}

fn fresh(probes: impl IntoIterator<Item = Probe>, asked: &[Probe]) -> Vec<Probe> {
    let mut fresh = Vec::new();
    for probe in probes {
        if !asked.contains(&probe) && !fresh.contains(&probe) {
            fresh.push(probe);
        }
    }
    fresh
}

fn earliest(a: Option<Millis>, b: Option<Millis>) -> Option<Millis> {
    [a, b].into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0))
}

/// Probes beside attempts that wait, or that something on the way has just ended.
fn while_waiting(evidence: &Evidence, asked: &[Probe], now: Millis) -> Plan {
    let mut plan = Plan::default();
    naming::of_a_pinned_name(evidence, now, &mut plan);
    let mut sweeps = 0_usize;
    for (index, attempt) in evidence.attempts.iter().enumerate() {
        // A flow without a route is sent nowhere. Where nobody may look at routes, the target counts as far.
        let hidden = matches!(attempt.route, Fact::CouldNotLook(_));
        if attempt.failed.is_some() || (attempt.route().is_none() && !hidden) {
            continue;
        }
        let (probe, due) = if attempt.is_local() {
            // Its queue is to be seen while it is full.
            if attempt.ended_ms.is_none() && silent_at(attempt, evidence).0 <= now.0 {
                plan.start.extend(naming::listeners(attempt));
                // And `lo`: on a busy host the answer takes its time.
                plan.start.extend(attempt.address.ip().is_loopback().then_some(Probe::Links));
            }
            own_target(index, attempt, evidence)
        } else {
            far_target(index, attempt, evidence)
        };
        // One that has had its sweep counts on when it has ended.
        let swept = asked.iter().any(|probe| matches!(probe, Probe::Path(other, _) if *other == index));
        let sweeps_now = matches!(probe, Some(Probe::Path(..)));
        sweeps = sweeps.saturating_add(usize::from(swept || sweeps_now));
        if sweeps_now && sweeps > MOST_SWEEPS {
            continue;
        }
        let Some(probe) = probe else { continue };
        if due.0 <= now.0 {
            plan.start.push(probe);
        } else {
            plan.wake_at = earliest(plan.wake_at, Some(due));
        }
    }
    plan
}

/// When an attempt that still waits counts as silent.
fn silent_at(attempt: &Attempt, evidence: &Evidence) -> Millis {
    Millis(attempt.started_ms.0 + SILENCE.0.min(evidence.request.timeout_ms.0 / 4.0))
}

fn own_target(index: usize, attempt: &Attempt, evidence: &Evidence) -> (Option<Probe>, Millis) {
    let answered = is_reset(attempt) || attempt.deciding_icmp().is_some();
    match attempt.ended_ms {
        // Its datagram had the counters around it, and there is no second one.
        _ if attempt.transport == Transport::Udp => (None, Millis::default()),
        _ if answered => (Some(Probe::Trials(index, TrialKind::OwnAnswer)), Millis::default()),
        None => (Some(Probe::Trials(index, TrialKind::OwnSilence)), silent_at(attempt, evidence)),
        Some(_) => (None, Millis::default()),
    }
}

fn far_target(index: usize, attempt: &Attempt, evidence: &Evidence) -> (Option<Probe>, Millis) {
    let request = &evidence.request;
    let ask = |question| Some(Probe::Path(index, question));
    let at_once = Millis::default();
    if attempt.transport == Transport::Udp {
        return datagram::far_target(index, attempt, evidence);
    }
    // What waits for the neighbour to answer has not left this host yet.
    if attempt.ended_ms.is_none() && attempt.neighbour_is_missing() {
        return (None, at_once);
    }
    if (is_unrouted(attempt) || is_own_word(attempt)) && !attempt.trials.was_asked() {
        return (Some(Probe::Trials(index, TrialKind::AnyAnswer)), at_once);
    }
    let waiting =
        attempt.ended_ms.is_none() && attempt.connected_ms.is_none() && attempt.deciding_icmp().is_none();
    let made_here =
        |kind| (is_reset(attempt) && attempt.ended_ms.is_some()).then_some(Probe::Trials(index, kind));
    let unswept = is_on_link(attempt) || request.trace == Trace::Never;
    if unswept && let Some(trials) = made_here(TrialKind::AnyAnswer) {
        return (Some(trials), at_once);
    }
    if is_on_link(attempt) {
        let burst = waiting.then_some(Probe::Trials(index, TrialKind::Burst));
        return (burst, silent_at(attempt, evidence));
    }
    if request.trace == Trace::Never {
        return (waiting.then(|| ask(Question::Up)).flatten(), silent_at(attempt, evidence));
    }
    let rejected = rejection(attempt);
    if attempt.ended_ms.is_none() && attempt.connected_ms.is_none() {
        // An ICMP error is in, and the kernel still tries.
        if attempt.deciding_icmp().is_some() {
            return (rejected.and_then(ask), at_once);
        }
        let silent = silent_at(attempt, evidence);
        let swept = attempt.path.seen().is_some_and(|sweep| sweep.done);
        if swept && repeat_is_late(request.timeout_ms) {
            return (Some(Probe::Trials(index, TrialKind::Leaving)), silent);
        }
        // Whoever wants to see the path in any case need not wait for a silence.
        let due = if request.trace == Trace::Always { at_once } else { silent };
        return (ask(Question::Silence), due);
    }
    if attempt.connected_ms.is_some() {
        let always = request.trace == Trace::Always;
        return (always.then(|| ask(Question::Hops)).flatten(), at_once);
    }
    if is_reset(attempt) {
        let answered = attempt.path.seen().is_some_and(|sweep| sweep.questions.contains(&Question::Reset));
        if answered && reset_at_first_hop(attempt) {
            return (made_here(TrialKind::FirstHop), at_once);
        }
        return (ask(Question::Reset), at_once);
    }
    (rejected.and_then(|asked| ask(nearer(attempt, asked).unwrap_or(asked))), at_once)
}

/// What to ask next about an ICMP error that has the target's own address, once SYNs were asked how far its sender
/// is.
fn nearer(attempt: &Attempt, rejection: Question) -> Option<Question> {
    let Question::Rejection { sender: Some(sender), .. } = rejection else { return None };
    let asked = attempt.path.seen().is_some_and(|sweep| sweep.questions.contains(&rejection));
    (asked && sender == attempt.address.ip()).then_some(Question::Nearer { sender })
}

/// Whether the kernel sends from an IPv6 address that does not reach as far as the target.
fn sends_from_nearby(attempt: &Attempt) -> bool {
    let near = |ip: IpAddr| matches!(ip, IpAddr::V6(v6) if v6.is_loopback() || v6.is_unicast_link_local());
    attempt.source.is_some_and(|source| near(source.ip()))
        && !near(attempt.address.ip())
        && !attempt.is_local()
}

/// Whether no router stands before the target.
fn is_on_link(attempt: &Attempt) -> bool {
    attempt.route().is_some() && attempt.gateway().is_none()
}

/// Whether an ICMP error has the target's own address, and no router has counted its TTL down: this host itself may
/// have answered in the target's name.
fn is_unrouted(attempt: &Attempt) -> bool {
    attempt.deciding_icmp().is_some_and(|(icmp, entry)| {
        let routed = attempt.gateway().is_some() && entry.was_routed();
        entry.sender == Some(attempt.address.ip()) && !icmp.is_time_exceeded() && !routed
    })
}

/// Whether an ICMP error has an address of this host, which somebody else may have too. The kernel's own word about an
/// unanswered neighbour takes longer.
fn is_own_word(attempt: &Attempt) -> bool {
    attempt.deciding_icmp().is_some_and(|(icmp, entry)| {
        let at_once = entry.at_ms < REPEAT && !attempt.neighbour_is_missing();
        entry.sender_is_ours == Fact::Seen(true) && !icmp.is_time_exceeded() && at_once
    })
}

/// What to ask about an ICMP error that came from elsewhere, or about a TTL that ran out.
fn rejection(attempt: &Attempt) -> Option<Question> {
    let (icmp, entry) = attempt.deciding_icmp()?;
    if icmp.is_time_exceeded() {
        return Some(Question::Hops);
    }
    if entry.sender_is_ours == Fact::Seen(true) {
        return None;
    }
    // Senders begin with 64, 128 or 255.
    let begun_with = |left: u8| [64, 128].into_iter().find(|begun| left <= *begun).unwrap_or(u8::MAX);
    let about = entry.hop_limit.map_or(1, |left| begun_with(left).saturating_sub(left).saturating_add(1));
    Some(Question::Rejection { sender: entry.sender, about: about.clamp(1, sweep::MOST_HOPS) })
}

/// `ECONNREFUSED` that no ICMP error explains.
fn is_reset(attempt: &Attempt) -> bool {
    attempt.deciding_icmp().is_none()
        && attempt.so_errors.last().is_some_and(|error| error.errno.get() == E::ECONNREFUSED)
}

fn reset_at_first_hop(attempt: &Attempt) -> bool {
    attempt.path.seen().is_some_and(|sweep| {
        sweep.probes.iter().any(|probe| probe.ttl == Some(1) && probe.answer == Some(PathAnswer::Reset))
    })
}

/// Whether to go on waiting for attempts.
enum Patience {
    /// Something that matters still runs, and ends by itself.
    Wait,
    /// Wait until then for the first address; another one works already.
    Until(Millis),
    /// Enough is known.
    Over,
}

fn patience(attempts: &[Attempt]) -> Patience {
    let running = |attempt: &Attempt| attempt.ended_ms.is_none();
    let Some(first) = attempts.first() else { return Patience::Over };
    let Some(works) = attempts.iter().find(|attempt| attempt.connected_ms.is_some()) else {
        return if attempts.iter().any(running) { Patience::Wait } else { Patience::Over };
    };
    // Its grace ends by itself.
    if running(works) {
        return Patience::Wait;
    }
    if first.connected_ms.is_some() || !running(first) {
        return Patience::Over;
    }
    // "not within 1 s, or ten times the working one's round trip", whichever is longer
    let round_trip = works.connected_ms.unwrap_or_default();
    Patience::Until(Millis(first.started_ms.0 + PATIENCE.0.max(round_trip.0 * 10.0)))
}

/// Looks at this host's own tables that a failure calls for. A success on the first address needs none.
fn explanations(evidence: &Evidence) -> Vec<Probe> {
    let attempts = &evidence.attempts;
    let mut wanted = Vec::new();
    match attempts.first() {
        None => return naming::of_a_failed_name(evidence),
        Some(first) if first.connected_ms.is_some() => return naming::acceptor(first).into_iter().collect(),
        Some(_) => {}
    }
    let mut want = |probe| {
        if !wanted.contains(&probe) {
            wanted.push(probe);
        }
    };
    for (index, attempt) in attempts.iter().enumerate() {
        if let Some(failed) = attempt.failed {
            match (failed.call, failed.errno.get()) {
                (_, E::EMFILE) => want(Probe::Descriptors),
                (Call::Connect | Call::Send, E::EPERM) => want(Probe::Seccomp),
                (Call::Socket, E::EPERM | E::EACCES) => want(Probe::Seccomp),
                (Call::Socket, E::EAFNOSUPPORT) => {
                    want(Probe::Seccomp);
                    want(Probe::Addresses);
                }
                (Call::Bind, E::EADDRINUSE) => want(Probe::OwnEnds),
                (Call::Connect, E::EACCES | E::EINVAL | E::EHOSTUNREACH | E::ENETUNREACH) => {
                    if failed.errno.get() == E::EACCES {
                        want(Probe::Seccomp);
                    }
                    want(Probe::Refusals(index));
                    want(Probe::Addresses);
                    want(Probe::Links);
                }
                (Call::Connect, E::EADDRNOTAVAIL) => {
                    want(Probe::OwnEnds);
                    want(Probe::Addresses);
                    want(Probe::Links);
                }
                // Which devices there are instead.
                (Call::BindDevice | Call::Scope, _) | (Call::Bind, E::EINVAL) => want(Probe::Links),
                (Call::Bind, E::EACCES) => want(Probe::PortStart),
                (Call::Bind, E::EADDRNOTAVAIL) => {
                    want(Probe::Addresses);
                    // Another device may have the address.
                    if evidence.request.interface.is_some() {
                        want(Probe::Links);
                    }
                }
                _ => {}
            }
        } else if attempt.address.ip().is_loopback() && attempt.so_errors.is_empty() {
            // A loopback target that keeps silent: is `lo` up?
            want(Probe::Links);
            // And has it the address?
            if attempt.route().is_some_and(|route| route.kind != RouteType::Local) {
                want(Probe::Addresses);
            }
        } else if attempt.deciding_icmp().is_some_and(|(icmp, _)| icmp.is_time_exceeded()) {
            // Each device has a hop limit of its own.
            want(Probe::Links);
        }
        // Has this host no better address to send from?
        if attempt.connected_ms.is_none() && sends_from_nearby(attempt) {
            want(Probe::Addresses);
        }
        // What the packet filter marks may be refused by a route that the lookup does not know.
        if attempt.connected_ms.is_none() && attempt.fails_to_repeat() {
            want(Probe::Refusals(index));
        }
        if attempt.connected_ms.is_none() {
            naming::listeners(attempt).into_iter().for_each(&mut want);
        }
    }
    naming::contrast(evidence).into_iter().for_each(&mut want);
    naming::devices_of_listeners(evidence).into_iter().for_each(&mut want);
    wanted
}

#[cfg(test)]
#[path = "../plan_tests.rs"]
mod tests;
