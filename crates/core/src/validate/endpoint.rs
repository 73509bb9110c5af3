//! Rules about S3 endpoints, and what an endpoint tells about its provider.

use url::{Host, Url};

use super::bucket::Provider;
use super::report::Report;
use super::rules;
use crate::connection::{Connection, Reading};
use crate::location::has_userinfo;
use crate::names;

/// What the host of an endpoint tells.
pub(super) struct Endpoint {
    /// Whose service it is.
    pub(super) provider: Provider,
    /// The region in an AWS host name.
    pub(super) region: Option<String>,
    /// The bucket in an AWS host name.
    bucket: Option<String>,
}

impl Endpoint {
    /// Without an endpoint, clients talk to AWS.
    pub(super) fn of(url: Option<&Url>) -> Self {
        let aws = Self {
            provider: Provider::Aws,
            region: None,
            bucket: None,
        };
        let Some(host) = url.map(|url| url.host_str().unwrap_or_default()) else {
            return aws;
        };
        let host = host.trim_end_matches('.');
        if host == "storage.googleapis.com" || host.ends_with(".storage.googleapis.com") {
            return Self {
                provider: Provider::Google,
                ..aws
            };
        }
        let prefix = [".amazonaws.com", ".amazonaws.com.cn"]
            .into_iter()
            .find_map(|end| host.strip_suffix(end));
        match prefix {
            Some(prefix) => of_aws(prefix),
            None => Self {
                provider: Provider::Other,
                ..aws
            },
        }
    }
}

/// Reads `[bucket.]s3[-x][.dualstack][.region]`, the forms of AWS endpoints.
fn of_aws(prefix: &str) -> Endpoint {
    let labels: Vec<&str> = prefix.split('.').collect();
    let service = labels
        .iter()
        .rposition(|label| *label == "s3" || label.starts_with("s3-"));
    let (before, after) = match service {
        Some(index) => (&labels[..index], &labels[index + 1..]),
        None => (&labels[..0], &labels[..0]),
    };
    let is_private = labels.contains(&"vpce");
    let dashed = service.and_then(|index| labels[index].strip_prefix("s3-"));
    let region = after
        .iter()
        .copied()
        .find(|label| !["dualstack", "vpce"].contains(label));
    let region = region.or(dashed).filter(|text| super::s3::is_region(text));
    let bucket = (!before.is_empty() && !is_private).then(|| before.join("."));
    Endpoint {
        provider: Provider::Aws,
        region: region.map(str::to_owned),
        bucket,
    }
}

/// Judges the endpoint and returns it as a URL when it is one.
pub(super) fn check(connection: &Connection, report: &mut Report) -> Option<Url> {
    let reading = connection.read("AWS_S3_ENDPOINT")?;
    let url = parse(connection, reading, report)?;
    let field = reading.field;
    let text = reading.text.trim();
    if has_userinfo(text) {
        let message = format!("`{field}` holds a user name or password");
        let help = "remove it; the keys go to `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`";
        report.add(&rules::ENDPOINT_USERINFO, field, message, help);
    }
    if url.query().is_some() || url.fragment().is_some() {
        let message = format!("`{field}` has a query string or fragment");
        report.add(
            &rules::ENDPOINT_QUERY,
            field,
            message,
            "end it after host and port",
        );
    }
    if !["", "/"].contains(&url.path()) {
        let message = format!("`{field}` has a path");
        let help = "end it after host and port; the bucket goes to `AWS_S3_BUCKET`";
        report.add(&rules::ENDPOINT_PATH, field, message, help);
    }
    if starts_with_bucket(connection, &url) {
        let message = format!("the host in `{field}` starts with the bucket");
        let help = "remove the bucket from the host; clients add it themselves";
        report.add(&rules::ENDPOINT_BUCKET, field, message, help);
    }
    Some(url)
}

fn parse(connection: &Connection, reading: Reading<'_>, report: &mut Report) -> Option<Url> {
    let field = reading.field;
    let text = reading.text.trim();
    let is_kserve = field != "AWS_S3_ENDPOINT";
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    let is_web = matches!(scheme, Some("http" | "https"));
    let is_bare_host = is_kserve && scheme.is_none();
    if !is_web && !is_bare_host {
        let state = if scheme.is_some() {
            "has another scheme than"
        } else {
            "does not start with"
        };
        let message = format!("`{field}` {state} `http://` or `https://`");
        report.add(
            &rules::ENDPOINT_SCHEME,
            field,
            message,
            "write it as `https://host:port`",
        );
        // What follows the scheme can still be judged.
    }
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let whole = match (is_web, connection.endpoint()) {
        (true, _) => text.to_owned(),
        (false, Some(endpoint)) if scheme.is_none() => endpoint,
        _ => format!("https://{rest}"),
    };
    let url = Url::parse(&whole).ok().filter(|url| {
        let is_numbered = url.port_or_known_default().is_some_and(|port| port > 0);
        is_numbered && !rest.starts_with('/') && url.host().is_some_and(|host| is_host(&host))
    });
    if url.is_none() {
        let message = format!("`{field}` is not a URL with a valid host and port");
        let form = if field == names::KSERVE_S3_ENDPOINT {
            "`host:port`"
        } else {
            "`https://host:port`"
        };
        report.add(
            &rules::ENDPOINT_SYNTAX,
            field,
            message,
            format!("write it as {form}"),
        );
    }
    url
}

fn is_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name
            .trim_end_matches('.')
            .split('.')
            .all(|label| !label.is_empty()),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    }
}

fn starts_with_bucket(connection: &Connection, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let named = connection
        .bucket()
        .map(str::trim)
        .filter(|bucket| !bucket.is_empty());
    let by_name = named.is_some_and(|bucket| {
        let rest = host.strip_prefix(&bucket.to_ascii_lowercase());
        // `minio` in front of `minio.svc` is the service; a bucket stands before a longer name.
        rest.and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|rest| {
                rest.starts_with("s3") || rest.starts_with("storage.") || rest.starts_with("minio")
            })
    });
    by_name || Endpoint::of(Some(url)).bucket.is_some()
}
