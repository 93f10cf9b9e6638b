//! Extra SYNs with the namespace's counters read right before and right after each.
//!
//! What this host does to a SYN, or answers to it, happens before `connect` returns; so the difference over
//! one call shows it even on a busy machine: other traffic can only add to a counter.

use super::path::{answer_of, tcp_client};
use crate::model::{Fact, Family, Millis, Request, Trial};
use crate::plan::TrialKind;
use crate::sys::{self, CounterSet};
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

/// Sends the SYNs that a kind of trial asks for, one after the other. Takes well under a millisecond.
pub(crate) fn trials(
    request: &Request,
    address: SocketAddr,
    kind: TrialKind,
    begun: Instant,
) -> Fact<Vec<Trial>> {
    let (count, ttl) = kind.shots();
    let set = match kind {
        TrialKind::OwnAnswer
        | TrialKind::FirstHop
        | TrialKind::AnyReset
        | TrialKind::Leaving
        | TrialKind::Burst => CounterSet::Ip,
        TrialKind::OwnSilence => CounterSet::All,
    };
    (0..count)
        .map(|_| trial(request, address, ttl, set, Millis::from(begun.elapsed())))
        .collect::<io::Result<Vec<Trial>>>()
        .into()
}

fn trial(
    request: &Request,
    address: SocketAddr,
    ttl: Option<u8>,
    set: CounterSet,
    at_ms: Millis,
) -> io::Result<Trial> {
    let family = Family::of(address.ip());
    let client = tcp_client(request, address, ttl);
    let before = sys::counters(family, set)?;
    let started = client.start();
    let after = sys::counters(family, set)?;
    let counters = sys::difference(&before, &after);
    let answer = match started.outcome {
        Ok(connecting) => {
            let answer = answer_of(&connecting, Millis::default());
            connecting.abort();
            answer
        }
        Err(failed) => Some(crate::model::PathAnswer::NotSent(failed.errno)),
    };
    Ok(Trial { at_ms, ttl, answer, counters })
}
