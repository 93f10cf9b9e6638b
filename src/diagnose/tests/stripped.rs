//! Less evidence of the same world, and the same in another order: what is then still `certain` must be right, and
//! the order must not matter.
//!
//! An observation is taken away as if nobody had asked: a fact becomes `NotAsked`, a number that old kernels do
//! not tell is absent, a probe, extra SYN or window of time is one fewer.

use super::all_rows;
use super::build::{V4, V6};
use crate::diagnose::{Finding, diagnose, icmp};
use crate::model::{Evidence, Family, Icmp};
use crate::verdict::{Certainty, Class, Code};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Numbers that the kernel tells or not, by its version.
const UNTOLD: &[&str] = &[
    "retransmits",
    "in_flight_retransmits",
    "segments_in",
    "segments_out",
    "out_transmits",
    "udp_no_ports",
    "hop_limit",
    "confirmed_ms_ago",
    "only_v6",
    "cgroup",
];

/// Lists of what was tried: one try fewer is another run of the same world.
const TRIES: &[&str] = &["trials", "windows", "probes"];

/// Evidence with its right verdict.
struct World {
    name: String,
    evidence: Value,
    right: Code,
}

fn worlds() -> Vec<World> {
    let of_row = |row: super::row::Row| World {
        evidence: serde_json::to_value(&row.evidence).unwrap(),
        name: row.name,
        right: row.code,
    };
    let mut worlds: Vec<World> = all_rows().into_iter().map(of_row).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let report: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        worlds.push(World {
            name: file.file_stem().unwrap().to_string_lossy().into_owned(),
            evidence: report["evidence"].clone(),
            right: report["verdict"]["code"].as_str().unwrap().parse().unwrap(),
        });
    }
    worlds
}

/// Pointers (RFC 6901) to what can be taken away, the inner before the outer, later tries before earlier ones.
fn removable(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let place = format!("{at}/{key}");
                removable(inner, &place, found);
                let told = UNTOLD.contains(&key.as_str()) && !inner.is_null();
                if told || inner.get("seen").is_some() {
                    found.push(place);
                }
            }
        }
        Value::Array(items) => {
            // `trials` is a fact: the list stands below its `seen`.
            let tries = at.split('/').rev().take(2).any(|key| TRIES.contains(&key));
            for (index, item) in items.iter().enumerate().rev() {
                let place = format!("{at}/{index}");
                removable(item, &place, found);
                if tries {
                    found.push(place);
                }
            }
        }
        _ => {}
    }
}

