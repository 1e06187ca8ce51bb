//! The inputs, read and sorted by name, so that their order does not matter.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use bytes::Bytes;
use wkit_interface::{DecodeError, Item, ItemKind, Surface, SurfaceKind};

use crate::error::ComposeError;
use crate::limits::{COMPOSITION_BYTES_MAX, INPUTS_MAX};
use crate::plan::Input;
use crate::shell::Content;

/// One input, read.
pub(crate) struct Component<'a> {
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a Bytes,
    pub(crate) surface: Arc<Surface>,
}

impl Component<'_> {
    /// The imports that a component can fill: all but types, which are equal by their structure and always stay open.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &Item> {
        self.surface.imports.iter().filter(|item| item.kind != ItemKind::Type)
    }
}

/// Reads all inputs; those that cannot be read are left out and become problems.
pub(crate) fn read<'a>(
    inputs: &'a [Input],
    problems: &mut Vec<ComposeError>,
) -> Result<Vec<Component<'a>>, ComposeError> {
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
    let surfaces = surfaces(&sorted);
    for (input, surface) in sorted.into_iter().zip(surfaces) {
        match component(input, surface) {
            Ok(component) => components.push(component),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(components)
}

fn component(input: &Input, surface: Decoded) -> Result<Component<'_>, ComposeError> {
    let surface = surface.map_err(|source| ComposeError::Decode { name: input.name.clone(), source })?;
    if surface.kind == SurfaceKind::WitPackage {
        return Err(ComposeError::WitPackage { name: input.name.clone() });
    }
    Ok(Component { name: &input.name, bytes: &input.bytes, surface })
}

type Decoded = Result<Arc<Surface>, DecodeError>;

/// Bytes, and what reading them gives.
struct Reading<'a> {
    bytes: &'a Bytes,
    decoded: OnceLock<Decoded>,
}

impl Reading<'_> {
    fn get(&self) -> &Decoded {
        self.decoded.get_or_init(|| wkit_interface::decode(self.bytes).map(Arc::new))
    }
}

/// Validates the inputs and reads their surfaces: those of equal bytes once, and as many at a time as there are
/// processors.
fn surfaces(inputs: &[&Input]) -> Vec<Decoded> {
    let mut readings: Vec<Reading<'_>> = Vec::new();
    let mut numbers: HashMap<Content, usize> = HashMap::new();
    let mut places: Vec<usize> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let place = *numbers.entry(Content(input.bytes.clone())).or_insert(readings.len());
        if place == readings.len() {
            readings.push(Reading { bytes: &input.bytes, decoded: OnceLock::new() });
        }
        places.push(place);
    }
    // The largest first, so that nobody waits for one thread in the end.
    let mut by_size: Vec<&Reading<'_>> = readings.iter().collect();
    by_size.sort_by_key(|reading| std::cmp::Reverse(reading.bytes.len()));
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(reading) = by_size.get(next.fetch_add(1, Ordering::Relaxed)) {
            reading.get();
        }
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 1..processors.min(by_size.len()) {
            scope.spawn(work);
        }
        work();
    });
    places.into_iter().map(|place| readings[place].get().clone()).collect()
}
