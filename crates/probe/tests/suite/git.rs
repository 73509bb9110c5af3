//! Git connections, against real servers over HTTP(S) and SSH, and against stubs.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use bowline_core::Connection;
use bowline_probe::{Ask, Report, Request, Settings};
use bowline_testkit::servers::{GitHttp, GitSsh, Server};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::kit::{self, at_home, connection, expect};
use crate::stub::ssh::{Dripping, packet, text};
use crate::stub::{Stub, answer};

fn at(reference: &str) -> Ask {
    Ask {
        reference: Some(reference.to_owned()),
        ..Ask::default()
    }
}

async fn run(connection: &Connection, ask: &Ask) -> Report {
    kit::run_with(
        &kit::request(connection, ask),
        &at_home(),
        &Settings::default(),
    )
    .await
}

mod over_http {
    use super::*;

    /// A repository over TLS, with the server's authority trusted by the project.
    async fn tls(server: &GitHttp, path: &str, login: &[(&str, &str)], ask: &Ask) -> Report {
        let url = format!("{}/{path}", server.tls_url);
        let mut data = vec![("GIT_URL", url.as_str())];
        data.extend(login);
        let connection = connection("git", &data);
        let pem = fs::read_to_string(&server.ca).expect("the authority");
        let request = Request {
            authorities: Some(&pem),
            ..kit::request(&connection, ask)
        };
        kit::run_with(&request, &at_home(), &Settings::default()).await
    }

    fn password(server: &GitHttp) -> [(&str, &str); 2] {
        [
            ("GIT_USERNAME", &server.username),
            ("GIT_PASSWORD", &server.password),
        ]
    }

    #[tokio::test]
    async fn a_branch_a_tag_and_a_commit_are_found_with_a_password() {
        let Some(server) = GitHttp::shared() else {
            return;
        };
        for reference in [
            "main",
            "v1",
            "refs/heads/dev",
            &server.commit,
            &server.commit[..8],
        ] {
            let report = tls(
                server,
                "private/demo.git",
                &password(server),
                &at(reference),
            )
            .await;
            expect(&report, "passed");
        }
    }

    #[tokio::test]
    async fn a_token_needs_no_user() {
        let Some(server) = GitHttp::shared() else {
            return;
        };
        let login = [("GIT_TOKEN", server.token.as_str()), ("GIT_REF", "main")];
        expect(
            &tls(server, "private/demo.git", &login, &Ask::default()).await,
            "passed",
        );
    }

    #[tokio::test]
    async fn a_public_repository_needs_no_login() {
        let Some(server) = GitHttp::shared() else {
            return;
        };
        let report = tls(server, "public/demo.git", &[], &at("main")).await;
        assert!(report.kind().is_none(), "{}", kit::lines(&report));
        assert!(kit::lines(&report).contains("object passed: main"));
    }

    #[rstest]
    #[case::a_wrong_password("private/demo.git", &[("GIT_USERNAME", "demo"), ("GIT_PASSWORD", "some-wrong")], "wrong-git-password")]
    #[case::a_wrong_token("private/demo.git", &[("GIT_TOKEN", "some-wrong")], "wrong-git-token")]
    #[case::no_login("private/demo.git", &[], "git-login-needed")]
    #[case::no_right("forbidden/demo.git", &[], "git-forbidden")]
    #[case::no_repository("public/none.git", &[], "no-such-git-repository")]
    #[tokio::test]
    async fn each_refusal_is_told_apart(
        #[case] path: &str,
        #[case] login: &[(&str, &str)],
        #[case] id: &str,
    ) {
        let Some(server) = GitHttp::shared() else {
            return;
        };
        expect(&tls(server, path, login, &at("main")).await, id);
    }

    #[tokio::test]
    async fn a_ref_that_is_not_there_is_told_from_a_commit_that_may_be() {
        let Some(server) = GitHttp::shared() else {
            return;
        };
        let login = password(server);
        let report = tls(server, "private/demo.git", &login, &at("Main")).await;
        expect(&report, "no-such-ref");
        let report = tls(server, "private/demo.git", &login, &at("0123456789abcdef")).await;
        expect(&report, "ref-not-seen");
    }

