//! The server's own certificate authority and certificate, kept in a directory. Who trusts them is
//! decided by who is given [`Authority::certificate_pem`], as in a kubeconfig.

mod clients;
mod files;

pub use clients::ClientCertificate;
pub(crate) use clients::user as user_of_certificate;

pub use files::write_private as replace_private;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const AUTHORITY_NAME: &str = "bowline-apiserver local authority";
const AUTHORITY_YEARS: i64 = 10;
const SERVING_DAYS: i64 = 365;
/// A certificate is made anew when it ends within this many days.
const RENEW_DAYS: i64 = 30;

/// Why certificates cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("cannot {step} `{path}`")]
    File {
        /// What was being done.
        step: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file holds something else than it should.
    #[error(
        "`{path}` does not hold {wanted}: delete the directory it is in, and everything is made anew"
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A certificate cannot be made.
    #[error("cannot make {what}")]
    Make {
        /// Which certificate or key.
        what: &'static str,
        /// Why it failed.
        source: rcgen::Error,
    },
    /// The TLS library refuses the certificate.
    #[error("cannot serve with the certificate in `{directory}`")]
    Serve {
        /// Where it is.
        directory: PathBuf,
        /// Why it is refused.
        source: rustls::Error,
    },
}

/// When something made here ends, and for whom it was made.
#[derive(Debug, Serialize, Deserialize)]
struct Validity {
    /// A day, as in 2030-12-31.
    ends: String,
    names: Vec<String>,
}

impl Validity {
    fn is_good(&self, names: &[String], today: Date) -> bool {
        let is_soon = |ends: Date| ends <= today.saturating_add(RENEW_DAYS.days());
        self.names == names && self.ends.parse().is_ok_and(|ends| !is_soon(ends))
    }
}

/// A certificate authority for one server.
pub struct Authority {
    directory: PathBuf,
    certificate: String,
    key: KeyPair,
    today: Date,
}

impl Authority {
    /// The authority that is kept in this directory, made there where it is missing or ends soon.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Result<Self, TlsError> {
        let directory = directory.into();
        files::make_directory(&directory)?;
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let path = |name: &str| directory.join(name);
        let kept = files::read_validity(&path("ca.json"))?.filter(|kept| kept.is_good(&[], today));
        if kept.is_some()
            && let (Some(certificate), Some(key)) =
                (files::read(&path("ca.crt"))?, files::read(&path("ca.key"))?)
        {
            let wanted = "a private key";
            let key = KeyPair::from_pem(&key).map_err(|_| TlsError::Content {
                path: path("ca.key"),
                wanted,
            })?;
            return Ok(Self {
                directory,
                certificate,
                key,
                today,
            });
        }
        let key = new_key("the key of the certificate authority")?;
        let made = params(today)?.self_signed(&key);
        let what = "the certificate authority";
        let certificate = made
            .map_err(|source| TlsError::Make { what, source })?
            .pem();
        files::write_private(&path("ca.key"), key.serialize_pem().as_bytes())?;
        files::write(&path("ca.crt"), certificate.as_bytes())?;
        files::write_validity(
            &path("ca.json"),
            &Validity {
                ends: authority_end(today).to_string(),
                names: Vec::new(),
            },
        )?;
        // What the authority before this one has signed is worth nothing now.
        files::remove(&path("server.json"))?;
        Ok(Self {
            directory,
            certificate,
            key,
            today,
        })
    }

    /// The certificate that clients must trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// A certificate for a server under these names and addresses, made where it is missing, ends
    /// soon or is for others.
    pub fn serving(&self, names: &[&str]) -> Result<Serving, TlsError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let path = |name: &str| self.directory.join(name);
        let kept = files::read_validity(&path("server.json"))?
            .filter(|kept| kept.is_good(&names, self.today));
        if kept.is_some()
            && let (Some(certificate), Some(key)) = (
                files::read(&path("server.crt"))?,
                files::read(&path("server.key"))?,
            )
        {
            return Serving::new(&self.directory, certificate, key, &self.certificate);
        }
        let (certificate, key, ends) = self.sign(&names)?;
        files::write_private(&path("server.key"), key.as_bytes())?;
        files::write(&path("server.crt"), certificate.as_bytes())?;
        files::write_validity(
            &path("server.json"),
            &Validity {
                ends: ends.to_string(),
                names,
            },
        )?;
        Serving::new(&self.directory, certificate, key, &self.certificate)
    }

    fn sign(&self, names: &[String]) -> Result<(String, String, Date), TlsError> {
        let what = "the server's certificate";
        let refused = |source| TlsError::Make { what, source };
        let ends = self.today.saturating_add(SERVING_DAYS.days());
        let mut server = CertificateParams::new(names.to_vec()).map_err(refused)?;
        server.distinguished_name = name(names.first().map_or("localhost", String::as_str));
        set_validity(&mut server, self.today, ends);
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let key = new_key("the server's key")?;
        // Only its name and key are taken from the parameters, and those are always the same.
        let authority = params(self.today)?;
        let issuer = Issuer::from_params(&authority, &self.key);
        let certificate = server.signed_by(&key, &issuer).map_err(refused)?;
        Ok((certificate.pem(), key.serialize_pem(), ends))
    }
}

/// A certificate and key to serve with.
#[derive(Clone)]
pub struct Serving {
    config: Arc<ServerConfig>,
    certificate: String,
    key: zeroize::Zeroizing<String>,
}

impl Serving {
    fn new(
        directory: &Path,
        certificate: String,
        key: String,
        authority: &str,
    ) -> Result<Self, TlsError> {
        let content = |name: &str, wanted| TlsError::Content {
            path: directory.join(name),
            wanted,
        };
        let chain = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|_| content("server.crt", "a certificate"))?;
        let private = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| content("server.key", "a private key"))?;
        let refused = |source| TlsError::Serve {
            directory: directory.to_owned(),
            source,
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let trusted = CertificateDer::from_pem_slice(authority.as_bytes())
            .map_err(|_| content("ca.crt", "a certificate"))?;
        let mut roots = RootCertStore::empty();
        roots.add(trusted).map_err(refused)?;
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .map_err(|_| content("ca.crt", "a certificate that can sign others"))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![chain], private)
            .map_err(refused)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            certificate,
            key: key.into(),
        })
    }

    /// What the TLS library needs to serve HTTP/1.1 and HTTP/2. Clients may show a certificate of
    /// the same authority, and need not.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// The certificate, for other servers on the same names.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// The private key, for other servers on the same names.
    pub fn key_pem(&self) -> &str {
        &self.key
    }
}

fn params(today: Date) -> Result<CertificateParams, TlsError> {
    let made = CertificateParams::new(Vec::new());
    let mut params = made.map_err(|source| TlsError::Make {
        what: "the certificate authority",
        source,
    })?;
    params.distinguished_name = name(AUTHORITY_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    set_validity(&mut params, today, authority_end(today));
    Ok(params)
}

fn authority_end(today: Date) -> Date {
    today.saturating_add(AUTHORITY_YEARS.years())
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// From the day before `today`, as clocks differ, until `ends`.
fn set_validity(params: &mut CertificateParams, today: Date, ends: Date) {
    let (year, month, day) = parts(today.saturating_sub(1.day()));
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = parts(ends);
    params.not_after = rcgen::date_time_ymd(year, month, day);
}

/// Year, month and day.
fn parts(date: Date) -> (i32, u8, u8) {
    (
        date.year().into(),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    )
}

fn new_key(what: &'static str) -> Result<KeyPair, TlsError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|source| TlsError::Make { what, source })
}

#[cfg(test)]
mod tests;
