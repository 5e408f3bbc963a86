//! From a draft to a programme.

use super::{
    Draft, Notes, PARTS_MAX, RawConference, RawSponsor,
    people::{People, Rooms, Tracks},
    sessions::{Made, Workshop},
    values::{self, Addresses},
    when::{self, Calendar},
};
use crate::read::{Imported, Options};
use jiff::{Timestamp, civil::Date};
use model::{
    edition::{DAYS_MAX, Edition, Sponsor},
    id::{EditionId, SponsorId},
    merge::Carries,
    programme::Programme,
    text::{Colour, Line, RichText, Slug, excerpt},
};

/// Makes the programme of `draft`.
pub(super) fn assemble(draft: Draft) -> Imported {
    let Draft {
        conference,
        format,
        options,
        carries,
        mut notes,
        rooms,
        tracks,
        persons,
        sponsors,
        events,
        extras,
        parts,
        persons_by_name,
    } = draft;
    if parts > PARTS_MAX {
        let problem = format!("there are more than {PARTS_MAX} rooms, persons and links");
        notes.add("", problem, "Those after were left out; check that this is a schedule");
    }
    let notes_ref = &mut notes;
    let slug = slug(&conference, &options, notes_ref);
    let calendar = Calendar::new(&conference, &options, &events, notes_ref);
    let base = if conference.base_url.trim().is_empty() { &conference.url } else { &conference.base_url };
    let addresses = Addresses::new(base);

    let mut all_rooms = Rooms::new(slug.as_str());
    for room in &rooms {
        all_rooms.declare(room);
    }
    let mut all_tracks = Tracks::new(slug.as_str());
    for track in &tracks {
        all_tracks.named(track, "", notes_ref);
    }
    let mut people =
        People::new(slug.as_str(), persons_by_name, &persons, events.iter().flat_map(|event| &event.persons));
    for person in &persons {
        people.person(person, &addresses, notes_ref);
    }
    let Made { sessions, placed } = Workshop {
        edition: slug.as_str(),
        calendar: &calendar,
        addresses: &addresses,
        rooms: &mut all_rooms,
        tracks: &mut all_tracks,
        people: &mut people,
        notes: notes_ref,
    }
    .make(&events);

    let dated: Vec<(Date, Timestamp)> =
        placed.iter().filter_map(|(day, start)| Some((when::date(day)?, *start))).collect();
    let edition = Edition {
        day_change: calendar.day_change(&conference, &dated),
        ..edition(&conference, &slug, &calendar, &addresses, notes_ref)
    };
    let sponsors = sponsors.iter().filter_map(|raw| sponsor(raw, &slug, &addresses, notes_ref)).collect();
    let (rooms, tracks, persons) = (all_rooms.list, all_tracks.list, people.list);
    let mut programme = Programme { edition, rooms, tracks, persons, sessions, sponsors };
    dates(&mut programme, &conference, notes_ref);
    programme.normalise();
    // What the file says in its own elements wins; its extras say what those cannot.
    let carries = match extras {
        Some(extras) => {
            extras.restore(&mut programme, options.edition.is_some(), options.zone.is_some());
            Carries::ALL
        }
        None => carries,
    };

    Imported {
        format,
        zone_named: calendar.named,
        made: when::made(&conference.made, &calendar.zone),
        version: excerpt(conference.version.trim(), 200),
        programme,
        carries,
        notes: notes.into_list(),
    }
}

/// The edition's slug: by option, by acronym, by title, by the file's name.
fn slug(conference: &RawConference, options: &Options, notes: &mut Notes) -> Slug {
    if let Some(slug) = &options.edition {
        return slug.clone();
    }
    if let Some(slug) = Slug::from_text(&conference.acronym).or_else(|| Slug::from_text(&conference.title)) {
        return slug;
    }
    let name = notes.file().rsplit(['/', '\\', '!']).next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let slug = Slug::from_any(&[stem], "edition", model::id::derived("", "edition", notes.file()));
    notes.add(
        "",
        format!("the file does not say which conference it is; it was called \"{slug}\""),
        "Give the edition, as with --edition lpc-2027",
    );
    slug
}

