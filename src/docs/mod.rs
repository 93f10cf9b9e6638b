//! The documents that follow from the catalog and the types, as strings: what `explain` and `schema` print,
//! and what goes into the man page and the README.

mod book;
mod list;

pub use book::book;
pub use list::list;

use crate::report;
use crate::verdict::{CATALOG, Code};
use std::fmt::Write as _;

/// The page about one code, in Markdown.
pub fn explanation(code: Code) -> String {
    let entry = code.entry();
    format!("# {}\n\nHolds when: {}.\n\n{}\n", entry.id, entry.holds_when, entry.text.trim())
}

/// The JSON Schema of the report.
///
/// # Errors
/// It can't be written as JSON.
pub fn schema() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&report::schema())? + "\n")
}

/// The README's table of verdicts.
pub fn markdown_table() -> String {
    let mut table = String::from("| verdict | holds when |\n|---|---|\n");
    for entry in CATALOG {
        let _ = writeln!(table, "| `{}` | {} |", entry.id, entry.holds_when);
    }
    table
}

#[cfg(test)]
#[path = "docs_tests.rs"]
mod tests;
