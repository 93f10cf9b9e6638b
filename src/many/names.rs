//! What the names of a list lead to: each is asked for once, however many of its ports are targets.
//!
//! Where this host's programs ask nothing but the hosts file and the name servers, a long list asks the servers
//! itself; everything else is left to `getaddrinfo`.

use crate::model::{
    DirectView, Evidence, Fact, Family, Lookup, LookupOutcome, NameFiles, Request, ResolverSettings,
    malformed,
};
use crate::probe::{Asker, lookup};
use crate::sys;
use std::cell::{OnceCell as Once, RefCell};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::sleep;

/// Answers beyond this many are not kept.
const MOST_KEPT: usize = 1024;

/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(30);

/// Names that the servers are asked for at once: more than that, and some servers drop questions.
const ASKED_AT_ONCE: usize = 64;

/// Calls of `getaddrinfo` at once, a thread each.
const THREADS: usize = 32;

/// How long to wait for a thread.
const SHORTAGE: Duration = Duration::from_millis(50);

/// Servers that keep silent so often in a row are not asked in this way again.
const MOST_FAILURES: u32 = 8;

/// What somebody said about a name.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// There is no name: nobody was asked.
    Literal,
    /// `getaddrinfo`.
    System(Rc<Lookup>),
    /// A name server, asked directly; with the files, where it has no address.
    Server(Rc<DirectView>, Option<Rc<NameFiles>>),
}

impl Answer {
    /// Adds it to what is known of a target.
    pub(super) fn tell(self, evidence: &mut Evidence) {
        match self {
            Answer::Literal => {}
            Answer::System(lookup) => evidence.lookup = Fact::Seen(Rc::unwrap_or_clone(lookup)),
            Answer::Server(view, files) => {
                evidence.direct = Fact::Seen(Rc::unwrap_or_clone(view));
                evidence.name_files =
                    files.map_or(Fact::NotAsked, |files| Fact::Seen(Rc::unwrap_or_clone(files)));
            }
        }
    }
}

type Shelf = RefCell<HashMap<(String, bool), (Instant, Rc<OnceCell<Answer>>)>>;

/// The names of one list.
pub(super) struct Names {
    known: Shelf,
    asking: Semaphore,
    threads: Semaphore,
    plan: Once<Option<Plain>>,
    failures: std::cell::Cell<u32>,
}

/// How to ask where only the hosts file and the servers are asked.
struct Plain {
    files: Rc<NameFiles>,
    settings: ResolverSettings,
    /// Names of the hosts file, in small letters.
    pinned: HashSet<String>,
    asker: Rc<Asker>,
}

impl Names {
    pub(super) fn new() -> Names {
        Names {
            known: RefCell::default(),
            asking: Semaphore::new(ASKED_AT_ONCE),
            threads: Semaphore::new(THREADS),
            plan: Once::new(),
            failures: std::cell::Cell::new(0),
        }
    }

    /// What a name leads to; the servers may be asked by us.
    pub(super) async fn look_up(&self, name: &str, request: &Request) -> Answer {
        let (family, timeout) = (request.family, request.timeout_ms.to_duration());
        let cell = self.shelf((name.to_owned(), true));
        let ask = async || {
            if let Some(plain) = self.plain(request.dns)
                && let Some(view) = self.by_server(plain, name, family).await
            {
                // Where there is no address, it bears on the answer who is asked at all.
                let files = view.addresses.is_empty().then(|| Rc::clone(&plain.files));
                return Answer::Server(Rc::new(view), files);
            }
            Answer::System(Rc::new(self.by_system(name, family, timeout).await))
        };
        cell.get_or_init(ask).await.clone()
    }

    fn shelf(&self, key: (String, bool)) -> Rc<OnceCell<Answer>> {
        let mut known = self.known.borrow_mut();
        if known.len() >= MOST_KEPT && !known.contains_key(&key) {
            // Those that are being asked for have their askers.
            known.clear();
        }
        let (asked, cell) = known.entry(key).or_insert_with(|| (Instant::now(), Rc::default()));
        if asked.elapsed() > FRESH && cell.initialized() {
            (*asked, *cell) = (Instant::now(), Rc::default());
        }
        Rc::clone(cell)
    }

    /// How to ask the servers, if that is all that programs here do.
    fn plain(&self, server: Option<SocketAddr>) -> Option<&Plain> {
        if self.failures.get() >= MOST_FAILURES {
            return None;
        }
        self.plan.get_or_init(|| plain(server)).as_ref()
    }

    async fn by_server(&self, plain: &Plain, name: &str, family: Option<Family>) -> Option<DirectView> {
        if malformed(name).is_some() || plain.pinned.contains(&name.to_ascii_lowercase()) || is_number(name) {
            return None;
        }
        let _turn = self.asking.acquire().await;
        let view = plain.asker.ask(&sys::search_names(name, &plain.settings), family).await;
        // A server that never answers is not waited for a thousand times.
        self.failures.set(if view.is_some() { 0 } else { self.failures.get() + 1 });
        view
    }

    async fn by_system(&self, name: &str, family: Option<Family>, timeout: Duration) -> Lookup {
        let _turn = self.threads.acquire().await;
        loop {
            match lookup(name.to_owned(), family, timeout) {
                Ok(answer) => return answer.await,
                Err(_) => sleep(SHORTAGE).await,
            }
        }
    }

    /// Keeps what an investigation has learnt, for other ports of the same name.
    pub(super) fn keep(&self, name: &str, evidence: &Evidence) {
        let Fact::Seen(lookup) = &evidence.lookup else { return };
        if !matches!(lookup.outcome, LookupOutcome::Addresses(_)) {
            return;
        }
        let cell = self.shelf((name.to_owned(), false));
        // Somebody may have been faster.
        let _ = cell.set(Answer::System(Rc::new(lookup.clone())));
    }

    /// What is known of a name already, for an investigation that asks for itself otherwise.
    pub(super) fn recall(&self, name: &str, request: &Request) -> Option<Answer> {
        let cell = self.shelf((name.to_owned(), false));
        cell.get().filter(|_| request.dns.is_none()).cloned()
    }
}

/// The names that `inet_aton` takes for addresses are nobody's to look up.
fn is_number(name: &str) -> bool {
    name.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b'x' | b'X'))
}

fn plain(server: Option<SocketAddr>) -> Option<Plain> {
    let files = sys::name_files("");
    let settings = files.resolver.seen()?.clone();
    let sources = files.sources.seen()?;
    let known = sources
        .iter()
        .all(|source| matches!(source.name.as_str(), "files" | "dns") && source.action.is_none());
    let asked = sources.iter().any(|source| source.name == "dns");
    let first = sources.first().is_some_and(|source| source.name == "files");
    if server.is_none() && !(known && asked && first) || settings.use_vc {
        return None;
    }
    let pinned = if server.is_some() { HashSet::new() } else { sys::pinned_names().ok()? };
    let first = settings.servers.first().copied().unwrap_or(ResolverSettings::DEFAULT_SERVER);
    let asker = Asker::open(server.unwrap_or(first))?;
    let files = Rc::new(files);
    Some(Plain { files, settings, pinned, asker })
}
