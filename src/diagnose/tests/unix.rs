//! Unix sockets: every errno that connect gives, with what the file system and the kernel's list say.

use super::build::World;
use super::row::{Row, client, nobody, row, service};
use crate::diagnose::diagnose;
use crate::model::{
    Acceptance, Access, AfterHandshake, Barrier, Call, Credentials, Evidence, Fact, FailedCall, FileKind,
    ForeignUnix, Millis, PathLook, PeerEnd, Process, Request, SocketType, Standing, Target, UnixAttempt,
    UnixListed, UnixPeer, UnixState,
};
use crate::report::report;
use crate::verdict::Certainty::{Certain, Likely, Possible};
use nix::errno::Errno as E;

const PATH: &str = "/run/app/app.sock";

fn world(input: &str, attempt: UnixAttempt) -> World {
    let target = Target::parse(input, &|_| None).unwrap();
    let mut evidence = Evidence::new(Request::new(target));
    evidence.unix = Fact::Seen(UnixAttempt { ended_ms: Millis(0.4), ..attempt });
    evidence.elapsed_ms = Millis(0.5);
    World(evidence)
}

fn failed(errno: E) -> UnixAttempt {
    UnixAttempt {
        failed: Some(FailedCall { call: Call::Connect, errno: errno.into() }),
        you: Fact::Seen(Credentials { uid: 1000, gid: 1000, groups: vec![27, 1000] }),
        listed: Fact::Seen(Vec::new()),
        ..UnixAttempt::default()
    }
}

fn at(end: Standing, attempt: UnixAttempt) -> UnixAttempt {
    UnixAttempt { file: Fact::Seen(PathLook { real: PATH.into(), end }), ..attempt }
}

fn file(kind: FileKind, writable: bool) -> Standing {
    Standing::File { kind, access: Access { mode: "0660".into(), uid: 0, gid: 42 }, inode: 77, writable }
}

fn missing(at: &str, link: Option<&str>) -> Standing {
    Standing::Missing { at: at.into(), link: link.map(ToOwned::to_owned) }
}

fn listening(name: &str) -> UnixListed {
    UnixListed {
        name: name.into(),
        socket_type: Some(SocketType::Stream),
        state: UnixState::Listen,
        shut: false,
        same: true,
        padding: 0,
        queue: Some(0),
        queue_limit: Some(5),
        uid: Some(33),
        process: Fact::Seen(Process { pid: 812, name: "appd".into() }),
        cgroup: Some("/system.slice/appd.service".into()),
    }
}

fn with(listed: impl IntoIterator<Item = UnixListed>, attempt: UnixAttempt) -> UnixAttempt {
    UnixAttempt { listed: Fact::Seen(listed.into_iter().collect()), ..attempt }
}

fn connected(after: AfterHandshake) -> UnixAttempt {
    let peer = UnixPeer { pid: 812, uid: 33, gid: 33, name: Some("appd".into()), cgroup: None };
    UnixAttempt {
        connected_ms: Some(Millis(0.02)),
        peer: Fact::Seen(peer),
        after: Fact::Seen(after),
        acceptance: match after {
            AfterHandshake::Quiet => accepted(PeerEnd::Accepted, 250.0),
            _ => Fact::NotAsked,
        },
        listed: Fact::Seen(vec![listening(PATH)]),
        ..UnixAttempt::default()
    }
}

fn accepted(peer: PeerEnd, after_ms: f64) -> Fact<Acceptance> {
    Fact::Seen(Acceptance { peer, after_ms: Millis(after_ms), listener: None })
}

fn full(ms: f64) -> UnixAttempt {
    UnixAttempt { full_ms: Some(Millis(ms)), ..failed(E::EAGAIN) }
}

fn elsewhere() -> Fact<Vec<ForeignUnix>> {
    let member = Process { pid: 4711, name: "dbus-daemon".into() };
    Fact::Seen(vec![ForeignUnix { namespace: 4026532300, member, cgroup: None }])
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = refused();
    rows.extend(unreached());
    rows.extend(denied());
    rows.extend(taken());
    rows
}

