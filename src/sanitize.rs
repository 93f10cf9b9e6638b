//! Text from outside, made safe for a terminal and bounded in size.

use std::fmt::Write as _;

/// The longest piece of outside text that is shown, in characters.
pub const MOST_CHARS: usize = 120;

/// Whether a character may change how a terminal, or a reader, sees the text around it: control characters
/// (C0, DEL, C1), bidirectional controls, invisible and line-breaking characters (Unicode TR 36, TR 9).
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with unsafe characters written as `\u{1b}`, cut to [`MOST_CHARS`].
pub fn clean(text: &str) -> String {
    clean_to(text, MOST_CHARS)
}

/// The same, cut to `most` characters.
pub fn clean_to(text: &str, most: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(most * 4));
    for (count, c) in text.chars().enumerate() {
        if count == most {
            let _ = write!(clean, "... ({} characters in all)", text.chars().count());
            break;
        }
        if is_unsafe(c) {
            let _ = write!(clean, "{}", c.escape_unicode());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// The text as one word for a POSIX shell, so that a command with it in can be pasted.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:%/@+=,-[]".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", clean(text).replace('\'', r"'\''"))
}

/// For fields that hold what the user typed: written safe, so that no reader of the JSON is surprised either.
/// What is safe already stays as it is.
///
/// # Errors
/// The serialiser's.
pub fn serialize_clean<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&clean_to(text, MOST_TYPED))
}

/// The longest text that was typed and is kept in a report, in characters.
const MOST_TYPED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_terminal_gets_through() {
        let hostile = "a\u{1b}[31mb\r\n\u{9b}c\u{202e}d\u{200b}e\u{7f}";
        let clean = clean(hostile);
        assert!(!clean.chars().any(is_unsafe), "{clean}");
        assert!(clean.starts_with(r"a\u{1b}[31mb\u{d}\u{a}"));
        assert_eq!(super::clean("müller ✓"), "müller ✓");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let long = clean(&"x".repeat(100_000));
        assert!(long.len() < MOST_CHARS + 40 && long.ends_with("(100000 characters in all)"), "{long}");
    }

    #[test]
    fn a_shell_sees_one_word() {
        assert_eq!(shell_word("db.example"), "db.example");
        assert_eq!(shell_word("[fe80::1%eth0]:80"), "[fe80::1%eth0]:80");
        assert_eq!(shell_word("a; rm -rf b"), "'a; rm -rf b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word("$(id)"), "'$(id)'");
        assert_eq!(shell_word("-4"), "-4");
        assert_eq!(shell_word(""), "''");
    }
}
