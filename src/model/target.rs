//! The target: which host, which port; and how people write it.
//!
//! Parsing asks nobody: a service's name is looked up by the function that the caller passes in.

use super::unix_name::{SocketType, UnixError, UnixName};
use crate::sanitize::{clean_to, serialize_clean, serialize_clean_option};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Family {
        match address {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }

    /// The other one.
    pub fn other(self) -> Family {
        match self {
            Family::V4 => Family::V6,
            Family::V6 => Family::V4,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}

/// The transport protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// A unix socket of this machine (unix(7)).
    Unix,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
            Transport::Unix => "unix",
        })
    }
}

/// A host: a literal address or a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Host {
    /// A literal address, with the `%scope` that was typed behind it.
    Address {
        /// The address.
        ip: IpAddr,
        /// A device's name or index.
        #[serde(serialize_with = "serialize_clean_option")]
        scope: Option<String>,
    },
    /// A unix socket.
    Socket(UnixName),
    /// Anything else.
    Name(#[serde(serialize_with = "serialize_clean")] String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Address { ip, scope: None } => write!(f, "{ip}"),
            Host::Address { ip, scope: Some(scope) } => write!(f, "{ip}%{scope}"),
            Host::Socket(socket) => socket.fmt(f),
            Host::Name(name) => f.write_str(name),
        }
    }
}

/// What to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// As it was typed.
    #[serde(serialize_with = "serialize_clean")]
    pub input: String,
    /// The host.
    pub host: Host,
    /// The port; 0 for a unix socket, which has none, and for nothing else.
    pub port: u16,
    /// TCP, UDP, or a unix socket.
    pub transport: Transport,
}

/// Ports of the URL schemes that a target may have, and of service names on a host without /etc/services.
pub const SCHEMES: &[(&str, u16)] = &[
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("wss", 443),
    ("ssh", 22),
    ("ftp", 21),
    ("smtp", 25),
    ("smtps", 465),
    ("imap", 143),
    ("imaps", 993),
    ("ldap", 389),
    ("ldaps", 636),
    ("mysql", 3306),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redis", 6379),
    ("rediss", 6379),
    ("amqp", 5672),
    ("amqps", 5671),
    ("mongodb", 27017),
    ("nats", 4222),
    ("mqtt", 1883),
    ("mqtts", 8883),
    ("kafka", 9092),
];

/// Why a target can't be read. Each message says what is wrong and what would be right, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetError {
    /// Nothing was given.
    Missing,
    /// No port, with the input as it was typed.
    NoPort(String),
    /// A `udp://` URL without a port.
    NoUdpPort(String),
    /// No host.
    NoHost(String),
    /// An IPv6 address whose last group may be a port.
    Unbracketed(String),
    /// `[` without `]`, or something else than `:PORT` behind it.
    Brackets(String),
    /// Something in brackets that is not an IPv6 address.
    NotIpv6(String),
    /// A port outside 1 to 65535.
    PortRange(String),
    /// Neither a number nor a known service.
    Service(String),
    /// A URL whose scheme has no port here.
    Scheme(String),
    /// Not UTF-8.
    Encoding(String),
    /// A `%scope` behind an IPv4 address, or an empty one.
    Scope(String),
    /// A third word.
    TooMany(String),
    /// A port as the second word, behind a first one that has its own.
    TwoPorts(String),
    /// What is wrong with a unix socket's path or name.
    Unix(UnixError),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = clean_to(self.input(), 60);
        match self {
            TargetError::Missing => f.write_str("no target: give HOST:PORT, such as db.example:5432"),
            TargetError::NoPort(_) => {
                let bare_v6 = input.contains(':') && !input.starts_with('[');
                let host = if bare_v6 { format!("[{input}]") } else { input.clone() };
                write!(f, "'{input}' has no port: give HOST:PORT, such as {host}:443")
            }
            TargetError::NoUdpPort(_) => {
                write!(f, "'{input}' has no port: give udp://HOST:PORT, such as udp://ns.example:53")
            }
            TargetError::NoHost(_) => {
                write!(f, "'{input}' has no host: give HOST:PORT, such as localhost:443")
            }
            TargetError::Unbracketed(_) => write!(
                f,
                "'{input}' has more than one colon: write an IPv6 address in brackets, such as [::1]:80"
            ),
            TargetError::Brackets(_) => {
                write!(f, "'{input}' has brackets in the wrong place: write [ADDRESS]:PORT, such as [::1]:80")
            }
            TargetError::NotIpv6(_) => {
                write!(f, "'{input}' is not an IPv6 address: only those stand in brackets, such as [::1]:80")
            }
            TargetError::PortRange(_) => {
                write!(f, "port '{input}' is out of range: a port is a number from 1 to 65535")
            }
            TargetError::Service(_) => write!(
                f,
                "'{input}' is neither a port nor a service known here: give a number from 1 to 65535"
            ),
            TargetError::Scheme(_) => {
                let known: Vec<_> = SCHEMES.iter().map(|(name, _)| *name).collect();
                write!(f, "no port is known for '{input}://': give HOST:PORT, or one of {}", known.join(" "))
            }
            TargetError::Encoding(_) => {
                write!(f, "'{input}' is not UTF-8: give HOST:PORT, such as db.example:5432")
            }
            TargetError::TooMany(_) => {
                write!(f, "'{input}' is one word too many: give HOST:PORT, or HOST and PORT")
            }
            TargetError::TwoPorts(_) => {
                write!(f, "'{input}' is a second port: give HOST:PORT, a URL, or HOST and PORT")
            }
            TargetError::Unix(error) => error.fmt(f),
            TargetError::Scope(_) => write!(
                f,
                "'{input}' has a misplaced %: a scope stands behind a link-local IPv6 address, such as [fe80::1%eth0]:80"
            ),
        }
    }
}

