//! How names, name servers and listeners are told: whole sentences, one line each, right when pasted.

use super::all_rows;
use super::build::{V4, V6, World, eai, remote};
use super::told::{
    Asked, FIRST, NAME, contained, cut_short, empty, errno, extended, gives, listening, on_device, rcode,
    server,
};
use crate::diagnose::{Diagnosis, Finding, Remark};
use crate::model::{
    AfterHandshake, DirectView, Evidence, ExchangeOutcome, Fact, Listeners, Listening, Millis, NameFiles,
    Owner, Process, ResolverSettings, RouteType, ServerView,
};
use crate::report::{KEYS, Report, Story, Words, report};
use crate::verdict::{CATALOG, Certainty, Clue};
use nix::errno::Errno as E;

fn told(world: World) -> (Report, Story) {
    report(world.0)
}

fn summary(world: World) -> String {
    told(world).0.verdict.summary
}

/// Everything a reader sees.
fn sentences(report: &Report, story: &Story) -> Vec<String> {
    let verdict = &report.verdict;
    let mut all = vec![verdict.summary.clone()];
    all.extend(
        verdict.next.iter().flat_map(|step| [Some(step.what.clone()), step.command.clone()]).flatten(),
    );
    all.extend(verdict.alternatives.iter().map(|alternative| alternative.why.clone()));
    all.extend(report.remarks.iter().map(|remark| remark.text.clone()));
    all.extend(story.because.iter().cloned());
    all
}

