//! A file system that is baked in and read only.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::Provider;
use crate::bindings::exports::wkit::provider::files::{
    Advice, Descriptor as Handle, DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType,
    DirectoryEntry, DirectoryEntryStream, ErrorCode, Guest, GuestDescriptor, GuestDirectoryEntryStream,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use crate::bindings::exports::wkit::provider::{preopens, streams};
use crate::bindings::wkit::provider::image;
use crate::io::InputStream;

/// The most that one read gives.
const READ_BYTES_MAX: u64 = 1024 * 1024;

/// The root, which is the first node.
const ROOT: usize = 0;

enum Node {
    Folder(BTreeMap<String, usize>),
    File { start: u64, end: u64 },
}

impl Node {
    fn kind(&self) -> DescriptorType {
        match self {
            Self::Folder(_) => DescriptorType::Directory,
            Self::File { .. } => DescriptorType::RegularFile,
        }
    }
}

/// All nodes, read from the image at the first look.
fn nodes() -> &'static [Node] {
    static NODES: OnceLock<Vec<Node>> = OnceLock::new();
    NODES.get_or_init(|| {
        let mut nodes = vec![Node::Folder(BTreeMap::new())];
        let mut offset = 0;
        for line in image::index().lines() {
            let (node, path) = match line.split_at(2) {
                ("F ", rest) => {
                    let (size, path) = rest.split_once(' ').expect("a file has a size");
                    let start = offset;
                    offset += size.parse::<u64>().expect("a size is a number");
                    (Node::File { start, end: offset }, path)
                }
                (_, path) => (Node::Folder(BTreeMap::new()), path),
            };
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            let parent = walk(&nodes, ROOT, parent).expect("folders come before what is in them");
            let index = nodes.len();
            nodes.push(node);
            if let Node::Folder(entries) = &mut nodes[parent] {
                entries.insert(name.to_owned(), index);
            }
        }
        nodes
    })
}

/// Follows a path down from a folder; it cannot lead out of it.
fn walk(nodes: &[Node], from: usize, path: &str) -> Result<usize, ErrorCode> {
    if path.starts_with('/') {
        return Err(ErrorCode::NotPermitted);
    }
    let mut trail = vec![from];
    let mut at = from;
    for part in path.split('/') {
        let Node::Folder(entries) = &nodes[at] else { return Err(ErrorCode::NotDirectory) };
        match part {
            "" | "." => {}
            ".." => {
                trail.pop();
                at = *trail.last().ok_or(ErrorCode::NotPermitted)?;
            }
            name => {
                at = *entries.get(name).ok_or(ErrorCode::NoEntry)?;
                trail.push(at);
            }
        }
    }
    Ok(at)
}

impl Guest for Provider {
    type Descriptor = Descriptor;
    type DirectoryEntryStream = Entries;
}

impl preopens::Guest for Provider {
    fn get_directories() -> Vec<(Handle, String)> {
        vec![(Handle::new(Descriptor(ROOT)), "/".to_owned())]
    }
}

/// An open file or folder.
pub(crate) struct Descriptor(usize);

impl Descriptor {
    fn node(&self) -> &'static Node {
        &nodes()[self.0]
    }

    fn at(&self, path: &str) -> Result<usize, ErrorCode> {
        walk(nodes(), self.0, path)
    }

    /// The place of a file's contents in the image.
    fn contents(&self) -> Result<(u64, u64), ErrorCode> {
        match self.node() {
            Node::File { start, end } => Ok((*start, *end)),
            Node::Folder(_) => Err(ErrorCode::IsDirectory),
        }
    }
}

