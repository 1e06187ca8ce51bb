//! The instances of a composition: one of each input, or those that the plan names.

use wkit_interface::{Item, Surface};

use crate::error::ComposeError;
use crate::inputs::Component;
use crate::limits::INSTANCES_MAX;
use crate::plan::{Plan, Share};

/// Where an instance stands in the list of [`instances`].
pub(crate) type Index = usize;

/// An instance of a component.
#[derive(Clone)]
pub(crate) struct Instance<'a> {
    pub(crate) name: String,
    /// The name in the plan; that of one of several copies is another.
    pub(crate) planned: String,
    pub(crate) component: &'a Component<'a>,
    pub(crate) share: Share,
}

impl<'a> Instance<'a> {
    pub(crate) fn surface(&self) -> &'a Surface {
        &self.component.surface
    }

    /// The imports that another instance can fill.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &'a Item> + use<'a> {
        self.component.needs()
    }
}

/// The instances of `components`, sorted by name.
pub(crate) fn instances<'a>(
    components: &'a [Component<'a>],
    plan: &Plan,
) -> Result<Vec<Instance<'a>>, ComposeError> {
    let mut instances = Vec::with_capacity(components.len());
    for planned in &plan.instances {
        if planned.name.is_empty() || planned.name.contains('/') {
            return Err(ComposeError::InstanceName { name: planned.name.clone() });
        }
        let component = components.iter().find(|component| component.name == planned.component);
        let Some(component) = component else {
            return Err(ComposeError::UnknownComponent {
                role: "component",
                name: planned.component.clone(),
                known: components.iter().map(|component| component.name.to_owned()).collect(),
            });
        };
        instances.push(instance(&planned.name, component, planned.share));
    }
    for component in components {
        if !plan.instances.iter().any(|planned| planned.component == component.name) {
            instances.push(instance(component.name, component, Share::One));
        }
    }
    check_count(instances.len())?;
    instances.sort_by(|a, b| a.name.cmp(&b.name));
    check_names(&instances)?;
    Ok(instances)
}

fn instance<'a>(name: &str, component: &'a Component<'a>, share: Share) -> Instance<'a> {
    Instance { name: name.to_owned(), planned: name.to_owned(), component, share }
}

/// Refuses more than [`INSTANCES_MAX`].
pub(crate) fn check_count(count: usize) -> Result<(), ComposeError> {
    if count > INSTANCES_MAX { Err(ComposeError::TooManyInstances { count }) } else { Ok(()) }
}

/// Refuses two instances of one name, which stand beside each other.
pub(crate) fn check_names(sorted: &[Instance<'_>]) -> Result<(), ComposeError> {
    match sorted.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(ComposeError::DuplicateInstance { name: pair[0].name.clone() }),
        None => Ok(()),
    }
}

/// Finds an instance by the name that a plan gives.
pub(crate) fn find(
    instances: &[Instance<'_>],
    role: &'static str,
    name: &str,
) -> Result<Index, ComposeError> {
    instances.binary_search_by(|instance| instance.name.as_str().cmp(name)).map_err(|_| {
        ComposeError::UnknownComponent {
            role,
            name: name.to_owned(),
            known: instances.iter().map(|instance| instance.name.clone()).collect(),
        }
    })
}
