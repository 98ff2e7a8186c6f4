//! Makes a request fit its model: parameters that the model does not take are left out or
//! renamed, either because `capabilities` knows, or because the API just said so.
//!
//! Only parameters whose loss does not change what was asked are touched, each at most
//! once per query, and every change is listed in the result's `metadata.adjusted`.

use serde_json::{Map, Value, json};

use crate::{
    budgets::{MAX_APPLIED_STOPS, MAX_CACHED_VALUE_BYTES},
    error::ApiError,
    policy::capabilities::{Sampling, family},
};

/// Parameters that can be left out. Not among them: whatever changes the question, its
/// format or the number of answers (`messages`, `tools`, `response_format`, `n`, `suffix`).
pub const REMOVABLE: [&str; 17] = [
    "best_of",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "metadata",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "temperature",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
];
/// The two names of the token limit.
pub const TOKEN_LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];
/// The two names of the role that instructs the model.
pub const INSTRUCTION_ROLES: [&str; 2] = ["system", "developer"];

/// Whether it is accepted depends on the account and on how busy the API is, not on the model.
const SERVICE_TIER: &str = "service_tier";

/// One change to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// The parameter is left out.
    Removed(&'static str),
    /// The parameter is sent under another name.
    Renamed {
        /// Name that the model does not take.
        from: &'static str,
        /// Name that is sent.
        to: &'static str,
    },
    /// Messages of one role are sent with another.
    Role {
        /// Role that the model does not take.
        from: &'static str,
        /// Role that is sent.
        to: &'static str,
    },
}

impl Adjustment {
    /// As listed in `metadata.adjusted`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            // The plugin itself cuts the answer at the stop sequences.
            Self::Removed(name @ "stop") => json!({"parameter": name, "change": "applied by the plugin"}),
            Self::Removed(name) => json!({"parameter": name, "change": "removed"}),
            Self::Renamed { from, to } => json!({"parameter": from, "change": "renamed", "to": to}),
            Self::Role { from, to } => json!({"parameter": "role", "change": format!("{from} sent as {to}")}),
        }
    }

    /// Changes `body`. `false` if it stays as it is: there is nothing to change, or there are more stop
    /// sequences than the plugin applies in the API's place.
    pub fn apply(&self, body: &mut Map<String, Value>) -> bool {
        match self {
            Self::Removed("stop") if array_len(body.get("stop")) > MAX_APPLIED_STOPS => false,
            Self::Removed(name) => body.shift_remove(*name).is_some(),
            Self::Renamed { from, to } => match body.shift_remove(*from) {
                Some(value) => {
                    // Keep a value that `extra_body` set under the new name.
                    body.entry(*to).or_insert(value);
                    true
                }
                None => false,
            },
            Self::Role { from, to } => {
                let messages = body.get_mut("messages").and_then(Value::as_array_mut);
                let mut changed = false;
                for message in messages.into_iter().flatten() {
                    if message["role"] == *from {
                        message["role"] = (*to).into();
                        changed = true;
                    }
                }
                changed
            }
        }
    }
}

fn array_len(value: Option<&Value>) -> usize {
    value.and_then(Value::as_array).map_or(0, Vec::len)
}

/// Which requests need an adjustment, of those that may be rejected for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each one: the model does not take the parameter.
    EveryValue,
    /// Each one with this value, as JSON text: others may be accepted.
    Value(String),
    /// Only the one that was rejected.
    ThisRequest,
}

/// What an API rejected, and how to do without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The change that the request needs.
    pub adjustment: Adjustment,
    /// The other requests that need it.
    pub scope: Scope,
}

impl Rejection {
    /// Whether `body` would be rejected too.
    #[must_use]
    pub fn applies_to(&self, body: &Map<String, Value>) -> bool {
        match (&self.scope, &self.adjustment) {
            (Scope::EveryValue, _) => true,
            (Scope::Value(rejected), Adjustment::Removed(name) | Adjustment::Renamed { from: name, .. }) => {
                body.get(*name).and_then(short_json).as_ref() == Some(rejected)
            }
            (Scope::Value(_), Adjustment::Role { .. }) | (Scope::ThisRequest, _) => false,
        }
    }
}

/// The JSON text of a short scalar. Nothing else is compared: long ones would fill the cache, and lists and
/// objects seldom come again.
fn short_json(value: &Value) -> Option<String> {
    let is_short = match value {
        Value::String(text) => text.len() < MAX_CACHED_VALUE_BYTES,
        value => value.is_number() || value.is_boolean(),
    };
    is_short.then(|| value.to_string()).filter(|json| json.len() <= MAX_CACHED_VALUE_BYTES)
}

