use rstest::rstest;

use super::*;

fn bare() -> Given {
    azure().unset("AZURE_STORAGE_ACCESS_KEY")
}

#[test]
fn an_account_is_needed_unless_a_connection_string_names_it() {
    azure()
        .unset("AZURE_STORAGE_ACCOUNT")
        .breaks("missing-key", "AZURE_STORAGE_ACCOUNT");
    let given = bare().unset("AZURE_STORAGE_ACCOUNT");
    let string = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b";
    assert_eq!(
        given
            .set("AZURE_STORAGE_CONNECTION_STRING", string)
            .findings(),
        []
    );
}

#[test]
fn one_kind_of_credentials_is_needed() {
    bare().breaks("missing-key", "AZURE_STORAGE_ACCESS_KEY");
    assert_eq!(
        bare()
            .set("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=a")
            .findings(),
        []
    );
}

#[rstest]
#[case("AZURE_CLIENT_ID")]
#[case("AZURE_TENANT_ID")]
#[case("AZURE_CLIENT_SECRET")]
fn a_service_principal_is_complete(#[case] missing: &str) {
    let all = ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"];
    let given = all
        .into_iter()
        .fold(bare(), |given, key| given.set(key, "some-value"));
    assert_eq!(given.findings(), []);
    given.unset(missing).breaks("missing-key", missing);
}

#[rstest]
#[case("ab")]
#[case("Training")]
#[case("training-data")]
#[case("trainingdata.blob.core.windows.net")]
fn an_account_keeps_azures_rules(#[case] name: &str) {
    let given = azure().set("AZURE_STORAGE_ACCOUNT", name);
    given.breaks("azure-account", "AZURE_STORAGE_ACCOUNT");
}

#[rstest]
#[case("ab")]
#[case("Models")]
#[case("models--v1")]
#[case("-models")]
#[case("models/v1")]
fn a_container_keeps_azures_rules(#[case] name: &str) {
    azure()
        .set("AZURE_CONTAINER", name)
        .breaks("azure-container", "AZURE_CONTAINER");
}

#[test]
fn an_account_key_is_base64() {
    let given = azure().set("AZURE_STORAGE_ACCESS_KEY", "not base64");
    given.breaks("azure-access-key", "AZURE_STORAGE_ACCESS_KEY");
}

#[test]
fn a_sas_token_holds_a_signature() {
    let given = bare().set("AZURE_STORAGE_SAS_TOKEN", "sv=2024-01-01&se=2030");
    given.breaks("azure-sas", "AZURE_STORAGE_SAS_TOKEN");
}

#[rstest]
#[case("AccountName=a")]
#[case("AccountKey=a")]
#[case("https://a.blob.core.windows.net")]
fn a_connection_string_holds_account_and_key(#[case] value: &str) {
    let given = bare().set("AZURE_STORAGE_CONNECTION_STRING", value);
    given.breaks("azure-connection-string", "AZURE_STORAGE_CONNECTION_STRING");
}
