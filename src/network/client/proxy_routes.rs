//! Knows which requests go through the administrator's proxies, and what of those must never be shown.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::{
    error::{TransportError, TransportErrorKind, error_text},
    input::secret::Secret,
    network::proxies::{Proxies, Proxy},
};

pub(super) struct ProxyRoutes {
    matcher: Matcher,
    /// For the HTTP clients.
    pub(super) proxies: Vec<reqwest::Proxy>,
    /// Passwords, and the header that they are sent in.
    pub(super) secrets: Vec<Secret>,
}

impl ProxyRoutes {
    /// # Errors
    /// [`TransportErrorKind::Proxy`] if a proxy cannot be used.
    pub(super) fn new(proxies: &Proxies) -> Result<Self, TransportError> {
        let matcher = matcher(proxies);
        let credentials = ["http://host", "https://host"].into_iter().filter_map(|url| {
            let proxy = matcher.intercept(&url.parse().ok()?)?;
            let header = proxy.basic_auth()?.to_str().ok()?;
            Some(Secret::new(header.strip_prefix("Basic ")?))
        });
        let mut secrets: Vec<_> = proxies.secrets().into_iter().chain(credentials).collect();
        // One proxy for both schemes has one password.
        secrets.dedup();
        Ok(Self { secrets, proxies: usable(proxies)?, matcher })
    }

    /// Whether a request to this URL goes through a proxy, `NO_PROXY` considered.
    pub(super) fn cover(&self, url: &Url) -> bool {
        url.as_str().parse().is_ok_and(|uri| self.matcher.intercept(&uri).is_some())
    }
}

fn matcher(proxies: &Proxies) -> Matcher {
    let address = |proxy: &Option<Proxy>| proxy.as_ref().map(|proxy| proxy.address.clone()).unwrap_or_default();
    Matcher::builder()
        .http(address(&proxies.http))
        .https(address(&proxies.https))
        .no(proxies.no_proxy.clone().unwrap_or_default())
        .build()
}

/// The proxies for `reqwest`. A proxy that `reqwest` would silently ignore, for example for its scheme, is an
/// error: the administrator wants it to be used.
fn usable(proxies: &Proxies) -> Result<Vec<reqwest::Proxy>, TransportError> {
    let of = |proxy: &Proxy, make: fn(Url) -> reqwest::Result<reqwest::Proxy>| {
        let url = Url::parse(&proxy.address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.filter(|_| {
            let alone = Proxies { http: Some(proxy.clone()), ..Proxies::default() };
            "http://host".parse().is_ok_and(|uri| matcher(&alone).intercept(&uri).is_some())
        });
        url.and_then(|url| make(url).ok()).ok_or_else(|| {
            let detail = error_text![proxy.variable, " on the server is not an http or https address that can be used"];
            TransportError::new(TransportErrorKind::Proxy, detail)
        })
    };
    let http = proxies.http.iter().map(|proxy| of(proxy, reqwest::Proxy::http));
    let https = proxies.https.iter().map(|proxy| of(proxy, reqwest::Proxy::https));
    http.chain(https).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_secret_in_the_form_in_which_it_is_sent_too() {
        // `NO_PROXY` says nothing about the proxies themselves.
        let env = [("TOOLJET_HTTP_PROXY", "http://user:pa%3Ahush%40word@proxy:3128"), ("NO_PROXY", "localhost")];
        let read = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let routes = ProxyRoutes::new(&Proxies::from_env(read)).unwrap();
        assert_eq!(routes.secrets, [Secret::new("pa:hush@word"), Secret::new("dXNlcjpwYTpodXNoQHdvcmQ=")]);
    }
}
