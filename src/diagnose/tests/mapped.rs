//! Names that this host's files lead somewhere else: `localhost` that is not loopback, and pinned names.

use super::alias::{at, own_address};
use super::build::{Says, V4, World, eai, name, remote};
use super::row::{Row, client, nobody, row, service, target};
use super::told::{Asked, FIRST, NAME, gives, server};
use crate::model::{AfterHandshake, Fact, Family, LookupOutcome, RouteType};
use crate::verdict::Certainty::{Certain, Likely};

const MAPPING: &str = "alias.localhost-mapping";
const ELSEWHERE: &str = "alias.bound-elsewhere";
const OVERRIDE: &str = "alias.hosts-override";
const RST: &str = "refused.rst";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = mapping();
    rows.extend(pinned());
    rows
}

fn mapping() -> Vec<Row> {
    let failed = |code: &str| eai("localhost", code).sources(&["files", "dns"]);
    let other_alone = |mut world: World| {
        let Fact::Seen(lookup) = &mut world.0.lookup else { panic!("no lookup") };
        let address = super::build::ip(V4.loopback);
        lookup.other_family = Fact::Seen(vec![crate::model::Resolved { address, scope: None }]);
        world
    };
    let ours = || own_address(V4).here([]).named("localhost", []);
    let afar = || V4.far().reset().named("localhost", []);
    vec![
        row("localhost is our address on the link", ours(), MAPPING, Certain, client(), ""),
        row("localhost is another host", afar(), MAPPING, Certain, client(), ""),
        row(
            "a name below localhost is another host",
            V4.far().reset().named("db.localhost", []),
            MAPPING,
            Certain,
            client(),
            "",
        ),
        row(
            "localhost is another host, and it works",
            V4.far().connected(0.4, AfterHandshake::Quiet).named("localhost", []),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "localhost is another host, and silent",
            V4.far().silent(4).named("localhost", []),
            "timeout.silent",
            Likely,
            super::row::path(),
            "",
        ),
        row(
            "localhost has the other family alone, and the name servers fail",
            other_alone(failed("EAI_AGAIN").asked(|request| request.family = Some(Family::V6))),
            "resolve.no-address",
            Certain,
            client(),
            "family",
        ),
        row("localhost does not resolve", failed("EAI_NONAME"), MAPPING, Certain, client(), "unresolved"),
        row(
            "localhost does not resolve, told as try again",
            failed("EAI_AGAIN"),
            MAPPING,
            Certain,
            client(),
            "unresolved",
        ),
        row(
            "localhost. with its dot does not resolve",
            eai("LOCALHOST.", "EAI_AGAIN").hosts(&[]),
            MAPPING,
            Certain,
            client(),
            "unresolved",
        ),
        row(
            "localhost has not resolved yet",
            name("localhost", LookupOutcome::NoAnswer),
            MAPPING,
            Likely,
            client(),
            "unresolved",
        ),
        row("no memory to look localhost up", failed("EAI_MEMORY"), "local.limits", Certain, client(), ""),
        row(
            "localhost is 0.0.0.0, which the kernel takes for loopback",
            remote("0.0.0.0")
                .source("127.0.0.1")
                .route_of(RouteType::Local)
                .own_reset()
                .here([])
                .named("localhost", []),
            RST,
            Certain,
            target(),
            "nothing-here",
        ),
        row(
            "localhost is another host and loopback, and both refuse",
            V4.far().reset().named("localhost", [V4.loopback().own_reset()]).here([]),
            RST,
            Likely,
            target(),
            "",
        ),
        row(
            "--dns: the server that was chosen leads localhost to another host",
            V4.far()
                .reset()
                .named("localhost", [])
                .by_dns(server(FIRST).says(gives(&[V4.far]), super::told::empty())),
            RST,
            Likely,
            target(),
            "",
        ),
    ]
}

fn pinned() -> Vec<Row> {
    let said = |address: &str| server(FIRST).says(gives(&[address]), super::told::empty());
    let pin = |world: World| world.named(NAME, []).told([said("198.18.1.7")]).hosts(&[(3, V4.far)]);
    let works = || remote("198.18.1.7").route_via(V4.gateway).connected(0.4, AfterHandshake::Quiet);
    let refuses = || remote("198.18.1.7").route_via(V4.gateway).reset();
    let port = V4.icmp(Says::Port);
    vec![
        row(
            "the hosts file is out of date",
            pin(V4.far().reset()).contrast([works()]),
            OVERRIDE,
            Certain,
            client(),
            "",
        )
        .or(&[]),
        row(
            "the hosts file is out of date, and its address rejects by ICMP",
            pin(V4.far().ended(0.5).icmp(port, V4.far)).contrast([works()]),
            OVERRIDE,
            Certain,
            client(),
            "",
        ),
        row(
            "neither address connects",
            pin(V4.far().reset()).contrast([refuses()]),
            OVERRIDE,
            Likely,
            client(),
            "",
        )
        .or(&[RST]),
        row("nobody tried the other address", pin(V4.far().reset()), OVERRIDE, Likely, client(), "")
            .or(&[RST]),
        row(
            "neither connects, and the pinned one rejects by ICMP",
            pin(V4.far().ended(0.5).icmp(port, V4.far)).contrast([refuses()]),
            OVERRIDE,
            Likely,
            client(),
            "",
        )
        .or(&["refused.icmp-port"]),
        row(
            "the hosts file says what the servers say",
            V4.far().reset().named(NAME, []).told([said(V4.far)]).hosts(&[(3, V4.far)]),
            RST,
            Likely,
            target(),
            "",
        ),
        row("pinned, and silent", pin(V4.far().silent(4)), "timeout.silent", Likely, super::row::path(), ""),
        row(
            "pinned, and it works",
            pin(V4.far().connected(0.4, AfterHandshake::Quiet)),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "the hosts file has the name, but programs do not read it",
            pin(V4.far().reset()).sources(&["dns"]).contrast([works()]),
            RST,
            Likely,
            target(),
            "",
        ),
        row(
            "programs ask the servers first, which gave the same address in another turn",
            V4.far()
                .reset()
                .named(NAME, [])
                .told([server(FIRST).says(gives(&[V4.far, "198.18.1.7"]), super::told::empty())])
                .sources(&["dns", "files"])
                .hosts(&[(3, V4.far)])
                .contrast([works()]),
            RST,
            Likely,
            target(),
            "",
        ),
        row(
            "the address that is refused is not the pinned one",
            V4.far()
                .reset()
                .named(NAME, [V4.near().silent(4)])
                .told([said("198.18.1.7")])
                .hosts(&[(3, V4.near)])
                .contrast([works()]),
            RST,
            Likely,
            target(),
            "",
        ),
        row(
            "pinned to this host, where the service listens elsewhere",
            own_address(V4)
                .named(NAME, [])
                .told([said("198.18.1.7")])
                .hosts(&[(3, V4.own)])
                .here([at("127.0.0.1")]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
    ]
}
