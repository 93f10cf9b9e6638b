//! What the one datagram of a UDP attempt asks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A question that a live service answers, and that changes nothing at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Payload {
    /// No byte at all, where no harmless question is known.
    Empty,
    /// A DNS query for the name servers of the root, recursion not desired (RFC 1035).
    Dns,
    /// An NTP client's request (RFC 5905).
    Ntp,
    /// A STUN binding request (RFC 8489).
    Stun,
}

impl Payload {
    /// What is sent to a port: the question of the protocol that is registered for it (IANA).
    pub fn for_port(port: u16) -> Payload {
        match port {
            53 => Payload::Dns,
            123 => Payload::Ntp,
            3478 | 5349 => Payload::Stun,
            _ => Payload::Empty,
        }
    }

    /// What it is, for people.
    pub fn describe(self) -> &'static str {
        match self {
            Payload::Empty => "an empty datagram",
            Payload::Dns => "a DNS query",
            Payload::Ntp => "an NTP request",
            Payload::Stun => "a STUN binding request",
        }
    }

    /// The same in one word, for a picture.
    pub fn label(self) -> &'static str {
        match self {
            Payload::Empty => "empty datagram",
            Payload::Dns => "DNS query",
            Payload::Ntp => "NTP request",
            Payload::Stun => "STUN request",
        }
    }
}
