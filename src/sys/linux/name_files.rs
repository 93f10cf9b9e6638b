//! What the files under /etc say about names, read as glibc 2.36 reads them: hosts(5), nsswitch.conf(5),
//! resolv.conf(5).
//!
//! Own parsers, because what the C library skips, keeps or misreads in a damaged file is the point here; a
//! strict parser would refuse the whole file.

use super::netlink::interface_index;
use crate::model::{HostsLine, NameFiles, NameSource, ResolverSettings};
use crate::sanitize::{clean, clean_to};
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::fs::OpenOptionsExt;

/// Files are read to here, in bytes; a hosts file that blocks advertisers has one or two MiB.
const MOST_BYTES: u64 = 4 << 20;
/// Lines of the hosts file that are kept.
const MOST_LINES: usize = 64;
/// Sources of nsswitch.conf that are kept.
const MOST_SOURCES: usize = 32;
/// Search domains that are kept; the C library has no limit since 2.26.
const MOST_DOMAINS: usize = 32;
/// Name servers that the C library uses (`MAXNS`).
const MOST_SERVERS: usize = 3;
/// What some editors put before the first line (U+FEFF).
const BYTE_ORDER_MARK: char = '\u{feff}';
/// The longest name, without its final dot (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;

/// Databases that glibc knows (nss/databases.def); lines of others, such as `sudoers`, are not parsed at all.
const DATABASES: &[&str] = &[
    "aliases",
    "ethers",
    "group",
    "group_compat",
    "gshadow",
    "hosts",
    "initgroups",
    "netgroup",
    "networks",
    "passwd",
    "passwd_compat",
    "protocols",
    "publickey",
    "rpc",
    "services",
    "shadow",
    "shadow_compat",
];

/// Reads the three files, the environment and this host's name. A file that is not there holds no line; one
/// that may not be read is a [`CouldNotLook`](crate::model::Fact::CouldNotLook) with the errno's name.
pub fn name_files(name: &str) -> NameFiles {
    let env = |variable: &str| std::env::var(variable).ok();
    NameFiles {
        hosts: read("/etc/hosts").map(|text| hosts_lines(&text.unwrap_or_default(), name)).into(),
        sources: read("/etc/nsswitch.conf").map(|text| sources(&text.unwrap_or_default())).into(),
        resolver: read("/etc/resolv.conf").map(|text| resolver_settings(text.as_deref(), env)).into(),
        own_name: own_name().map(|name| clean(&name)),
    }
}

