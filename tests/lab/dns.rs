//! A scripted name server, for answers that no real one gives on demand. It listens on UDP and TCP.
//!
//! Each name of its zone has a list of words; together they make the answer. `a: WORD` and `aaaa: WORD` hold for
//! questions of that type alone. A name that the zone does not hold does not exist, unless there is a name `*`.
//!
//! | word | the answer |
//! |---|---|
//! | an address | has it, where the question is of its type; no word at all: the name has no records |
//! | `cname NAME` | leads there, and goes on with what the zone has for it |
//! | `nxdomain` `servfail` `refused` `notimp` | has that response code |
//! | `ede CODE TEXT` | has that extended error (RFC 8914), if the query had an OPT record |
//! | `after MS` | comes so much later |
//! | `truncated` | is empty and marked as truncated over UDP, and whole over TCP |
//! | `silent` | does not come; what is forged does |
//! | `wrong-id` `wrong-question` `noise` | comes behind a forged one: with another id, about another name, or no DNS at all; with a number, behind so many |
//! | `garbage` | is no DNS at all |
//! | `many N` | has that many addresses, of hosts that are nowhere |
//! | `chain N` | leads there by so many aliases, and the addresses are the last one's |
//! | `circle N` | leads by so many aliases back to the first |
//! | `other-port` `from ADDRESS` | comes from another port, or from another address of the node's, over UDP |
//! | `drip` `stuck` `endless` | over TCP, comes byte by byte, stops half-way, or comes again for ever |
//! | a word of [`crate::dns_shapes`] | is broken in that way |
//!
//! An answer that does not fit 512 bytes, or what the query's OPT record says, is truncated by itself.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::dns_shapes::{self, Shape};

pub(crate) type Zone = BTreeMap<String, Vec<String>>;

/// A zone that may be given another content while it is served.
pub(crate) type Served = Arc<RwLock<Zone>>;

/// Where no answer is better than a forged one, this is what the forged one says.
const FORGED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);
/// The first of addresses that no router has a route to.
const NOWHERE: Ipv4Addr = Ipv4Addr::new(198, 19, 0, 1);
const NOWHERE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xfffe, 0, 0, 0, 0, 1);
const NOISE: &[u8] = b"\x00\xff not a message \x1b[31m\xc0\x0c";
const TTL: u32 = 60;
/// RFC 1035: what fits a datagram where the query says nothing else.
const PLAIN_PAYLOAD: u16 = 512;
/// RFC 8914.
const EXTENDED_ERROR: u16 = 15;
/// No chain of a scenario is longer.
const MOST_ALIASES: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
}

/// What is sent, in its order, and when.
#[derive(Default)]
struct Sending {
    after: Duration,
    messages: Vec<Vec<u8>>,
    sender: Sender,
    pace: Pace,
}

/// Whom an answer over UDP comes from.
#[derive(Clone, Copy, Default)]
enum Sender {
    #[default]
    Server,
    OtherPort,
    OtherAddress(IpAddr),
}

/// How an answer over TCP comes.
#[derive(Clone, Copy, Default)]
enum Pace {
    #[default]
    Whole,
    Drip,
    Stuck,
    Endless,
}

/// Between the bytes of an answer that drips.
const DRIP: Duration = Duration::from_millis(100);

/// Answers over UDP until the process ends.
pub(crate) fn serve_udp(socket: &Arc<UdpSocket>, zone: &Served) -> Result<(), String> {
    let mut buffer = [0; 4096];
    loop {
        let (length, peer) =
            socket.recv_from(&mut buffer).map_err(|error| format!("name server: {error}"))?;
        let sending = answer(buffer.get(..length).unwrap_or_default(), zone, Transport::Udp);
        let socket = Arc::clone(socket);
        let flood = sending.messages.len() > MANY;
        let send = move || {
            let Ok(socket) = sending.sender.socket(&socket) else { return };
            for message in &sending.messages {
                // The one who asked may be gone.
                let _ = socket.send_to(message, peer);
            }
        };
        run_after(sending.after, flood, send);
    }
}

impl Sender {
    fn socket(self, own: &Arc<UdpSocket>) -> std::io::Result<Arc<UdpSocket>> {
        let address = own.local_addr()?;
        Ok(match self {
            Self::Server => Arc::clone(own),
            Self::OtherPort => Arc::new(UdpSocket::bind((address.ip(), 0))?),
            Self::OtherAddress(other) => Arc::new(UdpSocket::bind((other, address.port()))?),
        })
    }
}

/// Answers over TCP until the process ends, one thread for each connection.
pub(crate) fn serve_tcp(listener: &TcpListener, zone: &Served) {
    for stream in listener.incoming().flatten() {
        let zone = Arc::clone(zone);
        thread::spawn(move || {
            // The one who asked may be gone.
            let _ = converse(stream, &zone);
        });
    }
}

