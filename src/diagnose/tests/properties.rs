//! What holds for every row.

use super::all_rows;
use super::build::{Says, V4, V6, World, own, route_entry, rule_entry};
use super::told::{listening, waiting};
use super::without::without;
use crate::diagnose::{Diagnosis, diagnose};
use crate::model::{Call, Evidence, Fact, NeighbourState, RecordKind, RouteType};
use crate::verdict::{Certainty, Clue};
use nix::errno::Errno as E;

#[test]
fn every_clue_counts() {
    let mut idle = Vec::new();
    for row in all_rows() {
        let Diagnosis { finding, about, .. } = diagnose(&row.evidence);
        for clue in &finding.because {
            let rest = diagnose(&without(&row.evidence, about, *clue)).finding;
            let same = (rest.code, rest.certainty, &rest.culprit, &rest.because)
                == (finding.code, finding.certainty, &finding.culprit, &finding.because);
            if same {
                idle.push(format!("{}: {clue:?} in {:?}", row.name, finding.because));
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

#[test]
fn a_likely_silence_needs_the_socket_s_own_account() {
    for net in [V4, V6] {
        let seen = net.far().silent(4).0;
        let mut unseen = seen.clone();
        unseen.attempts[0].tcp = Fact::NotAsked;
        assert_eq!(diagnose(&seen).finding.certainty, Certainty::Likely);
        assert_eq!(diagnose(&unseen).finding.certainty, Certainty::Possible);
    }
}

#[test]
fn certain_cites_an_answer_by_a_kernel_or_a_device() {
    for row in all_rows() {
        let diagnosis = diagnose(&row.evidence);
        let findings = diagnosis.attempts.iter().flatten().chain([&diagnosis.finding]);
        for finding in findings.filter(|finding| finding.certainty == Certainty::Certain) {
            assert!(!finding.because.is_empty(), "{}", row.name);
            assert_ne!(finding.because, [Clue::SynUnanswered], "{}", row.name);
            assert!(finding.alternatives.is_empty(), "{}: certain, or {:?}", row.name, finding.alternatives);
        }
        assert!(!diagnosis.finding.because.is_empty(), "{}: no observation at all", row.name);
    }
}

#[test]
fn a_clue_is_cited_once() {
    for row in all_rows() {
        let mut because = diagnose(&row.evidence).finding.because;
        let all = because.len();
        because.sort();
        because.dedup();
        assert_eq!(because.len(), all, "{}", row.name);
    }
}

#[test]
fn the_evidence_survives_json() {
    for row in all_rows() {
        let text = serde_json::to_string(&row.evidence).unwrap();
        let read: Evidence = serde_json::from_str(&text).unwrap();
        assert_eq!(read, row.evidence, "{}", row.name);
        assert_eq!(diagnose(&read), diagnose(&row.evidence), "{}", row.name);
    }
}

#[test]
fn the_order_of_tables_and_probes_does_not_matter() {
    for row in all_rows() {
        let expected = diagnose(&row.evidence);
        let mut turned = row.evidence.clone();
        // Entries of other destinations stand before and behind, as in a dump of everything.
        if let Fact::Seen(addresses) = &mut turned.host.addresses {
            addresses.push(own("127.0.0.1", 8));
            addresses.reverse();
        }
        if let Fact::Seen(links) = &mut turned.host.links {
            links.reverse();
        }
        for attempt in &mut turned.attempts {
            if let Fact::Seen(refusals) = &mut attempt.refusals {
                refusals.reverse();
            }
            if let Fact::Seen(trials) = &mut attempt.trials {
                trials.reverse();
            }
            if let Fact::Seen(sweep) = &mut attempt.path {
                sweep.probes.reverse();
            }
        }
        assert_eq!(diagnose(&turned), expected, "{}", row.name);
    }
}

#[test]
fn the_order_of_a_and_aaaa_does_not_matter() {
    let mut wrong = Vec::new();
    for row in all_rows() {
        let Fact::Seen(view) = &row.evidence.direct else { continue };
        let mut turned = view.clone();
        for server in &mut turned.servers {
            server.exchanges.sort_by_key(|exchange| exchange.record == RecordKind::A);
        }
        let mut other = row.evidence.clone();
        other.direct = Fact::Seen(turned);
        let (one, other) = (diagnose(&row.evidence), diagnose(&other));
        if one != other {
            wrong.push(format!("{}: {:?} or {:?}", row.name, one.finding, other.finding));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_listener_on_another_port_changes_no_verdict() {
    for row in all_rows() {
        let before = diagnose(&row.evidence);
        let mut more = row.evidence.clone();
        let Fact::Seen(listeners) = &mut more.listeners else { continue };
        let Fact::Seen(here) = &mut listeners.here else { continue };
        let port = row.evidence.request.target.port + 1;
        for address in ["0.0.0.0", "127.0.0.1", "[::]", "[::1]", "198.51.100.2"] {
            here.insert(0, waiting(9, 2, listening(&format!("{address}:{port}"))));
        }
        assert_eq!(diagnose(&more).finding, before.finding, "{}", row.name);
    }
}

#[test]
fn the_order_of_listeners_does_not_matter() {
    for row in all_rows() {
        let mut turned = row.evidence.clone();
        let Fact::Seen(listeners) = &mut turned.listeners else { continue };
        if let Fact::Seen(here) = &mut listeners.here {
            here.reverse();
        }
        if let Fact::Seen(elsewhere) = &mut listeners.elsewhere {
            elsewhere.reverse();
        }
        assert_eq!(diagnose(&turned).finding, diagnose(&row.evidence).finding, "{}", row.name);
    }
}

#[test]
fn of_several_refusals_the_one_that_fits_decides() {
    let both = [
        route_entry(RouteType::Throw, "198.18.0.0/15", 254),
        route_entry(RouteType::Prohibit, "198.18.1.0/24", 254),
    ];
    let world = |refusals: Vec<_>| {
        V4.far().call(Call::Connect, E::EACCES).route_refused(E::EACCES).refused_by(refusals)
    };
    let turned = both.iter().rev().cloned().collect();
    let finding = diagnose(&world(both.to_vec()).0).finding;
    assert_eq!(finding.certainty, Certainty::Certain);
    assert_eq!(diagnose(&world(turned).0).finding, finding);
}

#[test]
fn of_two_fitting_refusals_the_surer_decides() {
    let both = [
        rule_entry(RouteType::Prohibit, &["fwmark"]),
        route_entry(RouteType::Prohibit, "198.18.1.0/24", 254),
    ];
    let world = |refusals: Vec<_>| {
        V4.far().call(Call::Connect, E::EACCES).route_refused(E::EACCES).refused_by(refusals)
    };
    let turned = both.iter().rev().cloned().collect();
    assert_eq!(diagnose(&world(both.to_vec()).0).finding.certainty, Certainty::Certain);
    assert_eq!(diagnose(&world(turned).0).finding.certainty, Certainty::Certain);
}

#[test]
fn two_answers_of_one_errno_do_not_depend_on_their_order() {
    // Both say EHOSTUNREACH, and came between two looks.
    let world = V4.far().ended(3050.0).soft_icmp((3, 1), V4.router).icmp((3, 13), V4.gateway);
    let [one, other] = turned_queue(world).map(|world| diagnose(&world.0));
    assert_eq!(one, other);
}

/// Both orders of the error queue's last two entries, read in one look.
fn turned_queue(world: World) -> [World; 2] {
    let turned = world.clone().with(|attempt| {
        let Fact::Seen(entries) = &mut attempt.queue else { panic!("no queue") };
        assert!(entries.len() == 2 && entries[0].at_ms == entries[1].at_ms);
        entries.reverse();
    });
    [world, turned]
}

#[test]
fn the_order_of_entries_read_at_one_time_does_not_matter() {
    for net in [V4, V6] {
        let port = net.icmp(Says::Port);
        let worlds = [
            // A router's time exceeded beside the answer that SO_ERROR names.
            net.far().ended(1000.0).soft_icmp(net.icmp(Says::TtlOut), net.router).icmp(port, net.far),
            // The same answer twice.
            net.far().ended(1000.0).soft_icmp(port, net.router).icmp(port, net.router),
            // Only noted, and the same from one sender: both SYNs met the same filter.
            net.far().soft_icmp(port, net.own).soft_icmp(port, net.own).silent(2),
            // An unanswered neighbour fails every SYN that it held.
            net.near()
                .ended(3050.0)
                .soft_icmp(net.icmp(Says::HostSilent), net.own)
                .icmp(net.icmp(Says::HostSilent), net.own)
                .neighbour(NeighbourState::Failed),
        ];
        for world in worlds {
            let [one, other] = turned_queue(world).map(|world| diagnose(&world.0));
            assert_eq!(one, other);
        }
    }
}

#[test]
fn the_same_evidence_gives_the_same_diagnosis() {
    for row in all_rows() {
        assert_eq!(diagnose(&row.evidence), diagnose(&row.evidence.clone()), "{}", row.name);
    }
}
