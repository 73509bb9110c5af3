//! The small files of `bowline up`: made for their owner only, and refused when others can read
//! what must stay secret. The store and the TLS keys are left to the API server.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use bowline_apiserver::Token;

use super::administrator;
use crate::failure::{Failure, Kind};

/// Makes a folder that only its owner can enter; one that exists stays as it is.
pub(super) fn make_private(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| unusable(folder, &error))
}

/// The administrator's token: the stored one, so that a kubeconfig lives through a restart, else a
/// new one.
pub(super) fn token(path: &Path) -> Result<Token, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path)
                .map_err(|error| unusable(path, &error))?
                .permissions()
                .mode();
            if mode & 0o077 != 0 {
                let what = format!("the token in `{}` can be read by others", path.display());
                return Err(Failure::new(Kind::Usage, what).help(format!(
                    "remove it, a new one will be made: rm {}",
                    path.display()
                )));
            }
            Ok(Token::new(text.trim(), administrator()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = Token::random(administrator()).map_err(|error| unusable(path, &error))?;
            write(path, token.secret())?;
            Ok(token)
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

/// Writes a file that only its owner can read.
pub(super) fn write(path: &Path, content: &str) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()));
    written.map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Kind::Usage, format!("`{}` cannot be used", path.display()))
        .caused_by(error)
        .help("choose another folder with `--data`")
}
