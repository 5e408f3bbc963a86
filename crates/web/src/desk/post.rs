//! Posts: the list, the form, publishing now or at a time, mail, Mastodon.

use super::{
    enter, form_at,
    history::{self, Past},
    page::{changed, preview},
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup::SafeHtml,
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
use jiff::Timestamp;
use model::{
    Refusal,
    address::{Address, EditionDesk},
    edition::Edition,
    id::{PostId, TrackId},
    mastodon::TootState,
    permission::{Action, Place},
    post::{Post, PostKind, Publication, Segment},
    programme::Track,
    text::{Line, RichText, Slug},
};
use store::{Audience, PostStep};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/posts/", get(list));
    let router = form_at(router, "/desk/{edition}/posts/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/posts/{post}/", get(one).post(save));
    let router = at(router, "/desk/{edition}/posts/{post}/publish/", post(publish));
    let router = at(router, "/desk/{edition}/posts/{post}/take-back/", post(take_back));
    let router = at(router, "/desk/{edition}/posts/{post}/mail/", post(mail));
    let router = at(router, "/desk/{edition}/posts/{post}/mastodon/", post(mastodon));
    at(router, "/desk/{edition}/posts/{post}/remove/", post(remove))
}

const HELP: &str = "Announcements and the blog: written as drafts, published now or at a time, then mailed to those whom they concern and put on Mastodon.";

#[derive(Template)]
#[template(path = "desk/posts.html")]
struct Posts {
    inner: Inner,
    list: Vec<Row>,
    new: Option<String>,
    mastodon: Option<String>,
    speakers: Option<String>,
    released: bool,
}

struct Row {
    href: String,
    title: String,
    kind: &'static str,
    class: &'static str,
    state: &'static str,
    when: String,
}

/// How a state is marked.
fn class(publication: Publication) -> &'static str {
    match publication {
        Publication::Draft => "",
        Publication::Scheduled(_) => "wait",
        Publication::Published(_) => "good",
    }
}

fn moment(edition: &Edition, at: Timestamp) -> String {
    edition.zone.local(at).strftime("%a %-d %b %Y %H:%M %Z").to_string()
}

fn when(edition: &Edition, publication: Publication) -> String {
    match publication {
        Publication::Draft => String::new(),
        Publication::Scheduled(at) | Publication::Published(at) => moment(edition, at),
    }
}

fn may_write(person: &Person, edition: &Edition, track: Option<TrackId>) -> bool {
    person.subject.may(Action::WritePosts, &Place::edition(edition).in_track(track)).is_ok()
}

/// Whether they may publish, schedule and mail what is about that track.
fn may_publish(person: &Person, edition: &Edition, track: Option<TrackId>) -> bool {
    person.subject.may(Action::PublishPosts, &Place::edition(edition).in_track(track)).is_ok()
}

/// Whether they may change a post as it stands: what is public or scheduled only where they may publish.
fn may_change(person: &Person, edition: &Edition, post: &Post) -> bool {
    match post.publication {
        Publication::Draft => may_write(person, edition, post.track),
        _ => may_publish(person, edition, post.track),
    }
}

/// The tracks about which somebody may write, and `None` where they may write about everything.
async fn tracks(
    site: &Site,
    person: &Person,
    edition: &Edition,
) -> Result<Vec<(Option<TrackId>, String)>, Failure> {
    let programme = site.store().programme(edition.id).await?;
    let tracks: Vec<Track> = programme.map(|programme| programme.tracks).unwrap_or_default();
    let whole = may_write(person, edition, None).then(|| (None, "The whole conference".to_owned()));
    let own = tracks
        .into_iter()
        .filter(|track| may_write(person, edition, Some(track.id)))
        .map(|track| (Some(track.id), track.name.to_string()));
    Ok(whole.into_iter().chain(own).collect())
}

