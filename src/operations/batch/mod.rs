//! Batches: many rows that the API processes within a day, for half the price. The plugin keeps nothing about them:
//! their IDs are all that is needed to get the results, even after a restart.
//!
//! | file | what it knows |
//! |---|---|
//! | `start.rs` | the options of Start a batch |
//! | `lines.rs` | how a row becomes a line of a file |
//! | `draft.rs` | how rows are split into files |
//! | `memo.rs` | the metadata of a batch, by which its results are read |
//! | `created.rs` | the response to a new file or batch |
//! | `wanted.rs` | the options of Get a batch |
//! | `status.rs` | how far a batch is, where its results are, and why rows are missing in them |
//! | `output.rs` | a line of the results |

pub mod created;
pub mod draft;
pub mod lines;
pub mod memo;
pub mod output;
pub mod start;
pub mod status;
pub mod wanted;

/// The path of batches.
pub const PATH: &str = "/batches";
/// The path of their input and output files.
pub const FILES_PATH: &str = "/files";

/// The start of a row's `custom_id`. Its index across all files follows.
const ROW: &str = "row-";