/// What `capabilities` knows this chat request's model to reject.
#[must_use]
pub fn for_family(body: &Map<String, Value>) -> Vec<Adjustment> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let Some(family) = text("model").and_then(family).filter(|_| body.contains_key("messages")) else {
        return Vec::new();
    };
    let takes_sampling = matches!(
        (family.sampling, text("reasoning_effort")),
        (Sampling::Always, _)
            | (Sampling::WithoutEffort, None | Some("none"))
            | (Sampling::WithEffortNone, Some("none"))
    );
    let mut rejected: Vec<&'static str> = Vec::new();
    if !takes_sampling {
        rejected.extend(["temperature", "top_p", "logprobs", "top_logprobs"]);
    }
    if family.rejects_stop {
        rejected.push("stop");
    }
    if family.rejects_penalties {
        rejected.extend(["frequency_penalty", "presence_penalty", "logit_bias"]);
    }
    if family.rejects_effort {
        rejected.push("reasoning_effort");
    }
    rejected.into_iter().filter(|name| body.contains_key(*name)).map(Adjustment::Removed).collect()
}

/// What `error` rejects, if it is of the kind "this model does not take that" and `made` does not contain
/// its adjustment yet.
#[must_use]
pub fn for_error(body: &Map<String, Value>, error: &ApiError, made: &[Adjustment]) -> Option<Rejection> {
    if !matches!(error.status, 400 | 422) || !is_about_support(error) {
        return None;
    }
    let rejection = role(body, error).or_else(|| parameter(body, error))?;
    let adjustment = &rejection.adjustment;
    let undone = |other: &Adjustment| match (other, adjustment) {
        (Adjustment::Renamed { from, .. }, Adjustment::Renamed { to, .. })
        | (Adjustment::Role { from, .. }, Adjustment::Role { to, .. }) => from == to,
        _ => false,
    };
    let repeats = made.iter().any(|other| other == adjustment || undone(other));
    (!repeats).then_some(rejection)
}

