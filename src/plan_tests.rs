use super::*;
use crate::model::{
    Errno, FailedCall, Lookup, LookupOutcome, NeighbourSample, NeighbourState, PathProbe, PathProtocol,
    Request, Resolved, Route, RouteAnswer, RouteType, SoError, Sweep, Target,
};

/// Evidence for a literal address, nothing tried yet.
fn literal(target: &str) -> Evidence {
    Evidence::new(Request::new(Target::parse(target, &|_| None).unwrap()))
}

/// Evidence for a name that these addresses were found for.
fn resolved(addresses: &[&str]) -> Evidence {
    let all = addresses.iter().map(|text| Resolved { address: text.parse().unwrap(), scope: None });
    answered(LookupOutcome::Addresses(all.collect()))
}

fn answered(outcome: LookupOutcome) -> Evidence {
    let mut evidence = literal("db.example:80");
    evidence.lookup = Fact::Seen(Lookup { outcome, elapsed_ms: Millis(1.0), other_family: Fact::NotAsked });
    evidence
}

fn attempt(address: &str) -> Attempt {
    Attempt::new(SocketAddr::new(address.parse().unwrap(), 80), Millis(2.0))
}

fn ended(address: &str) -> Attempt {
    Attempt { ended_ms: Some(Millis(300.0)), ..attempt(address) }
}

fn failed(address: &str, call: Call, errno: E) -> Attempt {
    Attempt { failed: Some(FailedCall { call, errno: errno.into() }), ..ended(address) }
}

fn refused(address: &str) -> Attempt {
    let errno: Errno = E::ECONNREFUSED.into();
    Attempt { so_errors: vec![SoError { at_ms: Millis(0.5), errno }], ..ended(address) }
}

/// Connected after this long, and its grace is over.
fn works(address: &str, ms: f64) -> Attempt {
    Attempt { connected_ms: Some(Millis(ms)), ..ended(address) }
}

/// Evidence of a name whose addresses came to these attempts.
fn tried(attempts: impl IntoIterator<Item = Attempt>) -> Evidence {
    let attempts: Vec<Attempt> = attempts.into_iter().collect();
    let addresses: Vec<String> = attempts.iter().map(|attempt| attempt.address.ip().to_string()).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    Evidence { attempts, ..resolved(&addresses) }
}

#[path = "plan/naming_tests.rs"]
mod naming;

const A: &str = "2001:db8:2::2";
const B: &str = "198.18.1.2";

fn start(probes: impl IntoIterator<Item = Probe>) -> Plan {
    Plan { start: probes.into_iter().collect(), ..Plan::default() }
}

fn wait() -> Plan {
    Plan::default()
}

fn wake(ms: f64) -> Plan {
    Plan { wake_at: Some(Millis(ms)), ..Plan::default() }
}

fn stop() -> Plan {
    Plan { stop_attempts: true, ..Plan::default() }
}

fn done() -> Plan {
    Plan { done: true, ..Plan::default() }
}

struct Row {
    name: &'static str,
    evidence: Evidence,
    asked: Vec<Probe>,
    now: f64,
    plan: Plan,
}

fn row(name: &'static str, evidence: Evidence, asked: &[Probe], now: f64, plan: Plan) -> Row {
    Row { name, evidence, asked: asked.to_vec(), now, plan }
}

fn rows() -> Vec<Row> {
    let mut rows = beginnings();
    rows.extend(waits());
    rows.extend(on_the_way());
    rows.extend(datagrams());
    rows.extend(explained());
    rows.extend(naming::rows());
    rows
}

