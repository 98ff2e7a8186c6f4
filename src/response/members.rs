//! What servers call the members of a message that `OpenAI`'s document does not have.

/// Members with the model's reasoning as text, by the names of vendors. The first that has any counts: some servers
/// send the same under two names.
pub const REASONING: [&str; 6] =
    ["reasoning_content", "reasoning", "thinking", "reasoning_text", "thinking_content", "thoughts"];
