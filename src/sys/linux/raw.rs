//! The program's only `unsafe`: two calls for which no safe one exists.
//!
//! - `getsockopt` for options whose value grows with the kernel. socket2 and nix read options of a fixed size;
//!   `TCP_INFO` and `SO_MEMINFO` return as many bytes as the running kernel has, and that length is what tells
//!   old fields from absent ones.
//! - Registering a socket with the runtime's poller, which since tokio 1.54 asks its caller to promise that the
//!   descriptor stays open. A borrowed descriptor is that promise.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor for as long as it is borrowed.
///
/// # Errors
/// The errno of `epoll_ctl`: descriptors or watches ran out.
pub(super) fn register(fd: BorrowedFd<'_>, interest: Interest) -> io::Result<AsyncFd<BorrowedFd<'_>>> {
    // SAFETY: the descriptor is borrowed for the whole life of the `AsyncFd` that is returned, so it stays open
    // and stays the same; `BorrowedFd` is `Copy` and returns the same number at every call.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(|error| error.into_parts().1)
}

/// Room for the largest value read here (`struct tcp_info` has 280 bytes in Linux 6.18).
pub(super) const CAPACITY: usize = LENGTH as usize;
const LENGTH: libc::socklen_t = 512;

/// Reads a socket option; the result is as long as the kernel's answer.
///
/// # Errors
/// The call's errno: `ENOPROTOOPT` where the kernel does not know the option.
pub(super) fn getsockopt_bytes<'b>(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    buffer: &'b mut [u8; CAPACITY],
) -> io::Result<&'b [u8]> {
    let mut length = LENGTH;
    // SAFETY: the descriptor is borrowed and thus open; the buffer is valid for `length` bytes and the kernel
    // writes no more than that; `length` is valid for reading and writing during the call.
    let result = unsafe {
        libc::getsockopt(fd.as_raw_fd(), level, option, buffer.as_mut_ptr().cast(), &raw mut length)
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(buffer.get(..length as usize).unwrap_or_default())
}
