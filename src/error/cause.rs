//! What an error of the API is about, read from its status, code, type, param and message.

use crate::error::ApiError;

/// Codes of the API for an account that has no credit or is over its limit.
pub(crate) const BILLING_CODES: [&str; 5] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
];

/// Words for a model that another endpoint serves.
const OTHER_ENDPOINT: [&str; 4] = ["is a chat model", "not a chat model", "in v1/responses", "in the v1/"];
/// Words for a model that is not there.
const GONE: [&str; 7] =
    ["does not exist", "not found", "deprecated", "decommissioned", "no longer", "no such model", "unknown model"];

/// What an error of the API is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiCause {
    /// The key is unknown, revoked or mistyped.
    InvalidKey,
    /// The key is genuine, but restricted.
    MissingScope,
    /// The organization is unknown, or not the key's.
    Organization,
    /// The project is unknown, or not the key's.
    Project,
    /// The server stands in a country that the API does not serve.
    Country,
    /// The account has no credit, or is over a limit of its own.
    Billing,
    /// Too many requests or tokens per minute; passes.
    RateLimit,
    /// This request alone exceeds a limit.
    TooLarge,
    /// The prompt is longer than the model's context.
    ContextLength,
    /// No such model, no access to it, or it is gone.
    ModelNotFound,
    /// The model belongs to another endpoint.
    ModelOfOtherEndpoint,
    /// The server has no such path.
    NoSuchRoute,
    /// The content filter stopped the prompt.
    ContentFilter,
    /// The model does not take this parameter or value.
    Parameter,
    /// The API has no capacity; passes.
    Overloaded,
    /// The API failed; passes.
    ServerError,
    /// Anything else.
    Other,
}

impl ApiCause {
    /// Reads the cause.
    #[must_use]
    pub fn of(error: &ApiError) -> Self {
        let message = error.message.to_ascii_lowercase();
        let says = |words: &str| message.contains(words);
        let code = error.code.as_deref().unwrap_or_default();
        let status = error.status;
        if is_billing(error) {
            return Self::Billing;
        }
        if says("missing scopes") {
            return Self::MissingScope;
        }
        match code {
            "invalid_api_key" => return Self::InvalidKey,
            "mismatched_organization" | "invalid_organization" | "no_organization" => return Self::Organization,
            "mismatched_project" | "invalid_project" => return Self::Project,
            "unsupported_country_region_territory" => return Self::Country,
            "context_length_exceeded" => return Self::ContextLength,
            "content_filter" | "content_policy_violation" | "moderation_blocked" => return Self::ContentFilter,
            "model_not_found" | "model_deprecated" | "model_decommissioned" | "DeploymentNotFound" => {
                return Self::ModelNotFound;
            }
            "OperationNotSupported" => return Self::ModelOfOtherEndpoint,
            _ => {}
        }
        match status {
            401 | 403 if says("organization") => Self::Organization,
            401 | 403 if says("project") && !says("model") => Self::Project,
            401 | 403 if says("country") => Self::Country,
            403 if says("does not have access to model") || says("not have access to the model") => Self::ModelNotFound,
            401 => Self::InvalidKey,
            400 | 404 if OTHER_ENDPOINT.iter().any(|words| says(words)) => Self::ModelOfOtherEndpoint,
            400 | 404 | 410 if says("model") && GONE.iter().any(|words| says(words)) && !error.html => {
                Self::ModelNotFound
            }
            404 | 405 | 501 => Self::NoSuchRoute,
            400 | 422 if says("context length") || says("maximum context") => Self::ContextLength,
            _ if is_too_large(error) => Self::TooLarge,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            500.. => Self::ServerError,
            400 | 422 if error.param.is_some() => Self::Parameter,
            _ => Self::Other,
        }
    }

    /// Whether the server lacks the model or the endpoint.
    #[must_use]
    pub fn is_about_model_or_route(self) -> bool {
        matches!(self, Self::ModelNotFound | Self::ModelOfOtherEndpoint | Self::NoSuchRoute)
    }
}

/// No credit or over a spend limit: waiting does not help.
#[must_use]
pub fn is_billing(error: &ApiError) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    error.status == 402 || error.kind.as_deref() == Some("insufficient_quota") || BILLING_CODES.contains(&code)
}

/// This one request exceeds the rate limit by itself: waiting does not help.
#[must_use]
pub fn is_too_large(error: &ApiError) -> bool {
    error.status == 413 || (error.status == 429 && error.message.contains("Request too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, code: Option<&str>, message: &str) -> ApiError {
        ApiError { status, code: code.map(str::to_owned), message: message.to_owned(), ..ApiError::default() }
    }

    #[test]
    fn a_restricted_key_is_not_a_wrong_one() {
        assert_eq!(ApiCause::of(&error(401, None, "Missing scopes: model.request")), ApiCause::MissingScope);
        assert_eq!(ApiCause::of(&error(403, None, "Missing scopes: api.model.read")), ApiCause::MissingScope);
        assert_eq!(ApiCause::of(&error(401, Some("invalid_api_key"), "x")), ApiCause::InvalidKey);
    }

    #[test]
    fn an_unknown_organization_is_known_by_code_or_words() {
        assert_eq!(ApiCause::of(&error(401, Some("mismatched_organization"), "x")), ApiCause::Organization);
        assert_eq!(ApiCause::of(&error(401, None, "No such organization: Acme")), ApiCause::Organization);
    }
}
