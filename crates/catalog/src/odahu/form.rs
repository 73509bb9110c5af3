//! A record as a Secret that the field's readers understand, and back without losing a byte.
//!
//! Each type has its natural form: the keys that KServe, workbenches and pipelines read (`bucket`,
//! `registry`, `git`). What that form cannot say is kept beside it: texts in annotations, secret
//! values in keys of their own. A text that only spells the natural form in another way, such as
//! `gsc://` for `gs://`, counts while the natural form still says the same, so that a change that
//! somebody makes with other tools is never hidden by it.

mod blob;
mod git;
mod registry;
mod s3;

use std::collections::BTreeMap;

use bowline_core::location::{has_userinfo, looks_signed};
use bowline_core::{Connection, Recognition, Secret, Sensitive, names, secret};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::judge::is_id;
use super::record::{Member, Record, Spec, Status, Type};
pub(super) use registry::{LOGIN, exchange_login};
pub(super) use s3::endpoint as s3_endpoint;

/// Of all annotations that only ODAHU's face reads.
pub const ODAHU_PREFIX: &str = "odahu.bowline.dev/";
/// Of all keys that only ODAHU's face reads.
const KEY_PREFIX: &str = "odahu.";

/// What of a Secret stands for a record.
#[derive(Default)]
pub(super) struct Form {
    pub(super) type_: &'static str,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) data: BTreeMap<String, Sensitive>,
}

impl Form {
    fn annotate(&mut self, key: &str, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.annotations.insert(key.to_owned(), text);
        }
    }

    fn put(&mut self, key: &str, value: Option<&Sensitive>) {
        if let Some(value) = value {
            self.data.insert(key.to_owned(), value.clone());
        }
    }

    fn put_text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.data.insert(key.to_owned(), Sensitive::from(text));
        }
    }

    /// The form as `data` of a Secret, without its values leaving for anywhere else.
    pub(super) fn data(&self) -> Map<String, Value> {
        let entry = |(key, value): (&String, &Sensitive)| (key.clone(), encoded(value));
        self.data.iter().map(entry).collect()
    }
}

/// A value as it stands in `data`.
pub(super) fn encoded(value: &Sensitive) -> Value {
    use base64::Engine as _;
    json!(base64::engine::general_purpose::STANDARD.encode(value.expose()))
}

/// The Secret to create for a record.
pub fn to_secret(record: &Record, namespace: &str, creator: Option<&str>) -> Value {
    let mut form = Form::of(record);
    form.annotate(names::DISPLAY_NAME, record.id.as_str());
    form.annotate("bowline.dev/creator", creator.unwrap_or_default());
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": record.id,
            "namespace": namespace,
            "labels": form.labels,
            "annotations": form.annotations,
        },
        "type": form.type_,
        "data": form.data(),
    })
}

/// The record behind a Secret; `None` when it is no connection, or one that ODAHU has no words for.
pub fn from_secret(object: &Value) -> Option<Record> {
    let secret = Secret::from_value(object).ok()?;
    let Recognition::Connection(connection) = Connection::from_secret(secret) else {
        return None;
    };
    let secret = &connection.secret;
    let own = |name: &str| secret.annotations.get(&format!("{ODAHU_PREFIX}{name}"));
    let protocol = connection.protocol?;
    let type_ = own("type")
        .and_then(|text| text.parse().ok())
        .filter(|type_: &Type| type_.protocol() == protocol)
        .or_else(|| Type::of(protocol))?;
    let spec = read(&connection, type_);
    let made = object.pointer("/metadata/creationTimestamp");
    let made = made
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok());
    let time = |name| own(name).and_then(|text| text.parse().ok());
    let created_at: Timestamp = time("createdAt").or(made).unwrap_or_default();
    let is_expressed = is_id(&secret.name) && spec.has(Member::Uri);
    is_expressed.then(|| Record {
        id: secret.name.clone(),
        created_at,
        updated_at: time("updatedAt").unwrap_or(created_at),
        spec,
        status: Status {
            secret_name: own("status.secretName").cloned(),
            service_account: own("status.serviceAccount").cloned(),
        },
    })
}

impl Form {
    /// All of a Secret that stands for a record.
    pub(super) fn of(record: &Record) -> Self {
        let spec = &record.spec;
        let mut form = natural(spec);
        keep_the_rest(spec, &mut form);
        let protocol = spec.type_.protocol().as_str();
        form.annotate(names::PROTOCOL, protocol);
        form.annotate(names::ALAUDA_PROTOCOL, protocol);
        for label in [names::DASHBOARD_LABEL, names::ALAUDA_DASHBOARD_LABEL] {
            form.labels.insert(label.to_owned(), "true".to_owned());
        }
        form.annotate(names::DESCRIPTION, spec.text(Member::Description));
        if spec.is_vital {
            form.annotate(names::VITAL, "true");
        }
        let status = &record.status;
        let texts = [
            ("type", Some(spec.type_.to_string())),
            ("createdAt", Some(record.created_at.to_string())),
            ("updatedAt", Some(record.updated_at.to_string())),
        ];
        for (name, text) in texts {
            form.annotate(&format!("{ODAHU_PREFIX}{name}"), text.unwrap_or_default());
        }
        // Here the empty text differs from none.
        let kept = [
            ("status.secretName", &status.secret_name),
            ("status.serviceAccount", &status.service_account),
        ];
        for (name, text) in kept {
            if let Some(text) = text {
                let key = format!("{ODAHU_PREFIX}{name}");
                form.annotations.insert(key, text.clone());
            }
        }
        form
    }
}

