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
fn every_page_has_its_six_headings_in_order() {
    let wanted = [
        "## Symptom",
        "## Meaning",
        "## How whyconn knows",
        "## What else it could be",
        "## What to do",
        "## Runbook",
    ];
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
        let parts = entry.text.split("## ").skip(1).map(|part| part.lines().skip(1).collect::<String>());
        assert!(
            parts.into_iter().all(|text| !text.trim().is_empty()),
            "{}: a heading without text",
            entry.id
        );
    }
}

#[test]
fn a_page_is_a_small_one_that_fits_a_terminal() {
    for entry in CATALOG {
        let lines = entry.text.lines().count();
        assert!((50..=112).contains(&lines), "{}: {lines} lines", entry.id);
        for line in entry.text.lines() {
            assert!(line.chars().count() <= 88, "{}: {line}", entry.id);
            assert!(line.trim_end() == line && !line.contains('\t'), "{}: {line:?}", entry.id);
        }
    }
}

#[test]
fn a_runbook_begins_with_its_first_step() {
    for entry in CATALOG {
        let (_, runbook) = entry.text.split_once("## Runbook\n\n").unwrap_or_else(|| panic!("{}", entry.id));
        let steps: Vec<usize> =
            runbook.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect();
        assert!(steps.len() >= 3, "{}: {steps:?}", entry.id);
        assert_eq!(steps, (1..=steps.len()).collect::<Vec<_>>(), "{}", entry.id);
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

/// Programs with which a command of a step begins: what Debian has without further packages, nftables and whyconn.
const PROGRAMS: &[&str] = &[
    "cat",
    "chmod",
    "date",
    "echo",
    "find",
    "free",
    "getent",
    "grep",
    "head",
    "id",
    "ip",
    "ls",
    "namei",
    "nft",
    "nsenter",
    "ps",
    "sed",
    "ss",
    "sysctl",
    "systemctl",
    "tc",
    "tee",
    "ulimit",
    "whyconn",
    "\"$(command -v whyconn)\"",
];

/// Words that hold nothing but digits, or are made for the inside of quotes.
const FOR_QUOTES: &[&str] =
    &["hosts_number", "loopback", "own_port", "port", "server_port", "sources", "sport", "wide_range"];

fn steps() -> impl Iterator<Item = (&'static Entry, &'static Step)> {
    CATALOG.iter().flat_map(|entry| entry.next.iter().map(move |step| (entry, step)))
}

#[test]
fn a_step_is_an_order_with_its_command_or_a_question() {
    for (entry, step) in steps() {
        let text = step.text;
        assert!(text.len() <= 90, "{}: {} characters in {text:?}", entry.id, text.len());
        let first = text.chars().next().unwrap();
        assert!(first.is_lowercase() || first == '{', "{}: {text:?}", entry.id);
        assert!(!text.ends_with(['.', '!', ':', ';', ',']), "{}: {text:?}", entry.id);
        // A question mark inside would be two sentences.
        assert!(!text.trim_end_matches('?').contains('?'), "{}: {text:?}", entry.id);
        assert!(
            !step.command.is_empty() || text.ends_with('?'),
            "{}: no command and no question: {text:?}",
            entry.id
        );
    }
}

#[test]
fn a_step_says_as_root_where_its_command_says_sudo() {
    for (entry, step) in steps() {
        let (says, does) = (step.text.starts_with("as root"), step.command.contains("sudo "));
        assert_eq!(says, does, "{}: {:?} and {:?}", entry.id, step.text, step.command);
    }
}

#[test]
fn a_command_can_be_pasted() {
    for (entry, step) in steps().filter(|(_, step)| !step.command.is_empty()) {
        let command = step.command;
        assert!(command.is_ascii() && command.trim() == command, "{}: {command:?}", entry.id);
        // Nobody is to fill in a word by hand.
        assert!(!command.contains(['<', '>']) && !command.contains("..."), "{}: {command:?}", entry.id);
        let no_quotes: String = command.split('\'').step_by(2).collect::<Vec<_>>().join("''");
        for part in no_quotes.split(['|', ';']) {
            let program = part.trim().trim_start_matches("sudo ").split(' ').next().unwrap_or_default();
            let whole = part.trim().trim_start_matches("sudo ");
            let known = PROGRAMS.contains(&program) || whole.starts_with("\"$(command -v whyconn)\"");
            assert!(known, "{}: {program:?} in {command:?}", entry.id);
        }
        assert_eq!(command.matches('\'').count() % 2, 0, "{}: {command:?}", entry.id);
        for quoted in command.split('\'').skip(1).step_by(2) {
            for key in keys(quoted) {
                assert!(FOR_QUOTES.contains(&key), "{}: {{{key}}} inside quotes in {command:?}", entry.id);
            }
        }
    }
}
