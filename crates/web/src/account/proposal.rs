//! What somebody proposes to calls: the list with the invitations, and the page of each proposal.

use super::told;
use crate::{
    desk::{
        files_at, form_at,
        forward::{self, TrailView},
    },
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup,
    proposing::{self, Choices, FieldView, Files},
    route::{Asked, LastTime, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    address::{Account, Address, EditionDesk},
    call::{Deadline, FieldKey, Late, Phase, Reader, Stage},
    edition::Edition,
    email::Email,
    id::{AuthorId, ForwardId, ProposalId},
    microconference::{Check, Microconference, Progress, TOPICS},
    proposal::{Confirmation, State as Standing, Step, changes},
    text::{Line, RichText, Slug},
};
use std::collections::BTreeSet;
use store::OwnProposal;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/account/proposals/", get(list));
    let router = at(router, "/account/proposals/invitations/{author}/{answer}/", post(answer));
    let router = files_at(router, "/account/proposals/{edition}/{proposal}/", get(one).post(save));
    let router = at(router, "/account/proposals/{edition}/{proposal}/files/{field}/", get(file));
    let router = at(router, "/account/proposals/{edition}/{proposal}/withdraw/", post(withdraw));
    let router = at(router, "/account/proposals/{edition}/{proposal}/delete/", post(delete));
    let router = at(router, "/account/proposals/{edition}/{proposal}/confirm/", post(confirm));
    let router = at(router, "/account/proposals/{edition}/{proposal}/authors/", post(invite));
    let router = at(router, "/account/proposals/{edition}/{proposal}/authors/{author}/remove/", post(remove));
    let router = at(router, "/account/proposals/{edition}/{proposal}/ready/", post(ready));
    let router =
        at(router, "/account/proposals/{edition}/{proposal}/forwards/{forward}/", post(answer_forward));
    form_at(router, "/account/proposals/{edition}/{proposal}/comments/", post(comment))
}

#[derive(Template)]
#[template(path = "account/proposals.html")]
struct ListPage {
    inner: Inner,
    invitations: Vec<InvitationView>,
    proposals: Vec<HeadView>,
}

struct InvitationView {
    id: AuthorId,
    title: String,
    call: String,
    edition: String,
}

struct HeadView {
    href: String,
    number: u32,
    title: String,
    state: &'static str,
    call: String,
    edition: String,
}

fn titled(title: &Line) -> String {
    title.non_empty().unwrap_or("(no title yet)").to_owned()
}

async fn list(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let all = site.store().own_proposals(person.signed.shown().id).await?;
    let mut page = ListPage {
        inner: Inner::account(
            &person,
            &Account::Proposals.path(),
            "Proposals",
            "What you propose to the calls of all editions, and what others invite you to propose with them.",
        )
        .noticing(&site, &asked.headers),
        invitations: vec![],
        proposals: vec![],
    };
    for head in all {
        let (title, call, edition) =
            (titled(&head.title), head.call.to_string(), head.edition.title.to_string());
        match head.invited {
            Some(id) => page.invitations.push(InvitationView { id, title, call, edition }),
            None => page.proposals.push(HeadView {
                href: Account::Proposal(&head.edition.slug, head.id).path(),
                number: head.number,
                title,
                state: head.state.shown(),
                call,
                edition,
            }),
        }
    }
    show(&page)
}

async fn answer(
    State(site): State<Site>,
    person: Person,
    Path((author, answer)): Path<(Uuid, String)>,
) -> Answer {
    let accept = match answer.as_str() {
        "accept" => true,
        "decline" => false,
        _ => return Err(Failure::NotFound("There is nothing at this address".to_owned())),
    };
    let outcome = site.store().answer_invitation(&person.subject, AuthorId(author), accept).await.map(|_| ());
    let notice = if accept { "You propose it too now." } else { "The invitation is declined." };
    told(&site, &Account::Proposals.path(), outcome, notice)
}

