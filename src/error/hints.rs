//! What an app builder can do about a failure.

use std::time::Duration;

use crate::error::{
    ApiError, BodyKind, Error, ErrorText, NoAnswerReason, SAYING, TransportErrorKind,
    api_hints::api_hint,
    cause::ApiCause,
    error_text,
    in_short::{WHAT_TO_ENTER, api_rest, in_short},
    less::{smaller_response, smaller_result, sooner},
    seconds,
    work::Work,
};

/// How to repeat rows of a batch: its files never change.
pub(super) const START_AGAIN: &str = "Start another batch with the rows that failed";

/// Where a query failed, for hints to refer to.
#[derive(Clone, Debug, Default)]
pub struct HintContext {
    /// The query's operation, whose form's labels are used.
    pub operation: Option<&'static str>,
    /// Host and port of the API.
    pub host: ErrorText,
    /// The base URL without its query string.
    pub base_url: ErrorText,
    /// Whether the base URL was typed into the data source.
    pub is_custom: bool,
    /// The requested model.
    pub model: Option<String>,
    /// Facts from the table of models.
    pub model_facts: ModelFacts,
    /// The requested endpoint.
    pub endpoint: Option<Endpoint>,
    /// The field of the form that chooses the endpoint.
    pub endpoint_choice: EndpointChoice,
    /// `response_format.type` of the request.
    pub response_format: Option<String>,
    /// Whether the request asked for a stream.
    pub streaming: Streaming,
    /// How many rows of a batch fit a result that has no room for all.
    pub fitting_rows: Option<usize>,
    /// Whether the wanted rows are in several batches, so that fewer rows would be in fewer files.
    pub spans_batches: bool,
    /// The timeout of the query.
    pub time_limit: TimeLimit,
}

impl HintContext {
    /// Whether the API has answered a row of a batch with the failure.
    #[must_use]
    pub fn is_of_batch_row(&self) -> bool {
        self.operation == Some("batch_result") && self.endpoint.is_some_and(|endpoint| endpoint != Endpoint::Batches)
    }

    /// The operation whose form says what the request asks for.
    #[must_use]
    pub fn form(&self) -> Option<&'static str> {
        if self.is_of_batch_row() { Some("batch_start") } else { self.operation }
    }

    /// Whether its Engine is Auto.
    #[must_use]
    pub fn is_engine_auto(&self) -> bool {
        self.endpoint_choice == EndpointChoice::Engine { is_auto: true }
    }
}

/// The field of the form that chooses the endpoint, and whether it is set to Auto.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointChoice {
    /// The operation has only one endpoint.
    #[default]
    None,
    /// Engine, in Completions.
    Engine {
        /// Whether it is set to Auto.
        is_auto: bool,
    },
    /// API, in Chat.
    Api {
        /// Whether it is set to Auto.
        is_auto: bool,
    },
}

/// Whether a request asks for its answer as a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Streaming {
    /// It does not, whatever the data source's Streaming.
    #[default]
    Never,
    /// It would if the data source's Streaming were On.
    Possible,
    /// It does.
    Used,
}

/// Where the timeout comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeLimit {
    /// The plugin's default.
    #[default]
    Own,
    /// By the data source's Timeout (seconds).
    Source(Duration),
    /// By the query's own timeout.
    Query(Duration),
}

/// Kinds of endpoints, as far as hints differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/completions`.
    Completions,
    /// `/chat/completions`.
    Chat,
    /// `/responses`.
    Responses,
    /// `/embeddings`.
    Embeddings,
    /// `/images/generations`.
    Images,
    /// `/audio/transcriptions`.
    Transcriptions,
    /// `/batches`, and `/files` for them.
    Batches,
    /// `/models`, which the connection test also uses.
    Models,
    /// An endpoint without its own hints.
    Other,
}

/// Facts from the table of models. Never recommends the model that has just failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// Its shutdown, if it is past.
    pub end: Option<ModelEnd>,
    /// A chat model that can be recommended instead.
    pub chat_model: Option<&'static str>,
}

/// The shutdown of a model, and its replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEnd {
    /// The first day without it, `YYYY-MM-DD`.
    pub date: &'static str,
    /// A current model for the same work.
    pub replacement: Option<String>,
}

