//! The addon's exports for `Node`. The only file that names `napi`.
//!
//! Options arrive as JSON text and outcomes leave as JSON text, because both sides read that faster than one call per
//! value. Large ones are passed in pieces that the JS thread handles in a few milliseconds; `src/entry/calls.js` lets
//! other work run in between. A rejected promise always means a bug. Every export catches panics, because one that
//! reaches `Node` would end the process.

use std::{future::Future, mem, sync::LazyLock, time::Duration, vec};

use napi::{
    Env, JsDeferred, JsString, JsValue, Result,
    bindgen_prelude::{Array, External, Function, JsObjectValue, Object, create_custom_tokio_runtime, spawn},
    sys::napi_value,
};
use napi_derive::{module_init, napi};

use crate::{
    budgets,
    error::Error,
    input::crossing,
    network::{
        client::{self, Client, Hold, Target, Work},
        http::Transport,
    },
    policy::model_cache::ModelCache,
    serialized::{self, Added, Apart, SLICE_COST, Slice, Text},
    service::{self, Call, Outcome},
};

static MODEL_CACHE: LazyLock<ModelCache> = LazyLock::new(ModelCache::default);

#[module_init]
fn init() {
    if let Ok(runtime) = client::runtime() {
        create_custom_tokio_runtime(runtime);
    }
}

/// Runs when `Node` loads the addon, but not in tests that link it.
///
/// # Errors
/// None.
#[napi(module_exports)]
pub fn install_panic_hook(_exports: Object<'_>) -> Result<()> {
    // Caught panics become a QueryError, so they must not appear in the server's log as well.
    std::panic::set_hook(Box::new(|_| {}));
    Ok(())
}

/// The limits on options, which the entry enforces because it sees them first.
#[napi(object)]
pub struct Limits {
    /// See [`budgets::MAX_OPTION_BYTES`].
    pub max_bytes: f64,
    /// See [`budgets::MAX_OPTION_VALUES`].
    pub max_values: f64,
    /// See [`budgets::MAX_OPTION_DEPTH`].
    pub max_depth: f64,
    /// See [`budgets::CONTAINER_WEIGHT`].
    pub container_weight: f64,
    /// See [`budgets::VALUE_BYTES`].
    pub value_bytes: f64,
}

/// Returns the limits on options.
///
/// # Errors
/// None.
#[napi(catch_unwind)]
pub fn limits() -> Result<Limits> {
    #[allow(clippy::cast_precision_loss)] // All limits are far below 2^53.
    let number = |limit: usize| limit as f64;
    Ok(Limits {
        max_bytes: number(budgets::MAX_OPTION_BYTES),
        max_values: number(budgets::MAX_OPTION_VALUES),
        max_depth: number(budgets::MAX_OPTION_DEPTH),
        container_weight: number(budgets::CONTAINER_WEIGHT),
        value_bytes: number(budgets::VALUE_BYTES),
    })
}

/// Runs a query with options in the form of [`crossing::parse`]. Resolves to `{status: 'ok', data, metadata}`,
/// `{status: 'failed', message, description, data, metadata?}`, or `{parts}` for [`next_slices`].
///
/// # Errors
/// If an argument has another type.
#[napi(catch_unwind)]
pub fn run<'env>(
    env: &'env Env,
    json: String,
    texts: Option<Vec<String>>,
    base_url: Option<String>,
) -> Result<Object<'env>> {
    let (texts, base_url) = (texts.unwrap_or_default(), base_url.unwrap_or_default());
    start(env, Crossing { json, texts, base_url, ..Crossing::default() })
}

/// Tests a data source. Resolves like [`run`], but to `{status: 'ok', message?}` on success.
///
/// # Errors
/// If an argument has another type.
#[napi(catch_unwind)]
pub fn test_connection<'env>(env: &'env Env, json: String, texts: Option<Vec<String>>) -> Result<Object<'env>> {
    start(env, Crossing { is_test: true, json, texts: texts.unwrap_or_default(), ..Crossing::default() })
}

/// The timeout set by these options, in the form of [`crossing::parse`].
///
/// # Errors
/// If an argument has another type.
#[napi(catch_unwind)]
pub fn timeout_seconds(json: String) -> Result<f64> {
    let options = crossing::parse(&json, Vec::new()).unwrap_or_default();
    Ok(service::timeout(&options.source, &options.query).as_secs_f64())
}

