//! Reads a path. What its steps find is left to the module above.

/// One step from a value to others.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// `.name` or `['name']`
    Member(String),
    /// `[0]`, or `[-1]` from the end
    Element(i64),
    /// `[*]` or `.*`
    Every,
    /// `[?(@.path == literal)]`, or without a test whether the path finds anything
    Filter {
        path: Vec<Step>,
        test: Option<(Operator, Literal)>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
}

/// Longer ones first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

pub(super) fn steps(path: &str) -> Result<Vec<Step>, String> {
    if !path.starts_with('.') {
        return Err("it must start with `.`".to_owned());
    }
    let (steps, rest) = walk(path, true)?;
    match rest {
        "" => Ok(steps),
        rest => Err(format!("`{rest}` is not a step")),
    }
}

/// Reads steps as far as there are any. Filters hold no further filters.
fn walk(path: &str, may_filter: bool) -> Result<(Vec<Step>, &str), String> {
    let mut steps = Vec::new();
    let mut rest = path;
    loop {
        if let Some(inside) = rest.strip_prefix("['").or_else(|| rest.strip_prefix("[\"")) {
            let quote = &rest[1..2];
            let (name, after) = split(inside, &format!("{quote}]"))?;
            steps.push(Step::Member(name.to_owned()));
            rest = after;
        } else if let Some(inside) = rest.strip_prefix("[?(").filter(|_| may_filter) {
            let (filter, after) = filter(inside)?;
            steps.push(filter);
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (index, after) = split(inside, "]")?;
            steps.push(match index {
                "*" => Step::Every,
                index => Step::Element(
                    index
                        .parse()
                        .map_err(|_| format!("`[{index}]` is not an element"))?,
                ),
            });
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('.') {
            let (name, after) = name(inside);
            match name.as_str() {
                // A dot alone is the object itself, or stands before a bracket.
                "" if steps.is_empty() && (after.is_empty() || after.starts_with('[')) => {}
                "" => return Err("a member has no name".to_owned()),
                "*" => steps.push(Step::Every),
                _ => steps.push(Step::Member(name)),
            }
            rest = after;
        } else {
            return Ok((steps, rest));
        }
    }
}

/// Reads a name up to the next step; a backslash takes the character after it into the name.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            '.' | '[' | ']' | ')' | '(' | '=' | '!' | '<' | '>' | ' ' => {
                return (name, &text[place..]);
            }
            other => name.push(other),
        }
    }
    (name, "")
}

/// Reads what follows `[?(`.
fn filter(text: &str) -> Result<(Step, &str), String> {
    let text = text.trim_start();
    let path = text
        .strip_prefix('@')
        .ok_or("a filter must start with `@`")?;
    let (path, rest) = walk(path, false)?;
    let rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix(")]") {
        return Ok((Step::Filter { path, test: None }, after));
    }
    let operator = OPERATORS
        .into_iter()
        .find(|(sign, _)| rest.starts_with(sign));
    let (sign, operator) = operator.ok_or("a filter compares by ==, !=, <, <=, > or >=")?;
    let (literal, rest) = literal(rest[sign.len()..].trim_start())?;
    let after = rest
        .trim_start()
        .strip_prefix(")]")
        .ok_or("a filter must end with `)]`")?;
    Ok((
        Step::Filter {
            path,
            test: Some((operator, literal)),
        },
        after,
    ))
}

fn literal(text: &str) -> Result<(Literal, &str), String> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let (literal, rest) = split(&text[1..], &quote.to_string())?;
        return Ok((Literal::Text(literal.to_owned()), rest));
    }
    let end = text.find([')', ' ']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let literal = match word {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        number => Literal::Number(
            number
                .parse()
                .map_err(|_| format!("`{word}` is neither quoted nor a number"))?,
        ),
    };
    Ok((literal, rest))
}

fn split<'a>(text: &'a str, end: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once(end)
        .ok_or_else(|| format!("`{end}` is missing"))
}
