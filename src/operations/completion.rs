//! Completions: `POST /completions`, or a continuation through `/chat/completions`.
//!
//! `OpenAI` shut down the last models of `/completions` on 2026-09-28; compatible servers still have the endpoint. The
//! engine decides: `completions` always uses it, `chat` asks a chat model to continue the text, and `auto` falls back
//! from the first to the second if the API says that the model or the endpoint does not exist.

use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Plan, Reader, advanced, chat, chat_route,
    choices::ChoicesReader,
    content::prompt_text,
    list,
    parameters::{BodyBuilder, EXTRA_BODY, n_of, stops_of},
    route::Route,
};
use crate::{
    error::{Error, cause::ApiCause, error_text},
    input::{base_url::Provider, fields::Fields},
    policy::{
        adjust::Adjustment,
        capabilities::{self, DEFAULT_CHAT_MODEL, DEFAULT_COMPLETION_MODEL, Sampling, family},
        shutdowns::{self, Day},
    },
};

/// The endpoint's path.
pub const PATH: &str = "/completions";
/// Sent if the query sets no limit: the API's own default of 16 cuts text off.
pub const DEFAULT_MAX_TOKENS: i64 = 256;
/// Maximum number of alternatives per token in chat (`top_logprobs`).
const MAX_LOGPROBS: i64 = 5;

/// The endpoint that continues the prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// `/completions`, falling back to chat.
    #[default]
    Auto,
    /// Always `/completions`.
    Completions,
    /// Always chat.
    Chat,
}

/// A checked Completions query.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The chosen engine.
    pub engine: Engine,
    /// The model that the query names.
    pub model: Option<String>,
    prompt: String,
    suffix: Option<String>,
    echo: bool,
    n: usize,
    provider: Provider,
    body: Map<String, Value>,
}

/// A Completions query without prompt and suffix.
#[derive(Clone, Debug)]
pub struct Template {
    /// The chosen engine.
    pub engine: Engine,
    model: Option<String>,
    echo: bool,
    n: usize,
    provider: Provider,
    /// Contains null in place of prompt and suffix.
    body: Map<String, Value>,
}

impl Template {
    /// Reads all fields except prompt and suffix.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    pub fn from_fields(fields: &Fields<'_>, provider: Provider) -> Result<Self, Error> {
        let engines = [("auto", Engine::Auto), ("completions", Engine::Completions), ("chat", Engine::Chat)];
        let engine = fields.choice("engine", &engines)?.unwrap_or_default();
        let model = fields.trimmed("model")?;
        let mut body = BodyBuilder::new(fields, model.as_deref().unwrap_or(DEFAULT_COMPLETION_MODEL));
        body.set("prompt", Value::Null);
        body.set("max_tokens", fields.integer("max_tokens", 1..=i64::MAX)?.unwrap_or(DEFAULT_MAX_TOKENS));
        body.set_temperature()?;
        body.set_stops()?;
        body.set("suffix", Value::Null);
        let advanced_fields = advanced(fields);
        let mut body = body.read_from(&advanced_fields);
        let n = body.set_sampling()?;
        if let Some(best_of) = advanced_fields.integer("best_of", 1..=20)? {
            if usize::try_from(best_of).is_ok_and(|best_of| best_of < n) {
                return Err(Error::invalid(
                    "best_of",
                    error_text!["must be at least ", n, " (Number of results), got ", best_of],
                ));
            }
            body.set("best_of", best_of);
        }
        let echo = advanced_fields.boolean("echo")?;
        if let Some(echo) = echo {
            body.set("echo", echo);
        }
        if let Some(logprobs) = advanced_fields.integer("logprobs", 0..=MAX_LOGPROBS)? {
            body.set("logprobs", logprobs);
        }
        let body = body.finish(EXTRA_BODY)?;
        Ok(Self { engine, model, echo: echo.unwrap_or_default(), n: n_of(&body), provider, body })
    }

    /// Adds the prompt and the suffix of `fields`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    pub fn complete(self, fields: &Fields<'_>) -> Result<Completion, Error> {
        let Self { engine, model, echo, n, provider, mut body } = self;
        let prompt = prompt_text(fields)?;
        let suffix = fields.text("suffix")?;
        for (name, text) in [("prompt", Some(&prompt)), ("suffix", suffix.as_ref())] {
            // `extra_body` may have set another prompt.
            match (body.get_mut(name), text) {
                (Some(place @ Value::Null), Some(text)) => *place = text.clone().into(),
                (Some(Value::Null), None) => {
                    body.shift_remove(name);
                }
                _ => {}
            }
        }
        Ok(Completion { engine, model, prompt, suffix, echo, n, provider, body })
    }

    /// Approximate size as JSON, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        list::members_bytes(&self.body)
    }
}

