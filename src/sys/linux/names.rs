//! The C library's resolver: what ordinary programs get.

use crate::model::{Errno, Family, Resolved, Transport};
use dns_lookup::{AddrInfoHints, getaddrinfo};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// A failed `getaddrinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaiError {
    /// The `EAI_*` code by its name.
    pub eai: String,
    /// errno, with `EAI_SYSTEM`.
    pub errno: Option<Errno>,
}

/// Addresses of one name beyond this many are not kept: a program tries the first ones.
const MOST_ADDRESSES: usize = 256;

/// Codes of netdb.h; the GNU extensions among them are what glibc tells "no such name" and "no address" by.
const CODES: &[(i32, &str)] = &[
    (libc::EAI_AGAIN, "EAI_AGAIN"),
    (libc::EAI_BADFLAGS, "EAI_BADFLAGS"),
    (libc::EAI_FAIL, "EAI_FAIL"),
    (libc::EAI_FAMILY, "EAI_FAMILY"),
    (libc::EAI_MEMORY, "EAI_MEMORY"),
    (libc::EAI_NODATA, "EAI_NODATA"),
    (libc::EAI_NONAME, "EAI_NONAME"),
    (libc::EAI_OVERFLOW, "EAI_OVERFLOW"),
    (libc::EAI_SERVICE, "EAI_SERVICE"),
    (libc::EAI_SOCKTYPE, "EAI_SOCKTYPE"),
    (libc::EAI_SYSTEM, "EAI_SYSTEM"),
    (-9, "EAI_ADDRFAMILY"),
];

/// Looks a name up as an ordinary program does: stream sockets, no flags; at most 256 addresses. Blocks for as long as the C library
/// likes, so it belongs on a thread of its own.
///
/// # Errors
/// The `EAI_*` code.
pub fn lookup_host(name: &str, family: Option<Family>) -> Result<Vec<Resolved>, GaiError> {
    let hints = AddrInfoHints {
        address: match family {
            None => libc::AF_UNSPEC,
            Some(Family::V4) => libc::AF_INET,
            Some(Family::V6) => libc::AF_INET6,
        },
        socktype: libc::SOCK_STREAM,
        ..AddrInfoHints::default()
    };
    let answers = getaddrinfo(Some(name), None, Some(hints)).map_err(|error| {
        let number = error.error_num();
        let name = CODES.iter().find(|(code, _)| *code == number).map(|(_, name)| (*name).to_owned());
        GaiError {
            eai: name.unwrap_or_else(|| format!("EAI {number}")),
            errno: (number == libc::EAI_SYSTEM).then(|| Errno::from_io(&io::Error::from(error))),
        }
    })?;
    let mut addresses: Vec<Resolved> = Vec::new();
    for answer in answers.flatten() {
        let resolved = match answer.sockaddr {
            SocketAddr::V4(v4) => Resolved { address: IpAddr::V4(*v4.ip()), scope: None },
            SocketAddr::V6(v6) => Resolved {
                address: IpAddr::V6(*v6.ip()),
                scope: Some(v6.scope_id()).filter(|scope| *scope != 0),
            },
        };
        // glibc may return one address twice (hosts file lines, AI_ADDRCONFIG).
        if !addresses.contains(&resolved) {
            addresses.push(resolved);
        }
        if addresses.len() == MOST_ADDRESSES {
            break;
        }
    }
    Ok(addresses)
}

/// The port of a service, from /etc/services or wherever nsswitch has it.
pub fn lookup_service(name: &str, transport: Transport) -> Option<u16> {
    let socktype = match transport {
        Transport::Udp => libc::SOCK_DGRAM,
        _ => libc::SOCK_STREAM,
    };
    let hints = AddrInfoHints { socktype, ..AddrInfoHints::default() };
    let mut answers = getaddrinfo(None, Some(name), Some(hints)).ok()?;
    answers.find_map(Result::ok).map(|answer| answer.sockaddr.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_unknown_codes_are_answered_without_a_name_server() {
        let v4 = lookup_host("127.0.0.1", None).unwrap();
        assert_eq!(v4, [Resolved { address: "127.0.0.1".parse().unwrap(), scope: None }]);
        let wrong_family = lookup_host("127.0.0.1", Some(Family::V6)).unwrap_err();
        assert_eq!(wrong_family.eai, "EAI_ADDRFAMILY");
        assert!(lookup_host("nul\0byte", None).is_err());
    }
}
