//! What the extra SYNs show, around each of which this host's counters were read.

use super::view::View;
use crate::model::Trial;

/// Whether an address of this host stands for something behind it: what it is sent does not pass the loopback
/// device, as everything does that this host says to itself.
pub(super) fn is_forwarded(view: &View) -> bool {
    view.attempt.is_local() && view.trials().iter().any(|trial| trial.counters.loopback_out == 0)
}

/// Whether the extra SYNs and their answers passed the loopback device, and mostly nothing else did meanwhile.
pub(super) fn passed_loopback(view: &View) -> bool {
    least_passed(view.trials()).is_some_and(|least| (1..=2).contains(&least))
}

/// So many trials that agree outweigh those in which others' packets were counted too.
const AGREEING: usize = 4;

/// How many packets went over the loopback device for each of the SYNs. Other traffic can only add to that; `None`
/// where it hides it.
pub(super) fn least_passed(trials: &[Trial]) -> Option<i64> {
    let passed = || trials.iter().map(|trial| trial.counters.loopback_out);
    let least = passed().min()?;
    let agree = passed().filter(|passed| *passed == least).count();
    let most = agree >= AGREEING && agree.saturating_mul(2) > trials.len();
    (most || agree == trials.len()).then_some(least)
}
