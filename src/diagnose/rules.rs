//! The table that judges one attempt: the first rule that holds is the verdict.

use super::view::View;
use super::{Culprit, Finding, datagram, handshake, local, refusals, rejection, reset, silence};
use crate::model::{Attempt, Evidence};
use crate::verdict::{Certainty, Code};

/// A rule: the judgement, if it holds.
type Rule = fn(&View) -> Option<Finding>;

/// The rules, first match wins. What this host did itself comes before a packet that came in, a packet before
/// silence, a nearer culprit before a farther one. Above each stands why it comes before what follows.
const RULES: &[Rule] = &[
    // An answer to a datagram is never a failure to reach the port.
    datagram::answered,
    // A completed handshake is never a failure to connect.
    handshake::completed,
    // What was never sent has no other reason.
    datagram::not_for_one,
    // A datagram that the way out dropped is no shortage of this process.
    datagram::send_failed,
    // Without a socket nothing was asked of the network.
    local::limits,
    // Nothing can be bound or sent through a device that is not there or is down.
    local::device,
    // Bind comes before connect.
    local::source,
    // What can't leave this host is lost on no way.
    local::loopback_source,
    // EINVAL without a scope is not the EINVAL of a blackhole route.
    local::scope,
    // Without an address to send from, routes and neighbours fail for that reason.
    local::family,
    // A route that refuses on purpose is more than a missing one.
    refusals::refusing_route,
    // Whatever becomes of what is led away, this host should have kept it.
    local::lost_loopback,
    // The errno has a reason in the routing tables; a policy is what remains.
    local::no_route,
    // A call that failed at once sent no packet that could be answered.
    local::connect_failed,
    // Who is asked for on a link that no route leads to has no fault.
    refusals::assumed_on_link,
    // A closed port of this host is told by this host's own ICMP error.
    datagram::own_closed_port,
    // Made on this host, whatever the target's address says.
    rejection::own_icmp,
    // An ICMP error explains the errno that it set; a reset leaves none.
    rejection::foreign_icmp,
    // UDP knows no resets.
    datagram::unseen_error,
    // An answer comes before silence.
    reset::received,
    // An ended attempt is not a silent one.
    rejection::unseen_error,
    // This host's own tables come before what lies beyond them.
    silence::route_lost,
    // The SYN is still here: nobody beyond the link can have seen it.
    silence::neighbour,
    // A SYN that is still here says nothing about what lies beyond.
    silence::stuck_here,
    // Packets that came back prove that the SYNs went out.
    silence::answers_rejected,
    // What never left can't be lost on the way.
    silence::own_filter,
    // What IP handed out and no device got has not left either.
    silence::taken_here,
    // A guess that the same filter is at work, where there was no time to see it fail.
    silence::own_filter_at_once,
    // What this host did to packets for itself needs no network.
    silence::own_target,
    // A closed port here would have answered.
    datagram::own_silence,
    // An ICMP error comes before silence, whichever SYN drew it.
    rejection::rejected_on_the_path,
    // Routers that repeat are an answer as well.
    silence::silent_loop,
    // An answer that arrived here was not lost on the way.
    silence::reply_dropped,
    // Where no answer can be back yet, silence means nothing.
    silence::too_short,
    // One datagram, which is not sent again, is judged by the time that it had.
    datagram::unclaimed_answer,
    datagram::silence,
    // The last: it holds for whatever is left.
    silence::silence,
];

/// Judges one attempt.
pub(super) fn judge(evidence: &Evidence, attempt: &Attempt) -> Finding {
    let view = View { evidence, attempt };
    RULES.iter().find_map(|rule| rule(&view)).unwrap_or_else(|| {
        // The last rule holds always; this is what it would say with no evidence at all.
        Finding::new(Code::TimeoutSilent, Certainty::Possible, Culprit::Path { after: None }, &[])
    })
}
