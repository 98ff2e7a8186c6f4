//! Ids of what the API keeps, such as files and batches. Some come from users and some from servers, and all of them
//! become part of a URL, so nothing but an id may be in them.

use std::fmt;

use crate::{
    budgets::MAX_ID_BYTES,
    error::{ErrorText, error_text, truncate::truncate},
};

/// Longest part of a wrong id that an error repeats, in characters.
const EXCERPT: usize = 40;

/// A checked id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiId(String);

impl ApiId {
    /// Checks `text` for characters that ids have: letters, digits, `_`, `-` and `=`.
    ///
    /// # Errors
    /// What is wrong, as a predicate of a field.
    pub fn new(text: &str) -> Result<Self, ErrorText> {
        let text = text.trim();
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=".contains(&byte);
        if text.is_empty() || text.len() > MAX_ID_BYTES || !text.bytes().all(is_id) {
            return Err(error_text!["must be an ID such as batch_abc123, got \"", truncate(text, EXCERPT), "\""]);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part of a path that follows an endpoint: an id, and perhaps what of it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// What is meant.
    pub id: ApiId,
    /// What of it, such as `/content`, or nothing.
    pub part: &'static str,
}

impl fmt::Display for Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}{}", self.id, self.part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_ids_that_servers_have() {
        let long = "f".repeat(MAX_ID_BYTES);
        for id in ["batch_68abC-9", "file-abc", "0f8fad5b-d9cb-469f-a165-70867728950e", "file-bGl0ZQ==", &long] {
            assert_eq!(ApiId::new(&format!(" {id}\n")).unwrap().as_str(), id);
        }
    }

    #[test]
    fn takes_nothing_that_could_lead_to_another_address() {
        let long = "f".repeat(MAX_ID_BYTES + 1);
        for text in ["", " ", "..", "a/b", "a\\b", "a?b", "a#b", "a%2fb", "a b", "a;b", "a.b", "é", "a:b", &long] {
            let error = ApiId::new(text).unwrap_err().to_string();
            assert!(error.starts_with("must be an ID such as batch_abc123, got \"") && error.len() < 200, "{error}");
        }
    }
}
