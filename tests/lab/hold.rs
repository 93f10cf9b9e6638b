//! Sockets that another program holds, or has left in TIME_WAIT.

use std::io::Read;
use std::net::{Shutdown, SocketAddr};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::service::{Hold, Kind, Transport};
use crate::unix;

/// No peer of a world answers later.
const ANSWERING: Duration = Duration::from_secs(3);

/// Opens the sockets asked for, and keeps them until the process ends.
pub(crate) fn serve(hold: &Hold, ready: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let mut held = Vec::new();
    for _ in 0..hold.count {
        let socket = match hold.to.as_deref().and_then(|to| to.strip_prefix("unix:")) {
            Some(path) => connected_unix(path)?,
            None => opened(hold)?,
        };
        held.push(socket);
    }
    if hold.ended {
        held.drain(..).try_for_each(end)?;
    }
    ready()?;
    loop {
        thread::park();
    }
}

fn opened(hold: &Hold) -> Result<Socket, String> {
    let end = |text: &Option<String>| {
        text.as_ref()
            .map(|text| text.parse::<SocketAddr>().map_err(|error| format!("{text}: {error}")))
            .transpose()
    };
    let (from, to) = (end(&hold.from)?, end(&hold.to)?);
    let either = from.or(to).ok_or("a held socket needs from or to")?;
    let failed = |error: std::io::Error| format!("cannot hold {either}: {error}");
    let (kind, protocol) = match hold.transport {
        Transport::Tcp => (Type::STREAM, Protocol::TCP),
        Transport::Udp => (Type::DGRAM, Protocol::UDP),
    };
    let socket = Socket::new(Domain::for_address(either), kind, Some(protocol)).map_err(failed)?;
    socket.set_reuse_address(hold.reuse).map_err(failed)?;
    if let Some(from) = from {
        if from.port() == 0 {
            // The port is chosen with the destination, and may be shared with other destinations then.
            setsockopt(&socket, IpBindAddressNoPort, &true).map_err(|error| failed(error.into()))?;
        }
        socket.bind(&SockAddr::from(from)).map_err(failed)?;
    }
    if let Some(to) = to {
        socket.connect_timeout(&SockAddr::from(to), ANSWERING).map_err(failed)?;
    }
    Ok(socket)
}

/// It fails where it would have to wait.
fn connected_unix(path: &str) -> Result<Socket, String> {
    let failed = |error: std::io::Error| format!("cannot hold {path}: {error}");
    let socket = unix::socket(Kind::Stream).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    socket.connect(&unix::address(path)?).map_err(failed)?;
    Ok(socket)
}

/// The end of file that comes back says that the peer has closed as well: this end is in TIME_WAIT from then on.
fn end(mut socket: Socket) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot end a connection: {error}");
    socket.shutdown(Shutdown::Write).map_err(failed)?;
    socket.set_read_timeout(Some(ANSWERING)).map_err(failed)?;
    match socket.read(&mut [0; 16]).map_err(failed)? {
        0 => Ok(()),
        _ => Err("cannot end a connection: its peer speaks".to_owned()),
    }
}
