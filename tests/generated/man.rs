//! The man pages. The definition gives heads and options; the rest follows from the catalog, or is written here.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use std::io;
use whyconn::Exit;
use whyconn::model::target::SCHEMES;
use whyconn::verdict::{CATALOG, Class};

/// The files below `man/`, each with its text.
pub fn all() -> io::Result<[(&'static str, String); 2]> {
    Ok([("man/whyconn.1", whyconn_1()?), ("man/whyconn-explain.1", explain_1()?)])
}

fn whyconn_1() -> io::Result<String> {
    // The forms of a target have a section of their own.
    let definition = whyconn::cli::definition().mut_args(|arg| {
        let hidden = arg.is_positional();
        arg.hide(hidden)
    });
    let sections = [
        commands(),
        targets(),
        verdicts(),
        exit_status(),
        environment(),
        files(),
        examples(),
        notes(),
        see_also(&[
            "whyconn-explain(1)",
            "getent(1)",
            "nc(1)",
            "tcp(7)",
            "udp(7)",
            "unix(7)",
            "icmp(7)",
            "ip(8)",
            "nft(8)",
            "ss(8)",
            "tcpdump(8)",
        ]),
    ];
    page("WHYCONN", definition, description(), &sections)
}

fn explain_1() -> io::Result<String> {
    let mut definition = whyconn::cli::definition();
    definition.build();
    let explain = definition.find_subcommand("explain").cloned().ok_or(io::ErrorKind::NotFound)?;
    // The page's name has a hyphen, the command a blank.
    let explain = explain
        .name("whyconn-explain")
        .display_name("whyconn-explain")
        .bin_name("whyconn explain")
        .about("Say what a verdict of whyconn means, what causes it, and what to do");
    let sections = [explain_exit_status(), explain_examples(), see_also(&["whyconn(1)"])];
    page("WHYCONN-EXPLAIN", explain, explain_description(), &sections)
}

fn page(title: &str, definition: Command, description: Roff, sections: &[Roff]) -> io::Result<String> {
    // A date would change with every build; an argument is only kept empty by quotes.
    let source = concat!("whyconn ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(definition).title(title).date("\"\"").source(source).manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    // Neither hyphens nor gaps inside of codes, paths and commands.
    Roff::new().control("nh", []).control("ad", ["l"]).to_writer(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    description.to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    for section in sections {
        section.to_writer(&mut page)?;
    }
    let page = String::from_utf8_lossy(&page).into_owned();
    // Every part opens with the same definition of an apostrophe; one is enough. An empty line and a paragraph
    // without a line before it are what mandoc warns of.
    let preamble = Roff::new().render();
    let page = page.replace(&preamble, "").replace(".br\n\n.br\n", ".br\n");
    let lines: String = page.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    Ok(preamble + &lines)
}

/// Whether the command line has an option, by its long name.
fn has(option: &str) -> bool {
    whyconn::cli::definition().get_arguments().any(|arg| arg.get_long() == Some(option))
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
         and sends no data over a TCP connection or to a unix socket.",
    ));
    roff.control("PP", []).text(text(
        "The first line of the report is the verdict. Below it stand the packets that were sent and received, \
         who did it, the evidence, what else gives the same evidence (`or else`), what to do `next`, and facts \
         beside the verdict (`besides`). `certain` means that the evidence excludes every other verdict; \
         `likely`, that another one fits as well; `possible`, that it is one among several.",
    ));
    roff
}

fn targets() -> Roff {
    let mut roff = section("TARGETS");
    roff.text(text("A target has one of these forms:"));
    let schemes: Vec<&str> = SCHEMES.iter().map(|(scheme, _)| *scheme).collect();
    let url = format!("a URL; its port, or that of its scheme: {}", schemes.join(", "));
    let forms = [
        ("HOST:PORT", "a name or an IPv4 address, and a port or the name of a service"),
        ("HOST PORT", "the same as two words"),
        ("[ADDRESS]:PORT", "an IPv6 address; a link-local one takes its device, as in `[fe80::1%eth0]:22`"),
        ("SCHEME://HOST", url.as_str()),
        ("udp://HOST:PORT", "over UDP, as is any form above with `-u`; the port is needed"),
        ("unix:/PATH", "a unix socket; a bare path such as `/run/app.sock` or `./app.sock` is one too"),
        ("unix:@NAME", "a unix socket by its abstract name"),
        (
            "unix-dgram:/PATH",
            "a unix socket of datagrams, as every form of a unix socket with `-u`; `unix-dgram:@NAME` has an abstract name",
        ),
        ("unix-seqpacket:/PATH", "a unix socket of packets in sequence; likewise `unix-seqpacket:@NAME`"),
    ];
    for (form, meaning) in forms {
        item(&mut roff, vec![italic(form)], meaning);
    }
    roff
}

