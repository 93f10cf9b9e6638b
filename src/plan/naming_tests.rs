//! When the files, the name servers and the socket tables are asked.

use super::*;
use crate::model::{
    DirectView, DnsAnswer, Exchange, ExchangeOutcome, HostsLine, Listeners, NameFiles, NameSource,
    RecordKind, ServerView, Transport,
};
use Probe::{
    Addresses, Attempt as Try, Contrast, Direct, Links, Listeners as Who, Lookup, NameFiles as Files,
};

const SERVER: &str = "203.0.113.53";

/// A host that asks these sources, and whose hosts file has these addresses for the name.
fn files(sources: &[&str], hosts: &[&str], evidence: Evidence) -> Evidence {
    let source = |name: &&str| NameSource { name: name.to_string(), action: None };
    let line = |address: &&str| HostsLine { line: 3, address: address.parse().unwrap() };
    let files = NameFiles {
        hosts: Fact::Seen(hosts.iter().map(line).collect()),
        sources: Fact::Seen(sources.iter().map(source).collect()),
        resolver: Fact::CouldNotLook("EACCES".into()),
        own_name: None,
    };
    Evidence { name_files: Fact::Seen(files), ..evidence }
}

fn ordinary(evidence: Evidence) -> Evidence {
    files(&["files", "dns"], &[], evidence)
}

fn pinned(evidence: Evidence) -> Evidence {
    files(&["files", "dns"], &[B], evidence)
}

/// One server has answered A with these addresses, or says that there is no such name.
fn direct(addresses: &[&str], evidence: Evidence) -> Evidence {
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let answer = DnsAnswer {
        rcode: if addresses.is_empty() { 3 } else { 0 },
        truncated: false,
        addresses: addresses.clone(),
        aliases: Vec::new(),
        alias_loop: false,
        extended: Vec::new(),
    };
    asked_server(ExchangeOutcome::Answer(answer), addresses, evidence)
}

fn silent(evidence: Evidence) -> Evidence {
    asked_server(ExchangeOutcome::Silent, Vec::new(), evidence)
}

fn asked_server(outcome: ExchangeOutcome, addresses: Vec<IpAddr>, evidence: Evidence) -> Evidence {
    let exchange = Exchange {
        name: "db.example".into(),
        record: RecordKind::A,
        transport: Transport::Udp,
        sent: 1,
        started_ms: Millis(2.0),
        elapsed_ms: Millis(1.0),
        outcome,
    };
    let mut attempt = attempt(SERVER);
    attempt.ended_ms = Some(Millis(3.0));
    let view = DirectView {
        servers: vec![ServerView { attempt, exchanges: vec![exchange] }],
        addresses: addresses.into_iter().map(|address| Resolved { address, scope: None }).collect(),
        started_ms: Millis(2.0),
        ended_ms: Millis(3.0),
    };
    Evidence { direct: Fact::Seen(view), ..evidence }
}

fn by_dns(mut evidence: Evidence) -> Evidence {
    evidence.request.dns = Some(SocketAddr::new(SERVER.parse().unwrap(), 53));
    evidence
}

fn listed(evidence: Evidence) -> Evidence {
    let at_ms = Millis(1.0);
    let (here, elsewhere) = (Fact::Seen(Vec::new()), Fact::Seen(Vec::new()));
    Evidence { listeners: Fact::Seen(Listeners { at_ms, here, elsewhere }), ..evidence }
}

fn unlooked() -> Evidence {
    literal("db.example:80")
}

fn failed_with(eai: &str) -> Evidence {
    answered(LookupOutcome::Failed { eai: eai.into(), errno: None })
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = slow_names();
    rows.extend(failed_names());
    rows.extend(pins());
    rows.extend(listeners());
    rows
}

fn slow_names() -> Vec<Row> {
    let hurried = |mut evidence: Evidence| {
        evidence.request.timeout_ms = Millis(500.0);
        evidence
    };
    vec![
        row("a slow name: which servers are there?", unlooked(), &[Lookup], 1000.0, start([Files])),
        row(
            "a slow name: what do the servers say?",
            ordinary(unlooked()),
            &[Lookup, Files],
            1000.0,
            start([Direct]),
        ),
        row("a slow name, half of a short timeout", hurried(unlooked()), &[Lookup], 250.0, start([Files])),
        row(
            "a slow name, and programs ask no server",
            files(&["files", "wins"], &[], unlooked()),
            &[Lookup, Files],
            1000.0,
            wait(),
        ),
        row("the servers are being asked", ordinary(unlooked()), &[Lookup, Files, Direct], 1200.0, wait()),
        row(
            "no server answers: the lookup decides",
            silent(ordinary(unlooked())),
            &[Lookup, Files, Direct],
            3000.0,
            wait(),
        ),
        row(
            "the servers have it, the lookup still waits: connect",
            direct(&[B], ordinary(unlooked())),
            &[Lookup, Files, Direct],
            1200.0,
            start([Try(0)]),
        ),
        row(
            "the servers have no such name, and no other source does: enough",
            direct(&[], ordinary(answered(LookupOutcome::NoAnswer))),
            &[Lookup, Files, Direct],
            1200.0,
            done(),
        ),
        row(
            "the servers have no such name, but another source is still asked",
            direct(&[], files(&["files", "mdns4_minimal", "dns"], &[], unlooked())),
            &[Lookup, Files, Direct],
            1200.0,
            wait(),
        ),
        row("--dns: the C library is not asked", by_dns(unlooked()), &[], 0.0, start([Files])),
        row("--dns: the server at once", by_dns(ordinary(unlooked())), &[Files], 0.0, start([Direct])),
        row(
            "--dns: whatever nsswitch.conf says",
            by_dns(files(&["files"], &[], unlooked())),
            &[Files],
            0.0,
            start([Direct]),
        ),
        row(
            "--dns: its addresses are tried",
            by_dns(direct(&[B], ordinary(unlooked()))),
            &[Files, Direct],
            2.0,
            start([Try(0)]),
        ),
        row("--dns: silence ends it", by_dns(silent(ordinary(unlooked()))), &[Files, Direct], 4000.0, done()),
    ]
}

