//! The lists of a response, in the order of their items.

use std::{cmp::Reverse, collections::BinaryHeap, iter, mem};

use serde_json::{Map, Value};

use super::counter;

/// Takes an array out of `body`; empty if it is missing or has another type.
#[must_use]
pub fn take_list(body: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    match body.swap_remove(name) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// The elements of `choices` or `data` sorted by `index`, or by position if that is missing.
pub fn in_order(items: Vec<Value>) -> impl Iterator<Item = Value> {
    sorted_by_key(items, |position, item| {
        let index = item.get("index").and_then(counter);
        index.unwrap_or_else(|| i64::try_from(position).unwrap_or(i64::MAX))
    })
}

/// Returns the items in the order of their keys; equal ones keep their order. Computes each key once, because it may be
/// built from long text.
pub fn sorted_by_key<K: Ord>(mut items: Vec<Value>, key: impl Fn(usize, &Value) -> K) -> impl Iterator<Item = Value> {
    // A heap, because only a few of many choices are needed.
    let keys = items.iter().enumerate().map(|(position, item)| Reverse((key(position, item), position)));
    let mut heap: BinaryHeap<_> = keys.collect();
    iter::from_fn(move || heap.pop().map(|Reverse((_, position))| mem::take(&mut items[position])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sorts_items_by_index() {
        let order = |items: Value| -> Value {
            in_order(take_list(&mut Map::from_iter([("data".to_owned(), items)]), "data")).collect()
        };
        let [a, b] = [json!({"index": "0", "n": "a"}), json!({"index": 1.0, "n": "b"})];
        assert_eq!(order(json!([b, a])), json!([a, b]));
        assert_eq!(
            order(json!(["x", {"index": 0, "n": 1}, {"index": 0, "n": 2}, null])),
            json!(["x", {"index": 0, "n": 1}, {"index": 0, "n": 2}, null])
        );
        let unnumbered = json!({"n": "c"});
        assert_eq!(order(json!([b, a, unnumbered])), json!([a, b, unnumbered]));
        assert_eq!(order(json!({"index": 0})), json!([]));
    }
}
