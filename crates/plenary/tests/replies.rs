//! Replies by mail, as a mail server hands them over: mails of the programs that people use, through the binary.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use model::{
    account::Proof,
    call::{Call, CallKind},
    edition::Edition,
    email::Email,
    feed::Actor,
    id::{CallId, ProposalId},
    mail::reply::ReplyDomain,
    permission::{Role, Scope, Subject},
    proposal::Content,
    text::{Line, RichText},
    time::{Clock, SystemClock},
};
use std::{fs, io::Write, path::Path, process::Stdio, sync::Arc};
use store::{Location, MailFilter, NewAccount, NewGrant, Store};
use support::{plenary, run_ok};

const SCHEDULE: &str = r#"{ "schedule": { "version": "1", "conference": {
    "acronym": "garden-2027", "title": "Garden 2027", "start": "2027-05-01", "end": "2027-05-01", "daysCount": 1,
    "time_zone_name": "Europe/Berlin", "rooms": [{ "name": "Shed" }], "tracks": [],
    "days": [{ "index": 1, "date": "2027-05-01", "day_start": "2027-05-01T09:00:00+02:00", "day_end": "2027-05-01T18:00:00+02:00",
      "rooms": { "Shed": [{ "id": 1, "guid": "0b1f7d3c-6f5e-4f0e-9f6f-111111111112", "code": "AAAAA3", "date": "2027-05-01T10:00:00+02:00",
        "start": "10:00", "duration": "00:45", "room": "Shed", "title": "Spades", "type": "Talk", "persons": [] }] } }]
}}}"#;

const SETTINGS: &str = "base_url = \"https://conf.example.org\"\n[smtp]\nhost = \"127.0.0.1\"\nsecurity = \"none\"\n\
    from = \"garden@conf.example.org\"\nreplies = \"reply@conf.example.org\"\n";

/// A record with a proposal of Ada's that was commented.
struct Thread {
    folder: tempfile::TempDir,
    edition: Edition,
    ada: Subject,
    proposal: ProposalId,
    /// The address to which she replies.
    address: String,
}

async fn open(data: &Path) -> Store {
    Store::open(&Location::from_data_dir(data), Arc::new(SystemClock)).await.unwrap()
}

async fn somebody(store: &Store, address: &str, roles: &[(Role, Scope)]) -> Subject {
    let new = NewAccount { name: Line::from("Somebody"), ..NewAccount::default() };
    let proof = Proof::Email(Email::parse(address).unwrap());
    let account = store.account_for(&Actor::System, &proof, &new).await.unwrap();
    let operator = Subject::operator("test".to_owned(), SystemClock.now());
    for (role, scope) in roles {
        store.give(&operator, &NewGrant::new(account, *role, scope.clone())).await.unwrap();
    }
    Subject::person(account, store.grants_of(account).await.unwrap(), SystemClock.now())
}

