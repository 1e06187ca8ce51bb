//! What an object file defines and what it still wants, so that a missing function can be named in words of the WIT.

use std::collections::BTreeMap;

use wasmparser::{
    BinaryReaderError, FuncType, KnownCustom, Linking, Parser, Payload, SymbolFlags, SymbolInfo, TypeRef,
};

/// The functions of an object file by their names, with their types.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    /// The functions that the object has.
    pub(super) defined: BTreeMap<String, FuncType>,
    /// The functions that it calls and does not have.
    pub(super) wanted: BTreeMap<String, FuncType>,
}

impl Symbols {
    /// Reads the symbol table of an object file.
    pub(super) fn read(object: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut table = Table::default();
        let mut symbols = Self::default();
        for payload in Parser::new(0).parse_all(object) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        table.types.push(ty?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(ty) = import.ty {
                            table.functions.push((Some(import.name.to_owned()), ty));
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        table.functions.push((None, ty?));
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Linking(linking) = section.as_known() {
                        for part in linking.subsections() {
                            let Linking::SymbolTable(entries) = part? else { continue };
                            for entry in entries {
                                symbols.add(&table, entry?);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(symbols)
    }

    fn add(&mut self, table: &Table, symbol: SymbolInfo<'_>) {
        let SymbolInfo::Func { flags, index, name } = symbol else { return };
        let Some((imported, ty)) = table.functions.get(index as usize) else { return };
        let Some(ty) = table.types.get(*ty as usize) else { return };
        let Some(name) = name.map(str::to_owned).or_else(|| imported.clone()) else { return };
        if flags.contains(SymbolFlags::UNDEFINED) {
            // One with a name of its own beside the import's is a function of another component.
            self.wanted.insert(name, ty.clone());
        } else if !flags.contains(SymbolFlags::BINDING_LOCAL) {
            self.defined.insert(name, ty.clone());
        }
    }
}

/// What the sections in front of the symbol table say.
#[derive(Default)]
struct Table {
    types: Vec<FuncType>,
    /// The name of an imported function, and the index of each one's type.
    functions: Vec<(Option<String>, u32)>,
}

/// A type such as `(i32, f64) -> i32`.
pub(super) fn shown(ty: &FuncType) -> String {
    let list =
        |types: &[wasmparser::ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match ty.results() {
        [] => format!("({})", list(ty.params())),
        results => format!("({}) -> {}", list(ty.params()), list(results)),
    }
}
