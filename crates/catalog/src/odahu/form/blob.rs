//! Buckets of Google Cloud Storage and containers of Azure Blob storage.

use bowline_core::location::looks_signed;
use bowline_core::{Connection, Sensitive, names};

use super::super::record::{Member, Spec};
use super::{Form, ODAHU_PREFIX};

const GCS_KEY: &str = "gcloud-application-credentials.json";
const ACCOUNT: &str = "AZURE_STORAGE_ACCOUNT";
const SAS: &str = "AZURE_STORAGE_SAS_TOKEN";
const STRING: &str = "AZURE_STORAGE_CONNECTION_STRING";
/// Where accounts of the public cloud are.
const AZURE: &str = ".blob.core.windows.net";

pub(super) fn write_gcs(spec: &Spec, form: &mut Form) {
    let uri = spec.text(Member::Uri);
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    form.annotate(names::TYPE_REF, "gcs");
    form.put(GCS_KEY, spec.get(Member::KeySecret));
    place(uri, rest.trim_start_matches('/'), "GCS_BUCKET", form);
}

pub(super) fn read_gcs(connection: &Connection, spec: Spec) -> Spec {
    let uri = connection
        .bucket()
        .map(|bucket| format!("gs://{bucket}{}", path(connection)));
    spec.with(Member::KeySecret, connection.value(GCS_KEY))
        .with(Member::Uri, uri.as_deref().map(Sensitive::from).as_ref())
}

pub(super) fn write_azure(spec: &Spec, form: &mut Form) {
    let uri = spec.text(Member::Uri);
    let rest = match uri.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, rest)| rest),
        None => uri.trim_start_matches('/'),
    };
    form.annotate(names::TYPE_REF, "azure");
    place(uri, rest, "AZURE_CONTAINER", form);
    let Some((base, token)) = spec
        .get(Member::KeySecret)
        .and_then(Sensitive::expose_str)
        .and_then(split_sas)
    else {
        return;
    };
    match account(base) {
        Some(account) => {
            form.put_text(ACCOUNT, account);
            form.put_text(SAS, token);
        }
        // Other clouds, and stores that speak Azure's language, have to be named in full.
        None => form.put_text(
            STRING,
            &format!("BlobEndpoint={base};SharedAccessSignature={token}"),
        ),
    }
}

pub(super) fn read_azure(connection: &Connection, spec: Spec) -> Spec {
    let value = |key: &str| {
        let value = connection.secret.value(key);
        value
            .and_then(Sensitive::expose_str)
            .filter(|text| !text.is_empty())
    };
    let of_account = || {
        let (account, token) = (value(ACCOUNT)?.trim(), value(SAS)?);
        let token = token.strip_prefix('?').unwrap_or(token);
        Some(format!("https://{account}{AZURE}/?{token}"))
    };
    let of_string = || {
        let (base, token) = value(STRING)?
            .strip_prefix("BlobEndpoint=")?
            .split_once(";SharedAccessSignature=")?;
        Some(format!("{base}/?{token}"))
    };
    let url = of_account().or_else(of_string);
    let uri = connection
        .bucket()
        .map(|container| format!("{container}{}", path(connection)));
    spec.with(
        Member::KeySecret,
        url.as_deref().map(Sensitive::from).as_ref(),
    )
    .with(Member::Uri, uri.as_deref().map(Sensitive::from).as_ref())
}

/// Writes `root/path`; a path that grants access by itself does not belong where it can be seen.
fn place(uri: &str, rest: &str, key: &str, form: &mut Form) {
    let (root, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    form.put_text(key, root);
    if !looks_signed(uri) {
        form.annotate(&format!("{ODAHU_PREFIX}path"), path);
    }
}

fn path(connection: &Connection) -> &str {
    let annotations = &connection.secret.annotations;
    annotations
        .get(&format!("{ODAHU_PREFIX}path"))
        .map_or("", String::as_str)
}

/// Takes `https://host/?token` apart; people also leave the question mark out.
fn split_sas(url: &str) -> Option<(&str, &str)> {
    let (base, token) = match url.split_once('?') {
        Some(parts) => parts,
        None => url
            .rsplit_once('/')
            .filter(|(_, token)| token.contains("sig="))?,
    };
    let is_url = base.starts_with("https://") || base.starts_with("http://");
    (is_url && !token.is_empty()).then_some((base.trim_end_matches('/'), token))
}

/// The account of the public cloud that a base URL belongs to.
fn account(base: &str) -> Option<&str> {
    let account = base.strip_prefix("https://")?.strip_suffix(AZURE)?;
    let is_word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    ((3..=24).contains(&account.len()) && account.bytes().all(is_word)).then_some(account)
}
