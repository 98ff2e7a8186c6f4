//! Why a connection test failed, in a few words.

use crate::error::{
    ApiError, BodyKind, Error, ErrorText, TransportErrorKind, access_hints::is_key_missing, cause::ApiCause, error_text,
};

/// Maximum length of the reason of a failed connection test, in characters.
const MAX_REASON_CHARS: usize = 100;
/// Separates what is wrong with an option from what to enter instead.
pub(super) const WHAT_TO_ENTER: &str = "; ";
const WEB_PAGE: &str = "a web page instead of the API";
const OTHER_API: &str = "not an OpenAI-compatible API";

/// Explains in a few words why a connection test failed: `ToolJet` 2 shows nothing else.
#[must_use]
pub fn in_short(error: &Error) -> ErrorText {
    match error {
        Error::InvalidOption { .. } => error.text().until(WHAT_TO_ENTER).truncated(MAX_REASON_CHARS),
        Error::UnknownOperation(_) => "unknown operation".into(),
        Error::Api(error) => api_in_short(error),
        Error::NotRun(_) | Error::BatchRejected { .. } => "not run by the API".into(),
        Error::Timeout { .. } => TransportErrorKind::Timeout.in_short().into(),
        Error::Transport(error) => error.kind.in_short().into(),
        Error::Decode { body: BodyKind::Html, .. } => WEB_PAGE.into(),
        Error::Decode { body: BodyKind::EventStream, .. } => "an event stream instead of a response".into(),
        Error::Decode { .. } => OTHER_API.into(),
        Error::NoAnswer { .. } => "no answer from the model".into(),
        Error::Internal(_) => "the plugin failed unexpectedly".into(),
    }
}

fn api_in_short(error: &ApiError) -> ErrorText {
    let cause = match ApiCause::of(error) {
        ApiCause::NoSuchRoute | ApiCause::Other if error.html => WEB_PAGE,
        ApiCause::InvalidKey if is_key_missing(error) => "API key not received",
        ApiCause::InvalidKey => "wrong API key",
        ApiCause::MissingScope => "restricted API key",
        ApiCause::AccountDeactivated => "account deactivated",
        ApiCause::ForbiddenIp => "IP address not allowed",
        ApiCause::OrganizationUnverified => "organization not verified",
        ApiCause::Organization => "wrong organization ID",
        ApiCause::Project => "wrong project ID",
        ApiCause::Country => "country not supported",
        ApiCause::Billing => "no credit left",
        ApiCause::RateLimit => "rate limit reached",
        ApiCause::TooLarge => "request too large",
        ApiCause::ContextLength => "prompt too long",
        ApiCause::ModelNotFound => "unknown model",
        ApiCause::ModelOfOtherEndpoint | ApiCause::ModelOfResponses => "model of another endpoint",
        ApiCause::ToolsOfResponses => "tools together with reasoning",
        ApiCause::NoSuchRoute => return error_text!["no API at this URL (HTTP ", error.status, ")"],
        ApiCause::ContentFilter => "stopped by the content filter",
        ApiCause::ImageInput => "images not supported",
        ApiCause::ResponseFormat => "response format not supported",
        ApiCause::Parameter => "rejected parameter",
        ApiCause::GatewayTimeout => return error_text!["gateway timeout (HTTP ", error.status, ")"],
        ApiCause::OutOfMemory => "out of memory",
        ApiCause::Overloaded => return error_text!["server overloaded (HTTP ", error.status, ")"],
        ApiCause::ServerError => return error_text!["server error (HTTP ", error.status, ")"],
        ApiCause::Other => return error_text!["request rejected (HTTP ", error.status, ")"],
    };
    cause.into()
}

/// What an error of the API adds to [`in_short`]; without the API's advice if the plugin gives its own.
pub(super) fn api_rest(error: &ApiError, has_own_advice: bool) -> Option<ErrorText> {
    let short = api_in_short(error).to_string();
    let message = if has_own_advice { error.message_without_advice() } else { error.message.clone() };
    let is_new = !short.to_lowercase().contains(message.to_lowercase().trim_end_matches('.'));
    let said = is_new.then(|| ErrorText::foreign(&message));
    if short == WEB_PAGE {
        return said.map(|words| error_text!["it says “", words, "”"]);
    }
    if short.contains(&format!("HTTP {}", error.status)) {
        return said;
    }
    let returned = error.status_and_code();
    Some(said.map_or_else(|| returned.clone(), |words| error_text![returned.clone(), ": ", words]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summarizes_a_failed_test_in_a_few_words() {
        let api = |status, code: &str, html| {
            let code = Some(code.to_owned());
            in_short(&Error::Api(Box::new(ApiError { status, code, html, ..ApiError::default() }))).to_string()
        };
        assert_eq!(api(401, "invalid_api_key", false), "wrong API key");
        assert_eq!(api(429, "insufficient_quota", false), "no credit left");
        assert_eq!(api(500, "", true), "server error (HTTP 500)");
        assert_eq!(api(404, "", false), "no API at this URL (HTTP 404)");
        assert_eq!(api(404, "", true), "a web page instead of the API");
        assert_eq!(api(418, "", false), "request rejected (HTTP 418)");
        let option = |key: &'static str, reason: ErrorText| in_short(&Error::invalid(key, reason)).to_string();
        assert_eq!(option("apiKey", "is missing; enter it".into()), "API key is missing");
        assert_eq!(option("base_url", "x".repeat(500).into()).chars().count(), MAX_REASON_CHARS + 1);
    }
}
