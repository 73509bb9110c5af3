//! OpenAPI v2 in protobuf (`openapi.v2.Document`), the only form that old clients read. It has no
//! schemas, which tells those clients to leave checking to the server, and of the paths only what
//! says that the server takes dry runs.

use super::components::gvk;
use super::path_of;
use crate::registry::Kinds;
use crate::resource::{Nature, Resource};

/// The media type of this form.
pub(super) const MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The whole document.
pub(super) fn document(kinds: &Kinds) -> Vec<u8> {
    let info = [text(1, "Kubernetes"), text(2, env!("CARGO_PKG_VERSION"))].concat();
    let stored = kinds
        .iter()
        .filter(|resource| resource.nature == Nature::Stored);
    let paths: Vec<u8> = stored
        .flat_map(|resource| field(2, &named_path(resource)))
        .collect();
    [text(1, "2.0"), field(2, &info), field(8, &paths)].concat()
}

/// `NamedPathItem`: the path of one object, with its `patch`.
fn named_path(resource: &Resource) -> Vec<u8> {
    let inside = if resource.is_namespaced {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    let path = format!(
        "/{}{inside}/{}/{{name}}",
        path_of(resource),
        resource.plural
    );
    [text(1, &path), field(2, &field(8, &operation(resource)))].concat()
}

/// `Operation`: its parameters, and which kind it is about.
fn operation(resource: &Resource) -> Vec<u8> {
    let kind = gvk(resource, &resource.kind).to_string();
    let extension = [
        text(1, "x-kubernetes-group-version-kind"),
        field(2, &text(2, &kind)),
    ]
    .concat();
    [field(8, &parameter("dryRun")), field(13, &extension)].concat()
}

/// `ParametersItem`: a parameter of the query, which is the third of those without a body.
fn parameter(name: &str) -> Vec<u8> {
    let query = [text(2, "query"), text(4, name), text(6, "string")].concat();
    field(1, &field(2, &field(3, &query)))
}

fn text(number: u8, text: &str) -> Vec<u8> {
    field(number, text.as_bytes())
}

/// A field with a length, whose number is below 16.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![(number << 3) | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push((length & 0x7f) as u8);
    field.extend_from_slice(bytes);
    field
}
