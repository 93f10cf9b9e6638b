//! What was seen of a unix socket: the attempt, the file system, and the kernel's list of sockets.

use super::{Acceptance, AfterHandshake, Fact, FailedCall, Millis, Process, SocketType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One attempt at a unix socket, and the looks around it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct UnixAttempt {
    /// The call that failed last, if the attempt failed.
    pub failed: Option<FailedCall>,
    /// When connect succeeded, since the attempt's start.
    pub connected_ms: Option<Millis>,
    /// For how long connect said `EAGAIN`: the listener's queue was full. Null where it never did.
    pub full_ms: Option<Millis>,
    /// When the attempt ended, since its start; the looks at the file and the kernel's list come after it.
    pub ended_ms: Millis,
    /// What lies at the path; not asked for an abstract name.
    #[serde(default)]
    pub file: Fact<PathLook>,
    /// Who this process is.
    #[serde(default)]
    pub you: Fact<Credentials>,
    /// Sockets of this network namespace that have this file or this name (`unix_diag`).
    #[serde(default)]
    pub listed: Fact<Vec<UnixListed>>,
    /// Listeners with this abstract name in other network namespaces of this machine.
    #[serde(default)]
    pub elsewhere: Fact<Vec<ForeignUnix>>,
    /// Who listens, as the connection has it (`SO_PEERCRED`).
    #[serde(default)]
    pub peer: Fact<UnixPeer>,
    /// What the peer did within the grace.
    #[serde(default)]
    pub after: Fact<AfterHandshake>,
    /// The first bytes that it sent, at most 256, made safe.
    #[serde(default)]
    pub said: Option<String>,
    /// Whether a process has accepted the connection.
    #[serde(default)]
    pub acceptance: Fact<Acceptance>,
}

/// What a path leads to. The walk goes by the rules of path_resolution(7), with this process's rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathLook {
    /// Where it ends, symbolic links followed; made safe.
    pub real: String,
    /// What lies there, or why nobody gets there.
    pub end: Standing,
}

/// How a walk along a path ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A file is there.
    File {
        /// What it is.
        kind: FileKind,
        /// Whose it is, and what others may do.
        access: Access,
        /// Its inode.
        inode: u64,
        /// Whether its mode and owner let this process write to it (`access(2)` with the effective ids).
        writable: bool,
    },
    /// This component does not exist. `link` is the symbolic link that leads there, where one does.
    Missing {
        /// The first component that is missing, made safe.
        at: String,
        /// The link, made safe.
        link: Option<String>,
    },
    /// This component is no directory, and the path goes on behind it.
    NotDirectory {
        /// The component, made safe.
        at: String,
    },
    /// This directory may not be searched by this process.
    Barred(Barrier),
    /// More than 40 symbolic links (`ELOOP`).
    Loop,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A socket.
    Socket,
    /// A plain file.
    File,
    /// A directory.
    Directory,
    /// A named pipe.
    Pipe,
    /// A character or block device.
    Device,
}

/// Whose a file is, and what its mode allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Access {
    /// The permission bits, the lowest 12 of `st_mode`, as chmod takes them: `0755`.
    #[schemars(regex(pattern = r"^[0-7]{1,6}$"))]
    pub mode: String,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// A directory that bars the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Barrier {
    /// Its path, made safe.
    pub path: String,
    /// Its mode; null where even that could not be read.
    pub access: Option<Access>,
}

/// Who a process is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Credentials {
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
    /// The supplementary groups, at most 64.
    pub groups: Vec<u32>,
}

/// What a listed socket is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnixState {
    /// It takes connections.
    Listen,
    /// Bound, neither listening nor connected. A datagram socket takes datagrams so.
    Bound,
    /// A datagram socket that is connected to another one.
    Connected,
}

/// A socket in the kernel's list (`unix_diag_msg`, linux/unix_diag.h).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnixListed {
    /// The name it was bound to, `@` before an abstract one; made safe.
    pub name: String,
    /// Its type; null for one that is none of the three.
    #[serde(rename = "type")]
    pub socket_type: Option<SocketType>,
    /// What it is doing.
    pub state: UnixState,
    /// Whether it has shut down its receiving half: it takes nothing any more.
    pub shut: bool,
    /// Whether it has the very file, or the very abstract name, that was tried. Otherwise it has merely been
    /// bound to a path that reads the same.
    pub same: bool,
    /// NUL bytes behind an abstract name: they belong to it, and such a socket has another name then.
    #[serde(default)]
    pub padding: u32,
    /// Connections that wait to be accepted, of a listener.
    pub queue: Option<u32>,
    /// The backlog: the queue is full when it holds more than this.
    pub queue_limit: Option<u32>,
    /// The owner of the socket, since Linux 5.3.
    pub uid: Option<u32>,
    /// The process that holds it; another user's can't be seen.
    pub process: Fact<Process>,
    /// Its control group.
    pub cgroup: Option<String>,
}

impl UnixListed {
    /// Whether it takes connections or datagrams from strangers.
    pub fn is_open(&self) -> bool {
        !self.shut
            && match self.socket_type {
                Some(SocketType::Datagram) => self.state != UnixState::Connected,
                _ => self.state == UnixState::Listen,
            }
    }

    /// Whether its queue is full.
    pub fn is_full(&self) -> bool {
        matches!((self.queue, self.queue_limit), (Some(queue), Some(limit)) if queue > limit)
    }
}

/// A socket with an abstract name in another network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignUnix {
    /// What tells one namespace from another: the inode of its /proc/PID/net/unix.
    pub namespace: u64,
    /// A process of that namespace, not always the one that holds the socket; made safe.
    pub member: Process,
    /// That process's control group, which may tell the container.
    pub cgroup: Option<String>,
}

/// Who called `listen` on the other end (`SO_PEERCRED`, unix(7)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnixPeer {
    /// The process; 0 where it is in a pid namespace that is not to be seen from here.
    pub pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Its name, made safe; null where it is gone or hidden.
    pub name: Option<String>,
    /// Its control group.
    pub cgroup: Option<String>,
}
