//! What the command line asks of a composition besides what its script says.

use wkit_composer::virtualise::Virtualised;
use wkit_composer::{ComposeError, Composition, Input, Missing, Plan, Script, StubbedImport};

use crate::closing;
use crate::error::CommandError;

/// What is asked besides.
#[derive(Default)]
pub(crate) struct ScriptOptions<'a> {
    /// Capabilities that are closed: `[PACKAGE:]CAPABILITY[,CAPABILITY…]`.
    pub(crate) deny: &'a [String],
    /// What is filled with stubs.
    pub(crate) missing: Option<Missing>,
    /// The imports that may stay open; any without it.
    pub(crate) allow_open: Option<&'a [String]>,
}

/// What a script was composed to.
pub(crate) struct Scripted {
    /// The composition.
    pub(crate) composition: Composition,
    /// The imports that stubs fill.
    pub(crate) stubs: Vec<StubbedImport>,
    /// What components can do no longer, by their packages.
    pub(crate) closed: Vec<(String, Virtualised)>,
}

impl ScriptOptions<'_> {
    /// Closes what is denied in the packages that the script makes instances of.
    pub(super) fn close(
        &self,
        script: &Script<'_>,
        inputs: &mut Vec<Input>,
    ) -> Result<Vec<(String, Virtualised)>, CommandError> {
        let is_component = |input: &Input| {
            script.packages().iter().any(|known| known.is_instantiated && known.to_string() == input.name)
        };
        let (mut components, others): (Vec<Input>, Vec<Input>) =
            std::mem::take(inputs).into_iter().partition(is_component);
        let closed = closing::apply(&mut components, &mut Plan::default(), None, self.deny)?;
        inputs.extend(components.into_iter().chain(others));
        Ok(closed)
    }

    /// Fills with stubs what is to be filled, and refuses what must not stay open. An error is a message and the next
    /// step.
    pub(super) fn finish(
        &self,
        script: &Script<'_>,
        composition: Composition,
    ) -> Result<(Composition, Vec<StubbedImport>), (String, Option<String>)> {
        let (composition, stubs) = match &self.missing {
            None => (composition, Vec::new()),
            Some(missing) => {
                let stubbed = script
                    .stub_missing(composition, missing)
                    .map_err(|error| (error.to_string(), error.hint()))?;
                (stubbed.composition, stubbed.stubs)
            }
        };
        if let Some(allowed) = self.allow_open {
            script
                .check_complete(&composition, allowed)
                .map_err(|error| (error.to_string(), hint(&error)))?;
        }
        Ok((composition, stubs))
    }
}

/// A script has its own ways to say that an import is meant to stay open.
fn hint(error: &ComposeError) -> Option<String> {
    let ComposeError::Incomplete { open, .. } = error else { return error.hint() };
    let name = &open.first()?.name;
    Some(format!(
        "fill it with an argument of `new`, import it with a statement, or allow it: `--allow-open {name}`"
    ))
}
