//! The man pages, the completions and the README's table of verdicts are generated from the definitions and
//! committed; these tests hold the committed files against what the definitions give now.
//!
//! `WHYCONN_WRITE=1 cargo test --test generated` writes the files instead.

mod completions;
mod man;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

#[test]
fn the_man_pages_follow_the_definitions() -> Result<(), String> {
    for (file, page) in man::all().map_err(|error| error.to_string())? {
        check(file, &page)?;
    }
    Ok(())
}

/// At 80 columns, as by `man`, and in the eyes of groff and mandoc.
#[test]
fn the_man_pages_show_without_warnings() -> Result<(), String> {
    for (file, _) in man::all().map_err(|error| error.to_string())? {
        let page = path_of(file);
        let page = page.to_str().ok_or("the path is not UTF-8")?;
        let shown = run("man", &["--warnings", "--no-hyphenation", "-l", page])?;
        // Bold is written by overstriking, or by escape sequences: neither counts.
        let shown = run_with("col", &["-bx"], &shown)?;
        let wide: Vec<&str> = shown.lines().filter(|line| line.chars().count() > 80).collect();
        if !wide.is_empty() {
            return Err(format!("{file} is wider than 80 columns:\n{}", wide.join("\n")));
        }
        run("groff", &["-man", "-ww", "-z", "-rLL=80n", "-Tutf8", "-k", page])?;
        // The pages have no date: it would change with every build.
        let lint = run("mandoc", &["-T", "lint", "-W", "warning", page]).err().unwrap_or_default();
        let lint: Vec<&str> = lint.lines().filter(|line| !line.contains("missing date")).collect();
        if !lint.is_empty() {
            return Err(lint.join("\n"));
        }
    }
    Ok(())
}

#[test]
fn the_completions_follow_the_definitions() -> Result<(), String> {
    for (file, script) in completions::all()? {
        check(file, &script)?;
    }
    Ok(())
}

#[test]
fn the_readme_lists_every_verdict() -> Result<(), String> {
    const OPEN: &str = "<!-- verdicts -->\n";
    const CLOSE: &str = "<!-- /verdicts -->\n";
    let readme = read("README.md")?;
    let marks = readme
        .split_once(OPEN)
        .and_then(|(before, rest)| rest.split_once(CLOSE).map(|(_, behind)| (before, behind)));
    let (before, behind) =
        marks.ok_or("README.md: the table's two marks are not there, each on a line of its own")?;
    let table = whyconn::docs::markdown_table();
    check("README.md", &format!("{before}{OPEN}{table}{CLOSE}{behind}"))
}

/// Compares a committed file with what it should hold, or writes it.
fn check(file: &str, wanted: &str) -> Result<(), String> {
    if env::var_os("WHYCONN_WRITE").is_some_and(|value| value == "1") {
        return fs::write(path_of(file), wanted).map_err(|error| format!("{file}: {error}"));
    }
    let committed = read(file)?;
    if committed == wanted {
        return Ok(());
    }
    let same = committed.lines().zip(wanted.lines()).take_while(|(is, should)| is == should).count();
    Err(format!(
        "{file} differs from the definitions, first in line {}: `WHYCONN_WRITE=1 cargo test --test generated` writes it",
        same + 1
    ))
}

fn read(file: &str) -> Result<String, String> {
    fs::read_to_string(path_of(file)).map_err(|error| format!("{file}: {error}"))
}

fn path_of(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// What a program prints; an error if it fails or has anything to say on standard error.
fn run(program: &str, words: &[&str]) -> Result<String, String> {
    let settings =
        [("LC_ALL", "C.UTF-8"), ("MANWIDTH", "80"), ("MAN_KEEP_FORMATTING", "1"), ("GROFF_NO_SGR", "1")];
    let output = Command::new(program).args(words).envs(settings).output();
    judged(program, output.map_err(|error| format!("{program}: {error}"))?)
}

fn run_with(program: &str, words: &[&str], input: &str) -> Result<String, String> {
    use std::io::Write as _;
    use std::process::Stdio;
    let told = |error: std::io::Error| format!("{program}: {error}");
    let mut child = Command::new(program)
        .args(words)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(told)?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let text = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(told)?;
    let written = writer.join().map_err(|_| "the writer panicked")?;
    written.map_err(told)?;
    judged(program, output)
}

fn judged(program: &str, output: Output) -> Result<String, String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && said.is_empty() {
        Ok(printed.into_owned())
    } else {
        Err(format!("{program}: {}: {said}{printed}", output.status))
    }
}
