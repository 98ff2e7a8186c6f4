//! Splits rows into files. Each row is written once to be measured: the length of a file must be known before it is
//! sent, and an invalid row must be found before anything is sent.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;

use super::lines::Lines;
use crate::{
    budgets::{MAX_BATCH_BYTES, WORK_BYTES},
    error::{Error, error_text},
    network::http::{Content, FormFile, Pieces, Written},
    operations::{ApiRequest, Plan, chat_route::Api, responses},
    policy::adjust::Adjustment,
};

/// A megabyte as the API counts it, in bytes.
const MEGABYTE: usize = 1_000_000;

/// The limits of files.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows of a file.
    pub rows: usize,
    /// Bytes of a file.
    pub bytes: usize,
    /// Bytes of all files together.
    pub all_bytes: usize,
}

/// The API's limits of a file, and the plugin's limit of all files together.
const LIMITS: Limits = Limits { rows: 50_000, bytes: 200 * MEGABYTE, all_bytes: MAX_BATCH_BYTES };

/// A file to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its rows.
    pub rows: Range<usize>,
    /// Its length, in bytes.
    pub bytes: usize,
}

/// All files of a query.
#[derive(Debug)]
pub struct Draft {
    /// Writes the rows.
    pub lines: Lines,
    /// The files measured so far. The last one may be incomplete.
    pub files: Vec<InputFile>,
    /// The changes to the parameters of the query, each once.
    pub adjusted: Vec<Adjustment>,
    /// The request of the first row. Its body has only the model and the stop sequences.
    pub first: Option<Plan>,
    /// The length of the longest line, in bytes.
    pub longest: usize,
    limits: Limits,
    bytes: usize,
    row: usize,
}

impl Draft {
    /// A draft of rows that are not measured yet.
    #[must_use]
    pub fn new(lines: Lines) -> Self {
        Self::within(LIMITS, lines)
    }

    fn within(limits: Limits, lines: Lines) -> Self {
        Self { lines, files: Vec::new(), adjusted: Vec::new(), first: None, longest: 0, limits, bytes: 0, row: 0 }
    }

    /// Measures some more rows. Returns whether all are measured now.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming an invalid row.
    pub fn measure_more(&mut self) -> Result<bool, Error> {
        let mut line = Vec::new();
        let end = self.bytes + WORK_BYTES;
        while self.row < self.lines.rows.len() && self.bytes < end {
            line.clear();
            let plan = self.lines.write(self.row, &mut line)?;
            if plan.request.path == responses::PATH && self.lines.api == Api::Auto {
                // All rows of a batch must have the same endpoint.
                *self = Self::within(self.limits, Lines { api: Api::Responses, ..self.lines.clone() });
                return Ok(false);
            }
            self.add(plan, line.len())?;
        }
        Ok(self.row == self.lines.rows.len())
    }

    fn add(&mut self, mut plan: Plan, bytes: usize) -> Result<(), Error> {
        let wrong = |place, reason| Err(Error::invalid(place, reason));
        let Limits { rows, bytes: max_bytes, all_bytes } = self.limits;
        if bytes > max_bytes {
            let most = error_text!["must be shorter: a file of a batch has at most ", max_bytes / MEGABYTE, " MB"];
            return wrong(error_text![self.lines.rows.key(), "[", self.row, "]"], most);
        }
        self.bytes += bytes;
        if self.bytes > all_bytes {
            let most = error_text![
                "must be shorter: the requests, including what all rows share, may have at most ",
                all_bytes >> 20,
                " MiB together. Start several batches"
            ];
            return wrong(self.lines.rows.key(), most);
        }
        for adjustment in plan.adjusted.drain(..) {
            if !self.adjusted.contains(&adjustment) {
                self.adjusted.push(adjustment);
            }
        }
        match self.files.last_mut() {
            Some(file) if file.rows.len() < rows && file.bytes + bytes <= max_bytes => {
                file.rows.end += 1;
                file.bytes += bytes;
            }
            _ => self.files.push(InputFile { rows: self.row..self.row + 1, bytes }),
        }
        self.longest = self.longest.max(bytes);
        self.row += 1;
        self.first.get_or_insert_with(|| {
            if let Some(body) = &mut plan.request.body {
                body.retain(|name, _| name == "model" || name == "stop");
            }
            plan
        });
        Ok(())
    }

