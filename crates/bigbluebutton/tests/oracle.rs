//! Clients that others wrote, against the simulated server of each version: if they and we misread the API, we misread it
//! differently.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

mod support;

use bigbluebutton::simulator::{Options, Version};
use std::process::{Command, Stdio};
use support::{SECRET, hasty, simulated};

/// Runs a client against each version, and checks that it checked so much.
async fn run(program: &'static str, script: &'static str, checks: u32) {
    for version in Version::ALL {
        let (simulator, _) = simulated(Options { version, ..hasty() }).await;
        let url = simulator.url();
        let output = tokio::task::spawn_blocking(move || {
            Command::new(program).arg(format!("tests/oracle/{script}")).args([&url, SECRET]).output()
        });
        let output = output.await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let problems = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}, {version:?}: {said}{problems}");
        assert_eq!(said.trim(), format!("ok {checks}"), "{script}, {version:?}");
    }
}

/// Whether it answers to these arguments. Where it does not, the test is skipped with a word on standard error, but not in
/// continuous integration.
fn there(program: &str, arguments: &[&str], why: &str) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = status.is_ok_and(|status| status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("skipped: {why}");
    }
    there
}

#[tokio::test]
async fn bigbluebutton_js_opens_uses_and_ends_a_room() {
    let has = "require('bigbluebutton-js')";
    if there("node", &["-e", has], "Node.js with bigbluebutton-js is missing: ./test tools installs it") {
        run("node", "client.mjs", 30).await;
    }
}

#[tokio::test]
async fn bigbluebutton_api_python_opens_uses_and_ends_a_room() {
    let has = ["-c", "import bigbluebutton_api_python"];
    // The second is where `./test tools` puts it, as seen from this crate.
    let known = ["python3", "../../target/test-tools/python/bin/python3"];
    let found = known.into_iter().find(|python| {
        let status = Command::new(python).args(has).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    });
    let why = "no Python with bigbluebutton-api-python was found: ./test tools installs it";
    if there(found.unwrap_or("python3"), &has, why) {
        run(found.unwrap_or("python3"), "client.py", 23).await;
    }
}
