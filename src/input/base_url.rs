//! The API's address: the data source's base URL, and how each kind of server expects it.

use serde_json::Value;
use url::{Host, Url};

use crate::{
    budgets::MAX_BASE_URL_BYTES,
    error::{Error, error_text},
    input::{fields::Fields, pasted_url, secret::Secret},
};

/// The option's key.
pub const BASE_URL: &str = "base_url";
/// Used if the data source has no base URL.
pub const DEFAULT: &str = "https://api.openai.com/v1";

/// Paths of what belongs to a whole resource.
const OF_RESOURCE: [&str; 3] = ["/models", "/files", "/batches"];
/// Domains of Azure resources; `.us` is the US government cloud.
const AZURE_DOMAINS: [&str; 5] = [
    "cognitiveservices.azure.com",
    "cognitiveservices.azure.us",
    "openai.azure.com",
    "openai.azure.us",
    "services.ai.azure.com",
];

/// Kinds of servers that need different requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// `api.openai.com` and its regional hosts.
    OpenAi,
    /// Azure `OpenAI`, v1 style (`/openai/v1`): the model is the deployment, the key is in `api-key`.
    Azure,
    /// Azure `OpenAI`, classic style: the deployment is in the path, `api-version` in the query string.
    AzureDeployment,
    /// Any other OpenAI-compatible server: gateways, vLLM, Ollama, llama.cpp, `LiteLLM`, ...
    Compatible,
}

impl Provider {
    /// Whether it is known to have the Responses API.
    #[must_use]
    pub fn has_responses(self) -> bool {
        matches!(self, Self::OpenAi | Self::Azure)
    }
}

/// A checked base URL without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    provider: Provider,
    given: bool,
}

impl BaseUrl {
    /// Reads the base URL of a data source as [`pasted_url`] understands it.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is not an http(s) URL, or contains user info or a fragment.
    /// The error never repeats the value, which may contain a password.
    pub fn from_fields(fields: &Fields<'_>) -> Result<Self, Error> {
        if fields.value(BASE_URL).and_then(Value::as_str).is_some_and(|text| text.len() > MAX_BASE_URL_BYTES) {
            let reason = error_text!["must be at most ", MAX_BASE_URL_BYTES >> 10, " KiB long"];
            return Err(Error::invalid(BASE_URL, reason));
        }
        match fields.trimmed(BASE_URL)? {
            Some(text) => Self::parse(&text),
            None => Ok(Self { given: false, ..Self::parse(DEFAULT)? }),
        }
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |reason: &'static str| Err(Error::invalid(BASE_URL, reason));
        let text = &*pasted_url::with_scheme(text);
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return wrong("must be a single URL without spaces or line breaks");
        }
        let Ok(mut url) = Url::parse(text) else {
            if !text.is_ascii() {
                return wrong("is not a URL; enter an international host name in its ASCII form, xn--...");
            }
            return wrong("is not a URL; expected something like https://api.openai.com/v1");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return wrong("must start with https:// or http://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("must not contain a user name or password; use API key or Headers instead");
        }
        if url.fragment().is_some() {
            return wrong("must not contain a fragment (#...)");
        }
        pasted_url::cut_to_base(&mut url);
        let provider = provider(&url);
        Ok(Self { url, provider, given: true })
    }

    /// The URL of an endpoint such as `/chat/completions`.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let is_of_resource = OF_RESOURCE.iter().any(|of_resource| path.starts_with(of_resource));
        let base = if is_of_resource { self.path_of_resource() } else { url.path().to_owned() };
        url.set_path(&format!("{}{path}", base.trim_end_matches('/')));
        url
    }

    /// The URL itself.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Azure's classic style has what does not belong to a deployment next to the deployments, not below one.
    fn path_of_resource(&self) -> String {
        let path = self.url.path();
        match (self.provider, path.find("/deployments/")) {
            (Provider::AzureDeployment, Some(at)) => path[..at].to_owned(),
            _ => path.to_owned(),
        }
    }

    /// The kind of server.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Whether a person entered this URL, so that `ToolJet`'s SSRF rules apply.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.given && self.url.as_str() != DEFAULT
    }

    /// The URL without its query string, for errors.
    #[must_use]
    pub fn without_query(&self) -> &str {
        self.url.as_str().split('?').next().unwrap_or_default()
    }

    /// The values in the query string, which may contain a gateway's key: as written in the URL, and decoded. A name
    /// without a value counts as a value.
    pub fn query_secrets(&self) -> impl Iterator<Item = Secret> {
        let pairs = self.url.query().unwrap_or_default().split('&').zip(self.url.query_pairs());
        pairs.filter(|(_, (name, _))| name != "api-version").flat_map(|(typed, (name, value))| {
            let typed = typed.split_once('=').map_or(typed, |(_, value)| value);
            let read = if value.is_empty() { name } else { value };
            [typed.to_owned(), read.into_owned()].map(Secret::new)
        })
    }

    /// Host and port, for errors.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.url.host().map(|host| host.to_string()).unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }
}

