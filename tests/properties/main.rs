#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // here a panic is a failed test
//! What holds for whatever comes from outside: options, responses, headers, addresses.
//!
//! Properties of random input, seeded with the forms and with the stored responses. The run
//! inside `cargo test` is short and always the same; `npm run fuzz` makes long ones, each
//! with a new seed, and prints the seed that repeats a failure.

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

/// Repeats the same cases unless `PROPTEST_RNG_SEED` says otherwise; `PROPTEST_CASES` says
/// how many. A failure is kept as a test of its own, not in a file of seeds.
fn config() -> Config {
    let config = Config { failure_persistence: None, ..Config::default() };
    match config.rng_seed {
        RngSeed::Random => Config { rng_seed: RngSeed::Fixed(1), ..config },
        RngSeed::Fixed(_) => config,
    }
}
