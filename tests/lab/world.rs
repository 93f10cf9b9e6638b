//! Builds a world inside namespaces that are already our own: the nodes, the links between them, addresses,
//! routes, and the files under /etc that whyconn is to see.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::ifaddrs::getifaddrs;
use nix::mount::{MsFlags, mount};
use nix::net::if_::InterfaceFlags;
use nix::sched::{CloneFlags, setns};
use nix::unistd::sethostname;
use regex_lite::Regex;

use crate::scenario::{Count, Scenario};
use crate::topology::{self, Device, Family, Topology};
use crate::{busy, etc, shell};

/// Our own files, on a file system that ends with the world.
pub(crate) const PRIVATE: &str = "/run/lab";

/// How long devices may take to come up, and conditions of a scenario to become true.
const SETTLING: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(10);

pub(crate) fn build(scenario: &Scenario) -> Result<(), String> {
    let topology = Topology::new(scenario.routers);
    private_files()?;
    etc::cover(scenario)?;
    sethostname(&scenario.hostname).map_err(|error| format!("cannot set the host's name: {error}"))?;
    let nodes = topology.nodes();
    let added: String = nodes.iter().map(|node| format!("netns add {node}\n")).collect();
    shell::succeed(Command::new("ip").args(["-batch", "-"]), &added)?;
    for (position, node) in (0u8..).zip(&nodes) {
        let router = topology.is_router(position);
        in_node(node, move || write_sysctls(router))?;
    }
    shell::succeed(Command::new("ip").args(["-batch", "-"]), &cables(&nodes))?;
    for (position, node) in (0u8..).zip(&nodes) {
        let lines = configuration(topology, position);
        shell::succeed(Command::new("ip").args(["-n", node, "-batch", "-"]), &lines)?;
    }
    for (position, node) in (0u8..).zip(&nodes) {
        let devices = topology.devices(position);
        in_node(node, move || await_running(&devices).and_then(|()| await_settled()))?;
    }
    Ok(())
}

/// Waits for addresses that scripts have added: the kernel's worker may not have come to them. Where duplicates are
/// looked for, an address is to stay tentative.
pub(crate) fn await_addresses(node: &str, lines: &[String]) -> Result<(), String> {
    if !lines.iter().any(|line| line.contains("address add")) {
        return Ok(());
    }
    let settled = r#"! ip -6 -oneline address show tentative | while read -r _ device _; do
        read -r asks < "/proc/sys/net/ipv6/conf/$device/accept_dad"; [ "$asks" != 0 ] || echo "$device"
    done | grep -q ."#;
    await_conditions(node, &[settled.to_owned()])
}

/// Runs shell lines in a node. They fail as a whole on the first that fails.
pub(crate) fn script(node: &str, lines: &[String]) -> Result<(), String> {
    if lines.is_empty() {
        return Ok(());
    }
    shell::succeed(in_netns(node).args(["sh", "-ec", &lines.join("\n")]), "")
        .map_err(|error| format!("on {node}: {error}"))
}

/// Waits until each condition is true.
pub(crate) fn await_conditions(node: &str, conditions: &[String]) -> Result<(), String> {
    let end = Instant::now() + busy::bound(SETTLING);
    for condition in conditions {
        while !shell::succeeds(in_netns(node).args(["sh", "-c", condition]))? {
            if Instant::now() > end {
                return Err(format!("on {node}: never true: {condition}"));
            }
            thread::sleep(POLL);
        }
    }
    Ok(())
}

/// A command that runs its arguments in a node.
pub(crate) fn in_netns(node: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", node]);
    command
}

/// Loads the rules of a scenario into its nodes, one table each.
pub(crate) fn load_firewalls(scenario: &Scenario) -> Result<(), String> {
    for node in Topology::new(scenario.routers).nodes() {
        let mut lines = String::new();
        for rule in scenario.firewall.iter().filter(|rule| rule.on == node) {
            let chain = &rule.chain;
            lines.push_str(&format!(
                "add table inet lab\n\
                 add chain inet lab {chain} {{ type filter hook {chain} priority 0; }}\n\
                 add rule inet lab {chain} {}\n",
                rule.rule
            ));
        }
        // A responder answers in the place of its node's kernel.
        for responder in scenario.responder.iter().filter(|responder| responder.on == node) {
            let port = responder.port;
            lines.push_str(&format!(
                "add table inet lab_responder\n\
                 add chain inet lab_responder input {{ type filter hook input priority 0; }}\n\
                 add rule inet lab_responder input tcp dport {port} drop\n"
            ));
        }
        if !lines.is_empty() {
            shell::succeed(in_netns(&node).args(["nft", "-f", "-"]), &lines)?;
        }
    }
    Ok(())
}

