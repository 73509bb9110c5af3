//! The annotations by which KServe reads an S3 connection that a ServiceAccount links: which are
//! missing or out of date. A person's own are never changed.

use std::collections::BTreeMap;

use crate::ca_bundle;
use crate::connection::Connection;
use crate::location::has_userinfo;
use crate::names;
use crate::secret::Secret;

/// Where KServe mounts the bundle of a namespace; with the ConfigMap's name it makes one setting.
const BUNDLE_PATH: &str = "/etc/ssl/custom-certs/cabundle.crt";

/// Annotations to write, and `None` for those to take away.
pub type Annotate = BTreeMap<String, Option<String>>;

/// What to write on a Secret so that upstream KServe reads it as meant; empty when it is as it
/// should be, or no S3 connection by an annotation of another dialect: KServe's own is a person's,
/// and what merely looks like a connection would become one.
///
/// [`names::KSERVE_WRITTEN`] remembers what was written here, so that it follows the connection;
/// everything else under KServe's keys is a person's.
pub fn annotations(secret: &Secret, has_bundle: bool) -> Annotate {
    let is_stated = |connection: &Connection| connection.marker.annotation().is_some();
    let Some(connection) = super::entry::s3(secret.clone()).filter(is_stated) else {
        return Annotate::new();
    };
    let written: BTreeMap<String, String> = secret
        .annotation(names::KSERVE_WRITTEN)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let is_ours = |key: &str| {
        let found = secret.annotation(key);
        found.is_none() || found == written.get(key).map(String::as_str)
    };
    let mut ours = wanted(&connection, has_bundle);
    ours.retain(|key, _| is_ours(key));
    // Half an endpoint of ours beside half of a person's leads somewhere else.
    if !ours.contains_key(names::KSERVE_S3_ENDPOINT) {
        ours.remove(names::KSERVE_S3_USE_HTTPS);
    }
    let mut changes = Annotate::new();
    for key in written.keys().filter(|key| !ours.contains_key(*key)) {
        // What is remembered is text that a person can edit.
        let is_kserves = key.starts_with(names::KSERVE_S3_PREFIX);
        if is_kserves && secret.annotation(key).is_some() && is_ours(key) {
            changes.insert(key.clone(), None);
        }
    }
    for (key, value) in &ours {
        if secret.annotation(key) != Some(value) {
            changes.insert(key.clone(), Some(value.clone()));
        }
    }
    let text = (!ours.is_empty())
        .then(|| serde_json::to_string(&ours).expect("a map of strings serialises"));
    if text.as_deref() != secret.annotation(names::KSERVE_WRITTEN) {
        changes.insert(names::KSERVE_WRITTEN.to_owned(), text);
    }
    changes
}

fn wanted(connection: &Connection, has_bundle: bool) -> BTreeMap<String, String> {
    let mut wanted = BTreeMap::new();
    let mut set = |key: &str, value: &str| {
        wanted.insert(key.to_owned(), value.trim().to_owned());
    };
    // Whoever may list Secrets' metadata sees annotations, so an endpoint with a login, or with
    // anything else that does not belong there, stays out of them.
    let is_plain = |url: &String| !has_userinfo(url) && !url.contains(['?', '#']);
    let endpoint = connection.endpoint().filter(is_plain).unwrap_or_default();
    if let Some((scheme, host)) = endpoint.split_once("://") {
        set(names::KSERVE_S3_ENDPOINT, host.trim_end_matches('/'));
        let is_https = scheme == "https";
        set(names::KSERVE_S3_USE_HTTPS, if is_https { "1" } else { "0" });
    }
    set(
        names::KSERVE_S3_REGION,
        connection.region().unwrap_or("us-east-1"),
    );
    if !connection.verify_ssl() {
        set(names::KSERVE_S3_VERIFY_SSL, "0");
    }
    if connection.use_path_style() == Some(false) {
        set(names::KSERVE_S3_VIRTUAL_BUCKET, "true");
    }
    if connection.is_anonymous() {
        set(names::KSERVE_S3_ANONYMOUS, "true");
    }
    if has_bundle && endpoint.starts_with("https://") {
        set(names::KSERVE_S3_CA_BUNDLE, BUNDLE_PATH);
        set(names::KSERVE_S3_CA_BUNDLE_CONFIGMAP, ca_bundle::NAME);
    }
    wanted
}
