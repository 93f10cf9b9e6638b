//! `unsafe` is counted: two calls in one file, each with its reason, and nowhere else.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// The only file with `unsafe`, and how often it has it.
const FILE: &str = "sys/linux/raw.rs";
const COUNT: usize = 2;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// Lines of code that hold the word; comments, texts and the lint's own name do not count.
fn uses(text: &str) -> Vec<(usize, &str)> {
    let is_use = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        // Every second part stands in quotes.
        let mut words = code
            .split('"')
            .step_by(2)
            .flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'));
        words.any(|word| word == "unsafe")
    };
    (1..).zip(text.lines()).filter(|(_, line)| is_use(line)).collect()
}

#[test]
fn unsafe_stands_in_one_file_and_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "only {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let uses = uses(&text);
        if name == FILE {
            assert_eq!(uses.len(), COUNT, "{uses:?}");
            let lines: Vec<&str> = text.lines().collect();
            for (number, line) in uses {
                // The reason ends on the line above the block.
                let above = lines[..number - 1].iter().rev().take_while(|line| line.trim().starts_with("//"));
                assert!(above.clone().any(|line| line.contains("SAFETY:")), "line {number}: {line}");
            }
        } else {
            wrong.extend(uses.iter().map(|(number, line)| format!("src/{name}:{number}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_use_is_told_from_the_word() {
    let text = "unsafe { f(\"x\") }\n// unsafe\nlet x = \"unsafe\";\n#![allow(unsafe_code)]\nunsafe impl Send for X {}\n";
    assert_eq!(uses(text).iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 5]);
}