/// A file's text up to [`MOST_BYTES`], with what is not UTF-8 replaced; `None` where there is no file.
///
/// # Errors
/// The errno of `open` or `read`, other than `ENOENT`.
pub(super) fn read(path: &str) -> io::Result<Option<String>> {
    // A FIFO in the file's place would block an ordinary open.
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

pub fn own_name() -> Option<String> {
    nix::unistd::gethostname().ok().map(|name| name.to_string_lossy().into_owned())
}

/// `isspace` in the C locale.
fn is_space(c: char) -> bool {
    c == ' ' || ('\t'..='\r').contains(&c)
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The text before the first character of that kind, and the rest from it on.
fn cut(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(at).unwrap_or(text.len()))
}

/// Lines of a hosts file that hold the name, as its first name or an alias, in whatever case; at most 64.
///
/// As in glibc (`nss_files`), a line whose address is in another form than `inet_pton` takes does not count
/// (`127.1`, `fe80::1%eth0`), and a final dot belongs to the name: `db.` is not found on a line with `db`.
pub fn hosts_lines(text: &str, name: &str) -> Vec<HostsLine> {
    let holds = |(number, line): (usize, &str)| {
        let (line, _) = cut(line, |c| c == '#');
        let mut words = line.split(is_space).filter(|word| !word.is_empty());
        let address = words.next()?.parse::<IpAddr>().ok()?;
        let line = u32::try_from(number).ok()?.checked_add(1)?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(HostsLine { line, address })
    };
    text.split('\n').enumerate().filter_map(holds).take(MOST_LINES).collect()
}

/// Every name of /etc/hosts, in small letters.
///
/// # Errors
/// The errno of `open` or `read`, other than `ENOENT`.
pub fn pinned_names() -> io::Result<HashSet<String>> {
    let text = read("/etc/hosts")?.unwrap_or_default();
    let names = |line: &str| {
        let (line, _) = cut(line, |c| c == '#');
        line.split(is_space).filter(|word| !word.is_empty()).skip(1).map(str::to_ascii_lowercase).collect()
    };
    Ok(text.split('\n').flat_map(|line| -> Vec<String> { names(line) }).collect())
}

/// The sources of the `hosts` line of nsswitch.conf, at most 32.
///
/// As in glibc since 2.33 (nss/nss_database.c): the last such line counts, a last line without its newline
/// does not, and there are no comments behind words. Without a line it is `files dns`.
///
/// Empty where the C library has no source, and so finds no name: the line names none, or an action that it
/// can't read stands in the line of any database it knows (the whole file is then refused, with `EINVAL`).
pub fn sources(text: &str) -> Vec<NameSource> {
    let mut hosts = None;
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let (database, rest) = cut(line.trim_start_matches(is_space), |c| is_space(c) || c == ':');
        if !DATABASES.contains(&database) {
            continue;
        }
        match source_list(rest.trim_start_matches(|c| is_space(c) || c == ':')) {
            Some(list) if database == "hosts" => hosts = Some(list),
            Some(_) => {}
            None => return Vec::new(),
        }
    }
    hosts.unwrap_or_else(|| {
        ["files", "dns"].map(|name| NameSource { name: name.to_owned(), action: None }).to_vec()
    })
}

/// `source [actions] source ...`; `None` where an action can't be read.
fn source_list(mut rest: &str) -> Option<Vec<NameSource>> {
    let mut list = Vec::new();
    loop {
        let (name, behind) = cut(rest.trim_start_matches(is_space), |c| is_space(c) || c == '[');
        // Brackets without a source before them end the list.
        if name.is_empty() {
            return Some(list);
        }
        rest = behind.trim_start_matches(is_space);
        let mut action = None;
        if let Some(inside) = rest.strip_prefix('[') {
            let (inside, behind) = inside.split_once(']')?;
            check_actions(inside)?;
            let words: Vec<&str> = inside.split(is_space).filter(|word| !word.is_empty()).collect();
            action = Some(clean(&words.join(" ")));
            rest = behind;
        }
        if list.len() < MOST_SOURCES {
            list.push(NameSource { name: clean_to(name, 60), action });
        }
    }
}

/// `!STATUS=ACTION ...`, at least one (nss/nss_action_parse.c).
fn check_actions(mut rest: &str) -> Option<()> {
    let is_one_of = |word: &str, known: &[&str]| known.iter().any(|one| word.eq_ignore_ascii_case(one));
    let word_end = |c| is_space(c) || c == '=';
    rest = rest.trim_start_matches(is_space);
    loop {
        let (status, behind) = cut(rest.strip_prefix('!').unwrap_or(rest), word_end);
        let behind = behind.trim_start_matches(is_space).strip_prefix('=')?;
        let (action, behind) = cut(behind.trim_start_matches(is_space), word_end);
        if !is_one_of(status, &["SUCCESS", "NOTFOUND", "UNAVAIL", "TRYAGAIN"])
            || !is_one_of(action, &["RETURN", "CONTINUE", "MERGE"])
        {
            return None;
        }
        rest = behind.trim_start_matches(is_space);
        if rest.is_empty() {
            return Some(());
        }
    }
}

/// resolv.conf as `__res_vinit` reads it (resolv/res_init.c), with `LOCALDOMAIN` and `RES_OPTIONS` of the
/// environment; `None` where there is no file.
///
/// Search domains are made safe to show, lose one dot in front, and the root is `.`. A line that ends in CR LF
/// keeps its CR, as there: a name server with one is no address and is skipped, and a domain shows it.
pub fn resolver_settings(text: Option<&str>, env: impl Fn(&str) -> Option<String>) -> ResolverSettings {
    let own_domain = || Some(own_name()?.split_once('.')?.1.to_owned());
    let device = |name: &str| interface_index(name).ok();
    settings(text, env, own_domain, device)
}

