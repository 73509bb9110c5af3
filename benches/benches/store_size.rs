//! What a large store costs: the time until `bowline up` is ready, and its memory once its controllers
//! have seen everything, beside an empty one. Needs `cargo build --release -p bowline`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use bowline_benches::secrets::fill;
use bowline_benches::{Spread, release_binary, resident};
use bowline_testkit::server::Server;

const STARTS: usize = 7;
/// How many Secrets, and the memory that they may take in MB.
const SIZES: [(usize, u32); 2] = [(10_000, 60), (100_000, 200)];
/// Memory counts once it has not grown for so long.
const SETTLED: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<()> {
    let binary = release_binary()?;
    let empty = tempfile::tempdir()?;
    drop(Server::start_with(&binary, empty.path(), "warn")?);
    for (secrets, limit) in SIZES {
        let full = tempfile::tempdir()?;
        fill(&full.path().join("store.sqlite"), secrets).await?;
        drop(Server::start_with(&binary, full.path(), "warn")?);
        ready(&binary, secrets, full.path(), empty.path())?;
        memory(&binary, secrets, limit, full.path(), empty.path())?;
    }
    Ok(())
}

fn ready(binary: &Path, secrets: usize, full: &Path, empty: &Path) -> Result<()> {
    let start = |data: &Path| -> Result<f64> {
        let start = Instant::now();
        let server = Server::start_with(binary, data, "warn")?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        drop(server);
        Ok(took)
    };
    let mut pairs = Vec::new();
    for _ in 0..STARTS {
        pairs.push((start(full)?, start(empty)?));
    }
    let of = |pick: fn(&(f64, f64)) -> f64| Spread::of(pairs.iter().map(pick).collect());
    let (ours, other, ratio) = (of(|pair| pair.0), of(|pair| pair.1), of(|p| p.0 / p.1));
    anstream::println!(
        "bowline up until ready with {secrets} Secrets: {:.1} ms ({:.1} to {:.1}), goal less than 150 ms; \
         ratio {:.2} to a store without any ({:.1} ms)",
        ours.median,
        ours.least,
        ours.most,
        ratio.median,
        other.median,
    );
    Ok(())
}

fn memory(binary: &Path, secrets: usize, limit: u32, full: &Path, empty: &Path) -> Result<()> {
    let (now, most) = settled(binary, full)?;
    let (least, _) = settled(binary, empty)?;
    anstream::println!(
        "resident memory with {secrets} Secrets of 1 kB: {now:.0} MB, peak {most:.0} MB, goal less than {limit} MB; \
         ratio {:.1} to {least:.0} MB without any",
        now / least,
    );
    Ok(())
}

/// Memory now and at most, once the server has come to rest.
fn settled(binary: &Path, data: &Path) -> Result<(f64, f64)> {
    let server = Server::start_with(binary, data, "warn")?;
    let mut last = (Instant::now(), 0.0_f64);
    while last.0.elapsed() < SETTLED {
        std::thread::sleep(SETTLED / 10);
        let most = resident(server.id(), "VmHWM")?;
        if most > last.1 + 0.5 {
            last = (Instant::now(), most);
        }
    }
    Ok((resident(server.id(), "VmRSS")?, last.1))
}
