//! Text from outside, made safe for a terminal and bounded in size.

use serde::Serialize as _;
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

/// Whether a text is of printable ASCII alone: most are, and nothing in them needs a closer look.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// The text with unsafe characters written as `\u{1b}`, cut to [`MOST_CHARS`].
pub fn clean(text: &str) -> String {
    clean_to(text, MOST_CHARS)
}

/// The same, cut to `most` characters.
pub fn clean_to(text: &str, most: usize) -> String {
    if text.len() <= most && is_plain(text) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len().min(most.saturating_mul(4)));
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
///
/// What is unsafe stands in it as the octal numbers of its bytes, which `printf` (POSIX) turns back in every shell;
/// `$'...'` is younger, and not every `sh` knows it. A line break at the very end is lost, as the end of a `$(...)`
/// always is. Text that [`clean`] has written safe means the same word as before.
pub fn shell_word(text: &str) -> String {
    let text = unescaped(&clean_to(text, MOST_TYPED));
    // Brackets and a leading = are patterns to zsh.
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:%/@+=,-".contains(c);
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(plain) {
        return text;
    }
    if !text.chars().any(is_unsafe) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut format = String::with_capacity(text.len().saturating_mul(2));
    for (at, c) in text.chars().enumerate() {
        match c {
            '%' => format.push_str("%%"),
            '\\' => format.push_str(r"\\"),
            // printf would take the first for an option.
            c if is_unsafe(c) || c == '\'' || (c == '-' && at == 0) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(format, "\\{byte:03o}");
                }
            }
            c => format.push(c),
        }
    }
    format!("\"$(printf '{format}')\"")
}

/// The text as it was before [`clean`]: what that writes as `\u{1b}` is the character again.
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(r"\u{") {
        plain.push_str(before);
        let escaped = after.split_once('}').and_then(|(digits, tail)| {
            let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
            is_unsafe(c).then_some((c, tail))
        });
        match escaped {
            Some((c, tail)) => {
                plain.push(c);
                rest = tail;
            }
            None => {
                plain.push_str(r"\u{");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// For fields that hold what the user typed: written safe, so that no reader of the JSON is surprised either.
/// What is safe already stays as it is.
///
/// # Errors
/// The serialiser's.
pub fn serialize_clean<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if text.len() <= MOST_TYPED && is_plain(text) {
        return serializer.serialize_str(text);
    }
    serializer.serialize_str(&clean_to(text, MOST_TYPED))
}

/// The same for a field that may be absent.
///
/// # Errors
/// The serialiser's.
pub fn serialize_clean_option<S: serde::Serializer>(
    text: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    text.as_deref().map(|text| clean_to(text, MOST_TYPED)).serialize(serializer)
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
        assert_eq!(shell_word("a; rm -rf b"), "'a; rm -rf b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word("$(id)"), "'$(id)'");
        assert_eq!(shell_word("-4"), "-4");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn no_shell_takes_a_word_for_a_pattern() {
        assert_eq!(shell_word("[fe80::1%eth0]:80"), "'[fe80::1%eth0]:80'");
        assert_eq!(shell_word("=ls"), "'=ls'");
        assert_eq!(shell_word("~root"), "'~root'");
        assert_eq!(shell_word("a=b"), "a=b");
    }

    #[test]
    fn odd_characters_are_numbers_until_a_shell_has_them() {
        assert_eq!(shell_word("/run/\u{1b}[31m'a'"), r#""$(printf '/run/\033[31m\047a\047')""#);
        assert_eq!(shell_word("-\n100%\\"), r#""$(printf '\055\012100%%\\')""#);
        assert_eq!(shell_word("\u{202e}"), r#""$(printf '\342\200\256')""#);
        assert_eq!(shell_word("müller ✓"), "'müller ✓'");
        // Written safe or not, it is one word.
        let odd = "/run/\u{1b}[31mred/\u{202e}so\ncket";
        assert_eq!(shell_word(odd), shell_word(&clean(odd)));
        assert_eq!(unescaped(r"\u{61}\u{1b}\u{}\u{"), "\\u{61}\u{1b}\\u{}\\u{");
    }

    #[test]
    fn a_shell_turns_odd_words_back() {
        let hostile = "/run/\u{1b}[31m it's 5% $(id) `id` \\ \"q\" \u{202e}\u{9b}\r\n\t-x * [a] ; & | end";
        for word in [hostile, "'", "-n", "%s", "\\", "\\033", "a\u{7}"] {
            let told = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", shell_word(word))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&told.stdout), word, "{}", shell_word(word));
            assert!(!shell_word(word).chars().any(is_unsafe));
        }
    }
}
