//! Doors to the decoders of what the kernel and the files of this host say, for bytes that nobody vouches for.

use super::address_order::{Destination, Held, Tables, sort};
use super::census::{self, WholeLines};
use super::netlink::Flow;
use super::netlink_messages as messages;
use super::netlink_socket::{parse, walk};
use super::{counters, errqueue, name_files, namespaces, owners, port_proxy, proc, sock_diag, tcp_info};
use super::{unix_diag, unix_namespaces};
use crate::model::{
    Family, HostsLine, Millis, NameSource, QueueEntry, ResolverSettings, SocketType, Transport,
};
use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_sock_diag::SockDiagMessage;
use nix::sys::socket::ControlMessageOwned;
use procfs::prelude::FromBufRead;
use std::io::BufReader;
use std::net::{IpAddr, SocketAddr};

/// What rtnetlink answers come to.
#[derive(Debug, Default)]
pub(crate) struct Routed {
    /// How many were read.
    pub(crate) messages: usize,
    /// Texts that they hold, as they are kept.
    pub(crate) texts: Vec<String>,
}

/// One message of the error queue.
pub(crate) fn error_queue(controls: Vec<ControlMessageOwned>) -> Option<QueueEntry> {
    errqueue::decode(controls.into_iter(), Millis(0.0))
}

/// `struct tcp_info`.
pub(crate) fn tcp_info(bytes: &[u8]) -> bool {
    tcp_info::decode(bytes).is_some()
}

/// A datagram from rtnetlink, as part of a dump and as an answer to one question.
pub(crate) fn route(bytes: &[u8], sequence: u32) -> Routed {
    let mut routed = Routed::default();
    let mut left = 64;
    // What can't be read ends the dump.
    let _ = walk(bytes, sequence, &mut left, |message| take_route(message, &mut routed));
    if let Ok(message) = parse::<RouteNetlinkMessage>(bytes)
        && let NetlinkPayload::InnerMessage(message) = message.payload
    {
        take_route(message, &mut routed);
    }
    routed
}

fn take_route(message: RouteNetlinkMessage, routed: &mut Routed) {
    routed.messages += 1;
    match message {
        RouteNetlinkMessage::NewRoute(answer) => {
            messages::route(&answer);
            for flow in flows() {
                let refusal = messages::refusing_route(&answer, &flow);
                routed.texts.extend(refusal.and_then(|refusal| refusal.prefix));
            }
        }
        RouteNetlinkMessage::NewRule(answer) => {
            for flow in flows() {
                let refusal = messages::refusing_rule(&answer, &flow);
                routed.texts.extend(refusal.and_then(|refusal| refusal.prefix));
            }
        }
        RouteNetlinkMessage::NewLink(answer) => routed.texts.push(messages::link(&answer).name),
        RouteNetlinkMessage::NewAddress(answer) => drop(messages::source_address(&answer)),
        RouteNetlinkMessage::NewNeighbour(answer) => drop(messages::neighbour_seen(&answer)),
        _ => {}
    }
}

fn flows() -> [Flow; 2] {
    let flow = |destination: IpAddr, source: IpAddr| Flow {
        transport: Transport::Tcp,
        destination,
        port: 80,
        source: Some(source),
        source_port: None,
        device: None,
    };
    [
        flow(IpAddr::from([198, 18, 1, 2]), IpAddr::from([198, 51, 100, 2])),
        flow(
            IpAddr::from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 2]),
            IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, 2]),
        ),
    ]
}

/// A datagram from sock_diag: how many sockets it tells of.
pub(crate) fn sockets(bytes: &[u8], sequence: u32) -> usize {
    let mut found = 0;
    let mut left = 64;
    let near: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 80));
    // What can't be read ends the dump.
    let _ = walk(bytes, sequence, &mut left, |message| match message {
        SockDiagMessage::InetResponse(answer) => {
            sock_diag::listening_socket(&answer);
            sock_diag::tcp_socket(&answer);
            sock_diag::peer_end(&answer);
            sock_diag::has_ends(&answer, near, near);
            found += 1;
        }
        SockDiagMessage::UnixResponse(answer) => {
            found += usize::from(unix_diag::socket_of(&answer).is_some());
            let _ = answer.peer();
        }
        _ => {}
    });
    found
}

