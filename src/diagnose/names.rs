//! Rules for a target whose name gave no address: what ordinary programs got decides, what the name servers
//! say when asked directly explains.

use super::local::{is_shortage, shortage};
use super::servers::{self, Standing};
use super::{Culprit, Finding};
use crate::model::{
    Evidence, ExchangeOutcome, Fact, Host, LookupOutcome, NameFiles, NameSource, RecordKind,
    ResolverSettings, ServerView, malformed,
};
use crate::plan::SLOW_NAME;
use crate::verdict::{Certainty, Clue, Code};
use nix::errno::Errno as E;

/// Judges the lookup; also the case in which not even that was begun.
pub(super) fn judge(evidence: &Evidence) -> Finding {
    unless_in_hosts(evidence, of_numbers(evidence, of_the_lookup(evidence)))
}

/// Who types four numbers means an address; where it is none, it is looked up as a name.
fn of_numbers(evidence: &Evidence, finding: Finding) -> Finding {
    let Host::Name(name) = &evidence.request.target.host else { return finding };
    let four = name.split('.').count() == 4;
    let numbers = four && name.split('.').all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if numbers && finding.code == Code::ResolveNxdomain && finding.variant.is_empty() {
        finding.variant("numbers")
    } else {
        finding
    }
}

fn of_the_lookup(evidence: &Evidence) -> Finding {
    if let Some(lacking) = &evidence.lacking {
        return shortage(lacking.errno.get());
    }
    let name = match &evidence.request.target.host {
        Host::Name(name) => name.as_str(),
        Host::Address { .. } | Host::Socket(_) => "",
    };
    let outcome = evidence.lookup.seen().map(|lookup| &lookup.outcome);
    if let Some(LookupOutcome::Failed { errno: Some(errno), .. }) = outcome
        && is_shortage(errno.get())
    {
        return shortage(errno.get());
    }
    if matches!(outcome, Some(LookupOutcome::Failed { eai, .. }) if eai == "EAI_MEMORY") {
        return Finding::new(Code::LocalLimits, Certainty::Certain, Culprit::Client, &[Clue::NameAnswer]);
    }
    let failed = matches!(outcome, Some(LookupOutcome::Failed { .. }));
    if let Some(finding) = shortage_of_files(evidence).filter(|_| failed) {
        return finding;
    }
    if let Some(variant) = malformed(name)
        && (failed || evidence.request.dns.is_some())
    {
        let both = [Clue::NameAnswer, Clue::NameMalformed];
        let because = if failed { &both[..] } else { &[Clue::NameMalformed] };
        return Finding::new(Code::ResolveBadName, Certainty::Certain, Culprit::Client, because)
            .variant(variant);
    }
    let resolver = Culprit::Resolver { address: None };
    match outcome {
        // `--dns`: nobody else was asked.
        None => by_servers(evidence)
            .unwrap_or_else(|| Finding::new(Code::ResolveTimeout, Certainty::Possible, resolver, &[])),
        // It may yet come.
        Some(LookupOutcome::NoAnswer) if evidence.request.target.is_loopback_name() => {
            unmapped(evidence).unless(Code::ResolveTimeout)
        }
        Some(LookupOutcome::NoAnswer) => and_name_answer(by_servers(evidence)).unwrap_or_else(|| {
            Finding::new(Code::ResolveTimeout, Certainty::Likely, resolver, &[Clue::NameAnswer])
                .variant("eai")
                .or(&[Code::ResolveServerUnreachable, Code::ResolveServfail])
        }),
        // Answered, and without one address: no C library says so, but a custom one may.
        Some(LookupOutcome::Addresses(_)) => {
            Finding::new(Code::ResolveNoAddress, Certainty::Likely, resolver, &[Clue::NameAnswer])
        }
        Some(LookupOutcome::Failed { eai, .. }) => {
            let others = evidence.lookup.seen().and_then(|lookup| lookup.other_family.seen());
            // A question that failed does not say that there is no address; the hosts file has all of localhost.
            let none = matches!(eai.as_str(), "EAI_NONAME" | "EAI_NODATA" | "EAI_ADDRFAMILY")
                || evidence.request.target.is_loopback_name();
            if none && others.is_some_and(|others| !others.is_empty()) {
                let lines = evidence.name_files.seen().and_then(|files| files.hosts.seen());
                let pinned = lines.is_some_and(|lines| !lines.is_empty());
                let local = pinned || evidence.request.target.is_loopback_name();
                let culprit = if local { Culprit::Client } else { resolver };
                let because = [Clue::NameAnswer, Clue::OtherFamilyOnly];
                return Finding::new(Code::ResolveNoAddress, Certainty::Certain, culprit, &because)
                    .variant("family");
            }
            // The hosts file may have it in the other family.
            let by_family = evidence.request.family.is_some() && others.is_none();
            let or_family = |finding: Finding| {
                if by_family { finding.unless(Code::ResolveNoAddress) } else { finding }
            };
            if evidence.request.target.is_loopback_name() {
                return or_family(unmapped(evidence));
            }
            no_source(evidence, eai)
                .map(or_family)
                .or_else(|| explained(evidence, eai))
                .unwrap_or_else(|| by_eai(evidence, eai))
        }
    }
}

