//! How a query can ask for less, with the fields that its form has.

use crate::error::{
    ErrorText, error_text,
    hints::{Endpoint, HintContext},
};

/// What a query asks for, as far as it can ask for less in different ways.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
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
    /// The start of a batch.
    BatchStart,
    /// The results of a batch.
    BatchResult,
    Models,
    Other,
}

impl Work {
    fn of(context: &HintContext) -> Self {
        match (context.operation.unwrap_or_default(), context.endpoint) {
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
            _ => Self::Other,
        }
    }
}

/// The ways to get a response sooner, and finally `or`: as a sentence.
pub(super) fn sooner(context: &HintContext, or: &'static str) -> ErrorText {
    const FASTER_MODEL: &str = "choose a faster model";
    let less = match Work::of(context) {
        Work::BatchStart => return any_of(&["start batches with fewer rows", or]),
        // A file is read whole, for whichever of its rows.
        Work::BatchResult if context.spans_batches => {
            return any_of(&["get fewer rows at once with First row and Rows", or]);
        }
        Work::BatchResult | Work::Models => return any_of(&[or]),
        Work::Chat | Work::Completion => "ask for less, for example with a lower Max tokens",
        Work::ChatRows | Work::CompletionRows => "ask for less, for example with fewer Prompts or a lower Max tokens",
        Work::Embeddings => "send fewer texts",
        Work::Images => "ask for fewer or smaller images",
        Work::Transcription => "send a shorter recording",
        Work::Other => "send less",
    };
    any_of(&[less, FASTER_MODEL, or])
}

/// The ways to send fewer tokens, and perhaps `or`: as a sentence.
pub(super) fn shorter(context: &HintContext, or: Option<&'static str>) -> ErrorText {
    let ways: &[_] = match Work::of(context) {
        Work::Chat => &["shorten Prompt or Message history", "lower Max tokens"],
        Work::ChatRows => &["shorten Prompts or Message history", "lower Max tokens"],
        Work::Completion => &["shorten Prompt", "lower Max tokens"],
        Work::CompletionRows => &["shorten Prompts", "lower Max tokens"],
        Work::Embeddings => &["shorten Input", "split it into several strings"],
        Work::Images => &["shorten Prompt"],
        Work::Transcription => &["shorten Recording"],
        Work::BatchStart => &["start batches with fewer rows"],
        Work::BatchResult | Work::Models | Work::Other => &["send less"],
    };
    any_of(&ways.iter().copied().chain(or).collect::<Vec<_>>())
}

/// What makes the body of a request smaller.
pub(super) fn smaller_body(context: &HintContext) -> &'static str {
    match Work::of(context) {
        Work::Chat => "fewer or smaller Images and files, or a shorter Prompt or Message history",
        Work::ChatRows => "fewer or smaller Images and files, or shorter Prompts or Message history",
        Work::Completion => "a shorter Prompt",
        Work::CompletionRows => "shorter Prompts",
        Work::Embeddings => "fewer or shorter strings in Input",
        Work::Images => "fewer or smaller Images, or a shorter Prompt",
        Work::Transcription => "a shorter Recording, or one in a format that compresses, such as MP3 or WebM",
        Work::BatchStart => "fewer rows",
        Work::BatchResult | Work::Models | Work::Other => "a smaller input",
    }
}

/// How to get a smaller response, as a sentence.
pub(super) fn smaller_response(context: &HintContext) -> ErrorText {
    match (Work::of(context), context.fitting_rows) {
        (Work::BatchResult, Some(rows)) => error_text![
            "Get fewer rows at once: set Rows to ",
            rows,
            " or less, and raise First row by as many from query to query."
        ],
        (Work::BatchResult | Work::BatchStart, _) => "Start batches with fewer rows.".into(),
        (Work::Chat | Work::Completion, _) => {
            "Ask for less, for example with a lower Max tokens or Number of results.".into()
        }
        (Work::ChatRows | Work::CompletionRows, _) => {
            "Ask for less, for example with fewer Prompts, or a lower Max tokens or Number of results.".into()
        }
        (Work::Embeddings, _) => {
            "Embed fewer texts at once, set fewer Dimensions, or choose Base64 as Encoding format.".into()
        }
        (Work::Images, _) => "Ask for fewer or smaller images.".into(),
        (Work::Transcription, _) => "Send a shorter recording.".into(),
        (Work::Models, _) => {
            "Enter a Filter that fewer models match, or the Base URL of a server with a shorter list.".into()
        }
        (Work::Other, _) => "Send less.".into(),
    }
}

/// `A, b, or c.`
pub(super) fn any_of(ways: &[&'static str]) -> ErrorText {
    ErrorText::own(match ways {
        [others @ .., last] if !others.is_empty() => format!("{}, or {last}", others.join(", ")),
        ways => ways.concat(),
    })
    .sentence()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(operation: &'static str, endpoint: Endpoint) -> HintContext {
        HintContext { operation: Some(operation), endpoint: Some(endpoint), ..HintContext::default() }
    }

    #[test]
    fn lists_the_ways_in_a_sentence() {
        for (ways, sentence) in
            [(&["a"][..], "A."), (&["a b", "c"], "A b, or c."), (&["a", "b c", "d"], "A, b c, or d.")]
        {
            assert_eq!(any_of(ways).to_string(), sentence);
        }
    }

    #[test]
    fn says_of_a_row_of_a_batch_what_start_a_batch_can_change() {
        for (endpoint, start) in [
            (Endpoint::Chat, "Shorten Prompts or Message history, lower Max tokens, or b."),
            (Endpoint::Responses, "Shorten Prompts or Message history, lower Max tokens, or b."),
            (Endpoint::Embeddings, "Shorten Input, split it into several strings, or b."),
            (Endpoint::Batches, "Send less, or b."),
        ] {
            assert_eq!(shorter(&of("batch_result", endpoint), Some("b")).to_string(), start);
        }
    }

    #[test]
    fn suggests_fewer_rows_of_a_batch_only_when_they_are_in_fewer_files() {
        let sooner = |spans_batches| {
            let context = HintContext { spans_batches, ..of("batch_result", Endpoint::Batches) };
            sooner(&context, "raise it").to_string()
        };
        assert_eq!(sooner(true), "Get fewer rows at once with First row and Rows, or raise it.");
        assert_eq!(sooner(false), "Raise it.");
    }
}
