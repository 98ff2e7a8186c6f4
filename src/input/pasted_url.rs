//! Finds the base URL in pasted text: an endpoint from an example, the URL of a resource or a host name, possibly in
//! quotation marks.

use std::borrow::Cow;

use url::{Host, Url};

use crate::input::{
    base_url::{Provider, provider_of_host},
    unquoted::unquoted,
};

/// Endpoints to remove. The rest stays as it is, so a base URL without `/v1` can be entered this way.
const ENDPOINTS: [&str; 9] = [
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/images/edits",
    "/images/generations",
    "/models",
    "/moderations",
    "/responses",
    "/audio/transcriptions",
];
/// Starts of endpoints, removed after a version, as in `/v1/chat`.
const PARTS_OF_ENDPOINTS: [&str; 2] = ["/chat", "/images"];
/// Endpoints of Ollama's own API; Ollama serves `OpenAI`'s under `/v1`.
const OF_OLLAMA: [&str; 4] = ["/api/chat", "/api/embed", "/api/generate", "/api/tags"];
const PORT_OF_OLLAMA: u16 = 11434;
/// The path of Azure's current API.
const AZURE_V1: &str = "/openai/v1";
/// The API version for a classic Azure deployment if the URL has none: the latest one that is not a preview.
const AZURE_API_VERSION: &str = "2024-10-21";
/// Hosts whose API is not at `/v1`, according to their documentation.
const PATHS: [(&str, &str); 8] = [
    ("api.cohere.ai", "/compatibility/v1"),
    ("api.deepinfra.com", "/v1/openai"),
    ("api.fireworks.ai", "/inference/v1"),
    ("api.groq.com", "/openai/v1"),
    ("dashscope.aliyuncs.com", "/compatible-mode/v1"),
    ("generativelanguage.googleapis.com", "/v1beta/openai"),
    ("models.github.ai", "/inference"),
    ("openrouter.ai", "/api/v1"),
];

/// The text without surrounding blanks and quotation marks. Adds a scheme if it starts with a host: `http` for a local
/// server, `https` for any other.
#[must_use]
pub fn with_scheme(text: &str) -> Cow<'_, str> {
    let text = unquoted(text);
    let has_scheme = text.contains("://")
        || ["http:", "https:"]
            .iter()
            .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if has_scheme {
        return text.into();
    }
    let rest = text.trim_start_matches('/');
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match scheme_for(host) {
        Some(scheme) => format!("{scheme}://{rest}").into(),
        None => text.into(),
    }
}

/// `None` if it may be something else, such as a key in the wrong field, which must not be looked up as a host.
fn scheme_for(host: &str) -> Option<&'static str> {
    let (name, port) = host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let is_address = matches!(Url::parse(&format!("http://{host}")).ok()?.host()?, Host::Ipv4(_) | Host::Ipv6(_));
    let last = name.rsplit_once('.').map(|(_, last)| last);
    if is_address || name.eq_ignore_ascii_case("localhost") || (last.is_none() && port.is_some()) {
        return Some("http");
    }
    let is_top_level =
        |last: &str| (2..=24).contains(&last.len()) && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    last.filter(|last| is_top_level(last)).map(|_| "https")
}

/// Shortens `url` to the base for endpoints, or completes it.
pub fn cut_to_base(url: &mut Url) {
    let path = url.path().trim_end_matches('/').to_owned();
    let host = url.host_str().unwrap_or_default().to_owned();
    let base = match provider_of_host(url) {
        Some(Provider::OpenAi) => or_v1(&without_endpoint(&path).unwrap_or(path)),
        Some(_) => return cut_to_base_of_azure(url, &path),
        None => of_any_host(&host, url.port(), &path),
    };
    url.set_path(&base);
}

fn or_v1(base: &str) -> String {
    if base.is_empty() { "/v1".to_owned() } else { base.to_owned() }
}

