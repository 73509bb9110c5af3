//! No text that Bowline makes of a connection repeats a value, plain or in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::connection::Connection;

/// Values that take the checks down different paths, each around a canary.
const SHAPES: [&str; 22] = [
    "{}",
    "{}\n",
    " {} ",
    "\"{}\"",
    "\u{feff}{}",
    "<{}>",
    "https://{}",
    "https://{}.example/{}?sig={}#{}",
    "https://{}:{}@host.example/{}",
    "hf://{}/{}",
    "oci://{}/{}:{}@{}",
    "pvc://{}/../{}",
    "s3://{}/{}",
    "{}://{}",
    "git@{}:{}",
    "AKIA{}",
    "[\"{}\"]",
    "{\"{}\": \"{}\"}",
    "{\"auths\": {\"{}\": {\"auth\": \"{}\"}}}",
    "{\"type\": \"{}\", \"client_email\": \"{}\"}",
    "-----BEGIN {} PRIVATE KEY-----\n{}\n-----END {} PRIVATE KEY-----",
    "{}\0\r\n{}",
];

fn good() -> impl Strategy<Value = Given> {
    let all = [
        s3(),
        kserve_s3(),
        uri(),
        oci(),
        gcs(),
        azure(),
        git(),
        git_ssh(),
    ];
    let markers = [
        None,
        Some((names::PROTOCOL, "S3")),
        Some((names::TYPE_REF, "s3")),
        Some((names::TYPE_REF, "our-store")),
        Some((names::LEGACY_TYPE, "s3")),
        Some((names::ALAUDA_PROTOCOL, "azure")),
        Some((names::ALAUDA_TYPE_REF, "ct-store")),
        Some((names::KSERVE_S3_REGION, "us-east-1")),
    ];
    (
        select(all.to_vec()),
        any::<bool>(),
        select(markers.to_vec()),
    )
        .prop_map(|(given, keep, marker)| {
            let given = if keep {
                given
            } else {
                given.unannotate(names::PROTOCOL)
            };
            marker.map_or(given.clone(), |(key, value)| given.annotate(key, value))
        })
}

/// Every key that any protocol or dialect knows, and one that nobody knows.
fn keys() -> Vec<&'static str> {
    let own = Protocol::ALL
        .into_iter()
        .flat_map(Protocol::fields)
        .map(|field| field.key);
    let others = [
        "awsAccessKeyID",
        "awsSecretAccessKey",
        "S3_ENDPOINT",
        "S3_VERIFY_SSL",
        "S3_USE_HTTPS",
        "awsAnonymousCredential",
        "AZ_CLIENT_ID",
        "AZ_TENANT_ID",
        "AZ_CLIENT_SECRET",
        "custom",
    ];
    own.chain(others).collect()
}

/// Everything that is ever shown of a Secret.
fn shown(secret: &Secret) -> String {
    let recognition = Connection::from_secret(secret.clone());
    let texts = match &recognition {
        Recognition::Connection(c) => format!("{} {} {:?}", c.why(), c.display_name(), c.access()),
        Recognition::Candidate(c) => format!("{} {}", c.reason, c.help),
        Recognition::Other(_) => String::new(),
    };
    format!(
        "{recognition:?} {texts} {:?} {}",
        findings(secret),
        json!(findings(secret))
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_value_is_ever_shown(
        given in good(),
        values in proptest::collection::vec((select(keys()), select(SHAPES.to_vec()), any::<bool>()), 1..60),
        canary in "[a-zA-Z0-9]{24}",
    ) {
        let given = values.into_iter().fold(given, |given, (key, shape, is_encoded)| {
            let value = shape.replace("{}", &canary);
            given.set(key, &if is_encoded { STANDARD.encode(value) } else { value })
        });
        let shown = shown(&given.0);
        for offset in 0..3 {
            // Base64 of the canary at each alignment, without the characters that neighbours share.
            let encoded = STANDARD.encode("x".repeat(offset) + &canary);
            prop_assert!(!shown.contains(&encoded[4..28]), "{}", shown);
        }
        prop_assert!(!shown.to_lowercase().contains(&canary.to_lowercase()), "{}", shown);
    }
}
