//! The authorization code flow with PKCE: where a browser is sent, and what is done with the code
//! that it brings back.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bowline_core::Sensitive;
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::{Oidc, OidcError, Person, token};
use crate::random::{digest, letters};

/// How long somebody may take to sign in.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Characters of a state, nonce or verifier.
const LENGTH: usize = 43;

/// A sign-in that has begun and not ended.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    redirect: String,
    nonce: String,
    verifier: String,
    pub(crate) ends: SystemTime,
}

/// A sign-in that begins: where the browser goes, and the word that it must bring back.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) location: Url,
    pub(crate) state: String,
    pub(crate) pending: Pending,
}

/// What the provider answers; there is more in it that nobody needs.
#[derive(Deserialize)]
struct Answer {
    id_token: String,
}

impl Oidc {
    /// Begins a sign-in that comes back to `redirect`.
    pub(crate) async fn begin(&self, redirect: String) -> Result<Begun, OidcError> {
        let mut location = self
            .provider
            .endpoints()
            .await?
            .authorization_endpoint
            .clone();
        let pending = Pending {
            redirect,
            nonce: letters(LENGTH),
            verifier: letters(LENGTH),
            ends: SystemTime::now() + PATIENCE,
        };
        let state = letters(LENGTH);
        let challenge = URL_SAFE_NO_PAD.encode(digest(&pending.verifier));
        location.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("scope", "openid profile email groups"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &pending.redirect),
            ("state", &state),
            ("nonce", &pending.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok(Begun {
            location,
            state,
            pending,
        })
    }

    /// Ends a sign-in: the ID token for the code, and whom it names.
    pub(crate) async fn finish(
        &self,
        code: &str,
        pending: &Pending,
    ) -> Result<(Sensitive, Person), OidcError> {
        let endpoint = &self.provider.endpoints().await?.token_endpoint;
        let settings = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &pending.redirect),
            ("code_verifier", &pending.verifier),
        ];
        let secret = settings
            .client_secret
            .as_ref()
            .and_then(Sensitive::expose_line);
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let login = secret.map(|secret| (encoded(&settings.client_id), encoded(secret)));
        if login.is_none() {
            form.push(("client_id", &settings.client_id));
        }
        let login = login
            .as_ref()
            .map(|(id, secret)| (id.as_str(), secret.as_str()));
        let answer: Answer = self.provider.outbound.post(endpoint, &form, login).await?;
        let id_token = Sensitive::new(answer.id_token);
        let text = id_token.expose_str().unwrap_or_default();
        let claims = token::verify(settings, &self.provider, text).await?;
        if claims.get("nonce").and_then(Value::as_str) != Some(&pending.nonce) {
            return Err(OidcError::Token("it belongs to another sign-in"));
        }
        let person = token::person(settings, &claims)?;
        Ok((id_token, person))
    }
}
