//! The request of a Chat query: `POST /chat/completions`. `chat_route.rs` says when it goes to `/responses`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Plan, Reader, advanced,
    checks::Checks,
    choices::ChoicesReader,
    content::{missing_prompt, prompt, user_content},
    files,
    history::History,
    list,
    parameters::{BodyBuilder, EXTRA_BODY, n_of, stops_of},
    response_format::{self, Format, ResponseFormat},
    responses::{self, OnlyInResponses},
    tools,
    web_search::{self, WebSearch},
};
use crate::{
    error::{Error, error_text},
    input::{
        base_url::Provider,
        fields::{Fields, excerpt, scalar_text},
    },
    policy::capabilities::{DEFAULT_CHAT_MODEL, family},
    response::texts,
};

/// The endpoint's path.
pub const PATH: &str = "/chat/completions";
/// Limits of the API for `metadata`: pairs, and characters of a name and of a value.
const MAX_METADATA_PAIRS: usize = 16;
const MAX_METADATA_NAME_CHARS: usize = 64;
const MAX_METADATA_VALUE_CHARS: usize = 512;
/// The API's limit for a safety identifier, in characters.
const MAX_SAFETY_IDENTIFIER_CHARS: usize = 128;

/// Turns a Chat query into its request to `/chat/completions`, and tells which of its fields need the Responses API.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field.
pub fn plan(fields: &Fields<'_>, provider: Provider) -> Result<(Plan, Option<OnlyInResponses>), Error> {
    Template::from_fields(fields, provider)?.plan(fields)
}

/// A Chat query without messages.
#[derive(Clone, Debug)]
pub struct Template {
    /// Contains null in place of the messages.
    body: Map<String, Value>,
    format: Format,
    reader: ChoicesReader,
    only_in_responses: Option<OnlyInResponses>,
    has_responses: bool,
}

impl Template {
    /// Reads all fields except those that make up the messages.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    pub fn from_fields(fields: &Fields<'_>, provider: Provider) -> Result<Self, Error> {
        let advanced_fields = advanced(fields);
        let model = fields.trimmed("model")?;
        let model = model.as_deref().unwrap_or(DEFAULT_CHAT_MODEL);
        let ResponseFormat { format, member, not_strict } = response_format::from_fields(fields, model)?;
        let mut body = BodyBuilder::new(fields, model);
        body.set("messages", Value::Null);
        if let Some(limit) = fields.integer("max_tokens", 1..=i64::MAX)? {
            let name = token_limit(provider, body.model());
            body.set(name, limit);
        }
        body.set_temperature()?;
        body.set_stops()?;
        let mut body = body.read_from(&advanced_fields);
        body.set_sampling()?;
        body.set_dropdowns(&["reasoning_effort", "verbosity", "service_tier"])?;
        body.set_words(&["prompt_cache_key"])?;
        if let Some(identifier) = advanced_fields.trimmed("safety_identifier")? {
            ensure_chars("safety_identifier", "must have at most ", &identifier, MAX_SAFETY_IDENTIFIER_CHARS)?;
            body.set("safety_identifier", identifier);
        }
        if let Some(metadata) = metadata(&advanced_fields)? {
            body.set("metadata", metadata);
        }
        if let Some(member) = member {
            body.set("response_format", member);
        }
        let checks = Checks::from_fields(&advanced_fields)?;
        if let Some(moderation) = checks.to_member() {
            body.set("moderation", moderation);
        }
        if let Some(reasoning) = reasoning(&advanced_fields)? {
            body.set("reasoning", reasoning);
        }
        let mut tools = tools::from_fields(&advanced_fields, model)?;
        match web_search::from_fields(&advanced_fields, model)? {
            None => {}
            Some(WebSearch::Tool(tool)) => tools.push(tool),
            Some(WebSearch::Options(options)) => body.set("web_search_options", options),
        }
        if !tools.is_empty() {
            body.set("tools", tools);
        }
        let choice = tools::choice(&advanced_fields)?;
        let only_in_responses = responses::only_responses_has(body.members());
        let mut body = body.finish(EXTRA_BODY)?;
        tools::set_choice(&mut body, choice)?;
        let (n, stops) = (n_of(&body), stops_of(&body));
        let endpoint = &PATH[1..];
        let reader =
            ChoicesReader { endpoint, n, format: Some(format), stops, not_strict, checks, ..ChoicesReader::default() };
        Ok(Self { body, format, reader, only_in_responses, has_responses: provider.has_responses() })
    }

    /// Adds the messages of `fields`, and tells which fields need the Responses API.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    pub fn plan(self, fields: &Fields<'_>) -> Result<(Plan, Option<OnlyInResponses>), Error> {
        let Self { mut body, format, reader, only_in_responses, has_responses } = self;
        let (messages, of_files) = messages(fields, format)?;
        let mut messages = Map::from_iter([("messages".to_owned(), messages.into())]);
        let of_messages = responses::only_responses_has(&messages);
        let only_in_responses = of_messages.or(only_in_responses).or(of_files).or_else(|| {
            // Content parts written by hand may be meant for another server's Chat.
            has_responses.then(|| responses::only_responses_has_parts(&messages)).flatten()
        });
        // `extra_body` may have set other messages.
        if let Some(place @ Value::Null) = body.get_mut("messages") {
            *place = messages["messages"].take();
        }
        Ok((Plan::new(ApiRequest::post(PATH, body), Reader::Choices(reader)), only_in_responses))
    }

    /// Approximate size as JSON, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        list::members_bytes(&self.body)
    }
}

