//! A name server as small as a test needs: one question, A or AAAA, answers from a table.
//!
//! Names that the table does not hold do not exist. Besides addresses, a name may have one of these words:
//! `servfail`, `refused` (that response code), `silent` (no response).

use std::collections::BTreeMap;
use std::net::{IpAddr, UdpSocket};

const HEADER: usize = 12;
const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;

const NOERROR: u8 = 0;
const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;
const REFUSED: u8 = 5;

pub(crate) type Zone = BTreeMap<String, Vec<String>>;

/// Answers questions until the process ends.
pub(crate) fn serve(socket: &UdpSocket, zone: &Zone) -> Result<(), String> {
    let mut buffer = [0; 1500];
    loop {
        let (length, peer) =
            socket.recv_from(&mut buffer).map_err(|error| format!("name server: {error}"))?;
        if let Some(response) = respond(buffer.get(..length).unwrap_or_default(), zone) {
            // The one who asked may be gone.
            let _ = socket.send_to(&response, peer);
        }
    }
}

/// The response to a query, or nothing where the name is to be silent or the query is none.
fn respond(query: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    let (name, end) = read_name(query)?;
    let kind = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
    let question = query.get(HEADER..end + 4)?;
    let entry = zone.get(&name);
    let (code, addresses) = match entry.map(Vec::as_slice) {
        None => (NXDOMAIN, Vec::new()),
        Some([word]) if word == "silent" => return None,
        Some([word]) if word == "servfail" => (SERVFAIL, Vec::new()),
        Some([word]) if word == "refused" => (REFUSED, Vec::new()),
        Some(addresses) => (NOERROR, of_kind(addresses, kind)),
    };
    let mut response = Vec::with_capacity(512);
    response.extend_from_slice(query.get(..2)?);
    // A response to a standard query, recursion desired and available.
    response.extend_from_slice(&[0x81, 0x80 | code]);
    let answers = u16::try_from(addresses.len()).ok()?;
    for count in [1, answers, 0, 0] {
        response.extend_from_slice(&count.to_be_bytes());
    }
    response.extend_from_slice(question);
    for address in addresses {
        // The name is that of the question, at offset 12; class IN; a minute to live.
        response.extend_from_slice(&[0xc0, 12]);
        response.extend_from_slice(&kind.to_be_bytes());
        response.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        response.extend_from_slice(&u16::try_from(bytes.len()).ok()?.to_be_bytes());
        response.extend_from_slice(&bytes);
    }
    Some(response)
}

/// The addresses that a question of this type is about.
fn of_kind(addresses: &[String], kind: u16) -> Vec<IpAddr> {
    addresses
        .iter()
        .filter_map(|text| text.parse().ok())
        .filter(|address: &IpAddr| match kind {
            TYPE_A => address.is_ipv4(),
            TYPE_AAAA => address.is_ipv6(),
            _ => false,
        })
        .collect()
}

/// The name asked for, in lower case and without a final dot, and where it ends.
fn read_name(query: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        at += length;
    }
}
