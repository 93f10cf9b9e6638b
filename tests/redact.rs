//! Redacted reports: nothing of the original remains in any of their forms, and they say the same.
//!
//! The recorded cases use addresses for documentation already, so what is private is first put into them: other
//! addresses, other numbers, and marks in place of every free text. What counts as free text is found out by
//! trying, so that a field which is added later is looked at as well.

// What a test calls may fail as the test itself may.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod marks;

use marks::{cases, leaves, read, with_marks};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use whyconn::model::Evidence;
use whyconn::redact::redact;
use whyconn::render::{Detail, Style, human, json as one_line, markdown};
use whyconn::report::{Report, report};

/// Every form in which a report is given.
fn forms(evidence: Evidence) -> (Report, Vec<String>) {
    let (report, story) = report(evidence);
    let mut forms = vec![one_line(&report).unwrap()];
    for style in [
        Style { unicode: false, width: 80, color: Some(false) },
        Style { unicode: true, width: 400, color: Some(false) },
    ] {
        for detail in [Detail::Line, Detail::Usual, Detail::All] {
            forms.push(human(&report, &story, detail, &style));
        }
    }
    forms.push(markdown(&report, &story, Detail::Usual));
    forms.push(markdown(&report, &story, Detail::All));
    (report, forms)
}

/// Whether an address tells nothing: it is loopback's, of no host, or of a link that is not told.
fn is_nobodys(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_unspecified() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified(),
    }
}

/// Another address of the same kind, outside the ranges for documentation; prefixes stay prefixes.
fn private(ip: IpAddr) -> IpAddr {
    match ip {
        ip if is_nobodys(ip) => ip,
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            let a = if v4.is_multicast() || v4.is_link_local() { a } else { a ^ 0xcc };
            IpAddr::V4(Ipv4Addr::new(a, b ^ 0x40, c, d))
        }
        IpAddr::V6(v6) => {
            let mut groups = v6.segments();
            if groups[0] == 0x2001 {
                (groups[0], groups[1]) = (0xfd4e, 0x9a31);
            }
            groups[7] ^= 0x7a00;
            IpAddr::V6(Ipv6Addr::from(groups))
        }
    }
}

/// A text that holds an address, with another address in its place.
fn moved(text: &str, found: &mut BTreeSet<String>) -> Option<String> {
    let mut other = |ip: IpAddr| {
        let other = private(ip);
        if !is_nobodys(other) {
            found.insert(other.to_string());
        }
        other
    };
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(other(ip).to_string());
    }
    if let Ok(mut socket) = text.parse::<SocketAddr>() {
        socket.set_ip(other(socket.ip()));
        return Some(socket.to_string());
    }
    let (ip, length) = text.split_once('/')?;
    let (ip, length) = (ip.parse::<IpAddr>().ok()?, length.parse::<u8>().ok()?);
    Some(format!("{}/{length}", other(ip)))
}

/// The case with private addresses, and those.
fn with_private_addresses(evidence: &Value) -> (Value, BTreeSet<String>) {
    let mut evidence = evidence.clone();
    let mut found = BTreeSet::new();
    leaves(&mut evidence, "", &mut |_, leaf| {
        if let Some(text) = leaf.as_str().and_then(|text| moved(text, &mut found)) {
            *leaf = json!(text);
        }
    });
    (evidence, found)
}

#[test]
fn no_address_remains() {
    let mut all = 0;
    for (name, evidence) in cases() {
        let (evidence, addresses) = with_private_addresses(&evidence);
        all += addresses.len();
        let (_, forms) = forms(redact(read(&evidence).unwrap()));
        for address in addresses {
            let left = forms.iter().find(|form| form.contains(&address));
            assert_eq!(left, None, "{name}: {address}");
        }
    }
    assert!(all > 200, "{all} addresses were looked for");
}

#[test]
fn what_comes_instead_is_for_documentation() {
    for (name, evidence) in cases() {
        let (evidence, _) = with_private_addresses(&evidence);
        let (report, _) = forms(redact(read(&evidence).unwrap()));
        let mut report = serde_json::to_value(&report).unwrap();
        leaves(&mut report, "", &mut |_, leaf| {
            let Some(text) = leaf.as_str() else { return };
            let bare = text.split_once('/').map_or(text, |(ip, _)| ip);
            let ip = bare.parse::<SocketAddr>().map(|socket| socket.ip()).or_else(|_| bare.parse::<IpAddr>());
            let Ok(ip) = ip else { return };
            let allowed = is_nobodys(ip)
                || match ip.to_canonical() {
                    IpAddr::V4(v4) => matches!(
                        v4.octets(),
                        [192, 0, 2, _]
                            | [198, 51, 100, _]
                            | [203, 0, 113, _]
                            | [169, 254, ..]
                            | [233, 252, 0, _]
                    ),
                    IpAddr::V6(v6) => match v6.segments() {
                        [0x2001, 0xdb8, ..] | [0xfe80, ..] => true,
                        [first, 0, 0, 0, 0, 0xdb8, _, _] => first & 0xfff0 == 0xff00,
                        _ => false,
                    },
                };
            assert!(allowed, "{name}: {ip}");
        });
    }
}

/// Keys under which a number stands for somebody or something of this machine.
const NUMBERS: &[&str] = &["pid", "uid", "gid", "groups", "namespace", "inode"];

