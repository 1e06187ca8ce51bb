//! `check --repair`: mends what can be mended, and takes out what cannot, so that what is served is whole.

use std::io;
use std::path::{Path, PathBuf};

use wkit_artifact::{Digest, RepositoryName, Tag};

use super::check::{CheckOptions, Source, State, look};
use super::compare::compare;
use super::reindex::reindex;
use super::report::{Finding, Report};
use super::{Progress, UpkeepError, files};
use crate::config::MetadataUrl;
use crate::store::journal::{Journal, Write, derive};
use crate::store::local::sync_folder;
use crate::store::{Batch, Engine, layout};

/// What a repair may do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RepairOptions {
    /// Whether links to content that is damaged or missing stay: a push of the content mends them.
    pub(crate) keep_links: bool,
    /// Whether content that no repository holds is removed.
    pub(crate) remove_orphans: bool,
}

/// How many differences are mended by one commit.
const STEP: usize = 1_000;

/// Checks a data folder on which no server runs, and mends it. Returns what was found, and what was done about it.
///
/// # Errors
///
/// When a server runs, or something cannot be read or written. What was mended before stays so.
pub(crate) fn repair(
    data: &Path,
    url: &MetadataUrl,
    check: CheckOptions<'_>,
    options: RepairOptions,
    progress: &dyn Progress,
) -> Result<(Report, Vec<String>), UpkeepError> {
    let (mut report, mut actions) = (Report::default(), Vec::new());
    let mut state = look(data, url, check, progress, &mut report)?;
    if let Source::Journal { lock, .. } = &state.source {
        if lock.is_none() {
            return Err(UpkeepError::Running { folder: data.to_owned() });
        }
        drop(state);
        reindex(data, Some(url), check.readers, progress)?;
        actions.push("made the metadata store again from the journal".to_owned());
        let mut again = Report::default();
        state = look(data, url, check, progress, &mut again)?;
        report.findings.extend(again.findings);
        report.more_findings += again.more_findings;
    }
    let State { scratch, source } = state;
    let Source::Store { mut engine, journal, identity, _lock } = source else {
        return Err(UpkeepError::Lost);
    };
    mend_indexes(&mut *engine, &*scratch.engine, &mut actions)?;
    drop(scratch);
    let found = |wanted: fn(&Finding) -> bool| report.findings.iter().any(wanted);
    let wrong = found(|it| matches!(it, Finding::JournalDiffers { .. } | Finding::JournalDamaged { .. }));
    let mut journal = match journal {
        Some(journal) if !wrong => journal,
        journal => {
            drop(journal);
            actions.push("wrote the journal anew from the metadata store".to_owned());
            Box::new(Journal::make_again(&layout::journal_file(data), &identity, &mut *engine)?)
        }
    };
    for finding in &report.findings {
        let mut mend =
            Mend { data, engine: &mut *engine, journal: &mut journal, options, actions: &mut actions };
        mend.finding(finding)?;
    }
    if report.more_findings > 0 {
        actions.push(format!("left {} more findings to the next repair", report.more_findings));
    }
    Ok((report, actions))
}

/// Makes the derived entries of the store what they should be.
fn mend_indexes(
    engine: &mut dyn Engine,
    expected: &dyn Engine,
    actions: &mut Vec<String>,
) -> Result<(), UpkeepError> {
    let mut mended = 0;
    loop {
        let mut batch = Batch::default();
        compare(engine, expected, |difference| {
            if layout::is_derived(&difference.key) && batch.writes.len() < STEP {
                match difference.second {
                    Some(value) => batch.set(difference.key, value),
                    None => batch.remove(difference.key),
                }
            }
            Ok(())
        })?;
        if batch.writes.is_empty() {
            break;
        }
        mended += batch.writes.len();
        commit(engine, None, batch)?;
    }
    if mended > 0 {
        actions.push(format!("mended {mended} index entries"));
    }
    Ok(())
}

fn commit(engine: &mut dyn Engine, journal: Option<&mut Journal>, batch: Batch) -> Result<(), UpkeepError> {
    for result in engine.commit_group(&[batch], journal)? {
        result?;
    }
    Ok(())
}

/// What a finding is mended with.
struct Mend<'a> {
    data: &'a Path,
    engine: &'a mut dyn Engine,
    journal: &'a mut Journal,
    options: RepairOptions,
    actions: &'a mut Vec<String>,
}

