use super::*;
use crate::model::target::Target;
use crate::model::{Access, FileKind, Standing, UnixState};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect as connect_to, listen, socket,
};
use std::io::Write as _;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::PathBuf;
use std::{env, fs, process, thread};
use tokio::sync::watch;

/// A directory of this test's own, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = env::temp_dir().join(format!("whyconn-unix-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ask(target: &str) -> UnixAttempt {
    ask_within(target, 300.0)
}

fn ask_within(target: &str, timeout_ms: f64) -> UnixAttempt {
    let mut request = Request::new(Target::parse(target, &|_| None).unwrap());
    request.timeout_ms = Millis(timeout_ms);
    request.grace_ms = Millis(50.0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stop = watch::Sender::new(false);
    runtime.block_on(unix(&request, Arc::new(Tables::default()), true, stop.subscribe()))
}

fn errno(seen: &UnixAttempt) -> Option<E> {
    seen.failed.map(|failed| failed.errno.get())
}

fn listed(seen: &UnixAttempt) -> &[UnixListed] {
    seen.listed.seen().map(Vec::as_slice).unwrap_or_default()
}

/// A bound socket, without listen.
fn bound(kind: SockType, address: &UnixAddr) -> OwnedFd {
    let socket = socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC, None).unwrap();
    bind(socket.as_raw_fd(), address).unwrap();
    socket
}

#[test]
fn a_quiet_connection_is_accepted_or_not() {
    let dir = Scratch::new("quiet");
    let path = dir.path("s");
    let listener = UnixListener::bind(&path).unwrap();
    let seen = ask(&path);
    assert_eq!(seen.after, Fact::Seen(AfterHandshake::Quiet));
    assert_eq!(seen.acceptance.seen().map(|acceptance| acceptance.peer), Some(PeerEnd::Unaccepted));
    let peer = seen.peer.seen().unwrap();
    assert_eq!((peer.pid, peer.uid), (process::id(), nix::unistd::geteuid().as_raw()));
    assert_eq!(listed(&seen).len(), 1);
    assert_eq!((listed(&seen)[0].state, listed(&seen)[0].same), (UnixState::Listen, true));
    assert_eq!(listed(&seen)[0].process.seen().map(|process| process.pid), Some(process::id()));
    let server = thread::spawn(move || {
        let old = listener.accept().unwrap();
        let new = listener.accept().unwrap();
        thread::sleep(Duration::from_millis(400));
        drop((old, new));
    });
    let seen = ask(&path);
    assert_eq!(seen.acceptance.seen().map(|acceptance| acceptance.peer), Some(PeerEnd::Accepted));
    server.join().unwrap();
}

#[test]
fn what_the_peer_does_is_seen() {
    let dir = Scratch::new("peer");
    for (name, wanted) in [
        ("close", AfterHandshake::Closed),
        ("speak", AfterHandshake::Data(5)),
        ("die", AfterHandshake::Reset),
    ] {
        let path = dir.path(name);
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || match name {
            "close" => drop(listener.accept().unwrap()),
            "speak" => {
                let (mut peer, _) = listener.accept().unwrap();
                peer.write_all(b"hello").unwrap();
                thread::sleep(Duration::from_millis(100));
            }
            // A listener that dies with the connection in its queue resets it.
            _ => {
                let mut queued = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
                assert_eq!(poll(&mut queued, PollTimeout::from(10_000_u16)), Ok(1));
            }
        });
        assert_eq!(ask(&path).after, Fact::Seen(wanted), "{name}");
        server.join().unwrap();
    }
}

#[test]
fn a_stale_file_has_nobody_in_the_list() {
    let dir = Scratch::new("stale");
    let path = dir.path("s");
    drop(UnixListener::bind(&path).unwrap());
    let seen = ask(&path);
    assert_eq!((errno(&seen), listed(&seen).len()), (Some(E::ECONNREFUSED), 0));
    let Standing::File { kind, writable, .. } = seen.file.seen().unwrap().end else { panic!("{seen:?}") };
    assert_eq!((kind, writable), (FileKind::Socket, true));
    assert_eq!(seen.you.seen().map(|you| you.uid), Some(nix::unistd::geteuid().as_raw()));
}

#[test]
fn bound_is_told_from_listening_and_from_shut_down() {
    let dir = Scratch::new("bound");
    let path = dir.path("s");
    let server = bound(SockType::Stream, &UnixAddr::new(path.as_str()).unwrap());
    let seen = ask(&path);
    assert_eq!((errno(&seen), listed(&seen)[0].state), (Some(E::ECONNREFUSED), UnixState::Bound));
    listen(&server, Backlog::new(5).unwrap()).unwrap();
    nix::sys::socket::shutdown(server.as_raw_fd(), nix::sys::socket::Shutdown::Both).unwrap();
    let seen = ask(&path);
    assert_eq!(errno(&seen), Some(E::ECONNREFUSED));
    assert_eq!((listed(&seen)[0].state, listed(&seen)[0].shut), (UnixState::Listen, true));
}

#[test]
fn a_file_replaced_under_its_listener_is_seen_by_its_inode() {
    let dir = Scratch::new("replaced");
    let path = dir.path("s");
    let _living = UnixListener::bind(&path).unwrap();
    fs::rename(&path, dir.path("moved")).unwrap();
    let seen = ask(&path);
    assert_eq!(errno(&seen), Some(E::ENOENT));
    assert!(listed(&seen).iter().all(|socket| !socket.same && socket.is_open()), "{seen:?}");
    assert_eq!(listed(&seen).len(), 1);
    drop(UnixListener::bind(&path).unwrap());
    let seen = ask(&path);
    assert_eq!((errno(&seen), listed(&seen)[0].same), (Some(E::ECONNREFUSED), false));
    // Under its new name it is the same socket still.
    let moved = ask(&dir.path("moved"));
    assert!(moved.connected_ms.is_some() && listed(&moved)[0].same, "{moved:?}");
}

