//! C and C++: what goes wrong, and what must not change from one build to the next.

use crate::support::{Ran, Sandbox, available};

const WIT: &str = "package demo:calc@0.1.0;
interface ops {
    add: func(a: u32, b: u32) -> u32;
    resource tally {
        constructor(start: u32);
        total: func() -> u32;
        both: static func(a: tally, b: tally) -> u32;
    }
}
world calc { export ops; }
world plain { export add: func(a: u32, b: u32) -> u32; export name: func() -> string; }
world empty {}
";

const C: &str = "#include \"plain.h\"

uint32_t exports_plain_add(uint32_t a, uint32_t b) {
    return a + b;
}

void exports_plain_name(plain_string_t *ret) {
    plain_string_dup(ret, \"plain\");
}
";

const CPP: &str = "#include \"plain_cpp.h\"

uint32_t exports::plain::Add(uint32_t a, uint32_t b) {
    return a + b;
}

wit::string exports::plain::Name() {
    return wit::string::from_view(\"plain\");
}
";

/// One of the two languages, and a source in it that is right.
struct Case {
    language: &'static str,
    file: &'static str,
    source: &'static str,
}

const CASES: [Case; 2] = [
    Case { language: "c", file: "calc/src/calc.c", source: C },
    Case { language: "cpp", file: "calc/src/calc.cpp", source: CPP },
];

impl Case {
    /// A project whose component `calc` has this source.
    fn project(&self, sandbox: Sandbox, world: &str, source: &str) -> Sandbox {
        sandbox.write(
            "wkit.toml",
            format!(
                "[project]\nname = \"demo\"\n[components.calc]\nlanguage = \"{}\"\nworld = \"{world}\"\n",
                self.language
            ),
        );
        sandbox.write("wit/calc.wit", WIT);
        sandbox.write(self.file, source);
        sandbox
    }

    fn golden(&self, ran: Ran, name: &str) {
        ran.golden(&format!("{}-{name}", self.language));
    }
}

#[test]
fn the_compiler_is_missing() {
    for case in &CASES {
        let sandbox = case.project(Sandbox::new(), "plain", case.source);
        case.golden(sandbox.wkit("build"), "tool-missing");
    }
}

#[test]
fn another_version_of_the_compiler_is_missing() {
    for case in &CASES {
        if !available(case.language) {
            return;
        }
        let sandbox = case.project(Sandbox::with_toolchains(), "plain", case.source);
        let text = std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap();
        sandbox.write("wkit.toml", text + "[toolchain]\nziglang = \"0.0.1\"\n");
        case.golden(sandbox.wkit("build"), "wrong-version");
    }
}

#[test]
fn sources_that_do_not_fit() {
    let undeclared = [
        C.replace("#include \"plain.h\"", "#include <stdint.h>").split_once("void").unwrap().0.to_owned()
            + "typedef struct { char *text; } name_t;\nvoid exports_plain_name(name_t *ret, int length) {\n    \
               ret->text = 0;\n    (void)length;\n}\n",
        // Another function of the same name, as far as C++ is concerned.
        CPP.replace("Add(uint32_t a, uint32_t b)", "Add(uint64_t a, uint64_t b)"),
    ];
    for (case, undeclared) in CASES.iter().zip(undeclared) {
        if !available(case.language) {
            return;
        }
        let build = |source: &str, name: &str| {
            let sandbox = case.project(Sandbox::with_toolchains(), "plain", source);
            let ran = sandbox.wkit("build");
            assert!(!sandbox.path("build/calc.wasm").exists());
            case.golden(ran, name);
        };
        build(&case.source.replace("return a + b;", "return a + ;"), "syntax-error");
        build(&case.source.replace("uint32_t b)", "double b)"), "wrong-signature");
        build(&undeclared, "wrong-signature-undeclared");
        build(case.source.split_once("\n\n").unwrap().0, "not-implemented");
        let missing = "int missing(void);\n";
        let missing =
            if case.language == "c" { missing.to_owned() } else { format!("extern \"C\" {missing}") };
        let calls = case.source.replace("return a + b;", "return a + missing();");
        build(&calls.replacen("\n\n", &format!("\n\n{missing}"), 1), "undefined");
        let import = "__attribute__((import_module(\"demo:tax/rates@1.0.0\"), import_name(\"rate\")))\n\
                      int rate(void);\nint used = 0;\n__attribute__((export_name(\"unused\"))) int uses(void) { return rate() + used; }\n";
        let import =
            if case.language == "c" { import.to_owned() } else { format!("extern \"C\" {{\n{import}}}\n") };
        build(&format!("{}{import}", case.source), "unknown-import");
    }
}

#[test]
fn projects_that_lack_something() {
    for case in &CASES {
        if !available(case.language) {
            return;
        }
        let sandbox = case.project(Sandbox::with_toolchains(), "plain", case.source);
        std::fs::remove_dir_all(sandbox.path("wit")).unwrap();
        case.golden(sandbox.wkit("build"), "wit-missing");
        let sandbox = case.project(Sandbox::with_toolchains(), "plain", case.source);
        std::fs::remove_dir_all(sandbox.path("calc")).unwrap();
        sandbox.write("calc/README.md", "");
        case.golden(sandbox.wkit("build"), "no-sources");
        let sandbox = case.project(Sandbox::with_toolchains(), "empty", "int other(void) { return 1; }\n");
        case.golden(sandbox.wkit("build"), "no-main");
        let sandbox = case.project(Sandbox::with_toolchains(), "calc", "");
        case.golden(sandbox.wkit("build"), "no-resource");
        let sandbox = case.project(Sandbox::with_toolchains(), "plain", case.source);
        sandbox.write(
            "wit/calc.wit",
            "package demo:calc@0.1.0;\nworld plain { export later: async func() -> u32; }\n",
        );
        case.golden(sandbox.wkit("build"), "async");
    }
}

#[test]
fn the_same_sources_make_the_same_bytes_anywhere() {
    for case in &CASES {
        if !available(case.language) {
            return;
        }
        // The name of the file is where the path of a machine would get into the component.
        let source = case.source.replace(
            "return a + b;",
            "const char *volatile place = __FILE__;\n    return a + b + (place == 0);",
        );
        let build = || {
            let sandbox = case.project(Sandbox::with_toolchains(), "plain", &source);
            sandbox.wkit("build").ok();
            let ran = sandbox.wkit_words(&["run", "build/calc.wasm", "--invoke", "add(2, 3)"], &[]).ok();
            assert_eq!(ran.stdout, "5\n");
            std::fs::read(sandbox.path("build/calc.wasm")).unwrap()
        };
        let first = build();
        assert_eq!(first, build());
        let contains = |word: &str| first.windows(word.len()).any(|bytes| bytes == word.as_bytes());
        assert!(contains("src/calc.c"), "the assertion has no file");
        assert!(!contains("/tmp/") && !contains(env!("CARGO_MANIFEST_DIR")), "a path of this machine");
    }
}

#[test]
fn a_main_is_a_command_in_any_world() {
    for case in &CASES {
        if !available(case.language) {
            return;
        }
        let source = "#include <stdio.h>\nint main(int argc, char **argv) {\n    printf(\"%d %s\\n\", argc, \
                      argc > 1 ? argv[1] : \"-\");\n    return argc > 2;\n}\n";
        let sandbox = case.project(Sandbox::with_toolchains(), "empty", source);
        sandbox.wkit("build").ok();
        assert_eq!(sandbox.wkit("run build/calc.wasm").ok().stdout, "1 -\n");
        let failed = sandbox.wkit_words(&["run", "build/calc.wasm", "--", "a", "b"], &[]);
        assert_eq!((failed.code, failed.stdout.as_str()), (Some(1), "3 a\n"));
    }
}

#[test]
fn flags_of_the_component_are_heeded() {
    for case in &CASES {
        if !available(case.language) {
            return;
        }
        let source = case.source.replace("return a + b;", "return a + b + MORE;");
        let sandbox = case.project(Sandbox::with_toolchains(), "plain", &source);
        let add =
            || sandbox.wkit_words(&["run", "build/calc.wasm", "--invoke", "add(2, 3)"], &[]).ok().stdout;
        sandbox.write("calc/compile_flags.txt", "-DMORE=10\n");
        sandbox.wkit("build").ok();
        assert_eq!(add(), "15\n");
        sandbox.write("calc/compile_flags.txt", "-DMORE=20\n");
        sandbox.wkit("build").ok();
        assert_eq!(add(), "25\n");
    }
}
