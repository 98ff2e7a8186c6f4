//! What an app builder can do about an error of the API.

use std::time::Duration;

use crate::error::{
    ApiError, ErrorText,
    access_hints::access_hint,
    cause::ApiCause,
    error_text,
    hints::{Endpoint, EndpointChoice, HintContext, START_AGAIN, Streaming, check_address},
    less::{any_of, shorter, smaller_body, sooner},
    recording_hints::recording_hint,
    rejected_field::field_of,
    seconds,
    work::Work,
};

/// Messages about an unsupported parameter.
const UNKNOWN: [&str; 6] = ["unknown", "unrecognized", "unsupported", "unexpected", "not support", "not permitted"];
const ANOTHER_MODEL: &str = "Choose another model.";
const OF_LIST_MODELS: &str = "a model that List models shows for this API key";

/// Tells what to do about `error`; `None` if its own message says it all.
pub(super) fn api_hint(error: &ApiError, context: &HintContext) -> Option<ErrorText> {
    if context.endpoint == Some(Endpoint::Transcriptions)
        && let Some(hint) = recording_hint(error)
    {
        return Some(hint.into());
    }
    let (cause, work) = (ApiCause::of(error), Work::of(context));
    if let Some(hint) = access_hint(cause, error, context) {
        return Some(hint);
    }
    Some(match cause {
        ApiCause::RateLimit | ApiCause::GatewayTimeout | ApiCause::Overloaded | ApiCause::ServerError
            if context.is_of_batch_row() =>
        {
            error_text![START_AGAIN, "."]
        }
        ApiCause::NoSuchRoute | ApiCause::Other | ApiCause::Parameter if error.html => web_page(error, context),
        ApiCause::RateLimit => error_text!["Wait", for_a_while(error.retry_after), then(work)],
        ApiCause::TooLarge if work.has_no_body() => {
            "The server, or a proxy in front of it, limits the size of requests. Shorten Headers in the data source, or \
             raise the limit there."
                .into()
        }
        ApiCause::TooLarge if error.status == 413 && !error.message.contains("token") => body_too_large(context),
        ApiCause::TooLarge => error_text!["Retrying does not help. ", shorter(context, None)],
        ApiCause::ContextLength => shorter(context, Some("choose a model with a larger context window")),
        ApiCause::ModelNotFound => model_not_found(error, context),
        ApiCause::ModelOfResponses if is_chat_completions_only(context) => "Set API to Auto or Responses.".into(),
        ApiCause::ModelOfOtherEndpoint | ApiCause::ModelOfResponses => other_endpoint(context),
        ApiCause::ToolsOfResponses if is_chat_completions_only(context) => {
            "Set API to Auto or Responses, or Reasoning effort to None.".into()
        }
        ApiCause::ToolsOfResponses if work.is_chat() => "Set Reasoning effort to None, or choose another model.".into(),
        ApiCause::ToolsOfResponses => ANOTHER_MODEL.into(),
        ApiCause::NoSuchRoute => no_such_route(error, context),
        ApiCause::ContentFilter => "Rephrase the prompt.".into(),
        ApiCause::ImageInput if work.is_chat() => {
            "Clear Images and files, or choose a model that accepts images.".into()
        }
        ApiCause::ResponseFormat if work.is_chat() => response_format(error, context),
        ApiCause::Parameter | ApiCause::Other if is_about_moderation(error, context) => {
            "The server or the model does not support this check. Set Moderation to Off and use the Moderate operation, \
             with another data source if necessary."
                .into()
        }
        ApiCause::Parameter | ApiCause::ImageInput | ApiCause::ResponseFormat => match field_of(error, context) {
            Some(field) => error_text!["Change or clear ", field, ", or choose another model."],
            None if work == Work::Decision => ANOTHER_MODEL.into(),
            None => return None,
        },
        ApiCause::GatewayTimeout if work == Work::ConnectionTest || work == Work::Models => {
            "Check that the server behind the gateway is running, or raise the gateway's time limit.".into()
        }
        ApiCause::GatewayTimeout => gateway_timeout(context),
        ApiCause::OutOfMemory => "Choose a smaller model, or give the server that runs it more memory.".into(),
        ApiCause::Overloaded => error_text!["Wait", for_a_while(error.retry_after), " and try again."],
        ApiCause::ServerError => error_text![
            "Try again",
            error.retry_after.map_or_else(|| " later".into(), |wait| error_text![" in ", in_words(wait)]),
            ". If it keeps happening, check the status of the API and any proxy in front of it."
        ],
        ApiCause::Other if error.message.contains("must contain the word 'json'") && !work.has_no_body() => {
            word_json(work)
        }
        ApiCause::Other if error.status == 403 => {
            "Check what the API key, its organization and its project are allowed \
                                                   to do."
                .into()
        }
        ApiCause::Other if work.is_completion() && error.message.to_ascii_lowercase().contains("suffix") => {
            "Clear Suffix, or set Engine to Chat only, which asks the model to lead up to it.".into()
        }
        // Of access, or without advice.
        _ => return None,
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
    Work::of(context).is_chat() && is_about_it
}

/// What to do after waiting for the end of a rate limit.
fn then(work: Work) -> &'static str {
    match work {
        Work::ConnectionTest => " and test again.",
        work if work.has_no_body() => " before running the query again, or raise the rate limits of the account.",
        _ => " before running the query again, send less, or raise the rate limits of the account.",
    }
}

/// What to do if the API wants to read of JSON before it writes any.
fn word_json(work: Work) -> ErrorText {
    match work {
        Work::Decision => ANOTHER_MODEL.into(),
        work if work.is_chat() => error_text!["Write the word JSON in ", work.prompt(), " or System prompt."],
        work => error_text!["Write the word JSON in ", work.prompt(), "."],
    }
}

fn body_too_large(context: &HintContext) -> ErrorText {
    error_text![
        "The server, or a proxy in front of it, limits the size of requests. Send less: ",
        smaller_body(context),
        ". Or raise the limit there (client_max_body_size in nginx)."
    ]
}

fn gateway_timeout(context: &HintContext) -> ErrorText {
    const WHAT: &str = "A gateway in front of the model stopped waiting for the answer. ";
    const RAISE: &str = "raise the gateway's time limit";
    if context.streaming == Streaming::Possible {
        let stream = "set Streaming to On in the data source to keep the connection busy";
        error_text![WHAT, any_of(&[stream, "ask for less", RAISE])]
    } else {
        error_text![WHAT, sooner(context, RAISE)]
    }
}

/// A connection test already says that it is a web page.
fn web_page(error: &ApiError, context: &HintContext) -> ErrorText {
    let is_known = Work::of(context) == Work::ConnectionTest;
    let what = match error.status {
        401 | 403 if is_known => "A proxy or firewall may require its own sign-in, or block the ToolJet server. ",
        401 | 403 => {
            "A web page was returned instead of the API's response: a proxy or firewall may require its own sign-in, or \
             block the ToolJet server. "
        }
        _ if is_known => "It may be the sign-in page of a network. ",
        _ => "The response is a web page, perhaps the sign-in page of a network. ",
    };
    error_text![what, check_address(context)]
}

fn no_such_route(error: &ApiError, context: &HintContext) -> ErrorText {
    let is_missing = matches!(error.status, 405 | 501);
    match context.endpoint {
        Some(Endpoint::Batches) if context.is_custom && !error.html => error_text![
            "The server may have no Batch API. Use Chat for a list or Generate embedding instead. ",
            check_address(context)
        ],
        _ if !context.is_custom || Work::of(context) == Work::ConnectionTest => check_address(context),
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
    let work = Work::of(context);
    match context.response_format.as_deref() {
        _ if message.contains("the word 'json'") => word_json(work),
        _ if is_about_schema => "Correct the JSON schema.".into(),
        Some("json_object") => error_text![
            "Set Response format to JSON with a schema, or to Text and ask for JSON in ",
            work.prompt(),
            "."
        ],
        Some("json_schema") => error_text![
            "Set Response format to JSON and describe the members in ",
            work.prompt(),
            ", or choose another model."
        ],
        _ => "Set Response format to Text, or choose another model.".into(),
    }
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
        let operation = match endpoint {
            Endpoint::Completions => "completion",
            Endpoint::Images => "image_generation",
            _ => "chat",
        };
        HintContext { operation: Some(operation), endpoint: Some(endpoint), is_custom: true, ..HintContext::default() }
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
            |streaming| hint(&error(524, "A timeout occurred"), &HintContext { streaming, ..at(Endpoint::Chat) });
        assert!(slow(Streaming::Possible).contains("Set Streaming to On"));
        assert!(!slow(Streaming::Used).contains("Streaming") && !slow(Streaming::Never).contains("Streaming"));
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
            let completions =
                HintContext { operation: Some("completion"), endpoint_choice: choice, ..at(Endpoint::Chat) };
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
    fn names_a_page_that_asks_to_sign_in() {
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
}
