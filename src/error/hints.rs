//! What the builder of an app can do about a failure.

use std::time::Duration;

use crate::budgets::MAX_WORD_CHARS;
use crate::error::{
    ApiError, BodyKind, Error, ErrorText, NoAnswerReason, TransportErrorKind, cause::ApiCause, error_text, field_label,
    seconds,
};

/// Longest reason of a failed connection test, in characters.
const MAX_REASON_CHARS: usize = 100;
const WEB_PAGE: &str = "a web page in place of the API";
const OTHER_API: &str = "not an OpenAI-compatible API";

/// Where and about what a query failed; what hints refer to.
#[derive(Clone, Debug, Default)]
pub struct HintContext {
    /// Host and port of the API.
    pub host: ErrorText,
    /// The base URL, without its query.
    pub base_url: ErrorText,
    /// Whether the base URL was typed into the data source.
    pub is_custom: bool,
    /// The model that was asked.
    pub model: Option<String>,
    /// What the table of models knows about it.
    pub model_facts: ModelFacts,
    /// The endpoint that was asked.
    pub endpoint: Option<Endpoint>,
    /// Whether Engine is set to Auto, and has asked a chat model in vain as well.
    pub has_fallen_back: bool,
}

/// What hints need to know of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/completions`.
    Completions,
    /// `/chat/completions`.
    Chat,
    /// `/models`, which the connection test asks too.
    Models,
    /// Any other.
    Other,
}

/// What is known about a model beside what the API says. Nothing in it recommends a model that has just failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// Its end, if that has come.
    pub end: Option<ModelEnd>,
    /// A chat model that can be recommended instead.
    pub chat_model: Option<&'static str>,
}

/// The end of a model, and what to use in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEnd {
    /// The first day without it, `YYYY-MM-DD`.
    pub date: &'static str,
    /// A current model for the same work.
    pub replacement: Option<String>,
}

/// What to do about `error`; `None` where its own words say it all.
#[must_use]
pub fn hint(error: &Error, context: &HintContext) -> Option<ErrorText> {
    match error {
        Error::Api(error) => api_hint(error, context),
        Error::Timeout { .. } if context.endpoint == Some(Endpoint::Models) => Some(error_text![
            context.host.clone(),
            " did not respond. Check the Base URL's host and port, and any firewall or proxy in between."
        ]),
        Error::Timeout { .. } => Some(
            "Ask for less, for example with a lower Max tokens, choose a faster model, or raise the query's own timeout \
             or the data source's Timeout (seconds)."
                .into(),
        ),
        Error::Transport(error) => transport_hint(error.kind, context),
        Error::Decode { body: BodyKind::EventStream, .. } => Some(
            "The server sent a stream without an answer in it. Try again, or look into the server's own log.".into(),
        ),
        Error::Decode { body: BodyKind::Html, .. } => {
            Some(error_text!["This may be the sign-in page of a network or a proxy. ", check_address(context)])
        }
        Error::Decode { .. } => {
            Some(error_text!["This does not look like an OpenAI-compatible API. ", check_address(context)])
        }
        Error::NoAnswer { code, .. } => Some(no_answer_hint(*code).into()),
        Error::Internal(_) => {
            Some("This is a bug in the plugin; ToolJet is not affected. Report it with this text.".into())
        }
        Error::InvalidOption { .. } | Error::UnknownOperation(_) => None,
    }
}

