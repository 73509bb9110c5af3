//! Proves a URI connection: what it names is there and can be read. Locations of other services are
//! proved by their own protocols, with the login of another connection of the project.

mod claim;
mod hub;
mod linked;
mod web;

use bowline_core::location::{self, Location};
use url::Url;

use crate::outcome;
use crate::session::{Place, Session};
use crate::trouble::Trouble;

/// Proves that the location of the session's connection can be used.
pub(crate) async fn run(session: &mut Session<'_>, place: &Place) -> Result<(), Trouble> {
    let connection = session.connection;
    let unreadable = || Trouble::new(&outcome::ADDRESS_UNREADABLE);
    let text = connection.uri().ok_or_else(unreadable)?.text;
    let location = location::parse(text).map_err(|_| unreadable())?;
    match location {
        Location::Http { .. } | Location::Https { .. } => {
            let url = below(
                Url::parse(text).map_err(|_| unreadable())?,
                place.path.as_deref(),
            );
            web::run(session, url).await
        }
        Location::HuggingFace {
            repository,
            revision,
        } => {
            let revision = place.reference.clone().or(revision);
            hub::run(
                session,
                &repository,
                revision.as_deref().unwrap_or("main"),
                place.path.as_deref(),
            )
            .await
        }
        Location::Pvc { claim, .. } => claim::run(session, &claim).await,
        other => linked::run(session, other, place).await,
    }
}

/// The URL with a path added below its own.
fn below(mut url: Url, path: Option<&str>) -> Url {
    if let Some(path) = path {
        let whole = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&whole);
    }
    url
}
