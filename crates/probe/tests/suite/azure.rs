//! Azure connections, against the maker's own emulator, and stubs.

use bowline_core::Connection;
use bowline_probe::{Ask, Report, Request, Settings};
use bowline_testkit::servers::Azurite;
use rstest::rstest;

use crate::kit::{self, at_home, connection, expect};
use crate::stub::{Stub, answer};

async fn run(connection: &Connection, endpoint: &str, ask: &Ask) -> Report {
    let settings = Settings {
        azure: endpoint.to_owned(),
        entra: endpoint.to_owned(),
        ..Settings::default()
    };
    kit::run_with(&kit::request(connection, ask), &at_home(), &settings).await
}

/// A connection to the emulator's account, with what proves that one may use it.
pub(crate) fn azure(server: &Azurite, container: Option<&str>, proof: (&str, &str)) -> Connection {
    let mut data = vec![("AZURE_STORAGE_ACCOUNT", server.account.as_str()), proof];
    data.extend(container.map(|name| ("AZURE_CONTAINER", name)));
    connection("azure", &data)
}

pub(crate) fn key(server: &Azurite) -> (&'static str, &str) {
    ("AZURE_STORAGE_ACCESS_KEY", &server.key)
}

#[tokio::test]
async fn a_key_reads_a_blob_and_finds_a_folder() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let connection = azure(server, Some("models"), key(server));
    for ask in [
        kit::path("demo/hello.txt"),
        kit::path("demo/"),
        Ask::default(),
    ] {
        let report = run(&connection, &server.endpoint, &ask).await;
        expect(&report, "passed");
        assert!(
            kit::lines(&report).contains("first-bytes passed"),
            "{}",
            kit::lines(&report)
        );
    }
}

#[tokio::test]
async fn over_tls_a_key_and_a_signature_are_sent_to_whom_the_project_trusts() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let authority = std::fs::read_to_string(&server.ca).expect("the authority");
    let sas = server.sas("rl", MONTH, None).expect("a signature");
    let settings = Settings {
        azure: server.tls_endpoint.clone(),
        ..Settings::default()
    };
    let ask = kit::path("demo/hello.txt");
    for proof in [key(server), ("AZURE_STORAGE_SAS_TOKEN", &sas)] {
        let connection = azure(server, Some("models"), proof);
        let doubted = kit::request(&connection, &ask);
        let trusted = Request {
            authorities: Some(&authority),
            ..doubted
        };
        expect(
            &kit::run_with(&doubted, &at_home(), &settings).await,
            "tls-untrusted",
        );
        let report = kit::run_with(&trusted, &at_home(), &settings).await;
        expect(&report, "passed");
        assert!(kit::lines(&report).contains("tls passed"));
    }
}

/// Fields of an account are always with a login, so what is open to everybody is named by its address.
#[rstest]
#[case("public/demo/hello.txt", "passed")]
#[case("public/demo/none.txt", "no-such-location")]
#[case("models/demo/hello.txt", "login-needed")]
#[tokio::test]
async fn a_blob_that_everybody_may_read_needs_no_login(#[case] path: &str, #[case] id: &str) {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let url = format!("{}/{path}", server.endpoint);
    let report = kit::run(&connection("uri", &[("URI", &url)]), &at_home()).await;
    expect(&report, id);
}

#[tokio::test]
async fn a_connection_string_says_all_by_itself() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let text = format!(
        "DefaultEndpointsProtocol=http;AccountName={};AccountKey={};BlobEndpoint={};",
        server.account, server.key, server.endpoint
    );
    let data = [
        ("AZURE_STORAGE_CONNECTION_STRING", text.as_str()),
        ("AZURE_CONTAINER", "models"),
    ];
    let report = run(
        &connection("azure", &data),
        "https://nowhere.invalid",
        &Ask::default(),
    )
    .await;
    expect(&report, "passed");
}

#[tokio::test]
async fn without_a_container_only_the_key_is_proved() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let report = run(
        &azure(server, None, key(server)),
        &server.endpoint,
        &Ask::default(),
    )
    .await;
    expect(&report, "passed");
    assert!(kit::lines(&report).contains("object skipped not-asked"));
}

#[rstest]
#[case::no_container("nothing-here", "", "no-such-container")]
#[case::no_blob("models", "demo/none.txt", "no-such-object")]
#[case::no_whole_name("models", "demo/hel", "no-such-object")]
#[tokio::test]
async fn what_is_not_there_is_told(#[case] container: &str, #[case] path: &str, #[case] id: &str) {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let connection = azure(server, Some(container), key(server));
    expect(
        &run(&connection, &server.endpoint, &kit::path(path)).await,
        id,
    );
}

