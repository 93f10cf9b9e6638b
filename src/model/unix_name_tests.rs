use super::*;
use crate::model::target::{Target, TargetError};
use crate::model::{Host, Transport};

fn parse(input: &str) -> Result<Target, TargetError> {
    Target::parse(input, &|name| (name == "domain").then_some(53))
}

fn socket(input: &str) -> (NameKind, String, SocketType) {
    let target = parse(input).unwrap();
    assert_eq!((target.port, target.transport), (0, Transport::Unix), "{input}");
    assert_eq!(target.input, input);
    let socket = target.socket().unwrap().clone();
    (socket.kind, socket.name, socket.socket_type)
}

#[test]
fn every_form_of_a_socket_is_read() {
    use NameKind::{Abstract, Path};
    use SocketType::{Datagram, Seqpacket, Stream};
    let rows: &[(&str, NameKind, &str, SocketType)] = &[
        ("/run/x.sock", Path, "/run/x.sock", Stream),
        ("./x.sock", Path, "./x.sock", Stream),
        ("../x.sock", Path, "../x.sock", Stream),
        ("unix:/run/x.sock", Path, "/run/x.sock", Stream),
        ("unix:///run/x.sock", Path, "/run/x.sock", Stream),
        ("UNIX:/run/x", Path, "/run/x", Stream),
        ("unix:x.sock", Path, "x.sock", Stream),
        ("unix:run/x", Path, "run/x", Stream),
        ("unix://run/x", Path, "run/x", Stream),
        ("unix:-rf", Path, "./-rf", Stream),
        ("unix:@bus", Abstract, "bus", Stream),
        ("unix://@bus", Abstract, "bus", Stream),
        ("unix:@/tmp/.X11-unix/X0", Abstract, "/tmp/.X11-unix/X0", Stream),
        ("unix:@@", Abstract, "@", Stream),
        ("unix-stream:80", Path, "80", Stream),
        ("unix-dgram:/dev/log", Path, "/dev/log", Datagram),
        ("unix-seqpacket:/run/udev/control", Path, "/run/udev/control", Seqpacket),
        ("unix-seqpacket:@x:80", Abstract, "x:80", Seqpacket),
        ("/run/a:80", Path, "/run/a:80", Stream),
        ("/run/http://x", Path, "/run/http://x", Stream),
        ("/", Path, "/", Stream),
    ];
    for (input, kind, name, socket_type) in rows {
        assert_eq!(socket(input), (*kind, (*name).to_owned(), *socket_type), "{input}");
    }
}

#[test]
fn a_host_named_unix_is_still_a_host() {
    for (input, port) in [("unix:80", 80), ("unix:domain", 53), ("unix:https", 443)] {
        let target = parse(input).unwrap();
        assert_eq!((target.host, target.port), (Host::Name("unix".into()), port), "{input}");
    }
    assert!(matches!(parse("unixx:/run/x"), Err(TargetError::Service(_))));
    assert!(matches!(parse("db"), Err(TargetError::NoPort(_))));
    assert!(matches!(parse("unix"), Err(TargetError::NoPort(_))));
}

#[test]
fn mistakes_are_told_in_one_line() {
    let said = |input: &str| parse(input).unwrap_err().to_string();
    assert_eq!(said("unix:"), "'unix:' names no socket: give unix:/PATH or unix:@NAME");
    assert_eq!(said("unix:@"), "'unix:@' names no socket: give unix:/PATH or unix:@NAME");
    assert_eq!(said("unix://"), "'unix://' names no socket: give unix:/PATH or unix:@NAME");
    assert!(said("unix:/a\0b").contains("has a NUL byte inside"));
    let long = format!("/{}", "x".repeat(107));
    assert!(
        said(&long).contains("has 108 bytes, and the address of a unix socket has room for 107"),
        "{long}"
    );
    // Bytes count, not characters.
    assert!(said(&format!("/{}", "é".repeat(54))).contains("has 109 bytes"));
    assert!(said(&format!("unix:@{}", "x".repeat(108))).starts_with("the name '@xxx"));
    for input in [format!("unix:{}", "/a\u{1b}[31m\n".repeat(1000)), "unix:/\u{202e}\0".to_owned()] {
        let said = said(&input);
        assert!(said.len() < 400 && !said.chars().any(crate::sanitize::is_unsafe), "{said}");
    }
}

#[test]
fn a_socket_has_room_for_107_bytes() {
    let path = format!("/{}", "x".repeat(106));
    assert_eq!(socket(&path).1.len(), 107);
    assert_eq!(socket(&format!("unix:@{}", "x".repeat(107))).1.len(), 107);
}

#[test]
fn a_socket_has_no_port() {
    for host in ["/run/x", "unix:/run/x", "unix:@x", "./x", "unix-dgram:/dev/log"] {
        let error = Target::parse_pair(host, "80", &|_| None).unwrap_err();
        assert_eq!(error.to_string(), "'80' is one word too many: a unix socket has no port");
    }
    assert!(Target::parse_pair("unix", "80", &|_| None).is_ok());
}

#[test]
fn what_is_shown_is_read_back() {
    for input in ["unix:/run/x", "unix:@bus", "unix-dgram:/dev/log", "unix-seqpacket:@x", "unix:./-rf"] {
        let target = parse(input).unwrap();
        assert_eq!(target.endpoint(), input);
        let json = serde_json::to_string(&target).unwrap();
        assert_eq!(serde_json::from_str::<Target>(&json).unwrap(), target, "{json}");
    }
}

#[test]
fn datagrams_change_a_socket_s_type_and_nothing_else() {
    let twice = parse("//run/x").unwrap();
    assert_eq!(parse(&twice.endpoint()).unwrap().host, twice.host, "{}", twice.endpoint());
    assert_eq!(parse("/dev/log").unwrap().with_datagrams().endpoint(), "unix-dgram:/dev/log");
    assert_eq!(parse("db:80").unwrap().with_datagrams(), parse("db:80").unwrap());
}
