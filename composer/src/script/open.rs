//! What a script leaves open: whether it may, and stubs for it.

use wac_parser::Statement;

use super::Script;
use super::document::imported_name;
use crate::composition::{ComposedExport, Composition, Importer, OpenImport, Wire};
use crate::error::ComposeError;
use crate::mock::{self, Missing, StubError, Stubbed};
use crate::open;
use crate::plan::{Input, Plan, PlannedOpen};
use crate::plug::line;

impl Script<'_> {
    /// Refuses what a composition of this script leaves open: every import but those of `import` statements, those of
    /// nothing but types, and those that `allowed` names, as patterns like those of
    /// [`Plan::allow_open`](crate::Plan::allow_open).
    ///
    /// # Errors
    ///
    /// [`ComposeError::Incomplete`] with all of them.
    pub fn check_complete(&self, composition: &Composition, allowed: &[String]) -> Result<(), ComposeError> {
        let Composition { imports, surface, near_misses, .. } = composition;
        open::check_complete(imports, surface, near_misses, allowed, |open| self.imports(open))
    }

    /// Fills what a composition of this script leaves open with stubs, but for what `import` statements name. The
    /// composition becomes one component beside the stubs; its instances keep their names and stay in what is told.
    /// Without anything to fill it stays what it is.
    ///
    /// # Errors
    ///
    /// See [`StubError`].
    pub fn stub_missing(&self, composition: Composition, missing: &Missing) -> Result<Stubbed, StubError> {
        let name = self.package().split('@').next().unwrap_or_default().to_owned();
        let stated = composition.imports.iter().filter(|import| self.imports(import));
        let open = |import: &OpenImport| PlannedOpen { importer: None, import: import.name.clone() };
        let plan = Plan { socket: Some(name.clone()), open: stated.map(open).collect(), ..Plan::default() };
        let bytes = composition.bytes.to_vec().map_err(|error| mock::unreadable(&name, &error))?;
        let inputs = [Input { name: name.clone(), bytes: bytes.into() }];
        let Stubbed { composition: outer, stubs } =
            mock::stub(&inputs, &plan, missing, &composition.instances)?;
        if stubs.is_empty() {
            return Ok(Stubbed { composition, stubs });
        }
        let inside = Inside { name: &name, composition: &composition };
        let stubs = stubs
            .into_iter()
            .map(|mut stub| {
                stub.importers = inside.importers(stub.importers);
                stub
            })
            .collect();
        Ok(Stubbed { composition: inside.opened(outer), stubs })
    }

    /// Whether a statement of the script makes this import.
    fn imports(&self, open: &OpenImport) -> bool {
        self.document.statements.iter().any(|statement| match statement {
            Statement::Import(statement) => line(imported_name(statement)) == line(&open.name),
            _ => false,
        })
    }
}

/// A composition that is one instance of another one.
struct Inside<'a> {
    name: &'a str,
    composition: &'a Composition,
}

impl Inside<'_> {
    /// The outer composition, with the instances of the inner one in place of the one that it is.
    fn opened(&self, outer: Composition) -> Composition {
        let of_outer = outer.instances.into_iter().filter(|instance| instance.name != self.name);
        let mut wires = self.composition.wires.clone();
        wires.extend(outer.wires.into_iter().flat_map(|wire| self.wires(wire)));
        wires.sort_by(|a, b| (&a.importer, &a.import).cmp(&(&b.importer, &b.import)));
        let importers = |open: OpenImport| OpenImport { importers: self.importers(open.importers), ..open };
        Composition {
            socket: self.composition.socket.clone(),
            instances: of_outer.chain(self.composition.instances.iter().cloned()).collect(),
            wires,
            imports: outer.imports.into_iter().map(importers).collect(),
            exports: outer.exports.into_iter().map(|export| self.export(export)).collect(),
            dropped: self.composition.dropped.clone(),
            ..outer
        }
    }

    /// Who needs an import of the inner composition.
    fn of(&self, import: &str) -> &[Importer] {
        let open = self.composition.imports.iter().find(|open| open.name == import);
        open.map_or(&[], |open| &open.importers)
    }

    fn importers(&self, outer: Vec<Importer>) -> Vec<Importer> {
        let inner = outer.into_iter().flat_map(|importer| {
            if importer.instance == self.name { self.of(&importer.import).to_vec() } else { vec![importer] }
        });
        inner.collect()
    }

    fn wires(&self, wire: Wire) -> Vec<Wire> {
        if wire.importer != self.name {
            return vec![wire];
        }
        let inner = self.of(&wire.import).iter().map(|importer| Wire {
            importer: importer.instance.clone(),
            import: importer.import.clone(),
            ..wire.clone()
        });
        inner.collect()
    }

    fn export(&self, export: ComposedExport) -> ComposedExport {
        let inner = self.composition.exports.iter().find(|inner| inner.name == export.export);
        match inner {
            Some(inner) if export.instance == self.name => {
                ComposedExport { name: export.name, ..inner.clone() }
            }
            _ => export,
        }
    }
}
