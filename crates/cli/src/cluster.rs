//! The cluster behind a kubeconfig, and the few things that commands read from it. Turning a
//! refusal into something a person can act on is left to `refusal`.

mod refusal;

use bowline_catalog::kinds::{KINDS, Kind as KindOfUser};
pub use bowline_catalog::view::Scope;
use bowline_catalog::view::{NotLooked, Why, secret_selectors};
use bowline_core::{Connection, Recognition, Secret, WorkloadKind};
use k8s_openapi::api::core::v1;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, ObjectMeta};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ObjectList, PartialObjectMeta, TypeMeta};
use kube::{Client, Config};
use serde_json::Value;
use std::time::Duration;

use crate::args;
use crate::failure::{Failure, Kind};
use crate::suggest::nearest;

/// Objects per answer; small enough to hold, large enough to be quick.
const PAGE: u32 = 500;
/// Long enough for a cluster across an ocean, short enough to notice a wrong address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A cluster to read from.
pub struct Cluster {
    client: Client,
    /// The namespace of the context.
    namespace: String,
    /// Where it is, without a login.
    address: String,
}

/// Where the cluster is, and as whom to talk to it.
///
/// # Errors
/// As [`Cluster::new`].
pub async fn config(flags: &args::Cluster) -> Result<Config, Failure> {
    let is_set = |key| std::env::var_os(key).is_some_and(|value| !value.is_empty());
    let is_chosen = flags.kubeconfig.is_some() || flags.context.is_some() || is_set("KUBECONFIG");
    if !is_chosen && is_set("KUBERNETES_SERVICE_HOST") {
        return Config::incluster().map_err(|error| {
            Failure::new(
                Kind::Unavailable,
                "the cluster around this pod is not known",
            )
            .caused_by(&error)
            .help("mount the ServiceAccount's token, or name a file with `--kubeconfig`")
        });
    }
    let kubeconfig = match &flags.kubeconfig {
        Some(file) => Kubeconfig::read_from(file),
        None => Kubeconfig::read(),
    }
    .map_err(|error| refusal::of_kubeconfig(&error, &[], flags.kubeconfig.is_some()))?;
    let contexts: Vec<String> = kubeconfig.contexts.iter().map(|c| c.name.clone()).collect();
    let options = KubeConfigOptions {
        context: flags.context.clone(),
        ..Default::default()
    };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    config.map_err(|error| refusal::of_kubeconfig(&error, &contexts, flags.kubeconfig.is_some()))
}

impl Cluster {
    /// The cluster that the flags, `$KUBECONFIG` or the default file name, or else the one that this
    /// process runs in; does not connect yet.
    ///
    /// # Errors
    /// When there is no kubeconfig, or it does not describe a cluster.
    pub async fn new(flags: &args::Cluster) -> Result<Self, Failure> {
        let mut config = config(flags).await?;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.read_timeout = Some(READ_TIMEOUT);
        let url = &config.cluster_url;
        let host = url
            .authority()
            .map(|a| a.as_str().rsplit('@').next().unwrap_or_default());
        let address = format!(
            "{}://{}",
            url.scheme_str().unwrap_or("https"),
            host.unwrap_or_default()
        );
        let namespace = config.default_namespace.clone();
        let client =
            Client::try_from(config).map_err(|error| refusal::of(&address, "a client", &error))?;
        Ok(Self {
            client,
            namespace,
            address,
        })
    }

    /// The scope that the flags mean in this cluster.
    pub fn scope(&self, flags: &args::Scope) -> Scope {
        match (flags.all_namespaces, &flags.namespace) {
            (true, _) => Scope::All,
            (false, Some(namespace)) => Scope::Namespace(namespace.clone()),
            (false, None) => Scope::Namespace(self.namespace.clone()),
        }
    }

    /// The namespace that a flag or else the context names.
    pub fn namespace<'a>(&'a self, flag: Option<&'a str>) -> &'a str {
        flag.unwrap_or(&self.namespace)
    }

    /// A client of it, for what the catalog does.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// What an error of the catalog means to people.
    pub fn failed(&self, error: bowline_catalog::Error) -> Failure {
        refusal::of_catalog(&self.address, error)
    }

