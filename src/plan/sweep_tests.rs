use super::*;
use crate::model::Icmp;
use std::net::IpAddr;

fn probe(protocol: PathProtocol, ttl: Option<u8>, sent: f64, answer: Option<PathAnswer>) -> PathProbe {
    let answered_ms = answer.map(|_| Millis(sent + 1.0));
    PathProbe { protocol, ttl, sent_ms: Millis(sent), answered_ms, answer }
}

fn hop(number: u8) -> Option<PathAnswer> {
    Some(PathAnswer::TimeExceeded { from: Some(IpAddr::from([203, 0, 113, number])), hop_limit: None })
}

/// Nothing is known of the attempt itself.
fn next(question: Question, hops: PathProtocol, probes: &[PathProbe], now: Millis) -> SweepPlan {
    super::next(question, hops, probes, Pace::default(), now)
}

fn tcp(ttl: u8, sent: f64, answer: Option<PathAnswer>) -> PathProbe {
    probe(PathProtocol::Tcp, Some(ttl), sent, answer)
}

fn ttls(plan: &SweepPlan, protocol: PathProtocol) -> Vec<Option<u8>> {
    plan.send.iter().filter(|shot| shot.protocol == protocol).map(|shot| shot.ttl).collect()
}

#[test]
fn the_first_probes_go_out_together() {
    let plan = next(Question::Silence, PathProtocol::Tcp, &[], Millis(300.0));
    assert_eq!(ttls(&plan, PathProtocol::Tcp), (1..=6).map(Some).collect::<Vec<_>>());
    assert_eq!(ttls(&plan, PathProtocol::Udp), [None]);
    assert_eq!(ttls(&plan, PathProtocol::Echo), [None]);
    assert!(!plan.done);
}

#[test]
fn a_hop_that_answers_makes_room_for_the_next() {
    let probes: Vec<_> = (1..=6).map(|ttl| tcp(ttl, 0.0, (ttl < 3).then(|| hop(ttl)).flatten())).collect();
    let plan = next(Question::Silence, PathProtocol::Tcp, &probes, Millis(10.0));
    assert_eq!(ttls(&plan, PathProtocol::Tcp), [Some(7), Some(8)]);
}

#[test]
fn the_sweep_ends_at_the_learnt_distance() {
    let mut probes = vec![tcp(1, 0.0, hop(1)), tcp(2, 0.0, hop(2)), tcp(3, 0.0, Some(PathAnswer::SynAck))];
    probes.extend((4..=6).map(|ttl| tcp(ttl, 0.0, Some(PathAnswer::SynAck))));
    let plan = next(Question::Hops, PathProtocol::Tcp, &probes, Millis(10.0));
    assert!(plan.send.is_empty() && plan.done, "{plan:?}");
}

#[test]
fn an_icmp_error_ends_it_as_well() {
    let icmp = Icmp { family: 4, kind: 3, code: 13 };
    let rejected = Some(PathAnswer::Icmp { icmp, from: None, hop_limit: None });
    let probes = [tcp(1, 0.0, hop(1)), tcp(2, 0.0, rejected)];
    assert!(next(Question::Hops, PathProtocol::Tcp, &probes, Millis(10.0)).done);
}

#[test]
fn the_sender_of_an_error_is_looked_for_with_few_probes() {
    let sender = Some(IpAddr::from([203, 0, 113, 3]));
    let question = Question::Rejection { sender, about: 3 };
    let plan = next(question, PathProtocol::Tcp, &[], Millis(0.0));
    assert_eq!(ttls(&plan, PathProtocol::Tcp), [Some(1), Some(2), Some(3)]);
    // It named itself: no SYN goes beyond, for it would draw one error more.
    let named = [tcp(1, 0.0, hop(1)), tcp(2, 0.0, None), tcp(3, 0.0, hop(3))];
    assert!(next(question, PathProtocol::Tcp, &named, Millis(1.0)).send.is_empty());
    // It is farther than its TTL suggests: one hop at a time.
    let farther = [tcp(1, 0.0, hop(1)), tcp(2, 0.0, hop(2)), tcp(3, 0.0, hop(4))];
    assert_eq!(ttls(&next(question, PathProtocol::Tcp, &farther, Millis(1.0)), PathProtocol::Tcp), [Some(4)]);
}

