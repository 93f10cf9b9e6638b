//! The scenario files: what a fault needs, the world it happens in, and the verdict expected of whyconn.
//!
//! A file is read as plain TOML first; its placeholders are replaced once for each variant and family
//! ([`crate::words`]), and only then it becomes a [`Scenario`]. So every string may hold placeholders, and every
//! key that the model does not know is an error.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::change::Change;
use crate::expect::Expect;
use crate::mend::Mend;
use crate::odd::{self, Odd};
use crate::policy::{Limits, Policy};
use crate::responder::Responder;
use crate::service::{Hold, Listen, Unix};
use crate::topology::{Family, Topology};
use crate::traffic::Traffic;
use crate::words::Words;

/// One fault, in one family.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it shows, in prose.
    pub(crate) title: String,
    /// What in its world is left to chance on purpose, so that the verdict may be another one each time.
    #[serde(default)]
    pub(crate) chance: String,
    #[serde(default)]
    pub(crate) routers: u8,
    #[serde(default)]
    pub(crate) needs: Vec<Need>,
    /// Files under /etc that whyconn sees instead of the machine's: hosts, resolv.conf, nsswitch.conf, gai.conf.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// Those of them that are not there at all.
    #[serde(default)]
    pub(crate) missing: Vec<String>,
    /// What gethostname(2) gives, on all nodes.
    #[serde(default = "default_hostname")]
    pub(crate) hostname: String,
    /// How long the run may take, where that is more than usual.
    #[serde(default)]
    pub(crate) longest: Option<Duration>,
    /// Shell lines by node, run before anything listens.
    #[serde(default)]
    pub(crate) setup: BTreeMap<String, Vec<String>>,
    /// Shell conditions by node that must become true before the world is used.
    #[serde(default)]
    pub(crate) until: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) listen: Vec<Listen>,
    #[serde(default)]
    pub(crate) unix: Vec<Unix>,
    #[serde(default)]
    pub(crate) dns: Vec<Dns>,
    /// Servers as Debian has them.
    #[serde(default)]
    pub(crate) server: Vec<Server>,
    #[serde(default)]
    pub(crate) hold: Vec<Hold>,
    /// Shell lines by node, run when all listeners are ready and all held sockets are open.
    #[serde(default)]
    pub(crate) late: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) firewall: Vec<Firewall>,
    /// What answers SYNs as no kernel would.
    #[serde(default)]
    pub(crate) responder: Vec<Responder>,
    /// Traffic beside whyconn's.
    #[serde(default)]
    pub(crate) traffic: Vec<Traffic>,
    /// Whether whyconn is run again, behind all checks, for what it prints in every other form.
    #[serde(default)]
    pub(crate) shown: bool,
    /// Packets to count while whyconn runs.
    #[serde(default)]
    pub(crate) count: Vec<Count>,
    /// Shell commands that run while whyconn does, and are ended after it.
    #[serde(default)]
    pub(crate) background: Vec<Background>,
    /// What changes while whyconn waits.
    #[serde(default)]
    pub(crate) change: Vec<Change>,
    pub(crate) argv: Vec<String>,
    /// What whyconn runs out of early.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// What whyconn is forbidden.
    #[serde(default)]
    pub(crate) policy: Option<Policy>,
    /// What whyconn's host is like where it is an odd one.
    #[serde(default)]
    pub(crate) odd: Odd,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) expect: Expect,
    /// Steps of the report that are carried out when all has been looked at.
    #[serde(default)]
    pub(crate) mend: Vec<Mend>,
    /// Shell conditions by node that must hold when whyconn has ended.
    #[serde(default)]
    pub(crate) afterwards: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Need {
    /// whyconn must run as another user than the one who built the world.
    SecondUser,
    /// The kernel must have Landlock with rules about TCP (Linux 6.7).
    Landlock,
}

/// A scripted name server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dns {
    pub(crate) on: String,
    pub(crate) address: String,
    #[serde(default = "default_dns_port")]
    pub(crate) port: u16,
    /// Without it the port is closed for TCP.
    #[serde(default = "yes")]
    pub(crate) tcp: bool,
    /// Name to the words of [`crate::dns`].
    pub(crate) zone: BTreeMap<String, Vec<String>>,
}

