//! The nouns: what was asked ([`target`], [`Request`]) and what was seen ([`Evidence`]).
//!
//! Nothing here opens a socket, reads a clock or decides anything. Everything can be written as JSON and
//! read back, because a report's evidence is its own test case.

mod evidence;
mod fact;
mod listening;
mod local;
mod naming;
mod own_ends;
mod path;
mod payload;
mod proxy;
pub(crate) mod schema;
mod signal;
pub mod target;
mod unix;
mod unix_name;

pub use evidence::{
    AfterHandshake, Asked, Attempt, Beside, Call, Evidence, FailedCall, Lookup, LookupOutcome, Request,
    Resolved,
};
pub use fact::{Fact, Millis};
pub use listening::{Acceptance, ForeignListening, Listeners, Listening, Owner, PeerEnd, Process};
pub use local::{
    DevicePackets, HostFacts, IPV6_LEAST_MTU, Link, NeighbourSample, NeighbourState, OwnAddress, Refusal,
    RefusalKind, Route, RouteAnswer, RouteType, covers,
};
pub use naming::{
    DirectView, DnsAnswer, Exchange, ExchangeOutcome, ExtendedError, HostsLine, NameFiles, NameSource,
    RecordKind, ResolverSettings, ServerView, malformed,
};
pub use own_ends::{Holding, OwnEnds, OwnSocket, SocketState, Towards};
pub use path::{Counters, PathAnswer, PathProbe, PathProtocol, Question, Sweep, Trace, Trial, Window};
pub use payload::Payload;
pub use proxy::ProxyVariable;
pub use signal::{Errno, Icmp, Origin, QueueEntry, SoError, TcpInfo, TcpState};
pub use target::{Family, Host, Target, Transport};
pub use unix::{
    Access, Barrier, Credentials, FileKind, ForeignUnix, PathLook, Standing, UnixAttempt, UnixListed,
    UnixPeer, UnixState,
};
pub use unix_name::{NameKind, SocketType, UnixError, UnixName};
