//! `--targets WIT[#WORLD]`: whether a component fits a world.

use std::path::Path;

use wkit_interface::{Misfit, Surface, WorldError, misfits};

use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::{script, source};

/// A world that a component is to fit.
pub(crate) struct Target {
    /// The WIT as it was named.
    wit: String,
    surface: Surface,
    world: String,
}

impl Target {
    /// Reads the WIT package `text`, a folder, a file or a reference, and finds the world that is named after a `#` or by
    /// `world`, or the only one.
    pub(crate) fn load(
        text: &str,
        world: Option<&str>,
        inputs: &InputArgs,
        context: &Context,
    ) -> Result<Self, CommandError> {
        let (wit, after) = match text.rsplit_once('#') {
            Some((wit, world)) => (wit, Some(world)),
            None => (text, None),
        };
        let path = Path::new(wit);
        let bytes = if path.is_dir() || path.extension().is_some_and(|ending| ending == "wit") {
            script::wit_package(path)?.into()
        } else {
            source::load(wit, None, inputs, context)?.bytes
        };
        let surface = wkit_interface::decode(&bytes).map_err(|error| {
            let hint = source::decode_hint(&error);
            CommandError::from_error(format!("cannot read the WIT of `{wit}`"), &error).maybe_hint(hint)
        })?;
        let found = surface.world(world.or(after)).map(|world| world.name.clone());
        let world = found.map_err(|error| {
            let shown = CommandError::usage(format!("`{wit}`: {error}"));
            match error {
                WorldError::SeveralWorlds { worlds } => {
                    let first = worlds.first().map(String::as_str).unwrap_or_default();
                    shown.hint(format!("name one after a `#`, as in `--targets {wit}#{first}`"))
                }
                WorldError::NotWit => shown.hint("name a folder or file of WIT, or a published WIT package"),
                _ => shown,
            }
        })?;
        Ok(Self { wit: wit.to_owned(), surface, world })
    }

    /// The name of the world.
    pub(crate) fn world(&self) -> &str {
        &self.world
    }

    /// Everything in which `component` does not fit.
    pub(crate) fn misfits(&self, component: &Surface) -> Vec<Misfit> {
        misfits(component, &self.surface, &self.world)
    }

    /// Refuses a component that does not fit.
    pub(crate) fn check(&self, what: &str, component: &Surface) -> Result<(), CommandError> {
        let misfits = self.misfits(component);
        if misfits.is_empty() {
            return Ok(());
        }
        let message = format!("{what} does not fit the world `{}` of `{}`", self.world, self.wit);
        let mut hints: Vec<String> = Vec::new();
        let mut shown = CommandError::failed(message);
        for misfit in &misfits {
            shown = shown.detail(misfit.to_string());
            hints.extend(Some(misfit.hint()).filter(|hint| !hints.contains(hint)));
        }
        Err(hints.into_iter().fold(shown, CommandError::hint))
    }
}
