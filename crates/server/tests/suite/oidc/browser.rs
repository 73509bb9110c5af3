//! As much of a browser as signing in takes: cookies by host and port, redirects, forms.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bowline_testkit::Oidc;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::Value;

/// Redirects that are followed one after another.
const MOST: usize = 10;

pub(super) struct Browser {
    http: Client,
    cookies: BTreeMap<(String, String), String>,
    /// Addresses that begin like this are not visited.
    stop_at: Option<String>,
}

impl Browser {
    pub(super) fn new() -> Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            http: http.build()?,
            cookies: BTreeMap::new(),
            stop_at: None,
        })
    }

    /// Opens an address, and goes where it leads.
    pub(super) async fn follow(&mut self, url: &str) -> Result<Response> {
        let first = self.http.get(url);
        self.send(first, Url::parse(url)?).await
    }

    /// Sends a form, and goes where that leads.
    pub(super) async fn submit(&mut self, url: &str, form: &[(&str, &str)]) -> Result<Response> {
        let first = self.http.post(url).form(form);
        self.send(first, Url::parse(url)?).await
    }

    async fn send(&mut self, first: RequestBuilder, first_url: Url) -> Result<Response> {
        let (mut request, mut url) = (first, first_url);
        for _ in 0..MOST {
            let host = url.authority().to_owned();
            let own = self.cookies.iter().filter(|((at, _), _)| *at == host);
            let cookies: Vec<_> = own
                .map(|((_, name), value)| format!("{name}={value}"))
                .collect();
            let answer = request.header("cookie", cookies.join("; ")).send().await?;
            self.keep(&host, &answer);
            let Some(location) = answer
                .headers()
                .get("location")
                .filter(|_| answer.status().is_redirection())
            else {
                return Ok(answer);
            };
            url = url.join(location.to_str()?)?;
            if self
                .stop_at
                .as_ref()
                .is_some_and(|stop| url.as_str().starts_with(stop))
            {
                return Ok(answer);
            }
            request = self.http.get(url.clone());
        }
        bail!("redirected without end")
    }

    fn keep(&mut self, host: &str, answer: &Response) {
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap_or_default();
            let pair = text.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies
                    .insert((host.to_owned(), name.to_owned()), value.to_owned());
            }
        }
    }
}

/// An ID token of `ada` for a client, got as any other program would.
pub(super) async fn id_token(
    provider: &Oidc,
    client: &str,
    secret: Option<&str>,
) -> Result<String> {
    const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-of-them";
    const REDIRECT: &str = "http://127.0.0.1:9/oidc/callback";
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(digest);
    let mut authorize = Url::parse(&format!("{}/auth", provider.ready.issuer))?;
    authorize.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("scope", "openid groups"),
        ("client_id", client),
        ("redirect_uri", REDIRECT),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ]);
    let mut browser = Browser {
        stop_at: Some(REDIRECT.to_owned()),
        ..Browser::new()?
    };
    let form = browser.follow(authorize.as_str()).await?;
    let at = form.url().to_string();
    let end = browser
        .submit(
            &at,
            &[("user", "ada"), ("password", &provider.ready.password)],
        )
        .await?;
    let location = Url::parse(
        end.headers()
            .get("location")
            .context("no redirect")?
            .to_str()?,
    )?;
    let code = location
        .query_pairs()
        .find(|(key, _)| key == "code")
        .context("no code")?
        .1
        .into_owned();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("client_id", client),
    ];
    let mut request = browser
        .http
        .post(format!("{}/token", provider.ready.issuer));
    request = match secret {
        Some(secret) => {
            let encode = |text: &str| {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
            };
            request
                .basic_auth(encode(client), Some(encode(secret)))
                .form(&form[..4])
        }
        None => request.form(&form),
    };
    let answer: Value = request.send().await?.json().await?;
    Ok(answer["id_token"]
        .as_str()
        .context("no ID token")?
        .to_owned())
}
