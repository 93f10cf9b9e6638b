//! What a try came to, as far as two tries can be compared: without addresses and times, which differ from try to
//! try, and without what only a whole investigation sees. Pure.

use crate::model::{
    Acceptance, AfterHandshake, Attempt, Evidence, Fact, LookupOutcome, Millis, PeerEnd, Transport,
};
use std::collections::BTreeSet;

/// The outcomes of one try, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State(BTreeSet<String>);

/// How an attempt that got no answer is written, and one that got it after its deadline.
const SILENT: &str = "silent";
const LATE: &str = "late";
/// How what an ICMP error says begins.
const REJECTED: &str = "icmp";

impl State {
    /// The state that a try saw.
    pub fn of(evidence: &Evidence) -> State {
        let mut outcomes = BTreeSet::new();
        if let Some(lacking) = evidence.lacking {
            outcomes.insert(format!("{lacking:?}"));
        }
        if evidence.attempts.is_empty() {
            match evidence.lookup.seen().map(|lookup| &lookup.outcome) {
                Some(LookupOutcome::Failed { eai, errno }) => {
                    outcomes.insert(format!("{eai} {errno:?}"));
                }
                Some(LookupOutcome::NoAnswer) => {
                    outcomes.insert(SILENT.to_owned());
                }
                Some(LookupOutcome::Addresses(_)) | None => {}
            }
        }
        outcomes
            .extend(evidence.attempts.iter().map(|attempt| outcome(attempt, evidence.request.timeout_ms)));
        if let Some(unix) = evidence.unix.seen() {
            outcomes.insert(match unix.failed {
                Some(failed) => format!("{:?} {:?}", failed.call, failed.errno),
                None => after(&unix.after, &unix.acceptance),
            });
        }
        State(outcomes)
    }

    /// Whether nothing at all was heard.
    pub fn is_silent(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|outcome| outcome == SILENT)
    }

    /// Whether an ICMP error was heard.
    pub fn is_rejected(&self) -> bool {
        self.0.iter().any(|outcome| outcome.starts_with(REJECTED))
    }

    /// Whether one try of this state may come after one of `before` without anything having changed: a router that
    /// rejects does so a few times and then once a second at most, and what has just begun to answer may do so to a
    /// SYN that is a whole timeout old.
    pub fn is_doubtful_after(&self, before: &State) -> bool {
        let late = self.0.contains(LATE) && self.0.iter().all(|outcome| outcome == LATE || outcome == SILENT);
        (self.is_silent() && before.is_rejected()) || (late && before.is_silent())
    }
}

fn outcome(attempt: &Attempt, timeout: Millis) -> String {
    if let Some(failed) = attempt.failed {
        return format!("{:?} {:?}", failed.call, failed.errno);
    }
    match attempt.connected_ms {
        Some(_) if !attempt.is_in_time(timeout) => return LATE.to_owned(),
        // Over UDP any answer is one.
        Some(_) if attempt.transport == Transport::Udp => return "answered".to_owned(),
        Some(_) => return after(&attempt.after, &attempt.acceptance),
        None => {}
    }
    let icmp = attempt.deciding_icmp().map(|(icmp, entry)| (icmp, entry.sender));
    match (attempt.so_errors.last(), icmp) {
        (None, None) => SILENT.to_owned(),
        (Some(error), None) => format!("{:?}", error.errno),
        (_, Some(icmp)) => format!("{REJECTED} {icmp:?}"),
    }
}

/// What became of a connection.
fn after(heard: &Fact<AfterHandshake>, acceptance: &Fact<Acceptance>) -> String {
    let waits = acceptance.seen().is_some_and(|acceptance| acceptance.peer == PeerEnd::Unaccepted);
    let word = match heard.seen() {
        Some(AfterHandshake::Closed) => "closed",
        Some(AfterHandshake::Reset) => "reset",
        _ if waits => "not accepted",
        _ => "connected",
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Errno, Lookup, Request, SoError, target::Target};
    use nix::errno::Errno as E;

    fn with(attempts: &[(&str, Option<E>)]) -> State {
        let mut evidence = Evidence::new(Request::new(Target::parse("db.example:80", &|_| None).unwrap()));
        for (address, errno) in attempts {
            let mut attempt = Attempt::new(address.parse().unwrap(), Millis(0.0));
            let error = |errno: &E| SoError { at_ms: Millis(1.0), errno: Errno::from(*errno) };
            attempt.so_errors = errno.iter().map(error).collect();
            evidence.attempts.push(attempt);
        }
        State::of(&evidence)
    }

    #[test]
    fn addresses_and_their_order_make_no_difference() {
        let one = with(&[("198.51.100.1:80", Some(E::ECONNREFUSED)), ("198.51.100.2:80", None)]);
        let other = with(&[("198.51.100.3:80", None), ("198.51.100.4:80", Some(E::ECONNREFUSED))]);
        assert_eq!(one, other);
        assert!(!one.is_silent());
        assert_ne!(one, with(&[("198.51.100.1:80", Some(E::ECONNREFUSED))]));
        assert_ne!(
            with(&[("198.51.100.1:80", Some(E::EHOSTUNREACH))]),
            with(&[("198.51.100.1:80", Some(E::ECONNREFUSED))])
        );
        assert!(with(&[("198.51.100.1:80", None)]).is_silent());
    }

    #[test]
    fn a_silence_after_a_rejection_and_a_late_answer_after_a_silence_are_doubtful() {
        let states = |words: &[&str]| State(words.iter().map(|word| (*word).to_owned()).collect());
        let (silent, late) = (states(&[SILENT]), states(&[LATE, SILENT]));
        let rejected = states(&["icmp (Icmp, None)"]);
        let refused = states(&["ECONNREFUSED"]);
        assert!(silent.is_doubtful_after(&rejected) && late.is_doubtful_after(&silent));
        assert!(!silent.is_doubtful_after(&refused) && !rejected.is_doubtful_after(&silent));
        assert!(!refused.is_doubtful_after(&silent) && !late.is_doubtful_after(&refused));
        assert!(rejected.is_rejected() && !refused.is_rejected());
    }

    #[test]
    fn a_name_that_fails_is_told_from_one_that_nobody_answers() {
        let named = |outcome| {
            let mut evidence =
                Evidence::new(Request::new(Target::parse("db.example:80", &|_| None).unwrap()));
            evidence.lookup =
                Fact::Seen(Lookup { outcome, elapsed_ms: Millis(1.0), other_family: Fact::NotAsked });
            State::of(&evidence)
        };
        let failed = |eai: &str| LookupOutcome::Failed { eai: eai.to_owned(), errno: None };
        assert_ne!(named(failed("EAI_NONAME")), named(failed("EAI_AGAIN")));
        assert!(named(LookupOutcome::NoAnswer).is_silent());
        assert!(!named(failed("EAI_AGAIN")).is_silent());
    }
}
