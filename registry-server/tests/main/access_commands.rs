//! `wkit-registry user` and `wkit-registry token`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{InProcess, Program};

fn run(folder: &Path, words: &[&str], input: &str) -> Result<Output> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wkit-registry"))
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("RUST_LOG", "error")
        .env_remove("RUST_BACKTRACE")
        .spawn()?;
    // A program that wants no input may be gone already.
    drop(child.stdin.take().context("stdin")?.write_all(input.as_bytes()));
    Ok(child.wait_with_output()?)
}

fn done(folder: &Path, words: &[&str], input: &str) -> Result<String> {
    let output = run(folder, words, input)?;
    ensure!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn refused(folder: &Path, words: &[&str], input: &str) -> Result<String> {
    let output = run(folder, words, input)?;
    ensure!(!output.status.success(), "{words:?} was done");
    Ok(String::from_utf8(output.stderr)?)
}

#[test]
fn users_are_set_listed_and_removed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let set = |name: &str, password: &str| done(folder, &["user", "set", name, "--file", "users"], password);
    assert_eq!(set("alice", "a secret\n")?, "added alice in users\n");
    assert_eq!(set("bob", "no line end")?, "added bob in users\n");
    assert_eq!(set("alice", "another\r\n")?, "changed alice in users\n");
    let text = std::fs::read_to_string(folder.join("users"))?;
    assert!(text.starts_with("alice:$argon2id$v=19$m=19456,t=2,p=1$") && !text.contains("another"));
    assert_eq!(done(folder, &["user", "list", "--file", "users"], "")?, "alice  argon2id\nbob  argon2id\n");
    let list = done(folder, &["user", "list", "--file", "users", "--format", "json"], "")?;
    assert_eq!(serde_json::from_str::<Value>(&list)?["users"][1]["name"], "bob");
    done(folder, &["user", "remove", "bob", "--file", "users"], "")?;
    for (words, input, said) in [
        (&["user", "remove", "bob", "--file", "users"][..], "", "there is no user `bob`"),
        (&["user", "set", "a:b", "--file", "users"], "x", "expected a user name"),
        (&["user", "set", "carol", "--file", "users"], "\n", "expected a password of 1 to"),
        (&["user", "list", "--file", "none"], "", "hint: `wkit-registry user set NAME --file FILE` makes it"),
        (&["user", "set", "carol", "--file", "no/users"], "x", "hint: make the folder first"),
    ] {
        let found = refused(folder, words, input)?;
        assert!(found.contains(said), "{words:?}: {found}");
    }
    let long = "x".repeat(wkit_registry_server::limits::PASSWORD_MAX + 1);
    assert!(
        refused(folder, &["user", "set", "c", "--file", "users"], &long)?.contains("expected a password")
    );
    assert_eq!(done(folder, &["user", "list", "--file", "users"], "")?, "alice  argon2id\n");
    Ok(())
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked_on_a_folder_that_rests() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let words = ["token", "create", "ci", "--scope", "demo/**:pull,push", "--days", "30", "--data", "data"];
    let secret = done(folder.path(), &words, "")?.trim().to_owned();
    assert!(secret.starts_with("wkit_"));
    assert!(refused(folder.path(), &words, "")?.contains("there is a token `ci` already"));

    std::fs::write(
        folder.path().join("registry.toml"),
        "[access]\n[[access.rule]]\nrepositories = [\"**\"]\nwho = [\"token:ci\"]\nallow = [\"pull\"]\n",
    )?;
    let config = folder.path().join("registry.toml");
    let mut program = Program::start(&data, &["--config", config.to_str().context("a path")?])?;
    let asked =
        |path: &'static str| program.api.request(reqwest::Method::GET, path).bearer_auth(&secret).send();
    assert_eq!(asked("/v2/demo/x/tags/list").await?.status(), 404);
    assert_eq!(asked("/v2/other/x/tags/list").await?.status(), 403);
    let busy = refused(folder.path(), &["token", "list", "--data", "data"], "")?;
    assert!(busy.contains("another registry is running"), "{busy}");
    program.kill()?;

    let list = done(folder.path(), &["token", "list", "--data", "data", "--format", "json"], "")?;
    let list: Value = serde_json::from_str(&list)?;
    let id = list["tokens"][0]["id"].as_str().context("an id")?.to_owned();
    ensure!(list["tokens"][0]["lastUsed"].is_string(), "{list}");
    let text = done(folder.path(), &["token", "list", "--data", "data"], "")?;
    assert!(
        text.starts_with(&format!("{id}  api  ci  owner none  expires 20"))
            && text.contains("demo/**:pull,push")
    );
    done(folder.path(), &["token", "revoke", &id, "--data", "data"], "")?;
    assert_eq!(done(folder.path(), &["token", "list", "--data", "data"], "")?, "");
    std::fs::write(folder.path().join("users"), "")?;
    std::fs::write(folder.path().join("users.toml"), "[access]\nhtpasswd = \"users\"\n")?;
    for (words, said) in [
        (&["token", "revoke", &id, "--data", "data"][..], "there is no token with the id"),
        (&["token", "list", "--data", "nowhere"], "there is no registry in `nowhere`\nhint: say where"),
        (&["token", "list", "--data", "."], "there is no registry in `.`"),
        (
            &[
                "token",
                "create",
                "x",
                "--scope",
                "a:pull",
                "--owner",
                "zed",
                "--data",
                "data",
                "--config",
                "users.toml",
            ],
            "the user `zed` is not in `users`",
        ),
        (&["token", "create", "x", "--scope", "demo", "--data", "data"], "expected a scope such as"),
        (&["token", "create", "x", "--scope", "demo:fly", "--data", "data"], "found `fly`"),
        (&["token", "create", "a b", "--scope", "a:pull", "--data", "data"], "expected a name"),
    ] {
        let found = refused(folder.path(), words, "")?;
        assert!(found.contains(said), "{words:?}: {found}");
    }
    ensure!(!folder.path().join("nowhere").exists());
    Ok(())
}

#[tokio::test]
async fn a_registry_that_does_not_ask_has_no_tokens() -> Result<()> {
    let server = InProcess::start().await?;
    assert_eq!(server.api.get("/token").await?.status(), 404);
    assert_eq!(server.api.get("/api/v1/tokens").await?.status(), 404);
    server.stop().await
}
