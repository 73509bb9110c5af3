//! Proving each request: the header that the account's key signs ("Authorize with Shared Key" of the
//! service's reference), the signature in the query, or a token. Pure.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::Sensitive;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::account::{Account, Proof};
use crate::http::Call;

/// The version of the service's API that requests are written for.
const VERSION: &str = "2021-08-06";

/// The request with its proof.
pub(super) fn signed(account: &Account, call: Call, now: Timestamp) -> Call {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut call = call.header(
        HeaderName::from_static("x-ms-version"),
        HeaderValue::from_static(VERSION),
    );
    if let Ok(date) = HeaderValue::from_str(&date) {
        call = call.header(HeaderName::from_static("x-ms-date"), date);
    }
    match &account.proof {
        Proof::Key(key) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
            let signature = hmac::sign(&key, text(account, &call).as_bytes());
            let header = format!("SharedKey {}:{}", account.name, STANDARD.encode(signature));
            call.secret(AUTHORIZATION, &header)
        }
        Proof::Sas(token) => {
            let token = token.expose_str().unwrap_or_default();
            let query = match call.url.query() {
                Some(query) => format!("{query}&{token}"),
                None => token.to_owned(),
            };
            call.url.set_query(Some(&query));
            call
        }
        Proof::Token(token) => {
            let header = Sensitive::new([b"Bearer ", token.expose()].concat());
            call.secret(AUTHORIZATION, header.expose_str().unwrap_or_default())
        }
        Proof::Principal { .. } => call,
    }
}

/// What is signed: the verb, eleven headers of which only the length is ever set here, the service's
/// own headers in order, and what is asked for.
fn text(account: &Account, call: &Call) -> String {
    let length = match call.body.len() {
        0 => String::new(),
        length => length.to_string(),
    };
    let mut headers: Vec<String> = call
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-ms-"))
        .map(|(name, value)| format!("{name}:{}\n", value.to_str().unwrap_or_default()))
        .collect();
    headers.sort();
    let mut query: Vec<String> = call
        .url
        .query_pairs()
        .map(|(name, value)| format!("\n{}:{value}", name.to_lowercase()))
        .collect();
    query.sort();
    let (verb, name, path) = (&call.method, &account.name, call.url.path());
    format!(
        "{verb}\n\n\n{length}\n\n\n\n\n\n\n\n\n{}/{name}{path}{}",
        headers.concat(),
        query.concat()
    )
}
