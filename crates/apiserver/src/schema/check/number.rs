//! Numbers as Go has them where no type says how to read them: JSON tells `2.0` from `2`, and such
//! readers do not.

use crate::schema::Schema;
use serde_json::{Number, Value};

/// Up to here a fraction tells each integer from the next one.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_991.0;

impl Schema {
    /// Makes `2.0` the integer that it is, and no integer of what 64 bits cannot hold.
    pub(crate) fn settle_numbers(value: &mut Value) {
        match value {
            Value::Number(number) => settle(number),
            Value::Array(entries) => entries.iter_mut().for_each(Self::settle_numbers),
            Value::Object(members) => members.values_mut().for_each(Self::settle_numbers),
            _ => {}
        }
    }
}

fn settle(number: &mut Number) {
    let Some(read) = number.as_f64().filter(|_| !number.is_i64()) else {
        return;
    };
    let settled = if is_whole(read) {
        Some((read as i64).into())
    } else {
        Number::from_f64(read)
    };
    if let Some(settled) = settled {
        *number = settled;
    }
}

/// Whether the value is an integer, maybe written as `2.0`.
pub(in crate::schema) fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.as_f64().is_some_and(is_whole)
}

/// Whether the value is an integer of so many bits, as clients read those of the built-in kinds.
pub(in crate::schema) fn fits(value: &Value, format: &str) -> bool {
    let number = value.as_i64();
    number.is_some_and(|number| format == "int64" || i32::try_from(number).is_ok())
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= LARGEST_WHOLE
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::integer("2", json!(2))]
    #[case::whole("2.0", json!(2))]
    #[case::exponent("-1e3", json!(-1000))]
    #[case::negative_zero("-0", json!(0))]
    #[case::fraction("2.5", json!(2.5))]
    #[case::largest("9223372036854775807", json!(i64::MAX))]
    #[case::beyond("9223372036854775808", json!(9_223_372_036_854_775_808.0))]
    #[case::beyond_telling("1e16", json!(1e16))]
    #[case::inside("{\"a\":[2.0,{\"b\":null}]}", json!({"a": [2, {"b": null}]}))]
    fn a_whole_number_becomes_an_integer(#[case] text: &str, #[case] settled: Value) {
        let mut value: Value = serde_json::from_str(text).expect("JSON");
        Schema::settle_numbers(&mut value);
        assert_eq!(value, settled);
    }
}
