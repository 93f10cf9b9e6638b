//! When the files and the name servers are asked what a name means, and who listens here.

use super::{Plan, Probe, fresh, is_reset, silent_at};
use crate::model::{
    AfterHandshake, Attempt, DirectView, Evidence, Fact, Host, Listening, LookupOutcome, Millis, NameFiles,
    malformed,
};

/// The C library gives each dead name server five seconds, or a whole number of them; a name that takes this long is
/// explained.
pub const SLOW_NAME: Millis = Millis(1000.0);

/// After this long the servers are asked directly, so that it is known who is silent when the C library goes on.
const ASKED: Millis = Millis(900.0);

/// Nobody has said yet what the name leads to.
pub(super) fn pending(evidence: &Evidence, asked: &[Probe], now: Millis) -> Plan {
    let mut plan = Plan::default();
    if evidence.request.dns.is_some() && may_ask_servers(evidence) {
        plan.start = fresh(direct(evidence), asked);
        return plan;
    }
    plan.start = fresh([Probe::Lookup], asked);
    let slow = Millis(ASKED.0.min(evidence.request.timeout_ms.0 / 2.0));
    if now < slow {
        plan.wake_at = Some(slow);
    } else {
        plan.start.extend(fresh(direct(evidence), asked));
    }
    plan
}

/// The servers are named by the files: those come first.
fn direct(evidence: &Evidence) -> Vec<Probe> {
    match &evidence.name_files {
        Fact::NotAsked => vec![Probe::NameFiles],
        _ if may_ask_servers(evidence) => vec![Probe::Direct],
        _ => Vec::new(),
    }
}

/// What explains a name that gave no address.
pub(super) fn of_a_failed_name(evidence: &Evidence) -> Vec<Probe> {
    match &evidence.request.target.host {
        Host::Name(name) if malformed(name).is_none() => {
            let mut wanted = vec![Probe::NameFiles];
            wanted.extend(direct(evidence));
            let files = evidence.name_files.seen();
            if files.is_some_and(|files| files.unread().any(|(_, reason)| reason == "EMFILE")) {
                wanted.push(Probe::Descriptors);
            }
            if servers_failed(evidence) {
                wanted.extend([Probe::Addresses, Probe::Links]);
            }
            wanted
        }
        _ => Vec::new(),
    }
}

fn servers_failed(evidence: &Evidence) -> bool {
    evidence
        .direct
        .seen()
        .is_some_and(|view| view.servers.iter().any(|server| server.attempt.failed.is_some()))
}

/// Whether a question to the name servers may bear on the answer. A loopback name is not theirs to tell, and
/// no server is asked that ordinary programs would not ask.
fn may_ask_servers(evidence: &Evidence) -> bool {
    let target = &evidence.request.target;
    if target.is_numeric_name() || (target.is_loopback_name() && evidence.request.dns.is_none()) {
        return false;
    }
    evidence.request.dns.is_some()
        || evidence.name_files.seen().and_then(NameFiles::asks_servers).unwrap_or(true)
}

/// The hosts file pins the name, and what it says fails or keeps silent: do the servers say something else?
pub(super) fn of_a_pinned_name(evidence: &Evidence, now: Millis, plan: &mut Plan) {
    let pinned = evidence.pins().next().is_some();
    let works = |attempt: &Attempt| attempt.connected_ms.is_some();
    if !pinned || evidence.attempts.iter().any(works) || !may_ask_servers(evidence) {
        return;
    }
    let due = evidence.attempts.iter().map(|attempt| match attempt.ended_ms {
        Some(_) => now,
        None => silent_at(attempt, evidence),
    });
    match due.min_by(|a, b| a.0.total_cmp(&b.0)) {
        Some(due) if due.0 <= now.0 => plan.start.push(Probe::Direct),
        due => plan.wake_at = super::earliest(plan.wake_at, due),
    }
}

/// What the servers say, and the hosts file does not: is it any better?
pub(super) fn contrast(evidence: &Evidence) -> Option<Probe> {
    let refused =
        evidence.attempts.iter().any(|attempt| is_reset(attempt) || attempt.deciding_icmp().is_some());
    (refused && evidence.is_overridden()).then_some(Probe::Contrast)
}

/// A port of this host that answers no, or nothing: who listens? A target on our link may be a container.
pub(super) fn listeners(attempt: &Attempt) -> Option<Probe> {
    let near = attempt.is_local() || (attempt.route().is_some() && attempt.gateway().is_none());
    (near && attempt.failed.is_none() && (is_reset(attempt) || attempt.is_local()))
        .then_some(Probe::Listeners)
}

/// A listener that is bound to a device takes what that device's own addresses are asked for: which are they?
pub(super) fn devices_of_listeners(evidence: &Evidence) -> Vec<Probe> {
    let here = evidence.listeners.seen().and_then(|listeners| listeners.here.seen());
    let port = evidence.request.target.port;
    let bound = |listening: &Listening| listening.address.port() == port && listening.device.is_some();
    match here.is_some_and(|here| here.iter().any(bound)) {
        true => vec![Probe::Addresses, Probe::Links],
        false => Vec::new(),
    }
}

/// A connection to this host that ended at once: whose listener was it?
pub(super) fn acceptor(attempt: &Attempt) -> Option<Probe> {
    let ended = matches!(attempt.after.seen(), Some(AfterHandshake::Closed | AfterHandshake::Reset));
    (ended && attempt.is_local()).then_some(Probe::Listeners)
}

/// The addresses that connecting goes on with; `None` while nobody has said.
pub fn answered(evidence: &Evidence) -> Option<&[crate::model::Resolved]> {
    let direct = evidence.direct.seen();
    match evidence.lookup.seen().map(|lookup| &lookup.outcome) {
        Some(LookupOutcome::Addresses(addresses)) => Some(addresses),
        Some(LookupOutcome::Failed { .. }) => Some(&[]),
        // The answer that the system would arrive at, later.
        Some(LookupOutcome::NoAnswer) => Some(direct.map_or(&[], |view| &view.addresses)),
        None => match direct {
            Some(view) if evidence.request.dns.is_some() || is_settled(evidence, view) => {
                Some(&view.addresses)
            }
            _ => None,
        },
    }
}

/// Whether the servers' word is what ordinary programs will come to: addresses are; that there are none, only
/// where no other source is still asked.
pub fn is_settled(evidence: &Evidence, view: &DirectView) -> bool {
    !view.addresses.is_empty() || (view.is_settled() && evidence.asks_servers_only())
}
