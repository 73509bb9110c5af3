//! Proves an S3 connection: endpoint, region, addressing style, signature, clock, bucket, object and
//! rights. The requests are signed by `sigv4`, placed by `address`, and what comes back is read by
//! `errors`.

mod address;
pub(crate) mod errands;
mod errors;
mod steps;

use bowline_core::Connection;
use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue, RANGE};

use crate::WebIdentity;
use crate::http::{Answer, Call};
use crate::outcome;
use crate::report::StepName;
use crate::session::{Place, Session};
use crate::sigv4::{Keys, sign};
use crate::sts::{Role, Signer};
use crate::trouble::Trouble;
use address::{Address, Style};

/// Proves that a place can be used with the session's connection.
pub(crate) async fn run(session: &mut Session<'_>, place: &Place) -> Result<(), Trouble> {
    let Some(mut store) = Store::of(session.connection, session.request.identity, place)? else {
        session.begin(StepName::SignIn);
        session.warn(&outcome::IDENTITY_ELSEWHERE);
        return Ok(());
    };
    let first = steps::reach_and_sign_in(session, &mut store).await?;
    if store.address.bucket.is_none() {
        return Ok(());
    }
    let folder = steps::look(session, &store, place.path.as_deref(), first).await?;
    if session.ask.write {
        steps::write(session, &store, &folder).await?;
    }
    Ok(())
}

/// The service as a connection describes it.
struct Store {
    address: Address,
    /// `None` asks without a signature.
    keys: Option<Keys>,
    /// Whose keys are to be had first.
    role: Option<Role>,
    region: String,
    /// What is listed of the bucket: empty for all, or with a slash at its end.
    folder: String,
    /// Whether the connection itself says so, rather than we guess.
    is_style_stated: bool,
}

impl Store {
    /// `None` where only pods have the identity that signs.
    fn of(
        connection: &Connection,
        identity: Option<&WebIdentity>,
        place: &Place,
    ) -> Result<Option<Self>, Trouble> {
        let region = connection
            .region()
            .map_or("us-east-1", str::trim)
            .to_owned();
        let endpoint = connection
            .endpoint()
            .unwrap_or_else(|| address::of_aws(&region));
        let stated = connection.use_path_style().map(Style::of);
        let address = Address::new(&endpoint, place.root.clone(), stated)?;
        let (keys, role) = match Signer::of(connection, identity)? {
            Signer::Nobody => (None, None),
            Signer::Keys(keys) => (Some(keys), None),
            Signer::Role(role) => (None, Some(role)),
            Signer::Elsewhere => return Ok(None),
        };
        Ok(Some(Self {
            address,
            keys,
            role,
            region,
            folder: place
                .path
                .as_deref()
                .map(|path| format!("{}/", path.trim_end_matches('/')))
                .unwrap_or_default(),
            is_style_stated: stated.is_some(),
        }))
    }

    /// A request for an object, or for the bucket itself where the key is empty.
    fn call(
        &self,
        session: &Session<'_>,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
        body: &'static [u8],
    ) -> Result<Call, Trouble> {
        self.ranged(session, method, key, query, body, None)
    }

    fn ranged(
        &self,
        session: &Session<'_>,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
        body: &'static [u8],
        first: Option<usize>,
    ) -> Result<Call, Trouble> {
        let mut call = Call::new(method, self.address.url(key, query)?);
        call.body = Bytes::from_static(body);
        if let Some(first) = first {
            call.most = first;
            let range = format!("bytes=0-{}", first.saturating_sub(1));
            call.headers.extend(
                HeaderValue::from_str(&range)
                    .ok()
                    .map(|range| (RANGE, range)),
            );
        }
        if let Some(keys) = &self.keys {
            let signed = sign(keys, &self.region, "s3", &call, (session.settings.now)());
            for (name, value) in signed {
                call = call.secret(HeaderName::from_static(name), &value);
            }
        }
        Ok(call)
    }

    /// Sends a request for a document, and refuses whatever is no S3 service's answer.
    async fn ask(
        &self,
        session: &mut Session<'_>,
        call: Call,
    ) -> Result<Result<Answer, Trouble>, Trouble> {
        let url = call.url.clone();
        let answer = session.send(call).await?;
        if answer.status.is_success() {
            return Ok(Ok(answer));
        }
        let trouble = errors::why(session, &url, &answer, &self.region).await;
        Ok(Err(trouble))
    }
}
