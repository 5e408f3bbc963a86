//! What people were told of an edition's dates and mode, and what of it has changed since.
//!
//! People book trains by these facts. So the record keeps what everybody concerned was told last; when what is published
//! says something else, they are told once, and then that is what they were told. A change that is taken back before
//! anybody was told is no news.

use crate::{
    edition::{Edition, EditionState, Mode},
    text::Line,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What people plan by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The first day.
    pub first_day: Date,
    /// The last day.
    pub last_day: Date,
    /// Where people take part.
    pub mode: Mode,
}

impl Facts {
    /// Those of an edition.
    pub fn of(edition: &Edition) -> Self {
        Self { first_day: edition.first_day, last_day: edition.last_day, mode: edition.mode }
    }

    /// What `self` says otherwise than `told`, a sentence for each fact; none where both say the same.
    pub fn news(&self, told: &Self) -> Vec<String> {
        let mut out = vec![];
        if (self.first_day, self.last_day) != (told.first_day, told.last_day) {
            out.push(format!("{}{}.", self.dates_now(), days(told.first_day, told.last_day)));
        }
        if self.mode != told.mode {
            out.push(format!("{}{}.", self.mode_now(), phrase(told.mode)));
        }
        out
    }

    /// The notice of the front page, when the facts of an edition become `self` and its organisers wrote `written`: it says
    /// the news where it stands empty or says those of `before`, goes when there are none any more, and is otherwise left as
    /// it was written.
    pub fn notice(&self, before: &Self, told: &Self, written: &Line) -> Line {
        if self == before {
            return written.clone();
        }
        let own = Line::clean(&self.news(told).join(" "));
        if written.is_empty() || before.is_news(written) { own } else { written.clone() }
    }

    /// Whether `text` is what [`Facts::news`] says of these facts to people who were told something else, whatever that
    /// was: people are told again and again, and what they were told before the last time is kept nowhere.
    fn is_news(&self, text: &Line) -> bool {
        let text = text.as_str();
        let sentences = [(self.dates_now(), "."), (self.mode_now(), ".")];
        let mut rest = text;
        for (begin, end) in sentences {
            if let Some(behind) = rest.strip_prefix(begin.as_str()) {
                let Some((_, after)) = behind.split_once(end) else { return false };
                rest = after.trim_start();
            }
        }
        rest.is_empty() && !text.is_empty()
    }

    /// How a sentence about new dates begins.
    fn dates_now(&self) -> String {
        format!("The dates are now {}, before they were ", days(self.first_day, self.last_day))
    }

    /// How a sentence about a new mode begins.
    fn mode_now(&self) -> String {
        format!("The conference is now {}, before it was ", phrase(self.mode))
    }

    /// Both in one line, such as "3 to 5 October 2027, online only".
    pub fn phrase(&self) -> String {
        format!("{}, {}", days(self.first_day, self.last_day), phrase(self.mode))
    }

    /// What `published` gives to tell those who were `told`. An archived edition has no news.
    pub fn to_tell(published: &Edition, state: EditionState, told: &Self) -> Vec<String> {
        if state == EditionState::Archived { vec![] } else { Self::of(published).news(told) }
    }
}

/// Days as people write them in a sentence: "3 to 5 October 2027".
pub fn days(first: Date, last: Date) -> String {
    let whole = |date: Date| date.strftime("%-d %B %Y").to_string();
    if first == last {
        whole(first)
    } else if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("{} to {}", first.day(), whole(last))
    } else {
        format!("{} to {}", whole(first), whole(last))
    }
}

fn phrase(mode: Mode) -> &'static str {
    match mode {
        Mode::InPerson => "in person",
        Mode::Hybrid => "hybrid, in person and online",
        Mode::Virtual => "online only",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_fills_itself_follows_the_dates_and_never_overwrites_what_somebody_wrote() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let told =
            Facts { first_day: date("2027-10-03"), last_day: date("2027-10-05"), mode: Mode::InPerson };
        let once = Facts { mode: Mode::Virtual, ..told };
        let twice = Facts { mode: Mode::Hybrid, ..told };
        let filled = once.notice(&told, &told, &Line::default());
        assert_eq!(filled.as_str(), "The conference is now online only, before it was in person.");
        let followed = twice.notice(&once, &told, &filled);
        assert!(followed.as_str().contains("hybrid"), "{followed}");
        assert_eq!(told.notice(&twice, &told, &followed), Line::default(), "taken back");
        assert_eq!(once.notice(&once, &told, &Line::default()), Line::default(), "somebody emptied it");
        for written in
            ["Bring a coat.", "The dates are now 3 to 5 October 2027, before they were later. Bring a coat."]
        {
            let written = Line::clean(written);
            assert_eq!(once.notice(&told, &told, &written), written);
        }
        // People were told of the first change; the second one replaces what the notice says of the first.
        let moved = Facts { last_day: date("2027-10-06"), ..once };
        let filled = moved.notice(&told, &told, &Line::default());
        assert!(
            filled.as_str().starts_with("The dates are now 3 to 6 October")
                && filled.as_str().contains("online")
        );
        let again = Facts { last_day: date("2027-10-07"), ..moved };
        assert_eq!(
            again.notice(&moved, &moved, &filled).as_str(),
            "The dates are now 3 to 7 October 2027, before they were 3 to 6 October 2027."
        );
        assert_eq!(moved.notice(&moved, &moved, &filled), filled, "it stays while nothing changes");
    }

    #[test]
    fn news_are_what_differs_and_nothing_else() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let told =
            Facts { first_day: date("2027-10-03"), last_day: date("2027-10-05"), mode: Mode::InPerson };
        assert_eq!(told.news(&told), Vec::<String>::new());
        let moved = Facts { last_day: date("2027-11-02"), mode: Mode::Virtual, ..told };
        assert_eq!(
            moved.news(&told),
            [
                "The dates are now 3 October 2027 to 2 November 2027, before they were 3 to 5 October 2027.",
                "The conference is now online only, before it was in person.",
            ]
        );
    }
}
