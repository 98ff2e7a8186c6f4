//! Chat: `POST /chat/completions`.
//!
//! Form fields: `prompt`, `model`, `system_prompt`, `message_history`, `max_tokens`,
//! `temperature`, `stop_sequence`, `suffix`; below the divide `images`, `image_detail`,
//! `response_format`, `json_schema`, `reasoning_effort`, `verbosity`, `top_p`,
//! `frequency_penalty`, `presence_penalty`, `n`, `seed`, `service_tier`,
//! `prompt_cache_key`, `safety_identifier`, `metadata`, `extra_body`.

use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Plan, Reader, advanced,
    choices::ChoicesReader,
    content::{content_parts, images, missing_prompt, user_content},
    parameters::{Body, stops_of},
    response_format::{self, Format},
};
use crate::{
    base_url::Provider,
    capabilities::{DEFAULT_CHAT_MODEL, family},
    error::Error,
    fields::{Fields, excerpt, scalar_text},
};

/// The endpoint's path.
pub const PATH: &str = "/chat/completions";
/// Most pairs of `metadata` that the API takes.
const MOST_METADATA: usize = 16;

/// Turns a Chat query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field.
pub fn plan(fields: &Fields<'_>, provider: Provider) -> Result<Plan, Error> {
    let more = advanced(fields);
    let messages = messages(fields, &more)?;
    let model = fields.word("model")?;
    let mut body = Body::new(fields, model.as_deref().unwrap_or(DEFAULT_CHAT_MODEL));
    body.set("messages", messages.clone());
    if let Some(limit) = fields.whole("max_tokens", 1..=i64::MAX)? {
        let name = token_limit(provider, body.model());
        body.set(name, limit);
    }
    body.temperature()?;
    body.stops()?;
    let mut body = body.from(&more);
    let many = body.sampling()?;
    body.dropdowns(&["reasoning_effort", "verbosity", "service_tier"])?;
    body.words(&["prompt_cache_key", "safety_identifier"])?;
    if let Some(metadata) = metadata(&more)? {
        body.set("metadata", metadata);
    }
    let (format, member) = response_format::from_fields(&more)?;
    if format == Format::JsonObject {
        response_format::check_word_json(&messages)?;
    }
    if let Some(member) = member {
        body.set("response_format", member);
    }
    let body = body.finish()?;
    let stops = stops_of(&body);
    let reader = ChoicesReader { endpoint: &PATH[1..], many, format: Some(format), stops, ..ChoicesReader::default() };
    Ok(Plan { request: ApiRequest::post(PATH, body), reader: Reader::Choices(reader) })
}

/// `OpenAI`'s current models only take the new name, also behind a gateway; some compatible
/// servers silently ignore it (Ollama) or are too old for it.
#[must_use]
pub fn token_limit(provider: Provider, model: &str) -> &'static str {
    match provider {
        Provider::OpenAi | Provider::Azure => "max_completion_tokens",
        _ if family(model).is_some() => "max_completion_tokens",
        Provider::AzureDeployment | Provider::Compatible => "max_tokens",
    }
}

fn messages(fields: &Fields<'_>, more: &Fields<'_>) -> Result<Vec<Value>, Error> {
    let mut messages = Vec::new();
    let suffix = fields.text("suffix")?.map(|suffix| leads_up_to(&suffix));
    let instructions: Vec<_> = fields.text("system_prompt")?.into_iter().chain(suffix).collect();
    if !instructions.is_empty() {
        // `system` is the one role that every server takes; `adjust` knows the others.
        messages.push(json!({"role": "system", "content": instructions.join("\n\n")}));
    }
    messages.extend(history(fields)?);
    match user_content(fields.value("prompt"), images(more)?)? {
        Some(content) => messages.push(json!({"role": "user", "content": content})),
        None if messages.last().is_some_and(|last| last["role"] == "user") => {}
        None => return Err(missing_prompt()),
    }
    Ok(messages)
}

/// The API has no suffix for chat, so the model is asked to write towards it.
fn leads_up_to(suffix: &str) -> String {
    format!(
        "Your reply will be placed directly before the text between the <suffix> tags. Write the reply so that \
         it leads up to that text and joins it without a break. Do not repeat any of it.\n<suffix>{suffix}</suffix>"
    )
}