/// A loopback name that leads nowhere.
fn unmapped(evidence: &Evidence) -> Finding {
    let finding =
        Finding::new(Code::AliasLocalhostMapping, Certainty::Certain, Culprit::Client, &[Clue::NameAnswer]);
    match evidence.name_files.seen().map(|files| &files.hosts) {
        Some(Fact::Seen(_)) => finding.variant("unresolved"),
        Some(Fact::CouldNotLook(_)) if hosts_denied(evidence) => finding.variant("unread"),
        Some(Fact::CouldNotLook(_)) => finding.variant("broken"),
        // Nobody looked: what programs lack to read the file gives the same answer.
        Some(Fact::NotAsked) | None => finding.variant("unresolved").unless(Code::LocalLimits),
    }
}

/// What this process lacked to read the files about names, right after the lookup failed, the lookup lacked too:
/// glibc then says that there is no such name.
fn shortage_of_files(evidence: &Evidence) -> Option<Finding> {
    // Files that were read beside a lookup that still ran say nothing about it.
    let slow = SLOW_NAME.0.min(evidence.request.timeout_ms.0 / 2.0);
    if evidence.lookup.seen()?.elapsed_ms.0 >= slow {
        return None;
    }
    let errno = lacking(evidence.name_files.seen()?)?;
    let because = vec![Clue::NameAnswer, Clue::FilesUnread];
    let finding = Finding { because, ..shortage(errno) };
    // What all processes share may have run out a moment later.
    Some(if errno == E::EMFILE { finding } else { finding.unless(Code::ResolveNxdomain) })
}

/// What this process, or the host, lacked to read the files about names.
fn lacking(files: &NameFiles) -> Option<E> {
    files.unread().find_map(|(_, reason)| match reason {
        "EMFILE" => Some(E::EMFILE),
        "ENFILE" => Some(E::ENFILE),
        "ENOMEM" => Some(E::ENOMEM),
        _ => None,
    })
}

/// The hosts file comes before the name servers: one that could not be read may hold the name.
fn unless_in_hosts(evidence: &Evidence, mut finding: Finding) -> Finding {
    let files = evidence.name_files.seen();
    let unread = files.is_some_and(|files| matches!(files.hosts, Fact::CouldNotLook(_)));
    let skipped = sources(evidence).is_some_and(|all| all.iter().all(|source| source.name != "files"));
    let apart = matches!(finding.code, Code::LocalLimits | Code::ResolveBadName);
    if !unread || skipped || apart || evidence.request.dns.is_some() {
        return finding;
    }
    finding.because.push(Clue::FilesUnread);
    if hosts_denied(evidence) {
        finding.unless(Code::LocalDenied)
    } else if files.and_then(lacking).is_some() {
        finding.unless(Code::LocalLimits)
    } else {
        // What is no file, or fails, has the name for nobody.
        finding
    }
}

