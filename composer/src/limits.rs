//! The limits on one composition; those on each component are in `wkit-interface`.

/// The most components that one composition takes. A Wasm component holds at most 1000 components and core modules
/// together, and each of them has a module at least; but equal components are inside only once, and not all need to be
/// inside.
pub const INPUTS_MAX: usize = 1000;

/// The most bytes that all components of a composition have together: 512 MiB, what is read of one component.
pub const COMPOSITION_BYTES_MAX: usize = wkit_interface::limits::COMPONENT_BYTES_MAX;

/// The most instances that one composition makes, copies for each importer included. A Wasm component holds at most
/// 4096 instances, and every wire and export of an interface is one of them.
pub const INSTANCES_MAX: usize = 1024;

/// The most problems of one composition that are told; of what is beyond, the number.
pub const PROBLEMS_MAX: usize = 50;

/// The most bytes that the tables and stated values of a stub take up in its memory: 16 MiB.
pub const MOCK_DATA_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most bytes that one stated value or argument list has as text: 1 MiB.
pub const MOCK_VALUE_BYTES_MAX: usize = 1024 * 1024;

/// The largest script in bytes: 1 MiB. The largest that people write has some ten kilobytes.
pub const SCRIPT_BYTES_MAX: usize = 1024 * 1024;

/// How deep brackets of a script may be nested.
pub const SCRIPT_NESTING_MAX: usize = 64;

/// The most parts that all types of a script have when every name in them is replaced by its type. A short text can
/// name types that double again and again.
pub const SCRIPT_TYPE_PARTS_MAX: usize = 100_000;

/// The most bytes of files that are baked into one component: 64 MiB. A reader holds what it has read once more.
pub const BAKED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The most files and folders that are baked into one component.
pub const BAKED_FILES_MAX: usize = 10_000;

/// The most instances that a graph has, those of an inner composition counted each time it is used.
pub const GRAPH_NODES_MAX: usize = 2_000;

/// The most wires that a graph has, those to the outside among them.
pub const GRAPH_EDGES_MAX: usize = 20_000;

/// How deep compositions may stand in one another, and instances in exports of instances, in a graph.
pub const GRAPH_NESTING_MAX: usize = 64;

/// The most definitions, instances, aliases and exports that are followed for a graph, those of an inner composition
/// counted each time it is used: a few hundred bytes can describe a composition of billions.
pub const GRAPH_STEPS_MAX: usize = 1_000_000;

/// The most boxes and bends of lines in a picture of a graph.
pub const PICTURE_POINTS_MAX: usize = 20_000;

/// From how many bytes on an input is large: it is read when nothing else is, and its file is not kept in memory.
pub const LARGE_INPUT_BYTES: usize = 1024 * 1024;
