//! What a live check tries: for each reader the places in the bucket that it must get to, and for each
//! profile those of others, which it must not. Going there is left to whoever has a network.

use crate::explain::readers::{
    API_SERVER, ARGO, LAUNCHER, PROFILE_ARGO, PROXY_MINIO, PROXY_S3, UI_MINIO, UI_S3, VIEWER,
};
use crate::explain::{Explanation, Finds, View};
use crate::model::{Deployment, Profile};
use crate::policies::rights::before_variables;
use crate::policies::{Form, Rights, Subject, rights};

#[cfg(test)]
mod tests;

/// The folder below a prefix that a check writes to.
pub const OWN_FOLDER: &str = ".bowline-probe/";

/// A reader at one place in the bucket, with all that it finds out about the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Who.
    pub reader: &'static str,
    /// In which namespace.
    pub namespace: String,
    /// Where it is told about the store.
    pub looks_in: String,
    /// What it is told, with the bucket that links name where it is told of none.
    pub finds: Finds,
    /// What the keys begin with that it uses: ends in `/`, or is empty for the whole bucket.
    pub prefix: String,
    /// Whether it writes there, or only reads.
    pub writes: bool,
    /// Whether it looks elsewhere than where the store is, since it has no place for the port.
    pub is_elsewhere: bool,
    /// Why it cannot read at all.
    pub error: Option<String>,
}

impl Visit {
    /// The object that a check writes: the reader's own, so that readers do not meet, and always the
    /// same, so that the next check removes what a killed one left.
    pub fn key(&self) -> String {
        let plain = |c: char| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_lowercase(),
            false => '-',
        };
        let reader: String = self.reader.chars().map(plain).collect();
        let reader: Vec<_> = reader.split('-').filter(|part| !part.is_empty()).collect();
        format!(
            "{}{OWN_FOLDER}{}.{}",
            self.prefix,
            self.namespace,
            reader.join("-")
        )
    }
}

/// Every reader at every place that it uses: of the shared parts, and of the profiles that are chosen;
/// of all where none is.
pub fn visits(deployment: &Deployment, explanation: &Explanation, chosen: &[String]) -> Vec<Visit> {
    let rights = rights(deployment, Form::Limited);
    let profiles = chosen_profiles(deployment, chosen);
    let mut visits = Vec::new();
    for view in &explanation.readers {
        let of_view = deployment
            .profiles
            .iter()
            .find(|profile| profile.namespace() == view.namespace);
        let is_of_profile = [PROXY_MINIO, PROXY_S3, PROFILE_ARGO, LAUNCHER].contains(&view.reader);
        match of_view.filter(|_| is_of_profile) {
            _ if view.reader == VIEWER => {
                for profile in &profiles {
                    let of_profile = (profile.namespace(), prefixes_of(&rights, profile));
                    visits.extend(at(deployment, view, of_profile));
                }
            }
            Some(profile) if !profiles.contains(&profile) => {}
            profile => {
                let places = (&*view.namespace, prefixes(view, profile, &rights));
                visits.extend(at(deployment, view, places));
            }
        }
    }
    visits
}

/// The profiles of these names; all of them where no name is given.
pub fn chosen_profiles<'a>(deployment: &'a Deployment, chosen: &[String]) -> Vec<&'a Profile> {
    let is_chosen = |profile: &&Profile| chosen.is_empty() || chosen.contains(&profile.name);
    deployment.profiles.iter().filter(is_chosen).collect()
}

fn at<'a>(
    deployment: &'a Deployment,
    view: &'a View,
    (namespace, prefixes): (&'a str, Vec<String>),
) -> impl Iterator<Item = Visit> + 'a {
    let writes = [API_SERVER, ARGO, PROFILE_ARGO, LAUNCHER].contains(&view.reader);
    let is_elsewhere =
        [UI_S3, PROXY_S3].contains(&view.reader) && view.differences.contains(&"endpoint");
    let bucket = view.finds.bucket.as_ref();
    let bucket = bucket.unwrap_or(&deployment.store.bucket);
    // Where nobody goes, one row says so.
    let most = if is_elsewhere { 1 } else { usize::MAX };
    prefixes.into_iter().take(most).map(move |prefix| Visit {
        reader: view.reader,
        namespace: namespace.to_owned(),
        looks_in: view.looks_in.clone(),
        finds: Finds {
            bucket: Some(bucket.clone()),
            ..view.finds.clone()
        },
        prefix,
        writes,
        is_elsewhere,
        error: view.error.clone(),
    })
}

/// Which keys a reader uses. Who is told a format or a folder uses that; the others follow links to
/// everything that lies in the bucket for those they serve.
fn prefixes(view: &View, profile: Option<&Profile>, rights: &[Rights]) -> Vec<String> {
    let name = profile.map(|profile| &*profile.name);
    match (view.reader, &view.finds.keys) {
        (API_SERVER | ARGO | PROFILE_ARGO, Some(format)) => vec![before_variables(format, name)],
        (LAUNCHER, Some(folder)) => vec![match folder.trim_end_matches('/') {
            "" => String::new(),
            folder => format!("{folder}/"),
        }],
        // A root that nobody could read, or that names no place.
        (LAUNCHER, None) => vec![String::new()],
        (UI_MINIO | UI_S3, _) => of_subject(rights, &Subject::Backend)
            .into_iter()
            .filter(|prefix| !prefix.ends_with("pipelines/"))
            .collect(),
        _ => profile.map_or_else(Vec::new, |profile| prefixes_of(rights, profile)),
    }
}

/// What the keys of a profile begin with.
pub fn prefixes_of(rights: &[Rights], profile: &Profile) -> Vec<String> {
    of_subject(rights, &Subject::Profile(profile.name.clone()))
}

fn of_subject(rights: &[Rights], subject: &Subject) -> Vec<String> {
    let own = rights.iter().filter(|rights| rights.subject == *subject);
    own.flat_map(|rights| {
        rights
            .grants
            .iter()
            .flat_map(|grant| grant.prefixes.clone())
    })
    .collect()
}

/// Which profiles are tried against which, at most so many; and how many pairs are left out.
///
/// Where not all can be tried, those come first whose names begin alike, since a prefix without its
/// slash mixes them, and then neighbours.
pub fn pairs(names: &[&str], most: usize) -> (Vec<(usize, usize)>, usize) {
    let count = names.len();
    let all = count * count.saturating_sub(1);
    if all <= most {
        let each = (0..count).flat_map(|one| (0..count).map(move |other| (one, other)));
        return (each.filter(|(one, other)| one != other).collect(), 0);
    }
    let mut sorted: Vec<usize> = (0..count).collect();
    sorted.sort_by_key(|at| names[*at]);
    // In the order of names, whatever begins as a name follows it.
    let mut chosen: Vec<(usize, usize)> = Vec::new();
    let neighbours = sorted.windows(2).map(|two| (two[0], two[1]));
    let is_alike = |(one, other): &(usize, usize)| names[*other].starts_with(names[*one]);
    let (alike, others): (Vec<_>, Vec<_>) = neighbours.partition(is_alike);
    for (one, other) in alike.into_iter().chain(others) {
        chosen.extend([(one, other), (other, one)]);
    }
    chosen.truncate(most);
    let left_out = all - chosen.len();
    (chosen, left_out)
}
