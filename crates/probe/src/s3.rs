//! Proves an S3 connection.
use crate::session::{Place, Session};
use crate::trouble::Trouble;

pub(crate) async fn run(_session: &mut Session<'_>, _place: &Place) -> Result<(), Trouble> {
    Ok(())
}
