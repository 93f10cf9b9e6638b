//! Rules for a unix socket. Its errno has few meanings, and the file system and the kernel's list tell them apart
//! (`unix_find_bsd`, `unix_stream_connect`, net/unix/af_unix.c).

use super::handshake::UNACCEPTED;
use super::local::{is_shortage, shortage};
use super::{Culprit, Finding};
use crate::model::{
    AfterHandshake, Evidence, FileKind, NameKind, PeerEnd, SocketType, Standing, UnixAttempt, UnixListed,
    UnixName, UnixState,
};
use crate::verdict::{Certainty, Clue, Code};
use nix::errno::Errno as E;

fn here(code: Code, certainty: Certainty, because: &[Clue]) -> Finding {
    Finding::new(code, certainty, Culprit::Client, because)
}

fn served(code: Code, because: &[Clue]) -> Finding {
    Finding::new(code, Certainty::Certain, Culprit::Service, because)
}

/// Judges the attempt; also the case in which not even that was begun.
pub(super) fn judge(evidence: &Evidence, name: &UnixName) -> Finding {
    if let Some(lacking) = &evidence.lacking {
        return shortage(lacking.errno.get());
    }
    let Some(seen) = evidence.unix.seen() else {
        return here(Code::UnreachableNoSocket, Certainty::Possible, &[]);
    };
    let Some(failed) = seen.failed else { return connected(seen, name) };
    match failed.errno.get() {
        errno if is_shortage(errno) => shortage(errno),
        E::EAGAIN => full(seen),
        // On a read-only file system, say, a plain file has another errno than elsewhere.
        _ if kind(seen).is_some_and(|kind| kind != FileKind::Socket) => no_socket(seen),
        E::ENOENT | E::ENOTDIR | E::ELOOP => no_socket(seen),
        E::ECONNREFUSED => refused(seen, name),
        E::EPROTOTYPE => other_type(seen, name, Clue::CallFailed),
        errno => denied(errno, seen, name),
    }
}

/// The socket in the kernel's list that the verdict is about: one that has the file or the name, else one that
/// was bound under the same path; one that is open before others.
pub(super) fn deciding(evidence: &Evidence) -> Option<&UnixListed> {
    let all = evidence.unix.seen()?.listed.seen()?;
    all.iter().max_by_key(|socket| (socket.same, socket.is_open(), socket.state == UnixState::Listen))
}

fn own(seen: &UnixAttempt) -> impl Iterator<Item = &UnixListed> {
    seen.listed.seen().into_iter().flatten().filter(|socket| socket.same)
}

/// A listener that was bound under the same path, and has another file; or has the same abstract name with NUL
/// bytes behind it.
fn kept(seen: &UnixAttempt) -> bool {
    seen.listed.seen().into_iter().flatten().any(|socket| !socket.same && socket.is_open())
}

fn kind(seen: &UnixAttempt) -> Option<FileKind> {
    match seen.file.seen()?.end {
        Standing::File { kind, .. } => Some(kind),
        _ => None,
    }
}

fn connected(seen: &UnixAttempt, name: &UnixName) -> Finding {
    let mut because = vec![Clue::Handshake];
    // It waited for room, as a blocking client does.
    because.extend(seen.full_ms.map(|_| Clue::QueueStayedFull));
    if name.socket_type == SocketType::Datagram {
        if own(seen).any(|socket| socket.shut) {
            because.push(Clue::SocketShut);
            return served(Code::RefusedStaleSocket, &because).variant("shut");
        }
        // Nothing was sent: whether the queue has room is not seen.
        let finding = Finding { culprit: None, ..served(Code::ConnectedOk, &because).variant("datagram") };
        return Finding { certainty: Certainty::Likely, ..finding }.or(&[Code::TimeoutAcceptQueue]);
    }
    let broken = |code, clue| served(code, &[Clue::Handshake, clue]).variant("unix");
    match seen.after.seen() {
        Some(AfterHandshake::Closed) => return broken(Code::ServiceClosed, Clue::PeerClosed),
        Some(AfterHandshake::Reset) => return broken(Code::ServiceReset, Clue::PeerReset),
        Some(AfterHandshake::Data(_)) => because.push(Clue::PeerSpoke),
        Some(AfterHandshake::Quiet) => {
            if let Some(acceptance) = seen.acceptance.seen()
                && acceptance.peer == PeerEnd::Unaccepted
            {
                let finding = broken(Code::ServiceNotAccepting, Clue::NotAccepted);
                // Whoever listens for others starts them first, and that takes a while.
                let starting = seen.peer.seen().is_some_and(|peer| {
                    peer.pid == 1 && peer.name.as_deref().is_some_and(|name| name == "systemd")
                });
                return if acceptance.after_ms.0 >= UNACCEPTED && !starting {
                    finding
                } else {
                    Finding { certainty: Certainty::Likely, ..finding }.or(&[Code::ConnectedOk])
                };
            }
            because.push(Clue::StayedOpen);
        }
        None => {}
    }
    Finding { culprit: None, ..served(Code::ConnectedOk, &because).variant("unix") }
}

/// `EAGAIN` has this one meaning for connect.
fn full(seen: &UnixAttempt) -> Finding {
    let mut because = vec![Clue::QueueStayedFull];
    if own(seen).any(UnixListed::is_full) {
        because.push(Clue::QueueFull);
    }
    served(Code::TimeoutAcceptQueue, &because).variant("unix")
}

