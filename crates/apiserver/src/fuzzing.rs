//! What the project's fuzz targets reach of the inside: the decoders and the pure rules behind a
//! request, one at a time and without a store. Exists with the feature `fuzzing` only, which nothing
//! but `fuzz/` switches on; what must hold is left to the targets.

use crate::accounts::{Claims, Named, Signer, own_audience};
use crate::managed_fields::{self, Application, Managed, Writer, compare};
use crate::pipeline::decode;
use crate::pipeline::query::Query;
use crate::pipeline::route::Route;
use crate::resource::Resource;
use crate::schema::Schema;
use crate::status::Status;
use crate::validate::metadata;
use crate::verbs::Place;
use crate::{AccountKeyError, crd, kinds, object, protobuf};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use std::path::Path;

/// The object in a protobuf body, or the text of the refusal.
pub fn protobuf(body: &[u8]) -> Result<Value, String> {
    protobuf::decode(body).map_err(|error| error.to_string())
}

/// The object in a body of some media type, or the text of the refusal.
pub fn body(media_type: &str, body: &[u8]) -> Result<Value, String> {
    let read = decode::object(&of_type(media_type), body, true);
    read.map(|(value, _)| value).map_err(text)
}

/// What the body of a patch of some media type says, or the text of the refusal.
pub fn patch_body(media_type: &str, body: &[u8]) -> Result<Value, String> {
    match decode::patch(&of_type(media_type), body).map_err(text)? {
        decode::Patch::Change(_, value) | decode::Patch::Apply(value) => Ok(value),
    }
}

/// The options of a deletion, or the text of the refusal.
pub fn deletion(media_type: &str, body: &[u8]) -> Result<Value, String> {
    decode::options(&of_type(media_type), body).map_err(text)
}

/// Reads a path and the parameters after it as a list or watch does, or says why they are refused.
pub fn list(path: &str, query: &str) -> Result<(), String> {
    Route::parse(path).ok_or_else(|| "the path cannot be read".to_owned())?;
    Query::parse(query)
        .and_then(|query| query.check_list())
        .map_err(text)
}

/// The token of the place that a `continue` token names, written anew.
pub fn continued(token: &str) -> Option<String> {
    Place::decode(token).ok().map(|place| place.encode())
}

fn of_type(media_type: &str) -> HeaderMap {
    let value = media_type.parse().ok();
    value
        .map(|value| HeaderMap::from_iter([(CONTENT_TYPE, value)]))
        .unwrap_or_default()
}

fn text(status: Status) -> String {
    status.message
}

/// A kind by its rules.
#[derive(Clone)]
pub struct Kind(Resource);

impl Kind {
    /// A built-in kind.
    pub fn built_in(kind: &str) -> Option<Self> {
        let mut all = kinds::built_in().into_iter();
        all.find(|resource| resource.kind == kind).map(Self)
    }

    /// The kinds of a CustomResourceDefinition, one for each version; none where it is refused.
    pub fn defined(mut definition: Value) -> Option<Vec<Self>> {
        let row = Self::built_in("CustomResourceDefinition")?;
        row.0.schema.prune(&mut definition);
        if !row.0.schema.check(&definition).is_empty() {
            return None;
        }
        row.0.schema.default(&mut definition);
        crd::prepare(&mut definition, None);
        let errors = row.errors(&definition);
        let own = (row.0.check)(&definition, None);
        let is_good = errors.is_empty() && own.is_empty();
        is_good.then(|| crd::resources(&definition).into_iter().map(Self).collect())
    }

    /// Takes away what the kind does not know; the paths of that.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        self.0.schema.prune(object)
    }

    /// Fills in defaults.
    pub fn default(&self, object: &mut Value) {
        self.0.schema.default(object);
    }

    /// Everything that is wrong with an object's metadata and types, in words.
    pub fn errors(&self, object: &Value) -> Vec<String> {
        let mut errors = metadata::check(object, self.0.names, true);
        errors.extend(self.0.schema.check(object));
        errors.iter().map(ToString::to_string).collect()
    }

    /// The same, and what the kind's own rules say of an object that its types allow.
    pub fn all_errors(&self, object: &Value) -> Vec<String> {
        let mut errors = self.errors(object);
        if errors.is_empty() {
            let own = (self.0.check)(object, None);
            errors.extend(own.iter().map(ToString::to_string));
        }
        errors
    }

    /// What stands in the way of applying an object, in words.
    pub fn faults(&self, object: &Value) -> Vec<String> {
        managed_fields::faults(object, self.0.schema.open_api())
    }

    fn schema(&self) -> &Schema {
        &self.0.schema
    }

    fn writer(&self, manager: &str) -> Writer {
        Writer {
            manager: manager.to_owned(),
            api_version: self.0.api_version(),
            subresource: String::new(),
            now: "2030-01-01T00:00:00Z".to_owned(),
        }
    }
}

/// An object and whose its fields are.
#[derive(Clone, Debug, PartialEq)]
pub struct Owned {
    /// The object, without entries.
    pub object: Value,
    managed: Managed,
}

impl Owned {
    /// An object with the entries that a client gives; none where they cannot be understood.
    pub fn with(object: Value, entries: &Value) -> Option<Self> {
        let managed = Managed::read(entries)?;
        Some(Self { object, managed })
    }

    /// After a server-side apply; none where it meets a conflict.
    pub fn apply(&self, kind: &Kind, applied: &Value, manager: &str, force: bool) -> Option<Self> {
        let application = Application {
            live: &self.object,
            applied,
            schema: kind.schema().open_api(),
            unwritable: &["status"],
            by: &kind.writer(manager),
            force,
        };
        let (object, managed) = managed_fields::apply(&application, self.managed.clone()).ok()?;
        Some(Self { object, managed })
    }

    /// After a write that is no apply.
    pub fn update(&self, kind: &Kind, object: Value, manager: &str) -> Self {
        let difference = compare(&self.object, &object, kind.schema().open_api());
        let managed =
            managed_fields::update(self.managed.clone(), &difference, &kind.writer(manager));
        Self { object, managed }
    }

    /// Its entries as they are stored; none where nobody owns anything.
    pub fn entries(&self) -> Option<Value> {
        self.managed.clone().fold()
    }
}

/// Tokens of ServiceAccounts.
pub struct Tokens(Signer);

impl Tokens {
    /// With the key in a file, made where it is missing.
    pub fn open(key: &Path) -> Result<Self, AccountKeyError> {
        Signer::open(key).map(Self)
    }

    /// A token that is good for an hour.
    pub fn sign(&self) -> Option<String> {
        let account = Named {
            name: "default".to_owned(),
            uid: "a".to_owned(),
        };
        let now = object::now().parse::<jiff::Timestamp>().ok()?.as_second();
        let claims = Claims::new("default", account, None, own_audience(), (now, 3600));
        self.0.sign(&claims)
    }

    /// Whether a token is one of this key's, good now.
    pub fn accept(&self, token: &str) -> bool {
        self.0.read(token, &own_audience()).is_some()
    }
}
