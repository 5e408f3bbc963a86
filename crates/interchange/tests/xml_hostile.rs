//! XML that is broken, huge or meant to harm: a clear error with its place, or a programme and notes; never a
//! panic, never more memory than the file is worth, never half a file.

#![allow(
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "tests build their files by hand"
)]

use interchange::{Format, Imported, Input, MAX_INPUT, Note, Options, ReadError, read};
use model::text::{LINE_MAX, TEXT_MAX};
use proptest::prelude::*;

fn try_import(bytes: &[u8]) -> Result<Imported, ReadError> {
    read(&[Input { name: "a.xml", bytes }], &Options::default()).map(|mut all| all.remove(0))
}

fn import(text: &str) -> Imported {
    try_import(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> ReadError {
    match try_import(text.as_bytes()) {
        Ok(imported) => panic!("{:?}", imported.programme),
        Err(error) => error,
    }
}

/// A valid schedule of one event with these children and this start.
fn with(date: &str, duration: &str, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<schedule><conference><title>T 2030</title><acronym>t-2030</acronym>\
         <time_zone_name>Europe/Berlin</time_zone_name></conference>\n<day date='2030-05-04'>\n<room name='R'>\n\
         <event id='1' guid='g'><date>{date}</date><duration>{duration}</duration>{inside}</event>\n</room></day></schedule>\n"
    )
}

fn plain(inside: &str) -> String {
    with("2030-05-04T10:00:00+02:00", "1:00", inside)
}

fn says(notes: &[Note], what: &str) -> bool {
    notes.iter().any(|note| note.to_string().contains(what))
}

#[test]
fn entities_that_a_document_declares_are_refused_with_the_line() {
    let mut laughs = "<!ENTITY l0 \"lol\">".to_owned();
    for n in 1..12 {
        laughs += &format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10));
    }
    let text =
        plain("<title>&l11;</title>").replace("?>\n", &format!("?>\n<!DOCTYPE schedule [{laughs}]>\n"));
    let error = refused(&text);
    assert!(matches!(&error, ReadError::Malformed { place, .. } if place == "line 2"), "{error}");
    assert!(error.to_string().contains("never expanded"), "{error}");
    for entity in
        ["<!ENTITY x SYSTEM \"file:///etc/passwd\">", "<!ENTITY % p SYSTEM \"http://localhost:1/x.dtd\"> %p;"]
    {
        let text =
            plain("<title>&x;</title>").replace("?>\n", &format!("?>\n<!DOCTYPE schedule [{entity}]>\n"));
        assert!(matches!(refused(&text), ReadError::Malformed { .. }));
    }
}

#[test]
fn a_document_type_elsewhere_is_never_fetched_and_an_unknown_entity_stays_as_it_stands() {
    let text = plain("<title>A &x; B&nbsp;C R&D</title>")
        .replace("?>\n", "?>\n<!DOCTYPE schedule SYSTEM \"file:///etc/passwd\">\n");
    let imported = import(&text);
    assert_eq!(imported.programme.sessions[0].title.as_str(), "A &x; B C R&D");
    assert!(says(&imported.notes, "line 2: the document names a document type"), "{:?}", imported.notes);
    assert!(says(&imported.notes, "\"&x;\""));
}

#[test]
fn a_file_that_ends_early_is_refused_whole_wherever_it_ends() {
    let text = plain(
        "<title>Über</title><!-- c --><abstract><![CDATA[x]]></abstract><url>https://example.org/?a=1&amp;b=2</url>",
    );
    let whole = text.trim_end().len();
    let begun = text.find("<schedule").unwrap() + "<schedule>".len();
    for end in (begun..whole).filter(|end| text.is_char_boundary(*end)) {
        let error = refused(&text[..end]);
        assert!(matches!(error, ReadError::Truncated { .. }), "at {end}: {error}");
        assert!(error.to_string().contains("Fetch it again"), "{error}");
    }
    // In the middle of a character.
    let half = text.find('Ü').unwrap() + 1;
    assert!(matches!(
        try_import(&text.as_bytes()[..half]),
        Err(ReadError::Truncated { .. } | ReadError::Malformed { .. })
    ));
    let after_one = &text[..text.rfind("\n</room>").unwrap()];
    assert!(refused(after_one).to_string().contains("1 events came before"));
}

