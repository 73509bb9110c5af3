//! ODAHU's rules, order and texts, and what is better than they are.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const KEY: &str = "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=";
const ECR: &str = "5555555555.dkr.ecr.eu-central-1.amazonaws.com/odahuflow";
const NO_ECR: &str = "not valid uri for ecr type: docker-credential-ecr-login can only be used with Amazon Elastic Container Registry.";

fn draft(id: &str, spec: &Value) -> Draft {
    decode(json!({"id": id, "spec": spec}).to_string().as_bytes()).unwrap()
}

#[rstest]
#[case::everything("", json!({}), "ID is not valid; empty \"ID\"; empty uri; unknown type: . Supported types: [s3 gcs azureblob git docker ecr]")]
#[case::id_only("1a", json!({"type": "git", "uri": "a"}), "ID is not valid")]
#[case::base64_first("-", json!({"type": "docker", "password": "a", "keySecret": "b", "keyID": "c", "publicKey": "d"}),
    "password must be base64-encoded, error: illegal base64 data at input byte 0; key secret must be base64-encoded, error: illegal base64 data at input byte 0; \
     key id must be base64-encoded, error: illegal base64 data at input byte 0; public key must be base64-encoded, error: illegal base64 data at input byte 0; \
     ID is not valid; empty uri; docker type requires the username parameter")]
#[case::case_counts("a", json!({"type": "S3", "uri": "a"}), "unknown type: S3. Supported types: [s3 gcs azureblob git docker ecr]")]
#[case::s3("a", json!({"type": "s3", "uri": "a"}), "s3 type requires that region must be non-empty; s3 type requires that keyID and keySecret parameters must be non-empty")]
#[case::s3_half("a", json!({"type": "s3", "uri": "a", "region": "b", "role": "r", "keyID": KEY}), "s3 type requires that keyID and keySecret parameters must be non-empty")]
#[case::gcs("a", json!({"type": "gcs", "uri": "a", "role": "r"}), "gcs type requires that region must be non-empty; gcs type does not support role parameter yet must be non-empty; gcs type requires that keySecret parameter must be non-empty")]
#[case::azure("a", json!({"type": "azureblob", "uri": "a"}), "azureblob type requires that keySecret parameter contains HTTP endpoint with SAS Token")]
#[case::docker_user("a", json!({"type": "docker", "uri": "a", "username": "b"}), "docker type requires the password parameter")]
#[case::docker_password("a", json!({"type": "docker", "uri": "a", "password": KEY}), "docker type requires the username parameter")]
#[case::ecr("a", json!({"type": "ecr", "uri": "a"}), &format!("{NO_ECR}; ecr type requires that keyID and keySecret parameters must be non-empty"))]
#[case::ecr_no_uri("a", json!({"type": "ecr"}), "empty uri; ecr type requires that keyID and keySecret parameters must be non-empty")]
#[case::mask_on_create("a", json!({"type": "git", "uri": "a", "keySecret": MASK}), "key secret must be base64-encoded, error: illegal base64 data at input byte 0")]
fn what_is_refused(#[case] id: &str, #[case] spec: Value, #[case] findings: &str) {
    let refusal = draft(id, &spec).judge_new(None).err();
    assert_eq!(
        refusal,
        Some(format!("Validation of connection is failed: {findings}"))
    );
}

#[rstest]
#[case::role_for_keys(json!({"type": "s3", "uri": "s3://a", "region": "b", "role": "r"}))]
#[case::role_and_keys(json!({"type": "s3", "uri": "s3://a", "region": "b", "role": "r", "keyID": KEY, "keySecret": KEY}))]
#[case::ecr_role(json!({"type": "ecr", "uri": ECR, "role": "r"}))]
#[case::no_login(json!({"type": "docker", "uri": "registry.example"}))]
#[case::blank_uri(json!({"type": "git", "uri": " "}))]
#[case::scheme(json!({"type": "docker", "uri": "https://gcr.io/a"}))]
#[case::no_scheme(json!({"type": "s3", "uri": "a", "region": "b", "keyID": KEY, "keySecret": KEY}))]
#[case::https_git(json!({"type": "git", "uri": "https://git-host.example/a"}))]
#[case::hyphen_git(json!({"type": "git", "uri": "git@git-host.example:a"}))]
#[case::bare_git(json!({"type": "git", "uri": "git@host"}))]
#[case::fips(json!({"type": "ecr", "uri": "https://1.dkr.ecr-fips.us-gov-west-1.amazonaws.com.cn/a", "keyID": KEY, "keySecret": KEY}))]
#[case::line_ends(json!({"type": "git", "uri": "a", "keySecret": "Y\r\nQ==\n"}))]
fn what_is_taken(#[case] spec: Value) {
    draft("a", &spec).judge_new(None).expect("it makes sense");
}

