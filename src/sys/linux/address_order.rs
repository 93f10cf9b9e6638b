//! The order in which an ordinary client tries addresses: RFC 6724, section 6, as glibc 2.36 does it
//! (sysdeps/posix/getaddrinfo.c), with gai.conf(5).
//!
//! The tables are those of RFC 3484 with glibc's additions: it has not taken over RFC 6724's precedences.

use super::name_files::read;
use super::netlink::{Netlink, SourceAddress};
use crate::model::Resolved;
use socket2::{Domain, SockAddr, Socket, Type};
use std::cmp::{Ordering, Reverse};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// More addresses than these are not sorted, and left out.
const MOST_ADDRESSES: usize = 256;
/// Entries of gai.conf that are kept, of each kind.
const MOST_ENTRIES: usize = 256;

/// Puts addresses into the order in which `getaddrinfo` would return them to a client on this host. They are
/// given in the order in which the sources of names returned them: a hosts file line by line; from DNS the A
/// records first, then AAAA, unless the AAAA response came first.
///
/// Each address once, at most 256. No packet is sent. Without rtnetlink the rules that need it (deprecated and
/// home addresses, native transport, IPv4 subnets) say nothing, as in glibc; neither do they on a host whose only
/// IPv6 address is `::1`. A link-local IPv6 address has no
/// scope when it comes from a name, so it is not usable and goes last.
pub fn in_client_order(addresses: &[IpAddr]) -> Vec<Resolved> {
    let mut once: Vec<IpAddr> = Vec::new();
    for address in addresses {
        if once.len() < MOST_ADDRESSES && !once.contains(address) {
            once.push(*address);
        }
    }
    if once.len() > 1 {
        // What may not be read is for glibc a file that is not there.
        let tables = Tables::read(&read("/etc/gai.conf").ok().flatten().unwrap_or_default());
        let host = Host::look();
        let facts = once.into_iter().map(|address| host.destination(address)).collect();
        once = sort(facts, &tables).into_iter().map(|facts| facts.address).collect();
    }
    once.into_iter().map(|address| Resolved { address, scope: None }).collect()
}

/// What the rules look at for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) address: IpAddr,
    /// The source address that the kernel chooses; `None` where it has no way there.
    pub(super) source: Option<IpAddr>,
    /// What is known of the source.
    pub(super) held: Option<Held>,
}

/// What is known of an address of this host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) device_index: u32,
    pub(super) prefix_len: u8,
    pub(super) deprecated: bool,
    pub(super) home: bool,
    pub(super) tunnel: bool,
}

/// This host's addresses and tunnels; empty without rtnetlink, and without an IPv6 address other than `::1`:
/// glibc then does not keep the list, and the rules that need it say nothing
/// (sysdeps/unix/sysv/linux/check_pf.c).
struct Host {
    addresses: Vec<SourceAddress>,
    tunnels: Vec<u32>,
}

impl Host {
    fn look() -> Host {
        let (addresses, tunnels) = match Netlink::open() {
            Ok(mut netlink) => {
                (netlink.source_addresses().unwrap_or_default(), netlink.tunnels().unwrap_or_default())
            }
            Err(_) => Default::default(),
        };
        let keeps = |entry: &SourceAddress| entry.own.address.is_ipv6() && !entry.own.address.is_loopback();
        if !addresses.iter().any(keeps) {
            return Host { addresses: Vec::new(), tunnels };
        }
        Host { addresses, tunnels }
    }

    fn destination(&self, address: IpAddr) -> Destination {
        let source = source(address);
        // A mapped source is listed as IPv4. The kernel may take one of 127.0.0.0/8 that no device lists; glibc
        // looks at 127.0.0.1 for it.
        let listed = match source.map(|source| source.to_canonical()) {
            Some(IpAddr::V4(v4)) if v4.is_loopback() => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            other => other,
        };
        let entry = self.addresses.iter().find(|entry| Some(entry.own.address) == listed);
        let held = entry.map(|entry| Held {
            device_index: entry.own.device_index,
            prefix_len: entry.own.prefix_len,
            deprecated: entry.deprecated,
            home: entry.home,
            tunnel: self.tunnels.contains(&entry.own.device_index),
        });
        Destination { address, source, held }
    }
}

/// The source that the kernel chooses for a destination, told by a connected UDP socket.
fn source(address: IpAddr) -> Option<IpAddr> {
    let destination = SocketAddr::new(address, 0);
    let socket = Socket::new(Domain::for_address(destination), Type::DGRAM, None).ok()?;
    socket.connect(&SockAddr::from(destination)).ok()?;
    Some(socket.local_addr().ok()?.as_socket()?.ip())
}

/// A prefix and its value; IPv4 as mapped addresses (`::ffff:0:0/96`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    prefix: u128,
    bits: u8,
    value: u32,
}

