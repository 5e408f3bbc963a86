//! A real SMTP server for a test: `smtp_server.py` beside this folder.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::OnceLock,
};

/// The Python that has aiosmtpd; `None`, with a word on standard error, where there is none and nobody insists.
pub(crate) fn python() -> Option<&'static str> {
    static PYTHON: OnceLock<Option<&'static str>> = OnceLock::new();
    *PYTHON.get_or_init(|| {
        // The second is where `./test tools` puts it, as seen from this crate and its neighbours.
        let found = ["python3", "../../target/test-tools/python/bin/python3"].into_iter().find(|python| {
            let has = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
            has.is_ok_and(|status| status.success())
        });
        if found.is_none() {
            let why = "no Python with aiosmtpd was found: ./test tools installs it";
            assert!(std::env::var_os("CI").is_none(), "{why}");
            eprintln!("skipped: {why}");
        }
        found
    })
}

/// A running server; it ends with this value.
pub(crate) struct SmtpServer {
    child: Child,
    _stdin: ChildStdin,
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    journal: PathBuf,
}

impl SmtpServer {
    /// Starts it with these arguments and its journal in `folder`; `None` where the test is skipped.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Option<Self> {
        let python = python()?;
        let journal = folder.join("journal");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mail/tests/smtp_server.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg("--journal")
            .arg(&journal)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("ready ").expect("the server starts").parse().unwrap();
        let stdin = child.stdin.take().unwrap();
        Some(Self { child, _stdin: stdin, port, journal })
    }

    /// What it has taken over so far.
    pub(crate) fn taken(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.journal).unwrap_or_default();
        // The last line may still be being written.
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What it has taken over for that address.
    pub(crate) fn taken_for(&self, address: &str) -> Vec<Value> {
        self.taken().into_iter().filter(|mail| mail["to"][0] == address).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A header of a mail that was taken over.
pub(crate) fn header<'a>(mail: &'a Value, name: &str) -> Option<&'a str> {
    let headers = mail["headers"].as_array()?;
    headers.iter().find(|header| header[0].as_str().is_some_and(|other| other.eq_ignore_ascii_case(name)))?[1]
        .as_str()
}

/// A certificate for `localhost` and 127.0.0.1 with its key, made by OpenSSL for this test; `None` where there is no
/// OpenSSL.
pub(crate) fn certificate(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args([
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    if made.is_ok_and(|status| status.success()) {
        return Some((certificate, key));
    }
    assert!(std::env::var_os("CI").is_none(), "OpenSSL is missing");
    eprintln!("skipped: there is no OpenSSL to make a certificate with");
    None
}
