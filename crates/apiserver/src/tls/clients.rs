//! Certificates of clients: making one, and reading whose one is. That it was signed by the server's
//! own authority is checked by the TLS library.

use super::{Authority, SERVING_DAYS, TlsError, name, new_key, params, set_validity};
use crate::identity::UserInfo;
use jiff::ToSpan as _;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyUsagePurpose};
use std::fmt;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

/// What a client needs to say who it is.
pub struct ClientCertificate {
    certificate: String,
    key: Zeroizing<String>,
}

impl ClientCertificate {
    /// The certificate.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Its private key.
    pub fn key_pem(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

impl Authority {
    /// A new certificate that says of its holder who they are, for a year. Nothing is kept of it,
    /// and it cannot be taken back.
    pub fn client(&self, user: &str, group: Option<&str>) -> Result<ClientCertificate, TlsError> {
        let what = "a client's certificate";
        let refused = |source| TlsError::Make { what, source };
        let mut client = CertificateParams::new(Vec::new()).map_err(refused)?;
        client.distinguished_name = name(user);
        if let Some(group) = group {
            client
                .distinguished_name
                .push(DnType::OrganizationName, group);
        }
        let ends = self.today.saturating_add(SERVING_DAYS.days());
        set_validity(&mut client, self.today, ends);
        client.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = new_key("a client's key")?;
        let authority = params(self.today)?;
        let issuer = Issuer::from_params(&authority, &self.key);
        let certificate = client.signed_by(&key, &issuer).map_err(refused)?;
        Ok(ClientCertificate {
            certificate: certificate.pem(),
            key: key.serialize_pem().into(),
        })
    }
}

/// Whose a certificate is: the common name is the user's, organizations are groups.
pub(crate) fn user(certificate: &[u8]) -> Option<UserInfo> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let subject = certificate.subject();
    let name = subject.iter_common_name().last()?.as_str().ok()?;
    if name.is_empty() {
        return None;
    }
    let groups = subject.iter_organization();
    let groups = groups.filter_map(|group| group.as_str().ok());
    Some(UserInfo::new(name, groups))
}
