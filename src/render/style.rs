//! Colour, characters and width: the only place that knows `colored` and the terminal.

use crate::verdict::Class;
use clap::ValueEnum;
use colored::{Color as Ink, Colorize as _};
use std::env;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR or CLICOLOR=0 says no; CLICOLOR_FORCE says yes
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Lines and arrows beyond ASCII.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
    /// Colour; `None` leaves it to the environment.
    pub color: Option<bool>,
}

/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 100;
const NARROWEST: usize = 40;

impl Style {
    /// For this terminal and environment.
    pub fn detect(color: Color) -> Style {
        let width =
            terminal_size::terminal_size_of(std::io::stdout()).map_or(80, |(width, _)| usize::from(width.0));
        Style {
            unicode: speaks_utf8(),
            width: width.clamp(NARROWEST, WIDEST),
            color: match color {
                Color::Auto => None,
                Color::Always => Some(true),
                Color::Never => Some(false),
            },
        }
    }

    /// Tells `colored`, once, before anything is written.
    pub(super) fn apply(&self) {
        match self.color {
            Some(on) => colored::control::set_override(on),
            None => colored::control::unset_override(),
        }
    }

    /// The verdict's code, in the colour of its class.
    pub(super) fn code(&self, class: Class, text: &str) -> String {
        let ink = match class {
            Class::Connected => Ink::Green,
            Class::Timeout | Class::Service => Ink::Yellow,
            _ => Ink::Red,
        };
        text.color(ink).bold().to_string()
    }

    /// A heading.
    pub(super) fn heading(&self, text: &str) -> String {
        text.bold().to_string()
    }

    /// Something to paste.
    pub(super) fn command(&self, text: &str) -> String {
        text.cyan().to_string()
    }
}

/// As the C library decides: the first of LC_ALL, LC_CTYPE, LANG that is set names the character set.
pub fn speaks_utf8() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(env::var_os).find(|value| !value.is_empty()).is_some_and(
        |value| {
            let value = value.to_string_lossy().to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        },
    )
}
