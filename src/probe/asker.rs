//! Questions of a long list to one name server: one socket for all of them, and for each the first answer that
//! settles it. Whatever is less than plain is left to the whole look at the servers.

use super::dns::random_id;
use super::dns_message::{MOST_UDP, Question, Response};
use crate::model::{
    Attempt, DirectView, DnsAnswer, Exchange, ExchangeOutcome, Family, Millis, RecordKind, ServerView,
    Transport,
};
use crate::sys::{self, UdpLook, UdpTalk};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// A question without an answer is sent again after this long, and after twice this it is given up here.
const AGAIN: Duration = Duration::from_millis(1000);

/// How long to leave a socket alone that woke us without news.
const REST: Duration = Duration::from_millis(5);

/// One server, and who waits for its answers.
pub(crate) struct Asker {
    server: SocketAddr,
    source: Option<SocketAddr>,
    talk: UdpTalk,
    waiting: RefCell<HashMap<u16, Waiting>>,
}

struct Waiting {
    question: Question,
    tell: oneshot::Sender<Option<DnsAnswer>>,
}

impl Asker {
    /// Opens the socket, and listens on it for as long as somebody has questions. Belongs into a `LocalSet`.
    /// `None` where the server can't be asked.
    pub(crate) fn open(server: SocketAddr) -> Option<Rc<Asker>> {
        let talk = UdpTalk::open(server).ok()?;
        let source = talk.source();
        let asker = Rc::new(Asker { server, source, talk, waiting: RefCell::default() });
        let weak = Rc::downgrade(&asker);
        tokio::task::spawn_local(async move {
            while let Some(asker) = weak.upgrade() {
                // Whoever has gone away meanwhile is noticed at the next tick.
                if let Ok(woken) = timeout(AGAIN, asker.talk.wake()).await
                    && (!asker.hear() || woken.is_err())
                {
                    sleep(REST).await;
                }
            }
        });
        Some(asker)
    }

    /// Takes what has come; whether there was anything.
    fn hear(&self) -> bool {
        let mut heard = false;
        let mut buffer = [0; MOST_UDP as usize];
        while let Some(length) = self.talk.receive(&mut buffer) {
            heard = true;
            let bytes = buffer.get(..length).unwrap_or_default();
            let Some(id) = bytes.get(..2).and_then(|two| two.try_into().ok()).map(u16::from_be_bytes) else {
                continue;
            };
            let mut waiting = self.waiting.borrow_mut();
            let answer = match waiting.get(&id).map(|waiting| waiting.question.read(bytes)) {
                Some(Response::Answer(answer)) if !answer.truncated && matches!(answer.rcode, 0 | 3) => {
                    Some(answer)
                }
                None | Some(Response::NotOurs) => continue,
                Some(Response::Answer(_) | Response::Malformed(_)) => None,
            };
            if let Some(waiting) = waiting.remove(&id) {
                // Who asked may have given up.
                let _ = waiting.tell.send(answer);
            }
        }
        let UdpLook { so_error, queue } = self.talk.look(Millis::default());
        if so_error.is_some() || queue.seen().is_some_and(|queue| !queue.is_empty()) {
            heard = true;
            // The whole look tells what it is.
            for (_, waiting) in self.waiting.borrow_mut().drain() {
                let _ = waiting.tell.send(None);
            }
        }
        heard
    }

    /// A and AAAA of each name in turn, until one has an address. `None` where a question has no plain answer.
    pub(crate) async fn ask(&self, names: &[String], family: Option<Family>) -> Option<DirectView> {
        let begun = Instant::now();
        let mut exchanges = Vec::new();
        for name in names {
            let (a, aaaa) = tokio::join!(
                self.one(name, RecordKind::A, begun, family != Some(Family::V6)),
                self.one(name, RecordKind::Aaaa, begun, family != Some(Family::V4)),
            );
            let first = exchanges.len();
            exchanges.extend(a?);
            exchanges.extend(aaaa?);
            let found = |exchange: &Exchange| matches!(&exchange.outcome, ExchangeOutcome::Answer(answer) if answer.has_addresses());
            if exchanges.iter().skip(first).any(found) {
                break;
            }
        }
        let given = exchanges.iter().filter_map(|exchange| match &exchange.outcome {
            ExchangeOutcome::Answer(answer) => Some(&answer.addresses),
            _ => None,
        });
        let given: Vec<_> = given.flatten().copied().collect();
        let ended_ms = Millis::from(begun.elapsed());
        let attempt = Attempt {
            transport: Transport::Udp,
            source: self.source,
            ended_ms: Some(ended_ms),
            ..Attempt::new(self.server, Millis::default())
        };
        Some(DirectView {
            servers: vec![ServerView { attempt, exchanges }],
            addresses: if given.len() > 1 { sys::in_client_order(&given) } else { only(&given) },
            started_ms: Millis::default(),
            ended_ms,
        })
    }

    /// One question; `Some(None)` where it was not to be asked, `None` where it has no plain answer.
    async fn one(
        &self,
        name: &str,
        record: RecordKind,
        begun: Instant,
        wanted: bool,
    ) -> Option<Option<Exchange>> {
        if !wanted {
            return Some(None);
        }
        let id = self.free_id()?;
        let question = Question::new(id, name, record)?;
        let bytes = question.bytes(true);
        let (tell, mut told) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, Waiting { question, tell });
        let _place = Place { asker: self, id };
        let started_ms = Millis::from(begun.elapsed());
        for sent in 1..=2 {
            // What an error says is seen by whoever listens.
            let _ = self.talk.send(&bytes);
            let Ok(answer) = timeout(AGAIN, &mut told).await else { continue };
            let outcome = ExchangeOutcome::Answer(answer.ok()??);
            let elapsed_ms = Millis::from(begun.elapsed()).since(started_ms);
            let name = name.to_owned();
            let transport = Transport::Udp;
            return Some(Some(Exchange { name, record, transport, sent, started_ms, elapsed_ms, outcome }));
        }
        None
    }

    fn free_id(&self) -> Option<u16> {
        let waiting = self.waiting.borrow();
        (0..16).map(|_| random_id()).find(|id| !waiting.contains_key(id))
    }
}

fn only(given: &[std::net::IpAddr]) -> Vec<crate::model::Resolved> {
    given.iter().map(|address| crate::model::Resolved { address: *address, scope: None }).collect()
}

/// Leaves the list of those who wait, however the waiting ends.
struct Place<'a> {
    asker: &'a Asker,
    id: u16,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.asker.waiting.borrow_mut().remove(&self.id);
    }
}
