//! A loaded component, and running it.

use std::future::Future;
use std::sync::Arc;

use wasmtime::component::{Component, Func, InstancePre, Linker, Val};
use wasmtime::{Store, Trap};

use crate::call::{Call, CallError, text};
use crate::deadline::Deadline;
use crate::exports::{Export, ExportedFunction, Exports};
use crate::imports::MissingImports;
use crate::limits::Meter;
use crate::outcome::Failure;
use crate::state::State;
use crate::{GrantError, Grants, LimitReached, Limits, Outcome, TrapReport};

/// A compiled component, ready to run any number of times, at the same time too: each run is an instance of its own
/// that shares nothing with the others. Clones are cheap.
#[derive(Clone)]
pub struct Program {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    linked: Result<InstancePre<State>, LinkError>,
    pub(crate) exports: Exports,
    pub(crate) engine: wasmtime::Engine,
    pub(crate) deadlines: bool,
}

#[derive(Clone)]
enum LinkError {
    Missing(MissingImports),
    Mismatch(String),
}

/// A run that did not get as far as an [`Outcome`].
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The component is no command.
    #[error("the component is not a command: it does not export `wasi:cli/run` in a version 0.2 or 0.3{}", instead(.found))]
    NotACommand {
        /// The versions of `wasi:cli/run` that it exports instead.
        found: Vec<String>,
        /// Whether there are other functions, which `invoke` could call.
        has_functions: bool,
    },
    /// The host does not provide something that the component imports.
    #[error(transparent)]
    MissingImports(MissingImports),
    /// The host provides everything that the component imports, but something with another type.
    #[error("the component imports something that this host provides with another type: {message}")]
    ImportMismatch {
        /// What does not fit, in the engine's words.
        message: String,
    },
    /// Something that was granted cannot be given.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// A time limit on a runner that was set up without.
    #[error("expected a runner with deadlines for a limit on the time, found one without")]
    DeadlinesOff,
    /// The component needs more than its limits at the very start.
    #[error("the component cannot be instantiated: {0}")]
    LimitReached(LimitReached),
    /// The host is out of something that the run needs.
    #[error("the component cannot be instantiated: {message}")]
    Instantiate {
        /// What the engine said.
        message: String,
    },
    /// The host cannot start a thread or an event loop for the run.
    #[error("the host cannot set up the run: {source}")]
    Host {
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// A call that gave no result.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The text is no call of one of the component's functions.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The component cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The guest trapped.
    #[error("the guest trapped: {0}")]
    Trapped(TrapReport),
    /// The guest asked to stop in place of returning.
    #[error("the guest exited with code {0} in place of returning")]
    Exited(u8),
    /// The host ended the guest.
    #[error(transparent)]
    Stopped(LimitReached),
}

impl RunError {
    /// Why there is no instance.
    pub(crate) fn cannot_instantiate(
        error: &wasmtime::Error,
        denied: Option<LimitReached>,
        limits: Limits,
    ) -> Self {
        if let Some(limit) = denied {
            return Self::LimitReached(limit);
        }
        let message = format!("{error:#}");
        // The engine counts instances itself and has no error type for it.
        if message.contains("instance count too high") {
            return Self::LimitReached(LimitReached::Instances { instances_max: limits.instances_max });
        }
        Self::Instantiate { message }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotACommand { has_functions: true, .. } => {
                Some("it exports functions; call one of them by its name".to_owned())
            }
            Self::MissingImports(missing) => Some(missing.hint()),
            Self::Grant(GrantError::Folder { .. }) => {
                Some("make the folder first, or grant another".to_owned())
            }
            Self::LimitReached(_) => Some("grant the component more with a higher limit".to_owned()),
            _ => None,
        }
    }
}

impl InvokeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Call(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Trapped(_) | Self::Exited(_) | Self::Stopped(_) => None,
        }
    }
}

impl Program {
    pub(crate) fn new(component: Component, linker: &Linker<State>, deadlines: bool) -> Self {
        let exports = Exports::of(&component);
        let engine = component.engine().clone();
        let linked = linker.instantiate_pre(&component).map_err(|error| {
            MissingImports::find(&component, linker)
                .map_or_else(|| LinkError::Mismatch(format!("{error:#}")), LinkError::Missing)
        });
        Self { shared: Arc::new(Shared { linked, exports, engine, deadlines }) }
    }

