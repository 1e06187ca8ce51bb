//! A source in C that has every function of a world, to be filled in.

use super::super::SourceFile;
use super::super::error::BuildError;
use super::super::wit::Wit;

/// The source of a component called `name`.
pub(super) fn of(name: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
    let _ = (name, wit);
    Ok(Vec::new())
}
