//! `bowline store` beside a server that serves, and a server that is killed at any point while people
//! work with it.

mod crashes;

use std::path::Path;
use std::process::{Command, Output};

use bowline_testkit::Canaries;
use bowline_testkit::server::Server;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};
use tempfile::TempDir;

const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// A server with one Secret, whose value is searched for in all that is put out.
struct Scene {
    server: Server,
    data: TempDir,
    canaries: Canaries,
    value: String,
}

impl Scene {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let server = start(data.path(), environment);
        let mut canaries = Canaries::default();
        let value = canaries.plant("Secret tides, key PASSWORD");
        let secret = json!({"metadata": {"name": "tides"}, "stringData": {"PASSWORD": value}});
        secrets(&server)
            .await
            .create(&PostParams::default(), &parsed(secret))
            .await
            .expect("created");
        Self {
            server,
            data,
            canaries,
            value,
        }
    }

    fn run(&self, line: &str) -> Output {
        self.run_in(line, &[])
    }

    /// Runs `bowline store …` on this state.
    fn run_in(&self, line: &str, environment: &[(&str, &str)]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
            .arg("store")
            .args(line.split_whitespace())
            .arg("--data")
            .arg(self.data.path())
            .current_dir(self.data.path())
            .envs(environment.iter().copied())
            .output()
            .expect("the binary runs");
        let text = shown(&output);
        assert!(self.canaries.leaks(&text).is_empty(), "a value leaked");
        output
    }

    #[track_caller]
    fn ok(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} -o json"));
        assert!(output.status.success(), "{}", shown(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    #[track_caller]
    fn refused(&self, line: &str, code: i32, text: &str) {
        let output = self.run(line);
        let told = shown(&output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(text), "{told}");
    }

    async fn value(&self) -> Option<String> {
        let found = secrets(&self.server).await.get_opt("tides").await;
        let data = found.expect("an answer")?.data?;
        let bytes = data.get("PASSWORD")?.0.clone();
        Some(String::from_utf8(bytes).expect("text"))
    }
}

fn start(data: &Path, environment: &[(&str, &str)]) -> Server {
    let with_log = [&[("RUST_LOG", "trace")], environment].concat();
    Server::start_in(env!("CARGO_BIN_EXE_bowline"), data, &with_log)
        .unwrap_or_else(|error| panic!("the server must start: {error:#}"))
}

async fn secrets(server: &Server) -> Api<Secret> {
    let client = server.client().await.expect("a client");
    Api::namespaced(client, "default")
}

fn parsed(value: Value) -> Secret {
    serde_json::from_value(value).expect("a Secret")
}

fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn a_store_is_backed_up_and_checked_while_it_serves() {
    let scene = Scene::new().await;
    let done = scene.ok("backup monday.sqlite");
    let store = scene.ok("check");
    let backup = scene.ok("check monday.sqlite");
    assert_eq!(
        (&store["sound"], &backup["sound"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(done["objects"], backup["objects"]);
    scene.refused("backup monday.sqlite", 4, "exists already");
}

#[tokio::test]
async fn a_backup_comes_back_where_the_store_was_lost() {
    let mut scene = Scene::new().await;
    scene.ok("backup monday.sqlite");
    secrets(&scene.server)
        .await
        .delete("tides", &Default::default())
        .await
        .expect("deleted");
    scene.refused("restore monday.sqlite --force", 7, "in use");
    scene.server.stop().expect("stopped");
    scene.refused("restore monday.sqlite", 4, "`--force`");
    scene.ok("restore monday.sqlite --force");
    scene.server = start(scene.data.path(), &[]);
    assert_eq!(scene.value().await.as_ref(), Some(&scene.value));
}

#[tokio::test]
async fn the_key_is_changed_while_the_server_serves() {
    let scene = Scene::new().await;
    let path = scene.data.path().join("store.sqlite.key");
    let old = std::fs::read(&path).expect("a key");
    scene.ok("backup before.sqlite");
    let done = scene.ok("rekey");
    assert_eq!(done["forgotten"], json!(true));
    let new = std::fs::read(&path).expect("a key");
    assert!(new.len() == 32 && new != old);
    assert_eq!(scene.ok("check")["key"], done["key"]);
    assert_eq!(scene.value().await.as_ref(), Some(&scene.value));
    scene.refused("check before.sqlite", 2, "put the right key in place");
}

#[tokio::test]
async fn the_key_is_changed_while_nothing_serves() {
    let mut scene = Scene::new().await;
    scene.server.stop().expect("stopped");
    let done = scene.ok("rekey");
    scene.server = start(scene.data.path(), &[]);
    assert_eq!(scene.ok("check")["key"], done["key"]);
    assert_eq!(scene.value().await.as_ref(), Some(&scene.value));
}

#[tokio::test]
async fn a_program_keeps_the_key_and_its_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    std::fs::write(&keys, format!("{KEY}\n")).expect("a file");
    let command = format!("cat {}", keys.display());
    let environment = [("BOWLINE_KEY_COMMAND", command.as_str())];
    let scene = Scene::with(&environment).await;
    assert!(!scene.data.path().join("store.sqlite.key").exists());
    scene.refused("rekey", 2, "let it print the new one first");
    std::fs::write(&keys, format!("{}\n{KEY}\n", "08".repeat(32))).expect("a file");
    assert_eq!(scene.ok("rekey")["forgotten"], json!(false));
    std::fs::write(&keys, "08".repeat(32)).expect("a file");
    let checked = scene.run_in("check", &environment);
    assert!(checked.status.success(), "{}", shown(&checked));
}

#[tokio::test]
async fn a_flipped_bit_is_told_by_the_exit_code() {
    let mut scene = Scene::new().await;
    scene.ok("backup monday.sqlite");
    scene.server.stop().expect("stopped");
    let path = scene.data.path().join("monday.sqlite");
    let mut bytes = std::fs::read(&path).expect("a backup");
    let mark = b"sealed:";
    let at = bytes.windows(mark.len()).position(|window| window == mark);
    bytes[at.expect("a sealed value") + 60] ^= 1;
    std::fs::write(&path, bytes).expect("a backup");
    scene.refused("check monday.sqlite", 1, "does not open");
    scene.refused("restore monday.sqlite --force", 1, "damaged");
}

#[test]
fn nothing_is_made_where_there_is_no_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("none");
    for line in [
        "backup copy.sqlite",
        "check",
        "rekey",
        "restore copy.sqlite",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
            .arg("store")
            .args(line.split_whitespace())
            .arg("--data")
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
        assert!(!data.exists(), "{line}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_socket_of_the_state_is_for_its_owner_only() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let scene = Scene::new().await;
    let socket = std::fs::metadata(scene.data.path().join("control.sock")).expect("a socket");
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
}
