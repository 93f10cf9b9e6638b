//! The man page, the completions and the README's table of verdicts are generated from the definitions and
//! committed; these tests hold the committed files against what the definitions give now.
//!
//! `WHYCONN_WRITE=1 cargo test --test generated` writes the files instead.

use clap_complete::aot::{Bash, Elvish, Fish, Generator, PowerShell, Zsh};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};
use whyconn::Exit;
use whyconn::model::target::SCHEMES;
use whyconn::verdict::{CATALOG, Class};

#[test]
fn the_man_page_follows_the_definitions() -> Result<(), String> {
    let page = man_page().map_err(|error| error.to_string())?;
    check("man/whyconn.1", &page)?;
    man_shows_without_warnings("man/whyconn.1")
}

#[test]
fn the_completions_follow_the_definitions() -> Result<(), String> {
    check("completions/whyconn.bash", &completion(Bash))?;
    check("completions/_whyconn", &completion(Zsh))?;
    check("completions/whyconn.fish", &completion(Fish))?;
    check("completions/whyconn.elv", &completion(Elvish))?;
    check("completions/_whyconn.ps1", &completion(PowerShell))
}

#[test]
fn the_readme_lists_every_verdict() -> Result<(), String> {
    const OPEN: &str = "<!-- verdicts -->\n";
    const CLOSE: &str = "<!-- /verdicts -->\n";
    let readme = read("README.md")?;
    let marks = readme
        .split_once(OPEN)
        .and_then(|(before, rest)| rest.split_once(CLOSE).map(|(_, behind)| (before, behind)));
    let (before, behind) =
        marks.ok_or("README.md: the table's two marks are not there, each on a line of its own")?;
    let table = whyconn::docs::markdown_table();
    check("README.md", &format!("{before}{OPEN}{table}{CLOSE}{behind}"))
}

/// Compares a committed file with what it should hold, or writes it.
fn check(file: &str, wanted: &str) -> Result<(), String> {
    if env::var_os("WHYCONN_WRITE").is_some_and(|value| value == "1") {
        return fs::write(path_of(file), wanted).map_err(|error| format!("{file}: {error}"));
    }
    let committed = read(file)?;
    if committed == wanted {
        return Ok(());
    }
    let same = committed.lines().zip(wanted.lines()).take_while(|(is, should)| is == should).count();
    Err(format!(
        "{file} differs from the definitions, first in line {}: `WHYCONN_WRITE=1 cargo test --test generated` writes it",
        same + 1
    ))
}

fn read(file: &str) -> Result<String, String> {
    fs::read_to_string(path_of(file)).map_err(|error| format!("{file}: {error}"))
}

