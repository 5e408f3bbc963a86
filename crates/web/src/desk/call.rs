//! Calls of an edition: the list, and the form of each with the form that it asks.

use super::{enter, form_at};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
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
    Refusal,
    address::{Address, EditionDesk},
    call::{
        Call, CallKind, CommentTime, Condition, Deadline, DeadlineZone, Field, FieldKey, FieldKind, FileKind,
        FileRule, Form as CallForm, Invitation, Naming, Opening, Reader, Reviewing, invitation,
    },
    edition::Edition,
    id::{CallId, TrackId},
    microconference::Terms,
    permission::{Action, Place},
    programme::Track,
    review::Criterion,
    text::{Line, RichText, Slug},
};
use store::OpenCall;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/calls/", get(list));
    let router = form_at(router, "/desk/{edition}/calls/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/calls/{call}/", get(one).post(save));
    at(router, "/desk/{edition}/calls/{call}/remove/", post(remove))
}

const HELP: &str = "An invitation to submit something: what it is for, until when, what it asks, and how it is reviewed. Several can be open at once.";

/// Empty rows below the fields that a form has.
const BLANK: usize = 2;

#[derive(Template)]
#[template(path = "desk/calls.html")]
struct CallsPage {
    inner: Inner,
    calls: Vec<Row>,
    new: String,
    may_edit: bool,
}

struct Row {
    /// Where it is changed, by those who may.
    href: Option<String>,
    name: String,
    kind: &'static str,
    published: bool,
    when: String,
    filed: usize,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::ManageCalls, &edition)?;
    let calls = site.store().calls(edition.id).await?;
    let filed = site.store().filed_counts(&person.subject, &edition).await?;
    let rows = calls.iter().map(|open| Row {
        href: may_change(&person, &edition, &open.call)
            .is_ok()
            .then(|| EditionDesk::Call(open.call.id).path(&edition.slug)),
        name: open.call.name.to_string(),
        kind: open.call.kind.shown(),
        published: open.call.published,
        when: open.call.closes.as_ref().map(Deadline::shown).unwrap_or_default(),
        filed: filed.get(&open.call.id).copied().unwrap_or_default(),
    });
    let path = EditionDesk::Calls.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Calls", HELP).noticing(&site, &asked.headers);
    let may_edit = person.subject.may(Action::ManageCalls, &Place::edition(&edition)).is_ok();
    show(&CallsPage { inner, calls: rows.collect(), new: EditionDesk::NewCall.path(&edition.slug), may_edit })
}

