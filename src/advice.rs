//! What the builder of an app can do about a failure.

use crate::{
    capabilities,
    cause::ApiCause,
    error::{ApiError, Error, NoAnswer, TransportErrorKind, Unexpected, seconds},
};

/// Where and about what a query failed; what hints refer to.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Host and port of the API.
    pub host: String,
    /// The base URL, without its query.
    pub base_url: String,
    /// Whether the base URL was typed into the data source.
    pub base_url_given: bool,
    /// The model that was asked.
    pub model: Option<String>,
    /// Path that was asked.
    pub path: Option<&'static str>,
}

/// What to do about `error`; `None` where its own words say it all.
#[must_use]
pub fn hint(error: &Error, context: &Context) -> Option<String> {
    match error {
        Error::Api(error) => api_hint(error, context),
        Error::Timeout { .. } if context.path == Some(crate::operations::models::PATH) => Some(format!(
            "{} did not answer. Check host and port of the Base URL, and firewalls and proxies between.",
            context.host
        )),
        Error::Timeout { .. } => Some(
            "The request was cancelled. Ask for less (Max Tokens), choose a faster model, or raise the query's \
             Timeout or the data source's timeout_seconds."
                .to_owned(),
        ),
        Error::Transport(error) => transport_hint(error.kind, context),
        Error::Decode { body: Unexpected::EventStream, .. } => Some(
            "The server streams although it was asked for one whole answer. Turn streaming off there, or use another \
             server."
                .to_owned(),
        ),
        Error::Decode { body, .. } => Some(wrong_address(*body == Unexpected::Html, context)),
        Error::NoAnswer { code, .. } => Some(no_answer_hint(*code).to_owned()),
        Error::Internal(_) => {
            Some("This is a bug in the plugin; ToolJet is not affected. Please report it with this text.".to_owned())
        }
        Error::InvalidOption { .. } | Error::UnknownOperation(_) => None,
    }
}

fn api_hint(error: &ApiError, context: &Context) -> Option<String> {
    let hint = match ApiCause::of(error) {
        ApiCause::InvalidKey => {
            "Check the API key in the data source: paste it again, and make sure that it was not revoked and belongs \
             to this address."
                .to_owned()
        }
        ApiCause::MissingScope => {
            "The API key is genuine but restricted. Give it the named permission (for queries: Model capabilities, \
             Request) in the dashboard, or use another key."
                .to_owned()
        }
        ApiCause::Organization => {
            "Check the Organization ID in the data source: it must start with org- and belong to the API key. Most \
             keys need none: clear the field."
                .to_owned()
        }
        ApiCause::Project => {
            "Check the Project ID in the data source: it must start with proj_ and belong to the API key. Most keys \
             need none: clear the field."
                .to_owned()
        }
        ApiCause::Country => {
            "The API does not serve the country that the ToolJet server's requests come from. Use a server, a proxy \
             or a gateway in a supported country."
                .to_owned()
        }
        ApiCause::Billing => {
            "The API key works, but the account has no credit left or has reached a spend limit. Add credit or raise \
             the limit in the billing settings; trying again does not help."
                .to_owned()
        }
        ApiCause::RateLimit => {
            let wait = error.retry_after.map(|wait| format!(" in {}", seconds(wait))).unwrap_or_default();
            format!(
                "Too many requests or tokens per minute. Try again{wait}, send less, or raise the limits of the account."
            )
        }
        ApiCause::TooLarge => {
            "This request alone is larger than the limit, so trying again does not help. Shorten the prompt or the \
             message history, or lower Max Tokens."
                .to_owned()
        }
        ApiCause::ContextLength => {
            "The prompt, the message history and Max Tokens together are longer than the model can read. Shorten \
             them, or choose a model with a larger context."
                .to_owned()
        }
        ApiCause::ModelNotFound => model_not_found(context),
        ApiCause::ModelOfOtherEndpoint => other_endpoint(error, context),
        ApiCause::NoSuchRoute => wrong_address(error.html, context),
        ApiCause::ContentFilter => "The content filter stopped the prompt. Rephrase it.".to_owned(),
        ApiCause::Parameter => {
            let param = error.param.as_deref().unwrap_or_default();
            format!("Change or clear {}, or choose another model.", field_of(param))
        }
        ApiCause::Overloaded => {
            let wait = error.retry_after.map(|wait| format!(" in {}", seconds(wait))).unwrap_or_default();
            format!("The API has no capacity at the moment. Try again{wait}.")
        }
        ApiCause::ServerError => "The API or a proxy before it failed. Try again later.".to_owned(),
        ApiCause::Other if error.html => wrong_address(true, context),
        ApiCause::Other if error.status == 403 => {
            "The API understood the request and refused it. Check what the API key, organization and project may do."
                .to_owned()
        }
        ApiCause::Other if error.message.to_ascii_lowercase().contains("suffix") => {
            "This model does not take a suffix. Clear Suffix, or set Engine to Chat, which writes towards the suffix."
                .to_owned()
        }
        ApiCause::Other => return None,
    };
    Some(hint)
}

