//! Tokens that are not good, by an issuer whose key is known here.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// An issuer on loopback, and its key.
struct Issuer {
    url: String,
    key: EncodingKey,
    public: Value,
}

fn key() -> EncodingKey {
    let key = rcgen::KeyPair::generate().expect("a key");
    EncodingKey::from_ec_der(&key.serialize_der())
}

impl Issuer {
    async fn new() -> Self {
        let key = key();
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("a public key");
        public.common.key_id = Some("known".to_owned());
        let public = json!(public);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let found = json!({
            "issuer": url, "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
        });
        let shared = json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"});
        let keys = json!({"keys": [{"kty": "unheard-of"}, shared, public]});
        let routes = Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(|| async { axum::Json(found) }),
            )
            .route("/keys", get(|| async { axum::Json(keys) }));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, key, public }
    }

    fn oidc(&self) -> Oidc {
        Oidc::new(Settings {
            issuer_url: self.url.clone(),
            client_id: "bowline".to_owned(),
            client_secret: None,
            username_claim: "sub".to_owned(),
            groups_claim: "groups".to_owned(),
            ca: None,
        })
        .expect("settings")
    }

    /// A token with other claims than a good one; `null` leaves one out.
    fn token(&self, changes: &Value) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs();
        let mut claims = json!({"iss": self.url, "aud": "bowline", "sub": "ada", "exp": now + 60, "groups": ["team-a"]});
        for (key, value) in changes.as_object().into_iter().flatten() {
            claims[key] = match value.as_i64() {
                Some(seconds) => json!(now.checked_add_signed(seconds)),
                None => value.clone(),
            };
        }
        claims
            .as_object_mut()
            .expect("an object")
            .retain(|_, value| !value.is_null());
        let header = Header {
            kid: Some("known".to_owned()),
            ..Header::new(Algorithm::ES256)
        };
        encode(&header, &claims, &self.key).expect("a token")
    }
}

async fn why(issuer: &Issuer, token: &str) -> String {
    issuer
        .oidc()
        .verify(token)
        .await
        .expect_err("refused")
        .to_string()
}

#[tokio::test]
async fn a_good_token_names_a_user_with_groups() {
    let issuer = Issuer::new().await;
    let person = issuer
        .oidc()
        .verify(&issuer.token(&json!({})))
        .await
        .expect("good");
    assert_eq!(person.user.name, format!("{}#ada", issuer.url));
    assert_eq!(person.user.groups, ["team-a"]);
}

#[rstest]
#[case::ended(json!({"exp": -30}), "it has ended")]
#[case::not_begun(json!({"nbf": 60}), "it has not begun")]
#[case::without_end(json!({"exp": null}), "a claim is missing")]
#[case::another_audience(json!({"aud": "another"}), "it is for another audience")]
#[case::no_audience(json!({"aud": null}), "a claim is missing")]
#[case::another_issuer(json!({"iss": "http://127.0.0.1:1"}), "it is of another issuer")]
#[case::several_audiences(json!({"aud": ["bowline", "another"]}), "it does not say to whom it was issued")]
#[case::issued_to_another(json!({"aud": ["bowline", "another"], "azp": "another"}), "it was issued to another client")]
#[case::no_user(json!({"sub": ""}), "it does not name a user")]
#[tokio::test]
async fn a_token_with_a_wrong_claim_is_refused(#[case] changes: Value, #[case] expected: &str) {
    let issuer = Issuer::new().await;
    let token = issuer.token(&changes);
    assert_eq!(
        why(&issuer, &token).await,
        format!("the ID token is not good: {expected}")
    );
}

/// The token with another header, signed as that says.
fn forged(issuer: &Issuer, header: &Header, key: &EncodingKey) -> String {
    let good = issuer.token(&json!({}));
    let claims: Value = jsonwebtoken::dangerous::insecure_decode(&good)
        .map(|token| token.claims)
        .expect("claims");
    encode(header, &claims, key).expect("a token")
}

#[tokio::test]
async fn a_token_by_another_key_is_refused() {
    let issuer = Issuer::new().await;
    let header = Header {
        kid: Some("known".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    let token = forged(&issuer, &header, &key());
    assert_eq!(
        why(&issuer, &token).await,
        "the ID token is not good: its signature is wrong"
    );
    let unknown = Header {
        kid: Some("unknown".to_owned()),
        ..header
    };
    let token = forged(&issuer, &unknown, &key());
    assert_eq!(
        why(&issuer, &token).await,
        "the ID token is not good: its key is not one of the provider's"
    );
}

#[tokio::test]
async fn a_token_signed_with_a_shared_secret_is_refused_even_if_that_is_the_public_key() {
    let issuer = Issuer::new().await;
    let public = EncodingKey::from_secret(issuer.public.to_string().as_bytes());
    for kid in ["known", "shared"] {
        let header = Header {
            kid: Some(kid.to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let token = forged(&issuer, &header, &public);
        assert_eq!(
            why(&issuer, &token).await,
            "the ID token is not good: it is not signed by a private key"
        );
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let issuer = Issuer::new().await;
    let good = issuer.token(&json!({}));
    let mut parts = good.split('.');
    let (header, claims) = (
        parts.next().expect("a header"),
        parts.next().expect("claims"),
    );
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for token in [
        format!("{none}.{claims}."),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        String::new(),
    ] {
        assert!(issuer.oidc().verify(&token).await.is_err(), "{token}");
    }
}

#[rstest]
#[case("http://login.example.org")]
#[case("ftp://login.example.org")]
#[case("login.example.org")]
#[case("https://me:pw@login.example.org")]
#[case("https://login.example.org/?a=b")]
#[tokio::test]
async fn an_issuer_that_tokens_would_not_be_safe_with_is_refused(#[case] url: &str) {
    let issuer = Issuer {
        url: url.to_owned(),
        key: key(),
        public: Value::Null,
    };
    let settings = Settings {
        issuer_url: issuer.url,
        client_id: "bowline".to_owned(),
        client_secret: None,
        username_claim: "sub".to_owned(),
        groups_claim: "groups".to_owned(),
        ca: None,
    };
    assert!(matches!(Oidc::new(settings), Err(OidcError::Issuer(_))));
}
