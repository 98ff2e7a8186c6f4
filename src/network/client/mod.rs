//! Sends requests: connections, proxies, limits. The only module that names `reqwest` and
//! `tokio`; of its parts, `connect_limiter` limits how many connections are opened, `receive` reads
//! responses, `classify` tells what errors mean.
//!
//! One client serves the whole process, so that queries share its connections. It speaks
//! HTTP/1.1 on purpose: servers commonly allow 100 streams on an HTTP/2 connection, and with
//! answers that take seconds the queries beyond those would wait for others to end.

mod classify;
mod connect_limiter;
mod receive;

use std::{
    collections::hash_map::RandomState,
    error::Error as StdError,
    fmt,
    hash::BuildHasher,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{Arc, LazyLock, OnceLock},
    time::{Duration, Instant, SystemTime},
};

use classify::Failed;
use connect_limiter::ConnectLimiter;
use hyper_util::client::proxy::matcher::Matcher;
use receive::receive;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use crate::{
    error::{TransportError, TransportErrorKind},
    network::{
        http::{HttpRequest, HttpResponse, Method, Transport},
        proxies::{Proxies, Proxy},
        ssrf::Rules,
        tls,
    },
};

/// Time to connect, name resolution and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// Time between probes on a silent connection, so that firewalls do not forget it while a
/// model thinks.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Unused connections kept per host.
const MAX_IDLE_PER_HOST: usize = 256;
/// Names are resolved on these threads; more would only wait for the same resolver.
const MAX_BLOCKING_THREADS: usize = 8;

/// The runtime that runs every query: one thread is plenty, as queries mostly wait.
///
/// # Errors
/// If the system refuses to start a thread.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .thread_name("tooljet-openai")
        .enable_io()
        .enable_time()
        .build()
}

/// The real network. Each request uses one of three clients.
#[derive(Clone)]
pub struct Client {
    /// To the default address: nothing is checked.
    direct: reqwest::Client,
    /// For custom base URLs: every resolved address must pass `rules`.
    is_custom: reqwest::Client,
    /// Through the administrator's proxies, which resolve the names themselves.
    proxied: reqwest::Client,
    proxies: Arc<Matcher>,
    rules: Arc<Rules>,
}

impl Client {
    /// The client of this process, made at first use.
    ///
    /// # Errors
    /// [`TransportErrorKind::Proxy`] or [`TransportErrorKind::Tls`] if the server's
    /// environment holds a setting that cannot be used.
    pub fn shared() -> Result<&'static Self, TransportError> {
        static SHARED: OnceLock<Result<Client, TransportError>> = OnceLock::new();
        SHARED.get_or_init(|| Self::from_env(|name| std::env::var(name).ok())).as_ref().map_err(Clone::clone)
    }

    /// A client for a server with this environment.
    ///
    /// # Errors
    /// As [`Client::shared`].
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Result<Self, TransportError> {
        Self::with_connect_timeout(env, CONNECT_TIMEOUT)
    }

    /// As [`Client::from_env`], with another time to connect.
    ///
    /// # Errors
    /// As [`Client::shared`].
    pub fn with_connect_timeout(
        env: impl Fn(&str) -> Option<String>,
        connect_timeout: Duration,
    ) -> Result<Self, TransportError> {
        let proxies = Proxies::from_env(&env);
        let rules = Arc::new(Rules::from_env(&env));
        let unusable = |error: String| TransportError::new(TransportErrorKind::Tls, error);
        let tls =
            tls::client_config(env("NODE_EXTRA_CA_CERTS").as_deref()).map_err(|error| unusable(error.to_string()))?;
        let build = |rules, with: &[reqwest::Proxy]| {
            let builder = reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(Arc::new(Resolver { rules }))
                .connector_layer(ConnectLimiter::default())
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(connect_timeout)
                .tcp_keepalive(KEEP_ALIVE)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
                .no_proxy();
            let builder = with.iter().cloned().fold(builder, reqwest::ClientBuilder::proxy);
            builder.build().map_err(|error| unusable(classify::innermost(failed(&error))))
        };
        Ok(Self {
            direct: build(None, &[])?,
            is_custom: build(Some(Arc::clone(&rules)), &[])?,
            proxied: build(None, &usable(&proxies)?)?,
            proxies: Arc::new(matcher(&proxies)),
            rules,
        })
    }

    fn is_proxied(&self, url: &Url) -> bool {
        url.as_str().parse().is_ok_and(|uri| self.proxies.intercept(&uri).is_some())
    }
}

/// Says which requests go through a proxy, `NO_PROXY` considered.
fn matcher(proxies: &Proxies) -> Matcher {
    let address = |proxy: &Option<Proxy>| proxy.as_ref().map(|proxy| proxy.address.clone()).unwrap_or_default();
    Matcher::builder()
        .http(address(&proxies.http))
        .https(address(&proxies.https))
        .no(proxies.no_proxy.clone().unwrap_or_default())
        .build()
}

