//! Transcribe: `POST /audio/transcriptions`, a form that contains the recording.

use serde_json::{Map, Value, json};

use super::{ApiRequest, Expected, Plan, QueryResult, Reader, advanced, recording::recording, text_list::text_list};
use crate::{
    error::{BodyKind, Error},
    input::{base_url::Provider, fields::Fields},
    policy::adjust::Adjustment,
    response::{ApiResponse, take_list, take_usage},
};

/// The endpoint's path.
pub const PATH: &str = "/audio/transcriptions";
/// Default model.
pub const DEFAULT_TRANSCRIPTION_MODEL: &str = "gpt-transcribe";

/// Turns a Transcribe query into its request.
///
/// # Errors
/// [`Error::InvalidOption`] naming the field.
pub fn plan(fields: &Fields<'_>, provider: Provider) -> Result<Plan, Error> {
    let model = fields.trimmed("transcription_model")?;
    let model = model.unwrap_or_else(|| DEFAULT_TRANSCRIPTION_MODEL.to_owned());
    let file = recording(fields, provider)?;
    let guidance = Guidance {
        keywords: text_list(&"keywords".into(), fields.value("keywords"))?,
        languages: text_list(&"languages".into(), fields.value("languages"))?,
        prompt: advanced(fields).text("prompt")?,
    };
    let mut body = Map::from_iter([("model".to_owned(), json!(model))]);
    let adjusted = if takes_lists(&model) { guidance.set_lists(&mut body) } else { guidance.set_texts(&mut body) };
    let request = ApiRequest { expected: Expected::JsonOrText, ..ApiRequest::upload(PATH, body, file) };
    Ok(Plan { adjusted, ..Plan::new(request, Reader::new(move |response| read(response, &model))) })
}

/// Whether `model`, with or without a provider's prefix, accepts `keywords` and `languages`. Other models accept one
/// `language`.
fn takes_lists(model: &str) -> bool {
    model.rsplit('/').next().is_some_and(|name| name.starts_with(DEFAULT_TRANSCRIPTION_MODEL))
}

/// Helps the model to understand the recording.
struct Guidance {
    keywords: Vec<String>,
    languages: Vec<String>,
    prompt: Option<String>,
}

impl Guidance {
    fn set_lists(self, body: &mut Map<String, Value>) -> Vec<Adjustment> {
        for (name, list) in [("keywords", self.keywords), ("languages", self.languages)] {
            if !list.is_empty() {
                body.insert(name.to_owned(), list.into());
            }
        }
        body.extend(self.prompt.map(|prompt| ("prompt".to_owned(), prompt.into())));
        Vec::new()
    }

    /// For Whisper and the models up to the newest generation. They take the spelling of words from the prompt, and
    /// guess which of several languages is spoken.
    fn set_texts(self, body: &mut Map<String, Value>) -> Vec<Adjustment> {
        let mut adjusted = Vec::new();
        match self.languages.as_slice() {
            [] => {}
            [language] => {
                body.insert("language".to_owned(), json!(language));
            }
            _ => adjusted.push(Adjustment::Removed("languages")),
        }
        let keywords = Some(self.keywords.join(", ")).filter(|keywords| !keywords.is_empty());
        if keywords.is_some() {
            adjusted.push(Adjustment::Renamed { from: "keywords", to: "prompt" });
        }
        let prompt: Vec<_> = self.prompt.into_iter().chain(keywords).collect();
        if !prompt.is_empty() {
            body.insert("prompt".to_owned(), prompt.join("\n").into());
        }
        adjusted
    }
}

/// The text, without Whisper's leading space. Empty if nobody speaks.
///
/// # Errors
/// [`Error::Decode`] if the response has no text.
fn read(response: ApiResponse, model: &str) -> Result<QueryResult, Error> {
    let ApiResponse { mut body, request_id } = response;
    let Some(Value::String(text)) = body.swap_remove("text") else {
        let reason = "the response contains no transcribed text".into();
        return Err(Error::Decode { status: 200, reason, body: BodyKind::Other, request_id });
    };
    let mut metadata = Map::from_iter([("endpoint".to_owned(), json!(&PATH[1..]))]);
    let answered = body.swap_remove("model").filter(Value::is_string);
    metadata.insert("model".to_owned(), answered.unwrap_or_else(|| json!(model)));
    let languages = languages(&mut body);
    if !languages.is_empty() {
        metadata.insert("languages".to_owned(), languages.into());
    }
    metadata
        .extend(body.swap_remove("duration").filter(Value::is_number).map(|seconds| ("duration".to_owned(), seconds)));
    metadata.extend(take_usage(&mut body).map(|usage| ("usage".to_owned(), usage)));
    Ok(QueryResult { data: text.trim().into(), metadata })
}

