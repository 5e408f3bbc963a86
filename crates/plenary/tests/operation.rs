//! What an operator does: backup and restore, a look at what is wrong, accounts and roles; and what a server gives up.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use support::{Server, run, run_ok, run_refused};

const SCHEDULE: &str = r#"{ "schedule": { "version": "1", "conference": {
    "acronym": "brook-2027", "title": "Brook 2027", "start": "2027-05-01", "end": "2027-05-01", "daysCount": 1,
    "time_zone_name": "Europe/Lisbon", "rooms": [{ "name": "Weir" }], "tracks": [{ "name": "Canals" }],
    "days": [{ "index": 1, "date": "2027-05-01", "day_start": "2027-05-01T09:00:00+01:00", "day_end": "2027-05-01T18:00:00+01:00",
      "rooms": { "Weir": [{ "id": 1, "guid": "0b1f7d3c-6f5e-4f0e-9f6f-111111111111", "code": "AAAAA2", "date": "2027-05-01T10:00:00+01:00",
        "start": "10:00", "duration": "00:45", "room": "Weir", "title": "Locks", "track": "Canals", "type": "Talk", "persons": [] }] } }]
}}}"#;

fn record() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("schedule.json"), SCHEDULE).unwrap();
    run_ok(folder.path(), &["import", "schedule.json"]);
    folder
}

fn editions(data: &Path) -> Value {
    serde_json::from_str(&run_ok(data, &["editions", "--json"])).unwrap()
}

#[test]
fn a_backup_of_a_serving_server_brings_everything_back_and_overwrites_nothing() {
    let folder = record();
    let data = folder.path();
    let _server = Server::start(data, &["serve", "--listen", "127.0.0.1:0"]);
    fs::create_dir(data.join("uploads")).unwrap();
    fs::write(data.join("uploads/logo.svg"), "<svg/>").unwrap();
    let file = data.join("one.backup");
    let said = run_ok(data, &["backup", "one.backup"]);
    assert!(said.contains("read back") && said.contains("1 uploaded file"), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "nobody else reads it");
    let before = fs::read(&file).unwrap();
    assert!(run_refused(data, &["backup", "one.backup"]).contains("overwrites nothing"));
    assert_eq!(fs::read(&file).unwrap(), before);
    let left: Vec<_> =
        fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.starts_with(".plenary-")), "nothing is left behind: {left:?}");

    let other = tempfile::tempdir().unwrap();
    let place = other.path();
    run_ok(place, &["restore", file.to_str().unwrap()]);
    assert_eq!(editions(place), editions(data));
    assert_eq!(fs::read(place.join("uploads/logo.svg")).unwrap(), b"<svg/>");
    let server = Server::start(place, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(server.get("/brook-2027/search/?q=locks").2.contains("AAAAA2"));
    let said = run_refused(place, &["restore", file.to_str().unwrap(), "--replace"]);
    assert!(said.contains("Stop the server"), "{said}");
    assert!(server.stop());
    assert!(run_refused(place, &["restore", file.to_str().unwrap()]).contains("--replace"));
    run_ok(place, &["session", "retitle", "AAAAA2", "Sluices", "--release", ""]);
    assert_eq!(editions(place)[0]["latest"]["number"], 2);
    let said = run_ok(place, &["restore", file.to_str().unwrap(), "--replace"]);
    assert!(said.contains("plenary.sqlite.replaced-"), "the record before is kept: {said}");
    assert_eq!(editions(place)[0]["latest"]["number"], 1);
}

