use super::*;
use crate::model::target::Target;
use crate::model::{Icmp, Request, Route, RouteAnswer, RouteType};

fn probe(ttl: Option<u8>, answer: Option<PathAnswer>) -> PathProbe {
    let answered_ms = answer.map(|_| Millis(301.5));
    PathProbe { protocol: PathProtocol::Tcp, ttl, sent_ms: Millis(300.0), answered_ms, answer }
}

fn exceeded(from: &str) -> Option<PathAnswer> {
    Some(PathAnswer::TimeExceeded { from: from.parse().ok(), hop_limit: Some(64) })
}

fn sweep() -> Sweep {
    let probes = vec![
        probe(Some(1), exceeded("198.51.100.1")),
        probe(Some(2), None),
        probe(Some(3), exceeded("198.18.3.2")),
        probe(Some(4), Some(PathAnswer::Reset)),
        probe(None, None),
    ];
    Sweep { probes, ..Sweep::default() }
}

#[test]
fn hops_are_lent_and_what_the_target_said_is_not() {
    let target = "198.18.3.2".parse().unwrap();
    let lent = lent(&sweep(), target);
    let ttls: Vec<_> = lent.probes.iter().map(|probe| probe.ttl).collect();
    assert_eq!(ttls, [Some(1), Some(2)]);
    assert_eq!(lent.probes.first().and_then(PathProbe::rtt), Some(Millis(1.5)));
    assert_eq!((lent.hops_from, lent.questions.len()), (Some(target), 0));
}

#[test]
fn only_what_is_the_targets_own_is_asked_again() {
    let lent = lent(&sweep(), "198.18.3.2".parse().unwrap());
    let ask = |question| {
        let (sweep, rest) = prefilled(lent.clone(), question);
        (sweep.probes.len(), rest)
    };
    let rejected = |sender: &str| Question::Rejection { sender: sender.parse().ok(), about: 1 };
    assert_eq!(ask(Question::Silence), (2, Some(Question::Up)));
    assert_eq!(ask(Question::Hops), (2, None));
    // A hop that kept silent may be asked again.
    assert_eq!(ask(Question::Reset), (1, Some(Question::Reset)));
    assert_eq!(ask(rejected("198.51.100.1")), (2, None));
    assert_eq!(ask(rejected("203.0.113.9")), (1, Some(rejected("203.0.113.9"))));
}

#[test]
fn networks_are_cut_at_their_bits() {
    let cut = |text: &str, v4, v6| network_of(text.parse().unwrap(), v4, v6).to_string();
    assert_eq!(cut("198.18.3.77", 24, 64), "198.18.3.0");
    assert_eq!(cut("198.18.3.77", 0, 64), "0.0.0.0");
    assert_eq!(cut("198.18.3.77", 32, 64), "198.18.3.77");
    assert_eq!(cut("2001:db8:1:2:3::9", 24, 64), "2001:db8:1:2::");
}

#[test]
fn that_a_target_is_up_is_asked_once() {
    let target: IpAddr = "198.18.3.2".parse().unwrap();
    let datagram = |answer| PathProbe { protocol: PathProtocol::Udp, ..probe(None, answer) };
    let icmp = |from: &str| {
        let icmp = Icmp { family: 4, kind: 3, code: 3 };
        Some(PathAnswer::Icmp { icmp, from: from.parse().ok(), hop_limit: Some(64) })
    };
    let with = |probe| Sweep { probes: vec![probe], ..Sweep::default() };
    let shared = Shared::default();
    // A SYN's answer, a hop's, silence, and a router's word are no answers of the target's.
    for other in [
        probe(None, Some(PathAnswer::SynAck)),
        probe(Some(3), Some(PathAnswer::Reply)),
        datagram(None),
        datagram(icmp("198.18.2.2")),
    ] {
        shared.keep_up(target, &with(other));
        assert_eq!(shared.known_up(target), None);
    }
    shared.keep_up(target, &with(datagram(icmp("198.18.3.2"))));
    assert_eq!(shared.known_up(target).and_then(|probe| probe.rtt()), Some(Millis(1.5)));
    assert_eq!(shared.known_up("198.18.3.3".parse().unwrap()), None);
}

#[test]
fn what_was_asked_before_stays_answered() {
    let target: IpAddr = "198.18.3.9".parse().unwrap();
    let mut attempt = Attempt::new(SocketAddr::new(target, 80), Millis(0.0));
    let route = Route {
        kind: RouteType::Unicast,
        device_index: Some(2),
        gateway: "198.51.100.1".parse().ok(),
        preferred_source: None,
        table: Some(254),
        hop_limit: None,
    };
    attempt.route = Fact::Seen(RouteAnswer::Route(route));
    // Its turn to sweep did not come in time, and then its router spoke.
    attempt.path = Fact::Seen(Sweep { questions: vec![Question::Silence], done: true, ..Sweep::default() });
    let shared = Arc::new(Shared::default());
    let key = WayKey::of(&attempt).unwrap();
    shared.way(key).keep(Question::Silence, lent(&sweep(), "198.18.3.2".parse().unwrap()));
    let (tell, mut told) = mpsc::unbounded_channel();
    let ask = SweepAsk {
        index: 0,
        request: Arc::new(Request::new(Target::parse("198.18.3.9:80", &|_| None).unwrap())),
        attempt,
        begun: Instant::now(),
        deadline: Instant::now() + Duration::from_secs(5),
        question: Question::Hops,
        stop: watch::Sender::new(false).subscribe(),
        tell,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(sweep_in_turn(shared, ask));
    let Some(Observation::Path(0, sweep)) = told.try_recv().ok() else { panic!("no path") };
    assert_eq!(sweep.questions, [Question::Silence, Question::Hops]);
    assert_eq!(sweep.probes.len(), 2);
}