#[derive(Template)]
#[template(path = "account/proposal.html")]
struct ProposalPage {
    inner: Inner,
    form: Form,
    path: String,
    state: &'static str,
    explained: &'static str,
    when: String,
    call: String,
    call_path: String,
    choices: Choices,
    fields: Vec<FieldView>,
    /// Whether the form is sent in parts, with files.
    takes_files: bool,
    authors: Vec<AuthorView>,
    comments: Vec<CommentView>,
    history: Vec<RevisionView>,
    may_change: bool,
    may_submit: bool,
    /// Whether only an access code opens the call to it.
    asks_code: bool,
    is_draft: bool,
    may_withdraw: bool,
    may_confirm: bool,
    confirmed: bool,
    /// What they said when they confirmed.
    remote: bool,
    recording: bool,
    availability: String,
    /// What only a microconference has.
    microconference: Option<MicroconferenceView>,
    /// What it was the last time, where it continues one.
    last: Option<LastTime>,
    /// How it is passed on to another call.
    forwards: Vec<TrailView>,
}

/// What a microconference has beside its proposal, for its leads.
struct MicroconferenceView {
    /// What is to be ticked: the word, what it says, whether it is ticked.
    checks: Vec<(&'static str, &'static str, bool)>,
    topics: Option<String>,
    ready: Option<String>,
    /// Whether it can be called ready: it was submitted and waits.
    may_call: bool,
    /// Where it is run, once it is accepted.
    runs: Option<String>,
    /// Where it went when it was merged into another.
    merged: bool,
    deadlines: Vec<String>,
}

struct AuthorView {
    id: AuthorId,
    name: String,
    joined: bool,
    speaks: bool,
}

struct CommentView {
    by: String,
    at: String,
    body: String,
}

/// A revision and what it changed.
struct RevisionView {
    number: u32,
    at: String,
    changed: Vec<model::proposal::Changed>,
}

/// What comes next, for the authors.
fn explained(state: Standing) -> &'static str {
    match state {
        Standing::Draft => "Only its authors see it. Submit it before the call closes.",
        Standing::Submitted => "It has arrived. You can change it at any time.",
        Standing::UnderReview => "It is being reviewed. If you change it, the reviewers see what changed.",
        Standing::Provisional => "It is accepted, and something is still open. You will hear of it.",
        Standing::Accepted => "It is accepted. Please confirm below that you come.",
        Standing::WaitListed => "It is accepted when a place becomes free. You will hear of it then.",
        Standing::Declined => "It is not accepted. Thank you for the work that you put into it.",
        Standing::Withdrawn => "You took it back. While the call is open, you can submit it again.",
        Standing::Cancelled => "It was accepted and does not take place.",
        Standing::Confirmed => "It is accepted and you come. See you there!",
        Standing::Forwarded => "Another call has it now, and decides about it.",
    }
}

