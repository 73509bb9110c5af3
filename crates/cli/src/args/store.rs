//! The flags of `bowline store`, and those that say where the state of `bowline up` is.

use std::path::PathBuf;

use bowline_apiserver::store::KeySource;
use clap::Subcommand;

use super::Shape;
use crate::failure::{Failure, Kind};

/// Back up, check and restore the state of `bowline up`, and change its key
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline store backup bowline-monday.sqlite
  bowline store check bowline-monday.sqlite
  bowline store restore bowline-monday.sqlite --force
  bowline store rekey")]
pub struct Store {
    /// What to do.
    #[command(subcommand)]
    pub command: StoreCommand,
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Copy the store to a file, as sealed as it is
    ///
    /// Works while `bowline up` serves: the file is the state of one moment. It opens with the key of
    /// that moment only, so keep that key as long as the backup, and in another place.
    #[command(after_help = "\
Examples:
  bowline store backup bowline-monday.sqlite
  bowline store backup --data ./state backup.sqlite -o json")]
    Backup {
        /// File to write; one that exists is left alone
        #[arg(value_name = "FILE")]
        to: PathBuf,
        /// Where the state is.
        #[command(flatten)]
        state: State,
        /// How to show what was done.
        #[command(flatten)]
        shape: Shape,
    },
    /// Look whether the store or a backup is whole, and every value opens
    ///
    /// Works while `bowline up` serves, and changes nothing. The exit code is 1 when something is
    /// wrong.
    #[command(after_help = "\
Examples:
  bowline store check
  bowline store check bowline-monday.sqlite
  bowline store check old.sqlite --key-file old.key -o json")]
    Check {
        /// Backup to check instead of the store
        #[arg(value_name = "FILE")]
        backup: Option<PathBuf>,
        /// Where the state is.
        #[command(flatten)]
        state: State,
        /// How to show what was found.
        #[command(flatten)]
        shape: Shape,
    },
    /// Put a backup in the place of the store
    ///
    /// `bowline up` must not be running. The backup is checked first, with the key of the state.
    #[command(after_help = "\
Examples:
  bowline store restore bowline-monday.sqlite
  bowline store restore bowline-monday.sqlite --force")]
    Restore {
        /// Backup to restore
        #[arg(value_name = "FILE")]
        backup: PathBuf,
        /// Lose the store that is there
        #[arg(long)]
        force: bool,
        /// Where the state is.
        #[command(flatten)]
        state: State,
        /// How to show what was done.
        #[command(flatten)]
        shape: Shape,
    },
    /// Seal everything with a new key, and forget the old one
    ///
    /// Works while `bowline up` serves, and without it. A new key is made in the key file; a key
    /// command must print the new key before the present one. When it is cut short, it goes on with
    /// the next start.
    #[command(after_help = "\
Examples:
  bowline store rekey
  bowline store rekey --data ./state --key-file /media/key/bowline.key")]
    Rekey {
        /// Where the state is; a running `bowline up` takes its own key.
        #[command(flatten)]
        state: State,
        /// How to show what was done.
        #[command(flatten)]
        shape: Shape,
    },
}

/// Where the state of `bowline up` is.
#[derive(Debug, Clone, clap::Args)]
pub struct Folder {
    /// Folder of the state [default: `$XDG_DATA_HOME/bowline` or `~/.local/share/bowline`]
    #[arg(long, value_name = "DIR", env = "BOWLINE_DATA", hide_env_values = true)]
    pub data: Option<PathBuf>,
}

/// Where the state of `bowline up` is, and its key.
#[derive(Debug, Clone, clap::Args)]
pub struct State {
    /// Where it is.
    #[command(flatten)]
    pub folder: Folder,
    /// Key file that seals the Secrets [default: beside the state]
    #[arg(
        long,
        value_name = "FILE",
        env = "BOWLINE_KEY_FILE",
        hide_env_values = true
    )]
    pub key_file: Option<PathBuf>,
    /// Program that prints the key in base64, with its arguments; there is no shell and no quoting
    #[arg(
        long,
        value_name = "COMMAND",
        conflicts_with = "key_file",
        env = "BOWLINE_KEY_COMMAND",
        hide_env_values = true
    )]
    pub key_command: Option<String>,
}

impl Folder {
    /// The folder.
    ///
    /// # Errors
    /// When neither the flag nor the environment names one.
    pub fn path(&self) -> Result<PathBuf, Failure> {
        let from = |key: &str| {
            std::env::var_os(key)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let chosen = self.data.clone();
        let shared = || from("XDG_DATA_HOME").map(|folder| folder.join("bowline"));
        let home = || from("HOME").map(|folder| folder.join(".local/share/bowline"));
        let folder = chosen.or_else(shared).or_else(home).ok_or_else(|| {
            Failure::new(Kind::Usage, "there is no folder for the state")
                .cause("neither `XDG_DATA_HOME` nor `HOME` is set")
                .help("name one with `--data DIR`")
        })?;
        // Paths in it are told to people, who may go elsewhere.
        std::path::absolute(folder).map_err(|error| {
            Failure::new(Kind::Usage, "the folder of the state has no path").caused_by(&error)
        })
    }
}

impl State {
    /// The folder of the state.
    ///
    /// # Errors
    /// As [`Folder::path`].
    pub fn folder(&self) -> Result<PathBuf, Failure> {
        self.folder.path()
    }

    /// Where the key is.
    pub fn key(&self) -> KeySource {
        match (&self.key_file, &self.key_command) {
            (Some(path), _) => KeySource::File(path.clone()),
            (None, Some(command)) => {
                KeySource::Command(command.split_whitespace().map(str::to_owned).collect())
            }
            (None, None) => KeySource::Beside,
        }
    }
}
