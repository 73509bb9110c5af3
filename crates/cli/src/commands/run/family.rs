//! Variables that say the same things as a protocol's connections: a leftover of one's own shell beside
//! a connection would mix two accounts. Pure.

use bowline_core::Protocol;

/// What a protocol's programs read besides the fields of connections.
struct Family {
    /// What names begin with.
    prefixes: &'static [&'static str],
    /// Whole names.
    names: &'static [&'static str],
}

/// Git's other variables say who writes and how it looks, which is the person's own business.
const fn family(protocol: Protocol) -> Family {
    let (prefixes, names): (&[&str], &[&str]) = match protocol {
        Protocol::S3 => (&["AWS_"], &["S3_ENDPOINT", "S3_USE_HTTPS", "S3_VERIFY_SSL"]),
        Protocol::Uri => (&[], &["HF_TOKEN_PATH", "HUGGING_FACE_HUB_TOKEN"]),
        Protocol::Oci => (&[], &[]),
        Protocol::Gcs => (
            &["GOOGLE_", "CLOUDSDK_AUTH_"],
            &[
                "CLOUDSDK_CORE_ACCOUNT",
                "CLOUDSDK_CORE_PROJECT",
                "GCLOUD_PROJECT",
            ],
        ),
        Protocol::Azure => (&["AZURE_", "AZ_"], &[]),
        Protocol::Git => (
            &["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"],
            &[
                "GIT_ASKPASS",
                "GIT_CONFIG_COUNT",
                "GIT_CONFIG_PARAMETERS",
                "GIT_SSH",
                "GIT_SSH_COMMAND",
            ],
        ),
    };
    Family { prefixes, names }
}

/// Whether a variable belongs to a protocol.
pub fn has(protocol: Protocol, name: &str) -> bool {
    let Family { prefixes, names } = family(protocol);
    protocol.field(name).is_some()
        || names.contains(&name)
        || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Protocol::S3, "AWS_PROFILE", true)]
    #[case(Protocol::S3, "AWS_SESSION_TOKEN", true)]
    #[case(Protocol::S3, "AWSOME", false)]
    #[case(Protocol::S3, "AZURE_CLIENT_ID", false)]
    #[case(Protocol::Azure, "AZURE_CLIENT_ID", true)]
    #[case(Protocol::Azure, "AZ_CLIENT_SECRET", true)]
    #[case(Protocol::Gcs, "GOOGLE_APPLICATION_CREDENTIALS", true)]
    #[case(Protocol::Gcs, "CLOUDSDK_PYTHON", false)]
    #[case(Protocol::Git, "GIT_TOKEN", true)]
    #[case(Protocol::Git, "GIT_ASKPASS", true)]
    #[case(Protocol::Git, "GIT_AUTHOR_NAME", false)]
    #[case(Protocol::Git, "GIT_EDITOR", false)]
    #[case(Protocol::Uri, "HF_TOKEN", true)]
    #[case(Protocol::Uri, "HF_HOME", false)]
    #[case(Protocol::Oci, "DOCKER_CONFIG", false)]
    fn a_variable_belongs_to_whose_accounts_it_speaks_of(
        #[case] protocol: Protocol,
        #[case] name: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(has(protocol, name), expected);
    }
}
