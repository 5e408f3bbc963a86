//! What surrounds the pages for people who are signed in, and those on the way there: head, navigation, notice.
//!
//! Such a page is drawn for one person at one moment and kept nowhere. Its template extends `inner.html` and has a
//! field `inner: Inner`.

use crate::{
    assets, cookies,
    error::Failure,
    headers::{self, Policy},
    page::{Anchor, PageError},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    body::Body as HttpBody,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{
    address::{Account, Desk, EditionDesk},
    edition::Edition,
    permission::{Action, Place, Subject},
};

/// The answer of a handler.
pub(crate) type Answer = Result<Response<HttpBody>, Failure>;

/// A page of an edition's desk, what it is called, and what one must be allowed to see it, and where.
type Entry = (EditionDesk, &'static str, Action, Within);

/// Where in an edition one must be allowed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// In all of it.
    Edition,
    /// In some part of it, such as a track.
    Part,
}

/// The cookie that carries a notice over a redirect.
const NOTICE: &str = "notice";

/// What the signature of a notice is for.
const PURPOSE: &str = "notice";

/// The frame of a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inner {
    /// The heading, and the title of the document.
    pub(crate) title: String,
    /// What the page is for, in a sentence or two.
    pub(crate) help: String,
    /// Where the assets are.
    pub(crate) assets: &'static str,
    /// Whose desk or account it is; `None` on the way to signing in.
    pub(crate) who: Option<String>,
    /// As whom somebody views, reading only.
    pub(crate) viewing_as: Option<String>,
    /// The edition's title, on the desk of one, and the way to its public pages and its desk.
    pub(crate) edition: Option<EditionLinks>,
    /// The navigation, by section.
    pub(crate) nav: Vec<Section>,
    /// The way up, on pages below a list.
    pub(crate) crumbs: Vec<Anchor>,
    /// What was just done.
    pub(crate) notice: Option<String>,
    /// ES modules of the page, by the names of their assets.
    pub(crate) scripts: Vec<&'static str>,
    /// Whether the page is one narrow column, as for signing in.
    pub(crate) narrow: bool,
}

/// The edition of a desk.
#[derive(Clone, Debug)]
pub(crate) struct EditionLinks {
    pub(crate) title: String,
    pub(crate) home: String,
    pub(crate) desk: String,
}

/// Some links of the navigation under a heading.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) links: Vec<Anchor>,
}

impl Inner {
    /// The frame of a page for somebody who is not signed in.
    pub(crate) fn outside(title: &str, help: &str) -> Self {
        Self {
            title: title.to_owned(),
            help: help.to_owned(),
            assets: assets::base(),
            narrow: true,
            ..Self::default()
        }
    }

    /// The frame of a page of an edition's public side that knows who looks at it.
    pub(crate) fn public(person: Option<&Person>, edition: &Edition, title: &str, help: &str) -> Self {
        let home = model::address::Address::Home.path(&edition.slug);
        let links = EditionLinks { title: edition.title.to_string(), desk: home.clone(), home };
        let inner = Self { narrow: false, edition: Some(links), ..Self::outside(title, help) };
        match person {
            Some(person) => inner.of(person),
            None => inner,
        }
    }

    /// The frame of a page of one's own account. `path` is the page's own.
    pub(crate) fn account(person: &Person, path: &str, title: &str, help: &str) -> Self {
        let pages = [
            (Account::Profile, "Profile"),
            (Account::Proposals, "Proposals"),
            (Account::Identities, "Addresses and accounts"),
            (Account::Security, "Signing in"),
            (Account::Notifications, "Mail to you"),
            (Account::Tokens, "Tokens for programs"),
            (Account::Merge, "Merge accounts"),
            (Account::History, "History"),
            (Account::Data, "Your data"),
        ];
        let links = pages.into_iter().map(|(page, text)| link(page.path(), text, path)).collect();
        let mut nav = vec![Section { title: "Your account".to_owned(), links }];
        if sees_a_desk(&person.subject) {
            nav.push(Section {
                title: "Conferences".to_owned(),
                links: vec![link(Desk::Home.path(), "The committee's desk", path)],
            });
        }
        Self { narrow: false, nav, ..Self::outside(title, help) }.of(person)
    }

