//! The API server refuses a share of what is asked, is slow, and cuts answers: everything comes to
//! be as it should, once, and an object that cannot be written delays no other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Fault, Installation, Passed, Proxy, own, until};
use http::{Method, StatusCode};
use serde_json::json;

use super::scene::Scene;

/// How many workloads use each connection.
const USERS: usize = 10;
const CONNECTIONS: [&str; 3] = ["models", "charts", "soundings"];

/// Half of all requests pass as they are.
fn storm(asked: &Passed) -> Fault {
    match asked.number % 20 {
        0 | 7 => Fault::Refuse(StatusCode::TOO_MANY_REQUESTS),
        3 | 11 => Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR),
        5 => Fault::Refuse(StatusCode::SERVICE_UNAVAILABLE),
        9 | 17 => Fault::Cut,
        13 | 15 => Fault::Delay(Duration::from_millis(asked.number % 7 * 100)),
        // One in a hundred takes up to 20 s.
        19 if asked.number % 100 == 99 => Fault::Delay(Duration::from_secs(asked.number % 21)),
        _ => Fault::None,
    }
}

#[tokio::test]
async fn in_a_storm_every_status_is_written_and_none_twice() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "storm").await?;
    let proxy = Proxy::start(&cluster).await?;
    let operator = Installation::new(&[])?.start(&proxy.kubeconfig()).await?;
    let mut names = Vec::new();
    for connection in CONNECTIONS {
        scene.secret(connection, "1").await?;
        for n in 0..USERS {
            let name = format!("{connection}-{n}");
            scene.notebook(&name, connection).await?;
            names.push(name);
        }
    }
    scene.until_all(&names, "current").await?;
    let before = scene.statuses().await?;
    proxy.set(storm);
    proxy.cut();
    let start = Instant::now();
    for connection in CONNECTIONS {
        scene.secret(connection, "2").await?;
    }
    scene.until_all(&names, "stale").await?;
    println!(
        "all told after {:.1} s of storm",
        start.elapsed().as_secs_f32()
    );
    proxy.set(|_| Fault::None);
    scene.ensure_changed_once(&names, &before).await?;
    drop(operator);
    Ok(())
}

#[tokio::test]
async fn an_object_that_cannot_be_written_delays_no_other() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "one-bad").await?;
    let proxy = Proxy::start(&cluster).await?;
    let operator = Installation::new(&[])?.start(&proxy.kubeconfig()).await?;
    operator.until_leading().await?;
    scene.secret("models", "1").await?;
    let bad: Vec<String> = (0..4).map(|n| format!("bad-{n}")).collect();
    let good: Vec<String> = (0..USERS).map(|n| format!("good-{n}")).collect();
    for name in bad.iter().chain(&good) {
        scene.notebook(name, "models").await?;
    }
    scene.until_all(&bad, "current").await?;
    scene.until_all(&good, "current").await?;
    let is_bad = |asked: &Passed| asked.path.contains("/notebooks/bad-");
    proxy.set(move |asked| match asked.method {
        // Some fail at once, some after a long wait.
        _ if !is_bad(asked) => Fault::None,
        Method::GET if asked.path.ends_with("-0") => Fault::Hold,
        _ => Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR),
    });
    let start = Instant::now();
    scene.secret("models", "2").await?;
    scene.until_all(&good, "stale").await?;
    let time = start.elapsed();
    println!("others were told after {:.1} s", time.as_secs_f32());
    ensure!(time < Duration::from_secs(5), "others waited {time:?}");
    until("the bad ones were tried again", || async {
        Ok(operator.said("bad-1") >= 3)
    })
    .await?;
    let pauses = pauses(&operator.log(), "bad-1")?;
    ensure!(pauses.is_sorted(), "pauses do not grow: {pauses:?}");
    proxy.set(|_| Fault::None);
    scene.secret("models", "3").await?;
    scene.until_all(&bad, "stale").await?;
    Ok(())
}

