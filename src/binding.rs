//! What the addon exports to `Node`. The only file that names `napi`.
//!
//! Arguments and results cross here and nothing else happens: options become JSON values,
//! an [`Outcome`] becomes an object. A rejected promise always means a bug. Every export
//! catches panics, because one that reaches `Node` ends the process.

use std::{mem, sync::LazyLock};

use napi::{
    Env, JsString, Result,
    bindgen_prelude::{Function, JsObjectValue, Object, PromiseRaw, create_custom_tokio_runtime},
};
use napi_derive::{module_init, napi};
use serde_json::Value;

use crate::{
    network::{
        client::{self, Client},
        http::Transport,
    },
    policy::model_cache::ModelCache,
    service::{self, Call, Outcome},
};

static MODEL_CACHE: LazyLock<ModelCache> = LazyLock::new(ModelCache::default);

#[module_init]
fn init() {
    if let Ok(runtime) = client::runtime() {
        create_custom_tokio_runtime(runtime);
    }
}

/// Runs when `Node` loads the addon, and not in tests that link it.
///
/// # Errors
/// None.
#[napi(module_exports)]
pub fn install_panic_hook(_exports: Object<'_>) -> Result<()> {
    // A caught panic is reported by its QueryError; its text has no place in the log.
    std::panic::set_hook(Box::new(|_| {}));
    Ok(())
}

/// Runs a query. Resolves to `{status: 'ok', data, metadata}` or
/// `{status: 'failed', message, description, data, metadata?}`.
///
/// # Errors
/// If a value cannot be read as JSON, such as a function.
#[napi(catch_unwind)]
pub fn run<'env>(
    env: &'env Env,
    source_options: Option<Value>,
    query_options: Option<Value>,
) -> Result<PromiseRaw<'env, Object<'env>>> {
    let (source, query) = (source_options.unwrap_or_default(), query_options.unwrap_or_default());
    let outcome = async move {
        SerializedOutcome::of(match Client::shared() {
            Ok(client) => service::run(client, &MODEL_CACHE, &mut call(client, source, query)).await,
            Err(error) => service::unsendable_query(error),
        })
    };
    env.spawn_future_with_callback(outcome, SerializedOutcome::into_object)
}

/// Tests a data source. Resolves to `{status: 'ok', message?}` or
/// `{status: 'failed', message, description, data}`.
///
/// # Errors
/// If a value cannot be read as JSON, such as a function.
#[napi(catch_unwind)]
pub fn test_connection<'env>(env: &'env Env, source_options: Option<Value>) -> Result<PromiseRaw<'env, Object<'env>>> {
    let source = source_options.unwrap_or_default();
    let outcome = async move {
        SerializedOutcome::of(match Client::shared() {
            Ok(client) => service::test_connection(client, &mut call(client, source, Value::Null)).await,
            Err(error) => service::unsendable_test(error),
        })
    };
    env.spawn_future_with_callback(outcome, SerializedOutcome::into_object)
}

fn call(client: &Client, source: Value, query: Value) -> Call {
    Call { source, query, started: client.now(), hold: client.hold() }
}

/// An outcome made ready off the JS thread. `JSON.parse` makes objects there faster than one call
/// per property would, and a result may hold names and numbers that only it treats as expected:
/// `__proto__`, or integers that would become a `BigInt`, which `ToolJet` cannot serialize.
struct SerializedOutcome {
    outcome: Text,
    /// `data` that is one text, which nobody has to parse.
    text: Option<Text>,
}

enum Text {
    Ascii(Vec<u8>),
    Utf16(Vec<u16>),
}

impl SerializedOutcome {
    fn of(mut outcome: Outcome) -> Result<Self> {
        let mut text = None;
        if let Outcome::Ok(reply) = &mut outcome {
            match mem::take(&mut reply.data) {
                Value::String(data) => text = Some(data.into()),
                data => reply.data = data,
            }
        }
        Ok(Self { outcome: serde_json::to_string(&outcome)?.into(), text })
    }

    fn into_object<'env>(env: &'env Env, serialized: Self) -> Result<Object<'env>> {
        let json: Object = env.get_global()?.get_named_property("JSON")?;
        let parse: Function<JsString, Object> = json.get_named_property("parse")?;
        let mut object = parse.call(serialized.outcome.into_js(env)?)?;
        if let Some(text) = serialized.text {
            object.set_named_property("data", text.into_js(env)?)?;
        }
        Ok(object)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if text.is_ascii() { Self::Ascii(text.into_bytes()) } else { Self::Utf16(utf16(&text)) }
    }
}

impl Text {
    fn into_js(self, env: &Env) -> Result<JsString<'_>> {
        match self {
            Self::Ascii(text) => env.create_string_latin1(&text),
            Self::Utf16(text) => env.create_string_utf16(&text),
        }
    }
}

/// As `str::encode_utf16`, which decodes one character after the other: that took half the time
/// of a long answer. Most text is ASCII with a few others in between.
fn utf16(text: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (ascii, others) = split_at_byte(rest, |byte| !byte.is_ascii());
        units.extend(ascii.as_bytes().iter().map(|byte| u16::from(*byte)));
        let (others, ascii) = split_at_byte(others, u8::is_ascii);
        units.extend(others.encode_utf16());
        rest = ascii;
    }
    units
}

/// Splits before the first byte that is as wanted.
fn split_at_byte(text: &str, is_wanted: impl Fn(&u8) -> bool) -> (&str, &str) {
    text.split_at(text.as_bytes().iter().position(is_wanted).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_the_utf_16_that_it_is() {
        for text in ["", "plain", "é", "café au lait", "“so”", "日本語 and 😀😀é", "😀"] {
            assert_eq!(utf16(text), text.encode_utf16().collect::<Vec<_>>(), "{text}");
        }
    }
}
