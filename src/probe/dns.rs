//! The name servers, asked directly and side by side: A and AAAA of each name that the search list makes, over
//! UDP, and over TCP where an answer is cut short.

use super::Tables;
use super::dns_message::{MOST_UDP, Question, Response};
use crate::model::{
    Attempt, Call, DirectView, DnsAnswer, Errno, Exchange, ExchangeOutcome, Fact, FailedCall, Family, Millis,
    RecordKind, ServerView, SoError, Transport,
};
use crate::sys::{self, Flow, UdpLook, UdpTalk};
use nix::errno::Errno as E;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout_at};

/// A question without an answer is sent again this often. Routers send an ICMP error a second, and one without
/// a route draws on that allowance twice (ip_error, icmp_send): after this long there is one left for us.
const AGAIN: Duration = Duration::from_millis(2200);

/// Where there is no time for that, after half of it, and not before this: the C library's own question is out too.
const AGAIN_SOON: Duration = Duration::from_millis(1000);

/// Once one server has answered for good, those behind it have this long to do so too.
const BEHIND: Duration = Duration::from_millis(500);

/// And those in front of it this long: their word goes before its own.
const IN_FRONT: Duration = Duration::from_millis(1500);

/// What the kernel may take to tell of a device.
const TELLING: Duration = Duration::from_millis(100);

/// How long to leave a socket alone that woke us without news.
const REST: Duration = Duration::from_millis(5);

/// RFC 1035 section 4.2.2: two bytes of length, then the message.
const MOST_TCP: usize = 65_535;

/// Datagrams that answer no question of ours: beyond this many, a flood is not read to its end.
const MOST_STRANGERS: u32 = 1000;

/// What to ask, and whom.
#[derive(Debug)]
pub(crate) struct DirectAsk {
    /// The whole names to try, in order.
    pub(crate) names: Vec<String>,
    /// `-4` or `-6`.
    pub(crate) family: Option<Family>,
    /// The servers, in order.
    pub(crate) servers: Vec<SocketAddr>,
    /// Whether programs were told of no address: then what all servers say counts.
    pub(crate) compare: bool,
    /// Over TCP alone, as ordinary programs are told to ask.
    pub(crate) over_tcp: bool,
    /// The start of the run.
    pub(crate) begun: Instant,
    /// When to end in any case.
    pub(crate) deadline: Instant,
    /// This host's tables.
    pub(crate) tables: Arc<Tables>,
}

/// Asks all servers until their answers settle the matter, or the deadline.
pub(crate) async fn ask_directly(ask: DirectAsk) -> DirectView {
    let ask = Arc::new(ask);
    let started_ms = Millis::from(ask.begun.elapsed());
    let stop = watch::Sender::new(false);
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for (index, server) in ask.servers.iter().enumerate() {
        let run = Run::new(Arc::clone(&ask), *server, stop.subscribe());
        let tell = tell.clone();
        tasks.spawn(async move {
            let (view, settled) = run.go().await;
            // The receiver outlives every task.
            let _ = tell.send((index, settled, view.gives_addresses()));
            (index, view)
        });
    }
    let mut ended = vec![None; ask.servers.len()];
    let mut limit = tokio::time::Instant::from_std(ask.deadline);
    // The system takes the first server's word: whoever stands before the first settled one must have ended. Where that
    // word is not what programs got, another server's may be.
    let mut differs = false;
    while !ended.iter().all(Option::is_some) && (differs || ended.first() != Some(&Some(true))) {
        let Ok(Some((index, settled, gives))) = timeout_at(limit, told.recv()).await else { break };
        differs |= ask.compare && gives;
        if let Some(end) = ended.get_mut(index) {
            *end = Some(settled);
        }
        if settled {
            let front_ended = ended.iter().take(index).all(Option::is_some);
            let most = if front_ended { BEHIND } else { IN_FRONT };
            limit = limit.min(tokio::time::Instant::now() + most);
        }
    }
    stop.send_replace(true);
    let mut servers = tasks.join_all().await;
    servers.sort_by_key(|(index, _)| *index);
    let servers: Vec<ServerView> = servers.into_iter().map(|(_, view)| view).collect();
    let addresses = sys::in_client_order(&first_addresses(&servers));
    DirectView { servers, addresses, started_ms, ended_ms: Millis::from(ask.begun.elapsed()) }
}

