use super::*;

/// `destination<-source[/prefix%device flags]`; no source means no way there.
fn destination(text: &str) -> Destination {
    let (address, source) = text.split_once("<-").map_or((text, None), |(a, s)| (a, Some(s)));
    let mut held = Held { device_index: 1, prefix_len: 64, ..Held::default() };
    let mut known = true;
    let mut source = source.unwrap_or_default();
    while let Some((front, flag)) = source.rsplit_once('+') {
        match flag {
            "deprecated" => held.deprecated = true,
            "home" => held.home = true,
            "tunnel" => held.tunnel = true,
            "unknown" => known = false,
            _ => panic!("{flag}"),
        }
        source = front;
    }
    if let Some((front, bits)) = source.split_once('/') {
        held.prefix_len = bits.parse().unwrap();
        source = front;
    }
    let source: Option<IpAddr> = (!source.is_empty()).then(|| source.parse().unwrap());
    Destination { address: address.parse().unwrap(), held: source.filter(|_| known).map(|_| held), source }
}

fn ordered(destinations: &str, tables: &Tables) -> String {
    let list = destinations.split_whitespace().map(destination).collect();
    sort(list, tables).iter().map(|one| one.address.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_rule_decides_where_those_before_it_do_not() {
    let tables = Tables::read("");
    for (rule, destinations, expected) in [
        (1, "2001:db8::1 203.0.113.1<-198.51.100.1/24", "203.0.113.1 2001:db8::1"),
        (1, "203.0.113.1 2001:db8::1", "2001:db8::1 203.0.113.1"),
        (2, "2001:db8::1<-fe80::1 203.0.113.1<-198.51.100.1/24", "203.0.113.1 2001:db8::1"),
        (2, "203.0.113.1<-169.254.0.1/16 2001:db8::1<-2001:db8::2", "2001:db8::1 203.0.113.1"),
        (3, "2001:db8::1<-2001:db8::2+deprecated 203.0.113.1<-198.51.100.1/24", "203.0.113.1 2001:db8::1"),
        (4, "2001:db8::1<-2001:db8::2 2001:db8::9<-2001:db8::2+home", "2001:db8::9 2001:db8::1"),
        (5, "2001:db8::1<-fd00::2 203.0.113.1<-198.51.100.1/24", "203.0.113.1 2001:db8::1"),
        (5, "2001:db8::1<-2002:c633:6401::1 203.0.113.1<-198.51.100.1/24", "203.0.113.1 2001:db8::1"),
        (5, "2001:db8::1<-2001::1 203.0.113.1<-198.51.100.1/24", "203.0.113.1 2001:db8::1"),
        (6, "203.0.113.1<-198.51.100.1/24 2001:db8::1<-2001:db8::2", "2001:db8::1 203.0.113.1"),
        (6, "2002:c633:6402::1<-2002:c633:6401::1 2001:db8::1<-2001:db8::2", "2001:db8::1 2002:c633:6402::1"),
        // No precedence of its own for a unique local address.
        (6, "203.0.113.1<-198.51.100.1/24 fd00::1<-fd00::2", "fd00::1 203.0.113.1"),
        (7, "2001:db8::1<-2001:db8::2+tunnel 2001:db8::9<-2001:db8::2", "2001:db8::9 2001:db8::1"),
        (7, "203.0.113.1<-203.0.113.2+unknown 198.51.100.9<-198.51.100.1/24", "198.51.100.9 203.0.113.1"),
        (8, "203.0.113.1<-198.51.100.1/24 127.0.0.1<-127.0.0.1/8", "127.0.0.1 203.0.113.1"),
        (9, "2001:db8:1::1<-2001:db8:2::2 2001:db8:2::1<-2001:db8:2::2", "2001:db8:2::1 2001:db8:1::1"),
        (9, "203.0.113.1<-198.51.100.1/24 198.51.100.9<-198.51.100.1/24", "198.51.100.9 203.0.113.1"),
        (9, "198.51.100.9<-198.51.100.1/24 198.51.100.3<-198.51.100.1/24", "198.51.100.3 198.51.100.9"),
        // Outside of the subnet common bits count for nothing.
        (10, "203.0.113.1<-198.51.100.1/24 198.51.101.9<-198.51.100.1/24", "203.0.113.1 198.51.101.9"),
        (10, "2001:db8::2<-2001:db8::2 2001:db8::2<-2001:db8::2", "2001:db8::2 2001:db8::2"),
    ] {
        assert_eq!(ordered(destinations, &tables), expected, "rule {rule}: {destinations}");
    }
}

#[test]
fn gai_conf_replaces_the_tables_that_it_has_entries_for() {
    let default = Tables::read(
        "# nothing\nreload yes\nprecedence 10.0.0.0/8 4\nlabel ::/129 1\nlabel ::1/128 x\nlabel ::1 9\n",
    );
    assert_eq!(default, Tables::read(""));
    let v4_first = Tables::read("precedence ::ffff:0:0/96 100 # as in the man page\r\n");
    assert_eq!(v4_first.labels, LABELS);
    assert_eq!(v4_first.precedences.len(), 2);
    let pair = "2001:db8::1<-2001:db8::2 203.0.113.1<-198.51.100.1/24";
    assert_eq!(ordered(pair, &v4_first), "203.0.113.1 2001:db8::1");
    let empty_value = Tables::read("precedence ::/0\n");
    assert_eq!(empty_value.precedences, [entry(Ipv6Addr::UNSPECIFIED, 0, 0)]);
    assert_eq!(ordered(pair, &empty_value), "2001:db8::1 203.0.113.1");
    let scopes = Tables::read("scopev4 203.0.113.0/24 5\nscopev4 ::ffff:198.51.0.0/112 2\nscopev4 ::/0 3\n");
    let bits: Vec<_> = scopes.scopes.iter().map(|entry| (entry.bits, entry.value)).collect();
    assert_eq!(bits, [(120, 5), (112, 2), (96, 14)]);
    assert_eq!(Tables::read(&"label ::/0 1\n".repeat(1000)).labels.len(), 256);
}

#[test]
fn rules_without_a_total_order_do_not_panic() {
    // All have one precedence; between families only the order given counts.
    let tables = Tables::read("precedence ::/0 1\n");
    let list =
        "203.0.113.1<-198.51.100.1/24 2001:db8::1<-2001:db8::2 198.51.100.9<-198.51.100.1/24 ".repeat(40);
    assert_eq!(ordered(&list, &tables).split(' ').count(), 120);
}

#[test]
fn loopback_addresses_have_a_source_on_every_host() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let ordered = in_client_order(&[ip("127.0.0.1"), ip("127.0.0.2"), ip("127.0.0.1")]);
    assert_eq!(ordered.len(), 2);
    assert_eq!(in_client_order(&[]), []);
}
