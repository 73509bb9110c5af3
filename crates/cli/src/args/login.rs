//! The flags of `bowline login`.

use super::Folder;

/// Say a link that signs a browser in to the `bowline up` that runs
///
/// The link is good once and for five minutes, for the administrator. It is printed, and neither
/// logged nor kept. Only the owner of the state can ask for one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline login
  xdg-open \"$(bowline login --data ./state)\"")]
pub struct Login {
    /// Where the state of that server is.
    #[command(flatten)]
    pub folder: Folder,
}