/// The addresses that the first server with any gives: all of one name.
fn first_addresses(servers: &[ServerView]) -> Vec<std::net::IpAddr> {
    // A server that says that there is none is believed.
    let settled = |server: &&ServerView| server.says_none() || server.gives_addresses();
    servers
        .iter()
        .filter(settled)
        .map(|server| {
            let answers = server.exchanges.iter().filter_map(|exchange| match &exchange.outcome {
                ExchangeOutcome::Answer(answer) if answer.has_addresses() => Some(&answer.addresses),
                _ => None,
            });
            answers.flatten().copied().collect::<Vec<_>>()
        })
        .next()
        .unwrap_or_default()
}

/// The questions to one server.
struct Run {
    ask: Arc<DirectAsk>,
    server: SocketAddr,
    stop: watch::Receiver<bool>,
    view: ServerView,
    begun: Instant,
}

/// A question that waits for its answer.
struct Pending {
    question: Question,
    /// Its place among the exchanges.
    exchange: usize,
    /// Whether an error may yet be the answer to the first datagram, which had EDNS.
    edns_unanswered: bool,
    /// When to send it again.
    again: Instant,
}

/// How a round of questions ended.
#[derive(PartialEq, Eq)]
enum Round {
    Answered,
    /// The server can't be reached, or it was told to stop.
    Over,
}

impl Run {
    fn new(ask: Arc<DirectAsk>, server: SocketAddr, stop: watch::Receiver<bool>) -> Self {
        let mut attempt = Attempt::new(server, Millis::from(ask.begun.elapsed()));
        attempt.transport = Transport::Udp;
        let view = ServerView { attempt, exchanges: Vec::new() };
        Run { ask, server, stop, view, begun: Instant::now() }
    }

    /// The view, and whether the server has settled the matter: an address, or the word that there is none.
    async fn go(mut self) -> (ServerView, bool) {
        let settled = match UdpTalk::open(self.server) {
            Ok(talk) => {
                self.view.attempt.source = talk.source();
                self.read_route();
                let settled = self.ask_all(&talk).await;
                self.look(&talk);
                settled
            }
            Err(failed) => {
                self.view.attempt.failed = Some(failed);
                self.read_route();
                self.read_refusals();
                false
            }
        };
        self.view.attempt.ended_ms = Some(self.now());
        (self.view, settled)
    }

    async fn ask_all(&mut self, talk: &UdpTalk) -> bool {
        let ask = Arc::clone(&self.ask);
        let mut settled = false;
        for name in &ask.names {
            let first = self.view.exchanges.len();
            if self.ask_one(talk, name).await == Round::Over {
                self.explain_silence().await;
                return false;
            }
            let answers = self.view.exchanges.get(first..).unwrap_or_default();
            let answers: Vec<&DnsAnswer> = answers
                .iter()
                .filter_map(|exchange| match &exchange.outcome {
                    ExchangeOutcome::Answer(answer) if !answer.truncated => Some(answer),
                    _ => None,
                })
                .collect();
            if answers.iter().any(|answer| !answer.addresses.is_empty()) {
                return true;
            }
            // NXDOMAIN, or no error without an address: the next name of the search list.
            settled = !answers.is_empty() && answers.iter().all(|answer| matches!(answer.rcode, 0 | 3));
        }
        settled
    }

