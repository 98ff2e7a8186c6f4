//! What the forms call their fields. Written by `npm run docs` from forms/.

/// Key and label of each field.
const LABELS: [(&str, &str); 53] = [
    ("apiKey", "API key"),
    ("organizationId", "Organization ID"),
    ("project_id", "Project ID"),
    ("base_url", "Base URL"),
    ("headers", "Headers"),
    ("timeout_seconds", "Timeout (seconds)"),
    ("max_retries", "Max retries"),
    ("streaming", "Streaming"),
    ("operation", "Operation"),
    ("advanced", "Advanced"),
    ("model", "Model"),
    ("prompt", "Prompt"),
    ("max_tokens", "Max tokens"),
    ("temperature", "Temperature"),
    ("stop_sequence", "Stop sequence"),
    ("suffix", "Suffix"),
    ("engine", "Engine"),
    ("result", "Result"),
    ("n", "Number of results"),
    ("best_of", "Best of"),
    ("top_p", "Top p"),
    ("frequency_penalty", "Frequency penalty"),
    ("presence_penalty", "Presence penalty"),
    ("echo", "Echo"),
    ("seed", "Seed"),
    ("logprobs", "Log probabilities"),
    ("extra_body", "Extra body"),
    ("system_prompt", "System prompt"),
    ("message_history", "Message history"),
    ("images", "Images and files"),
    ("response_format", "Response format"),
    ("json_schema", "JSON schema"),
    ("api", "API"),
    ("reasoning_effort", "Reasoning effort"),
    ("verbosity", "Verbosity"),
    ("image_detail", "Image detail"),
    ("service_tier", "Service tier"),
    ("prompt_cache_key", "Prompt cache key"),
    ("safety_identifier", "Safety identifier"),
    ("metadata", "Metadata"),
    ("image_model", "Model"),
    ("size", "Size"),
    ("quality", "Quality"),
    ("background", "Background"),
    ("output_format", "Output format"),
    ("image_count", "Number of images"),
    ("image_extra_body", "Extra body"),
    ("model_embedding", "Model"),
    ("input", "Input"),
    ("dimensions", "Dimensions"),
    ("encoding_format", "Encoding format"),
    ("embedding_extra_body", "Extra body"),
    ("filter", "Filter"),
];

/// Value and label of each operation, in the order of the form.
pub(crate) const OPERATIONS: [(&str, &str); 5] = [
    ("completion", "Completions"),
    ("chat", "Chat"),
    ("image_generation", "Generate image"),
    ("generate_embedding", "Generate embedding"),
    ("list_models", "List models"),
];

/// The label of the field `key`; `None` for keys that no form shows.
pub(crate) fn label(key: &str) -> Option<&'static str> {
    LABELS.iter().find(|(known, _)| *known == key).map(|(_, label)| *label)
}
