//! Evidence in, diagnosis out. Pure: no socket, clock, environment or file; the same evidence gives the same
//! answer whenever and wherever it is asked again.
//!
//! Each attempt is judged by the first rule of the `rules` table that holds; `combine` then picks the attempt
//! that explains the target. Words are not chosen here, only codes, clues and variants.

mod alias;
mod combine;
mod datagram;
mod handshake;
pub mod icmp;
mod local;
mod names;
mod on_link;
pub mod path;
mod ports;
mod refusals;
mod rejection;
mod remarks;
mod reset;
mod rules;
mod servers;
mod silence;
mod trials;
mod unix;
mod view;

use crate::model::{
    Attempt, Evidence, ForeignListening, Link, Listening, OwnSocket, RecordKind, Refusal, ServerView,
    UnixListed,
};
use crate::verdict::{Certainty, Clue, Code, Variant};
pub(crate) use handshake::PROXIES;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use view::View;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "where", rename_all = "lowercase")]
pub enum Culprit {
    /// This host: its tables, firewall, socket, hosts file.
    Client,
    /// The name service; the server, where it is known.
    Resolver {
        /// The name server's address.
        address: Option<IpAddr>,
    },
    /// A neighbour on the link that does not answer.
    Link {
        /// The neighbour.
        address: IpAddr,
    },
    /// A router on the way.
    Router {
        /// Its address, where it named itself.
        address: Option<IpAddr>,
        /// How many hops away, where that is known.
        hop: Option<u8>,
    },
    /// Somewhere on the way.
    Path {
        /// The last hop that answered; `None` where nobody asked the hops.
        after: Option<Hop>,
    },
    /// The target's host.
    Target,
    /// The program at the target.
    Service,
}

/// A hop of the path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// Its number; 0 is this host.
    pub hop: u8,
    /// Its address, if it answered.
    pub address: Option<IpAddr>,
}

/// What one attempt, or the whole target, came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What happened.
    pub code: Code,
    /// Which wording of it fits.
    pub variant: Variant,
    /// How sure that is.
    pub certainty: Certainty,
    /// Who did it; `None` where nothing failed.
    pub culprit: Option<Culprit>,
    /// The observations it rests on.
    pub because: Vec<Clue>,
    /// What gives the same evidence.
    pub alternatives: Vec<Code>,
}

impl Finding {
    fn new(code: Code, certainty: Certainty, culprit: Culprit, because: &[Clue]) -> Self {
        Finding {
            code,
            variant: "",
            certainty,
            culprit: Some(culprit),
            because: because.to_vec(),
            alternatives: Vec::new(),
        }
    }

    fn variant(mut self, variant: Variant) -> Self {
        self.variant = variant;
        self
    }

    fn or(mut self, alternatives: &[Code]) -> Self {
        self.alternatives.extend_from_slice(alternatives);
        self
    }

    /// `likely` at most, because of a look-alike that nobody could rule out.
    fn unless(mut self, alternative: Code) -> Self {
        self.certainty = self.certainty.min(Certainty::Likely);
        if !self.alternatives.contains(&alternative) {
            self.alternatives.push(alternative);
        }
        self
    }
}

/// A fact worth knowing that is not the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// What answers on the port is behind the target's address.
    PortForwarded,
    /// Something on this host answers in the target's name.
    Intercepted,
    /// A name server that kept silent, and for which ordinary programs wait.
    NameServerDead {
        /// Which.
        server: SocketAddr,
    },
    /// The name server was chosen by the user: ordinary programs ask others.
    AskedServer,
    /// The name leads to the unspecified address, as a filter of names has it.
    Sinkhole {
        /// 0.0.0.0 or ::
        address: IpAddr,
    },
    /// The hosts file pins the name, and the name servers give another address.
    HostsOverride,
    /// Another network namespace of this machine has the port open.
    ListensInNamespace,
    /// A port beside the one asked for is open.
    PortNearby {
        /// Where.
        address: SocketAddr,
    },
    /// A name server answers one of the two questions, A and AAAA, and keeps silent on the other.
    HalfSilent {
        /// Which.
        server: SocketAddr,
        /// The record that it keeps silent on.
        record: RecordKind,
    },
    /// The source port is in other hands too, and only a client that shares it gets by.
    SourcePortShared {
        /// Whether it is only in `TIME_WAIT`.
        waiting: bool,
    },
    /// What leads programs that obey it to a proxy.
    ProxyVariable,
    /// An address of this host that it can't use: duplicate address detection is not done, or has failed.
    TentativeAddress {
        /// Which.
        address: IpAddr,
    },
    /// The address that this host sends from is good for less than the way to the target.
    OddSource,
    /// What it costs clients that the first address fails.
    FirstAddressCost,
    /// Another address of the name failed.
    AddressFailed {
        /// Which attempt.
        attempt: usize,
        /// With what.
        code: Code,
    },
}

