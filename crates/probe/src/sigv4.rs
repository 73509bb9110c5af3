//! AWS's Signature Version 4 in headers, as its S3 API reference describes it:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>. Pure.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use bowline_core::Sensitive;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::http::{Call, authority};

/// Who signs.
pub(crate) struct Keys {
    pub(crate) access: String,
    pub(crate) secret: Sensitive,
    /// Of temporary keys.
    pub(crate) token: Option<Sensitive>,
}

/// The headers by which a request is signed; those that it has already are signed too.
pub(crate) fn sign(
    keys: &Keys,
    region: &str,
    service: &str,
    call: &Call,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let content = hex(digest(&SHA256, &call.body).as_ref());
    let now = now
        .to_zoned(TimeZone::UTC)
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let scope = format!("{}/{region}/{service}/aws4_request", &now[..8]);
    let mut headers = vec![
        ("x-amz-content-sha256", content.clone()),
        ("x-amz-date", now.clone()),
    ];
    if let Some(token) = keys.token.as_ref().and_then(Sensitive::expose_str) {
        headers.push(("x-amz-security-token", token.to_owned()));
    }
    let own = call
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?.trim().to_owned())));
    let mut signed: Vec<(&str, String)> = headers.iter().cloned().chain(own).collect();
    signed.push(("host", authority(&call.url)));
    signed.sort();
    let names = signed
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(";");
    let lines: String = signed
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let (path, query) = (call.url.path(), call.url.query().unwrap_or_default());
    let canonical = format!(
        "{}\n{path}\n{query}\n{lines}\n{names}\n{content}",
        call.method
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{now}\n{scope}\n{}",
        hex(digest(&SHA256, canonical.as_bytes()).as_ref())
    );
    let signature = hex(&signature(keys, &scope, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        keys.access
    );
    headers.push(("authorization", authorization));
    headers
}

fn signature(keys: &Keys, scope: &str, text: &str) -> Vec<u8> {
    let first = Sensitive::new([b"AWS4", keys.secret.expose()].concat());
    scope
        .split('/')
        .chain([text])
        .fold(first.expose().to_vec(), |key, part| {
            hmac::sign(&hmac::Key::new(HMAC_SHA256, &key), part.as_bytes())
                .as_ref()
                .to_vec()
        })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use http::Method;
    use http::header::{HeaderValue, RANGE};
    use url::Url;

    use super::*;

    /// The examples of the page that the module names, with its published keys.
    fn signature_of(call: &Call) -> String {
        let keys = Keys {
            access: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: Sensitive::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            token: None,
        };
        let now = "2013-05-24T00:00:00Z".parse().expect("a time");
        let headers = sign(&keys, "us-east-1", "s3", call, now);
        let (_, value) = headers.into_iter().next_back().expect("a header");
        value.rsplit('=').next().expect("a signature").to_owned()
    }

    fn get(path: &str) -> Call {
        let url = format!("https://examplebucket.s3.amazonaws.com{path}");
        Call::new(Method::GET, Url::parse(&url).expect("a URL"))
    }

    #[test]
    fn a_part_of_an_object_is_signed_as_in_the_published_example() {
        let call = get("/test.txt").header(RANGE, HeaderValue::from_static("bytes=0-9"));
        assert_eq!(
            signature_of(&call),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn a_list_is_signed_as_in_the_published_example() {
        assert_eq!(
            signature_of(&get("/?max-keys=2&prefix=J")),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn a_session_token_is_signed_and_the_secret_key_is_in_no_header() {
        let keys = Keys {
            access: "A".to_owned(),
            secret: Sensitive::from("not to be sent"),
            token: Some(Sensitive::from("token")),
        };
        let headers = sign(&keys, "r", "s3", &get("/"), Timestamp::UNIX_EPOCH);
        assert!(headers.contains(&("x-amz-security-token", "token".to_owned())));
        let (_, authorization) = headers.last().expect("a header");
        assert!(
            authorization.contains(";x-amz-security-token,"),
            "{authorization}"
        );
        assert!(
            headers
                .iter()
                .all(|(_, value)| !value.contains("not to be sent"))
        );
    }
}
