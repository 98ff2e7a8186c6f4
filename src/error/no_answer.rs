//! Responses without a usable answer.

use serde_json::{Map, Value};

use crate::{budgets::MAX_PARTIAL_BYTES, error::truncate::start_of};

/// Precedes the excerpt of a body in the reason of [`crate::error::Error::Decode`].
pub(crate) const SAYING: &str = ": “";

/// What a body contains instead of the expected JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// A web page.
    Html,
    /// Server-sent events.
    EventStream,
    /// Anything else.
    Other,
}

/// Reasons why a response has no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoAnswerReason {
    /// The model refused.
    Refusal,
    /// The content filter stopped the answer before any text.
    ContentFilter,
    /// The token limit was used up before any text, usually by reasoning.
    TokensSpentOnReasoning,
    /// JSON was requested, and the token limit cut the answer off.
    JsonTruncated,
    /// JSON was requested, and the answer is not JSON.
    JsonInvalid,
    /// The model reasoned but wrote no answer.
    OnlyReasoning,
    /// The model failed midway.
    CutOff,
    /// The response belongs to another API: it lacks the member with the answers.
    OtherResponse,
    /// A requested check did not take place.
    NotModerated,
    /// There is not exactly one vector per text.
    EmbeddingInvalid,
    /// The response has no choices or no text, or the model behind a gateway failed.
    Empty,
}

/// What a response without a usable answer contains anyway. Each text is truncated to [`MAX_PARTIAL_BYTES`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The text that the model wrote.
    pub text: Option<String>,
    /// Its reasoning.
    pub reasoning: Option<String>,
    /// `metadata` of the response, such as `usage`: it is billed anyway.
    pub metadata: Box<Map<String, Value>>,
}

impl Given {
    /// Keeps the text and the reasoning unless they are blank.
    #[must_use]
    pub fn new(text: &str, reasoning: &str) -> Self {
        let [text, reasoning] = [text, reasoning].map(|text| start_of(text, MAX_PARTIAL_BYTES));
        let [text, reasoning] = [text, reasoning].map(|text| (!text.trim().is_empty()).then(|| text.to_owned()));
        Self { text, reasoning, metadata: Box::default() }
    }

    /// The members of a failure's `data`: `partial` and `reasoning`.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let members = [("partial", &self.text), ("reasoning", &self.reasoning)];
        members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))).collect()
    }
}

impl NoAnswerReason {
    /// The value of `data.code`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::ContentFilter => "content_filter",
            Self::TokensSpentOnReasoning => "tokens_spent_on_reasoning",
            Self::JsonTruncated => "json_truncated",
            Self::JsonInvalid => "json_invalid",
            Self::OnlyReasoning => "only_reasoning",
            Self::CutOff => "answer_cut_off",
            Self::NotModerated => "not_moderated",
            Self::EmbeddingInvalid => "invalid_embedding",
            Self::Empty | Self::OtherResponse => "no_answer",
        }
    }
}
