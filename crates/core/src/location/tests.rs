use proptest::prelude::*;
use rstest::rstest;

use super::*;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn http(host: &str, path: &str) -> Location {
    Location::Http {
        host: host.into(),
        path: path.into(),
    }
}
fn https(host: &str, path: &str) -> Location {
    Location::Https {
        host: host.into(),
        path: path.into(),
    }
}
fn hf(repository: &str, revision: Option<&str>) -> Location {
    Location::HuggingFace {
        repository: repository.into(),
        revision: revision.map(Into::into),
    }
}
fn claim(claim: &str, path: &str) -> Location {
    Location::Pvc {
        claim: claim.into(),
        path: path.into(),
    }
}
fn image(registry: &str, repository: &str, reference: Option<&str>) -> Location {
    let reference = reference.map(Into::into);
    Location::Oci {
        registry: registry.into(),
        repository: repository.into(),
        reference,
    }
}
fn s3(bucket: &str, key: &str) -> Location {
    Location::S3 {
        bucket: bucket.into(),
        key: key.into(),
    }
}
fn gs(bucket: &str, key: &str) -> Location {
    Location::Gs {
        bucket: bucket.into(),
        key: key.into(),
    }
}

#[rstest]
#[case(
    "http://models.example:8080/a/b.onnx",
    http("models.example:8080", "/a/b.onnx")
)]
#[case("https://models.example", https("models.example", "/"))]
#[case("https://models.example/a?version=2", https("models.example", "/a"))]
#[case("https://ada:pw@models.example/a", https("models.example", "/a"))]
#[case("https://[::1]:9000/a", https("[::1]:9000", "/a"))]
#[case("hf://org/model", hf("org/model", None))]
#[case("hf://org/Model-7B_v1.5:main", hf("org/Model-7B_v1.5", Some("main")))]
#[case("pvc://models", claim("models", ""))]
#[case("pvc://models/llama/7b/", claim("models", "llama/7b"))]
#[case("pvc://claim.with.dots/x", claim("claim.with.dots", "x"))]
#[case(
    "oci://quay.io/org/model:v1",
    image("quay.io", "org/model", Some("v1"))
)]
#[case("oci://localhost:5000/model", image("localhost:5000", "model", None))]
#[case(&format!("oci://quay.io/org/model@{DIGEST}"), image("quay.io", "org/model", Some(DIGEST)))]
#[case(&format!("oci://quay.io/m:1@{DIGEST}"), image("quay.io", "m", Some(&format!("1@{DIGEST}"))))]
#[case("s3://bucket/a/b", s3("bucket", "a/b"))]
#[case("s3://bucket", s3("bucket", ""))]
#[case("s3://key:secret@bucket/a", s3("bucket", "a"))]
#[case("gs://bucket_1/a", gs("bucket_1", "a"))]
#[case("hdfs://node/a", Location::Other { scheme: "hdfs".into() })]
#[case("oci+native://quay.io/a", Location::Other { scheme: "oci+native".into() })]
fn a_location_is_read(#[case] text: &str, #[case] expected: Location) {
    assert_eq!(parse(text), Ok(expected));
}

#[rstest]
#[case("", "it is empty")]
#[case("models/a", "no scheme")]
#[case("s3:/bucket/a", "no scheme")]
#[case("s3://bucket/a b", "blank")]
#[case("s3://bucket/a\n", "blank")]
#[case("s3://bucket/\u{7}", "control character")]
#[case("S3://bucket/a", "did you mean `s3://`?")]
#[case("httsp://models.example", "did you mean `https://`?")]
#[case("gopher://models.example", "nobody reads this scheme")]
#[case("https:///a", "the host is missing")]
#[case("https://", "the host is missing")]
#[case("https://host:99999/", "host or port is malformed")]
#[case("hf://model", "exactly an organisation and a name")]
#[case("hf://org/model/extra", "exactly an organisation and a name")]
#[case("hf:///model", "organisation or name is empty")]
#[case("hf://org/", "organisation or name is empty")]
#[case("hf://org/mo@del", "organisation or name is empty")]
#[case("hf://org/model:", "the revision")]
#[case("pvc:///path", "the claim's name")]
#[case("pvc://Claim/path", "the claim's name")]
#[case("pvc://claim/../etc", "leaves the volume")]
#[case("oci://quay.io", "the repository is missing")]
#[case("oci://quay.io/Org/model", "not lower case")]
#[case("oci://quay.io//model", "the repository is missing")]
#[case("oci:///model", "the registry's host")]
#[case("oci://quay.io:0/model", "the registry's host or port")]
#[case("oci://quay.io:+5/model", "the registry's host or port")]
#[case("oci://quay.io/model:", "the tag is malformed")]
#[case("oci://quay.io/model@sha256:12", "the digest")]
#[case("s3:///key", "the bucket is missing")]
#[case("gs://buc<ket/a", "the bucket has other than")]
fn a_text_that_is_no_location_says_why(#[case] text: &str, #[case] expected: &str) {
    let error = parse(text).expect_err("must fail").to_string();
    assert!(error.contains(expected), "{error}");
}

