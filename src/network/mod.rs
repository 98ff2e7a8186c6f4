//! Transfers bytes: connections, proxies, certificates, SSRF rules, compression.
//!
//! Belongs here: whatever handles sockets, addresses or HTTP headers. Does not belong here: what a request asks for,
//! what a response means, when to retry. Only `client` names `reqwest` and `tokio`.

pub mod client;
pub mod gzip;
pub mod http;
pub mod proxies;
pub mod ssrf;
pub mod stream_end;
pub mod tls;
