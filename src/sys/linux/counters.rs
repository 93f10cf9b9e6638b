//! The network namespace's counters: /proc/net/snmp, /proc/net/snmp6, /proc/net/netstat (proc_pid_net(5)), and
//! /proc/net/xfrm_stat (Documentation/networking/xfrm_proc.rst).

use crate::model::{Counters, DevicePackets, Family};
use nix::net::if_::if_indextoname;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Which counters to read: each file costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum CounterSet {
    /// TCP's, the family's, and what the loopback device carries.
    Ip,
    /// And what UDP had no socket for, and IPsec no security association.
    Udp,
    /// What listeners, the reverse path filter and IPsec drop.
    All,
}

/// More bytes than this of one file are not read.
const MOST_BYTES: usize = 256 << 10;

/// The files that hold the counters, kept open to be read again.
#[derive(Debug)]
pub struct CounterFiles {
    family: Family,
    set: CounterSet,
    snmp: File,
    snmp6: Option<File>,
    netstat: Option<File>,
    /// A kernel without IPsec, or without its counters, has none.
    ipsec: Option<File>,
    devices: File,
}

impl CounterFiles {
    /// Opens the files that a family's counters are in.
    ///
    /// # Errors
    /// One can't be opened.
    pub fn open(family: Family, set: CounterSet) -> io::Result<CounterFiles> {
        let open_if = |wanted: bool, path: &str| wanted.then(|| File::open(path)).transpose();
        Ok(CounterFiles {
            family,
            set,
            snmp: File::open("/proc/net/snmp")?,
            snmp6: open_if(family == Family::V6, "/proc/net/snmp6")?,
            netstat: open_if(set == CounterSet::All, "/proc/net/netstat")?,
            ipsec: if set == CounterSet::Ip { None } else { File::open("/proc/net/xfrm_stat").ok() },
            devices: File::open("/proc/net/dev")?,
        })
    }

    /// Reads the counters that tell where packets of the family end; those left out are 0.
    ///
    /// # Errors
    /// A file can't be read, or lacks what every kernel has.
    pub fn read(&self) -> io::Result<Counters> {
        let mut piece = [0; PIECE];
        let (family, set) = (self.family, self.set);
        let snmp = whole(&self.snmp, &mut piece)?;
        let mut read_if = |file: &Option<File>| match file {
            Some(file) => whole(file, &mut piece),
            None => Ok(String::new()),
        };
        let (snmp6, netstat, ipsec) = (read_if(&self.snmp6)?, read_if(&self.netstat)?, read_if(&self.ipsec)?);
        let devices = until(&self.devices, &mut piece, |text, _| loopback_out(text).is_some())?;
        // A counter that is missing must not be taken for one that stood still.
        let missing = |what: &str| io::Error::other(format!("no {what} among the counters"));
        Pairs::of(&snmp, "Tcp:").number("OutRsts").ok_or_else(|| missing("OutRsts"))?;
        loopback_out(&devices).ok_or_else(|| missing("lo"))?;
        let tables =
            Tables { snmp: &snmp, snmp6: &snmp6, netstat: &netstat, ipsec: &ipsec, devices: &devices };
        let all = read(family, &tables);
        Ok(Counters { udp_no_ports: all.udp_no_ports.filter(|_| set != CounterSet::Ip), ..all })
    }
}

/// Reads the counters once.
///
/// # Errors
/// A file can't be read.
pub fn counters(family: Family, set: CounterSet) -> io::Result<Counters> {
    CounterFiles::open(family, set)?.read()
}

