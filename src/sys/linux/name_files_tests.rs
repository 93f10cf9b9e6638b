use super::*;

fn lines(text: &str, name: &str) -> Vec<(u32, String)> {
    hosts_lines(text, name).into_iter().map(|line| (line.line, line.address.to_string())).collect()
}

#[test]
fn lines_of_the_hosts_file_are_found_as_nss_files_finds_them() {
    let text = "# foo\n198.51.100.1 Foo alias # tail\n 198.51.100.2\tlead\r\n198.51.100.3 crlf\r\n\
                fe80::1%lo scoped\n127.1 short\n010.0.0.1 octal\n2001:db8::1 both\n198.51.100.9 x both\n\
                198.51.100.10 dotted.\n::ffff:198.51.100.4 mapped\n198.51.100.7#cut\n198.51.100.5\n\n\
                198.51.100.11 last";
    let expected: &[(&str, &[(u32, &str)])] = &[
        ("foo", &[(2, "198.51.100.1")]),
        ("FOO", &[(2, "198.51.100.1")]),
        ("alias", &[(2, "198.51.100.1")]),
        ("tail", &[]),
        ("foo.", &[]),
        ("lead", &[(3, "198.51.100.2")]),
        ("crlf", &[(4, "198.51.100.3")]),
        ("scoped", &[]),
        ("short", &[]),
        ("octal", &[]),
        ("both", &[(8, "2001:db8::1"), (9, "198.51.100.9")]),
        ("dotted.", &[(10, "198.51.100.10")]),
        ("dotted", &[]),
        ("mapped", &[(11, "::ffff:198.51.100.4")]),
        ("cut", &[]),
        ("198.51.100.5", &[]),
        ("last", &[(15, "198.51.100.11")]),
        ("", &[]),
    ];
    for (name, found) in expected {
        let found: Vec<_> = found.iter().map(|(line, address)| (*line, (*address).to_owned())).collect();
        assert_eq!(lines(text, name), found, "{name}");
    }
    assert_eq!(hosts_lines(&"::1 a\n".repeat(100), "a").len(), 64);
}

