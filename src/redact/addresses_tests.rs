use super::*;
use crate::model::covers;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn settled(met: &[&str], prefixes: &[(&str, u8)]) -> Map {
    let mut map = Map::default();
    for address in met {
        map.addresses.meet(ip(address));
    }
    for (address, length) in prefixes {
        let _ = map.prefix_of(ip(address), *length);
    }
    map.addresses.settle();
    map.settled = true;
    map
}

fn given(met: &[&str], prefixes: &[(&str, u8)]) -> Vec<String> {
    let map = settled(met, prefixes);
    met.iter().map(|address| map.addresses.of(ip(address)).to_string()).collect()
}

#[test]
fn addresses_are_numbered_as_they_come() {
    assert_eq!(
        given(&["10.9.8.7", "fd00::7", "172.16.0.1", "2a00::1", "10.9.8.7"], &[]),
        ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "192.0.2.1"]
    );
}

#[test]
fn every_kind_stays_what_it_is() {
    let same = ["127.0.0.1", "127.0.0.53", "127.0.1.1", "::1", "0.0.0.0", "::", "255.255.255.255"];
    assert_eq!(given(&same, &[]), same);
    let rows = [
        ("127.3.2.1", "127.0.0.2"),
        ("169.254.169.254", "169.254.0.1"),
        ("224.0.0.251", "233.252.0.1"),
        ("fe80::2aa:ff:fe11:2233", "fe80::1"),
        ("ff02::1:ff11:2233", "ff02::db8:0:1"),
        ("ff15::99", "ff05::db8:0:1"),
        ("::ffff:10.1.2.3", "::ffff:192.0.2.1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ];
    for (from, to) in rows {
        assert_eq!(given(&[from], &[]), [to], "{from}");
        assert_eq!(Kind::of(ip(from).to_canonical()), Kind::of(ip(to).to_canonical()));
    }
    assert_eq!(given(&["10.1.2.3", "::ffff:10.1.2.3"], &[]), ["192.0.2.1", "::ffff:192.0.2.1"]);
}

#[test]
fn an_address_lies_in_the_prefixes_in_which_it_lay() {
    let met = [
        "10.1.0.5",
        "10.1.0.1",
        "10.1.0.255",
        "10.2.0.1",
        "10.200.0.1",
        "172.16.3.3",
        "192.168.7.1",
        "192.168.7.2",
        "192.168.7.3",
        "192.168.7.0",
        "203.0.113.9",
        "2a00:1::5",
        "2a00:1::1",
        "2a00:1:2:3::1",
        "2a00:2::1",
        "fe80::5",
        "fe80:0:0:1::5",
    ];
    let prefixes = [
        ("10.1.0.5", 24),
        ("10.1.0.0", 16),
        ("10.0.0.0", 8),
        ("192.168.7.1", 30),
        ("203.0.113.9", 31),
        ("2a00:1::5", 64),
        ("2a00:1::", 32),
        ("2a00:2::1", 127),
        ("fe80::5", 64),
    ];
    let map = settled(&met, &prefixes);
    let mut all: Vec<IpAddr> = met.iter().map(|text| map.addresses.of(ip(text))).collect();
    for (network, length) in prefixes {
        let mut map = settled(&met, &prefixes);
        let (first, new) = map.prefix_of(ip(network), length);
        for address in met {
            let (was, is) =
                (covers(ip(network), length, ip(address)), covers(first, new, map.addresses.of(ip(address))));
            assert_eq!(was, is, "{address} in {network}/{length}, now {first}/{new}");
        }
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), met.len(), "two became one: {all:?}");
    // The ends of a network are nobody's.
    assert_eq!(map.addresses.of(ip("10.1.0.255")).to_string().rsplit('.').next(), Some("255"));
}

#[test]
fn the_next_range_follows_where_one_is_full() {
    let met: Vec<String> = (0..1500u16).map(|n| format!("10.0.{}.{}", n / 250, n % 250)).collect();
    let met: Vec<&str> = met.iter().map(String::as_str).collect();
    let mut given = given(&met, &[]);
    for (at, range) in
        [(0, "192.0.2."), (250, "198.51.100."), (500, "203.0.113."), (750, "198.18.0."), (1499, "198.18.2.")]
    {
        assert!(given[at].starts_with(range), "{}", given[at]);
    }
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 1500);
}

#[test]
fn a_prefix_is_replaced_in_text_too() {
    let mut map = settled(&["10.9.0.1"], &[("10.8.0.0", 15), ("10.9.0.1", 32)]);
    let mut prefix = |text: &str| map.prefix(Some(text.to_owned())).unwrap();
    assert_eq!(prefix("10.8.0.0/15"), "192.0.2.0/24");
    assert_eq!(prefix("10.9.0.1/32"), "192.0.2.1/32");
    for same in ["default", "0.0.0.0/0", "127.0.0.0/8", "fe80::/10", "ff00::/8"] {
        assert_eq!(prefix(same), same);
    }
    assert_eq!(prefix("somewhere"), "default");
}
