//! The whole folder of schedules through the binary: each file is imported with the counts of an independent
//! program, or refused for a stated reason; a dry run and a second import write nothing.

use crate::{
    binary::run,
    support::{self, Plenary},
};
use model::feed::Sequence;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Sessions, persons, rooms, slots.
type Counts = [u64; 4];

/// Where Plenary reads something else than the independent program, and why that is right.
const DIFFERS: [(&str, Counts, &str); 2] = [
    (
        "pretalx/api-pretalx-submission.json",
        [1, 1, 1, 1],
        "a comment before the JSON stops only a strict parser",
    ),
    ("other/oscon-2014.osconfeed.json.xz", [484, 357, 49, 484], "two rooms differ by two spaces in a row"),
];

/// What is refused, and the words that say why.
const REFUSED: [(&str, &str); 6] = [
    ("indico/sample-categ-1.json", "Indico"),
    ("indico/sample-event-1.json", "Indico"),
    ("indico/sample-eventsearch-1.json", "Indico"),
    ("other/foss-north-2025.speakers.yaml", ""),
    ("other/lca-2015-videos.csv", ""),
    ("other/rubyevents-yaml.tar.xz", ""),
];

#[test]
fn every_schedule_imports_with_the_counts_of_an_independent_reading_or_is_refused_with_a_reason() {
    let Some(data) = support::data() else { return };
    let theirs = support::independently("count.py", &[&data]);
    let files = files(&data.join("schedules"));
    assert!(files.len() > 60, "{} files", files.len());
    let begun = std::time::Instant::now();
    let mut rows: Vec<Row> = std::thread::scope(|scope| {
        let halves: Vec<_> = (0..2).map(|half| (half, files.iter().skip(half).step_by(2))).collect();
        let threads: Vec<_> = halves
            .into_iter()
            .map(|(_, files)| {
                let (data, theirs) = (&data, &theirs);
                scope.spawn(move || {
                    let plenary = Plenary::new();
                    files.map(|file| row(&plenary, data, file, theirs)).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    rows.sort_by(|a, b| a.file.cmp(&b.file));
    println!("{:<48} {:<26} {:>20} {:>20} {:>7}", "file", "format", "ours s/p/r/s", "independent", "s");
    let mut wrong = vec![];
    for row in &rows {
        println!(
            "{:<48} {:<26} {:>20} {:>20} {:>7.2} {}",
            row.file,
            row.format,
            shown(row.ours),
            shown(row.theirs),
            row.seconds,
            row.remark
        );
        let differs = DIFFERS.iter().any(|(file, counts, _)| *file == row.file && row.ours == Some(*counts));
        if row.ours != row.theirs && !differs {
            wrong.push(format!("{}: {} instead of {}", row.file, shown(row.ours), shown(row.theirs)));
        }
        let refused = REFUSED.iter().find(|(file, _)| *file == row.file);
        if refused.is_some() != row.ours.is_none()
            || refused.is_some_and(|(_, word)| !row.remark.contains(word))
        {
            wrong.push(format!("{}: {}", row.file, row.remark));
        }
        wrong.extend(row.wrong.iter().map(|what| format!("{}: {what}", row.file)));
    }
    println!("{} files in {:.1} s", rows.len(), begun.elapsed().as_secs_f64());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What became of one file.
struct Row {
    file: String,
    format: String,
    ours: Option<Counts>,
    theirs: Option<Counts>,
    seconds: f64,
    remark: String,
    wrong: Vec<String>,
}

fn row(plenary: &Plenary, data: &Path, file: &Path, theirs: &Value) -> Row {
    let name = file.strip_prefix(data.join("schedules")).unwrap().to_str().unwrap().to_owned();
    let their = &theirs[format!("schedules/{name}")];
    let counts = |values: [&Value; 4]| values.map(|value| value.as_u64().unwrap());
    let theirs = their["refused"]
        .is_null()
        .then(|| counts([&their["sessions"], &their["persons"], &their["rooms"], &their["slots"]]));
    let edition = model::text::Slug::from_text(&name).unwrap().to_string();
    let import = |options: &[&str]| {
        let arguments =
            [&["import", file.to_str().unwrap(), "--json", "--edition", &edition], options].concat();
        run(plenary.folder.path(), &arguments)
    };
    let mut row = Row {
        file: name,
        format: String::new(),
        ours: None,
        theirs,
        seconds: 0.0,
        remark: String::new(),
        wrong: vec![],
    };

    let before = head(plenary);
    let dry = import(&["--dry-run"]);
    if head(plenary) != before {
        row.wrong.push("the dry run wrote something".to_owned());
    }
    let begun = std::time::Instant::now();
    let output = import(&[]);
    row.seconds = begun.elapsed().as_secs_f64();
    if dry.status.success() != output.status.success() {
        row.wrong.push("the dry run ended otherwise than the import".to_owned());
    }
    if !output.status.success() {
        "refused".clone_into(&mut row.format);
        String::from_utf8_lossy(&output.stderr).trim().clone_into(&mut row.remark);
        let bare = file.file_name().unwrap().to_str().unwrap();
        if !row.remark.contains(bare.split('.').next().unwrap()) || row.remark.matches(". ").count() < 1 {
            row.wrong.push(format!("the refusal lacks the file's name or the remedy: {}", row.remark));
        }
        if head(plenary) != before {
            row.wrong.push("a refused file was stored in part".to_owned());
        }
        return row;
    }
    let reports = |bytes: &[u8]| -> Vec<Value> { serde_json::from_slice(bytes).unwrap() };
    let report = &reports(&output.stdout)[0];
    report["format"].as_str().unwrap().clone_into(&mut row.format);
    let created = |kind: &str| report["tallies"][kind]["created"].as_u64().unwrap();
    row.ours = Some([created("sessions"), created("persons"), created("rooms"), created("slots")]);
    row.remark = format!("{} notes", report["notes"].as_array().unwrap().len());
    // What has no time yet is kept and not released.
    let first = if created("slots") > 0 { Value::from(1) } else { Value::Null };
    if report["release"]["number"] != first {
        row.wrong.push(format!("the first release is {}", report["release"]));
    }
    if reports(&dry.stdout)[0]["tallies"] != report["tallies"] {
        row.wrong.push("the dry run showed other tallies".to_owned());
    }

    let after = head(plenary);
    let again = &reports(&import(&[]).stdout)[0];
    let touched =
        |kind: &str| ["created", "changed", "removed"].iter().any(|deed| again["tallies"][kind][deed] != 0);
    if ["sessions", "slots", "persons", "rooms", "tracks"].into_iter().any(touched)
        || !again["release"].is_null()
        || head(plenary) != after
    {
        row.wrong.push(format!("a second import changed something: {}", again["tallies"]));
    }
    if again["kept"] != serde_json::json!([]) {
        row.wrong.push(format!("a second import kept something: {}", again["kept"]));
    }
    row
}

/// The end of the record's change feed.
fn head(plenary: &Plenary) -> Sequence {
    support::block_on(async {
        let store = support::open(plenary.folder.path()).await;
        let head = store.head().await.unwrap();
        store.close().await;
        head
    })
}

fn shown(counts: Option<Counts>) -> String {
    counts.map_or("refused".to_owned(), |counts| counts.map(|n| n.to_string()).join("/"))
}

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut out, mut folders) = (vec![], vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { out.push(path) }
        }
    }
    out.sort();
    out
}
