use rstest::rstest;

use super::*;
use crate::InputFile;
use crate::deploykf::read;
use crate::model::{Addressing, DeploykfRelease, Deployment};

#[test]
fn the_reference_page_is_what_the_tables_and_findings_say() {
    bowline_testkit::page::assert_is("pipelines-stores.md", &reference());
}

#[rstest]
#[case("s3.amazonaws.com", Vendor::Aws)]
#[case("s3.cn-north-1.amazonaws.com.cn", Vendor::Aws)]
#[case("bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com", Vendor::Aws)]
#[case("storage.googleapis.com", Vendor::Gcs)]
#[case("s3.oss-cn-hangzhou-internal.aliyuncs.com", Vendor::Alibaba)]
#[case("s3.private.eu-de.cloud-object-storage.appdomain.cloud", Vendor::Ibm)]
#[case("s3.eu-central-1.wasabisys.com", Vendor::Wasabi)]
#[case("abc.eu.r2.cloudflarestorage.com", Vendor::R2)]
#[case("s3.openshift-storage.svc", Vendor::Odf)]
#[case("minio.example.com", Vendor::Minio)]
#[case("minio-service.kubeflow", Vendor::Minio)]
#[case("seaweedfs.kubeflow", Vendor::Seaweed)]
#[case("rook-ceph-rgw-store.rook-ceph.svc", Vendor::Ceph)]
#[case("s3proxy.storage", Vendor::Azure)]
#[case("minions.example.com", Vendor::Unknown)]
#[case("amazonaws.com.example.com", Vendor::Unknown)]
#[case("store.example.com", Vendor::Unknown)]
fn a_host_tells_whose_it_is(#[case] host: &str, #[case] vendor: Vendor) {
    assert_eq!(vendor_of_host(host), vendor);
}

#[rstest]
#[case("s3.eu-west-1.amazonaws.com", Some("eu-west-1"))]
#[case("s3.dualstack.eu-west-1.amazonaws.com", Some("eu-west-1"))]
#[case("s3.cn-north-1.amazonaws.com.cn", Some("cn-north-1"))]
#[case("s3.amazonaws.com", None)]
#[case("s3.oss-cn-hangzhou.aliyuncs.com", Some("cn-hangzhou"))]
#[case("s3.oss-cn-hangzhou-internal.aliyuncs.com", Some("cn-hangzhou"))]
#[case("s3.private.eu-de.cloud-object-storage.appdomain.cloud", Some("eu-de"))]
#[case("s3.wasabisys.com", Some("us-east-1"))]
#[case("s3.eu-central-1.wasabisys.com", Some("eu-central-1"))]
#[case("minio.example.com", None)]
fn an_endpoint_may_name_its_region(#[case] host: &str, #[case] region: Option<&str>) {
    assert_eq!(region_of_host(vendor_of_host(host), host), region);
}

/// An external store with keys, one profile and the releases 2.14 and 4.1.
fn deployment(host: &str, region: &str) -> Deployment {
    let text = format!(
        "
deploykf_core: {{deploykf_profiles_generator: {{profiles: [{{name: team-1}}, {{name: team-2}}]}}}}
kubeflow_tools:
  pipelines:
    bucket: {{name: models, region: '{region}'}}
    objectStore: {{useExternal: true, host: {host}, auth: {{existingSecret: s}}}}
"
    );
    let file = InputFile {
        name: "values.yaml",
        text: &text,
    };
    let mut read = read(&[file], DeploykfRelease::V0_1_5)
        .deployment
        .expect("no refusals");
    read.releases.kfp = "2.14".parse().expect("a release");
    read.releases.argo = "4.1".parse().expect("a release");
    read
}

const AMAZON: &str = "s3.eu-west-1.amazonaws.com";
const ALIBABA: &str = "s3.oss-cn-hangzhou.aliyuncs.com";

/// The rules that are broken, without the note that every such installation gets.
fn rules(deployment: &Deployment) -> Vec<&'static str> {
    let found = findings(deployment).into_iter().map(|it| it.rule);
    found.filter(|rule| *rule != "bucket-check").collect()
}

#[rstest]
#[case::amazon(AMAZON, "eu-west-1")]
#[case::google("storage.googleapis.com", "")]
#[case::alibaba(ALIBABA, "cn-hangzhou")]
#[case::ibm("s3.eu-de.cloud-object-storage.appdomain.cloud", "eu-de")]
#[case::minio("minio.example.com", "us-east-1")]
#[case::wasabi("s3.wasabisys.com", "us-east-1")]
#[case::unknown("store.example.com", "")]
fn a_store_that_is_described_well_has_no_findings(#[case] host: &str, #[case] region: &str) {
    assert_eq!(rules(&deployment(host, region)), [] as [&str; 0]);
}

