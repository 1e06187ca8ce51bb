use super::*;
use crate::unpack::unpack;

const BYTES: &[u8] = b"\0asm\x0d\0\x01\0";

fn pack() -> Pack {
    Pack::component(Digest::sha256(BYTES), BYTES.len() as u64)
        .exports(["demo:greet/hello@0.1.0"])
        .imports(["demo:greet/clockish@0.1.0"])
        .title("greet.wasm")
}

#[test]
fn the_bytes_are_those_of_the_layout() {
    let packed = pack().annotation(annotation::VERSION, "0.1.0").finish().unwrap();
    let layer = Digest::sha256(BYTES);
    assert_eq!(
        String::from_utf8(packed.config.clone()).unwrap(),
        format!(
            r#"{{"created":"1970-01-01T00:00:00Z","author":null,"architecture":"wasm","os":"wasip2","layerDigests":["{layer}"],"component":{{"exports":["demo:greet/hello@0.1.0"],"imports":["demo:greet/clockish@0.1.0"],"target":null}}}}"#
        )
    );
    assert_eq!(
        String::from_utf8(packed.manifest.clone()).unwrap(),
        format!(
            r#"{{"annotations":{{"org.opencontainers.image.version":"0.1.0"}},"config":{{"digest":"{}","mediaType":"application/vnd.wasm.config.v0+json","size":{}}},"layers":[{{"annotations":{{"org.opencontainers.image.title":"greet.wasm"}},"digest":"{layer}","mediaType":"application/wasm","size":8}}],"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}}"#,
            Digest::sha256(&packed.config),
            packed.config.len()
        )
    );
    assert_eq!(packed.manifest_digest, Digest::sha256(&packed.manifest));
}

#[test]
fn packing_is_reproducible_and_the_order_of_annotations_does_not_count() {
    let one = pack().annotation("b", "2").annotation("a", "1").finish().unwrap();
    let two = pack().annotation("a", "1").annotation("b", "2").finish().unwrap();
    assert_eq!(one, two);
    let other = pack().created("2026-11-22T16:51:02.093144946Z").finish().unwrap();
    assert_ne!(other.manifest_digest, pack().finish().unwrap().manifest_digest);
}

#[test]
fn packing_and_unpacking() {
    let packed = pack().finish().unwrap();
    let unpacked = unpack(&packed.manifest).unwrap();
    assert_eq!(unpacked.layer, packed.layer_descriptor);
    assert_eq!(unpacked.config, packed.config_descriptor);
    let config = WasmConfig::parse(&packed.config).unwrap();
    assert_eq!(config.layer_digests, [Digest::sha256(BYTES)]);
}

#[test]
fn a_core_module_has_no_component_section() {
    let packed = Pack::core_module(Digest::sha256(BYTES), 8)
        .exports(["x"])
        .imports(["y"])
        .target("z")
        .finish()
        .unwrap();
    let config = WasmConfig::parse(&packed.config).unwrap();
    assert_eq!((config.os.as_str(), config.component), ("wasip1", None));
}

#[test]
fn nothing_is_not_packed() {
    assert_eq!(Pack::component(Digest::sha256(b""), 0).finish(), Err(PackError::Empty));
}

#[test]
fn instants() {
    for valid in [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.1Z",
        "2026-01-31T23:59:60.123456789+02:00",
        "2026-01-31t12:00:00z",
    ] {
        assert!(pack().created(valid).finish().is_ok(), "{valid}");
    }
    for invalid in [
        "",
        "now",
        "2026-01-31",
        "2026-13-31T12:00:00Z",
        "2026-01-32T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00.Z",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00+2:00",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00Zx",
        "2026-01-31T12:00:0éZ",
    ] {
        assert!(matches!(pack().created(invalid).finish(), Err(PackError::Created { .. })), "{invalid:?}");
    }
}

#[test]
fn limits() {
    let config_length = |name_length: usize| pack().exports(["x".repeat(name_length)]).finish();
    let base = config_length(0).unwrap().config.len();
    assert_eq!(config_length(CONFIG_BYTES_MAX - base).unwrap().config.len(), CONFIG_BYTES_MAX);
    assert_eq!(
        config_length(CONFIG_BYTES_MAX - base + 1),
        Err(PackError::ConfigSize { found: CONFIG_BYTES_MAX + 1 })
    );
    let manifest_length = |length: usize| pack().annotation("a", "x".repeat(length)).finish();
    let base = manifest_length(0).unwrap().manifest.len();
    assert_eq!(manifest_length(MANIFEST_BYTES_MAX - base).unwrap().manifest.len(), MANIFEST_BYTES_MAX);
    assert_eq!(
        manifest_length(MANIFEST_BYTES_MAX - base + 1),
        Err(PackError::ManifestSize { found: MANIFEST_BYTES_MAX + 1 })
    );
}
