#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a panic fails the test
//! Properties that hold for any input: options, responses, headers, addresses.
//!
//! Random input, based on the forms and the stored responses. The run in `cargo test` is short and always the same;
//! `npm run fuzz` makes long ones, each with a new seed, and prints the seed that reproduces a failure.

#[path = "../support/script.rs"]
mod script;

mod addresses;
mod answers;
mod bodies;
mod queries;
mod redaction;
mod responses;
mod samples;
mod sources;
mod waits;

use proptest::test_runner::{Config, RngSeed};

/// Repeats the same cases unless `PROPTEST_RNG_SEED` is set; `PROPTEST_CASES` sets their number. A failure becomes a
/// regular test rather than a file of seeds.
fn config() -> Config {
    let config = Config { failure_persistence: None, ..Config::default() };
    match config.rng_seed {
        RngSeed::Random => Config { rng_seed: RngSeed::Fixed(1), ..config },
        RngSeed::Fixed(_) => config,
    }
}
