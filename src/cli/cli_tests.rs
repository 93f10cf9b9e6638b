use super::*;
use crate::render::{Color, Detail};
use std::net::IpAddr;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

fn words(line: &[&str]) -> Vec<OsString> {
    ["whyconn"].iter().chain(line).map(OsString::from).collect()
}

/// What a command line asks for. `try_run` goes on to the network with a good one, so this stops before.
fn parse(argv: Vec<OsString>) -> Result<Request, Error> {
    let cli = Cli::try_parse_from(argv).map_err(|error| Error::Usage(one_line(&error)))?;
    assert!(cli.command.is_none(), "a command, no target");
    let target = target(target_words(&cli.diagnose), cli.diagnose.udp)
        .map_err(|error| Error::Usage(error.to_string()))?;
    request(&cli.diagnose, target)
}

fn good(line: &[&str]) -> Request {
    parse(words(line)).unwrap_or_else(|error| panic!("{line:?}: {error}"))
}

/// A complaint of one line and bounded length, exit code 2.
fn complaint(error: &Error) -> String {
    assert_eq!(error.exit(), Exit::Usage);
    assert_eq!(error.exit().number(), 2);
    let said = error.to_string();
    assert!(!said.chars().any(crate::sanitize::is_unsafe), "{said:?}");
    assert!(said.len() < 500, "{} bytes", said.len());
    said
}

#[test]
fn bad_input_is_answered_in_one_line_that_shows_the_right_form() {
    let rows: &[(&[&str], &str)] = &[
        (&[], "no target: give HOST:PORT, such as db.example:5432"),
        (&["db"], "'db' has no port: give HOST:PORT, such as db:443"),
        (&["db:0"], "a port is a number from 1 to 65535"),
        (&["db", "0"], "a port is a number from 1 to 65535"),
        (&["db:65536"], "a port is a number from 1 to 65535"),
        (&["db", "nosuchservice"], "give a number from 1 to 65535"),
        (&[":80"], "':80' has no host: give HOST:PORT"),
        (&[""], "has no host: give HOST:PORT"),
        (&["", "80"], "has no host: give HOST:PORT"),
        (&["::1:80"], "such as [::1]:80"),
        (&["::1"], "such as [::1]:443"),
        (&["-4", "[::1]:80"], "leave -4 out, or give a name"),
        (&["-6", "127.0.0.1:80"], "leave -6 out, or give a name"),
        (&["-4", "-6", "db:80"], "cannot be used with"),
        (&["--expect", "timeout", "db:80", "--", "true"], "leave one of them out"),
        (&["--nosuch", "db:80"], "whyconn [OPTIONS] HOST:PORT"),
        (&["-Z", "db:80"], "whyconn [OPTIONS] HOST:PORT"),
        (&["-t", "5", "db:80"], "such as 500ms, 4s or '1m 30s'"),
        (&["-t", "0s", "db:80"], "give at least 1ms"),
        (&["-t", "0", "db:80"], "give at least 1ms"),
        (&["-t", "", "db:80"], "such as 500ms"),
        (&["-t", "100000h", "db:80"], "give at most 24h"),
        (&["-t", "99999999999999999999h", "db:80"], "such as 500ms"),
        (&["--grace", "5", "db:80"], "such as 500ms, 4s"),
        (&["-s", "::1", "127.0.0.1:80"], "give an IPv4 source"),
        (&["-s", "127.0.0.1", "[::1]:80"], "give an IPv6 source"),
        (&["-4", "-s", "::1", "db:80"], "give an IPv4 source"),
        (&["-s", "eth0", "db:80"], "give an IPv4 or IPv6 address"),
        (&["-s", "127.0.0.1:80", "db:80"], "give an IPv4 or IPv6 address"),
        (&["-p", "0", "db:80"], "give a number from 1 to 65535"),
        (&["-p", "65536", "db:80"], "give a number from 1 to 65535"),
        (&["-i", "", "db:80"], "give a device's name"),
        (&["-i", "sixteencharacter", "db:80"], "give a device's name"),
        (&["-i", "a/b", "db:80"], "give a device's name"),
        (&["-q", "-v", "db:80"], "cannot be used with"),
        (&["-q", "--json", "db:80"], "cannot be used with"),
        (&["--color", "sometimes", "db:80"], "always"),
        (&["--trace", "sometimes", "db:80"], "give auto, always or never"),
        (&["--dns", "::1:53", "db:80"], "such as [::1:53] or [2001:db8::53]:53"),
        (&["--dns", "[::1]53", "db:80"], "give the address of a name server"),
        (&["--dns", "[::1]:0", "db:80"], "give the address of a name server"),
        (&["--dns", "2001:db8::53%lo", "db:80"], "behind a link-local address alone"),
        (&["--dns", "fe80::53%nosuch", "db:80"], "this host has no device nosuch"),
        (&["db:80", "81"], "'81' is a second port: give HOST:PORT"),
        (&["http://db", "80"], "'80' is a second port: give HOST:PORT, a URL, or HOST and PORT"),
        (&["udp://ns:53", "53"], "'53' is a second port"),
        (&["udp://ns", "53"], "'udp://ns' has no port: give udp://HOST:PORT, such as udp://ns.example:53"),
        (&["gopher://db", "70"], "no port is known for 'gopher://': give HOST:PORT"),
        (&["db", "80", "81"], "'81' is one word too many: give HOST:PORT, or HOST and PORT"),
        (&["gopher://db"], "give HOST:PORT, or one of http"),
        (&["udp://db"], "'udp://db' has no port: give udp://HOST:PORT, such as udp://ns.example:53"),
        (&["udp://"], "has no host"),
        (&["--wait", "5", "db:80"], "such as 500ms, 4s"),
        (&["--wait", "0s", "db:80"], "give at least 1ms"),
        (&["--wait", "5s"], "no target: give HOST:PORT"),
        (&["--wait", "5s", "db", "--", "true"], "'db' has no port"),
        // "a value is required for '--timeout <DURATION>' but none was supplied" shows no right form.
        // (&["-t"], "such as 500ms"),
        // (&["-t", "-4s", "db:80"], "such as 500ms"),
    ];
    for (line, form) in rows {
        let error = parse(words(line)).expect_err(&format!("{line:?}"));
        let said = complaint(&error);
        assert!(said.contains(form), "{line:?}: {said}");
    }
}

