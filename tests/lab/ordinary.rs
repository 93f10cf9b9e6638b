//! What an ordinary program gets for a name: Python's `socket.getaddrinfo`, in the client and with the same files.
//! Where whyconn took its addresses from getaddrinfo, both must be the same, in the same order.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expect::{Mismatches, addresses, text};
use crate::inside::Job;
use crate::policy::Limits;
use crate::{odd, shell, world};

/// Debian's own, not one that a user put before it: it has the machine's C library.
pub(crate) const PYTHON: &str = "/usr/bin/python3";

/// Where a report has what getaddrinfo gave.
const LOOKUP: &str = "/evidence/lookup/seen";
/// A lookup that failed after a longer time would fail after as long a time again.
const SOON_MS: f64 = 1000.0;
/// More addresses of one name are not in a report.
const KEPT: usize = 256;
const ASKING: Duration = Duration::from_secs(15);

/// Its arguments: the name, and the family or nothing. It prints an [`Answer`].
const SCRIPT: &str = r#"
import json, socket, sys
family = {"4": socket.AF_INET, "6": socket.AF_INET6}.get(sys.argv[2], 0)
try:
    found = socket.getaddrinfo(sys.argv[1], None, family=family, type=socket.SOCK_STREAM)
    print(json.dumps({"addresses": [entry[4][0].split("%")[0] for entry in found], "error": None}))
except socket.gaierror as error:
    names = [name for name in dir(socket) if name.startswith("EAI_") and getattr(socket, name) == error.errno]
    print(json.dumps({"addresses": [], "error": (names or [str(error.errno)])[0]}))
except OSError:
    print(json.dumps({"addresses": [], "error": "EAI_SYSTEM"}))
except UnicodeError:
    print(json.dumps({"addresses": [], "error": None}))
"#;

/// An answer of getaddrinfo. Without addresses and error, Python did not ask.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    addresses: Vec<String>,
    error: Option<String>,
}

/// Asks for the name that a report is about, if its addresses come from getaddrinfo or it failed soon; on the same
/// odd host, but with all that a host has to give.
pub(crate) fn ask(job: &Job, stdout: &str) -> Result<Option<Answer>, String> {
    let arguments = &job.arguments;
    let Ok(report) = serde_json::from_str::<Value>(stdout.trim_end()) else {
        return Ok(None);
    };
    let lookup = |key: &str| report.pointer(&format!("{LOOKUP}{key}"));
    let soon = lookup("/elapsed_ms").and_then(Value::as_f64).is_some_and(|elapsed| elapsed < SOON_MS);
    let got = lookup("/outcome/addresses").is_some();
    let failed = lookup("/outcome/failed").is_some();
    let host = text(report.pointer("/target/host"));
    // Whether an answer gets through may be left to chance, each time that somebody asks.
    let by_chance =
        ["connected.ok", "resolve.timeout"].iter().all(|code| job.scenario.expect.code.allows(code));
    // What whyconn lacks an ordinary program has.
    let lacking = text(report.pointer("/verdict/code")) == "local.limits";
    if by_chance || lacking || !job.scenario.chance.is_empty() {
        return Ok(None);
    }
    // What was made safe is not the name that was typed.
    if host.contains('\\') || host.parse::<IpAddr>().is_ok() || !(got || (failed && soon)) {
        return Ok(None);
    }
    let family = ["4", "6"].into_iter().find(|digit| arguments.contains(&format!("-{digit}")));
    let mut command = world::in_netns("client");
    command.args(odd::words(&job.scenario.odd, Limits::default(), None, job.as_root));
    command.args([PYTHON, "-c", SCRIPT, host, family.unwrap_or("any")]);
    let ended = shell::bounded(&mut command, "", ASKING)?;
    let line = String::from_utf8_lossy(&ended.output.stdout).into_owned();
    let told =
        || format!("no answer of getaddrinfo: {line}{}", String::from_utf8_lossy(&ended.output.stderr));
    serde_json::from_str(&line).map(Some).map_err(|error| format!("{}: {error}", told()))
}

impl Answer {
    pub(crate) fn compare(&self, report: &Value, found: &mut Mismatches) {
        let outcome = |key: &str| report.pointer(&format!("{LOOKUP}/outcome{key}"));
        if let Some(error) = &self.error {
            let seen = text(outcome("/failed/eai"));
            found.require(seen == error, "getaddrinfo's error", seen, error);
            return;
        }
        if self.addresses.is_empty() {
            return;
        }
        let mut wanted: Vec<String> = Vec::new();
        // Two lines of a hosts file may give one address twice.
        for address in &self.addresses {
            if !wanted.contains(address) {
                wanted.push(address.clone());
            }
        }
        wanted.truncate(KEPT);
        let seen = addresses(outcome("/addresses"));
        found.require(seen == wanted, "getaddrinfo's addresses", seen.clone(), &wanted.join(", "));
        let told = addresses(report.pointer("/resolution/addresses"));
        found.require(told == wanted, "addresses of the name", told.clone(), &wanted.join(", "));
    }
}
