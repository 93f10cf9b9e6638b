//! A machine that is kept busy on purpose: `LAB_BUSY=1` gives everything more time, and nothing else.
//!
//! What the lab's own parallelism takes from a run is measured, and allowed for. It can't be measured where the
//! kernel waits for a lock that the making of other worlds holds, or where timers come late.

use std::env;
use std::time::Duration;

const FACTOR: u32 = 6;

fn factor() -> u32 {
    if env::var_os("LAB_BUSY").is_some() { FACTOR } else { 1 }
}

/// A bound on time, here and now.
pub(crate) fn bound(time: Duration) -> Duration {
    time * factor()
}

/// The same in milliseconds.
pub(crate) fn bound_ms(ms: f64) -> f64 {
    ms * f64::from(factor())
}
