//! One kind of object to list or watch in a scope: its resource, selectors, and what the answers of
//! the API say about it.

use bowline_core::names;
use bowline_core::secret::PLATFORM_TYPES;
use k8s_openapi::api::authorization::v1::ResourceAttributes;
use kube::api::{Api, ApiResource, ListParams};
use kube::core::GroupVersionKind;
use serde::de::DeserializeOwned;

use super::{Scope, Why};
use crate::arrived::{Arrived, Keep};
use crate::kinds::{KINDS, Kind};
use crate::rights::may;

/// Objects in one answer; small enough to hold, large enough to be quick.
pub(super) const PAGE: u32 = 250;
/// Label and field selectors of Secrets that may be connections: neither what the platform makes for
/// itself, nor what is made of connections.
pub fn secret_selectors() -> (String, String) {
    let (label, value) = names::MANAGED_BY;
    let types = PLATFORM_TYPES.map(|type_| format!("type!={type_}"));
    (format!("{label}!={value}"), types.join(","))
}

/// What is listed or watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Secrets, for rows.
    Connections,
    /// A kind that can use connections, in one of its versions.
    Users(&'static Kind, &'static str),
}

impl Source {
    /// The first version of each.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Connections).chain(Self::users())
    }

    /// The kinds that can use connections, each in its first version.
    pub(super) fn users() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|kind| Self::Users(kind, kind.versions[0]))
    }

    /// The same source in each version that it may be served in.
    pub(super) fn versions(self) -> Vec<Self> {
        match self {
            Self::Connections => vec![self],
            Self::Users(kind, _) => {
                let versions = kind.versions.iter();
                versions.map(|version| Self::Users(kind, version)).collect()
            }
        }
    }

    /// What people call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Connections => "Secret",
            Self::Users(kind, _) => kind.title(),
        }
    }

    fn resource(self) -> ApiResource {
        match self {
            Self::Connections => {
                let kind = GroupVersionKind::gvk("", "v1", "Secret");
                ApiResource::from_gvk_with_plural(&kind, "secrets")
            }
            Self::Users(kind, version) => kind.resource(version),
        }
    }

    /// Label and field selectors.
    pub(super) fn selectors(self) -> (Option<String>, Option<String>) {
        match self {
            Self::Connections => {
                let (labels, fields) = secret_selectors();
                (Some(labels), Some(fields))
            }
            Self::Users(kind, _) => (kind.label_selector(), kind.field_selector()),
        }
    }

    pub(super) fn first_page(self) -> ListParams {
        let (label_selector, field_selector) = self.selectors();
        ListParams {
            label_selector,
            field_selector,
            ..ListParams::default().limit(PAGE)
        }
    }

    pub(super) fn api<T>(self, client: &kube::Client, scope: &Scope) -> Api<Arrived<T>>
    where
        T: Keep,
        Arrived<T>: DeserializeOwned,
    {
        let (client, resource) = (client.clone(), self.resource());
        match scope {
            Scope::Namespace(name) => Api::namespaced_with(client, name, &resource),
            Scope::All => Api::all_with(client, &resource),
        }
    }

    /// Asks whether the caller may list it.
    pub(super) async fn may_list(
        self,
        client: &kube::Client,
        scope: &Scope,
    ) -> Result<bool, kube::Error> {
        let resource = self.resource();
        let right = ResourceAttributes {
            verb: Some("list".to_owned()),
            group: Some(resource.group),
            version: Some(resource.version),
            resource: Some(resource.plural),
            namespace: scope.namespace().map(str::to_owned),
            ..ResourceAttributes::default()
        };
        may(client, right).await
    }
}

impl Source {
    /// Whether the cluster serves the kind in any version. Rights are asked for before kinds are
    /// looked up, so that whoever may not list a kind is not told that there is none.
    async fn is_served(self, client: &kube::Client) -> bool {
        let Self::Users(kind, _) = self else {
            return true;
        };
        for version in kind.versions {
            let version = kind.api_version(version);
            let listed = match kind.group {
                "" => client.list_core_api_resources(&version).await,
                _ => client.list_api_group_resources(&version).await,
            };
            match listed {
                Ok(list) if list.resources.iter().any(|one| one.name == kind.plural) => {
                    return true;
                }
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                // Whoever cannot find out has to think that there are some.
                Err(_) => return true,
            }
        }
        false
    }

    /// What is said of a source that is not looked at for this reason.
    pub(super) async fn reason(self, client: &kube::Client, why: Why) -> Why {
        match why {
            Why::NotAllowed if !self.is_served(client).await => Why::NotInstalled,
            why => why,
        }
    }
}

/// Why an answer means that a kind is not looked at; `None` when it only failed.
pub(super) fn why(error: &kube::Error) -> Option<Why> {
    match error {
        kube::Error::Api(status) if status.code == 404 => Some(Why::NotInstalled),
        kube::Error::Api(status) if [401, 403].contains(&status.code) => Some(Why::NotAllowed),
        _ => None,
    }
}
