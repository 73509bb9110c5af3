//! A real browser, driven over its `DevTools` protocol by a pair of pipes. What it is to see is left to
//! the tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bowline_testkit::s3::UNAVAILABLE;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for an answer, or for something to happen in a page.
const PATIENCE: Duration = Duration::from_secs(30);
/// Hands our pipes to the browser where it looks for them, beside its own input and output.
const PIPES: &str = r#"exec "$@" 3<&0 4>&1 < /dev/null > /dev/null"#;

/// A browser with one page; it ends with this.
pub(super) struct Browser {
    child: Child,
    words: ChildStdin,
    heard: Receiver<Value>,
    /// All that was heard without being asked for.
    events: Vec<Value>,
    session: Option<String>,
    number: u64,
    _profile: TempDir,
}

impl Browser {
    /// Starts one, where there is one; `hosts` are rules for names such as `MAP a.test 127.0.0.1`.
    pub(super) fn start(hosts: &str) -> Result<Option<Self>> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/chromium.sh");
        let found = Command::new(script).output()?;
        let said = String::from_utf8_lossy(&found.stderr);
        if found.status.code() == Some(UNAVAILABLE) {
            anstream::eprintln!("SKIPPED: there is no browser here: {said}");
            return Ok(None);
        }
        ensure!(found.status.success(), "{said}");
        let program = String::from_utf8(found.stdout)?;
        let profile = tempfile::tempdir()?;
        let mut child = Command::new("sh")
            .args(["-c", PIPES, "browser", program.trim()])
            .args(["--headless", "--remote-debugging-pipe", "--no-sandbox"])
            .args(["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--no-proxy-server"])
            .arg(format!("--host-resolver-rules={hosts}"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let words = child.stdin.take().context("no pipe to the browser")?;
        let answers = child.stdout.take().context("no pipe from the browser")?;
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            let mut answers = BufReader::new(answers);
            let mut message = Vec::new();
            while answers
                .read_until(0, &mut message)
                .is_ok_and(|read| read > 0)
            {
                message.pop();
                let value = serde_json::from_slice(&message).unwrap_or_default();
                message.clear();
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            words,
            heard,
            events: Vec::new(),
            session: None,
            number: 0,
            _profile: profile,
        };
        browser.open()?;
        Ok(Some(browser))
    }

    fn open(&mut self) -> Result<()> {
        let page = self.ask("Target.createTarget", &json!({"url": "about:blank"}))?;
        let target = json!({"targetId": page["targetId"], "flatten": true});
        let attached = self.ask("Target.attachToTarget", &target)?;
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for part in ["Page", "Runtime", "Log", "Network", "Audits"] {
            self.ask(&format!("{part}.enable"), &json!({}))?;
        }
        Ok(())
    }

    /// Asks for something, and waits for the answer.
    pub(super) fn ask(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.number += 1;
        let number = self.number;
        let mut message = json!({"id": number, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.words.write_all(message.to_string().as_bytes())?;
        self.words.write_all(&[0])?;
        let end = Instant::now() + PATIENCE;
        loop {
            let mut heard = self.next(end).with_context(|| method.to_owned())?;
            if heard["id"] == number {
                ensure!(heard["error"].is_null(), "{method}: {}", heard["error"]);
                return Ok(heard["result"].take());
            }
            self.events.push(heard);
        }
    }

    fn next(&self, end: Instant) -> Result<Value> {
        let left = end.saturating_duration_since(Instant::now());
        match self.heard.recv_timeout(left) {
            Ok(heard) => Ok(heard),
            Err(RecvTimeoutError::Timeout) => bail!("the browser does not answer"),
            Err(RecvTimeoutError::Disconnected) => bail!("the browser has ended"),
        }
    }

    /// Waits until something happens, or has happened since the last [`Self::forget`].
    pub(super) fn until(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Result<Value> {
        if let Some(event) = self.events.iter().find(|event| is_it(event)) {
            return Ok(event.clone());
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let event = self.next(end).with_context(|| what.to_owned())?;
            self.events.push(event.clone());
            if is_it(&event) {
                return Ok(event);
            }
        }
    }

    /// Forgets what has happened.
    pub(super) fn forget(&mut self) {
        self.events.clear();
    }

    /// Goes to an address and waits until all of the page is there; the status of its answer.
    pub(super) fn go(&mut self, url: &str) -> Result<i64> {
        self.forget();
        let begun = self.ask("Page.navigate", &json!({"url": url}))?;
        ensure!(
            begun["errorText"].is_null(),
            "{url}: {}",
            begun["errorText"]
        );
        let frame = begun["frameId"].clone();
        let answer = self.until("an answer", |event| {
            event["method"] == "Network.responseReceived"
                && event["params"]["type"] == "Document"
                && event["params"]["frameId"] == frame
        })?;
        self.until("a page", |event| event["method"] == "Page.loadEventFired")?;
        let status = &answer["params"]["response"]["status"];
        status.as_i64().context("a status")
    }

    /// The status of the answer to the next request of this method whose address ends so.
    pub(super) fn answered(&mut self, method: &str, end: &str) -> Result<i64> {
        let asked = self.until(&format!("{method} {end}"), |event| {
            let request = &event["params"]["request"];
            event["method"] == "Network.requestWillBeSent"
                && request["method"] == method
                && request["url"]
                    .as_str()
                    .is_some_and(|url| url.ends_with(end))
        })?;
        let id = asked["params"]["requestId"].clone();
        let answer = self.until(&format!("the answer to {method} {end}"), |event| {
            event["method"] == "Network.responseReceived" && event["params"]["requestId"] == id
        })?;
        let status = &answer["params"]["response"]["status"];
        status.as_i64().context("a status")
    }

    /// What a script of the page comes to; promises are waited for.
    pub(super) fn evaluate(&mut self, script: &str) -> Result<Value> {
        let done = self.ask(
            "Runtime.evaluate",
            &json!({"expression": script, "awaitPromise": true, "returnByValue": true}),
        )?;
        ensure!(
            done["exceptionDetails"].is_null(),
            "{script}: {}",
            done["exceptionDetails"]
        );
        Ok(done["result"]["value"].clone())
    }

    /// All that the page has complained about.
    pub(super) fn complaints(&self) -> Vec<String> {
        let complaint = |event: &Value| {
            let params = &event["params"];
            let is_one = match event["method"].as_str()? {
                "Runtime.exceptionThrown" => true,
                "Runtime.consoleAPICalled" => params["type"] == "error",
                "Log.entryAdded" => params["entry"]["level"] == "error",
                "Audits.issueAdded" => params["issue"]["code"] == "ContentSecurityPolicyIssue",
                _ => false,
            };
            is_one.then(|| params.to_string())
        };
        self.events.iter().filter_map(complaint).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
