//! What is published about a call while it runs: its amendments, and the questions about it with their answers.

use super::{call::find, enter, form_at};
use crate::{
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup,
    route::{Asked, at},
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
    address::{Address, EditionDesk},
    call::Phase,
    edition::Edition,
    id::QuestionId,
    text::RichText,
};
use store::OpenCall;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/calls/{call}/questions/", get(list));
    let router = form_at(router, "/desk/{edition}/calls/{call}/questions/{question}/", post(answer));
    form_at(router, "/desk/{edition}/calls/{call}/amend/", post(amend))
}

const HELP: &str = "What is said about the call while it runs. Everybody reads all of it, so that nobody knows more than the others; who asked stands here only.";

#[derive(Template)]
#[template(path = "desk/questions.html")]
struct QuestionsPage {
    inner: Inner,
    /// The form of an amendment.
    form: Form,
    /// Where it is sent; `None` while nothing can be amended.
    amend: Option<String>,
    public: String,
    amendments: Vec<AmendmentView>,
    waiting: Vec<QuestionView>,
    answered: Vec<QuestionView>,
}

struct AmendmentView {
    number: u32,
    at: String,
    body: String,
}

struct QuestionView {
    /// Where the answer is sent.
    href: String,
    id: QuestionId,
    by: String,
    at: String,
    body: String,
    answer: String,
    /// The answer as it was typed and refused, and why.
    refused: Option<String>,
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    (edition, open): (&Edition, &OpenCall),
    form: Form,
    refused: Option<(QuestionId, String, String)>,
) -> Result<QuestionsPage, crate::error::Failure> {
    let call = &open.call;
    let exchange = site.store().exchange(edition.id, call.id).await?;
    let names = site.store().askers(edition.id, call.id).await?;
    let at = |instant| edition.zone.local(instant).strftime("%-d %b %Y, %H:%M %Z").to_string();
    let here = EditionDesk::CallQuestions(call.id).path(&edition.slug);
    let calls = EditionDesk::Calls.path(&edition.slug);
    let inner = Inner::edition(person, edition, &calls, "Questions and amendments", HELP)
        .below(calls.clone(), "Calls")
        .below(EditionDesk::Call(call.id).path(&edition.slug), call.name.as_str())
        .noticing(site, &asked.headers);
    let view = |question: model::call::Question| {
        let refused = refused.as_ref().filter(|(id, ..)| *id == question.id);
        QuestionView {
            href: format!("{here}{}/", question.id),
            id: question.id,
            by: names.get(&question.id).map_or_else(|| "Somebody who left".to_owned(), ToString::to_string),
            at: at(question.asked),
            body: markup::html(&question.body, 3).as_str().to_owned(),
            answer: refused.map_or_else(|| question.answer.to_string(), |(_, typed, _)| typed.clone()),
            refused: refused.map(|(.., why)| why.clone()),
        }
    };
    let (waiting, answered): (Vec<_>, Vec<_>) =
        exchange.questions.into_iter().partition(|question| question.answered.is_none());
    let open_now = matches!(call.phase(site.now()), Phase::Announced(_) | Phase::Open(_));
    Ok(QuestionsPage {
        inner,
        form,
        amend: open_now.then(|| format!("{}amend/", EditionDesk::Call(call.id).path(&edition.slug))),
        public: Address::Call(call.slug.as_str()).path(&edition.slug),
        amendments: exchange
            .amendments
            .into_iter()
            .map(|one| AmendmentView {
                number: one.number,
                at: at(one.at),
                body: markup::html(&one.body, 3).as_str().to_owned(),
            })
            .collect(),
        waiting: waiting.into_iter().map(view).collect(),
        answered: answered.into_iter().map(view).collect(),
    })
}

async fn list(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    show(&page(&site, &asked, &person, (&edition, &open), Form::default(), None).await?)
}

async fn amend(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    let body = RichText::clean(form.value("amendment"));
    let base = site.base_url().to_owned();
    match site.store().amend_call(&person.subject, &edition, open.call.id, &body, &base).await {
        Ok(told) => {
            let notice =
                format!("The amendment is published; {told} who asked or began to write are told by mail.");
            done(&site, &EditionDesk::CallQuestions(open.call.id).path(&edition.slug), &notice)
        }
        Err(store::Error::Refused(refusal)) => {
            form.refuse_by(&refusal);
            again(&page(&site, &asked, &person, (&edition, &open), form, None).await?)
        }
        Err(other) => Err(other.into()),
    }
}

async fn answer(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id, question)): Path<(String, Uuid, Uuid)>,
    form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    let (question, typed) = (QuestionId(question), form.value("answer").to_owned());
    let answer = RichText::clean(&typed);
    let base = site.base_url().to_owned();
    match site.store().answer_question(&person.subject, &edition, question, &answer, &base).await {
        Ok(_) => {
            let to = EditionDesk::CallQuestions(open.call.id).path(&edition.slug);
            done(&site, &to, "The answer is published, and whoever asked is told by mail.")
        }
        Err(store::Error::Refused(refusal)) => {
            let refused = Some((question, typed, refusal.to_string()));
            again(&page(&site, &asked, &person, (&edition, &open), Form::default(), refused).await?)
        }
        Err(other) => Err(other.into()),
    }
}
