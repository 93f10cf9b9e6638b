//! Whose a socket is: processes by their descriptors, control groups by their ids (proc(5), cgroups(7)).

use super::patience::Patience;
use super::proc::processes;
use crate::model::{Fact, Process};
use crate::sanitize::clean_to;
use procfs::process::Process as ProcDir;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::Path;

/// More processes than this are not looked through.
pub(super) const MOST_PROCESSES: usize = 20_000;

/// More descriptors than this of one process are not looked through.
const MOST_DESCRIPTORS: usize = 65_536;

/// More control groups than this are not looked through.
const MOST_CGROUPS: usize = 20_000;

/// The longest control group's path that is shown, in characters.
const MOST_PATH: usize = 256;

/// Which processes hold some sockets.
#[derive(Debug, Default)]
pub struct Holders {
    found: HashMap<u64, Process>,
    /// A process would not let us look.
    hidden: bool,
    /// The looking ended before all was seen.
    cut: bool,
}

impl Holders {
    /// The process that holds the socket with this inode.
    pub fn of(&self, inode: u64) -> Fact<Process> {
        match self.found.get(&inode) {
            Some(process) => Fact::Seen(process.clone()),
            None if self.cut => Fact::CouldNotLook("too many processes to look through in time".to_owned()),
            None if self.hidden => {
                Fact::CouldNotLook("the process belongs to another user, or is closed to this one".to_owned())
            }
            None => Fact::CouldNotLook("no process that can be seen holds it".to_owned()),
        }
    }
}

/// Looks for the processes that hold the sockets with these inodes, in one pass over /proc/PID/fd. Of several,
/// the one with the lowest id is taken; process 1 only if nobody else has it, since it may merely keep sockets
/// for others.
pub fn holders(inodes: &BTreeSet<u64>) -> Holders {
    let mut holders = Holders::default();
    // An inode of 0 means that no process has the socket.
    let mut left: BTreeSet<u64> = inodes.iter().copied().filter(|inode| *inode != 0).collect();
    if left.is_empty() {
        return holders;
    }
    let Ok(processes) = processes() else {
        holders.hidden = true;
        return holders;
    };
    let patience = Patience::begin();
    for (count, pid) in processes.enumerate() {
        if left.is_empty() {
            break;
        }
        if count == MOST_PROCESSES || patience.is_over() {
            holders.cut = true;
            break;
        }
        // One that is gone holds nothing.
        match sockets_of(pid, &left, &mut holders.cut) {
            Ok(inodes) => {
                let Some(holder) = inodes.first().and_then(|_| named(pid)) else { continue };
                for inode in inodes {
                    if holder.pid != 1 {
                        left.remove(&inode);
                    }
                    holders.found.insert(inode, holder.clone());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => holders.hidden = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            // Out of descriptors, say: this process has not been seen.
            Err(_) => holders.cut = true,
        }
    }
    holders
}

/// Which of these sockets a process holds. One link is read for each descriptor and nothing else: a busy server
/// has many.
fn sockets_of(pid: i32, wanted: &BTreeSet<u64>, cut: &mut bool) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for (count, descriptor) in fs::read_dir(format!("/proc/{pid}/fd"))?.enumerate() {
        if count == MOST_DESCRIPTORS {
            *cut = true;
            break;
        }
        // One that is closed by now is none.
        let Ok(link) = descriptor.and_then(|descriptor| fs::read_link(descriptor.path())) else { continue };
        let inode = link
            .to_str()
            .and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok())
            .filter(|inode| wanted.contains(inode));
        found.extend(inode);
    }
    Ok(found)
}

/// A process by its id; nothing where it is gone or hidden.
pub fn named(pid: i32) -> Option<Process> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(Process { pid: u32::try_from(pid).ok()?, name: comm_of(&name) })
}

/// What /proc/PID/comm holds, made safe.
pub(super) fn comm_of(bytes: &[u8]) -> String {
    let name = String::from_utf8_lossy(bytes);
    clean_to(name.strip_suffix('\n').unwrap_or(&name), 64)
}

/// The control group of a process, from /proc/PID/cgroup.
pub fn cgroup_of(pid: i32) -> Option<String> {
    let groups = ProcDir::new(pid).and_then(|process| process.cgroups()).ok()?;
    most_telling(groups.0.iter().map(|group| (group.hierarchy, group.pathname.as_str())))
}

/// Of a process's groups, each with the number of its hierarchy: the unified one (0), or the longest path of
/// the others where that is the root.
pub(super) fn most_telling<'a>(groups: impl Iterator<Item = (u32, &'a str)>) -> Option<String> {
    groups
        .filter(|(_, path)| *path != "/" && !path.is_empty())
        .max_by_key(|(hierarchy, path)| (*hierarchy == 0, path.len()))
        .map(|(_, path)| clean_to(path, MOST_PATH))
}

