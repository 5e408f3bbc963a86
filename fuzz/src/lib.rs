//! What every fuzz target holds an input to, beyond "it does not panic".

use interchange::{
    Imported, Input, Options,
    write::{self, Export, Filter},
};
use model::{
    programme::Programme,
    release::{Counts, ReleaseHead},
    text::Slug,
    time::Zone,
};

/// Reads `bytes` as a file called `name`, and checks what comes out.
///
/// - A programme is in its canonical form, and survives the record's own format.
/// - The notes name the file, and are bounded.
/// - Every format that is written takes it, and reads what it wrote.
/// - A refusal says what to do.
pub fn importer(name: &str, bytes: &[u8]) {
    let options =
        Options { edition: Slug::from_text("fuzz 2030"), zone: Zone::parse("Europe/Brussels").ok() };
    match interchange::read(&[Input { name, bytes }], &options) {
        Ok(imports) => imports.iter().for_each(check),
        Err(refusal) => {
            let text = refusal.to_string();
            assert!(text.contains(": ") && text.ends_with('.'), "a refusal without a remedy: {text}");
            assert!(text.len() < 2_000, "a refusal of {} bytes", text.len());
        }
    }
}

fn check(imported: &Imported) {
    let programme = &imported.programme;
    let mut again = programme.clone();
    again.normalise();
    assert_eq!(&again, programme, "a reader gave a programme that is not in its canonical form");

    let kept = serde_json::to_string(programme).expect("a programme can be written");
    let back: Programme = serde_json::from_str(&kept).expect("the record can be read back");
    assert_eq!(&back, programme, "the record's own format changed the programme");

    assert!(imported.notes.len() < 10_000, "{} notes", imported.notes.len());
    for note in &imported.notes {
        assert!(!note.file.is_empty() && !note.problem.is_empty() && !note.remedy.is_empty(), "{note:?}");
        assert!(note.to_string().len() < 2_000, "a note of {} bytes", note.to_string().len());
    }
    written(programme);
}

/// Writes every format, and reads back those that carry everything.
fn written(programme: &Programme) {
    let release = ReleaseHead {
        edition: programme.edition.id,
        number: 1,
        at: jiff::Timestamp::UNIX_EPOCH,
        note: String::new(),
        counts: Counts::default(),
    };
    let export = Export {
        programme,
        release: &release,
        base_url: "https://conf.example.org",
        generated: jiff::Timestamp::UNIX_EPOCH,
    };
    for (name, text) in [
        ("schedule.xml", write::schedule_xml(&export)),
        ("schedule.json", write::schedule_json(&export)),
        ("schedule.v2.json", write::schedule_json_v2(&export)),
    ] {
        let again = interchange::read(&[Input { name, bytes: text.as_bytes() }], &Options::default())
            .unwrap_or_else(|error| panic!("our own {name} is refused: {error}"));
        assert_eq!(
            &again[0].programme, programme,
            "our own {name} does not give back what it was written from"
        );
    }
    let calendar = write::icalendar(&export, Filter::All);
    assert!(
        calendar.split("\r\n").all(|line| line.len() <= 75),
        "a line of a calendar is longer than RFC 5545 allows"
    );
    write::xcal(&export);
    write::csv(&export);
    write::fosdem_bot(&export);
    write::indico_timetable(&export, "1");
    write::atom(&export, &[(release.clone(), vec![])]);
}
