//! Reading the settings of a connection, whichever key or annotation holds them; whether they make
//! sense is left to `validate`.

use super::spelling::{Source, alternatives};
use super::{Access, Connection};
use crate::location::registry_root;
use crate::protocol::Protocol;
use crate::sensitive::Sensitive;

/// A setting's text and the key or annotation that holds it.
///
/// It has no `Debug`, since the text may be a secret value.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The key or annotation.
    pub field: &'a str,
    /// The text, without the line ends that `echo` leaves behind.
    pub text: &'a str,
}

impl Connection {
    /// A setting by the key that Open Data Hub uses for it; the first spelling that is not empty.
    pub fn read<'a>(&'a self, key: &'a str) -> Option<Reading<'a>> {
        self.readings(key).next()
    }

    /// All spellings of a setting that are present as text and not empty, strongest first.
    pub fn readings<'a>(&'a self, key: &'a str) -> impl Iterator<Item = Reading<'a>> {
        let own = self
            .secret
            .line(key)
            .map(|text| Reading { field: key, text });
        let others = alternatives(key).iter().filter_map(|source| match *source {
            Source::Key(field) => self.secret.line(field).map(|text| Reading { field, text }),
            Source::Annotation(field) => {
                let text = self
                    .secret
                    .annotation(field)?
                    .trim_end_matches(['\n', '\r']);
                (!text.is_empty()).then_some(Reading { field, text })
            }
        });
        own.into_iter().chain(others)
    }

    /// The bytes of a setting, for values that need not be text.
    pub fn value(&self, key: &str) -> Option<&Sensitive> {
        let others = alternatives(key).iter().filter_map(|source| match source {
            Source::Key(field) => Some(*field),
            Source::Annotation(_) => None,
        });
        std::iter::once(key)
            .chain(others)
            .find_map(|key| self.secret.value(key))
    }

    fn text<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.read(key).map(|reading| reading.text)
    }

    /// A setting that is on or off; `None` when absent or neither.
    fn flag(&self, key: &str) -> Option<bool> {
        self.text(key).and_then(flag)
    }

    /// Where the S3 service is, as a URL. A host without a scheme is KServe's way of writing it;
    /// then `s3-usehttps` decides, and HTTPS is assumed.
    pub fn endpoint(&self) -> Option<String> {
        let text = self.text("AWS_S3_ENDPOINT")?.trim().trim_end_matches('/');
        if text.contains("://") {
            return Some(text.to_owned());
        }
        let scheme = if self.flag("S3_USE_HTTPS").unwrap_or(true) {
            "https"
        } else {
            "http"
        };
        Some(format!("{scheme}://{text}"))
    }

    /// The bucket, or what the protocol calls its own: an Azure container.
    pub fn bucket(&self) -> Option<&str> {
        match self.protocol? {
            Protocol::S3 => self.text("AWS_S3_BUCKET"),
            Protocol::Gcs => self.text("GCS_BUCKET"),
            Protocol::Azure => self.text("AZURE_CONTAINER"),
            Protocol::Uri | Protocol::Oci | Protocol::Git => None,
        }
    }

    /// The region, when one is given.
    pub fn region(&self) -> Option<&str> {
        self.text("AWS_DEFAULT_REGION")
    }

    /// The S3 access key.
    pub fn access_key_id(&self) -> Option<&str> {
        self.text("AWS_ACCESS_KEY_ID")
    }

    /// The S3 secret key.
    pub fn secret_access_key(&self) -> Option<Sensitive> {
        self.text("AWS_SECRET_ACCESS_KEY").map(Sensitive::from)
    }

    /// Whether S3 objects are read without credentials.
    pub fn is_anonymous(&self) -> bool {
        self.flag("awsAnonymousCredential").unwrap_or(false)
    }

    /// Whether the bucket goes into the path of S3 requests; `None` leaves it to the reader.
    pub fn use_path_style(&self) -> Option<bool> {
        let virtual_bucket = || self.flag("S3_USER_VIRTUAL_BUCKET");
        self.flag("AWS_S3_USE_PATH_STYLE")
            .or_else(|| virtual_bucket().map(|is_on| !is_on))
    }

    /// Whether the S3 service's certificate is verified.
    pub fn verify_ssl(&self) -> bool {
        self.flag("AWS_S3_VERIFY_SSL").unwrap_or(true)
    }

    /// The CA bundle: a path or PEM text.
    pub fn ca_bundle(&self) -> Option<&str> {
        self.text("AWS_CA_BUNDLE")
    }

    /// The location that a URI connection stands for, without blanks around it.
    ///
    /// `https-host` is a full URL to Open Data Hub and a bare host to KServe: a URL wins as it
    /// does with the former, a bare host is no location and so leaves the word to `URI`.
    pub fn uri(&self) -> Option<Reading<'_>> {
        let https_host = self.read("https-host");
        let found = https_host.filter(|host| host.text.contains("://"));
        let Reading { field, text } = found.or_else(|| self.read("URI"))?;
        let text = text.trim();
        (!text.is_empty()).then_some(Reading { field, text })
    }

    /// `https-host`, as written.
    pub fn https_host(&self) -> Option<&str> {
        self.text("https-host")
    }

    /// Whether a Hugging Face token comes with it.
    pub fn has_hf_token(&self) -> bool {
        self.text("HF_TOKEN").is_some()
    }

    /// `OCI_HOST` as the root of a location: no scheme, no trailing slash, no login.
    pub fn registry(&self) -> Option<String> {
        self.text("OCI_HOST")
            .map(registry_root)
            .filter(|root| !root.is_empty())
    }

    /// What a registry connection may be used for. An unreadable value grants nothing, since
    /// somebody meant to restrict it.
    pub fn access(&self) -> Access {
        match self.text("ACCESS_TYPE") {
            None => Access::ALL,
            Some(text) => Access::parse(text).unwrap_or_default(),
        }
    }
}

/// Reads an on/off value as KServe and the AWS libraries do.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
