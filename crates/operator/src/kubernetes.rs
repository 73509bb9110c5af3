//! A [`Cluster`] behind a Kubernetes API: a real API server or the embedded one, by [`kube::Client`].

mod writes;

use bowline_core::names::MANAGED_BY;
use bowline_core::plan::Account;
use bowline_core::{Secret, result};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use k8s_openapi::api::core::v1::{self, ObjectReference, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource as _;
use kube::api::{Api, ApiResource, DynamicObject, GetParams, Patch, PatchParams, PostParams};
use kube::core::{GroupVersionKind, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::instrument;

use crate::cluster::{Cluster, ClusterError, Sighting, User};
use crate::controllers::term::Over;

pub(crate) use writes::{delete, is_written, unless_conflict};

/// How often a ServiceAccount that others change at the same time is tried again.
const ATTEMPTS: usize = 5;

/// The cluster behind a client.
#[derive(Clone)]
pub struct Kubernetes {
    client: kube::Client,
}

impl Kubernetes {
    /// A cluster reached with the rights of `client`.
    pub const fn new(client: kube::Client) -> Self {
        Self { client }
    }

    async fn try_ensure_account(
        &self,
        namespace: &str,
        account: &Account,
    ) -> Result<bool, kube::Error> {
        let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), namespace);
        let Some(found) = api.get_opt(&account.name).await? else {
            return is_written(api.create(&PostParams::default(), &linked(account)).await);
        };
        let links = found.secrets.as_deref().unwrap_or_default();
        if links
            .iter()
            .any(|link| link.name.as_deref() == Some(&account.secret))
        {
            return Ok(true);
        }
        let mut secrets: Vec<_> = links.iter().map(|link| json!(link)).collect();
        secrets.push(json!({"name": account.secret}));
        // The version makes a change that somebody else made in between a conflict.
        let version = found.metadata.resource_version;
        let patch = json!({"metadata": {"resourceVersion": version}, "secrets": secrets});
        let params = PatchParams::default();
        is_written(
            api.patch(&account.name, &params, &Patch::Merge(patch))
                .await,
        )
    }
}

impl Kubernetes {
    async fn may(&self, user: &User, right: ResourceAttributes) -> Result<bool, ClusterError> {
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(user.name.clone()),
                uid: user.uid.clone(),
                groups: Some(user.groups.clone()),
                extra: Some(user.extra.clone()),
                resource_attributes: Some(right),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let answer = self.ask(&review).await.map_err(describe)?;
        Ok(answer
            .status
            .is_some_and(|status| status.allowed && status.denied != Some(true)))
    }

    async fn ask(&self, review: &SubjectAccessReview) -> Result<Reviewed, kube::Error> {
        let body = serde_json::to_vec(review).map_err(kube::Error::SerdeError)?;
        let reviews = Request::new(SubjectAccessReview::url_path(&(), None));
        let request = reviews.create(&PostParams::default(), body);
        let request = request.map_err(kube::Error::BuildRequest)?;
        self.client.request(request).await
    }

    /// A Secret as JSON. Its text is asked for, since `kube` would log one that it cannot parse.
    async fn read(&self, namespace: &str, name: &str) -> Result<Option<Value>, ClusterError> {
        let secrets = Request::new(v1::Secret::url_path(&(), Some(namespace)));
        let request = secrets.get(name, &GetParams::default());
        let request = request.map_err(|error| describe(kube::Error::BuildRequest(error)))?;
        let text = match self.client.request_text(request).await {
            Ok(text) => text,
            Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(None),
            Err(error) => return Err(describe(error)),
        };
        let value = serde_json::from_str(&text)
            .map_err(|_| ClusterError::Api("a Secret could not be read as JSON".to_owned()))?;
        Ok(Some(value))
    }
}

/// What of an answered access review is read.
#[derive(Deserialize)]
struct Reviewed {
    status: Option<SubjectAccessReviewStatus>,
}

impl Cluster for Kubernetes {
    #[instrument(
        level = "debug",
        name = "read_secret",
        skip_all,
        fields(namespace = namespace, name = name)
    )]
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, ClusterError> {
        let Some(value) = self.read(namespace, name).await? else {
            return Ok(None);
        };
        Ok(Some(Secret::from_value(&value)?))
    }

    #[instrument(
        level = "debug",
        name = "read_secret",
        skip_all,
        fields(namespace = namespace, name = name)
    )]
    async fn sight(&self, namespace: &str, name: &str) -> Result<Option<Sighting>, ClusterError> {
        let Some(value) = self.read(namespace, name).await? else {
            return Ok(None);
        };
        let version = value["metadata"]["resourceVersion"].as_str();
        let secret = Secret::from_value(&value)?;
        Ok(Some(Sighting::of(&secret, version.unwrap_or_default())))
    }

    #[instrument(
        level = "debug",
        name = "access_review",
        skip_all,
        fields(namespace = namespace, name = name)
    )]
    async fn may_get_secret(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
    ) -> Result<bool, ClusterError> {
        let right = ResourceAttributes {
            verb: Some("get".to_owned()),
            version: Some("v1".to_owned()),
            resource: Some("secrets".to_owned()),
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
            ..ResourceAttributes::default()
        };
        self.may(user, right).await
    }

    #[instrument(
        level = "debug",
        name = "access_review",
        skip_all,
        fields(namespace = namespace, name = name)
    )]
    async fn may_record(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
    ) -> Result<bool, ClusterError> {
        let right = ResourceAttributes {
            verb: Some(result::RECORD.to_owned()),
            group: Some(result::GROUP.to_owned()),
            resource: Some(result::RESOURCE.to_owned()),
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
            ..ResourceAttributes::default()
        };
        self.may(user, right).await
    }

    #[instrument(
        level = "debug",
        name = "link_account",
        skip_all,
        fields(namespace = namespace, name = account.name)
    )]
    async fn ensure_account(&self, namespace: &str, account: &Account) -> Result<(), ClusterError> {
        for _ in 0..ATTEMPTS {
            if self
                .try_ensure_account(namespace, account)
                .await
                .map_err(describe)?
            {
                return Ok(());
            }
        }
        Err(ClusterError::Api(format!(
            "ServiceAccount `{}` keeps changing",
            account.name
        )))
    }
}

/// The Secrets of a namespace as plain JSON: what is read goes into [`Secret`] at once.
pub(crate) fn secrets(client: &kube::Client, namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Secret"));
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// One of them; `None` for what is not in the form of a Secret.
pub(crate) fn secret_of(object: DynamicObject) -> Option<Secret> {
    Secret::from_value(&serde_json::to_value(object).ok()?).ok()
}

fn linked(account: &Account) -> ServiceAccount {
    let (key, value) = MANAGED_BY;
    ServiceAccount {
        metadata: ObjectMeta {
            name: Some(account.name.clone()),
            labels: Some([(key.to_owned(), value.to_owned())].into()),
            ..ObjectMeta::default()
        },
        secrets: Some(vec![ObjectReference {
            name: Some(account.secret.clone()),
            ..ObjectReference::default()
        }]),
        ..ServiceAccount::default()
    }
}

/// The reason and message of the API server; transport errors by kind only, since their texts may
/// hold addresses with logins.
pub(crate) fn describe(error: kube::Error) -> ClusterError {
    ClusterError::Api(match error {
        kube::Error::Api(status) => format!("{} ({})", status.message, status.code),
        kube::Error::Service(error) if error.is::<Over>() => return Over.into(),
        _ => "connection failed".to_owned(),
    })
}
