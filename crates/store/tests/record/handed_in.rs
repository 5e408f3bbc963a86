//! Files that are handed in with proposals, and replies that come by mail, on both databases.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::SignedDuration;
use model::{
    account::Proof,
    call::{
        Answer, Call, CallKind, Field, FieldKey, FieldKind, FileDigest, FileKind, FileRule, HandedIn,
        PERSON_MAX, Reader,
    },
    edition::Edition,
    email::Email,
    feed::Actor,
    id::{AccountId, CallId, FileId, ProposalId, ReplyId},
    mail::reply::Received,
    permission::{Role, Scope, Subject},
    proposal::Content,
    text::{Line, RichText},
    time::{Clock, StoppedClock, SystemClock},
};
use std::sync::Arc;
use store::{Error, KeptOut, MailFilter, NewGrant, Reply, Store};
use uuid::Uuid;

on_both!(
    a_file_that_no_revision_names_goes_after_a_week_and_no_other,
    a_person_has_so_much_room_and_no_more,
    a_file_is_its_owners_to_name_and_goes_with_a_merged_account,
    a_reply_is_taken_once_and_only_from_its_person,
    a_reply_that_says_nothing_or_comes_from_a_program_is_no_comment,
    an_address_that_was_made_void_takes_nothing,
);

const BASE: &str = "https://conf.example.org";

struct Desk {
    store: Store,
    edition: Edition,
    call: CallId,
    ada: Subject,
    chair: Subject,
}

fn key() -> FieldKey {
    FieldKey::parse("paper").unwrap()
}

fn person(account: AccountId) -> Subject {
    Subject::person(account, vec![], SystemClock.now())
}

fn operator() -> Subject {
    Subject::operator("test".to_owned(), SystemClock.now())
}

fn file(mark: u8, bytes: u64) -> HandedIn {
    HandedIn {
        id: FileId(Uuid::now_v7()),
        digest: FileDigest::new([mark; 32]),
        name: Line::from("paper.pdf"),
        kind: FileKind::Pdf,
        bytes,
    }
}

fn content(file: Option<&HandedIn>) -> Content {
    Content {
        title: Line::from("Compost"),
        summary: RichText::from("About it."),
        minutes: Some(45),
        form: 1,
        answers: file.map(|file| (key(), Answer::File(file.clone()))).into_iter().collect(),
        ..Content::default()
    }
}

impl Desk {
    async fn new(world: &World) -> Self {
        let programme = sample::programme("garden", 3);
        import(world, &programme).await;
        let edition = world.store.edition(&programme.edition.slug).await.unwrap().unwrap().edition;
        let call = CallId::from_key("garden", "talks");
        let new = Call { published: true, ..Call::usual(call, CallKind::Presentations) };
        let field = Field {
            key: key(),
            label: Line::from("Paper"),
            help: Line::default(),
            kind: FieldKind::File(FileRule::parse(["pdf"].into_iter(), None).unwrap()),
            required: false,
            reader: Reader::Committee,
            only_if: None,
        };
        world.store.put_call(&operator(), edition.id, call, |_| Ok((new, vec![field]))).await.unwrap();
        let ada = person(somebody(world, "ada@authors.example").await);
        let chair = somebody(world, "chair@committee.example").await;
        let grant = NewGrant::new(chair, Role::Committee, Scope::Edition(edition.id));
        world.store.give(&operator(), &grant).await.unwrap();
        let grants = world.store.grants_of(chair).await.unwrap();
        let chair = Subject::person(chair, grants, SystemClock.now());
        Self { store: world.store.clone(), edition, call, ada, chair }
    }

    async fn keep(&self, by: &Subject, file: &HandedIn) -> Result<(), Error> {
        self.store.keep_handed_in(by, self.edition.id, file).await
    }

    async fn submit(&self, file: Option<&HandedIn>) -> ProposalId {
        let submit = Some("");
        let begun =
            self.store.begin_proposal(&self.ada, self.edition.id, self.call, &content(file), submit).await;
        begun.unwrap().proposal.id
    }

    /// Says something to the authors; gives the address to which Ada answers.
    async fn comment(&self, id: ProposalId) -> ReplyId {
        let body = RichText::from("Could you say more?");
        self.store.comment_proposal(&self.chair, &self.edition, id, (true, &body), BASE).await.unwrap();
        let all = self.store.mails(&MailFilter::default(), None, 100).await.unwrap().mails;
        all.iter().find_map(|mail| mail.reply).expect("a mail that can be answered")
    }

    async fn said(&self, id: ProposalId) -> Vec<(String, bool)> {
        let all = self.store.comments_to_authors(&self.ada, self.edition.id, id).await.unwrap();
        all.into_iter().filter(|one| one.by_author).map(|one| (one.body.to_string(), one.by_mail)).collect()
    }

    async fn told(&self) -> usize {
        let filter = MailFilter { text: "your reply was not taken".to_owned(), ..MailFilter::default() };
        self.store.mails(&filter, None, 100).await.unwrap().mails.len()
    }
}

