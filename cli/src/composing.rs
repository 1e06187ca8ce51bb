//! Composes, and shows why components do not fit: every problem with the places in `wkit.toml` that it speaks of.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use wkit_composer::{
    ComposeError, Composition, Input, Missing, Place, Plan, PlannedWire, Problems, StubError, StubbedImport,
    Subject,
};

use crate::error::CommandError;
use crate::marks::{self, Mark};
use crate::project::{FILE_NAME, Project};

/// Composes `inputs`; an error shows the places of `project` that it speaks of.
pub(crate) fn compose(
    inputs: &[Input],
    plan: &Plan,
    project: Option<&Project>,
) -> Result<Composition, CommandError> {
    wkit_composer::compose(inputs, plan).map_err(|error| refused(&error, project))
}

/// The same; with `missing`, what nothing fills is filled with stubs, which are listed.
pub(crate) fn compose_with_stubs(
    inputs: &[Input],
    plan: &Plan,
    project: Option<&Project>,
    missing: Option<&Missing>,
) -> Result<(Composition, Vec<StubbedImport>), CommandError> {
    let Some(missing) = missing else { return Ok((compose(inputs, plan, project)?, Vec::new())) };
    match wkit_composer::compose_with_stubs(inputs, plan, missing) {
        Ok(stubbed) => Ok((stubbed.composition, stubbed.stubs)),
        Err(StubError::Compose(error)) => Err(refused(&error, project)),
        Err(error) => {
            let hint = error.hint();
            Err(CommandError::failed("cannot compose").detail(error.to_string()).maybe_hint(hint))
        }
    }
}

fn refused(problems: &Problems, project: Option<&Project>) -> CommandError {
    let several = match problems.count() + problems.left_out() {
        1 => String::new(),
        count => format!(": {count} problems"),
    };
    let mut shown = CommandError::failed(format!("cannot compose{several}"));
    let path = project.map(|project| project.folder.join(FILE_NAME));
    // A file that is gone by now has no places to show.
    let text = path.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    for problem in problems.iter() {
        shown = shown.detail(problem.to_string());
        let drawn = path.as_ref().map(|path| drawn(path, &text, &problem.places())).unwrap_or_default();
        if !drawn.is_empty() {
            shown = shown.detail(drawn);
        }
        // Each step stands with its problem; that of a single one has its place at the end, as everywhere.
        match hint(problem, project) {
            Some(hint) if several.is_empty() => shown = shown.hint(hint),
            Some(hint) => shown = shown.detail(format!("hint: {hint}\n")),
            None => {}
        }
    }
    match problems.left_out() {
        0 => shown,
        left_out => shown.detail(format!("and {left_out} more problems")),
    }
}

/// What to do: a line for `wkit.toml`, or an option where there is no such file.
fn hint(problem: &ComposeError, project: Option<&Project>) -> Option<String> {
    let wires = problem.wires();
    if project.is_some() || wires.is_empty() {
        return problem.hint();
    }
    Some(format!("say how to wire it, for example: {}", wire_options(&wires)))
}

/// Wires as options of the command.
pub(crate) fn wire_options(wires: &[PlannedWire]) -> String {
    let option = |PlannedWire { importer, import, exporter, export }: &PlannedWire| {
        let export = export.as_ref().map(|export| format!(".{export}")).unwrap_or_default();
        format!("--wire {importer}.{import}={exporter}{export}")
    };
    wires.iter().map(option).collect::<Vec<_>>().join(" ")
}

/// The places of a project file that `places` speak of.
fn drawn(path: &Path, text: &str, places: &[Place]) -> String {
    let Ok(file) = DeTable::parse(text) else { return String::new() };
    let mut marks: Vec<Mark> = Vec::new();
    for place in places {
        let Some(span) = span(file.get_ref(), &place.subject) else { continue };
        match marks.iter_mut().find(|mark| mark.span == span) {
            None => marks.push(Mark::new(span, place.label.clone())),
            Some(mark) if place.label.is_empty() || mark.label.contains(&place.label) => {}
            Some(mark) if mark.label.is_empty() => mark.label.clone_from(&place.label),
            Some(mark) => mark.label = format!("{}, {}", mark.label, place.label),
        }
    }
    marks::draw(path, text, &marks)
}

/// Where the file speaks of something.
fn span(file: &DeTable<'_>, subject: &Subject) -> Option<Range<usize>> {
    match subject {
        Subject::Component { name } => {
            // The instance `a/b` is that of `b` for `a`.
            let name = name.rsplit('/').next().unwrap_or(name);
            let instances = table(file, "compose").and_then(|compose| table(compose, "instances"));
            let tables = ["components", "dependencies"].into_iter().filter_map(|name| table(file, name));
            let named = instances.into_iter().chain(tables).flatten();
            let (key, _) = named.into_iter().find(|(key, _)| key.get_ref() == name)?;
            Some(key.span())
        }
        Subject::Wire { importer, import } => {
            let DeValue::Array(wires) = table(file, "compose")?.get("wires")?.get_ref() else { return None };
            wires.iter().find_map(|wire| wire_span(wire.get_ref(), importer, import))
        }
        Subject::Socket => Some(table(file, "compose")?.get("socket")?.span()),
    }
}

fn table<'a>(file: &'a DeTable<'_>, name: &str) -> Option<&'a DeTable<'a>> {
    file.get(name)?.get_ref().as_table()
}

/// The import of the wire that means `import` of `importer`; its version may be left out.
fn wire_span(wire: &DeValue<'_>, importer: &str, import: &str) -> Option<Range<usize>> {
    let wire = wire.as_table()?;
    let text =
        |key: &str| wire.get(key).and_then(|value| Some((value.get_ref().as_str()?, Spanned::span(value))));
    let (stated_importer, _) = text("importer")?;
    let (stated, span) = text("import")?;
    let without_version = import.split('@').next();
    (stated_importer == importer && (stated == import || Some(stated) == without_version)).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[project]\nname = \"shop\"\n[components.app]\n[components.log]\n[compose]\nsocket = \"app\"\nwires = [{ importer = \"app\", import = \"shop:log/log\", exporter = \"log\" }]\n";

    fn place(subject: Subject, label: &str) -> Place {
        Place { subject, label: label.to_owned() }
    }

    #[test]
    fn the_places_of_a_project_file_are_found() {
        let component = |name: &str| Subject::Component { name: name.to_owned() };
        let wire = Subject::Wire { importer: "app".to_owned(), import: "shop:log/log@0.1.0".to_owned() };
        let places = [
            place(wire, "these do not fit"),
            place(component("log"), "exports it"),
            place(component("log"), "exports it"),
            place(component("log"), "has it"),
            place(Subject::Socket, "here"),
            place(component("gone"), "nowhere"),
        ];
        assert_eq!(
            drawn(Path::new("wkit.toml"), FILE, &places),
            " --> wkit.toml:7:39
  |
4 | [components.log]
  |             --- exports it, has it
5 | [compose]
6 | socket = \"app\"
  |          ----- here
7 | wires = [{ importer = \"app\", import = \"shop:log/log\", exporter = \"log\" }]
  |                                       ^^^^^^^^^^^^^^ these do not fit"
        );
        assert_eq!(drawn(Path::new("wkit.toml"), "not TOML", &places), "");
    }
}
