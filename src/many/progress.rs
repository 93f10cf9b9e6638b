//! One line on standard error that says how far a list is, where people watch.
//!
//! Own code: it is one line, written over itself; a library for it would bring more than this program's other
//! output needs.

use std::io::{self, IsTerminal as _, Write as _};

/// Back to the line's start, and everything on it away (ECMA-48).
const CLEAR: &str = "\r\u{1b}[2K";

/// The line.
#[derive(Debug)]
pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    /// Where standard error is a terminal that can write over a line.
    pub(super) fn for_this_terminal() -> Option<Progress> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        (io::stderr().is_terminal() && !dumb).then_some(Progress { shown: false })
    }

    /// Writes it anew.
    pub(super) fn show(&mut self, text: &str) {
        // Without standard error nobody watches.
        let _ = write!(io::stderr().lock(), "{CLEAR}{text}");
        self.shown = true;
    }

    /// Takes it away, so that other lines have the terminal.
    pub(super) fn hide(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr().lock(), "{CLEAR}");
        }
    }
}

/// How far: `1200 of 10000 done, 37 fail, 12 s`. How many there are is known where the list has ended.
pub(super) fn text(done: u64, failed: u64, known: Option<u64>, seconds: u64) -> String {
    let of = known.map(|known| format!(" of {known}")).unwrap_or_default();
    format!("{done}{of} done, {failed} fail, {seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_the_list_is() {
        assert_eq!(text(12, 3, None, 4), "12 done, 3 fail, 4 s");
        assert_eq!(text(12, 0, Some(40), 4), "12 of 40 done, 0 fail, 4 s");
    }
}
