//! The endpoints that an operation can use. The first one that serves a query counts:
//!
//! | operation | first | then |
//! |---|---|---|
//! | Completions | `/completions` | `/chat/completions`, `/responses` |
//! | Chat | `/chat/completions` | `/responses` |
//! | Decide | `/decisions` | `/chat/completions`, `/responses` |
//! | all others | their endpoint | |
//!
//! Each step has a rule for which errors lead to the next (`completion.rs` and `chat_route.rs`). `query_runner.rs`
//! applies the rules, and `policy/model_cache.rs` remembers which endpoints do not serve a model.

use std::{fmt, sync::Arc};

use super::Plan;
use crate::{error::cause::ApiCause, policy::shutdowns::Day};

/// A request, and when to fall back to another.
#[derive(Clone, Debug)]
pub struct Route {
    /// The request.
    pub plan: Plan,
    /// The rule for the fallback; `None` if there is none.
    pub next: Option<Next>,
}

impl Route {
    /// A request without fallback.
    #[must_use]
    pub fn only(plan: Plan) -> Self {
        Self { plan, next: None }
    }

    /// A request that falls back if `rule` returns a step.
    #[must_use]
    pub fn with_next(plan: Plan, rule: impl Fn(ApiCause, &Day) -> Option<Step> + Send + Sync + 'static) -> Self {
        Self { plan, next: Some(Next(Arc::new(rule))) }
    }

    /// The fallback after an error with this cause on the day `today`.
    ///
    /// # Errors
    /// Returns itself if the error is the one to report.
    pub fn after(self, cause: ApiCause, today: &Day) -> Result<Self, Box<Self>> {
        match self.next.as_ref().and_then(|next| next.after(cause, today)) {
            Some(step) => Ok(step(self.plan)),
            None => Err(Box::new(self)),
        }
    }
}

/// Builds the fallback from the previous plan, so that a large request exists only once.
pub type Step = Box<dyn FnOnce(Plan) -> Route + Send>;

type Rule = dyn Fn(ApiCause, &Day) -> Option<Step> + Send + Sync;

/// The rule for which errors lead to the fallback.
#[derive(Clone)]
pub struct Next(Arc<Rule>);

impl Next {
    /// The step after an error with this cause on the day `today`.
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
