//! Linux: sockets, the error queue, rtnetlink, sock_diag, sysctls, processes, the C library's resolver.

mod address_order;
mod census;
mod counters;
mod datagram;
mod errqueue;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod name_files;
mod names;
mod namespaces;
mod netlink;
mod netlink_messages;
mod netlink_socket;
mod owners;
mod patience;
mod port_proxy;
mod proc;
mod raw;
mod signals;
mod sock_diag;
mod socket;
mod tcp_info;
mod udp;
mod unix;
mod unix_diag;
mod unix_namespaces;
mod unix_path;

pub use address_order::in_client_order;
pub use counters::{CounterFiles, CounterSet, counters, device_packets, difference};
pub use datagram::{Datagram, DatagramKind};
pub use name_files::{name_files, own_name, pinned_names, search_names};
pub use names::{lookup_host, lookup_service};
pub use namespaces::{Elsewhere, ForeignSocket};
pub use netlink::{Flow, Netlink, interface_index};
pub use owners::{Holders, cgroup_of, cgroup_paths, holders, named};
pub use port_proxy::port_proxy;
pub use proc::{
    descriptor_limit, ignored_signals, local_port_range, raise_descriptor_limit, reserved_ports,
    seccomp_mode, unprivileged_port_start,
};
pub use signals::{HeldSignals, leave_ends_to_others};
pub use sock_diag::{ListeningSocket, SockDiag, TcpSocket};
pub use socket::{Connecting, Final, Heard, TcpClient};
pub use udp::{UdpClient, UdpLook, UdpTalk};
pub use unix::{UnixConnection, credentials};
pub use unix_diag::DiagSocket;
pub use unix_namespaces::named_elsewhere;
pub use unix_path::{SocketPath, look_at_path};
