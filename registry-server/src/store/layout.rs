//! How the registry is laid out in storage: every path and every key, made here and nowhere else.
//!
//! # The data folder
//!
//! ```text
//! format.json                          the layout's version, the metadata backend, the store's identity
//! lock                                 locked while a server runs on the folder
//! metadata.redb | metadata.sled/       the metadata store, unless it is configured to be elsewhere
//! blobs/<algorithm>/<2 digits>/<hex>   the content of a blob; the folder is the first byte of the hash
//! uploads/<id>.<repository hash>       the bytes of an upload so far
//! journal                              the primary entries of the metadata store, in the order they were made
//! quarantine/<algorithm>/<hex>         content that was found damaged and taken out
//! ```
//!
//! A file under `blobs/` is complete and has the digest it is named after: it was renamed there only after its bytes
//! had been hashed and synced. The file of an upload is named after its id and the first 16 digits of the SHA-256
//! digest of its repository's name, so an upload can be continued after a restart, in its own repository only.
//!
//! # The key space
//!
//! `0` stands for a zero byte, which no name, tag or digest contains; keys are ordered by their bytes.
//!
//! ```text
//! key                                            value
//! identity                                       the store's identity, as in format.json
//! pulls-since                                    since when pulls are noted
//! journal                                        up to where the journal and the store are the same
//! blob/<repository>0<digest>                     size in bytes, decimal: the blob is visible in the repository
//! holder/<digest>0<repository>                   empty: the same fact, to be found by digest
//! manifest/<repository>0<digest>                 media type, a line feed, the bytes of the manifest
//! stamp/<repository>0<digest>                    an id, new with every push of the manifest, a space, the time of it
//! pulled/<repository>0<digest>                   when the manifest was last pulled, about
//! tag/<repository>0<tag>                         digest
//! tagged/<repository>0<digest>0<tag>             empty: the same fact, to be found by digest
//! referrer/<repository>0<subject>0<digest>       descriptor of the manifest that has the subject, JSON
//! garbage/<repository>0<digest>                  when the collector found that nothing in the repository refers to it
//! garbage/0<digest>                              when the collector found that no repository holds the content
//! token/<hash of the secret>                     an API or refresh token without its secret, JSON
//! signing/<id>                                   a key that access tokens are signed with, JSON; secret
//! ```
//!
//! Times are milliseconds since 1970, decimal. A stamp that an older version wrote has none.
//!
//! A manifest, its tags and its entry among the referrers are set by one batch, so they are all there or none is.
//! `holder`, `tagged`, `referrer` are *derived*: they can be made again from `blob`, `tag` and `manifest`. All
//! other entries are *primary* and go to the journal as well, but for `identity` and `journal`, which are about one
//! store. Who adds a derived kind of key adds it to [`is_derived`] and to `registry/derived.rs`.
//!
//! # A backup
//!
//! ```text
//! backup.json                          what is in the backup; written last
//! journal-<number>                     a copy of the journal
//! blobs/<algorithm>/<2 digits>/<hex>   the content of the blobs
//! ```
//!
//! `stamp` lets a deletion notice a push that happens at the same time: the deletion reads the stamp, then what points
//! at the manifest, and commits only if the stamp is still the same.

mod files;

#[cfg(test)]
mod tests;

use wkit_artifact::{Algorithm, Digest, RepositoryName, Tag};

use crate::store::Scan;

pub(crate) use files::*;

/// The version of this layout, in `format.json`.
pub(crate) const VERSION: u32 = 1;

/// Ends a part of a key.
const END: u8 = 0;

/// The key that says up to where the journal and the store are the same.
pub(crate) fn journal() -> Vec<u8> {
    JOURNAL.to_vec()
}

const JOURNAL: &[u8] = b"journal";
const IDENTITY: &[u8] = b"identity";

/// The kinds of keys that can be made again from the others.
const DERIVED: [&str; 3] = ["holder/", "tagged/", "referrer/"];

/// Whether an entry can be made again from the primary ones.
pub(crate) fn is_derived(key: &[u8]) -> bool {
    DERIVED.iter().any(|kind| key.starts_with(kind.as_bytes()))
}

/// Whether an entry is about this one store and has no meaning elsewhere.
pub(crate) fn is_local(key: &[u8]) -> bool {
    key == IDENTITY
        || key == JOURNAL
        || key == pulls_since()
        || [b"garbage/".as_slice(), b"pulled/"].iter().any(|kind| key.starts_with(kind))
}

/// Whether an entry goes to the journal.
pub(crate) fn is_primary(key: &[u8]) -> bool {
    !is_derived(key) && !is_local(key)
}

