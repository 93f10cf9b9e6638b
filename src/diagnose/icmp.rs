//! ICMP types and codes: their names (RFC 792, 1122, 1812, 4443; IANA's registry) and the verdict of each.

use crate::model::{Family, Icmp};
use crate::verdict::Code;
use nix::errno::Errno as E;
use std::borrow::Cow;

/// The verdict that an ICMP error stands for. Total: every type and code of both families has one.
pub fn code_of(icmp: Icmp) -> Code {
    match (icmp.family, icmp.kind, icmp.code) {
        (4, 3, 3) | (6, 1, 4) => Code::RefusedIcmpPort,
        (4, 3, 0 | 6 | 11) | (6, 1, 0) => Code::UnreachableIcmpNet,
        (4, 3, 1 | 7 | 8 | 12) | (6, 1, 3) => Code::UnreachableIcmpHost,
        (4, 3, 9 | 10 | 13 | 14 | 15) | (6, 1, 1 | 5 | 6) => Code::UnreachableIcmpAdmin,
        (4, 3, 2) => Code::UnreachableIcmpProtocol,
        _ => Code::UnreachableIcmpOther,
    }
}

/// Whether it says that the host itself did not answer on its link.
pub fn is_host_unreachable(icmp: Icmp) -> bool {
    matches!((icmp.family, icmp.kind, icmp.code), (4, 3, 1) | (6, 1, 3))
}

/// The verdicts of the ICMP errors that the kernel makes this errno of (`icmp_err_convert`, net/ipv4/icmp.c;
/// `icmpv6_err_convert`, net/ipv6/icmp.c), and of a neighbour that does not answer.
pub(super) fn behind(errno: E, family: Family) -> &'static [Code] {
    match (errno, family) {
        (E::ENETUNREACH, Family::V4) => &[Code::UnreachableIcmpNet, Code::UnreachableIcmpAdmin],
        (E::ENETUNREACH, Family::V6) => &[Code::UnreachableIcmpNet],
        (E::EACCES, _) => &[Code::UnreachableIcmpAdmin],
        (E::ENOPROTOOPT, _) => &[Code::UnreachableIcmpProtocol],
        (E::EHOSTUNREACH, Family::V4) => &[
            Code::UnreachableIcmpHost,
            Code::UnreachableIcmpAdmin,
            Code::UnreachableLoop,
            Code::UnreachableNeighbor,
            Code::UnreachableGateway,
        ],
        (E::EHOSTUNREACH, Family::V6) => &[
            Code::UnreachableIcmpHost,
            Code::UnreachableLoop,
            Code::UnreachableNeighbor,
            Code::UnreachableGateway,
        ],
        (E::EHOSTDOWN | E::ENONET, _) => &[Code::UnreachableIcmpHost],
        _ => &[],
    }
}

