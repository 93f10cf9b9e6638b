//! Linux: sockets, the error queue, rtnetlink, sock_diag, sysctls, processes, the C library's resolver.

mod address_order;
mod counters;
mod datagram;
mod errqueue;
mod name_files;
mod names;
mod namespaces;
mod netlink;
mod netlink_socket;
mod owners;
mod proc;
mod raw;
mod sock_diag;
mod socket;
mod tcp_info;
mod udp;

pub use address_order::in_client_order;
pub use counters::{CounterSet, counters, difference};
pub use datagram::{Datagram, DatagramKind};
pub use name_files::{name_files, search_names};
pub use names::{lookup_host, lookup_service};
pub use namespaces::{ForeignSocket, listening_elsewhere};
pub use netlink::{Flow, Netlink, interface_index};
pub use owners::{Holders, cgroup_of, cgroup_paths, holders};
pub use proc::unprivileged_port_start;
pub use sock_diag::{ListeningSocket, SockDiag};
pub use socket::{Connecting, Final, TcpClient};
pub use udp::{UdpLook, UdpTalk};
