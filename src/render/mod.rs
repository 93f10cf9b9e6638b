//! Reports as text. Rendering chooses the layout; every fact and sentence comes from the report.

mod evidence;
mod human;
mod json;
mod list;
mod markdown;
mod page;
mod picture;
mod style;
mod unix;
mod waiting;

use clap::ValueEnum;

pub use human::{Detail, human};
pub use json::{json, json_into};
pub use list::{ListForm, foot, head, line};
pub use markdown::markdown;
pub use page::page;
pub use style::{Color, Style, speaks_utf8};
pub use waiting::history_line;

/// In which form the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people at a terminal
    Human,
    /// One line of JSON
    Json,
    /// A block to paste into a ticket
    Markdown,
}