/// All entries after `last`.
pub(crate) fn everything_after(last: Option<&[u8]>, limit: usize) -> Scan {
    // The first key after a key is that key with a zero byte.
    let start = last.map_or_else(Vec::new, |last| [last, &[0]].concat());
    Scan { start, end: vec![u8::MAX], limit, values: true }
}

/// All entries after `last`, but none of the kind of `last` when that is derived.
pub(crate) fn primary_after(last: &[u8], limit: usize) -> Scan {
    let kind = DERIVED.iter().find(|kind| last.starts_with(kind.as_bytes()));
    let mut scan = everything_after(Some(last), limit);
    if let Some(kind) = kind {
        scan.start = after(kind.as_bytes().to_vec());
    }
    scan
}

/// The holders of all blobs whose hash begins with one byte.
pub(crate) fn holders_in_shard(algorithm: Algorithm, shard: u8) -> Scan {
    let start = format!("holder/{algorithm}:{shard:02x}").into_bytes();
    Scan { end: after(start.clone()), start, limit: usize::MAX, values: false }
}

/// Reads digest and repository from a key of [`holder`].
pub(crate) fn parse_holder_key(entry: &[u8]) -> Option<(Digest, RepositoryName)> {
    let (digest, repository) = two_parts(entry, "holder/")?;
    Some((digest.parse().ok()?, repository.parse().ok()?))
}

/// Reads repository and digest from a key of [`blob`].
pub(crate) fn parse_blob(entry: &[u8]) -> Option<(RepositoryName, Digest)> {
    let (repository, digest) = two_parts(entry, "blob/")?;
    Some((repository.parse().ok()?, digest.parse().ok()?))
}

/// Reads repository and digest from a key of [`manifest`].
pub(crate) fn parse_manifest(entry: &[u8]) -> Option<(RepositoryName, Digest)> {
    let (repository, digest) = two_parts(entry, "manifest/")?;
    Some((repository.parse().ok()?, digest.parse().ok()?))
}

/// Reads repository and tag from a key of [`tag`].
pub(crate) fn parse_tag_key(entry: &[u8]) -> Option<(RepositoryName, Tag)> {
    let (repository, tag) = two_parts(entry, "tag/")?;
    Some((repository.parse().ok()?, tag.parse().ok()?))
}

fn two_parts<'a>(entry: &'a [u8], kind: &str) -> Option<(&'a str, &'a str)> {
    std::str::from_utf8(entry.strip_prefix(kind.as_bytes())?).ok()?.split_once(char::from(END))
}

/// The key of the store's identity.
pub(crate) fn identity() -> Vec<u8> {
    IDENTITY.to_vec()
}

/// The key that makes a blob visible in a repository.
pub(crate) fn blob(repository: &RepositoryName, digest: &Digest) -> Vec<u8> {
    key("blob/", &[repository.as_str(), &digest.to_string()])
}

/// The value of [`blob`].
pub(crate) fn blob_value(size_bytes: u64) -> Vec<u8> {
    size_bytes.to_string().into_bytes()
}

/// Reads the value of [`blob`].
pub(crate) fn parse_blob_value(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The key that says that a repository holds a blob.
pub(crate) fn holder(digest: &Digest, repository: &RepositoryName) -> Vec<u8> {
    key("holder/", &[&digest.to_string(), repository.as_str()])
}

/// The repositories that hold a blob; one is enough to know that it is held.
pub(crate) fn any_holder(digest: &Digest) -> Scan {
    holders(digest, 1)
}

/// The first repositories that hold a blob.
pub(crate) fn holders(digest: &Digest, limit: usize) -> Scan {
    below(prefix("holder/", &[&digest.to_string()]), limit, false)
}

/// Reads the repository from a key of [`holder`].
pub(crate) fn parse_holder(entry: &[u8]) -> Option<RepositoryName> {
    last_part(entry)?.parse().ok()
}

/// The key of a manifest.
pub(crate) fn manifest(repository: &RepositoryName, digest: &Digest) -> Vec<u8> {
    key("manifest/", &[repository.as_str(), &digest.to_string()])
}

/// The value of [`manifest`].
pub(crate) fn manifest_value(media_type: &str, bytes: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(media_type.len() + 1 + bytes.len());
    value.extend_from_slice(media_type.as_bytes());
    value.push(b'\n');
    value.extend_from_slice(bytes);
    value
}

/// Reads the media type, and where the bytes begin, from the value of [`manifest`].
pub(crate) fn parse_manifest_value(value: &[u8]) -> Option<(&str, usize)> {
    let end = value.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(value.get(..end)?).ok()?, end + 1))
}

/// How many bytes the manifest in a value of [`manifest`] has.
pub(crate) fn manifest_size(value: &[u8]) -> u64 {
    let start = value.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    (value.len() - start) as u64
}

