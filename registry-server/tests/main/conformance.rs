//! The OCI conformance suite against a registry in this process.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::support::InProcess;

#[tokio::test]
async fn the_suite_passes_for_version_1_1() -> Result<()> {
    passes("1.1", |_| ()).await
}

#[tokio::test]
async fn the_suite_passes_for_the_next_version() -> Result<()> {
    passes("dev", |_| ()).await
}

#[cfg(feature = "sled")]
#[tokio::test]
async fn the_suite_passes_with_sled() -> Result<()> {
    passes("1.1", |config| config.metadata = Some(wkit_registry_server::MetadataUrl::Sled(None))).await
}

async fn passes(version: &'static str, change: impl FnOnce(&mut wkit_registry_server::Config)) -> Result<()> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
    let suite = suite(&scripts)?;
    if !suite.is_file() {
        let message = format!("the conformance suite is missing at `{}`", suite.display());
        ensure!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}");
        eprintln!("SKIPPED: {message}; scripts/setup-clients.sh installs it");
        return Ok(());
    }
    let server = InProcess::start_with(change).await?;
    let mut command = Command::new(scripts.join("conformance.sh"));
    command.arg(&server.api.base).env("OCI_VERSION", version);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let text = String::from_utf8_lossy(&output.stdout);
    let counts = text.lines().last().unwrap_or_default();
    eprintln!("conformance {version}: {counts}");
    ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(counts.ends_with(" passed, 0 failed, 0 skipped"), "{counts}");
    // Fewer checks than this would mean that the suite, or the script that counts, has changed.
    let passed: u32 = counts.split(' ').next().unwrap_or_default().parse()?;
    ensure!(passed > 600, "{counts}");
    server.stop().await
}

/// Where `scripts/setup-clients.sh` installs the suite.
fn suite(scripts: &Path) -> Result<PathBuf> {
    let versions = std::fs::read_to_string(scripts.join("versions.env"))?;
    let version = versions.lines().find_map(|line| line.strip_prefix("CONFORMANCE_VERSION="));
    let version = version.context("versions.env names no CONFORMANCE_VERSION")?;
    let from = |name: &str, rest: &str| Some(PathBuf::from(std::env::var_os(name)?).join(rest));
    let tools = from("WKIT_TOOLS", "")
        .or_else(|| from("XDG_CACHE_HOME", "wkit/tools"))
        .or_else(|| from("HOME", ".cache/wkit/tools"))
        .context("there is no home folder")?;
    Ok(tools.join(format!("conformance-{version}/bin/conformance")))
}
