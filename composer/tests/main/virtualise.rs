//! What a virtualised component still imports, and what cannot be closed. What it answers is tested where components
//! run, in `cli/tests`.

use sha2::{Digest, Sha256};
use wkit_composer::limits::{BAKED_BYTES_MAX, BAKED_FILES_MAX};
use wkit_composer::virtualise::{Capability, Policy, State, VirtualiseError, Virtualised, virtualise};
use wkit_fixtures::component::{from_wat, from_wit};
use wkit_fixtures::{golden, prebuilt};

fn assert_golden(name: &str, text: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens");
    golden::assert_golden(format!("{folder}/{name}.txt"), &format!("{text}\n"));
}

fn deny(capabilities: &[Capability]) -> Policy {
    Policy { deny: capabilities.iter().copied().collect(), ..Policy::default() }
}

fn run(bytes: &[u8], policy: &Policy) -> Virtualised {
    virtualise("app", bytes, policy).unwrap_or_else(|error| panic!("{error}\nhint: {:?}", error.hint()))
}

#[test]
fn nothing_is_left_when_everything_is_closed() {
    let closed = run(&prebuilt::probe(), &deny(&Capability::ALL));
    assert_eq!(closed.imports, Vec::<String>::new());
    assert!(closed.capabilities.iter().all(|outcome| outcome.state != State::PassedOn));
}

