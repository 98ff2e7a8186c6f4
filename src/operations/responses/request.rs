//! Translates a Chat body into a request of the Responses API.

use serde_json::{Map, Value, json};

use super::{ensure_takes, input, is_web_search, object};
use crate::{error::Error, policy::streaming::STREAM_OPTIONS};

/// Members that make the API keep the conversation.
const STATE: [&str; 3] = ["background", "previous_response_id", "conversation"];
/// Path of a web search's sources, which the API omits by default.
const SOURCES: &str = "web_search_call.action.sources";
/// Path of the log probabilities, which the API omits by default.
const LOGPROBS: &str = "message.output_text.logprobs";

/// Translates a Chat body. Members without a different name pass unchanged, so `extra_body` can set those that only
/// Responses has. Nothing is stored unless the body asks for it.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field that the Responses API does not support.
pub fn from_chat(body: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    ensure_takes(&body)?;
    let mut request = Request::default();
    for (name, value) in body.into_iter().filter(|(_, value)| !value.is_null()) {
        request.set(name, value);
    }
    Ok(request.finish())
}

#[derive(Default)]
struct Request {
    members: Map<String, Value>,
    messages: Vec<Value>,
    reasoning: Map<String, Value>,
    text: Map<String, Value>,
    tools: Vec<Value>,
    /// Additional data to include in the response.
    include: Vec<&'static str>,
}

impl Request {
    fn set(&mut self, name: String, value: Value) {
        match (name.as_str(), value) {
            ("messages", Value::Array(messages)) => self.messages = messages,
            ("max_tokens" | "max_completion_tokens", limit) => {
                self.members.entry("max_output_tokens").or_insert(limit);
            }
            ("reasoning_effort", effort) => {
                self.reasoning.entry("effort").or_insert(effort);
            }
            ("reasoning", Value::Object(reasoning)) => self.reasoning.extend(reasoning),
            ("verbosity", verbosity) => {
                self.text.entry("verbosity").or_insert(verbosity);
            }
            ("response_format", format) => {
                self.text.entry("format").or_insert_with(|| flat(format, "json_schema"));
            }
            ("text", Value::Object(text)) => self.text.extend(text),
            ("logprobs", Value::Bool(asked)) => self.include.extend(asked.then_some(LOGPROBS)),
            ("tools", Value::Array(tools)) => self.tools.extend(tools.into_iter().map(tool)),
            // Chat's former function calls.
            ("functions", Value::Array(functions)) => {
                self.tools.extend(
                    functions
                        .into_iter()
                        .map(|function| tool(object([("type", "function".into()), ("function", function)]))),
                );
            }
            ("tool_choice" | "function_call", choice) => {
                self.members.insert("tool_choice".to_owned(), tool_choice(choice));
            }
            ("web_search_options", Value::Object(options)) => self.tools.push(web_search(options)),
            // Responses always return one answer, as text.
            ("n" | "modalities", _) => {}
            (STREAM_OPTIONS, Value::Object(mut options)) => {
                options.shift_remove("include_usage");
                if !options.is_empty() {
                    self.members.insert(name, options.into());
                }
            }
            (_, value) => {
                self.members.insert(name, value);
            }
        }
    }

    /// Whether the API stores request and response.
    fn is_stored(&self) -> bool {
        let is_on = |value: &Value| *value != Value::Bool(false);
        match self.members.get("store") {
            Some(store) => is_on(store),
            None => STATE.iter().any(|name| self.members.get(*name).is_some_and(is_on)),
        }
    }

    fn finish(mut self) -> Map<String, Value> {
        let has_instructions = self.members.contains_key("instructions");
        // The API looks for the word JSON only in the input.
        let is_json_object = self.text.get("format").is_some_and(|format| format["type"] == "json_object");
        if !has_instructions
            && !is_json_object
            && let Some(instructions) = input::take_instructions(&mut self.messages)
        {
            self.members.insert("instructions".to_owned(), instructions.into());
        }
        let is_stored = self.is_stored();
        if !is_stored {
            self.members.insert("store".to_owned(), false.into());
        }
        self.members.entry("input").or_insert_with(|| input::items(self.messages, is_stored).into());
        if self.tools.iter().any(is_web_search) {
            self.include.push(SOURCES);
        }
        for (name, object) in [("reasoning", self.reasoning), ("text", self.text)] {
            if !object.is_empty() {
                self.members.insert(name.to_owned(), object.into());
            }
        }
        if !self.tools.is_empty() {
            self.members.insert("tools".to_owned(), self.tools.into());
        }
        include_in(&mut self.members, self.include);
        self.members
    }
}

