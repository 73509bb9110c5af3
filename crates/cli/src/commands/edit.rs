//! `bowline edit`: a connection as YAML in somebody's editor. What the text says is left to
//! `document` and `remarks`, the file and the editor to `session`.

mod document;
pub(super) mod remarks;
pub(super) mod session;

use bowline_catalog::connections::Stored;
use bowline_catalog::edit::Change;
use bowline_catalog::{Connections, Error};

use super::set::stored;
use crate::args::{self, Edit};
use crate::cluster::Cluster;
use crate::failure::{Failure, Kind};
use crate::{catalog, terminal};
use document::{Document, Edited};
use session::Session;

/// How often somebody else may be faster before we give up.
const ATTEMPTS: usize = 5;

/// Opens the editor until what it holds can be written, or nothing is to be.
///
/// # Errors
/// When the editor fails, nothing valid was written, or the cluster refuses.
pub async fn run(args: &Edit, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster
        .namespace(args.project.namespace.as_deref())
        .to_owned();
    let connections = catalog::connections(&cluster, &args.home);
    let desk = Desk {
        cluster: &cluster,
        connections,
        namespace: &namespace,
        name: &args.name,
    };
    let stored = desk.stored().await?;
    let session = Session::start("connection.yaml")?;
    let outcome = desk.edit(&session, stored).await;
    session.end();
    terminal::print(&outcome?)
}

/// What is edited, and where.
struct Desk<'a> {
    cluster: &'a Cluster,
    connections: Connections,
    namespace: &'a str,
    name: &'a str,
}

impl Desk<'_> {
    async fn stored(&self) -> Result<Stored, Failure> {
        stored(self.cluster, &self.connections, self.namespace, self.name).await
    }

    async fn edit(&self, session: &Session, mut stored: Stored) -> Result<String, Failure> {
        let mut document = Document::of(&stored);
        let mut text = document.render(&[], &[]);
        let mut attempts = ATTEMPTS;
        // A text that comes back for another look may be good as it is, one with findings is not.
        let mut must_change = true;
        loop {
            let written = session.edit(&text)?;
            if must_change && written == text {
                return self.nothing_changed(&text);
            }
            let edited = match document.read(&written) {
                Ok(edited) => edited,
                Err(why) => {
                    (text, must_change) = (remarks::with_errors(&written, &[why]), true);
                    continue;
                }
            };
            let change = Change {
                resource_version: stored.resource_version().map(str::to_owned),
                ..document.change(&edited)
            };
            match self
                .connections
                .edit(self.namespace, self.name, &change)
                .await
            {
                Ok(saved) => {
                    catalog::tell("", &saved.findings);
                    let verb = if saved.is_changed {
                        "changed"
                    } else {
                        "is as it was"
                    };
                    return Ok(self.said(verb));
                }
                Err(Error::Invalid { findings, .. }) => {
                    let errors: Vec<String> = findings
                        .iter()
                        .map(|finding| {
                            format!("{}: {} ({})", finding.field, finding.message, finding.help)
                        })
                        .collect();
                    (text, must_change) = (remarks::with_errors(&written, &errors), true);
                }
                Err(Error::Changed { what, .. }) if attempts > 0 => {
                    attempts -= 1;
                    // Only what was changed here is laid over what is stored now.
                    let mine = document.changes(&edited);
                    stored = self.stored().await?;
                    document = Document::of(&stored);
                    text = document.render(
                        &mine,
                        &[format!(
                            "{what}; your changes stand below, look and save again"
                        )],
                    );
                    must_change = false;
                }
                Err(error) => return Err(catalog::failure(self.cluster, error)),
            }
        }
    }

    fn nothing_changed(&self, text: &str) -> Result<String, Failure> {
        match remarks::errors(text).next().is_some() {
            false => Ok(self.said("is as it was")),
            true => {
                let what = format!("connection `{}` was not changed", self.name);
                Err(remarks::errors(text).fold(Failure::new(Kind::Invalid, what), Failure::cause))
            }
        }
    }

    fn said(&self, verb: &str) -> String {
        format!(
            "connection `{}` {verb} in project `{}`\n",
            terminal::plain(self.name),
            terminal::plain(self.namespace)
        )
    }
}

/// A line of the text that was changed: `None` where it was removed.
type Mine = (String, Option<Edited>);
