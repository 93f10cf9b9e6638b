//! Services over TCP, well-behaved and otherwise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt::BindToDevice};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::conversation::converse;
use crate::service::{Behaviour, Listen};
use crate::topology::Family;
use crate::udp;

/// Serves until the process ends. `ready` is told when connections are taken.
pub(crate) fn serve(
    listen: &Listen,
    family: Family,
    ready: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let any: IpAddr = match family {
        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    };
    let address = listen.address.clone().unwrap_or_else(|| any.to_string());
    if udp::is_udp(listen.does) {
        let socket = bind_udp(&address, listen.port)?;
        ready()?;
        return udp::serve(&socket, listen.does);
    }
    let backend: Option<SocketAddr> = listen
        .backend
        .as_ref()
        .map(|text| text.parse().map_err(|error| format!("{text}: {error}")))
        .transpose()?;
    let address = parsed(&address, listen.port)?;
    let failed = |error: std::io::Error| format!("cannot listen on {address}: {error}");
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)).map_err(failed)?;
    if address.is_ipv6() {
        socket.set_only_v6(!listen.dual).map_err(failed)?;
    }
    if let Some(device) = &listen.device {
        setsockopt(&socket, BindToDevice, &device.into()).map_err(|error| failed(error.into()))?;
    }
    socket.bind(&SockAddr::from(address)).map_err(failed)?;
    socket.listen(listen.backlog).map_err(failed)?;
    ready()?;
    let mut held = Vec::new();
    loop {
        if listen.does == Behaviour::NoAccept {
            thread::park();
            continue;
        }
        if listen.accept_after_ms > 0 {
            // The time counts from when a connection waits.
            await_connection(socket.as_fd()).map_err(failed)?;
            thread::sleep(Duration::from_millis(listen.accept_after_ms));
        }
        let (client, _) = socket.accept().map_err(failed)?;
        converse(client, listen.does, &listen.says, backend, &mut held);
    }
}

/// Returns when a connection waits to be accepted, and leaves it there.
// What came in place of `with_interest` is unsafe, for descriptors that are closed meanwhile: a borrowed one is not.
#[allow(deprecated)]
pub(crate) fn await_connection(socket: BorrowedFd) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let waiting = AsyncFd::with_interest(socket, Interest::READABLE)?;
        waiting.readable().await.map(|_| ())
    })
}

pub(crate) fn bind_udp(address: &str, port: u16) -> Result<UdpSocket, String> {
    let address = parsed(address, port)?;
    UdpSocket::bind(address).map_err(|error| format!("cannot bind {address}: {error}"))
}

pub(crate) fn parsed(address: &str, port: u16) -> Result<SocketAddr, String> {
    address.parse().map(|ip| SocketAddr::new(ip, port)).map_err(|error| format!("{address}: {error}"))
}
