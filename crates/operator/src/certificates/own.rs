//! The operator's own authority and serving certificate, kept in a Secret that all replicas share.
//! Whichever replica comes first makes or renews it, all others take it over.

use std::collections::BTreeMap;
use std::time::Duration;

use bowline_core::names::MANAGED_BY;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::{Client, ResourceExt as _};

use super::bundle::{Bundle, Lives, MakeError, Step};
use super::publish::Configurations;
use super::{Clock, Serving, Unfit};
use crate::cluster::ClusterError;
use crate::kubernetes::describe;

const TYPE: &str = "kubernetes.io/tls";
/// How often a step that another replica took first is tried again.
const ATTEMPTS: usize = 5;

/// How the operator's own certificates are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Namespace of the Secret and of the Service.
    pub namespace: String,
    /// Prefix of the Secret's and the Service's name, and name of the webhook configurations.
    pub name: String,
    /// Names and addresses beside those of the Service.
    pub more_names: Vec<String>,
    /// How long certificates live.
    pub lives: Lives,
    /// How often the Secret and the configurations are looked at.
    pub every: Duration,
}

impl Settings {
    /// The usual settings for an operator of this name in this namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            more_names: Vec::new(),
            lives: Lives::default(),
            every: Duration::from_secs(5),
        }
    }

    fn names(&self) -> Vec<String> {
        let Self {
            namespace, name, ..
        } = self;
        let service = format!("{name}-webhook.{namespace}.svc");
        let mut names = vec![
            service.clone(),
            format!("{service}.cluster.local"),
            format!("{name}-webhook.{namespace}"),
            format!("{name}-webhook"),
        ];
        names.extend(self.more_names.iter().cloned());
        names
    }

    fn secret(&self) -> String {
        format!("{}-webhook-tls", self.name)
    }
}

/// Why the certificates are not in order now.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// The API server.
    #[error(transparent)]
    Cluster(ClusterError),
    /// There is a Secret of that name that is not ours and holds something else.
    #[error(
        "Secret `{name}` is not Bowline's ({reason}); delete it, or choose other names with `--name`"
    )]
    Foreign {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing can be made.
    #[error("{0}")]
    Make(String),
    /// There is nowhere to keep the Secret.
    #[error("namespace `{0}` is missing; create it, or name another one with `--namespace`")]
    NoNamespace(String),
    /// Others change the Secret all the time.
    #[error("Secret `{0}` keeps changing")]
    Unsettled(String),
}

impl From<kube::Error> for OwnError {
    fn from(error: kube::Error) -> Self {
        Self::Cluster(describe(error))
    }
}

impl From<MakeError> for OwnError {
    fn from(error: MakeError) -> Self {
        Self::Make(error.to_string())
    }
}

/// Keeps the Secret, what is served and the webhook configurations in step.
pub struct Keeper {
    settings: Settings,
    secrets: Api<Secret>,
    configurations: Configurations,
    serving: Serving,
    clock: Clock,
    /// The last one that was in order.
    last: Option<Bundle>,
}

