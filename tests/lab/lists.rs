//! Lists of targets: each line has its own true verdict, none is lost, none comes twice, and what whyconn runs out of
//! is no verdict on a target.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::busy;
use crate::inside::Outcome;
use crate::outside;
use crate::scenario::{Firewall, Scenario};
use crate::service::{Behaviour, Listen};
use crate::topology::Family;

/// Writes its first argument to the standard input of the program behind it.
const FED: &str = r#"list=$1; shift; printf '%s\n' "$list" | "$@""#;

/// All trials about lists.
pub(crate) fn trials(whyconn: &Path) -> Vec<Trial> {
    type Check = fn(&Path) -> Result<(), String>;
    let checks: [(&str, Check); 11] = [
        ("lists::every-line-has-its-own-verdict", mixed),
        ("lists::a-summary-for-people", summary),
        ("lists::one-class-one-exit-code", exits),
        ("lists::a-reader-that-goes-away", gone),
        ("lists::few-descriptors-are-no-verdict", descriptors),
        ("lists::silence-costs-the-timeout-once", silent),
        ("lists::silent-ports-of-hosts-that-are-up", silent_ports),
        ("lists::rejections-that-routers-do-not-send", rejected),
        ("lists::interrupted", interrupted),
        ("lists::terminated", terminated),
        ("lists::one-name-is-asked-for-once", names),
    ];
    checks
        .into_iter()
        .map(|(name, check)| {
            let whyconn = whyconn.to_owned();
            Trial::test(name, move || check(&whyconn).map_err(Failed::from))
        })
        .collect()
}

/// The target behind one router: port 80 is open, 81 closed, 82 dropped there, 83 rejected by the router.
fn world(title: &str) -> Scenario {
    let mut scenario = Scenario::bare(title);
    scenario.routers = 1;
    scenario.listen = vec![Listen::plain("target", 80, Behaviour::Read)];
    let rule = |on: &str, chain: &str, rule: &str| Firewall {
        on: on.to_owned(),
        chain: chain.to_owned(),
        rule: rule.to_owned(),
    };
    scenario.firewall = vec![
        rule("target", "input", "tcp dport 82 drop"),
        rule("r1", "forward", "tcp dport 83 reject with icmpx type admin-prohibited"),
    ];
    scenario
}

fn run(
    scenario: &Scenario,
    whyconn: &Path,
    script: &str,
    list: &str,
    arguments: &[&str],
) -> Result<Outcome, String> {
    let wrapping = ["sh", "-c", script, "sh", list].map(str::to_owned).to_vec();
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let outcome = outside::run(scenario, Family::V4, whyconn, wrapping, arguments)?;
    match outcome.overran {
        true => Err(format!("it did not end\n{}", outcome.stderr)),
        false => Ok(outcome),
    }
}

/// Verdicts by the number of the line; a line that comes twice, or without its index, is an error.
fn by_line(outcome: &Outcome) -> Result<BTreeMap<u64, Value>, String> {
    let mut all = BTreeMap::new();
    let mut indices = BTreeMap::new();
    for text in outcome.stdout.lines() {
        let report: Value = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
        let number =
            |key: &str| report.get(key).and_then(Value::as_u64).ok_or_else(|| format!("no {key}: {text}"));
        let (line, index) = (number("line")?, number("index")?);
        if indices.insert(index, line).is_some() || all.insert(line, report).is_some() {
            return Err(format!("twice: {text}"));
        }
    }
    Ok(all)
}

fn code(report: &Value) -> &str {
    report.pointer("/verdict/code").and_then(Value::as_str).unwrap_or_default()
}

fn certainty(report: &Value) -> &str {
    report.pointer("/verdict/certainty").and_then(Value::as_str).unwrap_or_default()
}

fn require(holds: bool, what: &str, outcome: &Outcome) -> Result<(), String> {
    if holds {
        return Ok(());
    }
    let shown: String = outcome.stdout.chars().take(4000).collect();
    Err(format!("{what}; exit {:?}, {:.0} ms\n{shown}\n{}", outcome.exit, outcome.wall_ms, outcome.stderr))
}

