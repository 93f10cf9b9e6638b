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

/// So many times as many SYNs where the counters of all of them were raised by others too.
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
    // Whether a reset went over the loopback device, or past it, is hidden while others' packets go there.
    let hidden = |trial: &Trial| trial.answer == Some(PathAnswer::Reset) && trial.counters.loopback_out > 1;
    let far = matches!(kind, TrialKind::FirstHop | TrialKind::AnyAnswer);
    let most = if far { count.saturating_mul(NOISY) } else { count };
    while trials.len() < most && (trials.len() < count || trials.iter().all(hidden)) {
        match trial(request, address, ttl, &files, Millis::from(begun.elapsed())) {
            Ok(trial) => trials.push(trial),
            Err(error) if trials.is_empty() => return Err(error).into(),
            // Those before it were sent.
            Err(_) => break,
        }
        // A reset that TCP here has counted is explained: more of them would tell nothing new.
        let counted =
            |trial: &Trial| trial.answer == Some(PathAnswer::Reset) && trial.counters.out_resets > 0;
        if kind == TrialKind::OwnAnswer && trials.last().is_some_and(counted) {
            break;
        }
    }
    Fact::Seen(trials)
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
