//! A busy host: connections and datagrams that have nothing to do with the fault, and that move every counter
//! of their node.

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use socket2::SockRef;

use crate::topology::Family;

/// Rounds of some of each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Traffic {
    pub(crate) on: String,
    /// Connections to this listener or closed port, reset at once where they come about.
    #[serde(default)]
    pub(crate) connect: Vec<String>,
    /// Datagrams to this address.
    #[serde(default)]
    pub(crate) datagrams: Vec<String>,
    /// How many of each in a round.
    #[serde(default = "default_rate")]
    pub(crate) rate: u32,
    /// From the end of one round to the beginning of the next.
    #[serde(default = "default_pause")]
    pub(crate) every_ms: u64,
}

const fn default_rate() -> u32 {
    2
}

const fn default_pause() -> u64 {
    1
}

/// No run of whyconn takes longer.
const LASTING: Duration = Duration::from_secs(20);

/// Sends until the process ends, or [`LASTING`] is over. `ready` is told after the first round.
pub(crate) fn send(
    traffic: &Traffic,
    family: Family,
    ready: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let parsed = |texts: &[String]| -> Result<Vec<SocketAddr>, String> {
        texts.iter().map(|text| text.parse().map_err(|error| format!("{text}: {error}"))).collect()
    };
    let (listeners, sinks) = (parsed(&traffic.connect)?, parsed(&traffic.datagrams)?);
    let any = match family {
        Family::V4 => "0.0.0.0:0",
        Family::V6 => "[::]:0",
    };
    let datagrams = UdpSocket::bind(any).map_err(|error| format!("traffic: {error}"))?;
    let round = || {
        for _ in 0..traffic.rate {
            for listener in &listeners {
                // Reset, so that no port is left in TIME_WAIT; a closed port is traffic as well.
                if let Ok(stream) = TcpStream::connect_timeout(listener, Duration::from_millis(500)) {
                    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                }
            }
            for sink in &sinks {
                // An ICMP error about an earlier one is traffic as well.
                let _ = datagrams.send_to(b"lab", sink);
            }
        }
    };
    round();
    ready()?;
    let end = Instant::now() + LASTING;
    while Instant::now() < end {
        round();
        thread::sleep(Duration::from_millis(traffic.every_ms));
    }
    Ok(())
}
