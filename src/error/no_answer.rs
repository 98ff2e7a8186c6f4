//! Answers that came, and hold nothing to return.

use serde_json::{Map, Value};

use crate::budgets::MAX_PARTIAL_BYTES;

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
    /// The model thought, and wrote no answer.
    OnlyReasoning,
    /// The model failed after it had written a part of the answer.
    CutOff,
    /// There is not exactly one vector for each text.
    EmbeddingInvalid,
    /// The answer has no choices or no text, or the upstream model failed.
    Empty,
}

/// What the model gave although there is no answer, each cut to [`MAX_PARTIAL_BYTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The text that it wrote.
    pub text: Option<String>,
    /// What it thought.
    pub reasoning: Option<String>,
}

impl Given {
    /// Of a text and a reasoning that may be blank.
    #[must_use]
    pub fn new(text: String, reasoning: String) -> Self {
        let [text, reasoning] = [text, reasoning].map(|text| Some(cut(text)).filter(|text| !text.trim().is_empty()));
        Self { text, reasoning }
    }

    /// The members of a failure's `data`: `partial` and `reasoning`.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let members = [("partial", &self.text), ("reasoning", &self.reasoning)];
        members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))).collect()
    }
}

fn cut(mut text: String) -> String {
    let end = (0..=MAX_PARTIAL_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
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
            Self::OnlyReasoning => "only_reasoning",
            Self::CutOff => "answer_cut_off",
            Self::EmbeddingInvalid => "invalid_embedding",
            Self::Empty => "no_answer",
        }
    }
}
