//! What becomes of a connection to this host at its other end.

use super::connect::{REST, wake};
use super::listeners::listener_of;
use super::{Tables, aside};
use crate::model::{Acceptance, Fact, Millis, PeerEnd};
use crate::sys::{Connecting, Heard};
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};

/// How often a connection that nobody has accepted is looked at.
const TICK: Duration = Duration::from_millis(50);

/// What the watch came to.
pub(super) enum Ended {
    /// The last look.
    Looked(Fact<Acceptance>),
    /// The peer spoke or closed first.
    Spoke(Heard),
}

/// Looks at the other end until a process has the connection, `deadline` is past, the stop sign comes, or the
/// peer is heard of. `handshake` is when the handshake was complete.
pub(super) async fn watch_acceptance(
    connecting: &Connecting,
    tables: &Tables,
    handshake: Instant,
    deadline: Instant,
    mut stop: watch::Receiver<bool>,
) -> Ended {
    let Some((local, remote)) = connecting.ends() else {
        let gone = Ended::Looked(Fact::CouldNotLook("the connection is gone".to_owned()));
        return connecting.read_once().map_or(gone, Ended::Spoke);
    };
    let mut over = false;
    let (peer, after_ms) = loop {
        let now = Instant::now();
        let peer = tables.ask_sockets(|sockets| sockets.peer_end(local, remote));
        // What ended the connection before this look is why it found nothing.
        if !matches!(peer, Fact::Seen(PeerEnd::Unaccepted))
            && let Some(heard) = connecting.read_once()
        {
            return Ended::Spoke(heard);
        }
        let peer = match peer {
            Fact::Seen(peer) => peer,
            Fact::CouldNotLook(why) => return Ended::Looked(Fact::CouldNotLook(why)),
            Fact::NotAsked => return Ended::Looked(Fact::NotAsked),
        };
        if peer != PeerEnd::Unaccepted || over || now >= deadline {
            break (peer, Millis::from(now.saturating_duration_since(handshake)));
        }
        let tick = tokio::time::Instant::from_std((now + TICK).min(deadline));
        loop {
            if let Some(heard) = connecting.read_once() {
                return Ended::Spoke(heard);
            }
            let woken = tokio::select! {
                biased;
                () = sleep_until(tick) => break,
                stopped = stop.wait_for(|stop| *stop) => {
                    drop(stopped);
                    false
                }
                () = wake(connecting, Interest::READABLE) => true,
            };
            if !woken {
                over = true;
                break;
            }
            // A socket that wakes us without news is left alone for a while.
            if let Some(heard) = connecting.read_once() {
                return Ended::Spoke(heard);
            }
            sleep(REST).await;
        }
    };
    let listener = match peer {
        PeerEnd::Absent | PeerEnd::Accepted => None,
        // Whose it is takes a walk through /proc.
        PeerEnd::Unaccepted | PeerEnd::Deferred => aside(move || listener_of(remote)).await.flatten(),
    };
    Ended::Looked(Fact::Seen(Acceptance { peer, after_ms, listener }))
}

#[cfg(test)]
#[path = "acceptance_tests.rs"]
mod tests;