    /// Every function that the component exports, by itself or in an interface, in the component's order.
    pub fn exports(&self) -> impl Iterator<Item = &ExportedFunction> {
        self.shared.exports.functions()
    }

    /// Whether [`Program::run`] has something to run: an export `wasi:cli/run` of version 0.2 or 0.3.
    pub fn is_command(&self) -> bool {
        self.shared.exports.command().is_some()
    }

    /// What the component imports and this host does not provide; nothing when it can run.
    pub fn missing_imports(&self) -> Option<&MissingImports> {
        match &self.shared.linked {
            Err(LinkError::Missing(missing)) => Some(missing),
            Ok(_) | Err(LinkError::Mismatch(_)) => None,
        }
    }

    /// Runs the component as a command, in a tokio runtime of the caller's, until it returns, exits, traps or is
    /// stopped. A guest that computes keeps its thread busy; dropping the future ends the guest where it next waits.
    pub async fn run(&self, grants: Grants, limits: Limits) -> Result<Outcome, RunError> {
        let exports = &self.shared.exports;
        let command = exports.command().ok_or_else(|| RunError::NotACommand {
            found: exports.command_interfaces(),
            has_functions: exports.functions().next().is_some(),
        })?;
        let mut session = Session::start(&self.shared, &grants, limits)?;
        let ended = session
            .drive(async |store, linked| {
                let instance = linked.instantiate_async(&mut *store).await.map_err(Ended::Instantiating)?;
                let run = instance.get_func(&mut *store, command.index).ok_or(Ended::NoSuchFunction)?;
                let run = run.typed::<(), (Result<(), ()>,)>(&*store).map_err(Ended::Instantiating)?;
                let (result,) = run.call_async(&mut *store, ()).await.map_err(Ended::Calling)?;
                Ok(result)
            })
            .await;
        match ended {
            Ok(result) => Ok(Outcome::Exited(u8::from(result.is_err()))),
            Err(ended) => Ok(match session.judge(ended)? {
                Verdict::Exited(code) => Outcome::Exited(code),
                Verdict::Trapped(report) => Outcome::Trapped(report),
                Verdict::Stopped(limit) => Outcome::Stopped(limit),
            }),
        }
    }

    /// Calls an exported function, given as text in WAVE, and gives its result as text in WAVE: none or one.
    ///
    /// The function is named by itself, `add(1, 2)`, if only one interface has it, or with its interface,
    /// `tax#rate("de")`, `shop:orders/tax@0.1.0#rate("de")`, or with a `.` in place of the `#`.
    pub async fn invoke(
        &self,
        call: &str,
        grants: Grants,
        limits: Limits,
    ) -> Result<Vec<String>, InvokeError> {
        let Call { export, arguments } = Call::parse(call, &self.shared.exports)?;
        let mut session = Session::start(&self.shared, &grants, limits)?;
        let ended = session
            .drive(async |store, linked| {
                let instance = linked.instantiate_async(&mut *store).await.map_err(Ended::Instantiating)?;
                let function = instance.get_func(&mut *store, export.index).ok_or(Ended::NoSuchFunction)?;
                call_function(store, function, export, &arguments).await.map_err(Ended::Calling)
            })
            .await;
        match ended {
            Ok(results) => Ok(results),
            Err(ended) => Err(match session.judge(ended)? {
                Verdict::Exited(code) => InvokeError::Exited(code),
                Verdict::Trapped(report) => InvokeError::Trapped(report),
                Verdict::Stopped(limit) => InvokeError::Stopped(limit),
            }),
        }
    }

    /// [`Program::run`] for a caller without a tokio runtime; it must not be called from within one.
    pub fn run_blocking(&self, grants: Grants, limits: Limits) -> Result<Outcome, RunError> {
        block_on(self.run(grants, limits))?
    }

    /// [`Program::invoke`] for a caller without a tokio runtime; it must not be called from within one.
    pub fn invoke_blocking(
        &self,
        call: &str,
        grants: Grants,
        limits: Limits,
    ) -> Result<Vec<String>, InvokeError> {
        block_on(self.invoke(call, grants, limits))?
    }
}

