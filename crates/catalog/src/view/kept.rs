//! Views that are kept true for a while, so that whoever looks again waits for nothing: one for each
//! caller and scope, a bounded number, and never for longer than the caller's rights last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak};
use std::time::Duration;

use futures::future::try_join_all;
use kube::core::Status;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::follow::follow;
use super::source::Source;
use super::{NotLooked, Scope, Why};
use crate::error::{Error, Result};
use crate::index::{BadQuery, Index, Page, Query, Usage, User};
use crate::row::Row;

/// How many views are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Most views at a time; whoever has not looked for longest is dropped first.
    pub most: usize,
    /// Most rows and users in all views together, before views are dropped in the same order; that
    /// many projects are open to somebody is no reason by itself.
    pub most_kept: usize,
    /// How long a view is kept after its last use.
    pub unused: Duration,
    /// How long an answer about the caller's rights holds.
    pub recheck: Duration,
    /// How long a caller waits for the first lists.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            most: 1024,
            most_kept: 200_000,
            unused: Duration::from_secs(120),
            recheck: Duration::from_secs(10),
            patience: Duration::from_secs(10),
        }
    }
}

/// All views of a server. Clones share them.
#[derive(Debug, Clone)]
pub struct Views(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    settings: Settings,
    views: Mutex<HashMap<Key, Arc<View>>>,
}

/// Who looks, and where.
type Key = (String, Scope);

/// What one caller sees of one scope, kept true by watches.
#[derive(Debug)]
pub struct View {
    shared: Arc<Shared>,
    scope: Scope,
    last_used: Mutex<Instant>,
    /// When the question was asked to which the last answer said that the caller may look.
    checked: Mutex<Option<Instant>>,
    /// Held while the caller's rights are asked for.
    asking: tokio::sync::Mutex<()>,
    /// The watches; they end with the view.
    _watches: JoinSet<()>,
}

/// What the watches of a view write.
#[derive(Debug)]
pub(super) struct Shared {
    index: RwLock<Index>,
    /// What is known of each source.
    states: watch::Sender<Vec<(Source, State)>>,
    /// Why Secrets cannot be listed.
    error: Mutex<Option<kube::Error>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not listed so far.
    Unknown,
    /// Listed, and watched.
    Seen,
    /// Not looked at.
    Not(Why),
}

impl Views {
    /// No views so far.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Kept {
            settings,
            views: Mutex::default(),
        }))
    }

    /// The view of a caller, who may still look: `caller_key` names the caller and everything that
    /// the rights of `caller` hang on.
    ///
    /// # Errors
    /// When the caller may not list Secrets there, or the API does not answer.
    pub async fn of(
        &self,
        caller: &kube::Client,
        caller_key: &str,
        scope: &Scope,
    ) -> Result<Arc<View>> {
        let key = (caller_key.to_owned(), scope.clone());
        loop {
            let (view, is_new) = self.get_or_start(caller, &key);
            // Its watches may have been refused by what the caller signed in with before.
            if !is_new && view.is_refused() {
                self.0.drop_view(&key, &view);
                continue;
            }
            let is_same = match view.check(caller, self.0.settings.recheck).await {
                Ok(is_same) => is_same,
                Err(error) => {
                    self.0.drop_view(&key, &view);
                    return Err(error);
                }
            };
            // With fewer rights everything is looked at afresh, so that nothing stays behind.
            if !is_same {
                self.0.drop_view(&key, &view);
                continue;
            }
            if let Err(error) = view.until_seen(self.0.settings.patience).await {
                self.0.drop_view(&key, &view);
                return Err(error);
            }
            view.touch();
            return Ok(view);
        }
    }

    /// How many views there are.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn get_or_start(&self, caller: &kube::Client, key: &Key) -> (Arc<View>, bool) {
        let mut views = self.0.lock();
        if let Some(view) = views.get(key) {
            view.touch();
            return (Arc::clone(view), false);
        }
        let settings = &self.0.settings;
        let mut kept: usize = views.values().map(|view| view.size()).sum();
        while views.len() >= settings.most.max(1) || kept > settings.most_kept {
            let oldest = views.iter().max_by_key(|(_, view)| view.idle());
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            kept -= views
                .remove(&oldest)
                .map_or(0, |view| view.size())
                .min(kept);
        }
        let view = Arc::new(View::start(caller, &key.1));
        views.insert(key.clone(), Arc::clone(&view));
        tokio::spawn(expire(
            Arc::downgrade(&self.0),
            key.clone(),
            Arc::downgrade(&view),
        ));
        (view, true)
    }
}

