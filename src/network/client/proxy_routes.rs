//! Decides which requests use the administrator's proxies, and knows which of their settings are secret.

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use crate::{
    error::{TransportError, TransportErrorKind, error_text},
    input::secret::Secret,
    network::proxies::{NoProxy, Proxies, Proxy},
};

/// A proxy, or the reason why it cannot be used.
type Usable = Result<reqwest::Proxy, TransportError>;

pub(super) struct ProxyRoutes {
    http: Option<Usable>,
    https: Option<Usable>,
    no_proxy: NoProxy,
    /// Matches addresses outside the networks of `NO_PROXY`.
    outside: Matcher,
    /// Passwords, and the header that contains them.
    pub(super) secrets: Vec<Secret>,
}

impl ProxyRoutes {
    pub(super) fn new(proxies: &Proxies) -> Self {
        let mut secrets = proxies.secrets();
        secrets.extend([&proxies.http, &proxies.https].into_iter().flatten().filter_map(credentials));
        // A proxy for both schemes has only one password.
        secrets.dedup();
        let no_proxy = proxies.no_proxy.clone();
        Self {
            http: proxies.http.as_ref().map(|proxy| usable(proxy, reqwest::Proxy::http)),
            https: proxies.https.as_ref().map(|proxy| usable(proxy, reqwest::Proxy::https)),
            outside: Matcher::builder().all("http://proxy").no(no_proxy.networks.join(",")).build(),
            no_proxy,
            secrets,
        }
    }

    /// Whether a request to this URL uses a proxy, considering `NO_PROXY`.
    ///
    /// # Errors
    /// [`TransportErrorKind::Proxy`] if that proxy cannot be used. The administrator requires it, so the request must
    /// not be sent without it.
    pub(super) fn cover(&self, url: &Url) -> Result<bool, TransportError> {
        let proxy = if url.scheme() == "https" { &self.https } else { &self.http };
        let Some(proxy) = proxy else { return Ok(false) };
        let is_outside = url.as_str().parse().is_ok_and(|uri| self.outside.intercept(&uri).is_some());
        if self.no_proxy.names(url) || !is_outside {
            return Ok(false);
        }
        proxy.as_ref().map(|_| true).map_err(Clone::clone)
    }

    /// For the HTTP clients of requests that use a proxy.
    pub(super) fn proxies(&self) -> Vec<reqwest::Proxy> {
        [&self.http, &self.https].into_iter().flatten().filter_map(|proxy| proxy.as_ref().ok().cloned()).collect()
    }
}

/// A proxy's URL as `reqwest` parses it.
fn intercept(proxy: &Proxy) -> Option<Intercept> {
    Matcher::builder().all(proxy.address.clone()).build().intercept(&"http://host".parse().ok()?)
}

/// User and password as they are sent.
fn credentials(proxy: &Proxy) -> Option<Secret> {
    Some(Secret::new(intercept(proxy)?.basic_auth()?.to_str().ok()?.strip_prefix("Basic ")?))
}

/// The proxy for `reqwest`. A proxy that `reqwest` would silently ignore, for example because of its scheme, is an
/// error.
fn usable(proxy: &Proxy, make: fn(Url) -> reqwest::Result<reqwest::Proxy>) -> Usable {
    let url = Url::parse(&proxy.address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let usable = url.filter(|_| intercept(proxy).is_some()).and_then(|url| make(url).ok());
    usable.ok_or_else(|| {
        let scheme = proxy.address.split(':').next().unwrap_or_default();
        let reason = if scheme.to_ascii_lowercase().starts_with("socks") {
            " on the server is a SOCKS proxy, which the plugin cannot use"
        } else {
            " on the server is not an http or https address that can be used"
        };
        TransportError::new(TransportErrorKind::Proxy, error_text![proxy.variable, reason])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(env: &[(&str, &str)]) -> ProxyRoutes {
        let read = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        ProxyRoutes::new(&Proxies::from_env(read))
    }

    #[test]
    fn treats_the_encoded_credentials_as_secret() {
        // `NO_PROXY` does not apply to the proxies themselves.
        let env = [("TOOLJET_HTTP_PROXY", "http://user:pa%3Ahush%40word@proxy:3128"), ("NO_PROXY", "localhost")];
        assert_eq!(routes(&env).secrets, [Secret::new("pa:hush@word"), Secret::new("dXNlcjpwYTpodXNoQHdvcmQ=")]);
    }

    const SOCKS: &str = "socks5://proxy:1080";

    #[test]
    fn fails_only_for_a_proxy_that_would_be_used() {
        let of = |env: &[(&str, &str)], url: &str| {
            let routes = routes(env);
            routes.cover(&url.parse().unwrap()).map_err(|error| error.detail.to_string())
        };
        for scheme in ["socks4", "socks4a", "socks5", "socks5h", "SOCKS5"] {
            let error = of(&[("ALL_PROXY", &format!("{scheme}://proxy:1080"))], "https://host").unwrap_err();
            assert_eq!(error, "ALL_PROXY on the server is a SOCKS proxy, which the plugin cannot use");
        }
        assert_eq!(of(&[("ALL_PROXY", SOCKS), ("NO_PROXY", "*")], "https://host"), Ok(false));
        assert_eq!(of(&[("HTTPS_PROXY", SOCKS)], "http://host"), Ok(false));
        assert_eq!(of(&[("ALL_PROXY", SOCKS), ("HTTPS_PROXY", "http://proxy")], "https://host"), Ok(true));
        assert!(of(&[("ALL_PROXY", SOCKS), ("HTTPS_PROXY", "http://proxy")], "http://host").is_err());
        assert!(of(&[("HTTPS_PROXY", SOCKS), ("NO_PROXY", "*.corp")], "https://host").is_err());
    }

    #[test]
    fn connects_directly_to_hosts_in_networks_of_no_proxy() {
        let is_proxied = |url: &str| {
            let env = [("ALL_PROXY", "http://proxy"), ("NO_PROXY", "10.0.0.0/8 fd00::/8,corp")];
            routes(&env).cover(&url.parse().unwrap()).unwrap()
        };
        for url in ["http://10.1.2.3:8080", "https://[fd00::1]", "https://llm.corp"] {
            assert!(!is_proxied(url), "{url}");
        }
        for url in ["http://11.1.2.3", "https://[fe80::1]", "https://host"] {
            assert!(is_proxied(url), "{url}");
        }
    }
}
