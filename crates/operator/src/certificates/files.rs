//! A certificate and key in two files of a folder, made by somebody else, such as cert-manager.
//! They are read again and again, since a mounted Secret changes by swapping symlinks, which
//! watching a file does not show.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bowline_core::Sensitive;

use super::{Pair, Serving, Unfit};

/// How often the files are read.
pub const EVERY: Duration = Duration::from_secs(10);

const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// Why the files cannot be served with.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// One cannot be read.
    #[error("cannot read `{}`: {source}; mount `tls.crt` and `tls.key`, or choose another folder with `--certificate-dir`", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// They hold something else.
    #[error("the files in `{}` cannot be served with: {source}", directory.display())]
    Unfit {
        /// Their folder.
        directory: PathBuf,
        /// Why.
        source: Unfit,
    },
}

/// The two files.
#[derive(Debug)]
pub struct Files {
    directory: PathBuf,
    serving: Serving,
    /// What is served, as read.
    seen: Option<(Vec<u8>, Sensitive)>,
}

impl Files {
    /// The files `tls.crt` and `tls.key` of a folder.
    pub fn new(directory: impl Into<PathBuf>, serving: Serving) -> Self {
        Self {
            directory: directory.into(),
            serving,
            seen: None,
        }
    }

    /// Reads the files, and serves with them where they changed.
    ///
    /// # Errors
    /// When they are no good; what is served stays as it is then.
    pub async fn reload(&mut self) -> Result<(), FilesError> {
        let certificate = read(&self.directory.join(CERTIFICATE)).await?;
        let key = Sensitive::new(read(&self.directory.join(KEY)).await?);
        let is_same = self.seen.as_ref().is_some_and(|(seen, seen_key)| {
            *seen == certificate && seen_key.expose() == key.expose()
        });
        if is_same {
            return Ok(());
        }
        let pair = Pair::read((CERTIFICATE, &certificate), (KEY, key.expose()));
        let pair = pair.map_err(|source| FilesError::Unfit {
            directory: self.directory.clone(),
            source,
        })?;
        tracing::info!(ends = %pair.facts.not_after, "serving with the certificate from files");
        self.serving.replace(pair);
        self.seen = Some((certificate, key));
        Ok(())
    }

    /// Keeps going until it is dropped. What goes wrong is logged once, and tried again.
    pub async fn run(mut self, every: Duration) {
        let mut said = None;
        loop {
            let problem = self.reload().await.err().map(|error| error.to_string());
            if let Some(problem) = problem.as_ref().filter(|now| said.as_ref() != Some(*now)) {
                tracing::error!(
                    error = problem,
                    "certificate not loaded; the last one stays"
                );
            }
            said = problem;
            tokio::time::sleep(every).await;
        }
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, FilesError> {
    tokio::fs::read(path)
        .await
        .map_err(|source| FilesError::Read {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests;
