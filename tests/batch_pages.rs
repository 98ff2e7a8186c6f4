#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that panics has failed
//! Get a batch in pages: which rows a page has, and what fits one.

#[path = "support/batches.rs"]
mod batches;
#[path = "support/script.rs"]
mod script;

use batches::{answered, codes, described, failed, file_of, ok, rejected, says, source};
use script::Script;
use serde_json::{Map, Value, json};
use tooljet_openai::{
    budgets::MAX_RESULT_BYTES,
    input::base64::encoded,
    service::{Failure, Outcome},
};

/// Gets a page of a batch.
fn get_page(script: &Script, first_row: Value, rows: Value) -> Outcome {
    let query = json!({"operation": "batch_result", "batch_id": "batch_1", "first_row": first_row, "rows": rows});
    script.run(&source(), &query)
}

/// A script with a batch of `rows` rows, whose results are these lines.
fn batch_of(rows: usize, lines: impl IntoIterator<Item = String>) -> Script {
    let files = json!({"output_file_id": "file-out", "request_counts": {"completed": 1}});
    Script::new([says(described("batch_1", "completed", 0, rows, rows, files)), file_of(lines)])
}

/// What the metadata says of the rows: the first one, how many, and of how many.
fn rows_of(metadata: &Map<String, Value>) -> Value {
    ["first_row", "rows", "total_rows"].map(|name| metadata[name].clone()).into()
}

#[test]
fn returns_the_rows_of_a_page_with_their_index_in_the_batch() {
    let lines = || {
        let failed = [rejected(1, 400, json!({"code": "one"})), rejected(4, 400, json!({"code": "four"}))];
        [5, 3, 0, 2].map(|row| answered(row, &row.to_string())).into_iter().chain(failed)
    };
    for (first_row, rows, data, codes_of_page, named) in [
        (json!(null), json!(""), json!(["0", null, "2", "3", null, "5"]), json!([[1, "one"], [4, "four"]]), [0, 6, 6]),
        (json!("0"), json!("2"), json!(["0", null]), json!([[1, "one"]]), [0, 2, 6]),
        (json!(2), json!(2), json!(["2", "3"]), json!([]), [2, 2, 6]),
        (json!(4), json!(null), json!([null, "5"]), json!([[4, "four"]]), [4, 2, 6]),
        (json!(5), json!(100), json!(["5"]), json!([]), [5, 1, 6]),
        // No row of the page has an answer, but the batch has some.
        (json!(4), json!(1), json!([null]), json!([[4, "four"]]), [4, 1, 6]),
    ] {
        let result = ok(get_page(&batch_of(6, lines()), first_row, rows));
        assert_eq!((&result.data, codes(&result.metadata)), (&data, codes_of_page));
        assert_eq!(rows_of(&result.metadata), json!(named));
        let answered = data.as_array().unwrap().iter().filter(|answer| !answer.is_null()).count();
        assert_eq!(result.metadata["answered"], answered);
        assert_eq!(result.metadata.get("damaged_lines"), None);
    }
}

#[test]
fn counts_only_the_rows_of_a_page_in_its_usage_and_details() {
    let lines =
        || (0..4).map(|row| answered(row, "x").replace("\"finish_reason\":\"stop\"", "\"finish_reason\":\"length\""));
    let result = ok(get_page(&batch_of(4, lines()), json!(2), json!(1)));
    assert_eq!(result.metadata["usage"]["total_tokens"], 5);
    assert_eq!(result.metadata["finish_reasons"], json!([{"index": 2, "finish_reason": "length"}]));
}

#[test]
fn names_damaged_lines_but_not_the_rows_of_other_pages() {
    let lines = [answered(0, "a"), "?".to_owned(), answered(9, "none"), answered(0, "again"), answered(1, "b")];
    let result = ok(get_page(&batch_of(3, lines.into_iter().chain([answered(1, "again")])), json!(1), json!(2)));
    assert_eq!((result.data, codes(&result.metadata)), (json!(["b", null]), json!([[2, "row_missing"]])));
    let lines = result.metadata["damaged_lines"].as_array().unwrap();
    assert_eq!(lines.iter().map(|line| line["line"].clone()).collect::<Vec<_>>(), [2, 3, 6]);
}

#[test]
fn counts_the_rows_of_a_page_across_batches_and_reads_only_the_files_it_needs() {
    let files = |number: usize| json!({"output_file_id": format!("file-{number}")});
    let script = Script::new([
        says(described("batch_3", "completed", 6, 2, 8, files(3))),
        says(described("batch_1", "completed", 0, 3, 8, files(1))),
        says(described("batch_2", "completed", 3, 3, 8, files(2))),
        file_of([answered(5, "f"), answered(3, "d"), answered(4, "e")]),
        file_of([answered(7, "h"), answered(6, "g")]),
    ]);
    let ids = ["batch_3", "batch_1", "batch_2"];
    let query = json!({"operation": "batch_result", "batch_id": ids, "first_row": 4, "rows": 3});
    let result = ok(script.run(&source(), &query));
    assert_eq!((&result.data, rows_of(&result.metadata)), (&json!(["e", "f", "g"]), json!([4, 3, 8])));
    let sent = script.sent.lock().unwrap();
    let urls: Vec<_> =
        sent[3..].iter().map(|sent| sent.url.strip_prefix("https://api.openai.com/v1").unwrap()).collect();
    assert_eq!(urls, ["/files/file-2/content", "/files/file-3/content"]);
}

