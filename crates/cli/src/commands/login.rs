//! `bowline login`: a link by which a browser signs in to a running `bowline up`. The link is made by
//! that server, and goes to stdout and nowhere else.

use crate::args::Login;
use crate::embed::control::{self, Refusal};
use crate::embed::links::ASKED_FOR;
use crate::failure::{Failure, Kind};
use crate::terminal;

/// Says a link.
///
/// # Errors
/// When nothing serves the state, or stdout cannot be written.
pub async fn run(args: &Login) -> Result<(), Failure> {
    let folder = args.folder.path()?;
    let link = control::login(&folder).await.map_err(|refusal| {
        let failure = Failure::new(Kind::Unavailable, "there is no link to sign in with");
        match refusal {
            Refusal::Silent(error) => failure
                .cause(format!("no `bowline up` serves `{}`", folder.display()))
                .caused_by(&error)
                .help("start `bowline up`, or name the folder of its state with `--data DIR`"),
            Refusal::Failed(words) => words.into_iter().fold(failure, Failure::cause),
        }
    })?;
    terminal::print(&format!("{link}\n"))?;
    let minutes = ASKED_FOR.as_secs() / 60;
    terminal::aside(&format!("good once, for {minutes} minutes\n"));
    Ok(())
}
