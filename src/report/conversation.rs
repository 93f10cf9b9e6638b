//! The conversation as it went: who sent what to whom, when, and where it stopped. Only what was seen.

use super::words::after_word;
use crate::diagnose::{Culprit, Diagnosis, icmp};
use crate::model::{AfterHandshake, Attempt, Evidence, Payload, Transport};
use crate::verdict::{Clue, Code};

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
    /// What it is: this host, router, gateway, target.
    pub role: &'static str,
    /// Its address, where it is known.
    pub name: Option<String>,
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
}

/// Draws the attempt that the verdict is about; `None` where nothing was sent.
pub(super) fn conversation(evidence: &Evidence, diagnosis: &Diagnosis) -> Option<Conversation> {
    // A partial success is told by the address that works; the failing one is named in the verdict.
    let working = evidence.working();
    let about = evidence.attempts.get(diagnosis.about?)?;
    let attempt = if diagnosis.finding.code == Code::ConnectedPartial { working? } else { about };
    // A datagram for many was never sent.
    let unsent = attempt.transport == Transport::Udp && attempt.payload.is_none();
    if attempt.failed.is_some() || unsent {
        return None;
    }
    let client = Party { role: "this host", name: attempt.source.map(|source| source.to_string()) };
    let mut parties = vec![client];
    let between = if attempt.connected_ms.is_some() { None } else { between(diagnosis) };
    parties.extend(between.clone());
    parties.push(Party { role: "target", name: Some(attempt.address.to_string()) });
    let last = parties.len() - 1;
    let middle = if between.is_some() { 1 } else { last };
    let mut arrows = Vec::new();
    // What this host's filter, or an unanswered neighbour, did to the SYN never reached anybody.
    let here = [Clue::IcmpFromThisHost, Clue::ResetByFilter, Clue::LinkDown, Clue::LinkNoCarrier]
        .iter()
        .any(|clue| diagnosis.finding.because.contains(clue))
        || diagnosis.finding.variant == "intercepted";
    if here && attempt.connected_ms.is_none() {
        arrows.push(syn(attempt, middle, Fate::Stuck));
    } else if attempt.connected_ms.is_some() {
        handshake(attempt, last, &mut arrows);
    } else if let Some((code, entry)) = attempt.deciding_icmp() {
        let to = if entry.sender == Some(attempt.address.ip()) { last } else { middle };
        arrows.push(syn(attempt, to, if here { Fate::Stuck } else { Fate::Arrived }));
        if !here {
            let label = format!("ICMP {}", icmp::name(code));
            arrows.push(Arrow { from: to, to: 0, label, fate: Fate::Arrived, at: entry.at_ms.to_string() });
        }
    } else if let Some(error) = attempt.so_errors.last()
        && diagnosis.finding.because.contains(&Clue::SynReset)
    {
        // A reset in the target's name comes from whoever sent it.
        let last = if diagnosis.finding.code == Code::RefusedRstForged { middle } else { last };
        arrows.push(syn(attempt, last, Fate::Arrived));
        arrows.push(Arrow {
            from: last,
            to: 0,
            label: "RST".into(),
            fate: Fate::Arrived,
            at: error.at_ms.to_string(),
        });
    } else {
        let stuck = [Clue::SynHeld, Clue::DatagramHeld, Clue::SynNotSent, Clue::NeighbourSilent]
            .iter()
            .any(|clue| diagnosis.finding.because.contains(clue));
        arrows.push(syn(
            attempt,
            if stuck { middle } else { last },
            if stuck { Fate::Stuck } else { Fate::Unknown },
        ));
    }
    Some(Conversation { parties, arrows })
}

/// Whoever answered, or should have, between the client and the target.
fn between(diagnosis: &Diagnosis) -> Option<Party> {
    let (role, address) = match diagnosis.finding.culprit.as_ref()? {
        Culprit::Router { address, .. } => ("router", *address),
        Culprit::Link { address } if diagnosis.finding.code == Code::UnreachableGateway => {
            ("gateway", Some(*address))
        }
        _ => return None,
    };
    Some(Party { role, name: address.map(|address| address.to_string()) })
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
