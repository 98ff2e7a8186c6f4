//! What an app builder can do about an error of the API.

use std::time::Duration;

use crate::{
    budgets::MAX_WORD_CHARS,
    error::{
        ApiError, ErrorText,
        cause::{ApiCause, is_about_an_image},
        error_text, field_label,
        hints::{Endpoint, EndpointChoice, HintContext, check_address},
        less::{any_of, shorter, smaller_body, sooner},
        recording_hints::recording_hint,
        seconds,
    },
};

/// Messages about a missing key.
const KEY_MISSING: [&str; 9] = [
    "didn't provide an api key",
    "did not provide an api key",
    "missing subscription key",
    "missing api key",
    "missing bearer",
    "missing authentication",
    "no api key",
    "no auth credentials",
    "api key is missing",
];
/// Messages about an unsupported parameter.
const UNKNOWN: [&str; 6] = ["unknown", "unrecognized", "unsupported", "unexpected", "not support", "not permitted"];
const OF_LIST_MODELS: &str = "a model that List models shows for this API key";

/// Tells what to do about `error`; `None` if its own message says it all.
pub(super) fn api_hint(error: &ApiError, context: &HintContext) -> Option<ErrorText> {
    if context.endpoint == Some(Endpoint::Transcriptions)
        && let Some(hint) = recording_hint(error)
    {
        return Some(hint.into());
    }
    Some(match ApiCause::of(error) {
        ApiCause::NoSuchRoute | ApiCause::Other | ApiCause::Parameter if error.html => web_page(error, context),
        ApiCause::InvalidKey if is_key_missing(error) => {
            "The plugin sent the API key, but it did not arrive. If the server expects it in another header, add that \
             under Headers in the data source; otherwise check any proxy in between, which may remove it."
                .into()
        }
        ApiCause::InvalidKey => {
            "Check the API key in the data source: it may be mistyped, revoked, or meant for another \
                                 Base URL."
                .into()
        }
        ApiCause::MissingScope if context.endpoint == Some(Endpoint::Models) => {
            "The API key is valid but restricted. Allow it to list models in the dashboard, or use another key.".into()
        }
        ApiCause::MissingScope => {
            "The API key is valid but restricted. Give it the missing permission in the dashboard \
                                   (for queries: Model capabilities, Request), or use another key."
                .into()
        }
        ApiCause::AccountDeactivated => "Enter the API key of another account in the data source, or ask the \
                                         provider to reactivate this one."
            .into(),
        ApiCause::ForbiddenIp => {
            "Add the public IP address of the ToolJet server to the IP allowlist of the API key, its \
                                  project or its organization."
                .into()
        }
        ApiCause::OrganizationUnverified => unverified(error, context),
        ApiCause::Organization => {
            "Check the Organization ID in the data source: it must start with org- and belong to \
                                   the API key. Most keys need none, so you can usually clear the field."
                .into()
        }
        ApiCause::Project => "Check the Project ID in the data source: it must start with proj_ and belong to the API \
                              key. Most keys need none, so you can usually clear the field."
            .into(),
        ApiCause::Country => {
            "What counts is the country of the ToolJet server, not of its users. Send the requests through a \
                              proxy or a gateway in a supported country."
                .into()
        }
        ApiCause::Billing => "The API key works. Add credit or raise the spend limit in the billing settings of the \
                              account; retrying does not help."
            .into(),
        ApiCause::RateLimit => error_text![
            "Wait",
            for_a_while(error.retry_after),
            " before running the query again, send less, or raise the rate limits of the account."
        ],
        ApiCause::TooLarge if error.status == 413 && !error.message.contains("token") => body_too_large(context),
        ApiCause::TooLarge => error_text!["Retrying does not help. ", shorter(context, None)],
        ApiCause::ContextLength => shorter(context, Some("choose a model with a larger context window")),
        ApiCause::ModelNotFound => model_not_found(error, context),
        ApiCause::ModelOfResponses if is_chat_completions_only(context) => "Set API to Auto or Responses.".into(),
        ApiCause::ModelOfOtherEndpoint | ApiCause::ModelOfResponses => other_endpoint(context),
        ApiCause::ToolsOfResponses if is_chat_completions_only(context) => {
            "Set API to Auto or Responses, or Reasoning effort to None.".into()
        }
        ApiCause::ToolsOfResponses => "Set Reasoning effort to None, or choose another model.".into(),
        ApiCause::NoSuchRoute => no_such_route(error, context),
        ApiCause::ContentFilter => "Rephrase the prompt.".into(),
        ApiCause::ImageInput if is_text_endpoint(context) => {
            "Clear Images and files, or choose a model that accepts images.".into()
        }
        ApiCause::ResponseFormat if is_text_endpoint(context) => response_format(error, context),
        ApiCause::Parameter | ApiCause::Other if is_about_moderation(error, context) => {
            "The server or the model does not support this check. Set Moderation to Off and use the Moderate operation, \
             with another data source if necessary."
                .into()
        }
        ApiCause::Parameter | ApiCause::ImageInput | ApiCause::ResponseFormat => {
            error_text!["Change or clear ", field_of(error, context)?, ", or choose another model."]
        }
        ApiCause::GatewayTimeout => gateway_timeout(context),
        ApiCause::OutOfMemory => "Choose a smaller model, or give the server that runs it more memory.".into(),
        ApiCause::Overloaded => error_text!["Wait", for_a_while(error.retry_after), " and try again."],
        ApiCause::ServerError => error_text![
            "Try again",
            error.retry_after.map_or_else(|| " later".into(), |wait| error_text![" in ", in_words(wait)]),
            ". If it keeps happening, check the status of the API and any proxy in front of it."
        ],
        ApiCause::Other if error.message.contains("must contain the word 'json'") => {
            "Write the word JSON in Prompt or System prompt.".into()
        }
        ApiCause::Other if error.status == 403 => {
            "Check what the API key, its organization and its project are allowed \
                                                   to do."
                .into()
        }
        ApiCause::Other if error.message.to_ascii_lowercase().contains("suffix") => {
            "Clear Suffix, or set Engine to Chat only, which asks the model to lead up to it.".into()
        }
        ApiCause::Other => return None,
    })
}

