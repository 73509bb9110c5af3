//! What a certificate says of itself, as far as it matters for renewing it.

use std::net::IpAddr;

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// DNS names in small letters, and addresses.
    pub(super) names: Vec<String>,
}

impl Facts {
    pub(super) fn of(certificate: &CertificateDer<'static>) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(certificate).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let validity = certificate.validity();
        let names = certificate.subject_alternative_name().ok()?;
        let names = names.map(|names| &names.value.general_names);
        Some(Self {
            not_before: Timestamp::from_second(validity.not_before.timestamp()).ok()?,
            not_after: Timestamp::from_second(validity.not_after.timestamp()).ok()?,
            names: names.into_iter().flatten().filter_map(name).collect(),
        })
    }

    /// Whether the certificate holds under all these names and addresses.
    pub(super) fn is_for(&self, wanted: &[String]) -> bool {
        wanted
            .iter()
            .all(|name| self.names.contains(&plain_name(name)))
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// A name in the one form in which names are compared.
fn plain_name(name: &str) -> String {
    name.parse::<IpAddr>()
        .map_or_else(|_| name.to_ascii_lowercase(), |address| address.to_string())
}
