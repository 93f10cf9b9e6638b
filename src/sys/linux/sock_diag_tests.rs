//! What the kernel says of real sockets on loopback.

use super::*;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn ends_of(client: &TcpStream) -> (SocketAddr, SocketAddr) {
    (client.local_addr().unwrap(), client.peer_addr().unwrap())
}

fn far_end(client: &TcpStream) -> PeerEnd {
    let (local, remote) = ends_of(client);
    SockDiag::open().unwrap().peer_end(local, remote).unwrap()
}

/// By asking for the one socket alone, without going through all.
fn asked_for(client: &TcpStream) -> Option<PeerEnd> {
    let (local, remote) = ends_of(client);
    let (own, other) = (canonical(remote), canonical(local));
    let family = if own.is_ipv4() { AF_INET } else { AF_INET6 };
    let mut sockets = SockDiag::open().unwrap();
    match sockets.socket.ask(request(family, StateFlags::all(), ends(own, other))) {
        Ok(SockDiagMessage::InetResponse(answer)) => peer_end(&answer),
        _ => None,
    }
}

/// A listener of both families on loopback or on the wildcard.
fn dual(address: &str) -> TcpListener {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
    socket.set_only_v6(false).unwrap();
    socket.bind(&address.parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.listen(5).unwrap();
    socket.into()
}

#[test]
fn a_connection_is_unaccepted_until_a_process_takes_it() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(far_end(&client), PeerEnd::Unaccepted, "{address}");
        assert_eq!(asked_for(&client), Some(PeerEnd::Unaccepted), "{address}");
        let (server, _) = listener.accept().unwrap();
        assert_eq!(far_end(&client), PeerEnd::Accepted, "{address}");
        assert_eq!(asked_for(&client), Some(PeerEnd::Accepted), "{address}");
        // Closed by the process: it has had it.
        drop(server);
        assert_eq!(far_end(&client), PeerEnd::Accepted, "{address}");
    }
}

#[test]
fn a_connection_that_the_client_has_half_closed_is_still_unaccepted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(far_end(&client), PeerEnd::Unaccepted);
}

#[test]
fn an_ipv4_connection_of_an_ipv6_listener_is_found() {
    let listener = dual("[::]:0");
    let port = listener.local_addr().unwrap().port();
    let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert_eq!(asked_for(&client), Some(PeerEnd::Unaccepted));
    let _server = listener.accept().unwrap();
    assert_eq!(asked_for(&client), Some(PeerEnd::Accepted));
    assert_eq!(far_end(&client), PeerEnd::Accepted);
    // The client's end may be of the other family as well.
    let (local, remote) = ends_of(&client);
    let mapped = |address: SocketAddr| match address {
        SocketAddr::V4(v4) => SocketAddr::from((v4.ip().to_ipv6_mapped(), v4.port())),
        v6 => v6,
    };
    let end = SockDiag::open().unwrap().peer_end(mapped(local), mapped(remote)).unwrap();
    assert_eq!(end, PeerEnd::Accepted);
}

/// A listener with `TCP_DEFER_ACCEPT`. No safe call sets that option, so Perl does, where there is one; it ends
/// when its input does.
fn deferring(address: &str) -> (Child, u16) {
    const SCRIPT: &str = r#"
        use Socket qw(:DEFAULT inet_pton);
        my $v6 = $ARGV[0] =~ /:/;
        socket(S, $v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or die;
        setsockopt(S, 6, 9, pack("i", 5)) or die;
        bind(S, $v6 ? pack_sockaddr_in6(0, inet_pton(AF_INET6, $ARGV[0])) : pack_sockaddr_in(0, inet_aton($ARGV[0]))) or die;
        listen(S, 5) or die;
        my ($port) = $v6 ? unpack_sockaddr_in6(getsockname(S)) : unpack_sockaddr_in(getsockname(S));
        $| = 1;
        print "$port\n";
        <STDIN>;
    "#;
    let mut perl = Command::new("perl");
    perl.args(["-e", SCRIPT, address]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = perl.spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    (child, port.trim().parse().unwrap())
}

#[test]
fn a_deferred_connection_waits_for_data() {
    for (own, to) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")] {
        let (mut child, port) = deferring(own);
        let mut client = TcpStream::connect((to, port)).unwrap();
        assert_eq!(far_end(&client), PeerEnd::Deferred, "{own}");
        assert_eq!(asked_for(&client), Some(PeerEnd::Deferred), "{own}");
        client.write_all(b"x").unwrap();
        assert_eq!(far_end(&client), PeerEnd::Unaccepted, "{own}");
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}

#[test]
fn a_connection_that_is_bound_to_a_device_is_found_all_the_same() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    if socket.bind_device(Some(b"lo")).is_err() {
        return; // Binding to a device took a right before Linux 5.7.
    }
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.listen(5).unwrap();
    let listener: TcpListener = socket.into();
    let to = listener.local_addr().unwrap();
    let client = TcpStream::connect(to).unwrap();
    assert_eq!(far_end(&client), PeerEnd::Unaccepted);
    let sockets = SockDiag::open().unwrap().listening(to.port()).unwrap();
    let own = sockets.iter().find(|socket| socket.address == to).unwrap();
    assert_eq!(own.device.as_deref(), Some("lo"));
}

#[test]
fn without_a_near_end_nothing_is_said_of_the_far_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    // A reset from the far end leaves nothing of either.
    let (server, _) = listener.accept().unwrap();
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    let (local, remote) = ends_of(&client);
    drop(server);
    assert!(SockDiag::open().unwrap().peer_end(local, remote).is_err());
}

#[test]
fn listeners_near_a_port_are_listed_with_their_queues() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let both = dual("[::]:0");
    let only = TcpListener::bind("[::1]:0").unwrap();
    let mut sockets = SockDiag::open().unwrap();
    let mut find = |listener: &TcpListener| {
        let address = listener.local_addr().unwrap();
        let near = sockets.listening(address.port().saturating_add(NEAR)).unwrap();
        near.into_iter().find(|socket| socket.address == address).unwrap()
    };
    let client = TcpStream::connect(both.local_addr().unwrap()).unwrap();
    let socket = find(&both);
    assert_eq!((socket.only_v6, socket.queue, socket.queue_limit), (Some(false), 1, 5));
    assert!(socket.inode != 0 && socket.device.is_none());
    assert_eq!(socket.uid, nix::unistd::geteuid().as_raw());
    drop(client);
    assert_eq!(find(&plain).only_v6, None);
    assert!(find(&only).only_v6.is_some());
    let far = sockets.listening(plain.local_addr().unwrap().port().wrapping_sub(NEAR + 1)).unwrap();
    assert!(!far.iter().any(|socket| socket.address == plain.local_addr().unwrap()));
}

#[test]
fn datagram_sockets_are_listed_while_they_are_connected_to_nobody() {
    let plain = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    let mut sockets = SockDiag::open().unwrap();
    let mut has =
        || sockets.bound(address.port()).unwrap().into_iter().find(|socket| socket.address == address);
    let found = has().unwrap();
    assert!(found.inode != 0 && found.only_v6.is_none() && found.device.is_none());
    plain.connect(address).unwrap();
    assert!(has().is_none());
}
