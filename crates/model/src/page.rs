//! Pages that organisers write, and the menu that leads to them and to the pages that Plenary draws.

use crate::{
    Refusal,
    address::Address,
    id::WebPageId,
    text::{Line, RichText, Slug, WebUrl},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most entries of a menu, those below others included: what fits above a page on a telephone.
pub const MENU_MAX: usize = 40;

/// A page that organisers write: venue, travel, code of conduct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebPage {
    /// Its identifier.
    pub id: WebPageId,
    /// Its place in its address: `/lpc-2021/pages/venue/`.
    pub slug: Slug,
    /// Its title, and its name in the menu where that gives it no other.
    pub title: Line,
    /// Its text, in Markdown.
    #[serde(default)]
    pub body: RichText,
    /// Whether visitors see it.
    #[serde(default)]
    pub published: bool,
    /// Where it stands among the pages where nothing else orders them: small numbers first.
    #[serde(default)]
    pub position: i64,
}

impl WebPage {
    /// Whether it can be kept: a page has a title.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.title.is_empty() {
            return Err(Refusal::new("title", "it is empty", "Give the page a title"));
        }
        Ok(())
    }
}

/// A page that Plenary draws by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuiltIn {
    /// The front page.
    Home,
    /// The timetable as a grid.
    Schedule,
    /// The timetable as a list.
    List,
    /// What is on now and next.
    Now,
    /// Everybody who takes part.
    Speakers,
    /// Tracks and microconferences.
    Tracks,
    /// Rooms.
    Rooms,
    /// The rooms on the day.
    Live,
    /// Announcements and the blog.
    Posts,
    /// Releases and what they changed.
    Releases,
}

impl BuiltIn {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 10] = [
        Self::Home,
        Self::Schedule,
        Self::List,
        Self::Now,
        Self::Speakers,
        Self::Tracks,
        Self::Rooms,
        Self::Live,
        Self::Posts,
        Self::Releases,
    ];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Schedule => "schedule",
            Self::List => "list",
            Self::Now => "now",
            Self::Speakers => "speakers",
            Self::Tracks => "tracks",
            Self::Rooms => "rooms",
            Self::Live => "live",
            Self::Posts => "posts",
            Self::Releases => "releases",
        }
    }

    /// Its name in a menu that gives it no other.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Schedule => "Schedule",
            Self::List => "All sessions",
            Self::Now => "Now",
            Self::Speakers => "Speakers",
            Self::Tracks => "Tracks",
            Self::Rooms => "Rooms",
            Self::Live => "Live",
            Self::Posts => "News",
            Self::Releases => "Changes",
        }
    }

    /// The page of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.as_str() == word)
    }

    /// Where it stands.
    pub fn address(self) -> Address<'static> {
        match self {
            Self::Home => Address::Home,
            Self::Schedule => Address::Grid(None),
            Self::List => Address::List(None),
            Self::Now => Address::Now,
            Self::Speakers => Address::Speakers,
            Self::Tracks => Address::Tracks,
            Self::Rooms => Address::Rooms,
            Self::Live => Address::Live,
            Self::Posts => Address::Posts,
            Self::Releases => Address::Releases,
        }
    }
}

/// Where an entry of the menu leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MenuTarget {
    /// To a page that organisers wrote. As long as it is not published, the entry is not shown.
    Page(WebPageId),
    /// To a page that Plenary draws.
    BuiltIn(BuiltIn),
    /// To another site.
    Url(WebUrl),
    /// Nowhere: a heading over the entries below it.
    Heading,
}

/// An entry of the menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuItem {
    /// What it says; empty for the name of where it leads.
    #[serde(default)]
    pub label: Line,
    /// Where it leads.
    pub target: MenuTarget,
}

/// An entry of the menu's first level, with those below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuEntry {
    /// The entry.
    #[serde(flatten)]
    pub item: MenuItem,
    /// The entries below it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub below: Vec<MenuItem>,
}

/// The menu of an edition: what stands on top of every page. An empty one stands for the pages that every edition
/// has, followed by those that organisers wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// Its entries, in their order.
    #[serde(default)]
    pub entries: Vec<MenuEntry>,
}

impl Menu {
    /// The menu from rows as a form has them: each an item and whether it stands below the one before it. The first
    /// stands below nothing, whatever it says.
    pub fn from_rows(rows: impl IntoIterator<Item = (MenuItem, bool)>) -> Self {
        let mut entries: Vec<MenuEntry> = vec![];
        for (item, is_below) in rows {
            match entries.last_mut() {
                Some(above) if is_below => above.below.push(item),
                _ => entries.push(MenuEntry { item, below: vec![] }),
            }
        }
        Self { entries }
    }

