//! Decisions that need no request: retries, adjustments of a request to its model, the
//! tables of models, and what is cached of them.
//!
//! Belongs here: pure decisions, with every input an argument. Never here: sockets, clocks, chance
//! (but for the key of the cache's hash), the fields of a form.

pub mod adjust;
pub mod capabilities;
pub mod model_cache;
pub mod pace;
pub mod paces;
pub mod purpose;
pub mod retry;
pub mod shutdowns;
pub mod streaming;
