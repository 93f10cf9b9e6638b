//! What to do next: the steps of the catalog, with the words that only steps have.

use super::naming::{answer_of, unit_of};
use super::words::refusal_word;
use super::{NextStep, Words};
use crate::diagnose::{Culprit, Hop, foreign_listeners, listeners_on_port, source_port_holder};
use crate::model::{
    Attempt, Family, Host, Listening, Millis, Process, Refusal, RefusalKind, Request, SocketState, Standing,
};
use crate::sanitize::{clean, shell_word};
use crate::verdict::{Certainty, Clue, Code, Side, Step};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const HOSTS: &str = "/etc/hosts";

/// Words without which a step is of no use: where the evidence does not hold one, the step is left out.
const NEEDED: &[&str] = &[
    "after",
    "alias_end",
    "asked",
    "foreign_endpoint",
    "foreign_inode",
    "foreign_pid",
    "from",
    "holder_kind",
    "hosts_number",
    "hosts_unread",
    "ipv6_switch",
    "leads_to",
    "links",
    "listener_ip",
    "listener_pid",
    "listener_unit",
    "narrow_device",
    "opts_any_device",
    "opts_any_family",
    "own_port",
    "refusal_removal",
    "route_ttl",
    "scope_device",
    "scoped",
    "sources",
    "ttl_setting",
    "unix_parent",
    "wide_range",
];

/// Words that go into a command as they are: several words of a shell, each of them quoted where it has to be, or
/// text for inside quotes that holds nothing but letters, digits, spaces and `.:-_`.
const READY: &[&str] = &[
    "hosts_number",
    "loopback",
    "opts",
    "opts_any_device",
    "opts_any_family",
    "opts_any_port",
    "opts_any_source",
    "opts_longer",
    "opts_longer_asked",
    "port_filter",
    "refusal_removal",
    "sources",
    "ttl_file",
    "wide_range",
];

/// Words that are a target for whyconn, which is asked over the transport of the case.
const TARGETS: &[&str] = &["endpoint", "foreign_endpoint", "listener_endpoint", "scoped", "typed"];

/// The range that is left to outgoing connections where ports run out: above those that services have.
const WIDE_RANGE: (u16, u16) = (10_240, 65_535);

/// More at once is not read.
const MOST_STEPS: usize = 3;

/// An option that a command leaves out, or gives otherwise than it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    Nothing,
    Family,
    Timeout,
    Source,
    Port,
    Device,
}