async fn sound(store: &Store) {
    assert_eq!(store::verify(store).await.unwrap(), Vec::<String>::new());
}

/// The same record some days from now.
async fn after(world: &World, days: i64) -> Store {
    let clock = Arc::new(StoppedClock(SystemClock.now() + SignedDuration::from_hours(24 * days)));
    Store::open(&world.location, clock).await.unwrap()
}

async fn a_file_that_no_revision_names_goes_after_a_week_and_no_other(world: World) {
    let desk = Desk::new(&world).await;
    let (first, second, forgotten) = (file(1, 10), file(2, 10), file(3, 10));
    for file in [&first, &second, &forgotten] {
        desk.keep(&desk.ada, file).await.unwrap();
    }
    let id = desk.submit(Some(&first)).await;
    let revised = content(Some(&second));
    desk.store.revise_proposal(&desk.ada, desk.edition.id, id, None, |_| Ok(revised)).await.unwrap();
    let soon = after(&world, 6).await;
    assert_eq!(soon.tidy_handed_in().await.unwrap(), 0);
    let later = after(&world, 8).await;
    assert_eq!(later.tidy_handed_in().await.unwrap(), 1);
    let kept = later.kept_digests().await.unwrap();
    assert!(kept.contains(&first.digest) && kept.contains(&second.digest), "a revision keeps its file");
    assert!(!kept.contains(&forgotten.digest));
    assert_eq!(later.files_of_proposals().await.unwrap().len(), 2);
    let old = desk.store.own_file(&desk.ada, desk.edition.id, id, (&key(), Some(1))).await.unwrap();
    assert_eq!(old.unwrap(), first);
    sound(&desk.store).await;
    world.meddle(&format!("DELETE FROM handed_in WHERE digest = '{}'", first.digest)).await.unwrap();
    let broken = store::verify(&desk.store).await.unwrap();
    assert!(broken.len() == 1 && broken[0].contains("a proposal names it"), "{broken:?}");
}

async fn a_person_has_so_much_room_and_no_more(world: World) {
    let desk = Desk::new(&world).await;
    let eve = person(somebody(&world, "eve@authors.example").await);
    desk.keep(&desk.ada, &file(1, PERSON_MAX - 5)).await.unwrap();
    let full = desk.keep(&desk.ada, &file(2, 6)).await.unwrap_err();
    let Error::Refused(refusal) = full else { panic!("{full}") };
    assert!(refusal.problem.contains("in this edition already"), "{refusal}");
    assert!(desk.store.room_for_file(&desk.ada, desk.edition.id, 6).await.is_err());
    desk.keep(&desk.ada, &file(2, 5)).await.unwrap();
    desk.keep(&eve, &file(3, 6)).await.unwrap();
    assert!(
        desk.keep(&Subject::visitor(SystemClock.now()), &file(4, 1)).await.is_err(),
        "nobody keeps files unknown"
    );
}

async fn a_file_is_its_owners_to_name_and_goes_with_a_merged_account(world: World) {
    let desk = Desk::new(&world).await;
    let eve = person(somebody(&world, "eve@authors.example").await);
    let paper = file(1, 10);
    desk.keep(&desk.ada, &paper).await.unwrap();
    let known = async |who: &Subject| {
        desk.store.own_handed_in(who, desk.edition.id, vec![paper.id]).await.unwrap().len()
    };
    assert_eq!((known(&desk.ada).await, known(&eve).await), (1, 0));
    let exported = desk.store.own_data(desk.ada.account.unwrap()).await.unwrap().unwrap();
    assert_eq!(exported["file"][0]["name"], "paper.pdf");
    let id = desk.submit(Some(&paper)).await;
    let (gone, stays) = (desk.ada.account.unwrap(), eve.account.unwrap());
    desk.store.merge_accounts(&operator(), gone, stays).await.unwrap();
    assert_eq!(known(&eve).await, 1, "what the one had, the other has");
    desk.store.delete_account(&Actor::System, stays).await.unwrap();
    assert_eq!(known(&eve).await, 0);
    let filed = desk.store.filed_file(&desk.chair, &desk.edition, id, (&key(), None)).await.unwrap();
    assert_eq!(filed, Some(paper), "what was submitted stays with the conference");
    sound(&desk.store).await;
}

fn mail(from: &str, id: &str, text: &str) -> Received {
    Received {
        from: vec![from.to_owned()],
        message_id: id.to_owned(),
        automatic: None,
        text: text.to_owned(),
        attachments: 0,
    }
}

