//! What whyconn is run with in place of what a user of this machine has: fewer descriptors, or a policy that forbids
//! it to connect. Each is some words in front of the program.

use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::ordinary::PYTHON;
use crate::shell;

/// As of `prlimit(1)`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// How many descriptors, those from before included.
    #[serde(default)]
    pub(crate) nofile: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Policy {
    /// seccomp(2): every connect fails with EPERM, whatever it is about.
    Seccomp,
    /// landlock(7): no TCP connection.
    Landlock,
}

/// The words that come before the program.
pub(crate) fn words(limits: Limits, policy: Option<Policy>) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(nofile) = limits.nofile {
        words.extend(["prlimit".to_owned(), format!("--nofile={nofile}:{nofile}"), "--".to_owned()]);
    }
    if let Some(policy) = policy {
        let script = match policy {
            Policy::Seccomp => format!("{CALLS}{SECCOMP}"),
            Policy::Landlock => format!("{CALLS}{LANDLOCK}"),
        };
        words.extend([PYTHON.to_owned(), "-c".to_owned(), format!("{script}{GO_ON}")]);
    }
    words
}

/// Whether this kernel has rules about TCP connections in Landlock.
pub(crate) fn has_landlock() -> bool {
    let words = words(Limits::default(), Some(Policy::Landlock));
    let Some((program, arguments)) = words.split_first() else { return false };
    shell::succeeds(Command::new(program).args(arguments).arg("true")).unwrap_or(false)
}

/// Nobody who may gain privileges may forbid himself anything.
const CALLS: &str = r#"
import ctypes, os, platform, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
def done(result):
    if result < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    return result
done(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
"#;

/// A filter of four instructions: the number of the call, is it connect, then EPERM, else go on.
const SECCOMP: &str = r#"
CONNECT = {"x86_64": 42, "aarch64": 203, "riscv64": 203}[platform.machine()]
LOAD, JUMP_EQUAL, RETURN, ALLOW, EPERM = 0x20, 0x15, 0x06, 0x7fff0000, 0x00050001
code = [(LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 1, CONNECT), (RETURN, 0, 0, EPERM), (RETURN, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
program = ctypes.create_string_buffer(struct.pack("@HP", 4, ctypes.addressof(code)))
done(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0))
"#;

/// `struct landlock_ruleset_attr` with rights to files and to the network; the calls have these numbers everywhere.
const LANDLOCK: &str = r#"
CREATE_RULESET, RESTRICT_SELF, CONNECT_TCP = 444, 446, 2
rules = ctypes.create_string_buffer(struct.pack("=QQ", 0, CONNECT_TCP))
rules = done(libc.syscall(CREATE_RULESET, rules, ctypes.c_size_t(16), 0))
done(libc.syscall(RESTRICT_SELF, rules, 0))
os.close(rules)
"#;

const GO_ON: &str = "os.execvp(sys.argv[1], sys.argv[1:])\n";
