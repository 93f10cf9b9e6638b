//! Unix sockets: services, sockets on which nobody listens, and files that a dead service left.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use nix::unistd::{Uid, chown};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::conversation::converse;
use crate::inside::OTHER_USER;
use crate::listen::await_connection;
use crate::service::{Behaviour, Kind, State, Unix, User};

/// Where a world's paths are: a file system of its own.
const PLACE: &str = "/run";

/// Who may write may connect: by default all.
const FOR_ALL: &str = "0777";

pub(crate) fn socket(kind: Kind) -> std::io::Result<Socket> {
    let kind = match kind {
        Kind::Stream => Type::STREAM,
        Kind::Dgram => Type::DGRAM,
        Kind::Seqpacket => Type::from(libc::SOCK_SEQPACKET),
    };
    Socket::new(Domain::UNIX, kind, None)
}

/// A path, or the abstract name behind an `@`.
pub(crate) fn address(path: &str) -> Result<SockAddr, String> {
    let named = match path.strip_prefix('@') {
        Some(name) => SockAddr::unix(format!("\0{name}")),
        None => SockAddr::unix(path),
    };
    named.map_err(|error| format!("{path}: {error}"))
}

/// Makes the directories of a socket, and gives the last one to whom the socket will belong.
pub(crate) fn prepare(unix: &Unix, as_root: bool) -> Result<(), String> {
    let Some(directory) = directory(unix) else { return Ok(()) };
    if !directory.starts_with(PLACE) {
        return Err(format!("{}: paths of a world are below {PLACE}", unix.path));
    }
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", directory.display());
    fs::create_dir_all(directory).map_err(|error| told(&error))?;
    if as_root && unix.user == User::Whyconn && directory != Path::new(PLACE) {
        chown(directory, Some(Uid::from_raw(OTHER_USER)), None).map_err(|error| told(&error))?;
    }
    Ok(())
}

/// What must wait until the socket is there.
pub(crate) fn close_directory(unix: &Unix) -> Result<(), String> {
    match (directory(unix), &unix.directory_mode) {
        (Some(directory), Some(mode)) => permit(directory, mode),
        _ => Ok(()),
    }
}

fn directory(unix: &Unix) -> Option<&Path> {
    if unix.path.starts_with('@') { None } else { Path::new(&unix.path).parent() }
}

fn permit(path: &Path, mode: &str) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("{} {mode}: {error}", path.display());
    let bits = u32::from_str_radix(mode, 8).map_err(|error| told(&error))?;
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).map_err(|error| told(&error))
}

/// Serves until the process ends. `ready` is told when the socket is as the scenario says.
pub(crate) fn serve(unix: &Unix, ready: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot listen on {}: {error}", unix.path);
    let mut socket = socket(unix.kind).map_err(failed)?;
    socket.bind(&address(&unix.path)?).map_err(failed)?;
    if !unix.path.starts_with('@') {
        permit(Path::new(&unix.path), unix.mode.as_deref().unwrap_or(FOR_ALL))?;
    }
    let mut kept = Some(&socket);
    match unix.state {
        State::Serving if unix.kind != Kind::Dgram => socket.listen(unix.backlog).map_err(failed)?,
        State::Serving | State::Bound => {}
        State::Stale => kept = None,
    }
    if kept.is_none() {
        drop(socket);
        ready()?;
        return rest();
    }
    ready()?;
    if unix.state == State::Bound || unix.kind == Kind::Dgram || unix.does == Behaviour::NoAccept {
        return rest();
    }
    let mut held = Vec::new();
    loop {
        if unix.does == Behaviour::Reset {
            await_connection(socket.as_fd()).map_err(failed)?;
            socket = successor(unix).map_err(failed)?;
            continue;
        }
        let (client, _) = socket.accept().map_err(failed)?;
        converse(client, unix.does, &unix.says, None, &mut held);
    }
}

fn rest() -> Result<(), String> {
    loop {
        thread::park();
    }
}

/// A listener that takes over the path before the old one ends, so that it leads to a listener at all times.
fn successor(unix: &Unix) -> std::io::Result<Socket> {
    let fresh = format!("{}.new", unix.path);
    let socket = socket(unix.kind)?;
    socket.bind(&SockAddr::unix(&fresh)?)?;
    socket.listen(unix.backlog)?;
    fs::rename(&fresh, &unix.path)?;
    Ok(socket)
}