#[derive(Template)]
#[template(path = "desk/call.html")]
struct CallPage {
    inner: Inner,
    form: Form,
    kinds: Vec<(String, String)>,
    tracks: Vec<(String, String)>,
    namings: Vec<(String, String)>,
    comment_times: Vec<(String, String)>,
    field_kinds: Vec<(String, String)>,
    readers: Vec<(String, String)>,
    file_kinds: Vec<(String, String)>,
    megabytes_help: String,
    rows: Vec<FieldRow>,
    /// Whether its kind is still to be chosen: then nothing else is asked.
    is_new: bool,
    /// Whether it invites to microconferences, of which more is asked.
    is_rolling: bool,
    remove: Option<(String, String)>,
    texts: Option<Invitation>,
    public: Option<String>,
    version: u32,
    /// Its pages beside the form: where, what they are called.
    beside: Vec<(String, &'static str)>,
    /// Who offered what when the offers were opened.
    opening: Option<OpeningView>,
}

/// The opening of sealed offers.
struct OpeningView {
    closed: String,
    at: String,
    offers: Vec<OpenedView>,
}

struct OpenedView {
    number: u32,
    revision: u32,
    state: &'static str,
    submitted: String,
    changed: String,
    digest: String,
}

fn opened(edition: &Edition, opening: &Opening) -> OpeningView {
    let at = |instant| edition.zone.local(instant).strftime("%-d %b %Y, %H:%M:%S %Z").to_string();
    OpeningView {
        closed: at(opening.closed),
        at: at(opening.at),
        offers: opening
            .offers
            .iter()
            .map(|offer| OpenedView {
                number: offer.number,
                revision: offer.revision,
                state: offer.state.shown(),
                submitted: at(offer.submitted),
                changed: at(offer.changed),
                digest: offer.digest.clone(),
            })
            .collect(),
    }
}

/// A field of the form that the call asks: what its inputs are called.
struct FieldRow {
    heading: String,
    known: String,
    key: String,
    order: String,
    label: String,
    help: String,
    kind: String,
    words: String,
    options: String,
    files: String,
    megabytes: String,
    required: String,
    reader: String,
    only_if: String,
    is_open: bool,
}

impl FieldRow {
    fn new(at: usize, form: &Form) -> Self {
        let name = |part: &str| format!("{part}_{at}");
        let is_open = ["words", "options", "files", "megabytes", "if"]
            .iter()
            .any(|part| form.error(&name(part)).is_some());
        Self {
            heading: form.value(&name("label")).to_owned(),
            known: form.value(&name("key")).to_owned(),
            key: name("key"),
            order: name("order"),
            label: name("label"),
            help: name("help"),
            kind: name("kind"),
            words: name("words"),
            options: name("options"),
            files: name("files"),
            megabytes: name("megabytes"),
            required: name("required"),
            reader: name("reader"),
            only_if: name("if"),
            is_open,
        }
    }
}

fn words<T: Copy>(
    all: &[T],
    word: impl Fn(T) -> &'static str,
    shown: impl Fn(T) -> &'static str,
) -> Vec<(String, String)> {
    all.iter().map(|one| (word(*one).to_owned(), shown(*one).to_owned())).collect()
}

fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    open: Option<&OpenCall>,
    (form, tracks): (Form, &[Track]),
) -> CallPage {
    let list = EditionDesk::Calls.path(&edition.slug);
    let title = open.map_or("New call", |open| open.call.name.as_str());
    let inner = Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Calls")
        .noticing(site, &asked.headers);
    let mut choices = vec![(String::new(), "None".to_owned())];
    choices.extend(tracks.iter().map(|track| (track.id.to_string(), track.name.to_string())));
    let rows = (0..).take_while(|at| {
        !form.value(&format!("key_{at}")).is_empty() || !form.value(&format!("label_{at}")).is_empty()
    });
    let rows = rows.count();
    let public = open.map(|open| Address::Call(open.call.slug.as_str()).path(&edition.slug));
    CallPage {
        inner,
        kinds: words(CallKind::ALL, CallKind::as_str, CallKind::shown),
        tracks: choices,
        namings: words(Naming::ALL, Naming::as_str, Naming::shown),
        comment_times: words(CommentTime::ALL, CommentTime::as_str, CommentTime::shown),
        field_kinds: FieldKind::WORDS
            .iter()
            .map(|(word, shown)| ((*word).to_owned(), (*shown).to_owned()))
            .collect(),
        readers: words(Reader::ALL, Reader::as_str, Reader::shown),
        file_kinds: words(FileKind::ALL, FileKind::as_str, FileKind::shown),
        megabytes_help: format!("Of a file; at most {} on this server.", site.options().file_megabytes),
        rows: (0..rows + BLANK).map(|at| FieldRow::new(at, &form)).collect(),
        is_new: open.is_none(),
        is_rolling: open.is_some_and(|open| open.call.kind == CallKind::Microconferences),
        remove: open.map(|open| {
            let to = format!("{}remove/", EditionDesk::Call(open.call.id).path(&edition.slug));
            (to, "It can be removed while nothing was submitted to it.".to_owned())
        }),
        texts: open
            .zip(public.as_ref())
            .filter(|(open, _)| open.call.published)
            .map(|(open, path)| invitation(edition, &open.call, &format!("{}{path}", site.base_url()))),
        public: public.filter(|_| open.is_some_and(|open| open.call.published)),
        version: open.map_or(1, |open| open.form.version),
        beside: open
            .map(|open| {
                vec![
                    (EditionDesk::Forwards.path(&edition.slug), "What is passed on"),
                    (
                        EditionDesk::CallQuestions(open.call.id).path(&edition.slug),
                        "Questions and amendments",
                    ),
                    (EditionDesk::CallCodes(open.call.id).path(&edition.slug), "Access codes"),
                ]
            })
            .unwrap_or_default(),
        opening: None,
        form,
    }
}

