//! This host's tables over one rtnetlink socket, opened when it is first needed.

use crate::model::Fact;
use crate::sys::Netlink;
use std::io;
use std::sync::{Mutex, PoisonError};

/// The shared socket.
#[derive(Debug, Default)]
pub(crate) struct Tables(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Open(Netlink),
    /// Opening failed once; the reason is the answer to every question.
    Forbidden(String),
}

impl Tables {
    /// Asks one question; a failure to ask is an observation too.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut Netlink) -> io::Result<T>) -> Fact<T> {
        // A poisoned lock holds a socket that is as good as before: every question is complete in itself.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Closed) {
            *state = match Fact::from(Netlink::open()) {
                Fact::Seen(netlink) => State::Open(netlink),
                Fact::CouldNotLook(why) => State::Forbidden(format!("rtnetlink: {why}")),
                Fact::NotAsked => State::Closed,
            };
        }
        match &mut *state {
            State::Open(netlink) => question(netlink).into(),
            State::Forbidden(why) => Fact::CouldNotLook(why.clone()),
            State::Closed => Fact::NotAsked,
        }
    }
}
