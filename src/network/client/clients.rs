//! Creates the HTTP clients: how they connect, and how they check resolved names.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::ClientConfig;
use tokio::time::timeout;

use super::{
    classify::{self, failed},
    connect_limiter::ConnectLimiter,
    connections::{Kept, Kind, Limits},
    lookups::{Lookups, Target, Unresolved},
};
use crate::{
    budgets::{IdleLimits, MAX_RESPONSE_HEADERS},
    error::{TransportError, TransportErrorKind},
    network::ssrf::Rules,
};

/// Interval of probes on a silent connection, so that firewalls do not drop it while a model thinks, and a dead one is
/// noticed before a query uses it.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How a request reaches its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Route {
    /// To the default URL, without checks.
    Direct,
    /// For custom base URLs: every resolved address must pass the rules.
    Checked,
    /// Through the administrator's proxies, which resolve the names themselves.
    Proxied,
}

/// The clients for one route.
#[derive(Clone)]
pub(super) struct Clients {
    lasting: reqwest::Client,
    burst: reqwest::Client,
}

impl Clients {
    pub(super) fn of(&self, kind: Kind) -> &reqwest::Client {
        match kind {
            Kind::Lasting => &self.lasting,
            Kind::Burst => &self.burst,
        }
    }
}

/// What all clients share.
pub(super) struct Factory {
    pub(super) tls: ClientConfig,
    pub(super) proxies: Vec<reqwest::Proxy>,
    pub(super) rules: Arc<Rules>,
    pub(super) lookups: Lookups,
    pub(super) connect_timeout: Duration,
}

impl Factory {
    /// Clients for `OpenAI` and Azure.
    pub(super) fn for_providers(&self, route: Route, limits: &Limits) -> Result<Clients, TransportError> {
        self.clients(route, limits, Kept::All, true)
    }

    /// Clients for any other server, or for several that share a thread.
    pub(super) fn for_server(&self, route: Route, limits: &Limits, kept: Kept) -> Result<Clients, TransportError> {
        self.clients(route, limits, kept, false)
    }

    fn clients(&self, route: Route, limits: &Limits, kept: Kept, is_provider: bool) -> Result<Clients, TransportError> {
        let client = |kind, idle: IdleLimits| {
            let idle = IdleLimits { max: kept.max_idle(kind, limits), ..idle };
            self.client(route, idle, is_provider)
        };
        Ok(Clients { lasting: client(Kind::Lasting, limits.lasting)?, burst: client(Kind::Burst, limits.burst)? })
    }

    fn client(&self, route: Route, idle: IdleLimits, is_provider: bool) -> Result<reqwest::Client, TransportError> {
        let resolver = Resolver {
            lookups: self.lookups.clone(),
            rules: (route == Route::Checked).then(|| Arc::clone(&self.rules)),
            is_trusted: is_provider || route == Route::Proxied,
            // Leaves time to connect, so that a silent name server can be distinguished from a silent host.
            timeout: self.connect_timeout.mul_f64(0.8),
        };
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::new(resolver))
            .connector_layer(ConnectLimiter::default())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .tcp_keepalive(KEEP_ALIVE)
            .http1_max_headers(MAX_RESPONSE_HEADERS)
            .pool_idle_timeout(idle.timeout)
            .pool_max_idle_per_host(idle.max)
            .no_proxy();
        let proxies = if route == Route::Proxied { self.proxies.as_slice() } else { &[] };
        let builder = proxies.iter().cloned().fold(builder, reqwest::ClientBuilder::proxy);
        builder
            .build()
            .map_err(|error| TransportError::new(TransportErrorKind::Tls, classify::innermost(failed(&error))))
    }
}

tokio::task_local! {
    /// Whether the query of this task is waiting for name resolution.
    static IS_RESOLVING: Arc<AtomicBool>;
}

/// Sends a request, and records in `is_resolving` whether it is waiting for name resolution.
pub(super) async fn noting_lookups<T>(is_resolving: Arc<AtomicBool>, request: impl Future<Output = T>) -> T {
    IS_RESOLVING.scope(is_resolving, request).await
}

/// Resolves names, and checks the addresses if rules apply.
struct Resolver {
    lookups: Lookups,
    rules: Option<Arc<Rules>>,
    is_trusted: bool,
    timeout: Duration,
}

/// The detail of a lookup that took too long.
pub(super) const LOOKUP_TIMED_OUT: &str = "the name could not be resolved in time";

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let target = Target { name: name.as_str().to_owned(), is_trusted: self.is_trusted };
        let (lookups, rules, time) = (self.lookups.clone(), self.rules.clone(), self.timeout);
        Box::pin(async move {
            // The query may have left the connection to one of hyper's tasks.
            let is_resolving = IS_RESOLVING.try_with(Arc::clone).unwrap_or_default();
            is_resolving.store(true, Ordering::Relaxed);
            let found = timeout(time, lookups.find(&target)).await;
            is_resolving.store(false, Ordering::Relaxed);
            let addresses = found.map_err(|_| Unresolved(LOOKUP_TIMED_OUT.to_owned()))??;
            if let Some(rules) = rules {
                let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
                rules.check_resolved(&target.name, &ips).map_err(Blocked)?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Why the rules block an address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Blocked(pub(super) &'static str);
