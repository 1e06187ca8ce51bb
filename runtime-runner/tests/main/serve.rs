//! Components that handle HTTP requests, asked over real sockets.

use std::time::Duration;

use wkit_fixtures::prebuilt;
use wkit_runtime_runner::{
    Access, Capture, Grants, LimitReached, Limits, Output, RequestFault, RunError, Runner, RunnerConfig,
    ServeError, ServeLimits,
};

use crate::http::{Client, Served, limits, request, served};
use crate::support::{load_wat, probe, runner, tide};

/// Both guests, since both lines of WASI have to behave alike.
fn both(test: impl Fn(&Served)) {
    for guest in [prebuilt::porter(), prebuilt::ferry()] {
        test(&served(&guest));
    }
}

#[test]
fn requests_are_answered() {
    both(|server| {
        let answer = server.get("/");
        assert_eq!((answer.status, answer.text()), (200, "hello\n"));
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        assert_eq!(server.get("/nowhere").status, 404);
        assert!(server.failures().is_empty());
    });
}

#[test]
fn a_guest_sees_the_request_as_it_was_sent() {
    both(|server| {
        let answer =
            server.ask("POST /about?a=b%20c HTTP/1.1\r\nhost: shop.example\r\nx-a: 1\r\nX-A: 2\r\n\r\n");
        let shown = "POST http shop.example /about?a=b%20c\n";
        assert_eq!(answer.status, 404, "the path is not `/about`: {}", answer.text());
        let answer = server.ask("POST /about HTTP/1.1\r\nhost: shop.example\r\nx-a: 1\r\nX-A: 2\r\n\r\n");
        assert_eq!(answer.text(), shown.replace("?a=b%20c", "") + "x-a=1|x-a=2\n");
        let answer = server.ask("GET http://other.example/about HTTP/1.1\r\nhost: shop.example\r\n\r\n");
        assert!(answer.text().starts_with("GET http other.example /about\n"), "{}", answer.text());
    });
}

#[test]
fn a_request_without_a_host_is_bad() {
    both(|server| {
        assert_eq!(server.ask("GET / HTTP/1.1\r\n\r\n").status, 400);
        assert_eq!(server.ask("GET / HTTP/1.1\r\nhost: a b\r\n\r\n").status, 400);
        assert_eq!(server.ask("nonsense\r\n\r\n").status, 400);
        assert_eq!(server.get("/").status, 200);
    });
}

#[test]
fn each_request_has_an_instance_of_its_own() {
    both(|server| {
        let mut client = server.connect();
        for _ in 0..3 {
            client.send(&request("GET", "/count", ""));
            assert_eq!(client.answer().text(), "1\n");
        }
    });
}

