//! Shutdown dates of models, and their replacements.
//!
//! A shutdown counts from its date by the server's clock; before that, the model is served and nothing is said. The
//! comment of each row names the page with the dates, and when it was read.

use std::time::{Duration, SystemTime};

use crate::{
    error::hints::ModelEnd,
    policy::capabilities::{DEFAULT_CHAT_MODEL, openai_name, undated, vendor_prefix},
};

/// A day in UTC, written `YYYY-MM-DD`. Later days are greater. The default precedes all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(String);

impl Day {
    /// The day of this time.
    #[must_use]
    pub fn of(time: SystemTime) -> Self {
        const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        // Years that start in March end with their leap day. 400 of them have 146,097 days.
        let days = seconds / SECONDS_PER_DAY + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months_since_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
        let month = (months_since_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self(format!("{year:04}-{month:02}-{day:02}"))
    }

    /// `YYYY-MM-DD`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the day at the start of `text` has come, such as `2026-10-23` in `2026-10-23T00:00:00Z`.
    #[must_use]
    pub fn is_from(&self, text: &str) -> bool {
        text.get(..10).is_some_and(|date| is_day(date) && date <= self.0.as_str())
    }

    /// The day written like this.
    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Whether `text` has the shape `YYYY-MM-DD`.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// The first day without these models, their replacement, and their names.
type Shutdown = (&'static str, Option<&'static str>, &'static [&'static str]);

/// If `OpenAI`'s own replacement reasons by default and the old model does not, a replacement with the same parameters
/// is listed instead: saved queries have a temperature, and a Max tokens without room for reasoning. A replacement that
/// has its own shutdown date is followed to one without.
const SHUTDOWNS: [Shutdown; 30] = [
    // OpenAI's deprecations page, 2023-07-06, read 2025-11.
    (
        "2024-01-04",
        Some(DEFAULT_CHAT_MODEL),
        &["text-davinci-003", "text-davinci-002", "text-curie-001", "text-babbage-001", "text-ada-001"],
    ),
    // OpenAI's deprecations page, 2023-11-06, read 2025-11.
    (
        "2024-09-13",
        Some("gpt-5.4-mini"),
        &["gpt-3.5-turbo-16k", "gpt-3.5-turbo-16k-0613", "gpt-3.5-turbo-0613", "gpt-3.5-turbo-0301"],
    ),
    // OpenAI's deprecations page, 2024-06-06, read 2026-11-25.
    ("2024-12-06", Some("gpt-5.4"), &["gpt-4-vision-preview", "gpt-4-1106-vision-preview"]),
    ("2025-06-06", Some("gpt-5.4"), &["gpt-4-32k", "gpt-4-32k-0613", "gpt-4-32k-0314"]),
    // OpenAI's deprecations page, 2025-04-28, read 2026-11-25.
    ("2025-07-28", Some("gpt-6.1-sol"), &["o1-preview"]),
    ("2025-10-27", Some("gpt-6.1-terra"), &["o1-mini"]),
    // OpenAI's deprecations page, 2025-11-17 and 18, read 2026-11-25.
    ("2026-02-12", Some("gpt-5.4-mini"), &["codex-mini-latest"]),
    ("2026-02-17", Some("gpt-5.4"), &["chatgpt-4o-latest"]),
    // OpenAI's deprecations page, 2025-09-26, read 2026-11-25.
    ("2026-03-26", Some("gpt-5.4"), &["gpt-4-0314", "gpt-4-0125-preview", "gpt-4-turbo-preview"]),
    // OpenAI's deprecations page, 2025-11-14 (DALL-E), read 2026-11-25.
    ("2026-05-12", Some("gpt-image-2.6-flare"), &["dall-e-2", "dall-e-3"]),
    // OpenAI's deprecations page, 2026-04-22, read 2026-05-14 and 2026-11-25.
    (
        "2026-07-23",
        Some("gpt-5.4"),
        &[
            "gpt-5-chat-latest",
            "gpt-5.1-chat-latest",
            "gpt-4o-search-preview",
            "gpt-5-codex",
            "gpt-5.1-codex",
            "gpt-5.1-codex-max",
            "gpt-5.2-codex",
        ],
    ),
    ("2026-07-23", Some("gpt-5.4-mini"), &["gpt-4o-mini-search-preview", "gpt-5.1-codex-mini", "computer-use-preview"]),
    ("2026-07-23", Some("gpt-6.1-sol"), &["o3-deep-research", "o4-mini-deep-research"]),
    // OpenAI's deprecations page, 2026-05-08, read 2026-05-14.
    ("2026-08-10", Some("gpt-5.4"), &["gpt-5.2-chat-latest", "gpt-5.3-chat-latest"]),
    // OpenAI's deprecations page, 2025-09-26, read 2026-11-25.
    (
        "2026-09-28",
        Some(DEFAULT_CHAT_MODEL),
        &["gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct-0914", "babbage-002", "davinci-002", "gpt-3.5-turbo-1106"],
    ),
    // OpenAI's deprecations page, 2026-04-22, read 2026-10-15 and 2026-11-25.
    ("2026-10-23", Some("gpt-5.4-mini"), &["gpt-3.5-turbo", "gpt-3.5-turbo-0125", "gpt-4.1-nano"]),
    (
        "2026-10-23",
        Some("gpt-5.4"),
        &["gpt-4", "gpt-4-0613", "gpt-4-turbo", "gpt-4-turbo-2024-04-09", "gpt-4-1106-preview", "gpt-4o-2024-05-13"],
    ),
    ("2026-10-23", Some("gpt-6.1-sol"), &["o1", "o1-pro", "o3-mini"]),
    ("2026-10-23", Some("gpt-6.1-terra"), &["o4-mini"]),
    ("2026-10-23", Some("gpt-image-2.6-flare"), &["gpt-image-1"]),
    // OpenAI's deprecations page, 2026-06-02, read 2026-11-25.
    ("2026-12-01", Some("gpt-image-2.6-flare"), &["gpt-image-1-mini", "gpt-image-1.5", "chatgpt-image-latest"]),
    // OpenAI's deprecations page, 2026-06-11, read 2026-11-25.
    ("2026-12-11", Some("gpt-6.1-sol"), &["gpt-5", "gpt-5-pro", "o3", "o3-pro"]),
    ("2026-12-11", Some("gpt-6.1-terra"), &["gpt-5-mini"]),
    ("2026-12-11", Some("gpt-6-luna"), &["gpt-5-nano"]),
    // OpenAI's deprecations page, read 2026-11-25. Only the Realtime API replaces them.
    ("2027-01-06", None, &["tts-1", "tts-1-hd", "gpt-4o-mini-tts"]),
    // OpenAI's deprecations page, 2026-10-14, read 2026-11-25. The page names this replacement for all four.
    ("2027-01-14", Some("gpt-6-luna"), &["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"]),
    // OpenAI's deprecations page, read 2026-11-25.
    ("2027-01-20", None, &["gpt-audio", "gpt-audio-mini"]),
    ("2027-02-26", Some("gpt-transcribe"), &["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"]),
    ("2027-04-01", Some("gpt-5.4"), &["gpt-5.1", "gpt-5.3-codex"]),
    ("2027-04-01", Some("gpt-6-luna"), &["gpt-5.4-nano"]),
];

/// The shutdown of `model` if it is due by `today`: by exact name, or else by family. A fine-tuned model ends with its
/// base model. The replacement gets the prefix of `model`.
#[must_use]
pub fn end(model: &str, today: &Day) -> Option<ModelEnd> {
    let name = openai_name(model);
    let row = |name: &str| SHUTDOWNS.iter().find(|(_, _, models)| models.contains(&name));
    let (date, replacement, _) = row(name).or_else(|| row(undated(name)))?;
    let replacement = replacement.map(|name| format!("{}{name}", vendor_prefix(model)));
    today.is_from(date).then_some(ModelEnd { date, replacement })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::capabilities::{DEFAULT_EMBEDDING_MODEL, DEFAULT_IMAGE_MODEL};

    fn ended(model: &str, today: &str) -> Option<ModelEnd> {
        end(model, &Day::of_text(today))
    }

    fn replacement(model: &str) -> Option<String> {
        ended(model, "2099-01-01").unwrap().replacement
    }

    #[test]
    fn converts_a_time_to_its_day() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_651_199, "2026-11-25"),
            (1_795_651_200, "2026-11-26"),
            (1_798_761_599, "2026-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Day::of(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), Day::of_text(day));
        }
        let before_1970 = SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(Day::of(before_1970), Day::of_text("1970-01-01"));
    }

    #[test]
    fn counts_a_shutdown_from_its_day_on() {
        assert_eq!(ended("gpt-4o", "2027-01-13"), None);
        let expected = ModelEnd { date: "2027-01-14", replacement: Some("gpt-6-luna".to_owned()) };
        assert_eq!(ended("gpt-4o", "2027-01-14"), Some(expected));
        assert!(ended("gpt-4o", "2031-05-05").is_some());
        assert_eq!(end("text-davinci-003", &Day::default()), None);
    }

    #[test]
    fn counts_a_day_from_its_first_hour_on() {
        let today = Day::of_text("2026-11-25");
        for (text, has_come) in [
            ("2026-11-25", true),
            ("2026-11-24T23:59:59Z", true),
            ("2026-11-26", false),
            ("2026-1-1", false),
            ("20261-11-1", false),
            ("soon", false),
            ("", false),
            ("2026-11-2\u{fc}", false),
        ] {
            assert_eq!(today.is_from(text), has_come, "{text}");
        }
    }

    #[test]
    fn ends_a_snapshot_by_its_own_name_or_with_its_family() {
        for (model, date) in [
            ("gpt-4o-2024-05-13", "2026-10-23"),
            ("gpt-4o-2024-08-06", "2027-01-14"),
            ("gpt-5-2025-08-07", "2026-12-11"),
            ("gpt-5-pro-2025-10-06", "2026-12-11"),
            ("gpt-image-1.5-2025-12-16", "2026-12-01"),
            ("o3-deep-research-2025-06-26", "2026-07-23"),
            ("gpt-3.5-turbo-0125", "2026-10-23"),
        ] {
            assert_eq!(ended(model, "2099-01-01").map(|end| end.date), Some(date), "{model}");
        }
    }

    #[test]
    fn ends_a_fine_tuned_model_with_its_base_model() {
        for model in ["ft:gpt-3.5-turbo-0125:acme::1", "ft:davinci-002:acme::1", "ft:gpt-4o-2024-05-13:acme::1"] {
            assert!(ended(model, "2026-11-25").is_some(), "{model}");
        }
        for model in ["ft:gpt-4o-2024-08-06:acme::1", "ft:gpt-4.1-mini-2025-04-14:acme::1"] {
            assert_eq!(ended(model, "2026-11-25"), None, "{model}");
        }
    }

    #[test]
    fn adds_a_gateway_s_prefix_to_the_replacement() {
        assert_eq!(replacement("openai/gpt-3.5-turbo-instruct").as_deref(), Some("openai/gpt-5.4-mini"));
        assert_eq!(replacement("openrouter/openai/gpt-4").as_deref(), Some("openrouter/openai/gpt-5.4"));
        assert_eq!(ended("someone/gpt-4", "2099-01-01"), None);
    }

    #[test]
    fn knows_every_shutdown_that_saved_apps_may_meet() {
        for (model, date) in [
            ("text-davinci-003", "2024-01-04"),
            ("gpt-4-vision-preview", "2024-12-06"),
            ("gpt-4-32k", "2025-06-06"),
            ("o1-preview", "2025-07-28"),
            ("o1-mini", "2025-10-27"),
            ("codex-mini-latest", "2026-02-12"),
            ("chatgpt-4o-latest", "2026-02-17"),
            ("gpt-4-0314", "2026-03-26"),
            ("gpt-4-turbo-preview", "2026-03-26"),
            ("dall-e-3", "2026-05-12"),
            ("computer-use-preview", "2026-07-23"),
            ("gpt-5.1-codex-mini", "2026-07-23"),
            ("gpt-3.5-turbo-instruct", "2026-09-28"),
            ("gpt-4-turbo", "2026-10-23"),
            ("o1-pro", "2026-10-23"),
            ("gpt-image-1", "2026-10-23"),
            ("gpt-image-1-mini", "2026-12-01"),
            ("o3-pro", "2026-12-11"),
            ("gpt-audio-mini", "2027-01-20"),
            ("whisper-1", "2027-02-26"),
            ("tts-1", "2027-01-06"),
            ("gpt-5.4-nano", "2027-04-01"),
        ] {
            assert_eq!(ended(model, "2099-01-01").map(|end| end.date), Some(date), "{model}");
        }
    }

    #[test]
    fn lists_no_model_twice() {
        let names: Vec<_> = SHUTDOWNS.iter().flat_map(|(_, _, models)| *models).collect();
        for (n, name) in names.iter().enumerate() {
            assert!(!names[..n].contains(name), "{name}");
        }
    }

    #[test]
    fn recommends_only_models_without_a_shutdown() {
        let replacements = SHUTDOWNS.iter().filter_map(|(_, replacement, _)| *replacement);
        for model in replacements.chain([DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDING_MODEL, DEFAULT_IMAGE_MODEL]) {
            assert_eq!(ended(model, "2099-01-01"), None, "{model}");
        }
    }

    #[test]
    fn writes_every_date_as_a_day() {
        for (date, _, models) in SHUTDOWNS {
            assert!(is_day(date), "{models:?}");
        }
    }
}
