//! No route but the one for values ever puts out a value: all of the document, with canaries in
//! every field, and with bodies that are wrong in all ways.

use anyhow::Result;
use bowline_testkit::Canaries;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::matrix::{Operation, operations};
use crate::world::{Who, World};

/// All that an answer holds.
async fn output(answer: Response) -> Result<String> {
    let head = format!("{:?} {:?}", answer.status(), answer.headers());
    Ok(format!("{head} {}", answer.text().await?))
}

fn connection(canaries: &mut Canaries, where_: &str) -> Value {
    let mut plant = |key: &str| canaries.plant(format!("{where_}, {key}"));
    json!({
        "type": "s3", "displayName": "Tides",
        "values": {
            "AWS_ACCESS_KEY_ID": plant("AWS_ACCESS_KEY_ID"), "AWS_SECRET_ACCESS_KEY": plant("AWS_SECRET_ACCESS_KEY"),
            "AWS_S3_ENDPOINT": format!("https://me:{}@s3.example.org", plant("userinfo")),
            "AWS_S3_BUCKET": plant("AWS_S3_BUCKET"), "AWS_DEFAULT_REGION": plant("AWS_DEFAULT_REGION"),
        },
    })
}

/// Stores it as `kubectl` would, which asks nobody whether places hold logins.
async fn store(world: &World, connection: &Value) -> Result<()> {
    let annotations = json!({
        "opendatahub.io/connection-type-ref": "s3",
        "opendatahub.io/connection-type-protocol": "s3",
    });
    world
        .create(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "tides", "namespace": "team-a", "annotations": annotations},
            "stringData": connection["values"],
        }))
        .await
}

/// Bodies that hold canaries where they should and where they should not be.
fn bodies(canaries: &mut Canaries, id: &str) -> Vec<Value> {
    let whole = connection(canaries, id);
    let mut plant = |how: &str| canaries.plant(format!("{id}, {how}"));
    vec![
        whole.clone(),
        json!({"values": whole["values"]}),
        json!({"connection": whole}),
        json!({"change": {"values": whole["values"]}}),
        json!({"connection": plant("a text for a connection"), "path": 7}),
        json!({"type": "uri-v1", "displayName": "Other", "values": {"URI": plant("a wrong URI")}}),
        json!({"type": "oci-v1", "values": {".dockerconfigjson": plant("no docker config"), "OCI_HOST": plant("no host")}}),
        json!({"type": "s3", "values": {"AWS_S3_BUCKET": {"content": plant("a file for a text")}, "UNKNOWN": plant("an unknown field")}}),
        json!({"type": {"secret": plant("an object for a text")}}),
        json!({"values": [plant("a list for an object")]}),
        json!({"isEnabled": plant("a text for a boolean")}),
        json!(plant("a text for an object")),
    ]
}

async fn all_of(
    world: &World,
    operation: &Operation,
    canaries: &mut Canaries,
) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    for who in Who::ALL {
        if operation.body.is_none() {
            let request = world.request(
                who,
                operation.method.clone(),
                &format!("{}?dryRun=All", operation.path),
            );
            seen.push(output(request.send().await?).await?);
            seen.push(
                output(
                    world
                        .request(who, Method::GET, &operation.path)
                        .send()
                        .await?,
                )
                .await?,
            );
            continue;
        }
        for body in bodies(canaries, &operation.id) {
            for path in [
                format!("{}?dryRun=All", operation.path),
                operation.path.clone(),
            ] {
                let request = world.request(who, operation.method.clone(), &path);
                seen.push(output(request.json(&body).send().await?).await?);
            }
        }
    }
    Ok(seen)
}

#[tokio::test]
async fn no_route_but_that_for_values_puts_out_a_value() -> Result<()> {
    let (_, operations) = operations()?;
    let mut canaries = Canaries::default();
    let world = World::with(|settings| {
        settings.limits.rate.burst = 100_000;
        settings.testing.rate.burst = 100_000;
    })
    .await?;
    let stored = connection(&mut canaries, "the stored connection");
    store(&world, &stored).await?;
    let others = operations
        .iter()
        .filter(|operation| operation.id != "readValues");
    for operation in others {
        for text in all_of(&world, operation, &mut canaries).await? {
            let leaks = canaries.leaks(&text);
            assert!(
                leaks.is_empty(),
                "{}: {leaks:?} in {}",
                operation.id,
                text.len()
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn values_go_to_nobody_who_may_not_read_the_secret() -> Result<()> {
    let mut canaries = Canaries::default();
    let world = World::new().await?;
    let stored = connection(&mut canaries, "the stored connection");
    store(&world, &stored).await?;
    let path = "/api/v1/projects/team-a/connections/tides/values";
    for (who, leaks) in [(Who::Anonymous, 0), (Who::Other, 0), (Who::Viewer, 5)] {
        let seen = output(world.get(who, path).await?).await?;
        assert_eq!(canaries.leaks(&seen).len(), leaks, "{who:?}");
    }
    Ok(())
}
