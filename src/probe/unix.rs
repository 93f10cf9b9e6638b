//! One attempt at a unix socket, and the looks that explain it. Nothing is ever written to the socket.

use super::{Tables, aside};
use crate::model::{
    Acceptance, AfterHandshake, Call, Fact, FailedCall, Millis, NameKind, PeerEnd, Request, SocketType,
    UnixAttempt, UnixListed, UnixName, UnixPeer,
};
use crate::sanitize::clean;
use crate::sys::{self, DiagSocket, Heard, SocketPath, UnixConnection};
use nix::errno::Errno as E;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};

/// How long to leave a full queue alone, at first and later.
const AGAIN: Duration = Duration::from_millis(20);
const AGAIN_LATER: Duration = Duration::from_millis(50);

/// How often a connection that nobody has accepted is looked at.
const TICK: Duration = Duration::from_millis(50);

/// A connection that nobody has accepted is watched until this long after connect.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(3);

/// Connects, watches the connection for the grace, and then, if that is to be explained, looks at the file and the
/// kernel's list.
/// explained: whether the looks are wanted; stop: becomes true when nobody waits any longer.
pub(crate) async fn unix(
    request: &Request,
    tables: Arc<Tables>,
    explained: bool,
    stop: watch::Receiver<bool>,
) -> UnixAttempt {
    let mut seen = UnixAttempt::default();
    let Some(name) = request.target.socket().cloned() else { return seen };
    let begun = Instant::now();
    match UnixConnection::new(&name) {
        Ok(connection) => {
            connect(&connection, request, begun, stop.clone(), &mut seen).await;
            if seen.connected_ms.is_some() {
                let mut stopped = stop.clone();
                // Cut short, what was seen so far stays.
                tokio::select! {
                    () = after_connect(&connection, &name, request, &tables, begun, &mut seen) => {}
                    _ = stopped.wait_for(|stop| *stop) => {}
                }
            }
        }
        Err(failed) => seen.failed = Some(failed),
    }
    seen.ended_ms = Millis::from(begun.elapsed());
    if !explained {
        return seen;
    }
    // A walk through /proc takes its time, and in a list others wait for this thread.
    let plain = seen.clone();
    aside(move || look(seen, &name, &tables)).await.unwrap_or(plain)
}

/// The kernel answers at once; only for a full queue a client waits.
async fn connect(
    connection: &UnixConnection,
    request: &Request,
    begun: Instant,
    mut stop: watch::Receiver<bool>,
    seen: &mut UnixAttempt,
) {
    let deadline = begun + request.timeout_ms.to_duration();
    let mut pause = AGAIN;
    let mut full_since = None;
    loop {
        let now = Instant::now();
        let outcome = connection.connect();
        if let Some(since) = full_since {
            seen.full_ms = Some(Millis::from(now.duration_since(since)));
        }
        match outcome {
            Ok(()) => {
                seen.connected_ms = Some(Millis::from(begun.elapsed()));
                return;
            }
            Err(E::EINTR) if now < deadline => {}
            Err(E::EAGAIN) if now < deadline && !*stop.borrow() => {
                full_since = full_since.or(Some(now));
                tokio::select! {
                    () = sleep(pause.min(deadline.duration_since(now))) => {}
                    _ = stop.wait_for(|stop| *stop) => {}
                }
                pause = (pause * 3 / 2).min(AGAIN_LATER);
            }
            Err(errno) => {
                seen.full_ms = seen.full_ms.filter(|_| errno == E::EAGAIN);
                seen.failed = Some(FailedCall { call: Call::Connect, errno: errno.into() });
                return;
            }
        }
    }
}

/// After connect: who listens, does the peer speak, close or reset, and has a process accepted?
async fn after_connect(
    connection: &UnixConnection,
    name: &UnixName,
    request: &Request,
    tables: &Tables,
    begun: Instant,
    seen: &mut UnixAttempt,
) {
    // Datagrams make no connection: there is no peer that could accept or close it.
    if name.socket_type == SocketType::Datagram {
        return;
    }
    seen.peer = connection.peer().map(|peer| peer_of(peer.pid(), peer.uid(), peer.gid())).into();
    let grace = request.grace_ms.to_duration();
    if grace.is_zero() {
        return;
    }
    let connected = begun + seen.connected_ms.unwrap_or_default().to_duration();
    if let Some(heard) = until(connection, connected + grace).await {
        (seen.after, seen.said) = (Fact::Seen(heard.after), heard.said);
        return;
    }
    seen.after = Fact::Seen(AfterHandshake::Quiet);
    let deadline = (connected + ACCEPTED_WITHIN).min(begun + request.timeout_ms.to_duration());
    loop {
        let now = Instant::now();
        let peer = connection.inode().map(|inode| tables.ask_sockets(|all| all.unix_peer_end(inode)));
        // What ended the connection before this look is why it found nothing.
        if !matches!(peer, Ok(Fact::Seen(PeerEnd::Unaccepted)))
            && let Some(heard) = connection.read_once()
        {
            (seen.after, seen.said) = (Fact::Seen(heard.after), heard.said);
            return;
        }
        let peer = match peer {
            Ok(Fact::Seen(peer)) => peer,
            Ok(Fact::CouldNotLook(why)) => {
                seen.acceptance = Fact::CouldNotLook(why);
                return;
            }
            Ok(Fact::NotAsked) | Err(_) => return,
        };
        if peer != PeerEnd::Unaccepted || now >= deadline {
            let after_ms = Millis::from(now.saturating_duration_since(connected));
            seen.acceptance = Fact::Seen(Acceptance { peer, after_ms, listener: None });
            return;
        }
        if let Some(heard) = until(connection, (now + TICK).min(deadline)).await {
            (seen.after, seen.said) = (Fact::Seen(heard.after), heard.said);
            return;
        }
    }
}