#[test]
fn doctor_finds_what_is_wrong_and_says_how_to_mend_it() {
    let folder = record();
    let data = folder.path();
    let findings = |args: &[&str]| -> (bool, Vec<Value>) {
        let output = run(data, args);
        (output.status.success(), serde_json::from_slice(&output.stdout).unwrap())
    };
    let (well, all) = findings(&["doctor", "--json"]);
    assert!(well, "{all:#?}");
    let of =
        |all: &[Value], what: &str| all.iter().find(|line| line["what"] == what).cloned().unwrap_or_default();
    assert_eq!(of(&all, "record")["state"], "ok", "{all:#?}");
    assert_eq!(of(&all, "backup")["state"], "warn");
    assert!(all.iter().all(|line| line["state"] == "ok" || line["remedy"].is_string()));
    run_ok(data, &["backup", "one.backup"]);
    assert_eq!(of(&findings(&["doctor", "--json"]).1, "backup")["state"], "ok");

    fs::write(
        data.join("plenary.toml"),
        "base_url = \"https://conf.example.org\"\ntrusted_proxies = [\"here\"]\n",
    )
    .unwrap();
    let said = run_refused(data, &["doctor"]);
    assert!(said.contains("wrong"), "{said}");
    let (well, all) = findings(&["doctor", "--json"]);
    assert!(!well);
    assert_eq!(of(&all, "proxies")["state"], "bad");
    fs::remove_file(data.join("plenary.toml")).unwrap();
    // A forged record is found.
    fs::write(data.join("plenary.sqlite"), b"SQLite format 3\0 and then nonsense").unwrap();
    let _ = fs::remove_file(data.join("plenary.sqlite-wal"));
    let (well, all) = findings(&["doctor", "--json"]);
    assert!(!well);
    assert_eq!(of(&all, "record")["state"], "bad");
}

/// Whether this kernel has Landlock and seccomp; a container may lack both.
fn confines(data: &Path) -> Option<Value> {
    let tried: Value = serde_json::from_str(&run_ok(data, &["doctor", "--confined"])).unwrap();
    if tried["full"] == true {
        return Some(tried);
    }
    assert!(std::env::var_os("CI").is_none(), "this kernel cannot confine: {tried}");
    eprintln!("skipped: this kernel cannot confine: {tried}");
    None
}