#[test]
fn a_name_server_is_an_address_with_or_without_port_and_scope() {
    let rows = [
        ("198.51.100.53", "198.51.100.53:53"),
        ("198.51.100.53:5353", "198.51.100.53:5353"),
        ("2001:db8::53", "[2001:db8::53]:53"),
        ("[2001:db8::53]", "[2001:db8::53]:53"),
        ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
        ("[::1:53]", "[::1:53]:53"),
        ("fe80::1%2", "[fe80::1%2]:53"),
        ("[fe80::1%2]", "[fe80::1%2]:53"),
        ("[fe80::1%2]:5353", "[fe80::1%2]:5353"),
        ("fe80::1%lo", "[fe80::1%1]:53"),
    ];
    for (text, server) in rows {
        let asked = good(&["--dns", text, "db:80"]).dns.map(|server| server.to_string());
        assert_eq!(asked.as_deref(), Some(server), "{text}");
    }
}

#[test]
fn hostile_input_is_bounded_and_cannot_move_a_terminal() {
    let long = "a".repeat(100_000);
    for line in [
        vec![long.clone()],
        vec![format!("{long}:0")],
        vec![format!("db:{long}")],
        vec!["-t".into(), long.clone(), "db:80".into()],
        vec!["-i".into(), long.clone(), "db:80".into()],
        vec![format!("--{long}")],
        vec!["db".into(), "80".into(), long.clone()],
        vec!["\u{1b}]0;x\u{7}".into()],
        vec!["a\nb".into()],
        vec!["-t".into(), "1\n\n2".into(), "db:80".into()],
    ] {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        complaint(&parse(words(&line)).expect_err("bad input"));
    }
    // A name this long is looked up, and the verdict says what is wrong with it.
    assert_eq!(good(&[&format!("{long}:80")]).target.port, 80);
}

#[test]
fn what_is_not_utf8_is_answered_too() {
    let bytes = |text: &[u8]| OsString::from_vec(text.to_vec());
    for argv in [
        vec!["whyconn".into(), bytes(b"d\xff:80")],
        vec!["whyconn".into(), bytes(b"db\xff"), "80".into()],
        vec!["whyconn".into(), "db".into(), bytes(b"8\xff")],
    ] {
        let said = complaint(&parse(argv).expect_err("not UTF-8"));
        assert!(said.contains("is not UTF-8: give HOST:PORT"), "{said}");
    }
    complaint(
        &parse(vec!["whyconn".into(), "-i".into(), bytes(b"e\xff"), "db:80".into()]).expect_err("device"),
    );
}