/// The policy tables, each with its longest prefixes first and an entry for everything at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tables {
    labels: Vec<Entry>,
    precedences: Vec<Entry>,
    /// Scopes of IPv4 addresses.
    scopes: Vec<Entry>,
}

const fn entry(prefix: Ipv6Addr, bits: u8, value: u32) -> Entry {
    Entry { prefix: prefix.to_bits(), bits, value }
}

const fn net(first: u16, second: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)
}

const MAPPED: Ipv6Addr = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();

const LABELS: &[Entry] = &[
    entry(Ipv6Addr::LOCALHOST, 128, 0),
    entry(Ipv6Addr::UNSPECIFIED, 96, 3),
    entry(MAPPED, 96, 4),
    entry(net(0x2001, 0), 32, 7),
    entry(net(0x2002, 0), 16, 2),
    entry(net(0xfec0, 0), 10, 5),
    entry(net(0xfc00, 0), 7, 6),
    entry(Ipv6Addr::UNSPECIFIED, 0, 1),
];

const PRECEDENCES: &[Entry] = &[
    entry(Ipv6Addr::LOCALHOST, 128, 50),
    entry(Ipv6Addr::UNSPECIFIED, 96, 20),
    entry(MAPPED, 96, 10),
    entry(net(0x2002, 0), 16, 30),
    entry(Ipv6Addr::UNSPECIFIED, 0, 40),
];

const SCOPES: &[Entry] = &[
    entry(Ipv4Addr::new(169, 254, 0, 0).to_ipv6_mapped(), 112, LINK_LOCAL),
    entry(Ipv4Addr::new(127, 0, 0, 0).to_ipv6_mapped(), 104, LINK_LOCAL),
    entry(MAPPED, 96, GLOBAL),
];

/// Scopes (RFC 4291, section 2.7).
const LINK_LOCAL: u32 = 2;
const SITE_LOCAL: u32 = 5;
const GLOBAL: u32 = 14;

impl Tables {
    /// Reads gai.conf. Entries of a kind replace the whole table of that kind; only the entry for everything is
    /// kept where the file has none. A line that can't be read is skipped.
    pub(super) fn read(text: &str) -> Tables {
        let (mut labels, mut precedences, mut scopes) = (Vec::new(), Vec::new(), Vec::new());
        for line in text.split('\n') {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split([' ', '\t', '\r', '\u{b}', '\u{c}']).filter(|word| !word.is_empty());
            let (Some(kind), Some(prefix)) = (words.next(), words.next()) else { continue };
            let Some(value) = strtoul(words.next().unwrap_or_default()) else { continue };
            let (list, found) = match kind {
                "label" => (&mut labels, prefix_v6(prefix)),
                "precedence" => (&mut precedences, prefix_v6(prefix)),
                "scopev4" => (&mut scopes, prefix_v4(prefix)),
                _ => continue,
            };
            if let Some((prefix, bits)) = found
                && list.len() < MOST_ENTRIES
            {
                list.push(Entry { prefix, bits, value });
            }
        }
        Tables {
            labels: table(labels, LABELS),
            precedences: table(precedences, PRECEDENCES),
            scopes: table(scopes, SCOPES),
        }
    }
}

/// The longest prefixes first, and the default's last entry where there is none for everything.
fn table(mut entries: Vec<Entry>, default: &[Entry]) -> Vec<Entry> {
    match default.last() {
        _ if entries.is_empty() => return default.to_vec(),
        Some(last) if !entries.iter().any(|entry| entry.bits == last.bits) => entries.push(*last),
        _ => {}
    }
    entries.sort_by_key(|entry| Reverse(entry.bits));
    entries
}

fn prefix_v6(text: &str) -> Option<(u128, u8)> {
    let (address, bits) = split_prefix(text, 128)?;
    Some((address.parse::<Ipv6Addr>().ok()?.to_bits(), bits))
}

fn prefix_v4(text: &str) -> Option<(u128, u8)> {
    if let Some((prefix, bits)) = prefix_v6(text) {
        return (covers(MAPPED.to_bits(), 96, prefix) && bits >= 96).then_some((prefix, bits));
    }
    let (address, bits) = split_prefix(text, 32)?;
    Some((address.parse::<Ipv4Addr>().ok()?.to_ipv6_mapped().to_bits(), bits.checked_add(96)?))
}

fn split_prefix(text: &str, most: u8) -> Option<(&str, u8)> {
    // Without a length glibc looks at a pointer that it has not set; a line like that has no effect.
    let (address, bits) = text.split_once('/')?;
    let bits = u8::try_from(strtoul(bits)?).ok()?;
    (bits <= most).then_some((address, bits))
}

/// A number up to `INT_MAX` with nothing behind it; as for `strtoul`, no text at all is 0.
fn strtoul(text: &str) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    text.parse().ok().filter(|number| *number <= i32::MAX as u32)
}