fn shown(text: &str) -> String {
    let one = |source: NameSource| match source.action {
        Some(action) => format!("{}[{action}]", source.name),
        None => source.name,
    };
    sources(text).into_iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_hosts_line_is_read_as_glibc_reads_it() {
    for (text, expected) in [
        ("", "files dns"),
        ("passwd: files\n", "files dns"),
        ("hosts: dns\nhosts: files\n", "files"),
        ("hosts: dns", "files dns"),
        ("hosts dns\n", "dns"),
        ("  hosts : dns\r\n", "dns"),
        ("Hosts: dns\n", "files dns"),
        ("#hosts: dns\n", "files dns"),
        ("hosts: dns # files\n", "dns # files"),
        ("hosts: dns # [BAD=x]\n", ""),
        ("hosts: dns [FOO=return] files\n", ""),
        ("hosts: dns\npasswd: files [FOO=return]\n", ""),
        ("hosts: dns\nsudoers: files [FOO=return]\n", "dns"),
        ("hosts:\n", ""),
        ("hosts\n", ""),
        ("hosts: a[!SUCCESS=continue]dns\n", "a[!SUCCESS=continue] dns"),
        ("hosts: a [ notfound = return\t!UNAVAIL=merge ] dns\n", "a[notfound = return !UNAVAIL=merge] dns"),
        ("hosts: a [UNAVAIL=continue] [NOTFOUND=return] dns\n", "a[UNAVAIL=continue]"),
        ("hosts: dns [NOTFOUND=return\n", ""),
        ("hosts: dns []\n", ""),
        ("hosts: [NOTFOUND=return] dns\n", ""),
        ("hosts: a\u{1b}b\n", r"a\u{1b}b"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
    assert_eq!(sources(&format!("hosts:{}\n", " x".repeat(500))).len(), 32);
}

#[test]
fn a_line_that_names_a_server_and_is_skipped_is_remembered() {
    let rows = [
        ("nameserver 198.51.100.1\n", None),
        ("# nameserver 198.51.100.1\n; nameserver 198.51.100.1\n", None),
        ("search a\nnameserver 198.51.100.1\r\n", Some(2)),
        ("\u{feff}nameserver 198.51.100.1\n", Some(1)),
        ("\n\t nameserver 198.51.100.1\n", Some(2)),
        ("nameserver\n", Some(1)),
        ("nameserver dns.example\nnameserver 1.2.3.4.5\n", Some(1)),
    ];
    for (text, line) in rows {
        assert_eq!(resolver(text).skipped_server, line, "{text:?}");
    }
}

fn resolver(text: &str) -> ResolverSettings {
    settings(Some(text), |_| None, || Some("own.example".to_owned()), |name| (name == "eth0").then_some(7))
}

#[test]
fn name_servers_are_the_first_three_that_are_addresses() {
    for (line, expected) in [
        ("nameserver 198.51.100.1\n", "198.51.100.1:53"),
        ("nameserver\t 198.51.100.1 junk", "198.51.100.1:53"),
        ("nameserver 127.2\n", "127.0.0.2:53"),
        ("nameserver 0177.0.0.0x2\n", "127.0.0.2:53"),
        ("nameserver 4294967295\n", "255.255.255.255:53"),
        ("nameserver 2001:db8::1\n", "[2001:db8::1]:53"),
        ("nameserver 2001:db8::1%eth0\n", "[2001:db8::1]:53"),
        ("nameserver fe80::1%eth0\n", "[fe80::1%7]:53"),
        ("nameserver fe80::1%3\n", "[fe80::1%3]:53"),
        ("nameserver fe80::1%nosuch\n", "[fe80::1]:53"),
        ("nameserver ff02::1%eth0\n", "[ff02::1%7]:53"),
        ("nameserver 198.51.100.1\r\n", ""),
        ("nameserver 198.51.100.1#53\n", ""),
        ("nameserver 1.2.3.256\n", ""),
        ("nameserver 1.2.3.4.5\n", ""),
        ("nameserver 08.1\n", ""),
        ("nameserver +1.2\n", ""),
        ("nameserver 0x+1.2\n", ""),
        ("nameserver \n", ""),
        (" nameserver 198.51.100.1\n", ""),
        ("Nameserver 198.51.100.1\n", ""),
        ("nameservers 198.51.100.1\n", ""),
        (";nameserver 198.51.100.1\n", ""),
    ] {
        let shown: Vec<_> = resolver(line).servers.iter().map(ToString::to_string).collect();
        assert_eq!(shown.join(" "), expected, "{line:?}");
    }
    assert_eq!(resolver(&"nameserver ::1\n".repeat(9)).servers.len(), 3);
}

#[test]
fn search_lists_come_from_the_last_line_the_environment_or_the_own_name() {
    for (text, expected) in [
        ("", "own.example"),
        ("search a.example b.example # c\n", "a.example b.example # c"),
        ("search a.example\nsearch b.example\n", "b.example"),
        ("search a.example\ndomain b.example c.example\n", "b.example"),
        ("search a.example\nsearch \ndomain\t\n", "a.example"),
        ("search . .a.example b.example.\n", ". a.example b.example."),
        ("search a.example\r\n", r"a.example\u{d}"),
        ("Search a.example\n search b.example\n", "own.example"),
    ] {
        assert_eq!(resolver(text).search.join(" "), expected, "{text:?}");
    }
    let with_env = |value: &str| {
        let env = |name: &str| (name == "LOCALDOMAIN").then(|| value.to_owned());
        settings(Some("search a.example\n"), env, || None, |_| None).search.join(" ")
    };
    assert_eq!(with_env("l.example\t m.example \nn.example"), "l.example m.example");
    assert_eq!(with_env(""), ".");
    assert_eq!(with_env(" l.example"), ". l.example");
    let missing = settings(None, |_| None, || Some(String::new()), |_| None);
    assert_eq!(missing, ResolverSettings { search: vec![".".to_owned()], ..ResolverSettings::default() });
    assert_eq!(resolver(&format!("search{}\n", " d".repeat(500))).search.len(), 32);
}

#[test]
fn options_are_capped_and_cast_as_in_c() {
    for (options, expected) in [
        ("rotate", (1, 5, 2)),
        ("ndots:3 timeout:2\tattempts:1", (3, 2, 1)),
        ("ndots:99 timeout:99 attempts:99", (15, 30, 5)),
        ("ndots:-1 timeout:-3 attempts:-1", (15, 1, 0)),
        ("ndots:0 timeout:0 attempts:0", (0, 1, 0)),
        ("ndots:abc", (0, 5, 2)),
        ("ndots:2x,timeout:9", (2, 5, 2)),
        ("ndots: 2", (2, 5, 2)),
        ("ndots:4294967298", (2, 5, 2)),
        ("ndots:99999999999999999999", (15, 5, 2)),
        ("xndots:4 NDOTS:4 ndots:7", (7, 5, 2)),
        ("ndots:4\r", (4, 5, 2)),
    ] {
        let found = resolver(&format!("options {options}\n"));
        assert_eq!((found.ndots, found.timeout_s, found.attempts), expected, "{options:?}");
    }
    let env = |name: &str| (name == "RES_OPTIONS").then(|| "ndots:3".to_owned());
    assert_eq!(settings(Some("options ndots:2\n"), env, || None, |_| None).ndots, 3);
}

#[test]
fn names_are_searched_in_the_order_of_res_search() {
    let names = |name: &str, text: &str| search_names(name, &resolver(text)).join(" ");
    let one = "search a.example\n";
    assert_eq!(names("h", one), "h.a.example h");
    assert_eq!(names("h.x", one), "h.x h.x.a.example");
    assert_eq!(names("h.", one), "h");
    assert_eq!(names("h..", one), "");
    assert_eq!(names("h..x", one), "");
    assert_eq!(names(".", one), "");
    assert_eq!(names("", one), "");
    assert_eq!(names("h.x", "search a.example\noptions ndots:2\n"), "h.x.a.example h.x");
    assert_eq!(names("h", "search a.example\noptions ndots:0\n"), "h h.a.example");
    assert_eq!(names("h", "search . a.example\n"), "h h.a.example");
    assert_eq!(names("h", "search .a.example b.example.\n"), "h.a.example h.b.example h");
    assert_eq!(names("h", "search a.example\r\n"), "h");
    assert_eq!(names("h", "search a..b c.example\n"), "h");
    assert_eq!(names("h", "search .. c.example\n"), "h");
    assert_eq!(names("h", "search . c.example . c.example\n"), "h h.c.example");
    let long = format!("search {0}.{0}.{0}.{0} b.example\n", "y".repeat(60));
    assert_eq!(names("hhhhhhhhhhhh", &long), "hhhhhhhhhhhh");
    assert_eq!(names(&"x".repeat(64), one), "");
    let many: String = (0..500).map(|number| format!(" d{number}")).collect();
    assert_eq!(search_names("h", &resolver(&format!("search{many}\n"))).len(), 33);
}

#[test]
fn files_are_read_to_a_bound_and_a_missing_one_is_empty() {
    assert_eq!(read("/nonexistent/file").unwrap(), None);
    assert_eq!(read("/dev/zero").unwrap().unwrap().len() as u64, MOST_BYTES);
    assert!(read("/").is_err());
    let files = name_files("no-such-name.example");
    assert!(files.hosts.was_asked() && files.sources.was_asked() && files.resolver.was_asked());
}