/// What a device has carried so far. rtnetlink tells it under a lock, these files under none (`dev_seq_show`,
/// net/core/net-procfs.c).
///
/// `None` where they do not tell it of this device.
///
/// # Errors
/// There are no such files.
pub fn device_packets(index: u32) -> io::Result<Option<DevicePackets>> {
    let devices = File::open("/proc/net/dev")?;
    let told = || {
        let name = if_indextoname(index).ok()?;
        let name = name.to_str().ok()?;
        let mut piece = [0; PIECE];
        let devices = until(&devices, &mut piece, |text, _| carried(text, name).is_some()).ok()?;
        let of_ipv6 = match File::open(format!("/proc/net/dev_snmp6/{name}")) {
            Ok(file) => whole(&file, &mut piece).ok()?,
            // A device without IPv6 has none.
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(_) => return None,
        };
        packets(&devices, &of_ipv6, name)
    };
    Ok(told())
}

/// What the two files say of a device.
pub(super) fn packets(devices: &str, of_ipv6: &str, name: &str) -> Option<DevicePackets> {
    let (received, sent) = carried(devices, name)?;
    let received_ipv6 = in_column(of_ipv6, "Ip6InReceives").and_then(|count| u64::try_from(count).ok());
    let sent_ipv6 = in_column(of_ipv6, "Ip6OutTransmits").and_then(|count| u64::try_from(count).ok());
    Some(DevicePackets {
        received,
        received_ipv6: received_ipv6.unwrap_or(0),
        sent,
        sent_ipv6,
        read_ms: None,
    })
}

/// The files' text; empty where one is not read.
pub(super) struct Tables<'a> {
    pub(super) snmp: &'a str,
    pub(super) snmp6: &'a str,
    pub(super) netstat: &'a str,
    pub(super) ipsec: &'a str,
    pub(super) devices: &'a str,
}

/// All counters; 0 where one is not there.
pub(super) fn read(family: Family, tables: &Tables) -> Counters {
    let Tables { snmp, snmp6, netstat, ipsec, devices } = *tables;
    Counters {
        loopback_out: loopback_out(devices).unwrap_or(0),
        udp_no_ports: udp_no_ports(family, snmp, snmp6),
        ipsec_unmet: in_column(ipsec, "XfrmOutNoStates"),
        ..parse(family, snmp, snmp6, netstat)
    }
}

/// What is read at one go; /proc/net/snmp has some 1,400 bytes.
const PIECE: usize = 2048;

/// A file that the kernel writes as one record (`single_open_net`), to its end: a piece that is not full is the last.
/// Reading at 0 makes the kernel write it anew (`seq_read_iter`, fs/seq_file.c).
fn whole(file: &File, piece: &mut [u8; PIECE]) -> io::Result<String> {
    until(file, piece, |_, full| !full)
}

/// A file up to where a caller has what it needs: asked after each piece that ends with a whole line, and told whether
/// the piece was full.
fn until(file: &File, piece: &mut [u8; PIECE], enough: impl Fn(&str, bool) -> bool) -> io::Result<String> {
    let mut text = String::new();
    while text.len() < MOST_BYTES {
        let length = match file.read_at(piece, text.len() as u64) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        // Plain ASCII; whatever else it is has no counter in it.
        let read = piece.get(..length).and_then(|read| str::from_utf8(read).ok());
        text.push_str(read.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?);
        if text.ends_with('\n') && enough(&text, length == PIECE) {
            break;
        }
    }
    Ok(text)
}

