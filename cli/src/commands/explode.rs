//! `wkit explode`: a composition into its components and the script that composes them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wkit_artifact::Digest;
use wkit_composer::{ExplodeError, Exploded, Input, PARTS_NAMESPACE, Script, explode};

use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::output::write_file;
use crate::source;
use crate::ui::{self, Format, Table};

/// Arguments of `wkit explode`.
///
/// Writes each component of a composition once, and a script of the wac language that composes them again: FOLDER/NAME.wac
/// with its parts in FOLDER/deps/parts. Compositions of any tool can be taken apart; what is composed inside one stays
/// whole, and can be taken apart by itself.
#[derive(Debug, Args)]
pub(crate) struct ExplodeArgs {
    /// A composition: a file, or a reference in a registry
    #[arg(value_name = "FILE|REF")]
    composition: String,

    /// The folder to write to; it is made where it is missing
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,

    /// Replace files that are there already
    #[arg(long)]
    force: bool,

    /// Do not compose the parts again to compare the digests
    #[arg(long)]
    no_verify: bool,

    /// How to show what was written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Where to look for a REF and how to speak to its registry
    #[command(flatten)]
    inputs: InputArgs,
}

/// Takes a composition apart.
pub(crate) fn run(args: ExplodeArgs, context: &Context) -> Result<ExitCode, CommandError> {
    let loaded = source::load(&args.composition, None, &args.inputs, context)?;
    let name = file_name(&args.composition);
    let exploded = explode(&name, &loaded.bytes).map_err(|error| cannot(&args.composition, &error))?;
    // Before anything is written: parts that do not compose again are of no use.
    let again = if args.no_verify { None } else { Some(verify(&args.composition, &exploded)?) };
    let digest = Digest::sha256(&loaded.bytes);
    let script = args.output.join(format!("{name}.wac"));
    write(&args, &script, &exploded)?;
    match args.format {
        Format::Json => ui::print_json(&json!({
            "script": script,
            "parts": exploded.parts.iter().map(|part| json!({
                "package": part.package(),
                "file": part_file(&args.output, &part.name),
                "digest": part.digest,
                "size_bytes": part.bytes.len(),
            })).collect::<Vec<_>>(),
            "renamed": exploded.renamed,
            "digest": digest,
            "composed_again": again,
        }))?,
        Format::Text => show(&args, &script, &exploded, &digest, again.as_ref(), context)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn cannot(composition: &str, error: &ExplodeError) -> CommandError {
    let hint = match error {
        ExplodeError::Decode(fault) => source::decode_hint(fault),
        other => other.hint(),
    };
    CommandError::from_error(format!("cannot take `{composition}` apart"), error).maybe_hint(hint)
}

/// Composes the parts as the script says, and returns the digest of what comes out.
fn verify(composition: &str, exploded: &Exploded) -> Result<Digest, CommandError> {
    let input =
        |part: &wkit_composer::ExplodedPart| Input { name: part.package(), bytes: part.bytes.clone().into() };
    let inputs: Vec<Input> = exploded.parts.iter().map(input).collect();
    let composed = Script::parse(&exploded.script).and_then(|script| script.compose(&inputs));
    let composed = composed.map_err(|error| {
        CommandError::from_error(format!("the parts of `{composition}` do not compose again"), &error)
            .hint("`--no-verify` writes them all the same")
    })?;
    let bytes = composed.bytes.to_vec().map_err(|error| source::input_error(&error))?;
    Ok(Digest::sha256(&bytes))
}

fn write(args: &ExplodeArgs, script: &Path, exploded: &Exploded) -> Result<(), CommandError> {
    let mut files: Vec<(PathBuf, &[u8])> = exploded
        .parts
        .iter()
        .map(|part| (part_file(&args.output, &part.name), part.bytes.as_slice()))
        .collect();
    // The script comes last: where it is, everything is.
    files.push((script.to_owned(), exploded.script.as_bytes()));
    let taken: Vec<String> = files
        .iter()
        .filter(|(file, _)| file.exists())
        .map(|(file, _)| format!("`{}`", file.display()))
        .collect();
    if !args.force && !taken.is_empty() {
        let verb = if taken.len() == 1 { "is" } else { "are" };
        return Err(CommandError::failed(format!("{} {verb} there already", taken.join(", ")))
            .hint("name another folder, or replace what is there with `--force`"));
    }
    files.iter().try_for_each(|(file, bytes)| write_file(file, bytes))
}

fn show(
    args: &ExplodeArgs,
    script: &Path,
    exploded: &Exploded,
    digest: &Digest,
    again: Option<&Digest>,
    context: &Context,
) -> Result<(), CommandError> {
    let mut table = Table::new(&["part", ">size", "digest"]);
    for part in &exploded.parts {
        let file = part_file(&args.output, &part.name).display().to_string();
        table.row(vec![file, ui::size(part.bytes.len() as u64), part.digest.to_string()]);
    }
    ui::print(&table.render())?;
    for (instance, name) in &exploded.renamed {
        context
            .ui
            .note(format!("the instance `{instance}` is `{name}` in the script: wac cannot say its name"));
    }
    let parts = match exploded.parts.len() {
        1 => "1 part".to_owned(),
        several => format!("{several} parts"),
    };
    let script = script.display();
    context.ui.done("exploded", format!("{script}, {parts}"));
    match again {
        None => {}
        Some(again) if again == digest => {
            context.ui.done("verified", format!("`wkit compose {script}` gives the same digest, {digest}"));
        }
        Some(again) => {
            let reason = if exploded.renamed.is_empty() && exploded.named == 0 {
                "another tool or version wrote it"
            } else {
                "names of instances differ"
            };
            context.ui.note(format!("`wkit compose {script}` gives {again} and not {digest}: {reason}"));
        }
    }
    Ok(())
}

/// Where a script looks for its packages.
fn part_file(folder: &Path, part: &str) -> PathBuf {
    folder.join("deps").join(PARTS_NAMESPACE).join(format!("{part}.wasm"))
}

/// A name for files: the last part of a file or reference, without ending and version.
fn file_name(composition: &str) -> String {
    let last = composition.rsplit(['/', '\\']).next().unwrap_or(composition);
    let last = last.split('@').next().unwrap_or(last);
    let last = last.strip_suffix(".wasm").unwrap_or(last);
    // `namespace:name`, or `name:tag` behind a host.
    let name = match last.split_once(':') {
        Some((_, name)) if !composition.contains('/') => name,
        Some((name, _)) => name,
        None => last,
    };
    let is_name = !name.is_empty() && !name.starts_with('.');
    if is_name { name.to_owned() } else { "composition".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn scripts_are_named_after_files_and_references() {
        for (composition, expected) in [
            ("build/shop.wasm", "shop"),
            ("shop:app@0.1.0", "app"),
            ("host.example:5000/shop/app:0.1.0", "app"),
            ("host.example/shop/app@sha256:00", "app"),
            ("..", "composition"),
        ] {
            assert_eq!(file_name(composition), expected, "{composition}");
        }
    }
}