#[test]
fn no_id_remains() {
    let mut marked = 0;
    for (name, mut evidence) in cases() {
        leaves(&mut evidence, "", &mut |key, leaf| {
            if NUMBERS.contains(&key) && leaf.as_u64().is_some_and(|number| number > 1) {
                *leaf = json!(770_077_000 + marked);
                marked += 1;
            }
        });
        let (_, forms) = forms(redact(read(&evidence).unwrap()));
        for form in forms {
            assert!(!form.contains("770077"), "{name}: {form}");
        }
    }
    assert!(marked > 50, "{marked} numbers were looked for");
}

/// Texts of each shape that outside text has: a word, a name of labels, a path.
const MARKS: &[&str] =
    &["zqcanary", "zqcanary.zqcanary", "/zqcanary/zqcanary.service", "@zqcanary", "zq canary-zq"];

#[test]
fn no_text_remains() {
    let mut all = 0;
    for (name, evidence) in cases() {
        // What a free text is does not depend on the text.
        for mark in MARKS {
            let (marked, count) = with_marks(&evidence, mark);
            all += count;
            let (_, forms) = forms(redact(read(&marked).unwrap()));
            for form in forms {
                assert!(!form.to_ascii_lowercase().contains("canary"), "{name}, {mark}: {form}");
            }
        }
    }
    assert!(all > 2000, "{all} texts were looked for");
}

/// The free texts of the cases themselves: names, paths, processes, banners, units.
#[test]
fn nothing_of_the_cases_remains() {
    // Parts of placeholders, of whyconn's own words and of well-known names.
    const WELL_KNOWN: &[&str] = &[
        "blocked",
        "client",
        "corp",
        "default",
        "dns",
        "docker-proxy",
        "empty",
        "example",
        "files",
        "for",
        "haproxy",
        "host",
        "link",
        "localdomain",
        "localhost",
        "name",
        "net",
        "only",
        "plain",
        "redacted",
        "run",
        "scope",
        "service",
        "socket",
        "test",
        "unix",
    ];
    let mut looked = 0;
    let mut left = BTreeSet::new();
    for (_, evidence) in cases() {
        let (marked, _) = with_marks(&evidence, "zqcanary");
        let (mut plain, mut marked, mut texts) = (evidence.clone(), marked, Vec::new());
        let mut originals = Vec::new();
        // Why something could not be looked at is whyconn's own sentence; what was typed is made of other texts.
        leaves(&mut plain, "", &mut |key, leaf| {
            originals.push(if matches!(key, "could-not-look" | "input" | "when" | "version") {
                json!("")
            } else {
                leaf.clone()
            });
        });
        let mut at = 0;
        leaves(&mut marked, "", &mut |_, leaf| {
            if leaf == "zqcanary" {
                texts.extend(originals[at].as_str().map(ToOwned::to_owned));
            }
            at += 1;
        });
        let (_, forms) = forms(redact(read(&evidence).unwrap()));
        for text in texts {
            for part in text.split(['.', '/', ':', '@', ' ', '\r', '\n', ',']) {
                let own = part.len() < 3
                    || part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
                    || part.starts_with("E")
                        && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                    || WELL_KNOWN.contains(&part);
                let in_words = stands_in(&forms, part);
                looked += usize::from(!own);
                if !own && in_words {
                    left.insert(format!("{part:?} of {text:?}"));
                }
            }
        }
    }
    assert_eq!(left, BTreeSet::new());
    assert!(looked > 100, "{looked} words were looked for");
}

/// Whether a word stands by itself in a form.
fn stands_in(forms: &[String], word: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
    forms.iter().any(|form| {
        form.match_indices(word).any(|(at, _)| {
            edge(form[..at].chars().next_back()) && edge(form[at + word.len()..].chars().next())
        })
    })
}

/// What a reader decides by is the same; the words around it may name something else.
fn gist(report: &Report) -> Value {
    let report = serde_json::to_value(report).unwrap();
    let verdict = &report["verdict"];
    let codes =
        |list: &Value| list.as_array().unwrap().iter().map(|one| one["code"].clone()).collect::<Vec<_>>();
    json!({
        "code": verdict["code"], "certainty": verdict["certainty"], "because": verdict["because"],
        "where": verdict["culprit"]["where"], "hop": verdict["culprit"]["hop"],
        "after": verdict["culprit"]["after"]["hop"], "alternatives": codes(&verdict["alternatives"]),
        "remarks": codes(&report["remarks"]), "attempts": codes(&report["attempts"]),
        "connected": report["connected"], "elapsed_ms": report["elapsed_ms"],
        "from": report["resolution"]["addresses"].as_array().unwrap().iter()
            .map(|one| (one["from"].clone(), one["line"].clone())).collect::<Vec<_>>(),
        "hops": report["path"]["hops"].as_array().map(|hops| hops.iter()
            .map(|hop| (hop["ttl"].clone(), hop["address"].is_null())).collect::<Vec<_>>()),
    })
}

#[test]
fn a_redacted_report_says_the_same() {
    for (name, evidence) in cases() {
        let (private, _) = with_private_addresses(&evidence);
        for evidence in [evidence, private] {
            let evidence = read(&evidence).unwrap();
            let (before, _) = report(evidence.clone());
            let (after, _) = report(redact(evidence));
            assert_eq!(gist(&after), gist(&before), "{name}");
        }
    }
}

#[test]
fn a_redacted_report_is_a_case_like_any_other() {
    let schema: Value = serde_json::from_str(&whyconn::docs::schema().unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, evidence) in cases() {
        let (first, _) = report(redact(read(&evidence).unwrap()));
        let line = one_line(&first).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let errors: Vec<String> = validator.iter_errors(&told).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
        let told: Report = serde_json::from_value(told).unwrap();
        let (again, _) = report(told.evidence.unwrap());
        assert_eq!(again, first, "{name}");
    }
}
