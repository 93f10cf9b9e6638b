//! Name servers that are slow, silent or out of reach, and the one that `--dns` chooses.

use super::build::{Says, V4, World, device, eai, ip, own};
use super::row::{Row, client, hop, link, resolver, row, told_by};
use super::servers::{declines, failed, fails, no_route, rejected, says_no, works};
use super::told::{
    Asked, FIRST, NAME, SECOND, cut_short, empty, errno, gives, no_name_cut_short, rcode, server,
};
use crate::model::{Call, ExchangeOutcome, Fact, Millis, NeighbourState, RouteAnswer, ServerView};
use crate::verdict::Certainty::{Certain, Likely, Possible};
use nix::errno::Errno as E;

const NXDOMAIN: &str = "resolve.nxdomain";
const NO_ADDRESS: &str = "resolve.no-address";
const SERVFAIL: &str = "resolve.servfail";
const REFUSED: &str = "resolve.refused";
const TIMEOUT: &str = "resolve.timeout";
const UNREACHABLE: &str = "resolve.server-unreachable";
const NO_SERVER: &str = "resolve.no-server";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = late();
    rows.extend(unreachable());
    rows.extend(cut());
    rows.extend(chosen_server());
    rows
}

fn forbidden(address: &str) -> ServerView {
    server(address)
        .says(errno(E::EPERM), ExchangeOutcome::Silent)
        .reached(|world| world.not_sent(Call::Send, E::EPERM))
}

fn late() -> Vec<Row> {
    let slow = |elapsed: f64| {
        let mut slow = works(FIRST);
        slow.exchanges.iter_mut().for_each(|exchange| {
            exchange.elapsed_ms = Millis(elapsed);
            exchange.sent = 6;
        });
        failed("EAI_AGAIN", [slow])
    };
    vec![
        row(
            "the server takes longer than programs wait",
            slow(5200.0).after(10_010.0),
            TIMEOUT,
            Certain,
            told_by(FIRST),
            "slow",
        ),
        row(
            "the server is slow, and programs would wait",
            slow(4800.0).after(10_010.0),
            TIMEOUT,
            Likely,
            told_by(FIRST),
            "passed",
        ),
        row(
            "the server is slow now, but programs were told to try again at once",
            slow(5200.0).after(2.0),
            SERVFAIL,
            Possible,
            resolver(),
            "eai",
        ),
        row(
            "no server answers, and programs gave up",
            failed("EAI_AGAIN", [server(FIRST).silent()]).after(10_010.0),
            TIMEOUT,
            Likely,
            told_by(FIRST),
            "",
        ),
        row(
            "no server answers now, but programs were told to try again at once",
            failed("EAI_AGAIN", [server(FIRST).silent()]).after(2.0),
            TIMEOUT,
            Likely,
            told_by(FIRST),
            "",
        ),
    ]
}

fn unreachable() -> Vec<Row> {
    let again = |servers: Vec<ServerView>| failed("EAI_AGAIN", servers);
    let incomplete =
        |address: &str| server(address).silent().reached(|world| world.neighbour(NeighbourState::Incomplete));
    let spare_down = |server: ServerView| {
        again(vec![server])
            .asked(|request| request.interface = Some("eth1".into()))
            .addresses([own("127.0.0.1", 8)])
            .links([
                device("lo", true, Some(true)),
                device("eth1", false, Some(false)),
                device("eth0", true, Some(true)),
            ])
    };
    let unread = |mut world: World| {
        let Fact::Seen(files) = &mut world.0.name_files else { panic!("no files") };
        files.resolver = Fact::CouldNotLook("EACCES".into());
        world
    };
    let at_home = || rejected("127.0.0.1", Says::Port, "127.0.0.1");
    vec![
        row(
            "nothing listens on the server's port",
            again(vec![rejected(FIRST, Says::Port, FIRST)]),
            UNREACHABLE,
            Certain,
            told_by(FIRST),
            "",
        )
        .or(&[]),
        row(
            "a router prohibits the way to the server",
            again(vec![rejected(FIRST, Says::Prohibited, V4.router)]),
            UNREACHABLE,
            Certain,
            hop(V4.router),
            "way",
        ),
        row("no route to the server", again(vec![no_route(FIRST)]), UNREACHABLE, Certain, client(), "here"),
        row(
            "this host's own filter forbids the question",
            again(vec![forbidden(FIRST)]),
            UNREACHABLE,
            Certain,
            client(),
            "here",
        ),
        row(
            "the gateway to the server has not answered ARP yet",
            again(vec![incomplete(FIRST)]),
            UNREACHABLE,
            Likely,
            link(V4.gateway),
            "way",
        )
        .or(&[TIMEOUT]),
        row(
            "one server is closed, the other has no route",
            again(vec![rejected(FIRST, Says::Port, FIRST), no_route(SECOND)]),
            UNREACHABLE,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "one server is closed, the other is silent",
            again(vec![server(FIRST).silent(), rejected(SECOND, Says::Port, SECOND)]),
            UNREACHABLE,
            Likely,
            told_by(SECOND),
            "",
        )
        .or(&[TIMEOUT]),
        row(
            "no server is configured, and none is on this host",
            again(vec![at_home()]).resolv(&[]),
            NO_SERVER,
            Certain,
            client(),
            "",
        ),
        row(
            "the server on this host is configured, and does not run",
            again(vec![at_home()]),
            UNREACHABLE,
            Certain,
            told_by("127.0.0.1"),
            "",
        ),
        row(
            "resolv.conf can't be read, and the server on this host does not run",
            unread(again(vec![at_home()])),
            NO_SERVER,
            Likely,
            client(),
            "unreadable",
        )
        .or(&[UNREACHABLE]),
        row(
            "no server is configured, but one on this host fails",
            again(vec![fails("127.0.0.1")]).resolv(&[]),
            SERVFAIL,
            Certain,
            told_by("127.0.0.1"),
            "",
        ),
        row(
            "-i names a device that is down, and the server has no route",
            spare_down(no_route(FIRST)),
            UNREACHABLE,
            Certain,
            client(),
            "here",
        ),
        row(
            "-i names a device that is down, and the server is silent",
            spare_down(server(FIRST).silent()).after(10_010.0),
            TIMEOUT,
            Likely,
            told_by(FIRST),
            "",
        ),
    ]
}

