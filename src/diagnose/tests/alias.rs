//! Names and addresses that mean something else than their user thinks, next to plain refusals.

use super::build::{Net, Says, V4, V6, World, device, own, remote};
use super::row::{Row, client, row, service, target};
use super::told::{NAME, contained, listening, of_process, on_device, only_v6};
use crate::model::{AfterHandshake, Fact, Family, Listening, RouteType, SoError};
use crate::verdict::Certainty::{Certain, Likely};
use nix::errno::Errno as E;

const FAMILY: &str = "alias.localhost-family";
const ELSEWHERE: &str = "alias.bound-elsewhere";
const RST: &str = "refused.rst";

pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [V4, V6].into_iter().flat_map(of_family).collect();
    rows.extend(ipv4_alone());
    rows
}

fn of_family(net: Net) -> Vec<Row> {
    let mut rows = families(net);
    rows.extend(elsewhere(net));
    rows.extend(devices(net));
    rows.extend(namespaces(net));
    rows.into_iter().map(|row| row.of(net.family)).collect()
}

fn other(net: Net) -> Net {
    if net.family == Family::V4 { V6 } else { V4 }
}

/// A listener on port 80.
pub(super) fn at(address: &str) -> Listening {
    listening(&if address.contains(':') { format!("[{address}]:80") } else { format!("{address}:80") })
}

fn wildcard(net: Net) -> Listening {
    if net.family == Family::V4 { at("0.0.0.0") } else { only_v6(at("::")) }
}

/// This host's TCP refused its own address.
pub(super) fn own_address(net: Net) -> World {
    remote(net.own).route_of(RouteType::Local).own_reset()
}

fn localhost(net: Net) -> World {
    net.loopback().own_reset().named("localhost", [])
}

