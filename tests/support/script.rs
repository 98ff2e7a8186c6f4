#![allow(unreachable_pub, dead_code)] // each test file uses a part of it
//! A transport that follows a script, with a clock that only moves on demand.

use std::{
    collections::VecDeque,
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tooljet_openai::{
    error::{TransportError, TransportErrorKind},
    input::secret::Secret,
    network::{
        client::Hold,
        http::{Body, BodySink, Content, Form, HttpRequest, HttpResponse, LogSink, Sink, Transport},
    },
    policy::model_cache::ModelCache,
    service::{self, Call, Outcome},
};

/// One scripted response.
pub enum Step {
    /// Responds at once.
    Respond(HttpResponse),
    /// Fails at once.
    Fail(TransportErrorKind),
    /// Never responds: the request ends with its timeout.
    Hang,
}

/// A request as it was sent.
pub struct Sent {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Value,
    /// The content of the file in a form.
    pub file: Vec<u8>,
    pub timeout: Duration,
}

#[derive(Default)]
pub struct Script {
    steps: Mutex<VecDeque<Step>>,
    pub sent: Mutex<Vec<Sent>>,
    pub sleeps: Mutex<Vec<Duration>>,
    pub proxy_secrets: Vec<Secret>,
    pub log: Arc<Mutex<Vec<String>>>,
    /// The calendar, as time since 1970; default: 2027-01-15.
    pub calendar: Option<Duration>,
    clock: Mutex<Duration>,
}

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: Mutex::new(steps.into_iter().collect()), ..Self::default() }
    }

    /// Runs a query to completion; nothing in a script really waits.
    pub fn run(&self, source: &Value, query: &Value) -> Outcome {
        self.run_with(&ModelCache::default(), source, query)
    }

    pub fn run_with(&self, cache: &ModelCache, source: &Value, query: &Value) -> Outcome {
        finish(service::run(self, cache, &mut self.call(source, query)))
    }

    pub fn test_connection(&self, source: &Value) -> Outcome {
        finish(service::test_connection(self, &mut self.call(source, &Value::Null)))
    }

    fn call(&self, source: &Value, query: &Value) -> Call {
        Call { source: source.clone(), query: query.clone(), started: self.now(), hold: Hold::default() }
    }

    pub fn attempts(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    pub fn elapsed(&self) -> Duration {
        *self.clock.lock().unwrap()
    }

    pub fn advance(&self, duration: Duration) {
        *self.clock.lock().unwrap() += duration;
    }

    /// The lines of the query log.
    pub fn logged(&self) -> Vec<Value> {
        self.log.lock().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn slept(&self) -> Vec<Duration> {
        self.sleeps.lock().unwrap().clone()
    }
}

impl Transport for Script {
    async fn send(
        &self,
        request: &HttpRequest,
        timeout: Duration,
        _: &mut Hold,
    ) -> Result<HttpResponse, TransportError> {
        let (body, file) = match &request.body {
            None => (None, Vec::new()),
            Some(Body::Json(text)) => (Some(serde_json::from_slice(text).unwrap()), Vec::new()),
            Some(Body::Form(form)) => (Some(members_of(form)), content_of(form)),
        };
        self.sent.lock().unwrap().push(Sent {
            method: format!("{:?}", request.method).to_uppercase(),
            url: request.url.to_string(),
            headers: request.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect(),
            body: body.unwrap_or_default(),
            file,
            timeout,
        });
        match self.steps.lock().unwrap().pop_front().expect("the script has no response left") {
            Step::Respond(response) => Ok(poured(response, request.sink.as_ref())),
            Step::Fail(kind) => Err(TransportError::new(kind, "scripted")),
            Step::Hang => {
                *self.clock.lock().unwrap() += timeout;
                Err(TransportError::new(TransportErrorKind::Timeout, ""))
            }
        }
    }

    async fn sleep(&self, duration: Duration) {
        self.sleeps.lock().unwrap().push(duration);
        *self.clock.lock().unwrap() += duration;
    }

    fn proxy_secrets(&self) -> &[Secret] {
        &self.proxy_secrets
    }

    fn now(&self) -> Duration {
        *self.clock.lock().unwrap()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.calendar.unwrap_or(Duration::from_secs(1_800_000_000))
    }

    fn log(&self) -> Option<LogSink> {
        let log = Arc::clone(&self.log);
        Some(Arc::new(move |line| log.lock().unwrap().push(line)))
    }

    fn jitter(&self) -> f64 {
        0.0
    }
}

/// The response once its body is where it should go.
fn poured(mut response: HttpResponse, sink: Option<&Sink>) -> HttpResponse {
    if let Some(sink) = sink.filter(|_| (200..300).contains(&response.status)) {
        let body = std::mem::take(&mut response.body);
        let pour = |sink: &mut dyn BodySink| {
            sink.begin();
            body.chunks(7.max(body.len() / 1000)).try_for_each(|chunk| sink.take(chunk).map(drop))?;
            if response.cut.is_none() { sink.end().map(drop) } else { Ok(()) }
        };
        response.cut = sink.with(pour).err().or(response.cut);
    }
    response
}

fn content_of(form: &Form) -> Vec<u8> {
    match &form.file.content {
        Content::Bytes(bytes) => bytes.to_vec(),
        Content::Written(written) => written.pieces().flatten().collect(),
    }
}

/// The members of a form, with the name of its file.
fn members_of(Form { fields, file }: &Form) -> Value {
    let mut members = json!({ "file": file.name });
    for (name, value) in fields {
        match (name.strip_suffix("[]"), value) {
            (None, value) => members[name] = json!(value),
            (Some(list), value) => match members[list].as_array_mut() {
                Some(items) => items.push(json!(value)),
                None => members[list] = json!([value]),
            },
        }
    }
    members
}

/// A response with this status, headers and body.
pub fn response(status: u16, headers: &[(&str, &str)], body: impl ToString) -> Step {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Step::Respond(HttpResponse { status, headers, body: body.to_string().into_bytes(), cut: None })
}

fn finish<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a scripted future waited"),
    }
}
