//! What each dialect of schedule XML says, and what the importer makes of it: small invented files.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as its test does")]

use interchange::{Format, Imported, Input, Options, read};
use jiff::Timestamp;
use model::{
    merge::Carries,
    programme::{LinkKind, Session, SessionKind, Standing},
    text::Slug,
    time::Zone,
};

fn import_with(name: &str, text: &str, options: &Options) -> Imported {
    read(&[Input { name, bytes: text.as_bytes() }], options)
        .unwrap_or_else(|error| panic!("{error}"))
        .remove(0)
}

fn import(text: &str) -> Imported {
    import_with("schedule.xml", text, &Options::default())
}

fn session<'a>(imported: &'a Imported, title: &str) -> &'a Session {
    let found = imported.programme.sessions.iter().find(|session| session.title.as_str() == title);
    found.unwrap_or_else(|| panic!("no {title:?} among {:?}", imported.programme.sessions))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noted(imported: &Imported, what: &str) -> bool {
    imported.notes.iter().any(|note| note.to_string().contains(what))
}

/// A schedule of one day and one room around `events`.
fn one_room(conference: &str, events: &str) -> String {
    format!(
        "<schedule><conference><title>Testival 2030</title><acronym>testival-2030</acronym>{conference}</conference>
        <day index='1' date='2030-05-04'><room name='Aula'>{events}</room></day></schedule>"
    )
}

const ZONE: &str = "<time_zone_name>Europe/Berlin</time_zone_name>";

#[test]
fn pentabarf_tells_persons_by_name_and_places_events_without_room_elements() {
    let imported = import(
        "<?xml version='1.0' encoding='UTF-8'?><schedule><conference><title>Penta 2008</title><city>Brussels</city>
        <start>2008-02-23</start><end>2008-02-24</end><day_change>09:00:00</day_change>
        <timeslot_duration>00:05:00</timeslot_duration></conference>
        <day index='1' date='2008-02-23'>
          <event id='0'><start>10:00</start><duration>00:45</duration><room>Janson</room><title>First</title>
            <abstract>&lt;p&gt;Short&lt;/p&gt;</abstract><type></type><language></language>
            <persons><person id='1'>Ada Example</person></persons>
            <links><link href='files/1.pdf'>Slides</link><link href='http://example.org/v.ogv'>Video</link></links></event>
          <event id='7'><start>01:00</start><duration>00:30</duration><room>Chavanne</room><title>Night</title>
            <persons><person id='71'>Ada Example</person></persons></event>
        </day></schedule>",
    );
    assert_eq!(imported.format, Format::PentabarfXml);
    let programme = &imported.programme;
    assert_eq!((programme.persons.len(), programme.rooms.len()), (1, 2));
    assert_eq!(programme.persons[0].number, None);
    assert_eq!(programme.edition.slug.as_str(), "penta-2008");
    assert_eq!(programme.edition.series.as_str(), "Penta");
    assert_eq!(programme.edition.timeslot_minutes, 5);
    let first = session(&imported, "First");
    assert_eq!(first.summary.as_str(), "<p>Short</p>");
    assert_eq!(first.slots[0].start, at("2008-02-23T10:00:00Z"));
    assert_eq!(first.links.len(), 1, "the relative address has no base");
    assert_eq!(first.links[0].kind, LinkKind::Video);
    assert!(noted(&imported, "\"files/1.pdf\"") && noted(&imported, "--zone"));
    // One in the morning is before the day change, so it is the night after.
    assert_eq!(session(&imported, "Night").slots[0].start, at("2008-02-24T01:00:00Z"));
    assert_eq!(programme.edition.day_change, 540);
}

