//! What users enter in the forms: lenient readers of options, the data source, its base URL and secrets, and foreign
//! JSON text.
//!
//! Belongs here: reading a value, and rejecting it by field name. Does not belong here: what an operation does with a
//! value, requests and responses, model names.

pub mod api_key;
pub mod base64;
pub mod base_url;
pub mod crossing;
pub mod fields;
pub mod lenient_json;
pub mod loose_json;
pub mod options;
pub mod pasted_url;
pub mod secret;
pub mod shallow_json;
pub mod unquoted;
pub mod value_count;