/// The proposal of that address, if it is the person's own.
async fn own(site: &Site, person: &Person, slug: &str, id: Uuid) -> Result<(Edition, OwnProposal), Failure> {
    let none = || Failure::no("proposal", &id.to_string());
    let slug = Slug::parse(slug).map_err(|_| none())?;
    let edition = site.store().edition(&slug).await?.ok_or_else(none)?.edition;
    let subject =
        model::permission::Subject { account: Some(person.signed.shown().id), ..person.subject.clone() };
    let own = site.store().own_proposal(&subject, edition.id, ProposalId(id)).await?.ok_or_else(none)?;
    Ok((edition, own))
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    own: &OwnProposal,
    (mut form, mut files): (Form, Files),
) -> Result<ProposalPage, Failure> {
    let mine = proposing::files_of(&own.proposal.content);
    let path = Account::Proposal(&own.edition.slug, own.proposal.id);
    let mut fields = proposing::fields(&own.open.form, site.options().file_megabytes);
    files.extend(mine.clone());
    proposing::show_files(&mut fields, &mut form, &files, |key, id| {
        mine.contains_key(&id).then(|| format!("{}files/{key}/", path.path()))
    });
    let zone = super::zone(person);
    let at = |instant| zone.local(instant).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let (proposal, call, edition) = (&own.proposal, &own.open.call, &own.edition);
    let subject =
        model::permission::Subject { account: Some(person.signed.shown().id), ..person.subject.clone() };
    let tracks = proposing::tracks(site, edition).await?;
    let (revisions, forms) = site.store().own_revisions(&subject, edition.id, proposal.id).await?;
    let track =
        |id| tracks.iter().find(|one| one.id == id).map(|one| one.name.to_string()).unwrap_or_default();
    let history = revisions
        .windows(2)
        .filter_map(|pair| {
            let [after, before] = pair else { return None };
            let (old, new) = (forms.get(&before.content.form)?, forms.get(&after.content.form)?);
            let changed = changes((&before.content, old), (&after.content, new), Reader::Committee, track);
            Some(RevisionView { number: after.number, at: at(after.at), changed })
        })
        .collect();
    let comments = site.store().comments_to_authors(&subject, edition.id, proposal.id).await?;
    let when = match call.phase(site.now()) {
        Phase::Open(_) | Phase::Hidden => {
            call.closes.as_ref().map(|closes| format!("The call closes on {}", closes.shown()))
        }
        Phase::Announced(_) => {
            call.opens.as_ref().map(|opens| format!("The call opens on {}", opens.shown()))
        }
        Phase::Closed(_) => {
            call.closes.as_ref().map(|closes| format!("The call closed on {}", Deadline::shown(closes)))
        }
    };
    let one = site.store().own_microconference(&subject, edition.id, proposal.id).await?;
    let last = match one.as_ref().and_then(|one| one.again) {
        Some(last) => crate::route::last_time(site, edition, last).await?.map(|(view, ..)| view),
        None => None,
    };
    let microconference = match one {
        Some(one) => Some(microconference(site, own, &one, at).await?),
        None => None,
    };
    let mut forwards = vec![];
    for view in site.store().own_forwards(&subject, edition.id, proposal.id).await? {
        let to = view.to.edition.as_ref().zip(view.to.proposal);
        let href = to
            .filter(|(_, (id, _))| *id != proposal.id)
            .map(|(slug, (id, _))| Account::Proposal(slug, id).path())
            .or(view.to.page.as_ref().map(|page| page.as_str().to_owned()));
        forwards.push(forward::trail(site, &view, Some(proposal.id), href, at).await?);
    }
    let title = format!("#{} {}", proposal.number, titled(&proposal.content.title));
    let inner = Inner::account(
        person,
        &Account::Proposals.path(),
        &title,
        "What you wrote, who proposes it with you, and what the committee says to you.",
    )
    .below(Account::Proposals.path(), "Proposals")
    .noticing(site, &asked.headers);
    let state = proposal.state;
    Ok(ProposalPage {
        inner,
        form,
        path: path.path(),
        state: state.shown(),
        explained: explained(state),
        when: when.unwrap_or_default(),
        call: format!("{}, {}", call.name, edition.title),
        call_path: Address::Call(call.slug.as_str()).path(&edition.slug),
        choices: proposing::choices(call, &tracks),
        fields,
        takes_files: proposing::takes_files(&own.open.form),
        authors: own
            .authors
            .iter()
            .map(|author| AuthorView {
                id: author.id,
                name: author.name.to_string(),
                joined: author.has_joined(),
                speaks: author.speaks,
            })
            .collect(),
        comments: comments
            .into_iter()
            .map(|comment| CommentView {
                by: comment.by.to_string(),
                at: if comment.by_mail { format!("{}, by mail", at(comment.at)) } else { at(comment.at) },
                body: markup::html(&comment.body, 3).as_str().to_owned(),
            })
            .collect(),
        history,
        may_change: state.may_change(),
        may_submit: matches!(state, Standing::Draft | Standing::Withdrawn)
            && call.accepts(site.now(), Late::Began).is_ok(),
        asks_code: matches!(state, Standing::Draft | Standing::Withdrawn)
            && matches!(call.phase(site.now()), Phase::Closed(_))
            && call.accepts(site.now(), Late::Began).is_err(),
        is_draft: state == Standing::Draft,
        may_withdraw: proposal.clone().step(Step::Withdraw, call, Late::No, 0, site.now()).is_ok(),
        may_confirm: matches!(state, Standing::Accepted | Standing::Confirmed),
        confirmed: state == Standing::Confirmed,
        remote: proposal.confirmation.as_ref().is_some_and(|said| said.remote),
        recording: proposal.confirmation.as_ref().is_some_and(|said| said.recording),
        availability: proposal
            .confirmation
            .as_ref()
            .map(|said| said.availability.to_string())
            .unwrap_or_default(),
        microconference,
        last,
        forwards,
    })
}