#[test]
fn fosdem_times_without_zone_are_read_in_the_zone_that_the_importer_names() {
    let text = one_room(
        "<venue>ULB</venue><city>Brussels</city><day_change>09:00:00</day_change>",
        "<event id='10'><start>10:30</start><duration>00:50</duration><room>Aula</room><title>Keynote</title>
         <type>keynote</type><track>Main</track>
         <attachments><attachment type='slides' href='https://example.org/s.pdf'></attachment></attachments>
         <links><link href='https://matrix.to/#/#aula:example.org'>Chat room(web)</link></links></event>",
    );
    let options = Options { zone: Some(Zone::parse("Europe/Brussels").unwrap()), ..Options::default() };
    let imported = import_with("fosdem.xml", &text, &options);
    let keynote = session(&imported, "Keynote");
    assert_eq!(keynote.slots[0].start, at("2030-05-04T08:30:00Z"));
    assert_eq!(keynote.slots[0].minutes(), 50);
    assert_eq!(keynote.slots[0].number, 10);
    assert_eq!(keynote.code.as_str(), "10");
    assert_eq!(keynote.kind, SessionKind::Keynote);
    assert_eq!(keynote.links[0].kind, LinkKind::Chat);
    assert_eq!(keynote.links[1].kind, LinkKind::Slides);
    assert_eq!(keynote.links[1].title.as_str(), "https://example.org/s.pdf");
    assert_eq!(imported.programme.edition.venue.as_str(), "ULB");
    assert_eq!(imported.programme.tracks[0].name.as_str(), "Main");
    assert!(imported.notes.is_empty(), "{:?}", imported.notes);
}

#[test]
fn tracks_come_from_the_list_with_slug_and_colour_and_events_find_them_by_name() {
    let text = "<schedule><version>latest</version>
        <conference><title>T</title><acronym>t-1</acronym><time_zone_name>UTC</time_zone_name>
          <track name='Art' slug='art' color='#ff0000'/></conference>
        <tracks><track online_qa='true' slug='ada'>Ada &amp; Spark</track></tracks>
        <day date='2030-05-04'><room name='A' slug='a'>
          <event id='1'><date>2030-05-04T10:00:00Z</date><duration>0:30</duration><title>One</title><track slug='ada'>Ada &amp; Spark</track></event>
          <event id='2'><date>2030-05-04T11:00:00Z</date><duration>0:30</duration><title>Two</title><track>Art</track></event>
          <event id='3'><date>2030-05-04T12:00:00Z</date><duration>0:30</duration><title>Three</title><track>No Track</track></event>
        </room><room name='Empty'/></day></schedule>";
    let imported = import(text);
    let programme = &imported.programme;
    assert_eq!(programme.tracks.len(), 2);
    assert_eq!(programme.tracks[0].colour.unwrap().to_string(), "#ff0000");
    assert_eq!(session(&imported, "One").track, Some(programme.tracks[1].id));
    assert_eq!(session(&imported, "Two").track, Some(programme.tracks[0].id));
    assert_eq!(session(&imported, "Three").track, None);
    assert_eq!(programme.rooms.len(), 2, "a room in which nothing takes place is a room");
    assert_eq!(imported.version, "latest");
}

#[test]
fn frab_dates_with_offset_are_believed_and_the_night_belongs_to_the_day_before() {
    let imported = import(
        "<schedule><version>1.0</version><conference><acronym>frab-30</acronym><title>30. Frab Congress</title>
         <start>2030-12-27</start><end>2030-12-31</end><timeslot_duration>00:15</timeslot_duration>
         <base_url>https://example.org/Fahrplan/</base_url></conference>
        <day index='1' date='2030-12-27' start='2030-12-27T11:00:00+01:00' end='2030-12-28T04:00:00+01:00'><room name='Saal 1'>
          <event guid='HOqeNIb6G7M4hYFKFRkCmQ' id='6561'><date>2030-12-28T00:15:00+01:00</date><start>00:15</start>
            <duration>01:00</duration><room>Saal 1</room><title>Late</title><language>De</language>
            <logo>/system/events/logos/1/large/x.png?1</logo>
            <recording><license>CC BY 4.0</license><optout>true</optout></recording>
            <attachments><attachment href='/system/a.pdf'>Paper</attachment></attachments>
            <persons><person id='5'>Ada</person><person id='6'>Ben</person></persons></event></room></day>
        </schedule>",
    );
    let programme = &imported.programme;
    assert_eq!(programme.edition.series.as_str(), "Frab Congress");
    assert_eq!(programme.edition.zone.name(), "Etc/GMT-1");
    assert_eq!(programme.edition.day_change, 240);
    assert_eq!(
        (programme.edition.first_day, programme.edition.last_day),
        (date("2030-12-27"), date("2030-12-27"))
    );
    let late = session(&imported, "Late");
    assert_eq!(programme.edition.day_of(late.slots[0].start), date("2030-12-27"));
    assert_eq!(late.language.as_str(), "de");
    assert_eq!(
        late.logo.as_ref().unwrap().as_str(),
        "https://example.org/system/events/logos/1/large/x.png?1"
    );
    assert!(late.recording.opt_out);
    assert_eq!(late.recording.licence.as_str(), "CC BY 4.0");
    assert_eq!(late.links[0].kind, LinkKind::Attachment);
    assert_eq!(late.people.len(), 2);
    assert!(imported.carries.has(Carries::RECORDING) && !imported.carries.has(Carries::STANDING));
}

