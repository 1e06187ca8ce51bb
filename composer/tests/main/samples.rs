//! The components of the tests: a small shop, in WIT.

use wkit_composer::{Composition, Input, Plan, PlannedWire, Problems, compose};
use wkit_fixtures::component::from_wit;
use wkit_fixtures::wac::SHOP;

/// A component of the world `world` of `wit`.
pub(crate) fn input(name: &str, wit: &str, world: &str) -> Input {
    Input { name: name.to_owned(), bytes: from_wit(wit, world).into() }
}

/// The packages of the shop; the worlds stand in `package test:worlds`.
pub(crate) fn shop(name: &str, world: &str) -> Input {
    let wit = format!("package test:worlds;\nworld it {{\n{world}\n}}\n{SHOP}");
    input(name, &wit, "it")
}

/// Four components in a chain, with a resource that runs through all of them and a logger that two share.
pub(crate) fn chain() -> Vec<Input> {
    vec![
        shop(
            "app",
            "import shop:orders/cart@0.1.0; import shop:log/log@0.1.0; import wasi:cli/environment@0.2.6; export wasi:cli/run@0.2.6;",
        ),
        shop(
            "cart",
            "import shop:stock/stock@0.1.0; import shop:log/log@0.1.0; export shop:orders/cart@0.1.0;",
        ),
        shop(
            "stock",
            "import wasi:cli/environment@0.2.6; export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;",
        ),
        shop("log", "export shop:log/log@0.1.0;"),
    ]
}

pub(crate) fn run(inputs: &[Input]) -> Composition {
    compose(inputs, &Plan::default()).unwrap_or_else(|error| panic!("{error}\nhint: {:?}", error.hint()))
}

pub(crate) fn fail(inputs: &[Input]) -> Problems {
    compose(inputs, &Plan::default()).expect_err("this does not compose")
}

pub(crate) fn wire(importer: &str, import: &str, exporter: &str) -> PlannedWire {
    PlannedWire {
        importer: importer.to_owned(),
        import: import.to_owned(),
        exporter: exporter.to_owned(),
        export: None,
    }
}

/// The wires of a composition as `importer: import <- exporter`.
pub(crate) fn wires(composition: &Composition) -> Vec<String> {
    composition
        .wires
        .iter()
        .map(|wire| format!("{}: {} <- {}", wire.importer, wire.import, wire.exporter))
        .collect()
}

pub(crate) fn open(composition: &Composition) -> Vec<String> {
    composition.imports.iter().map(|import| import.name.clone()).collect()
}

/// Numbers that look random and are the same in every run and on every machine (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// Puts the members of `list` in some order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for position in (1..list.len()).rev() {
            let other = self.below(position as u64 + 1);
            list.swap(position, usize::try_from(other).unwrap());
        }
    }
}

/// The names of the instances, in the order in which they are made.
pub(crate) fn instances(composition: &Composition) -> Vec<String> {
    composition.instances.iter().map(|instance| instance.name.clone()).collect()
}

pub(crate) fn exports(composition: &Composition) -> Vec<String> {
    composition.exports.iter().map(|export| export.name.clone()).collect()
}

pub(crate) fn unused(composition: &Composition) -> Vec<String> {
    composition.unused.iter().map(|unused| unused.instance.clone()).collect()
}
