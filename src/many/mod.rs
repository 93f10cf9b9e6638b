//! Many targets: read as they are needed, worked on side by side, written as they end.
//!
//! Nothing here grows with the number of targets: a fixed number of workers shares one reader and one writer,
//! and what they have in common is bounded.

mod fleet;
mod groups;
mod judge;
mod names;
mod output;
mod progress;
mod reader;

use crate::error::Error;
use crate::exit::Exit;
use crate::expect::Expectation;
use crate::model::Request;
use crate::render::ListForm;
use crate::sanitize::clean;
use crate::sys;
use crate::wait::Signals;
use fleet::Fleet;
use output::Output;
use reader::Reader;
use std::collections::VecDeque;
use std::path::PathBuf;

/// Targets in flight where nobody says how many, if the descriptors allow it.
const JOBS: usize = 1000;

/// Descriptors that are not for targets: standard streams, the poller, netlink, name servers, files of /proc.
const KEPT_BACK: usize = 40;

/// Reads one line's target, with the options that hold for all; the error says in one line what would be right.
pub type ReadTarget = dyn Fn(&str) -> Result<Request, String>;

/// What to do.
pub struct Order {
    /// Targets of the command line.
    pub requests: Vec<Request>,
    /// Files with more of them; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// How a line is read.
    pub read: Box<ReadTarget>,
    /// Targets in flight at once; `None` for as many as the descriptors allow, at most 1000.
    pub jobs: Option<usize>,
    /// How to write.
    pub form: ListForm,
    /// Whether all evidence goes into the JSON.
    pub with_evidence: bool,
    /// What every verdict is to be; nothing for no such wish.
    pub expect: Vec<Expectation>,
    /// Whether a line on a terminal may say how far it is.
    pub progress: bool,
}

/// Works through the list. Bad lines are named on standard error, and the rest goes on.
///
/// # Errors
/// A file can't be read, or standard output can't be written.
pub fn run(order: Order) -> Result<Exit, Error> {
    // Files that can't be opened are known before anything is sent.
    let mut readers = VecDeque::new();
    for path in &order.files {
        let named = |error| Error::Targets(clean(&path.to_string_lossy()), error);
        readers.push_back(Reader::open(path).map_err(named)?);
    }
    // Opening a pipe may take for ever: until here signals end the program as ever.
    let signals = Signals::listen();
    let limit = usize::try_from(sys::raise_descriptor_limit().unwrap_or(1024)).unwrap_or(usize::MAX);
    let jobs = jobs(order.jobs, limit);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        // Looks through /proc.
        .max_blocking_threads(2)
        .build()
        .map_err(Error::Runtime)?;
    let output = Output::new(order.form, order.with_evidence, order.expect, order.progress);
    let fleet =
        Fleet::new(order.requests, readers, order.read, (jobs, limit.saturating_sub(KEPT_BACK)), output);
    let local = tokio::task::LocalSet::new();
    let exit = local.block_on(&runtime, fleet.run(signals));
    // A lookup that never ends holds up nobody.
    runtime.shutdown_background();
    exit
}

/// How many at once: what was asked for, or what the descriptors allow.
fn jobs(asked: Option<usize>, limit: usize) -> usize {
    let room = limit.saturating_sub(KEPT_BACK).max(limit / 4).max(1);
    asked.unwrap_or(JOBS).min(room)
}
