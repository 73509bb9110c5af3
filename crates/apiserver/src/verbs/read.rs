//! `get` and `list`.

use super::{Call, served};
use crate::object;
use crate::pipeline::respond::{Answer, ObjectList, shape};
use crate::selector::{FieldSelector, LabelSelector};
use crate::status::Status;
use crate::store::{Filter, ListQuery, Listed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Which objects of a collection are meant.
#[derive(Clone)]
pub(super) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether this object, as its version shows it, is meant.
    pub(super) fn has(&self, object: &Value) -> bool {
        self.labels.matches(object::labels(object)) && self.fields.matches(object)
    }
}

impl Call {
    pub(super) async fn get(&self) -> Result<Answer, Status> {
        if !self.query.resource_version.is_empty() {
            version(&self.query.resource_version)?;
        }
        let Some(shape) = shape(&self.resource, self.format, false) else {
            return Ok(Answer::Object(200, self.stored(&self.name).await?.value));
        };
        let key = self.key(&self.name);
        let found = self.api.store.get_text(&key, Arc::new(shape)).await;
        let found = found.map_err(|error| self.refused(error))?;
        let resource = self.resource.group_resource();
        found
            .map(Answer::Text)
            .ok_or_else(|| Status::not_found(resource, &self.name))
    }

    /// The version that a list must be of; none where the newest will do.
    async fn state_asked_for(&self) -> Result<Option<u64>, Status> {
        let asked = Some(self.query.resource_version.as_str()).filter(|text| !text.is_empty());
        let asked = asked.map(version).transpose().map_err(|status| {
            Status::bad_request(format!("invalid resource version: {}", status.message))
        })?;
        if let Some(asked) = asked {
            let newest = self.newest().await?;
            if asked > newest {
                return Err(Status::from_the_future(asked, newest));
            }
        }
        let is_exact = self.query.resource_version_match == "Exact";
        Ok(asked.filter(|_| is_exact))
    }

    /// The version that the store is at.
    pub(super) async fn newest(&self) -> Result<u64, Status> {
        let query = ListQuery {
            resource: self.resource.stored_as.clone(),
            limit: Some(1),
            ..ListQuery::default()
        };
        let listed = self.api.store.list(query).await;
        Ok(listed.map_err(|error| self.refused(error))?.version)
    }

    pub(super) async fn list(&self) -> Result<Answer, Status> {
        self.query.check_list()?;
        let selection = self.selection()?;
        if self.query.continue_token.is_some()
            && !matches!(self.query.resource_version.as_str(), "" | "0")
        {
            return Err(Status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let place = self
            .query
            .continue_token
            .as_deref()
            .map(Place::decode)
            .transpose()?;
        let at = match place.as_ref() {
            Some(place) => Some(place.version),
            None => self.state_asked_for().await?,
        };
        let query = ListQuery {
            limit: self.query.limit,
            after: place.map(|place| place.after),
            at,
            ..self.every(&selection)
        };
        let Some(shape) = shape(&self.resource, self.format, true) else {
            let listed = self.api.store.list(query).await;
            let listed = listed.map_err(|error| self.refused(error))?;
            let metadata = self.list_metadata(&listed);
            let items = listed.items.into_iter();
            let items = items.map(|item| self.served(item)).collect();
            return Ok(Answer::List(ObjectList { metadata, items }));
        };
        let listed = self.api.store.list_texts(query, Arc::new(shape)).await;
        let listed = listed.map_err(|error| self.refused(error))?;
        Ok(Answer::Texts(self.list_metadata(&listed), listed.items))
    }

    fn list_metadata<T>(&self, listed: &Listed<T>) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert(
            "resourceVersion".to_owned(),
            listed.version.to_string().into(),
        );
        if let Some(after) = &listed.next {
            let token = Place {
                version: listed.version,
                after: after.clone(),
            }
            .encode();
            metadata.insert("continue".to_owned(), token.into());
            if let Some(remaining) = listed.remaining {
                metadata.insert("remainingItemCount".to_owned(), remaining.into());
            }
        } else if self.resource.is_custom {
            metadata.insert("continue".to_owned(), "".into());
        }
        metadata
    }

    /// A query for everything that is selected.
    pub(super) fn every(&self, selection: &Selection) -> ListQuery {
        let (kinds, resource) = (self.api.registry.kinds(), Arc::clone(&self.resource));
        let selection = selection.clone();
        let members = selection.fields.members().map(str::to_owned).collect();
        let is_everything = selection.is_everything();
        let is_stored_so =
            resource.renames.is_empty() && (!resource.is_custom || selection.fields.is_empty());
        let accepts: Arc<dyn Fn(&Value) -> bool + Send + Sync> = match is_stored_so {
            true => Arc::new(move |object| selection.has(object)),
            false => {
                Arc::new(move |object| selection.has(&served(&kinds, &resource, object.clone())))
            }
        };
        let filter = (!is_everything).then_some(Filter { members, accepts });
        ListQuery {
            resource: self.resource.stored_as.clone(),
            namespace: Some(self.namespace.clone()).filter(|namespace| !namespace.is_empty()),
            filter,
            ..ListQuery::default()
        }
    }

    /// What the selectors of the query choose.
    pub(super) fn selection(&self) -> Result<Selection, Status> {
        let refused = |error: &dyn std::fmt::Display| Status::bad_request(error.to_string());
        let own = self.resource.selectable.iter().map(String::as_str);
        // Custom resources are refused as kinds with fields of their own are.
        let names = self.resource.is_custom.then_some("metadata.name");
        let supported: Vec<&str> = own.chain(names).collect();
        Ok(Selection {
            labels: self
                .query
                .label_selector
                .parse()
                .map_err(|error| refused(&error))?,
            fields: FieldSelector::parse(&self.query.field_selector, &supported)
                .map_err(|error| refused(&error))?,
        })
    }
}

/// A version that a client gives.
pub(super) fn version(text: &str) -> Result<u64, Status> {
    let refused = || {
        // Kubernetes takes this for its own failure, and so clients know it.
        let why = format!(
            "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        );
        Status::new(500, "", why)
    };
    text.parse().map_err(|_| refused())
}

/// Where the next page of a list starts, and of which state it is a page.
pub(crate) struct Place {
    version: u64,
    after: (String, String),
}

impl Place {
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!([self.version, self.after.0, self.after.1]).to_string())
    }

    pub(crate) fn decode(token: &str) -> Result<Self, Status> {
        let refused = || {
            Status::bad_request("continue key is not valid: it must be one that the server gave")
        };
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
        let (version, namespace, name) = serde_json::from_slice(&bytes).map_err(|_| refused())?;
        Ok(Self {
            version,
            after: (namespace, name),
        })
    }
}
