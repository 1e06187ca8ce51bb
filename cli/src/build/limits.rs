//! What a build accepts at most.

/// How much of a compiler's output is kept for the error, in bytes; what came before it was passed on as it came.
pub(super) const OUTPUT_KEPT_BYTES_MAX: usize = 256 * 1024;

/// The length of one line of a compiler's output, in bytes; a longer one is passed on in pieces.
pub(super) const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The files of one component's sources.
pub(super) const SOURCE_FILES_MAX: usize = 20_000;

/// The WIT of one component with its dependencies, in bytes.
pub(super) const WIT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a compiler may write as the component or core module, in bytes.
pub(super) const COMPILED_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// A manifest of a language, such as `package.json`, in bytes.
pub(super) const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;
