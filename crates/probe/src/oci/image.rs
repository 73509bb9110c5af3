//! Which image is meant: registry, repository, and tag or digest. Pure.

use bowline_core::location::{self, Location};

use crate::outcome;
use crate::session::Place;
use crate::trouble::Trouble;

/// An image, or a registry where none was named.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    /// Host and port that are spoken to.
    pub registry: String,
    /// Host and port under which logins are kept.
    pub login_host: String,
    /// The repository.
    pub repository: Option<String>,
    /// Tag or digest.
    pub reference: Option<String>,
}

impl Image {
    /// The image of a place. Without a path and a reference the place is a registry and perhaps a
    /// part of it, but `is_location` says that it is a repository all the same.
    pub(super) fn of(place: &Place, is_location: bool) -> Result<Self, Trouble> {
        let root = place.root.as_deref();
        let root = root.ok_or_else(|| Trouble::new(&outcome::REGISTRY_MISSING))?;
        let host = root.split('/').next().unwrap_or(root);
        if place.path.is_none() && place.reference.is_none() && !is_location {
            return Ok(Self::new(host, None, None));
        }
        let name = location::join("oci", root, place.path.as_deref().unwrap_or_default());
        let wrong = || Trouble::new(&outcome::IMAGE_NAME_WRONG);
        let Ok(Location::Oci {
            repository,
            reference,
            ..
        }) = location::parse(&name)
        else {
            return Err(wrong());
        };
        let latest = || is_location.then(|| "latest".to_owned());
        let reference = place.reference.clone().or(reference).or_else(latest);
        // Beside a digest, a tag is for people only.
        let reference =
            reference.map(|text| text.rsplit('@').next().unwrap_or_default().to_owned());
        let image = Self::new(host, Some(repository), reference);
        let whole = location::parse(&format!("oci://{host}/{}", image.shown()));
        if whole.is_ok() {
            Ok(image)
        } else {
            Err(wrong())
        }
    }

    fn new(host: &str, repository: Option<String>, reference: Option<String>) -> Self {
        let is_hub = matches!(host, "docker.io" | "index.docker.io");
        let registry = if is_hub { "registry-1.docker.io" } else { host };
        let official = |name: String| match is_hub && !name.contains('/') {
            true => format!("library/{name}"),
            false => name,
        };
        Self {
            registry: registry.to_owned(),
            login_host: host.to_owned(),
            repository: repository.map(official),
            reference,
        }
    }

    /// What tokens are asked for. Who pushes looks first for what is there already, so registries
    /// want both rights for it.
    pub(super) fn scope(&self, is_push: bool) -> Option<String> {
        let actions = if is_push { "pull,push" } else { "pull" };
        let name = self.repository.as_ref()?;
        Some(format!("repository:{name}:{actions}"))
    }

    /// The image for people.
    pub(super) fn shown(&self) -> String {
        let repository = self.repository.as_deref().unwrap_or_default();
        match &self.reference {
            Some(reference) if reference.contains(':') => format!("{repository}@{reference}"),
            Some(reference) => format!("{repository}:{reference}"),
            None => repository.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn place(root: &str, path: Option<&str>, reference: Option<&str>) -> Place {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Place {
            root: Some(root.to_owned()),
            path: owned(path),
            reference: owned(reference),
        }
    }

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[rstest]
    #[case(place("quay.io/team", None, None), "quay.io", None, None)]
    #[case(
        place("quay.io/team", Some("app"), None),
        "quay.io",
        Some("team/app"),
        None
    )]
    #[case(
        place("quay.io", Some("team/app:v1"), None),
        "quay.io",
        Some("team/app"),
        Some("v1")
    )]
    #[case(
        place("a.io:5000/app", None, Some("v1")),
        "a.io:5000",
        Some("app"),
        Some("v1")
    )]
    #[case(
        place("a.io", Some("app:v1"), Some("v2")),
        "a.io",
        Some("app"),
        Some("v2")
    )]
    #[case(
        place("docker.io", Some("alpine:3"), None),
        "registry-1.docker.io",
        Some("library/alpine"),
        Some("3")
    )]
    fn an_image_is_read(
        #[case] place: Place,
        #[case] registry: &str,
        #[case] repository: Option<&str>,
        #[case] reference: Option<&str>,
    ) {
        let image = Image::of(&place, false).expect("an image");
        let found = (
            image.registry.as_str(),
            image.repository.as_deref(),
            image.reference.as_deref(),
        );
        assert_eq!(found, (registry, repository, reference));
    }

    #[test]
    fn a_digest_counts_more_than_the_tag_beside_it() {
        for place in [
            place("a.io", Some(&format!("app:v1@{DIGEST}")), None),
            place("a.io/app", None, Some(&format!("v1@{DIGEST}"))),
        ] {
            let image = Image::of(&place, false).expect("an image");
            assert_eq!(image.reference.as_deref(), Some(DIGEST));
        }
    }

    #[test]
    fn a_location_without_a_tag_means_the_latest() {
        let image = Image::of(&place("a.io/app", None, None), true).expect("an image");
        assert_eq!(image.shown(), "app:latest");
    }

    #[rstest]
    #[case(place("a.io", Some("App"), None))]
    #[case(place("a.io", Some("../../admin"), None))]
    #[case(place("a.io/app", None, Some("../../x")))]
    #[case(place("a.io/app", None, Some("v1?x=")))]
    fn what_is_no_name_of_an_image_is_not_sent(#[case] place: Place) {
        let trouble = Image::of(&place, false).expect_err("it is none");
        assert_eq!(trouble.outcome.id, "image-name-wrong");
    }
}