#[test]
fn a_full_queue_is_waited_for_as_a_blocking_client_does() {
    let dir = Scratch::new("full");
    let path = dir.path("s");
    let address = UnixAddr::new(path.as_str()).unwrap();
    let server = bound(SockType::Stream, &address);
    listen(&server, Backlog::new(1).unwrap()).unwrap();
    let clients: Vec<OwnedFd> = (0..2)
        .map(|_| {
            let client = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None).unwrap();
            connect_to(client.as_raw_fd(), &address).unwrap();
            client
        })
        .collect();
    let seen = ask(&path);
    assert_eq!(errno(&seen), Some(E::EAGAIN));
    assert!(seen.full_ms.is_some_and(|full| (295.0..400.0).contains(&full.0)), "{seen:?}");
    assert_eq!((listed(&seen)[0].queue, listed(&seen)[0].queue_limit), (Some(2), Some(1)));
    assert!(listed(&seen)[0].is_full());
    let accepting = thread::spawn(move || {
        thread::sleep(Duration::from_millis(60));
        let first = nix::sys::socket::accept(server.as_raw_fd()).unwrap();
        thread::sleep(Duration::from_millis(400));
        drop((first, server));
    });
    let seen = ask(&path);
    assert!(seen.connected_ms.is_some_and(|at| at.0 > 40.0) && seen.full_ms.is_some(), "{seen:?}");
    drop(clients);
    accepting.join().unwrap();
}

#[test]
fn each_type_is_tried_as_it_is_asked_for() {
    let dir = Scratch::new("types");
    let datagram = dir.path("d");
    let _server = UnixDatagram::bind(&datagram).unwrap();
    let seen = ask(&datagram);
    assert_eq!(
        (errno(&seen), listed(&seen)[0].socket_type),
        (Some(E::EPROTOTYPE), Some(SocketType::Datagram))
    );
    let seen = ask(&format!("unix-dgram:{datagram}"));
    assert!(seen.connected_ms.is_some() && !seen.after.was_asked() && !seen.peer.was_asked(), "{seen:?}");
    let packets = dir.path("q");
    let server = bound(SockType::SeqPacket, &UnixAddr::new(packets.as_str()).unwrap());
    listen(&server, Backlog::new(5).unwrap()).unwrap();
    assert_eq!(errno(&ask(&packets)), Some(E::EPROTOTYPE));
    assert!(ask(&format!("unix-seqpacket:{packets}")).connected_ms.is_some());
}

#[test]
fn a_datagram_socket_that_is_connected_takes_nobody_else() {
    let dir = Scratch::new("taken");
    let (one, other) =
        (UnixDatagram::bind(dir.path("a")).unwrap(), UnixDatagram::bind(dir.path("b")).unwrap());
    one.connect(dir.path("b")).unwrap();
    let seen = ask(&format!("unix-dgram:{}", dir.path("a")));
    assert_eq!((errno(&seen), listed(&seen)[0].state), (Some(E::EPERM), UnixState::Connected));
    drop(other);
}

#[test]
fn an_abstract_name_is_looked_up_with_its_type() {
    let name = format!("whyconn-test-{}", process::id());
    let target = format!("unix:@{name}");
    assert_eq!(errno(&ask(&target)), Some(E::ECONNREFUSED));
    let address = UnixAddr::new_abstract(name.as_bytes()).unwrap();
    let datagram = bound(SockType::Datagram, &address);
    let seen = ask(&target);
    assert_eq!((errno(&seen), seen.file.was_asked()), (Some(E::ECONNREFUSED), false));
    assert_eq!(
        (listed(&seen)[0].name.as_str(), listed(&seen)[0].socket_type),
        (&target[5..], Some(SocketType::Datagram))
    );
    let stream = bound(SockType::Stream, &address);
    listen(&stream, Backlog::new(5).unwrap()).unwrap();
    let seen = ask(&target);
    assert!(seen.connected_ms.is_some() && listed(&seen).len() == 2, "{seen:?}");
    drop(datagram);
}

#[test]
fn what_is_no_socket_is_told_as_what_it_is() {
    let dir = Scratch::new("files");
    fs::write(dir.path("plain"), "x").unwrap();
    let kind = |path: String| match ask(&path).file.seen().map(|file| file.end.clone()) {
        Some(Standing::File { kind, access: Access { .. }, .. }) => Some(kind),
        _ => None,
    };
    assert_eq!(kind(dir.path("plain")), Some(FileKind::File));
    assert_eq!(kind(dir.path(".")), Some(FileKind::Directory));
    let seen = ask(&dir.path("none/s"));
    assert_eq!(errno(&seen), Some(E::ENOENT));
    assert!(matches!(seen.file.seen().unwrap().end, Standing::Missing { .. }));
}

#[test]
fn a_refusal_is_told_at_once() {
    let begun = Instant::now();
    ask_within("/nonexistent/socket", 60_000.0);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn an_abstract_name_that_was_padded_is_found() {
    let name = format!("whyconn-padded-{}", process::id());
    let mut padded = name.clone().into_bytes();
    padded.resize(107, 0);
    let server = bound(SockType::Stream, &UnixAddr::new_abstract(&padded).unwrap());
    listen(&server, Backlog::new(5).unwrap()).unwrap();
    let seen = ask(&format!("unix:@{name}"));
    let socket = &listed(&seen)[0];
    assert_eq!((errno(&seen), socket.same, socket.is_open()), (Some(E::ECONNREFUSED), false, true));
    assert_eq!((&socket.name, socket.padding as usize), (&format!("@{name}"), 107 - name.len()));
}
