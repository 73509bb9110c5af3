//! `pvc://`: the claim is there and has a volume. What is on the volume is seen by pods only.

use crate::Claim;
use crate::outcome;
use crate::report::StepName;
use crate::session::Session;
use crate::trouble::Trouble;

pub(super) async fn run(session: &mut Session<'_>, claim: &str) -> Result<(), Trouble> {
    session.begin(StepName::Object);
    let namespace = &session.connection.secret.namespace;
    let known = match session.request.claims {
        Some(claims) => claims.claim(namespace, claim).await,
        None => None,
    };
    let trouble = |outcome| Trouble::new(outcome).detail(format!("claim `{claim}`"));
    match known {
        Some(Claim::Bound) => session.pass(format!("claim `{claim}` is bound")),
        Some(Claim::Unbound) => return Err(trouble(&outcome::CLAIM_NOT_BOUND)),
        Some(Claim::Absent) => return Err(trouble(&outcome::NO_SUCH_CLAIM)),
        None => session.warn(trouble(&outcome::CLAIMS_UNKNOWN)),
    }
    Ok(())
}
