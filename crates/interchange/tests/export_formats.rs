//! What each export that is not XML says, read from small invented files.

#![allow(clippy::unwrap_used, reason = "tests")]

use interchange::{Format, Imported, Input, Options, ReadError, read};
use model::{
    merge::{Carries, Conflict, merge},
    programme::{LinkKind, Person, Programme, Role, Room, RoomKind, Session, SessionKind, Standing},
    time::Zone,
};
use std::path::Path;

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name)).unwrap()
}

fn try_together(files: &[(&str, Vec<u8>)], options: &Options) -> Result<Vec<Imported>, ReadError> {
    let inputs: Vec<Input<'_>> = files.iter().map(|(name, bytes)| Input { name, bytes }).collect();
    read(&inputs, options)
}

fn together(names: &[&str]) -> Imported {
    let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (*name, sample(name))).collect();
    let mut imported = try_together(&files, &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(imported.len(), 1, "parts of one export are one programme");
    let imported = imported.remove(0);
    let everything = serde_json::to_string(&imported.programme).unwrap();
    assert!(!everything.contains("private.example"), "no e-mail address is taken over");
    let mut again = imported.programme.clone();
    again.normalise();
    assert_eq!(again, imported.programme, "what is read is in its canonical form");
    imported
}

fn session<'a>(imported: &'a Imported, title: &str) -> &'a Session {
    imported
        .programme
        .sessions
        .iter()
        .find(|session| session.title.as_str() == title)
        .unwrap_or_else(|| panic!("{title}"))
}

fn room_of<'a>(imported: &'a Imported, session: &Session) -> &'a Room {
    imported.programme.rooms.iter().find(|room| Some(room.id) == session.slots[0].room).unwrap()
}

fn people<'a>(imported: &'a Imported, session: &Session) -> Vec<(&'a str, Role)> {
    let person = |id| imported.programme.persons.iter().find(|person| person.id == id).unwrap();
    session.people.iter().map(|part| (person(part.person).name.as_str(), part.role)).collect()
}

fn person<'a>(imported: &'a Imported, name: &str) -> &'a Person {
    imported.programme.persons.iter().find(|person| person.name.as_str() == name).unwrap()
}

fn track_of(imported: &Imported, session: &Session) -> Option<String> {
    let track = imported.programme.tracks.iter().find(|track| Some(track.id) == session.track);
    track.map(|track| track.name.to_string())
}

fn begins(session: &Session) -> String {
    session.slots[0].start.to_string()
}

