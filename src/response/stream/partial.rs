//! The start of an answer that broke off.

use std::iter;

use serde_json::{Map, Value};

use crate::{
    budgets::MAX_PARTIAL_BYTES,
    error::truncate::start_of,
    response::{in_order, members::REASONING, take_list, take_usage, texts},
};

/// The start of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partial {
    /// The text of each choice, in order, together at most [`MAX_PARTIAL_BYTES`]. May be empty, for example if only a
    /// tool call had begun.
    pub texts: Vec<String>,
    /// The model's reasoning, also truncated; `None` if there is text.
    pub reasoning: Option<String>,
    /// The usage, if the server reports it, in its endpoint's names.
    pub usage: Option<Value>,
}

impl Partial {
    /// Takes the start of an answer from a response body; `None` if the model had written nothing yet.
    #[must_use]
    pub fn take(body: &mut Map<String, Value>) -> Option<Self> {
        let written = Self::written(body)?;
        Some(Self { usage: take_usage(body), ..written })
    }

    fn written(body: &mut Map<String, Value>) -> Option<Self> {
        if body.contains_key("output") {
            return Self::of_output(&take_list(body, "output"));
        }
        let choices: Vec<_> = in_order(take_list(body, "choices")).collect();
        let has_call = |choice: &Value| {
            ["tool_calls", "function_call"]
                .iter()
                .any(|name| choice["message"].get(name).is_some_and(|it| !it.is_null()))
        };
        let reasoning = || choices.iter().find_map(reasoning).map(str::to_owned);
        Self::of(choices.iter().map(text), reasoning, choices.iter().any(has_call))
    }

    /// The start of an answer of the Responses API, whose items form one choice.
    fn of_output(items: &[Value]) -> Option<Self> {
        let of_type = |kind: &'static str| items.iter().filter(move |item| item["type"] == kind);
        let text = of_type("message").flat_map(|item| words(item, "content")).collect();
        let reasoning = || {
            let words = of_type("reasoning").flat_map(|item| words(item, "summary").chain(words(item, "content")));
            Some(words.collect()).filter(|reasoning: &String| !reasoning.is_empty())
        };
        let has_calls = ["function_call", "custom_tool_call"].iter().any(|kind| of_type(kind).next().is_some());
        Self::of(iter::once(text), reasoning, has_calls)
    }

    fn of(
        texts: impl Iterator<Item = String>,
        reasoning: impl FnOnce() -> Option<String>,
        has_calls: bool,
    ) -> Option<Self> {
        let mut room = MAX_PARTIAL_BYTES;
        let texts: Vec<String> = texts.map(|text| cut(&text, &mut room)).collect();
        if texts.iter().any(|text| !text.is_empty()) {
            return Some(Self { texts, ..Self::default() });
        }
        let reasoning = reasoning().map(|reasoning| cut(&reasoning, &mut room));
        (reasoning.is_some() || has_calls).then_some(Self { reasoning, ..Self::default() })
    }

    /// Everything but the text.
    #[must_use]
    pub fn without_words(self) -> Self {
        Self { usage: self.usage, ..Self::default() }
    }

    /// The sentence for the description that says where it is.
    #[must_use]
    pub fn notice(&self) -> &'static str {
        if !self.texts.is_empty() {
            " The text so far is in data.partial."
        } else if self.reasoning.is_some() {
            " The reasoning so far is in data.reasoning."
        } else {
            ""
        }
    }

    /// Members of a failure's `data`: `partial`, a string or for several choices an array of strings, or `reasoning`;
    /// each text as `show` returns it.
    pub fn to_json(&self, show: impl Fn(&str) -> String) -> Map<String, Value> {
        let texts: Vec<Value> = self.texts.iter().map(|text| show(text).into()).collect();
        let partial = if texts.len() > 1 { Some(texts.into()) } else { texts.into_iter().next() };
        let reasoning = self.reasoning.as_deref().map(|reasoning| show(reasoning).into());
        let members = [("partial", partial), ("reasoning", reasoning)];
        members.into_iter().filter_map(|(name, member)| Some((name.to_owned(), member?))).collect()
    }
}

fn text(choice: &Value) -> String {
    let message = &choice["message"];
    let text: String = message.get("content").into_iter().flat_map(texts).collect();
    let others = [choice.get("text"), message.get("refusal")];
    let other = others.into_iter().flatten().filter_map(Value::as_str).find(|text| !text.is_empty());
    if text.is_empty() { other.unwrap_or_default().to_owned() } else { text }
}

fn reasoning(choice: &Value) -> Option<&str> {
    let texts = REASONING.into_iter().filter_map(|name| choice["message"].get(name)?.as_str());
    texts.into_iter().find(|text| !text.is_empty())
}

