//! What whyconn is run with in place of what a user of this machine has: fewer descriptors, less memory, or a policy
//! that forbids it some calls. Each is some words in front of the program.

use std::collections::BTreeMap;
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
    /// How many MiB of address space.
    #[serde(default)]
    pub(crate) address_space_mib: Option<u64>,
}

/// Kinds of calls that a seccomp filter refuses, each with the name of an errno.
pub(crate) type Denied = BTreeMap<Call, String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    /// A socket of netlink.
    Netlink,
    /// `IP_RECVERR` and `IPV6_RECVERR`, on sockets of any kind.
    ErrorQueue,
    /// A socket for ICMP echo.
    Ping,
    /// A socket of IPv6.
    Ipv6,
    /// `TCP_INFO`.
    TcpInfo,
    /// `SO_MEMINFO`.
    SocketMemory,
    /// A thread; processes are made as ever.
    Thread,
}

impl Call {
    /// Name of the call, and arguments by which it is told, as the script writes them.
    const fn rules(self) -> &'static str {
        match self {
            Self::Netlink => "[('socket', {0: 16})]",
            Self::ErrorQueue => "[('setsockopt', {1: 0, 2: 11}), ('setsockopt', {1: 41, 2: 25})]",
            Self::Ping => "[('socket', {0: 2, 2: 1}), ('socket', {0: 10, 2: 58})]",
            Self::Ipv6 => "[('socket', {0: 10})]",
            Self::TcpInfo => "[('getsockopt', {1: 6, 2: 11})]",
            Self::SocketMemory => "[('getsockopt', {1: 1, 2: 55})]",
            // What clone3 is asked for lies in memory, which a filter does not see: without it, clone is used.
            Self::Thread => "[('clone3', {}), ('clone', {0: 0x3d0f00})]",
        }
    }
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
pub(crate) fn words(limits: Limits, policy: Option<Policy>, denied: &Denied) -> Vec<String> {
    let mut words = Vec::new();
    let mut run = |script: &str| {
        words.extend([PYTHON.to_owned(), "-c".to_owned(), format!("{CALLS}{script}{GO_ON}")]);
    };
    match policy {
        Some(Policy::Seccomp) => run(&format!("{FILTER}refuse('EPERM', [('connect', {{}})])\n{LOAD}")),
        Some(Policy::Landlock) => run(LANDLOCK),
        None => {}
    }
    if !denied.is_empty() {
        let refuse = |(call, errno): (&Call, &String)| format!("refuse('{errno}', {})\n", call.rules());
        run(&format!("{FILTER}{}{LOAD}", denied.iter().map(refuse).collect::<String>()));
    }
    let nofile = limits.nofile.map(|number| format!("--nofile={number}:{number}"));
    let space = limits.address_space_mib.map(|mib| mib << 20).map(|bytes| format!("--as={bytes}:{bytes}"));
    if nofile.is_some() || space.is_some() {
        words.push("prlimit".to_owned());
        words.extend(nofile.into_iter().chain(space));
        words.push("--".to_owned());
    }
    words
}

/// Whether this kernel has rules about TCP connections in Landlock.
pub(crate) fn has_landlock() -> bool {
    let words = words(Limits::default(), Some(Policy::Landlock), &Denied::new());
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

/// A filter: for each rule the number of the call, is it the one, the low half of each argument that counts, then the
/// errno; at the end all else goes on. A jump goes over as many instructions as it says.
const FILTER: &str = r#"
import errno
NUMBERS = {
    "x86_64": {"socket": 41, "connect": 42, "setsockopt": 54, "getsockopt": 55, "clone": 56, "clone3": 435},
    "aarch64": {"socket": 198, "connect": 203, "setsockopt": 208, "getsockopt": 209, "clone": 220, "clone3": 435},
}
NUMBERS["riscv64"] = NUMBERS["aarch64"]
LOAD, JUMP_EQUAL, RETURN, ALLOW, REFUSE, ARGUMENTS = 0x20, 0x15, 0x06, 0x7fff0000, 0x00050000, 16
code = []
def refuse(name, rules):
    for call, arguments in rules:
        number = errno.ENOSYS if call == "clone3" else getattr(errno, name)
        tests = [(0, NUMBERS[platform.machine()][call])]
        tests += [(ARGUMENTS + 8 * place, value) for place, value in arguments.items()]
        rest = 2 * len(tests)
        for place, value in tests:
            rest -= 2
            code.append((LOAD, 0, 0, place))
            code.append((JUMP_EQUAL, 0, rest + 1, value))
        code.append((RETURN, 0, 0, REFUSE | number))
"#;

const LOAD: &str = r#"
code.append((RETURN, 0, 0, ALLOW))
lines = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
program = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(lines)))
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
