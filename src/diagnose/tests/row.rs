//! One row of a table: a fault, and what it should come to.

use super::build::{World, ip};
use crate::diagnose::Culprit;
use crate::model::{Evidence, Family};
use crate::verdict::{Certainty, Code};

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) evidence: Evidence,
    pub(super) code: Code,
    pub(super) certainty: Certainty,
    pub(super) culprit: Option<Culprit>,
    pub(super) variant: &'static str,
    /// The look-alikes, where the row is about them.
    pub(super) alternatives: Option<Vec<Code>>,
}

pub(super) fn row(
    name: &str,
    world: World,
    code: &str,
    certainty: Certainty,
    culprit: Option<Culprit>,
    variant: &'static str,
) -> Row {
    let code = code.parse().unwrap();
    Row { name: name.into(), evidence: world.0, code, certainty, culprit, variant, alternatives: None }
}

impl Row {
    pub(super) fn of(mut self, family: Family) -> Row {
        self.name = format!("{} [{family}]", self.name);
        self
    }

    /// What else gives the same evidence, in this order.
    pub(super) fn or(mut self, alternatives: &[&str]) -> Row {
        self.alternatives = Some(alternatives.iter().map(|code| code.parse().unwrap()).collect());
        self
    }
}

pub(super) fn client() -> Option<Culprit> {
    Some(Culprit::Client)
}

pub(super) fn target() -> Option<Culprit> {
    Some(Culprit::Target)
}

pub(super) fn service() -> Option<Culprit> {
    Some(Culprit::Service)
}

pub(super) fn resolver() -> Option<Culprit> {
    Some(Culprit::Resolver { address: None })
}

/// A name server.
pub(super) fn told_by(address: &str) -> Option<Culprit> {
    Some(Culprit::Resolver { address: Some(ip(address)) })
}

pub(super) fn path() -> Option<Culprit> {
    Some(Culprit::Path { after: None })
}

pub(super) fn link(address: &str) -> Option<Culprit> {
    Some(Culprit::Link { address: ip(address) })
}

/// A router, its distance unknown.
pub(super) fn hop(address: &str) -> Option<Culprit> {
    Some(Culprit::Router { address: Some(ip(address)), hop: None })
}

pub(super) fn nobody() -> Option<Culprit> {
    None
}
