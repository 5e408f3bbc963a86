//! Servers as child processes: started, found by the address in the first line they print, measured, stopped.

use anyhow::{Context, bail, ensure};
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `command` and waits for the address that its first line holds.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        if let Some(address) = address(&line) {
            return Ok(Self { child, address });
        }
        let _ = child.kill();
        let _ = child.wait();
        bail!("{command:?} printed no address but {line:?}")
    }

    /// A line of `/proc/PID/status`, in bytes: `VmRSS` is what it holds in memory now, `VmHWM` the most it ever did.
    pub(crate) fn memory(&self, line: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status
            .lines()
            .find_map(|text| {
                text.strip_prefix(line)?.strip_prefix(':')?.trim().strip_suffix(" kB")?.parse::<f64>().ok()
            })
            .with_context(|| format!("/proc says no {line}"))?;
        Ok(kib * 1_024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in a line such as `Plenary is at http://127.0.0.1:8080/`.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    rest.split(['/', '\n', ' ']).next()?.parse().ok()
}

/// Builds the release binaries and gives the folder that they are in.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--locked", "-p", "plenary", "-p", "bench"])
        .stdin(Stdio::null())
        .status()
        .context("cannot run cargo")?;
    ensure!(built.success(), "the release build failed");
    let bench = std::env::current_exe()?;
    let folder = bench.parent().context("the benchmark lies in no folder")?;
    Ok(folder.to_owned())
}

/// A `plenary` command on the data in `data`, with no settings but these.
pub(crate) fn plenary(binaries: &Path, data: &Path) -> Command {
    let mut command = Command::new(binaries.join("plenary"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLENARY_")) {
        command.env_remove(name);
    }
    command.current_dir(data).arg("--data").arg(data).args(["--log", "error"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_first_line() {
        let expected = "127.0.0.1:4711".parse().unwrap();
        assert_eq!(address("Plenary is at http://127.0.0.1:4711/\n"), Some(expected));
        assert_eq!(address("http://127.0.0.1:4711/edition/ is open\n"), Some(expected));
        assert_eq!(address("error: no\n"), None);
    }
}