fn hosts_denied(evidence: &Evidence) -> bool {
    evidence.name_files.seen().is_some_and(|files| files.denies("/etc/hosts"))
}

/// What the C library's error means, by what the servers say now.
fn explained(evidence: &Evidence, eai: &str) -> Option<Finding> {
    let (server, standing) = servers::deciding(evidence)?;
    let resolver = Culprit::Resolver { address: Some(server.address().ip()) };
    let both = [Clue::NameAnswer, Clue::DnsAnswer];
    let finding = match (eai, &standing) {
        ("EAI_NONAME", Standing::NoName) => {
            // Other sources of names may be asked before the servers, and end the search.
            let asked = evidence.name_files.seen().and_then(NameFiles::asks_servers) == Some(true);
            let plain = asked && sources(evidence).is_some_and(|all| all.iter().all(is_plain));
            let certainty = if plain { Certainty::Certain } else { Certainty::Likely };
            let finding = Finding::new(Code::ResolveNxdomain, certainty, resolver, &both)
                .variant(alias_variant(server));
            if plain { finding } else { finding.or(&[Code::ResolveNoServer]) }
        }
        ("EAI_NONAME" | "EAI_NODATA", Standing::Addresses) => {
            let because = [Clue::NameAnswer, Clue::DnsDisagrees];
            let word = if eai == "EAI_NONAME" { Standing::NoName } else { Standing::NoAddress };
            let code = word.code();
            // Programs ask either, by turns or when one is slow, and believe whichever answers; or another source of
            // names had the last word.
            if let Some(other) = servers::saying(evidence, &word) {
                let culprit = Culprit::Resolver { address: Some(other.address().ip()) };
                let finding = Finding::new(code, Certainty::Likely, culprit, &because).variant("split");
                return Some(finding.or(&[Code::ResolveNoServer]));
            }
            Finding::new(code, Certainty::Likely, Culprit::Client, &because)
                .variant("disagree")
                .or(&[Code::ResolveNoServer])
        }
        // systemd's source says of a name without an address that there is none.
        ("EAI_NODATA" | "EAI_ADDRFAMILY" | "EAI_NONAME", Standing::NoAddress) => {
            let variant = if evidence.request.family.is_some() { "asked" } else { alias_variant(server) };
            Finding::new(Code::ResolveNoAddress, Certainty::Certain, resolver, &both).variant(variant)
        }
        // Of two questions, A and AAAA, glibc drops the one that failed and tells the other's answer.
        ("EAI_NODATA", Standing::Error(_)) => {
            let failure = servers::failure(evidence)?;
            let half = servers::fails_by_half(server);
            let finding = if half { failure } else { failure.unless(Code::ResolveNoAddress) };
            return and_name_answer(Some(finding));
        }
        // Some errors, FORMERR among them, the C library takes for the word that there is no such name; so it does
        // with some of what can't be read.
        ("EAI_NODATA", Standing::Garbled) => {
            return and_name_answer(
                servers::failure(evidence).map(|finding| finding.unless(Code::ResolveNoAddress)),
            );
        }
        ("EAI_NONAME", Standing::Error(_) | Standing::Garbled) => {
            return and_name_answer(
                servers::failure(evidence).map(|finding| finding.unless(Code::ResolveNxdomain)),
            );
        }
        // The rest of the answer did not come; what came of it says that there is such a name.
        ("EAI_NONAME", Standing::CutShort) if servers::says_there_is(server) => {
            let because = [Clue::NameAnswer, Clue::DnsUnreachable];
            Finding::new(Code::ResolveNoAddress, Certainty::Likely, resolver, &because)
                .variant(alias_variant(server))
                .or(&[Code::ResolveServfail])
        }
        // Behind the servers stands a source that failed, such as a module that is not installed: glibc tells its error
        // in place of the servers' word.
        ("EAI_SYSTEM", Standing::NoName) => {
            Finding::new(Code::ResolveNxdomain, Certainty::Likely, resolver, &both)
                .variant(alias_variant(server))
                .or(&[Code::ResolveServfail])
        }
        ("EAI_SYSTEM", Standing::NoAddress) => {
            let variant = if evidence.request.family.is_some() { "asked" } else { alias_variant(server) };
            Finding::new(Code::ResolveNoAddress, Certainty::Likely, resolver, &both)
                .variant(variant)
                .or(&[Code::ResolveServfail])
        }
        ("EAI_AGAIN", Standing::Addresses) => {
            late(evidence).or_else(|| half(server)).or_else(|| passed(evidence, server))?
        }
        ("EAI_AGAIN", Standing::NoName | Standing::NoAddress) => passed(evidence, server)?,
        ("EAI_AGAIN" | "EAI_FAIL" | "EAI_SYSTEM", _) => return and_name_answer(by_servers(evidence)),
        _ => return None,
    };
    Some(finding)
}

