//! Files that were handed in, as an operator meets them: in the folder, in a backup, and in what `doctor` finds.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use model::{
    account::Proof,
    call::{
        Answer, Call, CallKind, Field, FieldKey, FieldKind, FileDigest, FileKind, FileRule, HANDED_IN,
        HandedIn, Reader,
    },
    email::Email,
    feed::Actor,
    id::{CallId, FileId},
    permission::Subject,
    proposal::Content,
    text::{Line, RichText},
    time::{Clock, SystemClock},
};
use serde_json::Value;
use std::{fs, path::Path, sync::Arc, time::Duration};
use store::{Location, NewAccount, Store};
use support::{Server, run, run_ok};

const SCHEDULE: &str = r#"{ "schedule": { "version": "1", "conference": {
    "acronym": "garden-2027", "title": "Garden 2027", "start": "2027-05-01", "end": "2027-05-01", "daysCount": 1,
    "time_zone_name": "Europe/Berlin", "rooms": [{ "name": "Shed" }], "tracks": [],
    "days": [{ "index": 1, "date": "2027-05-01", "day_start": "2027-05-01T09:00:00+02:00", "day_end": "2027-05-01T18:00:00+02:00",
      "rooms": { "Shed": [{ "id": 1, "guid": "0b1f7d3c-6f5e-4f0e-9f6f-111111111113", "code": "AAAAA4", "date": "2027-05-01T10:00:00+02:00",
        "start": "10:00", "duration": "00:45", "room": "Shed", "title": "Spades", "type": "Talk", "persons": [] }] } }]
}}}"#;

const PDF: &[u8] = b"%PDF-1.7 A paper.";

/// A record whose one proposal names a file; gives the file.
async fn fill(data: &Path) -> HandedIn {
    fs::write(data.join("schedule.json"), SCHEDULE).unwrap();
    run_ok(data, &["import", "schedule.json"]);
    let store = Store::open(&Location::from_data_dir(data), Arc::new(SystemClock)).await.unwrap();
    let edition = store.editions().await.unwrap().remove(0).edition;
    let call = CallId::from_key("garden", "talks");
    let new = Call { published: true, ..Call::usual(call, CallKind::Presentations) };
    let key = FieldKey::parse("paper").unwrap();
    let field = Field {
        key: key.clone(),
        label: Line::from("Paper"),
        help: Line::default(),
        kind: FieldKind::File(FileRule::parse(["pdf"].into_iter(), None).unwrap()),
        required: true,
        reader: Reader::Committee,
        only_if: None,
    };
    let operator = Subject::operator("test".to_owned(), SystemClock.now());
    store.put_call(&operator, edition.id, call, |_| Ok((new, vec![field]))).await.unwrap();
    let proof = Proof::Email(Email::parse("ada@authors.example").unwrap());
    let ada = store.account_for(&Actor::System, &proof, &NewAccount::default()).await.unwrap();
    let ada = Subject::person(ada, vec![], SystemClock.now());
    let file = HandedIn {
        id: FileId(uuid::Uuid::from_u128(7)),
        digest: FileDigest::new([0xab; 32]),
        name: Line::from("paper.pdf"),
        kind: FileKind::Pdf,
        bytes: PDF.len() as u64,
    };
    store.keep_handed_in(&ada, edition.id, &file).await.unwrap();
    let content = Content {
        title: Line::from("Compost"),
        summary: RichText::from("About it."),
        minutes: Some(45),
        form: 1,
        answers: [(key, Answer::File(file.clone()))].into(),
        ..Content::default()
    };
    store.begin_proposal(&ada, edition.id, call, &content, Some("")).await.unwrap();
    store.close().await;
    let folder = data.join("uploads").join(HANDED_IN);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file.digest.as_str()), PDF).unwrap();
    file
}

/// What `doctor` says of files.
fn files(data: &Path) -> Value {
    let output = run(data, &["doctor", "--json"]);
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    all.into_iter().find(|line| line["what"] == "files").unwrap()
}

#[tokio::test]
async fn a_backup_holds_what_was_handed_in_and_doctor_misses_what_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = fill(data).await;
    assert_eq!(files(data)["state"], "ok", "{}", files(data));
    let said = run_ok(data, &["backup", "one.backup"]);
    assert!(said.contains("1 uploaded file"), "{said}");
    let other = tempfile::tempdir().unwrap();
    run_ok(other.path(), &["restore", data.join("one.backup").to_str().unwrap()]);
    let place = other.path().join("uploads").join(HANDED_IN).join(file.digest.as_str());
    assert_eq!(fs::read(&place).unwrap(), PDF);
    assert_eq!(files(other.path())["state"], "ok");
    fs::write(&place, &PDF[..5]).unwrap();
    let found = files(other.path());
    assert_eq!(found["state"], "bad", "{found}");
    assert!(found["found"].as_str().unwrap().contains("paper.pdf"), "{found}");
    assert!(found["remedy"].as_str().unwrap().contains(file.digest.as_str()), "{found}");
}

#[tokio::test]
async fn a_server_sweeps_away_old_files_that_nobody_knows_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = fill(data).await;
    let handed_in = data.join("uploads").join(HANDED_IN);
    let known = handed_in.join(file.digest.as_str());
    let (unknown, young) = (handed_in.join("c".repeat(64)), handed_in.join("d".repeat(64)));
    let (begun, others) = (handed_in.join("begun.part"), handed_in.join("README"));
    for path in [&unknown, &young, &begun, &others] {
        fs::write(path, PDF).unwrap();
    }
    for path in [&known, &unknown, &begun, &others] {
        let open = fs::OpenOptions::new().write(true).open(path).unwrap();
        let now = open.metadata().unwrap().modified().unwrap();
        open.set_modified(now - Duration::from_hours(48)).unwrap();
    }
    let _server = Server::start(data, &["serve", "--listen", "127.0.0.1:0"]);
    for _ in 0..200 {
        if !unknown.exists() && !begun.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!unknown.exists() && !begun.exists());
    assert!(known.exists() && young.exists() && others.exists());
}
