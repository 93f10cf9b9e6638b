//! What the extra SYNs show, around each of which this host's counters were read.

use super::view::View;
use crate::model::{Counters, Family, PathAnswer, Trial};

/// Whether an address of this host stands for something behind it: what it is sent does not pass the loopback
/// device, as everything does that this host says to itself.
pub(super) fn is_forwarded(view: &View) -> bool {
    view.attempt.is_local() && view.trials().iter().any(|trial| trial.counters.loopback_out == 0)
}

/// Whether the extra SYNs and their answers passed the loopback device, and mostly nothing else did meanwhile.
pub(super) fn passed_loopback(view: &View) -> bool {
    least_passed(view.trials()).is_some_and(|least| (1..=2).contains(&least))
}

/// Whether this host kept the SYNs, or the datagram, to itself, as a filter that answers for it does: what came in went
/// nowhere, or what IP was asked to send was not sent. What answers from behind this host leaves no such trace.
pub(super) fn is_kept(view: &View) -> bool {
    let kept = |trial: &&Trial| {
        let Counters { out_requests, out_transmits, forwarded, loopback_out, .. } = trial.counters;
        // A reset that the filter of IPv6 sends is no request (nf_send_reset6): all that was sent went over loopback.
        let by_filter = trial.answer == Some(PathAnswer::Reset) && trial.counters.out_resets == 0;
        if by_filter && view.family() == Family::V6 && out_transmits == Some(loopback_out) {
            return true;
        }
        // Before Linux 6.7 what is sent is not counted: then only what would come in here may tell.
        let unsent = out_transmits
            .map_or(!view.attempt.is_local(), |sent| sent < out_requests.saturating_add(forwarded));
        unsent || trial.counters.swallowed() > 0
    };
    let least = least_passed(view.trials());
    let counts = || view.trials().iter().filter(|trial| Some(trial.counters.loopback_out) == least);
    // Others' packets may hide it in a few.
    counts().filter(kept).count().saturating_mul(2) > counts().count()
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
