//! Replacements for addresses.
//!
//! Loopback, link-local and multicast addresses keep to their kind, all others move to the ranges for
//! documentation. The prefixes that are known (of this host's addresses, of routes that refuse) become blocks
//! there, one inside the other as before; so an address lies in a block exactly if it lay in the prefix.

use super::Map;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A prefix: its first address, and its length.
type Prefix = (IpAddr, u8);

/// What kind of address it is, apart from its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Loopback,
    LinkLocal4,
    LinkLocal6,
    Multicast4,
    /// With its scope.
    Multicast6(u8),
    Other4,
    Other6,
}

impl Kind {
    fn of(ip: IpAddr) -> Kind {
        match ip {
            IpAddr::V4(v4) if v4.is_loopback() => Kind::Loopback,
            IpAddr::V4(v4) if v4.is_link_local() => Kind::LinkLocal4,
            IpAddr::V4(v4) if v4.is_multicast() => Kind::Multicast4,
            IpAddr::V4(_) => Kind::Other4,
            IpAddr::V6(v6) if v6.is_unicast_link_local() => Kind::LinkLocal6,
            IpAddr::V6(v6) if v6.is_multicast() => Kind::Multicast6(v6.octets()[1] & 0xf),
            IpAddr::V6(_) => Kind::Other6,
        }
    }

    fn is_v4(self) -> bool {
        matches!(self, Kind::Loopback | Kind::LinkLocal4 | Kind::Multicast4 | Kind::Other4)
    }

    /// How long a prefix has to be to tell more than the kind.
    fn least_length(self) -> u8 {
        match self {
            // What lies in which part of it, no rule asks.
            Kind::Loopback => 33,
            Kind::LinkLocal4 => 17,
            Kind::Multicast4 => 5,
            Kind::LinkLocal6 => 11,
            Kind::Multicast6(_) => 9,
            Kind::Other4 | Kind::Other6 => 1,
        }
    }

    /// How many bits a block of it has, where it holds no more.
    fn usual_bits(self) -> u8 {
        match self {
            Kind::Loopback | Kind::LinkLocal4 | Kind::Multicast4 | Kind::Other4 => 8,
            Kind::Multicast6(_) => 16,
            Kind::LinkLocal6 | Kind::Other6 => 64,
        }
    }

    /// Where its addresses go, one range after the other, as first address and length.
    fn ranges(self) -> Vec<(u128, u8)> {
        let v4 = |a, b, c, d, length| (u128::from(u32::from(Ipv4Addr::new(a, b, c, d))), length);
        let v6 = |first: [u16; 8], length| (u128::from(Ipv6Addr::from(first)), length);
        match self {
            Kind::Loopback => vec![v4(127, 0, 0, 0, 8)],
            Kind::LinkLocal4 => vec![v4(169, 254, 0, 0, 16)],
            // RFC 6676: multicast for documentation.
            Kind::Multicast4 => vec![v4(233, 252, 0, 0, 24), v4(233, 0, 0, 0, 8)],
            Kind::Multicast6(scope) => {
                vec![v6([0xff00 | u16::from(scope), 0, 0, 0, 0, 0x0db8, 0, 0], 96)]
            }
            Kind::LinkLocal6 => vec![v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10)],
            // RFC 5737; RFC 2544 where those are full; and at last what nobody has (RFC 1112 section 4).
            Kind::Other4 => vec![
                v4(192, 0, 2, 0, 24),
                v4(198, 51, 100, 0, 24),
                v4(203, 0, 113, 0, 24),
                v4(198, 18, 0, 0, 15),
                v4(240, 0, 0, 0, 4),
            ],
            Kind::Other6 => vec![v6([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32)],
        }
    }
}

/// Addresses whose number says nothing about anybody: loopback itself, the stub of systemd-resolved, Debian's
/// address for a host's own name, broadcast, and the unspecified address.
fn stays(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            v4.is_unspecified()
                || v4.is_broadcast()
                || [[127, 0, 0, 1], [127, 0, 0, 53], [127, 0, 1, 1]].contains(&v4.octets())
        }
        IpAddr::V6(v6) => v6.is_unspecified() || v6.is_loopback(),
    }
}

/// Addresses met, and what they become.
#[derive(Default)]
pub(super) struct Addresses {
    met: Vec<IpAddr>,
    known: HashMap<IpAddr, usize>,
    prefixes: Vec<Prefix>,
    given: HashMap<IpAddr, IpAddr>,
    blocks: HashMap<Prefix, Prefix>,
}

impl Addresses {
    /// An address that is there. An IPv4-mapped one is the IPv4 address.
    pub(super) fn meet(&mut self, ip: IpAddr) {
        let ip = ip.to_canonical();
        if !stays(ip) && !self.known.contains_key(&ip) {
            self.known.insert(ip, self.met.len());
            self.met.push(ip);
        }
    }

