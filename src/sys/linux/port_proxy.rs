//! Container engines' port proxies: a process that accepts on a published port and connects to the container.
//!
//! Everybody may read its command line (proc_pid_cmdline(5)), though not its descriptors.

use super::owners::{MOST_PROCESSES, named};
use super::patience::Patience;
use super::proc::processes;
use crate::model::Process;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

/// Docker's; its command line names both ends.
const NAME: &str = "docker-proxy";

/// More of a command line is not read.
const MOST_BYTES: u64 = 4096;

/// The proxy that accepts on this address, and where it leads.
pub fn port_proxy(listening: SocketAddr) -> Option<(Process, SocketAddr)> {
    let patience = Patience::begin();
    for pid in processes().ok()?.take(MOST_PROCESSES) {
        if patience.is_over() {
            return None;
        }
        let Some(proxy) = named(pid).filter(|process| process.name == NAME) else { continue };
        let mut line = Vec::new();
        let Ok(file) = File::open(format!("/proc/{pid}/cmdline")) else { continue };
        if file.take(MOST_BYTES).read_to_end(&mut line).is_ok()
            && let Some(leads_to) = leads_to(&line, listening)
        {
            return Some((proxy, leads_to));
        }
    }
    None
}

/// `-host-ip A -host-port N -container-ip B -container-port M`, each word ended by a NUL.
pub(super) fn leads_to(line: &[u8], listening: SocketAddr) -> Option<SocketAddr> {
    let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let value = |name: &str| {
        let mut from_name = words.iter().skip_while(|word| word.trim_start_matches('-') != name);
        from_name.nth(1).map(|word| word.as_ref())
    };
    let host: IpAddr = value("host-ip")?.parse().ok()?;
    let port: u16 = value("host-port")?.parse().ok()?;
    if SocketAddr::new(host, port) != listening || value("proto").is_some_and(|proto| proto != "tcp") {
        return None;
    }
    Some(SocketAddr::new(value("container-ip")?.parse().ok()?, value("container-port")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_command_line_names_both_ends() {
        let words = "/usr/bin/docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port 8080 \
                     -container-ip 198.51.100.9 -container-port 80 -use-listen-fd";
        let line = words.split_ascii_whitespace().map(|word| format!("{word}\0")).collect::<String>();
        let line = line.as_bytes();
        let here = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(leads_to(line, here), Some("198.51.100.9:80".parse().unwrap()));
        assert_eq!(leads_to(line, "127.0.0.1:8081".parse().unwrap()), None);
        assert_eq!(leads_to(b"docker-proxy\0-host-port\0", here), None);
        assert_eq!(leads_to(b"", here), None);
    }
}
