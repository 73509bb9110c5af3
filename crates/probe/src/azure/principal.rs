//! A service principal's token, from Microsoft Entra: the client credentials of OAuth 2.0, as
//! "Microsoft identity platform and the OAuth 2.0 client credentials flow" describes them.

use bowline_core::Sensitive;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

use super::account::Proof;
use crate::http::{Answer, Call};
use crate::outcome;
use crate::session::Session;
use crate::status::{ask, otherwise};
use crate::trouble::Trouble;

/// A principal's proof is exchanged for a token; others stay as they are.
pub(super) async fn exchanged(session: &mut Session<'_>, proof: Proof) -> Result<Proof, Trouble> {
    let Proof::Principal {
        tenant,
        client,
        secret,
    } = proof
    else {
        return Ok(proof);
    };
    let unreadable = || Trouble::new(&outcome::UNKNOWN_TENANT);
    let mut url = Url::parse(&session.settings.entra).map_err(|_| unreadable())?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty()
            .extend([tenant.as_str(), "oauth2", "v2.0", "token"]);
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    let mut call = Call::new(Method::POST, url).header(CONTENT_TYPE, kind);
    call.body = form(&client, &secret).into();
    let answer = ask(session, call)
        .await
        .map_err(|trouble| trouble.or_detail(host))?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let token = body.get("access_token").and_then(Value::as_str);
    match token.filter(|_| answer.status == StatusCode::OK) {
        Some(token) => Ok(Proof::Token(Sensitive::from(token))),
        None => Err(refused(&answer, &body)),
    }
}

fn form(client: &str, secret: &Sensitive) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials")
        .append_pair("client_id", client);
    form.append_pair("client_secret", secret.expose_str().unwrap_or_default());
    form.append_pair("scope", "https://storage.azure.com/.default");
    form.finish()
}

/// Numbers are those of "Microsoft Entra authentication and authorization error codes".
fn refused(answer: &Answer, body: &Value) -> Trouble {
    let number = body.pointer("/error_codes/0").and_then(Value::as_u64);
    Trouble::new(match (number, body.get("error").and_then(Value::as_str)) {
        (Some(7_000_222), _) => &outcome::CLIENT_SECRET_EXPIRED,
        (Some(90_002 | 900_023), _) => &outcome::UNKNOWN_TENANT,
        (Some(700_016), _) | (_, Some("unauthorized_client")) => &outcome::UNKNOWN_CLIENT,
        (Some(7_000_215), _) | (_, Some("invalid_client")) => &outcome::WRONG_CLIENT_SECRET,
        (_, code) => return otherwise(answer, code),
    })
}
