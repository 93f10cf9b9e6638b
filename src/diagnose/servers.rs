//! What each name server came to, when it was asked directly.

use super::{Culprit, Finding, rules};
use crate::model::{
    DnsAnswer, Evidence, Exchange, ExchangeOutcome, Host, LookupOutcome, RecordKind, ServerView, Transport,
};
use crate::verdict::{Certainty, Clue, Code};

/// Response codes (RFC 1035 section 4.1.1).
pub(super) const SERVFAIL: u16 = 2;
pub(super) const NXDOMAIN: u16 = 3;
pub(super) const REFUSED: u16 = 5;

/// What a server came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It gives addresses.
    Addresses,
    /// It says that none of the names exists.
    NoName,
    /// It says that a name exists, and has no address.
    NoAddress,
    /// It answers with this error.
    Error(u16),
    /// It cuts its answer short, and gives the rest to nobody.
    CutShort,
    /// Its answer can't be read.
    Garbled,
    /// It can't be reached, for this reason.
    Unreachable(Box<Finding>),
    /// Nothing came.
    Silent,
}

impl Standing {
    /// The more a server said, the more its word explains.
    fn weight(&self) -> u8 {
        match self {
            Standing::Addresses | Standing::NoName | Standing::NoAddress => 0,
            Standing::Error(SERVFAIL) => 1,
            Standing::Error(REFUSED) => 2,
            Standing::Error(_) => 3,
            Standing::Garbled => 4,
            Standing::CutShort => 5,
            Standing::Unreachable(_) => 6,
            Standing::Silent => 7,
        }
    }

    /// The verdict that it would be alone.
    pub(super) fn code(&self) -> Code {
        match self {
            Standing::Addresses | Standing::NoAddress => Code::ResolveNoAddress,
            Standing::NoName => Code::ResolveNxdomain,
            Standing::Error(REFUSED) => Code::ResolveRefused,
            Standing::Error(_) | Standing::Garbled => Code::ResolveServfail,
            Standing::CutShort | Standing::Unreachable(_) => Code::ResolveServerUnreachable,
            Standing::Silent => Code::ResolveTimeout,
        }
    }
}

/// Judges one server by its last word on each question.
pub(super) fn standing(evidence: &Evidence, server: &ServerView) -> Standing {
    let over_tcp = |asked: &Exchange| {
        let same = |other: &&Exchange| {
            other.transport == Transport::Tcp && other.name == asked.name && other.record == asked.record
        };
        server.exchanges.iter().find(same)
    };
    let mut answers: Vec<&DnsAnswer> = Vec::new();
    let (mut cut_short, mut garbled, mut silent) = (false, false, false);
    for asked in server.exchanges.iter().filter(|exchange| exchange.transport == Transport::Udp) {
        let last = match &asked.outcome {
            ExchangeOutcome::Answer(answer) if answer.truncated => over_tcp(asked),
            _ => Some(asked),
        };
        match last.map(|exchange| (&exchange.outcome, exchange.transport)) {
            Some((ExchangeOutcome::Answer(answer), _)) => answers.push(answer),
            Some((ExchangeOutcome::Malformed(_), _)) => garbled = true,
            Some((_, Transport::Tcp)) => cut_short = true,
            // Another question kept silent, and nobody came to ask over TCP.
            None => silent = true,
            Some((
                ExchangeOutcome::Silent | ExchangeOutcome::Failed(_),
                Transport::Udp | Transport::Unix,
            )) => {
                silent = true;
            }
        }
    }
    // Programs that are told to use TCP alone ask nothing over UDP.
    let asked_first = |exchange: &&Exchange| {
        exchange.transport == Transport::Tcp
            && !server.exchanges.iter().any(|other| {
                other.transport == Transport::Udp
                    && other.name == exchange.name
                    && other.record == exchange.record
            })
    };
    for asked in server.exchanges.iter().filter(asked_first) {
        match &asked.outcome {
            ExchangeOutcome::Answer(answer) => answers.push(answer),
            ExchangeOutcome::Malformed(_) => garbled = true,
            ExchangeOutcome::Failed(_) => cut_short = true,
            ExchangeOutcome::Silent => silent = true,
        }
    }
    if answers.iter().any(|answer| answer.rcode == 0 && !answer.addresses.is_empty()) {
        return Standing::Addresses;
    }
    let errors = answers.iter().map(|answer| answer.rcode).filter(|rcode| !matches!(*rcode, 0 | NXDOMAIN));
    if let Some(error) = errors.min() {
        return Standing::Error(error);
    }
    if garbled {
        return Standing::Garbled;
    }
    if cut_short {
        return Standing::CutShort;
    }
    if silent || answers.is_empty() {
        let finding = reached(evidence, server);
        return match finding.code {
            Code::TimeoutSilent | Code::TimeoutPortSilent => Standing::Silent,
            _ => Standing::Unreachable(Box::new(finding)),
        };
    }
    let exists = answers.iter().any(|answer| answer.rcode == 0);
    if exists && !is_unknown_as_asked(evidence, server) { Standing::NoAddress } else { Standing::NoName }
}

