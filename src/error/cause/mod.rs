//! Finds out what an API error is about from its status, code, type, param and message.
//!
//! Belongs here: the rules that decide, and their order. In `words`: the vendors' words for each cause.

mod words;

pub(crate) use self::words::BILLING_CODES;
use self::words::{
    BILLING, FLAGGED, FORBIDDEN_IP, FORMATS, GONE, IMAGES, IN_AN_IMAGE, NO_OBJECT, NO_PROVIDER, NO_ROUTE, NOT_TAKEN,
    ONLY_RESPONSES, OTHER_ENDPOINT, OUT_OF_MEMORY, TOO_LONG, TOO_MUCH_AT_ONCE, WRONG_KEY, WRONG_KEY_CODES,
};
use crate::error::ApiError;

/// What an error of the API is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiCause {
    /// The key is unknown, revoked or mistyped.
    InvalidKey,
    /// The key is valid but restricted.
    MissingScope,
    /// The key's account is closed.
    AccountDeactivated,
    /// The key must not be used from this server.
    ForbiddenIp,
    /// The organization must be verified before it may use the model.
    OrganizationUnverified,
    /// The organization is unknown, or not that of the key.
    Organization,
    /// The project is unknown, or not that of the key.
    Project,
    /// The API does not serve the server's country.
    Country,
    /// The account has no credit, or is over its own limit.
    Billing,
    /// Too many requests or tokens per minute; transient.
    RateLimit,
    /// This request alone exceeds a limit.
    TooLarge,
    /// The prompt is longer than the model's context.
    ContextLength,
    /// The model does not exist, is not accessible, or was shut down.
    ModelNotFound,
    /// The model belongs to another endpoint.
    ModelOfOtherEndpoint,
    /// The Responses API serves the model, or may serve it, and Chat does not.
    ModelOfResponses,
    /// In Chat, the model supports tools only without reasoning; in the Responses API, with it.
    ToolsOfResponses,
    /// The server has no such path.
    NoSuchRoute,
    /// The content filter stopped the prompt.
    ContentFilter,
    /// The model or the server does not support images.
    ImageInput,
    /// The model or the server does not support the response format.
    ResponseFormat,
    /// The model does not support this parameter or value.
    Parameter,
    /// A gateway stopped waiting for the model.
    GatewayTimeout,
    /// The model does not fit into the memory of its server.
    OutOfMemory,
    /// The API has no capacity; transient.
    Overloaded,
    /// The API failed; transient.
    ServerError,
    /// Anything else.
    Other,
}

impl ApiCause {
    /// Finds the cause.
    #[must_use]
    pub fn of(error: &ApiError) -> Self {
        if is_billing(error) {
            return Self::Billing;
        }
        let message = error.message.to_ascii_lowercase();
        let says = |words: &str| message.contains(words);
        let says_any = |words: &[&str]| words.iter().any(|words| message.contains(words));
        let code = error.code.as_deref().unwrap_or_default();
        let status = error.status;
        Self::of_access(error, &says).or_else(|| Self::of_code(code)).unwrap_or_else(|| match status {
            _ if !error.html && says_any(&FLAGGED) => Self::ContentFilter,
            400 | 403 if says("location is not supported") => Self::Country,
            401 | 403 if says("organization") => Self::Organization,
            401 | 403 if says("project") && !says("model") => Self::Project,
            401 | 403 if says("country") => Self::Country,
            403 if says("does not have access to model") || says("not have access to the model") => Self::ModelNotFound,
            401 if error.html => Self::Other,
            401 => Self::InvalidKey,
            429 if !is_too_large(error) => Self::RateLimit,
            408 | 504 | 522 | 524 => Self::GatewayTimeout,
            _ if !error.html && is_context(error) => Self::ContextLength,
            _ if !error.html && says_any(&IMAGES) && says_any(&NOT_TAKEN) => Self::ImageInput,
            400 | 404 if says_any(&ONLY_RESPONSES) && is_about_model(error) => Self::ModelOfResponses,
            400 if says("v1/responses") && says("tools") && says("reasoning_effort") => Self::ToolsOfResponses,
            400 | 404 if says_any(&OTHER_ENDPOINT) && is_about_model(error) => Self::ModelOfOtherEndpoint,
            400 | 422 if says_any(&FORMATS) => Self::ResponseFormat,
            400 | 404 | 410 if says("model") && says_any(&GONE) && !error.html => Self::ModelNotFound,
            404 if says_any(&NO_PROVIDER) || error.is_json && says_any(&NO_OBJECT) => Self::Other,
            404 | 405 | 501 => Self::NoSuchRoute,
            _ if status < 500 && says_any(&NO_ROUTE) => Self::NoSuchRoute,
            _ if is_too_large(error) => Self::TooLarge,
            500.. if !error.html && says_any(&OUT_OF_MEMORY) => Self::OutOfMemory,
            503 | 529 => Self::Overloaded,
            500.. => Self::ServerError,
            // In a stream, the status comes before the failure.
            ..400 if error.kind.as_deref() == Some("server_error") => Self::ServerError,
            400 | 422 if error.param.is_some() || is_about_an_image(error) => Self::Parameter,
            _ => Self::Other,
        })
    }

