//! Further users of `bowline up`: a file of tokens in the form of `kube-apiserver`'s
//! `--token-auth-file`, read strictly.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bowline_apiserver::{Token, UserInfo};

use crate::failure::{Failure, Kind};

/// Why a line is none of the file's. Texts hold no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum BadLine {
    #[error("there are not 3 or 4 columns: token, user name, user id, and groups in quotes")]
    Columns,
    #[error("a quote is not closed, or something stands beside it")]
    Quotes,
    #[error("the token is empty or has blanks")]
    Token,
    #[error("the user has no name")]
    User,
    #[error("the token stands in the file twice")]
    Twice,
}

/// The tokens of a file that only its owner can read.
pub(super) fn read(path: &Path) -> Result<Vec<Token>, Failure> {
    let what = format!("the tokens in `{}` cannot be used", path.display());
    let unusable = || Failure::new(Kind::Usage, what.clone());
    let metadata = fs::metadata(path).map_err(|error| {
        unusable()
            .caused_by(&error)
            .help("name a file with `--token-auth-file`")
    })?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(unusable()
            .cause("the file can be read by others")
            .help(format!("keep it to yourself: chmod 600 {}", path.display())));
    }
    let text = fs::read_to_string(path).map_err(|error| unusable().caused_by(&error))?;
    parse(&text).map_err(|(line, why)| {
        unusable()
            .cause(format!("line {line}: {why}"))
            .help("write each line as token,user,uid,\"group1,group2\"")
    })
}

fn parse(text: &str) -> Result<Vec<Token>, (usize, BadLine)> {
    let mut tokens = Vec::<Token>::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let token = token(line).map_err(|why| (index + 1, why))?;
        if tokens.iter().any(|other| other.secret() == token.secret()) {
            return Err((index + 1, BadLine::Twice));
        }
        tokens.push(token);
    }
    Ok(tokens)
}

fn token(line: &str) -> Result<Token, BadLine> {
    let columns = columns(line)?;
    let (secret, name, uid, groups) = match &columns[..] {
        [secret, name, uid] => (secret, name, uid, ""),
        [secret, name, uid, groups] => (secret, name, uid, groups.as_str()),
        _ => return Err(BadLine::Columns),
    };
    if secret.is_empty() || secret.contains(char::is_whitespace) {
        return Err(BadLine::Token);
    }
    if name.is_empty() {
        return Err(BadLine::User);
    }
    let groups = groups
        .split(',')
        .map(str::trim)
        .filter(|group| !group.is_empty());
    let user = UserInfo {
        uid: uid.clone(),
        ..UserInfo::new(name.as_str(), groups)
    };
    Ok(Token::new(secret.as_str(), user))
}

/// The columns of a line (RFC 4180, without line ends inside of quotes).
fn columns(line: &str) -> Result<Vec<String>, BadLine> {
    let mut columns = Vec::new();
    let mut rest = line;
    loop {
        let (column, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_column(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (column, after) = rest.split_at(end);
                if column.contains('"') {
                    return Err(BadLine::Quotes);
                }
                (column.trim().to_owned(), after)
            }
        };
        columns.push(column);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(columns),
            None => return Err(BadLine::Quotes),
        }
    }
}

/// What stands up to the closing quote, two of which mean one, and what comes after it.
fn quoted_column(text: &str) -> Result<(String, &str), BadLine> {
    let mut column = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"').ok_or(BadLine::Quotes)?;
        column.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                column.push('"');
                rest = next;
            }
            None => return Ok((column, rest.trim_start())),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_line_names_a_token_a_user_and_groups() {
        let all = parse("t1,ada,7,\"team-a, team-b\"\n\n# more\nt2,\"b \"\"ob\"\"\",8\r\n")
            .expect("good");
        let users: Vec<&UserInfo> = all.iter().map(Token::user).collect();
        assert_eq!(all[0].secret(), "t1");
        assert_eq!(
            (users[0].name.as_str(), users[0].uid.as_str()),
            ("ada", "7")
        );
        assert_eq!(
            users[0].groups,
            ["team-a", "team-b", "system:authenticated"]
        );
        assert_eq!(users[1].name, "b \"ob\"");
    }

    #[rstest]
    #[case("t1,ada", BadLine::Columns)]
    #[case("t1,ada,7,a,b", BadLine::Columns)]
    #[case(",ada,7", BadLine::Token)]
    #[case("t 1,ada,7", BadLine::Token)]
    #[case("t1,,7", BadLine::User)]
    #[case("t1,ada,7,\"team-a", BadLine::Quotes)]
    #[case("t1,ada,7,\"team-a\"x", BadLine::Quotes)]
    #[case("t1,a\"da,7", BadLine::Quotes)]
    fn a_strange_line_is_refused(#[case] line: &str, #[case] why: BadLine) {
        assert_eq!(parse(line).expect_err("refused"), (1, why));
    }

    #[test]
    fn a_token_names_one_user_only() {
        let twice = parse("t,ada,1\nt,bob,2");
        assert_eq!(twice.expect_err("refused"), (2, BadLine::Twice));
    }
}
