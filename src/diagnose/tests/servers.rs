//! Names that give no address, and what the name servers said about them when they were asked directly.

use super::build::{Says, V4, World, eai, name};
use super::row::{Row, client, resolver, row, told_by};
use super::told::{Asked, FIRST, NAME, SECOND, alias, empty, errno, extended, garbled, gives, rcode, server};
use crate::model::{
    Call, DnsAnswer, ExchangeOutcome, Fact, Family, LookupOutcome, RecordKind, ServerView, Transport,
};
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
    let mut rows = no_such_name();
    rows.extend(no_address());
    rows.extend(errors());
    rows.extend(told_to_ask_nobody());
    rows.extend(still_waiting());
    rows
}

pub(super) fn failed(code: &str, servers: impl IntoIterator<Item = ServerView>) -> World {
    eai(NAME, code).told(servers)
}

pub(super) fn says_no(address: &str) -> ServerView {
    server(address).says(rcode(3), rcode(3))
}

pub(super) fn fails(address: &str) -> ServerView {
    server(address).says(rcode(2), rcode(2))
}

pub(super) fn declines(address: &str) -> ServerView {
    server(address).says(rcode(5), rcode(5))
}

pub(super) fn works(address: &str) -> ServerView {
    server(address).says(gives(&[V4.far]), empty())
}

/// Its host answers every question with an ICMP error.
pub(super) fn rejected(address: &str, says: Says, sender: &str) -> ServerView {
    let icmp = V4.icmp(says);
    server(address)
        .says(errno(E::ECONNREFUSED), errno(E::ECONNREFUSED))
        .reached(|world| world.datagram_icmp(icmp, sender))
}

pub(super) fn no_route(address: &str) -> ServerView {
    server(address).reached(|world| {
        world.not_sent(Call::Connect, E::ENETUNREACH).route_refused(E::ENETUNREACH).refused_by([])
    })
}

/// The name is an alias of one with an address.
pub(super) fn leads(address: &str) -> ServerView {
    let ExchangeOutcome::Answer(answer) = gives(&[V4.far]) else { panic!("no answer") };
    let a = ExchangeOutcome::Answer(DnsAnswer { aliases: vec!["db.other.example".into()], ..answer });
    server(address).says(a, alias(&["db.other.example"], false))
}

fn no_such_name() -> Vec<Row> {
    let none = |servers: Vec<ServerView>| failed("EAI_NONAME", servers);
    let short = |last: ExchangeOutcome| {
        let all = server(FIRST)
            .says_of("db.corp.example", rcode(3), rcode(3))
            .says_of("db.example", rcode(3), rcode(3))
            .says_of("db", last, rcode(3));
        eai("db", "EAI_NONAME").told([all])
    };
    let unread = |mut world: World| {
        let Fact::Seen(files) = &mut world.0.name_files else { panic!("no files") };
        files.sources = Fact::CouldNotLook("EACCES".into());
        world
    };
    vec![
        row(
            "the only server has no such name",
            none(vec![says_no(FIRST)]),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "the only server that programs heard has no such name, and the other has an alias of one that exists",
            none(vec![says_no(FIRST), leads(SECOND)]),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "no such name under any domain of the search list",
            short(rcode(3)),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "the first server is silent, the second has no such name, and programs were told so",
            none(vec![server(FIRST).silent(), says_no(SECOND)]),
            NXDOMAIN,
            Certain,
            told_by(SECOND),
            "",
        ),
        row(
            "the first server fails, the second has no such name",
            none(vec![fails(FIRST), says_no(SECOND)]),
            NXDOMAIN,
            Certain,
            told_by(SECOND),
            "",
        ),
        row(
            "no such name, but a source that nobody knows was asked too",
            none(vec![says_no(FIRST)]).sources(&["files", "wins", "dns"]),
            NXDOMAIN,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[NO_SERVER]),
        row(
            "no such name, but nsswitch.conf could not be read",
            unread(none(vec![says_no(FIRST)])),
            NXDOMAIN,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[NO_SERVER]),
        row(
            "programs are told of no address, and the server gives one",
            failed("EAI_NODATA", vec![works(FIRST)]),
            "resolve.no-address",
            Likely,
            client(),
            "disagree",
        )
        .or(&[NO_SERVER]),
        row(
            "programs are told of no such name, and the server has it",
            none(vec![works(FIRST)]),
            NXDOMAIN,
            Likely,
            client(),
            "disagree",
        )
        .or(&[NO_SERVER]),
        row(
            "programs are told of no such name, and no server says a word",
            none(vec![server(FIRST).silent()]),
            NXDOMAIN,
            Likely,
            resolver(),
            "",
        )
        .or(&[NO_SERVER]),
        row(
            "one of the two questions has no answer, the other says no such name",
            none(vec![server(FIRST).says(rcode(3), ExchangeOutcome::Silent)]),
            NXDOMAIN,
            Likely,
            resolver(),
            "",
        ),
    ]
}