fn api_hint(error: &ApiError, context: &HintContext) -> Option<ErrorText> {
    let hint = match ApiCause::of(error) {
        ApiCause::InvalidKey => "Check the API key in the data source: paste it again, and make sure that it was not \
                                 revoked and belongs to this Base URL."
            .into(),
        ApiCause::MissingScope => "The API key is genuine but restricted. Give it the missing permission in the \
                                   dashboard (for queries: Model capabilities, Request), or use another key."
            .into(),
        ApiCause::Organization => "Check the Organization ID in the data source: it must start with org- and belong to \
                                   the API key. Most keys need none, so you can usually clear the field."
            .into(),
        ApiCause::Project => "Check the Project ID in the data source: it must start with proj_ and belong to the API \
                              key. Most keys need none, so you can usually clear the field."
            .into(),
        ApiCause::Country => "The API goes by the country that the ToolJet server's requests come from. Use a server, a \
                              proxy or a gateway in a supported country."
            .into(),
        ApiCause::Billing => "The API key works. Add credit or raise the spend limit in the billing settings of the \
                              account; retrying does not help."
            .into(),
        ApiCause::RateLimit => error_text![
            "Wait",
            for_a_while(error.retry_after),
            " before you run the query again, send less, or raise the rate limits of the account."
        ],
        ApiCause::TooLarge => "Retrying does not help. Shorten Prompt or Message history, or lower Max tokens."
            .into(),
        ApiCause::ContextLength => "Shorten Prompt or Message history, lower Max tokens, or choose a model with a \
                                    larger context."
            .into(),
        ApiCause::ModelNotFound => model_not_found(error, context),
        ApiCause::ModelOfOtherEndpoint => other_endpoint(context),
        ApiCause::NoSuchRoute | ApiCause::Other if error.html => {
            error_text!["The response is a web page, perhaps the sign-in page of a network. ", check_address(context)]
        }
        ApiCause::NoSuchRoute => check_address(context),
        ApiCause::ContentFilter => "Rephrase the prompt.".into(),
        ApiCause::Parameter => {
            error_text![
                "Change or clear ",
                field_of(error.param.as_deref().unwrap_or_default()),
                ", or choose another model."
            ]
        }
        ApiCause::Overloaded => {
            error_text!["Wait", for_a_while(error.retry_after), " and try again."]
        }
        ApiCause::ServerError => "Try again later. If it keeps happening, check the status of the API and any proxy in \
                                  front of it."
            .into(),
        ApiCause::Other if error.status == 403 => {
            "The API understood the request and rejected it. Check the permissions of the API key, the organization and \
             the project."
                .into()
        }
        ApiCause::Other if error.message.to_ascii_lowercase().contains("suffix") => {
            "Clear Suffix, or set Engine to Chat only, which asks the model to lead up to it.".into()
        }
        ApiCause::Other => return None,
    };
    Some(hint)
}

/// ` 4 s`, as far as the API says it.
fn for_a_while(wait: Option<Duration>) -> ErrorText {
    wait.map_or_else(|| " a moment".into(), |wait| error_text![" ", ErrorText::own(seconds(wait))])
}

/// The form field that sets a request parameter, by its label.
fn field_of(param: &str) -> ErrorText {
    let name = param.split(['.', '[']).next().unwrap_or_default();
    let label = match name {
        "messages" => "Prompt or Message history",
        "response_format" => "Response format or JSON schema",
        "max_completion_tokens" => "Max tokens",
        "stop" => "Stop sequence",
        "top_logprobs" => "Log probabilities",
        _ => match field_label(name) {
            Some(label) => label,
            None => return ErrorText::from(param.to_owned()).truncated(MAX_WORD_CHARS),
        },
    };
    label.into()
}

fn model_not_found(error: &ApiError, context: &HintContext) -> ErrorText {
    const LIST: &str = "choose a model that List models shows for this API key";
    let Some(model) = &context.model else { return error_text!["Check the name of the model, or ", LIST, "."] };
    let facts = &context.model_facts;
    if let Some(end) = &facts.end {
        let what = error_text!["OpenAI announced the end of ", model, " for ", end.date];
        // The name of the model that has ended, which is foreign, may be in front of it.
        let Some(replacement) = &end.replacement else {
            return error_text![what, ". Instead, ", LIST, "."];
        };
        return match context.endpoint {
            Some(Endpoint::Completions) => {
                error_text![what, ". Use ", replacement, " with Engine set to Auto or Chat only."]
            }
            // The query may hold the model under an old key, which the form does not show.
            Some(Endpoint::Other) => error_text![what, ". Enter ", replacement, " in Model."],
            _ => error_text![what, ". Use ", replacement, "."],
        };
    }
    if error.status == 403 {
        return error_text!["Ask for access to ", model, ", or ", LIST, "."];
    }
    error_text!["Check the name ", model, ", or ", LIST, "."]
}

/// What to do where the API itself says that the model belongs to another endpoint.
fn other_endpoint(context: &HintContext) -> ErrorText {
    match context.endpoint {
        Some(Endpoint::Completions) if !context.has_fallen_back => {
            "Set Engine to Auto or Chat only, or use the Chat operation.".into()
        }
        Some(Endpoint::Completions | Endpoint::Chat) => choose_a_chat_model(context),
        _ => "Choose a model that is made for this operation.".into(),
    }
}

