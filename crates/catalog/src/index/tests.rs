mod laws;

use bowline_core::{Protocol, Secret};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::compatibility::Tag;
use crate::kinds::Kind;
use crate::row::Meta;

/// A connection of a protocol, with further annotations.
fn row(namespace: &str, name: &str, protocol: &str, annotations: &Value) -> Row {
    let mut object = json!({"metadata": {
        "name": name, "namespace": namespace, "annotations": annotations,
    }});
    object["metadata"]["annotations"]["opendatahub.io/connection-type-protocol"] = protocol.into();
    Row::of(Secret::from_value(&object).unwrap(), Meta::default()).unwrap()
}

/// An object that pulls images with these Secrets.
fn puller(
    api_version: &str,
    kind: &str,
    name: &str,
    secrets: &[&str],
    owner: Option<&str>,
) -> Object {
    let pulls: Vec<_> = secrets.iter().map(|name| json!({"name": name})).collect();
    let spec = json!({"imagePullSecrets": pulls});
    let spec = if kind == "Pod" {
        spec
    } else {
        json!({"template": {"spec": spec}})
    };
    let owners: Vec<_> = owner
        .map(|uid| json!({"controller": true, "uid": uid, "kind": "Workflow", "name": "nightly"}))
        .into_iter()
        .collect();
    let object = json!({
        "metadata": {
            "name": name, "namespace": "harbour", "uid": name, "ownerReferences": owners,
        },
        "spec": spec,
    });
    let (_, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Object::read(Kind::named(api_version, kind).unwrap(), version, &object).unwrap()
}

fn harbour() -> Index {
    let mut index = Index::counting();
    index.upsert_row(row(
        "harbour",
        "charts",
        "oci",
        &json!({"openshift.io/display-name": "Zürich"}),
    ));
    index.upsert_row(row(
        "harbour",
        "soundings",
        "s3",
        &json!({
            "openshift.io/description": "Depths of the bay", "bowline.dev/vital": "true",
            "opendatahub.io/connection-test-status": "verified",
        }),
    ));
    index.upsert_row(row("harbour", "tides", "uri", &json!({
        "opendatahub.io/connection-type-ref": "uri-v1", "opendatahub.io/connection-hidden": "true",
    })));
    index.upsert_row(row(
        "inland",
        "tides",
        "uri",
        &json!({"openshift.io/display-name": "rain"}),
    ));
    index.upsert_object(puller("apps/v1", "Deployment", "web", &["charts"], None));
    index
}

fn names(page: &Page) -> Vec<String> {
    let name = |row: &Row| format!("{}/{}", row.namespace, row.name);
    page.items.iter().map(name).collect()
}

fn filter(change: impl FnOnce(&mut Filter)) -> Query {
    let mut query = Query::default();
    change(&mut query.filter);
    query
}

#[rstest]
#[case::all(filter(|_| {}), &["harbour/charts", "harbour/soundings", "harbour/tides", "inland/tides"])]
#[case::name(filter(|f| f.text = Some("TID".into())), &["harbour/tides", "inland/tides"])]
#[case::display_name(filter(|f| f.text = Some("zÜr".into())), &["harbour/charts"])]
#[case::description(filter(|f| f.text = Some("bay depths".into())), &["harbour/soundings"])]
#[case::not_endpoints(filter(|f| f.text = Some("https".into())), &[])]
#[case::type_(filter(|f| f.type_ = Some("uri-v1".into())), &["harbour/tides"])]
#[case::protocol(filter(|f| f.protocol = Some(Protocol::S3)), &["harbour/soundings"])]
#[case::tag(filter(|f| f.tag = Some(Tag::Oci)), &["harbour/charts"])]
#[case::namespace(filter(|f| f.namespace = Some("inland".into())), &["inland/tides"])]
#[case::used(filter(|f| f.used = Some(true)), &["harbour/charts"])]
#[case::unused(filter(|f| f.used = Some(false)), &["harbour/soundings", "harbour/tides", "inland/tides"])]
#[case::tested(filter(|f| f.test_status = Some("verified".into())), &["harbour/soundings"])]
#[case::never_tested(
    filter(|f| f.test_status = Some("not-tested".into())),
    &["harbour/charts", "harbour/tides", "inland/tides"],
)]
#[case::vital(filter(|f| f.vital = Some(true)), &["harbour/soundings"])]
#[case::hidden(filter(|f| f.hidden = Some(true)), &["harbour/tides"])]
#[case::candidates(filter(|f| f.standing = Standing::Candidates), &[])]
fn a_filter_leaves_what_fits(#[case] query: Query, #[case] expected: &[&str]) {
    let page = harbour().query(&query).unwrap();
    assert_eq!(names(&page), expected);
    assert_eq!(page.total, expected.len());
}

