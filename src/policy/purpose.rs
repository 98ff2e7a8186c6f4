//! Derives a model's purpose from its name, because servers' lists do not state it.

use crate::policy::capabilities::openai_name;

/// A model's purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Answers messages.
    Chat,
    /// Draws images.
    Image,
    /// Turns text into vectors.
    Embedding,
    /// Transcribes speech.
    Transcription,
    /// Something else, such as speech, video or moderation.
    Other,
}

impl Purpose {
    /// The purpose of `model`, with or without a provider's prefix; `None` if its name does not tell. For chat, only
    /// `OpenAI`'s names are known; embedding models of all providers have it in their names, and those for speech use
    /// `OpenAI`'s names.
    #[must_use]
    pub fn of(model: &str) -> Option<Self> {
        let model = model.to_ascii_lowercase();
        let name = openai_name(model.rsplit('/').next().unwrap_or_default());
        let starts_with = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
        let has_part = |part: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|other| other == part);
        if model.contains("embed") {
            return Some(Self::Embedding);
        }
        if starts_with(&["gpt-image", "chatgpt-image", "dall-e"]) {
            return Some(Self::Image);
        }
        if ["tts", "realtime", "sora", "moderation", "reranker", "rerank"].into_iter().any(has_part) {
            return Some(Self::Other);
        }
        if ["transcribe", "whisper"].into_iter().any(has_part) {
            return Some(Self::Transcription);
        }
        let name = openai_name(&model);
        let is_reasoning = name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let is_chat = is_reasoning || name.starts_with("gpt-") || name.starts_with("chatgpt-");
        is_chat.then_some(Self::Chat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::capabilities::{DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDING_MODEL, DEFAULT_IMAGE_MODEL};

    #[test]
    fn derives_the_purpose_from_the_name() {
        for (purpose, models) in [
            (
                Purpose::Chat,
                &[DEFAULT_CHAT_MODEL, "gpt-4o", "o3-mini", "openai/gpt-6-luna", "ft:gpt-4.1:acme::tts", "GPT-6-Sol"][..],
            ),
            (Purpose::Image, &[DEFAULT_IMAGE_MODEL, "openai/gpt-image-1", "chatgpt-image-latest", "DALL-E-3"]),
            (Purpose::Embedding, &[DEFAULT_EMBEDDING_MODEL, "nomic-embed-text:latest", "Qwen/Qwen3-Embedding-8B"]),
            (
                Purpose::Transcription,
                &["gpt-transcribe", "gpt-4o-mini-transcribe", "whisper-1", "openai/whisper-large-v3-turbo"],
            ),
            (
                Purpose::Other,
                &[
                    "tts-1-hd",
                    "gpt-4o-mini-tts",
                    "gpt-realtime-2",
                    "sora-2",
                    "omni-moderation-latest",
                    "bge-reranker-v2",
                ],
            ),
        ] {
            for model in models {
                assert_eq!(Purpose::of(model), Some(purpose), "{model}");
            }
        }
    }

    #[test]
    fn returns_nothing_when_the_name_does_not_tell() {
        for model in
            ["llama3.3:70b", "mistral-large-latest", "bge-m3", "flux-2", "someone/gpt-4o", "not-gpt-image", "ü", ""]
        {
            assert_eq!(Purpose::of(model), None, "{model}");
        }
    }
}
