//! Waiting for something to become true, with an end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `probe` again and again until it says yes.
///
/// # Errors
/// When that takes more than a minute; the text then says what was waited for, and the last answer.
pub async fn until<F>(what: &str, mut probe: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<bool>>,
{
    let start = Instant::now();
    loop {
        let answer = probe().await;
        if matches!(answer, Ok(true)) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            match answer {
                Err(error) => return Err(error.context(format!("waited in vain until {what}"))),
                Ok(_) => bail!("waited in vain until {what}"),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
