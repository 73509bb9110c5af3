//! Why an S3 service refused: from status, headers and the code in its error document to an outcome.
//! The codes are those of AWS and of services that speak like it.

use http::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use url::Url;

use crate::http::{Answer, next_hop};
use crate::outcome;
use crate::session::{Session, quoted};
use crate::status::sent_on;
use crate::trouble::Trouble;
use crate::xml;

/// What is still no reason to worry about: services take a quarter of an hour.
const SLACK_SECONDS: i64 = 5 * 60;

/// Why an answer is a refusal. What only a step can know (which right was missing) is said there.
pub(super) async fn why(
    session: &mut Session<'_>,
    url: &Url,
    answer: &Answer,
    region: &str,
) -> Trouble {
    if let Some(trouble) = of_code(answer, region, (session.settings.now)()) {
        return trouble;
    }
    match next_hop(url, answer) {
        Some((next, _)) => sent_on(session, &next).await,
        None => of_status(answer),
    }
}

fn of_code(answer: &Answer, region: &str, now: Timestamp) -> Option<Trouble> {
    let document = answer.text();
    let code = xml::element(&document, "Code").unwrap_or_default();
    let message = xml::element(&document, "Message").unwrap_or_default();
    let told = told_region(answer, &document, message);
    let elsewhere = xml::element(&document, "Endpoint").filter(|host| is_host(host));
    let outcome = match code {
        "InvalidAccessKeyId" | "InvalidClientTokenId" | "NotSignedUp" | "Unauthorized" => {
            &outcome::WRONG_ACCESS_KEY
        }
        // Google's, and Cloudflare's for keys that are none of theirs by their length.
        "InvalidSecurity" => &outcome::WRONG_ACCESS_KEY,
        "InvalidArgument" if message.contains("Credential access key") => {
            &outcome::WRONG_ACCESS_KEY
        }
        "SignatureDoesNotMatch" => &outcome::WRONG_SECRET_KEY,
        "InvalidToken" | "InvalidSecurityToken" | "AccessKeyIdAndSecurityTokenNotMatch" => {
            &outcome::WRONG_SESSION_TOKEN
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "TokenRefreshRequired"
        | "SecurityTokenExpired" => &outcome::SESSION_EXPIRED,
        "RequestTimeTooSkewed" | "RequestExpired" => {
            return Some(
                Trouble::new(&outcome::CLOCK_OFF)
                    .detail(skew(answer, now).map(spoken).unwrap_or_default()),
            );
        }
        "NoSuchBucket" => &outcome::NO_SUCH_BUCKET,
        "NoSuchKey" => &outcome::NO_SUCH_OBJECT,
        // Alibaba's and Tencent's, for a bucket in the path.
        "SecondLevelDomainForbidden" | "PathStyleDomainForbidden" => &outcome::WRONG_STYLE,
        // Alibaba's, for a bucket of another region.
        "AccessDenied" if elsewhere.is_some() => &outcome::WRONG_REGION,
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => &outcome::BUCKET_FORBIDDEN,
        "SlowDown" | "ServiceUnavailable" | "TooManyRequests" => &outcome::SERVICE_BUSY,
        "InternalError" => &outcome::SERVICE_FAILED,
        "AuthorizationHeaderMalformed"
        | "PermanentRedirect"
        | "TemporaryRedirect"
        | "IllegalLocationConstraintException"
        | "InvalidRegion"
        | "InvalidRegionName" => &outcome::WRONG_REGION,
        // Answers to `HEAD` have no body, and a redirect may say it by this header alone.
        "" if answer.status.is_redirection() && told.is_some_and(|told| told != region) => {
            &outcome::WRONG_REGION
        }
        "" => return None,
        other if xml::has_root(&document, "Error") => {
            return Some(
                Trouble::new(&outcome::REFUSED_OTHERWISE)
                    .detail(format!("the service says {}", quoted(other))),
            );
        }
        _ => return None,
    };
    let trouble = Trouble::new(outcome);
    if !trouble.is(&outcome::WRONG_REGION) {
        return Some(trouble);
    }
    Some(match (told, elsewhere) {
        (Some(told), _) if told != region => trouble.detail(format!(
            "it is in `{told}`, and the connection says `{region}`"
        )),
        (_, Some(host)) => trouble.detail(format!("the bucket is at `{host}`")),
        _ => trouble.detail(format!(
            "it is not `{region}`; the service did not say which"
        )),
    })
}

/// The region that the service names, where it has the form of one. Some name it in their message only.
fn told_region<'a>(answer: &'a Answer, document: &'a str, message: &'a str) -> Option<&'a str> {
    let in_words = || message.split_once("expecting '")?.1.split_once('\'');
    let told = answer
        .header("x-amz-bucket-region")
        .or_else(|| xml::element(document, "Region"))
        .or_else(|| in_words().map(|(region, _)| region))?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (!told.is_empty() && told.len() <= 40 && told.chars().all(is_plain)).then_some(told)
}

/// Whether a text has the form of a host's name.
fn is_host(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    !text.is_empty() && text.len() <= 120 && text.chars().all(is_plain)
}

fn of_status(answer: &Answer) -> Trouble {
    let status = answer.status.as_u16();
    let is_s3 = ["x-amz-request-id", "x-amz-id-2"]
        .iter()
        .any(|name| answer.headers.contains_key(*name));
    let outcome = match status {
        429 | 503 => &outcome::SERVICE_BUSY,
        500..=599 => &outcome::SERVICE_FAILED,
        401 | 403 if is_s3 => &outcome::BUCKET_FORBIDDEN,
        404 if is_s3 => &outcome::NO_SUCH_OBJECT,
        400..=499 if is_s3 => &outcome::REFUSED_OTHERWISE,
        _ => &outcome::ANSWER_UNKNOWN,
    };
    Trouble::new(outcome).detail(format!("status {status}"))
}

/// How many seconds our clock is ahead of the service's; negative when behind.
fn skew(answer: &Answer, now: Timestamp) -> Option<i64> {
    let date = rfc2822::parse(answer.headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(now.as_second() - date.timestamp().as_second())
}

/// That the clocks are apart, when it is enough to be known though the service does not mind yet.
pub(super) fn clock_doubt(answer: &Answer, now: Timestamp) -> Option<Trouble> {
    let skew = skew(answer, now).filter(|skew| skew.abs() >= SLACK_SECONDS)?;
    Some(Trouble::new(&outcome::CLOCK_OFF).detail(spoken(skew)))
}

fn spoken(skew: i64) -> String {
    let (amount, unit) = match skew.abs() {
        seconds @ 0..120 => (seconds, "second"),
        seconds @ 120..7_200 => ((seconds + 30) / 60, "minute"),
        seconds @ 7_200..172_800 => ((seconds + 1_800) / 3_600, "hour"),
        seconds => ((seconds + 43_200) / 86_400, "day"),
    };
    let plural = if amount == 1 { "" } else { "s" };
    let side = if skew < 0 { "behind" } else { "ahead of" };
    format!("the clock here is {amount} {unit}{plural} {side} the service's")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(419, "the clock here is 7 minutes ahead of the service's")]
    #[case(-3_600, "the clock here is 60 minutes behind the service's")]
    #[case(-1, "the clock here is 1 second behind the service's")]
    #[case(8_000, "the clock here is 2 hours ahead of the service's")]
    #[case(31_536_000, "the clock here is 365 days ahead of the service's")]
    fn a_clock_that_is_off_is_told_in_words(#[case] seconds: i64, #[case] expected: &str) {
        assert_eq!(spoken(seconds), expected);
    }
}