    /// The request that uploads the file `number`, counted from 0.
    #[must_use]
    pub fn upload(&self, number: usize) -> Option<ApiRequest> {
        let InputFile { rows, bytes } = self.files.get(number)?.clone();
        let lines = Arc::new(self.lines.clone());
        let write = move || -> Pieces { Box::new(Writer { lines: Arc::clone(&lines), rows: rows.clone() }) };
        let file = FormFile {
            name: format!("rows-{}.jsonl", number + 1),
            media_type: "application/jsonl",
            content: Content::Written(Written::new(bytes, write)),
        };
        let members = [("purpose".to_owned(), "batch".into())];
        Some(ApiRequest::upload(super::FILES_PATH, members.into_iter().collect(), file))
    }
}

/// Writes the lines of some rows in pieces.
struct Writer {
    lines: Arc<Lines>,
    rows: Range<usize>,
}

impl Iterator for Writer {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut piece = Vec::with_capacity(WORK_BYTES);
        while piece.len() < WORK_BYTES
            && let Some(row) = self.rows.next()
        {
            // This row was written without an error before, to be measured.
            self.lines.write(row, &mut piece).ok()?;
        }
        (!piece.is_empty()).then(|| piece.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        input::{base_url::Provider, fields::Fields},
        operations::batch::start::{Start, start},
    };

    const NONE: Limits = Limits { rows: usize::MAX, bytes: usize::MAX, all_bytes: usize::MAX };

    fn draft(query: Value, limits: Limits) -> Result<Draft, String> {
        let Start { rows, api, version } =
            start(&Fields::of("queryOptions", &query).unwrap(), Provider::OpenAi).unwrap();
        let mut draft = Draft::within(limits, Lines { rows, api, version, rejections: Arc::default() });
        while !draft.measure_more().map_err(|error| error.to_string())? {}
        Ok(draft)
    }

    fn content(draft: &Draft, number: usize) -> Vec<u8> {
        match draft.upload(number).unwrap().file.unwrap().content {
            Content::Written(written) => written.pieces().flatten().collect(),
            Content::Bytes(_) => panic!("not written in pieces"),
        }
    }

    #[test]
    fn writes_files_of_the_measured_length_with_each_row_once() {
        let rows: Vec<_> = (0..90).map(|row| "é\u{1}\"".repeat(row * 50)).map(|text| text + "x").collect();
        let one = draft(json!({"prompts": rows}), NONE).unwrap();
        assert_eq!(one.files.len(), 1);
        let whole = content(&one, 0);
        assert!(whole.len() > WORK_BYTES && one.upload(1).is_none());
        for limits in [Limits { rows: 7, ..NONE }, Limits { bytes: 60_000, ..NONE }] {
            let many = draft(json!({"prompts": rows}), limits).unwrap();
            let files: Vec<_> = (0..many.files.len()).map(|number| content(&many, number)).collect();
            for (file, InputFile { rows, bytes }) in files.iter().zip(&many.files) {
                assert_eq!(file.len(), *bytes);
                assert!(*bytes <= limits.bytes && rows.len() <= limits.rows);
            }
            assert!(files.len() > 10 && files.concat() == whole);
            let longest = whole.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::len).max();
            assert_eq!(Some(many.longest), longest);
        }
    }

    #[test]
    fn rejects_rows_that_are_too_long_alone_or_together() {
        let query = json!({"prompts": ["a", "b".repeat(3 * MEGABYTE)]});
        let error = draft(query.clone(), Limits { bytes: 2 * MEGABYTE, ..NONE }).unwrap_err();
        assert_eq!(error, "Prompts[1] must be shorter: a file of a batch has at most 2 MB");
        let error = draft(query, Limits { all_bytes: 2 << 20, ..NONE }).unwrap_err();
        let start =
            "Prompts must be shorter: the requests, including what all rows share, may have at most 2 MiB together.";
        assert!(error.starts_with(start), "{error}");
    }

    #[test]
    fn measures_rows_in_several_steps() {
        let prompts = vec!["x".repeat(WORK_BYTES / 4); 8];
        let query = json!({"prompts": prompts});
        let Start { rows, api, version } =
            start(&Fields::of("queryOptions", &query).unwrap(), Provider::OpenAi).unwrap();
        let mut draft = Draft::new(Lines { rows, api, version, rejections: Arc::default() });
        assert_eq!((draft.measure_more().unwrap(), draft.row), (false, 4));
        assert_eq!((draft.measure_more().unwrap(), draft.row), (true, 8));
    }
}
