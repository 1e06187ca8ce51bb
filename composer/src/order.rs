//! Finds the socket, and the order in which components can be instantiated.

use crate::error::{ComposeError, CycleStep};
use crate::inputs::{Component, Index};
use crate::plan::Plan;
use crate::plug::{self, Candidates};

/// The socket: the one of the plan, or the one component that no other needs. When several are not needed, those that
/// need nothing of the others either are beside the point.
pub(crate) fn socket(
    components: &[Component<'_>],
    candidates: &Candidates,
    plan: &Plan,
) -> Result<Index, ComposeError> {
    if let Some(name) = &plan.socket {
        return plug::find(components, "socket", name);
    }
    let needed = |index: Index| candidates.values().flatten().any(|end| end.exporter == index);
    let tops: Vec<Index> = (0..components.len()).filter(|index| !needed(*index)).collect();
    let needs_others = |index: &Index| candidates.keys().any(|(importer, _)| importer == index);
    let wired: Vec<Index> = tops.iter().copied().filter(needs_others).collect();
    match (tops.as_slice(), wired.as_slice()) {
        ([socket], _) | (_, [socket]) => Ok(*socket),
        ([], _) => Err(no_top(components, candidates)),
        (tops, []) => Err(ambiguous(components, candidates, tops)),
        (_, wired) => Err(ambiguous(components, candidates, wired)),
    }
}

fn ambiguous(components: &[Component<'_>], candidates: &Candidates, tops: &[Index]) -> ComposeError {
    let near = plug::near_misses(components, candidates, tops);
    let candidates = tops.iter().map(|index| components[*index].name.to_owned()).collect();
    ComposeError::AmbiguousSocket { candidates, near }
}

/// Every component is needed by another one. When that is so only because of imports that several could fill, these
/// are the error; otherwise it is a circle.
fn no_top(components: &[Component<'_>], candidates: &Candidates) -> ComposeError {
    let ambiguities = plug::ambiguities(components, candidates);
    if !ambiguities.is_empty() {
        return ComposeError::AmbiguousExporter(ambiguities);
    }
    for start in 0..components.len() {
        if let Err(error) = instantiation_order(components, candidates, start) {
            return error;
        }
    }
    // Cannot happen: among components that are all needed, following the needs comes back somewhere.
    ambiguous(components, candidates, &(0..components.len()).collect::<Vec<_>>())
}

/// What the depth-first search knows of a component.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    Open,
    Done,
}

/// Everything that `socket` needs, each before what needs it, `socket` last; components without an order among them go
/// by name.
pub(crate) fn instantiation_order(
    components: &[Component<'_>],
    wires: &Candidates,
    socket: Index,
) -> Result<Vec<Index>, ComposeError> {
    let mut search = Search {
        components,
        wires,
        states: vec![State::Unseen; components.len()],
        path: Vec::new(),
        order: Vec::new(),
    };
    search.visit(socket)?;
    Ok(search.order)
}

struct Search<'a> {
    components: &'a [Component<'a>],
    wires: &'a Candidates,
    states: Vec<State>,
    /// The importers on the way to the current component, each with the import that is being followed.
    path: Vec<(Index, String)>,
    order: Vec<Index>,
}

impl Search<'_> {
    /// At most [`INPUTS_MAX`](crate::limits::INPUTS_MAX) deep, one level for each component.
    fn visit(&mut self, index: Index) -> Result<(), ComposeError> {
        match self.states[index] {
            State::Done => return Ok(()),
            State::Open => return Err(self.cycle(index)),
            State::Unseen => self.states[index] = State::Open,
        }
        let wires = self.wires;
        let mut ends: Vec<(&str, Index)> = wires
            .range((index, String::new())..(index + 1, String::new()))
            .flat_map(|((_, import), ends)| ends.iter().map(move |end| (import.as_str(), end.exporter)))
            .collect();
        // Components are sorted by name, so this is the order of names.
        ends.sort_by_key(|(_, exporter)| *exporter);
        for (import, exporter) in ends {
            self.path.push((index, import.to_owned()));
            self.visit(exporter)?;
            self.path.pop();
        }
        self.states[index] = State::Done;
        self.order.push(index);
        Ok(())
    }

    fn cycle(&self, closing: Index) -> ComposeError {
        let name = |index: Index| self.components[index].name.to_owned();
        let start = self.path.iter().position(|(index, _)| *index == closing).unwrap_or_default();
        let circle = &self.path[start..];
        let steps = circle.iter().enumerate().map(|(position, (importer, import))| CycleStep {
            importer: name(*importer),
            import: import.clone(),
            exporter: name(circle.get(position + 1).map_or(closing, |(index, _)| *index)),
        });
        ComposeError::Cycle(steps.collect())
    }
}
