//! whyconn says why a TCP connection fails, who made it fail, and how sure that is.
//!
//! Data flows one way:
//!
//! ```text
//! argv -> cli -> Request -> investigate (plan <-> probes) -> Evidence -> diagnose -> report -> render
//! ```
//!
//! [`investigate`](investigate::investigate) asks the world and decides nothing;
//! [`diagnose`](diagnose::diagnose) decides everything and asks nothing; rendering invents nothing. The
//! evidence in a JSON report can be diagnosed again:
//!
//! ```
//! use whyconn::model::{Evidence, Fact, Lookup, LookupOutcome, Millis, Request, target::Target};
//!
//! let target = Target::parse("db.example:5432", &|_| None)?;
//! let mut evidence = Evidence::new(Request::new(target));
//! evidence.lookup = Fact::Seen(Lookup {
//!     outcome: LookupOutcome::Failed { eai: "EAI_NODATA".into(), errno: None },
//!     elapsed_ms: Millis(1.2),
//!     other_family: Fact::NotAsked,
//! });
//! let (report, _) = whyconn::report::report(evidence);
//! assert_eq!(report.verdict.code.as_str(), "resolve.no-address");
//! # Ok::<(), whyconn::model::target::TargetError>(())
//! ```

// Lints that would be in the way of tests. What reads bytes or evidence from outside has no arithmetic that may
// overflow; where time is calculated (the probes) its bounds are those of the command line.
#![cfg_attr(
    not(test),
    warn(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::get_unwrap,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

pub mod cli;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod diagnose;
pub mod docs;
mod error;
mod exit;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod expect;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod investigate;
pub mod many;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod model;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod plan;
mod probe;
pub mod redact;
pub mod render;
pub mod report;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod sanitize;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
mod sys;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod verdict;
mod wait;

pub use error::Error;
pub use exit::Exit;
