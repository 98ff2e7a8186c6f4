//! What the addon exports to `Node`. The only file that names `napi`.
//!
//! Arguments and results cross here and nothing else happens: options become JSON values,
//! an [`Outcome`] becomes an object. A rejected promise always means a bug. Every export
//! catches panics, because one that reaches `Node` ends the process.

use std::sync::LazyLock;

use napi::{
    Env, JsString, Result,
    bindgen_prelude::{Object, PromiseRaw, create_custom_tokio_runtime},
};
use napi_derive::{module_init, napi};
use serde_json::Value;

use crate::{
    client::{self, Client},
    memory::Memory,
    service::{self, Failure, Outcome},
};

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

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
pub fn quieten_panics(_exports: Object<'_>) -> Result<()> {
    // A caught panic is reported by its QueryError; its text has no place in the log.
    std::panic::set_hook(Box::new(|_| {}));
    Ok(())
}

/// Runs a query. Resolves to `{status: 'ok', data, metadata}` or
/// `{status: 'failed', message, description, data}`.
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
        Ok(Crossing::from(match Client::shared() {
            Ok(client) => service::run(client, &MEMORY, &source, &query).await,
            Err(error) => service::unusable(service::QUERY_FAILED, error),
        }))
    };
    env.spawn_future_with_callback(outcome, Crossing::into_object)
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
        Ok(Crossing::from(match Client::shared() {
            Ok(client) => service::test_connection(client, &source).await,
            Err(error) => service::unusable(service::CONNECTION_FAILED, error),
        }))
    };
    env.spawn_future_with_callback(outcome, Crossing::into_object)
}

/// An outcome made ready off the JS thread: long text is already in the form that V8 copies.
struct Crossing {
    outcome: Outcome,
    text: Option<Text>,
}

enum Text {
    Ascii(Vec<u8>),
    Utf16(Vec<u16>),
}

/// Larger integers cross as `BigInt`, which `ToolJet` cannot put into JSON; `JSON.parse`
/// makes them the nearest number, and so does this.
const LARGEST_INTEGER: u64 = (1 << 53) - 1;

fn with_js_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let is_large = number.as_u64().is_some_and(|n| n > LARGEST_INTEGER)
                || number.as_i64().is_some_and(|n| n.unsigned_abs() > LARGEST_INTEGER);
            if is_large && let Some(nearest) = number.as_f64().and_then(serde_json::Number::from_f64) {
                *number = nearest;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(with_js_numbers),
        Value::Object(members) => members.values_mut().for_each(with_js_numbers),
        _ => {}
    }
}

impl From<Outcome> for Crossing {
    fn from(mut outcome: Outcome) -> Self {
        if let Outcome::Ok(reply) = &mut outcome {
            with_js_numbers(&mut reply.data);
            reply.metadata.values_mut().for_each(with_js_numbers);
        }
        let text = match &mut outcome {
            Outcome::Ok(reply) if reply.data.is_string() => match reply.data.take() {
                Value::String(text) if text.is_ascii() => Some(Text::Ascii(text.into_bytes())),
                Value::String(text) => Some(Text::Utf16(utf16(&text))),
                _ => None,
            },
            _ => None,
        };
        Self { outcome, text }
    }
}

impl Crossing {
    fn into_object<'env>(env: &'env Env, crossing: Self) -> Result<Object<'env>> {
        let mut object = Object::new(env)?;
        match crossing.outcome {
            Outcome::Ok(reply) => {
                object.set("status", "ok")?;
                match crossing.text {
                    Some(text) => object.set("data", text.into_js(env)?)?,
                    None => object.set("data", reply.data)?,
                }
                object.set("metadata", Value::Object(reply.metadata))?;
            }
            Outcome::Connected { warning } => {
                object.set("status", "ok")?;
                if let Some(warning) = warning {
                    object.set("message", warning)?;
                }
            }
            Outcome::Failed(Failure { message, description, data }) => {
                object.set("status", "failed")?;
                object.set("message", message)?;
                object.set("description", description)?;
                object.set("data", Value::Object(data))?;
            }
        }
        Ok(object)
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
