//! How long comparisons take and how much memory, beside the check that `wasm-tools component semver-check` makes.
//!
//! Both read the WIT of both versions out of files and compare; wkit looks at both directions and gives all findings,
//! `semver_check` looks at one direction and gives the first. Times are those of the processor, taken inside one program
//! that does both in turn; nothing here has a second thread. Peaks are those of programs that do it once. Both are read
//! from Linux. `cargo run --release --locked -p wkit-interface --example check-speed [ROUNDS]`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use wit_parser::{PackageName, Resolve};
use wkit_fixtures::tools;
use wkit_interface::check::{Contract, Profile, Settings, compare};

/// How often each is done, unless the first argument says it.
const ROUNDS: usize = 11;
const WASI: &str = "0.2.12";

/// One thing that is compared.
struct Row {
    name: String,
    /// The old version and the new one, each in a folder of its own: what wkit is given.
    sides: [PathBuf; 2],
    /// Both in one folder, the old one in `deps`: what `semver_check` needs.
    together: PathBuf,
    /// Whether something breaks.
    is_changed: bool,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [program, is_changed, folders @ ..] = arguments.as_slice() {
        return once(program, is_changed == "true", folders);
    }
    let rounds = match arguments.first() {
        Some(rounds) => {
            rounds.parse().ok().filter(|rounds| *rounds > 0).context("expected how many rounds")?
        }
        None => ROUNDS,
    };
    let work = tempfile::tempdir()?;
    println!(
        "{:<34} {:>9} {:>9} {:>13} {:>6} {:>9} {:>13} {:>6}",
        "median of the time, peak of memory",
        "wkit",
        "compare",
        "semver_check",
        "ratio",
        "wkit",
        "semver_check",
        "ratio"
    );
    for row in rows(work.path())? {
        measure(&row, rounds)?;
    }
    Ok(())
}

fn rows(work: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let wasi = tools::pinned_folder("wasi-history").join(WASI);
    if wasi.is_dir() {
        rows.push(wasi_row(work, &wasi)?);
    } else {
        println!("SKIPPED WASI {WASI}: it is not installed, run scripts/setup-clients.sh");
    }
    for count in [100, 1_000, 4_000] {
        for (new, what) in [("u32", "no change"), ("u64", "all changed")] {
            let write = |name: &str, version: &str, number: &str| -> Result<PathBuf> {
                let folder = work.join(format!("{name}-{count}-{what}"));
                write(&folder.join("all.wit"), &many(count, version, number))?;
                Ok(folder)
            };
            let sides = [write("old", "1.0.0", "u32")?, write("new", "1.0.1", new)?];
            let together = write("together", "1.0.1", new)?;
            write_previous(&together, &sides[0])?;
            rows.push(Row {
                name: format!("{count} interfaces, {what}"),
                sides,
                together,
                is_changed: new != "u32",
            });
        }
    }
    Ok(rows)
}

/// A world with everything of WASI, which is the same on both sides.
fn wasi_row(work: &Path, wasi: &Path) -> Result<Row> {
    let side = |name: &str, version: &str| -> Result<PathBuf> {
        let folder = work.join(format!("{name}-wasi"));
        for package in fs::read_dir(wasi)? {
            let package = package?;
            for file in fs::read_dir(package.path())? {
                let file = file?;
                let to = folder.join("deps").join(package.file_name()).join(file.file_name());
                write(&to, &fs::read_to_string(file.path())?)?;
            }
        }
        let wit = format!(
            "package bench:all@{version};\nworld all {{ include wasi:cli/imports@{WASI}; include wasi:http/imports@{WASI};\n\
             export wasi:http/incoming-handler@{WASI}; export wasi:cli/run@{WASI}; }}\n"
        );
        write(&folder.join("all.wit"), &wit)?;
        Ok(folder)
    };
    let sides = [side("old", "1.0.0")?, side("new", "1.0.1")?];
    let together = side("together", "1.0.1")?;
    write_previous(&together, &sides[0])?;
    Ok(Row { name: format!("WASI {WASI}, no change"), sides, together, is_changed: false })
}

/// The old version as one of the packages that the new one has beside it.
fn write_previous(together: &Path, old: &Path) -> Result<()> {
    write(&together.join("deps/previous/all.wit"), &fs::read_to_string(old.join("all.wit"))?)
}

