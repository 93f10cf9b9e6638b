//! What is printed: the diagnosis with its words, and the evidence it rests on (`whyconn.report.v1`).

mod clues;
mod conversation;
mod history;
mod naming;
mod own_ends;
mod schema;
mod steps;
mod tally;
mod unix;
mod words;

pub use conversation::{Arrow, Conversation, Fate, Party};
pub use history::Spell;
pub(crate) use naming::unit_of;
pub(crate) use schema::schema;
pub use tally::{Tally, Whom};
pub(crate) use unix::{access_words, you_are};
pub use words::{KEYS, Words};

use crate::diagnose::path::PathView;
use crate::diagnose::{Culprit, Diagnosis, Remark, diagnose, foreign_listeners, icmp, listeners_on_port};
use crate::model::schema::{AnyEndpoint, Endpoint};
use crate::model::{Attempt, Errno, Evidence, Family, Host, Millis, Process, Resolved, Transport};
use crate::plan;
use crate::sanitize::clean_to;
use crate::verdict::{Certainty, Class, Clue, Code, Side};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The name of this version of the report.
pub const SCHEMA: &str = "whyconn.report.v1";

/// A whole report about one target, as this version writes it. Later versions may add fields, and change the
/// meaning of none: a reader should pass over fields that it does not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::of_report)]
pub struct Report {
    /// `whyconn.report.v1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// In a list: which target this is, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// In a list from a file: the number of its line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What was asked.
    pub target: ReportTarget,
    /// Whether a handshake completed or, over UDP, an answer came (`connected.*` and `service.*`).
    pub connected: bool,
    /// The answer.
    pub verdict: Verdict,
    /// Facts worth knowing that are not the verdict.
    pub remarks: Vec<ReportRemark>,
    /// What the name gave.
    pub resolution: Resolution,
    /// One for each address, in the order in which an ordinary client tries them.
    pub attempts: Vec<ReportAttempt>,
    /// The routers on the way; null where nobody asked them.
    pub path: Option<Path>,
    /// Who listens on this host; empty where nobody asked.
    pub listeners: Vec<Listener>,
    /// What the target was like while it was waited for, with `--wait`; absent without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<Spell>>,
    /// Every observation, unfolded. Diagnosed again, it gives the same verdict. In a list it is there with
    /// `--verbose` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How long it took in all; of several tries, the one that the verdict is about.
    pub elapsed_ms: Millis,
}

/// The target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::of_target)]
pub struct ReportTarget {
    /// As it was typed.
    pub input: String,
    /// The host.
    pub host: String,
    /// The port; null for a unix socket.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// The transport.
    pub transport: Transport,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::of_verdict)]
pub struct Verdict {
    /// What happened.
    pub code: Code,
    /// The code's first part.
    pub class: Class,
    /// How sure that is.
    pub certainty: Certainty,
    /// One sentence.
    #[schemars(length(min = 1))]
    pub summary: String,
    /// Who did it; null for `connected.ok`.
    pub culprit: Option<Culprit>,
    /// What gives the same evidence.
    pub alternatives: Vec<Alternative>,
    /// What to look at to tell them apart; null where there are none.
    #[serde(default)]
    pub tell_apart: Option<NextStep>,
    /// The observations that it rests on.
    pub because: Vec<Clue>,
    /// What to do, most useful first.
    pub next: Vec<NextStep>,
}

/// A look-alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// Its code.
    pub code: Code,
    /// Why it can't be excluded.
    #[schemars(length(min = 1))]
    pub why: String,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextStep {
    /// On which machine.
    pub on: Side,
    /// What.
    #[serde(rename = "do")]
    #[schemars(length(min = 1))]
    pub what: String,
    /// A command to paste; null where there is none.
    #[schemars(length(min = 1))]
    pub command: Option<String>,
}

/// A fact beside the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportRemark {
    /// What kind of fact.
    #[schemars(extend("enum" = REMARKS))]
    pub code: String,
    /// The fact.
    #[schemars(length(min = 1))]
    pub text: String,
}

/// What the name gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resolution {
    /// The addresses, in the order in which an ordinary client tries them.
    pub addresses: Vec<ResolvedFrom>,
    /// How long the lookup took; null for a literal address.
    pub elapsed_ms: Option<Millis>,
}

