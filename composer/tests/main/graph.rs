//! Graphs of composed binaries, by wkit and by hand, and their pictures.

use wkit_composer::{Graph, GraphError, Input, Plan, TreeStyle, compose, limits};
use wkit_fixtures::component::{from_wat, from_wit, wit_package};
use wkit_fixtures::golden::assert_golden;

use crate::samples::{chain, run, shop};

const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens");

fn read(bytes: &[u8]) -> Graph {
    Graph::read("it", bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// The wires as `importer: import <- exporter.export xFUNCTIONS`.
fn wires(graph: &Graph) -> Vec<String> {
    let wire = |edge: &wkit_composer::Edge| {
        let (importer, exporter) = (graph.full_name(edge.importer), graph.full_name(edge.exporter));
        let functions = edge.functions.unwrap_or_default();
        format!("{importer}: {} <- {exporter}.{} x{functions}", edge.import, edge.export)
    };
    graph.edges.iter().map(wire).collect()
}

fn names(graph: &Graph) -> Vec<String> {
    (0..graph.nodes.len()).map(|node| graph.full_name(node)).collect()
}

#[test]
fn what_was_composed_is_found_in_the_bytes() {
    let composition = run(&chain());
    let graph = read(&composition.bytes.to_vec().unwrap());
    assert_eq!(names(&graph), ["log", "stock", "cart", "app"]);
    let mut found: Vec<String> =
        wires(&graph).iter().map(|wire| wire.split('.').next().unwrap().to_owned()).collect();
    found.sort();
    let mut made: Vec<String> = composition
        .wires
        .iter()
        .map(|wire| format!("{}: {} <- {}", wire.importer, wire.import, wire.exporter))
        .map(|wire| wire.split('.').next().unwrap().to_owned())
        .collect();
    made.sort();
    assert_eq!(found, made);
    // What only the bytes tell is all that differs.
    let short = Graph::from(&composition);
    let known = |edge: &wkit_composer::Edge| wkit_composer::Edge { functions: None, ..edge.clone() };
    assert_eq!((short.edges.len(), &short.nodes), (graph.edges.len(), &graph.nodes));
    assert!(graph.edges.iter().all(|edge| short.edges.contains(&known(edge))));
    assert_eq!(short.exports, graph.exports);
    let cart = graph.edges.iter().find(|edge| edge.import == "shop:stock/stock@0.1.0").unwrap();
    assert_eq!(cart.functions, Some(2));
    assert_eq!(graph.imports[0].name, "wasi:cli/environment@0.2.6");
    let importers: Vec<String> =
        graph.imports[0].importers.iter().map(|importer| graph.full_name(importer.node)).collect();
    assert_eq!(importers, ["stock", "app"]);
    assert_eq!(graph.exports[0].name, "wasi:cli/run@0.2.6");
    assert_eq!(graph.exports[0].from[0].node, Some(3));
    let stock = &graph.components[graph.nodes[1].component];
    let bytes = &chain()[2].bytes;
    assert_eq!(stock.digest, Some(bytes.digest().unwrap()));
    assert_eq!(stock.size_bytes, Some(bytes.len() as u64));
}

#[test]
fn pictures_of_the_chain() {
    let graph = Graph::read("shop", &run(&chain()).bytes.to_vec().unwrap()).unwrap();
    let style = TreeStyle { instance: ["<", ">"], aside: ["[", "]"], exports: true };
    assert_golden(format!("{GOLDENS}/graph.tree"), &graph.tree(&style));
    assert_golden(format!("{GOLDENS}/graph.dot"), &graph.dot());
    assert_golden(format!("{GOLDENS}/graph.mmd"), &graph.mermaid());
    assert_golden(format!("{GOLDENS}/graph.svg"), &graph.svg().unwrap());
    assert_golden(format!("{GOLDENS}/graph.html"), &graph.html().unwrap());
}

#[test]
fn compositions_in_compositions_lead_to_the_true_exporter() {
    let stock = || shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;");
    let cart = shop("cart", "import shop:stock/stock@0.1.0; export shop:orders/cart@0.1.0;");
    let orders =
        Input { name: "orders".to_owned(), bytes: run(&[cart, stock()]).bytes.to_vec().unwrap().into() };
    let log = shop("log", "export shop:log/log@0.1.0;");
    let till = shop(
        "till",
        "import shop:orders/cart@0.1.0; import shop:log/log@0.1.0; export shop:orders/checkout@0.1.0;",
    );
    let desk = Input { name: "desk".to_owned(), bytes: run(&[orders, till]).bytes.to_vec().unwrap().into() };
    let app = shop("app", "import shop:orders/checkout@0.1.0; export wasi:cli/run@0.2.6;");
    let graph = read(&run(&[app, desk, log]).bytes.to_vec().unwrap());
    assert_eq!(names(&graph), ["log", "desk/orders/stock", "desk/orders/cart", "desk/till", "app"]);
    assert_eq!(graph.nodes[1].within, ["desk", "orders"]);
    let wires = wires(&graph);
    for expected in [
        "app: shop:orders/checkout@0.1.0 <- desk/till.shop:orders/checkout@0.1.0 x1",
        "desk/till: shop:orders/cart@0.1.0 <- desk/orders/cart.shop:orders/cart@0.1.0 x1",
        "desk/till: shop:log/log@0.1.0 <- log.shop:log/log@0.1.0 x1",
    ] {
        assert!(wires.iter().any(|wire| wire == expected), "{expected}\n{wires:#?}");
    }
}

#[test]
fn a_component_that_is_no_composition_is_one_node() {
    let graph = read(&from_wit(
        "package a:b; world it { import log: func(line: string); import c: interface { f: func(); g: func(); } \
         export run: interface { resource r { constructor(); m: func(); } f: func() -> r; } export go: func(); }",
        "it",
    ));
    assert_eq!(names(&graph), ["it"]);
    assert!(graph.edges.is_empty());
    let functions: Vec<_> =
        graph.imports.iter().map(|import| (import.name.as_str(), import.importers[0].functions)).collect();
    assert_eq!(functions, [("c", Some(2)), ("log", Some(1))]);
    assert_eq!(graph.exports.len(), 2);
}

/// What `wasm-tools compose` and people write: instances made of single functions, exports aliased again, one component
/// twice, components in components, and no names.
#[test]
fn written_by_hand() {
    let leaf = r#"(component $LEAF
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $e (export "f" (func $f)) (export "g" (func $f)))
        (export "a:b/c@1.2.0" (instance $e)))"#;
    let user = r#"(component $USER
        (import "a:b/c@1.0.0" (instance $c (export "f" (func)) (export "g" (func))))
        (import "plain" (func))
        (core module $m)
        (export "a:b/d@1.0.0" (instance $c)))"#;
    let text = format!(
        r#"(component
            (import "out:side/thing@0.1.0" (instance $out (export "h" (func))))
            {leaf} {user}
            (component $WRAP
                (alias outer 1 $LEAF (component $L))
                (instance $inner (instantiate $L))
                (export "again" (instance $inner "a:b/c@1.2.0")))
            (instance $one (instantiate $LEAF))
            (instance $wrap (instantiate $WRAP))
            (alias export $one "a:b/c@1.2.0" (instance $c))
            (alias export $wrap "again" (instance $again))
            (alias export $c "f" (func $f))
            (alias export $again "g" (func $g))
            (alias export $out "h" (func $h))
            (instance $mix (export "f" (func $f)) (export "g" (func $g)))
            (instance $user (instantiate $USER
                (with "a:b/c@1.0.0" (instance $mix)) (with "plain" (func $h))))
            (export "mixed" (instance $mix))
            (export "a:b/d@1.0.0" (instance $user "a:b/d@1.0.0"))
            (export "thing" (instance $out)))"#
    );
    let graph = read(&from_wat(&text));
    assert_eq!(names(&graph), ["one", "wrap/inner", "user"]);
    assert_eq!(graph.nodes[0].component, graph.nodes[1].component, "one component, two instances");
    assert_eq!(graph.components.len(), 2);
    assert_eq!(graph.component(&graph.nodes[0]).name, "LEAF");
    assert_eq!(
        wires(&graph),
        ["user: a:b/c@1.0.0 <- one.a:b/c@1.2.0#f x1", "user: a:b/c@1.0.0 <- wrap/inner.a:b/c@1.2.0#g x1"]
    );
    assert_eq!(graph.imports[0].importers[0].import, "plain");
    let from = |name: &str| {
        let export = graph.exports.iter().find(|export| export.name == name).unwrap();
        export.from.iter().map(|end| (end.node, end.export.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(from("mixed"), [(Some(0), "a:b/c@1.2.0#f"), (Some(1), "a:b/c@1.2.0#g")]);
    assert_eq!(from("a:b/d@1.0.0"), [(Some(2), "a:b/d@1.0.0")]);
    assert_eq!(from("thing"), [(None, "out:side/thing@0.1.0")]);
    let tree = graph.tree(&TreeStyle::default());
    assert!(tree.contains("mixed from one, its a:b/c@1.2.0#f and wrap/inner, its a:b/c@1.2.0#g"), "{tree}");
}

/// A composition with core code of its own, which calls an instance that calls it.
#[test]
fn core_code_of_the_composition_itself() {
    let text = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (component $C (import "f" (func $f)) (core module) (export "g" (func $f)))
        (instance $c (instantiate $C (with "f" (func $f))))
        (core func $g (canon lower (func $c "g")))
        (core module $n (import "" "g" (func)))
        (core instance (instantiate $n (with "" (instance (export "g" (func $g)))))))"#;
    let graph = read(&from_wat(text));
    assert_eq!(names(&graph), ["own code", "c"]);
    assert_eq!(wires(&graph), ["own code: g <- c.g x1", "c: f <- own code.f x1"]);
    // A circle is drawn like anything else.
    assert_eq!(
        graph.tree(&TreeStyle::default()),
        "c (an instance of C, 70 B)\n└── f from own code\n    └── g from c (an instance of C), shown above\n"
    );
    assert!(graph.svg().unwrap().contains("own code"));
}

#[test]
fn what_is_no_component() {
    let fails = |bytes: &[u8]| Graph::read("it", bytes).unwrap_err().to_string();
    assert_eq!(fails(b""), "the file is empty");
    assert_eq!(fails(&from_wat("(module)")), "expected a component, found a core module");
    let package = wit_package("package a:b; interface c { f: func(); }");
    assert_eq!(Graph::read("it", &package), Err(GraphError::WitPackage));
    // The instance that is exported is not there.
    let missing = from_wat(
        r#"(component (component (core module)) (instance $i (instantiate 0)) (export "a" (instance $i)))"#,
    );
    let place = missing.windows(5).position(|five| five == [0, 1, b'a', 5, 0]).unwrap() + 4;
    let mut missing = missing;
    missing[place] = 7;
    assert_eq!(fails(&missing), "not a valid component: it speaks of an instance that is not there");
}

/// A component that doubles what is in it, `levels` times over.
fn doubled(levels: usize) -> Vec<u8> {
    let mut text = String::from(r#"(component $c0 (core module) (export "m" (core module 0)))"#);
    for level in 1..=levels {
        text = format!("(component $c{level} {text} (instance (instantiate 0)) (instance (instantiate 0)))");
    }
    from_wat(&text)
}

#[test]
fn instances_have_a_limit() {
    let most = limits::GRAPH_NODES_MAX.ilog2() as usize;
    assert_eq!(read(&doubled(most)).nodes.len(), 1 << most);
    assert_eq!(Graph::read("it", &doubled(most + 1)), Err(GraphError::TooManyNodes));
    // Exactly as many as there may be, and one more.
    let flat = |count: usize| {
        let instances = "(instance (instantiate 0))".repeat(count);
        from_wat(&format!("(component (component (core module)) {instances})"))
    };
    assert_eq!(read(&flat(limits::GRAPH_NODES_MAX)).nodes.len(), limits::GRAPH_NODES_MAX);
    assert_eq!(Graph::read("it", &flat(limits::GRAPH_NODES_MAX + 1)), Err(GraphError::TooManyNodes));
}

#[test]
fn steps_have_a_limit() {
    // No instance is more than other instances: only the steps tell how much work this is.
    let nothing = |levels: usize| {
        let mut text = String::from("(component)");
        for _ in 0..levels {
            text = format!("(component {text} (instance (instantiate 0)) (instance (instantiate 0)))");
        }
        from_wat(&text)
    };
    assert!(matches!(Graph::read("it", &nothing(40)), Err(GraphError::TooLong | GraphError::TooManyNodes)));
}

/// Compositions in one another, `depth` deep, around a component.
fn nested(depth: usize) -> Vec<u8> {
    let mut component = from_wat("(component (core module))");
    for _ in 0..depth {
        let mut outer = wasm_encoder::Component::new();
        outer.section(&wasm_encoder::RawSection { id: 4, data: &component });
        let mut instances = wasm_encoder::ComponentInstanceSection::new();
        instances.instantiate(0, [] as [(&str, wasm_encoder::ComponentExportKind, u32); 0]);
        outer.section(&instances);
        component = outer.finish();
    }
    component
}

#[test]
fn nesting_has_a_limit() {
    // The innermost holds a core module, which counts as well.
    let most = wkit_interface::limits::NESTING_MAX - 2;
    assert_eq!(read(&nested(most)).nodes[0].within.len(), most - 1);
    let error = Graph::read("it", &nested(most + 1)).unwrap_err();
    assert!(error.to_string().contains("nested too deeply"), "{error}");
}

/// An instance in an export of an instance, `depth` times, and a component that takes the last.
fn exported(depth: u32) -> Vec<u8> {
    use wasm_encoder::*;
    let mut component = Component::new();
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    component.section(&types);
    let mut imports = ComponentImportSection::new();
    imports.import("i", ComponentTypeRef::Instance(0));
    component.section(&imports);
    let mut aliases = ComponentAliasSection::new();
    for instance in 0..depth {
        aliases.alias(Alias::InstanceExport { instance, kind: ComponentExportKind::Instance, name: "a" });
    }
    component.section(&aliases);
    component.section(&RawSection { id: 4, data: &from_wat("(component (core module))") });
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(0, [("x", ComponentExportKind::Instance, depth)]);
    component.section(&instances);
    component.finish()
}

#[test]
fn exports_of_exports_have_a_limit() {
    let most = u32::try_from(limits::GRAPH_NESTING_MAX).unwrap() - 1;
    assert_eq!(read(&exported(most)).imports[0].importers.len(), 1);
    assert_eq!(Graph::read("it", &exported(most + 1)), Err(GraphError::TooDeep));
}

#[test]
fn wires_have_a_limit() {
    let wired = |count: usize| {
        let imports: String = (0..1000).map(|index| format!("(import \"f{index}\" (func))")).collect();
        let arguments = |count: usize| -> String {
            (0..count).map(|index| format!("(with \"f{index}\" (func $f))")).collect()
        };
        let mut text = format!("(component (import \"f\" (func $f)) (component $c {imports} (core module))");
        let mut rest = count;
        while rest > 0 {
            text += &format!("(instance (instantiate $c {}))", arguments(rest.min(1000)));
            rest -= rest.min(1000);
        }
        from_wat(&(text + ")"))
    };
    assert!(Graph::read("it", &wired(limits::GRAPH_EDGES_MAX)).is_ok());
    assert_eq!(Graph::read("it", &wired(limits::GRAPH_EDGES_MAX + 1)), Err(GraphError::TooManyEdges));
}

/// Names come from strangers: nothing in them may end a string, an element or a line.
#[test]
fn names_are_escaped_in_every_format() {
    let evil = "a\"b<c>&d'\n]e|f`#;\u{7}--> g{h}";
    let composition = compose(
        &[Input { name: evil.to_owned(), ..shop("x", "export shop:log/log@0.1.0;") }],
        &Plan::default(),
    );
    let graph = Graph::read(evil, &composition.unwrap().bytes.to_vec().unwrap()).unwrap();
    for (format, text) in
        [("svg", graph.svg().unwrap()), ("html", graph.html().unwrap()), ("mermaid", graph.mermaid())]
    {
        assert!(!text.contains("b<c>") && !text.contains('\u{7}'), "{format}: {text}");
    }
    assert!(graph.dot().contains(r#"a\"b<c>&amp;d'\n]e"#), "{}", graph.dot());
    for line in graph.mermaid().lines().filter(|line| line.contains('[')) {
        assert_eq!(line.matches('"').count(), 2, "{line}");
    }
}
