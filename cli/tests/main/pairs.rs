//! The pairing matrix: every language as provider and as consumer of one interface, every pair composed and run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wkit_fixtures::{golden, tools};

use crate::support::{LANGUAGES, Sandbox, available};

/// Builds what this machine has the tools for, then composes and runs every pair. Each consumer's report must be
/// `fixtures/pairs/expected.txt`.
#[test]
fn every_pair_returns_identical_values() {
    let languages: Vec<&str> = LANGUAGES.into_iter().filter(|language| available(language)).collect();
    let folder = tools::repository().join("fixtures/pairs");
    let sandbox = Sandbox::with_toolchains();
    let project = folder.display().to_string();
    let components: Vec<String> = languages
        .iter()
        .flat_map(|language| [format!("{language}-provider"), format!("{language}-consumer")])
        .collect();
    let mut build = vec!["--project", &project, "build"];
    build.extend(components.iter().map(String::as_str));
    sandbox.wkit_words(&build, &[]).ok();

    let expected = std::fs::read_to_string(folder.join("expected.txt")).unwrap();
    let pairs: Vec<(&str, &str)> = languages
        .iter()
        .flat_map(|provider| languages.iter().map(move |consumer| (*provider, *consumer)))
        .collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                while let Some(pair) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(difference) = try_pair(&sandbox, &folder.join("build"), *pair, &expected) {
                        wrong.lock().unwrap().push((*pair, difference));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let failed: BTreeSet<(&str, &str)> = wrong.iter().map(|(pair, _)| *pair).collect();
    let matrix = matrix(&languages, &failed);
    println!("{matrix}");
    for ((provider, consumer), difference) in &wrong {
        println!("{provider} -> {consumer}:\n{difference}");
    }
    assert!(wrong.is_empty(), "{} of {} pairs differ:\n{matrix}", wrong.len(), pairs.len());
    if languages.len() == LANGUAGES.len() {
        let text = format!(
            "# The pairing matrix\n\nEvery language provides one interface with every kind of value, and every language consumes it\n\
             (`fixtures/pairs`). `same` means: composed by `wkit compose`, run, and every value came back as it should.\n\n{matrix}"
        );
        golden::assert_golden(tools::repository().join("docs/reference/pairs.md"), &text);
    }
}

/// Composes and runs one pair; the error is the first line that differs, or what the command said.
fn try_pair(
    sandbox: &Sandbox,
    build: &std::path::Path,
    (provider, consumer): (&str, &str),
    expected: &str,
) -> Result<(), String> {
    let path = |component: String| build.join(component + ".wasm").display().to_string();
    let (socket, plug) = (path(format!("{consumer}-consumer")), path(format!("{provider}-provider")));
    let composed = sandbox.path(&format!("{provider}-{consumer}.wasm")).display().to_string();
    let cache = sandbox.path(&format!("cache-{provider}-{consumer}"));
    let said = |ran: crate::support::Ran| format!("{}{}", ran.stdout, ran.stderr);
    let ran = sandbox.wkit_words(&["compose", &socket, "--plug", &plug, "-o", &composed], &[]);
    if ran.code != Some(0) {
        return Err(said(ran));
    }
    // Compiled code of one pair is of no use to another, and large.
    let variables = [("WKIT_CACHE", cache.to_str().unwrap())];
    let ran = sandbox.wkit_words(&["run", &composed, "--invoke", "report()"], &variables);
    drop((std::fs::remove_dir_all(&cache), std::fs::remove_file(&composed)));
    if ran.code != Some(0) {
        return Err(said(ran));
    }
    // WAVE escapes what cannot be seen, such as the joiner in the astronaut.
    let found = ran.stdout.trim().replace("\\u{200d}", "\u{200d}");
    let lines: Vec<&str> = found.trim_start_matches("[\"").trim_end_matches("\"]").split("\", \"").collect();
    let wanted: Vec<&str> = expected.lines().collect();
    if lines == wanted {
        return Ok(());
    }
    let at = lines.iter().zip(&wanted).position(|(found, wanted)| found != wanted);
    let at = at.unwrap_or(lines.len().min(wanted.len()));
    Err(format!(
        "line {}:\nexpected {}\nfound    {}",
        at + 1,
        wanted.get(at).unwrap_or(&"no line"),
        lines.get(at).unwrap_or(&"no line")
    ))
}

fn matrix(languages: &[&str], failed: &BTreeSet<(&str, &str)>) -> String {
    let mut text = String::from("| provider ↓ consumer → |");
    for language in languages {
        write!(text, " {language} |").unwrap();
    }
    text += "\n|---|";
    text += &"---|".repeat(languages.len());
    text += "\n";
    for provider in languages {
        write!(text, "| {provider} |").unwrap();
        for consumer in languages {
            let cell = if failed.contains(&(*provider, *consumer)) { "DIFFERENT" } else { "same" };
            write!(text, " {cell} |").unwrap();
        }
        text += "\n";
    }
    text
}