fn failed_names() -> Vec<Row> {
    let local = |mut evidence: Evidence| {
        evidence.request.target.host = Host::Name("localhost".into());
        evidence
    };
    let malformed = |mut evidence: Evidence| {
        evidence.request.target.host = Host::Name("a..b".into());
        evidence
    };
    let unreachable = |evidence: Evidence| {
        let mut evidence = silent(evidence);
        let Fact::Seen(view) = &mut evidence.direct else { panic!("no servers") };
        let errno = E::ENETUNREACH.into();
        view.servers[0].attempt.failed = Some(FailedCall { call: Call::Connect, errno });
        evidence
    };
    let none = || failed_with("EAI_NONAME");
    let all = [Lookup, Files, Direct];
    vec![
        row(
            "a name that failed: what do the servers say?",
            ordinary(none()),
            &[Lookup, Files],
            1.0,
            start([Direct]),
        ),
        row("they are waited for", ordinary(none()), &all, 1.0, wait()),
        row("they have answered", direct(&[], ordinary(none())), &all, 2.0, done()),
        row(
            "they are not asked where programs ask none",
            files(&["files"], &[], none()),
            &[Lookup, Files],
            1.0,
            done(),
        ),
        row("a loopback name is not theirs to tell", local(ordinary(none())), &[Lookup, Files], 1.0, done()),
        row("what is no host name is nobody's to tell", malformed(none()), &[Lookup], 1.0, done()),
        row(
            "no way to a server: which devices and addresses are there?",
            unreachable(ordinary(failed_with("EAI_AGAIN"))),
            &all,
            2.0,
            start([Addresses, Links]),
        ),
        row(
            "a name that works asks no server",
            ordinary(tried([works(B, 0.4)])),
            &[Lookup, Files, Try(0)],
            300.0,
            done(),
        ),
    ]
}

fn pins() -> Vec<Row> {
    let begun = [Lookup, Files, Try(0)];
    let asked = [Lookup, Files, Try(0), Direct];
    vec![
        row("pinned, and not silent for long", pinned(tried([attempt(B)])), &begun, 301.0, wake(302.0)),
        row("pinned, and silent", pinned(tried([attempt(B)])), &begun, 302.0, start([Direct])),
        row("pinned, and refused", pinned(tried([refused(B)])), &begun, 1.0, start([Direct])),
        row("pinned, and it works", pinned(tried([works(B, 0.4)])), &begun, 300.0, done()),
        row("not pinned, and refused", ordinary(tried([refused(B)])), &begun, 1.0, done()),
        row(
            "pinned, refused, and the servers say something else: does that work?",
            direct(&[A], pinned(tried([refused(B)]))),
            &asked,
            10.0,
            start([Contrast]),
        ),
        row(
            "pinned, refused, and the servers agree",
            direct(&[B], pinned(tried([refused(B)]))),
            &asked,
            10.0,
            done(),
        ),
        row(
            "pinned, silent to the end, and the servers say something else: no more connections",
            direct(&[A], pinned(tried([ended(B)]))),
            &asked,
            4000.0,
            done(),
        ),
    ]
}

fn listeners() -> Vec<Row> {
    let here = |attempt| tested(routed(RouteType::Local, None, attempt));
    let trials = [Probe::Trials(0, TrialKind::OwnAnswer), Probe::Trials(1, TrialKind::OwnAnswer)];
    let silence = [Probe::Trials(0, TrialKind::OwnSilence), Probe::Trials(1, TrialKind::OwnSilence)];
    vec![
        row(
            "two of this host's addresses refuse: one look",
            tried([here(refused(A)), here(refused(B))]),
            &trials,
            1.0,
            start([Who]),
        ),
        row(
            "two of this host's addresses are silent: one look",
            tried([here(attempt(A)), here(attempt(B))]),
            &silence,
            400.0,
            start([Who]),
        ),
        row(
            "the look is taken once",
            listed(tried([here(refused(A)), here(refused(B))])),
            &[trials[0], trials[1], Who],
            2.0,
            done(),
        ),
        row(
            "who listens here says nothing about somebody afar",
            tried([tested(refused(B))]),
            &[],
            1.0,
            done(),
        ),
        row("a success asks nobody", tried([here(works(B, 0.4))]), &[], 300.0, done()),
    ]
}
