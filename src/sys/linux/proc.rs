//! Sysctls, read from /proc/sys.

use std::fs;
use std::io;

fn read_number<T: std::str::FromStr>(path: &str) -> io::Result<T> {
    let text = fs::read_to_string(path)?;
    text.trim().parse().map_err(|_| io::Error::other(format!("{path} holds no number")))
}

/// `net.ipv4.ip_unprivileged_port_start`: ports below it need `CAP_NET_BIND_SERVICE` (both families).
///
/// # Errors
/// The file can't be read.
pub fn unprivileged_port_start() -> io::Result<u16> {
    read_number("/proc/sys/net/ipv4/ip_unprivileged_port_start")
}

/// `net.ipv6.conf.DEV.disable_ipv6`; `true` as well where the kernel has no IPv6 at all.
///
/// # Errors
/// The file can't be read.
pub fn ipv6_disabled(device: &str) -> io::Result<bool> {
    // Device names hold no slash (dev_valid_name, net/core/dev.c); one that does is not looked up.
    if device.contains('/') || device.starts_with('.') {
        return Err(io::Error::other("not a device's name"));
    }
    match read_number::<u8>(&format!("/proc/sys/net/ipv6/conf/{device}/disable_ipv6")) {
        Ok(number) => Ok(number != 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::exists("/proc/sys/net")? => Ok(true),
        Err(error) => Err(error),
    }
}
