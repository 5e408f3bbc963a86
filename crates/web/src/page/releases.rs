//! Releases: their list, and what each of them changed.

use super::{
    Page, PageError, Viewer,
    frame::Frame,
    part::{Anchor, When},
};
use crate::snapshot::Snapshot;
use askama::Template;
use model::{
    address::Address,
    diff::{Aspect, Difference, Place, SessionChange, diff},
    feed::Deed,
    release::{Release, ReleaseHead},
    text::Line,
    time::Zone,
};

#[derive(Template)]
#[template(path = "releases.html")]
struct Releases {
    frame: Frame,
    atom: String,
    list: Vec<ReleaseView>,
}

struct ReleaseView {
    link: Anchor,
    when: When,
    note: String,
    added: u32,
    changed: u32,
    removed: u32,
    first: bool,
}

/// Draws the list of releases.
pub(super) fn releases(
    page: &Page,
    heads: &[ReleaseHead],
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let edition = snapshot.edition();
    let view = Releases {
        frame: Frame::new(snapshot, viewer, page, "Releases", String::new()),
        atom: viewer.file(edition, Address::File("releases.atom")),
        list: heads
            .iter()
            .map(|head| ReleaseView {
                link: Anchor {
                    href: viewer.page(edition, Address::Release(head.number)),
                    text: format!("Release {}", head.number),
                    current: false,
                },
                when: When::instant(&edition.zone, viewer, head.at).with_day(&edition.zone),
                note: head.note.clone(),
                added: head.counts.added,
                changed: head.counts.changed,
                removed: head.counts.removed,
                first: head.number == 1,
            })
            .collect(),
    };
    Ok(Some(view.render()?))
}

#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage {
    frame: Frame,
    number: u32,
    when: When,
    note: String,
    first: bool,
    sessions: usize,
    changes: Changes,
    older: Option<Anchor>,
    newer: Option<Anchor>,
    all: String,
}

/// What differs between two programmes, as pages show it (`changes.html`): of a release that was published, and of one
/// that would be.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) groups: Vec<Group>,
    pub(crate) things: Vec<ThingLine>,
    pub(crate) edition: bool,
}

/// Changes of one sort.
pub(crate) struct Group {
    pub(crate) heading: &'static str,
    pub(crate) id: String,
    pub(crate) changes: Vec<ChangeView>,
}

pub(crate) struct ChangeView {
    pub(crate) title: String,
    pub(crate) href: Option<String>,
    pub(crate) lines: Vec<ChangeLine>,
}

/// One thing that changed: words, and the places before and after.
pub(crate) struct ChangeLine {
    pub(crate) text: String,
    pub(crate) from: Option<PlaceView>,
    pub(crate) to: Option<PlaceView>,
}

pub(crate) struct PlaceView {
    pub(crate) when: When,
    pub(crate) room: String,
}

pub(crate) struct ThingLine {
    pub(crate) text: String,
}

/// Whether a change is of a sort.
type Belongs = fn(&SessionChange) -> bool;

/// The sorts of changes in the order in which people care about them.
const SORTS: [(&str, Belongs); 9] = [
    ("Cancelled", |change| has(change, |a| matches!(a, Aspect::Cancelled(_)))),
    ("Delayed", |change| has(change, |a| matches!(a, Aspect::Delayed(..)))),
    ("Takes place after all", |change| has(change, |a| matches!(a, Aspect::Restored(_)))),
    ("Moved", |change| {
        change.deed == Deed::Changed
            && has(change, |a| matches!(a, Aspect::Moved { .. } | Aspect::Placed(_) | Aspect::Unplaced(_)))
    }),
    ("New", |change| change.deed == Deed::Created),
    ("Removed", |change| change.deed == Deed::Removed),
    ("Retitled", |change| has(change, |a| matches!(a, Aspect::Title { .. }))),
    ("Other people", |change| has(change, |a| matches!(a, Aspect::People { .. }))),
    ("Texts and details", |_| true),
];

fn has(change: &SessionChange, aspect: fn(&Aspect) -> bool) -> bool {
    change.aspects.iter().any(aspect)
}