#[test]
fn returns_a_page_of_a_batch_that_expired_or_was_cancelled() {
    for (status, code) in [("expired", "batch_expired"), ("cancelled", "batch_cancelled")] {
        let files = json!({"output_file_id": "file-out", "request_counts": {"completed": 2}});
        let script = || {
            let batch = described("batch_1", status, 0, 6, 6, files.clone());
            Script::new([says(batch), file_of([answered(0, "a"), answered(3, "d")])])
        };
        let result = ok(get_page(&script(), json!(2), json!(3)));
        assert_eq!((result.data, codes(&result.metadata)), (json!([null, "d", null]), json!([[2, code], [4, code]])));
        let result = ok(get_page(&script(), json!(4), json!(2)));
        assert_eq!((result.data, codes(&result.metadata)), (json!([null, null]), json!([[4, code], [5, code]])));
        let script = Script::new([says(described("batch_1", status, 0, 6, 6, json!({})))]);
        let failure = failed(get_page(&script, json!(2), json!(3)));
        assert_eq!((&failure.data["code"], &failure.data["index"]), (&json!(code), &json!(2)));
        assert!(failure.description.starts_with("All 3 rows failed. "), "{}", failure.description);
        assert_eq!(rows_of(&failure.metadata), json!([2, 3, 6]));
    }
}

#[test]
fn rejects_a_page_without_rows_by_its_field() {
    for (first_row, rows, words, attempts) in [
        (json!(3), json!(1), "First row must be less than 3, the number of rows, got 3", 1),
        (json!(i64::MAX), json!(null), "First row must be less than 3, the number of rows, got 9", 1),
        (json!(-1), json!(1), "First row must be a whole number of at least 0, got -1", 0),
        (json!("x"), json!(1), "First row must be a whole number of at least 0, got \"x\"", 0),
        (json!(0), json!(0), "Rows must be a whole number of at least 1, got 0", 0),
        (json!(0), json!(1.5), "Rows must be a whole number of at least 1, got 1.5", 0),
    ] {
        for status in ["completed", "in_progress"] {
            let script = Script::new([says(described("batch_1", status, 0, 3, 3, json!({})))]);
            let failure = failed(get_page(&script, first_row.clone(), rows.clone()));
            assert!(failure.description.starts_with(words), "{}", failure.description);
            assert_eq!((&failure.data["code"], script.attempts()), (&json!("invalid_option"), attempts));
        }
    }
}

/// The rows that the failure of a page advises.
fn advised_rows(failure: &Failure) -> usize {
    assert_eq!(failure.data["code"], "response_too_large");
    let (_, advice) = failure.description.split_once("Get fewer rows at once: set Rows to ").expect("no advice");
    let (rows, rest) = advice.split_once(' ').unwrap();
    assert_eq!(rest, "or less, and raise First row by as many from query to query.");
    rows.parse().unwrap()
}

#[test]
fn returns_in_pages_what_one_result_has_no_room_for() {
    let length = MAX_RESULT_BYTES / 5;
    let text = |row: usize| row.to_string().repeat(length);
    let lines = || (0..6).rev().map(|row| answered(row, &text(row)));
    let failure = failed(get_page(&batch_of(6, lines()), json!(0), json!(6)));
    let rows = advised_rows(&failure);
    assert_eq!(rows, 5);
    let pages = (0..6).step_by(rows).map(|first_row| {
        let result = ok(get_page(&batch_of(6, lines()), json!(first_row), json!(rows)));
        result.data.as_array().unwrap().iter().map(|text| text.as_str().unwrap()[..1].to_owned()).collect::<String>()
    });
    assert_eq!(pages.collect::<Vec<_>>(), ["01234", "5"]);
}

#[test]
fn advises_the_rows_that_fit_when_they_have_too_many_names() {
    let text = |row: usize| -> Value { (0..30_000).map(|at| (format!("{row}-{at}"), json!(0))).collect() };
    let files = json!({"output_file_id": "file-out"});
    let mut batch = described("batch_1", "completed", 0, 4, 4, files);
    batch["metadata"]["tooljet_reading"] = r#"{"path":"chat/completions","n":1,"format":"json_object"}"#.into();
    let lines = (0..4).map(|row| answered(row, &text(row).to_string()));
    let failure = failed(get_page(&Script::new([says(batch), file_of(lines)]), json!(0), json!(null)));
    assert_eq!(advised_rows(&failure), 2);
}

#[test]
fn returns_in_pages_more_vectors_than_one_result_has_room_for() {
    let (total, length) = (95, 50_000);
    // Each vector is its row, as a number with the bits 0x3F800000 + row.
    let line = |row: u32| {
        let vector = encoded(&(0x3f80_0000 + row).to_le_bytes().repeat(length));
        let body = json!({"data": [{"index": 0, "embedding": vector}]});
        json!({"custom_id": format!("row-{row}"), "response": {"status_code": 200, "body": body}}).to_string()
    };
    let script = || {
        let files = json!({"output_file_id": "file-out"});
        let mut batch = described("batch_1", "completed", 0, total, total, files);
        batch["metadata"]["tooljet_reading"] = "{}".into();
        Script::new([says(batch), file_of((0..u32::try_from(total).unwrap()).map(line))])
    };
    let rows = advised_rows(&failed(get_page(&script(), json!(null), json!(null))));
    assert!((75..84).contains(&rows), "{rows}");
    let mut vectors = Vec::new();
    for first_row in (0..total).step_by(rows) {
        let Value::Array(page) = ok(get_page(&script(), json!(first_row), json!(rows))).data else { panic!("no list") };
        vectors.extend(page.iter().map(|vector| vector.as_array().unwrap()[length - 1].as_f64().unwrap()));
    }
    let expected = (0..u32::try_from(total).unwrap()).map(|row| f64::from(f32::from_bits(0x3f80_0000 + row)));
    assert!(vectors.into_iter().eq(expected));
}
