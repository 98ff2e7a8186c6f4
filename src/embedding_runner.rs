//! Runs a query that turns texts into vectors, with as many requests as necessary.
//!
//! If one request can carry all texts, there is only that one. Otherwise a short one goes first: it shows what the
//! server accepts and how large its responses are, before the others are paid for. Then several run concurrently.

use std::{collections::VecDeque, mem, ops::Range};

use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::{Map, Value};

use crate::{
    budgets::{MAX_PARALLEL_REQUESTS, MAX_PART_BYTES, VALUE_BYTES},
    error::{Error, cause::is_too_much_at_once},
    list_result::ListFailure,
    network::{client::Hold, http::Transport},
    operations::{
        ApiRequest, Plan, QueryResult, Reader,
        embedding::{VectorsReader, texts_for_one_request},
        result_size,
        usage::UsageSum,
        vectors::{in_encoding, length, memory},
    },
    query_runner::QueryRunner,
};

/// Number of texts in the first request.
const FIRST_TEXTS: usize = 128;

/// The texts of a query, and the vectors so far.
struct Texts {
    /// Texts that are not in flight.
    inputs: Vec<Value>,
    vectors: Vec<Option<Value>>,
    usage: UsageSum,
    /// Other metadata, from the first response.
    metadata: Map<String, Value>,
    /// Maximum number of texts in a request, as far as known.
    most: usize,
}

impl Texts {
    /// Takes the texts out of a request's body. A single one stays there, because it may be a list of tokens.
    fn taken_from(body: &mut Map<String, Value>, total: usize) -> Self {
        let inputs = match body.get_mut("input") {
            Some(Value::Array(items)) if total > 1 => mem::take(items),
            _ => Vec::new(),
        };
        let vectors = (0..total).map(|_| None).collect();
        Self { inputs, vectors, usage: UsageSum::default(), metadata: Map::new(), most: usize::MAX }
    }

    /// The start of `texts` that fits into one request.
    fn start_of(&self, texts: &Range<usize>) -> Range<usize> {
        let count = texts_for_one_request(self.inputs.get(texts.clone()).unwrap_or_default());
        texts.start..texts.start + count.min(self.most)
    }

    /// Size of these texts in a request, in bytes.
    fn bytes(&self, texts: Range<usize>) -> usize {
        let bytes =
            |text: &Value| text.as_str().map_or_else(|| text.as_array().map_or(0, Vec::len) * VALUE_BYTES, str::len);
        self.inputs.get(texts).unwrap_or_default().iter().map(bytes).sum()
    }

    /// Puts these texts into a request's body.
    fn put_in(&mut self, body: &mut Map<String, Value>, texts: Range<usize>) {
        if let Some(inputs) = self.inputs.get_mut(texts) {
            body.insert("input".to_owned(), inputs.iter_mut().map(Value::take).collect());
        }
    }

    /// Moves them back.
    fn take_back(&mut self, body: &mut Map<String, Value>, texts: Range<usize>) {
        if let Some(inputs) = self.inputs.get_mut(texts)
            && let Some(Value::Array(items)) = body.get_mut("input").map(Value::take)
        {
            inputs.iter_mut().zip(items).for_each(|(input, item)| *input = item);
        }
    }

    /// Adds a response and returns its memory use in bytes.
    fn add(&mut self, texts: Range<usize>, response: QueryResult) -> usize {
        let QueryResult { data, mut metadata } = response;
        if let Some(Value::Object(usage)) = metadata.swap_remove("usage") {
            self.usage.add(&usage);
        }
        if self.metadata.is_empty() {
            self.metadata = metadata;
        }
        let Value::Array(vectors) = data else { return 0 };
        let bytes = vectors.iter().map(memory).sum();
        self.vectors[texts].iter_mut().zip(vectors).for_each(|(place, vector)| *place = Some(vector));
        bytes
    }
}

