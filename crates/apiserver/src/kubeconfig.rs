//! Writes a kubeconfig: everything that a client needs to reach one server as one user.

use crate::tls::{TlsError, replace_private};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;

/// How a client reaches a server.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// What cluster, user and context are called.
    pub name: &'a str,
    /// `https://` and the address.
    pub server: &'a str,
    /// The certificate to trust.
    pub certificate_pem: &'a str,
    /// The bearer token to send.
    pub token: &'a str,
    /// The namespace of commands that name none.
    pub namespace: &'a str,
}

impl Access<'_> {
    /// The kubeconfig as a value; it holds the token.
    pub fn to_value(&self) -> Value {
        let Self {
            name,
            server,
            certificate_pem,
            token,
            namespace,
        } = self;
        let authority = STANDARD.encode(certificate_pem);
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": authority}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
            "current-context": name,
        })
    }

    /// Writes the kubeconfig to a file that only its owner can read.
    pub fn write(&self, path: &Path) -> Result<(), KubeconfigError> {
        let refused = |source| KubeconfigError::Yaml(Box::new(source));
        let text = serde_saphyr::to_string(&self.to_value()).map_err(refused)?;
        Ok(replace_private(path, text.as_bytes())?)
    }
}

/// Why a kubeconfig cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// It cannot be put into YAML.
    #[error("cannot put the kubeconfig into YAML")]
    Yaml(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file cannot be written.
    #[error("cannot write the kubeconfig")]
    File(#[from] TlsError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_kubeconfig_is_for_its_owner_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("kubeconfig");
        let access = Access {
            name: "local",
            server: "https://127.0.0.1:6443",
            certificate_pem: "PEM",
            token: "open-sesame",
            namespace: "default",
        };
        access.write(&path).expect("written");
        assert_eq!(
            std::fs::metadata(&path)
                .expect("a file")
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
        let text = std::fs::read_to_string(&path).expect("text");
        let read: Value = serde_saphyr::from_str(&text).expect("YAML");
        assert_eq!(read, access.to_value());
    }
}