#[tokio::test]
async fn a_wrong_key_is_told() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    for container in [Some("models"), None] {
        let connection = azure(
            server,
            container,
            ("AZURE_STORAGE_ACCESS_KEY", "c29tZS13cm9uZy1rZXk="),
        );
        expect(
            &run(&connection, &server.endpoint, &Ask::default()).await,
            "wrong-azure-key",
        );
    }
}

async fn with_sas(server: &Azurite, sas: &str, ask: &Ask) -> Report {
    let connection = azure(server, Some("models"), ("AZURE_STORAGE_SAS_TOKEN", sas));
    run(&connection, &server.endpoint, ask).await
}

const MONTH: i32 = 24 * 30;

#[tokio::test]
async fn a_signature_is_taken_with_and_without_its_question_mark() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let sas = server.sas("rl", MONTH, None).expect("a signature");
    for sas in [sas.clone(), format!("?{sas}")] {
        expect(
            &with_sas(server, &sas, &kit::path("demo/hello.txt")).await,
            "passed",
        );
    }
}

#[tokio::test]
async fn what_a_signature_lacks_is_told() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let sas = |permissions, hours, ip| server.sas(permissions, hours, ip).expect("a signature");
    let write = Ask {
        write: true,
        ..Ask::default()
    };
    expect(
        &with_sas(server, &sas("rl", -1, None), &write).await,
        "sas-expired",
    );
    expect(
        &with_sas(server, &sas("rl", 2, None), &Ask::default()).await,
        "sas-ends-soon",
    );
    expect(
        &with_sas(server, &sas("r", MONTH, None), &Ask::default()).await,
        "azure-may-not-list",
    );
    expect(
        &with_sas(server, &sas("l", MONTH, None), &Ask::default()).await,
        "azure-may-not-read",
    );
    expect(
        &with_sas(server, &sas("rl", MONTH, None), &write).await,
        "azure-may-not-write",
    );
    expect(
        &with_sas(server, &sas("rlwc", MONTH, None), &write).await,
        "azure-may-not-delete",
    );
    let here = with_sas(
        server,
        &sas("rl", MONTH, Some("127.0.0.1")),
        &Ask::default(),
    )
    .await;
    expect(&here, "sas-by-address");
}

#[tokio::test]
async fn a_signature_that_lists_but_does_not_read_is_doubtful_before_it_fails() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let sas = server.sas("l", MONTH, None).expect("a signature");
    let report = with_sas(server, &sas, &Ask::default()).await;
    let lines = kit::lines(&report);
    assert!(
        lines.contains("sign-in warned sas-narrow: `sp` has no `r`"),
        "{lines}"
    );
}

#[rstest]
#[case("sv=2021-08-06&sp=rl", "sas-unsigned")]
#[case("sp=rl&sig=some&st=2999-01-01", "sas-too-early")]
#[tokio::test]
async fn what_a_signature_says_about_itself_is_enough_not_to_send_it(
    #[case] sas: &str,
    #[case] id: &str,
) {
    let stub = Stub::start(|_| answer("200 OK", "", "")).await;
    let text = format!(
        "BlobEndpoint={}/ada;SharedAccessSignature={sas}",
        stub.url()
    );
    let connection = connection("azure", &[("AZURE_STORAGE_CONNECTION_STRING", &text)]);
    expect(&run(&connection, &stub.url(), &Ask::default()).await, id);
    assert_eq!(stub.hits(), 0);
}

#[tokio::test]
async fn an_altered_signature_is_told() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let sas = server
        .sas("rl", MONTH, None)
        .expect("a signature")
        .replace("sp=rl", "sp=rwl");
    expect(&with_sas(server, &sas, &Ask::default()).await, "wrong-sas");
}

#[tokio::test]
async fn an_expired_signature_is_not_sent() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let stub = Stub::start(|_| answer("200 OK", "", "")).await;
    let sas = server.sas("rl", -1, None).expect("a signature");
    let connection = azure(server, Some("models"), ("AZURE_STORAGE_SAS_TOKEN", &sas));
    expect(
        &run(&connection, &stub.url(), &Ask::default()).await,
        "sas-expired",
    );
    assert_eq!(stub.hits(), 0);
}

#[tokio::test]
async fn what_is_written_is_removed_again() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let connection = azure(server, Some("models"), key(server));
    let ask = Ask {
        write: true,
        ..kit::path("demo/hello.txt")
    };
    expect(&run(&connection, &server.endpoint, &ask).await, "passed");
    let left = run(
        &connection,
        &server.endpoint,
        &kit::path("demo/.bowline-probe/"),
    )
    .await;
    expect(&left, "no-such-object");
}

