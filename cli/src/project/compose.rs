//! `[compose]` of `wkit.toml`: how the components are linked.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_spanned::Spanned;
use wkit_artifact::PackageReference;
use wkit_composer::{Plan, PlannedExport, PlannedInstance, PlannedWire, Share};

use crate::closing::{self, NodeGrants};
use crate::error::CommandError;
use crate::wiring::Names;

/// How the components of a project are linked, and what the result is called.
#[derive(Debug, Default)]
pub(crate) struct Compose {
    /// What the composition is published as, `namespace:name@version`.
    pub(crate) package: Option<PackageReference>,
    /// What is not left to inference.
    pub(crate) plan: Plan,
    /// What is closed or fixed in single instances.
    pub(crate) grants: BTreeMap<String, NodeGrants>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ComposeSection {
    package: Option<Spanned<String>>,
    socket: Option<Spanned<String>>,
    #[serde(default)]
    instances: BTreeMap<Spanned<String>, InstanceSection>,
    #[serde(default)]
    wires: Vec<WireSection>,
    exports: Option<ExportsSection>,
    #[serde(default)]
    open: Vec<Spanned<String>>,
    allow_open: Option<Vec<String>>,
    #[serde(default)]
    grants: BTreeMap<Spanned<String>, GrantsSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantsSection {
    #[serde(default)]
    deny: Vec<Spanned<String>>,
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    env: Option<BTreeMap<String, String>>,
    args: Option<Vec<String>>,
    dirs: Option<BTreeMap<String, PathBuf>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstanceSection {
    component: Option<Spanned<String>>,
    #[serde(default)]
    share: Share,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSection {
    importer: Spanned<String>,
    import: String,
    exporter: Spanned<String>,
    export: Option<String>,
}

/// A list of exports that keep their names, or a table of `NAME = "INSTANCE.EXPORT"`.
enum ExportsSection {
    List(Vec<Spanned<String>>),
    Table(BTreeMap<Spanned<String>, Spanned<String>>),
}

impl<'de> Deserialize<'de> for ExportsSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrTable;

        impl<'de> Visitor<'de> for ListOrTable {
            type Value = ExportsSection;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "a list of exports, or a table of `NAME = \"INSTANCE.EXPORT\"`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(ExportsSection::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut table = BTreeMap::new();
                while let Some((name, from)) = items.next_entry::<Spanned<String>, Spanned<String>>()? {
                    if table.insert(name, from).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok(ExportsSection::Table(table))
            }
        }

        deserializer.deserialize_any(ListOrTable)
    }
}

impl ComposeSection {
    /// Checks the section of a project with the components `inputs`; `at` makes an error of a place and a message.
    pub(super) fn read(
        self,
        inputs: &[&str],
        at: &dyn Fn(Option<Range<usize>>, &str) -> CommandError,
    ) -> Result<Compose, CommandError> {
        let mut plan = Plan::default();
        for (name, section) in self.instances {
            check_instance(name.get_ref()).map_err(|message| at(Some(name.span()), &message))?;
            let stated = section.component.as_ref().unwrap_or(&name);
            if !inputs.contains(&stated.get_ref().as_str()) {
                let (stated, known) = (stated.get_ref(), inputs.join(", "));
                return Err(at(
                    Some(section.component.as_ref().unwrap_or(&name).span()),
                    &format!("no component `{stated}`; the components are: {known}"),
                ));
            }
            let component = stated.get_ref().clone();
            plan.instances.push(PlannedInstance { name: name.into_inner(), component, share: section.share });
        }
        let names = Names::of(&plan, inputs);
        let known = |name: Spanned<String>| {
            names.check(name.get_ref()).map_err(|message| at(Some(name.span()), &message))?;
            Ok::<String, CommandError>(name.into_inner())
        };
        plan.socket = self.socket.map(known).transpose()?;
        for WireSection { importer, import, exporter, export } in self.wires {
            let (importer, exporter) = (known(importer)?, known(exporter)?);
            plan.wires.push(PlannedWire { importer, import, exporter, export });
        }
        plan.exports = self.exports.map(|section| exports(section, &names, at)).transpose()?;
        for pattern in self.open {
            let open = names.open(pattern.get_ref()).map_err(|message| at(Some(pattern.span()), &message))?;
            plan.open.push(open);
        }
        plan.allow_open = self.allow_open;
        let package = self.package.map(|package| {
            package.get_ref().parse().map_err(|error| {
                at(Some(package.span()), &format!("not a package: {error}"))
                    .hint("write it like `namespace:name@1.2.3`")
            })
        });
        let mut grants = BTreeMap::new();
        for (name, section) in self.grants {
            let read = |names: Vec<Spanned<String>>| -> Result<Vec<String>, CommandError> {
                let read = |name: Spanned<String>| {
                    closing::capabilities(std::slice::from_ref(name.get_ref())).map_err(|error| {
                        error
                            .hints()
                            .iter()
                            .fold(at(Some(name.span()), error.message()), |shown, hint| shown.hint(hint))
                    })?;
                    Ok(name.into_inner())
                };
                names.into_iter().map(read).collect()
            };
            let GrantsSection { deny, allow, env, args, dirs } = section;
            let section = NodeGrants { deny: read(deny)?, allow: read(allow)?, env, args, dirs };
            grants.insert(known(name)?, section);
        }
        Ok(Compose { package: package.transpose()?, plan, grants })
    }
}

/// A dot ends the name of an instance where more follows, so none is in it.
fn check_instance(name: &str) -> Result<(), String> {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.split('-').all(|word| !word.is_empty() && word.chars().all(known)) {
        return Ok(());
    }
    Err(format!("an instance's name is words of `a-z` and `0-9` joined by `-`, found `{name}`"))
}

fn exports(
    section: ExportsSection,
    names: &Names,
    at: &dyn Fn(Option<Range<usize>>, &str) -> CommandError,
) -> Result<Vec<PlannedExport>, CommandError> {
    match section {
        ExportsSection::List(list) => list
            .iter()
            .map(|text| names.export(text.get_ref()).map_err(|message| at(Some(text.span()), &message)))
            .collect(),
        ExportsSection::Table(table) => table
            .iter()
            .map(|(name, from)| {
                names
                    .renamed(name.get_ref(), from.get_ref())
                    .map_err(|message| at(Some(from.span()), &message))
            })
            .collect(),
    }
}
