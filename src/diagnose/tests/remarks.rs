//! Facts beside the verdict: when they are told, and when not.

use super::build::{Net, Says, V4, V6, World, own, remote};
use super::told::{
    Asked, FIRST, NAME, SECOND, contained, empty, errno, gives, listening, of_process, server,
};
use crate::diagnose::{Remark, diagnose};
use crate::model::ForeignListening;
use crate::model::{
    AfterHandshake, ExchangeOutcome, Fact, Lookup, LookupOutcome, Millis, OwnAddress, ProxyVariable,
    RouteType, ServerView,
};
use nix::errno::Errno as E;

fn open() -> World {
    V4.far().connected(0.4, AfterHandshake::Quiet)
}

fn works(address: &str) -> ServerView {
    server(address).says(gives(&[V4.far]), empty())
}

/// The C library has not answered; the servers have.
fn unwaited(mut world: World) -> World {
    let (outcome, other_family) = (LookupOutcome::NoAnswer, Fact::NotAsked);
    world.0.lookup = Fact::Seen(Lookup { outcome, elapsed_ms: Millis(1004.0), other_family });
    world
}

fn all(world: World) -> Vec<&'static str> {
    diagnose(&world.0).remarks.iter().map(Remark::code).collect()
}

fn here(address: &str) -> World {
    remote(address).source("127.0.0.1").route_of(RouteType::Local).own_reset()
}

#[test]
fn a_silent_first_server_costs_programs_seconds() {
    let world = |servers: Vec<ServerView>| unwaited(open().named(NAME, []).told(servers));
    assert_eq!(all(world(vec![server(FIRST).silent(), works(SECOND)])), ["dns-first-server-dead"]);
    assert_eq!(all(world(vec![works(FIRST), server(SECOND).silent()])), [""; 0]);
    // Nobody waited.
    let quick = open().named(NAME, []).told([server(FIRST).silent(), works(SECOND)]);
    assert_eq!(all(quick), [""; 0]);
}

#[test]
fn a_server_that_answers_by_half_is_named_unless_it_was_only_late() {
    let silent = || ExchangeOutcome::Silent;
    let a_late = || server(FIRST).says(silent(), empty());
    assert_eq!(all(unwaited(open().named(NAME, []).told([a_late()]))), ["dns-half-silent"]);
    // Programs have it in the end.
    assert_eq!(all(open().named(NAME, []).told([a_late()]).after(3_004.0)), [""; 0]);
    let aaaa = server(FIRST).says(gives(&[V4.far]), silent());
    assert_eq!(all(open().named(NAME, []).told([aaaa]).after(10_004.0)), ["dns-half-silent"]);
}

#[test]
fn nobody_waits_for_a_server_that_is_refused_at_once() {
    let closed = server(FIRST)
        .says(errno(E::ECONNREFUSED), errno(E::ECONNREFUSED))
        .reached(|world| world.datagram_icmp(V4.icmp(Says::Port), FIRST));
    let servers = [closed, server(SECOND).silent(), works("203.0.113.55")];
    let remarks = diagnose(&unwaited(open().named(NAME, []).told(servers)).0).remarks;
    let dead = Remark::NameServerDead { server: format!("{SECOND}:53").parse().unwrap() };
    assert_eq!(remarks, [dead]);
}

#[test]
fn whoever_was_asked_by_dns_is_named() {
    assert_eq!(all(open().named(NAME, []).by_dns(works(FIRST))), ["asked-server"]);
    assert_eq!(all(open().named(NAME, []).told([works(FIRST)])), [""; 0]);
    // A literal address asks nobody.
    assert_eq!(all(open().asked(|request| request.dns = Some("203.0.113.53:53".parse().unwrap()))), [""; 0]);
}

#[test]
fn proxy_variables_are_told_whatever_the_verdict() {
    let set = |request: &mut crate::model::Request| request.proxies = vec![ProxyVariable::Https];
    assert_eq!(all(open().asked(set)), ["proxy-variable"]);
    assert_eq!(all(V4.far().silent(4).asked(set)), ["proxy-variable"]);
}

#[test]
fn an_odd_source_is_told_where_nothing_comes_back() {
    let from = |net: Net, source: &str| all(net.far().source(source).silent(4));
    assert_eq!(from(V4, "169.254.7.7"), ["odd-source"]);
    assert_eq!(from(V4, "10.0.0.7"), [""; 0]);
    assert_eq!(from(V6, V6.own), [""; 0]);
    // The verdict says it already.
    assert_eq!(from(V6, "fe80::7"), [""; 0]);
    let answered = V4.far().source("169.254.7.7").connected(0.4, AfterHandshake::Quiet);
    assert_eq!(all(answered), [""; 0]);
}