impl Words<'_> {
    /// What to do, most useful first.
    pub fn next_steps(&self) -> Vec<NextStep> {
        let variant = self.variant();
        let fits =
            |step: &&Step| (step.only.is_empty() || step.only.contains(&variant)) && !self.is_lacking(step);
        self.entry().next.iter().filter(fits).take(MOST_STEPS).map(|step| self.step(step)).collect()
    }

    /// What would tell the look-alikes apart; `None` where there are none.
    pub fn tell_apart(&self) -> Option<NextStep> {
        if self.diagnosis.finding.alternatives.is_empty() {
            return None;
        }
        let (variant, udp) = (self.variant(), self.is_udp());
        let fits = |step: &&Step| {
            let meant =
                step.only.is_empty() || step.only.contains(&variant) || udp && step.only.contains(&"udp");
            meant && !self.is_lacking(step)
        };
        self.entry().apart.iter().find(fits).map(|step| self.step(step))
    }

    fn step(&self, step: &Step) -> NextStep {
        NextStep {
            on: self.side(step.on),
            what: self.fill(step.text, |_, value| clean(value)),
            command: (!step.command.is_empty()).then(|| self.command(step.command)),
        }
    }

    /// Where both ends are this host there is one machine to look at.
    fn side(&self, side: Side) -> Side {
        let server_here = || self.server().is_some_and(|server| server.attempt.is_local());
        match side {
            Side::Target if self.is_local() => Side::Client,
            // The target answers what routers do as a rule.
            Side::Router if self.diagnosis.finding.culprit == Some(Culprit::Target) => {
                self.side(Side::Target)
            }
            Side::Resolver if server_here() => Side::Client,
            other => other,
        }
    }

    /// Whether the evidence does not hold a word of the step.
    fn is_lacking(&self, step: &Step) -> bool {
        [step.text, step.command].into_iter().flat_map(keys).any(|key| match key {
            "device" => self.device().is_none(),
            "gateway" => self.attempt.and_then(Attempt::gateway).is_none(),
            "listener_endpoint" => self.open().next().is_none(),
            "server" | "server_address" | "server_endpoint" | "server_port" => self.server().is_none(),
            "sport" => self.evidence.request.source_port.is_none(),
            "unix_pid" => self.unix_value(key).is_none(),
            key => NEEDED.contains(&key) && self.step_value(key).is_none(),
        })
    }

    /// A command to paste.
    fn command(&self, template: &str) -> String {
        self.fill(template, |key, value| match key {
            key if READY.contains(&key) => value.to_owned(),
            // One that runs whyconn again asks for the same transport.
            key if TARGETS.contains(&key) && self.is_udp() && template.contains("whyconn") => {
                shell_word(&format!("udp://{value}"))
            }
            _ => shell_word(value),
        })
    }

    /// The value of a word in braces that steps alone have; `None` as well where the evidence does not hold it.
    pub(super) fn step_value(&self, key: &str) -> Option<String> {
        let evidence = self.evidence;
        let request = &evidence.request;
        Some(match key {
            "after" => match &self.diagnosis.finding.culprit {
                Some(Culprit::Path { after: Some(Hop { hop: 1.., address: Some(address) }) }) => {
                    address.to_string()
                }
                _ => return None,
            },
            "alias_end" => {
                let mut answers = self.server()?.exchanges.iter().filter_map(answer_of);
                answers.find_map(|answer| answer.aliases.last().filter(|_| !answer.alias_loop))?.clone()
            }
            "asked" => self.names_asked()?,
            "dns_source" => {
                let source = self.server().and_then(|server| server.attempt.source);
                source.map_or("this host".to_owned(), |source| source.ip().to_string())
            }
            "foreign_endpoint" => {
                let foreign = foreign_listeners(evidence)
                    .iter()
                    .find(|foreign| foreign.owner.process.seen().is_some())?;
                reachable(foreign.address).to_string()
            }
            "foreign_pid" => {
                let mut known =
                    foreign_listeners(evidence).iter().filter_map(|foreign| foreign.owner.process.seen());
                known.next()?.pid.to_string()
            }
            "foreign_inode" => {
                let all = foreign_listeners(evidence);
                // A process that is known leads there at once.
                let hidden = all.iter().all(|foreign| foreign.owner.process.seen().is_none());
                all.first().filter(|_| hidden)?.namespace.to_string()
            }
            "from" => {
                let chosen = self.attempt.and_then(|attempt| attempt.source).map(|source| source.ip());
                chosen.or(request.source).filter(|source| !source.is_unspecified())?.to_string()
            }
            "holder_kind" => match source_port_holder(evidence, self.attempt?)?.state {
                SocketState::Listen => "listener",
                SocketState::Connected => "connection",
                // ss lists a socket that is only bound since iproute2 6.7, and with an option of its own.
                SocketState::Bound | SocketState::TimeWait => return None,
            }
            .to_owned(),
            "hooks" => if self.is_local() { "output, prerouting or input" } else { "output or postrouting" }
                .to_owned(),
            "hosts_number" => self.pin()?.line.to_string(),
            "narrow_device" => self.narrow_device()?.name.clone(),
            "hosts_unread" => evidence.name_files.seen()?.denies(HOSTS).then(|| HOSTS.to_owned())?,
            "ipv6_switch" => {
                let off = self.diagnosis.finding.because.contains(&Clue::FamilyOff);
                off.then(|| "net.ipv6.conf.all.disable_ipv6".to_owned())?
            }
            "leads_to" => listeners_on_port(evidence).find_map(|open| open.leads_to)?.to_string(),
            "links" => self.links().join(", "),
            "listener_ip" => reachable(self.open().next()?.address).ip().to_string(),
            "listener_pid" => self.listening_process()?.pid.to_string(),
            "listener_unit" => self.listening_unit()?,
            "loopback" => match self.attempt?.address.ip() {
                IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            }
            .to_string(),
            "opts" => options(request, Without::Nothing),
            "opts_any_device" => request.interface.as_ref().map(|_| options(request, Without::Device))?,
            "opts_any_family" => request.family.map(|_| options(request, Without::Family))?,
            "opts_any_port" => options(request, Without::Port),
            "opts_any_source" => options(request, Without::Source),
            "opts_longer" => options(request, Without::Timeout),
            // For a command that names a server itself: the option may be given once.
            "opts_longer_asked" => options(&Request { dns: None, ..request.clone() }, Without::Timeout),
            "own_port" => self.attempt?.source?.port().to_string(),
            "refusal_removal" => {
                // Below certain another route or rule may be the one.
                let sure = self.diagnosis.finding.certainty == Certainty::Certain;
                removal(self.refusal().filter(|_| sure)?)?
            }
            "route_ttl" => self.route_ttl()?.to_string(),
            "router" => match &self.diagnosis.finding.culprit {
                Some(Culprit::Router { address: Some(address), .. }) => address.to_string(),
                Some(Culprit::Router { address: None, hop: Some(hop) }) => format!("the router at hop {hop}"),
                _ => self.sender().unwrap_or_else(|| "the router".to_owned()),
            },
            "scope_device" => self.links().into_iter().next()?,
            "scoped" => {
                let given = match &request.target.host {
                    Host::Address { ip, scope: Some(_) } => Some(SocketAddr::new(*ip, request.target.port)),
                    _ => None,
                };
                let wanted = |address: &SocketAddr| {
                    self.diagnosis.finding.code == Code::LocalScopeMissing && address.is_ipv6()
                };
                let address = given.or_else(|| self.attempt.map(|attempt| attempt.address).filter(wanted))?;
                format!("[{}%{}]:{}", address.ip(), self.links().first()?, address.port())
            }
            "sources" => self.plain_sources()?,
            "ttl_file" => match self.ttl_path() {
                Some(path) => shell_word(&format!("/proc/sys/{path}")),
                None => "/proc/sys/net/ipv6/conf/*/hop_limit".to_owned(),
            },
            // What the route says goes before the setting.
            "ttl_setting" => self.ttl_path().filter(|_| self.route_ttl().is_none())?,
            "typed" => request.target.endpoint(),
            "unix_parent" => match &evidence.unix.seen()?.file.seen()?.end {
                Standing::Missing { at, .. } => match at.trim_end_matches('/').rsplit_once('/') {
                    Some(("", _)) => "/".to_owned(),
                    Some((parent, _)) => parent.to_owned(),
                    None => ".".to_owned(),
                },
                _ => return None,
            },
            "wide_range" => {
                let towards = evidence.own_ends.seen()?.towards.seen()?;
                let (first, last) = WIDE_RANGE;
                let narrower = towards.size() < u32::from(last - first);
                narrower.then(|| format!("{first} {last}"))?
            }
            _ => return None,
        })
    }

    /// The names that the deciding server was asked for, each once.
    fn names_asked(&self) -> Option<String> {
        let mut names: Vec<&str> = Vec::new();
        for exchange in &self.server()?.exchanges {
            if !names.contains(&exchange.name.as_str()) {
                names.push(&exchange.name);
            }
        }
        (!names.is_empty()).then(|| super::naming::listed(names))
    }

    /// Devices that are up and lead somewhere else, by name.
    fn links(&self) -> Vec<String> {
        let links = self.evidence.host.links.seen().map(Vec::as_slice).unwrap_or_default();
        let leading = links.iter().filter(|link| link.up && !link.loopback);
        leading.take(4).map(|link| link.name.clone()).collect()
    }

    /// The process behind the listener that the verdict is about.
    fn listening_process(&self) -> Option<Process> {
        let known = self.accepting().and_then(|listening| listening.owner.process.seen().cloned());
        known.or_else(|| self.unix_process())
    }

    /// The systemd service of that listener.
    fn listening_unit(&self) -> Option<String> {
        let cgroup = self.accepting().and_then(|listening| listening.owner.cgroup.as_deref());
        let unit = cgroup.or_else(|| self.unix_cgroup()).and_then(unit_of)?;
        (unit.ends_with(".service") && !unit.contains(char::is_whitespace)).then_some(unit)
    }

    fn accepting(&self) -> Option<&Listening> {
        let accepted = || self.attempt?.acceptance.seen()?.listener.as_ref();
        accepted().or_else(|| {
            listeners_on_port(self.evidence)
                .find(|open| self.attempt.is_some_and(|attempt| open.takes(attempt.address.ip())))
        })
    }

    fn route_ttl(&self) -> Option<u32> {
        self.attempt?.route()?.hop_limit.filter(|limit| *limit > 0)
    }

    /// The setting of the TTL that this host sends with, below /proc/sys. IPv6 has one for each device.
    fn ttl_path(&self) -> Option<String> {
        let attempt = self.attempt?;
        if Family::of(attempt.address.ip()) == Family::V4 {
            return Some("net/ipv4/ip_default_ttl".to_owned());
        }
        let index = attempt.route()?.device_index?;
        let links = self.evidence.host.links.seen()?;
        let device = &links.iter().find(|link| link.index == index)?.name;
        // sysctl takes a dot for a slash, and devices may have one.
        Some(format!("net/ipv6/conf/{device}/hop_limit"))
    }

    /// The sources of the `hosts:` line, where it has nothing but sources.
    fn plain_sources(&self) -> Option<String> {
        let sources = self.evidence.name_files.seen()?.sources.seen()?;
        let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let all = sources.iter().all(|source| source.action.is_none() && plain(&source.name));
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        (all && !names.is_empty()).then(|| names.join(" "))
    }
}

