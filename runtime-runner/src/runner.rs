//! The engine and what all programs on it share.

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::{Component, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, WasmBacktraceDetails};

use crate::limits::COMPONENT_BYTES_MAX;
use crate::load::{LoadError, check_preamble, diagnose};
use crate::program::Program;
use crate::state::State;

/// How a [`Runner`] is set up.
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// Where compiled code is kept from one process to the next. Default: nowhere, everything is compiled anew.
    ///
    /// The folder is made if it is missing. Code from it is run as it is, so it must be a place that only its user
    /// can write to.
    pub cache_folder: Option<PathBuf>,
    /// Whether runs may have a [`Limits::wall_time_max`](crate::Limits::wall_time_max), which
    /// [`Program::serve`](crate::Program::serve) has by default. Default: no, since it slows compiled code down.
    pub deadlines: bool,
    /// Whether a trap's frames name files and lines, for components that carry debugging information. Default: no,
    /// since reading it takes time.
    pub backtrace_details: bool,
    /// The largest component that is loaded, in bytes. Default: [`COMPONENT_BYTES_MAX`].
    pub component_bytes_max: usize,
}

impl Default for RunnerConfig {
    fn default() -> Self {
        Self {
            cache_folder: None,
            deadlines: false,
            backtrace_details: false,
            component_bytes_max: COMPONENT_BYTES_MAX,
        }
    }
}

/// A runner that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The folder for compiled code cannot be used.
    #[error("cannot keep compiled code in `{}`: {message}", .folder.display())]
    CacheFolder {
        /// The folder as it was given.
        folder: PathBuf,
        /// What stood in the way.
        message: String,
    },
    /// The engine does not start on this machine.
    #[error("the WebAssembly engine does not start: {message}")]
    Engine {
        /// What the engine said.
        message: String,
    },
}

/// Compiles components and runs them. Programs share the runner's engine; clones share it too.
#[derive(Clone)]
pub struct Runner {
    engine: Engine,
    linker: Arc<Linker<State>>,
    deadlines: bool,
    component_bytes_max: usize,
}

impl Runner {
    /// Sets up an engine with WASI 0.2 and 0.3.
    pub fn new(config: &RunnerConfig) -> Result<Self, RunnerError> {
        let engine_error = |error: wasmtime::Error| RunnerError::Engine { message: format!("{error:#}") };
        let engine = Engine::new(&engine_config(config)?).map_err(engine_error)?;
        let linker = wasi_linker(&engine).map_err(engine_error)?;
        Ok(Self {
            engine,
            linker: Arc::new(linker),
            deadlines: config.deadlines,
            component_bytes_max: config.component_bytes_max,
        })
    }

    /// Compiles a component, or finds its compiled code in the cache. This keeps the thread busy: an async program
    /// that has other things to do calls it where blocking is allowed.
    pub fn load(&self, bytes: &[u8]) -> Result<Program, LoadError> {
        check_preamble(bytes, self.component_bytes_max)?;
        let component = Component::from_binary(&self.engine, bytes)
            .map_err(|error| diagnose(bytes, format!("{:#}", error)))?;
        Ok(Program::new(component, &self.linker, self.deadlines))
    }
}

/// Everything that WASI offers, in both versions. What a run may do with it is up to its grants.
pub(crate) fn wasi_linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    Ok(linker)
}

fn engine_config(config: &RunnerConfig) -> Result<Config, RunnerError> {
    let mut engine = Config::new();
    engine
        // Pooling pays off for many short runs and costs milliseconds and address space for one.
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .wasm_component_model_map(true)
        .wasm_component_model_implements(true)
        // Shared memories are not counted by the limits, and no component can use one today.
        .shared_memory(false)
        .epoch_interruption(config.deadlines)
        // Said outright in both cases: the default asks the environment.
        .wasm_backtrace_details(if config.backtrace_details {
            WasmBacktraceDetails::Enable
        } else {
            WasmBacktraceDetails::Disable
        });
    if let Some(folder) = &config.cache_folder {
        let unusable = |message: String| RunnerError::CacheFolder { folder: folder.clone(), message };
        let mut cache = CacheConfig::new();
        cache.with_directory(std::path::absolute(folder).map_err(|error| unusable(error.to_string()))?);
        engine.cache(Some(Cache::new(cache).map_err(|error| unusable(format!("{error:#}")))?));
    }
    Ok(engine)
}
