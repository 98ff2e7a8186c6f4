//! How rows are split into files. What a file will be is measured first: its length has to be known before it is sent,
//! and what is wrong with a row has to be found before anything is.

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

/// Bytes of a megabyte, as the API counts.
const MEGABYTE: usize = 1_000_000;

/// The most that files may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows of a file.
    pub rows: usize,
    /// Bytes of a file.
    pub bytes: usize,
    /// Bytes of all files together.
    pub all_bytes: usize,
}

/// Those of a file are the API's.
const LIMITS: Limits = Limits { rows: 50_000, bytes: 200 * MEGABYTE, all_bytes: MAX_BATCH_BYTES };

/// A file that is yet to be written.
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
    /// How their rows are written.
    pub lines: Lines,
    /// Those that are measured, the last one perhaps not wholly.
    pub files: Vec<InputFile>,
    /// What of the query is not in the rows, each change once.
    pub adjusted: Vec<Adjustment>,
    /// The request of the first row, without what it asks.
    pub first: Option<Plan>,
    /// The length of the longest line, in bytes.
    pub longest: usize,
    limits: Limits,
    bytes: usize,
    row: usize,
}

impl Draft {
    /// A draft in which nothing is measured.
    #[must_use]
    pub fn new(lines: Lines) -> Self {
        Self::within(LIMITS, lines)
    }

    fn within(limits: Limits, lines: Lines) -> Self {
        Self { lines, files: Vec::new(), adjusted: Vec::new(), first: None, longest: 0, limits, bytes: 0, row: 0 }
    }

    /// Measures some more rows. Returns whether all are.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming what is wrong with a row.
    pub fn go_on(&mut self) -> Result<bool, Error> {
        let mut line = Vec::new();
        let end = self.bytes + WORK_BYTES;
        while self.row < self.lines.rows.len() && self.bytes < end {
            line.clear();
            let plan = self.lines.write(self.row, &mut line)?;
            if plan.request.path == responses::PATH && self.lines.api == Api::Auto {
                // All rows of a batch have the same endpoint.
                *self = Self::within(self.limits, Lines { api: Api::Responses, ..self.lines.clone() });
                return Ok(false);
            }
            self.add(plan, line.len())?;
        }
        Ok(self.row == self.lines.rows.len())
    }

    fn add(&mut self, mut plan: Plan, bytes: usize) -> Result<(), Error> {
        let wrong = |place, reason| Err(Error::invalid(place, reason));
        let Limits { rows, bytes: most_bytes, all_bytes } = self.limits;
        if bytes > most_bytes {
            let most = error_text!["must be shorter: a file of a batch has at most ", most_bytes / MEGABYTE, " MB"];
            return wrong(error_text![self.lines.rows.key(), "[", self.row, "]"], most);
        }
        self.bytes += bytes;
        if self.bytes > all_bytes {
            let most = error_text![
                "must be shorter: with what all rows share, the requests may have at most ",
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
            Some(file) if file.rows.len() < rows && file.bytes + bytes <= most_bytes => {
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

    /// The request that uploads the file of this number, from 0.
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

/// Writes the lines of rows.
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
            // It has been written before, to be measured.
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
        while !draft.go_on().map_err(|error| error.to_string())? {}
        Ok(draft)
    }

    fn content(draft: &Draft, number: usize) -> Vec<u8> {
        match draft.upload(number).unwrap().file.unwrap().content {
            Content::Written(written) => written.pieces().flatten().collect(),
            Content::Bytes(_) => panic!("is there as a whole"),
        }
    }

    #[test]
    fn files_are_as_long_as_they_were_measured_and_contain_each_row_once() {
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
    fn rows_that_are_too_long_alone_or_together_are_rejected() {
        let query = json!({"prompts": ["a", "b".repeat(3 * MEGABYTE)]});
        let error = draft(query.clone(), Limits { bytes: 2 * MEGABYTE, ..NONE }).unwrap_err();
        assert_eq!(error, "Prompts[1] must be shorter: a file of a batch has at most 2 MB");
        let error = draft(query, Limits { all_bytes: 2 << 20, ..NONE }).unwrap_err();
        let start = "Prompts must be shorter: with what all rows share, the requests may have at most 2 MiB together.";
        assert!(error.starts_with(start), "{error}");
    }

    #[test]
    fn rows_are_measured_some_at_a_time() {
        let prompts = vec!["x".repeat(WORK_BYTES / 4); 8];
        let query = json!({"prompts": prompts});
        let Start { rows, api, version } =
            start(&Fields::of("queryOptions", &query).unwrap(), Provider::OpenAi).unwrap();
        let mut draft = Draft::new(Lines { rows, api, version, rejections: Arc::default() });
        assert_eq!((draft.go_on().unwrap(), draft.row), (false, 4));
        assert_eq!((draft.go_on().unwrap(), draft.row), (true, 8));
    }
}