/// ` 4 s`, or ` a moment` if the API states no delay.
fn for_a_while(wait: Option<Duration>) -> ErrorText {
    wait.map_or_else(|| " a moment".into(), |wait| error_text![" ", in_words(wait)])
}

/// Readable delays, rounded up: `4 s`, `10 min`, `24 h`.
fn in_words(delay: Duration) -> ErrorText {
    let minutes = delay.as_secs_f64() / 60.0;
    ErrorText::own(if minutes <= 2.0 {
        seconds(delay)
    } else if minutes <= 120.0 {
        format!("{:.0} min", minutes.ceil())
    } else {
        format!("{:.0} h", (minutes / 60.0).ceil())
    })
}

/// Whether the server received no key, as opposed to a wrong one.
pub(super) fn is_key_missing(error: &ApiError) -> bool {
    let message = error.message.to_ascii_lowercase();
    KEY_MISSING.iter().any(|words| message.contains(words))
}

fn is_text_endpoint(context: &HintContext) -> bool {
    matches!(context.endpoint, None | Some(Endpoint::Completions | Endpoint::Chat | Endpoint::Responses))
}

/// Whether the server rejects Chat's Moderation. Not every server names the parameter.
fn is_about_moderation(error: &ApiError, context: &HintContext) -> bool {
    let names_it =
        |text: &str| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == "moderation");
    let is_unknown = || {
        let message = error.message.to_ascii_lowercase();
        UNKNOWN.iter().any(|words| message.contains(words))
    };
    let is_about_it = match &error.param {
        Some(param) => names_it(param),
        None => names_it(&error.message) && is_unknown(),
    };
    is_text_endpoint(context) && !context.is_completions() && is_about_it
}

fn body_too_large(context: &HintContext) -> ErrorText {
    error_text![
        "The server, or a proxy in front of it, limits the size of requests. Send less: ",
        smaller_body(context),
        ". Or raise the limit there (client_max_body_size in nginx)."
    ]
}

fn unverified(error: &ApiError, context: &HintContext) -> ErrorText {
    const VERIFY: &str = "Verify the organization at https://platform.openai.com/settings/organization/general (this can take up \
                          to 15 minutes), ";
    if context.is_streamed || error.message.contains("to stream") {
        error_text![VERIFY, "or set Streaming to Off in the data source."]
    } else {
        error_text![VERIFY, "or choose a model that does not require it."]
    }
}

fn gateway_timeout(context: &HintContext) -> ErrorText {
    const WHAT: &str = "A gateway in front of the model stopped waiting for the answer. ";
    const RAISE: &str = "raise the gateway's time limit";
    if is_text_endpoint(context) && !context.is_streamed {
        let stream = "set Streaming to On in the data source to keep the connection busy";
        error_text![WHAT, any_of(&[stream, "ask for less", RAISE])]
    } else {
        error_text![WHAT, sooner(context, RAISE)]
    }
}