    /// A and AAAA of one name, both at once.
    async fn ask_one(&mut self, talk: &UdpTalk, name: &str) -> Round {
        let records: &[RecordKind] = match self.ask.family {
            Some(Family::V4) => &[RecordKind::A],
            Some(Family::V6) => &[RecordKind::Aaaa],
            None => &[RecordKind::A, RecordKind::Aaaa],
        };
        let mut pending: Vec<Pending> = Vec::new();
        let id = random_id();
        for (at, record) in records.iter().enumerate() {
            // Two in a row never share an id.
            let id = id.wrapping_add(u16::try_from(at).unwrap_or(0));
            let Some(question) = Question::new(id, name, *record) else { continue };
            if self.ask.over_tcp {
                self.ask_over_tcp(&question, name).await;
                continue;
            }
            let exchange = self.begin(name, *record, Transport::Udp);
            pending.push(Pending { question, exchange, edns_unanswered: true, again: Instant::now() });
        }
        let mut strangers = 0;
        let mut cut_short = Vec::new();
        while !pending.is_empty() {
            for waiting in &mut pending {
                if waiting.again <= Instant::now() && !self.send(talk, waiting) {
                    return Round::Over;
                }
            }
            let next = pending.iter().map(|waiting| waiting.again).min().unwrap_or_else(Instant::now);
            let mut stop = self.stop.clone();
            tokio::select! {
                biased;
                () = wake(talk) => {}
                () = sleep_until(next.into()) => {}
                _ = stop.wait_for(|stop| *stop) => return Round::Over,
            }
            let mut buffer = [0; MOST_UDP as usize * 4];
            let mut heard = false;
            while let Some(length) = talk.receive(&mut buffer) {
                heard = true;
                let bytes = buffer.get(..length).unwrap_or_default();
                let read = pending.iter().enumerate().find_map(|(at, waiting)| {
                    Some(waiting.question.read(bytes))
                        .filter(|response| *response != Response::NotOurs)
                        .map(|response| (at, response))
                });
                match read {
                    Some((at, response)) => {
                        let waiting = pending.swap_remove(at);
                        self.settle(waiting, response, &mut pending, &mut cut_short);
                    }
                    None if strangers < MOST_STRANGERS => strangers += 1,
                    None => {
                        let flood = || "a flood of answers to other questions".to_owned();
                        pending.iter().for_each(|waiting| {
                            self.end(waiting.exchange, ExchangeOutcome::Malformed(flood()));
                        });
                        return Round::Over;
                    }
                }
            }
            if self.look(talk) {
                for waiting in &pending {
                    self.end(waiting.exchange, self.failure());
                }
                return Round::Over;
            }
            if !heard {
                sleep(REST).await;
            }
        }
        for question in cut_short {
            self.ask_over_tcp(&question, name).await;
        }
        Round::Answered
    }

    /// Takes an answer; a question that the server may have stumbled over is asked again in its oldest form.
    fn settle(
        &mut self,
        mut waiting: Pending,
        response: Response,
        pending: &mut Vec<Pending>,
        cut_short: &mut Vec<Question>,
    ) {
        match response {
            Response::NotOurs => pending.push(waiting),
            Response::Malformed(why) => self.end(waiting.exchange, ExchangeOutcome::Malformed(why)),
            Response::Answer(answer) => {
                // FORMERR and NOTIMP are what servers say that know no EDNS (RFC 6891 section 7), be it after the
                // question was sent without: that one shares its id.
                if waiting.edns_unanswered && matches!(answer.rcode, 1 | 4) {
                    waiting.edns_unanswered = false;
                    waiting.again = Instant::now();
                    pending.push(waiting);
                    return;
                }
                if answer.truncated {
                    cut_short.push(waiting.question.clone());
                }
                self.end(waiting.exchange, ExchangeOutcome::Answer(answer));
            }
        }
    }

