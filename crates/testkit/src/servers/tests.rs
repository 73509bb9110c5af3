use std::process::Command;

use super::*;

/// Runs a client; whether it succeeds.
fn succeeds(command: &mut Command) -> bool {
    command
        .output()
        .expect("the client starts")
        .status
        .success()
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("GIT_SSL_CAINFO");
    git
}

fn curl(url: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", url]);
    curl
}

#[test]
fn git_reads_over_http_with_a_password_and_not_without() {
    let Some(server) = GitHttp::shared() else {
        return;
    };
    let at = |login: &str| {
        let url = server.url.replace("://", &format!("://{login}"));
        succeeds(git().args(["ls-remote", &format!("{url}/private/demo.git")]))
    };
    let password = server.password.replace('/', "%2F").replace('+', "%2B");
    assert!(at(&format!("demo:{password}@")) && !at("demo:wrong@"));
}

#[test]
fn git_reads_over_ssh_with_a_known_key_only() {
    let Some(server) = GitSsh::shared() else {
        return;
    };
    let with = |key: &str| {
        let ssh = format!(
            "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile={} -i {}",
            server.known_hosts.display(),
            server.keys.join(key).display()
        );
        succeeds(
            git()
                .env("GIT_SSH_COMMAND", ssh)
                .args(["ls-remote", &format!("{}/demo.git", server.url)]),
        )
    };
    assert!(with("read") && with("rsa") && with("ecdsa") && !with("unknown") && !with("locked"));
}

#[test]
fn the_registry_gives_manifests_to_those_who_log_in() {
    let Some(server) = Registry::shared() else {
        return;
    };
    let with = |password: &str| {
        let url = format!("http://{}/v2/team/app/manifests/v1", server.basic);
        let login = format!("{}:{password}", server.username);
        succeeds(curl(&url).args([
            "--user",
            &login,
            "--header",
            "Accept: application/vnd.oci.image.manifest.v1+json",
        ]))
    };
    assert!(with(&server.password) && !with("wrong"));
}

#[test]
fn azurite_takes_a_signature_until_it_ends() {
    let Some(server) = Azurite::shared() else {
        return;
    };
    let with = |hours| {
        let sas = server.sas("r", hours, None).expect("a signature");
        succeeds(&mut curl(&format!(
            "{}/models/demo/hello.txt?{sas}",
            server.endpoint
        )))
    };
    assert!(with(1) && !with(-1));
}

#[test]
fn the_hub_shows_private_models_to_the_token_only() {
    let Some(server) = Hub::shared() else {
        return;
    };
    let with = |token: &str| {
        let url = format!("{}/demo/private/resolve/main/config.json", server.endpoint);
        succeeds(curl(&url).args(["--header", &format!("Authorization: Bearer {token}")]))
    };
    assert!(with(&server.token) && !with("wrong"));
}

#[test]
fn the_gcs_server_refuses_who_has_no_token() {
    let Some(server) = Gcs::shared() else {
        return;
    };
    assert!(!succeeds(&mut curl(&format!(
        "{}/storage/v1/b/models/o",
        server.endpoint
    ))));
}

#[test]
fn the_aws_server_refuses_what_is_not_signed() {
    let Some(server) = Aws::shared() else {
        return;
    };
    assert!(!succeeds(&mut curl(&format!("{}/models", server.endpoint))));
}
