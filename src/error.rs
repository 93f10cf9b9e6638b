//! Why whyconn itself could not do its job. A failed connection is never an error.

use crate::exit::Exit;
use std::{fmt, io};

/// The program's own failures.
#[derive(Debug)]
pub enum Error {
    /// The command line is wrong; the text says what would be right, in one line.
    Usage(String),
    /// Standard output could not be written.
    Output(io::Error),
    /// The report could not be written as JSON.
    Json(serde_json::Error),
}

impl Error {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Error::Usage(_) => Exit::Usage,
            Error::Output(_) | Error::Json(_) => Exit::Failure,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(text) => f.write_str(text),
            Error::Output(error) => write!(f, "can't write to standard output: {error}"),
            Error::Json(error) => write!(f, "can't write JSON: {error}"),
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
