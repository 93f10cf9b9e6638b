//! What a list has come to: how many connect, and who is to blame for the rest.

use crate::diagnose::Culprit;
use crate::verdict::{Class, Code};
use std::collections::HashMap;
use std::net::IpAddr;

/// Verdicts and culprits beyond this many are counted together: a list may name a culprit in every line.
const MOST_GROUPS: usize = 256;

/// Who did it, as far as failures are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whom {
    /// This host.
    Client,
    /// The name service, or one server of it.
    Resolver(Option<IpAddr>),
    /// A gateway that does not answer.
    Gateway(IpAddr),
    /// Neighbours that do not answer, each for itself.
    Neighbours,
    /// A router.
    Router(Option<IpAddr>),
    /// Somewhere behind the last hop that answered, where one did.
    After(Option<IpAddr>),
    /// The targets themselves.
    Target,
    /// The services.
    Service,
    /// Too many to tell apart.
    Others,
}

impl Whom {
    /// The culprit of a verdict.
    pub fn of(code: Code, culprit: Option<&Culprit>) -> Whom {
        match culprit {
            Some(Culprit::Client) => Whom::Client,
            Some(Culprit::Resolver { address }) => Whom::Resolver(*address),
            Some(Culprit::Link { address }) if code == Code::UnreachableGateway => Whom::Gateway(*address),
            Some(Culprit::Link { .. }) => Whom::Neighbours,
            // A router that does not name itself is known by its place, which differs.
            Some(Culprit::Router { address, .. }) => Whom::Router(*address),
            Some(Culprit::Path { after }) => Whom::After(after.as_ref().and_then(|hop| hop.address)),
            Some(Culprit::Target) => Whom::Target,
            Some(Culprit::Service) => Whom::Service,
            None => Whom::Others,
        }
    }
}

/// The counts.
#[derive(Debug, Default)]
pub struct Tally {
    total: u64,
    connected: u64,
    groups: HashMap<(Code, Whom), u64>,
    /// Set for each class that failed.
    classes: [bool; Class::ALL.len()],
}

impl Tally {
    /// Counts one verdict.
    pub fn count(&mut self, code: Code, culprit: Option<&Culprit>) {
        self.total += 1;
        if code.class() == Class::Connected {
            self.connected += 1;
        } else if let Some(failed) = self.classes.get_mut(code.class() as usize) {
            *failed = true;
        }
        if code == Code::ConnectedOk {
            return;
        }
        let key = (code, Whom::of(code, culprit));
        let full = self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&key);
        let key = if full { (code, Whom::Others) } else { key };
        *self.groups.entry(key).or_default() += 1;
    }

    /// Targets with a verdict.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Those of them that connect.
    pub fn connected(&self) -> u64 {
        self.connected
    }

    /// Every verdict but `connected.ok` with its culprit and how often it came, the most frequent first.
    pub fn groups(&self) -> Vec<(Code, Whom, u64)> {
        let mut groups: Vec<_> =
            self.groups.iter().map(|((code, whom), count)| (*code, *whom, *count)).collect();
        groups.sort_unstable_by_key(|(code, whom, count)| (std::cmp::Reverse(*count), *code, *whom));
        groups
    }

    /// The classes that failed.
    pub fn failed_classes(&self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().zip(self.classes).filter(|(_, failed)| *failed).map(|(class, _)| class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Hop;

    fn after(address: &str) -> Culprit {
        Culprit::Path { after: Some(Hop { hop: 2, address: address.parse().ok() }) }
    }

    #[test]
    fn classes_that_connect_are_no_failures() {
        let mut tally = Tally::default();
        tally.count(Code::ConnectedOk, None);
        tally.count(Code::ConnectedPartial, Some(&Culprit::Client));
        assert_eq!(tally.failed_classes().count(), 0);
        tally.count(Code::TimeoutSilent, Some(&after("203.0.113.2")));
        tally.count(Code::RefusedRst, Some(&Culprit::Target));
        tally.count(Code::RefusedIcmpPort, Some(&Culprit::Target));
        assert_eq!(tally.failed_classes().collect::<Vec<_>>(), [Class::Refused, Class::Timeout]);
        assert_eq!((tally.total(), tally.connected()), (5, 2));
    }

    #[test]
    fn failures_are_counted_by_verdict_and_culprit() {
        let mut tally = Tally::default();
        for _ in 0..3 {
            tally.count(Code::TimeoutSilent, Some(&after("203.0.113.2")));
        }
        tally.count(Code::TimeoutSilent, Some(&after("203.0.113.9")));
        for host in 0..2_u8 {
            let address = IpAddr::from([198, 18, 0, host]);
            tally.count(Code::UnreachableNeighbor, Some(&Culprit::Link { address }));
        }
        let groups = tally.groups();
        let first = (Code::TimeoutSilent, Whom::After("203.0.113.2".parse().ok()), 3);
        assert_eq!(groups.first(), Some(&first));
        assert_eq!(groups.get(1), Some(&(Code::UnreachableNeighbor, Whom::Neighbours, 2)));
        assert_eq!(groups.len(), 3);
    }

    #[test]
    fn a_list_of_a_thousand_culprits_is_counted_whole_and_kept_small() {
        let mut tally = Tally::default();
        for number in 0..1000_u32 {
            let address = Some(IpAddr::from(number.to_be_bytes()));
            tally.count(Code::UnreachableIcmpHost, Some(&Culprit::Router { address, hop: None }));
        }
        let groups = tally.groups();
        assert_eq!(groups.iter().map(|(_, _, count)| count).sum::<u64>(), 1000);
        assert!(groups.len() <= MOST_GROUPS + 1);
        assert_eq!(groups.first().map(|(_, whom, _)| *whom), Some(Whom::Others));
    }
}
