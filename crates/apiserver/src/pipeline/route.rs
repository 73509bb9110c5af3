//! What a path names. Whether that exists, and what is done to it, is left to others.

use super::percent;

/// A path, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A resource: a collection of objects or one of them.
    Resource(ResourcePath),
    /// Anything else, such as discovery and health.
    Other(String),
}

/// The parts of a resource's path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

impl Route {
    /// Understands a path; none where its encoding is broken.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let decoded = percent::decode(path, false)?;
        let parts = decoded.split('/').filter(|part| !part.is_empty());
        let mut segments: Vec<String> = parts.map(str::to_owned).collect();
        let prefix = match segments.first().map(String::as_str) {
            Some("api") if segments.len() > 2 => 1,
            Some("apis") if segments.len() > 3 => 2,
            _ => return Some(Self::Other(path.to_owned())),
        };
        let rest = segments.split_off(prefix + 1);
        let group = if prefix == 2 {
            segments[1].clone()
        } else {
            String::new()
        };
        let version = segments.pop().unwrap_or_default();
        let route = ResourcePath {
            group,
            version,
            ..ResourcePath::default()
        };
        Some(
            route
                .with(rest)
                .map_or_else(|| Self::Other(path.to_owned()), Self::Resource),
        )
    }
}

impl ResourcePath {
    fn with(mut self, rest: Vec<String>) -> Option<Self> {
        let is_own = |text: &String| matches!(text.as_str(), "status" | "finalize");
        let is_inside =
            rest[0] == "namespaces" && rest.len() > 2 && !(rest.len() == 3 && is_own(&rest[2]));
        let mut rest = rest.into_iter();
        if is_inside {
            self.namespace = rest.by_ref().nth(1);
        }
        self.plural = rest.next()?;
        self.name = rest.next();
        self.subresource = rest.next();
        rest.next().is_none().then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::collection("/api/v1/secrets", ("", "v1", "secrets", None, None, None))]
    #[case::namespaced("/api/v1/namespaces/a/secrets/b", ("", "v1", "secrets", Some("a"), Some("b"), None))]
    #[case::a_namespace("/api/v1/namespaces/a", ("", "v1", "namespaces", None, Some("a"), None))]
    #[case::its_status("/api/v1/namespaces/a/status", ("", "v1", "namespaces", None, Some("a"), Some("status")))]
    #[case::group("/apis/apps/v1/deployments", ("apps", "v1", "deployments", None, None, None))]
    #[case::subresource("/apis/apps/v1/namespaces/a/deployments/b/status", ("apps", "v1", "deployments", Some("a"), Some("b"), Some("status")))]
    #[case::escaped("/api/v1/namespaces/a/secrets/b%2Ec", ("", "v1", "secrets", Some("a"), Some("b.c"), None))]
    #[case::trailing_slash("/api/v1/secrets/", ("", "v1", "secrets", None, None, None))]
    fn a_resource_is_understood(
        #[case] path: &str,
        #[case] parts: (&str, &str, &str, Option<&str>, Option<&str>, Option<&str>),
    ) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let expected = ResourcePath {
            group: parts.0.to_owned(),
            version: parts.1.to_owned(),
            plural: parts.2.to_owned(),
            namespace: owned(parts.3),
            name: owned(parts.4),
            subresource: owned(parts.5),
        };
        assert_eq!(Route::parse(path), Some(Route::Resource(expected)));
    }

    #[rstest]
    #[case::root("/")]
    #[case::discovery("/api/v1")]
    #[case::group_discovery("/apis/apps/v1")]
    #[case::health("/livez")]
    #[case::too_deep("/api/v1/namespaces/a/pods/b/c/d")]
    fn everything_else_is_a_path(#[case] path: &str) {
        assert_eq!(Route::parse(path), Some(Route::Other(path.to_owned())));
    }

    #[test]
    fn a_broken_encoding_is_no_path() {
        assert_eq!(Route::parse("/api/v1/secrets/%f"), None);
    }
}
