//! Runs the pure part of a query repeatedly, for `npm run bench:instructions` to count its instructions:
//! `count_instructions <prompt bytes> <answer> <queries>`. The answer is a number of bytes, `stream:` and a number of
//! one-character chunks, `float:` or `base64:` and a number of vectors, or `rows:` and a number of rows of a list, with an
//! answer of 1 KB each.
//!
//! With `none`, the API never responds, so a query ends once its request is ready.

use std::{
    env,
    future::{Future, pending},
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tooljet_openai::{
    error::TransportError,
    input::base64::encoded,
    network::{
        client::Hold,
        http::{HttpRequest, HttpResponse, Transport},
    },
    policy::model_cache::ModelCache,
    service::{self, Call, Outcome},
};

/// About one character in thirty is not ASCII, as in typical answers.
const SENTENCE: &str = "The café’s menu says \"crème brûlée\":\nprice 7 €, or four for 25 — until Friday. ";

/// Far more turns than rows need.
const MAX_POLLS: usize = 1_000;

struct Canned(Option<HttpResponse>);

impl Transport for Canned {
    async fn send(&self, request: &HttpRequest, _: Duration, _: &mut Hold) -> Result<HttpResponse, TransportError> {
        black_box(request);
        match &self.0 {
            Some(response) => Ok(response.clone()),
            None => pending().await,
        }
    }

    async fn sleep(&self, _: Duration) {
        pending::<()>().await;
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [prompt, answer, queries] = arguments.as_slice() else {
        panic!("usage: core <prompt bytes> <answer bytes, stream:chunks or none> <queries>");
    };
    let source = json!({ "apiKey": "sk-0123456789abcdef0123456789abcdef", "base_url": "" });
    let (kind, count) = answer.split_once(':').unwrap_or(("text", answer));
    let embedding = json!({
        "operation": "generate_embedding",
        "model_embedding": "text-embedding-3-small",
        "input": vec![text(size(prompt)); count.parse().unwrap_or_default()],
    });
    let chat = json!({
        "operation": "chat",
        "model": "gpt-4o-mini",
        "system_prompt": "Answer in short sentences.",
        "prompt": text(size(prompt)),
        "max_tokens": "512",
        "temperature": "0.7",
        "advanced": "off",
    });
    let mut rows = chat.clone();
    rows["operation"] = "chat_list".into();
    rows["prompts"] = vec![text(size(prompt)); count.parse().unwrap_or_default()].into();
    let (query, response) = match kind {
        "rows" => (rows, Some(response(1_000))),
        "stream" => (chat, Some(stream(size(count)))),
        "text" => (chat, (answer != "none").then(|| response(size(answer)))),
        encoding => (embedding, Some(vectors(size(count), encoding == "base64"))),
    };
    let transport = Canned(response);
    let cache = ModelCache::default();
    for _ in 0..size(queries) {
        run(&transport, &cache, &source, &query);
    }
}

/// Polls repeatedly, because the rows of a list take turns. Nothing that it waits for takes time.
fn run(transport: &Canned, cache: &ModelCache, source: &Value, query: &Value) {
    let (source, query) = (black_box(source).clone(), black_box(query).clone());
    let mut call = Call { source, query, started: transport.now(), hold: Hold::default() };
    let mut outcome = pin!(service::run(transport, cache, &mut call));
    let mut poll = || outcome.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let most = if transport.0.is_some() { MAX_POLLS } else { 1 };
    let mut polls = (0..most).map(|_| poll());
    match (polls.find(Poll::is_ready), &transport.0) {
        (Some(Poll::Ready(Outcome::Ok(result))), Some(_)) => drop(black_box(result)),
        (None, None) => {}
        (unexpected, _) => panic!("{unexpected:?}"),
    }
}

fn response(size: usize) -> HttpResponse {
    let body = json!({
        "id": "chatcmpl-0123456789",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text(size), "refusal": null, "annotations": [] },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": 221,
            "completion_tokens": 97,
            "total_tokens": 318,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 },
        },
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    });
    success("application/json", body.to_string())
}

fn stream(chunks: usize) -> HttpResponse {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-0123456789",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": "gpt-4o-mini-2024-07-18",
            "service_tier": "default",
            "system_fingerprint": "fp_0123456789",
            "choices": choices,
            "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value, reason: Value| {
        chunk(json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason }]), Value::Null)
    };
    let mut body = delta(json!({ "content": "x" }), Value::Null).repeat(chunks);
    body += &delta(json!({}), json!("stop"));
    body += &chunk(json!([]), json!({ "prompt_tokens": 221, "completion_tokens": 97, "total_tokens": 318 }));
    success("text/event-stream", body + "data: [DONE]\n\n")
}

/// In the API's format: floats with all digits of a double, or base64 of the bytes.
fn vectors(count: usize, is_base64: bool) -> HttpResponse {
    // Arbitrary numbers of a realistic magnitude.
    #[allow(clippy::cast_precision_loss)]
    let floats: Vec<f32> = (0..1536).map(|at| ((at * 7919 % 1009) as f32 / 1009.0 - 0.5) / 12.0).collect();
    let embedding = if is_base64 {
        encoded(&floats.iter().flat_map(|float| float.to_le_bytes()).collect::<Vec<_>>()).into()
    } else {
        Value::from(floats)
    };
    let data: Vec<_> =
        (0..count).map(|index| json!({ "object": "embedding", "index": index, "embedding": embedding })).collect();
    let body = json!({
        "object": "list",
        "data": data,
        "model": "text-embedding-3-small",
        "usage": { "prompt_tokens": 221, "total_tokens": 221 },
    });
    success("application/json", body.to_string())
}

fn success(kind: &str, body: String) -> HttpResponse {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    HttpResponse {
        status: 200,
        headers: vec![header("content-type", kind), header("x-request-id", "req_0123456789")],
        body: body.into_bytes(),
        cut: None,
    }
}

fn text(size: usize) -> String {
    SENTENCE
        .chars()
        .cycle()
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            (*bytes <= size).then_some(c)
        })
        .collect()
}

fn size(argument: &str) -> usize {
    argument.parse().unwrap_or_else(|_| panic!("{argument} is not a number"))
}
