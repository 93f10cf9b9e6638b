//! The conversation as it went: who sent what to whom, when, and where it stopped. Only what was seen.

use super::words::after_word;
use crate::diagnose::path::PathView;
use crate::diagnose::{Culprit, Diagnosis, Hop, icmp};
use crate::model::{AfterHandshake, Attempt, Evidence, Payload, Transport};
use crate::verdict::{Clue, Code};
use std::net::IpAddr;

/// Who stood where, and what went between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The client, perhaps someone on the way, the target.
    pub parties: Vec<Party>,
    /// In the order of time.
    pub arrows: Vec<Arrow>,
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// What it is: this host, router, hop 3, gateway, target.
    pub role: String,
    /// Its address; a word for it where the address is unknown.
    pub name: String,
}

/// One line of the picture. Parties are named by their place in [`Conversation::parties`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    /// Who sent it.
    pub from: usize,
    /// Whom it reached, or was meant for.
    pub to: usize,
    /// What it was.
    pub label: String,
    /// Whether it got there.
    pub fate: Fate,
    /// When, for people; empty where nobody knows.
    pub at: String,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrived: an answer proves it.
    Arrived,
    /// It left, and nothing more is known.
    Unknown,
    /// It never left the sender.
    Stuck,
    /// It came in, and was dropped before it reached the program.
    Dropped,
    /// There was none: what was waited for did not come.
    Absent,
}

/// Draws the attempt that the verdict is about; `None` where nothing was sent.
pub(super) fn conversation(evidence: &Evidence, diagnosis: &Diagnosis) -> Option<Conversation> {
    let about = evidence.attempts.get(diagnosis.about?)?;
    // A datagram for many was never sent.
    let unsent = |attempt: &Attempt| attempt.transport == Transport::Udp && attempt.payload.is_none();
    let silent = |attempt: &&Attempt| attempt.failed.is_some() || unsent(attempt);
    let client = |attempt: &Attempt| {
        let name = attempt.source.map_or("unknown".to_owned(), |source| source.to_string());
        Party { role: "this host".to_owned(), name }
    };
    let target =
        |role: &str, attempt: &Attempt| Party { role: role.to_owned(), name: attempt.address.to_string() };
    if diagnosis.finding.code == Code::ConnectedPartial {
        return partial(evidence, diagnosis, client, target);
    }
    if silent(&about) {
        return None;
    }
    if diagnosis.finding.code == Code::UnreachableLoop
        && let Some(round) = round(about, client(about), target("target", about))
    {
        return Some(round);
    }
    let between = if about.connected_ms.is_some() { None } else { between(evidence, diagnosis) };
    let mut parties = vec![client(about)];
    parties.extend(between);
    parties.push(target("target", about));
    let last = parties.len() - 1;
    Some(Conversation { arrows: arrows(about, diagnosis, 1, last), parties })
}

/// A routing loop: the first two routers that come again, and the packet between them.
fn round(attempt: &Attempt, client: Party, target: Party) -> Option<Conversation> {
    let repeating = PathView::new(attempt.path.seen()?, attempt.address.ip()).repeating();
    let [(near_hop, near), (far_hop, far), ..] = repeating.as_slice() else { return None };
    let router = |hop: &u8, address: &IpAddr| Party { role: format!("hop {hop}"), name: address.to_string() };
    let parties = vec![client, router(near_hop, near), router(far_hop, far), target];
    let back = |from, to, label: &str| Arrow {
        from,
        to,
        label: label.to_owned(),
        fate: Fate::Arrived,
        at: String::new(),
    };
    let mut arrows = vec![syn(attempt, 2, Fate::Arrived), back(2, 1, "sent back"), back(1, 2, "and again")];
    if let Some((code, entry)) = attempt.deciding_icmp() {
        let from = if entry.sender == Some(*near) { 1 } else { 2 };
        let at = entry.at_ms.to_string();
        arrows.push(Arrow { from, to: 0, label: icmp::name(code).into_owned(), fate: Fate::Arrived, at });
    }
    Some(Conversation { parties, arrows })
}

/// The address that clients try first, and the one that works.
fn partial(
    evidence: &Evidence,
    diagnosis: &Diagnosis,
    client: impl Fn(&Attempt) -> Party,
    target: impl Fn(&str, &Attempt) -> Party,
) -> Option<Conversation> {
    let works = evidence.working()?;
    let first = evidence.attempts.get(diagnosis.about?)?;
    let mut parties = vec![client(works)];
    let mut all = Vec::new();
    if first.failed.is_none() && first.address != works.address {
        parties.push(target("first address", first));
        all.extend(arrows(first, diagnosis, 1, 1));
    }
    parties.push(target("this one works", works));
    handshake(works, parties.len() - 1, &mut all);
    Some(Conversation { parties, arrows: all })
}

