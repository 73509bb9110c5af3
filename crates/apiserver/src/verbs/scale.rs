//! The `scale` subresource: how many replicas an object wants and has, in a form that is the same
//! for every kind.

use super::Call;
use super::again::Attempts;
use super::ownership::{self, Claims, Owners};
use crate::object;
use crate::patch::{self, PatchKind};
use crate::pipeline::decode::Patch;
use crate::pipeline::respond::Answer;
use crate::resource::{Scale, ScaleSelector};
use crate::status::{GroupResource, Status};
use crate::store::Stored;
use crate::validate::FieldError;
use serde_json::{Map, Value, json};

pub(crate) const GROUP: &str = "autoscaling";
pub(crate) const VERSION: &str = "v1";
pub(crate) const KIND: &str = "Scale";
const API_VERSION: &str = "autoscaling/v1";

impl Call {
    pub(super) async fn get_scale(&self, scale: &Scale) -> Result<Answer, Status> {
        let found = self.stored(&self.name).await?;
        shown(&found.value, scale).map(|scale| Answer::Plain(200, scale))
    }

    pub(super) async fn update_scale(
        &mut self,
        scale: &Scale,
        wanted: &Value,
    ) -> Result<Answer, Status> {
        self.set_scale(scale, &|_| Ok(wanted.clone())).await
    }

    pub(super) async fn patch_scale(
        &mut self,
        scale: &Scale,
        patch: &Patch,
    ) -> Result<Answer, Status> {
        let (kind, patch) = match patch {
            Patch::Change(kind, patch) => (*kind, patch),
            // One member is all that there is to own, so an apply is a merge.
            Patch::Apply(applied) => (PatchKind::Merge, applied),
        };
        let resource = self.resource.group_resource().to_string();
        let name = self.name.clone();
        self.set_scale(scale, &|current| {
            patch::apply(kind, current, patch, &patch::NoKeys).map_err(|error| {
                Status::bad_request(format!("{resource} {name:?} cannot be patched: {error}"))
            })
        })
        .await
    }

    async fn set_scale(
        &mut self,
        scale: &Scale,
        change: &(dyn Fn(&Value) -> Result<Value, Status> + Send + Sync),
    ) -> Result<Answer, Status> {
        let mut attempts = Attempts::of(self);
        loop {
            let old = self.stored(&self.name).await?;
            let wanted = change(&shown(&old.value, scale)?)?;
            match self.set_replicas(scale, &wanted, old).await {
                Err(status) if attempts.go_on(self, &status).await => {}
                outcome => return outcome,
            }
        }
    }

    async fn set_replicas(
        &mut self,
        scale: &Scale,
        wanted: &Value,
        old: Stored,
    ) -> Result<Answer, Status> {
        let replicas = self.check_scale(wanted)?;
        let mut object = ownership::without(old.value.clone());
        let metadata = object::metadata_mut(&mut object);
        for member in ["resourceVersion", "uid"] {
            let given = wanted.pointer(&format!("/metadata/{member}")).cloned();
            if let Some(given) = given {
                metadata.insert(member.to_owned(), given);
            }
        }
        let Some((last, parents)) = scale.replicas.split_last() else {
            return Err(Status::internal("the scale has no path"));
        };
        let parent = parents.iter().fold(&mut object, |inner, member| {
            object::member_mut(inner, member);
            &mut inner[member.as_str()]
        });
        parent[last.as_str()] = replicas.into();
        match self
            .replace(object, old, Owners::ByDifference(Claims::None))
            .await?
        {
            Answer::Object(_, object) => {
                shown(&object, scale).map(|scale| Answer::Plain(200, scale))
            }
            other => Ok(other),
        }
    }

    /// The number that is wanted, where the rest makes sense too.
    fn check_scale(&self, wanted: &Value) -> Result<i64, Status> {
        let text = |pointer| object::text(wanted, pointer).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        if !(version.is_empty() || version == API_VERSION) || !(kind.is_empty() || kind == KIND) {
            return Err(Status::bad_request(format!(
                "expected {KIND} in {API_VERSION}, got {kind} in {version}"
            )));
        }
        let name = text("/metadata/name");
        if !name.is_empty() && name != self.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                self.name
            )));
        }
        let replicas = match wanted.pointer("/spec/replicas") {
            None => Some(0),
            Some(given) => given.as_i64(),
        };
        let Some(replicas) = replicas else {
            return Err(Status::bad_request("spec.replicas must be an integer"));
        };
        if (0..=i64::from(i32::MAX)).contains(&replicas) {
            return Ok(replicas);
        }
        let why = "must be greater than or equal to 0";
        let error = FieldError::invalid("spec.replicas", replicas, why);
        let kind = GroupResource {
            group: GROUP,
            name: KIND,
        };
        Err(Status::invalid(kind, &self.name, &[error]))
    }
}

/// An object as a scale.
fn shown(object: &Value, scale: &Scale) -> Result<Value, Status> {
    let at = |path: &[String]| {
        path.iter()
            .try_fold(object, |inner, member| inner.get(member))
    };
    // Earlier programs stored `2.0` as it was written.
    let count = |number: &Value| {
        let whole = number.as_f64().filter(|number| number.fract() == 0.0);
        number.as_i64().or(whole.map(|number| number as i64))
    };
    let Some(wanted) = at(&scale.replicas).and_then(count) else {
        let path = scale.replicas.join(".");
        return Err(Status::internal(format!(
            "the spec replicas field \".{path}\" does not exist"
        )));
    };
    let there = at(&scale.status_replicas)
        .and_then(count)
        .unwrap_or_default();
    let selector = match &scale.selector {
        ScaleSelector::None => None,
        ScaleSelector::Text(path) => at(path).and_then(Value::as_str).map(str::to_owned),
        ScaleSelector::Labels(path) => at(path).map(selector_text),
    };
    let mut metadata = Map::new();
    for member in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        let value = object.pointer(&format!("/metadata/{member}")).cloned();
        object::put(&mut metadata, member, value);
    }
    let mut status = json!({ "replicas": there });
    if let Some(selector) = selector.filter(|text| !text.is_empty()) {
        status["selector"] = selector.into();
    }
    Ok(json!({
        "kind": KIND, "apiVersion": API_VERSION, "metadata": metadata,
        "spec": {"replicas": wanted}, "status": status,
    }))
}

/// A label selector as it stands in queries, in the order of its keys.
fn selector_text(selector: &Value) -> String {
    let mut parts: Vec<(&str, String)> = Vec::new();
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        parts.push((key, format!("{key}={value}")));
    }
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    for expression in expressions.into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default();
        let mut values: Vec<&str> = expression["values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        values.sort_unstable();
        let values = values.join(",");
        let text = match expression["operator"].as_str().unwrap_or_default() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        };
        parts.push((key, text));
    }
    parts.sort_by_key(|(key, _)| *key);
    let texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_an_earlier_program_stored_with_a_fraction_is_shown() {
        let object =
            json!({"metadata": {}, "spec": {"replicas": 2.0}, "status": {"replicas": 1.0}});
        let scale = shown(&object, &Scale::built_in()).expect("a scale");
        assert_eq!(
            (&scale["spec"]["replicas"], &scale["status"]["replicas"]),
            (&json!(2), &json!(1))
        );
    }
}
