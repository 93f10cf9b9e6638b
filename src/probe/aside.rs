//! Work that blocks, beside the event loop.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use tokio::sync::oneshot;

/// Does it on a thread of its own; where this process may have no other thread, here and now, and everything else
/// waits for it. The runtime's own pool ends the program in that case.
///
/// `None` if the work panicked.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let work = Arc::new(Mutex::new(Some(work)));
    let (tell, told) = oneshot::channel();
    let there = Arc::clone(&work);
    let started = thread::Builder::new().name("aside".into()).spawn(move || {
        if let Some(work) = take(&there) {
            // Nobody listens any more once the answer is clear without it.
            let _ = tell.send(work());
        }
    });
    match started {
        Ok(_) => told.await.ok(),
        Err(_) => take(&work).map(|work| work()),
    }
}

fn take<W>(work: &Mutex<Option<W>>) -> Option<W> {
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_beside_the_loop() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let here = thread::current().id();
        let there = runtime.block_on(aside(|| thread::current().id())).unwrap();
        assert_ne!(here, there);
        assert_eq!(runtime.block_on(aside(|| -> u8 { panic!("work") })), None);
    }
}
