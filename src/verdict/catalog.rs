//! **The list** of verdicts: one block each. Help, `explain`, man page, schema and README follow from it.
//!
//! Words in braces are filled by `report::Words`; a headline or a step with a variant's name in front is
//! used only where the rule chose that variant.

use super::Class;
use serde::{Deserialize, Serialize};

/// Which wording of a verdict's headline fits; `""` is the usual one.
pub type Variant = &'static str;

/// Where a step is to be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// This host.
    Client,
    /// The target's host.
    Target,
    /// The name server, or whoever keeps the zone.
    Resolver,
    /// A router on the way.
    Router,
}

/// One thing to do next.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The variants that it is for; empty for all.
    pub only: &'static [Variant],
    /// On which machine.
    pub on: Side,
    /// What to do.
    pub text: &'static str,
    /// A command to paste, right for the target once its braces are filled; empty for none.
    pub command: &'static str,
}

/// One verdict.
#[derive(Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// As users write it.
    pub id: &'static str,
    /// Its class.
    pub class: Class,
    /// When it holds, in one line.
    pub holds_when: &'static str,
    /// The verdict line, by variant; the first is the usual one.
    pub headlines: &'static [(Variant, &'static str)],
    /// What to do, most useful first.
    pub next: &'static [Step],
    /// What may look the same, and how.
    pub look_alikes: &'static [(Code, &'static str)],
    /// The one thing to look at that tells the look-alikes apart; the first that fits the variant.
    pub apart: &'static [Step],
    /// The page that `explain` prints.
    pub text: &'static str,
}

macro_rules! catalog {
    ($( $code:ident = $class:ident . $id:literal {
        holds: $holds:literal;
        $( headline $($variant:literal)? : $headline:literal; )+
        $( next $(($($only:literal),+))? $on:ident : $step:literal $(=> $command:literal)? ; )*
        $( alike $alike:ident : $why:literal; )*
        $( apart $(($($when:literal),+))? $by:ident : $look:literal $(=> $with:literal)? ; )*
    } )+) => {
        /// A verdict code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub enum Code { $( #[doc = $holds] $code ),+ }

        /// Every verdict, in the order in which lists show them.
        pub static CATALOG: &[Entry] = &[ $( Entry {
            code: Code::$code,
            id: $id,
            class: Class::$class,
            holds_when: $holds,
            headlines: &[ $( (concat!($($variant)?), $headline) ),+ ],
            next: &[ $( Step {
                only: &[ $($($only),+)? ],
                on: Side::$on,
                text: $step,
                command: concat!($($command)?),
            } ),* ],
            look_alikes: &[ $( (Code::$alike, $why) ),* ],
            apart: &[ $( Step {
                only: &[ $($($when),+)? ],
                on: Side::$by,
                text: $look,
                command: concat!($($with)?),
            } ),* ],
            text: include_str!(concat!("text/", $id, ".md")),
        } ),+ ];
    };
}

