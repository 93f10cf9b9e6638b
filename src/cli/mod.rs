//! The command line: from arguments to the exit code.

mod args;
mod many;
mod output;
mod progress;
mod wait;

pub use args::{Cli, Command, PageFormat};

use crate::error::Error;
use crate::exit::Exit;
use crate::expect::{disappointment, near};
use crate::investigate::investigate;
use crate::model::target::TargetError;
use crate::model::{Asked, Evidence, Family, Host, Millis, ProxyVariable, Request, Target, Transport};
use crate::redact::redact;
use crate::render::{self, Color, Detail, Format, Style};
use crate::report::{Report, Story, report};
use crate::sanitize::clean_to;
use crate::verdict::{Class, Code};
use crate::{docs, sys};
use args::DiagnoseArgs;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use std::env;
use std::ffi::OsString;
use std::time::SystemTime;

/// Runs the program. Everything that it prints goes through here.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> Exit {
    match try_run(argv) {
        Ok(exit) => exit,
        Err(error) => {
            output::complain(&error);
            error.exit()
        }
    }
}

fn try_run(argv: impl IntoIterator<Item = OsString>) -> Result<Exit, Error> {
    let cli = match Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return output::print(&error.render().to_string(), Exit::Success);
        }
        Err(error) => return Err(Error::Usage(one_line(&error))),
    };
    match cli.command {
        Some(Command::Explain { code, format }) => {
            output::print(&explain(code.as_deref(), format)?, Exit::Success)
        }
        Some(Command::Schema) => output::print(&docs::schema()?, Exit::Success),
        None => diagnose_target(&cli.diagnose),
    }
}

fn diagnose_target(args: &DiagnoseArgs) -> Result<Exit, Error> {
    if let Some(exit) = many::diagnose_list(args)? {
        return Ok(exit);
    }
    let target = target(target_words(args), args.udp).map_err(|error| Error::Usage(error.to_string()))?;
    let request = request(args, target)?;
    if args.wait.is_some() || !command_line(args).is_empty() {
        return wait::run(args, request);
    }
    let (report, story) = told(args, investigate(request));
    let text = text(args, &report, &story, args.detail(), &Style::detect(args.color))?;
    let (exit, unmet) = judged(args, &report);
    output::print(&text, exit)?;
    if let Some(unmet) = unmet {
        output::remark(&unmet);
    }
    Ok(exit)
}

/// The report, stamped, and redacted where that was asked for.
fn told(args: &DiagnoseArgs, evidence: Evidence) -> (Report, Story) {
    let evidence = Evidence { asked: Some(asked()), ..evidence };
    report(if args.redact { redact(evidence) } else { evidence })
}

fn text(
    args: &DiagnoseArgs,
    report: &Report,
    story: &Story,
    detail: Detail,
    style: &Style,
) -> Result<String, Error> {
    Ok(match args.format() {
        Format::Json => render::json(report)?,
        Format::Markdown => render::markdown(report, story, detail),
        Format::Human => render::human(report, story, detail, style),
    })
}

