//! How people write a unix socket, and what may be written (unix(7)).

use crate::sanitize::{clean_to, serialize_clean};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The type of a unix socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SocketType {
    /// `SOCK_STREAM`: a stream of bytes.
    #[default]
    Stream,
    /// `SOCK_DGRAM`: datagrams.
    Datagram,
    /// `SOCK_SEQPACKET`: a connection of packets.
    Seqpacket,
}

impl SocketType {
    /// The prefix that asks for it.
    pub fn prefix(self) -> &'static str {
        match self {
            SocketType::Stream => "unix:",
            SocketType::Datagram => "unix-dgram:",
            SocketType::Seqpacket => "unix-seqpacket:",
        }
    }
}

impl fmt::Display for SocketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SocketType::Stream => "stream",
            SocketType::Datagram => "datagram",
            SocketType::Seqpacket => "seqpacket",
        })
    }
}

/// Where a unix socket's name lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NameKind {
    /// In the file system.
    Path,
    /// In the network namespace, without a file.
    Abstract,
}

/// A unix socket as a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnixName {
    /// Path or abstract.
    pub kind: NameKind,
    /// The path, or the abstract name without the NUL byte before it (shown as `@`).
    #[serde(serialize_with = "serialize_clean")]
    pub name: String,
    /// The type to connect with.
    #[serde(rename = "type")]
    pub socket_type: SocketType,
}

/// What is wrong with a unix socket as a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnixError {
    /// No path and no name.
    Empty(String),
    /// A NUL byte inside.
    Nul(String),
    /// More bytes than an address has room for.
    TooLong(UnixName),
    /// A second word.
    Port(String),
}

impl fmt::Display for UnixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnixError::Empty(input) => {
                write!(f, "'{}' names no socket: give unix:/PATH or unix:@NAME", clean_to(input, 60))
            }
            UnixError::Nul(input) => write!(
                f,
                "'{}' has a NUL byte inside, where the kernel would cut it off: give unix:/PATH or unix:@NAME",
                clean_to(input, 60)
            ),
            UnixError::TooLong(socket) => {
                let (what, hint) = match socket.kind {
                    NameKind::Path => ("path", ": go there by a shorter one, such as a relative path"),
                    NameKind::Abstract => ("name", ""),
                };
                write!(
                    f,
                    "the {what} '{}' has {} bytes, and the address of a unix socket has room for {}{hint}",
                    clean_to(&socket.to_string(), 60),
                    socket.name.len(),
                    UnixName::MOST_BYTES
                )
            }
            UnixError::Port(word) => {
                write!(f, "'{}' is one word too many: a unix socket has no port", clean_to(word, 60))
            }
        }
    }
}

impl UnixName {
    /// `sun_path` has 108 bytes (linux/un.h): a path and its closing NUL, or an abstract name and the NUL before
    /// it. The kernel takes a path of 108 without the NUL; C libraries and languages do not.
    pub const MOST_BYTES: usize = 107;

    /// Reads `/path`, `./path`, `unix:/path`, `unix:///path`, `unix:@name`, `unix-dgram:/path` and
    /// `unix-seqpacket:/path`; `None` for anything else. `is_port` tells the host named "unix" in `unix:80`
    /// from a file in the working directory.
    pub fn parse(input: &str, is_port: &dyn Fn(&str) -> bool) -> Option<Result<UnixName, UnixError>> {
        if ["/", "./", "../"].iter().any(|start| input.starts_with(start)) {
            return Some(Self::path(input, input, SocketType::Stream));
        }
        let (prefix, rest) = input.split_once(':')?;
        let is = |name: &str| prefix.eq_ignore_ascii_case(name);
        let socket_type = match () {
            () if is("unix") || is("unix-stream") => SocketType::Stream,
            () if is("unix-dgram") => SocketType::Datagram,
            () if is("unix-seqpacket") => SocketType::Seqpacket,
            () => return None,
        };
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        if is("unix") && !rest.is_empty() && !rest.contains(['/', '@']) && is_port(rest) {
            return None;
        }
        Some(match rest.strip_prefix('@') {
            Some(name) => Self::checked(
                input,
                UnixName { kind: NameKind::Abstract, name: name.to_owned(), socket_type },
            ),
            None => Self::path(input, rest, socket_type),
        })
    }

    fn path(input: &str, path: &str, socket_type: SocketType) -> Result<UnixName, UnixError> {
        // Every command takes it for a path then, and none for an option.
        let name = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
        Self::checked(input, UnixName { kind: NameKind::Path, name, socket_type })
    }

    fn checked(input: &str, socket: UnixName) -> Result<UnixName, UnixError> {
        match &socket.name {
            name if name.is_empty() => Err(UnixError::Empty(input.to_owned())),
            name if name.contains('\0') => Err(UnixError::Nul(input.to_owned())),
            name if name.len() > Self::MOST_BYTES => Err(UnixError::TooLong(socket)),
            _ => Ok(socket),
        }
    }

    /// As whyconn reads it: `unix:/path`.
    pub fn endpoint(&self) -> String {
        // Two slashes in front would be taken for those of a URL.
        let slashes = if self.to_string().starts_with("//") { "//" } else { "" };
        format!("{}{slashes}{self}", self.socket_type.prefix())
    }
}

impl fmt::Display for UnixName {
    /// The path, or `@name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            NameKind::Path => f.write_str(&self.name),
            NameKind::Abstract => write!(f, "@{}", self.name),
        }
    }
}

#[cfg(test)]
#[path = "unix_name_tests.rs"]
mod tests;
