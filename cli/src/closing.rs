//! What a person wants closed or fixed in a component, as arguments or in `wkit.toml`, made into a policy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use wkit_composer::virtualise::{Capability, Instant, Policy, UnknownCapability, Virtualised};
use wkit_composer::{Input, Plan};

use crate::baked::Baked;
use crate::error::CommandError;
use crate::project::Project;
use crate::source::read;

/// The word for all capabilities.
const ALL: &str = "all";

/// Capabilities that are closed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Closing(BTreeSet<Capability>);

impl Closing {
    /// Closes what the names say.
    pub(crate) fn deny(&mut self, names: &[String]) -> Result<(), CommandError> {
        self.0.extend(capabilities(names)?);
        Ok(())
    }

    /// Leaves open what the names say.
    pub(crate) fn allow(&mut self, names: &[String]) -> Result<(), CommandError> {
        let open = capabilities(names)?;
        self.0.retain(|capability| !open.contains(capability));
        Ok(())
    }

    /// The policy of this and of what is stated instead.
    pub(crate) fn policy(self, fix: &FixArgs) -> Result<Policy, CommandError> {
        let mut policy = Policy { deny: self.0, ..Policy::default() };
        if !fix.variables.is_empty() {
            policy.env = Some(fix.variables.iter().map(|text| variable(text)).collect::<Result<_, _>>()?);
        }
        if !fix.arguments.is_empty() {
            policy.args = Some(fix.arguments.clone());
        }
        if !fix.folders.is_empty() || !fix.files.is_empty() {
            let mut baked = Baked::default();
            for text in &fix.folders {
                let (host, guest) = places("--dir", text)?;
                baked.folder(&host, &guest)?;
            }
            for text in &fix.files {
                let (host, guest) = places("--file", text)?;
                baked.file(&host, &guest)?;
            }
            baked.put_into(&mut policy);
        }
        if let Some(text) = &fix.clock {
            policy.deny.insert(Capability::Clocks);
            policy.wall_clock = clock(text)?;
        }
        if let Some(text) = &fix.random {
            policy.deny.insert(Capability::Random);
            policy.seed = seed(text)?;
        }
        Ok(policy)
    }
}

/// What a component sees instead of the host's.
#[derive(Debug, Default, Args)]
pub(crate) struct FixArgs {
    /// Fix a variable of the environment; can be repeated
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,

    /// Fix an argument, the program's name first; can be repeated
    #[arg(long = "arg", value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,

    /// Bake in the files of a folder under a path inside, read-only; can be repeated
    #[arg(long = "dir", value_name = "FOLDER::PATH")]
    pub(crate) folders: Vec<String>,

    /// Bake in one file under a path inside, read-only; can be repeated
    #[arg(long = "file", value_name = "FILE::PATH")]
    pub(crate) files: Vec<String>,

    /// Close the clocks and let them show this time, as in `fixed:2026-01-01T00:00:00Z`
    #[arg(long, value_name = "fixed:TIME")]
    pub(crate) clock: Option<String>,

    /// Close the random numbers and let them follow from a number, as in `seed:42`
    #[arg(long, value_name = "seed:NUMBER")]
    pub(crate) random: Option<String>,
}

/// A component's name in messages and in the binary: that of its file.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}

/// The capabilities of names, `all` among them.
pub(crate) fn capabilities(names: &[String]) -> Result<BTreeSet<Capability>, CommandError> {
    let mut found = BTreeSet::new();
    for name in names {
        if name == ALL {
            found.extend(Capability::ALL);
        } else {
            found.insert(name.parse().map_err(|error| unknown(&error))?);
        }
    }
    Ok(found)
}

fn unknown(error: &UnknownCapability) -> CommandError {
    CommandError::usage(error.to_string()).hint(error.hint())
}

fn variable(text: &str) -> Result<(String, String), CommandError> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(CommandError::usage(format!("`--env {text}` has no name and value"))
            .hint("write it like `--env NAME=VALUE`")),
    }
}

/// The host's path and the one inside.
fn places(option: &str, text: &str) -> Result<(PathBuf, String), CommandError> {
    match text.split_once("::") {
        Some((host, guest)) if !host.is_empty() && !guest.is_empty() => {
            Ok((PathBuf::from(host), guest.to_owned()))
        }
        _ => Err(CommandError::usage(format!("`{option} {text}` does not say where inside"))
            .hint(format!("write it like `{option} ./assets::/assets`"))),
    }
}

fn seed(text: &str) -> Result<u64, CommandError> {
    text.strip_prefix("seed:").and_then(|number| number.parse().ok()).ok_or_else(|| {
        CommandError::usage(format!("`--random {text}` is no seed"))
            .hint("write it like `--random seed:42`, with a number below 2^64")
    })
}

fn clock(text: &str) -> Result<Instant, CommandError> {
    text.strip_prefix("fixed:").and_then(instant).ok_or_else(|| {
        CommandError::usage(format!("`--clock {text}` is no time"))
            .hint("write it like `--clock fixed:2026-01-01T00:00:00Z`, in UTC and from 1970 on")
    })
}

