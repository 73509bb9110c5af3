//! Secrets as KServe's credential builder reads them: settings of S3 in annotations, everything else
//! told by its keys.

use bowline_core::{Protocol, Secret, names};

use super::{Dressing, kserve_annotations, texts};
use crate::convert::Written;
use crate::convert::neutral::protocol;

/// Keys of S3 that KServe takes from the Secret or from our annotations.
const READ: [&str; 7] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_S3_ENDPOINT",
    "AWS_DEFAULT_REGION",
    "AWS_S3_VERIFY_SSL",
    "AWS_S3_USE_PATH_STYLE",
    "awsAnonymousCredential",
];

pub(in crate::convert) fn write(secrets: &[Secret]) -> Written {
    super::write(secrets, |secret, losses| {
        let protocol = protocol(secret);
        if let Some(Protocol::S3) = protocol {
            let unread = secret
                .data
                .keys()
                .filter(|key| !READ.contains(&key.as_str()));
            unread.for_each(|key| {
                losses.unused(secret, key, format!("KServe does not read `{key}`"))
            });
        } else if protocol == Some(Protocol::Git) {
            losses.unused(secret, "protocol", "KServe fetches nothing from Git");
        }
        let mut annotations = texts([
            (names::DISPLAY_NAME, secret.annotation(names::DISPLAY_NAME)),
            (names::DESCRIPTION, secret.annotation(names::DESCRIPTION)),
        ]);
        if protocol == Some(Protocol::S3) {
            annotations.extend(kserve_annotations(secret));
        }
        Dressing {
            labels: texts([]),
            annotations,
        }
    })
}
