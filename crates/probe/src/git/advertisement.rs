//! Reading what a Git server says first: lines with their length before them, each a ref. Pure.

/// The refs of a repository.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refs {
    refs: Vec<(String, String)>,
    /// Whether all were read.
    is_whole: bool,
}

/// Whether a ref was among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    Seen,
    Absent,
    /// It may be there without being among them: a commit inside of a branch, or one of too many.
    Unknown,
}

/// Why it is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotRefs {
    /// The server says that it will not; its own words.
    Refused(String),
    /// Something else than Git speaks.
    Unreadable,
}

/// One line, without its length.
enum Line<'a> {
    Flush,
    Data(&'a [u8]),
}

/// The next line and what follows it; `None` at the end, also in the middle of a line.
fn next(bytes: &[u8]) -> Result<Option<(Line<'_>, &[u8])>, NotRefs> {
    let Some((head, rest)) = bytes.split_at_checked(4) else {
        return Ok(None);
    };
    let head = std::str::from_utf8(head).map_err(|_| NotRefs::Unreadable)?;
    let length = usize::from_str_radix(head, 16).map_err(|_| NotRefs::Unreadable)?;
    match length {
        0 => Ok(Some((Line::Flush, rest))),
        1..4 => Err(NotRefs::Unreadable),
        _ => Ok(rest
            .split_at_checked(length - 4)
            .map(|(data, rest)| (Line::Data(data), rest))),
    }
}

/// Looks for the end of an advertisement in bytes that arrive piece by piece, as servers over SSH
/// send them; goes on where it stopped, however small the pieces are.
#[derive(Default)]
pub(super) struct End {
    at: usize,
}

impl End {
    /// Whether the bytes hold a whole advertisement; they are those of before, and maybe more.
    pub(super) fn is_in(&mut self, bytes: &[u8]) -> bool {
        loop {
            match next(bytes.get(self.at..).unwrap_or_default()) {
                Ok(Some((Line::Flush, _))) | Err(_) => return true,
                Ok(Some((Line::Data(_), after))) => self.at = bytes.len() - after.len(),
                Ok(None) => return false,
            }
        }
    }
}

