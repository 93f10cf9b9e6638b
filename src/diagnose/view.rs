//! What a rule may look at: one attempt within the whole evidence, with the questions that rules share.

use super::path::PathView;
use crate::model::{
    Attempt, Call, Evidence, Family, Icmp, Link, NeighbourState, QueueEntry, Refusal, RouteAnswer, TcpInfo,
    TcpState, Transport, Trial,
};
use crate::sanitize::clean;
use crate::verdict::Clue;
use nix::errno::Errno as E;
use std::net::IpAddr;

/// One attempt, and everything beside it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) attempt: &'a Attempt,
}

impl<'a> View<'a> {
    pub(super) fn target(&self) -> IpAddr {
        self.attempt.address.ip()
    }

    pub(super) fn family(&self) -> Family {
        Family::of(self.target())
    }

    /// The errno of a call that failed at once.
    pub(super) fn failed(&self, call: Call) -> Option<E> {
        self.attempt.failed.filter(|failed| failed.call == call).map(|failed| failed.errno.get())
    }

    pub(super) fn tcp(&self) -> Option<&'a TcpInfo> {
        self.attempt.tcp.seen()
    }

    pub(super) fn is_udp(&self) -> bool {
        self.attempt.transport == Transport::Udp
    }

    /// What was sent had no answer.
    pub(super) fn unanswered(&self) -> Clue {
        if self.is_udp() { Clue::DatagramUnanswered } else { Clue::SynUnanswered }
    }

    /// The last `SO_ERROR`.
    pub(super) fn so_error(&self) -> Option<E> {
        self.attempt.so_errors.last().map(|error| error.errno.get())
    }

    pub(super) fn icmp(&self) -> Option<(Icmp, &'a QueueEntry)> {
        self.attempt.deciding_icmp()
    }

    /// Whether the sender of an ICMP error is this very host.
    pub(super) fn is_ours(&self, entry: &QueueEntry) -> bool {
        let own_end = self.attempt.source.map(|source| source.ip());
        entry.sender_is_ours.seen() == Some(&true) || (entry.sender.is_some() && entry.sender == own_end)
    }

    /// Whether the kernel sends from loopback to a target beyond this host: for IPv4 it never chooses so by itself,
    /// it was told to connect to a loopback address instead (a control group's program).
    pub(super) fn has_rewritten_source(&self) -> bool {
        let asked_for = self.evidence.request.source.is_some();
        let from_loopback = self.attempt.source.is_some_and(|source| source.ip().is_loopback());
        let beyond =
            !self.target().is_loopback() && !self.target().is_unspecified() && !self.attempt.is_local();
        from_loopback && beyond && !asked_for
    }

    /// Whether the attempt was still waiting for an answer when it was last looked at.
    pub(super) fn is_waiting(&self) -> bool {
        self.attempt.failed.is_none()
            && self.attempt.connected_ms.is_none()
            && match self.tcp() {
                Some(tcp) => tcp.state != TcpState::Close,
                None => self.so_error().is_none(),
            }
    }

    /// The state of the neighbour at the last look.
    pub(super) fn neighbour(&self) -> Option<NeighbourState> {
        self.attempt.neighbour_state()
    }

    /// Whether the neighbour last looked at is none that the route leads to.
    pub(super) fn waits_for_another(&self) -> bool {
        let next = self.attempt.gateway().unwrap_or_else(|| self.target());
        self.attempt.route().is_some()
            && self.attempt.last_neighbour().is_some_and(|sample| sample.address != next)
    }

    /// Whether the way was open while the attempt waited: somebody beyond the link answered, or a repeat of the SYN is
    /// under way.
    pub(super) fn was_through(&self) -> bool {
        self.path().is_some_and(|path| path.last_hop().hop > 0 || path.target_is_up())
            || self.tcp().is_some_and(|tcp| tcp.in_flight_retransmits.is_some_and(|repeats| repeats > 0))
    }

    /// The errno with which the route lookup refuses, if it does.
    pub(super) fn route_refused(&self) -> Option<E> {
        match self.attempt.route.seen()? {
            RouteAnswer::Refused(errno) => Some(errno.get()),
            RouteAnswer::Route(_) => None,
        }
    }

    /// What the sweep found, if there was one.
    pub(super) fn path(&self) -> Option<PathView<'a>> {
        self.attempt.path.seen().map(|sweep| PathView::new(sweep, self.target()))
    }

    pub(super) fn trials(&self) -> &'a [Trial] {
        self.attempt.trials.seen().map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn refusals(&self) -> &'a [Refusal] {
        self.attempt.refusals.seen().map(Vec::as_slice).unwrap_or_default()
    }

    /// A device by its name as it was typed, from the list of all, whose names are made safe.
    pub(super) fn device(&self, name: &str) -> Option<&'a Link> {
        let name = clean(name);
        self.evidence.host.links.seen()?.iter().find(|link| link.name == name)
    }
}
