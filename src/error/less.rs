//! How a query can ask for less, with the fields that its form has.

use crate::error::{ErrorText, error_text, hints::HintContext, work::Work};

/// The ways to get a response sooner, and finally `or`: as a sentence.
pub(super) fn sooner(context: &HintContext, or: &'static str) -> ErrorText {
    const FASTER_MODEL: &str = "choose a faster model";
    let less = match Work::of(context) {
        Work::BatchStart => return any_of(&["start batches with fewer rows", or]),
        // A file is read whole, for whichever of its rows.
        Work::BatchResult if context.spans_batches => {
            return any_of(&["get fewer rows at once with First row and Rows", or]);
        }
        Work::BatchResult | Work::Models | Work::ConnectionTest => return any_of(&[or]),
        Work::Chat | Work::Completion => "ask for less, for example with a lower Max tokens",
        Work::ChatRows | Work::CompletionRows => "ask for less, for example with fewer Prompts or a lower Max tokens",
        Work::Embeddings => "send fewer texts",
        Work::Images => "ask for fewer or smaller images",
        Work::Transcription => "send a shorter recording",
        Work::Decision | Work::Moderation => "send a shorter Input",
        Work::Other => "send less",
    };
    any_of(&[less, FASTER_MODEL, or])
}

/// The ways to send fewer tokens, and perhaps `or`: as a sentence.
pub(super) fn shorter(context: &HintContext, or: Option<&str>) -> ErrorText {
    let work = Work::of(context);
    let shorten = format!("shorten {}", work.messages());
    let ways: &[&str] = match work {
        Work::Chat | Work::ChatRows | Work::Completion | Work::CompletionRows => &[&shorten, "lower Max tokens"],
        Work::Embeddings => &[&shorten, "split it into several strings"],
        Work::Images | Work::Decision | Work::Moderation => &[&shorten],
        Work::Transcription => &["shorten Recording"],
        Work::BatchStart => &["start batches with fewer rows"],
        Work::BatchResult | Work::Models | Work::ConnectionTest | Work::Other => &["send less"],
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
        Work::Decision | Work::Moderation => "a shorter Input",
        Work::BatchResult | Work::Models | Work::ConnectionTest | Work::Other => "a smaller input",
    }
}

/// How to get a smaller response, as a sentence.
pub(super) fn smaller_response(context: &HintContext) -> ErrorText {
    match Work::of(context) {
        // Each row of a list has a response of its own.
        Work::Chat | Work::ChatRows | Work::Completion | Work::CompletionRows => {
            "Ask for less, for example with a lower Max tokens or Number of results."
        }
        Work::Embeddings => "Embed fewer texts at once, set fewer Dimensions, or choose Base64 as Encoding format.",
        Work::Images => "Ask for fewer or smaller images.",
        Work::Transcription => "Send a shorter recording.",
        Work::Decision | Work::Moderation => "Send a shorter Input.",
        Work::BatchStart | Work::BatchResult => "Start batches with fewer rows.",
        // The whole list arrives before it is filtered.
        Work::Models | Work::ConnectionTest => "Enter the Base URL of a server with a shorter list of models.",
        Work::Other => "Send less.",
    }
    .into()
}

/// How to get a smaller result from responses that are small enough, as a sentence.
pub(super) fn smaller_result(context: &HintContext) -> ErrorText {
    match (Work::of(context), context.fitting_rows) {
        (Work::BatchResult, Some(rows)) => error_text![
            "Get fewer rows at once: set Rows to ",
            rows,
            " or less, and raise First row by as many from query to query."
        ],
        (Work::ChatRows | Work::CompletionRows, _) => {
            "Ask for less, for example with fewer Prompts, or a lower Max tokens or Number of results.".into()
        }
        (Work::Models, _) => {
            "Enter a Filter that fewer models match, or the Base URL of a server with a shorter list.".into()
        }
        _ => smaller_response(context),
    }
}

/// `A, b, or c.`
pub(super) fn any_of(ways: &[&str]) -> ErrorText {
    ErrorText::own(match ways {
        [others @ .., last] if !others.is_empty() => format!("{}, or {last}", others.join(", ")),
        ways => ways.concat(),
    })
    .sentence()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::hints::Endpoint;

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
    fn says_what_makes_a_response_or_only_its_result_smaller() {
        let rows = "Ask for less, for example with a lower Max tokens or Number of results.";
        let fewer = "Ask for less, for example with fewer Prompts, or a lower Max tokens or Number of results.";
        let base_url = "Enter the Base URL of a server with a shorter list of models.";
        let filter = "Enter a Filter that fewer models match, or the Base URL of a server with a shorter list.";
        for (context, response, result) in [
            (of("chat", Endpoint::Chat), rows, rows),
            (of("chat_list", Endpoint::Chat), rows, fewer),
            (of("completion_list", Endpoint::Completions), rows, fewer),
            (of("list_models", Endpoint::Models), base_url, filter),
            (HintContext { operation: None, ..of("", Endpoint::Models) }, base_url, base_url),
        ] {
            let said = [smaller_response(&context), smaller_result(&context)].map(|hint| hint.to_string());
            assert_eq!(said, [response, result]);
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
