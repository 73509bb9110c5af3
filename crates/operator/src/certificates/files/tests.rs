use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::certificates::make::{self, Made};
use crate::metrics::Metrics;

fn made(days: i64) -> Made {
    let now = Timestamp::now();
    let ends = now + jiff::SignedDuration::from_hours(24 * days);
    let authority = make::authority(now, ends).unwrap();
    make::serving(&["localhost".to_owned()], now, ends, &authority.key).unwrap()
}

fn put(folder: &Path, certificate: &str, key: &Sensitive) {
    fs::write(folder.join(CERTIFICATE), certificate).unwrap();
    fs::write(folder.join(KEY), key.expose()).unwrap();
}

fn files(folder: &TempDir) -> Files {
    Files::new(folder.path(), Serving::new(Arc::new(Metrics::default())))
}

#[tokio::test]
async fn files_that_change_are_served_with() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (made(10), made(20));
    let mut files = files(&folder);
    put(folder.path(), &first.certificate, &first.key);
    files.reload().await.unwrap();
    let ends = files.serving.ends();
    put(folder.path(), &second.certificate, &second.key);
    files.reload().await.unwrap();
    assert!(files.serving.ends() > ends);
}

#[tokio::test]
async fn swapped_symlinks_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, days) in [("old", 10), ("new", 20)] {
        let made = made(days);
        fs::create_dir(folder.path().join(name)).unwrap();
        put(&folder.path().join(name), &made.certificate, &made.key);
    }
    let data = folder.path().join("..data");
    symlink("old", &data).unwrap();
    for name in [CERTIFICATE, KEY] {
        symlink(Path::new("..data").join(name), folder.path().join(name)).unwrap();
    }
    let mut files = files(&folder);
    files.reload().await.unwrap();
    let ends = files.serving.ends();
    symlink("new", folder.path().join("..next")).unwrap();
    fs::rename(folder.path().join("..next"), &data).unwrap();
    files.reload().await.unwrap();
    assert!(files.serving.ends() > ends);
}

#[tokio::test]
async fn a_pair_that_does_not_match_is_refused_and_the_last_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (made(10), made(20));
    let mut files = files(&folder);
    put(folder.path(), &first.certificate, &first.key);
    files.reload().await.unwrap();
    let ends = files.serving.ends();
    put(folder.path(), &second.certificate, &first.key);
    let error = files.reload().await.unwrap_err().to_string();
    assert!(error.contains("do not make a pair"), "{error}");
    assert_eq!(files.serving.ends(), ends);
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = files(&folder).reload().await.unwrap_err().to_string();
    assert!(error.contains("tls.crt"), "{error}");
}