pub(super) fn settings(
    text: Option<&str>,
    env: impl Fn(&str) -> Option<String>,
    own_domain: impl Fn() -> Option<String>,
    device: impl Fn(&str) -> Option<u32>,
) -> ResolverSettings {
    let mut settings = ResolverSettings { present: text.is_some(), ..ResolverSettings::default() };
    // Its first word may be empty, and then stands for the root.
    let from_env = env("LOCALDOMAIN").map(|list| {
        let (list, _) = cut(&list, |c| c == '\n');
        let (first, rest) = cut(list, is_blank);
        domains(std::iter::once(first).chain(words(rest)))
    });
    for (number, line) in (1..).zip(text.unwrap_or_default().split('\n')) {
        // Keywords stand at the start of the line, and a comment sign only there makes a comment.
        if let Some(rest) = behind_keyword(line, "domain").filter(|rest| !rest.is_empty()) {
            settings.search = domains(words(rest).take(1));
        } else if let Some(rest) = behind_keyword(line, "search").filter(|rest| !rest.is_empty()) {
            settings.search = domains(words(rest));
        } else if let Some(rest) = behind_keyword(line, "nameserver") {
            match server(cut(rest, is_blank).0, &device) {
                Some(server) if settings.servers.len() < MOST_SERVERS => settings.servers.push(server),
                Some(_) => {}
                None => settings.skipped_server = settings.skipped_server.or(Some(number)),
            }
        } else if let Some(rest) = behind_keyword(line, "options") {
            set_options(&mut settings, rest);
        } else if line.trim_start_matches(|c| is_space(c) || c == BYTE_ORDER_MARK).starts_with("nameserver") {
            settings.skipped_server = settings.skipped_server.or(Some(number));
        }
    }
    if let Some(list) = from_env {
        settings.search = list;
    } else if settings.search.is_empty() {
        settings.search = domains(own_domain().as_deref().into_iter());
    }
    if let Some(options) = env("RES_OPTIONS") {
        set_options(&mut settings, &options);
    }
    settings
}

/// What stands behind a keyword and its blanks.
fn behind_keyword<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(keyword)?;
    rest.starts_with(is_blank).then(|| rest.trim_start_matches(is_blank))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_blank).filter(|word| !word.is_empty())
}

fn domains<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let domain = |word: &str| match word.strip_prefix('.').unwrap_or(word) {
        "" => ".".to_owned(),
        // Two dots are no root.
        "." => word.to_owned(),
        domain => clean_to(domain, LONGEST_NAME + 1),
    };
    words.take(MOST_DOMAINS).map(domain).collect()
}

/// A name server: IPv4 in any form of `inet_aton`, or IPv6; port 53.
fn server(text: &str, device: impl Fn(&str) -> Option<u32>) -> Option<SocketAddr> {
    if let Some(v4) = inet_aton(text) {
        return Some(SocketAddr::new(IpAddr::V4(v4), 53));
    }
    let (address, scope) = text.split_once('%').map_or((text, None), |(front, scope)| (front, Some(scope)));
    let v6: Ipv6Addr = address.parse().ok()?;
    // Names of devices count only for link-local addresses; what is no scope is no error (inet6_scopeid_pton).
    let link_local =
        v6.is_unicast_link_local() || matches!(v6.octets(), [0xff, flags, ..] if flags & 0xf == 2);
    let index = scope.and_then(|scope| {
        let by_name = if link_local { device(scope) } else { None };
        let digits = scope.starts_with(|c: char| c.is_ascii_digit());
        by_name.or_else(|| digits.then(|| scope.parse().ok()).flatten())
    });
    Some(SocketAddr::V6(SocketAddrV6::new(v6, 53, 0, index.unwrap_or(0))))
}