/// Waits until options of `bytes` bytes may be passed in pieces. Resolves to `{options}` for [`add_json`], [`add_text`]
/// and [`start_large`], or like [`run`] to a failure.
///
/// # Errors
/// If an argument has another type.
#[napi(catch_unwind)]
pub fn admit<'env>(env: &'env Env, is_test: bool, bytes: f64, patience_seconds: f64) -> Result<Object<'env>> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
    let bytes = bytes as usize;
    promise(env, is_test, "", |reply| async move {
        let hold = Client::shared()?.admit(bytes, seconds(patience_seconds)).await?;
        reply.resolve(Crossed::In(Crossing { is_test, hold, ..Crossing::default() }));
        Ok(())
    })
}

/// Adds JSON to admitted options.
///
/// # Errors
/// If an argument has another type.
#[napi(catch_unwind)]
pub fn add_json(options: &mut External<Crossing>, json: String) -> Result<()> {
    options.json.push_str(&json);
    Ok(())
}

/// Adds a part of a string that is passed next to the JSON; `is_first` starts a new string.
///
/// # Errors
/// If an argument has another type.
#[napi(catch_unwind)]
pub fn add_text(options: &mut External<Crossing>, part: String, is_first: bool) -> Result<()> {
    match options.texts.last_mut().filter(|_| !is_first) {
        Some(text) => text.push_str(&part),
        None => options.texts.push(part),
    }
    Ok(())
}

/// Runs a query or a test with completely added options, `waited_seconds` after `ToolJet` requested it. Resolves like
/// [`run`].
///
/// # Errors
/// If an argument has another type.
#[napi(catch_unwind)]
pub fn start_large<'env>(
    env: &'env Env,
    options: &mut External<Crossing>,
    waited_seconds: f64,
) -> Result<Object<'env>> {
    start(env, Crossing { waited: seconds(waited_seconds), ..mem::take(&mut **options) })
}

/// The next slices of a large outcome, as many as the JS thread should handle at once; none at the end. Each is
/// `[container, added, key, number, ...]`: the number of the array or object to extend, the additions, and the numbers
/// of earlier containers that replace some of its items or members. The outcome itself comes last.
///
/// # Errors
/// If an argument has another type.
#[napi(catch_unwind)]
pub fn next_slices<'env>(env: &'env Env, parts: &mut External<Answer>) -> Result<Vec<Array<'env>>> {
    let mut cost = 0;
    let mut slices = Vec::new();
    while cost < SLICE_COST
        && let Some(slice) = parts.slices.next()
    {
        cost += slice.cost;
        let mut array = env.create_array(0)?;
        array.insert(slice.container)?;
        match slice.added {
            Added::Text(text) => array.insert(text.into_js(env)?)?,
            Added::Json { json, apart } => {
                let (value, containers) = parsed(env, json, apart)?;
                array.insert(value)?;
                for (key, number) in containers {
                    array.insert(key)?;
                    array.insert(number)?;
                }
            }
        }
        slices.push(array);
    }
    if parts.slices.len() == 0 {
        parts.hold = Hold::default();
    }
    Ok(slices)
}

/// A call whose options are being passed in.
#[derive(Default)]
pub struct Crossing {
    is_test: bool,
    json: String,
    texts: Vec<String>,
    /// The data source's base URL as entered; empty if it is not known to be text.
    base_url: String,
    waited: Duration,
    hold: Hold,
}

/// What a promise of this file resolves to.
enum Crossed {
    In(Crossing),
    Out(Answer),
}

/// An outcome that is being passed out.
pub struct Answer {
    slices: vec::IntoIter<Slice>,
    /// The call's memory, held until everything is passed out.
    hold: Hold,
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn start(env: &Env, crossing: Crossing) -> Result<Object<'_>> {
    let base_url = crossing.base_url.clone();
    promise(env, crossing.is_test, &base_url, |reply| answer(crossing, reply))
}

/// A promise that `work` resolves through the [`Reply`]. If `work` ends with an error or a panic, it resolves to that.
fn promise<'env, F>(
    env: &'env Env,
    is_test: bool,
    base_url: &str,
    work: impl FnOnce(Reply) -> F,
) -> Result<Object<'env>>
where
    F: Future<Output = std::result::Result<(), Error>> + Send + 'static,
{
    let (deferred, promise) = env.create_deferred()?;
    let reply = Reply { deferred, is_test };
    let work = work(reply.clone());
    let work: Work = Box::pin(async move {
        if let Err(error) = service::catch_panics(work).await {
            reply.fail(error);
        }
    });
    let rest = match Client::made() {
        Some(client) => client.start_near(base_url, work),
        None => Err(work),
    };
    if let Err(work) = rest {
        spawn(work);
    }
    Ok(promise)
}