impl<T: Transport> QueryRunner<'_, T> {
    /// Runs the query of `plan`, whose responses are for `reader`.
    ///
    /// # Errors
    /// The first error. The log contains the partial result.
    pub(crate) async fn run_embeddings(&mut self, mut plan: Plan, reader: VectorsReader) -> Result<QueryResult, Error> {
        let mut texts = Texts::taken_from(plan.request.body.get_or_insert_default(), reader.total);
        let result = self.fill(&mut plan, &reader, &mut texts).await;
        self.finish(reader, texts, result).await
    }

    async fn send_first(&mut self, plan: &mut Plan) -> Result<QueryResult, Error> {
        let key = self.key(&plan.request);
        self.send_adjusted(plan, key, None).await
    }

    /// Gets all vectors.
    async fn fill(&mut self, plan: &mut Plan, reader: &VectorsReader, texts: &mut Texts) -> Result<(), Error> {
        let total = reader.total;
        let mut first = texts.start_of(&(0..total));
        if first.len() < total {
            first.end = first.end.min(FIRST_TEXTS);
        }
        let held = self.sender.hold().bytes();
        self.sender.hold().take_peak();
        let response = loop {
            plan.reader = Reader::Vectors(VectorsReader { texts: first.clone(), ..reader.clone() });
            plan.request.body.iter_mut().for_each(|body| texts.put_in(body, first.clone()));
            let result = self.send_first(plan).await;
            plan.request.body.iter_mut().for_each(|body| texts.take_back(body, first.clone()));
            match result {
                Err(error) if first.len() > 1 && error.api().is_some_and(is_too_much_at_once) => {
                    first.end = first.len() / 2;
                    texts.most = first.end;
                }
                result => break result?,
            }
        };
        let taken = self.sender.hold().take_peak().saturating_sub(held);
        let per_text = taken / first.len();
        let kept = texts.add(first.clone(), response);
        self.sender.hold().shrink_to(held + kept);
        if first.len() == total {
            return Ok(());
        }
        if let Some(Some(vector)) = texts.vectors.first() {
            reader.ensure_result_fits(vector)?;
        }
        texts.most = texts.most.min(MAX_PART_BYTES / per_text.max(1)).max(1);
        let mut kept = self.sender.hold().beside();
        let result = self.fill_rest(&plan.request, reader, texts, first.len(), per_text, &mut kept).await;
        self.sender.hold().absorb(kept);
        result
    }

    /// Gets the vectors of all texts after the `first` ones, whose response took `per_text` bytes for each. Their
    /// memory is added to `kept`.
    async fn fill_rest(
        &self,
        request: &ApiRequest,
        reader: &VectorsReader,
        texts: &mut Texts,
        first: usize,
        per_text: usize,
        kept: &mut Hold,
    ) -> Result<(), Error> {
        let deadline = self.sender.deadline();
        let end = deadline.with_time_to_return();
        let mut pending = VecDeque::from_iter(Some(first..reader.total));
        let mut under_way = FuturesUnordered::new();
        let mut failure = None;
        loop {
            while under_way.len() < MAX_PARALLEL_REQUESTS
                && let Some(rest) = pending.pop_front()
            {
                let part = texts.start_of(&rest);
                let mut hold = kept.beside();
                let bytes = texts.bytes(part.clone());
                // Only a single one may wait for memory. Otherwise, queries could wait for each other's.
                if !hold.try_reserve(bytes + per_text * part.len()) && !under_way.is_empty() {
                    pending.push_front(rest);
                    break;
                }
                if part.end < rest.end {
                    pending.push_front(part.end..rest.end);
                }
                let mut request = request.clone();
                request.body.iter_mut().for_each(|body| texts.put_in(body, part.clone()));
                let reader = VectorsReader { texts: part.clone(), ..reader.clone() };
                let sender = &self.sender;
                under_way.push(async move {
                    hold.add(bytes).await;
                    let read = move |response| reader.read(response);
                    let result = sender.beside(&mut hold, end).send(&request, read).await;
                    (part, request, hold, result)
                });
            }
            let Some((part, mut request, mut hold, result)) = under_way.next().await else { break };
            request.body.iter_mut().for_each(|body| texts.take_back(body, part.clone()));
            match result {
                Ok(response) => {
                    hold.shrink_to(texts.add(part, response));
                    kept.absorb(hold);
                }
                Err(error) if part.len() > 1 && error.api().is_some_and(is_too_much_at_once) => {
                    texts.most = texts.most.min(part.len() / 2);
                    pending.push_front(part);
                }
                Err(error) => {
                    failure.get_or_insert(match error {
                        Error::Timeout { .. } => Error::Timeout { after: deadline.timeout },
                        error => error,
                    });
                }
            }
            if failure.is_some() {
                // These are already paid for, so let them finish.
                pending.clear();
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Builds the result from all vectors. If something failed, the vectors so far go into the log.
    async fn finish(
        &mut self,
        reader: VectorsReader,
        texts: Texts,
        filled: Result<(), Error>,
    ) -> Result<QueryResult, Error> {
        let Texts { vectors, usage, mut metadata, .. } = texts;
        let usage = usage.into_members();
        let usage = (!usage.is_empty()).then(|| ("usage".to_owned(), Value::Object(usage)));
        let usage: Map<_, _> = usage.into_iter().collect();
        let present = || vectors.iter().flatten();
        if present().next().is_none() {
            return filled.and_then(|()| reader.result(Vec::new())).map(|data| QueryResult { data, metadata });
        }
        let bytes: usize = present().map(memory).sum();
        let values: usize = present().map(|vector| if vector.is_string() { length(vector) } else { 0 }).sum();
        self.sender.hold().add(values * VALUE_BYTES).await;
        let has_details = self.has_details;
        if let Err(error) = filled {
            let part = move || {
                let all = vectors.into_iter().map(|vector| vector.map(|it| in_encoding(it, reader.encoding)));
                all.collect::<Value>()
            };
            let data = self.sender.offload(bytes, part).await;
            self.incomplete = Some(ListFailure {
                notice: "One of several requests failed. The partial result is in data.partial. ".into(),
                data: Map::from_iter([("partial".to_owned(), data)]),
                metadata: usage,
            });
            return Err(error);
        }
        metadata.extend(usage);
        let all = move || {
            let result = QueryResult { data: reader.result(vectors.into_iter().flatten().collect())?, metadata };
            result_size::ensure_fits(&result, if has_details { 2 } else { 1 })?;
            Ok(result)
        };
        self.sender.offload(bytes, all).await
    }
}