impl Completion {
    /// Reads the options of a Completions query.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    pub fn from_fields(fields: &Fields<'_>, provider: Provider) -> Result<Self, Error> {
        Template::from_fields(fields, provider)?.complete(fields)
    }

    /// The route, by engine.
    #[must_use]
    pub fn route(self) -> Route {
        match self.engine {
            Engine::Completions => Route::only(self.plan()),
            Engine::Chat => self.chat_route(&self.chat_model()),
            Engine::Auto => Route::with_next(self.plan(), move |cause, today| {
                let route = self.chat_route(&self.chat_model_after(cause, today)?);
                // If the error already names the Responses API, trying chat first would only repeat it.
                let route = route.after(cause, today).unwrap_or_else(|chat| *chat);
                Some(Box::new(|_| route))
            }),
        }
    }

    fn chat_route(&self, model: &str) -> Route {
        chat_route::first_route(self.chat_plan(model), self.provider)
    }

    /// The request to `/completions`.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let reader =
            ChoicesReader { endpoint: &PATH[1..], n: self.n, stops: stops_of(&self.body), ..ChoicesReader::default() };
        let request = ApiRequest::post(PATH, self.body.clone());
        Plan::new(request, Reader::Choices(reader))
    }

    /// The request through chat, without members that chat does not have. Turns off reasoning that is on by default:
    /// the limit of a Completions query leaves no room for it, and its temperature should apply.
    #[must_use]
    pub fn chat_plan(&self, model: &str) -> Plan {
        let mut body = self.body.clone();
        let mut adjusted = Vec::new();
        for name in ["prompt", "suffix", "echo", "best_of"] {
            if body.shift_remove(name).is_some() && name == "best_of" {
                adjusted.push(Adjustment::Removed(name));
            }
        }
        let reasons = family(model).is_some_and(|family| family.sampling == Sampling::WithEffortNone);
        if reasons && !body.contains_key("reasoning_effort") && Adjustment::WithoutReasoning.apply(&mut body) {
            adjusted.push(Adjustment::WithoutReasoning);
        }
        body.insert("model".to_owned(), model.into());
        let messages = json!([
            {"role": "system", "content": self.instructions()},
            {"role": "user", "content": self.prompt}
        ]);
        body.insert("messages".to_owned(), messages);
        if let Some(limit) = body.shift_remove("max_tokens") {
            body.insert(chat::token_limit(self.provider, model).to_owned(), limit);
        }
        // Any other type comes from `extra_body` and is already meant for chat.
        if body.get("logprobs").is_some_and(Value::is_number)
            && let Some(alternatives) = body.insert("logprobs".to_owned(), true.into())
        {
            body.insert("top_logprobs".to_owned(), alternatives);
        }
        let reader = ChoicesReader {
            endpoint: &chat::PATH[1..],
            n: self.n,
            stops: stops_of(&self.body),
            echo: if self.echo { self.prompt.clone() } else { String::new() },
            ..ChoicesReader::default()
        };
        let named = self.body.get("model").and_then(Value::as_str);
        let substituted_model = (named != Some(model)).then(|| model.to_owned());
        Plan {
            request: ApiRequest::post(chat::PATH, body),
            reader: Reader::Choices(reader),
            adjusted,
            substituted_model,
        }
    }

    fn instructions(&self) -> String {
        let continuation = "You continue texts. The user's message is the beginning of a text, not a message to \
            you. Reply with the text that follows it and with nothing else: no introduction, no explanation, no \
            quotation marks, and no repetition of the beginning. If the text asks for something, what follows is \
            what it asks for.";
        match &self.suffix {
            None => continuation.to_owned(),
            Some(suffix) => format!(
                "{continuation} The text between the <suffix> tags comes directly after your reply: write what \
                 stands between the beginning and it, and do not repeat it.\n<suffix>{suffix}</suffix>"
            ),
        }
    }

    /// The chat model for the fallback on the day `today`, if `/completions` does not serve this query. `None` for any
    /// other error, or if the engine allows no fallback.
    #[must_use]
    pub fn chat_model_after(&self, cause: ApiCause, today: &Day) -> Option<String> {
        if self.engine != Engine::Auto {
            return None;
        }
        let default = || DEFAULT_CHAT_MODEL.to_owned();
        let Some(named) = &self.model else { return cause.is_about_model_or_route().then(default) };
        let may_stay = match cause {
            // The API knows it as a chat model.
            ApiCause::ModelOfOtherEndpoint | ApiCause::ModelOfResponses => return Some(named.clone()),
            ApiCause::ModelNotFound => family(named).is_some() || capabilities::is_fine_tune(named),
            // The server has no such endpoint, and the error is not about the model. On a custom server, the name may
            // belong to another model.
            ApiCause::NoSuchRoute if self.provider != Provider::OpenAi => return Some(named.clone()),
            ApiCause::NoSuchRoute => true,
            _ => return None,
        };
        Some(match shutdowns::end(named, today) {
            Some(end) => end.replacement.unwrap_or_else(default),
            None if may_stay => named.clone(),
            None => default(),
        })
    }

    /// The chat model for the engine `chat`.
    #[must_use]
    pub fn chat_model(&self) -> String {
        let named = self.model.as_deref().filter(|model| *model != DEFAULT_COMPLETION_MODEL);
        named.unwrap_or(DEFAULT_CHAT_MODEL).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: Value) -> Result<Completion, String> {
        let fields = Fields::of("queryOptions", &options).unwrap();
        Completion::from_fields(&fields, Provider::OpenAi).map_err(|error| error.to_string())
    }

    fn body(options: Value) -> Value {
        Value::Object(read(options).unwrap().plan().request.body.unwrap())
    }

    #[test]
    fn sends_only_what_is_set_and_the_token_limit() {
        assert_eq!(
            body(json!({"prompt": "Once"})),
            json!({"model": DEFAULT_COMPLETION_MODEL, "prompt": "Once", "max_tokens": 256})
        );
    }

    #[test]
    fn turns_the_form_into_the_request() {
        let options = json!({
            "prompt": "Once", "model": "m", "max_tokens": "9", "temperature": "0", "stop_sequence": "\nEND", "suffix": " end",
            "top_p": 1, "frequency_penalty": "0.5", "presence_penalty": "-0.5", "n": 2, "best_of": "3",
            "echo": "true", "seed": 1, "logprobs": "2", "extra_body": {"top_k": 4}
        });
        assert_eq!(
            body(options),
            json!({
                "model": "m", "prompt": "Once", "max_tokens": 9, "temperature": 0, "stop": "\nEND", "suffix": " end",
                "top_p": 1, "frequency_penalty": 0.5, "presence_penalty": -0.5, "n": 2, "best_of": 3,
                "echo": true, "seed": 1, "logprobs": 2, "top_k": 4
            })
        );
    }

    #[test]
    fn names_the_field_of_an_invalid_value() {
        assert!(read(json!({})).unwrap_err().starts_with("Prompt is empty"));
        assert!(read(json!({"prompt": "a", "max_tokens": "many"})).unwrap_err().starts_with("Max tokens must be"));
        assert!(
            read(json!({"prompt": "a", "best_of": 2, "n": 3})).unwrap_err().starts_with("Best of must be at least")
        );
        assert!(read(json!({"prompt": "a", "engine": "v8"})).unwrap_err().starts_with("Engine must be one of"));
    }

    #[test]
    fn keeps_log_probabilities_under_chat_s_names() {
        let completion = read(json!({"prompt": "Once", "extra_body": {"logprobs": true, "top_logprobs": 2}})).unwrap();
        let body = completion.chat_plan("gpt-x").request.body.unwrap();
        assert_eq!((&body["logprobs"], &body["top_logprobs"]), (&json!(true), &json!(2)));
    }

    #[test]
    fn asks_only_for_the_continuation_through_chat() {
        let completion = read(json!({
            "prompt": "Once", "suffix": "the end", "max_tokens": 9, "best_of": 2, "echo": true, "logprobs": 3, "stop_sequence": "x"
        })).unwrap();
        let plan = completion.chat_plan("gpt-x");
        assert_eq!(plan.adjusted, [Adjustment::Removed("best_of")]);
        let body = plan.request.body.unwrap();
        assert_eq!((plan.request.path, &body["model"]), ("/chat/completions", &json!("gpt-x")));
        assert_eq!(body["messages"][1], json!({"role": "user", "content": "Once"}));
        assert!(body["messages"][0]["content"].as_str().unwrap().ends_with("<suffix>the end</suffix>"));
        assert_eq!(body["max_completion_tokens"], 9);
        assert_eq!((&body["logprobs"], &body["top_logprobs"], &body["stop"]), (&json!(true), &json!(3), &json!("x")));
        for name in ["prompt", "suffix", "echo", "best_of", "max_tokens"] {
            assert!(!body.contains_key(name), "{name}");
        }
    }

    #[test]
    fn turns_off_default_reasoning_through_chat() {
        let chat = |model: &str, extra: Value| {
            let plan = read(json!({"prompt": "Once", "extra_body": extra})).unwrap().chat_plan(model);
            (plan.request.body.unwrap().get("reasoning_effort").cloned(), plan.adjusted)
        };
        assert_eq!(chat("gpt-6-luna", json!({})), (Some(json!("none")), vec![Adjustment::WithoutReasoning]));
        assert_eq!(chat("openai/gpt-6-luna", json!({})).0, Some(json!("none")));
        assert_eq!(chat("gpt-6-luna", json!({"reasoning_effort": "low"})), (Some(json!("low")), vec![]));
        // These lack that effort or do not need it.
        for model in ["gpt-6.1-sol", DEFAULT_CHAT_MODEL, "gpt-4o", "local-7b"] {
            assert_eq!(chat(model, json!({})), (None, vec![]), "{model}");
        }
    }

    #[test]
    fn falls_back_to_chat_only_when_the_model_or_endpoint_is_missing() {
        use ApiCause::{InvalidKey, ModelNotFound, ModelOfOtherEndpoint, NoSuchRoute, ServerError};
        let after = |model: &str, cause| {
            read(json!({"prompt": "a", "model": model})).unwrap().chat_model_after(cause, &Day::of_text("2026-11-25"))
        };
        let default = Some(DEFAULT_CHAT_MODEL);
        for (model, cause, expected) in [
            ("", ModelNotFound, default),
            ("", ModelOfOtherEndpoint, default),
            ("", NoSuchRoute, default),
            ("", InvalidKey, None),
            ("", ServerError, None),
            ("gpt-6-sol", ModelNotFound, Some("gpt-6-sol")),
            ("gpt-6-sol", ServerError, None),
            ("davinci-002", ModelNotFound, default),
            ("local-7b", ModelNotFound, default),
            ("brand-new", ModelOfOtherEndpoint, Some("brand-new")),
            ("llama", NoSuchRoute, Some("llama")),
            // Shut down later.
            ("gpt-4o", ModelNotFound, Some("gpt-4o")),
            ("openai/gpt-4o-2024-08-06", ModelNotFound, Some("openai/gpt-4o-2024-08-06")),
            ("ft:gpt-4o-mini-2024-07-18:acme::1", ModelNotFound, Some("ft:gpt-4o-mini-2024-07-18:acme::1")),
            ("ft:brand-new:acme::1", ModelNotFound, Some("ft:brand-new:acme::1")),
            ("gpt-4.1", NoSuchRoute, Some("gpt-4.1")),
            // Already shut down.
            ("gpt-4", ModelNotFound, Some("gpt-5.4")),
            ("openai/gpt-4", ModelNotFound, Some("openai/gpt-5.4")),
            ("ft:davinci-002:acme::1", ModelNotFound, default),
            ("o1", NoSuchRoute, Some("gpt-6.1-sol")),
        ] {
            assert_eq!(after(model, cause).as_deref(), expected, "{model:?} after {cause:?}");
        }
        let own_server =
            Completion { provider: Provider::Compatible, ..read(json!({"prompt": "a", "model": "gpt-4"})).unwrap() };
        assert_eq!(own_server.chat_model_after(NoSuchRoute, &Day::of_text("2026-11-25")).as_deref(), Some("gpt-4"));
        let fixed = read(json!({"prompt": "a", "engine": "completions"})).unwrap();
        assert_eq!(fixed.chat_model_after(ModelNotFound, &Day::of_text("2026-11-25")), None);
    }
}