impl Keeper {
    /// A keeper that reads and writes with the rights of `client`.
    pub fn new(client: &Client, settings: Settings, serving: Serving, clock: Clock) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), &settings.namespace),
            configurations: Configurations::new(client, &settings.name),
            settings,
            serving,
            clock,
            last: None,
        }
    }

    /// Keeps going until it is dropped. What goes wrong is logged once, and tried again.
    pub async fn run(mut self) {
        let mut said = None;
        loop {
            let problem = self.settle().await.err().map(|error| error.to_string());
            if let Some(problem) = problem.as_ref().filter(|now| said.as_ref() != Some(*now)) {
                tracing::error!(error = problem, "certificates are not in order");
            }
            said = problem;
            tokio::time::sleep(self.settings.every).await;
        }
    }

    /// Looks once at everything, and does what is due.
    ///
    /// # Errors
    /// When something could not be had or written; what is served stays as it is then.
    pub async fn settle(&mut self) -> Result<(), OwnError> {
        for _ in 0..ATTEMPTS {
            let found = self.secrets.get_opt(&self.settings.secret()).await?;
            let is_settled = match found {
                None => self.create().await?,
                Some(secret) => self.look_at(secret).await?,
            };
            if is_settled {
                return Ok(());
            }
        }
        Err(OwnError::Unsettled(self.settings.secret()))
    }

    /// Says whether nothing is left to do.
    async fn create(&mut self) -> Result<bool, OwnError> {
        let bundle = self.make()?;
        let secret = self.secret(&bundle, ObjectMeta::default());
        let created = self.secrets.create(&PostParams::default(), &secret).await;
        if matches!(&created, Err(kube::Error::Api(status)) if status.code == 404) {
            return Err(OwnError::NoNamespace(self.settings.namespace.clone()));
        }
        if !is_ours(created)? {
            return Ok(false);
        }
        self.said(Step::Remake);
        self.take_over(bundle).await.map(|_| true)
    }

    async fn look_at(&mut self, secret: Secret) -> Result<bool, OwnError> {
        let bundle = match read(&secret) {
            Ok(bundle) => bundle,
            Err(reason) => return self.replace(secret, &reason).await,
        };
        // Where the configurations cannot be written, certificates are renewed all the same.
        let published = self.take_over(bundle.clone()).await;
        let is_published = matches!(published, Ok(true));
        let (names, lives, now) = (self.settings.names(), self.settings.lives, (self.clock)());
        let step = bundle.step(&names, lives, now, is_published);
        if step == Step::Keep {
            return published.map(|_| true);
        }
        let next = bundle.after(step, &names, lives, now)?;
        if self.write(&next, secret.metadata).await? {
            self.said(step);
        }
        // What was written is read again, taken over and judged like anybody else's.
        Ok(false)
    }

    /// Puts something good in place of what is not.
    async fn replace(&mut self, secret: Secret, reason: &Unfit) -> Result<bool, OwnError> {
        let name = self.settings.secret();
        let (label, us) = MANAGED_BY;
        let is_ours = secret.labels().get(label).is_some_and(|by| by == us);
        if !is_ours || secret.type_.as_deref() != Some(TYPE) {
            let reason = reason.to_string();
            return Err(OwnError::Foreign { name, reason });
        }
        // The last good one costs no request; it is judged by time like any other afterwards.
        let good = match self.last.clone() {
            Some(last) => last,
            None => self.make()?,
        };
        if self.write(&good, secret.metadata).await? {
            tracing::warn!(secret = name, %reason, "content was no good and is replaced");
        }
        Ok(false)
    }

    /// Serves a bundle, and has it trusted. Says whether it is by everybody who is there.
    async fn take_over(&mut self, bundle: Bundle) -> Result<bool, OwnError> {
        let current = self.serving.current();
        if !current.is_some_and(|current| bundle.serves_like(&current)) {
            self.serving.replace(bundle.pair().clone());
        }
        let is_trusted = self.configurations.trust(&bundle.authorities()).await;
        self.last = Some(bundle);
        Ok(is_trusted?)
    }

    async fn write(&self, bundle: &Bundle, metadata: ObjectMeta) -> Result<bool, OwnError> {
        let name = self.settings.secret();
        let secret = self.secret(bundle, metadata);
        let replaced = self
            .secrets
            .replace(&name, &PostParams::default(), &secret)
            .await;
        is_ours(replaced)
    }

    fn make(&self) -> Result<Bundle, MakeError> {
        Bundle::make(&self.settings.names(), self.settings.lives, (self.clock)())
    }

    fn secret(&self, bundle: &Bundle, mut metadata: ObjectMeta) -> Secret {
        let (label, us) = MANAGED_BY;
        metadata.name = Some(self.settings.secret());
        let labels = metadata.labels.get_or_insert_default();
        labels.insert(label.to_owned(), us.to_owned());
        let data = bundle.write().into_iter();
        Secret {
            metadata,
            type_: Some(TYPE.to_owned()),
            data: Some(data.map(|(key, value)| (key, ByteString(value))).collect()),
            ..Secret::default()
        }
    }

    fn said(&self, step: Step) {
        tracing::info!(secret = self.settings.secret(), "{}", step.done());
    }
}

fn read(secret: &Secret) -> Result<Bundle, Unfit> {
    let data = secret.data.iter().flatten();
    let data: BTreeMap<String, Vec<u8>> = data
        .map(|(key, value)| (key.clone(), value.0.clone()))
        .collect();
    Bundle::read(&data)
}

/// Whether a write went through; `false` where somebody else was first.
fn is_ours<T>(written: Result<T, kube::Error>) -> Result<bool, OwnError> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