fn no_socket(seen: &UnixAttempt) -> Finding {
    let mut because = vec![Clue::CallFailed];
    let certain = |because: &[Clue], variant| {
        here(Code::UnreachableNoSocket, Certainty::Certain, because).variant(variant)
    };
    match seen.file.seen().map(|file| &file.end) {
        Some(Standing::Missing { link, .. }) => {
            because.push(Clue::PathMissing);
            if kept(seen) {
                because.push(Clue::NameKept);
                return certain(&because, "removed");
            }
            certain(&because, if link.is_some() { "link" } else { "missing" })
        }
        Some(Standing::NotDirectory { .. }) => {
            because.push(Clue::PathMissing);
            certain(&because, "not-a-directory")
        }
        Some(Standing::File { kind: FileKind::Socket, .. }) => {
            here(Code::UnreachableNoSocket, Certainty::Likely, &because).or(&[Code::ConnectedOk])
        }
        Some(Standing::File { .. }) => {
            because.push(Clue::NotASocket);
            certain(&because, "not-a-socket")
        }
        // The errno says it alone.
        Some(Standing::Loop | Standing::Barred(_)) | None => certain(&because, ""),
    }
}

fn refused(seen: &UnixAttempt, name: &UnixName) -> Finding {
    let mut because = vec![Clue::CallFailed];
    if name.kind == NameKind::Abstract {
        // The type is a part of what an abstract name is looked up by.
        let same_type = |socket: &&UnixListed| socket.socket_type == Some(name.socket_type);
        if own(seen).next().is_some() && !own(seen).any(|socket| same_type(&socket)) {
            return other_type(seen, name, Clue::CallFailed);
        }
    } else {
        match kind(seen) {
            Some(_) => because.push(Clue::FileIsSocket),
            None => {
                let finding = Finding::new(
                    Code::RefusedStaleSocket,
                    Certainty::Likely,
                    Culprit::Service,
                    &[Clue::CallFailed],
                );
                return finding.or(&[Code::UnreachableNoSocket]);
            }
        }
    }
    let stale = |because: &[Clue], variant| served(Code::RefusedStaleSocket, because).variant(variant);
    let mut alike = own(seen).filter(|socket| socket.socket_type == Some(name.socket_type));
    if own(seen).any(UnixListed::is_open) {
        because.push(Clue::SocketOpen);
        let finding = stale(&because, if name.kind == NameKind::Abstract { "abstract" } else { "" });
        return Finding { certainty: Certainty::Likely, ..finding }.or(&[Code::ConnectedOk]);
    }
    if let Some(socket) = alike.next() {
        let (clue, variant) =
            if socket.shut { (Clue::SocketShut, "shut") } else { (Clue::SocketBound, "bound") };
        because.push(clue);
        return stale(&because, variant);
    }
    if kept(seen) {
        let (clue, variant) = match name.kind {
            NameKind::Path => (Clue::NameKept, "replaced"),
            NameKind::Abstract => (Clue::NamePadded, "padded"),
        };
        because.push(clue);
        return stale(&because, variant);
    }
    because.extend(seen.listed.seen().map(|_| Clue::SocketUnserved));
    let elsewhere = seen.elsewhere.seen().is_some_and(|all| !all.is_empty());
    because.extend(elsewhere.then_some(Clue::ListensInNamespace));
    let variant = match name.kind {
        NameKind::Path => "",
        NameKind::Abstract if elsewhere => "namespace",
        NameKind::Abstract => "abstract",
    };
    let finding = stale(&because, variant);
    // Its type is a part of an abstract name.
    let looked = seen.listed.seen().is_some() || name.kind == NameKind::Path;
    if looked { finding } else { finding.unless(Code::LocalSocketType) }
}

fn other_type(seen: &UnixAttempt, name: &UnixName, clue: Clue) -> Finding {
    let known = own(seen).any(|socket| socket.socket_type.is_some_and(|kind| kind != name.socket_type));
    let mut because = vec![clue];
    because.extend(known.then_some(Clue::SocketTypeSeen));
    here(Code::LocalSocketType, Certainty::Certain, &because).variant(if known { "seen" } else { "" })
}

fn denied(errno: E, seen: &UnixAttempt, name: &UnixName) -> Finding {
    let finding = |certainty, clue: Clue, variant| {
        here(Code::LocalDenied, certainty, &[Clue::CallFailed, clue]).variant(variant)
    };
    let forbidden = matches!(errno, E::EACCES | E::EPERM);
    if errno == E::EPERM
        && name.socket_type == SocketType::Datagram
        && own(seen).any(|socket| socket.state == UnixState::Connected)
    {
        let finding = finding(Certainty::Certain, Clue::PeerConnected, "peer");
        return Finding { culprit: Some(Culprit::Service), ..finding };
    }
    match seen.file.seen().map(|file| &file.end) {
        Some(Standing::Barred(_)) if errno == E::EACCES => {
            finding(Certainty::Certain, Clue::DirectoryBarred, "directory")
        }
        Some(Standing::File { kind: FileKind::Socket, writable: false, .. }) if forbidden => {
            finding(Certainty::Certain, Clue::NotWritable, "socket")
        }
        Some(Standing::File { kind: FileKind::Socket, writable: true, .. }) if forbidden => {
            finding(Certainty::Likely, Clue::FilePermits, "policy")
        }
        None if forbidden && name.kind == NameKind::Path => {
            let finding = here(Code::LocalDenied, Certainty::Likely, &[Clue::CallFailed]).variant("unix");
            finding.or(&[Code::UnreachableNoSocket])
        }
        // An abstract name has no file that could forbid it.
        None if forbidden => here(Code::LocalDenied, Certainty::Likely, &[Clue::CallFailed]).variant("unix"),
        _ => here(Code::LocalDenied, Certainty::Possible, &[Clue::CallFailed]).variant("unix"),
    }
}
