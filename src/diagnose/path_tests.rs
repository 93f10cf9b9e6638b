use super::*;

const TARGET: &str = "198.18.3.2";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn router(number: u8) -> IpAddr {
    IpAddr::from([203, 0, 113, number])
}

fn probe(protocol: PathProtocol, ttl: Option<u8>, answer: Option<PathAnswer>) -> PathProbe {
    let answered_ms = answer.map(|_| Millis(1.5));
    PathProbe { protocol, ttl, sent_ms: Millis(1.0), answered_ms, answer }
}

fn tcp(ttl: u8, answer: Option<PathAnswer>) -> PathProbe {
    probe(PathProtocol::Tcp, Some(ttl), answer)
}

fn hop(number: u8) -> Option<PathAnswer> {
    Some(PathAnswer::TimeExceeded { from: Some(router(number)), hop_limit: None })
}

fn icmp(code: u8, from: IpAddr) -> Option<PathAnswer> {
    let icmp = Icmp { family: 4, kind: 3, code };
    Some(PathAnswer::Icmp { icmp, from: Some(from), hop_limit: None })
}

/// Reads a sweep made of these probes.
fn read<T>(probes: Vec<PathProbe>, question: impl Fn(PathView) -> T) -> T {
    let sweep = Sweep { probes, ..Sweep::default() };
    question(PathView::new(&sweep, ip(TARGET)))
}

#[test]
fn a_gap_is_shown_and_the_silence_behind_the_last_answer_once() {
    let probes = vec![tcp(1, hop(1)), tcp(2, None), tcp(3, hop(3)), tcp(4, None), tcp(5, None)];
    let shown = read(probes, |path| path.hops().iter().map(|hop| hop.address).collect::<Vec<_>>());
    assert_eq!(shown, [Some(router(1)), None, Some(router(3)), None]);
}

#[test]
fn a_path_that_ends_ends_there() {
    let probes = vec![tcp(1, hop(1)), tcp(2, Some(PathAnswer::SynAck)), tcp(3, Some(PathAnswer::SynAck))];
    let shown = read(probes, |path| path.hops().iter().map(|hop| hop.address).collect::<Vec<_>>());
    assert_eq!(shown, [Some(router(1)), Some(ip(TARGET))]);
}

#[test]
fn the_last_hop_is_the_farthest_that_named_itself() {
    let probes = || vec![tcp(1, hop(1)), tcp(3, hop(3)), tcp(2, None), tcp(4, None)];
    assert_eq!(read(probes(), |path| path.last_hop()), Hop { hop: 3, address: Some(router(3)) });
    assert_eq!(read(vec![tcp(1, None)], |path| path.last_hop()), Hop { hop: 0, address: None });
}

#[test]
fn the_sender_of_an_error_has_a_distance() {
    // It names itself at TTL 2, and filters what it would forward.
    let filters = vec![tcp(1, hop(1)), tcp(2, hop(2)), tcp(3, icmp(13, router(2)))];
    assert_eq!(read(filters, |path| path.hop_of(router(2))), Some(2));
    // It has no way on, and says so before it looks at the TTL.
    let no_way = vec![tcp(1, hop(1)), tcp(2, icmp(0, router(2))), tcp(3, icmp(0, router(2)))];
    assert_eq!(read(no_way, |path| path.hop_of(router(2))), Some(2));
    let first = vec![tcp(1, icmp(0, router(1)))];
    assert_eq!(read(first, |path| path.hop_of(router(1))), Some(1));
    // The target itself is where its own answer begins.
    let target = vec![tcp(1, hop(1)), tcp(2, icmp(13, ip(TARGET)))];
    assert_eq!(read(target, |path| path.hop_of(ip(TARGET))), Some(2));
    assert_eq!(read(vec![tcp(1, hop(1))], |path| path.hop_of(router(9))), None);
    // One that said nothing for so long may be anywhere before.
    let late = vec![tcp(1, None), tcp(2, None), tcp(3, None), tcp(4, icmp(13, router(1)))];
    assert_eq!(read(late, |path| path.hop_of(router(1))), None);
    let second = vec![tcp(1, None), tcp(2, icmp(13, router(1)))];
    assert_eq!(read(second, |path| path.hop_of(router(1))), Some(1));
}

#[test]
fn routers_that_come_again_are_a_loop_and_one_that_stutters_is_not() {
    let repeating = |hops: &[u8]| {
        let probes = (1..).zip(hops).map(|(ttl, number)| tcp(ttl, hop(*number))).collect();
        read(probes, |path| path.repeating())
    };
    assert_eq!(repeating(&[1, 2, 1, 2, 1]), [(1, router(1)), (2, router(2))]);
    assert_eq!(repeating(&[9, 1, 2, 3, 1, 2, 3]), [(2, router(1)), (3, router(2)), (4, router(3))]);
    assert_eq!(repeating(&[1, 2, 2, 3]), []);
    // A hop that resets the TTL answers for all that lie behind it.
    assert_eq!(repeating(&[1, 1, 1, 1]), []);
    assert_eq!(repeating(&[1, 2, 3, 4]), []);
}

#[test]
fn a_circle_is_three_visits_at_equal_distances() {
    let circles = |hops: &[u8]| {
        let probes = (1..).zip(hops).map(|(ttl, number)| tcp(ttl, hop(*number))).collect();
        read(probes, |path| path.goes_in_circles())
    };
    assert!(circles(&[1, 2, 1, 2, 1]));
    assert!(circles(&[9, 1, 2, 3, 1, 2, 3, 1]));
    // Ways of unequal length.
    assert!(!circles(&[1, 4, 3, 4]));
    assert!(!circles(&[1, 2, 2, 2]));
    assert!(!circles(&[1, 1, 1, 1, 1]));
}

#[test]
fn contrast_tells_a_farther_target_from_a_nearer_one() {
    let at_two = |answer| {
        vec![tcp(1, hop(1)), tcp(2, Some(PathAnswer::Reset)), probe(PathProtocol::Udp, Some(2), answer)]
    };
    let farther = at_two(hop(2));
    assert_eq!(read(farther.clone(), |path| path.passed_at(2)), Some(router(2)));
    assert!(!read(farther, |path| path.reached_at(2)));
    let reached = at_two(icmp(3, ip(TARGET)));
    assert_eq!(read(reached.clone(), |path| path.passed_at(2)), None);
    assert!(read(reached, |path| path.reached_at(2)));
    assert_eq!(read(at_two(None), |path| path.passed_at(2)), None);
}

#[test]
fn the_target_is_up_where_it_answers_something_itself() {
    let udp = |answer| vec![probe(PathProtocol::Udp, None, answer)];
    assert!(read(udp(icmp(3, ip(TARGET))), |path| path.target_is_up()));
    assert!(read(vec![probe(PathProtocol::Echo, None, Some(PathAnswer::Reply))], |path| path.target_is_up()));
    // A router in its place is no sign of life, and neither is a SYN's answer.
    assert!(!read(udp(icmp(1, router(2))), |path| path.target_is_up()));
    assert!(!read(udp(None), |path| path.target_is_up()));
    assert!(!read(vec![tcp(3, icmp(13, ip(TARGET)))], |path| path.target_is_up()));
}

#[test]
fn a_target_that_says_time_exceeded_forwards() {
    let from_target = Some(PathAnswer::TimeExceeded { from: Some(ip(TARGET)), hop_limit: None });
    assert!(read(vec![tcp(1, hop(1)), tcp(2, from_target)], |path| path.target_forwards()));
    assert!(!read(vec![tcp(1, hop(1))], |path| path.target_forwards()));
}
