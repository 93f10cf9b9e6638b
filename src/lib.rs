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

pub mod cli;
pub mod diagnose;
pub mod docs;
mod error;
mod exit;
pub mod expect;
pub mod investigate;
pub mod many;
pub mod model;
pub mod plan;
mod probe;
pub mod redact;
pub mod render;
pub mod report;
pub mod sanitize;
mod sys;
pub mod verdict;
mod wait;

pub use error::Error;
pub use exit::Exit;