    /// Sends a question; `false` where this host forbids it.
    fn send(&mut self, talk: &UdpTalk, waiting: &mut Pending) -> bool {
        waiting.again = Instant::now() + AGAIN;
        let mut with_edns = false;
        if let Some(exchange) = self.view.exchanges.get_mut(waiting.exchange) {
            // Some servers, and firewalls before them, drop what has EDNS; the C library sends none.
            with_edns = exchange.sent == 0;
            // Where there is little time, it is for two questions all the same.
            let left = self.ask.deadline.saturating_duration_since(Instant::now());
            if with_edns && left <= AGAIN {
                waiting.again = Instant::now() + (left / 2).max(AGAIN_SOON);
            }
            exchange.sent += 1;
        }
        let bytes = waiting.question.bytes(with_edns);
        let Err(errno) = talk.send(&bytes) else { return true };
        let heard = self.look(talk);
        // An error that an earlier datagram drew is reported by the next call, whichever that is.
        let late = heard || matches!(errno.get(), E::ECONNREFUSED | E::EHOSTUNREACH | E::ENETUNREACH);
        if !heard && late {
            self.view.attempt.so_errors.push(SoError { at_ms: self.now(), errno });
        } else if !late {
            self.view.attempt.failed = Some(FailedCall { call: Call::Send, errno });
        }
        self.end(waiting.exchange, ExchangeOutcome::Failed(errno));
        false
    }

    /// Reads the errors that came; whether there is one that ends the talk.
    fn look(&mut self, talk: &UdpTalk) -> bool {
        let at_ms = self.now();
        let UdpLook { so_error, queue } = talk.look(at_ms);
        let attempt = &mut self.view.attempt;
        if let Some(errno) = so_error {
            attempt.so_errors.push(SoError { at_ms, errno });
        }
        let mut news = so_error.is_some();
        match (&mut attempt.queue, queue) {
            (Fact::Seen(all), Fact::Seen(mut more)) => {
                news |= !more.is_empty();
                all.append(&mut more);
            }
            (known, fact) => {
                news |= fact.seen().is_some_and(|entries| !entries.is_empty());
                *known = fact;
            }
        }
        if news {
            self.read_senders();
        }
        news
    }

    /// The same question over a connection of its own.
    async fn ask_over_tcp(&mut self, question: &Question, name: &str) {
        let exchange = self.begin(name, question.record, Transport::Tcp);
        if let Some(exchange) = self.view.exchanges.get_mut(exchange) {
            exchange.sent = 1;
        }
        let mut stop = self.stop.clone();
        let outcome = tokio::select! {
            read = over_tcp(self.server, question) => read,
            _ = stop.wait_for(|stop| *stop) => Ok(None),
        };
        self.end(
            exchange,
            match outcome {
                Ok(None) => ExchangeOutcome::Silent,
                Ok(Some(Response::Answer(answer))) => ExchangeOutcome::Answer(answer),
                Ok(Some(Response::Malformed(why))) => ExchangeOutcome::Malformed(why),
                Ok(Some(Response::NotOurs)) => {
                    ExchangeOutcome::Malformed("an answer to another question".to_owned())
                }
                Err(error) if error.raw_os_error().is_some() => {
                    ExchangeOutcome::Failed(Errno::from_io(&error))
                }
                Err(error) => ExchangeOutcome::Malformed(error.to_string()),
            },
        );
    }

    fn begin(&mut self, name: &str, record: RecordKind, transport: Transport) -> usize {
        self.view.exchanges.push(Exchange {
            name: name.to_owned(),
            record,
            transport,
            sent: 0,
            started_ms: Millis::from(self.ask.begun.elapsed()),
            elapsed_ms: Millis::default(),
            outcome: ExchangeOutcome::Silent,
        });
        self.view.exchanges.len() - 1
    }

    fn end(&mut self, exchange: usize, outcome: ExchangeOutcome) {
        let now = Millis::from(self.ask.begun.elapsed());
        if let Some(exchange) = self.view.exchanges.get_mut(exchange) {
            exchange.elapsed_ms = Millis((now.0 - exchange.started_ms.0).max(0.0));
            exchange.outcome = outcome;
        }
    }

