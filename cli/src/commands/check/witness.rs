//! `wkit check --witness FOLDER`: for each change that breaks linking, two components that show it.

use std::collections::BTreeMap;
use std::path::Path;

use wkit_interface::check::{Direction, Finding, Group, Position, Witness, witness};

use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::output::write_file;
use crate::report::{Checked, Report};

/// Writes `RULE-N/consumer.wasm`, `provider.wasm`, both `linked.wasm` and a `README.md` for each.
pub(super) fn write(report: &Report, folder: &Path, context: &Context) -> Result<(), CommandError> {
    if report.checks.iter().all(|checked| checked.old.is_none()) {
        return Err(CommandError::usage("`--witness` needs something to compare with")
            .hint("name it with `--against`, as in `--against git:main`"));
    }
    std::fs::create_dir_all(folder).map_err(|error| io_error("write", folder, &error))?;
    let (mut numbers, mut written): (BTreeMap<&str, usize>, usize) = (BTreeMap::new(), 0);
    for checked in &report.checks {
        let Some(old) = &checked.old else { continue };
        for finding in checked.findings.iter().filter(|finding| breaks_linking(finding)) {
            let found = match witness(finding, &old.contract, &checked.new.contract) {
                Ok(found) => found,
                Err(error) => {
                    let (rule, bug) = (finding.rule.id, "this is a bug in wkit, please report it");
                    context.ui.note(format!("no witness for {rule}: {error}; {bug}"));
                    continue;
                }
            };
            let number = numbers.entry(finding.rule.id).or_default();
            *number += 1;
            let place = folder.join(format!("{}-{number}", finding.rule.id));
            write_file(&place.join("consumer.wasm"), &found.consumer)?;
            write_file(&place.join("provider.wasm"), &found.provider)?;
            write_file(&place.join("linked.wasm"), &found.linked)?;
            write_file(&place.join("README.md"), readme(checked, finding, &found).as_bytes())?;
            written += 1;
        }
    }
    let what = if written == 1 { "witness" } else { "witnesses" };
    context.ui.done("wrote", format!("{written} {what} to {}", folder.display()));
    Ok(())
}

fn breaks_linking(finding: &Finding) -> bool {
    let links = |direction: &Direction| matches!(direction, Direction::Host | Direction::Component);
    finding.rule.group == Group::Link && finding.breaks.iter().any(links)
}

fn readme(checked: &Checked, finding: &Finding, witness: &Witness) -> String {
    let against = checked.against().unwrap_or_default();
    // Who has an import asks; of a world's export that is the host.
    let old_asks = (witness.direction == Direction::Host) == (witness.position == Position::Import);
    let (asks, has) =
        if old_asks { (against, checked.subject.as_str()) } else { (checked.subject.as_str(), against) };
    format!(
        "# {rule}\n\n{message}, in {place}: `{subject}` compared with `{against}`.\n\n\
         | file | what |\n|---|---|\n\
         | `consumer.wasm` | imports it as `{asks}` has it |\n\
         | `provider.wasm` | exports it as `{has}` has it |\n\
         | `linked.wasm` | both, linked: invalid |\n\n\
         So it breaks {whom}. The validator says:\n\n```text\n{refusal}\n```\n\n\
         Other tools say so too:\n\n```sh\nwkit compose consumer.wasm --plug provider.wasm -o composed.wasm\n```\n",
        rule = finding.rule.id,
        message = finding.message,
        subject = checked.subject,
        place = finding.place,
        whom = witness.direction.whom(),
        refusal = witness.refusal.trim(),
    )
}
