use super::*;

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
