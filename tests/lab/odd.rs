//! Odd hosts: what whyconn runs on in place of an ordinary user's shell on an ordinary machine.
//!
//! All of it is words that stand before the program and run what is behind them, so that the world around it stays
//! as it is. A file may have `[hosts.NAME]` tables beside its variants: then every variant runs on every host.
//!
//! | key of a host | means |
//! |---|---|
//! | `faults` | the variants that run on it; not given: all |
//! | `families` | as the file's own |
//! | `words` | words for all of its faults, before those of `[words]` |
//! | `but.FAULT` | words for one of them |
//! | any other | stands in the place of the file's own |

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::inside::without_privileges;
use crate::policy::{self, Denied, Limits, Policy};
use crate::world::PRIVATE;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Odd {
    /// Directories that are there, and empty.
    pub(crate) hide: Vec<String>,
    /// Nothing can be written anywhere.
    pub(crate) read_only: bool,
    /// The root directory holds programs and their libraries, and no /etc, /proc, /dev, /sys or /run.
    pub(crate) chroot: bool,
    pub(crate) user: Who,
    /// How long the machine seems to be up, beyond the truth.
    pub(crate) uptime_s: Option<u64>,
    /// The wall clock jumps by decades with each look at it.
    pub(crate) clock_jumps: bool,
    /// Calls that the kernel refuses, and with what.
    pub(crate) denied: Denied,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Who {
    /// An ordinary user, without capabilities.
    #[default]
    Ordinary,
    /// Whoever built the world, with all capabilities in it.
    Root,
    /// An ordinary user who has no name in a user namespace of their own.
    UserNamespace,
    /// The same, as root in that namespace; the network belongs to another one.
    RootOfUserNamespace,
}

/// The words before the program, behind those that enter its node.
pub(crate) fn words(odd: &Odd, limits: Limits, policy: Option<Policy>, as_root: bool) -> Vec<String> {
    let mut words = Vec::new();
    let mut say = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
    if let Some(uptime) = odd.uptime_s {
        let uptime = uptime.to_string();
        say(&["unshare", "--time", "--monotonic", &uptime, "--boottime", &uptime, "--fork", "--kill-child"]);
    }
    let script = script(odd);
    if !script.is_empty() {
        say(&["sh", "-euc", &format!("{script}exec \"$@\"\n"), "sh"]);
    }
    if odd.chroot {
        say(&["chroot", &root()]);
    }
    if odd.user != Who::Root {
        words.extend(without_privileges(as_root));
    }
    match odd.user {
        Who::Ordinary | Who::Root => {}
        Who::UserNamespace => words.extend(["unshare", "--user"].map(str::to_owned)),
        Who::RootOfUserNamespace => {
            words.extend(["unshare", "--user", "--map-root-user"].map(str::to_owned));
        }
    }
    words.extend(policy::words(limits, policy, &odd.denied));
    words
}

fn root() -> String {
    format!("{PRIVATE}/root")
}

/// Shell lines that change what the program will see; the mounts are its own (ip-netns(8)).
fn script(odd: &Odd) -> String {
    let mut lines = String::new();
    if odd.chroot {
        lines.push_str(&CHROOT.replace("<root>", &root()).replace("<private>", PRIVATE));
    }
    if odd.read_only {
        lines.push_str(READ_ONLY);
    }
    if odd.clock_jumps {
        let library = format!("{PRIVATE}/clock.so");
        lines.push_str(&format!("cc -shared -fPIC -o {library} -x c - <<'END'\n{CLOCK}END\n"));
        lines.push_str(&format!("export LD_PRELOAD={library}\n"));
    }
    for directory in &odd.hide {
        lines.push_str(&format!("mount -t tmpfs -o ro,mode=555 none '{directory}'\n"));
    }
    lines
}

const CLOCK: &str = include_str!("clock.c");

/// Where directories of the root are links into /usr they stay links.
const CHROOT: &str = "
mkdir -p <root>
mount -t tmpfs -o mode=755 none <root>
for directory in usr bin sbin lib lib32 lib64 libx32; do
  if test -L /$directory; then cp -P /$directory <root>/$directory
  elif test -d /$directory; then mkdir <root>/$directory; mount --rbind /$directory <root>/$directory
  fi
done
mkdir -p <root><private>/bin
mount --rbind <private>/bin <root><private>/bin
";

/// A mount point below another mount can't be reached, and needs not be.
const READ_ONLY: &str = "
while read -r device directory rest; do
  mount -o remount,bind,ro \"$directory\" 2>/dev/null || :
done </proc/self/mounts
for directory in / /etc /run /tmp /var/tmp /dev/shm; do
  if touch $directory/lab-was-here 2>/dev/null; then echo \"$directory is not read-only\" >&2; exit 1; fi
done
";

/// An odd host as a file has it.
pub(crate) struct Host {
    /// Nothing for the one host of a file that names none.
    name: Option<String>,
    faults: Option<Vec<String>>,
    pub(crate) families: Option<Value>,
    words: Table,
    but: Table,
    keys: Table,
}

/// Takes the hosts out of a file.
pub(crate) fn hosts(table: &mut Table) -> Result<Vec<Host>, String> {
    let ordinary = Host {
        name: None,
        faults: None,
        families: None,
        words: Table::new(),
        but: Table::new(),
        keys: Table::new(),
    };
    match table.remove("hosts") {
        None => Ok(vec![ordinary]),
        Some(Value::Table(hosts)) => hosts.into_iter().map(|(name, host)| read(name, host)).collect(),
        Some(_) => Err("hosts is not a table".to_owned()),
    }
}

fn read(name: String, host: Value) -> Result<Host, String> {
    let Value::Table(mut keys) = host else { return Err(format!("host {name} is not a table")) };
    let mut taken = |key: &str| match keys.remove(key) {
        None => Ok(Table::new()),
        Some(Value::Table(inner)) => Ok(inner),
        Some(_) => Err(format!("host {name}: {key} is not a table")),
    };
    let (words, but) = (taken("words")?, taken("but")?);
    let faults = keys.remove("faults").map(Value::try_into).transpose();
    let faults = faults.map_err(|error| format!("host {name}: faults: {error}"))?;
    Ok(Host { name: Some(name), faults, families: keys.remove("families"), words, but, keys })
}

impl Host {
    /// The file with what this host has in place of the file's own.
    pub(crate) fn of(&self, table: &Table) -> Table {
        let mut table = table.clone();
        table.extend(self.keys.clone());
        table
    }

    /// The case's name, where a variant (by its own name) runs on this host.
    pub(crate) fn runs(&self, case: &str) -> Option<String> {
        let fault = case.rsplit("::").next().unwrap_or(case);
        let wanted = self.faults.as_ref().is_none_or(|faults| faults.iter().any(|named| named == fault));
        wanted.then(|| match &self.name {
            Some(name) => format!("{case}::{name}"),
            None => case.to_owned(),
        })
    }

    /// A variant's words, with what this host makes of them.
    pub(crate) fn words(&self, case: &str, own: &Table) -> Table {
        let fault = case.rsplit("::").next().unwrap_or(case);
        let mut words = own.clone();
        words.extend(self.words.clone());
        if let Some(Value::Table(but)) = self.but.get(fault) {
            words.extend(but.clone());
        }
        words
    }

    /// A fault that is misspelt would never run.
    pub(crate) fn check(&self, cases: &[(String, Table)]) -> Result<(), String> {
        let known = |fault: &str| cases.iter().any(|(case, _)| case.ends_with(&format!("::{fault}")));
        let named = self.faults.iter().flatten().chain(self.but.keys());
        match named.into_iter().find(|fault| !known(fault)) {
            Some(fault) => Err(format!("host {:?}: no variant {fault}", self.name)),
            None => Ok(()),
        }
    }
}
