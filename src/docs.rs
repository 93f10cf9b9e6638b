//! The documents that follow from the catalog and the types, as strings: what `explain` and `schema` print,
//! and what goes into the man page and the README.

use crate::report::Report;
use crate::verdict::{CATALOG, Class, Code};
use std::fmt::Write as _;

/// Every code with its one line, by class.
pub fn code_list() -> String {
    let mut list = String::new();
    for class in Class::ALL {
        let _ = writeln!(list, "{class}: {}", class.meaning());
        for entry in CATALOG.iter().filter(|entry| entry.class == class) {
            let first = textwrap::Options::new(80)
                .initial_indent("  ")
                .subsequent_indent("                                  ");
            let text = format!("{:<32}{}", entry.id, entry.holds_when);
            let _ = writeln!(list, "{}", textwrap::fill(&text, first));
        }
    }
    list.push_str("\n`whyconn explain CODE` tells more about one.\n");
    list
}

/// The page about one code, in Markdown.
pub fn explanation(code: Code) -> String {
    let entry = code.entry();
    format!("# {}\n\n{}\n\n{}\n", entry.id, entry.holds_when, entry.text.trim())
}

/// The JSON Schema of the report.
///
/// # Errors
/// It can't be written as JSON.
pub fn schema() -> Result<String, serde_json::Error> {
    let schema = schemars::schema_for!(Report);
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

/// The README's table of verdicts.
pub fn markdown_table() -> String {
    let mut table = String::from("| verdict | holds when |\n|---|---|\n");
    for entry in CATALOG {
        let _ = writeln!(table, "| `{}` | {} |", entry.id, entry.holds_when);
    }
    table
}
