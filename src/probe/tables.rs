//! This host's tables over one rtnetlink and one sock_diag socket, each opened when it is first needed.

use super::devices::Devices;
use crate::model::{Fact, QueueEntry};
use crate::sys::{Netlink, SockDiag};
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// The shared sockets.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    rtnetlink: Mutex<State<Netlink>>,
    sock_diag: Mutex<State<SockDiag>>,
    pub(super) devices: Devices,
}

#[derive(Debug, Default)]
enum State<S> {
    #[default]
    Closed,
    Open(S),
    /// Opening failed once; the reason is the answer to every question.
    Forbidden(String),
}

impl Tables {
    /// Asks rtnetlink one question; a failure to ask is an observation too.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut Netlink) -> io::Result<T>) -> Fact<T> {
        ask(&self.rtnetlink, "rtnetlink", Netlink::open, question)
    }

    /// Asks sock_diag one question.
    pub(crate) fn ask_sockets<T>(&self, question: impl FnOnce(&mut SockDiag) -> io::Result<T>) -> Fact<T> {
        ask(&self.sock_diag, "sock_diag", SockDiag::open, question)
    }

    /// For each ICMP error: is its sender this very host? `own_end` is the client's address.
    pub(crate) fn tell_senders(&self, own_end: Option<IpAddr>, queue: &mut Fact<Vec<QueueEntry>>) {
        let Fact::Seen(entries) = queue else { return };
        for entry in entries {
            let QueueEntry { sender: Some(sender), sender_is_ours, .. } = entry else { continue };
            let sender = *sender;
            let link_local = matches!(sender, IpAddr::V6(v6) if v6.is_unicast_link_local());
            *sender_is_ours = if Some(sender) == own_end {
                Fact::Seen(true)
            } else if link_local {
                // The same address may be ours on one link and a router's on another.
                Fact::CouldNotLook("a link-local address, and its link is not told".to_owned())
            } else {
                self.ask(|tables| tables.is_ours(sender))
            };
        }
    }
}

fn ask<S, T>(
    state: &Mutex<State<S>>,
    protocol: &str,
    open: impl FnOnce() -> io::Result<S>,
    question: impl FnOnce(&mut S) -> io::Result<T>,
) -> Fact<T> {
    // A poisoned lock holds a socket that is as good as before: every question is complete in itself.
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*state, State::Closed) {
        *state = match Fact::from(open()) {
            Fact::Seen(socket) => State::Open(socket),
            Fact::CouldNotLook(why) => State::Forbidden(format!("{protocol}: {why}")),
            Fact::NotAsked => State::Closed,
        };
    }
    match &mut *state {
        State::Open(socket) => question(socket).into(),
        State::Forbidden(why) => Fact::CouldNotLook(why.clone()),
        State::Closed => Fact::NotAsked,
    }
}
