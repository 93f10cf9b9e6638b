//! Lists of targets: which words are one, and how each is read.

use super::args::DiagnoseArgs;
use super::{request, services};
use crate::error::Error;
use crate::exit::Exit;
use crate::many::{Order, run};
use crate::model::target::TargetError;
use crate::model::{Request, Target};
use crate::render::{Detail, Format, ListForm, Style};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;

/// Names of services beyond this many are looked up each time.
const MOST_SERVICES: usize = 1024;

/// Works through a list, if the arguments are one: a file, three words or more, or two that are a target each.
/// `None` for one target.
///
/// # Errors
/// A word is no target, a file can't be read, or standard output can't be written.
pub(super) fn diagnose_list(args: &DiagnoseArgs) -> Result<Option<Exit>, Error> {
    let target = reader(args.udp);
    if !is_list(args, &target) {
        return Ok(None);
    }
    let one_at_a_time = [
        ("--wait", args.wait.is_some()),
        ("-- COMMAND", !args.command_line.is_empty()),
        ("--redact", args.redact),
    ];
    if let Some((flag, _)) = one_at_a_time.iter().find(|(_, given)| *given) {
        return Err(Error::Usage(format!("{flag} is for one target: leave it out, or give one HOST:PORT")));
    }
    let read = |word: &OsString| {
        let text = word.to_str().ok_or_else(|| TargetError::Encoding(word.to_string_lossy().into_owned()));
        let target = text.and_then(&target).map_err(|error| Error::Usage(error.to_string()))?;
        request(args, target)
    };
    // A wrong word is known before anything is sent.
    let requests: Result<Vec<Request>, Error> = args.target.iter().map(read).collect();
    let form = match args.format() {
        Format::Json => ListForm::Json,
        Format::Markdown => ListForm::Markdown,
        Format::Human => ListForm::Human { detail: args.detail(), style: Style::detect(args.color) },
    };
    let options = args.clone();
    let exit = run(Order {
        requests: requests?,
        files: args.files.clone(),
        read: Box::new(move |line| {
            let target = of_line(line, &target).map_err(|error| error.to_string())?;
            request(&options, target).map_err(|error| error.to_string())
        }),
        jobs: args.jobs,
        form,
        with_evidence: args.verbose,
        expect: args.expect.clone(),
        progress: args.detail() != Detail::Line,
    })?;
    Ok(Some(exit))
}

/// Two words that are a target each are two targets; any other two are `HOST PORT`.
fn is_list(args: &DiagnoseArgs, read: &impl Fn(&str) -> Result<Target, TargetError>) -> bool {
    match args.target.as_slice() {
        _ if !args.files.is_empty() => true,
        [first, second] => {
            [first, second].iter().all(|word| word.to_str().is_some_and(|word| read(word).is_ok()))
        }
        words => words.len() > 2,
    }
}

/// Reads one word. A service's name is looked up once.
fn reader(udp: bool) -> impl Fn(&str) -> Result<Target, TargetError> {
    let known: RefCell<HashMap<(String, bool), Option<u16>>> = RefCell::default();
    move |text| {
        let udp = udp || Target::asks_for_udp(text);
        let look_up = services(udp);
        let once = |name: &str| {
            let key = (name.to_owned(), udp);
            if let Some(port) = known.borrow().get(&key) {
                return *port;
            }
            let port = look_up(name);
            if known.borrow().len() < MOST_SERVICES {
                known.borrow_mut().insert(key, port);
            }
            port
        };
        let target = Target::parse(text, &once)?;
        Ok(if udp { target.over_udp() } else { target })
    }
}

/// A line of a file: a target, or `HOST PORT` as for nc. The path of a unix socket may hold a blank.
fn of_line(line: &str, read: &impl Fn(&str) -> Result<Target, TargetError>) -> Result<Target, TargetError> {
    let words: Vec<&str> = line.split_ascii_whitespace().take(3).collect();
    let socket = |first: &str| first.starts_with('/') || (first.starts_with("unix") && first.contains(':'));
    match words.as_slice() {
        [host, port] if !socket(host) => {
            let joined = match host.contains(':') && !host.starts_with('[') {
                true => format!("[{host}]:{port}"),
                false => format!("{host}:{port}"),
            };
            let target = read(&joined)?;
            Ok(Target { input: line.to_owned(), ..target })
        }
        _ => read(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::Parser as _;

    fn is_a_list(words: &[&str]) -> bool {
        let cli = Cli::try_parse_from([&["whyconn"], words].concat()).unwrap();
        is_list(&cli.diagnose, &reader(false))
    }

    #[test]
    fn two_words_are_one_target_unless_each_is_one() {
        for one in [&["db:80"][..], &["db", "80"], &["db", "http"], &["[::1]", "80"], &["db:80", "80"], &[]] {
            assert!(!is_a_list(one), "{one:?}");
        }
        for list in [
            &["db:80", "db:81"][..],
            &["db:80", "/run/socket"],
            &["db", "80", "81"],
            &["a:1", "b:2", "c:3"],
            &["-f", "list"],
            &["-f", "list", "db:80"],
        ] {
            assert!(is_a_list(list), "{list:?}");
        }
    }

    #[test]
    fn a_line_is_a_target_or_host_and_port() {
        let read = reader(false);
        let endpoint = |line: &str| of_line(line, &read).map(|target| target.endpoint());
        for (line, expected) in [
            ("db:80", "db:80"),
            ("db 80", "db:80"),
            ("db\thttp", "db:80"),
            ("::1 80", "[::1]:80"),
            ("[::1] 80", "[::1]:80"),
            ("http://db/#top", "db:80"),
            ("/run/a b", "unix:/run/a b"),
            ("unix:/run/a b", "unix:/run/a b"),
            ("unixes 80", "unixes:80"),
        ] {
            assert_eq!(endpoint(line).as_deref(), Ok(expected), "{line}");
        }
        for line in ["db", "db 80 81", "db:80 81", "db 0", ":80"] {
            assert!(endpoint(line).is_err(), "{line}");
        }
        assert_eq!(of_line("db 80", &read).unwrap().input, "db 80");
    }
}
