//! `[check]` of `wkit.toml`: what `wkit check` compares with, whom it protects, and what is meant to break.

use std::collections::BTreeMap;
use std::ops::Range;

use semver::Version;
use serde::Deserialize;
use serde_spanned::Spanned;
use wkit_interface::check::{Ignore, Level, Profile};

use crate::error::CommandError;
use crate::rules;

/// What the project says about checks.
#[derive(Debug, Default)]
pub(crate) struct Check {
    /// Whom to protect.
    pub(crate) profile: Option<Profile>,
    /// What the project's interfaces are compared with where no option says so.
    pub(crate) against: Option<String>,
    /// The world to look at in packages that have several.
    pub(crate) world: Option<String>,
    /// Hosts that have to have what components import, `wasmtime@48`.
    pub(crate) hosts: Vec<String>,
    /// Levels other than those of the profile, by rule; `None` leaves the rule out.
    pub(crate) levels: BTreeMap<String, Option<Level>>,
    /// Findings that are meant.
    pub(crate) ignores: Vec<Ignore>,
    /// By how many percent a component may grow.
    pub(crate) size_growth_percent: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CheckSection {
    profile: Option<Spanned<String>>,
    against: Option<Spanned<String>>,
    world: Option<String>,
    #[serde(default)]
    hosts: Vec<Spanned<String>>,
    #[serde(default)]
    levels: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    ignore: Vec<IgnoreSection>,
    size_growth_percent: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IgnoreSection {
    rule: Spanned<String>,
    path: Option<String>,
    reason: Spanned<String>,
    until: Option<Spanned<String>>,
}

impl CheckSection {
    /// Checks the section; `at` makes an error of a place and a message.
    pub(super) fn read(
        self,
        at: &dyn Fn(Option<Range<usize>>, &str) -> CommandError,
    ) -> Result<Check, CommandError> {
        let refused =
            |span: Range<usize>, refused: Refused| at(Some(span), &refused.message).maybe_hint(refused.hint);
        let profile =
            self.profile.map(|text| profile(text.get_ref()).map_err(|reason| refused(text.span(), reason)));
        let mut levels = BTreeMap::new();
        for (id, level) in self.levels {
            known(id.get_ref()).map_err(|reason| refused(id.span(), reason))?;
            let read = self::level(level.get_ref()).map_err(|reason| refused(level.span(), reason))?;
            levels.insert(id.into_inner(), read);
        }
        for host in &self.hosts {
            wkit_interface::check::hosts::find(host.get_ref())
                .map_err(|error| at(Some(host.span()), &error.to_string()))?;
        }
        let mut ignores = Vec::new();
        for section in self.ignore {
            known(section.rule.get_ref()).map_err(|reason| refused(section.rule.span(), reason))?;
            if section.reason.get_ref().trim().is_empty() {
                let shown = at(Some(section.reason.span()), "expected why this is ignored, found nothing");
                return Err(shown.hint("say it in a few words; reports show them"));
            }
            let until = section.until.map(|until| {
                until.get_ref().parse::<Version>().map_err(|_| {
                    let message = format!("expected a version such as `1.0.0`, found `{}`", until.get_ref());
                    at(Some(until.span()), &message)
                        .hint("it is the first version in which the finding counts again")
                })
            });
            ignores.push(Ignore {
                rule: section.rule.into_inner(),
                path: section.path,
                reason: section.reason.into_inner(),
                until: until.transpose()?,
            });
        }
        if let Some(against) = self.against.as_ref().filter(|against| against.get_ref().trim().is_empty()) {
            return Err(at(Some(against.span()), "expected what to compare with, found nothing")
                .hint("for example `against = \"git:main\"`"));
        }
        Ok(Check {
            profile: profile.transpose()?,
            against: self.against.map(Spanned::into_inner),
            world: self.world,
            hosts: self.hosts.into_iter().map(Spanned::into_inner).collect(),
            levels,
            ignores,
            size_growth_percent: self.size_growth_percent,
        })
    }
}

/// A word that makes no sense where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What is wrong with it.
    pub(crate) message: String,
    /// What would make sense.
    pub(crate) hint: Option<String>,
}

/// A profile by its name.
pub(crate) fn profile(text: &str) -> Result<Profile, Refused> {
    text.parse().map_err(|_| {
        let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.id()).collect();
        Refused {
            message: format!("unknown profile `{text}`; the profiles are: {}", names.join(", ")),
            hint: wkit_interface::nearest(text, names).map(|name| format!("did you mean `{name}`?")),
        }
    })
}