    /// Hands every Secret that could be a connection to `each`, one page at a time, so that the
    /// values of a whole cluster are never held at once.
    ///
    /// # Errors
    /// When the API does not answer, or refuses.
    pub async fn each_secret(
        &self,
        scope: &Scope,
        mut each: impl FnMut(Secret),
    ) -> Result<(), Failure> {
        let resource = ApiResource::erase::<v1::Secret>(&());
        let api: Api<DynamicObject> = match scope {
            Scope::Namespace(name) => Api::namespaced_with(self.client.clone(), name, &resource),
            Scope::All => Api::all_with(self.client.clone(), &resource),
        };
        let mut next = Some(first_page());
        while let Some(params) = next {
            let page = api
                .list(&params)
                .await
                .map_err(|error| self.list_refused(scope, &error))?;
            next = following(&params, &page);
            for object in page.items {
                each(read(&object)?);
            }
        }
        Ok(())
    }

    /// Hands every workload to `each`, one page at a time. Kinds that the cluster does not know have
    /// no objects; those that the caller may not list are told.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn each_workload(
        &self,
        scope: &Scope,
        mut each: impl FnMut(Value),
    ) -> Result<Vec<NotLooked>, Failure> {
        let mut not_looked_at = Vec::new();
        for kind in KINDS.iter().filter(|kind| is_workload(kind)) {
            // One version is enough: all objects of a kind are served in each of its versions.
            for version in kind.versions {
                match self.each_of(scope, kind, version, &mut each).await {
                    Ok(()) => break,
                    Err(kube::Error::Api(status)) if status.code == 404 => {}
                    Err(kube::Error::Api(status)) if status.code == 403 => {
                        not_looked_at.push(NotLooked {
                            kind: kind.name,
                            why: Why::NotAllowed,
                        });
                        break;
                    }
                    Err(error) => {
                        let what = format!("objects of kind `{}` {scope}", kind.name);
                        return Err(refusal::of(&self.address, &what, &error));
                    }
                }
            }
        }
        Ok(not_looked_at)
    }

    async fn each_of(
        &self,
        scope: &Scope,
        kind: &KindOfUser,
        version: &str,
        each: &mut impl FnMut(Value),
    ) -> Result<(), kube::Error> {
        let resource = kind.resource(version);
        let api: Api<DynamicObject> = match scope {
            Scope::Namespace(name) => Api::namespaced_with(self.client.clone(), name, &resource),
            Scope::All => Api::all_with(self.client.clone(), &resource),
        };
        let mut next = Some(ListParams::default().limit(PAGE));
        while let Some(params) = next {
            let page = api.list(&params).await?;
            next = following(&params, &page);
            for mut object in page.items {
                // Items of a list do not say what they are.
                object.types = Some(TypeMeta {
                    api_version: resource.api_version.clone(),
                    kind: resource.kind.clone(),
                });
                each(serde_json::to_value(object).map_err(kube::Error::SerdeError)?);
            }
        }
        Ok(())
    }

    /// Nothing found says nothing about a namespace that is misspelt.
    ///
    /// # Errors
    /// When there is no such namespace, as far as the caller may know.
    pub async fn must_exist(&self, scope: &Scope) -> Result<(), Failure> {
        match scope.namespace() {
            Some(name) => self.no_namespace(name).await.map_or(Ok(()), Err),
            None => Ok(()),
        }
    }

    /// That there is no such namespace, and which one may have been meant; `None` where there is
    /// one, or the caller may not know.
    pub async fn no_namespace(&self, name: &str) -> Option<Failure> {
        let api: Api<v1::Namespace> = Api::all(self.client.clone());
        let found = api.get_metadata_opt(name).await;
        if !matches!(found, Ok(None)) {
            return None;
        }
        let failure = Failure::new(Kind::NotFound, format!("there is no namespace `{name}`"));
        // A suggestion is a favour; whoever may not list is told the rest.
        let known = api.list_metadata(&ListParams::default()).await;
        let known = known.map(|list| list.items).unwrap_or_default();
        let known = known
            .iter()
            .filter_map(|item| item.metadata.name.as_deref());
        Some(match nearest(name, known) {
            Some(other) => failure.help(format!("did you mean `{other}`?")),
            None => failure.help("`kubectl get namespaces` shows those that there are"),
        })
    }

    /// Hands every Secret that could be a connection to `each`, without its values or type.
    ///
    /// # Errors
    /// When the API does not answer, or refuses.
    pub async fn each_metadata(
        &self,
        scope: &Scope,
        mut each: impl FnMut(Secret),
    ) -> Result<(), Failure> {
        let api: Api<v1::Secret> = match scope {
            Scope::Namespace(name) => Api::namespaced(self.client.clone(), name),
            Scope::All => Api::all(self.client.clone()),
        };
        let mut next = Some(first_page());
        while let Some(params) = next {
            let page = api
                .list_metadata(&params)
                .await
                .map_err(|error| self.list_refused(scope, &error))?;
            next = following(&params, &page);
            let metadata = page
                .items
                .into_iter()
                .map(|item: PartialObjectMeta<_>| item.metadata);
            metadata.for_each(|metadata| each(without_values(metadata)));
        }
        Ok(())
    }

    /// The namespaces that have a connection of the name, as far as the caller may know.
    pub async fn namespaces_with(&self, name: &str) -> Vec<String> {
        let mut params = first_page();
        let fields = params.field_selector.get_or_insert_default();
        fields.push_str(&format!(",metadata.name={name}"));
        let api: Api<v1::Secret> = Api::all(self.client.clone());
        let listed = api.list_metadata(&params).await;
        let secrets = listed.map(|page| page.items).unwrap_or_default();
        let secrets = secrets
            .into_iter()
            .map(|item| without_values(item.metadata));
        let connections = secrets.filter_map(|secret| match Connection::from_secret(secret) {
            Recognition::Connection(connection) => Some(connection.secret.namespace),
            _ => None,
        });
        connections.collect()
    }

    /// One Secret; `None` when it does not exist.
    ///
    /// # Errors
    /// When the API does not answer, or refuses.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, Failure> {
        let resource = ApiResource::erase::<v1::Secret>(&());
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), namespace, &resource);
        let step = format!("Secret `{name}` in namespace `{namespace}`");
        let found = api.get_opt(name).await;
        let found = found.map_err(|error| refusal::of(&self.address, &step, &error))?;
        found.as_ref().map(read).transpose()
    }

    fn list_refused(&self, scope: &Scope, error: &kube::Error) -> Failure {
        let what = match scope {
            Scope::Namespace(name) => format!("Secrets in namespace `{name}`"),
            Scope::All => "Secrets in all namespaces".to_owned(),
        };
        refusal::of(&self.address, &what, error)
    }
}