/// `inet_aton(3)`: one to four numbers, decimal, octal or hexadecimal, of which the last fills what is left.
fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.splitn(5, '.').collect();
    let (last, front) = parts.split_last()?;
    if front.len() > 3 {
        return None;
    }
    let mut address = 0_u32;
    for part in front {
        let byte = c_number(part).filter(|number| *number <= 0xff)?;
        address = (address << 8) | byte;
    }
    let bits = u32::BITS.checked_sub(u32::try_from(front.len()).ok()?.checked_mul(8)?)?;
    let rest = c_number(last).filter(|number| bits == 32 || number >> bits == 0)?;
    Some(Ipv4Addr::from(address.checked_shl(bits).unwrap_or(0) | rest))
}

fn c_number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // from_str_radix takes a sign.
    digits
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric())
        .then(|| u32::from_str_radix(digits, radix).ok())?
}

/// `res_setoptions`: words are known by how they begin; others are skipped.
fn set_options(settings: &mut ResolverSettings, mut rest: &str) {
    loop {
        rest = rest.trim_start_matches(is_blank);
        if rest.is_empty() {
            return;
        }
        if let Some(value) = rest.strip_prefix("ndots:") {
            // A field of four bits: -1 is 15.
            settings.ndots = u8::try_from(strtol(value).min(15) & 0xf).unwrap_or(15);
        } else if let Some(value) = rest.strip_prefix("timeout:") {
            // It waits for at least one second, whatever stands here (resolv/res_send.c).
            settings.timeout_s = u8::try_from(strtol(value).clamp(1, 30)).unwrap_or(30);
        } else if let Some(value) = rest.strip_prefix("attempts:") {
            settings.attempts = u8::try_from(strtol(value).clamp(0, 5)).unwrap_or(5);
        } else if cut(rest, is_blank).0 == "use-vc" {
            settings.use_vc = true;
        }
        rest = cut(rest, is_blank).1;
    }
}

/// `(int) strtol(text, NULL, 10)`: blanks in front are skipped, no digits are 0, `long` is cut to `int`.
fn strtol(text: &str) -> i32 {
    let text = text.trim_start_matches(is_space);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut number = 0_i64;
    for digit in digits.chars().map_while(|c| c.to_digit(10)) {
        let (tens, digit) = (number.saturating_mul(10), i64::from(digit));
        number = if negative { tens.saturating_sub(digit) } else { tens.saturating_add(digit) };
    }
    #[expect(clippy::cast_possible_truncation, reason = "as the C library does")]
    let cut = number as i32;
    cut
}

/// The whole names that `res_search` asks for, in order, without final dots, each once; at most 33.
///
/// With at least `ndots` dots the name goes first as it is, else last; with a final dot it is the only one. A
/// domain that makes no valid name of it (over 253 characters, an empty label, one over 63) ends the search
/// list, as it does there (`NO_RECOVERY`, resolv/res_query.c). A domain with characters that are not safe to
/// show is left out, because the settings hold it in another form.
pub fn search_names(name: &str, settings: &ResolverSettings) -> Vec<String> {
    if let Some(whole) = name.strip_suffix('.') {
        return valid(whole).into_iter().collect();
    }
    let mut names = Vec::new();
    let mut tried_as_is = name.matches('.').count() >= usize::from(settings.ndots);
    if tried_as_is {
        names.extend(valid(name));
    }
    for domain in settings.search.iter().take(MOST_DOMAINS) {
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        if domain.is_empty() {
            if !tried_as_is {
                tried_as_is = true;
                names.extend(valid(name));
            }
            continue;
        }
        match valid(&format!("{name}.{domain}")) {
            Some(whole) if !whole.contains("\\u{") && !names.contains(&whole) => names.push(whole),
            Some(_) => {}
            None => break,
        }
    }
    if !tried_as_is {
        names.extend(valid(name));
    }
    names
}

fn valid(name: &str) -> Option<String> {
    let labels_fit = name.split('.').all(|label| (1..=63).contains(&label.len()));
    (labels_fit && name.len() <= LONGEST_NAME).then(|| name.to_owned())
}

#[cfg(test)]
#[path = "name_files_tests.rs"]
mod tests;
