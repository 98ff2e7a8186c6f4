//! The API of `npm run bench`, in its own process: gives the same response to every request, over HTTP and HTTPS. The
//! measured program needs all cores of a small machine, so this uses as little CPU time as possible.
//!
//! Takes commands as lines of JSON, `{id, command, options}`, and replies with `{id, result}`:
//!
//! | command | options | result |
//! |---|---|---|
//! | `listen` | `key`, `cert`: PEM | `http`, `https`: ports of `localhost` |
//! | `prepare` | `body` of all responses, `serverTime` before each in milliseconds | none; resets the counts |
//! | `observe` | | `requests`, `tcp`, `tls`: counts; `ran`, `waited`: how long its threads ran, and waited for a core, in milliseconds; `at`: the time in milliseconds |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // without its API, a benchmark should end

use std::{
    fs,
    io::{self, BufRead, Read, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use memchr::memmem;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::{net::TcpSocket, runtime};

/// At least the number of clients that connect at once.
const BACKLOG: u32 = 1024;
/// A thread per connection takes the least CPU time to wait, and is accurate to a microsecond.
const STACK_BYTES: usize = 256 << 10;
const READ_BYTES: usize = 16 << 10;

#[derive(Default)]
struct Api {
    prepared: RwLock<Arc<Prepared>>,
    requests: AtomicU64,
    tcp: AtomicU64,
    tls: AtomicU64,
    /// Times of the threads that have ended, in nanoseconds.
    ran: AtomicU64,
    waited: AtomicU64,
}

/// A connection that does all work on a response before its time has come, except for sending it.
trait Connection: Read {
    fn prepare(&mut self, response: &[u8]) -> io::Result<()>;
    fn send(&mut self, response: &[u8]) -> io::Result<()>;
}

impl Connection for TcpStream {
    fn prepare(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn send(&mut self, response: &[u8]) -> io::Result<()> {
        self.write_all(response)
    }
}

impl Connection for StreamOwned<ServerConnection, TcpStream> {
    fn prepare(&mut self, response: &[u8]) -> io::Result<()> {
        self.conn.writer().write_all(response)
    }

    fn send(&mut self, _: &[u8]) -> io::Result<()> {
        while self.conn.wants_write() {
            self.conn.write_tls(&mut self.sock)?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Prepared {
    response: Vec<u8>,
    delay: Duration,
}

fn main() {
    let api: &'static Api = Box::leak(Box::default());
    let started = Instant::now();
    // Runs until the process that started it ends.
    for line in io::stdin().lock().lines() {
        let call: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |name: &str| call["options"][name].as_str().unwrap();
        let result = match call["command"].as_str().unwrap() {
            "listen" => api.listen(text("key"), text("cert")).unwrap(),
            "prepare" => api.prepare(text("body"), call["options"]["serverTime"].as_u64().unwrap()),
            "observe" => api.observe(started.elapsed()),
            other => panic!("unknown command {other}"),
        };
        println!("{}", json!({"id": call["id"], "result": result}));
    }
}

impl Api {
    fn listen(&'static self, key: &str, cert: &str) -> io::Result<Value> {
        let certificates = CertificateDer::pem_slice_iter(cert.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = Arc::new(builder.with_single_cert(certificates, key).unwrap());
        let http = self.on_loopback(Self::serve)?;
        let https = self.on_loopback(move |api, connection| {
            let mut session = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            session.set_buffer_limit(None);
            let mut connection = StreamOwned::new(session, connection);
            connection.conn.complete_io(&mut connection.sock)?;
            api.tls.fetch_add(1, Ordering::Relaxed);
            api.serve(connection)
        })?;
        Ok(json!({"http": http, "https": https}))
    }

    fn prepare(&self, body: &str, milliseconds: u64) -> Value {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_7d41c2f09b8e4a53a1f6d0c8e25b9734\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let prepared = Prepared { response: (head + body).into_bytes(), delay: Duration::from_millis(milliseconds) };
        *self.prepared.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(prepared);
        for count in [&self.requests, &self.tcp, &self.tls] {
            count.store(0, Ordering::Relaxed);
        }
        Value::Null
    }

    #[allow(clippy::cast_precision_loss)] // far below 2^53
    fn observe(&self, at: Duration) -> Value {
        let threads = fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
        let running = threads.filter_map(|thread| schedule(thread.path().join("schedstat").to_str()?));
        let ended = (self.ran.load(Ordering::Relaxed), self.waited.load(Ordering::Relaxed));
        let (ran, waited) = running.fold(ended, |sum, thread| (sum.0 + thread.0, sum.1 + thread.1));
        let milliseconds = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        json!({
            "requests": self.requests.load(Ordering::Relaxed), "tcp": self.tcp.load(Ordering::Relaxed),
            "tls": self.tls.load(Ordering::Relaxed), "ran": milliseconds(ran), "waited": milliseconds(waited),
            "at": at.as_secs_f64() * 1e3
        })
    }

    /// Answers requests until the connection ends.
    fn serve(&self, mut connection: impl Connection) -> io::Result<()> {
        let mut pending = Vec::new();
        let mut read = vec![0; READ_BYTES];
        loop {
            match connection.read(&mut read)? {
                0 => return Ok(()),
                bytes => pending.extend_from_slice(&read[..bytes]),
            }
            let arrived = Instant::now();
            while let Some(size) = size_of_request(&pending).filter(|size| *size <= pending.len()) {
                pending.drain(..size);
                self.requests.fetch_add(1, Ordering::Relaxed);
                let prepared = Arc::clone(&self.prepared.read().unwrap_or_else(PoisonError::into_inner));
                connection.prepare(&prepared.response)?;
                thread::sleep((arrived + prepared.delay).saturating_duration_since(Instant::now()));
                connection.send(&prepared.response)?;
            }
        }
    }

    /// Listens on both loopback addresses, because `localhost` may be either, and serves each connection on its own
    /// thread. Returns the port.
    fn on_loopback(
        &'static self,
        serve: impl Fn(&Self, TcpStream) -> io::Result<()> + Clone + Send + 'static,
    ) -> io::Result<u16> {
        let first = listener(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let port = first.local_addr()?.port();
        // Not every machine has IPv6.
        let second = listener(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).ok();
        for listener in [Some(first), second].into_iter().flatten() {
            let serve = serve.clone();
            thread::spawn(move || {
                for connection in listener.incoming() {
                    self.tcp.fetch_add(1, Ordering::Relaxed);
                    let (connection, serve) = (connection.unwrap(), serve.clone());
                    let run = move || {
                        // A contender's process may end with open connections.
                        let _ = connection.set_nodelay(true).and_then(|()| serve(self, connection));
                        if let Some((ran, waited)) = schedule("/proc/thread-self/schedstat") {
                            self.ran.fetch_add(ran, Ordering::Relaxed);
                            self.waited.fetch_add(waited, Ordering::Relaxed);
                        }
                    };
                    thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap();
                }
            });
        }
        Ok(port)
    }
}

/// Like the standard library's listener, with a longer queue.
fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    listener.set_nonblocking(false)?;
    Ok(listener)
}

/// How many nanoseconds a thread ran, and how many it waited for a core.
fn schedule(file: &str) -> Option<(u64, u64)> {
    let text = fs::read_to_string(file).ok()?;
    let mut numbers = text.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The length of the first request in `bytes`, which may exceed them; `None` while its head is incomplete.
fn size_of_request(bytes: &[u8]) -> Option<usize> {
    let head = memmem::find(bytes, b"\r\n\r\n")?;
    let text = str::from_utf8(&bytes[..head]).unwrap();
    let lengths = text.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = lengths.next().expect("a request has a length");
    Some(head + 4 + length.trim().parse::<usize>().unwrap())
}