catalog! {
    ConnectedOk = Connected."connected.ok" {
        holds: "the handshake completed on the address that an ordinary client would try first";
        headline: "{endpoint} completes the handshake";
        headline "unix": "{endpoint} takes the connection";
        headline "datagram": "a program has the socket {endpoint}, and this user may send to it";
        headline "udp": "{endpoint} answers over UDP";
        alike TimeoutAcceptQueue: "nothing was sent: the queue of its program may be full";
        alike ResolveTimeout: "programs here have no answer yet: a name server may give another address, or fail";
        apart ("datagram") Client: "does the queue in its Recv-Q column go down?" => "ss -xa";
        apart Client: "see what programs here get in the end" => "getent ahosts {host}";
    }
    ConnectedPartial = Connected."connected.partial" {
        holds: "some address works, but the one that clients try first does not, or not within 1 s or ten times the round trip of the one that works";
        headline: "clients try {endpoint} first, and that one fails; {working} completes the handshake";
        headline "slow": "clients try {endpoint} first, and that one has not answered; {working} completes the handshake";
        headline "udp": "clients try {endpoint} first, and that one fails; {working} answers over UDP";
        headline "udp-slow": "clients try {endpoint} first, and that one has not answered; {working} answers over UDP";
        next Client: "diagnose {endpoint} alone, which clients try first" => "whyconn {endpoint}";
        next Client: "see what programs here get, in their order: is each address meant to be there?" => "getent ahosts {host}";
    }

    ResolveNxdomain = Resolve."resolve.nxdomain" {
        holds: "the name does not exist";
        headline: "the name {host} does not exist";
        headline "disagree": "programs here get no address for {host}, though the name server {server} has one";
        headline "alias": "the name {host} is an alias that leads to a name that does not exist";
        headline "numbers": "{host} is no IPv4 address, and no such name exists";
        headline "split": "programs here are told that {host} does not exist, as {server} says, though {having} has it";
        next ("numbers") Client: "an IPv4 address is four numbers from 0 to 255: is one of them mistyped?";
        next Client: "see who may read {hosts_unread}: programs skip it where they can't" => "ls -l {hosts_unread}";
        next ("split") Resolver: "why does it differ from {having}: is one out of date, or for other names?";
        next ("") Client: "{server} has no {asked}: is the name spelt right?";
        next ("") Resolver: "is the record missing from the zone?";
        next ("alias") Resolver: "is {alias_end}, to which the alias leads, right: is its record missing?";
        next ("", "alias") Client: "see what programs here get; no line: no address" => "getent ahosts {host}";
        next ("disagree") Client: "see which sources programs here ask, and in which order" => "grep -s '^hosts:' /etc/nsswitch.conf";
        next ("disagree") Client: "see what the name servers alone give" => "getent -s dns ahosts {host}";
        alike ResolveNoServer: "where this host is told to ask no name server, the C library gives the same answer";
        alike ResolveServfail: "another source of names failed here, and may know the name";
        alike ResolveTimeout: "programs here still wait for a server, or another source of names, that may know better";
        alike LocalDenied: "/etc/hosts may have the name, and this user may not read it";
        alike LocalLimits: "what a program lacks to read /etc/hosts gives the same answer";
        apart Client: "as root: does {hosts_unread} have the name?" => "sudo grep -nw {host} {hosts_unread}";
        apart Client: "see which sources of names programs here ask" => "grep hosts: /etc/nsswitch.conf";
    }
    ResolveNoAddress = Resolve."resolve.no-address" {
        holds: "the name exists, but has no address (of the family asked for)";
        headline: "the name {host} exists, but has no address";
        headline "alias": "the name {host} is an alias that leads to no address";
        headline "disagree": "programs here are told that {host} has no address, though the name server {server} gives one";
        headline "split": "programs here are told that {host} has no address, as {server} says, though {having} gives one";
        headline "asked": "the name {host} has no {family} address";
        headline "family": "the name {host} has no {family} address, only {other_family} ones";
        next Client: "see who may read {hosts_unread}: programs skip it where they can't" => "ls -l {hosts_unread}";
        next ("asked", "family") Client: "ask without {family_flag}, for addresses of either family" => "whyconn {opts_any_family}{typed}";
        next ("", "asked") Resolver: "does the zone lack an A or AAAA record for the name?";
        next ("alias") Resolver: "does {alias_end}, to which the alias leads, lack an A or AAAA record?";
        next ("", "alias") Client: "see what programs here get; no line: no address" => "getent ahosts {host}";
        next ("split") Resolver: "why does it differ from {having}: is one out of date, or for other names?";
        next ("disagree") Client: "see which sources programs here ask, and in which order" => "grep -s '^hosts:' /etc/nsswitch.conf";
        next ("disagree") Client: "see what the name servers alone give" => "getent -s dns ahosts {host}";
        alike ResolveServfail: "a question, A or AAAA, or another source of names may have failed: the C library does not tell";
        alike ResolveNoServer: "where this host is told to ask no name server, the C library gives the same answer";
        alike ResolveTimeout: "programs here still wait for a server, or another source of names, that may know better";
        alike LocalDenied: "/etc/hosts may have the name, and this user may not read it";
        alike LocalLimits: "what a program lacks to read /etc/hosts gives the same answer";
        apart Client: "as root: does {hosts_unread} have the name?" => "sudo grep -nw {host} {hosts_unread}";
        apart Client: "see which sources of names programs here ask" => "grep hosts: /etc/nsswitch.conf";
    }
    ResolveServfail = Resolve."resolve.servfail" {
        holds: "the name servers answer SERVFAIL";
        headline: "the name server {server} fails to look up {host} (SERVFAIL)";
        headline "bogus": "the name server {server} rejects what it finds for {host}: DNSSEC validation fails";
        headline "other": "the name server {server} answers {rcode} for {host}";
        headline "garbled": "the name server {server} answers for {host} what can't be read";
        headline "eai": "the name {host} could not be looked up: the name service says \"try again\"";
        headline "system": "the name {host} could not be looked up: a source of names failed on this host ({eai_errno})";
        next Client: "see who may read {hosts_unread}: programs skip it where they can't" => "ls -l {hosts_unread}";
        next ("", "other") Resolver: "what does its log say, and can it reach the servers of the zone?";
        next ("bogus") Resolver: "see its clock: are the zone's signatures in date by it?" => "date -u";
        next ("bogus") Resolver: "do its trust anchor and the zone's DS record fit the zone's key?";
        next ("garbled") Resolver: "as root: see what answers there: is it a name server?" => "sudo ss -lunp 'sport = :{server_port}'";
        next ("eai") Client: "see which name servers this host is told to ask" => "grep -s nameserver /etc/resolv.conf";
        next ("system") Client: "is the module of each source in nsswitch.conf installed, and does each work?";
        next Client: "ask again: a passing fault goes away" => "getent ahosts {host}";
        alike ResolveRefused: "a name server answers REFUSED, and the C library folds both into one error";
        alike ResolveServerUnreachable: "a name server can't be reached, and the C library folds both into one error";
        alike ResolveNoServer: "with no name server configured, the C library asks 127.0.0.1 and gives the same error";
        alike ResolveNxdomain: "programs here were told that there is no such name, which may be so";
        alike ResolveTimeout: "another name server does not answer; what can't be read counts as no answer as well";
        alike ResolveNoAddress: "programs here were told that the name has no address, before the server failed";
        alike LocalDenied: "/etc/hosts may have the name, and this user may not read it";
        alike LocalLimits: "what a program lacks to read /etc/hosts gives the same answer";
        apart Client: "as root: does {hosts_unread} have the name?" => "sudo grep -nw {host} {hosts_unread}";
        apart Client: "ask that server once more, and see what it says itself" => "whyconn --dns {server_endpoint} {typed}";
        apart Client: "see what programs here get now" => "getent ahosts {host}";
    }
    ResolveRefused = Resolve."resolve.refused" {
        holds: "the name server refuses to answer us";
        headline: "the name server {server} refuses to look up {host} for this host";
        next Client: "see who may read {hosts_unread}: programs skip it where they can't" => "ls -l {hosts_unread}";
        next Resolver: "does its access list let {dns_source} ask, and does it look up foreign names?";
        next Client: "see which name servers this host is told to ask" => "grep -s nameserver /etc/resolv.conf";
        alike ResolveServerUnreachable: "another name server can't be reached";
        alike ResolveNxdomain: "programs here were told that there is no such name, which may be so";
        alike ResolveTimeout: "another name server does not answer";
        alike LocalDenied: "/etc/hosts may have the name, and this user may not read it";
        alike LocalLimits: "what a program lacks to read /etc/hosts gives the same answer";
        apart Client: "as root: does {hosts_unread} have the name?" => "sudo grep -nw {host} {hosts_unread}";
        apart Client: "ask that server once more, and see what it says itself" => "whyconn --dns {server_endpoint} {typed}";
        apart Client: "see what programs here get now" => "getent ahosts {host}";
    }
    ResolveTimeout = Resolve."resolve.timeout" {
        holds: "no name server answered in time";
        headline: "no name server answered for {host} within {dns_waited}: {servers}";
        headline "slow": "the name server {server} takes {dns_elapsed} to answer for {host}, longer than programs here wait";
        headline "passed": "no name server answered for {host} in time; asked again, {server} does";
        headline "half": "the name server {server} answers {half_heard} questions for {host}, and not {half_silent} ones";
        headline "eai": "the name {host} was not answered within {timeout}";
        next Client: "see who may read {hosts_unread}: programs skip it where they can't" => "ls -l {hosts_unread}";
        next ("") Client: "see where the questions end" => "whyconn udp://{server_endpoint}";
        next ("") Resolver: "as root: see whether it runs, and listens there" => "sudo ss -lunp 'sport = :{server_port}'";
        next ("half") Resolver: "what becomes of {half_silent} questions there, by its log: who drops them?";
        next ("passed") Resolver: "was it busy or restarted, by its log, or is it slow for what it has not in its cache?";
        next ("slow") Resolver: "what does it wait for, by its log?";
        next ("slow") Client: "see how long programs here wait: 5 s, or what options timeout says" => "grep -sE '^(nameserver|options)' /etc/resolv.conf";
        next ("eai") Client: "see which name servers this host is told to ask" => "grep -s nameserver /etc/resolv.conf";
        alike ResolveServerUnreachable: "a name server that can't be reached looks the same where the error that would say so is lost or held back";
        alike ResolveServfail: "a name server that answers late, and with an error, looks the same until then";
        alike ResolveNxdomain: "asked again, the server says that there is no such name: that is what programs may get now";
        alike ResolveNoAddress: "asked again, the server has no address for the name: that is what programs may get now";
        alike LocalDenied: "/etc/hosts may have the name, and this user may not read it";
        alike LocalLimits: "what a program lacks to read /etc/hosts gives the same answer";
        apart Client: "as root: does {hosts_unread} have the name?" => "sudo grep -nw {host} {hosts_unread}";
        apart Client: "give that server more time" => "whyconn {opts_longer_asked}--dns {server_endpoint} {typed}";
        apart Client: "see what programs here get now" => "getent ahosts {host}";
    }
    ResolveServerUnreachable = Resolve."resolve.server-unreachable" {
        holds: "the name server's port or host is unreachable";
        headline: "the name server {server} can't be asked for {host}: {server_why}";
        headline "way": "the name server {server} can't be asked for {host}: {server_why}";
        headline "here": "the name server {server} can't be asked for {host}: {server_why}";
        headline "tcp": "the name server {server} has to be asked over TCP for {host}, and can't be ({dns_errno})";
        next Client: "see who may read {hosts_unread}: programs skip it where they can't" => "ls -l {hosts_unread}";
        next ("way", "here") Client: "see why, and what to do about it" => "whyconn udp://{server_endpoint}";
        next ("tcp") Client: "see what is in the way over TCP" => "whyconn {server_endpoint}";
        next ("") Resolver: "as root: see whether a name server runs, and listens there" => "sudo ss -lunp 'sport = :{server_port}'";
        next ("tcp") Resolver: "as root: see whether it listens over TCP as well" => "sudo ss -ltnp 'sport = :{server_port}'";
        next Client: "see which name servers this host is told to ask" => "grep -s nameserver /etc/resolv.conf";
        alike ResolveTimeout: "another name server does not answer, or this one is only slow";
        alike ResolveNoServer: "where none is configured, the C library asks 127.0.0.1: nobody could look which it is";
        alike LocalDenied: "/etc/hosts may have the name, and this user may not read it";
        alike LocalLimits: "what a program lacks to read /etc/hosts gives the same answer";
        apart Client: "as root: does {hosts_unread} have the name?" => "sudo grep -nw {host} {hosts_unread}";
        apart Client: "give that server more time" => "whyconn {opts_longer_asked}--dns {server_endpoint} {typed}";
        apart Client: "see what programs here get now" => "getent ahosts {host}";
    }
    ResolveNoServer = Resolve."resolve.no-server" {
        holds: "no name server is configured, or ordinary programs are told not to ask any (nsswitch)";
        headline: "no name server is configured on this host to look up {host}";
        headline "skipped": "no name server is configured on this host to look up {host}: line {skipped_line} of /etc/resolv.conf can't be read as one";
        headline "unreadable": "programs of this user ask no configured name server for {host}: /etc/resolv.conf could not be read";
        headline "nsswitch": "programs on this host are told to ask no name server for {host} (nsswitch.conf)";
        next Client: "see who may read {hosts_unread}: programs skip it where they can't" => "ls -l {hosts_unread}";
        next ("nsswitch") Client: "as root: have programs ask name servers too, unless that is off on purpose" => "sudo sed -i 's/^hosts:.*/hosts: {sources} dns/' /etc/nsswitch.conf";
        next ("nsswitch") Client: "see which sources programs here ask" => "grep -s '^hosts:' /etc/nsswitch.conf";
        next ("unreadable") Client: "see which part of the path bars this user" => "namei -l /etc/resolv.conf";
        next ("unreadable") Client: "as root: if it is the file's mode, let all users read it" => "sudo chmod a+r /etc/resolv.conf";
        next ("skipped") Client: "see that line: is anything before the word or behind the address (^M, M-)?" => "cat -A /etc/resolv.conf";
        next ("") Client: "see what is configured: which name server should this host ask?" => "grep -s nameserver /etc/resolv.conf";
        alike ResolveNxdomain: "another source of names may have been asked, and not have it";
        alike ResolveServerUnreachable: "a name server may be meant to run on 127.0.0.1, where programs ask then";
        alike ResolveTimeout: "something on 127.0.0.1 may be slow to answer";
        alike ResolveNoAddress: "the hosts file may have the name in the other family: nobody asked";
        alike LocalDenied: "/etc/hosts may have the name, and this user may not read it";
        alike LocalLimits: "what a program lacks to read /etc/hosts gives the same answer";
        apart Client: "as root: does {hosts_unread} have the name?" => "sudo grep -nw {host} {hosts_unread}";
        apart ("unreadable") Client: "as root: which name servers does it have?" => "sudo grep -s nameserver /etc/resolv.conf";
        apart Client: "see which sources of names programs here ask" => "grep hosts: /etc/nsswitch.conf";
    }
    ResolveBadName = Resolve."resolve.bad-name" {
        holds: "the name can't be looked up at all: empty or over-long label, illegal characters";
        headline: "{host} can't be looked up: it is not a host name";
        headline "empty-label": "{host} can't be looked up: its label {label} is empty";
        headline "long-label": "{host} can't be looked up: the label {label} is longer than 63 characters";
        headline "long-name": "{host} can't be looked up: the name is longer than 253 characters";
        headline "non-ascii": "{host} can't be looked up: it has characters outside ASCII";
        headline "characters": "{host} can't be looked up: the label {label} has characters that no host name has";
        next Client: "is it spelt as meant: labels of 1 to 63 letters, digits and hyphens, and dots between?";
        next ("non-ascii") Client: "which is its xn-- form (RFC 5891), that can be looked up?";
    }

    AliasLocalhostFamily = Alias."alias.localhost-family" {
        holds: "a loopback name leads to one family, the service listens on the other";
        headline: "{host} leads to {address}, but port {port} is open here only on {listeners}";
        next Client: "connect to the address on which it listens" => "whyconn {listener_endpoint}";
        next Client: "as root: give {host} that address too, for all programs here" => "echo {listener_ip} {host} | sudo tee -a /etc/hosts";
        next Target: "as root: see which service it is, to have it listen on {address} too" => "sudo ss -l{ss}np 'sport = :{port}'";
        alike RefusedRst: "the reset may have another reason than the missing listener";
        alike RefusedIcmpPort: "the refusal may have another reason than the missing listener";
        apart Client: "is what listens there the service?" => "ss -l{ss}np 'sport = :{port}'";
    }
    AliasLocalhostMapping = Alias."alias.localhost-mapping" {
        holds: "localhost does not resolve for ordinary programs, or leads to something that is not loopback";
        headline: "{host} leads to {address}, which is not loopback, and {address} refuses port {port}";
        headline "unresolved": "{host} does not resolve for programs on this host";
        headline "unread": "{host} does not resolve for programs of this user: /etc/hosts could not be read";
        headline "broken": "{host} does not resolve for programs on this host: /etc/hosts could not be read";
        next ("") Client: "as root: put the loopback address into {hosts_line}" => "sudo sed -i '{hosts_number}s/[^[:space:]][^[:space:]]*/{loopback}/' /etc/hosts";
        next ("unresolved") Client: "as root: give {host} its addresses" => "echo 127.0.0.1 {host} | sudo tee -a /etc/hosts; echo ::1 {host} | sudo tee -a /etc/hosts";
        next ("unread") Client: "see who may read it" => "ls -l /etc/hosts";
        next ("unread") Client: "as root: let all users read it, as programs expect" => "sudo chmod a+r /etc/hosts";
        next ("broken") Client: "see what is there: programs can read a plain file alone" => "ls -ldL /etc/hosts";
        next ("") Client: "see what the hosts file has: localhost belongs to 127.0.0.1 and ::1" => "grep -nw {host} /etc/hosts";
        next Client: "see the sources that programs here ask: files should be one" => "grep -s '^hosts:' /etc/nsswitch.conf";
        alike ResolveTimeout: "a name server may be slow to answer for the name";
        alike LocalDenied: "/etc/hosts may have the name, and this user may not read it";
        alike LocalLimits: "what a program lacks to read /etc/hosts gives the same answer";
        alike ResolveNoAddress: "it may have addresses of the other family: nobody asked";
        apart Client: "as root: does {hosts_unread} have the name?" => "sudo grep -nw {host} {hosts_unread}";
        apart Client: "see what programs here get in the end" => "getent ahosts {host}";
    }
    AliasBoundElsewhere = Alias."alias.bound-elsewhere" {
        holds: "the target is this host, and the port is open here, but on another local address or in another network namespace";
        headline: "you asked for {endpoint}; port {port} is open here only on {listeners}";
        headline "device": "you asked for {endpoint}; port {port} is open here only through the device {listener_device}: {listeners}";
        headline "namespace": "nothing listens on {endpoint}; port {port} is open in another network namespace of this machine: {foreign}";
        next ("") Client: "connect to the address on which it listens" => "whyconn {listener_endpoint}";
        next ("device") Client: "see the addresses of {listener_device}: the service answers on those" => "ip -br address show dev {listener_device}";
        next ("", "device") Target: "as root: see which service it is, to have it listen on {address} too" => "sudo ss -l{ss}np 'sport = :{port}'";
        next ("namespace") Client: "as root: ask from inside that namespace" => "sudo nsenter -t {foreign_pid} -n \"$(command -v whyconn)\" {foreign_endpoint}";
        next ("namespace") Client: "as root: see which processes that namespace has" => "sudo find /proc/[0-9]*/net/tcp -maxdepth 0 -inum {foreign_inode}";
        next ("namespace") Client: "should that port be published, or its service listen on more than its loopback?";
        alike RefusedRst: "that listener may have nothing to do with what you want to reach";
        alike RefusedSelfConnect: "that listener may have nothing to do with what you want to reach";
        alike RefusedIcmpPort: "that listener may have nothing to do with what you want to reach";
        apart ("namespace") Client: "is what listens there what you want to reach?";
        apart Client: "is what listens there the service?" => "ss -l{ss}np 'sport = :{port}'";
    }
    AliasHostsOverride = Alias."alias.hosts-override" {
        holds: "/etc/hosts pins the name to an address that fails, while DNS gives another";
        headline: "{hosts_line} sends {host} to {address}, which fails; the name servers give {others}";
        next Client: "as root: comment {hosts_line} out, if the name servers are right" => "sudo sed -i '{hosts_number}s/^/# /' /etc/hosts";
        next Client: "see that line" => "sed -n {hosts_number}p /etc/hosts";
        next Client: "see what the name servers have" => "getent -s dns ahosts {host}";
        alike RefusedRst: "the service may be down, whichever address the name leads to";
        alike RefusedIcmpPort: "the service may be down, whichever address the name leads to";
        apart Client: "ask the address that the name servers give";
    }

    RefusedRst = Refused."refused.rst" {
        holds: "a TCP reset came back, as from a host on which nothing listens on the port";
        headline: "{endpoint} answered with a reset, as where nothing listens";
        headline "local": "{endpoint}, on this host, answered with a reset, as where nothing listens";
        headline "nothing-here": "nothing listens on {endpoint}, on this host: its TCP answered with a reset";
        headline "sinkhole": "{host} leads to {address}, as a filter of names answers: the connection ended at this host, with a reset";
        headline "forwarded": "{endpoint} is forwarded by this host, and what is behind it answered with a reset";
        headline "intercepted": "this host itself answered for {endpoint} with a reset: connections are redirected to a port on which nothing listens";
        next ("", "local") Target: "as root: see what listens on the port; no line below the heading: nothing does" => "sudo ss -ltnp 'sport = :{port}'";
        next ("", "local") Target: "as root: if something does, find the rule that rejects it" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        next ("nothing-here") Target: "as root: see all that listens here: is the service there, on another port?" => "sudo ss -ltnp";
        next ("sinkhole") Client: "see what programs here get for the name: is it blocked on purpose?" => "getent ahosts {host}";
        next ("forwarded", "intercepted") Client: "as root: find the rule, and where it leads" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|dnat|redirect'";
        alike RefusedRstForged: "a firewall on the way can send the reset in the target's name";
        alike LocalFirewallReject: "this host's own packet filter can answer with the same reset";
        alike AliasBoundElsewhere: "the service may listen on another address of this host, or in another network namespace";
        alike RefusedIcmpPort: "an ICMP error gives the same errno";
        apart Target: "as root: does the SYN arrive, and does the reset leave?" => "sudo tcpdump -ni any '{port_filter}'";
    }
    RefusedRstForged = Refused."refused.rst-forged" {
        holds: "the reset was sent by something nearer than the target";
        headline: "a reset came back for {endpoint}, sent by something nearer than the target";
        next Router: "as root, on {router}: find the rule that rejects port {port} of {address}" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject|dnat|redirect'";
        alike RefusedRst: "a packet of another kind may have taken a longer way than the SYN";
        alike LocalFirewallReject: "this host's own packet filter can answer at once, too";
        apart Target: "as root: does it send the reset itself?" => "sudo tcpdump -ni any '{port_filter}'";
    }

    RefusedIcmpPort = Refused."refused.icmp-port" {
        holds: "ICMP port unreachable came back";
        headline: "{address} rejects port {port} by ICMP port unreachable: a packet filter there does that";
        headline "unseen": "port {port} of {address} was rejected by ICMP; this kernel does not show by whom";
        headline "udp": "{address} answers that its UDP port {port} is closed (ICMP port unreachable)";
        headline "nothing-here": "nothing listens on UDP {endpoint}, on this host: it answered with ICMP port unreachable";
        headline "intercepted": "this host itself answered for UDP {endpoint} with ICMP port unreachable: datagrams are redirected to a port that nothing has";
        headline "router": "{sender}, on the way, rejects port {port} of {address} by ICMP port unreachable";
        headline "nearer": "something nearer than {address} rejects port {port} in its name, by ICMP port unreachable";
        next ("") Target: "as root: find the rule that rejects port {port}, or leads elsewhere" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject|dnat'";
        next ("nearer") Router: "as root, on {router}: find the rule that rejects port {port}, or leads it elsewhere" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject|dnat'";
        next ("router") Router: "as root, on {router}: find the rule that rejects port {port} of {address}" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        next ("udp") Target: "as root: see what has the port; no line below the heading: nothing does" => "sudo ss -lunp 'sport = :{port}'";
        next ("udp") Target: "as root: if something does, find the rule that rejects it" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        next ("nothing-here") Target: "as root: see all that listens here: is the service there, on another port?" => "sudo ss -lunp";
        next ("intercepted") Client: "as root: find the rule, and where it leads" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|dnat|redirect'";
        next ("unseen") Target: "as root: does a rule there reject port {port}?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        alike AliasBoundElsewhere: "the service may be bound to another address of this host, or in another network namespace";
        alike TimeoutSilent: "only SYNs of the path sweep drew the error, the attempt itself stayed without an answer";
        alike RefusedRst: "a reset and an ICMP error give the same errno";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same way";
        apart Target: "as root: does it arrive there, and does the ICMP error leave?" => "sudo tcpdump -ni any '{port_filter} or icmp or icmp6'";
    }
    RefusedSelfConnect = Refused."refused.self-connect" {
        holds: "the kernel joined the socket to itself: source and destination are the same, nothing listens";
        headline: "nothing listens on {endpoint}: the kernel joined the socket to itself";
        headline "udp": "nothing else listens on UDP {endpoint}: the datagram came back to the socket that sent it";
        next Target: "as root: see what listens on the port; no line below the heading: nothing does" => "sudo ss -l{ss}np 'sport = :{port}'";
        next Client: "see the range of outgoing ports: a service's port belongs outside of it" => "cat /proc/sys/net/ipv4/ip_local_port_range";
    }
    RefusedStaleSocket = Refused."refused.stale-socket" {
        holds: "a unix socket (file or abstract name) on which nothing listens any more or yet";
        headline: "nothing listens on the socket {host}";
        headline "bound": "a program has bound the socket {host}, and does not listen on it";
        headline "shut": "the listener on {host} has shut its socket down";
        headline "replaced": "nothing listens on the socket {host}: a program listens on another one that was bound there before";
        headline "abstract": "nothing has the abstract name {host} in this network namespace";
        headline "padded": "nothing has the abstract name {host}: a program has it with {unix_padding} NUL bytes behind it, which is another name";
        headline "namespace": "nothing has the abstract name {host} in this network namespace; another one of this machine has it: {unix_elsewhere}";
        next ("") Target: "see whose the file is, and since when: does its service run?" => "ls -l {host}";
        next ("bound") Target: "as root: see which program has it: is it still starting?" => "sudo ss -lxp src {unix_listed}";
        next ("shut") Target: "as root: see which program has it: is it shutting down?" => "sudo ss -lxp src {unix_listed}";
        next ("replaced") Target: "as root: see which program to restart, so that it makes its file anew" => "sudo ss -lxp src {unix_listed}";
        next ("padded") Target: "as root: see which program has the padded name: should it bind the bare one?" => "sudo ss -lxp";
        next ("namespace") Client: "as root: ask from inside that namespace" => "sudo nsenter -t {unix_pid} -n \"$(command -v whyconn)\" {typed}";
        next ("", "abstract") Target: "as root: see where programs here do listen" => "sudo ss -lxp";
        alike UnreachableNoSocket: "the file there may be no socket: it could not be looked at";
        alike ConnectedOk: "a program may listen on it by now";
        alike LocalSocketType: "a socket of another type may have the name: the kernel's list could not be read";
        apart Client: "run it again, as a user who may look at the file" => "whyconn {opts}{typed}";
    }

    TimeoutSilent = Timeout."timeout.silent" {
        holds: "no answer to the SYNs, and no sign that the target is up";
        headline: "nothing came back from {address} for {syns} in {elapsed}";
        headline "udp": "nothing came back from {address} for {payload} to UDP port {port} in {elapsed}";
        headline "others-rejected": "nothing came back from {address}; others on this way are rejected with {beside}, and routers send few of those";
        next Router: "on {after}, the last hop that answered: see where it sends packets to {address}" => "ip {family_flag} route get {address}";
        next ("others-rejected") Client: "ask for this target alone, when the list is done" => "whyconn {opts}{typed}";
        next ("") Target: "as root: is it up, and does a rule drop what comes in?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|drop'";
        next ("") Target: "see whether it has a route back to {from}" => "ip {family_flag} route get {from}";
        next ("udp") Target: "as root: see whether the service runs, and has the port" => "sudo ss -lunp 'sport = :{port}'";
        next ("udp") Client: "does the service answer {payload} at all, or only its own kind of question?";
        alike UnreachableIcmpAdmin: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike UnreachableIcmpHost: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike UnreachableIcmpNet: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike UnreachableIcmpProtocol: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike UnreachableIcmpOther: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike RefusedIcmpPort: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike TimeoutPortSilent: "the target may be up, and drop this port";
        alike TimeoutAcceptQueue: "a full accept queue at the target is silent too";
        alike TimeoutTooShort: "the answer may take longer than {timeout}";
        alike LocalReplyDropped: "this host's own filter may drop the answer";
        alike LocalFirewallDrop: "this host's own filter may drop the SYN";
        alike UnreachableGateway: "a gateway that died lately is still in the neighbour table";
        alike UnreachableNeighbor: "the fixed entry for it in the neighbour table may be wrong";
        apart ("udp") Target: "as root: does the datagram arrive, and does an answer leave?" => "sudo tcpdump -ni any '{port_filter}'";
        apart Target: "as root: no SYN: lost on the way; no SYN-ACK: the target; both: the way back" => "sudo tcpdump -ni any '{port_filter}'";
    }
    TimeoutPortSilent = Timeout."timeout.port-silent" {
        holds: "the target answers other packets, but nothing on this port";
        headline: "{address} is up, but nothing answers on port {port}";
        headline "local": "{address} is this host, but nothing answers on port {port}";
        headline "udp": "{address} is up, but UDP port {port} does not answer {payload}; a service may keep silent on that";
        headline "udp-local": "UDP port {port} of {address}, this host, does not answer {payload}; a service may keep silent on that";
        next ("udp", "udp-local") Target: "see whether the service has the port; a Recv-Q that stays is not being read" => "ss -lun 'sport = :{port}'";
        next Target: "as root: does a rule drop port {port}?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|drop'";
        next ("", "local") Target: "see whether the service listens; Recv-Q above Send-Q: its accept queue is full" => "ss -ltn 'sport = :{port}'";
        next ("") Router: "as root, on {after}, the last hop that answered: does a rule drop port {port}?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|drop'";
        next ("udp", "udp-local") Client: "does the service answer {payload} at all, or only its own kind of question?";
        alike UnreachableIcmpAdmin: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike UnreachableIcmpHost: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike UnreachableIcmpNet: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike UnreachableIcmpProtocol: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike UnreachableIcmpOther: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike RefusedIcmpPort: "others on this way are rejected with {beside}: the rejection of this one may never have been sent";
        alike TimeoutSilent: "something else may answer {arp} for it, as some routers and virtual switches do";
        alike TimeoutAcceptQueue: "a full accept queue drops SYNs in silence too";
        alike TimeoutTooShort: "the answer may take longer than {timeout}";
        alike LocalReplyDropped: "this host's own filter may drop the answer";
        alike LocalFirewallDrop: "this host's own filter may drop what comes to the port";
        apart ("udp") Target: "as root: does the datagram arrive, and does an answer leave?" => "sudo tcpdump -ni any '{port_filter}'";
        apart Target: "as root: no SYN: lost on the way; no SYN-ACK: the target; both: the way back" => "sudo tcpdump -ni any '{port_filter}'";
    }
    TimeoutAcceptQueue = Timeout."timeout.accept-queue" {
        holds: "the listener (here, or a unix socket) has a full accept queue";
        headline: "the listener on {endpoint} has a full accept queue";
        headline "unix": "the listener on {endpoint} has a full accept queue: no room within {unix_full}";
        next ("") Target: "as root: see which program it is, and its queue: Recv-Q above Send-Q is full" => "sudo ss -ltnp 'sport = :{port}'";
        next ("unix") Target: "as root: see which program it is, and its queue: Recv-Q above Send-Q is full" => "sudo ss -lxp src {unix_listed}";
        next Target: "see what it waits for: is it stopped (STAT T), or stuck?" => "ps -o pid,stat,wchan,args -p {listener_pid}";
        next Target: "what does {listener_unit} say of itself?" => "systemctl status {listener_unit}";
        alike TimeoutPortSilent: "another listener's queue may have overflowed at the same moment";
        alike LocalFirewallDrop: "the input filter comes before the queue: no extra SYN was sent to tell";
        apart Target: "does ListenOverflows rise with each try?" => "nstat -az TcpExtListenOverflows";
    }
    TimeoutAnswerInvalid = Timeout."timeout.answer-invalid" {
        holds: "packets come back for this very connection, but none that completes the handshake";
        headline: "{address} answers on port {port}, but with packets that do not fit this connection";
        headline "elsewhere": "answers for {endpoint} seem to come from another address or port, and fit no connection here";
        headline "broken": "{address} answers on port {port}, and what it says comes in with a wrong checksum";
        headline "unclaimed": "an answer from {endpoint} seems to come from another address or port, and fits no socket here";
        next ("unclaimed") Target: "does the service answer from another of its addresses (it should bind each one)?";
        next ("unclaimed") Router: "is the answer rewritten on the way (NAT), or does something else answer?";
        next ("broken") Router: "does something on the way (NAT, a tunnel) rewrite packets, and not their checksums?";
        next ("broken") Target: "does its device leave checksums to nobody (`ethtool -K DEVICE tx off` ends that)?";
        next ("elsewhere") Router: "does one send it on to a server that answers past it (hairpin NAT without masquerade)?";
        next ("elsewhere") Target: "does it answer from another address, or past a balancer (direct server return)?";
        next ("") Client: "try again from another source port: a new connection for everybody" => "whyconn {opts_any_port}{typed}";
        next ("") Target: "see what it has of this connection: an old one with the same numbers?" => "ss -tan 'sport = :{port} and dport = :{own_port}'";
        alike TimeoutSilent: "the packets that came may be strays, and the real answer lost";
        alike LocalReplyDropped: "what came in may be another program's, and a filter here keep the answers";
        alike TimeoutPortSilent: "the datagram that came may be for another program";
        apart ("unclaimed") Client: "as root: from which address and port does it come?" => "sudo tcpdump -ni any udp";
        apart ("broken") Client: "as root: what comes back, and is it marked `incorrect`?" => "sudo tcpdump -vni any '{port_filter}'";
        apart ("elsewhere") Client: "as root: from which address and port do they come?" => "sudo tcpdump -ni any tcp";
        apart Client: "as root: which packets come back?" => "sudo tcpdump -ni any '{port_filter}'";
    }
    TimeoutTooShort = Timeout."timeout.too-short" {
        holds: "the answer arrived, after the deadline that was asked for: the timeout is shorter than the round trip";
        headline: "{endpoint} answers, but not within {timeout}";
        next Client: "give it more time" => "whyconn {opts_longer}{typed}";
        alike TimeoutSilent: "a packet or its answer may have been lost on the way";
        alike UnreachableGateway: "the gateway answered {arp} late: once it is known, the round trip may be short";
        alike UnreachableNeighbor: "it answered {arp} late: once it is known, the round trip may be short";
        apart Client: "give it more time" => "whyconn {opts_longer}{typed}";
    }

    UnreachableNoRoute = Unreachable."unreachable.no-route" {
        holds: "this host has no route to the target; nothing was sent";
        headline: "this host has no route to {address}";
        headline "lost": "the route to {address} went away while the connect was waiting";
        headline "udp-lost": "the route to {address} went away while the answer was awaited";
        headline "device": "this host has no route to {address} by device {device}: it asks for it there by {arp}, in vain";
        headline "not-unicast": "{address} is not the address of one host: TCP can't be sent there";
        headline "udp-not-unicast": "{address} is not the address of one host: no datagram was sent, which would go to many";
        next ("device") Client: "see the routes by that device: is one to {address} missing?" => "ip {family_flag} route show dev {device}";
        next ("device") Client: "see which way leads there without -i" => "ip {family_flag} route get {address}";
        next ("", "lost", "udp-lost") Client: "see the routes: is a default route, or one to {address}, missing?" => "ip {family_flag} route";
        next ("", "lost", "udp-lost") Client: "see the links: is the one that leads there up, with its address?" => "ip -br {family_flag} address";
        next ("not-unicast", "udp-not-unicast") Client: "see what kind of address it is: was that of one host meant?" => "ip {family_flag} route get {address}";
        alike UnreachableLocalRoute: "a throw route, or a rule or route that refuses, looks the same";
        alike LocalDenied: "a local policy can fail the connect with the same error";
        alike TimeoutSilent: "what went out before may have been answered";
        alike UnreachableNeighbor: "it may be meant to be on that link, and its address to be missing there";
        alike LocalInterface: "a device that is down takes its routes with it: not all of the devices and addresses could be looked at";
        apart Client: "see the rules and the routes that they lead to" => "ip {family_flag} rule";
    }
    UnreachableLocalRoute = Unreachable."unreachable.local-route" {
        holds: "a local unreachable, prohibit, blackhole or throw route, or rule, matches";
        headline: "this host refuses to send to {address}: {refusal} says so";
        headline "rule": "this host refuses to send to {address}: {refusal} says so";
        headline "several": "this host refuses to send to {address}: {refusal} says so";
        headline "unseen": "this host refuses to send to {address}: the route lookup fails with {errno}";
        headline "detour": "this host refuses to send to {endpoint} ({errno}), and its route to {address} does not";
        next ("") Client: "as root: take that route out, unless it is there on purpose" => "sudo ip {family_flag} {refusal_removal}";
        next ("rule") Client: "as root: take that rule out, unless it is there on purpose" => "sudo ip {family_flag} {refusal_removal}";
        next ("") Client: "see that route, and who put it there (proto)" => "ip {family_flag} route show table all type {refusal_type}";
        next ("rule") Client: "see the rules" => "ip {family_flag} rule";
        next ("detour") Client: "as root: does a rule mark it, or rewrite its address, for another route?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|mark|dnat'";
        next ("several", "unseen", "detour") Client: "see all rules and routes: which of them refuses?" => "ip {family_flag} rule; ip {family_flag} route show table all";
        alike LocalDenied: "a local policy can fail the call with the same error";
        apart Client: "see the route for this very address" => "ip route get {address}";
    }
    UnreachableNeighbor = Unreachable."unreachable.neighbor" {
        holds: "the target is on our link, and does not answer ARP / neighbour discovery";
        headline: "{address} should be on device {device}, and does not answer {arp}";
        next Target: "see its addresses: is it up, on this link, with {address}?" => "ip -br {family_flag} address";
        next Client: "see the neighbour entry: INCOMPLETE, FAILED or none is no answer" => "ip {family_flag} neigh show {address} dev {device}";
        next Client: "see the route that puts it on this link: should a gateway lead there?" => "ip {family_flag} route get {address}";
        alike TimeoutPortSilent: "the neighbour may yet answer: it had only {elapsed}";
        alike LocalReplyDropped: "packets came in by the device whenever an answer was due: this host may drop them";
        alike LocalFirewallDrop: "not each of its questions was seen to leave: its own filter may drop {arp}";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same words";
        alike LocalInterface: "nobody answers on a device without carrier either: it could not be looked at";
        alike UnreachableNoRoute: "no route may lead there by the device that was asked for: nobody could look";
        apart Client: "as root: is a rule of this host's own in the way?" => "sudo nft -a list ruleset";
    }
    UnreachableGateway = Unreachable."unreachable.gateway" {
        holds: "the gateway does not answer ARP / neighbour discovery";
        headline: "the gateway {gateway} on device {device} does not answer {arp}";
        headline "stale": "the gateway {gateway} on device {device} has stopped answering";
        headline "detour": "this host sends what is for {endpoint} another way than its route says, and nobody there answers {arp}";
        next ("detour") Client: "as root: find the rule that marks it for another route, or rewrites its address" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|mark|dnat'";
        next ("detour") Client: "see which neighbours do not answer (the kernel soon forgets them)" => "ip {family_flag} neigh show nud failed nud incomplete";
        next ("", "stale") Client: "see the routes by this device: is {gateway} the right gateway?" => "ip {family_flag} route show dev {device}";
        next ("", "stale") Router: "on the machine that should have {gateway}: is it up, with this address?" => "ip -br {family_flag} address";
        next ("", "stale") Client: "see the neighbour entry: INCOMPLETE, FAILED or none is no answer" => "ip {family_flag} neigh show {gateway} dev {device}";
        alike UnreachableNeighbor: "the address to which it is rewritten may be one on a link of this host";
        alike TimeoutSilent: "the gateway may yet answer, and what was sent be lost behind it";
        alike LocalReplyDropped: "packets came in by the device whenever an answer was due: this host may drop them";
        alike LocalFirewallDrop: "not each of its questions was seen to leave: its own filter may drop {arp}";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same words";
        alike LocalInterface: "nobody answers on a device without carrier either: it could not be looked at";
        apart ("detour") Client: "see the rules of routing, and what marks they ask for" => "ip {family_flag} rule";
        apart Client: "see whether the gateway is REACHABLE again" => "ip {family_flag} neigh show {gateway} dev {device}";
    }
    UnreachableIcmpNet = Unreachable."unreachable.icmp-net" {
        holds: "a router (or the target) answered ICMP network unreachable";
        headline: "{sender} says that it can't reach the network of {address} ({icmp})";
        headline "nearer": "something nearer than {address} says in its name that its network can't be reached ({icmp})";
        next ("nearer") Router: "as root, on {router}: find the rule that leads {address} elsewhere, or rejects" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject|dnat'";
        next Router: "on {router}: see whether it has a route to {address}" => "ip {family_flag} route get {address}";
        next Router: "as root, on {router}: or does a rule answer so?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        alike TimeoutSilent: "only packets of the path sweep drew the error, the attempt itself stayed without an answer";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same way";
        apart Client: "try again, for longer" => "whyconn {opts_longer}{typed}";
    }
    UnreachableIcmpHost = Unreachable."unreachable.icmp-host" {
        holds: "a router (or the target) answered ICMP host unreachable";
        headline: "{sender} says that it can't reach {address} ({icmp})";
        headline "nearer": "something nearer than {address} says in its name that it can't be reached ({icmp})";
        next ("nearer") Router: "as root, on {router}: find the rule that leads {address} elsewhere, or rejects" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject|dnat'";
        next Router: "on {router}: see whether {address} answers {arp}; FAILED or none: it does not" => "ip {family_flag} neigh show {address}";
        next Target: "see its addresses: is it up, on its link, with {address}?" => "ip -br {family_flag} address";
        next Router: "as root, on {router}: or does a rule answer so?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        alike TimeoutSilent: "only packets of the path sweep drew the error, the attempt itself stayed without an answer";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same way";
        alike UnreachableGateway: "this host may send it another way, to a neighbour that does not answer, and say so in the target's name";
        apart Client: "try again, for longer" => "whyconn {opts_longer}{typed}";
    }
    UnreachableIcmpAdmin = Unreachable."unreachable.icmp-admin" {
        holds: "a router (or the target) answered that it is administratively prohibited";
        headline: "{sender} prohibits this connection ({icmp})";
        headline "nearer": "something nearer than {address} prohibits this connection in its name ({icmp})";
        headline "udp": "{sender} prohibits UDP to port {port} of {address} ({icmp})";
        next ("nearer") Router: "as root, on {router}: find the rule that rejects port {port}, or leads it elsewhere" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject|dnat'";
        next ("", "udp") Router: "as root, on {router}: find the rule that rejects port {port} of {address}" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        next ("", "udp") Router: "on {router}: or see the route that says so" => "ip {family_flag} route get {address}";
        next ("target") Target: "as root: find the rule that rejects port {port}" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        alike TimeoutSilent: "only SYNs of the path sweep drew the error, the attempt itself stayed without an answer";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same way";
        apart Client: "try again, for longer" => "whyconn {opts_longer}{typed}";
    }
    UnreachableIcmpProtocol = Unreachable."unreachable.icmp-protocol" {
        holds: "a router (or the target) answered ICMP protocol unreachable";
        headline: "{sender} says that {transport} is not spoken at {address} ({icmp})";
        headline "nearer": "something nearer than {address} says in its name that {transport} is not spoken there ({icmp})";
        next ("nearer") Router: "as root, on {router}: find the rule that rejects {transport}, or leads it elsewhere" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject|dnat'";
        next ("") Router: "as root, on {router}: find the rule that rejects {transport} to {address}" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        next ("target") Target: "as root: find the rule that rejects {transport}" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        alike TimeoutSilent: "only SYNs of the path sweep drew the error, the attempt itself stayed without an answer";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same way";
        apart Client: "try again, for longer" => "whyconn {opts_longer}{typed}";
    }
    UnreachableIcmpOther = Unreachable."unreachable.icmp-other" {
        holds: "a router (or the target) answered another ICMP error";
        headline: "{sender} ended the connection by an ICMP error: {icmp}";
        headline "nearer": "something nearer than {address} ended the connection in its name, by an ICMP error: {icmp}";
        headline "udp": "{sender} answered the datagram with an ICMP error: {icmp}";
        headline "unseen": "an error packet ended the connection ({errno}); this kernel does not show it";
        headline "udp-unseen": "an error packet answered the datagram ({errno}); this kernel does not show it";
        headline "own-ttl": "this host's own TTL is too small: it runs out at {sender}, on the way to {address}";
        headline "time-exceeded": "the SYN's TTL ran out at {sender} on the way to {address}";
        headline "udp-time-exceeded": "the datagram's TTL ran out at {sender} on the way to {address}";
        next ("nearer") Router: "as root, on {router}: does a rule answer so, or lead {address} elsewhere?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject|dnat'";
        next ("own-ttl") Client: "as root: send with the usual TTL again" => "sudo sysctl -w {ttl_setting}=64";
        next ("own-ttl") Client: "see the route, which prescribes TTL {route_ttl}: is that meant?" => "ip {family_flag} route get {address}";
        next ("time-exceeded", "udp-time-exceeded") Router: "on {router}: see where it sends packets to {address}" => "ip {family_flag} route get {address}";
        next ("own-ttl", "time-exceeded", "udp-time-exceeded") Client: "see this host's own TTL, 64 as a rule: is it too small?" => "grep . {ttl_file}";
        next ("", "udp") Router: "as root, on {router}: does a rule answer so?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        next ("unseen", "udp-unseen") Client: "which firewall or router on the way answers so, by its log?";
        alike UnreachableLoop: "a routing loop wears the TTL out too";
        alike TimeoutSilent: "only SYNs of the path sweep drew the error, the attempt itself stayed without an answer";
        alike UnreachableIcmpNet: "{errno} alone names no sender and no code";
        alike UnreachableIcmpHost: "{errno} alone names no sender and no code";
        alike UnreachableIcmpAdmin: "{errno} alone names no sender and no code";
        alike UnreachableIcmpProtocol: "{errno} alone names no sender and no code";
        alike UnreachableNeighbor: "this host gives the same error when the target does not answer {arp}";
        alike UnreachableGateway: "this host gives the same error when the gateway does not answer {arp}";
        alike LocalFirewallReject: "this host's own packet filter can answer in the same way";
        apart Client: "try again, for longer" => "whyconn {opts_longer}{typed}";
    }
    UnreachableLoop = Unreachable."unreachable.loop" {
        holds: "TTL expired on the way: the packets go round in a loop";
        headline: "packets to {address} go round in a loop";
        headline "flow": "packets of this connection to {address} go round, while others get farther";
        headline "back": "packets to {address} come back to this host, as if the way led through it";
        next ("back") Router: "on {router}, and on each behind it: see where it sends packets to {address}" => "ip {family_flag} route get {address}";
        next ("", "flow") Router: "on {router}, and on each that repeats: see where it sends packets to {address}" => "ip {family_flag} route get {address}";
        next ("flow") Router: "on {router}: see whether a rule sends this flow another way" => "ip {family_flag} rule";
        alike TimeoutSilent: "packets of the sweep may have taken ways of unequal length";
        alike UnreachableIcmpOther: "this host may send these packets with a TTL that is too small";
        alike LocalReplyDropped: "what comes in may be other packets, for an address that this host has not";
        apart ("back") Client: "as root: do the SYNs come in again?" => "sudo tcpdump -ni any '{port_filter}'";
        apart Client: "do the same routers repeat for other packets, too?" => "tracepath -n {address}";
    }
    UnreachableNoSocket = Unreachable."unreachable.no-socket" {
        holds: "no such unix socket, or the file there is not a socket";
        headline: "there is no socket at {host}";
        headline "missing": "there is no socket at {host}: {unix_at} does not exist";
        headline "link": "there is no socket at {host}: the symbolic link {unix_link} leads to {unix_at}, which does not exist";
        headline "not-a-directory": "there is no socket at {host}: {unix_at} is not a directory";
        headline "not-a-socket": "{host} is {unix_what}, not a socket";
        headline "removed": "there is no file {unix_at}, though a program listens on a socket that was bound there";
        next ("") Client: "see where the path goes round, or stops" => "namei -l {host}";
        next ("missing") Client: "see what is there: has it another name?" => "ls -la {unix_parent}";
        next ("link") Client: "see where the link leads" => "ls -l {unix_link}";
        next ("not-a-directory") Client: "see what is there in place of a directory" => "ls -ld {unix_at}";
        next ("not-a-socket") Client: "see what lies there" => "ls -ld {host}";
        next ("removed") Target: "as root: see which program to restart, so that it makes its file anew" => "sudo ss -lxp src {unix_listed}";
        next ("", "missing", "link", "not-a-directory", "not-a-socket") Target: "as root: see where programs here do listen: is the service among them?" => "sudo ss -lxp";
        alike ConnectedOk: "the socket may be there by now";
        apart Client: "run it again" => "whyconn {opts}{typed}";
    }

    LocalFirewallReject = Local."local.firewall-reject" {
        holds: "this host's own packet filter answered, on the way out or, for a target on this host, on the way in";
        headline: "this host's own packet filter rejects connections to {endpoint}";
        headline "udp": "this host's own packet filter rejects UDP to {endpoint}";
        next Client: "as root: find the rule, in a chain with the hook {hooks}" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|reject'";
        alike RefusedRstForged: "a router next to this host may have sent the reset while other traffic moved the counters";
        alike RefusedIcmpPort: "this host may forward the port to something that answers so";
        alike UnreachableIcmpNet: "this host may forward the port to something that answers so";
        alike UnreachableIcmpHost: "this host may forward the port to something that answers so";
        alike UnreachableIcmpAdmin: "this host may forward the port to something that answers so";
        alike UnreachableIcmpProtocol: "this host may forward the port to something that answers so";
        alike UnreachableIcmpOther: "this host may forward the port to something that answers so";
        alike RefusedRst: "other traffic over the loopback device may hide that the port is forwarded";
        apart Client: "as root: does a rule of this host's own name the port?" => "sudo nft -a list ruleset";
    }
    LocalFirewallDrop = Local."local.firewall-drop" {
        holds: "this host's own packet filter (or a cgroup's) swallowed the packets";
        headline: "this host itself drops what it sends to {endpoint}: no SYN leaves it";
        headline "in": "this host itself drops what comes in for {endpoint}";
        headline "datagram": "this host's own packet filter forbids sending to {endpoint} ({errno})";
        headline "discovery": "this host itself drops its {arp} on device {device}: nothing for {endpoint} leaves it";
        headline "taken": "something on this host takes what it sends to {endpoint}: nothing is seen to leave";
        headline "queue": "a queue of this host still holds the SYN to {endpoint}: it never left";
        headline "device": "what this host sends to {endpoint} fails at its device or the device's queue";
        headline "answer": "this host itself drops the answers of {endpoint}, which is its own";
        headline "some": "this host itself drops SYNs that it sends to {endpoint}; others leave it";
        headline "udp-queue": "a queue or filter of this host's device dropped the datagram to {endpoint} ({errno})";
        next ("discovery") Client: "as root: find what drops {arp}, in a chain with the hook output or egress" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|drop'";
        next ("discovery") Client: "or does a tc filter on {device} drop it?";
        next ("", "some", "datagram") Client: "as root: find the rule, in a chain with the hook output or postrouting" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|drop'";
        next ("taken") Client: "as root: does a rule queue it for a program that gives no answer?" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|queue'";
        next ("taken") Client: "as root: does an IPsec policy cover it?" => "sudo ip xfrm policy";
        next ("answer") Client: "as root: find what drops packets to this host's own addresses, in any chain" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|policy|drop'";
        next ("in") Client: "as root: find the rule, in a chain with the hook prerouting or input" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|drop'";
        next ("queue", "udp-queue", "device") Client: "as root: see the queues of {device}, their backlog, and what they dropped" => "sudo tc -s qdisc show dev {device}";
        next ("device") Client: "as root: or find a rule in a chain with the hook egress" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|drop'";
        next ("") Client: "see entries and size of the connection tracking table: is it full?" => "cat /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max";
        alike TimeoutSilent: "something may have left, uncounted or later, and the answer be lost on the way";
        alike UnreachableNeighbor: "the device may not count what it sends: then nobody answers {arp}";
        alike UnreachableGateway: "the device may not count what it sends: then the gateway does not answer {arp}";
        alike LocalLimits: "a buffer of the device, or the table of neighbours, may be full for good";
        alike LocalInterface: "the device may have had no carrier when it mattered";
        alike TimeoutAcceptQueue: "other packets may have been counted, and the accept queue be full";
        alike TimeoutPortSilent: "something else on this host may take what comes to the port, and keep silent";
        alike LocalFirewallReject: "a filter that rejects fails the call in the same way: there was no error queue to tell";
        alike LocalDenied: "a policy of this host (seccomp, IPsec) can do the same";
        alike UnreachableLocalRoute: "the packet filter may mark the SYN, and a route or rule for what is marked refuse it";
        apart ("discovery") Client: "as root: do questions by {arp} leave?" => "sudo tcpdump -ni {device} 'arp or icmp6'";
        apart Client: "as root: does a rule of this host's own name the port?" => "sudo nft -a list ruleset";
    }
    LocalReplyDropped = Local."local.reply-dropped" {
        holds: "the answer from outside reached this host, and was dropped here (input filter, reverse path filter)";
        headline: "answers of {address} for port {port} seem to reach this host, which drops them";
        headline "rp-filter": "answers of {address} for port {port} seem to reach this host, whose reverse path filter drops them";
        headline "socket": "answers of {address} for port {port} seem to reach this host, where a filter keeps them from the socket";
        headline "discovery": "answers to {arp} seem to reach this host by device {device}, which drops them";
        next ("discovery") Client: "as root: find what drops {arp}, in a chain with the hook input, prerouting or ingress" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|policy|drop|reject'";
        next ("discovery") Client: "or does a tc filter or an XDP program on {device} drop it?";
        next ("rp-filter") Client: "as root: let answers come in by another device too (2: loose)" => "sudo sysctl -w net.ipv4.conf.all.rp_filter=2";
        next ("rp-filter") Client: "see the filter of each device: 1 is strict" => "grep . /proc/sys/net/ipv4/conf/*/rp_filter";
        next ("", "socket") Client: "as root: find the rule, in a chain with the hook prerouting or input" => "sudo nft -a list ruleset | grep -Eiw 'table|chain|hook|drop|reject'";
        alike UnreachableNeighbor: "what came in may have been other packets, and nobody answer {arp}";
        alike UnreachableGateway: "what came in may have been other packets, and the gateway not answer {arp}";
        alike TimeoutSilent: "what came in may have been other packets, and the target silent";
        apart ("discovery") Client: "as root: do answers to {arp} come in?" => "sudo tcpdump -ni {device} 'arp or icmp6'";
        apart Client: "as root: do answers of the target come in?" => "sudo tcpdump -ni any '{port_filter}'";
    }
    LocalSourceInUse = Local."local.source-in-use" {
        holds: "the source port or address:port asked for is taken";
        headline: "the source port {sport} is taken on this host";
        headline "held": "the source port {sport} is taken on this host by {holder}";
        headline "time-wait": "the source port {sport} is taken on this host by {holder}, which the kernel keeps for a minute";
        next Client: "let the kernel choose a free port" => "whyconn {opts_any_port}{typed}";
        next ("held") Client: "as root: see the {holder_kind} that holds it, and whose it is" => "sudo ss -{ss}anp 'sport = :{sport}'";
        next ("time-wait") Client: "see what is left of it: the timer says when it is free" => "ss -{ss}ano 'sport = :{sport}'";
    }
    LocalSourceAddress = Local."local.source-address" {
        holds: "the source address is not one of this host's";
        headline: "the source address {source} is not one of this host's";
        headline "lost": "the source address {source} went away while the connect was waiting";
        headline "loopback": "the source address {source} is a loopback address: nothing with it leaves this host for {address}";
        headline "other-device": "the source address {source} is on device {source_device}, not on {device}";
        headline "tentative": "the source address {source} is tentative: duplicate address detection is not done, or failed";
        next ("", "other-device", "loopback") Client: "let the kernel choose the source address" => "whyconn {opts_any_source}{typed}";
        next ("", "lost", "loopback", "other-device") Client: "see this host's addresses" => "ip -br address";
        next ("tentative") Client: "see whether detection is still on (tentative), or has failed (dadfailed)" => "ip address show to {from}";
        alike UnreachableNoRoute: "the route may have gone and come back";
        apart Client: "see whether a device has the address" => "ip -br address";
    }
    LocalSourcePrivileged = Local."local.source-privileged" {
        holds: "the source port needs privileges";
        headline: "the source port {sport} needs privileges: on this host ports below {port_start} do";
        headline "unknown": "the source port {sport} needs privileges";
        next Client: "let the kernel choose a port, or ask for one that needs no privilege" => "whyconn {opts_any_port}{typed}";
        next Client: "as root: or open ports from {sport} on to everybody" => "sudo sysctl -w net.ipv4.ip_unprivileged_port_start={sport}";
        alike LocalDenied: "a local policy can forbid the port with the same error";
        apart Client: "see from which port on no privileges are needed" => "sysctl net.ipv4.ip_unprivileged_port_start";
    }
    LocalTupleInUse = Local."local.tuple-in-use" {
        holds: "this very connection (same four numbers) exists or is in TIME_WAIT";
        headline: "a connection from port {sport} to {endpoint} exists already on this host";
        headline "held": "a connection from port {sport} to {endpoint} exists already on this host ({tuple_holder})";
        headline "time-wait": "a connection from port {sport} to {endpoint} is still in TIME_WAIT on this host";
        next Client: "let the kernel choose a free port" => "whyconn {opts_any_port}{typed}";
        next Client: "as root: see that connection, and whose it is" => "sudo ss -tanp 'sport = :{sport} and dport = :{port}'";
        alike LocalFamilyDisabled: "the same error means that no address is left to send from";
        apart Client: "see whose this connection is" => "ss -{ss}anp 'sport = :{sport} and dport = :{port}'";
    }
    LocalPortsExhausted = Local."local.ports-exhausted" {
        holds: "no ephemeral port is left towards this target";
        headline: "this host has no source port left towards {endpoint}";
        headline "counted": "this host has no source port left towards {endpoint}: all from {ports} are taken";
        headline "reserved": "this host has no source port towards {endpoint}: all from {ports} are reserved";
        next ("reserved") Client: "see which ports are reserved, and so never chosen" => "cat /proc/sys/net/ipv4/ip_local_reserved_ports";
        next ("", "counted") Client: "as root: see what holds them, the first ten" => "sudo ss -H{ss}anp dst {endpoint} | head";
        next Client: "as root: widen the range of outgoing ports" => "sudo sysctl -w net.ipv4.ip_local_port_range='{wide_range}'";
        next Client: "see the range of outgoing ports" => "cat /proc/sys/net/ipv4/ip_local_port_range";
        alike LocalTupleInUse: "the same error means that this very connection exists already";
        alike LocalFamilyDisabled: "the same error means that no address is left to send from";
        alike LocalSourceInUse: "the source address may be taken with every port";
        apart Client: "count the sockets, by state" => "ss -s";
    }
    LocalFamilyDisabled = Local."local.family-disabled" {
        holds: "this host has no usable IPv6 (or IPv4): switched off, or no address to send from";
        headline: "{family} is switched off on this host";
        headline "mtu": "this host has no {family}: the MTU of its device is too small for it";
        headline "no-address": "this host has no {family} address to reach {address} from";
        headline "loopback": "{family} is switched off on the loopback device: {address} is no address of this host";
        next ("loopback") Client: "as root: switch it on there; the address comes with it" => "sudo sysctl -w net.ipv6.conf.lo.disable_ipv6=0";
        next ("mtu") Client: "as root: make it larger; its addresses and routes may have to be set anew" => "sudo ip link set dev {narrow_device} mtu 1280";
        next ("") Client: "as root: switch it on; its addresses and routes may have to be set anew" => "sudo sysctl -w {ipv6_switch}=0";
        next Client: "see this host's {family} addresses: should it have one?" => "ip -br {family_flag} address";
        alike TimeoutSilent: "the answer may be lost on the way";
        alike LocalDenied: "a local policy can forbid sockets of this family with the same error";
        alike UnreachableNoRoute: "the address may be there, and its local route be missing";
        alike RefusedRst: "this host may connect to itself in the target's place, and refuse";
        alike LocalInterface: "a device that is down, or may be, has no address either";
        alike TimeoutAcceptQueue: "a policy may have led it to {source}, and what listens there takes no more";
        apart Client: "see the addresses of this host" => "ip -br address";
    }
    LocalScopeMissing = Local."local.scope-missing" {
        holds: "a link-local address without its %interface";
        headline: "{address} is a link-local address: it needs the link, as in [{address}%DEV]:{port}";
        headline "source": "the source {source} is a link-local address: it needs the link, as in -i DEV";
        next ("") Client: "name the link, as here; this host has {links}" => "whyconn {scoped}";
        next ("source") Client: "name the link, as here; this host has {links}" => "whyconn -i {scope_device} {opts}{typed}";
        next Client: "see this host's links" => "ip -br link";
    }
    LocalInterface = Local."local.interface" {
        holds: "the device asked for, or the one that the route uses (lo included), does not exist, is down, has no carrier, or may not be used";
        headline: "the device {device} can't be used";
        headline "missing": "there is no device {device} on this host";
        headline "loopback": "{address} can't be reached through the loopback device {device}";
        headline "not-loopback": "{address} is a loopback address: it can't be reached through the device {device}";
        headline "down": "the device {device} is down";
        headline "no-address": "the loopback device lacks the address {address}: this host sends what is for it elsewhere";
        headline "no-carrier": "the device {device} has no carrier: nothing is connected at its other end";
        headline "denied": "this user may not bind to the device {device}";
        next ("", "missing", "loopback", "not-loopback", "denied") Client: "leave -i out: the kernel takes the device that fits" => "whyconn {opts_any_device}{typed}";
        next ("missing") Client: "name a link that is there, as here" => "whyconn {scoped}";
        next ("missing") Client: "see this host's devices" => "ip -br link";
        next ("no-address") Client: "see the addresses of the loopback device: 127.0.0.1/8 and ::1/128 as a rule" => "ip address show dev lo";
        next ("down") Client: "as root: switch it on" => "sudo ip link set dev {device} up";
        next ("down") Client: "see whether its addresses are back: routes and IPv6 may have to be set anew" => "ip -br address show dev {device}";
        next ("", "denied", "no-carrier") Client: "see the device: is it up, with its cable or its other end in place?" => "ip link show dev {device}";
        alike UnreachableNoRoute: "a route may be missing without that as well";
        alike UnreachableLocalRoute: "a rule or a route that refuses is there as well";
        alike TimeoutPortSilent: "SYNs that left before it went away had no answer either";
        apart Client: "see the routes that are left" => "ip {family_flag} route";
    }
    LocalDenied = Local."local.denied" {
        holds: "a local policy (LSM, seccomp, cgroup, IPsec, socket file permissions) forbids it";
        headline: "a policy of this host forbids the connection ({errno}), though there is a route";
        headline "directory": "this user may not pass through the directory {unix_at} on the way to {host}";
        headline "socket": "this user may not write to the socket {host}, and connecting takes that";
        headline "policy": "a policy of this host forbids connecting to {host} ({errno}): its file does not";
        headline "unix": "connecting to {host} is forbidden on this host ({errno})";
        headline "peer": "the datagram socket {host} is connected to another one, and takes datagrams from that one alone";
        headline "udp": "a policy of this host forbids the datagram ({errno}), though there is a route";
        headline "family": "a policy of this host forbids {family} sockets ({errno}), though this host has {family}";
        headline "ipsec": "an IPsec policy of this host covers {endpoint}, and had no security association for it";
        next ("ipsec") Client: "as root: find the policy whose selector covers {address}" => "sudo ip xfrm policy";
        next ("ipsec") Client: "as root: see the associations: does the key daemon (IKE) run, and reach its peer?" => "sudo ip -s xfrm state";
        next ("directory") Client: "see its mode: does it let this user pass (x), by owner, group or others?" => "ls -ld {unix_at}";
        next ("socket") Client: "see its mode: does it let this user write (w), by owner, group or others?" => "ls -l {host}";
        next ("directory", "socket") Client: "see this user's groups: one that was added later takes a new login" => "id";
        next ("directory", "socket") Client: "as root: see whether the permission alone is in the way" => "sudo \"$(command -v whyconn)\" {typed}";
        next ("peer") Target: "as root: see both ends: it takes datagrams from the other one alone" => "sudo ss -xp src {unix_listed}";
        next ("", "policy", "unix", "udp", "family") Client: "see what confines this shell: is a filter or a profile on?" => "grep -E '^(NoNewPrivs|Seccomp)' /proc/self/status; cat /proc/self/attr/current";
        alike UnreachableNoSocket: "the file there may be no socket: it could not be looked at";
        alike UnreachableLocalRoute: "a policy rule may look at something that the route lookup does not know";
        alike TimeoutSilent: "the packet that lacked an association may be another's, and the answer be lost on the way";
        alike LocalFirewallDrop: "the packet that lacked an association may be another's, and a filter's queue hold this one";
        apart ("ipsec") Client: "does the count rise with each try, and at no other time?" => "grep XfrmOutNoStates /proc/net/xfrm_stat";
        apart ("", "udp", "family") Client: "see what of this host's routing could be meant" => "ip {family_flag} rule";
        apart Client: "as root: what lies there?" => "sudo ls -lL {host}";
    }
    LocalSocketType = Local."local.socket-type" {
        holds: "the unix socket is of another type (datagram, seqpacket)";
        headline: "{host} is no {unix_asked} socket: it is of another type";
        headline "seen": "{host} is a {unix_type} socket, not a {unix_asked} one";
        next ("seen") Client: "ask it as what it is" => "whyconn {unix_typed}";
        next ("seen") Client: "as root: see which program has it: has it another socket of the type wanted?" => "sudo ss -axp src {unix_listed}";
        next ("") Client: "as root: see its type, and which program has it" => "sudo ss -axp src {unix_listed}";
    }
    LocalLimits = Local."local.limits" {
        holds: "out of file descriptors, buffers or memory";
        headline: "this process is out of what a socket needs ({errno})";
        headline "files": "this process has no file descriptor left ({errno}): it may have {limit}";
        next ("files") Client: "see the limit, soft and hard" => "ulimit -Sn; ulimit -Hn";
        next ("") Client: "see what is short" => "free -m";
        alike ResolveNxdomain: "the shortage may have come after the name was looked up";
        apart Client: "see what programs here get now" => "getent ahosts {host}";
    }

    ServiceClosed = Service."service.closed" {
        holds: "the peer closes at once, without a byte";
        headline: "{endpoint} accepts the connection and closes it at once";
        headline "proxy": "{endpoint} accepts the connection and closes it at once; a proxy listens there: {listeners}";
        headline "unix": "{endpoint} accepts the connection and closes it at once";
        next ("proxy") Target: "ask what is behind the proxy" => "whyconn {leads_to}";
        next ("proxy") Target: "see where the proxy leads, by its command line" => "ps -o args= -p {listener_pid}";
        next ("proxy") Target: "as root: see the proxy: does anything answer where it leads?" => "sudo ss -ltnp 'sport = :{port}'";
        next ("") Target: "as root: see which program it is: what does it log, and is it a proxy?" => "sudo ss -ltnp 'sport = :{port}'";
        next ("unix") Target: "as root: see which program it is: does it turn this user away, by its log?" => "sudo ss -lxp src {unix_listed}";
        next Target: "what does {listener_unit} say of itself?" => "systemctl status {listener_unit}";
    }
    ServiceReset = Service."service.reset" {
        holds: "the peer resets at once";
        headline: "{endpoint} accepts the connection and resets it at once";
        headline "proxy": "{endpoint} accepts the connection and resets it at once; a proxy listens there: {listeners}";
        headline "unix": "{endpoint} accepts the connection and resets it at once";
        next ("proxy") Target: "ask what is behind the proxy" => "whyconn {leads_to}";
        next ("proxy") Target: "see where the proxy leads, by its command line" => "ps -o args= -p {listener_pid}";
        next ("proxy") Target: "as root: see the proxy: does anything answer where it leads?" => "sudo ss -ltnp 'sport = :{port}'";
        next ("") Target: "as root: see which program it is: what does it log, and is it a proxy?" => "sudo ss -ltnp 'sport = :{port}'";
        next ("unix") Target: "as root: see which program it is: does it turn this user away, by its log?" => "sudo ss -lxp src {unix_listed}";
        next Target: "what does {listener_unit} say of itself?" => "systemctl status {listener_unit}";
    }
    ServiceNotAccepting = Service."service.not-accepting" {
        holds: "the listener on this host completes handshakes (the kernel does), but the program does not accept";
        headline: "{endpoint} completes the handshake, but the program behind it does not accept the connection";
        headline "unix": "{endpoint} takes the connection into its queue, but the program behind it does not accept it";
        next ("") Target: "as root: see which program it is, and how many wait for it (Recv-Q)" => "sudo ss -ltnp 'sport = :{port}'";
        next ("unix") Target: "as root: see which program it is, and how many wait for it (Recv-Q)" => "sudo ss -lxp src {unix_listed}";
        next Target: "see what it waits for: is it stopped (STAT T), or stuck?" => "ps -o pid,stat,wchan,args -p {listener_pid}";
        next Target: "what does {listener_unit} say of itself?" => "systemctl status {listener_unit}";
        alike ConnectedOk: "the program may only be slow to accept";
        apart Client: "does it accept later? watch Recv-Q go down" => "ss -l{ss}n 'sport = :{port}'";
    }
}
