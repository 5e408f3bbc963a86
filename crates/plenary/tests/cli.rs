//! The command line as a user meets it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Server, run_ok, run_refused};

/// A schedule of two sessions, as a present tool would export it.
const SCHEDULE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<schedule>
  <version>1</version>
  <conference>
    <acronym>brook-2027</acronym><title>Brook 2027</title><start>2027-05-01</start><end>2027-05-01</end>
    <days>1</days><timeslot_duration>00:05</timeslot_duration><time_zone_name>Europe/Lisbon</time_zone_name>
  </conference>
  <day index="1" date="2027-05-01" start="2027-05-01T09:00:00+01:00" end="2027-05-01T18:00:00+01:00">
    <room name="Weir">
      <event id="11" guid="0b1f7d3c-6f5e-4f0e-9f6f-111111111111" code="AAAAA2">
        <date>2027-05-01T10:00:00+01:00</date><start>10:00</start><duration>00:45</duration><room>Weir</room>
        <title>Locks: a story</title><subtitle/><track>Canals</track><type>Talk</type><language>en</language>
        <abstract>Why *locks* work.</abstract><description/>
        <persons><person id="7">Inês Água</person></persons><links/><attachments/>
      </event>
      <event id="12" guid="0b1f7d3c-6f5e-4f0e-9f6f-222222222222" code="BBBBB2">
        <date>2027-05-01T11:00:00+01:00</date><start>11:00</start><duration>00:30</duration><room>Weir</room>
        <title>Sluices</title><subtitle/><track>Canals</track><type>Talk</type><language>en</language>
        <abstract/><description/><persons/><links/><attachments/>
      </event>
    </room>
  </day>
</schedule>
"#;

fn folder_with_schedule() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schedule.xml"), SCHEDULE).unwrap();
    folder
}

#[test]
fn a_dry_run_shows_what_would_be_and_writes_nothing() {
    let folder = folder_with_schedule();
    let said = run_ok(folder.path(), &["import", "schedule.xml", "--dry-run"]);
    assert!(said.contains("Brook 2027 (brook-2027)"), "{said}");
    assert!(said.contains("Nothing was written"), "{said}");
    assert_eq!(run_ok(folder.path(), &["editions", "--json"]).trim(), "[]");
}

#[test]
fn an_import_releases_once_and_again_only_when_something_changed() {
    let folder = folder_with_schedule();
    assert!(run_ok(folder.path(), &["import", "schedule.xml"]).contains("Release 1 is published"));
    assert!(run_ok(folder.path(), &["import", "schedule.xml"]).contains("no new release"));
    std::fs::write(folder.path().join("schedule.xml"), SCHEDULE.replace("Sluices", "Sluices and weirs"))
        .unwrap();
    let said = run_ok(folder.path(), &["import", "schedule.xml", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report[0]["release"]["number"], 2);
    assert_eq!(report[0]["tallies"]["sessions"]["changed"], 1);
}

#[test]
fn what_was_changed_on_the_day_survives_the_next_import() {
    let folder = folder_with_schedule();
    run_ok(folder.path(), &["import", "schedule.xml"]);
    let said =
        run_ok(folder.path(), &["session", "delay", "aaaaa2", "15", "--release", "The lock is jammed"]);
    assert!(said.contains("delayed by 15 minutes") && said.contains("Release 2"), "{said}");
    run_ok(folder.path(), &["session", "retitle", "BBBBB2", "Sluices of old"]);
    std::fs::write(folder.path().join("schedule.xml"), SCHEDULE.replace("Sluices", "Sluice gates")).unwrap();
    let said = run_ok(folder.path(), &["import", "schedule.xml"]);
    assert!(said.contains("kept as it is here") && said.contains("Sluice gates"), "{said}");
    let said = run_ok(folder.path(), &["import", "schedule.xml", "--take-theirs"]);
    assert!(said.contains("changed"), "{said}");
}

#[test]
fn errors_name_the_field_and_the_remedy() {
    let folder = folder_with_schedule();
    let data = folder.path();
    assert!(run_refused(data, &["import", "nowhere.xml"]).contains("Check its name"));
    std::fs::write(data.join("notes.txt"), "milk, bread").unwrap();
    let said = run_refused(data, &["import", "notes.txt"]);
    assert!(said.contains("notes.txt"), "{said}");
    assert!(run_refused(data, &["release"]).contains("plenary import"));
    assert!(run_refused(data, &["import", "schedule.xml", "--edition", "api"]).contains("such as api-2027"));
    run_ok(data, &["import", "schedule.xml"]);
    assert!(run_refused(data, &["session", "cancel", "Sluices"]).contains("Did you mean BBBBB2"));
    assert!(
        run_refused(data, &["import", "schedule.xml", "--zone", "Mars/Olympus"]).contains("Europe/Brussels")
    );
    assert!(
        run_refused(data, &["serve", "--listen", "127.0.0.1:0", "--config", "none.toml"])
            .contains("--config")
    );
    std::fs::write(data.join("plenary.toml"), "listne = 1").unwrap();
    assert!(run_refused(data, &["editions"]).contains("listne"));
}

#[test]
fn the_same_settings_come_from_file_environment_and_flags_in_rising_weight() {
    let folder = folder_with_schedule();
    let elsewhere = folder.path().join("elsewhere");
    std::fs::write(folder.path().join("plenary.toml"), "data = \"from-file\"\n").unwrap();
    let import = |env: Option<&str>, flag: Option<&str>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_plenary"));
        command.current_dir(folder.path()).args(["import", "schedule.xml"]);
        if let Some(value) = env {
            command.env("PLENARY_DATA", value);
        } else {
            command.env_remove("PLENARY_DATA");
        }
        if let Some(value) = flag {
            command.args(["--data", value]);
        }
        assert!(command.output().unwrap().status.success());
    };
    import(None, None);
    assert!(folder.path().join("from-file").is_dir());
    import(Some("from-env"), None);
    assert!(folder.path().join("from-env").is_dir());
    import(Some("from-env"), Some(elsewhere.to_str().unwrap()));
    assert!(elsewhere.is_dir());
}

