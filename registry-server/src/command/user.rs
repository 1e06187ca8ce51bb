//! `user`: the users of an htpasswd file. A running registry notices the change within a second.

use std::io::{IsTerminal as _, Read as _, Write};
use std::path::PathBuf;

use serde_json::json;

use super::{CommandError, OutputFormat};
use crate::access::{HtpasswdFile, StoredHash, check_user_name};
use crate::limits::PASSWORD_MAX;

/// Arguments of `user`.
#[derive(Debug, clap::Args)]
pub struct UserArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Set the password of a user, read from stdin or asked for; makes the user and the file when they are missing
    Set {
        /// The name of the user
        name: String,
        /// The htpasswd file
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// List the users
    List {
        /// The htpasswd file
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// How to write the list
        #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
        format: OutputFormat,
    },
    /// Remove a user
    Remove {
        /// The name of the user
        name: String,
        /// The htpasswd file
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
}

/// Does it.
pub(super) fn run(args: UserArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    match args.what {
        What::Set { name, file } => {
            check_user_name(&name).map_err(|message| CommandError::Argument { message })?;
            // Before anybody types a password for nothing.
            let mut users = if file.exists() { HtpasswdFile::read(&file)? } else { HtpasswdFile::default() };
            let password = password(&name)?;
            let hash = StoredHash::make(&password)
                .map_err(|error| CommandError::Argument { message: error.to_string() })?;
            let new = users.set(&name, hash);
            users.write(&file)?;
            let done = if new { "added" } else { "changed" };
            writeln!(output, "{done} {name} in {}", file.display()).map_err(CommandError::Output)
        }
        What::List { file, format } => {
            let users = HtpasswdFile::read(&file)?;
            match format {
                OutputFormat::Text => {
                    for (name, kind) in users.users() {
                        writeln!(output, "{name}  {kind}").map_err(CommandError::Output)?;
                    }
                    Ok(())
                }
                OutputFormat::Json => {
                    let list = users.users().map(|(name, kind)| json!({ "name": name, "hash": kind }));
                    let list = json!({ "users": list.collect::<Vec<_>>() });
                    writeln!(output, "{list}").map_err(CommandError::Output)
                }
            }
        }
        What::Remove { name, file } => {
            let mut users = HtpasswdFile::read(&file)?;
            if !users.remove(&name) {
                let message = format!("there is no user `{name}` in `{}`", file.display());
                return Err(CommandError::Argument { message });
            }
            users.write(&file)?;
            writeln!(output, "removed {name} from {}", file.display()).map_err(CommandError::Output)
        }
    }
}

/// A password from stdin, without the line's end, or from whoever sits at the terminal. Never from the command line,
/// which others on the machine can see.
fn password(user: &str) -> Result<String, CommandError> {
    if std::io::stdin().is_terminal() {
        let first =
            rpassword::prompt_password(format!("password of {user}: ")).map_err(CommandError::Password)?;
        let second = rpassword::prompt_password("once more: ").map_err(CommandError::Password)?;
        if first != second {
            return Err(CommandError::Argument { message: "the two passwords differ".to_owned() });
        }
        return Ok(first);
    }
    let mut text = String::new();
    // One byte more than fits tells that it is too long; two are the line's end.
    let most = u64::try_from(PASSWORD_MAX).unwrap_or(u64::MAX).saturating_add(3);
    std::io::stdin().take(most).read_to_string(&mut text).map_err(CommandError::Password)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