/// What the peer does until a moment; `None` for nothing.
async fn until(connection: &UnixConnection, deadline: Instant) -> Option<Heard> {
    let deadline = tokio::time::Instant::from_std(deadline);
    loop {
        if let Some(after) = connection.read_once() {
            return Some(after);
        }
        tokio::select! {
            biased;
            () = sleep_until(deadline) => return connection.read_once(),
            woken = connection.wake() => {
                let after = connection.read_once();
                if after.is_some() {
                    return after;
                }
                // One that can't be watched, or wakes without news, is looked at now and then.
                drop(woken);
                sleep(super::connect::REST).await;
            }
        }
    }
}

fn peer_of(pid: i32, uid: u32, gid: u32) -> UnixPeer {
    let process = (pid > 0).then(|| sys::named(pid)).flatten();
    let cgroup = (pid > 0).then(|| sys::cgroup_of(pid)).flatten();
    UnixPeer {
        pid: u32::try_from(pid).unwrap_or(0),
        uid,
        gid,
        name: process.map(|process| process.name),
        cgroup,
    }
}

/// The looks that need no connection.
fn look(mut seen: UnixAttempt, name: &UnixName, tables: &Tables) -> UnixAttempt {
    let failed = seen.failed.map(|failed| failed.errno.get());
    if name.kind == NameKind::Path && failed.is_some() {
        seen.file = sys::look_at_path(&name.name).into();
    }
    if failed.is_some() {
        seen.you = Fact::Seen(sys::credentials());
    }
    seen.listed = listed(name, tables);
    if name.kind == NameKind::Abstract && failed == Some(E::ECONNREFUSED) {
        seen.elsewhere = sys::named_elsewhere(&name.name, name.socket_type).into();
    }
    seen
}

/// The kernel's sockets with this file or name, with their holders.
fn listed(name: &UnixName, tables: &Tables) -> Fact<Vec<UnixListed>> {
    let path = SocketPath::new(&name.name);
    let own = |socket: &DiagSocket| match name.kind {
        NameKind::Path => socket.file.is_some_and(|file| path.is(file, &socket.name)),
        NameKind::Abstract => socket.name.split_first() == Some((&0, name.name.as_bytes())),
    };
    let alike = |socket: &DiagSocket| match name.kind {
        NameKind::Path => path.reads_like(&socket.name),
        NameKind::Abstract => {
            let unpadded = socket.name.split_first().map(|(first, rest)| (*first, without_padding(rest)));
            unpadded == Some((0, name.name.as_bytes()))
        }
    };
    let sockets = match tables.ask_sockets(|all| all.unix_sockets(|socket| own(socket) || alike(socket))) {
        Fact::Seen(sockets) => sockets,
        Fact::CouldNotLook(why) => return Fact::CouldNotLook(why),
        Fact::NotAsked => return Fact::NotAsked,
    };
    let holders = sys::holders(&sockets.iter().map(|socket| socket.inode).collect());
    let one = |socket: DiagSocket| {
        let process = holders.of(socket.inode);
        let pid = process.seen().and_then(|process| i32::try_from(process.pid).ok());
        let (shown, padding) = match socket.name.split_first() {
            Some((0, rest)) => {
                let bare = without_padding(rest);
                (format!("@{}", String::from_utf8_lossy(bare)), rest.len() - bare.len())
            }
            _ => (String::from_utf8_lossy(&socket.name).into_owned(), 0),
        };
        UnixListed {
            name: clean(&shown),
            socket_type: socket.socket_type,
            state: socket.state,
            shut: socket.shut,
            same: own(&socket),
            padding: u32::try_from(padding).unwrap_or(0),
            queue: socket.queue.map(|(waiting, _)| waiting),
            queue_limit: socket.queue.map(|(_, backlog)| backlog),
            uid: socket.uid,
            process,
            cgroup: pid.and_then(sys::cgroup_of),
        }
    };
    Fact::Seen(sockets.into_iter().map(one).collect())
}

/// An abstract name without NUL bytes behind it, which C programs leave there when they give the size of the whole
/// address.
fn without_padding(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    name.get(..end).unwrap_or_default()
}

#[cfg(test)]
#[path = "unix_tests.rs"]
mod tests;
