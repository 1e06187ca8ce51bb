//! `wkit check`: every format, everything that it can be compared with, and every way in which it cannot be checked.

use std::process::Command;

use wkit_fixtures::component;
use wkit_fixtures::registry::TestRegistry;

use crate::support::Sandbox;

/// An interface as those of WASI are: gated, with a resource.
pub(crate) const OLD: &str = "package acme:kv@0.2.6;

/// Values by key, kept by the host.
@since(version = 0.2.0)
interface store {
  /// What can go wrong.
  @since(version = 0.2.0)
  variant error {
    no-such-store,
    access-denied,
    other(string),
  }

  /// A set of values.
  @since(version = 0.2.0)
  resource bucket {
    /// The value of a key.
    @since(version = 0.2.0)
    get: func(key: string) -> result<option<list<u8>>, error>;

    /// Keeps a value.
    @since(version = 0.2.0)
    set: func(key: string, value: list<u8>) -> result<_, error>;

    /// Whether there is a value.
    @since(version = 0.2.0)
    @deprecated(version = 0.2.5)
    exists: func(key: string) -> result<bool, error>;
  }

  /// A bucket by its name.
  @since(version = 0.2.0)
  open: func(identifier: string) -> result<bucket, error>;
}

@since(version = 0.2.0)
world imports {
  @since(version = 0.2.0)
  import store;
}
";

/// It after two changes that break, an addition, and other words.
pub(crate) fn new() -> String {
    OLD.replace("acme:kv@0.2.6", "acme:kv@0.2.7")
        .replace("    /// The value of a key.\n", "    /// The value of a key; none where nobody set it.\n")
        .replace("set: func(key: string, value: list<u8>)", "set: func(key: string, value: string)")
        .replace(
            "    /// Whether there is a value.\n    @since(version = 0.2.0)\n    @deprecated(version = 0.2.5)\n    exists: func(key: string) -> result<bool, error>;\n",
            "    /// All keys.\n    @since(version = 0.2.7)\n    keys: func() -> result<list<string>, error>;\n",
        )
}

/// It after an addition alone.
fn grown() -> String {
    OLD.replace("acme:kv@0.2.6", "acme:kv@0.2.7").replace(
        "  /// A bucket by its name.\n",
        "  /// All buckets.\n  @since(version = 0.2.7)\n  names: func() -> list<string>;\n\n  /// A bucket by its name.\n",
    )
}

