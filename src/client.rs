//! Sends requests: connections, TLS, proxies, limits. The only file that names `reqwest`
//! and `tokio`.
//!
//! One client serves the whole process, so that queries share its connections. It speaks
//! HTTP/1.1 on purpose: servers commonly allow 100 streams on an HTTP/2 connection, and with
//! answers that take seconds the queries beyond those would wait for others to end.

use std::{
    collections::hash_map::RandomState,
    error::Error as StdError,
    fmt,
    hash::BuildHasher,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock, OnceLock},
    time::{Duration, Instant, SystemTime},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{
    error::{TransportError, TransportErrorKind},
    http::{HttpRequest, HttpResponse, MAX_ANSWER_BYTES, MAX_ERROR_BYTES, Method, Transport},
    network::{Proxies, Proxy},
    ssrf::Rules,
};

/// Time to connect, name resolution and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// Time between probes on a silent connection, so that firewalls do not forget it while a
/// model thinks.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Unused connections kept per host.
const MOST_IDLE: usize = 256;
/// Names are resolved on these threads; more would only wait for the same resolver.
const MOST_BLOCKING_THREADS: usize = 8;

/// The runtime that runs every query: one thread is plenty, as queries mostly wait.
///
/// # Errors
/// If the system refuses to start a thread.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(MOST_BLOCKING_THREADS)
        .thread_name("tooljet-openai")
        .enable_io()
        .enable_time()
        .build()
}

/// The real network.
#[derive(Clone)]
pub struct Client {
    /// For the default address: nothing is checked, nothing is slowed down.
    open: reqwest::Client,
    /// For addresses that people type: every address must pass `rules`.
    guarded: reqwest::Client,
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
        let proxies = Proxies::from_env(&env);
        let rules = Arc::new(Rules::from_env(&env));
        let tls = tls_config(env("NODE_EXTRA_CA_CERTS").as_deref())?;
        let resolver = |rules| Resolver { rules, exempt: proxies.hosts().into() };
        Ok(Self {
            open: build(&tls, &proxies, resolver(None))?,
            guarded: build(&tls, &proxies, resolver(Some(Arc::clone(&rules))))?,
            rules,
        })
    }
}

fn build(tls: &ClientConfig, proxies: &Proxies, resolver: Resolver) -> Result<reqwest::Client, TransportError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .dns_resolver(Arc::new(resolver))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(KEEP_ALIVE)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(MOST_IDLE)
        .no_proxy();
    let except = proxies.except.as_deref().and_then(reqwest::NoProxy::from_string);
    let unusable = |proxy: &Proxy| {
        let detail = format!("{} on the server is not a proxy address that can be used", proxy.variable);
        TransportError::new(TransportErrorKind::Proxy, detail)
    };
    if let Some(proxy) = &proxies.http {
        let http = reqwest::Proxy::http(&proxy.address).map_err(|_| unusable(proxy))?;
        builder = builder.proxy(http.no_proxy(except.clone()));
    }
    if let Some(proxy) = &proxies.https {
        let https = reqwest::Proxy::https(&proxy.address).map_err(|_| unusable(proxy))?;
        builder = builder.proxy(https.no_proxy(except));
    }
    builder.build().map_err(|error| TransportError::new(TransportErrorKind::Tls, words(&error.without_url())))
}

/// Trusts what Node trusts: Mozilla's authorities, those of the machine where it has a
/// store, and those of `NODE_EXTRA_CA_CERTS`. Node only warns if it cannot read the latter.
fn tls_config(extra: Option<&str>) -> Result<ClientConfig, TransportError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(Ok(certificates)) = extra.map(CertificateDer::pem_file_iter) {
        roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TransportError::new(TransportErrorKind::Tls, error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A config of our own is taken as it is: reqwest would not set the protocols.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

impl Transport for Client {
    async fn send(&self, request: &HttpRequest, timeout: Duration) -> Result<HttpResponse, TransportError> {
        if request.guarded {
            let blocked = |reason| TransportError::new(TransportErrorKind::Blocked, reason);
            self.rules.check_url(&request.url).map_err(blocked)?;
        }
        let client = if request.guarded { &self.guarded } else { &self.open };
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
        receive(builder.send().await.map_err(transport_error)?).await
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
        // Every `RandomState` is seeded differently; 32 bits of its hash are chance enough.
        let sample = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
        f64::from(sample) / (f64::from(u32::MAX) + 1.0)
    }
}

async fn receive(mut response: reqwest::Response) -> Result<HttpResponse, TransportError> {
    let status = response.status().as_u16();
    let fail = |kind, detail: String| Err(TransportError::new(kind, detail));
    if status == 407 {
        return fail(TransportErrorKind::Proxy, "the proxy asks for a user and password, HTTP 407".to_owned());
    }
    if (300..400).contains(&status) {
        return fail(TransportErrorKind::Redirect, redirect_target(&response));
    }
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let succeeded = (200..300).contains(&status);
    let limit = if succeeded { MAX_ANSWER_BYTES } else { MAX_ERROR_BYTES };
    let too_large = || fail(TransportErrorKind::TooLarge, format!("more than {} MiB", limit >> 20));
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if succeeded && announced.is_some_and(|length| length > limit) {
        return too_large();
    }
    let mut body = Vec::with_capacity(announced.unwrap_or_default().min(limit));
    while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
        let room = limit - body.len();
        if chunk.len() > room {
            if succeeded {
                return too_large();
            }
            // The start of an error says what it is; its status counts in any case.
            body.extend_from_slice(&chunk[..room]);
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status, headers, body })
}

/// Scheme, host and path only: a query may hold a secret.
fn redirect_target(response: &reqwest::Response) -> String {
    let location = response.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| response.url().join(location).ok());
    let status = response.status().as_u16();
    match target {
        Some(target) => format!("HTTP {status} to {}{}", target.origin().ascii_serialization(), target.path()),
        None => format!("HTTP {status}"),
    }
}

