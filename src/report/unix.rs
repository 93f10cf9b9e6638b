//! Sentences and folded facts about a unix socket.

use super::naming::unit_of;
use super::words::call_name;
use super::{Listener, ReportAttempt, Words};
use crate::diagnose::{Diagnosis, deciding_socket};
use crate::model::{
    Access, AfterHandshake, Credentials, Evidence, FileKind, ForeignUnix, Process, Standing, UnixAttempt,
    UnixListed, UnixPeer,
};
use crate::sanitize::{clean, clean_to, unescaped};
use crate::verdict::Clue;

/// Lists name this many of their members.
const MOST_LISTED: usize = 4;

/// The attempt, folded.
pub(super) fn attempt(evidence: &Evidence, diagnosis: &Diagnosis) -> Option<ReportAttempt> {
    let seen = evidence.unix.seen()?;
    Some(ReportAttempt {
        address: clean_to(&evidence.request.target.endpoint(), 4096),
        source: None,
        code: Some(diagnosis.finding.code),
        errno: seen.failed.map(|failed| failed.errno),
        icmp: None,
        syn_sent: None,
        elapsed_ms: seen.connected_ms.or(Some(seen.ended_ms)),
    })
}

/// The sockets that have the file or the name, and those of the name in other network namespaces.
pub(super) fn listeners(evidence: &Evidence) -> Vec<Listener> {
    let Some(seen) = evidence.unix.seen() else { return Vec::new() };
    let address = || clean_to(&evidence.request.target.endpoint(), 4096);
    let peer = seen.peer.seen();
    let open = seen.listed.seen().into_iter().flatten().filter(|socket| socket.is_open());
    let mut all: Vec<Listener> = open
        .filter_map(|socket| {
            let peer = peer.filter(|_| socket.same);
            let process = socket.process.seen().cloned().or_else(|| peer.and_then(process_of));
            let cgroup = socket.cgroup.as_deref().or_else(|| peer?.cgroup.as_deref());
            Some(Listener {
                address: format!("unix:{}", socket.name),
                uid: socket.uid.or_else(|| peer.map(|peer| peer.uid))?,
                unit: cgroup.and_then(unit_of),
                process,
                namespace: None,
            })
        })
        .collect();
    // One of another network namespace is reached by its file, and not listed here.
    if let Some(peer) = peer.filter(|_| all.is_empty()) {
        all.push(Listener {
            address: address(),
            process: process_of(peer),
            uid: peer.uid,
            unit: peer.cgroup.as_deref().and_then(unit_of),
            namespace: None,
        });
    }
    all
}

fn process_of(peer: &UnixPeer) -> Option<Process> {
    Some(Process { pid: peer.pid, name: peer.name.clone()? })
}

