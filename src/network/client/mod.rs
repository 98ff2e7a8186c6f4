//! Sends requests. The only module that names `reqwest` and `tokio`.
//!
//! | part | responsibility |
//! |---|---|
//! | `clients` | how the HTTP clients connect and check resolved names |
//! | `connections` | how many connections may be open |
//! | `connect_limiter` | how many connections may be opened at once |
//! | `lookups` | how names are resolved |
//! | `proxy_routes` | which requests use the administrator's proxies |
//! | `servers` | which thread the queries to a server run on |
//! | `lateness` | ends queries on time if their server's thread is too busy |
//! | `home` | the lasting runtime |
//! | `exchange` | sends a request, and holds the memory of its query |
//! | `form` | encodes a form with a file |
//! | `upload` | reads a response that arrives before the request is sent |
//! | `receive` | reads a response, or hands it on as it arrives |
//! | `memory` | limits the memory of all queries |
//! | `cpu`, `allocator` | where long work runs, and how its memory is released |
//! | `classify` | the meaning of errors |
//! | `log` | writes the query log |
//!
//! The clients serve the whole process, so that queries share connections. They use HTTP/1.1 on purpose: servers
//! commonly allow 100 streams per HTTP/2 connection, and with answers that take seconds, queries beyond that would wait
//! for others to end.

mod allocator;
mod classify;
mod clients;
mod connect_limiter;
mod connections;
mod cpu;
mod descriptors;
mod exchange;
mod form;
mod home;
mod lateness;
mod log;
mod lookups;
mod memory;
mod proxy_routes;
mod receive;
mod servers;
mod upload;

use std::{
    collections::hash_map::RandomState,
    future::Future,
    hash::BuildHasher,
    io, mem,
    pin::Pin,
    sync::{
        Arc, LazyLock, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use clients::{Clients, Factory, LOOKUP_TIMED_OUT, Route, noting_lookups};
use connections::{Connections, Kept, Limits, Owner, Permit};
use cpu::{CpuLanes, MAX_CPU_THREADS};
use exchange::{Exchange, outgoing};
use home::Home;
use lateness::Lateness;
use lookups::Lookups;
pub use lookups::{Lookup, system_lookup};
use memory::Memory;
pub use memory::{Hold, no_memory};
use proxy_routes::ProxyRoutes;
use servers::Servers;
use tokio::time::timeout;
use url::{Position, Url};

use crate::{
    budgets::{
        IDLE_OF_PROVIDER, IDLE_OF_SERVER, IDLE_TIMEOUT_OF_PROVIDER_BURST, IDLE_TIMEOUT_OF_SERVER_BURST,
        MAX_CONNECT_TIME, MAX_LATENESS, MAX_SERVER_THREADS, MAX_START_DELAY,
    },
    error::{TransportError, TransportErrorKind},
    input::{base_url, secret::Secret},
    network::{
        http::{HttpRequest, HttpResponse, LogSink, Transport},
        proxies::Proxies,
        ssrf::Rules,
        tls,
    },
};

/// The runtime that runs every query: one thread is enough, because queries mostly wait.
///
/// # Errors
/// If the system refuses to start a thread.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    allocator::configure();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(MAX_CPU_THREADS + 1) // one gives memory back
        .thread_name("tooljet-openai")
        .enable_io()
        .enable_time()
        .build()
}

/// Settings of a client that do not come from the environment.
#[derive(Clone)]
pub struct Settings {
    /// Time to connect, including name resolution and TLS.
    pub connect_timeout: Duration,
    /// Number of descriptors that the process may open.
    pub max_descriptors: usize,
    /// Number of servers with their own thread at the same time.
    pub max_server_threads: usize,
    /// Idle timeout for connections of a burst of queries to `OpenAI` and Azure.
    pub idle_timeout_of_provider_burst: Duration,
    /// The same for other servers.
    pub idle_timeout_of_server_burst: Duration,
    /// Finds the addresses of a name.
    pub lookup: Arc<Lookup>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: MAX_CONNECT_TIME,
            max_descriptors: descriptors::max_descriptors(),
            max_server_threads: MAX_SERVER_THREADS,
            idle_timeout_of_provider_burst: IDLE_TIMEOUT_OF_PROVIDER_BURST,
            idle_timeout_of_server_burst: IDLE_TIMEOUT_OF_SERVER_BURST,
            lookup: Arc::new(system_lookup),
        }
    }
}