/// The lines of a hosts file.
pub(crate) fn hosts(text: &str, name: &str) -> Vec<HostsLine> {
    name_files::hosts_lines(text, name)
}

/// The sources of a nsswitch.conf.
pub(crate) fn sources(text: &str) -> Vec<NameSource> {
    name_files::sources(text)
}

/// A resolv.conf, with `env` in the place of the environment.
pub(crate) fn resolver(text: &str, env: &str) -> ResolverSettings {
    let device = |name: &str| (name == "eth0").then_some(2);
    name_files::settings(Some(text), |_| Some(env.to_owned()), || None, device)
}

/// Addresses in the order that a gai.conf makes; each comes with its source and what is known of that.
pub(crate) fn in_order(gai: &str, addresses: &[(IpAddr, Option<IpAddr>, u8)]) -> Vec<IpAddr> {
    let destination = |(address, source, bits): &(IpAddr, Option<IpAddr>, u8)| Destination {
        address: *address,
        source: *source,
        held: source.map(|_| Held {
            device_index: u32::from(bits & 3),
            prefix_len: *bits,
            deprecated: bits & 4 != 0,
            home: bits & 8 != 0,
            tunnel: bits & 16 != 0,
        }),
    };
    let list = addresses.iter().map(destination).collect();
    sort(list, &Tables::read(gai)).into_iter().map(|destination| destination.address).collect()
}

/// Every reader of /proc on one text; what they keep of it that is shown.
pub(crate) fn proc_files(bytes: &[u8], text: &str) -> Vec<String> {
    let tables = counters::Tables { snmp: text, snmp6: text, netstat: text, ipsec: text, devices: text };
    let [one, other] = [Family::V4, Family::V6].map(|family| counters::read(family, &tables));
    counters::difference(&one, &other);
    counters::difference(&other, &one);
    proc::count_reserved(text, 1, u16::MAX);
    proc::port_range(text);
    proc::seccomp_of(text);
    port_proxy::leads_to(bytes, SocketAddr::from(([127, 0, 0, 1], 8080)));
    for kind in [SocketType::Stream, SocketType::Datagram, SocketType::Seqpacket] {
        let _ = unix_namespaces::table_has(bytes, "bus", kind);
    }
    census::word_behind(text, "TCP:", "inuse");
    namespaces::trie_has(bytes, [198, 51, 100, 1].into());
    namespaces::inet6_has(bytes, [0x2001, 0xdb8, 1, 0, 0, 0, 0, 2].into());
    // What a library can't read is an error of its own.
    let groups = procfs::ProcessCGroups::from_buf_read(bytes);
    let groups = groups.map(|groups| groups.0).unwrap_or_default();
    let _ = procfs::process::MountInfos::from_buf_read(bytes);
    let telling = owners::most_telling(groups.iter().map(|group| (group.hierarchy, group.pathname.as_str())));
    telling.into_iter().chain([owners::comm_of(bytes)]).collect()
}

/// A table of sockets in /proc/PID/net: how many of its sockets are open.
pub(crate) fn socket_table(bytes: &[u8]) -> usize {
    let most = bytes.first().copied().map_or(0, u64::from);
    let whole = |v6| BufReader::new(WholeLines::new(bytes, most, v6));
    let lines = [
        namespaces::listening_lines(bytes),
        namespaces::bound_lines(bytes),
        namespaces::listening_lines(whole(false)),
        namespaces::listening_lines(whole(true)),
    ];
    let read = |lines: Vec<u8>| namespaces::entries(&lines).map_or(0, |entries| entries.len());
    lines.into_iter().flatten().map(read).sum()
}
