//! Sysctls, read from /proc/sys.

use std::fs;
use std::io;

fn read_number<T: std::str::FromStr>(path: &str) -> io::Result<T> {
    let text = fs::read_to_string(path)?;
    text.trim().parse().map_err(|_| io::Error::other(format!("{path} holds no number")))
}

/// The ids of the processes that can be seen, as /proc lists them. Nothing is looked up about any of them.
///
/// # Errors
/// /proc can't be read.
pub(super) fn processes() -> io::Result<impl Iterator<Item = i32>> {
    let number = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    Ok(fs::read_dir("/proc")?.filter_map(number))
}

/// `net.ipv4.ip_unprivileged_port_start`: ports below it need `CAP_NET_BIND_SERVICE` (both families).
///
/// # Errors
/// The file can't be read.
pub fn unprivileged_port_start() -> io::Result<u16> {
    read_number("/proc/sys/net/ipv4/ip_unprivileged_port_start")
}

/// `net.ipv6.conf.DEV.disable_ipv6`; `true` as well where the kernel, or the device, has no IPv6 at all.
///
/// # Errors
/// The file can't be read.
pub fn ipv6_disabled(device: &str) -> io::Result<bool> {
    is_name_of_device(device)?;
    match read_number::<u8>(&format!("/proc/sys/net/ipv6/conf/{device}/disable_ipv6")) {
        Ok(number) => Ok(number != 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::exists("/proc/sys/net")? => Ok(true),
        Err(error) => Err(error),
    }
}

/// `ignore_routes_with_linkdown`, of either family: whether routes over a device without carrier are taken for dead
/// (`IN_DEV_IGNORE_ROUTES_WITH_LINKDOWN`, include/linux/inetdevice.h; `ip6_ignore_linkdown`, include/net/addrconf.h).
///
/// # Errors
/// None of the files can be read.
pub fn routes_need_carrier(device: &str) -> io::Result<bool> {
    is_name_of_device(device)?;
    let switches = ["ipv4/conf/all".to_owned(), format!("ipv4/conf/{device}"), format!("ipv6/conf/{device}")];
    let mut known = Err(io::Error::from(io::ErrorKind::NotFound));
    for switch in switches {
        match read_number::<u8>(&format!("/proc/sys/net/{switch}/ignore_routes_with_linkdown")) {
            Ok(0) => known = Ok(false),
            Ok(_) => return Ok(true),
            Err(error) if known.is_err() => known = Err(error),
            Err(_) => {}
        }
    }
    known
}

/// Device names hold no slash (dev_valid_name, net/core/dev.c); one that does is not looked up.
fn is_name_of_device(device: &str) -> io::Result<()> {
    if device.contains('/') || device.starts_with('.') {
        return Err(io::Error::other("not a device's name"));
    }
    Ok(())
}

/// `net.ipv4.ip_local_port_range`: the first and the last ephemeral port, of both families.
///
/// # Errors
/// The file can't be read, or holds something else.
pub fn local_port_range() -> io::Result<(u16, u16)> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")?;
    port_range(&text).ok_or_else(|| io::Error::other("ip_local_port_range holds no range"))
}

pub(super) fn port_range(text: &str) -> Option<(u16, u16)> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(last))) if first <= last => Some((first, last)),
        _ => None,
    }
}

/// How many ports from `first` to `last` `net.ipv4.ip_local_reserved_ports` keeps out.
///
/// # Errors
/// The file can't be read.
pub fn reserved_ports(first: u16, last: u16) -> io::Result<u32> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports")?;
    Ok(count_reserved(&text, first, last))
}

/// `80,1000-1010`: ports and ranges.
pub(super) fn count_reserved(text: &str, first: u16, last: u16) -> u32 {
    text.trim()
        .split(',')
        .filter_map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (from, to) =
                (from.trim().parse::<u16>().ok()?.max(first), to.trim().parse::<u16>().ok()?.min(last));
            (from <= to).then(|| u32::from(to.saturating_sub(from)).saturating_add(1))
        })
        .fold(0, u32::saturating_add)
}

/// `RLIMIT_NOFILE`, the soft one: how many descriptors this process may have. Needs none itself.
///
/// # Errors
/// The errno of `getrlimit`.
pub fn descriptor_limit() -> io::Result<u64> {
    let (soft, _) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?;
    Ok(soft)
}

/// Raises the soft `RLIMIT_NOFILE` to the hard one, and tells what it is now.
///
/// # Errors
/// The errno of `getrlimit` or `setrlimit`.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(hard)
}

/// `Seccomp` of /proc/self/status (proc_pid_status(5)): 0 off, 1 strict, 2 filter.
///
/// # Errors
/// The file can't be read, or does not say.
pub fn seccomp_mode() -> io::Result<u8> {
    let text = fs::read_to_string("/proc/self/status")?;
    seccomp_of(&text).ok_or_else(|| io::Error::other("/proc/self/status does not say"))
}

pub(super) fn seccomp_of(text: &str) -> Option<u8> {
    text.lines().find_map(|line| line.strip_prefix("Seccomp:")?.trim().parse().ok())
}

/// `SigIgn` of /proc/self/status (proc_pid_status(5)): bit n - 1 is set where signal n is ignored.
///
/// # Errors
/// The file can't be read, or does not say.
pub fn ignored_signals() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let mask = text.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .ok_or_else(|| io::Error::other("/proc/self/status does not say"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_ports_are_counted_inside_the_range() {
        assert_eq!(count_reserved("", 32768, 60999), 0);
        assert_eq!(count_reserved("40000,50000-50009,70000", 32768, 60999), 11);
        assert_eq!(count_reserved("1-65535\n", 40000, 40003), 4);
        assert_eq!(count_reserved("80,443,x-y", 40000, 40003), 0);
    }

    #[test]
    fn this_process_has_a_limit_and_a_range() {
        assert!(descriptor_limit().unwrap() > 0);
        let (first, last) = local_port_range().unwrap();
        assert!(first > 0 && first <= last);
        assert!(seccomp_mode().unwrap() <= 2);
        // The standard library ignores SIGPIPE (13), and nobody SIGKILL (9).
        assert_eq!(ignored_signals().unwrap() >> 12 & 1, 1);
        assert_eq!(ignored_signals().unwrap() >> 8 & 1, 0);
    }
}
