//! The ways in which an operation can use the API. The first that serves a query is the one that counts:
//!
//! | operation | first | then |
//! |---|---|---|
//! | Completions | `/completions` | `/chat/completions`, `/responses` |
//! | Chat | `/chat/completions` | `/responses` |
//! | Decide | `/decisions` | `/chat/completions`, `/responses` |
//! | all others | their endpoint | |
//!
//! Each way has one rule for when an error means "try the next" (`completion.rs` and `chat_route.rs`). `query_runner.rs`
//! follows the rules, and `policy/model_cache.rs` keeps which ways a model does not serve.

use std::{fmt, sync::Arc};

use super::Plan;
use crate::{error::cause::ApiCause, policy::shutdowns::Day};

/// One way to ask, and when there is another one to try.
#[derive(Clone, Debug)]
pub struct Route {
    /// How to ask.
    pub plan: Plan,
    /// The rule for the next way; `None` if nothing else would help.
    pub next: Option<Next>,
}

impl Route {
    /// The only way to ask.
    #[must_use]
    pub fn only(plan: Plan) -> Self {
        Self { plan, next: None }
    }

    /// A way to ask that has a next one where `rule` says so.
    #[must_use]
    pub fn with_next(plan: Plan, rule: impl Fn(ApiCause, &Day) -> Option<Step> + Send + Sync + 'static) -> Self {
        Self { plan, next: Some(Next(Arc::new(rule))) }
    }

    /// The next way after an error with this cause on the day `today`.
    ///
    /// # Errors
    /// This way, if the error is the one to report.
    pub fn after(self, cause: ApiCause, today: &Day) -> Result<Self, Box<Self>> {
        match self.next.as_ref().and_then(|next| next.after(cause, today)) {
            Some(step) => Ok(step(self.plan)),
            None => Err(Box::new(self)),
        }
    }
}

/// Makes the next way of the last one's plan, so that a large request need not be there twice.
pub type Step = Box<dyn FnOnce(Plan) -> Route + Send>;

type Rule = dyn Fn(ApiCause, &Day) -> Option<Step> + Send + Sync;

/// The rule for when an error means "try the next".
#[derive(Clone)]
pub struct Next(Arc<Rule>);

impl Next {
    /// The step to take after an error with this cause on the day `today`.
    #[must_use]
    pub fn after(&self, cause: ApiCause, today: &Day) -> Option<Step> {
        (self.0)(cause, today)
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}