fn parse(family: Family, snmp: &str, snmp6: &str, netstat: &str) -> Counters {
    let (ip, tcp) = (Pairs::of(snmp, "Ip:"), Pairs::of(snmp, "Tcp:"));
    let extended = Pairs::of(netstat, "TcpExt:");
    let ip = |v4: &str, v6: &str| match family {
        Family::V4 => ip.number(v4),
        Family::V6 => in_column(snmp6, v6),
    };
    let or_zero = |value: Option<i64>| value.unwrap_or(0);
    Counters {
        in_receives: or_zero(ip("InReceives", "Ip6InReceives")),
        in_multicast: match family {
            Family::V4 => ["InMcastPkts", "InBcastPkts"]
                .iter()
                .filter_map(|name| Pairs::of(netstat, "IpExt:").number(name))
                .fold(0, i64::saturating_add),
            Family::V6 => or_zero(in_column(snmp6, "Ip6InMcastPkts")),
        },
        in_delivers: or_zero(ip("InDelivers", "Ip6InDelivers")),
        forwarded: or_zero(ip("ForwDatagrams", "Ip6OutForwDatagrams")),
        out_requests: or_zero(ip("OutRequests", "Ip6OutRequests")),
        out_transmits: ip("OutTransmits", "Ip6OutTransmits"),
        out_resets: or_zero(tcp.number("OutRsts")),
        udp_no_ports: None,
        in_segments: or_zero(tcp.number("InSegs")),
        listen_overflows: or_zero(extended.number("ListenOverflows")),
        reverse_path_filter: or_zero(extended.number("IPReversePathFilter")),
        loopback_out: 0,
        ipsec_unmet: None,
        in_address_errors: ip("InAddrErrors", "Ip6InAddrErrors"),
        in_checksum_errors: tcp.number("InCsumErrors"),
    }
}

fn udp_no_ports(family: Family, snmp: &str, snmp6: &str) -> Option<i64> {
    match family {
        Family::V4 => Pairs::of(snmp, "Udp:").number("NoPorts"),
        Family::V6 => in_column(snmp6, "Udp6NoPorts"),
    }
}

/// `Tcp: InSegs OutSegs` above `Tcp: 12 34`.
struct Pairs<'a> {
    names: &'a str,
    values: &'a str,
}

impl<'a> Pairs<'a> {
    fn of(text: &'a str, group: &str) -> Pairs<'a> {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(group));
        Pairs { names: lines.next().unwrap_or_default(), values: lines.next().unwrap_or_default() }
    }

    fn number(&self, name: &str) -> Option<i64> {
        let place = self.names.split_ascii_whitespace().position(|word| word == name)?;
        self.values.split_ascii_whitespace().nth(place)?.parse().ok()
    }
}

/// `Ip6InReceives    12`.
fn in_column(text: &str, name: &str) -> Option<i64> {
    text.lines()
        .filter_map(|line| line.split_once(char::is_whitespace))
        .find(|(word, _)| *word == name)
        .and_then(|(_, value)| value.trim().parse().ok())
}

/// Packets sent by `lo`.
fn loopback_out(devices: &str) -> Option<i64> {
    carried(devices, "lo").and_then(|(_, sent)| i64::try_from(sent).ok())
}

/// Packets received and sent by a device: the second of eight numbers, twice (`dev_seq_printf_stats`,
/// net/core/net-procfs.c).
fn carried(devices: &str, name: &str) -> Option<(u64, u64)> {
    let numbers = devices.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(':'))?;
    let number = |place| numbers.split_ascii_whitespace().nth(place)?.parse().ok();
    Some((number(1)?, number(9)?))
}

