//! What copies depend on beside Secrets: stores, whole, since their documents are what is read; and the
//! metadata of namespaces.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use bowline_pipelines::copies::{STORE, STORE_KEY, Sources};
use bowline_pipelines::{InputFile, store_document};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::Api;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, Event, watcher};

use super::{PAGE, Watches, complain, core};
use crate::controllers::copies::{Profiles, Told};
use crate::controllers::queue::Priority;

impl Watches {
    /// Follows the ConfigMaps of one namespace that say that they are stores; all others are nobody's
    /// word.
    pub(super) async fn watch_stores(&self, profiles: Arc<Profiles>, namespace: String) {
        let (label, value) = STORE;
        let config = Config::default().labels(&format!("{label}={value}"));
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &namespace);
        let mut stream = pin!(watcher(api, config.page_size(PAGE)).default_backoff());
        let mut listed = BTreeSet::new();
        let mut is_synced = false;
        let put = |map: &ConfigMap| {
            let name = map.metadata.name.as_deref().unwrap_or_default();
            profiles.put_store(name, store(map))
        };
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::Init) => listed.clear(),
                Ok(Event::InitApply(map)) => {
                    self.ask(put(&map), Priority::Urgent);
                    listed.extend(map.metadata.name);
                }
                Ok(Event::InitDone) => {
                    let gone = profiles.keep_stores(|name| listed.contains(name));
                    self.ask(gone, Priority::Urgent);
                    self.mark_told(&profiles, Told::Stores, &mut is_synced);
                }
                Ok(Event::Apply(map)) => self.ask(put(&map), Priority::Urgent),
                Ok(Event::Delete(map)) => {
                    let gone = map.metadata.name.unwrap_or_default();
                    self.ask(profiles.keep_stores(|name| name != gone), Priority::Urgent);
                }
                Err(error) => complain("configmaps", &error),
            }
        }
    }

    /// Follows how namespaces stand.
    pub(super) async fn watch_namespaces(&self, profiles: Arc<Profiles>) {
        let resource = core("Namespace", "namespaces");
        let mut stream = pin!(self.stream(&resource, Config::default()));
        let mut listed = BTreeSet::new();
        let mut is_synced = false;
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::Init) => listed.clear(),
                Ok(Event::InitApply(object)) => {
                    let keys = profiles.put_namespace(&object.metadata);
                    self.ask(keys, Priority::Urgent);
                    listed.extend(object.metadata.name);
                }
                Ok(Event::InitDone) => {
                    self.ask(profiles.keep_namespaces(&listed), Priority::Urgent);
                    self.mark_told(&profiles, Told::Namespaces, &mut is_synced);
                }
                Ok(Event::Apply(object)) => {
                    let keys = profiles.put_namespace(&object.metadata);
                    self.ask(keys, Priority::Urgent);
                }
                Ok(Event::Delete(object)) => {
                    let name = object.metadata.name.unwrap_or_default();
                    self.ask(profiles.remove_namespace(&name), Priority::Urgent);
                }
                Err(error) => complain("namespaces", &error),
            }
        }
    }

    /// What is known once all has been told is looked at for the first time.
    pub(super) fn mark_told(&self, profiles: &Profiles, told: Told, is_synced: &mut bool) {
        self.ask(profiles.mark(told), Priority::Refresh);
        self.count_synced(is_synced);
    }
}

/// What a ConfigMap says, or the first thing that is wrong with it.
fn store(map: &ConfigMap) -> Result<Sources, String> {
    let text = map.data.as_ref().and_then(|data| data.get(STORE_KEY));
    let Some(text) = text else {
        return Err(format!(
            "there is no key `{STORE_KEY}`; put the document under it"
        ));
    };
    let file = InputFile {
        name: STORE_KEY,
        text,
    };
    store_document::sources(file).map_err(|refusals| {
        let first = refusals.first();
        first.map_or_else(String::new, |found| {
            let place = found.place.as_ref().map(|place| format!("{place}: "));
            let (message, help) = (&found.finding.message, &found.finding.help);
            format!("{}{message}; {help}", place.unwrap_or_default())
        })
    })
}
