//! What a real browser makes of the pages, cookies and headers of `bowline up`, and of pages of others
//! that want something from it.

use anyhow::{Context as _, Result};
use axum::Router;
use axum::response::Html;
use bowline_testkit::server::Server;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::browser::Browser;

const BINARY: &str = env!("CARGO_BIN_EXE_bowline");
/// Another site, and a name that was made to lead to this machine.
const HOSTS: &str = "MAP evil.test 127.0.0.1, MAP rebound.test 127.0.0.1";
const WHOAMI: &str = "fetch('/api/v1/whoami').then(answer => answer.status)";

/// A server, a browser that has signed in to it, and another server with a page of somebody else.
struct Scene {
    server: Server,
    browser: Browser,
    /// The port of the other server.
    port: u16,
    _data: tempfile::TempDir,
}

impl Scene {
    /// `page` is what others show; `SERVER` in it is our address.
    async fn new(page: &str) -> Result<Option<Self>> {
        let Some(browser) = Browser::start(HOSTS)? else {
            return Ok(None);
        };
        let data = tempfile::tempdir()?;
        let server = Server::start(BINARY, data.path())?;
        let page = page.replace("SERVER", &server.ready.http);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let pages = Router::new().fallback(move || async move { Html(page) });
        tokio::spawn(async move { axum::serve(listener, pages).await });
        let mut scene = Self {
            server,
            browser,
            port,
            _data: data,
        };
        let link = scene.server.ready.login.clone();
        anyhow::ensure!(scene.browser.go(&link)? == 200, "the link does not lead on");
        Ok(Some(scene))
    }

    /// Whether the session is still good.
    fn is_signed_in(&mut self) -> Result<bool> {
        let url = format!("{}/docs/", self.server.ready.http);
        self.browser.go(&url)?;
        Ok(self.browser.evaluate(WHOAMI)? == 200)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_a_browser_in_with_a_cookie_that_scripts_do_not_see() -> Result<()> {
    let Some(mut scene) = Scene::new("").await? else {
        return Ok(());
    };
    let place = scene.browser.evaluate("location.pathname")?;
    assert_eq!(place, "/docs/");
    let cookies = scene.browser.ask("Network.getCookies", &json!({}))?;
    let cookies = cookies["cookies"].as_array().context("cookies")?;
    let seen = |cookie: &Value| {
        json!([
            cookie["name"],
            cookie["domain"],
            cookie["path"],
            cookie["httpOnly"],
            cookie["sameSite"],
            cookie["session"],
        ])
    };
    let seen: Vec<Value> = cookies.iter().map(seen).collect();
    assert_eq!(
        seen,
        [json!([
            "bowline-session",
            "127.0.0.1",
            "/",
            true,
            "Strict",
            false
        ])]
    );
    assert_eq!(scene.browser.evaluate("document.cookie")?, "");
    assert_eq!(scene.browser.evaluate(WHOAMI)?, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_works_under_its_policy_without_a_complaint() -> Result<()> {
    let Some(mut scene) = Scene::new("").await? else {
        return Ok(());
    };
    let url = format!("{}/docs/", scene.server.ready.http);
    assert_eq!(scene.browser.go(&url)?, 200);
    let drawn = "new Promise(done => {
        const look = () => document.querySelector('.opblock') ? done(true) : setTimeout(look, 20);
        look();
    })";
    assert_eq!(scene.browser.evaluate(drawn)?, true);
    let tags = scene
        .browser
        .evaluate("[...document.querySelectorAll('.opblock-tag')].map(tag => tag.dataset.tag)")?;
    assert!(tags.to_string().contains("connections"), "{tags}");
    assert_eq!(scene.browser.complaints(), Vec::<String>::new());
    // The policy is in force all the same.
    let injected = "const script = document.createElement('script');
        script.textContent = 'window.injected = 1';
        document.body.append(script);
        typeof window.injected";
    assert_eq!(scene.browser.evaluate(injected)?, "undefined");
    assert!(!scene.browser.complaints().is_empty());
    Ok(())
}

/// A page with a form that signs whoever sends it out, if it can.
const FORM: &str = "<!doctype html><form method=post action='SERVER/logout'></form>";

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_changes_nothing() -> Result<()> {
    let Some(mut scene) = Scene::new(FORM).await? else {
        return Ok(());
    };
    // Another port of this host is the same site to a browser, which sends the cookie along. Of
    // another site it sends none, so that nobody is signed out, and nothing is taken back.
    for (host, status) in [("evil.test", 204), ("127.0.0.1", 403)] {
        scene
            .browser
            .go(&format!("http://{host}:{}/", scene.port))?;
        scene.browser.evaluate("document.forms[0].submit()")?;
        let answered = scene.browser.answered("POST", "/logout")?;
        assert_eq!(answered, status, "{host}");
        assert!(scene.is_signed_in()?, "{host}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_another_site_reads_and_changes_nothing() -> Result<()> {
    let Some(mut scene) = Scene::new("<!doctype html>").await? else {
        return Ok(());
    };
    let server = scene.server.ready.http.clone();
    let attempts = [
        // What a browser sends without asking first, and what it asks about.
        "fetch('SERVER/logout', {method: 'POST', mode: 'no-cors', credentials: 'include'})",
        "fetch('SERVER/logout', {method: 'POST', credentials: 'include', headers: {'x-bowline-csrf': '1'}})",
        "fetch('SERVER/api/v1/projects/default/connections', {method: 'POST', credentials: 'include',
            headers: {'content-type': 'application/json'}, body: '{}'})",
        "fetch('SERVER/api/v1/whoami', {credentials: 'include'})",
    ];
    for host in ["evil.test", "127.0.0.1"] {
        scene
            .browser
            .go(&format!("http://{host}:{}/", scene.port))?;
        for attempt in attempts {
            let script = format!(
                "{}.then(answer => answer.type + answer.status, () => 'refused')",
                attempt.replace("SERVER", &server)
            );
            let seen = scene.browser.evaluate(&script)?;
            // An opaque answer tells nothing, not even its status.
            assert!(
                seen == "refused" || seen == "opaque0",
                "{host} {attempt}: {seen}"
            );
        }
        assert!(scene.is_signed_in()?, "{host}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_is_shown_in_a_frame_of_another() -> Result<()> {
    let page = "<!doctype html><iframe src='SERVER/docs/'></iframe>";
    let Some(mut scene) = Scene::new(page).await? else {
        return Ok(());
    };
    for host in ["evil.test", "127.0.0.1"] {
        scene
            .browser
            .go(&format!("http://{host}:{}/", scene.port))?;
        let refused = scene.browser.until("the frame is refused", |event| {
            event["method"] == "Network.loadingFailed" && event["params"]["type"] == "Document"
        })?;
        let why = refused["params"]["errorText"].to_string();
        assert!(why.contains("BLOCKED_BY_RESPONSE"), "{host}: {why}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_made_to_lead_here_is_not_answered() -> Result<()> {
    let Some(mut scene) = Scene::new("").await? else {
        return Ok(());
    };
    let rebound = scene.server.ready.http.replace("127.0.0.1", "rebound.test");
    assert_eq!(scene.browser.go(&format!("{rebound}/api/v1/whoami"))?, 421);
    let cookies = scene.browser.ask("Network.getCookies", &json!({}))?;
    assert_eq!(cookies["cookies"], json!([]));
    Ok(())
}
