//! Reading the URL of a repository in the forms that `git clone` takes. Pure.

use url::Url;

/// Where a repository is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remote {
    /// Over HTTP or HTTPS.
    Web(Url),
    /// Over SSH.
    Ssh(SshRemote),
}

/// A repository over SSH.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SshRemote {
    pub user: String,
    pub host: String,
    pub port: u16,
    /// As the server is told it.
    pub path: String,
}

impl Remote {
    /// Reads a URL, or `user@host:path`. `None` for all else, and so for what would start a program.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.contains("://") {
            return scp(text).map(Self::Ssh);
        }
        let url = Url::parse(text).ok().filter(Url::has_host)?;
        match url.scheme() {
            "http" | "https" => Some(Self::Web(url)),
            "ssh" | "git+ssh" => ssh(&url).map(Self::Ssh),
            _ => None,
        }
    }
}

fn ssh(url: &Url) -> Option<SshRemote> {
    let path = decoded(url.path());
    // `/~ada/x` is in a home folder.
    let path = path
        .strip_prefix("/~")
        .map_or(path.clone(), |rest| format!("~{rest}"));
    Some(SshRemote {
        user: user(&decoded(url.username())),
        host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(22),
        path: path.trim_matches(char::is_control).to_owned(),
    })
    .filter(|remote| remote.path.len() > 1)
}

fn scp(text: &str) -> Option<SshRemote> {
    let (place, path) = text.split_once(':')?;
    let (name, host) = place.rsplit_once('@').unwrap_or(("", place));
    let is_path = !path.is_empty() && !path.starts_with([':', '-']);
    is_path.then(|| SshRemote {
        user: user(name),
        host: host.to_owned(),
        port: 22,
        path: path.to_owned(),
    })
}

/// Never the name of whoever runs this: hosts of repositories all use `git`.
fn user(name: &str) -> String {
    if name.is_empty() { "git" } else { name }.to_owned()
}

/// Percent-encoding undone; `+` is no blank here.
pub(super) fn decoded(text: &str) -> String {
    let plain = text
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    url::form_urlencoded::parse(plain.as_bytes())
        .map(|(text, _)| text.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ssh://git@a.io/team/app.git", ("git", "a.io", 22, "/team/app.git"))]
    #[case("ssh://ada@a.io:2222/app", ("ada", "a.io", 2222, "/app"))]
    #[case("git+ssh://a.io/~ada/app", ("git", "a.io", 22, "~ada/app"))]
    #[case("ssh://git@[::1]:22/a%20b+c", ("git", "::1", 22, "/a b+c"))]
    #[case("git@a.io:team/app.git", ("git", "a.io", 22, "team/app.git"))]
    #[case("a.io:app", ("git", "a.io", 22, "app"))]
    fn a_remote_over_ssh_is_read(#[case] text: &str, #[case] expected: (&str, &str, u16, &str)) {
        let Some(Remote::Ssh(remote)) = Remote::parse(text) else {
            panic!("not SSH");
        };
        assert_eq!(
            (&*remote.user, &*remote.host, remote.port, &*remote.path),
            expected
        );
    }

    #[rstest]
    #[case("ext::sh -c date")]
    #[case("file:///srv/app.git")]
    #[case("git://a.io/app.git")]
    #[case("/srv/app.git")]
    #[case("a.io:-oProxyCommand=date")]
    #[case("ssh://a.io/")]
    fn what_would_start_a_program_or_leave_the_protocols_is_no_remote(#[case] text: &str) {
        assert_eq!(Remote::parse(text), None);
    }
}