    fn meet_prefix(&mut self, prefix: Prefix) {
        if is_block(prefix) && !self.prefixes.contains(&prefix) {
            self.prefixes.push(prefix);
        }
    }

    /// What an address becomes.
    pub(super) fn of(&self, ip: IpAddr) -> IpAddr {
        let canonical = ip.to_canonical();
        let given = if stays(canonical) { Some(&canonical) } else { self.given.get(&canonical) };
        match (ip, given) {
            (IpAddr::V6(v6), Some(IpAddr::V4(given))) if v6.to_ipv4_mapped().is_some() => {
                IpAddr::V6(given.to_ipv6_mapped())
            }
            (_, Some(given)) => *given,
            // Nothing is met later than at first; better no address than a true one.
            (IpAddr::V4(_), None) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            (IpAddr::V6(_), None) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }

    /// What a prefix becomes: one that tells no more than the kind of its addresses stays.
    fn of_prefix(&self, prefix: Prefix) -> Prefix {
        match self.blocks.get(&prefix) {
            Some(block) => *block,
            None if prefix.1 == width(prefix.0) => (self.of(prefix.0), prefix.1),
            None => prefix,
        }
    }

    /// Gives every address and prefix its place.
    pub(super) fn settle(&mut self) {
        let mut kinds: BTreeMap<Kind, (Vec<u128>, Vec<Prefix>)> = BTreeMap::new();
        for ip in &self.met {
            kinds.entry(Kind::of(*ip)).or_default().0.push(number(*ip));
        }
        for prefix in &self.prefixes {
            kinds.entry(Kind::of(prefix.0)).or_default().1.push(*prefix);
        }
        for (kind, (met, prefixes)) in kinds {
            let mut ranges = Ranges::of(kind);
            for mut block in blocks(kind, &met, prefixes) {
                block.measure(false);
                let first = ranges.take(block.bits);
                block.place(first, self);
            }
        }
    }
}

impl Map {
    /// What the prefix of an address becomes.
    pub(super) fn prefix_of(&mut self, ip: IpAddr, length: u8) -> Prefix {
        let (ip, mapped) = match ip {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => (ip.to_canonical(), 96),
            _ => (ip, 0),
        };
        let length = length.saturating_sub(mapped).min(width(ip));
        let prefix = (address(ip.is_ipv4(), number(ip) & !host_mask(width(ip) - length)), length);
        if self.settled {
            let (first, length) = self.addresses.of_prefix(prefix);
            return (first, length + mapped);
        }
        if length == width(ip) {
            self.addresses.meet(prefix.0);
        } else {
            self.addresses.meet_prefix(prefix);
        }
        (prefix.0, length + mapped)
    }

    /// A prefix as a route or a rule has it: `198.18.0.0/15`, or `default`.
    pub(super) fn prefix(&mut self, text: Option<String>) -> Option<String> {
        let text = text?;
        let read = text.split_once('/').and_then(|(ip, length)| {
            let length = length.parse::<u8>().ok()?;
            Some((ip.parse::<IpAddr>().ok()?, length))
        });
        Some(match read {
            Some((ip, length)) => {
                let (first, length) = self.prefix_of(ip, length);
                format!("{first}/{length}")
            }
            // A prefix that can't be read covers nothing that is known.
            None => "default".to_owned(),
        })
    }
}

/// Whether a prefix becomes a block: more than one address, and less than all of a kind.
fn is_block(prefix: Prefix) -> bool {
    let (ip, length) = prefix;
    length >= Kind::of(ip).least_length() && length < width(ip)
}

/// The ranges of a kind, as far as they are still free.
struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    fn of(kind: Kind) -> Ranges {
        let bits = if kind.is_v4() { 32 } else { 128 };
        let free = |(first, length): (u128, u8)| (first, first + host_mask(bits - length));
        Ranges(kind.ranges().into_iter().map(free).collect())
    }

    /// The first address of the next free block of so many bits.
    fn take(&mut self, bits: u8) -> u128 {
        let mask = host_mask(bits);
        for (next, last) in &mut self.0 {
            let first = next.saturating_add(mask) & !mask;
            if first.saturating_add(mask) <= *last {
                *next = first + mask + 1;
                return first;
            }
        }
        // More than 2^28 addresses: they share the last block.
        self.0.last().map_or(0, |(_, last)| last & !mask)
    }
}

/// A prefix with the addresses right in it, and the prefixes inside it. Loose addresses have none.
struct Block {
    prefix: Option<Prefix>,
    v4: bool,
    /// Bits behind the prefix as it was; as many as there are for loose addresses.
    had: u8,
    /// Bits behind a usual one of its kind.
    usual: u8,
    direct: Vec<u128>,
    inside: Vec<Block>,
    /// The place of its first address among those met.
    rank: usize,
    /// Bits behind its prefix as it becomes.
    bits: u8,
}

