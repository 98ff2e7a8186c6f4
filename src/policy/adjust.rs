//! Makes a request fit its model: parameters that the model does not take are left out or
//! renamed, either because `capabilities` knows, or because the API just said so.
//!
//! Only parameters whose loss does not change what was asked are touched, each at most
//! once per query, and every change is listed in the result's `metadata.adjusted`.

use serde_json::{Map, Value, json};

use crate::{
    budgets::MAX_APPLIED_STOPS,
    error::ApiError,
    policy::capabilities::{Sampling, family},
};

/// Parameters that can be left out. Not among them: whatever changes the question, its
/// format or the number of answers (`messages`, `tools`, `response_format`, `n`, `suffix`).
const REMOVABLE: [&str; 17] = [
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
const TOKEN_LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];
/// The two names of the role that instructs the model.
const INSTRUCTION_ROLES: [&str; 2] = ["system", "developer"];

/// Rejecting these may concern one value or account, so it is not cached. It says nothing about the queries
/// of others, so it is not remembered.
const NOT_CACHED: [&str; 2] = ["service_tier", "verbosity"];

/// One change to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// The parameter is left out.
    Removed(String),
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
    /// Whether every query of this model needs it.
    #[must_use]
    pub fn is_about_the_model(&self) -> bool {
        !matches!(self, Self::Removed(name) if NOT_CACHED.contains(&name.as_str()))
    }

    /// As listed in `metadata.adjusted`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            // The plugin itself cuts the answer at the stop sequences.
            Self::Removed(name) if name == "stop" => json!({"parameter": name, "change": "applied by the plugin"}),
            Self::Removed(name) => json!({"parameter": name, "change": "removed"}),
            Self::Renamed { from, to } => json!({"parameter": from, "change": "renamed", "to": to}),
            Self::Role { from, to } => json!({"parameter": "role", "change": format!("{from} sent as {to}")}),
        }
    }

    /// Changes `body`; `false` if there was nothing to change.
    pub fn apply(&self, body: &mut Map<String, Value>) -> bool {
        match self {
            Self::Removed(name) => is_removable(body, name) && body.shift_remove(name).is_some(),
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
    let mut rejected: Vec<&str> = Vec::new();
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
    rejected
        .into_iter()
        .filter(|name| is_removable(body, name))
        .map(|name| Adjustment::Removed(name.to_owned()))
        .collect()
}

/// Whether the body has this parameter and can do without it. More stop sequences than the plugin applies
/// itself stay, and the API's error stands.
fn is_removable(body: &Map<String, Value>, name: &str) -> bool {
    body.get(name)
        .is_some_and(|value| name != "stop" || value.as_array().is_none_or(|stops| stops.len() <= MAX_APPLIED_STOPS))
}

/// The change that would answer this error, if it is of the kind "this model does not
/// take that" and the change has not been made before.
#[must_use]
pub fn for_error(body: &Map<String, Value>, error: &ApiError, made: &[Adjustment]) -> Option<Adjustment> {
    if !matches!(error.status, 400 | 422) || !is_about_support(error) {
        return None;
    }
    let adjustment = role(body, error).or_else(|| parameter(body, error))?;
    let undone = |other: &Adjustment| match (other, &adjustment) {
        (Adjustment::Renamed { from, .. }, Adjustment::Renamed { to, .. })
        | (Adjustment::Role { from, .. }, Adjustment::Role { to, .. }) => from == to,
        _ => false,
    };
    let repeats = made.iter().any(|other| *other == adjustment || undone(other));
    (!repeats).then_some(adjustment)
}

/// Whether the API refuses the parameter or its value for this model, rather than a value
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

/// A refused role is named, or pointed at by the index of its message. Which other role a
/// message must not have is no reason to change that of the instructions.
fn role(body: &Map<String, Value>, error: &ApiError) -> Option<Adjustment> {
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
    let refused =
        |role: &str| has(role) && pointed_at.map_or_else(|| contains_word(&error.message, role), |at| at == role);
    if refused(developer) {
        Some(Adjustment::Role { from: developer, to: system })
    } else if refused(system) {
        Some(Adjustment::Role { from: system, to: developer })
    } else {
        None
    }
}

fn parameter(body: &Map<String, Value>, error: &ApiError) -> Option<Adjustment> {
    let named = error.param.clone().or_else(|| quoted_parameter(&error.message))?;
    let name = named.split(['.', '[']).next().unwrap_or_default();
    if !body.contains_key(name) {
        return None;
    }
    let [old, new] = TOKEN_LIMITS;
    match name {
        // Only chat knows both names.
        _ if name == old && body.contains_key("messages") => Some(Adjustment::Renamed { from: old, to: new }),
        _ if name == new => Some(Adjustment::Renamed { from: new, to: old }),
        // An error about a nested value cannot be answered by leaving out the whole.
        _ if named != name => None,
        _ if REMOVABLE.contains(&name) && is_removable(body, name) => Some(Adjustment::Removed(name.to_owned())),
        _ => None,
    }
}

/// "Unrecognized request argument supplied: stop", "Unknown parameter: 'seed'": a parameter in
/// quotation marks or behind a colon. The same word in a sentence may mean something else.
fn quoted_parameter(message: &str) -> Option<String> {
    let known = |name: &&&str| {
        ["'", "\"", "`"].iter().any(|quote| message.contains(&format!("{quote}{name}{quote}")))
            || message
                .split_once(&format!(": {name}"))
                .is_some_and(|(_, after)| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    REMOVABLE.iter().chain(&TOKEN_LIMITS).find(known).map(|name| (*name).to_owned())
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

    #[test]
    fn a_rejected_parameter_is_removed_with_or_without_a_code() {
        let removed = Some(Adjustment::Removed("temperature".to_owned()));
        for code in [Some("unsupported_value"), Some("unsupported_parameter"), None, Some("400")] {
            let error = error(Some("temperature"), code, "temperature is not supported with this model");
            assert_eq!(for_error(&chat(), &error, &[]), removed);
        }
        let unnamed = error(None, None, "Unrecognized request argument supplied: temperature");
        assert_eq!(for_error(&chat(), &unnamed, &[]), removed);
    }

    #[test]
    fn a_parameter_is_adjusted_at_most_once() {
        let error = error(Some("temperature"), Some("unsupported_value"), "");
        let made = [Adjustment::Removed("temperature".to_owned())];
        assert_eq!(for_error(&chat(), &error, &made), None);
    }

    #[test]
    fn a_value_that_no_model_takes_is_not_adjusted() {
        for (code, message) in [
            (None, "max_tokens is too large: 900000. This model supports at most 16384 completion tokens"),
            (Some("integer_above_max_value"), "unsupported"),
            (Some("invalid_type"), "expected a number"),
        ] {
            assert_eq!(for_error(&chat(), &error(Some("max_tokens"), code, message), &[]), None);
        }
    }

    #[test]
    fn the_token_limit_is_renamed_both_ways_but_not_back_again() {
        let rejected = |name| error(Some(name), Some("unsupported_parameter"), "not supported");
        let mut body = chat();
        let first = for_error(&body, &rejected("max_tokens"), &[]).unwrap();
        assert!(first.apply(&mut body));
        assert_eq!((body.get("max_tokens"), &body["max_completion_tokens"]), (None, &json!(5)));
        assert_eq!(for_error(&body, &rejected("max_completion_tokens"), &[first]), None);
        let other = for_error(&body, &rejected("max_completion_tokens"), &[]).unwrap();
        assert_eq!(other, Adjustment::Renamed { from: "max_completion_tokens", to: "max_tokens" });
    }

    #[test]
    fn the_token_limit_of_completions_has_one_name() {
        let body = body(json!({"prompt": "a", "max_tokens": 5}));
        let error = error(Some("max_tokens"), Some("unsupported_parameter"), "not supported");
        assert_eq!(for_error(&body, &error, &[]), None);
    }

    #[test]
    fn system_becomes_developer_and_the_other_way_round() {
        let refused = |message: &str| error(Some("messages[0].role"), Some("unsupported_value"), message);
        let mut body = chat();
        let made = for_error(&body, &refused("'messages[0].role' does not support 'system'"), &[]).unwrap();
        assert!(made.apply(&mut body));
        assert_eq!(body["messages"][0]["role"], "developer");
        assert_eq!(for_error(&body, &refused("does not support 'developer'"), &[made]), None);
        let vllm = error(None, Some("400"), "Unexpected message role: developer");
        assert_eq!(for_error(&body, &vllm, &[]), Some(Adjustment::Role { from: "developer", to: "system" }));
    }

    #[test]
    fn what_was_asked_is_never_removed() {
        for param in ["response_format", "messages", "tools", "n", "suffix", "prompt", "model"] {
            let error = error(Some(param), Some("unsupported_parameter"), "not supported");
            assert_eq!(for_error(&chat(), &error, &[]), None, "{param}");
        }
    }

    #[test]
    fn families_lose_what_they_are_known_to_reject() {
        let removed = |model: &str, effort: Option<&str>| -> Vec<String> {
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
    fn stop_sequences_cut_at_the_first() {
        let stops = ["\n".to_owned(), "END".to_owned()];
        assert_eq!(cut_at_stop("one END two\n", &stops), "one ");
        assert_eq!(cut_at_stop("no stop", &stops), "no stop");
        assert_eq!(cut_at_stop("END", &stops), "");
        assert_eq!(cut_at_stop("EN", &[String::new(), "END".to_owned()]), "EN");
    }

    #[test]
    fn more_stop_sequences_than_the_plugin_applies_are_left_to_the_api() {
        for (count, is_adjusted) in [(MAX_APPLIED_STOPS, true), (MAX_APPLIED_STOPS + 1, false)] {
            let mut body = chat();
            body["model"] = "gpt-5".into();
            body["stop"] = (0..count).map(|at| at.to_string()).collect();
            let removed = Adjustment::Removed("stop".to_owned());
            assert_eq!(for_family(&body).contains(&removed), is_adjusted);
            let rejected = error(Some("stop"), Some("unsupported_parameter"), "not supported");
            assert_eq!(for_error(&body, &rejected, &[]), is_adjusted.then(|| removed.clone()));
            assert_eq!(removed.apply(&mut body), is_adjusted);
            assert_eq!(body.contains_key("stop"), !is_adjusted);
        }
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
