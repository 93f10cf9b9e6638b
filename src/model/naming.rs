//! Where names come from: this host's files, and what each name server says when it is asked directly.

use super::schema::Endpoint;
use super::{Attempt, Errno, Fact, Millis, Resolved, Transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What the files under /etc say about one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NameFiles {
    /// Lines of /etc/hosts (hosts(5)) that hold the name, at most 64.
    pub hosts: Fact<Vec<HostsLine>>,
    /// The sources of the `hosts:` line of nsswitch.conf(5), in order; the C library's own where there is none.
    pub sources: Fact<Vec<NameSource>>,
    /// resolv.conf(5).
    pub resolver: Fact<ResolverSettings>,
    /// This host's own name, as `gethostname(2)` has it.
    #[serde(default)]
    pub own_name: Option<String>,
}

impl NameFiles {
    /// Whether ordinary programs come to ask name servers at all; `None` where nsswitch.conf could not be read, or
    /// has a source before them that ends the search if its module is installed.
    pub fn asks_servers(&self) -> Option<bool> {
        let mut open = true;
        for source in self.sources.seen()? {
            match source.name.as_str() {
                "dns" | "resolve" => return open.then_some(true),
                "files" | "db" if source.ends_search() => return Some(false),
                // Multicast DNS finds nothing only for names of its own.
                other if source.ends_search() && !other.starts_with("mdns") => open = false,
                _ => {}
            }
        }
        Some(false)
    }

    /// The files that could not be read, each with the reason.
    pub fn unread(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("/etc/hosts", self.hosts.barred()),
            ("/etc/nsswitch.conf", self.sources.barred()),
            ("/etc/resolv.conf", self.resolver.barred()),
        ];
        all.into_iter().filter_map(|(path, reason)| Some((path, reason?)))
    }

    /// Whether this user may not read a file; it may as well be none, or fail.
    pub fn denies(&self, file: &str) -> bool {
        self.unread().any(|(path, reason)| path == file && matches!(reason, "EACCES" | "EPERM"))
    }
}

impl NameSource {
    /// Whether the search ends where this source does not have the name (nsswitch.conf(5)).
    fn ends_search(&self) -> bool {
        let action = self.action.as_deref().unwrap_or_default().to_ascii_uppercase();
        action.split_ascii_whitespace().any(|part| match part.split_once('=') {
            Some((status, "RETURN")) => match status.strip_prefix('!') {
                Some(other) => other != "NOTFOUND",
                None => status == "NOTFOUND",
            },
            _ => false,
        })
    }
}

/// A line of /etc/hosts that holds the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostsLine {
    /// Its number, from 1.
    pub line: u32,
    /// Its address.
    pub address: IpAddr,
}

/// A source of names in nsswitch.conf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameSource {
    /// `files`, `dns`, `resolve`, `myhostname`, ...
    pub name: String,
    /// What stands in brackets behind it, such as `NOTFOUND=return`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

/// resolv.conf, as the C library reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolverSettings {
    /// Whether the file is there.
    pub present: bool,
    /// The name servers, in order, at most 3 (`MAXNS`); without one the C library asks 127.0.0.1.
    #[schemars(with = "Vec<Endpoint>")]
    pub servers: Vec<SocketAddr>,
    /// The first line, from 1, that names a server in a way that the C library skips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped_server: Option<u32>,
    /// Domains to append to short names, in order.
    pub search: Vec<String>,
    /// A name with at least this many dots is tried as it is before the search list.
    pub ndots: u8,
    /// Seconds that the C library waits for a server.
    pub timeout_s: u8,
    /// How often it goes through the servers.
    pub attempts: u8,
    /// `use-vc`: it asks over TCP alone.
    #[serde(default)]
    pub use_vc: bool,
}

impl ResolverSettings {
    /// The server that the C library asks where none is configured.
    pub const DEFAULT_SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 53);
}

impl Default for ResolverSettings {
    /// What the C library does without the file (`res_vinit`).
    fn default() -> Self {
        ResolverSettings {
            present: false,
            servers: Vec::new(),
            skipped_server: None,
            search: Vec::new(),
            ndots: 1,
            timeout_s: 5,
            attempts: 2,
            use_vc: false,
        }
    }
}

/// The name servers, asked directly: what ordinary programs would be told, and by whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DirectView {
    /// One for each server, in the order of resolv.conf, or the one that `--dns` names.
    pub servers: Vec<ServerView>,
    /// The addresses that the system would arrive at, in the order in which an ordinary client tries them
    /// (RFC 6724).
    pub addresses: Vec<Resolved>,
    /// When the first question went out, since the start of the run.
    pub started_ms: Millis,
    /// When the last look was taken, since the start of the run.
    pub ended_ms: Millis,
}

/// What became of the questions to one name server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerView {
    /// How the server was reached over UDP: the same evidence as for a target.
    pub attempt: Attempt,
    /// One for each question and transport, in the order asked.
    pub exchanges: Vec<Exchange>,
}

impl ServerView {
    /// The server.
    pub fn address(&self) -> SocketAddr {
        self.attempt.address
    }

    /// Whether the server has given an address.
    pub fn gives_addresses(&self) -> bool {
        let some = |exchange: &Exchange| matches!(&exchange.outcome, ExchangeOutcome::Answer(answer) if answer.has_addresses());
        self.exchanges.iter().any(some)
    }

    /// Whether the server has answered every question, and has no address.
    pub fn says_none(&self) -> bool {
        let none = |exchange: &Exchange| match &exchange.outcome {
            ExchangeOutcome::Answer(answer) => matches!(answer.rcode, 0 | 3) && answer.addresses.is_empty(),
            _ => false,
        };
        !self.exchanges.is_empty() && self.exchanges.iter().all(none)
    }
}

