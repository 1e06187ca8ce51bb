//! The limits on what this crate reads and writes. Everything that comes from outside is measured against one of them.

/// The most bytes of a manifest or an index: 4 MiB, the least a registry should accept
/// (OCI distribution specification, "Pushing Manifests").
pub const MANIFEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The most bytes of a Wasm config: 1 MiB.
pub const CONFIG_BYTES_MAX: usize = 1024 * 1024;

/// The most characters of a repository name (OCI distribution specification, "Pulling manifests").
pub const REPOSITORY_NAME_MAX: usize = 255;

/// The most characters of a tag (OCI distribution specification, "Pulling manifests").
pub const TAG_MAX: usize = 128;

/// The most characters of a registry host with its port: a DNS name is at most 253, a port at most 5.
pub const REGISTRY_HOST_MAX: usize = 259;

/// The most characters of a package or interface name with its version or version requirement.
pub const PACKAGE_REFERENCE_MAX: usize = 512;

/// The most characters of `host/repository:tag@digest`; longer texts are refused before they are parsed.
pub const REFERENCE_MAX: usize = 1024;

/// The most characters of a foreign text that an error message repeats.
pub(crate) const SHOWN_MAX: usize = 80;
