//! The embedded API answers as kube-apiserver does, but for what is listed.

mod page;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};
use bowline_cluster_tests::Cluster;
use bowline_cluster_tests::differential::{
    self, Answer, Differences, Embedded, Script, folder, play, scripts,
};

/// Set to `1`, stores what a real kube-apiserver answers.
const UPDATE: &str = "UPDATE_DIFFERENTIAL";
/// What is known to differ from kube-apiserver.
const DIFFERENCES: &str = "differences.yaml";
/// What kube-apiserver itself does not answer twice in the same words.
const UNSTEADY: &str = "unsteady.yaml";
/// What people were promised.
const FEWEST: usize = 400;

#[tokio::test]
async fn the_embedded_api_answers_as_kube_apiserver_does() -> Result<()> {
    let scripts = scripts(&folder())?;
    let real = real(&scripts).await?;
    let embedded = Embedded::start().await?;
    let ours = play_all(&scripts, embedded.config().await?).await?;
    embedded.stop().await;
    let verdict = Differences::load(&folder().join(DIFFERENCES))?.judge(&real, &ours);
    let count = real.len();
    let (equal, listed, unexplained) = (verdict.equal, verdict.listed, verdict.unexplained.len());
    writeln!(
        std::io::stderr(),
        "{count} requests: {equal} equal, {listed} listed, {unexplained} unexplained"
    )?;
    ensure!(
        unexplained == 0,
        "{unexplained} of {count} unexplained:\n{}",
        verdict.unexplained.join("\n")
    );
    ensure!(
        verdict.stale.is_empty(),
        "listed, but not there any more:\n{}",
        verdict.stale.join("\n")
    );
    Ok(())
}

#[test]
fn there_are_as_many_requests_as_promised() -> Result<()> {
    let count: usize = scripts(&folder())?.iter().map(Script::len).sum();
    ensure!(count >= FEWEST, "{count} requests");
    Ok(())
}

/// A real kube-apiserver's answers as they are stored; where there is one, it must still give the
/// same, but for what is known to be unsteady.
async fn real(scripts: &[Script]) -> Result<Vec<Answer>> {
    let stored = differential::read(&folder())?;
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").filter(|folder| !folder.is_empty());
    let Some(assets) = assets else {
        return Ok(stored);
    };
    let cluster = Cluster::start(Path::new(&assets)).await?;
    let fresh = play_all(scripts, cluster.config().await?).await?;
    if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
        differential::write(&folder(), &fresh)?;
        return Ok(fresh);
    }
    let verdict = Differences::load(&folder().join(UNSTEADY))?.judge(&stored, &fresh);
    let ids = |answers: &[Answer]| answers.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    ensure!(
        verdict.unexplained.is_empty() && ids(&stored) == ids(&fresh),
        "the stored answers are not those of kube-apiserver; set {UPDATE}=1 to store these, after a look:\n{}",
        verdict.unexplained.join("\n")
    );
    Ok(stored)
}

async fn play_all(scripts: &[Script], mut config: kube::Config) -> Result<Vec<Answer>> {
    // Each answer counts, and not what comes of asking again.
    config.default_retry = false;
    let client = kube::Client::try_from(config)?;
    let mut answers = Vec::new();
    for script in scripts {
        answers.extend(play(script, &client).await?);
    }
    Ok(answers)
}
