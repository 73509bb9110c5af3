//! Bowline's admission as the embedded API calls it: in process, on whole objects.

use std::sync::Arc;

use bowline_apiserver as api;
use bowline_core::WorkloadKind;
use bowline_core::plan::{Denial, Operation, Request, Warning};
use bowline_operator::admission::{DEADLINE, claim_warning, secret_warnings};
use bowline_operator::secrets::on_delete;
use bowline_operator::{Admission, Cluster, User, Users, metrics, spans};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;
use tracing::{Instrument as _, Span};

/// Admission plugged into the embedded API.
pub(crate) struct Embedded<C> {
    /// Decides on workloads.
    pub(crate) admission: Arc<Admission<C>>,
    /// Knows who uses a Secret.
    pub(crate) users: Arc<dyn Users>,
}

impl<C: Cluster> api::Admission for Embedded<C> {
    fn admit(&self, request: api::AdmissionRequest) -> BoxFuture<'_, api::Verdict> {
        async move {
            let kind = &request.kind;
            let workload = WorkloadKind::of(&kind.group, &kind.version, &kind.kind);
            let is_secret = kind.group.is_empty() && kind.kind == "Secret";
            if request.subresource.is_some() || (workload.is_none() && !is_secret) {
                return api::Verdict::allow();
            }
            let span = span(&request);
            let verdict = match workload {
                Some(kind) => {
                    let admit = self.admit_workload(kind, request);
                    admit.instrument(span.clone()).await
                }
                None => self.admit_secret(&request).instrument(span.clone()).await,
            };
            spans::reviewed(&span, outcome(&verdict));
            verdict
        }
        .boxed()
    }
}

impl<C: Cluster> Embedded<C> {
    async fn admit_secret(&self, request: &api::AdmissionRequest) -> api::Verdict {
        let Some(old) = goes(request) else {
            return self.admit_written(request).await;
        };
        match on_delete(old, &request.namespace, &self.users) {
            Ok(warning) => warn(&Vec::from_iter(warning)),
            Err(denial) => deny(&denial),
        }
    }

    async fn admit_written(&self, request: &api::AdmissionRequest) -> api::Verdict {
        let mut warnings = secret_warnings(&request.object);
        let (before, user) = (request.old_object.as_ref(), user(&request.user));
        let object = self
            .admission
            .without_claims(&request.object, before, &request.namespace, &user)
            .await;
        warnings.extend(object.is_some().then(claim_warning));
        api::Verdict::Allow {
            object,
            warnings: texts(&warnings),
            afterwards: None,
        }
    }

    async fn admit_workload(
        &self,
        kind: WorkloadKind,
        from: api::AdmissionRequest,
    ) -> api::Verdict {
        let operation = match from.operation {
            api::Operation::Create => Operation::Create,
            api::Operation::Update => Operation::Update,
            api::Operation::Delete => return api::Verdict::allow(),
        };
        let request = Request {
            kind,
            operation,
            namespace: &from.namespace,
            object: &from.object,
            before: from.old_object.as_ref(),
        };
        let plan = match self.admission.decide(&request, &user(&from.user)).await {
            Ok(plan) => plan,
            Err(denial) => return deny(&denial),
        };
        let (admission, namespace, accounts) = (
            Arc::clone(&self.admission),
            from.namespace.clone(),
            plan.accounts,
        );
        let afterwards = (!accounts.is_empty()).then(|| {
            async move {
                let done = admission.carry_out(&namespace, &accounts, DEADLINE);
                texts(&done.await)
            }
            .boxed()
        });
        api::Verdict::Allow {
            object: plan.object,
            warnings: texts(&plan.warnings),
            afterwards,
        }
    }
}

fn span(request: &api::AdmissionRequest) -> Span {
    let operation = match request.operation {
        api::Operation::Create => "CREATE",
        api::Operation::Update => "UPDATE",
        api::Operation::Delete => "DELETE",
    };
    let kind = &request.kind.kind;
    spans::review(kind, operation, &request.namespace, &request.name)
}

fn outcome(verdict: &api::Verdict) -> metrics::Verdict {
    match verdict {
        api::Verdict::Deny(_) => metrics::Verdict::Denied,
        api::Verdict::Allow { object, .. } if object.is_some() => metrics::Verdict::Patched,
        api::Verdict::Allow { .. } => metrics::Verdict::Allowed,
    }
}

/// The object that is to be deleted.
fn goes(request: &api::AdmissionRequest) -> Option<&Value> {
    let is_deletion = request.operation == api::Operation::Delete;
    request.old_object.as_ref().filter(|_| is_deletion)
}

fn user(from: &api::UserInfo) -> User {
    User {
        name: from.name.clone(),
        uid: Some(from.uid.clone()).filter(|uid| !uid.is_empty()),
        groups: from.groups.clone(),
        extra: from.extra.clone(),
    }
}

fn warn(warnings: &[Warning]) -> api::Verdict {
    api::Verdict::Allow {
        object: None,
        warnings: texts(warnings),
        afterwards: None,
    }
}

fn texts(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(Warning::to_string).collect()
}

fn deny(denial: &Denial) -> api::Verdict {
    let (code, reason) = match denial {
        Denial::Forbidden(_) => (403, "Forbidden"),
        Denial::Unavailable(_) => (503, "ServiceUnavailable"),
    };
    let message = format!("bowline denied the request: {denial}");
    api::Verdict::Deny(api::Denial {
        code,
        reason: reason.to_owned(),
        message,
    })
}

#[cfg(test)]
mod tests;
