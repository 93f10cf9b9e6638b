//! One datagram to a UDP port, watched closely: an answer, an ICMP error, or silence.

use super::connect::{REST, Run, TICK, patience};
use crate::model::{
    AfterHandshake, Call, Counters, Fact, FailedCall, Family, Millis, PathAnswer, Payload, RouteType,
    SoError, Trial,
};
use crate::sys::{self, CounterSet, UdpClient, UdpLook, UdpTalk};
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use tokio::time::{sleep, sleep_until};

/// Of a longer answer only so many bytes are read and counted.
const MOST_BYTES: usize = 4096;

/// What a look came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Answered(u32),
    Ended,
}

/// Runs the attempt to its end: an answer, an error, the deadline, or the stop sign.
pub(super) async fn go(run: &mut Run) {
    let talk = match open(run) {
        Ok(talk) => talk,
        Err(failed) => {
            run.seen.failed = Some(failed);
            run.read_route();
            return;
        }
    };
    run.seen.source = talk.source();
    run.read_route();
    // A datagram to a group, or to everybody on the link, would go to hosts that nobody asked about.
    if is_for_many(run) {
        return;
    }
    let payload = Payload::for_port(run.seen.address.port());
    run.seen.payload = Some(payload);
    let before = counters(run);
    if let Ok(before) = &before
        && !run.seen.is_local()
    {
        run.begin_counters(*before);
    }
    if let Err(errno) = talk.send(&bytes(payload)) {
        run.seen.failed = Some(FailedCall { call: Call::Send, errno });
        // A filter that rejects sends its ICMP error as well.
        look(run, &talk);
        run.explain_end().await;
        run.read_link().await;
        return;
    }
    let mut state = look(run, &talk);
    count(run, &before);
    if state == State::Waiting {
        run.read_neighbour();
        run.tell();
        // Who takes a datagram off its way may look at it and send it on.
        let held = |trial: &Trial| trial.counters.out_transmits == Some(0);
        if !run.seen.is_local() && run.seen.trials.seen().is_some_and(|trials| trials.iter().all(held)) {
            sleep(REST).await;
            count_later(run, &before);
        }
        state = wait(run, &talk).await;
        match state {
            State::Ended if run.seen.is_local() => count(run, &before),
            State::Ended => count_later(run, &before),
            State::Waiting | State::Answered(_) => {}
        }
    }
    match state {
        State::Answered(bytes) => {
            run.seen.connected_ms = Some(run.now());
            run.seen.after = Fact::Seen(AfterHandshake::Data(bytes));
        }
        State::Ended => run.explain_end().await,
        State::Waiting => {
            run.seen.unsent_bytes = talk.unsent_bytes();
            run.explain_silence().await;
        }
    }
    if run.seen.deciding_icmp().is_some_and(|(icmp, _)| icmp.is_time_exceeded()) {
        run.seen.own_ttl = talk.ttl().into();
    }
}

/// Makes the socket as the user asked; nothing is sent.
fn open(run: &mut Run) -> Result<UdpTalk, FailedCall> {
    if !run.find_scope() {
        // The reason is noted already.
        let errno = nix::errno::Errno::ENODEV.into();
        return Err(run.seen.failed.unwrap_or(FailedCall { call: Call::Scope, errno }));
    }
    let request = &run.ask.request;
    let client = UdpClient {
        address: run.seen.address,
        source: request.source,
        source_port: request.source_port,
        interface: request.interface.clone(),
    };
    run.begun = std::time::Instant::now();
    client.open()
}

fn is_for_many(run: &Run) -> bool {
    let kind = run.seen.route().map(|route| route.kind);
    run.seen.address.ip().is_multicast()
        || run.seen.address.ip() == IpAddr::V4(std::net::Ipv4Addr::BROADCAST)
        || matches!(kind, Some(RouteType::Broadcast | RouteType::Multicast))
}

async fn wait(run: &mut Run, talk: &UdpTalk) -> State {
    let timeout = run.ask.request.timeout_ms.to_duration();
    let begun = tokio::time::Instant::from_std(run.begun);
    let deadline = begun + patience(timeout);
    let mut tick = begun + TICK / 2;
    let mut stop = run.ask.stop.clone();
    loop {
        let over = {
            let ready = wake(talk);
            tokio::select! {
                biased;
                () = ready => false,
                () = sleep_until(tick.min(deadline)) => tick >= deadline,
                _ = stop.wait_for(|stop| *stop) => true,
            }
        };
        let state = look(run, talk);
        if state != State::Waiting || over {
            return state;
        }
        if tokio::time::Instant::now() < tick {
            sleep(REST).await;
            continue;
        }
        tick += TICK;
        run.begin_link(deadline.saturating_duration_since(tokio::time::Instant::now()));
        run.read_counters();
        if run.neighbour_was_missing() {
            run.read_neighbour();
            run.tell();
        }
    }
}

