//! An AdmissionReview from anybody: reading it, planning on it and answering it must not panic.
#![no_main]

use bowline_core::diff::diff;
use bowline_core::plan::{Lookup, Operation, Request};
use bowline_core::{WorkloadKind, needs, plan};
use bowline_operator::review::{Response, parse_whole, parse_workload};
use bowline_operator::server::answer_validate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let _ = parse_whole(body);
    let _ = answer_validate(&(), body);
    let Ok(review) = parse_workload(body) else { return };
    let kind = WorkloadKind::of(&review.kind.group, &review.kind.version, &review.kind.kind);
    let (Some(kind), Some(object)) = (kind, &review.object) else { return };
    let request = Request {
        kind,
        operation: if review.old_object.is_some() { Operation::Update } else { Operation::Create },
        namespace: &review.namespace,
        object: &object.0,
        before: review.old_object.as_ref().map(|old| &old.0),
    };
    let _ = needs(&request);
    if let Ok(plan) = plan(&request, &Lookup::new()) {
        let patch = plan.object.as_ref().map(|after| diff(&object.0, after)).unwrap_or_default();
        Response::allow(review.uid.clone(), &patch, &plan.warnings).to_json();
    }
});
