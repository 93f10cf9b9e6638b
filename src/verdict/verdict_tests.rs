use super::*;
use crate::report::KEYS;
use std::collections::BTreeSet;

/// Codes are public: scripts compare them. One is never taken away or written differently.
const CODES: &[&str] = &[
    "connected.ok",
    "connected.partial",
    "resolve.nxdomain",
    "resolve.no-address",
    "resolve.servfail",
    "resolve.refused",
    "resolve.timeout",
    "resolve.server-unreachable",
    "resolve.no-server",
    "resolve.bad-name",
    "alias.localhost-family",
    "alias.localhost-mapping",
    "alias.bound-elsewhere",
    "alias.hosts-override",
    "refused.rst",
    "refused.rst-forged",
    "refused.icmp-port",
    "refused.self-connect",
    "refused.stale-socket",
    "timeout.silent",
    "timeout.port-silent",
    "timeout.accept-queue",
    "timeout.answer-invalid",
    "timeout.too-short",
    "unreachable.no-route",
    "unreachable.local-route",
    "unreachable.neighbor",
    "unreachable.gateway",
    "unreachable.icmp-net",
    "unreachable.icmp-host",
    "unreachable.icmp-admin",
    "unreachable.icmp-protocol",
    "unreachable.icmp-other",
    "unreachable.loop",
    "unreachable.no-socket",
    "local.firewall-reject",
    "local.firewall-drop",
    "local.reply-dropped",
    "local.source-in-use",
    "local.source-address",
    "local.source-privileged",
    "local.tuple-in-use",
    "local.ports-exhausted",
    "local.family-disabled",
    "local.scope-missing",
    "local.interface",
    "local.denied",
    "local.socket-type",
    "local.limits",
    "service.closed",
    "service.reset",
    "service.not-accepting",
];

/// Variants that a rule chooses for its steps alone; the headline is the usual one.
const VARIANTS_WITHOUT_HEADLINE: &[(Code, Variant)] =
    &[(Code::UnreachableIcmpAdmin, "target"), (Code::UnreachableIcmpProtocol, "target")];

/// The words in braces of a sentence; an unclosed brace is a word too.
fn keys(sentence: &str) -> Vec<&str> {
    sentence.split('{').skip(1).map(|rest| rest.split_once('}').map_or("unclosed", |(key, _)| key)).collect()
}

fn sentences(entry: &Entry) -> Vec<&'static str> {
    let headlines = entry.headlines.iter().map(|(_, sentence)| *sentence);
    let steps = entry.next.iter().chain(entry.apart).flat_map(|step| [step.text, step.command]);
    headlines.chain(steps).chain(entry.look_alikes.iter().map(|(_, why)| *why)).collect()
}

#[test]
fn the_codes_are_the_public_ones() {
    let ids: Vec<&str> = CATALOG.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, CODES);
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len());
}

#[test]
fn a_code_is_its_class_and_a_name() {
    for entry in CATALOG {
        let (class, name) = entry.id.split_once('.').unwrap();
        assert_eq!(class, entry.class.as_str());
        assert!(
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{name}"
        );
    }
}

#[test]
fn a_code_leads_to_its_own_entry() {
    for entry in CATALOG {
        assert_eq!(entry.code.entry().id, entry.id);
        assert_eq!(entry.code.entry().code, entry.code);
        assert_eq!(entry.id.parse::<Code>(), Ok(entry.code));
        let json = serde_json::to_string(&entry.code).unwrap();
        assert_eq!(json, format!("\"{}\"", entry.id));
        assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), entry.code);
    }
    assert!("refused".parse::<Code>().is_err() && "".parse::<Code>().is_err());
}

#[test]
fn every_class_has_a_code_and_they_stand_together() {
    let mut classes: Vec<Class> = CATALOG.iter().map(|entry| entry.class).collect();
    classes.dedup();
    let once: BTreeSet<Class> = classes.iter().copied().collect();
    assert_eq!(classes.len(), once.len(), "{classes:?}");
    assert_eq!(once, Class::ALL.into_iter().collect());
}

