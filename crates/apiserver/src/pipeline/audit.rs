//! One line in the log for each write, whether it was done or not: who wanted what, and how it
//! ended; never a value. Reviews change nothing, and have none.

use super::route::ResourcePath;
use crate::api::Api;
use crate::identity::UserInfo;
use crate::resource::Nature;

/// By which name the log is told apart from all other lines.
const TARGET: &str = "bowline_apiserver::audit";
/// No good name or user is longer; what is told of others ends here.
const LONGEST: usize = 253;

/// What somebody wants to do to a resource.
#[derive(Default)]
pub(crate) struct Act {
    /// Whether it came over the network. What the embedder does is for itself to tell.
    pub(crate) is_remote: bool,
    /// As access rules name it; as HTTP does where these have no name for it.
    pub(crate) verb: String,
    pub(crate) path: ResourcePath,
    /// With whose rights; empty where the caller did not say who they are, or nobody knows them.
    pub(crate) user: String,
    /// Who asked in that user's name, where somebody did.
    pub(crate) impersonated_by: Option<String>,
    /// The object's name, where the path has none.
    pub(crate) name: Option<String>,
    pub(crate) is_dry_run: bool,
    /// How many objects of a collection were deleted.
    pub(crate) deleted: Option<usize>,
}

impl Act {
    /// Takes note of who asks, and in whose name.
    pub(crate) fn is_by(&mut self, user: &UserInfo) {
        let before = std::mem::replace(&mut self.user, user.name.clone());
        self.impersonated_by = Some(before).filter(|name| !name.is_empty());
    }

    /// Writes the line: what came over the network for everybody, the rest for who looks closer.
    pub(crate) fn tell(&self, api: &Api, status: u16) {
        if self.is_read() || self.is_review(api) {
            return;
        }
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    user = short(&self.user),
                    impersonated_by = self.impersonated_by.as_deref().map(short),
                    verb = self.verb.as_str(),
                    group = short(&self.path.group),
                    resource = short(&self.path.plural),
                    subresource = self.path.subresource.as_deref().map(short),
                    namespace = self.path.namespace.as_deref().map(short),
                    name = self.path.name.as_deref().or(self.name.as_deref()).map(short),
                    deleted = self.deleted,
                    dry_run = self.is_dry_run,
                    verdict = verdict(status),
                    status,
                    "write"
                )
            };
        }
        match self.is_remote {
            true => line!(info),
            false => line!(debug),
        }
    }

    fn is_read(&self) -> bool {
        let is_nothing = self.path.plural.is_empty();
        is_nothing
            || matches!(
                self.verb.as_str(),
                "get" | "list" | "watch" | "head" | "options"
            )
    }

    fn is_review(&self, api: &Api) -> bool {
        let ResourcePath {
            group,
            version,
            plural,
            ..
        } = &self.path;
        let found = api.registry.find(group, version, plural);
        found.is_some_and(|resource| resource.nature == Nature::Review)
    }
}

fn verdict(status: u16) -> &'static str {
    match status {
        200..=299 => "done",
        401 | 403 => "refused",
        _ => "failed",
    }
}

fn short(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(LONGEST)
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}
