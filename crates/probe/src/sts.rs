//! Who signs requests to AWS and to services like it: the keys of a connection, or temporary ones of
//! a role that it takes on. What they may then do is left to the protocols.
//!
//! After `AssumeRole` and `AssumeRoleWithWebIdentity` of the AWS Security Token Service API
//! reference. A role without keys or a token in the connection itself is taken on with the identity
//! that was handed over, if any, and only at Amazon's own service; else it is left to the pods that
//! have one.

use bowline_core::{Connection, Kind, Sensitive};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::WebIdentity;
use crate::http::{Answer, Call};
use crate::outcome;
use crate::session::{Session, quoted};
use crate::sigv4::{Keys, sign};
use crate::status::{ask, otherwise};
use crate::trouble::Trouble;
use crate::xml;

/// Seconds for which temporary keys are good: the fewest that the service gives.
const LIFE: &str = "900";
/// By which the role's owner knows in their log who it was.
const NAME: &str = "bowline-test";

/// Who signs.
pub(crate) enum Signer {
    /// Requests are not signed.
    Nobody,
    /// The keys of the connection.
    Keys(Keys),
    /// A role, whose keys have to be had first.
    Role(Role),
    /// An identity that is not in the connection.
    Elsewhere,
}

/// A role, and who takes it on.
pub(crate) struct Role {
    arn: String,
    by: By,
}

enum By {
    Keys(Keys),
    Token(Sensitive),
    /// A token that is not the connection's.
    Identity(Sensitive),
}

impl Signer {
    /// Who signs for a connection, where `identity` is whom workloads are taken for.
    ///
    /// # Errors
    /// When what should be a role is none.
    pub(crate) fn of(
        connection: &Connection,
        identity: Option<&WebIdentity>,
    ) -> Result<Self, Trouble> {
        if connection.is_anonymous() {
            return Ok(Self::Nobody);
        }
        let text = |key| connection.read(key).map(|reading| reading.text.trim());
        let keys = Keys::of(connection);
        let is_there = |identity: &&WebIdentity| {
            // Whoever writes a connection does not choose who gets to see the token, nor which file.
            let file = text("AWS_WEB_IDENTITY_TOKEN_FILE");
            file.is_none_or(|file| file == identity.file) && text("AWS_ENDPOINT_URL_STS").is_none()
        };
        let Some(arn) = text("AWS_ROLE_ARN") else {
            return Ok(keys.map_or(Self::Nobody, Self::Keys));
        };
        if !is_role(arn) {
            return Err(Trouble::new(&outcome::ROLE_UNREADABLE).detail(quoted(arn)));
        }
        let by = match (text("AWS_WEB_IDENTITY_TOKEN"), keys) {
            (Some(token), _) => By::Token(Sensitive::from(token)),
            (None, Some(keys)) => By::Keys(keys),
            (None, None) => match identity.filter(is_there) {
                Some(identity) => By::Identity(identity.token.clone()),
                None => return Ok(Self::Elsewhere),
            },
        };
        let arn = arn.to_owned();
        Ok(Self::Role(Role { arn, by }))
    }
}

impl Role {
    /// Its name, for people.
    pub(crate) fn shown(&self) -> String {
        format!("as role {}", quoted(&self.arn))
    }
}

impl Keys {
    fn of(connection: &Connection) -> Option<Self> {
        let text = |key| connection.read(key).map(|reading| reading.text.trim());
        Some(Self {
            access: text("AWS_ACCESS_KEY_ID")?.to_owned(),
            secret: Sensitive::from(text("AWS_SECRET_ACCESS_KEY")?),
            token: text("AWS_SESSION_TOKEN").map(Sensitive::from),
        })
    }
}

/// Whether a text has the form `arn:partition:iam::account:role/name`. Services that only speak like
/// Amazon's have no accounts.
fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_plain = |c: char| c.is_ascii_graphic();
    matches!(parts[..], ["arn", _, "iam" | "sts", _, _, name] if name.starts_with("role/") && name.len() > 5)
        && text.chars().all(is_plain)
}

/// An address of Amazon's in a region, which names a place there and nothing else.
pub(crate) fn of_amazon(template: &str, region: &str) -> Result<Url, Trouble> {
    let unreadable = || Trouble::new(&outcome::ADDRESS_UNREADABLE);
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(is_word) {
        return Err(unreadable().detail("the region is none of Amazon's"));
    }
    let mut address = template.replace("{region}", region);
    if region.starts_with("cn-") && address.ends_with(".amazonaws.com") {
        address.push_str(".cn");
    }
    Url::parse(&address).map_err(|_| unreadable())
}

/// The keys of a role. Services that are not Amazon's, and are given here, have roles themselves.
pub(crate) async fn take_on(
    session: &mut Session<'_>,
    role: &Role,
    region: &str,
    service: Option<&Url>,
) -> Result<Keys, Trouble> {
    let desk = desk(session, role, region, service)?;
    let host = desk.host_str().unwrap_or_default().to_owned();
    let call = call(session, role, region, desk);
    let answer = ask(session, call)
        .await
        .map_err(|trouble| match trouble.outcome.kind {
            Some(Kind::Forbidden) => Trouble::new(&outcome::STS_FORBIDDEN).detail(&host),
            _ => trouble.or_detail(&host),
        })?;
    if !answer.status.is_success() {
        return Err(refused(role, &answer, &host));
    }
    given(&answer).ok_or_else(|| {
        Trouble::new(&outcome::ANSWER_UNKNOWN).detail(format!("no keys came from `{host}`"))
    })
}

