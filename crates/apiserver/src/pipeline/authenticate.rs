//! Finds out who asks: by client certificate or bearer token, or as somebody else where they may (impersonation).

use super::percent;
use crate::api::Api;
use crate::identity::{AUTHENTICATED, UserInfo};
use crate::rbac::{Attributes, Policy};
use crate::status::{GroupResource, Status};
use crate::verbs;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

/// Who a request comes from, before its headers are read.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Somebody on a connection, who may have shown a certificate of the server's own authority.
    Remote(Option<UserInfo>),
    /// The embedder, for a user that it vouches for.
    InProcess(UserInfo),
}

const USER: HeaderName = HeaderName::from_static("impersonate-user");
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");
const UID: HeaderName = HeaderName::from_static("impersonate-uid");
const EXTRA: &str = "impersonate-extra-";

/// Who asks; none where they have not said.
pub(crate) async fn authenticate(
    api: &Api,
    caller: Caller,
    headers: &HeaderMap,
) -> Result<Option<UserInfo>, Status> {
    if let Caller::InProcess(user) | Caller::Remote(Some(user)) = caller {
        return Ok(Some(user));
    }
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let offered = header.to_str().ok().and_then(|text| text.split_once(' '));
    let offered = offered
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let Some(offered) = offered else {
        return Err(Status::unauthorized());
    };
    let known = api.user_of_token(offered).await;
    let known = known.map_err(verbs::internal)?;
    known.map(Some).ok_or_else(Status::unauthorized)
}

/// Whether the headers ask to be somebody else.
pub(crate) fn is_impersonating(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| name.as_str().starts_with("impersonate-"))
}

/// The user whom the headers ask to be, where `user` may be them.
pub(crate) fn impersonate(
    policy: &Policy,
    user: &UserInfo,
    headers: &HeaderMap,
) -> Result<UserInfo, Status> {
    let wanted = wanted(headers)?;
    let may = |group: &str, resource: &str, subresource: &str, namespace: &str, name: &str| {
        let asked = Attributes {
            verb: "impersonate".to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            path: String::new(),
        };
        match policy.allows(user, &asked) {
            Some(_) => Ok(()),
            None => {
                let why = format!("User {:?} {asked}", user.name);
                Err(Status::forbidden(
                    GroupResource {
                        group,
                        name: resource,
                    },
                    name,
                    why,
                ))
            }
        }
    };
    match wanted.service_account() {
        Some((namespace, name)) => may("", "serviceaccounts", "", namespace, name)?,
        None => may("", "users", "", "", &wanted.name)?,
    }
    for group in headers
        .get_all(GROUP)
        .iter()
        .filter_map(|value| value.to_str().ok())
    {
        may("", "groups", "", "", group)?;
    }
    if !wanted.uid.is_empty() {
        may("authentication.k8s.io", "uids", "", "", &wanted.uid)?;
    }
    for (key, values) in &wanted.extra {
        for value in values {
            may("authentication.k8s.io", "userextras", key, "", value)?;
        }
    }
    Ok(wanted)
}

/// Whom the headers name, with the groups that everybody of that sort has.
fn wanted(headers: &HeaderMap) -> Result<UserInfo, Status> {
    let text = |value: &http::HeaderValue| {
        let text = value.to_str().map(str::to_owned);
        text.map_err(|_| Status::bad_request("an impersonation header is not plain text"))
    };
    let Some(name) = headers
        .get(USER)
        .map(text)
        .transpose()?
        .filter(|name| !name.is_empty())
    else {
        return Err(Status::bad_request(
            "impersonation headers need Impersonate-User",
        ));
    };
    let mut user = UserInfo {
        name,
        ..UserInfo::default()
    };
    user.groups = headers
        .get_all(GROUP)
        .iter()
        .map(text)
        .collect::<Result<_, _>>()?;
    user.uid = headers.get(UID).map(text).transpose()?.unwrap_or_default();
    for (header, value) in headers {
        if let Some(key) = header.as_str().strip_prefix(EXTRA) {
            let key = percent::decode(key, false).unwrap_or_else(|| key.to_owned());
            user.extra.entry(key).or_default().push(text(value)?);
        }
    }
    if let (Some((namespace, _)), true) = (user.service_account(), user.groups.is_empty()) {
        user.groups = vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ];
    }
    let is_anonymous = user.name == UserInfo::anonymous().name;
    if !user.is_in(AUTHENTICATED) && !is_anonymous {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    Ok(user)
}
