//! The options of a data source: credentials, base URL, headers, timeout and retries.

use std::{borrow::Cow, time::Duration};

use serde_json::Value;

use crate::{
    budgets::{MAX_HEADER_BYTES, MAX_HEADERS},
    error::{Error, error_text},
    input::{
        api_key::bare_key,
        base_url::{BaseUrl, Provider},
        fields::{Fields, scalar_text},
        secret::Secret,
        unquoted::unquoted,
    },
};

/// Timeout of a query in seconds, if neither the data source nor the query sets one.
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 600;
/// The same as a duration.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(DEFAULT_TIMEOUT_SECONDS);
/// Retries of a query, if the data source does not set them.
pub const DEFAULT_MAX_RETRIES: i64 = 2;

/// Headers that belong to the connection, the body or the administrator's proxy.
const RESERVED_HEADERS: [&str; 10] = [
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Words that precede the secret in a header's value.
const SCHEMES: [&str; 4] = ["apikey", "basic", "bearer", "token"];

/// A checked data source.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// The API's address.
    pub base_url: BaseUrl,
    /// Headers of every request: authorization, organization, project and those of the data source. Names are in lower
    /// case.
    pub headers: Vec<(String, Secret)>,
    /// Timeout of a whole query including retries, if the data source sets one.
    pub timeout: Option<Duration>,
    /// Maximum number of retries per query.
    pub max_retries: u32,
    /// Whether Chat and Completions request a stream.
    pub streaming: bool,
    api_key: Secret,
}

impl SourceOptions {
    /// Reads the options of a data source.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the invalid field, never its secret value.
    pub fn from_fields(fields: &Fields<'_>) -> Result<Self, Error> {
        let mut room = Room(MAX_HEADER_BYTES);
        room.take("apiKey", typed_text(fields, "apiKey"))?;
        let api_key = fields.text("apiKey")?.map(|pasted| bare_key(&pasted).to_owned());
        let Some(api_key) = api_key.filter(|key| !key.is_empty()) else {
            return Err(Error::invalid(
                "apiKey",
                "is missing; enter it in the data source (any text, if your server needs no key)",
            ));
        };
        check_header_value("apiKey", &api_key)?;
        let base_url = BaseUrl::from_fields(fields)?;
        let mut headers = vec![authorization(base_url.provider(), &api_key)];
        for (key, header) in [("organizationId", "openai-organization"), ("project_id", "openai-project")] {
            room.take(key, typed_text(fields, key))?;
            if let Some(id) = stored_id(fields, key)? {
                headers.push((header.to_owned(), Secret::new(id)));
            }
        }
        for (name, value) in own_headers(fields, &mut room)? {
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value));
        }
        let max_retries = fields.integer("max_retries", 0..=10)?.unwrap_or(DEFAULT_MAX_RETRIES);
        Ok(Self {
            base_url,
            headers,
            timeout: timeout(fields)?,
            max_retries: u32::try_from(max_retries).unwrap_or_default(),
            streaming: fields.choice("streaming", &[("off", false), ("on", true)])?.unwrap_or_default(),
            api_key: Secret::new(api_key),
        })
    }

    /// All secrets of this data source.
    pub fn secrets(&self) -> impl Iterator<Item = Secret> {
        let ids = ["openai-organization", "openai-project"];
        let headers = self.headers.iter().filter(move |(name, _)| !ids.contains(&name.as_str()));
        let in_headers = headers.flat_map(|(_, value)| credentials(value.expose()));
        std::iter::once(self.api_key.clone()).chain(in_headers).chain(self.base_url.query_secrets())
    }
}

/// The rest of [`MAX_HEADER_BYTES`]. Lengths are checked before any other processing.
struct Room(usize);

impl Room {
    fn take(&mut self, field: &'static str, text: &str) -> Result<(), Error> {
        self.0 = self
            .0
            .checked_sub(text.len())
            .ok_or_else(|| Error::invalid(field, "must be shorter: no server accepts headers of this size"))?;
        Ok(())
    }
}

/// The parts of a header that a response may repeat: `abc` of `Bearer abc`, user and password of `Basic ...`.
fn credentials(value: &str) -> Vec<Secret> {
    let (scheme, rest) = value.split_once(' ').unwrap_or_default();
    if !SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return vec![Secret::new(value)];
    }
    let credentials = Secret::new(rest.trim_start());
    let decoded = credentials.decoded_base64().filter(|_| scheme.eq_ignore_ascii_case("basic"));
    let password = decoded.as_ref().and_then(|decoded| decoded.expose().split_once(':')).map(|(_, it)| Secret::new(it));
    [Some(credentials), decoded, password].into_iter().flatten().collect()
}

