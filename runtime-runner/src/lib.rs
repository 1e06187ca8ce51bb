//! Runs one component under explicit grants and limits on wasmtime.
//!
//! A guest gets what it is granted and nothing else: see [`grants`] for what is closed by default. A [`Runner`] holds
//! the engine, a [`Program`] is a compiled component, and each run of it is a fresh instance.
//!
//! # A plugin host
//!
//! ```no_run
//! use wkit_runtime_runner::{Access, Capture, Grants, Limits, Outcome, Output, Runner, RunnerConfig};
//!
//! # async fn host() -> Result<(), Box<dyn std::error::Error>> {
//! let runner = Runner::new(&RunnerConfig { cache_folder: Some("cache".into()), ..RunnerConfig::default() })?;
//!
//! // A library: call one of its functions. The arguments and the result are text in WAVE.
//! let calculator = runner.load(&std::fs::read("calculator.wasm")?)?;
//! for function in calculator.exports() {
//!     println!("{function}");
//! }
//! let sum = calculator.invoke("add(1, 2)", Grants::default(), Limits::default()).await?;
//! assert_eq!(sum, ["3"]);
//!
//! // A command: run it with arguments and one folder to read, and keep what it prints.
//! let convert = runner.load(&std::fs::read("convert.wasm")?)?;
//! let stdout = Capture::new(1 << 20);
//! let grants = Grants::new()
//!     .arguments(["convert", "/in/photo.png"])
//!     .preopen("pictures", "/in", Access::ReadOnly)
//!     .stdout(Output::Capture(stdout.clone()));
//! match convert.run(grants, Limits { memory_bytes_max: 64 << 20, ..Limits::default() }).await? {
//!     Outcome::Exited(0) => println!("{}", String::from_utf8_lossy(&stdout.contents())),
//!     Outcome::Exited(code) => eprintln!("the plugin gave up with code {code}"),
//!     Outcome::Trapped(report) => eprintln!("the plugin failed: {report}"),
//!     Outcome::Stopped(limit) => eprintln!("{limit}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # A server
//!
//! A component that exports `wasi:http/incoming-handler` (WASI 0.2) or `wasi:http/handler` (WASI 0.3) is served with
//! [`Program::serve`]; each request gets an instance of its own.
//!
//! ```no_run
//! use wkit_runtime_runner::{Grants, Runner, RunnerConfig, ServeLimits};
//!
//! # async fn host() -> Result<(), Box<dyn std::error::Error>> {
//! let runner = Runner::new(&RunnerConfig { deadlines: true, ..RunnerConfig::default() })?;
//! let program = runner.load(&std::fs::read("shop.wasm")?)?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! let report = |failure| eprintln!("{failure}");
//! let interrupted = async { drop(tokio::signal::ctrl_c().await) };
//! program.serve(listener, Grants::default(), ServeLimits::default(), report, interrupted).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The functions are `async` and run on the caller's tokio runtime; [`Program::run_blocking`] and
//! [`Program::invoke_blocking`] are for callers without one.

mod call;
mod capture;
mod deadline;
mod exports;
pub mod grants;
mod imports;
pub mod limits;
mod load;
mod outcome;
mod outgoing;
mod program;
mod runner;
mod serve;
mod signature;
mod state;

pub use call::{ArgumentError, CallError};
pub use capture::Capture;
pub use exports::ExportedFunction;
pub use grants::{Access, GrantError, Grants, Input, Output};
pub use imports::{MissingImport, MissingImports};
pub use limits::{LimitReached, Limits, ServeLimits};
pub use load::LoadError;
pub use outcome::{Frame, Outcome, SourcePlace, TrapReport};
pub use program::{InvokeError, Program, RunError};
pub use runner::{Runner, RunnerConfig, RunnerError};
pub use serve::{RequestFailure, RequestFault, ServeError};
pub use signature::Signature;
