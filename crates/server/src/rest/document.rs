//! The frame of the OpenAPI document: what it says about the whole API, ways to sign in, and the
//! answers that every operation can give. Operations are described where they are handled.

use std::collections::BTreeMap;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ContentBuilder, Object, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type,
};
use utoipa::{IntoResponses, ToSchema as _};

use crate::guard::CSRF_HEADER;
use crate::problem::{MEDIA_TYPE, Problem};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Bowline",
        description = "Connections of ML workloads to their data, and the types that they are made from. \
            Every request acts with its sender's own Kubernetes rights.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "connections", description = "Connections of projects; lists never carry values"),
        (name = "connection types", description = "The forms that connections are made from"),
        (name = "usage", description = "Which workloads use which connections"),
        (name = "tests", description = "Whether connections work, proved against their endpoints"),
        (name = "pipelines", description = "The object store of Kubeflow Pipelines: objects, policies and checks from one description"),
        (name = "sign-in", description = "Who the sender is"),
    ),
    components(schemas(Problem)),
)]
struct Frame;

pub(super) fn frame() -> OpenApi {
    <Frame as utoipa::OpenApi>::openapi()
}

/// Adds what is the same for all operations.
pub(super) fn finished(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("bearer", bearer);
    let cookie = ApiKey::Cookie(ApiKeyValue::new("bowline-session"));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    let csrf =
        ApiKeyValue::with_description(CSRF_HEADER, "Any value; changes by a session need it");
    components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
    let none = <[&str; 0]>::default;
    document.security = Some(vec![
        SecurityRequirement::new("bearer", none()),
        SecurityRequirement::new("session", none()).add("csrf", none()),
    ]);
    document
}

/// The answers that every operation can give.
pub(super) struct Common;

impl IntoResponses for Common {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (400, "The request cannot be understood"),
            (401, "Who sends the request is not known"),
            (403, "The sender may not do this"),
            (404, "It is not there"),
            (429, "The sender has sent too many requests"),
            (500, "The server is at fault"),
            (503, "It does not work now"),
        ])
    }
}

/// The further answers of operations that change something.
pub(super) struct Changing;

impl IntoResponses for Changing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (408, "The body was not there in time"),
            (409, "It stands against something else"),
            (412, "It has changed in the meantime"),
            (413, "The body is too large"),
            (415, "The body is not said to be JSON"),
            (422, "What was sent breaks rules; all findings are listed"),
        ])
    }
}

fn problems(all: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let response = |(status, description): &(u16, &str)| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(Problem::name())))
            .build();
        let mut response = ResponseBuilder::new()
            .description(*description)
            .content(MEDIA_TYPE, content);
        if matches!(status, 429 | 503) {
            let seconds = HeaderBuilder::new().schema(Some(Object::with_type(Type::Integer)));
            let seconds = seconds.description(Some("Seconds to wait")).build();
            response = response.header("Retry-After", seconds);
        }
        (status.to_string(), RefOr::T(response.build()))
    };
    all.iter().map(response).collect()
}
