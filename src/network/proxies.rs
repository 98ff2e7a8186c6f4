//! Reads proxy settings from the server's environment.
//! Ignores every `OPENAI_*` variable, which would give the operator's account to every tenant.

use url::{Url, form_urlencoded};

use crate::input::secret::Secret;

/// The proxies set in the environment.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http://` URLs.
    pub http: Option<Proxy>,
    /// For `https://` URLs.
    pub https: Option<Proxy>,
    /// Hosts to connect to directly.
    pub no_proxy: NoProxy,
}

/// A proxy. Has no `Debug`, because its URL may contain a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The variable that sets it.
    pub variable: &'static str,
    /// Its URL.
    pub address: String,
}

impl Proxies {
    /// Reads `TOOLJET_HTTP_PROXY`, which applies to all URLs, or else `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`;
    /// `NO_PROXY` applies to them all. Lower-case names take precedence, as in Node's undici.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let read = |variable: &'static str| {
            let value = env(&variable.to_ascii_lowercase()).or_else(|| env(variable))?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let proxy = |variable: &'static str| {
            let address = read(variable)?;
            // `proxy:3128` is common and means an http proxy.
            let address = if address.contains("://") { address } else { format!("http://{address}") };
            Some(Proxy { variable, address })
        };
        let all = proxy("TOOLJET_HTTP_PROXY");
        let fallback = || proxy("ALL_PROXY");
        Self {
            http: all.clone().or_else(|| proxy("HTTP_PROXY")).or_else(fallback),
            https: all.or_else(|| proxy("HTTPS_PROXY")).or_else(fallback),
            no_proxy: NoProxy::parse(&read("NO_PROXY").unwrap_or_default()),
        }
    }

    /// The decoded passwords. Without a password, the user name, which may be a token.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let proxies = [&self.http, &self.https].into_iter().flatten();
        let urls = proxies.filter_map(|proxy| Url::parse(&proxy.address).ok());
        urls.map(|url| percent_decoded(url.password().unwrap_or_else(|| url.username())))
            .filter(|secret| !secret.is_empty())
            .map(Secret::new)
            .collect()
    }
}

/// `NO_PROXY` by the rules of Node's undici, plus networks such as `10.0.0.0/8` as in curl.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    is_all: bool,
    hosts: Vec<Host>,
    /// Entries with a slash.
    pub networks: Vec<String>,
}

/// A host and all its subdomains.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Host {
    /// In lower case, without brackets.
    name: String,
    /// `None` matches every port.
    port: Option<u16>,
}

impl NoProxy {
    /// Parses a list separated by commas or spaces: `*` alone, or hosts as `corp`, `.corp` or `*.corp`, optionally with
    /// a port.
    fn parse(text: &str) -> Self {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        let (networks, hosts) = entries.partition::<Vec<_>, _>(|entry| entry.contains('/'));
        Self {
            is_all: text == "*",
            hosts: hosts.into_iter().map(Host::parse).collect(),
            networks: networks.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Whether a host entry matches this URL. Ignores networks.
    #[must_use]
    pub fn names(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_below = |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let port = url.port_or_known_default();
        self.is_all
            || self.hosts.iter().any(|entry| is_below(&entry.name) && (entry.port.is_none() || entry.port == port))
    }
}

impl Host {
    fn parse(entry: &str) -> Self {
        // `[::1]:443`, `[::1]`, `::1`, `host:443`
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, port.parse().ok()),
            _ => (entry, None),
        };
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let name = name.strip_prefix("*.").or_else(|| name.strip_prefix('.')).unwrap_or(name);
        Self { name: name.to_ascii_lowercase(), port }
    }
}