/// Name of the token limit. `OpenAI`'s current models accept only the new name, even behind a gateway that passes
/// requests on. Some compatible servers ignore it (Ollama) or are too old for it, and gateways with their own model
/// names (`openai/gpt-5`) translate the old one.
#[must_use]
pub fn token_limit(provider: Provider, model: &str) -> &'static str {
    match provider {
        Provider::OpenAi | Provider::Azure => "max_completion_tokens",
        _ if !model.contains('/') && family(model).is_some() => "max_completion_tokens",
        Provider::AzureDeployment | Provider::Compatible => "max_tokens",
    }
}

/// The messages, and why their files need the Responses API, if they do.
fn messages(fields: &Fields<'_>, format: Format) -> Result<(Vec<Value>, Option<OnlyInResponses>), Error> {
    let (conversation, of_files) = conversation(fields)?;
    let suffix = fields.text("suffix")?.map(|suffix| leads_up_to(&suffix));
    let mut instructions: Vec<_> = fields.text("system_prompt")?.into_iter().chain(suffix).collect();
    // The API rejects this format unless the messages contain the word "JSON".
    if format == Format::JsonObject && !mentions_json(&instructions, &conversation) {
        instructions.push("Answer with a JSON object.".to_owned());
    }
    if instructions.is_empty() {
        return Ok((conversation, of_files));
    }
    // Every server accepts the role `system`; `adjust` switches to the others.
    let instructions = json!({"role": "system", "content": instructions.join("\n\n")});
    Ok((std::iter::once(instructions).chain(conversation).collect(), of_files))
}

/// The history, followed by the prompt with its files.
fn conversation(fields: &Fields<'_>) -> Result<(Vec<Value>, Option<OnlyInResponses>), Error> {
    let mut history = History::from_fields(fields)?;
    let files = files::parts(fields, advanced(fields).dropdown("image_detail")?.as_deref())?;
    let of_files = files.iter().find_map(responses::only_responses_has_part);
    let prompt = match prompt(fields)? {
        None => history.take_prompt().map(|text| Cow::Owned(text.into())),
        Some(prompt) => {
            if history.ends_with(&prompt) {
                history.take_prompt();
            }
            Some(prompt)
        }
    };
    let mut messages = history.messages;
    match user_content(prompt.as_deref(), files)? {
        Some(content) => messages.push(json!({"role": "user", "content": content})),
        None if messages.last().is_some_and(is_answered) => {}
        None => return Err(missing_prompt()),
    }
    Ok((messages, of_files))
}

/// Whether the model answers this message: one from the user or a tool result, in Chat's shape or as an item of the
/// Responses API.
fn is_answered(message: &Value) -> bool {
    let is_result = |kind: &Value| kind.as_str().is_some_and(|kind| kind.ends_with("_call_output"));
    ["user", "tool", "function"].iter().any(|role| message["role"] == *role) || is_result(&message["type"])
}