    /// The frame of a page of the desk that belongs to no edition.
    pub(crate) fn desk(person: &Person, path: &str, title: &str, help: &str) -> Self {
        let nav = vec![everywhere(&person.subject, path)];
        Self { narrow: false, nav, ..Self::outside(title, help) }.of(person)
    }

    /// The frame of a page of an edition's desk.
    pub(crate) fn edition(person: &Person, edition: &Edition, path: &str, title: &str, help: &str) -> Self {
        use EditionDesk as D;
        use Within::{Edition as Whole, Part};
        let subject = &person.subject;
        let place = Place::edition(edition);
        let pages: [(&str, &[Entry]); 6] = [
            (
                "Programme",
                &[
                    (D::Home, "Overview", Action::SeeDesk, Part),
                    (D::Sessions, "Sessions", Action::SeeDesk, Part),
                    (D::Persons, "Persons", Action::SeeDesk, Part),
                    (D::Tracks, "Tracks", Action::SeeDesk, Part),
                    (D::Rooms, "Rooms", Action::SeeDesk, Part),
                    (D::SessionTypes, "Session types", Action::SeeDesk, Part),
                    (D::Release, "Release", Action::SeeDesk, Part),
                ],
            ),
            (
                "Calls",
                &[
                    (D::ToDo, "To do", Action::SeeProposals, Part),
                    (D::Proposals, "Proposals", Action::SeeProposals, Part),
                    (D::Microconferences, "Microconferences", Action::SeeProposals, Part),
                    (D::Assignments, "Assignments", Action::DecideProposals, Part),
                    (D::Sitting, "Meeting", Action::SeeProposals, Part),
                    (D::Calls, "Calls", Action::ManageCalls, Part),
                    (D::Partners, "Partners", Action::ManageCalls, Whole),
                ],
            ),
            ("On the day", &[(D::Live, "Live rooms", Action::ModerateRoom, Part)]),
            (
                "Site",
                &[
                    (D::Posts, "Posts", Action::WritePosts, Part),
                    (D::Pages, "Pages", Action::EditPages, Whole),
                    (D::Menu, "Menu", Action::EditPages, Whole),
                    (D::Sponsors, "Sponsors", Action::EditSponsors, Whole),
                ],
            ),
            (
                "People",
                &[
                    (D::Registrations, "Registrations", Action::SeeRegistrations, Whole),
                    (D::Grants, "Roles", Action::SeePeople, Whole),
                    (D::Mail, "Mail", Action::ManageMail, Whole),
                ],
            ),
            (
                "Edition",
                &[
                    (D::Settings, "Settings", Action::EditEdition, Whole),
                    (D::Dates, "Dates", Action::PlanDates, Whole),
                    (D::Hours, "Hours", Action::PlanDates, Whole),
                    (D::Copy, "Next edition", Action::CreateEdition, Whole),
                    (D::Log, "Log", Action::SeeLog, Whole),
                ],
            ),
        ];
        let mut nav: Vec<Section> = pages
            .into_iter()
            .map(|(title, pages)| Section {
                title: title.to_owned(),
                links: pages
                    .iter()
                    .filter(|(_, _, action, within)| match within {
                        Whole => subject.may(*action, &place).is_ok(),
                        Part => subject.may_within(*action, edition),
                    })
                    .map(|(page, text, ..)| link(page.path(&edition.slug), text, path))
                    .collect(),
            })
            .collect();
        nav.push(everywhere(subject, path));
        nav.retain(|section| !section.links.is_empty());
        let links = EditionLinks {
            title: edition.title.to_string(),
            home: model::address::Address::Home.path(&edition.slug),
            desk: D::Home.path(&edition.slug),
        };
        Self { narrow: false, nav, edition: Some(links), ..Self::outside(title, help) }.of(person)
    }

    /// Where in the navigation the page stands.
    pub(crate) fn here(&self) -> Option<&Anchor> {
        self.nav.iter().flat_map(|section| &section.links).find(|link| link.current)
    }

    fn of(mut self, person: &Person) -> Self {
        self.who = Some(person.signed.account.name.to_string());
        self.viewing_as = person.signed.viewing_as.as_ref().map(|account| account.name.to_string());
        self
    }

