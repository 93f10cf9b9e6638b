//! What ordinary programs on this host get for a name: `getaddrinfo`, with a deadline.

use crate::model::{Fact, Family, Lookup, LookupOutcome, Millis, Resolved};
use crate::sys;
use std::io;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Asks the C library on a thread of its own. One that never answers is left behind: it does not hold up the
/// program's end.
///
/// # Errors
/// No thread could be made.
pub(crate) fn lookup(
    name: String,
    family: Option<Family>,
    deadline: Duration,
) -> io::Result<impl Future<Output = Lookup>> {
    let begun = Instant::now();
    let (tell, told) = oneshot::channel();
    std::thread::Builder::new().name("getaddrinfo".into()).spawn(move || {
        // Nobody listens any more once the deadline is over.
        let _ = tell.send(ask(&name, family));
    })?;
    Ok(async move {
        let (outcome, other_family) = match tokio::time::timeout(deadline, told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => (LookupOutcome::NoAnswer, Fact::NotAsked),
        };
        Lookup { outcome, elapsed_ms: Millis::from(begun.elapsed()), other_family }
    })
}

/// Blocks. A name without an address of the family asked for may have one of the other.
fn ask(name: &str, family: Option<Family>) -> (LookupOutcome, Fact<Vec<Resolved>>) {
    match sys::lookup_host(name, family) {
        Ok(addresses) => (LookupOutcome::Addresses(addresses), Fact::NotAsked),
        Err(error) => {
            let outcome = LookupOutcome::Failed { eai: error.eai, errno: error.errno };
            let other = match family {
                Some(family) => match sys::lookup_host(name, Some(family.other())) {
                    Ok(addresses) => Fact::Seen(addresses),
                    Err(error) => Fact::CouldNotLook(error.eai),
                },
                None => Fact::NotAsked,
            };
            (outcome, other)
        }
    }
}
