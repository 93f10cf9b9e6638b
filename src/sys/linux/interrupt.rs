//! Ctrl-C as something to wait for: signalfd(2).
//!
//! The runtime's own signal support opens three descriptors in every run, also where nothing waits for a signal.

use super::raw::register;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io;
use std::os::fd::AsFd;
use tokio::io::Interest;

/// SIGINT, held back from its usual effect for as long as the process lives.
#[derive(Debug)]
pub struct Interrupt(SignalFd);

impl Interrupt {
    /// Takes the signal. Threads that were made before would still be ended by it.
    ///
    /// # Errors
    /// The errno of `sigprocmask` or `signalfd`.
    pub fn take() -> io::Result<Interrupt> {
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGINT);
        let descriptor = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        mask.thread_block()?;
        Ok(Interrupt(descriptor))
    }

    /// Ends when the signal has come.
    ///
    /// # Errors
    /// The descriptor can't be watched.
    pub async fn wait(&self) -> io::Result<()> {
        register(self.0.as_fd(), Interest::READABLE)?.readable().await.map(drop)
    }
}
