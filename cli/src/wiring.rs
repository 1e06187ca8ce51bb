//! How wires, exports and imports are written, in `wkit.toml` and on the command line: `INSTANCE.ITEM`.

use std::collections::BTreeSet;

use clap::Args;
use wkit_composer::{Plan, PlannedExport, PlannedInstance, PlannedOpen, PlannedWire, Share};

use crate::error::CommandError;

/// The options of a composition that say what is not to be inferred. They come before what `wkit.toml` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Wiring")]
pub(crate) struct WiringArgs {
    /// Make an instance of a component under this name; the component then has no other but those named so; can be
    /// repeated
    #[arg(long = "instance", value_name = "NAME=COMPONENT")]
    instances: Vec<String>,

    /// Make one of this for each importer, instead of one that all share; can be repeated
    #[arg(long, value_name = "INSTANCE")]
    each: Vec<String>,

    /// Fill an import with what another instance exports; can be repeated
    #[arg(long = "wire", value_name = "INSTANCE.IMPORT=INSTANCE[.EXPORT]")]
    wires: Vec<String>,

    /// Export this, perhaps under another name, and nothing else but what is named so; can be repeated: `run`,
    /// `log.demo:log/log`, `first=log.demo:log/log`, `*` for all that the socket exports, `log.*`
    #[arg(long = "export", value_name = "[NAME=][INSTANCE.]EXPORT")]
    exports: Vec<String>,

    /// Let this import stay open although a component could fill it, `wasi:*` for all of WASI; can be repeated
    #[arg(long, value_name = "[INSTANCE.]IMPORT")]
    leave_open: Vec<String>,

    /// Fail when any import stays open that is not left open or allowed to be
    #[arg(long)]
    complete: bool,

    /// Fail when any import but these stays open, `wasi:*` for all of WASI; can be repeated
    #[arg(long, value_name = "IMPORT")]
    allow_open: Vec<String>,
}

impl WiringArgs {
    /// Whether any of them is given.
    pub(crate) fn is_given(&self) -> bool {
        *self != Self::default()
    }

    /// The imports that may stay open; nothing where any may.
    pub(crate) fn allowed_open(&self) -> Option<&[String]> {
        (self.complete || !self.allow_open.is_empty()).then_some(self.allow_open.as_slice())
    }

    /// The first option that a script says itself, and how it does.
    pub(crate) fn said_by_script(&self) -> Option<(&'static str, &'static str)> {
        let options = [
            (
                !self.instances.is_empty(),
                "--instance",
                "`let NAME = new ns:package { … };` makes an instance",
            ),
            (!self.each.is_empty(), "--each", "a `let NAME = new ns:package { … };` for each importer"),
            (
                !self.wires.is_empty(),
                "--wire",
                "`new ns:package { \"the:import/name@0.1.0\": instance.export }`",
            ),
            (!self.exports.is_empty(), "--export", "`export instance.export as name;`"),
            (
                !self.leave_open.is_empty(),
                "--leave-open",
                "leave the argument of `new` out, with `...` as the last one",
            ),
        ];
        options.into_iter().find(|(given, ..)| *given).map(|(_, option, script)| (option, script))
    }

    /// Adds what the options say to a plan for `inputs`, which may come from `wkit.toml`.
    pub(crate) fn apply(&self, plan: &mut Plan, inputs: &[&str]) -> Result<(), CommandError> {
        for text in &self.instances {
            let (name, component) =
                text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                    CommandError::usage(format!("`--instance {text}`: expected NAME=COMPONENT"))
                })?;
            plan.instances.retain(|instance| instance.name != name);
            let (name, component) = (name.to_owned(), component.to_owned());
            plan.instances.push(PlannedInstance { name, component, share: Share::One });
        }
        for name in &self.each {
            match plan.instances.iter_mut().find(|instance| instance.name == *name) {
                Some(instance) => instance.share = Share::Each,
                None => {
                    let (name, component) = (name.clone(), name.clone());
                    plan.instances.push(PlannedInstance { name, component, share: Share::Each });
                }
            }
        }
        let names = Names::of(plan, inputs);
        for text in &self.wires {
            let wire = names.wire(text).map_err(|message| usage("wire", text, &message))?;
            let path = |import: &str| import.split('@').next().unwrap_or_default().to_owned();
            plan.wires
                .retain(|known| known.importer != wire.importer || path(&known.import) != path(&wire.import));
            plan.wires.push(wire);
        }
        if !self.exports.is_empty() {
            let exports = self.exports.iter().map(|text| {
                let export = match text.split_once('=') {
                    Some((name, from)) => names.renamed(name, from),
                    None => names.export(text),
                };
                export.map_err(|message| usage("export", text, &message))
            });
            plan.exports = Some(exports.collect::<Result<_, _>>()?);
        }
        for text in &self.leave_open {
            plan.open.push(names.open(text).map_err(|message| usage("leave-open", text, &message))?);
        }
        if let Some(allowed) = self.allowed_open() {
            plan.allow_open.get_or_insert_default().extend(allowed.iter().cloned());
        }
        Ok(())
    }
}

