//! Random values, based on the forms and the stored responses.

use std::{fmt, fs, ops::Deref, path::PathBuf, sync::LazyLock};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};
use serde_json::{Map, Value};
use tooljet_openai::network::http::HttpResponse;

/// Unlike any other text, so that every part of it in a text is a leak.
pub(crate) const KEY: &str = "Qx7-Vw93_ZpLm41kTrY8eHn2-BdGs56uJcFa0XoWi";

/// Longest part of a secret that may remain in a text.
pub(crate) const TOLERATED: usize = 11;

/// Whether `text` contains more of `secret` than tolerated, not counting placeholders.
pub(crate) fn leaks(text: &str, secret: &str) -> bool {
    let parts = || secret.as_bytes().windows(TOLERATED + 1);
    text.split("[redacted]").any(|left| left.contains(secret) || parts().any(|part| contains(left.as_bytes(), part)))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn json_file(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(repository().join(path)).unwrap()).unwrap()
}

/// The form's operations, each with the keys of its fields.
pub(crate) static OPERATIONS: LazyLock<Vec<(String, Vec<String>)>> = LazyLock::new(|| {
    let form = json_file("operations.json");
    let operations = form["properties"]["operation"]["list"].as_array().unwrap().clone();
    operations
        .into_iter()
        .map(|operation| {
            let name = operation["value"].as_str().unwrap().to_owned();
            let mut keys = vec!["query_timeout".to_owned()];
            collect_keys(&form["properties"][&name], &mut keys);
            (name, keys)
        })
        .collect()
});

/// The keys of the data source's form.
pub(crate) static SOURCE_KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut keys = Vec::new();
    collect_keys(&json_file("manifest.json")["properties"], &mut keys);
    keys
});

fn collect_keys(form: &Value, keys: &mut Vec<String>) {
    let Value::Object(members) = form else { return };
    if let Some(key) = members.get("key").and_then(Value::as_str) {
        keys.push(key.to_owned());
    }
    members.values().for_each(|member| collect_keys(member, keys));
}

/// Every stored response.
pub(crate) static FIXTURES: LazyLock<Vec<HttpResponse>> = LazyLock::new(|| {
    let index = json_file("__tests__/fixtures/index.json");
    let stored = index.as_array().unwrap().iter().map(|fixture| {
        let file = repository().join("__tests__/fixtures").join(fixture["file"].as_str().unwrap());
        let headers = fixture["headers"].as_object().unwrap().iter();
        HttpResponse {
            status: u16::try_from(fixture["status"].as_u64().unwrap()).unwrap(),
            headers: headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
            body: fs::read(file).unwrap(),
            cut: None,
        }
    });
    stored.collect()
});

/// Any text, with a preference for what confuses parsers.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => ".{0,40}",
        2 => select(vec![
            "", " ", "\n", "\u{feff}", "null", "undefined", "NaN", "Infinity", "-0", "1e999", "{{", "}}", "{{ 5 }}", "[",
            "[]", "{}", "[null]", "{\"a\":", "\u{0}", "a\r\nX-Injected: 1", "é", "👩‍👩‍👧", "true", "off", "auto", "json",
        ])
        .prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| number.to_string()),
        1 => "[ -~]{0,300}",
    ]
}

/// Any JSON.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-20_i64..3000).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3.0..3.0).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((member_name(), inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Member names, including those that readers look for.
fn member_name() -> impl Strategy<Value = String> {
    let known = "role content type text url image_url name schema properties items required strict title message code \
                 param error detail loc msg choices data index finish_reason refusal tool_calls audio transcript usage \
                 total_tokens embedding b64_json id model stream created shutdown_date logprobs status_code statusCode";
    let known: Vec<_> = known.split_whitespace().map(str::to_owned).collect();
    prop_oneof![4 => select(known), 1 => text()]
}

/// Any value of a field: JSON, unchanged or as text.
pub(crate) fn field() -> impl Strategy<Value = Value> {
    prop_oneof![3 => json(), 1 => json().prop_map(|value| value.to_string().into())]
}

/// Options in which some of these keys are set to anything.
pub(crate) fn options(keys: Vec<String>) -> impl Strategy<Value = Map<String, Value>> {
    vec((select(keys), field()), 0..7).prop_map(|members| members.into_iter().collect())
}

/// A query, shown as one line of JSON when a test fails.
#[derive(Clone)]
pub(crate) struct Query(Map<String, Value>);

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Value::from(self.0.clone()).to_string())
    }
}