/// The first manifest of the first repository after `repository`: what a walk over all repositories steps along.
pub(crate) fn first_manifest_after(repository: Option<&str>) -> Scan {
    first_after("manifest/", repository)
}

fn first_after(kind: &str, repository: Option<&str>) -> Scan {
    let mut start = kind.as_bytes().to_vec();
    if let Some(repository) = repository {
        start.extend_from_slice(repository.as_bytes());
        start.push(END + 1);
    }
    Scan { start, end: after(kind.as_bytes().to_vec()), limit: 1, values: false }
}

/// The first manifest of one repository.
pub(crate) fn any_manifest(repository: &RepositoryName) -> Scan {
    below(prefix("manifest/", &[repository.as_str()]), 1, false)
}

/// Reads the repository from a key of [`manifest`].
pub(crate) fn parse_manifest_repository(entry: &[u8]) -> Option<&str> {
    first_part(entry.strip_prefix(b"manifest/")?)
}

/// The key of a manifest's stamp.
pub(crate) fn stamp(repository: &RepositoryName, digest: &Digest) -> Vec<u8> {
    key("stamp/", &[repository.as_str(), &digest.to_string()])
}

/// The value of [`stamp`].
pub(crate) fn stamp_value(id: &str, pushed_ms: u64) -> Vec<u8> {
    format!("{id} {pushed_ms}").into_bytes()
}

/// Reads the time from the value of [`stamp`]; `None` when an older version wrote it.
pub(crate) fn parse_stamp_time(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.split_once(' ')?.1.parse().ok()
}

/// The manifests of a repository after the digest `last`.
pub(crate) fn manifests_after(
    repository: &RepositoryName,
    last: Option<&str>,
    limit: usize,
    values: bool,
) -> Scan {
    let all = prefix("manifest/", &[repository.as_str()]);
    Scan { start: start_after(&all, last), end: after(all), limit, values }
}

/// The key of the time a manifest was last pulled.
pub(crate) fn pulled(repository: &RepositoryName, digest: &Digest) -> Vec<u8> {
    key("pulled/", &[repository.as_str(), &digest.to_string()])
}

/// The key of the time since when pulls are noted.
pub(crate) fn pulls_since() -> Vec<u8> {
    b"pulls-since".to_vec()
}

/// The value of a key that holds a time.
pub(crate) fn time_value(time_ms: u64) -> Vec<u8> {
    time_ms.to_string().into_bytes()
}

