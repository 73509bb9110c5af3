//! Reading `KEY=value` lines as shells and readers of `.env` files do, without replacing anything.

use bowline_core::Sensitive;

use super::is_shell_name;
use crate::convert::ReadError;

/// One assignment. It has no `Debug`, since the value may be secret.
pub(super) struct Assignment<'a> {
    pub(super) key: &'a str,
    pub(super) value: Sensitive,
    /// Whether a shell would replace something in the value.
    pub(super) has_expansion: bool,
}

/// All assignments of a text, in order.
pub(super) fn assignments(text: &str) -> Result<Vec<Assignment<'_>>, ReadError> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let line = rest.split('\n').next().unwrap_or_default();
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = rest.get(line.len() + 1..).unwrap_or_default();
            continue;
        }
        let fail = |why| ReadError::Line {
            line: text[..text.len() - rest.len()].matches('\n').count() + 1,
            why,
        };
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| fail("not a line of `KEY=value`"))?;
        let key = key.trim();
        let key = key.strip_prefix("export ").unwrap_or(key).trim();
        if !is_shell_name(key) {
            return Err(fail("what stands before `=` is not the name of a variable"));
        }
        let start = line.len() - value.len();
        let mut word = Word::default();
        let length = word.read(&rest[start..]).map_err(fail)?;
        found.push(Assignment {
            key,
            value: Sensitive::new(word.value),
            has_expansion: word.has_expansion,
        });
        rest = &rest[start + length..];
    }
    Ok(found)
}

/// A value in the making.
#[derive(Default)]
struct Word {
    value: String,
    has_expansion: bool,
}

impl Word {
    /// Reads a value up to the end of its line, and says how long it stands in the text.
    fn read(&mut self, text: &str) -> Result<usize, &'static str> {
        let leading = text.len() - text.trim_start_matches([' ', '\t']).len();
        let mut chars = text[leading..].char_indices();
        // Blanks at the end of an unquoted value are no part of it.
        let mut kept = 0;
        let mut is_after_blank = true;
        while let Some((at, c)) = chars.next() {
            match c {
                '\n' => {
                    self.value.truncate(kept);
                    return Ok(leading + at + 1);
                }
                '#' if is_after_blank => {
                    let end = text[leading + at..].find('\n');
                    self.value.truncate(kept);
                    return Ok(end.map_or(text.len(), |end| leading + at + end + 1));
                }
                '\'' => {
                    self.single(&mut chars)?;
                    kept = self.value.len();
                }
                '"' => {
                    self.double(&mut chars)?;
                    kept = self.value.len();
                }
                '\\' => match chars.next() {
                    Some((_, '\n')) | None => {}
                    Some((_, c)) => {
                        self.value.push(c);
                        kept = self.value.len();
                    }
                },
                c => {
                    self.has_expansion |= matches!(c, '$' | '`');
                    self.value.push(c);
                    if !c.is_whitespace() {
                        kept = self.value.len();
                    }
                }
            }
            is_after_blank = matches!(c, ' ' | '\t');
        }
        self.value.truncate(kept);
        Ok(text.len())
    }

    /// Between single quotes everything is itself.
    fn single(
        &mut self,
        chars: &mut impl Iterator<Item = (usize, char)>,
    ) -> Result<(), &'static str> {
        for (_, c) in chars {
            if c == '\'' {
                return Ok(());
            }
            self.value.push(c);
        }
        Err("a `'` that is never closed")
    }

    /// Between double quotes a backslash means what `.env` files mean by it: `\n` is a line end.
    fn double(
        &mut self,
        chars: &mut impl Iterator<Item = (usize, char)>,
    ) -> Result<(), &'static str> {
        while let Some((_, c)) = chars.next() {
            match c {
                '"' => return Ok(()),
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => self.value.push('\n'),
                    Some('r') => self.value.push('\r'),
                    Some('t') => self.value.push('\t'),
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.value.push(c),
                    Some('\n') => {}
                    Some(c) => self.value.extend(['\\', c]),
                    None => break,
                },
                c => {
                    self.has_expansion |= matches!(c, '$' | '`');
                    self.value.push(c);
                }
            }
        }
        Err("a `\"` that is never closed")
    }
}
