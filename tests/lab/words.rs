//! Placeholders: what `{target:80}` or `{r2.down}` in a scenario means in one family and topology.
//!
//! | written | means |
//! |---|---|
//! | `{client}` `{r1}` `{target}` | the node's address (a router's: the one towards the client) |
//! | `{r1.up}` `{r1.down}` | the address of that device |
//! | `{target.local}` `{r1.up.local}` | the link-local IPv6 address of that device |
//! | `{spare}` `{near}` | an address that nobody has, on the target's link and on the client's |
//! | `{elsewhere}` | an address outside the chain, which routers have no route to |
//! | `{target.net}` `{client.net}` `{elsewhere.net}` | the prefix of those |
//! | `{loopback}` `{any}` | 127.0.0.1 or ::1, 0.0.0.0 or :: |
//! | `{family}` `{ip}` `{nft}` `{icmp}` `{length}` | 4, `ip -4`, `ip`, `icmp`, 32; or their IPv6 counterparts |
//! | `{ten-thousand}` | ten thousand letters |
//! | `{uid}` | the user id that whyconn has in the lab |
//! | `{other.…}` | any of these in the other family |
//! | `{…:80}` | an address joined with a port, in brackets where IPv6 needs them |
//!
//! A scenario adds its own under `[words]` and `[variants.NAME]`; a value there is one for both families, or
//! a table with `v4` and `v6`. A string that is nothing but one placeholder takes the word's type, so that
//! `routers = "{hops}"` gives a number.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::{Captures, Regex};
use toml::Value;

use crate::topology::{self, Family, Host, Topology};

/// What each placeholder stands for.
pub(crate) struct Words(BTreeMap<String, Value>);

impl Words {
    /// The words every scenario has.
    pub(crate) fn new(topology: Topology, family: Family, uid: u32) -> Self {
        let mut words = BTreeMap::new();
        for (lead, family) in [("", family), ("other.", family.other())] {
            for (name, text) in family_words(topology, family) {
                words.insert(format!("{lead}{name}"), Value::String(text));
            }
        }
        words.insert("ten-thousand".to_owned(), Value::String("x".repeat(10_000)));
        words.insert("uid".to_owned(), Value::Integer(uid.into()));
        Self(words)
    }

    /// Adds the words of a scenario. A word that has no value in this family makes the scenario not exist in
    /// this family: `Ok(false)`.
    pub(crate) fn extend(&mut self, table: &toml::Table, family: Family) -> Result<bool, String> {
        for (name, value) in table {
            let value = match value {
                Value::Table(per_family) => match per_family.get(family.name()) {
                    Some(value) => value,
                    None => return Ok(false),
                },
                value => value,
            };
            let value = self.fill(value)?;
            self.0.insert(name.clone(), value);
        }
        Ok(true)
    }

    /// The same value with all placeholders replaced, in keys as well.
    pub(crate) fn fill(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.fill_text(text)?,
            Value::Array(items) => {
                let filled: Result<_, _> = items.iter().map(|item| self.fill(item)).collect();
                Value::Array(filled?)
            }
            Value::Table(table) => Value::Table(
                table
                    .iter()
                    .map(|(key, value)| Ok((plain(&self.fill_text(key)?), self.fill(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            value => value.clone(),
        })
    }

    fn fill_text(&self, text: &str) -> Result<Value, String> {
        // A word never holds whitespace, so the braces of nft's own syntax pass untouched.
        static PLACEHOLDER: LazyLock<Result<Regex, regex_lite::Error>> =
            LazyLock::new(|| Regex::new(r"\{([a-z][a-z0-9._-]*)(?::([^{}\s]+))?\}"));
        let placeholder = PLACEHOLDER.as_ref().map_err(|error| format!("placeholder pattern: {error}"))?;
        let mut unknown = None;
        let lookup = |captures: &Captures| {
            let word = self.0.get(&captures[1])?;
            Some(match captures.get(2) {
                Some(port) => Value::String(with_port(&plain(word), port.as_str())),
                None => word.clone(),
            })
        };
        if let Some(captures) = placeholder.captures(text)
            && captures[0].len() == text.len()
        {
            return lookup(&captures).ok_or_else(|| format!("no such word: {text}"));
        }
        let filled = placeholder.replace_all(text, |captures: &Captures| {
            lookup(captures).map_or_else(
                || {
                    unknown = Some(captures[0].to_owned());
                    String::new()
                },
                |word| plain(&word),
            )
        });
        match unknown {
            Some(word) => Err(format!("no such word: {word} in {text:?}")),
            None => Ok(Value::String(filled.into_owned())),
        }
    }
}

fn with_port(address: &str, port: &str) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// A word inside a longer text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn family_words(topology: Topology, family: Family) -> Vec<(String, String)> {
    let mut words: Vec<(String, String)> = Vec::new();
    let mut say = |name: &str, text: String| words.push((name.to_owned(), text));
    for (position, node) in (0u8..).zip(topology.nodes()) {
        let devices = topology.devices(position);
        for device in &devices {
            let address = topology::address(family, device.link, device.host);
            let local = topology::link_local(device.link, device.host);
            say(&format!("{node}.{}", device.name), address.to_string());
            say(&format!("{node}.{}.local", device.name), local.to_string());
        }
        if let Some(first) = devices.first() {
            let address = topology::address(family, first.link, first.host);
            let local = topology::link_local(first.link, first.host);
            say(&node, address.to_string());
            say(&format!("{node}.local"), local.to_string());
        }
    }
    let last = topology.last_link();
    let spare = |link| topology::address(family, link, Host::Spare).to_string();
    say("spare", spare(last));
    say("near", spare(1));
    say("target.net", topology::prefix(family, last));
    say("client.net", topology::prefix(family, 1));
    let fixed = match family {
        Family::V4 => [
            ("elsewhere", "203.0.113.9"),
            ("elsewhere.net", "203.0.113.0/24"),
            ("loopback", "127.0.0.1"),
            ("any", "0.0.0.0"),
            ("family", "4"),
            ("ip", "ip -4"),
            ("nft", "ip"),
            ("icmp", "icmp"),
            ("length", "32"),
        ],
        Family::V6 => [
            ("elsewhere", "2001:db8:ffff::9"),
            ("elsewhere.net", "2001:db8:ffff::/64"),
            ("loopback", "::1"),
            ("any", "::"),
            ("family", "6"),
            ("ip", "ip -6"),
            ("nft", "ip6"),
            ("icmp", "icmpv6"),
            ("length", "128"),
        ],
    };
    for (name, text) in fixed {
        say(name, text.to_owned());
    }
    words
}