#[tokio::test]
async fn an_object_that_cannot_be_read_makes_nobody_wait_not_even_at_times() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "one-slow").await?;
    let proxy = Proxy::start(&cluster).await?;
    let operator = Installation::new(&[])?.start(&proxy.kubeconfig()).await?;
    operator.until_leading().await?;
    for (name, connection) in [("slow", "models"), ("quick", "charts")] {
        scene.secret(connection, "1").await?;
        scene.notebook(name, connection).await?;
        scene.until(name, "current").await?;
    }
    proxy.set(|asked| {
        let is_slow = asked.method == Method::GET && asked.path.ends_with("/notebooks/slow");
        if is_slow { Fault::Hold } else { Fault::None }
    });
    scene.secret("models", "2").await?;
    until("it is being read", || async { Ok(proxy.held() > 0) }).await?;
    let mut longest = Duration::ZERO;
    for change in 0..10_u64 {
        // In step with nothing that the leader does at regular times.
        tokio::time::sleep(Duration::from_millis(1700 + 137 * change)).await;
        let (value, state) = if change % 2 == 0 {
            ("2", "stale")
        } else {
            ("1", "current")
        };
        let start = Instant::now();
        scene.secret("charts", value).await?;
        scene.until("quick", state).await?;
        longest = longest.max(start.elapsed());
    }
    println!("told after {:.2} s at most", longest.as_secs_f32());
    // Not for as long as the slow one, and a machine that stands still for a moment is not meant.
    ensure!(longest < Duration::from_secs(4), "waited {longest:?}");
    // Whoever looks after it hears of the slow one.
    until("it is told that it was not read", || async {
        Ok(operator.said("not reconciled") >= 1)
    })
    .await
}

#[tokio::test]
async fn who_is_told_to_come_again_later_does_not_come_sooner() -> Result<()> {
    const PAUSE: u64 = 4;
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "busy").await?;
    let proxy = Proxy::start(&cluster).await?;
    let operator = Installation::new(&[])?.start(&proxy.kubeconfig()).await?;
    operator.until_leading().await?;
    scene.secret("models", "1").await?;
    scene.notebook("lab", "models").await?;
    scene.until("lab", "current").await?;
    let times = Arc::<Mutex<Vec<Instant>>>::default();
    let tried = Arc::clone(&times);
    proxy.set(move |asked| {
        if asked.method != Method::PATCH || !asked.path.ends_with("/notebooks/lab") {
            return Fault::None;
        }
        let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.push(Instant::now());
        if tried.len() == 1 {
            Fault::Busy(PAUSE)
        } else {
            Fault::None
        }
    });
    scene.secret("models", "2").await?;
    scene.until("lab", "stale").await?;
    let times = times.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let [first, second, ..] = times[..] else {
        anyhow::bail!("it did not come again");
    };
    let pause = second - first;
    ensure!(pause >= Duration::from_secs(PAUSE), "after {pause:?}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_listed_is_not_taken_for_gone() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "unlisted").await?;
    let proxy = Proxy::start(&cluster).await?;
    let installation = Installation::new(&[])?;
    let mut operator = installation.start(&proxy.kubeconfig()).await?;
    scene.model("llm", "store").await?;
    scene.until_has("store", true).await?;
    operator.signal("TERM")?;
    operator.ended(Duration::from_secs(10)).await?;

    proxy.set(|asked| match asked.path.ends_with("/inferenceservices") {
        true => Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR),
        false => Fault::None,
    });
    let operator = installation.start(&proxy.kubeconfig()).await?;
    operator.until_leading().await?;
    // What is not about models goes on.
    scene.secret("charts", "1").await?;
    scene.notebook("lab", "charts").await?;
    scene.until("lab", "current").await?;
    // A change of the entries makes them be looked at.
    let touched = json!({"metadata": {"labels": {"colour": "blue"}}});
    let entries = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "storage-config"},
    });
    scene.patch(&entries, &touched).await?.granted()?;
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        ensure!(scene.has("store").await?, "the entry was taken away");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Once models can be listed, one that is gone takes its entry with it.
    let model = json!({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {"name": "llm"},
    });
    scene.delete(&model).await?.granted()?;
    proxy.set(|_| Fault::None);
    scene.until_has("store", false).await
}

/// The times between the lines of a log that contain this text.
fn pauses(log: &str, text: &str) -> Result<Vec<f64>> {
    let lines = log.lines().filter(|line| line.contains(text));
    let times = lines.map(|line| {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let time = line["timestamp"].as_str().context("no time")?;
        let time: k8s_openapi::jiff::Timestamp = time.parse()?;
        anyhow::Ok(time.as_duration().as_secs_f64())
    });
    let times: Vec<f64> = times.collect::<Result<_>>()?;
    Ok(times.windows(2).map(|pair| pair[1] - pair[0]).collect())
}
