//! What a scenario may put on its nodes: listeners over TCP, UDP and unix sockets, and sockets that somebody holds.

use serde::{Deserialize, Serialize};

/// A service on a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    pub(crate) on: String,
    /// By default every address of the family under test, and of that family alone.
    #[serde(default)]
    pub(crate) address: Option<String>,
    pub(crate) port: u16,
    #[serde(default)]
    pub(crate) does: Behaviour,
    /// What a banner says.
    #[serde(default)]
    pub(crate) says: Says,
    /// Where a relay leads to: address and port.
    #[serde(default)]
    pub(crate) backend: Option<String>,
    #[serde(default = "default_backlog")]
    pub(crate) backlog: i32,
    /// An IPv6 socket that takes IPv4 as well.
    #[serde(default)]
    pub(crate) dual: bool,
    /// The device that it is bound to (`SO_BINDTODEVICE`).
    #[serde(default)]
    pub(crate) device: Option<String>,
    /// How long each connection waits before it is accepted.
    #[serde(default)]
    pub(crate) accept_after_ms: u64,
    /// Whose process it is.
    #[serde(default)]
    pub(crate) user: User,
    /// The process's name, as `ps` shows it: at most 15 bytes.
    #[serde(default = "default_process")]
    pub(crate) process: String,
}

impl Listen {
    /// On every address of the family under test.
    pub(crate) fn plain(on: &str, port: u16, does: Behaviour) -> Self {
        Self {
            on: on.to_owned(),
            address: None,
            port,
            does,
            says: Says::default(),
            backend: None,
            backlog: default_backlog(),
            dual: false,
            device: None,
            accept_after_ms: 0,
            user: User::default(),
            process: default_process(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum User {
    /// Whoever built the world: with capabilities, so that whyconn sees the socket and not the process.
    #[default]
    Builder,
    /// The one who runs whyconn, and without capabilities, so that whyconn sees the process.
    Whyconn,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Behaviour {
    #[default]
    AcceptAndHold,
    /// Reads whatever comes, and closes when the peer does.
    Read,
    Close,
    /// On a unix socket: the listener closes while the connection waits to be accepted, and another takes its place.
    Reset,
    /// Says something first.
    Banner,
    /// Says the same for ever.
    Endless,
    NoAccept,
    /// Connects to its backend, passes bytes on, and closes when the backend can not be reached; as `docker-proxy`.
    Relay,
    UdpEcho,
    /// Takes every datagram, and never answers.
    UdpSilent,
    /// Answers a datagram with a thousand of the largest.
    UdpFlood,
    /// Answers from another port.
    UdpOtherPort,
    /// Answers questions of NTP (RFC 5905) and nothing else.
    UdpNtp,
    /// Answers binding requests of STUN (RFC 8489) and nothing else.
    UdpStun,
}

/// The first words of a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Says {
    pub(crate) text: String,
    /// Behind the text.
    pub(crate) bytes: Vec<u8>,
    /// How often all of it.
    pub(crate) times: usize,
    pub(crate) then: Then,
}

impl Default for Says {
    fn default() -> Self {
        Self { text: "220 lab ready\r\n".to_owned(), bytes: Vec::new(), times: 1, then: Then::Hold }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Then {
    #[default]
    Hold,
    Close,
    Reset,
}

/// A unix socket.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unix {
    pub(crate) on: String,
    /// A path below /run, whose directories are made; or `@name`, an abstract one.
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) does: Behaviour,
    #[serde(default)]
    pub(crate) says: Says,
    #[serde(default)]
    pub(crate) state: State,
    #[serde(default = "default_backlog")]
    pub(crate) backlog: i32,
    /// Permissions of the socket, in octal digits; by default all may connect.
    #[serde(default)]
    pub(crate) mode: Option<String>,
    /// Those of its directory.
    #[serde(default)]
    pub(crate) directory_mode: Option<String>,
    /// Whose process it is, and whose socket and directory.
    #[serde(default)]
    pub(crate) user: User,
    #[serde(default = "default_process")]
    pub(crate) process: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    #[default]
    Stream,
    Dgram,
    Seqpacket,
}

/// How far a unix socket has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    #[default]
    Serving,
    /// Bound, and nobody listens yet.
    Bound,
    /// Closed, and its file is left.
    Stale,
}

/// A socket that some other process has: bound to `from`, connected to `to`, or both.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hold {
    pub(crate) on: String,
    #[serde(default)]
    pub(crate) from: Option<String>,
    /// An address and port, `unix:/path`, or `unix:@name`.
    #[serde(default)]
    pub(crate) to: Option<String>,
    #[serde(default = "default_count")]
    pub(crate) count: u16,
    /// With `SO_REUSEADDR`.
    #[serde(default)]
    pub(crate) reuse: bool,
    #[serde(default)]
    pub(crate) transport: Transport,
    /// Closed by this end first, so that it is left in TIME_WAIT: what it leads to must `read`.
    #[serde(default)]
    pub(crate) ended: bool,
    #[serde(default)]
    pub(crate) user: User,
    #[serde(default = "default_process")]
    pub(crate) process: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Transport {
    #[default]
    Tcp,
    Udp,
}

const fn default_backlog() -> i32 {
    128
}

const fn default_count() -> u16 {
    1
}

fn default_process() -> String {
    "service".to_owned()
}
