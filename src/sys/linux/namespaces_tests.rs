//! Tables of other namespaces: their text, and a real one.

use super::*;
use std::process::{Command, Stdio};

const TRIE: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 198.51.100.0/24 2 0 2
        |-- 198.51.100.0
           /24 link UNICAST
        |-- 198.51.100.7
           /32 host LOCAL
        |-- 198.51.100.255
           /32 link BROADCAST
Local:
";

#[test]
fn the_trie_tells_local_addresses_from_others() {
    let has = |address: &str| trie_has(TRIE.as_bytes(), address.parse().unwrap());
    assert!(has("198.51.100.7") && has("127.0.0.1") && has("127.9.9.9"));
    for other in ["198.51.100.8", "198.51.100.0", "198.51.100.255", "203.0.113.1", "0.0.0.0"] {
        assert!(!has(other), "{other}");
    }
    for broken in ["", "/32 host LOCAL", "|-- x\n/32 host LOCAL", "|-- 1.2.3.4\n/99999 host LOCAL", "\u{0}"] {
        assert!(!trie_has(broken.as_bytes(), "198.51.100.7".parse().unwrap()), "{broken:?}");
    }
}

#[test]
fn an_ipv6_address_is_found_in_its_table() {
    let table = "\
00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000007 02 40 00 80     eth0
fe80
";
    let has = |address: &str| inet6_has(table.as_bytes(), address.parse().unwrap());
    assert!(has("2001:db8::7") && has("::1"));
    assert!(!has("2001:db8::8") && !has("fe80::"));
}

#[test]
fn listeners_alone_are_read_of_a_table() {
    let line = |state: &str| {
        format!(
            "   0: 0100007F:1538 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  101        0 \
             5151 1 0000000000000000 100 0 0 10 0\n"
        )
    };
    let table = [
        "  sl  local_address rem_address   st\n",
        &line("0A"),
        &line("03"),
        &line("0A"),
        &line("01"),
        &line("0A"),
    ];
    let kept = listening_lines(table.concat().as_bytes()).unwrap();
    let sockets = TcpNetEntries::from_buf_read(kept.as_slice(), procfs::current_system_info()).unwrap().0;
    assert_eq!(sockets.len(), 2);
    let first = sockets.first().unwrap();
    assert_eq!((first.uid, first.inode), (101, 5151));
    if cfg!(target_endian = "little") {
        assert_eq!(first.local_address, "127.0.0.1:5432".parse().unwrap());
    }
}

#[test]
fn a_users_own_group_goes_before_the_one_that_all_share() {
    let groups = |rows: &[(u32, &str)]| -> Vec<(Option<u32>, Option<String>)> {
        let group = |group: &str| Some(group.to_owned()).filter(|group| group != "/");
        rows.iter().map(|(uid, path)| (Some(*uid), group(path))).collect()
    };
    let mixed = groups(&[(0, "/a"), (7, "/b"), (7, "/b")]);
    assert_eq!(shared_cgroup(&mixed, 7).as_deref(), Some("/b"));
    assert_eq!(shared_cgroup(&mixed, 0).as_deref(), Some("/a"));
    assert_eq!(shared_cgroup(&mixed, 9), None);
    let one = groups(&[(0, "/a"), (0, "/a")]);
    assert_eq!(shared_cgroup(&one, 9).as_deref(), Some("/a"));
    assert_eq!(shared_cgroup(&groups(&[(7, "/a"), (7, "/b")]), 7), None);
    assert_eq!(shared_cgroup(&groups(&[(7, "/a"), (7, "/")]), 7), None);
    assert_eq!(shared_cgroup(&[], 0), None);
}

fn listening_elsewhere(target: SocketAddr, transport: Transport) -> io::Result<Vec<ForeignSocket>> {
    Elsewhere::begin(target, transport)?.end()
}

#[test]
fn a_listener_in_another_namespace_is_found_with_its_addresses() {
    const SCRIPT: &str = r#"
        ip link set lo up && ip addr add 198.51.100.7/32 dev lo && ip addr add 2001:db8::7/128 dev lo || exit
        exec perl -e 'use Socket;
            socket(S, AF_INET, SOCK_STREAM, 0) or die;
            bind(S, pack_sockaddr_in(0, INADDR_ANY)) or die;
            listen(S, 5) or die;
            my ($port) = unpack_sockaddr_in(getsockname(S));
            $| = 1;
            print "$port\n";
            <STDIN>;'
    "#;
    let mut shell = Command::new("unshare");
    shell.args(["-rn", "sh", "-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let port = port.trim().parse().unwrap();
    let look = |address: &str| {
        let target = SocketAddr::new(address.parse().unwrap(), port);
        // A busy machine may cut a look short, and says so.
        let looks = || listening_elsewhere(target, Transport::Tcp).ok().filter(|found| !found.is_empty());
        let found = (0..50).find_map(|_| looks()).expect("no look was long enough");
        let mut quick =
            Elsewhere::begin(SocketAddr::new(address.parse().unwrap(), port), Transport::Tcp).unwrap();
        assert!(!quick.is_nobody(MOST_PROCESSES), "{quick:?}");
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    };
    let seen = look("198.51.100.7");
    assert_eq!(seen.address, SocketAddr::from(([0, 0, 0, 0], port)));
    assert!(seen.owns_target && seen.inode != 0);
    assert!(look("2001:db8::7").owns_target);
    assert!(!look("198.51.100.8").owns_target && !look("2001:db8::8").owns_target);
    let holders = crate::sys::holders(&[seen.inode].into());
    assert_eq!(holders.of(seen.inode).seen().map(|process| process.pid), Some(child.id()));
    assert_eq!(seen.cgroup, cgroup_of(i32::try_from(child.id()).unwrap()));
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn a_listener_of_our_own_namespace_is_not_elsewhere() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // A machine that stands still for a second may cut the looking short.
    if let Ok(found) = listening_elsewhere(listener.local_addr().unwrap(), Transport::Tcp) {
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn bound_datagram_sockets_are_kept_and_connected_ones_are_not() {
    let table = [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n",
        "  88: 0100007F:14EB 0B0000C6:0035 01 00000000:00000000 00:00000000 00000000  1000        0 4711 2 0000000000000000 0\n",
        "  99: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 1234 2 0000000000000000 0\n",
    ];
    let kept = bound_lines(table.concat().as_bytes()).unwrap();
    let read = TcpNetEntries::from_buf_read(kept.as_slice(), procfs::current_system_info()).unwrap().0;
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].local_address.to_string().as_str(), read[0].inode), ("127.0.0.1:53", 1234));
}
