//! Keeps the inventory true by watching metadata, never specifications or values, and asks for
//! what has changed to be reconciled. Kinds that are not installed are waited for.

mod stores;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bowline_core::ca_bundle;
use bowline_core::names::MANAGED_BY;
use bowline_core::plan::Account;
use bowline_core::storage_config::Mode;
use futures::{Stream, StreamExt as _};
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::{GroupVersionKind, ObjectMeta, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Config, Event, watcher};
use tokio_util::sync::CancellationToken;

use super::Key;
use super::copies::{Profiles, Told};
use super::inventory::{Inventory, SECRET, place, reference};
use super::kinds::{KINDS, Kind};
use super::queue::{Priority, Queue};

/// Objects in one page of a list. Metadata can be large where `kubectl apply` keeps a copy of the
/// object in it, and pages are what the memory at the start depends on.
pub(super) const PAGE: u32 = 50;
/// How often it is looked whether a kind has been installed.
const NOT_INSTALLED_PAUSE: Duration = Duration::from_secs(5);
/// How often everything is looked at again, changed or not.
const REFRESH: Duration = Duration::from_secs(600);

/// All watches of one replica.
pub struct Watches {
    client: kube::Client,
    inventory: Arc<Inventory>,
    queue: Arc<Queue<Key>>,
    kept: Option<Mode>,
    /// What is known of copies, and the namespace of their store, where they are kept.
    copies: Option<(Arc<Profiles>, String)>,
    /// Watches that have not yet told everything once.
    unsynced: AtomicUsize,
}

type Meta = PartialObjectMeta<DynamicObject>;

impl Watches {
    /// Watches with the rights of `client`. Of what is not kept anyway, as `kept` and the absence of
    /// controllers say, there is no watch.
    pub fn new(
        client: kube::Client,
        inventory: Arc<Inventory>,
        queue: Arc<Queue<Key>>,
        kept: Option<Mode>,
        copies: Option<(Arc<Profiles>, String)>,
    ) -> Self {
        let of_copies = if copies.is_some() { 2 } else { 0 };
        let unsynced = AtomicUsize::new(KINDS.len() + 1 + of_copies);
        Self {
            client,
            inventory,
            queue,
            kept,
            copies,
            unsynced,
        }
    }

    /// Whether the inventory is complete: each kind was listed once, or is not installed.
    pub fn is_synced(&self) -> bool {
        self.unsynced.load(Ordering::Relaxed) == 0
    }

    /// Watches until `stopping`.
    pub async fn run(self: Arc<Self>, stopping: CancellationToken) {
        let mut tasks = tokio::task::JoinSet::new();
        for kind in &KINDS {
            let this = Arc::clone(&self);
            tasks.spawn(async move { this.watch_kind(kind).await });
        }
        let this = Arc::clone(&self);
        tasks.spawn(async move { this.watch_secrets().await });
        if self.kept.is_some() {
            let this = Arc::clone(&self);
            tasks.spawn(async move { this.watch_accounts().await });
        }
        if self.kept.is_some_and(|mode| mode != Mode::Off) {
            for name in super::ca_bundle::WATCHED {
                let this = Arc::clone(&self);
                tasks.spawn(async move { this.watch_config_map(name).await });
            }
        }
        if let Some((profiles, namespace)) = self.copies.clone() {
            let (this, known) = (Arc::clone(&self), Arc::clone(&profiles));
            tasks.spawn(async move { this.watch_stores(known, namespace).await });
            let this = Arc::clone(&self);
            tasks.spawn(async move { this.watch_namespaces(profiles).await });
        }
        let this = Arc::clone(&self);
        tasks.spawn(async move { this.refresh().await });
        stopping.cancelled().await;
        tasks.shutdown().await;
    }