/// Tells what to do about `error`; `None` if its own message says it all.
#[must_use]
pub fn hint(error: &Error, context: &HintContext) -> Option<ErrorText> {
    match error {
        Error::Api(error) => api_hint(error, context),
        Error::Timeout { .. } if context.endpoint == Some(Endpoint::Models) => Some(error_text![
            context.host.clone(),
            " did not respond. Check the Base URL's host and port, and any firewall or proxy in between."
        ]),
        Error::Timeout { .. } => Some(sooner(context, raise_timeout(context))),
        Error::Transport(error) => transport_hint(error.kind, context),
        // Another API would not have run the batch.
        Error::Decode { .. } | Error::NoAnswer { code: NoAnswerReason::OtherResponse | NoAnswerReason::Empty, .. }
            if context.is_of_batch_row() =>
        {
            Some(error_text![START_AGAIN, ", or choose another model."])
        }
        Error::Decode { body: BodyKind::EventStream, .. } => {
            Some("Its events contain no answer. Try again, or check the server's log.".into())
        }
        Error::Decode { body: BodyKind::Html, .. } => {
            Some(error_text!["This may be the sign-in page of a network or a proxy. ", check_address(context)])
        }
        // In few words, the test says already that this is no such API.
        Error::Decode { .. } if Work::of(context) == Work::ConnectionTest => Some(check_address(context)),
        Error::Decode { .. } | Error::NoAnswer { code: NoAnswerReason::OtherResponse, .. } => {
            Some(error_text!["This does not look like an OpenAI-compatible API. ", check_address(context)])
        }
        Error::NoAnswer { code, .. } => Some(no_answer_hint(*code, context)),
        Error::Internal(_) => {
            Some("This is a bug in the plugin; ToolJet is not affected. Report it with this text.".into())
        }
        // The query was sent to the Responses API.
        Error::InvalidOption { .. } if context.endpoint == Some(Endpoint::Responses) => Some(
            match context.endpoint_choice {
                EndpointChoice::Api { .. } => {
                    "Choose another model, or Chat Completions under API if that serves this one."
                }
                _ => "Choose another model.",
            }
            .into(),
        ),
        Error::BatchRejected { error, row } => Some(batch_hint(error, *row).into()),
        Error::InvalidOption { .. } | Error::UnknownOperation(_) | Error::NotRun(_) => None,
    }
}

fn batch_hint(error: &ApiError, row: Option<usize>) -> &'static str {
    match row {
        _ if error.code.as_deref() == Some("token_limit_exceeded") => {
            "No row was run. Start the batch again when others are done, or with fewer rows."
        }
        Some(_) => "No row was run. Correct this row, or what all rows share, and start the batch again.",
        None => "No row was run. Correct what the API names, and start the batch again.",
    }
}

fn raise_timeout(context: &HintContext) -> &'static str {
    match context.time_limit {
        TimeLimit::Own => "raise the query's own timeout or the data source's Timeout (seconds)",
        TimeLimit::Source(_) => "raise Timeout (seconds) in the data source",
        TimeLimit::Query(_) => "raise the query's own timeout",
    }
}

/// Tells where the request went, and what to check.
pub(super) fn check_address(context: &HintContext) -> ErrorText {
    let address = &context.base_url;
    if context.is_custom {
        let advice = if address.to_string().trim_end_matches('/').ends_with("/v1") {
            "): the plugin adds the rest of the path, such as /chat/completions."
        } else {
            "): it usually ends in /v1, and the plugin adds the rest."
        };
        error_text!["Check the Base URL (", address.clone(), advice]
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
            error_text!["In the Base URL, replace ", host.clone(), " with a host name that the certificate covers."]
        }
        TransportErrorKind::TlsCertificate => error_text![
            "Install a current certificate on ",
            host.clone(),
            ": X.509 version 3, with the host as a Subject Alternative Name, and signed with SHA-256 or better."
        ],
        TransportErrorKind::Tls => error_text![
            "Check that ",
            host.clone(),
            " speaks TLS 1.2 or later at this port; a plain HTTP server needs http:// in the Base URL."
        ],
        TransportErrorKind::Proxy => {
            "Check TOOLJET_HTTP_PROXY, HTTPS_PROXY, HTTP_PROXY or ALL_PROXY on the ToolJet server, and that the proxy \
             is running and may connect to the API, or list the API's host in NO_PROXY."
                .into()
        }
        TransportErrorKind::ProxyAuthentication => {
            "Add the credentials to TOOLJET_HTTP_PROXY, HTTPS_PROXY, HTTP_PROXY or ALL_PROXY on the ToolJet server: \
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
        TransportErrorKind::HeadersTooLarge => error_text![
            "Check the Base URL (",
            context.base_url.clone(),
            "), and any proxy or gateway that adds headers to the response."
        ],
        TransportErrorKind::TooLarge => smaller_response(context),
        TransportErrorKind::ResultTooLarge => smaller_result(context),
        TransportErrorKind::Compression => "Try again. If it keeps happening, check any proxy in between.".into(),
        TransportErrorKind::Blocked => {
            "Use a public host, or ask the administrator of the ToolJet server about SSRF_PROTECTION_ENABLED.".into()
        }
        TransportErrorKind::Busy => {
            "Try again. If it keeps happening, run fewer long or large queries at the same time.".into()
        }
        TransportErrorKind::Timeout | TransportErrorKind::Other => return None,
    })
}