/// Runs git in the sandbox, in a folder of it.
pub(crate) fn git(sandbox: &Sandbox, folder: &str, line: &str) {
    let mut command: Command = sandbox.command("git");
    command.arg("-C").arg(sandbox.path(folder));
    command.args([
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@shop.example",
        "-c",
        "init.defaultBranch=main",
    ]);
    let output = command.args(line.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "git {line}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose branch `main` has the old interface, and whose files have `now`.
pub(crate) fn repository(now: &str) -> Sandbox {
    let sandbox = Sandbox::with_programs();
    sandbox.write("wit/store.wit", OLD);
    git(&sandbox, ".", "init --quiet");
    git(&sandbox, ".", "add wit");
    git(&sandbox, ".", "commit --quiet -m first");
    sandbox.write("wit/store.wit", now);
    sandbox
}

#[test]
fn every_format() {
    let sandbox = repository(&new());
    for format in ["text", "json", "sarif", "github", "gitlab", "junit", "markdown", "ignore-snippet"] {
        let ran = sandbox.wkit(&format!("check wit --against git:main --format {format}"));
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        ran.golden(&format!("check-{format}"));
    }
    let coloured = sandbox.wkit("check wit --against git:main --color always");
    assert!(coloured.stdout.contains("\u{1b}["), "{}", coloured.stdout);
}

#[test]
fn several_reports_of_one_run() {
    let sandbox = repository(&new());
    let text = sandbox.wkit("check wit --against git:main");
    let ran = sandbox.wkit(
        "check wit --against git:main --report sarif=out/check.sarif --report text=out/check.txt --report junit=out/check.xml",
    );
    assert_eq!((ran.code, &ran.stdout), (Some(1), &text.stdout));
    let written = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap();
    assert_eq!(written("out/check.txt"), text.stdout);
    let sarif = sandbox.wkit("check wit --against git:main --format sarif");
    assert_eq!(written("out/check.sarif"), sarif.stdout);
    assert!(written("out/check.xml").starts_with("<?xml"));
    sandbox.wkit("check wit --report sarif").golden("check-report-no-file");
    sandbox.wkit("check wit --report serif=a").golden("check-report-unknown");
}

#[test]
fn what_breaks_nothing_is_a_line() {
    let sandbox = repository(OLD);
    sandbox.wkit("check wit --against git:main").ok().golden("check-same");
    sandbox.wkit("check wit --against git:main --format markdown").ok().golden("check-same-markdown");
    sandbox.wkit("check wit --against git:main --format junit").ok().golden("check-same-junit");
    sandbox
        .wkit("check wit --against git:main --format ignore-snippet")
        .ok()
        .golden("check-same-ignore-snippet");
    sandbox.wkit("check wit --against git:main --format github").ok().golden("check-same-github");
    sandbox.write("wit/store.wit", grown());
    sandbox.wkit("check wit --against git:main").ok().golden("check-additive");
    sandbox.wkit("check wit").ok().golden("check-alone");
}

#[test]
fn a_major_version_allows_what_breaks() {
    let sandbox = repository(&new().replace("0.2.7", "0.3.0"));
    sandbox.wkit("check wit --against git:main").ok().golden("check-allowed");
    sandbox.wkit("check wit --against git:main --format markdown").ok().golden("check-allowed-markdown");
    let strict = sandbox.wkit("check wit --against git:main --profile strict");
    assert_eq!(strict.code, Some(1), "{}", strict.stdout);
}

#[test]
fn profiles_and_levels_decide_what_breaks() {
    let sandbox = repository(&grown());
    for (options, code) in [
        ("", 0),
        ("--profile library", 0),
        ("--profile component", 1),
        ("--profile strict", 1),
        ("--profile component --level FUNC_ADD=additive", 0),
        ("--level FUNC_ADD=breaking", 1),
    ] {
        let ran = sandbox.wkit(&format!("check wit --against git:main {options}"));
        assert_eq!(ran.code, Some(code), "{options}\n{}{}", ran.stdout, ran.stderr);
    }
    sandbox.wkit("check wit --against git:main --level FUNC_AD=note").golden("check-level-unknown");
    sandbox.wkit("check wit --against git:main --level FUNC_ADD=warn").golden("check-level-bad");
    sandbox.wkit("check wit --against git:main --level FUNC_ADD").golden("check-level-none");
    sandbox.wkit("check wit --against git:main --profile libary").golden("check-profile-unknown");
}

#[test]
fn revisions_are_named_in_many_ways() {
    let sandbox = repository(&new());
    git(&sandbox, ".", "tag v0.2.6");
    git(&sandbox, ".", "checkout --quiet -b feature");
    git(&sandbox, ".", "commit --quiet -a -m second");
    let breaks = |base: &str, folder: &str, subject: &str| {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_wkit"));
        command.current_dir(sandbox.path(folder)).args([
            "check",
            subject,
            "--against",
            base,
            "--format",
            "json",
        ]);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            output.status.code(),
            Some(1),
            "{base}\n{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["checks"][0]["against"].as_str().unwrap().to_owned()
    };
    assert_eq!(breaks("git:main", ".", "wit"), "git:main#wit");
    assert_eq!(breaks("git:v0.2.6", ".", "wit/"), "git:v0.2.6#wit");
    assert_eq!(breaks("git:HEAD~1#wit/", ".", "wit"), "git:HEAD~1#wit");
    assert_eq!(breaks("git:HEAD~1#wit/store.wit", ".", "wit"), "git:HEAD~1#wit/store.wit");
    assert_eq!(breaks("git:main...", ".", "wit"), "git:main...#wit");
    assert_eq!(breaks("git:main", ".", "wit/store.wit"), "git:main#wit/store.wit");
    assert_eq!(breaks("git:main", "wit", "."), "git:main#wit");
    assert_eq!(breaks("git:main#wit", ".", "git:feature#wit"), "git:main#wit");
    // A repository with a folder `wit` can be checked as a whole.
    assert_eq!(breaks("git:main", ".", "."), "git:main#wit");
    // What came later on the branch itself is no change of this one.
    git(&sandbox, ".", "checkout --quiet main");
    sandbox.write("wit/store.wit", grown());
    git(&sandbox, ".", "commit --quiet -a -m third");
    git(&sandbox, ".", "checkout --quiet feature");
    assert_eq!(breaks("git:main...", ".", "wit"), "git:main...#wit");
}

#[test]
fn files_packages_and_references_are_compared() {
    let (sandbox, registry) = (Sandbox::new(), TestRegistry::start());
    sandbox.write("old.wit", OLD);
    sandbox.write("new.wit", new());
    sandbox.write("old.wasm", component::wit_package(OLD));
    sandbox.write("new.wasm", component::wit_package(&new()));
    let reference = format!("{}/acme/kv:0.2.6", registry.host());
    sandbox.wkit_words(&["publish", "old.wasm", "--as", &reference], &[]).ok();
    let oci = format!("oci:{reference}");
    let findings = |subject: &str, base: &str| {
        let ran = sandbox.wkit_words(&["check", subject, "--against", base, "--format", "json"], &[]);
        assert_eq!(ran.code, Some(1), "{base}\n{}{}", ran.stdout, ran.stderr);
        let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let findings = json["checks"][0]["findings"].as_array().unwrap().clone();
        let breaking = findings.iter().filter(|finding| finding["level"] == "breaking");
        breaking.map(|finding| format!("{} {}", finding["rule"], finding["path"])).collect::<Vec<_>>()
    };
    let expected = findings("new.wit", "old.wit");
    assert!(expected.len() >= 2, "{expected:?}");
    for (subject, base) in [
        ("new.wasm", "old.wasm"),
        ("new.wit", "old.wasm"),
        ("new.wasm", "old.wit"),
        ("new.wit", &reference),
        ("new.wit", &oci),
    ] {
        assert_eq!(findings(subject, base), expected, "{subject} {base}");
    }
    sandbox.wkit("check new.wasm --against old.wasm").golden("check-wasm");
}

const SERVICE: &str = "package acme:shop@1.0.0;
world service { import acme:log/lines@1.0.0; export run: func(input: string) -> string; }
package acme:log@1.0.0 { interface lines { write: func(line: string); } }
";

#[test]
fn components_are_compared() {
    let sandbox = Sandbox::new();
    sandbox.write("old.wasm", component::from_wit(SERVICE, "service"));
    let new = SERVICE.replace(
        "run: func(input: string) -> string;",
        "run: func(input: string) -> string; import wasi:sockets/network@0.2.6;",
    ) + "package wasi:sockets@0.2.6 { interface network { resource network; } }\n";
    sandbox.write("new.wasm", component::from_wit(&new, "service"));
    sandbox.wkit("check new.wasm --against old.wasm").golden("check-capability");
    sandbox.wkit("check old.wasm").ok().golden("check-component-alone");
    sandbox.wkit("check old.wasm --against old.wasm").ok().golden("check-component-same");
    let removed = SERVICE.replace("run: func(input: string) -> string;", "go: func();");
    sandbox.write("removed.wasm", component::from_wit(&removed, "service"));
    sandbox.wkit("check removed.wasm --against old.wasm").golden("check-component");
}

#[test]
fn a_component_is_held_against_a_world() {
    let sandbox = Sandbox::new();
    sandbox.write("service.wasm", component::from_wit(SERVICE, "service"));
    sandbox.write("wit/world.wit", SERVICE);
    sandbox.wkit("check service.wasm --targets wit").ok().golden("check-targets-fits");
    sandbox.write("wit/world.wit", SERVICE.replace("-> string;", "-> u32;"));
    sandbox.wkit("check service.wasm --targets wit#service").golden("check-targets-misfits");
    sandbox.wkit("check wit --targets wit").golden("check-targets-of-wit");
}

#[test]
fn hosts_are_asked_for_what_is_imported() {
    let sandbox = Sandbox::new();
    let wit = "package acme:app@1.0.0;
        world app { import wasi:http/types@0.2.6; import wasi:cli/environment@0.2.6; import acme:log/lines@1.0.0; }
        package wasi:http@0.2.6 { interface types { resource fields { constructor(); } } }
        package wasi:cli@0.2.6 { interface environment { get-arguments: func() -> list<string>; } }
        package acme:log@1.0.0 { interface lines { write: func(line: string); } }";
    sandbox.write("app.wasm", component::from_wit(wit, "app"));
    sandbox.write("plain.wasm", component::from_wit(&wit.replace("import acme:log/lines@1.0.0;", ""), "app"));
    sandbox.wkit("check plain.wasm --host wasmtime@48 --host spin").golden("check-hosts");
    let ran = sandbox.wkit("check app.wasm --host wasmtime@48");
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    ran.golden("check-hosts-lacking");
    sandbox.wkit("check app.wasm --host wasmtime@48 --level HOST_LACKS_IMPORT=note").ok();
    let project = "[project]\nname = \"app\"\n[check]\nhosts = [\"wasmtime@48\"]\n";
    sandbox.write("wkit.toml", project);
    assert_eq!(sandbox.wkit("check app.wasm").code, Some(1));
    let ignore = "[[check.ignore]]\nrule = \"HOST_LACKS_IMPORT\"\npath = \"acme:log/*\"\nreason = \"it is composed later\"\n";
    sandbox.write("wkit.toml", format!("{project}{ignore}"));
    sandbox.wkit("check app.wasm").ok().golden("check-hosts-ignored");
}

const PROJECT: &str = "[project]\nname = \"shop\"\n[components.service]\nlanguage = \"rust\"\nwit = \"service/wit\"\n\
                       [components.other]\nlanguage = \"rust\"\nwit = \"wit\"\nworld = \"imports\"\n";

#[test]
fn a_project_is_checked_as_a_whole() {
    let sandbox = Sandbox::with_programs();
    sandbox.write("wkit.toml", PROJECT);
    sandbox.write("wit/store.wit", OLD);
    git(&sandbox, ".", "init --quiet");
    git(&sandbox, ".", "add .");
    git(&sandbox, ".", "commit --quiet -m first");
    sandbox.write("service/wit/world.wit", SERVICE);
    sandbox.write("build/service.wasm", component::from_wit(SERVICE, "service"));
    sandbox.wkit("check").ok().golden("check-project");
    sandbox.wkit("check --against git:main").ok().golden("check-project-against");
    sandbox.write("wit/store.wit", new());
    let ran = sandbox.wkit("check --against git:main");
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    ran.golden("check-project-breaks");
    let member = sandbox.wkit("check service --against git:main").ok();
    assert!(!member.stdout.contains("acme:kv"), "{}", member.stdout);
    sandbox.wkit("check --against service/wit").golden("check-project-one-base");
    // What the file says needs no option, and speaks of every folder of the project.
    sandbox.write("wkit.toml", format!("{PROJECT}[check]\nagainst = \"git:main\"\n"));
    for command in ["check", "check other", "check wit", "check ."] {
        assert_eq!(sandbox.wkit(command).code, Some(1), "{command}");
    }
    assert_eq!(sandbox.wkit("check build/service.wasm").code, Some(0));
}

#[test]
fn what_is_meant_is_ignored() {
    let sandbox = repository(&new());
    let snippet = sandbox.wkit("check wit --against git:main --format ignore-snippet").stdout;
    let file = format!("[project]\nname = \"kv\"\n\n{snippet}");
    sandbox.write("wkit.toml", &file);
    sandbox.wkit("check wit --against git:main").golden("check-ignore-no-reason");
    sandbox.write("wkit.toml", file.replace("reason = \"\"", "reason = \"nobody used it\""));
    sandbox.wkit("check wit --against git:main").ok().golden("check-ignored");
    for format in ["sarif", "junit", "gitlab", "markdown", "github"] {
        let ran = sandbox.wkit(&format!("check wit --against git:main --format {format}")).ok();
        ran.golden(&format!("check-ignored-{format}"));
    }
    let stale = "[[check.ignore]]\nrule = \"FUNC_ADD\"\npath = \"acme:kv/store#*\"\nreason = \"once\"\n";
    sandbox.write(
        "wkit.toml",
        format!("{}{stale}", file.replace("reason = \"\"", "reason = \"nobody used it\"")),
    );
    sandbox.wkit("check wit --against git:main").ok().golden("check-ignored-stale");
    sandbox.write("wkit.toml", "[project]\nname = \"kv\"\n[check.levels]\nFUNC_NO_DELET = \"off\"\n");
    sandbox.wkit("check wit").golden("check-toml-unknown-rule");
}

#[test]
fn rules_are_explained() {
    let sandbox = Sandbox::new();
    let rules = sandbox.wkit("check --rules").ok().stdout;
    assert!(rules.starts_with("  rule ") || rules.starts_with("rule "), "{rules}");
    assert!(rules.contains("  FUNC_NO_DELETE ") && rules.ends_with("says more\n"), "{rules}");
    sandbox.wkit("check --explain FUNC_NO_DELETE").ok().golden("check-explain");
    sandbox.wkit("check --explain func-no-delete").ok();
    sandbox.wkit("check --explain FUNC_DELETE").golden("check-explain-unknown");
    sandbox.wkit("check --rules --format sarif").golden("check-rules-sarif");
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.wkit("check --rules --format json").ok().stdout).unwrap();
    assert!(json["rules"].as_array().unwrap().len() > 40, "{json}");
    for rule in json["rules"].as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        let explained = sandbox.wkit(&format!("check --explain {id}")).ok();
        assert!(explained.stdout.starts_with(id), "{}", explained.stdout);
    }
}

