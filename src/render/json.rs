//! One report, one line of JSON, with nothing in it that could move a terminal.

use crate::report::Report;
use crate::sanitize::{is_plain, is_unsafe};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

/// The report as one line.
///
/// # Errors
/// None that can happen: every key is a string, every number finite or null.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::with_capacity(4096);
    json_into(report, &mut bytes)?;
    // The serializer writes UTF-8.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The same behind what is in the buffer: of a list, one report is written after the other.
///
/// # Errors
/// As [`json`].
pub fn json_into(report: &impl Serialize, bytes: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    report.serialize(&mut Serializer::with_formatter(&mut *bytes, Harmless(CompactFormatter)))?;
    bytes.push(b'\n');
    Ok(())
}

/// Writes characters as `\u....` that JSON allows raw and terminals obey (C1 controls, bidi controls).
struct Harmless(CompactFormatter);

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if is_plain(fragment) {
            return self.0.write_string_fragment(writer, fragment);
        }
        let mut plain_from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_unsafe(*c)) {
            self.0.write_string_fragment(writer, fragment.get(plain_from..at).unwrap_or_default())?;
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain_from = at + c.len_utf8();
        }
        self.0.write_string_fragment(writer, fragment.get(plain_from..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_escaped_and_read_back() {
        let hostile = "a\u{1b}[0m\u{9b}\u{202e}b\u{e0001}é\"\\\n";
        let mut bytes = Vec::new();
        hostile.serialize(&mut Serializer::with_formatter(&mut bytes, Harmless(CompactFormatter))).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.chars().any(is_unsafe), "{text}");
        assert!(text.contains('é'));
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