fn web_page(error: &ApiError, context: &HintContext) -> ErrorText {
    match error.status {
        401 | 403 => error_text![
            "A web page was returned instead of the API's response: a proxy or firewall may require its own sign-in, or block \
             the ToolJet server. ",
            check_address(context)
        ],
        _ => error_text!["The response is a web page, perhaps the sign-in page of a network. ", check_address(context)],
    }
}

fn no_such_route(error: &ApiError, context: &HintContext) -> ErrorText {
    let is_missing = matches!(error.status, 405 | 501);
    match context.endpoint {
        Some(Endpoint::Batches) if context.is_custom && !error.html => error_text![
            "The server may have no Batch API. Use Chat for a list or Generate embedding instead. ",
            check_address(context)
        ],
        _ if !context.is_custom => check_address(context),
        Some(Endpoint::Completions) if !context.is_engine_auto() && error.is_json => {
            error_text!["If the server has no Completions, set Engine to Auto or Chat only. ", check_address(context)]
        }
        Some(Endpoint::Responses) if matches!(context.endpoint_choice, EndpointChoice::Api { .. }) => error_text![
            "The server may not have the Responses API. Set API to Chat Completions, and turn off what only the \
             Responses API does. ",
            check_address(context)
        ],
        _ if is_missing => error_text!["The server does not offer this operation. ", check_address(context)],
        Some(_) if error.is_json && !error.message.contains("Invalid URL") => {
            error_text!["The server may not offer this operation. ", check_address(context)]
        }
        _ => check_address(context),
    }
}

/// What to choose instead of a rejected response format.
fn response_format(error: &ApiError, context: &HintContext) -> ErrorText {
    let message = error.message.to_ascii_lowercase();
    let is_about_schema = error.code.as_deref() == Some("invalid_json_schema") || message.contains("invalid schema");
    match context.response_format.as_deref() {
        _ if message.contains("the word 'json'") => "Write the word JSON in Prompt or System prompt.".into(),
        _ if is_about_schema => "Correct the JSON schema.".into(),
        Some("json_object") => {
            "Set Response format to JSON with a schema, or to Text and ask for JSON in Prompt.".into()
        }
        Some("json_schema") => {
            "Set Response format to JSON and describe the members in Prompt, or choose another model.".into()
        }
        _ => "Set Response format to Text, or choose another model.".into(),
    }
}

/// Label of the form field that sets the rejected parameter; `None` if unknown.
fn field_of(error: &ApiError, context: &HintContext) -> Option<ErrorText> {
    if is_text_endpoint(context) && is_about_an_image(error) {
        return Some("Images and files".into());
    }
    let param = error.param.as_deref()?;
    let name = param.split(['.', '[']).next().unwrap_or_default();
    let says = |words: &str| error.message.to_ascii_lowercase().contains(words);
    let label = |key: &str| field_label(key, context.operation);
    Some(match name {
        // Set by the plugin, not by a field.
        "store" | "include" => return None,
        "url" | "file_url" => "Images and files".into(),
        "input" if says("file type") => "Images and files".into(),
        "tools" if says("web_search") => label("web_search")?.into(),
        "messages" if context.is_completions() => "Prompt".into(),
        "messages" => "Prompt or Message history".into(),
        "input" if context.endpoint == Some(Endpoint::Responses) => "Prompt or Message history".into(),
        "instructions" => "System prompt".into(),
        // For the Responses API, such as `reasoning.summary`.
        "reasoning" => label(&param.replace('.', "_")).or_else(|| label("reasoning_effort"))?.into(),
        "text" if param.starts_with("text.verbosity") => label("verbosity")?.into(),
        "response_format" | "text" => "Response format or JSON schema".into(),
        "max_completion_tokens" | "max_output_tokens" => "Max tokens".into(),
        "stop" => "Stop sequence".into(),
        "top_logprobs" => "Log probabilities".into(),
        "n" if context.endpoint == Some(Endpoint::Images) => "Number of images".into(),
        "language" => label("languages")?.into(),
        _ => label(name).map_or_else(|| ErrorText::foreign(param).truncated(MAX_WORD_CHARS), ErrorText::from),
    })
}

