//! The commands, on a folder and on a running registry.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::has_blob;
use crate::support::Program;

fn registry(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wkit-registry"));
    command
        .args(arguments)
        .env_remove("RUST_BACKTRACE")
        .env_remove("WKIT_REGISTRY_TOKEN")
        .env("RUST_LOG", "error");
    command
}

/// What the program writes, which must end well.
fn said(mut command: Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// What the program refuses with.
fn refusal(mut command: Command) -> Result<String> {
    let Output { status, stdout, stderr } = command.output()?;
    ensure!(status.code() == Some(1) && stdout.is_empty(), "{command:?} ended with {status}");
    Ok(String::from_utf8(stderr)?)
}

fn on_folder(arguments: &[&str], config: &Path, data: &Path) -> Command {
    let mut command = registry(arguments);
    command.arg("--config").arg(config).arg("--data").arg(data);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_folder_and_on_a_server() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (data, config) = (folder.path().join("data"), folder.path().join("registry.toml"));
    let text = "[garbage]\ngrace-seconds = 0\nenabled = false\n[[quota]]\nrepositories = \"**\"\nbytes = 100000\n\
        [[retention]]\nrepositories = \"**\"\nkeep-tags = [\"v1\"]\nkeep-untagged = false\nuntagged-days = 0\n";
    std::fs::write(&config, text)?;
    let config_text = config.to_str().context("a path that is no text")?;
    let missing = refusal(on_folder(&["gc"], &config, &data))?;
    assert!(missing.contains("there is no registry in"), "{missing}");
    assert!(!data.exists());
    // A folder of something else does not become a registry.
    let other = refusal(on_folder(&["gc"], &config, folder.path()))?;
    assert!(
        other.contains("there is no registry in") && !folder.path().join("format.json").exists(),
        "{other}"
    );

    let mut program = Program::start(&data, &["--config", config_text])?;
    for tag in ["v1", "v2"] {
        program.api.push_artifact("a", tag, tag.as_bytes()).await?;
    }
    program.api.push_blob("a", b"used by nothing").await?;
    let locked = refusal(on_folder(&["gc"], &config, &data))?;
    assert!(locked.contains("another registry is running on the data folder"), "{locked}");
    let server = program.api.base.clone();
    let asked = |arguments: &[&str]| {
        let mut command = registry(arguments);
        command.args(["--server", &server]);
        command
    };
    let report = said(asked(&["gc", "--dry-run"]))?;
    assert!(report.contains("would mark 1 blobs (15 B)"), "{report}");
    let report: Value = serde_json::from_str(&said(asked(&["retention", "--dry-run", "--format", "json"]))?)?;
    assert_eq!((&report["tags"], &report["manifests"]), (&1.into(), &1.into()), "{report}");
    let quotas = said(asked(&["quota"]))?;
    assert!(
        quotas.starts_with("**: ") && quotas.contains(" of 100000 bytes, 2 tags, 1 repositories"),
        "{quotas}"
    );
    assert_eq!(said(asked(&["read-only"]))?, "the registry is open for changes\n");
    assert_eq!(said(asked(&["read-only", "on"]))?, "the registry is read-only: content can be pulled only\n");
    assert!(program.api.push_blob("a", b"more").await.is_err());
    let refused = refusal(asked(&["gc"]))?;
    assert!(refused.contains("refused with 403: the registry is read-only"), "{refused}");
    assert_eq!(said(asked(&["read-only", "off"]))?, "the registry is open for changes\n");
    let status = said(asked(&["status"]))?;
    assert!(status.contains("1 repositories, 2 manifests, 2 tags\n5 blobs (43 B)"), "{status}");
    assert!(has_blob(&program.api, "a", b"used by nothing").await?);
    program.kill()?;

    let gone = refusal(asked(&["gc"]))?;
    assert!(
        gone.contains("could not ask") && gone.contains("hint: look whether the registry is running"),
        "{gone}"
    );
    let report = said(on_folder(&["retention"], &config, &data))?;
    assert!(
        report.starts_with("removed 1 tags and 1 manifests\n  a:v2: by rule 1, it matches no pattern"),
        "{report}"
    );
    let report: Value = serde_json::from_str(&said(on_folder(&["gc", "--format", "json"], &config, &data))?)?;
    // The layer and the config of v2, and the blob that nothing ever referred to.
    assert_eq!(report["removed"]["blobs"], 3, "{report}");
    assert!(said(on_folder(&["quota"], &config, &data))?.contains("1 tags"));

    let program = Program::start(&data, &["--config", config_text, "--read-only"])?;
    assert!(!has_blob(&program.api, "a", b"used by nothing").await?);
    assert!(has_blob(&program.api, "a", b"v1").await?);
    let server = program.api.base.clone();
    let state = said({
        let mut command = registry(&["read-only", "--format", "json"]);
        command.args(["--server", &server]);
        command
    })?;
    assert_eq!(serde_json::from_str::<Value>(&state)?["read-only"], true);
    Ok(())
}

#[test]
fn a_command_for_a_server_needs_one() -> Result<()> {
    for command in ["status", "read-only"] {
        let said = refusal(registry(&[command]))?;
        assert!(said.contains("expected `--server URL`"), "{said}");
    }
    let usage = registry(&["gc", "--server", "http://127.0.0.1:1", "--data", "x"]).output()?;
    assert_eq!(usage.status.code(), Some(2));
    Ok(())
}

/// The credential goes into the header it belongs in, and nowhere else.
#[test]
fn a_credential_is_sent_as_it_should_be() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (token, user) = (folder.path().join("token"), folder.path().join("user"));
    std::fs::write(&token, "from-a-file\n")?;
    std::fs::write(&user, "alice:secret\n")?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a path that is no text");
    let (token, user) = (text(&token)?, text(&user)?);
    for (arguments, variable, expected) in [
        (vec![], None, None),
        (vec![], Some("from-a-variable"), Some("Bearer from-a-variable")),
        (vec!["--token-file", token.as_str()], Some("from-a-variable"), Some("Bearer from-a-file")),
        (vec!["--user-file", user.as_str()], None, Some("Basic YWxpY2U6c2VjcmV0")),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let server = format!("http://{}/below", listener.local_addr()?);
        let mut command = registry(&["read-only", "on", "--server", &server]);
        command.args(&arguments);
        if let Some(variable) = variable {
            command.env("WKIT_REGISTRY_TOKEN", variable);
        }
        let answering = std::thread::spawn(move || answer(&listener, "{\"read-only\":true}"));
        assert_eq!(said(command)?, "the registry is read-only: content can be pulled only\n");
        let (head, body) =
            answering.join().map_err(|_| anyhow::anyhow!("the answering thread panicked"))??;
        assert!(head.starts_with("PUT /below/api/v1/admin/read-only HTTP/1.1"), "{head}");
        assert_eq!(body, "{\"read-only\":true}");
        let sent = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        assert_eq!(sent, expected, "{head}");
    }
    Ok(())
}