fn converse(mut stream: TcpStream, zone: &Served) -> std::io::Result<()> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query)?;
        let sending = answer(&query, zone, Transport::Tcp);
        thread::sleep(sending.after);
        for message in sending.messages {
            let mut framed = u16::try_from(message.len()).unwrap_or_default().to_be_bytes().to_vec();
            framed.extend(message);
            match sending.pace {
                Pace::Whole => stream.write_all(&framed)?,
                Pace::Drip => {
                    for byte in framed {
                        stream.write_all(&[byte])?;
                        thread::sleep(DRIP);
                    }
                }
                Pace::Stuck => stream.write_all(framed.get(..framed.len() / 2).unwrap_or_default())?,
                Pace::Endless => loop {
                    stream.write_all(&framed)?;
                },
            }
        }
    }
}

/// So many messages take their time on a busy machine.
const MANY: usize = 100;

/// The delay is what a scenario is about, or the flood; other questions are not to wait behind this one.
fn run_after(delay: Duration, flood: bool, work: impl FnOnce() + Send + 'static) {
    if delay.is_zero() && !flood {
        return work();
    }
    thread::spawn(move || {
        thread::sleep(delay);
        work();
    });
}

/// What is to be sent about a query; nothing where it is none.
fn answer(query: &[u8], zone: &Served, transport: Transport) -> Sending {
    let Ok(query) = Message::from_vec(query) else {
        return Sending::default();
    };
    let Some(question) = query.queries.first() else {
        return Sending::default();
    };
    let mut answer = Answer::new(question);
    answer.follow(&zone.read().unwrap_or_else(PoisonError::into_inner));
    answer.sending(&query, transport)
}

/// An answer in the making.
struct Answer<'a> {
    question: &'a Query,
    code: ResponseCode,
    records: Vec<Record>,
    extended: Vec<EdnsOption>,
    after: Duration,
    truncated: bool,
    silent: bool,
    garbage: bool,
    shape: Option<Shape>,
    sender: Sender,
    pace: Pace,
    /// Words for what comes first, and how often.
    forged: Vec<(String, usize)>,
}

impl<'a> Answer<'a> {
    fn new(question: &'a Query) -> Self {
        Self {
            question,
            code: ResponseCode::NoError,
            records: Vec::new(),
            extended: Vec::new(),
            after: Duration::ZERO,
            truncated: false,
            silent: false,
            garbage: false,
            shape: None,
            sender: Sender::Server,
            pace: Pace::Whole,
            forged: Vec::new(),
        }
    }

    /// Reads the words of the name asked for, and of those that it leads to.
    fn follow(&mut self, zone: &Zone) {
        let mut owner = self.question.name().clone();
        let mut key = written(&owner);
        let mut seen = Vec::new();
        while !seen.contains(&key) && seen.len() < MOST_ALIASES {
            let Some(words) = zone.get(&key).or_else(|| zone.get("*")) else {
                self.code = ResponseCode::NXDomain;
                return;
            };
            seen.push(key);
            match self.take_all(&owner, words) {
                Some((name, text)) => (owner, key) = (name, text),
                None => return,
            }
        }
    }

    /// Takes the words of one name. Returns the name that it leads to.
    fn take_all(&mut self, owner: &Name, words: &[String]) -> Option<(Name, String)> {
        let mut next = None;
        let mut owner = owner.clone();
        for word in words {
            let word = match (word.strip_prefix("a: "), word.strip_prefix("aaaa: ")) {
                (Some(word), _) if self.question.query_type() == RecordType::A => word,
                (_, Some(word)) if self.question.query_type() == RecordType::AAAA => word,
                (None, None) => word,
                _ => continue,
            };
            if let Some(target) = word.strip_prefix("cname ") {
                let target = target.to_lowercase();
                if let Ok(name) = Name::from_labels(target.split('.').map(str::as_bytes)) {
                    self.alias(owner.clone(), name.clone());
                    next = Some((name, target));
                }
            } else if let Some(count) = word.strip_prefix("chain ") {
                owner = self.chain(&owner, count);
            } else if let Some(count) = word.strip_prefix("circle ") {
                let last = self.chain(&owner, count);
                self.alias(last, self.question.name().clone());
            } else {
                self.take(&owner, word);
            }
        }
        next
    }

    fn alias(&mut self, owner: Name, target: Name) {
        self.records.push(Record::from_rdata(owner, TTL, RData::CNAME(CNAME(target))));
    }

    /// Aliases from a name on; returns the last.
    fn chain(&mut self, owner: &Name, count: &str) -> Name {
        let mut owner = owner.clone();
        for number in 0..count.parse().unwrap_or(0) {
            if let Ok(next) = Name::from_ascii(format!("alias-{number}.test.")) {
                self.alias(owner, next.clone());
                owner = next;
            }
        }
        owner
    }

