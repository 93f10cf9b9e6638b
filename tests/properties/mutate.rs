//! Bends JSON so that most of it stays what it was: a report that somebody has edited, or made up.

use serde_json::{Map, Number, Value};
use std::net::{IpAddr, SocketAddr};

/// xorshift64* (Marsaglia, Vigna): the same choices everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random((seed ^ 0x9e37_79b9_7f4a_7c15).max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }

    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Text that means something to a terminal, a shell, Markdown, HTML or a parser.
pub const HOSTILE: &[&str] = &[
    "",
    "\u{1b}]0;title\u{7}\u{1b}[31mred",
    "\r\nrefused.rst (certain): forged",
    "a\u{202e}b\u{200b}c\u{e0001}\u{9b}2J",
    "'; reboot; '",
    "$(reboot) `reboot`",
    "```\n# heading\n```",
    "`` ` ```",
    "<img src=x onerror=y> </details><script>",
    "[text](https://example.invalid) ![](x) <https://example.invalid>",
    "*a* __b__ ~~c~~ | d | &lt; \\",
    "@everyone #1 https://example.invalid",
    "- item\n1. item\n> quote\n---\n",
    "{address} {listeners} {",
    "a,b=c;d:e/f\\g\0h",
    "\u{1f980}\u{fe0f}\u{301}\u{ff21}",
    "-oProxyCommand=reboot",
];

const ADDRESSES: &[&str] = &[
    "127.0.0.1",
    "::1",
    "198.18.1.2",
    "198.51.100.2",
    "2001:db8:1::2",
    "0.0.0.0",
    "::",
    "::ffff:198.18.1.2",
    "fe80::1",
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
];

const ERRNOS: &[&str] = &[
    "ECONNREFUSED",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EACCES",
    "EPERM",
    "EINVAL",
    "EMFILE",
    "EADDRINUSE",
    "EADDRNOTAVAIL",
    "ECONNRESET",
    "EAFNOSUPPORT",
    "ENOENT",
    "EAGAIN",
    "UnknownErrno",
];

const NUMBERS: &[f64] =
    &[0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 13.0, 255.0, 256.0, 65_535.0, 4_294_967_295.0, 1e300, -1e300, 5e-324];

const WHOLE: &[i64] =
    &[0, 1, -1, 2, 3, 4, 6, 11, 255, 256, 65_535, 65_536, 4_294_967_295, i64::MAX, i64::MIN];

/// Changes up to four places: to what the same place of another report holds, or to something wild of its kind.
pub fn mutate(value: &mut Value, other: &Value, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let places = places(value);
        let place = random.of(&places).clone();
        let Some(at) = value.pointer_mut(&place) else { continue };
        match other.pointer(&place) {
            Some(theirs) if !place.is_empty() && random.below(3) > 0 => at.clone_from(theirs),
            _ => change(at, random),
        }
    }
}

/// Pointers to every value.
pub fn places(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    visit(value, String::new(), &mut |place, _| found.push(place.to_owned()));
    found
}

/// Calls with every value and its pointer (RFC 6901).
pub fn visit(value: &Value, place: String, each: &mut dyn FnMut(&str, &Value)) {
    each(&place, value);
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| visit(item, format!("{place}/{at}"), each));
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| {
            visit(item, format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")), each);
        }),
        _ => {}
    }
}

fn change(value: &mut Value, random: &mut Random) {
    match value {
        // Most absent values are numbers.
        Value::Null => *value = Value::from(random.below(300)),
        Value::Bool(yes) => *yes = !*yes,
        Value::Number(number) if number.is_f64() => {
            *value = Number::from_f64(*random.of(NUMBERS)).map_or(Value::Null, Value::Number);
        }
        Value::Number(_) => *value = Value::from(*random.of(WHOLE)),
        Value::String(text) => *text = another(text, random),
        Value::Array(items) => {
            let at = random.below(items.len());
            match random.below(4) {
                0 if !items.is_empty() => drop(items.remove(at)),
                1 => items.extend(items.get(at).cloned()),
                2 => items.reverse(),
                _ => items.clear(),
            }
        }
        Value::Object(map) => change_object(map, random).into_iter().for_each(|other| *value = other),
    }
}

/// A fact becomes one that nobody asked for or could look at.
fn change_object(map: &mut Map<String, Value>, random: &mut Random) -> Option<Value> {
    if map.len() == 1 && (map.contains_key("seen") || map.contains_key("could-not-look")) {
        let mut refused = Map::new();
        refused.insert("could-not-look".into(), Value::from(*random.of(HOSTILE)));
        return Some(if random.below(2) == 0 { Value::from("not-asked") } else { Value::Object(refused) });
    }
    let fact = |value: &Value| value.get("seen").is_some();
    let facts: Vec<String> =
        map.iter().filter(|(_, value)| fact(value)).map(|(key, _)| key.clone()).collect();
    if !facts.is_empty() {
        map.insert(random.of(&facts).clone(), Value::from("not-asked"));
    }
    None
}

/// A text of the same kind, as far as it shows one.
fn another(text: &str, random: &mut Random) -> String {
    if text.parse::<IpAddr>().is_ok() {
        return (*random.of(ADDRESSES)).to_owned();
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        let ip = random.of(ADDRESSES).parse().unwrap_or(address.ip());
        let port = if random.below(2) == 0 { address.port() } else { random.below(65_536) as u16 };
        return SocketAddr::new(ip, port).to_string();
    }
    if text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return (*random.of(ERRNOS)).to_owned();
    }
    let trick = *random.of(HOSTILE);
    match random.below(3) {
        0 => format!("{text}{trick}"),
        1 => trick.repeat(1 + random.below(40)),
        _ => trick.to_owned(),
    }
}
