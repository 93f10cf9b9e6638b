use super::*;
use crate::diagnose::{Culprit, diagnose};
use crate::model::{
    Errno, Millis, Origin, QueueEntry, Request, Route, RouteAnswer, RouteType, SoError, Target,
};
use nix::errno::Errno as E;

fn attempt(address: &str, gateway: &str) -> Attempt {
    let route = Route {
        kind: RouteType::Unicast,
        gateway: gateway.parse().ok(),
        device_index: Some(2),
        preferred_source: None,
        table: Some(254),
        hop_limit: None,
    };
    Attempt {
        route: Fact::Seen(RouteAnswer::Route(route)),
        ended_ms: Some(Millis(3.0)),
        ..Attempt::new(format!("{address}:80").parse().unwrap(), Millis::default())
    }
}

fn rejected(address: &str, gateway: &str, sender: &str) -> Attempt {
    let errno = Errno::from(E::EHOSTUNREACH);
    let entry = QueueEntry {
        at_ms: Millis(1.0),
        errno,
        origin: Origin::Icmp,
        kind: 3,
        code: 13,
        info: 0,
        sender: sender.parse().ok(),
        sender_is_ours: Fact::Seen(false),
        hop_limit: None,
    };
    Attempt {
        so_errors: vec![SoError { at_ms: Millis(1.0), errno }],
        queue: Fact::Seen(vec![entry]),
        ..attempt(address, gateway)
    }
}

fn evidence(attempt: Attempt) -> Evidence {
    let target = Target::parse(&attempt.address.to_string(), &|_| None).unwrap();
    Evidence { attempts: vec![attempt], ..Evidence::new(Request::new(target)) }
}

fn finding(code: Code) -> Finding {
    let evidence = evidence(rejected("198.18.3.2", "198.51.100.1", "198.51.100.1"));
    Finding { code, culprit: Some(Culprit::Target), ..diagnose(&evidence).finding }
}

#[test]
fn the_first_failures_are_looked_into_and_then_the_first_of_each_kind() {
    let mut groups = Groups::new();
    let (refused, near) = (finding(Code::RefusedRst), attempt("198.18.3.2", "198.51.100.1"));
    for _ in 0..SPARE {
        assert!(groups.wants_sample(&refused, Some(&near)));
    }
    // The second allowance fills with time.
    groups.filled = Instant::now() - std::time::Duration::from_secs(1);
    assert!(groups.wants_sample(&refused, Some(&near)));
    assert!(!groups.wants_sample(&refused, Some(&near)), "one of a kind");
    assert!(groups.wants_sample(&refused, Some(&attempt("198.18.4.2", "198.51.100.1"))), "another network");
    groups.later = 0.0;
    assert!(!groups.wants_sample(&finding(Code::ResolveNxdomain), None), "so many a second");
    groups.give_back(false);
    assert!(groups.wants_sample(&refused, Some(&near)), "what works takes none");
}

#[test]
fn what_works_or_has_taken_its_time_is_left_alone() {
    let mut groups = Groups::new();
    let late = Attempt { ended_ms: Some(Millis(3060.0)), ..attempt("198.18.3.2", "198.51.100.1") };
    let quick = attempt("198.18.3.2", "198.51.100.1");
    assert!(!groups.wants_sample(&finding(Code::UnreachableNeighbor), Some(&late)));
    for code in [Code::ConnectedOk, Code::TimeoutSilent, Code::ServiceClosed] {
        assert!(!groups.wants_sample(&finding(code), Some(&quick)));
    }
    for _ in 0..SILENT {
        assert!(groups.take_for_silence());
    }
    assert!(!groups.take_for_silence());
    assert!(groups.take_spare(), "silence does not take all");
}

#[test]
fn rejections_count_for_their_region_and_for_whom_they_come_from() {
    let mut groups = Groups::new();
    for host in 1..=3 {
        let target = format!("198.18.3.{host}");
        groups.note(&evidence(rejected(&target, "198.51.100.1", "203.0.113.7")));
    }
    let beside = |address: &str, gateway: &str| groups.beside(&attempt(address, gateway));
    let known = beside("198.18.77.1", "198.51.100.1").unwrap();
    assert_eq!((known.rejected, known.icmp.kind, known.icmp.code), (3, 3, 13));
    assert_eq!(beside("198.19.77.1", "198.51.100.1"), None, "another region");
    assert_eq!(beside("198.18.77.1", "198.51.100.2"), None, "another gateway");
    assert!(beside("198.19.77.1", "203.0.113.7").is_some(), "the gateway rejects");
    let exceeded =
        crate::model::PathAnswer::TimeExceeded { from: "203.0.113.7".parse().ok(), hop_limit: None };
    let probe = PathProbe {
        protocol: crate::model::PathProtocol::Tcp,
        ttl: Some(2),
        sent_ms: Millis(1.0),
        answered_ms: Some(Millis(2.0)),
        answer: Some(exceeded),
    };
    let sweep = crate::model::Sweep { probes: vec![probe], ..Default::default() };
    let behind = Attempt { path: Fact::Seen(sweep), ..attempt("198.19.77.1", "198.51.100.1") };
    assert!(groups.beside(&behind).is_some(), "a hop of the way rejects");
}

#[test]
fn what_says_nothing_about_others_is_not_counted() {
    let mut groups = Groups::new();
    groups.note(&evidence(rejected("198.18.3.2", "198.51.100.1", "198.18.3.2")));
    let mut own = rejected("198.18.3.2", "198.51.100.1", "198.51.100.2");
    if let Fact::Seen(entries) = &mut own.queue {
        entries[0].sender_is_ours = Fact::Seen(true);
    }
    groups.note(&evidence(own));
    groups.note(&evidence(attempt("198.18.3.2", "198.51.100.1")));
    assert_eq!(groups.beside(&attempt("198.18.3.3", "198.51.100.1")), None);
}
