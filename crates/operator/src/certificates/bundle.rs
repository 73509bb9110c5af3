//! What stands in the operator's own TLS Secret: a serving certificate, the authority that signs,
//! and during a change of authority the next or the last one. Decides what to do about it by the
//! time that it is given; reading and writing the Secret are left to `own`.

use std::collections::BTreeMap;
use std::sync::Arc;

use bowline_core::Sensitive;
use jiff::{SignedDuration, Timestamp};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs;
use rustls::{CertificateError, Error as TlsError, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::facts::Facts;
use super::make::{self, Made};
use super::{BACKDATE, Pair, Unfit};

const SERVING: &str = "tls.crt";
const SERVING_KEY: &str = "tls.key";
const AUTHORITIES: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";
const NEXT_KEY: &str = "next-ca.key";
const PEM_END: &str = "-----END CERTIFICATE-----";

/// How long what is made here lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// Of an authority.
    pub authority: SignedDuration,
    /// Of a serving certificate.
    pub serving: SignedDuration,
}

impl Default for Lives {
    fn default() -> Self {
        Self {
            authority: SignedDuration::from_hours(10 * 365 * 24),
            serving: SignedDuration::from_hours(90 * 24),
        }
    }
}

impl Lives {
    /// How long two authorities are trusted at least before the next one signs, and after.
    fn overlap(self) -> SignedDuration {
        SignedDuration::from_hours(1).min(self.serving / 10)
    }
}

/// An authority that is trusted beside the one that signs.
#[derive(Debug, Clone)]
enum Other {
    /// It will sign once everybody trusts it.
    Next(Made),
    /// It signed until lately.
    Last(String),
}

/// Everything in the Secret, found to be in order.
#[derive(Debug, Clone)]
pub(super) struct Bundle {
    serving: Made,
    pair: Pair,
    signer: Made,
    signer_facts: Facts,
    other: Option<Other>,
    next_facts: Option<Facts>,
}

/// What to do about a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Keep,
    /// Make everything anew.
    Remake,
    /// Make the next authority, and have it trusted.
    AddAuthority,
    /// Let the next authority sign.
    Promote,
    /// Make a new serving certificate.
    Renew,
}

impl Step {
    /// For the log.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Keep => "nothing changed",
            Self::Remake => "made a new authority and serving certificate",
            Self::AddAuthority => "made the next authority; it signs once it is trusted",
            Self::Promote => "the next authority signs from now on",
            Self::Renew => "renewed the serving certificate",
        }
    }
}

impl Bundle {
    /// A new authority and a certificate by it.
    pub(super) fn make(names: &[String], lives: Lives, now: Timestamp) -> Result<Self, MakeError> {
        let signer = make::authority(now, now + lives.authority)?;
        let ends = now + lives.serving.min(lives.authority);
        let serving = make::serving(names, now, ends, &signer.key)?;
        Ok(Self::of(serving, signer, None)?)
    }

