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
    /// `SIGINT` ended the waiting, or a list before its end.
    Interrupted,
    /// `SIGTERM` did.
    Terminated,
    /// The command to run is there, and can't be run.
    CannotRun,
    /// There is no such command.
    NoCommand,
    /// Several targets failed, with different classes.
    Mixed,
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
            // As shells and env(1) have them.
            Exit::CannotRun => 126,
            Exit::NoCommand => 127,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
            Exit::Mixed => 10,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.number())
    }
}
