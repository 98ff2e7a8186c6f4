//! Adds up the usage of several responses.

use serde_json::{Map, Number, Value};

use crate::budgets::{MAX_USAGE_NAMES, MAX_WORD_CHARS};

/// Sums of the counters in `usage`.
#[derive(Debug, Default)]
pub struct UsageSum {
    members: Map<String, Value>,
    names: usize,
}

impl UsageSum {
    /// Adds the counters of one response, ignoring everything but numbers.
    pub fn add(&mut self, usage: &Map<String, Value>) {
        add(&mut self.members, usage, &mut self.names);
    }

    /// The sums, in the shape of a single usage.
    #[must_use]
    pub fn into_members(self) -> Map<String, Value> {
        self.members
    }
}

fn add(sums: &mut Map<String, Value>, usage: &Map<String, Value>, names: &mut usize) {
    for (name, value) in usage {
        let none = match value {
            Value::Number(_) => Value::from(0),
            Value::Object(_) => Value::Object(Map::new()),
            _ => continue,
        };
        let sum = match sums.get_mut(name) {
            Some(sum) => sum,
            None if *names >= MAX_USAGE_NAMES || name.len() > MAX_WORD_CHARS => continue,
            None => {
                *names += 1;
                sums.entry(name.as_str()).or_insert(none)
            }
        };
        match (sum, value) {
            (Value::Number(sum), Value::Number(number)) => *sum = plus(sum, number),
            (Value::Object(sums), Value::Object(usage)) => add(sums, usage, names),
            _ => {}
        }
    }
}

fn plus(sum: &Number, number: &Number) -> Number {
    let whole = sum.as_u64().zip(number.as_u64()).and_then(|(sum, number)| sum.checked_add(number));
    let float = || Number::from_f64(sum.as_f64().unwrap_or_default() + number.as_f64().unwrap_or_default());
    whole.map(Number::from).or_else(float).unwrap_or_else(|| sum.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sum(usages: &[Value]) -> Value {
        let mut sum = UsageSum::default();
        for usage in usages {
            sum.add(usage.as_object().unwrap());
        }
        sum.into_members().into()
    }

    #[test]
    fn adds_up_numbers_with_the_same_name_at_any_depth() {
        let first = json!({"prompt_tokens": 3, "details": {"cached_tokens": 1}, "cost": 0.5, "tier": "x"});
        let second = json!({"prompt_tokens": 4, "details": {"cached_tokens": 2, "audio": null}, "cost": 1});
        assert_eq!(sum(&[first, second]), json!({"prompt_tokens": 7, "details": {"cached_tokens": 3}, "cost": 1.5}));
    }

    #[test]
    fn limits_the_number_of_names() {
        let many =
            |from: usize| -> Value { (from..from + 200).map(|name| (format!("n{name}"), Value::from(1))).collect() };
        let sums = sum(&[many(0), many(200), json!({"n0": 1, "x".repeat(MAX_WORD_CHARS + 1): 1})]);
        assert_eq!((sums.as_object().unwrap().len(), &sums["n0"]), (MAX_USAGE_NAMES, &json!(2)));
    }

    #[test]
    fn keeps_the_sum_when_another_response_has_a_different_type() {
        assert_eq!(sum(&[json!({"a": 1}), json!({"a": {"b": 1}}), json!({"a": 2})]), json!({"a": 3}));
        assert!(sum(&[json!({"a": 1}), json!({ "a": u64::MAX })])["a"].is_f64());
    }
}
