//! What a confined server can do and cannot, tried from inside.
//!
//! What a kernel says it offers and what holds are two things, so `doctor` starts itself anew, confined as the server is
//! with these settings, and that process tries to break out and to do its work.

use super::Finding;
use crate::{
    config::Config,
    output,
    sandbox::{Confinement, Hold},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, ErrorKind},
    net::{TcpListener, TcpStream, ToSocketAddrs},
    process::{Command, Stdio},
    time::Duration,
};

const WHAT: &str = "confinement";

/// What the process inside found.
#[derive(Debug, Serialize, Deserialize)]
struct Tried {
    files: String,
    calls: String,
    full: bool,
    none: bool,
    /// What it could do and should not.
    escapes: Vec<String>,
    /// What it could not do and must.
    broken: Vec<String>,
}

/// Starts the process inside and says what it found.
pub(super) async fn confinement(config: &Config) -> Vec<Finding> {
    let tried = match try_it(config).await {
        Ok(tried) => tried,
        Err(error) => {
            let found = format!("it could not be tried: {error}");
            return vec![Finding::warn(WHAT, found, "Run `plenary doctor` with the binary that serves")];
        }
    };
    let found = format!("files {}, calls {}", tried.files, tried.calls);
    let mut findings = vec![if tried.none {
        let remedy = "The server works without; a kernel of Linux 5.13 or later with Landlock protects the machine better";
        Finding::warn(WHAT, found, remedy)
    } else if tried.full {
        Finding::ok(WHAT, found)
    } else {
        Finding::warn(WHAT, found, "A newer kernel confines the server further")
    }];
    for escape in tried.escapes {
        let remedy = "The kernel offers no more; keep other data off this machine";
        findings.push(Finding::warn(WHAT, format!("a confined server can still {escape}"), remedy));
    }
    for broken in tried.broken {
        let remedy = "Report this with your distribution and kernel; until then set sandbox = \"off\"";
        findings.push(Finding::bad(WHAT, format!("a confined server cannot {broken}"), remedy));
    }
    findings
}

async fn try_it(config: &Config) -> anyhow::Result<Tried> {
    let program = std::env::current_exe()?;
    let settings = tempfile::NamedTempFile::new()?;
    fs::write(settings.path(), toml::to_string(config)?)?;
    let work = move || -> anyhow::Result<Tried> {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PLENARY_")) {
            command.env_remove(name);
        }
        command.arg("--config").arg(settings.path()).args(["--log", "error", "doctor", "--confined"]);
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            anyhow::bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    tokio::task::spawn_blocking(work).await?
}

/// Inside: tries everything and prints what happened as JSON.
pub(crate) async fn run(config: &Config, confinement: Confinement) -> anyhow::Result<()> {
    let config = config.clone();
    let tried = tokio::task::spawn_blocking(move || tried(&config, &confinement)).await?;
    output::json(&tried)
}

fn tried(config: &Config, confinement: &Confinement) -> Tried {
    let Confinement { files, calls } = confinement;
    let (no_files, no_calls) = (matches!(files, Hold::None(_)), matches!(calls, Hold::None(_)));
    let mut escapes = vec![];
    let mut escape = |what: &str, outcome: io::Result<()>| {
        if !matches!(&outcome, Err(error) if error.kind() == ErrorKind::PermissionDenied) {
            escapes.push(what.to_owned());
        }
    };
    if !no_files {
        escape("list the root folder", fs::read_dir("/").map(drop));
        escape("read its own program file", std::env::current_exe().and_then(fs::File::open).map(drop));
        if fs::metadata("/etc/shadow").is_ok() {
            escape("read /etc/shadow", fs::File::open("/etc/shadow").map(drop));
        }
        let outside = std::env::temp_dir().join(format!("plenary-outside-{}", std::process::id()));
        escape("write a file outside its folder", fs::write(&outside, "x"));
        let _ = fs::remove_file(outside);
        escape("open another port", TcpListener::bind("127.0.0.1:0").map(drop));
    }
    if !(no_files && no_calls) {
        let program = std::env::current_exe().unwrap_or_default();
        let started = Command::new(program).arg("--version").stdout(Stdio::null()).spawn();
        escape("start a program", started.and_then(|mut child| child.wait()).map(drop));
    }
    let mut broken = vec![];
    let mut must = |what: &str, outcome: Result<(), String>| {
        if let Err(error) = outcome {
            broken.push(format!("{what}: {error}"));
        }
    };
    let text = |error: io::Error| error.to_string();
    if config.data.is_dir() {
        must("write in its data folder", write_in(config).map_err(text));
    }
    must(
        "start a thread",
        std::thread::Builder::new().spawn(|| {}).map(|thread| drop(thread.join())).map_err(text),
    );
    must(
        "tell the time of a zone",
        model::time::Zone::parse("Europe/Lisbon").map(drop).map_err(|refusal| refusal.to_string()),
    );
    must("find the address of localhost", ("localhost", 80).to_socket_addrs().map(drop).map_err(text));
    must("connect to others", connect().map_err(text));
    must("read its certificate", config.tls().map(drop).map_err(|error| error.to_string()));
    Tried {
        files: files.shown(),
        calls: calls.shown(),
        full: *files == Hold::Full && *calls == Hold::Full,
        none: no_files && no_calls,
        escapes,
        broken,
    }
}

/// What SQLite does with its files, and a release with an uploaded one.
fn write_in(config: &Config) -> io::Result<()> {
    let name = |end: &str| config.data.join(format!(".plenary-doctor-{}{end}", std::process::id()));
    fs::create_dir(name(""))?;
    let inner = name("").join("file");
    let outcome = fs::write(name(".new"), "x")
        .and_then(|()| fs::rename(name(".new"), &inner))
        .and_then(|()| fs::File::options().write(true).open(&inner)?.set_len(0))
        .and_then(|()| fs::remove_file(&inner));
    let _ = fs::remove_dir_all(name(""));
    let _ = fs::remove_file(name(".new"));
    outcome
}

/// Somebody answers or nobody does; both show that one may ask.
fn connect() -> io::Result<()> {
    match TcpStream::connect_timeout(&([127, 0, 0, 1], 9).into(), Duration::from_secs(2)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}