    /// Reads what a Secret holds.
    pub(super) fn read(data: &BTreeMap<String, Vec<u8>>) -> Result<Self, Unfit> {
        let text = |key: &'static str| {
            let bytes = data.get(key).ok_or(Unfit::Missing(key))?;
            std::str::from_utf8(bytes).map_err(|_| Unfit::Certificate(key))
        };
        let key = |key: &'static str| {
            let bytes = data.get(key).ok_or(Unfit::Missing(key))?;
            Ok(Sensitive::new(bytes.clone()))
        };
        let serving = Made {
            certificate: text(SERVING)?.to_owned(),
            key: key(SERVING_KEY)?,
        };
        let mut authorities = text(AUTHORITIES)?
            .split_inclusive(PEM_END)
            .map(str::trim)
            .filter(|block| !block.is_empty())
            .map(|block| format!("{block}\n"));
        let signer = Made {
            certificate: authorities.next().ok_or(Unfit::Certificate(AUTHORITIES))?,
            key: key(AUTHORITY_KEY)?,
        };
        let other = authorities.next().map(|certificate| match key(NEXT_KEY) {
            Ok(key) => Other::Next(Made { certificate, key }),
            Err(_) => Other::Last(certificate),
        });
        Self::of(serving, signer, other)
    }

    fn of(serving: Made, signer: Made, other: Option<Other>) -> Result<Self, Unfit> {
        let pair = Pair::read(
            (SERVING, serving.certificate.as_bytes()),
            (SERVING_KEY, serving.key.expose()),
        )?;
        let authority = |made: &Made, key_at| {
            let certificate = (AUTHORITIES, made.certificate.as_bytes());
            Pair::read(certificate, (key_at, made.key.expose())).map(|pair| pair.facts)
        };
        let bundle = Self {
            signer_facts: authority(&signer, AUTHORITY_KEY)?,
            next_facts: match &other {
                Some(Other::Next(next)) => Some(authority(next, NEXT_KEY)?),
                _ => None,
            },
            serving,
            pair,
            signer,
            other,
        };
        bundle.verify()?;
        Ok(bundle)
    }

    /// Whether clients that trust the authorities trust the certificate, at a time when both hold.
    fn verify(&self) -> Result<(), Unfit> {
        let unknown = || {
            Unfit::Chain(TlsError::InvalidCertificate(
                CertificateError::UnknownIssuer,
            ))
        };
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(self.authorities().as_bytes()) {
            let root = root.map_err(|_| Unfit::Certificate(AUTHORITIES))?;
            roots.add(root).map_err(Unfit::Chain)?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
            .build()
            .map_err(|_| unknown())?;
        let facts = &self.pair.facts;
        let name = facts
            .names
            .first()
            .map(|name| ServerName::try_from(name.as_str()));
        let (Some(certificate), Some(Ok(name))) = (self.pair.end_entity(), name) else {
            return Err(Unfit::Certificate(SERVING));
        };
        let when = facts.not_before.max(self.signer_facts.not_before);
        let seconds = u64::try_from(when.as_second()).unwrap_or_default();
        let when = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        verifier
            .verify_server_cert(certificate, &[], &name, &[], when)
            .map(|_| ())
            .map_err(Unfit::Chain)
    }

    /// What the Secret shall hold.
    pub(super) fn write(&self) -> BTreeMap<String, Vec<u8>> {
        let mut data = BTreeMap::from([
            (
                SERVING.to_owned(),
                self.serving.certificate.clone().into_bytes(),
            ),
            (SERVING_KEY.to_owned(), self.serving.key.expose().to_vec()),
            (AUTHORITIES.to_owned(), self.authorities().into_bytes()),
            (AUTHORITY_KEY.to_owned(), self.signer.key.expose().to_vec()),
        ]);
        if let Some(Other::Next(next)) = &self.other {
            data.insert(NEXT_KEY.to_owned(), next.key.expose().to_vec());
        }
        data
    }

    /// What clients must trust: the authority that signs first.
    pub(super) fn authorities(&self) -> String {
        let other = match &self.other {
            Some(Other::Next(next)) => &next.certificate,
            Some(Other::Last(last)) => last,
            None => "",
        };
        format!("{}{other}", self.signer.certificate)
    }

    /// What to serve with.
    pub(super) fn pair(&self) -> &Pair {
        &self.pair
    }

    /// Whether both serve the same.
    pub(super) fn serves_like(&self, other: &Pair) -> bool {
        self.pair.key.cert == other.key.cert
    }

    /// What to do now. `is_published` says that whoever calls us trusts all authorities.
    ///
    /// A certificate that does not hold yet was made by a clock far ahead of this one. It is made
    /// again, and the other clock will accept the new one: so two clocks never take turns.
    pub(super) fn step(
        &self,
        names: &[String],
        lives: Lives,
        now: Timestamp,
        is_published: bool,
    ) -> Step {
        if !holds(&self.signer_facts, now) {
            return Step::Remake;
        }
        let serving = &self.pair.facts;
        let is_due = !holds(serving, now) || is_old(serving, now) || !serving.is_for(names);
        match &self.next_facts {
            Some(next) if is_published && now >= issued(next) + lives.overlap() => Step::Promote,
            None if is_old(&self.signer_facts, now) => Step::AddAuthority,
            _ if is_due => Step::Renew,
            _ => Step::Keep,
        }
    }

    /// The bundle after a step.
    pub(super) fn after(
        self,
        step: Step,
        names: &[String],
        lives: Lives,
        now: Timestamp,
    ) -> Result<Self, MakeError> {
        let new = |signer: &Made, facts: &Facts| {
            let ends = (now + lives.serving).min(facts.not_after);
            make::serving(names, now, ends, &signer.key)
        };
        Ok(match (step, self.other) {
            (Step::Keep, other) => Self { other, ..self },
            (Step::Remake, _) => Self::make(names, lives, now)?,
            (Step::AddAuthority, _) => {
                let next = make::authority(now, now + lives.authority)?;
                Self::of(self.serving, self.signer, Some(Other::Next(next)))?
            }
            (Step::Promote, Some(Other::Next(next))) => {
                let facts = self.next_facts.as_ref().unwrap_or(&self.signer_facts);
                let serving = new(&next, facts)?;
                Self::of(serving, next, Some(Other::Last(self.signer.certificate)))?
            }
            (Step::Renew | Step::Promote, other) => {
                let serving = new(&self.signer, &self.signer_facts)?;
                // Everybody has long since served by the authority that signs now.
                let has_settled = now >= issued(&self.pair.facts) + lives.overlap();
                let other = other.filter(|other| matches!(other, Other::Next(_)) || !has_settled);
                Self::of(serving, self.signer, other)?
            }
        })
    }
}

/// Why nothing could be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum MakeError {
    /// The names are no good, or there is no randomness.
    #[error("no certificate could be made: {0}; look at the names it is to be for")]
    Make(#[from] rcgen::Error),
    /// What was made is no good.
    #[error("what was made is no good: {0}")]
    Unfit(#[from] Unfit),
}

fn issued(facts: &Facts) -> Timestamp {
    facts.not_before + BACKDATE
}

fn holds(facts: &Facts, now: Timestamp) -> bool {
    facts.not_before <= now && now < facts.not_after
}

/// Whether two thirds of its life are over.
fn is_old(facts: &Facts, now: Timestamp) -> bool {
    let life = issued(facts).duration_until(facts.not_after);
    now >= issued(facts) + life * 2 / 3
}

#[cfg(test)]
mod tests;