fn mixed(whyconn: &Path) -> Result<(), String> {
    const LIST: &str = "# the truth of this world\n\
        198.18.2.2:80\n\
        198.18.2.2:81   # closed\n\
        \n\
        198.18.2.2 82\n\
        198.18.2.2:83\n\
        no-port\n\
        198.18.2.2:80\n\
        http://198.18.2.2:81/#fragment\n\
        /run/no-such-socket";
    let truth = [
        (2, "connected.ok"),
        (3, "refused.rst"),
        (5, "timeout.port-silent"),
        (6, "unreachable.icmp-admin"),
        (8, "connected.ok"),
        (9, "refused.rst"),
        (10, "unreachable.no-socket"),
    ];
    let outcome =
        run(&world("a list of everything"), whyconn, FED, LIST, &["-f", "-", "-t", "2s", "--json"])?;
    let all = by_line(&outcome)?;
    let seen: Vec<(u64, &str)> = all.iter().map(|(line, report)| (*line, code(report))).collect();
    require(seen == truth, &format!("expected {truth:?}"), &outcome)?;
    let complaint = "whyconn: standard input:7: 'no-port' has no port";
    require(outcome.stderr.starts_with(complaint), "the bad line is named", &outcome)?;
    require(outcome.exit == Some(10), "several classes", &outcome)?;
    let whole = all.values().any(|report| report.get("evidence").is_some());
    require(!whole, "no evidence without -v", &outcome)
}

