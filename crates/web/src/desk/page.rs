//! Pages that organisers write: the list, the form with a preview, publishing, history.

use super::{
    enter, form_at,
    history::{self, Past},
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup::{self, SafeHtml},
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
    edition::Edition,
    id::WebPageId,
    page::WebPage,
    permission::{Action, Place},
    text::{RichText, Slug},
};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/pages/", get(list));
    let router = form_at(router, "/desk/{edition}/pages/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/pages/{page}/", get(page).post(save));
    at(router, "/desk/{edition}/pages/{page}/remove/", post(remove))
}

const HELP: &str = "What visitors should know beside the programme: venue, travel, code of conduct. A published page is public at once and stands in the menu.";

#[derive(Template)]
#[template(path = "desk/pages.html")]
struct Pages {
    inner: Inner,
    list: Vec<Row>,
    new: String,
    menu: String,
    released: bool,
}

struct Row {
    href: String,
    title: String,
    slug: String,
    published: bool,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditPages, &Place::edition(&edition))?;
    let pages = site.store().pages(edition.id).await?;
    let path = EditionDesk::Pages.path(&edition.slug);
    show(&Pages {
        inner: Inner::edition(&person, &edition, &path, "Pages", HELP).noticing(&site, &asked.headers),
        list: pages
            .into_iter()
            .map(|page| Row {
                href: EditionDesk::Page(page.id).path(&edition.slug),
                title: page.title.to_string(),
                slug: page.slug.to_string(),
                published: page.published,
            })
            .collect(),
        new: EditionDesk::NewPage.path(&edition.slug),
        menu: EditionDesk::Menu.path(&edition.slug),
        released: site.edition(edition.slug.as_str()).is_some(),
    })
}

#[derive(Template)]
#[template(path = "desk/page.html")]
struct PageForm {
    inner: Inner,
    form: Form,
    preview: Option<SafeHtml>,
    /// Where visitors read it, for one that they can.
    public: Option<String>,
    remove: Option<String>,
    history: Vec<Past>,
}

async fn drawn(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    page: Option<&WebPage>,
    form: Form,
) -> Result<PageForm, Failure> {
    let list = EditionDesk::Pages.path(&edition.slug);
    let title = page.map_or("New page", |page| page.title.as_str());
    let inner = Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Pages")
        .noticing(site, &asked.headers);
    let preview = (form.value("do") == "preview").then(|| preview(form.value("body")));
    let live = site.edition(edition.slug.as_str()).is_some();
    Ok(PageForm {
        inner,
        form,
        preview,
        public: page
            .filter(|page| page.published && live)
            .map(|page| Address::WebPage(page.slug.as_str()).path(&edition.slug)),
        remove: page.map(|page| format!("{}remove/", EditionDesk::Page(page.id).path(&edition.slug))),
        history: match page {
            Some(page) => history::of(site, person, edition, page.id.0).await?,
            None => vec![],
        },
    })
}

/// The text as visitors would see it.
pub(super) fn preview(body: &str) -> SafeHtml {
    markup::page(&RichText::clean(body), 3, str::to_owned).0
}

fn filled(page: &WebPage) -> Form {
    Form::default()
        .with("title", &page.title)
        .with("slug", &page.slug)
        .with("body", &page.body)
        .with("position", page.position)
        .ticked("published", page.published)
}

/// What the form says; `None` when a field is refused, which then says why.
fn read(form: &mut Form, before: &WebPage) -> Option<WebPage> {
    let title = form.line("title");
    let slug = form.read_optional("slug", Slug::parse);
    let position = form.read_optional("position", |text| {
        text.trim().parse::<i64>().ok().filter(|number| (0..=9_999).contains(number)).ok_or_else(|| {
            model::Refusal::new("position", "it is no number from 0 to 9999", "Type one or leave it empty")
        })
    });
    let body = RichText::clean(form.value("body"));
    let (title, slug, position) = (title?, slug?, position?);
    Some(WebPage {
        id: before.id,
        slug: slug.unwrap_or_else(|| Slug::from_any(&[title.as_str()], "page", Uuid::now_v7())),
        title,
        body,
        published: form.is_ticked("published"),
        position: position.unwrap_or(before.position),
    })
}

fn empty() -> WebPage {
    WebPage {
        id: WebPageId(Uuid::nil()),
        slug: Slug::from_any(&[], "page", Uuid::now_v7()),
        title: model::text::Line::default(),
        body: RichText::default(),
        published: false,
        position: 0,
    }
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditPages, &Place::edition(&edition))?;
    show(&drawn(&site, &asked, &person, &edition, None, Form::default()).await?)
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditPages, &Place::edition(&edition))?;
    if form.value("do") == "preview" {
        return show(&drawn(&site, &asked, &person, &edition, None, form).await?);
    }
    if let Some(page) = read(&mut form, &empty()) {
        match site.store().add_page(&person.subject, edition.id, page).await {
            Ok(page) => {
                let own = EditionDesk::Page(page.id).path(&edition.slug);
                return done(&site, &own, &told(&page));
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&drawn(&site, &asked, &person, &edition, None, form).await?)
}

fn told(page: &WebPage) -> String {
    let state = if page.published { "is saved, and public" } else { "is saved, and not published yet" };
    format!("The page {} {state}.", page.title)
}

async fn page(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditPages, &Place::edition(&edition))?;
    let page = find(&site, &edition, id).await?;
    show(&drawn(&site, &asked, &person, &edition, Some(&page), filled(&page)).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditPages, &Place::edition(&edition))?;
    let before = find(&site, &edition, id).await?;
    if form.value("do") == "preview" {
        return show(&drawn(&site, &asked, &person, &edition, Some(&before), form).await?);
    }
    if form.merge(&filled(&before))
        && let Some(after) = read(&mut form, &before)
    {
        let saved = site
            .store()
            .change_page(&person.subject, edition.id, before.id, |current| {
                // Between our look and this write somebody may have saved: then the form is merged once more.
                if current == before { Ok(after.clone()) } else { Err(changed()) }
            })
            .await;
        match saved {
            Ok(page) => {
                return done(&site, &EditionDesk::Page(page.id).path(&edition.slug), &told(&page));
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&drawn(&site, &asked, &person, &edition, Some(&before), form).await?)
}

/// Said when somebody saved in the same moment.
pub(super) fn changed() -> model::Refusal {
    model::Refusal::new("page", "somebody saved it in this very moment", "Save again")
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditPages, &Place::edition(&edition))?;
    let page = find(&site, &edition, id).await?;
    site.store().remove_page(&person.subject, edition.id, page.id).await?;
    let list = EditionDesk::Pages.path(&edition.slug);
    done(&site, &list, &format!("The page {} is removed.", page.title))
}

async fn find(site: &Site, edition: &Edition, id: Uuid) -> Result<WebPage, Failure> {
    let page = site.store().page(edition.id, WebPageId(id)).await?;
    page.ok_or_else(|| Failure::no("page", &id.to_string()))
}