/// Counts behind the rules of a scenario: what they drop is not counted.
pub(crate) fn start_counting(scenario: &Scenario) -> Result<(), String> {
    for (number, count) in scenario.count.iter().enumerate() {
        let Count { on, chain, fitting, .. } = count;
        let lines = format!(
            "add table inet lab_count\n\
             add counter inet lab_count c{number}\n\
             add chain inet lab_count {chain} {{ type filter hook {chain} priority 100; }}\n\
             add rule inet lab_count {chain} {fitting} counter name c{number}\n"
        );
        shell::succeed(in_netns(on).args(["nft", "-f", "-"]), &lines)?;
    }
    Ok(())
}

/// The packets counted since.
pub(crate) fn counted(scenario: &Scenario) -> Result<Vec<u64>, String> {
    let packets = Regex::new(r"packets (\d+)").map_err(|error| format!("counter pattern: {error}"))?;
    let read = |(number, count): (usize, &Count)| {
        let name = format!("c{number}");
        let text =
            shell::output(in_netns(&count.on).args(["nft", "list", "counter", "inet", "lab_count", &name]))?;
        packets
            .captures(&text)
            .and_then(|found| found[1].parse().ok())
            .ok_or_else(|| format!("no count in {text:?}"))
    };
    scenario.count.iter().enumerate().map(read).collect()
}

/// Runs a closure on a thread that is inside a node's network namespace.
pub(crate) fn in_node<T: Send>(
    node: &str,
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<T, String> {
    let entered = || {
        let namespace = File::open(format!("/run/netns/{node}")).map_err(|e| e.to_string())?;
        setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|e| e.to_string())?;
        work()
    };
    thread::scope(|scope| scope.spawn(entered).join())
        .unwrap_or_else(|_| Err("panicked".to_owned()))
        .map_err(|error| format!("in node {node}: {error}"))
}

fn private_files() -> Result<(), String> {
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), Some("mode=755"))
        .map_err(|error| format!("cannot mount a tmpfs over /run: {error}"))?;
    fs::create_dir(PRIVATE).map_err(|error| format!("{PRIVATE}: {error}"))
}

/// A path to a program that any user may follow, under a name of our choice: it is the process's name then.
pub(crate) fn readable(program: &Path, name: &OsStr) -> Result<PathBuf, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", program.display());
    let place = Path::new(PRIVATE).join("bin");
    fs::create_dir_all(&place).map_err(|error| told(&error))?;
    let place = place.join(name);
    if place.exists() {
        return Ok(place);
    }
    let mode = fs::metadata(program).map_err(|error| told(&error))?.permissions().mode();
    if mode & 0o005 == 0o005 {
        fs::write(&place, "").map_err(|error| told(&error))?;
        bind(program, &place)?;
    } else {
        fs::copy(program, &place).map_err(|error| told(&error))?;
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).map_err(|error| told(&error))?;
    }
    Ok(place)
}

/// A bind mount of one file over another.
fn bind(source: &Path, target: &Path) -> Result<(), String> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .map_err(|error| format!("cannot mount over {}: {error}", target.display()))
}