/// Whether a rule is one.
pub(crate) fn known(id: &str) -> Result<(), Refused> {
    if rules::find(id).is_some() {
        return Ok(());
    }
    let ids = rules::all().map(|rule| rule.id);
    let upper = id.to_uppercase().replace('-', "_");
    let nearest = wkit_interface::nearest(&upper, ids);
    Err(Refused {
        message: format!("unknown rule `{id}`"),
        hint: Some(match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "`wkit check --rules` lists them all".to_owned(),
        }),
    })
}

/// A level by its name; `off` is none.
pub(crate) fn level(text: &str) -> Result<Option<Level>, Refused> {
    match text {
        "breaking" => Ok(Some(Level::Breaking)),
        "additive" => Ok(Some(Level::Additive)),
        "note" => Ok(Some(Level::Note)),
        "off" => Ok(None),
        _ => Err(Refused {
            message: format!("expected `breaking`, `additive`, `note` or `off`, found `{text}`"),
            hint: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::project::Project;

    fn parse(check: &str) -> Result<Check, CommandError> {
        let text = format!("[project]\nname = \"shop\"\n{check}");
        Project::parse(&text, Path::new("wkit.toml"), Path::new("shop")).map(|project| project.check)
    }

    #[test]
    fn reads_what_the_section_says() {
        let check = parse(
            "[check]\nprofile = \"library\"\nagainst = \"git:main\"\nworld = \"imports\"\nsize-growth-percent = 5\n\
             [check.levels]\nFUNC_ADD = \"note\"\nDOC_CHANGE = \"off\"\n\
             [[check.ignore]]\nrule = \"FUNC_NO_DELETE\"\npath = \"acme:kv/store#remove\"\nreason = \"nobody had it\"\nuntil = \"0.4.0\"\n",
        )
        .unwrap();
        assert_eq!(check.profile, Some(Profile::Library));
        assert_eq!(check.against.as_deref(), Some("git:main"));
        assert_eq!(check.world.as_deref(), Some("imports"));
        assert_eq!(check.levels["FUNC_ADD"], Some(Level::Note));
        assert_eq!(check.levels["DOC_CHANGE"], None);
        assert_eq!(check.ignores[0].until, Some(Version::new(0, 4, 0)));
        assert_eq!(check.size_growth_percent, Some(5));
    }

    #[test]
    fn errors_name_the_place_and_the_nearest_name() {
        for (text, message, hint) in [
            (
                "[check]\nprofile = \"libary\"\n",
                "wkit.toml:4:11: unknown profile `libary`",
                Some("did you mean `library`?"),
            ),
            (
                "[check.levels]\nFUNC_NO_DELTE = \"off\"\n",
                "wkit.toml:4:1: unknown rule `FUNC_NO_DELTE`",
                Some("did you mean `FUNC_NO_DELETE`?"),
            ),
            (
                "[check.levels]\nFUNC_ADD = \"warning\"\n",
                "wkit.toml:4:12: expected `breaking`, `additive`, `note` or `off`, found `warning`",
                None,
            ),
            (
                "[[check.ignore]]\nrule = \"FUNC_ADD\"\nreason = \" \"\n",
                "wkit.toml:5:10: expected why this is ignored, found nothing",
                Some("say it in a few words; reports show them"),
            ),
            ("[[check.ignore]]\nrule = \"FUNC_ADD\"\n", "wkit.toml:3:1: missing field `reason`", None),
            (
                "[[check.ignore]]\nrule = \"FUNC_ADD\"\nreason = \"x\"\nuntil = \"soon\"\n",
                "wkit.toml:6:9: expected a version such as `1.0.0`, found `soon`",
                Some("it is the first version in which the finding counts again"),
            ),
            (
                "[check]\nagainst = \"\"\n",
                "wkit.toml:4:11: expected what to compare with, found nothing",
                Some("for example `against = \"git:main\"`"),
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().starts_with(message), "{}", error.message());
            assert_eq!(error.hints().first().map(String::as_str), hint, "{text}");
        }
    }
}
