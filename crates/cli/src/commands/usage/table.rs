//! Usage for people: a line for each place that names a connection.

use bowline_catalog::index::{Place, Usage, User};

use super::Answer;
use crate::cluster::Scope;
use crate::columns::{columns, not_looked_at};
use crate::terminal::plain;

/// The whole answer.
pub fn render(answer: &Answer, scope: &Scope) -> String {
    let is_used = answer
        .connections
        .iter()
        .any(|usage| !usage.users.is_empty());
    let mut out = match is_used {
        true => table(answer, scope),
        false => nothing(answer, scope),
    };
    out.push_str(&not_looked_at(&answer.not_looked_at));
    out
}

fn nothing(answer: &Answer, scope: &Scope) -> String {
    let names: Vec<_> = answer
        .connections
        .iter()
        .map(|usage| format!("`{}`", plain(&usage.name)))
        .collect();
    match names.as_slice() {
        [] => format!("nothing uses a connection {}\n", plain(&scope.to_string())),
        names => format!("nothing uses {}\n", names.join(" or ")),
    }
}

fn table(answer: &Answer, scope: &Scope) -> String {
    let with_namespace = *scope == Scope::All;
    let namespace = with_namespace.then_some("NAMESPACE");
    let titles = namespace
        .into_iter()
        .chain(["CONNECTION", "KIND", "NAME", "WHERE"]);
    let lines = answer.connections.iter().flat_map(|usage| {
        let places = usage
            .users
            .iter()
            .flat_map(|user| user.places.iter().map(move |place| (user, place)));
        places.map(|(user, place)| line(usage, user, place, with_namespace))
    });
    columns(titles.collect(), lines.collect())
}

fn line(usage: &Usage, user: &User, place: &Place, with_namespace: bool) -> Vec<String> {
    let via = place.via.as_ref().map(|via| format!(" of {via}"));
    let owner = user
        .owned_by
        .as_ref()
        .map(|owner| format!(" (owned by {owner})"));
    let derived = place.is_derived.then(|| " (goes by itself)".to_owned());
    let notes = [via, owner, derived].into_iter().flatten();
    let cells = [
        usage.name.clone(),
        user.object.kind.clone(),
        user.object.name.clone(),
        notes.fold(place.at.clone(), |text, note| text + &note),
    ];
    let namespace = with_namespace.then(|| usage.namespace.clone());
    namespace.into_iter().chain(cells).collect()
}