fn no_address() -> Vec<Row> {
    let nodata = |server: ServerView| failed("EAI_NODATA", [server]);
    let one = |family, record, outcome: ExchangeOutcome| {
        let asked = server(FIRST).exchange(NAME, record, Transport::Udp, outcome);
        failed("EAI_NODATA", [asked]).asked(|request| request.family = Some(family))
    };
    let led = |names: &[&str], turns| server(FIRST).says(alias(names, turns), alias(names, turns));
    vec![
        row(
            "the server has the name, and no address for it",
            nodata(server(FIRST).says(empty(), empty())),
            NO_ADDRESS,
            Certain,
            told_by(FIRST),
            "",
        )
        .or(&[]),
        row(
            "the name is an alias that leads nowhere",
            nodata(led(&["db.other.example"], false)),
            NO_ADDRESS,
            Certain,
            told_by(FIRST),
            "alias",
        ),
        row(
            "the name is an alias of an alias of itself",
            nodata(led(&["a.example", NAME], true)),
            NO_ADDRESS,
            Certain,
            told_by(FIRST),
            "alias",
        ),
        row(
            "no IPv6 address, and only that was asked for",
            one(Family::V6, RecordKind::Aaaa, empty()),
            NO_ADDRESS,
            Certain,
            told_by(FIRST),
            "asked",
        ),
        row(
            "systemd's source calls a name without an address no name",
            failed("EAI_NONAME", [server(FIRST).says(empty(), empty())])
                .sources(&["files", "resolve", "dns"]),
            NO_ADDRESS,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "what can't be read, the C library may take for an empty answer",
            nodata(server(FIRST).says(garbled(), garbled())),
            SERVFAIL,
            Likely,
            told_by(FIRST),
            "garbled",
        )
        .or(&[TIMEOUT, NO_ADDRESS]),
        row(
            "or for the word that there is no such name",
            failed("EAI_NONAME", [server(FIRST).says(garbled(), garbled())]),
            SERVFAIL,
            Likely,
            told_by(FIRST),
            "garbled",
        )
        .or(&[TIMEOUT, NXDOMAIN]),
        row(
            "A fails, AAAA is empty: the C library tells the half that it has",
            nodata(server(FIRST).says(rcode(2), empty())),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "AAAA fails, A is empty",
            nodata(server(FIRST).says(empty(), rcode(2))),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "both questions fail now, though programs were told of a name without an address",
            nodata(fails(FIRST)),
            SERVFAIL,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[NO_ADDRESS]),
        row(
            "one name of the search list has no address, the next one fails",
            eai("db", "EAI_NODATA").told([server(FIRST)
                .says_of("db.corp.example", empty(), empty())
                .says_of("db", rcode(2), rcode(2))]),
            SERVFAIL,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[NO_ADDRESS]),
        row(
            "A is empty, AAAA has no answer",
            nodata(server(FIRST).says(empty(), ExchangeOutcome::Silent)),
            NO_ADDRESS,
            Likely,
            resolver(),
            "",
        )
        .or(&[SERVFAIL]),
    ]
}

fn errors() -> Vec<Row> {
    let again = |servers: Vec<ServerView>| failed("EAI_AGAIN", servers);
    let bogus = |code| server(FIRST).says(extended(2, code, "signature expired"), extended(2, code, ""));
    let no_eai = |servers: Vec<ServerView>| name(NAME, LookupOutcome::NoAnswer).told(servers);
    vec![
        row("SERVFAIL of the only server", again(vec![fails(FIRST)]), SERVFAIL, Certain, told_by(FIRST), "")
            .or(&[]),
        row(
            "SERVFAIL of two",
            again(vec![fails(FIRST), fails(SECOND)]),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "one fails, the other refuses",
            again(vec![declines(FIRST), fails(SECOND)]),
            SERVFAIL,
            Likely,
            told_by(SECOND),
            "",
        )
        .or(&[REFUSED]),
        row(
            "one fails, the other is silent",
            again(vec![server(FIRST).silent(), fails(SECOND)]),
            SERVFAIL,
            Likely,
            told_by(SECOND),
            "",
        )
        .or(&[TIMEOUT]),
        row(
            "one fails, one is silent, one is closed",
            again(vec![
                fails(FIRST),
                server(SECOND).silent(),
                rejected("203.0.113.55", Says::Port, "203.0.113.55"),
            ]),
            SERVFAIL,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[TIMEOUT, UNREACHABLE]),
        row(
            "SERVFAIL while programs still wait",
            no_eai(vec![fails(FIRST)]),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "SERVFAIL told as a failure for good",
            failed("EAI_FAIL", [fails(FIRST)]),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "the server's DNSSEC validation fails",
            again(vec![bogus(6)]),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "bogus",
        ),
        row("an expired signature", again(vec![bogus(7)]), SERVFAIL, Certain, told_by(FIRST), "bogus"),
        row(
            "an extended error that is none of DNSSEC's",
            again(vec![bogus(22)]),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "a response code that is rare",
            again(vec![server(FIRST).says(rcode(4), rcode(4))]),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "other",
        ),
        row(
            "answers that can't be read",
            again(vec![server(FIRST).says(garbled(), garbled())]),
            SERVFAIL,
            Likely,
            told_by(FIRST),
            "garbled",
        ),
        row("the only server refuses", again(vec![declines(FIRST)]), REFUSED, Certain, told_by(FIRST), "")
            .or(&[]),
        row(
            "one refuses, the other is silent",
            again(vec![declines(FIRST), server(SECOND).silent()]),
            REFUSED,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[TIMEOUT]),
        row(
            "one refuses, the other is closed",
            again(vec![declines(FIRST), rejected(SECOND, Says::Port, SECOND)]),
            REFUSED,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[UNREACHABLE]),
        row(
            "try again, and now the server has it",
            again(vec![works(FIRST)]),
            SERVFAIL,
            Possible,
            resolver(),
            "eai",
        ),
        row(
            "try again, and now there is no such name",
            again(vec![says_no(FIRST)]),
            SERVFAIL,
            Possible,
            resolver(),
            "eai",
        ),
    ]
}

