//! Rules for a target whose name gave no address.

use super::local::{is_shortage, shortage};
use super::{Culprit, Finding};
use crate::model::{Evidence, Host, LookupOutcome};
use crate::verdict::{Certainty, Clue, Code, Variant};

/// Judges the lookup; also the case in which not even that was begun.
pub(super) fn judge(evidence: &Evidence) -> Finding {
    if let Some(lacking) = &evidence.lacking {
        return shortage(lacking.errno.get());
    }
    let resolver = Culprit::Resolver { address: None };
    let Some(lookup) = evidence.lookup.seen() else {
        return Finding::new(Code::ResolveTimeout, Certainty::Possible, resolver, &[]);
    };
    let name = match &evidence.request.target.host {
        Host::Name(name) => name.as_str(),
        Host::Address { .. } => "",
    };
    let answer = [Clue::NameAnswer];
    match &lookup.outcome {
        LookupOutcome::NoAnswer => Finding::new(Code::ResolveTimeout, Certainty::Likely, resolver, &answer)
            .or(&[Code::ResolveServerUnreachable, Code::ResolveServfail]),
        LookupOutcome::Addresses(_) => {
            // Answered, and without one address: no C library says so, but a custom one may.
            Finding::new(Code::ResolveNoAddress, Certainty::Likely, resolver, &answer)
        }
        LookupOutcome::Failed { eai, errno } => {
            if let Some(errno) = errno
                && is_shortage(errno.get())
            {
                return shortage(errno.get());
            }
            if let Some(variant) = malformed(name) {
                let because = [Clue::NameAnswer, Clue::NameMalformed];
                return Finding::new(Code::ResolveBadName, Certainty::Certain, Culprit::Client, &because)
                    .variant(variant);
            }
            if lookup.other_family.seen().is_some_and(|others| !others.is_empty()) {
                let because = [Clue::NameAnswer, Clue::OtherFamilyOnly];
                return Finding::new(Code::ResolveNoAddress, Certainty::Certain, resolver, &because)
                    .variant("family");
            }
            by_eai(evidence, eai, resolver)
        }
    }
}

fn by_eai(evidence: &Evidence, eai: &str, resolver: Culprit) -> Finding {
    let answer = [Clue::NameAnswer];
    match eai {
        // glibc says so for NXDOMAIN, and as well where nsswitch asks no name server.
        "EAI_NONAME" => Finding::new(Code::ResolveNxdomain, Certainty::Likely, resolver, &answer)
            .or(&[Code::ResolveNoServer]),
        "EAI_NODATA" | "EAI_ADDRFAMILY" if evidence.request.family.is_some() => {
            Finding::new(Code::ResolveNoAddress, Certainty::Certain, resolver, &answer).variant("asked")
        }
        // Of two questions, A and AAAA, glibc drops the one that failed and tells the other's answer.
        "EAI_NODATA" | "EAI_ADDRFAMILY" => {
            Finding::new(Code::ResolveNoAddress, Certainty::Likely, resolver, &answer)
                .or(&[Code::ResolveServfail])
        }
        "EAI_MEMORY" => Finding::new(Code::LocalLimits, Certainty::Certain, Culprit::Client, &answer),
        _ => Finding::new(Code::ResolveServfail, Certainty::Possible, resolver, &answer).or(&[
            Code::ResolveRefused,
            Code::ResolveServerUnreachable,
            Code::ResolveNoServer,
        ]),
    }
}

/// What is wrong with a name, if anything: RFC 1035 section 2.3.4 for lengths, RFC 952 and 1123 for characters.
/// The underscore is let through, as the C library does.
pub(super) fn malformed(name: &str) -> Option<Variant> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    if !name.is_ascii() {
        return Some("non-ascii");
    }
    if bare.is_empty() || bare.split('.').any(str::is_empty) {
        return Some("empty-label");
    }
    if bare.split('.').any(|label| label.len() > 63) {
        return Some("long-label");
    }
    if bare.len() > 253 {
        return Some("long-name");
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // The C library refuses a leading hyphen too (res_hnok).
    (name.starts_with('-') || !bare.bytes().all(legal)).then_some("characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_break_the_rules_in_named_ways() {
        let label = "a".repeat(63);
        let rows = [
            ("db.example", None),
            ("db.example.", None),
            ("_sip._tcp.example", None),
            (label.as_str(), None),
            ("", Some("empty-label")),
            (".", Some("empty-label")),
            ("a..b", Some("empty-label")),
            (".a", Some("empty-label")),
            ("müller.example", Some("non-ascii")),
            ("a b", Some("characters")),
            ("-a.example", Some("characters")),
            ("a\u{1b}[31m", Some("characters")),
        ];
        for (name, expected) in rows {
            assert_eq!(malformed(name), expected, "{name}");
        }
        assert_eq!(malformed(&"a".repeat(64)), Some("long-label"));
        assert_eq!(malformed(&vec!["abcdefghi"; 26].join(".")), Some("long-name"));
    }
}
