//! Proxy variables of the environment: ordinary programs obey them, and a connection that is diagnosed does not.
//!
//! Their values stay where they are: they may hold passwords.

use super::covers;
use super::target::{Host, SCHEMES, Target, Transport, split_host_port};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// A variable that names a proxy; curl(1) and most HTTP libraries have them, and a program may heed one spelling only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProxyVariable {
    /// `http_proxy`.
    #[serde(rename = "http_proxy")]
    Http,
    /// `HTTP_PROXY`.
    #[serde(rename = "HTTP_PROXY")]
    HttpUpper,
    /// `https_proxy`.
    #[serde(rename = "https_proxy")]
    Https,
    /// `HTTPS_PROXY`.
    #[serde(rename = "HTTPS_PROXY")]
    HttpsUpper,
    /// `all_proxy`.
    #[serde(rename = "all_proxy")]
    All,
    /// `ALL_PROXY`.
    #[serde(rename = "ALL_PROXY")]
    AllUpper,
}

impl ProxyVariable {
    /// Every one, the more specific first.
    pub const ALL: [ProxyVariable; 6] =
        [Self::Http, Self::HttpUpper, Self::Https, Self::HttpsUpper, Self::All, Self::AllUpper];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http_proxy",
            Self::HttpUpper => "HTTP_PROXY",
            Self::Https => "https_proxy",
            Self::HttpsUpper => "HTTPS_PROXY",
            Self::All => "all_proxy",
            Self::AllUpper => "ALL_PROXY",
        }
    }

    /// Those that are set and that a program would heed for this target: none over UDP, and none where `no_proxy` or
    /// `NO_PROXY` leaves the target out. `value` looks a variable up.
    pub fn heeded(target: &Target, value: impl Fn(&str) -> Option<String>) -> Vec<ProxyVariable> {
        let set = |name| value(name).filter(|value| !value.is_empty());
        let is_left_out = || {
            ["no_proxy", "NO_PROXY"].into_iter().find_map(set).is_some_and(|list| leaves_out(&list, target))
        };
        if target.transport != Transport::Tcp {
            return Vec::new();
        }
        let (http, https) = protocols(target);
        let applies = |variable: &ProxyVariable| match variable {
            Self::Http | Self::HttpUpper => http,
            Self::Https | Self::HttpsUpper => https,
            Self::All | Self::AllUpper => true,
        };
        let mut heeded: Vec<ProxyVariable> = Self::ALL.into_iter().filter(applies).collect();
        heeded.retain(|variable| set(variable.name()).is_some());
        if heeded.is_empty() || is_left_out() { Vec::new() } else { heeded }
    }
}

impl fmt::Display for ProxyVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a program may speak HTTP to the target, and HTTPS: the scheme of a URL tells, or a well-known port. On any
/// other port both may be.
fn protocols(target: &Target) -> (bool, bool) {
    let scheme = target.input.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let of_port = || SCHEMES.iter().find(|(_, port)| *port == target.port).map(|(scheme, _)| *scheme);
    match scheme.as_deref().or_else(of_port) {
        Some("http" | "ws") => (true, false),
        Some("https" | "wss") => (false, true),
        Some(_) => (false, false),
        None => (true, true),
    }
}

/// Whether a list of names, addresses and prefixes, as curl(1) reads `no_proxy`, has the target. A name stands for all
/// below it as well.
fn leaves_out(list: &str, target: &Target) -> bool {
    let entries = list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    entries.into_iter().any(|entry| {
        let (host, port) = split_host_port(entry).unwrap_or((entry, None));
        let port_fits = port.is_none_or(|port| port.parse() == Ok(target.port));
        port_fits && (host == "*" || is_of(host, &target.host))
    })
}

fn is_of(entry: &str, host: &Host) -> bool {
    match host {
        Host::Address { ip, .. } => {
            let ip = ip.to_canonical();
            let is_it =
                |entry: &str| entry.parse::<IpAddr>().is_ok_and(|address| address.to_canonical() == ip);
            let covered = |prefix: &str, length: &str| {
                let length = length.parse().ok();
                let prefix = prefix.parse().ok();
                prefix.zip(length).is_some_and(|(prefix, length)| covers(prefix, length, ip))
            };
            entry.split_once('/').map_or_else(|| is_it(entry), |(prefix, length)| covered(prefix, length))
        }
        Host::Name(name) => {
            let bare = |name: &str| name.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
            let (entry, name) = (bare(entry), bare(name));
            let below = || name.strip_suffix(&entry).is_some_and(|front| front.ends_with('.'));
            !entry.is_empty() && (entry == name || below())
        }
        Host::Socket(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heeded(target: &str, set: &[(&str, &str)]) -> Vec<&'static str> {
        let mut target = Target::parse(target.trim_start_matches("udp "), &|_| None).unwrap();
        if target.port == 53 {
            target = target.over_udp();
        }
        let value =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        ProxyVariable::heeded(&target, value).into_iter().map(ProxyVariable::name).collect()
    }

    const ALL: &[(&str, &str)] =
        &[("http_proxy", "http://p:3128"), ("HTTPS_PROXY", "p:3128"), ("all_proxy", "p:1")];

    #[test]
    fn a_variable_counts_where_its_protocol_may_be_spoken() {
        assert_eq!(heeded("db.example:80", ALL), ["http_proxy", "all_proxy"]);
        assert_eq!(heeded("https://db.example:8443/x", ALL), ["HTTPS_PROXY", "all_proxy"]);
        assert_eq!(heeded("db.example:8080", ALL), ["http_proxy", "HTTPS_PROXY", "all_proxy"]);
        assert_eq!(heeded("db.example:5432", ALL), ["all_proxy"]);
        assert_eq!(heeded("db.example:53", ALL), [""; 0]);
        assert_eq!(heeded("db.example:80", &[("http_proxy", "")]), [""; 0]);
    }

    #[test]
    fn no_proxy_leaves_targets_out() {
        let without = |target: &str, list: &str| {
            heeded(target, &[("http_proxy", "p:1"), ("no_proxy", list), ("NO_PROXY", "*")]).is_empty()
        };
        for list in
            ["*", "db.example", "a,.example", "*.example", "x EXAMPLE", "db.example:80", "db.example."]
        {
            assert!(without("db.example:80", list), "{list}");
        }
        for list in ["b.example", "ample", "db.example:81", "www.db.example", ",", "."] {
            assert!(!without("db.example:80", list), "{list}");
        }
        for list in ["198.18.3.2", "198.18.0.0/15", "198.18.3.2:80"] {
            assert!(without("198.18.3.2:80", list), "{list}");
        }
        for list in ["198.18.3.1", "198.18.0.0/24", "198.18.3.2/x", "8.3.2", "2001:db8::/32"] {
            assert!(!without("198.18.3.2:80", list), "{list}");
        }
        for list in ["2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:80", "2001:db8::/32"] {
            assert!(without("[2001:db8::7]:80", list), "{list}");
        }
        // The first of the two that is set counts, and an empty one is not.
        assert!(without("db.example:80", ""));
    }
}
