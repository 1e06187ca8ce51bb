//! `check`: whether what is in a data folder is whole, and whether its parts agree.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use wkit_artifact::{Algorithm, Digest, RepositoryName, Tag};

use super::compare::compare;
use super::report::{Finding, Report, readable};
use super::scratch::{Entries, Scratch};
use super::{Progress, UpkeepError, files};
use crate::config::MetadataUrl;
use crate::limits::ORPHAN_AGE_MIN;
use crate::registry::needed;
use crate::store::journal::{Journal, JournalReader};
use crate::store::{Engine, Folder, JournalError, OpenError, layout, open_engine, prepare, read_format};

/// How `check` works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckOptions<'a> {
    /// How many threads read blobs.
    pub(crate) readers: usize,
    /// Whether manifests may refer to content that is not there.
    pub(crate) sparse: bool,
    /// The folder for what is needed meanwhile.
    pub(crate) temporary: &'a Path,
}

/// What a data folder says is in it.
pub(super) struct State {
    /// All primary entries and what is derived from them.
    pub(super) scratch: Scratch,
    /// Where they come from.
    pub(super) source: Source,
}

/// Where the entries were read.
pub(super) enum Source {
    /// From the metadata store; nobody else can change it.
    Store {
        engine: Box<dyn Engine>,
        /// Its journal, when that can be used.
        journal: Option<Box<Journal>>,
        identity: String,
        _lock: File,
    },
    /// From the journal, because the metadata store cannot be used, or beside a running server.
    Journal { reader: JournalReader, lock: Option<File> },
}

/// Checks a data folder.
///
/// # Errors
///
/// When it cannot be told whether it is whole.
pub(crate) fn check(
    data: &Path,
    url: &MetadataUrl,
    options: CheckOptions<'_>,
    progress: &dyn Progress,
) -> Result<Report, UpkeepError> {
    let mut report = Report::default();
    let state = look(data, url, options, progress, &mut report)?;
    drop(state);
    Ok(report)
}

/// Checks, and keeps what was opened, for a repair.
pub(super) fn look(
    data: &Path,
    url: &MetadataUrl,
    options: CheckOptions<'_>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<State, UpkeepError> {
    let mut state = open(data, url, options.temporary, progress, report)?;
    check_entries(&*state.scratch.engine, options.sparse, progress, report)?;
    let first = report.findings.len();
    check_content(data, &*state.scratch.engine, options, progress, report)?;
    if report.beside_a_server && report.findings.len() > first {
        let found = report.findings.split_off(first);
        report.orphans = 0;
        follow(data, &mut state, options.temporary, progress)?;
        for finding in found {
            if still_so(data, &*state.scratch.engine, &finding)? {
                report.add(finding);
            }
        }
    }
    Ok(state)
}