impl Deref for Query {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// An operation with any values in its fields. All parts are generated side by side, so that each can be simplified
/// independently when a failing query is minimized.
pub(crate) fn query() -> impl Strategy<Value = Query> {
    let prompt = prop_oneof![3 => Just(Value::from("Say it as JSON")), 1 => field()];
    (any::<Index>(), vec((any::<Index>(), field()), 0..7), prompt).prop_map(|(operation, fields, prompt)| {
        let (operation, keys) = operation.get(&OPERATIONS);
        let mut options: Map<_, _> = fields.into_iter().map(|(key, value)| (key.get(keys).clone(), value)).collect();
        let key = if operation == "generate_embedding" { "input" } else { "prompt" };
        if operation != "list_models" {
            options.entry(key).or_insert(prompt);
        }
        options.insert("operation".to_owned(), operation.clone().into());
        Query(options)
    })
}

#[test]
fn shows_a_failing_query_as_one_short_line() {
    let fails = |query: Query| {
        let is_failing = query.get("temperature").is_some_and(Value::is_array) && query["operation"] == "chat";
        if is_failing { Err(TestCaseError::fail("here")) } else { Ok(()) }
    };
    let config = Config { cases: 20_000, ..crate::config() };
    let Err(TestError::Fail(_, query)) = TestRunner::new(config).run(&query(), fails) else { panic!("none fails") };
    assert_eq!(format!("{query:?}"), r#"{"temperature":[],"prompt":"Say it as JSON","operation":"chat"}"#);
}

/// Bytes to change, remove or insert, or where to truncate.
pub(crate) type Damage = Vec<(Index, u8, u8)>;

pub(crate) fn damage() -> impl Strategy<Value = Damage> {
    vec((any::<Index>(), 0_u8..4, any::<u8>()), 0..4)
}

pub(crate) fn damaged(mut body: Vec<u8>, damage: &Damage) -> Vec<u8> {
    for (at, kind, byte) in damage {
        let at = at.index(body.len() + 1);
        match kind {
            0 if at < body.len() => body[at] = *byte,
            1 if at < body.len() => drop(body.remove(at)),
            2 => body.insert(at, *byte),
            _ => body.truncate(at),
        }
    }
    body
}

/// A stored response, intact or damaged.
pub(crate) fn stored_response() -> impl Strategy<Value = HttpResponse> {
    (select(FIXTURES.clone()), damage(), any::<bool>()).prop_map(|(response, damage, whole)| {
        if whole { response } else { HttpResponse { body: damaged(response.body, &damage), ..response } }
    })
}

/// A response, whose body is shown as text when a test fails.
#[derive(Clone)]
pub(crate) struct Response(pub(crate) HttpResponse);

/// Longest part of a body that is shown, in characters.
const SHOWN: usize = 500;

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HttpResponse { status, headers, body, .. } = &self.0;
        let text = String::from_utf8_lossy(body);
        let shown: String = text.chars().take(SHOWN).collect();
        write!(f, "HTTP {status} {headers:?} {shown:?}")?;
        if shown.len() < text.len() { write!(f, "… ({} bytes)", body.len()) } else { Ok(()) }
    }
}

impl Deref for Response {
    type Target = HttpResponse;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[test]
fn shows_the_body_of_a_failing_response_as_text_of_a_sensible_length() {
    let response = |body: &str| {
        let headers = vec![("retry-after".to_owned(), "1".to_owned())];
        Response(HttpResponse { status: 500, headers, body: body.into(), cut: None })
    };
    let short = r#"HTTP 500 [("retry-after", "1")] "{}""#;
    assert_eq!(format!("{:#?}", vec![response("{}")]), format!("[\n    {short},\n]"));
    let long = format!("{:?}", response(&"é".repeat(10_000)));
    assert!(long.ends_with("é\"… (20000 bytes)") && long.chars().count() < SHOWN + 80, "{long}");
}

/// Any response: a stored one, or one built from random parts.
pub(crate) fn response() -> impl Strategy<Value = Response> {
    let body = prop_oneof![
        4 => json().prop_map(|body| body.to_string().into_bytes()),
        1 => (any::<u16>(), text()).prop_map(|(code, message)| {
            serde_json::json!({"error": {"code": code, "message": message}}).to_string().into_bytes()
        }),
        2 => json().prop_map(|error| serde_json::json!({ "error": error }).to_string().into_bytes()),
        2 => json().prop_map(|choice| serde_json::json!({"choices": [choice], "data": [choice]}).to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..200),
        1 => text().prop_map(|text| format!("<html><script>{text}</b><{text}").into_bytes()),
    ];
    let status = prop_oneof![2 => Just(200), 3 => select(vec![201, 204, 400, 401, 402, 403, 404, 408, 409, 413, 422, 429]),
        2 => 500_u16..530, 1 => 100_u16..1000];
    let random = (status, headers(), body);
    prop_oneof![
        stored_response(),
        random.prop_map(|(status, headers, body)| HttpResponse { status, headers, body, cut: None }),
    ]
    .prop_map(Response)
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = select(vec!["retry-after", "retry-after-ms", "x-should-retry", "x-request-id", "content-type"]);
    vec((name.prop_map(str::to_owned), header_value()), 0..4)
}

/// Possible values of `retry-after`.
pub(crate) fn header_value() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..200_000_u32).prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        (-10.0..10.0).prop_map(|number: f64| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        select(vec!["true", "false", "Fri, 15 Jan 2027 08:00:07 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "1,5", "0x10"])
            .prop_map(str::to_owned),
        text(),
    ]
}