/// The words in braces of a template.
fn keys(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(key, _)| key)
}

/// Where a client on this host reaches a listener: a wildcard by its family's loopback.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The options of this run as a shell takes them, each with a space behind it.
fn options(request: &Request, without: Without) -> String {
    let mut options: Vec<String> = Vec::new();
    let mut give = |option: &str, value: &str| options.push(format!("{option} {}", shell_word(value)));
    if without == Without::Timeout {
        // Whole seconds, and three times what was not enough.
        give("-t", &format!("{:.0}s", (request.timeout_ms.0 * 3.0 / 1e3).ceil().max(4.0)));
    } else if request.timeout_ms != Request::TIMEOUT {
        give("-t", &duration(request.timeout_ms));
    }
    if let Some(source) = request.source.filter(|_| without != Without::Source) {
        give("-s", &source.to_string());
    }
    if let Some(port) = request.source_port.filter(|_| without != Without::Port) {
        give("-p", &port.to_string());
    }
    if let Some(device) = request.interface.as_ref().filter(|_| without != Without::Device) {
        give("-i", device);
    }
    if let Some(server) = request.dns {
        give("--dns", &server.to_string());
    }
    // An address has its family, and a source address asks for its own.
    let named = matches!(request.target.host, Host::Name(_));
    let left = matches!(without, Without::Family | Without::Source) || !named;
    if let Some(family) = request.family.filter(|_| !left) {
        options.push(if family == Family::V6 { "-6" } else { "-4" }.to_owned());
    }
    options.into_iter().map(|option| option + " ").collect()
}

/// As `-t` takes it.
fn duration(time: Millis) -> String {
    let ms = time.0.round();
    if ms % 1e3 == 0.0 { format!("{:.0}s", ms / 1e3) } else { format!("{ms:.0}ms") }
}

/// What `ip` needs to take out a route or rule that refuses: exactly what was seen.
fn removal(refusal: &Refusal) -> Option<String> {
    let action = refusal_word(refusal.action);
    let prefix = refusal.prefix.as_deref().map(shell_word);
    Some(match refusal.kind {
        RefusalKind::Route => {
            let table = refusal.table.filter(|table| *table != 254);
            let table = table.map(|table| format!(" table {table}")).unwrap_or_default();
            let metric = refusal.priority.filter(|metric| *metric != 0);
            let metric = metric.map(|metric| format!(" metric {metric}")).unwrap_or_default();
            format!("route del {action} {}{table}{metric}", prefix?)
        }
        RefusalKind::Rule => {
            let to = prefix.map(|prefix| format!("to {prefix} ")).unwrap_or_default();
            format!("rule del {to}priority {} {action}", refusal.priority?)
        }
    })
}
