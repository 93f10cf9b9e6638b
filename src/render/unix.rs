//! All evidence about a unix socket.

use super::human::Page;
use crate::model::{Fact, Standing, UnixAttempt, UnixListed, UnixState};
use crate::report::{access_words, you_are};
use crate::sanitize::clean;

impl Page<'_> {
    pub(super) fn unix_evidence(&mut self, seen: &UnixAttempt) {
        if let Some(failed) = seen.failed {
            self.fact("failed call", &format!("{:?}: {}", failed.call, failed.errno));
        }
        if let Some(at) = seen.connected_ms {
            self.fact("connected after", &at.to_string());
        }
        if let Some(full) = seen.full_ms {
            self.fact("queue full for", &full.to_string());
        }
        match &seen.file {
            Fact::Seen(file) => {
                let end = match &file.end {
                    Standing::File { kind, access, inode, writable } => {
                        let may = if *writable { "may be written to" } else { "may not be written to" };
                        format!("{kind:?}, {}, inode {inode}, {may}", access_words(access))
                    }
                    Standing::Missing { at, .. } => format!("{} does not exist", clean(at)),
                    Standing::NotDirectory { at } => format!("{} is not a directory", clean(at)),
                    Standing::Barred(barrier) => format!("{} may not be searched", clean(&barrier.path)),
                    Standing::Loop => "too many symbolic links".to_owned(),
                };
                self.fact("file", &format!("{}: {end}", clean(&file.real)));
            }
            other => self.seen("file", other),
        }
        if let Some(you) = seen.you.seen() {
            self.fact("this is", &you_are(you));
        }
        match &seen.listed {
            Fact::Seen(listed) if listed.is_empty() => {
                self.fact("listed sockets", "none with this file or name")
            }
            Fact::Seen(listed) => listed.iter().for_each(|socket| self.listed_socket(socket)),
            other => self.seen("listed sockets", other),
        }
        for foreign in seen.elsewhere.seen().into_iter().flatten() {
            let member = &foreign.member;
            let whose = format!("that of {} (pid {})", clean(&member.name), member.pid);
            self.fact("in network namespace", &format!("{}, {whose}", foreign.namespace));
        }
        match &seen.peer {
            Fact::Seen(peer) => {
                let name = peer.name.as_deref().map_or("unknown".to_owned(), clean);
                self.fact(
                    "peer",
                    &format!("{name}, pid {}, user {}, group {}", peer.pid, peer.uid, peer.gid),
                );
            }
            other => self.seen("peer", other),
        }
        self.seen("after connect", &seen.after);
        match &seen.acceptance {
            Fact::Seen(acceptance) => {
                self.fact("other end", &format!("{:?} {} later", acceptance.peer, acceptance.after_ms));
            }
            other => self.seen("other end", other),
        }
    }

    fn listed_socket(&mut self, socket: &UnixListed) {
        let mut words = vec![clean(&socket.name)];
        words.push(socket.socket_type.map_or("of another type".to_owned(), |kind| kind.to_string()));
        words.push(
            match socket.state {
                UnixState::Listen => "listens",
                UnixState::Bound => "bound",
                UnixState::Connected => "connected",
            }
            .to_owned(),
        );
        words.extend(socket.shut.then(|| "shut down".to_owned()));
        words.extend((!socket.same).then(|| "another file".to_owned()));
        if let (Some(queue), Some(limit)) = (socket.queue, socket.queue_limit) {
            words.push(format!("queue {queue} of {limit}"));
        }
        words.extend(socket.uid.map(|uid| format!("user {uid}")));
        words.push(match &socket.process {
            Fact::Seen(process) => format!("{}, pid {}", clean(&process.name), process.pid),
            Fact::CouldNotLook(why) => clean(why),
            Fact::NotAsked => "process not asked".to_owned(),
        });
        words.extend(socket.cgroup.as_deref().map(|cgroup| format!("cgroup {}", clean(cgroup))));
        self.fact("listed socket", &words.join(", "));
    }
}
