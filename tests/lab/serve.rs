//! Everything in a world that answers or occupies: listeners, held sockets, name servers. Each is a process
//! of its own, this program again with a hidden argument, inside its node's namespace; so whyconn meets them
//! as it would meet any other program.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, thread};

use serde::{Deserialize, Serialize};

use crate::inside::Ending;
use crate::responder::Responder;
use crate::scenario::{Dns, Scenario};
use crate::service::{Hold, Listen, Unix, User};
use crate::topology::Family;
use crate::traffic::Traffic;
use crate::{dns, hold, inside, listen, responder, servers, traffic, unix, world};

/// The first argument that makes this program a service.
pub(crate) const ARGUMENT: &str = "--serve";

/// How a process is called that nobody is to find.
const SERVICE: &str = "service";

#[derive(Serialize, Deserialize)]
enum Task {
    Listen(Listen, Family),
    Unix(Unix),
    Hold(Hold),
    Dns(Dns),
    Respond(Responder),
    Traffic(Traffic, Family),
}

/// Starts all of a scenario's services, and returns when they are ready. They end when dropped.
pub(crate) fn start(scenario: &Scenario, family: Family, as_root: bool) -> Result<Vec<Ending>, String> {
    let mut running = servers::start(scenario)?;
    let enter = |node: &str, user: User| {
        let mut command = world::in_netns(node);
        if user == User::Whyconn {
            command.args(inside::without_privileges(as_root));
        }
        command
    };
    for listen in &scenario.listen {
        let task = Task::Listen(listen.clone(), family);
        running.push(launch(enter(&listen.on, listen.user), &listen.process, &task)?);
    }
    for socket in &scenario.unix {
        unix::prepare(socket, as_root)?;
        let task = Task::Unix(socket.clone());
        running.push(launch(enter(&socket.on, socket.user), &socket.process, &task)?);
        unix::close_directory(socket)?;
    }
    let servers = scenario.dns.iter().map(|dns| (&dns.on, Task::Dns(dns.clone())));
    let responders =
        scenario.responder.iter().map(|responder| (&responder.on, Task::Respond(responder.clone())));
    for (node, task) in servers.chain(responders) {
        running.push(launch(world::in_netns(node), SERVICE, &task)?);
    }
    for hold in &scenario.hold {
        let task = Task::Hold(hold.clone());
        running.push(launch(enter(&hold.on, hold.user), &hold.process, &task)?);
    }
    Ok(running)
}

/// Starts a scenario's traffic, and returns when all of it flows. It ends when dropped.
pub(crate) fn start_traffic(scenario: &Scenario, family: Family) -> Result<Vec<Ending>, String> {
    let busy = |traffic: &Traffic| {
        launch(world::in_netns(&traffic.on), SERVICE, &Task::Traffic(traffic.clone(), family))
    };
    scenario.traffic.iter().map(busy).collect()
}

/// `wrapped` is what enters the node, and gives up what the service is not to have.
fn launch(mut wrapped: Command, name: &str, task: &Task) -> Result<Ending, String> {
    let text = serde_json::to_string(task).map_err(|error| format!("task: {error}"))?;
    let told = |error: &dyn std::fmt::Display| format!("service {text}: {error}");
    let program = env::current_exe().map_err(|error| told(&error))?;
    let program = world::readable(&program, name.as_ref())?;
    let child = wrapped
        .arg(program)
        .args([ARGUMENT, &text])
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
        Task::Listen(listen, family) => listen::serve(&listen, family, ready),
        Task::Unix(socket) => unix::serve(&socket, ready),
        Task::Hold(hold) => hold::serve(&hold, ready),
        Task::Dns(server) => name_server(server),
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

fn name_server(server: Dns) -> Result<(), String> {
    let socket = Arc::new(listen::bind_udp(&server.address, server.port)?);
    let zone = Arc::new(server.zone);
    if server.tcp {
        let address = listen::parsed(&server.address, server.port)?;
        let listener =
            TcpListener::bind(address).map_err(|error| format!("cannot bind {address}: {error}"))?;
        let zone = Arc::clone(&zone);
        thread::spawn(move || dns::serve_tcp(&listener, &zone));
    }
    ready()?;
    dns::serve_udp(&socket, &zone)
}