impl Words<'_> {
    fn unix(&self) -> Option<&UnixAttempt> {
        self.evidence.unix.seen()
    }

    fn listed(&self) -> Option<&UnixListed> {
        deciding_socket(self.evidence)
    }

    /// The value of a word in braces that is about a unix socket.
    pub(super) fn unix_value(&self, key: &str) -> Option<String> {
        let target = &self.evidence.request.target;
        let host = || target.host.to_string();
        let end = || self.unix().and_then(|seen| seen.file.seen()).map(|file| &file.end);
        Some(match key {
            "errno" => self.unix()?.failed?.errno.to_string(),
            "unix_asked" => target.socket().map(|socket| socket.socket_type).unwrap_or_default().to_string(),
            "unix_at" => match end() {
                Some(Standing::Missing { at, .. } | Standing::NotDirectory { at }) => at.clone(),
                Some(Standing::Barred(barrier)) => barrier.path.clone(),
                _ => host(),
            },
            "unix_link" => match end() {
                Some(Standing::Missing { link: Some(link), .. }) => link.clone(),
                _ => host(),
            },
            "unix_what" => match end() {
                Some(Standing::File { kind, .. }) => kind_word(*kind),
                _ => "something else",
            }
            .to_owned(),
            "unix_full" => self.unix().and_then(|seen| seen.full_ms).unwrap_or_default().to_string(),
            "unix_listed" => pattern(&self.listed().map_or_else(host, |socket| socket.name.clone())),
            "unix_type" => self.listed_type().map_or("other".to_owned(), |kind| kind.to_string()),
            "unix_typed" => {
                let mut socket = target.socket()?.clone();
                socket.socket_type = self.listed_type().unwrap_or(socket.socket_type);
                socket.endpoint()
            }
            "unix_elsewhere" => {
                let all = self.unix().and_then(|seen| seen.elsewhere.seen()).into_iter().flatten();
                all.take(MOST_LISTED).map(foreign).collect::<Vec<_>>().join(", ")
            }
            "unix_padding" => self.listed().map_or(0, |socket| socket.padding).to_string(),
            "unix_pid" => self.unix()?.elsewhere.seen()?.first()?.member.pid.to_string(),
            _ => return None,
        })
    }

    fn listed_type(&self) -> Option<crate::model::SocketType> {
        self.listed()?.socket_type
    }

    /// A clue about a unix socket.
    pub(super) fn unix_clue(&self, clue: Clue) -> Option<String> {
        let seen = self.unix()?;
        let end = || Some(&seen.file.seen()?.end);
        let you = || seen.you.seen().map_or_else(String::new, |you| format!("; this is {}", you_are(you)));
        Some(match clue {
            Clue::CallFailed => {
                let failed = seen.failed?;
                format!(
                    "{} failed at once: {} ({})",
                    call_name(failed.call),
                    failed.errno,
                    failed.errno.describe()
                )
            }
            Clue::Handshake => {
                let took = seen.connected_ms?;
                match self.holder() {
                    Some(holder) => format!("connect succeeded after {took}; the socket is held by {holder}"),
                    None => format!("connect succeeded after {took}"),
                }
            }
            Clue::PeerSpoke => match seen.after.seen()? {
                AfterHandshake::Data(bytes) => super::words::first_words(*bytes, seen.said.as_deref()),
                _ => return None,
            },
            Clue::NotAccepted => format!(
                "{} after connect no process had accepted the connection",
                seen.acceptance.seen()?.after_ms
            ),
            Clue::QueueStayedFull => match seen.connected_ms {
                Some(_) => {
                    format!("the listener's queue was full for {} before (EAGAIN)", self.value("unix_full"))
                }
                None => format!(
                    "connect said for {} that the listener's queue is full (EAGAIN); a blocking client waits",
                    self.value("unix_full")
                ),
            },
            Clue::QueueFull => {
                let socket = self.listed()?;
                let holder = self.holder().map_or(String::new(), |holder| format!(": {holder}"));
                format!(
                    "waiting to be accepted: {}, with room for {}{holder}",
                    socket.queue?,
                    socket.queue_limit?.saturating_add(1)
                )
            }
            Clue::PathMissing => match end()? {
                Standing::Missing { at, link: Some(link) } => {
                    format!("{link} is a symbolic link to {at}, and that does not exist")
                }
                Standing::Missing { at, link: None } => format!("{at} does not exist"),
                Standing::NotDirectory { at } => format!("{at} is not a directory"),
                _ => return None,
            },
            Clue::NotASocket => match end()? {
                Standing::File { kind, access, .. } => {
                    format!("the file there is {} ({})", kind_word(*kind), access_words(access))
                }
                _ => return None,
            },
            Clue::FileIsSocket => {
                "the file there is a socket: a refusal means that nobody listens on it".to_owned()
            }
            Clue::DirectoryBarred => match end()? {
                Standing::Barred(barrier) => {
                    let access = barrier.access.as_ref().map_or("can't be read".to_owned(), access_words);
                    format!("{} may not be searched ({access}){}", barrier.path, you())
                }
                _ => return None,
            },
            Clue::NotWritable => match end()? {
                Standing::File { access, .. } => {
                    format!("the socket may not be written to ({}){}", access_words(access), you())
                }
                _ => return None,
            },
            Clue::FilePermits => {
                "the socket and the directories above it allow this user to connect".to_owned()
            }
            Clue::SocketUnserved => match self.evidence.request.target.socket()?.kind {
                crate::model::NameKind::Path => {
                    "no socket in the kernel's list (of this network namespace) has this file".to_owned()
                }
                crate::model::NameKind::Abstract => "no socket in the kernel's list has this name".to_owned(),
            },
            Clue::SocketBound => format!("it is bound, and does not listen{}", self.held()),
            Clue::SocketShut => format!("it listens, and has shut down its receiving half{}", self.held()),
            Clue::SocketOpen => format!("in the kernel's list it takes connections by now{}", self.held()),
            Clue::NameKept => {
                format!(
                    "a listener was bound as {}, and its file is another one{}",
                    self.listed()?.name,
                    self.held()
                )
            }
            Clue::NamePadded => {
                let socket = self.listed()?;
                format!(
                    "the kernel's list has {} and {} NUL bytes{}",
                    socket.name,
                    socket.padding,
                    self.held()
                )
            }
            Clue::SocketTypeSeen => {
                format!("in the kernel's list it is a {} socket{}", self.listed_type()?, self.held())
            }
            Clue::PeerConnected => format!("in the kernel's list it is connected{}", self.held()),
            Clue::ListensInNamespace => {
                format!("taken in another network namespace: {}", self.value("unix_elsewhere"))
            }
            _ => return None,
        })
    }

    /// The process that has the socket, as the kernel's list or the connection names it.
    pub(super) fn unix_process(&self) -> Option<Process> {
        let peer = || self.unix()?.peer.seen().and_then(process_of);
        self.listed().and_then(|socket| socket.process.seen().cloned()).or_else(peer)
    }

    /// The control group of whoever has the socket.
    pub(super) fn unix_cgroup(&self) -> Option<&str> {
        let peer = || self.unix()?.peer.seen()?.cgroup.as_deref();
        self.listed().and_then(|socket| socket.cgroup.as_deref()).or_else(peer)
    }

    /// `: nginx (pid 12)`, or nothing.
    fn held(&self) -> String {
        self.holder().map_or(String::new(), |holder| format!(": {holder}"))
    }

    /// Who has the socket: its process, else what the connection says, else its user.
    fn holder(&self) -> Option<String> {
        let (listed, peer) = (self.listed(), self.unix().and_then(|seen| seen.peer.seen()));
        let process = listed.and_then(|socket| socket.process.seen().cloned());
        let process = process.or_else(|| peer.and_then(process_of));
        let cgroup = listed.and_then(|socket| socket.cgroup.as_deref()).or_else(|| peer?.cgroup.as_deref());
        let unit = cgroup.and_then(unit_of).map_or(String::new(), |unit| format!(", {unit}"));
        match (process, listed.and_then(|socket| socket.uid).or_else(|| Some(peer?.uid))) {
            (Some(process), _) => Some(format!("{} (pid {}){unit}", process.name, process.pid)),
            (None, Some(uid)) => Some(format!("a process of user {uid}{unit}")),
            (None, None) => None,
        }
    }
}

