//! The form field behind a parameter that the API rejects.

use crate::{
    budgets::MAX_WORD_CHARS,
    error::{
        ApiError, ErrorText,
        cause::is_about_an_image,
        field_label,
        hints::{Endpoint, HintContext},
        labels::own_label,
        work::Work,
    },
};

/// Label of the form field that sets the rejected parameter, or the parameter itself if it came from Extra body; `None`
/// if no field sets it.
pub(super) fn field_of(error: &ApiError, context: &HintContext) -> Option<ErrorText> {
    let work = Work::of(context);
    if work.is_chat() && is_about_an_image(error) {
        return Some("Images and files".into());
    }
    let param = error.param.as_deref()?;
    let name = param.split(['.', '[']).next().unwrap_or_default();
    let says = |words: &str| error.message.to_ascii_lowercase().contains(words);
    let label = |key: &str| match context.form() {
        Some(form) => own_label(key, form),
        None => field_label(key, None),
    };
    let is_through_chat = work == Work::Decision && context.endpoint != Some(Endpoint::Other);
    let key = match name {
        // Set by the plugin, not by a field.
        "store" | "include" => return None,
        "input" if work.is_chat() && says("file type") => "images",
        name if work.has_no_body() => name,
        "input" if is_through_chat || context.endpoint == Some(Endpoint::Responses) => {
            return Some(work.messages().into());
        }
        "messages" => return Some(work.messages().into()),
        "model" => return Some("Model".into()),
        // Everything else that Decide sends to a chat is its own.
        "instructions" if is_through_chat => "question",
        _ if is_through_chat => return None,
        "prompt" => return Some(work.prompt().into()),
        "url" | "file_url" => "images",
        "tools" if says("web_search") => "web_search",
        "instructions" => "system_prompt",
        // For the Responses API, such as `reasoning.summary`.
        "reasoning" if label(&param.replace('.', "_")).is_some() => &param.replace('.', "_"),
        "reasoning" => "reasoning_effort",
        "text" if param.starts_with("text.verbosity") => "verbosity",
        "response_format" | "text" if work.is_chat() => return Some("Response format or JSON schema".into()),
        "max_completion_tokens" | "max_output_tokens" => "max_tokens",
        "stop" => "stop_sequence",
        "top_logprobs" => "logprobs",
        "n" if work == Work::Images => "image_count",
        "moderation" if work == Work::Images => "image_moderation",
        "language" => "languages",
        name => name,
    };
    Some(label(key).map_or_else(|| ErrorText::foreign(param).truncated(MAX_WORD_CHARS), ErrorText::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(operation: &'static str, endpoint: Endpoint, param: &str) -> Option<String> {
        let error = ApiError { status: 400, param: Some(param.to_owned()), ..ApiError::default() };
        let context = HintContext { operation: Some(operation), endpoint: Some(endpoint), ..HintContext::default() };
        field_of(&error, &context).map(|field| field.to_string())
    }

    #[test]
    fn names_the_field_that_the_form_has_for_a_parameter() {
        let list = "Prompts or Message history";
        for (operation, endpoint, param, expected) in [
            ("chat_list", Endpoint::Chat, "messages", Some(list)),
            ("chat_list", Endpoint::Responses, "input", Some(list)),
            ("batch_result", Endpoint::Chat, "messages", Some(list)),
            ("batch_start", Endpoint::Batches, "messages", Some(list)),
            ("completion_list", Endpoint::Completions, "prompt", Some("Prompts")),
            ("completion", Endpoint::Chat, "messages", Some("Prompt")),
            ("completion", Endpoint::Chat, "response_format", Some("response_format")),
            ("image_generation", Endpoint::Images, "model", Some("Model")),
            ("image_generation", Endpoint::Images, "moderation", Some("Moderation")),
            ("image_generation", Endpoint::Images, "max_tokens", Some("max_tokens")),
            ("decision", Endpoint::Other, "questions[0].choices", Some("Questions")),
            ("decision", Endpoint::Other, "input", Some("Input")),
            ("decision", Endpoint::Chat, "messages", Some("Input or Question")),
            ("decision", Endpoint::Responses, "input", Some("Input or Question")),
            ("decision", Endpoint::Responses, "instructions", Some("Question")),
            ("decision", Endpoint::Chat, "response_format", None),
            ("list_models", Endpoint::Models, "prompt", Some("prompt")),
            ("chat", Endpoint::Responses, "store", None),
        ] {
            assert_eq!(field(operation, endpoint, param).as_deref(), expected, "{operation} {param}");
        }
    }

    #[test]
    fn hints_call_fields_by_their_labels() {
        for (param, label) in [
            ("max_completion_tokens", "Max tokens"),
            ("stop", "Stop sequence"),
            ("reasoning_effort", "Reasoning effort"),
            ("reasoning.effort", "Reasoning effort"),
            ("reasoning.summary", "Reasoning summary"),
            ("reasoning.mode", "Reasoning mode"),
            ("reasoning", "Reasoning effort"),
            ("messages.[1].content", "Prompt or Message history"),
            ("response_format", "Response format or JSON schema"),
            ("logit_bias", "logit_bias"),
        ] {
            assert_eq!(field("chat", Endpoint::Chat, param).as_deref(), Some(label));
        }
        // Hints contain these labels literally.
        for (key, label) in [
            ("apiKey", "API key"),
            ("organizationId", "Organization ID"),
            ("project_id", "Project ID"),
            ("base_url", "Base URL"),
            ("timeout_seconds", "Timeout (seconds)"),
            ("prompt", "Prompt"),
            ("system_prompt", "System prompt"),
            ("message_history", "Message history"),
            ("images", "Images and files"),
            ("max_tokens", "Max tokens"),
            ("n", "Number of results"),
            ("image_count", "Number of images"),
            ("input", "Input"),
            ("reasoning_effort", "Reasoning effort"),
            ("response_format", "Response format"),
            ("json_schema", "JSON schema"),
            ("suffix", "Suffix"),
            ("engine", "Engine"),
            ("filter", "Filter"),
        ] {
            assert_eq!(field_label(key, None), Some(label));
        }
    }
}