/// Reads what is in the registry.
fn open(
    data: &Path,
    url: &MetadataUrl,
    temporary: &Path,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<State, UpkeepError> {
    let path = layout::format_file(data);
    let format = read_format(data)?.ok_or(UpkeepError::NoFolder { path })?;
    let lock = match Folder::open(data, url) {
        Ok(Folder { engine, journal, identity, lock, .. }) => {
            compare_with_journal(data, &*engine, temporary, progress, report)?;
            return of_store(engine, Some(Box::new(journal)), identity, lock, temporary, report);
        }
        Err(OpenError::Locked { .. }) => None,
        Err(OpenError::Journal(error @ (JournalError::Damaged { .. } | JournalError::Identity { .. }))) => {
            report.add(Finding::JournalDamaged { message: first_line(&error) });
            let engine = open_engine(url, &url.path(data))?;
            return of_store(engine, None, format.identity, prepare(data)?, temporary, report);
        }
        Err(
            error @ (OpenError::Metadata { .. }
            | OpenError::Gone { .. }
            | OpenError::Identity { .. }
            | OpenError::Journal(JournalError::StoreBehind { .. } | JournalError::Metadata(_))),
        ) => {
            report.add(Finding::MetadataUnusable { message: first_line(&error) });
            Some(prepare(data)?)
        }
        Err(error) => return Err(error.into()),
    };
    report.beside_a_server = lock.is_none();
    let mut reader = open_journal(data, &format.identity)?;
    let mut scratch = Scratch::new(temporary)?;
    follow_to_the_end(data, &mut scratch, &mut reader, progress, report)?;
    Ok(State { scratch, source: Source::Journal { reader, lock } })
}

fn of_store(
    engine: Box<dyn Engine>,
    journal: Option<Box<Journal>>,
    identity: String,
    lock: File,
    temporary: &Path,
    report: &mut Report,
) -> Result<State, UpkeepError> {
    let scratch = Scratch::of_store(temporary, &*engine)?;
    compare(&*engine, &*scratch.engine, |difference| {
        report.add(Finding::IndexWrong { key: readable(&difference.key) });
        Ok(())
    })?;
    Ok(State { scratch, source: Source::Store { engine, journal, identity, _lock: lock } })
}

/// Opens the journal of the registry with this identity.
pub(super) fn open_journal(data: &Path, identity: &str) -> Result<JournalReader, UpkeepError> {
    let path = layout::journal_file(data);
    let reader = JournalReader::open(&path)?;
    if reader.header().identity != identity {
        return Err(JournalError::Identity { path }.into());
    }
    Ok(reader)
}

/// Reads the journal up to its end, which a running server may be writing to.
fn follow_to_the_end(
    data: &Path,
    scratch: &mut Scratch,
    reader: &mut JournalReader,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<(), UpkeepError> {
    let path = layout::journal_file(data);
    progress.step("journal", files::size(&path)?.unwrap_or(0));
    // A group that is being written is whole a moment later; one that stays as it is, is damaged.
    for attempt in 0.. {
        scratch.follow(reader, progress)?;
        let rest = reader.rest().map_err(UpkeepError::io("read", &path))?;
        if rest == 0 {
            break;
        }
        if attempt == 20 {
            let message =
                format!("the journal cannot be read after byte {}; {rest} bytes follow", reader.end());
            report.add(Finding::JournalDamaged { message });
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        reader.resume().map_err(UpkeepError::io("read", &path))?;
    }
    Ok(())
}

/// Compares the primary entries of the store with what the journal says.
fn compare_with_journal(
    data: &Path,
    engine: &dyn Engine,
    temporary: &Path,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<(), UpkeepError> {
    let path = layout::journal_file(data);
    let mut reader = JournalReader::open(&path)?;
    progress.step("journal", files::size(&path)?.unwrap_or(0));
    let scratch = Scratch::of_journal(temporary, &mut reader, progress)?;
    let rest = reader.rest().map_err(UpkeepError::io("read", &path))?;
    if rest > 0 {
        let message = format!("the journal cannot be read after byte {}; {rest} bytes follow", reader.end());
        report.add(Finding::JournalDamaged { message });
        // Every entry after that would differ.
        return Ok(());
    }
    compare(engine, &*scratch.engine, |difference| {
        if layout::is_primary(&difference.key) {
            report.add(Finding::JournalDiffers { key: readable(&difference.key) });
        }
        Ok(())
    })
}

/// Reads what the server has written to its journal meanwhile.
fn follow(
    data: &Path,
    state: &mut State,
    temporary: &Path,
    progress: &dyn Progress,
) -> Result<(), UpkeepError> {
    let Source::Journal { reader, .. } = &mut state.source else { return Ok(()) };
    let path = layout::journal_file(data);
    let now = JournalReader::open(&path)?;
    if now.header() == reader.header() {
        reader.resume().map_err(UpkeepError::io("read", &path))?;
    } else {
        // It was written anew.
        *reader = now;
        state.scratch = Scratch::new(temporary)?;
    }
    state.scratch.follow(reader, progress)
}

/// Checks manifests, tags and links against each other.
fn check_entries(
    engine: &dyn Engine,
    sparse: bool,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<(), UpkeepError> {
    progress.step("entries", 0);
    for (count, entry) in Entries::new(engine).enumerate() {
        let (key, value) = entry?;
        progress.done(count as u64);
        if layout::parse_blob(&key).is_some() {
            report.links += 1;
        } else if let Some((repository, digest)) = layout::parse_manifest(&key) {
            report.manifests += 1;
            check_manifest(engine, &repository, &digest, &value, sparse, report)?;
        } else if let Some((repository, tag)) = layout::parse_tag_key(&key) {
            report.tags += 1;
            check_tag(engine, &repository, &tag, &value, report)?;
        }
    }
    Ok(())
}

fn check_manifest(
    engine: &dyn Engine,
    repository: &RepositoryName,
    digest: &Digest,
    value: &[u8],
    sparse: bool,
    report: &mut Report,
) -> Result<(), UpkeepError> {
    let bytes = layout::parse_manifest_value(value).and_then(|(_, start)| value.get(start..));
    let whole = bytes.is_some_and(|bytes| Digest::of(digest.algorithm(), bytes) == *digest);
    let (repository_name, text) = (repository.to_string(), digest.to_string());
    let Some(needed) = needed(repository, value).filter(|_| whole) else {
        report.add(Finding::ManifestDamaged { repository: repository_name, digest: text });
        return Ok(());
    };
    let mut missing = Vec::new();
    for (key, digest) in needed {
        if !sparse && engine.get(&key)?.is_none() {
            missing.push(digest.to_string());
        }
    }
    if !missing.is_empty() {
        report.add(Finding::ManifestIncomplete { repository: repository_name, digest: text, missing });
    }
    Ok(())
}

fn check_tag(
    engine: &dyn Engine,
    repository: &RepositoryName,
    tag: &Tag,
    value: &[u8],
    report: &mut Report,
) -> Result<(), UpkeepError> {
    let target = layout::parse_tag_value(value).map(|digest| layout::manifest(repository, &digest));
    let there = match target {
        Some(key) => engine.get(&key)?.is_some(),
        None => false,
    };
    if !there {
        report.add(Finding::TagDangling { repository: repository.to_string(), tag: tag.to_string() });
    }
    Ok(())
}

/// Checks content against digests and links.
fn check_content(
    data: &Path,
    engine: &dyn Engine,
    options: CheckOptions<'_>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<(), UpkeepError> {
    progress.step("shards of blobs", files::SHARDS as u64);
    let report = Mutex::new(report);
    files::each_shard(options.readers, progress, |algorithm, shard| {
        check_shard(data, engine, algorithm, shard, &report)
    })
}

fn check_shard(
    data: &Path,
    engine: &dyn Engine,
    algorithm: Algorithm,
    shard: u8,
    report: &Mutex<&mut Report>,
) -> Result<(), UpkeepError> {
    let mut holders = BTreeMap::<Digest, Vec<RepositoryName>>::new();
    for (key, _) in engine.scan(&layout::holders_in_shard(algorithm, shard))? {
        if let Some((digest, repository)) = layout::parse_holder_key(&key) {
            holders.entry(digest).or_default().push(repository);
        }
    }
    let report = || report.lock().unwrap_or_else(PoisonError::into_inner);
    let found = |finding: Finding| report().add(finding);
    for digest in files::blobs(data, algorithm, shard)? {
        let path = layout::blob_file(data, &digest);
        // It may have been removed since.
        let Some(size_bytes) = files::size(&path)? else { continue };
        let Some(actual) = files::digest(&path, algorithm)? else { continue };
        report().count_blob(size_bytes);
        let held = holders.remove(&digest);
        if actual != digest {
            let repositories = names(held.unwrap_or_default());
            found(Finding::ContentDamaged {
                digest: digest.to_string(),
                found: actual.to_string(),
                repositories,
            });
            continue;
        }
        let Some(repositories) = held else {
            found(Finding::ContentOrphaned { digest: digest.to_string(), size_bytes });
            continue;
        };
        for repository in repositories {
            let link = engine.get(&layout::blob(&repository, &digest))?;
            let expected = link.as_deref().and_then(layout::parse_blob_value);
            if expected != Some(size_bytes) {
                let (repository, digest) = (repository.to_string(), digest.to_string());
                found(Finding::LinkSize { repository, digest, expected, found: size_bytes });
            }
        }
    }
    for (digest, repositories) in holders {
        found(Finding::ContentMissing { digest: digest.to_string(), repositories: names(repositories) });
    }
    Ok(())
}

/// Whether something that was found beside a running server was not only on its way.
fn still_so(data: &Path, engine: &dyn Engine, finding: &Finding) -> Result<bool, UpkeepError> {
    let (Finding::ContentDamaged { digest, .. }
    | Finding::ContentMissing { digest, .. }
    | Finding::ContentOrphaned { digest, .. }
    | Finding::LinkSize { digest, .. }) = finding
    else {
        return Ok(true);
    };
    let Ok(digest) = digest.parse::<Digest>() else { return Ok(true) };
    let path = layout::blob_file(data, &digest);
    let linked = !engine.scan(&layout::any_holder(&digest))?.is_empty();
    Ok(match finding {
        Finding::ContentDamaged { .. } => {
            files::digest(&path, digest.algorithm())?.is_some_and(|actual| actual != digest)
        }
        Finding::ContentMissing { .. } => linked && files::size(&path)?.is_none(),
        Finding::ContentOrphaned { .. } => !linked && is_old(&path),
        _ => linked,
    })
}

/// Whether content has been there for so long that it is not being pushed.
fn is_old(path: &Path) -> bool {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_some_and(|age| age >= ORPHAN_AGE_MIN)
}

fn names(repositories: Vec<RepositoryName>) -> Vec<String> {
    repositories.iter().map(ToString::to_string).collect()
}

/// An error without its hint, which is about starting a server.
fn first_line(error: &dyn std::error::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