#[test]
fn silent_hops_below_the_last_answer_get_three_tries_and_no_more() {
    let mut probes = vec![tcp(1, 0.0, hop(1)), tcp(2, 0.0, None), tcp(3, 0.0, Some(PathAnswer::Reset))];
    for attempt in 1..MOST_TRIES {
        let now = Millis(100.0 * f64::from(u8::try_from(attempt).unwrap()));
        let plan = next(Question::Hops, PathProtocol::Tcp, &probes, now);
        assert_eq!(ttls(&plan, PathProtocol::Tcp), [Some(2)], "{attempt}");
        probes.push(tcp(2, now.0, None));
    }
    let plan = next(Question::Hops, PathProtocol::Tcp, &probes, Millis(900.0));
    assert!(plan.send.is_empty() && plan.done, "{plan:?}");
}

#[test]
fn silence_beyond_the_last_answer_is_asked_once_for_each_hop() {
    let mut probes = vec![tcp(1, 0.0, hop(1))];
    probes.extend((2..=MOST_HOPS).map(|ttl| tcp(ttl, 0.0, None)));
    let plan = next(Question::Hops, PathProtocol::Tcp, &probes, Millis(900.0));
    assert!(plan.send.is_empty() && plan.done, "{plan:?}");
}

#[test]
fn a_dozen_silent_hops_end_the_sweep() {
    let mut probes = vec![tcp(1, 0.0, hop(1)), tcp(2, 0.0, hop(2))];
    probes.extend((3..=8).map(|ttl| tcp(ttl, 0.0, None)));
    let plan = next(Question::Silence, PathProtocol::Tcp, &probes, Millis(300.0));
    assert_eq!(ttls(&plan, PathProtocol::Tcp), (9..=14).map(Some).collect::<Vec<_>>());
    probes.extend((9..=14).map(|ttl| tcp(ttl, 300.0, None)));
    assert_eq!(
        ttls(&next(Question::Silence, PathProtocol::Tcp, &probes, Millis(900.0)), PathProtocol::Tcp),
        []
    );
    // One that answers late makes it go on.
    probes.extend((3..=14).map(|ttl| tcp(ttl, 300.0, hop(ttl))));
    let plan = next(Question::Silence, PathProtocol::Tcp, &probes, Millis(900.0));
    assert_eq!(ttls(&plan, PathProtocol::Tcp), (15..=20).map(Some).collect::<Vec<_>>());
}

#[test]
fn gaps_do_not_stop_the_sweep() {
    let mut probes = vec![tcp(1, 0.0, hop(1))];
    probes.extend((2..=6).map(|ttl| tcp(ttl, 0.0, None)));
    let plan = next(Question::Silence, PathProtocol::Tcp, &probes, Millis(900.0));
    assert_eq!(ttls(&plan, PathProtocol::Tcp), (7..=12).map(Some).collect::<Vec<_>>());
}

#[test]
fn a_loop_is_not_asked_to_its_end() {
    let probes: Vec<_> = (1..=6).map(|ttl| tcp(ttl, 0.0, hop(ttl % 2))).collect();
    assert!(next(Question::Hops, PathProtocol::Tcp, &probes, Millis(10.0)).done);
}

#[test]
fn a_reset_is_contrasted_at_its_own_distance_and_one_below() {
    let mut probes = vec![tcp(1, 0.0, hop(1)), tcp(2, 0.0, Some(PathAnswer::Reset))];
    let plan = next(Question::Reset, PathProtocol::Tcp, &probes, Millis(10.0));
    assert_eq!(ttls(&plan, PathProtocol::Udp), [Some(2), Some(1)]);
    assert_eq!(ttls(&plan, PathProtocol::Echo), [Some(2), Some(1)]);
    for ttl in [1, 2] {
        probes.push(probe(PathProtocol::Udp, Some(ttl), 10.0, hop(ttl)));
        probes.push(probe(PathProtocol::Echo, Some(ttl), 10.0, Some(PathAnswer::NotSent(denied()))));
    }
    assert!(next(Question::Reset, PathProtocol::Tcp, &probes, Millis(20.0)).done);
}