/// Azure expects keys in `api-key` and Entra tokens (JWTs, which start with `eyJ`) as bearer tokens.
fn authorization(provider: Provider, api_key: &str) -> (String, Secret) {
    let azure = matches!(provider, Provider::Azure | Provider::AzureDeployment);
    if azure && !api_key.starts_with("eyJ") {
        ("api-key".to_owned(), Secret::new(api_key))
    } else {
        ("authorization".to_owned(), Secret::new(format!("Bearer {api_key}")))
    }
}

/// An optional id. Old data sources may contain the strings `null` and `undefined`.
fn stored_id(fields: &Fields<'_>, key: &'static str) -> Result<Option<String>, Error> {
    let Some(text) = fields.text(key)? else { return Ok(None) };
    let id = unquoted(&text);
    if ["", "null", "undefined"].contains(&id) {
        return Ok(None);
    }
    check_header_value(key, id)?;
    Ok(Some(id.to_owned()))
}

/// The text of `key` without a copy; empty if it is not text.
fn typed_text<'a>(fields: &Fields<'a>, key: &str) -> &'a str {
    fields.value(key).and_then(Value::as_str).unwrap_or_default()
}

/// Reads the pair editor's `[[name, value], ...]`, which ends with an empty pair. A pair without a value is ignored and
/// overrides nothing.
fn own_headers(fields: &Fields<'_>, room: &mut Room) -> Result<Vec<(String, Secret)>, Error> {
    // The values are secrets, so errors must not quote them.
    let shapeless = |_| Error::invalid("headers", "must be a list of name and value pairs");
    let value = match fields.value("headers") {
        None => return Ok(Vec::new()),
        Some(value @ (Value::Array(_) | Value::Object(_))) => Cow::Borrowed(value),
        Some(_) => {
            // Headers are longer as JSON text.
            Room(MAX_HEADER_BYTES * 2).take("headers", typed_text(fields, "headers"))?;
            Cow::Owned(fields.json("headers").map_err(shapeless)?.unwrap_or_default())
        }
    };
    let pairs = value.as_array().into_iter().flatten().filter_map(|item| match item.as_array()?.as_slice() {
        [name, value, ..] => Some((short_text(name)?, short_text(value)?)),
        _ => None,
    });
    let members = value.as_object().into_iter().flatten();
    let members = members.filter_map(|(name, value)| Some((Cow::from(name), short_text(value)?)));
    let mut headers = Vec::new();
    let is_blank = |text: &str| text.trim().is_empty();
    for (name, value) in pairs.chain(members).filter(|(name, value)| !is_blank(name) && !is_blank(value)) {
        if headers.len() == MAX_HEADERS {
            return Err(Error::invalid("headers", error_text!["must have at most ", MAX_HEADERS, " entries"]));
        }
        room.take("headers", &name)?;
        room.take("headers", &value)?;
        headers.push(header(&name.trim().to_ascii_lowercase(), value.trim())?);
    }
    Ok(headers)
}

/// A scalar as text, without a copy if it is text.
fn short_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::from(text)),
        other => scalar_text(other).map(Cow::from),
    }
}

fn header(name: &str, value: &str) -> Result<(String, Secret), Error> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if !name.chars().all(token) {
        return Err(Error::invalid("headers", "must have names that HTTP allows, such as X-Team"));
    }
    if let Some(reserved) = RESERVED_HEADERS.iter().find(|reserved| **reserved == name) {
        return Err(Error::invalid("headers", error_text!["must not set ", *reserved, "; the plugin does that"]));
    }
    if let Some(at) = unsendable(value) {
        let name = name.to_owned();
        let place = error_text!["must not contain ", UNSENDABLE, "; check character ", at, " of the value of ", name];
        return Err(Error::invalid("headers", place));
    }
    Ok((name.to_owned(), Secret::new(value)))
}

fn check_header_value(field: &'static str, value: &str) -> Result<(), Error> {
    match unsendable(value) {
        None => Ok(()),
        Some(at) => {
            let place = error_text!["must not contain ", UNSENDABLE, "; check character ", at, " or paste it again"];
            Err(Error::invalid(field, place))
        }
    }
}

/// What a header must not contain.
const UNSENDABLE: &str = "line breaks, invisible or non-ASCII characters";

/// Position of the first character that a header must not contain, counted from 1.
fn unsendable(value: &str) -> Option<usize> {
    value.chars().position(|c| !(' '..='~').contains(&c)).map(|at| at + 1)
}