fn include_in(members: &mut Map<String, Value>, more: Vec<&'static str>) {
    if more.is_empty() {
        return;
    }
    let list = members.entry("include").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = list {
        for place in more {
            if !list.iter().any(|other| other == place) {
                list.push(place.into());
            }
        }
    }
}

/// Moves the members of the object's member `name` into the object itself.
fn flat(mut object: Value, name: &str) -> Value {
    if let Value::Object(members) = &mut object
        && let Some(Value::Object(mut inner)) = members.shift_remove(name)
    {
        members.append(&mut inner);
    }
    object
}

fn tool(tool: Value) -> Value {
    if tool["type"] == "function" {
        let mut tool = flat(tool, "function");
        if let Value::Object(members) = &mut tool {
            // Chat's default; Responses is strict by default.
            members.entry("strict").or_insert(false.into());
            members.entry("parameters").or_insert_with(|| json!({"type": "object", "properties": {}}));
        }
        return tool;
    }
    let mut tool = flat(tool, "custom");
    if let Some(format) = tool.get_mut("format") {
        *format = flat(format.take(), "grammar");
    }
    tool
}

fn tool_choice(choice: Value) -> Value {
    if choice.get("type").is_none()
        && let Some(name) = choice.get("name")
    {
        // Chat's former shape.
        return json!({"type": "function", "name": name});
    }
    let mut choice = ["function", "custom", "allowed_tools"].into_iter().fold(choice, flat);
    if let Some(Value::Array(tools)) = choice.get_mut("tools") {
        for tool in tools {
            *tool = flat(flat(tool.take(), "function"), "custom");
        }
    }
    choice
}

