//! `LAB_RECORD=DIR`: keeps each observed report as a case that can be diagnosed again. A case that is
//! there already is never written over: it is an expectation by then.

use std::fs;
use std::io::ErrorKind;
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
            .and_then(|()| std::io::Write::write_all(&mut &file, b"\n").map_err(told)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(told(error)),
    }
}

fn anonymous(report: &Value) -> Value {
    let mut report = report.clone();
    if let Some(asked) = report.pointer_mut("/evidence/asked") {
        *asked = Value::Null;
    }
    report
}