/// The work of a query.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the requests of a query go.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The URL of one of them.
    pub url: &'a Url,
    /// The base URL of the data source, as entered.
    pub base_url: &'a str,
    /// As in [`HttpRequest`].
    pub is_custom: bool,
}

/// The real network.
#[derive(Clone)]
pub struct Client {
    providers: Arc<Providers>,
    servers: Arc<Servers>,
    server_connections: Arc<Connections>,
    proxies: Arc<ProxyRoutes>,
    rules: Arc<Rules>,
    home: Home,
    lateness: Arc<Lateness>,
    cpu: Arc<CpuLanes>,
    memory: Memory,
    log: Option<LogSink>,
}

/// `OpenAI` and Azure, whose requests run on the caller's runtime.
struct Providers {
    direct: Clients,
    checked: Clients,
    proxied: Clients,
    connections: Arc<Connections>,
}

static SHARED: OnceLock<Result<Client, TransportError>> = OnceLock::new();

impl Client {
    /// The client of this process, created on first use.
    ///
    /// # Errors
    /// [`TransportErrorKind::Tls`] if TLS is unavailable, which would be a bug.
    pub fn shared() -> Result<&'static Self, TransportError> {
        let make = || Self::from_env(|name| std::env::var(name).ok(), Settings::default());
        SHARED.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// The client of this process, if it exists.
    pub fn made() -> Option<&'static Self> {
        SHARED.get()?.as_ref().ok()
    }

    /// A client for a server with this environment.
    ///
    /// # Errors
    /// As [`Client::shared`].
    pub fn from_env(env: impl Fn(&str) -> Option<String>, settings: Settings) -> Result<Self, TransportError> {
        let proxies = Arc::new(ProxyRoutes::new(&Proxies::from_env(&env)));
        let rules = Arc::new(Rules::from_env(&env));
        let tls = tls::client_config(env("NODE_EXTRA_CA_CERTS").as_deref())
            .map_err(|error| TransportError::new(TransportErrorKind::Tls, error.to_string()))?;
        let lookups = Lookups::new(settings.lookup);
        let factory = Arc::new(Factory {
            tls,
            proxies: proxies.proxies(),
            rules: Arc::clone(&rules),
            lookups,
            connect_timeout: settings.connect_timeout,
        });
        let descriptors = settings.max_descriptors;
        let limits = Limits::new(descriptors, IDLE_OF_PROVIDER, settings.idle_timeout_of_provider_burst);
        let server_limits = Limits::new(descriptors, IDLE_OF_SERVER, settings.idle_timeout_of_server_burst);
        let providers = Providers {
            direct: factory.for_providers(Route::Direct, &limits)?,
            checked: factory.for_providers(Route::Checked, &limits)?,
            proxied: factory.for_providers(Route::Proxied, &limits)?,
            connections: Connections::new(limits),
        };
        let server_connections = Connections::new(server_limits);
        let home = Home::default();
        Ok(Self {
            providers: Arc::new(providers),
            servers: Servers::new(factory, Arc::clone(&server_connections), settings.max_server_threads),
            server_connections,
            proxies,
            rules,
            lateness: Arc::default(),
            cpu: Arc::new(CpuLanes::new(home.clone())),
            memory: Memory::new(home.clone()),
            home,
            log: log::from_env(&env),
        })
    }

    /// Number of connections that may be open, in use or idle.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.providers.connections.open() + self.server_connections.open()
    }

    /// An empty hold on the memory that all queries share.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.home.note();
        self.memory.hold()
    }

    /// A hold on `bytes`, once there is room.
    ///
    /// # Errors
    /// [`TransportErrorKind::Busy`] if there is none within `patience`.
    pub async fn admit(&self, bytes: usize, patience: Duration) -> Result<Hold, TransportError> {
        let mut hold = self.hold();
        timeout(patience, hold.add(bytes)).await.map_err(|_| no_memory())?;
        Ok(hold)
    }

    /// Starts `work`, the query of a data source with this base URL, before it runs on its server's thread. If the
    /// server is already known, starts it there, unless that thread is too busy.
    ///
    /// # Errors
    /// Returns `work` if it has to start elsewhere.
    pub fn start_near(&self, base_url: &str, work: Work) -> Result<(), Work> {
        let Some((home, visit)) = self.home.get().zip(self.servers.visit_known(base_url)) else { return Err(work) };
        let unbegun = Arc::new(Mutex::new(Some(work)));
        let take = move || unbegun.lock().unwrap_or_else(PoisonError::into_inner).take();
        let late = {
            let (home, take) = (home.clone(), take.clone());
            move || drop(take().map(|work| home.spawn(work)))
        };
        let registration = self.lateness.register(home, Instant::now() + MAX_START_DELAY, Box::new(late));
        visit.start(async move {
            drop(registration);
            if let Some(work) = take() {
                work.await;
            }
        });
        Ok(())
    }

    /// Runs `work`, which sends requests to `url` and ends by itself at `deadline`, on the server's thread, so that the
    /// query does not switch threads. If that is too busy, calls `late` instead.
    pub async fn run_near(
        &self,
        Target { url, base_url, is_custom }: Target<'_>,
        deadline: Duration,
        work: Work,
        late: impl FnOnce() + Send + 'static,
    ) {
        // If the URL is blocked, the request will find out why.
        let is_allowed = !is_custom || self.rules.check_url(url).is_ok();
        let visit = || self.servers.visit(&url[..Position::BeforePath], self.route(url, is_custom)?);
        if !is_provider(url)
            && is_allowed
            && let Some(home) = self.home.get()
            && let Ok(visit) = visit()
        {
            self.servers.note(base_url, &visit);
            let left = deadline.saturating_sub(self.now()) + MAX_LATENESS * 3 / 4;
            let registration = self.lateness.register(home, Instant::now() + left, Box::new(late));
            let work = async move {
                work.await;
                drop(registration);
            };
            if !visit.is_here() {
                visit.start(work);
                return;
            }
            work.await;
        } else {
            work.await;
        }
    }

    fn route(&self, url: &Url, is_custom: bool) -> Result<Route, TransportError> {
        Ok(match (self.proxies.cover(url)?, is_custom) {
            (true, _) => Route::Proxied,
            (false, true) => Route::Checked,
            (false, false) => Route::Direct,
        })
    }

    /// Sends on the server's thread.
    async fn exchange(
        &self,
        request: &HttpRequest,
        time: Duration,
        hold: &mut Hold,
        is_resolving: Arc<AtomicBool>,
    ) -> Result<HttpResponse, TransportError> {
        let start = Instant::now();
        let (url, body, sink) = (&request.url, request.body.clone(), request.sink.clone());
        let (route, request) = (self.route(url, request.is_custom)?, outgoing(request)?);
        let origin = url[..Position::BeforePath].to_owned();
        let exchange = |permit, clients: &Clients, hold| {
            let (clients, time) = (clients.clone(), time.saturating_sub(start.elapsed()));
            let cpu = Arc::clone(&self.cpu);
            Box::pin(Exchange { permit, clients, request, body, sink, cpu, route, time, hold }.run())
        };
        let result;
        if is_provider(url) {
            let Providers { direct, checked, proxied, connections } = &*self.providers;
            let clients = match route {
                Route::Direct => direct,
                Route::Checked => checked,
                Route::Proxied => proxied,
            };
            let owner = Owner { origin, thread: 0, kept: Kept::All };
            let permit = take(connections, owner, time).await?;
            result = noting_lookups(is_resolving, exchange(permit, clients, mem::take(hold))).await;
        } else {
            let visit = self.servers.visit(&origin, route)?;
            let (thread, clients) = (visit.server().number, visit.server().clients.clone());
            let kept = if visit.is_shared { Kept::None } else { Kept::of_server(&origin) };
            let owner = Owner { origin, thread, kept };
            let permit = take(&self.server_connections, owner, time).await?;
            let exchange = exchange(permit, &clients, mem::take(hold));
            let exchange = noting_lookups(is_resolving, exchange);
            result = if visit.is_here() { exchange.await } else { visit.run(exchange).await };
        }
        *hold = result.1;
        result.0
    }
}