    /// With the way up to the list that the page's thing stands in.
    #[must_use]
    pub(crate) fn below(mut self, path: String, text: &str) -> Self {
        self.crumbs.push(Anchor { href: path, text: text.to_owned(), current: false });
        self
    }

    /// With a script.
    #[must_use]
    pub(crate) fn script(mut self, name: &'static str) -> Self {
        self.scripts.push(name);
        self
    }

    /// With the notice that the last answer sent along.
    #[must_use]
    pub(crate) fn noticing(mut self, site: &Site, headers: &HeaderMap) -> Self {
        self.notice = notice_in(site, headers);
        self
    }
}

/// Whether somebody has a desk to go to.
pub(crate) fn sees_a_desk(subject: &Subject) -> bool {
    subject.may_somewhere(Action::SeeDesk)
}

/// The pages that belong to no edition. Those that show what one may see of each are for everybody who may see something
/// of it anywhere; those about the whole installation are for those who may see all.
fn everywhere(subject: &Subject, path: &str) -> Section {
    let all = Place::installation();
    let anywhere = |action: Action| {
        subject.may_somewhere(action) && (action.only_reads() || subject.may_write().is_ok())
    };
    let pages = [
        (Desk::Home, "Your conferences", true),
        (Desk::People, "Accounts", anywhere(Action::SeePeople)),
        (Desk::Grants, "All roles", subject.may(Action::SeePeople, &all).is_ok()),
        (Desk::Mail, "All mail", anywhere(Action::ManageMail)),
        (Desk::Webhooks, "Webhooks", anywhere(Action::ManageWebhooks)),
        (Desk::Servers, "Video servers", subject.may(Action::ManageInstallation, &all).is_ok()),
        (Desk::Log, "Whole log", subject.may(Action::SeeLog, &all).is_ok()),
    ];
    let shown = pages.into_iter().filter(|(.., is_shown)| *is_shown);
    Section {
        title: "All conferences".to_owned(),
        links: shown.map(|(page, text, _)| link(page.path(), text, path)).collect(),
    }
}

/// A link of the navigation, marked where it leads to `path`.
fn link(href: String, text: &str, path: &str) -> Anchor {
    Anchor { current: href == path, href, text: text.to_owned() }
}

/// A page, for this one answer.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Answer {
    let text = template.render().map_err(PageError::from)?;
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.extend(headers::of(Policy::Private));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // The notice was shown.
    headers.append(header::SET_COOKIE, cookies::set(NOTICE, "", 0));
    Ok(response)
}

/// A page that is as it should be.
pub(crate) fn show(template: &impl Template) -> Answer {
    page(StatusCode::OK, template)
}

/// The page of a form that was refused: all that was typed is in it.
pub(crate) fn again(template: &impl Template) -> Answer {
    page(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// Leads on to a page of this site (303), and says there what was done.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it, so it gives what they give")]
pub(crate) fn done(site: &Site, to: &str, notice: &str) -> Answer {
    let mut response = see_other(to);
    let text = URL_SAFE_NO_PAD.encode(notice);
    let signature = site.store().secret().sign(PURPOSE, &text);
    let cookie = cookies::set(NOTICE, &format!("{text}.{signature}"), 60);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Leads on to a path of this site.
pub(crate) fn see_other(to: &str) -> Response<HttpBody> {
    let to = model::address::local_path(to).and_then(|to| HeaderValue::try_from(to).ok());
    let to = to.unwrap_or(HeaderValue::from_static("/"));
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    response.headers_mut().extend(headers::of(Policy::Private));
    response
}

/// Leads to the page to sign in, and from there to `next`.
pub(crate) fn to_sign_in(next: &str) -> Response<HttpBody> {
    let mut to = Account::SignIn.path();
    if let Some(next) = model::address::local_path(next) {
        to.push_str("?next=");
        to.extend(form_urlencoded::byte_serialize(next.as_bytes()));
    }
    see_other(&to)
}

fn notice_in(site: &Site, headers: &HeaderMap) -> Option<String> {
    let (text, signature) = cookies::value(headers, NOTICE)?.split_once('.')?;
    if !site.store().secret().verifies(PURPOSE, text, signature) {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