#[rstest]
#[case("a", true)]
#[case(&"a".repeat(63), true)]
#[case(&"a".repeat(64), false)]
#[case("1abc", false)]
#[case("bad_id", false)]
#[case("Abc", false)]
#[case("a-", false)]
#[case("-a", false)]
#[case("a.b", false)]
#[case("a\n", false)]
#[case("a--b", true)]
#[case("é", false)]
#[case("", false)]
fn ids(#[case] id: &str, #[case] is_valid: bool) {
    assert_eq!(is_id(id), is_valid);
}

#[test]
fn the_region_of_a_registry_is_filled_in_and_one_that_is_given_stays() {
    let region = |spec: &Value| {
        let verdict = draft("a", spec).judge_new(None).unwrap();
        let record = verdict.create(jiff::Timestamp::UNIX_EPOCH);
        record.spec.text(Member::Region).to_owned()
    };
    let spec = json!({"type": "ecr", "uri": ECR, "keyID": KEY, "keySecret": KEY});
    assert_eq!(region(&spec), "eu-central-1");
    let mut other = spec;
    other["region"] = "us-east-1".into();
    assert_eq!(region(&other), "us-east-1");
}

#[test]
fn host_keys_become_the_public_key_and_their_failure_is_told_in_full() {
    let spec = json!({"type": "git", "uri": "git@h:a"});
    let failed = draft("a", &spec).judge_new(Some(Err("exit status 1".to_owned())));
    assert_eq!(
        failed.err().as_deref(),
        Some(
            "Validation of connection is failed: exit status 1; can not extract the public SSH host key from URI: exit status 1"
        )
    );
    let keys = Sensitive::from("h ssh-ed25519 AAAA\n");
    let record = draft("a", &spec).judge_new(Some(Ok(keys))).unwrap();
    let record = record.create(jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(record.spec.text(Member::PublicKey), "h ssh-ed25519 AAAA\n");
}

fn replaced(stored: &Record, spec: &Value) -> Result<Record, String> {
    let verdict = draft("tides", spec).judge_change(None)?;
    verdict.replace(stored, jiff::Timestamp::UNIX_EPOCH)
}

fn docker() -> Record {
    let members = [
        (Member::Uri, "quay.io/reef"),
        (Member::Username, "u"),
        (Member::Password, "word"),
    ];
    record(Type::Docker, &members)
}

#[rstest]
#[case::same_host(json!({"type": "docker", "uri": "quay.io/other", "username": "v", "password": MASK}), None)]
#[case::other_host(json!({"type": "docker", "uri": "ghcr.io/reef", "username": "u", "password": MASK}),
    Some("password is masked, but the connection would lead to another system; give it again"))]
#[case::nothing_stored(json!({"type": "docker", "uri": "quay.io/reef", "username": "u", "password": MASK, "keyID": MASK}),
    Some("keyID is masked, but there is no stored value to keep; give it"))]
#[case::not_a_masked_member(json!({"type": "git", "uri": "a", "publicKey": MASK}),
    Some("public key must be base64-encoded, error: illegal base64 data at input byte 0"))]
fn a_mask_keeps_only_what_is_there_for_the_same_place(
    #[case] spec: Value,
    #[case] refusal: Option<&str>,
) {
    let outcome = replaced(&docker(), &spec);
    let refusal = refusal.map(|text| format!("Validation of connection is failed: {text}"));
    assert_eq!(outcome.as_ref().err(), refusal.as_ref());
    if let Ok(record) = outcome {
        assert_eq!(record.spec.text(Member::Password), "word");
    }
}

