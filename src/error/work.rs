//! What a query asks for, and what its form calls the texts that it sends.

use crate::error::hints::{Endpoint, HintContext};

/// What a call asks for, as far as advice about it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// An answer.
    Chat,
    /// An answer for each row.
    ChatRows,
    /// The rest of a text.
    Completion,
    /// The rest of a text for each row.
    CompletionRows,
    Embeddings,
    Images,
    Transcription,
    /// Answers to questions, perhaps through Chat, whose other settings its form does not have.
    Decision,
    Moderation,
    /// The start of a batch.
    BatchStart,
    /// The results of a batch.
    BatchResult,
    /// The list of models, as a result.
    Models,
    /// The list of models, as a test.
    ConnectionTest,
    Other,
}

impl Work {
    pub(super) fn of(context: &HintContext) -> Self {
        match (context.operation.unwrap_or_default(), context.endpoint) {
            ("", Some(Endpoint::Models)) => Self::ConnectionTest,
            (_, Some(Endpoint::Models)) => Self::Models,
            // Rows that the API has answered with an error. The form of Start a batch says what they are.
            ("batch_result", Some(Endpoint::Chat | Endpoint::Responses)) | ("chat_list", _) => Self::ChatRows,
            ("batch_result", Some(Endpoint::Embeddings)) | ("generate_embedding", _) => Self::Embeddings,
            ("batch_result", _) => Self::BatchResult,
            ("batch_start", _) => Self::BatchStart,
            ("chat", _) => Self::Chat,
            ("completion", _) => Self::Completion,
            ("completion_list", _) => Self::CompletionRows,
            ("image_generation", _) => Self::Images,
            ("transcription", _) => Self::Transcription,
            ("decision", _) => Self::Decision,
            ("moderation", _) => Self::Moderation,
            _ => Self::Other,
        }
    }

    /// Whether the form has the settings of Chat, such as Response format.
    pub(super) fn is_chat(self) -> bool {
        matches!(self, Self::Chat | Self::ChatRows | Self::BatchStart)
    }

    /// Whether the form is that of Completions.
    pub(super) fn is_completion(self) -> bool {
        matches!(self, Self::Completion | Self::CompletionRows)
    }

    /// Whether the requests have no body, so that they cannot be shorter.
    pub(super) fn has_no_body(self) -> bool {
        matches!(self, Self::BatchResult | Self::Models | Self::ConnectionTest)
    }

    /// The field for what the model should do.
    pub(super) fn prompt(self) -> &'static str {
        match self {
            Self::ChatRows | Self::CompletionRows | Self::BatchStart => "Prompts",
            Self::Embeddings | Self::Decision | Self::Moderation => "Input",
            _ => "Prompt",
        }
    }

    /// The fields whose texts become the messages of a chat.
    pub(super) fn messages(self) -> &'static str {
        match self {
            Self::Chat => "Prompt or Message history",
            Self::ChatRows | Self::BatchStart => "Prompts or Message history",
            Self::Decision => "Input or Question",
            _ => self.prompt(),
        }
    }
}
