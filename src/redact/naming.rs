//! The walk through where names come from.

use super::{Map, Walk, walk, words};
use crate::model::{
    DirectView, DnsAnswer, Exchange, ExchangeOutcome, ExtendedError, HostsLine, NameFiles, NameSource,
    ResolverSettings, ServerView,
};

walk!(NameFiles { hosts, sources, resolver, own_name: Map::name_of } keeps {});
walk!(HostsLine { address } keeps { line });
walk!(NameSource { name: Map::name_source, action: |_, action| words::action(action) } keeps {});
walk!(ResolverSettings { servers, search: Map::names } keeps {
    present, skipped_server, ndots, timeout_s, attempts, use_vc,
});
walk!(DirectView { servers, addresses } keeps { started_ms, ended_ms });
walk!(ServerView { attempt, exchanges } keeps {});
walk!(Exchange { name: Map::name, outcome } keeps { record, transport, sent, started_ms, elapsed_ms });

impl Walk for ExchangeOutcome {
    fn walk(self, map: &mut Map) -> Self {
        match self {
            ExchangeOutcome::Answer(answer) => ExchangeOutcome::Answer(answer.walk(map)),
            ExchangeOutcome::Silent => ExchangeOutcome::Silent,
            ExchangeOutcome::Failed(errno) => ExchangeOutcome::Failed(errno.walk(map)),
            ExchangeOutcome::Malformed(why) => ExchangeOutcome::Malformed(words::text(why)),
        }
    }
}

walk!(DnsAnswer { addresses, aliases: Map::names, extended } keeps { rcode, truncated, alias_loop });
walk!(ExtendedError { text: |_, text| words::text(text) } keeps { code });
