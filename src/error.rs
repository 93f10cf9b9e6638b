//! Why whyconn itself could not do its job. A failed connection is never an error.

use crate::exit::Exit;
use std::{fmt, io};

/// The program's own failures.
#[derive(Debug)]
pub enum Error {
    /// The command line is wrong; the text says what would be right, in one line.
    Usage(String),
    /// A list of targets could not be read.
    Targets(String, io::Error),
    /// There are no descriptors or memory to begin with.
    Runtime(io::Error),
    /// Standard output could not be written.
    Output(io::Error),
    /// The report could not be written as JSON.
    Json(serde_json::Error),
    /// The command behind `--` could not be run.
    Command {
        /// Its name, made safe.
        name: String,
        /// Why.
        error: io::Error,
    },
}

impl Error {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Error::Usage(_) | Error::Targets(..) => Exit::Usage,
            Error::Runtime(_) | Error::Output(_) | Error::Json(_) => Exit::Failure,
            Error::Command { error, .. } if error.kind() == io::ErrorKind::NotFound => Exit::NoCommand,
            Error::Command { .. } => Exit::CannotRun,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(text) => f.write_str(text),
            Error::Runtime(error) => write!(f, "can't begin: {error}"),
            Error::Output(error) => write!(f, "can't write the report: {error}"),
            Error::Targets(name, error) => write!(f, "can't read targets from {name}: {error}"),
            Error::Json(error) => write!(f, "can't write JSON: {error}"),
            Error::Command { name, error } => write!(f, "can't run {name}: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Output(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Json(error)
    }
}