/// Loose addresses go into blocks of this many: without the first address, the last, and those that stay.
const MOST_LOOSE: usize = 250;

/// All blocks of a kind, in the order in which their addresses are met.
fn blocks(kind: Kind, met: &[u128], mut prefixes: Vec<Prefix>) -> Vec<Block> {
    let v4 = kind.is_v4();
    let bits: u8 = if v4 { 32 } else { 128 };
    let block = |prefix: Option<Prefix>, had| Block {
        prefix,
        v4,
        had,
        usual: kind.usual_bits(),
        direct: Vec::new(),
        inside: Vec::new(),
        rank: usize::MAX,
        bits: 0,
    };
    // The longest first: it takes its addresses before those around it do.
    prefixes.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    let mut left: Vec<(usize, u128)> = met.iter().copied().enumerate().collect();
    let mut done: Vec<Block> = Vec::new();
    for prefix in prefixes {
        let had = bits - prefix.1;
        let mask = host_mask(had);
        let first = number(prefix.0);
        let mut new = block(Some(prefix), had);
        let (own, others) = left.into_iter().partition(|(_, ip)| ip & !mask == first);
        left = others;
        let own: Vec<(usize, u128)> = own;
        let starts_in = |other: &Block| other.prefix.is_some_and(|(ip, _)| number(ip) & !mask == first);
        let (inside, outside) = done.into_iter().partition(starts_in);
        (new.inside, done) = (inside, outside);
        new.rank = own
            .iter()
            .map(|(rank, _)| *rank)
            .chain(new.inside.iter().map(|block| block.rank))
            .min()
            .unwrap_or(usize::MAX);
        new.direct = own.into_iter().map(|(_, ip)| ip).collect();
        done.push(new);
    }
    for some in left.chunks(MOST_LOOSE) {
        let mut loose = block(None, bits);
        loose.rank = some.first().map_or(usize::MAX, |(rank, _)| *rank);
        loose.direct = some.iter().map(|(_, ip)| *ip).collect();
        done.push(loose);
    }
    done.sort_by_key(|block| block.rank);
    done
}

impl Block {
    /// How many bits it needs: as many as a usual network has, more where it holds more, never more than it had.
    fn measure(&mut self, nested: bool) {
        for block in &mut self.inside {
            block.measure(true);
        }
        let usual = if self.v4 && nested { self.usual / 2 } else { self.usual };
        let needed = 128 - self.needed().saturating_sub(1).leading_zeros();
        self.bits = usual.max(u8::try_from(needed).unwrap_or(128)).min(self.had);
    }

    /// Addresses that it has to have, with the first and the last, which are nobody's.
    fn needed(&self) -> u128 {
        let inside = self.inside.iter().map(|block| host_mask(block.bits).saturating_add(1));
        inside.fold(self.direct.len() as u128 + 2, u128::saturating_add)
    }

    /// Gives the prefix and all in it their places from `first` on: the blocks inside from the end, the greatest
    /// first, which keeps them aligned; the addresses from the beginning.
    fn place(mut self, first: u128, addresses: &mut Addresses) {
        let mask = host_mask(self.bits);
        // As narrow as it was: then it may be full.
        let roomy = self.needed().saturating_sub(1) <= mask;
        if let Some(prefix) = self.prefix {
            let length = width(prefix.0) - self.bits;
            addresses.blocks.insert(prefix, (address(self.v4, first), length));
        }
        let whole = host_mask(self.had);
        let ends = roomy && self.inside.is_empty() && self.prefix.is_some();
        let mut next = first + u128::from(roomy);
        for ip in self.direct {
            let given = match ip & whole {
                0 if ends => first,
                host if ends && host == whole => first + mask,
                _ => {
                    while stays(address(self.v4, next)) {
                        next += 1;
                    }
                    next += 1;
                    next - 1
                }
            };
            addresses.given.insert(address(self.v4, ip), address(self.v4, given));
        }
        self.inside.sort_by_key(|block| (std::cmp::Reverse(block.bits), block.rank));
        let mut end = first + mask;
        for block in self.inside {
            let size = host_mask(block.bits);
            block.place(end - size, addresses);
            end = (end - size).saturating_sub(1);
        }
    }
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// So many ones.
fn host_mask(bits: u8) -> u128 {
    1u128.checked_shl(u32::from(bits)).map_or(u128::MAX, |size| size - 1)
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

fn address(v4: bool, number: u128) -> IpAddr {
    if v4 {
        IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)))
    } else {
        IpAddr::V6(Ipv6Addr::from(number))
    }
}

#[cfg(test)]
#[path = "addresses_tests.rs"]
mod tests;