    async fn watch_kind(&self, kind: &'static Kind) {
        let mut is_synced = false;
        let mut is_told = false;
        loop {
            for version in kind.versions {
                self.follow_kind(kind, version, &mut is_synced).await;
            }
            if !is_told {
                let (group, plural) = (kind.group, kind.plural);
                tracing::info!(
                    group,
                    plural,
                    "kind is not installed; it is picked up once it is"
                );
                is_told = true;
            }
            let gone = self.inventory.keep_workloads(kind.name, &BTreeSet::new());
            self.ask(gone, Priority::Urgent);
            self.mark_synced(kind.name, &mut is_synced);
            tokio::time::sleep(NOT_INSTALLED_PAUSE).await;
        }
    }

    /// Takes in what a watch tells, until the API server says that there is no such kind.
    async fn follow_kind(&self, kind: &'static Kind, version: &'static str, is_synced: &mut bool) {
        let put = |meta: &ObjectMeta| self.inventory.put_workload(kind, version, meta);
        let mut stream = pin!(self.stream(&kind.resource(version), Config::default()));
        let mut listed = BTreeSet::new();
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::Init) => listed.clear(),
                Ok(Event::InitApply(object)) => {
                    listed.extend(reference(kind.name, &object.metadata));
                    let keys = put(&object.metadata);
                    self.ask(keys, Priority::Refresh);
                }
                Ok(Event::InitDone) => {
                    let gone = self.inventory.keep_workloads(kind.name, &listed);
                    self.ask(gone, Priority::Urgent);
                    listed.clear();
                    self.mark_synced(kind.name, is_synced);
                }
                Ok(Event::Apply(object)) => {
                    let keys = put(&object.metadata);
                    self.ask(keys, Priority::Urgent);
                }
                Ok(Event::Delete(object)) => {
                    let keys = self.inventory.remove_workload(kind.name, &object.metadata);
                    self.ask(keys, Priority::Urgent);
                }
                Err(error) if is_not_found(&error) => return,
                Err(error) => complain(kind.plural, &error),
            }
        }
    }

    async fn watch_secrets(&self) {
        let resource = core(SECRET, "secrets");
        let mut stream = pin!(self.stream(&resource, Config::default()));
        let mut listed = BTreeSet::new();
        let mut is_synced = false;
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::Init) => listed.clear(),
                Ok(Event::InitApply(object)) => {
                    self.ask(self.put_secret(&object.metadata), Priority::Refresh);
                    listed.extend(place(&object.metadata));
                }
                Ok(Event::InitDone) => {
                    self.ask(self.inventory.keep_secrets(&listed), Priority::Urgent);
                    if let Some((profiles, _)) = &self.copies {
                        self.ask(profiles.keep_secrets(&listed), Priority::Urgent);
                        self.ask(profiles.mark(Told::Secrets), Priority::Refresh);
                    }
                    self.ask_all(|key| matches!(key, Key::Storage(_)));
                    listed = BTreeSet::new();
                    self.mark_synced(SECRET, &mut is_synced);
                }
                Ok(Event::Apply(object)) => {
                    self.ask(self.put_secret(&object.metadata), Priority::Urgent);
                }
                Ok(Event::Delete(object)) => {
                    let keys = self.inventory.remove_secret(&object.metadata);
                    self.ask(keys, Priority::Urgent);
                    if let Some((profiles, _)) = &self.copies {
                        self.ask(profiles.remove_secret(&object.metadata), Priority::Urgent);
                    }
                }
                Err(error) => complain("secrets", &error),
            }
        }
    }

    fn put_secret(&self, meta: &ObjectMeta) -> Vec<Key> {
        let mut keys = self.inventory.put_secret(meta);
        if let Some((profiles, _)) = &self.copies {
            keys.extend(profiles.put_secret(meta));
        }
        keys
    }

    /// ServiceAccounts of ours that are changed, or were left behind, are looked at.
    async fn watch_accounts(&self) {
        let (key, value) = MANAGED_BY;
        let config = Config::default().labels(&format!("{key}={value}"));
        let resource = core("ServiceAccount", "serviceaccounts");
        let keys = |meta: &ObjectMeta| account(meta).into_iter().collect();
        let is_account = |key: &Key| matches!(key, Key::Account(..));
        self.follow("serviceaccounts", resource, config, keys, is_account)
            .await;
    }

    /// Sources of a bundle make the bundle anew; the bundle itself is named by entries, too.
    async fn watch_config_map(&self, name: &'static str) {
        let config = Config::default().fields(&format!("metadata.name={name}"));
        let resource = core("ConfigMap", "configmaps");
        let keys = |meta: &ObjectMeta| {
            let namespace = meta.namespace.clone().unwrap_or_default();
            let entries = (name == ca_bundle::NAME).then(|| Key::Storage(namespace.clone()));
            [Key::Bundle(namespace)]
                .into_iter()
                .chain(entries)
                .collect()
        };
        let is_bundle = |key: &Key| matches!(key, Key::Bundle(_));
        self.follow("configmaps", resource, config, keys, is_bundle)
            .await;
    }

    /// Asks for what each object's metadata stands for, whatever happened to it; and after a list,
    /// which does not tell what is gone, for `all` of that sort that should be there.
    async fn follow(
        &self,
        plural: &'static str,
        resource: ApiResource,
        config: Config,
        keys: impl Fn(&ObjectMeta) -> Vec<Key> + Send,
        all: impl Fn(&Key) -> bool + Send,
    ) {
        let mut stream = pin!(self.stream(&resource, config));
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::Init) => {}
                Ok(Event::InitDone) => self.ask_all(&all),
                Ok(Event::InitApply(object)) => {
                    self.ask(keys(&object.metadata), Priority::Refresh);
                }
                Ok(Event::Apply(object) | Event::Delete(object)) => {
                    self.ask(keys(&object.metadata), Priority::Urgent);
                }
                Err(error) => complain(plural, &error),
            }
        }
    }

    async fn refresh(&self) {
        loop {
            tokio::time::sleep(REFRESH).await;
            self.ask(self.inventory.keys(), Priority::Refresh);
            if let Some((profiles, _)) = &self.copies {
                self.ask(profiles.keys(), Priority::Refresh);
            }
        }
    }

    fn stream(
        &self,
        resource: &ApiResource,
        config: Config,
    ) -> impl Stream<Item = watcher::Result<Event<Meta>>> + Send + use<> {
        let api: Api<Meta> = Api::all_with(self.client.clone(), resource);
        watcher(api, config.page_size(PAGE)).default_backoff()
    }

    fn ask(&self, keys: impl IntoIterator<Item = Key>, priority: Priority) {
        keys.into_iter()
            .for_each(|key| self.queue.add(key, priority));
    }

    fn ask_all(&self, is_wanted: impl Fn(&Key) -> bool) {
        let keys = self.inventory.keys().into_iter();
        self.ask(keys.filter(is_wanted), Priority::Refresh);
    }

    fn mark_synced(&self, kind: &'static str, is_synced: &mut bool) {
        if !*is_synced {
            self.inventory.mark_listed(kind);
            self.count_synced(is_synced);
        }
    }

    fn count_synced(&self, is_synced: &mut bool) {
        if !std::mem::replace(is_synced, true) {
            self.unsynced.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Which account an object's metadata stands for, if it is named as ours are.
fn account(meta: &ObjectMeta) -> Option<Key> {
    let (namespace, name) = place(meta)?;
    let secret = name.strip_suffix("-sa")?.to_owned();
    Some(Key::Account(namespace, Account { name, secret }))
}

fn core(kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", "v1", kind), plural)
}

fn is_not_found(error: &watcher::Error) -> bool {
    let code = match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code,
        _ => 0,
    };
    code == 404
}

/// The watcher goes on by itself, after a pause; what it says holds no values, since metadata is
/// all that it asked for.
fn complain(plural: &str, error: &watcher::Error) {
    tracing::warn!(plural, %error, "watch was cut; trying again");
}
