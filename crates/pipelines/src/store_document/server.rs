//! A document for the pipeline server of a project of Open Data Hub or OpenShift AI, in place of a
//! whole Kubeflow: of the store it says what its operator can be told, and of the rest nothing.

use bowline_core::Severity;

use crate::dspa;
use crate::finding::Rule;
use crate::model::{Addressing, Deployment, PipelineServer};
use crate::reading::{Reader, View};

const NAMESPACE: Rule = Rule::refusal("missing");
const SECRET: Rule = Rule::refusal("server-secret");
const TOKEN: Rule = Rule::silent("session-token", Severity::Error);
const UNUSED: Rule = Rule::silent("not-for-a-server", Severity::Warning);
const ADDRESSING: Rule = Rule::silent("addressing", Severity::Error);

/// Parts of a document that a pipeline server has no place for.
const ELSEWHERE: [&str; 4] = ["layout", "namespaces", "profiles", "onlyListed"];

/// What `whole`, read as for a whole Kubeflow, is for one pipeline server.
pub(super) fn deployment(
    reader: &mut Reader<'_>,
    root: &View<'_>,
    whole: Deployment,
) -> Option<Deployment> {
    let spec = root.child("spec");
    let namespace_view = root.at("metadata.namespace");
    let server = PipelineServer {
        name: reader.text(&spec.child("pipelineServer"), ""),
        namespace: reader.text(&namespace_view, ""),
    };
    if server.namespace.is_empty() {
        let message = format!("`{}` is required", namespace_view.path);
        let help = "name the project of the pipeline server";
        reader.report(NAMESPACE, &namespace_view, message, help);
        return None;
    }
    for key in ELSEWHERE {
        let view = spec.child(key);
        if view.is_set() {
            let message = format!("`{}` means nothing to a pipeline server", view.path);
            let help = "remove it, or `pipelineServer`";
            reader.report(UNUSED, &view, message, help);
        }
    }
    addressing(reader, &spec, &whole);
    let secret = whole.backend.keys().cloned();
    let Some(mut secret) = secret.filter(|secret| secret.namespace == server.namespace) else {
        let view = spec.child("auth");
        let message = format!(
            "a pipeline server signs in with keys from a Secret of its own namespace `{}` only",
            server.namespace
        );
        let help = "name a `connection` there, without `auth`";
        reader.report(SECRET, &view, message, help);
        return None;
    };
    if secret.session_token_key.take().is_some() {
        let view = spec.child("connection");
        let message = "the connection has a session token, and a pipeline server cannot be told one: its requests would be refused".to_owned();
        let help = "use a connection with keys that last";
        reader.report(TOKEN, &view, message, help);
    }
    let (kfp, argo) = (whole.releases.kfp, whole.releases.argo);
    let mut deployment = dspa::of_server(server, whole.store, secret, kfp);
    deployment.releases.argo = argo;
    Some(deployment)
}

fn addressing(reader: &mut Reader<'_>, spec: &View<'_>, whole: &Deployment) {
    if whole.store.addressing == Addressing::Virtual {
        let view = spec.child("addressing");
        let message = format!(
            "`{}` is `virtual`, and a pipeline server cannot be told where the bucket's name goes",
            view.path
        );
        let help = "use a store that takes it in the path";
        reader.report(ADDRESSING, &view, message, help);
    }
}