#[rstest]
#[case(Sort::Name, Order::Ascending, &["harbour/charts", "harbour/soundings", "harbour/tides", "inland/tides"])]
#[case(Sort::Name, Order::Descending, &["inland/tides", "harbour/tides", "harbour/soundings", "harbour/charts"])]
#[case(Sort::DisplayName, Order::Ascending, &["inland/tides", "harbour/soundings", "harbour/tides", "harbour/charts"])]
#[case(Sort::Protocol, Order::Ascending, &["harbour/charts", "harbour/soundings", "harbour/tides", "inland/tides"])]
#[case(Sort::Protocol, Order::Descending, &["harbour/tides", "inland/tides", "harbour/soundings", "harbour/charts"])]
#[case(Sort::Type, Order::Ascending, &["harbour/tides", "harbour/charts", "harbour/soundings", "inland/tides"])]
#[case(Sort::UsedBy, Order::Descending, &["harbour/charts", "harbour/soundings", "harbour/tides", "inland/tides"])]
#[case(Sort::TestStatus, Order::Descending, &["harbour/soundings", "harbour/charts", "harbour/tides", "inland/tides"])]
fn rows_are_sorted_by_a_column_and_then_by_name(
    #[case] sort: Sort,
    #[case] order: Order,
    #[case] expected: &[&str],
) {
    let query = Query {
        sort,
        order,
        ..Query::default()
    };
    assert_eq!(names(&harbour().query(&query).unwrap()), expected);
}

#[test]
fn every_column_is_read_as_it_is_written() {
    for name in Sort::NAMES {
        assert_eq!(name.parse::<Sort>().unwrap().as_str(), *name);
    }
    assert_eq!("size".parse::<Sort>(), Err(BadQuery::Sort));
}

#[rstest]
#[case("", BadQuery::Cursor)]
#[case("%%%", BadQuery::Cursor)]
#[case("bm8ganNvbg", BadQuery::Cursor)]
#[case("e30", BadQuery::Cursor)]
#[case("eyJxIjoxLCJyIjowLCJ0IjoiIiwicCI6IiIsIm4iOiIifQ", BadQuery::OtherQuery)]
fn a_forged_cursor_is_refused(#[case] cursor: &str, #[case] expected: BadQuery) {
    let query = Query {
        cursor: Some(cursor.to_owned()),
        ..Query::default()
    };
    assert_eq!(harbour().query(&query), Err(expected));
}

#[test]
fn a_cursor_of_another_query_is_refused() {
    let index = harbour();
    let first = Query {
        limit: 1,
        ..Query::default()
    };
    let cursor = index.query(&first).unwrap().next;
    let other = Query {
        sort: Sort::Protocol,
        cursor,
        ..Query::default()
    };
    assert_eq!(index.query(&other), Err(BadQuery::OtherQuery));
}

#[test]
fn a_very_long_display_name_can_be_paged_over() {
    let mut index = Index::default();
    let long = "\u{1}".repeat(10_000);
    for name in ["a", "b", "c"] {
        index.upsert_row(row(
            "harbour",
            name,
            "uri",
            &json!({"openshift.io/display-name": long}),
        ));
    }
    let first = Query {
        limit: 1,
        sort: Sort::DisplayName,
        ..Query::default()
    };
    let cursor = index.query(&first).unwrap().next;
    let second = index.query(&Query { cursor, ..first }).unwrap();
    assert_eq!(names(&second), ["harbour/b"]);
}

#[rstest]
#[case(0)]
#[case(MAX_PAGE + 1)]
fn a_page_of_another_size_is_refused(#[case] limit: usize) {
    let query = Query {
        limit,
        ..Query::default()
    };
    assert_eq!(harbour().query(&query), Err(BadQuery::Limit));
}