fn usage(option: &str, text: &str, message: &str) -> CommandError {
    CommandError::usage(format!("`--{option} {text}`: {message}"))
}

/// The names that instances can have, for finding out where one ends: file names have dots too.
pub(crate) struct Names {
    known: BTreeSet<String>,
    /// What they are called in messages: `component` where each component is one instance.
    noun: &'static str,
}

impl Names {
    /// The instances of a plan for `inputs`.
    pub(crate) fn of(plan: &Plan, inputs: &[&str]) -> Self {
        let split = |input: &&&str| plan.instances.iter().any(|instance| instance.component == **input);
        let whole = inputs.iter().filter(|input| !split(input)).map(|input| (*input).to_owned());
        Self {
            known: plan.instances.iter().map(|instance| instance.name.clone()).chain(whole).collect(),
            noun: if plan.instances.is_empty() { "component" } else { "instance" },
        }
    }

    /// Whether there is such an instance; the message names those that there are.
    pub(crate) fn check(&self, name: &str) -> Result<(), String> {
        if self.known.contains(name) {
            return Ok(());
        }
        let (noun, known) = (self.noun, self.known.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
        Err(format!("no {noun} `{name}`; the {noun}s are: {known}"))
    }

    /// `INSTANCE.ITEM` in its two parts; the whole as the item when it begins with no instance.
    fn split<'a>(&self, text: &'a str) -> Result<(Option<&'a str>, &'a str), String> {
        let ends = text.match_indices('.').map(|(at, _)| at).rev();
        for end in ends {
            if self.known.contains(&text[..end]) {
                return Ok((Some(&text[..end]), &text[end + 1..]));
            }
        }
        // Names of interfaces have dots in their versions alone, and those of functions none.
        if let Some((name, _)) = text.split_once('.')
            && !name.contains([':', '/', '@'])
        {
            self.check(name)?;
        }
        Ok((None, text))
    }

