//! How backend and profiles sign in, by the document's `auth`.

use indexmap::IndexMap;

use super::connection::Place;
use super::word;
use crate::finding::Rule;
use crate::model::{Credentials, PROFILE_NAME, SecretRef};
use crate::reading::{Reader, View};

const NO_IDENTITY: Rule = Rule::refusal("identity-missing");
const NO_CONNECTION: Rule = Rule::refusal("connection-missing");
const TEMPLATE: Rule = Rule::refusal("secret-template");

/// The ways of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    SharedKey,
    KeyPerProfile,
    Irsa,
    Gke,
    Azure,
    /// Whatever the environment of pods gives, without anything said to their accounts.
    Environment,
}

impl Way {
    /// The annotation that gives an account a cloud's identity.
    fn annotation(self) -> Option<&'static str> {
        match self {
            Self::SharedKey | Self::KeyPerProfile | Self::Environment => None,
            Self::Irsa => Some("eks.amazonaws.com/role-arn"),
            Self::Gke => Some("iam.gke.io/gcp-service-account"),
            Self::Azure => Some("azure.workload.identity/client-id"),
        }
    }
}

/// How backend and profiles sign in.
#[derive(Clone)]
pub(super) struct Auth {
    way: Way,
    /// Whether the backend has keys, whatever profiles have.
    has_backend_keys: bool,
    /// The connection's Secret.
    shared: SecretRef,
    /// With `{profile_name}` in its name.
    template: SecretRef,
    backend_identity: String,
    profile_identity: String,
}

impl Auth {
    /// One key for everybody.
    pub(super) fn shared(place: &Place) -> Self {
        let shared = SecretRef {
            namespace: place.secret.0.clone(),
            name: place.secret.1.clone(),
            access_key_key: "AWS_ACCESS_KEY_ID".to_owned(),
            secret_key_key: "AWS_SECRET_ACCESS_KEY".to_owned(),
            session_token_key: place
                .has_session_token
                .then(|| "AWS_SESSION_TOKEN".to_owned()),
        };
        Self {
            way: Way::SharedKey,
            has_backend_keys: true,
            template: shared.clone(),
            shared,
            backend_identity: String::new(),
            profile_identity: String::new(),
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>, spec: &View<'_>, place: &Place) -> Self {
        let view = spec.child("auth");
        let words = [
            ("SharedKey", Way::SharedKey),
            ("KeyPerProfile", Way::KeyPerProfile),
            ("IRSA", Way::Irsa),
            ("GKEWorkloadIdentity", Way::Gke),
            ("AzureWorkloadIdentity", Way::Azure),
            ("Environment", Way::Environment),
        ];
        let way = word(reader, &view.child("type"), &words, Way::SharedKey);
        let mut auth = Self::shared(place);
        auth.way = way;
        let of_backend = [("SharedKey", true)];
        let own = word(reader, &view.child("backendType"), &of_backend, false);
        auth.has_backend_keys = own || matches!(way, Way::SharedKey | Way::KeyPerProfile);
        let keys = ["accessKeyKey", "secretKeyKey"].map(|key| view.child(key));
        auth.shared.access_key_key = reader.text_or(&keys[0], &auth.shared.access_key_key);
        auth.shared.secret_key_key = reader.text_or(&keys[1], &auth.shared.secret_key_key);
        let token = reader.text(&view.child("sessionTokenKey"), "");
        if !token.is_empty() {
            auth.shared.session_token_key = Some(token);
        }
        let template_view = view.child("secretTemplate");
        auth.template = SecretRef {
            namespace: reader.text_or(&view.child("secretNamespace"), &place.secret.0),
            name: reader.text_or(&template_view, "pipelines-{profile_name}"),
            session_token_key: None,
            ..auth.shared.clone()
        };
        if way == Way::KeyPerProfile && !auth.template.name.contains(PROFILE_NAME) {
            let message = format!("`{}` must contain `{PROFILE_NAME}`", template_view.path);
            let help = "write one such as `pipelines-{profile_name}`";
            reader.report(TEMPLATE, &template_view, message, help);
        }
        let needs_secret = auth.has_backend_keys;
        let needs_identity = way.annotation().is_some() && !auth.has_backend_keys;
        let connection = spec.child("connection");
        if needs_secret && auth.shared.name.is_empty() {
            let message = format!("`{}` must name the Secret with the keys", connection.path);
            reader.report(
                NO_CONNECTION,
                &connection,
                message,
                "name it, or choose an identity",
            );
        }
        let identity = view.child("backendIdentity");
        auth.backend_identity = reader.text(&identity, "");
        auth.profile_identity = reader.text(&view.child("profileIdentity"), "");
        if needs_identity && auth.backend_identity.is_empty() {
            let message = format!("`{}` is required for this `type`", identity.path);
            let help = "name the role or account that the shared parts act as";
            reader.report(NO_IDENTITY, &identity, message, help);
        }
        auth
    }

    pub(super) fn backend(&self) -> Credentials {
        match self.has_backend_keys {
            true => Credentials::Keys(self.shared.clone()),
            false => Credentials::Environment,
        }
    }

    /// What the way of signing in gives to profiles that the document does not list.
    pub(super) fn others(&self) -> Credentials {
        match self.way {
            Way::SharedKey => Credentials::Keys(self.shared.clone()),
            Way::KeyPerProfile => Credentials::Keys(self.template.clone()),
            Way::Irsa | Way::Gke | Way::Azure | Way::Environment => Credentials::Environment,
        }
    }

    pub(super) fn backend_annotations(&self) -> IndexMap<String, String> {
        match self.has_backend_keys {
            true => IndexMap::new(),
            false => self.annotations(&self.backend_identity),
        }
    }

    fn annotations(&self, identity: &str) -> IndexMap<String, String> {
        let annotation = self.way.annotation().filter(|_| !identity.is_empty());
        annotation
            .map(|key| (key.to_owned(), identity.to_owned()))
            .into_iter()
            .collect()
    }

    /// A profile's own Secret, or what the way of signing in gives it.
    pub(super) fn read_profile(
        &self,
        reader: &mut Reader<'_>,
        view: &View<'_>,
        name: &str,
    ) -> Credentials {
        let own = view.child("secret");
        if own.is_truthy() {
            return Credentials::Keys(SecretRef {
                namespace: reader.text_or(&own.child("namespace"), name),
                name: reader.text(&own.child("name"), ""),
                access_key_key: reader
                    .text_or(&own.child("accessKeyKey"), &self.shared.access_key_key),
                secret_key_key: reader
                    .text_or(&own.child("secretKeyKey"), &self.shared.secret_key_key),
                session_token_key: None,
            });
        }
        self.others().of_profile(name)
    }

    /// The identity of a profile's pods.
    pub(super) fn profile_annotations(
        &self,
        reader: &mut Reader<'_>,
        view: &View<'_>,
        name: &str,
    ) -> IndexMap<String, String> {
        let identity_view = view.child("identity");
        let template = self.profile_identity.replace(PROFILE_NAME, name);
        let identity = reader.text_or(&identity_view, &template);
        let is_needed = self.way.annotation().is_some() && !view.child("secret").is_truthy();
        if is_needed && identity.is_empty() {
            let message = format!("`{}` is required for this `type`", identity_view.path);
            let help = "name the profile's role or account, or set `auth.profileIdentity`";
            reader.report(NO_IDENTITY, &identity_view, message, help);
        }
        self.annotations(&identity)
    }
}