/// What a microconference has, for its leads; `at` shows an instant.
async fn microconference(
    site: &Site,
    own: &OwnProposal,
    one: &Microconference,
    at: impl Fn(jiff::Timestamp) -> String,
) -> Result<MicroconferenceView, Failure> {
    let (edition, call, state) = (&own.edition, &own.open.call, own.proposal.state);
    let asks = own.open.form.fields.iter().any(|field| field.key.as_str() == TOPICS);
    let progress = Progress::of(&own.proposal.content.answers, call.terms, asks);
    let mut deadlines = vec![];
    if let Some(held) = &one.held {
        let calls = site.store().calls(edition.id).await?;
        let topics = calls.iter().find(|open| open.call.id == held.call);
        let both = [("Microconferences", Some(call)), ("Topics of this one", topics.map(|open| &open.call))];
        deadlines.extend(both.into_iter().filter_map(|(what, call)| {
            let closes = call?.closes.as_ref()?;
            Some(format!("{what} can be proposed until {}", closes.shown()))
        }));
    }
    Ok(MicroconferenceView {
        checks: Check::ALL
            .iter()
            .map(|check| (check.as_str(), check.shown(), one.checked.contains(check)))
            .collect(),
        topics: progress.topics.map(|topics| format!("{topics} of {} topics are named.", progress.wanted)),
        ready: one.ready.map(at),
        may_call: state.is_undecided() || state == Standing::WaitListed,
        runs: one.held.as_ref().map(|_| EditionDesk::Microconference(own.proposal.id).path(&edition.slug)),
        merged: one.merged_into.is_some(),
        deadlines,
    })
}

async fn ready(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let checked: BTreeSet<Check> = form.values("check").filter_map(Check::parse).collect();
    let ready = form.is_chosen("do", "ready");
    let outcome = site
        .store()
        .check_microconference(&person.subject, edition.id, own.proposal.id, &checked, ready)
        .await
        .map(|_| ());
    let notice = if ready {
        "It is ready. The committee decides in the order of this moment."
    } else {
        "It is kept. Call it ready once nothing lacks."
    };
    told(&site, &Account::Proposal(&edition.slug, own.proposal.id).path(), outcome, notice)
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let (_, own) = own(&site, &person, &slug, id).await?;
    let form = proposing::filled(&own.proposal.content, &own.open.form);
    show(&page(&site, &asked, &person, &own, (form, Files::new())).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    super::may_write(&person)?;
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let submit = form.is_chosen("do", "submit");
    let filed = own.proposal.state.is_filed() && own.proposal.state != Standing::Withdrawn;
    let stage = if submit || filed { Stage::Submitted } else { Stage::Draft };
    let tracks = proposing::tracks(&site, &edition).await?;
    let code = submit.then(|| form.value("code").to_owned());
    let files = proposing::hand_in(&site, &person, &edition, (&mut form, &own.open.form)).await?;
    // Two tabs, or two authors: merged within the transaction that writes.
    let written = site
        .store()
        .revise_proposal(&person.subject, edition.id, own.proposal.id, code.as_deref(), |now| {
            let current = proposing::filled(&now.proposal.content, &now.open.form);
            let merged = form.merge(&current);
            let read = if merged {
                let mut known = proposing::files_of(&now.proposal.content);
                known.extend(files.clone());
                proposing::read(&mut form, (&now.open.call, &now.open.form), &tracks, &known, stage)
            } else {
                None
            };
            read.ok_or_else(|| model::Refusal::new("form", "it is not complete", "Mend what is marked"))
        })
        .await;
    match written {
        Ok(written) => {
            let told = if written.submitted { "It is submitted." } else { "It is saved." };
            return done(&site, &Account::Proposal(&edition.slug, own.proposal.id).path(), told);
        }
        Err(store::Error::Refused(refusal)) => {
            if !form.is_refused() {
                form.refuse_by(&refusal);
            }
        }
        Err(other) => return Err(other.into()),
    }
    again(&page(&site, &asked, &person, &own, (form, files)).await?)
}

/// A file of one's own proposal, as it is now or as it was in a revision.
async fn file(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id, field)): Path<(String, Uuid, String)>,
) -> Answer {
    let none = || Failure::no("file", &field);
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let key = FieldKey::parse(&field).map_err(|_| none())?;
    let revision = asked.value("revision").and_then(|number| number.parse().ok());
    let subject =
        model::permission::Subject { account: Some(person.signed.shown().id), ..person.subject.clone() };
    let found = site.store().own_file(&subject, edition.id, own.proposal.id, (&key, revision)).await?;
    crate::upload::download(&site, &found.ok_or_else(none)?).await
}

