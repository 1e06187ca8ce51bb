//! `wkit toolchain` with pretended base toolchains: no network, no Python and no Node.js take part.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Ran, Sandbox};

/// A Python that makes environments in which `pip` does what `pip.sh` of the sandbox says.
const PYTHON: &str = r#"
case "$1 $2" in
  "--version "*) echo "Python 3.12.1" ;;
  "-c "*) ;;
  "-m venv")
    for target; do :; done
    mkdir -p "$target/bin" && cp "$0" "$target/bin/python3" ;;
  "-m pip")
    for package; do :; done
    echo "$package" >>"$SANDBOX/pip.log"
    env >"$SANDBOX/pip.env"
    bin=$(dirname "$0") . "$SANDBOX/pip.sh" ;;
esac
"#;

/// What `pip.sh` is where everything goes well.
const PIP: &str =
    "printf '#!/bin/sh\\necho componentize-py 1.0\\n' >$bin/componentize-py; chmod +x $bin/componentize-py\n";

/// A sandbox whose `bin` is all of `PATH`.
struct Machine(Sandbox);

impl Machine {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        std::fs::create_dir(sandbox.path("bin")).unwrap();
        Self(sandbox)
    }

    fn with_python(pip: &str) -> Self {
        let machine = Self::new();
        machine.program("python3", PYTHON);
        machine.0.write("pip.sh", pip);
        machine
    }

    fn program(&self, name: &str, script: &str) {
        let sandbox = self.0.path("").display().to_string();
        let text = format!("#!/bin/sh\nSANDBOX={sandbox}\nPATH=/usr/bin:/bin\n{script}\n");
        let file = self.0.write(&format!("bin/{name}"), text);
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn wkit(&self, line: &str) -> Ran {
        self.wkit_with(line, &[])
    }

    fn wkit_with(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        let path = self.0.path("bin").display().to_string();
        let mut all = vec![("PATH", path.as_str())];
        all.extend(variables);
        self.0.wkit_words(&words, &all)
    }

    /// What lies in the tools folder, without the lock.
    fn installed(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path("home/.cache/wkit/tools")).into_iter().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".lock");
        names.sort();
        names
    }

    fn pip_calls(&self) -> usize {
        std::fs::read_to_string(self.0.path("pip.log")).unwrap_or_default().lines().count()
    }

    fn package_folder(&self) -> String {
        let name = self.installed().into_iter().find(|name| name.starts_with("componentize-py")).unwrap();
        format!("home/.cache/wkit/tools/{name}")
    }
}

#[test]
fn a_machine_with_nothing() {
    let machine = Machine::new();
    machine.wkit("toolchain list go python").golden("toolchain-list-nothing");
    machine.wkit("toolchain doctor rust go python").golden("toolchain-doctor-nothing");
    machine.wkit("toolchain install python").golden("toolchain-install-no-python");
    let all = machine.wkit("toolchain install --all").ok();
    assert!(all.stderr.contains("note: `componentize-py` is LEFT OUT: it needs `python3`"), "{}", all.stderr);
    assert!(machine.installed().is_empty());
}

#[test]
fn base_toolchains_that_are_too_old_or_broken() {
    let machine = Machine::new();
    machine.program("python3", "echo Python 3.9.2");
    machine.program("go", "echo go1.24.1");
    machine.program("cargo", "echo 'no default toolchain is set' >&2; exit 1");
    machine.program("rustc", "echo rustc 1.99.0");
    machine.wkit("toolchain doctor rust go python").golden("toolchain-doctor-old");
    machine.wkit("toolchain install python").golden("toolchain-install-old-python");
}

#[test]
fn python_without_environments() {
    let machine = Machine::new();
    machine.program("python3", "if [ \"$1\" = --version ]; then echo Python 3.12.1; else exit 1; fi");
    machine.wkit("toolchain doctor python").golden("toolchain-doctor-no-venv");
    machine.wkit("toolchain install python").golden("toolchain-install-no-venv");
}

