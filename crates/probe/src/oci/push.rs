//! The right to push: an upload is begun and taken back, so that nothing is left in the registry.

use http::header::{CONTENT_LENGTH, HeaderValue, LOCATION};
use http::{Method, StatusCode};

use super::Registry;
use super::pull::code;
use crate::outcome;
use crate::session::Session;
use crate::status::{ask, otherwise};
use crate::trouble::Trouble;

pub(super) async fn run(session: &mut Session<'_>, registry: &Registry) -> Result<(), Trouble> {
    let url = registry.at("blobs/uploads/")?;
    let call = registry.pass.call(Method::POST, url.clone());
    let answer = ask(
        session,
        call.header(CONTENT_LENGTH, HeaderValue::from_static("0")),
    )
    .await?;
    match answer.status {
        StatusCode::ACCEPTED => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED => {
            return Err(Trouble::new(&outcome::MAY_NOT_PUSH).detail(registry.image.shown()));
        }
        StatusCode::NOT_FOUND => {
            return Err(Trouble::new(&outcome::NO_SUCH_IMAGE).detail(registry.image.shown()));
        }
        _ => return Err(otherwise(&answer, code(&answer).as_deref())),
    }
    // An upload that is not taken back ends by itself; who is there is told to the registry only.
    let upload = answer
        .header(LOCATION.as_str())
        .and_then(|text| url.join(text).ok());
    if let Some(upload) = upload.filter(|upload| upload.origin() == url.origin()) {
        session
            .send(registry.pass.call(Method::DELETE, upload))
            .await?;
    }
    session.pass("push; an upload was begun and taken back");
    Ok(())
}
