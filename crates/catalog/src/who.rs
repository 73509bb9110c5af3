//! Who the owner of a client is to the API server.

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::{Api, PostParams};

use crate::error::{Error, Result};

/// The user name; `None` where the API is too old to tell, or does not let the user ask.
///
/// # Errors
/// When the API does not answer.
pub async fn name(client: &kube::Client) -> Result<Option<String>> {
    let api: Api<SelfSubjectReview> = Api::all(client.clone());
    let answer = match api
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await
    {
        Ok(answer) => answer,
        Err(kube::Error::Api(status)) if [403, 404].contains(&status.code) => return Ok(None),
        Err(error) => return Err(Error::of_kubernetes("asking who you are")(error)),
    };
    let name = answer
        .status
        .and_then(|status| status.user_info)
        .and_then(|user| user.username);
    Ok(name.filter(|name| !name.is_empty()))
}