/// The form field that sets a request parameter.
fn field_of(param: &str) -> &str {
    match param {
        "max_completion_tokens" => "max_tokens",
        "stop" => "stop_sequence",
        param if param.starts_with("messages") => "the prompt or message_history",
        param if param.starts_with("response_format") => "response_format or json_schema",
        param => param,
    }
}

fn model_not_found(context: &Context) -> String {
    let Some(model) = &context.model else {
        return "Check the model's name; the List models operation shows what this key may use.".to_owned();
    };
    if let Some(shutdown) = capabilities::shutdown(model) {
        let end = match shutdown.date {
            Some(date) => format!("OpenAI announced the end of {model} for {date}"),
            None => format!("OpenAI no longer serves {model}"),
        };
        let engine = match context.path {
            Some("/completions") => " with Engine set to Auto or Chat",
            _ => "",
        };
        return format!("{end}. Use {}{engine}.", shutdown.replacement);
    }
    format!(
        "Check the name {model}: it may be mistyped, shut down, or not open to this key. The List models operation \
         shows what this key may use."
    )
}

fn other_endpoint(error: &ApiError, context: &Context) -> String {
    let model = context.model.as_deref().unwrap_or("this model");
    if capabilities::is_responses_only(model) || error.message.contains("v1/responses") {
        return format!(
            "{model} is served by the Responses API only. Choose a chat model, for example {}.",
            capabilities::DEFAULT_CHAT_MODEL
        );
    }
    match context.path {
        Some("/completions") => {
            format!("{model} is a chat model. Set Engine to Auto or Chat, or use the Chat operation.")
        }
        _ => format!(
            "{model} is not a chat model. Choose a chat model, for example {}.",
            capabilities::DEFAULT_CHAT_MODEL
        ),
    }
}

fn wrong_address(html: bool, context: &Context) -> String {
    let what = if html {
        "A web page answered instead of the API: a wrong base URL, a sign-in page of the network, or a proxy."
    } else {
        "What answered is not the API that was expected."
    };
    let address = &context.base_url;
    if context.base_url_given {
        format!("{what} Check the Base URL ({address}): it usually ends in /v1, and the plugin adds the rest.")
    } else {
        format!("{what} The plugin asked {address}; check the server's network and proxy settings.")
    }
}