fn denied() -> crate::model::Errno {
    nix::errno::Errno::EACCES.into()
}

#[test]
fn while_answers_may_come_it_waits() {
    let probes = [tcp(1, 0.0, hop(1)), tcp(2, 0.0, None), tcp(3, 0.0, Some(PathAnswer::Reset))];
    let plan = next(Question::Hops, PathProtocol::Tcp, &probes, Millis(10.0));
    assert!(plan.send.is_empty() && !plan.done);
    assert_eq!(plan.wake_at, Some(PATIENCE_LEAST));
}

#[test]
fn what_is_far_away_answers_late() {
    // The first hop is near, and what is behind it has not answered yet.
    let mut probes = vec![tcp(1, 300.0, hop(1))];
    probes.extend((2..=13).map(|ttl| tcp(ttl, 300.0 + f64::from(ttl), None)));
    let plan = |round_trip, linger, now| {
        let pace = Pace { round_trip, linger: Millis(linger) };
        super::next(Question::Reset, PathProtocol::Tcp, &probes, pace, Millis(now))
    };
    assert!(plan(None, 0.0, 400.0).done);
    // Where it is silent, it has time: there is nothing else to do.
    assert_eq!(plan(None, 900.0, 400.0).wake_at, Some(Millis(1213.0)));
    assert!(plan(None, 900.0, 1213.0).done);
    // Its own answer took longer.
    assert_eq!(plan(Some(Millis(180.0)), 0.0, 400.0).wake_at, Some(Millis(302.0 + 540.0)));
    assert!(plan(Some(Millis(180.0)), 0.0, 860.0).done);
}

#[test]
fn what_could_not_be_sent_tells_of_no_round_trip() {
    let denied = probe(PathProtocol::Echo, None, 0.0, Some(PathAnswer::NotSent(denied())));
    let plan = next(Question::Hops, PathProtocol::Tcp, &[denied, tcp(1, 0.0, None)], Millis(100.0));
    assert_eq!(plan.wake_at, Some(PATIENCE));
}

#[test]
fn what_is_sent_now_may_be_answered_by_nobody() {
    let plan = next(Question::Silence, PathProtocol::Tcp, &[], Millis(10.0));
    assert_eq!((plan.send.is_empty(), plan.wake_at), (false, Some(Millis(10.0 + PATIENCE.0))));
    // What is in flight counts as unanswered before that.
    let probes = [tcp(1, 5.0, hop(1)), tcp(2, 5.0, None)];
    let plan = next(Question::Hops, PathProtocol::Tcp, &probes, Millis(10.0));
    assert_eq!((plan.send.is_empty(), plan.wake_at), (false, Some(Millis(5.0 + PATIENCE_LEAST.0))));
}

#[test]
fn whether_the_targets_name_is_used_nearer_is_asked_where_it_was_heard() {
    let target = IpAddr::from([198, 18, 4, 2]);
    let question = Question::Nearer { sender: target };
    let icmp = Icmp { family: 4, kind: 3, code: 3 };
    let named = Some(PathAnswer::Icmp { icmp, from: Some(target), hop_limit: None });
    let mut probes = vec![tcp(1, 0.0, hop(1)), tcp(2, 0.0, named)];
    let plan = next(question, PathProtocol::Tcp, &probes, Millis(10.0));
    assert_eq!((plan.send.len(), ttls(&plan, PathProtocol::Echo)), (1, vec![Some(2)]));
    // This user may send no echo requests.
    let forbidden = Some(PathAnswer::NotSent(nix::errno::Errno::EACCES.into()));
    probes.push(probe(PathProtocol::Echo, Some(2), 10.0, forbidden));
    let plan = next(question, PathProtocol::Tcp, &probes, Millis(12.0));
    assert_eq!((plan.send.len(), ttls(&plan, PathProtocol::Udp)), (1, vec![Some(2)]));
    probes.push(probe(PathProtocol::Udp, Some(2), 12.0, hop(2)));
    assert!(next(question, PathProtocol::Tcp, &probes, Millis(14.0)).done);
    // Nobody used it.
    assert!(next(question, PathProtocol::Tcp, &[tcp(1, 0.0, hop(1))], Millis(500.0)).done);
}