/// An answer that came, and later than the C library waits.
fn late(evidence: &Evidence) -> Option<Finding> {
    let patience = evidence.name_files.seen()?.resolver.seen()?.timeout_s;
    if !waited(evidence) {
        return None;
    }
    let (server, exchange, _) =
        evidence.direct.seen()?.answers().find(|(_, _, answer)| !answer.addresses.is_empty())?;
    (exchange.elapsed_ms.0 > f64::from(patience) * 1e3).then(|| {
        let resolver = Culprit::Resolver { address: Some(server.ip()) };
        let because = [Clue::NameAnswer, Clue::DnsLate];
        Finding::new(Code::ResolveTimeout, Certainty::Certain, resolver, &because).variant("slow")
    })
}

/// Programs waited for as long as they do, and asked again it answers: it was slow once, or a question was lost.
fn passed(evidence: &Evidence, server: &ServerView) -> Option<Finding> {
    let asked = evidence.lookup.seen().is_some() && waited(evidence);
    let first = !servers::any_silent_before(evidence, server);
    (asked && first).then(|| {
        let resolver = Culprit::Resolver { address: Some(server.address().ip()) };
        let finding = Finding::new(
            Code::ResolveTimeout,
            Certainty::Likely,
            resolver,
            &[Clue::NameAnswer, Clue::DnsAnswer],
        )
        .variant("passed");
        let now: &[Code] = match servers::standing(evidence, server) {
            servers::Standing::NoName => &[Code::ResolveNxdomain],
            servers::Standing::NoAddress => &[Code::ResolveNoAddress],
            _ => &[],
        };
        finding.or(now).or(&[Code::ResolveServfail])
    })
}

/// An answer to one of the two questions alone: the C library does without the one for AAAA, not without A.
fn half(server: &ServerView) -> Option<Finding> {
    let lacking = servers::half_silent(server)?.record;
    (lacking == RecordKind::A).then(|| {
        let resolver = Culprit::Resolver { address: Some(server.address().ip()) };
        let because = [Clue::NameAnswer, Clue::DnsSilent];
        Finding::new(Code::ResolveTimeout, Certainty::Likely, resolver, &because)
            .variant("half")
            .or(&[Code::ResolveServfail])
    })
}

/// Whether the C library had the time to find a server silent.
fn waited(evidence: &Evidence) -> bool {
    let settings = evidence.name_files.seen().and_then(|files| files.resolver.seen());
    let patience = settings.map_or(5, |settings| settings.timeout_s);
    evidence.lookup.seen().is_none_or(|lookup| match lookup.outcome {
        LookupOutcome::Failed { .. } => lookup.elapsed_ms.0 >= f64::from(patience) * 1e3,
        _ => true,
    })
}

