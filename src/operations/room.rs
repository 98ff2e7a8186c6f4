//! Limits how much of a response the result may repeat in a form that is easier to bind.

use crate::budgets::{MAX_REPEATED_BYTES, VALUE_BYTES};

/// Memory left for repetitions, in bytes.
#[derive(Debug)]
pub struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MAX_REPEATED_BYTES)
    }
}

impl Room {
    /// Reserves memory for `bytes` of text with `values`, weighted. Returns `false` and reserves nothing if there is
    /// not enough.
    pub fn take(&mut self, bytes: usize, values: usize) -> bool {
        let rest = self.0.checked_sub(bytes.saturating_add(values.saturating_mul(VALUE_BYTES)));
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_fits_and_leaves_the_rest() {
        let mut room = Room::default();
        assert!(!room.take(MAX_REPEATED_BYTES + 1, 0) && !room.take(usize::MAX, usize::MAX));
        assert!(room.take(MAX_REPEATED_BYTES - VALUE_BYTES, 0));
        assert!(!room.take(1, 1) && room.take(0, 1) && room.take(0, 0) && !room.take(1, 0));
    }
}
