//! Extra SYNs with the namespace's counters read right before and right after each.
//!
//! What this host does to a SYN, or answers to it, mostly happens before `connect` returns; so the difference
//! over one call shows it even on a busy machine: other traffic can only add to a counter.

use super::path::{answer_of, tcp_client};
use crate::model::{Fact, Family, Millis, PathAnswer, Request, Trial};
use crate::plan::TrialKind;
use crate::sys::{self, CounterFiles, CounterSet};
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

/// So many times as many SYNs where others' packets raised the counters too.
const NOISY: usize = 3;

/// Sends the SYNs that a kind of trial asks for, one after the other. Takes well under a millisecond.
pub(crate) fn trials(
    request: &Request,
    address: SocketAddr,
    kind: TrialKind,
    begun: Instant,
) -> Fact<Vec<Trial>> {
    let (count, ttl) = kind.shots();
    let set = match kind {
        TrialKind::OwnAnswer | TrialKind::FirstHop | TrialKind::AnyAnswer => CounterSet::Ip,
        TrialKind::OwnSilence | TrialKind::Leaving | TrialKind::Burst => CounterSet::All,
    };
    let mut trials = Vec::new();
    let files = match CounterFiles::open(Family::of(address.ip()), set) {
        Ok(files) => files,
        Err(error) => return Err(error).into(),
    };
    let noisy = !matches!(kind, TrialKind::Leaving | TrialKind::Burst);
    let most = if noisy { count.saturating_mul(NOISY) } else { count };
    let wanted = |trials: &[Trial]| {
        let clean = trials.iter().filter(|trial| !noisy || is_clean(trial, kind));
        match kind {
            // One SYN that was not delivered proves it.
            TrialKind::OwnSilence => trials.len() < count || clean.count() == 0,
            // A reset that TCP here has counted is explained: more of them would tell nothing new.
            TrialKind::OwnAnswer => {
                let counted = clean.clone().filter(|trial| is_counted(trial)).count();
                clean.count() < count && (trials.is_empty() || counted < trials.len().min(ENOUGH))
            }
            _ => clean.count() < count,
        }
    };
    while trials.len() < most && wanted(&trials) {
        match trial(request, address, ttl, &files, Millis::from(begun.elapsed())) {
            Ok(trial) => trials.push(trial),
            Err(error) if trials.is_empty() => return Err(error).into(),
            // Those before it were sent.
            Err(_) => break,
        }
    }
    Fact::Seen(trials)
}

/// On a busy host so many trials that say the same are enough; on a quiet one the first is.
const ENOUGH: usize = 2;

/// Whether no more was counted than the SYN and its answer: what others send hides what became of these.
fn is_clean(trial: &Trial, kind: TrialKind) -> bool {
    let far = matches!(kind, TrialKind::FirstHop | TrialKind::AnyAnswer);
    let most = match trial.answer {
        // A reset made on the way out is the only one of its packets that goes over the loopback device.
        Some(PathAnswer::Reset) if far => 1,
        Some(_) => 2,
        // Nor does anything else come in than this SYN.
        None if kind == TrialKind::OwnSilence && trial.counters.in_receives <= 1 => 1,
        None => return kind != TrialKind::OwnSilence,
    };
    trial.counters.loopback_out <= most && trial.counters.out_resets <= 1
}

fn is_counted(trial: &Trial) -> bool {
    trial.answer == Some(PathAnswer::Reset) && trial.counters.out_resets > 0
}

fn trial(
    request: &Request,
    address: SocketAddr,
    ttl: Option<u8>,
    files: &CounterFiles,
    at_ms: Millis,
) -> io::Result<Trial> {
    let client = tcp_client(request, address, ttl);
    let before = files.read()?;
    // Without a SYN counters that stand still tell nothing.
    let connecting = client.start().outcome.map_err(|failed| io::Error::from(failed.errno.get()))?;
    // The answer first: what sent it has been counted by then, whichever processor did it.
    let answer = answer_of(&connecting, Millis::default());
    let after = files.read()?;
    let counters = sys::difference(&before, &after);
    // What has been reset is over.
    if answer != Some(PathAnswer::Reset) {
        connecting.abort();
    }
    Ok(Trial { at_ms, ttl, answer, counters })
}