#[test]
fn a_release_made_beside_a_running_server_is_on_its_pages_within_five_seconds() {
    let folder = folder_with_schedule();
    run_ok(folder.path(), &["import", "schedule.xml"]);
    let server = Server::start(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let (status, _, page) = server.get("/brook-2027/sessions/AAAAA2/");
    assert_eq!(status, 200);
    assert!(
        page.contains("Locks: a story") && page.contains("Inês Água") && page.contains("<em>locks</em>"),
        "{page}"
    );
    run_ok(folder.path(), &["session", "cancel", "AAAAA2", "--release", "Flooded"]);
    let begun = std::time::Instant::now();
    loop {
        let (_, _, page) = server.get("/brook-2027/sessions/AAAAA2/");
        if page.contains("Cancelled") {
            assert!(page.contains("Locks: a story"), "the title stays as it is");
            break;
        }
        assert!(begun.elapsed().as_secs() < 5, "the release did not arrive");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(server.stop(), "a server that is told to stop ends well");
}

#[test]
fn the_demo_opens_on_a_running_conference_with_nothing_else_installed() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("kept");
    let args = ["demo", "--listen", "127.0.0.1:0", "--keep", keep.to_str().unwrap()];
    let server = Server::start(folder.path(), &args);
    assert!(server.greeting.starts_with("Plenary is at http://127.0.0.1:"), "{}", server.greeting);
    let path = server.greeting.trim().rsplit(&server.address).next().unwrap().to_owned();
    let (status, _, home) = server.get(&path);
    assert_eq!(status, 200);
    assert!(home.contains("Underframe 2027"));
    for file in [
        "schedule.xml",
        "schedule.json",
        "schedule.v2.json",
        "schedule.ics",
        "schedule.xcal",
        "schedule.csv",
        "releases.atom",
    ] {
        let (status, _, body) = server.get(&format!("{path}{file}"));
        assert_eq!((status, body.is_empty()), (200, false), "{file}");
    }
    drop(server);
    // Kept data is opened as it is: still the same releases.
    let server = Server::start(folder.path(), &args);
    drop(server);
    let said = run_ok(&keep, &["editions", "--json"]);
    let editions: serde_json::Value = serde_json::from_str(&said).unwrap();
    let numbers: Vec<(&str, Option<u64>)> = editions
        .as_array()
        .unwrap()
        .iter()
        .map(|edition| (edition["slug"].as_str().unwrap(), edition["latest"]["number"].as_u64()))
        .collect();
    assert_eq!(numbers, [("underframe-2028", None), ("underframe-2027", Some(3))]);
}

#[test]
fn a_file_that_names_no_zone_is_read_in_the_zone_that_the_record_knows() {
    let folder = folder_with_schedule();
    run_ok(folder.path(), &["import", "schedule.xml"]);
    let nameless = SCHEDULE.replace("<time_zone_name>Europe/Lisbon</time_zone_name>", "");
    std::fs::write(folder.path().join("schedule.xml"), nameless).unwrap();
    let said = run_ok(folder.path(), &["import", "schedule.xml"]);
    assert!(said.contains("no new release") && !said.contains("differs"), "{said}");
}

#[test]
fn a_part_of_a_schedule_does_not_wipe_the_rest_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let event = |n: u32| {
        format!(
            "<event id=\"{n}\"><date>2027-05-01T10:00:00Z</date><start>10:00</start><duration>00:10</duration>\
             <title>Talk {n}</title></event>"
        )
    };
    let schedule = |events: std::ops::Range<u32>| {
        let head = SCHEDULE.split("<event").next().unwrap();
        format!("{head}{}</room></day></schedule>", events.map(event).collect::<String>())
    };
    let file = folder.path().join("schedule.xml");
    std::fs::write(&file, schedule(1..21)).unwrap();
    run_ok(folder.path(), &["import", "schedule.xml"]);
    std::fs::write(&file, schedule(1..3)).unwrap();
    let said = run_refused(folder.path(), &["import", "schedule.xml"]);
    assert!(
        said.contains("remove 18 of the 20 sessions of brook-2027") && said.contains("--allow-removals"),
        "{said}"
    );
    assert!(run_ok(folder.path(), &["import", "schedule.xml", "--allow-removals"]).contains("Release 2"));
}

#[test]
fn our_own_file_renamed_for_next_year_becomes_an_edition_of_its_own() {
    let folder = folder_with_schedule();
    run_ok(folder.path(), &["import", "schedule.xml"]);
    let server = Server::start(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let (_, _, ours) = server.get("/brook-2027/schedule.xml");
    let renamed = ours.replace("<acronym>brook-2027</acronym>", "<acronym>brook-2028</acronym>");
    assert_ne!(renamed, ours);
    std::fs::write(folder.path().join("next.xml"), renamed).unwrap();
    let said = run_ok(folder.path(), &["import", "next.xml"]);
    assert!(said.contains("Release 1 is published at /brook-2028/"), "{said}");
}
