//! The options. This one definition feeds parsing, help, man page and completions.

use crate::expect::Expectation;
use crate::model::Trace;
use crate::model::target::could_hide_a_port;
use crate::render::{Color, Detail, Format};
use crate::sanitize::clean_to;
use crate::sys::interface_index;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::PathBuf;
use std::time::Duration;

/// Say why a connection fails, who made it fail, and how sure that is.
#[derive(Debug, Parser)]
#[command(
    name = "whyconn",
    version,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    override_usage = "whyconn [OPTIONS] HOST:PORT...\n       whyconn [OPTIONS] HOST PORT\n       whyconn [OPTIONS] unix:/PATH\n       whyconn [OPTIONS] -f FILE\n       whyconn [OPTIONS] [--wait DURATION] TARGET -- COMMAND...\n       whyconn explain [CODE|CLASS]\n       whyconn schema",
    after_help = "Exit codes: 0 connected, 1 whyconn failed, 2 usage, 3 resolve, 4 refused, 5 timeout, \
                  6 unreachable, 7 alias, 8 local, 9 service, 10 several of these, 11 not what --expect said, \
                  130 or 143 interrupted or terminated. After -- COMMAND, its own; 126 or 127 where it can't be run."
)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) diagnose: DiagnoseArgs,
}

/// What else whyconn can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what a verdict means, what causes it, and what to do; without CODE, list all
    Explain {
        /// A verdict code, such as refused.rst; or a class, such as refused, to list its codes
        #[arg(value_name = "CODE|CLASS")]
        code: Option<String>,

        /// How to print it; without CODE, markdown is the whole book
        #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
        format: PageFormat,
    },
    /// Print the JSON Schema of the report
    Schema,
}

/// How a page is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    /// For a terminal
    Text,
    /// Markdown source, for a wiki
    Markdown,
}

#[derive(Debug, Clone, Args)]
pub(super) struct DiagnoseArgs {
    /// host:port, host:service, [v6]:port, [fe80::1%dev]:port, udp://host:port or a URL; or HOST and PORT as two
    /// words; several make a list; or a unix socket: /path, unix:/path, unix:@name, unix-dgram:/path, unix-seqpacket:/path
    #[arg(value_name = "TARGET", num_args = 0..)]
    pub(super) target: Vec<OsString>,

    /// Run this when the target connects, in whyconn's place; what whyconn has to say goes to standard error
    #[arg(value_name = "COMMAND", last = true)]
    pub(super) command_line: Vec<OsString>,

    /// Read more targets from FILE, one a line; - is standard input, and # begins a comment
    #[arg(short = 'f', long = "targets-from", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// Targets of a list in flight at once; without it as many as the descriptor limit allows, at most 1000
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<usize>,

    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    pub(super) ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6')]
    pub(super) ipv6: bool,

    /// How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s
    #[arg(short, long, value_name = "DURATION", default_value = "4s", value_parser = timeout)]
    pub(super) timeout: Duration,

    /// Send from this address
    #[arg(short, long, value_name = "ADDR", value_parser = address)]
    pub(super) source: Option<IpAddr>,

    /// Send from this port
    #[arg(short = 'p', long, value_name = "PORT", value_parser = port)]
    pub(super) source_port: Option<u16>,

    /// Leave through this device
    #[arg(short, long, value_name = "DEV", value_parser = device)]
    pub(super) interface: Option<String>,

    /// Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme
    #[arg(short, long)]
    pub(super) udp: bool,