/// Drives the plan as the event loop does, against hops that answer after so many ms: what was sent, and when it was
/// over. Nothing but an answer or the moment it asked for wakes it.
fn driven(
    question: Question,
    pace: Pace,
    answers: impl Fn(&Shot) -> Option<(f64, PathAnswer)>,
) -> (Vec<PathProbe>, f64) {
    let (mut probes, mut coming) = (Vec::<PathProbe>::new(), Vec::new());
    let mut now = 300.0;
    for _ in 0..1000 {
        let plan = super::next(question, PathProtocol::Tcp, &probes, pace, Millis(now));
        for shot in plan.send {
            coming.extend(answers(&shot).map(|(after, answer)| (now + after, probes.len(), answer)));
            probes.push(probe(shot.protocol, shot.ttl, now, None));
        }
        if plan.done {
            return (probes, now);
        }
        let wake = plan.wake_at.map_or(f64::INFINITY, |at| at.0);
        coming.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
        match coming.last().copied() {
            Some((at, number, answer)) if at <= wake => {
                coming.pop();
                now = at;
                (probes[number].answer, probes[number].answered_ms) = (Some(answer), Some(Millis(at)));
            }
            _ => now = wake.max(now),
        }
        assert!(now.is_finite(), "nothing wakes it any more: {probes:?}");
    }
    panic!("it never ends: {probes:?}");
}

#[test]
fn a_sweep_comes_to_its_end_whoever_keeps_silent() {
    let pace = Pace { round_trip: None, linger: Millis(900.0) };
    let (probes, over) = driven(Question::Silence, pace, |_| None);
    let hops = probes.iter().filter_map(|probe| probe.ttl).max();
    assert_eq!((hops, over < 2000.0), (Some(MOST_SILENT), true), "{over}");
    // Six silent hops stand between two that answer.
    let gap = |shot: &Shot| {
        let ttl = shot.ttl.filter(|ttl| [1, 8].contains(ttl))?;
        Some((f64::from(ttl), hop(ttl)?))
    };
    let (probes, _) = driven(Question::Silence, pace, gap);
    let heard = probes.iter().filter(|probe| probe.answer.is_some()).filter_map(|probe| probe.ttl);
    assert_eq!(heard.max(), Some(8));
    assert_eq!(probes.iter().filter(|probe| probe.ttl == Some(4)).count(), MOST_TRIES);
}

#[test]
fn what_is_far_behind_a_near_router_is_heard() {
    let far = |shot: &Shot| match shot.ttl {
        Some(1) => Some((1.0, hop(1)?)),
        Some(ttl) if ttl < 4 => Some((600.0, hop(ttl)?)),
        Some(_) => None,
        None => Some((600.0, PathAnswer::Reply)),
    };
    let pace = Pace { round_trip: None, linger: Millis(900.0) };
    let (probes, _) = driven(Question::Silence, pace, far);
    assert!(probes.iter().any(|probe| probe.answer == Some(PathAnswer::Reply)));
    assert!(probes.iter().any(|probe| probe.ttl == Some(3) && probe.answer.is_some()));
    // A reset that took so long is waited for, where its distance is asked.
    let reset = |shot: &Shot| match shot.ttl {
        Some(ttl) if ttl < 4 => far(shot),
        Some(_) if shot.protocol == PathProtocol::Tcp => Some((250.0, PathAnswer::Reset)),
        _ => None,
    };
    let (probes, _) =
        driven(Question::Reset, Pace { round_trip: Some(Millis(250.0)), ..Pace::default() }, reset);
    let nearest = probes.iter().filter(|probe| probe.answer == Some(PathAnswer::Reset));
    assert_eq!(nearest.filter_map(|probe| probe.ttl).min(), Some(4));
}
