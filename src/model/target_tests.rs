use super::*;

fn services(name: &str) -> Option<u16> {
    (name == "domain").then_some(53)
}

fn parse(input: &str) -> Result<(String, u16), TargetError> {
    Target::parse(input, &services).map(|target| (target.host.to_string(), target.port))
}

#[test]
fn every_form_of_a_target_is_read() {
    let rows: &[(&str, &str, u16)] = &[
        ("db.example:5432", "db.example", 5432),
        ("db:postgresql", "db", 5432),
        ("ns:domain", "ns", 53),
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("[::1]:80", "::1", 80),
        ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
        ("http://[fe80::1%25eth0]/", "fe80::1%eth0", 80),
        ("https://user:pw@example:8443/a?b#c", "example", 8443),
        ("HTTPS://example", "example", 443),
        ("redis://[2001:db8::1]", "2001:db8::1", 6379),
        ("postgres://u:p@ss@db/x", "db", 5432),
        ("foo://db:12", "db", 12),
        ("http://db:/x", "db", 80),
        ("127.1:80", "127.1", 80),
    ];
    for (input, host, port) in rows {
        assert_eq!(parse(input), Ok(((*host).to_owned(), *port)), "{input}");
    }
}

#[test]
fn every_scheme_has_a_port() {
    for (scheme, port) in SCHEMES {
        assert_eq!(parse(&format!("{scheme}://h")), Ok(("h".into(), *port)));
    }
}

#[test]
fn mistakes_are_told_apart() {
    use TargetError as E;
    let rows: &[(&str, E)] = &[
        ("db", E::NoPort("db".into())),
        ("", E::NoHost("".into())),
        (":80", E::NoHost(":80".into())),
        ("http://", E::NoHost("http://".into())),
        ("http://:80/", E::NoHost("http://:80/".into())),
        ("db:", E::Service("".into())),
        ("db:0", E::PortRange("0".into())),
        ("db:65536", E::PortRange("65536".into())),
        ("db:99999999999999999999", E::PortRange("99999999999999999999".into())),
        ("db:-1", E::PortRange("-1".into())),
        ("db:nosuch", E::Service("nosuch".into())),
        ("db:80/x", E::Service("80/x".into())),
        ("::1:80", E::Unbracketed("::1:80".into())),
        ("fe80::1", E::NoPort("fe80::1".into())),
        ("::1", E::NoPort("::1".into())),
        ("fe80::1%eth0", E::NoPort("fe80::1%eth0".into())),
        ("a:b:c", E::Unbracketed("a:b:c".into())),
        ("[::1", E::Brackets("[::1".into())),
        ("[::1]80", E::Brackets("[::1]80".into())),
        ("[::1]", E::NoPort("[::1]".into())),
        ("[localhost]:80", E::NotIpv6("localhost".into())),
        ("[127.0.0.1]:80", E::NotIpv6("127.0.0.1".into())),
        ("gopher://h", E::Scheme("gopher".into())),
        ("udp://h", E::NoUdpPort("udp://h".into())),
        ("udp://h/", E::NoUdpPort("udp://h/".into())),
        ("10.0.0.1%eth0:80", E::Scope("10.0.0.1%eth0".into())),
        ("[fe80::1%]:80", E::Scope("fe80::1%".into())),
        ("[fe80::1%a/b]:80", E::Scope("fe80::1%a/b".into())),
        ("[fe80::1%a b]:80", E::Scope("fe80::1%a b".into())),
    ];
    for (input, error) in rows {
        assert_eq!(parse(input), Err(error.clone()), "{input}");
    }
}

#[test]
fn messages_are_one_line_and_show_the_right_form() {
    let message = TargetError::NoPort("::1".into()).to_string();
    assert!(message.ends_with("such as [::1]:443"), "{message}");
    for input in ["db", "", "db:0", "::1:80", "[::1", "gopher://h", "db:x y"] {
        let message = parse(input).unwrap_err().to_string();
        assert!(!message.contains('\n') && message.contains(": "), "{message}");
    }
}

#[test]
fn two_words_are_read_as_nc_reads_them() {
    let pair = |host, port| {
        Target::parse_pair(host, port, &services).map(|target| (target.endpoint(), target.input))
    };
    assert_eq!(pair("db", "80"), Ok(("db:80".into(), "db 80".into())));
    assert_eq!(pair("::1", "80"), Ok(("[::1]:80".into(), "::1 80".into())));
    assert_eq!(pair("[::1]", "http"), Ok(("[::1]:80".into(), "[::1] http".into())));
    assert!(pair("[::1]:80", "80").is_err());
    assert!(pair("", "80").is_err());
    // Its endpoint would read as a URL.
    assert!(pair("[fe80::1%a://b]", "80").is_err());
}

#[test]
fn any_input_is_answered_without_a_panic() {
    let pieces = ["[", "]", ":", "::", "%", "a", "80", "://", "@", "/", "é", "\u{0}", "fe80::1", "-"];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                for d in pieces {
                    let _ = parse(&format!("{a}{b}{c}{d}"));
                }
            }
        }
    }
}

#[test]
fn loopback_names_are_those_of_rfc_6761_and_of_hosts_files() {
    let loopback = |text: &str| named(text).is_loopback_name();
    for name in
        ["localhost", "LOCALHOST.", "localhost.localdomain", "localhost6", "ip6-loopback", "db.localhost"]
    {
        assert!(loopback(name), "{name}");
    }
    for name in ["db.example", "localhost.example", "mylocalhost", "localhost-1", ""] {
        assert!(!loopback(name), "{name}");
    }
}

#[test]
fn numbers_are_addresses_and_short_names_that_begin_with_a_digit_are_names() {
    let numeric = |text: &str| named(text).is_numeric_name();
    for name in ["127.1", "0", "0x7f000001", "0X7F.1", "010.0.0.1", "1.2.3"] {
        assert!(numeric(name), "{name}");
    }
    for name in ["3com", "7-eleven.example", "10gig-switch", "db.example", "db.3com", "1.2.3.4.5", "0xyz", ""]
    {
        assert!(!numeric(name), "{name}");
    }
}

fn named(name: &str) -> Target {
    Target { host: Host::Name(name.into()), ..Target::parse("db.example:80", &|_| None).unwrap() }
}

#[test]
fn a_url_may_ask_for_udp() {
    let read = |input: &str| {
        let target = Target::parse(input, &services).unwrap();
        (target.host.to_string(), target.port, target.transport)
    };
    assert_eq!(read("udp://ns.example:53"), ("ns.example".into(), 53, Transport::Udp));
    assert_eq!(read("UDP://[::1]:domain/x"), ("::1".into(), 53, Transport::Udp));
    assert_eq!(read("ns.example:53").2, Transport::Tcp);
    assert!(
        Target::asks_for_udp("udp://x")
            && !Target::asks_for_udp("udp:1")
            && !Target::asks_for_udp("http://x")
    );
    let over = Target::parse("https://h", &services).unwrap().over_udp();
    assert_eq!((over.port, over.transport), (443, Transport::Udp));
}

#[test]
fn a_device_whose_name_begins_like_an_escape_is_read_again_as_itself() {
    let target = Target::parse("[fe80::1%2525x]:80", &|_| None).unwrap();
    assert_eq!(target.host.to_string(), "fe80::1%25x");
    assert_eq!(target.endpoint(), "[fe80::1%2525x]:80");
    let plain = Target::parse("[fe80::1%25]:80", &|_| None).unwrap();
    assert_eq!(Target::parse(&plain.endpoint(), &|_| None).unwrap().host, plain.host);
}