#[test]
fn what_cannot_be_checked_is_never_fine() {
    let sandbox = repository(OLD);
    let fails = |line: &str, name: &str| {
        let ran = sandbox.wkit(line);
        assert_eq!(ran.code, Some(2), "{line}\n{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout, "", "{line}");
        ran.golden(name);
    };
    fails("check", "check-no-project");
    fails("check missing", "check-missing");
    fails("check missing.wasm", "check-missing-file");
    fails("check wit --against git:", "check-git-nothing");
    fails("check wit --against git:mian", "check-git-near");
    fails("check wit --against git:1234567", "check-git-unknown");
    fails("check wit --against git:--help", "check-git-option");
    fails("check wit --against git:main#interfaces", "check-git-no-path");
    fails("check acme:kv@0.2.6 --against git:main", "check-unknown-namespace");
    fails("check wit --against missing", "check-against-missing");
    sandbox.write("core.wasm", component::from_wat("(module)"));
    fails("check core.wasm", "check-core-module");
    fails("check wit --against core.wasm", "check-against-core-module");
    let whole = component::from_wit(SERVICE, "service");
    sandbox.write("cut.wasm", &whole[..whole.len() / 2]);
    fails("check cut.wasm", "check-truncated");
    sandbox.write("bad/a.wit", "package a:b;\ninterface c {\n  f: func(a: missing);\n}\n");
    fails("check bad", "check-wit-does-not-resolve");
    fails("check wit --against bad", "check-against-does-not-resolve");
    sandbox.write("lost/a.wit", "package a:b;\ninterface c {\n  use d:e/f.{g};\n}\n");
    fails("check lost", "check-wit-no-deps");
    sandbox.write("empty/README.md", "nothing");
    fails("check empty", "check-empty-folder");
    fails("check wit --witness out", "check-witness-alone");
    fails("check wit --host wasmtime@0", "check-host-unknown-version");
    fails("check wit --host wasmtimes@48", "check-host-unknown");
    fails("check wit --world nope", "check-unknown-world");
    sandbox.write("two/a.wit", "package a:two;\nworld one {}\nworld other {}\n");
    sandbox.write("service.wasm", whole);
    fails("check service.wasm --against two", "check-several-worlds");
    sandbox.write("wkit.toml", "[project\n");
    fails("check wit", "check-toml-syntax");
}

#[test]
fn git_may_be_missing_and_so_may_be_a_repository() {
    let sandbox = Sandbox::new();
    sandbox.write("wit/store.wit", OLD);
    let none = sandbox.wkit("check wit --against git:main");
    assert_eq!(none.code, Some(2));
    none.golden("check-no-git");
    let sandbox = Sandbox::with_programs();
    sandbox.write("wit/store.wit", OLD);
    let none = sandbox.wkit("check wit --against git:main");
    assert_eq!(none.code, Some(2));
    none.golden("check-no-repository");
    let sandbox = repository(OLD);
    git(&sandbox, ".", "commit --quiet --allow-empty -m second");
    let from = format!("file://{}", sandbox.path(".").display());
    git(&sandbox, ".", &format!("clone --quiet --depth=1 {from} clone"));
    let shallow = sandbox.wkit("check clone/wit --against git:v0.2.6");
    assert_eq!(shallow.code, Some(2));
    shallow.golden("check-git-shallow");
}

#[test]
fn dependencies_that_were_not_committed_are_borrowed() {
    let sandbox = Sandbox::with_programs();
    let wit = "package acme:shop@1.0.0;\nworld service { import acme:log/lines@1.0.0; }\n";
    sandbox.write("wit/shop.wit", wit);
    sandbox.write(
        "wit/deps/log/lines.wit",
        "package acme:log@1.0.0;\ninterface lines { write: func(line: string); }\n",
    );
    sandbox.write(".gitignore", "deps\n");
    git(&sandbox, ".", "init --quiet");
    git(&sandbox, ".", "add .");
    git(&sandbox, ".", "commit --quiet -m first");
    sandbox.wkit("check wit --against git:HEAD").ok().golden("check-git-borrowed");
}

#[cfg(unix)]
#[test]
fn links_in_a_revision_are_followed_inside_it() {
    let sandbox = Sandbox::with_programs();
    sandbox
        .write("wit/shop.wit", "package acme:shop@1.0.0;\nworld service { import acme:log/lines@1.0.0; }\n");
    sandbox.write(
        "shared/log/lines.wit",
        "package acme:log@1.0.0;\ninterface lines { write: func(line: string); }\n",
    );
    std::fs::create_dir(sandbox.path("wit/deps")).unwrap();
    std::os::unix::fs::symlink("../../shared/log", sandbox.path("wit/deps/log")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", sandbox.path("wit/passwd.wit")).unwrap();
    git(&sandbox, ".", "init --quiet");
    git(&sandbox, ".", "add .");
    git(&sandbox, ".", "commit --quiet -m first");
    std::fs::remove_file(sandbox.path("wit/passwd.wit")).unwrap();
    sandbox.wkit("check wit --against git:HEAD").ok();
    // A circle of links ends.
    std::os::unix::fs::symlink("../deps", sandbox.path("wit/deps/round")).unwrap();
    git(&sandbox, ".", "add .");
    git(&sandbox, ".", "commit --quiet -m second");
    std::fs::remove_file(sandbox.path("wit/deps/round")).unwrap();
    sandbox.wkit("check wit --against git:HEAD").golden("check-git-circle");
}

#[test]
fn witnesses_are_written_and_do_not_link() {
    let sandbox = repository(&new());
    sandbox.wkit("check wit --against git:main --witness proof").golden("check-witness");
    let mut folders: Vec<_> = std::fs::read_dir(sandbox.path("proof"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert!(folders.len() >= 2, "{folders:?}");
    for folder in &folders {
        let readme = std::fs::read_to_string(sandbox.path(&format!("proof/{folder}/README.md"))).unwrap();
        assert!(readme.contains("The validator says"), "{readme}");
        for side in ["consumer", "provider"] {
            sandbox.wkit(&format!("inspect proof/{folder}/{side}.wasm")).ok();
        }
        let linked = sandbox.wkit(&format!(
            "compose proof/{folder}/consumer.wasm --plug proof/{folder}/provider.wasm -o linked.wasm"
        ));
        assert_eq!(linked.code, Some(1), "{folder}\n{}{}", linked.stdout, linked.stderr);
    }
}
