use rstest::rstest;

use super::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn names() -> Vec<String> {
    vec![
        "bowline-webhook.bowline.svc".to_owned(),
        "10.0.0.7".to_owned(),
    ]
}

fn fresh() -> Bundle {
    Bundle::make(&names(), Lives::default(), start()).unwrap()
}

fn step_at(bundle: &Bundle, age: SignedDuration) -> Step {
    bundle.step(&names(), Lives::default(), start() + age, true)
}

fn after(bundle: Bundle, step: Step, age: SignedDuration) -> Bundle {
    bundle
        .after(step, &names(), Lives::default(), start() + age)
        .unwrap()
}

#[rstest]
#[case::at_once(SignedDuration::ZERO, Step::Keep)]
#[case::an_hour_early(-HOUR, Step::Keep)]
#[case::an_hour_late(HOUR, Step::Keep)]
#[case::before_two_thirds(DAY * 60 - HOUR, Step::Keep)]
#[case::at_two_thirds(DAY * 60, Step::Renew)]
#[case::after_its_end(DAY * 91, Step::Renew)]
#[case::after_the_authority_s_end(DAY * 3_651, Step::Remake)]
#[case::far_too_early(-HOUR * 3, Step::Remake)]
fn what_to_do_depends_on_the_time(#[case] age: SignedDuration, #[case] wanted: Step) {
    assert_eq!(step_at(&fresh(), age), wanted);
}

#[rstest]
#[case::less(vec!["bowline-webhook.bowline.svc".to_owned()], Step::Keep)]
#[case::capital(vec!["BOWLINE-webhook.bowline.svc".to_owned()], Step::Keep)]
#[case::more(vec!["example.com".to_owned()], Step::Renew)]
#[case::another_address(vec!["10.0.0.8".to_owned()], Step::Renew)]
fn a_certificate_that_lacks_a_name_is_renewed(#[case] names: Vec<String>, #[case] wanted: Step) {
    let step = fresh().step(&names, Lives::default(), start(), true);
    assert_eq!(step, wanted);
}

#[test]
fn renewing_keeps_the_authority() {
    let bundle = fresh();
    let authorities = bundle.authorities();
    let renewed = after(bundle, Step::Renew, DAY * 60);
    assert_eq!(renewed.authorities(), authorities);
    assert_eq!(step_at(&renewed, DAY * 119), Step::Keep);
    assert_eq!(step_at(&renewed, DAY * 120), Step::Renew);
}

#[test]
fn a_certificate_does_not_outlive_its_authority() {
    let renewed = after(fresh(), Step::Renew, DAY * 3_640);
    assert_eq!(renewed.pair.facts.not_after, renewed.signer_facts.not_after);
}

/// Two thirds of the authority's life, with a serving certificate that is fresh.
fn with_next() -> (Bundle, SignedDuration) {
    let age = DAY * 2_434;
    let bundle = after(fresh(), Step::Renew, age);
    assert_eq!(step_at(&bundle, age), Step::AddAuthority);
    (after(bundle, Step::AddAuthority, age), age)
}

#[test]
fn the_next_authority_is_trusted_before_it_signs() {
    let (bundle, age) = with_next();
    assert_eq!(bundle.authorities().matches(PEM_END).count(), 2);
    assert_eq!(
        step_at(&bundle, age),
        Step::Keep,
        "the overlap has just begun"
    );
    let unpublished = bundle.step(&names(), Lives::default(), start() + age + DAY, false);
    assert_eq!(unpublished, Step::Keep);
    assert_eq!(step_at(&bundle, age + HOUR), Step::Promote);
}

#[test]
fn a_certificate_is_renewed_while_the_next_authority_waits() {
    let (bundle, age) = with_next();
    let step = bundle.step(&names(), Lives::default(), start() + age + DAY * 60, false);
    assert_eq!(step, Step::Renew);
    let renewed = after(bundle, step, age + DAY * 60);
    assert!(matches!(renewed.other, Some(Other::Next(_))));
}

#[test]
fn the_last_authority_is_trusted_until_everybody_has_moved_on() {
    let (bundle, age) = with_next();
    let last = bundle.signer.certificate.clone();
    let promoted = after(bundle, Step::Promote, age + HOUR);
    assert!(!promoted.signer.certificate.contains(&last));
    assert!(promoted.authorities().ends_with(&last));
    let early = after(promoted.clone(), Step::Renew, age + HOUR + HOUR / 2);
    assert!(early.authorities().ends_with(&last));
    let late = after(promoted, Step::Renew, age + DAY * 60);
    assert!(!late.authorities().contains(&last));
}

#[test]
fn what_is_written_is_read_again() {
    for bundle in [fresh(), with_next().0] {
        let read = Bundle::read(&bundle.write()).unwrap();
        assert_eq!(read.write(), bundle.write());
    }
}

/// Clocks an hour apart in both directions, for half a year of hours.
#[test]
fn clocks_that_differ_do_not_renew_more_often() {
    let mut bundle = fresh();
    let mut renewals = 0;
    for hour in 0..24 * 190 {
        for skew in [HOUR, -HOUR, SignedDuration::ZERO] {
            let age = HOUR * hour + skew;
            let step = step_at(&bundle, age);
            if step != Step::Keep {
                assert_eq!(step, Step::Renew);
                bundle = after(bundle, step, age);
                renewals += 1;
            }
        }
    }
    assert_eq!(renewals, 3);
}

#[test]
fn clocks_far_apart_do_not_take_turns() {
    let ahead = DAY * 20;
    let mut bundle = Bundle::make(&names(), Lives::default(), start() + ahead).unwrap();
    let mut changes = 0;
    for _ in 0..10 {
        for skew in [SignedDuration::ZERO, ahead] {
            let step = step_at(&bundle, skew);
            if step != Step::Keep {
                bundle = after(bundle, step, skew);
                changes += 1;
            }
        }
    }
    assert_eq!(changes, 1);
}

fn broken(key: &str, content: &[u8]) -> Unfit {
    let mut data = fresh().write();
    data.insert(key.to_owned(), content.to_vec());
    Bundle::read(&data).unwrap_err()
}

#[rstest]
#[case::certificate("tls.crt")]
#[case::key("tls.key")]
#[case::authority("ca.crt")]
#[case::authority_key("ca.key")]
fn what_is_garbled_is_not_taken(
    #[case] key: &'static str,
    #[values(&b""[..], b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    content: &[u8],
) {
    let text = broken(key, content).to_string();
    assert!(text.contains(key), "{text}");
}

#[rstest]
#[case::certificate("tls.crt")]
#[case::key("tls.key")]
#[case::authority("ca.crt")]
#[case::authority_key("ca.key")]
fn what_belongs_to_another_bundle_is_not_taken(#[case] key: &'static str) {
    let other = fresh().write();
    broken(key, &other[key]);
}

#[rstest]
#[case("tls.crt")]
#[case("tls.key")]
#[case("ca.crt")]
#[case("ca.key")]
fn what_lacks_something_is_not_taken(#[case] key: &'static str) {
    let mut data = fresh().write();
    data.remove(key);
    let error = Bundle::read(&data).unwrap_err();
    assert!(matches!(error, Unfit::Missing(missing) if missing == key));
}

#[test]
fn nothing_shows_a_key() {
    let bundle = with_next().0;
    let shown = format!("{bundle:?}");
    for key in [&bundle.serving.key, &bundle.signer.key] {
        let body = key.expose_str().unwrap().lines().nth(1).unwrap();
        assert!(!shown.contains(body));
    }
}
