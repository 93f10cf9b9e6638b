//! The /etc of a world: the machine's, but for the files that names come from.
//!
//! A directory of our own lies over /etc. It holds a link to each of the machine's entries, and real files where a
//! scenario, or a plain default, says what is in them; so a file may also be missing.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::mount::{MsFlags, mount};

use crate::scenario::Scenario;
use crate::world::PRIVATE;

const ETC: &str = "/etc";
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";
/// An address that no node has and no router knows.
const RESOLV: &str = "nameserver 203.0.113.53\n";
const NSSWITCH: &str = "passwd: files\ngroup: files\nservices: files\nhosts: files dns\n";

/// What a scenario may cover, and what is there where it does not. The order of addresses depends on gai.conf.
const COVERED: [(&str, Option<&str>); 4] = [
    ("hosts", Some(HOSTS)),
    ("resolv.conf", Some(RESOLV)),
    ("nsswitch.conf", Some(NSSWITCH)),
    ("gai.conf", None),
];

pub(crate) fn cover(scenario: &Scenario) -> Result<(), String> {
    let named = scenario.files.keys().chain(&scenario.missing);
    if let Some(name) = named.into_iter().find(|name| !COVERED.iter().any(|(known, _)| known == name)) {
        return Err(format!("/etc/{name} is none of the files that a lab covers"));
    }
    let told = |error: &dyn std::fmt::Display| format!("cannot cover {ETC}: {error}");
    let (machine, own) = (Path::new(PRIVATE).join("machine-etc"), Path::new(PRIVATE).join("etc"));
    for directory in [&machine, &own] {
        fs::create_dir(directory).map_err(|error| told(&error))?;
    }
    let bind = |source: &Path, target: &Path, flags| {
        mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | flags, None::<&str>)
            .map_err(|error| told(&error))
    };
    // With what is mounted below it: a container's own files are.
    bind(Path::new(ETC), &machine, MsFlags::MS_REC)?;
    for entry in fs::read_dir(&machine).map_err(|error| told(&error))? {
        let name = entry.map_err(|error| told(&error))?.file_name();
        if COVERED.iter().all(|(covered, _)| name != *covered) {
            symlink(machine.join(&name), own.join(&name)).map_err(|error| told(&error))?;
        }
    }
    for (name, default) in COVERED {
        let text = scenario.files.get(name).map(String::as_str).or(default);
        if let Some(text) = text.filter(|_| !scenario.missing.iter().any(|missing| missing == name)) {
            fs::write(own.join(name), text).map_err(|error| told(&error))?;
        }
    }
    bind(&own, Path::new(ETC), MsFlags::empty())
}