    /// Ask this name server instead of the system's
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = name_server)]
    pub(super) dns: Option<SocketAddr>,

    /// How long to watch the connection after the handshake; 0s to skip
    #[arg(long, value_name = "DURATION", default_value = "250ms", value_parser = duration)]
    pub(super) grace: Duration,

    /// Send SYNs (for UDP, datagrams to a high port) with small TTLs to find where they die: auto does when something on the way may be at fault
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = trace)]
    pub(super) trace: Trace,

    /// Exit with 0 if the verdict is this code or of this class, else with 11; may be given more than once
    #[arg(long, value_name = "CODE|CLASS", value_parser = expectation)]
    pub(super) expect: Vec<Expectation>,

    /// Keep trying until it connects or this time is over, then say why it never did: 30s, 5m
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub(super) wait: Option<Duration>,

    /// Replace addresses, names, paths, processes and devices, each by the same stand-in everywhere; for one target
    #[arg(long)]
    pub(super) redact: bool,

    /// Print one JSON object, as --format json does
    #[arg(long, conflicts_with = "format")]
    pub(super) json: bool,

    /// How to print the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "human")]
    pub(super) format: Format,

    /// Print the verdict line alone
    #[arg(short, long, conflicts_with_all = ["verbose", "json"])]
    pub(super) quiet: bool,

    /// Print all evidence
    #[arg(short, long)]
    pub(super) verbose: bool,

    /// Use colour
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    pub(super) color: Color,
}

impl DiagnoseArgs {
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    pub(super) fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Line,
            (_, true) => Detail::All,
            _ => Detail::Usual,
        }
    }
}

/// The longest time that may be asked for; sleeping longer is a job for another tool.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = if text == "0" { Ok(Duration::ZERO) } else { humantime::parse_duration(text) };
    match parsed {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) => Err("give at most 24h".to_owned()),
        Err(_) => Err("give a number with its unit, such as 500ms, 4s or '1m 30s'".to_owned()),
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        duration if duration < Duration::from_millis(1) => {
            Err("give at least 1ms, such as 500ms or 4s".to_owned())
        }
        duration => Ok(duration),
    }
}

fn expectation(text: &str) -> Result<Expectation, String> {
    text.parse()
}

fn trace(text: &str) -> Result<Trace, String> {
    match text {
        "auto" => Ok(Trace::Auto),
        "always" => Ok(Trace::Always),
        "never" => Ok(Trace::Never),
        _ => Err("give auto, always or never".to_owned()),
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "give an IPv4 or IPv6 address, such as 198.51.100.2".to_owned())
}

/// An address, or one with a port; an IPv6 address with a port stands in brackets, a scope behind the address.
fn name_server(text: &str) -> Result<SocketAddr, String> {
    if could_hide_a_port(text) {
        return Err(format!(
            "it may be read in two ways: write an IPv6 address in brackets, such as [{text}] or [2001:db8::53]:53"
        ));
    }
    let wrong = || {
        "give the address of a name server, such as 198.51.100.53, [2001:db8::53] or 198.51.100.53:5353"
            .to_owned()
    };
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or_else(wrong)?;
            (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':').ok_or_else(wrong)?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    let port = port.map_or(Ok(53), self::port).map_err(|_| wrong())?;
    let Some((address, scope)) = host.split_once('%') else {
        return host.parse().map(|ip| SocketAddr::new(ip, port)).map_err(|_| wrong());
    };
    let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
    if !address.is_unicast_link_local() {
        return Err("a scope (%) stands behind a link-local address alone, such as fe80::53%eth0".to_owned());
    }
    let index = scope.parse().ok().or_else(|| interface_index(scope).ok()).filter(|index| *index > 0);
    let index = index.ok_or_else(|| format!("this host has no device {}", clean_to(scope, 60)))?;
    Ok(SocketAddr::V6(SocketAddrV6::new(address, port, 0, index)))
}

/// Descriptors end at 2^20 on most systems (`fs.nr_open`).
fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs) if (1..=1_000_000).contains(&jobs) => Ok(jobs),
        _ => Err("give a number from 1 to 1000000".to_owned()),
    }
}

fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err("give a number from 1 to 65535".to_owned()),
    }
}

/// IFNAMSIZ, linux/if.h: a name has at most 15 bytes.
fn device(text: &str) -> Result<String, String> {
    let legal = !text.is_empty()
        && text.len() <= 15
        && !text.contains(['/', '\0'])
        && !text.contains(char::is_whitespace);
    legal
        .then(|| text.to_owned())
        .ok_or_else(|| "give a device's name of 1 to 15 characters, such as eth0".to_owned())
}
