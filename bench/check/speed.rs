//! How long comparisons take, beside the check that `wasm-tools component semver-check` makes.
//!
//! Both read the WIT of both sides and compare; wkit looks at both directions and gives all findings, `semver-check`
//! looks at one and gives the first. `cargo run --release -p wkit-interface --example check-speed`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wit_parser::Resolve;
use wkit_interface::check::{Contract, Profile, Settings, compare};

const ROUNDS: usize = 15;
const RELEASE: &str = "0.2.12";
const INTERFACES: usize = 1_000;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    println!("median of {ROUNDS}, milliseconds           read both   compare      both  semver-check (both)");
    let wasi = [wasi(folder.path(), "1.0.0"), wasi(folder.path(), "1.0.1")];
    row(&format!("WASI {RELEASE}, all packages, no change"), &wasi);
    let same = [many(folder.path(), "1.0.0", "u32"), many(folder.path(), "1.0.1", "u32")];
    row(&format!("{INTERFACES} interfaces, no change"), &same);
    let other = [same[0].clone(), many(folder.path(), "1.1.0", "u64")];
    row(&format!("{INTERFACES} interfaces, all changed"), &other);
    let peak = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned();
    println!("peak memory of all: {peak}");
}

fn row(name: &str, sides: &[PathBuf; 2]) {
    let settings = Settings::new(Profile::Strict);
    let read = || sides.each_ref().map(|side| Contract::from_wit("side", side).expect("the WIT is valid"));
    let reading = median(|| drop(read()));
    let [old, new] = read();
    let comparing = median(|| drop(compare(&old, &new, &settings).expect("both have the world")));
    let other = median(|| drop(semver_check(sides)));
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let both = ms(reading) + ms(comparing);
    println!("{name:<42} {:>9.1} {:>9.1} {both:>9.1} {:>9.1}", ms(reading), ms(comparing), ms(other));
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

/// What the program of wasm-tools does: both versions in one set of packages, and the worlds by their names.
fn semver_check(sides: &[PathBuf; 2]) -> Result<(), String> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let worlds = sides.each_ref().map(|side| {
        let package = resolve.push_path(side).expect("the WIT is valid").0;
        resolve.select_world(&[package], Some("all")).expect("it has the world")
    });
    wit_component::semver_check(resolve, worlds[0], worlds[1]).map_err(|error| format!("{error:#}"))
}

/// A world with everything of WASI.
fn wasi(folder: &Path, version: &str) -> PathBuf {
    let folder = folder.join(format!("wasi-{version}"));
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/wasi-history").join(RELEASE);
    for package in fs::read_dir(&from).expect("the release is there") {
        let package = package.expect("the release can be read").path();
        let to = folder.join("deps").join(package.file_name().expect("a folder has a name"));
        fs::create_dir_all(&to).expect("a folder can be made");
        for file in fs::read_dir(&package).expect("a package can be read") {
            let file = file.expect("a package can be read").path();
            fs::copy(&file, to.join(file.file_name().expect("a file has a name")))
                .expect("a file can be copied");
        }
    }
    let wit = format!(
        "package bench:all@{version};\nworld all {{ include wasi:cli/imports@{RELEASE}; include wasi:http/imports@{RELEASE};\n\
         export wasi:http/incoming-handler@{RELEASE}; export wasi:cli/run@{RELEASE}; }}\n"
    );
    fs::write(folder.join("all.wit"), wit).expect("a file can be written");
    folder
}

/// A package of many interfaces, half of which use types of the one before.
fn many(folder: &Path, version: &str, number: &str) -> PathBuf {
    let mut wit = format!("package bench:all@{version};\n");
    for place in 0..INTERFACES {
        let _ = writeln!(wit, "interface i{place} {{");
        if place % 2 == 1 {
            let _ = writeln!(wit, "use i{}.{{point as point-before, store as store-before}};", place - 1);
            let _ = writeln!(
                wit,
                "turn: func(at: point-before, store: borrow<store-before>) -> list<point-before>;"
            );
        }
        let _ = writeln!(
            wit,
            "record point {{ x: {number}, y: u32, label: option<string> }}
             enum mode {{ read, write, both }}
             variant failure {{ missing, denied(string), other(point) }}
             resource store {{ constructor(name: string); get: func(key: string) -> result<point, failure>;
               all: static func() -> list<own<store>>; }}
             open: func(name: string, mode: mode) -> result<store, failure>;
             move: func(at: point, by: tuple<{number}, u32>) -> point;
             close: func(store: store);\n}}"
        );
    }
    wit += "world all {\n";
    for place in 0..INTERFACES {
        let _ = writeln!(wit, "import i{place};");
    }
    wit += "}\n";
    let folder = folder.join(format!("many-{version}"));
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(folder.join("all.wit"), wit).expect("a file can be written");
    folder
}
