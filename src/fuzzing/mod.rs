//! Entry points for fuzzing, one for each reader of bytes that somebody else chooses. Each takes any bytes, and
//! panics where what comes of them breaks a promise.
//!
//! Built for tests and with the feature `fuzzing` only. `fuzz/` runs them under libFuzzer, the tests below with
//! a seeded generator. Reports that are fed back have their entry point in `tests/properties`.

use crate::model::target::{Host, Target, TargetError};
use crate::model::{RecordKind, Transport};
use crate::probe;
use crate::sanitize::{MOST_CHARS, clean, clean_to, is_unsafe, shell_word, unescaped};
use crate::sys::{fuzzing as sys, search_names};
use nix::sys::socket::ControlMessageOwned as Control;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An entry point.
pub type Entry = fn(&[u8]);

/// Every entry point by its name, which is that of its corpus in `tests/corpus` too.
pub const ENTRIES: &[(&str, Entry)] = &[
    ("dns", dns),
    ("error_queue", error_queue),
    ("gai_conf", gai_conf),
    ("name_files", name_files),
    ("proc_files", proc_files),
    ("route", route),
    ("sanitise", sanitise),
    ("socket_table", socket_table),
    ("sockets", sockets),
    ("target", target),
];

/// Nothing that a terminal obeys, and not endless.
fn assert_shown(text: &str, most: usize) {
    assert!(!text.chars().any(is_unsafe), "unsafe: {text:?}");
    // A character may be written as \u{10ffff}, and the length behind a text that is cut.
    assert!(text.len() <= most * 10 + 40, "long: {} bytes", text.len());
}

/// A target as it may be typed; a second line is the port of `HOST PORT`.
pub fn target(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let services = |name: &str| (name == "domain").then_some(53);
    let read = match text.split_once('\n') {
        Some((host, port)) => Target::parse_pair(host, port, &services),
        None => Target::parse(&text, &services),
    };
    match read {
        Ok(target) => {
            assert!(target.port > 0 || target.transport == Transport::Unix, "{target:?}");
            let endpoint = target.endpoint();
            // A name may hold what an endpoint can't show; where it reads, it reads as the same.
            if let Ok(again) = Target::parse(&endpoint, &services)
                && matches!(target.host, Host::Address { .. } | Host::Socket(_))
            {
                assert_eq!((&again.host, again.port), (&target.host, target.port), "{endpoint:?}");
            }
            let _ = (target.is_loopback_name(), target.is_numeric_name());
        }
        Err(error) => {
            // A socket's whole name may be quoted.
            let most = if matches!(error, TargetError::Scheme(_)) { 400 } else { 250 };
            assert_shown(&error.to_string(), most);
        }
    }
}

/// Control messages of the error queue, each a byte for its kind and the bytes of its structure; and `TCP_INFO`.
pub fn error_queue(bytes: &[u8]) {
    sys::tcp_info(bytes);
    let mut controls = Vec::new();
    for chunk in bytes.chunks(20) {
        let byte = |at: usize| chunk.get(at).copied().unwrap_or_default();
        let four = |at: usize| u32::from_ne_bytes([byte(at), byte(at + 1), byte(at + 2), byte(at + 3)]);
        let error = libc::sock_extended_err {
            ee_errno: four(1),
            ee_origin: byte(5),
            ee_type: byte(6),
            ee_code: byte(7),
            ee_pad: 0,
            ee_info: four(8),
            ee_data: 0,
        };
        let v4 = libc::sockaddr_in {
            sin_family: u16::from(byte(12)),
            sin_port: 0,
            sin_addr: libc::in_addr { s_addr: four(13) },
            sin_zero: [0; 8],
        };
        let mut s6_addr = [0; 16];
        s6_addr.iter_mut().enumerate().for_each(|(at, to)| *to = byte(at + 4));
        let v6 = libc::sockaddr_in6 {
            sin6_family: u16::from(byte(12)),
            sin6_port: 0,
            sin6_flowinfo: 0,
            sin6_addr: libc::in6_addr { s6_addr },
            sin6_scope_id: four(16),
        };
        let named = byte(12) != 0;
        controls.push(match byte(0) % 5 {
            0 => Control::Ipv4RecvErr(error, named.then_some(v4)),
            1 => Control::Ipv6RecvErr(error, named.then_some(v6)),
            2 => Control::Ipv4Ttl(four(1).cast_signed()),
            3 => Control::Ipv6HopLimit(four(1).cast_signed()),
            _ => Control::RxqOvfl(four(1)),
        });
    }
    let errors =
        controls.iter().any(|one| matches!(one, Control::Ipv4RecvErr(..) | Control::Ipv6RecvErr(..)));
    assert_eq!(sys::error_queue(controls).is_some(), errors);
}

/// A datagram from rtnetlink.
pub fn route(bytes: &[u8]) {
    for text in sys::route(bytes, sequence(bytes)).texts {
        // A device's name is shown through the sanitiser; here it must only be bounded by its message.
        assert!(text.len() <= bytes.len() * 3 + 64, "{text:?}");
    }
}

/// A datagram from sock_diag.
pub fn sockets(bytes: &[u8]) {
    // A message has at least its header.
    assert!(sys::sockets(bytes, sequence(bytes)) <= bytes.len() / 16);
}