    /// Its items in their order, each with whether it stands below another.
    pub fn rows(&self) -> impl Iterator<Item = (&MenuItem, bool)> {
        self.entries.iter().flat_map(|entry| {
            std::iter::once((&entry.item, false)).chain(entry.below.iter().map(|item| (item, true)))
        })
    }

    /// Whether it can be kept beside these pages: not too long, no entry without a name, no page that is not there.
    pub fn check(&self, pages: &BTreeSet<WebPageId>) -> Result<(), Refusal> {
        let count = self.rows().count();
        if count > MENU_MAX {
            let problem = format!("{count} entries are more than anybody reads");
            return Err(Refusal::new("menu", problem, format!("Keep at most {MENU_MAX}")));
        }
        for ((item, _), number) in self.rows().zip(1..) {
            let refuse = |problem: &str, remedy: &str| {
                Err(Refusal::new(format!("entry {number}"), problem.to_owned(), remedy.to_owned()))
            };
            match &item.target {
                MenuTarget::Url(_) | MenuTarget::Heading if item.label.is_empty() => {
                    return refuse("it has no text", "Say what the menu calls it");
                }
                MenuTarget::Page(id) if !pages.contains(id) => {
                    return refuse(
                        "its page is not there any more",
                        "Choose another page or remove the entry",
                    );
                }
                _ => {}
            }
        }
        let empty = |entry: &&MenuEntry| entry.item.target == MenuTarget::Heading && entry.below.is_empty();
        if let Some(entry) = self.entries.iter().find(empty) {
            return Err(Refusal::new(
                "menu",
                format!("nothing stands below the heading \"{}\"", entry.item.label),
                "Put entries below it, or have it lead somewhere",
            ));
        }
        Ok(())
    }

    /// The same without what leads to that page; entries below it move up into its place.
    #[must_use]
    pub fn without(&self, page: WebPageId) -> Self {
        let leads_there = |item: &MenuItem| item.target == MenuTarget::Page(page);
        let mut entries = vec![];
        for entry in &self.entries {
            let below: Vec<MenuItem> =
                entry.below.iter().filter(|item| !leads_there(item)).cloned().collect();
            if leads_there(&entry.item) {
                entries.extend(below.into_iter().map(|item| MenuEntry { item, below: vec![] }));
            } else if !(entry.item.target == MenuTarget::Heading && below.is_empty()) {
                entries.push(MenuEntry { item: entry.item.clone(), below });
            }
        }
        Self { entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn page(number: u128) -> MenuItem {
        let target = MenuTarget::Page(WebPageId(Uuid::from_u128(number)));
        MenuItem { label: Line::default(), target }
    }

    fn heading(label: &str) -> MenuItem {
        MenuItem { label: label.into(), target: MenuTarget::Heading }
    }

    fn known(numbers: &[u128]) -> BTreeSet<WebPageId> {
        numbers.iter().map(|number| WebPageId(Uuid::from_u128(*number))).collect()
    }

    #[test]
    fn rows_make_the_menu_that_they_came_from() {
        let rows = [(page(1), false), (heading("Attend"), false), (page(2), true), (page(3), true)];
        let menu = Menu::from_rows(rows.clone());
        assert_eq!(menu.entries.len(), 2);
        assert_eq!(menu.entries[1].below.len(), 2);
        let again: Vec<_> = menu.rows().map(|(item, below)| (item.clone(), below)).collect();
        assert_eq!(again, rows);
        assert_eq!(Menu::from_rows([(page(1), true)]).entries.len(), 1, "the first stands below nothing");
        let json = serde_json::to_string(&menu).unwrap();
        assert_eq!(serde_json::from_str::<Menu>(&json).unwrap(), menu);
    }

    #[test]
    fn a_menu_leads_nowhere_that_is_not_there_and_has_no_nameless_entry() {
        let refused = |rows: Vec<(MenuItem, bool)>| Menu::from_rows(rows).check(&known(&[1])).unwrap_err();
        assert!(Menu::from_rows([(page(1), false)]).check(&known(&[1])).is_ok());
        assert_eq!(refused(vec![(page(1), false), (page(2), false)]).field, "entry 2");
        assert_eq!(refused(vec![(heading(""), false), (page(1), true)]).field, "entry 1");
        assert_eq!(refused(vec![(heading("Attend"), false)]).field, "menu");
        assert_eq!(refused(vec![(page(1), false); 41]).field, "menu");
    }

    #[test]
    fn a_page_that_goes_takes_its_entries_along_and_no_others() {
        let menu =
            Menu::from_rows([(page(1), false), (page(2), true), (heading("More"), false), (page(1), true)]);
        let left = menu.without(WebPageId(Uuid::from_u128(1)));
        assert_eq!(left, Menu::from_rows([(page(2), false)]));
    }
}
