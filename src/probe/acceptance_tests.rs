//! Attempts at listeners on loopback that accept, or do not.

use super::super::{AttemptAsk, Observation, attempt};
use super::*;
use crate::model::{AfterHandshake, Attempt, Request, target::Target};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What an attempt saw, with `meanwhile` beside it.
fn attempted(address: SocketAddr, timeout: f64, meanwhile: impl Future<Output = ()>) -> Attempt {
    let mut request = Request::new(Target::parse(&address.to_string(), &|_| None).unwrap());
    (request.grace_ms, request.timeout_ms) = (Millis(20.0), Millis(timeout));
    let stop = watch::Sender::new(false);
    let (tell, mut told) = mpsc::unbounded_channel();
    let ask = AttemptAsk {
        index: 0,
        request: Arc::new(request),
        tables: Arc::new(Tables::default()),
        stop: stop.subscribe(),
        tell,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::join!(attempt(ask, Attempt::new(address, Millis(0.0))), meanwhile) });
    let mut last = None;
    while let Ok(Observation::Attempt(_, seen)) = told.try_recv() {
        last = Some(*seen);
    }
    last.unwrap()
}

#[test]
fn nobody_accepts_for_three_seconds_or_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for (timeout, from, to) in [(4000.0, 3000.0, 3900.0), (300.0, 290.0, 990.0)] {
        let seen = attempted(address, timeout, async {});
        let acceptance = seen.acceptance.seen().unwrap();
        assert_eq!(acceptance.peer, PeerEnd::Unaccepted);
        assert!((from..to).contains(&acceptance.after_ms.0), "{:?}", acceptance.after_ms);
        let owner = acceptance.listener.as_ref().unwrap();
        assert_eq!(owner.address, address);
        assert_eq!(owner.owner.process.seen().map(|process| process.pid), Some(std::process::id()));
        assert_eq!(seen.after, Fact::Seen(AfterHandshake::Quiet));
    }
}

#[test]
fn a_late_accept_ends_the_watch() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let mut server = None;
    let seen = attempted(listener.local_addr().unwrap(), 4000.0, async {
        sleep(Duration::from_millis(200)).await;
        server = Some(listener.accept().unwrap());
    });
    let acceptance = seen.acceptance.seen().unwrap();
    assert_eq!(acceptance.peer, PeerEnd::Accepted);
    assert!((150.0..1000.0).contains(&acceptance.after_ms.0), "{:?}", acceptance.after_ms);
}

#[test]
fn what_the_peer_says_meanwhile_is_what_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = None;
    let seen = attempted(listener.local_addr().unwrap(), 4000.0, async {
        sleep(Duration::from_millis(190)).await;
        let (mut taken, _) = listener.accept().unwrap();
        taken.write_all(b"hello").unwrap();
        server = Some(taken);
    });
    // A look may come between the accept and the greeting.
    match &seen.acceptance {
        Fact::NotAsked => assert_eq!(seen.after, Fact::Seen(AfterHandshake::Data(5))),
        acceptance => assert_eq!(acceptance.seen().unwrap().peer, PeerEnd::Accepted),
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = attempted(address, 4000.0, async {
        sleep(Duration::from_millis(190)).await;
        // What nobody has accepted is reset.
        drop(listener);
    });
    assert_eq!((seen.after, seen.acceptance), (Fact::Seen(AfterHandshake::Reset), Fact::NotAsked));
}
