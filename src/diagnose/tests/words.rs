//! What every row is told as: nothing unfilled, nothing general where the row knows better.

use super::all_rows;
use super::build::{Says, V4, V6, device, eai, own, remote, route_entry};
use super::row::Row;
use super::servers::{failed, works};
use super::told::{Asked, FIRST, SECOND, alias, gives, server};
use crate::diagnose::{Culprit, diagnose};
use crate::model::{AfterHandshake, Call, DnsAnswer, ExchangeOutcome, Family, Link, Millis, RouteType};
use crate::report::{Report, Story, report};
use crate::verdict::{Clue, Code};
use nix::errno::Errno as E;
use std::collections::BTreeSet;

/// Every sentence and command that a report shows.
fn sentences(report: &Report, story: &Story) -> Vec<String> {
    let verdict = &report.verdict;
    let mut all = vec![verdict.summary.clone()];
    all.extend(
        verdict
            .next
            .iter()
            .chain(&verdict.tell_apart)
            .flat_map(|step| [Some(step.what.clone()), step.command.clone()])
            .flatten(),
    );
    all.extend(verdict.alternatives.iter().map(|alternative| alternative.why.clone()));
    all.extend(report.remarks.iter().map(|remark| remark.text.clone()));
    all.extend(story.because.iter().cloned());
    all.extend(story.culprit.clone());
    all
}

fn told() -> impl Iterator<Item = (Row, Report, Story)> {
    all_rows().into_iter().map(|row| {
        let (report, story) = report(row.evidence.clone());
        (row, report, story)
    })
}

