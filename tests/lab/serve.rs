//! Everything in a world that answers or occupies: listeners, held sockets, name servers. Each is a process
//! of its own, this program again with a hidden argument, inside its node's namespace; so whyconn meets them
//! as it would meet any other program.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::Stdio;
use std::time::Duration;
use std::{env, thread};

use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::inside::Ending;
use crate::responder::Responder;
use crate::scenario::{Behaviour, Dns, Hold, Listen, Scenario};
use crate::topology::Family;
use crate::traffic::Traffic;
use crate::{dns, responder, traffic, world};

/// The first argument that makes this program a service.
pub(crate) const ARGUMENT: &str = "--serve";

#[derive(Serialize, Deserialize)]
enum Task {
    Listen(Listen, Family),
    Hold(Hold),
    Dns(Dns),
    Respond(Responder),
    Traffic(Traffic, Family),
}

/// Starts all of a scenario's services, and returns when they are ready. They end when dropped.
pub(crate) fn start(scenario: &Scenario, family: Family) -> Result<Vec<Ending>, String> {
    let listeners = scenario.listen.iter().map(|listen| (&listen.on, Task::Listen(listen.clone(), family)));
    let servers = scenario.dns.iter().map(|dns| (&dns.on, Task::Dns(dns.clone())));
    let held = scenario.hold.iter().map(|hold| (&hold.on, Task::Hold(hold.clone())));
    let responders =
        scenario.responder.iter().map(|responder| (&responder.on, Task::Respond(responder.clone())));
    let tasks = listeners.chain(servers).chain(held).chain(responders);
    tasks.map(|(node, task)| launch(node, &task)).collect()
}

/// Starts a scenario's traffic, and returns when all of it flows. It ends when dropped.
pub(crate) fn start_traffic(scenario: &Scenario, family: Family) -> Result<Vec<Ending>, String> {
    let busy = |traffic: &Traffic| launch(&traffic.on, &Task::Traffic(traffic.clone(), family));
    scenario.traffic.iter().map(busy).collect()
}

fn launch(node: &str, task: &Task) -> Result<Ending, String> {
    let told = |error: &dyn std::fmt::Display| format!("service on {node}: {error}");
    let program = env::current_exe().map_err(|error| told(&error))?;
    let task = serde_json::to_string(task).map_err(|error| told(&error))?;
    let child = world::in_netns(node)
        .arg(program)
        .args([ARGUMENT, &task])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| told(&error))?;
    let mut child = Ending(child);
    let mut line = String::new();
    if let Some(pipe) = child.0.stdout.take() {
        BufReader::new(pipe).read_line(&mut line).map_err(|error| told(&error))?;
    }
    match line.trim() {
        "ready" => Ok(child),
        "" => Err(told(&"ended before it was ready")),
        error => Err(told(&error)),
    }
}

/// The service process. The first line it prints says that it is ready, or why it is not.
pub(crate) fn main(task: &str) -> Result<(), String> {
    let served = match serde_json::from_str(task).map_err(|error| format!("task: {error}"))? {
        Task::Listen(listen, family) => listen_as(&listen, family),
        Task::Hold(hold) => hold_sockets(&hold),
        Task::Dns(server) => bind_udp(&server.address, 53)
            .and_then(|socket| ready().and_then(|()| dns::serve(&socket, &server.zone))),
        Task::Respond(responder) => responder::serve(&responder, ready),
        Task::Traffic(traffic, family) => traffic::send(&traffic, family, ready),
    };
    if let Err(error) = &served {
        println!("{error}");
    }
    served
}

fn ready() -> Result<(), String> {
    println!("ready");
    std::io::stdout().flush().map_err(|error| format!("stdout: {error}"))
}

fn listen_as(listen: &Listen, family: Family) -> Result<(), String> {
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
    socket.bind(&SockAddr::from(address)).map_err(failed)?;
    socket.listen(listen.backlog).map_err(failed)?;
    ready()?;
    let mut held: Vec<TcpStream> = Vec::new();
    loop {
        if listen.does == Behaviour::NoAccept {
            thread::park();
            continue;
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

fn echo(socket: &UdpSocket) -> Result<(), String> {
    let mut buffer = [0; 2048];
    loop {
        let (length, peer) = socket.recv_from(&mut buffer).map_err(|error| format!("udp echo: {error}"))?;
        let _ = socket.send_to(buffer.get(..length).unwrap_or_default(), peer);
    }
}

fn bind_udp(address: &str, port: u16) -> Result<UdpSocket, String> {
    let address = parsed(address, port)?;
    UdpSocket::bind(address).map_err(|error| format!("cannot bind {address}: {error}"))
}

fn parsed(address: &str, port: u16) -> Result<SocketAddr, String> {
    address.parse().map(|ip| SocketAddr::new(ip, port)).map_err(|error| format!("{address}: {error}"))
}

/// Opens the sockets asked for, and keeps them until the end.
fn hold_sockets(hold: &Hold) -> Result<(), String> {
    let end = |text: &Option<String>| {
        text.as_ref()
            .map(|text| text.parse::<SocketAddr>().map_err(|error| format!("{text}: {error}")))
            .transpose()
    };
    let (from, to) = (end(&hold.from)?, end(&hold.to)?);
    let either = from.or(to).ok_or("a held socket needs from or to")?;
    let failed = |error: std::io::Error| format!("cannot hold {either}: {error}");
    let mut held = Vec::new();
    for _ in 0..hold.count {
        let socket =
            Socket::new(Domain::for_address(either), Type::STREAM, Some(Protocol::TCP)).map_err(failed)?;
        if let Some(from) = from {
            socket.bind(&SockAddr::from(from)).map_err(failed)?;
        }
        if let Some(to) = to {
            socket.connect_timeout(&SockAddr::from(to), Duration::from_secs(3)).map_err(failed)?;
        }
        held.push(socket);
    }
    ready()?;
    loop {
        thread::park();
    }
}
