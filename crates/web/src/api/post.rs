//! Posts: writing them, publishing them now or at a time, mailing them, putting them on Mastodon.

use super::{
    answer::{self, Answer, Seen},
    body::Json,
    caller::Caller,
    fault::Fault,
    field::{line, same_words, slug},
    programme,
    resource::{self, Change, Desk, Nothing, Removable, Resource, Said, reading, writing},
};
use crate::site::Site;
use axum::extract::{Path, State as Held};
use jiff::Timestamp;
use model::{
    Refusal,
    edition::Edition,
    id::{PostId, TrackId},
    permission::{Action, Place},
    post::{self, Publication, Segment},
    text::{Line, RichText},
};
use serde::{Deserialize, Serialize};
use store::PostStep;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, remove))
        .routes(routes!(publish))
        .routes(routes!(take_back))
        .routes(routes!(audience))
        .routes(routes!(mail))
        .routes(routes!(toot))
}

reading!(
    Post, "Site", "/api/v1/editions/{edition}/posts", "/api/v1/editions/{edition}/posts/{id}" by "Its identifier or slug",
    [] [],
    "listPosts": "Lists posts: those that are published, and the others for those who may write them.",
    "getPost": "Shows a post.",
);
writing!(
    Post by PostInput, "Site",
    "/api/v1/editions/{edition}/posts", "/api/v1/editions/{edition}/posts/{id}" by "Its identifier or slug",
    "createPost": "Adds a post as a draft.",
    "changePost": "Changes a post. One that is public or scheduled is changed by those who may publish.",
    "removePost": "Removes a post. One that is public or scheduled is removed by those who may publish.",
);

/// An announcement or an entry of the blog.
#[derive(Debug, Serialize, ToSchema)]
struct Post {
    /// Its identifier.
    id: Uuid,
    /// What was written.
    #[serde(flatten)]
    input: PostInput,
    /// Whether it is public.
    state: PostState,
    /// When it was or will be published; null for a draft.
    #[schema(value_type = Option<String>, format = DateTime)]
    published: Option<Timestamp>,
}

/// Whether a post is public.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PostState {
    /// It is being written.
    Draft,
    /// It will be published.
    Scheduled,
    /// It is public.
    Published,
}

/// What one decides of a post.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct PostInput {
    /// Its title.
    #[schema(min_length = 1, max_length = 300)]
    title: String,
    /// Its place in its address; made from the title where it is left out.
    #[serde(default)]
    slug: Option<String>,
    /// What kind of post it is, which decides which list its mail goes to.
    #[serde(default)]
    kind: PostKind,
    /// The track that it is about, whose leads may write it; null for the whole conference.
    #[serde(default)]
    track: Option<Uuid>,
    /// A sentence or two for lists and feeds.
    #[serde(default)]
    summary: String,
    /// Its text. Markdown.
    #[serde(default)]
    body: String,
    /// Who is named as its author; empty for the organisers.
    #[serde(default)]
    author: String,
    /// To whom it is mailed when it is published, in the words of the operation mailPost. Shown to those who may write it.
    #[serde(default)]
    mail_to: Vec<String>,
    /// Whether it is put on Mastodon when it is published. Shown to those who may write it.
    #[serde(default)]
    mastodon: bool,
}

/// What kind of post it is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PostKind {
    /// What everybody concerned should know.
    #[default]
    Announcement,
    /// An entry of the blog.
    Blog,
}

same_words!(PostKind = post::PostKind { Announcement, Blog });

impl PostInput {
    /// The post that it decides, in the place of `present`.
    fn read(&self, present: &post::Post) -> Result<post::Post, Refusal> {
        let title = line("title", &self.title)?;
        Ok(post::Post {
            slug: slug(self.slug.as_deref(), &title, "post", present.id.0)?,
            title,
            kind: self.kind.into(),
            track: self.track.map(TrackId),
            summary: Line::clean(&self.summary),
            body: RichText::clean(&self.body),
            author: Line::clean(&self.author),
            mail_to: segments("mail_to", &self.mail_to)?,
            mastodon: self.mastodon,
            ..present.clone()
        })
    }
}

/// The people whom words mean.
fn segments(field: &str, words: &[String]) -> Result<Vec<Segment>, Refusal> {
    let segment = |word: &String| {
        let all = || Segment::all().iter().map(Segment::word).collect::<Vec<_>>().join(", ");
        Segment::parse(word).ok_or_else(|| {
            let word = model::text::excerpt(word, 40);
            Refusal::new(field, format!("nobody is called \"{word}\""), format!("Give some of {}", all()))
        })
    };
    words.iter().map(segment).collect()
}

