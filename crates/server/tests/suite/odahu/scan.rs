//! Fetching the host keys of Git servers: for whom, how often, and where it may go.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_probe::dial::{Resolve, Resolving};
use bowline_server::Settings;
use bowline_testkit::servers::GitSsh;
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::json;
use url::Url;

use super::secret;
use crate::world::{Who, World};

const PATH: &str = "/api/v1/connection";

/// A name server by which every name is this machine's.
struct Here;

impl Resolve for Here {
    fn addresses<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) })
    }
}

async fn world(change: impl FnOnce(&mut Settings)) -> Result<World> {
    World::with(|web| {
        let mut odahu = bowline_server::odahu::Settings::new("team-a");
        odahu.scans_host_keys = true;
        web.odahu = Some(odahu);
        web.testing.bounds.resolver = Arc::new(Here);
        change(web);
    })
    .await
}

/// Somebody stores a Git connection without host keys.
async fn store(world: &World, who: Who, method: Method, place: &str) -> Result<Response> {
    let uri = format!("ssh://git@{place}/demo.git");
    let body = json!({"id": "tides", "spec": {"type": "git", "uri": uri, "keySecret": "YQ=="}});
    let request = world.request(who, method, PATH);
    Ok(request.body(body.to_string()).send().await?)
}

/// A port that notices whoever comes.
struct Bell(TcpListener);

impl Bell {
    fn new() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    fn place(&self, host: &str) -> Result<String> {
        Ok(format!("{host}:{}", self.0.local_addr()?.port()))
    }

    fn has_rung(&self) -> bool {
        !matches!(self.0.accept(), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

#[rstest]
#[case::create(Method::POST)]
#[case::change(Method::PUT)]
#[tokio::test]
async fn who_may_not_store_a_connection_makes_us_go_nowhere(#[case] method: Method) -> Result<()> {
    let (world, bell) = (world(|_| ()).await?, Bell::new()?);
    for who in [Who::Viewer, Who::Other] {
        let place = bell.place("127.0.0.1")?;
        let answer = store(&world, who, method.clone(), &place).await?;
        assert_eq!(answer.status(), 403, "{who:?}");
        assert!(!bell.has_rung(), "{who:?}");
    }
    Ok(())
}

#[rstest]
#[case::an_address("127.0.0.1")]
#[case::a_name("git-host.example")]
#[tokio::test]
async fn host_keys_are_fetched_only_where_tests_may_go(#[case] host: &str) -> Result<()> {
    let denied = "127.0.0.0/8".parse()?;
    let world = world(|web| web.testing.bounds.denied = vec![denied]).await?;
    let bell = Bell::new()?;
    let answer = store(&world, Who::Editor, Method::POST, &bell.place(host)?).await?;
    assert_eq!(answer.status(), 400);
    let text = answer.text().await?;
    assert!(text.contains("the administrator's lists"), "{text}");
    assert!(!bell.has_rung());
    Ok(())
}

#[tokio::test]
async fn whoever_has_host_keys_fetched_without_end_is_told_to_wait() -> Result<()> {
    let denied = "127.0.0.0/8".parse()?;
    let world = world(|web| {
        web.testing.bounds.denied = vec![denied];
        web.testing.rate.burst = 1;
        web.testing.rate.per_second = 0;
    })
    .await?;
    for status in [400, 429] {
        let answer = store(&world, Who::Editor, Method::POST, "git-host.example").await?;
        assert_eq!(answer.status(), status);
    }
    Ok(())
}

/// Beyond this machine whoever asks could not go where we go.
#[tokio::test]
async fn why_a_host_inside_of_the_network_has_no_keys_is_not_told() -> Result<()> {
    let world = world(|web| web.testing.is_open = false).await?;
    let answer = store(&world, Who::Editor, Method::POST, "127.0.0.1:1").await?;
    assert_eq!(answer.status(), 400);
    let text = answer.text().await?;
    assert!(text.contains("nothing more is told"), "{text}");
    Ok(())
}

#[tokio::test]
async fn fetched_host_keys_are_stored_under_the_name_of_the_host() -> Result<()> {
    let Some(git) = GitSsh::shared() else {
        return Ok(());
    };
    let port = Url::parse(&git.url)?.port().context("a port")?;
    let world = world(|_| ()).await?;
    let place = format!("Git-host.example:{port}");
    let answer = store(&world, Who::Editor, Method::POST, &place).await?;
    ensure!(answer.status() == 201, "{}", answer.text().await?);
    let stored = secret(&world, "tides").await?;
    let known = stored["data"]["known_hosts"].as_str().context("keys")?;
    let known = String::from_utf8(STANDARD.decode(known)?)?;
    let expected = std::fs::read_to_string(&git.known_hosts)?;
    let key = |line: &str| line.split_once(' ').map(|(_, key)| key.trim().to_owned());
    let (expected, found) = (expected.lines().next().and_then(key), key(known.trim_end()));
    assert_eq!(found, expected);
    assert!(
        known.starts_with(&format!("[Git-host.example]:{port} ")),
        "{known}"
    );
    Ok(())
}