fn transport_hint(kind: TransportErrorKind, context: &Context) -> Option<String> {
    let host = &context.host;
    Some(match kind {
        TransportErrorKind::Dns => format!(
            "Check the host name {host} in the Base URL, and that the ToolJet server can resolve names (or set a proxy)."
        ),
        TransportErrorKind::Refused => {
            format!("Nothing listens at {host}. Check host and port of the Base URL, and that the server there runs.")
        }
        TransportErrorKind::ConnectTimeout | TransportErrorKind::Unreachable => format!(
            "A firewall or a missing route keeps the ToolJet server from {host}. Allow the connection, or set \
             TOOLJET_HTTP_PROXY or HTTPS_PROXY on the server."
        ),
        TransportErrorKind::Reset | TransportErrorKind::Truncated => {
            format!("The connection to {host} broke. Try again; if it lasts, look at proxies and firewalls between.")
        }
        TransportErrorKind::TlsExpired => {
            format!("The certificate of {host} is out of date, or the ToolJet server's clock is wrong.")
        }
        TransportErrorKind::TlsUnknownIssuer => format!(
            "If {host}, or a proxy that inspects traffic, uses a certificate of your own authority or a self-signed \
             one, set NODE_EXTRA_CA_CERTS on the ToolJet server to a PEM file with it and restart."
        ),
        TransportErrorKind::TlsWrongHost => {
            format!(
                "The certificate does not name {host}. Use the host name that the certificate is for in the Base URL."
            )
        }
        TransportErrorKind::Tls => format!(
            "Check that {host} speaks TLS 1.2 or later at this port; a plain http server needs http:// in the Base URL."
        ),
        TransportErrorKind::Proxy => {
            "Check TOOLJET_HTTP_PROXY, HTTPS_PROXY or HTTP_PROXY on the ToolJet server and that the proxy runs and may \
             connect to the API, or list the API's host in NO_PROXY."
                .to_owned()
        }
        TransportErrorKind::ProxyAuthentication => {
            "Put user and password into TOOLJET_HTTP_PROXY, HTTPS_PROXY or HTTP_PROXY on the ToolJet server: \
             http://user:password@host:port."
                .to_owned()
        }
        TransportErrorKind::Redirect => {
            "Put the address that the API redirects to into the Base URL, if you trust it.".to_owned()
        }
        TransportErrorKind::NotHttp => {
            format!(
                "Check the port and the scheme of the Base URL ({}): https:// for TLS, http:// without.",
                context.base_url
            )
        }
        TransportErrorKind::TooLarge => "Ask for less, for example with Max Tokens or fewer answers.".to_owned(),
        TransportErrorKind::Compression => "A proxy between may have damaged the answer. Try again.".to_owned(),
        TransportErrorKind::Blocked => {
            "ToolJet's SSRF protection forbids this address. Use a public host, or ask the administrator of the \
             ToolJet server (SSRF_PROTECTION_ENABLED)."
                .to_owned()
        }
        TransportErrorKind::Timeout | TransportErrorKind::Other => return None,
    })
}

fn no_answer_hint(code: NoAnswer) -> &'static str {
    match code {
        NoAnswer::Refusal => "Rephrase the prompt or the system prompt.",
        NoAnswer::ContentFilter => "Rephrase the prompt; the text it leads to is filtered.",
        NoAnswer::TokensSpentOnReasoning => {
            "Raise Max Tokens or clear it, or set reasoning_effort lower: reasoning counts towards the limit."
        }
        NoAnswer::JsonTruncated => "Raise Max Tokens or clear it, or ask for less.",
        NoAnswer::JsonInvalid => "Say in the prompt that the answer must be JSON only, or use json_schema.",
        NoAnswer::Empty => "Try again or choose another model.",
    }
}

/// One sentence or two for `description`: what happened, and what to do.
#[must_use]
pub fn describe(error: &Error, hint: Option<&str>) -> String {
    let what = error.to_string();
    // Field names are as they are in the form: `max_tokens: ...` stays.
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
        let context = Context { model: Some("o1".to_owned()), ..Context::default() };
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
    fn a_description_is_whole_sentences() {
        let timeout = Error::Timeout { after: std::time::Duration::from_secs(5) };
        assert_eq!(describe(&timeout, Some("Do this.")), "No answer within 5 s. Do this.");
        assert_eq!(describe(&Error::invalid("n", "is odd"), None), "n: is odd.");
    }
}
