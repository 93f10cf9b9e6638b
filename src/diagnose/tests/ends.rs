//! The client's end, and who accepted at the other: source ports, limits, policies, proxies.

use super::build::{Net, V4, V6, World};
use super::row::{Row, client, row, service};
use super::told::{listening, of_process};
use crate::diagnose::{Remark, diagnose};
use crate::model::{
    AfterHandshake, Call, Fact, Holding, Millis, OwnEnds, OwnSocket, Owner, SocketState, Towards,
};
use crate::verdict::Certainty::{Certain, Likely};
use nix::errno::Errno as E;
use std::net::SocketAddr;

const PORT: u16 = 40112;

fn owner() -> Owner {
    listening("127.0.0.1:80").owner
}

fn socket(local: &str, remote: Option<SocketAddr>, state: SocketState) -> OwnSocket {
    OwnSocket { local: SocketAddr::new(local.parse().unwrap(), PORT), remote, state, owner: owner() }
}

fn ends(mut world: World, on_port: Vec<OwnSocket>) -> World {
    world.0.request.source_port = Some(PORT);
    world.0.own_ends =
        Fact::Seen(OwnEnds { at_ms: Millis(0.2), on_port: Fact::Seen(on_port), towards: Fact::NotAsked });
    world
}

fn towards(mut world: World, connected: u32, bound: u32) -> World {
    let towards = Towards {
        first_port: 40000,
        last_port: 40009,
        reserved: 1,
        connected,
        time_wait: 2,
        bound,
        holders: vec![Holding { owner: owner(), count: connected }],
    };
    world.0.own_ends =
        Fact::Seen(OwnEnds { at_ms: Millis(0.2), on_port: Fact::NotAsked, towards: Fact::Seen(towards) });
    world
}

/// The same with all of the ports reserved.
fn reserved(mut world: World) -> World {
    if let Fact::Seen(ends) = &mut world.0.own_ends
        && let Fact::Seen(towards) = &mut ends.towards
    {
        towards.reserved = 10;
    }
    world
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for net in [V4, V6] {
        rows.extend(
            source_ports(net)
                .into_iter()
                .chain(acceptors(net))
                .chain(wrong_ends(net))
                .map(|row| row.of(net.family)),
        );
    }
    rows
}

fn source_ports(net: Net) -> Vec<Row> {
    let bind = |on_port| ends(net.far().call(Call::Bind, E::EADDRINUSE), on_port);
    let connect = |on_port| ends(net.far().call(Call::Connect, E::EADDRNOTAVAIL), on_port);
    let target = net.far().last().address;
    let other = SocketAddr::new(target.ip(), target.port() + 1);
    let any = if target.is_ipv4() { "0.0.0.0" } else { "::" };
    let full = |connected, bound| towards(net.far().call(Call::Connect, E::EADDRNOTAVAIL), connected, bound);
    vec![
        row(
            "D1 a listener has the source port",
            bind(vec![socket(any, None, SocketState::Listen)]),
            "local.source-in-use",
            Certain,
            client(),
            "held",
        ),
        row(
            "D1 an idle socket has it",
            bind(vec![socket(net.own, None, SocketState::Bound)]),
            "local.source-in-use",
            Certain,
            client(),
            "held",
        ),
        row(
            "D2 a connection in TIME_WAIT has it",
            bind(vec![socket(net.own, Some(other), SocketState::TimeWait)]),
            "local.source-in-use",
            Certain,
            client(),
            "time-wait",
        ),
        row(
            "D2 a listener beside TIME_WAIT",
            bind(vec![
                socket(net.own, Some(other), SocketState::TimeWait),
                socket(any, None, SocketState::Listen),
            ]),
            "local.source-in-use",
            Certain,
            client(),
            "held",
        ),
        row(
            "D5 the very four numbers are in use",
            connect(vec![socket(net.own, Some(target), SocketState::Connected)]),
            "local.tuple-in-use",
            Certain,
            client(),
            "held",
        ),
        row(
            "D5 the very four numbers are in TIME_WAIT",
            connect(vec![socket(net.own, Some(target), SocketState::TimeWait)]),
            "local.tuple-in-use",
            Certain,
            client(),
            "time-wait",
        ),
        row(
            "D5 only another target has the port",
            connect(vec![socket(net.own, Some(other), SocketState::Connected)])
                .addresses([super::build::own(net.own, 64)]),
            "local.tuple-in-use",
            Likely,
            client(),
            "",
        ),
        row(
            "D1 an IPv4 socket beside an IPv6 listener on an address of its own",
            bind(vec![
                socket("127.0.0.1", None, SocketState::Bound),
                socket("2001:db8::7", None, SocketState::Listen),
            ]),
            "local.source-in-use",
            Certain,
            client(),
            "held",
        ),
        row(
            "D6 every port is reserved",
            reserved(full(0, 0)),
            "local.ports-exhausted",
            Certain,
            client(),
            "reserved",
        ),
        row("D6 every port is taken", full(7, 2), "local.ports-exhausted", Certain, client(), "counted"),
        row(
            "D6 a port should be left",
            full(7, 1).addresses([super::build::own(net.own, 64)]),
            "local.ports-exhausted",
            Likely,
            client(),
            "",
        ),
    ]
}