fn mentions_json(instructions: &[String], conversation: &[Value]) -> bool {
    let is_said = |text: &str| text.to_ascii_lowercase().contains("json");
    instructions.iter().any(|text| is_said(text))
        || conversation.iter().filter_map(|message| message.get("content")).flat_map(texts).any(is_said)
}

/// The API has no suffix for chat, so an instruction asks the model to lead up to it.
fn leads_up_to(suffix: &str) -> String {
    format!(
        "Your reply will be placed directly before the text between the <suffix> tags. Write the reply so that \
         it leads up to that text and joins it without a break. Do not repeat any of it.\n<suffix>{suffix}</suffix>"
    )
}

/// The set members of `reasoning` other than the effort, which Chat has elsewhere. Only the Responses API accepts them,
/// so defaults are not sent.
fn reasoning(fields: &Fields<'_>) -> Result<Option<Map<String, Value>>, Error> {
    let summary = fields.choice("reasoning_summary", &[("off", None), ("auto", Some("auto"))])?.flatten();
    let mode = fields.choice("reasoning_mode", &[("standard", None), ("pro", Some("pro"))])?.flatten();
    let set = [("summary", summary), ("mode", mode)];
    let members: Map<_, _> = set.into_iter().filter_map(|(name, word)| Some((name.to_owned(), word?.into()))).collect();
    Ok(Some(members).filter(|members| !members.is_empty()))
}

/// `metadata`: up to 16 pairs. The API requires text, so other scalars are converted.
fn metadata(fields: &Fields<'_>) -> Result<Option<Map<String, Value>>, Error> {
    let Some(pairs) = fields.object("metadata")? else { return Ok(None) };
    if pairs.len() > MAX_METADATA_PAIRS {
        return Err(Error::invalid(
            "metadata",
            error_text!["takes at most ", MAX_METADATA_PAIRS, " pairs, got ", pairs.len()],
        ));
    }
    let mut texts = Map::new();
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_null()) {
        ensure_chars("metadata", "must have keys of at most ", &name, MAX_METADATA_NAME_CHARS)?;
        let Some(text) = scalar_text(&value) else {
            return Err(Error::invalid("metadata", error_text!["must have text as ", name, ", got ", excerpt(&value)]));
        };
        ensure_chars("metadata", "must have values of at most ", &text, MAX_METADATA_VALUE_CHARS)?;
        texts.insert(name, text.into());
    }
    Ok(if texts.is_empty() { None } else { Some(texts) })
}

