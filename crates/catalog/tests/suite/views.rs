//! Views: what they show, that they follow changes, and that they end with the caller's rights.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bowline_catalog::index::{Filter, Query};
use bowline_catalog::view::{Look, Scope, Settings, View, Views, once};
use bowline_core::Kind;
use serde_json::json;

use crate::api::{TestApi, connection, deployment, notebook, until};

fn harbour() -> Scope {
    Scope::Namespace("harbour".to_owned())
}

fn names(view: &View) -> Vec<String> {
    let page = view.query(&Query::default()).expect("a good query");
    page.items.into_iter().map(|row| row.name).collect()
}

/// Views in which an answer about rights is never used twice.
fn doubtful() -> Views {
    Views::new(Settings {
        recheck: Duration::ZERO,
        ..Settings::default()
    })
}

async fn with_tides() -> Result<TestApi> {
    let api = TestApi::start().await?;
    api.create(connection("tides")).await?;
    Ok(api)
}

#[tokio::test]
async fn a_look_shows_connections_their_users_and_what_was_not_looked_at() -> Result<()> {
    let api = with_tides().await?;
    api.create(notebook("forecast", &["tides"])).await?;
    let pull = json!({"imagePullSecrets": [{"name": "tides"}]});
    api.create(deployment("web", &pull)).await?;
    let snapshot = once(&api.client, &harbour(), Look::Both).await?;
    let row = snapshot.row("harbour", "tides").unwrap();
    assert_eq!((row.keys, row.used_by), (vec!["URI".to_owned()], Some(2)));
    let users = snapshot.users("harbour", "tides");
    let users: Vec<_> = users.iter().map(|user| user.object.to_string()).collect();
    assert_eq!(users, ["Deployment `web`", "Notebook `forecast`"]);
    let not: Vec<_> = snapshot
        .not_looked_at()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        not.contains(&"DataSciencePipelinesApplication (not installed)".to_owned()),
        "{not:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_look_at_rows_says_nothing_about_users() -> Result<()> {
    let api = with_tides().await?;
    let snapshot = once(&api.client, &Scope::All, Look::Rows).await?;
    assert_eq!(snapshot.row("harbour", "tides").unwrap().used_by, None);
    Ok(())
}

#[tokio::test]
async fn kinds_that_may_not_be_listed_are_named() -> Result<()> {
    let api = with_tides().await?;
    api.allow("ada", &["list", "watch"], &["secrets", "pods"])
        .await?;
    let snapshot = once(&api.client_of("ada"), &harbour(), Look::Both).await?;
    let not: Vec<_> = snapshot
        .not_looked_at()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        not.contains(&"Notebook (you may not list it)".to_owned()),
        "{not:?}"
    );
    assert!(!not.iter().any(|text| text.starts_with("Pod ")), "{not:?}");
    Ok(())
}

#[tokio::test]
async fn more_connections_than_one_answer_holds_are_all_listed() -> Result<()> {
    let api = TestApi::start().await?;
    for n in 0..260 {
        api.create(connection(&format!("c-{n}"))).await?;
    }
    let snapshot = once(&api.client, &Scope::All, Look::Rows).await?;
    assert_eq!(
        snapshot
            .all(&Query {
                limit: 7,
                ..Query::default()
            })?
            .len(),
        260
    );
    Ok(())
}

#[tokio::test]
async fn a_view_follows_connections_that_come_change_and_go() -> Result<()> {
    let api = with_tides().await?;
    let views = Views::new(Settings::default());
    let view = views.of(&api.client, "tester", &harbour()).await?;
    assert_eq!(names(&view), ["tides"]);
    api.create(connection("charts")).await?;
    until(|| names(&view) == ["charts", "tides"]).await?;
    let description = json!({"metadata": {"annotations": {"openshift.io/description": "deep"}}});
    api.patch(&connection("charts"), description).await?;
    let is_deep = || {
        view.row("harbour", "charts")
            .is_some_and(|row| row.description.is_some())
    };
    until(is_deep).await?;
    api.delete(&connection("tides")).await?;
    until(|| names(&view) == ["charts"]).await?;
    let no_more =
        json!({"metadata": {"annotations": {"opendatahub.io/connection-type-protocol": null}}});
    api.patch(&connection("charts"), no_more).await?;
    until(|| names(&view).is_empty()).await
}

