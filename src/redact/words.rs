//! Replacements for words: each gets the next number of its kind, in the order of the walk.

use super::Map;
use crate::diagnose::PROXIES;
use crate::model::Errno;
use crate::report::unit_of;
use crate::sanitize::clean_to;
use std::collections::HashMap;
use std::hash::Hash;

/// What stands in place of a text that is only quoted.
const REDACTED: &str = "redacted";

/// Longer than any name that the kernel has for a socket.
const MOST_CHARS: usize = 4096;

/// Numbers from 1 by first appearance.
pub(super) struct Numbered<K>(HashMap<K, usize>);

impl<K> Default for Numbered<K> {
    fn default() -> Self {
        Numbered(HashMap::new())
    }
}

impl<K: Eq + Hash> Numbered<K> {
    pub(super) fn number(&mut self, key: K) -> usize {
        let next = self.0.len() + 1;
        *self.0.entry(key).or_insert(next)
    }

    fn above(&mut self, first: u32, key: K) -> u32 {
        u32::try_from(self.number(key)).unwrap_or(u32::MAX).saturating_add(first)
    }
}

/// Words met so far.
#[derive(Default)]
pub(super) struct Words {
    devices: Numbered<String>,
    processes: Numbered<String>,
    pids: Numbered<u32>,
    users: Numbered<u32>,
    components: Numbered<String>,
    abstract_names: Numbered<String>,
    containers: Numbered<String>,
    services: Numbered<String>,
    scopes: Numbered<String>,
    groups: Numbered<String>,
    namespaces: Numbered<u64>,
    inodes: Numbered<u64>,
    sources: Numbered<String>,
}

impl Map {
    /// A device's name. `lo` is the same everywhere, and a rule asks for it.
    pub(super) fn device(&mut self, name: String) -> String {
        if name == "lo" { name } else { format!("dev{}", self.words.devices.number(safe(&name))) }
    }

    pub(super) fn device_of(&mut self, name: Option<String>) -> Option<String> {
        name.map(|name| self.device(name))
    }

    /// What stands behind a `%`: a device's name, or its index.
    pub(super) fn scope(&mut self, scope: String) -> String {
        if scope.parse::<u32>().is_ok() { scope } else { self.device(scope) }
    }

    /// A process's name. Those by which a rule knows a proxy, or the init that listens for others, stay.
    pub(super) fn process(&mut self, name: String) -> String {
        if PROXIES.contains(&name.as_str()) || name == "systemd" {
            return name;
        }
        format!("process-{}", self.words.processes.number(name))
    }

    pub(super) fn process_of(&mut self, name: Option<String>) -> Option<String> {
        name.map(|name| self.process(name))
    }

    /// 0 stands for a process that is not to be seen, and 1 is every machine's first.
    pub(super) fn pid(&mut self, pid: u32) -> u32 {
        if pid <= 1 { pid } else { self.words.pids.above(100, pid) }
    }

    /// The id of a user or a group; root stays.
    pub(super) fn user(&mut self, id: u32) -> u32 {
        if id == 0 { id } else { self.words.users.above(1000, id) }
    }

    pub(super) fn user_of(&mut self, id: Option<u32>) -> Option<u32> {
        id.map(|id| self.user(id))
    }

    pub(super) fn users(&mut self, ids: Vec<u32>) -> Vec<u32> {
        ids.into_iter().map(|id| self.user(id)).collect()
    }

    pub(super) fn namespace(&mut self, inode: u64) -> u64 {
        self.words.namespaces.number(inode) as u64
    }

    pub(super) fn inode(&mut self, inode: u64) -> u64 {
        self.words.inodes.number(inode) as u64
    }

    /// A path: each of its components by itself, so that one path stays a part of another.
    pub(super) fn path(&mut self, path: String) -> String {
        let components = path.split('/').map(|component| match component {
            "" | "." | ".." => component.to_owned(),
            // Typed as it is, and seen made safe.
            _ => format!("redacted-{}", self.words.components.number(safe(component))),
        });
        components.collect::<Vec<_>>().join("/")
    }

    /// The abstract name of a unix socket; it has no parts.
    pub(super) fn abstract_name(&mut self, name: &str) -> String {
        format!("name-{}", self.words.abstract_names.number(safe(name)))
    }

    /// The name of a unix socket as the kernel's list has it.
    pub(super) fn listed_name(&mut self, name: String) -> String {
        match name.strip_prefix('@') {
            Some(name) => format!("@{}", self.abstract_name(name)),
            None => self.path(name),
        }
    }

