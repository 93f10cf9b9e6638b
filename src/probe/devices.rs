//! Devices, asked about beside the event loop.
//!
//! The kernel tells of a device under a lock (`rtnl_mutex`, net/core/rtnetlink.c) that whoever makes or changes
//! devices holds meanwhile. On a host that starts containers that takes hundreds of milliseconds, and an answer is
//! promised within the timeout.

use super::{Tables, aside};
use crate::model::{Fact, Link};
use crate::sys::{Flow, Netlink};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// An answer is as good as a new one for so long.
const FRESH: Duration = Duration::from_millis(700);

/// What a device is stays what it is for so long; whether it has its carrier is asked without the lock then.
const KEPT: Duration = Duration::from_secs(10);

/// Answers beyond this many are asked for anew.
const MOST_KEPT: usize = 64;

const NOT_NOW: &str = "the kernel does not tell of devices just now: somebody is changing them";

/// What has been asked lately, by the device's index.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    asked: Mutex<HashMap<u32, Asked>>,
    told: Arc<Mutex<HashMap<u32, (Instant, Link)>>>,
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

    /// The device with this index, as it was a moment ago. Where the kernel does not answer until `end`, as it was at an
    /// earlier look, with the carrier that the route of `flow` knows of; or nothing.
    pub(super) async fn link(&self, index: u32, end: Instant, flow: Option<&Flow>) -> Fact<Link> {
        let mut answer = self.asked_link(index);
        let told = answer.wait_for(Option::is_some);
        let fact = match tokio::time::timeout_at(end.into(), told).await {
            Ok(Ok(fact)) => fact.clone(),
            // The thread has died.
            Ok(Err(_)) => None,
            Err(_) => {
                let known = flow.and_then(|flow| self.told_before(index, flow));
                return known.map_or_else(|| Fact::CouldNotLook(NOT_NOW.to_owned()), Fact::Seen);
            }
        };
        match fact {
            Some(Fact::Seen(link)) => Fact::Seen(link),
            // A descriptor more may have been one too many.
            _ => self.ask(|tables| tables.link(index)),
        }
    }

    fn told_before(&self, index: u32, flow: &Flow) -> Option<Link> {
        let told = self.devices.told.lock().unwrap_or_else(PoisonError::into_inner).get(&index).cloned();
        let (_, link) = told.filter(|(at, _)| at.elapsed() < KEPT)?;
        let carrier = (*self.ask(|tables| tables.carrier(flow, index)).seen()?)?;
        Some(Link { carrier: Some(carrier), ..link })
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
        let tell = Arc::new(tell);
        let (there, told) = (Arc::clone(&tell), Arc::clone(&self.devices.told));
        let started = thread::Builder::new().name("devices".into()).spawn(move || {
            // A socket of its own: the others go on asking.
            let fact = Tables::default().ask(|tables| tables.link(index));
            if let Fact::Seen(link) = &fact {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                if told.len() >= MOST_KEPT {
                    told.clear();
                }
                told.insert(index, (Instant::now(), link.clone()));
            }
            there.send_replace(Some(fact));
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
    use crate::model::Transport;
    use std::net::IpAddr;

    #[test]
    fn a_device_is_told_of_until_the_end() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let tables = Tables::default();
        tables.begin_link(1);
        let soon = Instant::now() + Duration::from_secs(20);
        let link = runtime.block_on(tables.link(1, soon, None));
        assert!(link.seen().unwrap().loopback, "{link:?}");
        let none = runtime.block_on(tables.link(u32::MAX >> 1, soon, None));
        assert!(matches!(none, Fact::CouldNotLook(_)), "{none:?}");
        let all = runtime.block_on(tables.links(soon));
        assert!(all.seen().unwrap().iter().any(|link| link.loopback), "{all:?}");
        // Somebody else asks, and has no answer.
        let (tell, answer) = watch::channel(None);
        tables.devices.asked.lock().unwrap().insert(7, Asked { at: Instant::now(), answer });
        let late = |flow| runtime.block_on(tables.link(7, Instant::now() + Duration::from_millis(20), flow));
        assert!(matches!(late(None), Fact::CouldNotLook(why) if why.contains("just now")));
        // It was told of before, and no route is by it.
        tables.devices.told.lock().unwrap().insert(7, (Instant::now(), link.seen().unwrap().clone()));
        let flow = Flow {
            transport: Transport::Tcp,
            destination: IpAddr::from([127, 0, 0, 1]),
            port: 80,
            source: None,
            source_port: None,
            device: None,
        };
        assert!(matches!(late(Some(&flow)), Fact::CouldNotLook(_)));
        drop(tell);
    }
}
