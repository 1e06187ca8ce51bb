//! What the environment gives a command: folders, variables, the terminal. Nothing else in wkit reads them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::error::CommandError;
use crate::ui::Ui;

/// What every command gets.
pub(crate) struct Context {
    /// Where to talk.
    pub(crate) ui: Ui,
    /// Pulled artifacts and compiled code.
    pub(crate) cache_folder: PathBuf,
    /// Guest toolchains, as `wkit toolchain install` lays them out.
    pub(crate) tools_folder: PathBuf,
    /// The file of `wkg`'s configuration, whether or not it exists.
    pub(crate) wkg_config_file: PathBuf,
    /// Docker's `config.json`, whether or not it exists.
    pub(crate) docker_config_file: PathBuf,
    /// The folders that programs are looked for in.
    pub(crate) path: Option<OsString>,
    /// The folder that the command was started in.
    pub(crate) current_folder: PathBuf,
    /// Where the search for `wkit.toml` begins.
    pub(crate) project_start: PathBuf,
}

impl Context {
    /// Reads the environment once.
    pub(crate) fn from_environment(ui: Ui, project: Option<&Path>) -> Result<Self, CommandError> {
        let base = etcetera::choose_base_strategy().map_err(|_| {
            CommandError::failed("no home folder is known")
                .hint("set HOME, or WKIT_CACHE and WKIT_TOOLS to folders that wkit may write")
        })?;
        let folder = |variable: &str, default: &dyn Fn() -> PathBuf| {
            std::env::var_os(variable).filter(|value| !value.is_empty()).map_or_else(default, PathBuf::from)
        };
        let unreadable = |error| CommandError::failed(format!("the current folder cannot be read: {error}"));
        let current_folder = std::env::current_dir().map_err(unreadable)?;
        let project_start = match project {
            Some(project) if project.exists() => std::path::absolute(project).map_err(unreadable)?,
            Some(project) => {
                return Err(CommandError::usage(format!("`{}` does not exist", project.display()))
                    .hint("`--project` takes a folder with a `wkit.toml`, or the file itself"));
            }
            None => current_folder.clone(),
        };
        Ok(Self {
            ui,
            cache_folder: folder("WKIT_CACHE", &|| base.cache_dir().join("wkit")),
            tools_folder: folder("WKIT_TOOLS", &|| base.cache_dir().join("wkit").join("tools")),
            wkg_config_file: folder("WKG_CONFIG_FILE", &|| {
                base.config_dir().join("wasm-pkg").join("config.toml")
            }),
            docker_config_file: folder("DOCKER_CONFIG", &|| base.home_dir().join(".docker"))
                .join("config.json"),
            path: std::env::var_os("PATH"),
            current_folder,
            project_start,
        })
    }

    /// The folder that `--project` names, or the current one.
    pub(crate) fn project_start_folder(&self) -> &Path {
        match self.project_start.is_file() {
            true => self.project_start.parent().unwrap_or(&self.project_start),
            false => &self.project_start,
        }
    }

    /// The folder of compiled code.
    pub(crate) fn compiled_folder(&self) -> PathBuf {
        self.cache_folder.join("compiled")
    }

    /// The folder of the records of compositions.
    pub(crate) fn compositions_folder(&self) -> PathBuf {
        self.cache_folder.join("compositions")
    }

    /// The folder of pulled artifacts.
    pub(crate) fn artifacts_folder(&self) -> PathBuf {
        self.cache_folder.join("artifacts")
    }
}

/// The runtime for commands that wait for the network or for a guest.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::failed(format!("threads cannot be started: {error}")))
}

/// Comes to an end when a person or the system asks the process to stop.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for, and the system ends the process by itself.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