    /// Returns the cause if the key or its account is at fault.
    fn of_access(error: &ApiError, says: &impl Fn(&str) -> bool) -> Option<Self> {
        let names = [&error.code, &error.kind].map(|name| name.as_deref().unwrap_or_default().to_ascii_lowercase());
        let is_named = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
        let is_denial = matches!(error.status, 401 | 403);
        if says("missing scopes") {
            Some(Self::MissingScope)
        } else if says("must be verified to") || says("verify organization") {
            Some(Self::OrganizationUnverified)
        } else if is_named(&["account_deactivated"]) || (is_denial && says("account") && says("deactivated")) {
            Some(Self::AccountDeactivated)
        } else if is_named(&["ip_not_authorized"])
            || (is_denial && !error.html && FORBIDDEN_IP.iter().any(|words| says(words)))
        {
            Some(Self::ForbiddenIp)
        } else if error.status < 404 && (is_named(&WRONG_KEY_CODES) || WRONG_KEY.iter().any(|words| says(words))) {
            let is_of_account = says("organization") || says("project");
            (!is_of_account || is_named(&["invalid_api_key"])).then_some(Self::InvalidKey)
        } else {
            None
        }
    }

    fn of_code(code: &str) -> Option<Self> {
        Some(match code {
            "mismatched_organization" | "invalid_organization" | "no_organization" => Self::Organization,
            "mismatched_project" | "invalid_project" => Self::Project,
            "unsupported_country_region_territory" => Self::Country,
            "context_length_exceeded" => Self::ContextLength,
            "content_filter" | "content_policy_violation" | "moderation_blocked" => Self::ContentFilter,
            "model_not_found" | "model_deprecated" | "model_decommissioned" | "DeploymentNotFound" => {
                Self::ModelNotFound
            }
            "OperationNotSupported" => Self::ModelOfOtherEndpoint,
            "server_is_overloaded" | "overloaded_error" => Self::Overloaded,
            "json_validate_failed" => Self::ResponseFormat,
            _ => return None,
        })
    }

    /// Whether the API read the request and rejected its content.
    #[must_use]
    pub fn is_about_content(self) -> bool {
        matches!(
            self,
            Self::Parameter
                | Self::ModelNotFound
                | Self::ModelOfOtherEndpoint
                | Self::ImageInput
                | Self::ResponseFormat
                | Self::ContextLength
                | Self::Other
                | Self::ServerError
        )
    }

    /// Whether the plugin's advice makes the API's redundant.
    #[must_use]
    pub fn has_own_advice(self) -> bool {
        !matches!(self, Self::Parameter | Self::ResponseFormat | Self::Other)
    }

    /// Whether the same request will always fail, whatever its status says.
    #[must_use]
    pub fn is_permanent(self) -> bool {
        matches!(
            self,
            Self::Billing
                | Self::TooLarge
                | Self::ContextLength
                | Self::ImageInput
                | Self::NoSuchRoute
                | Self::OutOfMemory
        )
    }

    /// Whether the server lacks the model or the endpoint.
    #[must_use]
    pub fn is_about_model_or_route(self) -> bool {
        matches!(self, Self::ModelNotFound | Self::ModelOfOtherEndpoint | Self::ModelOfResponses | Self::NoSuchRoute)
    }
}

/// Whether the API names the model or no parameter: an error about another parameter may quote anything.
fn is_about_model(error: &ApiError) -> bool {
    error.param.as_deref().is_none_or(|param| param == "model")
}

