//! Other people's clients: they push to our registry, list, copy and pull; and `wkit` reads what they push elsewhere.

use std::path::Path;
use std::process::Command;

use wkit_fixtures::process::{Running, free_port};
use wkit_fixtures::registry::TestRegistry;
use wkit_fixtures::{component, tools};

use crate::support::Sandbox;

const WIT: &str = "package demo:greet@0.1.0;
interface greeting { greet: func(name: string) -> string; }
world greeter { export greeting; }
";

const WASM: &str = "application/wasm";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// A sandbox with a component in it, and the component.
fn sandbox() -> (Sandbox, Vec<u8>) {
    let sandbox = Sandbox::with_programs();
    let greeter = component::from_wit(WIT, "greeter");
    sandbox.write("greeter.wasm", &greeter);
    (sandbox, greeter)
}

/// Runs a client; its output, which must be a success.
#[track_caller]
fn client(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path = path.as_ref();
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A config as the Wasm artifact specification has it, for clients that push parts.
fn write_config(sandbox: &Sandbox, component: &[u8]) {
    let digest = wkit_artifact::Digest::sha256(component);
    let text = format!(
        r#"{{"created":"2026-01-01T00:00:00Z","author":null,"architecture":"wasm","os":"wasip2","layerDigests":["{digest}"],"component":{{"exports":["demo:greet/greeting@0.1.0"],"imports":[]}}}}"#
    );
    sandbox.write("config.json", text);
}

#[test]
fn oras() {
    let Some(oras) = tools::find("oras") else { return };
    let registry = TestRegistry::start();
    let host = registry.host();
    let (sandbox, greeter) = sandbox();
    write_config(&sandbox, &greeter);
    let oras = |words: &[&str]| client(sandbox.command(&oras).args(words));
    let (first, copy) = (format!("{host}/demo/oras:1.0.0"), format!("{host}/demo/copy:1.0.0"));

    let config = format!("config.json:{CONFIG}");
    let layer = format!("greeter.wasm:{WASM}");
    oras(&["push", "--plain-http", "--config", &config, &first, &layer]);
    let tags = oras(&["repo", "tags", "--plain-http", &format!("{host}/demo/oras")]);
    assert_eq!(tags.trim(), "1.0.0");
    oras(&["copy", "--from-plain-http", "--to-plain-http", &first, &copy]);
    oras(&["pull", "--plain-http", "-o", "pulled", &copy]);
    assert_eq!(read(sandbox.path("pulled/greeter.wasm")), greeter);

    // An attached file is a referrer of the artifact.
    sandbox.write("sbom.json", "{}");
    oras(&["attach", "--plain-http", "--artifact-type", "application/spdx+json", &first, "sbom.json"]);
    let referrers = oras(&["discover", "--plain-http", "--format", "json", &first]);
    assert!(referrers.contains("application/spdx+json"), "{referrers}");

    let words = ["pull", &copy, "-o", "by-wkit.wasm"];
    sandbox.wkit_words(&words, &[]).ok();
    assert_eq!(read(sandbox.path("by-wkit.wasm")), greeter);
    oras(&["manifest", "delete", "--plain-http", "--force", &copy]);
    assert_eq!(
        sandbox.wkit_words(&["pull", &copy, "-o", "gone.wasm"], &[("WKIT_CACHE", "none")]).code,
        Some(1)
    );
}

#[test]
fn crane() {
    let Some(crane) = tools::find("crane") else { return };
    let registry = TestRegistry::start();
    let host = registry.host();
    let (sandbox, greeter) = sandbox();
    let (first, copy, pushed) = (
        format!("{host}/demo/crane:1.0.0"),
        format!("{host}/demo/copy:1.0.0"),
        format!("{host}/demo/pushed:1.0.0"),
    );
    sandbox.wkit_words(&["publish", "greeter.wasm", "--as", &first], &[]).ok();
    let crane = |words: &[&str]| client(sandbox.command(&crane).args(words));

    crane(&["copy", &first, &copy]);
    assert_eq!(crane(&["ls", &format!("{host}/demo/copy")]).trim(), "1.0.0");
    assert_eq!(crane(&["digest", &first]), crane(&["digest", &copy]));
    assert!(crane(&["manifest", &copy]).contains(WASM));
    assert!(crane(&["catalog", &host]).contains("demo/crane"));
    crane(&["pull", "--format", "oci", &copy, "layout"]);
    crane(&["push", "layout", &pushed]);
    sandbox.wkit_words(&["pull", &pushed, "-o", "by-wkit.wasm"], &[]).ok();
    assert_eq!(read(sandbox.path("by-wkit.wasm")), greeter);
    crane(&["delete", &format!("{host}/demo/pushed@{}", crane(&["digest", &pushed]).trim())]);
}

#[test]
fn regctl() {
    let Some(regctl) = tools::find("regctl") else { return };
    let registry = TestRegistry::start();
    let host = registry.host();
    let (sandbox, greeter) = sandbox();
    write_config(&sandbox, &greeter);
    let regctl = |words: &[&str]| {
        client(sandbox.command(&regctl).env("REGCTL_CONFIG", sandbox.path("regctl.json")).args(words))
    };
    let (first, copy) = (format!("{host}/demo/regctl:1.0.0"), format!("{host}/demo/copy:1.0.0"));

    regctl(&["registry", "set", "--tls", "disabled", &host]);
    let put = ["artifact", "put", "--config-type", CONFIG, "--config-file", "config.json"];
    regctl(&[&put[..], &["--file-media-type", WASM, "--file", "greeter.wasm", &first]].concat());
    assert_eq!(regctl(&["tag", "ls", &format!("{host}/demo/regctl")]).trim(), "1.0.0");
    regctl(&["image", "copy", &first, &copy]);
    let output = sandbox.path("by-regctl");
    std::fs::create_dir(&output).unwrap();
    regctl(&["artifact", "get", "--output", output.to_str().unwrap(), &copy]);
    let file = std::fs::read_dir(&output).unwrap().next().unwrap().unwrap().path();
    assert_eq!(read(file), greeter);
    sandbox.wkit_words(&["pull", &copy, "-o", "by-wkit.wasm"], &[]).ok();
    assert_eq!(read(sandbox.path("by-wkit.wasm")), greeter);
    regctl(&["tag", "delete", &copy]);
    assert_eq!(regctl(&["tag", "ls", &format!("{host}/demo/copy")]).trim(), "");
}

#[test]
fn skopeo() {
    let Some(skopeo) = tools::find("skopeo") else { return };
    let registry = TestRegistry::start();
    let host = registry.host();
    let (sandbox, greeter) = sandbox();
    let (first, copy) = (format!("{host}/demo/skopeo:1.0.0"), format!("{host}/demo/copy:1.0.0"));
    sandbox.wkit_words(&["publish", "greeter.wasm", "--as", &first], &[]).ok();
    let skopeo = |words: &[&str]| {
        client(sandbox.command(&skopeo).args(["--insecure-policy", "--tmpdir", "."]).args(words))
    };

    skopeo(&["copy", "--src-tls-verify=false", &format!("docker://{first}"), "oci:layout:1.0.0"]);
    skopeo(&["copy", "--dest-tls-verify=false", "oci:layout:1.0.0", &format!("docker://{copy}")]);
    let tags = skopeo(&["list-tags", "--tls-verify=false", &format!("docker://{host}/demo/copy")]);
    assert!(tags.contains("1.0.0"), "{tags}");
    let manifest = skopeo(&["inspect", "--raw", "--tls-verify=false", &format!("docker://{copy}")]);
    assert!(manifest.contains(CONFIG), "{manifest}");
    sandbox.wkit_words(&["pull", &copy, "-o", "by-wkit.wasm"], &[]).ok();
    assert_eq!(read(sandbox.path("by-wkit.wasm")), greeter);
}

/// `wkg` finds the registry by `/.well-known/wasm-pkg/registry.json`: its configuration names the host only.
fn wkg_config(sandbox: &Sandbox, host: &str) {
    let text = format!(
        "[namespace_registries]\ndemo = \"{host}\"\n[registry.\"{host}\".oci]\nprotocol = \"http\"\n"
    );
    sandbox.write("wkg.toml", text);
}

#[test]
fn wkg() {
    let Some(wkg) = tools::find("wkg") else { return };
    let registry = TestRegistry::start();
    let host = registry.host();
    let (sandbox, greeter) = sandbox();
    wkg_config(&sandbox, &host);
    let wkg = |words: &[&str]| client(sandbox.command(&wkg).env("WKG_CONFIG_FILE", "wkg.toml").args(words));
    let by_name = [("WKG_CONFIG_FILE", "wkg.toml")];

    // A WIT package there and back, found by its name alone.
    let package = component::wit_package(&WIT.replace("0.1.0", "0.2.0"));
    sandbox.write("greet-wit.wasm", &package);
    wkg(&["publish", "greet-wit.wasm"]);
    wkg(&["get", "--format", "wasm", "demo:greet@0.2.0", "-o", "./back.wasm"]);
    assert_eq!(read(sandbox.path("back.wasm")), package);

    // A component: pushed by one, fetched by the other, in both directions.
    wkg(&["oci", "push", "--insecure", &host, &format!("{host}/demo/greet:0.1.0"), "greeter.wasm"]);
    sandbox.wkit_words(&["pull", "demo:greet@0.1.0", "-o", "by-wkit.wasm"], &by_name).ok();
    assert_eq!(read(sandbox.path("by-wkit.wasm")), greeter);
    sandbox.wkit_words(&["publish", "greeter.wasm", "--as", "demo:hello@0.1.0"], &by_name).ok();
    wkg(&["get", "--format", "wasm", "demo:hello@0.1.0", "-o", "./by-wkg.wasm"]);
    assert_eq!(read(sandbox.path("by-wkg.wasm")), greeter);
    wkg(&["oci", "pull", "--insecure", &host, &format!("{host}/demo/hello:0.1.0"), "-o", "./by-oci.wasm"]);
    assert_eq!(read(sandbox.path("by-oci.wasm")), greeter);
}

/// What `wkg` and `oras` pushed to the reference registry is what `wkit` pulls from it.
#[test]
fn the_reference_registry() {
    let (Some(distribution), Some(wkg), Some(oras)) =
        (tools::find("distribution"), tools::find("wkg"), tools::find("oras"))
    else {
        return;
    };
    let (sandbox, greeter) = sandbox();
    write_config(&sandbox, &greeter);
    let port = free_port();
    let host = format!("127.0.0.1:{port}");
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{host}\"}}\n",
        sandbox.path("distribution").display()
    );
    sandbox.write("distribution.yml", config);
    let _running =
        Running::listening(sandbox.command(&distribution).args(["serve", "distribution.yml"]), port);
    wkg_config(&sandbox, &host);

    let by_wkg = format!("{host}/demo/by-wkg:0.1.0");
    client(sandbox.command(&wkg).args(["oci", "push", "--insecure", &host, &by_wkg, "greeter.wasm"]));
    let by_oras = format!("{host}/demo/by-oras:0.1.0");
    let (config, layer) = (format!("config.json:{CONFIG}"), format!("greeter.wasm:{WASM}"));
    client(sandbox.command(&oras).args(["push", "--plain-http", "--config", &config, &by_oras, &layer]));
    let plain = format!("{host}/demo/plain:0.1.0");
    client(sandbox.command(&oras).args(["push", "--plain-http", "--artifact-type", WASM, &plain, &layer]));

    for reference in [&by_wkg, &by_oras, &plain] {
        sandbox.wkit_words(&["pull", reference, "-o", "out.wasm"], &[("WKIT_CACHE", "cache")]).ok();
        assert_eq!(read(sandbox.path("out.wasm")), greeter, "{reference}");
        std::fs::remove_file(sandbox.path("out.wasm")).unwrap();
        std::fs::remove_dir_all(sandbox.path("cache")).unwrap();
    }
    sandbox.wkit_words(&["publish", "greeter.wasm", "--as", &format!("{host}/demo/by-wkit:0.1.0")], &[]).ok();
    client(sandbox.command(&oras).args([
        "pull",
        "--plain-http",
        "-o",
        "pulled",
        &format!("{host}/demo/by-wkit:0.1.0"),
    ]));
    assert_eq!(read(sandbox.path("pulled/greeter.wasm")), greeter);
}