fn of_any_host(host: &str, port: Option<u16>, path: &str) -> String {
    if let Some((_, known)) = PATHS.iter().find(|(name, _)| *name == host) {
        let base = without_endpoint(path).unwrap_or_else(|| path.to_owned());
        let is_part = base == "/v1" || known.strip_prefix(base.as_str()).is_some_and(|rest| rest.starts_with('/'));
        return if is_part { (*known).to_owned() } else { base };
    }
    if host == "api.cloudflare.com"
        && let Some((account, _)) = format!("{path}/").split_once("/ai/")
    {
        return format!("{account}/ai/v1");
    }
    let of_ollama = OF_OLLAMA.iter().find_map(|endpoint| path.strip_suffix(endpoint));
    let on_its_port = path.strip_prefix("/api").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if let Some(base) = of_ollama.or(on_its_port.filter(|_| port == Some(PORT_OF_OLLAMA)).map(|_| "")) {
        return format!("{base}/v1");
    }
    without_endpoint(path).unwrap_or_else(|| or_v1(path))
}

/// The path before an endpoint or the start of one; `None` if there is neither.
fn without_endpoint(path: &str) -> Option<String> {
    let whole = ENDPOINTS.iter().find_map(|endpoint| path.strip_suffix(endpoint));
    let part = || {
        let base = PARTS_OF_ENDPOINTS.iter().find_map(|part| path.strip_suffix(part))?;
        let last = base.rsplit('/').next().unwrap_or_default();
        let is_version = last.starts_with('v') && last[1..].starts_with(|c: char| c.is_ascii_digit());
        is_version.then_some(base)
    };
    whole.or_else(part).map(|base| base.trim_end_matches('/').to_owned())
}

/// A resource uses the current API. A deployment in the path remains the model, as before Azure had that API.
fn cut_to_base_of_azure(url: &mut Url, path: &str) {
    let base = without_endpoint(path).unwrap_or_else(|| path.to_owned());
    if base.contains("/deployments/") {
        url.set_path(&base);
        if !url.query_pairs().any(|(name, _)| name == "api-version") {
            url.query_pairs_mut().append_pair("api-version", AZURE_API_VERSION);
        }
        return;
    }
    let is_resource = ["", "/v1", "/openai", "/openai/deployments", AZURE_V1].contains(&base.as_str())
        || base.starts_with("/api/projects/");
    url.set_path(if is_resource { AZURE_V1 } else { &base });
    if is_resource {
        drop_dated_version(url);
    }
}

