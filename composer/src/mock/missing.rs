//! Composes with stubs for what nothing fills.

use serde::Serialize;
use thiserror::Error;
use wkit_interface::ItemKind;

use super::{Imports, Mock, MockError, Otherwise, StubFunction, mock};
use crate::composition::{ComposedInstance, Composition, Importer, OpenImport};
use crate::error::{ComposeError, OpenImportNeedsInner};
use crate::plan::{Input, Plan};
use crate::problems::Problems;

/// Which open imports are filled by stubs, and what the stubs do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Which open imports; those that the plan leaves open by choice are never filled.
    pub imports: Imports,
    /// What their functions do.
    pub otherwise: Otherwise,
}

/// A composition, and what was filled by stubs.
#[derive(Debug, Clone)]
pub struct Stubbed {
    /// The composition, the stubs among its instances.
    pub composition: Composition,
    /// The imports that stubs fill, in the order of their names.
    pub stubs: Vec<StubbedImport>,
}

/// An import that a stub fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StubbedImport {
    /// The import; of several versions that stand in for each other the highest.
    pub import: String,
    /// The instance that is the stub.
    pub stub: String,
    /// Who needs it.
    pub importers: Vec<Importer>,
    /// What its functions do.
    pub functions: Vec<StubFunction>,
}

/// Why components do not compose with stubs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StubError {
    /// They do not compose, whatever is stubbed.
    #[error(transparent)]
    Compose(#[from] Problems),

    /// There is no stub for an open import.
    #[error("no stub can be made: {0}")]
    Mock(#[from] MockError),
}

impl StubError {
    /// The one step that most likely helps, for a line that begins with `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Compose(error) => error.hint(),
            Self::Mock(error) => error.hint(),
        }
    }
}

/// Composes like [`compose`](crate::compose), and fills what nothing fills with stubs. Without anything to fill the result
/// is the same.
///
/// There is one stub for everything, which all importers share; where that would close a circle, one for each import.
///
/// # Errors
///
/// See [`StubError`].
pub fn compose_with_stubs(inputs: &[Input], plan: &Plan, missing: &Missing) -> Result<Stubbed, StubError> {
    stub(inputs, plan, missing, &[])
}

/// The same; no stub is called like one of `taken`.
pub(crate) fn stub(
    inputs: &[Input],
    plan: &Plan,
    missing: &Missing,
    taken: &[ComposedInstance],
) -> Result<Stubbed, StubError> {
    let mut work = Work { inputs: inputs.to_vec(), plan: plan.clone(), missing, taken, made: Vec::new() };
    // What the plan allows to stay open is judged when the stubs are in.
    work.plan.allow_open = None;
    let first = work.compose_outside()?;
    work.plan.socket.clone_from(&first.socket);
    let open: Vec<&OpenImport> =
        first.imports.iter().filter(|import| work.is_wanted(&first, import)).collect();
    let composition = if open.is_empty() {
        work.compose_as_planned(plan)?
    } else {
        let before = (work.inputs.clone(), work.made.clone());
        let source = first
            .bytes
            .to_vec()
            .map_err(|error| unreadable(first.socket.as_deref().unwrap_or_default(), &error))?;
        work.stub(&source, &open)?;
        match work.compose_as_planned(plan) {
            Err(problems) if problems.iter().any(|problem| matches!(problem, ComposeError::Cycle(_))) => {
                (work.inputs, work.made) = before;
                for import in &open {
                    work.stub(&source, &[import])?;
                }
                work.compose_as_planned(plan)?
            }
            other => other?,
        }
    };
    let stubs = stubbed(&composition, &work.made);
    Ok(Stubbed { composition, stubs })
}

struct Work<'a> {
    inputs: Vec<Input>,
    plan: Plan,
    missing: &'a Missing,
    /// Instances that are inside an input and seen from outside.
    taken: &'a [ComposedInstance],
    /// The name of each stub, and what its functions do.
    made: Vec<(String, Vec<StubFunction>)>,
}

