//! Listeners in the other network namespaces of this machine, through the processes that live in them.
//!
//! /proc/PID/net shows the tables of that process's namespace to everybody who may see the process: unlike
//! /proc/PID/ns it asks for no right to trace it (`get_proc_task_net`, fs/proc/proc_net.c).

use super::census::{Census, WholeLines, in_use};
use super::owners::{MOST_PROCESSES, cgroup_of};
use super::patience::Patience;
use super::proc::processes;
use crate::model::{Transport, covers};
use procfs::net::{TcpNetEntries, TcpNetEntry};
use procfs::prelude::FromBufReadSI;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;

/// More namespaces than this are not looked into.
const MOST_NAMESPACES: usize = 256;

/// More processes than this of one namespace are not compared.
const MOST_MEMBERS: usize = 4096;

/// More listeners than this are not kept.
const MOST_LISTENING: usize = 256;

/// Processes of one namespace that are tried, where one is gone.
pub(super) const TRIES: usize = 4;

/// Of tables with no more sockets than this, no line is read that is not needed.
const MOST_COUNTED: u64 = 64;

/// More bytes than this of one table are not read.
pub(super) const MOST_BYTES: u64 = 16 << 20;

/// A listener in another network namespace, before its process is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignSocket {
    /// Address and port, as that namespace has them.
    pub address: SocketAddr,
    /// The namespace: the inode of its /proc/PID/net/tcp, which is its alone.
    pub namespace: u64,
    /// The user's id.
    pub uid: u32,
    /// The inode, as /proc/PID/fd names it.
    pub inode: u64,
    /// The control group that all processes of that user in that namespace share, or else all its processes.
    pub cgroup: Option<String>,
    /// Whether the target's address is one of that namespace's own. Every namespace has loopback addresses.
    pub owns_target: bool,
}

/// A process, by what tells its namespace and its user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) pid: i32,
    uid: Option<u32>,
}

/// A look at who listens on a target's port in other network namespaces than this thread's; for UDP, who is bound.
///
/// Namespaces without a process that can be seen are not found.
#[derive(Debug)]
pub struct Elsewhere {
    target: SocketAddr,
    transport: Transport,
    patience: Patience,
    namespaces: Namespaces,
    /// How many TCP sockets there are, and whose: as long as it is worth counting them.
    census: Option<Census>,
}

impl Elsewhere {
    /// Begins to look.
    ///
    /// # Errors
    /// /proc can't be read.
    pub fn begin(target: SocketAddr, transport: Transport) -> io::Result<Elsewhere> {
        // UDP's sockets are not counted for all namespaces together.
        let census = (transport != Transport::Udp).then(Census::begin).flatten();
        let namespaces = Namespaces::begin()?;
        Ok(Elsewhere { target, transport, patience: Patience::begin(), namespaces, census })
    }

    /// Looks at no more than so many processes, and tells whether it is clear by now that nobody is there: there is no
    /// process elsewhere, or all TCP sockets of the machine are accounted for, and none is a listener on the port.
    pub fn is_nobody(&mut self, most: usize) -> bool {
        for _ in 0..most {
            let Some(census) = &mut self.census else { return false };
            if census.is_complete() {
                // Whose a listener is takes a look at all processes.
                let found = census.others.iter().any(|other| other.may_listen(self.target, self.transport));
                self.census = None;
                return !found;
            }
            match self.namespaces.step(&self.patience) {
                Step::New(pid, namespace) => {
                    if census.add(pid, namespace).is_none() {
                        self.census = None;
                    }
                }
                Step::Nothing => {}
                Step::Over => {
                    self.census = None;
                    // As in a container with a /proc of its own.
                    return self.namespaces.found.is_empty() && !self.namespaces.cut;
                }
            }
        }
        false
    }

    /// Looks on to the end.
    ///
    /// # Errors
    /// Nothing was found in the time there is.
    pub fn end(mut self) -> io::Result<Vec<ForeignSocket>> {
        // This may be another thread.
        self.patience = Patience::begin();
        while !matches!(self.namespaces.step(&self.patience), Step::Over) {}
        let Namespaces { found: namespaces, mut cut, .. } = self.namespaces;
        let mut found = Vec::new();
        for (namespace, members) in &namespaces {
            if self.patience.is_over() || found.len() >= MOST_LISTENING {
                cut = true;
                break;
            }
            found.extend(listening_in(*namespace, members, self.target, self.transport));
        }
        found.truncate(MOST_LISTENING);
        if found.is_empty() && cut {
            return Err(io::Error::other("too many processes to look through in time"));
        }
        Ok(found)
    }
}

