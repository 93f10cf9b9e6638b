//! Questions to name servers and their responses, between bytes and the model (RFC 1035, RFC 6891, RFC 8914).

use crate::model::{DnsAnswer, ExtendedError, RecordKind};
use crate::sanitize::clean_to;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A response over UDP has at most this many bytes: what passes every path unfragmented.
pub(super) const MOST_UDP: u16 = 1232;

/// Addresses beyond this many are not kept.
const MOST_ADDRESSES: usize = 64;

/// Aliases beyond this many are followed, and not kept.
const MOST_ALIASES: usize = 16;

/// Extended errors, and characters of their text, beyond these are not kept.
const MOST_EXTENDED: usize = 4;
const MOST_TEXT: usize = 200;

/// The extended error option (RFC 8914 section 2).
const EXTENDED_ERROR: u16 = 15;

/// A question as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) id: u16,
    pub(super) name: Name,
    pub(super) record: RecordKind,
}

/// What a datagram is.
#[derive(Debug, PartialEq)]
pub(super) enum Response {
    /// The answer to the question.
    Answer(DnsAnswer),
    /// An answer to another question, or none at all: a resolver goes on waiting.
    NotOurs,
    /// Ours by its number, and not readable.
    Malformed(String),
}

impl Question {
    /// A question for a name without a final dot; `None` where that is no name of the DNS.
    pub(super) fn new(id: u16, name: &str, record: RecordKind) -> Option<Question> {
        let mut name = Name::from_ascii(name).ok()?;
        name.set_fqdn(true);
        Some(Question { id, name, record })
    }

    /// Its bytes. Old servers take a question with EDNS for malformed.
    pub(super) fn bytes(&self, with_edns: bool) -> Vec<u8> {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.name.clone(), self.record_type()));
        if with_edns {
            let mut edns = Edns::new();
            edns.set_max_payload(MOST_UDP);
            message.set_edns(edns);
        }
        // A question of one valid name always fits.
        message.to_vec().unwrap_or_default()
    }

    fn record_type(&self) -> RecordType {
        match self.record {
            RecordKind::A => RecordType::A,
            RecordKind::Aaaa => RecordType::AAAA,
        }
    }

    /// Reads a datagram that came from the server.
    pub(super) fn read(&self, bytes: &[u8]) -> Response {
        let ours = bytes.get(..2) == Some(self.id.to_be_bytes().as_slice());
        // The bit that makes a message a response (RFC 1035 section 4.1.1).
        let response = bytes.get(2).is_some_and(|flags| flags & 0x80 != 0);
        if !ours || !response {
            return Response::NotOurs;
        }
        let message = match Message::from_vec(bytes) {
            Ok(message) => message,
            Err(error) => return Response::Malformed(clean_to(&error.to_string(), MOST_TEXT)),
        };
        let asked = |query: &Query| query.name() == &self.name && query.query_type() == self.record_type();
        // A server that could not even read the question may leave it out.
        if !message.queries.is_empty() && !message.queries.iter().any(asked) {
            return Response::NotOurs;
        }
        Response::Answer(self.answer(&message))
    }

    fn answer(&self, message: &Message) -> DnsAnswer {
        let mut answer = DnsAnswer {
            rcode: u16::from(message.metadata.response_code),
            truncated: message.metadata.truncation,
            addresses: Vec::new(),
            aliases: Vec::new(),
            alias_loop: false,
            extended: message.edns.as_ref().map(extended_errors).unwrap_or_default(),
        };
        let mut aliases = BTreeMap::new();
        for (owner, target) in message.answers.iter().filter_map(alias) {
            aliases.entry(owner).or_insert(target);
        }
        let mut owner = &self.name;
        let mut seen = BTreeSet::from([owner]);
        // As far as the message goes, as the C library does.
        while let Some(next) = aliases.get(owner).copied() {
            if answer.aliases.len() < MOST_ALIASES {
                answer.aliases.push(clean_to(next.to_ascii().trim_end_matches('.'), MOST_TEXT));
            }
            if !seen.insert(next) {
                answer.alias_loop = true;
                break;
            }
            owner = next;
        }
        for address in message.answers.iter().filter_map(|record| self.address(record, &seen)) {
            if answer.addresses.len() < MOST_ADDRESSES && !answer.addresses.contains(&address) {
                answer.addresses.push(address);
            }
        }
        answer
    }

    /// The address in a record of the name, or of a name that it leads to.
    fn address(&self, record: &Record, owners: &BTreeSet<&Name>) -> Option<IpAddr> {
        if !owners.contains(&record.name) {
            return None;
        }
        match (&record.data, self.record) {
            (RData::A(a), RecordKind::A) => Some(IpAddr::V4(a.0)),
            (RData::AAAA(aaaa), RecordKind::Aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        }
    }
}

/// A name, and the one that it leads to.
fn alias(record: &Record) -> Option<(&Name, &Name)> {
    match &record.data {
        RData::CNAME(target) => Some((&record.name, &target.0)),
        _ => None,
    }
}

fn extended_errors(edns: &Edns) -> Vec<ExtendedError> {
    let of = |option: &EdnsOption| match option {
        EdnsOption::Unknown(EXTENDED_ERROR, bytes) => {
            let code = bytes.get(..2).and_then(|two| two.try_into().ok()).map(u16::from_be_bytes)?;
            let text = String::from_utf8_lossy(bytes.get(2..).unwrap_or_default());
            Some(ExtendedError { code, text: clean_to(text.trim_end_matches('\0'), MOST_TEXT) })
        }
        _ => None,
    };
    let all = edns.options().get_all(EdnsCode::Unknown(EXTENDED_ERROR));
    all.into_iter().filter_map(of).take(MOST_EXTENDED).collect()
}

#[cfg(test)]
#[path = "dns_message_tests.rs"]
mod tests;