#[tokio::test]
async fn a_view_follows_users_that_come_and_go() -> Result<()> {
    let api = with_tides().await?;
    let views = Views::new(Settings::default());
    let view = views.of(&api.client, "tester", &Scope::All).await?;
    assert!(view.users("harbour", "tides").is_empty());
    api.create(notebook("forecast", &["tides"])).await?;
    until(|| view.users("harbour", "tides").len() == 1).await?;
    let used = Query {
        filter: Filter {
            used: Some(true),
            ..Filter::default()
        },
        ..Query::default()
    };
    assert_eq!(view.query(&used)?.total, 1);
    api.delete(&notebook("forecast", &[])).await?;
    until(|| view.users("harbour", "tides").is_empty()).await
}

#[tokio::test]
async fn a_caller_who_may_not_list_secrets_gets_no_view() -> Result<()> {
    let api = with_tides().await?;
    let views = Views::new(Settings::default());
    let refused = views.of(&api.client_of("ada"), "ada", &harbour()).await;
    assert_eq!(refused.map(|_| ()).unwrap_err().kind(), Kind::Forbidden);
    assert!(views.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_right_to_one_namespace_gives_no_view_of_all() -> Result<()> {
    let api = with_tides().await?;
    api.allow("ada", &["list", "watch"], &["*"]).await?;
    let views = Views::new(Settings::default());
    let ada = api.client_of("ada");
    assert_eq!(names(&*views.of(&ada, "ada", &harbour()).await?), ["tides"]);
    let refused = views.of(&ada, "ada", &Scope::All).await;
    assert_eq!(refused.map(|_| ()).unwrap_err().kind(), Kind::Forbidden);
    Ok(())
}

#[tokio::test]
async fn a_view_ends_when_the_right_is_taken_away() -> Result<()> {
    let api = with_tides().await?;
    api.allow("ada", &["list", "watch"], &["*"]).await?;
    let views = doubtful();
    let ada = api.client_of("ada");
    views.of(&ada, "ada", &harbour()).await?;
    api.allow("ada", &["list", "watch"], &["pods"]).await?;
    let refused = views.of(&ada, "ada", &harbour()).await;
    assert_eq!(refused.map(|_| ()).unwrap_err().kind(), Kind::Forbidden);
    assert!(views.is_empty());
    Ok(())
}

/// Lets time pass at once.
async fn later(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

/// Six seconds after an answer about rights, which holds for ten, somebody looks again; and then
/// nothing is asked any more.
async fn look_again(views: &Views, caller: &kube::Client, scope: &Scope) -> Result<()> {
    later(Duration::from_secs(6)).await;
    let view = views.of(caller, "ada", scope).await?;
    // The view's own, and ours; whoever asks has one more.
    until(|| Arc::strong_count(&view) == 2).await
}

#[tokio::test]
async fn whoever_keeps_looking_does_not_wait_for_an_answer_about_rights() -> Result<()> {
    let api = with_tides().await?;
    api.allow("ada", &["list", "watch"], &["*"]).await?;
    let views = Views::new(Settings::default());
    let ada = api.client_of("ada");
    views.of(&ada, "ada", &harbour()).await?;
    look_again(&views, &ada, &harbour()).await?;
    // The first answer would be twelve seconds old, the second one is six.
    api.allow("ada", &["list", "watch"], &["pods"]).await?;
    later(Duration::from_secs(6)).await;
    views.of(&ada, "ada", &harbour()).await?;
    Ok(())
}

#[tokio::test]
async fn a_right_that_is_gone_ends_a_view_in_time_though_it_was_asked_for_before() -> Result<()> {
    let api = with_tides().await?;
    api.allow("ada", &["list", "watch"], &["*"]).await?;
    let views = Views::new(Settings::default());
    let ada = api.client_of("ada");
    views.of(&ada, "ada", &harbour()).await?;
    api.allow("ada", &["list", "watch"], &["pods"]).await?;
    look_again(&views, &ada, &harbour()).await?;
    later(Duration::from_secs(6)).await;
    let refused = views.of(&ada, "ada", &harbour()).await;
    assert_eq!(refused.map(|_| ()).unwrap_err().kind(), Kind::Forbidden);
    Ok(())
}

#[tokio::test]
async fn users_of_a_kind_disappear_when_the_right_to_it_is_taken_away() -> Result<()> {
    let api = with_tides().await?;
    api.create(notebook("forecast", &["tides"])).await?;
    api.allow("ada", &["list", "watch"], &["*"]).await?;
    let views = doubtful();
    let ada = api.client_of("ada");
    assert_eq!(
        views
            .of(&ada, "ada", &harbour())
            .await?
            .users("harbour", "tides")
            .len(),
        1
    );
    api.allow("ada", &["list", "watch"], &["secrets"]).await?;
    let view = views.of(&ada, "ada", &harbour()).await?;
    assert!(view.users("harbour", "tides").is_empty());
    let not: Vec<_> = view
        .not_looked_at()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        not.contains(&"Notebook (you may not list it)".to_owned()),
        "{not:?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_same_caller_gets_the_same_view_and_others_their_own() -> Result<()> {
    let api = with_tides().await?;
    let views = Views::new(Settings::default());
    let first = views.of(&api.client, "ada", &harbour()).await?;
    let again = views.of(&api.client, "ada", &harbour()).await?;
    let other = views.of(&api.client, "bob", &harbour()).await?;
    assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &other));
    Ok(())
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_view() -> Result<()> {
    let api = with_tides().await?;
    let views = Views::new(Settings::default());
    let scope = harbour();
    let looks = (0..20).map(|_| views.of(&api.client, "ada", &scope));
    let looks = futures::future::try_join_all(looks).await?;
    assert!(looks.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])));
    Ok(())
}

