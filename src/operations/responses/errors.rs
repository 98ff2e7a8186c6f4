//! Translates errors about a Responses request into the terms of its Chat body.

use crate::error::ApiError;

/// Parameters of the Responses API, and their names in a Chat body. `max_output_tokens` is missing on purpose: it
/// stands for both names of Chat's limit, so renaming that would not help.
const NAMES: [(&str, &str); 4] = [
    ("reasoning.effort", "reasoning_effort"),
    ("text.verbosity", "verbosity"),
    ("text.format", "response_format"),
    ("input", "messages"),
];
/// How chat templates of some models reject instructions.
const NO_INSTRUCTIONS: &str = "Only user and assistant roles are supported.";

/// The error in Chat's terms, for the rules that adjust a Chat body. Users still see the API's own error.
#[must_use]
pub fn in_chats_words(error: &ApiError) -> ApiError {
    let mut error = error.clone();
    match error.param.as_deref() {
        // Both instruction roles are one parameter here.
        Some("instructions") => {
            return ApiError { param: None, message: NO_INSTRUCTIONS.to_owned(), ..error };
        }
        // Only `logprobs` causes this member.
        Some("include") if error.message.contains("logprobs") => error.param = Some("logprobs".to_owned()),
        _ => {}
    }
    for (theirs, ours) in NAMES {
        error.message = renamed(&error.message, theirs, ours);
        if let Some(param) = &mut error.param
            && let Some(rest) = param.strip_prefix(theirs)
            && is_end_of_name(rest)
        {
            *param = format!("{ours}{}", without_index(rest));
        }
    }
    error
}

/// Replaces the name in the text. An everyday word, such as input, counts as a name only in quotation marks.
fn renamed(text: &str, theirs: &str, ours: &str) -> String {
    let mut pieces = text.split(theirs);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_start = theirs.contains('.') || result.ends_with(['\'', '"', '`']);
        result.push_str(if is_start && is_end_of_name(piece) { ours } else { theirs });
        result.push_str(piece);
    }
    result
}

fn is_end_of_name(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Removes an item's index: a message may become several items, or none.
fn without_index(rest: &str) -> &str {
    rest.strip_prefix('[').and_then(|index| Some(index.split_once(']')?.1)).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::policy::adjust::{self, Adjustment};

    fn error(param: Option<&str>, message: &str) -> ApiError {
        ApiError { status: 400, param: param.map(str::to_owned), message: message.to_owned(), ..ApiError::default() }
    }

    fn adjustment(body: Value, error: &ApiError) -> Option<Adjustment> {
        let Value::Object(body) = body else { panic!("not an object") };
        let adjustment = |body: &Map<String, Value>, error| Some(adjust::for_error(body, error, &[])?.adjustment);
        assert_eq!(adjustment(&body, error), None, "understood as it is");
        adjustment(&body, &in_chats_words(error))
    }

    #[test]
    fn adjusts_a_rejected_parameter_under_chat_s_name() {
        let unsupported = |name: &str| format!("Unsupported parameter: '{name}' is not supported with this model.");
        for (body, param, removed) in [
            (json!({"reasoning_effort": "low"}), "reasoning.effort", "reasoning_effort"),
            (json!({"verbosity": "low"}), "text.verbosity", "verbosity"),
        ] {
            for named in [Some(param), None] {
                let error = error(named, &unsupported(param));
                assert_eq!(adjustment(body.clone(), &error), Some(Adjustment::Removed(removed)), "{named:?}");
            }
        }
        let logprobs = error(Some("include"), "logprobs are not supported with reasoning models.");
        assert_eq!(adjustment(json!({"logprobs": true}), &logprobs), Some(Adjustment::Removed("logprobs")));
    }

    #[test]
    fn sends_a_rejected_format_or_role_in_another_way() {
        let format =
            error(Some("text.format"), "'text.format' of type 'json_object' is not supported with this model.");
        let body = json!({"response_format": {"type": "json_object"}});
        assert_eq!(adjustment(body, &format), Some(Adjustment::JsonObjectAsSchema));
        let messages = json!({"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]});
        let instructions = error(Some("instructions"), "Unsupported parameter: 'instructions' is not supported.");
        assert_eq!(adjustment(messages.clone(), &instructions), Some(Adjustment::InstructionsToUser));
        // An item's index is not a message's index.
        let role = error(Some("input[1].role"), "'input[1].role' does not support 'system' with this model.");
        let developer = Adjustment::Role { from: "system", to: "developer" };
        assert_eq!(adjustment(messages, &role), Some(developer));
    }

    #[test]
    fn does_not_rename_the_token_limit() {
        let limit = error(Some("max_output_tokens"), "Unsupported parameter: 'max_output_tokens' is not supported.");
        assert_eq!(adjustment(json!({"messages": [], "max_completion_tokens": 5}), &limit), None);
    }

    #[test]
    fn keeps_words_that_only_resemble_a_name() {
        for message in ["Your input is too long", "Supported values are: 'input_text'", "context.formatter", "'inputs'"]
        {
            assert_eq!(in_chats_words(&error(Some("inputs"), message)), error(Some("inputs"), message));
        }
        let both = in_chats_words(&error(None, "Use `text.format.schema`, not 'input'."));
        assert_eq!(both.message, "Use `response_format.schema`, not 'messages'.");
    }
}