/// How to repeat what failed.
fn again(context: &HintContext) -> &'static str {
    if context.is_of_batch_row() { START_AGAIN } else { "Run the query again" }
}

fn no_answer_hint(code: NoAnswerReason, context: &HintContext) -> ErrorText {
    let (work, again) = (Work::of(context), again(context));
    match code {
        NoAnswerReason::Refusal | NoAnswerReason::ContentFilter => "Rephrase the prompt.".into(),
        NoAnswerReason::TokensSpentOnReasoning
        | NoAnswerReason::JsonTruncated
        | NoAnswerReason::JsonInvalid
        | NoAnswerReason::OnlyReasoning
            if work == Work::Decision =>
        {
            error_text![again, ", or choose another model."]
        }
        NoAnswerReason::TokensSpentOnReasoning if work.is_chat() => {
            "Raise or clear Max tokens, or lower Reasoning effort: reasoning counts toward the limit.".into()
        }
        NoAnswerReason::TokensSpentOnReasoning => {
            "Raise or clear Max tokens: reasoning counts toward the limit.".into()
        }
        NoAnswerReason::JsonTruncated => "Raise or clear Max tokens, or ask for less.".into(),
        NoAnswerReason::JsonInvalid => {
            let is_strict = context.response_format.as_deref() == Some("json_schema");
            let or = if work.is_chat() && !is_strict {
                "set Response format to JSON with a schema."
            } else {
                "choose another model."
            };
            error_text!["In ", work.prompt(), ", ask for JSON only, or ", or]
        }
        NoAnswerReason::OnlyReasoning => {
            let lower = if work.is_chat() { ", lower Reasoning effort" } else { "" };
            error_text![again, lower, ", or choose another model. The reasoning is in data.reasoning."]
        }
        NoAnswerReason::CutOff => error_text![again, ". The text so far is in data.partial."],
        NoAnswerReason::NotModerated => error_text![
            again,
            ". If it keeps happening, the server does not support this check: set Moderation to Off and use the \
             Moderate operation, with another data source if necessary."
        ],
        NoAnswerReason::EmbeddingInvalid => "Embed fewer texts at once, or choose another model.".into(),
        NoAnswerReason::Empty | NoAnswerReason::OtherResponse => "Try again or choose another model.".into(),
    }
}

/// One or two sentences for `description`: what happened and what to do, without repetition.
#[must_use]
pub fn describe(error: &Error, hint: Option<&ErrorText>, context: &HintContext) -> ErrorText {
    let what = match (error, hint) {
        // The error already starts with the field's label, or with a name such as `queryOptions`.
        (Error::InvalidOption { .. } | Error::UnknownOperation(_), _) => error.text_in(context.operation).ended(),
        (Error::Timeout { after }, _) => {
            error_text!["no response within ", limit(context.time_limit, *after)].sentence()
        }
        (Error::Api(error), Some(_)) if ApiCause::of(error).has_own_advice() => error.text_without_advice().sentence(),
        _ => error.text().sentence(),
    };
    match hint {
        Some(hint) => error_text![what, " ", hint.clone()],
        None => what,
    }
}

