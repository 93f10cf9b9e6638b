//! Devices, asked about beside the event loop.
//!
//! The kernel tells of a device under a lock (`rtnl_mutex`, net/core/rtnetlink.c) that whoever makes or changes
//! devices holds meanwhile. On a host that starts containers that takes hundreds of milliseconds, and an answer is
//! promised within the timeout.

use super::{Tables, aside};
use crate::model::{Fact, Link};
use crate::sys::Netlink;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// An answer is as good as a new one for so long.
const FRESH: Duration = Duration::from_millis(700);

/// Answers beyond this many are asked for anew.
const MOST_KEPT: usize = 64;

const NOT_NOW: &str = "the kernel does not tell of devices just now: somebody is changing them";

/// What has been asked lately, by the device's index.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    asked: Mutex<HashMap<u32, Asked>>,
}

#[derive(Debug, Clone)]
struct Asked {
    at: Instant,
    answer: watch::Receiver<Option<Fact<Link>>>,
}

impl Tables {
    /// Begins to ask about a device; [`Tables::link`] has the answer.
    pub(super) fn begin_link(&self, index: u32) {
        self.asked_link(index);
    }

    /// The device with this index, as it was a moment ago; nothing, where the kernel does not answer until `end`.
    pub(super) async fn link(&self, index: u32, end: Instant) -> Fact<Link> {
        let mut answer = self.asked_link(index);
        let told = answer.wait_for(Option::is_some);
        let fact = match tokio::time::timeout_at(end.into(), told).await {
            Ok(Ok(fact)) => fact.clone(),
            // The thread has died.
            Ok(Err(_)) => None,
            Err(_) => return Fact::CouldNotLook(NOT_NOW.to_owned()),
        };
        match fact {
            Some(Fact::Seen(link)) => Fact::Seen(link),
            // A descriptor more may have been one too many.
            _ => self.ask(|tables| tables.link(index)),
        }
    }

    /// All devices; nothing, where the kernel does not answer until `end`.
    pub(crate) async fn links(&self, end: Instant) -> Fact<Vec<Link>> {
        let asked = aside(|| Tables::default().ask(Netlink::links));
        match tokio::time::timeout_at(end.into(), asked).await {
            Ok(Some(Fact::Seen(links))) => Fact::Seen(links),
            // A descriptor more may have been one too many.
            Ok(_) => self.ask(Netlink::links),
            Err(_) => Fact::CouldNotLook(NOT_NOW.to_owned()),
        }
    }

    fn asked_link(&self, index: u32) -> watch::Receiver<Option<Fact<Link>>> {
        let mut asked = self.devices.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = asked.get(&index).filter(|known| known.at.elapsed() < FRESH) {
            return known.answer.clone();
        }
        if asked.len() >= MOST_KEPT {
            asked.clear();
        }
        let (tell, answer) = watch::channel(None);
        let tell = std::sync::Arc::new(tell);
        let there = std::sync::Arc::clone(&tell);
        let started = thread::Builder::new().name("devices".into()).spawn(move || {
            // A socket of its own: the others go on asking.
            there.send_replace(Some(Tables::default().ask(|tables| tables.link(index))));
        });
        if started.is_err() {
            // Where this process may have no other thread, everything waits.
            tell.send_replace(Some(self.ask(|tables| tables.link(index))));
        }
        asked.insert(index, Asked { at: Instant::now(), answer: answer.clone() });
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_told_of_until_the_end() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let tables = Tables::default();
        tables.begin_link(1);
        let soon = Instant::now() + Duration::from_secs(20);
        let link = runtime.block_on(tables.link(1, soon));
        assert!(link.seen().unwrap().loopback, "{link:?}");
        let none = runtime.block_on(tables.link(u32::MAX >> 1, soon));
        assert!(matches!(none, Fact::CouldNotLook(_)), "{none:?}");
        let all = runtime.block_on(tables.links(soon));
        assert!(all.seen().unwrap().iter().any(|link| link.loopback), "{all:?}");
        // Somebody else asks, and has no answer.
        let (tell, answer) = watch::channel(None);
        tables.devices.asked.lock().unwrap().insert(7, Asked { at: Instant::now(), answer });
        let late = runtime.block_on(tables.link(7, Instant::now() + Duration::from_millis(20)));
        assert!(matches!(late, Fact::CouldNotLook(why) if why.contains("just now")));
        drop(tell);
    }
}
