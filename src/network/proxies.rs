//! What the server's environment says about the network: proxies and extra authorities.
//! Nothing named `OPENAI_*` is read: it would lend the operator's account to every tenant.

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
    fn the_usual_variables_are_read_in_either_case() {
        let (http, https) =
            addresses(&[("http_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2"), ("ALL_PROXY", "http://c:3")]);
        assert_eq!((http.as_deref(), https.as_deref()), (Some("http://a:1"), Some("http://b:2")));
        assert_eq!(addresses(&[("ALL_PROXY", "http://c:3")]).0.as_deref(), Some("http://c:3"));
        assert_eq!(addresses(&[("HTTPS_PROXY", " ")]), (None, None));
        assert_eq!(proxies(&[("no_proxy", "localhost,.corp")]).no_proxy.as_deref(), Some("localhost,.corp"));
    }
}
