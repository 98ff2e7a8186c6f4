//! Batches: many rows that the API works off within a day, for half the price. Nothing of them is kept here: their ids
//! are all that is needed to get them, also after a restart.
//!
//! | file | what it knows |
//! |---|---|
//! | `start.rs` | what Start a batch is asked to do |
//! | `lines.rs` | how a row is asked: a line of a file |
//! | `draft.rs` | how rows are split into files |
//! | `memo.rs` | what a batch says of itself, so that its results can be read |
//! | `created.rs` | what the API says of a new file or batch |
//! | `wanted.rs` | which batches Get a batch is asked for |
//! | `status.rs` | how far a batch is, and where its results are |
//! | `output.rs` | what a line of its results says |

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
/// The path of the files that go into them and come out of them.
pub const FILES_PATH: &str = "/files";

/// The start of what identifies a row in its batch; its index over all files follows.
const ROW: &str = "row-";
