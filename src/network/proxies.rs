//! Reads proxy settings from the server's environment.
//! Nothing named `OPENAI_*` is read: it would lend the operator's account to every tenant.

use url::{Url, form_urlencoded};

use crate::input::secret::Secret;

/// Proxies as the environment sets them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http://` addresses.
    pub http: Option<Proxy>,
    /// For `https://` addresses.
    pub https: Option<Proxy>,
    /// Hosts that are asked directly: `NO_PROXY`.
    pub no_proxy: Option<String>,
}

/// One proxy. It has no `Debug`: the address may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The variable that sets it.
    pub variable: &'static str,
    /// Its address.
    pub address: String,
}

impl Proxies {
    /// Reads `TOOLJET_HTTP_PROXY`, which is for everything, else `HTTPS_PROXY`, `HTTP_PROXY`
    /// and `ALL_PROXY`, all with `NO_PROXY`; lower-case spellings count too.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let read = |variable: &'static str| {
            [variable.to_owned(), variable.to_ascii_lowercase()]
                .iter()
                .find_map(|name| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
        };
        let proxy = |variable: &'static str| {
            let address = read(variable)?;
            // `proxy:3128` is common; a proxy without a scheme is an http one.
            let address = if address.contains("://") { address } else { format!("http://{address}") };
            Some(Proxy { variable, address })
        };
        let all = proxy("TOOLJET_HTTP_PROXY");
        let fallback = || proxy("ALL_PROXY");
        Self {
            http: all.clone().or_else(|| proxy("HTTP_PROXY")).or_else(fallback),
            https: all.or_else(|| proxy("HTTPS_PROXY")).or_else(fallback),
            no_proxy: read("NO_PROXY"),
        }
    }

    /// The passwords, decoded; where there is none, the user name, which may be a token.
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

/// A part of a URL without its escapes. In a query string, `&` and `+` would mean something else.
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
    fn tooljets_own_proxy_wins_and_is_for_everything() {
        let both = Some("http://a:1".to_owned());
        assert_eq!(addresses(&[("TOOLJET_HTTP_PROXY", "a:1"), ("HTTPS_PROXY", "http://b:2")]), (both.clone(), both));
    }

    #[test]
    fn names_the_password_of_each_proxy_or_else_its_user() {
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
    fn the_usual_variables_are_read_in_either_case() {
        let (http, https) =
            addresses(&[("http_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2"), ("ALL_PROXY", "http://c:3")]);
        assert_eq!((http.as_deref(), https.as_deref()), (Some("http://a:1"), Some("http://b:2")));
        assert_eq!(addresses(&[("ALL_PROXY", "http://c:3")]).0.as_deref(), Some("http://c:3"));
        assert_eq!(addresses(&[("HTTPS_PROXY", " ")]), (None, None));
        assert_eq!(proxies(&[("no_proxy", "localhost,.corp")]).no_proxy.as_deref(), Some("localhost,.corp"));
    }
}
