//! The inputs, read and sorted by name, so that their order does not matter.

use std::sync::Arc;

use wkit_interface::{Item, ItemKind, Surface, SurfaceKind};

use crate::engine::Packages;
use crate::error::ComposeError;
use crate::limits::{COMPOSITION_BYTES_MAX, INPUTS_MAX};
use crate::plan::Input;
use crate::reading::{self, Read, Unread};
use crate::shell::Shells;

/// One input, read.
pub(crate) struct Component<'a> {
    pub(crate) name: &'a str,
    pub(crate) surface: Arc<Surface>,
    /// The number of its shell.
    pub(crate) shell: usize,
}

impl Component<'_> {
    /// The imports that a component can fill: all but types, which are equal by their structure and always stay open.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &Item> {
        self.surface.imports.iter().filter(|item| item.kind != ItemKind::Type)
    }
}

/// Reads all inputs, makes their shells, and packages of them; those that cannot be read are left out and become problems.
pub(crate) fn read<'a>(
    inputs: &'a [Input],
    problems: &mut Vec<ComposeError>,
) -> Result<(Vec<Component<'a>>, Shells, Packages), ComposeError> {
    if inputs.is_empty() {
        return Err(ComposeError::NoInputs);
    }
    if inputs.len() > INPUTS_MAX {
        return Err(ComposeError::TooManyInputs { count: inputs.len() });
    }
    let size_bytes = inputs.iter().fold(0_usize, |sum, input| sum.saturating_add(input.bytes.len()));
    if size_bytes > COMPOSITION_BYTES_MAX {
        return Err(ComposeError::TooLarge { size_bytes });
    }
    let mut sorted: Vec<&Input> = inputs.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(ComposeError::DuplicateName { name: pair[0].name.clone() });
    }
    let mut components = Vec::with_capacity(sorted.len());
    let mut packages = Packages::default();
    let bytes: Vec<_> = sorted.iter().map(|input| &input.bytes).collect();
    let (read, shells) = reading::read(&bytes, |place, surface, shell| {
        if surface.kind == SurfaceKind::Component {
            packages.add(&sorted[place].name, shell);
        }
    });
    for (input, read) in sorted.into_iter().zip(read) {
        match component(input, read) {
            Ok(component) => components.push(component),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((components, shells, packages))
}

fn component(input: &Input, read: Result<Read, Unread>) -> Result<Component<'_>, ComposeError> {
    let Read { surface, shell } = read.map_err(|unread| unread.of(&input.name))?;
    if surface.kind == SurfaceKind::WitPackage {
        return Err(ComposeError::WitPackage { name: input.name.clone() });
    }
    Ok(Component { name: &input.name, surface, shell })
}
