//! The menu that stands on top of every public page of an edition.
//!
//! Its form holds all rows; moving and removing one draws the form anew and saves nothing, so that it works without a
//! script. What two people changed is compared as a whole: rows that moved have nothing by which they could be merged.

use super::{enter, form_at};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    route::Asked,
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use model::{
    Refusal,
    address::EditionDesk,
    edition::Edition,
    id::WebPageId,
    page::{BuiltIn, MENU_MAX, Menu, MenuItem, MenuTarget, WebPage},
    permission::{Action, Place},
    text::{Line, WebUrl},
};
use std::fmt::Write as _;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    form_at(router, "/desk/{edition}/menu/", get(shown).post(save))
}

const HELP: &str = "What stands on top of every public page. Entries may stand below others, one level deep. An empty menu lists the schedule, speakers and so on, and every published page.";

/// Empty rows at the end, to type new entries into.
const SPARE: usize = 1;

#[derive(Template)]
#[template(path = "desk/menu.html")]
struct MenuForm {
    inner: Inner,
    form: Form,
    rows: Vec<Row>,
    choices: Vec<(String, String)>,
    was: String,
    theirs: Option<String>,
}

/// A row as it was typed.
#[derive(Clone, Default)]
struct Row {
    label: String,
    target: String,
    url: String,
    below: bool,
    error: Option<String>,
}

impl Row {
    fn is_empty(&self) -> bool {
        self.label.trim().is_empty() && self.target.is_empty() && self.url.trim().is_empty()
    }

    fn of((item, below): (&MenuItem, bool)) -> Self {
        let (target, url) = match &item.target {
            MenuTarget::Page(id) => (format!("page:{id}"), String::new()),
            MenuTarget::BuiltIn(page) => (format!("own:{}", page.as_str()), String::new()),
            MenuTarget::Url(url) => ("url".to_owned(), url.to_string()),
            MenuTarget::Heading => ("heading".to_owned(), String::new()),
        };
        Self { label: item.label.to_string(), target, url, below, error: None }
    }

    fn item(&self) -> Result<MenuItem, Refusal> {
        let target = if let Some(page) = self.target.strip_prefix("own:").and_then(BuiltIn::parse) {
            MenuTarget::BuiltIn(page)
        } else if let Some(id) = self.target.strip_prefix("page:").and_then(|id| Uuid::try_parse(id).ok()) {
            MenuTarget::Page(WebPageId(id))
        } else if self.target == "heading" {
            MenuTarget::Heading
        } else if self.target == "url" || !self.url.trim().is_empty() {
            MenuTarget::Url(WebUrl::parse(&self.url)?)
        } else {
            return Err(Refusal::new("entry", "it leads nowhere", "Choose where it leads"));
        };
        Ok(MenuItem { label: Line::clean(&self.label), target })
    }
}

fn rows_of(menu: &Menu) -> Vec<Row> {
    menu.rows().map(Row::of).collect()
}

/// The rows that were sent, in their order.
fn sent(form: &Form) -> Vec<Row> {
    (0..=MENU_MAX + SPARE)
        .map(|number| Row {
            label: form.value(&format!("label-{number}")).to_owned(),
            target: form.value(&format!("target-{number}")).to_owned(),
            url: form.value(&format!("url-{number}")).to_owned(),
            below: form.is_ticked(&format!("below-{number}")),
            error: None,
        })
        .filter(|row| !row.is_empty())
        .collect()
}

/// The rows as text: what is compared when two people change the menu.
fn text(rows: &[Row]) -> String {
    rows.iter().fold(String::new(), |mut out, row| {
        let indent = if row.below { "    " } else { "" };
        let label = row.label.trim();
        let _ = writeln!(out, "{indent}{label} [{}{}]", row.target, row.url.trim());
        out
    })
}

async fn drawn(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    mut rows: Vec<Row>,
    form: Form,
    was: String,
) -> Result<MenuForm, Failure> {
    let pages = site.store().pages(edition.id).await?;
    rows.extend(std::iter::repeat_n(Row::default(), SPARE));
    let path = EditionDesk::Menu.path(&edition.slug);
    Ok(MenuForm {
        inner: Inner::edition(person, edition, &path, "Menu", HELP).noticing(site, &asked.headers),
        form,
        rows,
        choices: choices(&pages),
        was,
        theirs: None,
    })
}