#[rstest]
#[case("git@git.example:a", "git@git.example:b", true)]
#[case("git@git.example:a", "ssh://x@git.example:22/b", true)]
#[case("git@git.example:a", "ssh://git@git.example:2222/a", false)]
#[case("git@git.example:a", "git@evil.example:a", false)]
#[case("https://git.example/a", "https://git.example/b", true)]
#[case("https://git.example/a", "http://git.example/a", false)]
#[case("git@git.example", "git@evil.example", false)]
fn a_masked_key_goes_to_the_same_git_server_only(
    #[case] old: &str,
    #[case] new: &str,
    #[case] is_kept: bool,
) {
    let stored = record(
        Type::Git,
        &[(Member::Uri, old), (Member::KeySecret, "word")],
    );
    let spec = json!({"type": "git", "uri": new, "keySecret": MASK});
    assert_eq!(replaced(&stored, &spec).is_ok(), is_kept);
}

#[rstest]
#[case::left_out(json!({}), true)]
#[case::null(json!({"vital": null}), true)]
#[case::lifted(json!({"vital": false}), false)]
#[case::set(json!({"vital": true}), true)]
fn protection_ends_by_an_explicit_false_alone(#[case] vital: Value, #[case] is_vital: bool) {
    let mut stored = docker();
    stored.spec.is_vital = true;
    let mut spec = json!({"type": "git", "uri": "a"});
    for (name, value) in vital.as_object().unwrap() {
        spec[name.as_str()] = value.clone();
    }
    assert_eq!(replaced(&stored, &spec).unwrap().spec.is_vital, is_vital);
}

#[rstest]
#[case("", Ok((vec!["a", "b", "c"], 3)))]
#[case("type=s3", Ok((vec!["a"], 1)))]
#[case("type=s3&type=git&type=s3", Ok((vec!["a", "c"], 2)))]
#[case("type=nothing", Ok((vec![], 0)))]
#[case("type=*", Ok((vec!["a", "b", "c"], 3)))]
#[case("size=2", Ok((vec!["a", "b"], 3)))]
#[case("size=2&page=1", Ok((vec!["c"], 3)))]
#[case("size=2&page=2", Ok((vec![], 3)))]
#[case("page=9223372036854775807", Ok((vec![], 3)))]
#[case("size=1&page=0&type=git", Ok((vec!["c"], 1)))]
#[case("size=0", Ok((vec![], 3)))]
#[case("size=%2B1", Ok((vec!["a"], 3)))]
#[case("name=a", Err("cannot find name url parameter"))]
#[case("Type=s3", Err("cannot find Type url parameter"))]
#[case("size=1&size=2", Err("the size URL parameter must be only one"))]
#[case("page=1&page=1", Err("the page URL parameter must be only one"))]
#[case("size=", Err("strconv.Atoi: parsing \"\": invalid syntax"))]
#[case("size=a", Err("strconv.Atoi: parsing \"a\": invalid syntax"))]
#[case("size=1.5", Err("strconv.Atoi: parsing \"1.5\": invalid syntax"))]
#[case(
    "page=99999999999999999999",
    Err("strconv.Atoi: parsing \"99999999999999999999\": value out of range")
)]
#[case("page=-1", Err("the page URL parameter must not be negative"))]
fn lists(#[case] query: &str, #[case] expected: Result<(Vec<&str>, usize), &str>) {
    let named = |id: &str, type_| Record {
        id: id.to_owned(),
        ..record(type_, &[])
    };
    let all = vec![
        named("c", Type::Git),
        named("a", Type::S3),
        named("b", Type::Docker),
    ];
    let shown = Page::parse(query).map(|page| {
        let (records, total) = select(all, &page);
        (records.into_iter().map(|r| r.id).collect::<Vec<_>>(), total)
    });
    let expected = expected
        .map(|(ids, total)| (ids.into_iter().map(str::to_owned).collect(), total))
        .map_err(str::to_owned);
    assert_eq!(shown, expected);
}