/// The servers' own words, where the C library has none.
fn by_servers(evidence: &Evidence) -> Option<Finding> {
    let (server, standing) = servers::deciding(evidence)?;
    let resolver = Culprit::Resolver { address: Some(server.address().ip()) };
    // Where the C library still waits, a server before this one, or another source, may know better.
    let asked = evidence.request.dns.is_some();
    let settled = asked
        || (evidence.lookup.seen().is_some()
            && evidence.asks_servers_only()
            && !servers::any_silent_before(evidence, server));
    let said = |code| {
        let certainty = if settled { Certainty::Certain } else { Certainty::Likely };
        let finding = Finding::new(code, certainty, resolver.clone(), &[Clue::DnsAnswer]);
        Some(if settled { finding } else { finding.or(&[Code::ResolveTimeout]) })
    };
    // The C library said "try again", and that has passed, or it is still waiting.
    let waiting =
        !matches!(evidence.lookup.seen().map(|lookup| &lookup.outcome), Some(LookupOutcome::Failed { .. }));
    match standing {
        Standing::Addresses => None,
        Standing::NoName | Standing::NoAddress if !waiting => None,
        Standing::NoName => said(Code::ResolveNxdomain).map(|finding| finding.variant(alias_variant(server))),
        Standing::NoAddress => {
            let variant = if evidence.request.family.is_some() { "asked" } else { alias_variant(server) };
            said(Code::ResolveNoAddress).map(|finding| finding.variant(variant))
        }
        Standing::Unreachable(_) if is_default_server(evidence) => {
            let because = [Clue::NoServerConfigured, Clue::DnsUnreachable];
            let finding = Finding::new(Code::ResolveNoServer, Certainty::Certain, Culprit::Client, &because);
            Some(finding.variant(skipped_variant(evidence)))
        }
        Standing::Silent if is_default_server(evidence) => {
            let because = [Clue::NoServerConfigured, Clue::DnsSilent];
            let finding = Finding::new(Code::ResolveNoServer, Certainty::Likely, Culprit::Client, &because);
            Some(finding.variant(skipped_variant(evidence)).or(&[Code::ResolveTimeout]))
        }
        // It said "try again" before it can have found a server silent.
        Standing::Silent if !waited(evidence) => {
            servers::failure(evidence).map(|finding| finding.unless(Code::ResolveServfail))
        }
        Standing::Unreachable(_) | Standing::Silent if is_barred(evidence, server) => {
            let (clue, other) = match standing {
                Standing::Silent => (Clue::DnsSilent, Code::ResolveTimeout),
                _ => (Clue::DnsUnreachable, Code::ResolveServerUnreachable),
            };
            let because = [Clue::FilesUnread, clue];
            let finding = Finding::new(Code::ResolveNoServer, Certainty::Likely, Culprit::Client, &because);
            Some(finding.variant("unreadable").or(&[other]))
        }
        Standing::Unreachable(_) if may_be_default(evidence, server) => {
            servers::failure(evidence).map(|finding| finding.unless(Code::ResolveNoServer))
        }
        _ => servers::failure(evidence),
    }
}

/// Whether nobody saw if a server is configured, and the one asked is the one that the C library makes up.
fn may_be_default(evidence: &Evidence, server: &ServerView) -> bool {
    let known = evidence.name_files.seen().is_some_and(|files| files.resolver.seen().is_some());
    evidence.request.dns.is_none() && !known && server.address() == ResolverSettings::DEFAULT_SERVER
}

/// Whether programs ask the server that the C library makes up because this user may not read resolv.conf.
fn is_barred(evidence: &Evidence, server: &ServerView) -> bool {
    let files = evidence.name_files.seen();
    may_be_default(evidence, server) && files.is_some_and(|files| files.denies("/etc/resolv.conf"))
}

