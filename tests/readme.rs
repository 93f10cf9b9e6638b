//! The runs that the README shows are recorded cases, rendered: nobody typed them.
//!
//! A run stands between `<!-- run: CASE -->` and `<!-- /run -->`. `WHYCONN_WRITE=1 cargo test --test readme`
//! writes them.

use std::path::Path;
use std::{env, fs};
use whyconn::render::{Detail, Style, human};
use whyconn::report::{Report, report};

const OPEN: &str = "<!-- run: ";
const CLOSE: &str = "<!-- /run -->";

#[test]
fn the_readme_shows_what_the_lab_recorded() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("README.md");
    let readme = fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let mut filled = String::new();
    let mut runs = 0;
    let mut rest = readme.as_str();
    while let Some((before, behind)) = rest.split_once(OPEN) {
        let (case, behind) = behind.split_once(" -->\n").ok_or("a mark without its end")?;
        let (_, behind) = behind.split_once(CLOSE).ok_or_else(|| format!("{case}: no {CLOSE}"))?;
        let case_file = root.join("tests/cases").join(format!("{case}.json"));
        let text = fs::read_to_string(case_file).map_err(|error| format!("{case}: {error}"))?;
        filled += before;
        filled += &format!("{OPEN}{case} -->\n```console\n{}```\n{CLOSE}", run(&text)?);
        runs += 1;
        rest = behind;
    }
    filled += rest;
    if env::var_os("WHYCONN_WRITE").is_some_and(|value| value == "1") {
        return fs::write(&file, filled).map_err(|error| error.to_string());
    }
    assert!(runs >= 3, "{runs} runs");
    assert_eq!(readme.matches("```console").count(), runs, "a run that is none of the recorded ones");
    if readme == filled {
        Ok(())
    } else {
        Err("README.md shows other runs: WHYCONN_WRITE=1 writes them".into())
    }
}

/// The command, and what it printed, 80 columns wide.
fn run(case: &str) -> Result<String, String> {
    let told: Report = serde_json::from_str(case).map_err(|error| error.to_string())?;
    let (report, story) = report(told.evidence.ok_or("no evidence")?);
    let style = Style { unicode: true, width: 80, color: Some(false) };
    Ok(format!("$ whyconn {}\n{}", report.target.input, human(&report, &story, Detail::Usual, &style)))
}
