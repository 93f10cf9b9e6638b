//! A look that only tells whether anything has changed: the name and the attempts, and nothing that explains them.

use super::{Patience, Plan, Probe, candidates, fresh, is_answered, naming, patience};
use crate::model::{Evidence, Host, Millis};

/// Plans the next step of such a look; as [`super::next`].
pub fn next(evidence: &Evidence, asked: &[Probe], now: Millis) -> Plan {
    let mut plan = Plan::default();
    if evidence.request.target.socket().is_some() {
        plan.start = fresh([Probe::Unix], asked);
        plan.done = is_answered(evidence, Probe::Unix);
        return plan;
    }
    // A dead name server is no more waited for than in a whole investigation.
    let Some(candidates) = candidates(evidence) else {
        return naming::pending(evidence, asked, now);
    };
    let attempts = &evidence.attempts;
    if attempts.len() < candidates.len() {
        plan.start = fresh((0..candidates.len()).map(Probe::Attempt), asked);
        if matches!(evidence.request.target.host, Host::Name(_)) {
            plan.start.extend(fresh([Probe::NameFiles], asked));
        }
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
    plan.stop_attempts = attempts.iter().any(|attempt| attempt.ended_ms.is_none());
    plan.done = !plan.stop_attempts;
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fact;
    use crate::model::{Attempt, Errno, Lookup, LookupOutcome, Request, SoError, target::Target};

    fn evidence(target: &str) -> Evidence {
        Evidence::new(Request::new(Target::parse(target, &|_| None).unwrap()))
    }

    fn refused(evidence: &mut Evidence) {
        let mut attempt = Attempt::new("127.0.0.1:80".parse().unwrap(), Millis(0.0));
        let errno = Errno::from(nix::errno::Errno::ECONNREFUSED);
        attempt.so_errors.push(SoError { at_ms: Millis(0.1), errno });
        attempt.ended_ms = Some(Millis(0.1));
        evidence.attempts = vec![attempt];
    }

    #[test]
    fn a_refusal_is_not_explained() {
        let mut evidence = evidence("127.0.0.1:80");
        assert_eq!(next(&evidence, &[], Millis(0.0)).start, [Probe::Attempt(0)]);
        refused(&mut evidence);
        let plan = next(&evidence, &[Probe::Attempt(0)], Millis(1.0));
        assert!(plan.done && plan.start.is_empty(), "{plan:?}");
        let whole = super::super::next(&evidence, &[Probe::Attempt(0)], Millis(1.0));
        assert!(!whole.done && !whole.start.is_empty(), "{whole:?}");
    }

    #[test]
    fn a_silence_ends_at_its_timeout_and_asks_nothing_before() {
        let mut evidence = evidence("198.51.100.1:80");
        evidence.attempts = vec![Attempt::new("198.51.100.1:80".parse().unwrap(), Millis(0.0))];
        let plan = next(&evidence, &[Probe::Attempt(0)], Millis(2000.0));
        assert_eq!(plan, Plan::default());
    }

    #[test]
    fn a_name_that_fails_is_over_at_once() {
        let mut evidence = evidence("db.example:80");
        assert_eq!(next(&evidence, &[], Millis(0.0)).start, [Probe::Lookup]);
        let outcome = LookupOutcome::Failed { eai: "EAI_NONAME".into(), errno: None };
        let lookup = Lookup { outcome, elapsed_ms: Millis(1.0), other_family: Fact::NotAsked };
        evidence.lookup = Fact::Seen(lookup);
        let plan = next(&evidence, &[Probe::Lookup], Millis(1.0));
        assert!(plan.done && plan.start.is_empty(), "{plan:?}");
    }
}