/// Reads `2026-01-01T00:00:00Z`, with a fraction of a second or without.
fn instant(text: &str) -> Option<Instant> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let number = |text: &str, digits: usize, most: u64| -> Option<u64> {
        let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| fits && *number <= most)
    };
    let [year, month, day] = date.split('-').collect::<Vec<_>>().try_into().ok()?;
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>().try_into().ok()?;
    let (year, month, day) = (number(year, 4, 9999)?, number(month, 2, 12)?, number(day, 2, 31)?);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months = lengths.get(..usize::try_from(month.checked_sub(1)?).ok()?)?;
    if year < 1970 || day == 0 || day > lengths[months.len()] {
        return None;
    }
    let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let days = years + months.iter().sum::<u64>() + day - 1;
    let seconds = number(hour, 2, 23)? * 3600 + number(minute, 2, 59)? * 60 + number(second, 2, 59)?;
    let nanoseconds = match fraction.len() {
        0 => 0,
        digits @ 1..=9 => number(fraction, digits, u64::MAX)? * 10_u64.pow(9 - u32::try_from(digits).ok()?),
        _ => return None,
    };
    Some(Instant { seconds: days * 86400 + seconds, nanoseconds: u32::try_from(nanoseconds).ok()? })
}

/// What `wkit.toml` or `--deny` says about one component of a composition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NodeGrants {
    /// Names of capabilities that are closed.
    pub(crate) deny: Vec<String>,
    /// Names of capabilities that stay open all the same.
    pub(crate) allow: Vec<String>,
    /// Variables, if they are fixed.
    pub(crate) env: Option<BTreeMap<String, String>>,
    /// Arguments, if they are fixed.
    pub(crate) args: Option<Vec<String>>,
    /// Folders that are baked in, by their path inside.
    pub(crate) dirs: Option<BTreeMap<String, PathBuf>>,
}

impl NodeGrants {
    /// The policy of a component, with what is closed for it besides; folders are those of the project's folder.
    pub(crate) fn policy(&self, project: &Path, denied: &[String]) -> Result<Policy, CommandError> {
        let mut closing = Closing::default();
        closing.deny(&self.deny)?;
        closing.allow(&self.allow)?;
        // What is said on the command line has the last word.
        closing.deny(denied)?;
        let mut policy = closing.policy(&FixArgs::default())?;
        policy.env = self.env.clone().map(|variables| variables.into_iter().collect());
        policy.args.clone_from(&self.args);
        if let Some(folders) = &self.dirs {
            let mut baked = Baked::default();
            for (guest, host) in folders {
                baked.folder(&project.join(host), guest)?;
            }
            baked.put_into(&mut policy);
        }
        Ok(policy)
    }
}

/// `[NAME:]CAPABILITY[,CAPABILITY…]` of `wkit compose --deny`. Packages of a script have names with colons in them, and are
/// meant without their version or namespace too.
pub(crate) fn for_nodes(
    texts: &[String],
    names: &[String],
) -> Result<BTreeMap<String, Vec<String>>, CommandError> {
    let mut denied: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in texts {
        let (node, list) = node_and_list(text);
        let list: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
        let meant: Vec<&String> = match node {
            None => names.iter().collect(),
            Some(node) => vec![named(node, names).map_err(|(what, known)| {
                CommandError::usage(format!("`--deny {text}` names {what}: `{node}`"))
                    .hint(format!("the components are: {}", known.join(", ")))
            })?],
        };
        capabilities(&list)?;
        for name in meant {
            denied.entry(name.clone()).or_default().extend(list.iter().cloned());
        }
    }
    Ok(denied)
}

/// The component that is named, and the list behind it. The colon of `wasi:filesystem` ends no name.
fn node_and_list(text: &str) -> (Option<&str>, &str) {
    let first = text.split(',').next().unwrap_or_default();
    let Some((node, _)) = first.rsplit_once(':') else { return (None, text) };
    let node = if node == "wasi" { "" } else { node.strip_suffix(":wasi").unwrap_or(node) };
    if node.is_empty() { (None, text) } else { (Some(node), &text[node.len() + 1..]) }
}

/// The one of `names` that is meant, or what is wrong and the names that there are.
fn named<'a>(node: &str, names: &'a [String]) -> Result<&'a String, (&'static str, Vec<String>)> {
    if let Some(name) = names.iter().find(|name| *name == node) {
        return Ok(name);
    }
    let is_meant = |name: &&String| {
        let package = name.split('@').next().unwrap_or_default();
        package == node || package.split_once(':').is_some_and(|(_, name)| name == node)
    };
    match names.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
        [name] => Ok(name),
        [] => Err(("no component", names.to_vec())),
        several => Err(("several components", several.iter().map(|name| (*name).clone()).collect())),
    }
}