fn refused() -> Vec<Row> {
    let stale = || at(file(FileKind::Socket, true), failed(E::ECONNREFUSED));
    let row = |name, input, attempt, certainty, variant| {
        row(name, world(input, attempt), "refused.stale-socket", certainty, service(), variant)
    };
    let bound = UnixListed { state: UnixState::Bound, queue: None, queue_limit: None, ..listening(PATH) };
    let hidden = UnixListed {
        process: Fact::CouldNotLook("the process belongs to another user, or is closed to this one".into()),
        ..bound.clone()
    };
    let shut = UnixListed { shut: true, ..listening(PATH) };
    let moved = UnixListed { same: false, ..listening(PATH) };
    let name = |socket: UnixListed| UnixListed { name: "@bus".into(), ..socket };
    let gone = failed(E::ECONNREFUSED);
    let unlisted = UnixAttempt { listed: Fact::CouldNotLook("sock_diag: ENOENT".into()), ..stale() };
    vec![
        row("a stale file", PATH, stale(), Certain, ""),
        row("a stale file, no list", PATH, unlisted, Certain, ""),
        row("bound, listen not called", PATH, with([bound.clone()], stale()), Certain, "bound"),
        row("bound by another user", PATH, with([hidden], stale()), Certain, "bound"),
        row("a listener that shut down", PATH, with([shut], stale()), Certain, "shut"),
        row("a stale file over a live listener", PATH, with([moved], stale()), Certain, "replaced"),
        row("open by now", PATH, with([listening(PATH)], stale()), Likely, "").or(&["connected.ok"]),
        row("the file was not looked at", PATH, failed(E::ECONNREFUSED), Likely, "")
            .or(&["unreachable.no-socket"]),
        row("the file is gone by now", PATH, at(missing(PATH, None), failed(E::ECONNREFUSED)), Likely, "")
            .or(&["unreachable.no-socket"]),
        row("an abstract name that nobody has", "unix:@bus", gone.clone(), Certain, "abstract"),
        row(
            "an abstract name with NUL bytes behind it",
            "unix:@bus",
            with([name(UnixListed { same: false, padding: 103, ..listening(PATH) })], gone.clone()),
            Certain,
            "padded",
        ),
        row("an abstract name, bound", "unix:@bus", with([name(bound)], gone.clone()), Certain, "bound"),
        row(
            "an abstract name, open by now",
            "unix:@bus",
            with([name(listening(PATH))], gone.clone()),
            Likely,
            "abstract",
        ),
        row(
            "an abstract name of another network namespace",
            "unix:@bus",
            UnixAttempt { elsewhere: elsewhere(), ..gone },
            Certain,
            "namespace",
        ),
    ]
}

fn unreached() -> Vec<Row> {
    let row = |name, attempt, certainty, variant| {
        row(name, world(PATH, attempt), "unreachable.no-socket", certainty, client(), variant)
    };
    let none = || failed(E::ENOENT);
    let link = Some("/run/app/app.sock");
    let moved = UnixListed { same: false, ..listening(PATH) };
    let barrier = Barrier { path: "/run/app".into(), access: None };
    vec![
        row("no file", at(missing(PATH, None), none()), Certain, "missing"),
        row("no directory", at(missing("/run/app", None), none()), Certain, "missing"),
        row("a dangling link", at(missing("/srv/gone", link), none()), Certain, "link"),
        row(
            "a file removed under a live listener",
            with([moved.clone()], at(missing(PATH, None), none())),
            Certain,
            "removed",
        ),
        row("no file, and nobody looked", none(), Certain, ""),
        row("a file that came since", at(file(FileKind::Socket, true), none()), Likely, "")
            .or(&["connected.ok"]),
        row(
            "a plain file on the way",
            at(Standing::NotDirectory { at: "/run/app".into() }, failed(E::ENOTDIR)),
            Certain,
            "not-a-directory",
        ),
        row("a circle of links", at(Standing::Loop, failed(E::ELOOP)), Certain, ""),
        row(
            "a plain file that may be written to",
            at(file(FileKind::File, true), failed(E::ECONNREFUSED)),
            Certain,
            "not-a-socket",
        ),
        row(
            "a plain file that may not",
            at(file(FileKind::File, false), failed(E::EACCES)),
            Certain,
            "not-a-socket",
        ),
        row(
            "a plain file on a read-only file system",
            at(file(FileKind::File, false), failed(E::EROFS)),
            Certain,
            "not-a-socket",
        ),
        row(
            "a plain file over a live listener",
            with([moved], at(file(FileKind::File, true), failed(E::ECONNREFUSED))),
            Certain,
            "not-a-socket",
        ),
        row("a directory", at(file(FileKind::Directory, false), failed(E::EACCES)), Certain, "not-a-socket"),
        row(
            "a directory, asked by root",
            at(file(FileKind::Directory, true), failed(E::ECONNREFUSED)),
            Certain,
            "not-a-socket",
        ),
        row("a pipe", at(file(FileKind::Pipe, true), failed(E::ECONNREFUSED)), Certain, "not-a-socket"),
        row("a device", at(file(FileKind::Device, true), failed(E::ECONNREFUSED)), Certain, "not-a-socket"),
        row(
            "ENOENT behind a directory that is barred now",
            at(Standing::Barred(barrier), none()),
            Certain,
            "",
        ),
    ]
}

