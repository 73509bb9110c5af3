//! Comparing the host names of a docker config as the kubelet does.

/// Docker Hub under the names that clients have written over the years.
const DOCKER_HUB: [&str; 4] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
];

/// A host in one spelling: lower case, without scheme, login, API version and outer slashes.
pub(super) fn normal(text: &str) -> String {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (authority, path) = text.split_once('/').unwrap_or((text, ""));
    let authority = authority
        .rsplit('@')
        .next()
        .unwrap_or(authority)
        .to_ascii_lowercase();
    let path = path.trim_matches('/');
    let path = path
        .strip_prefix("v1")
        .or_else(|| path.strip_prefix("v2"))
        .map_or(path, |rest| {
            // `v1beta/model` is a path, `v1/` is the version of the API.
            if rest.is_empty() || rest.starts_with('/') {
                rest.trim_matches('/')
            } else {
                path
            }
        });
    let bare = authority.strip_suffix(":443").unwrap_or(&authority);
    let host = if DOCKER_HUB.contains(&bare) {
        "docker.io"
    } else {
        bare
    };
    if path.is_empty() {
        host.to_owned()
    } else {
        format!("{host}/{path}")
    }
}

/// Whether an entry's login may be used for the wanted host and path, both in normal spelling.
pub(super) fn covers(entry: &str, wanted: &str) -> bool {
    let (entry_host, entry_path) = entry.split_once('/').unwrap_or((entry, ""));
    let (wanted_host, wanted_path) = wanted.split_once('/').unwrap_or((wanted, ""));
    let mut steps = steps(entry_path).zip(self::steps(wanted_path));
    is_host_like(entry_host, wanted_host) && steps.all(|(entry, wanted)| entry == wanted)
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|step| !step.is_empty())
}

fn is_host_like(pattern: &str, host: &str) -> bool {
    let (patterns, hosts) = (pattern.split('.'), host.split('.'));
    patterns.clone().count() == hosts.clone().count()
        && patterns
            .zip(hosts)
            .all(|(pattern, label)| match pattern.split_once('*') {
                None => pattern == label,
                Some((start, end)) => {
                    label.len() >= start.len() + end.len()
                        && label.starts_with(start)
                        && label.ends_with(end)
                }
            })
}