/// What answers is not believed to be a registry.
#[test]
fn answers_of_something_else_and_answers_without_end() -> Result<()> {
    let limit = wkit_registry_server::limits::REMOTE_ANSWER_BYTES_MAX;
    let long = |length: usize| "{\"read-only\":true}".to_owned() + &" ".repeat(length - 18);
    for (text, expected) in [
        ("<html>".to_owned(), Some("does not answer as the admin API")),
        ("{}".to_owned(), Some("missing field `read-only`")),
        (long(limit), None),
        (long(limit + 1), Some("expected at most 16777216 bytes")),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let command = registry(&["read-only", "--server", &format!("http://{}", listener.local_addr()?)]);
        // A client that has read enough hangs up.
        let answering = std::thread::spawn(move || drop(answer(&listener, &text)));
        match expected {
            None => drop(said(command)?),
            Some(expected) => {
                let found = refusal(command)?;
                assert!(found.contains(expected), "{found}");
            }
        }
        answering.join().map_err(|_| anyhow::anyhow!("the answering thread panicked"))?;
    }
    Ok(())
}

/// Answers one request, and returns its head and its body.
fn answer(listener: &std::net::TcpListener, answer: &str) -> Result<(String, String)> {
    let (stream, _) = listener.accept()?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    write!(
        &stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    )?;
    Ok((head, String::from_utf8(body)?))
}
