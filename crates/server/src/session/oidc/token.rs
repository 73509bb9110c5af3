//! ID tokens: who signed them, for whom, until when, and whom they name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::provider::Provider;
use super::{OidcError, Person, Settings, system_time};
use crate::callers::User;

/// Only signatures by a private key; none of a shared secret, and none at all.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 10;
/// Names that Kubernetes keeps for itself; a provider cannot give them away.
const RESERVED: &str = "system:";

pub(super) type Claims = Map<String, Value>;

/// The issuer that a token names, whether that is true or not.
pub(super) fn issuer(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Claims = serde_json::from_slice(&bytes).ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

pub(super) async fn verify(
    settings: &Settings,
    provider: &Provider,
    token: &str,
) -> Result<Claims, OidcError> {
    let header = decode_header(token).map_err(|_| OidcError::Token("it cannot be read"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(OidcError::Token("it is not signed by a private key"));
    }
    let key = provider.key(header.kid.as_deref()).await?;
    let key = DecodingKey::from_jwk(&key)
        .map_err(|_| OidcError::Strange("one of its keys cannot be used"))?;
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[&settings.client_id]);
    rules.set_issuer(&[&settings.issuer_url]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.validate_nbf = true;
    rules.leeway = LEEWAY;
    let claims = decode::<Claims>(token, &key, &rules)
        .map_err(|error| refused(error.kind()))?
        .claims;
    // A token for several must have been issued to us.
    let is_for_others = claims
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|all| all.len() > 1);
    let issued_to = claims.get("azp").and_then(Value::as_str);
    match issued_to {
        Some(client) if client != settings.client_id => {
            Err(OidcError::Token("it was issued to another client"))
        }
        None if is_for_others => Err(OidcError::Token("it does not say to whom it was issued")),
        _ => Ok(claims),
    }
}

const fn refused(kind: &ErrorKind) -> OidcError {
    OidcError::Token(match kind {
        ErrorKind::ExpiredSignature => "it has ended",
        ErrorKind::ImmatureSignature => "it has not begun",
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing",
        ErrorKind::InvalidSignature => "its signature is wrong",
        _ => "it cannot be read",
    })
}

/// Whom the claims name. As `kube-apiserver` does, a name other than a checked email address gets
/// the issuer in front, so that two providers cannot name the same user.
pub(super) fn person(settings: &Settings, claims: &Claims) -> Result<Person, OidcError> {
    let name = claims.get(&settings.username_claim).and_then(Value::as_str);
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or(OidcError::Token("it does not name a user"))?;
    let is_email = settings.username_claim == "email";
    if is_email
        && claims
            .get("email_verified")
            .is_some_and(|is| *is != Value::Bool(true))
    {
        return Err(OidcError::Token("its email address was not checked"));
    }
    let name = if is_email {
        name.to_owned()
    } else {
        format!("{}#{name}", settings.issuer_url)
    };
    if name.starts_with(RESERVED) {
        return Err(OidcError::Token(
            "it names a user whom Kubernetes keeps for itself",
        ));
    }
    let groups = match claims.get(&settings.groups_claim) {
        Some(Value::String(group)) => vec![group.as_str()],
        Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let groups = groups
        .into_iter()
        .filter(|group| !group.starts_with(RESERVED))
        .map(str::to_owned)
        .collect();
    let ends = claims.get("exp").and_then(Value::as_f64);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "parts of a second do not matter, and other values saturate"
    )]
    let ends = ends
        .and_then(|ends| system_time(ends as i64))
        .ok_or(OidcError::Token("it does not end"))?;
    let user = User {
        name,
        groups,
        ..User::default()
    };
    Ok(Person { user, ends })
}