#[test]
fn an_unknown_code_is_answered_with_near_ones() {
    let said = |text: &str| complaint(&known_code(text).expect_err(text));
    assert!(said("nosuch").ends_with("give one that `whyconn explain` lists"));
    assert!(said("").ends_with("give one that `whyconn explain` lists"));
    assert!(said("rst").ends_with("give one of refused.rst"));
    assert!(said("alias").contains("alias.localhost-family alias.localhost-mapping"));
    assert!(said("timeout.").contains("timeout.silent"));
    said(&"x".repeat(100_000));
    said("\u{1b}[31m");
    let whole = try_run(words(&["explain", "nosuch"])).expect_err("no such code");
    assert!(complaint(&whole).contains("'nosuch' is no verdict code"));
    assert_eq!(known_code("refused.rst").ok(), Some(Code::RefusedRst));
}

#[test]
fn explain_prints_a_page_a_class_or_all() {
    let text = |asked: Option<&str>| explain(asked, PageFormat::Text).unwrap();
    let markdown = |asked: Option<&str>| explain(asked, PageFormat::Markdown).unwrap();
    assert!(text(None).contains("refused.rst-forged") && text(None).contains("service.closed"));
    assert!(
        text(Some("timeout")).contains("timeout.silent") && !text(Some("timeout")).contains("refused.rst")
    );
    assert!(text(Some("refused.rst")).starts_with("refused.rst\n\nHolds when: "));
    assert!(markdown(Some("refused.rst")).contains("\n## Symptom\n"));
    assert!(markdown(Some("timeout")).contains("\n### timeout.silent\n"));
    assert!(markdown(None).contains("\n### refused.rst\n"));
    assert!(explain(Some("rst"), PageFormat::Markdown).is_err());
}

#[test]
fn every_good_form_is_read() {
    let endpoint = |line: &[&str]| good(line).target.endpoint();
    assert_eq!(endpoint(&["db:80"]), "db:80");
    assert_eq!(endpoint(&["db", "80"]), "db:80");
    assert_eq!(endpoint(&["https://db.example/x?y"]), "db.example:443");
    assert_eq!(endpoint(&["[::1]:80"]), "[::1]:80");
    assert_eq!(endpoint(&["::1", "80"]), "[::1]:80");
    assert_eq!(endpoint(&["[fe80::1%eth0]:80"]), "[fe80::1%eth0]:80");
    assert_eq!(endpoint(&["db:postgresql"]), "db:5432");
    assert_eq!(endpoint(&["-4", "127.0.0.1:80"]), "127.0.0.1:80");
    assert_eq!(endpoint(&["--", "db:80"]), "db:80");
}

#[test]
fn what_stands_behind_two_dashes_is_a_command_where_there_is_a_target() {
    let read = |line: &[&str]| Cli::try_parse_from(words(line)).unwrap().diagnose;
    let args = read(&["--wait", "1m", "db", "80", "--", "run", "-q", "--", "x"]);
    assert_eq!(args.wait, Some(Duration::from_secs(60)));
    assert!(!args.quiet, "an option of the command's");
    assert_eq!(command_line(&args), ["run", "-q", "--", "x"].map(OsString::from));
    let read_target = target(target_words(&args), false).unwrap();
    assert_eq!(request(&args, read_target).unwrap().target.endpoint(), "db:80");
    let bare = read(&["--", "db:80"]);
    assert!(command_line(&bare).is_empty());
    assert!(command_line(&read(&["db:80", "--"])).is_empty());
}

#[test]
fn udp_is_asked_for_by_an_option_or_a_url() {
    let target = |line: &[&str]| good(line).target;
    for line in [["-u", "db:99"].as_slice(), &["--udp", "db", "99"], &["udp://db:99"], &["-u", "udp://db:99"]]
    {
        let target = target(line);
        assert_eq!((target.transport, target.port), (Transport::Udp, 99), "{line:?}");
        assert_eq!(target.endpoint(), "db:99");
    }
    assert_eq!(target(&["-u", "https://db"]).transport, Transport::Udp, "to the port of its scheme");
    assert_eq!(target(&["db:99"]).transport, Transport::Tcp);
}