    fn take(&mut self, owner: &Name, word: &str) {
        let (head, rest) = word.split_once(' ').unwrap_or((word, ""));
        match head {
            "nxdomain" => self.code = ResponseCode::NXDomain,
            "servfail" => self.code = ResponseCode::ServFail,
            "refused" => self.code = ResponseCode::Refused,
            "notimp" => self.code = ResponseCode::NotImp,
            "after" => self.after = Duration::from_millis(rest.parse().unwrap_or_default()),
            "truncated" => self.truncated = true,
            "silent" => self.silent = true,
            "garbage" => self.garbage = true,
            "wrong-id" | "wrong-question" | "noise" => {
                self.forged.push((head.to_owned(), rest.parse().unwrap_or(1)));
            }
            "other-port" => self.sender = Sender::OtherPort,
            "from" => self.sender = rest.parse().map_or(Sender::Server, Sender::OtherAddress),
            "drip" => self.pace = Pace::Drip,
            "stuck" => self.pace = Pace::Stuck,
            "endless" => self.pace = Pace::Endless,
            "many" => {
                for number in 0..rest.parse().unwrap_or(0) {
                    let address: IpAddr = match self.question.query_type() {
                        RecordType::A => Ipv4Addr::from_bits(NOWHERE.to_bits() + number).into(),
                        _ => Ipv6Addr::from_bits(NOWHERE_V6.to_bits() + u128::from(number)).into(),
                    };
                    self.take(owner, &address.to_string());
                }
            }
            word if Shape::named(word).is_some() => self.shape = Shape::named(word),
            "ede" => {
                let (code, text) = rest.split_once(' ').unwrap_or((rest, ""));
                let mut bytes = code.parse::<u16>().unwrap_or_default().to_be_bytes().to_vec();
                bytes.extend(text.as_bytes());
                self.extended.push(EdnsOption::Unknown(EXTENDED_ERROR, bytes));
            }
            _ => {
                let data = match (word.parse(), self.question.query_type()) {
                    (Ok(IpAddr::V4(address)), RecordType::A) => RData::A(address.into()),
                    (Ok(IpAddr::V6(address)), RecordType::AAAA) => RData::AAAA(address.into()),
                    _ => return,
                };
                self.records.push(Record::from_rdata(owner.clone(), TTL, data));
            }
        }
    }

    fn sending(self, query: &Message, transport: Transport) -> Sending {
        let mut messages: Vec<Vec<u8>> = Vec::new();
        for (kind, times) in &self.forged {
            messages.extend(std::iter::repeat_n(self.forge(kind, query), *times));
        }
        let sending =
            Sending { after: self.after, messages: Vec::new(), sender: self.sender, pace: self.pace };
        if self.silent {
            return Sending { messages, ..sending };
        }
        let message = self.message(query);
        let id = query.metadata.id;
        let whole = match self.shape {
            Some(shape) => dns_shapes::message(shape, id, self.question),
            None => message.to_vec().unwrap_or_default(),
        };
        let payload = query.edns.as_ref().map_or(PLAIN_PAYLOAD, Edns::max_payload).max(PLAIN_PAYLOAD);
        let cut = transport == Transport::Udp && (self.truncated || whole.len() > usize::from(payload));
        messages.push(match (self.garbage, cut) {
            (true, _) => NOISE.to_vec(),
            (false, true) if self.shape.is_some() => dns_shapes::cut_short(whole, self.question),
            (false, true) => message.truncate().to_vec().unwrap_or_default(),
            (false, false) => whole,
        });
        Sending { messages, ..sending }
    }

    fn message(&self, query: &Message) -> Message {
        let mut message = Message::response(query.metadata.id, OpCode::Query);
        message.metadata.recursion_desired = query.metadata.recursion_desired;
        message.metadata.recursion_available = true;
        message.metadata.response_code = self.code;
        message.add_query(self.question.clone());
        message.add_answers(self.records.iter().cloned());
        if query.edns.is_some() {
            let mut edns = Edns::new();
            for option in &self.extended {
                edns.options_mut().insert(option.clone());
            }
            message.set_edns(edns);
        }
        message
    }

    /// What somebody might send who guesses at the answer.
    fn forge(&self, kind: &str, query: &Message) -> Vec<u8> {
        let mut forged = Message::response(query.metadata.id, OpCode::Query);
        let mut question = self.question.clone();
        match kind {
            "wrong-id" => forged.metadata.id = !query.metadata.id,
            "wrong-question" => {
                if let Ok(other) = Name::from_ascii("forged.test.") {
                    question.set_name(other);
                }
            }
            _ => return NOISE.to_vec(),
        }
        let record = Record::from_rdata(question.name().clone(), TTL, RData::A(FORGED.into()));
        forged.add_query(question);
        forged.add_answer(record);
        forged.to_vec().unwrap_or_default()
    }
}

/// A name as a zone has it: in lower case and without a final dot.
fn written(name: &Name) -> String {
    let labels: Vec<String> =
        name.iter().map(|label| String::from_utf8_lossy(label).to_lowercase()).collect();
    labels.join(".")
}
