//! Which failures of a long list are looked into closely. Those of one kind have one cause more often than not:
//! a sample gets the whole investigation, the others are judged by what their own attempt showed and what is
//! known of the way.

use crate::diagnose::Finding;
use crate::model::{Attempt, Beside, Evidence, Fact, PathProbe};
use crate::probe::network_of;
use crate::report::Whom;
use crate::verdict::{Class, Code};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

/// Whole investigations at the start: the failures of a list that people read.
pub(super) const SPARE: u32 = 64;

/// Of a long list fewer, and of its silent targets the fewest: those have a dozen descriptors each for as long as
/// the timeout.
const LONG: u32 = 32;
const SILENT: u32 = 8;

/// And for a kind of failure that comes up later, so many a second.
const A_SECOND: f64 = 8.0;

/// Kinds of failures, and networks with rejections, beyond this many are forgotten.
const MOST_KEPT: usize = 4096;

/// A kind of failure.
type Kind = (Code, Whom, IpAddr);

/// Where a rejection counts: the gateway, and the target's /16 or /48.
type Region = (Option<IpAddr>, IpAddr);

/// The book about them.
#[derive(Debug)]
pub(super) struct Groups {
    most: u32,
    spare: u32,
    silent: u32,
    later: f64,
    filled: Instant,
    kinds: HashMap<Kind, ()>,
    regions: HashMap<Region, Beside>,
    senders: HashMap<IpAddr, Beside>,
}

impl Groups {
    pub(super) fn new() -> Groups {
        Groups {
            most: SPARE,
            spare: SPARE,
            silent: SILENT,
            later: 0.0,
            filled: Instant::now(),
            kinds: HashMap::new(),
            regions: HashMap::new(),
            senders: HashMap::new(),
        }
    }

    /// Says that the list is long.
    pub(super) fn is_for_a_long_list(&mut self) {
        (self.most, self.spare) = (LONG, self.spare.min(LONG));
    }

    /// Takes one of the first whole investigations, if there is one left.
    pub(super) fn take_spare(&mut self) -> bool {
        let left = self.spare > 0;
        self.spare = self.spare.saturating_sub(1);
        left
    }

    /// Takes one for a target that keeps silent.
    pub(super) fn take_for_silence(&mut self) -> bool {
        let left = self.silent > 0 && self.spare > 0;
        if left {
            (self.silent, self.spare) = (self.silent - 1, self.spare - 1);
        }
        left
    }

    /// Gives one back: what works takes none. `late`: it had kept silent at first.
    pub(super) fn give_back(&mut self, late: bool) {
        self.spare = (self.spare + 1).min(self.most);
        self.silent = (self.silent + u32::from(late)).min(SILENT);
    }

    /// Whether a failure is to be looked into. One that took its time is not made to wait again.
    pub(super) fn wants_sample(&mut self, finding: &Finding, attempt: Option<&Attempt>) -> bool {
        let code = finding.code;
        if matches!(code.class(), Class::Connected | Class::Timeout | Class::Service)
            || attempt.is_some_and(took_long)
        {
            return false;
        }
        if self.take_spare() {
            return true;
        }
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let network = attempt.map_or(nowhere, |attempt| network_of(attempt.address.ip(), 24, 64));
        let kind = (code, Whom::of(code, finding.culprit.as_ref()), network);
        if self.kinds.contains_key(&kind) {
            return false;
        }
        let now = Instant::now();
        let earned = now.duration_since(self.filled).as_secs_f64() * A_SECOND;
        (self.later, self.filled) = ((self.later + earned).min(A_SECOND), now);
        if self.later < 1.0 {
            return false;
        }
        self.later -= 1.0;
        if self.kinds.len() >= MOST_KEPT {
            self.kinds.clear();
        }
        self.kinds.insert(kind, ());
        true
    }

    /// Notes who rejects.
    pub(super) fn note(&mut self, evidence: &Evidence) {
        for attempt in &evidence.attempts {
            let Some((icmp, entry)) = attempt.deciding_icmp() else { continue };
            if icmp.is_time_exceeded() || entry.sender_is_ours == Fact::Seen(true) {
                continue;
            }
            let new = Beside { icmp, from: entry.sender, rejected: 0 };
            // A target that rejects for itself says nothing about others.
            if entry.sender == Some(attempt.address.ip()) {
                continue;
            }
            count(&mut self.regions, region(attempt), new);
            if let Some(sender) = entry.sender {
                count(&mut self.senders, sender, new);
            }
        }
    }

    /// What others on the way of an attempt were told.
    pub(super) fn beside(&self, attempt: &Attempt) -> Option<Beside> {
        let hops = attempt.path.seen().map(|sweep| sweep.probes.as_slice()).unwrap_or_default();
        let hops = hops.iter().filter_map(PathProbe::time_exceeded_from);
        let of_a_hop = || hops.chain(attempt.gateway()).find_map(|hop| self.senders.get(&hop));
        self.regions.get(&region(attempt)).or_else(of_a_hop).copied()
    }
}

fn region(attempt: &Attempt) -> Region {
    (attempt.gateway(), network_of(attempt.address.ip(), 16, 48))
}

fn count<K: std::hash::Hash + Eq>(all: &mut HashMap<K, Beside>, key: K, new: Beside) {
    if all.len() >= MOST_KEPT && !all.contains_key(&key) {
        all.clear();
    }
    let known = all.entry(key).or_insert(new);
    known.rejected = known.rejected.saturating_add(1);
}

/// Whether waiting for it again would be felt.
fn took_long(attempt: &Attempt) -> bool {
    attempt.ended_ms.is_none_or(|ended| ended.0 > 500.0)
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
