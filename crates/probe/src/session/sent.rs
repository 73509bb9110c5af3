//! What a probe has sent that is secret, so that a service which sends it back does not get it into
//! a report. Values that were never sent cannot come back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::Sensitive;
use url::form_urlencoded;

use crate::http::Call;

/// Characters by which a value is known again, also where it was cut; shorter ones are too likely
/// to be a word.
const ENOUGH: usize = 8;
/// What form and query call their secret members.
const SECRET: [&str; 7] = [
    "sig",
    "client_secret",
    "refresh_token",
    "assertion",
    "password",
    "WebIdentityToken",
    "subject_token",
];

/// Secret values that were sent.
#[derive(Default)]
pub(super) struct Sent(Vec<Sensitive>);

impl Sent {
    /// Remembers what is secret in a request.
    pub(super) fn note(&mut self, call: &Call) {
        let headers = call
            .headers
            .iter()
            .filter(|(_, value)| value.is_sensitive());
        for text in headers.filter_map(|(_, value)| value.to_str().ok()) {
            self.keep(text);
            let word = text.rsplit(' ').next().unwrap_or_default();
            self.keep(word);
            let pair = STANDARD.decode(word).map(Sensitive::new);
            let pair = pair.as_ref().ok().and_then(Sensitive::expose_str);
            self.keep(
                pair.and_then(|pair| pair.split_once(':'))
                    .map_or("", |(_, password)| password),
            );
        }
        let query = call.url.query().unwrap_or_default().as_bytes();
        for form in [query, &call.body] {
            // Also as it was spelled on its way.
            let text = std::str::from_utf8(form).unwrap_or_default();
            for (_, value) in text
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .filter(|(name, _)| SECRET.contains(name))
            {
                self.keep(value);
            }
            for (name, value) in form_urlencoded::parse(form) {
                if SECRET.contains(&&*name) {
                    self.keep(&value);
                }
            }
        }
    }

    fn keep(&mut self, text: &str) {
        let is_new = |kept: &Sensitive| kept.expose() != text.as_bytes();
        if text.len() >= ENOUGH && self.0.iter().all(is_new) {
            self.0.push(Sensitive::from(text));
        }
    }

    /// Whether a text repeats something of it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let start = |kept: &Sensitive| {
            let kept = kept.expose_str().unwrap_or_default();
            let end = (ENOUGH..=kept.len()).find(|at| kept.is_char_boundary(*at));
            end.is_some_and(|end| text.contains(&kept[..end]))
        };
        self.0.iter().any(start)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use http::header::AUTHORIZATION;
    use rstest::rstest;
    use url::Url;

    use super::*;

    const PASSWORD: &str = "Canary/0123456789abcdef+fedcba9876543210";

    fn sent() -> Sent {
        let url = "https://a.io/x?sv=2021-08-06&sig=some%2Fsignature";
        let basic = format!("Basic {}", STANDARD.encode(format!("ada:{PASSWORD}")));
        let mut call = Call::new(Method::POST, Url::parse(url).expect("a URL"));
        call.body = "client_id=some-client-id&client_secret=secret-of-client".into();
        let mut sent = Sent::default();
        sent.note(&call.secret(AUTHORIZATION, &basic));
        sent
    }

    #[rstest]
    #[case(PASSWORD.to_owned(), true)]
    #[case(format!("status 400, `{}`", &PASSWORD[..20]), true)]
    #[case(STANDARD.encode(format!("ada:{PASSWORD}")), true)]
    #[case("some/signature".to_owned(), true)]
    #[case("secret-of-client".to_owned(), true)]
    #[case("some%2Fsignature".to_owned(), true)]
    #[case("some-client-id".to_owned(), false)]
    #[case("status 400, `NameUnknown`".to_owned(), false)]
    fn what_was_sent_is_known_again(#[case] text: String, #[case] expected: bool) {
        assert_eq!(sent().is_in(&text), expected);
    }
}