#[test]
fn each_capability_can_be_closed_alone() {
    for capability in Capability::ALL {
        let closed = run(&prebuilt::probe(), &deny(&[capability]));
        for outcome in &closed.capabilities {
            let used = outcome.state != State::NotUsed;
            assert!(!used || (outcome.state == State::Closed) == (outcome.capability == capability));
        }
        if closed.capabilities.iter().any(|outcome| outcome.state == State::Closed) {
            assert!(closed.changed);
            let again = run(&closed.bytes, &deny(&[capability]));
            let outcome = again.capabilities.iter().find(|outcome| outcome.capability == capability).unwrap();
            // Variables and arguments come by one interface.
            if !matches!(capability, Capability::Env | Capability::Args) {
                assert_eq!(outcome.state, State::NotUsed, "{capability}: {:?}", closed.imports);
            }
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let policy = deny(&Capability::ALL);
    assert_eq!(run(&prebuilt::probe(), &policy).bytes, run(&prebuilt::probe(), &policy).bytes);
}

/// Everything that a component may be refused, with the message and the hint.
fn refusal(bytes: &[u8], policy: &Policy) -> String {
    let error = virtualise("app", bytes, policy).expect_err("this is refused");
    format!("{error}\nhint: {}", error.hint().unwrap())
}

#[test]
fn handlers_close_what_their_exports_do_not_speak_of() {
    let closed =
        run(&prebuilt::porter(), &deny(&[Capability::Filesystem, Capability::Http, Capability::Env]));
    let left: Vec<&str> = closed.imports.iter().map(String::as_str).collect();
    for gone in ["wasi:filesystem/", "wasi:http/outgoing-handler"] {
        assert!(!left.iter().any(|name| name.starts_with(gone)), "{gone}: {left:?}");
    }
    assert!(left.contains(&"wasi:http/types@0.2.12"), "{left:?}");
    for capability in Capability::ALL {
        match virtualise("app", &prebuilt::porter(), &deny(&[capability])) {
            Ok(closed) => wkit_interface::decode(&closed.bytes).map(drop).unwrap(),
            Err(error) => assert!(matches!(error, VirtualiseError::ExportSpeaks { .. }), "{error}"),
        }
    }
    assert_golden("virtualise-export", &refusal(&prebuilt::porter(), &deny(&[Capability::Stdout])));
}

#[test]
fn wasi_03_is_closed_where_no_stream_is_needed() {
    for bytes in [prebuilt::tide(), prebuilt::ferry()] {
        for capability in Capability::ALL {
            match virtualise("app", &bytes, &deny(&[capability])) {
                Ok(closed) => wkit_interface::decode(&closed.bytes).map(drop).unwrap(),
                Err(VirtualiseError::Streams { .. } | VirtualiseError::ExportSpeaks { .. }) => {
                    let stdio = [Capability::Stdin, Capability::Stdout, Capability::Stderr];
                    assert!(stdio.contains(&capability), "{capability}");
                }
                Err(error) => panic!("{capability}: {error}"),
            }
        }
    }
    assert_golden("virtualise-streams", &refusal(&prebuilt::tide(), &deny(&[Capability::Stdout])));
}

fn files(paths: &[&str]) -> Policy {
    let files = paths.iter().map(|path| ((*path).to_owned(), Vec::new())).collect();
    Policy { files: Some(files), ..Policy::default() }
}

#[test]
fn paths_that_no_guest_could_open_are_refused() {
    for path in ["", "a", "a/b", "/a//b", "/a/", "/./a", "/a/..", "/a\nb", "/a\0"] {
        let error = virtualise("app", &prebuilt::probe(), &files(&[path])).unwrap_err();
        assert!(matches!(error, VirtualiseError::Path { .. }), "{path:?}: {error}");
    }
    assert_golden("virtualise-path", &refusal(&prebuilt::probe(), &files(&["etc/app.conf"])));
    assert_golden("virtualise-file-and-folder", &refusal(&prebuilt::probe(), &files(&["/a", "/a/b"])));
}

#[test]
fn files_have_limits() {
    let count = |count: usize| {
        // The folder counts too.
        let files = (1..count).map(|number| (format!("/f/{number}"), Vec::new())).collect();
        Policy { files: Some(files), ..Policy::default() }
    };
    assert!(run(&prebuilt::probe(), &count(BAKED_FILES_MAX)).changed);
    assert_golden("virtualise-too-many", &refusal(&prebuilt::probe(), &count(BAKED_FILES_MAX + 1)));
    let size = |size: u64| {
        let files = [("/f".to_owned(), vec![0; usize::try_from(size).unwrap()])].into();
        Policy { files: Some(files), ..Policy::default() }
    };
    assert!(run(&prebuilt::probe(), &size(BAKED_BYTES_MAX)).changed);
    assert_golden("virtualise-too-large", &refusal(&prebuilt::probe(), &size(BAKED_BYTES_MAX + 1)));
}

#[test]
fn what_is_no_component_is_refused() {
    let package = wkit_fixtures::component::wit_package("package a:b; interface c {}");
    assert_golden("virtualise-wit-package", &refusal(&package, &deny(&Capability::ALL)));
    assert_golden("virtualise-core-module", &refusal(&from_wat("(module)"), &deny(&Capability::ALL)));
}

/// A function that no WASI has could do anything.
#[test]
fn unknown_functions_are_not_guessed() {
    let wit = "package demo:it; world app { import wasi:random/random@0.2.6; export run: func(); }
        package wasi:random@0.2.6 { interface random { get-dice: func() -> u32; } }";
    let bytes = from_wit(wit, "app");
    assert_golden("virtualise-unknown", &refusal(&bytes, &deny(&[Capability::Random])));
    let wit = wit.replace("get-dice: func() -> u32", "get-random-u64: func() -> u32");
    assert_golden("virtualise-other-type", &refusal(&from_wit(&wit, "app"), &deny(&[Capability::Random])));
}

/// An interface of somebody else that takes a stream goes through the gate with the streams of WASI.
#[test]
fn other_interfaces_that_speak_of_streams() {
    let app = |methods: &str, functions: &str| {
        let wit = format!(
            "package demo:it; world app {{ import wasi:cli/stdout@0.2.6; import acme:pipe/pipe; export run: func(); }}
            package acme:pipe {{ interface pipe {{ use wasi:io/streams@0.2.6.{{output-stream}}; {functions} }} }}
            package wasi:io@0.2.6 {{ interface streams {{ resource output-stream {{ {methods} }} }} }}
            package wasi:cli@0.2.6 {{ interface stdout {{ use wasi:io/streams@0.2.6.{{output-stream}};
                get-stdout: func() -> output-stream; }} }}"
        );
        from_wit(&wit, "app")
    };
    let policy = deny(&[Capability::Stdout]);
    let takes = "take: func(it: borrow<output-stream>);";
    assert_golden("virtualise-takes", &refusal(&app("", takes), &policy));
    assert_golden("virtualise-other-streams", &refusal(&app("flush: func();", takes), &policy));
    let gives = "resource end { constructor(by: option<string>); }
        open: func(names: list<string>) -> result<list<option<output-stream>>, string>;
        close: func(it: borrow<end>, by: tuple<u8, end, result<list<end>, f64>>);";
    let closed = run(&app("", gives), &policy);
    assert_eq!(closed.imports, ["wasi:io/streams@0.2.6", "acme:pipe/pipe"]);
}

#[test]
fn the_provider_is_of_the_source_beside_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("provider");
    let recorded = std::fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    for line in recorded.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let found =
            Sha256::digest(&bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(found, digest, "`{name}` has changed: run composer/provider/build.sh");
    }
    for name in ["build.sh", "Cargo.lock", "Cargo.toml", "provider.wasm", "src/lib.rs", "wit/world.wit"] {
        assert!(recorded.contains(&format!("  {name}\n")), "{name}");
    }
    for entry in std::fs::read_dir(folder.join("src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(recorded.contains(&format!("  src/{name}\n")), "src/{name}");
    }
}