/// What other readers see of a record.
fn natural(spec: &Spec) -> Form {
    let mut form = Form {
        type_: match spec.type_ {
            Type::Docker | Type::Ecr => secret::DOCKER_CONFIG_JSON,
            Type::Git => "kubernetes.io/ssh-auth",
            Type::S3 | Type::Gcs | Type::AzureBlob => secret::OPAQUE,
        },
        ..Form::default()
    };
    match spec.type_ {
        Type::S3 => s3::write(spec, &mut form),
        Type::Gcs => blob::write_gcs(spec, &mut form),
        Type::AzureBlob => blob::write_azure(spec, &mut form),
        Type::Git => git::write(spec, &mut form),
        Type::Docker | Type::Ecr => registry::write(spec, &mut form),
    }
    form
}

/// What the natural form of a Secret says.
fn read_natural(connection: &Connection, type_: Type) -> Spec {
    let spec = Spec::new(type_);
    match type_ {
        Type::S3 => s3::read(connection, spec),
        Type::Gcs => blob::read_gcs(connection, spec),
        Type::AzureBlob => blob::read_azure(connection, spec),
        Type::Git => git::read(connection, spec),
        Type::Docker | Type::Ecr => registry::read(connection, spec),
    }
}

/// Whether the natural form of a type has a place for a member, even if not for every value of it.
fn has_place(type_: Type, member: Member) -> bool {
    use Member::{
        Description, KeyId, KeySecret, Password, PublicKey, Reference, Region, Uri, Username,
    };
    match member {
        Uri | Description => true,
        Region | KeyId => matches!(type_, Type::S3 | Type::Ecr),
        KeySecret => type_ != Type::Docker,
        Username | Password => matches!(type_, Type::Git | Type::Docker | Type::Ecr),
        PublicKey | Reference => type_ == Type::Git,
        Member::Role | Member::WebUiLink => false,
    }
}

/// Adds what is not read back from the natural form.
fn keep_the_rest(spec: &Spec, form: &mut Form) {
    let secret = Secret {
        namespace: String::new(),
        name: String::new(),
        type_: form.type_.to_owned(),
        labels: BTreeMap::new(),
        annotations: form.annotations.clone(),
        mistyped: Vec::new(),
        data: form.data.clone(),
    };
    let read_back = read_natural(&stated(secret, spec.type_), spec.type_);
    let lost = Member::ALL
        .into_iter()
        .filter(|member| *member != Member::Description && !spec.agrees(&read_back, *member));
    for member in lost {
        let Some(value) = spec.get(member) else {
            continue;
        };
        let name = member.as_str();
        let text = spec.text(member);
        if member.is_encoded() || has_userinfo(text) || looks_signed(text) {
            form.put(&format!("{KEY_PREFIX}{name}"), Some(value));
        } else {
            form.annotate(&format!("{ODAHU_PREFIX}{name}"), text);
        }
    }
}

/// A Secret as a connection of a type, which needs no recognising.
fn stated(secret: Secret, type_: Type) -> Connection {
    Connection {
        secret,
        protocol: Some(type_.protocol()),
        dialect: bowline_core::Dialect::OpenDataHub,
        marker: bowline_core::Marker::Protocol,
        stated: None,
    }
}

fn read(connection: &Connection, type_: Type) -> Spec {
    let secret = &connection.secret;
    let mut spec = read_natural(connection, type_);
    let description = secret.annotations.get(names::DESCRIPTION);
    let description = description.map(|text| Sensitive::from(text.as_str()));
    spec = spec.with(Member::Description, description.as_ref());
    spec.is_vital = secret.annotation(names::VITAL) == Some("true");
    let mut verbatim = spec.clone();
    for member in Member::ALL {
        let Some(value) = kept(secret, member) else {
            continue;
        };
        if !has_place(type_, member) {
            spec.set(member, value.clone());
        }
        verbatim.set(member, value);
    }
    let (wanted, plain) = (natural(&verbatim).data, natural(&spec).data);
    let is_held = |(key, value): (&String, &Sensitive)| {
        secret
            .value(key)
            .is_some_and(|v| v.expose() == value.expose())
    };
    let says_the_same =
        wanted.iter().all(is_held) && plain.keys().all(|key| wanted.contains_key(key));
    if says_the_same { verbatim } else { spec }
}

/// What [`keep_the_rest`] kept of a member.
fn kept(secret: &Secret, member: Member) -> Option<Sensitive> {
    let name = member.as_str();
    let key = format!("{KEY_PREFIX}{name}");
    let text = || secret.annotations.get(&format!("{ODAHU_PREFIX}{name}"));
    let value = secret.value(&key).cloned();
    value.or_else(|| text().map(|text| Sensitive::from(text.as_str())))
}

/// A value that has to be text; others are not ODAHU's to express.
fn text(value: Option<&Sensitive>) -> Option<&Sensitive> {
    value.filter(|value| value.expose_str().is_some())
}