#[test]
fn what_is_asked_for_must_exist() {
    let machine = Machine::new();
    let ran = machine.wkit("toolchain install cobol");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("error: no language and no tool is called `cobol`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("componentize-py"), "the hint lists the tools: {}", ran.stderr);
    machine.wkit("toolchain install").golden("toolchain-install-what");
}

#[test]
fn an_installation_and_no_second_one() {
    let machine = Machine::with_python(PIP);
    let ran = machine.wkit("toolchain install python").ok();
    assert!(ran.stderr.contains("installed componentize-py "), "{}", ran.stderr);
    assert_eq!(machine.installed().len(), 1);
    machine.wkit("toolchain doctor python").ok();

    // Without a Python, and so without a network, what is there is still there.
    std::fs::remove_file(machine.0.path("bin/python3")).unwrap();
    let again = machine.wkit("toolchain install componentize-py").ok();
    assert!(again.stderr.contains("present componentize-py "), "{}", again.stderr);
    assert_eq!(machine.pip_calls(), 1);
}

#[test]
fn a_failed_installation_leaves_nothing() {
    let machine = Machine::with_python(
        "echo 'ERROR: No matching distribution found for componentize-py' >&2; touch $bin/componentize-py; exit 1",
    );
    machine.wkit("toolchain install python").golden("toolchain-install-no-version");
    assert_eq!(machine.installed(), [""; 0]);

    machine.0.write("pip.sh", "echo 'Failed to establish a new connection: [Errno 111]' >&2; exit 1");
    machine.wkit("toolchain install python").golden("toolchain-install-no-network");
    assert_eq!(machine.installed(), [""; 0]);

    machine.0.write("pip.sh", "exit 0");
    machine.wkit("toolchain install python").golden("toolchain-install-empty-package");
    assert_eq!(machine.installed(), [""; 0]);

    machine.0.write("pip.sh", "printf '#!/bin/sh\\necho broken >&2; exit 3\\n' >$bin/componentize-py; chmod +x $bin/componentize-py");
    machine.wkit("toolchain install python").golden("toolchain-install-does-not-start");
    assert_eq!(machine.installed(), [""; 0]);

    machine.0.write("pip.sh", PIP);
    machine.wkit("toolchain install python").ok();
    assert_eq!(machine.installed().len(), 1);
}

#[test]
fn a_failed_replacement_keeps_what_works() {
    let machine = Machine::with_python(PIP);
    machine.wkit("toolchain install python").ok();
    machine.0.write("pip.sh", "exit 1");
    assert_eq!(machine.wkit("toolchain install --force python").code, Some(1));
    assert_eq!(machine.installed().len(), 1);
    machine.wkit("toolchain doctor python").ok();
    machine.0.write("pip.sh", PIP);
    machine.wkit("toolchain install --force python").ok();
    assert_eq!((machine.installed().len(), machine.pip_calls()), (1, 3));
}

#[test]
fn an_installation_that_was_killed_is_not_used() {
    // The parent of the pretended pip is wkit itself.
    let machine = Machine::with_python(&format!("{PIP}kill -9 $PPID"));
    assert_eq!(machine.wkit("toolchain install python").code, None);
    assert_eq!(machine.installed().len(), 2, "the folder and its mark: {:?}", machine.installed());
    let listed = machine.wkit("toolchain list python").ok();
    assert!(listed.stdout.contains("not installed"), "{}", listed.stdout);
    assert_eq!(machine.wkit("toolchain doctor python").code, Some(1));

    machine.0.write("pip.sh", PIP);
    machine.wkit("toolchain install python").ok();
    assert_eq!(machine.installed().len(), 1, "{:?}", machine.installed());
    machine.wkit("toolchain doctor python").ok();
}

#[test]
fn a_program_that_stopped_working_is_found() {
    let machine = Machine::with_python(PIP);
    machine.wkit("toolchain install python").ok();
    let program = format!("{}/bin/componentize-py", machine.package_folder());
    machine.0.write(&program, "#!/bin/sh\necho 'no such library' >&2; exit 127\n");
    machine.wkit("toolchain doctor python").golden("toolchain-doctor-broken");
}

#[test]
fn two_installations_at_a_time_are_one() {
    let machine = Machine::with_python(&format!("sleep 0.3; {PIP}"));
    let install = || {
        let ran = machine.wkit("toolchain install python").ok();
        ran.stderr.contains("installed componentize-py")
    };
    let installed = std::thread::scope(|scope| {
        let both = [scope.spawn(install), scope.spawn(install)];
        both.map(|one| one.join().unwrap())
    });
    assert_eq!(installed.iter().filter(|installed| **installed).count(), 1);
    assert_eq!(machine.pip_calls(), 1);
    machine.wkit("toolchain doctor python").ok();
}

#[test]
fn a_persons_environment_stays_out_and_their_network_comes_in() {
    let machine = Machine::with_python(PIP);
    let variables = [
        ("VIRTUAL_ENV", "/somewhere"),
        ("PYTHONPATH", "/somewhere"),
        ("PIP_TARGET", "/somewhere"),
        ("PIP_INDEX_URL", "http://registry.example/simple"),
        ("HTTPS_PROXY", "http://proxy.example"),
    ];
    machine.wkit_with("toolchain install python", &variables).ok();
    let seen = std::fs::read_to_string(machine.0.path("pip.env")).unwrap();
    assert!(!seen.contains("/somewhere"), "{seen}");
    assert!(seen.contains("PIP_INDEX_URL=http://registry.example/simple"), "{seen}");
    assert!(seen.contains("HTTPS_PROXY=http://proxy.example"), "{seen}");
}

#[test]
fn npm_gets_a_folder_of_its_own() {
    let machine = Machine::new();
    machine.program("node", "case \"$1\" in --version) echo v22.1.0 ;; *) exec /bin/sh \"$@\" ;; esac");
    machine.program("npm", "echo 'npm error code ETARGET' >&2; exit 1");
    machine.wkit("toolchain install componentize-qjs").golden("toolchain-install-npm-no-version");
    assert_eq!(machine.installed(), [""; 0]);

    let script = "package=node_modules/componentize-qjs; mkdir -p $package/bin
        echo '#!/bin/sh' >$package/bin/componentize-qjs
        echo \"$@\" >\"$SANDBOX/npm.log\"";
    machine.program("npm", script);
    machine.wkit("toolchain install componentize-qjs").ok();
    let folder = format!("home/.cache/wkit/tools/{}", machine.installed()[0]);
    let manifest = std::fs::read(machine.0.path(&format!("{folder}/package.json"))).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let version = manifest["dependencies"]["componentize-qjs"].as_str().unwrap();
    assert!(folder.ends_with(&format!("componentize-qjs-{version}")), "exactly one version: {manifest}");
    let arguments = std::fs::read_to_string(machine.0.path("npm.log")).unwrap();
    for argument in ["--ignore-scripts", "--no-audit", "--no-fund"] {
        assert!(arguments.contains(argument), "{arguments}");
    }
}

/// The large engine of JavaScript is for those who ask for it.
#[test]
fn what_few_components_need_is_not_missed() {
    let machine = Machine::new();
    machine.program("node", "case \"$1\" in --version) echo v22.1.0 ;; *) exec /bin/sh \"$@\" ;; esac");
    let script = "for package; do :; done
        mkdir -p node_modules/esbuild/bin node_modules/componentize-qjs/bin
        echo '#!/bin/sh' | tee node_modules/esbuild/bin/esbuild >node_modules/componentize-qjs/bin/componentize-qjs
        chmod +x node_modules/*/bin/*";
    machine.program("npm", script);
    machine.wkit("toolchain install javascript").ok();
    let installed = machine.installed();
    assert!(installed.iter().all(|name| !name.starts_with("componentize-js")), "{installed:?}");
    assert_eq!(installed.len(), 2, "{installed:?}");
    machine.wkit("toolchain doctor javascript").ok();
    let list = machine.wkit("toolchain list javascript").ok().stdout;
    let row = list.lines().find(|line| line.contains("componentize-js")).unwrap();
    assert!(row.contains("optional"), "{row}");
}

#[test]
fn a_folder_that_cannot_be_written() {
    let machine = Machine::with_python(PIP);
    machine.0.write("home/.cache/wkit", "in the way");
    machine.wkit("toolchain install python").golden("toolchain-install-no-folder");
    assert_eq!(machine.pip_calls(), 0);
}

const PROJECT: &str = "[project]\nname = \"demo\"\n[components.calc]\nlanguage = \"python\"\n";

fn project(machine: &Machine, toolchain: &str) {
    machine.0.write("wkit.toml", format!("{PROJECT}[toolchain]\n{toolchain}\n"));
    machine.0.write("calc/app.py", "");
    machine.0.write("wit/calc.wit", "package demo:calc;\nworld calc {}\n");
}

#[test]
fn a_project_chooses_versions() {
    let machine = Machine::with_python(PIP);
    machine.wkit("toolchain install python").ok();
    project(&machine, "componentize-py = \"0.1.2\"");
    machine.wkit("build").golden("toolchain-override-missing");
    machine.wkit("toolchain doctor").golden("toolchain-doctor-override");
    let ran = machine.wkit("toolchain install").ok();
    assert!(ran.stderr.contains("installed componentize-py 0.1.2"), "{}", ran.stderr);
    assert!(machine.installed().contains(&"componentize-py-0.1.2".to_owned()));
    machine.wkit("toolchain doctor").ok();
    let calls = std::fs::read_to_string(machine.0.path("pip.log")).unwrap();
    assert!(calls.ends_with("componentize-py==0.1.2\n"), "{calls}");
}

#[test]
fn a_project_cannot_choose_what_is_not_there() {
    let machine = Machine::new();
    project(&machine, "componentise-py = \"0.1.2\"");
    let unknown = machine.wkit("build");
    assert_eq!(unknown.code, Some(2));
    for text in ["wkit.toml:6:1: unknown tool `componentise-py`", "componentize-py", "^^^^"] {
        assert!(unknown.stderr.contains(text), "{}", unknown.stderr);
    }
    project(&machine, "componentize-py = \"../0.1.2\"");
    machine.wkit("toolchain list").golden("toolchain-override-no-version");
}
