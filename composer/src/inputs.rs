//! The inputs, read and sorted by name, so that their order does not matter.

use wkit_interface::{Item, ItemKind, Surface, SurfaceKind};

use crate::error::ComposeError;
use crate::limits::{COMPOSITION_BYTES_MAX, INPUTS_MAX};
use crate::plan::Input;

/// One input, read.
pub(crate) struct Component<'a> {
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
    pub(crate) surface: Surface,
}

impl Component<'_> {
    /// The imports that a component can fill: all but types, which are equal by their structure and always stay open.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &Item> {
        self.surface.imports.iter().filter(|item| item.kind != ItemKind::Type)
    }
}

/// Reads all inputs.
pub(crate) fn read(inputs: &[Input]) -> Result<Vec<Component<'_>>, ComposeError> {
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
    sorted.into_iter().map(component).collect()
}

fn component(input: &Input) -> Result<Component<'_>, ComposeError> {
    let surface = wkit_interface::decode(&input.bytes)
        .map_err(|source| ComposeError::Decode { name: input.name.clone(), source })?;
    if surface.kind == SurfaceKind::WitPackage {
        return Err(ComposeError::WitPackage { name: input.name.clone() });
    }
    Ok(Component { name: &input.name, bytes: &input.bytes, surface })
}