impl TargetError {
    /// The part of the input that is wrong.
    fn input(&self) -> &str {
        match self {
            // Its own text says it.
            TargetError::Missing | TargetError::Unix(_) => "",
            TargetError::NoPort(input)
            | TargetError::NoUdpPort(input)
            | TargetError::NoHost(input)
            | TargetError::Unbracketed(input)
            | TargetError::Brackets(input)
            | TargetError::NotIpv6(input)
            | TargetError::PortRange(input)
            | TargetError::Service(input)
            | TargetError::Scheme(input)
            | TargetError::Encoding(input)
            | TargetError::Scope(input)
            | TargetError::TooMany(input)
            | TargetError::TwoPorts(input) => input,
        }
    }
}

impl std::error::Error for TargetError {}

/// Looks up a service's port by its name, for the transport that is meant.
pub type ServiceLookup<'a> = &'a dyn Fn(&str) -> Option<u16>;

impl Target {
    /// Reads `host:port`, `host:service`, `[v6]:port`, a URL, or the path or name of a unix socket.
    ///
    /// # Errors
    /// [`TargetError`], which says what would be right.
    pub fn parse(input: &str, services: ServiceLookup) -> Result<Target, TargetError> {
        let is_port = |text: &str| parse_port(text, services).is_ok();
        if let Some(socket) = UnixName::parse(input, &is_port) {
            return Ok(Self::of_socket(input.to_owned(), socket.map_err(TargetError::Unix)?));
        }
        if let Some((scheme, rest)) = input.split_once("://") {
            return Self::parse_url(input, scheme, rest, services);
        }
        let (host, port) = split_host_port(input)?;
        let port = port.ok_or_else(|| TargetError::NoPort(input.to_owned()))?;
        Self::assemble(input.to_owned(), host, parse_port(port, services)?)
    }

    /// Reads `HOST PORT`, two words as for nc.
    ///
    /// # Errors
    /// [`TargetError`], which says what would be right.
    pub fn parse_pair(host: &str, port: &str, services: ServiceLookup) -> Result<Target, TargetError> {
        if UnixName::parse(host, &|_| true).is_some() {
            return Err(TargetError::Unix(UnixError::Port(port.to_owned())));
        }
        let input = format!("{host} {port}");
        let number = parse_port(port, services)?;
        // A URL has its port inside, or by its scheme; where it has neither, it says itself what is missing.
        if host.contains("://") {
            return Err(match Self::parse(host, services) {
                Ok(_) => TargetError::TwoPorts(port.to_owned()),
                Err(error) => error,
            });
        }
        // A single colon stands in no IPv6 address.
        if host.matches(':').count() == 1 {
            return Err(TargetError::TwoPorts(port.to_owned()));
        }
        let bare = match host.strip_prefix('[') {
            Some(_) => match split_host_port(host)? {
                (inside, None) => inside,
                (_, Some(_)) => return Err(TargetError::Brackets(host.to_owned())),
            },
            None => host,
        };
        Self::assemble(input, bare, number)
    }

