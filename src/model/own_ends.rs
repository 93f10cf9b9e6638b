//! Sockets of this host that stand in the way of a source port.

use super::schema::Endpoint;
use super::{Fact, Millis, Owner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// What a socket is at, as far as its port goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SocketState {
    /// It listens.
    Listen,
    /// It is bound, and neither listens nor connects.
    Bound,
    /// It has a peer, or is about to.
    Connected,
    /// Nobody has it any more; the kernel keeps it for a minute (`TIME_WAIT`).
    TimeWait,
}

/// A TCP socket of this network namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OwnSocket {
    /// Its own end.
    #[schemars(with = "Endpoint")]
    pub local: SocketAddr,
    /// Its peer, where it has one.
    #[schemars(with = "Option<Endpoint>")]
    pub remote: Option<SocketAddr>,
    /// What it is at.
    pub state: SocketState,
    /// Whose it is.
    pub owner: Owner,
}

/// How many ports of the ephemeral range are left towards the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Towards {
    /// First port of `net.ipv4.ip_local_port_range`; both families use it.
    pub first_port: u16,
    /// Its last port.
    pub last_port: u16,
    /// Ports of it that `net.ipv4.ip_local_reserved_ports` keeps out.
    pub reserved: u32,
    /// Ports of it that have a connection to the target.
    pub connected: u32,
    /// Of these, the ones in `TIME_WAIT`.
    pub time_wait: u32,
    /// Ports of it that a listener or a bound socket has.
    pub bound: u32,
    /// Who has the connections to the target, most first, at most 4.
    pub holders: Vec<Holding>,
}

impl Towards {
    /// How many ports the range has.
    pub fn size(&self) -> u32 {
        let ports = u32::from(self.last_port).saturating_sub(u32::from(self.first_port)).saturating_add(1);
        ports.saturating_sub(self.reserved)
    }

    /// How many of them can't be had for another connection to the target.
    pub fn taken(&self) -> u32 {
        self.connected.saturating_add(self.bound)
    }
}

/// How many connections somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holding {
    /// Who.
    pub owner: Owner,
    /// How many.
    pub count: u32,
}

/// What this host has at the client's end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OwnEnds {
    /// When it was looked up, since the start of the run.
    pub at_ms: Millis,
    /// Sockets with the source port that was asked for, at most 16.
    pub on_port: Fact<Vec<OwnSocket>>,
    /// The ephemeral ports towards the first address, where one was to be chosen.
    pub towards: Fact<Towards>,
}
