//! The workers: each takes the next target, and comes back for another when that one has its verdict.

use super::ReadTarget;
use super::groups::{Groups, SPARE};
use super::judge::Care;
use super::names::Names;
use super::output::Output;
use super::reader::{Next, Reader, Wait};
use crate::error::Error;
use crate::exit::Exit;
use crate::model::Request;
use crate::probe::Shared;
use crate::sanitize::clean;
use crate::wait::{Signal, Signals};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::task::coop::consume_budget;
use tokio::time::{MissedTickBehavior, interval};

/// How often what is there is written.
const TICK: Duration = Duration::from_millis(100);

/// Whole investigations of a long list at once: each has tens of thousands of bytes.
const SAMPLES: usize = 16;

/// Descriptors that a whole investigation may have open at once.
const FOR_WHOLE: usize = 12;

/// A target, and its place in the list.
struct Item {
    index: u64,
    line: Option<u64>,
    request: Arc<Request>,
    care: Care,
}

/// What comes next.
enum Step {
    Item(Item),
    End,
    Wait(Wait),
}

/// All workers share this.
pub(super) struct Fleet {
    requests: RefCell<VecDeque<Request>>,
    readers: RefCell<VecDeque<Reader>>,
    read: Box<ReadTarget>,
    output: RefCell<Output>,
    pub(super) shared: Arc<Shared>,
    pub(super) groups: RefCell<Groups>,
    pub(super) names: Names,
    /// Whole investigations at once: each has a dozen descriptors.
    pub(super) whole: Semaphore,
    /// The same for those of a long list.
    pub(super) samples: Semaphore,
    /// Whether the list is too long for everything to be looked into.
    pub(super) is_long: Cell<bool>,
    jobs: usize,
    workers: Cell<usize>,
    /// Targets taken so far, and those of them without a verdict.
    taken: Cell<u64>,
    in_flight: Cell<u64>,
    bad_lines: Cell<u64>,
    unreadable: Cell<bool>,
    /// The list has ended, or nobody wants more of it.
    over: Cell<bool>,
    done: Notify,
}

impl Fleet {
    pub(super) fn new(
        requests: Vec<Request>,
        readers: VecDeque<Reader>,
        read: Box<ReadTarget>,
        (jobs, room): (usize, usize),
        output: Output,
    ) -> Rc<Fleet> {
        Rc::new(Fleet {
            requests: RefCell::new(requests.into()),
            readers: RefCell::new(readers),
            read,
            output: RefCell::new(output),
            shared: Arc::default(),
            groups: RefCell::new(Groups::new()),
            names: Names::new(),
            whole: Semaphore::new((room / FOR_WHOLE).clamp(1, jobs)),
            samples: Semaphore::new((room / FOR_WHOLE).clamp(1, SAMPLES)),
            is_long: Cell::new(false),
            jobs,
            workers: Cell::new(0),
            taken: Cell::new(0),
            in_flight: Cell::new(0),
            bad_lines: Cell::new(0),
            unreadable: Cell::new(false),
            over: Cell::new(false),
            done: Notify::new(),
        })
    }

    /// Until every target has its verdict, Ctrl-C or SIGTERM, or the reader's end.
    ///
    /// # Errors
    /// Standard output could not be written.
    pub(super) async fn run(self: Rc<Fleet>, mut signals: Signals) -> Result<Exit, Error> {
        self.hire();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let signal = signals.next();
        tokio::pin!(signal);
        let ended_by = loop {
            tokio::select! {
                () = self.done.notified() => break None,
                which = &mut signal => break Some(which),
                _ = tick.tick() => {
                    let known = self.over.get().then(|| self.taken.get());
                    if !self.output.borrow_mut().tick(known) {
                        break None;
                    }
                }
            }
        };
        self.over.set(true);
        let mut output = self.output.borrow_mut();
        output.end(ended_by.map(|_| self.in_flight.get()))?;
        let unexpected = output.unexpected();
        if let Some(count @ 1..) = unexpected {
            let total = output.tally().total();
            output.complain(&format!("{count} of {total} verdicts are not what was expected"));
        }
        let mut failed = output.tally().failed_classes();
        Ok(match (failed.next(), failed.next()) {
            _ if ended_by == Some(Signal::Interrupt) => Exit::Interrupted,
            _ if ended_by == Some(Signal::Terminate) => Exit::Terminated,
            _ if self.unreadable.get() => Exit::Failure,
            _ if unexpected.is_some_and(|count| count > 0) => Exit::Unexpected,
            _ if unexpected.is_some() && self.bad_lines.get() == 0 => Exit::AsExpected,
            _ if unexpected.is_some() => Exit::Usage,
            (Some(class), None) => Exit::Verdict(class),
            (Some(_), Some(_)) => Exit::Mixed,
            // A line that is no target decides only where nothing failed.
            (None, _) if self.bad_lines.get() > 0 => Exit::Usage,
            (None, _) => Exit::Success,
        })
    }

