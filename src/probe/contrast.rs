//! Attempts at addresses that only the name servers give: do those work?

use super::Tables;
use super::connect::{AttemptAsk, LINGER, SHORT, attempt};
use crate::model::{Attempt, Millis, Request, Trace};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// More addresses than this prove nothing more.
const MOST: usize = 4;

/// What to try.
#[derive(Debug)]
pub(crate) struct ContrastAsk {
    /// The addresses, most likely first.
    pub(crate) addresses: Vec<SocketAddr>,
    /// What the user asked for.
    pub(crate) request: Arc<Request>,
    /// This host's tables.
    pub(crate) tables: Arc<Tables>,
    /// The start of the run.
    pub(crate) begun: Instant,
    /// When to end in any case.
    pub(crate) deadline: Instant,
}

/// Tries them side by side, without watching what a service does after the handshake.
pub(crate) async fn contrast(ask: ContrastAsk) -> Vec<Attempt> {
    // An attempt with a short timeout waits a little longer than that.
    let left = ask.deadline.saturating_duration_since(Instant::now());
    let request = Arc::new(Request {
        timeout_ms: Millis::from(if left <= SHORT { left.saturating_sub(LINGER) } else { left }),
        grace_ms: Millis::default(),
        trace: Trace::Never,
        ..Request::clone(&ask.request)
    });
    // Nobody follows these while they run.
    let (tell, _told) = mpsc::unbounded_channel();
    let stop = watch::Sender::new(false);
    let mut tasks = JoinSet::new();
    for (index, address) in ask.addresses.into_iter().take(MOST).enumerate() {
        let transport = request.target.transport;
        let blank = Attempt { transport, ..Attempt::new(address, Millis::from(ask.begun.elapsed())) };
        let run = AttemptAsk {
            index,
            request: Arc::clone(&request),
            tables: Arc::clone(&ask.tables),
            stop: stop.subscribe(),
            tell: tell.clone(),
        };
        tasks.spawn(attempt(run, blank));
    }
    let mut attempts = tasks.join_all().await;
    attempts.sort_by_key(|attempt| attempt.address);
    attempts
}