    /// What an error that was just read means for the questions that wait.
    fn failure(&self) -> ExchangeOutcome {
        let last = self.view.attempt.so_errors.last().map(|error| error.errno);
        let queued = || Some(self.view.attempt.queue.seen()?.last()?.errno);
        last.or_else(queued).map_or(ExchangeOutcome::Silent, ExchangeOutcome::Failed)
    }

    fn now(&self) -> Millis {
        Millis::from(self.begun.elapsed())
    }
}

// What this host's tables say about the way to the server.
impl Run {
    fn flow(&self) -> Flow {
        Flow {
            transport: Transport::Udp,
            destination: self.server.ip(),
            port: self.server.port(),
            source: self.view.attempt.source.map(|source| source.ip()),
            source_port: self.view.attempt.source.map(|source| source.port()),
            device: match self.server {
                SocketAddr::V6(v6) if v6.scope_id() != 0 => Some(v6.scope_id()),
                _ => None,
            },
        }
    }

    fn read_route(&mut self) {
        let flow = self.flow();
        self.view.attempt.route = self.ask.tables.ask(|tables| tables.route(&flow));
    }

    fn read_refusals(&mut self) {
        let flow = self.flow();
        self.view.attempt.refusals = self.ask.tables.ask(|tables| tables.refusals(&flow));
    }

    fn read_senders(&mut self) {
        let own_end = self.view.attempt.source.map(|source| source.ip());
        self.ask.tables.tell_senders(own_end, &mut self.view.attempt.queue);
    }

    /// Nothing came: what do the tables say now?
    async fn explain_silence(&mut self) {
        let now = Instant::now();
        for exchange in &mut self.view.exchanges {
            if exchange.outcome == ExchangeOutcome::Silent {
                let ended = Millis::from(now - self.ask.begun);
                exchange.elapsed_ms = Millis((ended.0 - exchange.started_ms.0).max(0.0));
            }
        }
        let flow = self.flow();
        let at_ms = self.now();
        let attempt = &mut self.view.attempt;
        attempt.route_at_end = self.ask.tables.ask(|tables| tables.route(&flow));
        let Some(route) = attempt.route().filter(|_| !attempt.is_local()) else { return };
        let Some(device) = route.device_index else { return };
        let next_hop = route.gateway.unwrap_or(self.server.ip());
        let end = Instant::now() + TELLING;
        attempt.link = self.ask.tables.link(device, end, None).await;
        let samples = |tables: &mut sys::Netlink| Ok(vec![tables.neighbour(next_hop, device, at_ms)?]);
        attempt.neighbour = self.ask.tables.ask(samples);
    }
}

/// A number that nobody can guess: the standard library's hash keys are random for each process.
pub(super) fn random_id() -> u16 {
    let [one, two, ..] = RandomState::new().build_hasher().finish().to_ne_bytes();
    u16::from_ne_bytes([one, two])
}

/// Ends when the socket has something to say; one that can't be watched is looked at now and then.
async fn wake(talk: &UdpTalk) {
    if talk.wake().await.is_err() {
        sleep(REST).await;
    }
}

async fn over_tcp(server: SocketAddr, question: &Question) -> io::Result<Option<Response>> {
    let mut stream = TcpStream::connect(server).await?;
    let bytes = question.bytes(true);
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    stream.write_all(&[&length.to_be_bytes()[..], &bytes].concat()).await?;
    let length = usize::from(stream.read_u16().await?).min(MOST_TCP);
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    Ok(Some(match question.read(&answer) {
        // More than fits here is nowhere to be had: the C library takes what there is.
        Response::Answer(answer) if answer.truncated && answer.addresses.is_empty() => {
            Response::Malformed("cut short over TCP as well, before any address".to_owned())
        }
        Response::Answer(answer) => Response::Answer(DnsAnswer { truncated: false, ..answer }),
        other => other,
    }))
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
