//! Keeps a person's environments out of an installation, and lets their network settings in.

use std::process::Command;

/// Variables that would make Python or Node.js run with other code, or install elsewhere.
const REMOVED: [&str; 6] =
    ["VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONUSERBASE", "__PYVENV_LAUNCHER__", "NODE_OPTIONS", "NODE_PATH"];

/// What pip is told about where packages are and how they are reached, after `PIP_`.
const PIP_KEPT: [&str; 14] = [
    "CACHE_DIR",
    "CERT",
    "CLIENT_CERT",
    "CONFIG_FILE",
    "DEFAULT_TIMEOUT",
    "EXTRA_INDEX_URL",
    "FIND_LINKS",
    "INDEX_URL",
    "KEYRING_PROVIDER",
    "NO_CACHE_DIR",
    "NO_INDEX",
    "PROXY",
    "RETRIES",
    "TIMEOUT",
];

/// The same for npm, after `npm_config_`, with `_` for `-`.
const NPM_KEPT: [&str; 15] = [
    "ca",
    "cache",
    "cafile",
    "cert",
    "globalconfig",
    "http_proxy",
    "https_proxy",
    "key",
    "maxsockets",
    "noproxy",
    "offline",
    "prefer_offline",
    "proxy",
    "registry",
    "userconfig",
];

/// Removes from `command` what belongs to the environments of whoever runs wkit.
pub(super) fn isolate(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_removed) {
            command.env_remove(name);
        }
    }
}

fn is_removed(name: &str) -> bool {
    if let Some(setting) = name.strip_prefix("PIP_") {
        return !(PIP_KEPT.contains(&setting) || setting == "TRUSTED_HOST");
    }
    // npm reads these in any case. Credentials, and registries of single scopes, have an address or a scope in front.
    if let Some(setting) = name.to_ascii_lowercase().strip_prefix("npm_config_") {
        let setting = setting.replace('-', "_");
        let network =
            setting.starts_with("fetch_") || setting == "strict_ssl" || NPM_KEPT.contains(&&*setting);
        return !(network || setting.starts_with("//") || setting.starts_with('@'));
    }
    REMOVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_removed_and_networks_kept() {
        for name in [
            "VIRTUAL_ENV",
            "PIP_TARGET",
            "PIP_PREFIX",
            "PIP_USER",
            "PIP_REQUIRE_VIRTUALENV",
            "PIP_NO_DEPS",
            "PIP_NO_BINARY",
            "npm_config_prefix",
            "NPM_CONFIG_PREFIX",
            "npm_config_global",
            "npm_config_omit",
            "npm_config_dry_run",
            "NODE_OPTIONS",
        ] {
            assert!(is_removed(name), "{name}");
        }
        for name in [
            "PIP_INDEX_URL",
            "PIP_TRUSTED_HOST",
            "PIP_CONFIG_FILE",
            "npm_config_registry",
            "NPM_CONFIG_REGISTRY",
            "npm_config_@acme:registry",
            "npm_config_//registry.example/:_authToken",
            "npm_config_strict_ssl",
            "npm_config_strict-ssl",
            "npm_config_fetch_retries",
            "npm_config_userconfig",
            "HTTPS_PROXY",
            "https_proxy",
            "NO_PROXY",
            "SSL_CERT_FILE",
            "NODE_EXTRA_CA_CERTS",
            "HOME",
            "PATH",
        ] {
            assert!(!is_removed(name), "{name}");
        }
    }
}
