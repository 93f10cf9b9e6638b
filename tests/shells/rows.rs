//! What every shell has to offer for a line that ends where the cursor is.

use crate::world::World;
use std::collections::BTreeSet;
use whyconn::verdict::{CATALOG, Class};

/// A line, and what is offered for its last word.
pub struct Row {
    pub line: String,
    /// Each must be offered. Shells that part a word at ':' or at '/' offer its last part.
    offered: Vec<String>,
    /// None of these may be.
    not: Vec<String>,
    /// Shells that are more generous, and complete any file.
    generous: &'static [&'static str],
}

impl Row {
    /// What is wrong with the offer of a shell.
    pub fn fault(&self, shell: &str, offered: &BTreeSet<String>) -> Option<String> {
        let has = |word: &String| {
            offered.iter().any(|is| {
                is == word
                    || word.strip_suffix(is.as_str()).is_some_and(|rest| rest.ends_with([':', '/', '=']))
                    || is.rsplit_once(['/', ':']).is_some_and(|(_, name)| word.ends_with(&format!("/{name}")))
            })
        };
        let missing: Vec<&String> = self.offered.iter().filter(|word| !has(word)).collect();
        let strict = !self.generous.contains(&shell);
        let wrong: Vec<&String> = self.not.iter().filter(|word| strict && has(word)).collect();
        let fault = !missing.is_empty() || !wrong.is_empty();
        fault.then(|| format!("{:?}: missing {missing:?}, wrong {wrong:?}, offered {offered:?}", self.line))
    }
}

fn row(line: &str, offered: &[&str], not: &[&str]) -> Row {
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Row { line: line.to_owned(), offered: own(offered), not: own(not), generous: &[] }
}

/// The lines. The names are those of [`World`].
pub fn rows(world: &World) -> Vec<Row> {
    let codes: Vec<&str> = CATALOG.iter().map(|entry| entry.id).collect();
    let (refused, others): (Vec<&str>, Vec<&str>) = codes.iter().partition(|id| id.starts_with("refused."));
    let folder = world.folder();
    let socket = format!("{folder}/app.sock");
    let file = format!("{folder}/apart.txt");
    let mut rows = vec![
        row("whyconn explain --format ", &["text", "markdown"], &["json", "postgresql"]),
        row("whyconn explain --format markdown refused.rst-", &["refused.rst-forged"], &["refused.rst"]),
        row("whyconn explain time", &["timeout", "timeout.silent"], &["refused"]),
        row("whyconn explain ", &codes, &["db.example", "schema", "lo"]),
        row("whyconn explain refused.", &refused, &others),
        row("whyconn sch", &["schema"], &["explain", "db.example"]),
        row("whyconn schema ", &[], &["db.example", "postgresql", "schema", "connected.ok"]),
        row("whyconn db.ex", &["db.example"], &["schema"]),
        row(
            "whyconn db.example ",
            &["postgresql", "https"],
            &["onlyudp", "db.example", "`pwned`", "$(pwned)"],
        ),
        row("whyconn db.example postg", &["postgresql"], &["https"]),
        row("whyconn db.example:postg", &["db.example:postgresql"], &["db.example:https"]),
        row("whyconn db.example:", &["db.example:postgresql", "db.example:https"], &["db.example:onlyudp"]),
        row("whyconn -u db.example only", &["onlyudp"], &["postgresql"]),
        row("whyconn -4u db.example:only", &["db.example:onlyudp"], &["db.example:postgresql"]),
        row("whyconn --udp db.example only", &["onlyudp"], &[]),
        row("whyconn -t 4s -s 198.51.100.2 db.example postg", &["postgresql"], &["onlyudp"]),
        row("whyconn -t ", &[], &["db.example", "postgresql", "explain", "lo"]),
        row("whyconn -i l", &["lo"], &["localhost", "db.example"]),
        row("whyconn --interface l", &["lo"], &[]),
        row("whyconn --js", &["--json"], &["--udp"]),
        row("whyconn db.example:5432 --js", &["--json"], &["--udp", "postgresql"]),
        row("whyconn db.example 5432 --verb", &["--verbose"], &[]),
    ];
    for before in ["", "unix:", "unix-seqpacket:"] {
        rows.push(Row {
            generous: &["fish", "elvish"],
            ..row(
                &format!("whyconn {before}{folder}/ap"),
                &[&format!("{before}{socket}")],
                &[&format!("{before}{file}")],
            )
        });
    }
    rows.extend(listed(&codes));
    rows
}

/// Every option whose values are known, those that its parser alone knows included.
fn listed(codes: &[&str]) -> Vec<Row> {
    let definition = whyconn::cli::definition();
    let mut rows = Vec::new();
    for option in definition.get_opts() {
        let Some(long) = option.get_long().filter(|_| option.get_action().takes_values()) else { continue };
        let known = option.get_possible_values();
        let mut values: Vec<&str> = known.iter().map(|value| value.get_name()).collect();
        match long {
            "trace" => values = vec!["auto", "always", "never"],
            "expect" => values = codes.iter().copied().chain(Class::ALL.map(Class::as_str)).collect(),
            _ => {}
        }
        if !values.is_empty() {
            rows.push(row(&format!("whyconn --{long} "), &values, &["db.example", "postgresql"]));
        }
    }
    rows
}
