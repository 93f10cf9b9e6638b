//! Files about names that could not be read, sources that are not there, and answers that came by half.

use super::build::{Says, V4, V6, World, eai, name};
use super::row::{Row, client, nobody, resolver, row, told_by};
use super::servers::{failed, fails, no_route, rejected, says_no, works};
use super::told::{Asked, FIRST, NAME, SECOND, alias, empty, gives, rcode, server};
use crate::model::{
    AfterHandshake, DnsAnswer, Errno, ExchangeOutcome, Fact, LookupOutcome, NameFiles, NameSource,
};
use crate::verdict::Certainty::{Certain, Likely, Possible};
use nix::errno::Errno as E;

const LIMITS: &str = "local.limits";
const DENIED: &str = "local.denied";
const MAPPING: &str = "alias.localhost-mapping";
const NXDOMAIN: &str = "resolve.nxdomain";
const NO_ADDRESS: &str = "resolve.no-address";
const SERVFAIL: &str = "resolve.servfail";
const TIMEOUT: &str = "resolve.timeout";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = shortage();
    rows.extend(unread_hosts());
    rows.extend(odd_answers());
    rows.extend(missing_sources());
    rows.extend(disagreement());
    rows.extend(halves());
    rows
}

fn files(mut world: World, change: impl FnOnce(&mut NameFiles)) -> World {
    world = world.hosts(&[]);
    let Fact::Seen(files) = &mut world.0.name_files else { panic!("no files") };
    change(files);
    world
}

fn shortage() -> Vec<Row> {
    let short = |world: World, errno: &str| {
        files(world, |files| {
            files.hosts = Fact::CouldNotLook(errno.into());
            files.sources = Fact::CouldNotLook(errno.into());
            files.resolver = Fact::CouldNotLook(errno.into());
        })
    };
    vec![
        row(
            "no descriptor is left for the files: localhost",
            short(eai("localhost", "EAI_NONAME"), "EMFILE"),
            LIMITS,
            Certain,
            client(),
            "files",
        ),
        row(
            "no descriptor is left for the files: a name",
            short(eai(NAME, "EAI_NONAME"), "EMFILE"),
            LIMITS,
            Certain,
            client(),
            "files",
        ),
        row(
            "all processes together have no descriptor left",
            short(eai(NAME, "EAI_NONAME"), "ENFILE"),
            LIMITS,
            Likely,
            client(),
            "files",
        )
        .or(&[NXDOMAIN]),
        row(
            "no descriptor is left for the files, which were read beside a lookup that took long",
            short(eai(NAME, "EAI_NONAME").after(5_005.0), "EMFILE"),
            NXDOMAIN,
            Likely,
            resolver(),
            "",
        )
        .or(&["resolve.no-server", LIMITS]),
        row(
            "localhost does not resolve, and nobody looked into the files",
            eai("localhost", "EAI_NONAME"),
            MAPPING,
            Likely,
            client(),
            "unresolved",
        )
        .or(&[LIMITS]),
    ]
}

