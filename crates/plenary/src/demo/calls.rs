//! The demo's next edition, in the middle of its calls: written into a record as its people would have done it, each thing
//! at its own moment. The content is `demo/calls.toml`, whose comments say how it is laid out.

use anyhow::Context;
use identity::{
    Secret,
    password::{NewPassword, Passwords},
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use model::{
    account::Proof,
    call::{Answer, Answers, Call, CallKind, Deadline, DeadlineZone, Form, Stage},
    copy::Kept,
    edition::{Edition, EditionState},
    email::Email,
    feed::Actor,
    id::{AccountId, CallId, EditionId, ProposalId},
    permission::{Role, Scope, Subject},
    proposal::{Content, Decision},
    review::Review,
    text::{Line, RichText, Slug},
    time::Clock,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use store::{Location, NewAccount, NewGrant, NextEdition, Store, Target};
use uuid::Uuid;

const CALLS: &str = include_str!("../../demo/calls.toml");

/// Somebody who can sign in to the demo.
#[derive(Clone, Debug)]
pub(crate) struct Persona {
    /// Their address.
    pub(crate) email: Email,
    /// What they do there.
    pub(crate) does: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    edition: Next,
    person: Vec<Person>,
    call: Vec<NewCall>,
    amendment: Vec<Amendment>,
    question: Vec<Question>,
    proposal: Vec<Proposal>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Next {
    title: Line,
    slug: Slug,
    first_day: Date,
    last_day: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    id: String,
    name: Line,
    email: Email,
    of: Line,
    role: Option<Role>,
    call: Option<String>,
    does: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCall {
    id: String,
    kind: CallKind,
    name: Line,
    summary: Line,
    #[serde(default)]
    text: RichText,
    opens: DateTime,
    closes: DateTime,
    zone: String,
    places: Option<u16>,
    at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amendment {
    call: String,
    text: RichText,
    at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    call: String,
    by: String,
    text: RichText,
    at: Timestamp,
    answer: Option<RichText>,
    answered: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposal {
    call: String,
    by: String,
    with: Option<Invited>,
    title: Line,
    #[serde(default)]
    text: RichText,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    #[serde(default)]
    draft: bool,
    at: Timestamp,
    then: Option<Later>,
    prepared: Option<Decision>,
    #[serde(default)]
    review: Vec<NewReview>,
    #[serde(default)]
    comment: Vec<Comment>,
    forward: Option<NewForward>,
}

/// That a proposal is to be passed on, and when its author agreed, if they did.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewForward {
    by: String,
    to: String,
    note: RichText,
    at: Timestamp,
    agreed: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invited {
    name: Line,
    email: Email,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    text: RichText,
    at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewReview {
    by: String,
    scores: Vec<u8>,
    committee: RichText,
    #[serde(default)]
    authors: RichText,
    at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Comment {
    by: String,
    text: RichText,
    at: Timestamp,
}

/// Something that happens in the story.
enum Event<'a> {
    Call(&'a NewCall),
    Amend(&'a Amendment),
    Ask(usize, &'a Question),
    Answer(usize, &'a RichText),
    Propose(usize, &'a Proposal),
    Revise(usize, &'a Proposal, &'a RichText),
    Review(usize, &'a NewReview),
    Comment(usize, &'a Comment),
    Prepare(usize, Decision),
    Forward(usize, &'a NewForward),
    Agree(usize, &'a str),
}

/// The clock of the story: it shows the moment that is being told.
#[derive(Debug)]
pub(super) struct StoryClock(Mutex<Timestamp>);

impl StoryClock {
    /// Standing at an instant.
    pub(super) fn at(instant: Timestamp) -> Self {
        Self(Mutex::new(instant))
    }

    /// Shows another moment from now on.
    pub(super) fn turn_to(&self, instant: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = instant;
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everybody who can sign in to the demo.
pub(crate) fn personas() -> anyhow::Result<Vec<Persona>> {
    let file = read()?;
    Ok(file.person.into_iter().map(|person| Persona { email: person.email, does: person.does }).collect())
}

/// Everybody's account by their names in the demo's files; those alone who have one yet.
pub(super) async fn people(store: &Store) -> anyhow::Result<super::live::People> {
    let mut out = BTreeMap::new();
    for person in read()?.person {
        if let Some(id) = store.account_of(&Proof::Email(person.email.clone())).await?
            && let Some(known) = store.account(id).await?
        {
            out.insert(person.id, (known.account, person.email));
        }
    }
    Ok(out)
}

/// The next edition's place in addresses.
pub(crate) fn slug() -> anyhow::Result<Slug> {
    Ok(read()?.edition.slug)
}

fn read() -> anyhow::Result<File> {
    toml::from_str(CALLS).context("calls.toml: the demo's own data is broken")
}

/// Writes the next edition after `from`, and what happened in it until `now`, into a record that has none of it.
pub(crate) async fn fill(location: &Location, from: &Edition, now: Timestamp) -> anyhow::Result<()> {
    let file = read()?;
    let Some(begin) = file.call.iter().map(|call| call.at).min() else { return Ok(()) };
    if now < begin {
        return Ok(());
    }
    let clock = Arc::new(StoryClock::at(begin));
    let store = Store::open(location, clock.clone()).await?;
    if store.edition(&file.edition.slug).await?.is_none() {
        Story::begin(&store, &clock, &file, from).await?.tell(now).await?;
    }
    store.close().await;
    Ok(())
}

/// Gives everybody of the demo the same fresh password, and gives it. Nobody else has it, and the next start makes another.
pub(crate) async fn let_in(store: &Store) -> anyhow::Result<String> {
    let password = format!("demo {}", Uuid::new_v4().simple());
    let chosen = NewPassword::choose(&Secret::new(password.clone()), &[])?;
    let hash = Passwords::new(1)?.hash(&chosen).await?;
    for persona in personas()? {
        if let Some(known) = store.account_of(&Proof::Email(persona.email)).await? {
            store.set_password(&Actor::System, known, &hash, None).await?;
        }
    }
    Ok(password)
}

struct Story<'a> {
    store: &'a Store,
    clock: &'a StoryClock,
    file: &'a File,
    edition: Edition,
    people: BTreeMap<&'a str, AccountId>,
}

impl<'a> Story<'a> {
    /// The edition, and everybody with an account and a role.
    async fn begin(
        store: &'a Store,
        clock: &'a StoryClock,
        file: &'a File,
        from: &Edition,
    ) -> anyhow::Result<Self> {
        let operator = Subject::operator("demo".to_owned(), clock.now());
        let next = NextEdition {
            edition: Edition {
                id: EditionId(Uuid::nil()),
                slug: file.edition.slug.clone(),
                title: file.edition.title.clone(),
                first_day: file.edition.first_day,
                last_day: file.edition.last_day,
                state: EditionState::Open,
                notice: Line::default(),
                ..from.clone()
            },
            kept: Kept { rooms: true, tracks: false, types: true, pages: false, levels: true, mail: false },
            archive: false,
            organiser: None,
        };
        let edition = store.copy_edition(&operator.actor, from.id, &next).await?;
        let mut people = BTreeMap::new();
        for person in &file.person {
            let new = NewAccount { name: person.name.clone(), affiliation: person.of.clone() };
            let proof = Proof::Email(person.email.clone());
            let id = store.account_for(&operator.actor, &proof, &new).await?;
            people.insert(person.id.as_str(), id);
        }
        let story = Self { store, clock, file, edition, people };
        story.give(None, Scope::Edition(story.edition.id)).await?;
        Ok(story)
    }

    /// Gives their roles to those whose role holds in that call, or in the edition where none is named.
    async fn give(&self, call: Option<&str>, scope: Scope) -> anyhow::Result<()> {
        let operator = Subject::operator("demo".to_owned(), self.clock.now());
        for person in self.file.person.iter().filter(|person| person.call.as_deref() == call) {
            if let Some(role) = person.role {
                let to = self.people[person.id.as_str()];
                self.store.give(&operator, &NewGrant::new(to, role, scope.clone())).await?;
            }
        }
        Ok(())
    }

    fn call_id(&self, id: &str) -> CallId {
        CallId::from_key(self.edition.slug.as_str(), id)
    }

    /// All that happened until `now`, in its order.
    async fn tell(&self, now: Timestamp) -> anyhow::Result<()> {
        let mut events: Vec<(Timestamp, Event)> = vec![];
        events.extend(self.file.call.iter().map(|call| (call.at, Event::Call(call))));
        events.extend(self.file.amendment.iter().map(|one| (one.at, Event::Amend(one))));
        for (index, question) in self.file.question.iter().enumerate() {
            events.push((question.at, Event::Ask(index, question)));
            if let (Some(answer), Some(at)) = (&question.answer, question.answered) {
                events.push((at, Event::Answer(index, answer)));
            }
        }
        for (index, proposal) in self.file.proposal.iter().enumerate() {
            events.push((proposal.at, Event::Propose(index, proposal)));
            if let Some(later) = &proposal.then {
                events.push((later.at, Event::Revise(index, proposal, &later.text)));
            }
            events.extend(proposal.review.iter().map(|one| (one.at, Event::Review(index, one))));
            events.extend(proposal.comment.iter().map(|one| (one.at, Event::Comment(index, one))));
            if let Some(forward) = &proposal.forward {
                events.push((forward.at, Event::Forward(index, forward)));
                events.extend(forward.agreed.map(|at| (at, Event::Agree(index, &proposal.by))));
            }
            let last = proposal.review.iter().map(|one| one.at).max().unwrap_or(proposal.at);
            events.extend(proposal.prepared.map(|decision| (last, Event::Prepare(index, decision))));
        }
        // Stable: what happens at one moment keeps its order.
        events.sort_by_key(|(at, _)| *at);
        let mut questions = BTreeMap::new();
        let mut proposals: BTreeMap<usize, ProposalId> = BTreeMap::new();
        let mut forwards = BTreeMap::new();
        for (at, event) in events.into_iter().take_while(|(at, _)| *at <= now) {
            self.clock.turn_to(at);
            // What is due by the clock happens before whatever comes next.
            self.store.open_offers().await?;
            match event {
                Event::Call(call) => self.publish(call).await?,
                Event::Amend(one) => {
                    let (olga, call) = (self.subject("olga").await?, self.call_id(&one.call));
                    self.store.amend_call(&olga, &self.edition, call, &one.text, "").await?;
                }
                Event::Ask(index, one) => {
                    let (by, call) = (self.subject(&one.by).await?, self.call_id(&one.call));
                    questions.insert(index, self.store.ask(&by, &self.edition, call, &one.text).await?.id);
                }
                Event::Answer(index, answer) => {
                    let (olga, id) = (self.subject("olga").await?, questions[&index]);
                    self.store.answer_question(&olga, &self.edition, id, answer, "").await?;
                }
                Event::Propose(index, one) => {
                    proposals.insert(index, self.propose(one).await?);
                }
                Event::Revise(index, one, text) => {
                    let by = self.subject(&one.by).await?;
                    let rule = |own: &store::OwnProposal| {
                        Ok(Content { summary: text.clone(), ..own.proposal.content.clone() })
                    };
                    self.store.revise_proposal(&by, self.edition.id, proposals[&index], None, rule).await?;
                }
                Event::Review(index, one) => self.review(proposals[&index], one).await?,
                Event::Comment(index, one) => {
                    let by = self.subject(&one.by).await?;
                    let said = (true, &one.text);
                    self.store.comment_proposal(&by, &self.edition, proposals[&index], said, "").await?;
                }
                Event::Prepare(index, decision) => {
                    let (marek, id) = (self.subject("marek").await?, proposals[&index]);
                    self.store.prepare_decision(&marek, &self.edition, id, Some(decision)).await?;
                }
                Event::Forward(index, one) => {
                    let (by, id) = (self.subject(&one.by).await?, proposals[&index]);
                    let to = Target::Here(self.edition.id, self.call_id(&one.to));
                    let offered =
                        self.store.offer_forward(&by, &self.edition, id, (&to, &one.note), "").await?;
                    forwards.insert(index, offered.id);
                }
                Event::Agree(index, by) => {
                    let (by, which) = (self.subject(by).await?, (proposals[&index], forwards[&index]));
                    let said = (true, &RichText::default());
                    self.store.answer_forward(&by, self.edition.id, which, said, "").await?;
                }
            }
        }
        self.clock.turn_to(now);
        self.store.open_offers().await?;
        Ok(())
    }

    /// What somebody of the demo may do at the story's moment.
    async fn subject(&self, id: &str) -> anyhow::Result<Subject> {
        let account =
            *self.people.get(id).with_context(|| format!("calls.toml: there is nobody \"{id}\""))?;
        Ok(Subject::person(account, self.store.grants_of(account).await?, self.clock.now()))
    }

    async fn publish(&self, new: &NewCall) -> anyhow::Result<()> {
        let id = self.call_id(&new.id);
        let zone = DeadlineZone::parse(&new.zone)?;
        let deadline = |local| Some(Deadline { local, zone: zone.clone() });
        let call = Call {
            slug: Slug::parse(&new.id)?,
            name: new.name.clone(),
            summary: new.summary.clone(),
            text: new.text.clone(),
            published: true,
            opens: deadline(new.opens),
            closes: deadline(new.closes),
            places: new.places,
            ..Call::usual(id, new.kind)
        };
        let operator = Subject::operator("demo".to_owned(), self.clock.now());
        let fields = Form::usual(new.kind).fields;
        self.store.put_call(&operator, self.edition.id, id, |_| Ok((call, fields))).await?;
        self.give(Some(&new.id), Scope::Call(self.edition.id, id)).await
    }

    async fn propose(&self, new: &Proposal) -> anyhow::Result<ProposalId> {
        let by = self.subject(&new.by).await?;
        let calls = self.store.calls(self.edition.id).await?;
        let id = self.call_id(&new.call);
        let open = calls.iter().find(|one| one.call.id == id);
        let open = open.with_context(|| format!("calls.toml: there is no call \"{}\"", new.call))?;
        let mut answers = Answers::new();
        for field in &open.form.fields {
            let typed = new.answers.get(field.key.as_str()).map(String::as_str).unwrap_or_default();
            if let Some(answer) = Answer::read(field, &[typed], Stage::Draft)? {
                answers.insert(field.key.clone(), answer);
            }
        }
        let content = Content {
            title: new.title.clone(),
            summary: new.text.clone(),
            minutes: open.call.minutes.first().copied(),
            tracks: vec![],
            form: open.form.version,
            answers,
        };
        let submit = (!new.draft).then_some("");
        let written = self.store.begin_proposal(&by, self.edition.id, id, &content, submit).await;
        let id = written.with_context(|| format!("calls.toml: \"{}\"", new.title))?.proposal.id;
        if let Some(other) = &new.with {
            let invited = (&other.name, &other.email, true);
            self.store.invite_author(&by, self.edition.id, id, invited, "").await?;
        }
        Ok(id)
    }

    async fn review(&self, id: ProposalId, new: &NewReview) -> anyhow::Result<()> {
        let by = self.subject(&new.by).await?;
        let reviewer = self.people[new.by.as_str()];
        let at = self.clock.now();
        self.store
            .put_review(&by, &self.edition, id, |_, open| {
                let criteria = open.call.reviewing.criteria.iter();
                Ok(Review {
                    proposal: id,
                    reviewer,
                    revision: 0,
                    scores: criteria.map(|one| one.key.clone()).zip(new.scores.iter().copied()).collect(),
                    to_committee: new.committee.clone(),
                    to_authors: new.authors.clone(),
                    submitted: true,
                    at,
                })
            })
            .await?;
        Ok(())
    }
}
