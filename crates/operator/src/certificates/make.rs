//! Making authorities and certificates, ECDSA on P-256. When to make one is left to `bundle`.

use bowline_core::Sensitive;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::OffsetDateTime;

use super::BACKDATE;

/// The same for every authority: keys tell one from the next, as the identifiers in certificates
/// say, and an authority that is read needs nothing but its key to sign.
const AUTHORITY: &str = "bowline webhook authority";

/// A certificate and its key, both in PEM.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) certificate: String,
    pub(super) key: Sensitive,
}

/// A new authority.
pub(super) fn authority(now: Timestamp, ends: Timestamp) -> Result<Made, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = authority_params(now, ends)?.self_signed(&key)?;
    Ok(Made {
        certificate: certificate.pem(),
        key: Sensitive::new(key.serialize_pem()),
    })
}

/// A new serving certificate for these names and addresses by the authority with this key.
pub(super) fn serving(
    names: &[String],
    now: Timestamp,
    ends: Timestamp,
    by: &Sensitive,
) -> Result<Made, rcgen::Error> {
    let mut params = params(names.to_vec(), now, ends)?;
    let name = names.first().map_or("bowline", String::as_str);
    // A common name has room for 64 characters; clients look at the other names only.
    let name: String = name.chars().take(64).collect();
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let signing = KeyPair::from_pem(by.expose_str().unwrap_or_default())?;
    // Name and key identifier are taken from these, the times are not.
    let authority = authority_params(now, ends)?;
    let issuer = Issuer::from_params(&authority, signing);
    Ok(Made {
        certificate: params.signed_by(&key, &issuer)?.pem(),
        key: Sensitive::new(key.serialize_pem()),
    })
}

fn authority_params(now: Timestamp, ends: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut params = params(Vec::new(), now, ends)?;
    params
        .distinguished_name
        .push(DnType::CommonName, AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

fn params(
    names: Vec<String>,
    now: Timestamp,
    ends: Timestamp,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = date(now - BACKDATE)?;
    params.not_after = date(ends)?;
    Ok(params)
}

fn date(when: Timestamp) -> Result<OffsetDateTime, rcgen::Error> {
    OffsetDateTime::from_unix_timestamp(when.as_second()).map_err(|_| rcgen::Error::Time)
}