fn denied() -> Vec<Row> {
    let row = |name, input, attempt, certainty, culprit, variant| {
        row(name, world(input, attempt), "local.denied", certainty, culprit, variant)
    };
    let path = |name, attempt, certainty, variant| row(name, PATH, attempt, certainty, client(), variant);
    let no = || failed(E::EACCES);
    let access = Some(Access { mode: "0700".into(), uid: 0, gid: 0 });
    let barred = |access| Standing::Barred(Barrier { path: "/run/app".into(), access });
    let datagram = UnixListed {
        socket_type: Some(SocketType::Datagram),
        state: UnixState::Connected,
        queue: None,
        queue_limit: None,
        ..listening(PATH)
    };
    vec![
        path("a directory that may not be searched", at(barred(access.clone()), no()), Certain, "directory"),
        path("one whose mode can't be read", at(barred(None), no()), Certain, "directory"),
        path(
            "a directory that may not be searched, over a listener",
            with([listening(PATH)], at(barred(access), no())),
            Certain,
            "directory",
        ),
        path(
            "a socket that may not be written to",
            at(file(FileKind::Socket, false), no()),
            Certain,
            "socket",
        ),
        path("an LSM", at(file(FileKind::Socket, true), no()), Likely, "policy"),
        path("an LSM that says EPERM", at(file(FileKind::Socket, true), failed(E::EPERM)), Likely, "policy"),
        path("nobody looked", no(), Likely, "unix").or(&["unreachable.no-socket"]),
        path("an errno that nobody expects", failed(E::EIO), Possible, "unix"),
        row("Landlock and an abstract name", "unix:@bus", failed(E::EPERM), Likely, client(), "unix"),
        row(
            "a datagram socket that is connected elsewhere",
            "unix-dgram:/run/app/app.sock",
            with([datagram], at(file(FileKind::Socket, true), failed(E::EPERM))),
            Certain,
            service(),
            "peer",
        ),
    ]
}

