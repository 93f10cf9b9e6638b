//! Everything in a world that answers or occupies: listeners, held sockets, name servers. Each is a process
//! of its own, this program again with a hidden argument, inside its node's namespace; so whyconn meets them
//! as it would meet any other program.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, PoisonError, RwLock};
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

/// What runs in a world. It ends when dropped.
pub(crate) struct Services {
    family: Family,
    as_root: bool,
    running: Vec<Ending>,
    /// Where the name servers read what they say from now on.
    name_servers: Vec<ChildStdin>,
}

/// Starts all of a scenario's services, and returns when they are ready.
pub(crate) fn start(scenario: &Scenario, family: Family, as_root: bool) -> Result<Services, String> {
    let running = servers::start(scenario)?;
    let mut services = Services { family, as_root, running, name_servers: Vec::new() };
    for listen in &scenario.listen {
        services.listen(listen)?;
    }
    for socket in &scenario.unix {
        services.unix(socket)?;
    }
    for dns in &scenario.dns {
        let (child, input) = launch_told(world::in_netns(&dns.on), SERVICE, &Task::Dns(dns.clone()))?;
        services.running.push(child);
        services.name_servers.extend(input);
    }
    for responder in &scenario.responder {
        let task = Task::Respond(responder.clone());
        services.running.push(launch(world::in_netns(&responder.on), SERVICE, &task)?);
    }
    for hold in &scenario.hold {
        let task = Task::Hold(hold.clone());
        let child = launch(services.enter(&hold.on, hold.user), &hold.process, &task)?;
        services.running.push(child);
    }
    Ok(services)
}

impl Services {
    fn enter(&self, node: &str, user: User) -> Command {
        let mut command = world::in_netns(node);
        if user == User::Whyconn {
            command.args(inside::without_privileges(self.as_root));
        }
        command
    }

    pub(crate) fn listen(&mut self, listen: &Listen) -> Result<(), String> {
        let task = Task::Listen(listen.clone(), self.family);
        self.running.push(launch(self.enter(&listen.on, listen.user), &listen.process, &task)?);
        Ok(())
    }

    pub(crate) fn unix(&mut self, socket: &Unix) -> Result<(), String> {
        unix::prepare(socket, self.as_root)?;
        let task = Task::Unix(socket.clone());
        self.running.push(launch(self.enter(&socket.on, socket.user), &socket.process, &task)?);
        unix::close_directory(socket)
    }

    /// Gives the first name server another zone.
    pub(crate) fn tell_name_server(&mut self, zone: &dns::Zone) -> Result<(), String> {
        let line = serde_json::to_string(zone).map_err(|error| format!("zone: {error}"))?;
        let input = self.name_servers.first_mut().ok_or("there is no scripted name server")?;
        writeln!(input, "{line}").map_err(|error| format!("name server: {error}"))
    }

    pub(crate) fn extend(&mut self, more: impl IntoIterator<Item = Ending>) {
        self.running.extend(more);
    }
}

/// Starts a scenario's traffic, and returns when all of it flows. It ends when dropped.
pub(crate) fn start_traffic(scenario: &Scenario, family: Family) -> Result<Vec<Ending>, String> {
    let busy = |traffic: &Traffic| {
        launch(world::in_netns(&traffic.on), SERVICE, &Task::Traffic(traffic.clone(), family))
    };
    scenario.traffic.iter().map(busy).collect()
}

/// `wrapped` is what enters the node, and gives up what the service is not to have.
fn launch(wrapped: Command, name: &str, task: &Task) -> Result<Ending, String> {
    launch_told(wrapped, name, task).map(|(child, _)| child)
}

/// The same, with the service's standard input.
fn launch_told(
    mut wrapped: Command,
    name: &str,
    task: &Task,
) -> Result<(Ending, Option<ChildStdin>), String> {
    let text = serde_json::to_string(task).map_err(|error| format!("task: {error}"))?;
    let told = |error: &dyn std::fmt::Display| format!("service {text}: {error}");
    let program = env::current_exe().map_err(|error| told(&error))?;
    let program = world::readable(&program, name.as_ref())?;
    let child = wrapped
        .arg(program)
        .args([ARGUMENT, &text])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| told(&error))?;
    let mut child = Ending(child);
    let mut line = String::new();
    if let Some(pipe) = child.0.stdout.take() {
        BufReader::new(pipe).read_line(&mut line).map_err(|error| told(&error))?;
    }
    let input = child.0.stdin.take();
    match line.trim() {
        "ready" => Ok((child, input)),
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
    let zone = Arc::new(RwLock::new(server.zone));
    if server.tcp {
        let address = listen::parsed(&server.address, server.port)?;
        let listener =
            TcpListener::bind(address).map_err(|error| format!("cannot bind {address}: {error}"))?;
        let zone = Arc::clone(&zone);
        thread::spawn(move || dns::serve_tcp(&listener, &zone));
    }
    let told = Arc::clone(&zone);
    thread::spawn(move || {
        // A line that is no zone changes nothing, and the scenario fails by it.
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if let Ok(new) = serde_json::from_str(&line) {
                *told.write().unwrap_or_else(PoisonError::into_inner) = new;
            }
        }
    });
    ready()?;
    dns::serve_udp(&socket, &zone)
}