#[test]
fn a_tentative_address_is_told_unless_the_verdict_is_that() {
    let own = |tentative| OwnAddress { tentative, ..own(V6.own, 64) };
    let world = |tentative| V6.far().source("fe80::7").silent(4).addresses([own(tentative)]);
    assert_eq!(all(world(true)), ["tentative-address"]);
    assert_eq!(all(world(false)), [""; 0]);
    // One of the other family is nothing to this target.
    assert_eq!(all(V4.far().silent(4).addresses([own(true)])), [""; 0]);
}

#[test]
fn a_filter_s_answer_is_named_before_the_port_is_blamed() {
    assert_eq!(all(here("0.0.0.0").here([]).named(NAME, [])), ["sinkhole"]);
    let v6 = remote("::").source("::1").route_of(RouteType::Local).own_reset().here([]);
    assert_eq!(all(v6.named(NAME, [])), ["sinkhole"]);
    assert_eq!(all(here("0.0.0.0").here([])), [""; 0], "a literal is what its user typed");
    assert_eq!(all(here("0.0.0.0").here([]).named("0", [])), [""; 0], "0 is a literal too");
    assert_eq!(all(here("127.0.0.1").here([]).named(NAME, [])), [""; 0]);
}

#[test]
fn a_pin_beside_another_failure_is_a_remark() {
    let pin = |world: World| {
        let said = server(FIRST).says(gives(&["198.18.1.7"]), empty());
        world.named(NAME, []).told([said]).hosts(&[(3, V4.far)])
    };
    assert_eq!(all(pin(V4.far().silent(4))), ["hosts-override"]);
    assert_eq!(all(pin(V4.far().reset())), [""; 0], "it is the verdict");
    assert_eq!(all(pin(open())), [""; 0], "it works");
    assert_eq!(all(V4.far().silent(4).named(NAME, []).told([works(FIRST)]).hosts(&[(3, V4.far)])), [""; 0]);
}

#[test]
fn several_namespaces_are_a_remark() {
    let in_namespaces = |all: &[u64]| {
        let all: Vec<_> = all.iter().map(|namespace| contained("127.0.0.1:80", *namespace)).collect();
        V4.loopback().own_reset().listeners([], all)
    };
    assert_eq!(all(in_namespaces(&[7, 8])), ["listener-in-namespace"]);
    assert_eq!(all(in_namespaces(&[7])), [""; 0], "it is the verdict");
    assert_eq!(all(in_namespaces(&[])), [""; 0]);
    let near = |owns_target| {
        let container = ForeignListening { owns_target, ..contained("127.0.0.1:80", 7) };
        V4.near().reset().listeners([], [container])
    };
    assert_eq!(all(near(true)), ["listener-in-namespace"], "the target is that container");
    assert_eq!(all(near(false)), [""; 0], "another machine's port says nothing about ours");
}

#[test]
fn a_port_nearby_is_a_remark_and_no_verdict() {
    let near = |address: &str| V4.loopback().own_reset().here([listening(address)]);
    assert_eq!(all(near("127.0.0.1:81")), ["port-nearby"]);
    assert_eq!(all(near("0.0.0.0:81")), ["port-nearby"]);
    assert_eq!(all(near("198.51.100.2:81")), [""; 0], "it is not open at this address");
    let both = |owner: u32| [listening("198.51.100.2:80"), of_process(owner, listening("198.51.100.2:81"))];
    assert_eq!(all(V4.loopback().own_reset().here(both(812))), ["port-nearby"], "the same process");
    assert_eq!(all(V4.loopback().own_reset().here(both(9))), [""; 0], "another process");
    let silent = V4.loopback().silent(4).here([listening("127.0.0.1:81")]);
    assert_eq!(all(silent), [""; 0], "silence is no near miss");
    let many = (81..=90).map(|port| listening(&format!("127.0.0.1:{port}")));
    assert_eq!(all(V4.loopback().own_reset().here(many)).len(), 3);
}

#[test]
fn a_port_of_this_host_is_not_near_to_another_host_s() {
    for net in [V4, V6] {
        for world in [net.near().reset(), net.far().reset()] {
            let open = [listening("0.0.0.0:81"), listening("[::]:81")];
            assert_eq!(all(world.here(open)), [""; 0]);
        }
    }
}

#[test]
fn a_failing_first_address_costs_clients() {
    let world = V6.far().reset().named(NAME, [open()]);
    assert!(all(world).contains(&"first-address-cost"));
    assert_eq!(all(open().named(NAME, [V6.far().reset()])), ["address-failed"]);
}
