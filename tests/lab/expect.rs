//! What a scenario expects of a report, and the comparison. Every way in which a report differs is one
//! line; an empty list is a pass.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::busy;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// The verdict's code; of several, any.
    #[serde(default)]
    pub(crate) code: OneOrMany,
    /// In place of a report: that the command line is wrong, and a pattern for what standard error says about it.
    #[serde(default)]
    pub(crate) usage: Option<String>,
    /// The states of the history, in their order.
    #[serde(default)]
    pub(crate) history: Option<Vec<String>>,
    /// What a command prints that whyconn runs, as a pattern: standard output is its own then.
    #[serde(default)]
    pub(crate) command: Option<String>,
    /// Only where the exit code does not follow from the verdict's class.
    #[serde(default)]
    pub(crate) exit: Option<i32>,
    /// Allowed certainties; none given: any.
    #[serde(default)]
    pub(crate) certainty: Option<OneOrMany>,
    #[serde(default)]
    pub(crate) culprit: Option<Culprit>,
    /// Codes that must not be the verdict.
    #[serde(default)]
    pub(crate) not: Vec<String>,
    /// Codes that alone may be the verdict where it is certain; none given: any.
    #[serde(default)]
    pub(crate) certain_only: Option<OneOrMany>,
    /// Codes that must be among the alternatives.
    #[serde(default)]
    pub(crate) alternatives: Vec<String>,
    /// Codes that must be among the remarks.
    #[serde(default)]
    pub(crate) remarks: Vec<String>,
    /// Codes that must not be among them.
    #[serde(default)]
    pub(crate) no_remarks: Vec<String>,
    /// Clues that the verdict must rest on.
    #[serde(default)]
    pub(crate) because: Vec<String>,
    /// Listeners that must be named.
    #[serde(default)]
    pub(crate) listeners: Vec<Listener>,
    /// What the name gives, in this order and nothing else.
    #[serde(default)]
    pub(crate) addresses: Option<Vec<String>>,
    /// Upper bound of whyconn's own `elapsed_ms`.
    #[serde(default)]
    pub(crate) within_ms: Option<u64>,
    /// Patterns, each for a reason why something could not be looked at.
    #[serde(default)]
    pub(crate) blind: Vec<String>,
    /// JSON pointer to a value, to `"present"`, `"absent"` (missing or null), or to `"~regex"`.
    #[serde(default)]
    pub(crate) json: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    pub(crate) fn allows(&self, text: &str) -> bool {
        match self {
            Self::One(one) => one == text,
            Self::Many(many) => many.iter().any(|one| one == text),
        }
    }
}

impl std::fmt::Display for OneOrMany {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(one) => out.write_str(one),
            Self::Many(many) => out.write_str(&many.join(" or ")),
        }
    }
}

/// Who did it. `where = "nobody"` stands for no culprit at all.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Culprit {
    #[serde(rename = "where")]
    pub(crate) place: OneOrMany,
    #[serde(default)]
    pub(crate) address: Option<String>,
    #[serde(default)]
    pub(crate) hop: Option<u64>,
    /// The last hop that answered: its number, where the culprit is the path.
    #[serde(default)]
    pub(crate) after: Option<u64>,
}

/// A listener in a report.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    pub(crate) address: String,
    /// The process's name, or `hidden` where it is not whyconn's to see. Not given: either.
    #[serde(default)]
    pub(crate) process: Option<String>,
}

/// Collects differences between what is and what should be.
#[derive(Default)]
pub(crate) struct Mismatches(Vec<String>);

impl Mismatches {
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.0
    }

    /// Notes a difference unless `holds`.
    pub(crate) fn require(&mut self, holds: bool, what: &str, seen: impl Into<Value>, wanted: &str) {
        if !holds {
            let seen = seen.into();
            self.0.push(format!("{what}: {seen}, expected {wanted}"));
        }
    }
}