#[rstest]
#[case::amazon(AMAZON, "", &["empty-region"])]
#[case::ibm("s3.eu-de.cloud-object-storage.appdomain.cloud", "", &["empty-region"])]
#[case::wasabi("s3.eu-central-1.wasabisys.com", "", &["empty-region"])]
#[case::minio("minio.example.com", "", &["empty-region"])]
#[case::another_than_the_endpoints(AMAZON, "us-east-1", &["region-mismatch"])]
#[case::wasabis_global("s3.wasabisys.com", "eu-central-1", &["region-mismatch"])]
#[case::global_endpoint("s3.amazonaws.com", "eu-west-1", &["global-endpoint"])]
#[case::amazon_has_no_auto("s3.amazonaws.com", "auto", &["global-endpoint", "region-mismatch"])]
#[case::r2_has_no_other("a.r2.cloudflarestorage.com", "eu", &["region-mismatch", "no-prefix-rights"])]
#[case::r2_takes_auto("a.r2.cloudflarestorage.com", "auto", &["no-prefix-rights"])]
#[case::s3proxy("s3proxy.storage", "", &["no-prefix-rights"])]
fn regions_and_rights(#[case] host: &str, #[case] region: &str, #[case] expected: &[&str]) {
    assert_eq!(rules(&deployment(host, region)), expected);
}

#[rstest]
#[case::before_path_style("2.3", &["addressing"])]
#[case::path_style("2.4", &[])]
#[case::last_automatic_server("2.14", &[])]
#[case::path_server("2.15", &["addressing", "checksums"])]
#[case::newest("2.17", &["addressing"])]
fn alibaba_works_with_few_releases(#[case] kfp: &str, #[case] expected: &[&str]) {
    let mut deployment = deployment(ALIBABA, "cn-hangzhou");
    deployment.releases.kfp = kfp.parse().expect("a release");
    assert_eq!(rules(&deployment), expected);
}

#[rstest]
#[case::alibaba_by_path(ALIBABA, "cn-hangzhou", Addressing::Path, "2.14", "4.1", &["addressing"])]
#[case::noobaa_by_host("s3.openshift-storage.svc", "", Addressing::Virtual, "2.14", "4.1", &["addressing", "private-ca"])]
#[case::minio_without_domain("minio.example.com", "r", Addressing::Virtual, "2.14", "4.1", &["addressing"])]
#[case::launcher_too_old(AMAZON, "eu-west-1", Addressing::Virtual, "2.3", "4.1", &["addressing"])]
#[case::server_too_new(AMAZON, "eu-west-1", Addressing::Virtual, "2.17", "4.1", &["addressing"])]
#[case::argo_knows_amazon(AMAZON, "eu-west-1", Addressing::Virtual, "2.14", "3.5", &[])]
#[case::argo_cannot_be_told("store.example.com", "r", Addressing::Virtual, "2.14", "4.0", &["addressing"])]
fn the_bucket_goes_where_everybody_can_put_it(
    #[case] host: &str,
    #[case] region: &str,
    #[case] addressing: Addressing,
    #[case] kfp: &str,
    #[case] argo: &str,
    #[case] expected: &[&str],
) {
    let mut deployment = deployment(host, region);
    deployment.store.addressing = addressing;
    deployment.releases.kfp = kfp.parse().expect("a release");
    deployment.releases.argo = argo.parse().expect("a release");
    assert_eq!(rules(&deployment), expected);
}

#[rstest]
#[case::google("storage.googleapis.com", "2.16", &["checksums"])]
#[case::google_before("storage.googleapis.com", "2.14", &[])]
#[case::google_after("storage.googleapis.com", "2.17", &[])]
#[case::minio_understands("minio.example.com", "2.16", &[])]
fn some_stores_refuse_checksums(#[case] host: &str, #[case] kfp: &str, #[case] expected: &[&str]) {
    let mut deployment = deployment(host, "us-east-1");
    deployment.releases.kfp = kfp.parse().expect("a release");
    assert_eq!(rules(&deployment), expected);
}

#[rstest]
#[case::amazon(AMAZON, "eu-west-1", &["tls-off"])]
#[case::minio("minio.example.com", "us-east-1", &[])]
fn some_stores_want_tls(#[case] host: &str, #[case] region: &str, #[case] expected: &[&str]) {
    let mut deployment = deployment(host, region);
    deployment.store.endpoint.tls = false;
    assert_eq!(rules(&deployment), expected);
}

#[rstest]
#[case("models", Addressing::Auto, &[])]
#[case("my.models", Addressing::Path, &[])]
#[case("my.models", Addressing::Auto, &["bucket-dots"])]
#[case("Models", Addressing::Auto, &["bucket-name"])]
#[case("ab", Addressing::Auto, &["bucket-name"])]
#[case("-models", Addressing::Auto, &["bucket-name"])]
#[case("a..b", Addressing::Auto, &["bucket-name"])]
fn a_bucket_has_a_name_that_works(
    #[case] bucket: &str,
    #[case] addressing: Addressing,
    #[case] expected: &[&str],
) {
    let mut deployment = deployment(AMAZON, "eu-west-1");
    deployment.store.bucket = bucket.to_owned();
    deployment.store.addressing = addressing;
    assert_eq!(rules(&deployment), expected);
}

#[rstest]
#[case("2.15", true)]
#[case("2.16", false)]
fn the_bucket_must_be_seen_by_older_servers(#[case] kfp: &str, #[case] is_told: bool) {
    let mut deployment = deployment(AMAZON, "eu-west-1");
    deployment.releases.kfp = kfp.parse().expect("a release");
    let found = findings(&deployment);
    assert_eq!(found.iter().any(|it| it.rule == "bucket-check"), is_told);
}

#[test]
fn amazon_has_no_port() {
    let mut deployment = deployment(AMAZON, "eu-west-1");
    deployment.store.endpoint.port = Some(9000);
    assert_eq!(rules(&deployment), ["amazon-port"]);
}