#[test]
fn pages_go_on_where_they_ended_whatever_was_added_or_removed() {
    let mut index = harbour();
    let query = Query {
        limit: 2,
        ..Query::default()
    };
    let first = index.query(&query).unwrap();
    index.remove_row("harbour", "soundings");
    index.upsert_row(row("harbour", "anchors", "uri", &json!({})));
    index.upsert_row(row("harbour", "swell", "uri", &json!({})));
    let rest = index
        .query(&Query {
            cursor: first.next,
            ..query
        })
        .unwrap();
    assert_eq!(names(&rest), ["harbour/swell", "harbour/tides"]);
}

/// Kind and name of each user, with the fields.
fn users(index: &Index, name: &str) -> Vec<String> {
    let line = |user: User| {
        let via = user.places.iter().filter_map(|place| place.via.as_ref());
        let via: Vec<_> = via.map(ToString::to_string).collect();
        format!("{} via {via:?} owned by {:?}", user.object, user.owned_by)
    };
    index
        .users_of("harbour", name)
        .into_iter()
        .map(line)
        .collect()
}

#[test]
fn what_an_owner_hands_down_counts_once() {
    let mut index = harbour();
    index.upsert_object(puller(
        "apps/v1",
        "ReplicaSet",
        "web-1",
        &["charts"],
        Some("web"),
    ));
    index.upsert_object(puller("v1", "Pod", "web-1-a", &["charts"], Some("web-1")));
    index.upsert_object(puller("v1", "Pod", "web-1-b", &["charts"], Some("web-1")));
    assert_eq!(
        users(&index, "charts"),
        ["Deployment `web` via [] owned by None"]
    );
    assert_eq!(index.row("harbour", "charts").unwrap().used_by, Some(1));
}

#[test]
fn what_only_pods_say_is_told_of_their_owner_by_one_of_them() {
    let mut index = harbour();
    index.upsert_object(puller("apps/v1", "ReplicaSet", "web-1", &[], Some("web")));
    index.upsert_object(puller("v1", "Pod", "web-1-a", &["tides"], Some("web-1")));
    index.upsert_object(puller("v1", "Pod", "web-1-b", &["tides"], Some("web-1")));
    assert_eq!(
        users(&index, "tides"),
        ["Deployment `web` via [\"Pod `web-1-a`\"] owned by None"]
    );
}

#[test]
fn an_owner_that_is_not_looked_at_is_named() {
    let mut index = harbour();
    index.upsert_object(puller("v1", "Pod", "step", &["tides"], Some("elsewhere")));
    assert_eq!(
        users(&index, "tides"),
        ["Pod `step` via [] owned by Some(\"Workflow `nightly`\")"]
    );
}

#[test]
fn owners_in_a_circle_end() {
    let mut index = harbour();
    index.upsert_object(puller("apps/v1", "ReplicaSet", "a", &["tides"], Some("b")));
    index.upsert_object(puller("apps/v1", "ReplicaSet", "b", &["tides"], Some("a")));
    assert!(!users(&index, "tides").is_empty());
}

#[test]
fn a_copy_does_not_make_a_connection_used() {
    let config = json!({"metadata": {"name": "storage-config", "namespace": "harbour"}, "data": {"tides": null}});
    let mut index = harbour();
    let kind = Kind::named("v1", "Secret").unwrap();
    index.upsert_object(Object::read(kind, "v1", &config).unwrap());
    assert_eq!(index.users_of("harbour", "tides").len(), 1);
    assert_eq!(index.row("harbour", "tides").unwrap().used_by, Some(0));
    let used = index.query(&filter(|f| f.used = Some(true))).unwrap();
    assert_eq!(names(&used), ["harbour/charts"]);
}

#[test]
fn usage_lists_connections_and_not_other_secrets() {
    let mut index = harbour();
    index.upsert_object(puller("v1", "Pod", "a", &["charts", "certificate"], None));
    let used: Vec<_> = index.used().into_iter().map(|usage| usage.name).collect();
    assert_eq!(used, ["charts"]);
}

#[test]
fn where_nobody_looked_for_users_none_are_counted() {
    let mut index = Index::default();
    index.upsert_row(row("harbour", "tides", "uri", &json!({})));
    assert_eq!(index.row("harbour", "tides").unwrap().used_by, None);
}
