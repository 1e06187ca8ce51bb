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
    for resource in exports.iter().filter_map(|export| export.name.strip_suffix("_destructor")) {
        text.push_str(&format!(
            "\n// What a resource consists of.\nstruct {resource}_t {{\n    int unused;\n}};\n"
        ));
    }
    for export in exports.iter().filter(|_| !command) {
        let Some(declaration) = declaration(&header, &export.name) else { continue };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::wit;

    fn skeleton(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, text).unwrap();
        of(&wit::load(&file, "w").unwrap()).unwrap().remove(0).text
    }

    #[test]
    fn every_export_is_there_with_its_declaration() {
        let text = skeleton(
            "package a:b@1.0.0; interface i { resource r { constructor(n: u8); } \
             say: func(to: string) -> result<u32, string>; } \
             world w { import other: func(); export i; export go: func(fast: bool) -> u64; }",
        );
        let expected = [
            "uint64_t exports_w_go(bool fast) {\n    not_implemented(\"go\");\n}\n",
            "bool exports_a_b_i_say(w_string_t *to, uint32_t *ret, w_string_t *err) {\n    \
             not_implemented(\"a:b/i@1.0.0#say\");\n}\n",
            "exports_a_b_i_own_r_t exports_a_b_i_constructor_r(uint8_t n) {",
            "struct exports_a_b_i_r_t {\n    int unused;\n};\n",
            "void exports_a_b_i_r_destructor(exports_a_b_i_r_t *rep) {",
        ];
        for expected in expected {
            assert!(text.contains(expected), "no `{expected}` in\n{text}");
        }
        assert!(!text.contains("other") && !text.contains("int main"), "{text}");
    }

    #[test]
    fn a_world_without_exports_has_a_main() {
        let text = skeleton("package a:b; world w { import other: func(); }");
        assert!(text.ends_with("\nint main(void) {\n    not_implemented(\"main\");\n}\n"), "{text}");
    }
}