#[test]
fn broken_nesting_is_an_error_that_names_the_line() {
    let error = refused(&plain("<title>T</titel>"));
    assert!(error.to_string().starts_with("a.xml, line 5: "), "{error}");
    let error = refused(&format!("<schedule>{}</schedule>", "<a>".repeat(100_000)));
    assert!(error.to_string().contains("64 elements inside one another"), "{error}");
}

#[test]
fn what_is_no_schedule_is_told_by_what_it_is() {
    for (bytes, expected) in [
        (&b""[..], "the file is empty"),
        (b"   \n", "the file is empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "this is a web page"),
        (b"<rss version='2.0'></rss>", "root element \"rss\""),
        (b"<?xml version='1.0'?>", "has no element"),
        (&[b"\x7fELF".as_slice(), &[0xFF; 400]].concat(), "this is not text"),
    ] {
        let error = try_import(bytes).unwrap_err().to_string();
        assert!(error.starts_with("a.xml") && error.contains(expected), "{error}");
    }
}

#[test]
fn more_bytes_or_events_than_a_schedule_has_are_refused_before_they_cost_anything() {
    let mut line = plain("<title>").into_bytes();
    line.resize(MAX_INPUT + 1, b'x');
    assert!(matches!(try_import(&line), Err(ReadError::TooLarge { .. })));
    let many = plain("<title>T</title>").replace("</room>", &format!("{}</room>", "<event/>".repeat(50_001)));
    assert!(refused(&many).to_string().contains("50,000 events"));
    let crowd = plain(&format!("<persons>{}</persons>", "<person id='1'/>".repeat(250_000)));
    assert!(refused(&crowd).to_string().contains("200,000 elements inside one"));
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
    import(&plain("<title>T</title>").replace("<event ", &format!("<event {attributes} ")));
}

#[test]
fn a_line_of_twenty_megabytes_is_cut_to_what_a_text_may_hold() {
    let long = "<b>x".repeat(1_400_000).replace('<', "&lt;");
    let imported = import(&plain(&format!("<title>{long}</title><description>{long}</description>")));
    let session = &imported.programme.sessions[0];
    assert!(session.title.as_str().chars().count() <= LINE_MAX);
    assert!(session.description.as_str().chars().count() <= TEXT_MAX);
}

#[test]
fn notes_stay_few_however_much_is_wrong() {
    let imported = import(&plain(&format!("<title>{}</title>", "&wrong;&#0;".repeat(100_000))));
    assert!(imported.notes.len() < 50, "{} notes", imported.notes.len());
    assert!(says(&imported.notes, "99990 more of this kind"));
}

#[test]
fn encodings_are_found_by_mark_by_declaration_and_by_sight() {
    let text = plain("<title>Größe €</title>").replace("version=\"1.0\"", "version='1.0' encoding='ENC'");
    let title = |bytes: &[u8]| try_import(bytes).unwrap().programme.sessions[0].title.as_str().to_owned();
    let utf8 = text.replace("ENC", "UTF-8");
    assert_eq!(title(utf8.as_bytes()), "Größe €");
    assert_eq!(title(&[b"\xEF\xBB\xBF", utf8.as_bytes()].concat()), "Größe €");
    let single = |text: &str| -> Vec<u8> {
        text.chars().map(|c| if c == '€' { 0x80 } else { u8::try_from(u32::from(c)).unwrap() }).collect()
    };
    assert_eq!(title(&single(&text.replace("ENC", "windows-1252"))), "Größe €");
    // By the label ISO-8859-1 everybody has meant Windows-1252 since HTML.
    assert_eq!(title(&single(&text.replace("ENC", "iso-8859-1"))), "Größe €");
    let wide: Vec<u16> = text.replace("ENC", "UTF-16").encode_utf16().collect();
    let little: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [[&b"\xFF\xFE"[..], &little].concat(), [&b"\xFE\xFF"[..], &big].concat(), little, big] {
        assert_eq!(title(&bytes), "Größe €");
    }
    assert!(refused(&text.replace("ENC", "klingon")).to_string().contains("\"klingon\" is not known"));
    let mut broken = utf8.into_bytes();
    let at = broken.iter().position(|byte| *byte == 0xC3).unwrap();
    broken[at] = b'\xFF';
    let imported = try_import(&broken).unwrap();
    assert!(says(&imported.notes, "line 5: 2 characters are not valid UTF-8"), "{:?}", imported.notes);
}

#[test]
fn hostile_text_is_kept_as_text_and_hostile_addresses_are_not_kept() {
    let script = "&lt;script&gt;alert(1)&lt;/script&gt;";
    let hidden = "a\u{202E}b&#x202E;c\u{2066}d\u{0}e&#1;f";
    let fields: String = [
        "title",
        "subtitle",
        "abstract",
        "description",
        "type",
        "track",
        "room",
        "language",
        "url",
        "logo",
        "feedback_url",
    ]
    .map(|field| format!("<{field}>{script}{hidden}</{field}>"))
    .concat();
    let imported = import(&plain(&format!(
        "{fields}<persons><person id='1'>{script}{hidden}</person></persons>
         <links><link href='javascript:alert(1)'>x</link><link href='data:text/html,x'>y</link><link href='{script}'>z</link></links>
         <recording><license>{script}</license></recording>"
    )));
    let programme = &imported.programme;
    let session = &programme.sessions[0];
    assert_eq!(session.title.as_str(), "<script>alert(1)</script>abcd ef");
    assert_eq!(programme.persons[0].name.as_str(), "<script>alert(1)</script>abcd ef");
    assert_eq!(
        (session.url.as_ref(), session.logo.as_ref(), session.feedback_url.as_ref()),
        (None, None, None)
    );
    assert_eq!(session.links, []);
    assert_eq!(session.language.as_str(), "");
    let slugs = [
        &programme.rooms[0].slug,
        &programme.rooms[1].slug,
        &programme.persons[0].slug,
        &programme.tracks[0].slug,
    ];
    assert!(slugs.iter().all(|slug| slug.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')));
    for text in
        imported.notes.iter().map(ToString::to_string).chain([serde_json::to_string(programme).unwrap()])
    {
        assert!(!text.chars().any(|c| c == '\0' || c == '\u{202E}' || c == '\u{2066}'), "{text}");
    }
}

#[test]
fn impossible_dates_leave_a_session_unscheduled_and_say_so() {
    for date in [
        "0000-01-01T00:00:00Z",
        "9999-12-29T23:59:59Z",
        "1969-12-31T10:00:00Z",
        "2201-01-02T00:00:00Z",
        "-009000-01-01T00:00:00Z",
    ] {
        let imported = import(&with(date, "1:00", "<title>T</title>"));
        assert_eq!(imported.programme.sessions[0].slots, [], "{date}");
        assert!(says(&imported.notes, "line 5: the start is in the year"), "{date}: {:?}", imported.notes);
    }
    for date in ["tomorrow", "2030-13-40T00:00:00Z", "99999-01-01T00:00:00Z", "2030-05-04"] {
        let imported = import(&with(date, "1:00", "<title>T</title>"));
        assert_eq!(imported.programme.sessions[0].slots, [], "{date}");
        assert!(says(&imported.notes, "is not a date and time"), "{date}: {:?}", imported.notes);
        let imported = import(&with(date, "1:00", "<title>T</title><start>10:00</start>"));
        assert_eq!(
            imported.programme.sessions[0].slots[0].start.to_string(),
            "2030-05-04T08:00:00Z",
            "{date}"
        );
    }
}

#[test]
fn durations_that_cannot_be_end_where_they_begin_and_say_so() {
    for (duration, what) in [
        ("0:00", "the duration is zero"),
        ("-1:00", "the end is before the start"),
        ("", "there is no duration"),
        ("soon", "the duration \"soon\" cannot be read"),
        ("9999:00", "the duration is 416 days"),
        ("99999999999999999999:00", "cannot be read"),
        ("1e300", "cannot be read"),
        ("NaN", "cannot be read"),
    ] {
        let imported = import(&with("2030-05-04T10:00:00+02:00", duration, "<title>T</title>"));
        let slot = &imported.programme.sessions[0].slots[0];
        assert_eq!(slot.end, slot.start, "{duration}");
        assert!(says(&imported.notes, what), "{duration}: {:?}", imported.notes);
    }
    for (duration, minutes) in
        [("1:30", 90), ("01:30:00", 90), ("45", 45), ("PT1H30M", 90), ("1:00:00:00", 1_440), (" 0:05 ", 5)]
    {
        let imported = import(&with("2030-05-04T10:00:00+02:00", duration, "<title>T</title>"));
        assert_eq!(imported.programme.sessions[0].slots[0].minutes(), minutes, "{duration}");
    }
}

#[test]
fn titles_with_a_colon_or_none_and_overlapping_rooms_are_taken() {
    let event = |id: u32, title: &str| {
        format!(
            "<event id='{id}'><date>2030-05-04T10:00:00+02:00</date><duration>1:00</duration>{title}</event>"
        )
    };
    let text = plain("<title>: Colon: first:</title>")
        .replace("</room>", &format!("{}{}</room>", event(2, ""), event(3, "<title> </title>")));
    let imported = import(&text);
    let titles: Vec<&str> =
        imported.programme.sessions.iter().map(|session| session.title.as_str()).collect();
    assert_eq!(titles, [": Colon: first:", "Untitled", "Untitled"]);
    assert!(says(&imported.notes, "there is no title"));
    assert_eq!(imported.programme.problems().len(), 2, "three at one time in one room");
}

#[test]
fn the_same_event_twice_is_one_slot_and_said_so() {
    let event = "<event id='7' guid='h'><date>2030-05-04T10:00:00+02:00</date><duration>1:00</duration><title>Twice</title></event>";
    let text = plain("<title>T</title>").replace("</room>", &format!("{}</room>", event.repeat(5)));
    let imported = import(&text);
    let twice = imported.programme.sessions.iter().find(|session| session.title.as_str() == "Twice").unwrap();
    assert_eq!(twice.slots.len(), 1, "{:?}", twice.slots);
    assert!(says(&imported.notes, "stands in the file twice"));
}

#[test]
fn ten_thousand_people_and_rooms_of_one_name_do_not_take_forever() {
    let people: String = (1..10_000).map(|id| format!("<person id='{id}'>Ada</person>")).collect();
    let rooms: String = (1..10_000).map(|n| format!("<room name='R{}'/>", "!".repeat(n % 400 + 1))).collect();
    let text = plain(&format!("<title>T</title><persons>{people}</persons>"))
        .replace("</day>", &format!("{rooms}</day>"));
    let begun = std::time::Instant::now();
    let imported = import(&text);
    assert_eq!(imported.programme.persons.len(), 9_999);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

/// A valid file in which everything that is read occurs once.
fn rich() -> Vec<u8> {
    plain(
        "<title>T</title><subtitle>S</subtitle><abstract>&lt;p&gt;A&#x41;&amp;</abstract><description><![CDATA[D]]></description>\
         <start>10:00</start><track slug='a'>A</track><type>talk</type><language>en</language><room>R</room>\
         <persons><person id='1' href='https://example.org'>Ada</person></persons><links><link href='https://example.org/'>L</link></links>\
         <recording><license>CC</license><optout>false</optout></recording><url>https://example.org/t</url>",
    )
    .into_bytes()
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = try_import(&bytes);
        let _ = try_import(&[b"<schedule>", &bytes[..]].concat());
        let _ = try_import(&[b"<iCalendar><vcalendar><vevent>", &bytes[..]].concat());
    }

    #[test]
    fn no_change_to_a_valid_file_makes_it_panic_or_give_more_than_it_holds(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..12)
    ) {
        let mut bytes = rich();
        for (index, byte, what) in edits {
            let at = index.index(bytes.len());
            match what {
                _ if bytes.len() < 20 => break,
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at.max(20)),
            }
        }
        if let Ok(imported) = try_import(&bytes) {
            prop_assert!(imported.programme.sessions.len() <= 2);
            let mut again = imported.programme.clone();
            again.normalise();
            prop_assert_eq!(again, imported.programme);
        }
    }

    #[test]
    fn any_text_in_any_field_is_read_and_its_programme_can_be_written_and_read_back(
        value in "\\PC{0,30}", field in 0..12_usize
    ) {
        let escaped = value.replace('&', "&amp;").replace('<', "&lt;");
        let names = ["title", "subtitle", "abstract", "date", "start", "duration", "track", "type", "language", "url", "logo", "room"];
        let text = String::from_utf8(rich()).unwrap();
        let name = names[field];
        let imported = import(&text.replace("</event>", &format!("<{name}>{escaped}</{name}></event>")).replacen(&format!("<{name}>"), &format!("<{name}>{escaped}"), 1));
        prop_assert_eq!(imported.format, Format::ScheduleXml);
        let json = serde_json::to_string(&imported.programme).unwrap();
        prop_assert_eq!(serde_json::from_str::<model::programme::Programme>(&json).unwrap(), imported.programme);
    }
}