fn beginnings() -> Vec<Row> {
    use Probe::{Attempt as Try, Lookup, NameFiles};
    let failed = LookupOutcome::Failed { eai: "EAI_NONAME".into(), errno: None };
    vec![
        row("a literal starts its attempt at once", literal("198.18.1.2:80"), &[], 0.0, start([Try(0)])),
        row(
            "a name is looked up first",
            literal("db.example:80"),
            &[],
            0.0,
            Plan { wake_at: Some(Millis(900.0)), ..start([Lookup]) },
        ),
        row("a lookup is asked once", literal("db.example:80"), &[Lookup], 500.0, wake(900.0)),
        row("no address is an answer: why?", answered(failed), &[Lookup], 1.0, start([NameFiles])),
        row("an empty answer is one too", resolved(&[]), &[Lookup], 1.0, start([NameFiles])),
        row(
            "no answer in time is one too",
            answered(LookupOutcome::NoAnswer),
            &[Lookup],
            4000.0,
            start([NameFiles]),
        ),
        row(
            "all addresses are tried together, and then the files are read",
            resolved(&[A, B]),
            &[Lookup],
            1.0,
            start([Try(0), Try(1), NameFiles]),
        ),
        row(
            "an attempt is started once",
            resolved(&[A, B]),
            &[Lookup, Try(0), NameFiles],
            1.0,
            start([Try(1)]),
        ),
        row(
            "attempts that were started are waited for",
            resolved(&[A]),
            &[Lookup, Try(0), NameFiles],
            1.0,
            wait(),
        ),
    ]
}

fn waits() -> Vec<Row> {
    let grace = || Attempt { connected_ms: Some(Millis(0.4)), ..attempt(A) };
    vec![
        row("all are silent: they end by themselves", tried([attempt(A), attempt(B)]), &[], 900.0, wait()),
        row(
            "one refused, the other is still waited for",
            tried([refused(A), attempt(B)]),
            &[],
            900.0,
            wait(),
        ),
        row("the grace of the first runs", tried([grace(), attempt(B)]), &[], 50.0, wait()),
        row("the first works: the others may stop", tried([works(A, 0.4), attempt(B)]), &[], 300.0, stop()),
        row("the first works, and all have ended", tried([works(A, 0.4), ended(B)]), &[], 301.0, done()),
        row(
            "the second works: the first has a second",
            tried([attempt(A), works(B, 0.4)]),
            &[],
            300.0,
            wake(1002.0),
        ),
        row("the second is over", tried([attempt(A), works(B, 0.4)]), &[], 1002.0, stop()),
        row("just before the second is over", tried([attempt(A), works(B, 0.4)]), &[], 1001.9, wake(1002.0)),
        row("ten round trips are longer", tried([attempt(A), works(B, 250.0)]), &[], 1500.0, wake(2502.0)),
        row("ten round trips are over", tried([attempt(A), works(B, 250.0)]), &[], 2502.0, stop()),
        row(
            "the first failed: the second's grace decides",
            tried([refused(A), works(B, 0.4)]),
            &[],
            300.0,
            done(),
        ),
        row(
            "the third is of no interest",
            tried([refused(A), works(B, 0.4), attempt("198.18.1.3")]),
            &[],
            300.0,
            stop(),
        ),
    ]
}

/// The same attempt with its route: by a gateway, on the link, or to this host.
fn routed(kind: RouteType, gateway: Option<&str>, attempt: Attempt) -> Attempt {
    let gateway = gateway.map(|gateway| gateway.parse().unwrap());
    let route = Route {
        kind,
        gateway,
        device_index: Some(2),
        preferred_source: None,
        table: Some(254),
        hop_limit: None,
    };
    Attempt { route: Fact::Seen(RouteAnswer::Route(route)), ..attempt }
}

fn far(attempt: Attempt) -> Attempt {
    routed(RouteType::Unicast, Some("198.51.100.1"), attempt)
}

/// Nobody may look at its route.
fn hidden(attempt: Attempt) -> Attempt {
    Attempt { route: Fact::CouldNotLook("rtnetlink: EPERM".into()), ..attempt }
}

