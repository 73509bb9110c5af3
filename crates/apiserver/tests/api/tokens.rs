//! Tokens of ServiceAccounts: who gets them, what they say, and when they end.

use crate::client::{Client, SECRETS, Server, secret};
use crate::kubectl::Kubectl;
use crate::tls::Served;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

fn account(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

/// A token for `default/bot`, which is made where it is missing.
async fn request(admin: &Client, spec: &Value) -> Value {
    admin.post(ACCOUNTS, &account("bot")).await;
    admin
        .post(&format!("{ACCOUNTS}/bot/token"), &json!({ "spec": spec }))
        .await
        .ok()
}

fn token(answer: &Value) -> &str {
    answer["status"]["token"].as_str().unwrap()
}

/// What the API says about a token.
async fn review(admin: &Client, token: &str, audiences: &[&str]) -> Value {
    let review = json!({"spec": {"token": token, "audiences": audiences}});
    let mut status = admin.post(REVIEWS, &review).await.ok()["status"].clone();
    // What is not true is left out.
    let members = status.as_object_mut().unwrap();
    members.entry("authenticated").or_insert(false.into());
    status
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_says_whose_it_is_and_until_when() {
    let admin = Server::start().await.admin();
    let made = request(&admin, &json!({"expirationSeconds": 1200})).await;
    assert_eq!(
        (
            &made["kind"],
            &made["spec"]["audiences"],
            &made["metadata"]["name"]
        ),
        (&json!("TokenRequest"), &json!([ISSUER]), &json!("bot"))
    );
    let (header, claims) = (part(token(&made), 0), part(token(&made), 1));
    assert_eq!(header["alg"], "ES256");
    let uid = admin.get(&format!("{ACCOUNTS}/bot")).await.ok()["metadata"]["uid"].clone();
    assert_eq!(
        (&claims["sub"], &claims["iss"], &claims["aud"]),
        (
            &json!("system:serviceaccount:default:bot"),
            &json!(ISSUER),
            &json!([ISSUER])
        )
    );
    assert_eq!(
        claims["kubernetes.io"],
        json!({"namespace": "default", "serviceaccount": {"name": "bot", "uid": uid}})
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        1200
    );

    let status = review(&admin, token(&made), &[]).await;
    assert_eq!(
        (&status["authenticated"], &status["audiences"]),
        (&json!(true), &json!([ISSUER]))
    );
    let user = &status["user"];
    assert_eq!(
        (&user["username"], &user["uid"], &user["groups"]),
        (
            &json!("system:serviceaccount:default:bot"),
            &uid,
            &json!([
                "system:serviceaccounts",
                "system:serviceaccounts:default",
                "system:authenticated"
            ])
        )
    );
}

#[tokio::test]
async fn a_token_can_be_checked_by_the_keys_that_are_told() {
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    let admin = Server::start().await.admin();
    let made = request(&admin, &json!({"audiences": ["vault"]})).await;
    let issuer = admin.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(issuer["issuer"], ISSUER);
    let answer = admin.get("/openid/v1/jwks").await;
    assert_eq!(answer.headers["content-type"], "application/jwk-set+json");
    let keys: JwkSet = serde_json::from_value(answer.ok()).unwrap();
    let kid = part(token(&made), 0)["kid"].as_str().unwrap().to_owned();
    let key = DecodingKey::from_jwk(keys.find(&kid).expect("the key")).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&["vault"]);
    rules.set_issuer(&[ISSUER]);
    let read = jsonwebtoken::decode::<Value>(token(&made), &key, &rules).unwrap();
    assert_eq!(read.claims["sub"], "system:serviceaccount:default:bot");
}

#[tokio::test]
async fn a_token_is_good_for_its_audiences_only() {
    let admin = Server::start().await.admin();
    let made = request(&admin, &json!({"audiences": ["vault"]})).await;
    assert_eq!(
        review(&admin, token(&made), &[]).await["authenticated"],
        false
    );
    let status = review(&admin, token(&made), &["other", "vault"]).await;
    assert_eq!(
        (&status["authenticated"], &status["audiences"]),
        (&json!(true), &json!(["vault"]))
    );
}

#[tokio::test]
async fn a_changed_token_is_nobodys() {
    let admin = Server::start().await.admin();
    let made = request(&admin, &json!({})).await;
    let parts: Vec<&str> = token(&made).split('.').collect();
    let mut claims = part(token(&made), 1);
    claims["sub"] = "system:serviceaccount:kube-system:root".into();
    let forged = URL_SAFE_NO_PAD.encode(claims.to_string());
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for changed in [
        format!("{}.{forged}.{}", parts[0], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
    ] {
        assert_eq!(
            review(&admin, &changed, &[]).await["authenticated"],
            false,
            "{changed}"
        );
    }
    // Another server has another key.
    let other = Server::start().await.admin();
    request(&other, &json!({})).await;
    assert_eq!(
        review(&other, token(&made), &[]).await["authenticated"],
        false
    );
}

#[tokio::test]
async fn a_token_ends_with_its_account() {
    let admin = Server::start().await.admin();
    let made = request(&admin, &json!({})).await;
    admin.delete(&format!("{ACCOUNTS}/bot")).await.ok();
    assert_eq!(
        review(&admin, token(&made), &[]).await["authenticated"],
        false
    );
    // An account of the same name is another one.
    admin.post(ACCOUNTS, &account("bot")).await.ok();
    assert_eq!(
        review(&admin, token(&made), &[]).await["authenticated"],
        false
    );
}

#[tokio::test]
async fn a_token_ends_with_what_it_is_bound_to() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let reference = json!({"kind": "Secret", "apiVersion": "v1", "name": "a"});
    let made = request(&admin, &json!({ "boundObjectRef": reference })).await;
    assert_eq!(
        review(&admin, token(&made), &[]).await["authenticated"],
        true
    );
    admin.delete(&format!("{SECRETS}/a")).await.ok();
    assert_eq!(
        review(&admin, token(&made), &[]).await["authenticated"],
        false
    );
}

#[tokio::test]
async fn a_token_survives_the_server() {
    let server = Server::start().await;
    let made = request(&server.admin(), &json!({})).await;
    let Server { api, directory } = server;
    drop(api);
    let server = Server::again(directory).await;
    assert_eq!(
        review(&server.admin(), token(&made), &[]).await["authenticated"],
        true
    );
    use std::os::unix::fs::PermissionsExt as _;
    let key = std::fs::metadata(server.directory.path().join("accounts.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused() {
    let admin = Server::start().await.admin();
    admin.post(ACCOUNTS, &account("bot")).await.ok();
    let path = format!("{ACCOUNTS}/bot/token");
    let message = admin
        .post(&path, &json!({"spec": {"expirationSeconds": 5}}))
        .await
        .refused(422, "Invalid");
    assert_eq!(
        message,
        "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes"
    );
    let bound = |kind: &str| json!({"spec": {"boundObjectRef": {"kind": kind, "apiVersion": "v1", "name": "x"}}});
    admin
        .post(&path, &bound("Secret"))
        .await
        .refused(404, "NotFound");
    admin
        .post(&path, &bound("ConfigMap"))
        .await
        .refused(400, "BadRequest");
    admin
        .post(&path, &json!({"kind": "Secret"}))
        .await
        .refused(400, "BadRequest");
    admin
        .post(&format!("{ACCOUNTS}/nobody/token"), &json!({}))
        .await
        .refused(404, "NotFound");
    admin.get(&path).await.refused(405, "MethodNotAllowed");
}

#[tokio::test]
async fn making_tokens_is_a_right_of_its_own() {
    let server = Server::start().await;
    let admin = server.admin();
    admin.post(ACCOUNTS, &account("bot")).await.ok();
    let message = server
        .user("petra")
        .post(&format!("{ACCOUNTS}/bot/token"), &json!({}))
        .await
        .refused(403, "Forbidden");
    assert!(
        message.contains("cannot create resource \"serviceaccounts/token\""),
        "{message}"
    );
}

#[tokio::test]
async fn kubectl_makes_tokens_that_open_the_door() {
    let kubectl = Kubectl::start().await;
    kubectl.ok("create serviceaccount bot").await;
    kubectl
        .ok("create rolebinding bot --clusterrole=view --serviceaccount=default:bot")
        .await;
    let token = kubectl.ok("create token bot --duration=20m").await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let served: &Served = &kubectl.served;
    assert_eq!(
        served
            .status("/api/v1/namespaces/default/configmaps", &headers)
            .await,
        200
    );
    assert_eq!(
        served
            .status("/api/v1/namespaces/default/secrets", &headers)
            .await,
        403
    );
    kubectl.ok("delete serviceaccount bot").await;
    assert_eq!(
        served
            .status("/api/v1/namespaces/default/configmaps", &headers)
            .await,
        401
    );
}

#[tokio::test]
async fn a_token_that_was_changed_anywhere_is_nobodys() {
    let admin = Server::start().await.admin();
    let answer = request(&admin, &json!({})).await;
    let good = token(&answer);
    assert_eq!(review(&admin, good, &[]).await["authenticated"], true);
    for place in (0..good.len()).step_by(11).chain([good.len() - 1]) {
        let mut bytes = good.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        let answer = review(&admin, &changed, &[]).await;
        assert_ne!(answer["authenticated"], true, "changed at {place}");
    }
    for length in [1, good.len() / 2, good.len() - 1] {
        let answer = review(&admin, &good[..length], &[]).await;
        assert_ne!(answer["authenticated"], true, "cut to {length}");
    }
}