/// The form with what a call holds.
fn filled(open: &OpenCall, edition: &Edition) -> Form {
    let call = &open.call;
    let zone = call.closes.as_ref().or(call.opens.as_ref()).map(|one| one.zone.as_str().to_owned());
    let criteria = call.reviewing.criteria.iter().map(|one| match one.weight {
        1 => one.name.to_string(),
        weight => format!("{} x{weight}", one.name),
    });
    let mut form = Form::default()
        .with("name", &call.name)
        .with("slug", &call.slug)
        .with("summary", &call.summary)
        .with("text", &call.text)
        .ticked("published", call.published)
        .with("track", call.track.map(|track| track.to_string()).unwrap_or_default())
        .ticked("asks_tracks", call.asks_tracks)
        .ticked("moves_up", call.moves_up)
        .with("opens", local(call.opens.as_ref()))
        .with("closes", local(call.closes.as_ref()))
        .with("zone", zone.unwrap_or_else(|| edition.zone.to_string()))
        .with("grace", call.grace)
        .with("minutes", call.minutes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        .with("places", call.places.map(|places| places.to_string()).unwrap_or_default())
        .with("naming", call.reviewing.naming.as_str())
        .with("comments", call.reviewing.comments.as_str())
        .with("wanted", call.reviewing.wanted)
        .with("criteria", criteria.collect::<Vec<_>>().join("\n"));
    if call.kind == CallKind::Microconferences {
        form = form
            .with("topics", call.terms.topics)
            .with("days", call.terms.days)
            .with("passes", call.terms.passes);
    }
    for (at, field) in open.form.fields.iter().enumerate() {
        let (words, options) = match &field.kind {
            FieldKind::Text { words, .. } => (words.map(|words| words.to_string()), vec![]),
            FieldKind::Choice { options, .. } => (None, options.iter().map(ToString::to_string).collect()),
            _ => (None, vec![]),
        };
        if let FieldKind::File(rule) = &field.kind {
            form = form.with(&format!("megabytes_{at}"), rule.megabytes);
            for kind in &rule.kinds {
                form = form.with(&format!("files_{at}"), kind.as_str());
            }
        }
        let only_if = field.only_if.as_ref().map(|one| format!("{} = {}", one.field, one.is));
        form = form
            .with(&format!("key_{at}"), &field.key)
            .with(&format!("order_{at}"), at + 1)
            .with(&format!("label_{at}"), &field.label)
            .with(&format!("help_{at}"), &field.help)
            .with(&format!("kind_{at}"), field.kind.word())
            .with(&format!("words_{at}"), words.unwrap_or_default())
            .with(&format!("options_{at}"), options.join("\n"))
            .ticked(&format!("required_{at}"), field.required)
            .with(&format!("reader_{at}"), field.reader.as_str())
            .with(&format!("if_{at}"), only_if.unwrap_or_default());
    }
    form
}

/// What the form says of the call; `None` when a field is refused, which then says why.
fn read(form: &mut Form, before: &Call) -> Option<Call> {
    let name = form.line("name");
    let slug = form.read_optional("slug", Slug::parse);
    let zone = form.read("zone", DeadlineZone::parse);
    let (opens, closes) = (deadline(form, "opens", zone.as_ref()), deadline(form, "closes", zone.as_ref()));
    let minutes = form.read("minutes", |text| {
        text.split(|c: char| c == ',' || c.is_whitespace())
            .filter(|part| !part.is_empty())
            .map(str::parse::<u16>)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Refusal::new("minutes", "these are no lengths", "Type minutes such as 20, 45"))
    });
    let places = form.read_optional("places", |text| {
        text.trim()
            .parse::<u16>()
            .map_err(|_| Refusal::new("places", "it is no number", "Type one, or leave it empty"))
    });
    let grace = form.number("grace", 0, model::call::GRACE_MAX.into());
    let wanted = form.number("wanted", 0, 20);
    let criteria = form.read("criteria", |text| criteria(text, &before.reviewing.criteria));
    let terms = terms(form, before);
    let name = name?;
    // Refused also where no time is said that would need it.
    zone?;
    let slug = slug?.unwrap_or_else(|| Slug::from_any(&[name.as_str()], "call", before.id.0));
    Some(Call {
        id: before.id,
        slug,
        name,
        kind: before.kind,
        summary: Line::clean(form.value("summary")),
        text: RichText::clean(form.value("text")),
        published: form.is_ticked("published"),
        track: Uuid::try_parse(form.value("track")).ok().map(TrackId),
        asks_tracks: form.is_ticked("asks_tracks"),
        moves_up: form.is_ticked("moves_up"),
        opens: opens?,
        closes: closes?,
        grace: u16::try_from(grace?).ok()?,
        minutes: minutes?,
        places: places?,
        reviewing: Reviewing {
            naming: Naming::parse(form.value("naming")).unwrap_or(before.reviewing.naming),
            comments: CommentTime::parse(form.value("comments")).unwrap_or(before.reviewing.comments),
            criteria: criteria?,
            wanted: u8::try_from(wanted?).ok()?,
        },
        terms: terms?,
    })
}