/// Reads the value of a key that holds a time.
pub(crate) fn parse_time_value(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The key that says since when nothing in a repository refers to a blob or manifest of it.
pub(crate) fn garbage(repository: &RepositoryName, digest: &Digest) -> Vec<u8> {
    key("garbage/", &[repository.as_str(), &digest.to_string()])
}

/// The key that says since when no repository holds content.
pub(crate) fn orphan(digest: &Digest) -> Vec<u8> {
    key("garbage/", &["", &digest.to_string()])
}

/// The marks of a repository after the digest `last`, up to and with `through`, or all of them.
pub(crate) fn garbage_after(
    repository: &RepositoryName,
    last: Option<&str>,
    through: Option<&str>,
    limit: usize,
) -> Scan {
    marks(prefix("garbage/", &[repository.as_str()]), last, through, limit)
}

/// The marks of content after the digest `last`.
pub(crate) fn orphans_after(last: Option<&str>, limit: usize) -> Scan {
    marks(prefix("garbage/", &[""]), last, None, limit)
}

fn marks(all: Vec<u8>, last: Option<&str>, through: Option<&str>, limit: usize) -> Scan {
    let start = start_after(&all, last);
    let end = match through {
        Some(_) => start_after(&all, through),
        None => after(all),
    };
    Scan { start, end, limit, values: true }
}

/// The blobs of a repository after the digest `last`.
pub(crate) fn blobs_after(repository: &RepositoryName, last: Option<&str>, limit: usize) -> Scan {
    let all = prefix("blob/", &[repository.as_str()]);
    Scan { start: start_after(&all, last), end: after(all), limit, values: true }
}

/// The first blob of the first repository after `repository`: what a walk over all repositories with blobs steps
/// along.
pub(crate) fn first_blob_after(repository: Option<&str>) -> Scan {
    first_after("blob/", repository)
}

/// Reads the repository from a key of [`blob`].
pub(crate) fn parse_blob_repository(entry: &[u8]) -> Option<&str> {
    first_part(entry.strip_prefix(b"blob/")?)
}

/// Reads the digest that is the last part of a key, as in [`blob`], [`manifest`] and [`garbage`].
pub(crate) fn parse_digest(entry: &[u8]) -> Option<Digest> {
    last_part(entry)?.parse().ok()
}

/// The key of a tag.
pub(crate) fn tag(repository: &RepositoryName, tag: &Tag) -> Vec<u8> {
    key("tag/", &[repository.as_str(), tag.as_str()])
}

/// The value of [`tag`].
pub(crate) fn tag_value(digest: &Digest) -> Vec<u8> {
    digest.to_string().into_bytes()
}

/// Reads a digest from the value of [`tag`].
pub(crate) fn parse_tag_value(value: &[u8]) -> Option<Digest> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The tags of a repository after `last`, which need not be one of them.
pub(crate) fn tags_after(repository: &RepositoryName, last: Option<&str>, limit: usize) -> Scan {
    let all = prefix("tag/", &[repository.as_str()]);
    Scan { start: start_after(&all, last), end: after(all), limit, values: false }
}

/// The same with the digests they name.
pub(crate) fn tags_with_values_after(repository: &RepositoryName, last: Option<&str>, limit: usize) -> Scan {
    Scan { values: true, ..tags_after(repository, last, limit) }
}

/// Reads the tag from a key of [`tag`].
pub(crate) fn parse_tag(entry: &[u8]) -> Option<&str> {
    last_part(entry)
}

/// The key that says that a tag names a manifest.
pub(crate) fn tagged(repository: &RepositoryName, digest: &Digest, tag: &Tag) -> Vec<u8> {
    key("tagged/", &[repository.as_str(), &digest.to_string(), tag.as_str()])
}

/// The tags that name a manifest, `limit` of them.
pub(crate) fn tagged_with(repository: &RepositoryName, digest: &Digest, limit: usize) -> Scan {
    below(prefix("tagged/", &[repository.as_str(), &digest.to_string()]), limit, false)
}

/// The key of an entry among the referrers of `subject`.
pub(crate) fn referrer(repository: &RepositoryName, subject: &Digest, digest: &Digest) -> Vec<u8> {
    key("referrer/", &[repository.as_str(), &subject.to_string(), &digest.to_string()])
}

/// The referrers of `subject` after `last`.
pub(crate) fn referrers_after(
    repository: &RepositoryName,
    subject: &Digest,
    last: Option<&str>,
    limit: usize,
) -> Scan {
    let all = prefix("referrer/", &[repository.as_str(), &subject.to_string()]);
    Scan { start: start_after(&all, last), end: after(all), limit, values: false }
}

/// The key of a token, by the hash of its secret.
pub(crate) fn token(hash: &str) -> Vec<u8> {
    key("token/", &[hash])
}

/// All tokens. There are few enough to be read at once.
pub(crate) fn all_tokens() -> Scan {
    below(b"token/".to_vec(), usize::MAX, true)
}

/// Reads the hash from a key of [`token`].
pub(crate) fn parse_token(entry: &[u8]) -> Option<&str> {
    std::str::from_utf8(entry.strip_prefix(b"token/")?).ok()
}

/// The key of a signing key.
pub(crate) fn signing_key(id: &str) -> Vec<u8> {
    key("signing/", &[id])
}

/// All signing keys.
pub(crate) fn all_signing_keys() -> Scan {
    below(b"signing/".to_vec(), usize::MAX, true)
}

fn key(kind: &str, parts: &[&str]) -> Vec<u8> {
    let mut key = prefix(kind, parts);
    key.pop();
    key
}

/// What all keys below these parts begin with.
fn prefix(kind: &str, parts: &[&str]) -> Vec<u8> {
    let length = kind.len() + parts.iter().map(|part| part.len() + 1).sum::<usize>();
    let mut key = Vec::with_capacity(length);
    key.extend_from_slice(kind.as_bytes());
    for part in parts {
        key.extend_from_slice(part.as_bytes());
        key.push(END);
    }
    key
}

fn below(prefix: Vec<u8>, limit: usize, values: bool) -> Scan {
    Scan { start: prefix.clone(), end: after(prefix), limit, values }
}

fn start_after(prefix: &[u8], last: Option<&str>) -> Vec<u8> {
    let mut start = prefix.to_vec();
    if let Some(last) = last {
        start.extend_from_slice(last.as_bytes());
        start.push(END);
    }
    start
}

/// The first key that does not begin with `prefix`. Every prefix ends in a byte below 255.
fn after(mut prefix: Vec<u8>) -> Vec<u8> {
    if let Some(last) = prefix.last_mut() {
        *last += 1;
    }
    prefix
}

fn first_part(rest: &[u8]) -> Option<&str> {
    std::str::from_utf8(rest.split(|byte| *byte == END).next()?).ok()
}

fn last_part(entry: &[u8]) -> Option<&str> {
    std::str::from_utf8(entry.rsplit(|byte| *byte == END).next()?).ok()
}
