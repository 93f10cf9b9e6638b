//! The error queue (`IP_RECVERR`, `IPV6_RECVERR`; ip(7), ipv6(7)).

use crate::model::{Errno, Fact, Millis, Origin, QueueEntry};
use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

/// More entries than one attempt can honestly collect; a flood of ICMP ends the reading here.
const MOST: usize = 16;

/// Takes every entry off the queue.
///
/// Read `SO_ERROR` before this: taking the last ICMP entry off clears the socket's hard error
/// (`sock_dequeue_err_skb`, net/core/skbuff.c).
///
/// # Errors
/// An errno other than `EAGAIN`, which is an empty queue.
pub(super) fn drain(fd: BorrowedFd<'_>, at_ms: Millis) -> nix::Result<Vec<QueueEntry>> {
    let mut entries = Vec::new();
    let mut control = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6, libc::c_int, libc::c_int);
    while entries.len() < MOST {
        // The data is the quoted TCP header, which the kernel has matched already: 64 bytes hold it.
        let mut data = [0_u8; 64];
        let mut slices = [IoSliceMut::new(&mut data)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let message = match recvmsg::<SockaddrStorage>(fd.as_raw_fd(), &mut slices, Some(&mut control), flags)
        {
            Ok(message) => message,
            Err(nix::errno::Errno::EAGAIN) => break,
            Err(nix::errno::Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        };
        entries.extend(message.cmsgs().ok().and_then(|controls| decode(controls, at_ms)));
    }
    Ok(entries)
}

/// One message's control messages → an entry; `None` if they hold no extended error.
pub(super) fn decode(
    controls: impl Iterator<Item = ControlMessageOwned>,
    at_ms: Millis,
) -> Option<QueueEntry> {
    let mut entry = None;
    let mut hop_limit = None;
    for control in controls {
        match control {
            ControlMessageOwned::Ipv4RecvErr(error, sender) => {
                let sender = sender
                    .filter(|sender| i32::from(sender.sin_family) == libc::AF_INET)
                    .map(|sender| IpAddr::V4(Ipv4Addr::from(sender.sin_addr.s_addr.to_ne_bytes())));
                entry = Some((error, sender));
            }
            ControlMessageOwned::Ipv6RecvErr(error, sender) => {
                let sender = sender
                    .filter(|sender| i32::from(sender.sin6_family) == libc::AF_INET6)
                    .map(|sender| IpAddr::V6(Ipv6Addr::from(sender.sin6_addr.s6_addr)).to_canonical());
                entry = Some((error, sender));
            }
            ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) => {
                hop_limit = u8::try_from(ttl).ok();
            }
            _ => {}
        }
    }
    let (error, sender) = entry?;
    Some(QueueEntry {
        at_ms,
        errno: Errno::from_raw(i32::try_from(error.ee_errno).unwrap_or(libc::EIO))
            .unwrap_or(Errno::from(nix::errno::Errno::UnknownErrno)),
        origin: match error.ee_origin {
            libc::SO_EE_ORIGIN_LOCAL => Origin::Local,
            libc::SO_EE_ORIGIN_ICMP => Origin::Icmp,
            libc::SO_EE_ORIGIN_ICMP6 => Origin::Icmp6,
            other => Origin::Other(other),
        },
        kind: error.ee_type,
        code: error.ee_code,
        info: error.ee_info,
        sender,
        sender_is_ours: Fact::NotAsked,
        hop_limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(origin: u8) -> libc::sock_extended_err {
        libc::sock_extended_err {
            ee_errno: 113,
            ee_origin: origin,
            ee_type: 3,
            ee_code: 13,
            ee_pad: 0,
            ee_info: 0,
            ee_data: 0,
        }
    }

    fn sockaddr_in(family: u16) -> libc::sockaddr_in {
        libc::sockaddr_in {
            sin_family: family,
            sin_port: 0,
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([198, 51, 100, 1]) },
            sin_zero: [0; 8],
        }
    }

    #[test]
    fn an_icmp_entry_keeps_type_code_sender_and_ttl() {
        let controls = [
            ControlMessageOwned::Ipv4Ttl(63),
            ControlMessageOwned::Ipv4RecvErr(error(libc::SO_EE_ORIGIN_ICMP), Some(sockaddr_in(2))),
        ];
        let entry = decode(controls.into_iter(), Millis(1.0)).unwrap();
        assert_eq!((entry.origin, entry.kind, entry.code), (Origin::Icmp, 3, 13));
        assert_eq!(entry.sender, Some("198.51.100.1".parse().unwrap()));
        assert_eq!(entry.hop_limit, Some(63));
        assert_eq!(entry.errno.to_string(), "EHOSTUNREACH");
    }

    #[test]
    fn a_sender_of_no_family_is_no_sender() {
        // SO_EE_OFFENDER has family AF_UNSPEC where the kernel knows no sender.
        let controls =
            [ControlMessageOwned::Ipv4RecvErr(error(libc::SO_EE_ORIGIN_LOCAL), Some(sockaddr_in(0)))];
        let entry = decode(controls.into_iter(), Millis(0.0)).unwrap();
        assert_eq!((entry.origin, entry.sender), (Origin::Local, None));
        assert!(decode([ControlMessageOwned::Ipv4Ttl(1)].into_iter(), Millis(0.0)).is_none());
    }
}