/// What a call for microconferences asks of each, and gives it; `None` when a field is refused.
fn terms(form: &mut Form, before: &Call) -> Option<Terms> {
    if before.kind != CallKind::Microconferences {
        return Some(before.terms);
    }
    let (topics, days, passes) =
        (form.number("topics", 0, 20), form.number("days", 0, 200), form.number("passes", 0, 20));
    let small = |number: u32| u8::try_from(number).ok();
    Some(Terms { topics: small(topics?)?, days: small(days?)?, passes: small(passes?)? })
}

/// The deadline that is typed in a field, on the clocks of `zone`: `Some(None)` where it is left empty, `None` when it is
/// refused.
#[expect(
    clippy::option_option,
    reason = "a field is refused, left empty or filled in, and `?` ends at the first"
)]
pub(super) fn deadline(
    form: &mut Form,
    field: &str,
    zone: Option<&DeadlineZone>,
) -> Option<Option<Deadline>> {
    let typed = form.read_optional(field, |text| {
        text.trim()
            .parse()
            .map_err(|_| Refusal::new(field, "it is no time", "Type one like 2027-10-02T23:59"))
    })?;
    Some(typed.zip(zone.cloned()).map(|(local, zone)| Deadline { local, zone }))
}

/// A deadline as its field takes it.
pub(super) fn local(deadline: Option<&Deadline>) -> String {
    deadline.map(|one| one.local.strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
}

/// One criterion in a line; `x2` behind its name makes it count twice. One that was there keeps its name in the record.
fn criteria(text: &str, before: &[Criterion]) -> Result<Vec<Criterion>, Refusal> {
    let mut out: Vec<Criterion> = vec![];
    for line in text.lines().map(Line::clean).filter(|line| !line.is_empty()) {
        let (name, weight) = match line.as_str().rsplit_once(" x") {
            Some((name, weight)) if weight.parse::<u8>().is_ok() => (name, weight.parse().unwrap_or(1)),
            _ => (line.as_str(), 1),
        };
        let known = before.iter().find(|one| one.name.as_str() == name);
        out.push(if let Some(known) = known {
            Criterion { weight, ..known.clone() }
        } else {
            let taken = out.iter().chain(before).map(|one| &one.key);
            Criterion { key: FieldKey::from_label(name, taken), ..Criterion::named(name, weight) }
        });
    }
    Criterion::check_all(&out)?;
    Ok(out)
}

/// The fields that the form describes, in the order of their numbers; a row without a label is no field. `None` when one is
/// refused.
fn fields(form: &mut Form, ceiling: u16) -> Option<Vec<Field>> {
    let mut out: Vec<(u32, Field)> = vec![];
    let mut at = 0;
    let mut sound = true;
    loop {
        let name = |part: &str| format!("{part}_{at}");
        let label = Line::clean(form.value(&name("label")));
        let known = FieldKey::parse(form.value(&name("key"))).ok();
        if label.is_empty() {
            // Rows after the last one are not sent; an emptied one removes its field.
            if at > 0 && known.is_none() && form.value(&name("kind")).is_empty() {
                break;
            }
            if at > 200 {
                break;
            }
            at += 1;
            continue;
        }
        let words = form.read_optional(&name("words"), |text| {
            text.trim()
                .parse::<u32>()
                .map_err(|_| Refusal::new("words", "it is no number", "Type one, or leave it empty"))
        });
        let options: Vec<Line> =
            form.value(&name("options")).lines().map(Line::clean).filter(|line| !line.is_empty()).collect();
        let only_if = form.read_optional(&name("if"), |text| {
            let (field, is) = text.split_once('=').unwrap_or((text, ""));
            let field = FieldKey::parse(field.trim())?;
            Ok(Condition { field, is: Line::clean(is) })
        });
        let kind = form.value(&name("kind")).to_owned();
        let kind = if kind == "file" {
            file_rule(form, &name("files"), &name("megabytes"), ceiling).map(FieldKind::File)
        } else {
            words.and_then(|words| form.read(&name("kind"), |_| FieldKind::parse(&kind, words, options)))
        };
        let order = form.value(&name("order")).trim().parse().unwrap_or(u32::MAX);
        match (kind, only_if) {
            (Some(kind), Some(only_if)) => {
                let taken = out.iter().map(|(_, field)| &field.key);
                let key = known.unwrap_or_else(|| FieldKey::from_label(label.as_str(), taken));
                let field = Field {
                    key,
                    label,
                    help: Line::clean(form.value(&name("help"))),
                    kind,
                    required: form.is_ticked(&name("required")),
                    reader: Reader::parse(form.value(&name("reader"))).unwrap_or(Reader::Reviewers),
                    only_if,
                };
                out.push((order, field));
            }
            _ => sound = false,
        }
        at += 1;
    }
    // Stable: what has the same number, or none, stays in the order of the rows.
    out.sort_by_key(|(order, _)| *order);
    sound.then(|| out.into_iter().map(|(_, field)| field).collect())
}

/// What a field takes that takes a file; `None` when it is refused. A server that takes smaller files says so here rather than
/// to every author.
fn file_rule(form: &mut Form, kinds: &str, megabytes: &str, ceiling: u16) -> Option<FileRule> {
    let most = form.read_optional(megabytes, |text| {
        let number =
            text.trim().parse::<u32>().ok().filter(|number| (1..=u32::from(ceiling)).contains(number));
        number.ok_or_else(|| {
            let remedy = format!("Give 1 to {ceiling}; the server takes no larger files");
            Refusal::new("megabytes", "that is no size of a file", remedy)
        })
    })?;
    let most = most.or(Some(u32::from(ceiling.min(10))));
    match FileRule::parse(form.values(kinds), most) {
        Ok(rule) => Some(rule),
        Err(refusal) => {
            form.refuse(if refusal.field == "megabytes" { megabytes } else { kinds }, &refusal);
            None
        }
    }
}

async fn tracks(site: &Site, edition: &Edition) -> Result<Vec<Track>, Failure> {
    crate::proposing::tracks(site, edition).await
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::ManageCalls, &Place::edition(&edition))?;
    let tracks = tracks(&site, &edition).await?;
    show(&page(&site, &asked, &person, &edition, None, (Form::default(), &tracks)))
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::ManageCalls, &Place::edition(&edition))?;
    let tracks = tracks(&site, &edition).await?;
    let kind = form.read("kind", |word| {
        CallKind::parse(word).ok_or_else(|| Refusal::new("kind", "there is no such kind", "Choose one"))
    });
    let name = form.line("name");
    if let (Some(kind), Some(name)) = (kind, name) {
        let id = CallId(Uuid::now_v7());
        let usual = Call::usual(id, kind);
        let call = Call {
            slug: Slug::from_any(&[name.as_str()], "call", id.0),
            name,
            track: Uuid::try_parse(form.value("track")).ok().map(TrackId),
            closes: usual.closes.clone().or_else(|| kind.is_sealed().then(|| eve(&edition))),
            ..usual
        };
        let fields = CallForm::usual(kind).fields;
        match site.store().put_call(&person.subject, edition.id, id, |_| Ok((call, fields))).await {
            Ok(_) => {
                let told = "The call is made, and nobody sees it yet. Say when it closes, look through what it asks, and publish it.";
                return done(&site, &EditionDesk::Call(id).path(&edition.slug), told);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(other) => return Err(other.into()),
        }
    }
    again(&page(&site, &asked, &person, &edition, None, (form, &tracks)))
}

