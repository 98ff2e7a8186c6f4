//! How bytes travel: connections, proxies, certificates, SSRF rules, compression.
//!
//! Belongs here: whatever knows sockets, addresses or headers of HTTP itself. Never here: what a
//! request asks for, what a response means, when to try again. Only `client` names `reqwest` and `tokio`.

pub mod client;
pub mod gzip;
pub mod http;
pub mod proxies;
pub mod ssrf;
pub mod stream_end;
pub mod tls;