/// A name as `ss` looks for it: its filter ends at a space, and takes `*` for anything.
fn pattern(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:%/@+,-".contains(c);
    let mut pattern = String::with_capacity(name.len());
    for c in unescaped(name).chars() {
        match c {
            c if plain(c) => pattern.push(c),
            _ if pattern.ends_with('*') => {}
            _ => pattern.push('*'),
        }
    }
    pattern
}

fn foreign(other: &ForeignUnix) -> String {
    match other.cgroup.as_deref().and_then(unit_of) {
        Some(unit) => format!("that of {unit}"),
        None => format!("that of {} (pid {})", other.member.name, other.member.pid),
    }
}

fn kind_word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Socket => "a socket",
        FileKind::File => "a plain file",
        FileKind::Directory => "a directory",
        FileKind::Pipe => "a named pipe",
        FileKind::Device => "a device",
    }
}

pub(crate) fn access_words(access: &Access) -> String {
    format!("mode {}, owner {}, group {}", clean(&access.mode), access.uid, access.gid)
}

pub(crate) fn you_are(you: &Credentials) -> String {
    let mut groups = vec![you.gid];
    groups.extend(you.groups.iter().filter(|group| **group != you.gid));
    let shown: Vec<String> = groups.iter().take(8).map(ToString::to_string).collect();
    let more = if groups.len() > shown.len() { " ..." } else { "" };
    let word = if groups.len() == 1 { "group" } else { "groups" };
    format!("user {}, {word} {}{more}", you.uid, shown.join(" "))
}