/// The exit code, and what to say where the verdict is not what was expected.
fn judged(args: &DiagnoseArgs, report: &Report) -> (Exit, Option<String>) {
    match disappointment(&args.expect, report.verdict.code) {
        Some(unmet) => (Exit::Unexpected, Some(unmet)),
        None if args.expect.is_empty() => (Exit::Verdict(report.verdict.class), None),
        None => (Exit::AsExpected, None),
    }
}
/// Where and when this is: for readers, and nothing is measured by it.
#[allow(clippy::disallowed_methods)]
fn asked() -> Asked {
    Asked {
        on: sys::own_name().map(|name| clean_to(&name, 64)),
        when: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// What stands behind `--`, unless it is the target: then no other word is.
fn command_line(args: &DiagnoseArgs) -> &[OsString] {
    if args.target.is_empty() { &[] } else { &args.command_line }
}

fn target_words(args: &DiagnoseArgs) -> &[OsString] {
    if args.target.is_empty() { &args.command_line } else { &args.target }
}

/// The arguments, checked against each other.
fn request(args: &DiagnoseArgs, target: Target) -> Result<Request, Error> {
    if args.quiet && args.format() == Format::Json {
        return Err(Error::Usage(
            "JSON has no short form: leave -q out, or ask for --format human".to_owned(),
        ));
    }
    if !args.expect.is_empty() && !command_line(args).is_empty() {
        return Err(Error::Usage(
            "--expect and -- COMMAND both decide the exit code: leave one of them out".to_owned(),
        ));
    }
    if target.socket().is_some() {
        fits_a_socket(args)?;
    }
    let literal = match target.host {
        // An IPv4-mapped address is IPv4 on the wire.
        Host::Address { ip, .. } => Some(ip.to_canonical()),
        Host::Name(_) | Host::Socket(_) => None,
    };
    let asked = match (args.ipv4, args.ipv6) {
        (true, _) => Some(Family::V4),
        (_, true) => Some(Family::V6),
        _ => None,
    };
    if let (Some(family), Some(ip)) = (asked, literal)
        && Family::of(ip) != family
    {
        let flag = if family == Family::V4 { "-4" } else { "-6" };
        return Err(Error::Usage(format!(
            "{flag} asks for {family}, but {ip} is an {} address: leave {flag} out, or give a name",
            Family::of(ip)
        )));
    }
    // A client with a source of one family can only use that family.
    let source_family = args.source.map(Family::of);
    if let (Some(source), Some(source_family)) = (args.source, source_family) {
        let wanted = asked.or(literal.map(Family::of));
        if let Some(wanted) = wanted
            && wanted != source_family
        {
            return Err(Error::Usage(format!(
                "--source {source} is an {source_family} address: it can't reach {wanted}; give an {wanted} source"
            )));
        }
    }
    let value = |name: &str| env::var(name).ok();
    Ok(Request {
        proxies: ProxyVariable::heeded(&target, value),
        family: asked.or(source_family),
        timeout_ms: Millis::from(args.timeout),
        grace_ms: Millis::from(args.grace),
        source: args.source,
        source_port: args.source_port,
        interface: args.interface.clone(),
        trace: args.trace,
        dns: args.dns,
        ..Request::new(target)
    })
}

/// A unix socket has no address, port or device at the client's end, and its name is in no DNS.
fn fits_a_socket(args: &DiagnoseArgs) -> Result<(), Error> {
    let given = [
        ("-4", args.ipv4),
        ("-6", args.ipv6),
        ("--source", args.source.is_some()),
        ("--source-port", args.source_port.is_some()),
        ("--interface", args.interface.is_some()),
        ("--dns", args.dns.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::Usage(format!(
            "{flag} says nothing about a unix socket: leave it out, or give HOST:PORT as the target"
        ))),
        None => Ok(()),
    }
}

/// Looks up services by the transport that is meant.
fn services(udp: bool) -> impl Fn(&str) -> Option<u16> {
    let transport = if udp { Transport::Udp } else { Transport::Tcp };
    move |name| sys::lookup_service(name, transport)
}

/// `HOST:PORT`, or `HOST PORT` as for nc.
fn target(words: &[OsString], udp: bool) -> Result<Target, TargetError> {
    let text = |word: &OsString| {
        word.to_str()
            .map(ToOwned::to_owned)
            .ok_or_else(|| TargetError::Encoding(word.to_string_lossy().into_owned()))
    };
    match words {
        [] => Err(TargetError::Missing),
        [whole] => {
            let whole = text(whole)?;
            let udp = udp || Target::asks_for_udp(&whole);
            let target = Target::parse(&whole, &services(udp))?;
            Ok(if udp { target.over_udp() } else { target })
        }
        [host, port] => {
            let target = Target::parse_pair(&text(host)?, &text(port)?, &services(udp))?;
            Ok(if udp { target.over_udp() } else { target })
        }
        [_, _, third, ..] => Err(TargetError::TooMany(third.to_string_lossy().into_owned())),
    }
}

/// A page, the codes of a class, or all of them.
fn explain(asked: Option<&str>, format: PageFormat) -> Result<String, Error> {
    // As the contract and `--expect` write a class, too.
    let asked = asked.map(|text| text.strip_suffix(".*").unwrap_or(text));
    let class = asked.and_then(|text| Class::ALL.into_iter().find(|class| class.as_str() == text));
    let style = Style::detect(Color::Auto);
    Ok(match (asked, class, format) {
        (None, _, PageFormat::Text) | (_, Some(_), PageFormat::Text) => docs::list(class, style.width),
        (None, _, PageFormat::Markdown) | (_, Some(_), PageFormat::Markdown) => docs::book(class),
        (Some(code), None, PageFormat::Text) => render::page(&docs::explanation(known_code(code)?), &style),
        (Some(code), None, PageFormat::Markdown) => docs::explanation(known_code(code)?),
    })
}

fn known_code(text: &str) -> Result<Code, Error> {
    text.parse().map_err(|_| {
        let shown = clean_to(text, 60);
        let near = near(text);
        let hint = if near.is_empty() {
            "one that `whyconn explain` lists".to_owned()
        } else {
            format!("one of {}", near.join(" "))
        };
        Error::Usage(format!("'{shown}' is no verdict code: give {hint}"))
    })
}

/// clap's error in one line that shows the right form.
fn one_line(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let first: Vec<&str> = rendered
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .map(|line| line.trim().trim_start_matches("error: "))
        .collect();
    let said = clean_to(&first.join(" "), 300);
    match error.kind() {
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => said,
        _ => format!("{said}: whyconn [OPTIONS] HOST:PORT, and --help for the options"),
    }
}

/// The definition of the command line, for the man page and the completions.
pub fn definition() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
#[path = "cli_tests.rs"]
mod tests;