/// One address, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::of_origin)]
pub struct ResolvedFrom {
    /// The address.
    pub address: IpAddr,
    /// `literal`; `hosts`, a line of /etc/hosts; `dns`, a name server; `nss`, another source of
    /// nsswitch.conf; `getaddrinfo`, where the files could not be read.
    #[schemars(extend("enum" = schema::ORIGINS))]
    pub from: String,
    /// The line of /etc/hosts; null for other sources.
    pub line: Option<u32>,
}

/// One attempt, folded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportAttempt {
    /// Address and port, or `unix:/path`.
    #[schemars(with = "AnyEndpoint")]
    pub address: String,
    /// The client's end.
    #[schemars(with = "Option<Endpoint>")]
    pub source: Option<String>,
    /// What it came to; null where it was still running when the answer was clear.
    pub code: Option<Code>,
    /// The errno that a plain client would have got.
    pub errno: Option<Errno>,
    /// The ICMP packet that ended it.
    pub icmp: Option<ReportIcmp>,
    /// SYNs handed to IP; null where the kernel does not say, and over UDP.
    pub syn_sent: Option<u32>,
    /// How long it took.
    pub elapsed_ms: Option<Millis>,
}

/// An ICMP packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportIcmp {
    /// 4 or 6.
    #[schemars(extend("enum" = [4, 6]))]
    pub family: u8,
    /// The type.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The code.
    pub code: u8,
    /// Their name.
    #[schemars(regex(pattern = r"^[a-z0-9-]+$"))]
    pub name: String,
    /// The sender.
    pub from: Option<IpAddr>,
}

/// The routers on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Path {
    /// One for each TTL tried.
    pub hops: Vec<PathHop>,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PathHop {
    /// TTL or hop limit.
    #[schemars(range(min = 1))]
    pub ttl: u8,
    /// Who answered; null where nobody did.
    pub address: Option<IpAddr>,
    /// The round trip.
    pub rtt_ms: Option<Millis>,
}

/// Who listens on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listener {
    /// Address and port, or `unix:/path`.
    #[schemars(with = "AnyEndpoint")]
    pub address: String,
    /// The process; null where it is not ours to see.
    pub process: Option<Process>,
    /// The socket's owner.
    pub uid: u32,
    /// The service or container that its control group names; null where it names none.
    pub unit: Option<String>,
    /// Which other network namespace it is in; null for this one.
    pub namespace: Option<u64>,
}

/// What people read beside the report's sentences; every word of it stands in the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Who did it.
    pub culprit: Option<String>,
    /// The observations that the verdict rests on.
    pub because: Vec<String>,
    /// The picture.
    pub conversation: Option<Conversation>,
}

/// A sentence, whatever is quoted in it: names that were typed, and evidence that was read from a file, are not as
/// safe as what a probe brings.
fn whole(sentence: &str) -> String {
    clean_to(sentence, 2000)
}

/// Diagnoses the evidence and puts it into words.
pub fn report(evidence: Evidence) -> (Report, Story) {
    let diagnosis = diagnose(&evidence);
    report_of(evidence, &diagnosis)
}

/// Puts a diagnosis into words, with the evidence that it was made from.
pub fn report_of(evidence: Evidence, diagnosis: &Diagnosis) -> (Report, Story) {
    let words = Words::new(&evidence, diagnosis);
    let story = Story {
        culprit: words.culprit(),
        because: words.because().iter().map(|sentence| whole(sentence)).collect(),
        conversation: conversation::conversation(&evidence, diagnosis),
    };
    let mut report = brief(&evidence, diagnosis);
    report.verdict.next = words.next_steps();
    report.verdict.tell_apart = words.tell_apart();
    report.listeners = listeners(&evidence);
    report.evidence = Some(evidence);
    (report, story)
}

