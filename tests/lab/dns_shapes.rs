//! Messages that no name server writes: bytes that are laid out by hand behind an ordinary question (RFC 1035,
//! section 4).

use hickory_proto::op::{Message, OpCode, Query};
use hickory_proto::rr::RecordType;

/// How a message is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The name of the one record leads to itself.
    PointerLoop,
    /// The name of the one record leads to the question's, by as many pointers as a message can hold.
    PointerChain,
    /// It says that it has as many records as can be counted, and has none.
    EmptyCounts,
    /// The record's data is shorter than an address.
    ShortData,
    /// The record's data is longer than the message.
    LongData,
    /// The question alone, as if there were nothing to say, and bytes of all kinds behind it.
    Rubbish,
}

impl Shape {
    /// By its word in a zone.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "pointer-loop" => Self::PointerLoop,
            "pointer-chain" => Self::PointerChain,
            "empty-counts" => Self::EmptyCounts,
            "short-data" => Self::ShortData,
            "long-data" => Self::LongData,
            "rubbish" => Self::Rubbish,
            _ => return None,
        })
    }
}

/// The header's flags (response, recursion desired and available), and where it counts answers.
const FLAGS: usize = 2;
const ANSWERS: usize = 6;
/// The question's name stands behind the header.
const QUESTION: u16 = 12;
/// The two bits that make a pointer; the rest of it is an offset.
const POINTER: u16 = 0xc000;
const MOST_OFFSET: usize = 0x3fff;
/// RFC 1035, section 3.3.10: anything at all.
const NULL: u16 = 10;

/// The whole message about a question.
pub(crate) fn message(shape: Shape, id: u16, question: &Query) -> Vec<u8> {
    let mut plain = Message::response(id, OpCode::Query);
    plain.add_query(question.clone());
    let mut bytes = plain.to_vec().unwrap_or_default();
    set(&mut bytes, FLAGS, 0x8180);
    let own_type = u16::from(question.query_type());
    let length = if question.query_type() == RecordType::A { 4 } else { 16 };
    let address = vec![198; length];
    match shape {
        Shape::PointerLoop => {
            let here = pointer(bytes.len());
            set(&mut bytes, ANSWERS, 1);
            record(&mut bytes, &here, own_type, length, &address);
        }
        Shape::PointerChain => {
            set(&mut bytes, ANSWERS, 2);
            // A root name, type, class, TTL and length of data come before the chain.
            let start = bytes.len() + 11;
            let mut chain = (POINTER | QUESTION).to_be_bytes().to_vec();
            while start + chain.len() < MOST_OFFSET - 1 {
                chain.extend(pointer(start + chain.len() - 2));
            }
            let last = pointer(start + chain.len() - 2);
            record(&mut bytes, &[0], NULL, chain.len(), &chain);
            record(&mut bytes, &last, own_type, length, &address);
        }
        Shape::EmptyCounts => set(&mut bytes, ANSWERS, u16::MAX),
        Shape::ShortData | Shape::LongData => {
            set(&mut bytes, ANSWERS, 1);
            let said = if shape == Shape::ShortData { 2 } else { usize::from(u16::MAX) };
            record(&mut bytes, &(POINTER | QUESTION).to_be_bytes(), own_type, said, &[198, 19]);
        }
        Shape::Rubbish => bytes.extend((0..=255).cycle().take(500)),
    }
    bytes
}

/// The same with nothing but the question, and the mark that there is more.
pub(crate) fn cut_short(mut message: Vec<u8>, question: &Query) -> Vec<u8> {
    let name = question.name().to_lowercase();
    let length = usize::from(QUESTION) + name.len() + 4;
    message.truncate(length);
    set(&mut message, FLAGS, 0x8380);
    set(&mut message, ANSWERS, 0);
    message
}

fn set(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(two) = bytes.get_mut(at..at + 2) {
        two.copy_from_slice(&value.to_be_bytes());
    }
}

fn pointer(offset: usize) -> [u8; 2] {
    (POINTER | u16::try_from(offset).unwrap_or_default()).to_be_bytes()
}

/// A record in class IN, with a TTL of a minute.
fn record(bytes: &mut Vec<u8>, owner: &[u8], kind: u16, length: usize, data: &[u8]) {
    bytes.extend(owner);
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 60]);
    bytes.extend(u16::try_from(length).unwrap_or_default().to_be_bytes());
    bytes.extend(data);
}
