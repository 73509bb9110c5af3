//! Reading a connection's account: where it is, and what proves that one may use it. Pure.

use bowline_core::{Connection, Sensitive};
use url::Url;

use crate::Settings;
use crate::outcome;
use crate::trouble::Trouble;

/// An account.
pub(super) struct Account {
    pub(super) name: String,
    /// The root of all containers.
    pub(super) endpoint: Url,
    pub(super) proof: Proof,
}

/// What proves that one may use an account.
pub(super) enum Proof {
    /// The account's key, decoded.
    Key(Sensitive),
    /// A shared access signature: the query of a URL.
    Sas(Sensitive),
    /// A service principal.
    Principal {
        tenant: String,
        client: String,
        secret: Sensitive,
    },
    /// A token of one.
    Token(Sensitive),
}

impl Account {
    /// The account of a connection. A connection string says all by itself; then come key,
    /// signature and principal.
    pub(super) fn of(connection: &Connection, settings: &Settings) -> Result<Self, Trouble> {
        let read = |key| connection.read(key).map(|reading| reading.text.trim());
        if let Some(string) = read("AZURE_STORAGE_CONNECTION_STRING") {
            return of_string(string, settings);
        }
        let name = read("AZURE_STORAGE_ACCOUNT").unwrap_or_default();
        let key = read("AZURE_STORAGE_ACCESS_KEY").map(key);
        let sas = read("AZURE_STORAGE_SAS_TOKEN").map(sas);
        let proof = match key.or_else(|| sas.map(Ok)) {
            Some(proof) => proof?,
            None => Proof::Principal {
                tenant: read("AZURE_TENANT_ID").unwrap_or_default().to_owned(),
                client: read("AZURE_CLIENT_ID").unwrap_or_default().to_owned(),
                secret: Sensitive::from(read("AZURE_CLIENT_SECRET").unwrap_or_default()),
            },
        };
        Ok(Self {
            name: name.to_owned(),
            endpoint: public(name, settings)?,
            proof,
        })
    }
}

fn unreadable() -> Trouble {
    Trouble::new(&outcome::ADDRESS_UNREADABLE)
}

fn public(name: &str, settings: &Settings) -> Result<Url, Trouble> {
    Url::parse(&settings.azure.replace("{account}", name)).map_err(|_| unreadable())
}

fn key(text: &str) -> Result<Proof, Trouble> {
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.decode(text);
    let key = key.map_err(|_| Trouble::new(&outcome::WRONG_AZURE_KEY))?;
    Ok(Proof::Key(Sensitive::new(key)))
}

fn sas(text: &str) -> Proof {
    Proof::Sas(Sensitive::from(text.trim_start_matches('?')))
}

/// As "Configure Azure Storage connection strings" of the service's documentation.
fn of_string(string: &str, settings: &Settings) -> Result<Account, Trouble> {
    let parts = || {
        string
            .split(';')
            .filter_map(|part| part.trim().split_once('='))
    };
    let part = |name: &str| {
        parts()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let endpoint = match (part("BlobEndpoint"), part("AccountName")) {
        (Some(endpoint), _) => Url::parse(endpoint).map_err(|_| unreadable())?,
        (None, Some(name)) => {
            let mut url = public(name, settings)?;
            if let Some(suffix) = part("EndpointSuffix") {
                url.set_host(Some(&format!("{name}.blob.{suffix}")))
                    .map_err(|_| unreadable())?;
            }
            if part("DefaultEndpointsProtocol") == Some("http") {
                url.set_scheme("http").map_err(|()| unreadable())?;
            }
            url
        }
        (None, None) => return Err(unreadable()),
    };
    // In an emulator's URL the account is the path, else the first part of the host.
    let of_path = endpoint.path().trim_matches('/');
    let of_host = endpoint
        .host_str()
        .and_then(|host| host.split('.').next())
        .unwrap_or_default();
    let derived = if of_path.is_empty() { of_host } else { of_path };
    let name = part("AccountName").unwrap_or(derived).to_owned();
    let proof = match (part("AccountKey"), part("SharedAccessSignature")) {
        (Some(text), _) => key(text)?,
        (None, Some(text)) => sas(text),
        (None, None) => return Err(Trouble::new(&outcome::AZURE_LOGIN_NEEDED)),
    };
    Ok(Account {
        name,
        endpoint,
        proof,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "AccountName=ada;AccountKey=AAAA",
        "ada",
        "https://ada.blob.core.windows.net/"
    )]
    #[case(
        "DefaultEndpointsProtocol=http;AccountName=ada;AccountKey=AA==;EndpointSuffix=core.chinacloudapi.cn",
        "ada",
        "http://ada.blob.core.chinacloudapi.cn/"
    )]
    #[case(
        "BlobEndpoint=http://127.0.0.1:10000/ada;SharedAccessSignature=sv=1&sig=a%3D",
        "ada",
        "http://127.0.0.1:10000/ada"
    )]
    #[case(
        "BlobEndpoint=https://ada.example.org;SharedAccessSignature=sig=a",
        "ada",
        "https://ada.example.org/"
    )]
    fn a_connection_string_is_read(#[case] string: &str, #[case] name: &str, #[case] url: &str) {
        let Ok(account) = of_string(string, &Settings::default()) else {
            panic!("not an account");
        };
        assert_eq!(
            (account.name.as_str(), account.endpoint.as_str()),
            (name, url)
        );
    }

    #[rstest]
    #[case("AccountKey=AAAA", "address-unreadable")]
    #[case("AccountName=ada", "azure-login-needed")]
    #[case("AccountName=ada;AccountKey=%", "wrong-azure-key")]
    fn what_lacks_something_is_told(#[case] string: &str, #[case] id: &str) {
        let trouble = of_string(string, &Settings::default())
            .err()
            .expect("must fail");
        assert_eq!(trouble.outcome.id, id);
    }
}
