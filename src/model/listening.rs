//! Who listens on this machine, as any user may see it.

use super::schema::Endpoint;
use super::{Fact, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its name (`comm`), made safe.
    pub name: String,
}

/// Whose socket it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// The user's id, as this user namespace has it.
    pub uid: u32,
    /// The process that holds the socket; another user's can't be seen.
    pub process: Fact<Process>,
    /// The control group of the socket, or of its namespace's processes: a path below the cgroup mount. It
    /// tells which service or container it is.
    pub cgroup: Option<String>,
}

/// A TCP socket in LISTEN, or a UDP socket that takes datagrams from anybody (`inet_diag_msg`, sock_diag(7)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listening {
    /// Address and port.
    #[schemars(with = "Endpoint")]
    pub address: SocketAddr,
    /// `IPV6_V6ONLY`; null for IPv4 sockets.
    pub only_v6: Option<bool>,
    /// The device that the socket is bound to.
    pub device: Option<String>,
    /// Connections that wait to be accepted, or for UDP bytes that wait to be read (Recv-Q).
    pub queue: u32,
    /// The backlog (Send-Q): the queue is full when it holds more than this.
    pub queue_limit: u32,
    /// Whose it is.
    pub owner: Owner,
    /// Where it leads, if it is a container engine's port proxy that says so on its command line.
    #[serde(default)]
    #[schemars(with = "Option<Endpoint>")]
    pub leads_to: Option<SocketAddr>,
}

/// A listener in another network namespace of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignListening {
    /// Address and port, as that namespace has them.
    #[schemars(with = "Endpoint")]
    pub address: SocketAddr,
    /// What tells one namespace from another: the inode of its /proc/PID/net/tcp.
    pub namespace: u64,
    /// Whether the address that was tried is one of that namespace's own.
    pub owns_target: bool,
    /// Whose it is.
    pub owner: Owner,
}

/// The listeners that bear on a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Listeners {
    /// When they were looked up, since the start of the run.
    pub at_ms: Millis,
    /// In this network namespace: on the target's port at any address, and on a port at most 10 away.
    pub here: Fact<Vec<Listening>>,
    /// In other network namespaces: on the target's port.
    pub elsewhere: Fact<Vec<ForeignListening>>,
}

/// What became of a connection at the end of a listener on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PeerEnd {
    /// A process has it.
    Accepted,
    /// The handshake is complete, and no process has taken it from the accept queue.
    Unaccepted,
    /// The kernel keeps it back until data comes (`TCP_DEFER_ACCEPT`, tcp(7)).
    Deferred,
    /// There is no such socket in this network namespace.
    Absent,
}

/// The last look at the other end of a connection to this host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Acceptance {
    /// What became of it.
    pub peer: PeerEnd,
    /// How long after the handshake.
    pub after_ms: Millis,
    /// The listener that it belongs to.
    pub listener: Option<Listening>,
}

impl Listening {
    /// Whether a connection to this address of this host reaches the socket.
    ///
    /// The rules of `inet_lookup_listener` and `inet6_lookup_listener`: an exact address, or a wildcard of the
    /// family; an IPv6 wildcard takes IPv4 as well unless `IPV6_V6ONLY` is set.
    pub fn takes(&self, target: IpAddr) -> bool {
        let target = match target {
            // The kernel connects the unspecified address to loopback.
            IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ip => ip.to_canonical(),
        };
        match (self.address.ip(), target) {
            (IpAddr::V6(own), IpAddr::V4(_)) if own.is_unspecified() => self.only_v6 == Some(false),
            (own, target) if own.is_unspecified() => own.is_ipv4() == target.is_ipv4(),
            (own, target) => own.to_canonical() == target,
        }
    }
}