impl Expect {
    pub(crate) fn compare(&self, report: &Value, found: &mut Mismatches) {
        let verdict = &report["verdict"];
        let code = text(verdict.get("code"));
        found.require(self.code.allows(code), "code", code, &self.code.to_string());
        found.require(!self.not.iter().any(|not| not == code), "code", code, "anything else");
        if let Some(allowed) = &self.certainty {
            let certainty = text(verdict.get("certainty"));
            found.require(allowed.allows(certainty), "certainty", certainty, &allowed.to_string());
        }
        if let Some(sure) = &self.certain_only
            && verdict["certainty"] == "certain"
        {
            found.require(sure.allows(code), "certain", code, &format!("at most likely, but for {sure}"));
        }
        if let Some(culprit) = &self.culprit {
            culprit.compare(&verdict["culprit"], found);
        }
        let (alternatives, remarks) = (codes(&verdict["alternatives"]), codes(&report["remarks"]));
        for (what, codes, wanted) in [
            ("alternatives", alternatives, &self.alternatives),
            ("remarks", remarks.clone(), &self.remarks),
            ("because", words(&verdict["because"]), &self.because),
        ] {
            for code in wanted {
                found.require(codes.contains(&code.as_str()), what, codes.clone(), code);
            }
        }
        for code in &self.no_remarks {
            found.require(
                !remarks.contains(&code.as_str()),
                "remarks",
                remarks.clone(),
                &format!("no {code}"),
            );
        }
        for listener in &self.listeners {
            listener.compare(&report["listeners"], found);
        }
        if let Some(wanted) = &self.addresses {
            let seen = addresses(report.pointer("/resolution/addresses"));
            found.require(seen == *wanted, "addresses", seen.clone(), &wanted.join(", "));
        }
        if let Some(limit) = self.within_ms {
            let elapsed = report["elapsed_ms"].as_f64();
            let holds = elapsed.is_some_and(|elapsed| elapsed <= busy::bound_ms(limit as f64));
            found.require(holds, "elapsed_ms", elapsed, &format!("at most {limit}"));
        }
        let reasons = reasons(&report["evidence"]);
        for pattern in &self.blind {
            let holds = Regex::new(pattern).is_ok_and(|regex| reasons.iter().any(|why| regex.is_match(why)));
            found.require(holds, "could not look", reasons.clone(), pattern);
        }
        for (pointer, wanted) in &self.json {
            let seen = report.pointer(pointer).unwrap_or(&Value::Null);
            compare_value(pointer, seen, wanted, found);
        }
    }
}

/// Why anything could not be looked at.
fn reasons(evidence: &Value) -> Vec<&str> {
    match evidence {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, field)| match field.as_str() {
                Some(why) if key == "could-not-look" => vec![why],
                _ => reasons(field),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(reasons).collect(),
        _ => Vec::new(),
    }
}

impl Listener {
    fn compare(&self, seen: &Value, found: &mut Mismatches) {
        let named = |listener: &&Value| {
            let process = &listener["process"];
            match self.process.as_deref() {
                None => true,
                Some("hidden") => process.is_null(),
                Some(name) => process["name"] == name && process["pid"].is_u64(),
            }
        };
        let mut listeners = seen.as_array().into_iter().flatten();
        let holds =
            listeners.any(|listener| listener["address"] == self.address.as_str() && named(&listener));
        let process = self.process.as_deref().unwrap_or("any");
        found.require(holds, "listeners", seen.clone(), &format!("{} of process {process}", self.address));
    }
}

/// The codes of a list.
fn codes(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| text(item.get("code"))).collect()
}

/// The strings of a list.
fn words(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| text(Some(item))).collect()
}

/// The addresses of a list of things that have one.
pub(crate) fn addresses(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.map(|item| text(item.get("address")).to_owned()).collect()
}

impl Culprit {
    fn compare(&self, seen: &Value, found: &mut Mismatches) {
        let place = seen["where"].as_str().unwrap_or("nobody");
        found.require(self.place.allows(place), "culprit", seen.clone(), &self.place.to_string());
        if let Some(address) = &self.address {
            let holds = seen["address"].as_str() == Some(address);
            found.require(holds, "culprit's address", seen.clone(), address);
        }
        if let Some(hop) = self.hop {
            let holds = seen["hop"].as_u64() == Some(hop);
            found.require(holds, "culprit's hop", seen.clone(), &hop.to_string());
        }
        if let Some(after) = self.after {
            let holds = seen.pointer("/after/hop").and_then(Value::as_u64) == Some(after);
            found.require(holds, "culprit's last hop", seen.clone(), &format!("after hop {after}"));
        }
    }
}

pub(crate) fn compare_value(pointer: &str, seen: &Value, wanted: &Value, found: &mut Mismatches) {
    let holds = match wanted.as_str() {
        Some("present") => !seen.is_null(),
        Some("absent") => seen.is_null(),
        Some(pattern) if pattern.starts_with('~') => match Regex::new(&pattern[1..]) {
            Ok(regex) => regex.is_match(&plain(seen)),
            Err(_) => false,
        },
        _ => seen == wanted || (wanted.is_number() && seen.as_f64() == wanted.as_f64()),
    };
    found.require(holds, pointer, seen.clone(), &plain(wanted));
}

/// A value as a pattern sees it: strings without their quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// A string of the report, or nothing where there is none.
pub(crate) fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