/// What happened between two readings.
pub fn difference(before: &Counters, after: &Counters) -> Counters {
    let between = |after: Option<i64>, before: Option<i64>| {
        after.zip(before).map(|(after, before)| after.saturating_sub(before))
    };
    let risen = |after, before| between(after, before).filter(|difference| *difference != 0);
    Counters {
        in_receives: after.in_receives.saturating_sub(before.in_receives),
        in_multicast: after.in_multicast.saturating_sub(before.in_multicast),
        in_delivers: after.in_delivers.saturating_sub(before.in_delivers),
        forwarded: after.forwarded.saturating_sub(before.forwarded),
        out_requests: after.out_requests.saturating_sub(before.out_requests),
        out_transmits: between(after.out_transmits, before.out_transmits),
        out_resets: after.out_resets.saturating_sub(before.out_resets),
        udp_no_ports: between(after.udp_no_ports, before.udp_no_ports),
        in_segments: after.in_segments.saturating_sub(before.in_segments),
        listen_overflows: after.listen_overflows.saturating_sub(before.listen_overflows),
        reverse_path_filter: after.reverse_path_filter.saturating_sub(before.reverse_path_filter),
        loopback_out: after.loopback_out.saturating_sub(before.loopback_out),
        ipsec_unmet: risen(after.ipsec_unmet, before.ipsec_unmet),
        in_address_errors: risen(after.in_address_errors, before.in_address_errors),
        in_checksum_errors: risen(after.in_checksum_errors, before.in_checksum_errors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNMP: &str = "Ip: Forwarding InReceives ForwDatagrams InDelivers OutRequests OutTransmits\n\
                        Ip: 1 100 7 90 80 79\nIcmp: InMsgs\nIcmp: 3\n\
                        Tcp: InSegs OutRsts MaxConn\nTcp: 50 4 -1\n\
                        Udp: InDatagrams NoPorts\nUdp: 9 6\n";
    const NETSTAT: &str = "TcpExt: ListenOverflows IPReversePathFilter\nTcpExt: 2 1\nIpExt: InMcastPkts InOctets InBcastPkts\nIpExt: 1 9 1\n";

    #[test]
    fn counters_are_found_by_name() {
        let read = parse(Family::V4, SNMP, "", NETSTAT);
        assert_eq!((read.in_receives, read.in_delivers, read.forwarded), (100, 90, 7));
        assert_eq!((read.out_requests, read.out_transmits), (80, Some(79)));
        assert_eq!((read.out_resets, read.in_segments, read.listen_overflows), (4, 50, 2));
        assert_eq!((read.reverse_path_filter, read.udp_no_ports), (1, None));
        assert_eq!(udp_no_ports(Family::V4, SNMP, ""), Some(6));
        assert_eq!(udp_no_ports(Family::V6, SNMP, "Udp6NoPorts   \t3\n"), Some(3));
        assert_eq!((read.in_multicast, read.swallowed()), (2, 1));
        assert_eq!(
            in_column("XfrmOutBundleCheckError \t1\nXfrmOutNoStates         \t4\n", "XfrmOutNoStates"),
            Some(4)
        );
        let v6 = parse(Family::V6, SNMP, "Ip6InReceives   \t5\nIp6InDelivers 4\n", NETSTAT);
        assert_eq!((v6.in_receives, v6.in_delivers, v6.out_transmits, v6.out_resets), (5, 4, None, 4));
    }

    #[test]
    fn loopback_is_found_among_the_devices() {
        let dev = "Inter-|   Receive |  Transmit\n face |bytes packets\n  eth0: 9 9 0 0 0 0 0 0 9 8 0 0 0 0 0 0\n    \
                   lo: 4313 49 0 0 0 0 0 0 4313 47 0 0 0 0 0 0\n";
        assert_eq!(loopback_out(dev), Some(47));
        assert_eq!(loopback_out("lo: 1"), None);
        let of_ipv6 = "ifIndex                         \t2\nIp6InReceives                   \t3\n";
        let eth0 = packets(dev, of_ipv6, "eth0").unwrap();
        assert_eq!((eth0.received, eth0.received_ipv6, eth0.sent), (9, 3, 8));
        assert_eq!(packets(dev, "", "eth0").map(|packets| packets.received_ipv6), Some(0));
        assert_eq!(packets(dev, "", "eth"), None);
    }

    #[test]
    fn kept_files_are_written_anew_for_each_reading() {
        let files = CounterFiles::open(Family::V4, CounterSet::All).unwrap();
        let before = files.read().unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"x", socket.local_addr().unwrap()).unwrap();
        let between = difference(&before, &files.read().unwrap());
        assert!(between.loopback_out >= 1 && between.out_requests >= 1, "{between:?}");
    }

    #[test]
    fn any_text_is_read_without_a_panic() {
        for text in [
            "",
            "Ip:",
            "Ip: a\nIp:",
            "Ip: InReceives\nIp: x",
            "\n\n",
            "Tcp: OutRsts\nTcp: 99999999999999999999",
        ] {
            let _ = parse(Family::V4, text, text, text);
            let _ = parse(Family::V6, text, text, text);
        }
    }
}
