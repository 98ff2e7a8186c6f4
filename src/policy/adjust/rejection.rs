//! Finds out what an API error rejects, and how to avoid it.

use serde_json::{Map, Value};

use super::{
    Adjustment, EFFORT, ENCODING_FORMAT, REMOVABLE, Rejection, SERVICE_TIER, Scope, TOKEN_LIMITS, has_tools,
    instructions, short_json,
};
use crate::{error::ApiError, policy::streaming};

/// Phrases for something that a model or server does not accept.
pub(super) const UNSUPPORTED: [&str; 11] = [
    "unsupported",
    "not supported",
    "not support",
    "unrecognized",
    "unknown",
    "not permitted",
    "not allowed",
    "unexpected",
    "not one of",
    "only the default",
    "not available",
];

/// What `error` rejects, if the model does not support it and the adjustment is not among those `made` yet.
#[must_use]
pub fn for_error(body: &Map<String, Value>, error: &ApiError, made: &[Adjustment]) -> Option<Rejection> {
    let of_every_value = |adjustment| Rejection { adjustment, scope: Scope::EveryValue };
    let rejection = if let Some(rejection) = streaming::rejection(body, error) {
        rejection
    } else if is_about_base64(body, error) {
        Rejection {
            adjustment: Adjustment::Removed(ENCODING_FORMAT),
            scope: body.get(ENCODING_FORMAT).and_then(short_json).map_or(Scope::ThisRequest, Scope::Value),
        }
    } else if let Some(adjustment) = instructions::for_error(body, error, made) {
        of_every_value(adjustment)
    } else if !matches!(error.status, 400 | 422) {
        return None;
    } else if let Some(adjustment) = response_format(body, error) {
        of_every_value(adjustment)
    } else if !is_about_support(error) {
        return None;
    } else if is_about_tools_and_effort(body, error) {
        // Omitting the effort does not help if the model has a default.
        of_every_value(Adjustment::WithoutReasoning)
    } else {
        parameter(body, error)?
    };
    let adjustment = &rejection.adjustment;
    let undoes = |other: &Adjustment| matches!((other, adjustment), (Adjustment::Renamed { from, .. }, Adjustment::Renamed { to, .. }) if from == to);
    let repeats = made.iter().any(|other| other == adjustment || undoes(other));
    (!repeats).then_some(rejection)
}

/// Whether a server rejects base64 vectors. The result converts vectors to the query's encoding anyway.
fn is_about_base64(body: &Map<String, Value>, error: &ApiError) -> bool {
    let is_asked = body.get(ENCODING_FORMAT).is_some_and(|format| format == "base64");
    let names = |word: &str| has_word(&error.message, word);
    let is_named = match error.param.as_deref() {
        Some(param) if !param.is_empty() => param == ENCODING_FORMAT,
        _ => names("base64") || names(ENCODING_FORMAT),
    };
    is_asked && matches!(error.status, 400 | 415 | 422 | 500 | 501) && is_named
}

/// "Function tools with `reasoning_effort` are not supported", even if the query sets no effort, because the model may
/// have a default.
fn is_about_tools_and_effort(body: &Map<String, Value>, error: &ApiError) -> bool {
    let is_about = |word: &str| has_word(&error.message, word);
    let is_about_effort = error.param.as_deref() == Some(EFFORT) || is_about(EFFORT);
    let is_about_tools = ["tool", "tools", "functions"].into_iter().any(is_about);
    has_tools(body) && is_about_effort && is_about_tools
}

/// "'`response_format.type`' must be '`json_schema`' or 'text'": the server does not support free JSON objects. An
/// error about a missing word JSON, or about formats in general, is different.
fn response_format(body: &Map<String, Value>, error: &ApiError) -> Option<Adjustment> {
    let asks_for_object = body.get("response_format").is_some_and(|format| format["type"] == "json_object");
    let param = error.param.as_deref().unwrap_or_default();
    if !asks_for_object || !(param.is_empty() || param.starts_with("response_format")) {
        return None;
    }
    let message = error.message.to_ascii_lowercase();
    let names_schema = message.contains("json_schema");
    let rejects_object = message.contains("json_object") && UNSUPPORTED.iter().any(|words| message.contains(words));
    (names_schema || rejects_object).then_some(Adjustment::JsonObjectAsSchema)
}