/// The number of the first message: the reader takes only those of its own question.
fn sequence(bytes: &[u8]) -> u32 {
    bytes.get(8..12).and_then(|four| four.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

/// A name in the first line, the environment's words in the second, then a file, read as each of those below /etc.
pub fn name_files(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (name, rest) = text.split_once('\n').unwrap_or(("db.example", &text));
    let (env, file) = rest.split_once('\n').unwrap_or(("", rest));
    let hosts = sys::hosts(file, name);
    assert!(hosts.len() <= 64 && hosts.is_sorted_by_key(|line| line.line), "{hosts:?}");
    let sources = sys::sources(file);
    assert!(sources.len() <= 32, "{sources:?}");
    for source in &sources {
        assert_shown(&source.name, 60);
        assert_shown(source.action.as_deref().unwrap_or_default(), MOST_CHARS);
    }
    let settings = sys::resolver(file, env);
    assert!(settings.servers.len() <= 3 && settings.search.len() <= 32, "{settings:?}");
    assert!(settings.ndots <= 15 && (1..=30).contains(&settings.timeout_s) && settings.attempts <= 5);
    settings.search.iter().for_each(|domain| assert_shown(domain, 254));
    let names = search_names(name, &settings);
    assert!(names.len() <= 34, "{names:?}");
    for (at, whole) in names.iter().enumerate() {
        assert!(whole.len() <= 253 && !whole.ends_with('.') && !whole.is_empty(), "{whole:?}");
        assert!(!names.iter().skip(at + 1).any(|other| other == whole), "{names:?}");
    }
}

/// A byte with a number of addresses, 33 bytes for each and its source, and then a gai.conf.
pub fn gai_conf(bytes: &[u8]) {
    let (count, mut rest) = bytes.split_first().map_or((0, bytes), |(count, rest)| (*count % 16, rest));
    let mut addresses = Vec::new();
    for _ in 0..count {
        let Some((one, behind)) = rest.split_first_chunk::<33>() else { break };
        rest = behind;
        let [bits, both @ ..] = one;
        let (address, source) = both.split_at(16);
        let ip = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok().map(Ipv6Addr::from);
        let family = |v6: Ipv6Addr| match v6.segments() {
            [0, 0, 0, 0, 0, 0, high, low] => {
                IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
            }
            _ => IpAddr::V6(v6),
        };
        addresses.extend(ip(address).map(|ip_| (family(ip_), ip(source).map(family), bits & 0x7f)));
    }
    let gai = String::from_utf8_lossy(rest);
    let mut before: Vec<IpAddr> = addresses.iter().map(|(address, ..)| *address).collect();
    let mut after = sys::in_order(&gai, &addresses);
    before.sort_unstable();
    after.sort_unstable();
    assert_eq!(before, after);
}

/// One text, read as each file below /proc.
pub fn proc_files(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    sys::proc_files(bytes, &text).iter().for_each(|kept| assert_shown(kept, 256));
}

/// A table of sockets in /proc/PID/net.
pub fn socket_table(bytes: &[u8]) {
    assert!(sys::socket_table(bytes) <= 4 * bytes.split(|byte| *byte == b'\n').count());
}

/// A response of a name server.
pub fn dns(bytes: &[u8]) {
    for record in [RecordKind::A, RecordKind::Aaaa] {
        match probe::fuzzing::dns(bytes, record) {
            Ok(None) => {}
            Ok(Some(answer)) => {
                assert!(answer.addresses.len() <= 64 && answer.aliases.len() <= 16, "{answer:?}");
                assert!(answer.extended.len() <= 4, "{answer:?}");
                let right = |address: &IpAddr| address.is_ipv4() == (record == RecordKind::A);
                assert!(answer.addresses.iter().all(right), "{answer:?}");
                let texts = answer.extended.iter().map(|error| &error.text);
                texts.chain(&answer.aliases).for_each(|text| assert_shown(text, 200));
            }
            Err(why) => assert_shown(&why, 200),
        }
    }
}

/// Text from outside.
pub fn sanitise(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let cleaned = clean(&text);
    assert_shown(&cleaned, MOST_CHARS);
    assert_shown(&clean_to(&text, 7), 7);
    let whole = clean_to(&text, usize::MAX);
    assert_shown(&whole, text.len());
    assert_eq!(unescaped(&whole), unescaped(&text));
    if text.chars().count() <= MOST_CHARS && !text.chars().any(is_unsafe) {
        assert_eq!(cleaned, text);
    }
    let word = shell_word(&text);
    assert_shown(&word, 6 * 4096);
    if text.chars().count() <= 4096 {
        // What ends a command's output in line breaks, the shell drops; and NUL no word can hold.
        let meant = unescaped(&text).replace('\0', "");
        let read = in_a_shell(&word).map(|read| read.replace('\0', ""));
        assert_eq!(
            read.as_deref().map(|read| read.trim_end_matches('\n')),
            Some(meant.trim_end_matches('\n'))
        );
    }
}

/// What a POSIX shell makes of a word (2.2), as far as [`shell_word`] writes one; `None` where it is not one word,
/// or means something else than itself.
fn in_a_shell(word: &str) -> Option<String> {
    if let Some(format) = word.strip_prefix("\"$(printf '") {
        return printed(format.strip_suffix("')\"")?);
    }
    let mut text = String::new();
    let mut rest = word.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' => loop {
                match rest.next()? {
                    '\'' => break,
                    c => text.push(c),
                }
            },
            '\\' => text.push(rest.next()?),
            c if c.is_ascii_alphanumeric() || "._:%/@+=,-".contains(c) => text.push(c),
            _ => return None,
        }
    }
    (!word.is_empty()).then_some(text)
}

/// What `printf` makes of a format in single quotes: `%%`, `\\` and three octal digits.
fn printed(format: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = format.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\'' => return None,
            b'%' => bytes.push(rest.next().filter(|next| *next == b'%')?),
            b'\\' => match rest.next()? {
                b'\\' => bytes.push(b'\\'),
                first => {
                    let digits = [first, rest.next()?, rest.next()?];
                    bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?);
                }
            },
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
