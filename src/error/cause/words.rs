//! Vendors' words for each cause: parts of messages, in lowercase, and codes.

/// Codes and types, or parts of them, for an account without credit or over its limit.
pub(crate) const BILLING_CODES: [&str; 14] = [
    "insufficient_quota",
    "insufficient_user_quota",
    "insufficient_balance",
    "insufficient_credit",
    "credit_balance_exhausted",
    "exceeded_current_quota",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_",
    "budget_exceeded",
    "payment_required",
    "out_of_credits",
    "arrearage",
];
/// Messages that mean the same.
pub(super) const BILLING: [&str; 17] = [
    "billing details",
    "daily free allocation",
    "billing hard limit",
    "hard limit reached",
    "exceeded your current quota",
    "account is not active",
    "balance is too low",
    "balance too low",
    "insufficient balance",
    "insufficient credit",
    "insufficient funds",
    "insufficient quota",
    "not enough credits",
    "out of credits",
    "no credits remaining",
    "credits are depleted",
    "payment required",
];
/// Messages about a model that another endpoint serves.
pub(super) const OTHER_ENDPOINT: [&str; 7] = [
    "is a chat model",
    "not a chat model",
    "in v1/responses",
    "in the v1/",
    "does not support chat",
    "does not support generate",
    "does not support embedding",
];
/// Messages about a model that only the Responses API serves, or that Chat rejects and Responses may serve.
pub(super) const ONLY_RESPONSES: [&str; 2] =
    ["only supported in v1/responses", "not a chat model and thus not supported in the v1/chat/completions endpoint"];
/// Messages about a missing object that the query names, such as a file or an earlier response.
pub(super) const NO_OBJECT: [&str; 3] = [" with id ", "no such file object", "previous response"];
/// Messages about a missing path, from servers that use another status.
pub(super) const NO_ROUTE: [&str; 3] = ["unexpected endpoint or method", "no route for that uri", "could not route to"];
/// Messages about a gateway's model that no provider serves for this request.
pub(super) const NO_PROVIDER: [&str; 2] = ["no endpoints found", "no allowed providers"];
/// Messages about text that moderation stopped.
pub(super) const FLAGGED: [&str; 4] =
    ["input was flagged", "prompt was flagged", "content was flagged", "content audit failed"];
/// Messages about a model too large for its server.
pub(super) const OUT_OF_MEMORY: [&str; 3] = ["more system memory", "out of memory", "insufficient memory"];
/// Messages about a model that does not exist.
pub(super) const GONE: [&str; 7] =
    ["does not exist", "not found", "deprecated", "decommissioned", "no longer", "no such model", "unknown model"];
/// Messages about a wrong key, whatever the status.
pub(super) const WRONG_KEY: [&str; 10] = [
    "api key not valid",
    "api key is invalid",
    "api key is not valid",
    "api key expired",
    "invalid api key",
    "invalid api-key",
    "invalid api_key",
    "incorrect api key",
    "access token invalid",
    "login fail",
];
/// Codes and types for a wrong key.
pub(super) const WRONG_KEY_CODES: [&str; 6] = [
    "invalid_api_key",
    "api_key_invalid",
    "invalid_token",
    "authentication_error",
    "authorized_error",
    "invalid_authentication_error",
];
/// Messages about an IP address that the key does not allow.
pub(super) const FORBIDDEN_IP: [&str; 7] =
    ["ip address", "ip_not_", "ip not allowed", "ip is not allowed", "ip allowlist", "ip whitelist", "from this ip"];
/// Messages about a prompt that is too long, from `OpenAI` and vLLM, llama.cpp, `LiteLLM`, Anthropic, Ollama, Gemini,
/// `SGLang`, TGI, Qwen, and again vLLM if the prompt alone fills the context.
pub(super) const TOO_LONG: [&str; 16] = [
    "context length",
    "maximum context",
    "context size",
    "context window",
    "contextwindowexceeded",
    "prompt is too long",
    "input is too long",
    "input length exceeds",
    "input token count",
    "maximum number of tokens allowed",
    "prompt contains too many tokens",
    "`inputs` tokens + `max_new_tokens`",
    "`inputs` must have less than",
    "maximum model length",
    "range of input length should be",
    "max_tokens must be at least 1, got -",
];
/// Messages about missing image support, next to a word for images.
pub(super) const NOT_TAKEN: [&str; 10] = [
    "not support",
    "n't support",
    "unsupported",
    "only supported",
    "not a multimodal",
    "unknown variant",
    "endpoints found that support",
    "not enabled",
    "not compiled for",
    "cannot process image",
];
pub(super) const IMAGES: [&str; 5] = ["image input", "images", "image_url", "multimodal", "vision"];
/// Messages about a single image or file, or about too many of them.
pub(super) const IN_AN_IMAGE: [&str; 10] = [
    "image_url",
    "image url",
    "invalid_image",
    "image data",
    "image format",
    "unsupported image",
    "image per ",
    "images per ",
    "too many images",
    ".file",
];
/// Messages about response formats.
pub(super) const FORMATS: [&str; 6] =
    ["response_format", "response format", "json_schema", "json_object", "json mode", "structured output"];
/// Messages about too many texts to embed, or texts that are too long.
pub(super) const TOO_MUCH_AT_ONCE: [&str; 7] = [
    "max_tokens_per_request",
    "tokens per request",
    "batch size",
    "tokens in batch",
    "per submitted batch",
    "in one batch",
    "too many inputs",
];