fn is_workload(kind: &KindOfUser) -> bool {
    let is_known = |version: &&str| WorkloadKind::of(kind.group, version, kind.name).is_some();
    kind.versions.iter().any(is_known)
}

fn first_page() -> ListParams {
    let (labels, fields) = secret_selectors();
    ListParams::default()
        .limit(PAGE)
        .labels(&labels)
        .fields(&fields)
}

fn following<T: Clone>(params: &ListParams, page: &ObjectList<T>) -> Option<ListParams> {
    let token = page
        .metadata
        .continue_
        .as_deref()
        .filter(|token| !token.is_empty())?;
    Some(params.clone().continue_token(token))
}

fn read(object: &DynamicObject) -> Result<Secret, Failure> {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let unreadable = || Failure::new(Kind::Internal, format!("Secret `{name}` cannot be read"));
    // The error of the conversion could quote a value; the error of core never does.
    let value = serde_json::to_value(object).map_err(|_| unreadable())?;
    Secret::from_value(&value).map_err(|error| unreadable().caused_by(&error))
}

fn without_values(metadata: ObjectMeta) -> Secret {
    Secret {
        namespace: metadata.namespace.unwrap_or_default(),
        name: metadata.name.unwrap_or_default(),
        type_: bowline_core::secret::OPAQUE.to_owned(),
        labels: metadata.labels.unwrap_or_default(),
        annotations: metadata.annotations.unwrap_or_default(),
        mistyped: Vec::new(),
        data: Default::default(),
    }
}

#[cfg(test)]
mod tests;
