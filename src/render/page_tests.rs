use super::*;
use crate::docs;
use crate::verdict::CATALOG;
use std::sync::Mutex;

/// Colour is switched for the whole process.
static COLOUR: Mutex<()> = Mutex::new(());

fn shown(markdown: &str, width: usize, color: bool) -> String {
    let _one = COLOUR.lock().unwrap();
    page(markdown, &Style { unicode: true, width, color: Some(color) })
}

#[test]
fn headings_paragraphs_lists_and_blocks_are_laid_out() {
    let markdown = "# a.code\n\nSome words\nof a paragraph.\n\n## Next\n\n- one `ss -ltn` **bold**\n\n  ```\n  paste \
                    this\n  ```\n\n- two\n  - deeper\n\n1. first\n2. second, with more words than fit\n\nEnd.\n";
    let expected = "\
a.code

Some words of a paragraph.

Next

- one `ss -ltn` bold

    paste this

- two
  - deeper

1. first
2. second, with more words
   than fit

End.
";
    assert_eq!(shown(markdown, 30, false), expected);
}

#[test]
fn colour_takes_the_place_of_marks() {
    let text = shown("## Title\n\nRun `ss -ltn` **now**.\n\n```\npaste this\n```\n", 80, true);
    assert_eq!(
        text,
        "\u{1b}[1mTitle\u{1b}[0m\n\nRun \u{1b}[36mss -ltn\u{1b}[0m \u{1b}[1mnow\u{1b}[0m.\n\n  \u{1b}[36mpaste this\u{1b}[0m\n\n"
    );
}

#[test]
fn a_command_stays_on_one_line() {
    let command = "`tcpdump -ni any tcp port PORT`";
    for width in 40..60 {
        let text = shown(&format!("Some words, and then {command} in the midst of others."), width, false);
        assert!(text.contains(command), "{text}");
    }
}

#[test]
fn every_page_keeps_its_words_and_fits() {
    for entry in CATALOG {
        let source = docs::explanation(entry.code);
        for width in [60, 80, 100] {
            let text = shown(&source, width, false);
            assert!(text.lines().all(|line| !line.starts_with('#')), "{}", entry.id);
            assert!(!text.contains("**") && !text.contains(KEEP), "{}", entry.id);
            for line in text.lines().filter(|line| textwrap::core::display_width(line) > width) {
                // Nothing is broken that is to be pasted.
                assert!(line.contains('`') || line.starts_with("  "), "{}: {line}", entry.id);
            }
            let words = |text: &str| -> Vec<String> {
                let mark = |word: &&str| !word.starts_with("```") && !matches!(*word, "#" | "##");
                text.split_whitespace().filter(mark).map(|word| word.replace('*', "")).collect()
            };
            assert_eq!(words(&text), words(&source), "{}", entry.id);
        }
        // Colour changes nothing but colours and the marks around commands.
        let plain = |text: &str| -> String {
            let mut shown = String::new();
            let mut in_escape = false;
            for one in text.chars() {
                match one {
                    '\u{1b}' => in_escape = true,
                    'm' if in_escape => in_escape = false,
                    '`' => {}
                    one if in_escape || one.is_whitespace() => {}
                    one => shown.push(one),
                }
            }
            shown
        };
        assert_eq!(plain(&shown(&source, 80, true)), plain(&shown(&source, 80, false)), "{}", entry.id);
    }
}
