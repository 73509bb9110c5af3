//! The shape in which stored objects are answered as text; whether an answer can be text at all. The
//! same as `Shown` makes of trees, which the tests hold it to.

use super::super::negotiate::{Encoding, Form, Format};
use super::list_head;
use crate::resource::Resource;
use crate::store::{Kept, ObjectText, Shape};
use serde_json::{Map, Value};

const KIND: &[&str] = &["kind", "apiVersion"];
const FOLDED: &str = "managedFields";

/// The shape of one object, or of one in a list; none where the answer is no plain text of objects.
pub(crate) fn shape(resource: &Resource, format: Format, is_in_list: bool) -> Option<Shape> {
    if format.encoding != Encoding::Json || !resource.renames.is_empty() {
        return None;
    }
    let (kind, api_version) = match format.form {
        Form::Table | Form::Discovery => return None,
        Form::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
        // They may be older than their definition, and are then not shown as they are stored.
        Form::Whole if resource.is_custom => return None,
        Form::Whole => (resource.kind.as_str(), resource.api_version()),
    };
    // The list says of which kind they are.
    let is_said = is_in_list && format.form == Form::Whole;
    let first = match is_said {
        true => String::new(),
        false => format!(
            "\"kind\":{},\"apiVersion\":{},",
            Value::from(kind),
            Value::from(api_version)
        ),
    };
    Some(Shape {
        first,
        kept: match format.form {
            Form::Metadata => Kept::Metadata,
            _ => Kept::AllBut(KIND),
        },
        unfolded: FOLDED,
    })
}

/// A list of objects that are text already.
pub(super) fn list(
    resource: &Resource,
    form: Form,
    metadata: Map<String, Value>,
    items: &[ObjectText],
) -> Vec<u8> {
    let (kind, api_version) = list_head(resource, form);
    let length: usize = items.iter().map(|item| item.len() + 1).sum();
    let head = format!(
        "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{},\"items\":[",
        Value::from(kind),
        Value::from(api_version),
        Value::from(metadata)
    );
    let mut text = Vec::with_capacity(head.len() + length + 2);
    text.extend_from_slice(head.as_bytes());
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        text.extend_from_slice(item);
    }
    text.extend_from_slice(b"]}");
    text
}
