//! The entry points under a seeded generator, for toolchains without libFuzzer: seeds from `tests/corpus`, bent.
//!
//! `WHYCONN_FUZZ_ROUNDS` is the number of inputs for each entry point.

use super::*;
use std::fs;
use std::path::{Path, PathBuf};

/// xorshift64* (Marsaglia, Vigna): the same inputs everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Bytes that readers stumble over.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b" ",
    b":",
    b"[",
    b"]",
    b"%",
    b"@",
    b"'",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\0\0",
    b"-1",
    b"99999999999999999999",
    b"-9223372036854775808",
    b"\x1b[31m",
    "\u{202e}".as_bytes(),
    "\u{e0001}".as_bytes(),
    b"\xc0\x0c",
];

fn bend(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        match random.below(7) {
            0 => bytes.truncate(at),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
            2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.next() as u8),
            3 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            4 => {
                let from = random.below(other.len() + 1);
                let piece = other[from..].iter().copied().take(random.below(40));
                drop(bytes.splice(at..at, piece.collect::<Vec<_>>()));
            }
            5 => {
                let end = (at + random.below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + 1 + random.below(64)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn no_input_breaks_a_reader() {
    let rounds =
        std::env::var("WHYCONN_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4000);
    for (name, entry) in ENTRIES {
        let seeds = corpus(name);
        assert!(!seeds.is_empty(), "{name} has no corpus");
        seeds.iter().for_each(|seed| entry(seed));
        for round in 0..rounds {
            let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (round + 1));
            let [one, other] = [(), ()].map(|()| &seeds[random.below(seeds.len())]);
            let input = bend(one, other, &mut random);
            if std::panic::catch_unwind(|| entry(&input)).is_err() {
                panic!("{name}, round {round}: {:?}", String::from_utf8_lossy(&input));
            }
        }
    }
}

#[test]
fn the_corpora_reach_what_they_are_for() {
    let reached = |name: &str, reaches: &dyn Fn(&[u8]) -> bool| {
        assert!(corpus(name).iter().any(|seed| reaches(seed)), "{name}: no seed gets there");
    };
    reached(
        "dns",
        &|seed| matches!(probe::fuzzing::dns(seed, RecordKind::A), Ok(Some(answer)) if !answer.addresses.is_empty()),
    );
    reached("route", &|seed| sys::route(seed, sequence(seed)).messages > 2);
    reached("route", &|seed| !sys::route(seed, sequence(seed)).texts.is_empty());
    reached("sockets", &|seed| sys::sockets(seed, sequence(seed)) > 1);
    reached("socket_table", &|seed| sys::socket_table(seed) > 0);
    reached("name_files", &|seed| !sys::resolver(&String::from_utf8_lossy(seed), "").servers.is_empty());
    reached("target", &|seed| Target::parse(&String::from_utf8_lossy(seed), &|_| None).is_ok());
}

#[test]
fn every_entry_point_has_its_fuzz_target() {
    // Left out of the package that is published.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { return };
    for (name, _) in ENTRIES {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
        assert!(folder.join(format!("fuzz_targets/{name}.rs")).exists(), "{name}");
    }
}

#[test]
fn a_shell_word_that_is_none_is_noticed() {
    assert_eq!(in_a_shell(r"'it'\''s'").as_deref(), Some("it's"));
    assert_eq!(in_a_shell(r#""$(printf 'a\033%%')""#).as_deref(), Some("a\u{1b}%"));
    for wrong in ["a b", "'a", "$(id)", "", "[a]", r#""$(printf 'a'; id)""#, r#""$(printf '%s')""#] {
        assert_eq!(in_a_shell(wrong), None, "{wrong}");
    }
}
