//! Linux: sockets, the error queue, rtnetlink, sysctls, the C library's resolver.

mod counters;
mod datagram;
mod errqueue;
mod names;
mod netlink;
mod proc;
mod raw;
mod socket;
mod tcp_info;

pub use counters::{CounterSet, counters, difference};
pub use datagram::{Datagram, DatagramKind};
pub use names::{lookup_host, lookup_service};
pub use netlink::{Flow, Netlink, interface_index};
pub use proc::unprivileged_port_start;
pub use socket::{Connecting, Final, TcpClient};
