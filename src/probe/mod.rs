//! One question to the world each. Probes bring observations and decide nothing.

mod connect;
mod path;
mod resolve;
mod tables;
mod trials;

pub(crate) use connect::{AttemptAsk, attempt, lacking};
pub(crate) use path::{SweepAsk, sweep};
pub(crate) use resolve::lookup;
pub(crate) use tables::Tables;
pub(crate) use trials::trials;

use crate::model::{Attempt, Fact, Link, Lookup, OwnAddress, Refusal, Sweep, Trial};

/// What a probe brings, as it arrives.
#[derive(Debug)]
pub(crate) enum Observation {
    /// The name's answer.
    Lookup(Lookup),
    /// All that is known so far of the attempt with this index.
    Attempt(usize, Box<Attempt>),
    /// Routes and rules that refuse the address with this index.
    Refusals(usize, Fact<Vec<Refusal>>),
    /// The way to the address with this index.
    Path(usize, Sweep),
    /// Extra SYNs to the address with this index.
    Trials(usize, Fact<Vec<Trial>>),
    /// This host's addresses.
    Addresses(Fact<Vec<OwnAddress>>),
    /// This host's devices.
    Links(Fact<Vec<Link>>),
    /// Where privileged ports end.
    PortStart(Fact<u16>),
}
