//! What to do about each problem of a script.

use super::error::{ScriptError, ScriptFault, ScriptProblem, THE_SCRIPT};
use crate::hint::near;

impl ScriptError {
    /// The one step that most likely helps with the first problem, for a line that begins with `hint:`.
    pub fn hint(&self) -> Option<String> {
        self.problems.iter().find_map(ScriptProblem::hint)
    }
}

impl ScriptProblem {
    /// The one step that most likely helps.
    pub fn hint(&self) -> Option<String> {
        Some(match &self.fault {
            ScriptFault::TooLarge { .. }
            | ScriptFault::TooManyPackages { .. }
            | ScriptFault::TooManyInstances { .. }
            | ScriptFault::PackagesTooLarge { .. } => {
                "compose in steps: a composition is a component and can be a package of another script"
                    .to_owned()
            }
            ScriptFault::TooDeep => "give an inner part a name with `let`".to_owned(),
            ScriptFault::TypesTooLarge => "write the types as WIT and name their package".to_owned(),
            ScriptFault::Syntax { expected, .. } => syntax(expected)?,
            ScriptFault::Character { .. } => {
                "a script is text of words, strings and `{}()[]<>:;,.=`".to_owned()
            }
            ScriptFault::Empty { member, .. } => format!("write at least one {member}"),
            ScriptFault::Version { .. } => {
                "write a whole version, or none: without one the newest that fits is taken".to_owned()
            }
            ScriptFault::Unknown { what, name, known, .. } => match meant(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None if *what == "name" => "make it with `let` or `import` before it is used".to_owned(),
                None if known.is_empty() => "look at the package with `wkit inspect`".to_owned(),
                None => format!("use one of these {what}s"),
            },
            ScriptFault::UnknownPackage { name, known } => match near(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let path = name.split('@').next().unwrap_or_default().replace(':', "/");
                    format!(
                        "give it with `--dep {name}=FILE`, or put it into `deps/{path}.wasm` beside the script"
                    )
                }
            },
            ScriptFault::Duplicate { .. } => "give one of them another name".to_owned(),
            ScriptFault::WrongKind { expected, .. } if expected == "an instance" => {
                "only an instance has exports: use `new`, or an export that is an interface".to_owned()
            }
            ScriptFault::WrongKind { expected, .. } => format!("name {expected}"),
            ScriptFault::BorrowInResult => "give back the resource itself, without `borrow`".to_owned(),
            ScriptFault::Itself { .. } => {
                "give the script's package another name in its first line".to_owned()
            }
            ScriptFault::Package { source, .. } => crate::hint::decode_hint(source),
            ScriptFault::WitPackage { .. } => "name the component that implements the package".to_owned(),
            ScriptFault::MissingArguments { missing, sources, .. } => missing_hint(missing, sources)?,
            ScriptFault::FillNotLast => "move `...` to the end".to_owned(),
            ScriptFault::SpreadFillsNothing { exports, wanted, .. } => spread_hint(exports, wanted),
            ScriptFault::SpreadExportsNothing => {
                "remove the statement, or export something of it under another name with `as`".to_owned()
            }
            ScriptFault::ExportWithoutName => "add `as name`".to_owned(),
            ScriptFault::Mismatch(mismatch) if mismatch.exporter == THE_SCRIPT => {
                format!("import it with the type that `{}` asks for", mismatch.importer)
            }
            ScriptFault::Mismatch(mismatch) => crate::hint::mismatch_hint(mismatch),
            ScriptFault::ExternName { .. } => {
                "names are words joined by `-`, or `namespace:package/interface@version`".to_owned()
            }
            ScriptFault::ExportOfType { .. } => "export it under another name with `as`".to_owned(),
            ScriptFault::ImportTwice { name, .. } => {
                format!("give the import to the instance too, as `\"{name}\": …`, or remove the statement")
            }
            ScriptFault::ImportConflict(conflict) => format!(
                "build `{}` and `{}` against one version, or fill the import of one of them",
                conflict.first, conflict.second
            ),
            ScriptFault::ImportsConflict { .. } => "state one version of an interface only".to_owned(),
            ScriptFault::Target { misfit, .. } => misfit.hint(),
            ScriptFault::OwnTarget { world, .. } => {
                format!("change the script, or take `targets {world}` out of its first line")
            }
            ScriptFault::Encode { .. } => {
                "look at the packages with `wkit inspect`, and wire them one at a time".to_owned()
            }
        })
    }
}

/// The known name that is nearest; a single word may also be near the last word of an interface.
fn meant(name: &str, known: &[String]) -> Option<String> {
    let last_word = |known: &String| {
        let path = known.split('@').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let words: Vec<String> = known.iter().map(last_word).collect();
    let by_word = || if name.contains([':', '/']) { None } else { near(name, &words) };
    near(name, known).or_else(by_word).map(str::to_owned)
}

fn syntax(expected: &str) -> Option<String> {
    Some(
        match expected {
            "`package`" => "a script begins with `package namespace:name;`",
            "`;`" => "end the statement with `;`",
            "a package such as `ns:name`" => "a package has a namespace and a name, joined by `:`",
            "`,`" => "arguments are separated by `,`",
            _ if expected.contains("`import`") && expected.contains("`let`") => {
                "a statement begins with `import`, `let`, `export`, `type`, `interface` or `world`"
            }
            _ => "see `docs/composing.md` for the language",
        }
        .to_owned(),
    )
}

fn missing_hint(missing: &[String], sources: &[(String, String)]) -> Option<String> {
    Some(match sources.first() {
        Some((name, import)) => format!("`...{name}` fills `{import}`; a last `...` leaves all others open"),
        None => format!("fill it with `\"{}\": …`, or leave it open with a last `...`", missing.first()?),
    })
}

fn spread_hint(exports: &[String], wanted: &[String]) -> String {
    let same_path = |a: &str, b: &str| a.split('@').next() == b.split('@').next();
    for export in exports {
        if let Some(import) = wanted.iter().find(|import| same_path(import, export)) {
            return format!("it exports `{export}` and `{import}` is wanted: build both against one version");
        }
    }
    "remove it, or spread an instance that exports what is wanted".to_owned()
}
