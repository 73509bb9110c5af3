//! A `bowline up`, and a folder in which ODAHU's client is at home. Whatever differs from run to run
//! is taken out of what it prints.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};
use bowline_testkit::Canaries;
use bowline_testkit::server::Server;
use tempfile::TempDir;

/// Whether credentials are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    Closed,
}

const READER: &str = "reader-of-everything";
const STRANGER: &str = "stranger-to-everybody";

/// The client and the server that it talks to.
pub(super) struct Client {
    server: Server,
    folder: TempDir,
    canaries: Canaries,
    _data: TempDir,
}

impl Client {
    /// A new server, and manifests with values of their own.
    pub(super) fn new(door: Door) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let folder = tempfile::tempdir()?;
        let tokens = folder.path().join("tokens.csv");
        std::fs::write(
            &tokens,
            format!("{READER},reader,1\n{STRANGER},stranger,2\n"),
        )?;
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600))?;
        let mut environment = vec![
            ("RUST_LOG", "trace"),
            ("BOWLINE_TOKEN_AUTH_FILE", tokens.to_str().context("UTF-8")?),
        ];
        if door == Door::Open {
            environment.push(("BOWLINE_ODAHU_OPEN", "true"));
        }
        let server = Server::start_in(env!("CARGO_BIN_EXE_bowline"), data.path(), &environment)?;
        symlink(program(), folder.path().join("odahuflowctl"))?;
        symlink(env!("CARGO_BIN_EXE_bowline"), folder.path().join("bowline"))?;
        let mut client = Self {
            server,
            folder,
            canaries: Canaries::default(),
            _data: data,
        };
        client.write_manifests()?;
        if door == Door::Closed {
            client.let_the_reader_read();
        }
        Ok(client)
    }

    /// Copies the manifests; `$SECRET` becomes the base64 of a canary.
    fn write_manifests(&mut self) -> Result<()> {
        use base64::Engine as _;
        for entry in std::fs::read_dir(super::manifests())? {
            let path = entry?.path();
            let name = path.file_name().context("a name")?;
            let secret = self.canaries.plant(format!("manifest {}", name.display()));
            let secret = base64::engine::general_purpose::STANDARD.encode(secret);
            let text = std::fs::read_to_string(&path)?.replace("$SECRET", &secret);
            std::fs::write(self.folder.path().join(name), text)?;
        }
        Ok(())
    }

    fn let_the_reader_read(&self) {
        let role = "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\n\
                    metadata: {name: reader, namespace: odahu}\n\
                    rules: [{apiGroups: [''], resources: [secrets], verbs: [get, list]}]\n\
                    ---\n\
                    kind: RoleBinding\napiVersion: rbac.authorization.k8s.io/v1\n\
                    metadata: {name: reader, namespace: odahu}\n\
                    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}\n\
                    subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]\n";
        std::fs::write(self.folder.path().join("reader.yaml"), role).expect("a file");
        let kubectl = std::env::var("KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
        let (code, output) = self.run(&format!("{kubectl} apply -f reader.yaml"));
        assert_eq!(code, 0, "{output}");
    }

    /// Runs a command for each line, and returns it all as a person would see it.
    pub(super) fn play(&self, commands: &str) -> Result<String> {
        let mut transcript = String::new();
        for command in commands.lines().map(str::trim) {
            let (code, output) = self.run(command);
            ensure!(!output.contains("Traceback"), "`{command}`: {output}");
            let output = self.steady(output.trim_end());
            transcript.push_str(&format!("$ {command}\n{output}\n"));
            if code != 0 {
                transcript.push_str(&format!("(exit {code})\n"));
            }
            transcript.push('\n');
        }
        Ok(transcript)
    }

    fn run(&self, command: &str) -> (i32, String) {
        let ready = &self.server.ready;
        let path = std::env::var("PATH").unwrap_or_default();
        let folder = self.folder.path();
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {command}; }} 2>&1")])
            .current_dir(folder)
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("HOME", folder)
            .env("KUBECONFIG", &ready.kubeconfig)
            .env("API_URL", &ready.http)
            .env("ADMINISTRATOR", &ready.token)
            .env("READER", READER)
            .env("STRANGER", STRANGER)
            .env("COLUMNS", "100")
            .env_remove("API_TOKEN")
            .output()
            .expect("a shell");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        (output.status.code().unwrap_or(-1), text)
    }

    /// Times, secret values and ports differ each time.
    fn steady(&self, text: &str) -> String {
        let text = text.replace(&self.server.ready.http, "$API_URL");
        let mut steady = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((at, length, name)) = varying(rest) {
            steady.push_str(&rest[..at]);
            steady.push_str(name);
            rest = &rest[at + length..];
        }
        steady + rest
    }

    /// Nothing that was sent may be in the log.
    pub(super) fn search_the_log(&self) -> Result<()> {
        let log = std::fs::read_to_string(&self.server.log)?;
        ensure!(
            log.contains("bowline::audit"),
            "the log is not that of a server that was used"
        );
        ensure!(
            !log.contains(&self.server.ready.token),
            "the log has the administrator's token"
        );
        let leaks = self.canaries.leaks(&log);
        ensure!(leaks.is_empty(), "{leaks:?}");
        Ok(())
    }
}

/// The first part of a text that differs each time: where, how long, and what to call it.
fn varying(text: &str) -> Option<(usize, usize, &'static str)> {
    // The base64 of what every canary begins with.
    let secret = text.find("Q2FuYXJ5L").map(|at| {
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        let length = text[at..]
            .find(|c| !is_base64(c))
            .unwrap_or(text.len() - at);
        (at, length, "[secret]")
    });
    let time = text.match_indices("T").find_map(|(at, _)| {
        let start = at.checked_sub(10)?;
        let length = text.get(start..)?.find('Z')? + 1;
        let time = text.get(start..start + length)?;
        let is_time = length <= 30 && time.parse::<k8s_openapi::jiff::Timestamp>().is_ok();
        is_time.then_some((start, length, "[time]"))
    });
    secret.into_iter().chain(time).min()
}

/// ODAHU's client, installed where it is not yet.
fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let install = || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/odahu-client.sh");
        let output = Command::new(script).output().expect("a script");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "ODAHU's client cannot be had: {complaint}"
        );
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    };
    PROGRAM.get_or_init(install).clone()
}
