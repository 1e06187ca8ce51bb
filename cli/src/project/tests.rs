use super::*;

fn parse(text: &str) -> Result<Project, CommandError> {
    Project::parse(text, Path::new("wkit.toml"), Path::new("shop"))
}

#[test]
fn reads_what_the_file_says() {
    let project = parse(
        r#"
        [project]
        name = "shop"
        [registries]
        shop = "127.0.0.1:5050"
        acme = { registry = "registry.acme.example", prefix = "components/" }
        [components.checkout]
        language = "rust"
        [components.cart]
        path = "services/cart"
        wit = "interfaces"
        world = "basket"
        [compose]
        package = "shop:app@0.1.0"
        socket = "checkout"
        wires = [{ importer = "checkout", import = "shop:orders/cart", exporter = "cart" }]
        "#,
    )
    .unwrap();
    assert_eq!(project.components[0].folder, Path::new("shop/services/cart"));
    assert_eq!(project.components[0].wit, Path::new("shop/interfaces"));
    assert_eq!(project.components[0].world, "basket");
    assert_eq!(project.components[1].folder, Path::new("shop/checkout"));
    assert_eq!(project.components[1].wit, Path::new("shop/wit"));
    assert_eq!(project.components[1].world, "checkout");
    assert_eq!(project.compose.plan.wires.len(), 1);
    assert_eq!(project.registries["acme"].prefix.as_deref(), Some("components/"));
    assert_eq!(project.composition_file(), Path::new("shop/build/shop.wasm"));
}

#[test]
fn errors_name_the_line_and_the_text() {
    let error = parse("[project]\nname = \"shop\"\n[components.Cart]\n").unwrap_err();
    assert_eq!(
        error.message(),
        "wkit.toml:3:13: a component's name is lower-case words joined by `-`, found `Cart`"
    );
    assert_eq!(error.causes(), ["  |\n3 | [components.Cart]\n  |             ^^^^"]);

    let error = parse("[project]\nname = \"shop\"\ncolour = \"red\"\n").unwrap_err();
    assert!(error.message().starts_with("wkit.toml:3:1: unknown field `colour`"), "{}", error.message());

    let error = parse("[project]\nname = \"shop\"\n[compose]\nsocket = \"chekout\"\n").unwrap_err();
    assert!(error.message().starts_with("wkit.toml:4:10: no component `chekout`"), "{}", error.message());
}

#[test]
fn only_versions_of_known_tools_can_be_chosen() {
    let toolchain = |line: &str| parse(&format!("[project]\nname = \"shop\"\n[toolchain]\n{line}\n"));
    let project = toolchain("componentize-py = \"0.25.0rc1\"").unwrap();
    assert_eq!(project.toolchain["componentize-py"], "0.25.0rc1");

    let error = toolchain("rustc = \"1.99.0\"").unwrap_err();
    let expected = "wkit.toml:4:1: unknown tool `rustc`; the tools whose version can be chosen are: ";
    assert!(error.message().starts_with(expected), "{}", error.message());
    assert!(error.message().contains("componentize-py"), "{}", error.message());

    for version in ["", "latest", ">=1.0", "1.0 --pre", "../1.0", "1.0/.."] {
        let error = toolchain(&format!("componentize-py = \"{version}\"")).unwrap_err();
        assert!(error.message().starts_with("wkit.toml:4:19: expected an exact version"), "{version}");
    }
}

#[test]
fn grants_are_read() {
    let file = |grants: &str| {
        parse(&format!("[project]\nname = \"shop\"\n[components.cart]\n[compose.grants.{grants}"))
    };
    let project = file("cart]\ndeny = [\"all\"]\nallow = [\"clocks\"]\nenv = { A = \"1\" }\n").unwrap();
    let grants = &project.compose.grants["cart"];
    assert_eq!(
        (grants.deny.as_slice(), grants.allow.as_slice()),
        (&["all".to_owned()][..], &["clocks".to_owned()][..])
    );
    assert_eq!(grants.env.as_ref().unwrap()["A"], "1");
    let error = file("crat]\ndeny = [\"all\"]\n").unwrap_err();
    assert!(error.message().starts_with("wkit.toml:4:17: no component `crat`"), "{}", error.message());
    let error = file("cart]\ndeny = [\"filesytem\"]\n").unwrap_err();
    assert_eq!(error.message(), "wkit.toml:5:9: no capability is called `filesytem`");
    assert_eq!(error.hints(), ["did you mean `filesystem`?"]);
}

#[test]
fn a_composition_never_overwrites_a_component() {
    let project = parse("[project]\nname = \"shop\"\n[components.shop]\n").unwrap();
    assert_eq!(project.composition_file(), Path::new("shop/build/shop-composed.wasm"));
}
