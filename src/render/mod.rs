//! Reports as text. Rendering chooses the layout; every fact and sentence comes from the report.

mod evidence;
mod human;
mod json;
mod picture;
mod style;
mod unix;

pub use human::{Detail, human};
pub use json::json;
pub use style::{Color, Style};