    /// One worker more. Each of them asks for the next when it finds work: a short list has few.
    fn hire(self: &Rc<Fleet>) {
        self.workers.set(self.workers.get() + 1);
        let fleet = Rc::clone(self);
        tokio::task::spawn_local(async move {
            fleet.work().await;
            fleet.workers.set(fleet.workers.get() - 1);
            if fleet.workers.get() == 0 {
                fleet.done.notify_one();
            }
        });
    }

    async fn work(self: &Rc<Fleet>) {
        let mut alone = true;
        while !self.over.get() {
            // A list that never has to wait leaves room for Ctrl-C and for what is on its way.
            consume_budget().await;
            let Some(item) = self.next().await else {
                self.over.set(true);
                return;
            };
            if std::mem::take(&mut alone) && self.workers.get() < self.jobs {
                self.hire();
            }
            self.in_flight.set(self.in_flight.get() + 1);
            let judged = self.judge(item.request, item.care).await;
            self.in_flight.set(self.in_flight.get() - 1);
            if !self.output.borrow_mut().put(item.index, item.line, judged) {
                self.over.set(true);
                self.done.notify_one();
            }
        }
    }

    /// The next target; lines that are none are named and passed over.
    async fn next(&self) -> Option<Item> {
        loop {
            match self.next_now() {
                Step::Item(item) => return Some(item),
                Step::End => return None,
                Step::Wait(wait) => {
                    if let Err(error) = wait.fill(&self.readers).await {
                        self.give_up(&error);
                    }
                }
            }
        }
    }

    /// The same without waiting.
    fn next_now(&self) -> Step {
        let mut requests = self.requests.borrow_mut();
        let mut readers = self.readers.borrow_mut();
        if let Some(request) = requests.pop_front() {
            let (rest, reader) = (requests.len(), readers.front_mut());
            let ahead = |more: usize| {
                rest >= more || reader.is_some_and(|reader| reader.has_ahead(more.saturating_sub(rest)))
            };
            return Step::Item(self.item(None, request, ahead));
        }
        while let Some(reader) = readers.front_mut() {
            let line = match reader.next_now() {
                Ok(Next::Line(line)) => line,
                Ok(Next::Wait(wait)) => return Step::Wait(wait),
                Ok(Next::End) => {
                    readers.pop_front();
                    continue;
                }
                Err(error) => {
                    drop(readers);
                    self.give_up(&error);
                    readers = self.readers.borrow_mut();
                    continue;
                }
            };
            let read = line.text.map_err(str::to_owned).and_then(|text| (self.read)(&text));
            match read {
                Ok(request) => {
                    return Step::Item(self.item(Some(line.number), request, |more| reader.has_ahead(more)));
                }
                Err(why) => {
                    self.bad_lines.set(self.bad_lines.get() + 1);
                    let what = format!("{}:{}: {}", reader.name(), line.number, clean(&why));
                    self.output.borrow_mut().complain(&what);
                }
            }
        }
        Step::End
    }

    /// A target with its place. A list that people read is looked into as if each target were the only one.
    fn item(&self, line: Option<u64>, request: Request, ahead: impl FnOnce(usize) -> bool) -> Item {
        let index = self.taken.replace(self.taken.get() + 1);
        let more = usize::try_from(index).ok().and_then(|index| (SPARE as usize).checked_sub(index));
        let care = if more.is_some_and(|more| more > 0 && !ahead(more)) { Care::Whole } else { Care::Lean };
        if care == Care::Lean && !self.is_long.replace(true) {
            self.shared.is_for_a_long_list();
            self.groups.borrow_mut().is_for_a_long_list();
        }
        Item { index, line, request: Arc::new(request), care }
    }

    /// The rest of a file can't be read.
    fn give_up(&self, error: &std::io::Error) {
        let Some(reader) = self.readers.borrow_mut().pop_front() else { return };
        self.output.borrow_mut().complain(&format!("can't read on from {}: {error}", reader.name()));
        self.unreadable.set(true);
    }
}