/// A package of many interfaces, half of which use types of the one before.
fn many(count: usize, version: &str, number: &str) -> String {
    let mut wit = format!("package bench:all@{version};\n");
    for at in 0..count {
        let _ = writeln!(wit, "interface i{at} {{");
        if at % 2 == 1 {
            let _ = writeln!(
                wit,
                "use i{}.{{point as point-before, store as store-before}};
                 turn: func(at: point-before, store: borrow<store-before>) -> list<point-before>;",
                at - 1
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
    let imports: String = (0..count).map(|at| format!("import i{at}; ")).collect();
    wit + &format!("world all {{ {imports}}}\n")
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("a file stands in a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Prints one line: times and peaks, and the ratios of the two programs.
fn measure(row: &Row, rounds: usize) -> Result<()> {
    let (mut ours, mut comparing, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let start = processor_time()?;
        comparing.push(wkit(&row.sides, row.is_changed)?);
        ours.push(processor_time()? - start);
        let start = processor_time()?;
        semver_check(&row.together, row.is_changed)?;
        theirs.push(processor_time()? - start);
    }
    let [ours, comparing, theirs] = [ours, comparing, theirs].map(|mut times| {
        times.sort();
        times[rounds / 2].as_secs_f64() * 1e3
    });
    let our_peak = peak("wkit", row, &[&row.sides[0], &row.sides[1]])?;
    let their_peak = peak("semver_check", row, &[&row.together])?;
    println!(
        "{:<34} {ours:>6.1} ms {comparing:>6.1} ms {theirs:>10.1} ms {:>6.2} {our_peak:>5.1} MiB {their_peak:>9.1} MiB {:>6.2}",
        row.name,
        ours / theirs,
        our_peak / their_peak
    );
    Ok(())
}

/// Reads and compares as `wkit check --against` does; gives the time that the comparison alone took.
fn wkit(sides: &[PathBuf; 2], is_changed: bool) -> Result<Duration> {
    let [old, new] = [Contract::from_wit("old", &sides[0])?, Contract::from_wit("new", &sides[1])?];
    let start = processor_time()?;
    let comparison = compare(&old, &new, &Settings::new(Profile::HostApi))?;
    let took = processor_time()? - start;
    match comparison.breaking().next().is_some() == is_changed {
        true => Ok(took),
        false => bail!("wkit is wrong about {}", sides[1].display()),
    }
}

/// What the program of wasm-tools does: both versions stand in one folder, and the worlds are called by their names.
fn semver_check(together: &Path, is_changed: bool) -> Result<()> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let (new, _) = resolve.push_path(together)?;
    let previous = PackageName {
        namespace: "bench".to_owned(),
        name: "all".to_owned(),
        version: Some("1.0.0".parse()?),
    };
    let old = *resolve.package_names.get(&previous).context("the old version is there")?;
    let [old, new] = [old, new].map(|package| resolve.packages[package].worlds["all"]);
    match wit_component::semver_check(resolve, old, new).is_err() == is_changed {
        true => Ok(()),
        false => bail!("semver_check is wrong about {}", together.display()),
    }
}

/// How long this thread was on a processor.
fn processor_time() -> Result<Duration> {
    // The kernel counts when it looks at the thread.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("times are read from /proc")?;
    let nanoseconds = text.split(' ').next().context("the first number is the time")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

/// The peak memory, in MiB, of a program that does it once.
fn peak(program: &str, row: &Row, folders: &[&Path]) -> Result<f64> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg(program).arg(row.is_changed.to_string()).args(folders).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let kib: f64 = text
        .trim()
        .parse()
        .with_context(|| format!("{program} failed: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(kib / 1024.0)
}

/// What [`peak`] starts: does it once and prints the peak memory in KiB.
fn once(program: &str, is_changed: bool, folders: &[String]) -> Result<()> {
    match (program, folders) {
        ("wkit", [old, new]) => drop(wkit(&[old.into(), new.into()], is_changed)?),
        ("semver_check", [together]) => semver_check(Path::new(together), is_changed)?,
        _ => bail!("expected no arguments"),
    }
    let status = fs::read_to_string("/proc/self/status").context("peaks are read from /proc")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|peak| peak.trim().strip_suffix(" kB"))
        .ok_or_else(|| anyhow!("no peak in {status}"))?;
    println!("{peak}");
    Ok(())
}