/// Settings that must be in place before devices appear. Duplicate address detection takes a second and
/// router solicitations disturb counters; reverse path filtering differs between distributions.
fn write_sysctls(router: bool) -> Result<(), String> {
    let forwarding = if router { "1" } else { "0" };
    let mut settings =
        vec![("ipv4/ip_forward".to_owned(), forwarding), ("ipv6/conf/all/forwarding".to_owned(), forwarding)];
    for scope in ["all", "default"] {
        settings.push((format!("ipv4/conf/{scope}/rp_filter"), "0"));
        settings.push((format!("ipv6/conf/{scope}/disable_ipv6"), "0"));
        for (name, value) in
            [("accept_dad", "0"), ("dad_transmits", "0"), ("accept_ra", "0"), ("router_solicitations", "0")]
        {
            settings.push((format!("ipv6/conf/{scope}/{name}"), value));
        }
    }
    settings.push(("ipv6/conf/default/addr_gen_mode".to_owned(), "1"));
    // On a busy machine an ACK can take so long that the peer repeats its FIN, and answers the second ACK by a reset.
    settings.push(("ipv4/tcp_rfc1337".to_owned(), "1"));
    for (name, value) in settings {
        let path = format!("/proc/sys/net/{name}");
        fs::write(&path, value).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

/// `ip -batch` lines for the veth pairs.
fn cables(nodes: &[String]) -> String {
    nodes
        .windows(2)
        .map(|pair| {
            let [near, far] = pair else {
                return String::new();
            };
            format!("link add name up netns {near} type veth peer name down netns {far}\n")
        })
        .collect()
}

/// `ip -batch` lines that bring a node up.
fn configuration(topology: Topology, position: u8) -> String {
    let mut lines = vec!["link set dev lo up".to_owned()];
    for Device { name, link, host } in topology.devices(position) {
        lines.push(format!("link set dev {name} up"));
        for family in Family::BOTH {
            let address = topology::address(family, link, host);
            let nodad = if family == Family::V6 { " nodad" } else { "" };
            let length = family.link_prefix();
            lines.push(format!("address add {address}/{length} dev {name}{nodad}"));
        }
        let local = topology::link_local(link, host);
        lines.push(format!("address add {local}/64 dev {name} nodad"));
    }
    for family in Family::BOTH {
        for route in topology.routes(position) {
            let to =
                route.to_link.map_or_else(|| "default".to_owned(), |link| topology::prefix(family, link));
            let (link, host) = route.via;
            let via = topology::address(family, link, host);
            lines.push(format!("route add {to} via {via} dev {}", route.device));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Waits until no address of this thread's namespace is tentative, and each has its local route: nobody answers for one
/// that the kernel's worker has not come to yet.
fn await_settled() -> Result<(), String> {
    // Device number, length, scope and flags stand between address and name (if6_seq_show, net/ipv6/addrconf.c).
    const ADDRESSES: &str = "/proc/thread-self/net/if_inet6";
    // Destination and its length in hexadecimal digits come first (rt6_info_route, net/ipv6/route.c).
    const ROUTES: &str = "/proc/thread-self/net/ipv6_route";
    const TENTATIVE: u32 = 0x40;
    let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let is_tentative = |line: &str| {
        let flags = line.split_whitespace().nth(4).and_then(|flags| u32::from_str_radix(flags, 16).ok());
        flags.is_none_or(|flags| flags & TENTATIVE != 0)
    };
    let end = Instant::now() + busy::bound(SETTLING);
    loop {
        let (addresses, routes) = (read(ADDRESSES)?, read(ROUTES)?);
        let has_route = |line: &str| {
            let address = line.split_whitespace().next().unwrap_or_default();
            routes.lines().any(|route| route.starts_with(&format!("{address} 80 ")))
        };
        match addresses.lines().find(|line| is_tentative(line) || !has_route(line)) {
            None => return Ok(()),
            Some(line) if Instant::now() > end => return Err(format!("an address is not settled: {line}")),
            Some(_) => thread::sleep(POLL),
        }
    }
}

/// Waits until the kernel has seen the carrier of all devices of this thread's namespace; until then, it drops
/// what is sent through them.
fn await_running(devices: &[Device]) -> Result<(), String> {
    let end = Instant::now() + busy::bound(SETTLING);
    loop {
        let running: Vec<String> = getifaddrs()
            .map_err(|error| format!("cannot list devices: {error}"))?
            .filter(|entry| entry.flags.contains(InterfaceFlags::IFF_RUNNING))
            .map(|entry| entry.interface_name)
            .collect();
        let missing = devices.iter().find(|device| !running.iter().any(|name| name == device.name));
        match missing {
            None => return Ok(()),
            Some(device) if Instant::now() > end => {
                return Err(format!("device {} does not come up", device.name));
            }
            Some(_) => thread::sleep(POLL),
        }
    }
}