/// The verdict and what it rests on, without what to do, without listeners and evidence: a line of a long list.
pub fn brief(evidence: &Evidence, diagnosis: &Diagnosis) -> Report {
    let words = Words::new(evidence, diagnosis);
    let finding = &diagnosis.finding;
    let verdict = Verdict {
        code: finding.code,
        class: finding.code.class(),
        certainty: finding.certainty,
        summary: words.headline(),
        culprit: finding.culprit.clone(),
        alternatives: words.alternatives(),
        because: finding.because.clone(),
        tell_apart: None,
        next: Vec::new(),
    };
    let remark = |remark| {
        let ReportRemark { code, text } = words.remark(remark);
        ReportRemark { code, text: whole(&text) }
    };
    let remarks = diagnosis.remarks.iter().map(remark).collect();
    let mut attempts = attempts(evidence, diagnosis);
    attempts.extend(unix::attempt(evidence, diagnosis));
    let target = &evidence.request.target;
    Report {
        schema: SCHEMA.to_owned(),
        index: None,
        line: None,
        target: ReportTarget {
            input: clean_to(&target.input, 4096),
            host: clean_to(&target.host.to_string(), 4096),
            port: target.socket().is_none().then_some(target.port),
            transport: target.transport,
        },
        connected: matches!(verdict.class, Class::Connected | Class::Service),
        verdict,
        remarks,
        resolution: resolution(evidence),
        attempts,
        path: path(evidence, diagnosis),
        listeners: Vec::new(),
        history: None,
        evidence: None,
        elapsed_ms: evidence.elapsed_ms,
    }
}

/// The path to the address that the verdict is about, or to the first that was swept.
fn path(evidence: &Evidence, diagnosis: &Diagnosis) -> Option<Path> {
    let about = diagnosis.about.and_then(|about| evidence.attempts.get(about));
    let attempt = about.into_iter().chain(&evidence.attempts).find(|attempt| attempt.path.was_asked())?;
    let view = PathView::new(attempt.path.seen()?, attempt.address.ip());
    // A reset in the target's name carries the target's address, and is not the target.
    let finding = &diagnosis.finding;
    let forged = matches!(finding.code, Code::RefusedRstForged | Code::LocalFirewallReject)
        || finding.variant == "intercepted";
    let end = view.reset_at().filter(|_| forged);
    let hops = view.hops().into_iter().filter(|hop| end.is_none_or(|end| hop.ttl < end)).map(|hop| PathHop {
        ttl: hop.ttl,
        address: hop.address,
        rtt_ms: hop.rtt,
    });
    let hops: Vec<PathHop> = hops.collect();
    view.asked_hops().then_some(Path { hops })
}

fn resolution(evidence: &Evidence) -> Resolution {
    let elapsed = || {
        let direct = || evidence.direct.seen().map(|view| Millis(view.ended_ms.0 - view.started_ms.0));
        evidence.lookup.seen().map(|lookup| lookup.elapsed_ms).or_else(direct)
    };
    match &evidence.request.target.host {
        Host::Address { ip, .. } => {
            let literal = ResolvedFrom { address: *ip, from: "literal".to_owned(), line: None };
            Resolution { addresses: vec![literal], elapsed_ms: None }
        }
        Host::Socket(_) => Resolution { addresses: Vec::new(), elapsed_ms: None },
        Host::Name(_) => {
            let from = |resolved: &Resolved| {
                let (from, line) = naming::origin(evidence, resolved.address);
                ResolvedFrom { address: resolved.address, from: from.to_owned(), line }
            };
            let addresses = plan::resolved(evidence).unwrap_or_default();
            Resolution { addresses: addresses.iter().map(from).collect(), elapsed_ms: elapsed() }
        }
    }
}

/// Who listens: in this network namespace, then in others.
fn listeners(evidence: &Evidence) -> Vec<Listener> {
    let here = listeners_on_port(evidence).map(|listening| Listener {
        address: listening.address.to_string(),
        process: listening.owner.process.seen().cloned(),
        uid: listening.owner.uid,
        unit: listening.owner.cgroup.as_deref().and_then(naming::unit_of),
        namespace: None,
    });
    let elsewhere = foreign_listeners(evidence).iter().map(|foreign| Listener {
        address: foreign.address.to_string(),
        process: foreign.owner.process.seen().cloned(),
        uid: foreign.owner.uid,
        unit: foreign.owner.cgroup.as_deref().and_then(naming::unit_of),
        namespace: Some(foreign.namespace),
    });
    here.chain(elsewhere).chain(unix::listeners(evidence)).collect()
}