/// The answer about one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The verdict.
    pub finding: Finding,
    /// The attempt that it is about; `None` where no address was tried.
    pub about: Option<usize>,
    /// What each attempt came to; `None` for one that was still running when the answer was clear.
    pub attempts: Vec<Option<Finding>>,
    /// Facts beside it.
    pub remarks: Vec<Remark>,
}

/// Judges the evidence.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let mut diagnosis = if let Some(name) = evidence.request.target.socket() {
        let finding = unix::judge(evidence, name);
        Diagnosis { finding, about: None, attempts: Vec::new(), remarks: Vec::new() }
    } else if evidence.attempts.is_empty() {
        Diagnosis { finding: names::judge(evidence), about: None, attempts: Vec::new(), remarks: Vec::new() }
    } else {
        let judged =
            evidence.attempts.iter().map(|attempt| attempt.ended_ms.map(|_| rules::judge(evidence, attempt)));
        combine::combine(judged.collect())
    };
    if let Some(attempt) = diagnosis.about.and_then(|about| evidence.attempts.get(about))
        && let Some(finding) = alias::replace(&View { evidence, attempt }, &diagnosis.finding)
    {
        diagnosis.finding = finding;
    }
    // The address is a later server's word, and an earlier one may only be slow to say another; or programs still
    // wait for the other half of the answer, and may get nothing without it.
    let unsure = servers::is_second_hand(evidence) || servers::lacks_a(evidence);
    if !evidence.attempts.is_empty() && unsure {
        diagnosis.finding = diagnosis.finding.unless(Code::ResolveTimeout);
    }
    if let Some(beside) = evidence.beside {
        silence::beside_rejections(&mut diagnosis.finding, beside);
    }
    let remarks = remarks::remarks(evidence, &diagnosis);
    diagnosis.remarks.extend(remarks);
    diagnosis
}

/// The socket in the kernel's list that a verdict about a unix socket is about.
pub fn deciding_socket(evidence: &Evidence) -> Option<&UnixListed> {
    unix::deciding(evidence)
}

/// The name server that a verdict about a name is about, and what became of reaching it.
pub fn deciding_server(evidence: &Evidence) -> Option<(&ServerView, Option<Finding>)> {
    servers::deciding(evidence).map(|(server, standing)| match standing {
        servers::Standing::Unreachable(finding) => (server, Some(*finding)),
        _ => (server, None),
    })
}

/// The first server that answers for one record of a name and keeps silent on the other, and which that is.
pub fn half_heard(evidence: &Evidence) -> Option<(&ServerView, RecordKind)> {
    let view = evidence.direct.seen()?;
    view.servers.iter().find_map(|server| Some((server, half_of(server)?)))
}

/// The record on which the server keeps silent, where it answers for the other one of that name.
pub fn half_of(server: &ServerView) -> Option<RecordKind> {
    servers::half_silent(server).map(|exchange| exchange.record)
}

/// The socket that has the source port that was asked for.
pub fn source_port_holder<'a>(evidence: &'a Evidence, attempt: &'a Attempt) -> Option<&'a OwnSocket> {
    ports::port_holder(&View { evidence, attempt })
}

/// The socket that has the very four numbers of the attempt.
pub fn same_tuple<'a>(evidence: &'a Evidence, attempt: &'a Attempt) -> Option<&'a OwnSocket> {
    ports::same_tuple(&View { evidence, attempt })
}

/// The listeners of this host on the very port.
pub fn listeners_on_port(evidence: &Evidence) -> impl Iterator<Item = &Listening> {
    alias::on_port(evidence)
}

/// The listeners of other network namespaces on the very port.
pub fn foreign_listeners(evidence: &Evidence) -> &[ForeignListening] {
    alias::foreign(evidence)
}

/// The device that a verdict about a device is about.
pub fn deciding_device<'a>(evidence: &'a Evidence, attempt: &'a Attempt) -> Option<&'a Link> {
    local::route_device(&View { evidence, attempt }).or_else(|| local::dead_device(evidence))
}

/// The device that has no IPv6 because its MTU is too small for it.
pub fn narrow_device<'a>(evidence: &'a Evidence, attempt: &Attempt) -> Option<&'a Link> {
    local::narrow_device(evidence, attempt.address.ip())
}

/// The routes and rules that a refused connect may be due to.
pub fn deciding_refusals<'a>(evidence: &'a Evidence, attempt: &'a Attempt) -> Vec<&'a Refusal> {
    refusals::fitting_refusals(&View { evidence, attempt })
}

/// The index of the device that has the source address asked for, where another one was asked for.
pub fn source_device(evidence: &Evidence, attempt: &Attempt) -> Option<u32> {
    local::source_device(&View { evidence, attempt })
}

#[cfg(test)]
#[path = "diagnose_tests.rs"]
mod tests;