fn provider(url: &Url) -> Provider {
    if url.path().contains("/deployments/") {
        return Provider::AzureDeployment;
    }
    provider_of_host(url).unwrap_or(Provider::Compatible)
}

/// `OpenAI` or Azure if the host belongs to them.
#[must_use]
pub fn provider_of_host(url: &Url) -> Option<Provider> {
    let Some(Host::Domain(host)) = url.host() else { return None };
    let within = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    if within("api.openai.com") {
        Some(Provider::OpenAi)
    } else if AZURE_DOMAINS.into_iter().any(within) {
        Some(Provider::Azure)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn base(text: &str) -> Result<BaseUrl, Error> {
        let options = json!({ "base_url": text });
        BaseUrl::from_fields(&Fields::of("sourceOptions", &options)?)
    }

    fn chat(text: &str) -> String {
        base(text).unwrap().endpoint("/chat/completions").to_string()
    }

    #[test]
    fn defaults_to_openai() {
        for blank in ["", "  \n"] {
            let base = base(blank).unwrap();
            assert_eq!(base.endpoint("/models").as_str(), "https://api.openai.com/v1/models");
            assert!(!base.is_custom());
        }
        assert!(!base("https://api.openai.com/").unwrap().is_custom());
    }

    #[test]
    fn rejects_an_international_host_name_and_asks_for_its_ascii_form() {
        for host in ["münchen.example", "MÜNCHEN.example", "A…b"] {
            let error = base(&format!("https://{host}/v1")).unwrap_err().to_string();
            assert!(error.starts_with("Base URL ") && error.contains("xn--"), "{error}");
        }
        assert!(base("https://M%C3%9C.example").unwrap_err().to_string().starts_with("Base URL "));
        assert_eq!(chat("https://XN--MNCHEN-3YA.example"), "https://xn--mnchen-3ya.example/v1/chat/completions");
    }

    #[test]
    fn adds_v1_to_an_empty_path_and_ignores_trailing_slashes() {
        assert_eq!(chat("https://gateway.example"), "https://gateway.example/v1/chat/completions");
        assert_eq!(chat(" https://gateway.example/v1//\n"), "https://gateway.example/v1/chat/completions");
        assert_eq!(chat("http://localhost:8000/api/v1"), "http://localhost:8000/api/v1/chat/completions");
        assert_eq!(chat("https://gateway.example/v1/chat/completions"), "https://gateway.example/v1/chat/completions");
    }

    #[test]
    fn keeps_a_base_without_v1() {
        assert_eq!(chat("http://host/chat/completions"), "http://host/chat/completions");
        assert_eq!(chat("http://host/embeddings/?a=b"), "http://host/chat/completions?a=b");
    }

    #[test]
    fn recognizes_azure_styles_by_url() {
        assert_eq!(chat("http://name.openai.azure.com"), "http://name.openai.azure.com/openai/v1/chat/completions");
        assert_eq!(base("https://r.openai.azure.us").unwrap().provider(), Provider::Azure);
        let v1 = base("https://r.openai.azure.com/openai/v1/").unwrap();
        assert_eq!(v1.provider(), Provider::Azure);
        let classic = base("https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21").unwrap();
        assert_eq!(classic.provider(), Provider::AzureDeployment);
        assert_eq!(
            classic.endpoint("/chat/completions").as_str(),
            "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21"
        );
        assert_eq!(
            classic.endpoint("/models").as_str(),
            "https://r.openai.azure.com/openai/models?api-version=2024-10-21"
        );
        assert_eq!(
            classic.endpoint("/batches/batch_1").as_str(),
            "https://r.openai.azure.com/openai/batches/batch_1?api-version=2024-10-21"
        );
    }

    #[test]
    fn recognizes_regional_hosts_but_no_look_alikes() {
        assert_eq!(base("https://eu.api.openai.com/v1").unwrap().provider(), Provider::OpenAi);
        assert_eq!(base("https://notapi.openai.com.evil.example").unwrap().provider(), Provider::Compatible);
        assert_eq!(base("https://xapi.openai.com").unwrap().provider(), Provider::Compatible);
    }

    #[test]
    fn rejects_a_base_url_that_is_too_long() {
        let url = |bytes: usize| format!("https://host/{}", "x".repeat(bytes - "https://host/".len()));
        assert!(base(&url(MAX_BASE_URL_BYTES)).is_ok());
        let error = base(&url(MAX_BASE_URL_BYTES + 1)).unwrap_err().to_string();
        assert_eq!(error, "Base URL must be at most 8 KiB long");
    }

    #[test]
    fn rejects_invalid_urls_without_repeating_them() {
        for bad in [
            "pa55word",
            "ftp://host/v1",
            "https://user:pa55word@host/v1",
            "https://host/v1#pa55word",
            "https://host/ pa55word",
            "https://ho\nst/v1?pa55word",
            &format!("https://host/pa55word{}", "x".repeat(MAX_BASE_URL_BYTES)),
        ] {
            let error = base(bad).unwrap_err().to_string();
            assert!(error.starts_with("Base URL "), "{error}");
            assert!(!error.contains("pa55word"), "{error}");
        }
    }
}
