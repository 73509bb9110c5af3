//! Reading the key file of a connection. Which members it must have is left to `core::validate`.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use bowline_core::{Connection, Sensitive};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

use crate::outcome;
use crate::session::quoted;
use crate::trouble::Trouble;

/// Where Google gives tokens when the file does not say.
const TOKENS: &str = "https://oauth2.googleapis.com/token";

/// The members that are used; those that hold secret values are taken over at once.
#[derive(Deserialize)]
struct File {
    r#type: Option<String>,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
    token_uri: Option<String>,
}

/// Who is there, and where tokens are given for it.
pub(super) struct Key {
    pub(super) tokens: String,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// A service account signs for itself.
    Account {
        email: String,
        id: Option<String>,
        key: RsaKeyPair,
    },
    /// A person let a program in.
    Person {
        client: String,
        secret: Sensitive,
        token: Sensitive,
    },
}

/// The text of a connection's key file.
pub(super) fn text(connection: &Connection) -> &str {
    let text = connection.read("gcloud-application-credentials.json");
    text.map(|text| text.text.trim_start_matches('\u{feff}'))
        .unwrap_or_default()
}

impl Key {
    /// The key of a connection; `None` where it is of a kind that is none.
    pub(super) fn of(connection: &Connection) -> Result<Option<Self>, Trouble> {
        let text = text(connection);
        let unreadable = || Trouble::new(&outcome::PRIVATE_KEY_UNREADABLE);
        let file: File = serde_json::from_str(text).map_err(|_| unreadable())?;
        let secret = |text: Option<String>| text.map(Sensitive::new).ok_or_else(unreadable);
        let kind = match file.r#type.as_deref() {
            Some("service_account") => Kind::Account {
                email: file.client_email.ok_or_else(unreadable)?,
                id: file.private_key_id,
                key: private_key(&secret(file.private_key)?).ok_or_else(unreadable)?,
            },
            Some("authorized_user") => Kind::Person {
                client: file.client_id.ok_or_else(unreadable)?,
                secret: secret(file.client_secret)?,
                token: secret(file.refresh_token)?,
            },
            _ => return Ok(None),
        };
        Ok(Some(Self {
            tokens: file.token_uri.unwrap_or_else(|| TOKENS.to_owned()),
            kind,
        }))
    }

    /// Who it is, for people.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Account { email, .. } => format!("as {}", quoted(email)),
            Kind::Person { .. } => "as a person".to_owned(),
        }
    }
}

fn private_key(pem: &Sensitive) -> Option<RsaKeyPair> {
    match PrivateKeyDer::from_pem_slice(pem.expose()).ok()? {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok(),
        _ => None,
    }
}

/// A signature as JWTs of the kind `RS256` have it.
pub(super) fn sign(key: &RsaKeyPair, text: &str) -> Option<Vec<u8>> {
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
        .ok()?;
    Some(signature)
}
