//! One line on standard error while a target is waited for.

use crate::render::{history_line, speaks_utf8};
use crate::sanitize::clean_to;
use crate::wait::{Change, History};
use std::io::{self, IsTerminal as _, Write as _};

/// Columns of what is no terminal.
const PLAIN_WIDTH: usize = 160;
/// The target's part of the line.
const MOST_TARGET: usize = 60;

/// Shows the history: on a terminal in one place, elsewhere a line for each change; or not at all.
pub(super) struct Progress {
    target: String,
    quiet: bool,
    unicode: bool,
    /// Columns of the terminal, where there is one.
    terminal: Option<usize>,
    /// Something stands on the terminal's line.
    open: bool,
}

impl Progress {
    pub(super) fn new(target: &str, quiet: bool) -> Self {
        let columns = || {
            let size = terminal_size::terminal_size_of(io::stderr());
            size.map_or(80, |(width, _)| usize::from(width.0))
        };
        let terminal = (!quiet && io::stderr().is_terminal()).then(columns);
        let target = clean_to(target, MOST_TARGET);
        Progress { target, quiet, unicode: speaks_utf8(), terminal, open: false }
    }

    /// After each try.
    pub(super) fn show(&mut self, history: &History, change: Change) {
        if self.quiet || change == Change::None {
            return;
        }
        let lead = format!("whyconn: {}: ", self.target);
        // The last column is left free: a cursor that has wrapped can't go back to the line's beginning.
        let width = self.terminal.map_or(PLAIN_WIDTH, |columns| columns.saturating_sub(1));
        let line = history_line(history.spells(), width.saturating_sub(lead.chars().count()), self.unicode);
        let mut stderr = io::stderr().lock();
        // Nobody reads what can't be written.
        let _ = match self.terminal {
            Some(_) => write!(stderr, "\r\x1b[K{lead}{line}"),
            None => writeln!(stderr, "{lead}{line}"),
        };
        self.open = self.terminal.is_some();
        let _ = stderr.flush();
    }

    /// The line stays as it is, and the cursor goes below it.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.open) {
            let _ = writeln!(io::stderr().lock());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
