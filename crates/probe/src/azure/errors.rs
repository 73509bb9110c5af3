//! Why the service refused: from the code in its header to an outcome. The codes are those of
//! "Blob service error codes" and "Common REST API error codes" of its reference.

use super::account::{Account, Proof};
use super::sas;
use crate::http::Answer;
use crate::outcome::{self, Outcome};
use crate::status::otherwise;
use crate::trouble::Trouble;

/// Why an answer is a refusal, where `right` is the one that would be missing.
pub(super) fn why(account: &Account, answer: &Answer, right: &'static Outcome) -> Trouble {
    let code = answer.header("x-ms-error-code").unwrap_or_default();
    let outcome = match code {
        "AuthenticationFailed" | "AuthorizationFailure" | "InvalidAuthenticationInfo" => {
            match &account.proof {
                Proof::Key(_) => &outcome::WRONG_AZURE_KEY,
                Proof::Sas(_) => &outcome::WRONG_SAS,
                Proof::Principal { .. } | Proof::Token(_) => &outcome::AZURE_TOKEN_REFUSED,
            }
        }
        "AuthorizationPermissionMismatch" | "InsufficientAccountPermissions" => right,
        "AuthorizationSourceIPMismatch" => {
            let range = match &account.proof {
                Proof::Sas(token) => sas::range(token),
                _ => None,
            };
            let range = range.unwrap_or_default();
            return Trouble::new(&outcome::SAS_OTHER_ADDRESS).detail(range);
        }
        "AuthorizationProtocolMismatch" => &outcome::SAS_NEEDS_TLS,
        "AuthorizationServiceMismatch" | "AuthorizationResourceTypeMismatch" => {
            &outcome::SAS_FOR_OTHERS
        }
        "KeyBasedAuthenticationNotPermitted" => &outcome::AZURE_KEYS_OFF,
        "NoAuthenticationInformation" | "PublicAccessNotPermitted" => &outcome::AZURE_LOGIN_NEEDED,
        "ContainerNotFound" | "ResourceNotFound" => &outcome::NO_SUCH_CONTAINER,
        "BlobNotFound" => &outcome::NO_SUCH_OBJECT,
        "ServerBusy" => &outcome::SERVICE_BUSY,
        "InternalError" | "OperationTimedOut" => &outcome::SERVICE_FAILED,
        _ if answer.header("x-ms-version").is_none() && code.is_empty() => &outcome::ANSWER_UNKNOWN,
        _ => return otherwise(answer, Some(code).filter(|code| !code.is_empty())),
    };
    Trouble::new(outcome)
}
