//! What services do with a connection that they have accepted.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::service::{Behaviour, Says, Then};

/// How long a relay waits for its backend.
const CONNECTING: Duration = Duration::from_secs(3);

/// Deals with one connection; what is to stay open goes into `held`. A client that is gone is no error.
pub(crate) fn converse(
    mut client: Socket,
    does: Behaviour,
    says: &Says,
    backend: Option<SocketAddr>,
    held: &mut Vec<Socket>,
) {
    match does {
        Behaviour::Close => drop(client),
        Behaviour::Reset => reset(&client),
        Behaviour::Read => {
            thread::spawn(move || drain(&mut client));
        }
        Behaviour::Relay => {
            thread::spawn(move || relay(client, backend));
        }
        Behaviour::Endless => {
            let line = says.text.repeat(1 + 4096 / says.text.len().max(1));
            thread::spawn(move || while client.write_all(line.as_bytes()).is_ok() {});
        }
        Behaviour::Banner => {
            let mut line = says.text.clone().into_bytes();
            line.extend(&says.bytes);
            let _ = client.write_all(&line.repeat(says.times));
            match says.then {
                Then::Hold => held.push(client),
                Then::Close => drop(client),
                Then::Reset => reset(&client),
            }
        }
        _ => held.push(client),
    }
}

/// Closing with no time to linger makes the kernel send a reset.
fn reset(client: &Socket) {
    let _ = client.set_linger(Some(Duration::ZERO));
}

fn drain(client: &mut Socket) {
    let mut buffer = [0; 1024];
    while client.read(&mut buffer).is_ok_and(|length| length > 0) {}
}

/// Both ends are closed when either is, or when the backend can not be reached.
fn relay(client: Socket, backend: Option<SocketAddr>) {
    let Some(server) = backend.and_then(|backend| reach(backend).ok()) else {
        return;
    };
    let Ok((client_again, server_again)) = client.try_clone().and_then(|c| Ok((c, server.try_clone()?)))
    else {
        return;
    };
    let back = thread::spawn(move || pass(server_again, client_again));
    pass(client, server);
    let _ = back.join();
}

fn reach(backend: SocketAddr) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(backend), Type::STREAM, Some(Protocol::TCP))?;
    socket.connect_timeout(&SockAddr::from(backend), CONNECTING)?;
    Ok(socket)
}

fn pass(mut from: Socket, mut to: Socket) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
