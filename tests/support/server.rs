#![allow(unreachable_pub, dead_code, clippy::unwrap_used)] // each test file uses a part of it
//! A loopback server that behaves as a test defines, connection by connection, and records what its clients do.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Far longer than any step of a test takes; a server that waits longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Log>,
    changed: Condvar,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    opened: usize,
    open: HashMap<usize, TcpStream>,
    most_open: usize,
    failures: Vec<String>,
    stopping: bool,
}

#[derive(Clone, Debug)]
pub struct Request {
    /// Method, target and version.
    pub line: String,
    /// One header per line, as received.
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Server {
    /// Runs `serve` for every connection on a separate thread, and closes the connection when it returns. A panic in it
    /// fails the test that owns the server.
    pub fn start(serve: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        Self::accept(None, serve)
    }

    /// Like [`Server::start`], with TLS.
    pub fn tls(config: Arc<ServerConfig>, serve: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        Self::accept(Some(config), serve)
    }

    /// Responds to every request on any number of connections.
    pub fn responding(build: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start(move |connection| connection.respond(&build))
    }

    fn accept(tls: Option<Arc<ServerConfig>>, serve: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serve = Arc::new(serve);
        let acceptor = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut threads = Vec::new();
                while let Ok((socket, _)) = listener.accept() {
                    let Some(connection) = Connection::open(socket, tls.as_ref(), &shared) else { break };
                    let serve = Arc::clone(&serve);
                    threads.push(thread::spawn(move || connection.run(&*serve)));
                }
                for thread in threads {
                    thread.join().unwrap();
                }
            })
        };
        Self { address, shared, acceptor: Some(acceptor) }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The base URL with an IP address, for a client that may connect to loopback.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.log().requests.clone()
    }

    /// Connections accepted so far.
    pub fn opened(&self) -> usize {
        self.shared.log().opened
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.shared.log().open.len()
    }

    /// The largest number of connections that were open at once.
    pub fn most_open(&self) -> usize {
        self.shared.log().most_open
    }

    /// Waits until the clients have closed all connections.
    pub fn wait_until_closed(&self) {
        self.wait_until("all connections are closed", |log| log.open.is_empty());
    }

    /// Waits until this many requests have arrived.
    pub fn wait_for_requests(&self, count: usize) {
        self.wait_until("the requests are here", |log| log.requests.len() >= count);
    }

    fn wait_until(&self, what: &str, condition: impl Fn(&Log) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut log = self.shared.log();
        while !condition(&log) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never: {what}");
            log = self.shared.changed.wait_timeout(log, left).unwrap().0;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        {
            let mut log = self.shared.log();
            log.stopping = true;
            for socket in log.open.values() {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
        let _ = TcpStream::connect(self.address);
        let joined = self.acceptor.take().map(JoinHandle::join);
        let failures = std::mem::take(&mut self.shared.log().failures);
        if !thread::panicking() {
            assert!(matches!(joined, Some(Ok(()))), "the server's own thread failed");
            assert!(failures.is_empty(), "the server failed: {failures:?}");
        }
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Log)) {
        change(&mut self.log());
        self.changed.notify_all();
    }
}

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

pub struct Connection {
    /// 0 for the first accepted connection.
    pub number: usize,
    stream: Box<dyn Stream>,
    socket: TcpStream,
    unread: Vec<u8>,
    shared: Arc<Shared>,
}

impl Connection {
    fn open(socket: TcpStream, tls: Option<&Arc<ServerConfig>>, shared: &Arc<Shared>) -> Option<Self> {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        let mut log = shared.log();
        if log.stopping {
            return None;
        }
        let number = log.opened;
        log.opened += 1;
        log.open.insert(number, socket.try_clone().unwrap());
        log.most_open = log.most_open.max(log.open.len());
        let own = socket.try_clone().unwrap();
        let stream: Box<dyn Stream> = match tls {
            Some(config) => Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), socket)),
            None => Box::new(socket),
        };
        Some(Self { number, stream, socket: own, unread: Vec::new(), shared: Arc::clone(shared) })
    }

    fn run(mut self, serve: &(dyn Fn(&mut Self) + Send + Sync)) {
        let result = catch_unwind(AssertUnwindSafe(|| serve(&mut self)));
        let Self { number, stream, socket, shared, .. } = self;
        drop((stream, socket));
        shared.change(|log| {
            // Dropping the last handle closes the socket.
            log.open.remove(&number);
            if let Err(panic) = result {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                log.failures.push(text.unwrap_or_default());
            }
        });
    }

    /// The next request with its whole body; `None` if the client has closed the connection.
    pub fn request(&mut self) -> Option<Request> {
        let request = self.request_head()?;
        self.request_body(request)
    }

    /// The rest of a request whose head has been read.
    pub fn request_body(&mut self, mut request: Request) -> Option<Request> {
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            self.read_more()?;
        }
        request.body = self.unread.drain(..length).collect();
        let copy = request.clone();
        self.shared.change(|log| log.requests.push(copy));
        Some(request)
    }

    /// The next request without its body, most of which may not have arrived.
    pub fn request_head(&mut self) -> Option<Request> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            self.read_more()?;
        };
        let head = String::from_utf8(self.unread.drain(..end + 4).collect()).unwrap();
        let (line, head) = head.split_once("\r\n").unwrap();
        Some(Request { line: line.to_owned(), head: head.to_owned(), body: Vec::new() })
    }

    fn read_more(&mut self) -> Option<()> {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => None,
            Ok(length) => {
                self.unread.extend_from_slice(&buffer[..length]);
                Some(())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("the client neither wrote nor closed")
            }
            // A reset, or TLS without `close_notify`, counts as closed.
            Err(_) => None,
        }
    }

    /// Sends bytes; `false` if the client has closed the connection.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Responds to requests until the client closes the connection.
    pub fn respond(&mut self, build: impl Fn(&Request) -> Vec<u8>) {
        while let Some(request) = self.request() {
            if !self.send(build(&request)) {
                return;
            }
        }
    }

    /// Sends nothing more and waits until the client closes the connection.
    pub fn wait_until_closed(&mut self) {
        while self.read_more().is_some() {}
    }

    /// Signals that nothing more will be sent; the client's data can still be read.
    pub fn finish_sending(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Number of bytes received until the client closes the connection.
    pub fn drain(&mut self) -> usize {
        self.wait_until_closed();
        self.unread.len()
    }

    /// Ends with a reset, which the kernel sends for a socket that is closed with unread input. The client must
    /// therefore have sent more than was read.
    pub fn reset(&mut self) {
        let mut byte = [0];
        while self.socket.peek(&mut byte).unwrap() == 0 {}
    }

    /// Becomes a tunnel to `address` until either side closes it.
    pub fn tunnel(&mut self, address: &str) {
        let target = TcpStream::connect(address).unwrap();
        let (mut up_from, mut up_to) = (self.socket.try_clone().unwrap(), target.try_clone().unwrap());
        let (mut down_from, mut down_to) = (target, self.socket.try_clone().unwrap());
        let up = thread::spawn(move || {
            let _ = io::copy(&mut up_from, &mut up_to);
            let _ = up_to.shutdown(Shutdown::Both);
        });
        let _ = io::copy(&mut down_from, &mut down_to);
        let _ = down_to.shutdown(Shutdown::Both);
        up.join().unwrap();
    }
}

/// An HTTP response with this body.
pub fn response(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}