impl Thread {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        fs::write(data.join("schedule.json"), SCHEDULE).unwrap();
        run_ok(data, &["import", "schedule.json"]);
        fs::write(data.join("plenary.toml"), SETTINGS).unwrap();
        let store = open(data).await;
        let edition = store.editions().await.unwrap().remove(0).edition;
        let call = CallId::from_key("garden", "talks");
        let new = Call { published: true, ..Call::usual(call, CallKind::Presentations) };
        let operator = Subject::operator("test".to_owned(), SystemClock.now());
        store.put_call(&operator, edition.id, call, |_| Ok((new, vec![]))).await.unwrap();
        let ada = somebody(&store, "ada@authors.example", &[]).await;
        let chair =
            somebody(&store, "chair@committee.example", &[(Role::Committee, Scope::Edition(edition.id))])
                .await;
        let content = Content {
            title: Line::from("Compost"),
            summary: RichText::from("About it."),
            minutes: Some(45),
            form: 1,
            ..Content::default()
        };
        let begun = store.begin_proposal(&ada, edition.id, call, &content, Some("")).await.unwrap();
        let proposal = begun.proposal.id;
        let body = RichText::from("Could you say more?");
        let base = "https://conf.example.org";
        store.comment_proposal(&chair, &edition, proposal, (true, &body), base).await.unwrap();
        let all = store.mails(&MailFilter::default(), None, 50).await.unwrap().mails;
        let reply = all.iter().find_map(|mail| mail.reply).expect("a mail that can be answered");
        let domain = ReplyDomain::new(Email::parse("reply@conf.example.org").unwrap()).unwrap();
        let address = domain.with(&store.reply_token(reply));
        store.close().await;
        Self { folder, edition, ada, proposal, address }
    }

    /// Hands over a mail as a mail server does; gives the exit code and what was said.
    fn receive(&self, bytes: &[u8], args: &[&str]) -> (i32, String) {
        let mut child = plenary(self.folder.path())
            .args(["mail", "receive"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may refuse before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    fn mail(&self, name: &str) -> Vec<u8> {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replies").join(name);
        let text = fs::read_to_string(place).unwrap().replace("@REPLY@", &self.address);
        text.replace('\n', "\r\n").into_bytes()
    }

    /// What the author said in the thread, the latest last.
    async fn said(&self) -> Vec<String> {
        let store = open(self.folder.path()).await;
        let all = store.comments_to_authors(&self.ada, self.edition.id, self.proposal).await.unwrap();
        assert!(all.iter().all(|one| one.by_mail == one.by_author));
        assert!(store::verify(&store).await.unwrap().is_empty());
        store.close().await;
        all.into_iter().filter(|one| one.by_author).map(|one| one.body.to_string()).collect()
    }

    async fn told(&self) -> Vec<String> {
        let store = open(self.folder.path()).await;
        let filter = MailFilter { text: "not taken".to_owned(), ..MailFilter::default() };
        let all = store.mails(&filter, None, 50).await.unwrap().mails;
        store.close().await;
        all.into_iter().map(|mail| mail.to.unwrap().address.to_string()).collect()
    }
}

#[tokio::test]
async fn replies_of_the_usual_mail_programs_stand_in_the_thread_without_what_they_quote() {
    let thread = Thread::new().await;
    for (name, words) in [
        ("gmail.eml", "Schöne Frage: the compost keeps 40 °C, and that is measured every day.\n\nAda"),
        (
            "thunderbird.eml",
            "On 03.05.27 10:00, Garden 2027 wrote:\n> Could you say more?\n\nYes: it is about worms.\n\n> And how long?\n\n\
             45 minutes are enough.",
        ),
        ("outlook.eml", "The füll is in the attached plan.\n\n*One file was attached and not taken.*"),
        ("apple.eml", "Yes, in the morning – gladly."),
    ] {
        let (code, said) = thread.receive(&thread.mail(name), &["--from", "ada@authors.example"]);
        assert_eq!((code, said.as_str()), (0, "The reply was taken.\n"), "{name}");
        assert_eq!(thread.said().await.last().unwrap(), words, "{name}");
    }
    let (code, _) = thread.receive(&thread.mail("html.eml"), &["--to", &thread.address]);
    assert_eq!(code, 0);
    let html = thread.said().await.pop().unwrap();
    assert!(html.contains("Only HTML here.") && !html.contains("alert(1)"), "{html}");
    // A mail server that was not sure hands the same mail over again.
    let (code, said) = thread.receive(&thread.mail("gmail.eml"), &[]);
    assert!(code == 0 && said.contains("it came before"), "{said}");
    assert_eq!(thread.said().await.len(), 5);
    assert!(thread.told().await.is_empty());
}

#[tokio::test]
async fn what_is_no_reply_of_the_person_is_left_out_and_nobody_unknown_is_written_to() {
    let thread = Thread::new().await;
    let (code, said) = thread.receive(&thread.mail("holiday.eml"), &[]);
    assert!(code == 0 && said.contains("left out"), "{said}");
    assert!(thread.told().await.is_empty(), "a program is not answered");
    let (code, said) = thread.receive(&thread.mail("gmail.eml"), &["--from", ""]);
    assert!(code == 0 && said.contains("could not be delivered"), "{said}");
    let (code, said) = thread.receive(&thread.mail("forged.eml"), &["--from", "eve@elsewhere.example"]);
    assert!(code == 0 && said.contains("not from an address of the person"), "{said}");
    assert_eq!(
        thread.told().await,
        ["ada@authors.example"],
        "whoever has the address is told, not the sender"
    );
    let elsewhere = ["--to", "reply+00000000000000000000000000000000ffffffffffffffffffff@conf.example.org"];
    let (code, said) = thread.receive(&thread.mail("gmail.eml"), &elsewhere);
    assert!(code == 0 && said.contains("its address is none"), "{said}");
    assert_eq!(thread.receive(b"", &[]).0, 65, "nothing is no mail");
    let mut large = thread.mail("gmail.eml");
    large.resize(26 * 1_024 * 1_024, b'x');
    let (code, said) = thread.receive(&large, &[]);
    assert!(code == 0 && said.contains("larger"), "{said}");
    assert!(thread.said().await.is_empty());
}

#[tokio::test]
async fn a_mail_is_kept_by_the_mail_server_while_something_is_wrong_here() {
    let thread = Thread::new().await;
    let settings = thread.folder.path().join("plenary.toml");
    fs::write(&settings, "base_url = \"https://conf.example.org\"\n").unwrap();
    let (code, said) = thread.receive(&thread.mail("gmail.eml"), &[]);
    assert!(code == 75 && said.contains("smtp.replies"), "{said}");
    fs::write(&settings, format!("{SETTINGS}nonsense = 1\n")).unwrap();
    assert_eq!(thread.receive(&thread.mail("gmail.eml"), &[]).0, 75);
    fs::write(&settings, SETTINGS.replace("reply@", "far-too-long-a-name@")).unwrap();
    let (code, said) = thread.receive(&thread.mail("gmail.eml"), &[]);
    assert!(code == 75 && said.contains("at most 11 letters"), "{said}");
    fs::write(&settings, SETTINGS).unwrap();
    assert_eq!(thread.receive(&thread.mail("gmail.eml"), &[]).0, 0);
    assert_eq!(thread.said().await.len(), 1);
}