fn swept(question: Question, answer: Option<PathAnswer>, attempt: Attempt) -> Attempt {
    let (protocol, ttl, sent_ms) = (PathProtocol::Tcp, Some(1), Millis(310.0));
    let probes = vec![PathProbe { protocol, ttl, sent_ms, answered_ms: None, answer }];
    Attempt {
        path: Fact::Seen(Sweep { probes, questions: vec![question], done: true, ..Sweep::default() }),
        ..attempt
    }
}

/// Extra SYNs have been sent.
fn tested(attempt: Attempt) -> Attempt {
    Attempt { trials: Fact::Seen(Vec::new()), ..attempt }
}

fn on_the_way() -> Vec<Row> {
    use Probe::{Listeners, Path, Trials};
    let near = |attempt| routed(RouteType::Unicast, None, attempt);
    let here = |attempt| routed(RouteType::Local, None, attempt);
    let silence = Path(0, Question::Silence);
    let trace = |trace, attempt| {
        let mut evidence = tried([attempt]);
        evidence.request.trace = trace;
        evidence
    };
    let hurried = |attempt| {
        let mut evidence = tried([attempt]);
        evidence.request.timeout_ms = Millis(800.0);
        evidence
    };
    let arp = |state| {
        let address = "198.51.100.1".parse().unwrap();
        let sample = NeighbourSample {
            at_ms: Millis(1.0),
            address,
            state,
            confirmed_ms_ago: None,
            device_packets: None,
        };
        Attempt { neighbour: Fact::Seen(vec![sample]), ..far(attempt(B)) }
    };
    vec![
        row("not silent for long yet", tried([far(attempt(B))]), &[], 301.9, wake(302.0)),
        row("silence is swept", tried([far(attempt(B))]), &[], 302.0, start([silence])),
        row("a sweep is started once", tried([far(attempt(B))]), &[silence], 400.0, wait()),
        row(
            "beside a sweep that starts, another attempt is soon silent as well",
            tried([far(attempt(A)), far(Attempt { started_ms: Millis(50.0), ..attempt(B) })]),
            &[],
            310.0,
            Plan { wake_at: Some(Millis(350.0)), ..start([silence]) },
        ),
        row(
            "a sweep starts while the first has its second",
            tried([far(attempt(A)), works(B, 0.4)]),
            &[],
            310.0,
            Plan { wake_at: Some(Millis(1002.0)), ..start([silence]) },
        ),
        row(
            "where routes are hidden, silence is swept",
            tried([hidden(attempt(B))]),
            &[],
            302.0,
            start([silence]),
        ),
        row("and a refusal", tried([hidden(refused(B))]), &[], 2.0, start([Path(0, Question::Reset)])),
        row("but nothing without a route", tried([attempt(B)]), &[], 302.0, wait()),
        row("a short timeout is silent sooner", hurried(far(attempt(B))), &[], 202.0, start([silence])),
        row(
            "in a hurry, and swept: does a SYN leave at all?",
            hurried(swept(Question::Silence, None, far(attempt(B)))),
            &[silence],
            400.0,
            start([Trials(0, TrialKind::Leaving)]),
        ),
        row(
            "with time, the repeat tells",
            tried([swept(Question::Silence, None, far(attempt(B)))]),
            &[silence],
            400.0,
            wait(),
        ),
        row(
            "the gateway has not answered ARP: nothing has left",
            tried([arp(NeighbourState::Incomplete)]),
            &[],
            400.0,
            wait(),
        ),
        row("the gateway answers ARP", tried([arp(NeighbourState::Reachable)]), &[], 400.0, start([silence])),
        row(
            "no sweep if none is wanted, but is it up?",
            trace(Trace::Never, far(attempt(B))),
            &[],
            400.0,
            start([Path(0, Question::Up)]),
        ),
        row(
            "no hops on the link: a burst",
            tried([near(attempt(B))]),
            &[],
            400.0,
            start([Trials(0, TrialKind::Burst)]),
        ),
        row(
            "silence of this host",
            tried([here(attempt(B))]),
            &[],
            400.0,
            start([Listeners, Trials(0, TrialKind::OwnSilence)]),
        ),
        row(
            "a reset of this host",
            tried([here(refused(B))]),
            &[],
            1.0,
            start([Trials(0, TrialKind::OwnAnswer)]),
        ),
        row("a reset from afar", tried([far(refused(B))]), &[], 1.0, start([Path(0, Question::Reset)])),
        row(
            "a reset of this host, and its trials are over: who listens?",
            tried([here(tested(refused(B)))]),
            &[Trials(0, TrialKind::OwnAnswer)],
            1.0,
            start([Listeners]),
        ),
        row(
            "a reset on the link, and its trials are over: is it a container of this host?",
            tried([near(tested(refused(B)))]),
            &[Trials(0, TrialKind::AnyAnswer)],
            1.0,
            start([Listeners]),
        ),
        row(
            "a reset on the link may be made here",
            tried([near(refused(B))]),
            &[],
            1.0,
            start([Trials(0, TrialKind::AnyAnswer)]),
        ),
        row(
            "a reset from afar, no sweep wanted: was it made here?",
            trace(Trace::Never, far(refused(B))),
            &[],
            1.0,
            start([Trials(0, TrialKind::AnyAnswer)]),
        ),
        row(
            "a reset to TTL 1: was it made here?",
            tried([swept(Question::Reset, Some(PathAnswer::Reset), far(refused(B)))]),
            &[Path(0, Question::Reset)],
            50.0,
            start([Trials(0, TrialKind::FirstHop)]),
        ),
        row(
            "a reset to a greater TTL",
            tried([swept(Question::Reset, None, far(refused(B)))]),
            &[Path(0, Question::Reset)],
            50.0,
            done(),
        ),
        row(
            "a sweep that explains a failure is waited for",
            tried([far(refused(B))]),
            &[Path(0, Question::Reset)],
            50.0,
            wait(),
        ),
        row("a success is not swept", tried([far(works(B, 0.4))]), &[], 300.0, done()),
        row(
            "a success is swept if that is wanted",
            trace(Trace::Always, far(works(B, 0.4))),
            &[],
            300.0,
            start([Path(0, Question::Hops)]),
        ),
    ]
}