fn commands() -> Roff {
    let mut roff = section("COMMANDS");
    let mut definition = whyconn::cli::definition();
    definition.build();
    for command in definition.get_subcommands() {
        let mut term = vec![bold(format!("whyconn {}", command.get_name()))];
        for argument in command.get_positionals() {
            term.push(roman(" ["));
            let names = argument.get_value_names().unwrap_or_default();
            term.push(italic(names.join(" ")));
            term.push(roman("]"));
        }
        item(&mut roff, term, &command.get_about().map(ToString::to_string).unwrap_or_default());
    }
    roff
}

fn verdicts() -> Roff {
    let mut roff = section("VERDICTS");
    roff.text(text(
        "A code never changes its meaning. `whyconn explain` `CODE` tells more about each of them.",
    ));
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
    for (number, option, meaning) in [
        ("10", "targets-from", "several targets failed, with verdicts of different classes"),
        ("11", "expect", "the verdict is not what `--expect` says"),
        ("126", "wait", "the command behind `--` can't be run"),
        ("127", "wait", "there is no such command"),
        ("130", "wait", "Ctrl-C ended the waiting, or a list; what is known is printed"),
        ("143", "wait", "SIGTERM did"),
    ] {
        if has(option) {
            item(&mut roff, vec![bold(number)], meaning);
        }
    }
    roff
}