/// Percent-decodes a part of a URL. (In a query string, `&` and `+` would have other meanings.)
fn percent_decoded(part: &str) -> String {
    let query = format!("={}", part.replace('&', "%26").replace('+', "%2B"));
    form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(env: &[(&str, &str)]) -> Proxies {
        Proxies::from_env(|name| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    fn addresses(env: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let proxies = proxies(env);
        (proxies.http.map(|proxy| proxy.address), proxies.https.map(|proxy| proxy.address))
    }

    #[test]
    fn prefers_tooljet_s_own_proxy_for_everything() {
        let both = Some("http://a:1".to_owned());
        assert_eq!(addresses(&[("TOOLJET_HTTP_PROXY", "a:1"), ("HTTPS_PROXY", "http://b:2")]), (both.clone(), both));
    }

    #[test]
    fn returns_each_proxy_s_password_or_else_its_user() {
        let secrets = |address: &str| {
            let secrets = proxies(&[("HTTPS_PROXY", address)]).secrets();
            secrets.iter().map(|secret| secret.expose().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(secrets("http://user:pa%3Ahush%40word@proxy:3128"), ["pa:hush@word"]);
        assert_eq!(secrets("user:a&b+c=d@proxy:3128"), ["a&b+c=d"]);
        assert_eq!(secrets("http://token@proxy:3128"), ["token"]);
        assert!(secrets("http://proxy:3128").is_empty() && secrets("http://[::1").is_empty());
        let both = proxies(&[("HTTP_PROXY", "http://u:one@a"), ("HTTPS_PROXY", "http://u:two@b")]).secrets();
        assert_eq!(both, [Secret::new("one"), Secret::new("two")]);
    }

    #[test]
    fn reads_the_usual_variables_in_either_case() {
        let (http, https) =
            addresses(&[("http_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2"), ("ALL_PROXY", "http://c:3")]);
        assert_eq!((http.as_deref(), https.as_deref()), (Some("http://a:1"), Some("http://b:2")));
        assert_eq!(addresses(&[("ALL_PROXY", "http://c:3")]).0.as_deref(), Some("http://c:3"));
        assert_eq!(addresses(&[("HTTPS_PROXY", " ")]), (None, None));
        assert!(proxies(&[("no_proxy", "localhost,.corp")]).no_proxy.names(&"http://localhost".parse().unwrap()));
    }

    #[test]
    fn prefers_lower_case_even_if_blank() {
        let both = [("https_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2")];
        assert_eq!(addresses(&both).1.as_deref(), Some("http://a:1"));
        assert_eq!(addresses(&[("https_proxy", ""), ("HTTPS_PROXY", "http://b:2")]), (None, None));
    }

    #[test]
    fn matches_no_proxy_as_undici_does() {
        let names = |list: &str, url: &str| NoProxy::parse(list).names(&url.parse().unwrap());
        for (list, url) in [
            ("*", "https://api.openai.com"),
            ("localhost:4020", "http://localhost:4020/v1"),
            ("corp", "https://a.b.corp"),
            (".corp", "https://corp"),
            ("*.corp", "https://corp"),
            ("*.corp", "https://llm.corp:8443"),
            ("x,\tLLM.Corp  y", "https://llm.corp"),
            ("LLM.corp", "https://llm.CORP"),
            ("llm.corp:443", "https://llm.corp"),
            ("llm.corp:80", "http://llm.corp"),
            ("::1", "http://[::1]:8080"),
            ("[::1]", "http://[::1]"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("127.0.0.1", "http://127.0.0.1:1"),
        ] {
            assert!(names(list, url), "{list} {url}");
        }
        for (list, url) in [
            ("", "http://localhost"),
            ("*,x", "https://api.openai.com"),
            ("localhost:4020", "http://localhost:4021"),
            ("corp", "https://mycorp"),
            ("*corp", "https://mycorp"),
            ("llm.corp", "https://corp"),
            ("llm.corp:443", "http://llm.corp"),
            ("[::1]:8080", "http://[::1]"),
            ("::1", "http://[::2]"),
            ("10.0.0.0/8", "http://10.1.1.1"),
        ] {
            assert!(!names(list, url), "{list} {url}");
        }
    }
}
