//! Errors about a request of the Responses API, in the words of the Chat body behind it.

use crate::error::ApiError;

/// Parameters of the Responses API, and what they are in a Chat body. Not among them is `max_output_tokens`: the two
/// names of Chat's limit are one here, so that to rename it does not help.
const NAMES: [(&str, &str); 4] = [
    ("reasoning.effort", "reasoning_effort"),
    ("text.verbosity", "verbosity"),
    ("text.format", "response_format"),
    ("input", "messages"),
];
/// How templates of models reject instructions.
const NO_INSTRUCTIONS: &str = "Only user and assistant roles are supported.";

/// The error as Chat would word it, for the rules that change a Chat body. The error that is shown stays the API's
/// own.
#[must_use]
pub fn in_chats_words(error: &ApiError) -> ApiError {
    let mut error = error.clone();
    match error.param.as_deref() {
        // The roles that instruct the model are one parameter here.
        Some("instructions") => {
            return ApiError { param: None, message: NO_INSTRUCTIONS.to_owned(), ..error };
        }
        // It is asked for by `logprobs` alone.
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

/// The text with the other name. A word of a sentence, such as input, is a name only in quotation marks.
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

/// The rest of a name without the index of an item: a message may be several items, or none.
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
    fn a_rejected_parameter_is_adjusted_under_its_name_in_chat() {
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
    fn a_rejected_format_or_role_is_sent_in_another_way() {
        let format =
            error(Some("text.format"), "'text.format' of type 'json_object' is not supported with this model.");
        let body = json!({"response_format": {"type": "json_object"}});
        assert_eq!(adjustment(body, &format), Some(Adjustment::JsonObjectAsSchema));
        let messages = json!({"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]});
        let instructions = error(Some("instructions"), "Unsupported parameter: 'instructions' is not supported.");
        assert_eq!(adjustment(messages.clone(), &instructions), Some(Adjustment::InstructionsToUser));
        // The index of an item is not that of a message.
        let role = error(Some("input[1].role"), "'input[1].role' does not support 'system' with this model.");
        let developer = Adjustment::Role { from: "system", to: "developer" };
        assert_eq!(adjustment(messages, &role), Some(developer));
    }

    #[test]
    fn the_token_limit_is_not_renamed_in_vain() {
        let limit = error(Some("max_output_tokens"), "Unsupported parameter: 'max_output_tokens' is not supported.");
        assert_eq!(adjustment(json!({"messages": [], "max_completion_tokens": 5}), &limit), None);
    }

    #[test]
    fn words_that_only_look_like_a_name_stay() {
        for message in ["Your input is too long", "Supported values are: 'input_text'", "context.formatter", "'inputs'"]
        {
            assert_eq!(in_chats_words(&error(Some("inputs"), message)), error(Some("inputs"), message));
        }
        let both = in_chats_words(&error(None, "Use `text.format.schema`, not 'input'."));
        assert_eq!(both.message, "Use `response_format.schema`, not 'messages'.");
    }
}
