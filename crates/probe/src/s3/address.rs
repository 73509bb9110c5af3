//! Where buckets and objects are: the endpoint, and the bucket before its host or in its path. Pure.

use std::fmt::Write as _;

use url::{Host, Url};

use crate::outcome;
use crate::trouble::Trouble;

/// Services that take the bucket before their host, some of them nowhere else.
const VIRTUAL_HOSTS: [&str; 4] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".aliyuncs.com",
    ".myqcloud.com",
];

/// Where the bucket goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `https://host/bucket/key`.
    Path,
    /// `https://bucket.host/key`.
    Virtual,
}

impl Style {
    pub(super) const fn of(is_path: bool) -> Self {
        if is_path { Self::Path } else { Self::Virtual }
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Path => Self::Virtual,
            Self::Virtual => Self::Path,
        }
    }

    /// What to write so that readers use it.
    pub(super) const fn setting(self) -> &'static str {
        match self {
            Self::Path => "AWS_S3_USE_PATH_STYLE=true",
            Self::Virtual => "AWS_S3_USE_PATH_STYLE=false",
        }
    }
}

/// The endpoint that libraries assume where there is none.
pub(super) fn of_aws(region: &str) -> String {
    let end = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://s3.{region}.{end}")
}

/// Where a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    endpoint: Url,
    pub(super) bucket: Option<String>,
    pub(super) style: Style,
}

impl Address {
    /// An address; without a stated style the usual one of the service.
    pub(super) fn new(
        endpoint: &str,
        bucket: Option<String>,
        stated: Option<Style>,
    ) -> Result<Self, Trouble> {
        let unreadable = || Trouble::new(&outcome::ADDRESS_UNREADABLE);
        let mut endpoint = Url::parse(endpoint).map_err(|_| unreadable())?;
        if !matches!(endpoint.scheme(), "http" | "https") {
            return Err(Trouble::new(&outcome::SCHEME_FORBIDDEN));
        }
        let _ = endpoint.set_username("");
        let _ = endpoint.set_password(None);
        endpoint.set_query(None);
        endpoint.set_path("");
        let style =
            stated.unwrap_or_else(|| usual(&endpoint, bucket.as_deref().unwrap_or_default()));
        Ok(Self {
            endpoint,
            bucket,
            style,
        })
    }

    /// Where the service itself is.
    pub(super) const fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// The same place in the other style.
    pub(super) fn in_other_style(&self) -> Self {
        Self {
            style: self.style.other(),
            ..self.clone()
        }
    }

    /// Whether a bucket can stand before the host: an IP address has no names below it.
    pub(super) fn has_name(&self) -> bool {
        matches!(self.endpoint.host(), Some(Host::Domain(_)))
    }

    /// The URL of an object, or of the bucket where the key is empty; path and query are encoded the
    /// way in which they are signed.
    pub(super) fn url(&self, key: &str, query: &[(&str, &str)]) -> Result<Url, Trouble> {
        let mut url = self.endpoint.clone();
        let mut path = String::from("/");
        match (&self.bucket, self.style) {
            (None, _) => {}
            (Some(bucket), Style::Path) => {
                path.push_str(&encoded(bucket, "/"));
                path.push_str(if key.is_empty() { "" } else { "/" });
            }
            (Some(bucket), Style::Virtual) => {
                let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
                let is_set = self.has_name() && url.set_host(Some(&host)).is_ok();
                if !is_set {
                    return Err(Trouble::new(&outcome::WRONG_STYLE).detail(format!(
                        "no bucket can stand before `{}`: set {}",
                        self.endpoint.host_str().unwrap_or_default(),
                        Style::Path.setting()
                    )));
                }
            }
        }
        path.push_str(&encoded(key, "/"));
        url.set_path(&path);
        // `a/../b` would reach another object than the one that is meant.
        if url.path() != path {
            return Err(Trouble::new(&outcome::NO_SUCH_OBJECT)
                .detail("paths with `.` or `..` in them cannot be asked for"));
        }
        let mut pairs: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name, ""), encoded(value, "")))
            .collect();
        pairs.sort();
        url.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
        Ok(url)
    }
}

/// Virtual hosts for services that want them, unless no certificate could cover the bucket's dots.
fn usual(endpoint: &Url, bucket: &str) -> Style {
    let host = endpoint
        .host_str()
        .unwrap_or_default()
        .trim_end_matches('.');
    let is_virtual = VIRTUAL_HOSTS.iter().any(|end| host.ends_with(end));
    let is_covered = endpoint.scheme() == "http" || !bucket.contains('.');
    Style::of(!(is_virtual && is_covered))
}

/// Everything but unreserved characters as `%XX`, as signatures want it.
pub(super) fn encoded(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || kept.contains(c) {
            encoded.push(c);
        } else {
            // Writing to a text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "http://minio:9000",
        None,
        "a b/ü+&.bin",
        "http://minio:9000/models/a%20b/%C3%BC%2B%26.bin"
    )]
    #[case("http://minio:9000/", None, "", "http://minio:9000/models")]
    #[case(
        "https://s3.eu-west-1.amazonaws.com",
        None,
        "k",
        "https://models.s3.eu-west-1.amazonaws.com/k"
    )]
    #[case(
        "https://s3.oss-cn-hangzhou.aliyuncs.com",
        None,
        "",
        "https://models.s3.oss-cn-hangzhou.aliyuncs.com/"
    )]
    #[case(
        "https://s3.eu-west-1.amazonaws.com",
        Some(Style::Path),
        "k",
        "https://s3.eu-west-1.amazonaws.com/models/k"
    )]
    #[case(
        "https://user:word@minio:9000",
        None,
        "k",
        "https://minio:9000/models/k"
    )]
    fn an_object_is_found_where_its_service_has_it(
        #[case] endpoint: &str,
        #[case] style: Option<Style>,
        #[case] key: &str,
        #[case] expected: &str,
    ) {
        let address = Address::new(endpoint, Some("models".to_owned()), style).expect("an address");
        assert_eq!(address.url(key, &[]).expect("a URL").as_str(), expected);
    }

    #[test]
    fn a_bucket_with_dots_stays_in_the_path_where_no_certificate_would_cover_it() {
        let address = Address::new("https://s3.amazonaws.com", Some("a.b".to_owned()), None);
        assert_eq!(address.expect("an address").style, Style::Path);
    }

    #[rstest]
    #[case("a/../b")]
    #[case("./a")]
    #[case("..")]
    fn a_path_that_would_reach_another_object_is_refused(#[case] key: &str) {
        let address =
            Address::new("http://minio:9000", Some("models".to_owned()), None).expect("an address");
        assert!(
            address
                .url(key, &[])
                .expect_err("must fail")
                .is(&outcome::NO_SUCH_OBJECT)
        );
    }

    #[test]
    fn a_bucket_cannot_stand_before_an_ip_address() {
        let address = Address::new(
            "http://192.0.2.1",
            Some("models".to_owned()),
            Some(Style::Virtual),
        )
        .expect("an address");
        assert!(
            address
                .url("k", &[])
                .expect_err("must fail")
                .is(&outcome::WRONG_STYLE)
        );
    }
}
