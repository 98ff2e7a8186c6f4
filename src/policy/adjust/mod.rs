//! Adapts a request to its model. Removes or changes what the model does not accept, either because `capabilities`
//! knows it or because the API just said so.
//!
//! Never changes the question itself, changes each parameter at most once per query, and lists every change in the
//! result's `metadata.adjusted`.

use serde_json::{Map, Value, json};

use crate::{
    budgets::{MAX_APPLIED_STOPS, MAX_CACHED_VALUE_BYTES},
    error::ApiError,
    policy::{
        capabilities::{Sampling, family},
        streaming::{self, STREAM, STREAM_OPTIONS},
    },
};

mod instructions;
mod rejection;

pub use rejection::for_error;
pub(super) use rejection::{has_word, is_about_support};

/// Parameters that may be removed. Excluded are those that change the question, its format or the number of answers
/// (`messages`, `tools`, `response_format`, `n`, `suffix`), and `moderation`: an app that asked for a check must not
/// get an unchecked answer.
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
/// The two names of the instruction role.
pub const INSTRUCTION_ROLES: [&str; 2] = ["system", "developer"];

/// The member of a message with its author's name.
const NAME: &str = "name";
const NAMED: [&str; 4] = ["system", "developer", "user", "assistant"];

/// Its acceptance depends on the account and the API's load, not on the model.
const SERVICE_TIER: &str = "service_tier";

/// Encoding of vectors in the response.
const ENCODING_FORMAT: &str = "encoding_format";
/// How much the model reasons. `OpenAI`'s newer models reject tools with their default effort.
const EFFORT: &str = "reasoning_effort";
/// The effort that turns reasoning off.
const NO_EFFORT: &str = "none";

/// One change to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// The parameter is left out.
    Removed(&'static str),
    /// The parameter is sent under another name.
    Renamed {
        /// Name that the model does not accept.
        from: &'static str,
        /// Name that is sent.
        to: &'static str,
    },
    /// `reasoning_effort` is `none`.
    WithoutReasoning,
    /// Messages of one role are sent under another.
    Role {
        /// Role that the model does not accept.
        from: &'static str,
        /// Role that is sent.
        to: &'static str,
    },
    /// Instructions of any role are moved before the user's text.
    InstructionsToUser,
    /// Messages are sent without their authors' names.
    WithoutNames,
    /// `json_object` is sent as a schema that matches any object.
    JsonObjectAsSchema,
    /// The answer is requested as a stream.
    Streamed,
}

