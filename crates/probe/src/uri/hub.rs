//! `hf://`: the repository and its revision, as a model hub's API tells them, and a file of it.
//! The API is that of Hugging Face: <https://huggingface.co/docs/hub/api>.

use http::Method;
use http::header::AUTHORIZATION;
use serde_json::Value;
use url::Url;

use super::web::{self, Login, of_status};
use crate::http::{Answer, Call, authority, next_hop};
use crate::outcome::{self, Outcome};
use crate::report::StepName;
use crate::session::{Session, quoted};
use crate::status::sent_on;
use crate::trouble::Trouble;

/// The list of a repository's files may be long.
const MOST: usize = 4 * 1024 * 1024;

pub(super) async fn run(
    session: &mut Session<'_>,
    repository: &str,
    revision: &str,
    file: Option<&str>,
) -> Result<(), Trouble> {
    let hub = hub(session)?;
    let login = login(session, &hub);
    session.reach(&hub).await?;
    session.begin(StepName::SignIn);
    let mut call = Call::new(
        Method::GET,
        at(
            &hub,
            &["api", "models"],
            repository,
            &["revision", revision],
        ),
    );
    call.most = MOST;
    for (name, value) in &login.headers {
        call = call.secret(name.clone(), value);
    }
    let url = call.url.clone();
    let answer = session.send(call).await?;
    if let Some((next, _)) = next_hop(&url, &answer) {
        return Err(sent_on(session, &next).await);
    }
    let has_token = !login.headers.is_empty();
    let signed_in = if has_token {
        "with the token"
    } else {
        "without a token"
    };
    if let Some(trouble) = refusal(&answer, has_token) {
        // What is not there, or gated, is told to those who are signed in.
        if trouble.is(&outcome::NO_SUCH_REPOSITORY) || trouble.is(&outcome::NO_SUCH_REVISION) {
            session.pass(signed_in);
            session.begin(StepName::Object);
        }
        return Err(trouble.or_detail(format!("`{repository}` at `{revision}`")));
    }
    session.pass(signed_in);
    session.begin(StepName::Object);
    let listed = first_file(&answer)?;
    session.pass(format!("`{repository}` at `{revision}`"));
    let Some(file) = file.map(str::to_owned).or(listed) else {
        session.skip(StepName::FirstBytes, &outcome::EMPTY);
        return Ok(());
    };
    let mut url = at(&hub, &[], repository, &["resolve", revision]);
    url.set_path(&format!("{}/{file}", url.path()));
    let read = web::first_bytes(session, url, &login, false).await;
    read.map_err(|trouble| {
        Trouble {
            outcome: of_file(trouble.outcome),
            ..trouble
        }
        .detail(quoted(&file))
    })
}

/// The hub that the connection names, as the hub's own library reads it, or the usual one.
fn hub(session: &Session<'_>) -> Result<Url, Trouble> {
    let stated = session.connection.read("HF_ENDPOINT");
    let text = stated.map_or(session.settings.hub.as_str(), |stated| stated.text.trim());
    let hub = Url::parse(text).ok().filter(Url::has_host);
    hub.ok_or_else(|| Trouble::new(&outcome::ADDRESS_UNREADABLE).detail("of the hub"))
}

/// The first file of a repository, as the hub describes it.
fn first_file(answer: &Answer) -> Result<Option<String>, Trouble> {
    // Of a repository with very many files the list does not come whole.
    let is_begun = || answer.body.starts_with(b"{\"");
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(Value::Object(model)) => {
            let first = model.get("siblings").and_then(|files| files.get(0));
            let name = first.and_then(|file| file.get("rfilename")?.as_str());
            Ok(name.map(str::to_owned))
        }
        Err(_) if answer.is_cut && is_begun() => Ok(None),
        Err(_) if answer.is_cut => Err(Trouble::new(&outcome::ANSWER_TOO_LARGE)),
        _ => Err(Trouble::new(&outcome::ANSWER_UNKNOWN).detail("it describes no repository")),
    }
}

/// What reading a file of a repository met, in the words of the hub.
fn of_file(outcome: &'static Outcome) -> &'static Outcome {
    match outcome.id {
        id if id == outcome::NO_SUCH_LOCATION.id => &outcome::NO_SUCH_OBJECT,
        id if id == outcome::WRONG_LOGIN.id => &outcome::WRONG_TOKEN,
        id if id == outcome::MAY_NOT_READ_LOCATION.id || id == outcome::LOGIN_NEEDED.id => {
            &outcome::TERMS_NOT_ACCEPTED
        }
        _ => outcome,
    }
}

/// The token goes to the hub only: the stores behind it sign their own URLs.
fn login(session: &Session<'_>, hub: &Url) -> Login {
    let token = session
        .connection
        .read("HF_TOKEN")
        .map(|reading| format!("Bearer {}", reading.text.trim()));
    Login {
        authority: authority(hub),
        headers: token
            .map(|token| (AUTHORIZATION, token))
            .into_iter()
            .collect(),
    }
}

fn at(hub: &Url, before: &[&str], repository: &str, after: &[&str]) -> Url {
    let mut url = hub.clone();
    // An HTTP URL always takes segments; one that did not would be asked as it is.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty()
            .extend(before)
            .extend(repository.split('/'))
            .extend(after);
    }
    url
}

/// Why the hub refused. It hides private repositories from those who may not see them.
fn refusal(answer: &Answer, has_token: bool) -> Option<Trouble> {
    if answer.status.is_success() {
        return None;
    }
    let is_token = answer
        .header("x-error-message")
        .is_some_and(|text| text.to_ascii_lowercase().contains("credentials"));
    let outcome = match (
        answer.status.as_u16(),
        answer.header("x-error-code").unwrap_or_default(),
    ) {
        (_, "GatedRepo") => &outcome::TERMS_NOT_ACCEPTED,
        (_, "RevisionNotFound") => &outcome::NO_SUCH_REVISION,
        (401, "") if has_token => &outcome::WRONG_TOKEN,
        (401, _) if has_token && is_token => &outcome::WRONG_TOKEN,
        (_, "RepoNotFound") | (401 | 404, _) => &outcome::NO_SUCH_REPOSITORY,
        (403, _) => &outcome::TERMS_NOT_ACCEPTED,
        _ => of_status(answer.status),
    };
    Some(Trouble::new(outcome))
}
