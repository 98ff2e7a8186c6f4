//! What an app builder, or the owner of the account, can do if the API denies access.

use crate::error::{
    ApiError, ErrorText,
    cause::ApiCause,
    error_text,
    hints::{Endpoint, HintContext, Streaming},
};

/// Messages about a missing key.
const KEY_MISSING: [&str; 9] = [
    "didn't provide an api key",
    "did not provide an api key",
    "missing subscription key",
    "missing api key",
    "missing bearer",
    "missing authentication",
    "no api key",
    "no auth credentials",
    "api key is missing",
];

/// Tells what to do about the key or its account; `None` if `cause` is something else.
pub(super) fn access_hint(cause: ApiCause, error: &ApiError, context: &HintContext) -> Option<ErrorText> {
    Some(match cause {
        ApiCause::InvalidKey if is_key_missing(error) => {
            "The plugin sent the API key, but it did not arrive. If the server expects it in another header, add that \
             under Headers in the data source; otherwise check any proxy in between, which may remove it."
                .into()
        }
        ApiCause::InvalidKey => {
            "Check the API key in the data source: it may be mistyped, revoked, or meant for another \
                                 Base URL."
                .into()
        }
        ApiCause::MissingScope if context.endpoint == Some(Endpoint::Models) => {
            "The API key is valid but restricted. Allow it to list models in the dashboard, or use another key.".into()
        }
        ApiCause::MissingScope => {
            "The API key is valid but restricted. Give it the missing permission in the dashboard \
                                   (for queries: Model capabilities, Request), or use another key."
                .into()
        }
        ApiCause::AccountDeactivated => "Enter the API key of another account in the data source, or ask the \
                                         provider to reactivate this one."
            .into(),
        ApiCause::ForbiddenIp => {
            "Add the public IP address of the ToolJet server to the IP allowlist of the API key, its \
                                  project or its organization."
                .into()
        }
        ApiCause::OrganizationUnverified => unverified(error, context),
        ApiCause::Organization => {
            "Check the Organization ID in the data source: it must start with org- and belong to \
                                   the API key. Most keys need none, so you can usually clear the field."
                .into()
        }
        ApiCause::Project => "Check the Project ID in the data source: it must start with proj_ and belong to the API \
                              key. Most keys need none, so you can usually clear the field."
            .into(),
        ApiCause::Country => {
            "What counts is the country of the ToolJet server, not of its users. Send the requests through a \
                              proxy or a gateway in a supported country."
                .into()
        }
        ApiCause::Billing => "The API key works. Add credit or raise the spend limit in the billing settings of the \
                              account; retrying does not help."
            .into(),
        _ => return None,
    })
}

/// Whether the server received no key, as opposed to a wrong one.
pub(super) fn is_key_missing(error: &ApiError) -> bool {
    let message = error.message.to_ascii_lowercase();
    KEY_MISSING.iter().any(|words| message.contains(words))
}

fn unverified(error: &ApiError, context: &HintContext) -> ErrorText {
    const VERIFY: &str = "Verify the organization at https://platform.openai.com/settings/organization/general (this can take up \
                          to 15 minutes), ";
    if context.streaming == Streaming::Used || error.message.contains("to stream") {
        error_text![VERIFY, "or set Streaming to Off in the data source."]
    } else {
        error_text![VERIFY, "or choose a model that does not require it."]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_a_restricted_account_or_key_needs() {
        for (status, message, start) in [
            (403, "Your organization must be verified to use the model `m`.", "Verify the organization at"),
            (
                401,
                "The account associated with this API key has been deactivated.",
                "Enter the API key of another account",
            ),
            (401, "Your IP address is not authorized", "Add the public IP address of the ToolJet server"),
            (400, "API key not valid", "Check the API key"),
            (401, "You didn't provide an API key.", "The plugin sent the API key, but it did not arrive."),
            (401, "Access denied due to missing subscription key.", "The plugin sent the API key,"),
            (429, "Your account is not active, please check your billing details.", "The API key works. Add credit"),
        ] {
            let error = ApiError { status, message: message.to_owned(), ..ApiError::default() };
            let hint = access_hint(ApiCause::of(&error), &error, &HintContext::default()).unwrap().to_string();
            assert!(hint.starts_with(start) && !hint.contains("Organization ID"), "{hint}");
        }
    }
}
