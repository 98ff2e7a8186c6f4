//! A Chat body as a request of the Responses API.

use serde_json::{Map, Value, json};

use super::{ensure_takes, input, is_web_search};
use crate::{error::Error, policy::streaming::STREAM_OPTIONS};

/// Members by which a query asks the API to keep its conversation.
const STATE: [&str; 3] = ["background", "previous_response_id", "conversation"];
/// Where the sources of a web search are, which the API leaves out unasked.
const SOURCES: &str = "web_search_call.action.sources";
/// Where the log probabilities are, which the API leaves out unasked.
const LOGPROBS: &str = "message.output_text.logprobs";

/// Translates a Chat body into one of `/responses`. What neither API names otherwise passes as it is, so that
/// `extra_body` may set what only Responses has. Nothing is stored unless the body asks for it.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field, for what the Responses API does not have.
pub fn from_chat(body: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    ensure_takes(&body)?;
    let mut request = Request::default();
    for (name, value) in body {
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
    /// What the answer has to contain besides what it contains anyway.
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
            // As Chat once had them.
            ("functions", Value::Array(functions)) => {
                self.tools.extend(
                    functions.into_iter().map(|function| tool(json!({"type": "function", "function": function}))),
                );
            }
            ("tool_choice" | "function_call", choice) => {
                self.members.insert("tool_choice".to_owned(), tool_choice(choice));
            }
            ("web_search_options", options) => self.tools.push(web_search(options)),
            // One answer and one text is all there is.
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

    fn finish(mut self) -> Map<String, Value> {
        let has_instructions = self.members.contains_key("instructions");
        // The API looks for the word JSON in the input only.
        let is_json_object = self.text.get("format").is_some_and(|format| format["type"] == "json_object");
        if !has_instructions
            && !is_json_object
            && let Some(instructions) = input::take_instructions(&mut self.messages)
        {
            self.members.insert("instructions".to_owned(), instructions.into());
        }
        if !self.messages.is_empty() {
            self.members.insert("input".to_owned(), input::items(self.messages).into());
        }
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
        include(&mut self.members, self.include);
        let keeps_state = STATE
            .iter()
            .any(|name| self.members.get(*name).is_some_and(|value| !value.is_null() && value != &Value::Bool(false)));
        let is_decided = self.members.get("store").is_some_and(Value::is_boolean);
        if !keeps_state && !is_decided {
            self.members.insert("store".to_owned(), false.into());
        }
        self.members
    }
}

fn include(members: &mut Map<String, Value>, more: Vec<&'static str>) {
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

/// An object whose members of the member `name` are its own.
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
            // Chat's default; that of Responses is strict.
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
    if choice.is_object() && choice.get("type").is_none() {
        // As Chat once had it.
        return json!({"type": "function", "name": choice["name"]});
    }
    let mut choice = ["function", "custom", "allowed_tools"].into_iter().fold(choice, flat);
    if let Some(Value::Array(tools)) = choice.get_mut("tools") {
        for tool in tools {
            *tool = flat(flat(tool.take(), "function"), "custom");
        }
    }
    choice
}

fn web_search(mut options: Value) -> Value {
    let mut tool = Map::from_iter([("type".to_owned(), "web_search".into())]);
    if let Value::Object(options) = &mut options {
        tool.append(options);
    }
    if let Some(location) = tool.get_mut("user_location") {
        *location = flat(location.take(), "approximate");
    }
    tool.into()
}
