//! Who listens, asked of the kernel that the tests run on.

use super::*;
use crate::model::Process;
use std::net::TcpListener;

#[test]
fn our_own_listener_is_the_first_and_its_process_is_ours() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let Look::Begun(look) = listeners(&Tables::default(), address, Transport::Tcp, Millis(1.0)) else {
        panic!("a listener has a name");
    };
    let listeners = look.end();
    let here = listeners.here.seen().unwrap();
    assert!(here.len() <= MOST_HERE);
    let first = here.first().unwrap();
    assert_eq!(first.address, address);
    assert_eq!(first.owner.process.seen().map(|process| process.pid), Some(std::process::id()));
    let distances: Vec<u16> =
        here.iter().map(|socket| socket.address.port().abs_diff(address.port())).collect();
    assert!(distances.is_sorted(), "{distances:?}");
    assert_eq!(listener_of(address).as_ref(), Some(first));
}

fn socket(address: &str, only_v6: Option<bool>, device: Option<&str>) -> ListeningSocket {
    ListeningSocket {
        address: address.parse().unwrap(),
        only_v6,
        device: device.map(str::to_owned),
        queue: 0,
        queue_limit: 128,
        uid: 0,
        inode: 0,
        cgroup_id: None,
    }
}

#[test]
fn the_kernels_choice_among_listeners() {
    let target = "127.0.0.1".parse().unwrap();
    let order = [
        socket("[::]:80", Some(false), None),
        socket("0.0.0.0:80", None, None),
        socket("0.0.0.0:80", None, Some("lo")),
        socket("127.0.0.1:80", None, None),
    ];
    assert!(order.iter().all(|socket| may_reach(socket, target)));
    assert!(order.is_sorted_by_key(|socket| preference(socket, target)));
    assert!(!may_reach(&socket("0.0.0.0:80", None, Some("eth0")), target));
    assert!(!may_reach(&socket("[::]:80", Some(true), None), target));
}

#[test]
fn a_process_that_can_not_be_seen_leaves_the_namespaces_group() {
    let there = ForeignSocket {
        address: "0.0.0.0:80".parse().unwrap(),
        namespace: 7,
        uid: 101,
        inode: 0,
        cgroup: Some("/docker/abc".to_owned()),
        owns_target: true,
    };
    let seen = foreign(there, &Holders::default());
    assert_eq!(seen.owner.cgroup.as_deref(), Some("/docker/abc"));
    assert!(matches!(seen.owner.process, Fact::<Process>::CouldNotLook(_)));
}
