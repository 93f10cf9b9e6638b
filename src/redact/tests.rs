//! What is replaced diagnoses as before: every recorded case, and pieces by themselves.

use super::*;
use crate::diagnose::{Culprit, Diagnosis, Finding, Hop, Remark, diagnose};
use crate::model::target::Target;
use crate::model::{Attempt, Host, Lookup, LookupOutcome, QueueEntry, Request, Resolved, malformed};
use crate::report::report;
use std::fs;
use std::path::Path;

fn cases() -> Vec<(String, Evidence)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<(String, Evidence)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let report: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_value(report["evidence"].clone()).unwrap())
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(cases.len() > 100, "{}", cases.len());
    cases
}

/// The diagnosis with its addresses replaced as the evidence's were.
fn replaced(diagnosis: Diagnosis, map: &mut Map) -> Diagnosis {
    let Diagnosis { finding, about, attempts, remarks } = diagnosis;
    let finding = in_finding(finding, map);
    let attempts = attempts.into_iter().map(|one| one.map(|one| in_finding(one, map))).collect();
    let remarks = remarks.into_iter().map(|remark| in_remark(remark, map)).collect();
    Diagnosis { finding, about, attempts, remarks }
}

fn in_finding(finding: Finding, map: &mut Map) -> Finding {
    let culprit = finding.culprit.map(|culprit| match culprit {
        Culprit::Resolver { address } => Culprit::Resolver { address: address.walk(map) },
        Culprit::Link { address } => Culprit::Link { address: address.walk(map) },
        Culprit::Router { address, hop } => Culprit::Router { address: address.walk(map), hop },
        Culprit::Path { after: Some(Hop { hop, address }) } => {
            Culprit::Path { after: Some(Hop { hop, address: address.walk(map) }) }
        }
        Culprit::Client | Culprit::Path { after: None } | Culprit::Target | Culprit::Service => culprit,
    });
    Finding { culprit, ..finding }
}

fn in_remark(remark: Remark, map: &mut Map) -> Remark {
    match remark {
        Remark::NameServerDead { server } => Remark::NameServerDead { server: server.walk(map) },
        Remark::HalfSilent { server, record } => Remark::HalfSilent { server: server.walk(map), record },
        Remark::Sinkhole { address } => Remark::Sinkhole { address: address.walk(map) },
        Remark::TentativeAddress { address } => Remark::TentativeAddress { address: address.walk(map) },
        Remark::PortNearby { address } => Remark::PortNearby { address: address.walk(map) },
        other => other,
    }
}

#[test]
fn every_case_diagnoses_as_before() {
    for (name, evidence) in cases() {
        let mut map = Map::of(&evidence);
        let before = replaced(diagnose(&evidence), &mut map);
        let redacted = redact(evidence);
        assert_eq!(diagnose(&redacted), before, "{name}");
    }
}