fn choose_a_chat_model(context: &HintContext) -> ErrorText {
    match context.model_facts.chat_model {
        Some(model) => error_text!["Choose a chat model such as ", model, "."],
        None => "Choose another chat model.".into(),
    }
}

fn check_address(context: &HintContext) -> ErrorText {
    let address = &context.base_url;
    if context.is_custom {
        error_text!["Check the Base URL (", address.clone(), "): it usually ends in /v1, and the plugin adds the rest."]
    } else {
        error_text![
            "The request went to ",
            address.clone(),
            "; check the network and proxy settings of the ToolJet server."
        ]
    }
}

fn transport_hint(kind: TransportErrorKind, context: &HintContext) -> Option<ErrorText> {
    let host = &context.host;
    Some(match kind {
        TransportErrorKind::Dns => error_text![
            "Check the host name ",
            host.clone(),
            " in the Base URL, and that the ToolJet server can resolve names, or set a proxy."
        ],
        TransportErrorKind::Refused => error_text![
            "Nothing listens at ",
            host.clone(),
            ". Check the Base URL's host and port, and that the server there is running."
        ],
        TransportErrorKind::ConnectTimeout | TransportErrorKind::Unreachable => error_text![
            "A firewall or a missing route keeps the ToolJet server from ",
            host.clone(),
            ". Allow the connection, or set TOOLJET_HTTP_PROXY or HTTPS_PROXY on the server."
        ],
        TransportErrorKind::Reset | TransportErrorKind::Truncated => error_text![
            "Try again. If it keeps happening, check any proxy or firewall between the ToolJet server and ",
            host.clone(),
            "."
        ],
        TransportErrorKind::TlsExpired => {
            error_text!["Renew the certificate of ", host.clone(), ", or correct the clock of the ToolJet server."]
        }
        TransportErrorKind::TlsUnknownIssuer => error_text![
            "If ",
            host.clone(),
            ", or a proxy that inspects traffic, uses a self-signed certificate or one of a private CA, set \
             NODE_EXTRA_CA_CERTS on the ToolJet server to a PEM file with it, and restart the server."
        ],
        TransportErrorKind::TlsWrongHost => {
            error_text!["In the Base URL, replace ", host.clone(), " by a host name that the certificate is for."]
        }
        TransportErrorKind::Tls => error_text![
            "Check that ",
            host.clone(),
            " speaks TLS 1.2 or later at this port; a plain HTTP server needs http:// in the Base URL."
        ],
        TransportErrorKind::Proxy => {
            "Check TOOLJET_HTTP_PROXY, HTTPS_PROXY or HTTP_PROXY on the ToolJet server, and that the proxy is running \
             and may connect to the API, or list the API's host in NO_PROXY."
                .into()
        }
        TransportErrorKind::ProxyAuthentication => {
            "Add the username and password to TOOLJET_HTTP_PROXY, HTTPS_PROXY or HTTP_PROXY on the ToolJet server: \
             http://user:password@host:port."
                .into()
        }
        TransportErrorKind::Redirect => {
            "If you trust the URL that the API redirects to, enter it as the Base URL.".into()
        }
        TransportErrorKind::NotHttp => error_text![
            "Check the port and the scheme of the Base URL (",
            context.base_url.clone(),
            "): https:// for TLS, http:// without."
        ],
        TransportErrorKind::TooLarge if context.endpoint == Some(Endpoint::Models) => {
            "Enter a Filter that fewer models match, or the Base URL of a server with a shorter list.".into()
        }
        TransportErrorKind::TooLarge => {
            "Ask for less, for example with a lower Max tokens or Number of results.".into()
        }
        TransportErrorKind::Compression => "A proxy in between may have caused this. Try again.".into(),
        TransportErrorKind::Blocked => {
            "Use a public host, or ask the administrator of the ToolJet server about its SSRF protection \
             (SSRF_PROTECTION_ENABLED)."
                .into()
        }
        TransportErrorKind::Busy => {
            "Try again. If it keeps happening, run fewer long or large queries at the same time.".into()
        }
        TransportErrorKind::Timeout | TransportErrorKind::Other => return None,
    })
}

