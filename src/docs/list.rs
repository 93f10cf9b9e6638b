//! The table of verdicts that `explain` prints.

use crate::exit::Exit;
use crate::verdict::{CATALOG, Class};
use std::fmt::Write as _;

/// Columns between two columns of the table.
const GAP: usize = 2;
/// The heading of the last column, and so its width.
const EXIT: &str = "exit";

/// Every code, or those of one class, with its one line and its exit code. No line is wider than `width`
/// columns, unless that leaves no room for words.
pub fn list(class: Option<Class>, width: usize) -> String {
    let codes = CATALOG.iter().map(|entry| entry.id.len()).max().unwrap_or_default() + GAP;
    let words = width.saturating_sub(codes + 2 * GAP + EXIT.len()).max(20);
    let mut list = format!("{:<1$}", "code", GAP + codes);
    let _ = writeln!(list, "{:<words$}  {EXIT}", "holds when");
    for class in Class::ALL.into_iter().filter(|one| class.is_none_or(|class| class == *one)) {
        let _ = writeln!(list, "\n{}", textwrap::fill(&format!("{class}: {}", class.meaning()), width));
        let exit = Exit::Verdict(class).number();
        for entry in CATALOG.iter().filter(|entry| entry.class == class) {
            let mut lines = textwrap::wrap(entry.holds_when, words).into_iter();
            let first = lines.next().unwrap_or_default();
            let _ = writeln!(list, "  {:<codes$}{first:<words$}  {exit:>1$}", entry.id, EXIT.len());
            for line in lines {
                let _ = writeln!(list, "  {:codes$}{line}", "");
            }
        }
    }
    list.push_str("\n`whyconn explain CODE` tells more about one.\n");
    list
}