/// Drops a view that nobody has used for long enough.
async fn expire(kept: Weak<Kept>, key: Key, view: Weak<View>) {
    loop {
        let pause = match (kept.upgrade(), view.upgrade()) {
            (Some(kept), Some(view)) => {
                let left = kept.settings.unused.saturating_sub(view.idle());
                if left.is_zero() {
                    kept.drop_view(&key, &view);
                    return;
                }
                left
            }
            _ => return,
        };
        tokio::time::sleep(pause).await;
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<View>>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drop_view(&self, key: &Key, view: &Arc<View>) {
        let mut views = self.lock();
        if views.get(key).is_some_and(|kept| Arc::ptr_eq(kept, view)) {
            views.remove(key);
        }
    }
}

impl View {
    fn start(caller: &kube::Client, scope: &Scope) -> Self {
        let states = Source::all()
            .map(|source| (source, State::Unknown))
            .collect();
        let shared = Arc::new(Shared {
            index: RwLock::new(Index::counting()),
            states: watch::Sender::new(states),
            error: Mutex::default(),
        });
        let mut watches = JoinSet::new();
        for source in Source::all() {
            let shared = Arc::clone(&shared);
            watches.spawn(follow(caller.clone(), scope.clone(), source, shared));
        }
        Self {
            shared,
            scope: scope.clone(),
            last_used: Mutex::new(Instant::now()),
            checked: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            _watches: watches,
        }
    }

    /// One page of what fits a query.
    ///
    /// # Errors
    /// When the query itself is no good.
    pub fn query(&self, query: &Query) -> Result<Page, BadQuery> {
        self.shared.read(|index| index.query(query))
    }

    /// One page of what fits a query in any of several views, each of another namespace.
    ///
    /// # Errors
    /// When the query itself is no good.
    pub fn query_all(views: &[Arc<Self>], query: &Query) -> Result<Page, BadQuery> {
        let mut views: Vec<_> = views.iter().collect();
        // In one order, so that two who read do not wait for each other behind those who write; and
        // in that of their rows, which need not be sorted then.
        views.sort_unstable_by_key(|view| (view.scope.namespace(), Arc::as_ptr(view)));
        let views: Vec<_> = views.iter().map(|view| view.shared.index()).collect();
        let indices: Vec<&Index> = views.iter().map(|index| &**index).collect();
        Index::query_all(&indices, query)
    }

    /// One row.
    pub fn row(&self, namespace: &str, name: &str) -> Option<Row> {
        self.shared.read(|index| index.row(namespace, name))
    }

    /// Who uses a connection, each owner once.
    pub fn users(&self, namespace: &str, name: &str) -> Vec<User> {
        self.shared.read(|index| index.users_of(namespace, name))
    }

    /// Every connection that has users, and who they are.
    pub fn used(&self) -> Vec<Usage> {
        self.shared.read(Index::used)
    }

    /// Kinds that are not looked at for users.
    pub fn not_looked_at(&self) -> Vec<NotLooked> {
        let states = self.shared.states.borrow();
        let not = |(source, state): &(Source, State)| {
            let why = match state {
                State::Seen => return None,
                State::Unknown => Why::NotAnswered,
                State::Not(why) => *why,
            };
            let kind = source.title();
            (*source != Source::Connections).then_some(NotLooked { kind, why })
        };
        states.iter().filter_map(not).collect()
    }

    /// Asks for the caller's rights, unless they were asked for just now. Returns whether all that
    /// is looked at may still be looked at.
    ///
    /// While an answer still holds, the next one is asked for ahead, so that nobody who keeps looking
    /// waits for it.
    async fn check(self: &Arc<Self>, caller: &kube::Client, recheck: Duration) -> Result<bool> {
        if self.is_checked(recheck) {
            if !self.is_checked(recheck / 2) {
                let (view, caller) = (Arc::clone(self), caller.clone());
                tokio::spawn(async move {
                    if let Ok(_asking) = view.asking.try_lock() {
                        // Whatever is wrong is told to whoever looks when the old answer is no good.
                        let _ = view.ask(&caller).await;
                    }
                });
            }
            return Ok(true);
        }
        let _asking = self.asking.lock().await;
        match self.is_checked(recheck) {
            true => Ok(true),
            false => self.ask(caller).await,
        }
    }

    /// Whether the last good answer is younger than this.
    fn is_checked(&self, age: Duration) -> bool {
        self.checked().is_some_and(|time| time.elapsed() < age)
    }

    fn checked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, caller: &kube::Client) -> Result<bool> {
        let looked_at: Vec<_> = {
            let states = self.shared.states.borrow();
            let is_asked = |(source, state): &&(Source, State)| {
                *source == Source::Connections || !matches!(state, State::Not(_))
            };
            states
                .iter()
                .filter(is_asked)
                .map(|(source, _)| *source)
                .collect()
        };
        let asked = Instant::now();
        let answers = looked_at
            .iter()
            .map(|source| source.may_list(caller, &self.scope));
        let step = format!("asking for the right to list Secrets {}", self.scope);
        let answers = try_join_all(answers)
            .await
            .map_err(Error::of_kubernetes(step))?;
        if answers.first() != Some(&true) {
            return Err(self.refused());
        }
        // A new view finds out by itself what it may not list.
        let is_new = self.checked().is_none();
        let is_same = is_new || answers.into_iter().all(|is_allowed| is_allowed);
        if is_same {
            *self.checked() = Some(asked);
        }
        Ok(is_same)
    }

    /// How much is held for it.
    fn size(&self) -> usize {
        self.shared.read(Index::size)
    }

    fn is_refused(&self) -> bool {
        matches!(self.shared.state(Source::Connections), State::Not(_))
    }

    fn refused(&self) -> Error {
        let what = format!("you may not list Secrets {}", self.scope);
        let status = Status::failure(&what, "Forbidden").with_code(403);
        Error::of_kubernetes(self.step())(kube::Error::Api(Box::new(status)))
    }

    fn step(&self) -> String {
        format!("listing Secrets {}", self.scope)
    }

    /// Waits until everything was listed once; kinds that take too long are named instead.
    async fn until_seen(&self, patience: Duration) -> Result<()> {
        let mut states = self.shared.states.subscribe();
        let is_known = |states: &Vec<(Source, State)>| {
            let mut states = states.iter();
            states.all(|(_, state)| *state != State::Unknown)
        };
        // Time out or not, what counts is what is known then.
        let _ = tokio::time::timeout(patience, states.wait_for(is_known)).await;
        match self.shared.state(Source::Connections) {
            State::Seen => Ok(()),
            State::Unknown | State::Not(_) => Err(self.failed()),
        }
    }

    fn failed(&self) -> Error {
        let late = || {
            let what = "the API did not list them in time";
            kube::Error::Api(Box::new(Status::failure(what, "Timeout").with_code(504)))
        };
        let mut error = self
            .shared
            .error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Error::of_kubernetes(self.step())(error.take().unwrap_or_else(late))
    }

    fn touch(&self) {
        *self
            .last_used
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn idle(&self) -> Duration {
        let last_used = self
            .last_used
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last_used.elapsed()
    }
}

impl Shared {
    pub(super) fn write(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn read<T>(&self, ask: impl FnOnce(&Index) -> T) -> T {
        ask(&self.index())
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self, source: Source) -> State {
        let states = self.states.borrow();
        let state = states.iter().find(|(other, _)| *other == source);
        state.map_or(State::Unknown, |(_, state)| *state)
    }

    fn set(&self, source: Source, state: State) {
        self.states.send_modify(|states| {
            let same = states
                .iter_mut()
                .find(|(other, _)| other.title() == source.title());
            same.into_iter().for_each(|entry| entry.1 = state);
        });
    }

    pub(super) fn mark_seen(&self, source: Source) {
        self.set(source, State::Seen);
    }

    /// Forgets everything of a source that cannot be looked at.
    pub(super) fn forget(&self, source: Source, why: Why) {
        let none = Default::default();
        match source {
            Source::Connections => self.write(|index| index.keep_rows(&Default::default())),
            Source::Users(kind, _) => self.write(|index| index.keep_objects(kind.title(), &none)),
        }
        self.set(source, State::Not(why));
    }

    pub(super) fn keep_error(&self, source: Source, error: kube::Error) {
        if source == Source::Connections {
            *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }
}
