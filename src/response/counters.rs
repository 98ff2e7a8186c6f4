//! The counters of a response, above all its `usage`.

use serde_json::{Map, Value};

use crate::input::fields::number_of;

/// A counter: an integer, a whole float, or either as text; else `None`.
#[must_use]
pub fn counter(value: &Value) -> Option<i64> {
    number_of(value)?.as_i64()
}

/// Takes `usage` out of `body`, with its counters converted to whole numbers.
#[must_use]
pub fn take_usage(body: &mut Map<String, Value>) -> Option<Value> {
    let mut usage = body.swap_remove("usage")?;
    let counters = usage.as_object_mut()?;
    set_counters(counters);
    for (name, details) in counters {
        if let Value::Object(details) = details
            && name.ends_with("_details")
        {
            set_counters(details);
        }
    }
    Some(usage)
}

fn set_counters(counters: &mut Map<String, Value>) {
    for (name, value) in counters {
        if name.ends_with("_tokens")
            && let Some(count) = counter(value)
        {
            *value = count.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_whole_counters_in_any_notation() {
        let mut body = json!({"usage": {"a_tokens": 12.0, "b_tokens": "3", "c_tokens": null, "cost": 0.1, "tier": "3", "a_details": {"d_tokens": "4"}}});
        let usage = take_usage(body.as_object_mut().unwrap()).unwrap();
        assert_eq!(
            usage,
            json!({"a_tokens": 12, "b_tokens": 3, "c_tokens": null, "cost": 0.1, "tier": "3", "a_details": {"d_tokens": 4}})
        );
    }
}
