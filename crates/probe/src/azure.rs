//! Proves an Azure Blob storage connection: the account's key, signature or principal is taken, the
//! container can be listed, and the blob read; on request that something can be written.
//!
//! After the reference of the service's REST API. What workloads do with the data is left to them.

mod account;
mod errors;
mod principal;
mod sas;
mod sign;

use http::Method;
use http::header::{HeaderName, HeaderValue};
use url::Url;

use crate::http::{Answer, Call};
use crate::outcome;
use crate::report::StepName;
use crate::session::{Place, Session, is_at, quoted};
use crate::status::ask;
use crate::trouble::Trouble;
use crate::xml;
use account::{Account, Proof};

/// What is written, where that was asked for, and removed again.
const OWN: &str = ".bowline-probe/probe";
const OWN_CONTENT: &str = "a test of this connection\n";

pub(crate) async fn run(session: &mut Session<'_>, place: &Place) -> Result<(), Trouble> {
    session.begin(StepName::SignIn);
    let mut account = Account::of(session.connection, session.settings)?;
    let doubts = match &account.proof {
        Proof::Sas(token) => sas::judge(token, (session.settings.now)(), &account.endpoint)?,
        _ => Vec::new(),
    };
    session.reach(&account.endpoint.clone()).await?;
    session.begin(StepName::SignIn);
    account.proof = principal::exchanged(session, account.proof).await?;
    let path = place.path.as_deref().unwrap_or_default();
    let first = list(session, &account, place.root.as_deref(), path).await?;
    match doubts.into_iter().next() {
        Some(doubt) => session.warn(doubt),
        None => session.pass(format!("account {}", quoted(&account.name))),
    }

    let Some(container) = place.root.as_deref() else {
        session.skip(
            StepName::Object,
            Trouble::new(&outcome::NOT_ASKED).detail("no container is named"),
        );
        return Ok(());
    };
    session.begin(StepName::Right);
    let mut first = match first {
        Err(trouble) if trouble.is(&outcome::NO_SUCH_CONTAINER) => {
            session.skip(StepName::Right, &outcome::NOT_REACHED);
            session.begin(StepName::Object);
            return Err(trouble.detail(quoted(container)));
        }
        first => first?,
    };
    session.pass("list");
    if first.as_ref().is_some_and(|name| !is_at(name, path)) {
        // Something beside it comes first: `model-2` stands before `model/`.
        first = list(session, &account, Some(container), &format!("{path}/")).await??;
    }
    session.begin(StepName::Object);
    match first {
        Some(first) => {
            session.pass(format!(
                "{} in container {}",
                quoted(&first),
                quoted(container)
            ));
            session.begin(StepName::FirstBytes);
            read(session, &account, &[container, &first]).await?;
        }
        None if path.is_empty() => session.warn(&outcome::EMPTY),
        None => return Err(Trouble::new(&outcome::NO_SUCH_OBJECT).detail(quoted(path))),
    }
    if session.ask.write {
        write(session, &account, container, path).await?;
    }
    Ok(())
}

/// The first blob whose name begins like this, or why it cannot be told; an error where not even
/// the account is taken. Without a container the account's containers are listed instead.
async fn list(
    session: &mut Session<'_>,
    account: &Account,
    container: Option<&str>,
    prefix: &str,
) -> Result<Result<Option<String>, Trouble>, Trouble> {
    let common = [("comp", "list"), ("maxresults", "1")];
    let of_container = [("restype", "container"), ("prefix", prefix)];
    let (path, query) = match container {
        Some(container) => (vec![container], [&of_container[..], &common].concat()),
        None => (Vec::new(), common.to_vec()),
    };
    let answer = send(session, account, Method::GET, &path, &query, &[]).await?;
    if answer.status.is_success() {
        let text = answer.text();
        if !xml::has_root(&text, "EnumerationResults") {
            return Err(Trouble::new(&outcome::ANSWER_UNKNOWN).detail("the list is none"));
        }
        return Ok(Ok(xml::element(&text, "Name").map(xml::unescaped)));
    }
    let trouble = errors::why(account, &answer, &outcome::AZURE_MAY_NOT_LIST);
    match trouble.outcome.kind {
        Some(bowline_core::Kind::Forbidden | bowline_core::Kind::NotFound) => Ok(Err(trouble)),
        _ => Err(trouble),
    }
}

async fn read(session: &mut Session<'_>, account: &Account, path: &[&str]) -> Result<(), Trouble> {
    let range = [("x-ms-range", "bytes=0-0")];
    let answer = send(session, account, Method::GET, path, &[], &range).await?;
    match answer.status.as_u16() {
        // 416 is what an empty blob answers when its first byte is asked for.
        200 | 206 | 416 => session.pass(""),
        _ => return Err(errors::why(account, &answer, &outcome::AZURE_MAY_NOT_READ)),
    }
    Ok(())
}

async fn write(
    session: &mut Session<'_>,
    account: &Account,
    container: &str,
    path: &str,
) -> Result<(), Trouble> {
    let folder = path
        .rsplit_once('/')
        .map(|(folder, _)| format!("{folder}/"));
    let name = format!("{}{OWN}", folder.unwrap_or_default());
    let path = [container, &name];
    let put = call(
        session,
        account,
        Method::PUT,
        &path,
        &[],
        &[("x-ms-blob-type", "BlockBlob")],
    );
    let delete = call(session, account, Method::DELETE, &path, &[], &[]);
    session.begin(StepName::Right);
    session.owe(delete.clone());
    let answer = ask(session, put).await?;
    if !answer.status.is_success() {
        session.settle();
        return Err(errors::why(account, &answer, &outcome::AZURE_MAY_NOT_WRITE));
    }
    session.pass(format!("write {}", quoted(&name)));
    session.begin(StepName::Right);
    let answer = ask(session, delete).await?;
    session.settle();
    if !answer.status.is_success() {
        return Err(errors::why(
            account,
            &answer,
            &outcome::AZURE_MAY_NOT_DELETE,
        ));
    }
    session.pass(format!("delete {}", quoted(&name)));
    Ok(())
}

async fn send(
    session: &mut Session<'_>,
    account: &Account,
    method: Method,
    path: &[&str],
    query: &[(&str, &str)],
    headers: &[(&'static str, &'static str)],
) -> Result<Answer, Trouble> {
    let call = call(session, account, method, path, query, headers);
    ask(session, call).await
}

fn call(
    session: &Session<'_>,
    account: &Account,
    method: Method,
    path: &[&str],
    query: &[(&str, &str)],
    headers: &[(&'static str, &'static str)],
) -> Call {
    let mut call = Call::new(method, address(&account.endpoint, path, query));
    if call.method == Method::PUT {
        call.body = OWN_CONTENT.into();
    }
    for (name, value) in headers {
        call = call.header(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    sign::signed(account, call, (session.settings.now)())
}

fn address(endpoint: &Url, path: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = endpoint.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        // The name of a blob may have folders.
        segments
            .pop_if_empty()
            .extend(path.iter().flat_map(|part| part.split('/')));
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}