#[test]
fn every_page_has_its_five_headings_in_order() {
    let wanted =
        ["## Meaning", "## How whyconn knows", "## What else it could be", "## What to do", "## Runbook"];
    for entry in CATALOG {
        let mut in_block = false;
        let mut headings = Vec::new();
        for line in entry.text.lines() {
            in_block ^= line.trim_start().starts_with("```");
            if line.starts_with('#') && !in_block {
                headings.push(line.trim_end());
            }
        }
        assert_eq!(headings, wanted, "{}", entry.id);
        assert!(!in_block, "{}: a block of commands is not closed", entry.id);
        let parts = entry.text.split("\n## ").map(|part| part.lines().skip(1).collect::<String>());
        assert!(parts.skip(1).all(|text| !text.trim().is_empty()), "{}: a heading without text", entry.id);
    }
}

#[test]
fn every_word_in_braces_is_known() {
    for entry in CATALOG {
        for sentence in sentences(entry) {
            for key in keys(sentence) {
                assert!(KEYS.contains(&key), "{}: {{{key}}} in \"{sentence}\"", entry.id);
            }
            let (opened, closed) = (sentence.matches('{').count(), sentence.matches('}').count());
            assert_eq!(opened, closed, "{}: {sentence}", entry.id);
        }
    }
}

#[test]
fn every_known_word_is_used() {
    let used: BTreeSet<&str> = CATALOG.iter().flat_map(sentences).flat_map(keys).collect();
    let idle: Vec<_> = KEYS.iter().filter(|key| !used.contains(**key)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

#[test]
fn a_step_is_for_variants_that_exist() {
    for entry in CATALOG {
        for variant in entry.next.iter().chain(entry.apart).flat_map(|step| step.only) {
            let named = entry.headlines.iter().any(|(name, _)| name == variant);
            let chosen = VARIANTS_WITHOUT_HEADLINE.contains(&(entry.code, *variant));
            assert!(named || chosen, "{}: a step for {variant:?}", entry.id);
        }
    }
}

#[test]
fn every_variant_has_a_step_of_its_verdict() {
    let mut without = Vec::new();
    for entry in CATALOG.iter().filter(|entry| entry.code != Code::ConnectedOk) {
        assert!(!entry.next.is_empty(), "{}", entry.id);
        for (variant, _) in entry.headlines {
            if !entry.next.iter().any(|step| step.only.is_empty() || step.only.contains(variant)) {
                without.push(format!("{} {variant:?}", entry.id));
            }
        }
    }
    assert!(without.is_empty(), "no step for {without:?}");
}

#[test]
fn headlines_are_one_line_without_a_full_stop_and_each_for_one_variant() {
    for entry in CATALOG {
        assert!(entry.headlines.first().is_some_and(|(variant, _)| variant.is_empty()), "{}", entry.id);
        let variants: BTreeSet<&str> = entry.headlines.iter().map(|(variant, _)| *variant).collect();
        assert_eq!(variants.len(), entry.headlines.len(), "{}", entry.id);
        let one_liners = entry.headlines.iter().map(|(_, sentence)| *sentence).chain([entry.holds_when]);
        for line in one_liners.chain(entry.next.iter().chain(entry.apart).map(|step| step.text)) {
            assert!(
                !line.is_empty() && line.trim() == line && !line.contains('\n'),
                "{}: {line:?}",
                entry.id
            );
            assert!(!line.ends_with('.'), "{}: {line:?}", entry.id);
        }
    }
}

#[test]
fn a_verdict_is_not_its_own_look_alike() {
    for entry in CATALOG {
        let codes: BTreeSet<Code> = entry.look_alikes.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), entry.look_alikes.len(), "{}", entry.id);
        assert!(!codes.contains(&entry.code), "{}", entry.id);
    }
}

#[test]
fn certainties_are_ordered_and_named_as_in_the_report() {
    assert!(Certainty::Possible < Certainty::Likely && Certainty::Likely < Certainty::Certain);
    for certainty in [Certainty::Possible, Certainty::Likely, Certainty::Certain] {
        assert_eq!(serde_json::to_value(certainty).unwrap(), certainty.as_str());
    }
    for class in Class::ALL {
        assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        assert!(!class.meaning().ends_with('.'));
    }
}
