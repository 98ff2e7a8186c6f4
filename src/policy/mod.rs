//! Decisions that need no request: retries, adjustments of a request to its model, tables of models, and cached facts
//! about them.
//!
//! Belongs here: pure decisions whose inputs are all arguments. Does not belong here: sockets, clocks, randomness
//! (except the key of the cache's hash), form fields.

pub mod adjust;
pub mod capabilities;
pub mod model_cache;
pub mod pace;
pub mod paces;
pub mod purpose;
pub mod retry;
pub mod shutdowns;
pub mod streaming;