/// What [`describe`] adds to [`in_short`]: `ToolJet` 3 shows a failed connection test with one after the other.
#[must_use]
pub fn describe_rest(error: &Error, hint: Option<&ErrorText>, context: &HintContext) -> ErrorText {
    let rest = match error {
        Error::InvalidOption { .. } if error.text().until(WHAT_TO_ENTER) == in_short(error) => {
            error.text().after(WHAT_TO_ENTER)
        }
        Error::Timeout { after } => Some(error_text!["the limit is ", limit(context.time_limit, *after)]),
        Error::Transport(error) => error.cause().cloned(),
        Error::Internal(words) => Some(words.clone()),
        Error::Api(error) => api_rest(error, hint.is_some() && ApiCause::of(error).has_own_advice()),
        Error::Decode { body: BodyKind::Html | BodyKind::EventStream, reason, .. } => {
            reason.clone().after(SAYING).map(|excerpt| error_text!["it says “", excerpt])
        }
        _ => return describe(error, hint, context),
    };
    match (rest.map(ErrorText::sentence), hint.cloned()) {
        (Some(rest), Some(hint)) => error_text![rest, " ", hint],
        (rest, hint) => rest.or(hint).unwrap_or_default(),
    }
}

/// States the configured timeout; the actual deadline is slightly earlier.
fn limit(limit: TimeLimit, after: Duration) -> ErrorText {
    match limit {
        TimeLimit::Own => ErrorText::own(seconds(after)),
        TimeLimit::Source(timeout) => error_text!["the data source's Timeout of ", ErrorText::own(seconds(timeout))],
        TimeLimit::Query(timeout) => {
            error_text!["the query's timeout of ", ErrorText::own(format!("{} ms", timeout.as_millis()))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Given;

    #[test]
    fn suggests_only_fields_of_the_form_when_responses_lacks_support() {
        let error = Error::invalid("n", "must be 1 with the Responses API");
        let advice = |endpoint, endpoint_choice| {
            let context = HintContext { endpoint, endpoint_choice, ..HintContext::default() };
            hint(&error, &context).map(|hint| hint.to_string())
        };
        let responses = Some(Endpoint::Responses);
        let another = "Choose another model.".to_owned();
        for choice in [EndpointChoice::None, EndpointChoice::Engine { is_auto: true }] {
            assert_eq!(advice(responses, choice), Some(another.clone()));
        }
        let api = EndpointChoice::Api { is_auto: false };
        let or_api = "Choose another model, or Chat Completions under API if that serves this one.".to_owned();
        assert_eq!(advice(responses, api), Some(or_api));
        assert_eq!(advice(None, api), None);
    }

    #[test]
    fn names_the_fields_that_make_a_response_smaller() {
        let error = crate::error::TransportError::new(TransportErrorKind::TooLarge, "");
        let hint = |operation, endpoint| {
            let context = HintContext { operation, endpoint, ..HintContext::default() };
            hint(&error.clone().into(), &context).unwrap().to_string()
        };
        assert!(hint(Some("list_models"), Some(Endpoint::Models)).starts_with("Enter the Base URL"));
        assert!(hint(Some("generate_embedding"), Some(Endpoint::Embeddings)).starts_with("Embed fewer texts"));
        assert!(hint(Some("chat"), Some(Endpoint::Chat)).ends_with("lower Max tokens or Number of results."));
    }

    #[test]
    fn suggests_the_base_url_when_another_api_responds() {
        let hint = |code| {
            let error = Error::NoAnswer { code, reason: "".into(), given: Given::default(), request_id: None };
            hint(&error, &HintContext { is_custom: true, ..HintContext::default() }).unwrap().to_string()
        };
        assert!(hint(NoAnswerReason::OtherResponse).contains("Check the Base URL"));
        assert!(!hint(NoAnswerReason::Empty).contains("Base URL"));
    }

    #[test]
    fn writes_whole_sentences() {
        let context = HintContext::default();
        let timeout = Error::Timeout { after: Duration::from_secs(5) };
        let description = describe(&timeout, Some(&"Do this.".into()), &context);
        assert_eq!(description.to_string(), "No response within 5 s. Do this.");
        let option = Error::invalid("n", "is odd");
        assert_eq!(describe(&option, None, &context).to_string(), "Number of results is odd.");
    }

    #[test]
    fn states_a_timeout_as_typed() {
        let describe = |time_limit| {
            let error = Error::Timeout { after: Duration::from_millis(1_425) };
            describe(&error, None, &HintContext { time_limit, ..HintContext::default() }).to_string()
        };
        let [query, source] = [Duration::from_millis(1_500), Duration::from_secs(30)];
        assert_eq!(describe(TimeLimit::Query(query)), "No response within the query's timeout of 1500 ms.");
        assert_eq!(describe(TimeLimit::Source(source)), "No response within the data source's Timeout of 30 s.");
        assert_eq!(describe(TimeLimit::Own), "No response within 1.4 s.");
    }

    #[test]
    fn gives_advice_once() {
        let describe = |status, message: &str| {
            let error = Error::Api(Box::new(ApiError { status, message: message.to_owned(), ..ApiError::default() }));
            let context = HintContext::default();
            describe(&error, hint(&error, &context).as_ref(), &context).to_string()
        };
        let wrong_key = describe(401, "Incorrect API key provided: x. You can find your API key at https://a.example.");
        assert!(wrong_key.starts_with("The API returned HTTP 401: Incorrect API key provided: x. Check the API key"));
        let limit = describe(429, "Rate limit reached: Used 2.5. Please try again in 4s. Visit https://a.example.");
        assert!(limit.starts_with("The API returned HTTP 429: Rate limit reached: Used 2.5. Wait a moment"), "{limit}");
        let quota = describe(429, "You exceeded your current quota, please check your plan and billing details.");
        assert!(quota.contains("429: You exceeded your current quota. The API key works."), "{quota}");
        // Kept: its only sentence, and advice that the plugin cannot improve on.
        assert!(describe(429, "Please slow down.").contains("429: Please slow down. Wait"));
        assert!(describe(400, "It is odd. Please use b.").ends_with("It is odd. Please use b."));
    }

    #[test]
    fn suggests_only_other_settings_of_the_form() {
        let advice = |code, operation, format: Option<&str>| {
            let response_format = format.map(str::to_owned);
            let context = HintContext { operation: Some(operation), response_format, ..HintContext::default() };
            no_answer_hint(code, &context).to_string()
        };
        let json = |format| advice(NoAnswerReason::JsonInvalid, "chat", Some(format));
        assert!(json("json_object").contains("JSON with a schema") && !json("json_schema").contains("schema"));
        for code in [NoAnswerReason::TokensSpentOnReasoning, NoAnswerReason::OnlyReasoning] {
            assert!(advice(code, "chat_list", None).contains("Reasoning effort"));
            assert!(!advice(code, "completion", None).contains("Reasoning effort"));
        }
        let at = |base_url: &'static str| {
            let base_url = base_url.into();
            check_address(&HintContext { base_url, is_custom: true, ..HintContext::default() }).to_string()
        };
        assert!(at("https://a.example").contains("usually ends in /v1"));
        assert!(!at("https://a.example/v1").contains("usually ends in /v1"));
    }

    #[test]
    fn says_each_thing_once_when_a_connection_test_fails() {
        let context = HintContext::default();
        let sentence = |error: Error| {
            let hint = hint(&error, &context);
            format!("{}: {}", in_short(&error), describe_rest(&error, hint.as_ref(), &context))
        };
        let transport = |kind, detail: &'static str| crate::error::TransportError::new(kind, detail).into();
        for (error, expected) in [
            (
                transport(TransportErrorKind::Blocked, "it is a private address"),
                "address blocked by ToolJet's SSRF protection: It is a private address. Use a public host, or ask the \
                 administrator of the ToolJet server about SSRF_PROTECTION_ENABLED.",
            ),
            (transport(TransportErrorKind::Other, "broken pipe"), "connection failed: Broken pipe."),
            (
                Error::invalid("apiKey", "is missing; enter it in the data source"),
                "API key is missing: Enter it in the data source.",
            ),
        ] {
            assert_eq!(sentence(error), expected);
        }
        let timeout = sentence(Error::Timeout { after: Duration::from_secs(15) });
        assert!(timeout.starts_with("no response in time: The limit is 15 s. "), "{timeout}");
        let internal = sentence(Error::Internal("out of range".into()));
        assert!(internal.starts_with("the plugin failed unexpectedly: Out of range. "), "{internal}");
        let refused = sentence(transport(TransportErrorKind::Refused, "Connection refused (os error 111)"));
        assert!(refused.starts_with("connection refused: Nothing listens at "), "{refused}");
        // The message has no room for all of it.
        let long = sentence(Error::invalid("base_url", "x".repeat(500)));
        assert!(long.ends_with(&format!("{}.", "x".repeat(200))), "{long}");
    }
}
