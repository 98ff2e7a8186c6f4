//! What the builder of an app can do about a failure.

use std::time::Duration;

use crate::error::{
    ApiError, BodyKind, Error, NoAnswerReason, TransportErrorKind, cause::ApiCause, field_label, seconds,
    truncate::truncate,
};

/// Longest reason of a failed connection test, in characters.
const MAX_REASON_CHARS: usize = 100;
const WEB_PAGE: &str = "a web page in place of the API";
const OTHER_API: &str = "not an OpenAI-compatible API";

/// Where and about what a query failed; what hints refer to.
#[derive(Clone, Debug, Default)]
pub struct HintContext {
    /// Host and port of the API.
    pub host: String,
    /// The base URL, without its query.
    pub base_url: String,
    /// Whether the base URL was typed into the data source.
    pub is_custom: bool,
    /// The model that was asked.
    pub model: Option<String>,
    /// What the table of models knows about it.
    pub model_facts: ModelFacts,
    /// The endpoint that was asked.
    pub endpoint: Option<Endpoint>,
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

/// What is known about a model beside what the API says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// Its announced end.
    pub end: Option<ModelEnd>,
    /// Whether only the Responses API serves it.
    pub is_responses_only: bool,
    /// A chat model that can be recommended instead.
    pub chat_model: &'static str,
}

/// The end of a model, and what to use in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelEnd {
    /// Announced date, `YYYY-MM-DD`; `None` where none is known.
    pub date: Option<&'static str>,
    /// A current model for the same work.
    pub replacement: &'static str,
}

/// What to do about `error`; `None` where its own words say it all.
#[must_use]
pub fn hint(error: &Error, context: &HintContext) -> Option<String> {
    match error {
        Error::Api(error) => api_hint(error, context),
        Error::Timeout { .. } if context.endpoint == Some(Endpoint::Models) => Some(format!(
            "{} did not respond. Check the Base URL's host and port, and any firewall or proxy in between.",
            context.host
        )),
        Error::Timeout { .. } => Some(
            "Ask for less, for example with a lower Max tokens, choose a faster model, or raise the query's own timeout \
             or the data source's Timeout (seconds)."
                .to_owned(),
        ),
        Error::Transport(error) => transport_hint(error.kind, context),
        Error::Decode { body: BodyKind::EventStream, .. } => Some(
            "The server streams although the plugin did not ask it to. Turn streaming off there, or use another server."
                .to_owned(),
        ),
        Error::Decode { body: BodyKind::Html, .. } => {
            Some(format!("This may be the sign-in page of a network or a proxy. {}", check_address(context)))
        }
        Error::Decode { .. } => {
            Some(format!("This does not look like an OpenAI-compatible API. {}", check_address(context)))
        }
        Error::NoAnswer { code, .. } => Some(no_answer_hint(*code).to_owned()),
        Error::Internal(_) => {
            Some("This is a bug in the plugin; ToolJet is not affected. Report it with this text.".to_owned())
        }
        Error::InvalidOption { .. } | Error::UnknownOperation(_) => None,
    }
}