/// The page of the edition's Mastodon account, for somebody who may open it.
fn mastodon_page(person: &Person, edition: &Edition) -> Option<String> {
    let may = person.subject.may(Action::EditEdition, &Place::edition(edition)).is_ok();
    may.then(|| EditionDesk::Mastodon.path(&edition.slug))
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    if !person.subject.may_within(Action::WritePosts, &edition) {
        person.may(Action::WritePosts, &Place::edition(&edition))?;
    }
    let posts = site.store().posts(edition.id).await?;
    let path = EditionDesk::Posts.path(&edition.slug);
    show(&Posts {
        inner: Inner::edition(&person, &edition, &path, "Posts", HELP).noticing(&site, &asked.headers),
        list: posts
            .into_iter()
            .filter(|post| may_write(&person, &edition, post.track))
            .map(|post| Row {
                href: EditionDesk::Post(post.id).path(&edition.slug),
                title: post.title.to_string(),
                kind: post.kind.shown(),
                class: class(post.publication),
                state: post.publication.shown(),
                when: when(&edition, post.publication),
            })
            .collect(),
        new: Some(EditionDesk::NewPost.path(&edition.slug)),
        mastodon: mastodon_page(&person, &edition),
        speakers: person
            .subject
            .may(Action::EditProgramme, &Place::edition(&edition))
            .is_ok()
            .then(|| EditionDesk::SpeakerAccounts.path(&edition.slug)),
        released: site.edition(edition.slug.as_str()).is_some(),
    })
}

#[derive(Template)]
#[template(path = "desk/post.html")]
struct PostPage {
    inner: Inner,
    form: Form,
    schedule: Form,
    audience: Form,
    kinds: Vec<(String, String)>,
    tracks: Vec<(String, String)>,
    segments: Vec<(String, String)>,
    audiences: Vec<(String, String)>,
    may_write: bool,
    preview: Option<SafeHtml>,
    own: Option<Own>,
    history: Vec<Past>,
}

/// What the page shows of a post that exists.
struct Own {
    here: String,
    class: &'static str,
    state: &'static str,
    when: String,
    public: Option<String>,
    published: bool,
    scheduled: bool,
    may_publish: bool,
    zone_hint: String,
    count: Option<Audience>,
    sent: u64,
    toot: Option<TootView>,
    has_mastodon: bool,
    /// Where the account is entered, for somebody who may.
    mastodon: Option<String>,
}

struct TootView {
    class: &'static str,
    state: &'static str,
    when: String,
    url: Option<String>,
    answer: String,
    failed: bool,
}

/// The forms of a post's page.
#[derive(Default)]
struct Forms {
    text: Form,
    schedule: Form,
    audience: Form,
    count: Option<Audience>,
}

impl Forms {
    fn of(edition: &Edition, post: &Post) -> Self {
        let at = match post.publication {
            Publication::Scheduled(at) => edition.zone.local(at).strftime("%Y-%m-%dT%H:%M").to_string(),
            _ => String::new(),
        };
        Self { text: filled(post), schedule: Form::default().with("publish_at", at), ..Self::default() }
    }
}

/// The segments that can be chosen, with the names of their fields behind `prefix`.
fn segments(prefix: &str) -> Vec<(String, Segment)> {
    Segment::all().into_iter().map(|segment| (field(prefix, segment), segment)).collect()
}

/// Those of them whose boxes are ticked.
fn chosen(form: &Form, prefix: &str) -> Vec<Segment> {
    segments(prefix)
        .into_iter()
        .filter(|(name, _)| form.is_ticked(name))
        .map(|(_, segment)| segment)
        .collect()
}

/// The name of a segment's field: what may stand in an identifier of HTML.
fn field(prefix: &str, segment: Segment) -> String {
    format!("{prefix}-{}", segment.word().replace(':', "-"))
}

