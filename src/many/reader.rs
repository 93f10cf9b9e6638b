//! A list of targets, read line by line while it is worked on: never whole, whatever its length.

use crate::sanitize::clean_to;
use crate::sys;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;
use tokio::sync::{Mutex, mpsc};

/// The longest line that is read, in bytes: a name has at most 253, a unix socket's path 108.
pub(super) const LONGEST: usize = 4096;

/// How much is read at once, in bytes.
const BLOCK: usize = 32 << 10;

/// Blocks that a pipe's reader may be ahead.
const AHEAD: usize = 2;

/// Blocks of a pipe, as its thread reads them.
type Blocks = mpsc::Receiver<io::Result<Vec<u8>>>;

/// Where lines come from.
enum Feed {
    /// A regular file does not keep its reader waiting.
    File(File),
    /// A pipe or a terminal may: a thread waits in our place.
    Thread(Rc<Mutex<Blocks>>),
}

/// One file of targets, or standard input.
pub(super) struct Reader {
    name: String,
    feed: Feed,
    block: Vec<u8>,
    at: usize,
    number: u64,
    /// Within a line that is too long to be kept.
    skipping: bool,
    ended: bool,
    blocks: u64,
}

/// What there is to read now.
pub(super) enum Next {
    Line(Line),
    End,
    /// The next block is not here yet.
    Wait(Wait),
}

/// Where to wait for a block, and how many there have been.
pub(super) struct Wait {
    from: Rc<Mutex<Blocks>>,
    after: u64,
}

/// A line that is neither blank nor a comment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Its text without comment and blanks around it, or what is wrong with it.
    pub(super) text: Result<String, &'static str>,
}

impl Reader {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// The file can't be opened, or no thread could be made to read it.
    pub(super) fn open(path: &Path) -> io::Result<Reader> {
        let (name, feed) = if path.as_os_str() == "-" {
            ("standard input".to_owned(), Self::threaded(io::stdin())?)
        } else {
            let file = File::open(path)?;
            let kind = file.metadata()?;
            if kind.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            let feed = if kind.is_file() { Feed::File(file) } else { Self::threaded(file)? };
            (clean_to(&path.to_string_lossy(), LONGEST), feed)
        };
        Ok(Self::of(name, feed))
    }

    fn of(name: String, feed: Feed) -> Reader {
        let block = Vec::new();
        Reader { name, feed, block, at: 0, number: 0, skipping: false, ended: false, blocks: 0 }
    }