/// Whether the one server asked is the one that the C library makes up where none is configured.
fn is_default_server(evidence: &Evidence) -> bool {
    evidence.request.dns.is_none()
        && evidence
            .name_files
            .seen()
            .and_then(|files| files.resolver.seen())
            .is_some_and(|settings| settings.servers.is_empty())
}

fn skipped_variant(evidence: &Evidence) -> &'static str {
    let settings = evidence.name_files.seen().and_then(|files| files.resolver.seen());
    if settings.is_some_and(|settings| settings.skipped_server.is_some()) { "skipped" } else { "" }
}

/// By the word of the server that decides: another one may have an alias where this one has nothing.
fn alias_variant(server: &ServerView) -> &'static str {
    let led = server.exchanges.iter().any(|exchange| match &exchange.outcome {
        ExchangeOutcome::Answer(answer) => !answer.aliases.is_empty(),
        _ => false,
    });
    if led { "alias" } else { "" }
}

fn and_name_answer(finding: Option<Finding>) -> Option<Finding> {
    finding.map(|mut finding| {
        finding.because.insert(0, Clue::NameAnswer);
        finding
    })
}

fn sources(evidence: &Evidence) -> Option<&[NameSource]> {
    evidence.name_files.seen()?.sources.seen().map(Vec::as_slice)
}

/// Sources that say nothing about names of the DNS, or say what the name servers say.
fn is_plain(source: &NameSource) -> bool {
    let quiet = ["files", "dns", "resolve", "myhostname", "mymachines", "nis", "nisplus", "db"];
    quiet.contains(&source.name.as_str()) || source.name.starts_with("mdns")
}

/// Ordinary programs are told to ask no name server.
fn no_source(evidence: &Evidence, eai: &str) -> Option<Finding> {
    // Only name servers are worth another try.
    if eai == "EAI_AGAIN" {
        return None;
    }
    let all = sources(evidence)?;
    if evidence.name_files.seen()?.asks_servers()? {
        return None;
    }
    // What has names of its own may just lack this one.
    let quiet = ["files", "myhostname", "mymachines"];
    let alone = all.iter().all(|source| quiet.contains(&source.name.as_str()));
    let certainty = if alone { Certainty::Certain } else { Certainty::Likely };
    let because = [Clue::NameAnswer, Clue::NoDnsSource];
    let finding =
        Finding::new(Code::ResolveNoServer, certainty, Culprit::Client, &because).variant("nsswitch");
    Some(if certainty == Certainty::Certain { finding } else { finding.or(&[Code::ResolveNxdomain]) })
}

/// The C library's error alone, where nothing explains it.
fn by_eai(evidence: &Evidence, eai: &str) -> Finding {
    let resolver = Culprit::Resolver { address: None };
    let answer = [Clue::NameAnswer];
    match eai {
        // glibc says so for NXDOMAIN, and as well where nsswitch asks no name server.
        "EAI_NONAME" => Finding::new(Code::ResolveNxdomain, Certainty::Likely, resolver, &answer)
            .or(&[Code::ResolveNoServer]),
        "EAI_NODATA" | "EAI_ADDRFAMILY" if evidence.request.family.is_some() => {
            Finding::new(Code::ResolveNoAddress, Certainty::Certain, resolver, &answer).variant("asked")
        }
        "EAI_NODATA" | "EAI_ADDRFAMILY" => {
            Finding::new(Code::ResolveNoAddress, Certainty::Likely, resolver, &answer)
                .or(&[Code::ResolveServfail])
        }
        _ => Finding::new(Code::ResolveServfail, Certainty::Possible, resolver, &answer)
            .variant(if eai == "EAI_SYSTEM" { "system" } else { "eai" })
            .or(&[Code::ResolveRefused, Code::ResolveServerUnreachable, Code::ResolveNoServer]),
    }
}
