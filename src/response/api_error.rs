//! Whether a response is an error, and what it says: its status, words and advice.
//!
//! Does not belong here: where vendors put the words, which `error_body` knows.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{
    body,
    error_body::{self, ErrorBody},
    excerpt::{is_html, page_words},
    is_success, request_id,
};
use crate::{error::ApiError, network::http::HttpResponse, policy::retry::retry_after};

/// Members of a response that contain the answer, or that only a batch has: its `errors` are those of its file.
const ANSWERS: [&str; 7] = ["choices", "data", "embeddings", "images", "input_file_id", "models", "output"];
/// Codes of transient errors that the Responses API sends with HTTP 200, and their real statuses.
const STATUSES: [(&str, u16); 2] = [("rate_limit_exceeded", 429), ("server_error", 500)];

/// Whether a body reports an error, whatever its status.
pub(super) fn has_error(body: &Map<String, Value>) -> bool {
    body.get("error").is_some_and(|error| !body::is_no_error(error))
}

/// Whether a body with HTTP 200 is an error: it has one, or an error message instead of an answer.
pub(super) fn is_error(body: &Map<String, Value>) -> bool {
    let is_answer = |name: &&str| match body.get(*name) {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    let is_envelope = |name: &&str| body.get(*name).and_then(Value::as_object).is_some_and(|inner| !inner.is_empty());
    if has_error(body) {
        return true;
    }
    let has_answer = ANSWERS.iter().any(is_answer) || body::ENVELOPES.iter().any(is_envelope);
    !has_answer && reports_error(body)
}

/// Whether a body contains an error message and does not claim success.
fn reports_error(body: &Map<String, Value>) -> bool {
    !error_body::is_success(body) && !ErrorBody::of_object(body).message().is_empty()
}

pub(super) fn api_error(response: &HttpResponse, body: &Value, text: &str, now: SystemTime) -> ApiError {
    let is_json = body.is_object() || body.is_array();
    let error = match body {
        Value::Object(_) | Value::Array(_) => ErrorBody::of(body),
        _ if text.starts_with('<') => ErrorBody::of_text(&page_words(text)),
        _ => ErrorBody::of_text(text.strip_prefix("data:").unwrap_or(text)),
    };
    // With HTTP 200, the code names the real status.
    let by_code = || STATUSES.iter().find(|(code, _)| error.code.as_deref() == Some(code)).map(|(_, status)| *status);
    let named = error.status.or_else(by_code).filter(|_| is_success(response));
    let status = named.unwrap_or(response.status);
    let retry_after = retry_after(response.status, |name| response.header(name), now)
        .or_else(|| error.delay().filter(|_| matches!(status, 429 | 503)));
    let request_id = request_id(response);
    let mut error = from_body(error);
    if let Some(words) = error.message.strip_prefix(&status.to_string()) {
        // The status is shown before the message anyway.
        error.message = words.trim_start_matches([' ', ':', '-']).to_owned();
    }
    ApiError {
        status,
        retry_after,
        request_id: request_id.or(error.request_id),
        should_retry: match response.header("x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        },
        html: is_html(text),
        is_json,
        ..error
    }
}

/// The fields of an error in a body.
fn from_body(error: ErrorBody) -> ApiError {
    ApiError {
        message: error.message(),
        kind: error.kind,
        code: error.code,
        param: error.param,
        request_id: error.request_id,
        ..ApiError::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::tests::{api, read, response},
        *,
    };
    use crate::budgets::{MAX_MESSAGE_CHARS, MAX_WORD_CHARS};

    #[test]
    fn finds_messages_in_every_shape() {
        let message = |body: &str| api(400, body).message;
        assert_eq!(message(r#"{"error":{"message":"a"}}"#), "a");
        assert_eq!(message(r#"{"error":"b"}"#), "b");
        assert_eq!(message(r#"{"object":"error","message":"c"}"#), "c");
        assert_eq!(message(r#"{"detail":"d"}"#), "d");
        assert_eq!(message(r#"{"detail":[{"loc":["body","model"],"msg":"e"}]}"#), "body.model: e");
        assert_eq!(message("<html><style>x{}</style><b>f</b> g</html>"), "f g");
        assert_eq!(message(r#"{"error":{"message":""}}"#), "");
        assert_eq!(message(""), "");
        assert_eq!(message(&format!(r#"{{"error":"{}"}}"#, "x".repeat(900))).chars().count(), 501);
    }

    #[test]
    fn reads_details_up_to_the_length_that_is_shown() {
        let detail = |item: Value| api(422, &json!({"detail": vec![item; 20_000]}).to_string()).message;
        let message = detail(json!({"loc": ["a", 1], "msg": "m"}));
        assert!(message.starts_with("a.1: m; a.1: m; ") && message.ends_with('…'), "{message}");
        assert_eq!(message.chars().count(), MAX_MESSAGE_CHARS + 1);
        assert_eq!(detail(json!({"loc": ["a", 1], "msg": 5})), "");
    }

    #[test]
    fn converts_error_members_to_text() {
        let error = api(400, r#"{"error":{"message":"m","code":400,"param":"None","type":"None"}}"#);
        assert_eq!((error.code.as_deref(), error.param, error.kind), (Some("400"), None, None));
        let long = "x".repeat(900);
        let error = api(400, &format!(r#"{{"error":{{"message":"m","code":"{long}","type":"{long}"}}}}"#));
        assert_eq!([error.code, error.kind].map(|word| word.unwrap().chars().count()), [MAX_WORD_CHARS + 1; 2]);
    }

    #[test]
    fn reads_error_members_next_to_a_null_error() {
        let error = api(400, r#"{"error":null,"message":"m","code":"c","type":"t","param":"p"}"#);
        assert_eq!((error.message.as_str(), error.code.as_deref()), ("m", Some("c")));
        assert_eq!((error.kind.as_deref(), error.param.as_deref()), (Some("t"), Some("p")));
    }

    #[test]
    fn reads_request_id_and_retry_advice_from_headers() {
        let error = |headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let response = HttpResponse { status: 500, headers, body: "{}".into(), cut: None };
            super::super::read(&response, SystemTime::UNIX_EPOCH).unwrap_err().error.api().unwrap().clone()
        };
        let id = |headers: &[(&str, &str)]| error(headers).request_id;
        for name in ["x-request-id", "apim-request-id", "x-generation-id"] {
            assert_eq!(id(&[(name, "a")]).as_deref(), Some("a"), "{name}");
        }
        assert_eq!(id(&[("apim-request-id", "b"), ("x-request-id", "a")]).as_deref(), Some("a"));
        assert_eq!(id(&[("x-request-id", " "), ("x-generation-id", "c")]).as_deref(), Some("c"));
        assert_eq!(id(&[]), None);
        for (word, expected) in [("true", Some(true)), ("false", Some(false)), ("maybe", None)] {
            assert_eq!(error(&[("x-should-retry", word)]).should_retry, expected);
        }
    }

    #[test]
    fn gives_an_error_with_http_200_the_status_of_its_code() {
        assert_eq!(api(200, r#"{"error":{"message":"m","code":502}}"#).status, 502);
        assert_eq!(api(200, r#"{"error":"m"}"#).status, 200);
        for (code, status) in [("rate_limit_exceeded", 429), ("server_error", 500), ("invalid_prompt", 200)] {
            let failed = json!({"object": "response", "status": "failed", "output": [], "error": {"code": code, "message": "m"}});
            let error = api(200, &failed.to_string());
            assert_eq!((error.status, error.code.as_deref(), error.message.as_str()), (status, Some(code), "m"));
        }
        for status in ["completed", "incomplete", "cancelled"] {
            let body = json!({"object": "response", "status": status, "error": {"code": "x", "message": "bad"}});
            assert_eq!(api(200, &body.to_string()).kind, None, "{status}");
        }
        // Some providers use numeric codes, which are not server errors to retry.
        assert_eq!(api(200, r#"{"error":{"message":"m","code":"1301"}}"#).status, 200);
        assert!(read(200, r#"{"error":null,"data":[]}"#).is_ok());
    }

    #[test]
    fn keeps_the_partial_answer_next_to_an_error_with_http_200() {
        let partial = |body: Value| {
            let unread = super::super::read(&response(200, &body.to_string()), SystemTime::UNIX_EPOCH).unwrap_err();
            assert_eq!(unread.error.api().unwrap().message, "m");
            unread.partial.map(|partial| partial.texts)
        };
        let error = json!({"code": "server_error", "message": "m"});
        let message = json!({"type": "message", "content": [{"type": "output_text", "text": "Half"}]});
        let half = Some(vec!["Half".to_owned()]);
        assert_eq!(partial(json!({"status": "failed", "error": error, "output": [message]})), half);
        assert_eq!(partial(json!({"error": error, "choices": [{"message": {"content": "Half"}}]})), half);
        assert_eq!(partial(json!({"status": "failed", "error": error, "output": []})), None);
        assert_eq!(partial(json!({"error": error})), None);
    }

    #[test]
    fn ignores_an_empty_error_next_to_an_answer() {
        for error in [json!({}), json!(""), json!({"message": "", "type": "", "param": "", "code": null})] {
            assert!(read(200, &json!({"error": error, "choices": []}).to_string()).is_ok(), "{error}");
        }
    }

    #[test]
    fn treats_a_message_without_an_answer_as_an_error_with_http_200() {
        for (body, message) in [
            (json!({"choices": null, "base_resp": {"status_code": 1004, "status_msg": "login fail"}}), "login fail"),
            (json!({"code": 500, "msg": "404 NOT_FOUND", "success": false}), "404 NOT_FOUND"),
            (json!({"success": false, "errors": [{"message": "no such account"}]}), "no such account"),
            (json!([{"error": {"code": 400, "message": "not valid"}}]), "not valid"),
            (json!({"detail": "sold out today"}), "sold out today"),
        ] {
            assert_eq!(api(200, &body.to_string()).message, message);
        }
        for body in [
            json!({"data": null, "base_resp": {"status_code": 0, "status_msg": "success"}}),
            json!({"data": null, "code": 0, "msg": "all is well"}),
            json!({"object": "list", "data": null}),
        ] {
            assert!(read(200, &body.to_string()).is_ok(), "{body}");
        }
    }

    #[test]
    fn reports_a_message_next_to_an_empty_list_unless_it_claims_success() {
        let body = json!({"choices": [], "base_resp": {"status_code": 1004, "status_msg": "login fail"}});
        let error = read(200, &body.to_string()).unwrap_err().api().unwrap().clone();
        assert_eq!((error.status, error.message.as_str()), (200, "login fail"));
        assert_eq!(error.code.as_deref(), Some("1004"));
        for body in [
            json!({"choices": []}),
            json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": "success"}}),
            json!({"object": "list", "data": []}),
        ] {
            assert!(read(200, &body.to_string()).is_ok(), "{body}");
        }
    }

    #[test]
    fn shows_a_page_s_title_or_its_text_when_the_title_only_names_the_status() {
        let page = |title: &str, body: &str| {
            let page = format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>");
            api(403, &page).message
        };
        assert_eq!(
            page("Access denied | api.example used Cloudflare", "<h1>Error</h1>"),
            "Access denied | api.example used Cloudflare"
        );
        assert_eq!(page("403 Forbidden", "<h1>403 Forbidden</h1><hr>nginx"), "Forbidden nginx");
        assert_eq!(page("403 Forbidden", ""), "Forbidden");
        assert_eq!(api(403, "<html><body>Not <b>you</b></body></html>").message, "Not you");
        assert_eq!(api(403, "<Error><Message>Not you</Message></Error>").message, "Not you");
        assert_eq!(api(500, "upstream: {\"error\": {\"message\": \"it broke\"}}").message, "upstream: it broke");
    }

    #[test]
    fn reads_a_delay_in_words_only_from_a_busy_server() {
        let delay = |status, body: Value| api(status, &body.to_string()).retry_after.map(|delay| delay.as_millis());
        let words = json!({"error": {"message": "Please retry in 2.1s."}});
        assert_eq!([delay(429, words.clone()), delay(503, words.clone())], [Some(2_100); 2]);
        for status in [400, 401, 403, 408, 500, 502, 529] {
            assert_eq!(delay(status, words.clone()), None, "{status}");
        }
    }
}
