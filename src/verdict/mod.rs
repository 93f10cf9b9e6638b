//! The vocabulary: every verdict code with its class, its words and its page.
//!
//! Which verdict holds is decided in `diagnose`; nothing here looks at a network.

mod catalog;
mod clue;

pub use catalog::{CATALOG, Code, Entry, Side, Step, Variant};
pub use clue::Clue;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The part of a code before the dot; the exit code follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The handshake completed.
    Connected,
    /// The name gave no address.
    Resolve,
    /// Something answered no.
    Refused,
    /// Nothing answered in time.
    Timeout,
    /// The network said no.
    Unreachable,
    /// The name or the address means something else than its user thinks.
    Alias,
    /// This host did not even try, or stopped it.
    Local,
    /// The handshake works, and then it breaks.
    Service,
}

impl Class {
    /// Every class, in the order of their exit codes.
    pub const ALL: [Class; 8] = [
        Class::Connected,
        Class::Resolve,
        Class::Refused,
        Class::Timeout,
        Class::Unreachable,
        Class::Alias,
        Class::Local,
        Class::Service,
    ];

    /// The word before the dot.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Connected => "connected",
            Class::Resolve => "resolve",
            Class::Refused => "refused",
            Class::Timeout => "timeout",
            Class::Unreachable => "unreachable",
            Class::Alias => "alias",
            Class::Local => "local",
            Class::Service => "service",
        }
    }

    /// One line on what the class means.
    pub fn meaning(self) -> &'static str {
        match self {
            Class::Connected => "the handshake completed",
            Class::Resolve => "the name gave no address",
            Class::Refused => "something answered no",
            Class::Timeout => "nothing answered in time",
            Class::Unreachable => "the network said no",
            Class::Alias => "the name or the address means something else than you think",
            Class::Local => "this host did not even try, or stopped it",
            Class::Service => "the handshake works, and then it breaks",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How sure a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// One explanation among several.
    Possible,
    /// The best explanation; another fits the evidence too.
    Likely,
    /// The evidence excludes every other cause in the vocabulary.
    Certain,
}

impl Certainty {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Possible => "possible",
            Certainty::Likely => "likely",
            Certainty::Certain => "certain",
        }
    }
}

impl Code {
    /// The catalog's entry.
    #[allow(clippy::indexing_slicing)]
    pub fn entry(self) -> &'static Entry {
        // One entry for each variant, in the variants' order: one macro declares both.
        &CATALOG[self as usize]
    }

    /// The code as users write it: `refused.rst`.
    pub fn as_str(self) -> &'static str {
        self.entry().id
    }

    /// Its class.
    pub fn class(self) -> Class {
        self.entry().class
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        CATALOG
            .iter()
            .find(|entry| entry.id == text)
            .map(|entry| entry.code)
            .ok_or_else(|| format!("'{text}' is no verdict code"))
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.as_str().to_owned()
    }
}

impl TryFrom<String> for Code {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let all: Vec<&str> = CATALOG.iter().map(|entry| entry.id).collect();
        schemars::json_schema!({ "type": "string", "enum": all, "description": "a verdict code" })
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