impl Adjustment {
    /// The entry in `metadata.adjusted`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            // The plugin itself truncates the answer at the stop sequences.
            Self::Removed(name @ "stop") => json!({"parameter": name, "change": "applied by the plugin"}),
            Self::Removed(name) => json!({"parameter": name, "change": "removed"}),
            Self::Renamed { from, to } => json!({"parameter": from, "change": "renamed", "to": to}),
            Self::WithoutReasoning => json!({"parameter": EFFORT, "change": "set", "to": NO_EFFORT}),
            Self::Role { from, to } => json!({"parameter": "role", "change": format!("{from} sent as {to}")}),
            Self::InstructionsToUser => {
                json!({"parameter": "role", "change": "instructions placed before the user's text"})
            }
            Self::WithoutNames => json!({"parameter": NAME, "change": "removed"}),
            Self::JsonObjectAsSchema => {
                json!({"parameter": "response_format", "change": "json_object sent as json_schema"})
            }
            Self::Streamed => json!({"parameter": STREAM, "change": "set", "to": "true"}),
        }
    }

    /// Changes `body`. Returns `false` if there is nothing to change, or if there are more stop sequences than the
    /// plugin can apply itself.
    pub fn apply(&self, body: &mut Map<String, Value>) -> bool {
        match self {
            Self::Removed("stop") if array_len(body.get("stop")) > MAX_APPLIED_STOPS => false,
            Self::Removed(STREAM) => {
                // They are meaningless without it.
                body.shift_remove(STREAM_OPTIONS);
                body.shift_remove(STREAM).is_some()
            }
            Self::Removed(name) => body.shift_remove(*name).is_some(),
            Self::Streamed if streaming::is_asked(body) => false,
            Self::Streamed => {
                streaming::set(body, true);
                true
            }
            Self::Renamed { from, to } => match body.shift_remove(*from) {
                Some(value) => {
                    // Keep a value that `extra_body` set under the new name.
                    body.entry(*to).or_insert(value);
                    true
                }
                None => false,
            },
            Self::WithoutReasoning => body.insert(EFFORT.to_owned(), NO_EFFORT.into()) != Some(NO_EFFORT.into()),
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
            Self::InstructionsToUser => match body.get_mut("messages") {
                Some(Value::Array(messages)) => instructions::move_to_user(messages),
                _ => false,
            },
            Self::WithoutNames => {
                let messages = body.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten();
                let named = messages.filter(|message| has_name(message)).filter_map(Value::as_object_mut);
                // All of them, not only the first.
                named.fold(false, |_, message| message.shift_remove(NAME).is_some())
            }
            Self::JsonObjectAsSchema => match body.get_mut("response_format") {
                Some(format) if format["type"] == "json_object" => {
                    let schema = json!({"name": "response", "schema": {"type": "object"}});
                    *format = json!({"type": "json_schema", "json_schema": schema});
                    true
                }
                _ => false,
            },
        }
    }

    /// Whether this change caused `error`, so that an earlier error should be reported.
    #[must_use]
    pub fn has_caused(&self, error: &ApiError) -> bool {
        let names = |words: &[&str]| {
            let param = error.param.as_deref().unwrap_or_default();
            words.iter().any(|word| rejection::has_word(param, word) || rejection::has_word(&error.message, word))
        };
        match self {
            // Their names are everyday words.
            Self::Removed(name) => rejection::names_parameter(error, name),
            Self::Renamed { to, .. } => names(&[to]),
            Self::WithoutReasoning => names(&[EFFORT]),
            Self::Role { to, .. } => names(&[to, "role", "roles"]),
            Self::InstructionsToUser => names(&["role", "roles", "system", "developer"]),
            // The word is too common, and no message needs a name.
            Self::WithoutNames => false,
            Self::JsonObjectAsSchema => names(&["response_format", "json_schema", "schema", "format"]),
            Self::Streamed => names(&[STREAM, STREAM_OPTIONS, "streaming"]),
        }
    }
}

fn array_len(value: Option<&Value>) -> usize {
    value.and_then(Value::as_array).map_or(0, Vec::len)
}

/// Which requests need an adjustment after a rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All: the model does not accept the parameter.
    EveryValue,
    /// Those with this value, as JSON text: other values may be accepted.
    Value(String),
    /// Only the rejected one.
    ThisRequest,
}

/// What an API rejected, and how to avoid it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The change that the request needs.
    pub adjustment: Adjustment,
    /// Which other requests need it.
    pub scope: Scope,
}

impl Rejection {
    /// Whether `body` would be rejected as well.
    #[must_use]
    pub fn applies_to(&self, body: &Map<String, Value>) -> bool {
        match (&self.scope, &self.adjustment) {
            (Scope::EveryValue, _) => true,
            (Scope::Value(rejected), Adjustment::Removed(name) | Adjustment::Renamed { from: name, .. }) => {
                body.get(*name).and_then(short_json).as_ref() == Some(rejected)
            }
            (Scope::Value(_) | Scope::ThisRequest, _) => false,
        }
    }
}

/// The JSON text of a short scalar. Nothing else is compared: long text would fill the cache, and lists and objects
/// seldom recur.
fn short_json(value: &Value) -> Option<String> {
    let is_short = match value {
        Value::String(text) => text.len() < MAX_CACHED_VALUE_BYTES,
        value => value.is_number() || value.is_boolean(),
    };
    is_short.then(|| value.to_string()).filter(|json| json.len() <= MAX_CACHED_VALUE_BYTES)
}

/// The endpoint of a chat request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatEndpoint {
    /// `/chat/completions`.
    ChatCompletions,
    /// `/responses`, which accepts fewer parameters, but tools together with reasoning.
    Responses,
}

/// The parts of this chat request that the Responses API lacks, but can answer without.
#[must_use]
pub fn for_responses(body: &Map<String, Value>) -> Vec<Adjustment> {
    let missing = ["frequency_penalty", "logit_bias", "presence_penalty", "seed", "stop"];
    let missing = missing.into_iter().filter(|name| body.contains_key(*name)).map(Adjustment::Removed);
    let mut messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    missing.chain(messages.any(has_name).then_some(Adjustment::WithoutNames)).collect()
}