/// Whether the API rejects the parameter or its value for this model, rather than a value that no model accepts: a
/// token limit that is too large must not be removed.
pub(in crate::policy) fn is_about_support(error: &ApiError) -> bool {
    let message = error.message.to_ascii_lowercase();
    let says_so = || UNSUPPORTED.iter().any(|words| message.contains(words));
    match error.code.as_deref() {
        Some("unsupported_parameter" | "unsupported_value" | "unknown_parameter") => true,
        // The code says nothing more: null, or the status as a number or text.
        None => says_so(),
        Some(code) if code.parse::<u16>() == Ok(error.status) => says_so(),
        Some(_) => false,
    }
}

/// Whether the API rejects the value rather than the parameter. In doubt, it is the value: a wrong guess then costs one
/// more request, while the opposite would remove an accepted value.
fn is_about_value(error: &ApiError, value: &Value) -> bool {
    let message = error.message.to_ascii_lowercase();
    let words = ["value", "one of", "only the default", "must be", "should be", "available"];
    let is_value = |word: &str| match value {
        Value::String(text) => text.eq_ignore_ascii_case(word),
        Value::Number(number) => number.to_string() == word,
        Value::Bool(flag) => word == if *flag { "true" } else { "false" },
        _ => false,
    };
    match error.code.as_deref() {
        Some("unsupported_value") => true,
        Some("unsupported_parameter" | "unknown_parameter") => false,
        _ => {
            let mut named = message.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
            words.iter().any(|words| message.contains(words)) || named.any(|word| is_value(word.trim_end_matches('.')))
        }
    }
}

/// The parameter rejected as a whole. An error about a part of its value, such as `metadata.team` or `stop[0]`, does
/// not count, because removing everything would go too far.
fn parameter(body: &Map<String, Value>, error: &ApiError) -> Option<Rejection> {
    let name = error.param.as_deref().or_else(|| quoted_parameter(&error.message))?;
    let value = body.get(name)?;
    let [old, new] = TOKEN_LIMITS;
    let adjustment = match name {
        // Only chat has both names.
        _ if name == old && body.contains_key("messages") => Adjustment::Renamed { from: old, to: new },
        _ if name == new => Adjustment::Renamed { from: new, to: old },
        _ => Adjustment::Removed(REMOVABLE.into_iter().find(|removable| *removable == name)?),
    };
    let scope = if name == SERVICE_TIER {
        Scope::ThisRequest
    } else if is_about_value(error, value) {
        short_json(value).map_or(Scope::ThisRequest, Scope::Value)
    } else {
        Scope::EveryValue
    };
    Some(Rejection { adjustment, scope })
}

/// "Unrecognized request argument supplied: stop", "Unknown parameter: 'seed'": a parameter in quotation marks or after
/// a colon. The same word in a sentence may mean something else.
fn quoted_parameter(message: &str) -> Option<&'static str> {
    let is_whole = |after: &str| {
        let mut after = after.chars();
        match after.next() {
            Some('.') => !after.next().is_some_and(char::is_alphanumeric),
            Some(c) => !(c.is_alphanumeric() || "_[".contains(c)),
            None => true,
        }
    };
    let is_named = |name: &&str| {
        ["'", "\"", "`"].iter().any(|quote| message.contains(&format!("{quote}{name}{quote}")))
            || message.split_once(&format!(": {name}")).is_some_and(|(_, after)| is_whole(after))
    };
    REMOVABLE.into_iter().chain(TOKEN_LIMITS).find(is_named)
}

/// Whether `error` is about the whole parameter `name`.
pub(super) fn names_parameter(error: &ApiError, name: &str) -> bool {
    error.param.as_deref().or_else(|| quoted_parameter(&error.message)) == Some(name)
}

