//! What a request brings to prove who sends it: a bearer token, a client certificate, the word of a
//! proxy that is trusted. Whether it is true is left to `Callers`; cookies are left to `session`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bowline_core::Sensitive;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::{Proxies, Refusal, User};
use crate::random::digest;

/// What somebody brings to prove who they are.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Nothing.
    Anonymous,
    /// A bearer token, to be judged by the Kubernetes API.
    Token(Sensitive),
    /// A client certificate that the TLS handshake found good.
    Certificate(User),
    /// The word of a proxy that is trusted.
    Proxy(User),
}

/// The other end of a connection; in the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// The address, for limits that hold for each; one for all whose address is not known.
    pub(crate) fn text(peer: Option<Self>) -> String {
        peer.map(|Self(address)| address.to_string())
            .unwrap_or_default()
    }
}

/// Whom the client certificate of a connection names; in the extensions of requests that have one.
#[derive(Debug, Clone)]
pub struct PeerCertificate(pub User);

impl Credentials {
    /// The same for the same credentials, and for no others; tells nothing of a token.
    pub fn key(&self) -> String {
        match self {
            Self::Anonymous => "nobody".to_owned(),
            Self::Token(token) => {
                let digest = digest(token.expose());
                format!("token {digest:x?}")
            }
            Self::Certificate(user) | Self::Proxy(user) => format!("user {user:?}"),
        }
    }

    /// What the headers and the connection say. Headers of a proxy count only where the peer is one
    /// that is trusted.
    ///
    /// # Errors
    /// When the request names somebody in a way that is not understood, or in two ways.
    pub fn of(
        headers: &HeaderMap,
        peer: Option<Peer>,
        certificate: Option<&PeerCertificate>,
        proxies: &Proxies,
    ) -> Result<Self, Refusal> {
        if let Some(token) = bearer(headers)? {
            return Ok(Self::Token(token));
        }
        let is_proxy = peer.is_some_and(|Peer(address)| proxies.trusts(address));
        if let Some(user) = is_proxy
            .then(|| vouched_for(headers))
            .transpose()?
            .flatten()
        {
            return Ok(Self::Proxy(user));
        }
        Ok(
            certificate.map_or(Self::Anonymous, |PeerCertificate(user)| {
                Self::Certificate(user.clone())
            }),
        )
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<Sensitive>, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(Refusal::Unknown(
            "there is more than one `Authorization` header",
        ));
    }
    let text = header.to_str().ok().and_then(|text| text.split_once(' '));
    let token = text
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty());
    let token = token.ok_or(Refusal::Unknown(
        "`Authorization` is not of the form `Bearer TOKEN`",
    ))?;
    Ok(Some(Sensitive::from(token)))
}

/// The two customs of naming a person: that of Kubernetes' front proxies, and that of OAuth proxies.
const REMOTE: Custom = Custom {
    user: "x-remote-user",
    groups: "x-remote-group",
    extra: Some("x-remote-extra-"),
};
const FORWARDED: Custom = Custom {
    user: "x-forwarded-user",
    groups: "x-forwarded-groups",
    extra: None,
};

struct Custom {
    user: &'static str,
    groups: &'static str,
    extra: Option<&'static str>,
}

/// Whom a trusted proxy vouches for.
fn vouched_for(headers: &HeaderMap) -> Result<Option<User>, Refusal> {
    for custom in [REMOTE, FORWARDED] {
        let names = texts(headers, custom.user)?;
        match &names[..] {
            [] => {}
            [name] if !name.is_empty() => {
                return Ok(Some(User {
                    name: (*name).to_owned(),
                    groups: groups(headers, &custom)?,
                    extra: extra(headers, &custom)?,
                }));
            }
            _ => return Err(Refusal::Unknown("the proxy does not name one user")),
        }
    }
    Ok(None)
}

/// Kubernetes' custom is one header for each group, that of OAuth proxies one list with commas.
fn groups(headers: &HeaderMap, custom: &Custom) -> Result<Vec<String>, Refusal> {
    let has_lists = custom.extra.is_none();
    let split = texts(headers, custom.groups)?.into_iter().flat_map(|text| {
        if has_lists {
            text.split(',').collect()
        } else {
            vec![text]
        }
    });
    let trimmed = split.map(str::trim).filter(|group| !group.is_empty());
    Ok(trimmed.map(str::to_owned).collect())
}

fn extra(headers: &HeaderMap, custom: &Custom) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
    let mut all = BTreeMap::<String, Vec<String>>::new();
    let Some(prefix) = custom.extra else {
        return Ok(all);
    };
    for (name, value) in headers {
        if let Some(key) = name.as_str().strip_prefix(prefix) {
            all.entry(key.to_owned())
                .or_default()
                .push(text(value)?.to_owned());
        }
    }
    Ok(all)
}

fn texts<'a>(headers: &'a HeaderMap, name: &str) -> Result<Vec<&'a str>, Refusal> {
    headers.get_all(name).iter().map(text).collect()
}

fn text(value: &http::HeaderValue) -> Result<&str, Refusal> {
    value
        .to_str()
        .map_err(|_| Refusal::Unknown("a header of the proxy is not plain text"))
}

#[cfg(test)]
mod tests;
