//! Vendors' names for message members that `OpenAI`'s specification does not have.

/// Members with the model's reasoning as text. The first non-empty one counts, because some servers send the same text
/// under two names.
pub const REASONING: [&str; 6] =
    ["reasoning_content", "reasoning", "thinking", "reasoning_text", "thinking_content", "thoughts"];
