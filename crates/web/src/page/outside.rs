//! Pages outside any edition: the list of editions, and errors.

use super::{EditionEntry, PageError, Said, Viewer, frame::Frame, part::date_span};
use askama::Template;
use model::address::Address;

#[derive(Template)]
#[template(path = "editions.html")]
struct Editions {
    frame: Frame,
    editions: Vec<EditionView>,
}

struct EditionView {
    href: Option<String>,
    title: String,
    subtitle: String,
    dates: String,
    place: String,
    release: Option<u32>,
}

/// Draws the list of editions.
pub(super) fn editions(editions: &[EditionEntry], viewer: &Viewer) -> Result<String, PageError> {
    let views = editions.iter().map(|entry| {
        let edition = &entry.edition;
        EditionView {
            href: entry.latest.is_some().then(|| viewer.page(edition, Address::Home)),
            title: edition.title.to_string(),
            subtitle: edition.subtitle.to_string(),
            dates: date_span(edition.first_day, edition.last_day),
            place: [&edition.city, &edition.country]
                .iter()
                .filter_map(|l| l.non_empty())
                .collect::<Vec<_>>()
                .join(", "),
            release: entry.latest.as_ref().map(|head| head.number),
        }
    });
    Ok(Editions { frame: Frame::bare(viewer, "Conferences"), editions: views.collect() }.render()?)
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorView<'a> {
    frame: Frame,
    said: &'a Said<'a>,
    home: Option<String>,
    viewing: Option<&'a str>,
}

/// Draws an error.
pub(super) fn error(
    said: &Said<'_>,
    home: Option<&str>,
    viewing: Option<&str>,
    viewer: &Viewer,
) -> Result<String, PageError> {
    let home = home.map(|slug| viewer.links.to(&format!("/{slug}/")));
    Ok(ErrorView { frame: Frame::bare(viewer, said.title), said, home, viewing }.render()?)
}
