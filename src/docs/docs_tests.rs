use super::*;
use crate::model::target::Target;
use crate::verdict::Class;
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};
use std::collections::{BTreeMap, BTreeSet};

/// What stands in code spans and blocks of commands, a line each.
fn code_of(markdown: &str) -> Vec<String> {
    let mut code = Vec::new();
    let mut in_block = false;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(text) if in_block => code.extend(text.lines().map(str::to_owned)),
            Event::Code(text) => code.push(text.into_string()),
            _ => {}
        }
    }
    code
}

/// Every heading with its level, and every place that a link leads to.
fn outline(markdown: &str) -> (Vec<(HeadingLevel, String)>, Vec<String>) {
    let (mut headings, mut links) = (Vec::new(), Vec::new());
    let mut heading: Option<String> = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(level)) => headings.push((level, heading.take().unwrap())),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => links.push(dest_url.into_string()),
            _ => {}
        }
    }
    (headings, links)
}

/// The anchors of a document as GitHub makes them: the second of its kind is numbered.
fn anchors(headings: &[(HeadingLevel, String)]) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut numbered = |heading: &str| {
        let anchor = book::anchor(heading);
        let count = seen.entry(anchor.clone()).or_default();
        *count += 1;
        if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
    };
    headings.iter().map(|(_, heading)| numbered(heading)).collect()
}

#[test]
fn an_anchor_is_the_one_that_github_gives() {
    for (heading, expected) in [
        ("refused.rst", "refusedrst"),
        ("alias.localhost-family", "aliaslocalhost-family"),
        ("Table of verdicts", "table-of-verdicts"),
        ("What else, it could be?", "what-else-it-could-be"),
    ] {
        assert_eq!(book::anchor(heading), expected);
    }
}

#[test]
fn every_link_of_the_book_leads_to_a_heading() {
    for class in Class::ALL.into_iter().map(Some).chain([None]) {
        let book = book(class);
        let (headings, links) = outline(&book);
        let anchors = anchors(&headings);
        for link in &links {
            let to = link.strip_prefix('#').unwrap_or_else(|| panic!("{link} leads out of the book"));
            assert!(anchors.contains(to), "{class:?}: nothing is called {link}");
        }
        for entry in CATALOG.iter().filter(|entry| class.is_none_or(|class| class == entry.class)) {
            // Once from the contents, once from the table.
            let to = format!("#{}", book::anchor(entry.id));
            let leading = links.iter().filter(|link| **link == to).count();
            assert!(leading >= 2, "{class:?}: {leading} links to {}", entry.id);
        }
    }
}

#[test]
fn the_book_s_headings_are_a_tree() {
    let (headings, _) = outline(&book(None));
    let levels: Vec<usize> = headings.iter().map(|(level, _)| *level as usize).collect();
    assert_eq!(levels[0], 1);
    assert!(levels[1..].iter().all(|level| (2..=4).contains(level)), "{levels:?}");
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    let codes: Vec<&str> = headings
        .iter()
        .filter(|(level, _)| *level == HeadingLevel::H3)
        .map(|(_, heading)| heading.as_str())
        .collect();
    let order: Vec<&str> = Class::ALL
        .into_iter()
        .flat_map(|class| CATALOG.iter().filter(move |entry| entry.class == class))
        .map(|entry| entry.id)
        .collect();
    assert_eq!(codes, order);
}

#[test]
fn the_book_has_every_page_whole() {
    let book = book(None);
    for entry in CATALOG {
        // A mention of another code is a link there; commands are left alone.
        for code in code_of(entry.text) {
            assert!(book.contains(&code), "{}: {code}", entry.id);
        }
        assert!(book.contains(&format!("Holds when: {}.", entry.holds_when)));
        assert!(!entry.holds_when.contains('|'), "{}: a bar ends a cell", entry.id);
    }
    let linked = "- [`refused.rst-forged`](#refusedrst-forged): a firewall before the target.";
    assert!(book.contains(linked));
    assert!(self::book(Some(Class::Timeout)).contains("### timeout.silent"));
    assert!(!self::book(Some(Class::Timeout)).contains("### refused.rst"));
}