/// The proxies for `reqwest`. One that it would silently pass by, for example for its
/// scheme, is an error: the administrator wants it to be used.
fn usable(proxies: &Proxies) -> Result<Vec<reqwest::Proxy>, TransportError> {
    let of = |proxy: &Proxy, make: fn(Url) -> reqwest::Result<reqwest::Proxy>| {
        let url = Url::parse(&proxy.address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.filter(|_| {
            let alone = Proxies { http: Some(proxy.clone()), ..Proxies::default() };
            "http://host".parse().is_ok_and(|uri| matcher(&alone).intercept(&uri).is_some())
        });
        url.and_then(|url| make(url).ok()).ok_or_else(|| {
            let detail = format!("{} on the server is not an http or https address that can be used", proxy.variable);
            TransportError::new(TransportErrorKind::Proxy, detail)
        })
    };
    let http = proxies.http.iter().map(|proxy| of(proxy, reqwest::Proxy::http));
    let https = proxies.https.iter().map(|proxy| of(proxy, reqwest::Proxy::https));
    http.chain(https).collect()
}

impl Transport for Client {
    async fn send(&self, request: &HttpRequest, timeout: Duration) -> Result<HttpResponse, TransportError> {
        if request.is_custom {
            let blocked = |reason| TransportError::new(TransportErrorKind::Blocked, reason);
            self.rules.check_url(&request.url).map_err(blocked)?;
        }
        let proxied = self.is_proxied(&request.url);
        let client = match (proxied, request.is_custom) {
            (true, _) => &self.proxied,
            (false, true) => &self.is_custom,
            (false, false) => &self.direct,
        };
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut builder = client.request(method, request.url.clone()).timeout(timeout);
        for (name, value) in &request.headers {
            let mut value = reqwest::header::HeaderValue::from_str(value.expose()).map_err(|_| {
                TransportError::new(TransportErrorKind::Other, format!("the header {name} cannot be sent"))
            })?;
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let through = proxied.then(|| request.url.scheme());
        let response = connect_limiter::waiting_for(request.url[..url::Position::BeforePath].to_owned(), builder.send()).await;
        let response = response.map_err(|error| classify::of_request(failed(&error), through))?;
        receive(response, through).await
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn now(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    fn jitter(&self) -> f64 {
        // Every `RandomState` is seeded differently; 32 bits of its hash are random enough.
        let sample = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
        f64::from(sample) / (f64::from(u32::MAX) + 1.0)
    }
}

fn failed(error: &reqwest::Error) -> Failed<'_> {
    Failed { cause: error.source(), connecting: error.is_connect(), timed_out: error.is_timeout() }
}

/// Resolves names with the system's resolver, and checks the addresses where rules apply.
struct Resolver {
    rules: Option<Arc<Rules>>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let rules = self.rules.clone();
        Box::pin(async move {
            // A lookup that still waits for a thread is given up together with its query.
            let mut lookup = tokio::task::JoinSet::new();
            let host = name.clone();
            lookup.spawn_blocking(move || Ok((host.as_str(), 0).to_socket_addrs()?.collect()));
            let found: io::Result<Vec<SocketAddr>> = match lookup.join_next().await {
                Some(found) => found.map_err(io::Error::from).and_then(|found| found),
                None => Ok(Vec::new()),
            };
            let addresses = found.map_err(|error| Unresolved(error.to_string()))?;
            if addresses.is_empty() {
                return Err(Unresolved("no address".to_owned()).into());
            }
            if let Some(rules) = rules {
                let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
                rules.check_resolved(&name, &ips).map_err(Blocked)?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug)]
struct Unresolved(String);
#[derive(Debug)]
struct Blocked(&'static str);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl StdError for Unresolved {}
impl StdError for Blocked {}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(edition: &'static str) -> Client {
        Client::from_env(|name| (name == "TOOLJET_EDITION").then(|| edition.to_owned())).unwrap()
    }

    /// Asks for a name that leads to this machine, past the check of the name itself.
    fn ask(edition: &'static str, is_custom: bool) -> TransportErrorKind {
        let client = Client { rules: Arc::clone(&client("").rules), ..client(edition) };
        let url = "http://localhost:1".parse().unwrap();
        let request = HttpRequest { method: Method::Get, url, headers: Vec::new(), body: None, is_custom };
        runtime().unwrap().block_on(client.send(&request, Duration::from_secs(5))).unwrap_err().kind
    }

    #[test]
    fn a_name_that_leads_to_a_blocked_address_is_not_connected_to() {
        assert_eq!(ask("cloud", true), TransportErrorKind::Blocked);
        assert_eq!(ask("ce", true), TransportErrorKind::Refused);
        assert_eq!(ask("cloud", false), TransportErrorKind::Refused);
    }

    #[test]
    fn jitter_differs_from_call_to_call_and_stays_in_its_range() {
        let client = client("");
        let samples: Vec<_> = (0..100).map(|_| client.jitter()).collect();
        assert!(samples.iter().all(|sample| (0.0..1.0).contains(sample)));
        assert!(samples.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.01));
    }
}