    #[tokio::test]
    async fn an_empty_repository_is_told() {
        let Some(server) = GitHttp::shared() else {
            return;
        };
        let login = password(server);
        expect(
            &tls(server, "private/empty.git", &login, &Ask::default()).await,
            "empty",
        );
    }

    #[tokio::test]
    async fn the_right_to_push_is_tried_when_asked_for() {
        let Some(server) = GitHttp::shared() else {
            return;
        };
        let push = Ask {
            push: true,
            ..at("main")
        };
        expect(
            &tls(server, "private/demo.git", &password(server), &push).await,
            "passed",
        );
        expect(
            &tls(server, "public/demo.git", &password(server), &push).await,
            "may-not-push",
        );
    }

    #[tokio::test]
    async fn an_unknown_authority_is_told() {
        let Some(server) = GitHttp::shared() else {
            return;
        };
        let url = format!("{}/public/demo.git", server.tls_url);
        expect(
            &run(&connection("git", &[("GIT_URL", &url)]), &at("main")).await,
            "tls-untrusted",
        );
    }

    async fn stubbed(status: &'static str, headers: String) -> (Stub, Report) {
        let stub = Stub::start(move |_| answer(status, &headers, "<html>")).await;
        let url = format!("{}/demo.git", stub.url());
        let data = [("GIT_URL", url.as_str()), ("GIT_TOKEN", "some-token")];
        let report = run(&connection("git", &data), &at("main")).await;
        (stub, report)
    }

    #[rstest]
    #[case("200 OK", "Content-Type: text/html\r\n", "not-git")]
    #[case(
        "200 OK",
        "Content-Type: application/x-git-upload-pack-advertisement\r\n",
        "not-git"
    )]
    #[case("503 Service Unavailable", "", "service-failed")]
    #[case(
        "302 Found",
        "Location: http://169.254.169.254/latest\r\n",
        "redirect-forbidden"
    )]
    #[case("302 Found", "Location: file:///etc/passwd\r\n", "redirect-forbidden")]
    #[tokio::test]
    async fn what_is_no_repository_is_told(
        #[case] status: &'static str,
        #[case] headers: &str,
        #[case] id: &str,
    ) {
        expect(&stubbed(status, headers.to_owned()).await.1, id);
    }

    #[tokio::test]
    async fn a_login_does_not_follow_to_another_host() {
        let elsewhere = Stub::start(|_| answer("404 Not Found", "", "")).await;
        let location = format!("Location: {}/x/info/refs\r\n", elsewhere.url());
        let (stub, report) = stubbed("301 Moved Permanently", location).await;
        expect(&report, "no-such-git-repository");
        assert!(stub.heard().to_lowercase().contains("authorization: basic"));
        assert!(
            elsewhere.hits() == 1 && !elsewhere.heard().to_lowercase().contains("authorization")
        );
    }
}

mod over_ssh {
    use super::*;

    /// A repository, a key's file, and a `known_hosts` file.
    fn ssh(server: &GitSsh, repository: &str, key: &str, known: &str) -> Connection {
        let key = fs::read_to_string(server.keys.join(key)).expect("a key");
        let url = format!("{}/{repository}", server.url);
        connection(
            "git",
            &[
                ("GIT_URL", &url),
                ("ssh-privatekey", &key),
                ("known_hosts", known),
            ],
        )
    }

    fn known(server: &GitSsh) -> String {
        fs::read_to_string(&server.known_hosts).expect("known hosts")
    }

    #[rstest]
    #[case("read")]
    #[case("ecdsa")]
    #[case("rsa")]
    #[case("rsa-pem")]
    #[tokio::test]
    async fn a_known_key_reads_from_a_known_host(#[case] key: &str) {
        let Some(server) = GitSsh::shared() else {
            return;
        };
        let connection = ssh(server, "demo.git", key, &known(server));
        for reference in ["main", "v1", &server.commit] {
            expect(&run(&connection, &at(reference)).await, "passed");
        }
    }

