//! The binary as a user meets it: commands with their output, and a server with its answers.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::Duration,
};

/// `plenary` with its record in `data`, untouched by the settings of whoever runs the test.
pub(crate) fn plenary(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plenary"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PLENARY_")) {
        command.env_remove(name);
    }
    command.current_dir(data).arg("--data").arg(data);
    command
}

/// Runs it and gives what it said.
pub(crate) fn run(data: &Path, args: &[&str]) -> Output {
    plenary(data).args(args).output().expect("the binary runs")
}

/// Runs it, insists on success and gives its standard output.
pub(crate) fn run_ok(data: &Path, args: &[&str]) -> String {
    let output = run(data, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it, insists on failure and gives its standard error.
pub(crate) fn run_refused(data: &Path, args: &[&str]) -> String {
    let output = run(data, args);
    assert!(!output.status.success(), "{args:?} succeeded: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// The first line that it printed.
    pub(crate) greeting: String,
}

impl Server {
    /// Starts `plenary` with these arguments; they must make it listen at port 0.
    pub(crate) fn start(data: &Path, args: &[&str]) -> Self {
        Self::start_with(data, args).0
    }

    /// The same, with the second line that it printed.
    pub(crate) fn start_and_read(data: &Path, args: &[&str]) -> (Self, String) {
        let (server, mut out) = Self::start_with(data, args);
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        (server, line)
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn start_with(data: &Path, args: &[&str]) -> (Self, BufReader<ChildStdout>) {
        let mut child = plenary(data)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut greeting = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut greeting).unwrap();
        let address = greeting
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
            .unwrap_or_default()
            .to_owned();
        assert!(!address.is_empty(), "the first line holds no address: {greeting:?}");
        (Self { child, address, greeting }, out)
    }

    /// Asks for a path; gives the status, the head and the body.
    pub(crate) fn get(&self, path: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut bytes = vec![];
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        (status, head.to_owned(), if chunked { unchunked(body) } else { body.to_owned() })
    }

    /// Asks it to stop as a service manager does, and waits; gives whether it ended well.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> bool {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        told.success() && self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunked(body: &str) -> String {
    let mut out = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        out.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    out
}