fn edition(
    conference: &RawConference,
    slug: &Slug,
    calendar: &Calendar,
    addresses: &Addresses,
    notes: &mut Notes,
) -> Edition {
    let title = Line::clean(&conference.title);
    let title = if title.is_empty() { Line::clean(slug.as_str()) } else { title };
    let colour = match conference.colour.trim() {
        "" => None,
        colour => {
            Colour::parse(colour).map_err(|refusal| notes.add("", refusal.problem, refusal.remedy)).ok()
        }
    };
    let timeslot = values::length(&conference.timeslot).map_or(5, |length| length.as_mins());
    Edition {
        id: EditionId::from_key(slug.as_str(), slug.as_str()),
        slug: slug.clone(),
        series: series(&title),
        title,
        subtitle: Line::clean(&conference.subtitle),
        description: RichText::clean(&conference.description),
        zone: calendar.zone.clone(),
        first_day: Date::constant(1970, 1, 1),
        last_day: Date::constant(1970, 1, 1),
        day_change: 0,
        venue: Line::clean(&conference.venue),
        city: Line::clean(&conference.city),
        country: Line::clean(&conference.country),
        url: addresses.web(&conference.url, "", "address of the conference", notes),
        logo: addresses.web(&conference.logo, "", "logo", notes),
        language: values::language(&conference.language, "", notes),
        colour,
        timeslot_minutes: u16::try_from(timeslot.clamp(1, 240)).unwrap_or(5),
        mode: model::edition::Mode::default(),
        state: model::edition::EditionState::default(),
        notice: Line::default(),
    }
}

/// The title without the number that tells one edition from the others: a year or a count at its end, a count at
/// its beginning.
fn series(title: &Line) -> Line {
    let counts = |word: &str| {
        let digits = word.trim_start_matches(['\'', '’', '#', '(']).trim_end_matches([')', '.', ',', ':']);
        let digits =
            ["st", "nd", "rd", "th"].iter().find_map(|tail| digits.strip_suffix(tail)).unwrap_or(digits);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let mut words: Vec<&str> = title.as_str().split(' ').collect();
    while words.len() > 1 && words.last().is_some_and(|word| counts(word)) {
        words.pop();
    }
    if words.len() > 1 && counts(words[0]) {
        words.remove(0);
    }
    let joined = words.join(" ");
    // A year may stick to the name, "EMF2016"; the single digit of "38C3" is part of it.
    let stem = joined.trim_end_matches(|c: char| c.is_ascii_digit());
    let stem = if joined.len() - stem.len() >= 2 { stem } else { &joined };
    let bare = stem.trim_end_matches([' ', '-', '–', ',', ':', '\'']);
    Line::clean(if bare.chars().any(char::is_alphabetic) { bare } else { title.as_str() })
}

/// Sets the edition's first and last day: the days that the file lists, else what the conference says where all
/// its events lie within, else the days of its events.
fn dates(programme: &mut Programme, conference: &RawConference, notes: &mut Notes) {
    let span = |dates: &[Date]| {
        let (first, last) = (*dates.iter().min()?, *dates.iter().max()?);
        (first.until(last).map_or(i32::MAX, |span| span.get_days()) < DAYS_MAX).then_some((first, last))
    };
    let listed: Vec<Date> = conference.days.iter().filter_map(|day| when::date(&day.date)).collect();
    let held: Vec<Date> = programme.slots().map(|(_, slot)| programme.edition.day_of(slot.start)).collect();
    let said: Vec<Date> =
        [&conference.start, &conference.end].into_iter().filter_map(|text| when::date(text)).collect();
    let said = span(&said).filter(|(first, last)| held.iter().all(|day| first <= day && day <= last));
    let found = span(&listed).or(said).or_else(|| span(&held));
    if let Some((first, last)) = found {
        programme.edition.first_day = first;
        programme.edition.last_day = last;
        return;
    }
    // One event with a slip in its date must not take the conference with it.
    let middle = |mut days: Vec<Date>| {
        days.sort_unstable();
        let middle = *days.get(days.len() / 2)?;
        let near = |day: &Date| middle.until(*day).is_ok_and(|span| span.get_days().abs() < DAYS_MAX / 2);
        Some((*days.iter().find(|day| near(day))?, *days.iter().rfind(|day| near(day))?))
    };
    match middle(held) {
        Some((first, last)) => {
            programme.edition.first_day = first;
            programme.edition.last_day = last;
            let problem = format!("the days of the events lie more than {DAYS_MAX} days apart");
            notes.add(
                "",
                problem,
                "The days around the middle event were taken for the edition; correct its dates or the events",
            );
        }
        None => notes.add("", "the file names no day", "The edition was dated 1970-01-01; set its dates"),
    }
}

fn sponsor(raw: &RawSponsor, slug: &Slug, addresses: &Addresses, notes: &mut Notes) -> Option<Sponsor> {
    let name = Line::clean(&raw.name);
    let key = if raw.guid.trim().is_empty() { format!("name:{name}") } else { raw.guid.clone() };
    (!name.is_empty()).then(|| Sponsor {
        id: SponsorId::from_key(slug.as_str(), &key),
        level: Line::clean(&raw.level),
        rank: raw.rank,
        url: addresses.web(&raw.url, "", "address of a sponsor", notes),
        logo: addresses.web(&raw.logo, "", "logo of a sponsor", notes),
        upload: None,
        description: RichText::clean(&raw.description),
        name,
    })
}
