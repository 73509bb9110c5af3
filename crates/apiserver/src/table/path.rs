//! The `JSONPath` of printer columns: members, elements and filters, as in
//! `.status.conditions[?(@.type=='Ready')].status`. Written out because that is all a column may
//! use, and because every path then takes time in proportion to the object.

mod parse;

use parse::{Literal, Operator, Step};
use serde_json::Value;
use std::cmp::Ordering;
use std::str::FromStr;

/// A parsed path.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    steps: Vec<Step>,
}

/// Why a path cannot be understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{path}` is not a path of members, elements and filters: {why}")]
pub struct JsonPathError {
    path: String,
    why: String,
}

impl FromStr for JsonPath {
    type Err = JsonPathError;

    fn from_str(path: &str) -> Result<Self, JsonPathError> {
        let fail = |why| JsonPathError {
            path: path.to_owned(),
            why,
        };
        Ok(Self {
            steps: parse::steps(path).map_err(fail)?,
        })
    }
}

impl JsonPath {
    /// Everything that the path finds, in order.
    pub fn find<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        find(&self.steps, value)
    }
}

fn find<'a>(steps: &[Step], value: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![value];
    for step in steps {
        found = found
            .into_iter()
            .flat_map(|value| one_step(step, value))
            .collect();
    }
    found
}

fn one_step<'a>(step: &Step, value: &'a Value) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => members.get(name).into_iter().collect(),
        (Step::Element(index), Value::Array(items)) => {
            let index = match usize::try_from(*index) {
                Ok(index) => Some(index),
                // A negative index counts from the end.
                Err(_) => {
                    let back = usize::try_from(index.unsigned_abs()).ok();
                    back.and_then(|back| items.len().checked_sub(back))
                }
            };
            index
                .and_then(|index| items.get(index))
                .into_iter()
                .collect()
        }
        (Step::Every, Value::Array(items)) => items.iter().collect(),
        (Step::Every, Value::Object(members)) => members.values().collect(),
        (Step::Filter { path, test }, Value::Array(items)) => {
            let is_chosen = |item: &&Value| {
                find(path, item).first().is_some_and(|value| match test {
                    None => true,
                    Some((operator, literal)) => operator.accepts(compare(value, literal)),
                })
            };
            items.iter().filter(is_chosen).collect()
        }
        _ => Vec::new(),
    }
}

/// None where the two are of different types.
fn compare(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::String(value), Literal::Text(literal)) => Some(value.as_str().cmp(literal)),
        (Value::Number(value), Literal::Number(literal)) => value.as_f64()?.partial_cmp(literal),
        (Value::Bool(value), Literal::Bool(literal)) => Some(value.cmp(literal)),
        _ => None,
    }
}

impl Operator {
    fn accepts(self, ordering: Option<Ordering>) -> bool {
        match self {
            Operator::Equal => ordering.is_some_and(Ordering::is_eq),
            Operator::NotEqual => ordering.is_none_or(Ordering::is_ne),
            Operator::Less => ordering.is_some_and(Ordering::is_lt),
            Operator::LessOrEqual => ordering.is_some_and(Ordering::is_le),
            Operator::Greater => ordering.is_some_and(Ordering::is_gt),
            Operator::GreaterOrEqual => ordering.is_some_and(Ordering::is_ge),
        }
    }
}