    // Only the scheme and the authority matter, and the rest may be what a browser takes and RFC 3986 does
    // not; so the URL is cut by hand instead of being refused by a strict parser.
    fn parse_url(
        input: &str,
        scheme: &str,
        rest: &str,
        services: ServiceLookup,
    ) -> Result<Target, TargetError> {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host_port = authority.rsplit_once('@').map_or(authority, |(_, behind)| behind);
        let (host, port) = match split_host_port(host_port) {
            Ok((host, port)) => (host, port.filter(|port| !port.is_empty())),
            Err(TargetError::NoHost(_)) => return Err(TargetError::NoHost(input.to_owned())),
            Err(error) => return Err(error),
        };
        let port = match port {
            Some(port) => parse_port(port, services)?,
            None if is_udp(scheme) => return Err(TargetError::NoUdpPort(input.to_owned())),
            None => scheme_port(scheme).ok_or_else(|| TargetError::Scheme(scheme.to_owned()))?,
        };
        let target = Self::assemble(input.to_owned(), host, port)?;
        Ok(if is_udp(scheme) { target.over_udp() } else { target })
    }

    /// Whether an input is a URL that asks for UDP.
    pub fn asks_for_udp(input: &str) -> bool {
        input.split_once("://").is_some_and(|(scheme, _)| is_udp(scheme))
    }

    /// The same host and port, over UDP.
    pub fn over_udp(self) -> Target {
        match self.host {
            Host::Socket(_) => self.with_datagrams(),
            _ => Target { transport: Transport::Udp, ..self },
        }
    }

    fn assemble(input: String, host: &str, port: u16) -> Result<Target, TargetError> {
        if host.is_empty() {
            return Err(TargetError::NoHost(input));
        }
        Ok(Target { host: parse_host(host)?, input, port, transport: Transport::Tcp })
    }

    fn of_socket(input: String, socket: UnixName) -> Target {
        Target { input, host: Host::Socket(socket), port: 0, transport: Transport::Unix }
    }

    /// The unix socket, if it is one.
    pub fn socket(&self) -> Option<&UnixName> {
        match &self.host {
            Host::Socket(socket) => Some(socket),
            Host::Address { .. } | Host::Name(_) => None,
        }
    }

    /// The target with a unix socket taken as one of datagrams, as `nc -uU` does; another target as it is.
    pub fn with_datagrams(mut self) -> Target {
        if let Host::Socket(socket) = &mut self.host {
            socket.socket_type = SocketType::Datagram;
        }
        self
    }

    /// Whether the host is a name that means loopback wherever it is known (RFC 6761 section 6.3, and the names
    /// that Debian's hosts file has for ::1).
    pub fn is_loopback_name(&self) -> bool {
        let Host::Name(name) = &self.host else { return false };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let known = [
            "localhost",
            "localhost.localdomain",
            "localhost4",
            "localhost6",
            "ip6-localhost",
            "ip6-loopback",
        ];
        known.contains(&name.as_str()) || name.ends_with(".localhost")
    }

    /// Whether the host is an IPv4 address in one of the shorter or other forms that `inet_aton(3)` reads:
    /// `127.1`, `0x7f000001`.
    pub fn is_numeric_name(&self) -> bool {
        matches!(&self.host, Host::Name(name) if is_numeric(name))
    }

    /// `host:port`, with brackets where the host needs them; `unix:/path` for a unix socket.
    pub fn endpoint(&self) -> String {
        match &self.host {
            Host::Socket(socket) => socket.endpoint(),
            // Read again, its first letters would be the % of a URL.
            Host::Address { ip: ip @ IpAddr::V6(_), scope: Some(scope) } if scope.starts_with("25") => {
                format!("[{ip}%25{scope}]:{}", self.port)
            }
            Host::Address { ip: IpAddr::V6(_), .. } => format!("[{}]:{}", self.host, self.port),
            host => format!("{host}:{}", self.port),
        }
    }
}