impl Work<'_> {
    /// Composes without the stubs for what comes from outside. An open import that speaks of a resource from inside has
    /// no place outside, so there its stub is made at once.
    fn compose_outside(&mut self) -> Result<Composition, StubError> {
        loop {
            let problems = match crate::compose(&self.inputs, &self.plan) {
                Ok(composition) => return Ok(composition),
                Err(problems) => problems,
            };
            let stubbed = problems.iter().find_map(|problem| match problem {
                ComposeError::OpenImportNeedsInner(open) if self.can_stub(open) => Some(open),
                _ => None,
            });
            let Some(open) = stubbed else { return Err(problems.into()) };
            let (importer, import) = (open.importer.clone(), open.import.clone());
            let Some(input) = self.input_of(&importer) else { return Err(problems.into()) };
            let bytes = input.bytes.read().map_err(|error| unreadable(&importer, &error))?;
            self.add(&bytes, vec![import])?;
        }
    }

    fn compose_as_planned(&self, plan: &Plan) -> Result<Composition, Problems> {
        let plan = Plan { socket: self.plan.socket.clone(), ..plan.clone() };
        crate::compose(&self.inputs, &plan)
    }

    fn can_stub(&self, open: &OpenImportNeedsInner) -> bool {
        let is_made = self
            .made
            .iter()
            .any(|(_, functions)| functions.iter().any(|function| function.interface == open.import));
        !is_made && self.missing.imports.contain(&open.import) && self.input_of(&open.importer).is_some()
    }

    /// The component of an instance; that of `app/log` is the one of `log`.
    fn input_of(&self, instance: &str) -> Option<&Input> {
        let planned = instance.rsplit('/').next().unwrap_or(instance);
        let component = self.plan.instances.iter().find(|known| known.name == planned);
        let component = component.map_or(planned, |known| known.component.as_str());
        self.inputs.iter().find(|input| input.name == component)
    }

    /// Whether an import that stays open is to be filled: one with functions, that is not open by choice.
    fn is_wanted(&self, composition: &Composition, import: &OpenImport) -> bool {
        let Some(item) = composition.surface.import(&import.name) else { return false };
        let has_code = match item.kind {
            ItemKind::Function => true,
            ItemKind::Interface | ItemKind::Instance => {
                !(item.functions.is_empty() && item.resources.is_empty())
            }
            ItemKind::Type | ItemKind::Component | ItemKind::Module | ItemKind::Value => false,
        };
        has_code && !import.is_stated() && self.missing.imports.contain(&import.name)
    }

    fn stub(&mut self, source: &[u8], open: &[&OpenImport]) -> Result<(), StubError> {
        self.add(source, open.iter().map(|import| import.name.clone()).collect())
    }

    fn add(&mut self, source: &[u8], imports: Vec<String>) -> Result<(), StubError> {
        let imports = Imports::Only(imports);
        let stub = mock(&Mock { source, imports, otherwise: self.missing.otherwise, ..Mock::default() })?;
        let name = self.free_name();
        self.inputs.push(Input { name: name.clone(), bytes: stub.bytes.into() });
        self.made.push((name, stub.functions));
        Ok(())
    }

    fn free_name(&self) -> String {
        let is_free = |name: &String| {
            let named = self.inputs.iter().map(|input| &input.name);
            let named = named.chain(self.taken.iter().map(|instance| &instance.name));
            !named.chain(self.plan.instances.iter().map(|instance| &instance.name)).any(|known| known == name)
        };
        let mut number = 1;
        loop {
            let name = if number == 1 { "stub".to_owned() } else { format!("stub-{number}") };
            if is_free(&name) {
                return name;
            }
            number += 1;
        }
    }
}

/// The file of an input is gone or another one since it was composed.
pub(crate) fn unreadable(name: &str, error: &std::io::Error) -> Problems {
    let (name, message) = (name.to_owned(), crate::reading::io_message(error));
    ComposeError::Read { name, message }.into()
}

fn stubbed(composition: &Composition, made: &[(String, Vec<StubFunction>)]) -> Vec<StubbedImport> {
    let mut stubs: Vec<StubbedImport> = Vec::new();
    for wire in &composition.wires {
        let Some((stub, functions)) = made.iter().find(|(name, _)| *name == wire.exporter) else { continue };
        let importer =
            Importer { instance: wire.importer.clone(), import: wire.import.clone(), stated: false };
        // A stub that needs the types of another one is no user of it.
        if made.iter().any(|(name, _)| *name == importer.instance) {
            continue;
        }
        match stubs.iter_mut().find(|known| known.import == wire.export && known.stub == *stub) {
            Some(known) => known.importers.push(importer),
            None => stubs.push(StubbedImport {
                import: wire.export.clone(),
                stub: stub.clone(),
                importers: vec![importer],
                functions: functions
                    .iter()
                    .filter(|function| {
                        function.interface == wire.export
                            || (function.interface.is_empty() && function.function == wire.export)
                    })
                    .cloned()
                    .collect(),
            }),
        }
    }
    stubs.sort_by(|one, other| (&one.import, &one.stub).cmp(&(&other.import, &other.stub)));
    stubs
}