fn api_hint(error: &ApiError, context: &HintContext) -> Option<String> {
    let hint = match ApiCause::of(error) {
        ApiCause::InvalidKey => "Check the API key in the data source: paste it again, and make sure that it was not \
                                 revoked and belongs to this Base URL."
            .to_owned(),
        ApiCause::MissingScope => "The API key is genuine but restricted. Give it the missing permission in the \
                                   dashboard (for queries: Model capabilities, Request), or use another key."
            .to_owned(),
        ApiCause::Organization => "Check the Organization ID in the data source: it must start with org- and belong to \
                                   the API key. Most keys need none, so you can usually clear the field."
            .to_owned(),
        ApiCause::Project => "Check the Project ID in the data source: it must start with proj_ and belong to the API \
                              key. Most keys need none, so you can usually clear the field."
            .to_owned(),
        ApiCause::Country => "The API goes by the country that the ToolJet server's requests come from. Use a server, a \
                              proxy or a gateway in a supported country."
            .to_owned(),
        ApiCause::Billing => "The API key works. Add credit or raise the spend limit in the billing settings of the \
                              account; retrying does not help."
            .to_owned(),
        ApiCause::RateLimit => format!(
            "Wait{} before you run the query again, send less, or raise the rate limits of the account.",
            for_a_while(error.retry_after)
        ),
        ApiCause::TooLarge => "Retrying does not help. Shorten Prompt or Message history, or lower Max tokens."
            .to_owned(),
        ApiCause::ContextLength => "Shorten Prompt or Message history, lower Max tokens, or choose a model with a \
                                    larger context."
            .to_owned(),
        ApiCause::ModelNotFound => model_not_found(error, context),
        ApiCause::ModelOfOtherEndpoint => other_endpoint(context),
        ApiCause::NoSuchRoute | ApiCause::Other if error.html => {
            format!("The response is a web page, perhaps the sign-in page of a network. {}", check_address(context))
        }
        ApiCause::NoSuchRoute => check_address(context),
        ApiCause::ContentFilter => "Rephrase the prompt.".to_owned(),
        ApiCause::Parameter => {
            format!("Change or clear {}, or choose another model.", field_of(error.param.as_deref().unwrap_or_default()))
        }
        ApiCause::Overloaded => {
            format!("Wait{} and try again.", for_a_while(error.retry_after))
        }
        ApiCause::ServerError => "Try again later. If it keeps happening, check the status of the API and any proxy in \
                                  front of it."
            .to_owned(),
        ApiCause::Other if error.status == 403 => {
            "The API understood the request and rejected it. Check the permissions of the API key, the organization and \
             the project."
                .to_owned()
        }
        ApiCause::Other if error.message.to_ascii_lowercase().contains("suffix") => {
            "Clear Suffix, or set Engine to Chat only, which asks the model to lead up to it.".to_owned()
        }
        ApiCause::Other => return None,
    };
    Some(hint)
}

/// ` 4 s`, as far as the API says it.
fn for_a_while(wait: Option<Duration>) -> String {
    wait.map_or_else(|| " a moment".to_owned(), |wait| format!(" {}", seconds(wait)))
}

/// The form field that sets a request parameter, by its label.
fn field_of(param: &str) -> &str {
    let name = param.split(['.', '[']).next().unwrap_or_default();
    match name {
        "messages" => "Prompt or Message history",
        "response_format" => "Response format or JSON schema",
        "max_completion_tokens" => "Max tokens",
        "stop" => "Stop sequence",
        "top_logprobs" => "Log probabilities",
        _ => field_label(name).unwrap_or(param),
    }
}

fn model_not_found(error: &ApiError, context: &HintContext) -> String {
    const LIST: &str = "choose a model that List models shows for this API key";
    let Some(model) = &context.model else { return format!("Check the name of the model, or {LIST}.") };
    let facts = &context.model_facts;
    if facts.is_responses_only {
        return format!("Only the Responses API serves {model}. {}", choose_a_chat_model(context));
    }
    if let Some(end) = facts.end {
        let what = match end.date {
            Some(date) => format!("OpenAI announced the end of {model} for {date}"),
            None => format!("OpenAI no longer serves {model}"),
        };
        let replacement = end.replacement;
        return match context.endpoint {
            Some(Endpoint::Completions) => format!("{what}. Use {replacement} with Engine set to Auto or Chat only."),
            // The query may hold the model under an old key, which the form does not show.
            Some(Endpoint::Other) => format!("{what}. Enter {replacement} in Model."),
            _ => format!("{what}. Use {replacement}."),
        };
    }
    if error.status == 403 {
        return format!("Ask for access to {model}, or {LIST}.");
    }
    format!("Check the name {model}, or {LIST}.")
}

/// What to do where the API itself says that the model belongs to another endpoint.
fn other_endpoint(context: &HintContext) -> String {
    match context.endpoint {
        Some(Endpoint::Completions) => "Set Engine to Auto or Chat only, or use the Chat operation.".to_owned(),
        Some(Endpoint::Chat) => choose_a_chat_model(context),
        _ => "Choose a model that is made for this operation.".to_owned(),
    }
}

