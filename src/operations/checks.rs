//! Moderation in Chat: the API checks the input, the output or both within the same request.
//!
//! The API only scores; it answers as usual. If a requested check is missing, the query fails: otherwise an app that
//! hides flagged content would show unchecked content.

use serde_json::{Map, Value, json};

use super::findings::{DEFAULT_MODERATION_MODEL, Found};
use crate::{
    error::{Error, ErrorText, error_text},
    input::fields::Fields,
};

/// The member in request and response.
const KEY: &str = "moderation";

/// Which sides are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// The messages.
    pub input: bool,
    /// The answer.
    pub output: bool,
}

impl Checks {
    /// Reads Moderation.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is not one of the choices.
    pub fn from_fields(fields: &Fields<'_>) -> Result<Self, Error> {
        let words = [
            ("off", Self::default()),
            ("input", Self { input: true, output: false }),
            ("output", Self { input: false, output: true }),
            ("both", Self { input: true, output: true }),
        ];
        Ok(fields.choice("moderation", &words)?.unwrap_or_default())
    }

    /// Both sides under the API's names, and whether each is checked.
    fn sides(self) -> [(&'static str, bool); 2] {
        [("input", self.input), ("output", self.output)]
    }

    /// The member of the request; `None` if nothing is checked.
    #[must_use]
    pub fn to_member(self) -> Option<Value> {
        let asked = self.sides().into_iter().filter(|(_, is_asked)| *is_asked);
        let policy: Map<_, _> = asked.map(|(side, _)| (side.to_owned(), json!({"mode": "score"}))).collect();
        (!policy.is_empty()).then(|| json!({"model": DEFAULT_MODERATION_MODEL, "policy": policy}))
    }

    /// Takes the results out of `body`, by side: `{flagged, categories, scores}`. Includes a side that the server
    /// checked unasked. If nothing should be checked, the member stays as it is.
    ///
    /// # Errors
    /// Explains why a side was not checked.
    pub fn take(self, body: &mut Map<String, Value>) -> Result<Option<Value>, ErrorText> {
        if self == Self::default() {
            return Ok(None);
        }
        let mut sides = body.swap_remove(KEY).unwrap_or_default();
        let mut found = Map::new();
        for (side, is_asked) in self.sides() {
            match read(sides.get_mut(side).map(Value::take).unwrap_or_default()) {
                Ok(checked) => {
                    found.insert(side.to_owned(), checked);
                }
                Err(reason) if is_asked => return Err(error_text!["the ", side, " was not checked: ", reason]),
                Err(_) => {}
            }
        }
        Ok(Some(found.into()))
    }
}

/// Reads one side: `/responses` returns one result, `/chat/completions` a list, which is empty if there was nothing to
/// check. A failed check has an error instead.
fn read(side: Value) -> Result<Value, ErrorText> {
    if side["type"] == "error" {
        let words = ["message", "code"].into_iter().find_map(|name| side[name].as_str());
        return Err(words.map_or_else(|| "the API gave no reason".into(), ErrorText::foreign));
    }
    let results = match side {
        Value::Object(mut members) => match members.swap_remove("results") {
            Some(Value::Array(results)) => results,
            _ => vec![members.into()],
        },
        other => vec![other],
    };
    let results: Option<Vec<_>> = results.into_iter().map(Found::of).collect();
    results.map(|results| Found::all(results).into()).ok_or_else(|| "the server returned no result".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks(word: &str) -> Checks {
        let options = json!({ "moderation": word });
        Checks::from_fields(&Fields::of("queryOptions", &options).unwrap()).unwrap()
    }

    fn take(word: &str, moderation: Value) -> Result<Value, String> {
        let mut body = Map::from_iter([("moderation".to_owned(), moderation)]);
        let found = checks(word).take(&mut body).map_err(|reason| reason.to_string())?;
        Ok(found.unwrap_or_else(|| body["moderation"].take()))
    }

    /// A result in the API's shape.
    fn result(violence: f64) -> Value {
        json!({
            "type": "moderation_result", "model": "omni-moderation-latest", "flagged": violence > 0.5,
            "categories": {"hate": false, "violence": violence > 0.5},
            "category_scores": {"hate": 0.1, "violence": violence}, "category_applied_input_types": {}
        })
    }

    fn results(results: Value) -> Value {
        json!({"type": "moderation_results", "model": "omni-moderation-latest", "results": results})
    }

    fn found(flagged: bool, violence: f64) -> Value {
        let categories = if flagged { json!(["violence"]) } else { json!([]) };
        json!({"flagged": flagged, "categories": categories, "scores": {"hate": 0.1, "violence": violence}})
    }

    #[test]
    fn asks_for_scores_of_the_chosen_sides() {
        let score = json!({"mode": "score"});
        for (word, policy) in [
            ("input", json!({"input": score})),
            ("Output", json!({"output": score})),
            ("both", json!({"input": score, "output": score})),
        ] {
            assert_eq!(
                checks(word).to_member(),
                Some(json!({"model": "omni-moderation-latest", "policy": policy})),
                "{word}"
            );
        }
        for word in ["", "off", "unset"] {
            assert_eq!(checks(word).to_member(), None, "{word}");
        }
    }

    #[test]
    fn reads_results_of_both_endpoints() {
        let chat = json!({"input": results(json!([result(0.9)])), "output": results(json!([result(0.2)]))});
        let responses = json!({"input": result(0.9), "output": result(0.2)});
        let expected = json!({"input": found(true, 0.9), "output": found(false, 0.2)});
        for moderation in [chat, responses] {
            assert_eq!(take("both", moderation.clone()), Ok(expected.clone()));
            // The server checks more than the query asked for.
            assert_eq!(take("input", moderation), Ok(expected.clone()));
        }
        assert_eq!(
            take("output", json!({"input": null, "output": result(0.2)})),
            Ok(json!({"output": found(false, 0.2)}))
        );
    }

    #[test]
    fn merges_results_of_one_side_with_the_highest_scores() {
        let several = json!({"output": results(json!([result(0.2), result(0.9), result(0.3)]))});
        assert_eq!(take("output", several), Ok(json!({"output": found(true, 0.9)})));
        let nothing = json!({"flagged": false, "categories": [], "scores": {}});
        assert_eq!(take("output", json!({"output": results(json!([]))})), Ok(json!({"output": nothing})));
    }

    #[test]
    fn fails_when_a_requested_side_was_not_checked() {
        let unknown = "the server returned no result";
        let failed = |members: Value| {
            let mut error = json!({"type": "error"});
            error.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            error
        };
        for (output, reason) in [
            (json!(null), unknown),
            (json!({}), unknown),
            (json!(true), unknown),
            (json!({"flagged": false}), unknown),
            (results(json!([result(0.1), {}])), unknown),
            (failed(json!({"code": "server_error", "message": "Try again."})), "Try again."),
            (failed(json!({"code": "server_error"})), "server_error"),
            (failed(json!({})), "the API gave no reason"),
        ] {
            let moderation = json!({"input": result(0.1), "output": output});
            for word in ["output", "both"] {
                assert_eq!(
                    take(word, moderation.clone()),
                    Err(format!("the output was not checked: {reason}")),
                    "{moderation}"
                );
            }
            assert_eq!(take("input", moderation), Ok(json!({"input": found(false, 0.1)})));
        }
        assert_eq!(take("input", json!("low")), Err(format!("the input was not checked: {unknown}")));
    }

    #[test]
    fn leaves_the_member_when_nothing_should_be_checked() {
        let of_extra_body = json!({"input": results(json!([result(0.9)]))});
        assert_eq!(take("off", of_extra_body.clone()), Ok(of_extra_body));
    }
}
