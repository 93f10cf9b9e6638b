//! A door to the reader of what name servers answer.

use super::dns_message::{Question, Response};
use crate::model::{DnsAnswer, RecordKind};

/// Reads a response to a question for `db.example`, whose number is the response's own.
///
/// # Errors
/// Why the response can't be read.
pub(crate) fn dns(bytes: &[u8], record: RecordKind) -> Result<Option<DnsAnswer>, String> {
    let id = bytes.get(..2).and_then(|two| two.try_into().ok()).map_or(0, u16::from_be_bytes);
    let Some(question) = Question::new(id, "db.example", record) else { return Ok(None) };
    match question.read(bytes) {
        Response::Answer(answer) => Ok(Some(answer)),
        Response::NotOurs => Ok(None),
        Response::Malformed(why) => Err(why),
    }
}
