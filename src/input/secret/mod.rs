//! Secret text, and how it is kept out of everything that is shown.
//!
//! Errors are short, so they are redacted thoroughly, including parts and encodings of a secret. A result may be long,
//! so it is searched only for whole secrets, in one pass.

mod finder;
mod key_like;
mod parts;
mod views;

use std::{borrow::Cow, fmt, sync::OnceLock};

use serde_json::{Map, Value};

use self::{finder::Finder, parts::Parts};
use crate::{budgets::MAX_DESCRIPTION_CHARS, error::ErrorText};

const REDACTED: &str = "[redacted]";
/// Shorter secrets are redacted only in errors and only as whole words: a local server's key may be `test`.
const MIN_SECRET_BYTES: usize = 8;

/// A secret text, such as an API key, a header's value or a proxy's password. It has no `Display`, and its `Debug`
/// prints a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for sending.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text that this one encodes in base64, such as the credentials after `Basic`.
    #[must_use]
    pub fn decoded_base64(&self) -> Option<Self> {
        views::from_base64(&self.0).map(Self)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Redacts the secrets of one query in every text that leaves the addon.
#[derive(Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
    parts: OnceLock<Parts>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redactor").field(&self.secrets).finish()
    }
}

impl Redactor {
    /// A redactor for these secrets; ignores blank ones.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| !secret.0.trim().is_empty()).collect();
        Self { secrets, parts: OnceLock::new() }
    }

    /// The text of an error with its foreign parts redacted.
    pub fn show(&self, text: &ErrorText) -> String {
        text.with_foreign(|foreign| self.redact(foreign))
    }

    /// Foreign text without known secrets in any encoding, without recognizable parts of one, and without anything that
    /// looks like a key (`sk-...`) or a masked key (`abc****xyz`).
    pub fn redact(&self, text: &str) -> String {
        let parts = self.parts.get_or_init(|| Parts::new(self.secrets.iter().map(Secret::expose)));
        let text = key_like::redact(&parts.redact(text));
        // Text like `sk-abc***xyz` is redacted as two parts.
        text.replace(&REDACTED.repeat(2), REDACTED)
    }

    /// A model's answer without whole secrets. It may be long, and what looks like a key may be an example.
    pub fn redact_answer(&self, text: &str) -> String {
        let finder = Finder::new(self.secrets.iter().map(Secret::expose));
        let secrets = self.secrets.iter().map(Secret::expose).filter(|secret| secret.len() >= MIN_SECRET_BYTES);
        let clean = secrets
            .filter(|secret| text.contains(secret))
            .fold(Cow::Borrowed(text), |clean, secret| Cow::Owned(clean.replace(secret, REDACTED)));
        // The end of a long secret may remain if its start matched another one.
        if finder.is_in(&clean) { self.redact_or_replace(&clean) } else { clean.into_owned() }
    }

    /// Redacts each text in a result's metadata that contains a whole secret; long text is replaced entirely. Members
    /// named in `own` come from the plugin.
    pub fn redact_result(&self, metadata: &mut Map<String, Value>, own: &[&str]) {
        let finder = Finder::new(self.secrets.iter().map(Secret::expose));
        for (name, value) in metadata {
            if !own.contains(&name.as_str()) {
                self.redact_value(value, &finder);
            }
        }
    }

    fn redact_value(&self, value: &mut Value, finder: &Finder<'_>) {
        match value {
            Value::String(text) if finder.is_in(text) => *text = self.redact_or_replace(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_value(item, finder)),
            Value::Object(members) => {
                if members.keys().any(|name| finder.is_in(name)) {
                    *members = std::mem::take(members)
                        .into_iter()
                        .map(|(name, value)| {
                            (if finder.is_in(&name) { self.redact_or_replace(&name) } else { name }, value)
                        })
                        .collect();
                }
                members.values_mut().for_each(|member| self.redact_value(member, finder));
            }
            _ => {}
        }
    }

    /// Searches for parts only in short text, because that takes longer.
    fn redact_or_replace(&self, text: &str) -> String {
        if text.len() <= MAX_DESCRIPTION_CHARS { self.redact(text) } else { REDACTED.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::error_text;

    const KEY: &str = "Zx81-Commodore-64-Amiga-500";

    fn redactor() -> Redactor {
        Redactor::new([Secret::new(KEY)])
    }

    #[test]
    fn hides_a_secret_in_debug() {
        assert_eq!(format!("{:?}", Secret::new(KEY)), REDACTED);
        assert!(!format!("{:?}", redactor()).contains("Amiga"));
    }

    #[test]
    fn redacts_only_whole_secrets_in_an_answer() {
        let redact = |text: &str| redactor().redact_answer(text);
        assert_eq!(
            redact(&format!("***Use*** sk-example-1234, not {KEY}!")),
            "***Use*** sk-example-1234, not [redacted]!"
        );
        assert_eq!(redact("a Commodore-64"), "a Commodore-64");
        let long = Redactor::new([Secret::new(format!("{}{KEY}", "y".repeat(99)))]);
        assert!(!long.redact_answer(&format!("{} yyyyy{KEY}", "x".repeat(9_999))).contains("Zx81"));
    }

    #[test]
    fn redacts_whole_and_partial_echoes() {
        let redact = |text: &str| redactor().redact(text);
        assert_eq!(redact(&format!("key {KEY} is wrong")), "key [redacted] is wrong");
        assert_eq!(redact("starts with Zx81-Commodore ..."), "starts with [redacted] ...");
        assert_eq!(redact("ends with miga-500"), "ends with [redacted]");
        assert_eq!(redact("starts with Zx81-Commod ..."), "starts with [redacted] ...");
        assert_eq!(redact("ends with 4-Amiga-500"), "ends with [redacted]");
        assert_eq!(redact("holds Commodore-64"), "holds [redacted]");
        assert_eq!(redact("got Zx81-Commodore**************-500."), "got [redacted].");
        assert_eq!(redact(&format!("{KEY}{KEY}")), "[redacted]");
    }

    #[test]
    fn redacts_what_looks_like_a_key() {
        let redact = |text: &str| Redactor::default().redact(text);
        assert_eq!(redact("provided: sk-fx***************1234. Check"), "provided: [redacted]. Check");
        assert_eq!(redact("sk-proj-abc_DEF"), "[redacted]");
        assert_eq!(redact("risk-free, 2 ** 3, a*b"), "risk-free, 2 ** 3, a*b");
    }

    #[test]
    fn redacts_a_short_secret_as_a_word_only() {
        let redact = |text: &str| Redactor::new([Secret::new("test")]).redact(text);
        assert_eq!(redact("key test, latest test, testing"), "key [redacted], latest [redacted], testing");
    }

    #[test]
    fn redacts_a_short_secret_that_overlaps_itself() {
        let redact = |text: &str| Redactor::new([Secret::new("a-a")]).redact(text);
        assert_eq!(redact("xa-a-a"), "xa-[redacted]");
        assert_eq!(redact("a-a-a"), "[redacted]");
    }

    #[test]
    fn redacts_a_long_key_in_a_long_text_in_one_pass() {
        // Comparing every position with every other would take hours.
        let (key, text) = ("a1".repeat(32 << 10), "a2 a1a".repeat(32 << 10));
        assert_eq!(Redactor::new([Secret::new(key)]).redact(&text), text);
    }

    #[test]
    fn redacts_many_similar_secrets_in_one_pass() {
        let secrets = (0..100).map(|n| Secret::new("a".repeat(655) + &n.to_string()));
        let text = "a".repeat(2_000);
        assert_eq!(Redactor::new(secrets).redact(&text), REDACTED);
    }

    #[test]
    fn redacts_only_foreign_parts_of_an_error() {
        let redactor = Redactor::new(["chat", "404", "completions"].map(Secret::new));
        let text = error_text!["chat completions: HTTP ", 404_u16, ": ", "404 chat completions".to_owned()];
        let shown = redactor.show(&text);
        assert_eq!(shown, "chat completions: HTTP 404: [redacted] [redacted] [redacted]");
    }

    #[test]
    fn redacts_encoded_secrets() {
        const SECRET: &str = "p@ss/w+rd ümlaut?=0";
        let redact = |text: &str| Redactor::new([Secret::new(SECRET)]).redact(text);
        for echo in [
            "p%40ss%2fw%2Brd%20%C3%BCmlaut%3F%3D0",
            "p%40ss/w%2Brd+%C3%BCmlaut?=0",
            "cEBzcy93K3JkIMO8bWxhdXQ/PTA",
            "cEBzcy93K3JkIMO8bWxhdXQ_PTA",
            "704073732f772b726420c3bc6d6c6175743f3d30",
            "704073732F772B726420C3BC6D6C6175743F3D30",
            // Base64 inside a URL: two nested encodings.
            "cEBzcy93K3JkIMO8bWxhdXQ%2FPTA",
        ] {
            let shown = redact(&format!("it was ({echo}), {echo}"));
            assert_eq!(shown, "it was ([redacted]), [redacted]", "{echo}");
        }
    }

    #[test]
    fn redacts_a_key_in_base64_at_any_offset() {
        // After user:, after u: and at the start; padded by what follows.
        for (echo, left) in [
            ("dXNlcjpaeDgxLUNvbW1vZG9yZS02NC1BbWlnYS01MDA=", "dXNlcj[redacted]="),
            ("dTpaeDgxLUNvbW1vZG9yZS02NC1BbWlnYS01MDA=", "dT[redacted]="),
            ("Wng4MS1Db21tb2RvcmUtNjQtQW1pZ2EtNTAw", "[redacted]"),
            ("xWng4MS1Db21tb2RvcmUtNjQtQW1pZ2EtNTAw", "x[redacted]"),
            ("Z-Wng4MS1Db21tb2RvcmUtNjQtQW1pZ2EtNTAw", "Z-[redacted]"),
        ] {
            assert_eq!(redactor().redact(echo), left);
        }
    }

    #[test]
    fn decodes_a_base64_secret() {
        let decoded = |text: &str| Secret::new(text).decoded_base64().map(|secret| secret.expose().to_owned());
        assert_eq!(decoded("dXNlcjpwYXNz").as_deref(), Some("user:pass"));
        assert_eq!(decoded("dTpww7w=").as_deref(), Some("u:pü"));
        assert_eq!([decoded(""), decoded("user:pass"), decoded("_w")], [None, None, None]);
    }

    #[test]
    fn redacts_whole_secrets_in_a_result_at_any_depth() {
        let long = "x".repeat(MAX_DESCRIPTION_CHARS);
        let metadata = json!({
            "model": format!("gpt {KEY}"),
            "tool_calls": [{"function": {"arguments": format!("{long}{KEY}"), "name": "test Zx81-Commodore-64"}}],
            "usage": {"total": 5, KEY: {"deep": [[KEY]]}},
            "endpoint": KEY,
        });
        let Value::Object(mut metadata) = metadata else { unreachable!() };
        Redactor::new([KEY, "test"].map(Secret::new)).redact_result(&mut metadata, &["endpoint"]);
        assert_eq!(
            Value::Object(metadata),
            json!({
                "model": "gpt [redacted]",
                "tool_calls": [{"function": {"arguments": "[redacted]", "name": "test Zx81-Commodore-64"}}],
                "usage": {"total": 5, "[redacted]": {"deep": [["[redacted]"]]}},
                "endpoint": KEY,
            })
        );
    }

    #[test]
    fn keeps_non_ascii_text() {
        assert_eq!(redactor().redact("Schlüssel „…“ fehlt ✓"), "Schlüssel „…“ fehlt ✓");
    }
}