impl Shared {
    /// The component with its imports filled.
    pub(crate) fn linked(&self) -> Result<&InstancePre<State>, RunError> {
        self.linked.as_ref().map_err(|error| match error.clone() {
            LinkError::Missing(missing) => RunError::MissingImports(missing),
            LinkError::Mismatch(message) => RunError::ImportMismatch { message },
        })
    }
}

/// One instance and what watches over it.
struct Session<'a> {
    linked: &'a InstancePre<State>,
    store: Store<State>,
    deadline: Option<Deadline>,
    limits: Limits,
}

/// Why driving a session gave no result.
enum Ended {
    Instantiating(wasmtime::Error),
    NoSuchFunction,
    Calling(wasmtime::Error),
    OutOfTime,
}

/// What that means.
enum Verdict {
    Exited(u8),
    Trapped(TrapReport),
    Stopped(LimitReached),
}

impl<'a> Session<'a> {
    fn start(program: &'a Shared, grants: &Grants, limits: Limits) -> Result<Self, RunError> {
        let linked = program.linked()?;
        let mut store = Store::new(&program.engine, State::new(grants.open()?, Meter::new(limits)));
        store.limiter(|state| &mut state.meter);
        let deadline = match limits.wall_time_max {
            Some(_) if !program.deadlines => return Err(RunError::DeadlinesOff),
            Some(after) => {
                Some(Deadline::start(&mut store, after).map_err(|source| RunError::Host { source })?)
            }
            None => {
                if program.deadlines {
                    Deadline::never(&mut store);
                }
                None
            }
        };
        Ok(Self { linked, store, deadline, limits })
    }

    /// Does `work` with the store, until the time is up if there is a limit on it.
    async fn drive<R>(
        &mut self,
        work: impl AsyncFnOnce(&mut Store<State>, &InstancePre<State>) -> Result<R, Ended>,
    ) -> Result<R, Ended> {
        let work = work(&mut self.store, self.linked);
        match &self.deadline {
            None => work.await,
            Some(deadline) => tokio::select! {
                biased;
                () = deadline.expiry() => Err(Ended::OutOfTime),
                ended = work => ended,
            },
        }
    }

    fn judge(&self, ended: Ended) -> Result<Verdict, RunError> {
        let out_of_time =
            self.limits.wall_time_max.filter(|_| self.deadline.as_ref().is_some_and(Deadline::is_expired));
        if let Some(wall_time_max) = out_of_time {
            return Ok(Verdict::Stopped(LimitReached::WallTime { wall_time_max }));
        }
        let denied = self.store.data().meter.denied();
        let error = match ended {
            Ended::Calling(error) => error,
            Ended::Instantiating(error) if error.is::<Trap>() || error.is::<wasmtime_wasi::I32Exit>() => {
                error
            }
            Ended::Instantiating(error) => {
                return Err(RunError::cannot_instantiate(&error, denied, self.limits));
            }
            Ended::NoSuchFunction => {
                return Err(RunError::Instantiate {
                    message: "the exported function is not there".to_owned(),
                });
            }
            Ended::OutOfTime => {
                return Err(RunError::Instantiate {
                    message: "the run was given up without a limit".to_owned(),
                });
            }
        };
        Ok(match Failure::of(&error, denied) {
            Failure::Exited(code) => Verdict::Exited(code),
            Failure::Trapped(report) => Verdict::Trapped(report),
        })
    }
}

async fn call_function(
    store: &mut Store<State>,
    function: Func,
    export: &Export,
    arguments: &[Val],
) -> wasmtime::Result<Vec<String>> {
    let mut results = vec![Val::Bool(false); export.ty.results().len()];
    function.call_async(&mut *store, arguments, &mut results).await?;
    results.iter().map(|value| text(value).map_err(Into::into)).collect()
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| RunError::Host { source })?;
    let done = runtime.block_on(work);
    // A thread that still waits for the host's standard input must not hold the caller up.
    runtime.shutdown_background();
    Ok(done)
}

fn instead(interfaces: &[String]) -> String {
    match interfaces {
        [] => String::new(),
        interfaces => format!(", found `{}`", interfaces.join("`, `")),
    }
}
