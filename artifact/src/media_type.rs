//! Media types: the strings that say what the bytes of a blob or a manifest are.

/// A Wasm binary, component or core module (registered with IANA; the layer of a Wasm OCI artifact).
pub const WASM: &str = "application/wasm";
/// The config of a Wasm OCI artifact (CNCF TAG Runtime, "Wasm OCI Artifact layout").
pub const WASM_CONFIG_V0: &str = "application/vnd.wasm.config.v0+json";
/// The layer type from before the CNCF layout; read, never written.
pub const WASM_LAYER_LEGACY: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// The config type from before the CNCF layout; read, never written.
pub const WASM_CONFIG_LEGACY: &str = "application/vnd.wasm.config.v1+json";

/// An OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The empty JSON object `{}`, which stands where a config or a layer is demanded and there is none.
pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// The config of a container image.
pub const OCI_IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A Docker manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A Docker manifest list.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// Whether `media_type` is that of a manifest of one artifact. Parameters after `;` and case do not count.
pub fn is_manifest(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence.eq_ignore_ascii_case(OCI_MANIFEST) || essence.eq_ignore_ascii_case(DOCKER_MANIFEST)
}

/// Whether `media_type` is that of an index of manifests. Parameters after `;` and case do not count.
pub fn is_index(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence.eq_ignore_ascii_case(OCI_INDEX) || essence.eq_ignore_ascii_case(DOCKER_INDEX)
}

/// The media type without its parameters: `application/wasm` of `application/wasm; charset=x`.
pub fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        assert!(is_manifest(OCI_MANIFEST) && is_manifest(DOCKER_MANIFEST) && !is_manifest(OCI_INDEX));
        assert!(is_index(OCI_INDEX) && is_index(DOCKER_INDEX) && !is_index(WASM));
        assert!(is_manifest("Application/vnd.oci.image.manifest.v1+json; charset=utf-8"));
        assert_eq!(essence(" application/wasm ;x=y"), "application/wasm");
    }
}
