//! The login of Amazon's registry, made from access keys: `GetAuthorizationToken` of the Amazon ECR
//! API reference.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::Sensitive;
use bowline_core::docker_config::Login;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::http::{Answer, Call};
use crate::outcome;
use crate::session::Session;
use crate::sigv4::sign;
use crate::status::{ask, otherwise};
use crate::sts::{self, Signer};
use crate::trouble::Trouble;

/// The region of a registry of Amazon's, from its host.
pub(super) fn region(registry: &str) -> Option<&str> {
    let host = registry.split(':').next()?;
    let (_, rest) = host
        .split_once(".dkr.ecr")
        .map(|(account, rest)| (account, rest.trim_start_matches("-fips")))?;
    let (region, domain) = rest.strip_prefix('.')?.split_once('.')?;
    matches!(
        domain,
        "amazonaws.com" | "amazonaws.com.cn" | "amazonaws.eu"
    )
    .then_some(region)
}

/// A fresh login, where the connection has access keys beside its docker config, or a role that they
/// take on.
pub(super) async fn login(
    session: &mut Session<'_>,
    registry: &str,
) -> Result<Option<Login>, Trouble> {
    let Some(region) = region(registry) else {
        return Ok(None);
    };
    let keys = match Signer::of(session.connection, session.request.identity)? {
        Signer::Keys(keys) => keys,
        Signer::Role(role) => sts::take_on(session, &role, region, None).await?,
        Signer::Nobody | Signer::Elsewhere => return Ok(None),
    };
    let url = sts::of_amazon(&session.settings.ecr, region)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let target =
        HeaderValue::from_static("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
    let mut call = Call::new(Method::POST, url)
        .header(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-amz-json-1.1"),
        )
        .header(HeaderName::from_static("x-amz-target"), target);
    call.body = "{}".into();
    for (name, value) in sign(&keys, region, "ecr", &call, (session.settings.now)()) {
        call = call.secret(HeaderName::from_static(name), &value);
    }
    let answer = ask(session, call)
        .await
        .map_err(|trouble| trouble.or_detail(host))?;
    if answer.status != StatusCode::OK {
        return Err(refused(&answer));
    }
    read(&answer).map(Some)
}

/// Whether only pods have the identity by which the login would be made.
pub(super) fn is_elsewhere(session: &Session<'_>, registry: &str) -> bool {
    let signer = Signer::of(session.connection, session.request.identity);
    region(registry).is_some() && matches!(signer, Ok(Signer::Elsewhere))
}

fn read(answer: &Answer) -> Result<Login, Trouble> {
    let login = || {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        let token = body
            .pointer("/authorizationData/0/authorizationToken")?
            .as_str()?;
        let pair = Sensitive::new(STANDARD.decode(token).ok()?);
        let (username, password) = pair.expose_str()?.split_once(':')?;
        Some(Login::Password {
            username: username.to_owned(),
            password: Sensitive::from(password),
        })
    };
    login().ok_or_else(|| Trouble::new(&outcome::ANSWER_UNKNOWN).detail("no login came"))
}

fn refused(answer: &Answer) -> Trouble {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let kind = body
        .get("__type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // Some answers put a namespace before it.
    Trouble::new(match kind.rsplit('#').next().unwrap_or_default() {
        "UnrecognizedClientException" | "InvalidClientTokenId" => &outcome::WRONG_ACCESS_KEY,
        "InvalidSignatureException" => &outcome::WRONG_SECRET_KEY,
        "ExpiredTokenException" => &outcome::SESSION_EXPIRED,
        "AccessDeniedException" => &outcome::MAY_NOT_LOG_IN,
        _ => return otherwise(answer, Some(kind).filter(|kind| !kind.is_empty())),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        Some("eu-central-1")
    )]
    #[case(
        "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com:443",
        Some("us-east-1")
    )]
    #[case("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Some("cn-north-1"))]
    #[case("123456789012.dkr.ecr.eu-central-1.amazonaws.com.example.org", None)]
    #[case("public.ecr.aws", None)]
    #[case("quay.io", None)]
    fn the_region_is_in_the_host(#[case] registry: &str, #[case] expected: Option<&str>) {
        assert_eq!(region(registry), expected);
    }
}