fn date(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

#[test]
fn merged_schedules_keep_people_apart_whose_numbers_collide() {
    let imported = import(&one_room(
        ZONE,
        "<event id='1' guid='a'><date>2030-05-04T10:00:00+02:00</date><duration>1:00</duration><title>One</title><persons>
           <person id='5'>Ada</person><person id='0' href='https://example.org/wiki/Ben'>Ben</person>
           <person id='7'><code>ABC123</code><public_name>Cleo</public_name><biography>Bio</biography></person></persons>
           <links><link>https://example.org/page</link></links></event>
         <event id='2' guid='b'><date>2030-05-04T11:00:00+02:00</date><duration>1:00</duration><title>Two</title><persons>
           <person id='5'>Dora</person><person id='0'>Ben</person><person id='5'>Ada</person></persons></event>",
    ));
    let names: Vec<_> = imported.programme.persons.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Ben", "Cleo", "Dora"]);
    let cleo = &imported.programme.persons[2];
    assert_eq!(cleo.code.as_ref().unwrap().as_str(), "ABC123");
    assert_eq!(cleo.biography.as_str(), "Bio");
    assert_eq!(imported.programme.persons[1].links[0].url.as_str(), "https://example.org/wiki/Ben");
    assert_eq!(session(&imported, "One").links[0].url.as_str(), "https://example.org/page");
}

#[test]
fn events_that_share_a_guid_or_an_address_and_title_are_one_session_in_several_slots() {
    let event = |id: u32, guid: &str, hour: u32, room: &str, title: &str, url: &str| {
        format!(
            "<event id='{id}' guid='{guid}'><date>2030-05-04T{hour}:00:00+02:00</date><duration>1:00</duration>
             <room>{room}</room><title>{title}</title><url>{url}</url></event>"
        )
    };
    let events = [
        event(1, "11111111-1111-4111-8111-111111111111", 10, "Aula", "Same guid", ""),
        event(1, "11111111-1111-4111-8111-111111111111", 10, "Hall", "Same guid", ""),
        event(2, "22222222-2222-4222-8222-222222222222", 11, "Aula", "Same page", "https://example.org/p"),
        event(3, "33333333-3333-4333-8333-333333333333", 12, "Aula", "Same page", "https://example.org/p"),
        event(4, "44444444-4444-4444-8444-444444444444", 13, "Aula", "Welcome", ""),
        event(5, "55555555-5555-4555-8555-555555555555", 14, "Aula", "Welcome", ""),
    ]
    .join("");
    let imported = import(&one_room(ZONE, &events));
    assert_eq!(imported.programme.sessions.len(), 4);
    assert_eq!(imported.programme.slots().count(), 6);
    let page = session(&imported, "Same page");
    assert_eq!(
        page.slots.iter().map(|slot| slot.id.to_string()).collect::<Vec<_>>(),
        ["22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"]
    );
    assert_eq!(page.code.as_str(), "2");
    let twice = session(&imported, "Same guid");
    assert_eq!(twice.slots.len(), 2);
    assert!(twice.slots.iter().any(|slot| slot.id.to_string() == "11111111-1111-4111-8111-111111111111"));
    // In another order, the same things have the same names.
    let mut lines: Vec<&str> = events.split_inclusive("</event>").collect();
    lines.reverse();
    assert_eq!(import(&one_room(ZONE, &lines.concat())).programme.sessions, imported.programme.sessions);
}

#[test]
fn a_cancelled_title_becomes_a_standing_and_a_word_in_a_title_stays() {
    let event = |id: u32, title: &str| {
        format!(
            "<event id='{id}'><date>2030-05-04T1{id}:00:00+02:00</date><duration>1:00</duration><title>{title}</title></event>"
        )
    };
    let titles = [
        "CANCELLED Kernel",
        "CANCELED: Rust",
        "[Cancelled] C",
        "Cancelled orders: a history",
        "CANCELLED - Ada",
    ];
    let events: String = (0..).zip(titles).map(|(id, title)| event(id, title)).collect();
    let imported = import(&one_room(ZONE, &events));
    for (title, standing) in [
        ("Kernel", Standing::Cancelled),
        ("Rust", Standing::Cancelled),
        ("C", Standing::Cancelled),
        ("Cancelled orders: a history", Standing::Planned),
        ("Ada", Standing::Cancelled),
    ] {
        assert_eq!(session(&imported, title).slots[0].standing, standing, "{title}");
    }
}

#[test]
fn the_hub_names_persons_and_rooms_by_guid_and_its_days_need_not_share_an_offset() {
    let imported = import(
        "<schedule xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='x.xsd'>
        <generator name='hub'/><version>2</version>
        <conference><acronym>hub-30</acronym><title>Hub 30</title><start>2030-12-27T09:30:00+00:00</start>
          <end>2030-12-28T17:45:00+00:00</end><time_zone_name>Europe/Berlin</time_zone_name><url>https://example.org/hub/</url></conference>
        <day index='1' date='2030-12-27' start='2030-12-27T09:30:00+00:00' end='2030-12-28T06:00:00+01:00'>
          <room name='One' guid='ba692ba3-421b-5371-8309-60acc34a3c05'>
          <event guid='0c16ffaa-709d-599f-959f-9a38b911361a' id='5'><date>2030-12-28T05:00:00+01:00</date><duration>00:55</duration>
          <title>Night</title><language>de, en</language><type>Other, things</type>
          <feedback_url>https://example.org/f</feedback_url>
          <persons><person guid='0c16ffaa-709d-599f-959f-9a38b911361b'>Ada</person></persons></event></room></day></schedule>",
    );
    let programme = &imported.programme;
    assert_eq!(programme.rooms[0].id.to_string(), "ba692ba3-421b-5371-8309-60acc34a3c05");
    assert_eq!(programme.persons[0].id.to_string(), "0c16ffaa-709d-599f-959f-9a38b911361b");
    let night = session(&imported, "Night");
    assert_eq!(night.id.to_string(), "0c16ffaa-709d-599f-959f-9a38b911361a");
    assert_eq!(night.language.as_str(), "de");
    assert_eq!(night.feedback_url.as_ref().unwrap().as_str(), "https://example.org/f");
    assert_eq!(programme.edition.day_of(night.slots[0].start), date("2030-12-27"));
}

#[test]
fn pretalx_codes_name_the_session_and_guids_its_slots() {
    let imported = import(&one_room(
        ZONE,
        "<event guid='11111111-1111-4111-8111-111111111111' id='1' code='AB3DEF'><date>2030-05-04T10:00:00+02:00</date>
           <duration>00:30</duration><title>Talk</title><persons><person id='3' code='XYZ987'>Ada</person></persons></event>
         <event guid='22222222-2222-4222-8222-222222222222' id='2' code='AB3DEF'><date>2030-05-04T12:00:00+02:00</date>
           <duration>00:30</duration><title>Talk</title></event>",
    ));
    assert_eq!(imported.programme.sessions.len(), 1);
    let talk = session(&imported, "Talk");
    assert_eq!(talk.code.as_str(), "AB3DEF");
    assert_eq!(talk.slots.len(), 2);
    assert_eq!(imported.programme.persons[0].code.as_ref().unwrap().as_str(), "XYZ987");
}

#[test]
fn wafer_pages_are_found_and_its_stand_in_for_no_track_is_no_track() {
    let imported = import(
        "<schedule><generator name='wafer' version='0.15'/><version></version><conference><title>WaferConf</title>
         <start>2030-07-14</start><end>2030-07-15</end><base_url>https://example.org</base_url>
         <time_zone_name>Africa/Johannesburg</time_zone_name><acronym>wc30</acronym></conference>
        <day date='2030-07-14' start='2030-07-14T09:00:00+02:00' end='2030-07-14T18:00:00+02:00' index='1'><room name='Main'>
          <event id='3' guid='0c16ffaa-709d-599f-959f-9a38b911361a'><date>2030-07-14T10:00:00+02:00</date><start>10:00</start>
          <duration>00:45</duration><room>Main</room><track>No Track</track><title>Hi</title><description>**Text**</description>
          <conf_url>/talks/3/</conf_url><recording><optout>false</optout><license>MIT</license></recording></event>
        </room></day></schedule>",
    );
    let hi = session(&imported, "Hi");
    assert_eq!(hi.url.as_ref().unwrap().as_str(), "https://example.org/talks/3/");
    assert_eq!(hi.track, None);
    assert_eq!(hi.recording.licence.as_str(), "MIT");
    assert_eq!(imported.programme.edition.slug.as_str(), "wc30");
}

#[test]
fn emf_files_are_dated_by_their_days_and_not_by_what_the_conference_claims() {
    let imported = import(
        "<schedule><conference><title>Field 2020</title><acronym>field2020</acronym><start>2020-07-24</start><end>2020-07-26</end></conference>
        <day date='2018-08-31' end='2018-09-01T04:00:00+01:00' index='1'><room name='Stage A'>
        <event id='1' guid='0c16ffaa-709d-599f-959f-9a38b911361a'><date>2018-09-01T00:15:00+01:00</date><duration>0:30</duration><title>Owls</title></event>
        </room></day></schedule>",
    );
    assert_eq!(imported.programme.edition.first_day, date("2018-08-31"));
    assert_eq!(imported.programme.edition.last_day, date("2018-08-31"));
    assert_eq!(imported.programme.edition.day_change, 240);
}

#[test]
fn europython_entries_recur_under_one_id_and_a_break_for_all_has_no_room() {
    let entry = "<entry id='1'><category></category><start>0930</start><duration>30</duration><room>A, B</room><title>Breakfast</title></entry>";
    let imported = import_with(
        "europython-2014.xml",
        &format!(
            "<schedule created='2030-05-07T20:36:43'><day date='2030-07-21'>{entry}
            <entry id='2'><category>Talk</category><topics><topic>Web</topic></topics><start>1430</start><duration>45</duration>
            <room id='room0'>C01</room><title>Talk</title><abstract>A</abstract><description>D</description>
            <speakers><speaker id='9'><name>Ada</name><profile>https://example.org/ada</profile><description>Bio</description>
            <image>https://example.orghttps://media.example.org/a.jpeg</image></speaker>
            <speaker id='10'><name></name></speaker></speakers></entry></day>
            <day date='2030-07-22'>{entry}</day></schedule>"
        ),
        &Options { zone: Some(Zone::parse("Europe/Berlin").unwrap()), edition: Slug::from_text("EuroPython 2014") },
    );
    assert_eq!(imported.format, Format::EuropythonXml);
    let breakfast = session(&imported, "Breakfast");
    assert_eq!(breakfast.slots.len(), 2);
    assert_eq!(breakfast.slots[0].room, None);
    assert_eq!(breakfast.slots[1].start, at("2030-07-22T07:30:00Z"));
    let talk = session(&imported, "Talk");
    assert_eq!(talk.slots[0].minutes(), 45);
    assert_eq!(imported.programme.persons.len(), 1);
    let ada = &imported.programme.persons[0];
    assert_eq!(ada.avatar.as_ref().unwrap().as_str(), "https://media.example.org/a.jpeg");
    assert_eq!(ada.biography.as_str(), "Bio");
    assert!(noted(&imported, "several rooms") && noted(&imported, "has no name"));
    assert_eq!(imported.programme.edition.slug.as_str(), "europython-2014");
}

#[test]
fn xcal_is_read_as_pentabarf_wrote_it_and_as_rfc_6321_has_it() {
    let old = import_with(
        "schedule.xcal",
        "<iCalendar xmlns:pentabarf='http://pentabarf.org'><vcalendar><version>2.0</version><x-wr-calname>x30 Schedule</x-wr-calname>
        <vevent><uid>78@x30@pentabarf.org</uid><pentabarf:event-id>78</pentabarf:event-id><pentabarf:title>Short</pentabarf:title>
        <pentabarf:subtitle>And more</pentabarf:subtitle><pentabarf:language-code>de</pentabarf:language-code>
        <dtstart>20301229T211500</dtstart><duration>003000</duration><summary>Short- And more</summary><status>CONFIRMED</status>
        <category>Lecture</category><url>//example.org/78.html</url><location>Saal 2</location><attendee>Ada</attendee><attendee>Ben</attendee></vevent>
        </vcalendar></iCalendar>",
        &Options { zone: Some(Zone::parse("Europe/Berlin").unwrap()), ..Options::default() },
    );
    assert_eq!(old.format, Format::Xcal);
    let short = session(&old, "Short");
    assert_eq!(short.subtitle.as_str(), "And more");
    assert_eq!(short.slots[0].number, 78);
    assert_eq!(short.slots[0].start, at("2030-12-29T20:15:00Z"));
    assert_eq!(short.slots[0].minutes(), 30);
    assert_eq!(short.url.as_ref().unwrap().as_str(), "https://example.org/78.html");
    assert_eq!((short.people.len(), old.programme.rooms.len()), (2, 1));
    assert_eq!(old.programme.edition.slug.as_str(), "x30");
    assert!(old.carries.has(Carries::SUBTITLE));

    let new = import_with(
        "rfc.xcal",
        "<icalendar xmlns='urn:ietf:params:xml:ns:icalendar-2.0'><vcalendar><properties><x-wr-calname><text>y30</text></x-wr-calname></properties>
        <components><vevent><properties><uid><text>u1</text></uid>
        <dtstart><parameters><tzid><text>Europe/Brussels</text></tzid></parameters><date-time>2030-06-01T10:00:00</date-time></dtstart>
        <duration><duration>PT45M</duration></duration><summary><text>Title</text></summary><status><text>CANCELLED</text></status>
        <attendee><parameters><cn><text>Ada</text></cn></parameters><cal-address>mailto:ada@example.org</cal-address></attendee>
        </properties></vevent></components></vcalendar></icalendar>",
        &Options::default(),
    );
    let title = session(&new, "Title");
    assert_eq!(title.slots[0].start, at("2030-06-01T08:00:00Z"));
    assert_eq!(title.slots[0].minutes(), 45);
    assert_eq!(title.slots[0].standing, Standing::Cancelled);
    assert_eq!(new.programme.persons[0].name.as_str(), "Ada");
    assert!(!serde_json::to_string(&new.programme).unwrap().contains("ada@example.org"));
}

#[test]
fn one_file_read_twice_gives_one_programme_and_the_importer_may_name_the_edition() {
    let text = one_room(
        ZONE,
        "<event id='1'><date>2030-05-04T10:00:00+02:00</date><duration>1:00</duration><title>T</title></event>",
    );
    assert_eq!(import(&text).programme, import(&text).programme);
    let options = Options { edition: Some(Slug::parse("other-30").unwrap()), zone: Some(Zone::utc()) };
    let imported = import_with("a.xml", &text, &options);
    assert_eq!(imported.programme.edition.slug.as_str(), "other-30");
    assert_eq!(imported.programme.edition.zone, Zone::utc());
    assert_eq!(imported.programme.sessions[0].slots[0].start, at("2030-05-04T08:00:00Z"));
}
