//! S3 connections: `s3://bucket/path` at Amazon, and for other services the endpoint within the
//! location: `s3+https://host:port/bucket/path`, or `s3://bucket/path?endpoint=https://host:port`.

use bowline_core::location::{has_userinfo, looks_signed};
use bowline_core::{Connection, Sensitive, names};
use url::{Url, form_urlencoded};

use crate::compatibility::S3_KEYS;

use super::super::record::{Member, Spec};
use super::{Form, ODAHU_PREFIX, text};

/// What a location says.
struct Place<'a> {
    bucket: &'a str,
    /// With its leading slash.
    path: &'a str,
    endpoint: Option<String>,
}

/// The endpoint within a location.
pub(in super::super) fn endpoint(uri: &str) -> Option<String> {
    Place::of(uri).endpoint
}

impl<'a> Place<'a> {
    fn of(uri: &'a str) -> Self {
        let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
        match scheme {
            "s3+http" | "s3+https" => {
                let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
                let endpoint = format!("{}://{host}", &scheme["s3+".len()..]);
                Self::within(rest, Some(endpoint))
            }
            "" => Self::within(rest.trim_start_matches('/'), None),
            _ => {
                let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
                let endpoint = form_urlencoded::parse(query.as_bytes())
                    .find(|(name, _)| name == "endpoint")
                    .map(|(_, value)| value.trim_end_matches('/').to_owned());
                // Without an endpoint a question mark is part of the path.
                let rest = if endpoint.is_some() { place } else { rest };
                Self::within(rest, endpoint)
            }
        }
    }

    fn within(text: &'a str, endpoint: Option<String>) -> Self {
        let (bucket, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        Self {
            bucket,
            path,
            endpoint,
        }
    }
}

/// Amazon's endpoint in a region.
fn amazon(region: &str) -> String {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match region {
        "" => "https://s3.amazonaws.com".to_owned(),
        other if !other.chars().all(is_word) => amazon(""),
        china if china.starts_with("cn-") => format!("https://s3.{china}.amazonaws.com.cn"),
        other => format!("https://s3.{other}.amazonaws.com"),
    }
}

pub(super) fn write(spec: &Spec, form: &mut Form) {
    let uri = spec.text(Member::Uri);
    let place = Place::of(uri);
    let region = spec.text(Member::Region);
    let endpoint = place.endpoint.unwrap_or_else(|| amazon(region));
    form.put("AWS_ACCESS_KEY_ID", spec.get(Member::KeyId));
    form.put("AWS_SECRET_ACCESS_KEY", spec.get(Member::KeySecret));
    form.put("AWS_DEFAULT_REGION", spec.get(Member::Region));
    form.put_text("AWS_S3_ENDPOINT", &endpoint);
    form.put_text("AWS_S3_BUCKET", place.bucket);
    if !looks_signed(uri) {
        form.annotate(&format!("{ODAHU_PREFIX}path"), place.path);
    }
    form.annotate(names::TYPE_REF, "s3");
    // By these a dashboard offers models from it, for which it wants all four keys.
    let is_there = |key: &str| form.data.get(key).is_some_and(|value| !value.is_empty());
    if S3_KEYS.into_iter().all(is_there) {
        form.annotate(names::LEGACY_TYPE, "s3");
        form.labels
            .insert(names::MANAGED_LABEL.to_owned(), "true".to_owned());
    }
    form.annotate(names::KSERVE_S3_REGION, region);
    if let Some((scheme, host)) = endpoint
        .split_once("://")
        .filter(|_| !has_userinfo(&endpoint))
    {
        form.annotate(names::KSERVE_S3_ENDPOINT, host);
        let is_https = if scheme == "http" { "0" } else { "1" };
        form.annotate(names::KSERVE_S3_USE_HTTPS, is_https);
    }
}

pub(super) fn read(connection: &Connection, spec: Spec) -> Spec {
    let region = connection.value("AWS_DEFAULT_REGION");
    let annotated = || {
        let region = connection.secret.annotation(names::KSERVE_S3_REGION);
        region.map(Sensitive::from)
    };
    let region = text(region).cloned().or_else(annotated);
    let spec = spec
        .with(Member::KeyId, connection.value("AWS_ACCESS_KEY_ID"))
        .with(Member::KeySecret, connection.value("AWS_SECRET_ACCESS_KEY"))
        .with(Member::Region, region.as_ref());
    let Some(bucket) = connection.bucket() else {
        return spec;
    };
    let path = connection
        .secret
        .annotations
        .get(&format!("{ODAHU_PREFIX}path"))
        .map_or("", String::as_str);
    let foreign = connection
        .endpoint()
        .filter(|endpoint| !is_amazon(endpoint));
    let uri = match foreign {
        Some(endpoint) => format!("s3+{endpoint}/{bucket}{path}"),
        None => format!("s3://{bucket}{path}"),
    };
    spec.with(Member::Uri, Some(&Sensitive::from(uri.as_str())))
}

fn is_amazon(endpoint: &str) -> bool {
    let host = Url::parse(endpoint).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}