fn no_answer_hint(code: NoAnswerReason) -> &'static str {
    match code {
        NoAnswerReason::Refusal => "Rephrase Prompt or System prompt.",
        NoAnswerReason::ContentFilter => "Rephrase the prompt.",
        NoAnswerReason::TokensSpentOnReasoning => {
            "Raise or clear Max tokens, or lower Reasoning effort: reasoning counts toward the limit."
        }
        NoAnswerReason::JsonTruncated => "Raise or clear Max tokens, or ask for less.",
        NoAnswerReason::JsonInvalid => {
            "Say in Prompt that the answer must be nothing but JSON, or choose the Response format with a schema."
        }
        NoAnswerReason::OnlyReasoning => {
            "Run the query again, lower Reasoning effort, or choose another model. The reasoning is in data.reasoning."
        }
        NoAnswerReason::CutOff => "Run the query again. The text so far is in data.partial.",
        NoAnswerReason::EmbeddingInvalid => "Embed fewer texts at once, or choose another model.",
        NoAnswerReason::Empty => "Try again or choose another model.",
    }
}

/// Why a connection test failed, in a few words: `ToolJet` 2 shows nothing else.
#[must_use]
pub fn in_short(error: &Error) -> ErrorText {
    match error {
        // What follows says what to enter, which is in the description.
        Error::InvalidOption { .. } => error.text().until("; ").truncated(MAX_REASON_CHARS),
        Error::UnknownOperation(_) => "unknown operation".into(),
        Error::Api(error) => api_in_short(error),
        Error::Timeout { .. } => TransportErrorKind::Timeout.in_short().into(),
        Error::Transport(error) => error.kind.in_short().into(),
        Error::Decode { body: BodyKind::Html, .. } => WEB_PAGE.into(),
        Error::Decode { body: BodyKind::EventStream, .. } => "an event stream in place of one response".into(),
        Error::Decode { .. } => OTHER_API.into(),
        Error::NoAnswer { .. } => "no answer from the model".into(),
        Error::Internal(_) => "the plugin failed unexpectedly".into(),
    }
}

fn api_in_short(error: &ApiError) -> ErrorText {
    let cause = match ApiCause::of(error) {
        ApiCause::InvalidKey => "wrong API key",
        ApiCause::MissingScope => "restricted API key",
        ApiCause::Organization => "wrong organization ID",
        ApiCause::Project => "wrong project ID",
        ApiCause::Country => "country not supported",
        ApiCause::Billing => "no credit left",
        ApiCause::RateLimit => "rate limit reached",
        ApiCause::TooLarge => "request too large",
        ApiCause::ContextLength => "prompt too long",
        ApiCause::ModelNotFound => "unknown model",
        ApiCause::ModelOfOtherEndpoint => "model of another endpoint",
        ApiCause::NoSuchRoute | ApiCause::Other if error.html => WEB_PAGE,
        ApiCause::NoSuchRoute => OTHER_API,
        ApiCause::ContentFilter => "stopped by the content filter",
        ApiCause::Parameter => "rejected parameter",
        ApiCause::Overloaded => return error_text!["server overloaded (HTTP ", error.status, ")"],
        ApiCause::ServerError => return error_text!["server error (HTTP ", error.status, ")"],
        ApiCause::Other => return error_text!["request rejected (HTTP ", error.status, ")"],
    };
    cause.into()
}

