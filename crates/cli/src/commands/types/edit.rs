//! `bowline types edit`: a connection type as YAML in somebody's editor. The file and the editor are
//! those of `bowline edit`; rules are the catalog's.

use bowline_catalog::connection_types::Saved;
use bowline_catalog::types::{ConnectionType, TypeInput};
use bowline_catalog::{Error, Result as CatalogResult};
use bowline_core::manifest;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::Desk;
use crate::catalog;
use crate::commands::edit::remarks::{NEWS, comment, errors, with_errors};
use crate::commands::edit::session::Session;
use crate::failure::{Failure, Kind};

/// How often somebody else may be faster before we give up.
const ATTEMPTS: usize = 5;
/// What a person may change.
const MEMBERS: [&str; 6] = [
    "displayName",
    "description",
    "categories",
    "isEnabled",
    "statedProtocol",
    "fields",
];

/// The members of a type that a person may change.
type Form = Map<String, Value>;

/// Opens the editor until what it holds can be saved, or nothing is to be; `None` where nothing was
/// changed.
///
/// # Errors
/// When the type is protected, the editor fails, nothing valid was written, or the cluster refuses.
pub(super) async fn edit(
    desk: &Desk,
    type_: &ConnectionType,
) -> Result<Option<ConnectionType>, Failure> {
    let name = &type_.name;
    if type_.is_preinstalled {
        let what = format!("connection type `{name}` is pre-installed and cannot be changed");
        return Err(Failure::new(Kind::Forbidden, what)
            .help(format!("change a copy: `bowline types duplicate {name}`")));
    }
    let session = Session::start("type.yaml")?;
    let outcome = rounds(desk, &session, type_.clone()).await;
    session.end();
    outcome
}

async fn rounds(
    desk: &Desk,
    session: &Session,
    mut seen: ConnectionType,
) -> Result<Option<ConnectionType>, Failure> {
    let mut text = render(&seen, &form(&TypeInput::from(&seen)), None);
    let mut attempts = ATTEMPTS;
    // A text that comes back for another look may be good as it is, one with errors is not.
    let mut must_change = true;
    loop {
        let written = session.edit(&text)?;
        if must_change && written == text {
            return unchanged(&seen.name, &text);
        }
        let input = match read(&written) {
            Ok(input) => input,
            Err(why) => {
                (text, must_change) = (with_errors(&written, &[why]), true);
                continue;
            }
        };
        let (before, after) = (form(&TypeInput::from(&seen)), form(&input));
        if before == after {
            return Ok(None);
        }
        let input = TypeInput {
            dialect: seen.dialect,
            resource_version: seen.resource_version.clone(),
            ..input
        };
        match save(desk, &seen.name, &input).await {
            Ok(saved) => return desk.saved(Ok(saved)).map(Some),
            Err(Error::Invalid { findings, .. }) => {
                let findings = findings.iter().map(|finding| {
                    format!("{}: {} ({})", finding.field, finding.message, finding.help)
                });
                let findings: Vec<_> = findings.collect();
                (text, must_change) = (with_errors(&written, &findings), true);
            }
            Err(Error::Changed { what, .. }) if attempts > 0 => {
                attempts -= 1;
                seen = desk.get(&seen.name).await?;
                let mut now = form(&TypeInput::from(&seen));
                lay_over(&mut now, &before, after);
                let news = format!("{what}; your changes stand below, look and save again");
                (text, must_change) = (render(&seen, &now, Some(&news)), false);
            }
            Err(error) => return Err(catalog::failure(&desk.cluster, error)),
        }
    }
}

async fn save(desk: &Desk, name: &str, input: &TypeInput) -> CatalogResult<Saved> {
    desk.types.edit(desk.cluster.client(), name, input).await
}

fn unchanged(name: &str, text: &str) -> Result<Option<ConnectionType>, Failure> {
    if errors(text).next().is_none() {
        return Ok(None);
    }
    let what = format!("connection type `{name}` was not changed");
    Err(errors(text).fold(Failure::new(Kind::Invalid, what), Failure::cause))
}

/// Puts what was changed, and only that, over what is stored now.
fn lay_over(now: &mut Form, before: &Form, after: Form) {
    let changed = after
        .into_iter()
        .filter(|(member, value)| before.get(member) != Some(value));
    now.extend(changed);
}

/// All members, in the order in which people read them.
fn form(input: &TypeInput) -> Form {
    let whole = serde_json::to_value(input).unwrap_or_default();
    let member = |name: &&str| Some(((*name).to_owned(), whole.get(*name)?.clone()));
    MEMBERS.iter().filter_map(member).collect()
}

fn render(type_: &ConnectionType, form: &Form, news: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(news) = news {
        comment(&mut out, NEWS, news);
    }
    let title = format!("Connection type {}", type_.name);
    comment(&mut out, "# ", &title);
    out.push_str(
        "# Lines that begin with # are left out. A member that is removed is emptied. Fields are of\n\
         # the types section (a heading), short-text, text, hidden, uri, boolean, numeric, dropdown\n\
         # and file. The protocol that is stated wins over what the fields fit: s3, uri, oci, gcs,\n\
         # azure or git.\n",
    );
    out.push_str(&manifest::render(&[Value::Object(form.clone())]));
    out
}

/// What a text says.
fn read(text: &str) -> Result<TypeInput, String> {
    let mut objects = manifest::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let object = match (objects.pop(), objects.is_empty()) {
        (Some(object @ Value::Object(_)), true) => object,
        _ => return Err("the text holds more or less than one type".to_owned()),
    };
    let members = object.as_object().into_iter().flat_map(Map::keys);
    if let Some(other) = members
        .into_iter()
        .find(|member| !MEMBERS.contains(&member.as_str()))
    {
        return Err(format!("{other}: a type has no such member"));
    }
    let mut input = TypeInput::deserialize(&object).map_err(|error| error.to_string())?;
    input.stated_protocol.get_or_insert_default();
    Ok(input)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form_of(value: &Value) -> Form {
        form(&TypeInput::deserialize(value).expect("a type"))
    }

    #[test]
    fn only_what_was_changed_is_laid_over_what_is_stored_now() {
        let before = form_of(&json!({"displayName": "Lake", "categories": ["a"]}));
        let mine = form_of(&json!({"displayName": "Sea", "categories": ["a"]}));
        let mut now = form_of(&json!({"displayName": "Lake", "categories": ["a", "b"]}));
        lay_over(&mut now, &before, mine);
        assert_eq!(
            now,
            form_of(&json!({"displayName": "Sea", "categories": ["a", "b"]}))
        );
    }

    #[test]
    fn a_member_that_types_do_not_have_is_named() {
        assert_eq!(
            read("displayName: Lake\nowner: ada\n"),
            Err("owner: a type has no such member".to_owned())
        );
    }
}
