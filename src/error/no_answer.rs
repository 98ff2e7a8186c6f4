//! Answers that came, and hold nothing to return.

/// What came in place of the expected JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// A web page.
    Html,
    /// A stream of events, which was not asked for.
    EventStream,
    /// Anything else.
    Other,
}

/// Reasons why an answer holds nothing to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoAnswerReason {
    /// The model refused.
    Refusal,
    /// The content filter stopped the answer before any text.
    ContentFilter,
    /// The token limit was used up before any text, usually by reasoning.
    TokensSpentOnReasoning,
    /// JSON was asked for and the answer was cut by the token limit.
    JsonTruncated,
    /// JSON was asked for and the answer is none.
    JsonInvalid,
    /// The answer has no choices, or the upstream model failed.
    Empty,
}

impl NoAnswerReason {
    /// The word for `data.code`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::ContentFilter => "content_filter",
            Self::TokensSpentOnReasoning => "tokens_spent_on_reasoning",
            Self::JsonTruncated => "json_truncated",
            Self::JsonInvalid => "json_invalid",
            Self::Empty => "no_answer",
        }
    }
}