/// The same over UDP.
fn udp(attempt: Attempt) -> Attempt {
    Attempt { transport: Transport::Udp, ..attempt }
}

/// No second datagram goes to the port, and no SYN anywhere: only the sweep's own probes.
fn datagrams() -> Vec<Row> {
    use Probe::Path;
    let near = |attempt| routed(RouteType::Unicast, None, attempt);
    let here = |attempt| routed(RouteType::Local, None, attempt);
    let rejected = |kind, code| {
        let entry = crate::model::QueueEntry {
            at_ms: Millis(0.5),
            errno: E::ECONNREFUSED.into(),
            origin: crate::model::Origin::Icmp,
            kind,
            code,
            info: 0,
            sender: Some("203.0.113.2".parse().unwrap()),
            sender_is_ours: Fact::Seen(false),
            hop_limit: Some(63),
        };
        Attempt { queue: Fact::Seen(vec![entry]), ..far(udp(refused(B))) }
    };
    let traced = |trace, attempt| {
        let mut evidence = tried([attempt]);
        evidence.request.trace = trace;
        evidence
    };
    let (silence, up) = (Path(0, Question::Silence), Path(0, Question::Up));
    let sender = Some("203.0.113.2".parse().unwrap());
    let rejection = Path(0, Question::Rejection { sender, about: 2 });
    vec![
        row("UDP: not silent for long yet", tried([far(udp(attempt(B)))]), &[], 301.9, wake(302.0)),
        row("UDP: silence is swept", tried([far(udp(attempt(B)))]), &[], 302.0, start([silence])),
        row("UDP: on the link, is it up?", tried([near(udp(attempt(B)))]), &[], 302.0, start([up])),
        row("UDP: no sweep is wanted", traced(Trace::Never, far(udp(attempt(B)))), &[], 302.0, start([up])),
        row("UDP: a sweep at once", traced(Trace::Always, far(udp(attempt(B)))), &[], 2.5, start([silence])),
        row("UDP: how far is the sender?", tried([rejected(3, 13)]), &[], 3.0, start([rejection])),
        row(
            "UDP: a silent socket here",
            tried([here(udp(attempt(B)))]),
            &[],
            302.0,
            start([Probe::Listeners]),
        ),
        row("UDP: closed here", tried([here(udp(refused(B)))]), &[], 303.0, start([Probe::Listeners])),
        row("UDP: an answer", tried([far(udp(works(B, 1.0)))]), &[], 303.0, done()),
    ]
}