/// What went between the client, whoever stands between (`middle`), and the target (`last`).
fn arrows(attempt: &Attempt, diagnosis: &Diagnosis, middle: usize, last: usize) -> Vec<Arrow> {
    let because = |clues: &[Clue]| clues.iter().any(|clue| diagnosis.finding.because.contains(clue));
    let code = diagnosis.finding.code;
    let mut arrows = Vec::new();
    // What this host's filter, or an unanswered neighbour, did to the SYN never reached anybody.
    let own = [
        Clue::IcmpFromThisHost,
        Clue::OverLoopback,
        Clue::ResetByFilter,
        Clue::LinkDown,
        Clue::LinkNoCarrier,
        Clue::NoRouteByDevice,
    ];
    let here = because(&own) || diagnosis.finding.variant == "intercepted";
    if attempt.connected_ms.is_some() {
        handshake(attempt, last, &mut arrows);
    } else if here {
        arrows.push(syn(attempt, middle, Fate::Stuck));
    } else if let Some((icmp_code, entry)) = attempt.deciding_icmp() {
        let to = if entry.sender == Some(attempt.address.ip()) { last } else { middle };
        arrows.push(syn(attempt, to, Fate::Arrived));
        let label = format!("ICMP {}", icmp::name(icmp_code));
        arrows.push(Arrow { from: to, to: 0, label, fate: Fate::Arrived, at: entry.at_ms.to_string() });
    } else if let Some(error) = attempt.so_errors.last()
        && because(&[Clue::SynReset])
    {
        // A reset in the target's name comes from whoever sent it.
        let from = if code == Code::RefusedRstForged { middle } else { last };
        arrows.push(syn(attempt, from, Fate::Arrived));
        let at = error.at_ms.to_string();
        arrows.push(Arrow { from, to: 0, label: "RST".into(), fate: Fate::Arrived, at });
    } else if because(&[
        Clue::SynHeld,
        Clue::DatagramHeld,
        Clue::SynNotSent,
        Clue::NotTransmitted,
        Clue::NeighbourSilent,
    ]) {
        arrows.push(syn(attempt, middle, Fate::Stuck));
    } else if because(&[Clue::SynsReturn]) {
        let at = attempt.ended_ms.map(|at| at.to_string()).unwrap_or_default();
        arrows.push(syn(attempt, middle, Fate::Arrived));
        arrows.push(Arrow { from: middle, to: 0, label: "and back".into(), fate: Fate::Dropped, at });
    } else if because(&[
        Clue::RepliesSwallowed,
        Clue::RepliesReset,
        Clue::RepliesBroken,
        Clue::AnswerUnclaimed,
        Clue::OwnAnswerKept,
    ]) {
        let at = attempt.ended_ms.map(|at| at.to_string()).unwrap_or_default();
        arrows.push(syn(attempt, last, Fate::Arrived));
        arrows.push(Arrow { from: last, to: 0, label: "an answer?".into(), fate: Fate::Dropped, at });
    } else {
        arrows.push(syn(attempt, last, Fate::Unknown));
        let silent = [
            Clue::SynUnanswered,
            Clue::DatagramUnanswered,
            Clue::QueueFull,
            Clue::QueueOverflowed,
            Clue::NotDelivered,
        ];
        if because(&silent) {
            let at = attempt.ended_ms.map(|at| at.to_string()).unwrap_or_default();
            let label = "nothing comes back".to_owned();
            arrows.push(Arrow { from: last, to: 0, label, fate: Fate::Absent, at });
        }
    }
    arrows
}

/// Whoever answered, or should have, between the client and the target; or the last that is known to see
/// the packets pass.
fn between(evidence: &Evidence, diagnosis: &Diagnosis) -> Option<Party> {
    let (role, address) = match diagnosis.finding.culprit.as_ref()? {
        Culprit::Router { address, hop: Some(hop) } => (format!("router, hop {hop}"), *address),
        Culprit::Router { address, hop: None } => ("router".to_owned(), *address),
        Culprit::Link { address } if diagnosis.finding.code == Code::UnreachableGateway => {
            ("gateway".to_owned(), Some(*address))
        }
        Culprit::Path { after: Some(Hop { hop, address: Some(address) }) } => {
            let target = evidence.attempts.get(diagnosis.about?)?.address.ip();
            if *address == target {
                return None;
            }
            (format!("hop {hop}"), Some(*address))
        }
        _ => return None,
    };
    Some(Party { role, name: address.map_or("address unknown".to_owned(), |address| address.to_string()) })
}

fn syn(attempt: &Attempt, to: usize, fate: Fate) -> Arrow {
    let label = match attempt.syns_sent() {
        _ if attempt.transport == Transport::Udp => {
            attempt.payload.map_or("datagram", Payload::label).to_owned()
        }
        Some(count) if count > 1 => format!("SYN x{count}"),
        _ => "SYN".to_owned(),
    };
    Arrow { from: 0, to, label, fate, at: "0 ms".to_owned() }
}

fn handshake(attempt: &Attempt, last: usize, arrows: &mut Vec<Arrow>) {
    let at = attempt.connected_ms.unwrap_or_default().to_string();
    arrows.push(syn(attempt, last, Fate::Arrived));
    if attempt.transport == Transport::Udp {
        let label = match attempt.after.seen() {
            Some(AfterHandshake::Data(bytes)) => format!("answer, {bytes} bytes"),
            _ => "answer".to_owned(),
        };
        arrows.push(Arrow { from: last, to: 0, label, fate: Fate::Arrived, at });
        return;
    }
    arrows.push(Arrow { from: last, to: 0, label: "SYN-ACK".into(), fate: Fate::Arrived, at });
    if let Some(label) = attempt.after.seen().copied().and_then(after_word) {
        let at = attempt.ended_ms.unwrap_or_default().to_string();
        arrows.push(Arrow { from: last, to: 0, label, fate: Fate::Arrived, at });
    }
}
