//! How long a walk through /proc may take.

use nix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// A walk takes no longer, as a rule.
const MOST: Duration = Duration::from_millis(250);

/// Nor in any case.
const MOST_OF_ALL: Duration = Duration::from_millis(1000);

/// A walk that has begun. What counts is the work: on a machine that gives this thread no processor for a moment a
/// short walk is no long one, and what it would have found is not to depend on that.
#[derive(Debug)]
pub(super) struct Patience {
    begun: Instant,
    /// What this thread had worked before; nothing where the kernel does not say.
    worked: Option<Duration>,
}

impl Patience {
    pub(super) fn begin() -> Patience {
        Patience { begun: Instant::now(), worked: worked() }
    }

    /// Whether it is time to go.
    pub(super) fn is_over(&self) -> bool {
        self.is_over_at(self.begun.elapsed(), worked)
    }

    fn is_over_at(&self, elapsed: Duration, worked: impl FnOnce() -> Option<Duration>) -> bool {
        let busy = || {
            let worked = worked().zip(self.worked).map(|(now, before)| now.saturating_sub(before));
            worked.is_none_or(|worked| worked > MOST)
        };
        elapsed > MOST_OF_ALL || (elapsed > MOST && busy())
    }
}

/// The processor time of this thread.
fn worked() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok().map(Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_counts_and_waiting_does_not_until_it_is_too_long() {
        let ms = Duration::from_millis;
        let patience = Patience { begun: Instant::now(), worked: Some(ms(40)) };
        let over = |elapsed, worked| patience.is_over_at(ms(elapsed), || worked);
        assert!(!over(250, Some(ms(400))));
        assert!(!over(900, Some(ms(100))));
        assert!(over(300, Some(ms(300))));
        assert!(over(1001, Some(ms(41))));
        assert!(over(300, None));
        assert!(!Patience::begin().is_over());
    }
}