/// Draws what a release changed.
pub(super) fn release(
    page: &Page,
    release: &Release,
    previous: Option<&Release>,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let edition = snapshot.edition();
    let zone = &edition.zone;
    let head = &release.head;
    let difference =
        previous.map(|previous| diff(&previous.programme, &release.programme)).unwrap_or_default();
    // The page of a session shows the present release, which may no longer hold it.
    let href = |change: &SessionChange| {
        snapshot.session(change.session).map(|session| viewer.page(edition, session.into()))
    };
    let neighbour = |number: u32| Anchor {
        href: viewer.page(edition, Address::Release(number)),
        text: format!("Release {number}"),
        current: false,
    };
    let view = ReleasePage {
        frame: Frame::new(snapshot, viewer, page, &format!("Release {}", head.number), head.note.clone()),
        number: head.number,
        when: When::instant(zone, viewer, head.at).with_day(zone),
        note: head.note.clone(),
        first: previous.is_none(),
        sessions: release.programme.sessions.len(),
        changes: Changes::of(&difference, zone, viewer, href),
        older: (head.number > 1).then(|| neighbour(head.number - 1)),
        newer: (head.number < snapshot.head().number).then(|| neighbour(head.number + 1)),
        all: viewer.page(edition, Address::Releases),
    };
    Ok(Some(view.render()?))
}

impl Changes {
    /// The changes of `difference`, with times on the clocks of `zone`. `href` is where a session's title leads.
    pub(crate) fn of(
        difference: &Difference,
        zone: &Zone,
        viewer: &Viewer,
        href: impl Fn(&SessionChange) -> Option<String>,
    ) -> Self {
        let mut groups: Vec<Group> = SORTS
            .iter()
            .zip(1..)
            .map(|((heading, _), number)| Group { heading, id: format!("changes-{number}"), changes: vec![] })
            .collect();
        for change in &difference.sessions {
            let sort = SORTS.iter().position(|(_, belongs)| belongs(change)).unwrap_or(SORTS.len() - 1);
            groups[sort].changes.push(ChangeView {
                title: change.title.non_empty().unwrap_or("Untitled").to_owned(),
                href: href(change),
                lines: change.aspects.iter().map(|aspect| line(aspect, zone, viewer)).collect(),
            });
        }
        groups.retain(|group| !group.changes.is_empty());
        let things = difference.things.iter().map(|thing| ThingLine {
            text: format!(
                "{} {}: {}",
                match thing.deed {
                    Deed::Created => "New",
                    Deed::Changed => "Changed",
                    Deed::Removed => "Removed",
                },
                thing.kind,
                thing.name
            ),
        });
        Self { groups, things: things.collect(), edition: difference.edition }
    }

    /// Whether nothing differs.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.things.is_empty() && !self.edition
    }
}

fn line(aspect: &Aspect, zone: &Zone, viewer: &Viewer) -> ChangeLine {
    let place = |place: &Place| {
        Some(PlaceView {
            when: When::span(zone, viewer, place.start, place.end).with_day(zone),
            room: place.room.as_ref().map(ToString::to_string).unwrap_or_default(),
        })
    };
    let only = |text: &str, at: &Place| ChangeLine { text: text.to_owned(), from: None, to: place(at) };
    match aspect {
        Aspect::Moved { from, to } => {
            ChangeLine { text: "Moved".to_owned(), from: place(from), to: place(to) }
        }
        Aspect::Placed(at) => only("Takes place", at),
        Aspect::Unplaced(at) => only("No longer", at),
        Aspect::Cancelled(at) => only("Cancelled", at),
        Aspect::Restored(at) => only("As planned", at),
        Aspect::Delayed(at, minutes) => only(&format!("Delayed by {minutes} minutes, planned"), at),
        Aspect::Track { from: Some(from), to: Some(to) } => words(format!("Track {to} instead of {from}")),
        Aspect::Title { from } => words(format!("Was called “{}”", or_nothing(from))),
        other => {
            let text = other.describe(zone);
            let mut letters = text.chars();
            words(
                letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default(),
            )
        }
    }
}

fn words(text: String) -> ChangeLine {
    ChangeLine { text, from: None, to: None }
}

fn or_nothing(line: &Line) -> &str {
    line.non_empty().unwrap_or("Untitled")
}