#[test]
fn the_list_fits_its_width_and_has_every_code_with_its_exit_code() {
    for width in [56, 80, 100] {
        let list = list(None, width);
        for line in list.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        for entry in CATALOG {
            let exit = crate::Exit::Verdict(entry.class).number().to_string();
            let mut lines = list.lines().map(str::split_whitespace).map(Iterator::collect::<Vec<_>>);
            let line = lines.find(|line| line.first() == Some(&entry.id));
            let line = line.unwrap_or_else(|| panic!("{width}: {} is missing", entry.id));
            assert_eq!(line.last(), Some(&exit.as_str()), "{line:?}");
        }
    }
    // Every word is there, in order, however it is broken.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let wide = list(Some(Class::Alias), 200);
    for entry in CATALOG {
        let there = wide.contains(&words(entry.holds_when).join(" "));
        assert_eq!(there, entry.class == Class::Alias, "{}", entry.id);
    }
}

/// A command of a page with its placeholders filled in, from the word whyconn on; `None` for another program's.
fn whyconn_command(code: &str) -> Option<Vec<String>> {
    let from = code.find("whyconn ")?;
    let command = code[from..].split(" && ").next()?.split(" | ").next()?;
    let filled = command
        .replace("SOURCE", "198.51.100.2")
        .replace("'[ADDR%DEV]:PORT'", "[fe80::1%eth0]:443")
        .replace("'[ADDR]:PORT'", "[2001:db8::7]:443")
        .replace("'[::1]:PORT'", "[::1]:443")
        .replace("CODE", "refused.rst")
        .replace("ADDR", "198.51.100.7")
        .replace("BACKEND", "backend.example")
        .replace("NAME", "db.example")
        .replace("DEV", "eth0")
        .replace("PORT", "443");
    let mut words: Vec<String> = filled.split_whitespace().map(str::to_owned).collect();
    assert!(!filled.contains('\''), "an argument in quotes: {filled}");
    // Options of a report that the definition may not have.
    for (option, values) in [("--wait", 1), ("--expect", 1), ("--redact", 0), ("-f", 1), ("-j", 1)] {
        while let Some(at) = words.iter().position(|word| word == option) {
            words.drain(at..=at + values);
        }
    }
    if words.get(1).is_some_and(|word| word != "explain")
        && let Some(at) = words.iter().position(|word| word == "--format")
    {
        let format = words.drain(at..at + 2).nth(1);
        assert!(matches!(format.as_deref(), Some("human" | "json" | "markdown")), "{command}");
    }
    // What a wait runs in the end.
    if let Some(at) = words.iter().position(|word| word == "--") {
        words.truncate(at);
    }
    Some(words)
}

#[test]
fn every_command_of_whyconn_on_a_page_is_one_that_it_knows() {
    let mut seen = 0;
    for entry in CATALOG {
        for code in code_of(entry.text) {
            let Some(words) = whyconn_command(&code) else { continue };
            seen += 1;
            let matches = crate::cli::definition()
                .try_get_matches_from(&words)
                .unwrap_or_else(|error| panic!("{}: {code}: {error}", entry.id));
            if let Some(("explain", asked)) = matches.subcommand() {
                let code = asked.get_one::<String>("code").map(|code| code.parse::<Code>());
                assert!(matches!(code, Some(Ok(_))), "{}: {words:?}", entry.id);
                continue;
            }
            assert_eq!(matches.subcommand_name(), None, "{}: {code}", entry.id);
            let target: Vec<String> = matches
                .get_many::<std::ffi::OsString>("target")
                .unwrap_or_default()
                .map(|word| word.to_string_lossy().into_owned())
                .collect();
            let [target] = target.as_slice() else { panic!("{}: {code}: {target:?}", entry.id) };
            Target::parse(target, &|_| None).unwrap_or_else(|error| panic!("{}: {code}: {error}", entry.id));
        }
    }
    assert!(seen > 50, "only {seen} commands were found");
}

#[test]
fn every_code_that_a_page_mentions_exists() {
    for entry in CATALOG {
        for code in code_of(entry.text) {
            let is_code = code.split_once('.').is_some_and(|(class, name)| {
                let plain = |one: char| one.is_ascii_lowercase() || one == '-';
                Class::ALL.iter().any(|known| known.as_str() == class) && name.chars().all(plain)
            });
            assert!(!is_code || code.parse::<Code>().is_ok(), "{}: there is no {code}", entry.id);
        }
    }
}

#[test]
fn a_page_begins_with_its_code_and_when_it_holds() {
    let page = explanation(Code::ResolveNxdomain);
    assert!(page.starts_with("# resolve.nxdomain\n\nHolds when: the name does not exist.\n\n## Symptom\n\n"));
    assert!(page.ends_with('\n') && !page.ends_with("\n\n"));
}