    /// A control group: of what it tells, the kind of its container or unit stays.
    pub(super) fn cgroup(&mut self, cgroup: Option<String>) -> Option<String> {
        let cgroup = cgroup?;
        if matches!(cgroup.as_str(), "" | "/") {
            return Some(cgroup);
        }
        let Some(unit) = unit_of(&cgroup) else {
            return Some(format!("/group-{}", self.words.groups.number(cgroup)));
        };
        let words = &mut self.words;
        let is_id = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(if let Some(id) = unit.strip_prefix("docker container ") {
            format!("/docker/{:012}", words.containers.number(id.to_owned()))
        } else if let Some(id) = unit.strip_prefix("podman container ") {
            format!("/libpod-{:012}.scope", words.containers.number(id.to_owned()))
        } else if let Some(id) = unit.strip_prefix("container ") {
            let number = words.containers.number(id.to_owned());
            if is_id(id) { format!("/container-{number:012}.scope") } else { format!("/lxc/name-{number}") }
        } else if unit.ends_with(".service") {
            format!("/service-{}.service", words.services.number(unit))
        } else {
            format!("/scope-{}.scope", words.scopes.number(unit))
        })
    }

    /// A source of nsswitch.conf. Those that the C library and its usual companions have stay.
    pub(super) fn name_source(&mut self, name: String) -> String {
        const KNOWN: &[&str] = &[
            "files",
            "dns",
            "resolve",
            "myhostname",
            "mymachines",
            "nis",
            "nisplus",
            "db",
            "hesiod",
            "compat",
            "ldap",
            "sss",
            "winbind",
            "wins",
            "libvirt",
            "libvirt_guest",
            "mdns",
            "mdns4",
            "mdns6",
            "mdns_minimal",
            "mdns4_minimal",
            "mdns6_minimal",
        ];
        if KNOWN.contains(&name.as_str()) {
            return name;
        }
        // Multicast DNS goes by its first letters.
        let kind = if name.starts_with("mdns") { "mdns-" } else { "source-" };
        format!("{kind}{}", self.words.sources.number(name))
    }

    /// What a service said first.
    pub(super) fn banner(&mut self, said: Option<String>) -> Option<String> {
        said.map(text)
    }
}

/// As the looks at files and at the kernel's list write it.
fn safe(name: &str) -> String {
    clean_to(name, MOST_CHARS)
}

/// A text from outside: that there was one stays.
pub(super) fn text(text: String) -> String {
    if text.is_empty() { text } else { REDACTED.to_owned() }
}

/// Why something could not be looked at: an errno, with whom it was asked of, or one of whyconn's own sentences.
pub(super) fn reason(why: String) -> String {
    const OWN: &[&str] = &[
        "a link-local address, and its link is not told",
        "no process that can be seen holds it",
        "the connection is gone",
        "the process belongs to another user, or is closed to this one",
        "too many processes to look through in time",
    ];
    let bare = ["rtnetlink: ", "sock_diag: ", "IP_RECVERR: "].iter().find_map(|of| why.strip_prefix(of));
    let known = bare.unwrap_or(&why).parse::<Errno>().is_ok() || OWN.contains(&why.as_str());
    if known || eai_known(&why) { why } else { text(why) }
}

/// A code of `getaddrinfo`, by its name or number.
pub(super) fn eai(code: String) -> String {
    let is_number = code.strip_prefix("EAI ").is_some_and(|number| number.parse::<i16>().is_ok());
    if is_number || eai_known(&code) { code } else { "EAI_OTHER".to_owned() }
}

fn eai_known(code: &str) -> bool {
    const KNOWN: &[&str] = &[
        "EAI_ADDRFAMILY",
        "EAI_AGAIN",
        "EAI_BADFLAGS",
        "EAI_FAIL",
        "EAI_FAMILY",
        "EAI_MEMORY",
        "EAI_NODATA",
        "EAI_NONAME",
        "EAI_OVERFLOW",
        "EAI_SERVICE",
        "EAI_SOCKTYPE",
        "EAI_SYSTEM",
    ];
    KNOWN.contains(&code)
}

/// What stands in brackets in nsswitch.conf: its own words stay.
pub(super) fn action(action: Option<String>) -> Option<String> {
    const KNOWN: &[&str] = &["", "SUCCESS", "NOTFOUND", "UNAVAIL", "TRYAGAIN", "RETURN", "CONTINUE", "MERGE"];
    let own = |word: &&str| word.to_ascii_uppercase().split(['!', '=']).all(|part| KNOWN.contains(&part));
    action.map(|action| action.split_ascii_whitespace().filter(own).collect::<Vec<_>>().join(" "))
}

/// Selectors of a rule that could not be compared: their names alone, as ip-rule(8) has them.
pub(super) fn selectors(all: Vec<String>) -> Vec<String> {
    const KNOWN: &[&str] = &["from", "sport", "fwmark", "iif", "oif", "tun_id", "l3mdev", "tos"];
    all.into_iter().map(|one| if KNOWN.contains(&one.as_str()) { one } else { text(one) }).collect()
}

/// Permission bits.
pub(super) fn mode(mode: String) -> String {
    let octal = mode.len() <= 6 && mode.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
    if octal { mode } else { "0".to_owned() }
}

/// A moment stays: it says nothing about who asked.
pub(super) fn moment(_: &mut super::Map, text: String) -> String {
    let read = humantime::parse_rfc3339(&text);
    read.map_or(String::new(), |moment| humantime::format_rfc3339_seconds(moment).to_string())
}

/// So does a version, which has nothing but numbers.
pub(super) fn version(_: &mut super::Map, text: String) -> String {
    let numbers = text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numbers { text } else { String::new() }
}