/// Waits for a connection that the query may use.
async fn take(connections: &Arc<Connections>, owner: Owner, time: Duration) -> Result<Permit, TransportError> {
    timeout(time, connections.take(owner)).await.map_err(|_| {
        TransportError::new(TransportErrorKind::Busy, "no connection was free in time, as there are too many already")
    })
}

/// Whether this is `OpenAI` or Azure, which the certificate proves.
fn is_provider(url: &Url) -> bool {
    url.scheme() == "https" && url.port().is_none() && base_url::provider_of_host(url).is_some()
}

impl Transport for Client {
    async fn send(
        &self,
        request: &HttpRequest,
        time: Duration,
        hold: &mut Hold,
    ) -> Result<HttpResponse, TransportError> {
        if request.is_custom {
            let blocked = |reason| TransportError::new(TransportErrorKind::Blocked, reason);
            self.rules.check_url(&request.url).map_err(blocked)?;
        }
        let is_resolving = Arc::default();
        let exchange = self.exchange(request, time, hold, Arc::clone(&is_resolving));
        // The client itself enforces the deadline, and knows best what was in progress. If the server's thread is too
        // busy for that, this runtime enforces it.
        let timed_out = || Err(TransportError::new(TransportErrorKind::Timeout, ""));
        let result = timeout(time.saturating_add(MAX_LATENESS / 2), exchange).await.unwrap_or_else(|_| timed_out());
        match result {
            Err(error) if error.kind == TransportErrorKind::Timeout && is_resolving.load(Ordering::Relaxed) => {
                Err(TransportError::new(TransportErrorKind::Dns, LOOKUP_TIMED_OUT))
            }
            result => result,
        }
    }

