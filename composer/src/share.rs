//! Makes an instance for each importer where the plan asks for that.

use std::collections::HashMap;

use crate::error::ComposeError;
use crate::exports::Exported;
use crate::instances::{Index, Instance, check_count, check_names};
use crate::plan::Share;
use crate::plug::{Candidates, End};

/// Instances, what is wired to what, and what is exported: all that is needed to write the composition.
pub(crate) struct Graph<'a> {
    /// Sorted by name; not all of them need to be in use.
    pub(crate) instances: Vec<Instance<'a>>,
    pub(crate) wires: Candidates,
    pub(crate) exports: Vec<Exported>,
    /// The instances to begin with, which need all others that are in use.
    pub(crate) roots: Vec<Index>,
}

/// Gives each importer of an instance of [`Share::Each`] its own one, and to that its own ones in turn. The wires must
/// be free of circles.
pub(crate) fn separate(graph: Graph<'_>) -> Result<Graph<'_>, ComposeError> {
    if graph.instances.iter().all(|instance| instance.share == Share::One) {
        return Ok(graph);
    }
    let mut copies = Copies { graph: &graph, known: HashMap::new(), list: Vec::new(), wires: Vec::new() };
    for root in &graph.roots {
        copies.place(*root, None)?;
    }
    let Copies { known, list, wires, .. } = copies;

    // The copies go by name from now on, as all instances do.
    let mut sorted: Vec<usize> = (0..list.len()).collect();
    sorted.sort_by(|a, b| list[*a].name.cmp(&list[*b].name));
    let mut place = vec![0; list.len()];
    for (index, copy) in sorted.iter().enumerate() {
        place[*copy] = index;
    }
    let instances: Vec<Instance<'_>> = sorted.iter().map(|copy| list[*copy].clone()).collect();
    check_names(&instances)?;
    let mut moved = Candidates::new();
    for (importer, import, exporter, export) in wires {
        let end = End { exporter: place[exporter], export };
        moved.insert((place[importer], import), vec![end]);
    }
    let root = |index: Index| known.get(&(index, None)).map(|copy| place[*copy]);
    let exports = graph
        .exports
        .iter()
        .filter_map(|export| Some(Exported { instance: root(export.instance)?, ..export.clone() }))
        .collect();
    let roots = graph.roots.iter().filter_map(|index| root(*index)).collect();
    Ok(Graph { instances, wires: moved, exports, roots })
}

struct Copies<'g, 'a> {
    graph: &'g Graph<'a>,
    /// The copy of an instance that an importer gets; that without an importer is for all that share it.
    known: HashMap<(Index, Option<usize>), usize>,
    list: Vec<Instance<'a>>,
    wires: Vec<(usize, String, usize, String)>,
}

impl Copies<'_, '_> {
    /// The copy of `index` for `importer`; at most as deep as there are instances.
    fn place(&mut self, index: Index, importer: Option<usize>) -> Result<usize, ComposeError> {
        let graph = self.graph;
        let instance = &graph.instances[index];
        let owner = if instance.share == Share::Each { importer } else { None };
        if let Some(copy) = self.known.get(&(index, owner)) {
            return Ok(*copy);
        }
        let copy = self.list.len();
        check_count(copy + 1)?;
        let name = match owner {
            Some(owner) => format!("{}/{}", self.list[owner].name, instance.name),
            None => instance.name.clone(),
        };
        self.list.push(Instance { name, ..instance.clone() });
        self.known.insert((index, owner), copy);
        for ((_, import), ends) in graph.wires.range((index, String::new())..(index + 1, String::new())) {
            for end in ends {
                let exporter = self.place(end.exporter, Some(copy))?;
                self.wires.push((copy, import.clone(), exporter, end.export.clone()));
            }
        }
        Ok(copy)
    }
}