fn choices(pages: &[WebPage]) -> Vec<(String, String)> {
    let none = (String::new(), "Nothing chosen".to_owned());
    let own = BuiltIn::ALL.map(|page| (format!("own:{}", page.as_str()), page.shown().to_owned()));
    let written = pages.iter().map(|page| {
        let hidden = if page.published { "" } else { " (not published)" };
        (format!("page:{}", page.id), format!("Page: {}{hidden}", page.title))
    });
    let rest = [("url", "Web address"), ("heading", "Nowhere: a heading for those below it")]
        .map(|(value, text)| (value.to_owned(), text.to_owned()));
    std::iter::once(none).chain(own).chain(written).chain(rest).collect()
}

async fn shown(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditPages, &Place::edition(&edition))?;
    let rows = rows_of(&site.store().menu(edition.id).await?.unwrap_or_default());
    let was = text(&rows);
    show(&drawn(&site, &asked, &person, &edition, rows, Form::default(), was).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditPages, &Place::edition(&edition))?;
    let mut rows = sent(&form);
    let was = form.value("was:menu").replace("\r\n", "\n");
    if let Some(moved) = moved(&rows, form.value("do")) {
        return show(&drawn(&site, &asked, &person, &edition, moved, form, was).await?);
    }
    let current = rows_of(&site.store().menu(edition.id).await?.unwrap_or_default());
    let (now, typed) = (text(&current), text(&rows));
    if now.trim() != was.trim() && now != typed {
        // Somebody else saved meanwhile. Who changed nothing themselves gets that menu; who did decides.
        let ours = typed.trim() != was.trim();
        let rows = if ours { rows } else { current };
        let mut page = drawn(&site, &asked, &person, &edition, rows, form, now.clone()).await?;
        page.theirs = Some(now);
        return again(&page);
    }
    let mut items = vec![];
    for row in &mut rows {
        match row.item() {
            Ok(item) => items.push((item, row.below)),
            Err(refusal) => {
                form.refuse("", &refusal);
                row.error = Some(format!("{}. {}.", refusal.problem, refusal.remedy));
            }
        }
    }
    if !form.is_refused() {
        let menu = Menu::from_rows(items);
        match site.store().change_menu(&person.subject, edition.id, |_| Ok(menu.clone())).await {
            Ok(menu) => {
                let told = if menu.entries.is_empty() {
                    "The menu lists the usual pages and every published page."
                } else {
                    "The menu is saved, and stands on every public page."
                };
                return done(&site, &EditionDesk::Menu.path(&edition.slug), told);
            }
            Err(store::Error::Refused(refusal)) => {
                let number: Option<usize> =
                    refusal.field.strip_prefix("entry ").and_then(|number| number.parse().ok());
                if let Some(row) = number.and_then(|number| rows.get_mut(number - 1)) {
                    row.error = Some(format!("{}. {}.", refusal.problem, refusal.remedy));
                }
                form.refuse("", &refusal);
            }
            Err(error) => return Err(error.into()),
        }
    }
    again(&drawn(&site, &asked, &person, &edition, rows, form, was).await?)
}

/// The rows after a button beside one of them was pressed; `None` for the button that saves.
fn moved(rows: &[Row], button: &str) -> Option<Vec<Row>> {
    if button == "add" {
        return Some(rows.to_vec());
    }
    let (what, number) = button.split_once(':')?;
    let at: usize = number.parse().ok().filter(|at| *at < rows.len())?;
    let mut rows = rows.to_vec();
    match what {
        "up" if at > 0 => rows.swap(at, at - 1),
        "down" if at + 1 < rows.len() => rows.swap(at, at + 1),
        "remove" => {
            rows.remove(at);
        }
        _ => {}
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_move_and_go_and_saving_is_no_moving() {
        let row =
            |label: &str| Row { label: label.to_owned(), target: "heading".to_owned(), ..Row::default() };
        let rows = vec![row("a"), row("b"), row("c")];
        let labels = |rows: Option<Vec<Row>>| {
            rows.map(|rows| rows.iter().map(|row| row.label.clone()).collect::<String>())
        };
        assert_eq!(labels(moved(&rows, "up:1")).unwrap(), "bac");
        assert_eq!(labels(moved(&rows, "down:2")).unwrap(), "abc");
        assert_eq!(labels(moved(&rows, "remove:0")).unwrap(), "bc");
        assert!(moved(&rows, "save").is_none() && moved(&rows, "up:9").is_none());
    }
}