#[tokio::test]
async fn the_view_that_was_not_used_for_longest_makes_room() -> Result<()> {
    let api = with_tides().await?;
    let views = Views::new(Settings {
        most: 2,
        ..Settings::default()
    });
    let first = views.of(&api.client, "first", &harbour()).await?;
    views.of(&api.client, "second", &harbour()).await?;
    views.of(&api.client, "first", &harbour()).await?;
    views.of(&api.client, "third", &harbour()).await?;
    assert_eq!(views.len(), 2);
    let again = views.of(&api.client, "first", &harbour()).await?;
    assert!(Arc::ptr_eq(&first, &again));
    Ok(())
}

#[tokio::test]
async fn many_small_views_stay_and_large_ones_make_room() -> Result<()> {
    let api = with_tides().await?;
    let of_size = |most_kept| Settings {
        most_kept,
        ..Settings::default()
    };
    for (most_kept, expected) in [(1000, 80), (0, 1)] {
        let views = Views::new(of_size(most_kept));
        for caller in 0..80 {
            views
                .of(&api.client, &caller.to_string(), &harbour())
                .await?;
        }
        assert_eq!(views.len(), expected);
    }
    Ok(())
}

#[tokio::test]
async fn a_view_that_nobody_uses_is_dropped() -> Result<()> {
    let api = with_tides().await?;
    let views = Views::new(Settings {
        unused: Duration::from_millis(200),
        ..Settings::default()
    });
    let view = Arc::downgrade(&views.of(&api.client, "ada", &harbour()).await?);
    until(|| views.is_empty() && view.upgrade().is_none()).await
}