/// Timeout of a whole query, if the data source sets one.
///
/// # Errors
/// [`Error::InvalidOption`] if it is not a whole number of seconds within its range.
pub fn timeout(fields: &Fields<'_>) -> Result<Option<Duration>, Error> {
    let seconds = fields.integer("timeout_seconds", 1..=3600)?;
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.unsigned_abs())))
}

/// The query's own deadline: `query_timeout` in milliseconds, read as `ToolJet` does (only finite numbers above 0
/// count), minus a margin so that this plugin's error arrives before `ToolJet`'s.
#[must_use]
pub fn query_timeout(fields: &Fields<'_>) -> Option<Duration> {
    let millis = typed_query_timeout(fields)?.as_secs_f64() * 1000.0;
    let margin = (millis * 0.05).clamp(20.0, 250.0).min(millis / 2.0);
    Duration::try_from_secs_f64((millis - margin) / 1000.0).ok()
}

/// `query_timeout` as entered.
#[must_use]
pub fn typed_query_timeout(fields: &Fields<'_>) -> Option<Duration> {
    let millis = number_in_javascript(fields.value("query_timeout")?).filter(|millis| *millis > 0.0)?;
    Duration::try_from_secs_f64(millis / 1000.0).ok()
}

/// JavaScript's `Number(value)` if it is finite: 1 for `true`, 500 for `"0x1F4"` and `[500]`.
fn number_in_javascript(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::String(text) => {
            let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            for (prefixes, radix) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
                if let Some(digits) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
                    return u32::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+')).map(f64::from);
                }
            }
            let is_decimal = text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
            text.parse().ok().filter(|number: &f64| is_decimal && number.is_finite())
        }
        Value::Array(items) => match items.as_slice() {
            [item @ (Value::Number(_) | Value::String(_) | Value::Array(_))] => number_in_javascript(item),
            _ => None,
        },
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::secret::Redactor;

    fn source(options: &Value) -> Result<SourceOptions, Error> {
        SourceOptions::from_fields(&Fields::of("sourceOptions", options)?)
    }

    fn headers(options: &Value) -> Vec<(String, String)> {
        let source = source(options).unwrap();
        source.headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn sends_key_and_ids_trimmed() {
        let sent = headers(&json!({"apiKey": " sk-1234567\n", "organizationId": "\torg-1 ", "project_id": "proj_1"}));
        assert_eq!(
            sent,
            [
                pair("authorization", "Bearer sk-1234567"),
                pair("openai-organization", "org-1"),
                pair("openai-project", "proj_1")
            ]
        );
    }

    #[test]
    fn sends_key_and_ids_without_pasted_extras() {
        let pasted = json!({"apiKey": "Authorization: Bearer  'sk-1234567'", "organizationId": "\"org-1\""});
        assert_eq!(
            headers(&pasted),
            [pair("authorization", "Bearer sk-1234567"), pair("openai-organization", "org-1")]
        );
        let azure = json!({"apiKey": "api-key: abc", "base_url": "r.openai.azure.com"});
        assert_eq!(headers(&azure), [pair("api-key", "abc")]);
        let secrets: Vec<_> = source(&pasted).unwrap().secrets().map(|secret| secret.expose().to_owned()).collect();
        assert_eq!(secrets, ["sk-1234567", "sk-1234567"]);
    }

    #[test]
    fn omits_blank_and_stale_organizations() {
        for organization in [json!(""), json!("  "), json!(null), json!("null"), json!("undefined")] {
            let sent = headers(&json!({"apiKey": "sk-1", "organizationId": organization}));
            assert_eq!(sent.len(), 1);
        }
    }

    #[test]
    fn names_the_field_but_not_the_value_of_an_invalid_key() {
        for options in [json!({}), json!({"apiKey": " "}), json!({"apiKey": "Bearer "}), json!(null)] {
            assert!(source(&options).unwrap_err().to_string().starts_with("API key is missing"));
        }
        let error = source(&json!({"apiKey": "sk-abc\ndef"})).unwrap_err().to_string();
        assert!(error.starts_with("API key must not contain") && error.contains("character 7 "), "{error}");
        assert!(!error.contains("abc"));
        let error = source(&json!({"apiKey": "sk-1", "organizationId": "org-ü"})).unwrap_err().to_string();
        assert!(error.starts_with("Organization ID must not") && error.contains("character 5 "), "{error}");
    }

    #[test]
    fn sends_keys_to_azure_in_api_key_and_tokens_as_bearer() {
        let azure = "https://r.openai.azure.com/openai/v1";
        assert_eq!(headers(&json!({"apiKey": "abc123", "base_url": azure})), [pair("api-key", "abc123")]);
        assert_eq!(headers(&json!({"apiKey": "eyJabc", "base_url": azure})), [pair("authorization", "Bearer eyJabc")]);
    }

    #[test]
    fn lets_the_data_source_s_headers_win() {
        let sent = headers(&json!({
            "apiKey": "sk-1",
            "headers": [["X-Team", " blue "], ["Authorization", "Basic abc"], ["", ""], ["X-Empty", null]]
        }));
        assert_eq!(sent, [pair("x-team", "blue"), pair("authorization", "Basic abc")]);
        for blank in [json!([["Authorization", " \n"], ["", "x"]]), json!({"authorization": "", "Host": ""})] {
            let sent = headers(&json!({"apiKey": "sk-1", "headers": blank}));
            assert_eq!(sent, [pair("authorization", "Bearer sk-1")]);
        }
        for bad in [json!([["Host", "x"]]), json!([["a b", "x"]]), json!([["x", "a\nb"]])] {
            let error = source(&json!({"apiKey": "sk-1", "headers": bad})).unwrap_err();
            assert!(error.to_string().starts_with("Headers must"));
        }
    }

    #[test]
    fn hides_the_key_and_header_secrets() {
        let options = json!({"apiKey": "sk-0123456789", "headers": [["x-token", "Bearer tok-abcdefgh"]]});
        let source = source(&options).unwrap();
        let debug = format!("{source:?}");
        assert!(!debug.contains("0123456789") && !debug.contains("abcdefgh"), "{debug}");
        let clean = Redactor::new(source.secrets()).redact("sk-0123456789 and tok-abcdefgh by Bearer");
        assert_eq!(clean, "[redacted] and [redacted] by Bearer");
    }

    #[test]
    fn rejects_headers_that_are_too_many_or_too_long() {
        let error = |key: &str, headers: Vec<Value>| {
            source(&json!({"apiKey": key, "headers": headers})).map(|_| ()).map_err(|error| error.to_string())
        };
        let many = |count| (0..count).map(|n| json!([format!("x-{n}"), "v"])).collect::<Vec<_>>();
        assert_eq!(error("sk-1", many(MAX_HEADERS)), Ok(()));
        assert_eq!(error("sk-1", many(100_000)), Err("Headers must have at most 100 entries".to_owned()));
        let text = |bytes| "x".repeat(bytes);
        let room = MAX_HEADER_BYTES - "sk-1x-long".len();
        assert_eq!(error("sk-1", vec![json!(["x-long", text(room)])]), Ok(()));
        for long in [vec![json!(["x-long", text(room + 1)])], vec![json!([text(room), "12345678"])]] {
            assert!(error("sk-1", long).unwrap_err().starts_with("Headers must be shorter"));
        }
        assert!(error(&text(MAX_HEADER_BYTES + 1), Vec::new()).unwrap_err().starts_with("API key must be shorter"));
        for (key, label) in [("organizationId", "Organization ID"), ("project_id", "Project ID")] {
            let options = json!({"apiKey": "sk-1", key: text(MAX_HEADER_BYTES)});
            let error = source(&options).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{label} must be shorter")), "{error}");
        }
    }

    #[test]
    fn limits_headers_in_json_text() {
        let error = |headers: String| source(&json!({"apiKey": "sk-1", "headers": headers})).map(|_| ()).unwrap_err();
        let many = (0..=MAX_HEADERS).map(|n| json!([format!("x-{n}"), "v"])).collect::<Vec<_>>();
        assert_eq!(error(Value::from(many).to_string()).to_string(), "Headers must have at most 100 entries");
        // Too long to be parsed at all.
        let long = "[".repeat(2 * MAX_HEADER_BYTES + 1);
        assert!(error(long).to_string().starts_with("Headers must be shorter"));
        assert!(error("[".to_owned()).to_string().starts_with("Headers must be a list"));
    }

    #[test]
    fn checks_the_length_of_a_header_name_before_anything_else() {
        // Lower-casing and comparing these first would take seconds.
        let name = "x".repeat(20 << 20);
        let headers: Vec<_> = (0..3).map(|_| json!([name, "v"])).collect();
        let error = source(&json!({"apiKey": "sk-1", "headers": headers})).unwrap_err().to_string();
        assert!(error.starts_with("Headers must be shorter") && error.len() < 200, "{error}");
    }

    #[test]
    fn rejects_headers_of_the_connection_and_of_the_proxy() {
        for name in RESERVED_HEADERS {
            let headers = json!([[name.to_uppercase(), "x"]]);
            let error = source(&json!({"apiKey": "sk-1", "headers": headers})).unwrap_err().to_string();
            assert_eq!(error, format!("Headers must not set {name}; the plugin does that"));
        }
        assert!(RESERVED_HEADERS.contains(&"proxy-authorization") && RESERVED_HEADERS.contains(&"proxy-connection"));
    }

    #[test]
    fn lists_the_secrets_that_a_response_may_repeat() {
        // dXNlcjpwYXNzd29yZA== encodes user:password.
        let source = source(&json!({
            "apiKey": "sk-1",
            "organizationId": "org-1",
            "base_url": "https://gw.example/v1?api-version=1&key=a%2Fb+c&bare",
            "headers": [["x-a", "Bearer t"], ["x-b", "Basic dXNlcjpwYXNzd29yZA=="], ["x-c", "Plain x"], ["x-d", "basic !"]]
        }))
        .unwrap();
        let secrets: Vec<_> = source.secrets().map(|secret| secret.expose().to_owned()).collect();
        assert_eq!(
            secrets,
            [
                "sk-1",
                "sk-1",
                "t",
                "dXNlcjpwYXNzd29yZA==",
                "user:password",
                "password",
                "Plain x",
                "!",
                "a%2Fb+c",
                "a/b c",
                "bare",
                "bare"
            ]
        );
    }

    #[test]
    fn does_not_quote_headers_in_errors() {
        for bad in [json!("\"Bearer tok-abcdefgh\""), json!("Bearer tok-abcdefgh"), json!(1_234_567_890_123_i64)] {
            let error = source(&json!({"apiKey": "sk-1", "headers": bad})).unwrap_err().to_string();
            assert_eq!(error, "Headers must be a list of name and value pairs");
        }
    }

    #[test]
    fn reads_the_query_timeout_as_tooljet_does_minus_a_margin() {
        let timeout = |value: Value| {
            let options = json!({ "query_timeout": value });
            query_timeout(&Fields::of("queryOptions", &options).unwrap())
        };
        assert_eq!(timeout(json!(10_000)), Some(Duration::from_millis(9_750)));
        assert_eq!(timeout(json!("1000")), Some(Duration::from_millis(950)));
        assert_eq!(timeout(json!(30)), Some(Duration::from_millis(15)));
        for other in [json!("0x3e8"), json!(" 1e3\n"), json!("0b1111101000"), json!([1000]), json!([["1000."]])] {
            assert_eq!(timeout(other), timeout(json!(1_000)));
        }
        assert_eq!(timeout(json!(true)), Some(Duration::from_micros(500)));
        for ignored in [
            json!(0),
            json!(-5),
            json!(""),
            json!("soon"),
            json!(null),
            json!([]),
            json!(false),
            json!("true"),
            json!("-0x1"),
            json!("0x+1"),
            json!("0x"),
            json!("1_000"),
            json!("1000 ms"),
            json!("{{1000}}"),
            json!("Infinity"),
            json!("inf"),
            json!("1e999"),
            json!([true]),
            json!([1, 2]),
            json!({"ms": 1000}),
        ] {
            assert_eq!(timeout(ignored.clone()), None, "{ignored}");
        }
    }

    #[test]
    fn does_not_stream_by_default() {
        let streaming = |value: Value| {
            let source = source(&json!({"apiKey": "sk-1", "streaming": value}));
            source.map(|source| source.streaming).map_err(|error| error.to_string())
        };
        assert_eq!([json!(null), json!(""), json!("off")].map(streaming), [Ok(false), Ok(false), Ok(false)]);
        assert_eq!([json!("on"), json!(" On ")].map(streaming), [Ok(true), Ok(true)]);
        assert!(streaming(json!("sometimes")).unwrap_err().starts_with("Streaming must be one of off, on"));
    }

    #[test]
    fn limits_timeout_and_retries() {
        let source = source(&json!({"apiKey": "sk-1", "timeout_seconds": "30", "max_retries": 0})).unwrap();
        assert_eq!((source.timeout, source.max_retries), (Some(Duration::from_secs(30)), 0));
        for bad in [json!({"timeout_seconds": 0}), json!({"max_retries": 11}), json!({"timeout_seconds": "x"})] {
            let mut options = json!({"apiKey": "sk-1"});
            options.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
            assert!(super::tests::source(&options).is_err());
        }
    }
}
