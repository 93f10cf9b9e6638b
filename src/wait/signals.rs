//! Signals that end the waiting, or a list.

use crate::sys::{self, HeldSignals};
use nix::sys::signal;

/// Which one came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// `SIGINT`, as by Ctrl-C.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
}

/// The signals that are listened for. When this ends, they do again what they did before.
#[derive(Debug)]
pub(crate) struct Signals(Option<HeldSignals>);

impl Signals {
    /// Takes the signals over. One that is ignored stays so, as below `nohup` or in a shell's background: the
    /// command that may follow inherits it. Where they can't be listened for, they end the program as ever.
    pub(crate) fn listen() -> Self {
        let ignored = sys::ignored_signals().unwrap_or(0);
        let heeded = |wanted: &signal::Signal| ignored >> (*wanted as i32 - 1) & 1 == 0;
        let wanted = [signal::Signal::SIGINT, signal::Signal::SIGTERM];
        let heeded: Vec<signal::Signal> = wanted.into_iter().filter(heeded).collect();
        Signals(HeldSignals::hold(&heeded).ok())
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        let told = match &self.0 {
            Some(signals) => signals.next().await.ok(),
            None => None,
        };
        match told {
            Some(signal::Signal::SIGINT) => Signal::Interrupt,
            Some(_) => Signal::Terminate,
            // Nothing can be heard: the mask goes, and with it what holds them back.
            None => {
                self.0 = None;
                std::future::pending().await
            }
        }
    }
}
