//! Templates in kubectl's `JSONPath` syntax: text, `{.path}`, `{"literal"}` and
//! `{range .items[*]}…{end}`. The paths are those of the API server's printer columns, so that one
//! engine knows what a path means; RFC 9535, which libraries follow, writes filters and names with
//! dots in another way than `kubectl -o jsonpath` does.

use std::str::FromStr;

use bowline_apiserver::table::JsonPath;
use serde_json::Value;

/// Deep enough for everything that makes sense, and for the stack.
const DEEPEST: usize = 8;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Path(JsonPath),
    Range(JsonPath, Vec<Piece>),
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A bare path is taken too.
        if text.starts_with(['.', '$']) && !text.contains('{') {
            return Ok(Self(vec![Piece::Path(path(text)?)]));
        }
        let mut rest = text;
        let (pieces, is_ended) = pieces(&mut rest, 0)?;
        match is_ended {
            true => Err("`{end}` without `{range}`".to_owned()),
            false => Ok(Self(pieces)),
        }
    }
}

/// Reads up to the end of the template, or of the range that it is in.
fn pieces(rest: &mut &str, depth: usize) -> Result<(Vec<Piece>, bool), String> {
    if depth > DEEPEST {
        return Err("ranges are nested too deeply".to_owned());
    }
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let Some((text, after)) = rest.split_once('{') else {
            pieces.push(Piece::Text(std::mem::take(rest).to_owned()));
            break;
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        let length = closing(after).ok_or("`{` without `}`")?;
        let inside = after[..length].trim();
        *rest = &after[length + 1..];
        if inside == "end" {
            return Ok((pieces, true));
        } else if let Some(over) = inside.strip_prefix("range ") {
            let over = path(over.trim())?;
            let (body, is_ended) = self::pieces(rest, depth + 1)?;
            is_ended.then_some(()).ok_or("`{range}` without `{end}`")?;
            pieces.push(Piece::Range(over, body));
        } else if inside.starts_with(['"', '\'']) {
            pieces.push(Piece::Text(literal(inside)?));
        } else {
            pieces.push(Piece::Path(path(inside)?));
        }
    }
    Ok((pieces, false))
}

/// Where the brace closes; one inside of quotes does not count.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '}') => return Some(at),
            _ => {}
        }
    }
    None
}

fn literal(text: &str) -> Result<String, String> {
    let mut chars = text.chars();
    let quote = chars.next();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(c) => c,
                None => break,
            }),
            c if Some(c) == quote && chars.as_str().is_empty() => return Ok(out),
            c => out.push(c),
        }
    }
    Err(format!("`{text}` is a literal that does not end"))
}

fn path(text: &str) -> Result<JsonPath, String> {
    let from_root = text.strip_prefix(['$', '@']).unwrap_or(text);
    let spelt = match from_root {
        "" => ".".to_owned(),
        path if path.starts_with('[') => format!(".{path}"),
        path => path.to_owned(),
    };
    spelt
        .parse()
        .map_err(|error: bowline_apiserver::table::JsonPathError| error.to_string())
}

impl Template {
    /// What the template picks out of a value; what is not there leaves nothing.
    pub fn fill(&self, value: &Value) -> String {
        let mut out = String::new();
        fill(&self.0, value, &mut out);
        out
    }
}

fn fill(pieces: &[Piece], value: &Value, out: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Path(path) => {
                let found: Vec<String> = path.find(value).into_iter().map(shown).collect();
                out.push_str(&found.join(" "));
            }
            Piece::Range(path, body) => {
                path.find(value)
                    .into_iter()
                    .for_each(|item| fill(body, item, out));
            }
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
