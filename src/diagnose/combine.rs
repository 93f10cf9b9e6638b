//! Several addresses, one verdict: the attempt that explains the target.

use super::{Diagnosis, Finding, Remark};
use crate::verdict::{Certainty, Class, Clue, Code};

/// Picks the verdict. There is at least one attempt.
pub(super) fn combine(attempts: Vec<Option<Finding>>) -> Diagnosis {
    let connected = |finding: &Finding| matches!(finding.code.class(), Class::Connected | Class::Service);
    let first_connected = attempts.iter().position(|finding| finding.as_ref().is_some_and(connected));
    let (about, finding) = match first_connected {
        Some(working) => connected_to(&attempts, working),
        None => failed(&attempts),
    };
    let remarks = attempts
        .iter()
        .enumerate()
        .filter_map(|(attempt, other)| {
            let other = other.as_ref()?;
            (Some(attempt) != about && !connected(other))
                .then_some(Remark::AddressFailed { attempt, code: other.code })
        })
        .collect();
    Diagnosis { finding, about, attempts, remarks }
}

/// Something works: the first address, or a later one.
fn connected_to(attempts: &[Option<Finding>], working: usize) -> (Option<usize>, Finding) {
    let works = attempts.get(working).cloned().flatten().unwrap_or_else(nothing_known);
    let first = attempts.first().cloned().flatten();
    match first {
        Some(first) if working > 0 && works.code == Code::ConnectedOk => {
            // Silence so far may be one lost SYN; an answer or a failed call is a failure.
            let answered = [Clue::CallFailed, Clue::IcmpError, Clue::SynReset, Clue::SoError];
            let slow = !first.because.iter().any(|clue| answered.contains(clue));
            let how = works.because.first().copied().unwrap_or(Clue::Handshake);
            let mut because = vec![how, Clue::FirstAddressFailed];
            because.extend(first.because.iter().copied());
            let finding = Finding {
                code: Code::ConnectedPartial,
                variant: if slow { "slow" } else { "" },
                certainty: if slow { Certainty::Likely } else { Certainty::Certain },
                culprit: first.culprit,
                because,
                alternatives: Vec::new(),
            };
            (Some(0), finding)
        }
        _ => (Some(working), works),
    }
}

fn failed(attempts: &[Option<Finding>]) -> (Option<usize>, Finding) {
    // What this host is known to do to one of its own addresses tells more than that nothing listens on another one.
    let proven = attempts.iter().flatten().any(is_proven_here);
    let passed_over = |finding: &Finding| {
        proven && finding.code == Code::RefusedRst && finding.because.contains(&Clue::TargetIsLocal)
    };
    attempts
        .iter()
        .enumerate()
        .filter_map(|(index, finding)| finding.as_ref().map(|finding| (index, finding)))
        .filter(|(_, finding)| !passed_over(finding))
        .min_by_key(|(index, finding)| (distance_from_target(finding.code), *index))
        .map_or((None, nothing_known()), |(index, finding)| (Some(index), finding.clone()))
}

fn is_proven_here(finding: &Finding) -> bool {
    let known = matches!(
        finding.code,
        Code::LocalFirewallDrop | Code::LocalFirewallReject | Code::TimeoutAcceptQueue
    );
    known && finding.certainty == Certainty::Certain && finding.because.contains(&Clue::TargetIsLocal)
}

/// How far from the target an attempt ended: the one that came nearest explains it. An address of a family
/// that this host does not have says nothing about a target whose other address refuses.
fn distance_from_target(code: Code) -> u8 {
    match code {
        Code::RefusedRst | Code::RefusedSelfConnect | Code::RefusedRstForged => 0,
        Code::RefusedIcmpPort => 1,
        Code::LocalFirewallReject | Code::LocalFirewallDrop | Code::LocalReplyDropped => 2,
        Code::UnreachableNoRoute
        | Code::LocalFamilyDisabled
        | Code::LocalScopeMissing
        | Code::UnreachableLocalRoute => 7,
        Code::UnreachableNeighbor | Code::UnreachableGateway => 5,
        code => match code.class() {
            Class::Unreachable => 3,
            Class::Timeout => 4,
            _ => 6,
        },
    }
}

/// Only for evidence that was cut short before any attempt ended.
fn nothing_known() -> Finding {
    Finding::new(Code::TimeoutSilent, Certainty::Possible, super::Culprit::Path { after: None }, &[])
}
