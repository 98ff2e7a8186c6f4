//! Limits how many values the assembly of a stream may keep.

use serde_json::Value;

use crate::budgets::{CONTAINER_WEIGHT, MAX_RESPONSE_VALUES};

/// There are more values than a response may have.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::response) struct TooManyValues;

/// The values that may still be added, weighted. Weighs each value once when it is added and once when it is replaced,
/// so the time is linear in the input.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MAX_RESPONSE_VALUES)
    }
}

impl Room {
    /// Whether this many values may be added, each weighted by [`CONTAINER_WEIGHT`].
    pub(super) fn has(&self, values: usize) -> bool {
        values <= self.0
    }

    pub(super) fn take(&mut self, value: &Value) -> Result<(), TooManyValues> {
        self.0 = self.0.checked_sub(weight(value) + 1).ok_or(TooManyValues)?;
        Ok(())
    }

    pub(super) fn give_back(&mut self, value: &Value) {
        self.0 += weight(value) + 1;
    }
}

/// The weighted number of values in `value`.
fn weight(value: &Value) -> usize {
    match value {
        Value::Array(items) => CONTAINER_WEIGHT + items.iter().map(|item| 1 + weight(item)).sum::<usize>(),
        Value::Object(members) => CONTAINER_WEIGHT + members.values().map(|member| 1 + weight(member)).sum::<usize>(),
        _ => 1,
    }
}