/// Whether the API rejects the parameter or its value for this model, rather than a value
/// that no model takes: a token limit that is too large must not be left out.
fn is_about_support(error: &ApiError) -> bool {
    let message = error.message.to_ascii_lowercase();
    let unsupported = [
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
    match error.code.as_deref() {
        Some("unsupported_parameter" | "unsupported_value" | "unknown_parameter") => true,
        // No code that says more: null, or the status as a number or text.
        None => unsupported.iter().any(|words| message.contains(words)),
        Some(code) if code.parse::<u16>() == Ok(error.status) => {
            unsupported.iter().any(|words| message.contains(words))
        }
        Some(_) => false,
    }
}

/// Whether the API rejects this value of the parameter, rather than the parameter. In doubt it is the value:
/// then another value costs one more request; else a value that is accepted would be left out.
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

/// A rejected role is named, or pointed at by the index of its message. A rejection of another role must not
/// change the instructions' role.
fn role(body: &Map<String, Value>, error: &ApiError) -> Option<Rejection> {
    let param = error.param.as_deref().unwrap_or_default();
    let is_about_role =
        contains_word(&error.message, "role") || param.ends_with("role") || contains_word(&error.message, "developer");
    if !(is_about_role && (param.is_empty() || param.starts_with("messages"))) {
        return None;
    }
    let messages = body.get("messages").and_then(Value::as_array)?;
    let has = |role: &str| messages.iter().any(|message| message["role"] == role);
    let index: String = param.chars().filter(char::is_ascii_digit).collect();
    let pointed_at = index.parse().ok().and_then(|index: usize| messages.get(index)?.get("role")?.as_str());
    let [system, developer] = INSTRUCTION_ROLES;
    let rejected =
        |role: &str| has(role) && pointed_at.map_or_else(|| contains_word(&error.message, role), |at| at == role);
    let (from, to) = if rejected(developer) {
        (developer, system)
    } else if rejected(system) {
        (system, developer)
    } else {
        return None;
    };
    Some(Rejection { adjustment: Adjustment::Role { from, to }, scope: Scope::EveryValue })
}

/// The parameter that is rejected as a whole. An error about a part of its value, such as `metadata.team` or
/// `stop[0]`, names no parameter of the body: leaving out everything would not be what it asks for.
fn parameter(body: &Map<String, Value>, error: &ApiError) -> Option<Rejection> {
    let name = error.param.as_deref().or_else(|| quoted_parameter(&error.message))?;
    let value = body.get(name)?;
    let [old, new] = TOKEN_LIMITS;
    let adjustment = match name {
        // Only chat knows both names.
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

/// "Unrecognized request argument supplied: stop", "Unknown parameter: 'seed'": a parameter in
/// quotation marks or behind a colon. The same word in a sentence may mean something else.
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

fn contains_word(message: &str, word: &str) -> bool {
    message.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Cuts `text` where the first stop sequence begins, as the API would have done. Each of at most
/// [`MAX_APPLIED_STOPS`] searches is linear in the text.
#[must_use]
pub fn cut_at_stop<'a>(text: &'a str, stops: &[String]) -> &'a str {
    // A search prepares for as long as its stop sequence is, also where it cannot be found.
    let stops = stops.iter().take(MAX_APPLIED_STOPS).filter(|stop| (1..=text.len()).contains(&stop.len()));
    let first = stops.filter_map(|stop| text.find(stop.as_str())).min();
    &text[..first.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn adjusts_after_400_and_422_only() {
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
    fn does_not_adjust_a_value_that_no_model_takes() {
        for (code, message) in [
            (None, "max_tokens is too large: 900000. This model supports at most 16384 completion tokens"),
            (Some("integer_above_max_value"), "unsupported"),
            (Some("invalid_type"), "expected a number"),
        ] {
            assert_eq!(adjustment(&chat(), &error(Some("max_tokens"), code, message)), None);
        }
    }

    #[test]
    fn keeps_the_whole_when_a_part_of_it_is_rejected() {
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
    fn tells_a_rejected_value_from_a_rejected_parameter() {
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
    fn applies_a_rejection_of_a_value_to_this_value_only() {
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
    fn renames_the_token_limit_both_ways_but_not_back_again() {
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
    fn keeps_the_token_limit_of_the_extra_body_when_the_other_one_is_rejected() {
        let mut body = body(json!({"messages": [], "max_tokens": 5, "max_completion_tokens": 9}));
        assert!(Adjustment::Renamed { from: "max_tokens", to: "max_completion_tokens" }.apply(&mut body));
        assert_eq!(Value::from(body), json!({"messages": [], "max_completion_tokens": 9}));
    }

    #[test]
    fn does_not_rename_the_token_limit_of_completions() {
        let body = body(json!({"prompt": "a", "max_tokens": 5}));
        let error = error(Some("max_tokens"), Some("unsupported_parameter"), "not supported");
        assert_eq!(adjustment(&body, &error), None);
    }

    #[test]
    fn sends_system_as_developer_and_the_other_way_round() {
        let rejected = |message: &str| error(Some("messages[0].role"), Some("unsupported_value"), message);
        let mut body = chat();
        let made = adjustment(&body, &rejected("'messages[0].role' does not support 'system'")).unwrap();
        assert!(made.apply(&mut body));
        assert_eq!(body["messages"][0]["role"], "developer");
        assert_eq!(for_error(&body, &rejected("does not support 'developer'"), &[made]), None);
        let vllm = error(None, Some("400"), "Unexpected message role: developer");
        let back = Adjustment::Role { from: "developer", to: "system" };
        let expected = Rejection { adjustment: back, scope: Scope::EveryValue };
        assert_eq!(for_error(&body, &vllm, &[]), Some(expected));
    }

    #[test]
    fn keeps_the_role_when_another_parameter_is_rejected_next_to_it() {
        let error = error(Some("temperature"), None, "temperature is not supported with the role system");
        assert_eq!(adjustment(&chat(), &error), Some(Adjustment::Removed("temperature")));
    }

    #[test]
    fn never_removes_what_was_asked() {
        let body = body(json!({
            "model": "m", "messages": [], "response_format": {}, "tools": [], "n": 2, "suffix": "s", "prompt": "p"
        }));
        for param in ["response_format", "messages", "tools", "n", "suffix", "prompt", "model"] {
            let error = error(Some(param), Some("unsupported_parameter"), "not supported");
            assert_eq!(adjustment(&body, &error), None, "{param}");
        }
    }

    #[test]
    fn removes_what_a_family_is_known_to_reject() {
        let removed = |model: &str, effort: Option<&str>| -> Vec<&str> {
            let mut body = chat();
            body["model"] = model.into();
            if let Some(effort) = effort {
                body.insert("reasoning_effort".to_owned(), effort.into());
            }
            for_family(&body)
                .into_iter()
                .map(|adjustment| match adjustment {
                    Adjustment::Removed(name) => name,
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        assert_eq!(removed("gpt-5", None), ["temperature", "stop"]);
        assert_eq!(removed("gpt-5.4-mini", None), [""; 0]);
        assert_eq!(removed("gpt-5.4-mini", Some("low")), ["temperature"]);
        assert_eq!(removed("gpt-6-sol", Some("none")), ["stop"]);
        assert_eq!(removed("gpt-4.1", Some("low")), ["reasoning_effort"]);
        assert_eq!(removed("some-local-model", Some("low")), [""; 0]);
    }

    #[test]
    fn cuts_at_the_first_stop_sequence() {
        let stops = ["\n".to_owned(), "END".to_owned()];
        assert_eq!(cut_at_stop("one END two\n", &stops), "one ");
        assert_eq!(cut_at_stop("no stop", &stops), "no stop");
        assert_eq!(cut_at_stop("END", &stops), "");
        assert_eq!(cut_at_stop("EN", &[String::new(), "END".to_owned()]), "EN");
    }

    #[test]
    fn long_stop_sequences_cost_nothing_where_the_text_is_short() {
        // Preparing these searches a million times would take minutes.
        let stops = vec!["a".repeat(1 << 20) + "b"; MAX_APPLIED_STOPS];
        for _ in 0..1_000_000 {
            assert_eq!(cut_at_stop("aaab", &stops), "aaab");
        }
    }
}