#[test]
fn everything_is_told_in_one_line_and_in_words() {
    let mut wrong = Vec::new();
    for row in all_rows() {
        let (report, story) = report(row.evidence);
        for sentence in sentences(&report, &story) {
            let debug = ["Some(", "None", "Seen(", "NotAsked", "Ok(", "Err(", "Listening", "Standing", "\\n"];
            let odd = sentence.contains(['\n', '\r', '\t'])
                || sentence.contains("  ")
                || sentence.trim() != sentence;
            let holes = [": ;", ", ,", "()", " ,", ": )", "by , "];
            if odd
                || sentence.is_empty()
                || debug.iter().any(|form| sentence.contains(form))
                || holes.iter().any(|hole| sentence.contains(hole))
                || sentence.ends_with([':', ','])
            {
                wrong.push(format!("{}: {sentence:?}", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_variant_about_names_and_listeners_has_a_row() {
    let seen: Vec<_> = all_rows().iter().map(|row| (row.code, row.variant)).collect();
    let mut missing = Vec::new();
    for entry in CATALOG.iter().filter(|entry| ["resolve", "alias"].contains(&entry.class.as_str())) {
        for (variant, _) in entry.headlines {
            // Every name that breaks the rules does so in a way that has its own words.
            let never = entry.id == "resolve.bad-name" && variant.is_empty();
            if !never && !seen.contains(&(entry.code, *variant)) {
                missing.push(format!("{} {variant:?}", entry.id));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn commands_name_servers_as_their_programs_want_them() {
    let v6 = |outcome: fn() -> ExchangeOutcome| server("2001:db8:9::53").says(outcome(), outcome());
    let commands = |world: World| -> Vec<String> {
        let (report, _) = told(world);
        report.verdict.next.into_iter().filter_map(|step| step.command).collect()
    };
    let silent = commands(eai(NAME, "EAI_AGAIN").told([v6(|| ExchangeOutcome::Silent)]).after(10_010.0));
    assert!(silent.iter().any(|command| command.contains("[2001:db8:9::53]:53")), "{silent:?}");
    let elsewhere = |mut server: ServerView| {
        server.attempt.address.set_port(5353);
        server
    };
    let silent = commands(eai(NAME, "EAI_AGAIN").by_dns(elsewhere(server(FIRST).silent())));
    assert!(silent.iter().any(|command| command.contains("203.0.113.53:5353")), "{silent:?}");
    assert!(silent.iter().all(|command| !command.contains("5353:53")), "{silent:?}");
    let bogus = || extended(2, 6, "");
    let dig = commands(eai(NAME, "EAI_AGAIN").by_dns(elsewhere(server(FIRST).says(bogus(), bogus()))));
    assert!(dig.iter().all(|command| !command.contains("@203.0.113.53:5353")), "{dig:?}");
}

#[test]
fn the_line_of_the_hosts_file_is_that_of_the_address() {
    let said = server(FIRST).says(gives(&["198.18.1.7"]), empty());
    let world =
        V4.near().silent(4).named(NAME, [V4.far().reset()]).told([said]).hosts(&[(3, V4.near), (9, V4.far)]);
    let (report, story) = told(world);
    assert_eq!(report.verdict.code.as_str(), "alias.hosts-override");
    assert!(report.verdict.summary.starts_with("line 9 "), "{}", report.verdict.summary);
    assert!(story.because.iter().all(|clue| !clue.contains("line 3")), "{:?}", story.because);
}

#[test]
fn a_name_without_an_address_is_not_said_to_be_no_name() {
    let world = eai(NAME, "EAI_NODATA").told([server(FIRST).says(gives(&[V4.far]), empty())]);
    let summary = summary(world);
    assert!(!summary.contains("does not exist"), "{summary}");
}

#[test]
fn a_family_is_not_said_to_be_the_only_one_beside_another() {
    let world = V4.loopback().own_reset().named("localhost", []);
    let world = world.here([listening("[::1]:80"), listening("198.51.100.2:80")]);
    let summary = summary(world);
    assert!(!summary.contains("IPv6 only"), "{summary}");
}

#[test]
fn an_address_that_nobody_tried_is_not_said_to_fail() {
    let said = server(FIRST).says(gives(&["198.18.1.7"]), empty());
    let (report, _) = told(V4.far().reset().named(NAME, []).told([said]).hosts(&[(3, V4.far)]));
    for alike in report.verdict.alternatives {
        assert!(!alike.why.contains("does not connect either"), "{}", alike.why);
    }
}

#[test]
fn only_the_names_that_failed_are_said_to_fail() {
    let short = server(FIRST).says_of("db.corp.example", empty(), empty()).says_of("db", rcode(2), rcode(2));
    let (_, story) = told(eai("db", "EAI_AGAIN").told([short]));
    assert!(story.because.iter().any(|clue| clue.contains("SERVFAIL for db")), "{:?}", story.because);
    assert!(story.because.iter().all(|clue| !clue.contains("db.corp.example")), "{:?}", story.because);
}

#[test]
fn what_was_cut_short_is_told_by_the_rest() {
    let rest = server(FIRST).says(cut_short(), cut_short()).over_tcp(rcode(3), rcode(3));
    let (_, story) = told(eai(NAME, "EAI_NONAME").told([rest]));
    assert!(story.because.iter().any(|clue| clue.contains("answers NXDOMAIN")), "{:?}", story.because);
}

#[test]
fn the_time_that_servers_had_is_the_time_that_is_told() {
    // 1.5 s, and not the 4 s that a connection would have.
    let world = eai(NAME, "EAI_AGAIN").told([server(FIRST).silent()]).after(10_010.0);
    let summary = summary(world);
    assert!(summary.contains("1.5 s") && !summary.contains("4.0 s"), "{summary}");
}

#[test]
fn listeners_are_named_with_their_owner() {
    let summary = summary(V4.loopback().own_reset().here([listening("198.51.100.2:80")]));
    assert_eq!(
        summary,
        "you asked for 127.0.0.1:80; port 80 is open here only on 198.51.100.2:80 (node, pid 812, web.service)"
    );
    let (report, _) = told(V4.loopback().own_reset().listeners([], [contained("127.0.0.1:80", 7)]));
    let summary = report.verdict.summary;
    assert!(summary.contains("docker container 0123456789ab") && summary.contains("user 0"), "{summary}");
    assert_eq!(report.listeners.len(), 1);
    assert!(report.listeners[0].process.is_none() && report.listeners[0].namespace == Some(7));
}

#[test]
fn the_command_for_a_listener_leads_to_it() {
    let (report, _) = told(V4.loopback().own_reset().named("localhost", []).here([listening("[::1]:80")]));
    assert_eq!(report.verdict.next[0].command.as_deref(), Some("whyconn '[::1]:80'"));
    // The first in the table is not always the one that helps.
    let world = V4.loopback().own_reset().named("localhost", []);
    let world = world.here([listening("198.51.100.2:80"), listening("[::1]:80")]);
    let (report, _) = told(world);
    if report.verdict.code.as_str() == "alias.localhost-family" {
        assert_eq!(report.verdict.next[0].command.as_deref(), Some("whyconn '[::1]:80'"));
    }
}

#[test]
fn what_outsiders_wrote_is_shown_safe() {
    let evil = "\u{1b}[31mred\n\u{202e}";
    let owner = Owner {
        uid: 0,
        process: Fact::Seen(Process { pid: 1, name: evil.into() }),
        cgroup: Some(format!("/{evil}.service")),
    };
    let socket = Listening { owner, device: Some(evil.into()), ..listening("198.51.100.2:80") };
    let worlds = [
        V4.loopback().own_reset().here([socket]),
        eai(NAME, "EAI_AGAIN").told([server(FIRST).says(extended(2, 6, evil), extended(2, 6, evil))]),
        eai(NAME, "EAI_NODATA").told([server(FIRST).says(super::told::alias(&[evil], false), empty())]),
        eai(NAME, "EAI_NONAME").sources(&[evil]),
        eai(evil, "EAI_NONAME").sources(&["files"]),
    ];
    for world in worlds {
        let (report, story) = told(world);
        for sentence in sentences(&report, &story) {
            assert!(!sentence.contains(['\u{1b}', '\n', '\u{202e}']), "{sentence:?}");
        }
    }
}

/// Evidence whose lists are all empty, or could not be read.
fn hollow() -> Vec<Evidence> {
    let none = |fact: fn() -> Fact<NameFiles>, world: World| {
        let mut evidence = world.0;
        evidence.name_files = fact();
        evidence
    };
    let empty_files = || {
        Fact::Seen(NameFiles {
            hosts: Fact::Seen(Vec::new()),
            sources: Fact::Seen(Vec::new()),
            resolver: Fact::Seen(ResolverSettings::default()),
            own_name: None,
        })
    };
    let view = |servers: Vec<ServerView>| {
        let (started_ms, ended_ms) = (Millis(9.0), Millis(3.0));
        Fact::Seen(DirectView { servers, addresses: Vec::new(), started_ms, ended_ms })
    };
    let mut all = Vec::new();
    for world in [
        eai(NAME, "EAI_NONAME"),
        eai("", "EAI_AGAIN"),
        eai("localhost", "EAI_AGAIN"),
        V4.loopback().own_reset().named("localhost", []),
        V6.loopback().reset(),
        V4.far().silent(4).named(NAME, []),
        V4.loopback().connected(0.1, AfterHandshake::Quiet),
        remote("0.0.0.0").route_of(RouteType::Local).reset().named(NAME, []),
    ] {
        let mut evidence = none(empty_files, world);
        evidence.listeners = Fact::Seen(Listeners {
            at_ms: Millis(0.0),
            here: Fact::Seen(Vec::new()),
            elsewhere: Fact::CouldNotLook(String::new()),
        });
        evidence.contrast = Fact::Seen(Vec::new());
        for servers in [
            Vec::new(),
            vec![server(FIRST)],
            vec![server(FIRST).says(cut_short(), cut_short()), server(FIRST).says(gives(&[]), rcode(4095))],
            vec![server(FIRST).over_tcp(errno(E::ECONNREFUSED), ExchangeOutcome::Malformed(String::new()))],
        ] {
            evidence.direct = view(servers);
            all.push(evidence.clone());
        }
    }
    all
}

#[test]
fn every_word_has_a_value_for_the_oddest_evidence() {
    let clues = [
        Clue::DnsAnswer,
        Clue::DnsDisagrees,
        Clue::DnsLate,
        Clue::DnsSilent,
        Clue::DnsUnreachable,
        Clue::NoDnsSource,
        Clue::NoServerConfigured,
        Clue::NotLoopback,
        Clue::PinnedByHosts,
        Clue::DnsGivesOther,
        Clue::OtherAddressWorks,
        Clue::NoListener,
        Clue::ListensElsewhere,
        Clue::ListensInNamespace,
        Clue::QueueFull,
        Clue::NotAccepted,
    ];
    let address: std::net::SocketAddr = "203.0.113.53:53".parse().unwrap();
    let remarks = [
        Remark::NameServerDead { server: address },
        Remark::AskedServer,
        Remark::Sinkhole { address: address.ip() },
        Remark::HostsOverride,
        Remark::ListensInNamespace,
        Remark::PortNearby { address },
        Remark::FirstAddressCost,
    ];
    for evidence in hollow() {
        let _ = report(evidence.clone());
        for entry in CATALOG {
            for (variant, _) in entry.headlines {
                let finding = Finding {
                    code: entry.code,
                    variant,
                    certainty: Certainty::Likely,
                    culprit: None,
                    because: clues.to_vec(),
                    alternatives: entry.look_alikes.iter().map(|(code, _)| *code).collect(),
                };
                let about = (!evidence.attempts.is_empty()).then_some(0);
                let diagnosis = Diagnosis { finding, about, attempts: Vec::new(), remarks: remarks.to_vec() };
                let words = Words::new(&evidence, &diagnosis);
                for sentence in [words.headline()].into_iter().chain(words.because()) {
                    assert!(!sentence.contains(['{', '}']), "{}: {sentence}", entry.id);
                }
                let _ = (words.next_steps(), words.alternatives(), words.culprit());
                remarks.iter().for_each(|remark| drop(words.remark(remark)));
            }
        }
    }
    assert!(KEYS.contains(&"listeners"));
}

#[test]
fn a_device_is_named_with_its_listener() {
    let summary = summary(V4.loopback().own_reset().here([on_device("eth0", listening("0.0.0.0:80"))]));
    assert!(summary.contains("through the device eth0") && !summary.contains("of the socket"), "{summary}");
}
