//! How a run ended.

use std::fmt;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::LimitReached;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The guest returned or asked to stop, with this exit code. `run` returning `ok` is 0 and returning `err` is 1.
    Exited(u8),
    /// A fault of the guest ended it.
    Trapped(TrapReport),
    /// The host ended it, because a limit was reached that a guest cannot answer.
    Stopped(LimitReached),
}

/// A guest's fault: what happened and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapReport {
    /// What happened, in the engine's words: "wasm `unreachable` instruction executed".
    pub message: String,
    /// The guest's call stack, innermost frame first. Empty when the fault was not in guest code.
    pub frames: Vec<Frame>,
    /// The limit that the guest ran into before it trapped, which is then most likely why it did.
    pub limit: Option<LimitReached>,
}

/// One frame of a guest's call stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The name of the core module, if it has a name section with one.
    pub module: Option<String>,
    /// The name of the function in readable form, if the component kept its names.
    pub function: Option<String>,
    /// The index of the function in its core module, for components without names.
    pub function_index: u32,
    /// Where in the core module the frame is, in bytes from its start.
    pub module_offset_bytes: Option<usize>,
    /// Where in the source the frame is; only with
    /// [`RunnerConfig::backtrace_details`](crate::RunnerConfig::backtrace_details) and debugging information.
    pub source: Option<SourcePlace>,
}

/// A place in a guest's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlace {
    /// The file as the guest's compiler named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The column, counted from 1.
    pub column: Option<u32>,
}

/// What a failed call of the engine was about.
pub(crate) enum Failure {
    Exited(u8),
    Trapped(TrapReport),
}

impl Failure {
    /// Reads what wasmtime gives when guest code does not return.
    pub(crate) fn of(error: &wasmtime::Error, limit: Option<LimitReached>) -> Self {
        if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
            // WASI's exit codes are a `u8`, so the cast loses nothing.
            return Self::Exited((*code & 0xff) as u8);
        }
        let message = match error.downcast_ref::<Trap>() {
            Some(trap) => {
                let message = trap.to_string();
                message.strip_prefix("wasm trap: ").map_or(message.clone(), str::to_owned)
            }
            None => error.root_cause().to_string(),
        };
        let frames = error
            .downcast_ref::<WasmBacktrace>()
            .map(|backtrace| backtrace.frames().iter().map(Frame::of).collect())
            .unwrap_or_default();
        Self::Trapped(TrapReport { message, frames, limit })
    }
}

impl Frame {
    fn of(frame: &wasmtime::FrameInfo) -> Self {
        let source = frame.symbols().first().and_then(|symbol| {
            Some(SourcePlace {
                file: symbol.file()?.to_owned(),
                line: symbol.line(),
                column: symbol.column(),
            })
        });
        Self {
            module: frame.module().name().map(str::to_owned),
            // Other languages' names stand in the name section as they are; Rust's are mangled.
            function: frame.func_name().map(|name| format!("{:#}", rustc_demangle::demangle(name))),
            function_index: frame.func_index(),
            module_offset_bytes: frame.module_offset(),
            source,
        }
    }
}

impl fmt::Display for TrapReport {
    /// The message, the limit if there was one, and a line for each frame.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(limit) = &self.limit {
            write!(f, "\n  after {limit}")?;
        }
        for (position, frame) in self.frames.iter().enumerate() {
            write!(f, "\n  {position}: {frame}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(module) = &self.module {
            write!(f, "{module}!")?;
        }
        match &self.function {
            Some(function) => f.write_str(function)?,
            None => write!(f, "function {}", self.function_index)?,
        }
        if let Some(offset) = self.module_offset_bytes {
            write!(f, " (offset {offset:#x})")?;
        }
        if let Some(SourcePlace { file, line, column }) = &self.source {
            write!(f, " at {file}")?;
            for number in [line, column].into_iter().flatten() {
                write!(f, ":{number}")?;
            }
        }
        Ok(())
    }
}
