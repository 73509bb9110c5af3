use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use rstest::rstest;
use tokio::sync::Notify;

use super::*;

/// Counts what it is asked; answers what it is told to, once `gate` lets it.
#[derive(Debug)]
struct Asked {
    calls: AtomicUsize,
    reads: AtomicUsize,
    says: Mutex<Says>,
    gate: Option<Notify>,
}

#[derive(Debug, Clone, Copy)]
enum Says {
    Allowed,
    Denied,
    Error,
}

impl Asked {
    fn new(says: Says) -> Self {
        Self {
            calls: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            says: Mutex::new(says),
            gate: None,
        }
    }

    fn now_says(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }
}

impl Cluster for Asked {
    async fn secret(&self, _: &str, _: &str) -> Result<Option<Secret>, ClusterError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Ok(None)
    }

    async fn may_get_secret(&self, _: &User, _: &str, _: &str) -> Result<bool, ClusterError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        match *self.says.lock().unwrap() {
            Says::Allowed => Ok(true),
            Says::Denied => Ok(false),
            Says::Error => Err(ClusterError::Api("no answer".to_owned())),
        }
    }

    async fn may_record(&self, _: &User, _: &str, _: &str) -> Result<bool, ClusterError> {
        Ok(false)
    }

    async fn ensure_account(&self, _: &str, _: &Account) -> Result<(), ClusterError> {
        Ok(())
    }
}

fn rights(cluster: Asked) -> Rights<Asked> {
    Rights::new(cluster, Arc::default())
}

fn calls(rights: &Rights<Asked>) -> usize {
    rights.cluster.calls.load(Ordering::SeqCst)
}

fn ada() -> User {
    User {
        name: "ada".to_owned(),
        uid: Some("1".to_owned()),
        groups: vec!["crew".to_owned()],
        extra: [("scopes".to_owned(), vec!["a".to_owned()])].into(),
    }
}

async fn may(rights: &Rights<Asked>, user: &User) -> Result<bool, ClusterError> {
    rights.may_get_secret(user, "harbour", "soundings").await
}

#[tokio::test(start_paused = true)]
async fn allowed_is_asked_once_in_ten_seconds() {
    let rights = rights(Asked::new(Says::Allowed));
    for _ in 0..10 {
        assert!(may(&rights, &ada()).await.unwrap());
        tokio::time::advance(Duration::from_millis(999)).await;
    }
    assert_eq!(calls(&rights), 1);
}