    #[rstest]
    #[case::an_unknown_key("demo.git", "unknown", "key-refused")]
    #[case::a_locked_key("demo.git", "locked", "key-locked")]
    #[case::a_short_key("demo.git", "short", "key-kind-untried")]
    #[case::a_key_of_another_form_that_nobody_knows("demo.git", "unknown-pem", "key-refused")]
    #[case::no_repository("none.git", "read", "no-such-git-repository")]
    #[case::an_empty_repository("empty.git", "read", "no-such-ref")]
    #[tokio::test]
    async fn each_refusal_is_told_apart(
        #[case] repository: &str,
        #[case] key: &str,
        #[case] id: &str,
    ) {
        let Some(server) = GitSsh::shared() else {
            return;
        };
        expect(
            &run(&ssh(server, repository, key, &known(server)), &at("main")).await,
            id,
        );
    }

    #[tokio::test]
    async fn a_ref_that_is_not_there_is_told() {
        let Some(server) = GitSsh::shared() else {
            return;
        };
        expect(
            &run(
                &ssh(server, "demo.git", "read", &known(server)),
                &at("Main"),
            )
            .await,
            "no-such-ref",
        );
    }

    #[tokio::test]
    async fn a_changed_and_an_unknown_host_key_get_no_login() {
        let Some(server) = GitSsh::shared() else {
            return;
        };
        let wrong = fs::read_to_string(&server.wrong_known_hosts).expect("known hosts");
        let report = run(&ssh(server, "demo.git", "read", &wrong), &at("main")).await;
        expect(&report, "host-key-changed");
        assert!(
            kit::detail(&report).contains("SHA256:"),
            "{}",
            kit::lines(&report)
        );
        for unknown in ["", "github.com ssh-ed25519 AAAA\n"] {
            let report = run(&ssh(server, "demo.git", "read", unknown), &at("main")).await;
            expect(&report, "host-key-unknown");
        }
        let revoked = format!("{0}@revoked {0}", known(server));
        let report = run(&ssh(server, "demo.git", "read", &revoked), &at("main")).await;
        expect(&report, "host-key-revoked");
    }

    #[tokio::test]
    async fn a_host_that_can_be_checked_by_an_rsa_key_only_gets_no_login_and_is_told_so() {
        let Some(server) = GitSsh::shared() else {
            return;
        };
        let known = fs::read_to_string(&server.rsa_known_hosts).expect("known hosts");
        let shows_rsa_only = format!("{}/demo.git", server.rsa_url);
        let known_by_rsa_only = format!("{}/demo.git", server.url);
        let key = fs::read_to_string(server.keys.join("read")).expect("a key");
        for url in [shows_rsa_only, known_by_rsa_only] {
            let data = [
                ("GIT_URL", &*url),
                ("ssh-privatekey", &*key),
                ("known_hosts", &*known),
            ];
            let report = run(&connection("git", &data), &at("main")).await;
            expect(&report, "host-key-kind-untried");
        }
    }