fn path_of(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// On a machine without `man` nobody can tell.
fn man_shows_without_warnings(file: &str) -> Result<(), String> {
    let settings = [("LC_ALL", "C.UTF-8"), ("MANWIDTH", "80")];
    match Command::new("man").args(["--warnings", "-l"]).arg(path_of(file)).envs(settings).output() {
        Ok(shown) if shown.status.success() && shown.stderr.is_empty() => Ok(()),
        Ok(shown) => Err(format!("man: {}: {}", shown.status, String::from_utf8_lossy(&shown.stderr))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("man: {error}")),
    }
}

fn completion(shell: impl Generator) -> String {
    let mut script = Vec::new();
    clap_complete::aot::generate(shell, &mut whyconn::cli::definition(), "whyconn", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The definition gives the head and the options; the rest follows from the catalog, or is written here.
fn man_page() -> io::Result<String> {
    // A date would change with every build; an argument is only kept empty by quotes.
    let man = Man::new(whyconn::cli::definition()).title("WHYCONN").date("\"\"").manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    // Neither hyphens nor gaps inside of codes, paths and commands.
    Roff::new().control("nh", []).control("ad", ["l"]).to_writer(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    description().to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    for section in [commands(), verdicts(), exit_status(), environment(), files(), examples(), see_also()] {
        section.to_writer(&mut page)?;
    }
    // Every part opens with the same definition of an apostrophe; one is enough.
    let preamble = Roff::new().render();
    Ok(preamble.clone() + &String::from_utf8_lossy(&page).replace(&preamble, ""))
}

/// Text in which words between backticks are set in bold.
fn text(marked: &str) -> Vec<Inline> {
    let parts = marked.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(place, part)| if place % 2 == 1 { bold(part) } else { roman(part) }).collect()
}

fn section(heading: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    roff
}

/// A term, and beside it what it means.
fn item(roff: &mut Roff, term: Vec<Inline>, meaning: &str) {
    roff.control("TP", []).text(term).text(text(meaning));
}

fn description() -> Roff {
    let mut roff = section("DESCRIPTION");
    roff.text(text(
        "`whyconn` looks up the target's name, tries the connection to each of its addresses, and names one \
         verdict: what failed, who did it, how certain that is, and what to do next. It needs no privileges, \
         and sends no data over the connection.",
    ));
    roff.control("PP", []).text(text("A target has one of these forms:"));
    let schemes: Vec<&str> = SCHEMES.iter().map(|(scheme, _)| *scheme).collect();
    let url = format!("a URL; its port, or that of its scheme: {}", schemes.join(", "));
    let forms = [
        ("HOST:PORT", "a name or an IPv4 address, and a port or the name of a service"),
        ("HOST PORT", "the same as two words"),
        ("[ADDRESS]:PORT", "an IPv6 address; a link-local one takes its device, as in `[fe80::1%eth0]:22`"),
        ("SCHEME://HOST", url.as_str()),
    ];
    for (form, meaning) in forms {
        item(&mut roff, vec![italic(form)], meaning);
    }
    roff.control("PP", []).text(text(
        "The first line of the report is the verdict. Below it stand the packets that were sent and received, \
         who did it, the evidence, what else gives the same evidence (`or else`), what to do `next`, and facts \
         beside the verdict (`besides`). `certain` means that the evidence excludes every other verdict; \
         `likely`, that another one fits as well; `possible`, that it is one among several.",
    ));
    roff
}

fn commands() -> Roff {
    let mut roff = section("COMMANDS");
    for command in whyconn::cli::definition().get_subcommands() {
        let mut term = vec![bold(format!("whyconn {}", command.get_name()))];
        for argument in command.get_positionals() {
            term.push(roman(" ["));
            term.push(italic(argument.get_id().as_str().to_uppercase()));
            term.push(roman("]"));
        }
        item(&mut roff, term, &command.get_about().map(ToString::to_string).unwrap_or_default());
    }
    roff
}

fn verdicts() -> Roff {
    let mut roff = section("VERDICTS");
    roff.text(text("`whyconn explain` `CODE` tells more about each of them. This is the whole vocabulary; this version does not decide all of it."));
    for class in Class::ALL {
        roff.control("SS", [format!("{class}: {}", class.meaning()).as_str()]);
        for entry in CATALOG.iter().filter(|entry| entry.class == class) {
            item(&mut roff, vec![bold(entry.id)], entry.holds_when);
        }
    }
    roff
}

fn exit_status() -> Roff {
    let mut roff = section("EXIT STATUS");
    let mut status = |exit: Exit, meaning: &str| {
        item(&mut roff, vec![bold(exit.number().to_string())], meaning);
    };
    status(
        Exit::Success,
        "`connected`: the handshake completed; also after `explain`, `schema` and `--help`",
    );
    status(Exit::Failure, "whyconn itself failed");
    status(Exit::Usage, "the command line is wrong");
    for class in Class::ALL.into_iter().filter(|class| *class != Class::Connected) {
        status(Exit::Verdict(class), &format!("`{class}`: {}", class.meaning()));
    }
    roff
}

fn environment() -> Roff {
    let mut roff = section("ENVIRONMENT");
    let variables = [
        ("NO_COLOR", "no colour if it is set"),
        ("CLICOLOR", "no colour if it is `0`"),
        ("CLICOLOR_FORCE", "colour, terminal or not, if it is set and not `0`; comes before the other two"),
        (
            "LC_ALL, LC_CTYPE, LANG",
            "the first that is set names the character set; the picture is ASCII unless it is UTF-8",
        ),
    ];
    for (names, meaning) in variables {
        item(&mut roff, vec![bold(names)], meaning);
    }
    roff.control("PP", []).text(text("`--color` `always` and `--color` `never` come before all of them."));
    roff
}

fn files() -> Roff {
    let mut roff = section("FILES");
    let files = [
        ("/etc/nsswitch.conf, /etc/hosts, /etc/resolv.conf", "names of hosts, read by the C library"),
        ("/etc/services", "names of services, read by the C library"),
    ];
    for (names, meaning) in files {
        item(&mut roff, vec![italic(names)], meaning);
    }
    roff
}

fn examples() -> Roff {
    let mut roff = section("EXAMPLES");
    let examples = [
        ("Why does the database not answer?", "whyconn db.example:5432"),
        ("The port of a URL, over IPv6 only:", "whyconn -6 https://www.example/login"),
        ("From an address and device of this host:", "whyconn -s 198.51.100.2 -i eth0 198.18.3.2 443"),
        ("The verdict's code for a script:", "whyconn --json db.example:5432 | jq -r .verdict.code"),
        ("What a verdict means, and its runbook:", "whyconn explain timeout.silent"),
    ];
    for (question, command) in examples {
        roff.control("PP", []).text(text(question));
        roff.control("PP", []).control("RS", ["4"]).text([bold(command)]).control("RE", []);
    }
    roff
}

fn see_also() -> Roff {
    let mut roff = section("SEE ALSO");
    roff.text(text("`getent`(1), `nc`(1), `tcp`(7), `icmp`(7), `ip`(8), `nft`(8), `ss`(8), `tcpdump`(8)"));
    roff
}
