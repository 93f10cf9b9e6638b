//! Where a path leads, and where it stops: path_resolution(7), a component at a time.

use crate::model::{Access, Barrier, FileKind, PathLook, Standing};
use crate::sanitize::clean;
use nix::errno::Errno;
use nix::unistd::{AccessFlags, eaccess};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// `MAXSYMLINKS` (linux/namei.h).
const MOST_LINKS: usize = 40;

/// Longer targets of links than this are not followed (`PATH_MAX`).
const MOST_BYTES: usize = 4096;

/// Walks a path as the kernel does for this process.
///
/// # Errors
/// A look that failed for another reason than those that [`Standing`] has.
pub fn look_at_path(path: &str) -> io::Result<PathLook> {
    let mut rest: VecDeque<OsString> = components(OsStr::new(path));
    let mut at = start(OsStr::new(path));
    // The links whose targets are being walked, each with the number of components behind it.
    let mut inside: Vec<(PathBuf, usize)> = Vec::new();
    let mut links = 0_usize;
    let shown = |path: &Path| clean(&path.to_string_lossy());
    let look = |at: &Path, end| Ok(PathLook { real: shown(at), end });
    while let Some(component) = rest.pop_front() {
        inside.retain(|(_, behind)| rest.len() >= *behind);
        if let Err(errno) = eaccess(&at, AccessFlags::X_OK) {
            let barrier =
                Barrier { path: shown(&at), access: fs::metadata(&at).ok().as_ref().map(access_of) };
            return match errno {
                Errno::EACCES => look(&at, Standing::Barred(barrier)),
                errno => Err(errno.into()),
            };
        }
        let next = at.join(&component);
        let seen = match fs::symlink_metadata(&next) {
            Ok(seen) => seen,
            Err(error) => {
                let missing =
                    Standing::Missing { at: shown(&next), link: inside.last().map(|(link, _)| shown(link)) };
                return match error.raw_os_error() {
                    Some(libc::ENOENT) => look(&next, missing),
                    _ => Err(error),
                };
            }
        };
        if seen.file_type().is_symlink() {
            let target = match fs::read_link(&next) {
                // What /proc has of another user's process leads nobody else there (proc_pid_readlink, fs/proc/base.c).
                Err(error) if error.raw_os_error() == Some(libc::EACCES) => {
                    return look(&next, Standing::Barred(Barrier { path: shown(&next), access: None }));
                }
                read => read?,
            };
            if links == MOST_LINKS || target.as_os_str().len() > MOST_BYTES {
                return look(&next, Standing::Loop);
            }
            links = links.saturating_add(1);
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            inside.push((next, rest.len()));
            let mut ahead = components(target.as_os_str());
            ahead.append(&mut rest);
            rest = ahead;
            continue;
        }
        if !rest.is_empty() && !seen.is_dir() {
            return look(&next, Standing::NotDirectory { at: shown(&next) });
        }
        at = next;
    }
    let seen = fs::metadata(&at)?;
    if path.ends_with('/') && !seen.is_dir() {
        return look(&at, Standing::NotDirectory { at: shown(&at) });
    }
    let end = Standing::File {
        kind: kind_of(&seen),
        access: access_of(&seen),
        inode: seen.ino(),
        // Another errno is no matter of rights: an immutable file, a filter on the call.
        writable: eaccess(&at, AccessFlags::W_OK) != Err(Errno::EACCES),
    };
    look(&at, end)
}

/// What tells whether a listed socket is the one at a path.
#[derive(Debug)]
pub struct SocketPath {
    /// Inode and device, where a file is there.
    file: Option<(u64, u64)>,
    /// The path as it was given, and as it reads with its links followed.
    names: Vec<Vec<u8>>,
}

impl SocketPath {
    /// Looks at a path.
    pub fn new(path: &str) -> SocketPath {
        let given = Path::new(path);
        let file = fs::metadata(given).ok().map(|seen| (seen.ino(), seen.dev()));
        let real = fs::canonicalize(given).ok().or_else(|| {
            // The file may be gone while its directory stands.
            let parent = given.parent().filter(|parent| !parent.as_os_str().is_empty());
            Some(fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?.join(given.file_name()?))
        });
        let real = real.map(|real| real.as_os_str().as_bytes().to_vec());
        SocketPath { file, names: [Some(path.as_bytes().to_vec()), real].into_iter().flatten().collect() }
    }

    /// Whether a listed socket's name reads like the path.
    pub fn reads_like(&self, name: &[u8]) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// Whether a listed socket has the very file: by inode, and by device or the last component, for some file
    /// systems show another device to stat(2) than to the kernel itself.
    pub fn is(&self, listed: (u32, u32), name: &[u8]) -> bool {
        let Some((inode, device)) = self.file else { return false };
        // The kernel keeps a device as 12 bits of major and 20 of minor (linux/kdev_t.h).
        let kernel = u64::from(libc::major(device)) << 20 | u64::from(libc::minor(device));
        let last = |path: &[u8]| path.rsplit(|byte| *byte == b'/').next().map(<[u8]>::to_vec);
        inode & u64::from(u32::MAX) == u64::from(listed.0)
            && (kernel == u64::from(listed.1) || self.names.iter().any(|own| last(own) == last(name)))
    }
}

fn start(path: &OsStr) -> PathBuf {
    PathBuf::from(if path.as_bytes().starts_with(b"/") { "/" } else { "." })
}

fn components(path: &OsStr) -> VecDeque<OsString> {
    let parts = path.as_bytes().split(|byte| *byte == b'/');
    parts
        .filter(|part| !part.is_empty() && *part != b".")
        .map(|part| OsStr::from_bytes(part).into())
        .collect()
}

fn access_of(seen: &Metadata) -> Access {
    Access { mode: format!("{:04o}", seen.mode() & 0o7777), uid: seen.uid(), gid: seen.gid() }
}

fn kind_of(seen: &Metadata) -> FileKind {
    let kind = seen.file_type();
    if kind.is_socket() {
        FileKind::Socket
    } else if kind.is_dir() {
        FileKind::Directory
    } else if kind.is_fifo() {
        FileKind::Pipe
    } else if kind.is_char_device() || kind.is_block_device() {
        FileKind::Device
    } else {
        FileKind::File
    }
}

#[cfg(test)]
#[path = "unix_path_tests.rs"]
mod tests;