fn summary(whyconn: &Path) -> Result<(), String> {
    let targets = ["198.18.2.2:80", "198.18.2.2:83", "198.18.2.2:81", "--color", "never", "-t", "2s"];
    let scenario = world("three targets on the command line");
    let outcome = run(&scenario, whyconn, r#"shift; "$@""#, "", &targets)?;
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    require(
        lines.iter().any(|line| line.starts_with("198.18.2.2:80: connected.ok, ")),
        "a success",
        &outcome,
    )?;
    let refused = "198.18.2.2:81: refused.rst (likely): ";
    require(lines.iter().any(|line| line.starts_with(refused)), "a failure with its verdict", &outcome)?;
    require(outcome.stdout.contains("\n1 of 3 connect; 1 "), "a summary", &outcome)?;
    let culprit = "unreachable.icmp-admin  the router 198.18.1.2\n";
    require(outcome.stdout.contains(culprit), "the culprit in the summary", &outcome)?;
    require(outcome.exit == Some(10), "several classes", &outcome)?;
    let quiet = [targets.as_slice(), &["-q"]].concat();
    let outcome = run(&scenario, whyconn, r#"shift; "$@""#, "", &quiet)?;
    require(outcome.stdout.lines().count() == 3, "-q: the lines alone", &outcome)
}

fn exits(whyconn: &Path) -> Result<(), String> {
    for (list, exit) in [
        ("198.18.2.2:80\n198.18.2.2:80", 0),
        ("198.18.2.2:80\nno-port", 2),
        ("198.18.2.2:81\n198.18.2.2:80\nno-port\n198.18.2.2:84", 4),
        ("", 0),
    ] {
        let outcome = run(&world("exit codes"), whyconn, FED, list, &["-f", "-", "-t", "2s", "-q"])?;
        require(outcome.exit == Some(exit), &format!("{list:?} ends with {exit}"), &outcome)?;
    }
    let missing = run(&world("no file"), whyconn, r#"shift; "$@""#, "", &["-f", "/nowhere"])?;
    require(missing.exit == Some(2) && missing.stdout.is_empty(), "a file that is not there", &missing)
}

/// Closed ports of the client itself, by their numbers.
const CLOSED: &str = r#"count=$1; shift; seq -f '127.0.0.1:%.0f' "$count" | "$@""#;

fn gone(whyconn: &Path) -> Result<(), String> {
    let script = format!("{{ {CLOSED}; echo \"ended with $?\" >&2; }} | head -n 1");
    let outcome =
        run(&Scenario::bare("head -1"), whyconn, &script, "20000", &["-f", "-", "-t", "2s", "--json"])?;
    require(outcome.stdout.lines().count() == 1, "one line", &outcome)?;
    // The lines that were written before nobody read any more are all of one class.
    require(outcome.stderr.trim() == "ended with 4", "no panic, no complaint", &outcome)
}

fn descriptors(whyconn: &Path) -> Result<(), String> {
    let mut scenario = Scenario::bare("10,000 targets with 64 descriptors");
    scenario.limits.nofile = Some(64);
    let outcome = run(&scenario, whyconn, CLOSED, "10000", &["-f", "-", "-j", "1000", "-t", "2s", "--json"])?;
    let all = by_line(&outcome)?;
    require(all.len() == 10_000, &format!("{} lines", all.len()), &outcome)?;
    let other = all.values().find(|report| code(report) != "refused.rst").map(Value::to_string);
    require(other.is_none(), &other.unwrap_or_default(), &outcome)?;
    require(outcome.exit == Some(4), "all are refused", &outcome)
}

fn silent(whyconn: &Path) -> Result<(), String> {
    let mut scenario = world("300 silent ports");
    scenario.firewall.push(Firewall {
        on: "target".to_owned(),
        chain: "input".to_owned(),
        rule: "tcp dport 1000-2000 drop".to_owned(),
    });
    let script = r#"shift; seq -f '198.18.2.2:%.0f' 1000 1299 | "$@""#;
    let outcome = run(&scenario, whyconn, script, "", &["-f", "-", "-t", "2s", "--json"])?;
    let all = by_line(&outcome)?;
    let quiet = |report: &Value| code(report).starts_with("timeout.");
    require(all.len() == 300 && all.values().all(quiet), "300 that are silent", &outcome)?;
    let after = |report: &Value| {
        report.pointer("/verdict/culprit/after/address").and_then(Value::as_str) == Some("198.18.1.2")
            || report.pointer("/verdict/culprit/where").and_then(Value::as_str) == Some("target")
    };
    require(all.values().all(after), "one sweep of the way serves all", &outcome)?;
    // In turn they would take ten minutes.
    require(outcome.wall_ms < busy::bound_ms(8000.0), "the timeout once", &outcome)
}

/// The way is swept once, and each target is asked whether it is up; a host that is not there is told apart, though its
/// router says so after its way was asked for.
fn silent_ports(whyconn: &Path) -> Result<(), String> {
    let mut scenario = world("silent ports of two hosts, and a host that is not there");
    let second = "ip address add 198.18.2.3/24 dev down".to_owned();
    scenario.setup.insert("target".to_owned(), vec![second]);
    scenario.firewall.push(Firewall {
        on: "target".to_owned(),
        chain: "input".to_owned(),
        rule: "tcp dport 1000-2000 drop".to_owned(),
    });
    let list = "198.18.2.2:1000\n198.18.2.2:1001\n198.18.2.2:1002\n198.18.2.3:1000\n198.18.2.77:1000\n198.18.2.2:1003";
    // In the shortest no turn to sweep comes for those that wait.
    for timeout in ["1s", "2s", "5s"] {
        let outcome = run(&scenario, whyconn, FED, list, &["-f", "-", "-t", timeout, "--json"])?;
        let all = by_line(&outcome)?;
        require(all.len() == 6, "6 lines", &outcome)?;
        let wrong = all.iter().find(|(line, report)| match (**line, timeout) {
            (5, "1s" | "2s") => code(report) != "timeout.silent",
            (5, _) => code(report) != "unreachable.icmp-host" && code(report) != "timeout.silent",
            _ => code(report) != "timeout.port-silent",
        });
        require(wrong.is_none(), &format!("{wrong:?} after {timeout}"), &outcome)?;
    }
    Ok(())
}

/// A router that rejects a thousand targets tells this host about a few: the others must not be told apart from
/// silence with confidence.
fn rejected(whyconn: &Path) -> Result<(), String> {
    let mut scenario = world("1,000 targets behind one router that rejects");
    let wide = "ip route add 198.18.0.0/16 via 198.18.2.2".to_owned();
    scenario.setup.insert("r1".to_owned(), vec![wide]);
    let script = r#"shift; for net in 8 9 10 11; do seq -f "198.18.$net.%.0f:83" 1 250; done | "$@""#;
    let arguments = ["-f", "-", "-j", "1000", "-t", "3s", "--json"];
    let outcome = run(&scenario, whyconn, script, "", &arguments)?;
    let all = by_line(&outcome)?;
    require(all.len() == 1000, &format!("{} lines", all.len()), &outcome)?;
    let told = all.values().filter(|report| code(report) == "unreachable.icmp-admin").count();
    require(told >= 3, &format!("{told} rejections were told"), &outcome)?;
    for report in all.values().filter(|report| code(report) != "unreachable.icmp-admin") {
        let first = report.pointer("/verdict/alternatives/0/code").and_then(Value::as_str);
        let open = certainty(report) == "possible" && first == Some("unreachable.icmp-admin");
        require(open, &format!("silence that is told with confidence: {report}"), &outcome)?;
        let says =
            report.pointer("/verdict/because").is_some_and(|all| all.to_string().contains("others-rejected"));
        require(says, &format!("nothing says why: {report}"), &outcome)?;
    }
    Ok(())
}

fn interrupted(whyconn: &Path) -> Result<(), String> {
    ended_by(whyconn, "INT", 130)
}

fn terminated(whyconn: &Path) -> Result<(), String> {
    ended_by(whyconn, "TERM", 143)
}

fn ended_by(whyconn: &Path, signal: &str, code: i32) -> Result<(), String> {
    // A shell without job control starts what runs beside it with Ctrl-C ignored; env takes that back.
    let script = r#"signal=$1; shift
        out=$(mktemp -p /tmp) || exit 99
        env --default-signal=$signal "$@" >"$out" & pid=$!
        until grep -q refused "$out" && grep -q connected "$out"; do kill -0 $pid || exit 98; done
        kill -$signal $pid; wait $pid; code=$?
        cat "$out"; rm "$out"; exit $code"#;
    let arguments = ["198.18.2.2:81", "198.18.2.2:82", "198.18.2.2:80", "-t", "60s", "--color", "never"];
    let outcome = run(&world(signal), whyconn, script, signal, &arguments)?;
    require(outcome.exit == Some(code), "ended by the signal", &outcome)?;
    let known = "1 of 2 connect; 1 fails with refused.rst; interrupted, 1 still waited\n";
    require(outcome.stdout.ends_with(known), "the summary of what is known", &outcome)
}

fn names(whyconn: &Path) -> Result<(), String> {
    let mut scenario = Scenario::bare("the hosts file and the name servers");
    let hosts = "127.0.0.1 localhost\n127.0.0.1 pinned.example\n";
    scenario.files.insert("hosts".to_owned(), hosts.to_owned());
    scenario.files.insert("nsswitch.conf".to_owned(), "hosts: files dns\n".to_owned());
    scenario.files.insert("resolv.conf".to_owned(), "nameserver 127.0.0.53\n".to_owned());
    let zone = [("db.example", "127.0.0.9"), ("gone.example", "nxdomain")];
    scenario.dns = vec![crate::scenario::Dns {
        on: "client".to_owned(),
        address: "127.0.0.53".to_owned(),
        port: 53,
        tcp: true,
        zone: zone.map(|(name, word)| (name.to_owned(), vec![word.to_owned()])).into(),
    }];
    scenario.count = vec![crate::scenario::Count {
        on: "client".to_owned(),
        chain: "output".to_owned(),
        fitting: "udp dport 53".to_owned(),
        least: 1,
        most: 40,
    }];
    let script = r#"shift; for name in db pinned gone; do seq -f "$name.example:%.0f" 1 100; done | "$@""#;
    let outcome = run(&scenario, whyconn, script, "", &["-f", "-", "-t", "2s", "--json"])?;
    let all = by_line(&outcome)?;
    require(all.len() == 300, &format!("{} lines", all.len()), &outcome)?;
    for (line, report) in &all {
        let host = report.pointer("/target/host").and_then(Value::as_str).unwrap_or_default();
        let expected = if host == "gone.example" { "resolve.nxdomain" } else { "refused.rst" };
        // The name server has that port, on another address: whichever targets are looked into closely say so.
        let port = report.pointer("/target/port").and_then(Value::as_u64);
        let elsewhere = host != "gone.example" && port == Some(53) && code(report) == "alias.bound-elsewhere";
        require(code(report) == expected || elsewhere, &format!("line {line}: {report}"), &outcome)?;
    }
    // Two questions for each name, and for a sample of those that do not exist once more.
    let asked = outcome.counted.first().copied().unwrap_or_default();
    require(asked < 300, &format!("{asked} questions"), &outcome)
}