/// The name of a type and code.
pub fn name(icmp: Icmp) -> Cow<'static, str> {
    let name = match (icmp.family, icmp.kind, icmp.code) {
        (4, 3, 0) => "net-unreachable",
        (4, 3, 1) => "host-unreachable",
        (4, 3, 2) => "protocol-unreachable",
        (4, 3, 3) | (6, 1, 4) => "port-unreachable",
        (4, 3, 4) => "fragmentation-needed",
        (4, 3, 5) => "source-route-failed",
        (4, 3, 6) => "net-unknown",
        (4, 3, 7) => "host-unknown",
        (4, 3, 8) => "host-isolated",
        (4, 3, 9) => "net-prohibited",
        (4, 3, 10) => "host-prohibited",
        (4, 3, 11) => "net-unreachable-for-tos",
        (4, 3, 12) => "host-unreachable-for-tos",
        (4, 3, 13) | (6, 1, 1) => "admin-prohibited",
        (4, 3, 14) => "host-precedence-violation",
        (4, 3, 15) => "precedence-cutoff",
        (4, 11, 0) | (6, 3, 0) => "time-exceeded",
        (4, 11, 1) | (6, 3, 1) => "reassembly-time-exceeded",
        (4, 12, _) | (6, 4, _) => "parameter-problem",
        (6, 1, 0) => "no-route",
        (6, 1, 2) => "beyond-scope",
        (6, 1, 3) => "address-unreachable",
        (6, 1, 5) => "source-policy-failed",
        (6, 1, 6) => "reject-route",
        (6, 1, 7) => "source-routing-error",
        (6, 1, 8) => "headers-too-long",
        (6, 2, _) => "packet-too-big",
        (_, kind, code) => return format!("type-{kind}-code-{code}").into(),
    };
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn icmp(family: u8, kind: u8, code: u8) -> Icmp {
        Icmp { family, kind, code }
    }

    #[test]
    fn the_table_is_total() {
        for family in [4, 6] {
            for kind in 0..=255 {
                for code in 0..=255 {
                    let icmp = icmp(family, kind, code);
                    assert!(!name(icmp).is_empty());
                    assert!(matches!(
                        code_of(icmp),
                        Code::RefusedIcmpPort
                            | Code::UnreachableIcmpNet
                            | Code::UnreachableIcmpHost
                            | Code::UnreachableIcmpAdmin
                            | Code::UnreachableIcmpProtocol
                            | Code::UnreachableIcmpOther
                    ));
                }
            }
        }
    }

    #[test]
    fn each_code_stands_for_its_verdict() {
        use Code::{
            RefusedIcmpPort as Port, UnreachableIcmpAdmin as Admin, UnreachableIcmpHost as Host,
            UnreachableIcmpNet as Net, UnreachableIcmpOther as Other, UnreachableIcmpProtocol as Protocol,
        };
        let v4 = [
            Net, Host, Protocol, Port, Other, Other, Net, Host, Host, Admin, Admin, Net, Host, Admin, Admin,
            Admin, Other,
        ];
        for (code, expected) in (0..).zip(v4) {
            assert_eq!(code_of(icmp(4, 3, code)), expected, "3/{code}");
        }
        let v6 = [Net, Admin, Other, Host, Port, Admin, Admin, Other, Other];
        for (code, expected) in (0..).zip(v6) {
            assert_eq!(code_of(icmp(6, 1, code)), expected, "1/{code}");
        }
        // A type means one thing in one family only.
        assert_eq!(code_of(icmp(6, 3, 3)), Other);
        assert_eq!(code_of(icmp(4, 1, 4)), Other);
    }

    /// As the kernel's tables have it, by the code of "destination unreachable".
    #[test]
    fn an_errno_stands_for_each_error_that_gives_it() {
        let v4 = [
            E::ENETUNREACH,
            E::EHOSTUNREACH,
            E::ENOPROTOOPT,
            E::ECONNREFUSED,
            E::EMSGSIZE,
            E::EOPNOTSUPP,
            E::ENETUNREACH,
            E::EHOSTDOWN,
            E::ENONET,
            E::ENETUNREACH,
            E::EHOSTUNREACH,
            E::ENETUNREACH,
            E::EHOSTUNREACH,
            E::EHOSTUNREACH,
            E::EHOSTUNREACH,
            E::EHOSTUNREACH,
        ];
        let v6 = [
            E::ENETUNREACH,
            E::EACCES,
            E::EHOSTUNREACH,
            E::EHOSTUNREACH,
            E::ECONNREFUSED,
            E::EACCES,
            E::EACCES,
            E::EPROTO,
        ];
        for (family, kind, errnos) in [(Family::V4, 3, &v4[..]), (Family::V6, 1, &v6[..])] {
            let digit = if family == Family::V4 { 4 } else { 6 };
            for (code, errno) in (0..).zip(errnos) {
                let verdict = code_of(icmp(digit, kind, code));
                let known = matches!(verdict, Code::UnreachableIcmpOther | Code::RefusedIcmpPort)
                    || behind(*errno, family).contains(&verdict);
                assert!(known, "{family}: {kind}/{code} is {verdict}, and {errno} does not stand for it");
            }
        }
    }
}