#[test]
fn a_confined_process_reads_writes_and_runs_nothing_that_is_not_its_own_and_does_its_work() {
    let folder = record();
    let Some(tried) = confines(folder.path()) else { return };
    assert_eq!(tried["escapes"], serde_json::json!([]));
    assert_eq!(tried["broken"], serde_json::json!([]));
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_is_confined_unless_it_shall_not_be() {
    let folder = record();
    let data = folder.path();
    if confines(data).is_none() {
        return;
    }
    let status = |server: &Server| fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let server = Server::start(data, &["serve", "--listen", "127.0.0.1:0"]);
    let held = status(&server);
    assert!(held.contains("NoNewPrivs:\t1") && held.contains("Seccomp:\t2"), "{held}");
    // Its threads too, which began later.
    for thread in fs::read_dir(format!("/proc/{}/task", server.id())).unwrap() {
        let held = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        assert!(held.contains("Seccomp:\t2"), "{held}");
    }
    // What it could not do with less: take a release of another process, and keep a list of stars.
    run_ok(data, &["session", "cancel", "AAAAA2", "--release", "Flooded"]);
    let begun = std::time::Instant::now();
    while !server.get("/brook-2027/sessions/AAAAA2/").2.contains("Cancelled") {
        assert!(begun.elapsed().as_secs() < 10, "the release did not arrive");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    drop(server);
    fs::write(data.join("plenary.toml"), "sandbox = \"off\"\n").unwrap();
    let server = Server::start(data, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(status(&server).contains("Seccomp:\t0"), "switched off");
}

#[test]
fn the_first_start_prints_where_to_set_it_up_and_no_log_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["serve", "--listen", "127.0.0.1:0", "--base-url", "https://conf.example.org/"];
    let (server, line) = Server::start_and_read(folder.path(), &args);
    assert!(line.contains("https://conf.example.org/setup/"), "{line}");
    drop(server);
}

#[test]
fn a_role_is_given_by_address_or_handle_and_taken_again() {
    let folder = record();
    let data = folder.path();
    let said = run_ok(data, &["user", "create", "Ada@Example.org", "--name", "Ada Lovelace", "--link"]);
    assert!(
        said.contains("has an account now") && said.contains("http://127.0.0.1:8080/sign-in/link/"),
        "{said}"
    );
    assert!(run_ok(data, &["user", "create", "ada@example.org"]).contains("already"));
    let shown: Value =
        serde_json::from_str(&run_ok(data, &["user", "show", "ada@example.org", "--json"])).unwrap();
    let handle = shown["account"]["handle"].as_str().unwrap().to_owned();
    run_ok(
        data,
        &[
            "grant",
            "give",
            "ada@example.org",
            "organiser",
            "--edition",
            "brook-2027",
            "--until",
            "2027-06-01T00:00",
        ],
    );
    let said =
        run_ok(data, &["grant", "give", &handle, "lead", "--edition", "brook-2027", "--track", "canals"]);
    assert!(said.contains("in the track canals of brook-2027"), "{said}");
    let said = run_ok(data, &["grant", "list", "--edition", "brook-2027"]);
    assert!(said.contains("Organiser in brook-2027, until 2027-05-31 23:00 UTC"), "{said}");
    run_ok(data, &["grant", "revoke", &handle, "organiser", "--edition", "brook-2027"]);
    let said = run_ok(data, &["grant", "list"]);
    assert!(!said.contains("Organiser") && said.contains("Lead"), "{said}");
    assert!(run_refused(data, &["grant", "give", &handle, "king"]).contains("there are: administrator"));
    let said =
        run_refused(data, &["grant", "give", &handle, "lead", "--edition", "brook-2027", "--track", "x"]);
    assert!(said.contains("There are: canals"), "{said}");
    // To an address that nobody has proved, it waits; and can be taken back before anybody comes.
    let said = run_ok(data, &["grant", "give", "nobody@example.org", "crew"]);
    assert!(said.contains("as soon as somebody signs in with that address"), "{said}");
    assert!(run_ok(data, &["grant", "list"]).contains("nobody@example.org"));
    run_ok(data, &["grant", "revoke", "nobody@example.org", "crew"]);
    assert!(!run_ok(data, &["grant", "list"]).contains("nobody@example.org"));
}

#[test]
fn an_account_is_listed_blocked_unblocked_and_given_a_password_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    run_ok(data, &["user", "create", "ada@example.org", "--name", "Ada Lovelace"]);
    run_ok(data, &["user", "create", "grace@example.org", "--name", "Grace Hopper"]);
    run_ok(data, &["grant", "give", "grace@example.org", "administrator"]);
    let all = run_ok(data, &["user", "list"]);
    assert!(all.contains("Ada Lovelace  ada@example.org"), "{all}");
    assert!(all.contains("Grace Hopper  grace@example.org  Administrator"), "{all}");
    let found: Value = serde_json::from_str(&run_ok(data, &["user", "list", "lovelace", "--json"])).unwrap();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["email"]), (1, &"ada@example.org".into()));

    run_ok(data, &["user", "block", "ada@example.org"]);
    assert!(run_ok(data, &["user", "list", "ada"]).contains("ada@example.org  blocked"));
    assert!(run_ok(data, &["user", "show", "ada@example.org"]).contains(", blocked"));
    assert!(run_refused(data, &["token", "create", "ada@example.org", "--name", "x"]).contains("is blocked"));
    assert!(
        run_refused(data, &["user", "block", "grace@example.org"])
            .contains("nobody would be an administrator")
    );
    run_ok(data, &["user", "unblock", "ada@example.org"]);
    assert!(run_refused(data, &["user", "unblock", "ada@example.org"]).contains("it is not blocked"));

    let set = |typed: &str| {
        let mut child = support::plenary(data)
            .args(["user", "set-password", "ada@example.org"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    };
    let (done, said) = set("a horse of some battery\n");
    assert!(done && said.contains("is set") && !said.contains("horse"), "{said}");
    for (typed, why) in
        [("short\n", "needs 12"), ("", "none was given"), ("ada lovelace rides\n", "contains your")]
    {
        let (done, said) = set(typed);
        assert!(!done && said.contains(why), "{said}");
    }
    // A password is never an argument: everybody on the machine could read it.
    run_refused(data, &["user", "set-password", "ada@example.org", "a horse of some battery"]);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_link_made_beside_a_demo_is_good_there() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("kept");
    let args = ["demo", "--listen", "127.0.0.1:0", "--keep", keep.to_str().unwrap()];
    let server = Server::start(folder.path(), &args);
    run_ok(&keep, &["user", "create", "ada@example.org"]);
    let link = run_ok(&keep, &["user", "link", "ada@example.org"]);
    let (host, path) = link.trim().strip_prefix("http://").unwrap().split_once('/').unwrap();
    assert_eq!(host, server.address, "it leads to the demo");
    let (status, _, page) = server.get(&format!("/{path}"));
    assert!(status == 200 && page.contains("Sign in"), "{status} {page}");
    assert!(server.stop());
    assert!(!keep.join("demo.json").exists(), "what is served next stands in the present");
}
