//! Events, as the recorder of kube-rs publishes them.

use k8s_openapi::api::core::v1::Event as CoreEvent;
use k8s_openapi::api::events::v1::Event as NewEvent;
use kube::Resource as _;
use kube::api::ListParams;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use super::Harbour;

fn tested(note: &str) -> Event {
    Event {
        type_: EventType::Warning,
        reason: "Unreachable".to_owned(),
        note: Some(note.to_owned()),
        action: "Test".to_owned(),
        secondary: None,
    }
}

#[tokio::test]
async fn an_event_that_comes_again_is_counted_and_another_one_is_told() {
    let harbour = Harbour::new().await;
    let secret = harbour.connect().await;
    let about = secret.object_ref(&());
    let reporter = Reporter {
        controller: "harbour.example/tester".to_owned(),
        instance: Some("tester-1".to_owned()),
    };
    let recorder = Recorder::new(harbour.client.clone(), reporter);
    for _ in 0..3 {
        let event = tested("no route to the bucket");
        recorder.publish(&event, &about).await.expect("published");
    }
    let mut other = tested("the bucket answers again");
    other.reason = "Reachable".to_owned();
    recorder.publish(&other, &about).await.expect("published");

    let ours = |name: &Option<String>| name.as_deref() == Some("soundings");
    let events = harbour.api::<NewEvent>();
    let all = events.list(&ListParams::default()).await;
    let mut told: Vec<_> = all
        .expect("a list")
        .into_iter()
        .filter(|event| {
            ours(
                &event
                    .regarding
                    .as_ref()
                    .and_then(|about| about.name.clone()),
            )
        })
        .map(|event| (event.reason, event.series.map(|series| series.count)))
        .collect();
    told.sort_unstable();
    let reason = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (reason("Reachable"), None),
            (reason("Unreachable"), Some(3))
        ]
    );

    // The older API shows the same objects, and finds them by whom they are about.
    let fields = "involvedObject.name=soundings,involvedObject.kind=Secret,reason=Unreachable";
    let found = harbour.api::<CoreEvent>();
    let found = found.list(&ListParams::default().fields(fields)).await;
    let found = found.expect("a list").items;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].series.as_ref().and_then(|series| series.count),
        Some(3)
    );
    assert_eq!(found[0].involved_object.uid, secret.metadata.uid);
}
