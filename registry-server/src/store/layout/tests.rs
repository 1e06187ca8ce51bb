//! Keys and paths, written and read back.

use std::path::Path;

use super::*;
use crate::store::UploadKey;

fn repository(name: &str) -> RepositoryName {
    name.parse().unwrap()
}

fn within(scan: &Scan, key: &[u8]) -> bool {
    scan.start.as_slice() <= key && key < scan.end.as_slice()
}

#[test]
fn repositories_do_not_overlap() {
    let (digest, tag) = (Digest::sha256(b"x"), "v1".parse::<Tag>().unwrap());
    let scan = tags_after(&repository("a"), None, 10);
    assert!(within(&scan, &super::tag(&repository("a"), &tag)));
    for other in ["a/b", "a-b", "a.b", "a0", "aa", "b", "0"] {
        assert!(!within(&scan, &super::tag(&repository(other), &tag)), "{other}");
    }
    let scan = any_manifest(&repository("a/b"));
    assert!(within(&scan, &manifest(&repository("a/b"), &digest)));
    assert!(!within(&scan, &manifest(&repository("a/b/c"), &digest)));
    assert!(!within(&scan, &manifest(&repository("a"), &digest)));
}

#[test]
fn a_walk_over_repositories_skips_to_the_next() {
    let digest = Digest::sha256(b"x");
    let scan = first_manifest_after(Some("a"));
    assert!(!within(&scan, &manifest(&repository("a"), &digest)));
    for later in ["a-b", "a.b", "a/b", "b"] {
        assert!(within(&scan, &manifest(&repository(later), &digest)), "{later}");
        assert_eq!(parse_manifest_repository(&manifest(&repository(later), &digest)), Some(later));
    }
    assert!(within(&first_manifest_after(None), &manifest(&repository("0"), &digest)));
}

#[test]
fn last_is_left_out_even_when_it_is_a_prefix() {
    let name = repository("a");
    let scan = tags_after(&name, Some("v1"), 10);
    assert!(!within(&scan, &super::tag(&name, &"v1".parse().unwrap())));
    assert!(!within(&scan, &super::tag(&name, &"v0".parse().unwrap())));
    assert!(within(&scan, &super::tag(&name, &"v1.0".parse().unwrap())));
    assert_eq!(parse_tag(&super::tag(&name, &"v1.0".parse().unwrap())), Some("v1.0"));
}

#[test]
fn values_can_be_read_back() {
    let digest = Digest::of(Algorithm::Sha512, b"x");
    assert_eq!(parse_blob_value(&blob_value(u64::MAX)), Some(u64::MAX));
    assert_eq!(parse_tag_value(&tag_value(&digest)), Some(digest.clone()));
    let value = manifest_value("a/b", b"{}\n");
    let (media_type, start) = parse_manifest_value(&value).unwrap();
    assert_eq!((media_type, &value[start..]), ("a/b", b"{}\n".as_slice()));
    assert_eq!(parse_holder(&holder(&digest, &repository("a/b"))), Some(repository("a/b")));
    assert_eq!(parse_time_value(&time_value(u64::MAX)), Some(u64::MAX));
    assert_eq!(parse_stamp_time(&stamp_value("0a", 7)), Some(7));
    assert_eq!(parse_stamp_time(b"0a"), None);
    for key in [garbage(&repository("a/b"), &digest), orphan(&digest), blob(&repository("a"), &digest)] {
        assert_eq!(parse_digest(&key), Some(digest.clone()));
    }
}

#[test]
fn marks_are_read_up_to_and_with_the_last() {
    let (name, digest) = (repository("a"), Digest::sha256(b"x"));
    let text = digest.to_string();
    let key = garbage(&name, &digest);
    assert!(within(&garbage_after(&name, None, None, 1), &key));
    assert!(within(&garbage_after(&name, None, Some(&text), 1), &key));
    assert!(!within(&garbage_after(&name, Some(&text), None, 1), &key));
    assert!(!within(&garbage_after(&name, None, Some("sha256:"), 1), &key));
    assert!(!within(&orphans_after(None, 1), &key));
    assert!(within(&orphans_after(None, 1), &orphan(&digest)));
}

#[test]
fn entries_are_primary_derived_or_local() {
    let (name, digest, tag) = (repository("a/b"), Digest::sha256(b"x"), "v1".parse::<Tag>().unwrap());
    for key in [super::tag(&name, &tag), blob(&name, &digest), manifest(&name, &digest), b"new/kind".to_vec()]
    {
        assert!(is_primary(&key) && !is_derived(&key) && !is_local(&key));
    }
    let derived = [holder(&digest, &name), tagged(&name, &digest, &tag), referrer(&name, &digest, &digest)];
    for key in derived {
        assert!(is_derived(&key) && !is_primary(&key) && !is_local(&key));
    }
    assert!(is_local(&identity()) && is_local(&journal()) && !is_primary(&journal()));
}

#[test]
fn keys_can_be_read_back() {
    let (name, digest, tag) = (repository("a/b"), Digest::sha256(b"x"), "v1".parse::<Tag>().unwrap());
    assert_eq!(parse_blob(&blob(&name, &digest)), Some((name.clone(), digest.clone())));
    assert_eq!(parse_manifest(&manifest(&name, &digest)), Some((name.clone(), digest.clone())));
    assert_eq!(parse_tag_key(&super::tag(&name, &tag)), Some((name.clone(), tag)));
    assert_eq!(parse_holder_key(&holder(&digest, &name)), Some((digest.clone(), name.clone())));
    let scan = holders_in_shard(Algorithm::Sha256, first_byte(&digest));
    assert!(within(&scan, &holder(&digest, &name)));
    assert!(!within(&holders_in_shard(Algorithm::Sha256, first_byte(&digest) ^ 1), &holder(&digest, &name)));
    assert!(within(&everything_after(None, 1), &blob(&name, &digest)));
    let key = blob(&name, &digest);
    assert!(!within(&everything_after(Some(&key), 1), &key));
    assert!(within(&primary_after(b"blob/a", 1), &key) && !within(&primary_after(&key, 1), &key));
    let scan = primary_after(&holder(&Digest::sha256(b"y"), &name), 1);
    assert!(!within(&scan, &holder(&Digest::sha256(b"z"), &name)) && within(&scan, &identity()));
}

#[test]
fn an_upload_is_bound_to_its_repository() {
    let data = Path::new("data");
    let id = "0123456789abcdef0123456789abcdef".to_owned();
    let file = |name: &str| upload_file(data, &UploadKey { id: id.clone(), repository: repository(name) });
    assert_ne!(file("a"), file("b"));
    let name = file("a").file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(parse_upload_file_name(&name), Some((id.as_str(), &*repository_hash(&repository("a")))));
    assert_eq!(parse_upload_file_name("../x"), None);
}
