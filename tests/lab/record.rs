//! What is kept of the reports.
//!
//! - `LAB_RECORD=DIR`: each as a case that can be diagnosed again. A case that is there already is never written
//!   over: it is an expectation by then.
//! - `LAB_VERDICTS=FILE`: one line a trial with its verdict, so that rounds of the lab can be compared.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use serde_json::Value;

use crate::scenario::Case;

pub(crate) fn store(case: &Case, code: &str, report: &Value) -> Result<(), String> {
    let Some(directory) = std::env::var_os("LAB_RECORD").map(PathBuf::from) else {
        return Ok(());
    };
    let scenario = case.name.replace("::", "-");
    let name = format!("{code}--{scenario}-{}.json", case.family.name());
    let path = directory.join(name);
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(&directory).map_err(told)?;
    match fs::File::create_new(&path) {
        // Which machine the lab ran on is nobody's business.
        Ok(file) => serde_json::to_writer_pretty(&file, &anonymous(report))
            .map_err(|error| format!("{}: {error}", path.display()))
            .and_then(|()| (&file).write_all(b"\n").map_err(told)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(told(error)),
    }
}

/// Adds the trial's line: its name, then code, certainty and culprit, or that its world leaves them to chance.
pub(crate) fn verdict(case: &Case, report: &Value) -> Result<(), String> {
    let Some(path) = std::env::var_os("LAB_VERDICTS").map(PathBuf::from) else {
        return Ok(());
    };
    let verdict = &report["verdict"];
    let said = match case.scenario.chance.as_str() {
        "" => format!("{} {} {}", verdict["code"], verdict["certainty"], verdict["culprit"]),
        why => format!("left to chance: {why}"),
    };
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    // One write a line: the trials run side by side.
    let line = format!("{}::{}\t{said}\n", case.name, case.family.name());
    let mut file = fs::File::options().create(true).append(true).open(&path).map_err(told)?;
    file.write_all(line.as_bytes()).map_err(told)
}

fn anonymous(report: &Value) -> Value {
    let mut report = report.clone();
    if let Some(asked) = report.pointer_mut("/evidence/asked") {
        *asked = Value::Null;
    }
    report
}