fn web_search(mut options: Map<String, Value>) -> Value {
    let mut tool = Map::from_iter([("type".to_owned(), "web_search".into())]);
    tool.append(&mut options);
    if let Some(location) = tool.get_mut("user_location") {
        *location = flat(location.take(), "approximate");
    }
    tool.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(chat: Value) -> Value {
        let Value::Object(body) = chat else { panic!("not an object") };
        from_chat(body).unwrap().into()
    }

    /// Translates a question with these additional members.
    fn with(members: Value) -> Value {
        let mut chat = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
        chat.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        request(chat)
    }

    #[test]
    fn does_not_store_a_plain_question() {
        let input = json!([{"type": "message", "role": "user", "content": "Hi"}]);
        assert_eq!(with(json!({})), json!({"model": "m", "store": false, "input": input}));
    }

    #[test]
    fn translates_members_with_another_name_or_shape() {
        let schema = json!({"type": "object"});
        for (chat, responses) in [
            (json!({"max_tokens": 50}), json!({"max_output_tokens": 50})),
            (json!({"max_completion_tokens": 50}), json!({"max_output_tokens": 50})),
            (json!({"max_tokens": 20, "max_output_tokens": 50}), json!({"max_output_tokens": 50})),
            (json!({"max_output_tokens": 50, "max_tokens": 20}), json!({"max_output_tokens": 50})),
            (json!({"verbosity": "low"}), json!({"text": {"verbosity": "low"}})),
            (json!({"response_format": {"type": "text"}}), json!({"text": {"format": {"type": "text"}}})),
            (
                json!({"verbosity": "low", "response_format": {"type": "json_schema", "json_schema": {
                    "name": "n", "description": "d", "schema": schema, "strict": true
                }}}),
                json!({"text": {"verbosity": "low", "format": {
                    "type": "json_schema", "name": "n", "description": "d", "schema": schema, "strict": true
                }}}),
            ),
            (json!({"verbosity": "low", "text": {"verbosity": "high"}}), json!({"text": {"verbosity": "high"}})),
            (json!({"reasoning_effort": "low"}), json!({"reasoning": {"effort": "low"}})),
            (
                json!({"reasoning_effort": "low", "reasoning": {"summary": "auto", "mode": "pro"}}),
                json!({"reasoning": {"effort": "low", "summary": "auto", "mode": "pro"}}),
            ),
            (
                json!({"reasoning": {"effort": "high"}, "reasoning_effort": "low"}),
                json!({"reasoning": {"effort": "high"}}),
            ),
            (
                json!({"logprobs": true, "top_logprobs": 2}),
                json!({"top_logprobs": 2, "include": ["message.output_text.logprobs"]}),
            ),
            (json!({"logprobs": false}), json!({})),
            (json!({"stream": true, "stream_options": {"include_usage": true}}), json!({"stream": true})),
            (
                json!({"stream_options": {"include_usage": true, "include_obfuscation": false}}),
                json!({"stream_options": {"include_obfuscation": false}}),
            ),
            (json!({"n": 1, "modalities": ["text"]}), json!({})),
            (json!({"temperature": null, "max_tokens": null, "tools": null, "store": null}), json!({})),
        ] {
            let mut expected = with(json!({}));
            expected.as_object_mut().unwrap().extend(responses.as_object().unwrap().clone());
            assert_eq!(with(chat.clone()), expected, "{chat}");
        }
    }

    #[test]
    fn passes_members_with_equal_names_and_those_only_responses_has() {
        let same = json!({
            "temperature": 0.5, "top_p": 0.9, "parallel_tool_calls": false, "metadata": {"team": "x"},
            "service_tier": "flex", "prompt_cache_key": "k", "prompt_cache_options": {"ttl": "30m"},
            "safety_identifier": "s", "user": "u", "moderation": {"model": "omni-moderation-latest"},
            "stream": false, "truncation": "auto", "max_tool_calls": 3, "context_management": [{"type": "compaction"}],
            "prompt_cache_retention": "24h", "what_comes_next": [1]
        });
        let request = with(same.clone());
        for (name, value) in same.as_object().unwrap() {
            assert_eq!(&request[name], value, "{name}");
        }
    }

    #[test]
    fn flattens_tools_and_tool_choice() {
        let function = json!({"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true});
        let grammar = json!({"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}});
        let request = with(json!({
            "tools": [
                {"type": "function", "function": function},
                {"type": "function", "function": {"name": "g"}},
                {"type": "custom", "custom": {"name": "c", "format": grammar}},
                {"type": "custom", "custom": {"name": "t", "format": {"type": "text"}}},
                {"type": "mcp", "server_label": "s"}
            ],
            "functions": [{"name": "old"}]
        }));
        let no_parameters = json!({"type": "object", "properties": {}});
        assert_eq!(
            request["tools"],
            json!([
                {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true},
                // Chat is not strict by default.
                {"type": "function", "name": "g", "strict": false, "parameters": no_parameters},
                {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
                {"type": "custom", "name": "t", "format": {"type": "text"}},
                {"type": "mcp", "server_label": "s"},
                {"type": "function", "name": "old", "strict": false, "parameters": no_parameters}
            ])
        );
        assert_eq!(request.get("include"), None);
        let named = json!({"type": "function", "name": "f"});
        for (chat, responses) in [
            (json!({"tool_choice": "required"}), json!("required")),
            (json!({"tool_choice": {"type": "function", "function": {"name": "f"}}}), named.clone()),
            (json!({"tool_choice": named}), named.clone()),
            (json!({"function_call": {"name": "f"}}), named.clone()),
            (json!({"function_call": "none"}), json!("none")),
            (
                json!({"tool_choice": {"type": "custom", "custom": {"name": "c"}}}),
                json!({"type": "custom", "name": "c"}),
            ),
            (
                json!({"tool_choice": {"type": "allowed_tools", "allowed_tools": {
                    "mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]
                }}}),
                json!({"type": "allowed_tools", "mode": "auto", "tools": [named]}),
            ),
        ] {
            assert_eq!(with(chat.clone())["tool_choice"], responses, "{chat}");
        }
    }

    #[test]
    fn includes_search_sources_next_to_other_data() {
        let search = json!({"type": "web_search", "search_context_size": "low", "user_location": {
            "type": "approximate", "country": "DE"
        }});
        let sources = "web_search_call.action.sources";
        let request = with(json!({"tools": [search]}));
        assert_eq!((&request["tools"], &request["include"]), (&json!([search]), &json!([sources])));
        // The options of Chat's search models.
        let options = json!({"search_context_size": "low", "user_location": {
            "type": "approximate", "approximate": {"country": "DE"}
        }});
        assert_eq!(with(json!({"web_search_options": options}))["tools"], json!([search]));
        let logprobs = "message.output_text.logprobs";
        let both =
            with(json!({"tools": [search], "logprobs": true, "include": ["reasoning.encrypted_content", sources]}));
        assert_eq!(both["include"], json!(["reasoning.encrypted_content", sources, logprobs]));
        // Another vendor's tool.
        let zhipu = json!({"type": "web_search", "web_search": {"enable": true}});
        assert_eq!(with(json!({"tools": [zhipu]})).get("include"), None);
    }

    #[test]
    fn stores_only_on_request() {
        let store = |members: Value| with(members).get("store").cloned();
        for members in [json!({}), json!({"store": false}), json!({"store": null}), json!({"background": false})] {
            assert_eq!(store(members.clone()), Some(json!(false)), "{members}");
        }
        assert_eq!(store(json!({"store": true})), Some(json!(true)));
        assert_eq!(store(json!({"store": false, "previous_response_id": "resp_1"})), Some(json!(false)));
        for name in ["previous_response_id", "conversation", "background"] {
            let value = if name == "background" { json!(true) } else { json!("id") };
            assert_eq!(store(json!({ name: value })), None, "{name}");
        }
    }

    #[test]
    fn sends_leading_instructions_next_to_the_input() {
        let messages = json!([
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "kind."}]},
            {"role": "user", "content": "Hi"},
            {"role": "system", "content": "Be loud."}
        ]);
        let sent = request(json!({"messages": messages}));
        assert_eq!(sent["instructions"], "Be brief.\n\nBe\nkind.");
        assert_eq!(
            sent["input"],
            json!([
                {"type": "message", "role": "user", "content": "Hi"},
                {"type": "message", "role": "system", "content": "Be loud."}
            ])
        );
    }

    #[test]
    fn keeps_instructions_in_the_input_when_necessary() {
        let instructions = json!({"role": "system", "content": "Use JSON."});
        let item = json!({"type": "message", "role": "system", "content": "Use JSON."});
        let user = json!({"role": "user", "content": "Hi"});
        let in_input = |chat: Value| {
            let sent = request(chat);
            assert_eq!(sent["input"][0], item);
            sent.get("instructions").cloned()
        };
        // The input must not be empty.
        assert_eq!(in_input(json!({"messages": [instructions]})), None);
        // The API looks for the word JSON only in the input.
        let format = json!({"type": "json_object"});
        assert_eq!(in_input(json!({"messages": [instructions, user], "response_format": format})), None);
        assert_eq!(in_input(json!({"messages": [instructions, user], "text": {"format": format}})), None);
        // Extra body sets other instructions.
        let own = json!({"messages": [instructions, user], "instructions": "Be brief."});
        assert_eq!(in_input(own), Some(json!("Be brief.")));
        // A cache breakpoint belongs to a part, so it cannot become plain text.
        let part = json!({"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}});
        let sent = request(json!({"messages": [{"role": "system", "content": [part]}, user]}));
        let kept = json!([{"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}]);
        assert_eq!((sent.get("instructions"), &sent["input"][0]["content"]), (None, &kept));
    }

    #[test]
    fn rejects_what_responses_does_not_support() {
        let Value::Object(body) = json!({"messages": [], "n": 2}) else { unreachable!() };
        assert!(from_chat(body).unwrap_err().to_string().starts_with("Number of results must be 1"));
    }
}
