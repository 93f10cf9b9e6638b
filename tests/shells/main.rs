//! The committed completions, loaded by the shells themselves, which are asked what they offer. A shell that is
//! not there is a failure: `tests/run` installs them. PowerShell and Nushell are not in Debian; their files are
//! only held against the definitions (`tests/generated`).

mod rows;
mod world;

use rows::{Row, rows};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use world::World;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What a shell offers for each row.
type Offers = Vec<BTreeSet<String>>;

#[test]
fn bash_completes() -> Result<(), String> {
    // Words, as readline parts them, and what `complete` would pass to the function.
    let mut script = format!("source {ROOT}/completions/whyconn.bash\ncomplete -p whyconn || exit\n");
    script.push_str("ask() { COMPREPLY=(); _whyconn_complete whyconn \"$1\" \"$2\"; printf '=\\n'; printf '%s\\n' \"${COMPREPLY[@]}\"; }\n");
    script.push_str("COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'\n");
    let world = World::new("bash")?;
    let rows = rows(&world);
    for row in &rows {
        let words: Vec<String> = parted(&row.line).iter().map(|word| format!("'{word}'")).collect();
        let [.., previous, current] = words.as_slice() else {
            return Err(format!("{:?}: too short", row.line));
        };
        let _ = writeln!(
            script,
            "COMP_LINE='{}' COMP_POINT={} COMP_WORDS=({}) COMP_CWORD={}; ask {current} {previous}",
            row.line,
            row.line.len(),
            words.join(" "),
            words.len() - 1,
        );
    }
    let file = world.file("ask.bash", &script)?;
    let printed = world.run("bash", &["--norc", "--noprofile", &file])?;
    judge("bash", &rows, &sections(&printed, &rows)?)
}

/// readline itself, in a terminal: the line as a user types it, with a tab at its end, becomes arguments.
#[test]
fn bash_completes_what_is_typed() -> Result<(), String> {
    let world = World::new("bash-typed")?;
    let setup = format!(
        "PS1='ready> '\nunset HISTFILE\nsource {ROOT}/completions/whyconn.bash\nwhyconn() {{ printf 'got:<%s>' \"$@\"; echo; }}\n"
    );
    let file = world.file("rc.bash", &setup)?;
    let folder = world.folder();
    let typed = [
        ("whyconn explain refused.sta\t", "got:<explain>got:<refused.stale-socket>".to_owned()),
        ("whyconn db.ex\tpostg\t", "got:<db.example:postgresql>".to_owned()),
        ("whyconn db.example postg\t", "got:<db.example>got:<postgresql>".to_owned()),
        ("whyconn --color=alw\t", "got:<--color=always>".to_owned()),
        (&format!("whyconn unix:{folder}/app.s\t"), format!("got:<unix:{folder}/app.sock>")),
    ];
    let lines: Vec<&str> = typed.iter().map(|(line, _)| *line).collect();
    let printed = world.type_into(&format!("bash --noprofile --rcfile {file} -i"), "ready> ", &lines)?;
    let missing: Vec<String> = typed
        .iter()
        .filter(|(_, got)| !printed.contains(got))
        .map(|(line, got)| format!("{line:?}: no {got}"))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{}\nprinted:\n{printed}", missing.join("\n"))) }
}

#[test]
fn zsh_completes() -> Result<(), String> {
    let world = World::new("zsh")?;
    let rows = rows(&world);
    let driver = format!("{ROOT}/tests/shells/capture.zsh");
    let folder = format!("{ROOT}/completions");
    let mut words = vec!["-f", &driver, &folder];
    words.extend(rows.iter().map(|row| row.line.as_str()));
    let printed = world.run("zsh", &words)?;
    judge("zsh", &rows, &sections(&printed, &rows)?)
}

#[test]
fn fish_completes() -> Result<(), String> {
    let world = World::new("fish")?;
    let rows = rows(&world);
    let mut script = format!("source {ROOT}/completions/whyconn.fish\n");
    for row in &rows {
        let _ = writeln!(script, "echo =\ncomplete -C '{}' | string replace -r '\\t.*' ''", row.line);
    }
    let file = world.file("ask.fish", &script)?;
    let printed = world.run("fish", &["--no-config", &file])?;
    judge("fish", &rows, &sections(&printed, &rows)?)
}

/// Elvish has its editor, and so its completions, on a terminal only.
#[test]
fn elvish_completes() -> Result<(), String> {
    let world = World::new("elvish")?;
    let rows = rows(&world);
    let out = format!("{}/offered", world.folder());
    let mut script = format!("eval (slurp < {ROOT}/completions/whyconn.elv)\n{{\n");
    for row in &rows {
        let words: Vec<String> = row.line.split(' ').map(|word| format!("'{word}'")).collect();
        // Elvish takes of these what begins with the word.
        let _ = writeln!(
            script,
            "echo '='\n$edit:completion:arg-completer[whyconn] {} | each {{|offer|\n  var stem = $offer\n  \
             if (not-eq (kind-of $offer) string) {{ set stem = $offer[stem] }}\n  \
             if (str:has-prefix $stem {}) {{ echo $stem }}\n}}",
            words.join(" "),
            words.last().map_or("''", String::as_str),
        );
    }
    let _ = writeln!(script, "}} > {out}\nexit");
    let file = world.file("rc.elv", &format!("use str\n{script}"))?;
    let shown = world.type_into(&format!("elvish -rc {file}"), "", &[])?;
    let printed = std::fs::read_to_string(&out).map_err(|error| format!("{out}: {error}\n{shown}"))?;
    judge("elvish", &rows, &sections(&printed, &rows).map_err(|error| format!("{error}\n{shown}"))?)
}

/// A line's words as readline parts them for completion: ':' and '=' stand alone.
fn parted(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in line.chars() {
        if !matches!(letter, ' ' | ':' | '=') {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter != ' ' {
            words.push(letter.to_string());
        }
    }
    // The word to complete, be it empty.
    words.push(word);
    words
}

/// A line with "=" opens what is offered for the next row.
fn sections(printed: &str, rows: &[Row]) -> Result<Offers, String> {
    let mut offers: Offers = Vec::new();
    for line in printed.lines() {
        match offers.last_mut() {
            _ if line == "=" => offers.push(BTreeSet::new()),
            Some(offered) if !line.is_empty() => {
                offered.insert(line.trim_end_matches([':', '/', ' ']).to_owned());
            }
            _ => {}
        }
    }
    if offers.len() == rows.len() {
        Ok(offers)
    } else {
        Err(format!("{} of {} lines were answered:\n{printed}", offers.len(), rows.len()))
    }
}

fn judge(shell: &str, rows: &[Row], offers: &Offers) -> Result<(), String> {
    let wrong: Vec<String> =
        rows.iter().zip(offers).filter_map(|(row, offered)| row.fault(shell, offered)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

#[test]
fn every_shell_has_a_file_and_no_other_is_there() -> Result<(), String> {
    let entries =
        std::fs::read_dir(Path::new(ROOT).join("completions")).map_err(|error| error.to_string())?;
    let names: BTreeSet<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let wanted = ["_whyconn", "_whyconn.ps1", "whyconn.bash", "whyconn.elv", "whyconn.fish", "whyconn.nu"];
    assert_eq!(names, wanted.into_iter().map(String::from).collect());
    Ok(())
}
