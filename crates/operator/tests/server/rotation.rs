//! Certificates from files that change under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bowline_operator::certificates::files::Files;
use bowline_operator::listen::Limits;
use bowline_operator::{Metrics, Serving};
use serde_json::json;
use tokio::time::interval;

use crate::authority::Authority;
use crate::client::Trust;
use crate::world::serve;

const ROTATIONS: usize = 30;
const CLIENTS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_the_certificate_changes_ten_times_a_second() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let metrics = Arc::new(Metrics::default());
    let serving = Serving::new(Arc::clone(&metrics));
    authority.put(folder.path());
    let mut files = Files::new(folder.path(), serving.clone());
    files.reload().await.unwrap();
    let address = serve(Limits::default(), &serving, Arc::new(()), &metrics);
    let trust = Trust::in_pem(&authority.certificate);
    let is_over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (trust, is_over, answered) =
                (trust.clone(), Arc::clone(&is_over), Arc::clone(&answered));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let answer = trust.post(address, "/mutate", &json!({})).await;
                    assert_eq!(answer.expect("the request is answered").code, 400);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut clock = interval(Duration::from_millis(100));
    for _ in 0..ROTATIONS {
        clock.tick().await;
        authority.put(folder.path());
        files.reload().await.unwrap();
    }
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no request failed");
    }
    let answered = answered.load(Ordering::Relaxed);
    println!("{answered} requests over {ROTATIONS} certificates, none failed");
    assert!(answered >= ROTATIONS);
}
