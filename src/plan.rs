//! What to ask next. Pure: the evidence so far and the time decide, nothing else.

use crate::model::{Attempt, Call, Evidence, Host, LookupOutcome, Millis};
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
    /// Connect to the address with this index.
    Attempt(usize),
    /// Which routes and rules refuse that address on purpose.
    Refusals(usize),
    /// This host's addresses.
    Addresses,
    /// This host's devices.
    Links,
    /// Where privileged ports end.
    PortStart,
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
        Host::Address { ip, .. } => Some(vec![SocketAddr::new(*ip, port)]),
        Host::Name(_) => match &evidence.lookup.seen()?.outcome {
            LookupOutcome::Addresses(addresses) => Some(
                addresses
                    .iter()
                    .take(MOST_ADDRESSES)
                    .map(|resolved| match resolved.address {
                        IpAddr::V4(_) => SocketAddr::new(resolved.address, port),
                        IpAddr::V6(v6) => {
                            SocketAddr::V6(SocketAddrV6::new(v6, port, 0, resolved.scope.unwrap_or(0)))
                        }
                    })
                    .collect(),
            ),
            LookupOutcome::Failed { .. } | LookupOutcome::NoAnswer => Some(Vec::new()),
        },
    }
}

/// Plans the next step. `asked` are the probes started so far, `now` the time since the start.
pub fn next(evidence: &Evidence, asked: &[Probe], now: Millis) -> Plan {
    let mut plan = Plan::default();
    let Some(candidates) = candidates(evidence) else {
        plan.start = fresh([Probe::Lookup], asked);
        return plan;
    };
    let attempts = &evidence.attempts;
    if attempts.len() < candidates.len() {
        plan.start = fresh((0..candidates.len()).map(Probe::Attempt), asked);
        return plan;
    }
    match patience(attempts) {
        Patience::Until(moment) if now < moment => {
            plan.wake_at = Some(moment);
            return plan;
        }
        Patience::Wait => return plan,
        Patience::Until(_) | Patience::Over => {}
    }
    if attempts.iter().any(|attempt| attempt.ended_ms.is_none()) {
        plan.stop_attempts = true;
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
        Probe::Attempt(index) => {
            evidence.attempts.get(index).is_some_and(|attempt| attempt.ended_ms.is_some())
        }
        Probe::Refusals(index) => {
            evidence.attempts.get(index).is_some_and(|attempt| attempt.refusals.was_asked())
        }
        Probe::Addresses => evidence.host.addresses.was_asked(),
        Probe::Links => evidence.host.links.was_asked(),
        Probe::PortStart => evidence.host.unprivileged_port_start.was_asked(),
    }
}

fn fresh(probes: impl IntoIterator<Item = Probe>, asked: &[Probe]) -> Vec<Probe> {
    probes.into_iter().filter(|probe| !asked.contains(probe)).collect()
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
    if attempts.first().is_none_or(|first| first.connected_ms.is_some()) {
        return wanted;
    }
    let mut want = |probe| {
        if !wanted.contains(&probe) {
            wanted.push(probe);
        }
    };
    for (index, attempt) in attempts.iter().enumerate() {
        if let Some(failed) = attempt.failed {
            match (failed.call, failed.errno.get()) {
                (Call::Connect, E::EACCES | E::EINVAL | E::EHOSTUNREACH | E::ENETUNREACH) => {
                    want(Probe::Refusals(index));
                    want(Probe::Addresses);
                    want(Probe::Links);
                }
                (Call::Connect, E::EADDRNOTAVAIL) => {
                    want(Probe::Addresses);
                    want(Probe::Links);
                }
                (Call::Bind, E::EACCES) => want(Probe::PortStart),
                (Call::Bind, E::EADDRNOTAVAIL) => want(Probe::Addresses),
                _ => {}
            }
        } else if attempt.address.ip().is_loopback() && attempt.so_errors.is_empty() {
            // A loopback target that keeps silent: is `lo` up?
            want(Probe::Links);
        }
    }
    wanted
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
