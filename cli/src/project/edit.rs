//! Changes `wkit.toml` as a person would: comments, order and spacing stay what they are.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::DependencySource;

/// Why `wkit.toml` cannot be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// The file is not TOML.
    #[error("the file is not valid: {0}")]
    Toml(#[from] toml_edit::TomlError),
    /// `dependencies` is no table.
    #[error("expected a table `[dependencies]`, found another kind of value")]
    NoTable,
    /// There is no such dependency.
    #[error("the project has no dependency `{name}`; it has {}", list(known))]
    Unknown {
        /// The name.
        name: String,
        /// The dependencies there are.
        known: Vec<String>,
    },
}

/// `text` with the dependency `name`, in the place of one of that name, else behind the others.
pub(crate) fn with_dependency(
    text: &str,
    name: &str,
    source: &DependencySource,
) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse()?;
    let value = match source {
        DependencySource::Registry(locator) => Value::from(locator.to_string()),
        DependencySource::File(path) => {
            let mut table = InlineTable::new();
            table.insert("path", path.display().to_string().into());
            Value::InlineTable(table)
        }
    };
    let table = document.entry("dependencies").or_insert_with(|| Item::Table(Table::new()));
    let table = table.as_table_like_mut().ok_or(EditError::NoTable)?;
    match table.get_mut(name).and_then(Item::as_value_mut) {
        // What stands around the old value stays, a comment behind it for example.
        Some(known) => {
            let decor = known.decor().clone();
            *known = value;
            *known.decor_mut() = decor;
        }
        None => {
            table.insert(name, Item::Value(value));
        }
    }
    Ok(document.to_string())
}

/// `text` without the dependency `name`; an empty `[dependencies]` goes with the last one.
pub(crate) fn without_dependency(text: &str, name: &str) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse()?;
    let known = |table: &dyn TableLike| table.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let Some(item) = document.get_mut("dependencies") else {
        return Err(EditError::Unknown { name: name.to_owned(), known: Vec::new() });
    };
    let table = item.as_table_like_mut().ok_or(EditError::NoTable)?;
    if table.remove(name).is_none() {
        return Err(EditError::Unknown { name: name.to_owned(), known: known(table) });
    }
    if table.is_empty() {
        document.remove("dependencies");
    }
    Ok(document.to_string())
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# the shop\n[project]\nname = \"shop\"   # short\n\n[dependencies]\n# rates change in January\ntax = \"acme:tax@^1\"  # keep\n\n[compose]\nsocket = \"app\"\n";

    fn registry(text: &str) -> DependencySource {
        DependencySource::Registry(text.parse().unwrap())
    }

    #[test]
    fn everything_else_stays() {
        let added = with_dependency(FILE, "log", &registry("acme:log@^2.1.0")).unwrap();
        assert_eq!(added, FILE.replace("# keep\n", "# keep\nlog = \"acme:log@^2.1.0\"\n"));
        assert_eq!(without_dependency(&added, "log").unwrap(), FILE);

        let replaced = with_dependency(FILE, "tax", &registry("acme:tax@^2")).unwrap();
        assert_eq!(replaced, FILE.replace("acme:tax@^1", "acme:tax@^2"));

        let file = with_dependency(FILE, "log", &DependencySource::File("a \"b\".wasm".into())).unwrap();
        assert!(file.contains("log = { path = 'a \"b\".wasm' }\n"), "{file}");
    }

    #[test]
    fn the_first_and_the_last() {
        let bare = "[project]\nname = \"shop\"\n";
        let added = with_dependency(bare, "tax", &registry("acme:tax@^1")).unwrap();
        assert_eq!(added, "[project]\nname = \"shop\"\n\n[dependencies]\ntax = \"acme:tax@^1\"\n");
        assert_eq!(without_dependency(&added, "tax").unwrap(), bare);
    }

    #[test]
    fn what_cannot_be_changed() {
        assert_eq!(
            without_dependency(FILE, "log").unwrap_err().to_string(),
            "the project has no dependency `log`; it has `tax`"
        );
        assert!(matches!(
            with_dependency("dependencies = 1", "log", &registry("a:b")),
            Err(EditError::NoTable)
        ));
        assert!(matches!(with_dependency("[", "log", &registry("a:b")), Err(EditError::Toml(_))));
    }
}
