//! Reads a path. What its steps find is left to the module above.

/// One step from a value to others.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// `.name` or `["name"]`
    Member(String),
    /// `['name']`; with dots in it, kubectl takes it for a path
    Quoted { name: String, path: Vec<Step> },
    /// `[0]`, or `[-1]` from the end
    Element(i64),
    /// `[1:3]`, `[-2:]`, `[::2]`
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: usize,
    },
    /// `[0,2]` or `['name','kind']`: all that the first finds, then all that the second does
    Union(Vec<Step>),
    /// `[*]` or `.*`
    Every,
    /// `..`: the value and all that is in it
    Descend,
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
        if let Some(inside) = rest.strip_prefix("[?(").filter(|_| may_filter) {
            let (filter, after) = filter(inside)?;
            steps.push(filter);
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = bracket(inside)?;
            steps.push(step);
            rest = after;
        } else if rest.starts_with("..") {
            // Twice would visit everything again for each level.
            if steps.contains(&Step::Descend) {
                return Err("`..` stands in it twice".to_owned());
            }
            steps.push(Step::Descend);
            rest = &rest[1..];
        } else if let Some(inside) = rest.strip_prefix('.') {
            let (name, after) = name(inside);
            match name.as_str() {
                // A dot alone is the object itself, or stands before a bracket.
                "" if steps.is_empty() && (after.is_empty() || after.starts_with('[')) => {}
                "" if steps.last() == Some(&Step::Descend) && after.starts_with('[') => {}
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

/// Reads what follows `[`, up to the bracket that closes it.
fn bracket(text: &str) -> Result<(Step, &str), String> {
    let mut items = Vec::new();
    let mut rest = text;
    loop {
        let (item, after) = item(rest.trim_start())?;
        items.push(item);
        let after = after.trim_start();
        if let Some(next) = after.strip_prefix(',') {
            rest = next;
            continue;
        }
        let after = after.strip_prefix(']').ok_or("`]` is missing")?;
        let step = match (items.pop(), items.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                items.extend(last);
                Step::Union(items)
            }
        };
        return Ok((step, after));
    }
}

/// Reads one of the things between brackets and commas.
fn item(text: &str) -> Result<(Step, &str), String> {
    if let Some(inside) = text.strip_prefix('"') {
        let (name, after) = inside.split_once('"').ok_or("`\"]` is missing")?;
        return Ok((Step::Member(name.to_owned()), after));
    }
    if let Some(inside) = text.strip_prefix('\'') {
        let (name, after) = inside.split_once('\'').ok_or("`']` is missing")?;
        return Ok((quoted(name), after));
    }
    let end = text.find([',', ']']).ok_or("`]` is missing")?;
    let (word, after) = (text[..end].trim_end(), &text[end..]);
    let number = |text: &str| {
        text.parse::<i64>()
            .map_err(|_| format!("`[{word}]` is not an element"))
    };
    let step = match word.split_once(':') {
        _ if word == "*" => Step::Every,
        None => Step::Element(number(word)?),
        Some((start, rest)) => {
            let (end, step) = rest.split_once(':').unwrap_or((rest, ""));
            let number = |text: &str| match text {
                "" => Ok(None),
                text => number(text).map(Some),
            };
            let step = number(step)?.unwrap_or(1);
            let step = usize::try_from(step).ok().filter(|step| *step > 0);
            Step::Slice {
                start: number(start)?,
                end: number(end)?,
                step: step.ok_or("a slice goes forward, by 1 or more")?,
            }
        }
    };
    Ok((step, after))
}

fn quoted(name: &str) -> Step {
    match steps(&format!(".{name}")) {
        Ok(path) if name.contains('.') => Step::Quoted {
            name: name.to_owned(),
            path,
        },
        _ => Step::Member(name.to_owned()),
    }
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