fn told_to_ask_nobody() -> Vec<Row> {
    let only = |sources: &[&str], code| eai(NAME, code).sources(sources);
    vec![
        row(
            "nsswitch.conf knows files only",
            only(&["files"], "EAI_NONAME"),
            NO_SERVER,
            Certain,
            client(),
            "nsswitch",
        ),
        row(
            "nsswitch.conf knows files and this host's own name",
            only(&["files", "myhostname"], "EAI_NONAME"),
            NO_SERVER,
            Certain,
            client(),
            "nsswitch",
        ),
        row(
            "a source that nobody knows, and no name server",
            only(&["files", "wins"], "EAI_NONAME"),
            NO_SERVER,
            Likely,
            client(),
            "nsswitch",
        )
        .or(&[NXDOMAIN]),
        row(
            "NIS has names of its own, and may lack this one",
            only(&["files", "nis"], "EAI_NONAME"),
            NO_SERVER,
            Likely,
            client(),
            "nsswitch",
        )
        .or(&[NXDOMAIN]),
        row(
            "the neighbours were asked by multicast, and may lack this name",
            only(&["files", "mdns4"], "EAI_NONAME"),
            NO_SERVER,
            Likely,
            client(),
            "nsswitch",
        )
        .or(&[NXDOMAIN]),
        row(
            "no memory, and no name server either",
            only(&["files"], "EAI_MEMORY"),
            "local.limits",
            Certain,
            client(),
            "",
        ),
        row(
            "not a host name, and no name server either",
            eai("a..b", "EAI_NONAME").sources(&["files"]),
            "resolve.bad-name",
            Certain,
            client(),
            "empty-label",
        ),
    ]
}

/// The C library has not answered, and connecting goes on with what the servers said.
fn still_waiting() -> Vec<Row> {
    let waits = |servers: Vec<ServerView>| name(NAME, LookupOutcome::NoAnswer).told(servers);
    vec![
        row(
            "programs still wait, and no server answers",
            waits(vec![server(FIRST).silent()]),
            TIMEOUT,
            Likely,
            told_by(FIRST),
            "",
        ),
        row(
            "programs still wait for two silent servers",
            waits(vec![server(FIRST).silent(), server(SECOND).silent()]),
            TIMEOUT,
            Likely,
            resolver(),
            "",
        ),
        row(
            "programs still wait, and there is no such name",
            waits(vec![says_no(FIRST)]),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "programs still wait, and there is no address",
            waits(vec![server(FIRST).says(empty(), empty())]),
            NO_ADDRESS,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "programs may still hear from a neighbour by multicast, though the server has no such name",
            waits(vec![says_no(FIRST)]).sources(&["files", "mdns4_minimal", "dns"]),
            NXDOMAIN,
            Likely,
            told_by(FIRST),
            "",
        ),
        row(
            "programs may still hear from a source that nobody knows",
            waits(vec![server(FIRST).says(empty(), empty())]).sources(&["files", "sss", "dns"]),
            NO_ADDRESS,
            Likely,
            told_by(FIRST),
            "",
        ),
        row(
            "the first server may only be slow, the second has no such name",
            waits(vec![server(FIRST).silent(), says_no(SECOND)]),
            NXDOMAIN,
            Likely,
            told_by(SECOND),
            "",
        )
        .or(&[TIMEOUT]),
        row(
            "the first server is closed, the second has no such name",
            waits(vec![rejected(FIRST, Says::Port, FIRST), says_no(SECOND)]),
            NXDOMAIN,
            Certain,
            told_by(SECOND),
            "",
        ),
    ]
}