async fn withdraw(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let base = site.base_url().to_owned();
    let outcome =
        site.store().withdraw_proposal(&person.subject, edition.id, own.proposal.id, &base).await.map(|_| ());
    told(&site, &Account::Proposal(&edition.slug, own.proposal.id).path(), outcome, "You took it back.")
}

async fn delete(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let outcome = site.store().delete_draft(&person.subject, edition.id, own.proposal.id).await;
    told(&site, &Account::Proposals.path(), outcome, "The draft is deleted.")
}

async fn confirm(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let outcome = site
        .store()
        .confirm_proposal(&person.subject, edition.id, own.proposal.id, |now| Confirmation {
            at: now,
            recording: form.is_ticked("recording"),
            remote: form.value("presence") == "remote",
            availability: Line::clean(form.value("availability")),
        })
        .await
        .map(|_| ());
    told(
        &site,
        &Account::Proposal(&edition.slug, own.proposal.id).path(),
        outcome,
        "Thank you: it is confirmed.",
    )
}

async fn invite(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let to = Account::Proposal(&edition.slug, own.proposal.id).path();
    let email = match Email::parse(form.value("email")) {
        Ok(email) => email,
        Err(refusal) => return done(&site, &to, &format!("Nobody was invited: {refusal}")),
    };
    let name = Line::clean(form.value("name"));
    let speaks = form.is_ticked("speaks");
    let base = site.base_url().to_owned();
    let outcome = site
        .store()
        .invite_author(&person.subject, edition.id, own.proposal.id, (&name, &email, speaks), &base)
        .await
        .map(|_| ());
    told(&site, &to, outcome, &format!("{name} is invited by mail."))
}

async fn remove(
    State(site): State<Site>,
    person: Person,
    Path((slug, id, author)): Path<(String, Uuid, Uuid)>,
) -> Answer {
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let outcome = site
        .store()
        .remove_author(&person.subject, edition.id, own.proposal.id, AuthorId(author))
        .await
        .map(|_| ());
    told(&site, &Account::Proposal(&edition.slug, own.proposal.id).path(), outcome, "Taken from the authors.")
}

async fn comment(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let body = RichText::clean(form.value("body"));
    let base = site.base_url().to_owned();
    let outcome =
        site.store().comment_proposal(&person.subject, &edition, own.proposal.id, (true, &body), &base).await;
    told(&site, &Account::Proposal(&edition.slug, own.proposal.id).path(), outcome, "The reviewers see it.")
}

async fn answer_forward(
    State(site): State<Site>,
    person: Person,
    Path((slug, id, forward)): Path<(String, Uuid, Uuid)>,
    form: Form,
) -> Answer {
    let (edition, own) = own(&site, &person, &slug, id).await?;
    let agree = form.is_chosen("do", "agree");
    if !agree && !form.is_chosen("do", "refuse") {
        return Err(Failure::NotFound("There is nothing at this address".to_owned()));
    }
    let note = RichText::clean(form.value("note"));
    let base = site.base_url().to_owned();
    let which = (own.proposal.id, ForwardId(forward));
    let outcome = site
        .store()
        .answer_forward(&person.subject, edition.id, which, (agree, &note), &base)
        .await
        .map(|_| ());
    let notice = if agree {
        "The committee of the other call is asked now. You hear of its answer by mail."
    } else {
        "It stays where it is. The committee is told."
    };
    told(&site, &Account::Proposal(&edition.slug, own.proposal.id).path(), outcome, notice)
}
