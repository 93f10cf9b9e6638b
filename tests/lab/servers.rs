//! Servers as they are in use, from Debian, each with a directory of its own that ends with the world: the name
//! servers unbound and dnsmasq, and the proxy haproxy.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};

use crate::inside::Ending;
use crate::scenario::{Program, Scenario, Server};
use crate::shell;
use crate::world::{self, PRIVATE};

/// How long a server may take until it answers.
const STARTING: Duration = Duration::from_secs(10);
/// How long one question is waited for.
const ASKING: Duration = Duration::from_millis(50);
/// A name that both name servers know without asking anybody (RFC 6761).
const PROBE: &str = "ready.invalid.";

/// Starts all real servers of a scenario, and returns when they answer. They end when dropped.
pub(crate) fn start(scenario: &Scenario) -> Result<Vec<Ending>, String> {
    scenario.server.iter().enumerate().map(|(number, server)| launch(number, server)).collect()
}

fn launch(number: usize, server: &Server) -> Result<Ending, String> {
    let directory = Path::new(PRIVATE).join(format!("server-{number}"));
    let told = |error: &dyn std::fmt::Display| format!("{:?} on {}: {error}", server.program, server.on);
    fs::create_dir(&directory).map_err(|error| told(&error))?;
    for (name, text) in &server.files {
        fs::write(directory.join(name), text).map_err(|error| told(&error))?;
    }
    let config = directory.join("config");
    fs::write(&config, configuration(server, &directory)).map_err(|error| told(&error))?;
    let log = directory.join("log");
    let output = File::create(&log).map_err(|error| told(&error))?;
    let errors = output.try_clone().map_err(|error| told(&error))?;
    let mut command = world::in_netns(&server.on);
    let config = config.display();
    let name = server.program.name();
    // An AppArmor profile holds for a program where Debian puts it, and knows no directory of ours.
    command.arg(world::readable(&found(name).map_err(|error| told(&error))?, name.as_ref())?);
    match server.program {
        Program::Unbound => command.args(["-d", "-c", &config.to_string()]),
        Program::Dnsmasq => command.args(["--no-daemon", &format!("--conf-file={config}")]),
        Program::Haproxy => command.args(["-db", "-f", &config.to_string()]),
    };
    let child =
        command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn().map_err(|error| told(&error))?;
    let mut child = Ending(child);
    let address: IpAddr = server.address.parse().map_err(|error| told(&error))?;
    let address = SocketAddr::new(address, server.port);
    let said = || fs::read_to_string(&log).unwrap_or_default();
    let end = Instant::now() + STARTING;
    while !works(server, address, &said())? {
        if let Ok(Some(status)) = child.0.try_wait() {
            return Err(told(&format!("{status}\n{}", said())));
        }
        if Instant::now() > end {
            return Err(told(&format!("does not answer\n{}", said())));
        }
    }
    Ok(child)
}

/// Whether it does its work, and has said what it is to say.
fn works(server: &Server, address: SocketAddr, log: &str) -> Result<bool, String> {
    let works = match server.program {
        Program::Unbound | Program::Dnsmasq => world::in_node(&server.on, move || answers(address))?,
        // A connection would be one more that it has to serve.
        Program::Haproxy => {
            let filter = format!("sport = :{}", server.port);
            std::thread::sleep(ASKING);
            !shell::output(world::in_netns(&server.on).args(["ss", "-Htln", &filter]))?.is_empty()
        }
    };
    Ok(works && server.says.as_ref().is_none_or(|words| log.contains(words.as_str())))
}

/// Debian keeps servers where an ordinary user's PATH does not lead.
pub(crate) fn search_path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

fn found(name: &str) -> Result<PathBuf, String> {
    std::env::split_paths(&search_path())
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| "not installed".to_owned())
}

fn configuration(server: &Server, directory: &Path) -> String {
    let Server { address, port, config, .. } = server;
    let directory = directory.display();
    let mut text = match server.program {
        // It stays in the clause `server:`, so that lines for it may follow. Names under test. and loopback
        // addresses are what worlds are made of.
        Program::Unbound => format!(
            "server:\n\
             directory: \"{directory}\"\nchroot: \"\"\nusername: \"\"\npidfile: \"\"\nuse-syslog: no\n\
             interface: {address}@{port}\naccess-control: 0.0.0.0/0 allow\naccess-control: ::/0 allow\n\
             num-threads: 1\nlog-queries: yes\nval-log-level: 2\nede: yes\n\
             do-not-query-localhost: no\nlocal-zone: \"test.\" nodefault\n"
        ),
        Program::Dnsmasq => format!(
            "no-resolv\nno-hosts\nlog-queries\nbind-interfaces\nlisten-address={address}\nport={port}\n"
        ),
        // One section follows: lines of it may come behind.
        Program::Haproxy => format!(
            "defaults\n mode tcp\n timeout connect 2s\n timeout client 20s\n timeout server 20s\n\
             listen lab\n bind {}\n",
            SocketAddr::new(address.parse().unwrap_or(Ipv4Addr::UNSPECIFIED.into()), *port)
        ),
    };
    let _ = writeln!(text, "{config}");
    text
}

/// Whether anything answers, whatever it says.
fn answers(server: SocketAddr) -> Result<bool, String> {
    let told = |error: &dyn std::fmt::Display| format!("cannot ask {server}: {error}");
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let mut query = Message::new(1, MessageType::Query, OpCode::Query);
    let name = Name::from_ascii(PROBE).map_err(|error| told(&error))?;
    query.add_query(Query::query(name, RecordType::A));
    let query = query.to_vec().map_err(|error| told(&error))?;
    let socket = UdpSocket::bind((any, 0)).map_err(|error| told(&error))?;
    socket.connect(server).map_err(|error| told(&error))?;
    socket.set_read_timeout(Some(ASKING)).map_err(|error| told(&error))?;
    let begun = Instant::now();
    // A closed port answers at once, with an ICMP error: the pace is the same then.
    let heard = socket.send(&query).and_then(|_| socket.recv(&mut [0; 512])).is_ok();
    if !heard {
        std::thread::sleep(ASKING.saturating_sub(begun.elapsed()));
    }
    Ok(heard)
}
