//! Abstract names in the other network namespaces of this machine: each namespace has its own (unix(7)).

use super::namespaces::{MOST_BYTES, TRIES, other_namespaces};
use super::owners::{cgroup_of, named};
use super::patience::Patience;
use crate::model::{ForeignUnix, SocketType};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;

/// More namespaces than this that have the name are not kept.
const MOST_FOUND: usize = 16;

/// `__SO_ACCEPTCON` (linux/net.h): the socket listens.
const LISTENS: u32 = 0x1_0000;

/// Which other network namespaces have a listener, or a datagram socket, with this abstract name.
///
/// Namespaces without a process that can be seen are not found.
///
/// # Errors
/// /proc can't be read, or nothing was found in the time there is.
pub fn named_elsewhere(name: &str, socket_type: SocketType) -> io::Result<Vec<ForeignUnix>> {
    let patience = Patience::begin();
    let (namespaces, mut cut) = other_namespaces(&patience)?;
    let mut found = Vec::new();
    for (namespace, members) in namespaces {
        if patience.is_over() || found.len() >= MOST_FOUND {
            cut = true;
            break;
        }
        let has = |pid: i32| Some((pid, has_name(pid, namespace, name, socket_type).ok()?));
        if let Some((pid, true)) = members.iter().take(TRIES).find_map(|member| has(member.pid))
            && let Some(member) = named(pid)
        {
            found.push(ForeignUnix { namespace, member, cgroup: cgroup_of(pid) });
        }
    }
    if found.is_empty() && cut {
        return Err(io::Error::other("too many processes to look through in time"));
    }
    Ok(found)
}

fn has_name(pid: i32, namespace: u64, name: &str, socket_type: SocketType) -> io::Result<bool> {
    let table = File::open(format!("/proc/{pid}/net/unix"))?.take(MOST_BYTES);
    // The process may be gone, and its id another's.
    if fs::metadata(format!("/proc/{pid}/net/tcp"))?.ino() != namespace {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    table_has(BufReader::new(table), name, socket_type)
}

/// Whether a table in the form of /proc/net/unix (proc(5)) has an open socket with this abstract name: address,
/// references, protocol, flags, type, state, inode, name.
pub(super) fn table_has(table: impl BufRead, name: &str, socket_type: SocketType) -> io::Result<bool> {
    let number = |text: &[u8]| u32::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok();
    let wanted = match socket_type {
        SocketType::Stream => libc::SOCK_STREAM,
        SocketType::Datagram => libc::SOCK_DGRAM,
        SocketType::Seqpacket => libc::SOCK_SEQPACKET,
    };
    for line in table.split(b'\n').skip(1) {
        let line = line?;
        // Names may hold spaces, and bytes that are no text.
        let mut words = line.splitn(8, |byte| *byte == b' ').filter(|word| !word.is_empty());
        let flags = words.nth(3).and_then(number).unwrap_or(0);
        let kind = words.next().and_then(number).unwrap_or(0);
        let Some(at) = line.windows(2).position(|pair| pair == b" @") else { continue };
        let same = line.get(at..).and_then(|rest| rest.strip_prefix(b" @")) == Some(name.as_bytes());
        let open = flags & LISTENS != 0 || socket_type == SocketType::Datagram;
        if same && open && i64::from(kind) == i64::from(wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_names_is_read() {
        let table = "Num       RefCount Protocol Flags    Type St Inode Path\n\
                     0000000000000000: 00000002 00000000 00010000 0001 01 6996755 /run/x\n\
                     0000000000000000: 00000003 00000000 00000000 0001 03 61\n\
                     0000000000000000: 00000002 00000000 00010000 0001 01     3 @bus\n\
                     0000000000000000: 00000002 00000000 00000000 0001 01 4 @bound\n\
                     0000000000000000: 00000002 00000000 00000000 0002 01 5 @log\n\
                     0000000000000000: 00000002 00000000 00010000 0005 01 6 @with space @x\n";
        let has = |name, kind| table_has(table.as_bytes(), name, kind).unwrap();
        assert!(has("bus", SocketType::Stream) && !has("bus", SocketType::Seqpacket));
        assert!(has("log", SocketType::Datagram) && !has("bound", SocketType::Stream));
        assert!(has("with space @x", SocketType::Seqpacket));
        assert!(!has("x", SocketType::Seqpacket) && !has("/run/x", SocketType::Stream));
        assert!(!table_has("nonsense\n@\n @\n".as_bytes(), "bus", SocketType::Stream).unwrap());
    }
}
