//! `token`: API tokens, on the data folder of a registry that is not running. A running one has `/api/v1/tokens`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::folder_args::{configuration, open_stores};
use super::{CommandError, OutputFormat};
use crate::access::{HtpasswdFile, NewToken, Scope, TokenError, TokenKind, Tokens, now, shown};
use crate::config::MetadataUrl;

/// Arguments of `token`.
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a token; it is written once and can never be shown again
    Create {
        /// The name: rules call a token without an owner `token:NAME`
        name: String,
        /// What it may do at most, such as `demo/**:pull,push`; may be given several times
        #[arg(long = "scope", value_name = "REPOSITORIES:ACTIONS", required = true, value_parser = scope)]
        scopes: Vec<Scope>,
        /// The user it belongs to: it may do no more than that user
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
        /// How many days it lives; for ever when this is not given
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=3660))]
        days: Option<u64>,
        #[command(flatten)]
        place: Place,
    },
    /// List the tokens, without their secrets
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a token
    Revoke {
        /// Its id, as `list` shows it
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Where the registry is, and how to write.
#[derive(Debug, clap::Args)]
struct Place {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder that holds everything [default: registry-data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The metadata store, as for `serve`
    #[arg(long, value_name = "URL")]
    metadata: Option<MetadataUrl>,
    /// How to write
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: OutputFormat,
}

fn scope(text: &str) -> Result<Scope, String> {
    text.parse()
}

/// Does it.
pub(super) async fn run(args: TokenArgs, output: &mut (dyn Write + Send)) -> Result<(), CommandError> {
    match args.what {
        What::Create { name, scopes, owner, days, place } => {
            let (tokens, _lock) = place.open().await?;
            if let Some(owner) = &owner {
                place.check_owner(owner)?;
            }
            let life = days.map(|days| Duration::from_secs(days * 24 * 60 * 60));
            let new = NewToken { kind: TokenKind::Api, name, owner, scopes, life, password: None };
            let (token, secret) = tokens.create(new, now()).await.map_err(failed)?;
            let mut shown = shown(&token);
            shown["token"] = json!(secret);
            // Only the secret, so that it can go straight into a file or a variable.
            let text = if place.format == OutputFormat::Json { shown.to_string() } else { secret };
            writeln!(output, "{text}").map_err(CommandError::Output)
        }
        What::List { place } => {
            let (tokens, _lock) = place.open().await?;
            let list = tokens.list(None, now()).await.map_err(failed)?;
            let list: Vec<Value> = list.iter().map(shown).collect();
            if place.format == OutputFormat::Json {
                return writeln!(output, "{}", json!({ "tokens": list })).map_err(CommandError::Output);
            }
            for token in &list {
                writeln!(output, "{}", line(token)).map_err(CommandError::Output)?;
            }
            Ok(())
        }
        What::Revoke { id, place } => {
            let (tokens, _lock) = place.open().await?;
            let token = tokens.revoke(&id, None).await.map_err(failed)?;
            let text = match place.format {
                OutputFormat::Json => json!({ "revoked": shown(&token) }).to_string(),
                OutputFormat::Text => format!("revoked {} ({})", token.id, token.name),
            };
            writeln!(output, "{text}").map_err(CommandError::Output)
        }
    }
}

impl Place {
    /// Looks whether the owner of a new token is a user, where the configuration says who is one: the token of
    /// somebody else would never be taken.
    fn check_owner(&self, owner: &str) -> Result<(), CommandError> {
        let config = configuration(self.config.as_deref(), None, None)?;
        let Some(file) = config.access.htpasswd() else { return Ok(()) };
        if HtpasswdFile::read(file)?.users().any(|(name, _)| name == owner) {
            return Ok(());
        }
        let message = format!(
            "the user `{owner}` is not in `{0}`\nhint: `wkit-registry user set {owner} --file {0}`",
            file.display()
        );
        Err(CommandError::Argument { message })
    }

    /// The tokens of the folder, and what keeps servers off it meanwhile.
    async fn open(&self) -> Result<(Tokens, std::fs::File), CommandError> {
        let config = configuration(self.config.as_deref(), self.data.clone(), self.metadata.clone())?;
        let stores = open_stores(&config, true).await?;
        Ok((Tokens::new(stores.metadata), stores.lock))
    }
}

fn line(token: &Value) -> String {
    let text = |key: &str, missing: &str| token[key].as_str().unwrap_or(missing).to_owned();
    let scopes = token["scopes"].as_array().into_iter().flatten().map(|scope| {
        let actions: Vec<_> =
            scope["actions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("{}:{}", scope["repositories"].as_str().unwrap_or_default(), actions.join(","))
    });
    format!(
        "{}  {}  {}  owner {}  expires {}  used {}  {}",
        text("id", ""),
        text("kind", ""),
        text("name", ""),
        text("owner", "none"),
        text("expires", "never"),
        text("lastUsed", "never"),
        scopes.collect::<Vec<_>>().join(" ")
    )
}

fn failed(error: TokenError) -> CommandError {
    CommandError::Token { message: error.to_string() }
}