/// A walk through the processes: which network namespaces there are beside this thread's, and who lives in them.
#[derive(Debug)]
struct Namespaces {
    /// This thread's.
    ours: u64,
    /// Processes that are still to be looked at, the next one last.
    left: Option<Vec<i32>>,
    found: BTreeMap<u64, Vec<Member>>,
    /// The looking ended before all was seen.
    cut: bool,
}

/// What one process told.
enum Step {
    /// The first one of a namespace.
    New(i32, u64),
    Nothing,
    Over,
}

impl Namespaces {
    fn begin() -> io::Result<Namespaces> {
        let ours = fs::metadata("/proc/thread-self/net/tcp")?.ino();
        Ok(Namespaces { ours, left: None, found: BTreeMap::new(), cut: false })
    }

    fn step(&mut self, patience: &Patience) -> Step {
        let left = self.left.get_or_insert_with(|| {
            // The first process lives where most do; beside that, the newest ones are the likeliest to live elsewhere.
            let mut all: Vec<i32> = processes().into_iter().flatten().take(MOST_PROCESSES + 1).collect();
            self.cut = all.len() > MOST_PROCESSES || all.is_empty();
            all.truncate(MOST_PROCESSES);
            all.sort_unstable_by_key(|pid| (*pid == 1, *pid));
            all
        });
        let Some(pid) = left.pop() else { return Step::Over };
        if patience.is_over() {
            self.cut = true;
            left.clear();
            return Step::Over;
        }
        // One that is gone lives nowhere.
        let Ok(table) = fs::metadata(format!("/proc/{pid}/net/tcp")) else { return Step::Nothing };
        let namespace = table.ino();
        let known = self.found.contains_key(&namespace);
        if namespace == self.ours {
            return Step::Nothing;
        }
        if !known && self.found.len() >= MOST_NAMESPACES {
            self.cut = true;
            return Step::Nothing;
        }
        let uid = fs::metadata(format!("/proc/{pid}")).ok().map(|process| process.uid());
        self.found.entry(namespace).or_default().push(Member { pid, uid });
        if known { Step::Nothing } else { Step::New(pid, namespace) }
    }
}

/// The other network namespaces, by the inode of their /proc/PID/net/tcp, with the processes that live in each;
/// and whether the looking ended before all was seen.
pub(super) fn other_namespaces(patience: &Patience) -> io::Result<(BTreeMap<u64, Vec<Member>>, bool)> {
    let mut namespaces = Namespaces::begin()?;
    while !matches!(namespaces.step(patience), Step::Over) {}
    Ok((namespaces.found, namespaces.cut))
}

fn listening_in(
    namespace: u64,
    members: &[Member],
    target: SocketAddr,
    transport: Transport,
) -> Vec<ForeignSocket> {
    let [v4, v6] = match transport {
        Transport::Udp => ["udp", "udp6"],
        _ => ["tcp", "tcp6"],
    };
    let tables = members.iter().take(TRIES).find_map(|member| {
        let mut sockets = listening_of(member.pid, v4, namespace, target.port()).ok()?;
        // A kernel without IPv6 has no second table.
        sockets.extend(listening_of(member.pid, v6, namespace, target.port()).into_iter().flatten());
        Some((member.pid, sockets))
    });
    let Some((pid, sockets)) = tables.filter(|(_, sockets)| !sockets.is_empty()) else { return Vec::new() };
    let owns_target = owns(pid, target.ip().to_canonical());
    let groups = groups_of(members);
    sockets
        .into_iter()
        .take(MOST_LISTENING)
        .map(|socket| ForeignSocket {
            address: socket.local_address,
            namespace,
            uid: socket.uid,
            inode: socket.inode,
            cgroup: shared_cgroup(&groups, socket.uid),
            owns_target,
        })
        .collect()
}