fn families(net: Net) -> Vec<Row> {
    let there = other(net);
    let uncounted = || net.loopback().reset().named("localhost", []);
    let literal = || net.loopback().own_reset();
    let asked_for = |world: World| world.asked(|request| request.family = Some(net.family));
    vec![
        row(
            "localhost is one family, the service the other",
            localhost(net).here([at(there.loopback)]),
            FAMILY,
            Certain,
            client(),
            "",
        )
        .or(&[]),
        row(
            "localhost is one family, the service every address of the other",
            localhost(net).here([wildcard(there)]),
            FAMILY,
            Certain,
            client(),
            "",
        ),
        row(
            "localhost is one family, the service the other, and nobody counted resets",
            uncounted().here([at(there.loopback)]),
            FAMILY,
            Likely,
            client(),
            "",
        )
        .or(&[RST]),
        row(
            "both of localhost's addresses refuse, the service is on neither",
            localhost(net).named("localhost", [there.loopback().own_reset()]).here([at(net.own)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "the other family listens, and another process takes this one: not the family",
            localhost(net).here([at(there.loopback), of_process(9, at(net.loopback))]),
            RST,
            Likely,
            target(),
            "local",
        )
        .or(&["local.firewall-reject"]),
        row(
            "a literal loopback address, the service on the other family's",
            literal().here([at(there.loopback)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "one family of localhost was asked for: the other is another address",
            asked_for(localhost(net)).here([at(there.loopback)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "localhost refuses, and nothing listens",
            localhost(net).here([]),
            RST,
            Certain,
            target(),
            "nothing-here",
        )
        .or(&[]),
        row(
            "localhost refuses, the other family listens on another port",
            localhost(net).here([Listening {
                address: (other(net).loopback.parse::<std::net::IpAddr>().unwrap(), 81).into(),
                ..at(there.loopback)
            }]),
            RST,
            Certain,
            target(),
            "nothing-here",
        ),
        row(
            "localhost's first address refuses, the service is on the second",
            localhost(net)
                .named("localhost", [there.loopback().connected(0.1, AfterHandshake::Quiet)])
                .here([at(there.loopback)]),
            "connected.partial",
            Certain,
            target(),
            "",
        ),
    ]
}

fn elsewhere(net: Net) -> Vec<Row> {
    let filter = |world: World| world.reset().reset_trials(2, &[0, 0, 0, 0]);
    vec![
        row(
            "the service is bound to loopback, the client uses our address",
            own_address(net).here([at(net.loopback)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        )
        .or(&[]),
        row(
            "the service is bound to our address, the client uses loopback",
            net.loopback().own_reset().here([at(net.own)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "the service is bound to the other family's wildcard",
            own_address(net).here([wildcard(other(net))]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "the same, by the name of a host",
            own_address(net).named(NAME, []).here([at(net.loopback)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "bound elsewhere, and nobody counted resets",
            remote(net.own).route_of(RouteType::Local).reset().here([at(net.loopback)]),
            ELSEWHERE,
            Likely,
            service(),
            "",
        )
        .or(&[RST]),
        row(
            "bound elsewhere, but others' resets are counted too",
            remote(net.own)
                .route_of(RouteType::Local)
                .reset()
                .reset_trials(2, &[1, 3, 2, 2])
                .here([at(net.loopback)]),
            ELSEWHERE,
            Likely,
            service(),
            "",
        ),
        row(
            "bound elsewhere, but our input filter answered",
            filter(remote(net.own).route_of(RouteType::Local)).here([at(net.loopback)]),
            "local.firewall-reject",
            Certain,
            client(),
            "",
        ),
        row(
            "bound elsewhere, but our input filter answered by ICMP",
            net.loopback().soft_icmp(net.icmp(Says::Port), net.loopback).silent(2).here([at(net.own)]),
            "local.firewall-reject",
            Likely,
            client(),
            "",
        ),
        row(
            "somebody listens on another address, somebody else on the very one",
            own_address(net).here([at(net.loopback), of_process(9, wildcard(net))]),
            RST,
            Likely,
            target(),
            "local",
        )
        .or(&["local.firewall-reject"]),
        row(
            "the port of our address is forwarded, and another address has it open",
            remote(net.own)
                .route_of(RouteType::Local)
                .reset()
                .reset_trials(0, &[0, 0, 0, 0])
                .here([at(net.loopback)]),
            RST,
            Likely,
            target(),
            "forwarded",
        )
        .or(&["local.firewall-reject"]),
        row(
            "a neighbour refuses, and this host has the port open",
            net.near().reset().here([wildcard(net)]),
            RST,
            Likely,
            target(),
            "",
        ),
        row(
            "somebody afar refuses, and this host has the port open",
            net.far().reset().here([wildcard(net)]),
            RST,
            Likely,
            target(),
            "",
        ),
        row(
            "the kernel joined the socket to itself, and the service is on another address",
            net.loopback()
                .connected(0.1, AfterHandshake::Quiet)
                .with(|attempt| attempt.source = Some(attempt.address))
                .here([at(net.own)]),
            ELSEWHERE,
            Likely,
            service(),
            "",
        ),
    ]
}

fn devices(net: Net) -> Vec<Row> {
    let tables = |world: World| {
        world
            .addresses([own(net.loopback, if net.family == Family::V4 { 8 } else { 128 }), own(net.own, 24)])
            .links([device("lo", true, Some(true)), device("eth0", true, Some(true))])
    };
    let bound = |name| on_device(name, wildcard(net));
    vec![
        row(
            "the service is bound to a device, the client uses loopback",
            net.loopback().own_reset().here([bound("eth0")]),
            ELSEWHERE,
            Certain,
            service(),
            "device",
        ),
        row(
            "the service is bound to another device",
            tables(own_address(net)).here([bound("eth1")]),
            ELSEWHERE,
            Certain,
            service(),
            "device",
        ),
        row(
            "the service is bound to the device that has the address",
            tables(own_address(net)).here([bound("eth0")]),
            RST,
            Likely,
            target(),
            "local",
        ),
        row(
            "the service is bound to a device, and nobody looked which addresses that has",
            own_address(net).here([bound("eth0")]),
            ELSEWHERE,
            Likely,
            service(),
            "device",
        ),
        row(
            "one listener is bound to a device, the other to another address",
            tables(own_address(net)).here([bound("eth1"), at(net.loopback)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
    ]
}

fn namespaces(net: Net) -> Vec<Row> {
    let loopback = |namespace| contained(&at(net.loopback).address.to_string(), namespace);
    let wildcard_there = |namespace| contained(&wildcard(other(net)).address.to_string(), namespace);
    vec![
        row(
            "one other namespace has the port open",
            net.loopback().own_reset().listeners([], [loopback(7)]),
            ELSEWHERE,
            Likely,
            service(),
            "namespace",
        )
        .or(&[RST]),
        row(
            "one other namespace has it open twice",
            net.loopback().own_reset().listeners([], [loopback(7), wildcard_there(7)]),
            ELSEWHERE,
            Likely,
            service(),
            "namespace",
        ),
        row(
            "several other namespaces have it open: that proves nothing",
            net.loopback().own_reset().listeners([], [loopback(7), loopback(8)]),
            RST,
            Likely,
            target(),
            "local",
        )
        .or(&[ELSEWHERE]),
        row(
            "another namespace has it open, and another address here",
            net.loopback().own_reset().listeners([at(net.own)], [loopback(7)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "another namespace has it open, and a listener here takes the target",
            net.loopback().own_reset().listeners([at(net.loopback)], [loopback(7)]),
            RST,
            Likely,
            target(),
            "local",
        ),
        row(
            "another namespace has it open, and somebody afar refuses",
            net.far().reset().listeners([], [loopback(7)]),
            RST,
            Likely,
            target(),
            "",
        ),
    ]
}

fn ipv4_alone() -> Vec<Row> {
    let v4 = |address: &str| remote(address).source("127.0.0.1").route_of(RouteType::Local).own_reset();
    let unknown = |listening: Listening| Listening { only_v6: None, ..listening };
    vec![
        row(
            "this host's name is 127.0.1.1, the service on 127.0.0.1",
            v4("127.0.1.1").named("client", []).here([at("127.0.0.1")]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "this host's name is 127.0.1.1, the service on every address",
            v4("127.0.1.1").named("client", []).here([at("0.0.0.0")]),
            RST,
            Likely,
            target(),
            "local",
        ),
        row(
            "0.0.0.0 leads to 127.0.0.1, where somebody listens",
            v4("0.0.0.0").here([at("127.0.0.1")]),
            RST,
            Likely,
            target(),
            "local",
        ),
        row(
            "0.0.0.0 leads to 127.0.0.1, the service has our address",
            v4("0.0.0.0").here([at(V4.own)]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "an IPv6 wildcard that takes IPv4 too",
            v4("127.0.0.1").here([at("::")]),
            RST,
            Likely,
            target(),
            "local",
        )
        .or(&["local.firewall-reject"]),
        row(
            "an IPv6 wildcard for IPv6 only",
            v4("127.0.0.1").here([only_v6(at("::"))]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "an IPv6 wildcard, and whether it takes IPv4 is not known",
            v4("127.0.0.1").here([unknown(at("::"))]),
            ELSEWHERE,
            Likely,
            service(),
            "",
        ),
        row(
            "a mapped listener takes IPv4",
            v4("127.0.0.1").here([at("::ffff:127.0.0.1")]),
            RST,
            Likely,
            target(),
            "local",
        ),
        row(
            "a mapped listener on another IPv4 address",
            v4("127.0.1.1").here([at("::ffff:127.0.0.1")]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
        row(
            "127.1 is a literal, however it is written",
            v4("127.0.0.1").named("127.1", []).here([at("::1")]),
            ELSEWHERE,
            Certain,
            service(),
            "",
        ),
    ]
}

#[test]
fn on_this_host_a_refusal_is_certain_only_with_its_reset_and_every_socket_table() {
    type Less = fn(World) -> World;
    let likely: [(&str, Less); 6] = [
        ("no extra SYN", |world| world.with(|attempt| attempt.trials = Fact::NotAsked)),
        ("somebody else's resets beside it", |world| world.reset_trials(2, &[2, 2, 3, 2])),
        ("some of the resets may be somebody else's", |world| world.reset_trials(2, &[1, 2, 4, 3])),
        ("nobody looked who listens", |mut world| {
            world.0.listeners = Fact::NotAsked;
            world
        }),
        ("this namespace's table closed to us", |mut world| {
            let Fact::Seen(listeners) = &mut world.0.listeners else { panic!("no listeners") };
            listeners.here = Fact::CouldNotLook("EPERM".into());
            world
        }),
        ("other namespaces closed to us", |mut world| {
            let Fact::Seen(listeners) = &mut world.0.listeners else { panic!("no listeners") };
            listeners.elsewhere = Fact::CouldNotLook("EACCES".into());
            world
        }),
    ];
    for net in [V4, V6] {
        let whole = || net.loopback().own_reset().here([]);
        let busy = || whole().reset_trials(2, &[3, 1, 2, 1]);
        for sure in [whole(), busy()] {
            let finding = crate::diagnose::diagnose(&sure.0).finding;
            assert_eq!((finding.code.as_str(), finding.certainty), (RST, Certain));
        }
        for (name, less) in likely {
            let finding = crate::diagnose::diagnose(&less(whole()).0).finding;
            assert_eq!((finding.code.as_str(), finding.certainty), (RST, Likely), "{name}");
            assert!(!finding.alternatives.is_empty(), "{name}: likely, and nothing else fits");
        }
    }
}

#[test]
fn an_alias_replaces_refusals_only() {
    for world in [
        V4.loopback().silent(4),
        V4.loopback().connected(0.1, AfterHandshake::Closed),
        V4.loopback().with(|attempt| {
            let errno = E::EHOSTUNREACH.into();
            attempt.so_errors.push(SoError { at_ms: crate::model::Millis(1.0), errno });
        }),
    ] {
        let before = crate::diagnose::diagnose(&world.0).finding;
        let after = world.named("localhost", []).here([at("::1"), at(V4.own)]);
        assert_eq!(crate::diagnose::diagnose(&after.0).finding, before);
    }
}
