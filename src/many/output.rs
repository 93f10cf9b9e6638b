//! Where the verdicts go, as they come: standard output, the tally, and the line that says how far it is.

use super::judge::Judged;
use super::progress::{Progress, text};
use crate::error::Error;
use crate::expect::{Expectation, disappointment};
use crate::render::{self, ListForm};
use crate::report::{Report, Tally, brief, report_of};
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Instant;

/// So much is gathered before it is written, in bytes.
const BLOCK: usize = 32 << 10;

/// The one writer.
pub(super) struct Output {
    form: ListForm,
    with_evidence: bool,
    expect: Vec<Expectation>,
    /// Verdicts that were not expected.
    unexpected: u64,
    progress: Option<Progress>,
    /// Whether somebody watches every line.
    watched: bool,
    bytes: Vec<u8>,
    tally: Tally,
    begun: Instant,
    broken: Option<Error>,
}

impl Output {
    pub(super) fn new(
        form: ListForm,
        with_evidence: bool,
        expect: Vec<Expectation>,
        progress: bool,
    ) -> Output {
        Output {
            bytes: render::head(&form).into_bytes(),
            form,
            with_evidence,
            expect,
            unexpected: 0,
            progress: if progress { Progress::for_this_terminal() } else { None },
            watched: io::stdout().is_terminal(),
            tally: Tally::default(),
            begun: Instant::now(),
            broken: None,
        }
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many verdicts were not as expected; `None` where nothing was expected.
    pub(super) fn unexpected(&self) -> Option<u64> {
        (!self.expect.is_empty()).then_some(self.unexpected)
    }

    /// Writes one verdict; `false` where nobody reads any more.
    pub(super) fn put(&mut self, index: u64, line: Option<u64>, judged: Judged) -> bool {
        let Judged { evidence, diagnosis, lean } = judged;
        let finding = &diagnosis.finding;
        self.tally.count(finding.code, finding.culprit.as_ref());
        self.unexpected += u64::from(disappointment(&self.expect, finding.code).is_some());
        let written = if self.form.is_brief(lean, self.with_evidence) {
            let report = Report { index: Some(index), line, ..brief(&evidence, &diagnosis) };
            render::line(&self.form, &report, None, &mut self.bytes)
        } else {
            let (mut report, story) = report_of(*evidence, &diagnosis);
            (report.index, report.line) = (Some(index), line);
            if !self.with_evidence && self.form == ListForm::Json {
                report.evidence = None;
            }
            render::line(&self.form, &report, Some(&story), &mut self.bytes)
        };
        if let Err(error) = written {
            self.broken.get_or_insert(error.into());
        }
        if self.watched || self.bytes.len() >= BLOCK {
            self.flush();
        }
        self.broken.is_none()
    }

    /// A complaint about the list, beside what is on the terminal.
    pub(super) fn complain(&mut self, what: &str) {
        self.flush();
        if let Some(progress) = &mut self.progress {
            progress.hide();
        }
        // If even that is closed, the exit code has to do.
        let _ = writeln!(io::stderr().lock(), "whyconn: {what}");
    }

    /// Writes what is there: whoever reads a pipe sees results as they come, too.
    pub(super) fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        if let Some(progress) = &mut self.progress {
            progress.hide();
        }
        if self.broken.is_none() {
            let mut stdout = io::stdout().lock();
            let written = stdout.write_all(&self.bytes).and_then(|()| stdout.flush());
            self.broken = written.err().map(Error::from);
        }
        self.bytes.clear();
    }

    /// Now and then: writes what is there, and how far it is; `false` where nobody reads any more.
    pub(super) fn tick(&mut self, known: Option<u64>) -> bool {
        self.flush();
        if let Some(progress) = &mut self.progress {
            let (done, connected) = (self.tally.total(), self.tally.connected());
            progress.show(&text(done, done - connected, known, self.begun.elapsed().as_secs()));
        }
        self.broken.is_none()
    }

    /// The end. A reader that has gone away is no failure.
    ///
    /// # Errors
    /// Any other failure to write.
    pub(super) fn end(&mut self, stopped: Option<u64>) -> Result<(), Error> {
        let foot = render::foot(&self.form, &self.tally, stopped);
        self.bytes.extend_from_slice(foot.as_bytes());
        self.flush();
        if let Some(progress) = &mut self.progress {
            progress.hide();
        }
        match self.broken.take() {
            Some(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