/// Closes and fixes in the instances of `plan` what the project and `denied` say about them. An instance that is to have
/// other capabilities than its component becomes an instance of a component of its own.
pub(crate) fn apply(
    inputs: &mut Vec<Input>,
    plan: &mut Plan,
    project: Option<&Project>,
    denied: &[String],
) -> Result<Vec<(String, Virtualised)>, CommandError> {
    let nothing = BTreeMap::new();
    let grants = project.map_or(&nothing, |project| &project.compose.grants);
    let folder = project.map_or(Path::new("."), |project| &project.folder);
    if grants.is_empty() && denied.is_empty() {
        return Ok(Vec::new());
    }
    let split: BTreeSet<String> = plan.instances.iter().map(|instance| instance.component.clone()).collect();
    let mut nodes: Vec<(String, String)> =
        plan.instances.iter().map(|instance| (instance.name.clone(), instance.component.clone())).collect();
    let whole = inputs.iter().filter(|input| !split.contains(&input.name));
    nodes.extend(whole.map(|input| (input.name.clone(), input.name.clone())));
    nodes.sort();
    let names: Vec<String> = nodes.iter().map(|(name, _)| name.clone()).collect();
    let denied = for_nodes(denied, &names)?;
    let mut closed = Vec::new();
    for (node, component) in nodes {
        let nothing = NodeGrants::default();
        let policy = grants
            .get(&node)
            .unwrap_or(&nothing)
            .policy(folder, denied.get(&node).map_or(&[], Vec::as_slice))?;
        let Some(position) = inputs.iter().position(|input| input.name == component) else { continue };
        if policy.is_empty() {
            continue;
        }
        let bytes = read(&inputs[position].bytes)?;
        let virtualised = wkit_composer::virtualise::virtualise(&node, &bytes, &policy).map_err(|error| {
            let hint = error.hint();
            CommandError::failed(format!("cannot close what `{node}` is denied"))
                .detail(error.to_string())
                .maybe_hint(hint)
        })?;
        let bytes = Bytes::copy_from_slice(&virtualised.bytes).into();
        match plan.instances.iter_mut().find(|instance| instance.name == node) {
            None => inputs[position].bytes = bytes,
            Some(instance) => {
                let mut name = node.clone();
                while inputs.iter().any(|input| input.name == name) {
                    name += " closed";
                }
                instance.component.clone_from(&name);
                inputs.push(Input { name, bytes });
            }
        }
        closed.push((node, virtualised));
    }
    // A component of which every instance has become one of its own would be an instance more.
    inputs.retain(|input| {
        !split.contains(&input.name) || plan.instances.iter().any(|instance| instance.component == input.name)
    });
    Ok(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let seconds = |text: &str| instant(text).map(|instant| (instant.seconds, instant.nanoseconds));
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some((0, 0)));
        assert_eq!(seconds("2026-01-01T00:00:00Z"), Some((1_767_225_600, 0)));
        assert_eq!(seconds("2024-02-29T23:59:59.5Z"), Some((1_709_251_199, 500_000_000)));
        assert_eq!(seconds("2000-12-31T12:00:00.000000001Z"), Some((978_264_000, 1)));
        for wrong in [
            "",
            "2026",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "1969-12-31T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-1-1T0:0:0Z",
            "2026-01-01T00:00:00.1234567890Z",
            "+026-01-01T00:00:00Z",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nodes_are_told_from_capabilities() {
        let names = ["cart".to_owned(), "tax".to_owned()];
        let read = |text: &str| for_nodes(&[text.to_owned()], &names);
        assert_eq!(read("cart:wasi:filesystem").unwrap()["cart"], ["wasi:filesystem"]);
        assert_eq!(read("cart:env,args").unwrap()["cart"], ["env", "args"]);
        assert_eq!(read("wasi:sockets").unwrap().len(), 2);
        assert_eq!(read("all").unwrap()["tax"], ["all"]);
        assert!(read("crat:env").is_err());
        assert!(read("cart:nothing").is_err());
        assert!(read(":env").is_err());
    }

    #[test]
    fn packages_of_scripts_are_nodes_too() {
        let names = ["shop:cart".to_owned(), "shop:tax@1.0.0".to_owned(), "shop:tax@2.0.0".to_owned()];
        let read = |text: &str| for_nodes(&[text.to_owned()], &names);
        for text in ["shop:cart:env", "cart:env", "cart:wasi:filesystem", "shop:cart:wasi:sockets,env"] {
            let denied = read(text).unwrap_or_default();
            assert_eq!(denied.keys().collect::<Vec<_>>(), ["shop:cart"], "{text}");
        }
        assert_eq!(read("shop:tax@2.0.0:env").unwrap()["shop:tax@2.0.0"], ["env"]);
        for (text, what) in [
            ("shop:tax:env", "`--deny shop:tax:env` names several components: `shop:tax`"),
            ("tax:env", "`--deny tax:env` names several components: `tax`"),
            ("shop:cat:env", "`--deny shop:cat:env` names no component: `shop:cat`"),
        ] {
            assert_eq!(read(text).unwrap_err().message(), what);
        }
    }
}
