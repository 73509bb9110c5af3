//! Label selectors: `app=web,tier in (a, b),!legacy`.

use super::token::{Token, tokens};
use super::{SelectorError, text_of};
use crate::validate::names;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::str::FromStr;

/// A parsed label selector; the empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    condition: Condition,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Exists,
    DoesNotExist,
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    GreaterThan(i64),
    LessThan(i64),
}

impl LabelSelector {
    /// The selector that an object's `matchLabels` and `matchExpressions` make; none where they
    /// make no sense.
    pub(crate) fn of_object(selector: &Value) -> Option<Self> {
        let labels = selector.get("matchLabels").and_then(Value::as_object);
        let expressions = selector.get("matchExpressions").and_then(Value::as_array);
        let by_label = labels.into_iter().flatten().map(|(key, value)| {
            let condition = Condition::In([value.as_str()?.to_owned()].into());
            Some((key.as_str(), condition))
        });
        let by_expression = expressions.into_iter().flatten().map(|expression| {
            let key = expression.get("key").and_then(Value::as_str)?;
            Some((key, Condition::of_expression(expression)?))
        });
        let requirements = by_label.chain(by_expression).map(|found| {
            let (key, condition) = found.filter(|(key, _)| names::qualified(key).is_empty())?;
            let key = key.to_owned();
            Some(Requirement { key, condition })
        });
        let requirements = requirements.collect::<Option<_>>()?;
        Some(Self { requirements })
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether an object with these `metadata.labels` is chosen.
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = labels.and_then(|labels| labels.get(&requirement.key));
            requirement
                .condition
                .holds(value.and_then(text_of).as_deref())
        })
    }
}

impl Condition {
    fn of_expression(expression: &Value) -> Option<Self> {
        let values = expression.get("values").and_then(Value::as_array);
        let values = values.into_iter().flatten();
        let values: BTreeSet<String> = values
            .map(|value| value.as_str().map(str::to_owned))
            .collect::<Option<_>>()?;
        match expression.get("operator").and_then(Value::as_str)? {
            "In" if !values.is_empty() => Some(Condition::In(values)),
            "NotIn" if !values.is_empty() => Some(Condition::NotIn(values)),
            "Exists" if values.is_empty() => Some(Condition::Exists),
            "DoesNotExist" if values.is_empty() => Some(Condition::DoesNotExist),
            _ => None,
        }
    }

    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Condition::Exists => value.is_some(),
            Condition::DoesNotExist => value.is_none(),
            Condition::In(values) => value.is_some_and(|value| values.contains(value)),
            Condition::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Condition::GreaterThan(limit) => number().is_some_and(|number| number > *limit),
            Condition::LessThan(limit) => number().is_some_and(|number| number < *limit),
        }
    }
}

impl FromStr for LabelSelector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let tokens = tokens(text);
        let mut parser = Parser { tokens: &tokens };
        let requirements = parser.requirements().map_err(SelectorError)?;
        Ok(Self { requirements })
    }
}

/// What is left to read. The last token is the end and never taken.
struct Parser<'a> {
    tokens: &'a [Token<'a>],
}

impl<'a> Parser<'a> {
    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        match self.peek() {
            Token::End => return Ok(requirements),
            Token::Word(_) | Token::Sign("!") => {}
            other => {
                return Err(format!(
                    "found '{other}', expected: !, identifier, or 'end of string'"
                ));
            }
        }
        loop {
            let requirement = self
                .requirement()
                .map_err(|text| format!("unable to parse requirement: {text}"))?;
            requirements.push(requirement);
            match self.take() {
                Token::End => return Ok(requirements),
                Token::Sign(",") => {}
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
            if !matches!(self.peek(), Token::Word(_) | Token::Sign("!")) {
                let found = self.peek();
                return Err(format!("found '{found}', expected: identifier after ','"));
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let is_absent = self.peek() == Token::Sign("!");
        if is_absent {
            self.take();
        }
        let key = match self.take() {
            Token::Word(key) => key.to_owned(),
            other => return Err(format!("found '{other}', expected: identifier")),
        };
        check("<nil>", &key, &names::qualified(&key))?;
        let condition = match self.peek() {
            _ if is_absent => Condition::DoesNotExist,
            Token::End | Token::Sign(",") => Condition::Exists,
            _ => self.condition(&key)?,
        };
        Ok(Requirement { key, condition })
    }

    fn condition(&mut self, key: &str) -> Result<Condition, String> {
        let operator = self.take();
        match operator {
            Token::Word("in") => Ok(Condition::In(self.values(key)?)),
            Token::Word("notin") => Ok(Condition::NotIn(self.values(key)?)),
            Token::Sign("=" | "==") => Ok(Condition::In([self.value(key)?].into())),
            Token::Sign("!=") => Ok(Condition::NotIn([self.value(key)?].into())),
            Token::Sign(">") => Ok(Condition::GreaterThan(self.number(key)?)),
            Token::Sign("<") => Ok(Condition::LessThan(self.number(key)?)),
            other => Err(format!(
                "found '{other}', expected: in, notin, =, ==, !=, gt, lt"
            )),
        }
    }

    /// One value after `=`; none is the empty one.
    fn value(&mut self, key: &str) -> Result<String, String> {
        match self.peek() {
            Token::End | Token::Sign(",") => Ok(String::new()),
            Token::Word(value) => {
                self.take();
                check_value(0, key, value)?;
                Ok(value.to_owned())
            }
            other => Err(format!("found '{other}', expected: identifier")),
        }
    }

    fn number(&mut self, key: &str) -> Result<i64, String> {
        let value = self.value(key)?;
        value.parse().map_err(|_| {
            format!(
                "values[0]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be \
                 an integer"
            )
        })
    }

    /// Values in parentheses. A comma with nothing before or after it means the empty value.
    fn values(&mut self, key: &str) -> Result<BTreeSet<String>, String> {
        let open = self.take();
        if open != Token::Sign("(") {
            return Err(format!("found '{open}' expected: '('"));
        }
        let mut values = BTreeSet::new();
        if self.peek() == Token::Sign(")") {
            self.take();
            return Err(
                "values: Invalid value: []: for 'in', 'notin' operators, values set can't \
                        be empty"
                    .to_owned(),
            );
        }
        loop {
            let value = match self.peek() {
                Token::Word(value) => {
                    self.take();
                    value
                }
                Token::Sign("," | ")") => "",
                other if values.is_empty() => {
                    return Err(format!("found '{other}', expected: ',', ')' or identifier"));
                }
                other => return Err(format!("found '{other}', expected: ',', or identifier")),
            };
            check_value(values.len(), key, value)?;
            values.insert(value.to_owned());
            match self.take() {
                Token::Sign(",") => {}
                Token::Sign(")") => return Ok(values),
                other => return Err(format!("found '{other}', expected: ',' or ')'")),
            }
        }
    }

    fn peek(&self) -> Token<'a> {
        self.tokens.first().copied().unwrap_or(Token::End)
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        if token != Token::End {
            self.tokens = &self.tokens[1..];
        }
        token
    }
}

fn check_value(index: usize, key: &str, value: &str) -> Result<(), String> {
    check(
        &format!("values[{index}][{key}]"),
        value,
        &names::label_value(value),
    )
}

fn check(field: &str, text: &str, findings: &[String]) -> Result<(), String> {
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{field}: Invalid value: {text:?}: {}",
        findings.join("; ")
    ))
}
