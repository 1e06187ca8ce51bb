//! Other people's clients log in, push and pull where nobody may do anything without credentials.
//!
//! Each of them is tried with both challenges, with a password and with an API token, and without credentials.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use wkit_fixtures::{component, tools};

use crate::support::Program;

const WIT: &str = "package demo:greet@0.1.0;
interface greeting { greet: func(name: string) -> string; }
world greeter { export greeting; }
";

/// How somebody logs in.
struct Login {
    user: String,
    secret: String,
}

/// A registry of which `public/` may be pulled by everybody and nothing else be done without credentials, and a folder to work in.
struct Desk {
    server: Program,
    host: String,
    folder: tempfile::TempDir,
    logins: Vec<Login>,
    component: Vec<u8>,
}

impl Desk {
    fn open(challenge: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        let registry = |words: &[&str], input: &str| -> Result<String> {
            let mut command = Command::new(env!("CARGO_BIN_EXE_wkit-registry"));
            let mut child = command
                .args(words)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .env("RUST_LOG", "error")
                .env_remove("RUST_BACKTRACE")
                .spawn()?;
            std::io::Write::write_all(&mut child.stdin.take().context("stdin")?, input.as_bytes())?;
            let output = child.wait_with_output()?;
            ensure!(output.status.success(), "{words:?}: {}", output.status);
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        };
        let (data, htpasswd) = (path("data"), path("htpasswd"));
        let (data, htpasswd) = (data.to_str().context("a path")?, htpasswd.to_str().context("a path")?);
        registry(&["user", "set", "alice", "--file", htpasswd], "correct horse: battery\n")?;
        std::fs::create_dir(data)?;
        let words =
            ["token", "create", "ci", "--owner", "alice", "--scope", "**:pull,push,delete", "--data", data];
        let token = registry(&words, "")?;
        let config = format!(
            "[access]\nhtpasswd = {htpasswd:?}\nchallenge = \"{challenge}\"\n\
            [[access.rule]]\nrepositories = [\"public/**\"]\nwho = [\"anonymous\"]\nallow = [\"pull\"]\n\
            [[access.rule]]\nrepositories = [\"**\"]\nwho = [\"alice\"]\nallow = [\"pull\", \"push\", \"delete\"]\n"
        );
        std::fs::write(path("registry.toml"), config)?;
        let config = path("registry.toml");
        let server = Program::start(Path::new(data), &["--config", config.to_str().context("a path")?])?;
        let host = server.api.base.trim_start_matches("http://").to_owned();
        let component = component::from_wit(WIT, "greeter");
        std::fs::write(path("greeter.wasm"), &component)?;
        std::fs::write(path("config.json"), "{}")?;
        let login = |user: &str, secret: &str| Login { user: user.to_owned(), secret: secret.to_owned() };
        let logins = vec![login("alice", "correct horse: battery"), login("anything", &token)];
        Ok(Self { server, host, folder, logins, component })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Forgets every login.
    fn forget(&self) -> Result<()> {
        let home = self.path("home");
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        std::fs::create_dir_all(home.join("docker"))?;
        Ok(std::fs::create_dir_all(home.join(".docker"))?)
    }

    fn try_client(&self, program: &Path, words: &[&str]) -> Result<Output> {
        let home = self.path("home");
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_RUNTIME_DIR", &home)
            .env("DOCKER_CONFIG", home.join("docker"))
            .env("REGISTRY_AUTH_FILE", home.join("docker/config.json"))
            .env("REGCTL_CONFIG", home.join("regctl.json"))
            .env("WKG_CONFIG_FILE", self.path("wkg.toml"))
            .stdin(Stdio::null());
        command.output().with_context(|| format!("could not start {command:?}"))
    }

    /// Runs a client that must succeed.
    fn client(&self, program: &Path, words: &[&str]) -> Result<String> {
        let output = self.try_client(program, words)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} {words:?}\n{said}", program.display());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a client that must be refused.
    fn refused(&self, program: &Path, words: &[&str]) -> Result<()> {
        let output = self.try_client(program, words)?;
        ensure!(!output.status.success(), "{} {words:?} was not refused", program.display());
        Ok(())
    }

    fn same(&self, name: &str) -> Result<()> {
        ensure!(std::fs::read(self.path(name))? == self.component, "`{name}` is not what was pushed");
        Ok(std::fs::remove_file(self.path(name))?)
    }

    /// A refresh token of alice.
    fn refresh_token(&self) -> Result<String> {
        let request = self
            .server
            .api
            .request(reqwest::Method::GET, "/token?service=wkit-registry&offline_token=true&client_id=test")
            .basic_auth(&self.logins[0].user, Some(&self.logins[0].secret));
        let answer: serde_json::Value =
            tokio::runtime::Runtime::new()?.block_on(async { request.send().await?.json().await })?;
        Ok(answer["refresh_token"].as_str().context("there is no refresh token")?.to_owned())
    }

    /// Lets clients find a refresh token where `docker login` leaves it.
    fn remember_refresh_token(&self) -> Result<()> {
        self.forget()?;
        let auths = serde_json::json!({ "auths": { &self.host: { "auth": "YWxpY2U6", "identitytoken": self.refresh_token()? } } });
        Ok(std::fs::write(self.path("home/docker/config.json"), auths.to_string())?)
    }
}

/// Runs a test with both challenges.
fn with_desks(test: impl Fn(&Desk) -> Result<()>) -> Result<()> {
    for challenge in ["bearer", "basic"] {
        let desk = Desk::open(challenge)?;
        test(&desk).with_context(|| format!("with the challenge `{challenge}`"))?;
    }
    Ok(())
}

#[test]
fn oras() -> Result<()> {
    let Some(oras) = tools::find("oras") else { return Ok(()) };
    with_desks(|desk| {
        let (team, public) = (format!("{}/team/oras:1", desk.host), format!("{}/public/oras:1", desk.host));
        for login in &desk.logins {
            desk.forget()?;
            desk.refused(&oras, &["push", "--plain-http", &team, "greeter.wasm:application/wasm"])?;
            desk.refused(&oras, &["login", "--plain-http", "-u", &login.user, "-p", "wrong", &desk.host])?;
            desk.client(
                &oras,
                &["login", "--plain-http", "-u", &login.user, "-p", &login.secret, &desk.host],
            )?;
            for reference in [&team, &public] {
                desk.client(&oras, &["push", "--plain-http", reference, "greeter.wasm:application/wasm"])?;
            }
            desk.client(&oras, &["pull", "--plain-http", "-o", "pulled", &team])?;
            desk.same("pulled/greeter.wasm")?;
            let copy = format!("{}/team/copy:1", desk.host);
            desk.client(&oras, &["copy", "--from-plain-http", "--to-plain-http", &team, &copy])?;
            ensure!(desk.client(&oras, &["repo", "ls", "--plain-http", &desk.host])?.contains("team/copy"));
            desk.client(&oras, &["manifest", "delete", "--plain-http", "--force", &copy])?;
        }
        desk.forget()?;
        desk.client(&oras, &["pull", "--plain-http", "-o", "pulled", &public])?;
        desk.same("pulled/greeter.wasm")?;
        desk.refused(&oras, &["pull", "--plain-http", "-o", "pulled", &team])?;
        desk.refused(&oras, &["push", "--plain-http", &public, "greeter.wasm:application/wasm"])?;
        Ok(())
    })?;
    let desk = Desk::open("bearer")?;
    desk.remember_refresh_token()?;
    let team = format!("{}/team/oras:1", desk.host);
    desk.client(&oras, &["push", "--plain-http", &team, "greeter.wasm:application/wasm"])?;
    desk.client(&oras, &["pull", "--plain-http", "-o", "pulled", &team])?;
    desk.same("pulled/greeter.wasm")
}

#[test]
fn crane() -> Result<()> {
    let (Some(crane), Some(oras)) = (tools::find("crane"), tools::find("oras")) else { return Ok(()) };
    with_desks(|desk| {
        seed(desk, &oras)?;
        let (team, public) = (format!("{}/team/seed:1", desk.host), format!("{}/public/seed:1", desk.host));
        let copy = format!("{}/team/copy:1", desk.host);
        for login in &desk.logins {
            desk.forget()?;
            desk.refused(&crane, &["manifest", &team])?;
            desk.client(&crane, &["auth", "login", "-u", &login.user, "-p", &login.secret, &desk.host])?;
            ensure!(desk.client(&crane, &["manifest", &team])?.contains("application/wasm"));
            desk.client(&crane, &["copy", &team, &copy])?;
            ensure!(desk.client(&crane, &["ls", &format!("{}/team/copy", desk.host)])?.trim() == "1");
            ensure!(desk.client(&crane, &["catalog", &desk.host])?.contains("team/copy"));
            let digest = desk.client(&crane, &["digest", &copy])?;
            desk.client(&crane, &["delete", &format!("{}/team/copy@{}", desk.host, digest.trim())])?;
        }
        desk.forget()?;
        desk.client(&crane, &["manifest", &public])?;
        desk.refused(&crane, &["manifest", &team])?;
        desk.refused(&crane, &["copy", &public, &copy])
    })?;
    let desk = Desk::open("bearer")?;
    seed(&desk, &oras)?;
    desk.remember_refresh_token()?;
    let (team, copy) = (format!("{}/team/seed:1", desk.host), format!("{}/team/copy:1", desk.host));
    desk.client(&crane, &["copy", &team, &copy]).map(drop)
}

#[test]
fn regctl() -> Result<()> {
    let Some(regctl) = tools::find("regctl") else { return Ok(()) };
    with_desks(|desk| {
        let (team, public) =
            (format!("{}/team/regctl:1", desk.host), format!("{}/public/regctl:1", desk.host));
        let put = |reference: &str| {
            let words = [
                "artifact",
                "put",
                "--artifact-type",
                "application/x",
                "--file-media-type",
                "application/wasm",
            ];
            let words: Vec<&str> = words.into_iter().chain(["--file", "greeter.wasm", reference]).collect();
            desk.try_client(&regctl, &words)
        };
        let get = |reference: &str| -> Result<()> {
            let output = desk.path("pulled");
            drop(std::fs::remove_dir_all(&output));
            std::fs::create_dir(&output)?;
            desk.client(&regctl, &["artifact", "get", "--output", "pulled", reference])?;
            let file = std::fs::read_dir(&output)?.next().context("nothing was pulled")??.path();
            ensure!(std::fs::read(file)? == desk.component, "it is not what was pushed");
            Ok(())
        };
        for login in &desk.logins {
            desk.forget()?;
            desk.client(&regctl, &["registry", "set", "--skip-check", "--tls", "disabled", &desk.host])?;
            ensure!(!put(&team)?.status.success());
            desk.client(&regctl, &["registry", "login", "-u", &login.user, "-p", &login.secret, &desk.host])?;
            for reference in [&team, &public] {
                let output = put(reference)?;
                ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
            get(&team)?;
            let copy = format!("{}/team/copy:1", desk.host);
            desk.client(&regctl, &["image", "copy", &team, &copy])?;
            ensure!(desk.client(&regctl, &["repo", "ls", &desk.host])?.contains("team/copy"));
            desk.client(&regctl, &["tag", "delete", &copy])?;
        }
        desk.forget()?;
        desk.client(&regctl, &["registry", "set", "--skip-check", "--tls", "disabled", &desk.host])?;
        get(&public)?;
        ensure!(!put(&public)?.status.success());
        desk.refused(&regctl, &["tag", "ls", &format!("{}/team/regctl", desk.host)])
    })
}

#[test]
fn skopeo() -> Result<()> {
    let (Some(skopeo), Some(oras)) = (tools::find("skopeo"), tools::find("oras")) else { return Ok(()) };
    let copy = |desk: &Desk, from: &str, to: &str| {
        let words = [
            "--insecure-policy",
            "--tmpdir",
            ".",
            "copy",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
        ];
        let words: Vec<&str> = words.into_iter().chain([from, to]).collect();
        desk.try_client(&skopeo, &words)
    };
    let done = |output: Output| -> Result<()> {
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    with_desks(|desk| {
        seed(desk, &oras)?;
        let at = |name: &str| format!("docker://{}/{name}:1", desk.host);
        for login in &desk.logins {
            desk.forget()?;
            ensure!(!copy(desk, &at("team/seed"), "oci:none:1")?.status.success());
            let words = ["login", "--tls-verify=false", "-u", &login.user, "-p", &login.secret, &desk.host];
            desk.client(&skopeo, &words)?;
            drop(std::fs::remove_dir_all(desk.path("layout")));
            done(copy(desk, &at("team/seed"), "oci:layout:1")?)?;
            done(copy(desk, "oci:layout:1", &at("team/pushed"))?)?;
            let tags = desk.client(
                &skopeo,
                &["list-tags", "--tls-verify=false", at("team/pushed").trim_end_matches(":1")],
            )?;
            ensure!(tags.contains("\"1\""), "{tags}");
            desk.client(&skopeo, &["delete", "--tls-verify=false", &at("team/pushed")])?;
        }
        desk.forget()?;
        done(copy(desk, &at("public/seed"), "oci:anonymous:1")?)?;
        ensure!(!copy(desk, &at("team/seed"), "oci:none:1")?.status.success());
        ensure!(!copy(desk, "oci:anonymous:1", &at("public/pushed"))?.status.success());
        Ok(())
    })?;
    let desk = Desk::open("bearer")?;
    seed(&desk, &oras)?;
    desk.remember_refresh_token()?;
    done(copy(&desk, &format!("docker://{}/team/seed:1", desk.host), "oci:layout:1")?)
}

#[test]
fn wkg() -> Result<()> {
    let Some(wkg) = tools::find("wkg") else { return Ok(()) };
    with_desks(|desk| {
        let text = format!(
            "[namespace_registries]\npublic = \"{0}\"\n[registry.\"{0}\".oci]\nprotocol = \"http\"\n",
            desk.host
        );
        std::fs::write(desk.path("wkg.toml"), text)?;
        let package = component::wit_package(&WIT.replace("demo:greet@0.1.0", "public:greet@0.2.0"));
        std::fs::write(desk.path("package.wasm"), &package)?;
        let team = format!("{}/team/greet:0.1.0", desk.host);
        for (number, login) in desk.logins.iter().enumerate() {
            desk.forget()?;
            desk.refused(&wkg, &["oci", "push", "--insecure", &desk.host, &team, "greeter.wasm"])?;
            let given = ["-u", &login.user, "-p", &login.secret];
            let push = ["oci", "push", "--insecure", &desk.host, &team, "greeter.wasm"];
            desk.client(&wkg, &[&push[..], &given].concat())?;
            let pull = ["oci", "pull", "--insecure", &desk.host, &team, "-o", "./pulled.wasm"];
            desk.client(&wkg, &[&pull[..], &given].concat())?;
            desk.same("pulled.wasm")?;
            if number == 0 {
                // By the login that `docker login` leaves behind.
                use base64::Engine as _;
                let auth = format!("{}:{}", login.user, login.secret);
                let auth = base64::engine::general_purpose::STANDARD.encode(auth);
                let auths = serde_json::json!({ "auths": { &desk.host: { "auth": auth } } });
                std::fs::write(desk.path("home/docker/config.json"), auths.to_string())?;
                std::fs::write(desk.path("home/.docker/config.json"), auths.to_string())?;
                desk.client(&wkg, &["publish", "package.wasm"])?;
            }
        }
        desk.forget()?;
        desk.client(&wkg, &["get", "--format", "wasm", "public:greet@0.2.0", "-o", "./back.wasm"])?;
        ensure!(std::fs::read(desk.path("back.wasm"))? == package);
        std::fs::remove_file(desk.path("back.wasm"))?;
        desk.refused(&wkg, &["oci", "pull", "--insecure", &desk.host, &team, "-o", "./pulled.wasm"])
    })
}

/// Pushes an artifact to `team/seed` and `public/seed` for clients that cannot make one.
fn seed(desk: &Desk, oras: &Path) -> Result<()> {
    desk.forget()?;
    let login = &desk.logins[0];
    desk.client(oras, &["login", "--plain-http", "-u", &login.user, "-p", &login.secret, &desk.host])?;
    for name in ["team", "public"] {
        let reference = format!("{}/{name}/seed:1", desk.host);
        desk.client(oras, &["push", "--plain-http", &reference, "greeter.wasm:application/wasm"])?;
    }
    Ok(())
}
