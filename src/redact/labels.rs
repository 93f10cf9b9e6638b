//! Replacements for names: label by label, so that names that share a part go on to share it, as a name of the
//! search list does with what was typed.

use super::{Map, Walk as _};
use crate::model::malformed;
use crate::model::target::is_numeric;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};

/// Labels that mean the same everywhere, and that rules ask for.
const KEPT: &[&str] =
    &["localhost", "localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"];

/// Top-level names for documentation and tests (RFC 2606).
const RESERVED: &[&str] = &["example", "test", "invalid"];

/// A label has at most this many bytes (RFC 1035 section 2.3.4).
const MOST_BYTES: usize = 63;

/// Labels met, in lower case, and what stands for each.
#[derive(Default)]
pub(super) struct Labels {
    /// Whole names, in the order met.
    names: Vec<String>,
    known: HashSet<String>,
    given: HashMap<String, Given>,
    /// Set where names get another fault unless every label keeps its length.
    exact: bool,
}

/// What stands for a label.
struct Given {
    text: String,
    /// Its place among the labels of its length.
    place: usize,
}

impl Labels {
    fn meet(&mut self, name: &str) {
        if self.known.insert(name.to_owned()) {
            self.names.push(name.to_owned());
        }
    }

    /// Gives every label its replacement.
    pub(super) fn settle(&mut self) {
        let mut tops: Vec<String> = Vec::new();
        for name in &self.names {
            let mut labels = name.split('.').filter(|label| !label.is_empty()).rev();
            if let (Some(last), Some(_)) = (labels.next(), labels.next()) {
                let last = last.to_lowercase();
                if !KEPT.contains(&last.as_str()) && !tops.contains(&last) {
                    tops.push(last);
                }
            }
        }
        let (mut hosts, mut zones) = (0, 0);
        let mut counted: HashMap<usize, usize> = HashMap::new();
        for name in &self.names {
            for (at, label) in name.split('.').enumerate() {
                let label = label.to_lowercase();
                if label.is_empty() || KEPT.contains(&label.as_str()) || self.given.contains_key(&label) {
                    continue;
                }
                let text = match tops.iter().position(|top| *top == label) {
                    Some(at) => RESERVED.get(at).map_or(format!("top-{}", at + 1), |top| (*top).to_owned()),
                    None if at == 0 => {
                        hosts += 1;
                        format!("host-{hosts}")
                    }
                    None => {
                        zones += 1;
                        format!("zone-{zones}")
                    }
                };
                let place = counted.entry(label.len()).or_default();
                self.given.insert(label, Given { text, place: *place });
                *place += 1;
            }
        }
        self.exact = self.names.iter().any(|name| malformed(name) != malformed(&self.of(name)));
    }

    fn of(&self, name: &str) -> String {
        name.split('.').map(|label| self.label(label)).collect::<Vec<_>>().join(".")
    }

    /// A label with the same faults: a hyphen in front, a character that may not be there, too many bytes.
    fn label(&self, label: &str) -> String {
        let lower = label.to_lowercase();
        if label.is_empty() || KEPT.contains(&lower.as_str()) {
            return label.to_owned();
        }
        let Some(given) = self.given.get(&lower) else { return "host".to_owned() };
        let front = if label.starts_with('-') { "-" } else { "" };
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let behind = match label {
            _ if !label.is_ascii() => "\u{e9}",
            _ if !label.bytes().all(legal) => "!",
            _ => "",
        };
        let room = label.len().saturating_sub(front.len() + behind.len());
        let text = match () {
            () if self.exact && given.text.len() > room => code(given.place, room),
            () if self.exact => format!("{:x<room$}", given.text),
            () if label.len() > MOST_BYTES => format!("{:x<width$}", given.text, width = MOST_BYTES + 1),
            () => given.text.clone(),
        };
        let text = format!("{front}{text}{behind}");
        if label.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_uppercase() } else { text }
    }
}

/// A number in so many letters.
fn code(number: usize, letters: usize) -> String {
    const LETTERS: &[u8; 37] = b"abcdefghijklmnopqrstuvwxyz0123456789_";
    let mut rest = number;
    let mut code: Vec<char> = Vec::with_capacity(letters);
    for _ in 0..letters {
        code.push(LETTERS.get(rest % LETTERS.len()).copied().map_or('a', char::from));
        rest /= LETTERS.len();
    }
    code.into_iter().rev().collect()
}

/// The address that a numeric name stands for, as `inet_aton(3)` reads it.
fn numeric_address(name: &str) -> Option<Ipv4Addr> {
    let read = |part: &str| match part.get(..2) {
        Some("0x" | "0X") => u32::from_str_radix(part.get(2..)?, 16).ok(),
        _ if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
        _ => part.parse().ok(),
    };
    let parts: Vec<u32> = name.split('.').map(read).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    let front: Vec<u8> = front.iter().map(|part| u8::try_from(*part).ok()).collect::<Option<_>>()?;
    let mut octets = [0; 4];
    for (octet, part) in octets.iter_mut().zip(&front) {
        *octet = *part;
    }
    let fits = u64::from(*last) < 1 << (8 * 4usize.checked_sub(front.len())?);
    fits.then(|| Ipv4Addr::from(u32::from_be_bytes(octets) | last))
}

impl Map {
    /// A name: of a host, a search domain, an alias.
    pub(super) fn name(&mut self, name: String) -> String {
        if is_numeric(&name) {
            return self.numeric(&name);
        }
        if !self.settled {
            self.labels.meet(&name);
            return name;
        }
        self.labels.of(&name)
    }

    pub(super) fn name_of(&mut self, name: Option<String>) -> Option<String> {
        name.map(|name| self.name(name))
    }

    pub(super) fn names(&mut self, names: Vec<String>) -> Vec<String> {
        names.into_iter().map(|name| self.name(name)).collect()
    }

    /// An address in another form: the same form of the address that stands for it. What `inet_aton(3)` does not
    /// take stays such.
    fn numeric(&mut self, name: &str) -> String {
        let parts = name.split('.').count();
        let Some(v4) = numeric_address(name) else { return vec!["999"; parts].join(".") };
        let given = match IpAddr::V4(v4).walk(self) {
            IpAddr::V4(given) => u32::from(given),
            IpAddr::V6(_) => u32::from(Ipv4Addr::UNSPECIFIED),
        };
        // The last part holds what the others leave.
        let (whole, last) = (parts.saturating_sub(1), 8 * (5 - parts.clamp(1, 4)));
        let mut written: Vec<String> = given.to_be_bytes().iter().take(whole).map(u8::to_string).collect();
        written.push((u64::from(given) & ((1 << last) - 1)).to_string());
        written.join(".")
    }
}