    fn threaded(mut from: impl Read + Send + 'static) -> io::Result<Feed> {
        let (tell, told) = mpsc::channel(AHEAD);
        std::thread::Builder::new().name("targets".into()).spawn(move || {
            // Where they can't be, a signal ends the program as it does without a list.
            let _ = sys::leave_ends_to_others();
            loop {
                let mut block = vec![0; BLOCK];
                let read = match from.read(&mut block) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read,
                };
                let last = !matches!(read, Ok(length) if length > 0);
                let sent = tell.blocking_send(read.map(|length| {
                    block.truncate(length);
                    block
                }));
                // Nobody wants more once the run is over.
                if last || sent.is_err() {
                    return;
                }
            }
        })?;
        Ok(Feed::Thread(Rc::new(Mutex::new(told))))
    }

    /// The file's name, for complaints.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether at least so many more lines are here already; a file is looked into for that.
    pub(super) fn has_ahead(&mut self, lines: usize) -> bool {
        if self.block.is_empty() && matches!(self.feed, Feed::File(_)) {
            // The error comes again when the line is wanted.
            let _ = self.fill_from_file();
        }
        let rest = self.block.get(self.at..).unwrap_or_default();
        rest.iter().filter(|byte| **byte == b'\n').take(lines).count() >= lines
    }

    /// The next line that may be a target. Does not wait.
    ///
    /// # Errors
    /// Reading failed.
    pub(super) fn next_now(&mut self) -> io::Result<Next> {
        loop {
            let rest = self.block.get(self.at..).unwrap_or_default();
            let end = rest.iter().position(|byte| *byte == b'\n');
            if end.is_none() && !self.ended {
                if rest.len() > LONGEST {
                    self.at = self.block.len();
                    if !std::mem::replace(&mut self.skipping, true) {
                        return Ok(Next::Line(Line { number: self.number + 1, text: Err(TOO_LONG) }));
                    }
                }
                match &self.feed {
                    Feed::File(_) => self.fill_from_file()?,
                    Feed::Thread(from) => {
                        return Ok(Next::Wait(Wait { from: Rc::clone(from), after: self.blocks }));
                    }
                }
                continue;
            }
            if end.is_none() && rest.is_empty() {
                return Ok(Next::End);
            }
            let line =
                clean_line(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default(), self.number == 0);
            self.at = end.map_or(self.block.len(), |end| self.at + end + 1);
            self.number += 1;
            let told = std::mem::take(&mut self.skipping);
            if let Some(text) = line.filter(|_| !told) {
                return Ok(Next::Line(Line { number: self.number, text }));
            }
        }
    }

    /// Adds a block that came, where it is still the one that was waited for.
    ///
    /// # Errors
    /// Reading failed.
    fn take(&mut self, block: Option<io::Result<Vec<u8>>>) -> io::Result<()> {
        self.blocks += 1;
        match block.transpose()? {
            Some(more) if !more.is_empty() => {
                self.block.drain(..self.at);
                self.at = 0;
                self.block.extend_from_slice(&more);
            }
            Some(_) | None => self.ended = true,
        }
        Ok(())
    }

    fn fill_from_file(&mut self) -> io::Result<()> {
        let Feed::File(file) = &mut self.feed else { return Ok(()) };
        self.block.drain(..self.at);
        self.at = 0;
        let kept = self.block.len();
        self.block.resize(kept + BLOCK, 0);
        let read = loop {
            match file.read(self.block.get_mut(kept..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.block.truncate(kept + *read.as_ref().unwrap_or(&0));
        self.ended |= read? == 0;
        Ok(())
    }
}

impl Wait {
    /// Waits for the next block and gives it to its reader, which is the first of `readers`.
    ///
    /// # Errors
    /// Reading failed.
    pub(super) async fn fill(self, readers: &RefCell<VecDeque<Reader>>) -> io::Result<()> {
        let mut from = self.from.lock().await;
        let here = |reader: &Reader| {
            reader.blocks == self.after
                && matches!(&reader.feed, Feed::Thread(feed) if Rc::ptr_eq(feed, &self.from))
        };
        // Another worker may have brought it.
        if !readers.borrow().front().is_some_and(here) {
            return Ok(());
        }
        let block = from.recv().await;
        match readers.borrow_mut().front_mut() {
            Some(reader) => reader.take(block),
            None => Ok(()),
        }
    }
}

const TOO_LONG: &str = "the line is too long to be a target";

/// What a line says, without its comment; `None` for nothing. A `#` begins a comment at the line's start or
/// behind a blank: a URL may hold one.
fn clean_line(bytes: &[u8], first: bool) -> Option<Result<String, &'static str>> {
    if bytes.len() > LONGEST {
        return Some(Err(TOO_LONG));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        // A comment may hold anything.
        let comment = bytes.trim_ascii_start().starts_with(b"#");
        return if comment { None } else { Some(Err("the line is not UTF-8")) };
    };
    // Editors of other systems put a mark in front of a file.
    let text = if first { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
    let mut end = text.len();
    for (at, _) in text.match_indices('#') {
        if text.get(..at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t'])) {
            end = at;
            break;
        }
    }
    let text = text.get(..end).unwrap_or_default().trim();
    (!text.is_empty()).then(|| Ok(text.to_owned()))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
