//! Exit codes: what scripts rely on.

use crate::verdict::Class;
use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Help, an explanation, a schema; or a verdict of class `connected`.
    Success,
    /// whyconn itself failed.
    Failure,
    /// The command line is wrong.
    Usage,
    /// A verdict of another class.
    Verdict(Class),
    /// A verdict that `--expect` asked for.
    AsExpected,
    /// Another one.
    Unexpected,
}

impl Exit {
    /// The number.
    pub fn number(self) -> u8 {
        match self {
            Exit::Success | Exit::AsExpected | Exit::Verdict(Class::Connected) => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Verdict(Class::Resolve) => 3,
            Exit::Verdict(Class::Refused) => 4,
            Exit::Verdict(Class::Timeout) => 5,
            Exit::Verdict(Class::Unreachable) => 6,
            Exit::Verdict(Class::Alias) => 7,
            Exit::Verdict(Class::Local) => 8,
            Exit::Verdict(Class::Service) => 9,
            Exit::Unexpected => 11,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.number())
    }
}
