//! Finds the socket, and the order in which everything can be instantiated.

use std::collections::HashSet;

use crate::error::{ComposeError, CycleStep};
use crate::instances::{self, Index, Instance};
use crate::near;
use crate::plan::Plan;
use crate::plug::{self, Candidates, Choices};

/// The socket: the one of the plan, or the one instance that no other needs. When several are not needed, those that
/// need nothing of the others either are beside the point.
pub(crate) fn socket(
    instances: &[Instance<'_>],
    choices: &Choices,
    plan: &Plan,
) -> Result<Index, ComposeError> {
    if let Some(name) = &plan.socket {
        return instances::find(instances, "socket", name);
    }
    let candidates = &choices.candidates;
    let needed: HashSet<Index> = candidates.values().flatten().map(|end| end.exporter).collect();
    let tops: Vec<Index> = (0..instances.len()).filter(|index| !needed.contains(index)).collect();
    let needs_others: HashSet<Index> = candidates.keys().map(|(importer, _)| *importer).collect();
    let wired: Vec<Index> = tops.iter().copied().filter(|index| needs_others.contains(index)).collect();
    match (tops.as_slice(), wired.as_slice()) {
        ([socket], _) | (_, [socket]) => Ok(*socket),
        ([], _) => Err(no_top(instances, choices)),
        (tops, []) => Err(ambiguous(instances, choices, tops)),
        (_, wired) => Err(ambiguous(instances, choices, wired)),
    }
}

fn ambiguous(instances: &[Instance<'_>], choices: &Choices, tops: &[Index]) -> ComposeError {
    let near = near::near_misses(instances, choices, tops);
    let candidates = tops.iter().map(|index| instances[*index].name.clone()).collect();
    ComposeError::AmbiguousSocket { candidates, near }
}

/// Every instance is needed by another one. When that is so only because of imports that several could fill, these
/// are the error; otherwise it is a circle.
fn no_top(instances: &[Instance<'_>], choices: &Choices) -> ComposeError {
    let ambiguities = plug::ambiguities(instances, &choices.candidates);
    if !ambiguities.is_empty() {
        return ComposeError::AmbiguousExporter(ambiguities);
    }
    for start in 0..instances.len() {
        if let Err(error) = instantiation_order(instances, &choices.candidates, &[start]) {
            return error;
        }
    }
    // Cannot happen: among instances that are all needed, following the needs comes back somewhere.
    ambiguous(instances, choices, &(0..instances.len()).collect::<Vec<_>>())
}

/// All circles in which instances need each other, each once.
pub(crate) fn circles(instances: &[Instance<'_>], wires: &Candidates, roots: &[Index]) -> Vec<ComposeError> {
    let (mut wires, mut circles) = (wires.clone(), Vec::new());
    while let Err(error) = instantiation_order(instances, &wires, roots) {
        // Without one wire of it this circle is none any more, so that another one is found, or the end.
        let cut = match &error {
            ComposeError::Cycle(steps) => steps.last().and_then(|step| {
                let importer = instances.iter().position(|instance| instance.name == step.importer)?;
                wires.remove(&(importer, step.import.clone()))
            }),
            _ => None,
        };
        circles.push(error);
        if cut.is_none() {
            break;
        }
    }
    circles
}

/// What the depth-first search knows of an instance.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    Open,
    Done,
}

/// Everything that the roots need, each before what needs it, the roots last; instances without an order among them
/// go by name.
pub(crate) fn instantiation_order(
    instances: &[Instance<'_>],
    wires: &Candidates,
    roots: &[Index],
) -> Result<Vec<Index>, ComposeError> {
    let mut search = Search {
        instances,
        wires,
        states: vec![State::Unseen; instances.len()],
        path: Vec::new(),
        order: Vec::new(),
    };
    for root in roots {
        search.visit(*root)?;
    }
    Ok(search.order)
}

struct Search<'a> {
    instances: &'a [Instance<'a>],
    wires: &'a Candidates,
    states: Vec<State>,
    /// The importers on the way to the current instance, each with the import that is being followed.
    path: Vec<(Index, String)>,
    order: Vec<Index>,
}

impl Search<'_> {
    /// At most [`INSTANCES_MAX`](crate::limits::INSTANCES_MAX) deep, one level for each instance.
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
        // Instances are sorted by name, so this is the order of names.
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
        let name = |index: Index| self.instances[index].name.clone();
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