/// Whether `text` contains `word`, ignoring case. Parts joined by an underscore are one word.
pub(in crate::policy) fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|part| part.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{budgets::MAX_CACHED_VALUE_BYTES, policy::adjust::NO_EFFORT};

    fn body(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("not an object") };
        map
    }

    fn chat() -> Map<String, Value> {
        body(json!({
            "model": "gpt-x",
            "messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}],
            "temperature": 0.2, "stop": ["x"], "max_tokens": 5, "response_format": {"type": "json_object"}
        }))
    }

    fn error(param: Option<&str>, code: Option<&str>, message: &str) -> ApiError {
        ApiError {
            status: 400,
            param: param.map(str::to_owned),
            code: code.map(str::to_owned),
            message: message.to_owned(),
            ..ApiError::default()
        }
    }

    fn adjustment(body: &Map<String, Value>, error: &ApiError) -> Option<Adjustment> {
        for_error(body, error, &[]).map(|rejection| rejection.adjustment)
    }

    #[test]
    fn turns_reasoning_off_when_tools_are_rejected_with_an_effort() {
        let message = "Function tools with reasoning_effort are not supported for gpt-x in /v1/chat/completions. To use \
                       function tools, use /v1/responses or set reasoning_effort to 'none'.";
        let without = Some(Rejection { adjustment: Adjustment::WithoutReasoning, scope: Scope::EveryValue });
        for (effort, param) in [
            (None, Some("reasoning_effort")),
            (None, None),
            (Some("high"), Some("reasoning_effort")),
            (Some("low"), None),
        ] {
            for name in ["tools", "functions"] {
                let mut body = body(json!({"messages": [], name: [{}]}));
                body.extend(effort.map(|effort| (EFFORT.to_owned(), effort.into())));
                let rejected = error(param, None, message);
                assert_eq!(for_error(&body, &rejected, &[]), without, "{effort:?} {param:?}");
                assert_eq!(for_error(&body, &rejected, &[Adjustment::WithoutReasoning]), None);
                // Without a default, removing it may help.
                body.insert(EFFORT.to_owned(), NO_EFFORT.into());
                let none = error(Some(EFFORT), Some("unsupported_value"), "does not support 'none'");
                let removed = for_error(&body, &none, &[Adjustment::WithoutReasoning]).unwrap();
                assert_eq!(removed.adjustment, Adjustment::Removed(EFFORT));
            }
        }
        let no_tools = body(json!({"messages": [], "reasoning_effort": "low"}));
        let removed = Some(Adjustment::Removed(EFFORT));
        assert_eq!(adjustment(&no_tools, &error(Some(EFFORT), None, "reasoning_effort is not supported")), removed);
    }

    #[test]
    fn requests_no_encoding_when_base64_is_rejected() {
        let asked = body(json!({"model": "m", "input": ["a"], "encoding_format": "base64"}));
        let removed = Rejection {
            adjustment: Adjustment::Removed(ENCODING_FORMAT),
            scope: Scope::Value("\"base64\"".to_owned()),
        };
        for (param, message) in [
            (None, "base64 encoding is not currently supported"),
            (Some("encoding_format"), "Input should be 'float'"),
            (Some(""), "Extra inputs are not permitted: encoding_format"),
        ] {
            assert_eq!(for_error(&asked, &error(param, None, message), &[]), Some(removed.clone()), "{message}");
        }
        let not_found = ApiError { status: 404, ..error(None, None, "no model base64") };
        for other in [error(Some("input"), None, "base64 is too long"), error(None, None, "too long"), not_found] {
            assert_eq!(for_error(&asked, &other, &[]), None, "{other:?}");
        }
        let float = body(json!({"input": "a", "encoding_format": "float"}));
        assert_eq!(for_error(&float, &error(Some("encoding_format"), None, "unknown"), &[]), None);
    }

    #[test]
    fn requests_an_object_with_a_schema_when_the_server_asks_for_one() {
        let as_schema = Some(Adjustment::JsonObjectAsSchema);
        for (param, message) in [
            (None, "'response_format.type' must be 'json_schema' or 'text'"),
            (None, "Unsupported response_format type: 'json_object'"),
            (Some("response_format.type"), "Input should be 'text' or 'json_schema'"),
            (Some("response_format"), "'response_format' of type 'json_object' is not supported with this model."),
        ] {
            assert_eq!(adjustment(&chat(), &error(param, None, message)), as_schema, "{message}");
        }
        for (param, message) in [
            (
                Some("messages"),
                "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'.",
            ),
            (None, "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'."),
            (Some("response_format"), "response_format is not supported"),
            (Some("response_format"), "Unsupported parameter: 'response_format' is not supported with this model."),
        ] {
            assert_eq!(adjustment(&chat(), &error(param, None, message)), None, "{message}");
        }
        let schema = body(json!({"messages": [], "response_format": {"type": "json_schema"}}));
        assert_eq!(adjustment(&schema, &error(None, None, "json_schema is not supported")), None);
    }

    #[test]
    fn removes_a_rejected_parameter_with_or_without_a_code() {
        let removed = Some(Adjustment::Removed("temperature"));
        for code in [Some("unsupported_value"), Some("unsupported_parameter"), None, Some("400")] {
            let error = error(Some("temperature"), code, "temperature is not supported with this model");
            assert_eq!(adjustment(&chat(), &error), removed);
        }
        let unnamed = error(None, None, "Unrecognized request argument supplied: temperature");
        assert_eq!(adjustment(&chat(), &unnamed), removed);
    }

    #[test]
    fn adjusts_only_after_400_and_422() {
        for (status, is_adjusted) in [(400, true), (422, true), (404, false), (409, false), (500, false)] {
            let error = ApiError { status, ..error(Some("temperature"), Some("unsupported_parameter"), "") };
            assert_eq!(for_error(&chat(), &error, &[]).is_some(), is_adjusted, "{status}");
        }
    }

    #[test]
    fn adjusts_a_parameter_at_most_once() {
        let error = error(Some("temperature"), Some("unsupported_value"), "");
        assert_eq!(for_error(&chat(), &error, &[Adjustment::Removed("temperature")]), None);
    }

    #[test]
    fn does_not_adjust_a_value_that_no_model_accepts() {
        for (code, message) in [
            (None, "max_tokens is too large: 900000. This model supports at most 16384 completion tokens"),
            (Some("integer_above_max_value"), "unsupported"),
            (Some("invalid_type"), "expected a number"),
        ] {
            assert_eq!(adjustment(&chat(), &error(Some("max_tokens"), code, message)), None);
        }
    }

    #[test]
    fn keeps_a_parameter_when_a_part_of_it_is_rejected() {
        let body = body(json!({"metadata": {"team": "x"}, "stop": ["a"], "logit_bias": {"5": 1}}));
        for param in ["metadata.team", "metadata[0]", "stop[0]", "stop.0", "logit_bias.5"] {
            let named = error(Some(param), Some("unsupported_value"), "not supported");
            assert_eq!(adjustment(&body, &named), None, "{param}");
            for message in [format!("Unknown parameter: '{param}'."), format!("Unknown parameter: {param}")] {
                assert_eq!(adjustment(&body, &error(None, None, &message)), None, "{message}");
            }
        }
        for message in ["Unknown parameter: stop.", "Unknown parameter: stop. Leave it out", "Unknown parameter: stop"]
        {
            assert_eq!(adjustment(&body, &error(None, None, message)), Some(Adjustment::Removed("stop")), "{message}");
        }
        assert_eq!(adjustment(&body, &error(None, None, "Unknown parameter: stop_token")), None);
    }

    #[test]
    fn distinguishes_a_rejected_value_from_a_rejected_parameter() {
        let body = body(json!({
            "temperature": 0.5, "verbosity": "hihg", "seed": 7, "service_tier": "flex", "stop": ["x"],
            "user": "u".repeat(MAX_CACHED_VALUE_BYTES - 2), "prompt_cache_key": "u".repeat(MAX_CACHED_VALUE_BYTES - 1),
            "safety_identifier": "\u{1}".repeat(MAX_CACHED_VALUE_BYTES / 2)
        }));
        let value = |json: &str| Scope::Value(json.to_owned());
        for (param, code, message, expected) in [
            ("temperature", Some("unsupported_parameter"), "Unsupported value: 0.5", Scope::EveryValue),
            ("temperature", Some("unknown_parameter"), "", Scope::EveryValue),
            ("temperature", Some("unsupported_value"), "", value("0.5")),
            ("temperature", None, "temperature is not supported", Scope::EveryValue),
            ("temperature", Some("400"), "Only the default is supported", value("0.5")),
            ("temperature", None, "temperature 0.5 is not supported", value("0.5")),
            ("seed", None, "Unsupported value", value("7")),
            ("seed", None, "seed is not supported by m-7b", Scope::EveryValue),
            ("seed", None, "unexpected keyword argument", Scope::EveryValue),
            ("verbosity", None, "'hihg' is not one of ['low']", value("\"hihg\"")),
            ("verbosity", None, "verbosity is not allowed to be HIHG.", value("\"hihg\"")),
            ("service_tier", Some("unsupported_parameter"), "", Scope::ThisRequest),
            ("stop", Some("unsupported_value"), "", Scope::ThisRequest),
            ("stop", Some("unsupported_parameter"), "", Scope::EveryValue),
            ("user", Some("unsupported_value"), "", value(&body["user"].to_string())),
            ("prompt_cache_key", Some("unsupported_value"), "", Scope::ThisRequest),
            ("safety_identifier", Some("unsupported_value"), "", Scope::ThisRequest),
        ] {
            let rejection = for_error(&body, &error(Some(param), code, message), &[]).unwrap();
            assert_eq!(rejection.scope, expected, "{param}: {message}");
        }
    }

    #[test]
    fn applies_a_rejected_value_only_to_this_value() {
        let with = |value: Value| body(json!({"seed": value}));
        let of = |scope| Rejection { adjustment: Adjustment::Removed("seed"), scope };
        let rejected = for_error(&with(json!(7)), &error(Some("seed"), Some("unsupported_value"), ""), &[]).unwrap();
        assert!(rejected.applies_to(&with(json!(7))));
        for other in [json!(8), json!("7"), json!(null), json!([7])] {
            assert!(!rejected.applies_to(&with(other.clone())), "{other}");
            assert!(of(Scope::EveryValue).applies_to(&with(other)));
        }
        assert!(!of(Scope::ThisRequest).applies_to(&with(json!(7))));
    }

    #[test]
    fn renames_the_token_limit_both_ways_but_not_back() {
        let rejected = |name| error(Some(name), Some("unsupported_parameter"), "not supported");
        let mut body = chat();
        let first = adjustment(&body, &rejected("max_tokens")).unwrap();
        assert!(first.apply(&mut body));
        assert_eq!((body.get("max_tokens"), &body["max_completion_tokens"]), (None, &json!(5)));
        assert_eq!(for_error(&body, &rejected("max_completion_tokens"), &[first]), None);
        let other = adjustment(&body, &rejected("max_completion_tokens")).unwrap();
        assert_eq!(other, Adjustment::Renamed { from: "max_completion_tokens", to: "max_tokens" });
    }

    #[test]
    fn does_not_rename_the_token_limit_of_completions() {
        let body = body(json!({"prompt": "a", "max_tokens": 5}));
        let error = error(Some("max_tokens"), Some("unsupported_parameter"), "not supported");
        assert_eq!(adjustment(&body, &error), None);
    }

    #[test]
    fn sends_system_as_developer_and_vice_versa() {
        let rejected = |message: &str| error(Some("messages[0].role"), Some("unsupported_value"), message);
        let mut body = chat();
        let made = adjustment(&body, &rejected("'messages[0].role' does not support 'system'")).unwrap();
        assert!(made.apply(&mut body));
        assert_eq!(body["messages"][0]["role"], "developer");
        let neither = for_error(&body, &rejected("does not support 'developer'"), &[made]).unwrap();
        assert_eq!(neither.adjustment, Adjustment::InstructionsToUser);
        let vllm = error(None, Some("400"), "Unexpected message role: developer");
        let back = Adjustment::Role { from: "developer", to: "system" };
        let expected = Rejection { adjustment: back, scope: Scope::EveryValue };
        assert_eq!(for_error(&body, &vllm, &[]), Some(expected));
    }

    #[test]
    fn keeps_the_role_when_another_parameter_is_rejected() {
        let error = error(Some("temperature"), None, "temperature is not supported with the role system");
        assert_eq!(adjustment(&chat(), &error), Some(Adjustment::Removed("temperature")));
    }

    #[test]
    fn never_removes_the_question() {
        let body = body(json!({
            "model": "m", "messages": [], "response_format": {}, "tools": [], "n": 2, "suffix": "s", "prompt": "p",
            "moderation": {}
        }));
        for param in ["moderation", "response_format", "messages", "tools", "n", "suffix", "prompt", "model"] {
            let error = error(Some(param), Some("unsupported_parameter"), "not supported");
            assert_eq!(adjustment(&body, &error), None, "{param}");
        }
    }
}