/// Rejects text longer than `max_chars`; `must` is the message up to the number.
fn ensure_chars(key: &'static str, must: &'static str, text: &str, max_chars: usize) -> Result<(), Error> {
    let chars = text.chars().count();
    if chars <= max_chars {
        return Ok(());
    }
    let got = error_text![must, max_chars, " characters, got ", chars, ": ", excerpt(&text.into())];
    Err(Error::invalid(key, got))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_for(options: Value, provider: Provider) -> Result<Value, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        let (plan, _) = plan(&fields, provider).map_err(|error| error.to_string())?;
        assert_eq!(plan.request.path, "/chat/completions");
        Ok(Value::Object(plan.request.body.unwrap()))
    }

    fn body(options: Value) -> Result<Value, String> {
        body_for(options, Provider::OpenAi)
    }

    #[test]
    fn sends_only_what_is_set() {
        assert_eq!(
            body(json!({"prompt": "Hi", "temperature": "", "max_tokens": null, "stop_sequence": ""})).unwrap(),
            json!({"model": DEFAULT_CHAT_MODEL, "messages": [{"role": "user", "content": "Hi"}]})
        );
    }

    #[test]
    fn turns_the_form_into_the_request() {
        let options = json!({
            "model": " gpt-4.1 ", "prompt": "Hi", "system_prompt": "Be brief.", "max_tokens": "50",
            "temperature": "0.7", "stop_sequence": "END"
        });
        assert_eq!(
            body(options).unwrap(),
            json!({
                "model": "gpt-4.1",
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
                "max_completion_tokens": 50, "temperature": 0.7, "stop": "END"
            })
        );
    }

    #[test]
    fn asks_for_moderation_when_advanced_sets_it() {
        let checked = |advanced: &str| {
            let options = json!({"prompt": "Hi", "moderation": "input", "advanced": advanced});
            body(options).unwrap().get("moderation").cloned()
        };
        let policy = json!({"input": {"mode": "score"}});
        assert_eq!(checked("on"), Some(json!({"model": "omni-moderation-latest", "policy": policy})));
        assert_eq!(checked("off"), None);
        let wrong = body(json!({"prompt": "Hi", "moderation": "low"})).unwrap_err();
        assert!(wrong.starts_with("Moderation must be one of off, input, output, both, got"), "{wrong}");
        let own = json!({"prompt": "Hi", "moderation": "both", "extra_body": {"moderation": {"model": "other"}}});
        assert_eq!(body(own).unwrap()["moderation"], json!({"model": "other"}));
    }

    #[test]
    fn uses_the_old_name_of_the_token_limit_for_compatible_servers() {
        let options = json!({"prompt": "Hi", "max_tokens": 5, "model": "llama"});
        let body = body_for(options, Provider::Compatible).unwrap();
        assert_eq!((&body["max_tokens"], body.get("max_completion_tokens")), (&json!(5), None));
        for (model, name) in [("gpt-5", "max_completion_tokens"), ("openai/gpt-5", "max_tokens"), ("m", "max_tokens")] {
            assert_eq!(token_limit(Provider::Compatible, model), name, "{model}");
        }
    }

    #[test]
    fn adds_the_suffix_to_the_instructions() {
        let body = body(json!({"prompt": "Hi", "suffix": "the end.", "system_prompt": "Be brief."})).unwrap();
        assert_eq!(body.get("suffix"), None);
        let instructions = body["messages"][0]["content"].as_str().unwrap();
        assert!(instructions.starts_with("Be brief.\n\n") && instructions.ends_with("<suffix>the end.</suffix>"));
    }

    #[test]
    fn puts_the_history_between_instructions_and_prompt() {
        let options = json!({
            "system_prompt": "Be brief.", "message_history": [{"role": "assistant", "content": "b"}], "prompt": "p"
        });
        let expected = json!([
            {"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "b"},
            {"role": "user", "content": "p"}
        ]);
        assert_eq!(body(options).unwrap()["messages"], expected);
    }

    fn entry(kind: &str, message: &str) -> Value {
        json!({"message": message, "messageId": "1", "timestamp": "", "name": "", "avatar": "", "type": kind})
    }

    #[test]
    fn sends_the_prompt_once_when_the_chat_component_already_added_it() {
        let history = json!([entry("response", "Hello."), entry("message", "Hi ")]);
        let messages = |prompt: Value, images: Value| {
            body(json!({"prompt": prompt, "message_history": history, "images": images})).unwrap()["messages"].clone()
        };
        let expected =
            |content: Value| json!([{"role": "assistant", "content": "Hello."}, {"role": "user", "content": content}]);
        assert_eq!(messages(json!(" Hi"), json!(null)), expected(json!(" Hi")));
        assert_eq!(messages(entry("message", "Hi "), json!([])), expected(json!("Hi ")));
        assert_eq!(messages(json!(""), json!(null)), expected(json!("Hi ")));
        let image = json!({"type": "image_url", "image_url": {"url": "https://h/a"}});
        let with_image = expected(json!([{"type": "text", "text": "Hi "}, image]));
        assert_eq!(messages(json!(null), json!("https://h/a")), with_image);
        assert_eq!(messages(json!("Hi "), json!("https://h/a")), with_image);
        assert_eq!(messages(json!("Bye"), json!(null)).as_array().unwrap().len(), 3);
    }

    #[test]
    fn repeats_the_prompt_when_the_history_does_not_end_with_the_component_s_own_message() {
        for history in
            [json!([{"role": "user", "content": "Hi"}]), json!([entry("message", "Hi"), entry("response", "-")])]
        {
            let options = json!({"prompt": "Hi", "message_history": history});
            let body = body(options).unwrap();
            let asked = body["messages"].as_array().unwrap().iter().filter(|message| message["content"] == "Hi");
            assert_eq!(asked.count(), 2);
        }
    }

    #[test]
    fn needs_no_prompt_when_the_history_ends_with_the_user() {
        let turn = |role: &str| json!({"message_history": [{"role": role, "content": "a"}]});
        assert!(body(turn("user")).is_ok());
        assert_eq!(
            body(turn("assistant")).unwrap_err(),
            "Prompt is empty. Enter the text to send, or check that its template has a value"
        );
    }

    #[test]
    fn needs_no_prompt_when_the_history_ends_with_a_tool_result() {
        let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
        let history = json!([
            {"role": "user", "content": "How warm is it?"}, {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "12"}
        ]);
        assert_eq!(body(json!({ "message_history": history })).unwrap()["messages"], history);
        let items = json!([
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "12"}
        ]);
        assert_eq!(body(json!({ "message_history": items })).unwrap()["messages"], items);
        assert!(body(json!({"message_history": [history[0], history[1]]})).is_err());
    }

    #[test]
    fn sends_tools_with_web_search_unless_extra_body_replaces_them() {
        let query = |more: Value| {
            let mut options = json!({"prompt": "Hi", "tools": ["f"], "tool_choice": "f", "web_search": "on"});
            options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body(options)
        };
        let both = query(json!({})).unwrap();
        let names: Vec<_> = both["tools"].as_array().unwrap().iter().map(|tool| &tool["type"]).collect();
        assert_eq!(names, ["function", "web_search"]);
        assert_eq!(both["tool_choice"]["function"]["name"], "f");
        let other = json!([{"type": "function", "function": {"name": "g"}}]);
        let replaced = query(json!({"extra_body": {"tools": other}, "tool_choice": "g"})).unwrap();
        assert_eq!((&replaced["tools"], &replaced["tool_choice"]["function"]["name"]), (&other, &json!("g")));
        assert!(query(json!({"extra_body": {"tools": other}})).is_err());
        assert_eq!(query(json!({"extra_body": {"tool_choice": "none"}})).unwrap()["tool_choice"], "none");
        let off = query(json!({"advanced": "off"})).unwrap();
        assert_eq!((off.get("tools"), off.get("tool_choice")), (None, None));
        let searching = query(json!({"model": "gpt-5-search-api"})).unwrap();
        assert_eq!((searching["tools"].as_array().unwrap().len(), &searching["web_search_options"]), (1, &json!({})));
    }

    #[test]
    fn sends_reasoning_only_when_summary_or_mode_is_chosen() {
        let reasoning = |summary: &str, mode: &str| {
            let options = json!({"prompt": "Hi", "reasoning_summary": summary, "reasoning_mode": mode});
            body(options).map(|body| body.get("reasoning").cloned())
        };
        for (summary, mode) in [("", ""), ("off", "standard"), ("unset", "unset")] {
            assert_eq!(reasoning(summary, mode), Ok(None));
        }
        assert_eq!(reasoning("auto", "standard"), Ok(Some(json!({"summary": "auto"}))));
        assert_eq!(reasoning("off", "Pro"), Ok(Some(json!({"mode": "pro"}))));
        assert_eq!(reasoning("auto", "pro"), Ok(Some(json!({"summary": "auto", "mode": "pro"}))));
        assert!(reasoning("long", "").unwrap_err().starts_with("Reasoning summary must be one of off, auto"));
        assert!(reasoning("", "fast").unwrap_err().starts_with("Reasoning mode must be one of standard, pro"));
    }

    #[test]
    fn adds_the_word_json_when_a_json_object_is_asked_for_without_it() {
        let messages = |options: Value| {
            let mut options = options;
            options["response_format"] = json!("json_object");
            body(options).unwrap()["messages"].clone()
        };
        let added = "Answer with a JSON object.";
        assert_eq!(messages(json!({"prompt": "Hi"}))[0], json!({"role": "system", "content": added}));
        let both = messages(json!({"prompt": "Hi", "system_prompt": "Be brief."}));
        assert_eq!(both[0]["content"], format!("Be brief.\n\n{added}"));
        // The word does not count inside image data or a document's name.
        let file = json!({"name": "json.pdf", "base64Data": "JVBERi0json"});
        assert_eq!(messages(json!({"prompt": "Hi", "images": file}))[0]["content"], added);
        for said in [
            json!({"prompt": "as Json"}),
            json!({"prompt": ["as JSON"]}),
            json!({"prompt": "Hi", "system_prompt": "JSON!"}),
            json!({"prompt": "Hi", "message_history": [{"role": "user", "content": "use json"}]}),
        ] {
            assert!(!messages(said).to_string().contains(added));
        }
    }

    #[test]
    fn sends_nothing_for_unset_choices() {
        let unset = json!({
            "prompt": "Hi", "images": "https://h/a", "image_detail": "unset", "reasoning_effort": "Unset",
            "verbosity": " unset ", "service_tier": "unset", "response_format": "unset"
        });
        let content = json!([
            {"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "https://h/a"}}
        ]);
        let expected = json!({"model": DEFAULT_CHAT_MODEL, "messages": [{"role": "user", "content": content}]});
        assert_eq!(body(unset).unwrap(), expected);
        assert_eq!(body(json!({"prompt": "unset"})).unwrap()["messages"][0]["content"], "unset");
    }

    #[test]
    fn sends_images_and_format_but_no_advanced_fields_while_advanced_is_off() {
        let body = body(json!({
            "advanced": "off", "prompt": "Hi", "images": "https://h/a", "image_detail": "low",
            "response_format": "json_object", "seed": 1
        }))
        .unwrap();
        assert_eq!(body["response_format"], json!({"type": "json_object"}));
        assert_eq!(body["messages"][1]["content"][1]["image_url"], json!({"url": "https://h/a"}));
        assert_eq!(body.get("seed"), None);
    }

    #[test]
    fn rejects_text_longer_than_the_api_stores() {
        let advanced = |key: &str, value: Value| body(json!({"prompt": "Hi", key: value}));
        let long = |length: usize| "é".repeat(length);
        assert_eq!(advanced("safety_identifier", json!(long(128))).unwrap()["safety_identifier"], long(128));
        let error = advanced("safety_identifier", json!(long(129))).unwrap_err();
        assert!(error.starts_with("Safety identifier must have at most 128 characters, got 129: \"éé"), "{error}");
        assert_eq!(
            advanced("metadata", json!({long(64): long(512)})).unwrap()["metadata"],
            json!({long(64): long(512)})
        );
        let error = advanced("metadata", json!({long(65): 1})).unwrap_err();
        assert!(error.starts_with("Metadata must have keys of at most 64 characters, got 65"), "{error}");
        let error = advanced("metadata", json!({"a": long(513)})).unwrap_err();
        assert!(error.starts_with("Metadata must have values of at most 512 characters, got 513"), "{error}");
        let pairs = |count: usize| (0..count).map(|n| (n.to_string(), json!(n))).collect::<Map<_, _>>();
        assert_eq!(advanced("metadata", pairs(16).into()).unwrap()["metadata"].as_object().unwrap().len(), 16);
        assert_eq!(advanced("metadata", pairs(17).into()).unwrap_err(), "Metadata takes at most 16 pairs, got 17");
        for unset in [json!({}), json!({"a": null})] {
            assert_eq!(advanced("metadata", unset).unwrap().get("metadata"), None);
        }
    }

    #[test]
    fn ignores_case_in_dropdowns() {
        let options =
            json!({"prompt": "Hi", "reasoning_effort": "HIGH", "service_tier": "Flex", "verbosity": "brand-new"});
        let body = body(options).unwrap();
        assert_eq!(body["reasoning_effort"], "high");
        assert_eq!(body["service_tier"], "flex");
        assert_eq!(body["verbosity"], "brand-new");
    }

    #[test]
    fn sends_every_advanced_field() {
        let options = json!({
            "prompt": "JSON?", "images": "https://h/a.png", "image_detail": "low", "response_format": "json_object",
            "reasoning_effort": "low", "verbosity": "high", "top_p": "0.9", "frequency_penalty": "-1",
            "presence_penalty": 1.5, "n": "2", "seed": "7", "service_tier": "flex", "prompt_cache_key": "k",
            "safety_identifier": "s", "metadata": {"team": 5}, "extra_body": "{\"store\": true}"
        });
        let mut body = body(options).unwrap();
        let body = body.as_object_mut().unwrap();
        body.shift_remove("messages");
        assert_eq!(
            Value::Object(body.clone()),
            json!({
                "model": DEFAULT_CHAT_MODEL, "response_format": {"type": "json_object"}, "reasoning_effort": "low",
                "verbosity": "high", "top_p": 0.9, "frequency_penalty": -1, "presence_penalty": 1.5, "n": 2,
                "seed": 7, "service_tier": "flex", "prompt_cache_key": "k", "safety_identifier": "s",
                "metadata": {"team": "5"}, "store": true
            })
        );
    }
}
