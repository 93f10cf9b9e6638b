//! The completions. clap_complete writes what follows from the definition; it knows neither hosts, services nor
//! devices, and nothing of verdicts. `shells/` has what is added for each shell, with gaps such as `@valued@`.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, ValueHint};
use clap_complete::aot::{Bash, Elvish, Fish, Generator, PowerShell, Zsh};
use clap_complete_nushell::Nushell;
use std::collections::BTreeMap;
use whyconn::verdict::{CATALOG, Class};

/// The files below `completions/`, each with its text.
pub fn all() -> Result<[(&'static str, String); 6], String> {
    let known = Known::new();
    Ok([
        ("completions/whyconn.bash", bash(&known)?),
        ("completions/_whyconn", zsh(&known)?),
        ("completions/whyconn.fish", fish(&known)?),
        ("completions/whyconn.elv", elvish(&known)),
        ("completions/_whyconn.ps1", power_shell(&known)?),
        ("completions/whyconn.nu", generated(Nushell, known.definition.clone(), "whyconn")),
    ])
}

/// What completes the value of an argument.
#[derive(PartialEq, Eq)]
enum Kind {
    /// Words that the definition lists, or that are added here.
    Listed,
    /// The name of a network device.
    Device,
    File,
    /// Nothing: a number, a time, an address.
    Free,
}

/// The definition, with the values that its parsers take and do not list.
struct Known {
    definition: Command,
}

impl Known {
    fn new() -> Self {
        let mut definition = whyconn::cli::definition().mut_args(with_values);
        let names: Vec<String> = definition.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        for name in names {
            definition = definition.mut_subcommand(name, |sub| sub.mut_args(with_values));
        }
        definition.build();
        Known { definition }
    }

    fn commands(&self) -> Vec<&str> {
        // `build` adds a `help` of clap's own where it is not switched off.
        self.definition.get_subcommands().map(Command::get_name).collect()
    }

    /// Every option that takes a value: its spellings and what completes it.
    fn valued(&self) -> impl Iterator<Item = (Vec<String>, &Arg)> {
        self.definition.get_opts().map(|option| (spellings(option), option))
    }

    /// The spellings of all options whose values are of one kind.
    fn of_kind(&self, kind: &Kind) -> Vec<String> {
        self.valued().filter(|(_, option)| kind_of(option) == *kind).flat_map(|(names, _)| names).collect()
    }

    /// The words that may stand behind an option or a subcommand, or behind a subcommand's option.
    fn values(&self) -> BTreeMap<String, Vec<String>> {
        let listed = |arg: &Arg| {
            arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect::<Vec<_>>()
        };
        let options = self
            .valued()
            .filter(|(_, option)| kind_of(option) == Kind::Listed)
            .flat_map(|(names, option)| names.into_iter().map(move |name| (name, listed(option))));
        let subcommands = self.definition.get_subcommands().flat_map(|sub| {
            let behind = move |name: String| format!("{} {name}", sub.get_name());
            let options = sub.get_opts().flat_map(move |option| {
                spellings(option).into_iter().map(move |name| (behind(name), listed(option)))
            });
            let words: Vec<String> = sub.get_positionals().flat_map(listed).collect();
            options.chain([(sub.get_name().to_owned(), words)]).filter(|(_, words)| !words.is_empty())
        });
        options.chain(subcommands).collect()
    }

    /// Whether the words behind `--` are a command.
    fn runs_a_command(&self) -> bool {
        self.definition.get_positionals().any(|arg| arg.is_last_set())
    }

    /// Fills the gaps that several shells share.
    fn fill(&self, template: &str) -> String {
        let flags: String = self
            .definition
            .get_arguments()
            .filter(|arg| !arg.is_positional() && !arg.get_action().takes_values())
            .filter_map(Arg::get_short)
            .collect();
        let valued_shorts: Vec<String> =
            self.valued().filter_map(|(_, option)| option.get_short()).map(String::from).collect();
        let valued: Vec<String> = self.valued().flat_map(|(names, _)| names).collect();
        let double_dash = if self.runs_a_command() { "command=$((i + 1))" } else { "" };
        let gaps = [
            ("@flags@", flags),
            ("@valued-shorts@", valued_shorts.join("|")),
            ("@valued@", pattern(&valued)),
            ("@valued-words@", valued.join(" ")),
            ("@listed@", pattern(&self.of_kind(&Kind::Listed))),
            ("@devices@", pattern(&self.of_kind(&Kind::Device))),
            ("@devices-words@", self.of_kind(&Kind::Device).join(" ")),
            ("@files@", pattern(&self.of_kind(&Kind::File))),
            ("@files-words@", self.of_kind(&Kind::File).join(" ")),
            ("@commands@", self.commands().join("|")),
            ("@command-words@", self.commands().join(" ")),
            ("@double-dash@", double_dash.to_owned()),
        ];
        gaps.iter().fold(template.to_owned(), |text, (gap, words)| text.replace(gap, words))
    }
}

/// Values and hints by what the value is called.
fn with_values(arg: Arg) -> Arg {
    let codes = || CATALOG.iter().map(|entry| PossibleValue::new(entry.id).help(entry.holds_when));
    let classes =
        || Class::ALL.into_iter().map(|class| PossibleValue::new(class.as_str()).help(class.meaning()));
    match arg.get_id().as_str() {
        "trace" => arg.value_parser(PossibleValuesParser::new(["auto", "always", "never"])),
        _ if is_called(&arg, "CODE|CLASS") => {
            arg.value_parser(PossibleValuesParser::new(classes().chain(codes())))
        }
        _ if !arg.get_possible_values().is_empty() => arg,
        _ if is_called(&arg, "FILE") => arg.value_hint(ValueHint::FilePath),
        _ => arg.value_hint(ValueHint::Other),
    }
}

fn is_called(arg: &Arg, name: &str) -> bool {
    arg.get_value_names().is_some_and(|names| names.iter().any(|is| is.as_str() == name))
}

fn kind_of(arg: &Arg) -> Kind {
    match arg {
        _ if !arg.get_possible_values().is_empty() => Kind::Listed,
        _ if is_called(arg, "DEV") => Kind::Device,
        _ if is_called(arg, "FILE") => Kind::File,
        _ => Kind::Free,
    }
}

fn spellings(option: &Arg) -> Vec<String> {
    let short = option.get_short().map(|short| format!("-{short}"));
    let long = option.get_long().map(|long| format!("--{long}"));
    short.into_iter().chain(long).collect()
}

/// A pattern of `case`; one that no word of the command line matches where there is nothing.
fn pattern(words: &[String]) -> String {
    if words.is_empty() { "-".to_owned() } else { words.join(" | ") }
}

fn generated(shell: impl Generator, mut definition: Command, name: &str) -> String {
    let mut script = Vec::new();
    clap_complete::aot::generate(shell, &mut definition, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Replaces what must be there, as often as it is; a new version of clap_complete may write it differently.
fn replace(text: &str, from: &str, to: &str) -> Result<String, String> {
    if text.contains(from) {
        Ok(text.replace(from, to))
    } else {
        Err(format!("clap_complete no longer writes {from:?}"))
    }
}

/// The text before a mark that must be there.
fn before<'t>(text: &'t str, mark: &str) -> Result<&'t str, String> {
    text.split_once(mark)
        .map(|(before, _)| before)
        .ok_or_else(|| format!("clap_complete no longer writes {mark:?}"))
}

fn bash(known: &Known) -> Result<String, String> {
    let script = generated(Bash, known.definition.clone(), "whyconn");
    let function = before(&script, "\nif [[ \"${BASH_VERSINFO[0]}\" -eq 4")?;
    Ok(function.to_owned() + &known.fill(include_str!("shells/whyconn.bash")))
}

/// clap_complete takes the first word for a target and the second for a subcommand. So the options are
/// generated alone, and a subcommand has a function of its own.
fn zsh(known: &Known) -> Result<String, String> {
    let commands = known.commands();
    let all = generated(Zsh, known.definition.clone(), "whyconn");
    let options = known.definition.get_arguments().filter(|arg| !arg.is_positional()).fold(
        Command::new("whyconn")
            .version(env!("CARGO_PKG_VERSION"))
            .disable_help_flag(true)
            .disable_version_flag(true),
        |only, arg| only.arg(arg.clone()),
    );
    let script = generated(Zsh, options, "whyconn");
    let script = replace(&script, ":DEV:'", ":DEV:_net_interfaces'")?;
    let script = replace(
        &script,
        "&& ret=0\n",
        "'1: :_whyconn_first' \\\n'2: :->second' \\\n'*: :_whyconn_target' \\\n&& ret=0\n\n    \
         [[ $state == second ]] && _whyconn_second && ret=0\n    return ret\n",
    )?;
    let (opening, body) = script.split_once("_whyconn() {\n").ok_or("clap_complete has another opening")?;
    let body = before(body, "(( $+functions[")?;

    let mut added = String::new();
    let mut cases = String::new();
    for sub in known.definition.get_subcommands() {
        let name = sub.get_name();
        let script = generated(Zsh, sub.clone(), &format!("whyconn_in_{name}"));
        let function = before(&script, "(( $+functions[")?;
        added.push_str(
            function
                .strip_prefix(opening.replace("whyconn", &format!("whyconn_in_{name}")).as_str())
                .ok_or("clap_complete has another opening")?,
        );
        cases.push_str(&format!("            ({name}) _whyconn_in_{name}; return ;;\n"));
    }
    let (_, list) = all
        .split_once("(( $+functions[_whyconn_commands] )) ||\n")
        .ok_or("clap_complete lists no commands")?;
    added.push_str(before(list, "(( $+functions[")?);
    added.push_str(&known.fill(include_str!("shells/_whyconn")));
    let dispatch = format!(
        "    if (( CURRENT > 2 )) && [[ $words[2] == ({}) ]]; then\n        local chosen=$words[2]\n        \
         shift words\n        (( CURRENT-- ))\n        case $chosen in\n{cases}        esac\n    fi\n",
        commands.join("|")
    );
    let command = if known.runs_a_command() {
        "    local dashes=${words[(i)--]}\n    if (( dashes < CURRENT )); then\n        \
         words=(\"${(@)words[dashes+1,-1]}\")\n        (( CURRENT -= dashes ))\n        _normal\n        \
         return\n    fi\n"
    } else {
        ""
    };
    const CLOSING: &str = "if [ \"$funcstack[1]\" = \"_whyconn\" ]; then\n    _whyconn \"$@\"\nelse\n    compdef _whyconn whyconn\nfi\n";
    if !script.ends_with(CLOSING) {
        return Err("clap_complete has another ending".to_owned());
    }
    Ok([opening, &added, "_whyconn() {\n", &dispatch, command, body, CLOSING].concat())
}

fn fish(known: &Known) -> Result<String, String> {
    let commands = known.commands().join(" ");
    let script = generated(Fish, known.definition.clone(), "whyconn");
    // Options may stand behind the target too.
    let needs = "complete -c whyconn -n \"__fish_whyconn_needs_command\"";
    let unless = format!("complete -c whyconn -n \"not __fish_whyconn_using_subcommand {commands}\"");
    let script = replace(&script, &format!("{needs} -s"), &format!("{unless} -s"))?;
    let script = replace(&script, &format!("{needs} -l"), &format!("{unless} -l"))?;
    let mut whole = String::new();
    for line in script.lines() {
        let device = known
            .of_kind(&Kind::Device)
            .iter()
            .filter_map(|name| name.strip_prefix("--"))
            .any(|name| line.contains(&format!(" -l {name} ")));
        whole.push_str(line);
        whole.push_str(if device { " -a \"(__fish_print_interfaces)\"\n" } else { "\n" });
    }
    for sub in known.definition.get_subcommands() {
        for value in sub.get_positionals().flat_map(Arg::get_possible_values) {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            whole.push_str(&format!(
                "complete -c whyconn -n \"__fish_whyconn_using_subcommand {}\" -a {} -d '{}'\n",
                sub.get_name(),
                value.get_name(),
                help.replace('\\', "\\\\").replace('\'', "\\'")
            ));
        }
    }
    let added = include_str!("shells/whyconn.fish").replace("@commands@", &commands);
    Ok(whole + &known.fill(&added))
}

fn elvish(known: &Known) -> String {
    let script = generated(Elvish, known.definition.clone(), "whyconn");
    let values: String = known
        .values()
        .iter()
        .map(|(word, values)| format!("\n        &'{word}'=[{}]", values.join(" ")))
        .collect();
    let added = include_str!("shells/whyconn.elv").replace("@values@", &values);
    script + &known.fill(&added)
}

fn power_shell(known: &Known) -> Result<String, String> {
    const COMPLETIONS: &str = "    $completions = @(switch ($command) {\n";
    let script = generated(PowerShell, known.definition.clone(), "whyconn");
    let values: String = known
        .values()
        .iter()
        .map(|(word, values)| format!("\n        '{word}' = @('{}')", values.join("', '")))
        .collect();
    let added = include_str!("shells/_whyconn.ps1").replace("@values@", &values);
    replace(&script, COMPLETIONS, &(added + COMPLETIONS))
}