impl Refs {
    /// Reads refs. Over HTTP, a line that names the service and a flush come first.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, NotRefs> {
        let mut rest = bytes;
        let mut refs = Self {
            refs: Vec::new(),
            is_whole: false,
        };
        let mut is_preamble = false;
        while let Some((line, after)) = next(rest)? {
            rest = after;
            let data = match line {
                Line::Flush if is_preamble => {
                    is_preamble = false;
                    continue;
                }
                Line::Flush => {
                    refs.is_whole = true;
                    break;
                }
                Line::Data(data) => data,
            };
            let text = String::from_utf8_lossy(data);
            let text = text.trim_end_matches('\n');
            if text.starts_with("# service=") {
                is_preamble = true;
            } else if let Some(reason) = text.strip_prefix("ERR ") {
                return Err(NotRefs::Refused(reason.to_owned()));
            } else {
                refs.add(text)?;
            }
        }
        match refs.is_whole || !refs.refs.is_empty() {
            true => Ok(refs),
            false => Err(NotRefs::Unreadable),
        }
    }

    fn add(&mut self, text: &str) -> Result<(), NotRefs> {
        // What the server can do stands behind the first ref.
        let text = text.split('\0').next().unwrap_or_default();
        let (id, name) = text.split_once(' ').ok_or(NotRefs::Unreadable)?;
        let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|c| c.is_ascii_hexdigit());
        if !is_id {
            return Err(NotRefs::Unreadable);
        }
        if name != "capabilities^{}" {
            self.refs.push((id.to_owned(), name.to_owned()));
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.refs.is_empty() && self.is_whole
    }

    pub(super) fn len(&self) -> usize {
        self.refs.len()
    }

    /// Looks for a branch, a tag, a whole name such as `refs/pull/1/head`, or a commit.
    pub(super) fn look_for(&self, wanted: &str) -> Sight {
        let is_named = |name: &str| {
            let short = name
                .strip_prefix("refs/heads/")
                .or_else(|| name.strip_prefix("refs/tags/"));
            name == wanted || short == Some(wanted)
        };
        let is_hex = wanted.len() >= 7 && wanted.bytes().all(|c| c.is_ascii_hexdigit());
        let is_at = |id: &str| is_hex && id.starts_with(&wanted.to_ascii_lowercase());
        if self
            .refs
            .iter()
            .any(|(id, name)| is_named(name) || is_at(id))
        {
            Sight::Seen
        } else if is_hex || !self.is_whole {
            Sight::Unknown
        } else {
            Sight::Absent
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const ID: &str = "4a4bfc4613b037bec2976531f4189fe606780ba4";

    fn line(text: &str) -> String {
        format!("{:04x}{text}", text.len() + 4)
    }

    fn demo() -> String {
        let first = line(&format!("{ID} HEAD\0side-band agent=git\n"));
        let rest =
            line(&format!("{ID} refs/heads/main\n")) + &line(&format!("{ID} refs/tags/v1\n"));
        first + &rest + "0000"
    }

    #[rstest]
    #[case("main", Sight::Seen)]
    #[case("v1", Sight::Seen)]
    #[case("refs/heads/main", Sight::Seen)]
    #[case("HEAD", Sight::Seen)]
    #[case("4a4bfc4", Sight::Seen)]
    #[case("Main", Sight::Absent)]
    #[case("mai", Sight::Absent)]
    #[case("0123456789", Sight::Unknown)]
    fn a_ref_is_looked_for(#[case] wanted: &str, #[case] expected: Sight) {
        let over_http = line("# service=git-upload-pack\n") + "0000" + &demo();
        for bytes in [demo(), over_http] {
            assert_eq!(
                Refs::parse(bytes.as_bytes())
                    .expect("refs")
                    .look_for(wanted),
                expected
            );
        }
    }

    #[test]
    fn a_ref_behind_what_was_read_is_unknown_and_not_absent() {
        let cut = &demo()[..150];
        let mut end = End::default();
        assert!(!end.is_in(cut.as_bytes()) && end.is_in(demo().as_bytes()));
        assert_eq!(
            Refs::parse(cut.as_bytes()).expect("refs").look_for("v9"),
            Sight::Unknown
        );
    }

    #[test]
    fn very_many_lines_one_by_one_are_looked_through_soon() {
        let (mut end, mut said) = (End::default(), Vec::new());
        let started = std::time::Instant::now();
        for _ in 0..200_000 {
            said.extend_from_slice(b"0004");
            assert!(!end.is_in(&said));
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(10));
    }

    #[test]
    fn a_repository_without_commits_is_empty() {
        let none = line(&format!(
            "{} capabilities^{{}}\0agent=git\n",
            "0".repeat(40)
        )) + "0000";
        assert!(Refs::parse(none.as_bytes()).expect("refs").is_empty());
        assert!(Refs::parse(b"0000").expect("refs").is_empty());
    }

    #[test]
    fn a_server_that_refuses_is_heard() {
        let refused = line("ERR no such repository");
        assert_eq!(
            Refs::parse(refused.as_bytes()),
            Err(NotRefs::Refused("no such repository".to_owned()))
        );
    }

    #[rstest]
    #[case("")]
    #[case("<!DOCTYPE html>")]
    #[case("0003")]
    #[case("0008main")]
    fn something_else_is_not_taken_for_refs(#[case] text: &str) {
        assert_eq!(Refs::parse(text.as_bytes()), Err(NotRefs::Unreadable));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (Refs::parse(&bytes), End::default().is_in(&bytes));
        }

        #[test]
        fn the_end_is_the_same_however_the_bytes_arrive(cut in 0..200_usize, rest in "[0-9a-f]{0,20}") {
            let bytes = (demo() + &rest).into_bytes();
            let (mut end, cut) = (End::default(), cut.min(bytes.len()));
            let is_early = end.is_in(&bytes[..cut]);
            prop_assert_eq!(is_early || end.is_in(&bytes), End::default().is_in(&bytes));
        }
    }
}
