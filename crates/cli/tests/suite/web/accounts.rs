//! Tokens of ServiceAccounts on the web server of `bowline up`: good there as on the Kubernetes API,
//! and as long as there.

use std::fs;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bowline_testkit::server::Server;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use rcgen::KeyPair;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{WHOAMI, http, whoami};

const BOT: &str = "system:serviceaccount:default:bot";

/// A server with the ServiceAccount `bot`.
struct Scene {
    server: Server,
    data: TempDir,
    client: Client,
}

impl Scene {
    async fn new() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let server = Server::start(env!("CARGO_BIN_EXE_bowline"), data.path())?;
        let client = server.client().await?;
        let scene = Self {
            server,
            data,
            client,
        };
        let account = serde_json::from_value(json!({"metadata": {"name": "bot"}}))?;
        scene
            .accounts()
            .create(&PostParams::default(), &account)
            .await?;
        Ok(scene)
    }

    fn accounts(&self) -> Api<ServiceAccount> {
        Api::default_namespaced(self.client.clone())
    }

    async fn token(&self, audiences: &[&str]) -> Result<String> {
        let request: TokenRequest =
            serde_json::from_value(json!({"spec": {"audiences": audiences}}))?;
        let accounts = self.accounts();
        let params = PostParams::default();
        let made = accounts.create_token_request("bot", &params, &request);
        let token = made.await?.status.and_then(|status| status.token);
        token.context("a token")
    }

    /// Whom the web server takes the owner of a token for.
    async fn who(&self, token: &str) -> Result<Option<String>> {
        let url = format!("{}{WHOAMI}", self.server.ready.http);
        let known = whoami(http()?.get(url).bearer_auth(token)).await?;
        Ok(known.map(|(user, _)| user))
    }

    async fn list_connections(&self, token: &str) -> Result<StatusCode> {
        let path = "/api/v1/projects/default/connections";
        let url = format!("{}{path}", self.server.ready.http);
        Ok(http()?.get(url).bearer_auth(token).send().await?.status())
    }
}

#[tokio::test]
async fn a_service_account_has_its_own_rights_on_the_web_server() -> Result<()> {
    let scene = Scene::new().await?;
    let token = scene.token(&[]).await?;
    assert_eq!(scene.who(&token).await?.as_deref(), Some(BOT));
    assert_eq!(scene.list_connections(&token).await?, 403);
    let binding: RoleBinding = serde_json::from_value(json!({
        "metadata": {"name": "bot"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": "default"}],
    }))?;
    let bindings: Api<RoleBinding> = Api::default_namespaced(scene.client.clone());
    bindings.create(&PostParams::default(), &binding).await?;
    assert_eq!(scene.list_connections(&token).await?, 200);
    Ok(())
}

#[tokio::test]
async fn a_token_for_somebody_else_is_not_taken_by_the_web_server() -> Result<()> {
    let scene = Scene::new().await?;
    let token = scene.token(&["vault"]).await?;
    assert_eq!(scene.who(&token).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_token_ends_on_the_web_server_with_its_account() -> Result<()> {
    let scene = Scene::new().await?;
    let token = scene.token(&[]).await?;
    assert_eq!(scene.who(&token).await?.as_deref(), Some(BOT));
    scene
        .accounts()
        .delete("bot", &DeleteParams::default())
        .await?;
    assert_eq!(scene.who(&token).await?, None);
    Ok(())
}

/// Signed as the server does it, since no token that it gives ends within ten minutes.
#[tokio::test]
async fn an_expired_token_is_not_taken_by_the_web_server() -> Result<()> {
    let scene = Scene::new().await?;
    let token = scene.token(&[]).await?;
    let claims = token.split('.').nth(1).context("claims")?;
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    let key = KeyPair::from_pem(&fs::read_to_string(scene.data.path().join("accounts.key"))?)?;
    let key = EncodingKey::from_ec_der(&key.serialize_der());
    let mut signed = |ends_in: i64| -> Result<String> {
        let now = claims["iat"].as_i64().context("a time")?;
        claims["exp"] = (now + ends_in).into();
        Ok(jsonwebtoken::encode(
            &Header::new(Algorithm::ES256),
            &claims,
            &key,
        )?)
    };
    let (good, expired) = (signed(60)?, signed(-1)?);
    assert_eq!(scene.who(&good).await?.as_deref(), Some(BOT));
    assert_eq!(scene.who(&expired).await?, None);
    Ok(())
}