/// A closing time to begin with, for calls that must have one: the eve of the edition.
fn eve(edition: &Edition) -> Deadline {
    let day = edition.first_day.yesterday().unwrap_or(edition.first_day);
    Deadline { local: day.at(12, 0, 0, 0), zone: DeadlineZone::Zone(edition.zone.clone()) }
}

/// Where a call stands, for asking what somebody may do with what was submitted to it.
pub(super) fn place(edition: &Edition, call: &Call) -> Place {
    Place::edition(edition).in_track(call.track).in_call(Some(call.id))
}

fn may_change(person: &Person, edition: &Edition, call: &Call) -> Result<(), Failure> {
    person.may(Action::ManageCalls, &place(edition, call))
}

/// The call of that address, for somebody who may change it.
pub(super) async fn find(
    site: &Site,
    person: &Person,
    edition: &Edition,
    id: Uuid,
) -> Result<OpenCall, Failure> {
    let calls = site.store().calls(edition.id).await?;
    let found = calls.into_iter().find(|open| open.call.id.0 == id);
    let found = found.ok_or_else(|| Failure::no("call", &id.to_string()))?;
    may_change(person, edition, &found.call)?;
    Ok(found)
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    let tracks = tracks(&site, &edition).await?;
    let form = filled(&open, &edition);
    let opening = site.store().opening(edition.id, open.call.id).await?;
    let page = page(&site, &asked, &person, &edition, Some(&open), (form, &tracks));
    show(&CallPage { opening: opening.map(|opening| opened(&edition, &opening)), ..page })
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    let tracks = tracks(&site, &edition).await?;
    let put = site
        .store()
        .put_call(&person.subject, edition.id, open.call.id, |present| {
            let undecided = || Refusal::new("form", "it is not complete", "Mend what is marked");
            let present = present.ok_or_else(undecided)?;
            if !form.merge(&filled(present, &edition)) {
                return Err(undecided());
            }
            let ceiling = site.options().file_megabytes;
            let (call, fields) = (read(&mut form, &present.call), fields(&mut form, ceiling));
            call.zip(fields).ok_or_else(undecided)
        })
        .await;
    match put {
        Ok(saved) => {
            let told = if saved.form.version == open.form.version {
                format!("The call {} is saved.", saved.call.name)
            } else {
                format!(
                    "The call {} is saved. Its form is version {} now; what was submitted before keeps its own.",
                    saved.call.name, saved.form.version
                )
            };
            done(&site, &EditionDesk::Call(open.call.id).path(&edition.slug), &told)
        }
        Err(store::Error::Refused(refusal)) => {
            if !form.is_refused() {
                form.refuse_by(&refusal);
            }
            again(&page(&site, &asked, &person, &edition, Some(&open), (form, &tracks)))
        }
        Err(other) => Err(other.into()),
    }
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    let to = EditionDesk::Calls.path(&edition.slug);
    match site.store().remove_call(&person.subject, edition.id, open.call.id).await {
        Ok(()) => done(&site, &to, &format!("The call {} is removed.", open.call.name)),
        Err(store::Error::Refused(refusal)) => done(
            &site,
            &EditionDesk::Call(open.call.id).path(&edition.slug),
            &format!("Nothing was changed: {refusal}"),
        ),
        Err(other) => Err(other.into()),
    }
}