fn unread_hosts() -> Vec<Row> {
    let no_file = |world: World| files(world, |files| files.hosts = Fact::CouldNotLook("EISDIR".into()));
    let unread = |world: World| files(world, |files| files.hosts = Fact::CouldNotLook("EACCES".into()));
    vec![
        row(
            "no such name, and the hosts file could not be read",
            unread(failed("EAI_NONAME", [says_no(FIRST)])),
            NXDOMAIN,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[DENIED]),
        row(
            "the same, where programs do not look into the hosts file",
            unread(failed("EAI_NONAME", [says_no(FIRST)])).sources(&["dns"]),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "no address, and the hosts file could not be read",
            unread(failed("EAI_NODATA", [server(FIRST).says(empty(), empty())])),
            NO_ADDRESS,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[DENIED]),
        row(
            "the server fails, and the hosts file could not be read",
            unread(failed("EAI_AGAIN", [fails(FIRST)])),
            SERVFAIL,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[DENIED]),
        row(
            "the server can't be reached, and the hosts file could not be read",
            unread(failed("EAI_AGAIN", [no_route(FIRST)])),
            "resolve.server-unreachable",
            Likely,
            client(),
            "here",
        )
        .or(&[DENIED]),
        row(
            "programs still wait, the server has no such name, and the hosts file could not be read",
            unread(name(NAME, LookupOutcome::NoAnswer).told([says_no(FIRST)])),
            NXDOMAIN,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[DENIED]),
        row(
            "programs look into files alone, and the hosts file could not be read",
            unread(eai(NAME, "EAI_NONAME").sources(&["files"])),
            "resolve.no-server",
            Likely,
            client(),
            "nsswitch",
        )
        .or(&[DENIED]),
        row(
            "localhost, and the hosts file could not be read",
            unread(eai("localhost", "EAI_NONAME").sources(&["files", "dns"])),
            MAPPING,
            Likely,
            client(),
            "unread",
        )
        .or(&[DENIED]),
        row(
            "localhost, and a directory stands in the place of the hosts file",
            no_file(eai("localhost", "EAI_NONAME").sources(&["files", "dns"])),
            MAPPING,
            Certain,
            client(),
            "broken",
        )
        .or(&[]),
        row(
            "no such name, and a directory stands in the place of the hosts file",
            no_file(failed("EAI_NONAME", [says_no(FIRST)])),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "",
        )
        .or(&[]),
        row(
            "localhost, and a policy keeps the hosts file from this user",
            files(eai("localhost", "EAI_NONAME").sources(&["files", "dns"]), |files| {
                files.hosts = Fact::CouldNotLook("EPERM".into());
            }),
            MAPPING,
            Likely,
            client(),
            "unread",
        )
        .or(&[DENIED]),
    ]
}

fn odd_answers() -> Vec<Row> {
    let skips = |mut world: World| {
        world = world.resolv(&[]);
        let Fact::Seen(files) = &mut world.0.name_files else { panic!("no files") };
        let Fact::Seen(settings) = &mut files.resolver else { panic!("no settings") };
        settings.skipped_server = Some(2);
        world
    };
    let led = || {
        let ExchangeOutcome::Answer(answer) = alias(&["db.other.example"], false) else {
            panic!("no answer")
        };
        ExchangeOutcome::Answer(DnsAnswer { rcode: 3, ..answer })
    };
    vec![
        row(
            "resolv.conf names a server in a line that the C library skips",
            skips(failed("EAI_AGAIN", [rejected("127.0.0.1", Says::Port, "127.0.0.1")])),
            "resolve.no-server",
            Certain,
            client(),
            "skipped",
        ),
        row(
            "the same, and something on this host keeps silent",
            skips(failed("EAI_AGAIN", [server("127.0.0.1").silent()]).after(10_010.0)),
            "resolve.no-server",
            Likely,
            client(),
            "skipped",
        )
        .or(&[TIMEOUT]),
        row(
            "the name is an alias of one that does not exist",
            failed("EAI_NONAME", [server(FIRST).says(led(), led())]),
            NXDOMAIN,
            Certain,
            told_by(FIRST),
            "alias",
        ),
    ]
}