#[test]
fn bodies_go_in_and_out() {
    let body: String = (0..300_000).map(|number| format!("{number},")).collect();
    both(|server| {
        assert_eq!(server.ask(&request("POST", "/echo", &body)).text(), body);
        assert_eq!(server.ask(&chunked("/echo", &body, 7000)).text(), body);
        assert_eq!(server.ask(&request("POST", "/length", &body)).text(), format!("{}\n", body.len()));
        assert_eq!(server.ask(&request("POST", "/echo", "")).text(), "");
        assert_eq!(server.get("/chunks").text(), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        // A guest need not read what it is sent.
        assert_eq!(server.ask(&request("POST", "/ignore", "a few words")).text(), "not read\n");
    });
}

#[test]
fn a_head_has_no_body() {
    both(|server| {
        let mut client = server.connect();
        client.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n");
        assert_eq!(client.head(), 200);
        // The next answer follows at once.
        client.send(&request("GET", "/", ""));
        assert_eq!(client.answer().text(), "hello\n");
    });
}

#[test]
fn a_trap_is_an_answer_and_the_server_lives_on() {
    both(|server| {
        let answer = server.get("/trap");
        assert_eq!((answer.status, answer.text()), (500, "internal server error\n"));
        let failure = server.failure();
        let RequestFault::Trapped(report) = &failure.fault else { panic!("{failure:?}") };
        assert!(report.message.contains("unreachable"), "{report}");
        assert!(!report.frames.is_empty());
        assert!(failure.to_string().starts_with("GET /trap: 500: the guest trapped: wasm `unreachable`"));
        assert_eq!(server.get("/").status, 200);
    });
}

#[test]
fn a_guest_that_gives_an_error_code_is_reported() {
    both(|server| {
        assert_eq!(server.get("/error").status, 500);
        let failure = server.failure();
        assert!(
            matches!(&failure.fault, RequestFault::Refused(code) if code.contains("on purpose")),
            "{failure}"
        );
    });
}

#[test]
fn a_guest_that_does_not_answer_is_reported() {
    let server = served(&prebuilt::porter());
    assert_eq!(server.get("/silent").status, 500);
    assert!(matches!(server.failure().fault, RequestFault::NoAnswer));
    assert_eq!(server.get("/exit").status, 500);
    // WASI 0.2 has no codes, so that everything but 0 is 1.
    assert!(matches!(server.failure().fault, RequestFault::Exited(1)));
}

#[test]
fn a_trap_after_the_answer_is_reported_and_leaves_the_answer_whole() {
    both(|server| {
        let answer = server.get("/late");
        assert_eq!((answer.status, answer.text()), (200, "answered\n"));
        let failure = server.failure();
        assert_eq!(failure.status, None);
        assert!(matches!(failure.fault, RequestFault::Trapped(_)), "{failure}");
    });
}

#[test]
fn time_runs_out() {
    let limits = limits(|limits| limits.request.wall_time_max = Some(Duration::from_millis(100)));
    for guest in [prebuilt::porter(), prebuilt::ferry()] {
        let server = Served::start(&guest, Grants::default(), limits);
        for path in ["/spin", "/sleep"] {
            assert_eq!(server.get(path).status, 504, "{path}");
            let failure = server.failure();
            assert!(
                matches!(failure.fault, RequestFault::Stopped(LimitReached::WallTime { wall_time_max })
                    if wall_time_max == Duration::from_millis(100)),
                "{failure}"
            );
        }
        // It has answered and written a part of the body, and the client can tell that this is not all.
        let mut client = server.connect();
        client.send(&request("GET", "/stall", ""));
        assert_eq!(client.head(), 200);
        assert_eq!(client.rest(), "6\r\nbegun\n\r\n");
        assert_eq!(server.failure().status, None);
        assert_eq!(server.get("/").status, 200);
    }
}

#[test]
fn guests_that_compute_let_others_run() {
    let limits = limits(|limits| limits.request.wall_time_max = None);
    for guest in [prebuilt::porter(), prebuilt::ferry()] {
        let server = Served::start(&guest, Grants::default(), limits);
        // More than the runtime has threads, and none of them ever ends.
        let spinning: Vec<Client> = (0..8)
            .map(|_| {
                let mut client = server.connect();
                client.send(&request("GET", "/stall", ""));
                assert_eq!(client.head(), 200);
                client
            })
            .collect();
        assert_eq!(server.get("/").text(), "hello\n");
        drop(spinning);
        assert!(matches!(server.stop(), Err(ServeError::CutOff { requests: 8, .. })));
    }
}

#[test]
fn memory_is_limited_for_each_request() {
    let limits = limits(|limits| limits.request.memory_bytes_max = 8 << 20);
    for guest in [prebuilt::porter(), prebuilt::ferry()] {
        let server = Served::start(&guest, Grants::default(), limits);
        assert_eq!(server.get("/grow/1000000").text(), "grown\n");
        assert_eq!(server.get("/grow/8388608").text(), "no memory\n");
        let limits =
            ServeLimits { request: Limits { memory_bytes_max: 1 << 16, ..limits.request }, ..limits };
        let server = Served::start(&guest, Grants::default(), limits);
        assert_eq!(server.get("/").status, 500);
        let failure = server.failure();
        assert!(
            matches!(failure.fault, RequestFault::Run(RunError::LimitReached(LimitReached::Memory { .. }))),
            "{failure}"
        );
    }
}

#[test]
fn no_outgoing_request_leaves_the_process() {
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    outside.set_nonblocking(true).unwrap();
    both(|server| {
        let answer = server.get(&format!("/fetch/{}", outside.local_addr().unwrap()));
        assert_eq!(answer.text(), "refused: ErrorCode::HttpRequestDenied\n");
        assert_eq!(outside.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        // Nor is a name looked up, which could fail in another way.
        assert_eq!(
            server.get("/fetch/no-such-host.invalid").text(),
            "refused: ErrorCode::HttpRequestDenied\n"
        );
    });
}

#[test]
fn nothing_is_granted_unless_it_is_said() {
    both(|server| assert_eq!(server.get("/env").text(), "\n"));
    assert_eq!(served(&prebuilt::porter()).get("/files").text(), "none\n");

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), "").unwrap();
    let stdout = Capture::new(1 << 10);
    let grants = Grants::new()
        .env("SHOP", "open")
        .preopen(folder.path(), "/data", Access::ReadOnly)
        .stdout(Output::Capture(stdout.clone()));
    let server = Served::start(&prebuilt::porter(), grants, ServeLimits::default());
    assert_eq!(server.get("/env").text(), "SHOP=open\n");
    assert_eq!(server.get("/files").text(), "a written=false\n");
    assert_eq!(server.get("/print").text(), "printed\n");
    assert_eq!(stdout.contents(), "printed\n");
}