async fn drawn(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    post: Option<&Post>,
    forms: Forms,
) -> Result<PostPage, Failure> {
    let list = EditionDesk::Posts.path(&edition.slug);
    let title = post.map_or("New post", |post| post.title.as_str());
    let shown = |list: Vec<(String, Segment)>| {
        list.into_iter().map(|(name, segment)| (name, segment.shown())).collect()
    };
    let own = match post {
        Some(post) => Some(own(site, person, edition, post, forms.count).await?),
        None => None,
    };
    let may_write = post.is_none_or(|post| may_change(person, edition, post));
    let body = match post {
        Some(post) if !may_write => Some(post.body.as_str()),
        _ => (forms.text.value("do") == "preview").then(|| forms.text.value("body")),
    };
    Ok(PostPage {
        inner: Inner::edition(person, edition, &list, title, HELP)
            .below(list.clone(), "Posts")
            .noticing(site, &asked.headers),
        preview: body.map(preview),
        form: forms.text,
        schedule: forms.schedule,
        audience: forms.audience,
        kinds: PostKind::ALL.map(|kind| (kind.as_str().to_owned(), kind.shown().to_owned())).to_vec(),
        tracks: tracks(site, person, edition)
            .await?
            .into_iter()
            .map(|(id, name)| (id.map(|id| id.to_string()).unwrap_or_default(), name))
            .collect(),
        segments: shown(segments("to")),
        audiences: shown(segments("mail")),
        may_write,
        own,
        history: match post {
            Some(post) => history::of(site, person, edition, post.id.0).await?,
            None => vec![],
        },
    })
}

async fn own(
    site: &Site,
    person: &Person,
    edition: &Edition,
    post: &Post,
    count: Option<Audience>,
) -> Result<Own, Failure> {
    let toot = site.store().toot(edition.id, post.id).await?.map(|toot| {
        let (class, state, at, url) = match toot.state {
            TootState::Waiting { next } => ("wait", "Waiting", next, None),
            TootState::Published { at, url } => ("good", "Published", at, url),
            TootState::Failed { at } => ("bad", "Failed", at, None),
        };
        TootView {
            class,
            state,
            when: moment(edition, at),
            url: url.map(|url| url.to_string()),
            answer: toot.answer.to_string(),
            failed: class == "bad",
        }
    });
    let published = post.published().is_some();
    let live = site.edition(edition.slug.as_str()).is_some();
    Ok(Own {
        here: EditionDesk::Post(post.id).path(&edition.slug),
        class: class(post.publication),
        state: post.publication.shown(),
        when: when(edition, post.publication),
        public: (published && live).then(|| Address::Post(post.slug.as_str()).path(&edition.slug)),
        published,
        scheduled: matches!(post.publication, Publication::Scheduled(_)),
        may_publish: may_publish(person, edition, post.track),
        zone_hint: format!("On the clocks of {}.", edition.zone.name().replace('_', " ")),
        count,
        sent: site.store().post_mails(edition.id, post.id).await?,
        toot,
        has_mastodon: site.store().mastodon(edition.id).await?.is_some(),
        mastodon: mastodon_page(person, edition),
    })
}

fn filled(post: &Post) -> Form {
    let form = Form::default()
        .with("title", &post.title)
        .with("kind", post.kind.as_str())
        .with("track", post.track.map(|id| id.to_string()).unwrap_or_default())
        .with("slug", &post.slug)
        .with("author", &post.author)
        .with("summary", &post.summary)
        .with("body", &post.body)
        .ticked("mastodon", post.mastodon);
    post.mail_to.iter().fold(form, |form, segment| form.ticked(&field("to", *segment), true))
}

