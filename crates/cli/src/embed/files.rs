//! The small files of `bowline up`: made for their owner only, and refused when others can read
//! what must stay secret. The store and the TLS keys are left to the API server.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use bowline_apiserver::Token;
use bowline_apiserver::tls::replace_private;

use super::administrator;
use crate::failure::{Failure, Kind};

/// Hexadecimal digits of the administrator's token; a shorter one could be guessed.
const DIGITS: usize = 64;

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
                return Err(no_good(path, "can be read by others"));
            }
            let is_whole = text.trim().len() == DIGITS && text.trim().bytes().all(is_digit);
            if !is_whole {
                return Err(no_good(path, "is not one that `bowline up` made"));
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
    replace_private(path, content.as_bytes()).map_err(|error| unusable(path, &error))
}

const fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn no_good(path: &Path, why: &str) -> Failure {
    let what = format!("the token in `{}` {why}", path.display());
    let help = format!("remove it, a new one will be made: rm {}", path.display());
    Failure::new(Kind::Usage, what).help(help)
}

fn unusable(path: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Kind::Usage, format!("`{}` cannot be used", path.display()))
        .caused_by(error)
        .help("choose another folder with `--data`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_cut_off_is_not_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        for content in ["", "0123456789abcdef", &"x".repeat(DIGITS)] {
            write(&path, content).expect("written");
            let refused = format!("{:?}", token(&path).expect_err("no token"));
            assert!(refused.contains("a new one will be made"), "{refused}");
        }
    }

    #[test]
    fn a_token_lives_through_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let made = token(&path).expect("a new one");
        let read = token(&path).expect("the same");
        assert_eq!(made.secret(), read.secret());
    }
}
