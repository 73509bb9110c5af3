//! Secrets as Alauda AI's manual describes them.

use bowline_core::{Protocol, Secret, names};

use super::{Dressing, kserve_annotations, tell_incomplete, texts};
use crate::convert::Written;
use crate::convert::neutral::protocol;

pub(in crate::convert) fn write(secrets: &[Secret]) -> Written {
    super::write(secrets, |secret, losses| {
        let protocol = protocol(secret);
        let type_ = match protocol {
            Some(Protocol::S3) => Some("ct-s3-storage"),
            Some(Protocol::Uri) => Some("ct-uri"),
            Some(Protocol::Oci) => Some("ct-oci"),
            _ => {
                losses.unused(
                    secret,
                    "protocol",
                    "Alauda AI has no type for this protocol and keeps the Secret as it is",
                );
                None
            }
        };
        tell_incomplete(secret, protocol, losses);
        if secret.annotation(names::DESCRIPTION).is_some() {
            losses.unused(secret, names::DESCRIPTION, "Alauda AI shows no description");
        }
        let mut annotations = texts([
            (
                names::ALAUDA_DISPLAY_NAME,
                secret.annotation(names::DISPLAY_NAME),
            ),
            (names::DESCRIPTION, secret.annotation(names::DESCRIPTION)),
            (names::ALAUDA_TYPE_REF, type_),
            (names::ALAUDA_PROTOCOL, protocol.map(Protocol::as_str)),
        ]);
        if protocol == Some(Protocol::S3) {
            annotations.extend(kserve_annotations(secret));
        }
        Dressing {
            labels: texts([(names::ALAUDA_DASHBOARD_LABEL, Some("true"))]),
            annotations,
        }
    })
}