/// The detected languages: codes, or the single name that Whisper servers return.
fn languages(body: &mut Map<String, Value>) -> Vec<Value> {
    let listed = take_list(body, "languages").into_iter();
    let codes = listed.filter_map(|mut language| Some(language.get_mut("code")?.take()));
    codes.chain(body.swap_remove("language")).filter(Value::is_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::form;

    fn planned(options: Value) -> Result<Plan, String> {
        let mut options = options;
        options["file"] = json!("data:audio/wav;base64,GkXfowEAAAA=");
        let fields = Fields::of("queryOptions", &options).unwrap();
        plan(&fields, Provider::OpenAi).map_err(|error| error.to_string())
    }

    /// The form's fields other than the file, and `metadata.adjusted`.
    fn sent(options: Value) -> (Vec<(String, String)>, Vec<Value>) {
        let plan = planned(options).unwrap();
        let adjusted = plan.adjusted.iter().map(Adjustment::to_json).collect();
        (form::fields(&plan.request.body.unwrap()), adjusted)
    }

    fn fields(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn result(body: Value) -> Result<(Value, Value), String> {
        let reader = planned(json!({"transcription_model": "whisper-x"})).unwrap().reader;
        let Value::Object(body) = body else { panic!("not an object") };
        let result = reader.read(ApiResponse { body, request_id: None }, false).map_err(|error| error.to_string())?;
        Ok((result.data, result.metadata.into()))
    }

    #[test]
    fn sends_a_form_field_for_each_keyword_and_language() {
        let options = json!({"keywords": "ToolJet, Ada", "languages": ["en", "de"], "prompt": "A meeting."});
        let plan = planned(options.clone()).unwrap();
        assert_eq!((plan.request.path, plan.request.file.unwrap().name.as_str()), (PATH, "recording.webm"));
        let expected = [
            ("model", DEFAULT_TRANSCRIPTION_MODEL),
            ("keywords[]", "ToolJet"),
            ("keywords[]", "Ada"),
            ("languages[]", "en"),
            ("languages[]", "de"),
            ("prompt", "A meeting."),
        ];
        assert_eq!(sent(options.clone()), (fields(&expected), Vec::new()));
        let mut other = options;
        other["transcription_model"] = json!("openai/gpt-transcribe-2026-09-01");
        assert_eq!(sent(other).0[1..], fields(&expected)[1..]);
        assert_eq!(sent(json!({})).0, fields(&expected[..1]));
        assert!(planned(json!({"keywords": {"a": 1}})).unwrap_err().starts_with("Keywords must be a list of strings"));
    }

    #[test]
    fn sends_older_models_one_language_and_keywords_in_the_prompt() {
        let whisper = |options: Value| {
            let mut options = options;
            options["transcription_model"] = json!("whisper-1");
            sent(options)
        };
        let keywords = json!({"parameter": "keywords", "change": "renamed", "to": "prompt"});
        assert_eq!(
            whisper(json!({"keywords": ["ToolJet", "Ada"], "languages": "en", "prompt": "A meeting."})),
            (
                fields(&[("model", "whisper-1"), ("language", "en"), ("prompt", "A meeting.\nToolJet, Ada")]),
                vec![keywords]
            )
        );
        assert_eq!(
            whisper(json!({"languages": "en, de"})),
            (fields(&[("model", "whisper-1")]), vec![json!({"parameter": "languages", "change": "removed"})])
        );
    }

    #[test]
    fn returns_the_text_with_details_in_metadata() {
        let body = json!({
            "text": " Hello.\n", "languages": [{"code": "en"}, {"code": 5}, "x"],
            "usage": {"type": "tokens", "input_tokens": 14.0, "output_tokens": 5, "total_tokens": 19}
        });
        let expected = json!({
            "endpoint": "audio/transcriptions", "model": "whisper-x", "languages": ["en"],
            "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 5, "total_tokens": 19}
        });
        assert_eq!(result(body).unwrap(), (json!("Hello."), expected));
        let verbose = json!({"text": "", "model": "m", "language": "english", "duration": 2.5, "segments": [{}]});
        let expected =
            json!({"endpoint": "audio/transcriptions", "model": "m", "languages": ["english"], "duration": 2.5});
        assert_eq!(result(verbose).unwrap(), (json!(""), expected));
        let (data, metadata) = result(json!({"text": "Hello.", "usage": {"type": "duration", "seconds": 3}})).unwrap();
        assert_eq!((data, &metadata["usage"]["seconds"]), (json!("Hello."), &json!(3)));
        for body in [json!({}), json!({"text": null}), json!({"text": ["Hello."]})] {
            assert_eq!(result(body).unwrap_err(), "the response contains no transcribed text");
        }
    }
}