/// The current API accepts `preview` and `latest` as its version, but no date.
fn drop_dated_version(url: &mut Url) {
    let is_dated =
        |(name, value): &(Cow<str>, Cow<str>)| name == "api-version" && value.starts_with(|c: char| c.is_ascii_digit());
    if !url.query_pairs().any(|pair| is_dated(&pair)) {
        return;
    }
    let kept: Vec<_> =
        url.query_pairs().filter(|pair| !is_dated(pair)).map(|(a, b)| (a.into_owned(), b.into_owned())).collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> String {
        let mut url = Url::parse(&with_scheme(text)).unwrap();
        cut_to_base(&mut url);
        url.to_string()
    }

    fn is_base(expected: &str, pasted: &[&str]) {
        for text in pasted {
            assert_eq!(base(text), expected, "{text}");
        }
    }

    #[test]
    fn removes_every_endpoint() {
        for endpoint in ENDPOINTS {
            for slashes in ["", "/", "//"] {
                assert_eq!(base(&format!("https://gw.example/a/v1{endpoint}{slashes}")), "https://gw.example/a/v1");
            }
        }
        is_base("https://gw.example/v1", &["https://gw.example/v1/chat", "https://gw.example/v1/images/"]);
        is_base("https://gw.example/v1beta", &["https://gw.example/v1beta/chat"]);
        is_base("https://gw.example/v1?key=1", &["https://gw.example/v1/chat/completions?key=1"]);
        is_base("https://gw.example/a/chat", &["https://gw.example/a/chat"]);
    }

    #[test]
    fn adds_v1_to_a_host_unless_an_endpoint_was_pasted_without_it() {
        is_base("http://h/v1", &["http://h", "http://h/", "http://h//", "HTTP://H"]);
        is_base("http://h/", &["http://h/chat/completions", "http://h/models/", "http://h//embeddings"]);
        is_base("http://h/api", &["http://h/api", "http://h/api/chat/completions"]);
        is_base("https://api.openai.com/v1", &["https://api.openai.com/chat/completions", "api.openai.com"]);
    }

    #[test]
    fn ignores_blanks_and_quotation_marks() {
        is_base(
            "https://gw.example/v1",
            &[
                "\"https://gw.example/v1\"",
                " 'https://gw.example/v1/' ",
                "` https://gw.example`",
                "“https://gw.example”",
            ],
        );
    }

    #[test]
    fn adds_http_to_a_local_host_and_https_to_others() {
        is_base("http://localhost:8000/v1", &["localhost:8000", "localhost:8000/v1", "//localhost:8000/"]);
        is_base("http://127.0.0.1:8080/v1", &["127.0.0.1:8080"]);
        is_base("http://[::1]:8080/v1", &["[::1]:8080"]);
        is_base("http://vllm:8000/v1", &["vllm:8000/v1/models"]);
        is_base("https://gw.example/v1", &["gw.example", "gw.example/v1/chat/completions"]);
        is_base("https://gw.example:8443/v1", &["gw.example:8443"]);
    }

    #[test]
    fn does_not_mistake_a_key_for_a_host() {
        for key in
            ["sk-proj-abc", "gsk_abc", "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw", "a:b", "mailto:a@b.de:x"]
        {
            assert_eq!(with_scheme(key), key);
        }
    }

    #[test]
    fn uses_the_current_api_of_an_azure_resource() {
        for host in ["n.openai.azure.com", "n.services.ai.azure.com", "n.cognitiveservices.azure.com"] {
            for path in [
                "",
                "/",
                "/v1",
                "/openai",
                "/openai/",
                "/openai/deployments",
                "/openai/v1",
                "/openai/v1/chat/completions",
                "/openai/v1/responses",
                "/openai/responses?api-version=2025-04-01-preview",
                "/openai/models?api-version=2024-10-21",
                "/api/projects/p",
                "/models",
            ] {
                assert_eq!(base(&format!("https://{host}{path}")), format!("https://{host}/openai/v1"), "{path}");
            }
            is_base(&format!("https://{host}/openai/v1"), &[host]);
        }
        is_base(
            "https://n.openai.azure.com/openai/v1?api-version=preview",
            &["https://n.openai.azure.com/openai/v1/?api-version=preview"],
        );
        is_base("https://n.openai.azure.com/openai/v1?a=b+c", &["n.openai.azure.com?api-version=2024-10-21&a=b%20c"]);
        // Azure's older inference API.
        is_base(
            "https://n.services.ai.azure.com/models?api-version=2024-05-01-preview",
            &["https://n.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview"],
        );
    }

    #[test]
    fn keeps_an_azure_deployment() {
        let deployment = "https://n.openai.azure.com/openai/deployments/d?api-version=2024-10-21";
        is_base(
            deployment,
            &[
                deployment,
                "https://n.openai.azure.com/openai/deployments/d",
                "n.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            ],
        );
    }

    #[test]
    fn uses_the_known_path_of_a_host() {
        for (host, path) in PATHS {
            let expected = format!("https://{host}{path}");
            let pasted = ["", "/v1", "/v1/models", "/chat/completions", path, &format!("{path}/chat/completions/")];
            for pasted in pasted.map(|path| format!("{host}{path}")) {
                assert_eq!(base(&pasted), expected, "{pasted}");
            }
        }
        is_base("https://openrouter.ai/api/v1", &["https://openrouter.ai/api", "https://openrouter.ai/api/"]);
        is_base(
            "https://generativelanguage.googleapis.com/v1beta/openai",
            &["https://generativelanguage.googleapis.com/v1beta/"],
        );
        is_base("https://api.groq.com/other", &["https://api.groq.com/other"]);
        let cloudflare = "https://api.cloudflare.com/client/v4/accounts/a1/ai";
        for path in ["", "/v1", "/run/@cf/meta/llama", "/v1/chat/completions"] {
            assert_eq!(base(&format!("{cloudflare}{path}")), format!("{cloudflare}/v1"));
        }
    }

    #[test]
    fn uses_v1_instead_of_ollama_s_own_api() {
        for path in ["", "/api", "/api/chat", "/api/generate", "/api/embeddings", "/api/ps", "/v1", "/v1/completions"] {
            assert_eq!(base(&format!("http://localhost:11434{path}")), "http://localhost:11434/v1", "{path}");
        }
        is_base("https://ai.example/ollama/v1", &["https://ai.example/ollama/api/generate"]);
        is_base("http://localhost:11434/apis", &["http://localhost:11434/apis"]);
    }
}