#[test]
fn a_bare_request_has_the_defaults() {
    let request = good(&["db:80"]);
    assert_eq!(request, Request::new(request.target.clone()));
    assert_eq!((request.timeout_ms, request.grace_ms), (Millis(4000.0), Millis(250.0)));
}

#[test]
fn every_option_reaches_the_request() {
    let request =
        good(&["-t", "1m 30s", "-s", "198.51.100.2", "-p", "40000", "-i", "eth0", "--grace", "0", "db:80"]);
    assert_eq!(request.timeout_ms, Millis::from(Duration::from_secs(90)));
    assert_eq!(request.grace_ms, Millis(0.0));
    assert_eq!(request.source, Some("198.51.100.2".parse::<IpAddr>().unwrap()));
    assert_eq!((request.source_port, request.interface.as_deref()), (Some(40000), Some("eth0")));
    assert_eq!(request.family, Some(Family::V4), "a source has a family");
    let long =
        good(&["--timeout", "500ms", "--source", "::1", "--source-port", "1", "--interface", "lo", "db:80"]);
    assert_eq!((long.timeout_ms, long.source_port), (Millis(500.0), Some(1)));
    assert_eq!(long.family, Some(Family::V6));
    assert_eq!(good(&["-4", "db:80"]).family, Some(Family::V4));
    assert_eq!(good(&["-6", "db:80"]).family, Some(Family::V6));
    assert_eq!(good(&["-t", "1ms", "db:80"]).timeout_ms, Millis(1.0));
    assert_eq!(good(&["-t", "24h", "db:80"]).timeout_ms, Millis(86_400_000.0));
    assert_eq!(good(&["db:80", "-t", "2s"]).timeout_ms, Millis(2000.0), "options may stand behind");
}

#[test]
fn the_output_s_options_are_read() {
    let read = |line: &[&str]| Cli::try_parse_from(words(line)).unwrap().diagnose;
    assert_eq!(read(&["db:80"]).detail(), Detail::Usual);
    assert_eq!(read(&["-q", "db:80"]).detail(), Detail::Line);
    assert_eq!(read(&["-v", "db:80"]).detail(), Detail::All);
    assert_eq!(read(&["db:80"]).color, Color::Auto);
    assert_eq!(read(&["--color", "never", "db:80"]).color, Color::Never);
    assert!(read(&["--json", "db:80"]).json && !read(&["db:80"]).json);
}

#[test]
fn the_commands_are_told_from_targets() {
    let command = |line: &[&str]| Cli::try_parse_from(words(line)).unwrap().command;
    assert!(matches!(command(&["schema"]), Some(Command::Schema)));
    let explain = |line: &[&str]| match command(line) {
        Some(Command::Explain { code, format }) => (code, format),
        other => panic!("{other:?}"),
    };
    assert_eq!(explain(&["explain"]), (None, PageFormat::Text));
    assert_eq!(explain(&["explain", "refused.rst"]), (Some("refused.rst".to_owned()), PageFormat::Text));
    assert_eq!(explain(&["explain", "--format", "markdown"]), (None, PageFormat::Markdown));
    assert!(parse(words(&["explain", "--format", "html"])).is_err());
    assert!(command(&["schema:80"]).is_none());
    definition().debug_assert();
}

#[test]
fn the_forms_of_the_report_exclude_each_other() {
    let read = |line: &[&str]| Cli::try_parse_from(words(line)).map(|cli| cli.diagnose.format());
    assert_eq!(read(&["db:80"]).unwrap(), Format::Human);
    assert_eq!(read(&["--json", "db:80"]).unwrap(), Format::Json);
    assert_eq!(read(&["--format", "markdown", "db:80"]).unwrap(), Format::Markdown);
    assert!(read(&["--json", "--format", "human", "db:80"]).is_err());
    let said = complaint(&parse(words(&["-q", "--format", "json", "db:80"])).unwrap_err());
    assert!(said.contains("leave -q out"), "{said}");
}

#[test]
fn an_expectation_that_is_none_is_answered_in_one_line() {
    let said = complaint(&parse(words(&["--expect", "refsed", "db:80"])).unwrap_err());
    assert!(said.contains("give a class"), "{said}");
    let said = complaint(&parse(words(&["--expect", "rst", "db:80"])).unwrap_err());
    assert!(said.contains("refused.rst"), "{said}");
    assert!(parse(words(&["--expect", "refused", "--expect", "timeout.silent", "db:80"])).is_ok());
}
