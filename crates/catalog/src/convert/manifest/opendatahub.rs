//! Secrets as Open Data Hub's and OpenShift AI's dashboard writes them.

use bowline_core::{Protocol, Secret, names};
use serde_json::Value;

use super::{Dressing, is_servable_s3, tell_incomplete, texts};
use crate::convert::Written;
use crate::convert::neutral::protocol;

pub(in crate::convert) fn write(secrets: &[Secret]) -> Written {
    super::write(secrets, |secret, losses| {
        let protocol = protocol(secret);
        if protocol.is_none() {
            losses.unused(
                secret,
                names::PROTOCOL,
                "nothing says which protocol it speaks, so no reader takes it for a connection",
            );
        }
        tell_incomplete(secret, protocol, losses);
        dressing(secret, protocol)
    })
}

/// The manifest of one Secret.
pub(in crate::convert) fn object(secret: &Secret) -> Value {
    super::object(secret, dressing(secret, protocol(secret)))
}

fn dressing(secret: &Secret, protocol: Option<Protocol>) -> Dressing {
    let is_servable = protocol == Some(Protocol::S3) && is_servable_s3(secret);
    let type_ = match protocol {
        Some(Protocol::S3) => Some("s3"),
        Some(Protocol::Uri) => Some("uri-v1"),
        Some(Protocol::Oci) => Some("oci-v1"),
        _ => None,
    };
    Dressing {
        labels: texts([
            (names::DASHBOARD_LABEL, Some("true")),
            (names::MANAGED_LABEL, is_servable.then_some("true")),
        ]),
        annotations: texts([
            (names::PROTOCOL, protocol.map(Protocol::as_str)),
            (names::TYPE_REF, type_),
            (names::LEGACY_TYPE, is_servable.then_some("s3")),
            (names::DISPLAY_NAME, secret.annotation(names::DISPLAY_NAME)),
            (names::DESCRIPTION, secret.annotation(names::DESCRIPTION)),
        ]),
    }
}
