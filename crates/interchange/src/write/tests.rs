//! What the writers promise, checked with the formats' own schemas and with readers that are not ours.

mod calendar;
mod golden;
mod round_trip;
mod valid;

use super::{Export, Filter, sample};
use model::{programme::Programme, release::ReleaseHead};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::path::PathBuf;

/// An export of `programme`.
pub(super) fn export<'a>(programme: &'a Programme, release: &'a ReleaseHead) -> Export<'a> {
    Export { programme, release, base_url: sample::BASE, generated: sample::at("2027-09-01T08:00:05Z") }
}

/// That many programmes, always the same ones.
pub(super) fn programmes(count: usize, named: bool) -> Vec<Programme> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[27; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = sample::any_programme(named);
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Every format by the name of its file.
pub(super) fn every_format(export: &Export<'_>) -> Vec<(&'static str, String)> {
    use super::pretalx::{List, Query, list};
    let query = Query { address: "https://conf.example.org/api/events/x/submissions/", ..Query::default() };
    vec![
        ("schedule.xml", super::schedule_xml(export)),
        ("schedule.json", super::schedule_json(export)),
        ("schedule.v2.json", super::schedule_json_v2(export)),
        ("schedule.ics", super::icalendar(export, Filter::All)),
        ("schedule.xcal", super::xcal(export)),
        ("schedule.csv", super::csv(export)),
        (
            "releases.atom",
            super::atom(export, &[(export.release.clone(), vec!["Moved: <A> & B".to_owned()])]),
        ),
        ("indico.json", super::indico_timetable(export, "17")),
        ("fosdem-bot.json", super::fosdem_bot(export)),
        ("pretalx-widget.json", super::pretalx::widget(export)),
        ("pretalx-event.json", super::pretalx::event(export)),
        ("pretalx-submissions.json", list(export, List::Submissions, &query).unwrap()),
        ("pretalx-speakers.json", list(export, List::Speakers, &query).unwrap()),
        ("pretalx-slots.json", list(export, List::Slots, &query).unwrap()),
        ("pretalx-rooms.json", list(export, List::Rooms, &query).unwrap()),
        ("pretalx-tracks.json", list(export, List::Tracks, &query).unwrap()),
        ("pretalx-schedules.json", list(export, List::Schedules, &query).unwrap()),
    ]
}

/// The folder of real data and schemas; `None`, with a line that says so, where it is not there.
pub(super) fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("PLENARY_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder.join("validators").is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no {}", folder.display());
    None
}
