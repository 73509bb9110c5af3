//! Where v2 artifacts of a profile go: deployKF's root with its placeholders replaced, and ours.

use std::borrow::Cow;

use crate::model::{Addressing, DeploykfRelease, Deployment, PROFILE_NAME, Store, Vendor};
use crate::releases::{Ability, kfp_can};
use crate::stores;

/// The root that deployKF gives a profile.
///
/// Values are escaped as in a form; the profile's name and the scheme are not. Before v0.1.5 only
/// bucket and profile were replaced, and nothing was escaped.
pub fn deploykf_root(deployment: &Deployment, profile: &str) -> String {
    let store = &deployment.store;
    let template = deploykf_template(deployment);
    let release = deployment.releases.deploykf;
    if release.is_some_and(|release| release < DeploykfRelease::V0_1_5) {
        return template
            .replace("{bucket_name}", &store.bucket)
            .replace(PROFILE_NAME, profile);
    }
    let region = match store.region.as_str() {
        "" if release.is_some() => "unspecified",
        _ => stores::region(store),
    };
    let is_aws = deployment.embedded.is_none() && store.endpoint.is_aws();
    template
        .replace("{bucket_name}", &form_escape(&store.bucket))
        .replace("{bucket_region}", &form_escape(region))
        .replace("{endpoint}", &form_escape(&store.endpoint.authority()))
        .replace("{not_use_ssl}", &(!store.endpoint.tls).to_string())
        .replace(PROFILE_NAME, profile)
        .replace("{scheme}", if is_aws { "s3" } else { "minio" })
}

/// deployKF's template of the root. A description that is not deployKF's gives only the path; the
/// query says the rest, as deployKF's own does, since a root without one means Amazon.
pub(super) fn deploykf_template(deployment: &Deployment) -> Cow<'_, str> {
    let (store, layout) = (&deployment.store, &deployment.layout);
    if deployment.releases.deploykf.is_some() || layout.pipeline_root.contains('?') {
        return Cow::Borrowed(&layout.pipeline_root);
    }
    let path = below_base(store, layout.root_path());
    let path = match path.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    };
    Cow::Owned(format!(
        "{{scheme}}://{{bucket_name}}{path}?region={{bucket_region}}&endpoint={{endpoint}}&disableSSL={{not_use_ssl}}&s3ForcePathStyle={}",
        !is_virtual(store),
    ))
}

/// A path in the bucket, where everything lies below another one.
pub(super) fn below_base(store: &Store, path: &str) -> String {
    match store.base_path.as_str() {
        "" => path.to_owned(),
        base => format!("{base}/{path}"),
    }
}

/// Whether the launcher must put the bucket's name into the host: by itself it takes the path, which
/// Alibaba refuses.
pub(super) fn is_virtual(store: &Store) -> bool {
    match store.addressing {
        Addressing::Auto => store.vendor == Vendor::Alibaba,
        Addressing::Path => false,
        Addressing::Virtual => true,
    }
}

/// The root of a profile in the native layout: without a query wherever `providers` say the rest,
/// since a query would make the launcher pass over them.
pub fn native_root(deployment: &Deployment, profile: &str) -> String {
    let store = &deployment.store;
    let path = below_base(store, &deployment.layout.root_path_of(profile));
    let path = path.trim_matches('/');
    let scheme = if is_native_gcs(deployment) {
        "gs"
    } else {
        "s3"
    };
    let root = match path {
        "" => format!("{scheme}://{}", store.bucket),
        path => format!("{scheme}://{}/{path}", store.bucket),
    };
    if kfp_can(deployment.releases.kfp, Ability::Providers) || is_native_gcs(deployment) {
        return root;
    }
    format!(
        "{root}?region={}&endpoint={}&disableSSL={}&s3ForcePathStyle={}",
        form_escape(stores::region(store)),
        form_escape(&store.endpoint.authority()),
        !store.endpoint.tls,
        !is_virtual(store),
    )
}

/// Whether pods reach Google's store by their own identity, for which only its own protocol does.
pub(crate) fn is_native_gcs(deployment: &Deployment) -> bool {
    let has_keys = |profile: &crate::model::Profile| profile.credentials.keys().is_some();
    deployment.store.vendor == Vendor::Gcs
        && !deployment.profiles.is_empty()
        && !deployment.profiles.iter().any(has_keys)
}

/// Escapes as Go's `url.QueryEscape` does.
fn form_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::form_escape;

    #[test]
    fn values_are_escaped_as_in_a_form() {
        assert_eq!(form_escape("a.b:9000/c d~*"), "a.b%3A9000%2Fc+d~%2A");
    }
}