/// Whether a message names its author. In a function's result, the name is the function's.
fn has_name(message: &Value) -> bool {
    let role = message.get("role").and_then(Value::as_str);
    message.get(NAME).is_some_and(|name| !name.is_null()) && role.is_some_and(|role| NAMED.contains(&role))
}

/// Whether this model accepts the request's tools in Chat only with the effort `none`, and the request sets no effort.
#[must_use]
pub fn needs_no_effort(body: &Map<String, Value>) -> bool {
    let model = body.get("model").and_then(Value::as_str);
    let reasons = model.and_then(family).is_some_and(|family| family.sampling == Sampling::WithEffortNone);
    reasons && has_tools(body) && !body.contains_key(EFFORT)
}

/// Adjustments for what `capabilities` knows this model to reject.
#[must_use]
pub fn for_family(body: &Map<String, Value>, endpoint: ChatEndpoint) -> Vec<Adjustment> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let Some(family) = text("model").and_then(family).filter(|_| body.contains_key("messages")) else {
        return Vec::new();
    };
    let mut adjustments = Vec::new();
    let mut effort = text(EFFORT);
    if endpoint == ChatEndpoint::ChatCompletions && needs_no_effort(body) {
        adjustments.push(Adjustment::WithoutReasoning);
        effort = Some(NO_EFFORT);
    }
    let takes_sampling = matches!(
        (family.sampling, effort),
        (Sampling::Always, _)
            | (Sampling::WithoutEffort, None | Some(NO_EFFORT))
            | (Sampling::WithEffortNone, Some(NO_EFFORT))
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
    let rejected = rejected.into_iter().filter(|name| body.contains_key(*name));
    adjustments.extend(rejected.map(Adjustment::Removed));
    adjustments
}

/// Changes `body` as far as it is known that its model needs it: by `capabilities`, and by what the API has rejected.
/// Returns the changes.
#[must_use]
pub fn apply_known(body: &mut Map<String, Value>, endpoint: ChatEndpoint, rejections: &[Rejection]) -> Vec<Adjustment> {
    let missing = if endpoint == ChatEndpoint::Responses { for_responses(body) } else { Vec::new() };
    let mut applied: Vec<_> = missing.into_iter().chain(for_family(body, endpoint)).collect();
    applied.retain(|adjustment| adjustment.apply(body));
    for rejection in rejections {
        if rejection.applies_to(body) && rejection.adjustment.apply(body) {
            applied.push(rejection.adjustment.clone());
        }
    }
    applied
}

fn has_tools(body: &Map<String, Value>) -> bool {
    ["tools", "functions"].into_iter().any(|name| body.contains_key(name))
}