fn desk(
    session: &Session<'_>,
    role: &Role,
    region: &str,
    service: Option<&Url>,
) -> Result<Url, Trouble> {
    if let Some(stated) = session.connection.read("AWS_ENDPOINT_URL_STS") {
        let url = Url::parse(stated.text.trim()).ok();
        return url
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| Trouble::new(&outcome::STS_FORBIDDEN).detail("it is no web address"));
    }
    let is_amazon = |url: &&Url| {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
    };
    let is_ours = matches!(role.by, By::Identity(_));
    match service.filter(|url| !is_amazon(url) && !is_ours) {
        Some(service) => Ok(service.clone()),
        None => of_amazon(&session.settings.sts, region),
    }
}

fn call(session: &Session<'_>, role: &Role, region: &str, desk: Url) -> Call {
    let mut form = Serializer::new(String::new());
    form.append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", &role.arn)
        .append_pair("RoleSessionName", NAME)
        .append_pair("DurationSeconds", LIFE);
    match &role.by {
        By::Keys(_) => form.append_pair("Action", "AssumeRole"),
        By::Token(token) | By::Identity(token) => form
            .append_pair("Action", "AssumeRoleWithWebIdentity")
            .append_pair("WebIdentityToken", token.expose_str().unwrap_or_default()),
    };
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    let mut call = Call::new(Method::POST, desk).header(CONTENT_TYPE, kind);
    call.body = form.finish().into();
    // A token speaks for itself.
    if let By::Keys(keys) = &role.by {
        for (name, value) in sign(keys, region, "sts", &call, (session.settings.now)()) {
            call = call.secret(HeaderName::from_static(name), &value);
        }
    }
    call
}

fn given(answer: &Answer) -> Option<Keys> {
    let document = answer.text();
    let text = |name| xml::element(&document, name).map(xml::unescaped);
    Some(Keys {
        access: text("AccessKeyId")?,
        secret: Sensitive::new(text("SecretAccessKey")?),
        token: text("SessionToken").map(Sensitive::new),
    })
}

/// Why no keys were given. The service's words only choose among our outcomes.
fn refused(role: &Role, answer: &Answer, host: &str) -> Trouble {
    let document = answer.text();
    let code = xml::element(&document, "Code").unwrap_or_default();
    let is_token = matches!(role.by, By::Token(_) | By::Identity(_));
    let outcome = match code {
        "InvalidClientTokenId" | "InvalidAccessKeyId" | "UnrecognizedClientException" => {
            &outcome::WRONG_ACCESS_KEY
        }
        "SignatureDoesNotMatch" => &outcome::WRONG_SECRET_KEY,
        "ExpiredToken" | "ExpiredTokenException" if is_token => &outcome::WEB_IDENTITY_EXPIRED,
        "ExpiredToken" | "ExpiredTokenException" => &outcome::SESSION_EXPIRED,
        "InvalidIdentityToken" | "InvalidIdentityTokenException" | "IDPRejectedClaim" => {
            &outcome::WRONG_WEB_IDENTITY
        }
        "IDPCommunicationError" => &outcome::ISSUER_UNREACHED,
        "RequestExpired" | "RequestTimeTooSkewed" => &outcome::CLOCK_OFF,
        "Throttling" | "ThrottlingException" => &outcome::SERVICE_BUSY,
        // The last is what Ceph's gateway says of a role that it does not have.
        "AccessDenied" | "AccessDeniedException" | "NoSuchEntity" => &outcome::ROLE_REFUSED,
        "MethodNotAllowed" | "NotImplemented" => {
            return Trouble::new(&outcome::ANSWER_UNKNOWN)
                .detail(format!("`{host}` gives no keys for roles"));
        }
        // Ceph's gateway says no more than this.
        "" if matches!(answer.status.as_u16(), 401 | 403 | 404) => &outcome::ROLE_NOT_GIVEN,
        code => return otherwise(answer, Some(code).filter(|code| !code.is_empty())),
    };
    Trouble::new(outcome).detail(quoted(&role.arn))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("arn:aws:iam::123456789012:role/reader", true)]
    #[case("arn:aws-cn:iam::123456789012:role/team/reader", true)]
    #[case("arn:aws:iam:::role/reader", true)]
    #[case("arn:aws:iam::123456789012:user/reader", false)]
    #[case("arn:aws:iam::123456789012:role/", false)]
    #[case("arn:aws:iam::123456789012:role/a\nb", false)]
    #[case("reader", false)]
    fn a_role_is_known_by_its_form(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_role(text), expected);
    }

    #[rstest]
    #[case("eu-central-1", Some("https://sts.eu-central-1.amazonaws.com/"))]
    #[case("cn-north-1", Some("https://sts.cn-north-1.amazonaws.com.cn/"))]
    #[case("a.example/", None)]
    #[case("a@b", None)]
    #[case("", None)]
    fn a_region_leads_to_amazon_and_nowhere_else(
        #[case] region: &str,
        #[case] expected: Option<&str>,
    ) {
        let url = of_amazon("https://sts.{region}.amazonaws.com", region).ok();
        assert_eq!(url.as_ref().map(Url::as_str), expected);
    }
}
