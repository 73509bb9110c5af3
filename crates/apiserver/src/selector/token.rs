//! The words of a label selector.

use std::fmt;

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A key or a value; `in` and `notin` where they do not stand for an operator.
    Word(&'a str),
    /// `=`, `==`, `!=`, `<`, `>`, `!`, `(`, `)` or `,`.
    Sign(&'static str),
    /// Nothing follows.
    End,
}

/// Longer signs first, so that `==` is not read as two.
const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", "<", ">"];

/// Splits a selector into words; the last is always the end.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let is_sign = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '<' | '>');
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while !rest.is_empty() {
        let (token, length) = match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            Some(sign) => (Token::Sign(sign), sign.len()),
            None => {
                let length = rest
                    .find(|c| is_blank(c) || is_sign(c))
                    .unwrap_or(rest.len());
                (Token::Word(&rest[..length]), length)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start_matches(is_blank);
    }
    tokens.push(Token::End);
    tokens
}

/// As it is quoted in errors.
impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(text) => f.write_str(text),
            Token::Sign(sign) => f.write_str(sign),
            Token::End => Ok(()),
        }
    }
}
