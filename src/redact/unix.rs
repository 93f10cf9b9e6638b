//! The walk through what was seen of a unix socket.

use super::{Map, Walk, walk, words};
use crate::model::{
    Access, Barrier, Credentials, ForeignUnix, NameKind, PathLook, Standing, UnixAttempt, UnixListed,
    UnixName, UnixPeer,
};

impl Walk for UnixName {
    fn walk(self, map: &mut Map) -> Self {
        let UnixName { kind, name, socket_type } = self;
        let name = match kind {
            NameKind::Path => map.path(name),
            NameKind::Abstract => map.abstract_name(&name),
        };
        UnixName { kind, name, socket_type }
    }
}

walk!(UnixAttempt {
    failed, file, you, listed, elsewhere, peer, after, said: Map::banner, acceptance,
} keeps { connected_ms, full_ms, ended_ms });

walk!(PathLook { real: Map::path, end } keeps {});

impl Walk for Standing {
    fn walk(self, map: &mut Map) -> Self {
        match self {
            Standing::File { kind, access, inode, writable } => Standing::File {
                kind: kind.walk(map),
                access: access.walk(map),
                inode: map.inode(inode),
                writable: writable.walk(map),
            },
            Standing::Missing { at, link } => {
                Standing::Missing { at: map.path(at), link: link.map(|link| map.path(link)) }
            }
            Standing::NotDirectory { at } => Standing::NotDirectory { at: map.path(at) },
            Standing::Barred(barrier) => Standing::Barred(barrier.walk(map)),
            Standing::Loop => Standing::Loop,
        }
    }
}

walk!(Access { mode: |_, mode| words::mode(mode), uid: Map::user, gid: Map::user } keeps {});
walk!(Barrier { path: Map::path, access } keeps {});
walk!(Credentials { uid: Map::user, gid: Map::user, groups: Map::users } keeps {});

walk!(UnixListed {
    name: Map::listed_name, uid: Map::user_of, process, cgroup: Map::cgroup,
} keeps { socket_type, state, shut, same, padding, queue, queue_limit });

walk!(ForeignUnix { namespace: Map::namespace, member, cgroup: Map::cgroup } keeps {});

walk!(UnixPeer {
    pid: Map::pid, uid: Map::user, gid: Map::user, name: Map::process_of, cgroup: Map::cgroup,
} keeps {});