/// What the service answers with a code of its own.
async fn refused(status: &'static str, code: &str, proof: (&str, &str)) -> Report {
    let header = format!("x-ms-version: 2021-08-06\r\nx-ms-error-code: {code}\r\n");
    let stub = Stub::start(move |_| answer(status, &header, "")).await;
    let data = [
        ("AZURE_STORAGE_ACCOUNT", "ada"),
        ("AZURE_CONTAINER", "models"),
        proof,
    ];
    run(&connection("azure", &data), &stub.url(), &Ask::default()).await
}

#[rstest]
#[case(
    "403 Forbidden",
    "KeyBasedAuthenticationNotPermitted",
    "azure-keys-off"
)]
#[case("403 Forbidden", "AuthenticationFailed", "wrong-azure-key")]
#[case("409 Conflict", "PublicAccessNotPermitted", "azure-login-needed")]
#[case("503 Unavailable", "ServerBusy", "service-failed")]
#[case("404 Not Found", "ContainerNotFound", "no-such-container")]
#[case("400 Bad Request", "OutOfRangeInput", "refused-otherwise")]
#[tokio::test]
async fn the_codes_of_the_real_service_are_known(
    #[case] status: &'static str,
    #[case] code: &str,
    #[case] id: &str,
) {
    expect(
        &refused(status, code, ("AZURE_STORAGE_ACCESS_KEY", "a2V5")).await,
        id,
    );
}

#[rstest]
#[case("AuthorizationSourceIPMismatch", "sas-other-address")]
#[case("AuthorizationProtocolMismatch", "sas-needs-tls")]
#[case("AuthorizationResourceTypeMismatch", "sas-for-others")]
#[tokio::test]
async fn the_codes_about_signatures_are_known(#[case] code: &str, #[case] id: &str) {
    let sas = ("AZURE_STORAGE_SAS_TOKEN", "sp=rl&sip=10.0.0.1&sig=some");
    let report = refused("403 Forbidden", code, sas).await;
    expect(&report, id);
    let tells_range = kit::detail(&report).contains("`10.0.0.1`");
    assert_eq!(tells_range, id == "sas-other-address");
}

/// A principal, where tokens are given as the answer says; the account then refuses the token.
#[tokio::test]
async fn a_page_is_no_empty_container() {
    let stub = Stub::start(|_| answer("200 OK", "", "<html>welcome</html>")).await;
    let data = [
        ("AZURE_STORAGE_ACCOUNT", "someaccount"),
        ("AZURE_STORAGE_ACCESS_KEY", "c29tZS1rZXk="),
        ("AZURE_CONTAINER", "models"),
    ];
    let report = run(&connection("azure", &data), &stub.url(), &Ask::default()).await;
    expect(&report, "answer-unknown");
}

async fn principal(status: &'static str, body: &'static str) -> Report {
    let refusal = "x-ms-version: 2021-08-06\r\nx-ms-error-code: InvalidAuthenticationInfo\r\n";
    let stub =
        Stub::start(
            move |head| match head.starts_with("POST /some-tenant/oauth2/v2.0/token") {
                true => answer(status, "", body),
                false => answer("401 Unauthorized", refusal, ""),
            },
        )
        .await;
    let data = [
        ("AZURE_STORAGE_ACCOUNT", "ada"),
        ("AZURE_CONTAINER", "models"),
        ("AZURE_TENANT_ID", "some-tenant"),
        ("AZURE_CLIENT_ID", "some-client"),
        ("AZURE_CLIENT_SECRET", "some-secret"),
    ];
    run(&connection("azure", &data), &stub.url(), &Ask::default()).await
}

#[rstest]
#[case("200 OK", r#"{"access_token":"some-token"}"#, "azure-token-refused")]
#[case(
    "401 Unauthorized",
    r#"{"error":"invalid_client","error_codes":[7000215]}"#,
    "wrong-client-secret"
)]
#[case(
    "401 Unauthorized",
    r#"{"error":"invalid_client","error_codes":[7000222]}"#,
    "client-secret-expired"
)]
#[case(
    "400 Bad Request",
    r#"{"error":"unauthorized_client","error_codes":[700016]}"#,
    "unknown-client"
)]
#[case(
    "400 Bad Request",
    r#"{"error":"invalid_request","error_codes":[90002]}"#,
    "unknown-tenant"
)]
#[tokio::test]
async fn a_principals_refusals_are_told_apart(
    #[case] status: &'static str,
    #[case] body: &'static str,
    #[case] id: &str,
) {
    expect(&principal(status, body).await, id);
}

#[tokio::test]
async fn an_account_that_does_not_exist_has_no_address() {
    let data = [
        ("AZURE_STORAGE_ACCOUNT", "ada"),
        ("AZURE_STORAGE_ACCESS_KEY", "a2V5"),
    ];
    let guard = kit::knowing(&[]);
    let connection = connection("azure", &data);
    let report = kit::run(&connection, &guard).await;
    expect(&report, "name-unknown");
}