/// The text of the parts in one of an item's lists.
fn words<'a>(item: &'a Value, list: &str) -> impl Iterator<Item = &'a str> {
    let parts = item.get(list).and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(|part| part.get("text").or_else(|| part.get("refusal"))?.as_str())
}

/// The start of `text` that fits into `room` bytes, which it reduces.
fn cut(text: &str, room: &mut usize) -> String {
    let start = start_of(text, *room);
    *room -= start.len();
    start.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(choices: Value) -> Option<Partial> {
        Partial::take(json!({ "choices": choices }).as_object_mut().unwrap())
    }

    fn texts(choices: Value) -> Vec<String> {
        of(choices).unwrap().texts
    }

    #[test]
    fn contains_the_text_of_each_choice_in_order() {
        assert_eq!(texts(json!([{"message": {"content": "a", "reasoning": "r"}}])), ["a"]);
        assert_eq!(texts(json!([{"index": 1, "text": "b"}, {"index": 0, "text": ""}])), ["", "b"]);
        assert_eq!(texts(json!([{"message": {"content": null, "refusal": "no"}}])), ["no"]);
        assert_eq!(texts(json!([{"message": {"content": [{"type": "text", "text": "c"}]}}])), ["c"]);
    }

    #[test]
    fn contains_the_reasoning_when_there_is_no_text() {
        for name in REASONING {
            let partial = of(json!([{"message": {"content": "", name: "hm"}}])).unwrap();
            assert_eq!((partial.texts.len(), partial.reasoning.as_deref()), (0, Some("hm")));
        }
    }

    #[test]
    fn is_missing_when_the_model_had_written_nothing() {
        for nothing in [json!([]), json!([{"message": {"role": "assistant", "content": ""}}]), json!([{"text": ""}])] {
            assert_eq!(of(nothing), None);
        }
        let call = of(json!([{"message": {"tool_calls": [{"id": "1"}]}}]));
        assert_eq!(call, Some(Partial::default()));
    }

    #[test]
    fn contains_the_usage_when_the_server_reports_it() {
        let usage = |usage: Value| {
            let mut body = json!({"choices": [{"text": "a"}], "usage": usage});
            Partial::take(body.as_object_mut().unwrap()).unwrap().usage
        };
        assert_eq!(usage(json!({"total_tokens": "7"})), Some(json!({"total_tokens": 7})));
        assert_eq!(usage(json!(null)), None);
    }

    #[test]
    fn contains_the_text_of_responses_items() {
        let of = |items: Value| Partial::take(json!({ "output": items }).as_object_mut().unwrap());
        let thought = json!({"type": "reasoning", "summary": [{"text": "h"}], "content": [{"text": "m"}]});
        let message = json!({"type": "message", "content": [{"text": "a"}, {"text": "b"}, {"refusal": "c"}, 5]});
        assert_eq!(of(json!([thought, message, 5])).unwrap().texts, ["abc"]);
        let reasoning = of(json!([thought, {"type": "message", "content": []}])).unwrap();
        assert_eq!((reasoning.texts.len(), reasoning.reasoning.as_deref()), (0, Some("hm")));
        assert_eq!(of(json!([{"type": "function_call"}])), Some(Partial::default()));
        assert_eq!(of(json!([{"type": "reasoning", "summary": []}, {"type": "web_search_call"}])), None);
    }

    #[test]
    fn is_shown_like_a_result() {
        let shown = |choices: Value| {
            let partial = of(choices).unwrap();
            (Value::Object(partial.to_json(str::to_uppercase)), partial.notice())
        };
        let (one, notice) = shown(json!([{"text": "a"}]));
        assert_eq!((one, notice.contains("data.partial.")), (json!({"partial": "A"}), true));
        assert_eq!(shown(json!([{"text": "a"}, {"text": ""}])).0, json!({"partial": ["A", ""]}));
        let (reasoning, notice) = shown(json!([{"message": {"reasoning": "r"}}]));
        assert_eq!((reasoning, notice.contains("data.reasoning.")), (json!({"reasoning": "R"}), true));
        assert_eq!(shown(json!([{"message": {"tool_calls": [1]}}])), (json!({}), ""));
    }

    #[test]
    fn is_truncated_between_characters() {
        let long = "ü".repeat(MAX_PARTIAL_BYTES);
        let cut = texts(json!([{"text": long}, {"text": "b"}]));
        assert_eq!((cut[0].len(), cut[1].as_str()), (MAX_PARTIAL_BYTES, ""));
        let odd = texts(json!([{"text": format!("a{long}")}]));
        assert_eq!(odd[0].len(), MAX_PARTIAL_BYTES - 1);
    }
}