/// No credit or over a spend limit: waiting does not help. Messages alone do not count if the server says when to
/// retry, because Gemini also calls its rate limits "your current quota".
#[must_use]
pub fn is_billing(error: &ApiError) -> bool {
    let is_named = |name: &Option<String>| {
        let name = name.as_deref().unwrap_or_default().to_ascii_lowercase();
        BILLING_CODES.iter().any(|code| name.contains(code))
    };
    let message = error.message.to_ascii_lowercase();
    let says_so = error.retry_after.is_none() && BILLING.iter().any(|words| message.contains(words));
    let can_be = error.status < 500 && !error.html;
    error.status == 402 || (can_be && (is_named(&error.code) || is_named(&error.kind) || says_so))
}

fn is_context(error: &ApiError) -> bool {
    let message = error.message.to_ascii_lowercase();
    error.kind.as_deref() == Some("exceed_context_size_error") || TOO_LONG.iter().any(|words| message.contains(words))
}

/// Whether one of the request's images or files caused the error.
#[must_use]
pub fn is_about_an_image(error: &ApiError) -> bool {
    let texts = [Some(&error.message), error.param.as_ref(), error.code.as_ref()];
    texts.into_iter().flatten().any(|text| {
        let text = text.to_ascii_lowercase();
        IN_AN_IMAGE.iter().any(|words| text.contains(words))
    })
}

/// This request alone exceeds the rate limit: waiting does not help.
#[must_use]
pub fn is_too_large(error: &ApiError) -> bool {
    error.status == 413 || (error.status == 429 && error.message.contains("Request too large"))
}