/// A real server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) on: String,
    pub(crate) program: Program,
    pub(crate) address: String,
    #[serde(default = "default_dns_port")]
    pub(crate) port: u16,
    /// Lines of its configuration, behind those that make it listen there: see [`crate::servers`].
    #[serde(default)]
    pub(crate) config: String,
    /// Files in its directory.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// What its log must say before the world is used.
    #[serde(default)]
    pub(crate) says: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Program {
    Unbound,
    Dnsmasq,
    Haproxy,
}

impl Program {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::Dnsmasq => "dnsmasq",
            Self::Haproxy => "haproxy",
        }
    }
}

/// One nft rule in a filter chain of its node, `table inet lab`, chain named as its hook.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Firewall {
    pub(crate) on: String,
    pub(crate) chain: String,
    pub(crate) rule: String,
}

/// How many packets that fit an nft match may leave or reach a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Count {
    pub(crate) on: String,
    pub(crate) chain: String,
    #[serde(rename = "match")]
    pub(crate) fitting: String,
    #[serde(default)]
    pub(crate) least: u64,
    pub(crate) most: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Background {
    pub(crate) on: String,
    pub(crate) run: String,
    /// A shell condition that must become true before whyconn starts.
    #[serde(default)]
    pub(crate) ready: Option<String>,
}

const fn default_dns_port() -> u16 {
    53
}

const fn yes() -> bool {
    true
}

fn default_hostname() -> String {
    "client".to_owned()
}

/// A scenario as one test: file, variant and family.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// `file`, or `file::variant`.
    pub(crate) name: String,
    pub(crate) family: Family,
    pub(crate) scenario: Scenario,
}

