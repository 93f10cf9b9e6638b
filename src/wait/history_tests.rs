use super::*;
use crate::diagnose::{Hop, diagnose};
use crate::model::{Evidence, Fact, Lookup, LookupOutcome, Request, target::Target};
use crate::verdict::{Certainty, Code};

fn state(word: &str) -> State {
    let mut evidence = Evidence::new(Request::new(Target::parse("db.example:80", &|_| None).unwrap()));
    let outcome = LookupOutcome::Failed { eai: word.to_owned(), errno: None };
    evidence.lookup = Fact::Seen(Lookup { outcome, elapsed_ms: Millis(1.0), other_family: Fact::NotAsked });
    State::of(&evidence)
}

fn finding(code: Code, culprit: Culprit) -> Finding {
    let evidence = Evidence::new(Request::new(Target::parse("db.example:80", &|_| None).unwrap()));
    let finding = diagnose(&evidence).finding;
    Finding { code, certainty: Certainty::Likely, culprit: Some(culprit), ..finding }
}

fn seen(word: &str, finding: &Finding, explained: bool, from: f64) -> Try {
    let (from, to) = (Millis(from), Millis(from + 1.0));
    Try { state: state(word), finding: finding.clone(), explained, from, to }
}

fn codes(history: &History) -> Vec<(&'static str, u32)> {
    history.spells().iter().map(|spell| (spell.code.as_str(), spell.tries)).collect()
}

#[test]
fn tries_that_see_the_same_make_one_spell() {
    let refused = finding(Code::RefusedRst, Culprit::Target);
    let mut history = History::default();
    assert_eq!(history.add(seen("a", &refused, true, 0.0)), Change::New);
    assert_eq!(history.add(seen("a", &refused, false, 100.0)), Change::None);
    assert_eq!(history.add(seen("a", &refused, false, 250.0)), Change::None);
    assert_eq!(codes(&history), [("refused.rst", 3)]);
    let spell = &history.spells()[0];
    assert_eq!((spell.from_ms, spell.to_ms), (Millis(0.0), Millis(251.0)));
}

#[test]
fn a_lean_try_neither_renames_nor_weakens_what_has_been_explained() {
    let alias = finding(Code::AliasBoundElsewhere, Culprit::Client);
    let refused = finding(Code::RefusedRst, Culprit::Target);
    let mut history = History::default();
    history.add(seen("a", &alias, true, 0.0));
    let weaker = Finding { certainty: Certainty::Possible, ..refused };
    assert_eq!(history.add(seen("a", &weaker, false, 100.0)), Change::None);
    assert_eq!(codes(&history), [("alias.bound-elsewhere", 2)]);
    assert_eq!(history.spells()[0].certainty, Certainty::Likely);
}

#[test]
fn an_explanation_renames_what_was_only_glanced_at() {
    let refused = finding(Code::RefusedRst, Culprit::Target);
    let alias = finding(Code::AliasBoundElsewhere, Culprit::Client);
    let mut history = History::default();
    history.add(seen("a", &refused, false, 0.0));
    assert!(!history.is_explained());
    assert_eq!(history.add(seen("a", &alias, true, 100.0)), Change::Renamed);
    assert_eq!(codes(&history), [("alias.bound-elsewhere", 2)]);
    assert!(history.is_explained());
}

#[test]
fn a_second_explanation_that_differs_is_another_state() {
    let silent = finding(Code::TimeoutSilent, Culprit::Path { after: None });
    let port = finding(Code::TimeoutPortSilent, Culprit::Target);
    let mut history = History::default();
    history.add(seen("a", &silent, true, 0.0));
    assert_eq!(history.add(seen("a", &port, true, 30_000.0)), Change::New);
    assert_eq!(codes(&history), [("timeout.silent", 1), ("timeout.port-silent", 1)]);
}

#[test]
fn how_far_a_sweep_got_is_no_change_and_who_rejects_is() {
    let after = |hop| Culprit::Path { after: Some(Hop { hop, address: None }) };
    let router = |last| Culprit::Router { address: Some([198, 51, 100, last].into()), hop: Some(last) };
    let mut history = History::default();
    history.add(seen("a", &finding(Code::TimeoutSilent, after(2)), true, 0.0));
    assert_eq!(history.add(seen("a", &finding(Code::TimeoutSilent, after(3)), true, 1.0)), Change::None);
    history.add(seen("b", &finding(Code::UnreachableIcmpHost, router(1)), true, 2.0));
    assert_eq!(
        history.add(seen("c", &finding(Code::UnreachableIcmpHost, router(2)), true, 3.0)),
        Change::New
    );
    assert_eq!(history.spells().len(), 3);
}

#[test]
fn another_state_with_the_same_verdict_goes_on_with_the_spell() {
    let name = finding(Code::ResolveNxdomain, Culprit::Resolver { address: None });
    let mut history = History::default();
    history.add(seen("a", &name, true, 0.0));
    assert_eq!(history.add(seen("b", &name, false, 100.0)), Change::None);
    assert!(!history.is_explained(), "what is new has not been explained");
    assert_eq!(codes(&history), [("resolve.nxdomain", 2)]);
}

#[test]
fn a_flapping_target_does_not_fill_the_memory() {
    let one = finding(Code::RefusedRst, Culprit::Target);
    let two = finding(Code::TimeoutSilent, Culprit::Path { after: None });
    let mut history = History::default();
    for round in 0..2000 {
        history.add(seen("a", &one, false, f64::from(round) * 2.0));
        history.add(seen("b", &two, false, f64::from(round) * 2.0 + 1.0));
    }
    assert_eq!(history.spells().len(), MOST_SPELLS);
    assert_eq!(history.spells()[0].from_ms, Millis(0.0));
    assert_eq!(history.spells().last().unwrap().from_ms, Millis(3999.0));
}
