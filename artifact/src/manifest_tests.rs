use super::*;

fn digest() -> Digest {
    Digest::sha256(b"x")
}

fn image_text(more: &str) -> String {
    format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"c/d","digest":"{0}","size":2}},"layers":[{{"mediaType":"a/b","digest":"{0}","size":7}}]{more}}}"#,
        digest()
    )
}

#[test]
fn a_manifest_is_read_with_unknown_fields() {
    let text = image_text(r#","future":{"a":[1]},"annotations":null,"subject":null"#);
    let Manifest::Image(manifest) = Manifest::parse(text.as_bytes(), None).unwrap() else {
        panic!("expected a manifest")
    };
    assert_eq!(manifest.layers[0].size_bytes, 7);
    assert_eq!(manifest.layers[0].media_type, "a/b");
    assert_eq!(manifest.effective_artifact_type(), Some("c/d"));
    assert_eq!(manifest.subject, None);
}

#[test]
fn an_index_is_told_by_its_type_or_its_shape() {
    let index = ImageIndex::new(vec![Descriptor::new(media_type::OCI_MANIFEST, digest(), 3)]);
    let text = serde_json::to_string(&index).unwrap();
    assert!(matches!(Manifest::parse(text.as_bytes(), Some(media_type::OCI_INDEX)), Ok(Manifest::Index(_))));
    let bare = r#"{"schemaVersion":2,"manifests":[]}"#;
    assert!(matches!(Manifest::parse(bare.as_bytes(), None), Ok(Manifest::Index(_))));
    assert!(matches!(Manifest::parse(bare.as_bytes(), Some("application/json")), Ok(Manifest::Index(_))));
}

#[test]
fn media_types_must_agree() {
    let text = image_text(&format!(r#","mediaType":"{}""#, media_type::OCI_MANIFEST));
    assert!(Manifest::parse(text.as_bytes(), Some(media_type::OCI_MANIFEST)).is_ok());
    let error = Manifest::parse(text.as_bytes(), Some(media_type::OCI_INDEX)).unwrap_err();
    assert!(matches!(error, ParseManifestError::Disagree { .. }), "{error}");
}

#[test]
fn other_kinds_are_refused() {
    let error = |text: &str| Manifest::parse(text.as_bytes(), None).unwrap_err().to_string();
    assert_eq!(error(r#"{"schemaVersion":1}"#), "expected `schemaVersion` 2 in the manifest, found 1");
    assert!(error(&image_text(r#","mediaType":"text/html""#)).contains("found `text/html`"));
    assert!(error("<html>").starts_with("the manifest is not valid"));
    assert!(
        error(r#"{"schemaVersion":2,"layers":[{"mediaType":"a","digest":"x","size":1}]}"#).contains("digest")
    );
    assert!(error(r#"{"schemaVersion":2,"schemaVersion":2}"#).contains("duplicate"));
    assert!(error(&image_text("").replace("\"size\":7", "\"size\":-7")).contains("-7"));
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    let text = format!(r#"{{"schemaVersion":2,"x":{}"#, "[".repeat(1_000_000));
    assert!(matches!(Manifest::parse(text.as_bytes(), None), Err(ParseManifestError::Json(_))));
}

#[test]
fn size_limit() {
    let mut text = image_text("");
    text.push_str(&" ".repeat(MANIFEST_BYTES_MAX - text.len()));
    assert!(Manifest::parse(text.as_bytes(), None).is_ok());
    text.push(' ');
    assert!(matches!(Manifest::parse(text.as_bytes(), None), Err(ParseManifestError::Size { .. })));
}

#[test]
fn fields_are_written_in_order_and_only_when_set() {
    let text = serde_json::to_string(&Descriptor::new("a/b", digest(), 1)).unwrap();
    assert_eq!(text, format!(r#"{{"digest":"{}","mediaType":"a/b","size":1}}"#, digest()));
}