#[tokio::test(start_paused = true)]
async fn a_right_that_was_taken_away_is_gone_after_ten_seconds() {
    let rights = rights(Asked::new(Says::Allowed));
    assert!(may(&rights, &ada()).await.unwrap());
    rights.cluster.now_says(Says::Denied);
    tokio::time::advance(FRESH).await;
    assert!(!may(&rights, &ada()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_right_that_was_just_granted_holds_at_once() {
    let rights = rights(Asked::new(Says::Denied));
    assert!(!may(&rights, &ada()).await.unwrap());
    rights.cluster.now_says(Says::Allowed);
    assert!(may(&rights, &ada()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn an_error_is_not_kept() {
    let rights = rights(Asked::new(Says::Error));
    assert!(may(&rights, &ada()).await.is_err());
    rights.cluster.now_says(Says::Allowed);
    assert!(may(&rights, &ada()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn whether_a_secret_exists_is_read_each_time() {
    let rights = rights(Asked::new(Says::Allowed));
    for _ in 0..3 {
        rights.secret("harbour", "soundings").await.unwrap();
    }
    assert_eq!(rights.cluster.reads.load(Ordering::SeqCst), 3);
}

#[rstest]
#[case::name(User { name: "bob".to_owned(), ..ada() })]
#[case::uid(User { uid: None, ..ada() })]
#[case::groups(User { groups: vec![], ..ada() })]
#[case::extra(User { extra: BTreeMap::new(), ..ada() })]
#[tokio::test(start_paused = true)]
async fn an_answer_is_for_exactly_one_identity(#[case] other: User) {
    let rights = rights(Asked::new(Says::Allowed));
    assert!(may(&rights, &ada()).await.unwrap());
    rights.cluster.now_says(Says::Denied);
    assert!(!may(&rights, &other).await.unwrap());
}

#[rstest]
#[case::namespace("inland", "soundings")]
#[case::name("harbour", "tides")]
#[tokio::test(start_paused = true)]
async fn an_answer_is_for_exactly_one_secret(#[case] namespace: &str, #[case] name: &str) {
    let rights = rights(Asked::new(Says::Allowed));
    assert!(may(&rights, &ada()).await.unwrap());
    rights.cluster.now_says(Says::Denied);
    let answer = rights.may_get_secret(&ada(), namespace, name).await;
    assert!(!answer.unwrap());
}

#[rstest]
#[case::allowed(Says::Allowed)]
#[case::denied(Says::Denied)]
#[case::error(Says::Error)]
#[tokio::test(start_paused = true)]
async fn the_same_question_at_the_same_time_is_put_once(#[case] says: Says) {
    let gate = Some(Notify::new());
    let rights = rights(Asked {
        gate,
        ..Asked::new(says)
    });
    let user = ada();
    let ask = || async { may(&rights, &user).await.map_err(|error| error.to_string()) };
    let open = async {
        while calls(&rights) == 0 {
            tokio::task::yield_now().await;
        }
        rights.cluster.gate.as_ref().unwrap().notify_waiters();
        "open"
    };
    let (answers, _) = futures::join!(join_all((0..50).map(|_| ask())), open);
    assert_eq!(calls(&rights), 1);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test(start_paused = true)]
async fn one_who_gives_up_does_not_take_the_answer_from_others() {
    let rights = Arc::new(rights(Asked {
        gate: Some(Notify::new()),
        ..Asked::new(Says::Allowed)
    }));
    let start = |rights: &Arc<Rights<Asked>>| {
        let rights = Arc::clone(rights);
        tokio::spawn(async move { may(&rights, &ada()).await.unwrap() })
    };
    let (first, second) = (start(&rights), start(&rights));
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    rights.cluster.gate.as_ref().unwrap().notify_one();
    assert!(second.await.unwrap());
    assert_eq!(calls(&rights), 1);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_waits_for_is_forgotten() {
    let rights = rights(Asked {
        gate: Some(Notify::new()),
        ..Asked::new(Says::Allowed)
    });
    let given_up = tokio::time::timeout(Duration::from_secs(1), may(&rights, &ada())).await;
    assert!(given_up.is_err());
    assert!(lock(&rights.known).under_way.is_empty());
    rights.cluster.gate.as_ref().unwrap().notify_one();
    assert!(may(&rights, &ada()).await.unwrap());
    assert_eq!(calls(&rights), 2);
}

#[tokio::test(start_paused = true)]
async fn no_more_answers_than_the_capacity_are_kept() {
    let rights = rights(Asked::new(Says::Allowed));
    for number in 0..CAPACITY + 100 {
        let name = number.to_string();
        let answer = rights.may_get_secret(&ada(), "harbour", &name).await;
        assert!(answer.unwrap());
    }
    let known = lock(&rights.known);
    assert_eq!(
        (known.allowed.len(), known.order.len()),
        (CAPACITY, CAPACITY)
    );
    let kept = |name: &str| {
        known.allowed.contains_key(&Question {
            user: ada(),
            namespace: "harbour".to_owned(),
            name: name.to_owned(),
        })
    };
    assert!(!kept("99") && kept("100"), "the oldest go first");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_fresh_takes_no_room() {
    let rights = rights(Asked::new(Says::Allowed));
    for number in 0..100 {
        let name = number.to_string();
        let answer = rights.may_get_secret(&ada(), "harbour", &name).await;
        assert!(answer.unwrap());
    }
    tokio::time::advance(FRESH).await;
    may(&rights, &ada()).await.unwrap();
    assert_eq!(lock(&rights.known).allowed.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_answers_came_from_is_counted() {
    let rights = rights(Asked::new(Says::Allowed));
    may(&rights, &ada()).await.unwrap();
    may(&rights, &ada()).await.unwrap();
    let text = rights.metrics.encode();
    for line in [
        "bowline_access_reviews_total{outcome=\"asked\"} 1",
        "bowline_access_reviews_total{outcome=\"cached\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
}
