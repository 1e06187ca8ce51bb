//! Writes a script of the wac language.

use std::fmt::Write as _;

use super::{Exported, Instance, Item, words};

/// The script of a composition that is called `name`.
pub(super) fn write(name: &str, instances: &[Instance], exports: &[Exported]) -> String {
    let mut out = format!("package exploded:{};\n", words::said(&words::identifier(name).to_lowercase()));
    for instance in instances {
        let _ = write!(out, "\nlet {} = new {} {{", words::said(&instance.name), instance.package);
        for (import, item) in &instance.arguments {
            let _ = write!(out, "\n    \"{import}\": {},", expression(item, instances));
        }
        if instance.is_open {
            out += if instance.arguments.is_empty() { " ... " } else { "\n    ...\n" };
        } else if !instance.arguments.is_empty() {
            out.push('\n');
        }
        out += "};\n";
    }
    if !exports.is_empty() {
        out.push('\n');
    }
    for export in exports {
        let _ = writeln!(out, "export {} as \"{}\";", expression(&export.item, instances), export.name);
    }
    out
}

fn expression(item: &Item, instances: &[Instance]) -> String {
    let mut accesses = Vec::new();
    let mut item = item;
    while let Item::Access(of, name, _) = item {
        accesses.push(format!("[\"{name}\"]"));
        item = of;
    }
    let base = match item {
        Item::Instance(place) => words::said(&instances[*place].name),
        // Nothing else is put into a script.
        _ => String::new(),
    };
    accesses.reverse();
    base + &accesses.concat()
}