#[test]
fn every_case_is_told_in_as_many_words() {
    for (name, evidence) in cases() {
        let (before, told) = report(evidence.clone());
        let (after, again) = report(redact(evidence));
        assert_eq!(told.because.len(), again.because.len(), "{name}");
        assert_eq!(told.culprit.is_some(), again.culprit.is_some(), "{name}");
        let arrows = |story: &crate::report::Story| {
            story.conversation.as_ref().map(|conversation| conversation.arrows.clone())
        };
        assert_eq!(arrows(&told), arrows(&again), "{name}");
        let steps = |report: &crate::report::Report| {
            report.verdict.next.iter().map(|step| (step.on, step.command.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(steps(&before), steps(&after), "{name}");
        assert_eq!(before.listeners.len(), after.listeners.len(), "{name}");
        let units = |report: &crate::report::Report| {
            report.listeners.iter().map(|listener| listener.unit.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(units(&before), units(&after), "{name}");
    }
}

#[test]
fn what_is_replaced_stays_as_it_is() {
    for (name, evidence) in cases() {
        let once = redact(evidence);
        assert_eq!(redact(once.clone()), once, "{name}");
    }
}

#[test]
fn the_same_evidence_gives_the_same_text() {
    for (name, evidence) in cases() {
        assert_eq!(redact(evidence.clone()), redact(evidence), "{name}");
    }
}

fn host(name: &str) -> Evidence {
    let mut target = Target::parse("x:443", &|_| None).unwrap();
    target.host = Host::Name(name.to_owned());
    Evidence::new(Request::new(target))
}

fn renamed(name: &str) -> String {
    match redact(host(name)).request.target.host {
        Host::Name(name) => name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_keeps_its_shape() {
    let rows = [
        ("db", "host-1"),
        ("db.corp.net", "host-1.zone-1.example"),
        ("db.corp.net.", "host-1.zone-1.example."),
        ("DB.corp.net", "HOST-1.zone-1.example"),
        ("db.db.net", "host-1.host-1.example"),
        ("localhost", "localhost"),
        ("app.localhost", "host-1.localhost"),
        ("localhost.localdomain", "localhost.localdomain"),
        ("localhost.corp", "localhost.example"),
        ("a..net", "host-1..example"),
        ("müller.net", "host-1\u{e9}.example"),
        ("-x.net", "-host-1.example"),
        ("a b.net", "host-1!.example"),
        ("10.1", "192.513"),
        ("0x0a000001", "3221225985"),
        ("012.0.0.1", "192.0.2.1"),
        ("127.1", "127.1"),
        ("999.1.1.1", "999.999.999.999"),
    ];
    for (name, expected) in rows {
        assert_eq!(renamed(name), expected, "{name}");
    }
}

#[test]
fn a_name_keeps_its_faults() {
    let rows = [
        "a".repeat(63),
        "a".repeat(64),
        "a".repeat(10_000),
        vec!["abcdefghi"; 26].join("."),
        vec!["x"; 126].join("."),
        (0..120).map(|n| char::from(b'a' + n % 26).to_string()).collect::<Vec<_>>().join("."),
        vec!["-"; 100].join("."),
        format!("{}.-a", vec!["ab"; 80].join(".")),
        format!("{}é", vec!["ab"; 80].join(".")),
        "a\u{1b}[31m.b".to_owned(),
        String::new(),
        ".".to_owned(),
    ];
    for name in rows {
        let new = renamed(&name);
        assert_eq!(malformed(&new), malformed(&name), "{name} became {new}");
        assert_eq!(new.split('.').count(), name.split('.').count(), "{name} became {new}");
        let before = host(&name).request.target;
        let after = redact(host(&name)).request.target;
        assert_eq!(before.is_numeric_name(), after.is_numeric_name(), "{name} became {new}");
        assert!(!new.contains("abcdefghi"), "{new}");
    }
}

#[test]
fn what_was_typed_is_put_together_anew() {
    let typed = |input: &str| {
        let target = Target::parse(input, &|_| None).unwrap();
        let target = if Target::asks_for_udp(input) { target.over_udp() } else { target };
        redact(Evidence::new(Request::new(target))).request.target.input
    };
    let rows = [
        ("https://ann:secret@db.corp.net/x?token=1", "host-1.zone-1.example:443"),
        ("udp://ns.corp.net:53", "udp://host-1.zone-1.example:53"),
        ("[fe80::1:2%eth7]:22", "[fe80::1%dev1]:22"),
        ("[fe80::1:2%3]:22", "[fe80::1%3]:22"),
        ("[::ffff:10.1.1.1]:22", "[::ffff:192.0.2.1]:22"),
        ("/run/postgresql/.s.PGSQL.5432", "/redacted-1/redacted-2/redacted-3"),
        ("./a/../b.sock", "./redacted-1/../redacted-2"),
        ("unix:/run/run", "unix:/redacted-1/redacted-1"),
        ("unix-dgram:/dev/log", "unix-dgram:/redacted-1/redacted-2"),
        ("unix:@/tmp/.X11-unix/X0", "unix:@name-1"),
    ];
    for (input, expected) in rows {
        assert_eq!(typed(input), expected, "{input}");
    }
}

#[test]
fn a_control_group_keeps_its_kind() {
    let id = "fedcba9876543210fedcba9876543210";
    let mut map = Map::default();
    let mut group = |text: &str| map.cgroup(Some(text.to_owned())).unwrap();
    let rows = [
        (format!("/system.slice/docker-{id}.scope"), "/docker/000000000001"),
        (format!("/docker/{id}/init"), "/docker/000000000001"),
        (format!("/machine.slice/libpod-{}.scope/container", "ab".repeat(20)), "/libpod-000000000002.scope"),
        (format!("/kubepods/cri-containerd-{}.scope", "cd".repeat(20)), "/container-000000000003.scope"),
        ("/lxc.payload.secret/init".to_owned(), "/lxc/name-4"),
        ("/system.slice/secret.service".to_owned(), "/service-1.service"),
        ("/user.slice/user-1000.slice/session-3.scope".to_owned(), "/scope-1.scope"),
        ("/user.slice/user-1000.slice".to_owned(), "/group-1"),
        ("/".to_owned(), "/"),
    ];
    for (from, to) in rows {
        assert_eq!(group(&from), to, "{from}");
        let front = |cgroup: &str| {
            let unit = crate::report::unit_of(cgroup)?;
            Some(unit.rsplit_once(' ').map_or("", |(front, _)| front).to_owned())
        };
        assert_eq!(front(&from), front(to), "{from}");
    }
}

#[test]
fn words_of_the_system_stay_and_others_go() {
    for why in
        ["EPERM", "rtnetlink: EACCES", "IP_RECVERR: ENOPROTOOPT", "the connection is gone", "EAI_AGAIN"]
    {
        assert_eq!(words::reason(why.to_owned()), why);
    }
    for why in ["secret: EPERM", "no such file: /home/ann", "ann"] {
        assert_eq!(words::reason(why.to_owned()), "redacted");
    }
    let action = |text: &str| words::action(Some(text.to_owned())).unwrap();
    assert_eq!(action("!UNAVAIL=return success=Continue ann"), "!UNAVAIL=return success=Continue");
    assert_eq!(words::mode("0755".to_owned()), "0755");
    assert_eq!(words::mode("ann".to_owned()), "0");
    assert_eq!(words::selectors(vec!["iif".into(), "iif eth0".into()]), ["iif", "redacted"]);
    let mut map = Map::default();
    for source in ["files", "mdns4_minimal", "sss"] {
        assert_eq!(map.name_source(source.to_owned()), source);
    }
    assert_eq!(map.name_source("mdns_ann".to_owned()), "mdns-1");
    assert_eq!(map.name_source("ann".to_owned()), "source-2");
    for (pid, expected) in [(0, 0), (1, 1), (4711, 101), (12, 102), (4711, 101)] {
        assert_eq!(map.pid(pid), expected);
    }
    for (id, expected) in [(0, 0), (1000, 1001), (65534, 1002), (1000, 1001)] {
        assert_eq!(map.user(id), expected);
    }
}

/// Two routers refuse at once: which one decides follows from their order.
#[test]
fn rivals_keep_their_order() {
    let entry = |sender: &str| QueueEntry {
        at_ms: Millis(1.0),
        errno: Errno::from_raw(113).unwrap(),
        origin: Origin::Icmp,
        kind: 3,
        code: 1,
        info: 0,
        sender: Some(sender.parse().unwrap()),
        sender_is_ours: Fact::Seen(false),
        hop_limit: None,
    };
    for senders in [["10.0.0.9", "10.0.0.8"], ["10.0.0.8", "10.0.0.9"]] {
        let mut evidence = host("db.corp.net");
        let addresses = vec![Resolved { address: senders[0].parse().unwrap(), scope: None }];
        evidence.lookup = Fact::Seen(Lookup {
            outcome: LookupOutcome::Addresses(addresses),
            elapsed_ms: Millis(1.0),
            other_family: Fact::NotAsked,
        });
        let mut attempt = Attempt::new("10.9.9.9:443".parse().unwrap(), Millis(0.0));
        attempt.ended_ms = Some(Millis(2.0));
        attempt.queue = Fact::Seen(senders.map(entry).to_vec());
        evidence.attempts = vec![attempt];
        let mut map = Map::of(&evidence);
        let before = replaced(diagnose(&evidence), &mut map);
        assert_eq!(diagnose(&redact(evidence)), before, "{senders:?}");
    }
}

#[test]
fn a_name_of_the_search_list_stays_one() {
    let mut map = Map::default();
    let names = ["db", "corp.net", "db.corp.net", "eu.db.corp.net"].map(str::to_owned);
    let _ = map.names(names.to_vec());
    map.labels.settle();
    map.settled = true;
    assert_eq!(
        map.names(names.to_vec()),
        ["host-1", "host-2.example", "host-1.host-2.example", "host-3.host-1.host-2.example"]
    );
}
