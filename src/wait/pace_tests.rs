use super::*;

/// A target whose every try takes `took`, and by its timeout where it is silent: when each try began, and how
/// far it looked.
struct World {
    timeout: f64,
    end: f64,
    took: f64,
    silent: bool,
    addresses: usize,
    unresolved: bool,
    rejected: bool,
}

const REFUSED: World = World {
    timeout: 4000.0,
    end: 60_000.0,
    took: 2.0,
    silent: false,
    addresses: 1,
    unresolved: false,
    rejected: false,
};
const SILENT: World = World { took: 4000.0, silent: true, ..REFUSED };

impl World {
    fn run(&self) -> (Vec<(f64, Depth)>, f64) {
        self.run_with(|_| false)
    }

    /// `changes` says in which tries, by number, the state is a new one.
    fn run_with(&self, changes: impl Fn(usize) -> bool) -> (Vec<(f64, Depth)>, f64) {
        let mut pace = Pace::new(Millis(self.timeout), Millis(self.end));
        let (mut at, mut depth) = (0.0, Depth::Full);
        let mut tries: Vec<(f64, Depth)> = Vec::new();
        let mut explained = false;
        loop {
            assert!(tries.len() < 100_000, "no end");
            let took = if self.silent { self.timeout.min(self.end - at) } else { self.took };
            let changed = tries.is_empty() || changes(tries.len());
            tries.push((at, depth));
            explained = depth == Depth::Full || (explained && !changed);
            let last = Last {
                began: Millis(at),
                took: Millis(took),
                depth,
                changed,
                explained,
                silent: self.silent,
                unresolved: self.unresolved,
                rejected: self.rejected,
                addresses: self.addresses,
            };
            match pace.next(last, Millis(at + took)) {
                Step::Over => return (tries, at + took),
                Step::Try { at: next, depth: how } => {
                    assert!(next.0 >= at + took && next.0 <= self.end, "{next:?} after {at}");
                    (at, depth) = (next.0, how);
                }
            }
        }
    }
}

fn fulls(tries: &[(f64, Depth)]) -> Vec<f64> {
    tries.iter().filter(|(_, depth)| *depth == Depth::Full).map(|(at, _)| *at).collect()
}

#[test]
fn a_refusal_is_asked_for_again_soon_then_every_second() {
    let (tries, ended) = REFUSED.run();
    let gaps: Vec<f64> = tries.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert_eq!(gaps[0], 100.0);
    assert!(gaps[1..8].windows(2).all(|pair| pair[1] >= pair[0]), "{gaps:?}");
    assert!(gaps[8..gaps.len() - 2].iter().all(|gap| *gap == 1000.0), "{gaps:?}");
    assert!(gaps.len() < 70, "{gaps:?}");
    assert!(ended > 59_000.0 && ended <= 60_000.0, "{ended}");
}

#[test]
fn what_lasts_is_explained_at_the_beginning_now_and_then_and_at_the_end() {
    let (tries, _) = REFUSED.run();
    let fulls = fulls(&tries);
    assert_eq!(fulls.len(), 3, "{fulls:?}");
    assert_eq!(fulls[0], 0.0);
    assert!((30_000.0..32_000.0).contains(&fulls[1]), "{fulls:?}");
    assert!((59_000.0..60_000.0).contains(&fulls[2]), "{fulls:?}");
}

#[test]
fn a_silence_is_asked_for_again_at_once_and_never_past_the_end() {
    let (tries, ended) = SILENT.run();
    let began: Vec<f64> = tries.iter().map(|(at, _)| *at).collect();
    assert_eq!(began, (0..15).map(|n| f64::from(n) * 4000.0).collect::<Vec<_>>());
    assert_eq!(ended, 60_000.0);
    assert_eq!(tries.last().unwrap().1, Depth::Full);
}

#[test]
fn the_last_explanation_of_a_silence_has_time_for_the_repeat_of_a_syn() {
    for end in [1000.0, 3000.0, 4000.0, 4100.0, 5000.0, 7300.0, 9000.0, 13_000.0, 60_500.0] {
        let (tries, ended) = World { end, ..SILENT }.run();
        let last = *fulls(&tries).last().unwrap();
        assert!(end - last >= 1200.0_f64.min(end), "{end}: {tries:?}");
        // Nothing that a whole timeout would have shown is older than two of them.
        assert!(end - last <= 2.0 * 4000.0, "{end}: {tries:?}");
        assert!(end - ended <= 20.0 && ended <= end, "{end}: {ended}");
    }
}

#[test]
fn a_short_wait_ends_in_time_and_with_an_explanation() {
    for end in [20.0, 50.0, 100.0, 250.0, 900.0, 1500.0] {
        let (tries, ended) = World { end, ..REFUSED }.run();
        assert!(ended <= end, "{end}: {ended}");
        assert!(end - fulls(&tries).last().unwrap() <= 1000.0, "{end}: {tries:?}");
        assert!(tries.len() < 20, "{end}: {tries:?}");
    }
}

#[test]
fn a_change_is_explained_and_flapping_is_not() {
    let (tries, _) = REFUSED.run_with(|number| number == 9);
    let (changed, _) = tries[9];
    let explained = fulls(&tries)[1];
    assert!(explained > changed && explained - changed <= 1000.0, "{tries:?}");
    let (tries, _) = REFUSED.run_with(|_| true);
    assert!(tries.len() > 400, "a state that changes is asked for again soon: {}", tries.len());
    let fulls = fulls(&tries);
    assert!(fulls.len() <= 10, "{fulls:?}");
    assert!(fulls.windows(2).all(|pair| pair[1] - pair[0] >= 850.0), "{fulls:?}");
}

#[test]
fn no_more_than_twenty_addresses_a_second_are_tried() {
    for addresses in [1, 4, 16, 64] {
        let (tries, _) = World { addresses, ..REFUSED }.run_with(|_| true);
        let gap = tries.windows(2).rev().skip(2).map(|pair| pair[1].0 - pair[0].0).fold(f64::MAX, f64::min);
        assert!(addresses as f64 / gap * 1000.0 <= 20.0, "{addresses}: {gap}");
    }
}

#[test]
fn threads_of_the_c_library_do_not_pile_up() {
    let (tries, _) = World { unresolved: true, silent: true, timeout: 100.0, ..SILENT }.run();
    assert!(tries.windows(2).rev().skip(2).all(|pair| pair[1].0 - pair[0].0 >= 1000.0), "{tries:?}");
}

#[test]
fn a_router_that_rejects_is_left_time_to_do_it_again() {
    let (tries, _) = World { rejected: true, ..REFUSED }.run();
    assert!(tries.windows(2).rev().skip(2).all(|pair| pair[1].0 - pair[0].0 >= 2200.0), "{tries:?}");
}
