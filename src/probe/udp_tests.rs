use super::*;
use crate::model::{Attempt, Request, Target};
use crate::probe::{AttemptAsk, Tables, attempt};
use crate::verdict::Code;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// One attempt over loopback, and what the rules make of it.
fn tried(address: SocketAddr) -> (Attempt, Code) {
    let target = Target::parse(&format!("udp://{address}"), &|_| None).unwrap();
    let mut request = Request::new(target);
    request.timeout_ms = Millis(300.0);
    let mut blank = Attempt::new(address, Millis::default());
    blank.transport = request.target.transport;
    let (tell, _told) = mpsc::unbounded_channel();
    // One that is dropped says "stop" as well.
    let stop = watch::Sender::new(false);
    let ask = AttemptAsk {
        index: 0,
        request: Arc::new(request.clone()),
        tables: Arc::new(Tables::default()),
        stop: stop.subscribe(),
        tell,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = runtime.block_on(attempt(ask, blank));
    let mut evidence = crate::model::Evidence::new(request);
    evidence.attempts.push(seen.clone());
    (seen, crate::diagnose::diagnose(&evidence).finding.code)
}

#[test]
fn an_answer_is_an_answer_whatever_it_says() {
    for ip in ["127.0.0.1", "::1"] {
        let Ok(server) = UdpSocket::bind(SocketAddr::new(ip.parse().unwrap(), 0)) else { continue };
        let address = server.local_addr().unwrap();
        let answering = std::thread::spawn(move || {
            let mut buffer = [0; 64];
            let (length, client) = server.recv_from(&mut buffer).unwrap();
            server.send_to(b"no", client).unwrap();
            length
        });
        let (seen, code) = tried(address);
        assert_eq!(answering.join().unwrap(), 0, "an empty datagram");
        assert_eq!((seen.after, code), (Fact::Seen(AfterHandshake::Data(2)), Code::ConnectedOk));
        assert_eq!(seen.payload, Some(Payload::Empty));
        assert!(seen.connected_ms.is_some() && seen.ended_ms >= seen.connected_ms);
    }
}

#[test]
fn a_closed_port_says_so() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (seen, code) = tried(closed);
    assert_eq!(code, Code::RefusedIcmpPort);
    let (icmp, entry) = seen.deciding_icmp().unwrap();
    assert_eq!((icmp.kind, icmp.code, entry.sender), (3, 3, Some(closed.ip())));
    assert_eq!(entry.sender_is_ours, Fact::Seen(true));
    // Other tests' datagrams are counted as well.
    assert!(seen.trials.seen().unwrap()[0].counters.udp_no_ports >= Some(1));
}

#[test]
fn a_socket_that_says_nothing_is_waited_for() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (seen, code) = tried(server.local_addr().unwrap());
    assert_eq!(code, Code::TimeoutPortSilent);
    assert!(seen.ended_ms.unwrap() >= Millis(300.0) && seen.connected_ms.is_none());
    assert_eq!(seen.queue, Fact::Seen(Vec::new()));
}

#[test]
fn the_questions_are_those_of_their_protocols() {
    let query = Message::from_vec(&bytes(Payload::Dns)).unwrap();
    assert_eq!(query.queries.len(), 1);
    assert!(query.queries[0].name().is_root() && !query.metadata.recursion_desired);
    let ntp = bytes(Payload::Ntp);
    assert_eq!((ntp.len(), ntp[0]), (48, 0x23));
    let (one, other) = (bytes(Payload::Stun), bytes(Payload::Stun));
    assert_eq!((one.len(), &one[..8]), (20, [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42].as_slice()));
    assert_ne!(one[8..], other[8..], "nobody can guess the transaction");
    assert!(bytes(Payload::Empty).is_empty());
    let asked = [(53, Payload::Dns), (123, Payload::Ntp), (3478, Payload::Stun), (161, Payload::Empty)];
    for (port, payload) in asked {
        assert_eq!(Payload::for_port(port), payload);
    }
}
