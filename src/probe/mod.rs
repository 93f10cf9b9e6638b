//! One question to the world each. Probes bring observations and decide nothing.

mod acceptance;
mod aside;
mod asker;
mod connect;
mod contrast;
mod devices;
mod dns;
mod dns_message;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod lean;
mod listeners;
mod next_hop;
mod own_ends;
mod path;
mod resolve;
mod shared;
mod tables;
mod trials;
mod udp;
mod unix;

pub(crate) use aside::aside;
pub(crate) use asker::Asker;
pub(crate) use connect::{AttemptAsk, LINGER, attempt, lacking, patience};
pub(crate) use contrast::{ContrastAsk, contrast};
pub(crate) use dns::{DirectAsk, ask_directly};
pub(crate) use lean::Lean;
pub(crate) use listeners::{Look, listeners};
pub(crate) use own_ends::own_ends;
pub(crate) use path::{SweepAsk, sweep};
pub(crate) use resolve::lookup;
pub(crate) use shared::{Shared, network_of, sweep_in_turn};
pub(crate) use tables::Tables;
pub(crate) use trials::trials;
pub(crate) use unix::unix;

use crate::model::{
    Attempt, DirectView, Fact, Link, Listeners, Lookup, NameFiles, OwnAddress, OwnEnds, Refusal, Sweep,
    Trial, UnixAttempt,
};

/// What a probe brings, as it arrives.
#[derive(Debug)]
pub(crate) enum Observation {
    /// The name's answer.
    Lookup(Lookup),
    /// What the files say about the name.
    NameFiles(Box<NameFiles>),
    /// Who listens on this machine.
    Listeners(Listeners),
    /// What the name servers said.
    Direct(DirectView),
    /// Attempts at addresses that only the name servers give.
    Contrast(Vec<Attempt>),
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
    /// Sockets that stand in the way of a source port.
    OwnEnds(OwnEnds),
    /// How many descriptors this process may have.
    Descriptors(Fact<u64>),
    /// Whether a seccomp filter is on.
    Seccomp(Fact<u8>),
    /// All about a unix socket.
    Unix(Box<UnixAttempt>),
}