fn model_not_found(error: &ApiError, context: &HintContext) -> ErrorText {
    let Some(model) = &context.model else {
        return error_text!["Check the name of the model, or choose ", OF_LIST_MODELS, "."];
    };
    if let Some(end) = &context.model_facts.end {
        let what = error_text!["OpenAI announced the shutdown of ", model, " for ", end.date];
        // The foreign name of the model that was shut down may precede it.
        let Some(replacement) = &end.replacement else {
            return error_text![what, ". Instead, choose ", OF_LIST_MODELS, "."];
        };
        return match context.endpoint {
            Some(Endpoint::Completions) if !context.is_engine_auto() => {
                error_text![what, ". Use ", replacement, " with Engine set to Auto or Chat only."]
            }
            // The query may have the model under an old key, which the form does not show.
            Some(Endpoint::Embeddings | Endpoint::Images | Endpoint::Transcriptions | Endpoint::Other) => {
                error_text![what, ". Enter ", replacement, " in Model."]
            }
            _ => error_text![what, ". Use ", replacement, "."],
        };
    }
    if error.status == 403 {
        return error_text!["Ask for access to ", model, ", or choose ", OF_LIST_MODELS, "."];
    }
    error_text!["Check the model name ", model, ", or choose ", OF_LIST_MODELS, "."]
}

/// Whether the form rules out the Responses API.
fn is_chat_completions_only(context: &HintContext) -> bool {
    let is_fixed = context.endpoint_choice == EndpointChoice::Api { is_auto: false };
    is_fixed && context.endpoint == Some(Endpoint::Chat)
}

/// For errors that say that the model belongs to another endpoint.
fn other_endpoint(context: &HintContext) -> ErrorText {
    match context.endpoint {
        Some(Endpoint::Completions) if !context.is_engine_auto() => {
            "Set Engine to Auto or Chat only, or use the Chat operation.".into()
        }
        Some(Endpoint::Completions | Endpoint::Chat | Endpoint::Responses) => choose_a_chat_model(context),
        _ => "Choose a model that is made for this operation.".into(),
    }
}