impl Mend<'_> {
    fn finding(&mut self, finding: &Finding) -> Result<(), UpkeepError> {
        match finding {
            Finding::ContentDamaged { digest, repositories, .. } => {
                let place = self.quarantine(digest)?;
                self.actions
                    .push(format!("moved the damaged content of `{digest}` to `{}`", place.display()));
                self.unlink(digest, repositories)
            }
            Finding::ContentMissing { digest, repositories } => self.unlink(digest, repositories),
            Finding::ContentOrphaned { digest, .. } if self.options.remove_orphans => {
                let path = layout::blob_file(self.data, &parse(digest)?);
                std::fs::remove_file(&path).map_err(UpkeepError::io("remove", &path))?;
                self.actions.push(format!("removed `{digest}`, which no repository holds"));
                Ok(())
            }
            Finding::LinkSize { repository, digest, found, .. } => {
                let key = layout::blob(&parse(repository)?, &parse(digest)?);
                self.actions.push(format!("corrected the size of `{digest}` in `{repository}`"));
                self.write(vec![(key, Some(layout::blob_value(*found)))])
            }
            Finding::ManifestDamaged { repository, digest } => {
                let (name, target) = (parse::<RepositoryName>(repository)?, parse::<Digest>(digest)?);
                let mut writes =
                    vec![(layout::manifest(&name, &target), None), (layout::stamp(&name, &target), None)];
                for (entry, _) in self.engine.scan(&layout::tagged_with(&name, &target, usize::MAX))? {
                    let tag = layout::parse_tag(&entry).and_then(|tag| tag.parse::<Tag>().ok());
                    writes.extend(tag.map(|tag| (layout::tag(&name, &tag), None)));
                }
                self.actions.push(format!("removed the damaged manifest `{digest}` from `{repository}`"));
                self.write(writes)
            }
            Finding::TagDangling { repository, tag } => {
                let key = layout::tag(&parse(repository)?, &parse(tag)?);
                self.actions.push(format!("removed the tag `{repository}:{tag}`, which named no manifest"));
                self.write(vec![(key, None)])
            }
            // Content that a manifest lacks has to be pushed; the rest is mended for all findings at once.
            Finding::ContentOrphaned { .. }
            | Finding::ManifestIncomplete { .. }
            | Finding::IndexWrong { .. }
            | Finding::JournalDiffers { .. }
            | Finding::JournalDamaged { .. }
            | Finding::MetadataUnusable { .. } => Ok(()),
        }
    }

    /// Takes a blob out of its repositories.
    fn unlink(&mut self, digest: &str, repositories: &[String]) -> Result<(), UpkeepError> {
        if self.options.keep_links || repositories.is_empty() {
            return Ok(());
        }
        let target = parse::<Digest>(digest)?;
        let mut writes = Vec::new();
        for repository in repositories {
            writes.push((layout::blob(&parse(repository)?, &target), None));
        }
        self.actions.push(format!("took `{digest}` out of {} repositories", repositories.len()));
        self.write(writes)
    }

    fn write(&mut self, writes: Vec<Write>) -> Result<(), UpkeepError> {
        let batch = derive(self.engine, writes)?;
        commit(self.engine, Some(self.journal), batch)
    }

    /// Moves content out of the way, and returns where it is.
    fn quarantine(&self, digest: &str) -> Result<PathBuf, UpkeepError> {
        let digest = parse::<Digest>(digest)?;
        let (from, folder) =
            (layout::blob_file(self.data, &digest), layout::quarantine(self.data, digest.algorithm()));
        let mut to = folder.join(digest.hex());
        for number in 1.. {
            if files::size(&to)?.is_none() {
                break;
            }
            to = folder.join(format!("{}.{number}", digest.hex()));
        }
        let rename = || {
            std::fs::create_dir_all(&folder)?;
            std::fs::rename(&from, &to)?;
            sync_folder(&folder)?;
            sync_folder(from.parent().unwrap_or(self.data))
        };
        rename().map_err(UpkeepError::io("move", &from))?;
        Ok(to)
    }
}

/// Names in findings were made from parsed ones.
fn parse<T: std::str::FromStr>(text: &str) -> Result<T, UpkeepError>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|error: T::Err| UpkeepError::Io {
        action: "read the name",
        path: text.into(),
        source: io::Error::other(error),
    })
}