    /// Something that takes connections at one port and hands them on to another, which may change.
    async fn between(to: &Arc<AtomicU16>) -> (u16, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let to = Arc::clone(to);
        let task = tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let there = ("127.0.0.1", to.load(Ordering::SeqCst));
                if let Ok(mut there) = TcpStream::connect(there).await {
                    tokio::spawn(async move {
                        let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                    });
                }
            }
        });
        (port, task)
    }

    fn port(server: &GitSsh) -> u16 {
        let port = server
            .url
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        port.expect("a port")
    }

    #[tokio::test]
    async fn a_host_key_that_is_swapped_after_a_good_test_is_noticed_by_the_next() {
        let Some(server) = GitSsh::shared() else {
            return;
        };
        let start = || {
            Server::<GitSsh>::start()
                .expect("it starts")
                .expect("it is there")
        };
        let other = tokio::task::spawn_blocking(start).await.expect("no panic");
        let to = Arc::new(AtomicU16::new(port(server)));
        let (between, task) = between(&to).await;
        let swapped = |text: &str| text.replace(&port(server).to_string(), &between.to_string());
        let known = swapped(&known(server));
        let key = fs::read_to_string(server.keys.join("read")).expect("a key");
        let url = swapped(&server.url);
        let connection = connection(
            "git",
            &[
                ("GIT_URL", &format!("{url}/demo.git")),
                ("ssh-privatekey", &key),
                ("known_hosts", &known),
            ],
        );
        expect(&run(&connection, &at("main")).await, "passed");
        to.store(port(&other.ready), Ordering::SeqCst);
        let report = run(&connection, &at("main")).await;
        expect(&report, "host-key-changed");
        assert!(kit::lines(&report).contains("sign-in skipped not-reached"));
        task.abort();
    }

    #[tokio::test]
    async fn the_right_to_push_is_tried_when_asked_for() {
        let Some(server) = GitSsh::shared() else {
            return;
        };
        let push = Ask {
            push: true,
            ..at("main")
        };
        let with = |key| ssh(server, "demo.git", key, &known(server));
        expect(&run(&with("write"), &push).await, "passed");
        expect(&run(&with("read"), &push).await, "may-not-push");
    }

    /// A private key that nobody knows.
    fn any_key() -> String {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        key.serialize_pem()
    }

    /// A server that says this and then waits for the other side to go.
    async fn saying(words: Vec<u8>) -> Report {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.write_all(&words).await.expect("it is sent");
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let report = to(&address.to_string()).await;
        server.abort();
        report
    }

    async fn to(address: &str) -> Report {
        run(&at_address(address), &at("main")).await
    }

    fn at_address(address: &str) -> Connection {
        let url = format!("ssh://git@{address}/demo.git");
        let key = any_key();
        let data = [
            ("GIT_URL", &*url),
            ("ssh-privatekey", &*key),
            ("known_hosts", "x ssh-ed25519 AAAA"),
        ];
        connection("git", &data)
    }

    #[tokio::test]
    async fn a_server_that_never_comes_to_the_point_is_left_when_nobody_waits_any_more() {
        let mut server = Dripping::start().await;
        let connection = at_address(&server.address.to_string());
        let ask = Ask::default();
        let test = run(&connection, &ask);
        let patience = Duration::from_millis(300);
        assert!(tokio::time::timeout(patience, test).await.is_err());
        assert!(server.is_left().await);
    }

    #[tokio::test]
    async fn a_server_that_never_comes_to_the_point_is_left_when_the_test_has_ended() {
        let mut server = Dripping::start().await;
        let connection = at_address(&server.address.to_string());
        let settings = Settings {
            answer: Duration::from_millis(500),
            ..Settings::default()
        };
        let ask = Ask::default();
        let request = kit::request(&connection, &ask);
        let report = kit::run_with(&request, &at_home(), &settings).await;
        expect(&report, "answer-timeout");
        assert!(server.is_left().await);
    }

    #[tokio::test]
    async fn a_port_that_speaks_something_else_is_told() {
        let report = saying(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await;
        expect(&report, "not-ssh");
    }

    #[tokio::test]
    async fn a_port_that_nobody_listens_on_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        expect(&to(&address.to_string()).await, "connect-refused");
    }

    #[tokio::test]
    async fn a_server_that_knows_old_algorithms_only_is_told() {
        let old = [
            "diffie-hellman-group1-sha1",
            "ssh-dss",
            "3des-cbc",
            "3des-cbc",
            "hmac-md5",
            "hmac-md5",
            "none",
            "none",
            "",
            "",
        ];
        let lists: Vec<u8> = old.into_iter().flat_map(text).collect();
        let packet = packet(&[&[20][..], &[0; 16], &lists, &[0; 5]].concat());
        let report = saying([b"SSH-2.0-old\r\n", &packet[..]].concat()).await;
        expect(&report, "ssh-no-common-ground");
    }

    #[tokio::test]
    async fn a_key_that_is_none_is_not_shown_to_anybody() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        let data = [
            ("GIT_URL", "ssh://git@127.0.0.1:9/x"),
            ("ssh-privatekey", key),
            ("known_hosts", "x ssh-ed25519 AAAA"),
        ];
        expect(
            &run(&connection("git", &data), &at("main")).await,
            "key-unreadable",
        );
    }
}
