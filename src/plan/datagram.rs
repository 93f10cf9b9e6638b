//! What to ask about a UDP target that is not this host. No second datagram goes to its port: whether it is up,
//! and how far away, is learnt from a high port and an echo.

use super::{Probe, is_on_link, rejection, silent_at};
use crate::model::{Attempt, Evidence, Millis, Question, Trace};

pub(super) fn far_target(index: usize, attempt: &Attempt, evidence: &Evidence) -> (Option<Probe>, Millis) {
    let ask = |question| Some(Probe::Path(index, question));
    let at_once = Millis::default();
    let trace = evidence.request.trace;
    let hops = !is_on_link(attempt) && trace != Trace::Never;
    if attempt.connected_ms.is_some() {
        let always = hops && trace == Trace::Always;
        return (always.then(|| ask(Question::Hops)).flatten(), at_once);
    }
    if attempt.deciding_icmp().is_some() {
        return (rejection(attempt).filter(|_| hops).and_then(ask), at_once);
    }
    // What waits for the neighbour to answer has not left this host yet.
    if attempt.ended_ms.is_some() || attempt.neighbour_is_missing() {
        return (None, at_once);
    }
    let due = if trace == Trace::Always { at_once } else { silent_at(attempt, evidence) };
    (ask(if hops { Question::Silence } else { Question::Up }), due)
}