/// Ends when the socket has something to say; one that can't be watched is looked at now and then.
async fn wake(talk: &UdpTalk) {
    if talk.wake().await.is_err() {
        sleep(REST).await;
    }
}

/// Takes one look and adds it to what was seen. Errors first: reading data would take `SO_ERROR` away.
fn look(run: &mut Run, talk: &UdpTalk) -> State {
    let at_ms = run.now();
    let UdpLook { so_error, queue } = talk.look(at_ms);
    let mut ended = so_error.is_some();
    if let Some(errno) = so_error {
        run.seen.so_errors.push(SoError { at_ms, errno });
    }
    match (&mut run.seen.queue, queue) {
        (Fact::Seen(all), Fact::Seen(mut more)) => {
            ended |= !more.is_empty();
            all.append(&mut more);
        }
        (known, fact) => {
            ended |= fact.seen().is_some_and(|entries| !entries.is_empty());
            *known = fact;
        }
    }
    let mut buffer = [0; MOST_BYTES];
    match talk.receive(&mut buffer) {
        Some(length) => State::Answered(u32::try_from(length).unwrap_or(u32::MAX)),
        None if ended => State::Ended,
        None => State::Waiting,
    }
}

fn counters(run: &Run) -> std::io::Result<Counters> {
    // What becomes of its own datagrams is all that this host has to tell of itself.
    let set = if run.seen.is_local() { CounterSet::Udp } else { CounterSet::All };
    sys::counters(Family::of(run.seen.address.ip()), set)
}

/// What the counters did around the datagram: what this host itself drew mostly happened before `send` returned.
fn count(run: &mut Run, before: &std::io::Result<Counters>) {
    let after = counters(run);
    run.seen.trials = match (before, after) {
        (Ok(before), Ok(after)) => {
            let answer = answer(run);
            let counters = sys::difference(before, &after);
            Fact::Seen(vec![Trial { at_ms: Millis::default(), ttl: None, answer, counters }])
        }
        (Err(error), _) => Fact::CouldNotLook(error.to_string()),
        (_, Err(error)) => Fact::CouldNotLook(error.to_string()),
    };
}

/// What has happened since, to the datagram and in answer to it. What went over the loopback device meanwhile is
/// others'.
fn count_later(run: &mut Run, before: &std::io::Result<Counters>) {
    let (after, answer) = (counters(run), answer(run));
    if let (Ok(before), Ok(after), Fact::Seen(trials)) = (before, after, &mut run.seen.trials) {
        let later = sys::difference(before, &after);
        for Trial { answer: known, counters, .. } in trials {
            *known = answer;
            counters.udp_no_ports = later.udp_no_ports;
            (counters.out_transmits, counters.ipsec_unmet) = (later.out_transmits, later.ipsec_unmet);
        }
    }
}

fn answer(run: &Run) -> Option<PathAnswer> {
    let (icmp, entry) = run.seen.deciding_icmp()?;
    Some(PathAnswer::Icmp { icmp, from: entry.sender, hop_limit: entry.hop_limit })
}

/// The datagram's content.
fn bytes(payload: Payload) -> Vec<u8> {
    match payload {
        Payload::Empty => Vec::new(),
        Payload::Dns => dns_query(),
        Payload::Ntp => NTP_REQUEST.to_vec(),
        Payload::Stun => stun_request().to_vec(),
    }
}

/// A client's request in NTP version 4, RFC 5905 section 7.3: no leap warning, version 4, mode 3. All else is 0,
/// as a client may leave it (section 14).
const NTP_REQUEST: [u8; 48] = {
    let mut request = [0; 48];
    request[0] = 4 << 3 | 3;
    request
};

/// A binding request without attributes, RFC 8489 section 5: type, length, magic cookie, transaction id.
fn stun_request() -> [u8; 20] {
    let mut request = [0; 20];
    request[..8].copy_from_slice(&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    request[8..16].copy_from_slice(&random().to_be_bytes());
    request[16..].copy_from_slice(&random().to_be_bytes()[..4]);
    request
}

/// `. IN NS` without recursion: a server answers from what it has, be it with REFUSED.
fn dns_query() -> Vec<u8> {
    let [one, two, ..] = random().to_ne_bytes();
    let id = u16::from_ne_bytes([one, two]);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = false;
    message.add_query(Query::query(Name::root(), RecordType::NS));
    // A question for the root always fits.
    message.to_vec().unwrap_or_default()
}

/// A number that nobody can guess: the standard library's hash keys are random for each process.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
#[path = "udp_tests.rs"]
mod tests;