#[test]
fn a_body_has_a_limit() {
    let limits = limits(|limits| limits.body_bytes_max = 10_000);
    let (at_it, past_it) = ("a".repeat(10_000), "a".repeat(10_001));
    for guest in [prebuilt::porter(), prebuilt::ferry()] {
        let server = Served::start(&guest, Grants::default(), limits);
        assert_eq!(server.ask(&request("POST", "/length", &at_it)).text(), "10000\n");
        assert_eq!(server.ask(&chunked("/length", &at_it, 3000)).text(), "10000\n");
        assert_eq!(server.ask(&request("POST", "/length", &past_it)).status, 413);
        assert_eq!(server.ask(&chunked("/length", &past_it, 3000)).status, 413);
        // A body that is not read is not counted.
        assert_eq!(server.ask(&chunked("/ignore", &past_it, 3000)).status, 200);
        assert!(server.failures().is_empty());
    }
}

#[test]
fn a_head_has_a_limit() {
    let limits = limits(|limits| limits.head_bytes_max = 2000);
    let server = Served::start(&prebuilt::porter(), Grants::default(), limits);
    let head = |bytes: usize| {
        let begin = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-long: ";
        format!("{begin}{}\r\n\r\n", "a".repeat(bytes - begin.len() - 4))
    };
    assert_eq!(server.ask(&head(2000)).status, 200);
    assert_eq!(server.ask(&head(2001)).status, 431);
    let headers = |count: usize| {
        let more: String = (2..count).map(|number| format!("x-{number}: 1\r\n")).collect();
        format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n")
    };
    let server = served(&prebuilt::porter());
    assert_eq!(server.ask(&headers(100)).status, 200);
    assert_eq!(server.ask(&headers(101)).status, 431);
}

#[test]
fn a_client_that_is_too_slow_is_closed() {
    let limits = limits(|limits| limits.head_time_max = Duration::from_millis(50));
    let server = Served::start(&prebuilt::porter(), Grants::default(), limits);
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nhost: ");
    assert!(!client.rest().contains("200"));
}

#[test]
fn requests_wait_for_a_place() {
    let one = limits(|limits| {
        limits.requests_max = 1;
        limits.waiting_time_max = Duration::from_secs(60);
    });
    let server = Served::start(&prebuilt::ferry(), Grants::default(), one);
    let clients: Vec<Client> = (0..3)
        .map(|_| {
            let mut client = server.connect();
            client.send(&request("GET", "/nap", ""));
            client
        })
        .collect();
    for mut client in clients {
        assert_eq!(client.answer().text(), "rested\n");
    }
}

#[test]
fn requests_do_not_wait_for_ever() {
    let limits = limits(|limits| {
        limits.requests_max = 2;
        limits.waiting_time_max = Duration::from_millis(50);
        limits.request.wall_time_max = None;
    });
    let server = Served::start(&prebuilt::porter(), Grants::default(), limits);
    let stalled: Vec<Client> = (0..2)
        .map(|_| {
            let mut client = server.connect();
            client.send(&request("GET", "/stall", ""));
            assert_eq!(client.head(), 200);
            client
        })
        .collect();
    let answer = server.get("/");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert!(matches!(server.failure().fault, RequestFault::Busy { requests_max: 2, .. }));
    drop(stalled);
}

#[test]
fn connections_have_a_limit() {
    let limits = limits(|limits| limits.connections_max = 1);
    let server = Served::start(&prebuilt::porter(), Grants::default(), limits);
    let mut first = server.connect();
    first.send(&request("GET", "/", ""));
    assert_eq!(first.answer().status, 200);
    let mut second = server.connect();
    second.send(&request("GET", "/", ""));
    assert!(second.is_silent_for(Duration::from_millis(200)), "there is room for one connection only");
    drop(first);
    assert_eq!(second.answer().text(), "hello\n");
}

#[test]
fn a_guest_whose_client_went_away_is_ended() {
    let limits = limits(|limits| {
        limits.requests_max = 1;
        limits.waiting_time_max = Duration::from_secs(60);
        limits.request.wall_time_max = None;
    });
    for path in ["/sleep", "/spin"] {
        let server = Served::start(&prebuilt::porter(), Grants::default(), limits);
        let mut gone = server.connect();
        gone.send(&request("GET", path, ""));
        // Long enough that it has most likely begun; if not, the test only proves less.
        assert!(gone.is_silent_for(Duration::from_millis(100)));
        drop(gone);
        assert_eq!(server.get("/").text(), "hello\n");
    }
}