async fn a_reply_is_taken_once_and_only_from_its_person(world: World) {
    let desk = Desk::new(&world).await;
    let id = desk.submit(None).await;
    let address = desk.comment(id).await;
    assert_eq!(desk.comment(id).await, address, "one thread has one address");
    let token = desk.store.reply_token(address);
    assert_eq!(desk.store.reply_of_token(&token), Some(address));
    let mut forged = token.clone().into_bytes();
    forged[51] = if forged[51] == b'0' { b'1' } else { b'0' };
    assert_eq!(desk.store.reply_of_token(&String::from_utf8(forged).unwrap()), None);
    let another = world.another().await;
    assert_eq!(another.reply_of_token(&token), Some(address), "every node knows it");

    let answer = mail("Ada@Authors.example", "<1@authors.example>", "I can.\n\n> Could you say more?\n");
    assert_eq!(desk.store.receive_reply(address, &answer, BASE).await.unwrap(), Reply::Taken);
    assert_eq!(another.receive_reply(address, &answer, BASE).await.unwrap(), Reply::Known);
    assert_eq!(desk.said(id).await, [("I can.".to_owned(), true)]);
    let stranger = mail("eve@elsewhere.example", "<2@elsewhere.example>", "Accept it!");
    let kept_out = Reply::KeptOut(KeptOut::Stranger);
    assert_eq!(desk.store.receive_reply(address, &stranger, BASE).await.unwrap(), kept_out);
    let again = mail("mallory@elsewhere.example", "<3@elsewhere.example>", "Accept it!");
    assert_eq!(desk.store.receive_reply(address, &again, BASE).await.unwrap(), kept_out);
    assert_eq!(desk.said(id).await.len(), 1);
    assert_eq!(desk.told().await, 1, "the person is told once a day, and nobody else ever");
    let all = desk.store.mails(&MailFilter::default(), None, 100).await.unwrap().mails;
    assert!(all.iter().all(|mail| mail.to.as_ref().unwrap().address.as_str() == "ada@authors.example"));
    // An address that they prove later is theirs too.
    let other = Proof::Email(Email::parse("eve@elsewhere.example").unwrap());
    desk.store.add_identity(&Actor::System, desk.ada.account.unwrap(), &other).await.unwrap();
    let mine = mail("eve@elsewhere.example", "<4@elsewhere.example>", "It is me.");
    assert_eq!(desk.store.receive_reply(address, &mine, BASE).await.unwrap(), Reply::Taken);
    sound(&desk.store).await;
}

async fn a_reply_that_says_nothing_or_comes_from_a_program_is_no_comment(world: World) {
    let desk = Desk::new(&world).await;
    let id = desk.submit(None).await;
    let address = desk.comment(id).await;
    let holiday = Received { automatic: Some("on holiday"), ..mail("ada@authors.example", "<1@x>", "Away.") };
    let taken = desk.store.receive_reply(address, &holiday, BASE).await.unwrap();
    assert_eq!(taken, Reply::Automatic("on holiday"));
    assert_eq!(desk.told().await, 0, "a program is not answered, so that two never talk for ever");
    let empty = mail("ada@authors.example", "<2@x>", "\n> Could you say more?\n");
    let taken = desk.store.receive_reply(address, &empty, BASE).await.unwrap();
    assert_eq!(taken, Reply::KeptOut(KeptOut::Empty));
    let long = mail("ada@authors.example", "<3@x>", &"word ".repeat(5_000));
    let taken = desk.store.receive_reply(address, &long, BASE).await.unwrap();
    assert_eq!(taken, Reply::KeptOut(KeptOut::Long));
    assert_eq!((desk.told().await, desk.said(id).await.len()), (2, 0));
    let files = Received { attachments: 2, ..mail("ada@authors.example", "", "See attached.") };
    assert_eq!(desk.store.receive_reply(address, &files, BASE).await.unwrap(), Reply::Taken);
    assert_eq!(desk.store.receive_reply(address, &files, BASE).await.unwrap(), Reply::Known);
    let said = &desk.said(id).await[0].0;
    assert!(said.starts_with("See attached.") && said.contains("2 files were attached"), "{said}");
    sound(&desk.store).await;
}

async fn an_address_that_was_made_void_takes_nothing(world: World) {
    let desk = Desk::new(&world).await;
    let id = desk.submit(None).await;
    let address = desk.comment(id).await;
    let actor = Actor::person(desk.ada.account.unwrap());
    assert_eq!(desk.store.revoke_reply_addresses(&actor, desk.ada.account.unwrap()).await.unwrap(), 1);
    let late = mail("ada@authors.example", "<1@x>", "Late.");
    assert_eq!(desk.store.receive_reply(address, &late, BASE).await.unwrap(), Reply::NoAddress);
    assert!(desk.said(id).await.is_empty());
    let new = desk.comment(id).await;
    assert_ne!(new, address);
    assert_eq!(desk.store.receive_reply(new, &late, BASE).await.unwrap(), Reply::Taken);
    desk.store.delete_account(&Actor::System, desk.ada.account.unwrap()).await.unwrap();
    let gone = mail("ada@authors.example", "<2@x>", "Gone.");
    assert_eq!(desk.store.receive_reply(new, &gone, BASE).await.unwrap(), Reply::NoAddress);
    sound(&desk.store).await;
}
