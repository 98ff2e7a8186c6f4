//! Chooses the API for a Chat query: `/chat/completions`, or `/responses` for what only that supports.

use super::{
    Plan, advanced, chat,
    responses::{self, OnlyInResponses},
    route::{Route, Step},
};
use crate::{
    error::{Error, cause::ApiCause, error_text},
    input::{base_url::Provider, fields::Fields},
    policy::adjust,
};

/// The API that the query uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Api {
    /// `/chat/completions`, or `/responses` for what only that supports.
    #[default]
    Auto,
    /// Always `/chat/completions`.
    ChatCompletions,
    /// Always `/responses`.
    Responses,
}

impl Api {
    /// Reads the advanced field.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] listing the choices if it is unknown.
    pub fn from_fields(fields: &Fields<'_>) -> Result<Self, Error> {
        let apis = [("auto", Self::Auto), ("chat_completions", Self::ChatCompletions), ("responses", Self::Responses)];
        Ok(advanced(fields).choice("api", &apis)?.unwrap_or_default())
    }
}

/// A checked Chat query.
#[derive(Clone, Debug)]
pub struct Chat {
    /// The chosen API.
    pub api: Api,
    provider: Provider,
    plan: Plan,
    /// Why a field of the form needs the Responses API, if one does.
    only_in_responses: Option<OnlyInResponses>,
}

impl Chat {
    /// Reads the options of a Chat query.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    pub fn from_fields(fields: &Fields<'_>, provider: Provider) -> Result<Self, Error> {
        let api = Api::from_fields(fields)?;
        Self::of_template(chat::Template::from_fields(fields, provider)?, fields, api, provider)
    }

    /// Takes a query whose messages are still to be read.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the field.
    pub fn of_template(
        template: chat::Template,
        fields: &Fields<'_>,
        api: Api,
        provider: Provider,
    ) -> Result<Self, Error> {
        let (plan, only_in_responses) = template.plan(fields)?;
        Ok(Self { api, provider, plan, only_in_responses })
    }

    /// The route. `Auto` goes to the Responses API at once with what only that accepts.
    /// The route. `Auto` uses the Responses API at once for what only that accepts.
    /// # Errors
    /// [`Error::InvalidOption`] naming the field that the chosen API does not support.
    pub fn route(self) -> Result<Route, Error> {
        let Self { api, provider, plan, only_in_responses } = self;
        match (api, only_in_responses) {
            (Api::ChatCompletions, Some((field, what))) => Err(Error::invalid(
                field,
                error_text!["needs the Responses API (for ", what, "); choose Auto or Responses under API"],
            )),
            (Api::ChatCompletions, None) => Ok(Route::only(plan)),
            (Api::Auto, None) => Ok(auto_route(plan, provider)),
            (Api::Auto, Some(_)) | (Api::Responses, _) => Ok(Route::only(through_responses(plan))),
        }
    }
}

/// The route if no field decides the API. `extra_body` decides for the Responses API only if the server is known to
/// have it: other servers use the same members and tools in Chat.
fn auto_route(plan: Plan, provider: Provider) -> Route {
    let body = plan.request.body.as_ref().filter(|_| provider.has_responses());
    if body.is_some_and(adjust::needs_no_effort) {
        tools_through_responses(plan)
    } else if body
        .and_then(|body| responses::only_responses_has(body).or_else(|| responses::only_responses_has_parts(body)))
        .is_some()
    {
        Route::only(through_responses(plan))
    } else {
        first_route(plan, provider)
    }
}

/// Chat first, then the Responses API if the error says that the query needs it. For tools, the error counts only on
/// servers known to have it; elsewhere the model answers without reasoning.
#[must_use]
pub fn first_route(plan: Plan, provider: Provider) -> Route {
    Route::with_next(plan, move |cause, _| -> Option<Step> {
        match cause {
            ApiCause::ModelOfResponses => Some(Box::new(|plan| Route::only(through_responses(plan)))),
            ApiCause::ToolsOfResponses if provider.has_responses() => Some(Box::new(tools_through_responses)),
            _ => None,
        }
    })
}

/// The Responses API for tools of a reasoning model. Falls back to Chat without reasoning if the resource lacks that
/// API or the key may not use it.
fn tools_through_responses(plan: Plan) -> Route {
    Route::with_next(through_responses(plan), |cause, _| -> Option<Step> {
        match cause {
            ApiCause::NoSuchRoute | ApiCause::MissingScope => {
                Some(Box::new(|plan| Route::only(through(plan, chat::PATH))))
            }
            _ => None,
        }
    })
}

fn through_responses(plan: Plan) -> Plan {
    through(plan, responses::PATH)
}

/// Sends the same request to another endpoint.
fn through(mut plan: Plan, path: &'static str) -> Plan {
    plan.request.path = path;
    plan.reader.set_path(path);
    plan
}
