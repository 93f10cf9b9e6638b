//! What a target was like while it was waited for.

use crate::diagnose::Culprit;
use crate::model::Millis;
use crate::verdict::{Certainty, Code};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One state, for as long as it was seen. Times are since the waiting began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spell {
    /// What it was.
    pub code: Code,
    /// How sure that is.
    pub certainty: Certainty,
    /// Who did it; null for `connected.ok`.
    pub culprit: Option<Culprit>,
    /// When the first try began that saw it; for a connection, when it was made.
    pub from_ms: Millis,
    /// When the last try ended that saw it.
    pub to_ms: Millis,
    /// How many tries saw it.
    pub tries: u32,
}
