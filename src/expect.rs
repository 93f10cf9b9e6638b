//! `--expect`: a run as an assertion, for firewall tests and CI.

use crate::sanitize::clean_to;
use crate::verdict::{CATALOG, Class, Code};
use std::fmt;
use std::str::FromStr;

/// What the verdict is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// This very code.
    Code(Code),
    /// Any code of this class.
    Class(Class),
}

impl Expectation {
    /// Whether a verdict is as expected.
    pub fn holds(self, code: Code) -> bool {
        match self {
            Expectation::Code(expected) => expected == code,
            Expectation::Class(class) => class == code.class(),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expectation::Code(code) => f.write_str(code.as_str()),
            Expectation::Class(class) => f.write_str(class.as_str()),
        }
    }
}

impl FromStr for Expectation {
    type Err = String;

    /// A code, or a class: `refused.rst`, `refused`, `refused.*`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_suffix(".*").unwrap_or(text);
        if let Some(class) = Class::ALL.into_iter().find(|class| class.as_str() == bare) {
            return Ok(Expectation::Class(class));
        }
        text.parse().map(Expectation::Code).map_err(|_| {
            let classes: Vec<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
            match near(text).as_slice() {
                [] => format!("give a class ({}) or a code that `whyconn explain` lists", classes.join(", ")),
                near => format!("give one of {}", near.join(" ")),
            }
        })
    }
}

/// The codes that somebody may have meant: a whole class, or the part behind the dot, is what people type
/// from memory.
pub fn near(text: &str) -> Vec<&'static str> {
    let part_of = |id: &&str| id.split('.').any(|part| part == text) || (text.len() > 3 && id.contains(text));
    CATALOG.iter().map(|entry| entry.id).filter(part_of).collect()
}

/// What to say where the verdict is another one; `None` where it is as expected, or nothing was expected.
pub fn disappointment(expected: &[Expectation], code: Code) -> Option<String> {
    if expected.is_empty() || expected.iter().any(|expectation| expectation.holds(code)) {
        return None;
    }
    let wanted: Vec<String> = expected.iter().map(ToString::to_string).collect();
    Some(format!("expected {}, but the verdict is {code}", clean_to(&wanted.join(" or "), 400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_for_its_codes_and_a_code_for_itself() {
        let read = |text: &str| text.parse::<Expectation>().unwrap();
        for (text, code, holds) in [
            ("refused", Code::RefusedRst, true),
            ("refused.*", Code::RefusedIcmpPort, true),
            ("refused.rst", Code::RefusedRst, true),
            ("refused.rst", Code::RefusedRstForged, false),
            ("timeout", Code::RefusedRst, false),
            ("connected", Code::ConnectedPartial, true),
        ] {
            assert_eq!(read(text).holds(code), holds, "{text} {code}");
        }
    }

    #[test]
    fn what_is_neither_is_answered_with_what_would_be() {
        let said = |text: &str| text.parse::<Expectation>().unwrap_err();
        assert!(said("nxdomain").contains("resolve.nxdomain"), "{}", said("nxdomain"));
        assert!(said("open").contains("a class (connected, resolve"), "{}", said("open"));
        assert!(said("").contains("a class"));
        assert!(said("rst.*").contains("a class"));
    }

    #[test]
    fn only_an_unmet_expectation_is_told() {
        let expected = [Expectation::Class(Class::Timeout), Expectation::Code(Code::RefusedRst)];
        assert_eq!(disappointment(&expected, Code::RefusedRst), None);
        assert_eq!(disappointment(&[], Code::RefusedRst), None);
        assert_eq!(
            disappointment(&expected, Code::ConnectedOk).as_deref(),
            Some("expected timeout or refused.rst, but the verdict is connected.ok")
        );
    }
}