fn environment() -> Roff {
    let mut roff = section("ENVIRONMENT");
    let variables = [
        (
            "RES_OPTIONS, LOCALDOMAIN, HOSTALIASES",
            "as for every program that looks up names by the C library",
        ),
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
    roff.control("PP", [])
        .text(text("`--color` `always` and `--color` `never` come before the colour variables."));
    roff
}

fn files() -> Roff {
    let mut roff = section("FILES");
    let files = [
        ("/etc/hosts, /etc/nsswitch.conf, /etc/resolv.conf", "where the names of hosts come from"),
        ("/etc/gai.conf", "the order of a name's addresses"),
        ("/etc/services", "names of services, read by the C library"),
        ("/proc", "this host's counters, sockets and settings; which process listens, and where"),
        ("/sys/fs/cgroup", "the names of the services and containers that listen"),
    ];
    for (names, meaning) in files {
        item(&mut roff, vec![italic(names)], meaning);
    }
    roff
}

fn examples() -> Roff {
    let mut roff = section("EXAMPLES");
    let mut examples = vec![
        ("Why does the database not answer?", "whyconn db.example:5432"),
        ("The port of a URL, over IPv6 only:", "whyconn -6 https://www.example/login"),
        ("From an address and device of this host:", "whyconn -s 198.51.100.2 -i eth0 198.18.3.2 443"),
        ("A name server, over UDP:", "whyconn -u 198.51.100.53 53"),
        ("A unix socket:", "whyconn /run/app.sock"),
        ("The verdict's code for a script:", "whyconn --json db.example:5432 | jq -r .verdict.code"),
        ("What a verdict means, and its runbook:", "whyconn explain timeout.silent"),
    ];
    if has("expect") {
        examples.push((
            "A firewall's test: it must keep silent, or reject:",
            "whyconn --expect timeout.silent --expect timeout.port-silent --expect refused.icmp-port 198.18.3.2:23",
        ));
    }
    if has("redact") {
        examples
            .push(("A report for a public ticket:", "whyconn --redact --format markdown db.example:5432"));
    }
    if has("wait") {
        examples.push((
            "Start a program once its database connects:",
            "whyconn --wait 60s db.example:5432 -- ./server",
        ));
    }
    commands_shown(&mut roff, &examples);
    roff
}

/// A line of prose and the command that it stands for, each in turn.
fn commands_shown(roff: &mut Roff, examples: &[(&str, &str)]) {
    for (place, (question, command)) in examples.iter().enumerate() {
        if place > 0 {
            roff.control("PP", []);
        }
        roff.text(text(question));
        roff.control("PP", []).control("RS", ["4"]).text([bold(*command)]).control("RE", []);
    }
}

fn notes() -> Roff {
    let mut roff = section("NOTES");
    let notes = [
        "It runs on Linux, and sees one end of the conversation. A reset from a firewall on the target, or on the \
         last router before it, looks like that of a closed port; so `refused.rst` is `certain` for a target on \
         this host only.",
        "Silence has many causes that look alike: `timeout.silent` is never `certain`, and over UDP no timeout is. \
         It names the last hop that answered; what drops the packets is that router, the next one, or one \
         farther on that keeps silent by habit.",
        "An ordinary user sees which process listens only among their own; of all others the owner's user id, and \
         the service or container.",
        "Nothing is sent but what the answer needs: TCP and UDP to the given port, an ICMP echo and a UDP datagram \
         to a high port of the same address where that fails, and questions to the name servers where the name \
         does not explain itself. A connection is ended by a reset, so that no TIME_WAIT is left.",
    ];
    for (place, note) in notes.into_iter().enumerate() {
        if place > 0 {
            roff.control("PP", []);
        }
        roff.text(text(note));
    }
    roff
}

/// Pages with their sections, such as `ss(8)`.
fn see_also(pages: &[&str]) -> Roff {
    let mut roff = section("SEE ALSO");
    let mut line = Vec::new();
    for page in pages {
        let (name, number) = page.split_at(page.find('(').unwrap_or(page.len()));
        let comma = if line.is_empty() { "" } else { ", " };
        line.extend([roman(comma), bold(name), roman(number)]);
    }
    roff.text(line);
    roff
}

fn explain_description() -> Roff {
    let mut roff = section("DESCRIPTION");
    roff.text(text(
        "`whyconn` names one verdict about a connection. `whyconn explain` `CODE` prints the page about that verdict, \
         a small runbook; with a class it lists the codes of that class, and without either all of them. Nothing \
         is looked up and nothing is sent: the pages are part of the program.",
    ));
    roff.control("PP", []).text(text("Each page has the same parts:"));
    let first = CATALOG.first().map(|entry| entry.text).unwrap_or_default();
    let parts: Vec<&str> = first.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for part in parts {
        let meaning = match part {
            "Symptom" => "what other programs say in its place",
            "Meaning" => "what has happened",
            "How whyconn knows" => "the evidence, and when it is `certain`",
            "What else it could be" => "its look-alikes, and what tells them apart",
            "What to do" => "the steps, and the machine on which each is done",
            "Runbook" => "the same in order, with what each step shows",
            _ => "",
        };
        item(&mut roff, vec![bold(part)], meaning);
    }
    roff.control("PP", []).text(text("The codes are those of VERDICTS in `whyconn`(1)."));
    roff
}

fn explain_exit_status() -> Roff {
    let mut roff = section("EXIT STATUS");
    item(&mut roff, vec![bold(Exit::Success.number().to_string())], "the page or the list was printed");
    item(&mut roff, vec![bold(Exit::Failure.number().to_string())], "it could not be printed");
    item(
        &mut roff,
        vec![bold(Exit::Usage.number().to_string())],
        "there is no such code or class; codes that come near are named",
    );
    roff
}

fn explain_examples() -> Roff {
    let mut roff = section("EXAMPLES");
    let examples = [
        ("All verdicts, by class:", "whyconn explain"),
        ("The whole book, for a wiki:", "whyconn explain --format markdown > whyconn.md"),
        ("What a port that is silent means, and what to do:", "whyconn explain timeout.port-silent | less"),
        (
            "The page about whatever is wrong now:",
            "whyconn explain \"$(whyconn --json db:5432 | jq -r .verdict.code)\"",
        ),
    ];
    commands_shown(&mut roff, &examples);
    roff
}