/// `message_history`: an array of messages, a single one, or JSON text of either.
fn history(fields: &Fields<'_>) -> Result<Vec<Value>, Error> {
    const KEY: &str = "message_history";
    let messages = match fields.json(KEY)? {
        None => return Ok(Vec::new()),
        Some(Value::Array(messages)) => messages,
        Some(single) => vec![single],
    };
    messages
        .into_iter()
        .enumerate()
        .map(|(index, mut message)| {
            let wrong = |reason: String| Error::invalid(format!("{KEY}[{index}]"), reason);
            let Value::Object(members) = &mut message else {
                return Err(wrong(format!(
                    "must be an object like {{\"role\": \"user\", \"content\": \"...\"}}, got {}",
                    excerpt(&message)
                )));
            };
            members.retain(|_, value| !value.is_null());
            let role = members.get("role").and_then(Value::as_str).map(str::trim).unwrap_or_default().to_owned();
            if role.is_empty() {
                return Err(wrong("needs a role: system, developer, user, assistant or tool".to_owned()));
            }
            members.insert("role".to_owned(), role.into());
            match members.get("content") {
                Some(Value::Array(parts)) => {
                    let parts = content_parts(&format!("{KEY}[{index}].content"), &Value::Array(parts.clone()))?;
                    members.insert("content".to_owned(), parts.into());
                }
                Some(Value::Object(_)) => {
                    return Err(wrong(
                        "must have text or an array of content parts as content, got an object".to_owned(),
                    ));
                }
                None | Some(Value::Null) => {
                    if !members.contains_key("tool_calls")
                        && !members.contains_key("audio")
                        && !members.contains_key("refusal")
                    {
                        return Err(wrong("needs content".to_owned()));
                    }
                }
                Some(scalar) => {
                    let text = scalar_text(scalar).unwrap_or_default();
                    members.insert("content".to_owned(), text.into());
                }
            }
            Ok(message)
        })
        .collect()
}

/// `metadata`: up to 16 pairs; scalar values become text, as the API wants it.
fn metadata(fields: &Fields<'_>) -> Result<Option<Map<String, Value>>, Error> {
    let Some(pairs) = fields.object("metadata")? else { return Ok(None) };
    if pairs.len() > MOST_METADATA {
        return Err(Error::invalid("metadata", format!("takes at most {MOST_METADATA} pairs, got {}", pairs.len())));
    }
    pairs
        .into_iter()
        .map(|(name, value)| match scalar_text(&value) {
            Some(text) => Ok((name, text.into())),
            None => Err(Error::invalid("metadata", format!("must have text as {name}, got {}", excerpt(&value)))),
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_for(options: Value, provider: Provider) -> Result<Value, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        let plan = plan(&fields, provider).map_err(|error| error.to_string())?;
        assert_eq!(plan.request.path, "/chat/completions");
        Ok(Value::Object(plan.request.body.unwrap()))
    }

    fn body(options: Value) -> Result<Value, String> {
        body_for(options, Provider::OpenAi)
    }

    fn history(history: Value) -> Result<Value, String> {
        body(json!({"prompt": "p", "message_history": history})).map(|body| body["messages"].clone())
    }

    #[test]
    fn only_what_is_set_is_sent() {
        assert_eq!(
            body(json!({"prompt": "Hi", "temperature": "", "max_tokens": null, "stop_sequence": " "})).unwrap(),
            json!({"model": DEFAULT_CHAT_MODEL, "messages": [{"role": "user", "content": "Hi"}]})
        );
    }

    #[test]
    fn the_fields_of_the_form_become_the_request() {
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
    fn compatible_servers_get_the_old_name_of_the_token_limit() {
        let options = json!({"prompt": "Hi", "max_tokens": 5, "model": "llama"});
        let body = body_for(options, Provider::Compatible).unwrap();
        assert_eq!((&body["max_tokens"], body.get("max_completion_tokens")), (&json!(5), None));
    }

    #[test]
    fn a_suffix_is_asked_for_in_the_instructions_and_not_sent() {
        let body = body(json!({"prompt": "Hi", "suffix": "the end.", "system_prompt": "Be brief."})).unwrap();
        assert_eq!(body.get("suffix"), None);
        let instructions = body["messages"][0]["content"].as_str().unwrap();
        assert!(instructions.starts_with("Be brief.\n\n") && instructions.ends_with("<suffix>the end.</suffix>"));
    }

    #[test]
    fn history_stands_between_instructions_and_prompt() {
        let turns = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]);
        let expected = json!([
            {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "p"}
        ]);
        assert_eq!(history(turns.clone()).unwrap(), expected);
        assert_eq!(history(json!(turns.to_string())).unwrap(), expected);
        assert_eq!(history(json!({"role": "user", "content": 5})).unwrap()[0], json!({"role": "user", "content": "5"}));
    }

    #[test]
    fn a_wrong_message_names_its_index() {
        let error = |value| history(value).unwrap_err();
        assert!(
            error(json!([{"role": "user", "content": "a"}, "b"])).starts_with("Message history[1] must be an object")
        );
        assert!(error(json!([{"content": "a"}])).starts_with("Message history[0] needs a role"));
        assert!(error(json!([{"role": "user"}])).starts_with("Message history[0] needs content"));
        assert!(error(json!("[{role}]")).starts_with("Message history is not valid JSON"));
        assert!(error(json!(5)).starts_with("Message history must be a JSON array or object"));
    }

    #[test]
    fn the_prompt_may_be_missing_if_the_history_ends_with_the_user() {
        let turn = |role: &str| json!({"message_history": [{"role": role, "content": "a"}]});
        assert!(body(turn("user")).is_ok());
        assert_eq!(body(turn("assistant")).unwrap_err(), "Prompt is missing; enter the text to send");
    }

    #[test]
    fn everything_below_the_divide_is_sent() {
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