/// What the form says; `None` when a field is refused, which then says why.
async fn read(
    site: &Site,
    person: &Person,
    edition: &Edition,
    form: &mut Form,
    before: &Post,
) -> Result<Option<Post>, Failure> {
    let allowed = tracks(site, person, edition).await?;
    let mail_to = chosen(form, "to");
    let title = form.line("title");
    let slug = form.read_optional("slug", Slug::parse);
    let kind = form.read("kind", |word| {
        PostKind::parse(word).ok_or_else(|| Refusal::new("kind", "none was chosen", "Choose one"))
    });
    let track = form.read("track", |text| {
        let wanted = Uuid::try_parse(text.trim()).ok().map(TrackId);
        let known = allowed.iter().any(|(id, _)| *id == wanted);
        known
            .then_some(wanted)
            .ok_or_else(|| Refusal::new("track", "you may not write about that", "Choose one of the list"))
    });
    let (Some(title), Some(slug), Some(kind), Some(track)) = (title, slug, kind, track) else {
        return Ok(None);
    };
    Ok(Some(Post {
        slug: slug.unwrap_or_else(|| Slug::from_any(&[title.as_str()], "post", Uuid::now_v7())),
        title,
        kind,
        track,
        summary: Line::clean(form.value("summary")),
        body: RichText::clean(form.value("body")),
        author: Line::clean(form.value("author")),
        mail_to,
        mastodon: form.is_ticked("mastodon"),
        ..before.clone()
    }))
}

fn blank(site: &Site) -> Post {
    Post::draft(PostId(Uuid::now_v7()), site.now())
}

/// The edition, for somebody who may write about it or a part of it.
async fn writing(site: &Site, person: &Person, slug: &str) -> Result<Edition, Failure> {
    let edition = enter(site, person, slug).await?;
    if !person.subject.may_within(Action::WritePosts, &edition) {
        person.may(Action::WritePosts, &Place::edition(&edition))?;
    }
    person.subject.may_write().map_err(Failure::Forbidden)?;
    Ok(edition)
}