#[test]
fn few_addresses_are_swept() {
    let many = (1..=8).map(|last| far(attempt(&format!("198.18.1.{last}"))));
    let plan = next(&tried(many), &[], Millis(400.0));
    assert_eq!(
        plan.start,
        (0..MOST_SWEEPS).map(|index| Probe::Path(index, Question::Silence)).collect::<Vec<_>>()
    );
}

#[test]
fn addresses_that_end_first_leave_no_sweep_to_others() {
    let waiting = (1..=8).map(|last| far(attempt(&format!("198.18.1.{last}"))));
    let mut many: Vec<Attempt> = waiting.collect();
    let asked: Vec<Probe> = (0..MOST_SWEEPS).map(|index| Probe::Path(index, Question::Silence)).collect();
    for swept in &mut many[..MOST_SWEEPS] {
        swept.ended_ms = Some(Millis(4000.0));
        swept.path = Fact::Seen(Sweep { done: true, questions: vec![Question::Silence], ..Sweep::default() });
    }
    assert_eq!(next(&tried(many), &asked, Millis(4003.0)), wait());
}

fn explained() -> Vec<Row> {
    use Probe::{Addresses, Links, Listeners, PortStart, Refusals};
    let one = |call, errno| tried([failed(B, call, errno)]);
    let connect = |errno| one(Call::Connect, errno);
    let with_refusals = |mut evidence: Evidence| {
        evidence.attempts[0].refusals = Fact::Seen(Vec::new());
        evidence
    };
    let with_tables = |mut evidence: Evidence| {
        evidence.host.addresses = Fact::Seen(Vec::new());
        evidence.host.links = Fact::CouldNotLook("EPERM".into());
        evidence
    };
    let all = [Refusals(0), Addresses, Links];
    let mut rows: Vec<Row> = [E::ENETUNREACH, E::EINVAL, E::EHOSTUNREACH]
        .into_iter()
        .map(|errno| row("a route that refuses is looked for", connect(errno), &[], 1.0, start(all)))
        .collect();
    rows.extend([
        row(
            "a route or a policy forbids it",
            connect(E::EACCES),
            &[],
            1.0,
            start([&[Probe::Seccomp], all.as_slice()].concat()),
        ),
        row("asked, and not answered", connect(E::ENETUNREACH), &all, 1.0, wait()),
        row("one answer of three", with_refusals(connect(E::ENETUNREACH)), &all, 1.0, wait()),
        row("two answers of three", with_tables(connect(E::ENETUNREACH)), &all, 1.0, wait()),
        row(
            "all answered, if only by a no",
            with_tables(with_refusals(connect(E::ENETUNREACH))),
            &all,
            1.0,
            done(),
        ),
        row(
            "no source address: addresses and devices",
            connect(E::EADDRNOTAVAIL),
            &[],
            1.0,
            start([Probe::OwnEnds, Addresses, Links]),
        ),
        row(
            "bind EACCES asks where ports are free",
            one(Call::Bind, E::EACCES),
            &[],
            1.0,
            start([PortStart]),
        ),
        row(
            "bind EADDRNOTAVAIL asks for addresses",
            one(Call::Bind, E::EADDRNOTAVAIL),
            &[],
            1.0,
            start([Addresses]),
        ),
        row(
            "bind EADDRINUSE asks who has it",
            one(Call::Bind, E::EADDRINUSE),
            &[],
            1.0,
            start([Probe::OwnEnds]),
        ),
        row("EMFILE asks for the limit", one(Call::Socket, E::EMFILE), &[], 1.0, start([Probe::Descriptors])),
        row("EPERM of connect is no route's", connect(E::EPERM), &[], 1.0, start([Probe::Seccomp])),
        row("a refusal asks nothing", tried([refused(B)]), &[], 1.0, done()),
        row("a success asks nothing", tried([works(B, 0.4)]), &[], 300.0, done()),
        row(
            "a success of the first asks nothing about the second",
            tried([works(B, 0.4), failed(A, Call::Connect, E::ENETUNREACH)]),
            &[],
            300.0,
            done(),
        ),
        row(
            "a failure of the first is explained, though the second works",
            tried([failed(A, Call::Connect, E::ENETUNREACH), works(B, 0.4)]),
            &[],
            300.0,
            start(all),
        ),
        row(
            "tables of the host are read once for all addresses",
            tried([failed(A, Call::Connect, E::ENETUNREACH), failed(B, Call::Connect, E::ENETUNREACH)]),
            &[],
            1.0,
            start([Refusals(0), Addresses, Links, Refusals(1)]),
        ),
        row(
            "silence on loopback: is lo up, and who listens?",
            tried([ended("127.0.0.1")]),
            &[],
            4000.0,
            start([Links, Listeners]),
        ),
        row("silence elsewhere asks nothing", tried([ended(B)]), &[], 4000.0, done()),
    ]);
    rows
}