/// Whether the name is asked for as it is before the names of the search list, and there is none: that word stays where
/// none of the others has an address (`saved_herrno` of `__res_context_search`, glibc's resolv/res_query.c).
fn is_unknown_as_asked(evidence: &Evidence, server: &ServerView) -> bool {
    let Host::Name(host) = &evidence.request.target.host else { return false };
    let Some(first) = server.exchanges.first() else { return false };
    let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let mut answers = server.exchanges.iter().filter(|exchange| exchange.name == first.name).map(
        |exchange| matches!(&exchange.outcome, ExchangeOutcome::Answer(answer) if answer.rcode == NXDOMAIN),
    );
    bare(&first.name) == bare(host) && answers.all(|unknown| unknown)
}

/// How reaching the server went. The options for the target's connection do not apply to it.
fn reached(evidence: &Evidence, server: &ServerView) -> Finding {
    let mut alone = Evidence::new(evidence.request.clone());
    alone.request.interface = None;
    alone.request.source = None;
    alone.request.source_port = None;
    alone.host = evidence.host.clone();
    rules::judge(&alone, &server.attempt)
}

/// Whether an answer, be it one that was cut short, is about a name that exists, and none says that it does not.
pub(super) fn says_there_is(server: &ServerView) -> bool {
    let mut codes = server.exchanges.iter().filter_map(|exchange| match &exchange.outcome {
        ExchangeOutcome::Answer(answer) => Some(answer.rcode),
        _ => None,
    });
    codes.next() == Some(0) && codes.all(|rcode| rcode == 0)
}

/// Whether each name that failed did so for one of its two questions alone.
pub(super) fn fails_by_half(server: &ServerView) -> bool {
    let rcode = |exchange: &Exchange| match &exchange.outcome {
        ExchangeOutcome::Answer(answer) => Some(answer.rcode),
        _ => None,
    };
    let fails = |exchange: &&Exchange| rcode(exchange).is_some_and(|rcode| !matches!(rcode, 0 | NXDOMAIN));
    server.exchanges.iter().filter(fails).all(|failed| {
        let twin = |other: &Exchange| other.name == failed.name && other.record != failed.record;
        server.exchanges.iter().any(|other| twin(other) && rcode(other) == Some(0))
    })
}

/// Whether a server that programs ask before this one kept silent.
pub(super) fn any_silent_before(evidence: &Evidence, server: &ServerView) -> bool {
    let all = standings(evidence);
    all.iter()
        .take_while(|(other, _)| other.address() != server.address())
        .any(|(_, other)| *other == Standing::Silent)
}

/// Whether connecting went on with the word of a server that programs ask after a silent one.
pub(super) fn is_second_hand(evidence: &Evidence) -> bool {
    let waiting = evidence.lookup.seen().is_some_and(|lookup| lookup.outcome == LookupOutcome::NoAnswer);
    let all = standings(evidence);
    let first = all.iter().find(|(_, standing)| standing.weight() == 0);
    waiting && first.is_some_and(|(server, _)| any_silent_before(evidence, server))
}

/// A server whose word is this one.
pub(super) fn saying<'a>(evidence: &'a Evidence, word: &Standing) -> Option<&'a ServerView> {
    standings(evidence).into_iter().find(|(_, standing)| standing == word).map(|(server, _)| server)
}

/// The question on which a server keeps silent, though it answers the other one for that name.
pub(super) fn half_silent(server: &ServerView) -> Option<&Exchange> {
    let answered = |name: &str| {
        let answer = |other: &Exchange| {
            other.name == name
                && matches!(&other.outcome, ExchangeOutcome::Answer(answer) if !answer.truncated)
        };
        server.exchanges.iter().any(answer)
    };
    let silent =
        |exchange: &&Exchange| exchange.outcome == ExchangeOutcome::Silent && answered(&exchange.name);
    server.exchanges.iter().find(silent)
}

/// Whether programs still wait for the A half of an answer that came for AAAA: without it glibc fails.
pub(super) fn lacks_a(evidence: &Evidence) -> bool {
    let waiting = evidence.lookup.seen().is_some_and(|lookup| lookup.outcome == LookupOutcome::NoAnswer);
    let view = evidence.direct.seen().filter(|_| waiting);
    let giving = view.and_then(|view| view.servers.iter().find(|server| server.gives_addresses()));
    giving.and_then(half_silent).is_some_and(|asked| asked.record == RecordKind::A)
}

