//! The folder that all Rust components of a project compile in, so that what they depend on is compiled once.
//!
//! Cargo gives what it compiles names that tell packages apart, except for binaries and `cdylib`s of Wasm: two
//! packages with results of one name would take each other's file for their own. So each name belongs to one component,
//! and another one that has it compiles in a folder of its own.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::super::error::BuildError;

/// Takes `names` in the folder `shared` for the component in `folder`; false where one belongs to another component.
pub(super) fn claim(shared: &Path, names: &[String], folder: &Path) -> Result<bool, BuildError> {
    let owners = shared.join("wkit-owners");
    let failed = |source| BuildError::io("write into", &owners, source);
    fs::create_dir_all(&owners).map_err(failed)?;
    for name in names {
        // Cargo writes `_` for `-`.
        let file = owners.join(name.replace('-', "_"));
        if !is_own(&file, folder, &owners).map_err(failed)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the name of `file` belongs to `folder`, after it was taken if it was free.
fn is_own(file: &Path, folder: &Path, owners: &Path) -> io::Result<bool> {
    let own = folder.to_string_lossy();
    let owner = fs::read_to_string(file).unwrap_or_default();
    if owner == own {
        return Ok(true);
    }
    let has_gone = !owner.is_empty() && !Path::new(&owner).join("Cargo.toml").exists();
    let mut claim = tempfile::NamedTempFile::new_in(owners)?;
    claim.write_all(own.as_bytes())?;
    if has_gone {
        claim.persist(file).map_err(|error| error.error)?;
        return Ok(true);
    }
    // Of two components that want a free name, one gets it.
    match claim.persist_noclobber(file) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_belongs_to_one_component() {
        let place = tempfile::tempdir().unwrap();
        let shared = place.path().join("shared");
        let component = |name: &str| {
            let folder = place.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("Cargo.toml"), "").unwrap();
            folder
        };
        let (one, two) = (component("one"), component("two"));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(claim(&shared, &names(&["my-till"]), &one).unwrap());
        assert!(claim(&shared, &names(&["my-till"]), &one).unwrap());
        assert!(!claim(&shared, &names(&["other", "my_till"]), &two).unwrap());
        assert!(claim(&shared, &names(&["other"]), &two).unwrap());

        fs::remove_dir_all(&one).unwrap();
        assert!(
            claim(&shared, &names(&["my_till"]), &two).unwrap(),
            "a component that has gone has no names"
        );
    }
}