    async fn offload<R: Send + 'static>(&self, bytes: usize, work: impl FnOnce() -> R + Send + 'static) -> R {
        self.cpu.run(bytes, work).await
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

    fn proxy_secrets(&self) -> &[Secret] {
        &self.proxies.secrets
    }

    fn log(&self) -> Option<LogSink> {
        self.log.clone()
    }

    fn jitter(&self) -> f64 {
        // Every `RandomState` is seeded differently; 32 bits of its hash are random enough.
        let sample = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
        f64::from(sample) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use tokio::sync::oneshot;

    use super::*;
    use crate::network::http::Method;

    fn client(edition: &'static str) -> Client {
        Client::from_env(|name| (name == "TOOLJET_EDITION").then(|| edition.to_owned()), Settings::default()).unwrap()
    }

    /// Requests a name that resolves to this machine, past the check of the name itself.
    fn ask(edition: &'static str, is_custom: bool) -> TransportErrorKind {
        let client = Client { rules: Arc::clone(&client("").rules), ..client(edition) };
        let url = "http://localhost:1".parse().unwrap();
        let request = HttpRequest { method: Method::Get, url, headers: Vec::new(), body: None, is_custom, sink: None };
        runtime()
            .unwrap()
            .block_on(client.send(&request, Duration::from_secs(5), &mut Hold::default()))
            .unwrap_err()
            .kind
    }

    #[test]
    fn does_not_connect_to_a_name_with_a_blocked_address() {
        assert_eq!(ask("cloud", true), TransportErrorKind::Blocked);
        assert_eq!(ask("ce", true), TransportErrorKind::Refused);
        assert_eq!(ask("cloud", false), TransportErrorKind::Refused);
    }

    /// Runs a query near a server on this machine, and returns its thread.
    async fn thread_near_server(client: &Client, base_url: &str) -> ThreadId {
        let (done, result) = oneshot::channel();
        let work: Work = Box::pin(async move { done.send(thread::current().id()).unwrap() });
        let url = "http://localhost:1/v1".parse().unwrap();
        let deadline = client.now() + Duration::from_secs(5);
        client.run_near(Target { url: &url, base_url, is_custom: true }, deadline, work, || ()).await;
        result.await.unwrap()
    }

    #[test]
    fn runs_a_query_on_its_server_s_thread_and_starts_it_there_if_known() {
        let client = client("");
        let begin = |base_url: &str| {
            let (begun, thread) = oneshot::channel();
            let work: Work = Box::pin(async move { begun.send(thread::current().id()).unwrap() });
            client.start_near(base_url, work).is_ok().then_some(thread)
        };
        runtime().unwrap().block_on(async {
            drop(client.hold());
            assert!(begin("localhost:1").is_none());
            let near = thread_near_server(&client, "localhost:1").await;
            assert_ne!(near, thread::current().id());
            assert_eq!(begin("localhost:1").unwrap().await.unwrap(), near);
            assert!(begin("localhost:2").is_none());
        });
    }

    #[test]
    fn starts_elsewhere_and_ends_in_time_when_the_server_s_thread_is_stuck() {
        let client = client("");
        runtime().unwrap().block_on(async {
            drop(client.hold());
            let stuck_thread = thread_near_server(&client, "localhost:1").await;
            let (release, gate) = std::sync::mpsc::channel::<()>();
            let visit = client.servers.visit("http://localhost:1", Route::Checked).unwrap();
            let stuck = visit.start(async move { gate.recv().is_err() });
            let (begun, thread) = oneshot::channel();
            let work: Work = Box::pin(async move { begun.send(thread::current().id()).unwrap() });
            assert!(client.start_near("localhost:1", work).is_ok());
            assert_ne!(thread.await.unwrap(), stuck_thread);

            let (late, is_late) = oneshot::channel();
            let url = "http://localhost:1/v1".parse().unwrap();
            let target = Target { url: &url, base_url: "localhost:1", is_custom: true };
            let late = || late.send(()).unwrap();
            // It would wait forever for the stuck thread.
            client.run_near(target, client.now(), Box::pin(async {}), late).await;
            is_late.await.unwrap();
            drop(release);
            assert!(stuck.await.unwrap());
        });
    }

    #[test]
    fn uses_no_server_thread_for_openai_or_a_blocked_address() {
        let client = client("cloud");
        runtime().unwrap().block_on(async {
            drop(client.hold());
            for url in ["https://api.openai.com/v1", "http://169.254.169.254/v1"] {
                let url = url.parse().unwrap();
                let target = Target { url: &url, base_url: "typed", is_custom: true };
                let (done, mut result) = oneshot::channel();
                let work: Work = Box::pin(async move { done.send(thread::current().id()).unwrap() });
                client.run_near(target, client.now(), work, || ()).await;
                assert_eq!(result.try_recv(), Ok(thread::current().id()), "{url}");
            }
        });
    }

    #[test]
    fn recognizes_openai_and_azure_only_if_their_certificate_proves_it() {
        let is_provider = |url: &str| is_provider(&url.parse().unwrap());
        for url in [
            "https://api.openai.com/v1",
            "https://eu.api.openai.com:443/v1",
            "https://r.openai.azure.com/openai/deployments/d?api-version=1",
            "https://r.services.ai.azure.com/openai/v1",
        ] {
            assert!(is_provider(url), "{url}");
        }
        for url in [
            "http://api.openai.com/v1",
            "https://api.openai.com:8443/v1",
            "https://gateway.example/openai/deployments/d",
            "https://api.openai.com.example/v1",
            "https://openai.com/v1",
            "https://127.0.0.1/v1",
        ] {
            assert!(!is_provider(url), "{url}");
        }
    }

    #[test]
    fn keeps_the_deadline_when_the_server_s_thread_is_stuck() {
        let client = client("");
        let url: Url = "http://localhost:1/v1".parse().unwrap();
        let request =
            HttpRequest { method: Method::Get, url, headers: Vec::new(), body: None, is_custom: true, sink: None };
        runtime().unwrap().block_on(async {
            let (release, gate) = std::sync::mpsc::channel::<()>();
            let visit = client.servers.visit("http://localhost:1", Route::Checked).unwrap();
            let stuck = visit.run(async move { gate.recv().is_err() });
            let start = Instant::now();
            let error = client.send(&request, Duration::from_millis(20), &mut Hold::default()).await.unwrap_err();
            assert_eq!(error.kind, TransportErrorKind::Timeout);
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
            drop(release);
            assert!(stuck.await);
        });
    }

    #[test]
    fn keeps_the_memory_of_a_query_without_a_connection() {
        let client = Client::from_env(|_| None, Settings { max_descriptors: 0, ..Settings::default() }).unwrap();
        let url: Url = "http://localhost:1/v1".parse().unwrap();
        let request =
            HttpRequest { method: Method::Get, url, headers: Vec::new(), body: None, is_custom: false, sink: None };
        runtime().unwrap().block_on(async {
            let origin = "http://localhost:1".to_owned();
            let visit = client.servers.visit(&origin, Route::Direct).unwrap();
            let kept = Kept::of_server(&origin);
            let owner = Owner { origin, thread: visit.server().number, kept };
            let mut permits = Vec::new();
            while let Ok(permit) = take(&client.server_connections, owner.clone(), Duration::from_millis(10)).await {
                permits.push(permit);
            }
            let mut hold = client.hold();
            hold.add(1000).await;
            let error = client.send(&request, Duration::from_millis(10), &mut hold).await.unwrap_err();
            assert_eq!((error.kind, hold.bytes()), (TransportErrorKind::Busy, 1000));
        });
    }

    #[test]
    fn returns_different_jitter_within_its_range() {
        let client = client("");
        let samples: Vec<_> = (0..100).map(|_| client.jitter()).collect();
        assert!(samples.iter().all(|sample| (0.0..1.0).contains(sample)));
        assert!(samples.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.01));
    }
}