impl Post {
    /// As it is shown, with what concerns only those who may write it.
    fn written(post: &post::Post) -> Self {
        let (state, published) = match post.publication {
            Publication::Draft => (PostState::Draft, None),
            Publication::Scheduled(at) => (PostState::Scheduled, Some(at)),
            Publication::Published(at) => (PostState::Published, Some(at)),
        };
        Self {
            id: post.id.0,
            input: PostInput {
                title: post.title.to_string(),
                slug: Some(post.slug.to_string()),
                kind: post.kind.into(),
                track: post.track.map(|track| track.0),
                summary: post.summary.to_string(),
                body: post.body.to_string(),
                author: post.author.to_string(),
                mail_to: post.mail_to.iter().map(Segment::word).collect(),
                mastodon: post.mastodon,
            },
            state,
            published,
        }
    }

    /// As that caller sees it; `None` when they do not.
    fn seen_by(caller: &Caller, edition: &Edition, post: &post::Post) -> Option<Self> {
        let shown = Self::written(post);
        if caller.may_read(Action::WritePosts, &Place::edition(edition).in_track(post.track)).is_ok() {
            return Some(shown);
        }
        let input = PostInput { mail_to: vec![], mastodon: false, ..shown.input };
        post.published().map(|_| Self { input, ..shown })
    }

    /// The post as the record has it, for somebody who may write about its track. To others there is none.
    async fn held(desk: &Desk, key: &str) -> Result<post::Post, Fault> {
        let place = |post: &post::Post| Place::edition(&desk.edition).in_track(post.track);
        let posts = desk.site.store().posts(desk.edition.id).await?;
        let found = posts
            .into_iter()
            .find(|post| post.slug.as_str() == key || resource::is_id(post.id.0, key))
            .filter(|post| desk.caller.may(Action::WritePosts, &place(post)).is_ok());
        found.ok_or_else(|| Fault::none(Self::ONE, key))
    }

    /// Refuses whoever may not change the post as it stands: what is public or scheduled only those who may publish.
    fn may_change(desk: &Desk, post: &post::Post) -> Result<(), Fault> {
        let action = match post.publication {
            Publication::Draft => Action::WritePosts,
            Publication::Scheduled(_) | Publication::Published(_) => Action::PublishPosts,
        };
        desk.caller.may(action, &Place::edition(&desk.edition).in_track(post.track))
    }

    /// The post, for somebody who may publish it.
    async fn to_publish(
        site: Site,
        caller: Caller,
        (edition, key): (String, String),
    ) -> Result<(Desk, post::Post), Fault> {
        let desk = Desk::enter(site, caller, &edition).await?;
        let post = Self::held(&desk, &key).await?;
        desk.caller.may(Action::PublishPosts, &Place::edition(&desk.edition).in_track(post.track))?;
        Ok((desk, post))
    }
}

impl Resource for Post {
    type Input = PostInput;
    type Wanted = Nothing;

    const ONE: &'static str = "post";
    const LIST: &'static str = "posts";

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &PostInput {
        &self.input
    }

    fn is(&self, key: &str) -> bool {
        self.input.slug.as_deref() == Some(key) || resource::is_id(self.id, key)
    }

    async fn all(site: &Site, caller: &Caller, edition: &str, _: &Nothing) -> Result<Vec<Self>, Fault> {
        let edition = programme::known(site, caller, edition).await?.edition;
        let posts = site.store().posts(edition.id).await?;
        Ok(posts.iter().filter_map(|post| Self::seen_by(caller, &edition, post)).collect())
    }

    async fn add(desk: &Desk, input: &PostInput) -> Result<Self, Fault> {
        let track = input.track.map(TrackId);
        desk.caller.may(Action::WritePosts, &Place::edition(&desk.edition).in_track(track))?;
        let new = input.read(&post::Post::draft(PostId(Uuid::now_v7()), desk.site.now()))?;
        let post = desk.site.store().add_post(&desk.caller.subject, desk.edition.id, new).await?;
        Ok(Self::written(&post))
    }

    async fn change(desk: &Desk, key: &str, change: &Change) -> Result<Self, Fault> {
        let id = Self::held(desk, key).await?.id;
        let said = Said::default();
        let rule = |post: post::Post| {
            let changed = || {
                Self::may_change(desk, &post)?;
                let changed = change.of(&Self::written(&post))?.read(&post)?;
                // Who gives it to another track needs the right there too.
                Self::may_change(desk, &changed).map(|()| changed)
            };
            said.keep(changed())
        };
        let done = desk.site.store().change_post(&desk.caller.subject, desk.edition.id, id, rule).await;
        said.outcome(done).map(|post| Self::written(&post))
    }
}

impl Removable for Post {
    async fn remove(desk: &Desk, key: &str, seen: &Seen) -> Result<(), Fault> {
        let post = Self::held(desk, key).await?;
        Self::may_change(desk, &post)?;
        seen.check(&Self::written(&post))?;
        desk.site.store().remove_post(&desk.caller.subject, desk.edition.id, post.id).await?;
        Ok(())
    }
}