/// The record asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    #[serde(rename = "AAAA")]
    Aaaa,
}

impl RecordKind {
    /// The other one.
    pub const fn other(self) -> RecordKind {
        match self {
            RecordKind::A => RecordKind::Aaaa,
            RecordKind::Aaaa => RecordKind::A,
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecordKind::A => "A",
            RecordKind::Aaaa => "AAAA",
        })
    }
}

/// One question to one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The whole name asked for, without a final dot.
    pub name: String,
    /// The record.
    pub record: RecordKind,
    /// UDP, or TCP after a truncated answer.
    pub transport: Transport,
    /// How often the question was sent.
    pub sent: u32,
    /// When it was first sent, since the start of the run.
    pub started_ms: Millis,
    /// When it ended, or was last looked at, since then.
    pub elapsed_ms: Millis,
    /// What came of it.
    pub outcome: ExchangeOutcome,
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeOutcome {
    /// A response.
    Answer(DnsAnswer),
    /// Nothing, until the look ended.
    Silent,
    /// The transport failed; for UDP the server's `attempt` says how.
    Failed(Errno),
    /// A response that can't be read.
    Malformed(String),
}

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsAnswer {
    /// The response code (RFC 1035, RFC 6895): 0 no error, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    pub rcode: u16,
    /// Set where the response did not fit and has to be asked for again over TCP.
    pub truncated: bool,
    /// The addresses, each once, at most 64.
    pub addresses: Vec<IpAddr>,
    /// The names that CNAME records lead through, in their order, at most 16.
    pub aliases: Vec<String>,
    /// Set where those names lead back to one of themselves.
    #[serde(default)]
    pub alias_loop: bool,
    /// Extended errors (RFC 8914).
    pub extended: Vec<ExtendedError>,
}

impl DnsAnswer {
    /// Whether the response gives addresses, and all of them.
    pub fn has_addresses(&self) -> bool {
        self.rcode == 0 && !self.truncated && !self.addresses.is_empty()
    }
}

/// An extended DNS error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExtendedError {
    /// Its code.
    pub code: u16,
    /// Its text, made safe and bounded.
    pub text: String,
}

impl DirectView {
    /// Whether a server has given addresses, or has said for every name that there are none.
    pub fn is_settled(&self) -> bool {
        !self.addresses.is_empty() || self.servers.iter().any(ServerView::says_none)
    }

    /// Every response, with the server and the question it answers.
    pub fn answers(&self) -> impl Iterator<Item = (SocketAddr, &Exchange, &DnsAnswer)> {
        self.servers.iter().flat_map(|server| {
            server.exchanges.iter().filter_map(|exchange| match &exchange.outcome {
                ExchangeOutcome::Answer(answer) => Some((server.address(), exchange, answer)),
                _ => None,
            })
        })
    }
}

/// What is wrong with a name, if anything: RFC 1035 section 2.3.4 for lengths, RFC 952 and 1123 for characters.
/// The underscore is let through, as the C library does.
pub fn malformed(name: &str) -> Option<&'static str> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    if !name.is_ascii() {
        return Some("non-ascii");
    }
    if bare.is_empty() || bare.split('.').any(str::is_empty) {
        return Some("empty-label");
    }
    if bare.split('.').any(|label| label.len() > 63) {
        return Some("long-label");
    }
    if bare.len() > 253 {
        return Some("long-name");
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // The C library refuses a leading hyphen too (res_hnok).
    (name.starts_with('-') || !bare.bytes().all(legal)).then_some("characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_source_that_is_always_there_ends_the_search_for_sure() {
        type Line<'a> = &'a [(&'a str, &'a str)];
        let rows: &[(Line<'_>, Option<bool>)] = &[
            (&[("files", ""), ("dns", "")], Some(true)),
            (&[("files", "NOTFOUND=return"), ("dns", "")], Some(false)),
            (&[("nis", "NOTFOUND=return"), ("dns", "")], None),
            (&[("nis", "!UNAVAIL=return"), ("resolve", "")], None),
            (&[("nis", "UNAVAIL=return"), ("dns", "")], Some(true)),
            (&[("nis", "NOTFOUND=return"), ("files", "NOTFOUND=return"), ("dns", "")], Some(false)),
            (&[("mdns4_minimal", "NOTFOUND=return"), ("dns", "")], Some(true)),
            (&[("nis", "NOTFOUND=return")], Some(false)),
        ];
        for (sources, asks) in rows {
            let source = |(name, action): &(&str, &str)| NameSource {
                name: (*name).to_owned(),
                action: (!action.is_empty()).then(|| (*action).to_owned()),
            };
            let files = NameFiles {
                hosts: Fact::NotAsked,
                sources: Fact::Seen(sources.iter().map(source).collect()),
                resolver: Fact::NotAsked,
                own_name: None,
            };
            assert_eq!(files.asks_servers(), *asks, "{sources:?}");
        }
    }

    #[test]
    fn names_break_the_rules_in_named_ways() {
        let label = "a".repeat(63);
        let rows = [
            ("db.example", None),
            ("db.example.", None),
            ("_sip._tcp.example", None),
            (label.as_str(), None),
            ("", Some("empty-label")),
            (".", Some("empty-label")),
            ("a..b", Some("empty-label")),
            (".a", Some("empty-label")),
            ("müller.example", Some("non-ascii")),
            ("a b", Some("characters")),
            ("-a.example", Some("characters")),
            ("a\u{1b}[31m", Some("characters")),
        ];
        for (name, expected) in rows {
            assert_eq!(malformed(name), expected, "{name}");
        }
        assert_eq!(malformed(&"a".repeat(64)), Some("long-label"));
        assert_eq!(malformed(&vec!["abcdefghi"; 26].join(".")), Some("long-name"));
    }
}
