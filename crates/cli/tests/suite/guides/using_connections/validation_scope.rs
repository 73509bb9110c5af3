//! Heading 3.4.3 "Validation scope": a Secret is never refused for being a bad connection, a
//! workload that names a bad one is.

use rstest::rstest;

use super::{S3, URI, inference_service, llm_inference_service};
use crate::project::Project;

/// Chapter "Using connections", heading "Validation scope": advice, not restriction.
#[rstest]
#[case::no_bucket(
    "  AWS_S3_BUCKET: \"harbour-soundings\"\n",
    "",
    "`AWS_S3_BUCKET` is missing"
)]
#[case::no_scheme(
    "https://s3.harbour.example",
    "s3.harbour.example",
    "does not start with `http://`"
)]
#[case::empty_key("\"harbour-key-id\"", "\"\"", "`AWS_ACCESS_KEY_ID` is empty")]
#[case::unknown_protocol("\"s3\"", "\"S3\"", "is not a protocol")]
#[case::line_end(
    "\"harbour-key-id\"",
    "\"harbour-key-id\\n\"",
    "ends with a line break"
)]
fn validation_scope_a_faulty_secret_is_created_with_a_warning(
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] warning: &str,
) {
    let project = Project::new("pier");
    project
        .apply(&S3.replace(right, wrong))
        .prints("secret/soundings created")
        .warns(warning);
    assert!(project.has("secret soundings"));
}

/// Chapter "Using connections", heading "Validation scope": without the annotation there is no
/// validation to trigger.
#[test]
fn validation_scope_a_secret_without_annotation_is_created_without_a_word() {
    let project = Project::new("pier");
    project
        .run("kubectl create secret generic ropes --from-literal=length=40")
        .is_quiet();
}

/// Chapter "Using connections", heading "Validation scope": warnings come on updates, too.
#[test]
fn validation_scope_an_update_that_breaks_a_connection_is_commented_on() {
    let project = Project::new("pier");
    project.apply(S3);
    project
        .run("kubectl patch secret soundings --type=json -p='[{\"op\": \"remove\", \"path\": \"/data/AWS_S3_BUCKET\"}]'")
        .prints("secret/soundings patched")
        .warns("`AWS_S3_BUCKET` is missing");
}

/// Chapter "Using connections", heading "Validation scope": workloads are denied at once what would
/// fail at run time.
#[rstest]
#[case::missing("lost", S3, "names Secret `lost`, which you cannot use in namespace")]
#[case::wrong_protocol("soundings", "S3", "`opendatahub.io/connection-type-protocol: S3`")]
#[case::no_bucket(
    "soundings",
    "no bucket",
    "Secret `soundings` names no bucket: set key `AWS_S3_BUCKET`"
)]
fn validation_scope_a_workload_is_denied_an_unusable_connection(
    #[case] reference: &str,
    #[case] secret: &str,
    #[case] message: &str,
) {
    let project = Project::new("pier");
    project.apply(&match secret {
        "S3" => S3.replace("\"s3\"", "\"S3\""),
        "no bucket" => S3.replace("  AWS_S3_BUCKET: \"harbour-soundings\"\n", ""),
        whole => whole.to_owned(),
    });
    project
        .apply_fails(&llm_inference_service(reference, Some("models/pilot")))
        .complains("Error from server (Forbidden)")
        .complains("bowline denied the request")
        .complains(message);
    assert!(!project.has("llminferenceservice harbour-pilot"));
}

/// Chapter "Using connections", heading "Validation scope": a URI with a login inside is stored, but
/// not copied to where it could be read, and not repeated in any message.
#[test]
fn validation_scope_a_login_inside_of_a_uri_is_not_copied_into_a_workload() {
    let project = Project::new("pier");
    let password = project.canary.replace('/', "%2F").replace('+', "%2B");
    let secret = URI.replace("https://", &format!("https://reader:{password}@"));
    project
        .apply(&secret)
        .prints("created")
        .warns("`URI` holds a user name or password");
    project
        .apply_fails(&inference_service("berth-model", None))
        .complains("Secret `berth-model` has a login inside of `URI`");
}
