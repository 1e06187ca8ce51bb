//! From `wkit.toml`, wkg's configuration and Docker's to a registry client.

use std::sync::Arc;

use clap::Args;
use wkit_artifact::RegistryHost;
use wkit_registry_client::{Client, ClientConfig, DockerConfig, Mapping, WkgConfig};

use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::project::{FILE_NAME, Project};

/// How to speak to registries.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RegistryArgs {
    /// Speak HTTP without TLS to this registry; loopback addresses need no saying; can be repeated
    #[arg(long, value_name = "HOST[:PORT]")]
    plain_http: Vec<RegistryHost>,

    /// Use what was pulled before, and no network
    #[arg(long)]
    offline: bool,
}

impl RegistryArgs {
    /// Whether the cache has to do.
    pub(crate) fn is_offline(&self) -> bool {
        self.offline
    }

    /// The same without the network.
    pub(crate) fn offline(&self) -> Self {
        Self { offline: true, ..self.clone() }
    }
}

/// A client that knows the project's namespaces, if there is a project, and the user's configuration.
pub(crate) fn client(args: &RegistryArgs, context: &Context) -> Result<Client, CommandError> {
    let mut config = ClientConfig::new(context.artifacts_folder());
    config.offline = args.offline;
    config.plain_http.extend(args.plain_http.iter().cloned());
    config.variables = Some(Arc::new(|name: &str| std::env::var(name).ok()));
    if let Some(project) = Project::find_optional(&context.project_start)? {
        let file = project.folder.join(FILE_NAME);
        for (namespace, registry) in &project.registries {
            let mapping = Mapping {
                registry: registry.host.clone(),
                prefix: registry.prefix.clone(),
                plain_http: registry.plain_http.then_some(true),
                source: format!("{}: registries.{namespace}", file.display()),
            };
            config.namespaces.insert(namespace, mapping);
        }
    }
    let refused = |error: wkit_registry_client::ConfigError| {
        let hint = error.hint();
        CommandError::from_error("the registry configuration cannot be used", &error)
            .maybe_hint(hint)
            .into_usage()
    };
    if let Some(bytes) = read_optional(&context.wkg_config_file)? {
        let shown = context.wkg_config_file.display().to_string();
        let text = String::from_utf8(bytes)
            .map_err(|_| CommandError::usage(format!("cannot read `{shown}`: it is not UTF-8 text")))?;
        config.wkg_config = Some(WkgConfig::parse_named(&text, shown).map_err(refused)?);
    }
    if let Some(bytes) = read_optional(&context.docker_config_file)? {
        let shown = context.docker_config_file.display().to_string();
        config.docker_config = Some(DockerConfig::new(bytes, shown).map_err(refused)?);
    }
    Client::new(config).map_err(refused)
}

fn read_optional(path: &std::path::Path) -> Result<Option<Vec<u8>>, CommandError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(io_error("read", path, &error)),
    }
}