/// Reads all scenarios of a directory, in the order of their names.
pub(crate) fn load(directory: &Path, uid: u32) -> Result<Vec<Case>, String> {
    let entries =
        fs::read_dir(directory).map_err(|error| format!("cannot read {}: {error}", directory.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        cases.extend(expand(&name, &text, uid).map_err(|error| format!("{name}.toml: {error}"))?);
    }
    Ok(cases)
}

/// All cases of one file.
fn expand(name: &str, text: &str, uid: u32) -> Result<Vec<Case>, String> {
    let mut table: Table = text.parse().map_err(|error| format!("{error}"))?;
    let families = families(table.remove("families"))?;
    let hosts = odd::hosts(&mut table)?;
    let words = taken(&mut table, "words")?;
    let variants: Vec<(String, Table)> = match table.remove("variants") {
        None => vec![(name.to_owned(), Table::new())],
        Some(Value::Table(variants)) => variants
            .into_iter()
            .map(|(variant, words)| match words {
                Value::Table(words) => Ok((format!("{name}::{variant}"), words)),
                _ => Err(format!("variant {variant} is not a table")),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err("variants is not a table".to_owned()),
    };
    all_used(text, "words", &words)?;
    let mends = mends(table.remove("mend"), &variants)?;
    let mut cases = Vec::new();
    for host in &hosts {
        host.check(&variants)?;
        let table = host.of(&table);
        let families = match &host.families {
            None => families.clone(),
            some => self::families(some.clone())?,
        };
        for (case, own) in &variants {
            let Some(name) = host.runs(case) else { continue };
            let own = host.words(case, own);
            all_used(text, &name, &own)?;
            for &family in &families {
                let mut table = table.clone();
                table.insert(
                    "mend".to_owned(),
                    mends
                        .iter()
                        .filter(|mend| mend.is_for(case, family))
                        .map(|mend| mend.table.clone())
                        .collect::<Vec<_>>()
                        .into(),
                );
                if let Some(scenario) = fill(&table, &words, &own, family, uid)? {
                    cases.push(Case { name: name.clone(), family, scenario });
                }
            }
        }
    }
    if cases.is_empty() {
        return Err("no family in which all of its words have a meaning".to_owned());
    }
    Ok(cases)
}

/// A word that stands nowhere as a placeholder changes nothing; the number of routers needs none, where it may be
/// given.
fn all_used(text: &str, place: &str, words: &Table) -> Result<(), String> {
    let is_used = |word: &str| ["}", ":"].iter().any(|end| text.contains(&format!("{{{word}{end}")));
    let allowed = |word: &str| word == "routers" && place != "words";
    match words.keys().find(|word| !is_used(word) && !allowed(word)) {
        Some(word) => Err(format!("{place}: nothing uses {word}")),
        None => Ok(()),
    }
}

/// The scenario in one family, or nothing where one of its words has no meaning in that family.
fn fill(
    table: &Table,
    words: &Table,
    own: &Table,
    family: Family,
    uid: u32,
) -> Result<Option<Scenario>, String> {
    // Addresses depend on the number of routers, so a variant may give it, but no other word may.
    let topology = Topology::new(routers(own.get("routers").or_else(|| table.get("routers")))?);
    let mut known = Words::new(topology, family, uid);
    if !known.extend(words, family)? || !known.extend(own, family)? {
        return Ok(None);
    }
    let mut table = table.clone();
    table.insert("routers".to_owned(), Value::Integer(topology.routers().into()));
    let scenario: Scenario =
        known.fill(&Value::Table(table))?.try_into().map_err(|error| format!("{error}"))?;
    scenario.check_nodes(topology)?;
    scenario.mend.iter().try_for_each(Mend::check)?;
    Ok(Some(scenario))
}

impl Scenario {
    /// A world of two nodes in which nothing happens.
    pub(crate) fn bare(title: &str) -> Self {
        Self { title: title.to_owned(), hostname: default_hostname(), ..Self::default() }
    }

    /// A misspelt node would otherwise be found only when its world is built.
    fn check_nodes(&self, topology: Topology) -> Result<(), String> {
        let nodes = topology.nodes();
        let mut named: Vec<&String> = Vec::new();
        for lines in [&self.setup, &self.until, &self.late, &self.afterwards] {
            named.extend(lines.keys());
        }
        named.extend(self.listen.iter().map(|listen| &listen.on));
        named.extend(self.unix.iter().map(|unix| &unix.on));
        named.extend(self.dns.iter().map(|dns| &dns.on));
        named.extend(self.server.iter().map(|server| &server.on));
        named.extend(self.hold.iter().map(|hold| &hold.on));
        named.extend(self.firewall.iter().map(|firewall| &firewall.on));
        named.extend(self.background.iter().map(|background| &background.on));
        named.extend(self.responder.iter().map(|responder| &responder.on));
        named.extend(self.traffic.iter().map(|traffic| &traffic.on));
        named.extend(self.count.iter().map(|count| &count.on));
        named.extend(self.change.iter().flat_map(Change::nodes));
        match named.into_iter().find(|name| !nodes.contains(name)) {
            Some(name) => Err(format!("no node {name} in a world of {nodes:?}")),
            None => Ok(()),
        }
    }
}

/// One `[[mend]]` with the variants and families that it is for; none named: all.
struct MendFor {
    only: Vec<String>,
    families: Vec<Family>,
    table: Table,
}

impl MendFor {
    fn is_for(&self, name: &str, family: Family) -> bool {
        let variant = name.split_once("::").map_or("", |(_, variant)| variant);
        (self.only.is_empty() || self.only.iter().any(|only| only == variant))
            && self.families.contains(&family)
    }
}

fn mends(value: Option<Value>, variants: &[(String, Table)]) -> Result<Vec<MendFor>, String> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let tables: Vec<Table> = value.try_into().map_err(|error| format!("mend: {error}"))?;
    let one = |mut table: Table| {
        let only = table.remove("only").map_or(Ok(Vec::new()), Value::try_into::<Vec<String>>);
        let only = only.map_err(|error| format!("mend: only: {error}"))?;
        let known = |only: &String| variants.iter().any(|(name, _)| name.ends_with(&format!("::{only}")));
        if let Some(unknown) = only.iter().find(|only| !known(only)) {
            return Err(format!("mend: no variant {unknown}"));
        }
        Ok(MendFor { only, families: families(table.remove("families"))?, table })
    };
    tables.into_iter().map(one).collect()
}

fn routers(value: Option<&Value>) -> Result<u8, String> {
    let Some(value) = value else { return Ok(0) };
    value
        .as_integer()
        .and_then(|number| u8::try_from(number).ok())
        .filter(|&number| number <= Topology::MAX_ROUTERS)
        .ok_or_else(|| format!("routers: a number from 0 to {}", Topology::MAX_ROUTERS))
}

fn families(value: Option<Value>) -> Result<Vec<Family>, String> {
    match value {
        None => Ok(Family::BOTH.to_vec()),
        Some(value) => value.try_into().map_err(|error| format!("families: {error}")),
    }
}

fn taken(table: &mut Table, key: &str) -> Result<Table, String> {
    match table.remove(key) {
        None => Ok(Table::new()),
        Some(Value::Table(inner)) => Ok(inner),
        Some(_) => Err(format!("{key} is not a table")),
    }
}