/// Whether a name is a number of up to four parts ([`Target::is_numeric_name`]).
pub(crate) fn is_numeric(name: &str) -> bool {
    let number = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit()),
    };
    name.split('.').count() <= 4 && name.split('.').all(number)
}

/// Whether a URL scheme asks for UDP; it has no port of its own.
fn is_udp(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("udp")
}

/// The port of a URL scheme.
fn scheme_port(scheme: &str) -> Option<u16> {
    SCHEMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme)).map(|(_, port)| *port)
}

/// `host:port` → host and port, brackets taken off; no port where none was typed.
pub(super) fn split_host_port(text: &str) -> Result<(&str, Option<&str>), TargetError> {
    if let Some(inside_and_rest) = text.strip_prefix('[') {
        let (inside, rest) =
            inside_and_rest.split_once(']').ok_or_else(|| TargetError::Brackets(text.to_owned()))?;
        let bare = inside.split_once('%').map_or(inside, |(address, _)| address);
        if bare.parse::<Ipv6Addr>().is_err() {
            return Err(TargetError::NotIpv6(inside.to_owned()));
        }
        return match rest.strip_prefix(':') {
            Some(port) => Ok((inside, Some(port))),
            None if rest.is_empty() => Ok((inside, None)),
            None => Err(TargetError::Brackets(text.to_owned())),
        };
    }
    match text.matches(':').count() {
        0 if text.is_empty() => Err(TargetError::NoHost(text.to_owned())),
        0 => Ok((text, None)),
        1 => match text.split_once(':') {
            Some(("", _)) | None => Err(TargetError::NoHost(text.to_owned())),
            Some((host, port)) => Ok((host, Some(port))),
        },
        _ => {
            let address = text.split_once('%').map_or(text, |(address, _)| address);
            // `fe80::1` alone lacks only its port; `::1:80` may be read in two ways.
            match address.parse::<Ipv6Addr>() {
                Ok(_) if !could_hide_a_port(address) => Err(TargetError::NoPort(text.to_owned())),
                _ => Err(TargetError::Unbracketed(text.to_owned())),
            }
        }
    }
}

/// Whether an unbracketed IPv6 address is still one without its last group, and that group reads as a port.
pub(crate) fn could_hide_a_port(address: &str) -> bool {
    address
        .rsplit_once(':')
        .is_some_and(|(front, last)| last.parse::<u16>().is_ok() && front.parse::<Ipv6Addr>().is_ok())
}

fn parse_port(text: &str, services: ServiceLookup) -> Result<u16, TargetError> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse::<u16>() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(TargetError::PortRange(text.to_owned())),
        };
    }
    let is_name = text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+*/".contains(&byte));
    let known = is_name.then(|| services(text).or_else(|| scheme_port(text))).flatten();
    known.filter(|port| *port > 0).ok_or_else(|| {
        if text.strip_prefix(['-', '+']).is_some_and(|digits| digits.parse::<u64>().is_ok()) {
            TargetError::PortRange(text.to_owned())
        } else {
            TargetError::Service(text.to_owned())
        }
    })
}

fn parse_host(text: &str) -> Result<Host, TargetError> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(Host::Address { ip, scope: None });
    }
    match text.split_once('%') {
        Some((address, scope)) => match address.parse::<Ipv6Addr>() {
            // RFC 6874 writes the % of a URL as %25.
            Ok(ip) => match scope.strip_prefix("25").filter(|rest| !rest.is_empty()).unwrap_or(scope) {
                "" => Err(TargetError::Scope(text.to_owned())),
                // No device is called so (dev_valid_name, net/core/dev.c), and no URL ends here.
                scope
                    if scope.contains(|c: char| "/:".contains(c) || c.is_whitespace() || c.is_control()) =>
                {
                    Err(TargetError::Scope(text.to_owned()))
                }
                scope => Ok(Host::Address { ip: IpAddr::V6(ip), scope: Some(scope.to_owned()) }),
            },
            Err(_) => Err(TargetError::Scope(text.to_owned())),
        },
        None => Ok(Host::Name(text.to_owned())),
    }
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
