//! The labels of the form fields and of the operations.
//! Written by `npm run docs` from forms/.

/// The label of the field that has this key.
pub(crate) fn label(key: &str) -> Option<&'static str> {
    Some(match key {
        "apiKey" => "API key",
        "organizationId" => "Organization ID",
        "base_url" => "Base URL",
        "project_id" => "Project ID",
        "headers" => "Headers",
        "timeout_seconds" => "Timeout (seconds)",
        "max_retries" => "Max retries",
        "operation" => "Operation",
        "advanced" => "Advanced",
        "model" | "image_model" | "model_embedding" => "Model",
        "prompt" => "Prompt",
        "system_prompt" => "System prompt",
        "message_history" => "Message history",
        "images" => "Images and files",
        "image_detail" => "Image detail",
        "response_format" => "Response format",
        "json_schema" => "JSON schema",
        "max_tokens" => "Max tokens",
        "temperature" => "Temperature",
        "stop_sequence" => "Stop sequence",
        "suffix" => "Suffix",
        "engine" => "Engine",
        "top_p" => "Top p",
        "frequency_penalty" => "Frequency penalty",
        "presence_penalty" => "Presence penalty",
        "n" => "Number of results",
        "best_of" => "Best of",
        "echo" => "Echo",
        "seed" => "Seed",
        "logprobs" => "Log probabilities",
        "reasoning_effort" => "Reasoning effort",
        "verbosity" => "Verbosity",
        "service_tier" => "Service tier",
        "prompt_cache_key" => "Prompt cache key",
        "safety_identifier" => "Safety identifier",
        "metadata" => "Metadata",
        "extra_body" => "Extra body",
        "result" => "Result",
        "size" => "Size",
        "quality" => "Quality",
        "background" => "Background",
        "output_format" => "Output format",
        "input" => "Input",
        "dimensions" => "Dimensions",
        "encoding_format" => "Encoding format",
        "filter" => "Filter",
        _ => return None,
    })
}

/// The operations in the order of the form, each with its label.
pub(crate) const OPERATIONS: [(&str, &str); 5] = [
    ("completion", "Completions"),
    ("chat", "Chat"),
    ("image_generation", "Generate image"),
    ("generate_embedding", "Generate embedding"),
    ("list_models", "List models"),
];
