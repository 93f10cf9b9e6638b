//! How many TCP sockets the machine has, and in which network namespaces they are.
//!
//! A table of TCP sockets is dear to read: the kernel goes through the connections of the whole machine for it
//! (`tcp_seq_next`, net/ipv4/tcp_ipv4.c), some milliseconds for each namespace. /proc/net/sockstat is cheap: it has
//! the sockets that are allocated for all namespaces together, of both families, and those in use (hashed) in the
//! reader's (`sockstat_seq_show`, net/ipv4/proc.c). Where the latter add up to the former, no other namespace has
//! any.

use super::namespaces::listening_of;
use crate::model::Transport;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;

/// More namespaces than this are not counted.
const MOST: usize = 16;

/// The counts so far.
#[derive(Debug)]
pub(super) struct Census {
    own: Counts,
    pub(super) others: Vec<Other>,
    /// Sockets of the whole machine that no namespace so far has.
    left: i64,
}

/// Another namespace.
#[derive(Debug)]
pub(super) struct Other {
    pid: i32,
    namespace: u64,
    counts: Counts,
}

/// The files of one namespace, kept open to be read again, and what they said.
#[derive(Debug)]
struct Counts {
    v4: File,
    /// A kernel without IPv6 has none.
    v6: Option<File>,
    in_use: i64,
}

impl Census {
    /// Counts this thread's namespace; `None` where that can't be done.
    pub(super) fn begin() -> Option<Census> {
        let (own, all) = Counts::open("thread-self")?;
        let left = all.saturating_sub(own.in_use);
        Some(Census { own, others: Vec::new(), left })
    }

    /// Counts another namespace, through a process that lives there.
    pub(super) fn add(&mut self, pid: i32, namespace: u64) -> Option<()> {
        if self.others.len() >= MOST {
            return None;
        }
        let (counts, _) = Counts::open(&pid.to_string())?;
        self.left = self.left.saturating_sub(counts.in_use);
        if counts.in_use > 0 {
            self.others.push(Other { pid, namespace, counts });
        }
        Some(())
    }

    /// Whether all sockets are accounted for. The numbers were read one after the other: they count only if all of
    /// them are the same when they are read again.
    pub(super) fn is_complete(&self) -> bool {
        if self.left != 0 {
            return false;
        }
        let others = self.others.iter().map(|other| other.counts.in_use).fold(0, i64::saturating_add);
        let same = |counts: &Counts| counts.read().is_some_and(|(in_use, _)| in_use == counts.in_use);
        self.own.read() == Some((self.own.in_use, self.own.in_use.saturating_add(others)))
            && self.others.iter().all(|other| same(&other.counts))
    }
}

impl Other {
    /// Whether anybody here listens on the target's port, as far as can be told.
    pub(super) fn may_listen(&self, target: SocketAddr, transport: Transport) -> bool {
        let tables = if transport == Transport::Udp { ["udp", "udp6"] } else { ["tcp", "tcp6"] };
        let listens = |table: &str| match listening_of(self.pid, table, self.namespace, target.port()) {
            Ok(sockets) => !sockets.is_empty(),
            // The second table is missing where there is no IPv6; the first must be read.
            Err(error) => {
                !(table.ends_with('6') && error.kind() == io::ErrorKind::NotFound && self.counts.v6.is_none())
            }
        };
        tables.into_iter().any(listens)
    }
}

impl Counts {
    /// The counts of a process's namespace, and the sockets of the whole machine.
    fn open(process: &str) -> Option<(Counts, i64)> {
        let open = |name: &str| File::open(format!("/proc/{process}/net/{name}"));
        let v6 = match open("sockstat6") {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return None,
        };
        let mut counts = Counts { v4: open("sockstat").ok()?, v6, in_use: 0 };
        let (in_use, all) = counts.read()?;
        counts.in_use = in_use;
        Some((counts, all))
    }

    fn read(&self) -> Option<(i64, i64)> {
        let mut piece = [0; 512];
        let number = |text: &str, line, word| i64::try_from(word_behind(text, line, word)?).ok();
        let v6 = match &self.v6 {
            Some(file) => number(text(file, &mut piece)?, "TCP6:", "inuse")?,
            None => 0,
        };
        let v4 = text(&self.v4, &mut piece)?;
        Some((number(v4, "TCP:", "inuse")?.saturating_add(v6), number(v4, "TCP:", "alloc")?))
    }
}