fn notes(imported: &Imported) -> String {
    imported.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn schedule_json_is_read_in_all_spellings_of_links_persons_and_numbers() {
    let imported = together(&["schedule.json"]);
    let edition = &imported.programme.edition;
    assert_eq!(
        (edition.slug.as_str(), edition.zone.name(), edition.timeslot_minutes),
        ("treeconf-2027", "Europe/Prague", 10)
    );
    assert_eq!((edition.day_change, edition.first_day.to_string().as_str()), (240, "2027-10-04"));
    let names: Vec<_> =
        imported.programme.rooms.iter().map(|room| (room.name.as_str(), room.kind, room.capacity)).collect();
    assert_eq!(names, [("Oak", RoomKind::Physical, Some(250)), ("Elm", RoomKind::Virtual, None)]);
    let welcome = session(&imported, "Welcome");
    assert_eq!(people(&imported, welcome), [("Asha Ray", Role::Speaker), ("Ben Oduya", Role::Speaker)]);
    assert_eq!(person(&imported, "Asha Ray").number, Some(7));
    assert_eq!((welcome.kind, welcome.language.as_str()), (SessionKind::Keynote, "en"));
    let links: Vec<_> =
        welcome.links.iter().map(|link| (link.kind, link.title.as_str(), link.url.as_str())).collect();
    assert_eq!(
        links,
        [
            (LinkKind::Related, "https://example.org/a", "https://example.org/a"),
            (LinkKind::Related, "B", "https://example.org/b"),
            (LinkKind::Attachment, "Slides", "https://talks.example.org/files/slides.pdf"),
        ]
    );
    assert!(welcome.recording.opt_out);
    let walk = session(&imported, "Night walk");
    assert_eq!((walk.slots[0].standing, walk.slots[0].number), (Standing::Cancelled, 12));
    assert_eq!(edition.day_of(walk.slots[0].start).to_string(), "2027-10-04");
    let text = notes(&imported);
    assert!(
        text.contains(
            "schedule.conference.days[0].rooms.Elm[0].description: text was expected, there is a list"
        ),
        "{text}"
    );
}

#[test]
fn schedule_json_2_says_what_is_cancelled_and_leaves_drafts_out() {
    let imported = together(&["schedule2.json"]);
    assert_eq!(imported.programme.sessions.len(), 3);
    let mosses = session(&imported, "Mosses");
    assert_eq!(mosses.slots[0].standing, Standing::Cancelled);
    assert_eq!((mosses.code.as_str(), mosses.summary.as_str()), ("TREE01", "Moose"));
    assert_eq!(people(&imported, mosses), [("Asha Ray", Role::Moderator)]);
    assert_eq!(person(&imported, "Asha Ray").biography.as_str(), "Plants trees.");
    assert_eq!(track_of(&imported, mosses).as_deref(), Some("Roots"));
    assert_eq!(room_of(&imported, mosses).description.as_str(), "Downstairs");
    assert_eq!(mosses.feedback_url.as_ref().unwrap().as_str(), "https://example.org/mosses/feedback");
    let kinds: Vec<_> = mosses.links.iter().map(|link| link.kind).collect();
    assert_eq!(kinds, [LinkKind::Related, LinkKind::Slides]);
    let grafting = session(&imported, "Grafting");
    assert_eq!(
        (grafting.kind, grafting.track, grafting.slots[0].minutes()),
        (SessionKind::Workshop, None, 120)
    );
    let lunch = session(&imported, "Lunch");
    assert_eq!((lunch.kind, lunch.slots[0].room), (SessionKind::Break, None));
    let text = notes(&imported);
    assert!(text.contains("\"Secret\" is draft") && text.contains("does not say by how much"), "{text}");
}

#[test]
fn the_lists_of_pretalx_are_one_export_and_bring_only_what_is_on_the_programme() {
    let alone = together(&["submissions.json"]);
    assert_eq!(alone.programme.sessions.len(), 3);
    let night = session(&alone, "Lichens at night");
    assert_eq!(
        (night.code.as_str(), night.kind, night.type_label.as_str()),
        ("TREEA1", SessionKind::Workshop, "Workshop")
    );
    assert_eq!((begins(night).as_str(), night.slots[0].minutes()), ("2027-10-04T07:00:00Z", 30));
    assert!(night.recording.opt_out);
    assert_eq!(session(&alone, "Storm").slots[0].standing, Standing::Cancelled);
    assert!(session(&alone, "Bark").slots.is_empty());

    let all =
        together(&["submissions.json", "pretalx-speakers.json", "pretalx-slots.json", "pretalx-rooms.json"]);
    let bark = session(&all, "Bark");
    assert_eq!(people(&all, bark), [("Ben Oduya", Role::Speaker)]);
    assert_eq!(bark.slots.len(), 2, "one session in two slots");
    assert_eq!(room_of(&all, bark).capacity, Some(90));
    assert_eq!(session(&all, "Lunch").kind, SessionKind::Break);
    assert_eq!(session(&alone, "Bark").id, bark.id, "the same session, whichever lists are given");
}

#[test]
fn a_list_of_speakers_alone_says_nothing_of_sessions() {
    for name in ["pretalx-speakers.json", "speakers.csv", "frab-speakers.json"] {
        let imported = together(&[name]);
        assert!(imported.programme.sessions.is_empty());
        assert!(!imported.programme.persons.is_empty());
        assert!(!imported.carries.has(Carries::SESSIONS), "{name}");
        assert!(imported.carries.has(Carries::PROFILES), "{name}");
    }
}

#[test]
fn importing_speakers_alone_brings_their_texts_and_removes_nothing() {
    let mut present: Programme = together(&["submissions.json", "pretalx-rooms.json"]).programme;
    present.rooms.push(Room { id: model::id::RoomId::from_key("x", "Empty"), ..present.rooms[0].clone() });
    present.normalise();
    let options = Options { edition: Some(present.edition.slug.clone()), zone: None };
    let files = [("pretalx-speakers.json", sample("pretalx-speakers.json"))];
    let speakers = try_together(&files, &options).unwrap().remove(0);
    let merged =
        merge(Some(&present), Some(&present), &speakers.programme, speakers.carries, Conflict::KeepOurs);
    assert_eq!(merged.programme.rooms, present.rooms);
    assert_eq!(merged.programme.sessions, present.sessions);
    let asha = merged.programme.persons.iter().find(|person| person.name.as_str() == "Asha Ray").unwrap();
    assert_eq!(asha.biography.as_str(), "Plants trees.");
}

#[test]
fn pyconfr_places_talks_by_their_slot_and_meals_by_day_and_minute() {
    let imported = together(&["pyconfr.json"]);
    let talk = session(&imported, "Serpents");
    assert_eq!((talk.type_label.as_str(), talk.language.as_str()), ("Plenary", "fr"));
    assert_eq!(room_of(&imported, talk).name.as_str(), "Oak");
    let lunch = session(&imported, "Lunch");
    assert_eq!((lunch.kind, begins(lunch).as_str()), (SessionKind::Break, "2027-11-06T11:30:00Z"));
}

#[test]
fn an_indico_session_becomes_a_block_that_holds_its_contributions() {
    let imported = together(&["timetable.json"]);
    assert_eq!(imported.programme.edition.zone.name(), "Europe/Prague");
    let block = session(&imported, "Forest MC");
    assert_eq!((block.kind, block.slots[0].minutes()), (SessionKind::Microconference, 210));
    assert_eq!(people(&imported, block), [("Asha Ray", Role::Lead)]);
    let topic = session(&imported, "Beetles");
    assert_eq!((topic.kind, topic.parent, topic.code.as_str()), (SessionKind::Topic, Some(block.id), "41"));
    assert_eq!(people(&imported, topic), [("Ben Oduya", Role::Speaker)]);
    assert_eq!(topic.links[0].url.as_str(), "https://indico.example.org/beetles.pdf");
    assert_eq!(track_of(&imported, topic).as_deref(), Some("Forest MC"));
    let pause = session(&imported, "Break");
    assert_eq!((pause.kind, pause.parent), (SessionKind::Break, Some(block.id)));
    let talk = session(&imported, "Refereed talk");
    assert_eq!((talk.kind, talk.parent, talk.slots[0].minutes()), (SessionKind::Talk, None, 45));
    assert_eq!(begins(talk), "2027-10-04T13:00:00Z");
    assert!(imported.programme.problems().is_empty(), "a topic does not overlap its block");

    let detail = together(&["indico-event.json"]);
    assert_eq!(detail.programme.edition.title.as_str(), "TreeConf 2027");
    let block = session(&detail, "Forest MC");
    assert_eq!(session(&detail, "Beetles").parent, Some(block.id));
    let talk = session(&detail, "Refereed talk");
    assert_eq!(people(&detail, talk), [("Asha RAY", Role::Speaker), ("Ben Oduya", Role::Contributor)]);
    let same = |title: &str| session(&imported, title).id == session(&detail, title).id;
    assert!(
        same("Forest MC") && same("Beetles") && same("Refereed talk"),
        "one event, two exports, one record"
    );
}

#[test]
fn an_indico_session_that_is_no_microconference_is_a_part_of_the_day_that_holds_talks() {
    let text = String::from_utf8(sample("timetable.json")).unwrap().replace("Forest MC", "Refereed track");
    let imported = try_together(&[("t.json", text.into_bytes())], &Options::default()).unwrap().remove(0);
    let block = session(&imported, "Refereed track");
    assert_eq!(block.kind, SessionKind::Other);
    let talk = session(&imported, "Beetles");
    assert_eq!((talk.kind, talk.parent), (SessionKind::Talk, Some(block.id)));
    assert_eq!(track_of(&imported, talk).as_deref(), Some("Refereed track"));
}

#[test]
fn an_indico_listing_is_refused_with_the_export_to_fetch() {
    let listing =
        br#"{"_type": "HTTPAPIResult", "url": "", "ts": 1, "results": [{"id": "1", "title": "A"}]}"#.to_vec();
    let error = try_together(&[("search.json", listing)], &Options::default()).unwrap_err().to_string();
    assert!(error.contains("holds no timetable") && error.contains("/export/timetable/ID.json"), "{error}");
}

#[test]
fn sessionize_gives_tracks_formats_and_languages_from_its_lists_of_choices() {
    let imported = together(&["sessionize.json"]);
    let ferns = session(&imported, "Ferns");
    assert_eq!(
        (ferns.kind, ferns.type_label.as_str(), ferns.language.as_str()),
        (SessionKind::Workshop, "Workshop", "de")
    );
    assert_eq!(track_of(&imported, ferns).as_deref(), Some("Roots"));
    assert_eq!(person(&imported, "Asha Ray").affiliation.as_str(), "Forester");
    assert_eq!(session(&imported, "Lunch").kind, SessionKind::Break);
    let rooms: Vec<_> = imported.programme.rooms.iter().map(|room| room.name.as_str()).collect();
    assert_eq!(rooms, ["Elm", "Oak"]);
    assert!(notes(&imported).contains("\"Declined\" is declined"));

    let grid = together(&["sessionize-grid.json"]);
    assert_eq!((grid.programme.sessions.len(), session(&grid, "Ferns").kind), (1, SessionKind::Keynote));
}

#[test]
fn times_without_a_zone_are_those_of_the_zone_that_the_importer_gives() {
    let zone = Zone::parse("Asia/Tokyo").unwrap();
    let options = Options { edition: None, zone: Some(zone) };
    let files = [("sessionize.json", sample("sessionize.json"))];
    let imported = try_together(&files, &options).unwrap().remove(0);
    assert_eq!(begins(session(&imported, "Ferns")), "2027-10-04T00:00:00Z");
    let imported = together(&["sessionize.json"]);
    assert_eq!(begins(session(&imported, "Ferns")), "2027-10-04T09:00:00Z");
    assert!(notes(&imported).contains("read as UTC"));
}

#[test]
fn spreadsheets_of_sessions_and_speakers_join_by_name() {
    let imported = together(&["sessions.csv", "speakers.csv"]);
    let ferns = session(&imported, "Ferns, and \"more\"");
    assert_eq!((ferns.code.as_str(), ferns.slots[0].minutes()), ("FERN01", 45));
    assert_eq!(people(&imported, ferns), [("Asha Ray", Role::Speaker), ("Ben Oduya", Role::Speaker)]);
    let asha = person(&imported, "Asha Ray");
    assert_eq!((asha.biography.as_str(), asha.affiliation.as_str()), ("Plants trees.", "Forester, Grove"));
    assert_eq!(asha.links[0].title.as_str(), "Mastodon");
    assert_eq!(imported.programme.persons.len(), 2);
    assert_eq!(session(&imported, "Lunch").kind, SessionKind::Break);
}

#[test]
fn an_open_event_archive_is_one_programme_however_it_is_packed() {
    let parts = ["event", "sessions", "speakers", "tracks", "microlocations", "sponsors"];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    let mut tar = tar::Builder::new(vec![]);
    let extra: [(&str, Vec<u8>); 3] = [
        ("forms", b"{\"a\": 1}".to_vec()),
        ("README.md", b"# Read me".to_vec()),
        ("images/logo.png", vec![0xFF; 90]),
    ];
    let files: Vec<(String, Vec<u8>)> = parts
        .iter()
        .map(|part| ((*part).to_owned(), sample(&format!("open-event/{part}"))))
        .chain(extra.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())))
        .collect();
    for (name, bytes) in &files {
        zip.start_file(
            format!("conf/{name}.json").replace(".md.json", ".md"),
            zip::write::SimpleFileOptions::default(),
        )
        .unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("conf/{name}"), &bytes[..]).unwrap();
    }
    let zip = [("conf.zip", zip.finish().unwrap().into_inner())];
    let tar = [("conf.tar", tar.into_inner().unwrap())];
    let imported = try_together(&tar, &Options::default()).unwrap().remove(0);
    let other = try_together(&zip, &Options::default()).unwrap().remove(0);
    assert_eq!(imported.programme, other.programme);
    assert_eq!(imported.format, Format::OpenEvent);
    let ferns = session(&imported, "Ferns");
    assert_eq!(room_of(&imported, ferns).name.as_str(), "Oak");
    assert_eq!(people(&imported, ferns), [("Asha Ray", Role::Speaker)]);
    assert_eq!((imported.programme.persons.len(), imported.programme.sessions.len()), (1, 2));
    assert!(
        session(&imported, "Unplaced").slots.is_empty(),
        "a start without a room is the server's default"
    );
    assert_eq!(imported.programme.sponsors[0].level.as_str(), "Gold");
    assert!(
        notes(&imported).contains("conf.tar, sessions[2]: the proposal \"Not chosen\" is rejected"),
        "{}",
        notes(&imported)
    );
}