fn cut() -> Vec<Row> {
    let again = |server: ServerView| failed("EAI_AGAIN", [server]);
    let both = || server(FIRST).says(cut_short(), cut_short());
    vec![
        row(
            "cut short, and TCP gives the rest: no such name",
            failed("EAI_NONAME", [both().over_tcp(rcode(3), rcode(3))]),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "cut short, and TCP gives the rest: it fails",
            again(both().over_tcp(rcode(2), rcode(2))),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "cut short, and TCP gives an address",
            again(both().over_tcp(gives(&[V4.far]), empty())),
            SERVFAIL,
            Possible,
            resolver(),
            "eai",
        ),
        row(
            "cut short, and TCP is refused",
            again(both().over_tcp(errno(E::ECONNREFUSED), errno(E::ECONNREFUSED))),
            UNREACHABLE,
            Certain,
            told_by(FIRST),
            "tcp",
        ),
        row(
            "cut short, and TCP has no answer so far",
            again(both().over_tcp(ExchangeOutcome::Silent, ExchangeOutcome::Silent)),
            UNREACHABLE,
            Likely,
            told_by(FIRST),
            "tcp",
        )
        .or(&[TIMEOUT]),
        row(
            "cut short, and TCP has no answer so far; programs are told that there is no such name",
            failed("EAI_NONAME", [both().over_tcp(ExchangeOutcome::Silent, ExchangeOutcome::Silent)]),
            NO_ADDRESS,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[SERVFAIL]),
        row(
            "the same, and half of the answer that is cut short says so too",
            failed(
                "EAI_NONAME",
                [server(FIRST)
                    .says(cut_short(), no_name_cut_short())
                    .over_tcp(ExchangeOutcome::Silent, ExchangeOutcome::Silent)],
            ),
            NXDOMAIN,
            Likely,
            resolver(),
            "",
        )
        .or(&[NO_SERVER]),
        row(
            "A is cut short, AAAA has no answer: nobody came to ask over TCP",
            again(server(FIRST).says(cut_short(), ExchangeOutcome::Silent)).after(10_010.0),
            TIMEOUT,
            Likely,
            told_by(FIRST),
            "",
        ),
    ]
}

/// `--dns`.
fn chosen_server() -> Vec<Row> {
    let dns = |server: ServerView| eai(NAME, "EAI_NONAME").by_dns(server);
    let no_descriptor = || {
        server(FIRST).reached(|world| world.not_sent(Call::Socket, E::EMFILE)).reached(|world| {
            world.with(|attempt| attempt.route = Fact::<RouteAnswer>::CouldNotLook("EMFILE".into()))
        })
    };
    vec![
        row("--dns: no such name", dns(says_no(FIRST)), NXDOMAIN, Certain, told_by(FIRST), ""),
        row(
            "--dns: no address",
            dns(server(FIRST).says(empty(), empty())),
            NO_ADDRESS,
            Certain,
            told_by(FIRST),
            "",
        ),
        row("--dns: SERVFAIL", dns(fails(FIRST)), SERVFAIL, Certain, told_by(FIRST), ""),
        row("--dns: refused", dns(declines(FIRST)), REFUSED, Certain, told_by(FIRST), ""),
        row("--dns: silent", dns(server(FIRST).silent()), TIMEOUT, Likely, told_by(FIRST), ""),
        row(
            "--dns: closed",
            dns(rejected(FIRST, Says::Port, FIRST)),
            UNREACHABLE,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "--dns: on this host, where none runs and none is configured",
            dns(rejected("127.0.0.1", Says::Port, "127.0.0.1")).resolv(&[]),
            UNREACHABLE,
            Certain,
            told_by("127.0.0.1"),
            "",
        ),
        row(
            "--dns: what nsswitch.conf knows does not count",
            dns(says_no(FIRST)).sources(&["files"]),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "--dns: no descriptor is left to ask with",
            dns(no_descriptor()),
            "local.limits",
            Certain,
            client(),
            "files",
        ),
        row(
            "--dns: not a host name",
            eai("a..b", "EAI_NONAME").by_dns(server(FIRST)),
            "resolve.bad-name",
            Certain,
            client(),
            "empty-label",
        ),
    ]
}

#[test]
fn the_server_is_reached_by_its_own_way_and_not_by_the_target_s() {
    let world = failed("EAI_AGAIN", [no_route(FIRST)])
        .asked(|request| {
            request.interface = Some("eth1".into());
            request.source = Some(ip("198.51.100.77"));
            request.source_port = Some(443);
        })
        .addresses([])
        .links([
            device("lo", true, Some(true)),
            device("eth1", false, Some(false)),
            device("eth0", true, Some(true)),
        ]);
    let (report, _) = crate::report::report(world.0);
    assert!(report.verdict.summary.contains("has no route"), "{}", report.verdict.summary);
    assert!(!report.verdict.summary.contains("eth1"), "{}", report.verdict.summary);
}