/// The servers with their standings, in order.
pub(super) fn standings(evidence: &Evidence) -> Vec<(&ServerView, Standing)> {
    let servers = evidence.direct.seen().map(|view| view.servers.as_slice()).unwrap_or_default();
    servers.iter().map(|server| (server, standing(evidence, server))).collect()
}

/// The server whose word decides: the first that says something for good, else the one that says most.
pub(super) fn deciding(evidence: &Evidence) -> Option<(&ServerView, Standing)> {
    // The first of several with the same weight.
    standings(evidence).into_iter().min_by_key(|(_, standing)| standing.weight())
}

/// The verdict that the servers' failures come to, where none gives an answer for good.
pub(super) fn failure(evidence: &Evidence) -> Option<Finding> {
    let all = standings(evidence);
    let (server, standing) = deciding(evidence)?;
    let address = Some(server.address().ip());
    // What this process lacks says nothing about a server.
    if let Standing::Unreachable(finding) = &standing
        && finding.code == Code::LocalLimits
    {
        return Some(Finding { because: vec![Clue::DnsUnreachable], ..Finding::clone(finding) });
    }
    let same = all.iter().all(|(_, other)| other.code() == standing.code());
    let (culprit, variant, sure) = match &standing {
        Standing::Unreachable(finding) => {
            let culprit = match finding.culprit.clone() {
                None | Some(Culprit::Target | Culprit::Service) => Culprit::Resolver { address },
                Some(culprit) => culprit,
            };
            // Whoever answered for it, the server can't be reached; a neighbour may only be slow.
            let answered =
                finding.because.iter().any(|clue| matches!(clue, Clue::IcmpError | Clue::CallFailed));
            let variant = match culprit {
                Culprit::Resolver { .. } => "",
                Culprit::Client => "here",
                _ => "way",
            };
            (culprit, variant, if answered { Certainty::Certain } else { finding.certainty })
        }
        // Silence does not tell a server that is slow from one whose refusal was lost.
        Standing::Silent if half_silent(server).is_some() => {
            (Culprit::Resolver { address }, "half", Certainty::Likely)
        }
        Standing::Silent => {
            (Culprit::Resolver { address: address.filter(|_| all.len() == 1) }, "", Certainty::Likely)
        }
        // Over TCP it may only be slow.
        Standing::CutShort => {
            let said_no = |exchange: &Exchange| {
                exchange.transport == Transport::Tcp && matches!(exchange.outcome, ExchangeOutcome::Failed(_))
            };
            let certain = server.exchanges.iter().any(said_no);
            let certainty = if certain { Certainty::Certain } else { Certainty::Likely };
            (Culprit::Resolver { address }, "tcp", certainty)
        }
        Standing::Garbled => (Culprit::Resolver { address }, "garbled", Certainty::Likely),
        Standing::Error(SERVFAIL) if is_bogus(server) => {
            (Culprit::Resolver { address }, "bogus", Certainty::Certain)
        }
        Standing::Error(SERVFAIL | REFUSED) => (Culprit::Resolver { address }, "", Certainty::Certain),
        _ => (Culprit::Resolver { address }, "other", Certainty::Certain),
    };
    let because = match standing {
        Standing::Silent => Clue::DnsSilent,
        Standing::Unreachable(_) | Standing::CutShort => Clue::DnsUnreachable,
        _ => Clue::DnsAnswer,
    };
    let certainty = if same { sure } else { sure.min(Certainty::Likely) };
    let mut finding = Finding::new(standing.code(), certainty, culprit, &[because]).variant(variant);
    for (_, other) in &all {
        if other.code() != finding.code && !finding.alternatives.contains(&other.code()) {
            finding.alternatives.push(other.code());
        }
    }
    // A neighbour that has not answered yet is a guess; then it may be plain silence.
    if certainty < Certainty::Certain && finding.alternatives.is_empty() {
        finding.alternatives.push(match finding.code {
            // Its answer to the other question shows that it is reached.
            Code::ResolveTimeout if finding.variant == "half" => Code::ResolveServfail,
            Code::ResolveTimeout => Code::ResolveServerUnreachable,
            _ => Code::ResolveTimeout,
        });
    }
    Some(finding)
}

/// Extended errors 5 to 12 say that validation failed (RFC 8914 section 4).
fn is_bogus(server: &ServerView) -> bool {
    let bogus = |answer: &DnsAnswer| answer.extended.iter().any(|error| matches!(error.code, 5..=12));
    server
        .exchanges
        .iter()
        .any(|exchange| matches!(&exchange.outcome, ExchangeOutcome::Answer(answer) if bogus(answer)))
}
