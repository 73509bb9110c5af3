//! Why `bowline up` cannot be served, with what to do about each cause. The errors of the embedded
//! servers name files, ports and versions, never values.

use std::error::Error;

use bowline_apiserver::OpenError;
use bowline_apiserver::store::StoreError;

use crate::failure::{Failure, Kind};

const WHAT: &str = "the embedded API cannot be served";
const LOOK: &str = "look at the cause; `--data` chooses another folder for the state";

/// A failure of the embedded servers.
pub(super) fn at_fault(error: &(dyn Error + 'static)) -> Failure {
    Failure::new(Kind::Unavailable, WHAT)
        .caused_by(error)
        .help(LOOK)
}

/// That the state cannot be opened.
pub(super) fn unopened(error: &OpenError) -> Failure {
    let help = match error {
        OpenError::Store(error) => remedy(error),
        _ => LOOK,
    };
    at_fault(error).help(help)
}

/// A store that is left aside for another folder is lost to whoever needs what is in it.
const fn remedy(error: &StoreError) -> &'static str {
    match error {
        StoreError::InUse { .. } => "stop the other `bowline up`, which serves this state already",
        StoreError::KeyMissing { .. } | StoreError::KeyGone { .. } => {
            "put the key file back, or name it with `--key-file`"
        }
        StoreError::WrongKey { .. } | StoreError::KeyMalformed { .. } => {
            "put the right key there, or name it with `--key-file` or `--key-command`"
        }
        StoreError::KeyCommand { .. } => "run the key command by itself, and mend what it says",
        StoreError::KeyFileReadable { .. } => "keep the key file to yourself, as the cause says",
        StoreError::Layout { .. } => "use the version of Bowline that wrote it",
        StoreError::Corrupt { .. } => "bring it back with `bowline store restore BACKUP`",
        _ => LOOK,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn keys() -> String {
        "key file `key`".to_owned()
    }

    #[rstest]
    #[case::in_use(StoreError::InUse { path: "s".into() }, "stop the other `bowline up`")]
    #[case::no_key(StoreError::KeyMissing { path: "s".into(), keys: keys() }, "put the key file back")]
    #[case::no_key_any_more(StoreError::KeyGone { keys: keys(), wanted: "a".into() }, "put the key file back")]
    #[case::no_key_in_it(StoreError::KeyMalformed { keys: keys() }, "put the right key there")]
    #[case::command(
        StoreError::KeyCommand { keys: keys(), why: "it ended with 1".into() },
        "run the key command by itself"
    )]
    #[case::older(StoreError::Layout { path: "s".into(), found: 9, known: 1 }, "use the version")]
    fn the_help_is_about_the_cause(#[case] error: StoreError, #[case] help: &str) {
        let failure = format!("{:?}", unopened(&error.into()));
        assert!(failure.contains(help), "{failure}");
        assert!(!failure.contains("--data"), "{failure}");
    }
}
