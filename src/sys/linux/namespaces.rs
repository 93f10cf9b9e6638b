//! Listeners in the other network namespaces of this machine, through the processes that live in them.
//!
//! /proc/PID/net shows the tables of that process's namespace to everybody who may see the process: unlike
//! /proc/PID/ns it asks for no right to trace it (`get_proc_task_net`, fs/proc/proc_net.c).

use super::owners::{MOST_PROCESSES, PATIENCE, cgroup_of};
use crate::model::{Transport, covers};
use procfs::net::{TcpNetEntries, TcpNetEntry};
use procfs::prelude::FromBufReadSI;
use procfs::process::all_processes;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::time::Instant;

/// More namespaces than this are not looked into.
const MOST_NAMESPACES: usize = 256;

/// More processes than this of one namespace are not compared.
const MOST_MEMBERS: usize = 4096;

/// More listeners than this are not kept.
const MOST_LISTENING: usize = 256;

/// Processes of one namespace that are tried, where one is gone.
pub(super) const TRIES: usize = 4;

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

/// Who listens on the target's port in another network namespace than this thread's; for UDP, who is bound to it.
///
/// Namespaces without a process that can be seen are not found.
///
/// # Errors
/// /proc can't be read, or nothing was found in the time there is.
pub fn listening_elsewhere(target: SocketAddr, transport: Transport) -> io::Result<Vec<ForeignSocket>> {
    let begun = Instant::now();
    let (namespaces, mut cut) = other_namespaces(begun)?;
    let mut found = Vec::new();
    for (namespace, members) in &namespaces {
        if begun.elapsed() > PATIENCE || found.len() >= MOST_LISTENING {
            cut = true;
            break;
        }
        found.extend(listening_in(*namespace, members, target, transport));
    }
    found.truncate(MOST_LISTENING);
    if found.is_empty() && cut {
        return Err(io::Error::other("too many processes to look through in time"));
    }
    Ok(found)
}

/// The other network namespaces, by the inode of their /proc/PID/net/tcp, with the processes that live in each;
/// and whether the looking ended before all was seen.
pub(super) fn other_namespaces(begun: Instant) -> io::Result<(BTreeMap<u64, Vec<Member>>, bool)> {
    let ours = fs::metadata("/proc/thread-self/net/tcp")?.ino();
    let mut namespaces: BTreeMap<u64, Vec<Member>> = BTreeMap::new();
    let mut cut = false;
    for (count, process) in all_processes().map_err(io::Error::other)?.enumerate() {
        if count == MOST_PROCESSES || begun.elapsed() > PATIENCE {
            cut = true;
            break;
        }
        // One that is gone lives nowhere.
        let Ok(process) = process else { continue };
        let Ok(table) = fs::metadata(format!("/proc/{}/net/tcp", process.pid)) else { continue };
        let full = namespaces.len() >= MOST_NAMESPACES && !namespaces.contains_key(&table.ino());
        cut |= full;
        if table.ino() != ours && !full {
            let member = Member { pid: process.pid, uid: process.uid().ok() };
            namespaces.entry(table.ino()).or_default().push(member);
        }
    }
    Ok((namespaces, cut))
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
fn listening_of(pid: i32, table: &str, namespace: u64, port: u16) -> io::Result<Vec<TcpNetEntry>> {
    let file = open(pid, table)?;
    // The process may be gone, and its id another's. The tables of one namespace have different inodes.
    if fs::metadata(format!("/proc/{pid}/net/tcp"))?.ino() != namespace {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    let lines = if table.starts_with("udp") { bound_lines(file)? } else { listening_lines(file)? };
    let mut sockets = TcpNetEntries::from_buf_read(lines.as_slice(), procfs::current_system_info())
        .map_err(io::Error::other)?
        .0;
    sockets.retain(|socket| socket.local_address.port() == port);
    Ok(sockets)
}

fn open(pid: i32, table: &str) -> io::Result<impl BufRead + use<>> {
    Ok(BufReader::new(File::open(format!("/proc/{pid}/net/{table}"))?.take(MOST_BYTES)))
}

/// The header of a TCP table, and the lines of sockets in LISTEN: they come first (`tcp_seq_start`), and among
/// them, before Linux 4.4, what they have not answered yet.
fn listening_lines(table: impl BufRead) -> io::Result<Vec<u8>> {
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
fn bound_lines(table: impl BufRead) -> io::Result<Vec<u8>> {
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
fn trie_has(table: impl BufRead, address: Ipv4Addr) -> bool {
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
fn inet6_has(table: impl BufRead, address: Ipv6Addr) -> bool {
    table.lines().map_while(Result::ok).any(|line| {
        let digits = line.split_ascii_whitespace().next().unwrap_or_default();
        digits.len() == 32 && u128::from_str_radix(digits, 16).map(Ipv6Addr::from) == Ok(address)
    })
}

#[cfg(test)]
#[path = "namespaces_tests.rs"]
mod tests;
