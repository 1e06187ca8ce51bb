//! A server in this process and a client that is no better than it must be, so that it sees what is on the wire.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;
use wkit_runtime_runner::{Grants, Program, RequestFailure, Runner, RunnerConfig, ServeError, ServeLimits};

static RUNNER: LazyLock<Runner> =
    LazyLock::new(|| Runner::new(&RunnerConfig { deadlines: true, ..RunnerConfig::default() }).unwrap());

/// Each guest is compiled once.
static PROGRAMS: Mutex<BTreeMap<Vec<u8>, Program>> = Mutex::new(BTreeMap::new());

/// The limits of a server with one thing changed.
pub(crate) fn limits(change: impl Fn(&mut ServeLimits)) -> ServeLimits {
    let mut limits = ServeLimits { stop_time_max: Duration::from_secs(2), ..ServeLimits::default() };
    change(&mut limits);
    limits
}

/// A server with nothing granted and the usual limits.
pub(crate) fn served(guest: &[u8]) -> Served {
    Served::start(guest, Grants::default(), ServeLimits::default())
}

/// A component that is served until this is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    failures: Mutex<mpsc::Receiver<RequestFailure>>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    thread: Mutex<Option<std::thread::JoinHandle<Result<(), ServeError>>>>,
}

impl Served {
    pub(crate) fn start(guest: &[u8], grants: Grants, limits: ServeLimits) -> Self {
        let mut programs = PROGRAMS.lock().unwrap();
        let program = programs.entry(guest.to_vec()).or_insert_with(|| RUNNER.load(guest).unwrap()).clone();
        drop(programs);
        Self::start_program(program, grants, limits)
    }

    pub(crate) fn start_program(program: Program, grants: Grants, limits: ServeLimits) -> Self {
        let (report, failures) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let (tell_address, address) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell_address.send(listener.local_addr().unwrap()).unwrap();
                let report = move |failure| {
                    let _ = report.send(failure);
                };
                let stop = async {
                    let _ = stopped.await;
                };
                program.serve(listener, grants, limits, report, stop).await
            })
        });
        Self {
            address: address.recv().unwrap(),
            failures: Mutex::new(failures),
            stop: Mutex::new(Some(stop)),
            thread: Mutex::new(Some(thread)),
        }
    }

    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    /// Sends `text` on a connection of its own and reads the answer.
    pub(crate) fn ask(&self, text: &str) -> Answer {
        let mut client = self.connect();
        client.send(text);
        client.answer()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&request("GET", path, ""))
    }

    /// The next failure that is reported.
    pub(crate) fn failure(&self) -> RequestFailure {
        self.failures.lock().unwrap().recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// All failures that were reported so far.
    pub(crate) fn failures(&self) -> Vec<RequestFailure> {
        self.failures.lock().unwrap().try_iter().collect()
    }

    /// Stops the server and waits for its end.
    pub(crate) fn stop(&self) -> Result<(), ServeError> {
        drop(self.stop.lock().unwrap().take());
        self.thread.lock().unwrap().take().expect("it is stopped once").join().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.lock().unwrap().take());
        if let Some(thread) = self.thread.lock().unwrap().take() {
            let _ = thread.join();
        }
    }
}

/// A request with a body of known length.
pub(crate) fn request(method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// Sends from a thread of its own, so that a server that answers while it reads does not wait for this client, and
    /// one that closes the connection early is no fault of the test.
    pub(crate) fn send(&mut self, text: &str) {
        let mut stream = self.stream.get_ref().try_clone().unwrap();
        let text: Arc<str> = text.into();
        let sending = std::thread::spawn(move || {
            let _ = stream.write_all(text.as_bytes());
        });
        drop(sending);
    }

    /// Reads the status and leaves the headers behind.
    pub(crate) fn head(&mut self) -> u16 {
        self.read_head().0
    }

    /// Everything up to the end of the connection, whether that is closed or reset.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
        String::from_utf8(rest).unwrap()
    }

    /// Whether nothing comes for a while.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.get_ref().set_read_timeout(Some(time)).unwrap();
        let silent = matches!(self.stream.fill_buf(), Err(error)
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
        self.stream.get_ref().set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        silent
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let (status, headers) = self.read_head();
        let header = |name: &str| {
            headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.to_ascii_lowercase())
        };
        let mut body = Vec::new();
        if header("transfer-encoding").as_deref() == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line(), 16).unwrap();
                let mut chunk = vec![0; size];
                self.stream.read_exact(&mut chunk).unwrap();
                body.extend(chunk);
                assert_eq!(self.line(), "");
                if size == 0 {
                    break;
                }
            }
        } else {
            body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
            self.stream.read_exact(&mut body).unwrap();
        }
        Answer { status, headers, body }
    }

    fn read_head(&mut self) -> (u16, Vec<(String, String)>) {
        let start = self.line();
        let status =
            start.split(' ').nth(1).unwrap_or_else(|| panic!("no status in {start:?}")).parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            match line.split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => return (status, headers),
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}
