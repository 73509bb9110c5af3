//! Signing in with an RSA key. The library that speaks SSH would bring an implementation of RSA with
//! known weaknesses (RUSTSEC-2023-0071); the signature is made by the one that TLS is done with.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA512};
use bowline_core::Sensitive;
use num_bigint::BigUint;
use russh::keys::agent::AgentIdentity;
use russh::keys::ssh_key::private::RsaKeypair;
use russh::keys::ssh_key::public::{KeyData, RsaPublicKey};
use russh::keys::ssh_key::{Mpint, PublicKey};
use russh::keys::{HashAlg, PrivateKey};
use russh::{Error, SendError, Signer};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

/// What the signature is called (RFC 8332), and its hash. All servers of the last years know it.
const NAME: &str = "rsa-sha2-512";
pub(super) const HASH: HashAlg = HashAlg::Sha512;

/// An RSA key that signs.
pub(super) struct Rsa {
    key: KeyPair,
    pub(super) public: PublicKey,
}

impl Rsa {
    /// A key as `ssh-keygen` writes it; `None` where it is another, or shorter than 2048 bits.
    pub(super) fn of_openssh(key: &PrivateKey) -> Option<Self> {
        let pair = key.key_data().rsa()?;
        Some(Self {
            key: assembled(pair)?,
            public: PublicKey::from(key),
        })
    }

    /// A key as OpenSSL writes it.
    pub(super) fn of_pem(text: &str) -> Option<Self> {
        let key = match PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()? {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()?,
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()).ok()?,
            _ => return None,
        };
        let (n, e) = integers(key.public_key().as_ref())?;
        let number = Mpint::from_positive_bytes;
        let public = RsaPublicKey::new(number(e), number(n)).ok()?;
        Some(Self {
            public: PublicKey::from(KeyData::Rsa(public)),
            key,
        })
    }

    fn sign(&self, data: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA512, &random, data, &mut signature)
            .ok()?;
        Some(signature)
    }
}

/// `ssh-keygen` leaves out two of the numbers that signing wants, which follow from the others.
fn assembled(pair: &RsaKeypair) -> Option<KeyPair> {
    let private = pair.private();
    let d = private.d().as_positive_bytes()?;
    let (p, q) = (
        private.p().as_positive_bytes()?,
        private.q().as_positive_bytes()?,
    );
    let one_less = |prime: &[u8]| {
        let prime = BigUint::from_bytes_be(prime);
        (prime.bits() > 1).then(|| prime - 1_u8)
    };
    let whole = BigUint::from_bytes_be(d);
    let rest = |prime| Some(Sensitive::new((&whole % one_less(prime)?).to_bytes_be()));
    let (of_p, of_q) = (rest(p)?, rest(q)?);
    let public = pair.public();
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n: public.n().as_positive_bytes()?,
            e: public.e().as_positive_bytes()?,
        },
        d,
        p,
        q,
        dP: of_p.expose(),
        dQ: of_q.expose(),
        qInv: private.iqmp().as_positive_bytes()?,
    };
    KeyPair::from_components(&components).ok()
}

/// The two numbers of an `RSAPublicKey` (RFC 8017, appendix A.1.1) in DER.
fn integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = value(0x30, der)?;
    let (n, rest) = value(0x02, sequence)?;
    let (e, _) = value(0x02, rest)?;
    Some((n, e))
}

/// The value of the first element, if it has this tag, and what follows it.
fn value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match usize::from(head[1]) {
        short @ ..0x80 => (short, rest),
        long => {
            let (length, rest) = rest.split_at_checked(long - 0x80)?;
            let sum = length
                .iter()
                .take(4)
                .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
            (sum, rest)
        }
    };
    (head[0] == tag).then(|| rest.split_at_checked(length))?
}

/// What went wrong between the library and us.
pub(super) struct Broken(pub(super) Error);

impl From<SendError> for Broken {
    fn from(_: SendError) -> Self {
        Self(Error::SendError)
    }
}

impl Signer for Rsa {
    type Error = Broken;

    /// What is signed, with the signature behind it as RFC 4253 and RFC 8332 write it.
    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, Broken> {
        let signature = self.sign(&to_sign).ok_or(Broken(Error::CouldNotReadKey))?;
        let signature = [text(NAME.as_bytes()), text(&signature)].concat();
        Ok([to_sign, text(&signature)].concat())
    }
}

/// A text behind its length.
fn text(bytes: &[u8]) -> Vec<u8> {
    // A signature has some hundred bytes.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[0x30, 6, 2, 1, 7, 2, 1, 3], Some((&[7][..], &[3][..])))]
    #[case(&[0x30, 0x81, 6, 2, 1, 7, 2, 1, 3], Some((&[7][..], &[3][..])))]
    #[case(&[0x30, 6, 2, 1, 7, 2, 9, 3], None)]
    #[case(&[0x31, 6, 2, 1, 7, 2, 1, 3], None)]
    #[case(&[0x30, 0xff], None)]
    #[case(&[], None)]
    fn the_numbers_of_a_public_key_are_found(
        #[case] der: &[u8],
        #[case] expected: Option<(&[u8], &[u8])>,
    ) {
        assert_eq!(integers(der), expected);
    }
}