fn attempts(evidence: &Evidence, diagnosis: &Diagnosis) -> Vec<ReportAttempt> {
    let folded = |(index, attempt): (usize, &Attempt)| ReportAttempt {
        address: attempt.address.to_string(),
        source: attempt.source.map(|source| source.to_string()),
        code: diagnosis.attempts.get(index).and_then(Option::as_ref).map(|finding| finding.code),
        errno: attempt
            .failed
            .map(|failed| failed.errno)
            .or_else(|| attempt.so_errors.last().map(|error| error.errno)),
        icmp: attempt.deciding_icmp().map(|(code, entry)| ReportIcmp {
            family: code.family,
            kind: code.kind,
            code: code.code,
            name: icmp::name(code).into_owned(),
            from: entry.sender,
        }),
        syn_sent: match attempt.failed {
            Some(_) => Some(0),
            None => attempt.syns_sent(),
        },
        elapsed_ms: attempt.connected_ms.or(attempt.ended_ms),
    };
    evidence.attempts.iter().enumerate().map(folded).collect()
}

/// The names of all remarks.
pub const REMARKS: &[&str] = &[
    "address-failed",
    "port-forwarded",
    "intercepted",
    "dns-first-server-dead",
    "asked-server",
    "dns-half-silent",
    "sinkhole",
    "hosts-override",
    "listener-in-namespace",
    "port-nearby",
    "first-address-cost",
    "source-port-in-time-wait",
    "source-port-shared",
    "proxy-variable",
    "tentative-address",
    "odd-source",
];

impl Remark {
    /// Its name in the report.
    pub fn code(&self) -> &'static str {
        match self {
            Remark::AddressFailed { .. } => "address-failed",
            Remark::PortForwarded => "port-forwarded",
            Remark::Intercepted => "intercepted",
            Remark::NameServerDead { .. } => "dns-first-server-dead",
            Remark::AskedServer => "asked-server",
            Remark::HalfSilent { .. } => "dns-half-silent",
            Remark::Sinkhole { .. } => "sinkhole",
            Remark::HostsOverride => "hosts-override",
            Remark::ListensInNamespace => "listener-in-namespace",
            Remark::PortNearby { .. } => "port-nearby",
            Remark::ProxyVariable => "proxy-variable",
            Remark::TentativeAddress { .. } => "tentative-address",
            Remark::OddSource => "odd-source",
            Remark::FirstAddressCost => "first-address-cost",
            Remark::SourcePortShared { waiting: true } => "source-port-in-time-wait",
            Remark::SourcePortShared { waiting: false } => "source-port-shared",
        }
    }
}

/// The family of the deciding address, for words and commands.
fn family_of(attempt: &Attempt) -> Family {
    Family::of(attempt.address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RecordKind;

    #[test]
    fn the_schema_lists_every_remark() {
        let address: IpAddr = [192, 0, 2, 1].into();
        let server = (address, 53).into();
        let all = [
            Remark::PortForwarded,
            Remark::Intercepted,
            Remark::NameServerDead { server },
            Remark::AskedServer,
            Remark::Sinkhole { address },
            Remark::HostsOverride,
            Remark::ListensInNamespace,
            Remark::PortNearby { address: server },
            Remark::HalfSilent { server, record: RecordKind::A },
            Remark::SourcePortShared { waiting: false },
            Remark::SourcePortShared { waiting: true },
            Remark::ProxyVariable,
            Remark::TentativeAddress { address },
            Remark::OddSource,
            Remark::FirstAddressCost,
            Remark::AddressFailed { attempt: 0, code: Code::RefusedRst },
        ];
        for remark in &all {
            // A remark that is added belongs into the list above and into `REMARKS`.
            match remark {
                Remark::PortForwarded
                | Remark::Intercepted
                | Remark::NameServerDead { .. }
                | Remark::AskedServer
                | Remark::Sinkhole { .. }
                | Remark::HostsOverride
                | Remark::ListensInNamespace
                | Remark::PortNearby { .. }
                | Remark::HalfSilent { .. }
                | Remark::SourcePortShared { .. }
                | Remark::ProxyVariable
                | Remark::TentativeAddress { .. }
                | Remark::OddSource
                | Remark::FirstAddressCost
                | Remark::AddressFailed { .. } => assert!(REMARKS.contains(&remark.code()), "{remark:?}"),
            }
        }
        assert_eq!(all.len(), REMARKS.len());
    }
}
