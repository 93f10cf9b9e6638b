//! Reports as text. Rendering chooses the layout; every fact and sentence comes from the report.

mod evidence;
mod human;
mod json;
mod markdown;
mod page;
mod picture;
mod style;
mod unix;

use clap::ValueEnum;

pub use human::{Detail, human};
pub use json::json;
pub use markdown::markdown;
pub use page::page;
pub use style::{Color, Style};

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
