//! One question to the world each. Probes bring observations and decide nothing.

mod connect;
mod resolve;
mod tables;

pub(crate) use connect::{AttemptAsk, attempt, lacking};
pub(crate) use resolve::lookup;
pub(crate) use tables::Tables;

use crate::model::{Attempt, Fact, Link, Lookup, OwnAddress, Refusal};

/// What a probe brings, as it arrives.
#[derive(Debug)]
pub(crate) enum Observation {
    /// The name's answer.
    Lookup(Lookup),
    /// All that is known so far of the attempt with this index.
    Attempt(usize, Box<Attempt>),
    /// Routes and rules that refuse the address with this index.
    Refusals(usize, Fact<Vec<Refusal>>),
    /// This host's addresses.
    Addresses(Fact<Vec<OwnAddress>>),
    /// This host's devices.
    Links(Fact<Vec<Link>>),
    /// Where privileged ports end.
    PortStart(Fact<u16>),
}