    /// `INSTANCE` or `INSTANCE.ITEM`.
    fn instance<'a>(&self, text: &'a str) -> Result<(&'a str, Option<&'a str>), String> {
        if self.known.contains(text) {
            return Ok((text, None));
        }
        match self.split(text)? {
            (Some(instance), item) => Ok((instance, Some(item))),
            (None, _) => self.check(text).map(|()| (text, None)),
        }
    }

    /// `INSTANCE.IMPORT=INSTANCE[.EXPORT]`.
    fn wire(&self, text: &str) -> Result<PlannedWire, String> {
        let expected = || "expected INSTANCE.IMPORT=INSTANCE or INSTANCE.IMPORT=INSTANCE.EXPORT".to_owned();
        let (from, to) = text.split_once('=').ok_or_else(expected)?;
        let (importer, import) = self.instance(from)?;
        let (exporter, export) = self.instance(to)?;
        Ok(PlannedWire {
            importer: importer.to_owned(),
            import: import.ok_or_else(expected)?.to_owned(),
            exporter: exporter.to_owned(),
            export: export.map(str::to_owned),
        })
    }

    /// An export under its own name: `EXPORT` of the socket, `INSTANCE.EXPORT`, or `*` in place of the export.
    pub(crate) fn export(&self, text: &str) -> Result<PlannedExport, String> {
        let (instance, export) = self.split(text)?;
        let instance = instance.map(str::to_owned);
        Ok(match export {
            "*" => PlannedExport::Rest { instance },
            "" => return Err("expected the name of an export".to_owned()),
            export => PlannedExport::One { instance, export: export.to_owned(), name: None },
        })
    }

    /// An export under the name `name`: that of an `INSTANCE` with the same name, or `INSTANCE.EXPORT`, or `EXPORT` of
    /// the socket; for `*` all of an instance.
    pub(crate) fn renamed(&self, name: &str, from: &str) -> Result<PlannedExport, String> {
        if name == "*" {
            self.check(from)?;
            return Ok(PlannedExport::Rest { instance: Some(from.to_owned()) });
        }
        if self.known.contains(from) {
            // The name is that of the export, perhaps without its version, which the composition does have.
            let (instance, export) = (Some(from.to_owned()), name.to_owned());
            return Ok(PlannedExport::One { instance, export, name: None });
        }
        match self.export(from)? {
            PlannedExport::One { instance, export, .. } if !name.is_empty() => {
                Ok(PlannedExport::One { instance, export, name: Some(name.to_owned()) })
            }
            _ => Err("expected NAME=INSTANCE, NAME=INSTANCE.EXPORT or NAME=EXPORT".to_owned()),
        }
    }

    /// `IMPORT` of all instances, or `INSTANCE.IMPORT`.
    pub(crate) fn open(&self, text: &str) -> Result<PlannedOpen, String> {
        let (importer, import) = self.split(text)?;
        Ok(PlannedOpen { importer: importer.map(str::to_owned), import: import.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::of(&Plan::default(), &["app", "log.v2", "log"])
    }

    #[test]
    fn wires_name_two_instances() {
        let wire = names().wire("app.demo:log/log@0.1.0=log.v2.demo:log/log@0.1.4").unwrap();
        assert_eq!((wire.importer.as_str(), wire.import.as_str()), ("app", "demo:log/log@0.1.0"));
        assert_eq!((wire.exporter.as_str(), wire.export.as_deref()), ("log.v2", Some("demo:log/log@0.1.4")));
        assert_eq!(names().wire("app.primary=log").unwrap().export, None);
        for (text, message) in [
            ("app.primary", "expected INSTANCE.IMPORT=INSTANCE or INSTANCE.IMPORT=INSTANCE.EXPORT"),
            ("app=log", "expected INSTANCE.IMPORT=INSTANCE or INSTANCE.IMPORT=INSTANCE.EXPORT"),
            ("ap.primary=log", "no component `ap`; the components are: app, log, log.v2"),
            ("app.primary=lug", "no component `lug`; the components are: app, log, log.v2"),
            ("app.primary=lug.run", "no component `lug`; the components are: app, log, log.v2"),
        ] {
            assert_eq!(names().wire(text).unwrap_err(), message, "{text}");
        }
    }

    #[test]
    fn exports_name_what_and_as_what() {
        let one = |instance: Option<&str>, export: &str, name: Option<&str>| PlannedExport::One {
            instance: instance.map(str::to_owned),
            export: export.to_owned(),
            name: name.map(str::to_owned),
        };
        let names = names();
        assert_eq!(names.export("run"), Ok(one(None, "run", None)));
        assert_eq!(names.export("a:b/c@0.1.0"), Ok(one(None, "a:b/c@0.1.0", None)));
        assert_eq!(names.export("log.a:b/c@0.1.0"), Ok(one(Some("log"), "a:b/c@0.1.0", None)));
        assert_eq!(names.export("*"), Ok(PlannedExport::Rest { instance: None }));
        assert_eq!(names.export("log.v2.*"), Ok(PlannedExport::Rest { instance: Some("log.v2".to_owned()) }));
        assert_eq!(names.renamed("*", "log"), Ok(PlannedExport::Rest { instance: Some("log".to_owned()) }));
        assert_eq!(names.renamed("a:b/c", "log"), Ok(one(Some("log"), "a:b/c", None)));
        assert_eq!(names.renamed("first", "log.a:b/c"), Ok(one(Some("log"), "a:b/c", Some("first"))));
        assert_eq!(names.renamed("go", "run"), Ok(one(None, "run", Some("go"))));
        for (name, from) in [("", "run"), ("go", ""), ("go", "log.*"), ("*", "run"), ("go", "lug.run")] {
            assert!(names.renamed(name, from).is_err(), "{name}={from}");
        }
    }

    #[test]
    fn options_come_before_the_project() {
        let mut plan =
            Plan { wires: vec![names().wire("app.demo:log/log@0.1.0=log").unwrap()], ..Plan::default() };
        let args = WiringArgs {
            instances: vec!["second=log".to_owned()],
            each: vec!["log.v2".to_owned()],
            wires: vec!["app.demo:log/log=second".to_owned()],
            complete: true,
            ..WiringArgs::default()
        };
        args.apply(&mut plan, &["app", "log.v2", "log"]).unwrap();
        assert_eq!(plan.wires.len(), 1);
        assert_eq!(plan.wires[0].exporter, "second");
        assert_eq!(plan.instances[1].share, Share::Each);
        assert_eq!(plan.allow_open, Some(Vec::new()));
        // `log` is `second` now.
        let late = WiringArgs { wires: vec!["app.primary=log".to_owned()], ..WiringArgs::default() };
        let error = late.apply(&mut plan, &["app", "log.v2", "log"]).unwrap_err();
        let expected = "`--wire app.primary=log`: no instance `log`; the instances are: app, log.v2, second";
        assert_eq!(error.message(), expected);
    }
}