fn choose_a_chat_model(context: &HintContext) -> String {
    format!("Choose a chat model such as {}.", context.model_facts.chat_model)
}

fn check_address(context: &HintContext) -> String {
    let address = &context.base_url;
    if context.is_custom {
        format!("Check the Base URL ({address}): it usually ends in /v1, and the plugin adds the rest.")
    } else {
        format!("The request went to {address}; check the network and proxy settings of the ToolJet server.")
    }
}

fn transport_hint(kind: TransportErrorKind, context: &HintContext) -> Option<String> {
    let host = &context.host;
    Some(match kind {
        TransportErrorKind::Dns => format!(
            "Check the host name {host} in the Base URL, and that the ToolJet server can resolve names, or set a proxy."
        ),
        TransportErrorKind::Refused => format!(
            "Nothing listens at {host}. Check the Base URL's host and port, and that the server there is running."
        ),
        TransportErrorKind::ConnectTimeout | TransportErrorKind::Unreachable => format!(
            "A firewall or a missing route keeps the ToolJet server from {host}. Allow the connection, or set \
             TOOLJET_HTTP_PROXY or HTTPS_PROXY on the server."
        ),
        TransportErrorKind::Reset | TransportErrorKind::Truncated => format!(
            "Try again. If it keeps happening, check any proxy or firewall between the ToolJet server and {host}."
        ),
        TransportErrorKind::TlsExpired => {
            format!("Renew the certificate of {host}, or correct the clock of the ToolJet server.")
        }
        TransportErrorKind::TlsUnknownIssuer => format!(
            "If {host}, or a proxy that inspects traffic, uses a self-signed certificate or one of a private CA, set \
             NODE_EXTRA_CA_CERTS on the ToolJet server to a PEM file with it, and restart the server."
        ),
        TransportErrorKind::TlsWrongHost => {
            format!("In the Base URL, replace {host} by a host name that the certificate is for.")
        }
        TransportErrorKind::Tls => format!(
            "Check that {host} speaks TLS 1.2 or later at this port; a plain HTTP server needs http:// in the Base URL."
        ),
        TransportErrorKind::Proxy => {
            "Check TOOLJET_HTTP_PROXY, HTTPS_PROXY or HTTP_PROXY on the ToolJet server, and that the proxy is running \
             and may connect to the API, or list the API's host in NO_PROXY."
                .to_owned()
        }
        TransportErrorKind::ProxyAuthentication => {
            "Add the username and password to TOOLJET_HTTP_PROXY, HTTPS_PROXY or HTTP_PROXY on the ToolJet server: \
             http://user:password@host:port."
                .to_owned()
        }
        TransportErrorKind::Redirect => {
            "If you trust the URL that the API redirects to, enter it as the Base URL.".to_owned()
        }
        TransportErrorKind::NotHttp => format!(
            "Check the port and the scheme of the Base URL ({}): https:// for TLS, http:// without.",
            context.base_url
        ),
        TransportErrorKind::TooLarge if context.endpoint == Some(Endpoint::Models) => {
            "Enter a Filter that fewer models match, or the Base URL of a server with a shorter list.".to_owned()
        }
        TransportErrorKind::TooLarge => {
            "Ask for less, for example with a lower Max tokens or Number of results.".to_owned()
        }
        TransportErrorKind::Compression => "A proxy in between may have caused this. Try again.".to_owned(),
        TransportErrorKind::Blocked => {
            "Use a public host, or ask the administrator of the ToolJet server about its SSRF protection \
             (SSRF_PROTECTION_ENABLED)."
                .to_owned()
        }
        TransportErrorKind::Busy => {
            "Try again. If it keeps happening, run fewer long or large queries at the same time.".to_owned()
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
        NoAnswerReason::Empty => "Try again or choose another model.",
    }
}

/// Why a connection test failed, in a few words: `ToolJet` 2 shows nothing else.
#[must_use]
pub fn in_short(error: &Error) -> String {
    match error {
        Error::InvalidOption { .. } => {
            let what = error.to_string();
            // What follows says what to enter, which is in the description.
            truncate(what.split_once("; ").map_or(what.as_str(), |(what, _)| what), MAX_REASON_CHARS)
        }
        Error::UnknownOperation(_) => "unknown operation".to_owned(),
        Error::Api(error) => api_in_short(error),
        Error::Timeout { .. } => TransportErrorKind::Timeout.in_short().to_owned(),
        Error::Transport(error) => error.kind.in_short().to_owned(),
        Error::Decode { body: BodyKind::Html, .. } => WEB_PAGE.to_owned(),
        Error::Decode { body: BodyKind::EventStream, .. } => "an event stream in place of one response".to_owned(),
        Error::Decode { .. } => OTHER_API.to_owned(),
        Error::NoAnswer { .. } => "no answer from the model".to_owned(),
        Error::Internal(_) => "the plugin failed unexpectedly".to_owned(),
    }
}

fn api_in_short(error: &ApiError) -> String {
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
        ApiCause::Overloaded => return format!("server overloaded (HTTP {})", error.status),
        ApiCause::ServerError => return format!("server error (HTTP {})", error.status),
        ApiCause::Other => return format!("request rejected (HTTP {})", error.status),
    };
    cause.to_owned()
}

/// One sentence or two for `description`: what happened, and what to do.
#[must_use]
pub fn describe(error: &Error, hint: Option<&str>) -> String {
    let what = error.to_string();
    // An error of an option begins with the field's label, or with a name that is none: `queryOptions`.
    let mut text = match error {
        Error::InvalidOption { .. } | Error::UnknownOperation(_) => what,
        _ => {
            let mut letters = what.chars();
            letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
        }
    };
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    if let Some(hint) = hint {
        text.push(' ');
        text.push_str(hint);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_gone_comes_with_date_and_replacement() {
        let end = ModelEnd { date: Some("2026-10-23"), replacement: "gpt-6-sol" };
        let model_facts = ModelFacts { end: Some(end), ..ModelFacts::default() };
        let context = HintContext { model: Some("o1".to_owned()), model_facts, ..HintContext::default() };
        let error = Error::Api(Box::new(ApiError {
            status: 404,
            code: Some("model_not_found".to_owned()),
            message: "deprecated".to_owned(),
            ..ApiError::default()
        }));
        let hint = hint(&error, &context).unwrap();
        assert_eq!(hint, "OpenAI announced the end of o1 for 2026-10-23. Use gpt-6-sol.");
    }

    #[test]
    fn a_response_that_is_too_large_comes_with_the_fields_that_make_it_smaller() {
        let error = crate::error::TransportError::new(TransportErrorKind::TooLarge, "");
        let hint = |endpoint| hint(&error.clone().into(), &HintContext { endpoint, ..HintContext::default() }).unwrap();
        assert!(hint(Some(Endpoint::Models)).starts_with("Enter a Filter"));
        assert!(hint(Some(Endpoint::Chat)).ends_with("lower Max tokens or Number of results."));
    }

    #[test]
    fn a_description_is_whole_sentences() {
        let timeout = Error::Timeout { after: std::time::Duration::from_secs(5) };
        assert_eq!(describe(&timeout, Some("Do this.")), "No response within 5 s. Do this.");
        assert_eq!(describe(&Error::invalid("n", "is odd"), None), "Number of results is odd.");
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
            assert_eq!(field_of(param), field);
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
            in_short(&Error::Api(Box::new(ApiError { status, code, html, ..ApiError::default() })))
        };
        assert_eq!(api(401, "invalid_api_key", false), "wrong API key");
        assert_eq!(api(429, "insufficient_quota", false), "no credit left");
        assert_eq!(api(500, "", true), "server error (HTTP 500)");
        assert_eq!(api(404, "", false), "not an OpenAI-compatible API");
        assert_eq!(api(404, "", true), "a web page in place of the API");
        assert_eq!(api(418, "", false), "request rejected (HTTP 418)");
        assert_eq!(in_short(&Error::invalid("apiKey", "is missing; enter it")), "API key is missing");
        assert_eq!(in_short(&Error::invalid("base_url", "x".repeat(500))).chars().count(), MAX_REASON_CHARS + 1);
    }
}
