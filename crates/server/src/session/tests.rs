use bowline_core::Sensitive;

use super::*;

fn token() -> Credentials {
    Credentials::Token(Sensitive::from("a-token"))
}

fn headers(set_cookie: &HeaderValue) -> HeaderMap {
    let text = set_cookie.to_str().expect("text");
    let pair = text.split(';').next().expect("a pair");
    HeaderMap::from_iter([(http::header::COOKIE, pair.parse().expect("a value"))])
}

#[test]
fn a_session_ends_with_its_credentials() {
    let sessions = Sessions::new(false);
    let past = SystemTime::now() - Duration::from_secs(1);
    let ended = headers(&sessions.begin(token(), Some(past)));
    assert!(matches!(
        sessions.of(&ended),
        Some(Err(Refusal::Unknown(_)))
    ));
    let open = headers(&sessions.begin(token(), Some(SystemTime::now() + LASTS * 2)));
    assert!(matches!(
        sessions.of(&open),
        Some(Ok(Credentials::Token(_)))
    ));
}

#[test]
fn no_session_lasts_longer_than_half_a_day() {
    let sessions = Sessions::new(false);
    let cookie = sessions.begin(token(), Some(SystemTime::now() + LASTS * 2));
    assert!(
        cookie.to_str().expect("text").contains("; Max-Age=43199;")
            || cookie.to_str().expect("text").contains("; Max-Age=43200;")
    );
}

#[test]
fn the_number_of_sessions_is_bounded_and_those_that_end_first_go() {
    let sessions = Sessions::new(false);
    let soon = SystemTime::now() + Duration::from_secs(60);
    let first = headers(&sessions.begin(token(), Some(soon)));
    for _ in 0..MOST {
        sessions.begin(token(), None);
    }
    assert_eq!(sessions.state().sessions.len(), MOST);
    assert!(matches!(sessions.of(&first), Some(Err(_))));
}

#[test]
fn a_code_is_not_kept_in_clear() {
    let sessions = Sessions::new(false);
    let code = sessions.invite(token(), LASTS);
    assert!(!format!("{sessions:?}").contains(&code));
    assert!(sessions.accept("another").is_none());
    assert!(sessions.accept(&code).is_some());
    assert!(sessions.accept(&code).is_none());
}

#[test]
fn a_code_ends_with_its_time() {
    let sessions = Sessions::new(false);
    let code = sessions.invite(token(), Duration::ZERO);
    assert!(sessions.accept(&code).is_none());
}

#[test]
fn the_number_of_open_codes_is_bounded_and_the_oldest_goes() {
    let sessions = Sessions::new(false);
    let first = sessions.invite(token(), LASTS);
    let codes: Vec<_> = (0..MOST_INVITATIONS)
        .map(|_| sessions.invite(token(), LASTS))
        .collect();
    assert!(sessions.accept(&first).is_none());
    assert!(codes.iter().all(|code| sessions.accept(code).is_some()));
}