fn taken() -> Vec<Row> {
    let stuck = |ms| UnixAttempt {
        acceptance: accepted(PeerEnd::Unaccepted, ms),
        ..connected(AfterHandshake::Quiet)
    };
    let activated = {
        let peer = UnixPeer { pid: 1, uid: 0, gid: 0, name: Some("systemd".into()), cgroup: None };
        UnixAttempt { peer: Fact::Seen(peer), ..stuck(1000.2) }
    };
    let datagram = UnixListed {
        socket_type: Some(SocketType::Datagram),
        state: UnixState::Bound,
        queue: None,
        queue_limit: None,
        ..listening(PATH)
    };
    let wrong = || at(file(FileKind::Socket, true), failed(E::EPROTOTYPE));
    let crowded = UnixListed { queue: Some(6), ..listening(PATH) };
    let sent = UnixAttempt {
        connected_ms: Some(Millis(0.02)),
        listed: Fact::Seen(vec![datagram.clone()]),
        ..UnixAttempt::default()
    };
    let foreign = UnixAttempt { listed: Fact::Seen(Vec::new()), ..connected(AfterHandshake::Quiet) };
    let ok = "connected.ok";
    vec![
        row("open and quiet", world(PATH, connected(AfterHandshake::Quiet)), ok, Certain, nobody(), "unix"),
        row("open in another network namespace", world(PATH, foreign), ok, Certain, nobody(), "unix"),
        row("a banner", world(PATH, connected(AfterHandshake::Data(12))), ok, Certain, nobody(), "unix"),
        row(
            "open after a wait",
            world(PATH, UnixAttempt { full_ms: Some(Millis(120.0)), ..connected(AfterHandshake::Quiet) }),
            ok,
            Certain,
            nobody(),
            "unix",
        ),
        row("datagrams", world("unix-dgram:/run/app/app.sock", sent), ok, Likely, nobody(), "datagram"),
        row(
            "closed at once",
            world(PATH, connected(AfterHandshake::Closed)),
            "service.closed",
            Certain,
            service(),
            "unix",
        ),
        row(
            "reset at once",
            world(PATH, connected(AfterHandshake::Reset)),
            "service.reset",
            Certain,
            service(),
            "unix",
        ),
        row(
            "never accepted",
            world(PATH, stuck(3000.2)),
            "service.not-accepting",
            Certain,
            service(),
            "unix",
        ),
        row(
            "a service that systemd is to start",
            world(PATH, activated),
            "service.not-accepting",
            Likely,
            service(),
            "unix",
        )
        .or(&[ok]),
        row(
            "not accepted yet",
            world(PATH, stuck(500.0)),
            "service.not-accepting",
            Likely,
            service(),
            "unix",
        )
        .or(&[ok]),
        row(
            "a full queue",
            world(PATH, with([crowded], at(file(FileKind::Socket, true), full(4000.0)))),
            "timeout.accept-queue",
            Certain,
            service(),
            "unix",
        ),
        row(
            "a full queue, not listed",
            world(PATH, full(4000.0)),
            "timeout.accept-queue",
            Certain,
            service(),
            "unix",
        ),
        row(
            "a datagram socket",
            world(PATH, with([datagram.clone()], wrong())),
            "local.socket-type",
            Certain,
            client(),
            "seen",
        ),
        row(
            "a socket of another type, not listed",
            world(PATH, wrong()),
            "local.socket-type",
            Certain,
            client(),
            "",
        ),
        row(
            "an abstract name of another type",
            world(
                "unix:@bus",
                with([UnixListed { name: "@bus".into(), ..datagram }], failed(E::ECONNREFUSED)),
            ),
            "local.socket-type",
            Certain,
            client(),
            "seen",
        ),
        row(
            "no descriptor",
            world(
                PATH,
                UnixAttempt {
                    failed: Some(FailedCall { call: Call::Socket, errno: E::EMFILE.into() }),
                    ..failed(E::EMFILE)
                },
            ),
            "local.limits",
            Certain,
            client(),
            "files",
        ),
        row("too many sockets", world(PATH, failed(E::ENFILE)), "local.limits", Certain, client(), "files"),
    ]
}

#[test]
fn every_row_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    for row in rows() {
        let finding = diagnose(&row.evidence).finding;
        let same = (finding.code, finding.certainty, &finding.culprit, finding.variant)
            == (row.code, row.certainty, &row.culprit, row.variant)
            && row.alternatives.as_ref().is_none_or(|wanted| *wanted == finding.alternatives);
        if !same {
            wrong.push(format!("{}: {finding:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_report_has_the_attempt_and_the_listener_and_no_port() {
    let (told, story) = report(world(PATH, connected(AfterHandshake::Quiet)).0);
    assert_eq!(told.target.port, None);
    assert_eq!((told.target.host.as_str(), told.target.transport.to_string()), (PATH, "unix".into()));
    assert_eq!(told.attempts[0].address, "unix:/run/app/app.sock");
    let listener = &told.listeners[0];
    assert_eq!(listener.address, "unix:/run/app/app.sock");
    assert_eq!(listener.process.as_ref().map(|process| process.pid), Some(812));
    assert_eq!((listener.uid, listener.unit.as_deref()), (33, Some("appd.service")));
    assert!(story.conversation.is_none() && told.path.is_none() && told.resolution.addresses.is_empty());
}

#[test]
fn a_path_is_one_word_for_a_shell() {
    let (told, _) =
        report(world("/run/my app; rm x/s", at(missing("/run/my app; rm x/s", None), failed(E::ENOENT))).0);
    let commands: Vec<_> = told.verdict.next.iter().filter_map(|step| step.command.as_deref()).collect();
    assert!(commands.contains(&"ls -la '/run/my app; rm x'"), "{commands:?}");
}

#[test]
fn who_one_is_and_what_bars_the_way_are_told_in_numbers() {
    let barrier =
        Barrier { path: "/run/app".into(), access: Some(Access { mode: "0750".into(), uid: 0, gid: 42 }) };
    let (_, story) = report(world(PATH, at(Standing::Barred(barrier), failed(E::EACCES))).0);
    let wanted =
        "/run/app may not be searched (mode 0750, owner 0, group 42); this is user 1000, groups 1000 27";
    assert!(story.because.iter().any(|line| line == wanted), "{:?}", story.because);
}
