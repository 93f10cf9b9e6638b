//! How values that are written as text look in the JSON Schema.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// An octet in decimal digits.
const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

/// A port; 0 where it is any.
const PORT: &str = "(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

/// A pattern for IPv4 addresses, without anchors.
pub(crate) fn ipv4() -> String {
    format!("{OCTET}(\\.{OCTET}){{3}}")
}

/// A pattern for IPv6 addresses as RFC 5952 writes them, without anchors.
pub(crate) fn ipv6() -> String {
    let group = "[0-9a-f]{1,4}";
    let mut forms = vec![format!("({group}:){{7}}{group}"), format!("::ffff:{}", ipv4())];
    // `::` stands for what the groups before and behind it leave out.
    forms.push(format!(":((:{group}){{1,7}}|:)"));
    let sizes = (1..=6).zip((1..=6).rev());
    forms.extend(sizes.map(|(front, back)| format!("({group}:){{{front}}}((:{group}){{1,{back}}}|:)")));
    forms.push(format!("({group}:){{7}}:"));
    format!("({})", forms.join("|"))
}

/// A pattern for address and port, without anchors; the scope of an IPv6 address is a device's index.
fn endpoint() -> String {
    format!("({}|\\[{}(%[0-9]{{1,10}})?\\]):{PORT}", ipv4(), ipv6())
}

/// A schema of text that fits the pattern as a whole.
fn text(pattern: &str, description: &str) -> Schema {
    json_schema!({ "type": "string", "pattern": format!("^{pattern}$"), "description": description })
}

/// Declares a type that stands for text of one form in the schema, and has no value.
macro_rules! form {
    ($(#[$doc:meta])* $name:ident, $pattern:expr, $description:expr) => {
        $(#[$doc])*
        pub(crate) enum $name {}

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                text(&$pattern, $description)
            }
        }
    };
}

form!(
    /// Address and port.
    Endpoint,
    endpoint(),
    "address and port: `198.51.100.7:443`, `[2001:db8::7]:443`, `[fe80::7%2]:22`"
);

form!(
    /// Address and port, or a unix socket.
    AnyEndpoint,
    format!("({}|unix(-dgram|-seqpacket)?:.+)", endpoint()),
    "address and port, or `unix:/path`"
);

form!(
    /// An address.
    Address,
    format!("({}|{})", ipv4(), ipv6()),
    "an IPv4 or IPv6 address"
);

form!(
    /// A prefix.
    Prefix,
    format!("(default|{}/([0-9]|[12][0-9]|3[0-2])|{}/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))", ipv4(), ipv6()),
    "a prefix, or `default`"
);

#[cfg(test)]
mod tests {
    use super::*;
    use regex_lite::Regex;
    use std::net::IpAddr;

    fn fits<T: JsonSchema>(text: &str) -> bool {
        let schema = T::json_schema(&mut SchemaGenerator::default());
        let pattern = schema.get("pattern").unwrap().as_str().unwrap();
        Regex::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn the_pattern_of_an_address_takes_addresses_and_nothing_else() {
        let good = [
            "0.0.0.0",
            "255.255.255.255",
            "192.0.2.10",
            "::",
            "::1",
            "2001:db8::",
            "2001:db8::7",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::8",
            "fe80::1:2",
            "::ffff:192.0.2.1",
        ];
        let bad = [
            "",
            "1.2.3",
            "1.2.3.256",
            "01.2.3.4",
            "1.2.3.4.5",
            ":",
            ":::",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1::2::3",
            "12345::",
            "g::",
            "::ffff:1.2.3",
            "db.example",
            " ::1",
            "::1 ",
            "2001:db8::/32",
            "1:2:3:4:5:6:7:8::",
        ];
        for text in good {
            assert!(fits::<Address>(text), "{text}");
            assert!(text.parse::<IpAddr>().is_ok(), "{text}");
        }
        for text in bad {
            assert!(!fits::<Address>(text), "{text}");
            assert!(text.parse::<IpAddr>().is_err(), "{text}");
        }
    }

    /// Runs of zeros in every place.
    #[test]
    fn the_pattern_takes_every_address_as_it_is_written() {
        for zeros in 0..=255_u32 {
            let groups: [u16; 8] = std::array::from_fn(|at| if zeros >> at & 1 == 1 { 0 } else { 0x0a1f });
            let text = std::net::Ipv6Addr::from(groups).to_string();
            assert!(fits::<Address>(&text), "{text}");
            assert!(fits::<Endpoint>(&format!("[{text}]:443")), "{text}");
        }
    }

    #[test]
    fn endpoints_and_prefixes_have_their_form() {
        for text in ["192.0.2.1:80", "[::1]:65535", "[fe80::1%2]:0"] {
            assert!(fits::<Endpoint>(text) && fits::<AnyEndpoint>(text), "{text}");
        }
        for text in [
            "192.0.2.1",
            "192.0.2.1:",
            "192.0.2.1:65536",
            "192.0.2.1:080",
            "::1:80",
            "[::1]",
            "[192.0.2.1]:80",
        ] {
            assert!(!fits::<Endpoint>(text) && !fits::<AnyEndpoint>(text), "{text}");
        }
        for text in ["unix:/run/x", "unix:@x", "unix-seqpacket:./x"] {
            assert!(fits::<AnyEndpoint>(text) && !fits::<Endpoint>(text), "{text}");
        }
        for text in ["default", "0.0.0.0/0", "198.18.0.0/15", "2001:db8::/32", "::1/128"] {
            assert!(fits::<Prefix>(text), "{text}");
        }
        for text in ["", "198.18.0.0", "198.18.0.0/33", "::/129", "all"] {
            assert!(!fits::<Prefix>(text), "{text}");
        }
    }
}