/// The paths of the control groups with these ids, below the mount of the unified hierarchy. The root group
/// tells nothing and is left out, and so is a group that is not below our mount.
///
/// A group's id is its directory's inode (`cgroup_ino`, include/linux/cgroup.h).
pub fn cgroup_paths(ids: &BTreeSet<u64>) -> HashMap<u64, String> {
    // 1 is the root's id.
    let wanted: BTreeSet<u64> = ids.iter().copied().filter(|id| *id > 1).collect();
    if wanted.is_empty() {
        return HashMap::new();
    }
    let mounts = ProcDir::myself().and_then(|process| process.mountinfo());
    let mount = mounts.ok().and_then(|mounts| {
        let unified = mounts.0.into_iter().filter(|mount| mount.fs_type == "cgroup2");
        // The mount that shows most: its root is nearest to the hierarchy's.
        unified.min_by_key(|mount| mount.root.len())
    });
    mount.map(|mount| directories(&mount.mount_point, &wanted)).unwrap_or_default()
}

/// The directories with these inodes, by their paths below `top`; nearest first, bounded in number and time.
fn directories(top: &Path, wanted: &BTreeSet<u64>) -> HashMap<u64, String> {
    let mut found = HashMap::new();
    let patience = Patience::begin();
    let mut seen = 0_usize;
    let mut queue = std::collections::VecDeque::from([top.to_path_buf()]);
    while let Some(directory) = queue.pop_front() {
        // One that is gone, or closed to us, has nothing to say.
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            seen = seen.saturating_add(1);
            if seen > MOST_CGROUPS || patience.is_over() {
                return found;
            }
            let path = entry.path();
            if wanted.contains(&entry.ino())
                && let Ok(below) = path.strip_prefix(top)
            {
                found.insert(entry.ino(), clean_to(&format!("/{}", below.to_string_lossy()), MOST_PATH));
                if found.len() == wanted.len() {
                    return found;
                }
            }
            queue.push_back(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_socket_of_ours_is_found_and_an_unknown_one_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fd = listener.as_fd().try_clone_to_owned().unwrap();
        let inode = fs::File::from(fd).metadata().unwrap().ino();
        let holders = holders(&BTreeSet::from([inode, u64::MAX]));
        let process = holders.of(inode);
        assert_eq!(process.seen().map(|process| process.pid), Some(std::process::id()), "{process:?}");
        assert!(!process.seen().unwrap().name.is_empty());
        assert!(matches!(holders.of(u64::MAX), Fact::CouldNotLook(_)));
        assert!(matches!(holders.of(0), Fact::CouldNotLook(_)));
    }

    #[test]
    fn what_could_not_be_seen_is_told_from_what_is_not_there() {
        let hidden = Holders { hidden: true, ..Holders::default() };
        let cut = Holders { hidden: true, cut: true, ..Holders::default() };
        let words: BTreeSet<String> =
            [hidden, cut, Holders::default()].iter().map(|holders| format!("{:?}", holders.of(7))).collect();
        assert_eq!(words.len(), 3, "{words:?}");
    }

    #[test]
    fn the_unified_hierarchy_goes_before_the_longest_path_and_the_root_is_none() {
        let choose = |groups: &[(u32, &'static str)]| most_telling(groups.iter().copied());
        assert_eq!(choose(&[(0, "/a.service"), (4, "/longer/than/that")]).as_deref(), Some("/a.service"));
        assert_eq!(
            choose(&[(0, "/"), (3, "/docker/12"), (4, "/docker/123")]).as_deref(),
            Some("/docker/123")
        );
        assert_eq!(choose(&[(0, "/"), (4, "/")]), None);
        assert_eq!(choose(&[]), None);
        assert_eq!(choose(&[(0, "/a\u{1b}[31m")]).as_deref(), Some(r"/a\u{1b}[31m"));
        assert!(most_telling([(0, "x".repeat(5000).as_str())].into_iter()).unwrap().len() < 320);
    }

    #[test]
    fn a_directory_is_found_by_its_inode() {
        // The inode that readdir gives, on a file system where it is the one that stat gives.
        let wanted = fs::metadata("/proc/sys/net/ipv4").unwrap().ino();
        let found = directories(Path::new("/proc/sys/net"), &BTreeSet::from([wanted]));
        assert_eq!(found.get(&wanted).map(String::as_str), Some("/ipv4"));
        assert!(cgroup_paths(&BTreeSet::from([1])).is_empty());
    }
}
