//! `--wait`, and the command that runs when the target connects.

use super::args::DiagnoseArgs;
use super::progress::Progress;
use super::{command_line, judged, output, text, told};
use crate::error::Error;
use crate::exit::Exit;
use crate::investigate::investigate;
use crate::model::Request;
use crate::render::{Color, Detail, Style};
use crate::report::Spell;
use crate::sanitize::clean_to;
use crate::verdict::Class;
use crate::wait::{Ended, Signal, wait};
use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The longest name of a command that is shown, in characters.
const MOST_NAME: usize = 200;

/// Waits where that was asked for, reports, and runs the command if the target connects.
pub(super) fn run(args: &DiagnoseArgs, request: Request) -> Result<Exit, Error> {
    let mut signal = None;
    let (evidence, history) = match args.wait {
        None => (investigate(request), None),
        Some(limit) => {
            let mut progress =
                Progress::new(if args.redact { "the target" } else { &request.target.input }, args.quiet);
            let waited = wait(&request, limit, |history, change| progress.show(history, change));
            progress.end();
            if let Ended::Signal(which) = waited.ended {
                signal = Some(which);
            }
            (waited.evidence, Some(waited.history))
        }
    };
    let (mut report, story) = told(args, evidence);
    report.history = history.map(|spells| if args.redact { without_addresses(spells) } else { spells });
    let connects = report.verdict.class == Class::Connected;
    let (judged, unmet) = judged(args, &report);
    let exit = match signal {
        Some(Signal::Interrupt) => Exit::Interrupted,
        Some(Signal::Terminate) => Exit::Terminated,
        None => judged,
    };
    let command = command_line(args);
    let Some((program, words)) = command.split_first() else {
        let style = Style::detect(args.color);
        output::print(&text(args, &report, &story, args.detail(), &style)?, exit)?;
        if let Some(unmet) = unmet.filter(|_| signal.is_none()) {
            output::remark(&unmet);
        }
        return Ok(exit);
    };
    // Standard output is the command's, whether or not it comes to run.
    let runs = connects && signal.is_none();
    let detail = match args.detail() {
        // Who wants the command to run needs no picture of what went well.
        Detail::Usual if runs => Detail::Line,
        detail => detail,
    };
    if !(runs && args.quiet) {
        output::tell(&text(args, &report, &story, detail, &beside_a_command(args.color))?);
    }
    if runs { Err(become_command(program, words)) } else { Ok(exit) }
}

/// Earlier states may have had other culprits than those that the last one's stand-ins are for.
fn without_addresses(spells: Vec<Spell>) -> Vec<Spell> {
    spells.into_iter().map(|spell| Spell { culprit: None, ..spell }).collect()
}

/// What is written to standard error has colour only where that is a terminal.
fn beside_a_command(color: Color) -> Style {
    let forced = env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let color = match color {
        Color::Auto if !forced && !io::stderr().is_terminal() => Color::Never,
        color => color,
    };
    Style::detect(color)
}

/// Runs the command in this process's place; returns only where that fails.
fn become_command(program: &OsString, words: &[OsString]) -> Error {
    let error = Command::new(program).args(words).exec();
    Error::Command { name: clean_to(&program.to_string_lossy(), MOST_NAME), error }
}