fn choose_a_chat_model(context: &HintContext) -> ErrorText {
    match context.model_facts.chat_model {
        Some(model) => error_text!["Choose a chat model such as ", model, "."],
        None => "Choose another chat model.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::hints::{ModelEnd, ModelFacts};

    fn error(status: u16, message: &str) -> ApiError {
        ApiError { status, message: message.to_owned(), is_json: true, ..ApiError::default() }
    }

    fn at(endpoint: Endpoint) -> HintContext {
        HintContext { endpoint: Some(endpoint), is_custom: true, ..HintContext::default() }
    }

    fn hint(error: &ApiError, context: &HintContext) -> String {
        api_hint(error, context).map_or_else(String::new, |hint| hint.to_string())
    }

    #[test]
    fn names_date_and_replacement_of_a_model_that_was_shut_down() {
        let end = ModelEnd { date: "2026-10-23", replacement: Some("gpt-6.1-sol".to_owned()) };
        let model_facts = ModelFacts { end: Some(end), ..ModelFacts::default() };
        let mut context = HintContext { model: Some("o1".to_owned()), model_facts, ..HintContext::default() };
        let error = ApiError { code: Some("model_not_found".to_owned()), ..error(404, "deprecated") };
        assert_eq!(hint(&error, &context), "OpenAI announced the shutdown of o1 for 2026-10-23. Use gpt-6.1-sol.");
        context.model_facts.end.as_mut().unwrap().replacement = None;
        let list = " for 2026-10-23. Instead, choose a model that List models shows for this API key.";
        assert!(hint(&error, &context).ends_with(list));
    }

    #[test]
    fn recommends_neither_what_failed_nor_what_is_set() {
        let other_api = error(404, "This model is not supported in the v1/completions endpoint.");
        let with = |endpoint, engine, chat_model| {
            let model_facts = ModelFacts { chat_model, end: None };
            hint(&other_api, &HintContext { model_facts, endpoint_choice: engine, ..at(endpoint) })
        };
        let [auto, fixed] = [true, false].map(|is_auto| EndpointChoice::Engine { is_auto });
        let set_engine = "Set Engine to Auto or Chat only, or use the Chat operation.";
        assert_eq!(with(Endpoint::Completions, fixed, Some("gpt-x")), set_engine);
        assert_eq!(with(Endpoint::Completions, auto, Some("gpt-x")), "Choose a chat model such as gpt-x.");
        assert_eq!(with(Endpoint::Completions, auto, None), "Choose another chat model.");
        assert_eq!(with(Endpoint::Chat, EndpointChoice::None, None), "Choose another chat model.");
        let slow =
            |is_streamed| hint(&error(524, "A timeout occurred"), &HintContext { is_streamed, ..at(Endpoint::Chat) });
        assert!(slow(false).contains("Set Streaming to On") && !slow(true).contains("Streaming"));
        assert!(!hint(&error(524, "x"), &at(Endpoint::Images)).contains("Streaming"));
    }

    #[test]
    fn explains_that_the_server_has_no_moderation() {
        let words = "The server or the model does not support this check. Set Moderation to Off and use the \
                     Moderate operation, with another data source if necessary.";
        let named = |param: &str| ApiError { param: Some(param.to_owned()), ..error(400, "Unknown parameter") };
        for error in [
            named("moderation"),
            named("moderation.policy.input"),
            error(400, "Unrecognized request argument supplied: moderation"),
            error(422, "body.moderation: Extra inputs are not permitted"),
            error(400, "Unknown parameter: 'moderation'."),
        ] {
            for endpoint in [Endpoint::Chat, Endpoint::Responses] {
                assert_eq!(hint(&error, &at(endpoint)), words, "{error:?}");
            }
            assert_ne!(hint(&error, &at(Endpoint::Images)), words);
            let choice = EndpointChoice::Engine { is_auto: true };
            let completions = HintContext { endpoint_choice: choice, ..at(Endpoint::Chat) };
            assert_ne!(hint(&error, &completions), words);
        }
        for other in [named("moderation_level"), error(400, "Your text did not pass moderation")] {
            assert_ne!(hint(&other, &at(Endpoint::Chat)), words, "{other:?}");
        }
    }

    #[test]
    fn names_images_when_one_is_rejected() {
        for (status, param, message) in [
            (500, None, "image input is not supported - hint: you may need to provide the mmproj"),
            (404, None, "No endpoints found that support image input"),
            (400, Some("messages.[0].content.[1].image_url"), "Expected a base64-encoded data URL"),
            (400, Some("messages"), "Invalid image data."),
            (400, None, "Timeout while downloading the image_url"),
            (400, None, "Model 'k2' supports at most 1 image per prompt."),
        ] {
            let error = ApiError { param: param.map(str::to_owned), ..error(status, message) };
            let hint = hint(&error, &at(Endpoint::Chat));
            assert!(hint.contains("Images and files") && !hint.contains("Prompt"), "{message}: {hint}");
        }
    }

    #[test]
    fn recommends_a_response_format_other_than_the_rejected_one() {
        let rejected = error(400, "'response_format.type' must be 'json_schema' or 'text'");
        let sent = |format: &str| {
            hint(&rejected, &HintContext { response_format: Some(format.to_owned()), ..at(Endpoint::Chat) })
        };
        assert!(sent("json_object").starts_with("Set Response format to JSON with a schema, or to Text"));
        assert!(sent("json_schema").starts_with("Set Response format to JSON and"));
        assert_eq!(
            hint(&error(400, "Invalid schema for response_format 'x'"), &at(Endpoint::Chat)),
            "Correct the JSON schema."
        );
    }

    #[test]
    fn tells_what_a_restricted_account_or_key_needs() {
        for (status, message, start) in [
            (403, "Your organization must be verified to use the model `m`.", "Verify the organization at"),
            (
                401,
                "The account associated with this API key has been deactivated.",
                "Enter the API key of another account",
            ),
            (401, "Your IP address is not authorized", "Add the public IP address of the ToolJet server"),
            (400, "API key not valid", "Check the API key"),
            (401, "You didn't provide an API key.", "The plugin sent the API key, but it did not arrive."),
            (401, "Access denied due to missing subscription key.", "The plugin sent the API key,"),
            (429, "Your account is not active, please check your billing details.", "The API key works. Add credit"),
        ] {
            let hint = hint(&error(status, message), &at(Endpoint::Chat));
            assert!(hint.starts_with(start) && !hint.contains("Organization ID"), "{hint}");
        }
        let page = ApiError { html: true, is_json: false, ..error(401, "Sign in") };
        assert!(hint(&page, &at(Endpoint::Chat)).starts_with("A web page was returned"));
    }

    #[test]
    fn suggests_that_the_server_lacks_the_operation() {
        let missing = |status, endpoint| hint(&error(status, "Not Found"), &at(endpoint));
        assert!(
            missing(404, Endpoint::Images).starts_with("The server may not offer this operation. Check the Base URL")
        );
        assert!(missing(501, Endpoint::Images).starts_with("The server does not offer this operation."));
        assert!(missing(404, Endpoint::Completions).contains("set Engine to Auto"));
    }

    #[test]
    fn states_long_delays_in_minutes_and_hours() {
        let words = |seconds| in_words(Duration::from_secs_f64(seconds)).to_string();
        assert_eq!([0.35, 61.0, 578.0, 86_400.0].map(words), ["350 ms", "61 s", "10 min", "24 h"]);
    }

    #[test]
    fn hints_call_fields_by_their_labels() {
        for (param, field) in [
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
            let error = ApiError { param: Some(param.to_owned()), ..error(400, "x") };
            assert_eq!(field_of(&error, &HintContext::default()).unwrap().to_string(), field);
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