fn wrong_ends(net: Net) -> Vec<Row> {
    let through = |mut world: World, device: &str| {
        world.0.request.interface = Some(device.to_owned());
        world
    };
    let from_loopback = |mut world: World| {
        world.0.request.source = net.loopback.parse().ok();
        world
    };
    vec![
        row(
            "D11 -i lo for a target beyond",
            through(net.far().silent(4), "lo"),
            "local.interface",
            Likely,
            client(),
            "loopback",
        ),
        row(
            "D11 -i eth0 for loopback",
            through(net.loopback().silent(4), "eth0"),
            "local.interface",
            Likely,
            client(),
            "not-loopback",
        ),
        row(
            "-s loopback for a target beyond",
            from_loopback(net.far().silent(4)),
            "local.source-address",
            Likely,
            client(),
            "loopback",
        ),
        row(
            "-s loopback for a target beyond fails at once",
            from_loopback(net.far().call(Call::Connect, E::EINVAL)),
            "local.source-address",
            Likely,
            client(),
            "loopback",
        ),
    ]
}

fn acceptors(net: Net) -> Vec<Row> {
    let ended = |after| net.loopback().connected(0.1, after);
    let at = |text: &str| SocketAddr::new(net.loopback.parse().unwrap(), text.parse().unwrap()).to_string();
    let mut proxy = listening(&at("80"));
    proxy.leads_to = Some("198.51.100.9:80".parse().unwrap());
    let mut named = of_process(7, listening(&at("80")));
    if let Fact::Seen(process) = &mut named.owner.process {
        process.name = "haproxy".into();
    }
    vec![
        row(
            "F7 a container's port proxy closes",
            ended(AfterHandshake::Closed).here([proxy]),
            "service.closed",
            Certain,
            service(),
            "proxy",
        ),
        row(
            "F7 a proxy by its name resets",
            ended(AfterHandshake::Reset).here([named]),
            "service.reset",
            Certain,
            service(),
            "proxy",
        ),
        row(
            "F1 a service of this host closes",
            ended(AfterHandshake::Closed).here([listening(&at("80"))]),
            "service.closed",
            Certain,
            service(),
            "",
        ),
        row(
            "F1 nobody sees who closes",
            ended(AfterHandshake::Closed),
            "service.closed",
            Certain,
            service(),
            "",
        ),
    ]
}

#[test]
fn a_port_that_is_shared_is_a_remark() {
    let remarks = |world: World| diagnose(&world.0).remarks;
    let other = "203.0.113.7:443".parse().unwrap();
    let open = || V4.far().connected(0.2, AfterHandshake::Quiet);
    let waiting = ends(open(), vec![socket(V4.own, Some(other), SocketState::TimeWait)]);
    assert_eq!(remarks(waiting), [Remark::SourcePortShared { waiting: true }]);
    let live = ends(open(), vec![socket(V4.own, Some(other), SocketState::Connected)]);
    assert_eq!(remarks(live), [Remark::SourcePortShared { waiting: false }]);
    assert_eq!(remarks(ends(open(), Vec::new())), []);
    let verdict =
        ends(V4.far().call(Call::Bind, E::EADDRINUSE), vec![socket("0.0.0.0", None, SocketState::Listen)]);
    assert_eq!(remarks(verdict), [], "it is the verdict");
}