/// How many sockets of a process's namespace one of its tables (`tcp`, `tcp6`, `udp`, `udp6`) lists, beside those in
/// TIME_WAIT.
pub(super) fn in_use(pid: i32, table: &str) -> Option<u64> {
    let (file, line) = match table {
        "tcp" => ("sockstat", "TCP:"),
        "udp" => ("sockstat", "UDP:"),
        "tcp6" => ("sockstat6", "TCP6:"),
        _ => ("sockstat6", "UDP6:"),
    };
    let file = File::open(format!("/proc/{pid}/net/{file}")).ok()?;
    word_behind(text(&file, &mut [0; 512])?, line, "inuse")
}

/// The beginning of a file, as the kernel writes it at one go: sockstat has some 150 bytes.
fn text<'a>(file: &File, piece: &'a mut [u8; 512]) -> Option<&'a str> {
    let length = file.read_at(piece, 0).ok()?;
    str::from_utf8(piece.get(..length)?).ok()
}

/// `TCP: inuse 1 orphan 0 tw 0 alloc 44 mem 355`: the number behind a word of a line.
pub(super) fn word_behind(text: &str, line: &str, word: &str) -> Option<u64> {
    let line = text.lines().find_map(|found| found.strip_prefix(line))?;
    line.split_ascii_whitespace().skip_while(|found| *found != word).nth(1)?.parse().ok()
}

/// Reads so many lines of a table and no byte behind them: the kernel does not look for what comes next before it is
/// asked for.
#[derive(Debug)]
pub(super) struct WholeLines<R> {
    table: R,
    lines: u64,
    /// Bytes of the line so far.
    at: usize,
    /// No line is shorter, its newline included: the header, and those behind it.
    shortest: [usize; 2],
}

impl<R: Read> WholeLines<R> {
    /// Of /proc/net/tcp each line has 150 bytes (`seq_setwidth` in `tcp4_seq_show`); of tcp6 the header has 145, and
    /// what stands behind it at least 170 (`get_tcp6_sock`).
    pub(super) fn new(table: R, lines: u64, v6: bool) -> Self {
        WholeLines { table, lines, at: 0, shortest: if v6 { [140, 165] } else { [150, 150] } }
    }
}

impl<R: Read> Read for WholeLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.lines == 0 {
            return Ok(0);
        }
        // The end of a line is come to byte by byte.
        let [this, behind] = self.shortest;
        let most = this.saturating_sub(self.at).max(1).min(buffer.len());
        let length = self.table.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.at = self.at.saturating_add(length);
        if buffer.get(..length).is_some_and(|read| read.ends_with(b"\n")) {
            (self.at, self.lines, self.shortest) = (0, self.lines.saturating_sub(1), [behind, behind]);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_sockets_are_found_by_their_words() {
        let text = "sockets: used 28\nTCP: inuse 1 orphan 0 tw 0 alloc 44 mem 355\nUDP: inuse 0 mem 139\n";
        assert_eq!(word_behind(text, "TCP:", "alloc"), Some(44));
        assert_eq!(word_behind(text, "TCP:", "inuse"), Some(1));
        assert_eq!(word_behind(text, "UDP:", "alloc"), None);
        assert_eq!(word_behind("TCP: inuse", "TCP:", "inuse"), None);
    }

    #[test]
    fn no_byte_behind_the_last_line_is_read() {
        let line = format!("{}\n", "x".repeat(149));
        let longer = format!("{}\n", "y".repeat(190));
        let table = [line.as_str(), &longer, &longer, "behind"].concat();
        let mut left = table.as_bytes();
        let mut read = String::new();
        WholeLines::new(&mut left, 3, true).read_to_string(&mut read).unwrap();
        assert_eq!(read, [line.as_str(), &longer, &longer].concat());
        assert_eq!(left, b"behind");
        // A table that ends early, or has shorter lines than any real one, is read to its end.
        for (table, lines) in [("", 2), ("a\nb", 5), (line.as_str(), 9)] {
            let mut read = String::new();
            WholeLines::new(table.as_bytes(), lines, false).read_to_string(&mut read).unwrap();
            assert!(table.starts_with(&read) && (lines < 5 || read == table), "{read:?}");
        }
    }

    #[test]
    fn this_namespace_is_counted() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let census = Census::begin().unwrap();
        assert!(census.own.in_use >= 1 && census.left >= 0, "{census:?}");
        drop(listener);
    }
}
