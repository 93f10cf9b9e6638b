//! Sentences about the client's end: source ports, limits, policies.

use super::Words;
use super::naming::{listed, owner};
use crate::diagnose::{Remark, same_tuple, source_port_holder};
use crate::model::{OwnSocket, SocketState, Towards};
use crate::verdict::Clue;
use std::net::IpAddr;

impl Words<'_> {
    /// The value of a word in braces that is about the client's end.
    pub(super) fn own_value(&self, key: &str) -> Option<String> {
        let ends = || self.evidence.own_ends.seen();
        Some(match key {
            "holder" => self
                .attempt
                .and_then(|attempt| source_port_holder(self.evidence, attempt))
                .map_or("another socket".to_owned(), describe),
            "tuple_holder" => self
                .attempt
                .and_then(|attempt| same_tuple(self.evidence, attempt))
                .map_or("another socket".to_owned(), |socket| owner(&socket.owner).join(", ")),
            "ports" => ends().and_then(|ends| ends.towards.seen()).map_or("no port".to_owned(), |towards| {
                format!("{} to {}", towards.first_port, towards.last_port)
            }),
            "limit" => {
                let limit = self.evidence.host.descriptor_limit.seen();
                limit.map_or("its limit".to_owned(), |limit| format!("{limit} (RLIMIT_NOFILE)"))
            }
            _ => return None,
        })
    }

    /// A clue about the client's end.
    pub(super) fn own_clue(&self, clue: Clue) -> Option<String> {
        let towards = || self.evidence.own_ends.seen()?.towards.seen();
        Some(match clue {
            Clue::PortHeld => format!("port {} is taken by {}", self.value("sport"), self.value("holder")),
            Clue::TupleHeld => {
                let socket = same_tuple(self.evidence, self.attempt?)?;
                format!("there is {} already", describe(socket))
            }
            Clue::PortsCounted => counted(towards()?, &self.value("endpoint")),
            Clue::WrongDevice => format!(
                "-i asks for the device {}, and {} {} a loopback address",
                self.value("device"),
                self.value("address"),
                if self.attempt?.address.ip().is_loopback() { "is" } else { "is not" }
            ),
            Clue::LoopbackSource => {
                format!(
                    "{} is a loopback address, and {} is not on this host",
                    self.value("source"),
                    self.value("address")
                )
            }
            Clue::SeccompOn => "a seccomp filter is on in this process".to_owned(),
            _ => return None,
        })
    }

    /// A remark about the client's end.
    pub(super) fn own_remark(&self, remark: &Remark) -> Option<String> {
        match remark {
            Remark::SourcePortShared { .. } => Some(format!(
                "source port {} is in use beside this connection, by {}: a client without SO_REUSEADDR would \
                 fail with EADDRINUSE",
                self.value("sport"),
                self.value("holder")
            )),
            Remark::ProxyVariable => {
                let set = listed(self.evidence.request.proxies.iter());
                let several = self.evidence.request.proxies.len() > 1;
                let (are, them) = if several { ("are", "them") } else { ("is", "it") };
                Some(format!(
                    "{set} {are} set in the environment: programs that heed {them} go through a proxy, and not this way"
                ))
            }
            Remark::TentativeAddress { address } => Some(format!(
                "{address} of this host is tentative: nothing is sent from it until duplicate address detection is \
                 done, and nothing at all where that fails (`dadfailed` in `ip address`)"
            )),
            Remark::OddSource => {
                let source = self.attempt?.source?.ip();
                let what = match source {
                    IpAddr::V4(_) => "a link-local address, as a host has where no DHCP server gives it one",
                    IpAddr::V6(_) => "a link-local address",
                };
                Some(format!("this host sends from {source}, {what}: the answers may find no way back to it"))
            }
            _ => None,
        }
    }
}

/// A socket, with whose it is.
fn describe(socket: &OwnSocket) -> String {
    let whose = owner(&socket.owner).join(", ");
    let to = socket.remote.map(|remote| format!(" to {remote}")).unwrap_or_default();
    match socket.state {
        SocketState::Listen => format!("a listener on {} ({whose})", socket.local),
        SocketState::Bound => format!("a socket bound to {} ({whose})", socket.local),
        SocketState::Connected => format!("a connection from {}{to} ({whose})", socket.local),
        // The process is done with it.
        SocketState::TimeWait => format!("a connection from {}{to} in TIME_WAIT", socket.local),
    }
}

fn counted(towards: &Towards, endpoint: &str) -> String {
    if towards.size() == 0 {
        let (first, last) = (towards.first_port, towards.last_port);
        return format!("all ports from {first} to {last} are reserved (net.ipv4.ip_local_reserved_ports)");
    }
    let mut text = format!(
        "of the {} ports {} to {}, {} are connected to {endpoint} ({} of them in TIME_WAIT)",
        towards.size(),
        towards.first_port,
        towards.last_port,
        towards.connected,
        towards.time_wait
    );
    if towards.bound > 0 {
        text = format!("{text} and {} are bound", towards.bound);
    }
    let holders: Vec<String> = towards
        .holders
        .iter()
        .map(|holding| format!("{} has {}", owner(&holding.owner).join(", "), holding.count))
        .collect();
    if holders.is_empty() { text } else { format!("{text}: {}", holders.join(", ")) }
}
