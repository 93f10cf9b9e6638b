//! Names that give no address, and names that give several.

use super::build::{V4, V6, World, device, eai, name, own};
use super::row::{Row, client, nobody, path, resolver, row, service, target};
use crate::model::{AfterHandshake, Call, Errno, Fact, Family, LookupOutcome, NeighbourState, Resolved};
use crate::verdict::Certainty::{Certain, Likely, Possible};
use nix::errno::Errno as E;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = no_address();
    rows.extend(several());
    rows
}

fn no_address() -> Vec<Row> {
    let db = |code| eai("db.example", code);
    let system = |errno: E| {
        let errno = Some(Errno::from(errno));
        name("db.example", LookupOutcome::Failed { eai: "EAI_SYSTEM".into(), errno })
    };
    let other_family = |code| {
        let mut world = db(code).asked(|request| request.family = Some(Family::V6));
        if let Fact::Seen(lookup) = &mut world.0.lookup {
            let address = super::build::ip(V4.far);
            lookup.other_family = Fact::Seen(vec![Resolved { address, scope: None }]);
        }
        world
    };
    let bad = |host: &str, variant| {
        row(
            &format!("not a host name: {variant}"),
            eai(host, "EAI_NONAME"),
            "resolve.bad-name",
            Certain,
            client(),
            variant,
        )
    };
    vec![
        row(
            "four numbers that are no address",
            super::build::eai("256.1.1.1", "EAI_NONAME"),
            "resolve.nxdomain",
            Likely,
            resolver(),
            "numbers",
        ),
        row("the name does not exist", db("EAI_NONAME"), "resolve.nxdomain", Likely, resolver(), ""),
        row("the name has no address", db("EAI_NODATA"), "resolve.no-address", Likely, resolver(), ""),
        row(
            "the name has addresses of the other family",
            other_family("EAI_NODATA"),
            "resolve.no-address",
            Certain,
            resolver(),
            "family",
        ),
        row(
            "the same, told as no such name",
            other_family("EAI_NONAME"),
            "resolve.no-address",
            Certain,
            resolver(),
            "family",
        ),
        row(
            "the question for the family asked for fails, the other family has an address",
            other_family("EAI_AGAIN"),
            "resolve.servfail",
            Possible,
            resolver(),
            "eai",
        ),
        row(
            "the name service says try again",
            db("EAI_AGAIN"),
            "resolve.servfail",
            Possible,
            resolver(),
            "eai",
        ),
        row(
            "the name service failed for good",
            db("EAI_FAIL"),
            "resolve.servfail",
            Possible,
            resolver(),
            "eai",
        ),
        row("a system error", system(E::ECONNREFUSED), "resolve.servfail", Possible, resolver(), "system"),
        row("no descriptor for the lookup", system(E::EMFILE), "local.limits", Certain, client(), "files"),
        row("no memory for the lookup", db("EAI_MEMORY"), "local.limits", Certain, client(), ""),
        row(
            "no answer in time",
            name("db.example", LookupOutcome::NoAnswer),
            "resolve.timeout",
            Likely,
            resolver(),
            "eai",
        ),
        row(
            "an answer without an address",
            name("db.example", LookupOutcome::Addresses(Vec::new())),
            "resolve.no-address",
            Likely,
            resolver(),
            "",
        ),
        bad("a..b", "empty-label"),
        bad(&"a".repeat(64), "long-label"),
        bad(&["abcdefghi"; 26].join("."), "long-name"),
        bad("m\u{fc}ller.example", "non-ascii"),
        bad("a b", "characters"),
    ]
}

fn several() -> Vec<Row> {
    let open = || V4.far().connected(0.4, AfterHandshake::Quiet);
    let both = |first: World, second: World| first.named("db.example", [second]);
    let no_v6 = || V6.far().call(Call::Connect, E::ENETUNREACH).route_refused(E::ENETUNREACH).refused_by([]);
    vec![
        row(
            "the first works, the second fails",
            both(V6.far().connected(0.4, AfterHandshake::Quiet), V4.far().reset()),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "the first refuses, the second works",
            both(V6.far().reset(), open()),
            "connected.partial",
            Certain,
            target(),
            "",
        ),
        row(
            "the first has no route, the second works",
            both(no_v6(), open()),
            "connected.partial",
            Certain,
            client(),
            "",
        ),
        row(
            "the first is silent, the second works",
            both(V6.far().silent(2), open()),
            "connected.partial",
            Likely,
            path(),
            "slow",
        ),
        row(
            "a loopback name whose first address refuses",
            V6.loopback().reset().named("localhost", [V4.loopback().connected(0.1, AfterHandshake::Quiet)]),
            "connected.partial",
            Certain,
            target(),
            "",
        ),
        row(
            "the first refuses, the second closes",
            both(V6.far().reset(), V4.far().connected(0.4, AfterHandshake::Closed)),
            "service.closed",
            Certain,
            service(),
            "",
        ),
        row(
            "the first was still waiting when the second had connected",
            both(V6.far().with(|attempt| attempt.ended_ms = None), open()),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "no route for one, the other refuses",
            both(no_v6(), V4.far().reset()),
            "refused.rst",
            Likely,
            target(),
            "",
        ),
        row(
            "silence for one, the other refuses",
            both(V6.far().silent(4), V4.far().reset()),
            "refused.rst",
            Likely,
            target(),
            "",
        ),
        row(
            "a dead neighbour for one, silence for the other",
            both(V6.near().held(3).neighbour(NeighbourState::Failed), V4.far().silent(4)),
            "timeout.silent",
            Likely,
            path(),
            "",
        ),
        row(
            "no route for either",
            both(
                no_v6(),
                V4.far().call(Call::Connect, E::ENETUNREACH).route_refused(E::ENETUNREACH).refused_by([]),
            )
            .addresses([own(V4.own, 24)])
            .links([device("up", true, Some(true))]),
            "unreachable.no-route",
            Certain,
            client(),
            "",
        ),
    ]
}