/// Resolves a promise from any thread. Only the first resolution has an effect.
#[derive(Clone)]
struct Reply {
    deferred: JsDeferred<napi_value, Box<dyn FnOnce(Env) -> Result<napi_value>>>,
    is_test: bool,
}

impl Reply {
    fn resolve(self, crossed: Crossed) {
        self.deferred.resolve(Box::new(|env| Ok(Crossed::into_js(&env, crossed)?.raw())));
    }

    fn outcome(self, outcome: Outcome) {
        self.resolve(Crossed::Out(Answer { slices: serialized::slices(outcome).into_iter(), hold: Hold::default() }));
    }

    fn fail(self, error: Error) {
        let client = Client::made();
        let unsendable = if self.is_test { service::unsendable_test } else { service::unsendable_query };
        self.outcome(unsendable(client, error));
    }
}

async fn answer(crossing: Crossing, reply: Reply) -> std::result::Result<(), Error> {
    let Crossing { is_test, json, texts, base_url, waited, hold } = crossing;
    let client = Client::shared()?;
    let started = client.now().saturating_sub(waited);
    let bytes = texts.iter().map(String::len).fold(json.len(), usize::saturating_add);
    let options = client.offload(bytes, move || crossing::parse(&json, texts)).await?;
    let hold = if hold.bytes() == 0 { client.hold() } else { hold };
    let mut call = Call { source: options.source, query: options.query, started, hold };
    call.reserve(client, options.memory).await?;
    if is_test {
        let outcome = service::test_connection(client, &mut call).await;
        reply.outcome(outcome);
        return Ok(());
    }
    let prepared = match service::prepare(client, &mut call).await {
        Ok(prepared) => prepared,
        Err(outcome) => {
            reply.outcome(*outcome);
            return Ok(());
        }
    };
    let (deadline, (url, is_custom)) = (prepared.clock().at(), prepared.target());
    let late = {
        let (reply, outcome) = (reply.clone(), prepared.late_outcome());
        || reply.outcome(outcome())
    };
    let work: Work = Box::pin(async move {
        let slices = Box::pin(async {
            Ok(service::run_prepared(client, &MODEL_CACHE, prepared, &mut call, serialized::slices).await)
        });
        match service::catch_panics(slices).await {
            Ok(slices) => reply.resolve(Crossed::Out(Answer { slices: slices.into_iter(), hold: call.hold })),
            Err(error) => reply.fail(error),
        }
    });
    client.run_near(Target { url: &url, base_url: &base_url, is_custom }, deadline, work, late).await;
    Ok(())
}

impl Crossed {
    /// Converts to `{options}`, `{parts}` or the outcome itself.
    fn into_js<'env>(env: &'env Env, crossed: Self) -> Result<Object<'env>> {
        let mut answer = match crossed {
            Self::In(options) => return external(env, "options", options),
            Self::Out(answer) => answer,
        };
        if answer.slices.len() == 1
            && let Some(Slice { added: Added::Json { json, apart }, .. }) = answer.slices.next()
        {
            return Ok(parsed(env, json, apart)?.0);
        }
        external(env, "parts", answer)
    }
}

fn external<'env, T: 'static>(env: &'env Env, name: &str, value: T) -> Result<Object<'env>> {
    let mut object = Object::new(env)?;
    object.set(name, External::new(value))?;
    Ok(object)
}

/// Parses JSON and inserts the texts. Also returns the containers that are still to be inserted.
fn parsed<'env>(env: &'env Env, json: Text, apart: Vec<(String, Apart)>) -> Result<(Object<'env>, Vec<(String, u32)>)> {
    let global: Object = env.get_global()?.get_named_property("JSON")?;
    let parse: Function<JsString, Object> = global.get_named_property("parse")?;
    let mut value = parse.call(json.into_js(env)?)?;
    let mut containers = Vec::new();
    for (key, apart) in apart {
        match apart {
            Apart::Text(text) => value.set_property(env.create_string(&key)?, text.into_js(env)?)?,
            Apart::Container(number) => containers.push((key, number)),
        }
    }
    Ok((value, containers))
}

impl Text {
    fn into_js(self, env: &Env) -> Result<JsString<'_>> {
        match self {
            Self::Ascii(text) => env.create_string_latin1(&text),
            Self::Utf16(text) => env.create_string_utf16(&text),
        }
    }
}