#[test]
fn every_look_alike_is_explained_by_its_verdict() {
    let mut missing = BTreeSet::new();
    for row in all_rows() {
        let diagnosis = diagnose(&row.evidence);
        for finding in diagnosis.attempts.iter().flatten().chain([&diagnosis.finding]) {
            let explained = finding.code.entry().look_alikes;
            let bare =
                finding.alternatives.iter().filter(|alike| explained.iter().all(|(code, _)| code != *alike));
            missing.extend(
                bare.map(|alike| format!("{} {:?} has no line for {alike}", finding.code, finding.variant)),
            );
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn nothing_is_left_unfilled_or_general() {
    let mut wrong = Vec::new();
    for (row, report, story) in told() {
        for sentence in sentences(&report, &story) {
            let general = [
                "of the route",
                "of the socket",
                "the other family",
                "another address accepts",
                "no time",
                "no IP ",
            ];
            let braces = sentence.contains(['{', '}']);
            if braces || sentence.is_empty() || general.iter().any(|words| sentence.contains(words)) {
                wrong.push(format!("{}: {sentence}", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_clue_has_its_sentence() {
    let mut mute = Vec::new();
    for (row, report, story) in told() {
        if story.because.len() != report.verdict.because.len() {
            mute.push(format!("{}: {:?} told as {:?}", row.name, report.verdict.because, story.because));
        }
    }
    assert!(mute.is_empty(), "{}", mute.join("\n"));
}

#[test]
fn the_report_says_what_the_diagnosis_said() {
    for (row, report, story) in told() {
        assert_eq!(report.verdict.code, row.code, "{}", row.name);
        assert_eq!(report.verdict.certainty, row.certainty, "{}", row.name);
        assert_eq!(report.verdict.culprit, row.culprit, "{}", row.name);
        assert_eq!(story.culprit.is_some(), row.culprit.is_some(), "{}", row.name);
        // An unknown variant would be told as the usual one.
        let variants = row.code.entry().headlines;
        assert!(
            variants.iter().any(|(variant, _)| *variant == row.variant) || row.variant == "target",
            "{}",
            row.name
        );
    }
}

#[test]
fn below_certain_the_words_leave_room() {
    let mut stranded = Vec::new();
    for (row, report, _) in told() {
        let verdict = report.verdict;
        assert!(verdict.alternatives.iter().all(|other| other.code != verdict.code), "{}", row.name);
        if verdict.code != Code::ConnectedOk && verdict.next.is_empty() {
            stranded.push(format!("{} {} {:?}", row.name, row.code, row.variant));
        }
    }
    assert!(stranded.is_empty(), "{}", stranded.join("\n"));
}

#[test]
fn the_refusal_that_is_named_is_the_one_that_decided() {
    let refusals = [
        route_entry(RouteType::Throw, "198.18.0.0/15", 254),
        route_entry(RouteType::Prohibit, "198.18.1.0/24", 254),
    ];
    let world = V4.far().call(Call::Connect, E::EACCES).route_refused(E::EACCES).refused_by(refusals);
    let (report, story) = report(world.0);
    assert!(
        report.verdict.summary.contains("the prohibit route 198.18.1.0/24"),
        "{}",
        report.verdict.summary
    );
    assert!(story.because.iter().any(|clue| clue.contains("the prohibit route")), "{:?}", story.because);
}

#[test]
fn the_device_that_is_named_is_the_one_that_decided() {
    let spare = Link { index: 7, name: "spare0".into(), ..device("eth1", false, Some(false)) };
    let world = remote(V4.near)
        .call(Call::Connect, E::ENETUNREACH)
        .route_refused(E::ENETUNREACH)
        .refused_by([])
        .addresses([own(V4.own, 24)])
        .links([spare, device("eth0", false, Some(false))]);
    let (report, _) = report(world.0);
    assert_eq!(report.verdict.summary, "the device eth0 is down");
}

#[test]
fn ipv6_is_not_sent_to_an_ipv4_setting() {
    let (report, _) = report(V6.far().icmp(V6.icmp(Says::TtlOut), V6.router).0);
    let commands: Vec<_> = report.verdict.next.iter().filter_map(|step| step.command.clone()).collect();
    assert!(commands.iter().all(|command| !command.contains("ipv4")), "{commands:?}");
}

#[test]
fn an_option_is_not_quoted() {
    for (row, report, _) in told() {
        for command in report.verdict.next.iter().filter_map(|step| step.command.as_ref()) {
            assert!(!command.contains("'-"), "{}: {command}", row.name);
        }
    }
}

#[test]
fn a_name_asked_for_one_family_is_not_said_to_have_no_address() {
    let world = eai("db.example", "EAI_NODATA").asked(|request| request.family = Some(Family::V6));
    let (report, _) = report(world.0);
    assert!(report.verdict.summary.contains("IPv6"), "{}", report.verdict.summary);
}

#[test]
fn the_address_that_works_is_the_one_that_is_named() {
    let late = V6.far().connected(800.0, AfterHandshake::Quiet);
    let world = late
        .named("db.example", [V4.far().connected(0.4, AfterHandshake::Quiet)])
        .asked(|request| request.timeout_ms = Millis(500.0));
    let (report, _) = report(world.0);
    assert_eq!(report.verdict.code, Code::ConnectedPartial);
    assert!(report.verdict.summary.contains("; 198.18.1.2:80 "), "{}", report.verdict.summary);
}

#[test]
fn what_was_made_here_is_not_drawn_as_the_target_s_answer() {
    let mut wrong = Vec::new();
    for (row, report, story) in told() {
        let made_here = row.culprit == Some(Culprit::Client)
            && matches!(row.code, Code::LocalFirewallReject | Code::LocalInterface)
            && !report.verdict.because.contains(&Clue::TargetIsLocal);
        let Some(picture) = story.conversation.filter(|_| made_here) else { continue };
        let target = picture.parties.len() - 1;
        if picture.arrows.iter().any(|arrow| arrow.from == target) {
            wrong.push(row.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_forged_reset_is_not_drawn_as_the_target_s() {
    for (row, _, story) in told().filter(|(row, ..)| row.code == Code::RefusedRstForged) {
        let picture = story.conversation.unwrap();
        let target = picture.parties.len() - 1;
        assert!(picture.arrows.iter().all(|arrow| arrow.from != target), "{}", row.name);
    }
}

#[test]
fn a_drop_on_the_way_in_is_not_told_as_one_on_the_way_out() {
    for (row, report, _) in
        told().filter(|(_, report, _)| report.verdict.because.contains(&Clue::NotDelivered))
    {
        let verdict = report.verdict;
        assert!(!verdict.summary.contains("no SYN leaves"), "{}: {}", row.name, verdict.summary);
        assert!(
            verdict.next.iter().all(|step| !step.what.contains("output")),
            "{}: {:?}",
            row.name,
            verdict.next
        );
    }
}

#[test]
fn more_time_is_more_than_was_asked_for() {
    let late = V4
        .far()
        .connected(5200.0, AfterHandshake::Quiet)
        .asked(|request| request.timeout_ms = Millis(5000.0));
    let (report, _) = report(late.0);
    assert_eq!(report.verdict.code, Code::TimeoutTooShort);
    let commands: Vec<_> = report.verdict.next.iter().filter_map(|step| step.command.as_deref()).collect();
    assert!(commands.iter().all(|command| !command.contains("-t 4s")), "{commands:?}");
}

#[test]
fn a_datagram_is_not_told_as_a_connection() {
    let mut wrong = Vec::new();
    for (row, report, story) in told().filter(|(row, ..)| row.name.starts_with("UDP: ")) {
        let mut all = sentences(&report, &story);
        all.extend(
            story.conversation.iter().flat_map(|picture| &picture.arrows).map(|arrow| arrow.label.clone()),
        );
        let words = ["SYN", "TCP", " tcp", "tcp port", "handshake", "connection", " ss -t", "-lt", "reset"];
        // A program's name is no claim.
        let claims = |sentence: &String| sentence.replace("tcpdump", "");
        let told = all.iter().filter(|sentence| words.iter().any(|word| claims(sentence).contains(word)));
        wrong.extend(told.map(|sentence| format!("{}: {sentence}", row.name)));
        let again = all.iter().filter(|command| command.starts_with("whyconn "));
        wrong.extend(
            again
                .filter(|command| !command.contains("udp://"))
                .map(|command| format!("{}: {command}", row.name)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn look_alikes_come_with_what_tells_them_apart() {
    for (row, report, _) in told() {
        let verdict = report.verdict;
        assert_eq!(verdict.alternatives.is_empty(), verdict.tell_apart.is_none(), "{}", row.name);
    }
}

#[test]
fn a_command_gives_the_name_server_once() {
    let mut asked = 0;
    for (row, report, _) in told() {
        let verdict = report.verdict;
        for step in verdict.next.iter().chain(&verdict.tell_apart) {
            let count = step.command.as_deref().unwrap_or_default().matches("--dns ").count();
            assert!(count <= 1, "{}: {:?}", row.name, step.command);
            let by_dns = row.evidence.request.dns.is_some() && step.what.contains("more time");
            asked += usize::from(by_dns && count == 1);
        }
    }
    assert!(asked > 0, "no row about it");
}

#[test]
fn next_steps_are_few_and_differ() {
    let mut wrong = Vec::new();
    for (row, report, _) in told() {
        let next = report.verdict.next;
        let texts: BTreeSet<&str> = next.iter().map(|step| step.what.as_str()).collect();
        if next.len() > 3 || texts.len() != next.len() {
            wrong.push(format!("{}: {next:#?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_server_that_answered_everything_is_not_listed_as_silent() {
    let half = server(FIRST).says(ExchangeOutcome::Silent, gives(&[V6.far]));
    let world = failed("EAI_AGAIN", [half, works(SECOND)]).after(5_005.0);
    let (report, story) = report(world.0);
    assert_eq!(report.verdict.code, Code::ResolveTimeout);
    let told = story.because.iter().find(|line| line.contains("asked directly")).unwrap();
    assert!(told.contains(FIRST) && told.contains("for A") && !told.contains(SECOND), "{told}");
}

#[test]
fn the_end_of_an_alias_is_the_one_that_the_deciding_server_gives() {
    let led = |rcode, name: &str| {
        let ExchangeOutcome::Answer(answer) = alias(&[name], false) else { panic!("no answer") };
        ExchangeOutcome::Answer(DnsAnswer { rcode, ..answer })
    };
    let failing = server(FIRST).says(led(2, "old.example"), led(2, "old.example"));
    let deciding = server(SECOND).says(led(3, "new.example"), led(3, "new.example"));
    let (report, _) = report(failed("EAI_NONAME", [failing, deciding]).0);
    assert!(report.verdict.summary.contains("is an alias"), "{}", report.verdict.summary);
    let next = report.verdict.next;
    assert!(next.iter().any(|step| step.what.contains("new.example")), "{next:#?}");
}