#[test]
fn a_server_that_is_stopped_finishes_what_it_began() {
    both(|server| {
        let mut begun = server.connect();
        begun.send(&request("GET", "/chunks", ""));
        assert_eq!(begun.head(), 200);
        let idle = server.connect();
        server.stop().unwrap();
        assert!(begun.rest().ends_with("9\n\r\n0\r\n\r\n"));
        assert!(std::net::TcpStream::connect(server.address).is_err());
        drop(idle);
    });
}

#[test]
fn a_server_that_is_stopped_does_not_wait_for_ever() {
    let limits = limits(|limits| {
        limits.request.wall_time_max = None;
        limits.stop_time_max = Duration::from_millis(100);
    });
    for guest in [prebuilt::porter(), prebuilt::ferry()] {
        let server = Served::start(&guest, Grants::default(), limits);
        let mut begun = server.connect();
        begun.send(&request("GET", "/stall", ""));
        assert_eq!(begun.head(), 200);
        let error = server.stop().unwrap_err();
        assert_eq!(error.to_string(), "1 requests were cut off after 100 ms");
        assert!(!begun.rest().ends_with("0\r\n\r\n"), "the body is not whole");
    }
}

#[test]
fn other_versions_of_the_same_line_are_served() {
    let replaced = |from: &str, to: &str| {
        let mut bytes = prebuilt::porter();
        let places: Vec<usize> =
            (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        bytes
    };
    for version in ["@0.2.10", "@0.2.99"] {
        assert_eq!(served(&replaced("@0.2.12", version)).get("/").text(), "hello\n", "{version}");
    }
}

#[tokio::test]
async fn what_handles_no_requests_is_not_served() {
    let listener = async || tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let serve = async |program: &wkit_runtime_runner::Program, grants| {
        program
            .serve(listener().await, grants, ServeLimits::default(), |_| {}, std::future::pending())
            .await
            .unwrap_err()
    };
    let error = serve(probe(), Grants::default()).await;
    assert_eq!(
        error.to_string(),
        "the component does not handle HTTP requests: it exports neither `wasi:http/incoming-handler` in a version \
         0.2 nor `wasi:http/handler` in a version 0.3; it exports `wasi:cli/run@0.2.9`"
            .replace("0.2.9", version_of_run(&error))
    );
    assert_eq!(error.hint().as_deref(), Some("it is a command; run it with `wkit run`"));
    assert!(!probe().is_handler());
    let error = serve(tide(), Grants::default()).await;
    assert!(matches!(&error, ServeError::NotAHandler { exports, .. } if exports.len() == 2), "{error}");
    let nothing = load_wat("(component)");
    assert!(serve(&nothing, Grants::default()).await.to_string().ends_with(", and nothing else"));

    let porter = runner().load(&prebuilt::porter()).unwrap();
    assert!(porter.is_handler());
    let error = serve(&porter, Grants::default()).await;
    assert!(matches!(error, ServeError::Run(RunError::DeadlinesOff)), "{error}");
    let missing = Grants::new().preopen("no/such/folder", "/data", Access::ReadOnly);
    let error = serve(&porter, missing).await;
    assert!(matches!(error, ServeError::Run(RunError::Grant(_))), "{error}");

    let wrong = load_wat(
        r#"(component
            (core module $module (func (export "f")))
            (core instance $instance (instantiate $module))
            (func $handle (canon lift (core func $instance "f")))
            (instance $handler (export "handle" (func $handle)))
            (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))"#,
    );
    let error = serve(&wrong, Grants::default()).await;
    assert!(matches!(error, ServeError::HandlerMismatch { .. }), "{error}");
}

fn version_of_run(error: &ServeError) -> &str {
    match error {
        ServeError::NotAHandler { exports, .. } => exports[0].rsplit('@').next().unwrap(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_server_without_a_clock_serves_too() {
    let runner = Runner::new(&RunnerConfig::default()).unwrap();
    let limits = limits(|limits| limits.request.wall_time_max = None);
    let program = runner.load(&prebuilt::porter()).unwrap();
    let server = Served::start_program(program, Grants::default(), limits);
    assert_eq!(server.get("/").text(), "hello\n");
}

fn chunked(path: &str, body: &str, chunk_bytes: usize) -> String {
    let mut text =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n");
    for chunk in body.as_bytes().chunks(chunk_bytes) {
        text += &format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap());
    }
    text + "0\r\n\r\n"
}