/// Truncates `text` at the first stop sequence, as the API would. Runs at most [`MAX_APPLIED_STOPS`] searches, each
/// linear in the text.
#[must_use]
pub fn cut_at_stop<'a>(text: &'a str, stops: &[String]) -> &'a str {
    // Preparing a search takes time proportional to the stop sequence, even if it is longer than the text.
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

    #[test]
    fn removes_message_names_for_responses() {
        let message = |role: &str, name: Value| json!({"role": role, "content": "a", "name": name});
        let messages = ["system", "user", "assistant", "function", "tool"].map(|role| message(role, "ann".into()));
        let Value::Object(mut body) = json!({ "messages": messages }) else { unreachable!() };
        assert_eq!(for_responses(&body), [Adjustment::WithoutNames]);
        assert!(Adjustment::WithoutNames.apply(&mut body));
        let named: Vec<_> = body["messages"].as_array().unwrap().iter().map(|message| message.get("name")).collect();
        assert_eq!(named, [None, None, None, Some(&json!("ann")), Some(&json!("ann"))]);
        assert_eq!((for_responses(&body), Adjustment::WithoutNames.apply(&mut body)), (Vec::new(), false));
        let Value::Object(body) = json!({"messages": [message("user", Value::Null), "odd"]}) else { unreachable!() };
        assert_eq!(for_responses(&body), []);
    }

    #[test]
    fn turns_reasoning_off_when_a_family_rejects_tools_with_it() {
        let adjusted = |more: Value| {
            let mut body = body(json!({"model": "gpt-6-luna", "messages": [], "temperature": 0.2, "tools": [{}]}));
            body.extend(more.as_object().unwrap().clone());
            for_family(&body, ChatEndpoint::ChatCompletions)
        };
        // Without reasoning, the model accepts a temperature.
        assert_eq!(adjusted(json!({})), [Adjustment::WithoutReasoning]);
        assert_eq!(adjusted(json!({"reasoning_effort": "none"})), []);
        let temperature = [Adjustment::Removed("temperature")];
        // The API decides about an explicit effort.
        assert_eq!(adjusted(json!({"reasoning_effort": "low"})), temperature);
        assert_eq!(adjusted(json!({"model": "gpt-6-astra"})), temperature);
        assert_eq!(adjusted(json!({"model": "gpt-5.4"})), []);
    }

    #[test]
    fn recognizes_errors_that_a_change_caused() {
        let error = |param: Option<&str>, message: &str| ApiError {
            status: 400,
            param: param.map(str::to_owned),
            message: message.to_owned(),
            ..ApiError::default()
        };
        let role = Adjustment::Role { from: "system", to: "developer" };
        let renamed = Adjustment::Renamed { from: "max_tokens", to: "max_completion_tokens" };
        for (change, param, message) in [
            (&role, None, "Unexpected role developer"),
            (&role, None, "Conversation roles must alternate user/assistant/user/assistant/..."),
            (&Adjustment::InstructionsToUser, None, "Conversation roles must alternate"),
            (&renamed, None, "Unknown parameter: max_completion_tokens"),
            (&renamed, Some("max_completion_tokens"), "no"),
            (&Adjustment::WithoutReasoning, Some("reasoning_effort"), "'none' is not supported"),
            (&Adjustment::JsonObjectAsSchema, None, "'response_format' of type 'json_schema' is not supported"),
            (&Adjustment::Removed("seed"), Some("seed"), "seed is required"),
        ] {
            assert!(change.has_caused(&error(param, message)), "{change:?}: {message}");
        }
        for (change, param, message) in [
            (&role, None, "The prompt is too long"),
            (&renamed, Some("max_tokens"), "max_tokens is too large"),
            (&Adjustment::WithoutReasoning, Some("tools"), "tools must have names"),
            (&Adjustment::JsonObjectAsSchema, Some("model"), "no such model"),
            (&Adjustment::Removed("user"), None, "Conversation roles must alternate user/assistant"),
        ] {
            assert!(!change.has_caused(&error(param, message)), "{change:?}: {message}");
        }
    }

    #[test]
    fn requests_any_object_with_a_schema() {
        let mut body = body(json!({"response_format": {"type": "json_object"}}));
        assert!(Adjustment::JsonObjectAsSchema.apply(&mut body));
        let schema = json!({"name": "response", "schema": {"type": "object"}});
        assert_eq!(body["response_format"], json!({"type": "json_schema", "json_schema": schema}));
        assert!(!Adjustment::JsonObjectAsSchema.apply(&mut body));
    }

    #[test]
    fn keeps_extra_body_s_token_limit_when_the_other_one_is_rejected() {
        let mut body = body(json!({"messages": [], "max_tokens": 5, "max_completion_tokens": 9}));
        assert!(Adjustment::Renamed { from: "max_tokens", to: "max_completion_tokens" }.apply(&mut body));
        assert_eq!(Value::from(body), json!({"messages": [], "max_completion_tokens": 9}));
    }

    #[test]
    fn removes_what_a_family_is_known_to_reject() {
        let removed = |model: &str, effort: Option<&str>| -> Vec<&str> {
            let mut body = body(json!({"model": model, "messages": [], "temperature": 0.2, "stop": ["x"]}));
            if let Some(effort) = effort {
                body.insert("reasoning_effort".to_owned(), effort.into());
            }
            for_family(&body, ChatEndpoint::ChatCompletions)
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
    fn truncates_at_the_first_stop_sequence() {
        let stops = ["\n".to_owned(), "END".to_owned()];
        assert_eq!(cut_at_stop("one END two\n", &stops), "one ");
        assert_eq!(cut_at_stop("no stop", &stops), "no stop");
        assert_eq!(cut_at_stop("END", &stops), "");
        assert_eq!(cut_at_stop("EN", &[String::new(), "END".to_owned()]), "EN");
    }

    #[test]
    fn skips_stop_sequences_longer_than_the_text() {
        // Preparing these searches a million times would take minutes.
        let stops = vec!["a".repeat(1 << 20) + "b"; MAX_APPLIED_STOPS];
        for _ in 0..1_000_000 {
            assert_eq!(cut_at_stop("aaab", &stops), "aaab");
        }
    }
}