/// The edition and one of its posts. To those who may not write about its track there is none.
async fn find(site: &Site, person: &Person, slug: &str, id: Uuid) -> Result<(Edition, Post), Failure> {
    let edition = enter(site, person, slug).await?;
    let post = site.store().post(edition.id, PostId(id)).await?;
    let post = post.filter(|post| may_write(person, &edition, post.track));
    Ok((edition, post.ok_or_else(|| Failure::no("post", &id.to_string()))?))
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = writing(&site, &person, &slug).await?;
    let form = filled(&Post { author: person.signed.account.name.clone(), ..blank(&site) });
    let mut form = form;
    form.put("slug", "");
    show(&drawn(&site, &asked, &person, &edition, None, Forms { text: form, ..Forms::default() }).await?)
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = writing(&site, &person, &slug).await?;
    if form.value("do") == "preview" {
        let forms = Forms { text: form, ..Forms::default() };
        return show(&drawn(&site, &asked, &person, &edition, None, forms).await?);
    }
    if let Some(post) = read(&site, &person, &edition, &mut form, &blank(&site)).await? {
        match site.store().add_post(&person.subject, edition.id, post).await {
            Ok(post) => {
                let own = EditionDesk::Post(post.id).path(&edition.slug);
                return done(&site, &own, "The draft is saved. Nobody sees it until it is published.");
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&drawn(&site, &asked, &person, &edition, None, Forms { text: form, ..Forms::default() }).await?)
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let (edition, post) = find(&site, &person, &slug, id).await?;
    show(&drawn(&site, &asked, &person, &edition, Some(&post), Forms::of(&edition, &post)).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let (edition, before) = find(&site, &person, &slug, id).await?;
    if !may_change(&person, &edition, &before) {
        person.may(Action::PublishPosts, &Place::edition(&edition).in_track(before.track))?;
    }
    let forms = |text: Form| Forms { text, ..Forms::of(&edition, &before) };
    if form.value("do") == "preview" {
        return show(&drawn(&site, &asked, &person, &edition, Some(&before), forms(form)).await?);
    }
    if form.merge(&filled(&before))
        && let Some(after) = read(&site, &person, &edition, &mut form, &before).await?
    {
        let saved = site
            .store()
            .change_post(&person.subject, edition.id, before.id, |current| {
                if current == before { Ok(after.clone()) } else { Err(changed()) }
            })
            .await;
        match saved {
            Ok(post) => {
                let own = EditionDesk::Post(post.id).path(&edition.slug);
                return done(&site, &own, "The post is saved.");
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&drawn(&site, &asked, &person, &edition, Some(&before), forms(form)).await?)
}

async fn publish(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let (edition, post) = find(&site, &person, &slug, id).await?;
    person.may(Action::PublishPosts, &Place::edition(&edition).in_track(post.track))?;
    let step = match form.value("do") {
        "at" => form.instant("publish_at", &edition.zone).map(PostStep::Schedule),
        "back" => Some(PostStep::TakeBack),
        _ => Some(PostStep::Publish),
    };
    if let Some(step) = step {
        let stepped =
            site.store().step_post(&person.subject, edition.id, post.id, step, site.base_url()).await;
        match stepped {
            Ok(stepped) => {
                let told = match stepped.post.publication {
                    Publication::Published(_) if stepped.mails > 0 => {
                        format!("The post is public, and {} mails are on their way.", stepped.mails)
                    }
                    Publication::Published(_) => "The post is public.".to_owned(),
                    Publication::Scheduled(at) => {
                        format!("The post will be published {}.", moment(&edition, at))
                    }
                    Publication::Draft => "The post is a draft again.".to_owned(),
                };
                return done(&site, &EditionDesk::Post(post.id).path(&edition.slug), &told);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    let forms = Forms { schedule: form, ..Forms::of(&edition, &post) };
    again(&drawn(&site, &asked, &person, &edition, Some(&post), forms).await?)
}

async fn take_back(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let (edition, post) = find(&site, &person, &slug, id).await?;
    person.may(Action::PublishPosts, &Place::edition(&edition).in_track(post.track))?;
    let step = PostStep::TakeBack;
    site.store().step_post(&person.subject, edition.id, post.id, step, site.base_url()).await?;
    let own = EditionDesk::Post(post.id).path(&edition.slug);
    done(&site, &own, "The post is a draft again, and gone from the public pages.")
}

/// Counts whom a choice of segments reaches, or mails the post to them.
async fn mail(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let (edition, post) = find(&site, &person, &slug, id).await?;
    person.may(Action::PublishPosts, &Place::edition(&edition).in_track(post.track))?;
    let chosen = chosen(&form, "mail");
    if form.value("do") == "send" {
        let mails =
            site.store().mail_post(&person.subject, edition.id, post.id, &chosen, site.base_url()).await?;
        let own = EditionDesk::Post(post.id).path(&edition.slug);
        return done(&site, &own, &format!("{mails} mails are on their way."));
    }
    let count = site.store().audience(&edition, &post, &chosen).await?;
    let forms = Forms { audience: form, count: Some(count), ..Forms::of(&edition, &post) };
    show(&drawn(&site, &asked, &person, &edition, Some(&post), forms).await?)
}

async fn mastodon(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let (edition, post) = find(&site, &person, &slug, id).await?;
    person.may(Action::PublishPosts, &Place::edition(&edition).in_track(post.track))?;
    site.store().toot_post(&person.subject, edition.id, post.id).await?;
    let own = EditionDesk::Post(post.id).path(&edition.slug);
    done(&site, &own, "It is on its way to Mastodon. Load the page again in a moment to see what came of it.")
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let (edition, post) = find(&site, &person, &slug, id).await?;
    if !may_change(&person, &edition, &post) {
        person.may(Action::PublishPosts, &Place::edition(&edition).in_track(post.track))?;
    }
    site.store().remove_post(&person.subject, edition.id, post.id).await?;
    done(&site, &EditionDesk::Posts.path(&edition.slug), &format!("The post {} is removed.", post.title))
}