fn missing_sources() -> Vec<Row> {
    let system = |server| {
        let outcome = LookupOutcome::Failed { eai: "EAI_SYSTEM".into(), errno: Some(Errno::from(E::EBUSY)) };
        name(NAME, outcome).told([server]).sources(&["files", "dns", "myhostname"])
    };
    let returns = |world: World| {
        files(world, |files| {
            let source = |name: &str, action: Option<&str>| NameSource {
                name: name.into(),
                action: action.map(Into::into),
            };
            let all =
                vec![source("files", None), source("nis", Some("NOTFOUND=return")), source("dns", None)];
            files.sources = Fact::Seen(all);
        })
    };
    vec![
        row(
            "a source behind the servers is not installed, and the name does not exist",
            system(says_no(FIRST)),
            NXDOMAIN,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[SERVFAIL]),
        row(
            "a source behind the servers is not installed, and the name has no address",
            system(server(FIRST).says(empty(), empty())),
            NO_ADDRESS,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&[SERVFAIL]),
        row(
            "a source behind the servers is not installed, and the server fails",
            system(fails(FIRST)),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "a system error, though the server has the name",
            system(works(FIRST)),
            SERVFAIL,
            Possible,
            resolver(),
            "system",
        ),
        row(
            "NIS is not installed, so it ends no search: the server fails",
            returns(failed("EAI_AGAIN", [fails(FIRST)])),
            SERVFAIL,
            Certain,
            told_by(FIRST),
            "",
        ),
        row(
            "NIS may have ended the search, and the server has no such name either",
            returns(failed("EAI_NONAME", [says_no(FIRST)])),
            NXDOMAIN,
            Likely,
            told_by(FIRST),
            "",
        )
        .or(&["resolve.no-server"]),
        row(
            "NIS may have ended the search, and the server has the name",
            returns(failed("EAI_NONAME", [works(FIRST)])),
            NXDOMAIN,
            Likely,
            client(),
            "disagree",
        )
        .or(&["resolve.no-server"]),
    ]
}

fn disagreement() -> Vec<Row> {
    vec![
        row(
            "one server has the name, the other says that there is none, and programs believed that",
            failed("EAI_NONAME", [works(FIRST), says_no(SECOND)]),
            NXDOMAIN,
            Likely,
            told_by(SECOND),
            "split",
        )
        .or(&["resolve.no-server"]),
        row(
            "one server has an address, the other has none, and programs believed that",
            failed("EAI_NODATA", [works(FIRST), server(SECOND).says(empty(), empty())]),
            NO_ADDRESS,
            Likely,
            told_by(SECOND),
            "split",
        )
        .or(&["resolve.no-server"]),
        row(
            "one server has the name, the other has it without an address, and programs were told of no such name",
            failed("EAI_NONAME", [works(FIRST), server(SECOND).says(empty(), empty())]),
            NXDOMAIN,
            Likely,
            client(),
            "disagree",
        )
        .or(&["resolve.no-server"]),
        row(
            "one server has the name, the other says that there is none, and programs were told of no address",
            failed("EAI_NODATA", [works(FIRST), says_no(SECOND)]),
            NO_ADDRESS,
            Likely,
            client(),
            "disagree",
        )
        .or(&["resolve.no-server"]),
        row(
            "one server has the name, the other fails",
            failed("EAI_NONAME", [works(FIRST), fails(SECOND)]),
            NXDOMAIN,
            Likely,
            client(),
            "disagree",
        ),
    ]
}

fn halves() -> Vec<Row> {
    let silent = || ExchangeOutcome::Silent;
    let waits = |world: World, server| {
        let mut world = world.named(NAME, []).told([server]).after(4_000.0);
        let Fact::Seen(lookup) = &mut world.0.lookup else { panic!("no lookup") };
        lookup.outcome = LookupOutcome::NoAnswer;
        world
    };
    let open = |world: World| world.connected(0.4, AfterHandshake::Quiet);
    let again = |server| failed("EAI_AGAIN", [server]).after(5_005.0);
    vec![
        row(
            "AAAA is answered and A is not, for which programs still wait",
            waits(open(V6.far()), server(FIRST).says(silent(), gives(&[V6.far]))),
            "connected.ok",
            Likely,
            nobody(),
            "",
        )
        .or(&[TIMEOUT]),
        row(
            "A is answered and AAAA is not: programs get by without it",
            waits(open(V4.far()), server(FIRST).says(gives(&[V4.far]), silent())),
            "connected.ok",
            Certain,
            nobody(),
            "",
        ),
        row(
            "AAAA is answered and A is not, and programs gave up",
            again(server(FIRST).says(silent(), gives(&[V6.far]))),
            TIMEOUT,
            Likely,
            told_by(FIRST),
            "half",
        )
        .or(&[SERVFAIL]),
        row(
            "A does not exist, and AAAA has no answer",
            again(server(FIRST).says(rcode(3), silent())),
            TIMEOUT,
            Likely,
            told_by(FIRST),
            "half",
        )
        .or(&[SERVFAIL]),
    ]
}
