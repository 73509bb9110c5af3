//! The `JSONPath` of printer columns and of `kubectl -o jsonpath`: members, elements, slices, unions,
//! descent and filters, as in `.status.conditions[?(@.type=='Ready')].status`. Written out because
//! it is no standard, and because every path then takes time in proportion to the object.

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
#[error("`{path}` is not a path: {why}")]
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
        let of = |step, values: &[&'a Value]| -> Vec<&'a Value> {
            let values = values.iter();
            values.flat_map(|value| one_step(step, value)).collect()
        };
        found = match step {
            Step::Union(items) => items.iter().flat_map(|item| of(item, &found)).collect(),
            step => of(step, &found),
        };
    }
    found
}

fn one_step<'a>(step: &Step, value: &'a Value) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => members.get(name).into_iter().collect(),
        (Step::Quoted { name, path }, Value::Object(members)) => match members.get(name) {
            Some(member) => vec![member],
            None => find(path, value),
        },
        (Step::Element(index), Value::Array(items)) => {
            let index = usize::try_from(from_start(*index, items.len())).ok();
            index
                .and_then(|index| items.get(index))
                .into_iter()
                .collect()
        }
        (Step::Slice { start, end, step }, Value::Array(items)) => {
            let bound = |index: i64| {
                let index = from_start(index, items.len()).max(0);
                usize::try_from(index).map_or(items.len(), |index| index.min(items.len()))
            };
            let (start, end) = (start.map_or(0, bound), end.map_or(items.len(), bound));
            let items = items.get(start..end).unwrap_or_default();
            items.iter().step_by(*step).collect()
        }
        (Step::Descend, value) => {
            let mut all = Vec::new();
            descend(value, &mut all);
            all
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

/// A negative index counts from the end.
fn from_start(index: i64, length: usize) -> i64 {
    match index {
        0.. => index,
        back => i64::try_from(length).map_or(back, |length| length.saturating_add(back)),
    }
}

/// A value that holds others, and those in it that do.
fn descend<'a>(value: &'a Value, all: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            all.push(value);
            members.values().for_each(|member| descend(member, all));
        }
        Value::Array(items) if !items.is_empty() => {
            all.push(value);
            items.iter().for_each(|item| descend(item, all));
        }
        _ => {}
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
