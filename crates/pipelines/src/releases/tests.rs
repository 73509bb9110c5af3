use rstest::rstest;

use super::*;

#[test]
fn the_reference_page_is_what_the_tables_say() {
    bowline_testkit::page::assert_is("pipelines-releases.md", &reference());
}

#[rstest]
#[case::first_of_all("1.8.22", EmptyKeys::MachineRole)]
#[case::two("2.0.0", EmptyKeys::WebIdentityUnsure)]
#[case::between_rows("2.5.3", EmptyKeys::WebIdentityUnsure)]
#[case::refused("2.15.0", EmptyKeys::Refused)]
#[case::works("2.16.0", EmptyKeys::SdkChain)]
#[case::unreleased("master", EmptyKeys::SdkChain)]
#[case::newer_than_the_table("3.1", EmptyKeys::SdkChain)]
fn a_release_has_the_last_row_that_it_reached(#[case] release: &str, #[case] keys: EmptyKeys) {
    let release = release.parse().expect("a release");
    assert_eq!(api_server(release).empty_keys, keys);
}

#[rstest]
#[case("2.4", "region=r&disableSSL=true&s3ForcePathStyle=true", None)]
#[case("2.4", "region=r&use_path_style=true", Some("use_path_style"))]
#[case("2.4", "awssdk=v1&region=r", Some("awssdk"))]
#[case("2.5", "region=r&endpoint=e&disableSSL=true", Some("disableSSL"))]
#[case("2.17", "region=r&s3ForcePathStyle=true", Some("s3ForcePathStyle"))]
#[case("2.17", "awssdk=v1&disableSSL=true&s3ForcePathStyle=true", None)]
#[case("2.17", "awssdk=v1&use_path_style=true", Some("use_path_style"))]
#[case("2.17", "region=r&disable_https=true&use_path_style=true", None)]
#[case("master", "s3ForcePathStyle=true", None)]
#[case("master", "disableSSL=true", Some("disableSSL"))]
#[case("master", "awssdk=v1&disableSSL=true", Some("disableSSL"))]
fn a_query_is_refused_by_its_first_unknown_option(
    #[case] release: &str,
    #[case] query: &str,
    #[case] refused: Option<&str>,
) {
    let release = release.parse().expect("a release");
    assert_eq!(refused_option(release, query), refused);
}

#[rstest]
#[case("3.3.10", "caSecret", false)]
#[case("3.5", "caSecret", true)]
#[case("3.5.2", "sessionTokenSecret", false)]
#[case("3.6", "sessionTokenSecret", true)]
#[case("4.0", "addressingStyle", false)]
#[case("4.1.2", "addressingStyle", true)]
#[case("4.1.2", "noSuchField", false)]
fn argo_learned_its_fields_one_by_one(
    #[case] release: &str,
    #[case] field: &str,
    #[case] has: bool,
) {
    assert_eq!(argo_has(release.parse().expect("a release"), field), has);
}