/// The listeners on a port in one of a process's tables: `tcp`, `tcp6`, `udp` or `udp6`, of one format.
pub(super) fn listening_of(pid: i32, table: &str, namespace: u64, port: u16) -> io::Result<Vec<TcpNetEntry>> {
    let in_use = in_use(pid, table);
    let file = File::open(format!("/proc/{pid}/net/{table}"))?.take(MOST_BYTES);
    // The process may be gone, and its id another's. The tables of one namespace have different inodes.
    if fs::metadata(format!("/proc/{pid}/net/tcp"))?.ino() != namespace {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    let lines = match in_use {
        Some(0) => return Ok(Vec::new()),
        // A few more may have come by now; what is counted here is what there was.
        Some(count) if count <= MOST_COUNTED && !table.starts_with("udp") => listening_lines(
            BufReader::new(WholeLines::new(file, count.saturating_add(1), table.ends_with('6'))),
        )?,
        _ if table.starts_with("udp") => bound_lines(BufReader::new(file))?,
        _ => listening_lines(BufReader::new(file))?,
    };
    let mut sockets = entries(&lines)?;
    sockets.retain(|socket| socket.local_address.port() == port);
    Ok(sockets)
}

/// The sockets in a table's lines, its header first.
pub(super) fn entries(lines: &[u8]) -> io::Result<Vec<TcpNetEntry>> {
    let read = TcpNetEntries::from_buf_read(lines, procfs::current_system_info());
    Ok(read.map_err(io::Error::other)?.0)
}

fn open(pid: i32, table: &str) -> io::Result<impl BufRead + use<>> {
    Ok(BufReader::new(File::open(format!("/proc/{pid}/net/{table}"))?.take(MOST_BYTES)))
}

/// The header of a TCP table, and the lines of sockets in LISTEN: they come first (`tcp_seq_start`), and among
/// them, before Linux 4.4, what they have not answered yet.
pub(super) fn listening_lines(table: impl BufRead) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    for (number, line) in table.lines().enumerate() {
        let line = line?;
        let state = line.split_ascii_whitespace().nth(3);
        if number == 0 || state == Some("0A") {
            kept.extend_from_slice(line.as_bytes());
            kept.push(b'\n');
        } else if state != Some("03") {
            break;
        }
    }
    Ok(kept)
}

/// The header of a UDP table, and the lines of sockets that are connected to nobody (`TCP_CLOSE`).
pub(super) fn bound_lines(table: impl BufRead) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    for (number, line) in table.lines().enumerate() {
        let line = line?;
        if number == 0 || line.split_ascii_whitespace().nth(3) == Some("07") {
            kept.extend_from_slice(line.as_bytes());
            kept.push(b'\n');
        }
    }
    Ok(kept)
}

/// Each member's user and control group; nothing where there are too many to ask.
fn groups_of(members: &[Member]) -> Vec<(Option<u32>, Option<String>)> {
    if members.len() > MOST_MEMBERS {
        return Vec::new();
    }
    members.iter().map(|member| (member.uid, cgroup_of(member.pid))).collect()
}

/// The one group of all members of this user, else of all members.
fn shared_cgroup(groups: &[(Option<u32>, Option<String>)], uid: u32) -> Option<String> {
    let one = |wanted: &dyn Fn(Option<u32>) -> bool| {
        let mut several = groups.iter().filter(|(uid, _)| wanted(*uid)).map(|(_, group)| group);
        let first = several.next()?.as_ref()?;
        several.all(|group| group.as_ref() == Some(first)).then(|| first.clone())
    };
    one(&|of| of == Some(uid)).or_else(|| one(&|_| true))
}

/// Whether an address is one of a process's namespace.
fn owns(pid: i32, address: IpAddr) -> bool {
    let answer = match address {
        IpAddr::V4(v4) => open(pid, "fib_trie").map(|table| trie_has(table, v4)),
        IpAddr::V6(v6) => open(pid, "if_inet6").map(|table| inet6_has(table, v6)),
    };
    answer.unwrap_or(false)
}

/// Whether /proc/net/fib_trie lists an address as local. A leaf is a prefix's address, and below it stand its
/// lengths and types (`fib_trie_seq_show`, net/ipv4/fib_trie.c):
///
/// ```text
///         |-- 198.51.100.1
///            /32 host LOCAL
/// ```
pub(super) fn trie_has(table: impl BufRead, address: Ipv4Addr) -> bool {
    let mut leaf = None;
    for line in table.lines() {
        let Ok(line) = line else { return false };
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("|--"), Some(prefix), _) => leaf = prefix.parse::<Ipv4Addr>().ok(),
            (Some(length), Some(_), Some("LOCAL")) => {
                let length = length.strip_prefix('/').and_then(|length| length.parse().ok());
                if let (Some(prefix), Some(length)) = (leaf, length)
                    && covers(IpAddr::V4(prefix), length, IpAddr::V4(address))
                {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether /proc/net/if_inet6 lists an address: 32 hexadecimal digits begin each line (`if6_seq_show`,
/// net/ipv6/addrconf.c).
pub(super) fn inet6_has(table: impl BufRead, address: Ipv6Addr) -> bool {
    table.lines().map_while(Result::ok).any(|line| {
        let digits = line.split_ascii_whitespace().next().unwrap_or_default();
        digits.len() == 32 && u128::from_str_radix(digits, 16).map(Ipv6Addr::from) == Ok(address)
    })
}

#[cfg(test)]
#[path = "namespaces_tests.rs"]
mod tests;