fn stat(index: usize) -> DescriptorStat {
    let node = &nodes()[index];
    DescriptorStat {
        type_: node.kind(),
        link_count: 1,
        size: if let Node::File { start, end } = node { end - start } else { 0 },
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

fn hash(index: usize) -> MetadataHashValue {
    MetadataHashValue { lower: index as u64, upper: 0 }
}

impl GuestDescriptor for Descriptor {
    fn read_via_stream(&self, offset: u64) -> Result<streams::InputStream, ErrorCode> {
        let (start, end) = self.contents()?;
        let start = start.saturating_add(offset).min(end);
        Ok(streams::InputStream::new(InputStream::new(start, end)))
    }

    fn write_via_stream(&self, _: u64) -> Result<streams::OutputStream, ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn append_via_stream(&self) -> Result<streams::OutputStream, ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn advise(&self, _: u64, _: u64, _: Advice) -> Result<(), ErrorCode> {
        Ok(())
    }

    fn sync_data(&self) -> Result<(), ErrorCode> {
        Ok(())
    }

    fn get_flags(&self) -> Result<DescriptorFlags, ErrorCode> {
        Ok(DescriptorFlags::READ)
    }

    fn get_type(&self) -> Result<DescriptorType, ErrorCode> {
        Ok(self.node().kind())
    }

    fn set_size(&self, _: u64) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn set_times(&self, _: NewTimestamp, _: NewTimestamp) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn read(&self, length: u64, offset: u64) -> Result<(Vec<u8>, bool), ErrorCode> {
        let (start, end) = self.contents()?;
        let start = start.saturating_add(offset).min(end);
        let length = length.min(end - start).min(READ_BYTES_MAX);
        let bytes = if length == 0 { Vec::new() } else { image::read(start, length) };
        Ok((bytes, start + length == end))
    }

    fn write(&self, _: Vec<u8>, _: u64) -> Result<u64, ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn read_directory(&self) -> Result<DirectoryEntryStream, ErrorCode> {
        match self.node() {
            Node::Folder(_) => Ok(DirectoryEntryStream::new(Entries { folder: self.0, next: Cell::new(0) })),
            Node::File { .. } => Err(ErrorCode::NotDirectory),
        }
    }

    fn sync(&self) -> Result<(), ErrorCode> {
        Ok(())
    }

    fn create_directory_at(&self, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn stat(&self) -> Result<DescriptorStat, ErrorCode> {
        Ok(stat(self.0))
    }

    fn stat_at(&self, _: PathFlags, path: String) -> Result<DescriptorStat, ErrorCode> {
        self.at(&path).map(stat)
    }

    fn set_times_at(
        &self,
        _: PathFlags,
        _: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn link_at(&self, _: PathFlags, _: String, _: DescriptorBorrow<'_>, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn open_at(
        &self,
        _: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Handle, ErrorCode> {
        let index = match self.at(&path) {
            Ok(index) => index,
            Err(ErrorCode::NoEntry) if open.contains(OpenFlags::CREATE) => return Err(ErrorCode::ReadOnly),
            Err(code) => return Err(code),
        };
        let is_file = matches!(nodes()[index], Node::File { .. });
        if open.contains(OpenFlags::CREATE | OpenFlags::EXCLUSIVE) {
            return Err(ErrorCode::Exist);
        }
        if open.contains(OpenFlags::DIRECTORY) && is_file {
            return Err(ErrorCode::NotDirectory);
        }
        if open.contains(OpenFlags::TRUNCATE) || flags.contains(DescriptorFlags::WRITE) {
            return Err(if is_file { ErrorCode::ReadOnly } else { ErrorCode::IsDirectory });
        }
        Ok(Handle::new(Descriptor(index)))
    }

    fn readlink_at(&self, path: String) -> Result<String, ErrorCode> {
        // Nothing here is a link.
        self.at(&path).and(Err(ErrorCode::Invalid))
    }

    fn remove_directory_at(&self, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn rename_at(&self, _: String, _: DescriptorBorrow<'_>, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn symlink_at(&self, _: String, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn unlink_file_at(&self, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        self.0 == other.get::<Descriptor>().0
    }

    fn metadata_hash(&self) -> Result<MetadataHashValue, ErrorCode> {
        Ok(hash(self.0))
    }

    fn metadata_hash_at(&self, _: PathFlags, path: String) -> Result<MetadataHashValue, ErrorCode> {
        self.at(&path).map(hash)
    }
}

/// What is left of a folder's entries.
pub(crate) struct Entries {
    folder: usize,
    next: Cell<usize>,
}

impl GuestDirectoryEntryStream for Entries {
    fn read_directory_entry(&self) -> Result<Option<DirectoryEntry>, ErrorCode> {
        let Node::Folder(entries) = &nodes()[self.folder] else { return Err(ErrorCode::NotDirectory) };
        let next = self.next.replace(self.next.get() + 1);
        Ok(entries
            .iter()
            .nth(next)
            .map(|(name, index)| DirectoryEntry { type_: nodes()[*index].kind(), name: name.clone() }))
    }
}