/// Resolves names with the system's resolver, and checks the addresses where rules apply.
struct Resolver {
    rules: Option<Arc<Rules>>,
    exempt: Arc<[String]>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let rules = self.rules.clone().filter(|_| !self.exempt.contains(&name));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<SocketAddr> = found.map_err(|error| Unresolved(error.to_string()))?.collect();
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

/// The kind of a failure is in the chain of its sources, never in its own text.
fn transport_error(error: reqwest::Error) -> TransportError {
    use TransportErrorKind as Kind;
    let error = error.without_url();
    let chain = words(&error);
    let causes = || std::iter::successors(error.source(), |cause| (*cause).source());
    let found = causes().find_map(|cause| {
        if let Some(Blocked(reason)) = cause.downcast_ref() {
            return Some(TransportError::new(Kind::Blocked, *reason));
        }
        if let Some(Unresolved(reason)) = cause.downcast_ref() {
            return Some(TransportError::new(Kind::Dns, reason.clone()));
        }
        // An io::Error hands out the source of what it wraps, but not the wrapped error.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = cause.downcast_ref().or_else(|| wrapped.and_then(|wrapped| wrapped.downcast_ref()));
        tls.map(|error: &rustls::Error| TransportError::new(tls_kind(error), error.to_string()))
    });
    let through_proxy = chain.contains("tunnel");
    if let Some(found) = found.filter(|found| !(through_proxy && found.kind == Kind::Dns)) {
        return found;
    }
    if through_proxy {
        return TransportError::new(Kind::Proxy, last(&chain));
    }
    if error.is_timeout() {
        return TransportError::new(if error.is_connect() { Kind::ConnectTimeout } else { Kind::Timeout }, "");
    }
    let io_kind = causes().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).last();
    let kind = match io_kind {
        Some(io::ErrorKind::ConnectionRefused) => Kind::Refused,
        Some(io::ErrorKind::TimedOut) if error.is_connect() => Kind::ConnectTimeout,
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => Kind::Unreachable,
        _ if chain.contains("end of file before message length") || chain.contains("EOF during chunk") => {
            Kind::Truncated
        }
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) if error.is_decode() => Kind::Compression,
        Some(io::ErrorKind::UnexpectedEof) if error.is_decode() || error.is_body() => Kind::Truncated,
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => Kind::Reset,
        _ if chain.contains("before message completed") || chain.contains("connection closed") => Kind::Reset,
        _ if chain.contains("parsed")
            || chain.contains("invalid HTTP")
            || chain.contains("message head is too large") =>
        {
            Kind::NotHttp
        }
        _ => Kind::Other,
    };
    TransportError::new(kind, last(&chain))
}

fn tls_kind(error: &rustls::Error) -> TransportErrorKind {
    use rustls::CertificateError as Certificate;
    let rustls::Error::InvalidCertificate(error) = error else { return TransportErrorKind::Tls };
    match error {
        Certificate::Expired
        | Certificate::ExpiredContext { .. }
        | Certificate::NotValidYet
        | Certificate::NotValidYetContext { .. } => TransportErrorKind::TlsExpired,
        Certificate::UnknownIssuer | Certificate::BadSignature => TransportErrorKind::TlsUnknownIssuer,
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => TransportErrorKind::TlsWrongHost,
        // A self-signed server certificate used as its own authority.
        Certificate::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            TransportErrorKind::TlsUnknownIssuer
        }
        _ => TransportErrorKind::Tls,
    }
}

/// The texts of an error and its sources, outermost first.
fn words(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The innermost text of a chain.
fn last(chain: &str) -> String {
    chain.rsplit(": ").next().unwrap_or(chain).chars().take(200).collect()
}
