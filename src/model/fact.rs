//! Values that every observation needs: "was it asked at all?" and durations.

use super::Errno;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::time::Duration;

/// An observation with its third value: a thing that nobody asked about is not a thing that was absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Fact_of_{T}")]
pub enum Fact<T> {
    /// It was looked at, and this is what was there.
    Seen(T),
    /// Nobody asked: the answer did not need it.
    #[default]
    NotAsked,
    /// It was asked, and this host did not let us look; the text says why.
    CouldNotLook(String),
}

impl<T> Fact<T> {
    /// The value, if it was seen.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Fact::Seen(value) => Some(value),
            Fact::NotAsked | Fact::CouldNotLook(_) => None,
        }
    }

    /// Why it could not be looked at, if that was tried.
    pub fn barred(&self) -> Option<&str> {
        match self {
            Fact::CouldNotLook(reason) => Some(reason),
            Fact::Seen(_) | Fact::NotAsked => None,
        }
    }

    /// Whether somebody tried to look, with whatever result.
    pub fn was_asked(&self) -> bool {
        !matches!(self, Fact::NotAsked)
    }
}

impl<T> From<io::Result<T>> for Fact<T> {
    fn from(result: io::Result<T>) -> Self {
        match result {
            Ok(value) => Fact::Seen(value),
            Err(error) => Fact::CouldNotLook(match error.raw_os_error().and_then(Errno::from_raw) {
                Some(errno) => errno.to_string(),
                None => error.to_string(),
            }),
        }
    }
}

impl<T> From<nix::Result<T>> for Fact<T> {
    fn from(result: nix::Result<T>) -> Self {
        match result {
            Ok(value) => Fact::Seen(value),
            Err(errno) => Fact::CouldNotLook(format!("{errno:?}")),
        }
    }
}

/// A duration or a moment since the start, in milliseconds, kept to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("minimum" = 0))]
pub struct Millis(#[serde(deserialize_with = "bounded")] pub f64);

/// Longer than any run; nothing that is calculated from two of them is infinite.
const LONGEST_MS: f64 = 1e15;

fn bounded<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(f64::deserialize(deserializer)?.clamp(0.0, LONGEST_MS))
}

impl From<Duration> for Millis {
    fn from(duration: Duration) -> Self {
        // Whole microseconds: more digits would claim a precision that no timer here has.
        Millis((duration.as_secs_f64() * 1e6).round() / 1e3)
    }
}

impl Millis {
    /// The same span as a [`Duration`]; negative values become zero.
    pub fn to_duration(self) -> Duration {
        Duration::try_from_secs_f64(self.0 / 1e3).unwrap_or_default()
    }

    /// From `earlier` to `self`, never negative.
    pub fn since(self, earlier: Millis) -> Millis {
        Millis(((self.0 - earlier.0).max(0.0) * 1e3).round() / 1e3)
    }
}

impl fmt::Display for Millis {
    /// For people: `0.03 ms`, `3.1 ms`, `45 ms`, `4.0 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms if ms < 1.0 => write!(f, "{ms:.2} ms"),
            ms if ms < 10.0 => write!(f, "{ms:.1} ms"),
            ms if ms < 1000.0 => write!(f, "{ms:.0} ms"),
            ms => write!(f, "{:.1} s", ms / 1e3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_kept_to_the_microsecond_and_shown_for_people() {
        assert_eq!(Millis::from(Duration::from_nanos(1_234_567)), Millis(1.235));
        assert_eq!(Millis::from(Duration::from_secs(86_400)), Millis(86_400_000.0));
        assert_eq!(Millis(0.034).to_string(), "0.03 ms");
        assert_eq!(Millis(3.12).to_string(), "3.1 ms");
        assert_eq!(Millis(45.2).to_string(), "45 ms");
        assert_eq!(Millis(4000.4).to_string(), "4.0 s");
    }

    #[test]
    fn a_fact_keeps_its_three_values_through_json() {
        for fact in [Fact::Seen(3), Fact::NotAsked, Fact::CouldNotLook("EPERM".into())] {
            let json = serde_json::to_string(&fact).unwrap();
            assert_eq!(serde_json::from_str::<Fact<i32>>(&json).unwrap(), fact, "{json}");
        }
    }
}
