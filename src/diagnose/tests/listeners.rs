//! Listeners on this host that do not take connections: full queues, programs that do not accept.

use super::build::{Net, V4, V6, World};
use super::row::{Row, client, nobody, row, service};
use super::told::{listening, of_process, waiting};
use crate::model::{AfterHandshake, Counters, Fact, Listening, Millis, PeerEnd, Trial};
use crate::verdict::Certainty::{Certain, Likely};

pub(super) fn rows() -> Vec<Row> {
    [V4, V6]
        .into_iter()
        .flat_map(|net| {
            let mut rows = queues(net);
            rows.extend(acceptance(net));
            rows.into_iter().map(move |row| row.of(net.family))
        })
        .collect()
}

fn at(address: &str) -> Listening {
    listening(&if address.contains(':') { format!("[{address}]:80") } else { format!("{address}:80") })
}

fn unanswered(world: World, counters: Counters) -> World {
    let trial = Trial { at_ms: Millis(300.0), ttl: None, answer: None, counters };
    world.with(|attempt| attempt.trials = Fact::Seen(vec![trial]))
}

fn queues(net: Net) -> Vec<Row> {
    const QUEUE: &str = "timeout.accept-queue";
    let any = if net.loopback == V4.loopback { "0.0.0.0" } else { "::" };
    let delivered = Counters { loopback_out: 1, in_receives: 1, in_delivers: 1, ..Counters::default() };
    let silent = || unanswered(net.loopback().silent(4), delivered);
    let full = |address| waiting(3, 2, at(address));
    let dropped = Counters { loopback_out: 1, in_receives: 1, ..Counters::default() };
    vec![
        row(
            "C10 the accept queue is full",
            silent().here([full(net.loopback)]),
            QUEUE,
            Certain,
            service(),
            "",
        )
        .or(&[]),
        row(
            "C10 the accept queue is full, and no extra SYN was seen to get there",
            net.loopback().silent(4).here([full(net.loopback)]),
            QUEUE,
            Likely,
            service(),
            "",
        )
        .or(&["local.firewall-drop"]),
        row(
            "C10 the accept queue of every address is full",
            silent().here([full(any)]),
            QUEUE,
            Certain,
            service(),
            "",
        ),
        row(
            "C10 the queue has room for one more",
            silent().here([waiting(2, 2, at(net.loopback))]),
            "timeout.port-silent",
            Likely,
            client(),
            "local",
        ),
        row(
            "C10 another address' queue is full",
            silent().here([full(net.own)]),
            "timeout.port-silent",
            Likely,
            client(),
            "local",
        ),
        row(
            "C10 another port's queue is full",
            silent().here([Listening {
                address: std::net::SocketAddr::new(net.loopback.parse().unwrap(), 81),
                ..full(net.loopback)
            }]),
            "timeout.port-silent",
            Likely,
            client(),
            "local",
        ),
        row(
            "C10 the queue is full, but our input filter drops the SYN",
            unanswered(silent(), dropped).here([full(net.loopback)]),
            "local.firewall-drop",
            Certain,
            client(),
            "in",
        ),
        row(
            "C10 a full queue for every address, and room in that of the very one",
            silent().here([full(any), of_process(9, at(net.loopback))]),
            "timeout.port-silent",
            Likely,
            client(),
            "local",
        ),
        row(
            "C10 of two that share the port one is full",
            silent().here([full(net.loopback), of_process(9, at(net.loopback))]),
            QUEUE,
            Likely,
            service(),
            "",
        ),
        row(
            "C10 both that share the port are full",
            silent().here([full(net.loopback), of_process(9, full(net.loopback))]),
            QUEUE,
            Certain,
            service(),
            "",
        ),
        row(
            "C10 somebody afar is silent, and a queue here is full",
            net.far().silent(4).here([full(any)]),
            "timeout.silent",
            Likely,
            super::row::path(),
            "",
        ),
    ]
}

fn acceptance(net: Net) -> Vec<Row> {
    const STUCK: &str = "service.not-accepting";
    let open = |after, peer, ms| net.loopback().connected(0.1, after).acceptance(peer, ms);
    let quiet = |peer, ms| open(AfterHandshake::Quiet, peer, ms);
    vec![
        row(
            "a busy process has not accepted for a second and a half",
            quiet(PeerEnd::Unaccepted, 1500.0),
            STUCK,
            Likely,
            service(),
            "",
        )
        .or(&["connected.ok"]),
        row(
            "no process accepts for three seconds",
            quiet(PeerEnd::Unaccepted, 3000.0),
            STUCK,
            Certain,
            service(),
            "",
        )
        .or(&[]),
        row(
            "no process has accepted within the grace",
            quiet(PeerEnd::Unaccepted, 250.0),
            STUCK,
            Likely,
            service(),
            "",
        )
        .or(&["connected.ok"]),
        row("no process had accepted at once", quiet(PeerEnd::Unaccepted, 0.2), STUCK, Likely, service(), "")
            .or(&["connected.ok"]),
        row(
            "a process has accepted",
            quiet(PeerEnd::Accepted, 1000.0),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "the kernel keeps it back until data comes",
            quiet(PeerEnd::Deferred, 1000.0),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "the other end is in no table here",
            quiet(PeerEnd::Absent, 1000.0),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "the service spoke: somebody has the connection",
            open(AfterHandshake::Data(21), PeerEnd::Unaccepted, 1000.0),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "not accepted, and then closed",
            open(AfterHandshake::Closed, PeerEnd::Unaccepted, 1000.0),
            "service.closed",
            Certain,
            service(),
            "",
        ),
        row(
            "the tables were closed to us",
            net.loopback().connected(0.1, AfterHandshake::Quiet).with(|attempt| {
                attempt.acceptance = Fact::CouldNotLook("EPERM".into());
            }),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
    ]
}

/// Who takes what: each listener with the targets that reach it.
#[test]
fn a_listener_takes_what_the_kernel_brings_it() {
    let targets = [
        "127.0.0.1",
        "127.0.1.1",
        "0.0.0.0",
        "198.51.100.2",
        "::ffff:127.0.0.1",
        "::1",
        "::",
        "2001:db8:1::2",
    ];
    let rows: [(&str, bool, &[&str]); 9] = [
        ("127.0.0.1", false, &["127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"]),
        ("127.0.1.1", false, &["127.0.1.1"]),
        ("0.0.0.0", false, &["127.0.0.1", "127.0.1.1", "0.0.0.0", "198.51.100.2", "::ffff:127.0.0.1"]),
        ("198.51.100.2", false, &["198.51.100.2"]),
        ("::ffff:127.0.0.1", false, &["127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"]),
        ("::1", false, &["::1", "::"]),
        ("2001:db8:1::2", false, &["2001:db8:1::2"]),
        ("::", false, &targets),
        ("::", true, &["::1", "::", "2001:db8:1::2"]),
    ];
    for (address, only_v6, taken) in rows {
        let listening = Listening { only_v6: address.contains(':').then_some(only_v6), ..at(address) };
        for target in targets {
            let takes = listening.takes(target.parse().unwrap());
            assert_eq!(takes, taken.contains(&target), "{address} {only_v6}: {target}");
        }
    }
}