#[test]
fn a_calendar_is_read_with_its_own_zones_rules_and_recurrences() {
    let imported = together(&["calendar.ics"]);
    let edition = &imported.programme.edition;
    assert_eq!(
        (edition.slug.as_str(), edition.zone.name(), edition.venue.as_str()),
        ("treeconf-2027", "Europe/Prague", "Kongres")
    );
    let ferns = session(&imported, "Ferns, mosses; and more");
    assert_eq!(ferns.slots[0].id.to_string(), "0b9a7c3e-6d0f-4c11-8f5e-1f2e3d4c0031");
    assert_eq!((begins(ferns).as_str(), ferns.slots[0].minutes()), ("2027-10-04T07:00:00Z", 45));
    assert_eq!(ferns.description.as_str(), "One\nTwo\\n");
    assert_eq!(room_of(&imported, ferns).name.as_str(), "Oak");
    assert_eq!((ferns.kind, track_of(&imported, ferns).as_deref()), (SessionKind::Workshop, Some("Roots")));
    assert_eq!(people(&imported, ferns), [("Ray; Asha", Role::Moderator)]);
    let walk = session(&imported, "Night walk");
    let slots: Vec<_> = walk.slots.iter().map(|slot| (slot.start.to_string(), slot.standing)).collect();
    assert_eq!(
        slots,
        [
            ("2027-10-04T18:30:00Z".to_owned(), Standing::Cancelled),
            ("2027-10-05T20:30:00Z".to_owned(), Standing::Planned)
        ]
    );
    let excursion = session(&imported, "Excursion");
    assert_eq!((begins(excursion).as_str(), excursion.slots[0].minutes()), ("2027-10-05T22:00:00Z", 1_440));
    let text = notes(&imported);
    for said in [
        "line 34: the event recurs",
        "\"Nowhere/Land\" is not known",
        "of a whole day",
        "\"this is no line\" is no line",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    assert!(imported.carries.has(Carries::TRACK) && imported.carries.has(Carries::PEOPLE));
}

#[test]
fn emf_times_are_those_on_the_clocks_of_the_field_whatever_follows_them() {
    let imported = together(&["emf.json"]);
    let kites = session(&imported, "Kites");
    assert_eq!(begins(kites), "2027-08-30T22:00:00Z");
    assert_eq!(people(&imported, kites), [("Asha Ray", Role::Speaker)]);
    assert!(kites.recording.opt_out);
    assert_eq!(kites.links[0].kind, LinkKind::Video);
    assert!(session(&imported, "Tea").slots.is_empty() && session(&imported, "Tea").people.is_empty());
    assert_eq!(imported.programme.edition.slug.as_str(), "emf2027");
}

#[test]
fn the_feeds_of_fosdem_frab_oscon_and_kotlinconf_are_read() {
    let fosdem = together(&["matrix.json"]);
    let rivers = session(&fosdem, "Rivers");
    assert_eq!(people(&fosdem, rivers), [("Asha Ray", Role::Speaker), ("Ben Oduya", Role::Host)]);
    assert_eq!(track_of(&fosdem, rivers).as_deref(), Some("Water devroom"));
    assert_eq!(fosdem.programme.persons.len(), 2, "who manages a track takes part in no session");

    let frab = together(&["events.json", "frab-speakers.json"]);
    let stones = session(&frab, "Stones");
    assert_eq!(
        (stones.slots[0].id.to_string().as_str(), stones.slots[0].number),
        ("0b9a7c3e-6d0f-4c11-8f5e-1f2e3d4c0041", 21)
    );
    assert_eq!(person(&frab, "Asha").biography.as_str(), "Plants trees.\n\nMany.");

    let oscon = together(&["oscon.json"]);
    let talk = session(&oscon, "Don't cut");
    assert_eq!(people(&oscon, talk), [("Asha & Ray", Role::Speaker)]);
    assert_eq!(room_of(&oscon, talk).name.as_str(), "Oak");
    assert_eq!(session(&oscon, "Lunch").kind, SessionKind::Break);

    let kotlin = together(&["kotlinconf.json"]);
    let talk = session(&kotlin, "Coroutines of leaves");
    assert_eq!((talk.kind, track_of(&kotlin, talk).as_deref()), (SessionKind::Talk, Some("Roots")));
    assert_eq!(session(&kotlin, "Lunch break").kind, SessionKind::Break);
}

#[test]
fn two_whole_lists_are_two_exports_and_pages_of_one_list_are_one() {
    let list = |code: &str| {
        format!(r#"[{{"code": "{code}", "title": "{code}", "state": "confirmed", "speakers": []}}]"#)
            .into_bytes()
    };
    let files = [("a.json", list("AAAAA1")), ("b.json", list("BBBBB1"))];
    assert_eq!(try_together(&files, &Options::default()).unwrap().len(), 2);
    let page = |code: &str| {
        let list = String::from_utf8(list(code)).unwrap();
        format!(r#"{{"count": 2, "results": {list}}}"#).into_bytes()
    };
    let files = [("1.json", page("AAAAA1")), ("2.json", page("BBBBB1"))];
    let imported = try_together(&files, &Options::default()).unwrap();
    assert_eq!((imported.len(), imported[0].programme.sessions.len()), (1, 2));
}

#[test]
fn what_is_no_schedule_is_refused_with_what_it_looks_like_and_what_to_give() {
    let refused = |name: &str, text: &str| {
        try_together(&[(name, text.as_bytes().to_vec())], &Options::default()).unwrap_err().to_string()
    };
    let error = refused("a.json", r#"{"talk": 1, "who": 2}"#);
    assert!(error.starts_with("a.json: this JSON is an object with talk, who"), "{error}");
    assert!(error.contains("Give schedule XML or JSON"), "{error}");
    assert!(refused("a.yaml", "- title: A\n").contains("not a schedule format Plenary reads"));
    assert!(refused("a.csv", "id,slug\n1,b\n").contains("not a schedule format Plenary reads"));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for name in ["a.yml", "b.yml"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    }
    let files = [("all.zip", zip.finish().unwrap().into_inner())];
    let error = try_together(&files, &Options::default()).unwrap_err().to_string();
    assert!(error.starts_with("all.zip: none of its 2 files"), "{error}");
}
