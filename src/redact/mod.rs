//! Evidence that may be posted in public: addresses, names, paths, processes, devices, users and texts are
//! replaced, the same by the same throughout, and the diagnosis stays what it was.
//!
//! Two walks over the evidence, in one fixed order: the first collects what there is, the second replaces it. So
//! the same evidence gives the same text, and what is replaced already stays as it is.
//!
//! Ports, times, counters, TTLs, table numbers, indexes of devices and lines of files stay: they are the
//! diagnosis. Words of the system stay as well (errno, the sources of nsswitch.conf that the C library has, the
//! names of the programs by which a proxy is known).
//!
//! The walk takes each type apart field by field (`walk!`): a new field does not compile until somebody has
//! decided what becomes of it, and a text can't be kept (`Plain`).

mod addresses;
mod evidence;
mod host;
mod labels;
mod naming;
mod unix;
mod words;

use crate::model::{
    AfterHandshake, Call, Errno, Evidence, Fact, Family, FileKind, Icmp, Millis, NameKind, NeighbourState,
    Origin, PathProtocol, Payload, PeerEnd, ProxyVariable, RecordKind, RefusalKind, RouteType, SocketState,
    SocketType, TcpState, Trace, Transport, UnixState,
};
use addresses::Addresses;
use labels::Labels;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use words::Words;

/// The same evidence, with everything replaced that tells whose network, host or programs these are.
///
/// IPv4 addresses come from the ranges for documentation (RFC 5737; RFC 2544 where those do not suffice), IPv6
/// addresses from `2001:db8::/32` (RFC 3849). Loopback, link-local, multicast and unspecified addresses stay what
/// they are, and an address lies in the prefixes of this host's addresses as before. Names keep their number of
/// labels, their faults and what they share; `localhost` stays.
pub fn redact(evidence: Evidence) -> Evidence {
    let mut map = Map::of(&evidence);
    evidence.walk(&mut map)
}

/// What is replaced by what.
#[derive(Default)]
pub(crate) struct Map {
    /// Set once everything has been collected.
    settled: bool,
    addresses: Addresses,
    labels: Labels,
    words: Words,
}

impl Map {
    /// For the evidence, and whatever is made of it.
    pub(crate) fn of(evidence: &Evidence) -> Map {
        let mut map = Map::default();
        for (first, second) in evidence::rivals(evidence) {
            map.addresses.meet(first);
            map.addresses.meet(second);
        }
        // Only what the walk meets counts here.
        let _ = evidence.clone().walk(&mut map);
        map.addresses.settle();
        map.labels.settle();
        map.settled = true;
        map
    }
}

/// Replaces what is in it.
pub(crate) trait Walk: Sized {
    /// The same with everything replaced; before the map is settled only what it met.
    fn walk(self, map: &mut Map) -> Self;
}

/// Numbers and words of a closed list: nothing in them is anybody's. Text is none, nor is an address.
pub(crate) trait Plain: Copy {}

macro_rules! plain {
    ($($type:ty),* $(,)?) => {
        $(
            impl Plain for $type {}
            impl Walk for $type {
                fn walk(self, _: &mut Map) -> Self {
                    self
                }
            }
        )*
    };
}

plain!(
    bool,
    u8,
    u16,
    u32,
    u64,
    i64,
    Millis,
    Errno,
    AfterHandshake,
    Call,
    Family,
    FileKind,
    Icmp,
    NameKind,
    NeighbourState,
    Origin,
    PathProtocol,
    Payload,
    ProxyVariable,
    PeerEnd,
    RecordKind,
    RefusalKind,
    RouteType,
    SocketState,
    SocketType,
    TcpState,
    Trace,
    Transport,
    UnixState,
);

impl<T: Plain> Plain for Option<T> {}

/// Holds a field against [`Plain`].
pub(crate) fn kept<T: Plain>(value: T) -> T {
    value
}

/// `walk!(Type { field, field: how } keeps { field })`: names every field of a struct. Those before `keeps` are
/// walked, or given to a function of the map; those behind it are [`Plain`].
macro_rules! walk {
    ($type:ident { $($field:ident $(: $how:expr)?),* $(,)? } keeps { $($kept:ident),* $(,)? }) => {
        impl $crate::redact::Walk for $type {
            fn walk(self, map: &mut $crate::redact::Map) -> Self {
                // A struct of numbers alone does not need it.
                let _ = &map;
                let $type { $($field,)* $($kept,)* } = self;
                Self {
                    $($field: walk!(@field map, $field $(, $how)?),)*
                    $($kept: $crate::redact::kept($kept),)*
                }
            }
        }
    };
    (@field $map:ident, $field:ident) => {
        $crate::redact::Walk::walk($field, $map)
    };
    (@field $map:ident, $field:ident, $how:expr) => {
        $how(&mut *$map, $field)
    };
}
pub(crate) use walk;

impl<T: Walk> Walk for Option<T> {
    fn walk(self, map: &mut Map) -> Self {
        self.map(|value| value.walk(map))
    }
}

impl<T: Walk> Walk for Vec<T> {
    fn walk(self, map: &mut Map) -> Self {
        self.into_iter().map(|value| value.walk(map)).collect()
    }
}

impl<T: Walk> Walk for Fact<T> {
    fn walk(self, map: &mut Map) -> Self {
        match self {
            Fact::Seen(value) => Fact::Seen(value.walk(map)),
            Fact::NotAsked => Fact::NotAsked,
            Fact::CouldNotLook(why) => Fact::CouldNotLook(words::reason(why)),
        }
    }
}

impl Walk for IpAddr {
    fn walk(self, map: &mut Map) -> Self {
        if !map.settled {
            map.addresses.meet(self);
            return self;
        }
        map.addresses.of(self)
    }
}

impl Walk for SocketAddr {
    /// The scope is a device's index.
    fn walk(self, map: &mut Map) -> Self {
        let ip = self.ip().walk(map);
        match (self, ip) {
            (SocketAddr::V6(old), IpAddr::V6(ip)) => {
                SocketAddr::V6(SocketAddrV6::new(ip, old.port(), 0, old.scope_id()))
            }
            (_, ip) => SocketAddr::new(ip, self.port()),
        }
    }
}

#[cfg(test)]
mod tests;