fn remove(value: &mut Value, place: &str) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match value.pointer_mut(parent) {
        Some(Value::Array(items)) => drop(items.remove(key.parse().unwrap())),
        Some(Value::Object(map)) => {
            let gone = if UNTOLD.contains(&key) { Value::Null } else { Value::from("not-asked") };
            map.insert(key.to_owned(), gone);
        }
        // What held it is gone already.
        _ => {}
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// The finding of the evidence without these places.
fn without(evidence: &Value, places: &[&String]) -> Finding {
    let mut less = evidence.clone();
    places.iter().for_each(|place| remove(&mut less, place));
    let less: Evidence = serde_json::from_value(less).unwrap();
    diagnose(&less).finding
}

#[test]
fn what_is_certain_of_less_is_right_of_more() {
    let mut wrong: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut mute = BTreeSet::new();
    let mut tried = 0;
    for (number, world) in worlds().iter().enumerate() {
        let mut places = Vec::new();
        removable(&world.evidence, "", &mut places);
        let mut check = |less: &[&String]| {
            tried += 1;
            let finding = without(&world.evidence, less);
            let explained = finding.code.entry().look_alikes;
            let bare =
                finding.alternatives.iter().filter(|alike| explained.iter().all(|(code, _)| code != *alike));
            mute.extend(bare.map(|alike| format!("{} has no line for {alike}", finding.code)));
            if finding.certainty == Certainty::Certain
                && finding.code != world.right
                && !allowed(finding.code, world.right)
            {
                let what = format!("{} certain, and right is {}", finding.code, world.right);
                let example = format!("{}: without {less:?}: because {:?}", world.name, finding.because);
                let entry = wrong.entry(what).or_insert((0, example.clone()));
                entry.0 += 1;
                if example.len() < entry.1.len() {
                    entry.1 = example;
                }
            }
        };
        check(&[]);
        places.iter().for_each(|place| check(&[place]));
        let mut random = Random(number as u64);
        for _ in 0..ROUNDS {
            let less: Vec<&String> = places.iter().filter(|_| random.below(3) == 0).collect();
            check(&less);
        }
    }
    assert!(mute.is_empty(), "{mute:#?}");
    assert!(tried > 10_000, "only {tried} strippings");
    let told = wrong.iter().map(|(what, (count, example))| format!("{what} ({count} times)\n  {example}"));
    assert!(wrong.is_empty(), "{}", told.collect::<Vec<_>>().join("\n"));
}

const ROUNDS: usize = 40;

/// What may be certain where something else is right: it is true as well, and says less.
fn allowed(certain: Code, right: Code) -> bool {
    match certain.class() {
        // The handshake was completed; what came after it nobody watched (`--grace 0`).
        Class::Connected => right.class() == Class::Service,
        // What happened at the address that was tried; that it is the wrong one explains it.
        Class::Refused => right.class() == Class::Alias,
        _ => false,
    }
}

/// Lists whose order says nothing: what several probes brought, or the order in which a table is listed.
const UNORDERED: &[&str] =
    &["addresses", "links", "refusals", "here", "elsewhere", "on_port", "listed", "holders", "probes"];

/// Turns such lists, and entries of the error queue that were read in one look, into another order.
fn shuffle(value: &mut Value, key: &str, random: &mut Random) {
    match value {
        Value::Object(map) => map.iter_mut().for_each(|(own, inner)| {
            // A fact's list stands below its `seen`.
            let key = if own == "seen" { key } else { own };
            shuffle(inner, key, random);
        }),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| shuffle(item, "", random));
            let one_look =
                key == "queue" && items.windows(2).all(|pair| pair[0]["at_ms"] == pair[1]["at_ms"]);
            // Addresses of a name are tried in their order; those of this host have none.
            let named = key == "addresses" && items.iter().all(|item| item.get("prefix_len").is_none());
            if one_look || (UNORDERED.contains(&key) && !named) {
                for at in (1..items.len()).rev() {
                    items.swap(at, random.below(at + 1));
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let mut wrong = BTreeSet::new();
    let mut turned = 0;
    for (number, world) in worlds().iter().enumerate() {
        let before = without(&world.evidence, &[]);
        let mut random = Random(number as u64);
        for _ in 0..6 {
            let mut other = world.evidence.clone();
            shuffle(&mut other, "", &mut random);
            turned += usize::from(other != world.evidence);
            let after = without(&other, &[]);
            if after != before {
                wrong.insert(format!("{}:\n  {before:?}\n  {after:?}", world.name));
            }
        }
    }
    assert!(turned > 500, "only {turned} shuffles changed anything");
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_icmp_error_has_a_verdict() {
    for net in [V4, V6] {
        for kind in 0..=255 {
            // Every code of the types that have some, and a few of the others.
            let known = matches!(kind, 1 | 3 | 4 | 11 | 12);
            for code in (0..=255).filter(|code| known || code % 51 == 0) {
                let evidence = net.far().icmp((kind, code), net.router).0;
                let finding = diagnose(&evidence).finding;
                let class = finding.code.class();
                assert!(matches!(class, Class::Refused | Class::Unreachable), "{kind}/{code}: {finding:?}");
                let table =
                    icmp::code_of(Icmp { family: if net.family == Family::V4 { 4 } else { 6 }, kind, code });
                let worn_out = finding.variant == "time-exceeded";
                assert!(worn_out || finding.code == table, "{kind}/{code}: {finding:?}");
            }
        }
    }
}