fn covers(prefix: u128, bits: u8, address: u128) -> bool {
    (prefix ^ address).leading_zeros() >= u32::from(bits)
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn value_of(address: IpAddr, table: &[Entry]) -> u32 {
    let address = mapped(address);
    table.iter().find(|entry| covers(entry.prefix, entry.bits, address)).map_or(0, |entry| entry.value)
}

fn scope(address: IpAddr, tables: &Tables) -> u32 {
    match address {
        IpAddr::V4(_) => value_of(address, &tables.scopes),
        IpAddr::V6(v6) if v6.is_multicast() => u32::from(v6.segments()[0] & 0xf),
        IpAddr::V6(v6) if v6.is_unicast_link_local() || v6.is_loopback() => LINK_LOCAL,
        IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfec0 => SITE_LOCAL,
        IpAddr::V6(_) => GLOBAL,
    }
}

/// Which of two destinations goes first (RFC 6724, section 6; the rules by their numbers).
fn compare(a: &Destination, b: &Destination, tables: &Tables) -> Ordering {
    // What is true goes first.
    let prefer = |a: bool, b: bool| b.cmp(&a);
    let (source_a, source_b) = match (a.source, b.source) {
        (Some(source_a), Some(source_b)) => (source_a, source_b),
        (Some(_), None) | (None, Some(_)) => return prefer(a.source.is_some(), b.source.is_some()), // 1
        (None, None) => return precedence(a, b, tables).then_with(|| scopes(a, b, tables)),
    };
    let matching_scope = |address: IpAddr, source: IpAddr| scope(address, tables) == scope(source, tables);
    let matching_label = |address: IpAddr, source: IpAddr| {
        value_of(address, &tables.labels) == value_of(source, &tables.labels)
    };
    let held = |of: &Destination| of.held.unwrap_or_default();
    prefer(matching_scope(a.address, source_a), matching_scope(b.address, source_b)) // 2
        .then_with(|| prefer(!held(a).deprecated, !held(b).deprecated)) // 3
        .then_with(|| prefer(held(a).home, held(b).home)) // 4
        .then_with(|| prefer(matching_label(a.address, source_a), matching_label(b.address, source_b))) // 5
        .then_with(|| precedence(a, b, tables)) // 6
        .then_with(|| prefer(native(a), native(b))) // 7
        .then_with(|| scopes(a, b, tables)) // 8
        .then_with(|| common_bits(b, source_b, a).cmp(&common_bits(a, source_a, b))) // 9
}

/// Rule 6.
fn precedence(a: &Destination, b: &Destination, tables: &Tables) -> Ordering {
    value_of(b.address, &tables.precedences).cmp(&value_of(a.address, &tables.precedences))
}

/// Rule 8.
fn scopes(a: &Destination, b: &Destination, tables: &Tables) -> Ordering {
    scope(a.address, tables).cmp(&scope(b.address, tables))
}

/// Rule 7: a source that glibc does not find among this host's addresses counts as a tunnel's.
fn native(of: &Destination) -> bool {
    of.held.is_some_and(|held| !held.tunnel)
}

/// Rule 9: bits that the destination shares with its source; nothing between families, and for IPv4 nothing
/// outside of the source's subnet.
fn common_bits(of: &Destination, source: IpAddr, other: &Destination) -> u32 {
    match (of.address, source, other.address) {
        (IpAddr::V6(address), IpAddr::V6(source), IpAddr::V6(_)) => {
            (address.to_bits() ^ source.to_bits()).leading_zeros()
        }
        (IpAddr::V4(address), IpAddr::V4(source), IpAddr::V4(_)) => {
            let common = (address.to_bits() ^ source.to_bits()).leading_zeros();
            // Without a prefix the shift by 32 leaves the mask whole, on every processor that matters.
            let subnet =
                of.held.map(|held| u32::from(held.prefix_len)).filter(|bits| *bits > 0).unwrap_or(32);
            if common >= subnet { common } else { 0 }
        }
        _ => 0,
    }
}

/// Merge sort, halving as glibc's `qsort` does: the rules are no total order (rule 9 is silent between
/// families), so the outcome depends on the algorithm, and the standard library's may panic.
pub(super) fn sort(mut list: Vec<Destination>, tables: &Tables) -> Vec<Destination> {
    if list.len() < 2 {
        return list;
    }
    let back = list.split_off(list.len() / 2);
    let mut front = sort(list, tables).into_iter().peekable();
    let mut back = sort(back, tables).into_iter().peekable();
    let mut merged = Vec::new();
    while let (Some(a), Some(b)) = (front.peek(), back.peek()) {
        // Rule 10: what came first stays first.
        let from_back = compare(a, b, tables) == Ordering::Greater;
        merged.extend(if from_back { back.next() } else { front.next() });
    }
    merged.extend(front.chain(back));
    merged
}

#[cfg(test)]
#[path = "address_order_tests.rs"]
mod tests;