#[test]
fn each_situation_has_its_next_step() {
    for row in rows() {
        assert_eq!(next(&row.evidence, &row.asked, Millis(row.now)), row.plan, "{}", row.name);
    }
}

#[test]
fn the_same_situation_has_the_same_next_step() {
    for row in rows() {
        let again = (row.evidence.clone(), row.asked.clone());
        let once = next(&row.evidence, &row.asked, Millis(row.now));
        assert_eq!(next(&again.0, &again.1, Millis(row.now)), once, "{}", row.name);
    }
}

#[test]
fn nothing_is_asked_twice_and_the_end_asks_nothing() {
    for mut row in rows() {
        let plan = next(&row.evidence, &row.asked, Millis(row.now));
        assert!(!plan.done || plan.start.is_empty(), "{}", row.name);
        let again = |(at, probe): (usize, &Probe)| plan.start.iter().take(at).any(|other| other == probe);
        assert!(!plan.start.iter().enumerate().any(again), "{}: {:?}", row.name, plan.start);
        row.asked.extend(plan.start);
        let again = next(&row.evidence, &row.asked, Millis(row.now));
        assert_eq!(again.start, [], "{}", row.name);
    }
}

#[test]
fn a_name_with_very_many_addresses_is_answered_by_the_first_ones() {
    let many: Vec<String> = (0..200).map(|last| format!("198.18.1.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let evidence = resolved(&many);
    let tried = candidates(&evidence).unwrap();
    assert_eq!(tried.len(), MOST_ADDRESSES);
    let ips: Vec<String> = tried.iter().map(|address| address.ip().to_string()).collect();
    assert_eq!(ips, many[..MOST_ADDRESSES]);
    // And the files are read.
    assert_eq!(next(&evidence, &[], Millis(1.0)).start.len(), MOST_ADDRESSES + 1);
}

#[test]
fn a_link_local_address_keeps_its_scope() {
    let mut evidence = resolved(&[]);
    let Fact::Seen(lookup) = &mut evidence.lookup else { panic!("no lookup") };
    let address = "fe80::1".parse().unwrap();
    lookup.outcome = LookupOutcome::Addresses(vec![Resolved { address, scope: Some(3) }]);
    assert_eq!(candidates(&evidence), Some(vec!["[fe80::1%3]:80".parse().unwrap()]));
}
