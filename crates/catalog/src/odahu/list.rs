//! Which connections a list shows: what the query of a request asks for, and ODAHU's texts when it
//! cannot be read.

use url::form_urlencoded;

use super::record::Record;

/// How many a page has when a client pages and does not say.
const PAGE_SIZE: usize = 500;

/// What a list asks for.
///
/// A client that does not page gets everything: it could not know that something is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    types: Vec<String>,
    size: Option<usize>,
    page: Option<usize>,
}

impl Page {
    /// Reads the query of a request.
    ///
    /// # Errors
    /// The text that ODAHU answers.
    pub fn parse(query: &str) -> Result<Self, String> {
        let mut this = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let number = |field: &mut Option<usize>| {
                if field.is_some() {
                    return Err(format!("the {name} URL parameter must be only one"));
                }
                *field = Some(integer(&name, &value)?);
                Ok(())
            };
            match &*name {
                "type" => this.types.push(value.into_owned()),
                "size" => number(&mut this.size)?,
                "page" => number(&mut this.page)?,
                other => return Err(format!("cannot find {other} url parameter")),
            }
        }
        Ok(this)
    }

    /// How many to leave out at the start, and how many to show.
    fn window(&self) -> (usize, usize) {
        match (self.size, self.page) {
            (None, None) => (0, usize::MAX),
            (size, page) => {
                let size = size.unwrap_or(PAGE_SIZE);
                (size.saturating_mul(page.unwrap_or(0)), size)
            }
        }
    }
}

/// Reads a number as Go does, whose texts quote it.
fn integer(name: &str, text: &str) -> Result<usize, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    if !is_number {
        return Err(format!("strconv.Atoi: parsing {text:?}: invalid syntax"));
    }
    match text.parse::<i64>() {
        Ok(number) => usize::try_from(number)
            .map_err(|_| format!("the {name} URL parameter must not be negative")),
        Err(_) => Err(format!(
            "strconv.Atoi: parsing {text:?}: value out of range"
        )),
    }
}

/// The connections of a page, by id, and how many there are on all pages.
pub fn select(mut records: Vec<Record>, page: &Page) -> (Vec<Record>, usize) {
    let is_wanted = |record: &Record| {
        let type_ = record.spec.type_.as_str();
        page.types.is_empty()
            || page.types.iter().any(|wanted| wanted == type_)
            || page.types == ["*"]
    };
    records.retain(is_wanted);
    records.sort_by(|a, b| a.id.cmp(&b.id));
    let total = records.len();
    let (skip, take) = page.window();
    let shown = records.into_iter().skip(skip).take(take).collect();
    (shown, total)
}
