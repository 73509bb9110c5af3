//! Whose certificates a probe trusts: the system's authorities, the connection's own instead, or
//! anybody where the connection wants that.

use std::sync::{Arc, OnceLock};

use bowline_core::{Connection, Protocol};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::outcome;
use crate::trouble::Trouble;

/// Whom to trust.
#[derive(Clone)]
pub(crate) struct Trust {
    /// The authorities.
    pub(crate) roots: Arc<RootCertStore>,
    /// Whether certificates are checked at all.
    pub(crate) is_verified: bool,
    /// The connection names a file of authorities that only workloads have.
    is_elsewhere: bool,
}

impl Trust {
    /// The system's authorities.
    pub(crate) fn system() -> Self {
        Self {
            roots: system_authorities(),
            is_verified: true,
            is_elsewhere: false,
        }
    }

    /// What a connection says, with the authorities that its project trusts beside.
    ///
    /// `AWS_CA_BUNDLE` stands in the place of the system's authorities, as it does for the libraries
    /// that read it.
    ///
    /// # Errors
    /// When what should be certificates is none.
    pub(crate) fn of(connection: &Connection, project: Option<&str>) -> Result<Self, Trouble> {
        let is_s3 = connection.protocol == Some(Protocol::S3);
        let own = connection.ca_bundle().filter(|_| is_s3);
        let is_path = |text: &str| text.starts_with('/') && !text.contains('\n');
        let pem = own.filter(|text| !is_path(text));
        let mut trust = Self::system();
        trust.is_verified = is_tls_verified(connection);
        trust.is_elsewhere = own.is_some_and(is_path);
        if let Some(pem) = pem {
            trust.roots = Arc::new(RootCertStore::empty());
            trust.add(pem)?;
        }
        if let Some(pem) = project {
            trust.add(pem)?;
        }
        Ok(trust)
    }

    fn add(&mut self, pem: &str) -> Result<(), Trouble> {
        let unreadable = || Trouble::new(&outcome::TRUST_UNREADABLE);
        let roots = Arc::make_mut(&mut self.roots);
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots
                .add(certificate.map_err(|_| unreadable())?)
                .map_err(|_| unreadable())?;
        }
        if roots.len() == before {
            Err(unreadable())
        } else {
            Ok(())
        }
    }

    /// What should be known about TLS that was done with it.
    pub(crate) fn doubt(&self) -> Option<Trouble> {
        let doubt = match (self.is_verified, self.is_elsewhere) {
            (false, _) => Some(&outcome::TLS_NOT_VERIFIED),
            (true, true) => Some(&outcome::TRUST_ELSEWHERE),
            (true, false) => None,
        };
        doubt.map(Trouble::new)
    }
}

/// Whether a connection wants certificates checked.
pub(crate) fn is_tls_verified(connection: &Connection) -> bool {
    connection.protocol != Some(Protocol::S3) || connection.verify_ssl()
}

/// The certificate authorities that this machine trusts, read once. A machine without any, such as
/// a bare container, gets those of the big browsers.
pub fn system_authorities() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.add_parsable_certificates(
                webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned(),
            );
        }
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(read))
}
