//! Tokens of ServiceAccounts: signed statements (JWT, ES256) of who somebody is, good for some time
//! and only as long as the account, and the object that a token is bound to, are there. Who may ask
//! for one is left to the access rules.

use crate::api::Api;
use crate::identity::{AUTHENTICATED, UserInfo};
use crate::object;
use crate::store::{ObjectKey, StoreError};
use crate::tls::{TlsError, replace_private};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Who signs, and for whom where nobody else is named.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// The header of a token, before its first dot, begins so: `{"`.
const JSON_START: &str = "eyJ";
const GROUP_OF_ALL: &str = "system:serviceaccounts";

/// Why the key that signs tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccountKeyError {
    /// The file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Others can read the file.
    #[error(
        "`{path}` can be read by others: run `chmod 600` on it, or remove it, which ends every token"
    )]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("`{path}` holds no private key: remove it, and a new one is made")]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// A key cannot be made.
    #[error("cannot make the key that signs tokens")]
    Make(#[source] rcgen::Error),
    /// A key cannot be written.
    #[error("cannot keep the key that signs tokens")]
    Write(#[source] TlsError),
}

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    aud: Vec<String>,
    exp: i64,
    iat: i64,
    iss: String,
    jti: String,
    #[serde(rename = "kubernetes.io")]
    about: About,
    nbf: i64,
    sub: String,
}

/// Whose a token is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct About {
    namespace: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pod: Option<Named>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Named>,
    serviceaccount: Named,
}

/// An object, by name and `uid`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// The object that a token is bound to.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Pod(Named),
    Secret(Named),
}

impl Claims {
    /// A new token's.
    pub(crate) fn new(
        namespace: &str,
        account: Named,
        bound: Option<Bound>,
        audiences: Vec<String>,
        (now, seconds): (i64, i64),
    ) -> Self {
        let (pod, secret) = match bound {
            None => (None, None),
            Some(Bound::Pod(pod)) => (Some(pod), None),
            Some(Bound::Secret(secret)) => (None, Some(secret)),
        };
        Self {
            aud: audiences,
            exp: now.saturating_add(seconds),
            iat: now,
            iss: ISSUER.to_owned(),
            jti: uuid::Uuid::new_v4().to_string(),
            nbf: now,
            sub: format!("system:serviceaccount:{namespace}:{}", account.name),
            about: About {
                namespace: namespace.to_owned(),
                pod,
                secret,
                serviceaccount: account,
            },
        }
    }

    fn user(self) -> UserInfo {
        let namespace = &self.about.namespace;
        let groups = [
            GROUP_OF_ALL.to_owned(),
            format!("{GROUP_OF_ALL}:{namespace}"),
            AUTHENTICATED.to_owned(),
        ];
        let mut user = UserInfo::new(self.sub, groups);
        user.uid = self.about.serviceaccount.uid;
        let mut note = |key: &str, value: String| {
            let key = format!("authentication.kubernetes.io/{key}");
            user.extra.insert(key, vec![value]);
        };
        note("credential-id", format!("JTI={}", self.jti));
        if let Some(pod) = self.about.pod {
            note("pod-name", pod.name);
            note("pod-uid", pod.uid);
        }
        user
    }
}

/// Signs tokens, and reads them back.
pub(crate) struct Signer {
    signing: EncodingKey,
    reading: DecodingKey,
}

impl Signer {
    /// The key in this file, made where it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, AccountKeyError> {
        let read = |source| AccountKeyError::Read {
            path: path.to_owned(),
            source,
        };
        let key = match fs::read_to_string(path) {
            Ok(pem) => {
                let mode = fs::metadata(path).map_err(read)?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(AccountKeyError::Open {
                        path: path.to_owned(),
                    });
                }
                KeyPair::from_pem(&pem).map_err(|_| AccountKeyError::Content {
                    path: path.to_owned(),
                })?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
                    .map_err(AccountKeyError::Make)?;
                replace_private(path, key.serialize_pem().as_bytes())
                    .map_err(AccountKeyError::Write)?;
                key
            }
            Err(error) => return Err(read(error)),
        };
        Ok(Self {
            signing: EncodingKey::from_ec_der(&key.serialize_der()),
            reading: DecodingKey::from_ec_der(key.public_key_raw()),
        })
    }

    /// The token that says this.
    pub(crate) fn sign(&self, claims: &Claims) -> Option<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &self.signing).ok()
    }

    /// What a token says, where it is one of ours, is good now, and is for one of these audiences.
    pub(crate) fn read(&self, token: &str, audiences: &[String]) -> Option<Claims> {
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_audience(audiences);
        rules.set_issuer(&[ISSUER]);
        rules.validate_nbf = true;
        rules.leeway = 0;
        let read = jsonwebtoken::decode::<Claims>(token, &self.reading, &rules);
        read.ok().map(|read| read.claims)
    }
}

/// Whose a token of a ServiceAccount is, and for which of the audiences; nobody's where the account
/// or what it is bound to is gone.
pub(crate) async fn user(
    api: &Api,
    token: &str,
    audiences: &[String],
) -> Result<Option<(UserInfo, Vec<String>)>, StoreError> {
    if !token.starts_with(JSON_START) {
        return Ok(None);
    }
    let Some(claims) = api.signer.read(token, audiences) else {
        return Ok(None);
    };
    let about = &claims.about;
    let objects = [
        ("/serviceaccounts", Some(&about.serviceaccount)),
        ("/pods", about.pod.as_ref()),
        ("/secrets", about.secret.as_ref()),
    ];
    for (resource, named) in objects {
        let Some(named) = named else { continue };
        let key = ObjectKey {
            resource: resource.to_owned(),
            namespace: about.namespace.clone(),
            name: named.name.clone(),
        };
        let found = api.store.get(&key).await?;
        if found.is_none_or(|found| object::uid(&found.value) != named.uid) {
            return Ok(None);
        }
    }
    let good: Vec<String> = audiences
        .iter()
        .filter(|audience| claims.aud.contains(audience))
        .cloned()
        .collect();
    Ok(Some((claims.user(), good)))
}

/// The audience of the API itself.
pub(crate) fn own_audience() -> Vec<String> {
    vec![ISSUER.to_owned()]
}
