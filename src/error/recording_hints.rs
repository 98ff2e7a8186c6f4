//! Tells an app builder what to do about a recording that the API rejects.

use crate::error::ApiError;

/// Messages about an unreadable recording, in lower case.
const UNREADABLE: [&str; 5] = [
    "invalid file format",
    "unrecognized file format",
    "corrupted or unsupported",
    "could not be decoded",
    "decode audio",
];
/// Messages about a recording that is too long.
const TOO_LONG: [&str; 3] = ["maximum for this model", "is too long", "audio duration"];

/// Tells what to do about the recording; `None` if `error` is about something else.
pub(super) fn recording_hint(error: &ApiError) -> Option<&'static str> {
    if !matches!(error.status, 400 | 413 | 415 | 422) || error.html {
        return None;
    }
    let message = error.message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if error.code.as_deref() == Some("audio_too_short") || says(&["too short"]) {
        return Some("The recording is nearly empty. Check the microphone, and record for longer.");
    }
    if says(&["content size limit"]) {
        return Some("Record less at once, or use a format that compresses, such as MP3 or WebM.");
    }
    if says(&UNREADABLE) {
        return Some("Check that Recording can be played, and convert it to MP3, M4A, WAV or WebM.");
    }
    says(&TOO_LONG).then_some("Split the recording into several, and run the query for each.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(status: u16, message: &str) -> &'static str {
        let error = ApiError { status, message: message.to_owned(), ..ApiError::default() };
        recording_hint(&error).unwrap_or_default()
    }

    #[test]
    fn gives_advice_for_each_fault_of_a_recording() {
        for (status, message, start) in [
            (400, "Invalid file format. Supported formats: ['flac', 'wav']", "Check that Recording can be played"),
            (400, "Audio file might be corrupted or unsupported", "Check that Recording can be played"),
            (400, "audio duration 1830.5 seconds is longer than 1400 seconds", "Split the recording"),
            (400, "Audio file is too short. Minimum audio length is 0.1 seconds.", "The recording is nearly empty"),
            (413, "Maximum content size limit (26214400) exceeded (26306794 bytes read)", "Record less at once"),
            (413, "Request Entity Too Large", ""),
            (400, "Unknown parameter: 'keywords'.", ""),
            (500, "Invalid file format", ""),
        ] {
            let hint = hint(status, message);
            assert!(if start.is_empty() { hint.is_empty() } else { hint.starts_with(start) }, "{message}: {hint}");
        }
        let page = ApiError { status: 400, html: true, message: "too short".to_owned(), ..ApiError::default() };
        assert_eq!(recording_hint(&page), None);
    }
}
