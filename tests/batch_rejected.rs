#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed
//! Get a batch: which rows the API has rejected in the file of a batch, and what to do about it.

#[path = "support/batches.rs"]
mod batches;
#[path = "support/script.rs"]
mod script;

use batches::{answered, codes, described, failed, file_of, get, ok, says, source};
use script::Script;
use serde_json::{Value, json};
use tooljet_openai::budgets::MAX_FILE_ERRORS;

fn problem(code: &str, line: impl Into<Value>) -> Value {
    json!({"code": code, "message": format!("Says {code}."), "param": "body.model", "line": line.into()})
}

/// A batch that failed because of these errors in its file.
fn rejected_batch(id: &str, first_row: usize, count: usize, rows: usize, errors: &[Value]) -> Value {
    described(id, "failed", first_row, count, rows, json!({"errors": {"object": "list", "data": errors}}))
}

#[test]
fn names_the_rows_whose_lines_the_api_rejected() {
    let errors = [problem("second", 4), problem("first", 2), problem("late", 2)];
    let failure = failed(get(&Script::new([says(rejected_batch("batch_1", 0, 5, 5, &errors))]), json!("batch_1")));
    let expected = json!([[0, "batch_failed"], [1, "first"], [2, "batch_failed"], [3, "second"], [4, "batch_failed"]]);
    assert_eq!(codes(&failure.metadata), expected);
    let description = |row: usize| failure.metadata["failed"][row]["description"].as_str().unwrap();
    let words = "The API has no answer to this row (batch_failed): the API rejected the batch because of row 1.";
    assert_eq!(description(0), words);
    assert_eq!(
        description(3),
        "The API rejected the batch because of row 3 (second): Says second. No row was run. Correct this row, or what \
         all rows share, and start the batch again."
    );
    assert!(failure.description.starts_with(
        "All 5 rows failed. The API rejected the batch because of row 1 (first): Says first. No row was run. Correct \
         this row, or what all rows share, and start the batch again."
    ));
    let data = ["code", "param", "index"].map(|name| failure.data[name].clone());
    assert_eq!(data, [json!("first"), json!("body.model"), json!(1)]);
}

#[test]
fn counts_rejected_lines_from_the_first_row_of_their_batch() {
    let script = || {
        Script::new([
            says(described("batch_1", "completed", 0, 3, 6, json!({"output_file_id": "file-out"}))),
            says(rejected_batch("batch_2", 3, 3, 6, &[problem("bad", 2)])),
            file_of((0..3).map(|row| answered(row, "x"))),
        ])
    };
    let result = ok(get(&script(), json!(["batch_1", "batch_2"])));
    assert_eq!(codes(&result.metadata), json!([[3, "batch_failed"], [4, "bad"], [5, "batch_failed"]]));
    // Without the batch before it, its rows begin at 0.
    let script = Script::new([says(rejected_batch("batch_2", 3, 3, 6, &[problem("bad", 2)]))]);
    let failure = failed(get(&script, json!("batch_2")));
    assert_eq!(codes(&failure.metadata), json!([[0, "batch_failed"], [1, "bad"], [2, "batch_failed"]]));
    assert_eq!(failure.data["index"], 1);
}

#[test]
fn names_a_rejected_row_outside_the_page() {
    let script = Script::new([says(rejected_batch("batch_1", 0, 9, 9, &[problem("bad", 8)]))]);
    let query = json!({"operation": "batch_result", "batch_id": "batch_1", "first_row": 2, "rows": 3});
    let failure = failed(script.run(&source(), &query));
    let codes_of_page = json!([[2, "batch_failed"], [3, "batch_failed"], [4, "batch_failed"]]);
    assert_eq!((codes(&failure.metadata), &failure.data["index"]), (codes_of_page, &json!(7)));
    let words = "All 3 rows failed. The API rejected the batch because of row 7 (bad): Says bad. ";
    assert!(failure.description.starts_with(words), "{}", failure.description);
}

#[test]
fn fails_all_rows_with_an_error_that_is_not_about_a_single_row() {
    for line in [json!(null), json!(0), json!(4), json!("x"), json!(-1)] {
        let script = Script::new([says(rejected_batch("batch_1", 0, 3, 3, &[problem("no_file", line)]))]);
        let failure = failed(get(&script, json!("batch_1")));
        assert_eq!(codes(&failure.metadata), json!([[0, "no_file"], [1, "no_file"], [2, "no_file"]]));
        let words = "All 3 rows failed. The API rejected the batch (no_file): Says no_file. No row was run. Correct \
                     what the API names, and start the batch again.";
        assert!(failure.description.starts_with(words), "{}", failure.description);
    }
    let errors = [problem("bad", 3), problem("no_file", json!(null))];
    let failure = failed(get(&Script::new([says(rejected_batch("batch_1", 0, 3, 3, &errors))]), json!("batch_1")));
    assert_eq!(codes(&failure.metadata), json!([[0, "no_file"], [1, "no_file"], [2, "bad"]]));
}

#[test]
fn advises_to_wait_or_to_start_fewer_rows_when_too_many_tokens_are_enqueued() {
    let errors = [problem("token_limit_exceeded", json!(null))];
    let failure = failed(get(&Script::new([says(rejected_batch("batch_1", 0, 1, 1, &errors))]), json!("batch_1")));
    let hint = "No row was run. Start the batch again when others are done, or with fewer rows.";
    assert_eq!(failure.data["hint"], hint);
}

#[test]
fn keeps_only_so_many_errors_of_a_file_and_only_a_part_of_each() {
    let rows = MAX_FILE_ERRORS + 1;
    let mut errors: Vec<_> = (1..=rows).map(|line| problem("bad", line)).collect();
    errors[0]["message"] = "x".repeat(1 << 20).into();
    let failure =
        failed(get(&Script::new([says(rejected_batch("batch_1", 0, rows, rows, &errors))]), json!("batch_1")));
    let failed = failure.metadata["failed"].as_array().unwrap();
    assert!(failed[0]["description"].as_str().unwrap().len() < 1_000);
    assert_eq!((&failed[rows - 2]["code"], &failed[rows - 1]["code"]), (&json!("bad"), &json!("batch_failed")));
}

#[test]
fn gives_no_row_the_blame_when_the_batch_expired_or_was_cancelled() {
    for status in ["expired", "cancelled"] {
        let mut batch = rejected_batch("batch_1", 0, 2, 2, &[problem("bad", 1)]);
        batch["status"] = status.into();
        let failure = failed(get(&Script::new([says(batch)]), json!("batch_1")));
        let code = format!("batch_{status}");
        assert_eq!(codes(&failure.metadata), json!([[0, code], [1, code]]));
    }
}