/// When a post is to be public.
#[derive(Debug, Deserialize, ToSchema)]
struct Publishing {
    /// When; at once where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// A post after a step, and what went out with it.
#[derive(Debug, Serialize, ToSchema)]
struct SteppedPost {
    /// The post as it is now.
    post: Post,
    /// How many mails were queued.
    mails: usize,
}

async fn step((desk, post): (Desk, post::Post), step: PostStep) -> Answer {
    let store = desk.site.store();
    let base = desk.site.base_url();
    let stepped = store.step_post(&desk.caller.subject, desk.edition.id, post.id, step, base).await?;
    answer::changed(&SteppedPost { post: Post::written(&stepped.post), mails: stepped.mails })
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/posts/{id}/publish", operation_id = "publishPost", tag = "Site",
    summary = "Publishes a post now or at a time; with it go its mail and its way to Mastodon.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or slug"),
    ),
    request_body = Publishing,
    responses((status = 200, description = "The post as it is now", body = SteppedPost)),
    security(("token" = [])),
)]
async fn publish(
    Held(site): Held<Site>,
    caller: Caller,
    Path(at): Path<(String, String)>,
    Json(when): Json<Publishing>,
) -> Answer {
    let found = Post::to_publish(site, caller, at).await?;
    step(found, when.at.map_or(PostStep::Publish, PostStep::Schedule)).await
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/posts/{id}/take-back", operation_id = "takeBackPost", tag = "Site",
    summary = "Makes a draft of a post again. What was mailed stays mailed.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or slug"),
    ),
    responses((status = 200, description = "The post as it is now", body = SteppedPost)),
    security(("token" = [])),
)]
async fn take_back(Held(site): Held<Site>, caller: Caller, Path(at): Path<(String, String)>) -> Answer {
    step(Post::to_publish(site, caller, at).await?, PostStep::TakeBack).await
}

/// To whom a post is mailed.
#[derive(Debug, Deserialize, ToSchema)]
struct Recipients {
    /// Some of `registered`, `registered:attendee` and so on by type of registration, `speakers`, `leads`, `organisers`
    /// and `subscribers`.
    to: Vec<String>,
}

/// How many people a post would reach.
#[derive(Debug, Serialize, ToSchema)]
struct PostAudience {
    /// So many would get a mail.
    reach: usize,
    /// So many have got it already.
    known: usize,
    /// So many have left the list, or take no mail at all.
    left: usize,
}

/// How many mails were queued.
#[derive(Debug, Serialize, ToSchema)]
struct Mailed {
    /// How many.
    mails: usize,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/posts/{id}/audience", operation_id = "countPostAudience", tag = "Site",
    summary = "Counts whom a mail of the post would reach, and sends none.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or slug"),
    ),
    request_body = Recipients,
    responses((status = 200, description = "How many they are", body = PostAudience)),
    security(("token" = [])),
)]
async fn audience(
    Held(site): Held<Site>,
    caller: Caller,
    Path(at): Path<(String, String)>,
    Json(wanted): Json<Recipients>,
) -> Answer {
    let (desk, post) = Post::to_publish(site, caller, at).await?;
    let to = segments("to", &wanted.to)?;
    let store::Audience { reach, known, left } =
        desk.site.store().audience(&desk.edition, &post, &to).await?;
    answer::changed(&PostAudience { reach, known, left })
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/posts/{id}/mail", operation_id = "mailPost", tag = "Site",
    summary = "Mails a published post to more people. Nobody gets it twice.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or slug"),
    ),
    request_body = Recipients,
    responses((status = 200, description = "How many mails are on their way", body = Mailed)),
    security(("token" = [])),
)]
async fn mail(
    Held(site): Held<Site>,
    caller: Caller,
    Path(at): Path<(String, String)>,
    Json(wanted): Json<Recipients>,
) -> Answer {
    let (desk, post) = Post::to_publish(site, caller, at).await?;
    let to = segments("to", &wanted.to)?;
    let (store, base) = (desk.site.store(), desk.site.base_url());
    let mails = store.mail_post(&desk.caller.subject, desk.edition.id, post.id, &to, base).await?;
    answer::changed(&Mailed { mails })
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/posts/{id}/mastodon", operation_id = "tootPost", tag = "Site",
    summary = "Puts a published post on Mastodon, or tries again what failed.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or slug"),
    ),
    responses((status = 204, description = "It is on its way")),
    security(("token" = [])),
)]
async fn toot(Held(site): Held<Site>, caller: Caller, Path(at): Path<(String, String)>) -> Answer {
    let (desk, post) = Post::to_publish(site, caller, at).await?;
    desk.site.store().toot_post(&desk.caller.subject, desk.edition.id, post.id).await?;
    answer::nothing()
}
