//! Signals as something to read (signalfd(2)), for as long as they are listened for.

use super::raw::register;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io;
use std::os::fd::AsFd as _;
use tokio::io::Interest;

/// Signals that do not end the program while this lives. Other threads are to begin later: they inherit the mask.
#[derive(Debug)]
pub struct HeldSignals {
    descriptor: SignalFd,
    before: SigSet,
}

/// Keeps SIGINT and SIGTERM from the thread that calls this: another one is to hear them, or to be ended by them.
///
/// # Errors
/// The errno of `pthread_sigmask`.
pub fn leave_ends_to_others() -> io::Result<()> {
    let set: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
    Ok(set.thread_block()?)
}

impl HeldSignals {
    /// Holds these signals back.
    ///
    /// # Errors
    /// The errno of `pthread_sigmask` or `signalfd`; the signals do what they did before then.
    pub fn hold(signals: &[Signal]) -> io::Result<HeldSignals> {
        let set: SigSet = signals.iter().copied().collect();
        let before = set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        match SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC) {
            Ok(descriptor) => Ok(HeldSignals { descriptor, before }),
            Err(errno) => {
                before.thread_set_mask()?;
                Err(errno.into())
            }
        }
    }

    /// The next one that comes.
    ///
    /// # Errors
    /// The descriptor can't be watched or read.
    pub async fn next(&self) -> io::Result<Signal> {
        loop {
            if let Some(told) = self.descriptor.read_signal()? {
                let number = i32::try_from(told.ssi_signo).map_err(io::Error::other)?;
                return Ok(Signal::try_from(number)?);
            }
            drop(register(self.descriptor.as_fd(), Interest::READABLE)?.ready(Interest::READABLE).await?);
        }
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        // A set that was in force can be set again.
        let _ = self.before.thread_set_mask();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::raise;

    #[test]
    fn a_signal_that_is_held_back_is_told() {
        // On this thread alone: `raise` sends to the thread that calls it.
        let signals = HeldSignals::hold(&[Signal::SIGUSR2]).unwrap();
        raise(Signal::SIGUSR2).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        assert_eq!(runtime.block_on(signals.next()).unwrap(), Signal::SIGUSR2);
        drop(signals);
        assert!(!SigSet::thread_get_mask().unwrap().contains(Signal::SIGUSR2));
    }
}