/// Whether embedding fewer texts at once may succeed.
#[must_use]
pub fn is_too_much_at_once(error: &ApiError) -> bool {
    let says_so = |text: &str| {
        let text = text.to_ascii_lowercase();
        TOO_MUCH_AT_ONCE.iter().any(|words| text.contains(words))
    };
    let texts = [Some(&error.message), error.code.as_ref(), error.kind.as_ref()];
    is_too_large(error)
        || (matches!(error.status, 400 | 413 | 422) && texts.into_iter().flatten().any(|text| says_so(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, code: Option<&str>, message: &str) -> ApiError {
        ApiError { status, code: code.map(str::to_owned), message: message.to_owned(), ..ApiError::default() }
    }

    fn cause(status: u16, message: &str) -> ApiCause {
        ApiCause::of(&error(status, None, message))
    }

    #[test]
    fn distinguishes_a_restricted_key_from_a_wrong_one() {
        assert_eq!(cause(401, "Missing scopes: model.request"), ApiCause::MissingScope);
        assert_eq!(cause(403, "Missing scopes: api.model.read"), ApiCause::MissingScope);
        assert_eq!(ApiCause::of(&error(401, Some("invalid_api_key"), "x")), ApiCause::InvalidKey);
    }

    #[test]
    fn recognizes_an_unknown_organization_by_code_or_message() {
        assert_eq!(ApiCause::of(&error(401, Some("mismatched_organization"), "x")), ApiCause::Organization);
        assert_eq!(cause(401, "No such organization: Acme"), ApiCause::Organization);
    }

    #[test]
    fn recognizes_a_wrong_key_whatever_the_status() {
        for (status, code, message) in [
            (400, None, "API key not valid. Please pass a valid API key."),
            (400, Some("API_KEY_INVALID"), "Please pass another key"),
            (200, Some("1004"), "login fail: Please carry the API secret key in the 'Authorization' field"),
            (403, None, "Invalid API Key format: Must start with pre-defined prefix"),
            (401, None, "Unauthorized"),
        ] {
            assert_eq!(ApiCause::of(&error(status, code, message)), ApiCause::InvalidKey, "{message}");
        }
        let page = ApiError { html: true, ..error(401, None, "Sign in") };
        assert_eq!(ApiCause::of(&page), ApiCause::Other);
    }

    #[test]
    fn distinguishes_why_an_account_has_no_access() {
        let verify = "Your organization must be verified to use the model `m`. Click on Verify Organization.";
        assert_eq!(cause(403, verify), ApiCause::OrganizationUnverified);
        assert_eq!(
            cause(400, "Your organization must be verified to stream this model."),
            ApiCause::OrganizationUnverified
        );
        let closed = "The OpenAI account associated with this API key has been deactivated.";
        assert_eq!(cause(401, closed), ApiCause::AccountDeactivated);
        assert_eq!(ApiCause::of(&error(401, Some("account_deactivated"), "x")), ApiCause::AccountDeactivated);
        assert_eq!(cause(401, "Your IP address is not authorized for this project."), ApiCause::ForbiddenIp);
        assert_eq!(ApiCause::of(&error(401, Some("ip_not_authorized"), "x")), ApiCause::ForbiddenIp);
    }

    #[test]
    fn recognizes_missing_credit_by_code_type_or_message() {
        for (status, name, message) in [
            (429, "billing_not_active", "Your account is not active, please check your billing details."),
            (429, "", "Your account is not active, please check your billing details."),
            (429, "", "You exceeded your current quota, please check your plan and billing details."),
            (400, "billing_hard_limit_reached", "Billing hard limit has been reached"),
            (400, "", "Your credit balance is too low to access the API."),
            (402, "", "Insufficient Balance"),
            (403, "insufficient_user_quota", "x"),
            (400, "budget_exceeded", "Budget has been exceeded!"),
            (429, "3036", "AiError: you have used up your daily free allocation of 10,000 neurons"),
            (400, "Arrearage", "Access denied, please make sure your account is in good standing."),
        ] {
            for error in [
                error(status, Some(name), message),
                ApiError { kind: Some(name.to_owned()), ..error(status, None, message) },
            ] {
                assert_eq!(ApiCause::of(&error), ApiCause::Billing, "{message}");
            }
        }
        let gemini = "You exceeded your current quota, please check your plan and billing details. Please retry in 2s.";
        let wait = Some(std::time::Duration::from_secs(2));
        assert_eq!(ApiCause::of(&ApiError { retry_after: wait, ..error(429, None, gemini) }), ApiCause::RateLimit);
        let groq = "Rate limit reached. Upgrade at https://console.groq.com/settings/billing";
        assert_eq!(cause(429, groq), ApiCause::RateLimit);
    }

    #[test]
    fn recognizes_every_server_s_message_about_a_long_prompt() {
        for (status, message) in [
            (400, "request (4001 tokens) exceeds the available context size (512 tokens), try increasing it"),
            (400, "This model's maximum context length is 8192 tokens. However, you requested 8204 tokens"),
            (400, "litellm.ContextWindowExceededError: AnthropicError - prompt is too long: 209303 tokens"),
            (400, "the input length exceeds the context length"),
            (400, "The input token count (2800010) exceeds the maximum number of tokens allowed (1048575)."),
            (400, "The input (9000 tokens) is longer than the model's context length (8192 tokens)."),
            (400, "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 983616]"),
            (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2019"),
            (422, "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"),
            (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
            (400, "max_tokens must be at least 1, got -186."),
            (500, "the request exceeds the available context size"),
        ] {
            assert_eq!(cause(status, message), ApiCause::ContextLength, "{message}");
        }
        let kind = Some("exceed_context_size_error".to_owned());
        assert_eq!(ApiCause::of(&ApiError { kind, ..error(400, None, "too much") }), ApiCause::ContextLength);
    }

    #[test]
    fn recognizes_every_server_s_message_about_missing_image_support() {
        for (status, message) in [
            (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
            (400, "this model does not support image input (ref: b8bd630e)"),
            (400, "HyperCLOVAX is not a multimodal model"),
            (404, "No endpoints found that support image input"),
            (500, "Failed to parse messages: Unsupported content part type: \"image_url\""),
            (422, "Failed to deserialize: messages[0]: unknown variant `image_url`, expected `text`"),
        ] {
            assert_eq!(cause(status, message), ApiCause::ImageInput, "{message}");
        }
    }

    #[test]
    fn distinguishes_a_gateway_timeout_from_a_server_error() {
        for status in [408, 504, 522, 524] {
            assert_eq!(cause(status, "A timeout occurred"), ApiCause::GatewayTimeout);
        }
        assert_eq!(cause(502, "x"), ApiCause::ServerError);
    }

    #[test]
    fn recognizes_a_rejected_response_format() {
        for message in [
            "'response_format.type' must be 'json_schema' or 'text'",
            "This response_format type is unavailable now",
            "This model does not support response format `json_schema`.",
        ] {
            assert_eq!(cause(400, message), ApiCause::ResponseFormat, "{message}");
        }
    }

    #[test]
    fn distinguishes_flagged_text_from_missing_permissions() {
        let gateway = "m requires moderation on P. Your input was flagged for \"violence\"";
        assert_eq!(cause(403, gateway), ApiCause::ContentFilter);
        assert_eq!(cause(200, "input content audit failed"), ApiCause::ContentFilter);
        assert_ne!(cause(403, "Your account was flagged"), ApiCause::ContentFilter);
    }

    #[test]
    fn recognizes_an_unsupported_country_by_message() {
        assert_eq!(cause(400, "User location is not supported for the API use."), ApiCause::Country);
    }

    #[test]
    fn recognizes_a_missing_path_whatever_the_status() {
        assert_eq!(cause(200, "Unexpected endpoint or method. (POST /chat/completions)"), ApiCause::NoSuchRoute);
        assert_eq!(cause(200, "No route for that URI"), ApiCause::NoSuchRoute);
        assert_eq!(cause(404, "x"), ApiCause::NoSuchRoute);
    }

    #[test]
    fn distinguishes_a_missing_provider_from_a_missing_path() {
        for message in [
            "No endpoints found matching your data policy. Configure: https://openrouter.ai/settings/privacy",
            "No allowed providers are available for the selected model.",
        ] {
            assert_eq!(cause(404, message), ApiCause::Other, "{message}");
        }
    }

    #[test]
    fn distinguishes_a_missing_object_from_a_missing_endpoint() {
        for message in [
            "Item with id 'rs_abc' not found. Items are not persisted when `store` is set to false.",
            "Previous response with id 'resp_1' not found.",
            "No such File object: file-1",
            "Vector store with id 'vs_1' not found.",
        ] {
            let error = ApiError { status: 404, message: message.to_owned(), is_json: true, ..ApiError::default() };
            assert_eq!(ApiCause::of(&error), ApiCause::Other, "{message}");
        }
        assert_eq!(cause(404, "Not Found"), ApiCause::NoSuchRoute);
    }

    #[test]
    fn trusts_only_errors_about_the_model_to_name_the_api() {
        let message = "Invalid value: 'only supported in v1/responses'";
        let about = |param: Option<&str>| {
            ApiCause::of(&ApiError {
                status: 400,
                param: param.map(str::to_owned),
                message: message.to_owned(),
                is_json: true,
                ..ApiError::default()
            })
        };
        assert_eq!(about(Some("messages")), ApiCause::Parameter);
        assert_eq!([about(Some("model")), about(None)], [ApiCause::ModelOfResponses; 2]);
    }

    #[test]
    fn recognizes_a_model_of_another_endpoint() {
        assert_eq!(cause(400, "\"nomic-embed-text\" does not support chat"), ApiCause::ModelOfOtherEndpoint);
        assert_eq!(cause(400, "this model does not support embeddings"), ApiCause::ModelOfOtherEndpoint);
    }

    #[test]
    fn treats_a_model_that_exceeds_memory_as_permanent() {
        let message = "model requires more system memory (2.7 GiB) than is available (2.3 GiB)";
        assert_eq!(cause(500, message), ApiCause::OutOfMemory);
        assert_eq!(cause(500, "CUDA error: out of memory"), ApiCause::OutOfMemory);
        assert!(ApiCause::OutOfMemory.is_permanent());
    }

    #[test]
    fn attributes_failed_json_validation_to_the_format() {
        let failed = error(400, Some("json_validate_failed"), "Failed to generate JSON. Please adjust your prompt.");
        assert_eq!(ApiCause::of(&failed), ApiCause::ResponseFormat);
    }

    #[test]
    fn distinguishes_too_many_texts_from_a_text_that_is_too_long() {
        for (status, code, message) in [
            (400, Some("max_tokens_per_request"), "Requested 453357 tokens, max 300000 tokens per request"),
            (413, Some("20042"), "input batch size 136 > maximum allowed batch size 64"),
            (400, Some("InvalidParameter"), "batch size is invalid, it should not be larger than 10.: input.contents"),
            (400, None, "Too many tokens in batch. Max is 16384 got 17555"),
            (400, None, "The max allowed tokens per submitted batch is 120000. Your batch has 121138 tokens"),
            (400, None, "at most 100 requests can be in one batch"),
            (413, None, "Payload Too Large"),
            (429, None, "Request too large for text-embedding-3-small: Limit 40000, Requested 90000"),
        ] {
            assert!(is_too_much_at_once(&error(status, code, message)), "{message}");
        }
        for (status, message) in [
            (400, "This model's maximum context length is 8192 tokens, however you requested 9000 tokens"),
            (429, "Rate limit reached: Limit 1000000, Used 999999, max 300000 tokens per request"),
            (500, "batch size"),
        ] {
            assert!(!is_too_much_at_once(&error(status, None, message)), "{message}");
        }
    }
}
