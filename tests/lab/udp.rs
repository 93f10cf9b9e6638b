//! Services over UDP: one that returns everything, one that keeps silent, and two that speak their protocol alone.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::service::Behaviour;

/// RFC 5905: a header without extensions; the modes of who asks and who answers, and version 4.
const NTP_LENGTH: usize = 48;
const NTP_MODE: u8 = 0x07;
const NTP_CLIENT: u8 = 3;
const NTP_SERVER: u8 = 0x24;
/// RFC 8489: a header, the type of a request and of its answer, and the cookie in every message.
const STUN_LENGTH: usize = 20;
const STUN_REQUEST: [u8; 2] = [0x00, 0x01];
const STUN_SUCCESS: [u8; 2] = [0x01, 0x01];
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// What fits a datagram over IPv4, and how many of them make a flood.
const LARGEST: usize = 65_507;
const FLOOD: usize = 1000;

/// Whether a service is one over UDP.
pub(crate) const fn is_udp(does: Behaviour) -> bool {
    matches!(
        does,
        Behaviour::UdpEcho
            | Behaviour::UdpSilent
            | Behaviour::UdpFlood
            | Behaviour::UdpOtherPort
            | Behaviour::UdpNtp
            | Behaviour::UdpStun
    )
}

/// Serves until the process ends.
pub(crate) fn serve(socket: &UdpSocket, does: Behaviour) -> Result<(), String> {
    let mut buffer = [0; 2048];
    loop {
        let (length, peer) = socket.recv_from(&mut buffer).map_err(|error| format!("udp: {error}"))?;
        let asked = buffer.get(..length).unwrap_or_default();
        let answer = match does {
            Behaviour::UdpEcho => Some(asked.to_vec()),
            Behaviour::UdpFlood => {
                for _ in 1..FLOOD {
                    let _ = socket.send_to(&[0x1b; LARGEST], peer);
                }
                Some(vec![0x1b; LARGEST])
            }
            Behaviour::UdpOtherPort => {
                let any = SocketAddr::new(own(socket)?, 0);
                let other = UdpSocket::bind(any).map_err(|error| format!("udp: {error}"))?;
                let _ = other.send_to(asked, peer);
                None
            }
            Behaviour::UdpNtp => ntp(asked),
            Behaviour::UdpStun => stun(asked),
            _ => None,
        };
        if let Some(answer) = answer {
            // The one who asked may be gone.
            let _ = socket.send_to(&answer, peer);
        }
    }
}

fn own(socket: &UdpSocket) -> Result<IpAddr, String> {
    socket.local_addr().map(|address| address.ip()).map_err(|error| format!("udp: {error}"))
}

/// Stratum 1, and the time of transmission that the question had as its origin; no clock.
fn ntp(asked: &[u8]) -> Option<Vec<u8>> {
    let is_question = asked.first().is_some_and(|first| first & NTP_MODE == NTP_CLIENT);
    let sent = asked.get(40..NTP_LENGTH).filter(|_| is_question)?;
    let mut answer = vec![NTP_SERVER, 1];
    answer.resize(24, 0);
    answer.extend(sent);
    answer.extend([0xee; 16]);
    Some(answer)
}

/// The same transaction, and no attribute.
fn stun(asked: &[u8]) -> Option<Vec<u8>> {
    let header = asked.get(..STUN_LENGTH).filter(|header| header.starts_with(&STUN_REQUEST))?;
    let rest = header.get(4..).filter(|rest| rest.starts_with(&STUN_COOKIE))?;
    let mut answer = STUN_SUCCESS.to_vec();
    answer.extend([0, 0]);
    answer.extend(rest);
    Some(answer)
}
