//! A source in C that has every function of a world, to be filled in.

use super::super::SourceFile;
use super::super::error::BuildError;
use super::super::native;
use super::super::wit::Wit;

/// Where the source goes.
const FILE: &str = "src/component.c";

/// What every function that is to be filled in calls.
const NOT_IMPLEMENTED: &str = "static _Noreturn void not_implemented(const char *name) {
    fprintf(stderr, \"not implemented: %s\\n\", name);
    abort();
}
";

/// The source for a world: declarations come from the header of its bindings.
pub(super) fn of(wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
    let files = super::bindings(wit)?;
    let (name, header) = files
        .iter()
        .find(|(name, _)| name.ends_with(".h"))
        .map(|(name, contents)| (name.to_owned(), String::from_utf8_lossy(contents).into_owned()))
        .unwrap_or_default();
    let mut text =
        format!("#include \"{name}\"\n\n#include <stdio.h>\n#include <stdlib.h>\n\n{NOT_IMPLEMENTED}");
    let exports = super::exports(wit);
    let command = native::is_command(wit);
    for export in exports.iter().filter(|_| !command) {
        let Some(declaration) = declaration(&header, &export.name) else { continue };
        if let Some(resource) = export.name.strip_suffix("_destructor") {
            text.push_str(&format!(
                "\n// What a resource consists of.\nstruct {resource}_t {{\n    int unused;\n}};\n"
            ));
        }
        text.push_str(&format!("\n{declaration} {{\n    not_implemented(\"{}\");\n}}\n", export.wit));
    }
    if command {
        text.push_str("\nint main(void) {\n    not_implemented(\"main\");\n}\n");
    }
    Ok(vec![SourceFile { path: FILE.to_owned(), text }])
}

/// The declaration of a function in a header, without the semicolon.
fn declaration<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.lines().find_map(|line| {
        let declaration = line.strip_suffix(");").filter(|line| !line.starts_with("extern "))?;
        let (before, _) = declaration.split_once('(')?;
        let same = before.rsplit([' ', '*']).next() == Some(name);
        same.then(|| &line[..line.len() - 1])
    })
}
