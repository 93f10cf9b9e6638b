//! Services, well-behaved and otherwise.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt::BindToDevice};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::scenario::{Behaviour, Listen};
use crate::topology::Family;

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
    if listen.does == Behaviour::UdpEcho {
        let socket = bind_udp(&address, listen.port)?;
        ready()?;
        return echo(&socket);
    }
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
    let mut held: Vec<TcpStream> = Vec::new();
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
        match listen.does {
            Behaviour::Close => drop(client),
            Behaviour::Reset => {
                // Closing with no time to linger makes the kernel send a reset.
                client.set_linger(Some(Duration::ZERO)).map_err(failed)?;
            }
            Behaviour::Banner => {
                let mut client = TcpStream::from(client);
                // The client may be gone already, which is its own affair.
                let _ = client.write_all(b"220 lab ready\r\n");
                held.push(client);
            }
            Behaviour::AcceptAndHold | Behaviour::NoAccept | Behaviour::UdpEcho => {
                held.push(client.into());
            }
        }
    }
}

/// Returns when a connection waits to be accepted, and leaves it there.
// What came in place of `with_interest` is unsafe, for descriptors that are closed meanwhile: a borrowed one is not.
#[allow(deprecated)]
fn await_connection(socket: BorrowedFd) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let waiting = AsyncFd::with_interest(socket, Interest::READABLE)?;
        waiting.readable().await.map(|_| ())
    })
}

fn echo(socket: &UdpSocket) -> Result<(), String> {
    let mut buffer = [0; 2048];
    loop {
        let (length, peer) = socket.recv_from(&mut buffer).map_err(|error| format!("udp echo: {error}"))?;
        let _ = socket.send_to(buffer.get(..length).unwrap_or_default(), peer);
    }
}

pub(crate) fn bind_udp(address: &str, port: u16) -> Result<UdpSocket, String> {
    let address = parsed(address, port)?;
    UdpSocket::bind(address).map_err(|error| format!("cannot bind {address}: {error}"))
}

pub(crate) fn parsed(address: &str, port: u16) -> Result<SocketAddr, String> {
    address.parse().map(|ip| SocketAddr::new(ip, port)).map_err(|error| format!("{address}: {error}"))
}