#[rstest]
#[case("https://ada@models.example", true)]
#[case("https://ada:pw@models.example/a", true)]
#[case("https:/\\ada:pw@models.example/a", true)]
#[case("s3://key:secret@bucket/a", true)]
#[case("oci://quay.io/model@sha256:12", false)]
#[case("https://models.example/a@b", false)]
#[case("https://models.example?user=a@b", false)]
fn a_login_before_the_host_is_seen(#[case] text: &str, #[case] expected: bool) {
    assert_eq!(has_userinfo(text), expected);
}

#[rstest]
#[case(
    "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Signature=0",
    true
)]
#[case(
    "https://b.s3.amazonaws.com/k?AWSAccessKeyId=A&Signature=B&Expires=1",
    true
)]
#[case("https://storage.googleapis.com/b/k?X-Goog-Signature=0", true)]
#[case("https://a.blob.core.windows.net/c/k?sv=2024-01-01&sig=abc", true)]
#[case("https://a.example/k?%73ig=abc", true)]
#[case("https://a.example/k?version=3", false)]
#[case("https://a.example/sig=1", false)]
fn a_signed_url_is_seen(#[case] text: &str, #[case] expected: bool) {
    assert_eq!(looks_signed(text), expected);
}

#[rstest]
#[case("s3", "bucket", "a/b", "s3://bucket/a/b")]
#[case("s3", "bucket", "/a//b/", "s3://bucket/a/b")]
#[case("s3", "bucket/", "", "s3://bucket")]
#[case("oci", "quay.io/org/", " model:v1\n", "oci://quay.io/org/model:v1")]
fn parts_are_joined_by_one_slash(
    #[case] scheme: &str,
    #[case] root: &str,
    #[case] path: &str,
    #[case] expected: &str,
) {
    assert_eq!(join(scheme, root, path), expected);
}

#[rstest]
#[case("quay.io", "quay.io")]
#[case(" https://quay.io/org/ \n", "quay.io/org")]
#[case("oci://quay.io:443//org", "quay.io:443/org")]
#[case("https://ada:pw@quay.io/org", "quay.io/org")]
#[case("https://", "")]
#[case("/", "")]
fn a_registry_root_is_bare(#[case] host: &str, #[case] expected: &str) {
    assert_eq!(registry_root(host), expected);
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC{0,60}") {
        let _ = (parse(&text), has_userinfo(&text), looks_signed(&text), registry_root(&text));
    }

    #[test]
    fn joined_parts_never_hold_an_empty_step(root in "[a-z/ ]{0,12}", path in "[a-z/ ]{0,12}") {
        let joined = join("s3", &root, &path);
        let rest = joined.strip_prefix("s3://").expect("the scheme");
        prop_assert!(rest.is_empty() || rest.split('/').all(|step| !step.is_empty()), "{}", joined);
    }

    #[test]
    fn an_error_never_repeats_the_input(secret in "[a-zA-Z0-9]{20}", scheme in "(s3|hf|pvc|oci|gs|https|x)") {
        for text in [format!("{scheme}://{secret} /"), format!("{scheme}:// {secret}"), secret.clone()] {
            if let Err(error) = parse(&text) {
                prop_assert!(!format!("{error} {error:?}").contains(&secret), "{}", error);
            }
        }
    }
}