/// One sentence or two for `description`: what happened, and what to do.
#[must_use]
pub fn describe(error: &Error, hint: Option<&ErrorText>) -> ErrorText {
    // An error of an option begins with the field's label, or with a name that is none: `queryOptions`.
    let what = match error {
        Error::InvalidOption { .. } | Error::UnknownOperation(_) => error.text().ended(),
        _ => error.text().sentence(),
    };
    match hint {
        Some(hint) => error_text![what, " ", hint.clone()],
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_gone_comes_with_date_and_replacement() {
        let end = ModelEnd { date: "2026-10-23", replacement: Some("gpt-6.1-sol".to_owned()) };
        let model_facts = ModelFacts { end: Some(end), ..ModelFacts::default() };
        let mut context = HintContext { model: Some("o1".to_owned()), model_facts, ..HintContext::default() };
        let error = Error::Api(Box::new(ApiError {
            status: 404,
            code: Some("model_not_found".to_owned()),
            message: "deprecated".to_owned(),
            ..ApiError::default()
        }));
        let text = |context: &HintContext| hint(&error, context).unwrap().to_string();
        assert_eq!(text(&context), "OpenAI announced the end of o1 for 2026-10-23. Use gpt-6.1-sol.");
        context.model_facts.end.as_mut().unwrap().replacement = None;
        assert!(
            text(&context)
                .ends_with(" for 2026-10-23. Instead, choose a model that List models shows for this API key.")
        );
    }

    #[test]
    fn a_model_of_another_endpoint_comes_with_what_is_not_set_yet() {
        let message = "This model is not supported in the v1/completions endpoint.".to_owned();
        let error = Error::Api(Box::new(ApiError { status: 404, message, ..ApiError::default() }));
        let text = |endpoint, has_fallen_back, chat_model| {
            let model_facts = ModelFacts { chat_model, end: None };
            let context =
                HintContext { endpoint: Some(endpoint), has_fallen_back, model_facts, ..HintContext::default() };
            hint(&error, &context).unwrap().to_string()
        };
        let set_engine = "Set Engine to Auto or Chat only, or use the Chat operation.";
        assert_eq!(text(Endpoint::Completions, false, Some("gpt-x")), set_engine);
        assert_eq!(text(Endpoint::Completions, true, Some("gpt-x")), "Choose a chat model such as gpt-x.");
        assert_eq!(text(Endpoint::Completions, true, None), "Choose another chat model.");
        assert_eq!(text(Endpoint::Chat, false, None), "Choose another chat model.");
    }

    #[test]
    fn a_response_that_is_too_large_comes_with_the_fields_that_make_it_smaller() {
        let error = crate::error::TransportError::new(TransportErrorKind::TooLarge, "");
        let hint = |endpoint| {
            let context = HintContext { endpoint, ..HintContext::default() };
            hint(&error.clone().into(), &context).unwrap().to_string()
        };
        assert!(hint(Some(Endpoint::Models)).starts_with("Enter a Filter"));
        assert!(hint(Some(Endpoint::Chat)).ends_with("lower Max tokens or Number of results."));
    }

    #[test]
    fn a_description_is_whole_sentences() {
        let timeout = Error::Timeout { after: std::time::Duration::from_secs(5) };
        assert_eq!(describe(&timeout, Some(&"Do this.".into())).to_string(), "No response within 5 s. Do this.");
        assert_eq!(describe(&Error::invalid("n", "is odd"), None).to_string(), "Number of results is odd.");
    }

    #[test]
    fn hints_call_fields_by_their_labels() {
        for (param, field) in [
            ("max_completion_tokens", "Max tokens"),
            ("stop", "Stop sequence"),
            ("reasoning_effort", "Reasoning effort"),
            ("messages.[1].content", "Prompt or Message history"),
            ("response_format", "Response format or JSON schema"),
            ("logit_bias", "logit_bias"),
        ] {
            assert_eq!(field_of(param).to_string(), field);
        }
        // Hints spell these out.
        for (key, label) in [
            ("apiKey", "API key"),
            ("organizationId", "Organization ID"),
            ("project_id", "Project ID"),
            ("base_url", "Base URL"),
            ("timeout_seconds", "Timeout (seconds)"),
            ("prompt", "Prompt"),
            ("system_prompt", "System prompt"),
            ("message_history", "Message history"),
            ("max_tokens", "Max tokens"),
            ("n", "Number of results"),
            ("reasoning_effort", "Reasoning effort"),
            ("response_format", "Response format"),
            ("json_schema", "JSON schema"),
            ("suffix", "Suffix"),
            ("engine", "Engine"),
            ("filter", "Filter"),
        ] {
            assert_eq!(field_label(key), Some(label));
        }
    }

    #[test]
    fn the_reason_of_a_failed_test_is_a_few_words() {
        let api = |status, code: &str, html| {
            let code = Some(code.to_owned());
            in_short(&Error::Api(Box::new(ApiError { status, code, html, ..ApiError::default() }))).to_string()
        };
        assert_eq!(api(401, "invalid_api_key", false), "wrong API key");
        assert_eq!(api(429, "insufficient_quota", false), "no credit left");
        assert_eq!(api(500, "", true), "server error (HTTP 500)");
        assert_eq!(api(404, "", false), "not an OpenAI-compatible API");
        assert_eq!(api(404, "", true), "a web page in place of the API");
        assert_eq!(api(418, "", false), "request rejected (HTTP 418)");
        let option = |key: &'static str, reason: ErrorText| in_short(&Error::invalid(key, reason)).to_string();
        assert_eq!(option("apiKey", "is missing; enter it".into()), "API key is missing");
        assert_eq!(option("base_url", "x".repeat(500).into()).chars().count(), MAX_REASON_CHARS + 1);
    }
}
